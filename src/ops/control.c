/* Floor 3. Inference of operators with blocks: If, Loop, Scan, SequenceMap. The blocks are inferred here when the
 * options say so; else their values have their types already. How they run: control_eval.c. */
#include "ops/control.h"

static ox_graph block_of(ox__inf *c, const char *name)
{
    const ox_attr *a = ox__inf_attr(c, name);
    return a && a->kind == OX_ATTR_GRAPH ? a->u.g : (ox_graph){0};
}

static ox_status infer_block(ox__inf *c, ox_graph g)
{
    return c->opt->blocks && g.id ? ox__infer_graph(c->facts, g, c->opt, NULL, c->err) : OX_OK;
}

static ox_type output_type(ox__inf *c, ox_graph g, size_t i)
{
    return ox_value_type(c->m, ox_graph_output(c->m, g, i));
}

/* Gives input i of a block what is known of it. */
static ox_status give(ox__inf *c, ox_graph g, size_t i, ox_type t)
{
    ox_value v = ox_graph_input(c->m, g, i);
    if (!c->opt->blocks || !v.id) return OX_OK;
    ox_type now = ox__type_merge(c->m, t, ox_value_given_type(c->m, v), NULL);
    return now.id == ox_value_type(c->m, v).id ? OX_OK : ox_value_set_inferred(c->m, v, now, c->opt->keep, c->err);
}

/* The type without its dims, rank included. */
static ox_type bare(ox__inf *c, ox_type t)
{
    ox_type_info info = ox_type_get(c->m, t);
    return info.kind == OX_TYPE_TENSOR ? ox_type_tensor(c->m, info.dtype, OX_RANK_UNKNOWN, NULL) : t;
}

/* ---- If ---- */
static ox_status infer_if(ox__inf *c)
{
    ox_graph yes = block_of(c, "then_branch"), no = block_of(c, "else_branch");
    if (!yes.id || !no.id) return ox__inf_fail(c, "a branch is missing");
    ox_status s = infer_block(c, yes);
    if (s == OX_OK) s = infer_block(c, no);
    if (s != OX_OK) return s;
    if (ox_graph_n_outputs(c->m, yes) != c->n_out || ox_graph_n_outputs(c->m, no) != c->n_out)
        return ox__inf_fail(c, "branches with %zu and %zu results for %zu outputs", ox_graph_n_outputs(c->m, yes),
                            ox_graph_n_outputs(c->m, no), c->n_out);
    for (size_t i = 0; i < c->n_out; i++) {
        s = ox__inf_out_type(
            c, i,
            ox__type_join(c->m, output_type(c, yes, i), output_type(c, no, i), "the branches of If differ", c->node));
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

/* ---- Loop ---- */

/* A result of each iteration, stacked. */
static ox_type stacked(ox__inf *c, ox_type t, ox_dim len, int64_t axis)
{
    ox_type_info info = ox_type_get(c->m, t);
    if (info.kind != OX_TYPE_TENSOR || info.rank < 0)
        return ox_type_tensor(c->m, info.kind == OX_TYPE_TENSOR ? info.dtype : OX_UNDEFINED, OX_RANK_UNKNOWN, NULL);
    if (axis < 0) axis += info.rank + 1;
    ox_dim *dims = ox__inf_dims(c, (size_t)info.rank + 1);
    if (!dims || axis < 0 || axis > info.rank) return (ox_type){0};
    for (int32_t i = 0, k = 0; i <= info.rank; i++) dims[i] = i == axis ? len : info.dims[k++];
    return ox_type_tensor(c->m, info.dtype, info.rank + 1, dims);
}

static ox_status infer_loop(ox__inf *c)
{
    ox_graph body = block_of(c, "body");
    if (!body.id) return ox__inf_fail(c, "the body is missing");
    size_t carried = c->n_in > 2 ? c->n_in - 2 : 0;
    if (ox_graph_n_inputs(c->m, body) != carried + 2 || ox_graph_n_outputs(c->m, body) != 1 + c->n_out ||
        c->n_out < carried)
        return ox__inf_fail(c, "a body of %zu inputs and %zu outputs for %zu carried values and %zu outputs",
                            ox_graph_n_inputs(c->m, body), ox_graph_n_outputs(c->m, body), carried, c->n_out);
    ox_status s = give(c, body, 0, ox_type_tensor(c->m, OX_INT64, 0, NULL));
    if (s == OX_OK) s = give(c, body, 1, ox_type_tensor(c->m, OX_BOOL, 0, NULL));
    for (size_t i = 0; s == OX_OK && i < carried; i++)
        s = give(c, body, i + 2, bare(c, ox_value_type(c->m, ox__inf_value(c, i + 2))));
    if (s == OX_OK) s = infer_block(c, body);
    for (size_t i = 0; s == OX_OK && i < c->n_out; i++) {
        ox_type t = output_type(c, body, i + 1);
        if (i < carried)
            t = ox__type_join(c->m, ox_value_type(c->m, ox__inf_value(c, i + 2)), t, "it may change in the loop",
                              c->node);
        else
            t = stacked(c, t, ox__inf_unknown(c, "how often the loop runs"), 0);
        s = ox__inf_out_type(c, i, t);
    }
    return s;
}

/* ---- Scan ---- */
static int64_t list_at(const int64_t *v, size_t n, size_t i)
{
    return v && i < n ? v[i] : 0;
}

/* What the block gets of a scanned input: its dims without the axis, and without `batch` first ones; *len is the dim of
 * the axis. */
static ox_type one_step(ox__inf *c, size_t i, int64_t axis, int32_t batch, ox_dim *len, ox_status *s)
{
    int32_t rank = c->in[i].rank, n = 0;
    if (axis < 0) axis += rank - batch;
    if (axis < 0 || axis >= rank - batch) {
        *s = ox__inf_fail(c, "input %zu of %d dims has no axis %lld", i, (int)rank, (long long)axis);
        return (ox_type){0};
    }
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (!dims) *s = OX_E_NOMEM;
    for (int32_t k = batch; dims && k < rank; k++)
        if (k == axis + batch)
            *len = c->in[i].dims[k];
        else
            dims[n++] = c->in[i].dims[k];
    return dims ? ox_type_tensor(c->m, c->in[i].dtype, n, dims) : (ox_type){0};
}

/* A state keeps its dims from step to step. */
static ox_type kept(ox__inf *c, ox_type in, ox_type out)
{
    bool clash = false;
    ox_type t = ox__type_merge(c->m, in, out, &clash);
    return clash ? ox__type_join(c->m, in, out, "it changes in the scan", c->node) : t;
}

/* Opset 8 has an optional input of lengths first, and a batch dim in front of all others; it scans their dim 1. */
static ox_status infer_scan(ox__inf *c)
{
    ox_graph body = block_of(c, "body");
    if (!body.id) return ox__inf_fail(c, "the body is missing");
    bool batched = c->opset < 9;
    int64_t n_scan = ox__inf_int(c, "num_scan_inputs", 0);
    size_t skip = batched && c->n_in ? 1 : 0, n_in = c->n_in - skip, n_axes, n_out_axes;
    if (n_scan < 1 || (uint64_t)n_scan > n_in) return ox__inf_fail(c, "num_scan_inputs = %lld", (long long)n_scan);
    size_t n_state = n_in - (size_t)n_scan;
    const int64_t *axes = ox__inf_ints(c, batched ? "" : "scan_input_axes", &n_axes),
                  *out_axes = ox__inf_ints(c, batched ? "" : "scan_output_axes", &n_out_axes);
    if (ox_graph_n_inputs(c->m, body) != n_in || ox_graph_n_outputs(c->m, body) != c->n_out || c->n_out < n_state)
        return ox__inf_fail(c, "the body does not fit %zu inputs and %zu outputs", c->n_in, c->n_out);
    ox_dim len = ox__inf_unknown(c, "the length of an unknown input of Scan"),
           batch = ox__inf_unknown(c, "the batch of unknown inputs of Scan");
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < n_in; i++) {
        ox_type t = {0};
        if (batched && ox__inf_ranked(c, i + skip) && c->in[i + skip].rank > 0) batch = c->in[i + skip].dims[0];
        if (i < n_state && !batched)
            t = ox_value_type(c->m, ox__inf_value(c, i));
        else if (i < n_state && ox__inf_ranked(c, i + skip))
            t = one_step(c, i + skip, 0, 0, &batch, &s);
        else if (i >= n_state && ox__inf_ranked(c, i + skip))
            t = one_step(c, i + skip, list_at(axes, n_axes, i - n_state), batched, &len, &s);
        if (s == OX_OK) s = give(c, body, i, t);
    }
    if (s == OX_OK) s = infer_block(c, body);
    for (size_t i = 0; s == OX_OK && i < c->n_out; i++) {
        ox_type t = output_type(c, body, i);
        if (i >= n_state) t = stacked(c, t, len, list_at(out_axes, n_out_axes, i - n_state));
        if (batched) t = stacked(c, t, batch, 0);
        if (i < n_state) t = kept(c, ox_value_type(c->m, ox__inf_value(c, i + skip)), t);
        s = ox__inf_out_type(c, i, t);
    }
    return s;
}

/* ---- SequenceMap ---- */
static ox_status infer_sequence_map(ox__inf *c)
{
    ox_graph body = block_of(c, "body");
    if (!body.id) return ox__inf_fail(c, "the body is missing");
    if (ox_graph_n_inputs(c->m, body) != c->n_in || ox_graph_n_outputs(c->m, body) != c->n_out)
        return ox__inf_fail(c, "the body does not fit %zu inputs and %zu outputs", c->n_in, c->n_out);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < c->n_in; i++) {
        bool sequence = c->in[i].kind == OX_TYPE_SEQUENCE && c->in[i].n_items == 1;
        s = give(c, body, i, sequence ? c->in[i].items[0] : ox_value_type(c->m, ox__inf_value(c, i)));
    }
    if (s == OX_OK) s = infer_block(c, body);
    for (size_t i = 0; s == OX_OK && i < c->n_out; i++) {
        ox_type t = output_type(c, body, i);
        s = ox__inf_out_type(c, i, t.id ? ox_type_of(c->m, OX_TYPE_SEQUENCE, t) : t);
    }
    return s;
}

static const ox__op_row rows[] = {
    {"If", infer_if, ox__eval_if, 0},
    {"Loop", infer_loop, ox__eval_loop, 0},
    {"Scan", infer_scan, ox__eval_scan, 0},
    {"SequenceMap", infer_sequence_map, ox__eval_sequence_map, 0},
};
const ox__op_family ox__ops_control = {rows, OX__COUNT(rows), NULL};
