/* Floor 3. Matrix products: MatMul and its integer and quantized forms, Gemm, Einsum, Det. */
#include "ops/infer.h"
#include "ops/linalg.h"

/* ---- MatMul ---- */
static ox_status matmul(ox__inf *c, size_t ia, size_t ib, ox_dtype dtype)
{
    if (!ox__inf_ranked(c, ia) || !ox__inf_ranked(c, ib)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    const ox_type_info *a = &c->in[ia], *b = &c->in[ib];
    if (a->rank == 0 || b->rank == 0) return ox__inf_fail(c, "an input is a scalar");
    ox_dim ka = a->dims[a->rank - 1], kb = b->dims[b->rank == 1 ? 0 : b->rank - 2];
    int64_t va, vb;
    if (ox_dim_is_const(c->m, ka, &va) && ox_dim_is_const(c->m, kb, &vb) && va != vb)
        return ox__inf_fail(c, "%lld columns by %lld rows", (long long)va, (long long)vb);
    int32_t ba = OX__MAX(a->rank - 2, 0), bb = OX__MAX(b->rank - 2, 0), batch = OX__MAX(ba, bb);
    ox_dim *dims = ox__inf_dims(c, (size_t)batch + 2);
    if (!dims) return OX_E_NOMEM;
    int32_t n = 0;
    for (; n < batch; n++) {
        int32_t i = n - (batch - ba), j = n - (batch - bb);
        if (i < 0 || j < 0) {
            dims[n] = i < 0 ? b->dims[j] : a->dims[i];
            continue;
        }
        ox_status s = ox__inf_broadcast_dim(c, a->dims[i], b->dims[j], &dims[n]);
        if (s != OX_OK) return s;
    }
    if (a->rank > 1) dims[n++] = a->dims[a->rank - 2];
    if (b->rank > 1) dims[n++] = b->dims[b->rank - 1];
    return ox__inf_out(c, 0, dtype, n, dims);
}

static ox_status infer_matmul(ox__inf *c)
{
    ox_dtype d = ox__inf_dtype(c, 0);
    return matmul(c, 0, 1, d ? d : ox__inf_dtype(c, 1));
}
static ox_status infer_matmul_integer(ox__inf *c)
{
    return matmul(c, 0, 1, OX_INT32);
}
static ox_status infer_qlinear_matmul(ox__inf *c)
{
    return matmul(c, 0, 3, ox__inf_dtype(c, 7));
}

/* ---- Gemm ---- */
static ox_status infer_gemm(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    if (!dtype) dtype = ox__inf_dtype(c, 1);
    bool ta = ox__inf_int(c, "transA", 0) != 0, tb = ox__inf_int(c, "transB", 0) != 0;
    ox_dim dims[2], k[2];
    for (size_t i = 0; i < 2; i++) {
        bool t = i ? tb : ta;
        dims[i] = k[i] = ox__inf_unknown(c, "an input of Gemm of unknown shape");
        if (!ox__inf_ranked(c, i)) continue;
        if (c->in[i].rank != 2) return ox__inf_fail(c, "input %zu has %d dims, 2 are needed", i, (int)c->in[i].rank);
        dims[i] = c->in[i].dims[i ? !t : t];
        k[i] = c->in[i].dims[i ? t : !t];
    }
    int64_t va, vb;
    if (ox_dim_is_const(c->m, k[0], &va) && ox_dim_is_const(c->m, k[1], &vb) && va != vb)
        return ox__inf_fail(c, "%lld columns by %lld rows", (long long)va, (long long)vb);
    return ox__inf_out(c, 0, dtype, 2, dims);
}

static ox_status infer_det(ox__inf *c)
{
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, ox__inf_dtype(c, 0), OX_RANK_UNKNOWN, NULL);
    if (c->in[0].rank < 2) return ox__inf_fail(c, "the input must have at least 2 dims");
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), c->in[0].rank - 2, c->in[0].dims);
}

/* ---- Einsum ---- */
typedef struct einsum {
    ox_dim letter[52];
    uint8_t used[52]; /* in how many inputs' terms */
    ox_dim *batch;    /* dims of the ellipsis, from the right */
    int32_t n_batch;
} einsum;

static int letter_index(char ch)
{
    if (ch >= 'a' && ch <= 'z') return ch - 'a';
    return ch >= 'A' && ch <= 'Z' ? ch - 'A' + 26 : -1;
}

/* The dims that an ellipsis stands for, broadcast from the right with those of the terms before. */
static ox_status einsum_batch(ox__inf *c, einsum *e, const ox_dim *dims, int32_t n)
{
    int32_t more = n - e->n_batch;
    if (more > 0) {
        memmove(e->batch + more, e->batch, (size_t)e->n_batch * sizeof *e->batch);
        memcpy(e->batch, dims, (size_t)more * sizeof *e->batch);
        e->n_batch = n;
    }
    for (int32_t j = OX__MAX(more, 0); j < n; j++) {
        ox_dim *b = &e->batch[e->n_batch - n + j];
        ox_status s = ox__inf_broadcast_dim(c, *b, dims[j], b);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

/* One input's term: text[0..n). */
static ox_status einsum_term(ox__inf *c, einsum *e, const char *text, size_t n, size_t input)
{
    const ox_type_info *in = &c->in[input];
    int32_t letters = 0, at = 0;
    for (size_t i = 0; i < n; i++) letters += letter_index(text[i]) >= 0;
    bool dots = memchr(text, '.', n) != NULL;
    int32_t extra = in->rank - letters;
    if (extra < 0 || (extra > 0 && !dots))
        return ox__inf_fail(c, "term %zu does not fit an input of %d dims", input, (int)in->rank);
    for (size_t i = 0; i < n; i++) {
        int k = letter_index(text[i]);
        if (text[i] == '.') {
            ox_status s = einsum_batch(c, e, in->dims + at, extra);
            if (s != OX_OK) return s;
            at += extra;
            i += 2;
        } else if (k >= 0) {
            ox_dim d = in->dims[at++];
            if (e->used[k]++) {
                ox_status s = ox__inf_broadcast_dim(c, e->letter[k], d, &d);
                if (s != OX_OK) return s;
            }
            e->letter[k] = d;
        }
    }
    return OX_OK;
}

static ox_status einsum_result(ox__inf *c, const einsum *e, const char *text, size_t n, bool given)
{
    ox_dim *dims = ox__inf_dims(c, (size_t)e->n_batch + 52 + n);
    if (!dims) return OX_E_NOMEM;
    int32_t rank = 0;
    if (!given) {
        /* the ellipsis, then letters used once, in order of the alphabet (capitals first) */
        for (int32_t j = 0; j < e->n_batch; j++) dims[rank++] = e->batch[j];
        for (int pass = 26; pass >= 0; pass -= 26)
            for (int k = pass; k < pass + 26; k++)
                if (e->used[k] == 1) dims[rank++] = e->letter[k];
    }
    for (size_t i = 0; given && i < n; i++) {
        int k = letter_index(text[i]);
        if (text[i] == '.') {
            for (int32_t j = 0; j < e->n_batch; j++) dims[rank++] = e->batch[j];
            i += 2;
        } else if (k >= 0) {
            if (!e->used[k]) return ox__inf_fail(c, "'%c' of the result stands in no input", text[i]);
            dims[rank++] = e->letter[k];
        }
    }
    return ox__inf_out(c, 0, ox__inf_dtype(c, 0), rank, dims);
}

static ox_status infer_einsum(ox__inf *c)
{
    const ox_attr *a = ox__inf_attr(c, "equation");
    for (size_t i = 0; i < c->n_in; i++)
        if (!ox__inf_ranked(c, i)) return ox__inf_out(c, 0, ox__inf_dtype(c, 0), OX_RANK_UNKNOWN, NULL);
    if (!a || a->kind != OX_ATTR_STRING) return OX_OK;
    size_t n;
    const char *text = ox_str_text(c->m, a->u.s, &n), *end = text + n, *arrow = strstr(text, "->"), *p = text;
    const char *left_end = arrow ? arrow : end;
    einsum e = {0};
    int32_t most = 0;
    for (size_t i = 0; i < c->n_in; i++) most = OX__MAX(most, c->in[i].rank);
    e.batch = ox__inf_dims(c, (size_t)most);
    if (!e.batch) return OX_E_NOMEM;
    for (size_t i = 0; i < c->n_in; i++) {
        if (p > left_end) return ox__inf_fail(c, "the equation has fewer terms than there are inputs");
        const char *comma = memchr(p, ',', (size_t)(left_end - p)), *stop = comma ? comma : left_end;
        ox_status s = einsum_term(c, &e, p, (size_t)(stop - p), i);
        if (s != OX_OK) return s;
        p = stop + 1;
    }
    const char *right = arrow ? arrow + 2 : end;
    return einsum_result(c, &e, right, (size_t)(end - right), arrow != NULL);
}

static const ox__op_row rows[] = {
    {"Det", infer_det, ox__eval_det, 0},
    {"Einsum", infer_einsum, ox__eval_einsum, 0},
    {"Gemm", infer_gemm, ox__eval_gemm, OX__OP_PROMOTES},
    {"MatMul", infer_matmul, ox__eval_matmul, OX__OP_PROMOTES},
    {"MatMulInteger", infer_matmul_integer, ox__eval_matmul_integer, 0},
    {"QLinearMatMul", infer_qlinear_matmul, ox__eval_qlinear_matmul, 0},
};
const ox__op_family ox__ops_linalg = {rows, OX__COUNT(rows), NULL};
