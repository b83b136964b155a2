/* Floor 3. Computing the operators on sequences and optionals. Items are shared, never copied. */
#include "ops/move.h"
#include "ops/sequence.h"

#include <inttypes.h>

/* ---- sequences ---- */
static ox_status sequence_of(ox__ev *e, const ox_data **out)
{
    *out = e->n_in ? e->arg[0] : NULL;
    return *out && (*out)->kind == OX_DATA_SEQUENCE ? OX_OK : ox__ev_fail(e, "input 0 is no sequence");
}

/* The position that input i gives among n, or def when it is absent; negative ones count from the end. */
static ox_status position(ox__ev *e, size_t i, int64_t n, int64_t count, int64_t def, int64_t *out)
{
    *out = def;
    if (i < e->n_in && e->arg[i]) {
        if (!ox__ev_has(e, i) || e->in[i].n != 1 || !ox_dtype_is_integer(e->in[i].dtype))
            return ox__ev_fail(e, "the position is no integer scalar");
        *out = ox__ev_i64(&e->in[i], 0);
    }
    int64_t given = *out;
    if (*out < 0) *out += count;
    return *out >= 0 && *out < n ? OX_OK : ox__ev_fail(e, "position %" PRId64 " of %" PRId64 " items", given, count);
}

static ox_status give_list(ox__ev *e, ox_data_kind kind, ox_dtype dtype, size_t n, ox_data *const *items)
{
    ox_data *d;
    ox_status s = ox_data_list(&d, kind, dtype, n, items, e->err);
    return s == OX_OK ? ox__ev_give(e, 0, d) : s;
}

ox_status ox__eval_sequence_construct(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, OX__MAX(e->n_in, 1));
    for (size_t i = 1; s == OX_OK && i < e->n_in; i++)
        if (e->in[i].dtype != e->in[0].dtype) s = ox__ev_fail(e, "item %zu differs from the first in type", i);
    return s == OX_OK ? give_list(e, OX_DATA_SEQUENCE, e->in[0].dtype, e->n_in, e->arg) : s;
}

ox_status ox__eval_sequence_empty(ox__ev *e)
{
    int64_t dtype = ox__ev_int(e, "dtype", OX_FLOAT);
    if (dtype <= 0 || dtype >= OX_N_DTYPES) return ox__ev_fail(e, "dtype %" PRId64, dtype);
    return give_list(e, OX_DATA_SEQUENCE, (ox_dtype)dtype, 0, NULL);
}

ox_status ox__eval_sequence_at(ox__ev *e)
{
    const ox_data *q;
    int64_t at = 0;
    ox_status s = sequence_of(e, &q);
    if (s == OX_OK) s = position(e, 1, (int64_t)q->n, (int64_t)q->n, 0, &at);
    return s == OX_OK ? ox__ev_give(e, 0, ox_data_ref(q->items[at])) : s;
}

ox_status ox__eval_sequence_insert(ox__ev *e)
{
    const ox_data *q;
    int64_t at = 0;
    ox_status s = sequence_of(e, &q);
    if (s == OX_OK) s = ox__ev_need(e, 1, 2);
    if (s == OX_OK && q->dtype && q->dtype != e->in[1].dtype)
        s = ox__ev_fail(e, "the tensor differs from the items in type");
    if (s == OX_OK) s = position(e, 2, (int64_t)q->n + 1, (int64_t)q->n, (int64_t)q->n, &at);
    ox_data **items = s == OX_OK ? ox__arena_alloc(e->mem, ((size_t)q->n + 1) * sizeof(ox_data *)) : NULL;
    if (!items) return s != OX_OK ? s : ox__nomem(e->err);
    for (uint64_t i = 0; i <= q->n; i++)
        items[i] = i == (uint64_t)at ? e->arg[1] : q->items[i > (uint64_t)at ? i - 1 : i];
    return give_list(e, OX_DATA_SEQUENCE, e->in[1].dtype, (size_t)q->n + 1, items);
}

ox_status ox__eval_sequence_erase(ox__ev *e)
{
    const ox_data *q;
    int64_t at = 0;
    ox_status s = sequence_of(e, &q);
    if (s == OX_OK) s = position(e, 1, (int64_t)q->n, (int64_t)q->n, (int64_t)q->n - 1, &at);
    ox_data **items = s == OX_OK ? ox__arena_alloc(e->mem, (size_t)q->n * sizeof(ox_data *)) : NULL;
    if (!items) return s != OX_OK ? s : ox__nomem(e->err);
    for (uint64_t i = 0; i + 1 < q->n; i++) items[i] = q->items[i >= (uint64_t)at ? i + 1 : i];
    return give_list(e, OX_DATA_SEQUENCE, q->dtype, (size_t)q->n - 1, items);
}

ox_status ox__eval_sequence_length(ox__ev *e)
{
    const ox_data *q;
    ox_status s = sequence_of(e, &q);
    int64_t *out = s == OX_OK ? ox__ev_out(e, 0, OX_INT64, 0, NULL, &s) : NULL;
    if (out) *out = (int64_t)q->n;
    return s;
}

/* ---- sequences and tensors ---- */

/* The dims of the result; all items must agree beside the axis. */
static ox_status joined_dims(ox__ev *e, const ox_data *q, bool fresh, int64_t axis, int64_t *dims)
{
    const ox_data *a = q->items[0];
    for (uint32_t i = 0, k = 0; i < a->rank + fresh; i++)
        dims[i] = (int64_t)i != axis ? a->dims[k++] : fresh ? (int64_t)q->n : (k++, 0);
    for (uint64_t k = 0; k < q->n; k++) {
        const ox_data *b = q->items[k];
        bool fits = b->kind == OX_DATA_TENSOR && b->dtype == a->dtype && b->rank == a->rank;
        for (uint32_t i = 0; fits && i < a->rank; i++)
            fits = b->dims[i] == a->dims[i] || (!fresh && (int64_t)i == axis);
        if (!fits) return ox__ev_fail(e, "item %" PRIu64 " does not fit the first", k);
        if (!fresh && __builtin_add_overflow(dims[axis], b->dims[axis], &dims[axis]))
            return ox__ev_fail(e, "the dims are too large");
    }
    return OX_OK;
}

ox_status ox__eval_concat_from_sequence(ox__ev *e)
{
    const ox_data *q;
    ox_status s = sequence_of(e, &q);
    if (s != OX_OK) return s;
    if (!q->n || q->items[0]->kind != OX_DATA_TENSOR) return ox__ev_fail(e, "the sequence holds no tensors");
    bool fresh = ox__ev_int(e, "new_axis", 0) != 0;
    int64_t axis = ox__ev_int(e, "axis", 0);
    uint32_t rank = q->items[0]->rank + fresh;
    int64_t *dims = ox__mv_dims(e, rank, &s);
    if (dims) s = ox__ev_axis(e, &axis, rank);
    if (s == OX_OK) s = joined_dims(e, q, fresh, axis, dims);
    ox__dest d;
    if (s == OX_OK) s = ox__mv_begin(e, &d, 0, q->items[0]->dtype, rank, dims);
    if (s != OX_OK) return s;
    uint64_t outer, inner, at = 0;
    ox__mv_around(dims, rank, axis, &outer, &inner);
    for (uint64_t k = 0; d.n && k < q->n; k++) {
        const ox_data *b = q->items[k];
        ox__dense item = {b->dtype, b->rank, b->dims, b->n, b->data};
        unsigned size;
        const uint8_t *src = ox__mv_source(e, &item, &size);
        if (!src) return OX_E_NOMEM;
        uint64_t bytes = (fresh ? 1 : (uint64_t)b->dims[axis]) * inner * size;
        ox__mv_rows(e, d.data + at, (uint64_t)dims[axis] * inner * size, src, bytes, bytes, outer);
        at += bytes;
    }
    return ox__mv_end(e, &d);
}

/* The sizes of the parts: given one by one, or by one number that the last part may fall short of. */
static ox_status part_sizes(ox__ev *e, int64_t total, const int64_t **out, size_t *n)
{
    int64_t part = 1, sum = 0;
    if (ox__ev_has(e, 1) && e->in[1].rank > 0) {
        if (!ox__ev_list(e, NULL, 1, out, n)) return ox__nomem(e->err);
        for (size_t i = 0; i < *n; i++)
            if ((*out)[i] < 0 || __builtin_add_overflow(sum, (*out)[i], &sum))
                return ox__ev_fail(e, "a part of %" PRId64, (*out)[i]);
        return sum == total ? OX_OK
                            : ox__ev_fail(e, "the sizes sum up to %" PRId64 ", the dim is %" PRId64, sum, total);
    }
    if (ox__ev_has(e, 1)) part = ox__ev_i64(&e->in[1], 0);
    if (part < 1) return ox__ev_fail(e, "parts of %" PRId64, part);
    int64_t count = total / part + (total % part != 0);
    if ((uint64_t)count > OX__MAX(e->in[0].n, 1024))
        return ox__fail(e->err, OX_E_LIMIT, "%s: %" PRId64 " empty items are too many", ox__ev_op(e), count);
    int64_t *sizes = ox__arena_alloc(e->mem, ((size_t)count + 1) * sizeof *sizes);
    if (!sizes) return ox__nomem(e->err);
    for (int64_t i = 0; i < count; i++) sizes[i] = OX__MIN(part, total - i * part);
    *out = sizes;
    *n = (size_t)count;
    return OX_OK;
}

ox_status ox__eval_split_to_sequence(ox__ev *e)
{
    const ox__dense *a = &e->in[0];
    const int64_t *sizes;
    size_t n, made = 0;
    unsigned size;
    ox_status s = ox__ev_need(e, 0, 1);
    int64_t axis = ox__ev_int(e, "axis", 0);
    if (s == OX_OK) s = ox__ev_axis(e, &axis, a->rank);
    if (s == OX_OK) s = part_sizes(e, a->dims[axis], &sizes, &n);
    int64_t *dims = s == OX_OK ? ox__mv_dims(e, a->rank, &s) : NULL;
    if (!dims) return s;
    bool drop = !ox__ev_has(e, 1) && ox__ev_int(e, "keepdims", 1) == 0;
    uint64_t outer, inner;
    memcpy(dims, a->dims, a->rank * sizeof *dims);
    ox__mv_around(a->dims, a->rank, axis, &outer, &inner);
    for (uint32_t i = (uint32_t)axis; drop && i + 1 < a->rank; i++) dims[i] = dims[i + 1];
    ox_data **items = ox__arena_alloc(e->mem, (n + 1) * sizeof(ox_data *));
    const uint8_t *src = items ? ox__mv_source(e, a, &size) : NULL;
    if (!src) return ox__nomem(e->err);
    for (; made < n; made++) {
        ox__dest d;
        uint64_t bytes = (uint64_t)sizes[made] * inner * size;
        if (!drop) dims[axis] = sizes[made];
        OX__TRY(ox__mv_begin_data(e, &d, a->dtype, a->rank - drop, dims));
        if (d.n) ox__mv_rows(e, d.data, bytes, src, (uint64_t)a->dims[axis] * inner * size, bytes, outer);
        OX__TRY(ox__mv_end_data(e, &d, &items[made]));
        src += bytes;
    }
    OX__TRY(give_list(e, OX_DATA_SEQUENCE, a->dtype, n, items));
out:
    for (size_t i = 0; i < made; i++) ox_data_free(items[i]);
    return s;
}

/* ---- optionals ---- */

/* The dtype of the tensors in a type. */
static ox_dtype dtype_in(const ox_model *m, ox_type t)
{
    ox_type_info info = ox_type_get(m, t);
    while (info.kind != OX_TYPE_TENSOR && info.n_items == 1) info = ox_type_get(m, info.items[0]);
    return info.kind == OX_TYPE_TENSOR ? info.dtype : OX_UNDEFINED;
}

ox_status ox__eval_optional(ox__ev *e)
{
    if (e->n_in && e->arg[0] && e->arg[0]->kind == OX_DATA_OPTIONAL)
        return ox__ev_fail(e, "the input is an optional itself");
    if (e->n_in && e->arg[0]) return give_list(e, OX_DATA_OPTIONAL, e->arg[0]->dtype, 1, e->arg);
    const ox_attr *type = ox__ev_attr(e, "type", OX_ATTR_TYPE);
    return give_list(e, OX_DATA_OPTIONAL, type ? dtype_in(e->m, type->u.type) : OX_UNDEFINED, 0, NULL);
}

ox_status ox__eval_optional_has(ox__ev *e)
{
    const ox_data *d = e->n_in ? e->arg[0] : NULL;
    ox_status s = OX_OK;
    uint8_t *out = ox__ev_out(e, 0, OX_BOOL, 0, NULL, &s);
    if (out) *out = d && (d->kind != OX_DATA_OPTIONAL || d->n);
    return s;
}

/* From opset 18 on the input may be a tensor or a sequence itself. */
ox_status ox__eval_optional_get(ox__ev *e)
{
    ox_data *d = e->n_in ? e->arg[0] : NULL;
    if (!d || (d->kind == OX_DATA_OPTIONAL && !d->n)) return ox__ev_fail(e, "the optional is empty");
    return ox__ev_give(e, 0, ox_data_ref(d->kind == OX_DATA_OPTIONAL ? d->items[0] : d));
}
