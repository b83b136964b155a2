/* Floor 3. com.microsoft: rows, and inference of all but attention. Some operators are those of ai.onnx under another
 * domain. */
#include "ops/ms.h"

#include "ops/create.h"
#include "ops/gather.h"
#include "ops/layout.h"
#include "ops/quant.h"
#include "ops/unary.h"

enum { PLAIN_OPSET = 13 }; /* of ai.onnx, as whose operators others behave */

/* ---- operators of ai.onnx ---- */
static ox_status infer_as(ox__inf *c, const char *op)
{
    const ox__op_row *row = ox__facts_op_named(c->facts, op);
    ox__inf plain = *c;
    plain.opset = PLAIN_OPSET;
    return row && row->infer ? row->infer(&plain) : OX_OK;
}

#define INFER_AS(name, op) \
    static ox_status infer_as_##name(ox__inf *c) \
    { \
        return infer_as(c, op); \
    }
INFER_AS(conv, "Conv")
INFER_AS(conv_transpose, "ConvTranspose")
INFER_AS(gemm, "Gemm")
INFER_AS(trilu, "Trilu")
INFER_AS(gather_nd, "GatherND")
INFER_AS(pad, "Pad")
INFER_AS(range, "Range")
INFER_AS(unique, "Unique")
INFER_AS(grid_sample, "GridSample")
INFER_AS(max_pool, "MaxPool")

#define EVAL_AS(name) \
    static ox_status eval_as_##name(ox__ev *e) \
    { \
        ox__ev plain = *e; \
        plain.opset = PLAIN_OPSET; \
        return ox__eval_##name(&plain); \
    }
EVAL_AS(trilu)
EVAL_AS(gather_nd)
EVAL_AS(pad)
EVAL_AS(range)
EVAL_AS(quantize)
EVAL_AS(dequantize)

/* ---- the shape of an input ---- */
static ox_status infer_same(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, ox__inf_dtype(c, 0));
}

/* The shape of input 0, the dtype of the scale. */
static ox_status infer_dequantize(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, ox__inf_dtype(c, 1));
}

static ox_status infer_quantize(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, ox__inf_has(c, 2) ? ox__inf_dtype(c, 2) : OX_UINT8);
}

static ox_status infer_second(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 1, ox__inf_dtype(c, 1));
}

/* Outputs 1 and 2 are the mean and the inverse deviation of each row, output 3 the sum of what was added. */
static ox_status infer_skip_norm(ox__inf *c)
{
    ox_status s = infer_same(c);
    if (s == OX_OK) s = ox__inf_out_like(c, 3, 0, ox__inf_dtype(c, 0));
    if (s != OX_OK || !ox__inf_ranked(c, 0) || c->in[0].rank < 1) return s;
    ox_dim *dims = ox__inf_copy(c, 0);
    if (!dims) return OX_E_NOMEM;
    dims[c->in[0].rank - 1] = ox__inf_const(c, 1);
    for (size_t o = 1; s == OX_OK && o < 3; o++) s = ox__inf_out(c, o, OX_FLOAT, c->in[0].rank, dims);
    return s;
}

static ox_status infer_dropout(ox__inf *c)
{
    ox_status s = infer_same(c);
    return s == OX_OK ? ox__inf_out_like(c, 1, 0, OX_BOOL) : s;
}

static ox_status infer_norm(ox__inf *c)
{
    return infer_as(c, "LayerNormalization");
}

static ox_status infer_q_binary(ox__inf *c)
{
    if (!ox__inf_ranked(c, 0) || !ox__inf_ranked(c, 3))
        return ox__inf_out(c, 0, ox__inf_dtype(c, 0), OX_RANK_UNKNOWN, NULL);
    ox_type_info pair[2] = {c->in[0], c->in[3]};
    int32_t rank = OX__MAX(pair[0].rank, pair[1].rank);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank);
    if (!dims) return OX_E_NOMEM;
    for (int32_t i = 0; i < rank; i++) {
        int32_t a = i - (rank - pair[0].rank), b = i - (rank - pair[1].rank);
        dims[i] = a < 0 ? pair[1].dims[b] : pair[0].dims[a];
        ox_status s = a < 0 || b < 0 ? OX_OK : ox__inf_broadcast_dim(c, pair[0].dims[a], pair[1].dims[b], &dims[i]);
        if (s != OX_OK) return s;
    }
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), rank, dims);
}

/* Half of the last dim. */
static ox_status infer_split_gelu(ox__inf *c)
{
    if (!ox__inf_ranked(c, 0) || c->in[0].rank < 1) return infer_same(c);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (!dims) return OX_E_NOMEM;
    ox_dim *last = &dims[c->in[0].rank - 1];
    *last = ox_dim_floordiv(c->m, *last, ox__inf_const(c, 2));
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), c->in[0].rank, dims);
}

/* ---- products ---- */
static ox_status swap_last(ox__inf *c, ox_type_info *t, bool swap)
{
    if (!swap || t->rank < 2) return OX_OK;
    ox_dim *dims = ox__inf_dims(c, (size_t)t->rank);
    if (!dims) return OX_E_NOMEM;
    memcpy(dims, t->dims, (size_t)t->rank * sizeof *dims);
    ox_dim last = dims[t->rank - 1];
    dims[t->rank - 1] = dims[t->rank - 2];
    dims[t->rank - 2] = last;
    t->dims = dims;
    return OX_OK;
}

/* As MatMul of inputs whose last two dims may be swapped. */
static ox_status product(ox__inf *c, ox_dtype dtype, bool ta, bool tb)
{
    if (ox__inf_int(c, "transBatchA", 0) || ox__inf_int(c, "transBatchB", 0))
        return ox__inf_out_unknown(c, 0, dtype, ox__inf_rank(c, 0), "a product of transposed batches");
    const ox__op_row *row = ox__facts_op_named(c->facts, "MatMul");
    ox__inf plain = *c;
    ox_type_info *in = ox__arena_alloc(c->mem, (c->n_in + 1) * sizeof *in);
    if (!in) return ox__nomem(c->err);
    memcpy(in, c->in, c->n_in * sizeof *in);
    plain.in = in;
    plain.opset = PLAIN_OPSET;
    ox_status s = c->n_in < 2 ? OX_OK : swap_last(c, &in[0], ta);
    if (s == OX_OK && c->n_in > 1) s = swap_last(c, &in[1], tb);
    if (c->n_in > 1) in[0].dtype = dtype;
    return s == OX_OK && row && row->infer ? row->infer(&plain) : s;
}

static ox_status infer_fused_matmul(ox__inf *c)
{
    return product(c, ox__inf_dtype(c, 0), ox__inf_int(c, "transA", 0) != 0, ox__inf_int(c, "transB", 0) != 0);
}

static ox_status infer_dynamic_matmul(ox__inf *c)
{
    return product(c, OX_FLOAT, false, false);
}

static ox_status infer_matmul_to_float(ox__inf *c)
{
    return product(c, ox__inf_dtype(c, 2), false, false);
}

static ox_status infer_matmul_int16(ox__inf *c)
{
    return product(c, OX_INT32, false, false);
}

/* The last dim becomes the attribute N. */
static ox_status infer_nbits(ox__inf *c)
{
    int64_t n = ox__inf_int(c, "N", 0);
    if (!ox__inf_ranked(c, 0) || c->in[0].rank < 1)
        return ox__inf_out(c, 0, ox__inf_dtype(c, 0), OX_RANK_UNKNOWN, NULL);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (!dims) return OX_E_NOMEM;
    dims[c->in[0].rank - 1] = n > 0 ? ox__inf_const(c, n) : ox__inf_unknown(c, "N is not stated");
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), c->in[0].rank, dims);
}

static ox_status infer_q_gemm(ox__inf *c)
{
    bool ta = ox__inf_int(c, "transA", 0) != 0, tb = ox__inf_int(c, "transB", 0) != 0;
    ox_dim dims[2] = {ox__inf_unknown(c, "an input of unknown shape"), ox__inf_unknown(c, "an input of unknown shape")};
    if (ox__inf_rank(c, 0) == 2) dims[0] = c->in[0].dims[ta];
    if (ox__inf_rank(c, 3) == 2) dims[1] = c->in[3].dims[!tb];
    return ox__inf_out(c, 0, ox__inf_has(c, 8) ? ox__inf_dtype(c, 8) : OX_FLOAT, 2, dims);
}

static ox_status infer_cdist(ox__inf *c)
{
    ox_dim dims[2] = {ox__inf_unknown(c, "an input of unknown shape"), ox__inf_unknown(c, "an input of unknown shape")};
    for (size_t i = 0; i < 2; i++)
        if (ox__inf_rank(c, i) == 2) dims[i] = c->in[i].dims[0];
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), 2, dims);
}

/* ---- channels last, quantized windows ---- */
static ox_status infer_q_global_pool(ox__inf *c)
{
    if (!ox__inf_ranked(c, 0) || c->in[0].rank < 2) return infer_same(c);
    bool last = ox__inf_int(c, "channels_last", 0) != 0;
    ox_dim *dims = ox__inf_copy(c, 0);
    if (!dims) return OX_E_NOMEM;
    for (int32_t i = 1; i < c->in[0].rank; i++)
        if (i != (last ? c->in[0].rank - 1 : 1)) dims[i] = ox__inf_const(c, 1);
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), c->in[0].rank, dims);
}

/* Dims with the channels moved to place 1, or back to the end. */
static ox_dim *move_channels(ox__inf *c, const ox_dim *d, int32_t rank, bool to_end)
{
    ox_dim *out = ox__inf_dims(c, (size_t)rank);
    if (!out) return NULL;
    for (int32_t i = 0; i < rank; i++) {
        int32_t from = i == 0 ? 0 : to_end ? (i == rank - 1 ? 1 : i + 1) : i == 1 ? rank - 1 : i - 1;
        out[i] = d[from];
    }
    return out;
}

/* As the operator that has its channels at place 1; input 1 too if it is a filter. */
static ox_status infer_channels_last(ox__inf *c, const char *op, bool filter)
{
    const ox__op_row *row = ox__facts_op_named(c->facts, op);
    if (!ox__inf_ranked(c, 0) || c->in[0].rank < 3 || !row || !row->infer) return OX_OK;
    ox__inf plain = *c;
    ox_type_info *in = ox__arena_alloc(c->mem, (c->n_in + 1) * sizeof *in);
    if (!in) return ox__nomem(c->err);
    memcpy(in, c->in, c->n_in * sizeof *in);
    for (size_t i = 0; i < (filter ? 2u : 1u) && i < c->n_in; i++)
        if (ox__inf_ranked(c, i) && c->in[i].rank >= 3 &&
            !(in[i].dims = move_channels(c, c->in[i].dims, c->in[i].rank, false)))
            return OX_E_NOMEM;
    plain.in = in;
    plain.opset = PLAIN_OPSET;
    ox_status s = row->infer(&plain);
    ox_type_info out = ox_type_get(c->m, c->n_out ? c->out[0] : (ox_type){0});
    if (s != OX_OK || out.kind != OX_TYPE_TENSOR || out.rank < 3) return s;
    ox_dim *dims = move_channels(c, out.dims, out.rank, true);
    return dims ? ox__inf_out(c, 0, out.dtype, out.rank, dims) : OX_E_NOMEM;
}

static ox_status infer_nhwc_conv(ox__inf *c)
{
    return infer_channels_last(c, "Conv", true);
}

static ox_status infer_nhwc_pool(ox__inf *c)
{
    return infer_channels_last(c, "MaxPool", false);
}

static ox_status infer_q_pool(ox__inf *c)
{
    if (ox__inf_int(c, "channels_last", 0)) return infer_channels_last(c, "AveragePool", false);
    return infer_as(c, "AveragePool");
}

/* QLinearConcat(scale, zero_point, (x, scale, zero_point)...). */
static ox_status infer_q_concat(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 1);
    size_t n = c->n_in > 2 ? (c->n_in - 2) / 3 : 0;
    if (!n || !ox__inf_ranked(c, 2)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int64_t axis = ox__inf_int(c, "axis", 0);
    ox_status s = ox__inf_axis(c, &axis, c->in[2].rank);
    ox_dim *dims = ox__inf_copy(c, 2);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    for (size_t k = 1; k < n; k++) {
        if (!ox__inf_ranked(c, 2 + 3 * k)) {
            dims[axis] = ox__inf_unknown(c, "an input of unknown shape");
            break;
        }
        if (c->in[2 + 3 * k].rank != c->in[2].rank) return ox__inf_fail(c, "inputs of other ranks");
        dims[axis] = ox_dim_add(c->m, dims[axis], c->in[2 + 3 * k].dims[axis]);
    }
    return ox__inf_out(c, 0, dtype, c->in[2].rank, dims);
}

/* ---- the rest ---- */
/* Rfft adds a last dim of two and halves the one before; Irfft is the way back. */
static ox_status infer_rfft(ox__inf *c)
{
    int32_t rank = ox__inf_rank(c, 0);
    if (rank < 1 || rank >= OX_MAX_RANK) return ox__inf_out(c, 0, ox__inf_dtype(c, 0), OX_RANK_UNKNOWN, NULL);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank + 1);
    if (!dims) return OX_E_NOMEM;
    memcpy(dims, c->in[0].dims, (size_t)rank * sizeof *dims);
    dims[rank - 1] = ox_dim_add(c->m, ox_dim_floordiv(c->m, dims[rank - 1], ox__inf_const(c, 2)), ox__inf_const(c, 1));
    dims[rank] = ox__inf_const(c, 2);
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), rank + 1, dims);
}

static ox_status infer_irfft(ox__inf *c)
{
    int32_t rank = ox__inf_rank(c, 0);
    if (rank < 2) return ox__inf_out(c, 0, ox__inf_dtype(c, 0), OX_RANK_UNKNOWN, NULL);
    ox_dim *dims = ox__inf_copy(c, 0);
    if (!dims) return OX_E_NOMEM;
    dims[rank - 2] = ox_dim_mul(c->m, ox_dim_sub(c->m, dims[rank - 2], ox__inf_const(c, 1)), ox__inf_const(c, 2));
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), rank - 1, dims);
}

static ox_status infer_expand_dims(ox__inf *c)
{
    ox__vec_fact v;
    int64_t axis;
    int32_t rank = ox__inf_rank(c, 0);
    ox_dtype dtype = ox__inf_dtype(c, 0);
    if (rank < 0 || rank >= OX_MAX_RANK) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    if (!ox__inf_vec(c, 1, &v) || v.n != 1 || !ox_dim_is_const(c->m, v.dims[0], &axis))
        return ox__inf_out_unknown(c, 0, dtype, rank + 1, "an axis that is not constant");
    ox_status s = ox__inf_axis(c, &axis, rank + 1);
    ox_dim *dims = ox__inf_dims(c, (size_t)rank + 1);
    if (s != OX_OK || !dims) return s != OX_OK ? s : OX_E_NOMEM;
    for (int32_t i = 0, k = 0; i <= rank; i++) dims[i] = i == axis ? ox__inf_const(c, 1) : c->in[0].dims[k++];
    return ox__inf_out(c, 0, dtype, rank + 1, dims);
}

static const ox__op_row rows[] = {
    {"Attention", ox__ms_attention, NULL, 0},
    {"BeamSearch", ox__ms_beam_search, NULL, OX__OP_RANDOM},
    {"BiasAdd", infer_same, NULL, 0},
    {"BiasDropout", infer_dropout, NULL, OX__OP_RANDOM},
    {"BiasGelu", infer_same, ox__ms_eval_gelu, 0},
    {"BiasSoftmax", infer_same, NULL, 0},
    {"BiasSplitGelu", infer_split_gelu, NULL, 0},
    {"CDist", infer_cdist, ox__ms_eval_cdist, 0},
    {"ConvTransposeWithDynamicPads", infer_as_conv_transpose, NULL, 0},
    {"DecoderMaskedMultiHeadAttention", ox__ms_multi_head, NULL, 0},
    {"DecoderMaskedSelfAttention", ox__ms_attention, NULL, 0},
    {"DequantizeLinear", infer_dequantize, eval_as_dequantize, 0},
    {"DynamicQuantizeMatMul", infer_dynamic_matmul, NULL, 0},
    {"EmbedLayerNormalization", ox__ms_embed_layer_norm, NULL, 0},
    {"ExpandDims", infer_expand_dims, NULL, 0},
    {"FastGelu", infer_same, ox__ms_eval_gelu, 0},
    {"FusedConv", infer_as_conv, NULL, 0},
    {"FusedGemm", infer_as_gemm, NULL, 0},
    {"FusedMatMul", infer_fused_matmul, ox__ms_eval_matmul, 0},
    {"GatherND", infer_as_gather_nd, eval_as_gather_nd, 0},
    {"Gelu", infer_same, ox__ms_eval_gelu, 0},
    {"GemmFastGelu", infer_dynamic_matmul, NULL, 0},
    {"GreedySearch", ox__ms_greedy_search, NULL, OX__OP_RANDOM},
    {"GridSample", infer_as_grid_sample, NULL, 0},
    {"GroupNorm", infer_same, NULL, 0},
    {"GroupQueryAttention", ox__ms_group_query, NULL, 0},
    {"Inverse", infer_same, NULL, 0},
    {"Irfft", infer_irfft, NULL, 0},
    {"LongformerAttention", infer_same, NULL, 0},
    {"MatMulBnb4", infer_nbits, NULL, 0},
    {"MatMulInteger16", infer_matmul_int16, NULL, 0},
    {"MatMulIntegerToFloat", infer_matmul_to_float, NULL, 0},
    {"MatMulNBits", infer_nbits, ox__ms_eval_nbits, 0},
    {"MaxpoolWithMask", infer_as_max_pool, NULL, 0},
    {"MoE", infer_same, NULL, 0},
    {"MultiHeadAttention", ox__ms_multi_head, NULL, 0},
    {"NGramRepeatBlock", infer_second, NULL, 0},
    {"NhwcConv", infer_nhwc_conv, NULL, 0},
    {"NhwcFusedConv", infer_nhwc_conv, NULL, 0},
    {"NhwcMaxPool", infer_nhwc_pool, NULL, 0},
    {"PackedAttention", ox__ms_packed_attention, NULL, 0},
    {"PackedMultiHeadAttention", ox__ms_packed_multi_head, NULL, 0},
    {"Pad", infer_as_pad, eval_as_pad, 0},
    {"QAttention", ox__ms_attention, NULL, 0},
    {"QGemm", infer_q_gemm, NULL, 0},
    {"QLinearAdd", infer_q_binary, ox__ms_eval_qlinear, 0},
    {"QLinearAveragePool", infer_q_pool, NULL, 0},
    {"QLinearConcat", infer_q_concat, NULL, 0},
    {"QLinearGlobalAveragePool", infer_q_global_pool, NULL, 0},
    {"QLinearLeakyRelu", infer_same, ox__ms_eval_qlinear, 0},
    {"QLinearMul", infer_q_binary, ox__ms_eval_qlinear, 0},
    {"QLinearSigmoid", infer_same, ox__ms_eval_qlinear, 0},
    {"QLinearSoftmax", infer_same, NULL, 0},
    {"QMoE", infer_same, NULL, 0},
    {"QuantizeLinear", infer_quantize, eval_as_quantize, 0},
    {"QuickGelu", infer_same, ox__ms_eval_gelu, 0},
    {"Range", infer_as_range, eval_as_range, 0},
    {"Rfft", infer_rfft, NULL, 0},
    {"RotaryEmbedding", infer_same, NULL, 0},
    {"Sampling", ox__ms_greedy_search, NULL, OX__OP_RANDOM},
    {"SkipGroupNorm", infer_same, NULL, 0},
    {"SkipLayerNormalization", infer_skip_norm, ox__ms_eval_skip_norm, 0},
    {"SkipSimplifiedLayerNormalization", infer_skip_norm, ox__ms_eval_skip_norm, 0},
    {"SparseAttention", ox__ms_group_query, NULL, 0},
    {"TransposeMatMul", infer_fused_matmul, ox__ms_eval_matmul, 0},
    {"Trilu", infer_as_trilu, eval_as_trilu, 0},
    {"Unique", infer_as_unique, NULL, 0},
};
const ox__op_family ox__ops_ms = {rows, OX__COUNT(rows), "com.microsoft"};

/* ONNX Runtime puts this one among the operators of ai.onnx. */
static const ox__op_row plain_rows[] = {
    {"SimplifiedLayerNormalization", infer_norm, ox__ms_eval_simplified_norm, 0},
};
const ox__op_family ox__ops_ms_plain = {plain_rows, OX__COUNT(plain_rows), NULL};
