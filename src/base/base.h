/* Floor 0. What everything else is built on: allocation with a failure hook, arenas, byte buffers, vectors, hash maps.
 *
 * All memory of libonnxsh comes through ox__alloc and friends, so that a test can fail the n-th allocation. They return
 * NULL when out of memory; nothing here aborts. Sizes are bytes unless a name says otherwise. */
#ifndef ONNXSH_BASE_BASE_H
#define ONNXSH_BASE_BASE_H

#include <onnxsh/error.h>

#include <stdarg.h>
#include <string.h>

#define OX__COUNT(a) (sizeof(a) / sizeof((a)[0]))
#define OX__MIN(a, b) ((a) < (b) ? (a) : (b))
#define OX__MAX(a, b) ((a) > (b) ? (a) : (b))
/* For `goto out` style: runs expr (an ox_status), jumps to `out` with it in the local `s` when it is not OX_OK. */
#define OX__TRY(expr) \
    do { \
        if ((s = (expr)) != OX_OK) goto out; \
    } while (0)

/* ---- errors, in short form ---- */
#define ox__fail ox_error_set
/* Fills *err with "out of memory" and returns OX_E_NOMEM. */
ox_status ox__nomem(ox_error *err);
/* errno as a message "what: No such file or directory" with err->file = path (may be NULL); OX_E_IO (NOMEM for ENOMEM).
 */
ox_status ox__errno(ox_error *err, const char *what, const char *path);

/* ---- allocation ---- */
void *ox__alloc(size_t n);                /* not cleared; n 0 gives a unique pointer */
void *ox__calloc(size_t count, size_t n); /* cleared; checks the product */
void *ox__realloc(void *p, size_t n);
void ox__free(void *p); /* NULL is fine */
char *ox__strndup(const char *s, size_t n);
/* For tests: fails the n-th allocation from now (1 = the next); `persistent` keeps failing after it. 0 switches off.
 * Also set at start from the environment variable ONNXSH_FAIL_ALLOC=N[+] (a trailing + means persistent). */
void ox__alloc_fail_at(uint64_t n, bool persistent);
uint64_t ox__alloc_count(void); /* allocations since the last ox__alloc_fail_at */

/* ---- arena: bump blocks, freed whole. With OX_ARENA_DEBUG each allocation is one malloc, so that ASan sees overruns
 */
typedef struct ox__arena_block ox__arena_block;
typedef struct ox__arena {
    ox__arena_block *last;
    char *p, *end;                                          /* free part of the last block */
    size_t total;                                           /* bytes held */
} ox__arena;                                                /* all zero is an empty arena */
void *ox__arena_alloc(ox__arena *a, size_t n);              /* 8-byte aligned, not cleared; NULL when out of memory */
void *ox__arena_dup(ox__arena *a, const void *p, size_t n); /* n 0 gives a non-NULL pointer */
void ox__arena_free(ox__arena *a);                          /* frees all, leaves an empty arena */
void ox__arena_reset(ox__arena *a);                         /* forgets all, keeps one block for reuse */

/* ---- byte buffer: grows, sticky on failure; always NUL-terminated once something was added ---- */
typedef struct ox__buf {
    char *p;
    size_t n, cap;
    bool failed; /* an addition ran out of memory: n counts what fit */
} ox__buf;       /* all zero is empty */
bool ox__buf_reserve(ox__buf *b, size_t extra);
void ox__buf_add(ox__buf *b, const void *p, size_t n);
void ox__buf_addz(ox__buf *b, const char *s);
void ox__buf_addc(ox__buf *b, char c);
void ox__buf_addf(ox__buf *b, const char *fmt, ...)
    OX_PRINTF(2, 3);            /* "%f" uses the C locale's point: LC_NUMERIC is never set */
void ox__buf_clear(ox__buf *b); /* n = 0, failed = false, keeps the memory */
void ox__buf_free(ox__buf *b);

/* Adds text with the case of each character changed, one for one; bytes that are no UTF-8 stay as they are. */
void ox__buf_add_cased(ox__buf *b, const char *s, size_t n, bool upper);

/* ---- vector of T: OX__VEC(T) v = {0}; ox__vec_push(&v, x) is false when out of memory ---- */
#define OX__VEC(T) \
    struct { \
        T *p; \
        size_t n, cap; \
    }
bool ox__vec_grow(void *pp, size_t *cap, size_t need, size_t item); /* grows *(T **)pp to hold `need` items, by half */
#define ox__vec_reserve(v, need) ((need) <= (v)->cap || ox__vec_grow(&(v)->p, &(v)->cap, (need), sizeof *(v)->p))
#define ox__vec_push(v, x) (ox__vec_reserve(v, (v)->n + 1) ? ((v)->p[(v)->n++] = (x), true) : false)
#define ox__vec_free(v) (ox__free((v)->p), (v)->p = NULL, (v)->n = (v)->cap = 0)

/* ---- packed numbers of 1 to 8 bits, the first in the low bits; one may begin in a byte and end in the next ---- */
static inline uint32_t ox__bits_get(const void *data, uint64_t i, unsigned bits)
{
    const uint8_t *p = (const uint8_t *)data + i * bits / 8;
    unsigned at = (unsigned)(i * bits % 8), v = (unsigned)*p >> at;
    if (at + bits > 8) v |= (unsigned)p[1] << (8 - at);
    return v & ((1u << bits) - 1);
}
static inline void ox__bits_set(void *data, uint64_t i, unsigned bits, uint32_t v)
{
    uint8_t *p = (uint8_t *)data + i * bits / 8;
    unsigned at = (unsigned)(i * bits % 8), mask = (1u << bits) - 1;
    v &= mask;
    *p = (uint8_t)((*p & ~(mask << at)) | v << at);
    if (at + bits > 8) p[1] = (uint8_t)((p[1] & ~(mask >> (8 - at))) | v >> (8 - at));
}

/* ---- hashing: XXH3 of libxxhash, 64 bits ---- */
uint64_t ox__hash(const void *p, size_t n);
uint64_t ox__hash_mix(uint64_t h, uint64_t x); /* combines a number into a hash */

/* ---- index: an open-addressing hash set of uint32 ids whose keys live elsewhere ---- */
typedef struct ox__index {
    uint64_t *cell; /* the id in the low half, a tag from the hash in the high one; 0 = empty */
    size_t cap, n;  /* cap is a power of two */
    uint64_t seed;  /* of this index: set when it first grows */
} ox__index;        /* all zero is empty; ids are never 0 and never removed singly */
/* eq(ud, id) says whether the item of that id is the one looked for. Returns its id or 0. */
typedef bool (*ox__index_eq)(const void *ud, uint32_t id);
uint32_t ox__index_find(const ox__index *x, uint64_t hash, ox__index_eq eq, const void *ud);
/* Says that this hash will be asked for soon: its place is fetched meanwhile. */
void ox__index_expect(const ox__index *x, uint64_t hash);
/* Adds an id that is not there; false when out of memory. */
bool ox__index_add(ox__index *x, uint64_t hash, uint32_t id);
bool ox__index_reserve(ox__index *x, size_t n); /* room for n ids in all; false when out of memory */
void ox__index_clear(ox__index *x);             /* empties, keeps the memory */
void ox__index_free(ox__index *x);

/* ---- intern table: byte strings to ids from 1; id 1 is the empty string ---- */
enum { OX__INTERN_RECENT = 2048 };
typedef struct ox__intern {
    ox__arena arena;
    ox__index index;
    uint64_t *recent; /* OX__INTERN_RECENT cells, as in the index: ids met last, found without its cache misses */
    OX__VEC(const char *) text; /* by id; the length stands in 4 bytes before the text */
} ox__intern;
uint32_t ox__intern_add(ox__intern *t, const char *s, size_t n); /* 0 when out of memory or n > UINT32_MAX */
uint32_t ox__intern_find(const ox__intern *t, const char *s, size_t n);
void ox__intern_expect(const ox__intern *t, const char *s, size_t n); /* as ox__index_expect */
/* Room for so many strings more; false when out of memory. */
bool ox__intern_reserve(ox__intern *t, size_t n);
static inline const char *ox__intern_text(const ox__intern *t, uint32_t id, size_t *n)
{
    if (id == 0 || id >= t->text.n) {
        if (n) *n = 0;
        return "";
    }
    const char *s = t->text.p[id];
    if (n) {
        uint32_t len;
        memcpy(&len, s - 4, 4);
        *n = len;
    }
    return s;
}
void ox__intern_free(ox__intern *t);

#endif
