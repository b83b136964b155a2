/* Floor 3. com.microsoft: inference of attention in its many forms, of embeddings, and of searches. */
#include "ops/ms.h"

/* Dim i of an input of at least that rank, or unknown. */
static ox_dim dim_of(ox__inf *c, size_t i, int32_t axis, const char *why)
{
    bool known = ox__inf_ranked(c, i) && c->in[i].rank > axis;
    return known ? c->in[i].dims[axis] : ox__inf_unknown(c, why);
}

static ox_dim times(ox__inf *c, ox_dim a, ox_dim b)
{
    return ox_dim_mul(c->m, a, b);
}

static ox_dim over(ox__inf *c, ox_dim a, int64_t n)
{
    return n > 0 ? ox_dim_floordiv(c->m, a, ox__inf_const(c, n)) : ox__inf_unknown(c, "num_heads");
}

/* The width of the values: the third of qkv_hidden_sizes, or a third of the bias or of the weights. */
static ox_dim value_width(ox__inf *c, size_t weights, size_t bias)
{
    size_t n;
    const int64_t *sizes = ox__inf_ints(c, "qkv_hidden_sizes", &n);
    if (n == 3) return ox__inf_const(c, sizes[2]);
    if (ox__inf_ranked(c, bias) && c->in[bias].rank == 1) return over(c, c->in[bias].dims[0], 3);
    return over(c, dim_of(c, weights, 1, "the weights of an attention"), 3);
}

/* Attention(input, weights, bias, mask, past): present is [2, batch, heads, past + sequence, head]. */
ox_status ox__ms_attention(ox__inf *c)
{
    bool quantized = ox_node_is(c->m, c->node, "com.microsoft", "QAttention");
    size_t past = quantized ? 8 : 4;
    ox_dtype dtype = ox__inf_dtype(c, quantized ? 3 : 0);
    int64_t heads = ox__inf_int(c, "num_heads", 0);
    ox_dim batch = dim_of(c, 0, 0, "the batch of an attention"), seq = dim_of(c, 0, 1, "the sequence of an attention"),
           width = value_width(c, 1, 2), out[3] = {batch, seq, width}, total = seq;
    ox_status s = ox__inf_out(c, 0, dtype, 3, out);
    if (s != OX_OK || c->n_out < 2) return s;
    if (ox__inf_has(c, past)) total = ox_dim_add(c->m, seq, dim_of(c, past, 3, "the past of an attention"));
    if (ox__inf_int(c, "past_present_share_buffer", 0)) total = dim_of(c, past, 3, "the past of an attention");
    ox_dim present[5] = {ox__inf_const(c, 2), batch,
                         heads > 0 ? ox__inf_const(c, heads) : ox__inf_unknown(c, "num_heads"), total,
                         over(c, width, heads)};
    return ox__inf_out(c, 1, dtype, 5, present);
}

/* The keys or values so far: [batch, heads, past + new, head]. */
static ox_status present(ox__inf *c, size_t o, size_t past, ox_dim batch, ox_dim heads, ox_dim more, ox_dim head)
{
    ox_dim total = more;
    if (ox__inf_int(c, "past_present_share_buffer", 0))
        total = dim_of(c, past, 2, "the past of an attention");
    else if (ox__inf_has(c, past))
        total = ox_dim_add(c->m, more, dim_of(c, past, 2, "the past of an attention"));
    ox_dim dims[4] = {batch, heads, total, head};
    return ox__inf_out(c, o, ox__inf_dtype(c, 0), 4, dims);
}

/* MultiHeadAttention(query, key, value, bias, mask, attention_bias, past_key, past_value): query is [b, s, width], or
 * holds all three as [b, s, heads, 3, head]; keys are [b, l, width], [b, l, heads, 2, head] with the values, or
 * [b, heads, l, head]. DecoderMaskedMultiHeadAttention has its past one input earlier. */
ox_status ox__ms_multi_head(ox__inf *c)
{
    bool masked = ox_node_is(c->m, c->node, "com.microsoft", "DecoderMaskedMultiHeadAttention");
    size_t past = masked ? 5 : 6;
    int64_t n = ox__inf_int(c, "num_heads", 0);
    ox_dtype dtype = ox__inf_dtype(c, 0);
    if (!ox__inf_ranked(c, 0)) return ox__inf_out_unknown(c, 0, dtype, 3, "the query of an attention");
    const ox_type_info *q = &c->in[0];
    if (q->rank != 3 && q->rank != 5) return ox__inf_fail(c, "the query has %d dims, not 3 or 5", (int)q->rank);
    ox_dim heads = n > 0 ? ox__inf_const(c, n) : ox__inf_unknown(c, "num_heads"), length = q->dims[1],
           width = q->rank == 5 ? times(c, q->dims[2], q->dims[4]) : q->dims[2], v_width = width;
    int32_t key = ox__inf_rank(c, 1), value = ox__inf_rank(c, 2);
    if (key == 4)
        length = c->in[1].dims[2];
    else if (key >= 3)
        length = c->in[1].dims[1];
    if (value == 3)
        v_width = c->in[2].dims[2];
    else if (value == 4)
        v_width = times(c, c->in[2].dims[1], c->in[2].dims[3]);
    else if (ox__inf_has(c, 2))
        v_width = ox__inf_unknown(c, "the values of an attention");
    ox_dim out[3] = {q->dims[0], q->dims[1], v_width};
    ox_status s = ox__inf_out(c, 0, dtype, 3, out);
    bool cross = key == 4; /* such keys are whole already */
    if (s == OX_OK) s = present(c, 1, cross ? SIZE_MAX : past, q->dims[0], heads, length, over(c, width, n));
    return s == OX_OK ? present(c, 2, cross ? SIZE_MAX : past + 1, q->dims[0], heads, length, over(c, v_width, n)) : s;
}

/* GroupQueryAttention(query, key, value, past_key, past_value, ...): without keys the query holds all three. */
ox_status ox__ms_group_query(ox__inf *c)
{
    int64_t n = ox__inf_int(c, "num_heads", 0), kv = ox__inf_int(c, "kv_num_heads", 0);
    ox_dtype dtype = ox__inf_dtype(c, 0);
    ox_dim batch = dim_of(c, 0, 0, "the batch of an attention"), seq = dim_of(c, 0, 1, "the sequence of an attention"),
           width = dim_of(c, 0, 2, "the query of an attention"), head = over(c, width, n);
    if (!ox__inf_has(c, 1)) {
        head = n > 0 && kv > 0 && kv <= INT32_MAX && n <= INT32_MAX ? over(c, width, n + 2 * kv)
                                                                    : ox__inf_unknown(c, "num_heads");
        width = times(c, head, ox__inf_const(c, n));
    }
    ox_dim out[3] = {batch, seq, width};
    ox_status s = ox__inf_out(c, 0, dtype, 3, out);
    for (size_t o = 1; s == OX_OK && o < 3 && o < c->n_out; o++) {
        size_t past = o + 2;
        ox_dim total = !ox__inf_has(c, past) ? seq
                       : ox_node_is(c->m, c->node, "com.microsoft", "SparseAttention")
                           ? dim_of(c, past, 2, "the past of an attention")
                           : ox__inf_unknown(c, "total_sequence_length, unless the buffer of the past is longer");
        ox_dim dims[4] = {batch, kv > 0 ? ox__inf_const(c, kv) : ox__inf_unknown(c, "kv_num_heads"), total, head};
        s = ox__inf_out(c, o, ox__inf_has(c, past) ? ox__inf_dtype(c, past) : dtype, 4, dims);
    }
    return s;
}

/* Tokens of all sequences one after the other: [tokens, width]. */
ox_status ox__ms_packed_attention(ox__inf *c)
{
    ox_dim out[2] = {dim_of(c, 0, 0, "how many tokens there are"), value_width(c, 1, 2)};
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), 2, out);
}

ox_status ox__ms_packed_multi_head(ox__inf *c)
{
    ox_dim out[2] = {dim_of(c, 0, 0, "how many tokens there are"), dim_of(c, 2, 1, "the values of an attention")};
    if (!ox__inf_has(c, 2) && ox__inf_ranked(c, 0) && c->in[0].rank == 4) /* tokens, heads, 3, head */
        out[1] = times(c, c->in[0].dims[1], c->in[0].dims[3]);
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), 2, out);
}

/* EmbedLayerNormalization(input_ids, segment_ids, word, position, segment, gamma, beta, mask, position_ids). */
ox_status ox__ms_embed_layer_norm(ox__inf *c)
{
    ox_dim out[3] = {dim_of(c, 0, 0, "the batch of an embedding"), dim_of(c, 0, 1, "the sequence of an embedding"),
                     dim_of(c, 2, 1, "the width of an embedding")};
    ox_status s = ox__inf_out(c, 0, ox__inf_dtype(c, 2), 3, out);
    if (s == OX_OK) s = ox__inf_out(c, 1, OX_INT32, 1, out);
    return s == OX_OK ? ox__inf_out(c, 2, ox__inf_dtype(c, 2), 3, out) : s;
}

/* ---- searches: (input_ids, max_length, ...) ---- */
static ox_dim max_length(ox__inf *c)
{
    ox__vec_fact v;
    return ox__inf_vec(c, 1, &v) && v.n == 1 ? v.dims[0] : ox__inf_unknown(c, "max_length");
}

ox_status ox__ms_greedy_search(ox__inf *c)
{
    ox_dim out[2] = {dim_of(c, 0, 0, "the batch of a search"), max_length(c)};
    return ox__inf_out(c, 0, OX_INT32, 2, out);
}

/* BeamSearch(input_ids, max_length, min_length, num_beams, num_return_sequences, ...). */
ox_status ox__ms_beam_search(ox__inf *c)
{
    ox__vec_fact v;
    ox_dim n = ox__inf_vec(c, 4, &v) && v.n == 1 ? v.dims[0] : ox__inf_unknown(c, "num_return_sequences");
    ox_dim out[3] = {dim_of(c, 0, 0, "the batch of a search"), n, max_length(c)};
    ox_status s = ox__inf_out(c, 0, OX_INT32, 3, out);
    return s == OX_OK ? ox__inf_out(c, 1, OX_FLOAT, 2, out) : s;
}
