/* Floor 3. Adding columns to an image, the reverse of what a convolution reads, for conv_transpose.c, which defines T
 * and NAME(x). In these windows `in` is the image, `out` the places of the window. */

static void NAME(scatter)(const ox__window *w, const int64_t *tap, const T *col, T *image)
{
    const uint32_t last = w->n - 1;
    const int64_t n = w->out[last], st = w->stride[last];
    int64_t place[OX__SPATIAL] = {0}, lo, hi, at;
    ox__window_range(w, last, tap[last], &lo, &hi, &at);
    if (lo >= hi) return;
    do {
        int64_t row = ox__window_row(w, place, tap);
        if (row >= 0) {
            T *to = image + row * w->in[last] + at;
            if (st == 1)
                for (int64_t i = lo; i < hi; i++) to[i - lo] += col[i];
            else
                for (int64_t i = lo; i < hi; i++) to[(i - lo) * st] += col[i];
        }
        col += n;
    } while (ox__index_next(place, w->out, last));
}

/* Images from..to-1, each of `taps` rows of columns. */
static void NAME(scatter_images)(void *ud, uint64_t from, uint64_t to)
{
    const scatter *s = ud;
    const ox__window *w = s->w;
    for (uint64_t i = from; i < to; i++) {
        int64_t tap[OX__SPATIAL] = {0};
        const T *col = (const T *)s->columns + i * (uint64_t)(w->taps * w->out_size);
        T *image = (T *)s->images + i * (uint64_t)w->in_size;
        do {
            NAME(scatter)(w, tap, col, image);
            col += w->out_size;
        } while (ox__index_next(tap, w->kernel, w->n));
    }
}
