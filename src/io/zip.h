/* Floor 3. Zip archives, for those formats that are one (.npz, .pt): a strict reader. What two places of the archive
 * say differently is refused, not chosen from: local and central headers must agree, names are unique, entries do not
 * overlap. Nothing is unpacked but by ox__zip_read, which checks size and CRC. */
#ifndef ONNXSH_IO_ZIP_H
#define ONNXSH_IO_ZIP_H

#include "base/file.h"

typedef struct ox__zip_entry {
    const char *name; /* bytes, terminated; no NUL inside */
    uint32_t name_n;
    uint32_t crc;
    uint16_t method; /* 0 stored, 8 deflated; others are listed, and refused when read */
    uint16_t flags;
    uint64_t packed; /* bytes in the archive */
    uint64_t size;   /* bytes of the content */
    uint64_t header; /* offset of the local header */
    uint64_t end;    /* where the next entry, or the directory, begins: its bytes lie before */
} ox__zip_entry;

typedef struct ox__zip {
    const ox__map *map; /* borrowed: must stay where it is while the zip is open */
    ox__arena arena;
    OX__VEC(ox__zip_entry) entries;
    ox__index names;
    uint64_t directory; /* where the central directory begins: entries lie before it */
} ox__zip;

/* Reads the central directory. *z is overwritten; ox__zip_close frees it, also after a failure. */
ox_status ox__zip_open(ox__zip *z, const ox__map *map, ox_error *err) OX_MUST_USE;
void ox__zip_close(ox__zip *z);
/* The entry of that name, or NULL. */
const ox__zip_entry *ox__zip_find(const ox__zip *z, const char *name, size_t n);
/* Holds the local header against the entry and finds its bytes: [*offset, *offset + packed) of the map. Entries that
 * are encrypted or packed by another method are refused here. */
ox_status ox__zip_locate(const ox__zip *z, const ox__zip_entry *e, uint64_t *offset, ox_error *err) OX_MUST_USE;

/* Reading the content of an entry from its beginning on. */
typedef struct ox__zip_reader {
    const ox__zip *zip;
    const ox__zip_entry *entry;
    uint64_t at;     /* next packed byte, in the map */
    uint64_t packed; /* packed bytes left */
    uint64_t left;   /* bytes of content left */
    uint32_t crc;
    bool checked;                  /* the end was reached, and was as it should be or not */
    struct ox__inflater *inflater; /* NULL for stored entries */
} ox__zip_reader;
ox_status ox__zip_reader_open(ox__zip_reader *r, const ox__zip *z, const ox__zip_entry *e, ox_error *err) OX_MUST_USE;
/* Reads n bytes, fewer (*got) only at the end, where size and CRC are checked. */
ox_status ox__zip_read(ox__zip_reader *r, void *dst, size_t n, size_t *got, ox_error *err) OX_MUST_USE;
void ox__zip_reader_close(ox__zip_reader *r);
/* Reads an entry to its end for the sake of its CRC. */
ox_status ox__zip_check(const ox__zip *z, const ox__zip_entry *e, const ox_task *task, ox_error *err) OX_MUST_USE;

#endif
