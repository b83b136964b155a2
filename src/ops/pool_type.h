/* Floor 3. Pools of one element type, for pool.c, which defines T, NAME(x), POW and ABS. */

/* One tap for the places lo..hi-1 of a row. */
static void NAME(tap_row)(const pool *p, T *restrict y, const T *restrict x, int64_t n, int64_t st)
{
    if (p->kind == POOL_MAX)
        for (int64_t i = 0; i < n; i++) y[i] = x[i * st] > y[i] ? x[i * st] : y[i];
    else if (p->kind == POOL_MEAN)
        for (int64_t i = 0; i < n; i++) y[i] += x[i * st];
    else if (p->p == 1)
        for (int64_t i = 0; i < n; i++) y[i] += ABS(x[i * st]);
    else if (p->p == 2)
        for (int64_t i = 0; i < n; i++) y[i] += x[i * st] * x[i * st];
    else
        for (int64_t i = 0; i < n; i++) y[i] += POW(ABS(x[i * st]), (T)p->p);
}

static void NAME(finish_row)(const pool *p, T *y, const int64_t *place)
{
    const ox__window *w = &p->w;
    const uint32_t last = w->n - 1;
    int64_t n = w->out[last];
    if (p->kind == POOL_LP && p->p == 2)
        for (int64_t i = 0; i < n; i++) y[i] = SQRT(y[i]);
    else if (p->kind == POOL_LP && p->p != 1)
        for (int64_t i = 0; i < n; i++) y[i] = POW(y[i], (T)(1 / p->p));
    if (p->kind != POOL_MEAN) return;
    T outer = 1;
    for (uint32_t a = 0; a < last; a++) outer *= (T)cells(p, a, place[a]);
    for (int64_t i = 0; i < n; i++) y[i] /= outer * (T)cells(p, last, i);
}

static void NAME(pool_planes)(void *ud, uint64_t from, uint64_t to)
{
    const pool *p = ud;
    const ox__window *w = &p->w;
    const uint32_t last = w->n - 1;
    const int64_t n = w->out[last];
    ox__reach reaches[OX__REACHES];
    ox__window_reaches(w, reaches);
    for (uint64_t plane = from; plane < to; plane++) {
        const T *x = (const T *)p->x + plane * (uint64_t)w->in_size;
        T *y = (T *)p->y + plane * (uint64_t)w->out_size;
        int64_t place[OX__SPATIAL] = {0};
        do {
            int64_t first[OX__SPATIAL], count[OX__SPATIAL], tap[OX__SPATIAL] = {0};
            for (int64_t i = 0; i < n; i++) y[i] = p->kind == POOL_MAX ? LOWEST : 0;
            bool any = true;
            for (uint32_t a = 0; a < last; a++) {
                taps_inside(w, a, place[a], &first[a], &count[a]);
                any = any && count[a] > 0;
            }
            while (any) {
                int64_t row = 0;
                for (uint32_t a = 0; a < last; a++)
                    row = row * w->in[a] + place[a] * w->stride[a] - w->head[a] + (first[a] + tap[a]) * w->dilation[a];
                for (int64_t k = p->lo; k < p->hi; k++) {
                    const ox__reach r = ox__window_reach(w, reaches, k);
                    NAME(tap_row)(p, y + r.from, x + row * w->in[last] + r.at, r.to - r.from, w->stride[last]);
                }
                any = ox__index_next(tap, count, last);
            }
            NAME(finish_row)(p, y, place);
            y += n;
        } while (ox__index_next(place, w->out, last));
    }
}

/* With the place of each maximum, counted from the begin of the tensor. */
static void NAME(max_places)(void *ud, uint64_t from, uint64_t to)
{
    const pool *p = ud;
    const ox__window *w = &p->w;
    for (uint64_t plane = from; plane < to; plane++) {
        const T *x = (const T *)p->x + plane * (uint64_t)w->in_size;
        uint64_t o = plane * (uint64_t)w->out_size;
        int64_t place[OX__SPATIAL] = {0};
        do {
            int64_t first[OX__SPATIAL], count[OX__SPATIAL], tap[OX__SPATIAL] = {0}, best = -1, named = -1;
            T most = LOWEST;
            bool any = true;
            for (uint32_t a = 0; a < w->n; a++) {
                taps_inside(w, a, place[a], &first[a], &count[a]);
                any = any && count[a] > 0;
            }
            while (any) {
                int64_t at = 0, name = 0, size = 1;
                for (uint32_t a = 0; a < w->n; a++) {
                    int64_t i = place[a] * w->stride[a] - w->head[a] + (first[a] + tap[a]) * w->dilation[a];
                    at = at * w->in[a] + i;
                    name += p->columns ? i * size : 0;
                    size *= w->in[a];
                }
                if (best < 0 || x[at] > most) {
                    most = x[at];
                    best = at;
                    named = p->columns ? name : at;
                }
                any = ox__index_next(tap, count, w->n);
            }
            ((T *)p->y)[o] = most;
            p->index[o++] = named < 0 ? -1 : named + (int64_t)plane * w->in_size;
        } while (ox__index_next(place, w->out, w->n));
    }
}

/* A whole plane as one window. */
static void NAME(global_planes)(void *ud, uint64_t from, uint64_t to)
{
    const pool *p = ud;
    int64_t n = p->w.in_size;
    for (uint64_t plane = from; plane < to; plane++) {
        const T *x = (const T *)p->x + plane * (uint64_t)n;
        double sum = 0;
        T most = LOWEST;
        if (p->kind == POOL_MAX)
            for (int64_t i = 0; i < n; i++) most = x[i] > most ? x[i] : most;
        else if (p->kind == POOL_MEAN)
            for (int64_t i = 0; i < n; i++) sum += (double)x[i];
        else
            for (int64_t i = 0; i < n; i++)
                sum += p->p == 2 ? (double)x[i] * (double)x[i] : pow(fabs((double)x[i]), p->p);
        sum = p->kind == POOL_MEAN ? sum / (double)n : p->p == 2 ? sqrt(sum) : pow(sum, 1 / p->p);
        ((T *)p->y)[plane] = p->kind == POOL_MAX ? most : (T)sum;
    }
}
