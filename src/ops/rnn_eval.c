/* Floor 3. Evaluation of recurrent layers: the input's part of all gates in one product, then step by step. */
#include "ops/gemm.h"
#include "ops/rnn.h"
#include "ops/wide.h"

#include <math.h>
#include <strings.h>

typedef enum act {
    ACT_SIGMOID,
    ACT_TANH,
    ACT_RELU,
    ACT_AFFINE,
    ACT_LEAKY_RELU,
    ACT_THRESHOLDED_RELU,
    ACT_SCALED_TANH,
    ACT_HARD_SIGMOID,
    ACT_ELU,
    ACT_SOFTSIGN,
    ACT_SOFTPLUS
} act;

typedef struct activation {
    act kind;
    double alpha, beta;
} activation;

/* The optional parameters, with what holds if none is given. */
static const struct {
    const char *name;
    act kind;
    bool has_alpha, has_beta;
    double alpha, beta;
} activations[] = {
    {"Sigmoid", ACT_SIGMOID, false, false, 0, 0},
    {"Tanh", ACT_TANH, false, false, 0, 0},
    {"Relu", ACT_RELU, false, false, 0, 0},
    {"Affine", ACT_AFFINE, true, true, 1, 0},
    {"LeakyRelu", ACT_LEAKY_RELU, true, false, 0.01, 0},
    {"ThresholdedRelu", ACT_THRESHOLDED_RELU, true, false, 1, 0},
    {"ScaledTanh", ACT_SCALED_TANH, true, true, 1, 1},
    {"HardSigmoid", ACT_HARD_SIGMOID, true, true, 0.2, 0.5},
    {"Elu", ACT_ELU, true, false, 1, 0},
    {"Softsign", ACT_SOFTSIGN, false, false, 0, 0},
    {"Softplus", ACT_SOFTPLUS, false, false, 0, 0},
};

typedef struct rnn {
    int64_t steps, batch, in, hidden, dirs, gates;
    bool batch_first, coupled, linear;
    double clip; /* 0: none */
    activation f[3];
    const void *x, *w, *r, *b, *p, *h0, *c0;
    const ox__dense *lens; /* or NULL */
    void *y, *y_h, *y_c;
    void *room;
} rnn;

static int64_t length_of(const rnn *r, int64_t b)
{
    return r->lens ? ((const int32_t *)r->lens->data)[b] : r->steps;
}

/* The time that item b of the batch meets in step k. */
static int64_t place_of(const rnn *r, int64_t k, int64_t b, bool reverse)
{
    int64_t n = length_of(r, b);
    return !reverse || k >= n ? k : n - 1 - k;
}

#define T float
#define NAME(x) f32_##x
#define EXP expf
#define TANH tanhf
#define LOG1P log1pf
#define GEMM ox__gemm_f32
#include "ops/rnn_type.h"
#undef T
#undef NAME
#undef EXP
#undef TANH
#undef LOG1P
#undef GEMM
#define T double
#define NAME(x) f64_##x
#define EXP exp
#define TANH tanh
#define LOG1P log1p
#define GEMM ox__gemm_f64
#include "ops/rnn_type.h"

/* The functions of direction d; parameters are taken in the order of the functions that have them. */
static ox_status read_activations(ox__ev *e, rnn *r, int64_t d)
{
    static const char *const usual[5][3] = {
        [1] = {"Tanh"}, [3] = {"Sigmoid", "Tanh"}, [4] = {"Sigmoid", "Tanh", "Tanh"}};
    size_t n_names, n_alpha, n_beta, each = r->gates == 1 ? 1 : r->gates == 3 ? 2 : 3, alpha_at = 0, beta_at = 0;
    const ox_str *names = ox__ev_strings(e, "activations", &n_names);
    const double *alpha = ox__ev_floats(e, "activation_alpha", &n_alpha),
                 *beta = ox__ev_floats(e, "activation_beta", &n_beta);
    if (names && n_names && n_names != each * (size_t)r->dirs)
        return ox__ev_fail(e, "%zu activations, %zu are needed", n_names, each * (size_t)r->dirs);
    for (size_t i = 0; i < each * (size_t)(d + 1); i++) {
        const char *name = names && n_names ? ox_str_text(e->m, names[i], NULL) : usual[r->gates][i % each];
        size_t k = 0;
        while (k < OX__COUNT(activations) && strcasecmp(activations[k].name, name) != 0) k++;
        if (k == OX__COUNT(activations)) return ox__ev_fail(e, "there is no activation %s", name);
        activation f = {activations[k].kind, activations[k].alpha, activations[k].beta};
        if (activations[k].has_alpha && alpha_at < n_alpha) f.alpha = alpha[alpha_at++];
        if (activations[k].has_beta && beta_at < n_beta) f.beta = beta[beta_at++];
        if (i >= each * (size_t)d) r->f[i % each] = f;
    }
    return OX_OK;
}

/* An input of those dims; *out stays NULL where an optional one is absent. */
static ox_status take(ox__ev *e, size_t i, ox_dtype in, const void **out, uint32_t rank, const int64_t *dims)
{
    if (!ox__ev_has(e, i)) return OX_OK;
    const ox__dense *a = &e->in[i];
    bool fits = a->rank == rank;
    for (uint32_t d = 0; fits && d < rank; d++) fits = a->dims[d] == dims[d];
    if (!fits) return ox__ev_fail(e, "input %zu does not have the dims that the others ask for", i);
    *out = ox__wide_of(e, a, in);
    return *out ? OX_OK : OX_E_NOMEM;
}

static ox_status read_inputs(ox__ev *e, rnn *r, ox_dtype in)
{
    const ox__dense *x = &e->in[0], *w = &e->in[1], *rec = &e->in[2];
    if (x->rank != 3 || w->rank != 3 || rec->rank != 3) return ox__ev_fail(e, "X, W and R must have 3 dims");
    r->batch_first = ox__ev_int(e, "layout", 0) != 0;
    r->steps = x->dims[r->batch_first];
    r->batch = x->dims[!r->batch_first];
    r->in = x->dims[2];
    r->hidden = rec->dims[2];
    int64_t hidden = ox__ev_int(e, "hidden_size", r->hidden), n = r->hidden,
            first = r->batch_first ? r->batch : r->dirs;
    if (hidden != n || n <= 0 || n > INT32_MAX)
        return ox__ev_fail(e, "hidden_size is %lld, R has %lld", (long long)hidden, (long long)n);
    r->x = ox__wide_of(e, x, in);
    ox_status s = r->x ? OX_OK : OX_E_NOMEM;
    if (s == OX_OK) s = take(e, 1, in, &r->w, 3, (int64_t[]){r->dirs, r->gates * n, r->in});
    if (s == OX_OK) s = take(e, 2, in, &r->r, 3, (int64_t[]){r->dirs, r->gates * n, n});
    if (s == OX_OK) s = take(e, 3, in, &r->b, 2, (int64_t[]){r->dirs, 2 * r->gates * n});
    int64_t state[3] = {first, r->batch_first ? r->dirs : r->batch, n};
    if (s == OX_OK) s = take(e, 5, in, &r->h0, 3, state);
    if (s == OX_OK && r->gates == 4) s = take(e, 6, in, &r->c0, 3, state);
    if (s == OX_OK && r->gates == 4) s = take(e, 7, in, &r->p, 2, (int64_t[]){r->dirs, 3 * n});
    if (s != OX_OK || !ox__ev_has(e, 4)) return s;
    r->lens = &e->in[4];
    if (r->lens->dtype != OX_INT32 || r->lens->n != (uint64_t)r->batch)
        return ox__ev_fail(e, "sequence_lens does not fit the batch");
    for (int64_t b = 0; b < r->batch; b++)
        if (length_of(r, b) < 0 || length_of(r, b) > r->steps)
            return ox__ev_fail(e, "a sequence of %lld steps of %lld", (long long)length_of(r, b), (long long)r->steps);
    return OX_OK;
}

/* Gates of all steps and of one, twice; the states and a copy. */
static ox_status make_room(ox__ev *e, rnn *r, size_t item)
{
    uint64_t rows, n;
    if (__builtin_add_overflow((uint64_t)r->steps, 4, &rows) ||
        __builtin_mul_overflow(rows, (uint64_t)r->batch, &rows) ||
        __builtin_mul_overflow(rows, (uint64_t)(r->gates * r->hidden) + (uint64_t)r->hidden, &n) || n > SIZE_MAX / 32)
        return ox__ev_unsupported(e, "a sequence of this size");
    r->room = ox__arena_alloc(e->mem, (size_t)n * item + 64);
    return r->room ? OX_OK : ox__nomem(e->err);
}

static ox_status eval_layer(ox__ev *e, int64_t gates)
{
    rnn r = {.gates = gates, .dirs = 1};
    ox__wide y, y_h, y_c = {0};
    ox_status s = ox__ev_need(e, 0, 3);
    if (s != OX_OK) return s;
    ox_dtype dtype = e->in[0].dtype, in = ox__wide_type(dtype);
    if (!in) return ox__ev_unsupported(e, "this element type");
    bool both = ox__ev_string_is(e, "direction", "forward", "bidirectional"),
         back = ox__ev_string_is(e, "direction", "forward", "reverse");
    if (!both && !back && !ox__ev_string_is(e, "direction", "forward", "forward"))
        return ox__ev_fail(e, "the direction is none of forward, reverse, bidirectional");
    r.dirs = both ? 2 : 1;
    r.clip = ox__ev_float(e, "clip", 0);
    r.coupled = ox__ev_int(e, "input_forget", 0) != 0;
    r.linear = ox__ev_int(e, "linear_before_reset", 0) != 0;
    s = read_inputs(e, &r, in);
    if (s == OX_OK) s = make_room(e, &r, in == OX_DOUBLE ? 8 : 4);
    if (s != OX_OK) return s;
    int64_t d4[4] = {r.steps, r.dirs, r.batch, r.hidden}, d3[3] = {r.dirs, r.batch, r.hidden};
    if (r.batch_first) {
        memcpy(d4, (int64_t[]){r.batch, r.steps, r.dirs, r.hidden}, sizeof d4);
        memcpy(d3, (int64_t[]){r.batch, r.dirs, r.hidden}, sizeof d3);
    }
    s = ox__wide_out(e, &y, 0, dtype, in, 4, d4);
    if (s == OX_OK) s = ox__wide_out(e, &y_h, 1, dtype, in, 3, d3);
    if (s == OX_OK && gates == 4) s = ox__wide_out(e, &y_c, 2, dtype, in, 3, d3);
    if (s != OX_OK) return s;
    r.y = y.p;
    r.y_h = y_h.p;
    r.y_c = gates == 4 ? y_c.p : NULL;
    for (int64_t d = 0; s == OX_OK && d < r.dirs; d++) {
        s = read_activations(e, &r, d);
        if (s == OX_OK && r.batch) s = (in == OX_DOUBLE ? f64_direction : f32_direction)(e, &r, d, back || d == 1);
    }
    if (s != OX_OK) return s;
    ox__wide_store(e, &y);
    ox__wide_store(e, &y_h);
    if (gates == 4) ox__wide_store(e, &y_c);
    return OX_OK;
}

ox_status ox__eval_rnn(ox__ev *e)
{
    return eval_layer(e, 1);
}

ox_status ox__eval_gru(ox__ev *e)
{
    return eval_layer(e, 3);
}

ox_status ox__eval_lstm(ox__ev *e)
{
    return eval_layer(e, 4);
}
