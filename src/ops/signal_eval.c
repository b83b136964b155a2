/* Floor 3. Computing DFT and STFT: lines of a tensor are gathered, transformed in double, and rounded once. */
#include "ops/move.h"
#include "ops/signal.h"

#include <inttypes.h>

/* Lines that are transformed, and where their results go. */
typedef struct lines {
    ox__fft fft;
    const double *in;
    double *out;
    const double *window; /* n numbers that the input is multiplied with; NULL: none */
    uint64_t n_lines, inner;
    uint64_t n_in, n_out; /* of a line in the input and in the result */
    uint64_t in_pitch;    /* from a block of `inner` lines to the next: n_in, or less where frames overlap */
    uint64_t frames, frame_step;
    unsigned c_in, c_out; /* 1: real, 2: complex */
    bool backwards, hermitian;
    double *work; /* for each worker */
    size_t work_each;
    uint64_t workers;
} lines;

/* Numbers between elements that follow each other along a line. */
static void load(const lines *l, uint64_t line, double *x)
{
    uint64_t n = OX__MIN(l->fft.n, l->n_in), step = l->inner * l->c_in;
    const double *in = l->in;
    if (l->frames)
        in += (line / l->frames * l->in_pitch + line % l->frames * l->frame_step) * l->c_in;
    else
        in += (line / l->inner * l->in_pitch * l->inner + line % l->inner) * l->c_in;
    memset(x, 0, (size_t)l->fft.n * 2 * sizeof *x);
    for (uint64_t i = 0; i < n; i++) {
        double w = l->window ? l->window[i] : 1;
        x[2 * i] = in[i * step] * w;
        x[2 * i + 1] = l->c_in == 2 ? in[i * step + 1] * w : 0;
    }
}

/* The second half of a real signal's spectrum is the first one's mirror image. */
static void mirror(double *x, uint64_t n)
{
    x[1] = 0;
    if (n % 2 == 0) x[n + 1] = 0;
    for (uint64_t i = n / 2 + 1; i < n; i++) {
        x[2 * i] = x[2 * (n - i)];
        x[2 * i + 1] = -x[2 * (n - i) + 1];
    }
}

static void store(const lines *l, uint64_t line, const double *x)
{
    double *out = l->out + (line / l->inner * l->n_out * l->inner + line % l->inner) * l->c_out;
    double scale = l->backwards ? 1 / (double)l->fft.n : 1;
    for (uint64_t i = 0; i < l->n_out; i++)
        for (unsigned c = 0; c < l->c_out; c++) out[i * l->inner * l->c_out + c] = x[2 * i + c] * scale;
}

static void transform(void *ud, uint64_t from, uint64_t to)
{
    const lines *l = ud;
    for (uint64_t w = from; w < to; w++) {
        double *x = l->work + w * l->work_each, *more = x + 2 * l->fft.n;
        uint64_t end = (w + 1) * l->n_lines / l->workers;
        for (uint64_t line = w * l->n_lines / l->workers; line < end; line++) {
            load(l, line, x);
            if (l->hermitian) mirror(x, l->fft.n);
            ox__fft_run(&l->fft, x, more, l->backwards);
            store(l, line, x);
        }
    }
}

/* Transforms all lines of length n into output 0. */
static ox_status run(ox__ev *e, lines *l, uint64_t n, ox_dtype dtype, uint32_t rank, const int64_t *dims)
{
    ox_status s = OX_OK;
    size_t more;
    void *out = ox__ev_out(e, 0, dtype, rank, dims, &s);
    uint64_t total = e->out[0].n;
    if (!out || !total) return s;
    s = ox__fft_init(e, &l->fft, n, &more);
    if (s != OX_OK) return s;
    l->workers = OX__MIN(OX__MAX(l->n_lines * n / 4096, 1), OX__MIN(e->pool ? ox__pool_size(e->pool) : 1, l->n_lines));
    l->work_each = (size_t)n * 2 + more;
    l->work = ox__arena_alloc(e->mem, l->work_each * (size_t)l->workers * sizeof(double));
    l->out = dtype == OX_DOUBLE ? out : ox__arena_alloc(e->mem, (size_t)total * sizeof(double));
    if (!l->work || !l->out) return ox__nomem(e->err);
    ox__ev_parallel(e, l->workers, 1, transform, l);
    for (uint64_t i = 0; dtype == OX_FLOAT && i < total; i++) ((float *)out)[i] = (float)l->out[i];
    for (uint64_t i = 0; dtype != OX_FLOAT && dtype != OX_DOUBLE && i < total; i++)
        ox_dtype_set_f64(dtype, out, i, l->out[i]);
    return OX_OK;
}

/* The integer scalar that input i is, or def when it is absent. */
static ox_status scalar(ox__ev *e, size_t i, int64_t def, int64_t *out)
{
    *out = def;
    if (!ox__ev_has(e, i)) return OX_OK;
    if (e->in[i].n != 1 || !ox_dtype_is_integer(e->in[i].dtype)) return ox__ev_fail(e, "input %zu is no integer", i);
    *out = ox__ev_i64(&e->in[i], 0);
    return OX_OK;
}

/* A signal: floats whose last dim holds the parts of a number. */
static ox_status need_signal(ox__ev *e, lines *l)
{
    const ox__dense *a = &e->in[0];
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    if (!ox_dtype_is_float(a->dtype) || a->rank < 2 || a->dims[a->rank - 1] < 1 || a->dims[a->rank - 1] > 2)
        return ox__ev_fail(e, "the input is no signal whose last dim is 1 or 2");
    l->c_in = (unsigned)a->dims[a->rank - 1];
    l->in = ox__ev_doubles_of(e, a);
    return l->in ? OX_OK : OX_E_NOMEM;
}

/* ---- DFT ---- */
ox_status ox__eval_dft(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    lines l = {0};
    ox_status s = need_signal(e, &l);
    if (s != OX_OK) return s;
    int64_t axis = ox__ev_int(e, "axis", 1), n, *dims = ox__mv_dims(e, a->rank, &s);
    if (dims && e->opset >= 20) s = scalar(e, 2, -2, &axis);
    if (s == OX_OK) s = ox__ev_axis(e, &axis, a->rank);
    if (s != OX_OK) return s;
    if (axis == (int64_t)a->rank - 1) return ox__ev_fail(e, "the last dim is that of the parts of a number");
    bool onesided = ox__ev_int(e, "onesided", 0) != 0;
    l.backwards = ox__ev_int(e, "inverse", 0) != 0;
    l.hermitian = onesided && l.backwards;
    l.n_in = (uint64_t)a->dims[axis];
    s = scalar(e, 1, l.hermitian ? 2 * ((int64_t)l.n_in - 1) : (int64_t)l.n_in, &n);
    if (s != OX_OK) return s;
    if (n < 1) return ox__ev_fail(e, "a transform of length %" PRId64, n);
    l.n_out = (uint64_t)(onesided && !l.backwards ? n / 2 + 1 : n);
    l.c_out = l.hermitian ? 1 : 2;
    l.in_pitch = l.n_in;
    memcpy(dims, a->dims, a->rank * sizeof *dims);
    dims[axis] = (int64_t)l.n_out;
    dims[a->rank - 1] = l.c_out;
    uint64_t outer;
    ox__mv_around(dims, a->rank - 1, axis, &outer, &l.inner);
    l.n_lines = outer * l.inner;
    return run(e, &l, (uint64_t)n, a->dtype, a->rank, dims);
}

/* ---- STFT ---- */
ox_status ox__eval_stft(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    lines l = {.inner = 1, .c_out = 2};
    int64_t step = 0, n = 0;
    ox_status s = need_signal(e, &l);
    if (s == OX_OK) s = ox__ev_need(e, 1, 2);
    if (s == OX_OK) s = scalar(e, 1, 0, &step);
    if (s != OX_OK) return s;
    bool windowed = ox__ev_has(e, 2);
    if (a->rank != 3 || (windowed && e->in[2].rank != 1)) return ox__ev_fail(e, "the dims of signal or window");
    s = scalar(e, 3, windowed ? e->in[2].dims[0] : a->dims[1], &n);
    if (s != OX_OK) return s;
    if (step < 1 || n < 1 || n > a->dims[1] || (windowed && e->in[2].dims[0] != n))
        return ox__ev_fail(e, "frames of %" PRId64 " every %" PRId64 " of %" PRId64 " numbers", n, step, a->dims[1]);
    if (windowed && !(l.window = ox__ev_doubles_of(e, &e->in[2]))) return OX_E_NOMEM;
    l.n_in = (uint64_t)n;
    l.n_out = (uint64_t)(ox__ev_int(e, "onesided", 1) ? n / 2 + 1 : n);
    l.frames = (uint64_t)((a->dims[1] - n) / step) + 1;
    l.frame_step = (uint64_t)step;
    l.in_pitch = (uint64_t)a->dims[1];
    l.n_lines = (uint64_t)a->dims[0] * l.frames;
    return run(e, &l, (uint64_t)n, a->dtype, 4, (int64_t[]){a->dims[0], (int64_t)l.frames, (int64_t)l.n_out, 2});
}
