/* Floor 3. Inference of a model that stays: the facts, and which nodes are to be looked at again. What was changed is
 * noted by the journal (ir/watch.h); nodes are taken in the order of the graph, and one whose results are what they
 * were ends the way down. */
#include "ir/watch.h"
#include "ops/infer.h"
#include "ops/reason.h"

#include <onnxsh/journal.h>
#include <onnxsh/print.h>
#include <onnxsh/text.h>

#include <stdio.h>

enum { OPSET_OF_DUMPS = 17 }; /* graphs of ONNX nodes that say none: the default of export */

struct ox_inference {
    ox_model *m;
    ox_infer_options opt;
    ox__facts *facts;
    ox__changes changes;
    OX__VEC(ox_node) heap;   /* nodes of the main graph to be looked at, the first one first */
    OX__VEC(uint8_t) queued; /* by node id */
    ox__arena mem;
    size_t n_nodes, n_findings;
    ox_infer_fn fn; /* during an update */
    void *ud;
};

/* ---- the queue ---- */
static void sift_up(ox_inference *f, size_t i)
{
    ox_node *h = f->heap.p;
    for (; i && ox_node_before(f->m, h[i], h[(i - 1) / 2]); i = (i - 1) / 2) {
        ox_node t = h[i];
        h[i] = h[(i - 1) / 2];
        h[(i - 1) / 2] = t;
    }
}

static ox_node take_first(ox_inference *f)
{
    ox_node *h = f->heap.p, first = h[0];
    size_t n = --f->heap.n, i = 0;
    h[0] = h[n];
    for (;;) {
        size_t k = 2 * i + 1;
        if (k >= n) break;
        if (k + 1 < n && ox_node_before(f->m, h[k + 1], h[k])) k++;
        if (!ox_node_before(f->m, h[k], h[i])) break;
        ox_node t = h[i];
        h[i] = h[k];
        h[k] = t;
        i = k;
    }
    f->queued.p[first.id] = 0;
    return first;
}

/* The node of the main graph that n is or is inside of; {0} if it stands elsewhere. *function is set if that is a local
 * function. */
static ox_node lifted(const ox_model *m, ox_node n, bool *function)
{
    ox_graph g = ox_node_graph(m, n);
    while (ox_graph_get_kind(m, g) == OX_GRAPH_BLOCK) {
        n = ox_graph_owner(m, g);
        if (!n.id) return n; /* a block that nothing owns */
        g = ox_node_graph(m, n);
    }
    if (ox_graph_get_kind(m, g) == OX_GRAPH_FUNCTION) *function = true;
    return ox_graph_get_kind(m, g) == OX_GRAPH_MAIN && !ox_node_is_return(m, n) ? n : (ox_node){0};
}

/* Queues a node. `after`: only one that stands after it ({0}: any). */
static bool queue(ox_inference *f, ox_node n, ox_node after)
{
    n = lifted(f->m, n, &f->changes.all);
    if (!n.id || (after.id && !ox_node_before(f->m, after, n))) return true;
    size_t limit = ox_model_node_limit(f->m);
    if (f->queued.n < limit) {
        if (!ox__vec_reserve(&f->queued, limit)) return false;
        memset(f->queued.p + f->queued.n, 0, limit - f->queued.n);
        f->queued.n = limit;
    }
    if (f->queued.p[n.id]) return true;
    if (!ox__vec_push(&f->heap, n)) return false;
    f->queued.p[n.id] = 1;
    sift_up(f, f->heap.n - 1);
    return true;
}

static bool queue_users(ox_inference *f, ox_value v, ox_node after)
{
    for (ox_use u = ox_value_first_use(f->m, v); u.node.id; u = ox_value_next_use(f->m, u))
        if (!queue(f, u.node, after)) return false;
    return true;
}

/* The nodes that the noted changes concern. A graph's hidden return node stands for the node that owns the graph. */
static ox_status queue_changes(ox_inference *f, ox_error *err)
{
    const ox__changes *c = &f->changes;
    ox_node any = {0};
    bool ok = true;
    for (size_t i = 0; ok && i < c->nodes.n; i++) {
        const ox__node_row *r = c->nodes.p[i] < f->m->table[OX__NODE].n ? ox__node_row_at(f->m, c->nodes.p[i]) : NULL;
        if (r && (r->flags & OX__ALIVE)) ok = queue(f, (ox_node){c->nodes.p[i], r->gen}, any);
    }
    for (size_t i = 0; ok && i < c->values.n; i++) {
        ox_value v = ox_model_value_at(f->m, c->values.p[i]);
        if (!v.id) continue;
        ox__facts_forget(f->facts, v, NULL);
        ox_node by = ox_value_node(f->m, v);
        ok = (!by.id || queue(f, by, any)) && queue_users(f, v, any);
    }
    return ok ? OX_OK : ox__nomem(err);
}

/* ---- findings ---- */
static void describe(const ox_inference *f, const ox__infer_note *note, char *text, size_t size)
{
    char op[128], value[256], given[256];
    ox_node_op_text(f->m, note->node, op, sizeof op);
    if (note->problem == OX_INFER_DECLARED) {
        ox_value_label(f->m, note->value, value, sizeof value);
        ox_type_text(f->m, ox_value_given_type(f->m, note->value), given, sizeof given);
        snprintf(text, size, "%s: %s is declared as %s, which it cannot be", op, value, given);
    } else if (note->problem == OX_INFER_NO_RULE) {
        snprintf(text, size, "%s: nothing is known of this operator, and the model does not say what it makes", op);
    } else {
        ox_text_sanitize(note->what->msg, strlen(note->what->msg), text, size);
    }
}

static ox_status on_note(void *ud, const ox__infer_note *note, ox_error *err)
{
    ox_inference *f = ud;
    char text[1024];
    describe(f, note, text, sizeof text);
    f->n_findings++;
    if (f->opt.strict) {
        char place[192];
        ox__node_place(f->m, note->node, place, sizeof place);
        ox_status s = ox__fail(err, OX_E_CHECK, "%s, at %s", text, place);
        if (err) memcpy(err->node, place, sizeof place);
        return s;
    }
    ox_infer_finding k = {note->problem, note->node, note->value, text};
    if (f->fn) f->fn(f->ud, &k);
    return OX_OK;
}

/* ---- updates ---- */
static ox_status all(ox_inference *f, const ox__infer_options *opt, const ox_task *task, ox_error *err)
{
    ox__facts_free(f->facts);
    f->facts = NULL;
    ox_status s = ox__facts_create(&f->facts, f->m, err);
    f->n_nodes = ox_graph_n_nodes(f->m, ox_model_main(f->m));
    return s == OX_OK ? ox__infer_graph(f->facts, ox_model_main(f->m), opt, task, err) : s;
}

typedef struct before {
    ox_type type;
    ox__fact_was fact;
} before;

/* Looks at a node again; if a result is another one than before, those that read it are next. */
static ox_status again(ox_inference *f, ox_node n, const ox__infer_options *opt, ox_error *err)
{
    size_t n_out = ox_node_n_outputs(f->m, n);
    before *was = ox__arena_alloc(&f->mem, (n_out + 1) * sizeof *was);
    if (!was) return ox__nomem(err);
    for (size_t i = 0; i < n_out; i++) {
        ox_value v = ox_node_output(f->m, n, i);
        was[i].type = ox_value_type(f->m, v);
        ox__facts_forget(f->facts, v, &was[i].fact);
    }
    for (size_t i = 0; i < ox_node_n_blocks(f->m, n); i++) ox__facts_forget_graph(f->facts, ox_node_block(f->m, n, i));
    ox_status s = ox__infer_step(f->facts, n, opt, err);
    for (size_t i = 0; s == OX_OK && i < n_out; i++) {
        ox_value v = ox_node_output(f->m, n, i);
        bool same = ox_value_type(f->m, v).id == was[i].type.id && !ox__facts_differ(f->facts, v, &was[i].fact);
        if (v.id && !same && !queue_users(f, v, n)) s = ox__nomem(err);
    }
    ox__arena_reset(&f->mem);
    return s;
}

static ox_status changed(ox_inference *f, const ox__infer_options *opt, const ox_task *task, ox_error *err)
{
    ox_status s = OX_OK;
    while (s == OX_OK && f->heap.n) {
        if ((f->n_nodes++ & 255) == 255 && task && task->step && !task->step(task->ud, "infer", f->n_nodes, 0))
            return ox__fail(err, OX_E_INTERRUPTED, "interrupted");
        s = again(f, take_first(f), opt, err);
    }
    return s;
}

static void forget_queue(ox_inference *f)
{
    for (size_t i = 0; i < f->heap.n; i++) f->queued.p[f->heap.p[i].id] = 0;
    f->heap.n = 0;
}

ox_status ox_inference_update(ox_inference *f, ox_infer_fn fn, void *ud, const ox_task *task, ox_error *err)
{
    if (!f) return ox__fail(err, OX_E_INVALID, "no inference was given");
    int64_t opset = ox_model_opset(f->m, "");
    ox__infer_options opt = {.opset = opset ? opset : OPSET_OF_DUMPS,
                             .evaluate = !f->opt.no_data,
                             .blocks = true,
                             .no_data = f->opt.no_data,
                             .keep = f->opt.keep,
                             .forget = f->opt.forget,
                             .task = task,
                             .note = on_note,
                             .ud = f};
    ox_status s = ox_model_status(f->m, err);
    if (s != OX_OK) return s; /* whoever ran short rolls back */
    ox_mark mark = ox_journal_mark(f->m);
    f->fn = fn;
    f->ud = ud;
    f->n_nodes = f->n_findings = 0;
    if (!f->changes.all) s = queue_changes(f, err);
    f->changes.asleep = true;
    if (s == OX_OK) s = f->changes.all ? all(f, &opt, task, err) : changed(f, &opt, task, err);
    if (s != OX_OK) ox_journal_rollback(f->m, mark);
    forget_queue(f);
    ox__watch_clear(f->m, &f->changes);
    f->changes.asleep = false;
    f->changes.all = s != OX_OK; /* facts and types may not go together */
    return s;
}

ox_status ox_inference_create(ox_inference **out, ox_model *m, const ox_infer_options *opt, ox_error *err)
{
    if (!m) return ox__fail(err, OX_E_INVALID, "no model was given");
    ox_inference *f = ox__calloc(1, sizeof *f);
    if (!f) return ox__nomem(err);
    f->m = m;
    if (opt) f->opt = *opt;
    ox__watch_add(m, &f->changes);
    f->changes.all = true;
    *out = f;
    return OX_OK;
}

void ox_inference_free(ox_inference *f)
{
    if (!f) return;
    ox__watch_remove(f->m, &f->changes);
    ox__facts_free(f->facts);
    ox__vec_free(&f->heap);
    ox__vec_free(&f->queued);
    ox__arena_free(&f->mem);
    ox__free(f);
}

/* ---- counts ---- */
static bool is_typed(const ox_type_info *t)
{
    if (t->kind == OX_TYPE_TENSOR || t->kind == OX_TYPE_SPARSE) return t->dtype != OX_UNDEFINED && t->rank >= 0;
    return t->kind != OX_TYPE_NONE_KNOWN;
}

static bool in_function(const ox_model *m, ox_graph g)
{
    while (ox_graph_parent(m, g).id) g = ox_graph_parent(m, g);
    return ox_graph_get_kind(m, g) == OX_GRAPH_FUNCTION;
}

void ox__infer_count(const ox_model *m, ox_infer_counts *out)
{
    for (uint32_t id = 1; id < ox_model_value_limit(m); id++) {
        ox_value v = ox_model_value_at(m, id);
        if (!v.id || !ox_value_node(m, v).id || in_function(m, ox_value_graph(m, v))) continue;
        ox_type_info t = ox_type_get(m, ox_value_type(m, v)), given = ox_type_get(m, ox_value_given_type(m, v));
        out->values++;
        out->typed_before += is_typed(&given);
        if (!is_typed(&t)) continue;
        out->typed++;
        for (int32_t i = 0; i < t.rank; i++) {
            out->dims++;
            out->unknown_dims +=
                ox_dim_get_kind(m, t.dims[i]) <= OX_DIM_NONE || ox_dim_get_kind(m, t.dims[i]) == OX_DIM_UNKNOWN;
        }
    }
}

void ox_inference_count(const ox_inference *f, ox_infer_counts *out)
{
    *out = (ox_infer_counts){.nodes = f->n_nodes, .findings = f->n_findings};
    ox__infer_count(f->m, out);
}

ox_status ox_infer(ox_model *m, const ox_infer_options *opt, ox_infer_fn fn, void *ud, ox_infer_counts *counts,
                   const ox_task *task, ox_error *err)
{
    ox_inference *f = NULL;
    ox_status s = ox_inference_create(&f, m, opt, err);
    if (s == OX_OK) s = ox_inference_update(f, fn, ud, task, err);
    if (s == OX_OK && counts) ox_inference_count(f, counts);
    ox_inference_free(f);
    return s;
}
