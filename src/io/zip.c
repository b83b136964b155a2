/* Floor 3. The directory of a zip archive. The parsers run over the map inside the SIGBUS guard; what they make lives
 * in the ox__zip, which the caller closes. Reading entries stands in zip_read.c. */
#include "io/zip.h"

#include "base/wire.h"

#include <inttypes.h>
#include <stdlib.h>

enum {
    END_SIZE = 22,
    END64_SIZE = 56,
    LOCATOR_SIZE = 20,
    CENTRAL_SIZE = 46,
    LOCAL_SIZE = 30,
    MAX_COMMENT = 0xFFFF,
    ZIP64_EXTRA = 1
};
#define SIG(a, b) (0x4B50u | (uint32_t)(a) << 16 | (uint32_t)(b) << 24)
#define FULL16 0xFFFFu
#define FULL32 0xFFFFFFFFu

static ox_status bad(const ox__map *map, uint64_t at, ox_error *err, const char *what)
{
    ox__fail(err, OX_E_FORMAT, "%s", what);
    ox_error_at_offset(err, map->path, at);
    return OX_E_FORMAT;
}

static ox__reader reader_at(const ox__map *map, uint64_t from, uint64_t to)
{
    return ox__reader_make(map->p, map->p + from, to - from);
}

/* ---- the end of the archive ---- */
typedef struct ending {
    uint64_t at; /* where it begins: the directory ends before */
    uint64_t entries, size, offset;
} ending;

static bool is_signature(const ox__map *map, uint64_t at, uint32_t sig)
{
    ox__reader r = reader_at(map, at, map->n);
    return ox__read_u32le(&r) == sig && !r.failed;
}

static bool find_end(const ox__map *map, uint64_t *at)
{
    if (map->n < END_SIZE) return false;
    uint64_t last = map->n - END_SIZE, first = last > MAX_COMMENT ? last - MAX_COMMENT : 0;
    for (uint64_t i = last + 1; i-- > first;) { /* a comment follows that reaches just to the end of the file */
        if (map->p[i] != 'P' || !is_signature(map, i, SIG(5, 6))) continue;
        ox__reader r = reader_at(map, i + 20, map->n);
        if (ox__read_u16le(&r) == last - i) {
            *at = i;
            return true;
        }
    }
    return false;
}

/* One number that both ends state: the old one says "see the new one" by being all ones, else it must be the same. */
static bool agree(uint64_t small, uint64_t full, uint64_t big)
{
    return small == full || small == big;
}

static ox_status read_end64(const ox__map *map, ending *e, ox_error *err)
{
    uint64_t at = e->at - LOCATOR_SIZE;
    ox__reader r = reader_at(map, at + 4, map->n);
    uint32_t disk = ox__read_u32le(&r);
    uint64_t where = ox__read_u64le(&r);
    uint32_t disks = ox__read_u32le(&r);
    if (disk != 0 || disks > 1) return bad(map, at, err, "this is one volume of a split zip archive");
    if (where > at || at - where < END64_SIZE || !is_signature(map, where, SIG(6, 6)))
        return bad(map, at, err, "the zip64 end record is not where its locator says");
    r = reader_at(map, where + 4, at);
    ox__read_bytes(&r, 12); /* its size, versions */
    uint32_t this_disk = ox__read_u32le(&r), directory_disk = ox__read_u32le(&r);
    uint64_t here = ox__read_u64le(&r), all = ox__read_u64le(&r);
    uint64_t size = ox__read_u64le(&r), offset = ox__read_u64le(&r);
    if (this_disk || directory_disk || here != all)
        return bad(map, where, err, "this is one volume of a split zip archive");
    if (!agree(e->entries, FULL16, all) || !agree(e->size, FULL32, size) || !agree(e->offset, FULL32, offset))
        return bad(map, where, err, "the two end records of the zip archive disagree");
    *e = (ending){where, all, size, offset};
    return OX_OK;
}

static ox_status read_end(const ox__map *map, ending *e, ox_error *err)
{
    uint64_t at;
    if (!find_end(map, &at)) {
        ox_status s = bad(map, map->n, err, "the end of the zip archive is missing");
        ox_error_hint(err, "the file may be cut short: fetch or write it again");
        return s;
    }
    ox__reader r = reader_at(map, at + 4, map->n);
    uint16_t this_disk = ox__read_u16le(&r), directory_disk = ox__read_u16le(&r);
    uint16_t here = ox__read_u16le(&r), all = ox__read_u16le(&r);
    uint32_t size = ox__read_u32le(&r), offset = ox__read_u32le(&r);
    *e = (ending){at, all, size, offset};
    if (at >= LOCATOR_SIZE && is_signature(map, at - LOCATOR_SIZE, SIG(6, 7))) return read_end64(map, e, err);
    if (this_disk || directory_disk || here != all)
        return bad(map, at, err, "this is one volume of a split zip archive");
    return OX_OK;
}

/* ---- extra fields ---- */
/* Takes from the zip64 extra field, in their order, those numbers that are all ones in the header. */
static bool read_extra64(ox__reader extra, uint64_t *const *numbers, size_t n)
{
    bool wanted = false;
    for (size_t i = 0; i < n; i++) wanted |= *numbers[i] == FULL32;
    while (wanted && ox__reader_left(&extra) >= 4) {
        uint16_t id = ox__read_u16le(&extra), size = ox__read_u16le(&extra);
        const uint8_t *p = ox__read_bytes(&extra, size);
        if (!p) return false;
        if (id != ZIP64_EXTRA) continue;
        ox__reader r = ox__reader_make(p, p, size);
        for (size_t i = 0; i < n; i++)
            if (*numbers[i] == FULL32) *numbers[i] = ox__read_u64le(&r);
        return !r.failed;
    }
    return true; /* without one, all ones is the number itself */
}

/* ---- the central directory ---- */
typedef struct name_key {
    const ox__zip *zip;
    const char *name;
    size_t n;
} name_key;

static bool same_name(const void *ud, uint32_t id)
{
    const name_key *k = ud;
    const ox__zip_entry *e = &k->zip->entries.p[id - 1];
    return e->name_n == k->n && memcmp(e->name, k->name, k->n) == 0;
}

const ox__zip_entry *ox__zip_find(const ox__zip *z, const char *name, size_t n)
{
    name_key k = {z, name, n};
    uint32_t id = ox__index_find(&z->names, ox__hash(name, n), same_name, &k);
    return id ? &z->entries.p[id - 1] : NULL;
}

static ox_status add_entry(ox__zip *z, ox__zip_entry *e, const uint8_t *name, uint64_t at, ox_error *err)
{
    if (memchr(name, '\0', e->name_n)) return bad(z->map, at, err, "a name in the zip archive contains a NUL byte");
    char *copy = ox__arena_alloc(&z->arena, (size_t)e->name_n + 1);
    if (!copy) return ox__nomem(err);
    memcpy(copy, name, e->name_n);
    copy[e->name_n] = '\0';
    e->name = copy;
    if (ox__zip_find(z, copy, e->name_n)) {
        ox__fail(err, OX_E_FORMAT, "the zip archive has two entries '%.200s'", copy);
        ox_error_at_offset(err, z->map->path, at);
        return OX_E_FORMAT;
    }
    if (z->entries.n >= UINT32_MAX - 1) return ox__fail(err, OX_E_LIMIT, "the zip archive has too many entries");
    if (!ox__vec_push(&z->entries, *e) || !ox__index_add(&z->names, ox__hash(copy, e->name_n), (uint32_t)z->entries.n))
        return ox__nomem(err);
    return OX_OK;
}

static ox_status read_entry(ox__zip *z, ox__reader *r, ox_error *err)
{
    uint64_t at = ox__reader_offset(r);
    ox__zip_entry e = {0};
    if (ox__read_u32le(r) != SIG(1, 2)) return bad(z->map, at, err, "the zip archive's directory is damaged");
    ox__read_u32le(r); /* versions */
    e.flags = ox__read_u16le(r);
    e.method = ox__read_u16le(r);
    ox__read_u32le(r); /* time */
    e.crc = ox__read_u32le(r);
    e.packed = ox__read_u32le(r);
    e.size = ox__read_u32le(r);
    e.name_n = ox__read_u16le(r);
    uint16_t extra_n = ox__read_u16le(r), comment_n = ox__read_u16le(r), disk = ox__read_u16le(r);
    ox__read_bytes(r, 6); /* attributes */
    e.header = ox__read_u32le(r);
    const uint8_t *name = ox__read_bytes(r, e.name_n), *extra = ox__read_bytes(r, extra_n);
    ox__read_bytes(r, comment_n);
    if (r->failed) return bad(z->map, at, err, "the zip archive's directory is cut short");
    if (disk != 0 && disk != FULL16) return bad(z->map, at, err, "this is one volume of a split zip archive");
    uint64_t *const numbers[] = {&e.size, &e.packed, &e.header};
    if (!read_extra64(ox__reader_make(z->map->p, extra, extra_n), numbers, 3))
        return bad(z->map, at, err, "a zip64 field is cut short");
    if (e.header > z->directory || e.packed > z->directory - e.header)
        return bad(z->map, at, err, "an entry goes beyond the zip archive");
    return add_entry(z, &e, name, at, err);
}

static ox_status read_directory(void *ud, ox_error *err)
{
    ox__zip *z = ud;
    ending e;
    ox_status s = read_end(z->map, &e, err);
    if (s != OX_OK) return s;
    if (e.offset > e.at || e.size > e.at - e.offset)
        return bad(z->map, e.at, err, "the zip archive's directory lies beyond its end");
    if (e.entries > e.size / CENTRAL_SIZE)
        return bad(z->map, e.at, err, "the zip archive counts more entries than its directory can hold");
    z->directory = e.offset;
    ox__reader r = reader_at(z->map, e.offset, e.offset + e.size);
    for (uint64_t i = 0; i < e.entries; i++)
        if ((s = read_entry(z, &r, err)) != OX_OK) return s;
    if (ox__reader_left(&r))
        return bad(z->map, ox__reader_offset(&r), err, "the zip archive's directory holds more than it counts");
    return OX_OK;
}

static int by_header(const void *a, const void *b, void *ud)
{
    const ox__zip_entry *all = ud;
    uint64_t x = all[*(const uint32_t *)a].header, y = all[*(const uint32_t *)b].header;
    return (x > y) - (x < y);
}

/* Entries that share bytes are how a small archive unpacks to a huge one. How long the local header of one is shows
 * when it is located. */
static ox_status check_overlap(ox__zip *z, ox_error *err)
{
    uint32_t n = (uint32_t)z->entries.n, *order = ox__calloc(n, sizeof *order);
    if (!order) return ox__nomem(err);
    for (uint32_t i = 0; i < n; i++) order[i] = i;
    qsort_r(order, n, sizeof *order, by_header, z->entries.p);
    ox_status s = OX_OK;
    if (n) z->entries.p[order[n - 1]].end = z->directory;
    for (uint32_t i = 1; i < n && s == OX_OK; i++) {
        ox__zip_entry *e = &z->entries.p[order[i - 1]], *next = &z->entries.p[order[i]];
        e->end = next->header;
        if (next->header - e->header >= LOCAL_SIZE + (uint64_t)e->name_n + e->packed) continue;
        s = ox__fail(err, OX_E_FORMAT, "entries '%.200s' and '%.200s' of the zip archive overlap", e->name, next->name);
        ox_error_at_offset(err, z->map->path, next->header);
    }
    ox__free(order);
    return s;
}

ox_status ox__zip_open(ox__zip *z, const ox__map *map, ox_error *err)
{
    memset(z, 0, sizeof *z);
    z->map = map;
    ox_status s = ox__guarded(read_directory, z, map->path, err);
    return s == OX_OK ? check_overlap(z, err) : s;
}

void ox__zip_close(ox__zip *z)
{
    ox__arena_free(&z->arena);
    ox__vec_free(&z->entries);
    ox__index_free(&z->names);
}

/* ---- local headers ---- */
typedef struct locating {
    const ox__zip *zip;
    const ox__zip_entry *entry;
    uint64_t offset;
} locating;

/* Sizes and CRC may stand after the data instead (flag 3); then they are zero here, or right. */
static bool same_numbers(const ox__zip_entry *e, uint64_t crc, uint64_t packed, uint64_t size)
{
    if ((e->flags & 8) && crc == 0 && packed == 0 && size == 0) return true;
    return crc == e->crc && packed == e->packed && size == e->size;
}

static ox_status read_local(void *ud, ox_error *err)
{
    locating *l = ud;
    const ox__zip_entry *e = l->entry;
    const ox__map *map = l->zip->map;
    ox__reader r = reader_at(map, e->header, e->end);
    uint32_t sig = ox__read_u32le(&r);
    ox__read_u16le(&r); /* version */
    uint16_t flags = ox__read_u16le(&r), method = ox__read_u16le(&r);
    ox__read_u32le(&r); /* time */
    uint64_t crc = ox__read_u32le(&r), packed = ox__read_u32le(&r), size = ox__read_u32le(&r);
    uint16_t name_n = ox__read_u16le(&r), extra_n = ox__read_u16le(&r);
    const uint8_t *name = ox__read_bytes(&r, name_n), *extra = ox__read_bytes(&r, extra_n);
    if (r.failed || sig != SIG(3, 4)) return bad(map, e->header, err, "its local header is not there");
    uint64_t *const numbers[] = {&size, &packed};
    if (!read_extra64(ox__reader_make(map->p, extra, extra_n), numbers, 2))
        return bad(map, e->header, err, "a zip64 field is cut short");
    if (flags != e->flags || method != e->method || name_n != e->name_n || memcmp(name, e->name, name_n) != 0 ||
        !same_numbers(e, crc, packed, size))
        return bad(map, e->header, err, "its local header and the directory disagree");
    l->offset = ox__reader_offset(&r);
    if (e->packed > ox__reader_left(&r)) return bad(map, e->header, err, "it goes on into what follows it");
    return OX_OK;
}

static ox_status check_kind(const ox__map *map, const ox__zip_entry *e, ox_error *err)
{
    ox_status s = OX_OK;
    if (e->flags & (1 | 1 << 6 | 1 << 13))
        s = ox__fail(err, OX_E_UNSUPPORTED, "it is encrypted");
    else if (e->method != 0 && e->method != 8)
        s = ox__fail(err, OX_E_UNSUPPORTED, "it is packed by method %u; only 0 (stored) and 8 (deflate) are read",
                     e->method);
    if (s != OX_OK) {
        ox_error_at_offset(err, map->path, e->header);
        return s;
    }
    if (e->method == 0 && e->packed != e->size)
        return bad(map, e->header, err, "it is stored, but its two sizes differ");
    /* deflate makes at most 258 bytes of two bits */
    if (e->method == 8 && e->size / 1032 > e->packed)
        return bad(map, e->header, err, "it claims more than deflate can hold");
    return OX_OK;
}

ox_status ox__zip_locate(const ox__zip *z, const ox__zip_entry *e, uint64_t *offset, ox_error *err)
{
    locating l = {z, e, 0};
    ox_status s = check_kind(z->map, e, err);
    if (s == OX_OK) s = ox__guarded(read_local, &l, z->map->path, err);
    if (s != OX_OK) ox_error_context(err, "zip entry '%.200s'", e->name);
    *offset = l.offset;
    return s;
}
