/* Floor 0. Worker threads for loops over bytes. A pool belongs to one thread, which works along; nothing that a loop
 * calls may touch a model, make or free data, or allocate from an arena. */
#ifndef ONNXSH_BASE_PARALLEL_H
#define ONNXSH_BASE_PARALLEL_H

#include "base/base.h"

typedef struct ox__pool ox__pool;

/* A pool of n threads in all, the caller's among them; 0 = as many as there are processors. Threads are started by the
 * first loop that is worth it; if the system gives fewer, the rest work more. NULL when out of memory. */
ox__pool *ox__pool_create(unsigned n);
void ox__pool_free(ox__pool *p); /* NULL is fine */
unsigned ox__pool_size(const ox__pool *p);

/* Works on the numbers from..to-1. */
typedef void (*ox__parallel_fn)(void *ud, uint64_t from, uint64_t to);
/* Calls fn for pieces of 0..n-1 of at least `grain` numbers (the last may be smaller) and returns when all are done.
 * p NULL: this thread alone. Loops do not nest: one inside a piece runs in its own thread. */
void ox__parallel(ox__pool *p, uint64_t n, uint64_t grain, ox__parallel_fn fn, void *ud);

/* Whether to go on; asked in the pool's own thread, never in a piece. */
typedef bool (*ox__go_on_fn)(void *ud);
void ox__pool_ask(ox__pool *p, ox__go_on_fn fn, void *ud);
/* As ox__parallel, for loops that may take seconds: it is asked between pieces whether to go on. After a no this loop
 * and every later long one leave numbers undone, so nothing may be looked up by what they were to make. */
void ox__parallel_long(ox__pool *p, uint64_t n, uint64_t grain, ox__parallel_fn fn, void *ud);
bool ox__pool_stopped(const ox__pool *p); /* the answer was no once */

#endif
