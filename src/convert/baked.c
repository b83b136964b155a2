/* Floor 5. The list of constants that are sizes: the sites in the order of their nodes, each with the form that it is.
 */
#include "convert/baked.h"

const char *ox_baked_state_name(ox_baked_state s)
{
    static const char *const names[OX_N_BAKED_STATES] = {
        [OX_BAKED_PROVED] = "proved", [OX_BAKED_UNSURE] = "unsure",     [OX_BAKED_VARIES] = "varies",
        [OX_BAKED_LIKELY] = "likely", [OX_BAKED_POSSIBLE] = "possible",
    };
    return (unsigned)s < OX_N_BAKED_STATES ? names[s] : "";
}

void ox_baked_free(ox_baked *b)
{
    if (!b) return;
    ox__vec_free(&b->rows);
    ox__arena_free(&b->mem);
    ox__free(b);
}

size_t ox_baked_n(const ox_baked *b)
{
    return b->rows.n;
}

const ox_baked_row *ox_baked_at(const ox_baked *b, size_t i)
{
    return i < b->rows.n ? &b->rows.p[i] : NULL;
}

size_t ox_baked_n_seen(const ox_baked *b)
{
    return b->n_seen;
}

/* ---- in the order of nodes ---- */
typedef struct walker {
    ox__fit *f;
    ox__baked_fn fn;
    void *ud;
    ox_error *err;
} walker;

static ox_status see(walker *w, ox_node n)
{
    const ox__aligned *a = w->f->a;
    ox_status s = OX_OK;
    for (uint32_t i = a->first[n.id]; i && s == OX_OK; i = a->sites.p[i - 1].next) {
        ox__answer x;
        ox__fit_site(w->f, &a->sites.p[i - 1], &x);
        s = w->fn(w->ud, w->f, &a->sites.p[i - 1], &x, w->err);
    }
    return s;
}

/* What is inside a block is not seen from behind it, so only the main graph's values are met. */
static ox_status walk(walker *w, ox_graph g, bool is_main)
{
    const ox_model *m = w->f->a->at[0].m;
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(m, g); n.id && s == OX_OK; n = ox_node_next(m, n)) {
        s = see(w, n);
        for (size_t b = 0; b < ox_node_n_blocks(m, n) && s == OX_OK; b++) s = walk(w, ox_node_block(m, n, b), false);
        for (size_t i = 0; is_main && s == OX_OK && i < ox_node_n_outputs(m, n); i++)
            if (!ox__fit_meet(w->f, ox_node_output(m, n, i))) s = ox__nomem(w->err);
    }
    return s;
}

ox_status ox__baked_each(ox__fit *f, ox__baked_fn fn, void *ud, ox_error *err)
{
    walker w = {f, fn, ud, err};
    ox_status s = walk(&w, ox_model_main(f->a->at[0].m), true);
    return s == OX_OK ? see(&w, (ox_node){0}) : s; /* weights that are returned */
}

/* ---- rows ---- */
static const char *keep(ox_baked *b, ox__buf *text)
{
    char *p = text->failed ? NULL : ox__arena_alloc(&b->mem, text->n + 1);
    if (p) {
        if (text->n) memcpy(p, text->p, text->n);
        p[text->n] = '\0';
    }
    ox__buf_free(text);
    return p;
}

static const char *values(ox_baked *b, const ox__site *s, size_t n)
{
    ox__buf t = {0};
    if (!s->is_number) ox__buf_addz(&t, s->text);
    for (size_t k = 0; s->is_number && k < n; k++) ox__buf_addf(&t, k ? ", %lld" : "%lld", (long long)s->v[k]);
    return keep(b, &t);
}

ox_status ox__baked_tell(ox_baked *b, const ox_model *m, size_t row, const ox__form *form, const ox__form *other,
                         ox_error *err)
{
    ox__buf t = {0};
    if (form->n) ox__form_text(m, form, &t);
    if (form->n && other->n) {
        ox__buf_addz(&t, " or ");
        ox__form_text(m, other, &t);
    }
    b->rows.p[row].form = keep(b, &t);
    return b->rows.p[row].form ? OX_OK : ox__nomem(err);
}

ox_status ox__baked_add(ox_baked *b, const ox__fit *f, const ox__site *s, const ox__answer *a, ox_error *err)
{
    ox_baked_row r = {.state = a->state, .node = s->node, .input = s->input, .item = s->item, .why = a->why};
    ox__form none = {0};
    r.is_result = s->is_result;
    r.attr = s->attr;
    r.values = values(b, s, f->a->n);
    if (!r.values || !ox__vec_push(&b->rows, r)) return ox__nomem(err);
    const ox__form *other = a->state == OX_BAKED_UNSURE ? &a->other : &none;
    return ox__baked_tell(b, f->a->at[0].m, b->rows.n - 1, &a->form, other, err);
}

/* Dims of inputs that change with the one that the form names: it may be any of them. */
static ox_status add_twins(ox_baked *b, const ox__fit *f, const ox__answer *a, ox_error *err)
{
    ox_baked_row *r = &b->rows.p[b->rows.n - 1];
    const ox_model *m = f->a->at[0].m;
    ox__buf t = {0};
    if (f->alone || a->state != OX_BAKED_PROVED || a->classes == UINT64_MAX) return OX_OK;
    for (size_t i = 0; i < f->roots.n; i++) {
        const ox__root *x = &f->roots.p[i];
        bool first = true;
        for (size_t j = 0; j < i; j++) first = first && f->roots.p[j].cls != x->cls;
        if (first || !(a->classes >> x->cls & 1)) continue;
        ox__form form = {.n = 1, .at[0] = x->at, .mul = 1, .div = 1};
        ox__buf_addz(&t, t.n ? ", " : "; equal in each: ");
        ox__form_text(m, &form, &t);
    }
    if (!t.n) return OX_OK;
    ox__buf all = {0};
    ox__buf_addf(&all, "%s%s", r->why, t.p);
    all.failed = all.failed || t.failed;
    ox__buf_free(&t);
    r->why = keep(b, &all);
    return r->why ? OX_OK : ox__nomem(err);
}

static ox_status list(void *ud, ox__fit *f, const ox__site *s, const ox__answer *a, ox_error *err)
{
    ox_status st = a->found ? ox__baked_add(ud, f, s, a, err) : OX_OK;
    return st == OX_OK && a->found ? add_twins(ud, f, a, err) : st;
}

ox_status ox_baked_find(ox_baked **out, const ox_model *m, const ox_baked_options *opt, ox_error *err)
{
    ox__aligned a;
    ox__fit f = {0};
    ox_baked *b = ox__calloc(1, sizeof *b);
    ox_baked_options none = {0};
    *out = NULL;
    ox_status s = ox__align(&a, m, opt ? opt : &none, err);
    if (s == OX_OK && !b) s = ox__nomem(err);
    if (s == OX_OK) s = ox__fit_open(&f, &a, err);
    if (s == OX_OK) {
        b->n_seen = a.n_seen;
        s = ox__baked_each(&f, list, b, err);
    }
    ox__fit_free(&f);
    ox__aligned_free(&a);
    if (s == OX_OK)
        *out = b;
    else
        ox_baked_free(b);
    return s;
}
