/* Floor 3. What the operators of ai.onnx.ml share. */
#include "ops/ml.h"

#include <math.h>
#include <stdio.h>

/* ---- rows of features ---- */
ox_status ox__ml_rows_of(ox__ev *e, ox__ml_rows *out)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    if (x->rank < 1 || x->rank > 2) return ox__ev_fail(e, "the input has %u dims, not 1 or 2", (unsigned)x->rank);
    if (!ox_dtype_is_float(x->dtype) && !ox_dtype_is_integer(x->dtype))
        return ox__ev_fail(e, "the input is not made of numbers");
    out->n = x->rank == 1 ? 1 : (uint64_t)x->dims[0];
    out->f = (uint64_t)x->dims[x->rank - 1];
    if (x->dtype == OX_DOUBLE) {
        out->x = x->data;
        return OX_OK;
    }
    const float *f = ox__ev_floats_of(e, x);
    double *d =
        f && x->n <= SIZE_MAX / 2 / sizeof *d ? ox__arena_alloc(e->mem, OX__MAX((size_t)x->n, 1) * sizeof *d) : NULL;
    if (!d) return ox__nomem(e->err);
    for (uint64_t i = 0; i < x->n; i++) d[i] = (double)f[i];
    out->x = d;
    return OX_OK;
}

bool ox__ml_inf_rows(ox__inf *c, ox_dim *n, ox_dim *f)
{
    if (!ox__inf_ranked(c, 0) || c->in[0].rank < 1) return false;
    *n = c->in[0].rank == 1 ? ox__inf_const(c, 1) : c->in[0].dims[0];
    *f = c->in[0].dims[c->in[0].rank - 1];
    return true;
}

/* ---- attributes ---- */
size_t ox__ml_inf_count(const ox__inf *c, const char *name, ox_attr_kind kind)
{
    const ox_attr *a = ox__inf_attr(c, name);
    return a && a->kind == kind && !a->ref.id ? a->n : 0;
}

ox_status ox__ml_tensor(ox__ev *e, const char *name, ox_data **out)
{
    const ox_attr *a = ox__ev_attr(e, name, OX_ATTR_TENSOR);
    *out = NULL;
    return a && a->u.t.id ? ox_data_of_tensor(out, e->m, a->u.t, e->max_bytes, e->err) : OX_OK;
}

ox_status ox__ml_numbers(ox__ev *e, const char *name, const double **out, size_t *n)
{
    char other[64];
    snprintf(other, sizeof other, "%s_as_tensor", name);
    *out = ox__ev_floats(e, name, n);
    if (*n) return OX_OK;
    ox_data *d;
    ox_status s = ox__ml_tensor(e, other, &d);
    if (s != OX_OK || !d) return s;
    double *v = ox__arena_alloc(e->mem, OX__MAX((size_t)d->n, 1) * sizeof *v);
    for (uint64_t i = 0; v && i < d->n; i++) v[i] = ox_dtype_get_f64(d->dtype, d->data, i);
    *out = v;
    *n = (size_t)d->n;
    ox_data_free(d);
    return v ? OX_OK : ox__nomem(e->err);
}

/* ---- labels ---- */
ox__ml_labels ox__ml_labels_of(const ox__ev *e, const char *ints, const char *strings)
{
    ox__ml_labels l = {0};
    l.strings = ox__ev_strings(e, strings, &l.n);
    if (!l.n) l.ints = ox__ev_ints(e, ints, &l.n);
    return l;
}

static ox_bytes label_text(const ox__ev *e, const ox__ml_labels *l, int64_t pick)
{
    ox_bytes b = {pick == OX__ML_POSITIVE ? "1" : "0", 1};
    if (pick >= 0) b.p = ox_str_text(e->m, l->strings[pick], &b.n);
    return b;
}

ox_status ox__ml_labels_out(ox__ev *e, const ox__ml_labels *l, uint64_t n, const int64_t *pick)
{
    int64_t dim = (int64_t)n;
    ox_status s;
    if (l->ints) {
        int64_t *out = ox__ev_out(e, 0, OX_INT64, 1, &dim, &s);
        for (uint64_t i = 0; out && i < n; i++) out[i] = pick[i] >= 0 ? l->ints[pick[i]] : pick[i] == OX__ML_POSITIVE;
        return s;
    }
    ox_bytes *texts = ox__arena_alloc(e->mem, OX__MAX((size_t)n, 1) * sizeof *texts);
    if (!texts) return ox__nomem(e->err);
    for (uint64_t i = 0; i < n; i++) texts[i] = label_text(e, l, pick[i]);
    return ox__ev_out_strings(e, 0, 1, &dim, texts);
}

ox_status ox__ml_inf_labels(ox__inf *c, const char *strings)
{
    ox_dtype dtype = ox__ml_inf_count(c, strings, OX_ATTR_STRINGS) ? OX_STRING : OX_INT64;
    ox_dim n, f;
    if (!ox__ml_inf_rows(c, &n, &f)) return ox__inf_out_unknown(c, 0, dtype, 1, "how many rows the input has");
    return ox__inf_out(c, 0, dtype, 1, &n);
}

/* ---- scores ---- */
ox_status ox__ml_post_of(ox__ev *e, ox__ml_post *out)
{
    static const char *const names[] = {"NONE", "SOFTMAX", "LOGISTIC", "SOFTMAX_ZERO", "PROBIT"};
    const char *text = ox__ev_string(e, "post_transform", "NONE", NULL);
    for (size_t i = 0; i < OX__COUNT(names); i++)
        if (strcmp(text, names[i]) == 0) {
            *out = (ox__ml_post)i;
            return OX_OK;
        }
    return ox__ev_fail(e, "post_transform is none of NONE, SOFTMAX, LOGISTIC, SOFTMAX_ZERO, PROBIT");
}

static double logistic(double v)
{
    double p = 1 / (1 + exp(-fabs(v)));
    return v < 0 ? 1 - p : p;
}

/* The inverse of the normal distribution by Winitzki's approximation of that of erf, which is what users of the
 * operator know. It is made of floats: near one half and at the ends most digits are lost, and the same ones should be.
 */
static double probit(double p)
{
    const float a = 0.147f, y = 2 * (float)p - 1, x = (1 - y) * (1 + y);
    float l = logf(x), v = 2 / (3.14159f * a) + 0.5f * l;
    float root = sqrtf(sqrtf(v * v - 1 / a * l) - v);
    return (double)(1.41421356f * (y < 0 ? -root : root));
}

static double largest(const double *v, size_t n)
{
    double m = -INFINITY;
    for (size_t i = 0; i < n; i++)
        if (v[i] > m) m = v[i];
    return m;
}

static void softmax(double *v, size_t n, bool keep_zeroes)
{
    double m = largest(v, n), sum = 0;
    for (size_t i = 0; i < n; i++) {
        if (keep_zeroes && fabs(v[i]) <= 1e-7) {
            v[i] *= exp(-m);
            continue;
        }
        v[i] = exp(v[i] - m);
        sum += v[i];
    }
    for (size_t i = 0; i < n; i++) v[i] /= sum;
}

void ox__ml_post_apply(ox__ml_post p, double *v, size_t n)
{
    if (p == OX__ML_PROBIT)
        for (size_t i = 0; i < n; i++) v[i] = probit(v[i]);
    if (n < 2) return;
    if (p == OX__ML_LOGISTIC)
        for (size_t i = 0; i < n; i++) v[i] = logistic(v[i]);
    if (p == OX__ML_SOFTMAX || p == OX__ML_SOFTMAX_ZERO) softmax(v, n, p == OX__ML_SOFTMAX_ZERO);
}

void ox__ml_post_second(ox__ml_post p, ox__ml_second second, double *v)
{
    if (p == OX__ML_PROBIT) {
        ox__ml_post_apply(p, v, 1);
    } else if (second == OX__ML_COMPLEMENT && p != OX__ML_LOGISTIC) {
        v[1] = v[0];
        v[0] = 1 - v[1];
    } else if (second != OX__ML_ALONE) {
        bool squash = p == OX__ML_LOGISTIC;
        v[1] = squash ? logistic(v[0]) : v[0];
        v[0] = squash ? logistic(-v[0]) : -v[0];
    }
}

/* ---- look-up ---- */
ox_bytes ox__ml_key_int(int64_t v, uint64_t *room)
{
    memcpy(room, &v, sizeof *room);
    return (ox_bytes){(const char *)room, sizeof *room};
}

ox_bytes ox__ml_key_float(double v, uint64_t *room)
{
    if (v == 0) v = 0;
    memcpy(room, &v, sizeof *room);
    if (isnan(v)) *room = UINT64_MAX;
    return (ox_bytes){(const char *)room, sizeof *room};
}

ox_bytes ox__ml_key_of(const ox__dense *a, uint64_t i, bool integer, uint64_t *room)
{
    if (a->dtype == OX_STRING) return ((const ox_bytes *)a->data)[i];
    if (integer || !ox_dtype_is_float(a->dtype)) return ox__ml_key_int(ox__ev_i64(a, i), room);
    return ox__ml_key_float(ox__ev_f64(a, i), room);
}

typedef struct probe {
    const ox__ml_lookup *l;
    ox_bytes key;
} probe;

static bool same_key(const void *ud, uint32_t id)
{
    const probe *p = ud;
    ox_bytes k = p->l->keys[id - 1];
    return k.n == p->key.n && (k.n == 0 || memcmp(k.p, p->key.p, k.n) == 0);
}

ox_status ox__ml_lookup_init(ox__ml_lookup *l, ox__ev *e, size_t n)
{
    if (n >= UINT32_MAX) return ox__ev_fail(e, "more keys than can be looked up");
    l->n = n;
    l->keys = ox__arena_alloc(e->mem, (n + 1) * sizeof *l->keys);
    return l->keys ? OX_OK : ox__nomem(e->err);
}

ox_status ox__ml_lookup_build(ox__ml_lookup *l, ox__ev *e)
{
    for (size_t i = l->n; i-- > 0;) {
        if (ox__ml_lookup_find(l, l->keys[i]) < l->n) continue;
        if (!ox__index_add(&l->index, ox__hash(l->keys[i].p, l->keys[i].n), (uint32_t)i + 1)) return ox__nomem(e->err);
    }
    return OX_OK;
}

ox_status ox__ml_lookup_ints(ox__ml_lookup *l, ox__ev *e, const int64_t *v, size_t n)
{
    ox_status s = ox__ml_lookup_init(l, e, n);
    uint64_t *room = s == OX_OK ? ox__arena_alloc(e->mem, (n + 1) * sizeof *room) : NULL;
    if (!room) return s == OX_OK ? ox__nomem(e->err) : s;
    for (size_t i = 0; i < n; i++) l->keys[i] = ox__ml_key_int(v[i], &room[i]);
    return ox__ml_lookup_build(l, e);
}

ox_status ox__ml_lookup_strings(ox__ml_lookup *l, ox__ev *e, const ox_str *v, size_t n)
{
    ox_status s = ox__ml_lookup_init(l, e, n);
    if (s != OX_OK) return s;
    for (size_t i = 0; i < n; i++) l->keys[i].p = ox_str_text(e->m, v[i], &l->keys[i].n);
    return ox__ml_lookup_build(l, e);
}

size_t ox__ml_lookup_find(const ox__ml_lookup *l, ox_bytes key)
{
    probe p = {l, key};
    uint32_t id = ox__index_find(&l->index, ox__hash(key.p, key.n), same_key, &p);
    return id ? id - 1 : l->n;
}

void ox__ml_lookup_free(ox__ml_lookup *l)
{
    ox__index_free(&l->index);
}
