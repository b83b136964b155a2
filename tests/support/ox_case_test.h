/* Cases of operators on constants: a few nodes in the seed style that make %y, and what %y becomes. */
#ifndef OX_CASE_TEST_H
#define OX_CASE_TEST_H

#include "ox_test.h"

#include "ops/exec.h"

#include <onnxsh/io.h>

typedef struct eval_case {
    int64_t opset;
    const char *nodes; /* that make %y */
    const char *want;  /* "float32[2] 1 2.5"; after a "!", a part of the message of the failure */
} eval_case;

/* %name = a constant */
#define EVAL_CONST(name, type, n, text) \
    "  %" name " : " type "(" #n ") = onnx::Constant[value= " text " [ CPU" type "Type{" #n "} ]]()\n"
#define EVAL_FLOATS(name, n, text) EVAL_CONST(name, "Float", n, text)
#define EVAL_LONGS(name, n, text) EVAL_CONST(name, "Long", n, text)
#define EVAL_FLOAT(name, v) "  %" name " : Float() = onnx::Constant[value={" v "}]()\n"
#define EVAL_LONG(name, v) "  %" name " : Long() = onnx::Constant[value={" v "}]()\n"
/* %to = %from in another type */
#define EVAL_CAST(to, number, from) "  %" to " : Tensor = onnx::Cast[to=" #number "](%" from ")\n"
#define EVAL_Y(x) "  %y : Tensor = " x "\n"

static void eval_print(char *text, size_t size, const ox_data *d)
{
    ox_data_info i = ox_data_get(d);
    size_t at = (size_t)snprintf(text, size, "%s[", ox_dtype_name(i.dtype, OX_DTYPE_NUMPY));
    for (uint32_t k = 0; k < i.rank; k++)
        at += (size_t)snprintf(text + at, size - at, "%s%lld", k ? "," : "", (long long)i.dims[k]);
    at += (size_t)snprintf(text + at, size - at, "]");
    for (uint64_t k = 0; k < i.n && k < 24; k++) {
        const ox_bytes *b = i.dtype == OX_STRING ? (const ox_bytes *)i.data + k : NULL;
        if (b)
            at += (size_t)snprintf(text + at, size - at, " %.*s", (int)b->n, b->n ? b->p : "");
        else if (ox_dtype_is_float(i.dtype) &&
                 ox_dtype_get_f64(i.dtype, i.data, k) != ox_dtype_get_f64(i.dtype, i.data, k))
            at += (size_t)snprintf(text + at, size - at, " nan"); /* whatever its sign */
        else if (ox_dtype_is_float(i.dtype))
            at += (size_t)snprintf(text + at, size - at, " %g", ox_dtype_get_f64(i.dtype, i.data, k));
        else
            at += (size_t)snprintf(text + at, size - at, " %lld", (long long)ox_dtype_get_i64(i.dtype, i.data, k));
    }
}

/* Runs one case; domain (may be NULL): another domain that its nodes are of, at version 1. */
static void eval_case_check(const eval_case *c, const char *domain)
{
    ox_error err;
    ox_model *m = NULL;
    ox_data *y = NULL;
    char text[4096], got[1024] = "";
    snprintf(text, sizeof text, "graph():\n%s  return (%%y)\n", c->nodes);
    assert_ok(ox_open_memory(&m, text, strlen(text), "case", NULL, NULL, NULL, &err), &err);
    assert_ok(ox_model_set_opset(m, ox_str_addz(m, ""), c->opset, &err), &err);
    if (domain) assert_ok(ox_model_set_opset(m, ox_str_addz(m, domain), 1, &err), &err);
    ox__exec_options opt = {.threads = 2, .max_bytes = 1 << 24, .seed = 7};
    ox_error_clear(&err);
    ox_status s = ox__exec_run(m, &opt, 0, NULL, 1, &y, &err);
    if (s == OX_OK) eval_print(got, sizeof got, y);
    ox_data_free(y);
    ox_model_free(m);
    if (*c->want == '!') {
        if (s == OX_OK) fail_msg("%s is %s, not an error", c->nodes, got);
        if (!strstr(err.msg, c->want + 1)) fail_msg("%s: '%s' lacks '%s'", c->nodes, err.msg, c->want + 1);
    } else if (s != OX_OK) {
        fail_msg("%s: %s", c->nodes, err.msg);
    } else if (strcmp(got, c->want) != 0) {
        fail_msg("%s is %s, not %s", c->nodes, got, c->want);
    }
}

#define EVAL_ALL(cases) \
    for (size_t eval_i = 0; eval_i < sizeof(cases) / sizeof *(cases); eval_i++) eval_case_check(&(cases)[eval_i], NULL)

#endif
