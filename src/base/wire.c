/* Floor 0. Bounded readers. Every function looks at the bytes left before it touches one. */
#include "base/wire.h"

void ox__reader_fail(ox__reader *r, const char *what)
{
    if (r->failed) return;
    r->failed = what;
    r->failed_at = ox__reader_offset(r);
}

ox_status ox__reader_status(const ox__reader *r, const char *file, ox_error *err)
{
    if (!r->failed) return OX_OK;
    ox_status s = ox__fail(err, OX_E_FORMAT, "%s", r->failed);
    ox_error_at_offset(err, file, r->failed_at);
    return s;
}

uint64_t ox__read_varint_slow(ox__reader *r)
{
    if (r->failed) return 0;
    uint64_t v = 0;
    const uint8_t *p = r->p;
    for (unsigned shift = 0; shift < 70; shift += 7) {
        if (p == r->end) {
            ox__reader_fail(r, "the data ends inside a number");
            return 0;
        }
        uint8_t b = *p++;
        if (shift == 63 && b > 1) break;
        v |= (uint64_t)(b & 0x7F) << shift;
        if (b < 0x80) {
            r->p = p;
            return v;
        }
    }
    ox__reader_fail(r, "a number has more than 64 bits");
    return 0;
}

const uint8_t *ox__read_bytes(ox__reader *r, uint64_t n)
{
    if (r->failed) return NULL;
    if (n > ox__reader_left(r)) {
        ox__reader_fail(r, "a length goes beyond the end of the data");
        return NULL;
    }
    const uint8_t *p = r->p;
    r->p += n;
    return p;
}

/* Byte by byte, so that neither alignment nor the machine's order matters. */
static uint64_t read_le(ox__reader *r, unsigned n)
{
    const uint8_t *p = ox__read_bytes(r, n);
    uint64_t v = 0;
    if (!p) return 0;
    for (unsigned i = 0; i < n; i++) v |= (uint64_t)p[i] << (8 * i);
    return v;
}

uint16_t ox__read_u16le(ox__reader *r)
{
    return (uint16_t)read_le(r, 2);
}

uint32_t ox__read_u32le(ox__reader *r)
{
    return (uint32_t)read_le(r, 4);
}

uint64_t ox__read_u64le(ox__reader *r)
{
    return read_le(r, 8);
}

/* Fails at the tag, which is where a reader of the message would look. */
static bool bad_field(ox__reader *r, const uint8_t *at, const char *what)
{
    r->p = at;
    ox__reader_fail(r, what);
    return false;
}

/* Most fields of a model: a number below 16 and up to 16 kB of bytes, all there. Anything else takes the long way. */
static bool read_short_bytes(ox__reader *r, ox__field *f)
{
    const uint8_t *p = r->p;
    if (r->failed || r->end - p < 3 || p[0] < 8 || p[0] >= 0x80 || (p[0] & 7) != 2) return false;
    const uint8_t *body = p + 2;
    size_t n = p[1];
    if (n >= 0x80) {
        if (p[2] >= 0x80) return false;
        n = (n & 0x7F) | (size_t)p[2] << 7;
        body++;
    }
    if (n > (size_t)(r->end - body)) return false;
    f->number = p[0] >> 3;
    f->type = 2;
    f->value = 0;
    f->sub = ox__reader_make(r->start, body, n);
    f->at = p;
    r->p = body + n;
    return true;
}

bool ox__read_field(ox__reader *r, ox__field *f)
{
    if (read_short_bytes(r, f)) return true;
    memset(f, 0, sizeof *f);
    if (r->failed || r->p >= r->end) return false;
    f->at = r->p;
    uint64_t tag = ox__read_varint(r);
    if (r->failed) return false;
    if (tag > UINT32_MAX || tag >> 3 == 0) return bad_field(r, f->at, "a field number is out of range");
    f->number = (uint32_t)(tag >> 3);
    f->type = (uint32_t)(tag & 7);
    switch (f->type) {
    case 0: f->value = ox__read_varint(r); break;
    case 1: f->value = ox__read_u64le(r); break;
    case 2: {
        uint64_t n = ox__read_varint(r);
        const uint8_t *p = ox__read_bytes(r, n);
        if (p) f->sub = ox__reader_make(r->start, p, n);
        break;
    }
    case 5: f->value = ox__read_u32le(r); break;
    default: return bad_field(r, f->at, "a field has a wire type that protobuf no longer has");
    }
    return !r->failed;
}
