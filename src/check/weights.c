/* Floor 4. What shows in the bytes of weights only: NaN, infinities, and doubles of one another. Each weight is read
 * once, as a stream, smallest first, until the limit of the options; what was left out is counted, not guessed. Two
 * weights of one dtype and shape are compared by hash, and two of one hash byte by byte. */
#include "check/check.h"

#include <stdlib.h>

enum { DOUBLE_MIN = 1024, PIECE = 1 << 16 }; /* bytes from which sharing is worth a remark; of one comparison */

typedef struct weight {
    ox_value value;
    ox_tensor tensor;
    uint64_t bytes, kind, hash; /* kind: dtype and dims */
    bool hashed, alike;         /* alike: another of its kind and size */
} weight;

typedef struct reading {
    ox__check *c;
    weight *w;
    ox_dtype dtype;
    bool floats;
    uint64_t n_nan, n_inf;
} reading;

static void count32(reading *r, const uint8_t *p, uint64_t n)
{
    for (uint64_t i = 0; i < n; i++) {
        uint32_t x;
        memcpy(&x, p + i * 4, 4);
        x &= 0x7fffffff;
        r->n_inf += x == 0x7f800000;
        r->n_nan += x > 0x7f800000;
    }
}

static void count16(reading *r, const uint8_t *p, uint64_t n, uint32_t inf)
{
    for (uint64_t i = 0; i < n; i++) {
        uint32_t x = ((uint32_t)p[i * 2] | (uint32_t)p[i * 2 + 1] << 8) & 0x7fff;
        r->n_inf += x == inf;
        r->n_nan += x > inf;
    }
}

static void count64(reading *r, const uint8_t *p, uint64_t n)
{
    const uint64_t inf = UINT64_C(0x7ff) << 52;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t x;
        memcpy(&x, p + i * 8, 8);
        x &= INT64_MAX;
        r->n_inf += x == inf;
        r->n_nan += x > inf;
    }
}

static ox_status take(void *ud, const void *chunk, uint64_t n, uint64_t offset, ox_error *err)
{
    reading *r = ud;
    (void)offset, (void)err;
    r->c->counts.bytes_read += n;
    if (r->w->alike) r->w->hash = ox__hash_mix(r->w->hash, ox__hash(chunk, (size_t)n));
    if (!r->floats) return OX_OK;
    if (r->dtype == OX_FLOAT)
        count32(r, chunk, n / 4);
    else if (r->dtype == OX_DOUBLE)
        count64(r, chunk, n / 8);
    else
        count16(r, chunk, n / 2, r->dtype == OX_FLOAT16 ? 0x7c00 : 0x7f80);
    return OX_OK;
}

static void report_numbers(ox__check *c, const reading *r)
{
    const char *name = ox__check_name(c, ox_value_name(c->m, r->w->value));
    uint64_t n = ox_tensor_get(c->m, r->w->tensor).n_elements;
    if (r->n_nan)
        ox__check_report(c, OX__CHECK_NAN_WEIGHT, OX__AT_VALUE(r->w->value), NULL,
                         "%llu of %llu elements of %s are NaN", (unsigned long long)r->n_nan, (unsigned long long)n,
                         name);
    if (r->n_inf)
        ox__check_report(c, OX__CHECK_INFINITE_WEIGHT, OX__AT_VALUE(r->w->value), NULL,
                         "%llu of %llu elements of %s are infinite", (unsigned long long)r->n_inf,
                         (unsigned long long)n, name);
}

/* What cannot be read ends the run, but for data that contradicts its dims, which the family "data" reports. */
static bool usable(ox__check *c, ox_status s, const ox_error *err)
{
    if (s == OX_OK) return true;
    if (s != OX_E_FORMAT && c->err) *c->err = *err;
    if (s != OX_E_FORMAT) ox__check_fail(c, s);
    return false;
}

static void read_weight(ox__check *c, weight *w)
{
    ox_error err;
    ox_dtype d = ox_tensor_get(c->m, w->tensor).dtype;
    reading r = {.c = c, .w = w, .dtype = d};
    r.floats = (d == OX_FLOAT || d == OX_DOUBLE || d == OX_FLOAT16 || d == OX_BFLOAT16) &&
               ox__check_wants_any(c, OX__CHECK_NAN_WEIGHT, OX__CHECK_INFINITE_WEIGHT);
    if (!r.floats && !w->alike) return;
    if (c->counts.bytes_read + w->bytes > c->read_limit) {
        c->counts.bytes_unread += w->bytes;
        return;
    }
    ox_error_clear(&err);
    if (!usable(c, ox_tensor_stream(c->m, w->tensor, take, &r, c->task, &err), &err)) return;
    w->hashed = w->alike;
    report_numbers(c, &r);
}

/* ---- doubles ---- */

static bool same_bytes(ox__check *c, const weight *a, const weight *b)
{
    ox_error err;
    uint8_t *buf = ox__alloc(2 * (size_t)PIECE);
    bool same = buf != NULL;
    if (!buf) ox__check_fail(c, ox__nomem(c->err));
    for (uint64_t at = 0; same && at < a->bytes; at += PIECE) {
        uint64_t n = OX__MIN(a->bytes - at, (uint64_t)PIECE);
        ox_error_clear(&err);
        same = usable(c, ox_tensor_read(c->m, a->tensor, at, buf, n, &err), &err) &&
               usable(c, ox_tensor_read(c->m, b->tensor, at, buf + PIECE, n, &err), &err) &&
               memcmp(buf, buf + PIECE, n) == 0;
    }
    ox__free(buf);
    return same;
}

static int by_kind(const void *x, const void *y)
{
    const weight *a = x, *b = y;
    if (a->bytes != b->bytes) return a->bytes < b->bytes ? -1 : 1;
    if (a->kind != b->kind) return a->kind < b->kind ? -1 : 1;
    if (a->hash != b->hash) return a->hash < b->hash ? -1 : 1;
    return a->value.id < b->value.id ? -1 : a->value.id > b->value.id;
}

static bool one_kind(const weight *a, const weight *b)
{
    return a->bytes == b->bytes && a->kind == b->kind;
}

/* Two that are one span of one file take no room twice. */
static bool one_span(const ox__check *c, const weight *a, const weight *b)
{
    ox_tensor_info x = ox_tensor_get(c->m, a->tensor), y = ox_tensor_get(c->m, b->tensor);
    return a->tensor.id == b->tensor.id || (x.storage == OX_STORAGE_FILE && y.storage == OX_STORAGE_FILE &&
                                            x.file == y.file && x.offset == y.offset && !x.scales && !y.scales);
}

static void report_doubles(ox__check *c, weight *w, size_t n)
{
    qsort(w, n, sizeof *w, by_kind); /* equal hashes stand together */
    for (size_t i = 0, first = 0; i < n && !c->stopped; i++) {
        if (!w[i].hashed || !one_kind(&w[first], &w[i]) || w[first].hash != w[i].hash) first = i;
        if (first == i || !w[first].hashed || one_span(c, &w[first], &w[i]) || !same_bytes(c, &w[first], &w[i]))
            continue;
        ox__check_report(c, OX__CHECK_DOUBLED_INITIALIZER, OX__AT_VALUE(w[i].value), NULL,
                         "initializer %s holds the same %llu bytes as %s",
                         ox__check_name(c, ox_value_name(c->m, w[i].value)), (unsigned long long)w[i].bytes,
                         ox__check_name(c, ox_value_name(c->m, w[first].value)));
    }
}

/* ---- all weights ---- */

typedef struct weights {
    OX__VEC(weight) list;
} weights;

static bool gather(ox__check *c, weights *all, ox_graph g)
{
    for (size_t i = 0; i < ox_graph_n_initializers(c->m, g); i++) {
        ox_value v = ox_graph_initializer(c->m, g, i);
        weight w = {.value = v, .tensor = ox_value_tensor(c->m, v)};
        ox_tensor_info t = ox_tensor_get(c->m, w.tensor);
        w.bytes = ox_tensor_raw_size(c->m, w.tensor);
        if ((t.storage != OX_STORAGE_FILE && t.storage != OX_STORAGE_OWNED) || !w.bytes) continue;
        w.kind = ox__hash_mix(t.dtype, ox__hash(t.dims, t.rank * sizeof *t.dims));
        if (!ox__vec_push(&all->list, w)) return false;
    }
    return true;
}

void ox__check_weights(ox__check *c)
{
    weights all = {0};
    bool fine = true, doubles = c->wanted[OX__CHECK_DOUBLED_INITIALIZER];
    if (!doubles && !ox__check_wants_any(c, OX__CHECK_NAN_WEIGHT, OX__CHECK_INFINITE_WEIGHT)) return;
    for (uint32_t id = 1; fine && id < ox_model_graph_limit(c->m); id++) {
        ox_graph g = ox_model_graph_at(c->m, id);
        if (g.id) fine = gather(c, &all, g);
    }
    if (!fine) ox__check_fail(c, ox__nomem(c->err));
    size_t n = all.list.n;
    weight *w = all.list.p;
    if (n) qsort(w, n, sizeof *w, by_kind);
    for (size_t i = 0; doubles && i + 1 < n; i++)
        if (w[i].bytes >= DOUBLE_MIN && one_kind(&w[i], &w[i + 1])) w[i].alike = w[i + 1].alike = true;
    for (size_t i = 0; i < n && !c->stopped; i++) {
        ox__check_step(c);
        if (!c->stopped) read_weight(c, &w[i]);
    }
    if (n && doubles && !c->stopped) report_doubles(c, w, n);
    ox__vec_free(&all.list);
}
