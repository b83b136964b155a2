/* Floor 3. Normalizations of one element type, for norm_eval.c, which defines T and NAME(x). Sums are made in double.
 */

/* Planes of a batch normalization: one multiplication and one addition for each element. */
static void NAME(scale_planes)(void *ud, uint64_t from, uint64_t to)
{
    const batch *b = ud;
    for (uint64_t p = from; p < to; p++) {
        const T *restrict x = (const T *)b->x + p * b->inner;
        T *restrict y = (T *)b->y + p * b->inner;
        T mul = (T)b->mul[p % b->channels], add = (T)b->add[p % b->channels];
        for (uint64_t i = 0; i < b->inner; i++) y[i] = x[i] * mul + add;
    }
}

/* Mean and variance of channels, over the batch and the rest. */
static void NAME(statistics)(void *ud, uint64_t from, uint64_t to)
{
    const batch *b = ud;
    double n = (double)b->n * (double)b->inner;
    for (uint64_t c = from; c < to; c++) {
        double sum = 0, square = 0;
        for (uint64_t k = 0; k < b->n; k++)
            for (uint64_t i = 0; i < b->inner; i++)
                sum += (double)((const T *)b->x)[(k * b->channels + c) * b->inner + i];
        for (uint64_t k = 0; k < b->n; k++)
            for (uint64_t i = 0; i < b->inner; i++) {
                double d = (double)((const T *)b->x)[(k * b->channels + c) * b->inner + i] - sum / n;
                square += d * d;
            }
        b->mean[c] = sum / n;
        b->var[c] = square / n;
    }
}

/* Rows of neighbouring elements, each made to mean 0 (unless rms) and deviation 1. */
static void NAME(rows)(void *ud, uint64_t from, uint64_t to)
{
    const rows *r = ud;
    for (uint64_t k = from; k < to; k++) {
        const T *x = (const T *)r->x + k * r->size, *scale = r->scale, *bias = r->bias;
        T *y = (T *)r->y + k * r->size;
        double sum = 0, square = 0;
        for (uint64_t i = 0; i < r->size && !r->rms; i++) sum += (double)x[i];
        double mean = sum / (double)OX__MAX(r->size, 1);
        for (uint64_t i = 0; i < r->size; i++) square += ((double)x[i] - mean) * ((double)x[i] - mean);
        double inverse = 1 / sqrt(square / (double)OX__MAX(r->size, 1) + r->epsilon);
        if (r->mean) r->mean[k] = mean;
        if (r->inverse) r->inverse[k] = inverse;
        for (uint64_t i = 0; i < r->size; i++) y[i] = (T)(((double)x[i] - mean) * inverse);
        if (!r->repeat) {
            uint64_t at = k % r->turns * r->size;
            for (uint64_t i = 0; scale && i < r->size; i++) y[i] *= scale[at + i];
            for (uint64_t i = 0; bias && i < r->size; i++) y[i] += bias[at + i];
            continue;
        }
        uint64_t channel = k % r->turns * (r->size / r->repeat);
        for (uint64_t i = 0; i < r->size; channel++)
            for (uint64_t end = i + r->repeat; i < end; i++)
                y[i] = y[i] * scale[channel / r->share] + bias[channel / r->share];
    }
}

/* Softmaxes along the middle of outer x dim x inner; up to LANE of the inner ones at one time. */
static void NAME(soft)(void *ud, uint64_t from, uint64_t to)
{
    const soft *s = ud;
    uint64_t lanes = (s->inner + LANE - 1) / LANE;
    for (uint64_t piece = from; piece < to; piece++) {
        uint64_t j0 = piece % lanes * LANE, n = OX__MIN(s->inner - j0, (uint64_t)LANE), step = s->inner;
        const T *x = (const T *)s->x + piece / lanes * s->dim * step + j0;
        T *y = (T *)s->y + piece / lanes * s->dim * step + j0, most[LANE], sum[LANE] = {0};
        uint64_t first[LANE] = {0};
        memcpy(most, x, n * sizeof(T));
        for (uint64_t d = 1; d < s->dim; d++)
            for (uint64_t j = 0; j < n; j++)
                if (x[d * step + j] > most[j]) {
                    most[j] = x[d * step + j];
                    first[j] = d;
                }
        if (s->kind == SOFT_HARD) {
            for (uint64_t j = 0; j < n; j++) y[first[j] * step + j] = 1;
            continue;
        }
        for (uint64_t d = 0; d < s->dim; d++)
            for (uint64_t j = 0; j < n; j++) {
                T v = EXP(x[d * step + j] - most[j]);
                if (s->kind == SOFT_MAX) y[d * step + j] = v;
                sum[j] += v;
            }
        for (uint64_t j = 0; j < n; j++) sum[j] = s->kind == SOFT_MAX ? 1 / sum[j] : LOG(sum[j]);
        for (uint64_t d = 0; d < s->dim; d++)
            for (uint64_t j = 0; j < n; j++) {
                T *to_y = &y[d * step + j];
                *to_y = s->kind == SOFT_MAX ? *to_y * sum[j] : x[d * step + j] - most[j] - sum[j];
            }
    }
}

/* Each element over a power of the squares of its neighbours among the channels. */
static void NAME(lrn)(void *ud, uint64_t from, uint64_t to)
{
    const lrn *l = ud;
    for (uint64_t k = from; k < to; k++) {
        int64_t c = (int64_t)(k % (uint64_t)l->channels), lo = OX__MAX(c - (l->size - 1) / 2, 0),
                hi = OX__MIN(c + l->size / 2, l->channels - 1);
        const T *x = (const T *)l->x + k * l->inner, *first = x - (uint64_t)(c - lo) * l->inner;
        T *y = (T *)l->y + k * l->inner;
        for (uint64_t i = 0; i < l->inner; i++) {
            T sum = 0;
            for (int64_t d = 0; d <= hi - lo; d++)
                sum += first[(uint64_t)d * l->inner + i] * first[(uint64_t)d * l->inner + i];
            double base = l->bias + l->alpha / (double)l->size * (double)sum;
            y[i] = (T)((double)x[i] / (l->beta == 0.75 ? sqrt(base) * sqrt(sqrt(base)) : pow(base, l->beta)));
        }
    }
}

/* Each element over the norm of its row along the axis. */
static void NAME(lp)(void *ud, uint64_t from, uint64_t to)
{
    const soft *s = ud;
    for (uint64_t k = from; k < to; k++) {
        uint64_t at = k / s->inner * s->dim * s->inner + k % s->inner;
        const T *x = (const T *)s->x + at;
        T *y = (T *)s->y + at;
        double sum = 0;
        for (uint64_t d = 0; d < s->dim; d++) {
            double v = (double)x[d * s->inner];
            sum += s->p == 1 ? fabs(v) : v * v;
        }
        if (s->p == 2) sum = sqrt(sum);
        for (uint64_t d = 0; d < s->dim; d++) y[d * s->inner] = sum == 0 ? 0 : (T)((double)x[d * s->inner] / sum);
    }
}
