/* Floor 3. ai.onnx.ml: linear models. */
#include "ops/ml.h"

/* ---- scores = x * coefficients + intercepts ---- */
typedef struct linear {
    ox__ml_rows x;
    const double *w, *b; /* b may be NULL */
    uint64_t n;          /* scores of a row */
    double *out;
    uint64_t stride; /* of out */
    ox__ml_post post;
    ox__ml_second second;
    int64_t *pick;
} linear;

static ox_status read_linear(ox__ev *e, linear *l, size_t *n_w, size_t *n_b)
{
    ox_status s = ox__ml_rows_of(e, &l->x);
    if (s == OX_OK) s = ox__ml_post_of(e, &l->post);
    l->w = ox__ev_floats(e, "coefficients", n_w);
    l->b = ox__ev_floats(e, "intercepts", n_b);
    return s;
}

static ox_status make_scores(ox__ev *e, linear *l, size_t n_w)
{
    uint64_t want, total;
    if (__builtin_mul_overflow(l->n, l->x.f, &want) || want != n_w)
        return ox__ev_fail(e, "%zu coefficients are not %llu for each of %llu features", n_w, (unsigned long long)l->n,
                           (unsigned long long)l->x.f);
    if (__builtin_mul_overflow(l->x.n, l->stride, &total) || total > e->max_bytes / sizeof(float) ||
        total > SIZE_MAX / 16)
        return ox__fail(e->err, OX_E_LIMIT, "%s: the scores are too many", ox__ev_op(e));
    l->out = ox__arena_alloc(e->mem, ((size_t)total + 2) * sizeof *l->out);
    l->pick = ox__arena_alloc(e->mem, ((size_t)l->x.n + 1) * sizeof *l->pick);
    return l->out && l->pick ? OX_OK : ox__nomem(e->err);
}

static void score_rows(void *ud, uint64_t from, uint64_t to)
{
    const linear *l = ud;
    for (uint64_t r = from; r < to; r++) {
        const double *x = l->x.x + r * l->x.f;
        double *out = l->out + r * l->stride;
        for (uint64_t k = 0; k < l->n; k++) {
            const double *w = l->w + k * l->x.f;
            double sum = l->b ? l->b[k] : 0;
            for (uint64_t i = 0; i < l->x.f; i++) sum += x[i] * w[i];
            out[k] = sum;
        }
        int64_t best = 0;
        for (uint64_t k = 1; k < l->n; k++)
            if (out[k] > out[best]) best = (int64_t)k;
        l->pick[r] = l->n > 1 ? best : out[0] > 0 ? OX__ML_POSITIVE : OX__ML_NEGATIVE;
        if (l->stride > l->n)
            ox__ml_post_second(l->post, l->second, out);
        else
            ox__ml_post_apply(l->post, out, l->n);
    }
}

static ox_status give_scores(ox__ev *e, size_t o, linear *l)
{
    ox_status s;
    int64_t dims[2] = {(int64_t)l->x.n, (int64_t)l->stride};
    float *out = ox__ev_out(e, o, OX_FLOAT, 2, dims, &s);
    for (uint64_t i = 0; out && i < l->x.n * l->stride; i++) out[i] = (float)l->out[i];
    return s;
}

/* ---- LinearClassifier ---- */
static ox_status eval_classifier(ox__ev *e)
{
    linear l = {0};
    size_t n_w, n_b;
    ox_status s = read_linear(e, &l, &n_w, &n_b);
    if (s != OX_OK) return s;
    ox__ml_labels labels = ox__ml_labels_of(e, "classlabels_ints", "classlabels_strings");
    l.n = n_b ? n_b : l.x.f ? n_w / l.x.f : 0;
    if (!n_b) l.b = NULL;
    if (!l.n || !labels.n || (l.n > 1 && labels.n < l.n))
        return ox__ev_fail(e, "%llu scores for %zu classes", (unsigned long long)l.n, labels.n);
    bool two = l.n == 1 && labels.n == 2;
    if (two && l.post == OX__ML_PROBIT) return ox__ev_unsupported(e, "PROBIT of one score for two classes");
    l.stride = two ? 2 : l.n;
    l.second = OX__ML_COMPLEMENT;
    s = make_scores(e, &l, n_w);
    if (s != OX_OK) return s;
    ox__ev_parallel(e, l.x.n, 16 + 16384 / (l.x.f * l.n + 1), score_rows, &l);
    for (uint64_t r = 0; two && r < l.x.n; r++) l.pick[r] = l.pick[r] == OX__ML_POSITIVE;
    s = ox__ml_labels_out(e, &labels, l.x.n, l.pick);
    return s == OX_OK ? give_scores(e, 1, &l) : s;
}

static ox_status infer_classifier(ox__inf *c)
{
    ox_status s = ox__ml_inf_labels(c, "classlabels_strings");
    size_t n = ox__ml_inf_count(c, "intercepts", OX_ATTR_FLOATS),
           n_w = ox__ml_inf_count(c, "coefficients", OX_ATTR_FLOATS),
           labels = ox__ml_inf_count(c, "classlabels_strings", OX_ATTR_STRINGS);
    if (!labels) labels = ox__ml_inf_count(c, "classlabels_ints", OX_ATTR_INTS);
    ox_dim dims[2], f;
    int64_t features = 0;
    bool known = ox__ml_inf_rows(c, &dims[0], &f);
    if (!known) dims[0] = ox__inf_unknown(c, "how many rows the input has");
    if (known && ox_dim_is_const(c->m, f, &features) && features > 0) {
        if (n_w % (uint64_t)features != 0 || (n && n_w / (uint64_t)features != n))
            return ox__inf_fail(c, "%zu coefficients do not fit %lld features", n_w, (long long)features);
        n = n_w / (uint64_t)features;
    }
    dims[1] = n ? ox__inf_const(c, n == 1 && labels == 2 ? 2 : (int64_t)n)
                : ox__inf_unknown(c, "how many features there are");
    return s == OX_OK ? ox__inf_out(c, 1, OX_FLOAT, 2, dims) : s;
}

/* ---- LinearRegressor ---- */
static ox_status eval_regressor(ox__ev *e)
{
    linear l = {0};
    size_t n_w, n_b;
    int64_t targets = ox__ev_int(e, "targets", 1);
    ox_status s = read_linear(e, &l, &n_w, &n_b);
    if (s != OX_OK) return s;
    if (targets < 1 || (n_b && n_b != (uint64_t)targets))
        return ox__ev_fail(e, "%lld targets, %zu intercepts", (long long)targets, n_b);
    if (!n_b) l.b = NULL;
    l.n = l.stride = (uint64_t)targets;
    s = make_scores(e, &l, n_w);
    if (s != OX_OK) return s;
    ox__ev_parallel(e, l.x.n, 16 + 16384 / (l.x.f * l.n + 1), score_rows, &l);
    return give_scores(e, 0, &l);
}

static ox_status infer_regressor(ox__inf *c)
{
    ox_dim dims[2], f;
    if (!ox__ml_inf_rows(c, &dims[0], &f)) dims[0] = ox__inf_unknown(c, "how many rows the input has");
    dims[1] = ox__inf_const(c, ox__inf_int(c, "targets", 1));
    return ox__inf_out(c, 0, OX_FLOAT, 2, dims);
}

static const ox__op_row rows[] = {
    {"LinearClassifier", infer_classifier, eval_classifier, 0},
    {"LinearRegressor", infer_regressor, eval_regressor, 0},
};
const ox__op_family ox__ops_ml_linear = {rows, OX__COUNT(rows), "ai.onnx.ml"};
