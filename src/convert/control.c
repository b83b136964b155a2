/* Floor 5. prim::If and prim::Loop: their blocks are converted in place, then the node becomes the ONNX one. */
#include "convert/control.h"
#include "convert/dispatch.h"
#include "convert/lists.h"
#include "ir/ir.h"

/* True if an output before number i is the same value: ONNX Runtime mixes them up. */
static bool is_repeated(const ox_model *m, ox_graph g, size_t i, ox_value v)
{
    for (size_t k = 0; k < i; k++)
        if (ox_graph_output(m, g, k).id == v.id) return true;
    return false;
}

/* What a block returns must be made inside it, each a value of its own: numbers become Constants, what comes from
 * outside an Identity. */
static ox_status settle_output(ox__conv *c, ox_node n, ox_graph g, size_t i, ox_error *err)
{
    ox_value v = ox_graph_output(c->m, g, i), made;
    ox_status s = ox__emit_tensor(c, n, g, (ox_node){0}, v, &made, err);
    if (s != OX_OK) {
        ox_error_context(err, "result %zu of a block", i + 1);
        return s;
    }
    ox_node from = ox_value_node(c->m, made);
    if (!from.id || ox_value_graph(c->m, made).id != g.id || is_repeated(c->m, g, i, made)) {
        ox_node id;
        ox__emit e = {.at = n, .graph = g, .op = "Identity", .n_in = 1, .in = &made, .n_out = 1};
        uint32_t number = ox__conv_flags(c, made) & OX__V_NUMBER;
        s = ox__emit_node(c, &e, &id, err);
        if (s != OX_OK) return s;
        made = ox_node_output(c->m, id, 0);
        if (number) s = ox__conv_set_flags(c, made, number, err);
        if (s != OX_OK) return s;
    }
    return made.id != v.id ? ox_graph_set_output(c->m, g, i, made, err) : OX_OK;
}

static ox_status settle_outputs(ox__conv *c, ox_node n, ox_graph g, ox_error *err)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_outputs(c->m, g); i++) s = settle_output(c, n, g, i, err);
    return s;
}

/* v as a tensor of that dtype in front of n. */
static ox_status tensor_input(ox__conv *c, ox_node n, size_t i, ox_dtype dtype, ox_error *err)
{
    ox_value v = ox_node_input(c->m, n, i), made;
    ox_graph g = ox_node_graph(c->m, n);
    ox_status s = ox__emit_tensor(c, n, g, n, v, &made, err);
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, made));
    if (s == OX_OK && dtype && !(t.kind == OX_TYPE_TENSOR && t.dtype == dtype))
        s = ox__emit_cast(c, n, g, n, made, dtype, &made, err);
    return s == OX_OK && made.id != v.id ? ox_node_set_input(c->m, n, i, made, err) : s;
}

/* After conversion the outputs get the types of the blocks; what the trace knew is merged. */
static ox_status settle_types(ox__conv *c, ox_node n, ox_error *err)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_node_n_outputs(c->m, n); i++)
        s = ox__erase_number(c, ox_node_output(c->m, n, i), err);
    return s == OX_OK ? ox__infer_node(c->facts, n, &c->inf, NULL, err) : s;
}

static bool is_unset(const ox_model *m, ox_value v)
{
    ox_node n = ox_value_node(m, v);
    return n.id && ox_node_is(m, n, "prim", "Uninitialized");
}

/* What one branch does not set is something of the other's type. */
static ox_status settle_unset(ox__conv *c, ox_node n, const ox_graph *branch, ox_error *err)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_outputs(c->m, branch[0]) && i < ox_graph_n_outputs(c->m, branch[1]);
         i++)
        for (int b = 0; s == OX_OK && b < 2; b++) {
            ox_value v = ox_graph_output(c->m, branch[b], i), other = ox_graph_output(c->m, branch[1 - b], i), made;
            if (!is_unset(c->m, v) || is_unset(c->m, other)) continue;
            s = settle_output(c, n, branch[1 - b], i, err);
            ox_type t = ox_value_type(c->m, ox_graph_output(c->m, branch[1 - b], i));
            if (s == OX_OK) s = ox__emit_dummy(c, n, branch[b], (ox_node){0}, t, &made, err);
            if (s == OX_OK) s = ox_graph_set_output(c->m, branch[b], i, made, err);
        }
    return s;
}

static ox_status convert_if(ox__conv *c, ox_node n, ox_error *err)
{
    if (ox_node_n_blocks(c->m, n) != 2) return ox__fail(err, OX_E_UNSUPPORTED, "prim::If needs two blocks");
    ox_graph branch[2] = {ox_node_block(c->m, n, 0), ox_node_block(c->m, n, 1)};
    ox_status s = OX_OK;
    for (int b = 0; s == OX_OK && b < 2; b++) s = ox__dispatch_graph(c, branch[b]);
    if (s == OX_OK) s = settle_unset(c, n, branch, err);
    for (int b = 0; s == OX_OK && b < 2; b++) {
        s = settle_outputs(c, n, branch[b], err);
        if (s == OX_OK && ox_graph_n_outputs(c->m, branch[b]) != ox_node_n_outputs(c->m, n))
            s = ox__fail(err, OX_E_UNSUPPORTED, "a branch has %zu results for %zu outputs",
                         ox_graph_n_outputs(c->m, branch[b]), ox_node_n_outputs(c->m, n));
    }
    if (s == OX_OK) s = tensor_input(c, n, 0, OX_BOOL, err);
    ox_attr attrs[2] = {{.name = ox__conv_str(c, "else_branch"), .kind = OX_ATTR_GRAPH, .u.g = branch[1]},
                        {.name = ox__conv_str(c, "then_branch"), .kind = OX_ATTR_GRAPH, .u.g = branch[0]}};
    if (s == OX_OK) s = ox_node_set_op(c->m, n, c->s_onnx, ox__conv_str(c, "If"), (ox_str){0}, err);
    if (s == OX_OK) s = ox__node_set_attrs(c->m, n, 2, attrs, err);
    return s == OX_OK ? settle_types(c, n, err) : s;
}

/* How much of the types from before a loop its body is told: first all, then what the first try found every round to
 * keep, in the end the dtypes alone. */
typedef enum trust { WHOLE, KEPT, DTYPE } trust;

static ox_type trusted(ox__conv *c, ox_type before, trust how, ox_type kept)
{
    ox_type_info from = ox_type_get(c->m, before);
    bool sequence = from.kind == OX_TYPE_SEQUENCE && from.n_items;
    ox_type_info item = sequence ? ox_type_get(c->m, from.items[0]) : from;
    if (item.kind != OX_TYPE_TENSOR || !item.dtype) return sequence ? before : (ox_type){0};
    if (how == WHOLE) return before;
    if (how == KEPT && kept.id) return kept;
    ox_type bare = ox_type_tensor(c->m, item.dtype, OX_RANK_UNKNOWN, NULL);
    return sequence ? ox_type_of(c->m, OX_TYPE_SEQUENCE, bare) : bare;
}

/* The inputs of a loop's body: the iteration and what is carried. */
static ox_status settle_body(ox__conv *c, ox_node n, ox_graph body, trust how, const ox_type *kept, ox_error *err)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_inputs(c->m, body); i++)
        s = ox__erase_number(c, ox_graph_input(c->m, body, i), err);
    for (size_t i = 1; s == OX_OK && i < ox_graph_n_inputs(c->m, body); i++) {
        ox_value v = ox_graph_input(c->m, body, i);
        ox_type before = trusted(c, ox_value_type(c->m, ox_node_input(c->m, n, i + 1)), how, kept[i - 1]),
                had = ox_value_type(c->m, v);
        ox_type_kind kind = ox_type_get(c->m, before).kind;
        if (!before.id) continue;
        ox_type t = kind == OX_TYPE_SEQUENCE || how == KEPT ? before : ox__type_merge(c->m, had, before, NULL);
        if (t.id != had.id) s = ox_value_set_type(c->m, v, t, err);
    }
    return s;
}

/* A dim that is said to change may be another in each round. */
static bool keeps(const ox__conv *c, ox_type in, ox_type out, trust how)
{
    ox_type_info a = ox_type_get(c->m, in), b = ox_type_get(c->m, out);
    if (a.kind == OX_TYPE_SEQUENCE && b.kind == OX_TYPE_SEQUENCE && a.n_items && b.n_items)
        return keeps(c, a.items[0], b.items[0], how);
    if (a.kind != OX_TYPE_TENSOR || a.rank == OX_RANK_UNKNOWN || in.id == out.id) return true;
    if (b.kind != OX_TYPE_TENSOR || a.dtype != b.dtype || a.rank != b.rank) return false;
    for (int32_t i = 0; i < a.rank; i++)
        if (a.dims[i].id != b.dims[i].id && (how == WHOLE || ox_dim_get_kind(c->m, a.dims[i]) != OX_DIM_UNKNOWN))
            return false;
    return true;
}

/* Whether what a round gives is what it took, as far as the types say; kept gets what is. */
static bool is_kept(const ox__conv *c, ox_node n, ox_graph body, trust how, ox_type *kept)
{
    bool all = true;
    for (size_t i = 2; i < ox_graph_n_inputs(c->m, body); i++) {
        ox_type in = ox_value_type(c->m, ox_graph_input(c->m, body, i)),
                out = ox_value_type(c->m, ox_graph_output(c->m, body, i - 1));
        bool same = keeps(c, in, out, how);
        all = all && same;
        kept[i - 2] = same ? in : ox__type_join(c->m, in, out, "it may change in the loop", n);
    }
    return all;
}

static ox_status convert_body(ox__conv *c, ox_node n, ox_graph body, trust how, const ox_type *kept, ox_error *err)
{
    ox_status s = settle_body(c, n, body, how, kept, err);
    ox_value cond;
    if (s == OX_OK)
        s = ox_graph_add_input(c->m, &cond, body, 1, ox_value_fresh_name(c->m, "cond"),
                               ox_type_tensor(c->m, OX_BOOL, 0, NULL), err);
    if (s == OX_OK) s = ox__dispatch_graph(c, body);
    return s == OX_OK ? settle_outputs(c, n, body, err) : s;
}

/* A value that is not set before the loop has the dtype that some round gives it. True if one was found. */
static bool find_unset(ox__conv *c, ox_node n, ox_graph body, ox_dtype *dtypes)
{
    bool found = false;
    for (size_t i = 2; i < ox_node_n_inputs(c->m, n); i++) {
        ox_value v = ox_node_input(c->m, n, i);
        ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
        dtypes[i - 2] = OX_UNDEFINED;
        if (is_unset(c->m, v) && t.kind == OX_TYPE_TENSOR && !t.dtype)
            dtypes[i - 2] = ox__list_dtype(c, ox_graph_output(c->m, body, i - 1));
        found = found || dtypes[i - 2];
    }
    return found;
}

static ox_status set_unset(ox__conv *c, ox_node n, const ox_dtype *dtypes, ox_error *err)
{
    ox_status s = OX_OK;
    for (size_t i = 2; s == OX_OK && i < ox_node_n_inputs(c->m, n); i++) {
        ox_node made;
        if (!dtypes[i - 2]) continue;
        s = ox_node_create(c->m, &made, ox_node_graph(c->m, n), n, c->s_prim, ox__conv_str(c, "Uninitialized"), 0, NULL,
                           1, err);
        if (s != OX_OK) return s;
        ox_value v = ox_node_output(c->m, made, 0);
        s = ox_value_set_type(c->m, v, ox_type_tensor(c->m, dtypes[i - 2], OX_RANK_UNKNOWN, NULL), err);
        if (s == OX_OK) s = ox_node_set_origin(c->m, made, ox_node_origin(c->m, n), err);
        if (s == OX_OK) s = ox_node_set_input(c->m, n, i, v, err);
    }
    return s;
}

/* A second try of every loop in a loop would double the work at each level. */
enum { MAX_TRIES_DEPTH = 4, MAX_KEPT_DEPTH = 2, MAX_KEPT = 3 };

static ox_status convert_loop(ox__conv *c, ox_node n, ox_error *err)
{
    ox_graph body = ox_node_block(c->m, n, 0);
    size_t n_in = ox_node_n_inputs(c->m, n), carried = ox_node_n_outputs(c->m, n);
    if (ox_node_n_blocks(c->m, n) != 1 || n_in != carried + 2 || ox_graph_n_inputs(c->m, body) != carried + 1 ||
        ox_graph_n_outputs(c->m, body) != carried + 1)
        return ox__fail(err, OX_E_UNSUPPORTED, "prim::Loop does not carry the same values in, through and out");
    ox_status s = tensor_input(c, n, 0, OX_INT64, err);
    if (s == OX_OK) s = tensor_input(c, n, 1, OX_BOOL, err);
    for (size_t i = 2; s == OX_OK && i < n_in; i++)
        if (!is_unset(c->m, ox_node_input(c->m, n, i))) s = tensor_input(c, n, i, OX_UNDEFINED, err);
    if (s != OX_OK) return s;
    ox_mark mark = ox_journal_mark(c->m);
    size_t rows = c->report->rows.n, failures = c->report->n_failures;
    ox_type *kept = ox__calloc(carried + 1, sizeof *kept);
    ox_type *items = ox__calloc(carried + 1, sizeof *items);
    ox_dtype *dtypes = ox__calloc(carried + 1, sizeof *dtypes);
    if (!kept || !items || !dtypes) s = ox__nomem(err);
    int n_kept = c->depth <= MAX_KEPT_DEPTH ? 0 : MAX_KEPT;
    for (int how = c->depth <= MAX_TRIES_DEPTH ? WHOLE : DTYPE; s == OX_OK; how++) {
        s = convert_body(c, n, body, (trust)how, kept, err);
        bool failed = s != OX_OK || c->report->n_failures > failures, more = find_unset(c, n, body, dtypes);
        if (ox__is_fatal(c, &s) || (how == DTYPE && !more)) break;
        bool filled = how == WHOLE && !more && ox__loop_items(c, n, body, items);
        if (!more && !filled && !failed && is_kept(c, n, body, (trust)how, kept)) break;
        if (filled)
            how = WHOLE - 1; /* once: then it is known */
        else if (failed)
            how = KEPT; /* the dtypes are left */
        else if (how == KEPT && ++n_kept < MAX_KEPT)
            how = WHOLE; /* what depends on what is not kept is not kept either */
        if (more) how = c->depth <= MAX_TRIES_DEPTH ? WHOLE - 1 : DTYPE - 1;
        ox_journal_rollback(c->m, mark);
        c->report->rows.n = rows;
        c->report->n_failures = failures;
        s = more ? set_unset(c, n, dtypes, err) : filled ? ox__loop_set_items(c, n, items, err) : OX_OK;
        mark = ox_journal_mark(c->m);
    }
    ox__free(dtypes);
    ox__free(items);
    ox__free(kept);
    for (size_t i = 2; s == OX_OK && i < n_in; i++) s = tensor_input(c, n, i, OX_UNDEFINED, err); /* those not set */
    ox_attr attr = {.name = ox__conv_str(c, "body"), .kind = OX_ATTR_GRAPH, .u.g = body};
    if (s == OX_OK) s = ox_node_set_op(c->m, n, c->s_onnx, ox__conv_str(c, "Loop"), (ox_str){0}, err);
    if (s == OX_OK) s = ox__node_set_attrs(c->m, n, 1, &attr, err);
    return s == OX_OK ? settle_types(c, n, err) : s;
}

ox_status ox__convert_control(ox__conv *c, ox_node n, bool *done, ox_error *err)
{
    bool is_if = ox_node_is(c->m, n, "prim", "If");
    *done = is_if || ox_node_is(c->m, n, "prim", "Loop");
    if (!*done) return OX_OK;
    return is_if ? convert_if(c, n, err) : convert_loop(c, n, err);
}
