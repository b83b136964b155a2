/* Floor 3. ai.onnx.preview.training: the optimizers. The inputs are the rate R and the step T, then for n tensors all
 * X, all gradients G and all states; the outputs are the new X and the new states. Gradient is not computed: it needs
 * the derivatives of a graph. */
#include "ops/blocks.h"
#include "ops/infer.h"

#include <math.h>

/* One element: x and the states are replaced. r: the rate, adjusted. */
typedef struct rule {
    double r, norm, post, alpha, beta, epsilon;
    bool nesterov;
} rule;
typedef void (*step_fn)(const rule *u, double *x, double g, double *v, double *h);

static void adagrad(const rule *u, double *x, double g, double *h, double *unused)
{
    (void)unused;
    g += u->norm * *x;
    *h += g * g;
    *x -= u->r * g / (sqrt(*h) + u->epsilon);
}

static void adam(const rule *u, double *x, double g, double *v, double *h)
{
    g += u->norm * *x;
    *v = u->alpha * *v + (1 - u->alpha) * g;
    *h = u->beta * *h + (1 - u->beta) * g * g;
    *x = (1 - u->post) * (*x - u->r * *v / (sqrt(*h) + u->epsilon));
}

static void momentum(const rule *u, double *x, double g, double *v, double *unused)
{
    (void)unused;
    g += u->norm * *x;
    *v = u->alpha * *v + u->beta * g;
    *x -= u->r * (u->nesterov ? g + u->alpha * *v : *v);
}

/* Tensor i of n. states: one, or two. */
static ox_status one(ox__ev *e, step_fn fn, const rule *u, size_t i, size_t n, size_t states)
{
    const ox__dense *x = &e->in[2 + i], *g = &e->in[2 + n + i];
    const ox__dense *in[3] = {x, &e->in[2 + 2 * n + i], states == 2 ? &e->in[2 + 3 * n + i] : NULL};
    void *out[3] = {NULL, NULL, NULL};
    ox_status s = OX_OK;
    for (size_t k = 0; k <= states; k++) {
        if (in[k]->dtype != x->dtype || in[k]->n != x->n || g->dtype != x->dtype || g->n != x->n)
            return ox__ev_fail(e, "the tensors of optimized tensor %zu differ in type or shape", i);
        if (x->dtype != OX_FLOAT && x->dtype != OX_DOUBLE)
            return ox__ev_unsupported(e, "of %s", ox_dtype_name(x->dtype, OX_DTYPE_NUMPY));
        out[k] = ox__ev_out(e, k * n + i, x->dtype, in[k]->rank, in[k]->dims, &s);
        if (!out[k]) return s;
    }
    for (uint64_t at = 0; at < x->n; at += OX__BLOCK) {
        double v[3][OX__BLOCK], gradient[OX__BLOCK];
        size_t len = (size_t)OX__MIN(x->n - at, (uint64_t)OX__BLOCK);
        for (size_t k = 0; k <= states; k++) ox__load_f64(x->dtype, in[k]->data, at, len, v[k]);
        ox__load_f64(g->dtype, g->data, at, len, gradient);
        for (size_t k = 0; k < len; k++) fn(u, &v[0][k], gradient[k], &v[1][k], states == 2 ? &v[2][k] : NULL);
        for (size_t k = 0; k <= states; k++) ox__store_f64(x->dtype, out[k], at, len, v[k]);
    }
    return OX_OK;
}

static ox_status all(ox__ev *e, step_fn fn, const rule *u, size_t states)
{
    ox_status s = OX_OK;
    size_t n = (e->n_in - 2) / (2 + states);
    for (size_t i = 0; s == OX_OK && i < n; i++) s = one(e, fn, u, i, n, states);
    return s;
}

/* The rate and the step, and that the tensors are there for each state. */
static ox_status begin(ox__ev *e, size_t states, rule *u, double *t)
{
    if (e->n_in < 4 + states || (e->n_in - 2) % (2 + states))
        return ox__ev_fail(e, "%zu inputs cannot be R, T and groups of %zu", e->n_in, 2 + states);
    ox_status s = ox__ev_need(e, 0, e->n_in);
    if (s != OX_OK) return s;
    if (e->in[0].n != 1 || e->in[1].n != 1) return ox__ev_fail(e, "R and T must be scalars");
    *u = (rule){.r = ox__ev_f64(&e->in[0], 0), .norm = ox__ev_float(e, "norm_coefficient", 0)};
    *t = ox__ev_f64(&e->in[1], 0);
    return OX_OK;
}

static ox_status eval_adagrad(ox__ev *e)
{
    rule u;
    double t;
    ox_status s = begin(e, 1, &u, &t);
    if (s != OX_OK) return s;
    u.r /= 1 + t * ox__ev_float(e, "decay_factor", 0);
    u.epsilon = ox__ev_float(e, "epsilon", 1e-6f);
    return all(e, adagrad, &u, 1);
}

static ox_status eval_adam(ox__ev *e)
{
    rule u;
    double t;
    ox_status s = begin(e, 2, &u, &t);
    if (s != OX_OK) return s;
    u.alpha = ox__ev_float(e, "alpha", 0.9f);
    u.beta = ox__ev_float(e, "beta", 0.999f);
    u.epsilon = ox__ev_float(e, "epsilon", 1e-6f);
    u.post = ox__ev_float(e, "norm_coefficient_post", 0);
    if (t > 0) u.r *= sqrt(1 - pow(u.beta, t)) / (1 - pow(u.alpha, t)); /* the states began at zero */
    return all(e, adam, &u, 2);
}

static ox_status eval_momentum(ox__ev *e)
{
    rule u;
    double t;
    ox_status s = begin(e, 1, &u, &t);
    if (s != OX_OK) return s;
    u.nesterov = ox__ev_string_is(e, "mode", "standard", "nesterov");
    if (!u.nesterov && !ox__ev_string_is(e, "mode", "standard", "standard"))
        return ox__ev_fail(e, "mode must be standard or nesterov");
    u.alpha = ox__ev_float(e, "alpha", 0);
    u.beta = t > 0 ? ox__ev_float(e, "beta", 0) : 1;
    return all(e, momentum, &u, 1);
}

static ox_status eval_gradient(ox__ev *e)
{
    return ox__ev_unsupported(e, "the derivatives of a graph are not computed here");
}

/* The outputs are as the inputs without the gradients. */
static ox_status infer_optimizer(ox__inf *c)
{
    size_t states = ox_node_is(c->m, c->node, "ai.onnx.preview.training", "Adam") ? 2 : 1;
    if (c->n_in < 2 || (c->n_in - 2) % (2 + states)) return ox__inf_fail(c, "%zu inputs are no groups", c->n_in);
    size_t n = (c->n_in - 2) / (2 + states);
    ox_status s = OX_OK;
    for (size_t o = 0; s == OX_OK && o < n * (1 + states); o++) {
        size_t i = 2 + (o < n ? o : o + n);
        s = ox__inf_out_like(c, o, i, ox__inf_dtype(c, i));
    }
    return s;
}

static const ox__op_row rows[] = {
    {"Adagrad", infer_optimizer, eval_adagrad, 0},
    {"Adam", infer_optimizer, eval_adam, 0},
    {"Gradient", NULL, eval_gradient, 0},
    {"Momentum", infer_optimizer, eval_momentum, 0},
};
const ox__op_family ox__ops_training = {rows, OX__COUNT(rows), "ai.onnx.preview.training"};
