/* Floor 5. The types of a trace, found when they are asked for: once, and again after a change. */
#include "convert/found.h"
#include "convert/registry.h"
#include "ir/ir.h"
#include "ir/watch.h"
#include "ops/reason.h"

#include <onnxsh/journal.h>
#include <onnxsh/print.h>
#include <onnxsh/text.h>

#include <stdio.h>

struct ox_typing {
    ox_model *m;
    ox_symbolics *symbolics;
    uint64_t registry; /* as it was the last time */
    ox__changes changes;
    ox__found found; /* its types are those that the model has, merged with the file's */
    bool forget;     /* the last time that somebody said how */
    size_t n_nodes, n_findings;
};

ox_status ox_typing_create(ox_typing **out, ox_model *m, ox_symbolics *symbolics, ox_error *err)
{
    if (!m || !symbolics) return ox__fail(err, OX_E_INVALID, "no model, or no symbolic functions were given");
    ox_typing *t = ox__calloc(1, sizeof *t);
    if (!t) return ox__nomem(err);
    t->m = m;
    t->symbolics = symbolics;
    ox__watch_add(m, &t->changes);
    t->changes.all = true;
    *out = t;
    return OX_OK;
}

void ox_typing_free(ox_typing *t)
{
    if (!t) return;
    ox__watch_remove(t->m, &t->changes);
    ox__found_free(&t->found);
    ox__free(t);
}

static bool is_stale(const ox_typing *t)
{
    return t->changes.all || t->changes.nodes.n || t->changes.values.n ||
           t->registry != ox__symbolics_edits(t->symbolics);
}

static bool is_torch(const ox_model *m, ox_node n)
{
    const char *domain = ox_str_text(m, ox_node_domain(m, n), NULL), *op = ox_str_text(m, ox_node_op(m, n), NULL);
    if (strcmp(domain, "prim") == 0) return strcmp(op, "Constant") != 0 && !strstr(op, "Construct");
    return strcmp(domain, "aten") == 0 || strcmp(domain, "^") == 0;
}

static bool any_torch(const ox_model *m, ox_graph g)
{
    for (ox_node n = ox_graph_first(m, g); n.id; n = ox_node_next(m, n)) {
        if (is_torch(m, n)) return true;
        for (size_t i = 0; i < ox_node_n_blocks(m, n); i++)
            if (any_torch(m, ox_node_block(m, n, i))) return true;
    }
    return false;
}

bool ox_typing_is_for(const ox_model *m)
{
    return m && ox_model_get_kind(m) == OX_MODEL_TRACE && any_torch(m, ox_model_main(m));
}

bool ox_typing_has_work(const ox_typing *t)
{
    bool stale = t && !t->changes.gone && ox_model_get_kind(t->m) == OX_MODEL_TRACE && is_stale(t);
    return stale && (t->forget || ox__types_missing(t->m));
}

/* ---- findings ---- */
typedef struct search {
    ox_typing *t;
    ox__found f;
    const ox_infer_options *how;
    ox_infer_fn fn;
    void *ud;
    ox_error *err;
    size_t findings;
    bool *told; /* by row of the report */
} search;

static ox_status tell(search *r, ox_infer_problem problem, ox_value v, const char *message)
{
    ox_node n = ox_value_node(r->t->m, v);
    ox_infer_finding k = {problem, n, problem == OX_INFER_DECLARED ? v : (ox_value){0}, message};
    r->findings++;
    if (r->how && r->how->strict) {
        char place[192];
        ox__node_place(r->t->m, n, place, sizeof place);
        ox_status s = ox__fail(r->err, OX_E_CHECK, "%s, at %s", message, place);
        if (r->err) memcpy(r->err->node, place, sizeof place);
        return s;
    }
    if (r->fn) r->fn(r->ud, &k);
    return OX_OK;
}

static ox_status tell_clash(search *r, ox_value v, ox_type given, ox_type found)
{
    char text[1024], op[128], label[256], a[200], b[200];
    ox_node_op_text(r->t->m, ox_value_node(r->t->m, v), op, sizeof op);
    ox_value_label(r->t->m, v, label, sizeof label);
    ox_type_text(r->t->m, given, a, sizeof a);
    ox_type_text(r->t->m, found, b, sizeof b);
    snprintf(text, sizeof text, "%s: %s is %s in the file, but would be %s", op, label, a, b);
    return tell(r, OX_INFER_DECLARED, v, text);
}

/* The failure that a value stems from, once for all values of its operator. */
static ox_status tell_failure(search *r, ox_value v)
{
    uint32_t k = r->f.why[v.id];
    const ox_failure *x = k && k != OX__FOUND_GONE ? ox_report_at(r->f.report, k - 1) : NULL;
    if (ox_node_is(r->t->m, ox_value_node(r->t->m, v), "prim", "Uninitialized")) return OX_OK; /* nobody reads it */
    if (!x || r->told[k - 1] || x->node.id != ox_value_node(r->t->m, v).id) return OX_OK;
    char text[1024], op[128], why[800];
    r->told[k - 1] = true;
    ox_text_sanitize(x->message, strlen(x->message), why, sizeof why);
    ox_text_sanitize(x->op, strlen(x->op), op, sizeof op);
    snprintf(text, sizeof text, "%s%s%s", op, *op ? ": " : "", why);
    return tell(r, OX_INFER_NO_RULE, v, text);
}

/* ---- an update ---- */

/* What the file and what was found say together. */
static ox_status settle(search *r, ox_value v)
{
    ox_model *m = r->t->m;
    ox_type given = ox_value_given_type(m, v), found = r->f.type[v.id], *to = &r->f.type[v.id];
    bool clash = false, forget = r->t->forget;
    *to = forget && found.id ? ox__type_merge(m, found, given, NULL) : ox__type_merge(m, given, found, &clash);
    ox_status s = clash ? tell_clash(r, v, given, found) : OX_OK;
    return s == OX_OK && ox__type_is_open(m, *to) ? tell_failure(r, v) : s;
}

static bool is_tuple(const ox_model *m, ox_value v)
{
    ox_node n = ox_value_node(m, v);
    ox_type_info t = ox_type_get(m, ox_value_given_type(m, v));
    return n.id && t.kind == OX_TYPE_TUPLE && ox_node_is(m, n, "prim", "TupleConstruct") &&
           ox_node_n_inputs(m, n) == t.n_items;
}

static bool is_found(const ox_model *m, ox_value v)
{
    ox_node n = ox_value_node(m, v);
    ox_graph g = ox_value_graph(m, v);
    ox_type_kind kind = ox_type_get(m, ox_value_given_type(m, v)).kind;
    if (is_tuple(m, v)) return true;
    return v.id && (n.id || ox_graph_get_kind(m, g) == OX_GRAPH_BLOCK) &&
           (kind == OX_TYPE_TENSOR || kind == OX_TYPE_NONE_KNOWN);
}

/* A tuple is of the types that its parts have. */
static ox_status settle_tuple(search *r, ox_value v)
{
    ox_model *m = r->t->m;
    ox_node n = ox_value_node(m, v);
    ox_type_info t = ox_type_get(m, ox_value_given_type(m, v));
    ox_type *items = ox__alloc(((size_t)t.n_items + 1) * sizeof *items);
    if (!items) return ox__nomem(r->err);
    for (uint32_t i = 0; i < t.n_items; i++) {
        ox_value part = ox_node_input(m, n, i);
        items[i] = is_found(m, part) ? r->f.type[part.id] : ox_value_type(m, part);
        if (!items[i].id) items[i] = t.items[i];
    }
    t.items = items;
    r->f.type[v.id] = ox_type_add(m, &t);
    ox__free(items);
    return OX_OK;
}

static ox_status settle_graph(search *r, ox_graph g)
{
    const ox_model *m = r->t->m;
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(m, g); s == OX_OK && n.id; n = ox_node_next(m, n)) {
        ox_value v = ox_node_output(m, n, 0);
        if (is_tuple(m, v)) s = settle_tuple(r, v);
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(m, n); i++) s = settle_graph(r, ox_node_block(m, n, i));
    }
    return s;
}

static ox_status settle_all(search *r)
{
    ox_status s = OX_OK;
    for (uint32_t id = 1; s == OX_OK && id < r->f.n; id++) {
        ox_value v = ox_model_value_at(r->t->m, id);
        if (is_found(r->t->m, v) && !is_tuple(r->t->m, v)) s = settle(r, v);
    }
    if (s == OX_OK) s = settle_graph(r, ox_model_main(r->t->m)); /* a part stands before its tuple */
    return s == OX_OK ? ox_model_status(r->t->m, r->err) : s;
}

/* From here on nothing fails, but where the types are kept. */
static ox_status lay_all(search *r)
{
    ox_model *m = r->t->m;
    ox_status s = OX_OK;
    for (uint32_t id = 1; s == OX_OK && id < r->f.n; id++) {
        ox_value v = ox_model_value_at(m, id);
        if (!is_found(m, v)) continue;
        if (r->how && r->how->keep)
            s = ox_value_set_inferred(m, v, r->f.type[id], true, r->err);
        else
            ox__value_lay_inferred(m, v, r->f.type[id]);
    }
    return s;
}

static ox_status run(ox_typing *t, search *r, const ox_convert_options *opt)
{
    ox_mark mark = ox_journal_mark(t->m);
    ox_status s =
        ox__found_make(&r->f, t->m, t->symbolics, opt, (ox__found_how){.no_data = r->how && r->how->no_data}, r->err);
    if (s == OX_OK) {
        r->told = ox__calloc(ox_report_n(r->f.report) + 1, sizeof *r->told);
        s = r->told ? settle_all(r) : ox__nomem(r->err);
    }
    t->changes.asleep = true;
    if (s == OX_OK) s = lay_all(r);
    if (s != OX_OK) ox_journal_rollback(t->m, mark);
    t->changes.asleep = false;
    ox__free(r->told);
    return s;
}

ox_status ox_typing_update(ox_typing *t, const ox_infer_options *how, const ox_convert_options *opt, ox_infer_fn fn,
                           void *ud, ox_error *err)
{
    if (!t) return ox__fail(err, OX_E_INVALID, "no typing was given");
    ox_status s = ox_model_status(t->m, err);
    if (s != OX_OK) return s;
    if (ox_model_get_kind(t->m) != OX_MODEL_TRACE || (!how && !is_stale(t))) return OX_OK;
    if (how) t->forget = how->forget;
    search r = {.t = t, .how = how, .fn = fn, .ud = ud, .err = err};
    bool open = t->forget || ox__types_missing(t->m);
    if (open) s = run(t, &r, opt);
    if (s == OX_OK) {
        ox__found_free(&t->found);
        t->found = r.f;
        t->n_nodes = open ? ox_model_n_nodes(t->m) : 0;
        t->n_findings = r.findings;
        t->registry = ox__symbolics_edits(t->symbolics);
        ox__watch_clear(t->m, &t->changes);
        t->changes.all = false;
    } else {
        ox__found_free(&r.f);
    }
    return s;
}

void ox_typing_reset(ox_typing *t)
{
    if (!t || t->changes.gone) return;
    for (uint32_t id = 1; id < ox_model_value_limit(t->m); id++) {
        ox_value v = ox_model_value_at(t->m, id);
        if (is_found(t->m, v) && !ox_value_is_declared(t->m, v))
            ox__value_lay_inferred(t->m, v, ox_value_given_type(t->m, v));
    }
    t->changes.all = true;
}

void ox_typing_count(const ox_typing *t, ox_infer_counts *out)
{
    *out = (ox_infer_counts){.nodes = t->n_nodes, .findings = t->n_findings};
    ox__infer_count(t->m, out);
}

size_t ox_typing_reason(const ox_typing *t, ox_value v, char *buf, size_t size)
{
    bool open = t && v.id < t->found.n && ox__type_is_open(t->m, ox_value_type(t->m, v));
    uint32_t k = open ? t->found.why[v.id] : 0;
    const ox_failure *x = k && k != OX__FOUND_GONE ? ox_report_at(t->found.report, k - 1) : NULL;
    if (size) *buf = '\0';
    if (k == OX__FOUND_GONE && size) {
        int len = snprintf(buf, size, "it is never computed: its branch is not taken, or its loop has no rounds");
        return OX__MIN((size_t)OX__MAX(len, 0), size - 1);
    }
    if (!x || size < 2) return 0;
    char place[300] = "";
    if (x->node.id) ox__node_place(t->m, x->node, place, sizeof place);
    size_t n = OX__MIN(ox_text_sanitize(x->message, strlen(x->message), buf, size), size - 1);
    int more = snprintf(buf + n, size - n, "%s%s", *place ? ": " : "", place);
    return OX__MIN(n + (size_t)OX__MAX(more, 0), size - 1);
}
