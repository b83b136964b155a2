/* Floor 3. Moving elements of any type: sources, targets, and the loops that copy. */
#include "ops/move.h"

int64_t *ox__mv_dims(ox__ev *e, size_t n, ox_status *s)
{
    *s = OX_OK;
    if (n > OX_MAX_RANK) *s = ox__ev_fail(e, "a shape of %zu dims", n);
    int64_t *dims = *s == OX_OK ? ox__arena_alloc(e->mem, (n + 1) * sizeof *dims) : NULL;
    if (!dims && *s == OX_OK) *s = ox__nomem(e->err);
    return dims;
}

ox_status ox__mv_list(ox__ev *e, const char *attr, size_t i, const int64_t **out, size_t *n, bool *given)
{
    *given = ox__ev_list(e, attr, i, out, n);
    return !*given && ox__ev_has(e, i) ? ox__nomem(e->err) : OX_OK;
}

/* ---- where from and where to ---- */
const uint8_t *ox__mv_source(ox__ev *e, const ox__dense *a, unsigned *item)
{
    *item = ox__ev_item(a->dtype);
    if (*item) return a->data;
    unsigned bits = ox_dtype_bits(a->dtype);
    *item = 1;
    uint8_t *p = ox__arena_alloc(e->mem, OX__MAX((size_t)a->n, 1));
    if (!p) {
        (void)ox__nomem(e->err);
        return NULL;
    }
    for (uint64_t i = 0; i < a->n; i++) p[i] = (uint8_t)ox__bits_get(a->data, i, bits);
    return p;
}

/* Room for n elements in scratch memory. */
static ox_status scratch(ox__ev *e, ox__dest *d)
{
    if (d->n > e->max_bytes / d->item || d->n > SIZE_MAX / 2 / d->item)
        return ox__fail(e->err, OX_E_LIMIT, "%s: output %zu is too large to be computed here", ox__ev_op(e), d->o);
    d->data = ox__arena_alloc(e->mem, OX__MAX((size_t)d->n * d->item, 1));
    if (!d->data) return ox__nomem(e->err);
    memset(d->data, 0, (size_t)d->n * d->item);
    return OX_OK;
}

static ox_status describe(ox__ev *e, ox__dest *d, size_t o, ox_dtype dtype, uint32_t rank, const int64_t *dims)
{
    *d = (ox__dest){.o = o, .dtype = dtype, .rank = rank, .dims = dims, .item = OX__MAX(ox__ev_item(dtype), 1)};
    if (!ox__dims_product(dims, rank, &d->n))
        return ox__fail(e->err, OX_E_LIMIT, "%s: output %zu is too large to be computed here", ox__ev_op(e), o);
    return OX_OK;
}

ox_status ox__mv_begin(ox__ev *e, ox__dest *d, size_t o, ox_dtype dtype, uint32_t rank, const int64_t *dims)
{
    ox_status s = describe(e, d, o, dtype, rank, dims);
    if (s != OX_OK || dtype == OX_STRING) return s != OX_OK ? s : scratch(e, d);
    d->packed = ox__ev_out(e, o, dtype, rank, dims, &s);
    if (!d->packed) return s;
    if (!ox__ev_item(dtype)) return scratch(e, d);
    d->data = d->packed;
    return OX_OK;
}

static void pack(ox__dest *d)
{
    if (d->data == d->packed) return;
    unsigned bits = ox_dtype_bits(d->dtype);
    for (uint64_t i = 0; i < d->n; i++) ox__bits_set(d->packed, i, bits, d->data[i]);
}

/* Repeated texts could fill any memory. */
static ox_status check_texts(ox__ev *e, const ox__dest *d)
{
    const ox_bytes *t = (const void *)d->data;
    uint64_t total = 0;
    for (uint64_t i = 0; i < d->n; i++)
        if (__builtin_add_overflow(total, t[i].n, &total) || total > e->max_bytes)
            return ox__fail(e->err, OX_E_LIMIT, "%s: the strings of output %zu are too large", ox__ev_op(e), d->o);
    return OX_OK;
}

ox_status ox__mv_end(ox__ev *e, ox__dest *d)
{
    if (d->dtype != OX_STRING) {
        pack(d);
        return OX_OK;
    }
    ox_status s = check_texts(e, d);
    return s == OX_OK ? ox__ev_out_strings(e, d->o, d->rank, d->dims, (const void *)d->data) : s;
}

ox_status ox__mv_begin_data(ox__ev *e, ox__dest *d, ox_dtype dtype, uint32_t rank, const int64_t *dims)
{
    ox_status s = describe(e, d, 0, dtype, rank, dims);
    return s == OX_OK ? scratch(e, d) : s;
}

ox_status ox__mv_end_data(ox__ev *e, ox__dest *d, ox_data **out)
{
    if (d->dtype == OX_STRING) {
        ox_status s = check_texts(e, d);
        return s == OX_OK ? ox_data_strings(out, d->rank, d->dims, (const void *)d->data, e->err) : s;
    }
    ox_status s = ox_data_tensor(out, d->dtype, d->rank, d->dims, &d->packed, e->err);
    if (s != OX_OK) return s;
    if (ox__ev_item(d->dtype))
        memcpy(d->packed, d->data, (size_t)d->n * d->item);
    else
        pack(d);
    return OX_OK;
}

/* ---- views ---- */
void ox__view_dim(ox__view *v, int64_t dim, int64_t step)
{
    /* So many dims beyond 1, or so many elements, fit no tensor unless another dim is 0. */
    if (dim <= 0 || v->rank == OX__VIEW_MAX) v->empty = true;
    if (dim == 1 || v->empty) return;
    uint32_t last = v->rank - 1;
    int64_t reach;
    if (v->rank && !__builtin_mul_overflow(step, dim, &reach) && v->step[last] == reach) {
        v->empty = __builtin_mul_overflow(v->dims[last], dim, &v->dims[last]);
        v->step[last] = step;
        return;
    }
    v->dims[v->rank] = dim;
    v->step[v->rank++] = step;
}

enum { LINE = 64, BLOCK = 64, PIECE = 1 << 16 /* bytes that are worth a thread's while */ };

typedef struct walk {
    uint8_t *dst;
    const uint8_t *src;
    unsigned item;
    uint32_t n_outer; /* the dims that are walked one by one */
    int64_t dims[OX__VIEW_MAX], src_step[OX__VIEW_MAX], dst_step[OX__VIEW_MAX];
    /* A row of n elements; or a plane: `a` runs on in the source, n in the target. */
    int64_t n, n_src_step, a, a_dst_step;
    uint64_t blocks; /* of BLOCK along `a`, for each plane */
} walk;

static void seek(const walk *w, uint64_t i, int64_t *at, int64_t *src, int64_t *dst)
{
    *src = *dst = 0;
    for (uint32_t d = w->n_outer; d-- > 0;) {
        at[d] = (int64_t)(i % (uint64_t)w->dims[d]);
        i /= (uint64_t)w->dims[d];
        *src += at[d] * w->src_step[d];
        *dst += at[d] * w->dst_step[d];
    }
}

static void next(const walk *w, int64_t *at, int64_t *src, int64_t *dst)
{
    for (uint32_t d = w->n_outer; d-- > 0;) {
        *src += w->src_step[d];
        *dst += w->dst_step[d];
        if (++at[d] < w->dims[d]) return;
        *src -= w->src_step[d] * w->dims[d];
        *dst -= w->dst_step[d] * w->dims[d];
        at[d] = 0;
    }
}

/* Runs of elements of one size; the size is a constant, so that each copy is a move or two. */
#define STRIDED(SIZE) \
    case SIZE: \
        for (int64_t i = 0; i < n; i++) memcpy(dst + i * (SIZE), src + i * step * (SIZE), SIZE); \
        break;
static void copy_row(uint8_t *dst, const uint8_t *src, int64_t n, int64_t step, unsigned item)
{
    if (step == 1) {
        memcpy(dst, src, (size_t)n * item);
        return;
    }
    if (step == 0) {
        ox__mv_fill(dst, src, item, (uint64_t)n);
        return;
    }
    switch (item) {
        STRIDED(1)
        STRIDED(2)
        STRIDED(4)
        STRIDED(8)
        STRIDED(16)
    }
}

static void copy_rows(void *ud, uint64_t from, uint64_t to)
{
    const walk *w = ud;
    int64_t at[OX__VIEW_MAX], src, dst;
    seek(w, from, at, &src, &dst);
    for (uint64_t i = from; i < to; i++) {
        copy_row(w->dst + dst * w->item, w->src + src * w->item, w->n, w->n_src_step, w->item);
        next(w, at, &src, &dst);
    }
}

/* Tile by tile, each as wide as a line of the cache and turned in a buffer: every line is met once on either side,
 * whatever the strides. */
#define TURN(SIZE) \
    static void turn_##SIZE(const walk *w, uint8_t *dst, const uint8_t *src, int64_t a0, int64_t a1) \
    { \
        enum { SIDE = LINE / (SIZE) }; \
        uint8_t tile[SIDE * LINE]; \
        const int64_t from = w->n_src_step * (SIZE), to = w->a_dst_step * (SIZE); \
        for (int64_t a = a0; a < a1; a += SIDE) \
            for (int64_t b = 0; b < w->n; b += SIDE) { \
                const uint8_t *p = src + a * (SIZE) + b * from; \
                uint8_t *q = dst + a * to + b * (SIZE); \
                int64_t rows = OX__MIN(SIDE, a1 - a), n = OX__MIN(SIDE, w->n - b); \
                if (rows == SIDE && n == SIDE) { \
                    for (int64_t k = 0; k < SIDE; k++) \
                        for (int64_t i = 0; i < SIDE; i++) \
                            memcpy(tile + (i * SIDE + k) * (SIZE), p + k * from + i * (SIZE), SIZE); \
                    for (int64_t i = 0; i < SIDE; i++) memcpy(q + i * to, tile + i * LINE, LINE); \
                } else { \
                    for (int64_t k = 0; k < n; k++) \
                        for (int64_t i = 0; i < rows; i++) \
                            memcpy(q + i * to + k * (SIZE), p + k * from + i * (SIZE), SIZE); \
                } \
            } \
    }
TURN(1)
TURN(2)
TURN(4)
TURN(8)
TURN(16)

static void copy_planes(void *ud, uint64_t from, uint64_t to)
{
    const walk *w = ud;
    int64_t at[OX__VIEW_MAX], src_at, dst_at;
    for (uint64_t i = from; i < to; i++) {
        seek(w, i / w->blocks, at, &src_at, &dst_at);
        const uint8_t *src = w->src + src_at * w->item;
        uint8_t *dst = w->dst + dst_at * w->item;
        int64_t a0 = (int64_t)(i % w->blocks) * BLOCK, a1 = OX__MIN(a0 + BLOCK, w->a);
        switch (w->item) {
        case 1: turn_1(w, dst, src, a0, a1); break;
        case 2: turn_2(w, dst, src, a0, a1); break;
        case 4: turn_4(w, dst, src, a0, a1); break;
        case 8: turn_8(w, dst, src, a0, a1); break;
        case 16: turn_16(w, dst, src, a0, a1); break;
        }
    }
}

/* The dim whose neighbours are neighbours in the source, when it is not the last and worth planes; else rank. */
static uint32_t plane_of(const ox__view *v)
{
    uint32_t last = v->rank - 1;
    if (v->step[last] == 1 || v->step[last] == 0) return v->rank;
    for (uint32_t i = 0; i < last; i++)
        if (v->step[i] == 1 && v->dims[i] >= 4 && v->dims[i] >= 64 / v->dims[last]) return i;
    return v->rank;
}

void ox__view_copy(ox__ev *e, void *dst, const void *src, unsigned item, const ox__view *v)
{
    walk w = {.dst = dst, .src = (const uint8_t *)src + v->from * (int64_t)item, .item = item, .n = 1, .n_src_step = 1};
    if (v->empty) return;
    uint32_t last = v->rank ? v->rank - 1 : 0, plane = v->rank ? plane_of(v) : 0;
    int64_t dst_step[OX__VIEW_MAX];
    ox__ev_strides(v->dims, v->rank, dst_step);
    if (v->rank) w.n = v->dims[last], w.n_src_step = v->step[last];
    uint64_t units = 1, bytes = (uint64_t)w.n * item;
    for (uint32_t i = 0; i < last; i++) {
        if (i == plane) {
            w.a = v->dims[i];
            w.a_dst_step = dst_step[i];
            w.blocks = (uint64_t)(w.a + BLOCK - 1) / BLOCK;
            units *= w.blocks;
            bytes *= BLOCK;
            continue;
        }
        w.dims[w.n_outer] = v->dims[i];
        w.src_step[w.n_outer] = v->step[i];
        w.dst_step[w.n_outer++] = dst_step[i];
        units *= (uint64_t)v->dims[i];
    }
    ox__ev_parallel(e, units, PIECE / OX__MIN(bytes, PIECE), w.blocks ? copy_planes : copy_rows, &w);
}

/* ---- rows ---- */
typedef struct rows {
    uint8_t *dst;
    const uint8_t *src;
    uint64_t dst_pitch, src_pitch, bytes;
} rows;

#define ROWS(SIZE) \
    for (uint64_t i = from; i < to; i++) memcpy(r->dst + i * r->dst_pitch, r->src + i * r->src_pitch, SIZE);
#define PITCHED(SIZE) \
    case SIZE: ROWS(SIZE) break;
static void copy_pitched(void *ud, uint64_t from, uint64_t to)
{
    const rows *r = ud;
    for (uint64_t i = from; i < to; i++) memcpy(r->dst + i * r->dst_pitch, r->src + i * r->src_pitch, (size_t)r->bytes);
}

void ox__mv_rows(ox__ev *e, void *dst, uint64_t dst_pitch, const void *src, uint64_t src_pitch, uint64_t bytes,
                 uint64_t n)
{
    if (!n || !bytes) return;
    rows r = {dst, src, dst_pitch, src_pitch, bytes};
    if (dst_pitch == bytes && src_pitch == bytes) {
        memcpy(dst, src, (size_t)(bytes * n));
        return;
    }
    ox__ev_parallel(e, n, PIECE / OX__MIN(bytes, PIECE), copy_pitched, &r);
}

#define FILL(SIZE) \
    case SIZE: \
        for (uint64_t i = 0; i < n; i++) memcpy((uint8_t *)dst + i * (SIZE), element, SIZE); \
        break;
void ox__mv_fill(void *dst, const void *element, unsigned item, uint64_t n)
{
    uint8_t one[16]; /* a copy that the target cannot overlap */
    memcpy(one, element, item);
    element = one;
    switch (item) {
    case 1:
        memset(dst, one[0], (size_t)n);
        break;
        FILL(2)
        FILL(4)
        FILL(8)
        FILL(16)
    }
}

void ox__mv_around(const int64_t *dims, uint32_t rank, int64_t axis, uint64_t *outer, uint64_t *inner)
{
    *outer = *inner = 1;
    for (uint32_t i = 0; i < rank; i++) {
        if ((int64_t)i < axis) *outer *= (uint64_t)dims[i];
        if ((int64_t)i > axis) *inner *= (uint64_t)dims[i];
    }
}

/* ---- mapped axes ---- */

/* A run of the last axis that is in one piece on both sides. */
typedef struct run {
    int64_t to, from, n;
} run;

static size_t runs_of(const int64_t *map, int64_t n, run *runs)
{
    size_t k = 0;
    for (int64_t i = 0; i < n; i++) {
        if (map[i] < 0) continue;
        if (k && runs[k - 1].to + runs[k - 1].n == i && runs[k - 1].from + runs[k - 1].n == map[i])
            runs[k - 1].n++;
        else
            runs[k++] = (run){i, map[i], 1};
    }
    return k;
}

static bool is_identity(const int64_t *map, int64_t n, int64_t of)
{
    if (n != of) return false;
    for (int64_t i = 0; i < n; i++)
        if (map[i] != i) return false;
    return true;
}

ox_status ox__mv_mapped(ox__ev *e, ox__dest *d, const void *src, const int64_t *src_dims, const int64_t *const *map)
{
    uint32_t rank = d->rank;
    uint64_t item = d->item; /* of a whole block of inner axes that stay as they are */
    if (!d->n) return OX_OK;
    while (rank && is_identity(map[rank - 1], d->dims[rank - 1], src_dims[rank - 1]))
        item *= (uint64_t)src_dims[--rank];
    if (!rank) {
        memcpy(d->data, src, (size_t)item);
        return OX_OK;
    }
    uint32_t last = rank - 1;
    int64_t *at = ox__arena_alloc(e->mem, rank * sizeof *at),
            *strides = ox__arena_alloc(e->mem, rank * sizeof *strides),
            *off = ox__arena_alloc(e->mem, (rank + 1) * sizeof *off);
    run *runs = ox__arena_alloc(e->mem, (size_t)d->dims[last] * sizeof *runs);
    if (!at || !strides || !off || !runs) return ox__nomem(e->err);
    ox__ev_strides(src_dims, rank, strides);
    memset(at, 0, rank * sizeof *at);
    size_t n_runs = runs_of(map[last], d->dims[last], runs);
    uint64_t n_rows = d->n * d->item / item / (uint64_t)d->dims[last];
    uint8_t *row = d->data;
    off[0] = 0;
    /* off[k] is where the axes before k lead to, -1 where one of them leads nowhere. */
    for (uint32_t changed = 0; n_rows-- > 0; row += (uint64_t)d->dims[last] * item) {
        for (uint32_t k = changed; k < last; k++) {
            int64_t i = map[k][at[k]];
            off[k + 1] = off[k] < 0 || i < 0 ? -1 : off[k] + i * strides[k];
        }
        for (size_t i = 0; off[last] >= 0 && i < n_runs; i++)
            memcpy(row + (uint64_t)runs[i].to * item,
                   (const uint8_t *)src + (uint64_t)(off[last] + runs[i].from) * item, (size_t)runs[i].n * item);
        for (changed = last; changed-- > 0;) {
            if (++at[changed] < d->dims[changed]) break;
            at[changed] = 0;
        }
    }
    return OX_OK;
}
