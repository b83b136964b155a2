/* Floor 3. Evaluation of operators on regions of images: RoiAlign, MaxRoiPool, NonMaxSuppression. */
#include "ops/image.h"
#include "ops/wide.h"

#include <math.h>
#include <stdlib.h>

/* ---- RoiAlign ---- */
typedef struct regions {
    int64_t channels, height, width, out_h, out_w, samples;
    double scale;
    bool half, max;
    ox_dtype in;
    const void *x;
    const double *rois;  /* x1, y1, x2, y2 of each */
    const int64_t *item; /* of the batch, of each */
    void *y;
} regions;

enum { MAX_SAMPLES = 1 << 12 }; /* along an axis, in one cell of the output */

/* A region in elements of the image: where it begins, how long a cell of the output is, samples in a cell. */
typedef struct region {
    double begin[2], cell[2]; /* rows, columns */
    int64_t samples[2];
} region;

static region region_of(const regions *r, uint64_t i)
{
    region g;
    const double *p = r->rois + 4 * i, shift = r->half ? 0.5 : 0;
    for (int axis = 0; axis < 2; axis++) {
        double from = p[1 - axis] * r->scale - shift, len = p[3 - axis] * r->scale - shift - from;
        int64_t cells = axis ? r->out_w : r->out_h;
        if (!r->half) len = OX__MAX(len, 1);
        g.begin[axis] = from;
        g.cell[axis] = len / (double)cells;
        double wish = ceil(g.cell[axis]);
        g.samples[axis] = r->samples > 0              ? r->samples
                          : wish > 0 && wish < 0x1p40 ? (int64_t)wish
                          : wish > 0                  ? INT64_MAX
                                                      : 0;
    }
    return g;
}

/* The four elements around a point and their weights; false outside of the image. */
static bool around(const regions *r, double y, double x, int64_t *at, double *w)
{
    if (!(y >= -1 && y <= (double)r->height && x >= -1 && x <= (double)r->width)) return false;
    y = OX__MAX(y, 0);
    x = OX__MAX(x, 0);
    int64_t y0 = OX__MIN((int64_t)y, r->height - 1), x0 = OX__MIN((int64_t)x, r->width - 1);
    int64_t y1 = OX__MIN(y0 + 1, r->height - 1), x1 = OX__MIN(x0 + 1, r->width - 1);
    double fy = y0 == y1 ? 0 : y - (double)y0, fx = x0 == x1 ? 0 : x - (double)x0;
    const int64_t places[4] = {y0 * r->width + x0, y0 * r->width + x1, y1 * r->width + x0, y1 * r->width + x1};
    const double weights[4] = {(1 - fy) * (1 - fx), (1 - fy) * fx, fy * (1 - fx), fy * fx};
    memcpy(at, places, sizeof places);
    memcpy(w, weights, sizeof weights);
    return true;
}

#define ADD_SAMPLE(name, type) \
    static void name(const regions *r, int64_t item, const int64_t *at, const double *w, bool inside, bool first, \
                     type *y) \
    { \
        const int64_t plane = r->height * r->width, cells = r->out_h * r->out_w; \
        const type *x = (const type *)r->x + item * r->channels * plane; \
        for (int64_t c = 0; c < r->channels; c++, x += plane, y += cells) { \
            type v = 0; \
            for (int k = 0; inside && k < 4; k++) { \
                type one = (type)w[k] * x[at[k]]; \
                v = !r->max ? v + one : k == 0 || one > v ? one : v; \
            } \
            if (!r->max) \
                *y += v; \
            else if (first || v > *y) \
                *y = v; \
        } \
    }
ADD_SAMPLE(add_f32, float)
ADD_SAMPLE(add_f64, double)

static void cell(const regions *r, uint64_t i, const region *g, int64_t row, int64_t col)
{
    const int64_t cells = r->out_h * r->out_w, out = (int64_t)i * r->channels * cells + row * r->out_w + col;
    double n = (double)OX__MAX(g->samples[0] * g->samples[1], 1);
    for (int64_t iy = 0; iy < g->samples[0]; iy++)
        for (int64_t ix = 0; ix < g->samples[1]; ix++) {
            int64_t at[4] = {0};
            double w[4] = {0};
            double y = g->begin[0] + g->cell[0] * ((double)row + ((double)iy + 0.5) / (double)g->samples[0]),
                   x = g->begin[1] + g->cell[1] * ((double)col + ((double)ix + 0.5) / (double)g->samples[1]);
            bool inside = around(r, y, x, at, w), first = iy == 0 && ix == 0;
            if (r->in == OX_DOUBLE)
                add_f64(r, r->item[i], at, w, inside, first, (double *)r->y + out);
            else
                add_f32(r, r->item[i], at, w, inside, first, (float *)r->y + out);
        }
    for (int64_t c = 0; c < r->channels && !r->max; c++)
        if (r->in == OX_DOUBLE)
            ((double *)r->y)[out + c * cells] /= n;
        else
            ((float *)r->y)[out + c * cells] /= (float)n;
}

static void align(void *ud, uint64_t from, uint64_t to)
{
    const regions *r = ud;
    for (uint64_t i = from; i < to; i++) {
        region g = region_of(r, i);
        for (int64_t row = 0; row < r->out_h; row++)
            for (int64_t col = 0; col < r->out_w; col++) cell(r, i, &g, row, col);
    }
}

static ox_status check_regions(ox__ev *e, const regions *r, uint64_t n, int64_t batch)
{
    for (uint64_t i = 0; i < n; i++) {
        region g = region_of(r, i);
        if (r->item[i] < 0 || r->item[i] >= batch)
            return ox__ev_fail(e, "region %llu is of item %lld of %lld", (unsigned long long)i, (long long)r->item[i],
                               (long long)batch);
        if (g.samples[0] > MAX_SAMPLES || g.samples[1] > MAX_SAMPLES)
            return ox__ev_unsupported(e, "more than %d samples along an axis", MAX_SAMPLES);
    }
    return OX_OK;
}

/* Half a pixel is taken off since version 16. */
ox_status ox__eval_roi_align(ox__ev *e)
{
    regions r = {.out_h = ox__ev_int(e, "output_height", 1),
                 .out_w = ox__ev_int(e, "output_width", 1),
                 .samples = ox__ev_int(e, "sampling_ratio", 0),
                 .scale = ox__ev_float(e, "spatial_scale", 1),
                 .max = ox__ev_string_is(e, "mode", "avg", "max")};
    ox__wide y;
    ox_status s = ox__ev_need(e, 0, 3);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0], *rois = &e->in[1], *item = &e->in[2];
    r.half = e->opset >= 16 && ox__ev_string_is(e, "coordinate_transformation_mode", "half_pixel", "half_pixel");
    r.in = ox__wide_type(x->dtype);
    if (!r.in) return ox__ev_unsupported(e, "this element type");
    if (x->rank != 4 || rois->rank != 2 || rois->dims[1] != 4 || item->rank != 1 || item->dims[0] != rois->dims[0] ||
        item->dtype != OX_INT64 || r.out_h <= 0 || r.out_w <= 0 || r.out_h > INT32_MAX || r.out_w > INT32_MAX)
        return ox__ev_fail(e, "the input, the regions and their indices do not fit together");
    r.channels = x->dims[1];
    r.height = x->dims[2];
    r.width = x->dims[3];
    r.x = ox__wide_of(e, x, r.in);
    r.rois = ox__ev_doubles_of(e, rois);
    r.item = item->data;
    if (!r.x || !r.rois) return OX_E_NOMEM;
    s = check_regions(e, &r, item->n, x->dims[0]);
    if (s != OX_OK) return s;
    int64_t dims[4] = {rois->dims[0], r.channels, r.out_h, r.out_w};
    s = ox__wide_out(e, &y, 0, x->dtype, r.in, 4, dims);
    r.y = y.p;
    if (s != OX_OK || !y.n) return s;
    if (!x->n) return ox__ev_fail(e, "an empty image");
    ox__ev_parallel(e, item->n, 1, align, &r);
    ox__wide_store(e, &y);
    return OX_OK;
}

/* ---- MaxRoiPool ---- */
/* The rows or columns of one cell: region from..to, cut into n cells. */
static void span_of(double from, double to, int64_t n, int64_t i, int64_t limit, int64_t *lo, int64_t *hi)
{
    double begin = round(from), len = OX__MAX(round(to) - begin + 1, 1) / (double)n;
    double a = floor((double)i * len) + begin, b = ceil((double)(i + 1) * len) + begin, top = (double)limit;
    *lo = (int64_t)OX__MIN(OX__MAX(a, 0), top);
    *hi = (int64_t)OX__MIN(OX__MAX(b, 0), top);
}

static void max_regions(void *ud, uint64_t from, uint64_t to)
{
    const regions *r = ud;
    for (uint64_t k = from; k < to; k++) {
        uint64_t i = k / (uint64_t)r->channels, o = k * (uint64_t)(r->out_h * r->out_w);
        const double *p = r->rois + 5 * i;
        int64_t plane = ((int64_t)p[0] * r->channels + (int64_t)(k % (uint64_t)r->channels)) * r->height * r->width;
        for (int64_t row = 0; row < r->out_h; row++)
            for (int64_t col = 0; col < r->out_w; col++, o++) {
                int64_t y0, y1, x0, x1;
                double most = -INFINITY;
                span_of(p[2] * r->scale, p[4] * r->scale, r->out_h, row, r->height, &y0, &y1);
                span_of(p[1] * r->scale, p[3] * r->scale, r->out_w, col, r->width, &x0, &x1);
                for (int64_t y = y0; y < y1; y++)
                    for (int64_t x = x0; x < x1; x++) {
                        int64_t at = plane + y * r->width + x;
                        double v = r->in == OX_DOUBLE ? ((const double *)r->x)[at] : (double)((const float *)r->x)[at];
                        most = v > most ? v : most;
                    }
                if (y0 >= y1 || x0 >= x1) most = 0;
                if (r->in == OX_DOUBLE)
                    ((double *)r->y)[o] = most;
                else
                    ((float *)r->y)[o] = (float)most;
            }
    }
}

ox_status ox__eval_max_roi_pool(ox__ev *e)
{
    regions r = {.scale = ox__ev_float(e, "spatial_scale", 1)};
    ox__wide y;
    size_t n;
    const int64_t *shape = ox__ev_ints(e, "pooled_shape", &n);
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0], *rois = &e->in[1];
    r.in = ox__wide_type(x->dtype);
    if (!r.in) return ox__ev_unsupported(e, "this element type");
    if (n != 2 || shape[0] <= 0 || shape[1] <= 0 || shape[0] > INT32_MAX || shape[1] > INT32_MAX || x->rank != 4 ||
        rois->rank != 2 || rois->dims[1] != 5)
        return ox__ev_fail(e, "the input, the regions and pooled_shape do not fit together");
    r.out_h = shape[0];
    r.out_w = shape[1];
    r.channels = x->dims[1];
    r.height = x->dims[2];
    r.width = x->dims[3];
    r.x = ox__wide_of(e, x, r.in);
    r.rois = ox__ev_doubles_of(e, rois);
    if (!r.x || !r.rois) return OX_E_NOMEM;
    for (int64_t i = 0; i < rois->dims[0]; i++)
        if (!(r.rois[5 * i] >= 0 && r.rois[5 * i] < (double)x->dims[0]))
            return ox__ev_fail(e, "region %lld is of item %g of %lld", (long long)i, r.rois[5 * i],
                               (long long)x->dims[0]);
    int64_t dims[4] = {rois->dims[0], r.channels, r.out_h, r.out_w};
    s = ox__wide_out(e, &y, 0, x->dtype, r.in, 4, dims);
    r.y = y.p;
    if (s != OX_OK || !y.n) return s;
    ox__ev_parallel(e, (uint64_t)(dims[0] * dims[1]), 1, max_regions, &r);
    ox__wide_store(e, &y);
    return OX_OK;
}

/* ---- NonMaxSuppression ---- */
typedef struct candidate {
    double score;
    int64_t box;
} candidate;

/* The best last; of equals the first. */
static int by_score(const void *a, const void *b)
{
    const candidate *x = a, *y = b;
    if (x->score != y->score) return x->score < y->score ? -1 : 1;
    return x->box > y->box ? -1 : x->box < y->box;
}

/* y1, x1, y2, x2 with the lower ones first. */
static void edges(const double *box, bool centers, double *out)
{
    for (int axis = 0; axis < 2; axis++) {
        double a = centers ? box[1 - axis] - box[3 - axis] / 2 : box[axis],
               b = centers ? box[1 - axis] + box[3 - axis] / 2 : box[axis + 2];
        out[axis] = !centers && a > b ? b : a;
        out[axis + 2] = !centers && a > b ? a : b;
    }
}

static bool overlap(const double *a, const double *b, bool centers, double limit)
{
    double p[4], q[4];
    edges(a, centers, p);
    edges(b, centers, q);
    double h = OX__MIN(p[2], q[2]) - OX__MAX(p[0], q[0]), w = OX__MIN(p[3], q[3]) - OX__MAX(p[1], q[1]);
    if (!(h > 0 && w > 0)) return false;
    double one = (p[2] - p[0]) * (p[3] - p[1]), two = (q[2] - q[0]) * (q[3] - q[1]), both = h * w;
    double all = one + two - both;
    return one > 0 && two > 0 && all > 0 && both / all > limit;
}

typedef struct suppression {
    bool centers, has_least;
    double limit, least;
    int64_t most, n_boxes;
    candidate *list;
    int64_t *kept;
    OX__VEC(int64_t) out; /* triples */
} suppression;

static bool suppress(suppression *p, int64_t item, int64_t class, const double *boxes, const double *scores)
{
    int64_t n = 0, n_kept = 0;
    for (int64_t i = 0; i < p->n_boxes; i++)
        if (p->has_least ? scores[i] > p->least : scores[i] == scores[i]) p->list[n++] = (candidate){scores[i], i};
    if (n) qsort(p->list, (size_t)n, sizeof *p->list, by_score);
    while (n > 0 && n_kept < p->most) {
        int64_t box = p->list[--n].box;
        bool good = true;
        for (int64_t i = 0; good && i < n_kept; i++)
            good = !overlap(boxes + 4 * box, boxes + 4 * p->kept[i], p->centers, p->limit);
        if (!good) continue;
        p->kept[n_kept++] = box;
        if (!ox__vec_push(&p->out, item) || !ox__vec_push(&p->out, class) || !ox__vec_push(&p->out, box)) return false;
    }
    return true;
}

static ox_status suppress_all(ox__ev *e, suppression *p)
{
    const ox__dense *boxes = &e->in[0], *scores = &e->in[1];
    const double *b = ox__ev_doubles_of(e, boxes), *v = b ? ox__ev_doubles_of(e, scores) : NULL;
    p->list = ox__arena_alloc(e->mem, ((size_t)p->n_boxes + 1) * sizeof *p->list);
    p->kept = ox__arena_alloc(e->mem, ((size_t)p->n_boxes + 1) * sizeof *p->kept);
    if (!v || !p->list || !p->kept) return ox__nomem(e->err);
    for (int64_t item = 0; item < boxes->dims[0] && scores->n && p->most > 0; item++)
        for (int64_t class = 0; class < scores->dims[1]; class ++)
            if (!suppress(p, item, class, b + item * p->n_boxes * 4, v + (item * scores->dims[1] + class) * p->n_boxes))
                return ox__nomem(e->err);
    int64_t dims[2] = {(int64_t)p->out.n / 3, 3};
    ox_status s = OX_OK;
    void *y = ox__ev_out(e, 0, OX_INT64, 2, dims, &s);
    if (y && p->out.n) memcpy(y, p->out.p, p->out.n * sizeof *p->out.p);
    return s;
}

ox_status ox__eval_nms(ox__ev *e)
{
    suppression p = {.centers = ox__ev_int(e, "center_point_box", 0) != 0};
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *boxes = &e->in[0], *scores = &e->in[1];
    if (boxes->rank != 3 || scores->rank != 3 || boxes->dims[2] != 4 || boxes->dims[0] != scores->dims[0] ||
        boxes->dims[1] != scores->dims[2] || boxes->dtype != OX_FLOAT || scores->dtype != OX_FLOAT)
        return ox__ev_fail(e, "the boxes and their scores do not fit together");
    for (size_t i = 2; i < 5; i++)
        if (ox__ev_has(e, i) && e->in[i].n != 1) return ox__ev_fail(e, "input %zu must be one number", i);
    p.n_boxes = boxes->dims[1];
    p.most = ox__ev_has(e, 2) ? ox__ev_i64(&e->in[2], 0) : 0;
    p.limit = ox__ev_has(e, 3) ? ox__ev_f64(&e->in[3], 0) : 0;
    p.has_least = ox__ev_has(e, 4);
    p.least = p.has_least ? ox__ev_f64(&e->in[4], 0) : 0;
    s = suppress_all(e, &p);
    ox__vec_free(&p.out);
    return s;
}
