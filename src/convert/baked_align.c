/* Floor 5. Models of one network side by side: the same nodes in the same order, constants aside, of which a file may
 * hold each once or for each reader. On the way the constants that they read are gathered. */
#include "convert/baked.h"

#include <onnxsh/print.h>

typedef struct aligner {
    ox__aligned *a;
    uint64_t alike; /* nodes so far */
    ox_error *err;
} aligner;

static const ox_model *model(const aligner *w, size_t k)
{
    return w->a->at[k].m;
}

/* ---- where they part ---- */
static void put_node(const ox_model *m, ox_node n, ox__buf *b)
{
    char scope[256];
    ox_loc_info at = ox_loc_get(m, ox_node_loc(m, n));
    size_t len;
    const char *domain = ox_str_text(m, ox_node_domain(m, n), &len);
    if (!n.id) {
        ox__buf_addz(b, "nothing more");
        return;
    }
    ox__buf_addf(b, "%s::%s", len ? domain : "onnx", ox_str_text(m, ox_node_op(m, n), NULL));
    if (ox_scope_print(m, ox_node_scope(m, n), scope, sizeof scope)) ox__buf_addf(b, " at %s", scope);
    if (at.line) ox__buf_addf(b, " (%s:%u)", ox_str_text(m, at.file, NULL), at.line);
}

static ox_status part(aligner *w, ox_node here, size_t k, ox_node there, const char *why)
{
    ox__buf b = {0};
    const char *path = ox_str_text(model(w, k), ox_model_text(model(w, k), OX_MODEL_PATH), NULL);
    ox__buf_addf(&b, "the models part after %llu nodes: ", (unsigned long long)w->alike);
    put_node(model(w, 0), here, &b);
    ox__buf_addf(&b, " here, ");
    put_node(model(w, k), there, &b);
    ox__buf_addf(&b, " in %s%s%s", *path ? path : "the other", *why ? ": " : "", why);
    ox_status s = b.failed ? ox__nomem(w->err) : ox__fail(w->err, OX_E_CHECK, "%s", b.p);
    ox__buf_free(&b);
    if (s == OX_E_CHECK)
        ox_error_hint(w->err,
                      "both have to be of one network, traced in the same way, without edits; loops and branches of "
                      "Python that depend on a size are recorded as they went: script those functions");
    return s;
}

static bool same_scope(const aligner *w, ox_node here, size_t k, ox_node there)
{
    char a[512], b[512];
    ox_scope x = ox_node_scope(model(w, 0), here), y = ox_node_scope(model(w, k), there);
    if (!x.id || !y.id) return true; /* one of the files does not tell */
    size_t n = ox_scope_path(model(w, 0), x, a, sizeof a);
    return n == ox_scope_path(model(w, k), y, b, sizeof b) && strcmp(a, b) == 0;
}

static bool same_str(const aligner *w, ox_str here, size_t k, ox_str there)
{
    size_t n, len;
    const char *a = ox_str_text(model(w, 0), here, &n), *b = ox_str_text(model(w, k), there, &len);
    return n == len && memcmp(a, b, n) == 0;
}

static ox_status same_node(aligner *w, ox_node x, size_t k, ox_node y)
{
    const ox_model *m = model(w, 0), *o = model(w, k);
    if (!x.id && !y.id) return OX_OK;
    if (!x.id || !y.id) return part(w, x, k, y, "");
    if (!same_str(w, ox_node_domain(m, x), k, ox_node_domain(o, y)) ||
        !same_str(w, ox_node_op(m, x), k, ox_node_op(o, y)))
        return part(w, x, k, y, "");
    if (!same_scope(w, x, k, y)) return part(w, x, k, y, "another scope");
    if (ox_node_n_inputs(m, x) != ox_node_n_inputs(o, y)) return part(w, x, k, y, "another number of inputs");
    if (ox_node_n_outputs(m, x) != ox_node_n_outputs(o, y)) return part(w, x, k, y, "another number of outputs");
    if (ox_node_n_blocks(m, x) != ox_node_n_blocks(o, y)) return part(w, x, k, y, "another number of blocks");
    return OX_OK;
}

/* ---- constants ---- */

/* Where the constant is read in the end: by the one reader of a list of numbers. */
static ox__site site_of(const aligner *w, ox_node n, uint32_t i)
{
    const ox_model *m = model(w, 0);
    ox__site s = {.node = n, .input = i, .item = -1, .is_number = true};
    ox_value list = ox_node_output(m, n, 0);
    if (!ox_node_is(m, n, "prim", "ListConstruct") || ox_value_n_uses(m, list) != 1) return s;
    ox_use u = ox_value_first_use(m, list);
    if (ox_node_is_return(m, u.node)) return s;
    return (ox__site){.node = u.node, .input = u.index, .item = (int32_t)i, .list = n, .is_number = true};
}

static ox_status add_site(aligner *w, ox__site s)
{
    if (!ox__vec_push(&w->a->sites, s)) return ox__nomem(w->err);
    return OX_OK;
}

static void put_const(const ox__const *c, ox__buf *b)
{
    if (c->kind == OX__CONST_FLOAT || c->kind == OX__CONST_BOOL)
        ox__buf_addf(b, "%.9g", c->f);
    else if (c->kind == OX__CONST_INT || (c->kind == OX__CONST_TENSOR && !c->rank && c->n))
        ox__buf_addf(b, "%lld", (long long)c->ints[0]);
    else if (c->dims || c->kind == OX__CONST_INTS) {
        ox__buf_addz(b, c->dims ? "(" : "[");
        for (size_t i = 0; i < (c->dims ? c->rank : c->n); i++)
            ox__buf_addf(b, i ? ", %lld" : "%lld", (long long)(c->dims ? c->dims[i] : c->ints[i]));
        ox__buf_addz(b, c->dims ? ")" : "]");
    } else {
        ox__buf_addz(b, "another kind");
    }
}

static ox_status add_text(aligner *w, ox__site s, ox__buf *b, const char *why)
{
    s.is_number = false;
    s.why = why;
    s.text = b->failed ? NULL : ox__arena_dup(&w->a->mem, b->p, b->n + 1);
    ox__buf_free(b);
    return s.text ? add_site(w, s) : ox__nomem(w->err);
}

/* They differ, but not as numbers do. */
static ox_status add_other(aligner *w, ox__site s, const ox__const *c, const char *why)
{
    ox__buf b = {0};
    for (size_t k = 0; k < w->a->n; k++) {
        if (k) ox__buf_addz(&b, ", ");
        put_const(&c[k], &b);
    }
    return add_text(w, s, &b, why);
}

static const char *other_why(const aligner *w, const ox__const *c)
{
    if (!c[0].t.id || !c[0].rank) return "it is no size by itself";
    return ox_typing_is_for(model(w, 0)) ? "a tensor that was made of sizes"
                                         : "folding made it of sizes: what it is made of is in the trace";
}

static bool same_other(const ox__const *a, const ox__const *b)
{
    if (a->kind != b->kind || a->rank != b->rank || a->n != b->n) return false;
    if (a->kind == OX__CONST_FLOAT || a->kind == OX__CONST_BOOL) return a->f == b->f || (a->f != a->f && b->f != b->f);
    for (uint32_t d = 0; a->kind == OX__CONST_OTHER && d < a->rank; d++)
        if (a->dims[d] != b->dims[d]) return false;
    return true;
}

/* Floats that are whole numbers, as a count that something is divided by: as ints. */
static bool as_ints(const aligner *w, const ox__const *c, ox__site *s)
{
    for (size_t k = 0; k < w->a->n; k++) {
        if (c[k].kind != OX__CONST_FLOAT || !(c[k].f >= 1 && c[k].f <= 1e15)) return false;
        s->v[k] = (int64_t)c[k].f;
        if ((double)s->v[k] != c[k].f) return false;
    }
    return true;
}

/* They differ, and are no ints. */
static ox_status take_other(aligner *w, ox__site s, const ox__const *c)
{
    if (as_ints(w, c, &s)) return add_site(w, s);
    ox_status st = ox__repeat_find(w->a, c, &s.repeat, w->err);
    if (st != OX_OK || !s.repeat.axes) return st == OX_OK ? add_other(w, s, c, other_why(w, c)) : st;
    for (uint32_t d = 0; d < c[0].rank && st == OX_OK; d++) {
        if (!(s.repeat.axes >> d & 1)) continue;
        s.item = (int32_t)d;
        for (size_t k = 0; k < w->a->n; k++) s.v[k] = c[k].dims[d];
        st = add_site(w, s);
    }
    return st;
}

/* Tensors of the same dims. */
static ox_status see_content(aligner *w, ox__site s, const ox__const *c)
{
    bool same = true;
    ox_status st = OX_OK;
    for (size_t k = 1; k < w->a->n && same && st == OX_OK; k++)
        st = ox__same_content(model(w, 0), c[0].t, model(w, k), c[k].t, &same, w->err);
    return st == OX_OK && !same ? add_other(w, s, c, "its content differs") : st;
}

/* Of one model alone, all numbers that stand where sizes do; else those that differ. */
static ox_status take_constant(aligner *w, ox_node n, uint32_t i, const ox__const *c)
{
    ox__aligned *a = w->a;
    ox__site s = site_of(w, n, i);
    a->n_seen += OX__MAX(c[0].n, 1);
    for (size_t k = 1; k < a->n; k++)
        if (!same_other(&c[0], &c[k])) return take_other(w, s, c);
    if (c[0].kind == OX__CONST_OTHER && c[0].t.id) return see_content(w, s, c);
    if (a->n == 1 && (!c[0].n || !ox__input_is_size(model(w, 0), s.node, s.input))) return OX_OK;
    for (size_t j = 0; j < c[0].n; j++) {
        bool differs = a->n == 1;
        if (c[0].kind != OX__CONST_INT) s.item = c[0].kind == OX__CONST_TENSOR && !c[0].rank ? -1 : (int32_t)j;
        for (size_t k = 0; k < a->n; k++) {
            s.v[k] = c[k].ints[j];
            differs = differs || s.v[k] != s.v[0];
        }
        ox__point half;
        s.same = !differs && ox__half_of(a, s.v[0], &half) && ox__input_is_size(model(w, 0), s.node, s.input);
        ox_status st = differs || s.same ? add_site(w, s) : OX_OK;
        if (st != OX_OK) return st;
    }
    return OX_OK;
}

/* ---- the walk ---- */
static ox_status see_input(aligner *w, const ox_node *n, uint32_t i, ox__const *c)
{
    ox__aligned *a = w->a;
    ox_value first = ox_node_input(model(w, 0), n[0], i);
    ox__const_read(model(w, 0), first, &c[0]);
    for (size_t k = 1; k < a->n; k++) {
        ox_value v = ox_node_input(model(w, k), n[k], i);
        ox__const_read(model(w, k), v, &c[k]);
        bool constant = c[0].kind != OX__CONST_NOT;
        if (!first.id != !v.id) return part(w, n[0], k, n[k], "an input that only one has");
        if (constant != (c[k].kind != OX__CONST_NOT))
            return part(w, n[0], k, n[k], "an input that is constant in one only");
        if (!constant && v.id != a->at[k].twin[first.id]) return part(w, n[0], k, n[k], "another input");
    }
    return first.id && c[0].kind != OX__CONST_NOT ? take_constant(w, n[0], i, c) : OX_OK;
}

/* ---- attributes ---- */
static ox_status print_to(void *ud, const char *p, size_t n, ox_error *err)
{
    (void)err;
    ox__buf_add(ud, p, n);
    return OX_OK;
}

/* A list of as many numbers gives a site for each that differs; what else differs is told as it is. */
static ox_status take_attr(aligner *w, ox__site s, const ox_attr *const *x)
{
    ox__aligned *a = w->a;
    const char *why = "an attribute: no node can compute it";
    bool ints = x[0]->kind == OX_ATTR_INTS;
    ox_status st = OX_OK;
    for (size_t k = 1; k < a->n; k++) ints = ints && x[k]->kind == OX_ATTR_INTS && x[k]->n == x[0]->n;
    for (uint32_t i = 0; ints && i < x[0]->n && st == OX_OK; i++) {
        bool differs = false;
        s.item = (int32_t)i;
        for (size_t k = 0; k < a->n; k++) {
            s.v[k] = x[k]->u.ints[i];
            differs = differs || s.v[k] != s.v[0];
        }
        if (differs) st = add_site(w, s);
    }
    if (ints) return st;
    ox__buf b = {0};
    ox_print_options opt = {.style = OX_STYLE_SEED};
    ox_sink out = {print_to, &b};
    for (size_t k = 0; k < a->n && st == OX_OK; k++) {
        if (k) ox__buf_addz(&b, ", ");
        st = ox_attr_print(model(w, k), x[k], &opt, &out, w->err);
    }
    if (st == OX_OK) return add_text(w, s, &b, why);
    ox__buf_free(&b);
    return st;
}

static ox_status see_attrs(aligner *w, const ox_node *n)
{
    const ox_attr *rows, *x[OX__BAKED_MODELS];
    size_t count = ox_node_attrs(model(w, 0), n[0], &rows);
    ox_status s = OX_OK;
    for (size_t i = 0; i < count && s == OX_OK; i++) {
        ox__site site = {.node = n[0], .input = UINT32_MAX, .item = -1, .attr = rows[i].name, .is_number = true};
        bool same = true, there = true;
        x[0] = &rows[i];
        for (size_t k = 1; k < w->a->n && there; k++) {
            x[k] = ox_node_attr(model(w, k), n[k], ox_str_text(model(w, 0), rows[i].name, NULL));
            there = x[k] != NULL;
            same = same && there && ox__same_attr(model(w, 0), x[0], model(w, k), x[k]);
        }
        if (!there) return part(w, n[0], w->a->n - 1, n[w->a->n - 1], "an attribute that only one has");
        if (!same) s = take_attr(w, site, x);
    }
    return s;
}

static ox_node skip(const ox_model *m, ox_node n)
{
    while (n.id && ox__node_is_constant(m, n)) n = ox_node_next(m, n);
    return n;
}

static void pair(aligner *w, ox_value here, size_t k, ox_value there)
{
    if (here.id && k) w->a->at[k].twin[here.id] = there.id;
}

/* A constant that is returned: told if it differs. */
static ox_status see_constant_output(aligner *w, const ox_graph *g, size_t i, ox__const *c)
{
    ox_value v = ox_graph_output(model(w, 0), g[0], i);
    ox__site s = {.node = ox_value_node(model(w, 0), v), .input = (uint32_t)i, .item = -1, .is_result = true};
    bool differs = false;
    for (size_t k = 1; k < w->a->n; k++) {
        ox__const_read(model(w, k), ox_graph_output(model(w, k), g[k], i), &c[k]);
        differs = differs || !same_other(&c[0], &c[k]) || memcmp(c[0].ints, c[k].ints, c[0].n * sizeof *c[0].ints) != 0;
    }
    if (differs) return add_other(w, s, c, other_why(w, c));
    return c[0].kind == OX__CONST_OTHER && c[0].t.id ? see_content(w, s, c) : OX_OK;
}

static ox_status see_outputs(aligner *w, const ox_graph *g, ox__const *c)
{
    ox_node none = {0};
    ox_status s = OX_OK;
    size_t n = ox_graph_n_outputs(model(w, 0), g[0]);
    for (size_t k = 1; k < w->a->n; k++)
        if (ox_graph_n_outputs(model(w, k), g[k]) != n) return part(w, none, k, none, "another number of results");
    for (size_t i = 0; i < n && s == OX_OK; i++) {
        ox_value here = ox_graph_output(model(w, 0), g[0], i);
        ox__const_read(model(w, 0), here, &c[0]);
        if (c[0].kind != OX__CONST_NOT) s = see_constant_output(w, g, i, c);
        for (size_t k = 1; c[0].kind == OX__CONST_NOT && k < w->a->n; k++)
            if (w->a->at[k].twin[here.id] != ox_graph_output(model(w, k), g[k], i).id)
                return part(w, none, k, none, "another result");
    }
    return s;
}

static ox_status walk(aligner *w, const ox_graph *g, ox__const *c);

static ox_status see_node(aligner *w, const ox_node *n, ox__const *c)
{
    ox__aligned *a = w->a;
    const ox_model *m = model(w, 0);
    ox_status s = OX_OK;
    if (a->task && a->task->step && (a->done++ & 255) == 0 &&
        !a->task->step(a->task->ud, "align", a->done, ox_model_n_nodes(m)))
        return ox__fail(w->err, OX_E_INTERRUPTED, "interrupted");
    for (size_t k = 1; s == OX_OK && k < a->n; k++) s = same_node(w, n[0], k, n[k]);
    if (s != OX_OK || !n[0].id) return s;
    for (uint32_t i = 0; s == OX_OK && i < ox_node_n_inputs(m, n[0]); i++) s = see_input(w, n, i, c);
    if (s == OX_OK) s = see_attrs(w, n);
    w->alike++;
    for (size_t b = 0; s == OX_OK && b < ox_node_n_blocks(m, n[0]); b++) {
        ox_graph inner[OX__BAKED_MODELS];
        for (size_t k = 0; k < a->n; k++) inner[k] = ox_node_block(model(w, k), n[k], b);
        s = walk(w, inner, c);
    }
    for (size_t k = 0; k < a->n; k++)
        for (size_t i = 0; i < ox_node_n_outputs(m, n[0]); i++)
            pair(w, ox_node_output(m, n[0], i), k, ox_node_output(model(w, k), n[k], i));
    return s;
}

static ox_status walk(aligner *w, const ox_graph *g, ox__const *c)
{
    ox__aligned *a = w->a;
    ox_node n[OX__BAKED_MODELS];
    ox_status s = OX_OK;
    for (size_t k = 0; k < a->n; k++) {
        size_t count = ox_graph_n_inputs(model(w, 0), g[0]);
        n[k] = skip(model(w, k), ox_graph_first(model(w, k), g[k]));
        if (ox_graph_n_inputs(model(w, k), g[k]) != count) return part(w, n[0], k, n[k], "other inputs of the graph");
        for (size_t i = 0; i < count; i++)
            pair(w, ox_graph_input(model(w, 0), g[0], i), k, ox_graph_input(model(w, k), g[k], i));
    }
    bool more = true;
    while (s == OX_OK && more) {
        s = see_node(w, n, c);
        more = n[0].id != 0;
        for (size_t k = 0; k < a->n && more; k++) n[k] = skip(model(w, k), ox_node_next(model(w, k), n[k]));
    }
    return s == OX_OK ? see_outputs(w, g, c) : s;
}

/* The sites of each node as a list, in the order of their inputs. */
static ox_status thread_sites(ox__aligned *a, ox_error *err)
{
    a->first = ox__calloc((size_t)ox_model_node_limit(a->at[0].m) + 1, sizeof *a->first);
    if (!a->first) return ox__nomem(err);
    for (size_t i = a->sites.n; i-- > 0;) {
        a->sites.p[i].next = a->first[a->sites.p[i].node.id];
        a->first[a->sites.p[i].node.id] = (uint32_t)i + 1;
    }
    return OX_OK;
}

static ox_status other_kind(aligner *w, size_t k)
{
    const char *path = ox_str_text(model(w, k), ox_model_text(model(w, k), OX_MODEL_PATH), NULL);
    bool trace = ox_typing_is_for(model(w, k));
    ox__fail(w->err, OX_E_CHECK, "%s is %s, the model %s", *path ? path : "the other",
             trace ? "a trace" : "an ONNX model", trace ? "an ONNX model" : "a trace");
    ox_error_hint(w->err, "traces are held against traces, exports against exports");
    return OX_E_CHECK;
}

ox_status ox__align(ox__aligned *a, const ox_model *m, const ox_baked_options *opt, ox_error *err)
{
    *a = (ox__aligned){.n = opt->n_others + 1, .task = opt->task};
    ox_graph g[OX__BAKED_MODELS];
    aligner w = {.a = a, .err = err};
    if (opt->n_others > OX_BAKED_MAX_OTHERS)
        return ox__fail(err, OX_E_LIMIT, "%zu models to be held against; %d are the most", opt->n_others,
                        OX_BAKED_MAX_OTHERS);
    ox__const *c = ox__arena_alloc(&a->mem, OX__BAKED_MODELS * sizeof *c);
    ox_status s = c ? OX_OK : ox__nomem(err);
    for (size_t k = 0; s == OX_OK && k < a->n; k++) {
        s = ox__sample_open(&a->at[k], k ? opt->others[k - 1] : m, &a->mem, a->task, err);
        if (s != OX_OK) break;
        g[k] = ox_model_main(a->at[k].m);
        if (ox_typing_is_for(a->at[k].m) != ox_typing_is_for(m)) return other_kind(&w, k);
        size_t size = ((size_t)a->at[0].n + 1) * sizeof *a->at[k].twin;
        if (k) a->at[k].twin = ox__arena_alloc(&a->mem, size);
        if (k && !a->at[k].twin) s = ox__nomem(err);
        if (k && s == OX_OK) memset(a->at[k].twin, 0, size);
    }
    if (s == OX_OK) s = walk(&w, g, c);
    return s == OX_OK ? thread_sites(a, err) : s;
}

void ox__aligned_free(ox__aligned *a)
{
    ox__vec_free(&a->sites);
    ox__free(a->first);
    ox__arena_free(&a->mem);
}
