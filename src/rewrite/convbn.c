/* Floor 4. Folding of BatchNormalization into the Conv before it:
 *   w'[o, ...] = w[o, ...] * k[o],  b'[o] = (b[o] - mean[o]) * k[o] + beta[o],  k = gamma / sqrt(var + eps)
 * The new weight is the old one's bytes with k beside them: it is computed when it is read, so that folding looks at no
 * weight, and nothing is copied before the model is written. */
#include "rewrite/convbn.h"

#include "ir/ir.h"
#include "rewrite/origin.h"

#include <math.h>

typedef struct pair {
    ox_node conv, norm;
    uint64_t channels;
    double *k;   /* the factor of each */
    float *bias; /* the new one */
} pair;

typedef struct folding {
    ox__facts *f;
    ox_model *m;
    OX__VEC(pair) pairs;
    ox_error *err;
} folding;

/* ---- finding ---- */

/* The constant float32 tensor of input i; false if it is none of n elements (0: any number). */
static bool weights_of(const folding *d, ox_node n, size_t i, uint64_t count, ox_tensor *out)
{
    *out = ox__facts_tensor(d->f, ox_node_input(d->m, n, i));
    ox_tensor_info t = ox_tensor_get(d->m, *out);
    return out->id && t.dtype == OX_FLOAT && t.storage != OX_STORAGE_SPARSE && t.storage != OX_STORAGE_LOST &&
           t.encoding == OX_ENC_RAW && (!count || t.n_elements == count);
}

static bool only_result_used(const folding *d, ox_node norm)
{
    const ox_attr *mode = ox_node_attr(d->m, norm, "training_mode");
    if (mode && (mode->kind != OX_ATTR_INT || mode->u.i != 0)) return false;
    for (size_t i = 1; i < ox_node_n_outputs(d->m, norm); i++) {
        ox_value v = ox_node_output(d->m, norm, i);
        if (v.id && ox_value_n_uses(d->m, v)) return false;
    }
    return true;
}

static bool fits(const folding *d, ox_node norm, pair *p)
{
    ox_value x = ox_node_input(d->m, norm, 0);
    ox_node conv = ox_value_node(d->m, x);
    ox_tensor w, t;
    if (!conv.id || !ox_node_is(d->m, conv, "", "Conv") || ox_value_n_uses(d->m, x) != 1 ||
        !only_result_used(d, norm) || ox_node_graph(d->m, conv).id != ox_node_graph(d->m, norm).id ||
        !weights_of(d, conv, 1, 0, &w))
        return false;
    ox_tensor_info info = ox_tensor_get(d->m, w);
    if (info.rank < 3 || info.dims[0] <= 0 || info.n_elements == 0) return false;
    uint64_t channels = (uint64_t)info.dims[0];
    for (size_t i = 1; i < 5; i++)
        if (!weights_of(d, norm, i, channels, &t)) return false;
    if (ox_node_input(d->m, conv, 2).id && !weights_of(d, conv, 2, channels, &t)) return false;
    *p = (pair){.conv = conv, .norm = norm, .channels = channels};
    return true;
}

/* ---- computing ---- */
static ox_status read_floats(folding *d, ox_node n, size_t i, float *out, uint64_t count)
{
    ox_tensor t = ox__facts_tensor(d->f, ox_node_input(d->m, n, i));
    return ox_tensor_read(d->m, t, 0, out, count * sizeof *out, d->err);
}

/* The factor of each channel, and the new bias. */
static ox_status factors(folding *d, pair *p)
{
    const ox_attr *a = ox_node_attr(d->m, p->norm, "epsilon");
    double eps = a && a->kind == OX_ATTR_FLOAT ? a->u.f : 1e-5;
    float *v = ox__alloc((size_t)p->channels * 5 * sizeof *v);
    ox_status s = OX_OK;
    double *k = p->k = ox__alloc((size_t)p->channels * sizeof *k);
    p->bias = ox__alloc((size_t)p->channels * sizeof *p->bias);
    if (!v || !k || !p->bias) OX__TRY(ox__nomem(d->err));
    float *gamma = v, *beta = gamma + p->channels, *mean = beta + p->channels, *var = mean + p->channels,
          *b = var + p->channels;
    OX__TRY(read_floats(d, p->norm, 1, gamma, p->channels));
    OX__TRY(read_floats(d, p->norm, 2, beta, p->channels));
    OX__TRY(read_floats(d, p->norm, 3, mean, p->channels));
    OX__TRY(read_floats(d, p->norm, 4, var, p->channels));
    memset(b, 0, (size_t)p->channels * sizeof *b);
    if (ox_node_input(d->m, p->conv, 2).id) OX__TRY(read_floats(d, p->conv, 2, b, p->channels));
    for (uint64_t i = 0; i < p->channels; i++) {
        k[i] = (double)gamma[i] / sqrt((double)var[i] + eps);
        p->bias[i] = (float)(((double)b[i] - (double)mean[i]) * k[i] + (double)beta[i]);
    }
out:
    ox__free(v);
    return s;
}

/* ---- changing the graph ---- */

/* The value that holds t from now on: the old one where only this node read it, so that the name stays. */
static ox_status give(folding *d, ox_node conv, size_t i, const char *name, const char *doc, uint32_t origin,
                      ox_tensor t)
{
    ox_value old = ox_node_input(d->m, conv, i), made = old;
    ox_status s = ox__tensor_with_doc(d->m, &t, doc, d->err);
    bool own = old.id && ox_value_is_initializer(d->m, old) && !ox_value_is_input(d->m, old) &&
               ox_value_n_uses(d->m, old) == 1;
    if (s != OX_OK) return s;
    if (own)
        s = ox_value_set_tensor(d->m, old, t, d->err);
    else
        s = ox_graph_add_initializer(d->m, &made, ox_model_main(d->m), ox_value_fresh_name(d->m, name), t, d->err);
    if (s == OX_OK) s = ox_value_set_origin(d->m, made, origin, d->err);
    if (s == OX_OK) s = ox__facts_set_tensor(d->f, made, t, d->err);
    if (s != OX_OK || own) return s;
    if (i < ox_node_n_inputs(d->m, conv)) return ox_node_set_input(d->m, conv, i, made, d->err);
    ox_value in[3] = {ox_node_input(d->m, conv, 0), ox_node_input(d->m, conv, 1), made};
    return ox_node_set_inputs(d->m, conv, 3, in, d->err);
}

/* "features.3.bias" beside "features.3.weight". */
static void bias_name(const char *weight, ox__buf *b)
{
    size_t n = strlen(weight);
    if (n >= 6 && strcmp(weight + n - 6, "weight") == 0) n -= 6;
    ox__buf_add(b, weight, n);
    ox__buf_addz(b, n < strlen(weight) ? "bias" : ".bias");
}

static ox_status change(folding *d, pair *p)
{
    ox_tensor w = ox__facts_tensor(d->f, ox_node_input(d->m, p->conv, 1)), bias;
    ox_tensor_info info = ox_tensor_get(d->m, w);
    info.encoding = OX_ENC_SCALED;
    info.scales = p->k;
    info.external = false;
    info.source = 0;
    int64_t dims[1] = {(int64_t)p->channels};
    ox__buf name = {0}, doc = {0};
    const char *weight = ox_str_text(d->m, ox_value_name(d->m, ox_node_input(d->m, p->conv, 1)), NULL);
    bias_name(weight, &name);
    ox__buf_addf(&doc, "the BatchNormalization of %s is folded in",
                 ox_str_text(d->m, ox_value_name(d->m, ox_node_input(d->m, p->norm, 1)), NULL));
    ox_status s = name.failed || doc.failed ? ox__nomem(d->err) : ox_tensor_add(d->m, &w, &info, d->err);
    if (s == OX_OK)
        s = ox_tensor_add_raw(d->m, &bias, OX_FLOAT, 1, dims, p->bias, p->channels * sizeof *p->bias, d->err);
    uint32_t origin = ox_node_origin(d->m, p->norm);
    if (s == OX_OK) s = give(d, p->conv, 2, name.p, doc.p, origin, bias);
    if (s == OX_OK) s = give(d, p->conv, 1, weight, doc.p, origin, w);
    ox__buf_free(&name);
    ox__buf_free(&doc);
    ox_value out = ox_node_output(d->m, p->norm, 0), x = ox_node_output(d->m, p->conv, 0);
    if (s == OX_OK)
        s = ox_value_set_type(d->m, x, ox__type_merge(d->m, ox_value_type(d->m, x), ox_value_type(d->m, out), NULL),
                              d->err);
    if (s == OX_OK) s = ox_value_replace_uses(d->m, out, x, d->err);
    return s == OX_OK ? ox_node_delete(d->m, p->norm, d->err) : s;
}

ox_status ox__fold_batchnorm(ox__facts *f, uint64_t *count, const ox_task *task, ox_error *err)
{
    folding d = {.f = f, .m = ox__facts_model(f), .err = err};
    ox_graph g = ox_model_main(d.m);
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(d.m, g); n.id; n = ox_node_next(d.m, n)) {
        pair p;
        if (!ox_node_is(d.m, n, "", "BatchNormalization") || !fits(&d, n, &p)) continue;
        if (!ox__vec_push(&d.pairs, p)) OX__TRY(ox__nomem(err));
    }
    for (size_t i = 0; i < d.pairs.n; i++) {
        if (task && task->step && !task->step(task->ud, "fold", i, d.pairs.n))
            OX__TRY(ox__fail(err, OX_E_INTERRUPTED, "interrupted"));
        OX__TRY(factors(&d, &d.pairs.p[i]));
    }
    for (size_t i = 0; i < d.pairs.n; i++) OX__TRY(change(&d, &d.pairs.p[i]));
    *count += d.pairs.n;
out:
    for (size_t i = 0; i < d.pairs.n; i++) {
        ox__free(d.pairs.p[i].k);
        ox__free(d.pairs.p[i].bias);
    }
    ox__vec_free(&d.pairs);
    return s;
}
