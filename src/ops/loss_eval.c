/* Floor 3. ArgMax and ArgMin; NegativeLogLikelihoodLoss and SoftmaxCrossEntropyLoss. */
#include "ops/reduce.h"

#include <math.h>

/* ---- ArgMax, ArgMin ---- */
typedef struct arg_job {
    const void *in;
    int64_t *out;
    uint64_t len, inner;
    bool min, last;
    ox__class c;
} arg_job;

/* NaN is the largest and the smallest of all. */
#define ARG(name, type) \
    static int64_t name(const arg_job *j, uint64_t at) \
    { \
        const type *v = (const type *)j->in + at; \
        type best = v[0]; \
        uint64_t place = 0; \
        for (uint64_t k = 1; k < j->len; k++) { \
            type x = v[k * j->inner]; \
            bool better = j->min ? x < best : x > best, is_nan = x != x, best_nan = best != best; \
            if (better || (is_nan && !best_nan) || (j->last && (x == best || is_nan))) { \
                best = x; \
                place = k; \
            } \
        } \
        return (int64_t)place; \
    }
ARG(arg_f32, float)
ARG(arg_f64, double)
ARG(arg_i64, int64_t)
ARG(arg_u64, uint64_t)

static void arg_units(void *ud, uint64_t from, uint64_t to)
{
    const arg_job *j = ud;
    for (uint64_t u = from; u < to; u++) {
        uint64_t at = u / j->inner * j->len * j->inner + u % j->inner;
        j->out[u] = j->c == OX__IN_F32   ? arg_f32(j, at)
                    : j->c == OX__IN_F64 ? arg_f64(j, at)
                    : j->c == OX__IN_I64 ? arg_i64(j, at)
                                         : arg_u64(j, at);
    }
}

ox_status ox__eval_arg(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    int64_t axis = ox__ev_int(e, "axis", 0), dims[OX__EVAL_RANK];
    bool keep = ox__ev_int(e, "keepdims", 1) != 0;
    if ((!ox__is_real(a->dtype) && (!ox_dtype_is_integer(a->dtype) || ox_dtype_bits(a->dtype) < 8)) ||
        a->rank > OX__EVAL_RANK)
        return ox__ev_unsupported(e, "of %s with %u dims", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY), a->rank);
    arg_job j = {.len = 1, .inner = 1, .min = !strcmp(ox__ev_op(e), "ArgMin"), .c = ox__class_of(a->dtype)};
    j.last = ox__ev_int(e, "select_last_index", 0) != 0;
    uint32_t rank = 0;
    if (a->rank || (axis != 0 && axis != -1)) { /* a scalar's only element is the first */
        s = ox__ev_axis(e, &axis, a->rank);
        if (s != OX_OK) return s;
        j.len = (uint64_t)a->dims[axis];
    }
    for (uint32_t i = 0; i < a->rank; i++) {
        if (i > axis) j.inner *= (uint64_t)a->dims[i];
        if (i != axis || keep) dims[rank++] = i == axis ? 1 : a->dims[i];
    }
    uint64_t n;
    j.out = ox__ev_out(e, 0, OX_INT64, rank, dims, &s);
    if (!j.out || !ox__dims_product(dims, rank, &n) || !n) return s;
    if (!j.len) return ox__ev_fail(e, "nothing to choose from");
    j.in = ox__ev_plain(e, a);
    if (!j.in) return OX_E_NOMEM;
    ox__ev_parallel(e, n, 32768 / OX__MIN(j.len, 32768u) + 1, arg_units, &j);
    return OX_OK;
}

/* ---- losses ---- */
typedef struct loss {
    uint64_t batch, classes, inner; /* scores are batch x classes x inner, labels batch x inner */
    const double *scores, *weights; /* weights may be NULL */
    const int64_t *labels;
    bool ignores;
    int64_t ignored;
    enum { NONE, SUM, MEAN } reduction;
    double *out; /* of each label */
} loss;

static ox_status loss_begin(ox__ev *e, loss *l)
{
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0], *t = &e->in[1];
    if (!ox__is_real(a->dtype)) return ox__ev_unsupported(e, "of %s", ox_dtype_name(a->dtype, OX_DTYPE_NUMPY));
    if (a->rank < 2 || t->rank != a->rank - 1 || a->dims[0] != t->dims[0] ||
        memcmp(a->dims + 2, t->dims + 1, (a->rank - 2) * sizeof *a->dims) != 0 || !ox_dtype_is_integer(t->dtype))
        return ox__ev_fail(e, "the labels must be integers of the scores' shape without the classes");
    *l = (loss){(uint64_t)a->dims[0], (uint64_t)a->dims[1], 1, NULL, NULL, NULL, false, 0, MEAN, NULL};
    for (uint32_t i = 2; i < a->rank; i++) l->inner *= (uint64_t)a->dims[i];
    if (ox__ev_has(e, 2)) {
        if (e->in[2].rank != 1 || e->in[2].dims[0] != a->dims[1] || !ox_dtype_is_float(e->in[2].dtype))
            return ox__ev_fail(e, "a weight for each class is needed");
        if (!(l->weights = ox__ev_doubles_of(e, &e->in[2]))) return OX_E_NOMEM;
    }
    const ox_attr *ignored = ox__ev_attr(e, "ignore_index", OX_ATTR_INT);
    l->ignores = ignored != NULL;
    if (ignored) l->ignored = ignored->u.i;
    const char *reduction = ox__ev_string(e, "reduction", "mean", NULL);
    l->reduction = !strcmp(reduction, "none") ? NONE : !strcmp(reduction, "sum") ? SUM : MEAN;
    if (l->reduction == MEAN && strcmp(reduction, "mean") != 0)
        return ox__ev_fail(e, "reduction must be none, sum or mean");
    l->scores = ox__ev_doubles_of(e, a);
    l->labels = ox__ev_int64s_of(e, t);
    l->out = ox__arena_alloc(e->mem, OX__MAX((size_t)t->n, 1) * sizeof *l->out);
    return l->scores && l->labels && l->out ? OX_OK : ox__nomem(e->err);
}

/* Of the log-probabilities: each label's own, negative and weighed; summed or averaged by weight. */
static ox_status loss_end(ox__ev *e, const loss *l, const double *log_prob)
{
    const ox__dense *a = &e->in[0], *t = &e->in[1];
    double sum = 0, weight = 0;
    for (uint64_t k = 0; k < t->n; k++) {
        uint64_t b = k / l->inner, at = k % l->inner;
        int64_t label = l->labels[k];
        l->out[k] = 0;
        if (l->ignores && label == l->ignored) continue;
        if (label < 0 || (uint64_t)label >= l->classes)
            return ox__ev_fail(e, "label %lld of %llu classes", (long long)label, (unsigned long long)l->classes);
        double w = l->weights ? l->weights[label] : 1;
        l->out[k] = -w * log_prob[(b * l->classes + (uint64_t)label) * l->inner + at];
        sum += l->out[k];
        weight += w;
    }
    ox_status s = OX_OK;
    bool each = l->reduction == NONE;
    void *out = ox__ev_out(e, 0, a->dtype, each ? t->rank : 0, t->dims, &s);
    if (!out) return s;
    if (l->reduction == MEAN) sum /= weight;
    ox__store_f64(a->dtype, out, 0, each ? (size_t)t->n : 1, each ? l->out : &sum);
    return OX_OK;
}

ox_status ox__eval_nll_loss(ox__ev *e)
{
    loss l;
    ox_status s = loss_begin(e, &l);
    return s == OX_OK ? loss_end(e, &l, l.scores) : s;
}

ox_status ox__eval_cross_entropy(ox__ev *e)
{
    loss l;
    ox_status s = loss_begin(e, &l);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    double *p = ox__arena_alloc(e->mem, OX__MAX((size_t)a->n, 1) * sizeof *p);
    if (!p) return ox__nomem(e->err);
    for (uint64_t k = 0; k < l.batch * l.inner; k++) {
        uint64_t at = k / l.inner * l.classes * l.inner + k % l.inner;
        double most = -(double)INFINITY, sum = 0;
        for (uint64_t c = 0; c < l.classes; c++) most = fmax(most, l.scores[at + c * l.inner]);
        for (uint64_t c = 0; c < l.classes; c++) sum += exp(l.scores[at + c * l.inner] - most);
        for (uint64_t c = 0; c < l.classes; c++) p[at + c * l.inner] = l.scores[at + c * l.inner] - most - log(sum);
    }
    s = loss_end(e, &l, p);
    if (s != OX_OK || !ox__ev_wants(e, 1)) return s;
    void *out = ox__ev_out(e, 1, a->dtype, a->rank, a->dims, &s);
    if (out) ox__store_f64(a->dtype, out, 0, (size_t)a->n, p);
    return s;
}
