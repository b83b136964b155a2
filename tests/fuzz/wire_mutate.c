/* A mutator that knows the protobuf wire format; see wire_mutate.h. */
#include "wire_mutate.h"

#include <stdbool.h>
#include <string.h>

size_t LLVMFuzzerMutate(uint8_t *data, size_t n, size_t max);

enum { MAX_DEPTH = 32, MAX_FIELDS = 256, MAX_NEW = 4096 };

typedef struct field {
    size_t start, body, end; /* its tag; its value or payload; behind it */
    unsigned wire;
} field;

/* An open message: where its length stands, and its payload. */
typedef struct level {
    size_t len_at, body, end;
} level;

static uint64_t state;

static uint32_t roll(uint32_t below)
{
    state ^= state << 13;
    state ^= state >> 7;
    state ^= state << 17;
    return (uint32_t)((state >> 32) % below);
}

static bool take_varint(const uint8_t *p, size_t end, size_t *at, uint64_t *v)
{
    *v = 0;
    for (unsigned shift = 0; *at < end && shift < 64; shift += 7) {
        uint8_t c = p[(*at)++];
        *v |= (uint64_t)(c & 0x7f) << shift;
        if (c < 0x80) return true;
    }
    return false;
}

static size_t put_varint(uint8_t *p, uint64_t v)
{
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) p[n++] = (uint8_t)(v | 0x80);
    p[n++] = (uint8_t)v;
    return n;
}

/* The fields of [at, end); their count, 0 if these bytes are no message. */
static size_t list_fields(const uint8_t *p, size_t at, size_t end, field *rows)
{
    size_t n = 0;
    while (at < end) {
        field f = {.start = at};
        uint64_t tag, v;
        if (!take_varint(p, end, &at, &tag) || tag >> 3 == 0 || tag >> 3 > 1000) return 0;
        f.wire = tag & 7;
        f.body = at;
        if (f.wire == 0) {
            if (!take_varint(p, end, &at, &v)) return 0;
        } else if (f.wire == 2) {
            if (!take_varint(p, end, &at, &v) || v > end - at) return 0;
            f.body = at;
            at += v;
        } else if (f.wire == 1 || f.wire == 5) {
            size_t k = f.wire == 1 ? 8 : 4;
            if (k > end - at) return 0;
            at += k;
        } else {
            return 0;
        }
        f.end = at;
        if (n < MAX_FIELDS) rows[n++] = f;
    }
    return n;
}

/* Puts `with` in place of [from, to) and the lengths of the open messages right. */
static size_t splice(uint8_t *p, size_t n, size_t max, level *open, size_t depth, size_t from, size_t to,
                     const uint8_t *with, size_t k)
{
    if (n - (to - from) + k + 10 * depth > max) return n;
    memmove(p + from + k, p + to, n - to);
    if (k) memmove(p + from, with, k);
    n = n - (to - from) + k;
    long delta = (long)k - (long)(to - from);
    for (size_t i = depth; i-- > 0;) {
        uint8_t len[10];
        size_t size = put_varint(len, (uint64_t)((long)(open[i].end - open[i].body) + delta));
        size_t old = open[i].body - open[i].len_at;
        memmove(p + open[i].len_at + size, p + open[i].body, n - open[i].body);
        memcpy(p + open[i].len_at, len, size);
        n = n - old + size;
        delta += (long)size - (long)old;
    }
    return n;
}

static uint64_t odd_number(void)
{
    static const uint64_t odd[] = {0,          1,
                                   2,          3,
                                   5,          7,
                                   8,          16,
                                   17,         22,
                                   23,         25,
                                   26,         99,
                                   127,        128,
                                   255,        256,
                                   0x7fffffff, 0x80000000,
                                   0xffffffff, UINT64_C(1) << 40,
                                   INT64_MAX,  (uint64_t)INT64_MIN,
                                   UINT64_MAX, UINT64_MAX - 1};
    return roll(4) ? odd[roll(sizeof odd / sizeof odd[0])] : roll(64);
}

/* A change of one field, written to `with`; its range may become another one. */
static size_t change_field(const uint8_t *p, const field *rows, size_t n_rows, field *f, uint8_t *with)
{
    size_t k = f->end - f->start;
    const field *other = &rows[roll((uint32_t)n_rows)];
    switch (roll(6)) {
    case 0: return 0; /* taken away */
    case 1:           /* doubled, or another one put in front */
        f->end = f->start;
        k = other->end - other->start;
        if (k > MAX_NEW) return 0;
        memcpy(with, p + other->start, k);
        return k;
    case 2: /* under another number */
        k = put_varint(with, (uint64_t)(1 + roll(26)) << 3 | f->wire);
        f->end = f->wire == 2 ? f->body : f->end;
        if (f->wire == 2) k += put_varint(with + k, 0); /* and empty */
        return k;
    case 3: /* a new one */
        f->end = f->start;
        k = put_varint(with, (uint64_t)(1 + roll(26)) << 3 | (roll(2) ? 0 : 2));
        return k + put_varint(with + k, (with[0] & 7) == 2 ? 0 : odd_number());
    default:
        f->start = f->body;
        if (f->wire == 0 && roll(2)) return put_varint(with, odd_number());
        k = f->end - f->body;
        if (k > MAX_NEW / 2) return (memcpy(with, p + f->body, MAX_NEW / 2), MAX_NEW / 2);
        memcpy(with, p + f->body, k);
        return f->wire == 2 ? LLVMFuzzerMutate(with, k, MAX_NEW / 2) : (LLVMFuzzerMutate(with, k, k), k);
    }
}

size_t LLVMFuzzerCustomMutator(uint8_t *data, size_t n, size_t max, unsigned seed)
{
    static field rows[MAX_FIELDS];
    static uint8_t with[MAX_NEW];
    level open[MAX_DEPTH];
    size_t depth = 0, from = 0, end = n;
    state = ((uint64_t)seed << 20 ^ seed) * 0x9e3779b97f4a7c15u | 1;
    if (roll(20) == 0) return LLVMFuzzerMutate(data, n, max);
    for (;;) {
        size_t n_rows = list_fields(data, from, end, rows);
        if (n_rows == 0) return LLVMFuzzerMutate(data, n, max);
        field f = rows[roll((uint32_t)n_rows)];
        bool inside = f.wire == 2 && depth < MAX_DEPTH && roll(8);
        if (inside && list_fields(data, f.body, f.end, rows)) {
            size_t len_at = f.start;
            uint64_t tag;
            take_varint(data, f.body, &len_at, &tag);
            open[depth++] = (level){len_at, f.body, f.end};
            from = f.body;
            end = f.end;
            continue;
        }
        n_rows = list_fields(data, from, end, rows);
        /* A payload is mutated with its length: the field is an open message then. */
        field g = f;
        size_t k = change_field(data, rows, n_rows, &g, with);
        if (g.start == f.body && f.wire == 2 && depth < MAX_DEPTH) {
            size_t len_at = f.start;
            uint64_t tag;
            take_varint(data, f.body, &len_at, &tag);
            open[depth++] = (level){len_at, f.body, f.end};
        } else if (g.start == f.body && f.wire == 2) {
            return n;
        }
        return splice(data, n, max, open, depth, g.start, g.end, with, k);
    }
}
