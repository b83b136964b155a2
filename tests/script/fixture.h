/* A Lua state with a host that keeps what is printed and runs a few commands:
 *   trace TEXT            opens TEXT as the current model
 *   export OPSET          converts the current model; the result becomes the current model
 *   fail                  fails with OX_E_INVALID */
#ifndef OX_TESTS_SCRIPT_FIXTURE_H
#define OX_TESTS_SCRIPT_FIXTURE_H

#include "ox_test.h"

#include <onnxsh/io.h>
#include <onnxsh/journal.h>
#include <onnxsh/script.h>

#include <stdlib.h>

typedef struct fixture {
    ox_script *script;
    ox_symbolics *symbolics;
    ox_model *model, *source; /* current; what it was converted from */
    ox_report *report;
    char out[16384];
    size_t n;
    char defined[64];
    int run_id;
} fixture;

static inline ox_status host_print(void *ud, const char *s, size_t n, ox_error *err)
{
    fixture *f = ud;
    (void)err;
    if (n > sizeof f->out - 1 - f->n) n = sizeof f->out - 1 - f->n;
    memcpy(f->out + f->n, s, n);
    f->n += n;
    f->out[f->n] = 0;
    return OX_OK;
}

static inline ox_model *host_model(void *ud)
{
    return ((fixture *)ud)->model;
}

static inline void close_models(fixture *f)
{
    ox_model_free(f->model);
    ox_model_free(f->source);
    ox_report_free(f->report);
    f->model = f->source = NULL;
    f->report = NULL;
}

static inline ox_status open_trace(fixture *f, const char *text, ox_error *err)
{
    close_models(f);
    return ox_open_memory(&f->model, text, strlen(text), "trace", NULL, NULL, NULL, err);
}

/* Converts the current model. The failures are in f->report. */
static inline ox_status export_at(fixture *f, int64_t opset, ox_error *err)
{
    ox_convert_options opt = {.opset = opset, .no_fold = true}; /* what the functions write */
    ox_model *out = NULL;
    ox_model *from = f->source ? f->source : f->model;
    ox_report_free(f->report);
    f->report = NULL;
    ox_status s = ox_convert(&out, &f->report, from, f->symbolics, &opt, err);
    if (s != OX_OK) {
        ox_model_free(out);
        return s;
    }
    if (f->source) ox_model_free(f->model);
    f->source = from;
    f->model = out;
    return OX_OK;
}

static inline ox_status host_command(void *ud, const char *line, ox_error *err)
{
    fixture *f = ud;
    if (strncmp(line, "trace ", 6) == 0) return open_trace(f, line + 6, err);
    if (strncmp(line, "export ", 7) == 0) return export_at(f, atoi(line + 7), err);
    return ox_error_set(err, OX_E_INVALID, "no such command: %s", line);
}

static inline ox_status host_define(void *ud, const char *name, const char *usage, const char *help, int run_id,
                                    ox_error *err)
{
    fixture *f = ud;
    (void)usage, (void)help;
    if (strcmp(name, "show") == 0) return ox_error_set(err, OX_E_INVALID, "show is a command already");
    snprintf(f->defined, sizeof f->defined, "%s", name);
    f->run_id = run_id;
    return OX_OK;
}

static inline ox_status start(fixture *f, ox_error *err)
{
    memset(f, 0, sizeof *f);
    ox_status s = ox_symbolics_create(&f->symbolics, err);
    if (s != OX_OK) return s;
    ox_script_options opt = {.symbolics = f->symbolics,
                             .host = {f, host_print, host_model, host_command, host_define, NULL}};
    return ox_script_create(&f->script, &opt, err);
}

static inline void stop(fixture *f)
{
    ox_script_free(f->script);
    ox_symbolics_free(f->symbolics);
    close_models(f);
    memset(f, 0, sizeof *f);
}

static inline int setup(void **state)
{
    fixture *f = calloc(1, sizeof *f);
    ox_error err;
    *state = f;
    ox_error_clear(&err);
    if (start(f, &err) == OX_OK) return 0;
    print_error("%s\n", err.msg);
    return -1;
}

static inline int teardown(void **state)
{
    stop(*state);
    free(*state);
    return 0;
}

/* Runs a chunk; what it printed is in f->out. */
static inline ox_status run(fixture *f, const char *text, ox_error *err)
{
    f->n = 0;
    f->out[0] = 0;
    return ox_script_chunk(f->script, text, strlen(text), "test", NULL, err);
}

/* A chunk must print `want` (newline excluded). */
#define assert_prints(f, text, want) \
    do { \
        ox_error ap_err_; \
        assert_ok(run((f), (text), &ap_err_), &ap_err_); \
        if ((f)->n && (f)->out[(f)->n - 1] == '\n') (f)->out[--(f)->n] = 0; \
        assert_string_equal((f)->out, (want)); \
    } while (0)

/* A chunk must fail at line `at`, its message containing `part`. */
#define assert_raises(f, text, part, at) \
    do { \
        ox_error ar_err_; \
        assert_fails(run((f), (text), &ar_err_), OX_E_SCRIPT, part, &ar_err_); \
        assert_string_equal(ar_err_.file, "test"); \
        assert_int_equal(ar_err_.line, (at)); \
    } while (0)

#endif
