/* Floor 3. Evaluation of Attention and FlexAttention: two products with a softmax between them. */
#include "ops/attention.h"
#include "ops/gemm.h"
#include "ops/wide.h"

#include <math.h>

/* Sizes, and where the numbers are: elements of `in` (float or double). */
typedef struct heads {
    ox_dtype in;
    int64_t batch, q_heads, kv_heads, q_len, past, kv_len, size, v_size; /* kv_len with the past */
    bool packed;                                                         /* batch x length x (heads * size) */
    const void *q, *k, *v;                                               /* k, v: batch x heads x kv_len x size */
    void *scores;                                                        /* batch x q_heads x q_len x kv_len */
} heads;

static void set(const heads *h, void *to, uint64_t i, double v)
{
    if (h->in == OX_DOUBLE)
        ((double *)to)[i] = v;
    else
        ((float *)to)[i] = (float)v;
}

static double get(const heads *h, const void *from, uint64_t i)
{
    return h->in == OX_DOUBLE ? ((const double *)from)[i] : (double)((const float *)from)[i];
}

static size_t item_of(const heads *h)
{
    return h->in == OX_DOUBLE ? 8 : 4;
}

/* The elements of the scores; fails where they cannot be held. */
static ox_status make_scores(ox__ev *e, heads *h, uint64_t *n)
{
    int64_t dims[4] = {h->batch, h->q_heads, h->q_len, h->kv_len};
    if (!ox__dims_product(dims, 4, n) || *n > SIZE_MAX / 16 || *n > e->max_bytes)
        return ox__fail(e->err, OX_E_LIMIT, "%s: the scores are too large to be computed here", ox__ev_op(e));
    h->scores = ox__arena_alloc(e->mem, ((size_t)*n + 1) * item_of(h));
    return h->scores ? OX_OK : ox__nomem(e->err);
}

static ox__gemm *new_products(ox__ev *e, const heads *h)
{
    uint64_t n = (uint64_t)(h->batch * h->q_heads);
    ox__gemm *g = n > SIZE_MAX / 256 ? NULL : ox__arena_alloc(e->mem, ((size_t)n + 1) * sizeof *g);
    if (!g) (void)ox__nomem(e->err);
    return g;
}

static ox_status queries_by_keys(ox__ev *e, const heads *h, double scale)
{
    ox__gemm *g = new_products(e, h);
    if (!g) return OX_E_NOMEM;
    for (int64_t i = 0; i < h->batch * h->q_heads; i++) {
        int64_t b = i / h->q_heads, head = i % h->q_heads, kv = head / (h->q_heads / h->kv_heads);
        int64_t at = h->packed ? b * h->q_len * h->q_heads * h->size + head * h->size : i * h->q_len * h->size;
        g[i] = (ox__gemm){.m = h->q_len,
                          .n = h->kv_len,
                          .k = h->size,
                          .alpha = scale,
                          .a = (const char *)h->q + (size_t)at * item_of(h),
                          .a_row = h->packed ? h->q_heads * h->size : h->size,
                          .a_col = 1,
                          .b = (const char *)h->k + (size_t)((b * h->kv_heads + kv) * h->kv_len * h->size) * item_of(h),
                          .b_row = 1,
                          .b_col = h->size,
                          .c = (char *)h->scores + (size_t)(i * h->q_len * h->kv_len) * item_of(h),
                          .c_row = h->kv_len};
    }
    return ox__gemm_run(e, h->in, g, (size_t)(h->batch * h->q_heads));
}

static ox_status scores_by_values(ox__ev *e, const heads *h, void *y)
{
    ox__gemm *g = new_products(e, h);
    if (!g) return OX_E_NOMEM;
    for (int64_t i = 0; i < h->batch * h->q_heads; i++) {
        int64_t b = i / h->q_heads, head = i % h->q_heads, kv = head / (h->q_heads / h->kv_heads);
        int64_t at = h->packed ? b * h->q_len * h->q_heads * h->v_size + head * h->v_size : i * h->q_len * h->v_size;
        g[i] =
            (ox__gemm){.m = h->q_len,
                       .n = h->v_size,
                       .k = h->kv_len,
                       .alpha = 1,
                       .a = (const char *)h->scores + (size_t)(i * h->q_len * h->kv_len) * item_of(h),
                       .a_row = h->kv_len,
                       .a_col = 1,
                       .b = (const char *)h->v + (size_t)((b * h->kv_heads + kv) * h->kv_len * h->v_size) * item_of(h),
                       .b_row = h->v_size,
                       .b_col = 1,
                       .c = (char *)y + (size_t)at * item_of(h),
                       .c_row = h->packed ? h->q_heads * h->v_size : h->v_size};
    }
    return ox__gemm_run(e, h->in, g, (size_t)(h->batch * h->q_heads));
}

/* ---- what is added to the scores ---- */
typedef struct biased {
    const heads *h;
    const void *mask; /* elements of `in`, or bytes of a bool; NULL: none */
    bool is_bool, causal;
    int64_t mask_len, stride[3]; /* elements along the last axis; strides of batch, head, row */
    const int64_t *valid;        /* of each item of the batch; NULL: all */
    int64_t left, right;         /* of a window; -1: none */
    double cap;
    void *capped, *with_bias; /* copies on the way, or NULL */
} biased;

/* The keys lo..hi-1 that query i of item b may see, by order and length alone. */
static void visible(const biased *s, int64_t b, int64_t i, int64_t *lo, int64_t *hi)
{
    int64_t at = i + (s->valid ? s->valid[b] - s->h->q_len : s->h->past);
    *lo = s->left >= 0 && at > s->left ? at - s->left : 0;
    *hi = s->valid ? s->valid[b] : s->h->kv_len;
    if (s->causal) *hi = OX__MIN(*hi, at + 1);
    if (s->right >= 0 && s->right < *hi - at) *hi = at + s->right + 1;
}

/* The softmax of a row; one whose every score is ruled out becomes zeroes. Then rows of scores with all that is added
 * to them. */
#define SOFTEN(soften, rows, type, EXP, TANH) \
    static void soften(type *v, int64_t n, bool none) \
    { \
        type most = -(type)INFINITY, sum = 0; \
        for (int64_t j = 0; j < n; j++) most = v[j] > most ? v[j] : most; \
        if (most == -(type)INFINITY) none = true; \
        for (int64_t j = 0; j < n; j++) { \
            v[j] = none ? 0 : EXP(v[j] - most); \
            sum += v[j]; \
        } \
        for (int64_t j = 0; j < n && sum != 0; j++) v[j] /= sum; \
    } \
    static void rows(void *ud, uint64_t from, uint64_t to) \
    { \
        const biased *s = ud; \
        const heads *h = s->h; \
        const int64_t n = h->kv_len; \
        for (uint64_t row = from; row < to; row++) { \
            int64_t i = (int64_t)(row % (uint64_t)h->q_len), head = (int64_t)(row / (uint64_t)h->q_len) % h->q_heads, \
                    b = (int64_t)(row / (uint64_t)h->q_len) / h->q_heads, lo, hi; \
            int64_t mask_row = b * s->stride[0] + head * s->stride[1] + i * s->stride[2]; \
            const type *mask = s->mask && !s->is_bool ? (const type *)s->mask + mask_row : NULL; \
            const uint8_t *chosen = s->mask && s->is_bool ? (const uint8_t *)s->mask + mask_row : NULL; \
            type *v = (type *)h->scores + row * (uint64_t)n, cap = (type)s->cap; \
            bool none = true; \
            visible(s, b, i, &lo, &hi); \
            if (s->mask) hi = OX__MIN(hi, s->mask_len); \
            for (int64_t j = 0; cap > 0 && j < n; j++) v[j] = TANH(v[j] / cap) * cap; \
            if (s->capped) memcpy((type *)s->capped + row * (uint64_t)n, v, (size_t)n * sizeof *v); \
            for (int64_t j = 0; j < n; j++) { \
                type bias = j < lo || j >= hi || (chosen && !chosen[j]) ? -(type)INFINITY : mask ? mask[j] : 0; \
                if (bias != -(type)INFINITY) none = false; \
                v[j] += bias; \
            } \
            if (s->with_bias) memcpy((type *)s->with_bias + row * (uint64_t)n, v, (size_t)n * sizeof *v); \
            soften(v, n, none); \
        } \
    }
SOFTEN(soften_f32, soften_rows_f32, float, expf, tanhf)
SOFTEN(soften_f64, soften_rows_f64, double, exp, tanh)

/* The mask's dims are matched from the right; a last one that is short leaves the rest ruled out. */
static ox_status read_mask(ox__ev *e, biased *s)
{
    const ox__dense *m = &e->in[3];
    const int64_t full[3] = {s->h->batch, s->h->q_heads, s->h->q_len};
    if (m->rank > 4 || m->rank == 0) return ox__ev_fail(e, "a mask of %u dims", (unsigned)m->rank);
    s->mask_len = m->dims[m->rank - 1];
    if (s->mask_len > s->h->kv_len) return ox__ev_fail(e, "a mask of %lld keys", (long long)s->mask_len);
    int64_t step = s->mask_len;
    for (int d = 2; d >= 0; d--) {
        int at = (int)m->rank - 4 + d;
        int64_t v = at < 0 ? 1 : m->dims[at];
        if (v != 1 && v != full[d]) return ox__ev_fail(e, "the mask cannot be broadcast to the scores");
        s->stride[d] = v == 1 ? 0 : step;
        step *= v;
    }
    s->is_bool = m->dtype == OX_BOOL;
    s->mask = s->is_bool ? m->data : ox__wide_of(e, m, s->h->in);
    return s->mask ? OX_OK : OX_E_NOMEM;
}

/* ---- Attention ---- */
static ox_status read_sizes(ox__ev *e, heads *h)
{
    const ox__dense *q = &e->in[0], *k = &e->in[1], *v = &e->in[2];
    h->packed = q->rank == 3;
    if ((q->rank != 3 && q->rank != 4) || k->rank != q->rank || v->rank != q->rank)
        return ox__ev_fail(e, "Q, K and V must all have 3 or 4 dims");
    h->batch = q->dims[0];
    if (h->packed) {
        h->q_heads = ox__ev_int(e, "q_num_heads", 0);
        h->kv_heads = ox__ev_int(e, "kv_num_heads", 0);
        if (h->q_heads <= 0 || h->kv_heads <= 0 || q->dims[2] % h->q_heads || k->dims[2] % h->kv_heads ||
            v->dims[2] % h->kv_heads)
            return ox__ev_fail(e, "q_num_heads and kv_num_heads do not fit the inputs");
        h->q_len = q->dims[1];
        h->kv_len = k->dims[1];
        h->size = q->dims[2] / h->q_heads;
        h->v_size = v->dims[2] / h->kv_heads;
    } else {
        h->q_heads = q->dims[1];
        h->kv_heads = k->dims[1];
        h->q_len = q->dims[2];
        h->kv_len = k->dims[2];
        h->size = q->dims[3];
        h->v_size = v->dims[3];
    }
    int64_t k_size = h->packed ? k->dims[2] / h->kv_heads : k->dims[3];
    if (k->dims[0] != h->batch || v->dims[0] != h->batch || v->dims[h->packed ? 1 : 2] != h->kv_len ||
        (!h->packed && v->dims[1] != h->kv_heads) || k_size != h->size || h->kv_heads <= 0 || h->q_heads % h->kv_heads)
        return ox__ev_fail(e, "Q, K and V do not fit together");
    return OX_OK;
}

/* The past (input ip) and input i one behind the other as output o, batch x heads x length x size. */
static ox_status present(ox__ev *e, const heads *h, size_t i, size_t ip, size_t o, int64_t size, ox__wide *y)
{
    const ox__dense *a = &e->in[i], *p = ox__ev_has(e, ip) ? &e->in[ip] : NULL;
    int64_t dims[4] = {h->batch, h->kv_heads, h->kv_len, size}, now = h->kv_len - h->past;
    const char *x = ox__wide_of(e, a, h->in), *old = p ? ox__wide_of(e, p, h->in) : x;
    if (!x || !old) return OX_E_NOMEM;
    ox_status s = ox__wide_out(e, y, o, a->dtype, h->in, 4, dims);
    if (s != OX_OK || !y->n) return s;
    size_t item = item_of(h), row = (size_t)size * item;
    char *to = y->p;
    for (int64_t k = 0; k < h->batch * h->kv_heads; k++) {
        int64_t b = k / h->kv_heads, head = k % h->kv_heads;
        memcpy(to, old + (size_t)(k * h->past) * row, (size_t)h->past * row);
        to += (size_t)h->past * row;
        for (int64_t t = 0; t < now; t++, to += row) {
            int64_t at = h->packed ? (b * now + t) * h->kv_heads + head : k * now + t;
            memcpy(to, x + (size_t)at * row, row);
        }
    }
    return OX_OK;
}

static ox_status read_past(ox__ev *e, heads *h)
{
    if (ox__ev_has(e, 4) != ox__ev_has(e, 5)) return ox__ev_fail(e, "past_key and past_value go together");
    if (!ox__ev_has(e, 4)) return OX_OK;
    const ox__dense *k = &e->in[4], *v = &e->in[5];
    if (k->rank != 4 || v->rank != 4 || k->dims[0] != h->batch || v->dims[0] != h->batch || k->dims[1] != h->kv_heads ||
        v->dims[1] != h->kv_heads || k->dims[2] != v->dims[2] || k->dims[3] != h->size || v->dims[3] != h->v_size)
        return ox__ev_fail(e, "the past does not fit K and V");
    h->past = k->dims[2];
    if (__builtin_add_overflow(h->kv_len, h->past, &h->kv_len)) return ox__ev_fail(e, "a past that is too long");
    return OX_OK;
}

static ox_status read_bias(ox__ev *e, biased *s)
{
    ox_status st = OX_OK;
    s->causal = ox__ev_int(e, "is_causal", 0) != 0;
    s->cap = ox__ev_float(e, "softcap", 0);
    s->left = ox__ev_int(e, "left_window_size", -1);
    s->right = ox__ev_int(e, "right_window_size", -1);
    if (s->left < -1 || s->right < -1) return ox__ev_fail(e, "a window of %lld", (long long)OX__MIN(s->left, s->right));
    if (ox__ev_has(e, 3)) st = read_mask(e, s);
    if (st != OX_OK || !ox__ev_has(e, 6)) return st;
    if (ox__ev_has(e, 4)) return ox__ev_fail(e, "nonpad_kv_seqlen and a past");
    if (e->in[6].dtype != OX_INT64 || e->in[6].n != (uint64_t)s->h->batch)
        return ox__ev_fail(e, "nonpad_kv_seqlen does not fit the batch");
    s->valid = e->in[6].data;
    for (int64_t b = 0; b < s->h->batch; b++)
        if (s->valid[b] < 0 || s->valid[b] > s->h->kv_len)
            return ox__ev_fail(e, "%lld valid keys of %lld", (long long)s->valid[b], (long long)s->h->kv_len);
    return OX_OK;
}

/* Output 3 as the mode says: the product, with the cap, with the bias too, or the probabilities. */
static ox_status want_scores(ox__ev *e, const heads *h, biased *s, int64_t mode, uint64_t n, ox__wide *out)
{
    const int64_t dims[4] = {h->batch, h->q_heads, h->q_len, h->kv_len};
    ox_status st = ox__wide_out(e, out, 3, e->in[0].dtype, h->in, 4, dims);
    if (st != OX_OK) return st;
    if (mode < 0 || mode > 3) return ox__ev_fail(e, "there is no qk_matmul_output_mode %lld", (long long)mode);
    if (mode == 0) memcpy(out->p, h->scores, (size_t)n * item_of(h));
    if (mode == 1) s->capped = out->p;
    if (mode == 2) s->with_bias = out->p;
    return OX_OK;
}

ox_status ox__eval_attention(ox__ev *e)
{
    heads h = {0};
    biased b = {.h = &h};
    ox__wide y, k, v, out;
    uint64_t n;
    ox_status s = ox__ev_need(e, 0, 3);
    if (s == OX_OK) s = read_sizes(e, &h);
    if (s == OX_OK) s = read_past(e, &h);
    if (s != OX_OK) return s;
    h.in = ox__wide_type(e->in[0].dtype);
    if (!h.in || !ox__wide_type(e->in[1].dtype) || !ox__wide_type(e->in[2].dtype))
        return ox__ev_unsupported(e, "this element type");
    int64_t d4[4] = {h.batch, h.q_heads, h.q_len, h.v_size}, d3[3] = {h.batch, h.q_len, 0};
    if (__builtin_mul_overflow(h.q_heads, h.v_size, &d3[2])) return ox__ev_fail(e, "a result that is too large");
    h.q = ox__wide_of(e, &e->in[0], h.in);
    if (!h.q) return OX_E_NOMEM;
    s = read_bias(e, &b);
    if (s == OX_OK) s = present(e, &h, 1, 4, 1, h.size, &k);
    if (s == OX_OK) s = present(e, &h, 2, 5, 2, h.v_size, &v);
    if (s == OX_OK) s = ox__wide_out(e, &y, 0, e->in[0].dtype, h.in, h.packed ? 3 : 4, h.packed ? d3 : d4);
    if (s == OX_OK) s = make_scores(e, &h, &n);
    if (s != OX_OK) return s;
    h.k = k.p;
    h.v = v.p;
    double scale = ox__ev_float(e, "scale", 1 / sqrt((double)h.size));
    int64_t mode = ox__ev_int(e, "qk_matmul_output_mode", 0);
    bool shown = ox__ev_wants(e, 3);
    s = queries_by_keys(e, &h, scale);
    if (s == OX_OK && shown) s = want_scores(e, &h, &b, mode, n, &out);
    if (s != OX_OK) return s;
    uint64_t rows = h.kv_len ? n / (uint64_t)h.kv_len : 0;
    ox__ev_parallel(e, rows, 2048 / OX__MAX((uint64_t)h.kv_len, 1) + 1,
                    h.in == OX_DOUBLE ? soften_rows_f64 : soften_rows_f32, &b);
    if (shown && mode == 3) memcpy(out.p, h.scores, (size_t)n * item_of(&h));
    s = scores_by_values(e, &h, y.p);
    if (s != OX_OK) return s;
    ox__wide_store(e, &y);
    ox__wide_store(e, &k);
    ox__wide_store(e, &v);
    if (shown) ox__wide_store(e, &out);
    return OX_OK;
}

/* ---- FlexAttention ---- */
/* The scores, as the block `attr` changes them in the type of the softmax. */
static ox_status modify(ox__ev *e, const heads *h, const char *attr, ox_dtype dtype, uint64_t n)
{
    const int64_t dims[4] = {h->batch, h->q_heads, h->q_len, h->kv_len};
    ox_data *in = NULL, *out = NULL;
    void *p;
    if (!ox__ev_attr(e, attr, OX_ATTR_GRAPH)) return OX_OK;
    ox_status s = ox_data_tensor(&in, dtype, 4, dims, &p, e->err);
    if (s != OX_OK) return s;
    for (uint64_t i = 0; i < n; i++) ox_dtype_set_f64(dtype, p, i, get(h, h->scores, i));
    s = ox__ev_block(e, attr, 1, &in, 1, &out);
    ox_data_free(in);
    if (s != OX_OK) return s;
    bool fits = out->kind == OX_DATA_TENSOR && out->dtype == dtype && out->n == n && out->rank == 4;
    for (uint64_t i = 0; fits && i < n; i++) set(h, h->scores, i, ox_dtype_get_f64(dtype, out->data, i));
    ox_data_free(out);
    return fits ? OX_OK : ox__ev_fail(e, "%s changes the shape or the type of what it is given", attr);
}

ox_status ox__eval_flex_attention(ox__ev *e)
{
    heads h = {0};
    ox__wide y;
    uint64_t n;
    ox_status s = ox__ev_need(e, 0, 3);
    if (s == OX_OK && e->in[0].rank != 4) s = ox__ev_fail(e, "Q must have 4 dims");
    if (s == OX_OK) s = read_sizes(e, &h);
    if (s != OX_OK) return s;
    ox_dtype dtype = e->in[0].dtype;
    int64_t soft = ox__ev_int(e, "softmax_precision", dtype == OX_DOUBLE ? OX_DOUBLE : OX_FLOAT);
    if (soft != OX_FLOAT && soft != OX_FLOAT16 && soft != OX_BFLOAT16 && soft != OX_DOUBLE)
        return ox__ev_fail(e, "softmax_precision is %lld", (long long)soft);
    h.in = soft == OX_DOUBLE ? OX_DOUBLE : ox__wide_type(dtype);
    if (!ox__wide_type(dtype)) return ox__ev_unsupported(e, "this element type");
    const int64_t dims[4] = {h.batch, h.q_heads, h.q_len, h.v_size};
    h.q = ox__wide_of(e, &e->in[0], h.in);
    h.k = h.q ? ox__wide_of(e, &e->in[1], h.in) : NULL;
    h.v = h.k ? ox__wide_of(e, &e->in[2], h.in) : NULL;
    if (!h.v) return OX_E_NOMEM;
    s = ox__wide_out(e, &y, 0, e->in[2].dtype, h.in, 4, dims);
    if (s == OX_OK) s = make_scores(e, &h, &n);
    if (s == OX_OK) s = queries_by_keys(e, &h, ox__ev_float(e, "scale", 1 / sqrt((double)h.size)));
    if (s == OX_OK) s = modify(e, &h, "score_mod", (ox_dtype)soft, n);
    if (s != OX_OK) return s;
    for (uint64_t at = 0; at < n; at += (uint64_t)h.kv_len)
        if (h.in == OX_DOUBLE)
            soften_f64((double *)h.scores + at, h.kv_len, false);
        else
            soften_f32((float *)h.scores + at, h.kv_len, false);
    s = modify(e, &h, "prob_mod", (ox_dtype)soft, n);
    if (s == OX_OK) s = scores_by_values(e, &h, y.p);
    if (s == OX_OK) ox__wide_store(e, &y);
    return s;
}
