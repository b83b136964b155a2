/* Floor 3. Reductions. Dims of one kind are merged, so that there is either a run of elements that become one number,
 * or rows that are folded into a row of numbers. Floats are folded in double and rounded once, integers in 64 bits. */
#include "ops/fast.h"
#include "ops/reduce.h"

/* The numbers so far: one, or a row of them. */
typedef struct fold {
    union {
        double v[OX__BLOCK];
        int64_t i[OX__BLOCK];
    };
    double sum[OX__BLOCK]; /* LogSumExp: of e^(x - v) */
} fold;
typedef void (*fold_fn)(fold *f, const void *x, size_t n);

/* ---- kernels: of a run, and of a row ---- */
#define ROW(name, type, acc, field, expr) \
    OX__WIDE static void name(fold *f, const void *px, size_t n) \
    { \
        const type *v = px; \
        for (size_t i = 0; i < n; i++) { \
            acc x = (acc)v[i], r = (acc)f->field[i]; \
            f->field[i] = (expr); \
        } \
    }
#define RUN(name, type, acc, field, expr) \
    static void name(fold *f, const void *px, size_t n) \
    { \
        const type *v = px; \
        acc r = (acc)f->field[0]; \
        for (size_t i = 0; i < n; i++) { \
            acc x = (acc)v[i]; \
            r = (expr); \
        } \
        f->field[0] = r; \
    }
/* Eight sums at a time, which the processor can add side by side. */
#define SUM_RUN(name, type, acc, field, term) \
    OX__WIDE static void name(fold *f, const void *px, size_t n) \
    { \
        const type *v = px; \
        acc r[8] = {0}; \
        size_t i = 0; \
        for (; i + 8 <= n; i += 8) \
            for (size_t k = 0; k < 8; k++) { \
                acc x = (acc)v[i + k]; \
                r[k] += (term); \
            } \
        for (; i < n; i++) { \
            acc x = (acc)v[i]; \
            r[0] += (term); \
        } \
        f->field[0] += ((r[0] + r[1]) + (r[2] + r[3])) + ((r[4] + r[5]) + (r[6] + r[7])); \
    }
/* The same of an extreme: expr is between r and x. */
#define EXTREME_RUN(name, type, acc, field, expr) \
    OX__WIDE static void name(fold *f, const void *px, size_t n) \
    { \
        const type *v = px; \
        acc best[8]; \
        size_t i = 0; \
        for (size_t k = 0; k < 8; k++) best[k] = (acc)f->field[0]; \
        for (; i + 8 <= n; i += 8) \
            for (size_t k = 0; k < 8; k++) { \
                acc x = (acc)v[i + k], r = best[k]; \
                best[k] = (expr); \
            } \
        for (; i < n; i++) { \
            acc x = (acc)v[i], r = best[0]; \
            best[0] = (expr); \
        } \
        for (size_t k = 1; k < 8; k++) { \
            acc x = best[k], r = best[0]; \
            best[0] = (expr); \
        } \
        f->field[0] = best[0]; \
    }
#define SUMS(name, term_d, term_i) \
    SUM_RUN(name##_run_f32, float, double, v, term_d) \
    SUM_RUN(name##_run_f64, double, double, v, term_d) \
    RUN(name##_run_i64, int64_t, uint64_t, i, r + (term_i)) \
    ROW(name##_row_f32, float, double, v, r + (term_d)) \
    ROW(name##_row_f64, double, double, v, r + (term_d)) \
    ROW(name##_row_i64, int64_t, uint64_t, i, (int64_t)(r + (term_i)))
#define EXTREMES(name, expr_d, expr_i) \
    EXTREME_RUN(name##_run_f32, float, float, v, expr_d) \
    EXTREME_RUN(name##_run_f64, double, double, v, expr_d) \
    EXTREME_RUN(name##_run_i64, int64_t, int64_t, i, expr_i) \
    EXTREME_RUN(name##_run_u64, int64_t, uint64_t, i, expr_i) \
    ROW(name##_row_f32, float, double, v, expr_d) \
    ROW(name##_row_f64, double, double, v, expr_d) \
    ROW(name##_row_i64, int64_t, int64_t, i, expr_i) \
    ROW(name##_row_u64, int64_t, uint64_t, i, (int64_t)(expr_i))
#define FOLDS(name, expr_d, int_acc, expr_i) \
    RUN(name##_run_f32, float, double, v, expr_d) \
    RUN(name##_run_f64, double, double, v, expr_d) \
    RUN(name##_run_i64, int64_t, int_acc, i, expr_i) \
    ROW(name##_row_f32, float, double, v, expr_d) \
    ROW(name##_row_f64, double, double, v, expr_d) \
    ROW(name##_row_i64, int64_t, int_acc, i, (int64_t)(expr_i))

SUMS(sum, x, x)
SUMS(sum_abs, fabs(x), (int64_t)x < 0 ? 0 - x : x)
SUMS(sum_square, x *x, x *x)
FOLDS(product, r *x, uint64_t, r *x)
EXTREMES(max, x > r || x != x ? x : r, x > r ? x : r)
EXTREMES(min, x < r || x != x ? x : r, x < r ? x : r)
RUN(sum_abs_run_u64, int64_t, uint64_t, i, r + x)
ROW(sum_abs_row_u64, int64_t, uint64_t, i, (int64_t)(r + x))

/* log(sum(e^x)) as the largest x and the sum relative to it, so that nothing overflows. */
static void add_exp(fold *f, size_t k, double x)
{
    double *most = &f->v[k], *sum = &f->sum[k];
    if (isnan(x) || isnan(*most)) {
        *most = (double)NAN;
    } else if (x > *most) {
        *sum = *sum * exp(*most - x) + 1;
        *most = x;
    } else if (!isinf(*most)) { /* e^(inf - inf) adds nothing that would show */
        *sum += exp(x - *most);
    }
}

static void log_sum_run_f32(fold *f, const void *x, size_t n)
{
    for (size_t i = 0; i < n; i++) add_exp(f, 0, (double)((const float *)x)[i]);
}
static void log_sum_run_f64(fold *f, const void *x, size_t n)
{
    for (size_t i = 0; i < n; i++) add_exp(f, 0, ((const double *)x)[i]);
}
static void log_sum_row_f32(fold *f, const void *x, size_t n)
{
    for (size_t i = 0; i < n; i++) add_exp(f, i, (double)((const float *)x)[i]);
}
static void log_sum_row_f64(fold *f, const void *x, size_t n)
{
    for (size_t i = 0; i < n; i++) add_exp(f, i, ((const double *)x)[i]);
}

typedef struct reduction {
    const char *op;
    fold_fn run[5], row[5]; /* by class */
    bool float_only;        /* integers are computed as double, and cut */
    enum { PLAIN, MEAN, ROOT, LOG, LOG_SUM } end;
} reduction;

#define FNS(name, kind, u64) \
    { \
        NULL, name##_##kind##_f32, name##_##kind##_f64, name##_##kind##_i64, u64 \
    }
#define BOTH(name) FNS(name, run, name##_run_i64), FNS(name, row, name##_row_i64)
#define ORDERED(name) FNS(name, run, name##_run_u64), FNS(name, row, name##_row_u64)
static const reduction reductions[] = {
    {"ReduceL1", ORDERED(sum_abs), false, PLAIN},
    {"ReduceL2", BOTH(sum_square), true, ROOT},
    {"ReduceLogSum", BOTH(sum), true, LOG},
    {"ReduceLogSumExp",
     {NULL, log_sum_run_f32, log_sum_run_f64, NULL, NULL},
     {NULL, log_sum_row_f32, log_sum_row_f64, NULL, NULL},
     true,
     LOG_SUM},
    {"ReduceMax", ORDERED(max), false, PLAIN},
    {"ReduceMean", BOTH(sum), false, MEAN},
    {"ReduceMin", ORDERED(min), false, PLAIN},
    {"ReduceProd", BOTH(product), false, PLAIN},
    {"ReduceSum", BOTH(sum), false, PLAIN},
    {"ReduceSumSquare", BOTH(sum_square), false, PLAIN},
};

/* ---- what is walked ---- */
typedef struct job {
    const reduction *r;
    ox__class c;
    ox_dtype dtype;
    const void *in;
    void *out;
    fold_fn fn;
    uint32_t n_kept, n_gone; /* merged dims before the last */
    int64_t kept[OX__EVAL_RANK], kept_step[OX__EVAL_RANK], gone[OX__EVAL_RANK], gone_step[OX__EVAL_RANK];
    bool run;        /* the last dim is reduced: a run; else a row */
    uint64_t len;    /* of it */
    uint64_t times;  /* runs or rows that become one */
    uint64_t pieces; /* of a row */
    uint64_t count;  /* elements that become one */
    double start;
    int64_t start_i;
} job;

/* Merges neighbours of one kind. The last merged dim becomes the run or the row. */
static void merge(job *j, const ox__dense *a, const bool *gone)
{
    int64_t dims[OX__EVAL_RANK] = {1}, step = 1;
    bool kind[OX__EVAL_RANK] = {false};
    uint32_t n = 0;
    for (uint32_t i = 0; i < a->rank; i++) {
        if (a->dims[i] == 1) continue;
        if (n && kind[n - 1] == gone[i]) {
            dims[n - 1] *= a->dims[i];
        } else {
            dims[n] = a->dims[i];
            kind[n++] = gone[i];
        }
    }
    if (!n) n = 1;
    j->run = kind[n - 1];
    j->len = (uint64_t)dims[n - 1];
    j->times = 1;
    step = dims[n - 1];
    for (uint32_t i = n - 1; i-- > 0; step *= dims[i]) {
        uint32_t *k = kind[i] ? &j->n_gone : &j->n_kept;
        (kind[i] ? j->gone : j->kept)[*k] = dims[i];
        (kind[i] ? j->gone_step : j->kept_step)[(*k)++] = step;
        if (kind[i]) j->times *= (uint64_t)dims[i];
    }
    j->count = j->run ? j->times * j->len : j->times;
    j->pieces = j->run ? 1 : (j->len + OX__BLOCK - 1) / OX__BLOCK;
}

/* The offset of a number among dims, the first of which is the fastest. */
static uint64_t offset(uint64_t k, uint32_t n, const int64_t *dims, const int64_t *steps)
{
    uint64_t at = 0;
    for (uint32_t d = 0; d < n && k; d++) {
        at += k % (uint64_t)dims[d] * (uint64_t)steps[d];
        k /= (uint64_t)dims[d];
    }
    return at;
}

static void add(const job *j, fold *f, uint64_t at, uint64_t n)
{
    uint64_t block[OX__BLOCK];
    if (ox__is_plain(j->dtype) && ox__class_of(j->dtype) == j->c) {
        j->fn(f, (const char *)j->in + at * (ox_dtype_bits(j->dtype) / 8), (size_t)n);
        return;
    }
    for (uint64_t done = 0; done < n; done += OX__BLOCK) {
        size_t len = (size_t)OX__MIN(n - done, (uint64_t)OX__BLOCK);
        ox__load(j->c, j->dtype, j->in, at + done, len, block);
        j->fn(f, block, len);
    }
}

static double finished(const job *j, double v, double sum)
{
    switch (j->r->end) {
    case MEAN: return v / (double)j->count;
    case ROOT: return sqrt(v);
    case LOG: return log(v);
    case LOG_SUM: return isinf(v) && v > 0 ? v : v + log(sum);
    default: return v;
    }
}

static void finish(const job *j, fold *f, uint64_t at, size_t n)
{
    bool is_float = ox_dtype_is_float(j->dtype);
    if (j->c == OX__IN_F32 || j->c == OX__IN_F64) {
        for (size_t i = 0; i < n; i++) f->v[i] = finished(j, f->v[i], f->sum[i]);
        if (is_float) {
            ox__store_f64(j->dtype, j->out, at, n, f->v);
            return;
        }
        for (size_t i = 0; i < n; i++) f->i[i] = ox__float_bits(j->dtype, f->v[i]);
    } else if (j->r->end == MEAN && j->count) {
        for (size_t i = 0; i < n; i++)
            f->i[i] = j->c == OX__IN_U64 ? (int64_t)((uint64_t)f->i[i] / j->count) : f->i[i] / (int64_t)j->count;
    }
    ox__store_i64(j->dtype, j->out, at, n, f->i);
}

static void units(void *ud, uint64_t from, uint64_t to)
{
    const job *j = ud;
    for (uint64_t u = from; u < to; u++) {
        fold f;
        uint64_t column = u % j->pieces * OX__BLOCK, kept = u / j->pieces;
        size_t n = j->run ? 1 : (size_t)OX__MIN(j->len - column, (uint64_t)OX__BLOCK);
        for (size_t i = 0; i < n; i++) {
            if (j->c == OX__IN_F32 || j->c == OX__IN_F64)
                f.v[i] = j->start;
            else
                f.i[i] = j->start_i;
            f.sum[i] = 0;
        }
        uint64_t at = offset(kept, j->n_kept, j->kept, j->kept_step) + column;
        for (uint64_t k = 0; j->count && k < j->times; k++)
            add(j, &f, at + offset(k, j->n_gone, j->gone, j->gone_step), j->run ? j->len : n);
        finish(j, &f, j->run ? kept : kept * j->len + column, n);
    }
}

/* ---- the operators ---- */

/* gone per dim; all of them when no axes are given, unless that means none. */
static ox_status axes_of(ox__ev *e, uint32_t rank, bool *gone)
{
    const int64_t *axes;
    size_t n;
    if (!ox__ev_list(e, "axes", 1, &axes, &n) && ox__ev_has(e, 1)) return ox__nomem(e->err);
    memset(gone, n == 0 && !ox__ev_int(e, "noop_with_empty_axes", 0), OX__EVAL_RANK);
    for (size_t i = 0; i < n; i++) {
        int64_t axis = axes[i];
        ox_status s = ox__ev_axis(e, &axis, rank);
        if (s != OX_OK) return s;
        gone[axis] = true;
    }
    return OX_OK;
}

/* What no element at all becomes: the least that the type has for Max. */
static void set_start(job *j, ox_dtype dtype)
{
    bool max = !strcmp(j->r->op, "ReduceMax"), min = !strcmp(j->r->op, "ReduceMin");
    int bits = (int)ox_dtype_bits(dtype);
    bool is_signed = dtype == OX_INT8 || dtype == OX_INT16 || dtype == OX_INT32 || dtype == OX_INT64;
    uint64_t top = UINT64_C(1) << (bits - 1);
    j->start = max || j->r->end == LOG_SUM ? -(double)INFINITY
               : min                       ? (double)INFINITY
                                           : !strcmp(j->r->op, "ReduceProd");
    if (max)
        j->start_i = is_signed ? (int64_t)(0 - top) : 0;
    else if (min)
        j->start_i = dtype == OX_BOOL ? 1 : (int64_t)(is_signed ? top - 1 : top - 1 + top);
    else
        j->start_i = j->start != 0;
}

static const reduction *reduction_of(const char *op)
{
    for (size_t i = 0; i < OX__COUNT(reductions); i++)
        if (!strcmp(reductions[i].op, op)) return &reductions[i];
    return NULL;
}

ox_status ox__eval_reduce(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    job j = {.r = reduction_of(ox__ev_op(e)), .c = ox__class_of(a->dtype), .dtype = a->dtype, .in = a->data};
    bool gone[OX__EVAL_RANK], keep = ox__ev_int(e, "keepdims", 1) != 0;
    bool ints = ox_dtype_is_integer(a->dtype) && ox_dtype_bits(a->dtype) >= 8,
         bools = a->dtype == OX_BOOL && j.r && (!strcmp(j.r->op, "ReduceMax") || !strcmp(j.r->op, "ReduceMin"));
    if (!j.r || (!ox__is_real(a->dtype) && !ints && !bools) || a->rank > OX__EVAL_RANK)
        return ox__ev_unsupported(e, "of %s with %u dims", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY), a->rank);
    s = axes_of(e, a->rank, gone);
    if (s != OX_OK) return s;
    int64_t dims[OX__EVAL_RANK];
    uint32_t rank = 0;
    uint64_t n;
    for (uint32_t i = 0; i < a->rank; i++)
        if (!gone[i] || keep) dims[rank++] = gone[i] ? 1 : a->dims[i];
    j.out = ox__ev_out(e, 0, a->dtype, rank, dims, &s);
    if (!j.out || !ox__dims_product(dims, rank, &n) || !n) return s;
    if (ints && j.r->float_only) j.c = OX__IN_F64;
    set_start(&j, a->dtype);
    merge(&j, a, gone);
    j.fn = j.run ? j.r->run[j.c] : j.r->row[j.c];
    ox__ev_parallel(e, j.run ? n : n / OX__MAX(j.len, 1) * j.pieces,
                    65536 / (OX__MIN(j.count, 65536u) * (j.run ? 1 : OX__MIN(j.len, (uint64_t)OX__BLOCK)) + 1) + 1,
                    units, &j);
    return OX_OK;
}
