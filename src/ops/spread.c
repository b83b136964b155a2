/* Floor 3. Broadcasting: merged dims, rows, and the placement that the oldest opsets had. */
#include "ops/spread.h"

/* ---- shapes ---- */
static ox_status meet(ox__ev *e, ox__spread *sp, size_t n_in, const ox__shape *in)
{
    sp->out_rank = 0;
    for (size_t k = 0; k < n_in; k++) sp->out_rank = OX__MAX(sp->out_rank, in[k].rank);
    if (sp->out_rank > OX__EVAL_RANK) return ox__ev_unsupported(e, "tensors of %u dims", sp->out_rank);
    for (uint32_t d = 0; d < sp->out_rank; d++) sp->out[d] = 1;
    for (size_t k = 0; k < n_in; k++)
        for (uint32_t j = 0; j < in[k].rank; j++) {
            int64_t *have = &sp->out[sp->out_rank - in[k].rank + j], d = in[k].dims[j];
            if (d == 1 || d == *have) continue;
            if (*have != 1)
                return ox__ev_fail(e, "dims %lld and %lld cannot be broadcast", (long long)*have, (long long)d);
            *have = d;
        }
    return OX_OK;
}

/* Whether the last merged dim goes on in the dim of these steps: one step of it is all of that dim. */
static bool goes_on(const ox__spread *sp, size_t n_in, const int64_t *step, int64_t dim)
{
    for (size_t k = 0; k < n_in; k++)
        if (sp->step[k][sp->rank - 1] != step[k] * dim) return false;
    return true;
}

ox_status ox__ev_spread(ox__ev *e, ox__spread *sp, size_t n_in, const ox__shape *in)
{
    ox_status s = meet(e, sp, n_in, in);
    if (s != OX_OK) return s;
    if (!ox__dims_product(sp->out, sp->out_rank, &sp->n))
        return ox__fail(e->err, OX_E_LIMIT, "%s: the result is too large", ox__ev_op(e));
    int64_t stride[OX__SPREAD_IN], all[OX__SPREAD_IN][OX__EVAL_RANK] = {{0}};
    for (size_t k = 0; k < n_in; k++) {
        stride[k] = 1;
        for (uint32_t j = in[k].rank; j-- > 0;) {
            if (in[k].dims[j] != 1) all[k][sp->out_rank - in[k].rank + j] = stride[k];
            stride[k] *= OX__MAX(in[k].dims[j], 1);
        }
    }
    memset(sp->step, 0, sizeof sp->step);
    sp->rank = 0;
    for (uint32_t d = 0; d < sp->out_rank; d++) {
        int64_t step[OX__SPREAD_IN];
        if (sp->out[d] == 1) continue;
        for (size_t k = 0; k < n_in; k++) step[k] = all[k][d];
        if (!sp->rank || !goes_on(sp, n_in, step, sp->out[d])) sp->dims[sp->rank++] = 1;
        sp->dims[sp->rank - 1] *= sp->out[d];
        for (size_t k = 0; k < n_in; k++) sp->step[k][sp->rank - 1] = step[k];
    }
    if (!sp->rank) sp->dims[sp->rank++] = 1;
    return OX_OK;
}

/* Before opset 7 the second operand is a scalar, or its dims are those of the first from `axis` on; none given, the
 * last ones. */
static ox_status place(ox__ev *e, ox__shape *in, int64_t *room)
{
    const ox__shape *a = &in[0], *b = &in[1];
    bool same = a->rank == b->rank && (!a->rank || !memcmp(a->dims, b->dims, a->rank * sizeof *a->dims));
    if (same) return OX_OK;
    if (!ox__ev_int(e, "broadcast", 0)) return ox__ev_fail(e, "the shapes differ, and `broadcast` is not set");
    if (b->rank > a->rank || a->rank > OX__EVAL_RANK)
        return ox__ev_fail(e, "the second input has more dims than the first");
    int64_t axis = ox__ev_int(e, "axis", (int64_t)a->rank - b->rank);
    if (axis < 0) axis += a->rank;
    if (axis < 0 || axis > (int64_t)(a->rank - b->rank)) return ox__ev_fail(e, "axis is outside the dims");
    uint32_t rank = a->rank - (uint32_t)axis;
    for (uint32_t i = 0; i < rank; i++) {
        room[i] = i < b->rank ? b->dims[i] : 1;
        if (room[i] != 1 && room[i] != a->dims[axis + i])
            return ox__ev_fail(e, "dims %lld and %lld cannot be broadcast", (long long)a->dims[axis + i],
                               (long long)room[i]);
    }
    in[1] = (ox__shape){rank, room};
    return OX_OK;
}

ox_status ox__ev_operands(ox__ev *e, size_t n, ox__shape *in, int64_t *room)
{
    ox_status s = ox__ev_need(e, 0, n);
    if (s != OX_OK) return s;
    for (size_t k = 0; k < n; k++) in[k] = (ox__shape){e->in[k].rank, e->in[k].dims};
    return n == 2 && e->opset < 7 ? place(e, in, room) : OX_OK;
}

/* ---- rows ---- */
typedef struct walk {
    const ox__spread *sp;
    ox__row_fn fn;
    void *ud;
    uint64_t pieces; /* of a row */
} walk;

/* A unit is a piece of a row, or a row. */
static void units(void *ud, uint64_t from, uint64_t to)
{
    const walk *w = ud;
    const ox__spread *sp = w->sp;
    uint32_t last = sp->rank - 1;
    int64_t at[OX__EVAL_RANK], step[OX__SPREAD_IN];
    uint64_t row = from / w->pieces, pos[OX__SPREAD_IN] = {0}, len = (uint64_t)sp->dims[last], rest = row;
    for (uint32_t d = last; d-- > 0;) {
        at[d] = (int64_t)(rest % (uint64_t)sp->dims[d]);
        rest /= (uint64_t)sp->dims[d];
        for (size_t k = 0; k < OX__SPREAD_IN; k++) pos[k] += (uint64_t)(at[d] * sp->step[k][d]);
    }
    for (size_t k = 0; k < OX__SPREAD_IN; k++) step[k] = sp->step[k][last];
    uint64_t piece = from % w->pieces;
    for (uint64_t u = from; u < to; u++) {
        uint64_t start = piece * OX__ROW, here[OX__SPREAD_IN];
        for (size_t k = 0; k < OX__SPREAD_IN; k++) here[k] = pos[k] + start * (uint64_t)step[k];
        w->fn(w->ud, row * len + start, here, step, (size_t)OX__MIN(len - start, (uint64_t)OX__ROW));
        if (++piece < w->pieces) continue;
        piece = 0;
        row++;
        for (uint32_t d = last; d-- > 0;) {
            for (size_t k = 0; k < OX__SPREAD_IN; k++) pos[k] += (uint64_t)sp->step[k][d];
            if (++at[d] < sp->dims[d]) break;
            for (size_t k = 0; k < OX__SPREAD_IN; k++) pos[k] -= (uint64_t)(sp->step[k][d] * sp->dims[d]);
            at[d] = 0;
        }
    }
}

void ox__ev_rows(ox__ev *e, const ox__spread *sp, unsigned cost, ox__row_fn fn, void *ud)
{
    if (!sp->n) return;
    uint64_t len = (uint64_t)sp->dims[sp->rank - 1];
    walk w = {sp, fn, ud, (len + OX__ROW - 1) / OX__ROW};
    uint64_t unit = OX__MIN(len, (uint64_t)OX__ROW), grain = 65536 / (unit * OX__MAX(cost, 1u)) + 1;
    ox__ev_parallel(e, sp->n / len * w.pieces, grain, units, &w);
}
