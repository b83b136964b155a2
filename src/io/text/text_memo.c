/* Floor 3. Small maps of the reader: what a piece of text meant, and what a pair of ids means. They own their tables
 * and borrow the text. */
#include "io/text/text_memo.h"

enum { MAX_ROWS = 1 << 18 }; /* no model has so many kinds of anything: a file that does shall not pay for a memo */

typedef struct memo_key {
    const ox__memo *memo;
    ox__span text;
} memo_key;

static bool same_text(const void *ud, uint32_t id)
{
    const memo_key *key = ud;
    const ox__memo_row *row = &key->memo->rows.p[id - 1];
    return row->n == key->text.n && memcmp(row->p, key->text.p, row->n) == 0;
}

const ox__memo_row *ox__memo_find(const ox__memo *memo, ox__span text, uint64_t *hash)
{
    memo_key key = {memo, text};
    *hash = ox__hash(text.p, text.n);
    uint32_t id = ox__index_find(&memo->index, *hash, same_text, &key);
    return id ? &memo->rows.p[id - 1] : NULL;
}

bool ox__memo_add(ox__memo *memo, ox__span text, uint64_t hash, uint32_t a, uint32_t b)
{
    if (text.n > UINT32_MAX || memo->rows.n >= MAX_ROWS) return true; /* only a memo: it need not remember all */
    ox__memo_row row = {text.p, (uint32_t)text.n, a, b};
    return ox__vec_push(&memo->rows, row) && ox__index_add(&memo->index, hash, (uint32_t)memo->rows.n);
}

void ox__memo_free(ox__memo *memo)
{
    ox__index_free(&memo->index);
    ox__vec_free(&memo->rows);
}

typedef struct pair_key {
    const ox__pairmap *pairs;
    uint64_t key;
} pair_key;

static bool same_pair(const void *ud, uint32_t id)
{
    const pair_key *key = ud;
    return key->pairs->rows.p[id - 1].key == key->key;
}

static uint64_t pack(uint32_t a, uint32_t b)
{
    return (uint64_t)a << 32 | b;
}

uint32_t ox__pairmap_find(const ox__pairmap *pairs, uint32_t a, uint32_t b)
{
    pair_key key = {pairs, pack(a, b)};
    uint32_t id = ox__index_find(&pairs->index, ox__hash(&key.key, sizeof key.key), same_pair, &key);
    return id ? pairs->rows.p[id - 1].value : 0;
}

bool ox__pairmap_add(ox__pairmap *pairs, uint32_t a, uint32_t b, uint32_t value)
{
    struct ox__pair_row row = {pack(a, b), value};
    return ox__vec_push(&pairs->rows, row) &&
           ox__index_add(&pairs->index, ox__hash(&row.key, sizeof row.key), (uint32_t)pairs->rows.n);
}

void ox__pairmap_free(ox__pairmap *pairs)
{
    ox__index_free(&pairs->index);
    ox__vec_free(&pairs->rows);
}
