/* Floor 3. Matrix products in blocks. Tiles of B are packed into panels that stay in the second cache while the rows of
 * A pass over them; the kernels are plain C on the compiler's vectors, with one more set for processors that have AVX2
 * and FMA, chosen at run time. With ONNXSH_BLAS, products of float32 matrices go to the system's BLAS. */
#include "ops/gemm.h"

#include <stdatomic.h>
#ifdef OX_BLAS
#include <cblas.h>
#endif

enum { MR = 6, KC = 256, MC = 72 }; /* rows of a kernel, rows of a block of B, rows of a block of A */
enum { LINE = 1024, FEW = 3 };      /* columns that one row's sums are made for; rows that are few */
enum { PACKED = 1 << 12 };          /* elements of B packed at one time when it is shared, over KC */
#define SMALL_WORK 1e5              /* products that one thread does at once */
#define JOIN2(a, b) a##b
#define JOIN(a, b) JOIN2(a, b)

typedef void (*f32_kernel_fn)(const float *, int64_t, const float *, int64_t, float *, int64_t, float, int64_t, int64_t,
                              bool);
typedef float (*f32_dot_fn)(const float *, const float *, int64_t);
typedef void (*f64_kernel_fn)(const double *, int64_t, const double *, int64_t, double *, int64_t, double, int64_t,
                              int64_t, bool);
typedef double (*f64_dot_fn)(const double *, const double *, int64_t);

/* ---- float32 ---- */
#define T float
#define NR 16
#define TARGET
#define LANES 4
#define NAME(x) JOIN(f32_base_, x)
#include "ops/gemm_kernel.h"
#undef LANES
#undef TARGET
#undef NAME
#ifdef __x86_64__
#define TARGET __attribute__((target("avx2,fma")))
#define LANES 8
#define NAME(x) JOIN(f32_avx2_, x)
#include "ops/gemm_kernel.h"
#undef LANES
#undef TARGET
#undef NAME
#endif
#define NAME(x) JOIN(f32_, x)
#include "ops/gemm_type.h"
#undef NAME
#undef NR
#undef T

/* ---- float64 ---- */
#define T double
#define NR 8
#define TARGET
#define LANES 2
#define NAME(x) JOIN(f64_base_, x)
#include "ops/gemm_kernel.h"
#undef LANES
#undef TARGET
#undef NAME
#ifdef __x86_64__
#define TARGET __attribute__((target("avx2,fma")))
#define LANES 4
#define NAME(x) JOIN(f64_avx2_, x)
#include "ops/gemm_kernel.h"
#undef LANES
#undef TARGET
#undef NAME
#endif
#define NAME(x) JOIN(f64_, x)
#include "ops/gemm_type.h"
#undef NAME
#undef NR
#undef T

#ifdef __x86_64__
static bool has_avx2(void)
{
    return __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma");
}
#endif

#ifdef OX_BLAS
/* A matrix of rows (or, turned, of columns) that lie side by side, as BLAS knows them. */
static bool is_plain(int64_t row, int64_t col, int64_t cols)
{
    return col == 1 && row >= cols && row < INT32_MAX;
}

static bool blas_takes(const ox__gemm *g)
{
    bool a = is_plain(g->a_row, g->a_col, g->k) || is_plain(g->a_col, g->a_row, g->m);
    bool b = g->pack || is_plain(g->b_row, g->b_col, g->n) || is_plain(g->b_col, g->b_row, g->k);
    return a && b && is_plain(g->c_row, 1, g->n) && OX__MAX(g->m, g->k) < INT32_MAX;
}

static void blas_call(const ox__gemm *g, const float *b, int64_t ldb, bool tb, int64_t n0, int64_t nc)
{
    bool ta = !is_plain(g->a_row, g->a_col, g->k);
    float *c = (float *)g->c + n0;
    for (int64_t i = 0; g->bias && i < g->m; i++)
        for (int64_t n = 0; n < nc; n++) c[i * g->c_row + n] = ((const float *)g->bias)[i];
    cblas_sgemm(CblasRowMajor, ta ? CblasTrans : CblasNoTrans, tb ? CblasTrans : CblasNoTrans, (int)g->m, (int)nc,
                (int)g->k, (float)g->alpha, g->a, (int)(ta ? g->a_col : g->a_row), b, (int)ldb,
                g->add || g->bias ? 1.0f : 0.0f, c, (int)g->c_row);
}

static ox_status blas_run(ox__ev *e, const ox__gemm *g)
{
    if (!g->pack) {
        bool tb = !is_plain(g->b_row, g->b_col, g->n);
        blas_call(g, g->b, tb ? g->b_col : g->b_row, tb, 0, g->n);
        return OX_OK;
    }
    float *b = ox__calloc((size_t)g->k, OX__GEMM_TILE * sizeof *b);
    if (!b) return ox__nomem(e->err);
    for (int64_t n0 = 0; n0 < g->n; n0 += OX__GEMM_TILE) {
        int64_t nc = OX__MIN(g->n - n0, (int64_t)OX__GEMM_TILE);
        g->pack(g->ud, 0, g->k, n0, nc, nc, b);
        blas_call(g, b, nc, false, n0, nc);
    }
    ox__free(b);
    return OX_OK;
}
#endif

ox_status ox__gemm_f32(ox__ev *e, const ox__gemm *g, size_t count)
{
#ifdef OX_BLAS
    if (count && g->m && g->n && g->k && blas_takes(g)) {
        ox_status s = OX_OK;
        for (size_t i = 0; s == OX_OK && i < count; i++) s = blas_run(e, &g[i]);
        return s;
    }
#endif
#ifdef __x86_64__
    if (has_avx2()) return f32_run(e, g, count, f32_avx2_kernel, f32_avx2_dot);
#endif
    return f32_run(e, g, count, f32_base_kernel, f32_base_dot);
}

ox_status ox__gemm_f64(ox__ev *e, const ox__gemm *g, size_t count)
{
#ifdef __x86_64__
    if (has_avx2()) return f64_run(e, g, count, f64_avx2_kernel, f64_avx2_dot);
#endif
    return f64_run(e, g, count, f64_base_kernel, f64_base_dot);
}

/* ---- integers ---- */
typedef struct int_job {
    const ox__gemm *g;
    unsigned item;
} int_job;

#define INT_ROWS(name, type) \
    static void name(const ox__gemm *g, int64_t i) \
    { \
        type *restrict c = (type *)g->c + i * g->c_row; \
        memset(c, 0, (size_t)g->n * sizeof *c); \
        for (int64_t k = 0; k < g->k; k++) { \
            type v = ((const type *)g->a)[i * g->a_row + k * g->a_col]; \
            const type *restrict b = (const type *)g->b + k * g->b_row; \
            for (int64_t n = 0; n < g->n; n++) c[n] += v * b[n * g->b_col]; \
        } \
    }
INT_ROWS(row_u32, uint32_t)
INT_ROWS(row_u64, uint64_t)

static void int_rows(void *ud, uint64_t from, uint64_t to)
{
    const int_job *j = ud;
    for (uint64_t i = from; i < to; i++) {
        const ox__gemm *g = &j->g[i / (uint64_t)j->g->m];
        int64_t row = (int64_t)(i % (uint64_t)j->g->m);
        if (j->item == 4)
            row_u32(g, row);
        else
            row_u64(g, row);
    }
}

void ox__gemm_int(ox__ev *e, unsigned item, const ox__gemm *g, size_t count)
{
    int_job j = {g, item};
    double row = (double)g->n * (double)g->k;
    if (count && g->m && g->n)
        ox__ev_parallel_long(e, count * (uint64_t)g->m, (uint64_t)(SMALL_WORK / OX__MAX(row, 1)) + 1, int_rows, &j);
}
