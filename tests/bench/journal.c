/* Prints what an edit costs that is journalled on disk before it is answered, and what one costs in memory alone: a
 * node of a model is renamed, many times, each a step of its own; and what the disk asks for the same. usage: journal
 * FILE LOG (a model; a file that is made and removed) */
#include <onnxsh/io.h>
#include <onnxsh/journal.h>
#include <onnxsh/log.h>

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

enum { ROUNDS = 500 };

static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

static void must(ox_status s, const ox_error *err)
{
    if (s == OX_OK) return;
    fprintf(stderr, "%s\n", err->msg);
    exit(1);
}

static void rename_node(ox_model *m, int i, ox_error *err)
{
    char name[32];
    snprintf(name, sizeof name, "renamed_%d", i);
    must(ox_node_set_name(m, ox_graph_first(m, ox_model_main(m)), ox_str_addz(m, name), err), err);
    must(ox_journal_commit(m, name, err), err);
}

static int by_size(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static void report(const char *what, double *ms)
{
    qsort(ms, ROUNDS, sizeof *ms, by_size);
    printf("%s median %.4f ms, 99%% %.4f ms\n", what, ms[ROUNDS / 2], ms[ROUNDS * 99 / 100]);
}

/* What the disk asks for as many bytes, synced, and nothing else. */
static void append_alone(const char *path, size_t n, double *ms)
{
    char bytes[4096] = {0};
    int fd = open(path, O_WRONLY | O_CREAT | O_TRUNC, 0600);
    n = n < sizeof bytes ? n : sizeof bytes;
    for (int i = 0; i < ROUNDS; i++) {
        double t = now();
        if (fd < 0 || write(fd, bytes, n) != (ssize_t)n || fsync(fd) != 0) {
            perror(path);
            exit(1);
        }
        ms[i] = now() - t;
    }
    close(fd);
    unlink(path);
    report("a synced append of as many bytes", ms);
}

int main(int argc, char **argv)
{
    static double ms[ROUNDS];
    ox_model *m;
    ox_log *log;
    ox_error err;
    const char *bytes;
    size_t n;
    uint64_t hash;
    if (argc != 3) return fprintf(stderr, "usage: journal FILE LOG\n"), 2;
    must(ox_open(&m, argv[1], NULL, NULL, NULL, &err), &err);
    for (int i = 0; i < ROUNDS; i++) {
        double t = now();
        rename_node(m, i, &err);
        ms[i] = now() - t;
    }
    report("in memory", ms);
    double t = now();
    must(ox_model_hash(m, &hash, &err), &err);
    printf("before the first edit %.2f ms (hash of the structure)\n", now() - t);
    must(ox_log_create(&log, argv[2], &err), &err);
    must(ox_journal_record(m, &err), &err);
    for (int i = 0; i < ROUNDS; i++) {
        t = now();
        rename_node(m, i, &err);
        must(ox_journal_take(m, &bytes, &n, &err), &err);
        must(ox_log_append(log, 'E', bytes, n, &err), &err);
        ms[i] = now() - t;
    }
    report("journalled", ms);
    ox_log_close(log, true);
    append_alone(argv[2], n, ms);
    ox_model_free(m);
    return 0;
}
