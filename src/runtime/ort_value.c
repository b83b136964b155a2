/* Floor 4. Data to ONNX Runtime and back. Tensors that go in are not copied. */
#include "runtime/ort.h"

/* ---- to them ---- */
static ox_status strings_to(const ox__ort *o, const ox_data *d, ort_object **out, ox_error *err)
{
    const ox_bytes *texts = d->data;
    char **copies = ox__calloc((size_t)d->n + 1, sizeof(char *));
    ox_status s = copies ? OX_OK : ox__nomem(err);
    for (uint64_t i = 0; s == OX_OK && i < d->n; i++) {
        if (memchr(texts[i].p, '\0', texts[i].n))
            s = ox__fail(err, OX_E_UNSUPPORTED, "ONNX Runtime takes no string that holds a NUL");
        else if (!(copies[i] = ox__strndup(texts[i].p, texts[i].n)))
            s = ox__nomem(err);
    }
    if (s == OX_OK)
        s = ox__ort_status(o, ORT(o->api, create_tensor)(o->allocator, d->dims, d->rank, OX_STRING, out), err);
    if (s == OX_OK && d->n)
        s = ox__ort_status(o, ORT(o->api, fill_strings)(*out, (const char *const *)copies, (size_t)d->n), err);
    if (s != OX_OK) { /* the caller has it only when it is filled */
        ox__ort_release(o, ORT_RELEASE_VALUE, *out);
        *out = NULL;
    }
    for (uint64_t i = 0; copies && i < d->n; i++) ox__free(copies[i]);
    ox__free(copies);
    return s;
}

static ox_status list_to(const ox__ort *o, ort_object **items, size_t n, int kind, ort_object **out, ox_error *err)
{
    ox_status s = ox__ort_status(o, ORT(o->api, create_value)((const ort_object *const *)items, n, kind, out), err);
    for (size_t i = 0; i < n; i++) ox__ort_release(o, ORT_RELEASE_VALUE, items[i]);
    return s;
}

ox_status ox__ort_value(const ox__ort *o, ox_data *d, ort_object **out, ox_error *err)
{
    *out = NULL;
    if (d->kind == OX_DATA_TENSOR) {
        if (d->dtype == OX_STRING) return strings_to(o, d, out, err);
        ox_data_info i = ox_data_get(d);
        return ox__ort_status(
            o, ORT(o->api, wrap_tensor)(o->memory, d->data, (size_t)i.n_bytes, d->dims, d->rank, d->dtype, out), err);
    }
    if (d->kind == OX_DATA_OPTIONAL) {
        if (d->n) return ox__ort_value(o, d->items[0], out, err);
        return ox__fail(err, OX_E_UNSUPPORTED, "an empty optional cannot be given to ONNX Runtime");
    }
    bool map = d->kind == OX_DATA_MAP;
    size_t n = map ? 2 : (size_t)d->n, made = 0;
    ort_object **items = ox__calloc(n + 1, sizeof(ort_object *));
    ox_status s = items ? OX_OK : ox__nomem(err);
    for (; s == OX_OK && made < n; made += s == OX_OK)
        s = ox__ort_value(o, map ? (made ? d->items[0] : d->keys) : d->items[made], &items[made], err);
    if (s == OX_OK) {
        s = list_to(o, items, n, map ? ORT_MAP : ORT_SEQUENCE, out, err);
    } else {
        for (size_t i = 0; i < made; i++) ox__ort_release(o, ORT_RELEASE_VALUE, items[i]);
    }
    ox__free(items);
    return s;
}

/* ---- from them ---- */
static ox_status strings_from(const ox__ort *o, ort_object *v, uint32_t rank, const int64_t *dims, uint64_t n,
                              ox_data **out, ox_error *err)
{
    size_t total = 0;
    ox_status s = ox__ort_status(o, ORT(o->api, strings_length)(v, &total), err);
    if (s != OX_OK) return s;
    char *text = ox__alloc(total + 1);
    size_t *offsets = ox__calloc((size_t)n + 1, sizeof *offsets);
    ox_bytes *rows = ox__calloc((size_t)n + 1, sizeof *rows);
    if (!text || !offsets || !rows) s = ox__nomem(err);
    if (s == OX_OK && n) s = ox__ort_status(o, ORT(o->api, strings_content)(v, text, total, offsets, (size_t)n), err);
    for (uint64_t i = 0; s == OX_OK && i < n; i++)
        rows[i] = (ox_bytes){text + offsets[i], (i + 1 < n ? offsets[i + 1] : total) - offsets[i]};
    if (s == OX_OK) s = ox_data_strings(out, rank, dims, rows, err);
    ox__free(text);
    ox__free(offsets);
    ox__free(rows);
    return s;
}

static ox_status tensor_from(const ox__ort *o, ort_object *v, ox_data **out, ox_error *err)
{
    ort_object *info = NULL;
    int type = 0;
    size_t rank = 0;
    int64_t dims[64];
    uint64_t n;
    void *from = NULL, *to;
    ox_status s = ox__ort_status(o, ORT(o->api, tensor_info)(v, &info), err);
    if (s == OX_OK) s = ox__ort_status(o, ORT(o->api, element_type)(info, &type), err);
    if (s == OX_OK) s = ox__ort_status(o, ORT(o->api, rank)(info, &rank), err);
    if (s == OX_OK && (rank > OX__COUNT(dims) || !ox_dtype_is_valid(type)))
        s = ox__fail(err, OX_E_UNSUPPORTED, "ONNX Runtime gave a tensor of %zu dims and element type %d", rank, type);
    if (s == OX_OK) s = ox__ort_status(o, ORT(o->api, dims)(info, dims, rank), err);
    ox__ort_release(o, ORT_RELEASE_TENSOR_INFO, info);
    if (s == OX_OK && !ox__dims_product(dims, (uint32_t)rank, &n))
        s = ox__fail(err, OX_E_UNSUPPORTED, "ONNX Runtime gave a tensor of impossible dims");
    if (s != OX_OK) return s;
    if (type == OX_STRING) return strings_from(o, v, (uint32_t)rank, dims, n, out, err);
    s = ox__ort_status(o, ORT(o->api, tensor_data)(v, &from), err);
    if (s == OX_OK) s = ox_data_tensor(out, (ox_dtype)type, (uint32_t)rank, dims, &to, err);
    if (s == OX_OK && n) memcpy(to, from, (size_t)ox_data_get(*out).n_bytes);
    return s;
}

static ox_status item_from(const ox__ort *o, ort_object *v, size_t i, ox_data **out, ox_error *err)
{
    ort_object *item = NULL;
    ox_status s = ox__ort_status(o, ORT(o->api, get_item)(v, (int)i, o->allocator, &item), err);
    if (s == OX_OK) s = ox__ort_data(o, item, out, err);
    ox__ort_release(o, ORT_RELEASE_VALUE, item);
    return s;
}

ox_status ox__ort_data(const ox__ort *o, ort_object *v, ox_data **out, ox_error *err)
{
    int kind = 0;
    size_t n = 0, made = 0;
    *out = NULL;
    if (!v) return ox_data_list(out, OX_DATA_OPTIONAL, OX_UNDEFINED, 0, NULL, err);
    ox_status s = ox__ort_status(o, ORT(o->api, value_type)(v, &kind), err);
    if (s == OX_OK && kind == ORT_TENSOR) return tensor_from(o, v, out, err);
    if (s == OX_OK && kind != ORT_SEQUENCE && kind != ORT_MAP)
        s = ox__fail(err, OX_E_UNSUPPORTED, "ONNX Runtime gave a value of kind %d, which is not read here", kind);
    if (s == OX_OK) s = ox__ort_status(o, ORT(o->api, n_items)(v, &n), err);
    if (s != OX_OK) return s;
    ox_data **items = ox__calloc(n + 1, sizeof(ox_data *));
    if (!items) return ox__nomem(err);
    for (; s == OX_OK && made < n; made += s == OX_OK) s = item_from(o, v, made, &items[made], err);
    if (s == OX_OK && kind == ORT_MAP)
        s = n == 2 ? ox_data_map(out, items[0], items[1], err)
                   : ox__fail(err, OX_E_UNSUPPORTED, "ONNX Runtime gave a map of %zu parts", n);
    else if (s == OX_OK)
        s = ox_data_list(out, OX_DATA_SEQUENCE, OX_UNDEFINED, n, items, err);
    for (size_t i = 0; i < made; i++) ox_data_free(items[i]);
    ox__free(items);
    return s;
}
