/* Floor 0. Hashing, and the open-addressing index of ids. A slot's place follows from its tag alone, so that the index
 * can grow without asking for the keys again. */
#include "base/base.h"

#define XXH_INLINE_ALL
#include <xxhash.h>

#define GOLDEN UINT64_C(0x9E3779B97F4A7C15)

uint64_t ox__hash(const void *p, size_t n)
{
    return XXH3_64bits(n ? p : "", n);
}

uint64_t ox__hash_mix(uint64_t h, uint64_t x)
{
    uint64_t z = (h ^ x) + GOLDEN + (h << 7);
    z = (z ^ (z >> 30)) * UINT64_C(0xBF58476D1CE4E5B9);
    z = (z ^ (z >> 27)) * UINT64_C(0x94D049BB133111EB);
    return z ^ (z >> 31);
}

/* The multiplication spreads hashes that are small numbers; the seed, an address, keeps a file from choosing names that
 * fall into one place. */
static uint32_t tag_of(const ox__index *x, uint64_t hash)
{
    return (uint32_t)(((hash ^ x->seed) * GOLDEN) >> 32);
}

/* A cell is id and tag in one word: a look-up touches one cache line. */
static uint64_t cell_of(uint32_t tag, uint32_t id)
{
    return (uint64_t)tag << 32 | id;
}

uint32_t ox__index_find(const ox__index *x, uint64_t hash, ox__index_eq eq, const void *ud)
{
    if (!x->cap) return 0;
    uint32_t tag = tag_of(x, hash);
    for (size_t i = tag & (x->cap - 1); x->cell[i]; i = (i + 1) & (x->cap - 1))
        if (x->cell[i] >> 32 == tag && eq(ud, (uint32_t)x->cell[i])) return (uint32_t)x->cell[i];
    return 0;
}

void ox__index_expect(const ox__index *x, uint64_t hash)
{
    if (x->cap) __builtin_prefetch(&x->cell[tag_of(x, hash) & (x->cap - 1)]);
}

static void place(uint64_t *cells, size_t cap, uint64_t cell)
{
    size_t i = (size_t)(cell >> 32) & (cap - 1);
    while (cells[i]) i = (i + 1) & (cap - 1);
    cells[i] = cell;
}

static bool resize(ox__index *x, size_t cap)
{
    if (cap > (size_t)1 << 32) return false;
    uint64_t *cells = ox__calloc(cap, sizeof *cells);
    if (!cells) return false;
    if (!x->cap) x->seed = (uint64_t)(uintptr_t)cells * GOLDEN;
    for (size_t i = 0; i < x->cap; i++)
        if (x->cell[i]) place(cells, cap, x->cell[i]);
    ox__free(x->cell);
    x->cell = cells;
    x->cap = cap;
    return true;
}

bool ox__index_reserve(ox__index *x, size_t n)
{
    size_t cap = x->cap ? x->cap : 64;
    while (cap / 4 * 3 < n && cap <= (size_t)1 << 32) cap *= 2;
    return cap == x->cap || resize(x, cap);
}

bool ox__index_add(ox__index *x, uint64_t hash, uint32_t id)
{
    if (x->n >= x->cap / 4 * 3 && !ox__index_reserve(x, x->n + 1)) return false;
    place(x->cell, x->cap, cell_of(tag_of(x, hash), id));
    x->n++;
    return true;
}

void ox__index_clear(ox__index *x)
{
    if (x->cap) memset(x->cell, 0, x->cap * sizeof *x->cell);
    x->n = 0;
}

void ox__index_free(ox__index *x)
{
    ox__free(x->cell);
    memset(x, 0, sizeof *x);
}
