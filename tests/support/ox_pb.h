/* A little protobuf writer for tests: it writes what it is told, right or wrong. */
#ifndef OX_PB_H
#define OX_PB_H

#include <assert.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

typedef struct pb {
    uint8_t *p;
    size_t n, cap;
    size_t open[512]; /* where the bodies of open messages begin */
    size_t depth;
} pb;

static inline void pb_bytes(pb *b, const void *p, size_t n)
{
    if (b->n + n > b->cap) {
        b->cap = (b->n + n) * 2 + 64;
        b->p = realloc(b->p, b->cap);
        assert(b->p);
    }
    if (n) memcpy(b->p + b->n, p, n);
    b->n += n;
}
static inline void pb_varint(pb *b, uint64_t v)
{
    uint8_t c;
    for (; v >= 0x80; v >>= 7) {
        c = (uint8_t)(v | 0x80);
        pb_bytes(b, &c, 1);
    }
    c = (uint8_t)v;
    pb_bytes(b, &c, 1);
}
static inline void pb_tag(pb *b, uint32_t field, unsigned wire)
{
    pb_varint(b, (uint64_t)field << 3 | wire);
}
static inline void pb_int(pb *b, uint32_t field, int64_t v)
{
    pb_tag(b, field, 0);
    pb_varint(b, (uint64_t)v);
}
static inline void pb_float(pb *b, uint32_t field, float v)
{
    pb_tag(b, field, 5);
    pb_bytes(b, &v, 4);
}
static inline void pb_data(pb *b, uint32_t field, const void *p, size_t n)
{
    pb_tag(b, field, 2);
    pb_varint(b, n);
    pb_bytes(b, p, n);
}
static inline void pb_text(pb *b, uint32_t field, const char *s)
{
    pb_data(b, field, s, strlen(s));
}
static inline void pb_begin(pb *b, uint32_t field)
{
    pb_tag(b, field, 2);
    assert(b->depth < sizeof b->open / sizeof b->open[0]);
    b->open[b->depth++] = b->n;
}
/* Ends the innermost message: its length is put in front of it. */
static inline void pb_end(pb *b)
{
    size_t start = b->open[--b->depth], n = b->n - start;
    pb len = {0};
    pb_varint(&len, n);
    pb_bytes(b, len.p, len.n);
    memmove(b->p + start + len.n, b->p + start, n);
    memcpy(b->p + start, len.p, len.n);
    free(len.p);
}
static inline void pb_free(pb *b)
{
    free(b->p);
    memset(b, 0, sizeof *b);
}

/* ---- pieces of a model ---- */
static inline void pb_entry(pb *b, uint32_t field, const char *key, const char *value)
{
    pb_begin(b, field);
    pb_text(b, 1, key);
    pb_text(b, 2, value);
    pb_end(b);
}
static inline void pb_opset(pb *b, uint32_t field, const char *domain, int64_t version)
{
    pb_begin(b, field);
    pb_text(b, 1, domain);
    pb_int(b, 2, version);
    pb_end(b);
}
/* A ValueInfo of a tensor type; dims -1 is one without a value, rank -1 leaves the shape out. */
static inline void pb_info(pb *b, uint32_t field, const char *name, int elem, int rank, const int64_t *dims)
{
    pb_begin(b, field);
    pb_text(b, 1, name);
    pb_begin(b, 2);
    pb_begin(b, 1);
    pb_int(b, 1, elem);
    if (rank >= 0) {
        pb_begin(b, 2);
        for (int i = 0; i < rank; i++) {
            pb_begin(b, 1);
            if (dims[i] >= 0) pb_int(b, 1, dims[i]);
            pb_end(b);
        }
        pb_end(b);
    }
    pb_end(b);
    pb_end(b);
    pb_end(b);
}
/* A node with one input and one output; NULL leaves out. */
static inline void pb_node(pb *b, const char *op, const char *in, const char *out, const char *name)
{
    pb_begin(b, 1);
    if (in) pb_text(b, 1, in);
    if (out) pb_text(b, 2, out);
    if (name) pb_text(b, 3, name);
    pb_text(b, 4, op);
    pb_end(b);
}
/* A float initializer of rank 1 with raw data. */
static inline void pb_weight(pb *b, const char *name, const float *v, size_t n)
{
    pb_begin(b, 5);
    pb_int(b, 1, (int64_t)n);
    pb_int(b, 2, 1);
    pb_text(b, 8, name);
    pb_data(b, 9, v, n * 4);
    pb_end(b);
}
/* The start of a model, its graph left open; pb_model_end closes it. */
static inline void pb_model(pb *b)
{
    pb_int(b, 1, 8);
    pb_text(b, 2, "test");
    pb_begin(b, 7);
}
static inline void pb_model_end(pb *b)
{
    pb_end(b);
    pb_opset(b, 8, "", 17);
}

#endif
