/* Floor 3. What goes along an axis and keeps the shape: CumSum, CumProd, ReverseSequence, Trilu; and Dropout. */
#include "ops/unary.h"

/* ---- CumSum, CumProd ---- */
typedef struct cumulation {
    uint64_t outer, len, inner;
    bool reverse, exclusive, product;
} cumulation;

/* Each row of `inner` numbers is the one before it and a row of x; the results are the accumulators. */
#define CUMULATE(name, type) \
    static void name(const cumulation *c, type *out, const type *x) \
    { \
        for (uint64_t o = 0; o < c->outer; o++) \
            for (uint64_t l = 0; l < c->len; l++) { \
                uint64_t at = c->reverse ? c->len - 1 - l : l, had = c->reverse ? at + 1 : at - 1; \
                type *row = out + (o * c->len + at) * c->inner; \
                const type *next = x + (o * c->len + (c->exclusive && l ? had : at)) * c->inner; \
                const type *before = out + (o * c->len + (l ? had : at)) * c->inner; \
                for (uint64_t i = 0; i < c->inner; i++) { \
                    if (!l) \
                        row[i] = c->exclusive ? (type)c->product : next[i]; \
                    else \
                        row[i] = c->product ? before[i] * next[i] : before[i] + next[i]; \
                } \
            } \
    }
CUMULATE(cumulate_f32, float)
CUMULATE(cumulate_f64, double)
CUMULATE(cumulate_u64, uint64_t) /* of signed numbers too: they wrap alike */

ox_status ox__eval_cumulate(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    if (e->in[1].n != 1 || !ox_dtype_is_integer(e->in[1].dtype)) return ox__ev_fail(e, "axis must be one integer");
    int64_t axis = ox__ev_i64(&e->in[1], 0);
    s = ox__ev_axis(e, &axis, a->rank);
    if (s != OX_OK) return s;
    if (!ox__is_real(a->dtype) && (!ox_dtype_is_integer(a->dtype) || ox_dtype_bits(a->dtype) < 8))
        return ox__ev_unsupported(e, "of %s", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY));
    void *out = ox__ev_out(e, 0, a->dtype, a->rank, a->dims, &s);
    if (!out || !a->n) return s;
    cumulation c = {1,
                    (uint64_t)a->dims[axis],
                    1,
                    ox__ev_int(e, "reverse", 0) != 0,
                    ox__ev_int(e, "exclusive", 0) != 0,
                    !strcmp(ox__ev_op(e), "CumProd")};
    for (uint32_t i = 0; i < a->rank; i++) {
        if (i < axis) c.outer *= (uint64_t)a->dims[i];
        if (i > axis) c.inner *= (uint64_t)a->dims[i];
    }
    ox__class k = ox__class_of(a->dtype);
    bool plain = ox__is_plain(a->dtype);
    const void *x = ox__ev_plain(e, a);
    void *sums = plain ? out : ox__arena_alloc(e->mem, (size_t)a->n * (k == OX__IN_F32 ? 4 : 8));
    if (!x || !sums) return ox__nomem(e->err);
    if (k == OX__IN_F32)
        cumulate_f32(&c, sums, x);
    else if (k == OX__IN_F64)
        cumulate_f64(&c, sums, x);
    else
        cumulate_u64(&c, sums, x);
    if (!plain) ox__store(k, a->dtype, out, 0, (size_t)a->n, sums);
    return OX_OK;
}

/* ---- elements that only move; those of strings are their ox_bytes ---- */
static uint8_t *moved_out(ox__ev *e, const ox__dense *a, unsigned item, ox_status *s)
{
    if (a->dtype != OX_STRING) return ox__ev_out(e, 0, a->dtype, a->rank, a->dims, s);
    uint8_t *out = ox__arena_alloc(e->mem, OX__MAX((size_t)a->n * item, 1));
    *s = out ? OX_OK : ox__nomem(e->err);
    if (out) memset(out, 0, (size_t)a->n * item);
    return out;
}

static ox_status moved(ox__ev *e, const ox__dense *a, const uint8_t *out)
{
    return a->dtype == OX_STRING ? ox__ev_out_strings(e, 0, a->rank, a->dims, (const void *)out) : OX_OK;
}

/* ---- ReverseSequence ---- */
ox_status ox__eval_reverse_sequence(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0], *len = &e->in[1];
    int64_t batch = ox__ev_int(e, "batch_axis", 1), time = ox__ev_int(e, "time_axis", 0);
    if (a->rank < 2 || batch < 0 || batch > 1 || time != 1 - batch)
        return ox__ev_fail(e, "the axes must be 0 and 1 of an input of 2 dims or more");
    if (len->rank != 1 || len->dims[0] != a->dims[batch] || !ox_dtype_is_integer(len->dtype))
        return ox__ev_fail(e, "a length for each of the batch is needed");
    unsigned item = ox__ev_item(a->dtype);
    if (!item) return ox__ev_unsupported(e, "of %s", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY));
    uint64_t row = item, steps = (uint64_t)a->dims[time], of_batch = batch ? 1 : steps, of_time = batch ? len->n : 1;
    for (uint32_t i = 2; i < a->rank; i++) row *= (uint64_t)a->dims[i];
    uint8_t *out = moved_out(e, a, item, &s);
    for (uint64_t b = 0; out && a->n && b < len->n; b++) {
        int64_t n = ox__ev_i64(len, b);
        if (n < 0 || (uint64_t)n > steps)
            return ox__ev_fail(e, "a length of %lld of %llu steps", (long long)n, (unsigned long long)steps);
        for (uint64_t t = 0; t < steps; t++) {
            uint64_t from = t < (uint64_t)n ? (uint64_t)n - 1 - t : t;
            memcpy(out + (b * of_batch + t * of_time) * row,
                   (const uint8_t *)a->data + (b * of_batch + from * of_time) * row, (size_t)row);
        }
    }
    return out ? moved(e, a, out) : s;
}

/* ---- Trilu ---- */
ox_status ox__eval_trilu(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    unsigned item = ox__ev_item(a->dtype);
    if (a->rank < 2) return ox__ev_fail(e, "the input must have at least 2 dims");
    if (!item) return ox__ev_unsupported(e, "of %s", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY));
    if (ox__ev_has(e, 1) && (e->in[1].n != 1 || !ox_dtype_is_integer(e->in[1].dtype)))
        return ox__ev_fail(e, "k must be one integer");
    bool upper = ox__ev_int(e, "upper", 1) != 0;
    int64_t k = ox__ev_has(e, 1) ? ox__ev_i64(&e->in[1], 0) : 0, rows = a->dims[a->rank - 2],
            cols = a->dims[a->rank - 1];
    k = k > cols ? cols : k < -rows ? -rows : k;
    uint8_t *out = moved_out(e, a, item, &s);
    for (uint64_t r = 0; out && cols && r < a->n / (uint64_t)cols; r++) {
        int64_t edge = (int64_t)(r % (uint64_t)rows) + k + !upper; /* of what is kept */
        edge = edge < 0 ? 0 : edge > cols ? cols : edge;
        uint64_t first = r * (uint64_t)cols + (uint64_t)(upper ? edge : 0);
        memcpy(out + first * item, (const uint8_t *)a->data + first * item,
               (size_t)(upper ? cols - edge : edge) * item);
    }
    return out ? moved(e, a, out) : s;
}

/* ---- Dropout ---- */

/* Whether numbers are dropped, and how many of them. Without a say only the oldest versions do. */
static ox_status dropped(ox__ev *e, double *ratio)
{
    bool training = e->opset < 7 && !ox__ev_int(e, "is_test", 0);
    *ratio = e->opset < 12 ? ox__ev_float(e, "ratio", 0.5) : 0.5;
    for (size_t i = 1; i < 3 && e->opset >= 12; i++)
        if (ox__ev_has(e, i) && e->in[i].n != 1) return ox__ev_fail(e, "input %zu must be one element", i);
    if (e->opset >= 12 && ox__ev_has(e, 1)) *ratio = ox__ev_f64(&e->in[1], 0);
    if (e->opset >= 12) training = ox__ev_has(e, 2) && ox__ev_i64(&e->in[2], 0) != 0;
    if (!training) *ratio = 0;
    return *ratio >= 0 && *ratio < 1 ? OX_OK : ox__ev_fail(e, "ratio must be in [0, 1)");
}

static ox_status seeded(ox__ev *e, ox__random *r)
{
    const ox_attr *a = ox__ev_attr(e, "seed", OX_ATTR_INT);
    if (!a) return ox__ev_random(e, r);
    r->state = ox__hash(&a->u.i, sizeof a->u.i);
    return OX_OK;
}

ox_status ox__eval_dropout(ox__ev *e)
{
    double ratio;
    ox__random r;
    ox_status s = ox__ev_need(e, 0, 1);
    if (s == OX_OK) s = dropped(e, &ratio);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    if (!ox_dtype_is_float(a->dtype)) return ox__ev_unsupported(e, "of %s", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY));
    ox_dtype mask_type = e->opset < 10 ? a->dtype : OX_BOOL;
    void *mask = ox__ev_out(e, 1, mask_type, a->rank, a->dims, &s);
    if (!mask) return s;
    if (ratio == 0) {
        for (uint64_t i = 0; i < a->n; i++) ox_dtype_set_i64(mask_type, mask, i, 1);
        return ox__ev_out_reshaped(e, 0, 0, a->rank, a->dims);
    }
    void *out = ox__ev_out(e, 0, a->dtype, a->rank, a->dims, &s);
    if (out) s = seeded(e, &r);
    for (uint64_t at = 0; s == OX_OK && at < a->n; at += OX__BLOCK) {
        double v[OX__BLOCK];
        size_t n = (size_t)OX__MIN(a->n - at, (uint64_t)OX__BLOCK);
        ox__load_f64(a->dtype, a->data, at, n, v);
        for (size_t i = 0; i < n; i++) {
            bool kept = ox__random_unit(&r) >= ratio;
            ox_dtype_set_i64(mask_type, mask, at + i, kept);
            v[i] = kept ? v[i] / (1 - ratio) : 0;
        }
        ox__store_f64(a->dtype, out, at, n, v);
    }
    return s;
}
