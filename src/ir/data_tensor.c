/* Floor 1. Run-time data from the tensors of a model, and back. */
#include "ir/data.h"

static ox_status of_strings(ox_data **out, const ox_model *m, const ox_tensor_info *t, ox_error *err)
{
    ox_bytes *texts = ox__alloc((size_t)t->n_elements * sizeof *texts);
    if (!texts) return ox__nomem(err);
    for (uint64_t i = 0; i < t->n_elements; i++) texts[i].p = ox_str_text(m, t->strings[i], &texts[i].n);
    ox_status s = ox_data_strings(out, t->rank, t->dims, texts, err);
    ox__free(texts);
    return s;
}

/* Where non-zero number k stands: indices are positions in the flattened tensor, or one row of coordinates each. */
static bool sparse_place(const ox_tensor_info *t, const ox_data *indices, uint64_t k, uint64_t *at)
{
    const int64_t *idx = indices->data;
    if (indices->rank == 1) {
        if (idx[k] < 0 || (uint64_t)idx[k] >= t->n_elements) return false;
        *at = (uint64_t)idx[k];
        return true;
    }
    uint64_t place = 0;
    for (uint32_t i = 0; i < t->rank; i++) {
        int64_t x = idx[k * t->rank + i];
        if (x < 0 || x >= t->dims[i]) return false;
        place = place * (uint64_t)t->dims[i] + (uint64_t)x;
    }
    *at = place;
    return true;
}

static ox_status fill_sparse(ox_data *dense, const ox_tensor_info *t, const ox_data *values, const ox_data *indices,
                             ox_error *err)
{
    unsigned bits = ox_dtype_bits(t->dtype);
    uint64_t n = values->n;
    bool shaped = indices->dtype == OX_INT64 &&
                  ((indices->rank == 1 && indices->n == n) ||
                   (indices->rank == 2 && indices->dims[1] == (int64_t)t->rank && (uint64_t)indices->dims[0] == n));
    if (!shaped || values->dtype != t->dtype)
        return ox__fail(err, OX_E_INVALID, "the indices of a sparse tensor do not fit its values");
    for (uint64_t k = 0; k < n; k++) {
        uint64_t at;
        if (!sparse_place(t, indices, k, &at))
            return ox__fail(err, OX_E_INVALID, "an index of a sparse tensor is outside its dims");
        if (bits % 8 == 0)
            memcpy((char *)dense->data + at * (bits / 8), (const char *)values->data + k * (bits / 8), bits / 8);
        else
            ox__bits_set(dense->data, at, bits, ox__bits_get(values->data, k, bits));
    }
    return OX_OK;
}

static ox_status of_sparse(ox_data **out, const ox_model *m, const ox_tensor_info *t, uint64_t max, ox_error *err)
{
    ox_data *values = NULL, *indices = NULL, *dense = NULL;
    ox_status s = ox_data_of_tensor(&values, m, t->values, max, err);
    if (s == OX_OK) s = ox_data_of_tensor(&indices, m, t->indices, max, err);
    if (s == OX_OK && t->dtype == OX_STRING)
        s = ox__fail(err, OX_E_UNSUPPORTED, "a sparse tensor of strings cannot be made dense");
    if (s == OX_OK) s = ox_data_tensor(&dense, t->dtype, t->rank, t->dims, NULL, err);
    if (s == OX_OK) s = fill_sparse(dense, t, values, indices, err);
    ox_data_free(values);
    ox_data_free(indices);
    if (s == OX_OK)
        *out = dense;
    else
        ox_data_free(dense);
    return s;
}

ox_status ox_data_of_tensor(ox_data **out, const ox_model *m, ox_tensor t, uint64_t max_bytes, ox_error *err)
{
    ox_tensor_info info = ox_tensor_get(m, t);
    uint64_t bytes = 0;
    if (t.id && info.dtype == OX_UNDEFINED)
        return ox__fail(err, OX_E_FORMAT, "a tensor does not say what its elements are");
    if (info.encoding == OX_ENC_STRINGS)
        bytes = info.n_elements > max_bytes / sizeof(ox_bytes) ? UINT64_MAX : info.n_elements * sizeof(ox_bytes);
    else if (!ox_dtype_bytes(info.dtype, info.n_elements, &bytes))
        bytes = UINT64_MAX;
    if (t.id && bytes > max_bytes)
        return ox__fail(err, OX_E_LIMIT, "a tensor of %llu bytes is more than the %llu that are allowed",
                        (unsigned long long)bytes, (unsigned long long)max_bytes);
    if (info.storage == OX_STORAGE_SPARSE) return of_sparse(out, m, &info, max_bytes, err);
    if (t.id && info.encoding == OX_ENC_STRINGS && info.storage != OX_STORAGE_LOST)
        return of_strings(out, m, &info, err);
    ox_data *d;
    void *p;
    ox_status s = ox_data_tensor(&d, info.dtype, info.rank, info.dims, &p, err);
    if (s != OX_OK) return s;
    s = ox_tensor_read(m, t, 0, p, ox_tensor_raw_size(m, t), err);
    if (s == OX_OK)
        *out = d;
    else
        ox_data_free(d);
    return s;
}

ox_status ox_data_to_tensor(ox_model *m, ox_tensor *out, const ox_data *d, ox_error *err)
{
    if (!d || d->kind != OX_DATA_TENSOR) return ox__fail(err, OX_E_INVALID, "the data is no tensor");
    ox_data_info i = ox_data_get(d);
    if (d->dtype != OX_STRING) return ox_tensor_add_raw(m, out, d->dtype, d->rank, d->dims, d->data, i.n_bytes, err);
    const ox_bytes *texts = d->data;
    ox_str *strings = ox__alloc((size_t)d->n * sizeof *strings);
    if (!strings) return ox__nomem(err);
    for (uint64_t k = 0; k < d->n; k++) strings[k] = ox_str_add(m, texts[k].p, texts[k].n);
    ox_tensor_info info = {.dtype = OX_STRING,
                           .rank = d->rank,
                           .dims = d->dims,
                           .storage = OX_STORAGE_OWNED,
                           .encoding = OX_ENC_STRINGS,
                           .strings = strings};
    ox_status s = ox_model_status(m, err);
    if (s == OX_OK) s = ox_tensor_add(m, out, &info, err);
    ox__free(strings);
    return s;
}

ox_type ox_data_type(ox_model *m, const ox_data *d)
{
    if (!d) return (ox_type){0};
    if (d->kind == OX_DATA_SEQUENCE || d->kind == OX_DATA_OPTIONAL) {
        ox_type item = d->n ? ox_data_type(m, d->items[0]) : ox_type_tensor(m, d->dtype, OX_RANK_UNKNOWN, NULL);
        /* One type serves all items: only what they share is known. */
        for (uint64_t i = 1; i < d->n; i++)
            if (ox_data_type(m, d->items[i]).id != item.id)
                item = ox_type_tensor(m, d->items[0]->dtype, OX_RANK_UNKNOWN, NULL);
        return ox_type_of(m, d->kind == OX_DATA_SEQUENCE ? OX_TYPE_SEQUENCE : OX_TYPE_OPTIONAL, item);
    }
    if (d->kind != OX_DATA_TENSOR || d->rank > OX_MAX_RANK) return (ox_type){0};
    ox_dim *dims = ox__alloc(d->rank * sizeof *dims);
    if (!dims) return (ox_type){0};
    for (uint32_t i = 0; i < d->rank; i++) dims[i] = ox_dim_const(m, d->dims[i]);
    ox_type t = ox_type_tensor(m, d->dtype, (int32_t)d->rank, dims);
    ox__free(dims);
    return t;
}
