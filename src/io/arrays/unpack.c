/* Floor 3. Making the bytes of arrays ready. What stands in the file in canonical form stays there; the rest goes,
 * piece by piece, into one temporary file without a name, so that no weight is ever held on the heap. */
#include "io/arrays/arrays_in.h"

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <sys/mman.h>
#include <unistd.h>

#define MAX_UNPACKED ((uint64_t)16 << 30)
enum { STEP = 256 << 10, ALIGN = 64, PAGE = 64 << 10 /* at least a page, wherever this runs */ };

typedef struct unpacking {
    ox__arrays *arrays;
    const ox_task *task;
    uint64_t done, total;
    int fd;
    uint8_t *buf; /* STEP bytes */
} unpacking;

/* The elements of a row in the order of the file. */
typedef struct source {
    const ox__map *map;
    uint64_t at;        /* of a lone .npy */
    ox__zip_reader zip; /* of an archive */
    bool zipped;
    ox__gather gather; /* of a strided array */
} source;

static ox_status io_error(unpacking *u, ox_error *err)
{
    int e = errno;
    ox_status s = ox__errno(err, "cannot unpack into a temporary file", u->arrays->files[0].path);
    if (e == ENOSPC || e == EDQUOT)
        ox_error_hint(err, "TMPDIR says where temporary files go; %llu bytes are needed", (unsigned long long)u->total);
    return s;
}

static ox_status read_source(source *src, void *dst, size_t n, ox_error *err)
{
    size_t got = n;
    ox_status s;
    if (src->zipped) {
        s = ox__zip_read(&src->zip, dst, n, &got, err);
    } else if (src->gather.row) {
        s = ox__gather_next(&src->gather, src->map, dst, n, err);
    } else {
        s = ox__map_read(src->map, src->at, dst, n, err);
        src->at += n;
    }
    if (s == OX_OK && got < n) s = ox__fail(err, OX_E_FORMAT, "the array is shorter than its dims say");
    return s;
}

static ox_status open_source(source *src, unpacking *u, const ox__array *row, ox_error *err)
{
    memset(src, 0, sizeof *src);
    src->map = &u->arrays->files[0];
    src->at = row->skip;
    src->zipped = row->entry && !row->direct;
    src->gather.row = row->strides ? row : NULL;
    if (!src->zipped) return OX_OK;
    ox_status s = ox__zip_reader_open(&src->zip, &u->arrays->zip, row->entry, err);
    for (uint64_t left = row->skip, n; s == OX_OK && left; left -= n) { /* over what stands before */
        n = OX__MIN(left, (uint64_t)STEP);
        s = read_source(src, u->buf, (size_t)n, err);
    }
    return s;
}

static void swap_bytes(uint8_t *p, size_t n, size_t unit)
{
    for (size_t i = 0; i + unit <= n; i += unit) {
        for (size_t a = 0, b = unit - 1; a < b; a++, b--) {
            uint8_t t = p[i + a];
            p[i + a] = p[i + b];
            p[i + b] = t;
        }
    }
}

/* The next piece of the array, at most STEP bytes and whole elements. */
static ox_status next_piece(unpacking *u, source *src, const ox__array *row, uint64_t left, size_t *n, ox_error *err)
{
    if (u->task && u->task->step && !u->task->step(u->task->ud, "unpacking", u->done, u->total))
        return ox__fail(err, OX_E_INTERRUPTED, "interrupted");
    *n = (size_t)OX__MIN(left, (uint64_t)STEP);
    ox_status s = read_source(src, u->buf, *n, err);
    if (s != OX_OK) return s;
    size_t unit = ox_dtype_bits(row->dtype) / 8;
    if (row->swapped) swap_bytes(u->buf, *n, ox_dtype_is_complex(row->dtype) ? unit / 2 : unit);
    u->done += *n;
    return OX_OK;
}

static ox_status copy_row(unpacking *u, source *src, const ox__array *row, ox_error *err)
{
    if (lseek(u->fd, (off_t)row->offset, SEEK_SET) < 0) return io_error(u, err);
    for (uint64_t left = row->n_bytes; left;) {
        size_t n;
        ox_status s = next_piece(u, src, row, left, &n, err);
        if (s != OX_OK) return s;
        if (!ox__sys_write_all(u->fd, u->buf, n)) return io_error(u, err);
        left -= n;
    }
    return OX_OK;
}

/* ---- Fortran order ---- */
/* Where the next element goes: the first index runs fastest in the source, the last in the target. */
typedef struct scatter {
    const ox__array *row;
    uint8_t *to; /* the row's bytes in the temporary file */
    const uint8_t *from;
    size_t n, unit;
    uint64_t place; /* in elements */
    uint64_t index[64], stride[64];
} scatter;

static ox_status scatter_piece(void *ud, ox_error *err)
{
    scatter *k = ud;
    const ox__array *row = k->row;
    (void)err;
    for (size_t i = 0; i < k->n; i += k->unit) {
        memcpy(k->to + k->place * k->unit, k->from + i, k->unit);
        for (uint32_t d = 0; d < row->rank; d++) {
            k->place += k->stride[d];
            if (++k->index[d] < (uint64_t)row->dims[d]) break;
            k->place -= k->stride[d] * (uint64_t)row->dims[d];
            k->index[d] = 0;
        }
    }
    return OX_OK;
}

static ox_status scatter_row(unpacking *u, source *src, const ox__array *row, uint8_t *to, ox_error *err)
{
    scatter k = {.row = row, .to = to, .from = u->buf, .unit = ox_dtype_bits(row->dtype) / 8};
    uint64_t stride = 1;
    for (uint32_t d = row->rank; d-- > 0;) {
        k.stride[d] = stride;
        stride *= (uint64_t)row->dims[d];
    }
    for (uint64_t left = row->n_bytes; left; left -= k.n) {
        ox_status s = next_piece(u, src, row, left, &k.n, err);
        if (s == OX_OK) s = ox__guarded(scatter_piece, &k, u->arrays->files[0].path, err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

static ox_status transpose_row(unpacking *u, source *src, const ox__array *row, ox_error *err)
{
    int e =
        posix_fallocate(u->fd, (off_t)row->offset, (off_t)row->n_bytes); /* a full disk is told here, not by SIGBUS */
    if (e != 0) {
        errno = e;
        return io_error(u, err);
    }
    void *p = mmap(NULL, (size_t)row->n_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, u->fd, (off_t)row->offset);
    if (p == MAP_FAILED) return io_error(u, err);
    ox_status s = scatter_row(u, src, row, p, err);
    munmap(p, (size_t)row->n_bytes);
    return s;
}

/* ---- all rows ---- */
static ox_status unpack_row(unpacking *u, ox__array *row, ox_error *err)
{
    source src;
    ox_status s = open_source(&src, u, row, err);
    if (s == OX_OK) s = row->fortran ? transpose_row(u, &src, row, err) : copy_row(u, &src, row, err);
    ox__zip_reader_close(&src.zip);
    if (s != OX_OK) ox_error_context(err, "array '%.200s'", row->name);
    return s;
}

static ox_status unpack_rows(unpacking *u, const bool *wanted, ox_error *err)
{
    ox__arrays *a = u->arrays;
    uint64_t at = 0;
    for (size_t i = 0; i < a->rows.n; i++) {
        ox__array *row = &a->rows.p[i];
        if (!wanted[i] || row->file != OX__ARRAY_PACKED) continue;
        uint64_t align = row->fortran ? PAGE : ALIGN; /* what is mapped to be written begins on a page */
        row->offset = at = (at + align - 1) / align * align;
        ox_status s = unpack_row(u, row, err);
        if (s != OX_OK) return s;
        at += row->n_bytes;
    }
    for (size_t i = 0; i < a->rows.n; i++)
        if (wanted[i] && a->rows.p[i].file == OX__ARRAY_PACKED) a->rows.p[i].file = 1;
    return OX_OK;
}

static ox_status map_unpacked(unpacking *u, ox_error *err)
{
    ox__buf name = {0};
    ox__buf_addf(&name, "%s (unpacked)", u->arrays->files[0].path);
    ox_status s = name.failed ? ox__nomem(err) : OX_OK;
    if (s == OX_OK) {
        s = ox__map_fd(&u->arrays->files[1], u->fd, name.p, err);
        u->fd = -1;
    }
    ox__buf_free(&name);
    return s;
}

static ox_status unpack_all(unpacking *u, const bool *wanted, ox_error *err)
{
    if (!(u->buf = ox__alloc(STEP))) return ox__nomem(err);
    ox_status s = ox__temp_open(&u->fd, err);
    if (s == OX_OK) s = unpack_rows(u, wanted, err);
    if (s == OX_OK) s = map_unpacked(u, err);
    if (u->fd >= 0) ox__sys_close(u->fd);
    ox__free(u->buf);
    return s;
}

/* ---- what is asked for ---- */
/* An expanded tensor repeats its elements: a small file must not fill the disk by it. */
static uint64_t most_strided(const ox__arrays *a)
{
    return ((uint64_t)64 << 20) + 16 * OX__MIN(a->files[0].n, MAX_UNPACKED);
}

/* Counts what row i needs, and refuses what cannot be had. */
static ox_status demand(unpacking *u, const ox__array *row, uint64_t *strided, ox_error *err)
{
    if (row->unusable) return ox__fail(err, OX_E_UNSUPPORTED, "%s", row->unusable);
    if (row->file != OX__ARRAY_PACKED) return OX_OK;
    if (row->n_bytes > MAX_UNPACKED - u->total)
        return ox__fail(err, OX_E_LIMIT, "the arrays unpack to more than 16 GiB");
    u->total += row->n_bytes;
    *strided += row->strides ? row->n_bytes : 0;
    if (*strided > most_strided(u->arrays))
        return ox__fail(err, OX_E_LIMIT, "it repeats its elements: written out, it is much larger than the file");
    return OX_OK;
}

static ox_status fail_at(const ox__arrays *a, const ox__array *row, ox_status s, ox_error *err)
{
    ox_error_context(err, "array '%.200s'", row->name);
    if (err && !err->file[0]) ox_error_at_line(err, a->files[0].path, 0, 0);
    return s;
}

/* Holds the entries of the rows that are read where they stand against their checksums, each once. */
static ox_status check_entries(unpacking *u, const bool *wanted, ox_error *err)
{
    ox__arrays *a = u->arrays;
    ox_status s = OX_OK;
    bool *checked = ox__calloc(a->zip.entries.n + 1, sizeof *checked);
    if (!checked) return ox__nomem(err);
    for (size_t i = 0; i < a->rows.n && s == OX_OK; i++) {
        const ox__array *row = &a->rows.p[i];
        bool *seen = row->entry ? &checked[row->entry - a->zip.entries.p] : NULL;
        if (!wanted[i] || !seen || *seen || (row->file == OX__ARRAY_PACKED && !row->direct)) continue;
        *seen = true;
        s = ox__zip_check(&a->zip, row->entry, u->task, err);
        if (s != OX_OK) s = fail_at(a, row, s, err);
    }
    ox__free(checked);
    return s;
}

static ox_status prepare(ox__arrays *a, const bool *wanted, bool check, const ox_task *task, ox_error *err)
{
    unpacking u = {.arrays = a, .task = task, .fd = -1};
    uint64_t strided = 0;
    bool any = false;
    for (size_t i = 0; i < a->rows.n; i++) {
        if (!wanted[i]) continue;
        ox_status s = demand(&u, &a->rows.p[i], &strided, err);
        if (s != OX_OK) return fail_at(a, &a->rows.p[i], s, err);
        any |= a->rows.p[i].file == OX__ARRAY_PACKED;
    }
    ox_status s = check ? check_entries(&u, wanted, err) : OX_OK;
    return s == OX_OK && any ? unpack_all(&u, wanted, err) : s;
}

ox_status ox__arrays_prepare(ox__arrays *a, const bool *wanted, const ox_task *task, ox_error *err)
{
    return prepare(a, wanted, true, task, err);
}

ox_status ox__arrays_unpack(ox__arrays *a, const ox_task *task, ox_error *err)
{
    bool *wanted = ox__alloc(a->rows.n + 1);
    if (!wanted) return ox__nomem(err);
    for (size_t i = 0; i < a->rows.n; i++) wanted[i] = !a->rows.p[i].unusable;
    ox_status s = prepare(a, wanted, false, task, err);
    ox__free(wanted);
    return s;
}
