/* Floor 3. Fourier transforms of signals: DFT, STFT. What is computed: signal_eval.c. */
#include "ops/signal.h"

/* The dim that the scalar input i is; def when it is absent. */
static ox_dim length(ox__inf *c, size_t i, ox_dim def, const char *why)
{
    ox__vec_fact v;
    if (!ox__inf_has(c, i)) return def;
    return ox__inf_vec(c, i, &v) && v.n == 1 ? v.dims[0] : ox__inf_unknown(c, why);
}

/* The bins that the transform of a real signal of length n needs. */
static ox_dim bins(ox__inf *c, ox_dim n)
{
    return ox_dim_add(c->m, ox_dim_floordiv(c->m, n, ox__inf_const(c, 2)), ox__inf_const(c, 1));
}

static ox_status infer_dft(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, dtype, OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank;
    int64_t axis = ox__inf_int(c, "axis", 1), parts;
    bool onesided = ox__inf_int(c, "onesided", 0) != 0, inverse = ox__inf_int(c, "inverse", 0) != 0, known = true;
    ox_dim *dims = ox__inf_copy(c, 0);
    if (!dims) return OX_E_NOMEM;
    if (rank < 2) return ox__inf_fail(c, "a signal of %d dims", (int)rank);
    if (ox_dim_is_const(c->m, dims[rank - 1], &parts) && parts != 1 && parts != 2)
        return ox__inf_fail(c, "the last dim is %lld and neither 1 nor 2", (long long)parts);
    if (c->opset >= 20) {
        const int64_t *given;
        size_t n;
        known = ox__inf_list(c, NULL, 2, &given, &n) && n < 2;
        axis = known && n ? given[0] : -2;
    }
    dims[rank - 1] = ox__inf_const(c, onesided && inverse ? 1 : 2);
    if (!known) { /* every dim but the last may be the axis, whose length may stay */
        bool same = !onesided && !ox__inf_has(c, 1);
        for (int32_t i = 0; !same && i + 1 < rank; i++) dims[i] = ox__inf_unknown(c, "the axis of DFT depends on data");
        return ox__inf_out(c, 0, dtype, rank, dims);
    }
    ox_status s = ox__inf_axis(c, &axis, rank);
    if (s != OX_OK) return s;
    if (axis == rank - 1) return ox__inf_fail(c, "the last dim is that of the parts of a number");
    ox_dim n = dims[axis];
    if (onesided && inverse) n = ox_dim_mul(c->m, ox_dim_sub(c->m, n, ox__inf_const(c, 1)), ox__inf_const(c, 2));
    n = length(c, 1, n, "the length given to DFT depends on data");
    dims[axis] = onesided && !inverse ? bins(c, n) : n;
    return ox__inf_out(c, 0, dtype, rank, dims);
}

static ox_status infer_stft(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    const char *why = "the length of frames given to STFT depends on data";
    if (!ox__inf_ranked(c, 0)) return ox__inf_out_unknown(c, 0, dtype, 4, "the signal of STFT is unknown");
    if (c->in[0].rank != 3) return ox__inf_fail(c, "a signal of %d dims and not 3", (int)c->in[0].rank);
    ox_dim one = ox__inf_const(c, 1), signal = c->in[0].dims[1], n = signal;
    if (ox__inf_has(c, 2)) n = ox__inf_rank(c, 2) == 1 ? c->in[2].dims[0] : ox__inf_unknown(c, why);
    n = length(c, 3, n, why);
    ox_dim step = length(c, 1, one, "the step given to STFT depends on data"), dims[4] = {c->in[0].dims[0]};
    int64_t v;
    if (ox_dim_is_const(c->m, step, &v) && v < 1) return ox__inf_fail(c, "a step of %lld", (long long)v);
    dims[1] = ox_dim_add(c->m, ox_dim_floordiv(c->m, ox_dim_sub(c->m, signal, n), step), one);
    dims[2] = ox__inf_int(c, "onesided", 1) ? bins(c, n) : n;
    dims[3] = ox__inf_const(c, 2);
    return ox__inf_out(c, 0, dtype, 4, dims);
}

static const ox__op_row rows[] = {
    {"DFT", infer_dft, ox__eval_dft, 0},
    {"STFT", infer_stft, ox__eval_stft, 0},
};
const ox__op_family ox__ops_signal = {rows, OX__COUNT(rows), NULL};
