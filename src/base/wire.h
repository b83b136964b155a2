/* Floor 0. Bounded readers: they cannot read past their end; after the first bad read they stay failed and return
 * zeros, and ox__reader_status reports the place. */
#ifndef ONNXSH_BASE_WIRE_H
#define ONNXSH_BASE_WIRE_H

#include "base/base.h"

typedef struct ox__reader {
    const uint8_t *start; /* byte 0 of the file: for offsets in errors */
    const uint8_t *p, *end;
    const char *failed; /* what was wrong, static text; NULL = fine */
    uint64_t failed_at; /* offset from start */
} ox__reader;

static inline ox__reader ox__reader_make(const void *start, const void *p, uint64_t n)
{
    ox__reader r = {(const uint8_t *)start, (const uint8_t *)p, (const uint8_t *)p + n, NULL, 0};
    return r;
}
static inline uint64_t ox__reader_left(const ox__reader *r)
{
    return (uint64_t)(r->end - r->p);
}
static inline uint64_t ox__reader_offset(const ox__reader *r)
{
    return (uint64_t)(r->p - r->start);
}
void ox__reader_fail(ox__reader *r, const char *what); /* keeps the first failure */
/* OX_OK, or OX_E_FORMAT with the offset in `file`. */
ox_status ox__reader_status(const ox__reader *r, const char *file, ox_error *err) OX_MUST_USE;

uint64_t ox__read_varint_slow(ox__reader *r);
static inline uint64_t ox__read_varint(ox__reader *r) /* at most 10 bytes */
{
    if (r->p < r->end && *r->p < 0x80 && !r->failed) return *r->p++;
    return ox__read_varint_slow(r);
}
uint16_t ox__read_u16le(ox__reader *r);
uint32_t ox__read_u32le(ox__reader *r);
uint64_t ox__read_u64le(ox__reader *r);
const uint8_t *ox__read_bytes(ox__reader *r, uint64_t n); /* NULL when failed */
/* A field of a protobuf message: its number and wire type, then by type: 0 the varint, 1/5 the fixed value, 2 a
 * sub-range in `sub` (start kept). Returns false at the end and on failure. Groups and field number 0 fail. */
typedef struct ox__field {
    uint32_t number;
    uint32_t type;
    uint64_t value;
    ox__reader sub;
    const uint8_t *at; /* the first byte of the tag */
} ox__field;
bool ox__read_field(ox__reader *r, ox__field *f);

#endif
