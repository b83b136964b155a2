/* Floor 3. .npz: a zip archive of .npy arrays. Only the headers of the arrays are read here. */
#include "io/arrays/arrays_in.h"

static ox_status read_header(ox__arrays *a, ox__array *row, const ox__zip_entry *e, uint8_t *buf, ox_error *err)
{
    ox__zip_reader r;
    size_t got = (size_t)OX__MIN(e->size, (uint64_t)OX__NPY_HEADER);
    ox_status s = ox__zip_reader_open(&r, &a->zip, e, err);
    if (s == OX_OK && e->method == 0) /* as it stands: whether the checksum is right is asked when it is used */
        s = ox__map_read(&a->files[0], r.at, buf, got, err);
    else if (s == OX_OK)
        s = ox__zip_read(&r, buf, OX__NPY_HEADER, &got, err);
    if (s == OX_OK) s = ox__npy_header(a, row, buf, got, e->size, err);
    if (s == OX_OK && e->method == 0 && !row->swapped && !row->fortran) {
        row->file = 0;
        row->offset = r.at + row->skip;
    }
    ox__zip_reader_close(&r);
    return s;
}

static bool ends_with(const ox__zip_entry *e, const char *end)
{
    size_t n = strlen(end);
    return e->name_n >= n && memcmp(e->name + e->name_n - n, end, n) == 0;
}

static ox_status read_entry(ox__arrays *a, const ox__zip_entry *e, uint8_t *buf, ox_error *err)
{
    ox__array row = {.file = OX__ARRAY_PACKED, .entry = e};
    size_t n = e->name_n;
    ox_status s = OX_OK;
    if (ends_with(e, "/")) return OX_OK;
    if (ends_with(e, ".npy")) {
        n -= 4;
        s = read_header(a, &row, e, buf, err);
        if (s != OX_OK) ox_error_context(err, "array '%.*s'", (int)OX__MIN(n, (size_t)200), e->name);
    } else {
        row.unusable = "it is no .npy array";
    }
    return s == OX_OK ? ox__arrays_add(a, e->name, n, &row, err) : s;
}

ox_status ox__npz_read(ox__arrays *a, ox_error *err)
{
    ox_status s = OX_OK;
    uint8_t *buf = ox__alloc(OX__NPY_HEADER);
    if (!buf) return ox__nomem(err);
    for (size_t i = 0; i < a->zip.entries.n && s == OX_OK; i++) {
        s = read_entry(a, &a->zip.entries.p[i], buf, err);
    }
    ox__free(buf);
    if (s != OX_OK && err && !err->file[0]) ox_error_at_line(err, a->files[0].path, 0, 0);
    return s;
}
