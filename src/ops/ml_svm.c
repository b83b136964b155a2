/* Floor 3. ai.onnx.ml: support vector machines. Without support vectors both are linear models. */
#include "ops/ml.h"

#include <math.h>

typedef enum kernel { KERNEL_LINEAR, KERNEL_POLY, KERNEL_RBF, KERNEL_SIGMOID } kernel;

typedef struct svm {
    ox__ml_rows x;
    kernel kind;
    double gamma, coef0, degree;
    const double *vectors, *coef, *rho, *prob_a, *prob_b;
    size_t n_vectors, n_coef, n_rho, n_prob; /* n_vectors: support vectors of x.f numbers each */
    ox__ml_post post;
    /* classifier */
    ox__ml_labels labels;
    const int64_t *per_class;
    size_t *first;   /* support vector of each class */
    size_t n_pairs;  /* of classes */
    uint64_t stride; /* scores of a row */
    bool all_positive, one_class;
    double *out, *work; /* per row: stride; n_work */
    size_t n_work;
    int64_t *pick;
} svm;

static double kernel_of(const svm *v, const double *a, const double *b)
{
    double sum = 0;
    if (v->kind == KERNEL_RBF) {
        for (uint64_t i = 0; i < v->x.f; i++) sum += (a[i] - b[i]) * (a[i] - b[i]);
        return exp(-v->gamma * sum);
    }
    for (uint64_t i = 0; i < v->x.f; i++) sum += a[i] * b[i];
    if (v->kind == KERNEL_POLY) return pow(v->gamma * sum + v->coef0, v->degree);
    return v->kind == KERNEL_SIGMOID ? tanh(v->gamma * sum + v->coef0) : sum;
}

static ox_status read_kernel(ox__ev *e, svm *v)
{
    static const char *const names[] = {"LINEAR", "POLY", "RBF", "SIGMOID"};
    const char *name = ox__ev_string(e, "kernel_type", "LINEAR", NULL);
    size_t k = 0, n;
    while (k < OX__COUNT(names) && strcmp(name, names[k]) != 0) k++;
    if (k == OX__COUNT(names)) return ox__ev_fail(e, "kernel_type is none of LINEAR, POLY, RBF, SIGMOID");
    v->kind = (kernel)k;
    const double *p = ox__ev_floats(e, "kernel_params", &n);
    if (n && n < 3) return ox__ev_fail(e, "%zu kernel_params, not 3", n);
    if (n) {
        v->gamma = p[0];
        v->coef0 = p[1];
        v->degree = p[2];
    }
    return OX_OK;
}

/* n_vectors is set: the support vectors must be as long as rows are. */
static ox_status read_common(ox__ev *e, svm *v)
{
    size_t n;
    uint64_t want;
    ox_status s = ox__ml_rows_of(e, &v->x);
    if (s == OX_OK) s = ox__ml_post_of(e, &v->post);
    if (s == OX_OK) s = read_kernel(e, v);
    if (s != OX_OK) return s;
    v->vectors = ox__ev_floats(e, "support_vectors", &n);
    v->coef = ox__ev_floats(e, "coefficients", &v->n_coef);
    v->rho = ox__ev_floats(e, "rho", &v->n_rho);
    if (__builtin_mul_overflow(v->n_vectors, v->x.f, &want) || (v->n_vectors && want != n))
        return ox__ev_fail(e, "%zu numbers are not %zu support vectors of %llu features", n, v->n_vectors,
                           (unsigned long long)v->x.f);
    if (!v->n_coef || !v->n_rho) return ox__ev_fail(e, "coefficients or rho are missing");
    if (!v->n_vectors) v->kind = KERNEL_LINEAR;
    return OX_OK;
}

static ox_status make_room(ox__ev *e, svm *v)
{
    uint64_t out, work;
    if (__builtin_mul_overflow(v->x.n, v->stride, &out) || out > e->max_bytes / sizeof(float) || out > SIZE_MAX / 16 ||
        __builtin_mul_overflow(v->x.n, v->n_work, &work) || work > SIZE_MAX / 16 || work > e->max_bytes)
        return ox__fail(e->err, OX_E_LIMIT, "%s: the scores are too many", ox__ev_op(e));
    v->out = ox__arena_alloc(e->mem, ((size_t)out + 2) * sizeof(double));
    v->work = ox__arena_alloc(e->mem, ((size_t)work + 1) * sizeof(double));
    v->pick = ox__arena_alloc(e->mem, ((size_t)v->x.n + 1) * sizeof *v->pick);
    return v->out && v->work && v->pick ? OX_OK : ox__nomem(e->err);
}

static ox_status give(ox__ev *e, size_t o, const svm *v)
{
    ox_status s;
    int64_t dims[2] = {(int64_t)v->x.n, (int64_t)v->stride};
    float *out = ox__ev_out(e, o, OX_FLOAT, 2, dims, &s);
    for (uint64_t i = 0; out && i < v->x.n * v->stride; i++) out[i] = (float)v->out[i];
    return s;
}

/* ---- SVMRegressor: one target; ONNX Runtime knows no transform of it ---- */
static void regress(void *ud, uint64_t from, uint64_t to)
{
    const svm *v = ud;
    for (uint64_t r = from; r < to; r++) {
        const double *x = v->x.x + r * v->x.f;
        double sum = v->rho[0];
        if (!v->n_vectors) sum += kernel_of(v, x, v->coef);
        for (size_t k = 0; k < v->n_vectors; k++) sum += v->coef[k] * kernel_of(v, x, v->vectors + k * v->x.f);
        v->out[r] = !v->one_class ? sum : sum > 0 ? 1 : -1;
    }
}

static ox_status eval_regressor(ox__ev *e)
{
    svm v = {.stride = 1, .one_class = ox__ev_int(e, "one_class", 0) != 0};
    int64_t n = ox__ev_int(e, "n_supports", 0);
    if (n < 0) return ox__ev_fail(e, "n_supports is %lld", (long long)n);
    v.n_vectors = (size_t)n;
    ox_status s = read_common(e, &v);
    if (s != OX_OK) return s;
    if (v.n_vectors ? v.n_coef < v.n_vectors : v.n_coef != v.x.f)
        return ox__ev_fail(e, "%zu coefficients do not fit", v.n_coef);
    if (v.post != OX__ML_NONE) return ox__ev_unsupported(e, "a transform of the result");
    s = make_room(e, &v);
    if (s != OX_OK) return s;
    ox__ev_parallel(e, v.x.n, 1 + 16384 / (v.x.f * OX__MAX(v.n_vectors, 1u) + 1), regress, &v);
    return give(e, 0, &v);
}

static ox_status infer_regressor(ox__inf *c)
{
    ox_dim dims[2], f;
    if (!ox__ml_inf_rows(c, &dims[0], &f)) dims[0] = ox__inf_unknown(c, "how many rows the input has");
    dims[1] = ox__inf_const(c, 1);
    return ox__inf_out(c, 0, OX_FLOAT, 2, dims);
}

/* ---- SVMClassifier ---- */
/* One score for each pair of classes, and the votes for each class. */
static void score_pairs(const svm *v, const double *kernels, double *pairs, double *votes)
{
    size_t n = v->labels.n, p = 0;
    for (size_t i = 0; i < n; i++) votes[i] = 0;
    for (size_t i = 0; i + 1 < n; i++)
        for (size_t j = i + 1; j < n; j++, p++) {
            const double *a = v->coef + (j - 1) * v->n_vectors, *b = v->coef + i * v->n_vectors;
            double sum = v->rho[p];
            for (size_t k = v->first[i]; k < v->first[i + 1]; k++) sum += a[k] * kernels[k];
            for (size_t k = v->first[j]; k < v->first[j + 1]; k++) sum += b[k] * kernels[k];
            pairs[p] = sum;
            votes[sum > 0 ? i : j]++;
        }
}

/* Pairwise coupling by Wu, Lin and Weng: p from r[i, j] = P(class i of the two). q and qp are scratch. */
static void couple(size_t n, const double *r, double *p, double *q, double *qp)
{
    for (size_t i = 0; i < n; i++) {
        p[i] = 1.0 / (double)n;
        q[i * n + i] = 0;
        for (size_t j = 0; j < n; j++) {
            if (j == i) continue;
            q[i * n + i] += r[j * n + i] * r[j * n + i];
            q[i * n + j] = -r[j * n + i] * r[i * n + j];
        }
    }
    for (int turn = 0; turn < 100; turn++) {
        double pqp = 0, worst = 0;
        for (size_t i = 0; i < n; i++) {
            qp[i] = 0;
            for (size_t j = 0; j < n; j++) qp[i] += q[i * n + j] * p[j];
            pqp += p[i] * qp[i];
        }
        for (size_t i = 0; i < n; i++) worst = fmax(worst, fabs(qp[i] - pqp));
        if (worst < 0.005 / (double)n) break;
        for (size_t i = 0; i < n; i++) {
            double diff = (pqp - qp[i]) / q[i * n + i];
            p[i] += diff;
            pqp = (pqp + diff * (diff * q[i * n + i] + 2 * qp[i])) / (1 + diff) / (1 + diff);
            for (size_t j = 0; j < n; j++) {
                qp[j] = (qp[j] + diff * q[i * n + j]) / (1 + diff);
                p[j] /= 1 + diff;
            }
        }
    }
}

static void probabilities(const svm *v, const double *pairs, double *r, double *out)
{
    size_t n = v->labels.n, p = 0;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i + 1; j < n; j++, p++) {
            double t = pairs[p] * v->prob_a[p] + v->prob_b[p], one = 1 / (1 + exp(t));
            one = fmin(fmax(one, 1e-7), 1 - 1e-7);
            r[i * n + j] = one;
            r[j * n + i] = 1 - one;
        }
    couple(n, r, out, r + n * n, r + 2 * n * n);
}

static size_t first_largest(const double *a, size_t n)
{
    size_t best = 0;
    for (size_t i = 1; i < n; i++)
        if (a[i] > a[best]) best = i;
    return best;
}

static void classify_by_vectors(const svm *v, uint64_t row)
{
    size_t n = v->labels.n;
    double *kernels = v->work + row * v->n_work, *votes = kernels + v->n_vectors, *pairs = votes + n;
    double *out = v->out + row * v->stride;
    for (size_t k = 0; k < v->n_vectors; k++) kernels[k] = kernel_of(v, v->x.x + row * v->x.f, v->vectors + k * v->x.f);
    score_pairs(v, kernels, pairs, votes);
    v->pick[row] = (int64_t)first_largest(votes, n);
    if (v->n_prob) {
        probabilities(v, pairs, pairs + v->n_pairs, out);
        ox__ml_post_apply(v->post, out, n);
        return;
    }
    memcpy(out, pairs, v->n_pairs * sizeof *out);
    if (n > 2)
        ox__ml_post_apply(v->post, out, v->n_pairs);
    else
        ox__ml_post_second(v->post, v->post == OX__ML_NONE ? OX__ML_OPPOSITE : OX__ML_COMPLEMENT, out);
}

/* Of two classes, the second is taken when the largest score alone says so, whichever has it. */
static void classify_linear(const svm *v, uint64_t row)
{
    size_t n = v->labels.n;
    double *out = v->out + row * v->stride;
    for (size_t k = 0; k < n; k++) out[k] = v->rho[0] + kernel_of(v, v->x.x + row * v->x.f, v->coef + k * v->x.f);
    size_t best = first_largest(out, n);
    if (n == 2 && !v->n_prob && (v->all_positive ? out[best] >= 0.5 : out[best] > 0)) best = 1;
    v->pick[row] = (int64_t)best;
    ox__ml_post_apply(v->post, out, n);
}

static void classify(void *ud, uint64_t from, uint64_t to)
{
    const svm *v = ud;
    for (uint64_t r = from; r < to; r++)
        if (v->n_vectors)
            classify_by_vectors(v, r);
        else
            classify_linear(v, r);
}

/* Which support vectors belong to which class. */
static ox_status read_classes(ox__ev *e, svm *v)
{
    size_t n;
    v->labels = ox__ml_labels_of(e, "classlabels_ints", "classlabels_strings");
    v->per_class = ox__ev_ints(e, "vectors_per_class", &n);
    if (!v->labels.n || v->labels.n > 65535) return ox__ev_fail(e, "%zu classes", v->labels.n);
    v->first = ox__arena_alloc(e->mem, (n + 1) * sizeof *v->first);
    if (!v->first) return ox__nomem(e->err);
    uint64_t sum = 0;
    for (size_t i = 0; i < n; i++) {
        v->first[i] = (size_t)sum;
        if (v->per_class[i] < 0 || __builtin_add_overflow(sum, (uint64_t)v->per_class[i], &sum) || sum > SIZE_MAX / 16)
            return ox__ev_fail(e, "vectors_per_class %zu is %lld", i, (long long)v->per_class[i]);
    }
    v->first[n] = (size_t)sum;
    v->n_vectors = (size_t)sum;
    if (sum && n != v->labels.n) return ox__ev_fail(e, "%zu classes, but %zu vectors_per_class", v->labels.n, n);
    return OX_OK;
}

static ox_status check_sizes(ox__ev *e, svm *v)
{
    size_t n = v->labels.n, n_b, want;
    v->n_pairs = n * (n - 1) / 2;
    v->prob_a = ox__ev_floats(e, "prob_a", &v->n_prob);
    v->prob_b = ox__ev_floats(e, "prob_b", &n_b);
    if (v->n_prob != n_b) return ox__ev_fail(e, "%zu prob_a, but %zu prob_b", v->n_prob, n_b);
    if (!v->n_vectors) {
        if (__builtin_mul_overflow(n, v->x.f, &want) || want != v->n_coef)
            return ox__ev_fail(e, "%zu coefficients are not %zu classes of %llu features", v->n_coef, n,
                               (unsigned long long)v->x.f);
        v->stride = n;
        return OX_OK;
    }
    if (n < 2 || __builtin_mul_overflow(n - 1, v->n_vectors, &want) || v->n_coef < want || v->n_rho < v->n_pairs ||
        (v->n_prob && v->n_prob < v->n_pairs))
        return ox__ev_fail(e, "coefficients, rho or probabilities do not fit %zu classes", n);
    if (n == 2 && !v->n_prob && v->post == OX__ML_PROBIT)
        return ox__ev_unsupported(e, "PROBIT of one score for two classes");
    v->stride = v->n_prob ? n : n > 2 ? v->n_pairs : 2;
    v->n_work = v->n_vectors + n + v->n_pairs + (v->n_prob ? 2 * n * n + n : 0);
    return OX_OK;
}

static ox_status eval_classifier(ox__ev *e)
{
    svm v = {.all_positive = true};
    ox_status s = read_classes(e, &v);
    if (s == OX_OK) s = read_common(e, &v);
    if (s == OX_OK) s = check_sizes(e, &v);
    if (s == OX_OK) s = make_room(e, &v);
    if (s != OX_OK) return s;
    for (size_t i = 0; i < v.n_coef; i++) v.all_positive &= v.coef[i] >= 0;
    ox__ev_parallel(e, v.x.n, 1 + 16384 / (v.x.f * (v.n_vectors + v.labels.n) + 1), classify, &v);
    s = ox__ml_labels_out(e, &v.labels, v.x.n, v.pick);
    return s == OX_OK ? give(e, 1, &v) : s;
}

static ox_status infer_classifier(ox__inf *c)
{
    ox_status s = ox__ml_inf_labels(c, "classlabels_strings");
    size_t n = ox__ml_inf_count(c, "classlabels_strings", OX_ATTR_STRINGS), per_class;
    if (!n) n = ox__ml_inf_count(c, "classlabels_ints", OX_ATTR_INTS);
    const int64_t *v = ox__inf_ints(c, "vectors_per_class", &per_class);
    bool vectors = false;
    for (size_t i = 0; i < per_class; i++) vectors |= v[i] > 0;
    ox_dim dims[2], f;
    if (!ox__ml_inf_rows(c, &dims[0], &f)) dims[0] = ox__inf_unknown(c, "how many rows the input has");
    if (vectors && n > 2 && n < 65536 && !ox__ml_inf_count(c, "prob_a", OX_ATTR_FLOATS)) n = n * (n - 1) / 2;
    dims[1] = n ? ox__inf_const(c, (int64_t)n) : ox__inf_unknown(c, "how many classes there are");
    return s == OX_OK ? ox__inf_out(c, 1, OX_FLOAT, 2, dims) : s;
}

static const ox__op_row rows[] = {
    {"SVMClassifier", infer_classifier, eval_classifier, 0},
    {"SVMRegressor", infer_regressor, eval_regressor, 0},
};
const ox__op_family ox__ops_ml_svm = {rows, OX__COUNT(rows), "ai.onnx.ml"};
