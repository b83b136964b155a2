/* What fails on purpose in test_alloc.c: scripted pieces of work, each whole in itself. */
#ifndef OX_ROBUST_WORKLOADS_H
#define OX_ROBUST_WORKLOADS_H

#include <onnxsh/error.h>

typedef struct workload {
    const char *name;
    /* Before and after each point, with nothing failing. before may be NULL. */
    void (*before)(const struct workload *w);
    /* The work. It frees what it made, unless `after` does. */
    ox_status (*run)(const struct workload *w, ox_error *err);
    /* Frees what is left; false, after a line on standard error, if a file is not whole. s is what the work said. */
    bool (*after)(const struct workload *w, ox_status s);
    const char *arg;
    int mode;
} workload;

extern const workload workloads[];
extern const size_t n_workloads;

#endif
