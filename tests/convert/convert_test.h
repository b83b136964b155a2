/* Conversion in tests: a trace as text, symbolic functions in C, the result as text of the seed style. Everything hangs
 * on the fixture, which teardown frees. */
#ifndef CONVERT_TEST_H
#define CONVERT_TEST_H

#include "ox_test.h"

#include "base/base.h"

#include <onnxsh/convert.h>
#include <onnxsh/io.h>
#include <onnxsh/print.h>

typedef struct cv {
    ox_symbolics *r;
    ox_model *src, *out;
    ox_report *report;
    ox_convert_options opt;
    ox_error err;
    ox__buf text;
    /* what the last call of a recording function got */
    size_t n_args;
    ox_arg args[16];
    int calls;
    ox_arg pool[64]; /* items of lists among args, which live during the call only */
    size_t n_pool;
    char chars[1024];
    size_t n_chars;
} cv;

static inline int cv_setup(void **state)
{
    static cv c;
    memset(&c, 0, sizeof c);
    *state = &c;
    return ox_symbolics_create(&c.r, &c.err) == OX_OK ? 0 : -1;
}

static inline void cv_close(cv *c)
{
    ox_model_free(c->src);
    ox_model_free(c->out);
    ox_report_free(c->report);
    c->src = c->out = NULL;
    c->report = NULL;
}

static inline int cv_teardown(void **state)
{
    cv *c = *state;
    cv_close(c);
    ox_symbolics_free(c->r);
    ox__buf_free(&c->text);
    return 0;
}

/* ---- symbolic functions ---- */
static inline ox_status cv_return1(ox_call *k, ox_value v, ox_error *err)
{
    ox_arg a = {.kind = OX_ARG_VALUE, .v = v};
    return ox_call_return(k, 1, &a, err);
}

/* One ONNX node of the name in ud, of all arguments. */
static inline ox_status cv_plain(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    ox_value v;
    ox_status s = ox_call_op(k, ud, n, args, 0, NULL, 1, &v, err);
    return s == OX_OK ? cv_return1(k, v, err) : s;
}

static inline ox_attr cv_float(ox_call *k, const char *name, double f)
{
    return (ox_attr){.name = ox_str_addz(ox_call_model(k), name), .kind = OX_ATTR_FLOAT, .u.f = f};
}

static inline ox_attr cv_int(ox_call *k, const char *name, int64_t i)
{
    return (ox_attr){.name = ox_str_addz(ox_call_model(k), name), .kind = OX_ATTR_INT, .u.i = i};
}

/* elu(self, alpha) */
static inline ox_status cv_elu(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    (void)ud;
    ox_value v;
    if (n != 2 || args[1].kind == OX_ARG_VALUE) return ox_call_unsupported(k, "alpha is not constant", err);
    ox_attr a = cv_float(k, "alpha", args[1].kind == OX_ARG_FLOAT ? args[1].f : (double)args[1].i);
    ox_status s = ox_call_op(k, "Elu", 1, args, 1, &a, 1, &v, err);
    return s == OX_OK ? cv_return1(k, v, err) : s;
}

static inline ox_arg cv_copy(cv *c, const ox_arg *a)
{
    ox_arg x = *a;
    if (a->kind == OX_ARG_STR && c->n_chars + a->s_n + 1 < sizeof c->chars) {
        memcpy(c->chars + c->n_chars, a->s, a->s_n);
        x.s = c->chars + c->n_chars;
        c->chars[c->n_chars + a->s_n] = '\0';
        c->n_chars += a->s_n + 1;
    }
    if (a->kind == OX_ARG_LIST && c->n_pool + a->n <= OX__COUNT(c->pool)) {
        x.items = c->pool + c->n_pool;
        for (size_t i = 0; i < a->n; i++) c->pool[c->n_pool++] = a->items[i];
    }
    return x;
}

/* Keeps its arguments in the fixture (ud) and returns the first tensor. */
static inline ox_status cv_record(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    cv *c = ud;
    ox_value v = {0};
    c->calls++;
    c->n_args = OX__MIN(n, OX__COUNT(c->args));
    c->n_pool = c->n_chars = 0;
    for (size_t i = 0; i < c->n_args; i++) c->args[i] = cv_copy(c, &args[i]);
    for (size_t i = 0; i < n && !v.id; i++)
        if (args[i].kind == OX_ARG_VALUE) v = args[i].v;
    if (!v.id) return ox_call_unsupported(k, "no tensor", err);
    ox_arg a = {.kind = OX_ARG_VALUE, .v = v};
    ox_status s = ox_call_op(k, "Identity", 1, &a, 0, NULL, 1, &v, err);
    return s == OX_OK ? cv_return1(k, v, err) : s;
}

static inline ox_status cv_refuse(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    (void)n, (void)args;
    return ox_call_unsupported(k, ud, err);
}

/* Registers `name` with parameters by blanks; "..." = positional. */
static inline ox_status cv_try_add(cv *c, const char *name, const char *params, ox_symbolic_fn fn, void *ud)
{
    static char copy[256];
    const char *names[16];
    size_t n = 0;
    snprintf(copy, sizeof copy, "%s", params);
    ox_symbolic_def d = {.name = name, .fn = fn, .ud = ud, .params = names};
    if (strcmp(params, "...") == 0)
        d.positional = true;
    else
        for (char *p = strtok(copy, " "); p && n < 16; p = strtok(NULL, " ")) names[n++] = p;
    d.n_params = n;
    return ox_symbolics_add(c->r, &d, &c->err);
}

static inline void cv_add(cv *c, const char *name, const char *params, ox_symbolic_fn fn, void *ud)
{
    assert_ok(cv_try_add(c, name, params, fn, ud), &c->err);
}

#define CV_PLAIN(c, name, params, op) cv_add((c), (name), (params), cv_plain, (void *)(uintptr_t)(op))

/* ---- running ---- */
static inline ox_status cv_put(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)err;
    ox__buf_add(ud, s, n);
    return OX_OK;
}

static inline ox_status cv_run(cv *c, const char *trace)
{
    cv_close(c);
    ox__buf_clear(&c->text);
    c->calls = 0;
    assert_ok(ox_open_memory(&c->src, trace, strlen(trace), "trace", NULL, NULL, NULL, &c->err), &c->err);
    ox_error_clear(&c->err);
    ox_status s = ox_convert(&c->out, &c->report, c->src, c->r, &c->opt, &c->err);
    if (c->out) {
        ox_print_options po = {.style = OX_STYLE_SEED, .raw = true};
        ox_sink sink = {cv_put, &c->text};
        assert_ok(ox_graph_print(c->out, ox_model_main(c->out), &po, &sink, &c->err), &c->err);
    }
    if (!c->text.p) ox__buf_addz(&c->text, "");
    return s;
}

/* Converts, and the result's text must contain `want`. */
static inline void cv_gives(cv *c, const char *trace, const char *want)
{
    ox_status s = cv_run(c, trace);
    const ox_failure *f = ox_report_at(c->report, 0);
    if (s != OX_OK) fail_msg("%s: %s", c->err.msg, f ? f->message : "");
    if (!strstr(c->text.p, want)) fail_msg("expected\n%s\nin\n%s", want, c->text.p);
}

/* The first failure (warnings aside) of that kind whose message holds `part`. */
static inline const ox_failure *cv_failure(const cv *c, ox_failure_kind kind, const char *part)
{
    for (size_t i = 0; i < ox_report_n(c->report); i++) {
        const ox_failure *f = ox_report_at(c->report, i);
        if (f->kind == kind && strstr(f->message, part)) return f;
    }
    return NULL;
}

/* Fails with a failure of that kind and message. */
static inline const ox_failure *cv_fails(cv *c, const char *trace, ox_failure_kind kind, const char *part)
{
    ox_status s = cv_run(c, trace);
    const ox_failure *f = cv_failure(c, kind, part);
    if (s != OX_E_CHECK || !f) {
        const ox_failure *first = ox_report_at(c->report, 0);
        fail_msg("got %s, first failure '%s', expected '%s' in\n%s", ox_status_text(s), first ? first->message : "",
                 part, c->text.p);
    }
    assert_null(c->out);
    return f;
}

static inline void cv_warns(const cv *c, const char *part)
{
    if (!cv_failure(c, OX_FAILURE_WARNING, part)) fail_msg("no warning says '%s'", part);
}

#endif
