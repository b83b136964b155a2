/* Floor 3. .safetensors: eight bytes of length, a JSON object of that length, the data. The outer object, which may
 * have 100 MB, is split here, its members one after the other given to jansson: memory follows the rows, not the tree.
 */
#include "io/arrays/arrays_in.h"

#include "base/wire.h"

#include <inttypes.h>
#include <stdlib.h>

#include <jansson.h>

#define MAX_HEADER ((uint64_t)100000000) /* the format's own limit */
enum {
    MAX_DEPTH = 16,      /* two are needed */
    MAX_MEMBER = 1 << 20 /* bytes of JSON about one array: a tree takes twenty times as much */
};

typedef struct header {
    ox__arrays *arrays;
    const char *path;
    const char *start, *p, *end; /* the JSON text, copied off the map */
    uint64_t data, n_data;       /* where the data stands, and its size */
} header;

static uint64_t header_length(const uint8_t *p)
{
    ox__reader r = ox__reader_make(p, p, 8);
    return ox__read_u64le(&r);
}

bool ox__safetensors_sniff(const uint8_t *p, uint64_t n)
{
    return n >= 10 && p[8] == '{' && header_length(p) <= n - 8 && header_length(p) >= 2;
}

static ox_status bad(const header *h, const char *at, ox_error *err, const char *what)
{
    ox__fail(err, OX_E_FORMAT, "%s", what);
    ox_error_at_offset(err, h->path, 8 + (uint64_t)(at - h->start));
    return OX_E_FORMAT;
}

static void skip_blanks(header *h)
{
    while (h->p < h->end && (*h->p == ' ' || *h->p == '\t' || *h->p == '\n' || *h->p == '\r')) h->p++;
}

static bool take(header *h, char c)
{
    skip_blanks(h);
    if (h->p >= h->end || *h->p != c) return false;
    h->p++;
    return true;
}

/* Moves over a string, quotes included; its content is jansson's to judge. */
static bool skip_string(header *h)
{
    if (!take(h, '"')) return false;
    for (; h->p < h->end; h->p++) {
        if (*h->p == '\\' && h->p + 1 < h->end)
            h->p++;
        else if (*h->p == '"')
            return h->p++, true;
    }
    return false;
}

/* Moves over an object, counting brackets: too deep a nesting never comes to jansson, which recurses. */
static bool skip_object(header *h)
{
    unsigned depth = 0;
    skip_blanks(h);
    if (h->p >= h->end || *h->p != '{') return false;
    while (h->p < h->end) {
        char c = *h->p;
        if (c == '"') {
            if (!skip_string(h)) return false;
            continue;
        }
        h->p++;
        if ((c == '{' || c == '[') && ++depth > MAX_DEPTH) return false;
        if ((c == '}' || c == ']') && --depth == 0) return true;
    }
    return false;
}

static ox_status load(const header *h, const char *from, json_t **out, ox_error *err)
{
    json_error_t e;
    *out = json_loadb(from, (size_t)(h->p - from), JSON_REJECT_DUPLICATES | JSON_DECODE_ANY, &e);
    if (*out) return OX_OK;
    if (json_error_code(&e) == json_error_out_of_memory) return ox__nomem(err);
    ox__fail(err, OX_E_FORMAT, "the header is not valid JSON: %s", e.text);
    ox_error_at_offset(err, h->path, 8 + (uint64_t)(from - h->start) + (uint64_t)(e.position > 0 ? e.position : 0));
    return OX_E_FORMAT;
}

/* ---- one member ---- */
static void set_dtype(ox__array *row, const char *s)
{
    static const struct {
        char name[8];
        ox_dtype dtype;
    } known[] = {
        {"F32", OX_FLOAT},          {"F16", OX_FLOAT16},
        {"BF16", OX_BFLOAT16},      {"F64", OX_DOUBLE},
        {"I64", OX_INT64},          {"I32", OX_INT32},
        {"I16", OX_INT16},          {"I8", OX_INT8},
        {"U64", OX_UINT64},         {"U32", OX_UINT32},
        {"U16", OX_UINT16},         {"U8", OX_UINT8},
        {"BOOL", OX_BOOL},          {"F8_E4M3", OX_FLOAT8E4M3FN},
        {"F8_E5M2", OX_FLOAT8E5M2}, {"F8_E8M0", OX_FLOAT8E8M0},
        {"C64", OX_COMPLEX64},      {"F4", OX_FLOAT4E2M1},
    };
    for (size_t i = 0; i < OX__COUNT(known); i++)
        if (strcmp(known[i].name, s) == 0) row->dtype = known[i].dtype;
    if (row->dtype == OX_UNDEFINED) row->unusable = "its element type has no counterpart in ONNX";
}

/* An array of non-negative integers; false if v is not one, or too long. */
static bool to_ints(const json_t *v, int64_t *out, size_t most, size_t *n)
{
    *n = json_array_size(v);
    if (!json_is_array(v) || *n > most) return false;
    for (size_t i = 0; i < *n; i++) {
        const json_t *x = json_array_get(v, i);
        if (!json_is_integer(x) || json_integer_value(x) < 0) return false;
        out[i] = json_integer_value(x);
    }
    return true;
}

static ox_status read_place(const header *h, ox__array *row, const json_t *places, const char *at, ox_error *err)
{
    int64_t place[2];
    size_t n;
    if (!to_ints(places, place, 2, &n) || n != 2 || place[0] > place[1])
        return bad(h, at, err, "its data_offsets are not two offsets in order");
    if ((uint64_t)place[1] > h->n_data) return bad(h, at, err, "its data goes beyond the end of the file");
    uint64_t bytes = (uint64_t)(place[1] - place[0]);
    row->offset = h->data + (uint64_t)place[0];
    if (!row->unusable && !ox__array_size(row)) return bad(h, at, err, "its dims are too large");
    if (!row->unusable && row->n_bytes != bytes) return bad(h, at, err, "its dims and its data_offsets disagree");
    row->n_bytes = bytes;
    return OX_OK;
}

static ox_status read_member(const header *h, ox__array *row, const json_t *v, const char *at, ox_error *err)
{
    enum { MOST = 1024 };
    int64_t dims[MOST];
    size_t rank;
    const char *dtype = json_string_value(json_object_get(v, "dtype"));
    if (!dtype) return bad(h, at, err, "it has no dtype");
    set_dtype(row, dtype);
    if (!to_ints(json_object_get(v, "shape"), dims, MOST, &rank))
        return bad(h, at, err, "its shape is not a list of dims");
    row->rank = (uint32_t)rank;
    row->dims = ox__arena_dup(&h->arrays->arena, dims, rank * sizeof *dims);
    if (!row->dims) return ox__nomem(err);
    return read_place(h, row, json_object_get(v, "data_offsets"), at, err);
}

static ox_status add_member(const header *h, const json_t *key, const json_t *v, const char *at, ox_error *err)
{
    const char *name = json_string_value(key);
    ox__array row = {.file = 0};
    ox_status s = read_member(h, &row, v, at, err);
    if (s == OX_OK) return ox__arrays_add(h->arrays, name, json_string_length(key), &row, err);
    ox_error_context(err, "array '%.200s'", name);
    return s;
}

/* The object behind a name: an array, or the free text of __metadata__, which is passed over. */
static ox_status take_object(header *h, const json_t *key, ox_error *err)
{
    json_t *v = NULL;
    skip_blanks(h);
    const char *from = h->p;
    if (!skip_object(h)) return bad(h, from, err, "the header is not valid: an object is expected");
    if (strcmp(json_string_value(key), "__metadata__") == 0) return OX_OK;
    if (h->p - from > MAX_MEMBER) {
        ox__fail(err, OX_E_LIMIT, "one array's part of the header has more than 1 MiB");
        ox_error_at_offset(err, h->path, 8 + (uint64_t)(from - h->start));
        return OX_E_LIMIT;
    }
    ox_status s = load(h, from, &v, err);
    if (s == OX_OK) s = add_member(h, key, v, from, err);
    json_decref(v);
    return s;
}

static ox_status take_member(header *h, ox_error *err)
{
    json_t *key = NULL;
    skip_blanks(h);
    const char *from = h->p;
    if (!skip_string(h)) return bad(h, h->p, err, "the header is not valid: a name is expected");
    ox_status s = load(h, from, &key, err);
    if (s == OX_OK && !take(h, ':')) s = bad(h, h->p, err, "the header is not valid: ':' is expected");
    if (s == OX_OK) s = take_object(h, key, err);
    json_decref(key);
    return s;
}

static ox_status read_members(header *h, ox_error *err)
{
    ox_status s = OX_OK;
    if (!take(h, '{')) return bad(h, h->p, err, "the header is not an object");
    if (!take(h, '}')) {
        do s = take_member(h, err);
        while (s == OX_OK && take(h, ','));
        if (s == OX_OK && !take(h, '}')) return bad(h, h->p, err, "the header is not valid: ',' or '}' is expected");
    }
    skip_blanks(h);
    if (s == OX_OK && h->p != h->end) return bad(h, h->p, err, "something follows the header");
    return s;
}

static int by_offset(const void *a, const void *b, void *ud)
{
    const ox__array *all = ud, *x = &all[*(const uint32_t *)a], *y = &all[*(const uint32_t *)b];
    if (x->offset != y->offset) return x->offset < y->offset ? -1 : 1;
    return (x->n_bytes > y->n_bytes) - (x->n_bytes < y->n_bytes);
}

/* The format gives each byte to one array; two that share bytes are a trick, or a broken writer. */
static ox_status check_overlap(const header *h, ox_error *err)
{
    ox__array *rows = h->arrays->rows.p;
    uint32_t n = (uint32_t)h->arrays->rows.n, *order = ox__calloc(n, sizeof *order);
    if (!order) return ox__nomem(err);
    for (uint32_t i = 0; i < n; i++) order[i] = i;
    qsort_r(order, n, sizeof *order, by_offset, rows);
    ox_status s = OX_OK;
    for (uint32_t i = 1; i < n && s == OX_OK; i++) {
        const ox__array *x = &rows[order[i - 1]], *y = &rows[order[i]];
        if (y->offset - x->offset >= x->n_bytes) continue;
        s = ox__fail(err, OX_E_FORMAT, "arrays '%.200s' and '%.200s' overlap", x->name, y->name);
        ox_error_at_offset(err, h->path, y->offset);
    }
    ox__free(order);
    return s;
}

ox_status ox__safetensors_read(ox__arrays *a, ox_error *err)
{
    const ox__map *map = &a->files[0];
    uint8_t first[8] = {0};
    ox_status s = ox__map_read(map, 0, first, sizeof first, err);
    if (s != OX_OK) return s;
    uint64_t n = header_length(first);
    if (n > MAX_HEADER || n > map->n - 8) {
        s = ox__fail(err, n > MAX_HEADER ? OX_E_LIMIT : OX_E_FORMAT, "the header is said to have %" PRIu64 " bytes", n);
        ox_error_at_offset(err, map->path, 0);
        return s;
    }
    char *text = ox__alloc((size_t)n);
    if (!text) return ox__nomem(err);
    header h = {a, map->path, text, text, text + n, 8 + n, map->n - 8 - n};
    s = ox__map_read(map, 8, text, (size_t)n, err);
    if (s == OX_OK) s = read_members(&h, err);
    if (s == OX_OK) s = check_overlap(&h, err);
    ox__free(text);
    return s;
}
