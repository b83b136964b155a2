/* Floor 4. Where weights that were computed come from. Folding goes node by node; what each step made is remembered, so
 * that the last one names the weights of the file and all operators between. */
#include "rewrite/origin.h"

enum { MAX_TEXT = 1000 };

ox_status ox__tensor_with_doc(ox_model *m, ox_tensor *t, const char *doc, ox_error *err)
{
    ox_tensor_info info = ox_tensor_get(m, *t);
    info.doc = ox_str_addz(m, doc);
    return ox_tensor_add(m, t, &info, err);
}

/* Adds the items of a list "a, b" that are not there yet; of a long list the rest is dots. */
static void add_new(ox__buf *b, const char *list)
{
    for (const char *end; *list; list = *end ? end + 2 : end) {
        end = strstr(list, ", ");
        if (!end) end = list + strlen(list);
        size_t n = (size_t)(end - list);
        bool there = b->n >= MAX_TEXT;
        for (const char *p = b->n && !there ? b->p : ""; !there && *p;) {
            const char *stop = strstr(p, ", ");
            size_t k = stop ? (size_t)(stop - p) : strlen(p);
            there = k == n && memcmp(p, list, n) == 0;
            p = stop ? stop + 2 : p + k;
        }
        if (there) continue;
        ox__buf_addf(b, "%s%.*s", b->n ? ", " : "", (int)n, list);
        if (b->n >= MAX_TEXT) ox__buf_addz(b, ", ...");
    }
}

static const ox__origin *known(const ox__origins *o, ox_value v)
{
    return v.id < o->rows.n && o->rows.p[v.id].from.id ? &o->rows.p[v.id] : NULL;
}

ox_status ox__origin_of(ox__origins *o, ox_model *m, ox_node n, ox__origin *out, ox_error *err)
{
    ox__buf from = {0}, by = {0};
    for (size_t i = 0; i < ox_node_n_inputs(m, n); i++) {
        ox_value v = ox_node_input(m, n, i);
        if (!v.id || !ox_value_is_initializer(m, v)) continue;
        const ox__origin *k = known(o, v);
        add_new(&from, ox_str_text(m, k ? k->from : ox_value_name(m, v), NULL));
        if (k) add_new(&by, ox_str_text(m, k->by, NULL));
    }
    add_new(&by, ox_str_text(m, ox_node_op(m, n), NULL));
    bool failed = from.failed || by.failed;
    *out = (ox__origin){{0}, {0}};
    if (!failed && from.n) *out = (ox__origin){ox_str_add(m, from.p, from.n), ox_str_add(m, by.p, by.n)};
    ox__buf_free(&from);
    ox__buf_free(&by);
    return failed ? ox__nomem(err) : ox_model_status(m, err);
}

ox_status ox__origin_doc(ox_model *m, const ox__origin *o, ox_tensor *t, ox_error *err)
{
    ox__buf b = {0};
    ox__buf_addf(&b, "made of %s by %s", ox_str_text(m, o->from, NULL), ox_str_text(m, o->by, NULL));
    ox_status s = b.failed ? ox__nomem(err) : ox__tensor_with_doc(m, t, b.p, err);
    ox__buf_free(&b);
    return s;
}

ox_status ox__origin_keep(ox__origins *o, ox_value made, const ox__origin *of, ox_error *err)
{
    size_t had = o->rows.n;
    if (!ox__vec_reserve(&o->rows, (size_t)made.id + 1)) return ox__nomem(err);
    if (made.id >= had) {
        memset(o->rows.p + had, 0, (made.id + 1 - had) * sizeof *o->rows.p);
        o->rows.n = (size_t)made.id + 1;
    }
    o->rows.p[made.id] = *of;
    return OX_OK;
}
