/* Runs a fuzz target without libFuzzer: over every file of the directories given, and over simple changes of each.
 * usage: TARGET [--changes N] PATH...   Prints the number of executions; a failure is the target's own abort. */
#include "fuzz.h"

#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>

static uint64_t seed = 1;
static size_t n_files, n_runs;
static double slowest;
static char slowest_name[512];

static uint32_t next(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 32) % below);
}

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec + (double)t.tv_nsec * 1e-9;
}

/* The target gets a block of exactly its size, so that a read beyond it is seen. */
static void run(const uint8_t *p, size_t n, const char *name)
{
    uint8_t *copy = malloc(n ? n : 1);
    if (!copy) abort();
    if (n) memcpy(copy, p, n);
    double start = now();
    LLVMFuzzerTestOneInput(copy, n);
    double took = now() - start;
    n_runs++;
    free(copy);
    if (took > slowest) {
        slowest = took;
        snprintf(slowest_name, sizeof slowest_name, "%s", name);
    }
}

/* One change: a byte, a bit, a piece cut out, a piece doubled, or the end cut off. */
static size_t change(uint8_t *p, size_t n, size_t cap)
{
    if (n == 0) return 0;
    size_t at = next((uint32_t)n), len = 1 + next((uint32_t)OX__MIN(n - at, (size_t)16));
    switch (next(5)) {
    case 0: p[at] = (uint8_t)next(256); return n;
    case 1: p[at] ^= (uint8_t)(1U << next(8)); return n;
    case 2: memmove(p + at, p + at + len, n - at - len); return n - len;
    case 3:
        if (n + len > cap) return n;
        memmove(p + at + len, p + at, n - at);
        return n + len;
    default: return at;
    }
}

static void run_file(const char *path, unsigned changes)
{
    FILE *f = fopen(path, "rb");
    if (!f) {
        perror(path);
        exit(2);
    }
    fseek(f, 0, SEEK_END);
    size_t n = (size_t)ftell(f), cap = n + 64;
    rewind(f);
    uint8_t *p = malloc(2 * cap), *q = p ? p + cap : NULL;
    if (!p || fread(p, 1, n, f) != n) exit(2);
    fclose(f);
    n_files++;
    run(p, n, path);
    for (unsigned i = 0; i < changes; i++) {
        memcpy(q, p, n);
        size_t k = change(q, n, cap);
        if (next(2)) k = change(q, k, cap);
        run(q, k, path);
    }
    free(p);
}

static int by_name(const struct dirent **a, const struct dirent **b)
{
    return strcmp((*a)->d_name, (*b)->d_name);
}

static void run_path(const char *path, unsigned changes)
{
    struct stat st;
    struct dirent **rows;
    if (stat(path, &st) != 0) {
        perror(path);
        exit(2);
    }
    if (!S_ISDIR(st.st_mode)) {
        run_file(path, changes);
        return;
    }
    int n = scandir(path, &rows, NULL, by_name);
    for (int i = 0; i < n; i++) {
        char sub[4096];
        snprintf(sub, sizeof sub, "%s/%s", path, rows[i]->d_name);
        if (rows[i]->d_name[0] != '.') run_path(sub, changes);
        free(rows[i]);
    }
    if (n >= 0) free(rows);
}

int main(int argc, char **argv)
{
    unsigned changes = 0;
    LLVMFuzzerInitialize(&argc, &argv);
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--changes") == 0 && i + 1 < argc)
            changes = (unsigned)strtoul(argv[++i], NULL, 10);
        else
            run_path(argv[i], changes);
    }
    printf("%zu files, %zu executions, the slowest %.3f s: %s\n", n_files, n_runs, slowest, slowest_name);
    return n_files ? 0 : 1;
}
