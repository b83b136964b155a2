/* Floor 3. Evaluation of LinearAttention, CausalConvWithState and RotaryEmbedding: the parts of models that carry a
 * state from call to call. */
#include "ops/attention.h"
#include "ops/wide.h"
#include "ops/window.h"

#include <math.h>

/* ---- LinearAttention ---- */
typedef struct linear {
    int64_t batch, steps, q_heads, kv_heads, size, v_size;
    const float *q, *k, *v, *decay, *beta, *past; /* decay, beta, past may be NULL */
    int64_t decay_size, beta_heads;               /* numbers of decay for one head; heads of beta */
    double scale;
    float *state, *y;
} linear;

/* One step of one head: state is size x v_size, delta room for v_size numbers. */
static void linear_step(const linear *l, int64_t b, int64_t t, int64_t head, float *state, float *delta)
{
    const int64_t at = b * l->steps + t, n = l->size, m = l->v_size;
    const float *k = l->k + (at * l->kv_heads + head) * n, *v = l->v + (at * l->kv_heads + head) * m;
    for (int64_t i = 0; l->decay && i < n; i++) {
        float f = expf(l->decay[(at * l->kv_heads + head) * l->decay_size + (l->decay_size == 1 ? 0 : i)]);
        for (int64_t j = 0; j < m; j++) state[i * m + j] *= f;
    }
    memcpy(delta, v, (size_t)m * sizeof *v);
    if (l->beta) {
        float beta = l->beta[at * l->beta_heads + (l->beta_heads == 1 ? 0 : head)];
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < m; j++) delta[j] -= state[i * m + j] * k[i];
        for (int64_t j = 0; j < m; j++) delta[j] *= beta;
    }
    for (int64_t i = 0; i < n; i++)
        for (int64_t j = 0; j < m; j++) state[i * m + j] += k[i] * delta[j];
    int64_t group = l->q_heads / l->kv_heads;
    for (int64_t g = head * group; g < (head + 1) * group; g++) {
        const float *q = l->q + (at * l->q_heads + g) * n;
        float *y = l->y + (at * l->q_heads + g) * m;
        for (int64_t i = 0; i < n; i++)
            for (int64_t j = 0; j < m; j++) y[j] += q[i] * state[i * m + j];
        for (int64_t j = 0; j < m; j++) y[j] *= (float)l->scale;
    }
}

static void linear_heads(void *ud, uint64_t from, uint64_t to)
{
    const linear *l = ud;
    const size_t n = (size_t)(l->size * l->v_size);
    for (uint64_t i = from; i < to; i++) {
        float *state = l->state + i * (n + (size_t)l->v_size);
        if (l->past)
            memcpy(state, l->past + i * n, n * sizeof *state);
        else
            memset(state, 0, n * sizeof *state);
        for (int64_t t = 0; t < l->steps; t++)
            linear_step(l, (int64_t)i / l->kv_heads, t, (int64_t)i % l->kv_heads, state, state + n);
    }
}

static ox_status linear_sizes(ox__ev *e, linear *l)
{
    const ox__dense *q = &e->in[0], *k = &e->in[1], *v = &e->in[2];
    l->q_heads = ox__ev_int(e, "q_num_heads", 0);
    l->kv_heads = ox__ev_int(e, "kv_num_heads", 0);
    if (l->q_heads <= 0 || l->kv_heads <= 0 || l->q_heads % l->kv_heads)
        return ox__ev_fail(e, "%lld query heads for %lld heads", (long long)l->q_heads, (long long)l->kv_heads);
    if (q->rank != 3 || k->rank != 3 || v->rank != 3 || q->dims[2] % l->q_heads || v->dims[2] % l->kv_heads)
        return ox__ev_fail(e, "query, key and value must have 3 dims that fit the heads");
    l->batch = q->dims[0];
    l->steps = q->dims[1];
    l->size = q->dims[2] / l->q_heads;
    l->v_size = v->dims[2] / l->kv_heads;
    bool same = k->dims[0] == l->batch && v->dims[0] == l->batch && k->dims[1] == l->steps && v->dims[1] == l->steps;
    if (!same || k->dims[2] / l->kv_heads != l->size || k->dims[2] % l->kv_heads)
        return ox__ev_fail(e, "query, key and value do not fit together");
    return OX_OK;
}

/* decay and beta are there where the rule asks for them, and nowhere else. */
static ox_status linear_gates(ox__ev *e, linear *l)
{
    const char *rule = ox__ev_string(e, "update_rule", "gated_delta", NULL);
    bool gated = !strcmp(rule, "gated") || !strcmp(rule, "gated_delta"),
         delta = !strcmp(rule, "delta") || !strcmp(rule, "gated_delta");
    if (!gated && !delta && strcmp(rule, "linear") != 0) return ox__ev_fail(e, "there is no rule %s", rule);
    if (gated != ox__ev_has(e, 4) || delta != ox__ev_has(e, 5))
        return ox__ev_fail(e, "decay and beta do not fit the rule %s", rule);
    for (size_t i = 4; i < 6; i++) {
        const ox__dense *a = ox__ev_has(e, i) ? &e->in[i] : NULL;
        if (!a) continue;
        if (a->rank != 3 || a->dims[0] != l->batch || a->dims[1] != l->steps || a->dims[2] <= 0)
            return ox__ev_fail(e, "input %zu does not fit the query", i);
        int64_t n = a->dims[2];
        bool fits = n == l->kv_heads || (i == 4 ? n == l->kv_heads * l->size : n == 1);
        if (!fits) return ox__ev_fail(e, "input %zu has %lld numbers for each step", i, (long long)n);
        if (i == 4)
            l->decay_size = n / l->kv_heads;
        else
            l->beta_heads = n;
    }
    return OX_OK;
}

ox_status ox__eval_linear_attention(ox__ev *e)
{
    linear l = {0};
    ox__wide y, state;
    ox_status s = ox__ev_need(e, 0, 3);
    if (s == OX_OK) s = linear_sizes(e, &l);
    if (s == OX_OK) s = linear_gates(e, &l);
    if (s != OX_OK) return s;
    const ox__dense *past = ox__ev_has(e, 3) ? &e->in[3] : NULL;
    int64_t dims[4] = {l.batch, l.kv_heads, l.size, l.v_size}, out[3] = {l.batch, l.steps, 0};
    if (past && (past->rank != 4 || memcmp(past->dims, dims, sizeof dims) != 0))
        return ox__ev_fail(e, "past_state does not fit the heads");
    if (!ox__wide_type(e->in[0].dtype) || (past && !ox__wide_type(past->dtype)))
        return ox__ev_unsupported(e, "this element type");
    if (__builtin_mul_overflow(l.q_heads, l.v_size, &out[2])) return ox__ev_fail(e, "a result that is too large");
    const float **to[] = {&l.q, &l.k, &l.v, &l.past, &l.decay, &l.beta};
    for (size_t i = 0; i < OX__COUNT(to); i++)
        if (ox__ev_has(e, i) && !(*to[i] = ox__ev_floats_of(e, &e->in[i]))) return OX_E_NOMEM;
    l.scale = ox__ev_float(e, "scale", 0);
    if (l.scale == 0) l.scale = 1 / sqrt((double)l.size);
    s = ox__wide_out(e, &y, 0, e->in[0].dtype, OX_FLOAT, 3, out);
    if (s == OX_OK) s = ox__wide_out(e, &state, 1, past ? past->dtype : e->in[0].dtype, OX_FLOAT, 4, dims);
    if (s != OX_OK) return s;
    /* a state and a row of deltas for each head */
    uint64_t heads = (uint64_t)l.batch * (uint64_t)l.kv_heads, n = state.n ? state.n / heads : 0, room;
    if (__builtin_mul_overflow(heads, n + (uint64_t)l.v_size, &room) || room > SIZE_MAX / 8)
        return ox__ev_unsupported(e, "a state of this size");
    l.y = y.p;
    l.state = ox__arena_alloc(e->mem, ((size_t)room + 1) * sizeof(float));
    if (!l.state) return ox__nomem(e->err);
    ox__ev_parallel(e, state.n ? heads : 0, 1, linear_heads, &l);
    for (uint64_t i = 0; state.n && i < heads; i++)
        memcpy((float *)state.p + i * n, l.state + i * (n + (uint64_t)l.v_size), (size_t)n * sizeof(float));
    ox__wide_store(e, &y);
    ox__wide_store(e, &state);
    return OX_OK;
}

/* ---- CausalConvWithState ---- */
static void swish(ox__wide *y)
{
    for (uint64_t i = 0; i < y->n; i++)
        if (y->in == OX_DOUBLE)
            ((double *)y->p)[i] /= 1 + exp(-((double *)y->p)[i]);
        else
            ((float *)y->p)[i] /= 1 + expf(-((float *)y->p)[i]);
}

ox_status ox__eval_causal_conv(ox__ev *e)
{
    ox__wide y, state;
    ox__conv c = {.channels = 1, .maps = 1};
    ox_status s = ox__ev_need(e, 0, 2);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0], *w = &e->in[1], *bias = ox__ev_has(e, 2) ? &e->in[2] : NULL,
                    *past = ox__ev_has(e, 3) ? &e->in[3] : NULL;
    const char *activation = ox__ev_string(e, "activation", "none", NULL);
    bool soft = !strcmp(activation, "silu") || !strcmp(activation, "swish");
    if (!soft && strcmp(activation, "none") != 0) return ox__ev_fail(e, "there is no activation %s", activation);
    if (x->rank != 3 || w->rank != 3 || w->dims[0] != x->dims[1] || w->dims[1] != 1 || w->dims[2] < 1)
        return ox__ev_fail(e, "the input and the weight do not fit together");
    int64_t keep = w->dims[2] - 1, len = x->dims[2], kept[3] = {x->dims[0], x->dims[1], keep}, total;
    if (past && (past->rank != 3 || memcmp(past->dims, kept, sizeof kept) != 0))
        return ox__ev_fail(e, "past_state does not fit the weight");
    if (bias && bias->n != (uint64_t)x->dims[1]) return ox__ev_fail(e, "the bias does not fit the channels");
    c.dtype = ox__wide_type(x->dtype);
    if (!c.dtype) return ox__ev_unsupported(e, "this element type");
    uint64_t rows = (uint64_t)x->dims[0] * (uint64_t)x->dims[1], n;
    if (__builtin_add_overflow(len, keep, &total) || __builtin_mul_overflow(rows, (uint64_t)total, &n) ||
        n > SIZE_MAX / 16)
        return ox__ev_unsupported(e, "a sequence of this size");
    size_t item = c.dtype == OX_DOUBLE ? 8 : 4;
    const char *now = ox__wide_of(e, x, c.dtype), *old = past ? ox__wide_of(e, past, c.dtype) : NULL;
    char *all = ox__arena_alloc(e->mem, ((size_t)n + 1) * item);
    c.weight = ox__wide_of(e, w, c.dtype);
    c.bias = bias ? ox__wide_of(e, bias, c.dtype) : NULL;
    if (!now || !all || !c.weight || (past && !old) || (bias && !c.bias)) return ox__nomem(e->err);
    s = ox__wide_out(e, &y, 0, x->dtype, c.dtype, 3, x->dims);
    if (s == OX_OK) s = ox__wide_out(e, &state, 1, past ? past->dtype : x->dtype, c.dtype, 3, kept);
    if (s != OX_OK) return s;
    size_t head = (size_t)keep * item, body = (size_t)len * item;
    for (uint64_t r = 0; r < rows && n; r++) {
        char *to = all + r * (head + body);
        if (old)
            memcpy(to, old + r * head, head);
        else
            memset(to, 0, head);
        memcpy(to + head, now + r * body, body);
        memcpy((char *)state.p + r * head, to + body, head);
    }
    c.batch = x->dims[0];
    c.group = x->dims[1];
    c.x = all;
    c.y = y.p;
    c.w = (ox__window){.n = 1,
                       .kernel = {keep + 1},
                       .stride = {1},
                       .dilation = {1},
                       .in = {total},
                       .out = {len},
                       .taps = keep + 1,
                       .in_size = total,
                       .out_size = len};
    s = ox__conv_run(e, &c);
    if (s != OX_OK) return s;
    if (soft) swish(&y);
    ox__wide_store(e, &y);
    ox__wide_store(e, &state);
    return OX_OK;
}

/* ---- RotaryEmbedding ---- */
typedef struct rotary {
    int64_t batch, steps, heads, size, half; /* half of what is rotated of a head */
    bool packed, interleaved;
    const double *cos, *sin;  /* rows of `half` numbers */
    const int64_t *positions; /* rows, or NULL: one row for each step of each item */
    ox_dtype in;
    const void *x;
    void *y;
} rotary;

#define ROTATE(name, type) \
    static void name(void *ud, uint64_t from, uint64_t to) \
    { \
        const rotary *r = ud; \
        for (uint64_t k = from; k < to; k++) { \
            int64_t b = (int64_t)k / (r->steps * r->heads), rest = (int64_t)k % (r->steps * r->heads); \
            int64_t t = r->packed ? rest / r->heads : rest % r->steps, row = b * r->steps + t; \
            const type *x = (const type *)r->x + k * (uint64_t)r->size; \
            type *y = (type *)r->y + k * (uint64_t)r->size; \
            const double *c = r->cos + (r->positions ? r->positions[row] : row) * r->half, \
                         *s = r->sin + (r->positions ? r->positions[row] : row) * r->half; \
            for (int64_t i = 0; i < r->half; i++) { \
                int64_t one = r->interleaved ? 2 * i : i, two = r->interleaved ? 2 * i + 1 : i + r->half; \
                y[one] = (type)(c[i] * (double)x[one] - s[i] * (double)x[two]); \
                y[two] = (type)(s[i] * (double)x[one] + c[i] * (double)x[two]); \
            } \
            for (int64_t i = 2 * r->half; i < r->size; i++) y[i] = x[i]; \
        } \
    }
ROTATE(rotate_f32, float)
ROTATE(rotate_f64, double)

static ox_status rotary_sizes(ox__ev *e, rotary *r)
{
    const ox__dense *x = &e->in[0];
    int64_t heads = ox__ev_int(e, "num_heads", 0), part = ox__ev_int(e, "rotary_embedding_dim", 0);
    r->packed = x->rank == 3;
    if (x->rank != 3 && x->rank != 4) return ox__ev_fail(e, "an input of %u dims", (unsigned)x->rank);
    if (r->packed && (heads <= 0 || x->dims[2] % heads)) return ox__ev_fail(e, "%lld heads", (long long)heads);
    r->batch = x->dims[0];
    r->heads = r->packed ? heads : x->dims[1];
    r->steps = x->dims[r->packed ? 1 : 2];
    r->size = r->packed ? x->dims[2] / heads : x->dims[3];
    if (part == 0) part = r->size;
    if (part < 0 || part > r->size || part % 2)
        return ox__ev_fail(e, "%lld of %lld numbers are to be rotated", (long long)part, (long long)r->size);
    r->half = part / 2;
    r->interleaved = ox__ev_int(e, "interleaved", 0) != 0;
    return OX_OK;
}

static ox_status rotary_rows(ox__ev *e, rotary *r)
{
    const ox__dense *c = &e->in[1], *s = &e->in[2], *p = ox__ev_has(e, 3) ? &e->in[3] : NULL;
    bool same = c->rank == s->rank && c->rank == (p ? 2 : 3) && c->dims[c->rank - 1] == r->half &&
                !memcmp(c->dims, s->dims, c->rank * sizeof *c->dims);
    if (same && !p) same = c->dims[0] == r->batch && c->dims[1] == r->steps;
    if (!same) return ox__ev_fail(e, "the caches do not fit the input");
    r->cos = ox__ev_doubles_of(e, c);
    r->sin = r->cos ? ox__ev_doubles_of(e, s) : NULL;
    if (!r->sin) return OX_E_NOMEM;
    if (!p) return OX_OK;
    if (p->dtype != OX_INT64 || p->rank != 2 || p->dims[0] != r->batch || p->dims[1] != r->steps)
        return ox__ev_fail(e, "position_ids do not fit the input");
    int64_t *rows = ox__arena_alloc(e->mem, ((size_t)p->n + 1) * sizeof *rows);
    if (!rows) return ox__nomem(e->err);
    for (uint64_t i = 0; i < p->n; i++) {
        rows[i] = ((const int64_t *)p->data)[i];
        if (rows[i] < 0) rows[i] += c->dims[0];
        if (rows[i] < 0 || rows[i] >= c->dims[0])
            return ox__ev_fail(e, "position %lld of %lld", (long long)rows[i], (long long)c->dims[0]);
    }
    r->positions = rows;
    return OX_OK;
}

ox_status ox__eval_rotary_embedding(ox__ev *e)
{
    rotary r = {0};
    ox__wide y;
    ox_status s = ox__ev_need(e, 0, 3);
    if (s == OX_OK) s = rotary_sizes(e, &r);
    if (s == OX_OK) s = rotary_rows(e, &r);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    r.in = ox__wide_type(x->dtype);
    if (!r.in) return ox__ev_unsupported(e, "this element type");
    r.x = ox__wide_of(e, x, r.in);
    if (!r.x) return OX_E_NOMEM;
    s = ox__wide_out(e, &y, 0, x->dtype, r.in, x->rank, x->dims);
    if (s != OX_OK) return s;
    r.y = y.p;
    ox__ev_parallel(e, x->n ? x->n / (uint64_t)r.size : 0, 4096 / OX__MAX((uint64_t)r.size, 1) + 1,
                    r.in == OX_DOUBLE ? rotate_f64 : rotate_f32, &r);
    ox__wide_store(e, &y);
    return OX_OK;
}
