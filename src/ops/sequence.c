/* Floor 3. Operators on sequences and optionals. What is computed: sequence_eval.c. */
#include "ops/sequence.h"

static ox_status infer_sequence_construct(ox__inf *c)
{
    ox_type item = ox_value_type(c->m, ox__inf_value(c, 0));
    for (size_t i = 1; i < c->n_in; i++)
        item = ox__type_join(c->m, item, ox_value_type(c->m, ox__inf_value(c, i)), "the items of a sequence differ",
                             c->node);
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
        c, 0,
        ox_type_of(c->m, OX_TYPE_SEQUENCE, ox__type_join(c->m, item, more, "the items of a sequence differ", c->node)));
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
    const ox_attr *a = ox__inf_attr(c, "type");
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
    {"ConcatFromSequence", infer_concat_from_sequence, ox__eval_concat_from_sequence, 0},
    {"Optional", infer_optional, ox__eval_optional, 0},
    {"OptionalGetElement", infer_optional_get, ox__eval_optional_get, 0},
    {"OptionalHasElement", infer_bool_scalar, ox__eval_optional_has, 0},
    {"SequenceAt", infer_item, ox__eval_sequence_at, 0},
    {"SequenceConstruct", infer_sequence_construct, ox__eval_sequence_construct, 0},
    {"SequenceEmpty", infer_sequence_empty, ox__eval_sequence_empty, 0},
    {"SequenceErase", infer_as_input, ox__eval_sequence_erase, 0},
    {"SequenceInsert", infer_sequence_insert, ox__eval_sequence_insert, 0},
    {"SequenceLength", infer_int_scalar, ox__eval_sequence_length, 0},
    {"SplitToSequence", infer_split_to_sequence, ox__eval_split_to_sequence, 0},
};
const ox__op_family ox__ops_sequence = {rows, OX__COUNT(rows), NULL};
