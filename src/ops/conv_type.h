/* Floor 3. Columns of a convolution as its product needs them, and convolutions of one channel each, for conv_eval.c,
 * which defines T and NAME(x). */

/* Columns n0.. of the matrix whose rows are the taps of each channel, whose columns the places of the window. */
static void NAME(pack)(const void *ud, int64_t k0, int64_t kc, int64_t n0, int64_t nc, int64_t width, void *dst)
{
    const columns *col = ud;
    const ox__window *w = col->w;
    const uint32_t last = w->n - 1;
    int64_t place[OX__SPATIAL], tap[OX__SPATIAL], left = n0, k = k0 % w->taps;
    run runs[OX__GEMM_TILE];
    T line[OX__GEMM_TILE];
    size_t n_runs = 0;
    for (uint32_t i = w->n; i-- > 0; left /= w->out[i]) place[i] = left % w->out[i];
    for (int64_t n = 0; n < nc; n += runs[n_runs++].n) {
        run *r = &runs[n_runs];
        memcpy(r->place, place, sizeof place);
        r->n = OX__MIN(w->out[last] - place[last], nc - n);
        place[last] = 0;
        (void)ox__index_next(place, w->out, last);
    }
    for (uint32_t i = w->n; i-- > 0; k /= w->kernel[i]) tap[i] = k % w->kernel[i];
    const T *x = (const T *)col->x + k0 / w->taps * w->in_size;
    for (k = 0; k < kc; k++) {
        T *to = line;
        int64_t from, end, at;
        ox__window_range(w, last, tap[last], &from, &end, &at);
        for (size_t i = 0; i < n_runs; to += runs[i++].n) {
            const run *r = &runs[i];
            int64_t row = ox__window_row(w, r->place, tap), a = OX__MAX(from - r->place[last], 0),
                    b = OX__MIN(end - r->place[last], r->n), st = w->stride[last];
            if (row < 0 || a >= b) {
                memset(to, 0, (size_t)r->n * sizeof(T));
                continue;
            }
            const T *src = x + row * w->in[last] + at + (r->place[last] + a - from) * st;
            memset(to, 0, (size_t)a * sizeof(T));
            if (st == 1)
                memcpy(to + a, src, (size_t)(b - a) * sizeof(T));
            else
                for (int64_t j = a; j < b; j++) to[j] = src[(j - a) * st];
            memset(to + b, 0, (size_t)(r->n - b) * sizeof(T));
        }
        T *out = (T *)dst + k * width;
        for (int64_t n = 0; n < nc; n += width, out += kc * width)
            memcpy(out, line + n, (size_t)OX__MIN(width, nc - n) * sizeof(T));
        if (!ox__index_next(tap, w->kernel, w->n)) x += w->in_size;
    }
}

/* Up to three taps of a row at once, f[0..n-1] on the elements that r says: where all meet the input in one pass. */
static void NAME(add_taps)(T *restrict y, const T *restrict x, const T *f, const ox__reach *r, int64_t n, int64_t st)
{
    int64_t lo = r[0].from, hi = r[0].to;
    for (int64_t k = 1; k < n; k++) {
        lo = OX__MAX(lo, r[k].from);
        hi = OX__MIN(hi, r[k].to);
    }
    if (n < 3 || hi <= lo) lo = hi = r[0].to;
    int64_t at[3] = {0};
    for (int64_t k = 0; k < n; k++) {
        at[k] = r[k].at - r[k].from * st; /* where the tap of output 0 would lie */
        for (int64_t i = r[k].from; i < OX__MIN(lo, r[k].to); i++) y[i] += f[k] * x[at[k] + i * st];
        for (int64_t i = OX__MAX(hi, r[k].from); i < r[k].to; i++) y[i] += f[k] * x[at[k] + i * st];
    }
    if (st == 1)
        for (int64_t i = lo; i < hi; i++) y[i] += f[0] * x[at[0] + i] + f[1] * x[at[1] + i] + f[2] * x[at[2] + i];
    else
        for (int64_t i = lo; i < hi; i++)
            y[i] += f[0] * x[at[0] + i * st] + f[1] * x[at[1] + i * st] + f[2] * x[at[2] + i * st];
}

/* Planes from..to-1 of y, each of few channels: the taps one after the other, row by row. */
static void NAME(planes)(void *ud, uint64_t from, uint64_t to)
{
    const ox__conv *c = ud;
    const ox__window *w = &c->w;
    const uint32_t last = w->n - 1;
    ox__reach reaches[OX__REACHES];
    const uint64_t maps = (uint64_t)(c->group * c->maps);
    ox__window_reaches(w, reaches);
    for (uint64_t p = from; p < to; p++) {
        uint64_t map = p % maps,
                 first = (p / maps * (uint64_t)c->group + map / (uint64_t)c->maps) * (uint64_t)c->channels;
        T *y = (T *)c->y + p * (uint64_t)w->out_size, b = c->bias ? ((const T *)c->bias)[map] : 0;
        int64_t place[OX__SPATIAL] = {0}, n = w->out[last];
        do {
            const T *v = (const T *)c->weight + map * (uint64_t)(c->channels * w->taps);
            for (int64_t i = 0; i < n; i++) y[i] = b;
            for (int64_t ch = 0; ch < c->channels; ch++) {
                const T *x = (const T *)c->x + (first + (uint64_t)ch) * (uint64_t)w->in_size;
                int64_t tap[OX__SPATIAL] = {0};
                do {
                    int64_t row = ox__window_row(w, place, tap);
                    for (int64_t k = 0; row >= 0 && k < w->kernel[last]; k += 3) {
                        ox__reach r[3];
                        int64_t m = OX__MIN(w->kernel[last] - k, 3);
                        for (int64_t i = 0; i < m; i++) r[i] = ox__window_reach(w, reaches, k + i);
                        NAME(add_taps)(y, x + row * w->in[last], v + k, r, m, w->stride[last]);
                    }
                    v += w->kernel[last];
                } while (ox__index_next(tap, w->kernel, last));
            }
            y += n;
        } while (ox__index_next(place, w->out, last));
    }
}
