/* Floor 3. ai.onnx.ml: from categories to numbers and back. */
#include "ops/ml.h"

/* ---- values that a category is mapped to ---- */
typedef struct values {
    ox_dtype dtype;
    const void *data; /* as in ox__dense */
    size_t n;
    ox_data *own;
} values;

static ox_status take_strings(ox__ev *e, const ox_str *v, size_t n, values *out)
{
    ox_bytes *b = ox__arena_alloc(e->mem, (n + 1) * sizeof *b);
    if (!b) return ox__nomem(e->err);
    for (size_t i = 0; i < n; i++) b[i].p = ox_str_text(e->m, v[i], &b[i].n);
    *out = (values){.dtype = OX_STRING, .data = b, .n = n};
    return OX_OK;
}

static ox_status take_floats(ox__ev *e, const double *v, size_t n, values *out)
{
    float *f = ox__arena_alloc(e->mem, (n + 1) * sizeof *f);
    if (!f) return ox__nomem(e->err);
    for (size_t i = 0; i < n; i++) f[i] = (float)v[i];
    *out = (values){.dtype = OX_FLOAT, .data = f, .n = n};
    return OX_OK;
}

/* `part`_tensor, _strings, _int64s or _floats: the first that is there. */
static ox_status take_list(ox__ev *e, const char *const names[4], values *out)
{
    size_t n;
    *out = (values){0};
    ox_status s = ox__ml_tensor(e, names[0], &out->own);
    if (s != OX_OK) return s;
    if (out->own) {
        ox_data *d = out->own;
        *out = (values){d->dtype, d->data, (size_t)d->n, d};
        return OX_OK;
    }
    const ox_str *strings = ox__ev_strings(e, names[1], &n);
    if (strings) return take_strings(e, strings, n, out);
    const int64_t *ints = ox__ev_ints(e, names[2], &n);
    if (ints) {
        *out = (values){.dtype = OX_INT64, .data = ints, .n = n};
        return OX_OK;
    }
    const double *floats = ox__ev_floats(e, names[3], &n);
    return floats ? take_floats(e, floats, n, out) : OX_OK;
}

static const char *const key_names[] = {"keys_tensor", "keys_strings", "keys_int64s", "keys_floats"};
static const char *const value_names[] = {"values_tensor", "values_strings", "values_int64s", "values_floats"};

/* One element for what is not found, in e->mem. */
static ox_status take_default(ox__ev *e, ox_dtype dtype, bool tensor, void **out)
{
    ox_data *d = NULL;
    ox_status s = tensor ? ox__ml_tensor(e, "default_tensor", &d) : OX_OK;
    if (s != OX_OK) return s;
    *out = ox__arena_alloc(e->mem, 16);
    if (!*out)
        s = ox__nomem(e->err);
    else if (d && (d->dtype != dtype || d->n < 1))
        s = ox__ev_fail(e, "default_tensor does not fit the values");
    else if (dtype == OX_STRING) {
        ox_bytes b;
        b.p = ox__ev_string(e, "default_string", "_Unused", &b.n);
        if (d) b = *(const ox_bytes *)d->data;
        if (d && !(b.p = ox__arena_dup(e->mem, b.p, b.n))) s = ox__nomem(e->err);
        memcpy(*out, &b, sizeof b);
    } else if (d) {
        memcpy(*out, d->data, ox__ev_item(dtype));
    } else if (ox_dtype_is_float(dtype)) {
        ox_dtype_set_f64(dtype, *out, 0, ox__ev_float(e, "default_float", -0.0));
    } else {
        ox_dtype_set_i64(dtype, *out, 0, ox__ev_int(e, "default_int64", -1));
    }
    ox_data_free(d);
    return s;
}

/* ---- every element of the input is looked up ---- */
static ox_status map_elements(ox__ev *e, const ox__ml_lookup *keys, const values *v, const void *absent)
{
    const ox__dense *x = &e->in[0];
    unsigned item = ox__ev_item(v->dtype);
    bool strings = v->dtype == OX_STRING;
    ox_status s = OX_OK;
    if (!item) return ox__ev_unsupported(e, "values of less than a byte");
    char *out = !strings                      ? ox__ev_out(e, 0, v->dtype, x->rank, x->dims, &s)
                : x->n <= e->max_bytes / item ? ox__arena_alloc(e->mem, OX__MAX((size_t)x->n, 1) * item)
                                              : NULL;
    if (!out) return strings ? ox__fail(e->err, OX_E_LIMIT, "%s: the result is too large", ox__ev_op(e)) : s;
    uint64_t room;
    for (uint64_t i = 0; i < x->n; i++) {
        size_t at = ox__ml_lookup_find(keys, ox__ml_key_of(x, i, false, &room));
        memcpy(out + i * item, at < v->n ? (const char *)v->data + at * item : absent, item);
    }
    return strings ? ox__ev_out_strings(e, 0, x->rank, x->dims, (const ox_bytes *)(void *)out) : OX_OK;
}

/* ---- LabelEncoder 1 and CategoryMapper: strings to int64 and back ---- */
static ox_status map_by_type(ox__ev *e, const ox_str *strings, const int64_t *ints, size_t n)
{
    ox__ml_lookup keys = {0};
    values v = {0};
    void *absent = NULL;
    bool from_strings = e->in[0].dtype == OX_STRING;
    ox_status s = OX_OK;
    if (!from_strings && e->in[0].dtype != OX_INT64) return ox__ev_fail(e, "the input is neither strings nor int64");
    if (from_strings) {
        v = (values){.dtype = OX_INT64, .data = ints, .n = n};
        OX__TRY(ox__ml_lookup_strings(&keys, e, strings, n));
    } else {
        OX__TRY(take_strings(e, strings, n, &v));
        OX__TRY(ox__ml_lookup_ints(&keys, e, ints, n));
    }
    OX__TRY(take_default(e, v.dtype, false, &absent));
    OX__TRY(map_elements(e, &keys, &v, absent));
out:
    ox__ml_lookup_free(&keys);
    return s;
}

static ox_status encode_v1(ox__ev *e)
{
    size_t n;
    const ox_str *classes = ox__ev_strings(e, "classes_strings", &n);
    int64_t *places = ox__arena_alloc(e->mem, (n + 1) * sizeof *places);
    if (!places) return ox__nomem(e->err);
    for (size_t i = 0; i < n; i++) places[i] = (int64_t)i;
    return map_by_type(e, classes, places, n);
}

static ox_status eval_mapper(ox__ev *e)
{
    size_t n_strings, n_ints;
    const ox_str *strings = ox__ev_strings(e, "cats_strings", &n_strings);
    const int64_t *ints = ox__ev_ints(e, "cats_int64s", &n_ints);
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    if (n_strings != n_ints) return ox__ev_fail(e, "%zu cats_strings, but %zu cats_int64s", n_strings, n_ints);
    return map_by_type(e, strings, ints, n_ints);
}

static ox_status eval_encoder(ox__ev *e)
{
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    if (e->opset < 2) return encode_v1(e);
    ox__ml_lookup lookup = {0};
    values keys = {0}, v = {0};
    void *absent;
    OX__TRY(take_list(e, key_names, &keys));
    OX__TRY(take_list(e, value_names, &v));
    if (!keys.dtype || !v.dtype || keys.n != v.n) OX__TRY(ox__ev_fail(e, "%zu keys, but %zu values", keys.n, v.n));
    if (keys.dtype != e->in[0].dtype)
        OX__TRY(ox__ev_fail(e, "keys of %s, but an input of %s", ox_dtype_name(keys.dtype, OX_DTYPE_NUMPY),
                            ox_dtype_name(e->in[0].dtype, OX_DTYPE_NUMPY)));
    OX__TRY(ox__ml_lookup_init(&lookup, e, keys.n));
    uint64_t *room = ox__arena_alloc(e->mem, (keys.n + 1) * sizeof *room);
    if (!room) OX__TRY(ox__nomem(e->err));
    ox__dense d = {.dtype = keys.dtype, .n = keys.n, .data = keys.data};
    for (size_t i = 0; i < keys.n; i++) lookup.keys[i] = ox__ml_key_of(&d, i, false, &room[i]);
    OX__TRY(ox__ml_lookup_build(&lookup, e));
    OX__TRY(take_default(e, v.dtype, v.own != NULL, &absent));
    OX__TRY(map_elements(e, &lookup, &v, absent));
out:
    ox__ml_lookup_free(&lookup);
    ox_data_free(keys.own);
    ox_data_free(v.own);
    return s;
}

static ox_dtype other_dtype(ox__inf *c)
{
    ox_dtype d = ox__inf_dtype(c, 0);
    return d == OX_STRING ? OX_INT64 : d == OX_INT64 ? OX_STRING : OX_UNDEFINED;
}

static ox_status infer_mapper(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, other_dtype(c));
}

static ox_status infer_encoder(ox__inf *c)
{
    static const ox_attr_kind kinds[] = {OX_ATTR_TENSOR, OX_ATTR_STRINGS, OX_ATTR_INTS, OX_ATTR_FLOATS};
    static const ox_dtype dtypes[] = {OX_UNDEFINED, OX_STRING, OX_INT64, OX_FLOAT};
    if (c->opset < 2) return infer_mapper(c);
    for (size_t i = 0; i < OX__COUNT(kinds); i++) {
        const ox_attr *a = ox__inf_attr(c, value_names[i]);
        if (!a || a->kind != kinds[i] || a->ref.id) continue;
        return ox__inf_out_like(c, 0, 0, i ? dtypes[i] : ox_tensor_get(c->m, a->u.t).dtype);
    }
    return ox__inf_out_like(c, 0, 0, OX_UNDEFINED);
}

/* ---- OneHotEncoder ---- */
static ox_status infer_one_hot(ox__inf *c)
{
    size_t n = ox__ml_inf_count(c, "cats_int64s", OX_ATTR_INTS);
    if (!n) n = ox__ml_inf_count(c, "cats_strings", OX_ATTR_STRINGS);
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, OX_FLOAT, OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank;
    ox_dim *dims = ox__inf_dims(c, (size_t)rank + 1);
    if (!dims) return OX_E_NOMEM;
    for (int32_t i = 0; i < rank; i++) dims[i] = c->in[0].dims[i];
    dims[rank] = ox__inf_const(c, (int64_t)n);
    return ox__inf_out(c, 0, OX_FLOAT, rank + 1, dims);
}

static ox_status eval_one_hot(ox__ev *e)
{
    size_t n_ints, n_strings;
    const int64_t *ints = ox__ev_ints(e, "cats_int64s", &n_ints);
    const ox_str *strings = ox__ev_strings(e, "cats_strings", &n_strings);
    ox__ml_lookup cats = {0};
    int64_t *dims;
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    if (x->dtype == OX_STRING ? !n_strings : !n_ints) return ox__ev_fail(e, "no categories for such an input");
    OX__TRY(x->dtype == OX_STRING ? ox__ml_lookup_strings(&cats, e, strings, n_strings)
                                  : ox__ml_lookup_ints(&cats, e, ints, n_ints));
    dims = ox__arena_alloc(e->mem, (x->rank + 1) * sizeof *dims);
    if (!dims) OX__TRY(ox__nomem(e->err));
    for (uint32_t i = 0; i < x->rank; i++) dims[i] = x->dims[i];
    dims[x->rank] = (int64_t)cats.n;
    float *out = ox__ev_out(e, 0, OX_FLOAT, x->rank + 1, dims, &s);
    bool strict = ox__ev_int(e, "zeros", 1) == 0;
    uint64_t room;
    for (uint64_t i = 0; out && i < x->n; i++) {
        size_t at = ox__ml_lookup_find(&cats, ox__ml_key_of(x, i, true, &room));
        if (at < cats.n)
            out[i * cats.n + at] = 1;
        else if (strict)
            OX__TRY(ox__ev_fail(e, "element %llu is in no category", (unsigned long long)i));
    }
out:
    ox__ml_lookup_free(&cats);
    return s;
}

static const ox__op_row rows[] = {
    {"CategoryMapper", infer_mapper, eval_mapper, 0},
    {"LabelEncoder", infer_encoder, eval_encoder, 0},
    {"OneHotEncoder", infer_one_hot, eval_one_hot, 0},
};
const ox__op_family ox__ops_ml_label = {rows, OX__COUNT(rows), "ai.onnx.ml"};
