/* Rows of operators that are computed: the arguments and the results as text, "float32[2]: 1 2 | string[1]: 'a'".
 * Strings are quoted, a complex number is two numbers; sequences are printed as "{int64[1]: 1; int64[1]: 2}". */
#ifndef ONNXSH_TESTS_OX_EVAL_TEST_H
#define ONNXSH_TESTS_OX_EVAL_TEST_H

#include "ox_test.h"

#include "ops/exec.h"

#include <onnxsh/io.h>

#include <stdio.h>
#include <stdlib.h>

enum { EVAL_ARGS = 6, EVAL_ELEMENTS = 64, EVAL_LIMIT = 1 << 20 };

typedef struct eval_row {
    int64_t opset;
    const char *node; /* Operator[attributes](%a, %b, ...), or whole lines that begin with "  %" */
    const char *args; /* of %a, %b, ... */
    const char *want; /* of %y, %z, ...; or "!" and a part of the error, then a | for each output but the first */
} eval_row;

static inline uint64_t eval_dims(const char **p, int64_t *dims, uint32_t *rank)
{
    uint64_t n = 1;
    *rank = 0;
    while (**p != ']') {
        char *end;
        dims[(*rank)++] = strtoll(*p, &end, 10);
        n *= (uint64_t)dims[*rank - 1];
        *p = *end == ',' ? end + 1 : end;
    }
    *p += 2; /* "]:" */
    return n;
}

static inline ox_data *eval_arg(const char **p)
{
    ox_error err;
    ox_data *d = NULL;
    int64_t dims[8];
    uint32_t rank;
    void *bytes;
    while (**p == ' ') ++*p;
    size_t len = strcspn(*p, "[");
    ox_dtype dtype = len == 6 && !strncmp(*p, "string", 6) ? OX_STRING : ox_dtype_find(*p, len, OX_DTYPE_NUMPY);
    assert_int_not_equal(dtype, OX_UNDEFINED);
    *p += len + 1;
    uint64_t n = eval_dims(p, dims, &rank);
    if (dtype == OX_STRING) {
        ox_bytes texts[EVAL_ELEMENTS];
        assert_true(n <= EVAL_ELEMENTS);
        for (uint64_t i = 0; i < n; i++) {
            const char *from = strchr(*p, '\'') + 1, *to = strchr(from, '\'');
            texts[i] = (ox_bytes){from, (size_t)(to - from)};
            *p = to + 1;
        }
        assert_ok(ox_data_strings(&d, rank, dims, texts, &err), &err);
        return d;
    }
    assert_ok(ox_data_tensor(&d, dtype, rank, dims, &bytes, &err), &err);
    bool complex = ox_dtype_is_complex(dtype);
    ox_dtype part = dtype == OX_COMPLEX64 ? OX_FLOAT : dtype == OX_COMPLEX128 ? OX_DOUBLE : dtype;
    for (uint64_t i = 0; i < n * (complex ? 2 : 1); i++) {
        char *end;
        ox_dtype_set_f64(part, bytes, i, strtod(*p, &end));
        *p = end;
    }
    return d;
}

static inline size_t eval_print(char *out, size_t size, const ox_data *d)
{
    ox_data_info i = ox_data_get(d);
    size_t at = 0;
    if (i.kind != OX_DATA_TENSOR) {
        at += (size_t)snprintf(out, size, "{");
        for (uint64_t k = 0; k < i.n; k++) {
            at += (size_t)snprintf(out + at, size - at, "%s", k ? "; " : "");
            at += eval_print(out + at, size - at, i.items[k]);
        }
        return at + (size_t)snprintf(out + at, size - at, "}");
    }
    at += (size_t)snprintf(out, size, "%s[", i.dtype == OX_STRING ? "string" : ox_dtype_name(i.dtype, OX_DTYPE_NUMPY));
    for (uint32_t k = 0; k < i.rank; k++)
        at += (size_t)snprintf(out + at, size - at, "%s%lld", k ? "," : "", (long long)i.dims[k]);
    at += (size_t)snprintf(out + at, size - at, "]:");
    bool complex = ox_dtype_is_complex(i.dtype);
    ox_dtype part = i.dtype == OX_COMPLEX64 ? OX_FLOAT : i.dtype == OX_COMPLEX128 ? OX_DOUBLE : i.dtype;
    for (uint64_t k = 0; k < i.n * (complex ? 2 : 1); k++) {
        const ox_bytes *t = i.data;
        if (i.dtype == OX_STRING)
            at += (size_t)snprintf(out + at, size - at, " '%.*s'", (int)t[k].n, t[k].p);
        else
            at += (size_t)snprintf(out + at, size - at, " %g", ox_dtype_get_f64(part, i.data, k));
    }
    return at;
}

/* Runs the row; when its allocation number `fail` of the run fails (0: none), *failed says whether there was one. */
static inline ox_status eval_run(const eval_row *r, uint64_t fail, bool *failed, char *got, size_t size, ox_error *err)
{
    static const char *const names[] = {"%a", "%b", "%c", "%d", "%e", "%f"}, *const results[] = {"%y", "%z", "%u",
                                                                                                 "%v"};
    char text[4096], *at = text, *end = text + sizeof text;
    ox_model *m = NULL;
    ox_data *in[EVAL_ARGS] = {0}, *out[4] = {0};
    size_t n_in = 0, n_out = 1;
    for (const char *p = r->args; *p; n_in++) {
        in[n_in] = eval_arg(&p);
        while (*p == ' ' || *p == '|') p++;
    }
    for (const char *p = r->want; (p = strchr(p, '|')) != NULL; p++) n_out++;
    at += snprintf(at, (size_t)(end - at), "graph(");
    for (size_t i = 0; i < n_in; i++) at += snprintf(at, (size_t)(end - at), "%s%s : Tensor", i ? ", " : "", names[i]);
    at += snprintf(at, (size_t)(end - at), "):\n");
    if (*r->node != ' ') {
        for (size_t i = 0; i < n_out; i++)
            at += snprintf(at, (size_t)(end - at), "%s%s : Tensor", i ? ", " : "  ", results[i]);
        at += snprintf(at, (size_t)(end - at), " = onnx::%s\n  return (", r->node);
    } else {
        at += snprintf(at, (size_t)(end - at), "%s  return (", r->node);
    }
    for (size_t i = 0; i < n_out; i++) at += snprintf(at, (size_t)(end - at), "%s%s", i ? ", " : "", results[i]);
    snprintf(at, (size_t)(end - at), ")\n");
    assert_ok(ox_open_memory(&m, text, strlen(text), "case", NULL, NULL, NULL, err), err);
    assert_ok(ox_model_set_opset(m, ox_str_addz(m, ""), r->opset, err), err);
    ox__exec_options opt = {.threads = 1, .max_bytes = EVAL_LIMIT};
    ox_error_clear(err);
    ox__alloc_fail_at(fail, false);
    ox_status s = ox__exec_run(m, &opt, n_in, in, n_out, out, err);
    *failed = fail && ox__alloc_count() >= fail;
    ox__alloc_fail_at(0, false);
    for (size_t i = 0, n = 0; s == OX_OK && i < n_out; i++) {
        n += (size_t)snprintf(got + n, size - n, "%s", i ? " | " : "");
        n += eval_print(got + n, size - n, out[i]);
    }
    for (size_t i = 0; i < n_in; i++) ox_data_free(in[i]);
    for (size_t i = 0; i < n_out; i++) ox_data_free(out[i]);
    ox_model_free(m);
    return s;
}

static inline void eval_check(const eval_row *rows, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        ox_error err;
        char got[4096];
        bool failed = true;
        ox_status s = eval_run(&rows[i], 0, &failed, got, sizeof got, &err);
        bool refused = rows[i].want[0] == '!';
        char part[128];
        snprintf(part, sizeof part, "%.*s", (int)strcspn(rows[i].want + refused, "|"), rows[i].want + refused);
        if (s != OX_OK && (!refused || !strstr(err.msg, part))) fail_msg("row %zu, %s: %s", i, rows[i].node, err.msg);
        if (s == OX_OK && strcmp(got, rows[i].want) != 0)
            fail_msg("row %zu, %s: %s, not %s", i, rows[i].node, got, rows[i].want);
        /* Short of memory is said as that, and never taken for an answer. */
        failed = true;
        for (uint64_t k = 1; failed && s == OX_OK; k++) {
            ox_status short_of = eval_run(&rows[i], k, &failed, got, sizeof got, &err);
            if (short_of != OX_OK && (short_of != OX_E_NOMEM || !failed))
                fail_msg("row %zu, %s, allocation %u fails: %s", i, rows[i].node, (unsigned)k, err.msg);
            if (short_of == OX_OK && strcmp(got, rows[i].want) != 0)
                fail_msg("row %zu, %s, allocation %u fails: %s", i, rows[i].node, (unsigned)k, got);
        }
    }
}

#endif
