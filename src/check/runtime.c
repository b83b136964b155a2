/* Floor 4. Operators that runtimes stumble on: training left in, indices of 64 bits, blocks without types, modes of
 * Resize. */
#include "check/habits.h"

/* ---- training ---- */

static ox_tri known_bool(ox__check *c, ox_value v)
{
    uint8_t byte;
    ox_error err;
    ox_tensor t = ox__known_tensor(c, v);
    ox_tensor_info info = ox_tensor_get(c->m, t);
    bool stored = info.storage == OX_STORAGE_FILE || info.storage == OX_STORAGE_OWNED;
    if (!t.id || !stored || info.dtype != OX_BOOL || info.n_elements != 1) return OX_UNKNOWN;
    if (ox_tensor_read(c->m, t, 0, &byte, 1, &err) != OX_OK) return OX_UNKNOWN;
    return byte ? OX_YES : OX_NO;
}

static bool is_zero(ox__check *c, ox_value v)
{
    uint64_t raw = 1;
    ox_error err;
    ox_tensor t = ox__known_tensor(c, v);
    ox_tensor_info info = ox_tensor_get(c->m, t);
    uint64_t bytes = ox_tensor_raw_size(c->m, t);
    bool stored = info.storage == OX_STORAGE_FILE || info.storage == OX_STORAGE_OWNED;
    if (!stored || !ox_dtype_is_float(info.dtype) || info.n_elements != 1 || bytes > sizeof raw) return false;
    return ox_tensor_read(c->m, t, 0, &raw, bytes, &err) == OX_OK && ox_dtype_get_f64(info.dtype, &raw, 0) == 0.0;
}

void ox__habit_dropout(ox__check *c, ox_node n)
{
    int64_t opset = ox_node_opset(c->m, n);
    ox_value mode = ox_node_input(c->m, n, 2);
    ox_tri training = !mode.id ? OX_NO : known_bool(c, mode);
    if (opset && opset < 7) training = ox__known_attr(c, n, "is_test", 0) ? OX_NO : OX_YES;
    if (is_zero(c, ox_node_input(c->m, n, 1))) training = OX_NO; /* drops none */
    if (training == OX_YES)
        ox__check_report(c, OX__CHECK_TRAINING_NODE, OX__AT_NODE(n), NULL,
                         "%s drops elements at random, as in training", ox__check_node_name(c, n));
    else if (training == OX_NO)
        ox__check_report(c, OX__CHECK_IDLE_DROPOUT, OX__AT_NODE(n), NULL, "%s does nothing", ox__check_node_name(c, n));
}

void ox__habit_batch_norm(ox__check *c, ox_node n)
{
    int64_t opset = ox_node_opset(c->m, n);
    bool training = ox__known_attr(c, n, "training_mode", 0) != 0;
    if (opset && opset < 7) training = ox__known_attr(c, n, "is_test", 0) == 0;
    if (opset >= 7 && opset < 14) training = ox_node_n_outputs(c->m, n) > 1;
    if (training)
        ox__check_report(c, OX__CHECK_TRAINING_NODE, OX__AT_NODE(n), NULL,
                         "%s normalizes by the statistics of the batch, as in training", ox__check_node_name(c, n));
}

/* ---- indices ---- */

static void indices(ox__check *c, ox_node n, size_t input)
{
    int64_t at[OX__KNOWN_MAX];
    size_t count;
    ox_value v = ox_node_input(c->m, n, input);
    if (!ox__known_ints(c, v, OX__KNOWN_MAX, at, &count)) return;
    for (size_t i = 0; i < count; i++) {
        /* The ends of the number range are how Slice says "to the end"; every runtime knows them. */
        bool end = at[i] == INT64_MAX || at[i] == INT64_MIN || at[i] == INT64_MAX - 1 || at[i] == -INT64_MAX;
        if (end || (at[i] >= INT32_MIN && at[i] <= INT32_MAX)) continue;
        ox__check_report(c, OX__CHECK_LARGE_INDEX, (ox__place_of){.node = n, .value = v}, NULL,
                         "%s: input %zu holds %lld, which does not fit into 32 bits", ox__check_node_name(c, n), input,
                         (long long)at[i]);
        return;
    }
}

void ox__habit_indices(ox__check *c, ox_node n, uint32_t inputs)
{
    if (!c->wanted[OX__CHECK_LARGE_INDEX]) return;
    for (size_t i = 0; inputs >> i; i++)
        if (inputs >> i & 1 && i < ox_node_n_inputs(c->m, n)) indices(c, n, i);
}

/* ---- blocks ---- */

void ox__habit_block(ox__check *c, ox_node n)
{
    for (size_t b = 0; b < ox_node_n_blocks(c->m, n) && !c->stopped; b++) {
        ox_graph g = ox_node_block(c->m, n, b);
        for (size_t i = 0; i < ox_graph_n_outputs(c->m, g); i++) {
            ox_value v = ox_graph_output(c->m, g, i);
            if (ox_type_get(c->m, ox_value_type(c->m, v)).kind != OX_TYPE_NONE_KNOWN) continue;
            ox__check_report(c, OX__CHECK_UNTYPED_BLOCK, (ox__place_of){.node = n, .value = v}, NULL,
                             "%s: output %zu of its block %s, %s, has no type", ox__check_node_name(c, n), i,
                             ox__check_name(c, ox_graph_name(c->m, g)), ox__check_name(c, ox_value_name(c->m, v)));
            break;
        }
    }
}

/* ---- Resize, Upsample ---- */

static bool attr_is(const ox__check *c, ox_node n, const char *name, const char *text)
{
    const ox_attr *a = ox_node_attr(c->m, n, name);
    return a && a->kind == OX_ATTR_STRING && strcmp(ox_str_text(c->m, a->u.s, NULL), text) == 0;
}

void ox__habit_resize(ox__check *c, ox_node n)
{
    int32_t rank = ox__known_rank(c, ox_node_input(c->m, n, 0));
    bool cubic = attr_is(c, n, "mode", "cubic"), nearest = !cubic && !attr_is(c, n, "mode", "linear");
    /* Measured: ONNX Runtime's CPU kernel takes cubic for 2 dims, or 4 of which the middle two or last two change. */
    if (cubic && rank >= 0 && rank != 2 && rank != 4)
        ox__check_report(c, OX__CHECK_RESIZE_MODE, OX__AT_NODE(n), NULL,
                         "%s: cubic interpolation of %d dims; ONNX Runtime has it for 2 and 4",
                         ox__check_node_name(c, n), (int)rank);
    if (nearest && ox__known_attr(c, n, "antialias", 0) != 0)
        ox__check_report(c, OX__CHECK_RESIZE_MODE, OX__AT_NODE(n), NULL,
                         "%s: antialias with nearest; ONNX Runtime has it for linear and cubic",
                         ox__check_node_name(c, n));
    ox__habit_resize_sizes(c, n);
}
