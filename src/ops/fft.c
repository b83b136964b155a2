/* Floor 3. The fast Fourier transform, in double. */
#include "ops/signal.h"

#include <math.h>

#define TWO_PI 6.28318530717958647692

static uint64_t power_of_two(uint64_t n)
{
    uint64_t m = 1;
    while (m < n) m *= 2;
    return m;
}

static double *complexes(ox__ev *e, uint64_t n)
{
    double *p = n > SIZE_MAX / 4 / sizeof *p ? NULL : ox__arena_alloc(e->mem, (size_t)n * 2 * sizeof *p);
    if (!p) (void)ox__nomem(e->err);
    return p;
}

/* In place, of m numbers: reorders by reversed bits, then joins ever longer halves. */
static void halves(const ox__fft *f, double *x, bool backwards)
{
    uint64_t m = f->m;
    for (uint64_t i = 1, j = 0; i < m; i++) {
        uint64_t bit = m >> 1;
        for (; j & bit; bit >>= 1) j ^= bit;
        j ^= bit;
        if (i >= j) continue;
        double re = x[2 * i], im = x[2 * i + 1];
        x[2 * i] = x[2 * j], x[2 * i + 1] = x[2 * j + 1];
        x[2 * j] = re, x[2 * j + 1] = im;
    }
    for (uint64_t half = 1; half < m; half *= 2)
        for (uint64_t from = 0; from < m; from += 2 * half)
            for (uint64_t k = 0; k < half; k++) {
                const double *w = f->roots + 2 * (k * (m / half / 2));
                double *a = x + 2 * (from + k), *b = a + 2 * half, wi = backwards ? -w[1] : w[1];
                double re = b[0] * w[0] - b[1] * wi, im = b[0] * wi + b[1] * w[0];
                b[0] = a[0] - re, b[1] = a[1] - im;
                a[0] += re, a[1] += im;
            }
}

/* chirp[k] is exp(-pi i k^2 / n); k^2 is kept below 2 n, where it means the same and is exact. */
static ox_status make_chirp(ox__ev *e, ox__fft *f)
{
    uint64_t n = f->n, square = 0;
    f->chirp = complexes(e, n);
    f->chirp_spread = complexes(e, f->m);
    if (!f->chirp || !f->chirp_spread) return OX_E_NOMEM;
    memset(f->chirp_spread, 0, (size_t)f->m * 2 * sizeof(double));
    for (uint64_t k = 0; k < n; k++) {
        double angle = TWO_PI / 2 * (double)square / (double)n;
        f->chirp[2 * k] = cos(angle);
        f->chirp[2 * k + 1] = -sin(angle);
        for (int side = 0; side < (k ? 2 : 1); side++) {
            double *to = f->chirp_spread + 2 * (side ? f->m - k : k);
            to[0] = cos(angle);
            to[1] = sin(angle);
        }
        square = (square + 2 * k + 1) % (2 * n);
    }
    halves(f, f->chirp_spread, false);
    return OX_OK;
}

ox_status ox__fft_init(ox__ev *e, ox__fft *f, uint64_t n, size_t *work)
{
    *f = (ox__fft){.n = n};
    *work = 0;
    if (n > UINT32_MAX) return ox__fail(e->err, OX_E_LIMIT, "%s: a transform of that length", ox__ev_op(e));
    bool direct = (n & (n - 1)) == 0;
    f->m = direct ? n : power_of_two(2 * n - 1);
    f->roots = complexes(e, f->m / 2 + 1);
    if (!f->roots) return OX_E_NOMEM;
    for (uint64_t k = 0; k < f->m / 2 + 1; k++) {
        double angle = TWO_PI * (double)k / (double)f->m;
        f->roots[2 * k] = cos(angle);
        f->roots[2 * k + 1] = -sin(angle);
    }
    if (direct) return OX_OK;
    *work = (size_t)f->m * 2;
    return make_chirp(e, f);
}

/* By k j = (k^2 + j^2 - (k - j)^2) / 2 the sum is a convolution with the chirp. Backwards is forwards on the conjugate.
 */
static void convolved(const ox__fft *f, double *x, double *work, bool backwards)
{
    double sign = backwards ? -1 : 1, scale = 1 / (double)f->m;
    memset(work, 0, (size_t)f->m * 2 * sizeof *work);
    for (uint64_t k = 0; k < f->n; k++) {
        double re = x[2 * k], im = sign * x[2 * k + 1], c = f->chirp[2 * k], s = f->chirp[2 * k + 1];
        work[2 * k] = re * c - im * s;
        work[2 * k + 1] = re * s + im * c;
    }
    halves(f, work, false);
    for (uint64_t k = 0; k < f->m; k++) {
        double re = work[2 * k], im = work[2 * k + 1], c = f->chirp_spread[2 * k], s = f->chirp_spread[2 * k + 1];
        work[2 * k] = re * c - im * s;
        work[2 * k + 1] = re * s + im * c;
    }
    halves(f, work, true);
    for (uint64_t k = 0; k < f->n; k++) {
        double re = work[2 * k] * scale, im = work[2 * k + 1] * scale, c = f->chirp[2 * k], s = f->chirp[2 * k + 1];
        x[2 * k] = re * c - im * s;
        x[2 * k + 1] = sign * (re * s + im * c);
    }
}

void ox__fft_run(const ox__fft *f, double *x, double *work, bool backwards)
{
    if (f->chirp)
        convolved(f, x, work, backwards);
    else
        halves(f, x, backwards);
}
