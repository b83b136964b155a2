/* Out of memory at every place: each piece of work of workloads.c runs with its 1st, 2nd, ... allocation failing, once
 * that one alone and once all from there on, until it succeeds. Every point is an error that says so or a success; no
 * memory is lost; files and models are whole.
 * usage: test_alloc [--full] [NAME]    without --full, later points of long pieces are sampled. */
#include "files.h"
#include "workloads.h"

#include "base/base.h"

#include <stdio.h>
#include <time.h>

/* The linker puts these in front of the heap (--wrap): they count what is held. */
static long n_held;
void *__real_malloc(size_t n);
void *__real_calloc(size_t count, size_t n);
void *__real_realloc(void *p, size_t n);
void __real_free(void *p);
void *__wrap_malloc(size_t n);
void *__wrap_calloc(size_t count, size_t n);
void *__wrap_realloc(void *p, size_t n);
void __wrap_free(void *p);

void *__wrap_malloc(size_t n)
{
    void *p = __real_malloc(n);
    n_held += p != NULL;
    return p;
}

void *__wrap_calloc(size_t count, size_t n)
{
    void *p = __real_calloc(count, n);
    n_held += p != NULL;
    return p;
}

void *__wrap_realloc(void *p, size_t n)
{
    void *q = __real_realloc(p, n);
    n_held += !p && q;
    return q;
}

void __wrap_free(void *p)
{
    n_held -= p != NULL;
    __real_free(p);
}

enum { DENSE = 60, SAMPLES = 40 };

static bool full;
static uint64_t n_points, n_degraded, n_failures;

static void complain(const workload *w, uint64_t n, bool persistent, const char *what)
{
    fprintf(stderr, "%s: allocation %llu%s: %s\n", w->name, (unsigned long long)n,
            persistent ? " and all after it" : "", what);
    n_failures++;
}

/* Runs it with allocation n failing (0: none); false when there was no such allocation. */
static bool run_point(const workload *w, uint64_t n, bool persistent)
{
    ox_error err;
    ox_error_clear(&err);
    if (w->before) w->before(w);
    ox__alloc_fail_at(n, persistent);
    ox_status s = w->run(w, &err);
    uint64_t made = ox__alloc_count();
    ox__alloc_fail_at(0, false);
    bool whole = !w->after || w->after(w, s);
    if (!whole) complain(w, n, persistent, "not whole");
    if (n == 0) {
        if (s != OX_OK) complain(w, 0, false, err.msg);
        return s == OX_OK && whole;
    }
    if (made < n) {
        if (s != OX_OK) complain(w, n, persistent, "fails though nothing failed");
        return false;
    }
    n_points++;
    if (s == OX_OK)
        n_degraded++;
    else if (s != OX_E_NOMEM)
        complain(w, n, persistent, err.msg);
    else if (!err.msg[0] || err.code != s)
        complain(w, n, persistent, "an error without a message");
    return true;
}

static uint64_t count(const workload *w)
{
    ox_error err;
    if (w->before) w->before(w);
    ox__alloc_fail_at(UINT64_MAX, false);
    ox_status s = w->run(w, &err);
    uint64_t n = ox__alloc_count();
    ox__alloc_fail_at(0, false);
    if (w->after) w->after(w, s);
    return n;
}

static void run_workload(const workload *w)
{
    if (!run_point(w, 0, false)) return; /* also fills what is made once */
    uint64_t total = count(w), step = 1, points = n_points;
    long before = n_held;
    clock_t start = clock();
    for (int persistent = 0; persistent < 2; persistent++)
        for (uint64_t n = 1; run_point(w, n, persistent); n += step)
            step = full || n < DENSE ? 1 : 1 + (total > DENSE ? (total - DENSE) / SAMPLES : 0);
    if (n_held > before) {
        fprintf(stderr, "%s: %ld pieces of memory are lost\n", w->name, n_held - before);
        n_failures++;
    }
    printf("%-50s %7llu allocations %7llu points %6.2f s\n", w->name, (unsigned long long)total,
           (unsigned long long)(n_points - points), (double)(clock() - start) / CLOCKS_PER_SEC);
    fflush(stdout);
}

int main(int argc, char **argv)
{
    const char *only = NULL;
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--full") == 0)
            full = true;
        else
            only = argv[i];
    }
    files_start(OX_TESTS_DIR);
    for (size_t i = 0; i < n_workloads; i++)
        if (!only || strstr(workloads[i].name, only)) run_workload(&workloads[i]);
    printf("%llu points, %llu of them went on without, %llu failures\n", (unsigned long long)n_points,
           (unsigned long long)n_degraded, (unsigned long long)n_failures);
    return n_failures || !n_points;
}
