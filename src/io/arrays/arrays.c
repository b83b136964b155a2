/* Floor 3. Opening a file of arrays: by content one of the formats of this folder. */
#include "io/arrays/arrays_in.h"
#include "ir/data.h"

#include "io/torch.h"

static bool is_zip(const uint8_t *p, uint64_t n)
{
    return n >= 22 && p[0] == 'P' && p[1] == 'K' && ((p[2] == 3 && p[3] == 4) || (p[2] == 5 && p[3] == 6));
}

bool ox__arrays_sniff(const uint8_t *p, uint64_t n)
{
    return is_zip(p, n) || ox__npy_sniff(p, n) || ox__torch_is_legacy(p, n) || ox__safetensors_sniff(p, n);
}

typedef struct name_key {
    const ox__arrays *arrays;
    const char *name;
    size_t n;
} name_key;

static bool same_name(const void *ud, uint32_t id)
{
    const name_key *k = ud;
    const ox__array *row = &k->arrays->rows.p[id - 1];
    return row->name_n == k->n && memcmp(row->name, k->name, k->n) == 0;
}

ox__array *ox__arrays_find(ox__arrays *a, const char *name, size_t n)
{
    name_key k = {a, name, n};
    uint32_t id = ox__index_find(&a->names, ox__hash(name, n), same_name, &k);
    return id ? &a->rows.p[id - 1] : NULL;
}

ox_status ox__arrays_add(ox__arrays *a, const char *name, size_t n, ox__array *row, ox_error *err)
{
    if (ox__arrays_find(a, name, n)) {
        ox__fail(err, OX_E_FORMAT, "the file has two arrays '%.*s'", (int)OX__MIN(n, (size_t)200), name);
        ox_error_at_line(err, a->files[0].path, 0, 0);
        return OX_E_FORMAT;
    }
    char *copy = ox__arena_alloc(&a->arena, n + 1);
    if (!copy) return ox__nomem(err);
    if (n) memcpy(copy, name, n);
    copy[n] = '\0';
    row->name = copy;
    row->name_n = n;
    if (a->rows.n >= UINT32_MAX - 1) return ox__fail(err, OX_E_LIMIT, "the file has too many arrays");
    if (!ox__vec_push(&a->rows, *row) || !ox__index_add(&a->names, ox__hash(copy, n), (uint32_t)a->rows.n))
        return ox__nomem(err);
    return OX_OK;
}

bool ox__array_size(ox__array *row)
{
    uint64_t n;
    return ox__dims_product(row->dims, row->rank, &n) && ox_dtype_bytes(row->dtype, n, &row->n_bytes);
}

/* A lone .npy is what `numpy.savez` would have put into an archive: its name is that of the file. */
static ox_status read_npy(ox__arrays *a, ox_error *err)
{
    const ox__map *map = &a->files[0];
    uint8_t *buf = ox__alloc(OX__NPY_HEADER);
    if (!buf) return ox__nomem(err);
    size_t n = (size_t)OX__MIN(map->n, (uint64_t)OX__NPY_HEADER);
    ox__array row = {.file = OX__ARRAY_PACKED};
    ox_status s = ox__map_read(map, 0, buf, n, err);
    if (s == OX_OK) s = ox__npy_header(a, &row, buf, n, map->n, err);
    ox__free(buf);
    if (s != OX_OK) {
        ox_error_at_line(err, map->path, 0, 0);
        return s;
    }
    if (!row.swapped && !row.fortran) row.file = 0;
    row.offset = row.skip;
    const char *slash = strrchr(map->path, '/'), *name = slash ? slash + 1 : map->path, *dot = strrchr(name, '.');
    return ox__arrays_add(a, name, dot && strcmp(dot, ".npy") == 0 ? (size_t)(dot - name) : strlen(name), &row, err);
}

typedef struct sniffing {
    const ox__map *map;
    bool zip, npy, torch;
} sniffing;

static ox_status sniff(void *ud, ox_error *err)
{
    sniffing *k = ud;
    (void)err;
    k->zip = is_zip(k->map->p, k->map->n);
    k->npy = ox__npy_sniff(k->map->p, k->map->n);
    k->torch = ox__torch_is_legacy(k->map->p, k->map->n);
    return OX_OK;
}

static ox_status read_zip(ox__arrays *a, ox_error *err)
{
    ox_status s = ox__zip_open(&a->zip, &a->files[0], err);
    if (s != OX_OK) return s;
    return ox__torch_is_archive(&a->zip) ? ox__torch_read(a, false, err) : ox__npz_read(a, err);
}

ox_status ox__arrays_open(ox__arrays *a, ox__map *map, ox_error *err)
{
    memset(a, 0, sizeof *a);
    a->files[0] = *map;
    memset(map, 0, sizeof *map);
    sniffing k = {.map = &a->files[0]};
    ox_status s = ox__guarded(sniff, &k, a->files[0].path, err);
    if (s != OX_OK) return s;
    if (k.torch) return ox__torch_read(a, true, err);
    if (k.zip) return read_zip(a, err);
    return k.npy ? read_npy(a, err) : ox__safetensors_read(a, err);
}

void ox__arrays_close(ox__arrays *a)
{
    ox__zip_close(&a->zip);
    ox__arena_free(&a->arena);
    ox__vec_free(&a->rows);
    ox__index_free(&a->names);
    ox__map_close(&a->files[0]);
    ox__map_close(&a->files[1]);
}
