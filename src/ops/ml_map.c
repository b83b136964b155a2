/* Floor 3. ai.onnx.ml: operators that make and read maps. */
#include "ops/ml.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- reading a map: its keys, and one tensor that holds all values ---- */
static ox_status need_map(ox__ev *e, const ox_data **keys, const ox_data **items)
{
    const ox_data *d = e->n_in ? e->arg[0] : NULL;
    *keys = *items = NULL;
    if (!d || d->kind != OX_DATA_MAP) return ox__ev_fail(e, "the input is no map");
    *keys = d->keys;
    *items = d->n == 1 ? d->items[0] : NULL;
    if (!*items || (*items)->kind != OX_DATA_TENSOR || (*items)->n != (*keys)->n)
        return ox__ev_unsupported(e, "a map of other values than numbers or strings");
    return OX_OK;
}

static ox__dense dense_of(const ox_data *d)
{
    return (ox__dense){d->dtype, d->rank, d->dims, d->n, d->data};
}

/* ---- CastMap ---- */
typedef struct place {
    int64_t key;
    uint64_t from;
} place;

static int by_key(const void *a, const void *b)
{
    int64_t x = ((const place *)a)->key, y = ((const place *)b)->key;
    return (x > y) - (x < y);
}

/* The whole text is a number. */
static ox_status parse(ox__ev *e, ox_bytes b, bool integer, double *f, int64_t *i)
{
    char text[64], *end = text;
    size_t n = OX__MIN(b.n, sizeof text - 1);
    if (n) memcpy(text, b.p, n);
    text[n] = '\0';
    errno = 0;
    if (integer)
        *i = strtoll(text, &end, 10);
    else
        *f = strtod(text, &end);
    if (b.n >= sizeof text || end == text || *end || (integer && errno == ERANGE))
        return ox__ev_fail(e, "a string of the map is no number");
    return OX_OK;
}

static ox_status cast_to_float(ox__ev *e, const ox__dense *v, uint64_t from, float *out)
{
    double f = 0;
    int64_t unused;
    if (v->dtype != OX_STRING) {
        *out = (float)ox__ev_f64(v, from);
        return OX_OK;
    }
    ox_status s = parse(e, ((const ox_bytes *)v->data)[from], false, &f, &unused);
    *out = (float)f;
    return s;
}

static ox_status cast_to_int(ox__ev *e, const ox__dense *v, uint64_t from, int64_t *out)
{
    double unused;
    if (v->dtype == OX_STRING) return parse(e, ((const ox_bytes *)v->data)[from], true, &unused, out);
    *out = ox__ev_i64(v, from);
    return OX_OK;
}

static ox_status cast_to_text(ox__ev *e, const ox__dense *v, uint64_t from, ox_bytes *out)
{
    if (v->dtype == OX_STRING) {
        *out = ((const ox_bytes *)v->data)[from];
        return OX_OK;
    }
    char text[64];
    out->n = (size_t)snprintf(text, sizeof text, "%f", ox__ev_f64(v, from));
    out->p = ox__arena_dup(e->mem, text, out->n);
    return out->p ? OX_OK : ox__nomem(e->err);
}

static ox_status cast_all(ox__ev *e, const ox__dense *v, const place *p, uint64_t n, int64_t width, bool sparse)
{
    const char *to = ox__ev_string(e, "cast_to", "TO_FLOAT", NULL);
    int64_t dims[2] = {1, width};
    ox_status s = OX_OK;
    if (strcmp(to, "TO_STRING") == 0) {
        if ((uint64_t)width > e->max_bytes / sizeof(ox_bytes))
            return ox__fail(e->err, OX_E_LIMIT, "%s: the result is too large", ox__ev_op(e));
        ox_bytes *texts = ox__arena_alloc(e->mem, OX__MAX((size_t)width, 1) * sizeof *texts);
        if (!texts) return ox__nomem(e->err);
        for (int64_t i = 0; i < width; i++) texts[i] = (ox_bytes){"0.f", 3}; /* as ONNX Runtime fills up */
        for (uint64_t i = 0; s == OX_OK && i < n; i++)
            s = cast_to_text(e, v, p[i].from, &texts[sparse ? (uint64_t)p[i].key : i]);
        return s == OX_OK ? ox__ev_out_strings(e, 0, 2, dims, texts) : s;
    }
    bool ints = strcmp(to, "TO_INT64") == 0;
    if (!ints && strcmp(to, "TO_FLOAT") != 0) return ox__ev_fail(e, "cast_to is none of TO_FLOAT, TO_STRING, TO_INT64");
    void *out = ox__ev_out(e, 0, ints ? OX_INT64 : OX_FLOAT, 2, dims, &s);
    for (uint64_t i = 0; s == OX_OK && i < n; i++) {
        uint64_t at = sparse ? (uint64_t)p[i].key : i;
        s = ints ? cast_to_int(e, v, p[i].from, (int64_t *)out + at)
                 : cast_to_float(e, v, p[i].from, (float *)out + at);
    }
    return s;
}

static ox_status eval_cast_map(ox__ev *e)
{
    const ox_data *keys, *items;
    ox_status s = need_map(e, &keys, &items);
    if (s != OX_OK) return s;
    if (keys->dtype != OX_INT64) return ox__ev_fail(e, "the keys are not int64");
    bool sparse = ox__ev_string_is(e, "map_form", "DENSE", "SPARSE");
    if (!sparse && !ox__ev_string_is(e, "map_form", "DENSE", "DENSE"))
        return ox__ev_fail(e, "map_form is neither DENSE nor SPARSE");
    int64_t width = sparse ? ox__ev_int(e, "max_map", 1) : (int64_t)keys->n;
    place *p = ox__arena_alloc(e->mem, ((size_t)keys->n + 1) * sizeof *p);
    if (!p) return ox__nomem(e->err);
    for (uint64_t i = 0; i < keys->n; i++) {
        p[i] = (place){((const int64_t *)keys->data)[i], i};
        if (sparse && (p[i].key < 0 || p[i].key >= width))
            return ox__ev_fail(e, "key %lld is outside max_map = %lld", (long long)p[i].key, (long long)width);
    }
    if (width < 0) return ox__ev_fail(e, "max_map is %lld", (long long)width);
    qsort(p, (size_t)keys->n, sizeof *p, by_key);
    ox__dense v = dense_of(items);
    return cast_all(e, &v, p, keys->n, width, sparse);
}

static ox_status infer_cast_map(ox__inf *c)
{
    ox_dtype dtype = ox__inf_string_is(c, "cast_to", "TO_STRING")  ? OX_STRING
                     : ox__inf_string_is(c, "cast_to", "TO_INT64") ? OX_INT64
                                                                   : OX_FLOAT;
    ox_dim dims[2] = {ox__inf_const(c, 1), ox__inf_unknown(c, "how many keys the map has")};
    if (ox__inf_string_is(c, "map_form", "SPARSE")) dims[1] = ox__inf_const(c, ox__inf_int(c, "max_map", 1));
    return ox__inf_out(c, 0, dtype, 2, dims);
}

/* ---- DictVectorizer ---- */
/* Where each key of the map stands. */
static ox_status index_map(ox__ev *e, const ox_data *keys, ox__ml_lookup *l)
{
    ox_status s = ox__ml_lookup_init(l, e, (size_t)keys->n);
    uint64_t *room = s == OX_OK ? ox__arena_alloc(e->mem, ((size_t)keys->n + 1) * sizeof *room) : NULL;
    if (!room) return s == OX_OK ? ox__nomem(e->err) : s;
    ox__dense d = dense_of(keys);
    for (uint64_t i = 0; i < keys->n; i++) l->keys[i] = ox__ml_key_of(&d, i, false, &room[i]);
    return ox__ml_lookup_build(l, e);
}

static ox_status vectorize(ox__ev *e, const ox__ml_lookup *map, const ox__dense *v, const ox_str *strings,
                           const int64_t *ints, size_t n)
{
    int64_t dims[2] = {1, (int64_t)n};
    unsigned item = ox__ev_item(v->dtype);
    bool texts = v->dtype == OX_STRING;
    ox_status s = OX_OK;
    if (!item) return ox__ev_unsupported(e, "values of less than a byte");
    char *out = texts ? ox__arena_alloc(e->mem, (n + 1) * item) : ox__ev_out(e, 0, v->dtype, 2, dims, &s);
    if (!out) return texts ? ox__nomem(e->err) : s;
    memset(out, 0, n * item);
    for (size_t i = 0; i < n; i++) {
        uint64_t room;
        ox_bytes key;
        if (strings)
            key.p = ox_str_text(e->m, strings[i], &key.n);
        else
            key = ox__ml_key_int(ints[i], &room);
        size_t at = ox__ml_lookup_find(map, key);
        if (at < map->n) memcpy(out + i * item, (const char *)v->data + at * item, item);
    }
    return texts ? ox__ev_out_strings(e, 0, 2, dims, (const ox_bytes *)(void *)out) : s;
}

static ox_status eval_dict_vectorizer(ox__ev *e)
{
    const ox_data *keys, *items;
    ox__ml_lookup map = {0};
    size_t n_strings, n_ints;
    const ox_str *strings = ox__ev_strings(e, "string_vocabulary", &n_strings);
    const int64_t *ints = ox__ev_ints(e, "int64_vocabulary", &n_ints);
    ox_status s = need_map(e, &keys, &items);
    if (s != OX_OK) return s;
    bool texts = keys->dtype == OX_STRING;
    if (texts ? !strings : !ints) return ox__ev_fail(e, "no vocabulary for such keys");
    s = index_map(e, keys, &map);
    ox__dense v = dense_of(items);
    if (s == OX_OK) s = vectorize(e, &map, &v, texts ? strings : NULL, ints, texts ? n_strings : n_ints);
    ox__ml_lookup_free(&map);
    return s;
}

static ox_status infer_dict_vectorizer(ox__inf *c)
{
    size_t n = ox__ml_inf_count(c, "string_vocabulary", OX_ATTR_STRINGS);
    if (!n) n = ox__ml_inf_count(c, "int64_vocabulary", OX_ATTR_INTS);
    ox_dim dims[2] = {ox__inf_const(c, 1), n ? ox__inf_const(c, (int64_t)n) : ox__inf_unknown(c, "the vocabulary")};
    ox_dtype dtype = OX_UNDEFINED;
    if (c->n_in && c->in[0].kind == OX_TYPE_MAP && c->in[0].n_items) {
        ox_type_info item = ox_type_get(c->m, c->in[0].items[0]);
        if (item.kind == OX_TYPE_TENSOR) dtype = item.dtype;
    }
    return ox__inf_out(c, 0, dtype, 2, dims);
}

/* ---- ZipMap ---- */
static ox_status infer_zip_map(ox__inf *c)
{
    ox_dtype key = ox__ml_inf_count(c, "classlabels_strings", OX_ATTR_STRINGS) ? OX_STRING : OX_INT64;
    ox_type value = ox_type_tensor(c->m, OX_FLOAT, OX_RANK_UNKNOWN, NULL);
    ox_type_info map = {.kind = OX_TYPE_MAP, .dtype = key, .n_items = 1, .items = &value};
    return ox__inf_out_type(c, 0, ox_type_of(c->m, OX_TYPE_SEQUENCE, ox_type_add(c->m, &map)));
}

static ox_status make_keys(ox__ev *e, const ox__ml_labels *l, ox_data **out)
{
    int64_t n = (int64_t)l->n;
    ox_status s;
    void *p;
    if (l->ints) {
        s = ox_data_tensor(out, OX_INT64, 1, &n, &p, e->err);
        if (s == OX_OK) memcpy(p, l->ints, l->n * sizeof *l->ints);
        return s;
    }
    ox_bytes *texts = ox__arena_alloc(e->mem, (l->n + 1) * sizeof *texts);
    if (!texts) return ox__nomem(e->err);
    for (size_t i = 0; i < l->n; i++) texts[i].p = ox_str_text(e->m, l->strings[i], &texts[i].n);
    return ox_data_strings(out, 1, &n, texts, e->err);
}

static ox_status make_map(ox__ev *e, ox_data *keys, const float *row, ox_data **out)
{
    ox_data *values;
    void *p;
    int64_t n = (int64_t)keys->n;
    ox_status s = ox_data_tensor(&values, OX_FLOAT, 1, &n, &p, e->err);
    if (s != OX_OK) return s;
    memcpy(p, row, (size_t)n * sizeof *row);
    s = ox_data_map(out, keys, values, e->err);
    ox_data_free(values);
    return s;
}

static ox_status eval_zip_map(ox__ev *e)
{
    ox_data *keys = NULL, *list = NULL, **maps;
    ox__ml_labels l = ox__ml_labels_of(e, "classlabels_int64s", "classlabels_strings");
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *x = &e->in[0];
    if (x->dtype != OX_FLOAT || x->rank < 1 || x->rank > 2 || (uint64_t)x->dims[x->rank - 1] != l.n || !l.n)
        return ox__ev_fail(e, "the input is not a row of floats for each of %zu labels", l.n);
    uint64_t n = x->rank == 1 ? 1 : (uint64_t)x->dims[0], made = 0;
    maps = ox__arena_alloc(e->mem, ((size_t)n + 1) * sizeof *maps);
    if (!maps) return ox__nomem(e->err);
    OX__TRY(make_keys(e, &l, &keys));
    for (; made < n; made++) OX__TRY(make_map(e, keys, (const float *)x->data + made * l.n, &maps[made]));
    OX__TRY(ox_data_list(&list, OX_DATA_SEQUENCE, OX_UNDEFINED, (size_t)n, maps, e->err));
    s = ox__ev_give(e, 0, list);
out:
    while (made > 0) ox_data_free(maps[--made]);
    ox_data_free(keys);
    return s;
}

static const ox__op_row rows[] = {
    {"CastMap", infer_cast_map, eval_cast_map, 0},
    {"DictVectorizer", infer_dict_vectorizer, eval_dict_vectorizer, 0},
    {"ZipMap", infer_zip_map, eval_zip_map, 0},
};
const ox__op_family ox__ops_ml_map = {rows, OX__COUNT(rows), "ai.onnx.ml"};
