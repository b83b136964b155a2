/* Floor 5. Names by scope, as torch 1.13 gives them: a node is /features/features.0/Conv, its values
 * /features/features.0/Conv_output_0. Each part is the module's path from its last word that is no number; a module
 * that is called again, and an operator that stands there again, get _1, _2, ... */
#include "convert/pass.h"

#include <ctype.h>

typedef struct level {
    ox_scope scope;
    const char *path; /* "/features/features.0" */
} level;

typedef struct namer {
    ox__conv *c;
    uint64_t *changed;
    OX__VEC(uint32_t) next; /* by string: the number that the next one of this name gets, 0 = nothing has it */
    OX__VEC(level) chain;   /* of the node before */
    ox__buf buf, dotted, numbered;
} namer;

/* ---- names that are taken ---- */
static bool is_taken(const namer *w, ox_str name)
{
    return name.id < w->next.n && w->next.p[name.id];
}

static bool take(namer *w, ox_str name)
{
    if (name.id >= w->next.n) {
        if (!ox__vec_reserve(&w->next, (size_t)name.id + 1)) return false;
        memset(w->next.p + w->next.n, 0, (w->next.cap - w->next.n) * sizeof *w->next.p);
        w->next.n = w->next.cap;
    }
    w->next.p[name.id] = 1;
    return true;
}

/* base, else base_1, base_2, ...: the first that nothing has. {0} when out of memory. */
static ox_str fresh(namer *w, const char *base)
{
    ox_str first = ox__conv_str(w->c, base), s = first;
    while (s.id && is_taken(w, s)) {
        ox__buf_clear(&w->numbered);
        ox__buf_addf(&w->numbered, "%s_%u", base, w->next.p[first.id]++);
        s = w->numbered.failed ? (ox_str){0} : ox__conv_str(w->c, w->numbered.p);
    }
    return s.id && take(w, s) ? s : (ox_str){0};
}

static const char *text_of(const namer *w, ox_str s)
{
    return s.id ? ox_str_text(w->c->m, s, NULL) : NULL;
}

/* ---- scopes ---- */
static bool is_number(const char *s, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!isdigit((unsigned char)s[i])) return false;
    return n > 0;
}

/* The path of a scope from its last word that is no number: "features.0" of features.0, "q" of blocks.0.attn.q. */
static const char *short_path(namer *w, ox_scope s)
{
    ox__buf_clear(&w->dotted);
    size_t len = ox_scope_path(w->c->m, s, NULL, 0);
    if (!ox__buf_reserve(&w->dotted, len + 1)) return NULL;
    ox_scope_path(w->c->m, s, w->dotted.p, len + 1);
    const char *p = w->dotted.p, *end = p + len, *from = end;
    while (from > p) {
        const char *word = from;
        while (word > p && word[-1] != '.') word--;
        bool number = is_number(word, (size_t)(from - word));
        from = word > p ? word - 1 : p;
        if (!number || word == p) return word;
    }
    return p;
}

/* Enters the scope of a node: what it shares with the node before is the same call of the same modules. */
static ox_status enter(namer *w, ox_scope s, const char **path)
{
    const ox_model *m = w->c->m;
    uint32_t depth = ox_scope_depth(m, s), keep = 0;
    ox_scope *want = ox__arena_alloc(&w->c->call, ((size_t)depth + 1) * sizeof *want);
    if (!want) return ox__nomem(w->c->err);
    for (uint32_t i = depth; i-- > 0; s = ox_scope_parent(m, s)) want[i] = s;
    while (keep < depth && keep < w->chain.n && w->chain.p[keep].scope.id == want[keep].id) keep++;
    w->chain.n = keep;
    for (uint32_t i = keep; i < depth; i++) {
        const char *outer = i ? w->chain.p[i - 1].path : "", *name = short_path(w, want[i]);
        size_t len;
        ox_str_text(m, ox_scope_attr(m, want[i]), &len);
        level l = {want[i], outer};
        if (!name) return ox__nomem(w->c->err);
        if (len && *name) { /* the root has no name of its own */
            ox__buf_clear(&w->buf);
            ox__buf_addf(&w->buf, "%s/%s", outer, name);
            l.path = w->buf.failed ? NULL : text_of(w, fresh(w, w->buf.p));
        }
        if (!l.path || !ox__vec_push(&w->chain, l)) return ox__nomem(w->c->err);
    }
    *path = depth ? w->chain.p[depth - 1].path : NULL;
    return OX_OK;
}

/* ---- nodes and values ---- */
static bool has_name(const ox_model *m, ox_str s)
{
    size_t n;
    ox_str_text(m, s, &n);
    return n != 0;
}

static ox_status name_values(namer *w, ox_node n, const char *name, bool all)
{
    ox_model *m = w->c->m;
    for (size_t i = 0; i < ox_node_n_outputs(m, n); i++) {
        ox_value v = ox_node_output(m, n, i);
        if (!v.id || (!all && has_name(m, ox_value_name(m, v)))) continue;
        bool returned = ox_value_is_output(m, v) && ox_value_graph(m, v).id == ox_model_main(m).id;
        if (returned && has_name(m, ox_value_name(m, v))) continue;
        ox__buf_clear(&w->buf);
        ox__buf_addf(&w->buf, "%s_output_%zu", name, i);
        ox_str text = w->buf.failed ? (ox_str){0} : fresh(w, w->buf.p);
        if (!text.id) return ox__nomem(w->c->err);
        ox_status s = ox_value_set_name(m, v, text, w->c->err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

static ox_status name_node(namer *w, ox_node n)
{
    ox__conv *c = w->c;
    ox_node from = ox_model_node_at(c->src, ox_node_origin(c->m, n));
    bool made = !from.id || !ox_node_is(c->src, from, "", ox_str_text(c->m, ox_node_op(c->m, n), NULL));
    const char *path = NULL;
    ox__arena_reset(&c->call);
    ox_status s = enter(w, ox_node_scope(c->m, n), &path);
    if (s != OX_OK) return s;
    if (has_name(c->m, ox_node_name(c->m, n)))
        return name_values(w, n, ox_str_text(c->m, ox_node_name(c->m, n), NULL), made);
    ox__buf_clear(&w->buf);
    ox__buf_addf(&w->buf, "%s%s%s", path ? path : "", path ? "/" : "", ox_str_text(c->m, ox_node_op(c->m, n), NULL));
    ox_str name = w->buf.failed ? (ox_str){0} : fresh(w, w->buf.p);
    if (!name.id) return ox__nomem(c->err);
    if (!made && !c->trace) return name_values(w, n, text_of(w, name), false);
    s = ox_node_set_name(c->m, n, name, c->err);
    ++*w->changed;
    return s == OX_OK ? name_values(w, n, text_of(w, name), made) : s;
}

/* "/Loop_body": a graph must have a name. */
static ox_status name_blocks(namer *w, ox_node n)
{
    ox_model *m = w->c->m;
    const ox_attr *attrs;
    size_t k = ox_node_n_blocks(m, n) ? ox_node_attrs(m, n, &attrs) : 0;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < k; i++) {
        if (attrs[i].kind != OX_ATTR_GRAPH || has_name(m, ox_graph_name(m, attrs[i].u.g))) continue;
        ox__buf_clear(&w->buf);
        ox__buf_addf(&w->buf, "%s_%s", ox_str_text(m, ox_node_name(m, n), NULL), ox_str_text(m, attrs[i].name, NULL));
        s = w->buf.failed ? ox__nomem(w->c->err)
                          : ox_graph_set_name(m, attrs[i].u.g, ox__conv_str(w->c, w->buf.p), w->c->err);
    }
    return s;
}

static ox_status walk(namer *w, ox_graph g)
{
    ox__conv *c = w->c;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && g.id != ox_model_main(c->m).id && i < ox_graph_n_inputs(c->m, g); i++) {
        ox_value v = ox_graph_input(c->m, g, i);
        const char *own = ox_str_text(c->m, ox_value_name(c->m, v), NULL);
        ox_str name = fresh(w, *own ? own : "input");
        if (!name.id) return ox__nomem(c->err);
        s = ox_value_set_name(c->m, v, name, c->err);
    }
    for (ox_node n = ox_graph_first(c->m, g); s == OX_OK && n.id; n = ox_node_next(c->m, n)) {
        s = ox__conv_tick(c, "names");
        if (s == OX_OK) s = name_node(w, n);
        if (s == OX_OK) s = name_blocks(w, n);
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(c->m, n); i++) s = walk(w, ox_node_block(c->m, n, i));
    }
    return s;
}

/* ---- what the user names ---- */
static ox_status rename_value(namer *w, ox_value v, const char *name)
{
    ox_str str = ox__conv_str(w->c, name);
    if (is_taken(w, str)) return ox__fail(w->c->err, OX_E_INVALID, "the name '%s' is given twice", name);
    if (!str.id || !take(w, str)) return ox__nomem(w->c->err);
    ++*w->changed;
    return ox_value_set_name(w->c->m, v, str, w->c->err);
}

/* Inputs, outputs and weights first: the names of the rest make room for them. */
static ox_status name_interface(namer *w)
{
    ox__conv *c = w->c;
    const ox_convert_options *o = c->opt;
    ox_graph g = ox_model_main(c->m);
    size_t n_in = ox_graph_n_inputs(c->m, g), n_out = ox_graph_n_outputs(c->m, g);
    ox_status s = OX_OK;
    if (o->n_input_names > n_in) {
        ox__fail(c->err, OX_E_INVALID, "%zu input names for %zu input%s", o->n_input_names, n_in, n_in == 1 ? "" : "s");
        ox_error_hint(c->err, "parameters are named too if they are inputs: --params input");
        return OX_E_INVALID;
    }
    if (o->n_output_names > n_out)
        return ox__fail(c->err, OX_E_INVALID, "%zu output names for %zu output%s", o->n_output_names, n_out,
                        n_out == 1 ? "" : "s");
    for (size_t i = 0; s == OX_OK && i < o->n_input_names; i++)
        s = rename_value(w, ox_graph_input(c->m, g, i), o->input_names[i]);
    for (size_t i = 0; s == OX_OK && i < o->n_output_names; i++)
        s = rename_value(w, ox_graph_output(c->m, g, i), o->output_names[i]);
    for (size_t i = o->n_input_names; s == OX_OK && i < n_in + ox_graph_n_initializers(c->m, g); i++) {
        ox_value v = i < n_in ? ox_graph_input(c->m, g, i) : ox_graph_initializer(c->m, g, i - n_in);
        if (i >= n_in && ox_value_is_input(c->m, v)) continue;
        const char *own = ox_str_text(c->m, ox_value_name(c->m, v), NULL);
        for (size_t k = 0; i < n_in && k < o->n_output_names; k++) /* an input is not renamed behind the user's back */
            if (strcmp(own, o->output_names[k]) == 0)
                return ox__fail(c->err, OX_E_INVALID, "the output name '%s' is that of an input", own);
        ox_str name = fresh(w, *own ? own : "input");
        if (!name.id) return ox__nomem(c->err);
        s = ox_value_set_name(c->m, v, name, c->err);
    }
    for (size_t i = o->n_output_names; s == OX_OK && i < n_out; i++) {
        ox_value v = ox_graph_output(c->m, g, i);
        const char *own = ox_str_text(c->m, i < c->n_out_names ? c->out_names[i] : ox_value_name(c->m, v), NULL);
        if (!*own) continue;
        ox_str name = fresh(w, own);
        s = name.id ? ox_value_set_name(c->m, v, name, c->err) : ox__nomem(c->err);
    }
    return s;
}

ox_status ox__pass_names(ox__conv *c, uint64_t *changed)
{
    namer w = {.c = c, .changed = changed};
    ox_status s = name_interface(&w);
    if (s == OX_OK) s = walk(&w, ox_model_main(c->m));
    ox__vec_free(&w.next);
    ox__vec_free(&w.chain);
    ox__buf_free(&w.buf);
    ox__buf_free(&w.dotted);
    ox__buf_free(&w.numbered);
    return s;
}
