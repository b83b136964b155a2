/* What fails on purpose in test_alloc.c: scripted pieces of work, each whole in itself. */
#ifndef OX_ROBUST_WORKLOADS_H
#define OX_ROBUST_WORKLOADS_H

#include <onnxsh/model.h>

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

/* What a workload has at hand; all of it is gone after `after`. */
extern struct hand {
    ox_model *m;
    char path[4096]; /* of the file that is saved over */
} hand;

void open_model(const workload *w); /* w->arg, a file below tests/ */
bool close_model(const workload *w, ox_status s);
bool after_edit(const workload *w, ox_status s);

/* ---- workloads_lua.c ---- */

/* Bits of the mode of a conversion beside its opset. */
enum {
    CONVERT_OPSET = 0xff,
    CONVERT_WEIGHTS = 0x100, /* those of the .npz file of the same name are bound before */
    CONVERT_DOC = 0x200,
    CONVERT_PASS = 0x400, /* what is not supported stays as it is */
    CONVERT_ATEN = 0x800  /* or becomes an operator of ATen */
};

ox_status run_refusals(const workload *w, ox_error *err);
ox_status run_missing(const workload *w, ox_error *err);
ox_status run_lua(const workload *w, ox_error *err);
void before_lua_model(const workload *w);
bool after_lua_model(const workload *w, ox_status s);
void before_convert(const workload *w);
ox_status run_convert(const workload *w, ox_error *err);
bool after_convert(const workload *w, ox_status s);
void before_types(const workload *w);
ox_status run_types(const workload *w, ox_error *err);
bool after_types(const workload *w, ox_status s);

/* ---- workloads_baked.c: mode 0 a trace, 1 ONNX nodes ---- */
void before_baked(const workload *w);
ox_status run_baked(const workload *w, ox_error *err);
bool after_baked(const workload *w, ox_status s);

/* ---- workloads_journal.c ---- */
void before_journal(const workload *w);
ox_status run_journal(const workload *w, ox_error *err);
bool after_journal(const workload *w, ox_status s);

#endif
