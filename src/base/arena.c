/* Floor 0. Arenas: bump blocks that are freed whole. The arena is embedded in its owner, which frees it. */
#include "base/base.h"

struct ox__arena_block {
    ox__arena_block *prev;
    size_t size;
    _Alignas(8) char data[];
};

enum { FIRST_BLOCK = 4096 - 64, LARGEST_BLOCK = (4 << 20) - 64 };

/* A new block in front of the chain, or, if `behind`, just below its front, which then stays the one in use. */
static ox__arena_block *add_block(ox__arena *a, size_t size, bool behind)
{
    if (size > SIZE_MAX - sizeof(ox__arena_block)) return NULL;
    ox__arena_block *b = ox__alloc(sizeof *b + size);
    if (!b) return NULL;
    b->size = size;
    if (behind && a->last) {
        b->prev = a->last->prev;
        a->last->prev = b;
    } else {
        b->prev = a->last;
        a->last = b;
    }
    a->total += sizeof *b + size;
    return b;
}

#ifdef OX_ARENA_DEBUG

void *ox__arena_alloc(ox__arena *a, size_t n)
{
    ox__arena_block *b = add_block(a, n, false);
    if (!b) return NULL;
    /* Counted as in a build that shares blocks, so that limits are the same in both. */
    a->total = a->total - sizeof *b - n + (n ? (n + 7) & ~(size_t)7 : 8);
    return b->data;
}

void ox__arena_reset(ox__arena *a)
{
    ox__arena_free(a);
}

#else

void *ox__arena_alloc(ox__arena *a, size_t n)
{
    if (n > SIZE_MAX - 8) return NULL;
    size_t room = n ? (n + 7) & ~(size_t)7 : 8;
    if (room <= (size_t)(a->end - a->p)) {
        void *p = a->p;
        a->p += room;
        return p;
    }
    size_t next = a->last ? OX__MIN(a->total, (size_t)LARGEST_BLOCK) : FIRST_BLOCK;
    next = OX__MAX(next, (size_t)FIRST_BLOCK);
    if (room > next / 4) { /* large: a block of its own, and the rest of the current one is not wasted */
        ox__arena_block *own = add_block(a, room, true);
        if (!own) return NULL;
        if (a->last == own) a->p = a->end = own->data + room;
        return own->data;
    }
    ox__arena_block *b = add_block(a, next & ~(size_t)7, false);
    if (!b) return NULL;
    a->p = b->data + room;
    a->end = b->data + b->size;
    return b->data;
}

void ox__arena_reset(ox__arena *a)
{
    ox__arena_block *keep = a->last;
    if (!keep) return;
    for (ox__arena_block *b = keep->prev, *prev; b; b = prev) {
        prev = b->prev;
        ox__free(b);
    }
    keep->prev = NULL;
    a->p = keep->data;
    a->end = keep->data + keep->size;
    a->total = sizeof *keep + keep->size;
}

#endif

void *ox__arena_dup(ox__arena *a, const void *p, size_t n)
{
    void *copy = ox__arena_alloc(a, n);
    if (copy && n) memcpy(copy, p, n);
    return copy;
}

void ox__arena_free(ox__arena *a)
{
    for (ox__arena_block *b = a->last, *prev; b; b = prev) {
        prev = b->prev;
        ox__free(b);
    }
    memset(a, 0, sizeof *a);
}
