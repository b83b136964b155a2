/* A model to break a rule in, helpers that build it, and what the checks find there. */
#ifndef OX_TESTS_CHECK_WORLD_H
#define OX_TESTS_CHECK_WORLD_H

#include "ox_test.h"

#include "base/base.h"
#include "ir/ir.h"

#include <onnxsh/check.h>
#include <onnxsh/journal.h>

#include <stdlib.h>

typedef struct world {
    ox_model *m;
    ox_error err;
    ox_graph g;
    ox__buf found;      /* "id id " of all findings, in order */
    char message[1024]; /* of the last */
    ox_finding last;
    size_t stop_after; /* findings */
} world;

static inline ox_str str(world *w, const char *s)
{
    return ox_str_addz(w->m, s);
}

static inline ox_type tensor_type(world *w, ox_dtype dtype)
{
    ox_dim d = ox_dim_const(w->m, 2);
    return ox_type_tensor(w->m, dtype, 1, &d);
}

static inline ox_value input(world *w, ox_graph g, const char *name, ox_dtype dtype)
{
    ox_value v;
    assert_ok(ox_graph_add_input(w->m, &v, g, SIZE_MAX, str(w, name), tensor_type(w, dtype), &w->err), &w->err);
    return v;
}

static inline ox_tensor tensor(world *w, ox_dtype dtype, int64_t n)
{
    static const char zeros[256];
    ox_tensor t;
    uint64_t bytes;
    assert_true(ox_dtype_bytes(dtype, (uint64_t)n, &bytes));
    assert_ok(ox_tensor_add_raw(w->m, &t, dtype, 1, &n, zeros, bytes, &w->err), &w->err);
    return t;
}

static inline ox_value initializer(world *w, ox_graph g, const char *name, ox_dtype dtype)
{
    ox_value v;
    assert_ok(ox_graph_add_initializer(w->m, &v, g, str(w, name), tensor(w, dtype, 2), &w->err), &w->err);
    return v;
}

/* A node with up to 4 inputs ({0} = absent, `n` of them), one output of that name. */
static inline ox_node node_in(world *w, ox_graph g, const char *domain, const char *op, const char *out, size_t n,
                              const ox_value *in)
{
    ox_node node;
    assert_ok(ox_node_create(w->m, &node, g, (ox_node){0}, str(w, domain), str(w, op), n, in, out ? 1 : 0, &w->err),
              &w->err);
    if (out) assert_ok(ox_value_set_name(w->m, ox_node_output(w->m, node, 0), str(w, out), &w->err), &w->err);
    return node;
}

static inline ox_value relu(world *w, ox_graph g, ox_value in, const char *out)
{
    return ox_node_output(w->m, node_in(w, g, "", "Relu", out, 1, &in), 0);
}

static inline void output(world *w, ox_graph g, ox_value v, ox_dtype dtype)
{
    if (dtype) assert_ok(ox_value_set_type(w->m, v, tensor_type(w, dtype), &w->err), &w->err);
    assert_ok(ox_graph_add_output(w->m, g, SIZE_MAX, v, &w->err), &w->err);
}

static inline void attr_int(world *w, ox_node n, const char *name, int64_t i)
{
    ox_attr a = {.name = str(w, name), .kind = OX_ATTR_INT, .u.i = i};
    assert_ok(ox_node_set_attr(w->m, n, &a, &w->err), &w->err);
}

static inline void import(world *w, const char *domain, int64_t version)
{
    assert_ok(ox_model_set_opset(w->m, str(w, domain), version, &w->err), &w->err);
}

static inline int setup_kind(void **state, ox_model_kind kind)
{
    world *w = calloc(1, sizeof *w);
    *state = w;
    if (!w || ox_model_create(&w->m, kind, &w->err) != OX_OK) return -1;
    w->g = ox_model_main(w->m);
    if (ox_graph_set_name(w->m, w->g, str(w, "g"), &w->err) != OX_OK) return -1;
    if (ox_model_set_ir_version(w->m, 10, &w->err) != OX_OK) return -1;
    return ox_model_set_opset(w->m, str(w, ""), 21, &w->err) == OX_OK ? 0 : -1;
}

static inline int setup(void **state)
{
    return setup_kind(state, OX_MODEL_ONNX);
}
static inline int setup_trace(void **state)
{
    return setup_kind(state, OX_MODEL_TRACE);
}

static inline int teardown(void **state)
{
    world *w = *state;
    ox_model_free(w->m);
    ox__buf_free(&w->found);
    free(w);
    return 0;
}

static inline bool note(void *ud, const ox_finding *f)
{
    world *w = ud;
    ox__buf_addf(&w->found, "%s ", f->check->id);
    snprintf(w->message, sizeof w->message, "%s", f->message);
    w->last = *f;
    return --w->stop_after != 0;
}

static inline const char *run(world *w, const ox_check_options *opt, ox_check_counts *counts)
{
    ox__buf_clear(&w->found);
    ox__buf_addz(&w->found, "");
    w->message[0] = '\0';
    assert_ok(ox_check_run(w->m, opt, note, w, counts, NULL, &w->err), &w->err);
    return w->found.n ? w->found.p : "";
}

/* What the checks of rules find, habits aside. */
#define RULES "structure,schema,types,data"
static inline void found(world *w, const char *ids)
{
    ox_check_options rules = {.only = RULES};
    assert_string_equal(run(w, &rules, NULL), ids);
}

/* What one check finds. */
static inline void finds(world *w, const char *only, const char *ids)
{
    ox_check_options opt = {.only = only};
    assert_string_equal(run(w, &opt, NULL), ids);
}

static inline void says(world *w, const char *part)
{
    if (!strstr(w->message, part)) fail_msg("'%s' is not in '%s'", part, w->message);
}

/* x -> Relu -> y */
static inline ox_value plain(world *w)
{
    ox_value x = input(w, w->g, "x", OX_FLOAT), y = relu(w, w->g, x, "y");
    output(w, w->g, y, OX_FLOAT);
    return x;
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

#endif
