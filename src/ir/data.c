/* Floor 1. Run-time data: making, counting, sharing. Reading it from a model's tensors and back: data_tensor.c. */
#include "ir/data.h"

#include <stdlib.h>

static const ox_data_info nothing;

ox_data_info ox_data_get(const ox_data *d)
{
    if (!d) return nothing;
    ox_data_info i = {.kind = (ox_data_kind)d->kind,
                      .dtype = d->dtype,
                      .rank = d->rank,
                      .dims = d->dims,
                      .n = d->n,
                      .data = d->data,
                      .items = d->items,
                      .keys = d->keys};
    if (d->kind != OX_DATA_TENSOR) return i;
    if (d->dtype == OX_STRING)
        i.n_bytes = d->n * sizeof(ox_bytes);
    else if (!ox_dtype_bytes(d->dtype, d->n, &i.n_bytes))
        i.n_bytes = 0;
    return i;
}

ox_data *ox_data_ref(ox_data *d)
{
    if (d) d->refs++;
    return d;
}

/* Items nest as deep as types do, which is bounded. */
void ox_data_free(ox_data *d)
{
    if (!d || --d->refs) return;
    if (d->base)
        ox_data_free(d->base);
    else if (!d->borrowed)
        ox__free(d->data);
    ox__free(d->text);
    for (uint64_t i = 0; d->items && i < d->n; i++) ox_data_free(d->items[i]);
    ox__free(d->items);
    ox_data_free(d->keys);
    ox__free(d);
}

uint64_t ox__data_bytes(const ox_data *d)
{
    uint64_t n = d ? ox_data_get(d).n_bytes + d->n_text : 0;
    for (uint64_t i = 0; d && d->items && i < d->n; i++) n += ox__data_bytes(d->items[i]);
    return n;
}

bool ox__dims_product(const int64_t *dims, uint32_t rank, uint64_t *n)
{
    uint64_t product = 1;
    bool empty = false, fits = true;
    for (uint32_t i = 0; i < rank; i++) {
        if (dims[i] < 0) return false;
        if (dims[i] == 0)
            empty = true;
        else if (__builtin_mul_overflow(product, (uint64_t)dims[i], &product))
            fits = false;
    }
    *n = empty ? 0 : product;
    return empty || fits;
}

ox_data *ox__data_new(ox_data_kind kind, ox_dtype dtype, uint32_t rank, const int64_t *dims, uint64_t n)
{
    ox_data *d = ox__alloc(sizeof *d + rank * sizeof *dims);
    if (!d) return NULL;
    memset(d, 0, sizeof *d);
    d->refs = 1;
    d->kind = (uint8_t)kind;
    d->dtype = dtype;
    d->rank = rank;
    d->n = n;
    if (rank) memcpy(d->dims, dims, rank * sizeof *dims);
    return d;
}

ox_status ox_data_tensor(ox_data **out, ox_dtype dtype, uint32_t rank, const int64_t *dims, void **bytes, ox_error *err)
{
    uint64_t n, size;
    if (!ox__dims_product(dims, rank, &n) || !ox_dtype_bytes(dtype, n, &size) || size > SIZE_MAX / 2)
        return ox__fail(err, OX_E_LIMIT, "a tensor of that type and those dims cannot be held in memory");
    ox_data *d = ox__data_new(OX_DATA_TENSOR, dtype, rank, dims, n);
    if (!d) return ox__nomem(err);
    /* Some bytes more, so that what works in words may read beyond the last element. */
    d->data = ox__calloc(1, (size_t)size + 8);
    if (!d->data) {
        ox_data_free(d);
        return ox__nomem(err);
    }
    if (bytes) *bytes = d->data;
    *out = d;
    return OX_OK;
}

ox_status ox_data_strings(ox_data **out, uint32_t rank, const int64_t *dims, const ox_bytes *texts, ox_error *err)
{
    uint64_t n, total = 0;
    if (!ox__dims_product(dims, rank, &n) || n > SIZE_MAX / 2 / sizeof *texts)
        return ox__fail(err, OX_E_LIMIT, "a tensor of those dims cannot be held in memory");
    for (uint64_t i = 0; i < n; i++)
        if (__builtin_add_overflow(total, texts[i].n, &total) || total > SIZE_MAX / 2)
            return ox__fail(err, OX_E_LIMIT, "the strings of a tensor cannot be held in memory");
    ox_data *d = ox__data_new(OX_DATA_TENSOR, OX_STRING, rank, dims, n);
    if (!d) return ox__nomem(err);
    ox_bytes *rows = ox__alloc((size_t)n * sizeof *rows);
    d->data = rows;
    d->text = ox__alloc((size_t)total);
    d->n_text = total;
    if (!rows || !d->text) {
        ox_data_free(d);
        return ox__nomem(err);
    }
    char *p = d->text;
    for (uint64_t i = 0; i < n; i++) {
        rows[i] = (ox_bytes){p, texts[i].n};
        if (texts[i].n) memcpy(p, texts[i].p, texts[i].n);
        p += texts[i].n;
    }
    *out = d;
    return OX_OK;
}

ox_status ox_data_reshaped(ox_data **out, ox_data *d, uint32_t rank, const int64_t *dims, ox_error *err)
{
    uint64_t n;
    if (!d || d->kind != OX_DATA_TENSOR || !ox__dims_product(dims, rank, &n) || n != d->n)
        return ox__fail(err, OX_E_INVALID, "the elements of a tensor do not fill other dims");
    ox_data *r = ox__data_new(OX_DATA_TENSOR, d->dtype, rank, dims, n);
    if (!r) return ox__nomem(err);
    r->base = ox_data_ref(d->base ? d->base : d);
    r->data = d->data;
    *out = r;
    return OX_OK;
}

ox_status ox_data_list(ox_data **out, ox_data_kind kind, ox_dtype dtype, size_t n, ox_data *const *items, ox_error *err)
{
    if ((kind != OX_DATA_SEQUENCE && kind != OX_DATA_OPTIONAL) || (kind == OX_DATA_OPTIONAL && n > 1))
        return ox__fail(err, OX_E_INVALID, "neither a sequence nor an optional");
    if (!dtype && n && items[0]) dtype = items[0]->dtype;
    ox_data *d = ox__data_new(kind, dtype, 0, NULL, 0);
    if (!d) return ox__nomem(err);
    d->items = ox__alloc(n * sizeof(ox_data *));
    if (!d->items) {
        ox_data_free(d);
        return ox__nomem(err);
    }
    for (size_t i = 0; i < n; i++) d->items[i] = ox_data_ref(items[i]);
    d->n = n;
    *out = d;
    return OX_OK;
}

ox_status ox_data_map(ox_data **out, ox_data *keys, ox_data *values, ox_error *err)
{
    if (!keys || !values || keys->kind != OX_DATA_TENSOR || keys->rank != 1 || values->kind != OX_DATA_TENSOR ||
        values->n != keys->n)
        return ox__fail(err, OX_E_INVALID, "the keys and values of a map do not match");
    ox_data *d = ox__data_new(OX_DATA_MAP, keys->dtype, 0, NULL, 0);
    if (!d) return ox__nomem(err);
    d->items = ox__alloc(sizeof(ox_data *));
    if (!d->items) {
        ox_data_free(d);
        return ox__nomem(err);
    }
    d->items[0] = ox_data_ref(values);
    d->n = 1;
    d->keys = ox_data_ref(keys);
    *out = d;
    return OX_OK;
}
