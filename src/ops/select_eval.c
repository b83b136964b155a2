/* Floor 3. Computing TopK and Unique. Elements are compared by keys: numbers in whose order they stand. */
#include "ops/gather.h"
#include "ops/move.h"

#include <inttypes.h>

/* Zeroes of either sign are one, NaN is beyond everything. */
static uint64_t key_of_float(double v)
{
    uint64_t bits;
    if (v != v) return UINT64_MAX;
    v += 0.0;
    memcpy(&bits, &v, sizeof bits);
    return bits >> 63 ? ~bits : bits | UINT64_C(1) << 63;
}

static uint64_t key_of(const ox__dense *a, uint64_t i)
{
    const uint64_t sign = UINT64_C(1) << 63;
    switch (a->dtype) {
    case OX_FLOAT: return key_of_float(((const float *)a->data)[i]);
    case OX_INT64: return (uint64_t)((const int64_t *)a->data)[i] ^ sign;
    case OX_UINT64: return ((const uint64_t *)a->data)[i];
    default: return ox_dtype_is_float(a->dtype) ? key_of_float(ox__ev_f64(a, i)) : (uint64_t)ox__ev_i64(a, i) ^ sign;
    }
}

/* ---- TopK ---- */
typedef struct pair {
    uint64_t key;
    int64_t i;
} pair;

static bool before(const pair *a, const pair *b)
{
    return a->key < b->key || (a->key == b->key && a->i < b->i);
}

/* Moves heap[at] down until what is below it comes before it. */
static void sink(pair *heap, size_t n, size_t at)
{
    pair moved = heap[at];
    for (size_t child; (child = 2 * at + 1) < n; at = child) {
        if (child + 1 < n && before(&heap[child], &heap[child + 1])) child++;
        if (!before(&moved, &heap[child])) break;
        heap[at] = heap[child];
    }
    heap[at] = moved;
}

typedef struct top {
    const ox__dense *a;
    const uint8_t *src;
    uint8_t *values;
    int64_t *indices;
    pair *heaps; /* k for each slice */
    uint64_t inner, d, k;
    unsigned item;
    bool largest;
} top;

/* The next element from i on that may come before the worst one of a full heap; of most floats one comparison tells. */
static uint64_t candidate(const top *t, uint64_t base, uint64_t i, int64_t worst)
{
    if (t->a->dtype != OX_FLOAT) return i;
    const float *p = (const float *)t->a->data + base, w = p[(uint64_t)worst * t->inner];
    if (t->largest)
        while (i < t->d && p[i * t->inner] <= w) i++;
    else
        while (i < t->d && p[i * t->inner] >= w) i++;
    return i;
}

/* The first k of one slice in order: a heap of the best so far, its worst on top. */
static void best_of(const top *t, uint64_t slice)
{
    pair *heap = t->heaps + slice * t->k;
    uint64_t base = slice / t->inner * t->d * t->inner + slice % t->inner;
    for (uint64_t i = 0; i < t->d; i++) {
        if (i >= t->k && (i = candidate(t, base, i, heap[0].i)) >= t->d) break;
        uint64_t key = key_of(t->a, base + i * t->inner);
        pair p = {t->largest ? ~key : key, (int64_t)i};
        if (i < t->k) {
            heap[i] = p;
            if (i + 1 == t->k)
                for (size_t at = (size_t)t->k / 2 + 1; at-- > 0;) sink(heap, (size_t)t->k, at);
        } else if (before(&p, &heap[0])) {
            heap[0] = p;
            sink(heap, (size_t)t->k, 0);
        }
    }
    for (size_t n = (size_t)t->k; n-- > 1;) {
        pair last = heap[n];
        heap[n] = heap[0];
        heap[0] = last;
        sink(heap, n, 0);
    }
    uint64_t to = slice / t->inner * t->k * t->inner + slice % t->inner;
    for (uint64_t i = 0; i < t->k; i++, to += t->inner) {
        t->indices[to] = heap[i].i;
        memcpy(t->values + to * t->item, t->src + (base + (uint64_t)heap[i].i * t->inner) * t->item, t->item);
    }
}

static void best_of_slices(void *ud, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) best_of(ud, i);
}

ox_status ox__eval_top_k(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    bool attr = e->opset < 10;
    ox_status s = ox__ev_need(e, 0, attr ? 1 : 2);
    int64_t axis = ox__ev_int(e, "axis", -1);
    if (s == OX_OK) s = ox__ev_axis(e, &axis, a->rank);
    if (s != OX_OK) return s;
    if (!ox_dtype_is_float(a->dtype) && !ox_dtype_is_integer(a->dtype))
        return ox__ev_fail(e, "elements of %s have no order", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY));
    if (!attr && e->in[1].n != 1) return ox__ev_fail(e, "k is no scalar");
    int64_t k = attr ? ox__ev_int(e, "k", -1) : ox__ev_i64(&e->in[1], 0), *dims = ox__mv_dims(e, a->rank, &s);
    if (!dims) return s;
    if (k < 0 || k > a->dims[axis]) return ox__ev_fail(e, "k = %" PRId64 " of %" PRId64 " elements", k, a->dims[axis]);
    memcpy(dims, a->dims, a->rank * sizeof *dims);
    dims[axis] = k;
    ox__dest d;
    top t = {.a = a, .d = (uint64_t)a->dims[axis], .k = (uint64_t)k, .largest = ox__ev_int(e, "largest", 1) != 0};
    s = ox__mv_begin(e, &d, 0, a->dtype, a->rank, dims);
    if (s == OX_OK) t.indices = ox__ev_out(e, 1, OX_INT64, a->rank, dims, &s);
    if (s != OX_OK || !d.n) return s != OX_OK ? s : ox__mv_end(e, &d);
    uint64_t outer;
    ox__mv_around(dims, a->rank, axis, &outer, &t.inner);
    t.heaps = ox__arena_alloc(e->mem, (size_t)d.n * sizeof *t.heaps);
    t.src = t.heaps ? ox__mv_source(e, a, &t.item) : NULL;
    if (!t.src) return ox__nomem(e->err);
    t.values = d.data;
    ox__ev_parallel(e, outer * t.inner, 4096 / OX__MIN(t.d, 4096), best_of_slices, &t);
    return ox__mv_end(e, &d);
}

/* ---- Unique: rows along an axis, or all elements as rows of one ---- */
typedef struct rows {
    const ox__dense *a;
    uint64_t n, outer, inner;
    const uint64_t *keys; /* `parts` for each element; NULL for strings */
    unsigned parts;
} rows;

static int compare_texts(const ox_bytes *a, const ox_bytes *b)
{
    size_t n = OX__MIN(a->n, b->n);
    int c = n ? memcmp(a->p, b->p, n) : 0;
    return c ? c : (a->n > b->n) - (a->n < b->n);
}

static int compare_elements(const rows *r, uint64_t i, uint64_t k)
{
    if (!r->keys) return compare_texts((const ox_bytes *)r->a->data + i, (const ox_bytes *)r->a->data + k);
    for (unsigned p = 0; p < r->parts; p++) {
        uint64_t x = r->keys[i * r->parts + p], y = r->keys[k * r->parts + p];
        if (x != y) return x < y ? -1 : 1;
    }
    return 0;
}

static int compare_rows(const rows *r, uint64_t i, uint64_t k)
{
    if (!r->inner) return 0; /* then outer may be any number */
    for (uint64_t o = 0; o < r->outer; o++)
        for (uint64_t j = 0; j < r->inner; j++) {
            int c = compare_elements(r, (o * r->n + i) * r->inner + j, (o * r->n + k) * r->inner + j);
            if (c) return c;
        }
    return 0;
}

/* A stable merge sort; tmp has room for n. */
static void sort_rows(const rows *r, int64_t *v, int64_t *tmp, uint64_t n)
{
    for (uint64_t width = 1; width < n; width *= 2) {
        for (uint64_t from = 0; from < n; from += 2 * width) {
            uint64_t mid = OX__MIN(from + width, n), end = OX__MIN(from + 2 * width, n), i = from, k = mid;
            for (uint64_t at = from; at < end; at++) {
                bool left = i < mid && (k >= end || compare_rows(r, (uint64_t)v[i], (uint64_t)v[k]) <= 0);
                tmp[at] = left ? v[i++] : v[k++];
            }
        }
        memcpy(v, tmp, (size_t)n * sizeof *v);
    }
}

/* Single keys: sorted by their bytes from the last to the first, those that all have in common left out. */
static ox_status sort_keys(ox__ev *e, const uint64_t *keys, int64_t *order, uint64_t n)
{
    pair *v = ox__arena_alloc(e->mem, (size_t)n * sizeof *v), *to = ox__arena_alloc(e->mem, (size_t)n * sizeof *to);
    if (!v || !to) return ox__nomem(e->err);
    for (uint64_t i = 0; i < n; i++) v[i] = (pair){keys[i], (int64_t)i};
    for (unsigned shift = 0; shift < 64; shift += 8) {
        uint64_t place[257] = {0};
        for (uint64_t i = 0; i < n; i++) place[(v[i].key >> shift & 255) + 1]++;
        if (place[(v[0].key >> shift & 255) + 1] == n) continue;
        for (unsigned k = 0; k < 256; k++) place[k + 1] += place[k];
        for (uint64_t i = 0; i < n; i++) to[place[v[i].key >> shift & 255]++] = v[i];
        pair *was = v;
        v = to;
        to = was;
    }
    for (uint64_t i = 0; i < n; i++) order[i] = v[i].i;
    return OX_OK;
}

static ox_status make_keys(ox__ev *e, rows *r)
{
    const ox__dense *a = r->a;
    if (a->dtype == OX_STRING) return OX_OK;
    bool complex = ox_dtype_is_complex(a->dtype);
    r->parts = complex ? 2 : 1;
    uint64_t n = a->n * r->parts, *keys = ox__arena_alloc(e->mem, ((size_t)n + 1) * sizeof *keys);
    if (!keys) return ox__nomem(e->err);
    ox__dense parts = *a;
    if (complex) parts.dtype = a->dtype == OX_COMPLEX64 ? OX_FLOAT : OX_DOUBLE;
    for (uint64_t i = 0; i < n; i++) keys[i] = key_of(&parts, i);
    r->keys = keys;
    return OX_OK;
}

/* The groups of equal rows: where each was met first, how often, and the group of each row. */
typedef struct groups {
    int64_t *first, *count, *of, n;
} groups;

static ox_status group(ox__ev *e, const rows *r, bool sorted, groups *g)
{
    size_t bytes = ((size_t)r->n + 1) * sizeof(int64_t);
    int64_t *order = ox__arena_alloc(e->mem, bytes), *tmp = ox__arena_alloc(e->mem, bytes);
    g->first = ox__arena_alloc(e->mem, bytes);
    g->count = ox__arena_alloc(e->mem, bytes);
    g->of = ox__arena_alloc(e->mem, bytes);
    if (!order || !tmp || !g->first || !g->count || !g->of) return ox__nomem(e->err);
    for (uint64_t i = 0; i < r->n; i++) order[i] = (int64_t)i;
    if (r->n && r->parts == 1 && r->outer == 1 && r->inner == 1) {
        ox_status s = sort_keys(e, r->keys, order, r->n);
        if (s != OX_OK) return s;
    } else {
        sort_rows(r, order, tmp, r->n);
    }
    for (uint64_t i = 0; i < r->n; i++) {
        if (i == 0 || compare_rows(r, (uint64_t)order[i - 1], (uint64_t)order[i]) != 0) {
            g->first[g->n] = order[i];
            g->count[g->n++] = 0;
        }
        g->of[order[i]] = g->n - 1;
        g->count[g->n - 1]++;
    }
    if (sorted) return OX_OK;
    /* In the order in which they were met: a row that is the first of its group begins the next one. */
    int64_t *place = order, *count = tmp, met = 0;
    for (uint64_t i = 0; i < r->n; i++) {
        int64_t was = g->of[i];
        if (g->first[was] == (int64_t)i) {
            count[met] = g->count[was];
            place[was] = met++;
        }
        g->of[i] = place[was];
    }
    for (uint64_t i = r->n; i-- > 0;) g->first[g->of[i]] = (int64_t)i;
    memcpy(g->count, count, (size_t)met * sizeof *count);
    return OX_OK;
}

static ox_status out_ints(ox__ev *e, size_t o, const int64_t *v, int64_t n)
{
    ox_status s = OX_OK;
    if (!ox__ev_wants(e, o)) return OX_OK;
    int64_t *out = ox__ev_out(e, o, OX_INT64, 1, &n, &s);
    if (out && n) memcpy(out, v, (size_t)n * sizeof *out);
    return s;
}

ox_status ox__eval_unique(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    bool flat = !ox__ev_attr(e, "axis", OX_ATTR_INT);
    int64_t axis = ox__ev_int(e, "axis", 0);
    if (!flat) s = ox__ev_axis(e, &axis, a->rank);
    if (s != OX_OK) return s;
    rows r = {.a = a, .n = flat ? a->n : (uint64_t)a->dims[axis], .outer = 1, .inner = 1};
    groups g = {0};
    if (!flat) ox__mv_around(a->dims, a->rank, axis, &r.outer, &r.inner);
    if (r.n > OX__MAX(a->n, 1024)) return ox__fail(e->err, OX_E_LIMIT, "Unique: too many empty rows");
    s = make_keys(e, &r);
    if (s == OX_OK) s = group(e, &r, ox__ev_int(e, "sorted", 1) != 0, &g);
    if (s != OX_OK) return s;
    s = ox__gather_out(e, flat, axis, g.first, g.n);
    if (s == OX_OK) s = out_ints(e, 1, g.first, g.n);
    if (s == OX_OK) s = out_ints(e, 2, g.of, (int64_t)r.n);
    return s == OX_OK ? out_ints(e, 3, g.count, g.n) : s;
}
