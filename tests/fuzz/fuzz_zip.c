/* Zip archives, whatever the bytes: a directory whose entries are found by their names and lie apart from each other in
 * the map, each of which can be read to its end or is refused with a reason. */
#include "fuzz.h"

#include "io/zip.h"

#include <stdlib.h>
#include <zlib.h>

enum { READ = 1 << 20, READ_ALL = 4 << 20 }; /* bytes of content, so that a bomb costs no time */

typedef struct span {
    uint64_t from, to;
} span;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

static int by_place(const void *a, const void *b)
{
    uint64_t x = ((const span *)a)->from, y = ((const span *)b)->from;
    return (x > y) - (x < y);
}

/* Reads an entry in pieces of an odd size; its bytes are those of its CRC. */
static void read_all(const ox__zip *z, const ox__zip_entry *e)
{
    uint8_t piece[997];
    ox__zip_reader r;
    ox_error err;
    uint64_t sum = 0;
    size_t got = sizeof piece;
    uLong crc = crc32(0, NULL, 0);
    ox_error_clear(&err);
    ox_status s = ox__zip_reader_open(&r, z, e, &err);
    FUZZ_CHECK(s == OX_OK, "what was read once is refused: %s", err.msg);
    for (; s == OX_OK && got == sizeof piece; sum += got) {
        s = ox__zip_read(&r, piece, sizeof piece, &got, &err);
        FUZZ_CHECK(s == OX_OK, "what was right once is not: %s", err.msg);
        crc = crc32_z(crc, piece, got);
    }
    ox__zip_reader_close(&r);
    FUZZ_CHECK(sum == e->size && crc == e->crc, "%llu bytes of %llu", (unsigned long long)sum,
               (unsigned long long)e->size);
}

/* The place of an entry in the map; an empty one if it is refused. */
static span look(const ox__zip *z, const ox__zip_entry *e, uint64_t *left)
{
    span at = {0, 0};
    ox_error err;
    ox_error_clear(&err);
    ox_status s = ox__zip_locate(z, e, &at.from, &err);
    if (s != OX_OK) {
        fuzz_check_error(&err, s, z->map->n);
        return (span){0, 0};
    }
    FUZZ_CHECK(at.from > e->header && at.from <= z->directory && e->packed <= z->directory - at.from,
               "%llu bytes at %llu", (unsigned long long)e->packed, (unsigned long long)at.from);
    at.to = at.from + e->packed;
    if (e->size > READ || e->size > *left) return at;
    *left -= e->size;
    s = ox__zip_check(z, e, NULL, &err);
    if (s == OX_OK)
        read_all(z, e);
    else
        fuzz_check_error(&err, s, z->map->n);
    return at;
}

static void entries(const ox__zip *z)
{
    span *spans = ox__calloc(z->entries.n + 1, sizeof *spans);
    uint64_t left = READ_ALL;
    FUZZ_CHECK(spans, "no memory");
    for (size_t i = 0; i < z->entries.n; i++) {
        const ox__zip_entry *e = &z->entries.p[i];
        FUZZ_CHECK(strlen(e->name) == e->name_n, "a name with a NUL");
        FUZZ_CHECK(ox__zip_find(z, e->name, e->name_n) == e, "entry %zu is not found by its name", i);
        spans[i] = look(z, e, &left);
    }
    qsort(spans, z->entries.n, sizeof *spans, by_place);
    for (size_t i = 1; i < z->entries.n; i++)
        FUZZ_CHECK(spans[i].from >= spans[i - 1].to, "two entries share byte %llu", (unsigned long long)spans[i].from);
    ox__free(spans);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    ox__zip z;
    ox_error err;
    ox__map map = {.owned_memory = true, .n = n, .fd = -1};
    uint8_t *copy = ox__alloc(n ? n : 1);
    ox_error_clear(&err);
    map.path = ox__strndup("in.zip", 6);
    if (copy && n) memcpy(copy, data, n);
    map.p = copy;
    FUZZ_CHECK(copy && map.path, "no memory");
    ox_status s = ox__zip_open(&z, &map, &err);
    if (s == OX_OK)
        entries(&z);
    else
        fuzz_check_error(&err, s, n);
    ox__zip_close(&z);
    ox__map_close(&map);
    return 0;
}
