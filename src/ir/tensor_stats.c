/* Floor 1. Statistics of tensors, of all elements, at the speed of memory.
 *
 * Types of up to 16 bits: one pass counts how often each bit pattern occurs, and the rest is arithmetic on the counts.
 * The others: one pass for the moments and the extremes, one for the histogram. A block without NaN and infinity,
 * which is nearly every block, runs through loops that the compiler makes vectors of. */
#include "ir/parts.h"

#include <math.h>

enum { BLOCK = 1024, WAYS = 4 };

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
    double unit;   /* of the moments: 1, or less where squares would be more than a double holds */
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
        join(&c->mom, (moments){1, v * c->unit, 0});
    }
}

#define LOAD(type) \
    for (size_t i = 0; i < n; i++) { \
        type v; \
        memcpy(&v, (const uint8_t *)p + (from + i) * sizeof v, sizeof v); \
        x[i] = (double)v; \
    } \
    break

/* Elements as doubles; file data has no alignment. */
static void load(ox_dtype dtype, const void *p, size_t from, size_t n, double *x)
{
    switch (dtype) {
    case OX_FLOAT: LOAD(float);
    case OX_DOUBLE: LOAD(double);
    case OX_INT32: LOAD(int32_t);
    case OX_UINT32: LOAD(uint32_t);
    case OX_INT64: LOAD(int64_t);
    case OX_UINT64: LOAD(uint64_t);
    default:
        for (size_t i = 0; i < n; i++) x[i] = ox_dtype_get_f64(dtype, p, from + i);
    }
}

/* Two doubles side by side, for which every machine of ours has instructions; what they hold is said by the operators
 * of GNU C, since the compiler makes no vectors of sums of floating numbers by itself. */
typedef double pair __attribute__((vector_size(16)));
typedef int64_t mask __attribute__((vector_size(16)));

static inline pair choose(mask m, pair a, pair b)
{
    return (pair)((m & (mask)a) | (~m & (mask)b));
}

enum { LANES = 2, STEP = 2 * LANES };

/* A block whose length STEP divides. Distances are taken from its first element, so that a large mean does not swallow
 * a small deviation. False, and nothing was counted, if an element is not finite. */
static bool first_block(collector *c, const double *x, size_t n)
{
    const double base = x[0] * c->unit;
    const pair unit = {c->unit, c->unit}, start = {base, base}, none = {0, 0};
    pair lo[LANES], hi[LANES], sum[LANES] = {{0}}, square[LANES] = {{0}}, bad = {0};
    mask zero[LANES] = {{0}};
    for (int l = 0; l < LANES; l++) lo[l] = hi[l] = (pair){x[0], x[0]};
    for (size_t i = 0; i < n; i += STEP)
        for (int l = 0; l < LANES; l++) {
            pair v;
            memcpy(&v, x + i + (size_t)l * 2, sizeof v);
            pair d = v * unit - start;
            lo[l] = choose(v < lo[l], v, lo[l]);
            hi[l] = choose(v > hi[l], v, hi[l]);
            zero[l] -= v == none;
            sum[l] += d;
            square[l] += d * d;
            bad += v * none; /* NaN from what is not finite */
        }
    if (bad[0] != 0 || bad[1] != 0) return false;
    ox_tensor_stats_t *o = c->out;
    double s = 0, q = 0;
    for (int k = 0; k < STEP; k++) {
        int l = k / 2, e = k % 2;
        s += sum[l][e];
        q += square[l][e];
        o->n_zero += (uint64_t)zero[l][e];
        if (lo[l][e] < o->min) o->min = lo[l][e];
        if (hi[l][e] > o->max) o->max = hi[l][e];
    }
    o->n += n;
    join(&c->mom, (moments){(double)n, base + s / (double)n, q - s * s / (double)n});
    return true;
}

static ox_status first_pass(void *ud, const void *chunk, uint64_t n_bytes, uint64_t offset, ox_error *err)
{
    (void)err;
    (void)offset;
    collector *c = ud;
    double x[BLOCK];
    uint64_t n = OX__MIN(n_bytes * 8 / ox_dtype_bits(c->dtype), c->left);
    c->left -= n;
    for (uint64_t i = 0, k; i < n; i += k) {
        k = OX__MIN(n - i, (uint64_t)BLOCK);
        load(c->dtype, chunk, i, k, x);
        size_t even = k / STEP * STEP;
        for (size_t e = even && first_block(c, x, even) ? even : 0; e < k; e++) first_one(c, x[e]);
    }
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
static void second_block(collector *c, const double *x, size_t n)
{
    const double half = c->half, low = c->low, scale = c->scale, top = OX_HISTOGRAM_BINS - 1;
    int32_t bin[BLOCK];
    if (c->width > 0 || c->out->n_nan || c->out->n_inf) {
        for (size_t e = 0; e < n; e++) c->bins[0][isfinite(x[e]) ? bin_of(c, x[e]) : OX_HISTOGRAM_BINS]++;
        return;
    }
    for (size_t e = 0; e < n; e++) {
        double b = (x[e] * half - low) * scale;
        bin[e] = (int32_t)(b < top ? b : top);
    }
    size_t e = 0;
    for (; e + WAYS <= n; e += WAYS)
        for (size_t w = 0; w < WAYS; w++) c->bins[w][bin[e + w]]++;
    for (; e < n; e++) c->bins[0][bin[e]]++;
}

static ox_status second_pass(void *ud, const void *chunk, uint64_t n_bytes, uint64_t offset, ox_error *err)
{
    (void)err;
    (void)offset;
    collector *c = ud;
    double x[BLOCK];
    uint64_t n = OX__MIN(n_bytes * 8 / ox_dtype_bits(c->dtype), c->left);
    c->left -= n;
    for (uint64_t i = 0, k; i < n; i += k) {
        k = OX__MIN(n - i, (uint64_t)BLOCK);
        load(c->dtype, chunk, i, k, x);
        second_block(c, x, k);
    }
    return OX_OK;
}

/* ---- types of few patterns ---- */
enum { LOOSE = 1 << 10 }; /* counts of sub-byte elements that were not counted by the byte */

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
    } else { /* whole bytes, which are taken apart at the end, where elements fill them; the last may hold padding */
        uint64_t whole = 8 % bits ? 0 : n * bits / 8;
        for (uint64_t i = 0; i < whole; i++) c->count[(i & 3) << 8 | p[i]]++;
        for (uint64_t i = whole * 8 / bits; i < n; i++) c->count[LOOSE + ox__bits_get(p, i, bits)]++;
    }
    return OX_OK;
}

static uint64_t counted_byte(const collector *c, uint32_t u)
{
    return c->count[u] + c->count[1u << 8 | u] + c->count[2u << 8 | u] + c->count[3u << 8 | u];
}

/* The number of elements with pattern u; see how count_pass spreads them. */
static uint64_t counted(const collector *c, unsigned bits, uint32_t u)
{
    if (bits == 16) return c->count[u] + c->count[1u << 16 | u];
    if (bits == 8) return counted_byte(c, u);
    uint64_t n = c->count[LOOSE + u];
    for (uint32_t byte = 0; byte < 256 && 8 % bits == 0; byte++)
        for (unsigned at = 0; at < 8; at += bits)
            if ((byte >> at & ((1u << bits) - 1)) == u) n += counted_byte(c, byte);
    return n;
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
                join(&c->mom, (moments){(double)k, v, 0}); /* 16 bits hold no huge number */
            }
        }
        make_bins(c);
    }
}

/* ---- all ---- */
static void start(collector *c, double unit)
{
    memset(c->out, 0, sizeof *c->out);
    c->out->min = INFINITY;
    c->out->max = -INFINITY;
    c->mom = (moments){0, 0, 0};
    c->unit = unit;
}

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
    if (s == OX_OK && !isfinite(c->mom.m2)) { /* huge doubles: once more, in other units */
        start(c, 0x1p-600);
        c->left = n;
        s = ox_tensor_stream(m, t, first_pass, c, task, err);
    }
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
    collector c = {.out = out, .dtype = i.dtype};
    start(&c, 1);
    ox_status s = collect(m, t, &c, i.n_elements, task, err);
    if (s != OX_OK) return s;
    bool any = out->n > out->n_nan + out->n_inf;
    if (!any) out->min = out->max = NAN;
    out->mean = any ? c.mom.mean / c.unit : NAN;
    out->std = any ? sqrt(fmax(c.mom.m2, 0) / c.mom.n) / c.unit : NAN;
    return OX_OK;
}
