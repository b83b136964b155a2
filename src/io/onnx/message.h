/* Floor 3. Walking protobuf messages over base/wire.h, with the rules of protobuf that a plain walk forgets: a singular
 * sub-message that occurs again is merged with the earlier one, repeated numbers come packed or not. Nothing is copied:
 * a message is a list of ranges of the file. */
#ifndef ONNXSH_IO_ONNX_MESSAGE_H
#define ONNXSH_IO_ONNX_MESSAGE_H

#include "base/wire.h"

/* Wire types. */
enum { OX__WIRE_VARINT = 0, OX__WIRE_64 = 1, OX__WIRE_BYTES = 2, OX__WIRE_32 = 5 };
/* How deep messages may nest, as in the C++ library. */
enum { OX__MAX_NESTING = 100 };

/* A message in one or more parts. `part.start` is byte 0 of the file; all zero is an absent message. */
typedef struct ox__msg {
    ox__reader part;
    struct ox__msg *next;
    struct ox__msg *last; /* of the head: where the next part is added */
} ox__msg;

/* An iteration over all fields of all parts. */
typedef struct ox__fields {
    ox__reader r;
    const ox__msg *next;
    bool lets_go;        /* the caller's: the bytes are a map of a file, see ox__fields_let_go */
    const uint8_t *from; /* the file before this place is let go */
} ox__fields;

static inline ox__msg ox__msg_of(ox__reader part)
{
    ox__msg g = {part, NULL, NULL};
    return g;
}
static inline bool ox__msg_present(const ox__msg *g)
{
    return g->part.start != NULL;
}
/* Adds a later occurrence; false when out of memory. */
bool ox__msg_merge(ox__msg *g, ox__reader part, ox__arena *arena);
uint64_t ox__msg_size(const ox__msg *g); /* bytes of all parts */

static inline ox__fields ox__fields_of(const ox__msg *g)
{
    ox__fields it = {g->part, g->next, false, NULL};
    return it;
}
/* What was walked stays mapped, and a page of the file that is touched can bring a large one with it: a walk over a
 * file would count as its size in memory. So what lies behind is let go again. */
void ox__fields_let_go(ox__fields *it, const ox__field *f);
enum { OX__LET_GO = 256 << 10 };
/* The next field; false at the end and on failure, which it.r.failed tells apart. */
static inline bool ox__fields_next(ox__fields *it, ox__field *f)
{
    while (!ox__read_field(&it->r, f)) {
        if (it->r.failed || !it->next) return false;
        it->r = it->next->part;
        it->next = it->next->next;
    }
    if (it->lets_go && (!it->from || f->at - it->from >= OX__LET_GO)) ox__fields_let_go(it, f);
    return true;
}

/* A byte range of the file. */
typedef struct ox__span {
    const char *p;
    size_t n;
} ox__span;
/* The text or bytes of a length-delimited field. */
static inline ox__span ox__field_span(const ox__field *f)
{
    ox__span s = {(const char *)f->sub.p, (size_t)(f->sub.end - f->sub.p)};
    return s;
}

/* A repeated varint field: for (ox__ints it = ox__ints_of(&f); ox__ints_next(&it, &v);). One value when it is not
 * packed. A bad number ends the iteration with it.r.failed set. */
typedef struct ox__ints {
    ox__reader r;
    uint64_t value;
    bool single;
} ox__ints;
static inline ox__ints ox__ints_of(const ox__field *f)
{
    ox__ints it = {f->sub, f->value, f->type == OX__WIRE_VARINT};
    return it;
}
static inline bool ox__ints_next(ox__ints *it, uint64_t *v)
{
    if (it->single) {
        *v = it->value;
        it->single = false;
        return true;
    }
    if (it->r.p >= it->r.end) return false;
    *v = ox__read_varint(&it->r);
    return !it->r.failed;
}

#endif
