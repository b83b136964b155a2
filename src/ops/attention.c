/* Floor 3. Attention in its forms, and what goes with it: rotary embeddings, convolutions with a state. */
#include "ops/attention.h"

#include "ops/infer.h"

/* ---- Attention ---- */
typedef struct heads {
    ox_dim batch, q_heads, kv_heads, q_len, kv_len, size, v_size;
} heads;

static ox_dim divided(ox__inf *c, ox_dim d, int64_t by)
{
    return ox_dim_floordiv(c->m, d, ox__inf_const(c, by));
}

/* What is common to 3 dims, heads side by side, and 4. */
static ox_status read_heads(ox__inf *c, heads *h)
{
    const ox_type_info *q = &c->in[0], *k = &c->in[1], *v = &c->in[2];
    if (q->rank != k->rank || q->rank != v->rank || (q->rank != 3 && q->rank != 4))
        return ox__inf_fail(c, "Q, K and V have %d, %d and %d dims; 3 or 4 are needed, the same for all", (int)q->rank,
                            (int)k->rank, (int)v->rank);
    h->batch = q->dims[0];
    if (q->rank == 4) {
        *h = (heads){q->dims[0], q->dims[1], k->dims[1], q->dims[2], k->dims[2], q->dims[3], v->dims[3]};
        return OX_OK;
    }
    int64_t nq = ox__inf_int(c, "q_num_heads", 0), nkv = ox__inf_int(c, "kv_num_heads", 0);
    if (nq <= 0 || nkv <= 0) return ox__inf_fail(c, "inputs of 3 dims need q_num_heads and kv_num_heads");
    *h = (heads){q->dims[0], ox__inf_const(c, nq),       ox__inf_const(c, nkv),      q->dims[1],
                 k->dims[1], divided(c, q->dims[2], nq), divided(c, v->dims[2], nkv)};
    return OX_OK;
}

static ox_status infer_attention(ox__inf *c)
{
    const ox_dtype types[4] = {ox__inf_dtype(c, 0), ox__inf_dtype(c, 1), ox__inf_dtype(c, 2), ox__inf_dtype(c, 0)};
    heads h;
    if (!ox__inf_ranked(c, 0) || !ox__inf_ranked(c, 1) || !ox__inf_ranked(c, 2)) {
        ox_status s = OX_OK;
        for (size_t o = 0; s == OX_OK && o < 4; o++) s = ox__inf_out(c, o, types[o], OX_RANK_UNKNOWN, NULL);
        return s;
    }
    ox_status s = read_heads(c, &h);
    if (s != OX_OK) return s;
    ox_dim total = h.kv_len;
    if (ox__inf_has(c, 4))
        total = ox__inf_ranked(c, 4) && c->in[4].rank == 4
                    ? ox_dim_add(c->m, c->in[4].dims[2], h.kv_len)
                    : ox__inf_unknown(c, "the length of a past that is not known");
    const ox_dim y3[3] = {h.batch, h.q_len, ox_dim_mul(c->m, h.q_heads, h.v_size)},
                 y4[4] = {h.batch, h.q_heads, h.q_len, h.v_size}, k4[4] = {h.batch, h.kv_heads, total, h.size},
                 v4[4] = {h.batch, h.kv_heads, total, h.v_size}, qk[4] = {h.batch, h.q_heads, h.q_len, total};
    s = c->in[0].rank == 3 ? ox__inf_out(c, 0, types[0], 3, y3) : ox__inf_out(c, 0, types[0], 4, y4);
    if (s == OX_OK) s = ox__inf_out(c, 1, types[1], 4, k4);
    if (s == OX_OK) s = ox__inf_out(c, 2, types[2], 4, v4);
    return s == OX_OK ? ox__inf_out(c, 3, types[3], 4, qk) : s;
}

static ox_status infer_flex_attention(ox__inf *c)
{
    heads h;
    if (!ox__inf_ranked(c, 0) || !ox__inf_ranked(c, 1) || !ox__inf_ranked(c, 2))
        return ox__inf_out_unknown(c, 0, ox__inf_dtype(c, 0), 4, "the shape of Q, K or V is not known");
    if (c->in[0].rank != 4) return ox__inf_fail(c, "Q has %d dims, 4 are needed", (int)c->in[0].rank);
    ox_status s = read_heads(c, &h);
    const ox_dim y[4] = {h.batch, h.q_heads, h.q_len, h.v_size};
    return s == OX_OK ? ox__inf_out(c, 0, ox__inf_dtype(c, 0), 4, y) : s;
}

/* ---- with a state ---- */
static ox_status infer_linear_attention(ox__inf *c)
{
    int64_t nq = ox__inf_int(c, "q_num_heads", 0), nkv = ox__inf_int(c, "kv_num_heads", 0);
    ox_dtype dtype = ox__inf_dtype(c, 0), state_type = ox__inf_has(c, 3) ? ox__inf_dtype(c, 3) : dtype;
    if (nq <= 0 || nkv <= 0) return ox__inf_fail(c, "q_num_heads and kv_num_heads must be positive");
    if (!ox__inf_ranked(c, 0) || !ox__inf_ranked(c, 2)) {
        ox_status s = ox__inf_out_unknown(c, 0, dtype, 3, "the shape of the query or the value is not known");
        return s == OX_OK ? ox__inf_out_unknown(c, 1, state_type, 4, "the shape of the query or the value is not known")
                          : s;
    }
    if (c->in[0].rank != 3 || c->in[2].rank != 3) return ox__inf_fail(c, "query and value must have 3 dims");
    ox_dim size = divided(c, c->in[0].dims[2], nq), v_size = divided(c, c->in[2].dims[2], nkv);
    const ox_dim y[3] = {c->in[0].dims[0], c->in[0].dims[1], ox_dim_mul(c->m, v_size, ox__inf_const(c, nq))},
                 state[4] = {c->in[0].dims[0], ox__inf_const(c, nkv), size, v_size};
    ox_status s = ox__inf_out(c, 0, dtype, 3, y);
    return s == OX_OK ? ox__inf_out(c, 1, state_type, 4, state) : s;
}

static ox_status infer_causal_conv(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    ox_status s = ox__inf_out_like(c, 0, 0, dtype);
    if (s != OX_OK || !ox__inf_ranked(c, 0)) return s;
    if (c->in[0].rank != 3) return ox__inf_fail(c, "the input has %d dims, 3 are needed", (int)c->in[0].rank);
    ox_dim keep = ox__inf_unknown(c, "the kernel of a weight that is not known");
    if (ox__inf_ranked(c, 1)) {
        if (c->in[1].rank != 3) return ox__inf_fail(c, "the weight has %d dims, 3 are needed", (int)c->in[1].rank);
        keep = ox_dim_sub(c->m, c->in[1].dims[2], ox__inf_const(c, 1));
    }
    const ox_dim state[3] = {c->in[0].dims[0], c->in[0].dims[1], keep};
    return ox__inf_out(c, 1, dtype, 3, state);
}

static ox_status infer_rotary_embedding(ox__inf *c)
{
    if (ox__inf_ranked(c, 0) && c->in[0].rank != 3 && c->in[0].rank != 4)
        return ox__inf_fail(c, "the input has %d dims, 3 or 4 are needed", (int)c->in[0].rank);
    return ox__inf_out_like(c, 0, 0, ox__inf_dtype(c, 0));
}

static const ox__op_row rows[] = {
    {"Attention", infer_attention, ox__eval_attention, 0},
    {"CausalConvWithState", infer_causal_conv, ox__eval_causal_conv, 0},
    {"LinearAttention", infer_linear_attention, ox__eval_linear_attention, 0},
    {"RotaryEmbedding", infer_rotary_embedding, ox__eval_rotary_embedding, 0},
};
const ox__op_family ox__ops_attention = {rows, OX__COUNT(rows), NULL};

static const ox__op_row preview_rows[] = {
    {"FlexAttention", infer_flex_attention, ox__eval_flex_attention, 0},
};
const ox__op_family ox__ops_preview = {preview_rows, OX__COUNT(preview_rows), "ai.onnx.preview"};
