/* Floor 3. Named data: the list, and reading it from files of arrays and of messages. */
#include "io/data.h"

#include "io/arrays.h"
#include "ir/data.h"

#include <utf8proc.h>

ox_status ox_data_set_add(ox_data_set *set, const char *name, ox_data *d, ox_error *err)
{
    ox_named_data *row = *name ? (ox_named_data *)ox_data_set_find(set, name) : NULL;
    if (row) {
        ox_data_free(row->data);
        row->data = d;
        return OX_OK;
    }
    ox_named_data fresh = {ox__strndup(name, strlen(name)), d};
    bool room = set->n < set->cap || ox__vec_grow(&set->rows, &set->cap, set->n + 1, sizeof *set->rows);
    if (!fresh.name || !room) {
        ox__free(fresh.name);
        ox_data_free(d);
        return ox__nomem(err);
    }
    set->rows[set->n++] = fresh;
    return OX_OK;
}

const ox_named_data *ox_data_set_find(const ox_data_set *set, const char *name)
{
    for (size_t i = 0; i < set->n; i++)
        if (strcmp(set->rows[i].name, name) == 0) return &set->rows[i];
    return NULL;
}

void ox_data_set_clear(ox_data_set *set)
{
    for (size_t i = 0; i < set->n; i++) {
        ox__free(set->rows[i].name);
        ox_data_free(set->rows[i].data);
    }
    ox__free(set->rows);
    *set = (ox_data_set){0};
}

/* ---- reading ---- */
static ox_status read_row(ox_data_set *set, ox__arrays *a, const ox__array *row, ox_error *err)
{
    const ox__map *map = &a->files[row->file];
    ox_data *d;
    void *p;
    ox_status s = ox_data_tensor(&d, row->dtype, row->rank, row->dims, &p, err);
    if (s != OX_OK) return s;
    s = ox__map_read(map, row->offset, p, (size_t)row->n_bytes, err);
    if (s == OX_OK) return ox_data_set_add(set, row->name, d, err);
    ox_data_free(d);
    return s;
}

/* Strings of NumPy: code points of 4 bytes, each string filled up with zeros. Bytes that Python could not decode stand
 * as U+DC80 and up, and become bytes again. */
static size_t encode(const uint8_t *p, uint64_t width, char *out)
{
    size_t n = 0;
    while (width && !memcmp(p + 4 * (width - 1), "\0\0\0", 4)) width--;
    for (uint64_t i = 0; i < width; i++) {
        uint32_t c;
        memcpy(&c, p + 4 * i, 4);
        if (c >= 0xdc80 && c <= 0xdcff)
            out[n++] = (char)(c - 0xdc00);
        else
            n += (size_t)utf8proc_encode_char((utf8proc_int32_t)(c > 0x10ffff ? 0xfffd : c),
                                              (utf8proc_uint8_t *)out + n);
    }
    return n;
}

static ox_status read_strings(ox_data_set *set, ox__arrays *a, const ox__array *row, ox_error *err)
{
    uint64_t n, bytes;
    ox_data *d = NULL;
    if (!ox__dims_product(row->dims, row->rank, &n) || __builtin_mul_overflow(n, row->text_width, &bytes) ||
        __builtin_mul_overflow(bytes, 4, &bytes) || bytes != row->n_bytes)
        return ox__fail(err, OX_E_FORMAT, "array `%s`: its dims and its bytes disagree", row->name);
    uint8_t *raw = ox__alloc((size_t)bytes);
    char *text = ox__alloc((size_t)bytes); /* UTF-8 takes 4 bytes for a code point at most */
    ox_bytes *rows = ox__calloc((size_t)n + 1, sizeof *rows);
    ox_status s = raw && text && rows ? OX_OK : ox__nomem(err);
    if (s == OX_OK) s = ox__map_read(&a->files[0], row->offset, raw, (size_t)bytes, err);
    char *p = text;
    for (uint64_t i = 0; s == OX_OK && i < n; i++) {
        rows[i] = (ox_bytes){p, encode(raw + 4 * row->text_width * i, row->text_width, p)};
        p += rows[i].n;
    }
    if (s == OX_OK) s = ox_data_strings(&d, row->rank, row->dims, rows, err);
    ox__free(raw);
    ox__free(text);
    ox__free(rows);
    return s == OX_OK ? ox_data_set_add(set, row->name, d, err) : s;
}

/* Whether read_strings can: they stand in the file as they are. */
static bool is_plain_text(const ox__array *row)
{
    return row->text_width && !row->fortran && row->file == 0;
}

static ox_status read_arrays(ox_data_set *set, ox__map *map, const ox_task *task, ox_error *err)
{
    ox__arrays a;
    char *path = ox__strndup(map->path, strlen(map->path));
    ox_status s = ox__arrays_open(&a, map, err);
    bool *wanted = ox__alloc(a.rows.n + 1);
    if (s == OX_OK && (!wanted || !path)) s = ox__nomem(err);
    for (size_t i = 0; s == OX_OK && i < a.rows.n; i++) {
        wanted[i] = !a.rows.p[i].unusable;
        if (wanted[i] || is_plain_text(&a.rows.p[i])) continue;
        s = ox__fail(err, OX_E_UNSUPPORTED, "array `%s` cannot be read: %s", a.rows.p[i].name, a.rows.p[i].unusable);
        ox_error_at_line(err, path, 0, 0);
    }
    if (s == OX_OK) s = ox__arrays_prepare(&a, wanted, task, err);
    for (size_t i = 0; s == OX_OK && i < a.rows.n; i++)
        s = wanted[i] ? read_row(set, &a, &a.rows.p[i], err) : read_strings(set, &a, &a.rows.p[i], err);
    ox__free(wanted);
    ox__free(path);
    ox__arrays_close(&a);
    return s;
}

static ox_status read_message(ox_data_set *set, const ox__map *map, ox_type_kind kind, ox_error *err)
{
    if (!map->n) {
        ox_status empty = ox__fail(err, OX_E_FORMAT, "the file is empty");
        ox_error_at_line(err, map->path, 0, 0);
        return empty;
    }
    uint8_t *copy = ox__alloc((size_t)map->n);
    if (!copy) return ox__nomem(err);
    ox_data *d;
    char *name = NULL;
    ox_status s = ox__map_read(map, 0, copy, (size_t)map->n, err);
    if (s == OX_OK) s = ox__data_of_pb(&d, &name, copy, map->n, map->path, kind, err);
    if (s == OX_OK) s = ox_data_set_add(set, name ? name : "", d, err);
    ox__free(name);
    ox__free(copy);
    return s;
}

typedef struct sniffing {
    const ox__map *map;
    bool arrays;
} sniffing;

static ox_status sniff(void *ud, ox_error *err)
{
    sniffing *k = ud;
    (void)err;
    k->arrays = ox__arrays_sniff(k->map->p, k->map->n);
    return OX_OK;
}

ox_status ox_data_read(ox_data_set *set, const char *path, ox_type_kind kind, const ox_task *task, ox_error *err)
{
    ox__map map;
    ox_status s = ox__map_open(&map, path, false, err);
    if (s != OX_OK) return s;
    sniffing k = {&map, false};
    size_t n = strlen(path);
    bool pb = n > 3 && strcmp(path + n - 3, ".pb") == 0;
    if (!pb) s = ox__guarded(sniff, &k, path, err);
    if (s == OX_OK && k.arrays) {
        s = read_arrays(set, &map, task, err);
    } else if (s == OX_OK && pb) {
        s = read_message(set, &map, kind, err);
    } else if (s == OX_OK) {
        s = ox__fail(err, OX_E_FORMAT, "this file holds no data that is known");
        ox_error_at_line(err, path, 0, 0);
        ox_error_hint(err, "data is read from .npz, .npy, .safetensors, .pt and .pb files");
    }
    ox__map_close(&map);
    return s;
}
