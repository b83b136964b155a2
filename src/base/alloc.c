/* Floor 0. The one door to the heap. It counts, and fails where a test asks it to; the two atomics below are the only
 * state, and they matter to tests alone. */
#include "base/base.h"

#include <stdatomic.h>
#include <stdlib.h>
#include <sys/mman.h>

/* No single block of this library can need more; a larger wish is a miscounted file, whatever the machine has. */
#define MAX_BLOCK ((size_t)1 << 39)
#define LARGE_BLOCK ((size_t)2 << 20)

static _Atomic uint64_t n_allocs;
static _Atomic uint64_t fail_at; /* 0 = never */
static _Atomic bool fail_on;     /* goes on failing after fail_at */

void ox__alloc_fail_at(uint64_t n, bool persistent)
{
    atomic_store(&n_allocs, 0);
    atomic_store(&fail_on, persistent);
    atomic_store(&fail_at, n);
}

uint64_t ox__alloc_count(void)
{
    return atomic_load(&n_allocs);
}

__attribute__((constructor)) static void read_environment(void)
{
    const char *s = secure_getenv("ONNXSH_FAIL_ALLOC");
    if (!s || !*s) return;
    char *end;
    unsigned long long n = strtoull(s, &end, 10);
    ox__alloc_fail_at(n, *end == '+');
}

static bool may_alloc(size_t n)
{
    uint64_t i = atomic_fetch_add_explicit(&n_allocs, 1, memory_order_relaxed) + 1;
    uint64_t at = atomic_load_explicit(&fail_at, memory_order_relaxed);
    if (at && (i == at || (i > at && atomic_load(&fail_on)))) return false;
    return n <= MAX_BLOCK;
}

/* A large block asks for large pages, where the system leaves that to the program: tables that are looked into at
 * random spend most of their time on the pages' addresses otherwise. All of it asks: a mapping in two parts could not
 * grow in place. `p` may be NULL. */
static void *in_large_pages(void *p, size_t n)
{
    const uintptr_t page = 4096;
    uintptr_t from = (uintptr_t)p / page * page, to = ((uintptr_t)p + n + page - 1) / page * page;
    if (p && n >= LARGE_BLOCK) madvise((void *)from, to - from, MADV_HUGEPAGE);
    return p;
}

void *ox__alloc(size_t n)
{
    return may_alloc(n) ? in_large_pages(malloc(n ? n : 1), n) : NULL;
}

void *ox__calloc(size_t count, size_t n)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, n, &bytes)) return NULL;
    return may_alloc(bytes) ? in_large_pages(calloc(1, bytes ? bytes : 1), bytes) : NULL;
}

void *ox__realloc(void *p, size_t n)
{
    return may_alloc(n) ? in_large_pages(realloc(p, n ? n : 1), n) : NULL;
}

void ox__free(void *p)
{
    free(p);
}

char *ox__strndup(const char *s, size_t n)
{
    char *p = n < SIZE_MAX ? ox__alloc(n + 1) : NULL;
    if (!p) return NULL;
    if (n) memcpy(p, s, n);
    p[n] = '\0';
    return p;
}

bool ox__vec_grow(void *pp, size_t *cap, size_t need, size_t item)
{
    size_t n = *cap + *cap / 2, bytes;
    if (n < need) n = need;
    if (n < 8) n = 8;
    if (__builtin_mul_overflow(n, item, &bytes)) return false;
    void *old;
    memcpy(&old, pp, sizeof old);
    void *p = ox__realloc(old, bytes);
    if (!p) return false;
    memcpy(pp, &p, sizeof p);
    *cap = n;
    return true;
}
