/* Floor 3. Running If, Loop, Scan and SequenceMap: their blocks run on data, results of iterations are stacked. */
#include "ops/control.h"

#include "ops/exec.h"

#include <inttypes.h>

/* ---- results of iterations ---- */
typedef OX__VEC(ox_data *) items;

static void free_items(items *v)
{
    for (size_t i = 0; i < v->n; i++) ox_data_free(v->p[i]);
    ox__vec_free(v);
}

static ox_graph block_of(const ox__ev *e, const char *attr)
{
    const ox_attr *a = ox__ev_attr(e, attr, OX_ATTR_GRAPH);
    return a ? a->u.g : (ox_graph){0};
}

/* Where nothing ran, the dims are those that the block declares; a dim that it does not tell is 0. */
static ox_status stack_nothing(ox__ev *e, size_t o, ox_value declared, int64_t axis)
{
    ox_type_info t = ox_type_get(e->m, ox_value_type(e->m, declared));
    if (t.kind != OX_TYPE_TENSOR || !t.dtype)
        return ox__ev_unsupported(e, "no iteration ran, and the type of result %zu is not declared", o);
    uint32_t rank = t.rank < 0 ? 0 : (uint32_t)t.rank, k = 0;
    int64_t *dims = ox__arena_alloc(e->mem, (rank + 1) * sizeof *dims);
    if (!dims) return ox__nomem(e->err);
    ox_status s = ox__ev_axis(e, &axis, rank + 1);
    if (s != OX_OK) return s;
    for (uint32_t i = 0; i <= rank; i++) {
        dims[i] = 0;
        if ((int64_t)i != axis && !ox_dim_is_const(e->m, t.dims[k++], &dims[i])) dims[i] = 0;
    }
    if (t.dtype == OX_STRING) return ox__ev_out_strings(e, o, rank + 1, dims, NULL);
    ox__ev_out(e, o, t.dtype, rank + 1, dims, &s);
    return s;
}

static void copy_elements(ox_dtype dtype, void *dst, uint64_t at, const void *src, uint64_t from, uint64_t n)
{
    unsigned bits = ox_dtype_bits(dtype), item = ox__ev_item(dtype);
    if (item)
        memcpy((char *)dst + at * item, (const char *)src + from * item, (size_t)(n * item));
    else
        for (uint64_t i = 0; i < n; i++) ox__bits_set(dst, at + i, bits, ox__bits_get(src, from + i, bits));
}

/* Makes output o of the items, along a new axis. */
static ox_status stack(ox__ev *e, size_t o, const items *v, int64_t axis, bool backwards)
{
    const ox_data *first = v->p[0];
    uint32_t rank = first->rank;
    int64_t *dims = ox__arena_alloc(e->mem, (rank + 1) * sizeof *dims);
    if (!dims) return ox__nomem(e->err);
    ox_status s = ox__ev_axis(e, &axis, rank + 1);
    if (s != OX_OK) return s;
    uint64_t outer = 1, inner = 1, n = v->n;
    for (uint32_t i = 0, k = 0; i <= rank; i++) {
        dims[i] = i == (uint32_t)axis ? (int64_t)n : first->dims[k++];
        if (i < (uint32_t)axis) outer *= (uint64_t)dims[i];
        if (i > (uint32_t)axis) inner *= (uint64_t)dims[i];
    }
    for (size_t i = 0; i < n; i++)
        if (v->p[i]->kind != OX_DATA_TENSOR || v->p[i]->dtype != first->dtype || v->p[i]->rank != rank ||
            memcmp(v->p[i]->dims, first->dims, rank * sizeof *dims) != 0)
            return ox__ev_fail(e, "result %zu has other dims in iteration %zu than in the first", o, i);
    uint64_t total;
    bool strings = first->dtype == OX_STRING;
    if (!ox__dims_product(dims, rank + 1, &total) || (strings && total > e->max_bytes / sizeof(ox_bytes)))
        return ox__fail(e->err, OX_E_LIMIT, "%s: result %zu is too large", ox__ev_op(e), o);
    void *out = strings ? ox__arena_alloc(e->mem, OX__MAX((size_t)total, 1) * sizeof(ox_bytes))
                        : ox__ev_out(e, o, first->dtype, rank + 1, dims, &s);
    if (!out) return strings ? ox__nomem(e->err) : s;
    for (size_t i = 0; i < n; i++) {
        uint64_t place = backwards ? n - 1 - i : i;
        for (uint64_t k = 0; k < outer; k++)
            copy_elements(first->dtype, out, (k * n + place) * inner, v->p[i]->data, k * inner, inner);
    }
    return strings ? ox__ev_out_strings(e, o, rank + 1, dims, out) : OX_OK;
}

/* Slice i of a tensor along an axis, which goes. */
static ox_status slice(ox__ev *e, const ox_data *d, int64_t axis, uint64_t at, ox_data **out)
{
    uint32_t rank = d->rank;
    uint64_t outer = 1, inner = 1, n = (uint64_t)d->dims[axis];
    int64_t *dims = ox__arena_alloc(e->mem, (rank + 1) * sizeof *dims);
    if (!dims) return ox__nomem(e->err);
    for (uint32_t i = 0, k = 0; i < rank; i++) {
        if (i < (uint32_t)axis) outer *= (uint64_t)d->dims[i];
        if (i > (uint32_t)axis) inner *= (uint64_t)d->dims[i];
        if (i != (uint32_t)axis) dims[k++] = d->dims[i];
    }
    if (d->dtype == OX_STRING) {
        ox_bytes *texts = ox__arena_alloc(e->mem, OX__MAX((size_t)(outer * inner), 1) * sizeof *texts);
        if (!texts) return ox__nomem(e->err);
        for (uint64_t k = 0; k < outer; k++)
            copy_elements(OX_STRING, texts, k * inner, d->data, (k * n + at) * inner, inner);
        return ox_data_strings(out, rank - 1, dims, texts, e->err);
    }
    void *p;
    ox_status s = ox_data_tensor(out, d->dtype, rank - 1, dims, &p, e->err);
    for (uint64_t k = 0; s == OX_OK && k < outer; k++)
        copy_elements(d->dtype, p, k * inner, d->data, (k * n + at) * inner, inner);
    return s;
}

static ox_status scalar(ox__ev *e, ox_dtype dtype, int64_t v, ox_data **out)
{
    void *p;
    ox_status s = ox_data_tensor(out, dtype, 0, NULL, &p, e->err);
    if (s == OX_OK) ox_dtype_set_i64(dtype, p, 0, v);
    return s;
}

static ox_status truth(ox__ev *e, const ox_data *d, bool *out)
{
    if (!d || d->kind != OX_DATA_TENSOR || d->dtype != OX_BOOL || d->n != 1)
        return ox__ev_fail(e, "the condition is not one bool");
    *out = *(const uint8_t *)d->data != 0;
    return OX_OK;
}

/* ---- If ---- */
ox_status ox__eval_if(ox__ev *e)
{
    bool yes = false;
    ox_status s = truth(e, e->n_in ? e->arg[0] : NULL, &yes);
    ox_data **res = ox__arena_alloc(e->mem, (e->n_out + 1) * sizeof(ox_data *));
    if (!res) return ox__nomem(e->err);
    if (s == OX_OK) s = ox__ev_block(e, yes ? "then_branch" : "else_branch", 0, NULL, e->n_out, res);
    for (size_t i = 0; s == OX_OK && i < e->n_out; i++) s = ox__ev_give(e, i, res[i]);
    return s;
}

/* ---- blocks that run again and again ---- */
typedef struct turns {
    ox__ev *e;
    const char *attr;
    size_t n_in, n_out; /* of the block */
    size_t first;       /* outputs of the block before the carried ones: the condition of Loop */
    size_t n_state;
    ox_data **in, **out;
    items *scans; /* n_out - first - n_state */
    uint64_t bytes;
} turns;

static ox_status turns_init(turns *t, ox__ev *e, const char *attr, size_t n_in, size_t first, size_t n_state)
{
    ox_graph g = block_of(e, attr);
    if (!g.id) return ox__ev_fail(e, "the block `%s` is missing", attr);
    *t = (turns){.e = e, .attr = attr, .n_in = n_in, .first = first, .n_state = n_state};
    t->n_out = ox_graph_n_outputs(e->m, g);
    if (ox_graph_n_inputs(e->m, g) != n_in || t->n_out < first + n_state || t->n_out - first != e->n_out)
        return ox__ev_fail(e, "a block of %zu inputs and %zu outputs does not fit %zu inputs and %zu outputs",
                           ox_graph_n_inputs(e->m, g), t->n_out, e->n_in, e->n_out);
    t->in = ox__arena_alloc(e->mem, (t->n_in + 1) * sizeof(ox_data *));
    t->out = ox__arena_alloc(e->mem, (t->n_out + 1) * sizeof(ox_data *));
    t->scans = ox__arena_alloc(e->mem, (t->n_out + 1) * sizeof *t->scans);
    if (!t->in || !t->out || !t->scans) return ox__nomem(e->err);
    memset(t->in, 0, (t->n_in + 1) * sizeof(ox_data *));
    memset(t->out, 0, (t->n_out + 1) * sizeof(ox_data *));
    memset(t->scans, 0, (t->n_out + 1) * sizeof *t->scans);
    return OX_OK;
}

static void turns_free(turns *t)
{
    for (size_t i = 0; t->in && i < t->n_in; i++) ox_data_free(t->in[i]);
    for (size_t i = 0; t->out && i < t->n_out; i++) ox_data_free(t->out[i]);
    for (size_t i = 0; t->scans && i < t->n_out; i++) free_items(&t->scans[i]);
    if (t->e) ox__exec_let_go(t->e->exec, t->bytes);
}

static void set_in(turns *t, size_t i, ox_data *d)
{
    ox_data_free(t->in[i]);
    t->in[i] = d;
}

/* Counts a result that is kept until the last iteration among what the run holds. */
static void keep(ox__ev *e, const ox_data *d, uint64_t *bytes)
{
    uint64_t n = ox__data_bytes(d);
    *bytes += n;
    ox__exec_hold(e->exec, n);
}

/* Runs the block once: carried results become inputs from `state_at` on, the rest are kept. */
static ox_status turn(turns *t, size_t state_at)
{
    ox_status s = ox__ev_block(t->e, t->attr, t->n_in, t->in, t->n_out, t->out);
    if (s != OX_OK) return s;
    for (size_t i = 0; i < t->n_state; i++) {
        set_in(t, state_at + i, t->out[t->first + i]);
        t->out[t->first + i] = NULL;
    }
    for (size_t i = t->first + t->n_state; i < t->n_out; i++) {
        if (!ox__vec_push(&t->scans[i - t->first - t->n_state], t->out[i])) return ox__nomem(t->e->err);
        keep(t->e, t->out[i], &t->bytes);
        t->out[i] = NULL;
    }
    if (t->bytes > t->e->max_bytes)
        return ox__fail(t->e->err, OX_E_LIMIT, "%s: the results of all iterations take too much memory",
                        ox__ev_op(t->e));
    return OX_OK;
}

static ox_status turns_end(turns *t, size_t state_at, const int64_t *axes, size_t n_axes, const int64_t *backwards,
                           size_t n_backwards)
{
    ox_status s = OX_OK;
    ox_graph g = block_of(t->e, t->attr);
    for (size_t i = 0; s == OX_OK && i < t->n_state; i++) {
        if (!t->in[state_at + i]) return ox__ev_fail(t->e, "carried value %zu is absent", i);
        s = ox__ev_give(t->e, i, ox_data_ref(t->in[state_at + i]));
    }
    for (size_t k = 0, i = t->first + t->n_state; s == OX_OK && i < t->n_out; i++, k++) {
        int64_t axis = k < n_axes ? axes[k] : 0;
        s = t->scans[k].n ? stack(t->e, t->n_state + k, &t->scans[k], axis, k < n_backwards && backwards[k])
                          : stack_nothing(t->e, t->n_state + k, ox_graph_output(t->e->m, g, i), axis);
    }
    return s;
}

/* ---- Loop ---- */
ox_status ox__eval_loop(ox__ev *e)
{
    turns t = {0};
    size_t n_state = e->n_in > 2 ? e->n_in - 2 : 0;
    bool go = true;
    int64_t max = INT64_MAX;
    ox_status s = OX_OK;
    if (ox__ev_has(e, 0)) {
        if (e->in[0].n != 1 || !ox_dtype_is_integer(e->in[0].dtype))
            return ox__ev_fail(e, "the trip count is no number");
        max = ox__ev_i64(&e->in[0], 0);
    }
    if (ox__ev_has(e, 1)) OX__TRY(truth(e, e->arg[1], &go));
    OX__TRY(turns_init(&t, e, "body", n_state + 2, 1, n_state));
    for (size_t i = 0; i < n_state; i++) set_in(&t, i + 2, ox_data_ref(e->arg[i + 2]));
    for (int64_t i = 0; i < max && go; i++) {
        ox_data *count, *cond;
        OX__TRY(scalar(e, OX_INT64, i, &count));
        set_in(&t, 0, count);
        OX__TRY(scalar(e, OX_BOOL, go, &cond));
        set_in(&t, 1, cond);
        OX__TRY(turn(&t, 2));
        OX__TRY(truth(e, t.out[0], &go));
        ox_data_free(t.out[0]);
        t.out[0] = NULL;
    }
    OX__TRY(turns_end(&t, 2, NULL, 0, NULL, 0));
out:
    turns_free(&t);
    return s;
}

/* ---- Scan ---- */
typedef struct scan {
    size_t n_state, n_scan;
    const int64_t *axes, *directions, *out_axes, *out_directions;
    size_t n_axes, n_directions, n_out_axes, n_out_directions;
} scan;

static bool at(const int64_t *v, size_t n, size_t i)
{
    return i < n && v[i];
}

/* The length that all scanned inputs share; their axes become non-negative. */
static ox_status scan_length(ox__ev *e, const scan *k, int64_t *axis, int64_t *len)
{
    *len = -1;
    for (size_t i = 0; i < k->n_scan; i++) {
        const ox__dense *in = &e->in[k->n_state + i];
        if (!in->data) return ox__ev_fail(e, "input %zu is absent or no tensor", k->n_state + i);
        axis[i] = i < k->n_axes ? k->axes[i] : 0;
        ox_status s = ox__ev_axis(e, &axis[i], in->rank);
        if (s != OX_OK) return s;
        if (*len >= 0 && in->dims[axis[i]] != *len)
            return ox__ev_fail(e, "inputs of %" PRId64 " and %" PRId64 " steps", *len, in->dims[axis[i]]);
        *len = in->dims[axis[i]];
    }
    return OX_OK;
}

static ox_status scan_all(ox__ev *e, const scan *k, int64_t limit)
{
    turns t = {0};
    int64_t len, *axis = ox__arena_alloc(e->mem, (k->n_scan + 1) * sizeof *axis);
    ox_status s = axis ? OX_OK : ox__nomem(e->err);
    if (s == OX_OK) s = scan_length(e, k, axis, &len);
    if (s != OX_OK) return s;
    if (limit >= 0 && limit < len) len = limit;
    OX__TRY(turns_init(&t, e, "body", e->n_in, 0, k->n_state));
    for (size_t i = 0; i < k->n_state; i++) set_in(&t, i, ox_data_ref(e->arg[i]));
    for (int64_t step = 0; step < len; step++) {
        for (size_t i = 0; i < k->n_scan; i++) {
            ox_data *d = NULL;
            int64_t place = at(k->directions, k->n_directions, i) ? len - 1 - step : step;
            OX__TRY(slice(e, e->arg[k->n_state + i], axis[i], (uint64_t)place, &d));
            set_in(&t, k->n_state + i, d);
        }
        OX__TRY(turn(&t, 0));
    }
    OX__TRY(turns_end(&t, 0, k->out_axes, k->n_out_axes, k->out_directions, k->n_out_directions));
out:
    turns_free(&t);
    return s;
}

/* Opset 8: an optional input of lengths comes first, and every other input and output has a batch dim in front. Each
 * sample is scanned alone and the results are stacked. */
static ox_status scan_batches(ox__ev *e, scan *k)
{
    if (e->n_in < 2 || !ox__ev_has(e, 1) || e->in[1].rank < 1) return ox__ev_fail(e, "the batch is not known");
    uint64_t batch = (uint64_t)e->in[1].dims[0];
    size_t n_in = e->n_in - 1;
    ox_status s = OX_OK;
    items *all = ox__arena_alloc(e->mem, (e->n_out + 1) * sizeof *all);
    ox_data **arg = ox__arena_alloc(e->mem, (n_in + 1) * sizeof(ox_data *)),
            **res = ox__arena_alloc(e->mem, (e->n_out + 1) * sizeof(ox_data *));
    ox__dense *in = ox__arena_alloc(e->mem, (n_in + 1) * sizeof *in),
              *out = ox__arena_alloc(e->mem, (e->n_out + 1) * sizeof *out);
    if (!all || !arg || !res || !in || !out) return ox__nomem(e->err);
    memset(all, 0, (e->n_out + 1) * sizeof *all);
    for (uint64_t b = 0; s == OX_OK && b < batch; b++) {
        ox__ev one = *e;
        one.n_in = n_in, one.arg = arg, one.in = in, one.res = res, one.out = out;
        memset(arg, 0, (n_in + 1) * sizeof(ox_data *));
        memset(res, 0, (e->n_out + 1) * sizeof(ox_data *));
        for (size_t i = 0; s == OX_OK && i < n_in; i++) {
            const ox__dense *whole = &e->in[i + 1];
            if (!whole->data || whole->rank < 1 || (uint64_t)whole->dims[0] != batch)
                s = ox__ev_fail(e, "input %zu has no batch of %" PRIu64, i + 1, batch);
            if (s == OX_OK) s = slice(e, e->arg[i + 1], 0, b, &arg[i]);
            if (s == OX_OK) in[i] = (ox__dense){arg[i]->dtype, arg[i]->rank, arg[i]->dims, arg[i]->n, arg[i]->data};
        }
        bool has_length = ox__ev_has(e, 0) && b < e->in[0].n;
        if (s == OX_OK) s = scan_all(&one, k, has_length ? ox__ev_i64(&e->in[0], b) : -1);
        for (size_t i = 0; i < n_in; i++) ox_data_free(arg[i]);
        for (size_t i = 0; i < e->n_out; i++) {
            if (s == OX_OK && res[i] && ox__vec_push(&all[i], res[i])) continue;
            if (s == OX_OK) s = ox__nomem(e->err);
            ox_data_free(res[i]);
        }
    }
    for (size_t i = 0; i < e->n_out; i++) {
        if (s == OX_OK) s = all[i].n ? stack(e, i, &all[i], 0, false) : ox__ev_fail(e, "the batch is empty");
        free_items(&all[i]);
    }
    return s;
}

ox_status ox__eval_scan(ox__ev *e)
{
    bool batched = e->opset < 9;
    size_t n_in = batched ? e->n_in - (e->n_in > 0) : e->n_in;
    int64_t n_scan = ox__ev_int(e, "num_scan_inputs", 0);
    if (n_scan < 1 || (uint64_t)n_scan > n_in) return ox__ev_fail(e, "num_scan_inputs = %" PRId64, n_scan);
    scan k = {.n_state = n_in - (size_t)n_scan, .n_scan = (size_t)n_scan};
    k.directions = ox__ev_ints(e, batched ? "directions" : "scan_input_directions", &k.n_directions);
    if (batched) return scan_batches(e, &k);
    k.axes = ox__ev_ints(e, "scan_input_axes", &k.n_axes);
    k.out_axes = ox__ev_ints(e, "scan_output_axes", &k.n_out_axes);
    k.out_directions = ox__ev_ints(e, "scan_output_directions", &k.n_out_directions);
    return scan_all(e, &k, -1);
}

/* ---- SequenceMap ---- */
ox_status ox__eval_sequence_map(ox__ev *e)
{
    if (!e->n_in || !e->arg[0] || e->arg[0]->kind != OX_DATA_SEQUENCE)
        return ox__ev_fail(e, "the first input is no sequence");
    uint64_t n = e->arg[0]->n, bytes = 0;
    ox_status s = OX_OK;
    items *all = ox__arena_alloc(e->mem, (e->n_out + 1) * sizeof *all);
    ox_data **in = ox__arena_alloc(e->mem, e->n_in * sizeof(ox_data *)),
            **out = ox__arena_alloc(e->mem, (e->n_out + 1) * sizeof(ox_data *));
    if (!all || !in || !out) return ox__nomem(e->err);
    memset(all, 0, (e->n_out + 1) * sizeof *all);
    for (uint64_t k = 0; s == OX_OK && k < n; k++) {
        for (size_t i = 0; s == OX_OK && i < e->n_in; i++) {
            in[i] = e->arg[i];
            if (!in[i] || in[i]->kind != OX_DATA_SEQUENCE) continue;
            if (in[i]->n <= k) s = ox__ev_fail(e, "sequences of %" PRIu64 " and %" PRIu64 " items", n, in[i]->n);
            if (s == OX_OK) in[i] = in[i]->items[k];
        }
        if (s == OX_OK) s = ox__ev_block(e, "body", e->n_in, in, e->n_out, out);
        for (size_t i = 0, made = s == OX_OK ? e->n_out : 0; i < made; i++) {
            if (s == OX_OK && ox__vec_push(&all[i], out[i])) {
                keep(e, out[i], &bytes);
                continue;
            }
            ox_data_free(out[i]);
            s = ox__nomem(e->err);
        }
        if (s == OX_OK && bytes > e->max_bytes)
            s = ox__fail(e->err, OX_E_LIMIT, "%s: the results of all iterations take too much memory", ox__ev_op(e));
    }
    ox__exec_let_go(e->exec, bytes);
    for (size_t i = 0; i < e->n_out; i++) {
        ox_data *d = NULL;
        ox_type_info t = ox_type_get(e->m, ox_value_type(e->m, ox_graph_output(e->m, block_of(e, "body"), i)));
        if (s == OX_OK) s = ox_data_list(&d, OX_DATA_SEQUENCE, t.dtype, all[i].n, all[i].p, e->err);
        if (s == OX_OK) s = ox__ev_give(e, i, d);
        free_items(&all[i]);
    }
    return s;
}
