/* Floor 3. Operators with blocks (If, Loop, Scan) and on sequences and optionals. The blocks are inferred here when the
 * options say so; else their values have their types already. */
#include "ops/infer.h"

static ox_graph block_of(ox__inf *c, const char *name)
{
    const ox_attr *a = ox_node_attr(c->m, c->node, name);
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
    if (!c->opt->blocks || !v.id || !t.id) return OX_OK;
    ox_type had = ox_value_type(c->m, v), now = ox__type_merge(c->m, t, had, NULL);
    return now.id == had.id ? OX_OK : ox_value_set_type(c->m, v, now, c->err);
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
            c, i, ox__type_join(c->m, output_type(c, yes, i), output_type(c, no, i), "the branches of If differ"));
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
            t = ox__type_join(c->m, ox_value_type(c->m, ox__inf_value(c, i + 2)), t, "it may change in the loop");
        else
            t = stacked(c, t, ox__inf_unknown(c, "how often the loop runs"), 0);
        s = ox__inf_out_type(c, i, t);
    }
    return s;
}

/* ---- Scan (opset 9 on; 8 had a batch dim) ---- */
static int64_t list_at(const int64_t *v, size_t n, size_t i)
{
    return v && i < n ? v[i] : 0;
}

static ox_status infer_scan(ox__inf *c)
{
    ox_graph body = block_of(c, "body");
    if (!body.id) return ox__inf_fail(c, "the body is missing");
    int64_t n_scan = ox__inf_int(c, "num_scan_inputs", 0);
    if (c->opset < 9) return OX_OK;
    if (n_scan < 1 || (uint64_t)n_scan > c->n_in) return ox__inf_fail(c, "num_scan_inputs = %lld", (long long)n_scan);
    size_t n_state = c->n_in - (size_t)n_scan, n_axes, n_out_axes;
    const int64_t *axes = ox__inf_ints(c, "scan_input_axes", &n_axes),
                  *out_axes = ox__inf_ints(c, "scan_output_axes", &n_out_axes);
    if (ox_graph_n_inputs(c->m, body) != c->n_in || ox_graph_n_outputs(c->m, body) != c->n_out || c->n_out < n_state)
        return ox__inf_fail(c, "the body does not fit %zu inputs and %zu outputs", c->n_in, c->n_out);
    ox_dim len = ox__inf_unknown(c, "the length of an unknown input of Scan");
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < c->n_in; i++) {
        if (i < n_state || !ox__inf_ranked(c, i)) {
            s = give(c, body, i, i < n_state ? bare(c, ox_value_type(c->m, ox__inf_value(c, i))) : (ox_type){0});
            continue;
        }
        int64_t axis = list_at(axes, n_axes, i - n_state);
        s = ox__inf_axis(c, &axis, c->in[i].rank);
        ox_dim *dims = ox__inf_dims(c, (size_t)c->in[i].rank);
        if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
        int32_t n = 0;
        for (int32_t k = 0; k < c->in[i].rank; k++)
            if (k == axis)
                len = c->in[i].dims[k];
            else
                dims[n++] = c->in[i].dims[k];
        s = give(c, body, i, ox_type_tensor(c->m, c->in[i].dtype, n, dims));
    }
    if (s == OX_OK) s = infer_block(c, body);
    for (size_t i = 0; s == OX_OK && i < c->n_out; i++) {
        ox_type t = output_type(c, body, i);
        if (i >= n_state) t = stacked(c, t, len, list_at(out_axes, n_out_axes, i - n_state));
        s = ox__inf_out_type(c, i, t);
    }
    return s;
}

/* ---- sequences and optionals ---- */
static ox_status infer_sequence_construct(ox__inf *c)
{
    ox_type item = ox_value_type(c->m, ox__inf_value(c, 0));
    for (size_t i = 1; i < c->n_in; i++)
        item = ox__type_join(c->m, item, ox_value_type(c->m, ox__inf_value(c, i)), "the items of a sequence differ");
    return ox__inf_out_type(c, 0, ox_type_of(c->m, OX_TYPE_SEQUENCE, item));
}

static ox_status infer_sequence_empty(ox__inf *c)
{
    int64_t d = ox__inf_int(c, "dtype", OX_FLOAT);
    ox_type item = ox_type_tensor(c->m, d > 0 && d < OX_N_DTYPES ? (ox_dtype)d : OX_FLOAT, OX_RANK_UNKNOWN, NULL);
    return ox__inf_out_type(c, 0, ox_type_of(c->m, OX_TYPE_SEQUENCE, item));
}

/* The item type of a sequence or optional. */
static ox_type item_of(ox__inf *c, size_t i)
{
    bool holds = i < c->n_in && (c->in[i].kind == OX_TYPE_SEQUENCE || c->in[i].kind == OX_TYPE_OPTIONAL);
    return holds && c->in[i].n_items ? c->in[i].items[0] : (ox_type){0};
}

static ox_status infer_item(ox__inf *c)
{
    return ox__inf_out_type(c, 0, item_of(c, 0));
}

static ox_status infer_sequence_insert(ox__inf *c)
{
    ox_type item = item_of(c, 0), more = ox_value_type(c->m, ox__inf_value(c, 1));
    return ox__inf_out_type(
        c, 0, ox_type_of(c->m, OX_TYPE_SEQUENCE, ox__type_join(c->m, item, more, "the items of a sequence differ")));
}

static ox_status infer_as_input(ox__inf *c)
{
    return ox__inf_out_type(c, 0, ox_value_type(c->m, ox__inf_value(c, 0)));
}

static ox_status infer_int_scalar(ox__inf *c)
{
    return ox__inf_out(c, 0, OX_INT64, 0, NULL);
}

static ox_status infer_bool_scalar(ox__inf *c)
{
    return ox__inf_out(c, 0, OX_BOOL, 0, NULL);
}

static ox_status infer_split_to_sequence(ox__inf *c)
{
    if (!ox__inf_ranked(c, 0))
        return ox__inf_out_type(
            c, 0, ox_type_of(c->m, OX_TYPE_SEQUENCE, ox_type_tensor(c->m, ox__inf_dtype(c, 0), OX_RANK_UNKNOWN, NULL)));
    int64_t axis = ox__inf_int(c, "axis", 0);
    int32_t rank = c->in[0].rank;
    ox_status s = ox__inf_axis(c, &axis, rank);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    ox__vec_fact v;
    if (!ox__inf_has(c, 1))
        dims[axis] = ox__inf_const(c, 1);
    else
        dims[axis] = ox__inf_vec(c, 1, &v) && v.scalar ? ox__inf_unknown(c, "the last item may be smaller")
                                                       : ox__inf_unknown(c, "the items of a sequence differ");
    if (!ox__inf_has(c, 1) && ox__inf_int(c, "keepdims", 1) == 0) {
        for (int32_t i = (int32_t)axis; i + 1 < rank; i++) dims[i] = dims[i + 1];
        rank--;
    }
    return ox__inf_out_type(c, 0,
                            ox_type_of(c->m, OX_TYPE_SEQUENCE, ox_type_tensor(c->m, ox__inf_dtype(c, 0), rank, dims)));
}

static ox_status infer_concat_from_sequence(ox__inf *c)
{
    ox_type_info item = ox_type_get(c->m, item_of(c, 0));
    if (item.kind != OX_TYPE_TENSOR || item.rank < 0)
        return ox__inf_out(c, 0, item.kind == OX_TYPE_TENSOR ? item.dtype : OX_UNDEFINED, OX_RANK_UNKNOWN, NULL);
    bool fresh = ox__inf_int(c, "new_axis", 0) != 0;
    int64_t axis = ox__inf_int(c, "axis", 0);
    int32_t rank = item.rank + fresh;
    ox_status s = ox__inf_axis(c, &axis, rank);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    for (int32_t i = 0, k = 0; i < rank; i++) {
        if (i == axis) {
            dims[i] = ox__inf_unknown(c, "how many items a sequence has");
            k += !fresh;
        } else {
            dims[i] = item.dims[k++];
        }
    }
    return ox__inf_out(c, 0, item.dtype, rank, dims);
}

static ox_status infer_optional(ox__inf *c)
{
    const ox_attr *a = ox_node_attr(c->m, c->node, "type");
    if (!ox__inf_has(c, 0))
        return ox__inf_out_type(
            c, 0, a && a->kind == OX_ATTR_TYPE ? ox_type_of(c->m, OX_TYPE_OPTIONAL, a->u.type) : (ox_type){0});
    return ox__inf_out_type(c, 0, ox_type_of(c->m, OX_TYPE_OPTIONAL, ox_value_type(c->m, ox__inf_value(c, 0))));
}

/* From opset 18 on the input may be a tensor or a sequence itself. */
static ox_status infer_optional_get(ox__inf *c)
{
    return c->n_in && c->in[0].kind == OX_TYPE_OPTIONAL ? infer_item(c) : infer_as_input(c);
}

static const ox__op_row rows[] = {
    {"ConcatFromSequence", infer_concat_from_sequence, NULL, 0},
    {"If", infer_if, NULL, 0},
    {"Loop", infer_loop, NULL, 0},
    {"Optional", infer_optional, NULL, 0},
    {"OptionalGetElement", infer_optional_get, NULL, 0},
    {"OptionalHasElement", infer_bool_scalar, NULL, 0},
    {"Scan", infer_scan, NULL, 0},
    {"SequenceAt", infer_item, NULL, 0},
    {"SequenceConstruct", infer_sequence_construct, NULL, 0},
    {"SequenceEmpty", infer_sequence_empty, NULL, 0},
    {"SequenceErase", infer_as_input, NULL, 0},
    {"SequenceInsert", infer_sequence_insert, NULL, 0},
    {"SequenceLength", infer_int_scalar, NULL, 0},
    {"SplitToSequence", infer_split_to_sequence, NULL, 0},
};
const ox__op_family ox__ops_control = {rows, OX__COUNT(rows)};
