/* Floor 1. Statistics of tensors, of all elements, at the speed of memory.
 *
 * Types of up to 16 bits: one pass counts how often each bit pattern occurs, and the rest is arithmetic on the counts.
 * The others: one pass for the moments and the extremes, one for the histogram. A block of float32 without NaN and
 * infinity, which is nearly every block, runs through loops that the compiler makes vectors of. */
#include "ir/parts.h"

#include <math.h>

enum { BLOCK = 2048, WAYS = 4 };

/* Count, mean and squared distances from it: two of them can be joined without loss (Chan, Golub, LeVeque). */
typedef struct moments {
    double n, mean, m2;
} moments;

static void join(moments *a, moments b)
{
    if (b.n == 0) return;
    double n = a->n + b.n, d = b.mean - a->mean;
    a->mean += d * (b.n / n);
    a->m2 += b.m2 + d * d * (a->n * b.n / n);
    a->n = n;
}

typedef struct collector {
    ox_tensor_stats_t *out;
    ox_dtype dtype;
    uint64_t left; /* elements that are not seen yet: the last byte of a packed type may hold padding */
    moments mom;
    double half;  /* 1, or 0.5 where max - min is more than a double holds */
    double low;   /* min * half */
    double scale; /* bins per unit */
    double width; /* of all bins, where that is too small to have a scale; else 0 */
    uint64_t bins[WAYS][OX_HISTOGRAM_BINS + 1];
    uint64_t *count; /* by bit pattern */
} collector;

/* ---- first pass: one element, or a block ---- */
static void first_one(collector *c, double v)
{
    ox_tensor_stats_t *o = c->out;
    o->n++;
    o->n_zero += v == 0;
    if (isnan(v)) {
        o->n_nan++;
    } else if (isinf(v)) {
        o->n_inf++;
    } else {
        if (v < o->min) o->min = v;
        if (v > o->max) o->max = v;
        join(&c->mom, (moments){1, v, 0});
    }
}

static bool all_finite_f32(const float *x, size_t n)
{
    uint32_t bad = 0;
    for (size_t i = 0; i < n; i++) {
        uint32_t u;
        memcpy(&u, &x[i], sizeof u);
        bad |= (uint32_t)((u & 0x7f800000u) == 0x7f800000u);
    }
    return !bad;
}

/* Distances are taken from the block's first element, so that a large mean does not swallow a small deviation. */
static void first_block_f32(collector *c, const float *x, size_t n)
{
    enum { LANES = 8 };
    float lo[LANES], hi[LANES];
    double sum[LANES] = {0}, square[LANES] = {0};
    uint32_t zero[LANES] = {0};
    for (int l = 0; l < LANES; l++) lo[l] = hi[l] = x[0];
    size_t i = 0;
    for (; i + LANES <= n; i += LANES)
        for (int l = 0; l < LANES; l++) {
            float v = x[i + (size_t)l];
            double d = (double)v - (double)x[0];
            lo[l] = v < lo[l] ? v : lo[l];
            hi[l] = v > hi[l] ? v : hi[l];
            zero[l] += v == 0;
            sum[l] += d;
            square[l] += d * d;
        }
    ox_tensor_stats_t *o = c->out;
    double s = 0, q = 0;
    for (int l = 0; l < LANES; l++) {
        s += sum[l];
        q += square[l];
        o->n_zero += zero[l];
        if (lo[l] < o->min) o->min = lo[l];
        if (hi[l] > o->max) o->max = hi[l];
    }
    o->n += i;
    if (i) join(&c->mom, (moments){(double)i, (double)x[0] + s / (double)i, q - s * s / (double)i});
    for (; i < n; i++) first_one(c, x[i]);
}

static void first_f32(collector *c, const uint8_t *p, size_t n)
{
    float x[BLOCK]; /* a copy: file data has no alignment */
    for (size_t i = 0, k; i < n; i += k) {
        k = OX__MIN(n - i, (size_t)BLOCK);
        memcpy(x, p + i * sizeof *x, k * sizeof *x);
        if (all_finite_f32(x, k))
            first_block_f32(c, x, k);
        else
            for (size_t e = 0; e < k; e++) first_one(c, x[e]);
    }
}

static ox_status first_pass(void *ud, const void *chunk, uint64_t n_bytes, uint64_t offset, ox_error *err)
{
    (void)err;
    (void)offset;
    collector *c = ud;
    uint64_t n = OX__MIN(n_bytes * 8 / ox_dtype_bits(c->dtype), c->left);
    c->left -= n;
    if (c->dtype == OX_FLOAT)
        first_f32(c, chunk, n);
    else
        for (uint64_t i = 0; i < n; i++) first_one(c, ox_dtype_get_f64(c->dtype, chunk, i));
    return OX_OK;
}

/* ---- second pass ---- */
static void make_bins(collector *c)
{
    const ox_tensor_stats_t *o = c->out;
    c->half = isfinite(o->max - o->min) ? 1 : 0.5;
    c->low = o->min * c->half;
    double width = o->max * c->half - c->low;
    c->scale = width > 0 ? OX_HISTOGRAM_BINS / width : 0;
    c->width = isfinite(c->scale) ? 0 : width;
}

static size_t bin_of(const collector *c, double v)
{
    double d = v * c->half - c->low, b = c->width > 0 ? d / c->width * OX_HISTOGRAM_BINS : d * c->scale;
    return b < OX_HISTOGRAM_BINS - 1 ? (size_t)b : OX_HISTOGRAM_BINS - 1;
}

/* Neighbours are counted in different rows, so that one count need not wait for the one before. The last bin is for
 * what is not finite. */
static void second_f32(collector *c, const uint8_t *p, size_t n)
{
    float x[BLOCK];
    uint8_t bin[BLOCK];
    const double low = c->low, scale = c->scale, top = OX_HISTOGRAM_BINS - 1;
    for (size_t i = 0, k; i < n; i += k) {
        k = OX__MIN(n - i, (size_t)BLOCK);
        memcpy(x, p + i * sizeof *x, k * sizeof *x);
        if (c->width > 0 || !all_finite_f32(x, k)) {
            for (size_t e = 0; e < k; e++) c->bins[0][isfinite(x[e]) ? bin_of(c, x[e]) : OX_HISTOGRAM_BINS]++;
            continue;
        }
        for (size_t e = 0; e < k; e++) {
            double b = ((double)x[e] - low) * scale; /* a float32's range fits: half is 1 */
            bin[e] = (uint8_t)(int)(b < top ? b : top);
        }
        size_t e = 0;
        for (; e + WAYS <= k; e += WAYS)
            for (size_t w = 0; w < WAYS; w++) c->bins[w][bin[e + w]]++;
        for (; e < k; e++) c->bins[0][bin[e]]++;
    }
}

static ox_status second_pass(void *ud, const void *chunk, uint64_t n_bytes, uint64_t offset, ox_error *err)
{
    (void)err;
    (void)offset;
    collector *c = ud;
    uint64_t n = OX__MIN(n_bytes * 8 / ox_dtype_bits(c->dtype), c->left);
    c->left -= n;
    if (c->dtype == OX_FLOAT) {
        second_f32(c, chunk, n);
        return OX_OK;
    }
    for (uint64_t i = 0; i < n; i++) {
        double v = ox_dtype_get_f64(c->dtype, chunk, i);
        c->bins[0][isfinite(v) ? bin_of(c, v) : OX_HISTOGRAM_BINS]++;
    }
    return OX_OK;
}

/* ---- types of few patterns ---- */
static ox_status count_pass(void *ud, const void *chunk, uint64_t n_bytes, uint64_t offset, ox_error *err)
{
    (void)err;
    (void)offset;
    collector *c = ud;
    const uint8_t *p = chunk;
    unsigned bits = ox_dtype_bits(c->dtype);
    uint64_t n = OX__MIN(n_bytes * 8 / bits, c->left);
    c->left -= n;
    if (bits == 16) {
        for (uint64_t i = 0; i < n; i++) {
            uint16_t u;
            memcpy(&u, p + i * 2, sizeof u);
            c->count[(i & 1) << 16 | u]++;
        }
    } else if (bits == 8) {
        for (uint64_t i = 0; i < n; i++) c->count[(i & 3) << 8 | p[i]]++;
    } else {
        for (uint64_t i = 0; i < n; i++) c->count[p[i * bits / 8] >> (i * bits % 8) & ((1u << bits) - 1)]++;
    }
    return OX_OK;
}

/* The number of elements with pattern u; see how count_pass spreads them. */
static uint64_t counted(const collector *c, unsigned bits, uint32_t u)
{
    if (bits == 16) return c->count[u] + c->count[1u << 16 | u];
    if (bits < 8) return c->count[u];
    return c->count[u] + c->count[1u << 8 | u] + c->count[2u << 8 | u] + c->count[3u << 8 | u];
}

static void from_counts(collector *c)
{
    ox_tensor_stats_t *o = c->out;
    unsigned bits = ox_dtype_bits(c->dtype);
    uint32_t n = UINT32_C(1) << bits;
    for (int pass = 0; pass < 2; pass++) {
        for (uint32_t u = 0; u < n; u++) {
            uint64_t k = counted(c, bits, u);
            if (!k) continue;
            double v = ox_dtype_get_f64(c->dtype, &u, 0);
            if (pass) {
                if (isfinite(v)) o->bins[bin_of(c, v)] += k;
                continue;
            }
            o->n += k;
            if (v == 0) o->n_zero += k;
            if (isnan(v)) {
                o->n_nan += k;
            } else if (isinf(v)) {
                o->n_inf += k;
            } else {
                if (v < o->min) o->min = v;
                if (v > o->max) o->max = v;
                join(&c->mom, (moments){(double)k, v, 0});
            }
        }
        make_bins(c);
    }
}

/* ---- all ---- */
static ox_status collect(const ox_model *m, ox_tensor t, collector *c, uint64_t n, const ox_task *task, ox_error *err)
{
    c->left = n;
    if (ox_dtype_bits(c->dtype) <= 16) {
        if (!(c->count = ox__calloc((size_t)1 << 17, sizeof *c->count))) return ox__nomem(err);
        ox_status s = ox_tensor_stream(m, t, count_pass, c, task, err);
        if (s == OX_OK) from_counts(c);
        ox__free(c->count);
        return s;
    }
    ox_status s = ox_tensor_stream(m, t, first_pass, c, task, err);
    if (s != OX_OK || c->out->max < c->out->min) return s;
    make_bins(c);
    c->left = n;
    s = ox_tensor_stream(m, t, second_pass, c, task, err);
    for (int w = 0; w < WAYS; w++)
        for (int b = 0; b < OX_HISTOGRAM_BINS; b++) c->out->bins[b] += c->bins[w][b];
    return s;
}

ox_status ox_tensor_stats(const ox_model *m, ox_tensor t, ox_tensor_stats_t *out, const ox_task *task, ox_error *err)
{
    if (!m || !out) return ox__fail(err, OX_E_INVALID, "no model was given");
    ox_tensor_info i = ox_tensor_get(m, t);
    memset(out, 0, sizeof *out);
    out->min = INFINITY;
    out->max = -INFINITY;
    collector c = {.out = out, .dtype = i.dtype};
    ox_status s = collect(m, t, &c, i.n_elements, task, err);
    if (s != OX_OK) return s;
    bool any = out->n > out->n_nan + out->n_inf;
    if (!any) out->min = out->max = NAN;
    out->mean = any ? c.mom.mean : NAN;
    out->std = any ? sqrt(fmax(c.mom.m2, 0) / c.mom.n) : NAN;
    return OX_OK;
}
