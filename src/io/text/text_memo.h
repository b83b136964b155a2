/* Floor 3. Small maps of the text reader. They own their tables and borrow the text. */
#ifndef ONNXSH_IO_TEXT_TEXT_MEMO_H
#define ONNXSH_IO_TEXT_TEXT_MEMO_H

#include "base/base.h"

/* A piece of the text. */
typedef struct ox__span {
    const char *p;
    size_t n;
} ox__span;

/* What pieces of text meant, so that each distinct type, scope or operator is read once. */
typedef struct ox__memo_row {
    const char *p;
    uint32_t n;
    uint32_t a, b;
} ox__memo_row;
typedef struct ox__memo {
    ox__index index;
    OX__VEC(ox__memo_row) rows;
} ox__memo;
/* The row of a text, or NULL. *hash is its hash, for ox__memo_add. */
const ox__memo_row *ox__memo_find(const ox__memo *memo, ox__span key, uint64_t *hash);
bool ox__memo_add(ox__memo *memo, ox__span key, uint64_t hash, uint32_t a, uint32_t b);
void ox__memo_free(ox__memo *memo);

/* A map from pairs of ids to a number that is not 0. */
typedef struct ox__pairmap {
    ox__index index;
    OX__VEC(struct ox__pair_row {
        uint64_t key;
        uint32_t value;
    })
    rows;
} ox__pairmap;
uint32_t ox__pairmap_find(const ox__pairmap *pairs, uint32_t a, uint32_t b); /* 0 if there is none */
bool ox__pairmap_add(ox__pairmap *pairs, uint32_t a, uint32_t b, uint32_t value);
void ox__pairmap_free(ox__pairmap *pairs);

#endif
