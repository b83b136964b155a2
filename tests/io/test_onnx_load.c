/* What a .onnx file means: fields in any order, merged and repeated, packed or not; every kind of attribute and of
 * tensor storage; functions, training graphs, sparse tensors. The files are written here byte by byte. */
#include "ox_test.h"
#include "ox_pb.h"

#include <math.h>
#include <onnxsh/io.h>
#include <onnxsh/journal.h>

typedef struct fixture {
    ox_model *m;
    pb b;
    ox_error err;
} fixture;

static int setup(void **state)
{
    *state = calloc(1, sizeof(fixture));
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    fixture *f = *state;
    ox_model_free(f->m);
    pb_free(&f->b);
    free(f);
    return 0;
}

static void open_it(fixture *f)
{
    assert_ok(ox_open_memory(&f->m, f->b.p, f->b.n, "test.onnx", NULL, NULL, NULL, &f->err), &f->err);
}

static void refuse(fixture *f, ox_status code, const char *part)
{
    assert_fails(ox_open_memory(&f->m, f->b.p, f->b.n, "test.onnx", NULL, NULL, NULL, &f->err), code, part, &f->err);
    assert_null(f->m);
}

static const char *text(const fixture *f, ox_str s)
{
    return ox_str_text(f->m, s, NULL);
}

static ox_value value(const fixture *f, const char *name)
{
    ox_value v = ox_graph_find_value(f->m, ox_model_main(f->m), ox_str_find(f->m, name, strlen(name)));
    assert_true(ox_value_is_alive(f->m, v));
    return v;
}

static ox_node first_node(const fixture *f)
{
    return ox_graph_first(f->m, ox_model_main(f->m));
}

/* ---- the model ---- */

static void test_model_fields(void **state)
{
    fixture *f = *state;
    pb_opset(&f->b, 8, "ai.onnx", 12); /* in front of the graph, and the graph in the middle */
    pb_text(&f->b, 2, "producer");
    pb_begin(&f->b, 7);
    pb_text(&f->b, 2, "g");
    pb_text(&f->b, 10, "about g");
    pb_entry(&f->b, 16, "gk", "gv");
    pb_end(&f->b);
    pb_int(&f->b, 1, 3);
    pb_int(&f->b, 1, 9); /* the last one wins */
    pb_text(&f->b, 3, "1.2");
    pb_text(&f->b, 4, "org.example");
    pb_int(&f->b, 5, -5);
    pb_text(&f->b, 6, "doc");
    pb_opset(&f->b, 8, "com.microsoft", 1);
    pb_entry(&f->b, 14, "k", "v");
    open_it(f);
    assert_int_equal(ox_model_get_kind(f->m), OX_MODEL_ONNX);
    assert_int_equal(ox_model_ir_version(f->m), 9);
    assert_int_equal(ox_model_version(f->m), -5);
    assert_string_equal(text(f, ox_model_text(f->m, OX_MODEL_PRODUCER_NAME)), "producer");
    assert_string_equal(text(f, ox_model_text(f->m, OX_MODEL_PRODUCER_VERSION)), "1.2");
    assert_string_equal(text(f, ox_model_text(f->m, OX_MODEL_DOMAIN)), "org.example");
    assert_string_equal(text(f, ox_model_text(f->m, OX_MODEL_DOC)), "doc");
    assert_string_equal(text(f, ox_model_text(f->m, OX_MODEL_PATH)), "test.onnx");
    assert_int_equal(ox_model_opset(f->m, ""), 12);
    assert_int_equal(ox_model_opset(f->m, "com.microsoft"), 1);
    const ox_pair *p;
    assert_int_equal(ox_model_metadata(f->m, &p), 1);
    assert_string_equal(text(f, p[0].value), "v");
    assert_int_equal(ox_graph_metadata(f->m, ox_model_main(f->m), &p), 1);
    assert_string_equal(text(f, p[0].key), "gk");
    assert_string_equal(text(f, ox_graph_name(f->m, ox_model_main(f->m))), "g");
    assert_string_equal(text(f, ox_graph_doc(f->m, ox_model_main(f->m))), "about g");
    assert_false(ox_model_is_modified(f->m));
    assert_int_equal(ox_journal_n_undo(f->m), 0);
}

/* A graph that comes in two parts is one graph; so is a tensor. */
static void test_merged_parts(void **state)
{
    fixture *f = *state;
    float one = 1, two = 2;
    pb_begin(&f->b, 7);
    pb_node(&f->b, "Relu", "x", "y", NULL);
    pb_text(&f->b, 2, "old");
    pb_end(&f->b);
    pb_opset(&f->b, 8, "", 17);
    pb_begin(&f->b, 7);
    pb_node(&f->b, "Neg", "y", "z", NULL);
    pb_begin(&f->b, 1);
    pb_text(&f->b, 2, "c");
    pb_text(&f->b, 4, "Constant");
    pb_begin(&f->b, 5);
    pb_text(&f->b, 1, "value");
    pb_begin(&f->b, 5);
    pb_int(&f->b, 1, 2);
    pb_data(&f->b, 4, &one, 4);
    pb_end(&f->b);
    pb_int(&f->b, 20, 4);
    pb_begin(&f->b, 5);
    pb_int(&f->b, 2, 1);
    pb_data(&f->b, 4, &two, 4);
    pb_end(&f->b);
    pb_end(&f->b);
    pb_end(&f->b);
    pb_text(&f->b, 2, "new");
    pb_info(&f->b, 12, "z", 1, -1, NULL);
    pb_end(&f->b);
    open_it(f);
    ox_graph g = ox_model_main(f->m);
    assert_int_equal(ox_graph_n_nodes(f->m, g), 3);
    assert_string_equal(text(f, ox_graph_name(f->m, g)), "new");
    assert_true(ox_node_is(f->m, ox_value_node(f->m, ox_graph_output(f->m, g, 0)), "", "Neg"));
    const ox_attr *a = ox_node_attr(f->m, ox_value_node(f->m, value(f, "c")), "value");
    assert_non_null(a);
    float got[2];
    assert_ok(ox_tensor_read(f->m, a->u.t, 0, got, sizeof got, &f->err), &f->err);
    assert_true(got[0] == 1 && got[1] == 2);
}

/* Nodes stand before initializers and inputs in files; IR 3 lists initializers as inputs too. */
static void test_values(void **state)
{
    fixture *f = *state;
    const int64_t dims[] = {2, -1};
    const float w[] = {1, 2, 3};
    pb_model(&f->b);
    pb_node(&f->b, "Add", "x", "y", "n");
    pb_weight(&f->b, "w", w, 3);
    pb_weight(&f->b, "only", w, 1);
    pb_info(&f->b, 11, "x", 1, 2, dims);
    pb_info(&f->b, 11, "w", 1, -1, NULL);
    pb_info(&f->b, 12, "y", 1, -1, NULL);
    pb_info(&f->b, 13, "y", 1, 2, dims);
    pb_info(&f->b, 13, "nobody", 1, 2, dims);
    pb_model_end(&f->b);
    open_it(f);
    ox_graph g = ox_model_main(f->m);
    assert_int_equal(ox_graph_n_inputs(f->m, g), 2);
    assert_int_equal(ox_graph_n_initializers(f->m, g), 2);
    assert_int_equal(ox_graph_input(f->m, g, 1).id, ox_graph_initializer(f->m, g, 0).id);
    ox_value only = value(f, "only"), y = value(f, "y");
    assert_true(ox_value_is_initializer(f->m, only) && !ox_value_is_input(f->m, only));
    ox_type_info t = ox_type_get(f->m, ox_value_type(f->m, only)); /* from its tensor */
    assert_int_equal(t.rank, 1);
    assert_true(ox_value_is_declared(f->m, y));
    assert_false(ox_value_is_declared(f->m, value(f, "x")));
    t = ox_type_get(f->m, ox_value_type(f->m, value(f, "x")));
    int64_t d;
    assert_int_equal(t.rank, 2);
    assert_true(ox_dim_is_const(f->m, t.dims[0], &d) && d == 2);
    assert_int_equal(ox_dim_get_kind(f->m, t.dims[1]), OX_DIM_UNKNOWN);
    assert_int_equal(ox_node_input(f->m, first_node(f), 0).id, value(f, "x").id);
}

/* ---- names that are not what they should be ---- */

static void test_cyclic_graph(void **state)
{
    fixture *f = *state;
    pb_model(&f->b);
    pb_node(&f->b, "Relu", "b", "a", "first");
    pb_node(&f->b, "Neg", "a", "b", "second");
    pb_node(&f->b, "Abs", "c", "c", "itself");
    pb_info(&f->b, 12, "b", 1, -1, NULL);
    pb_model_end(&f->b);
    open_it(f);
    ox_node first = first_node(f), second = ox_node_next(f->m, first), self = ox_node_next(f->m, second);
    assert_int_equal(ox_node_input(f->m, first, 0).id, ox_node_output(f->m, second, 0).id);
    assert_int_equal(ox_node_input(f->m, second, 0).id, ox_node_output(f->m, first, 0).id);
    assert_int_equal(ox_node_input(f->m, self, 0).id, ox_node_output(f->m, self, 0).id);
}

static void test_duplicate_and_unknown_names(void **state)
{
    fixture *f = *state;
    const float w = 1;
    pb_model(&f->b);
    pb_node(&f->b, "Relu", "x", "a", "n");
    pb_node(&f->b, "Neg", "a", "a", "n"); /* from here on `a` is this one */
    pb_node(&f->b, "Abs", "a", "z", "n");
    pb_node(&f->b, "Exp", "never_made", "y", "m");
    pb_weight(&f->b, "w", &w, 1);
    pb_weight(&f->b, "w", &w, 1);
    pb_info(&f->b, 11, "x", 1, -1, NULL);
    pb_info(&f->b, 11, "x", 1, -1, NULL);
    pb_info(&f->b, 12, "gone", 1, -1, NULL);
    pb_model_end(&f->b);
    open_it(f);
    ox_graph g = ox_model_main(f->m);
    ox_node relu = first_node(f), neg = ox_node_next(f->m, relu), abs = ox_node_next(f->m, neg);
    assert_int_equal(ox_graph_n_inputs(f->m, g), 2);
    assert_int_equal(ox_graph_n_initializers(f->m, g), 2);
    assert_int_not_equal(ox_graph_input(f->m, g, 0).id, ox_graph_input(f->m, g, 1).id);
    assert_int_equal(ox_node_input(f->m, neg, 0).id, ox_node_output(f->m, relu, 0).id);
    assert_int_equal(ox_node_input(f->m, abs, 0).id, ox_node_output(f->m, neg, 0).id);
    ox_value loose = ox_node_input(f->m, ox_node_next(f->m, abs), 0);
    assert_string_equal(text(f, ox_value_name(f->m, loose)), "never_made");
    assert_int_equal(ox_value_node(f->m, loose).id, 0);
    assert_string_equal(text(f, ox_value_name(f->m, ox_graph_output(f->m, g, 0))), "gone");
}

static void put_branch(pb *b, const char *name, const char *reads, const char *makes)
{
    pb_begin(b, 5);
    pb_text(b, 1, name);
    pb_begin(b, 6);
    pb_node(b, "Neg", reads, makes, NULL);
    pb_info(b, 12, makes, 1, -1, NULL);
    pb_end(b);
    pb_int(b, 20, 5);
    pb_end(b);
}

static void test_blocks_see_outer_values(void **state)
{
    fixture *f = *state;
    pb_model(&f->b);
    pb_node(&f->b, "Relu", "x", "h", NULL);
    pb_begin(&f->b, 1);
    put_branch(&f->b, "then_branch", "h", "x"); /* shadows the outer x, in this block only */
    put_branch(&f->b, "else_branch", "x", "t");
    pb_text(&f->b, 1, "cond");
    pb_text(&f->b, 2, "y");
    pb_text(&f->b, 4, "If");
    pb_end(&f->b);
    pb_info(&f->b, 11, "cond", 9, 0, NULL);
    pb_info(&f->b, 11, "x", 1, -1, NULL);
    pb_model_end(&f->b);
    open_it(f);
    ox_node relu = first_node(f), iff = ox_node_next(f->m, relu);
    assert_int_equal(ox_node_n_blocks(f->m, iff), 2);
    ox_graph then = ox_node_block(f->m, iff, 0), other = ox_node_block(f->m, iff, 1);
    assert_int_equal(ox_graph_owner(f->m, then).id, iff.id);
    ox_value outer_x = ox_graph_input(f->m, ox_model_main(f->m), 1);
    assert_int_equal(ox_node_input(f->m, ox_graph_first(f->m, then), 0).id, ox_node_output(f->m, relu, 0).id);
    assert_int_equal(ox_node_input(f->m, ox_graph_first(f->m, other), 0).id, outer_x.id);
    assert_int_not_equal(ox_graph_output(f->m, then, 0).id, outer_x.id);
    assert_int_equal(ox_value_n_uses(f->m, outer_x), 2);
}

/* ---- attributes ---- */

static void put_attr(pb *b, const char *name, int type)
{
    pb_begin(b, 5);
    pb_text(b, 1, name);
    if (type) pb_int(b, 20, type);
}

static void test_attributes(void **state)
{
    fixture *f = *state;
    const float packed[] = {1.5f, -2};
    pb_model(&f->b);
    pb_begin(&f->b, 1);
    pb_text(&f->b, 4, "Odd");
    pb_text(&f->b, 7, "my.domain");
    pb_text(&f->b, 8, "over");
    pb_text(&f->b, 6, "doc");
    pb_entry(&f->b, 9, "k", "v");
    put_attr(&f->b, "f", 1), pb_float(&f->b, 2, 0.25f), pb_end(&f->b);
    put_attr(&f->b, "i", 0), pb_int(&f->b, 3, -7), pb_end(&f->b); /* IR 1: no type */
    put_attr(&f->b, "s", 3), pb_data(&f->b, 4, "a\0b", 3), pb_end(&f->b);
    put_attr(&f->b, "fs", 6), pb_data(&f->b, 7, packed, 8), pb_float(&f->b, 7, 3), pb_end(&f->b);
    put_attr(&f->b, "is", 7), pb_int(&f->b, 8, 5), pb_data(&f->b, 8, "\x01\x80\x01", 3), pb_end(&f->b);
    put_attr(&f->b, "ss", 8), pb_text(&f->b, 9, "x"), pb_text(&f->b, 9, ""), pb_end(&f->b);
    put_attr(&f->b, "none", 7), pb_end(&f->b);
    put_attr(&f->b, "ref", 2), pb_text(&f->b, 21, "outer"), pb_text(&f->b, 13, "about"), pb_end(&f->b);
    put_attr(&f->b, "empty_t", 4), pb_end(&f->b);
    put_attr(&f->b, "tp", 13), pb_begin(&f->b, 14), pb_begin(&f->b, 4), pb_begin(&f->b, 1), pb_begin(&f->b, 1);
    pb_int(&f->b, 1, 7), pb_end(&f->b), pb_end(&f->b), pb_end(&f->b), pb_end(&f->b), pb_end(&f->b);
    pb_end(&f->b);
    pb_model_end(&f->b);
    open_it(f);
    ox_node n = first_node(f);
    assert_string_equal(text(f, ox_node_domain(f->m, n)), "my.domain");
    assert_string_equal(text(f, ox_node_overload(f->m, n)), "over");
    assert_string_equal(text(f, ox_node_doc(f->m, n)), "doc");
    assert_int_equal(ox_node_attrs(f->m, n, NULL), 10);
    assert_true(ox_node_attr(f->m, n, "f")->u.f == 0.25);
    assert_int_equal(ox_node_attr(f->m, n, "i")->kind, OX_ATTR_INT);
    assert_int_equal(ox_node_attr(f->m, n, "i")->u.i, -7);
    size_t len;
    assert_memory_equal(ox_str_text(f->m, ox_node_attr(f->m, n, "s")->u.s, &len), "a\0b", 3);
    assert_int_equal(len, 3);
    const ox_attr *a = ox_node_attr(f->m, n, "fs");
    assert_true(a->n == 3 && a->u.floats[0] == 1.5 && a->u.floats[1] == -2 && a->u.floats[2] == 3);
    a = ox_node_attr(f->m, n, "is");
    assert_true(a->n == 3 && a->u.ints[0] == 5 && a->u.ints[1] == 1 && a->u.ints[2] == 128);
    a = ox_node_attr(f->m, n, "ss");
    assert_true(a->n == 2 && !strcmp(text(f, a->u.strings[0]), "x") && !strcmp(text(f, a->u.strings[1]), ""));
    assert_true(ox_node_attr(f->m, n, "none")->kind == OX_ATTR_INTS && ox_node_attr(f->m, n, "none")->n == 0);
    a = ox_node_attr(f->m, n, "ref");
    assert_string_equal(text(f, a->ref), "outer");
    assert_string_equal(text(f, a->doc), "about");
    assert_int_equal(a->kind, OX_ATTR_INT);
    assert_int_equal(ox_node_attr(f->m, n, "empty_t")->kind, OX_ATTR_NONE);
    ox_type_info t = ox_type_get(f->m, ox_node_attr(f->m, n, "tp")->u.type);
    assert_int_equal(t.kind, OX_TYPE_SEQUENCE);
    assert_int_equal(ox_type_get(f->m, t.items[0]).dtype, OX_INT64);
}

static void test_attribute_without_name(void **state)
{
    fixture *f = *state;
    pb_model(&f->b);
    pb_begin(&f->b, 1);
    put_attr(&f->b, "", 0), pb_end(&f->b);
    pb_end(&f->b);
    pb_model_end(&f->b);
    refuse(f, OX_E_FORMAT, "no name");
    assert_true(f->err.has_offset);
}

/* ---- types ---- */

static void put_dim_param(pb *b, const char *name)
{
    pb_begin(b, 1);
    if (name) pb_text(b, 2, name);
    pb_end(b);
}

static void test_dims_of_types(void **state)
{
    fixture *f = *state;
    pb_model(&f->b);
    pb_begin(&f->b, 11);
    pb_text(&f->b, 1, "x");
    pb_begin(&f->b, 2);
    pb_begin(&f->b, 1);
    pb_int(&f->b, 1, 1);
    pb_begin(&f->b, 2);
    put_dim_param(&f->b, "batch-size"); /* a hyphen is part of a name */
    put_dim_param(&f->b, "past + 1");   /* a sum is a sum */
    put_dim_param(&f->b, "");
    pb_begin(&f->b, 1), pb_int(&f->b, 1, -1), pb_end(&f->b);
    pb_end(&f->b);
    pb_end(&f->b);
    pb_end(&f->b);
    pb_text(&f->b, 3, "about x");
    pb_entry(&f->b, 4, "k", "v");
    pb_end(&f->b);
    pb_model_end(&f->b);
    open_it(f);
    ox_type_info t = ox_type_get(f->m, ox_value_type(f->m, value(f, "x")));
    assert_int_equal(t.rank, 4);
    assert_int_equal(ox_dim_get_kind(f->m, t.dims[0]), OX_DIM_SYMBOL);
    assert_string_equal(text(f, ox_dim_name(f->m, t.dims[0])), "batch-size");
    assert_int_equal(ox_dim_get_kind(f->m, t.dims[1]), OX_DIM_ADD);
    assert_int_equal(ox_dim_get_kind(f->m, t.dims[2]), OX_DIM_UNKNOWN);
    assert_int_equal(ox_dim_get_kind(f->m, t.dims[3]), OX_DIM_UNKNOWN);
    assert_string_equal(text(f, ox_value_doc(f->m, value(f, "x"))), "about x");
    assert_int_equal(ox_value_metadata(f->m, value(f, "x"), NULL), 1);
}

/* ---- functions and training ---- */

static void test_function(void **state)
{
    fixture *f = *state;
    pb_model(&f->b);
    pb_node(&f->b, "Relu", "x", "y", NULL);
    pb_info(&f->b, 11, "x", 1, -1, NULL);
    pb_model_end(&f->b);
    pb_begin(&f->b, 25);
    pb_text(&f->b, 1, "Mine");
    pb_text(&f->b, 4, "x"); /* not the main graph's x */
    pb_text(&f->b, 5, "out");
    pb_text(&f->b, 6, "alpha");
    pb_begin(&f->b, 7), pb_text(&f->b, 1, "x"), pb_text(&f->b, 2, "out"), pb_text(&f->b, 4, "Elu"), pb_end(&f->b);
    pb_opset(&f->b, 9, "", 18);
    pb_text(&f->b, 10, "dom");
    pb_begin(&f->b, 11), pb_text(&f->b, 1, "beta"), pb_int(&f->b, 3, 4), pb_int(&f->b, 20, 2), pb_end(&f->b);
    pb_info(&f->b, 12, "out", 10, -1, NULL);
    pb_text(&f->b, 13, "v2");
    pb_entry(&f->b, 14, "fk", "fv");
    pb_text(&f->b, 8, "about");
    pb_end(&f->b);
    open_it(f);
    assert_int_equal(ox_model_n_functions(f->m), 1);
    ox_graph fn = ox_model_function(f->m, 0);
    assert_int_equal(ox_graph_get_kind(f->m, fn), OX_GRAPH_FUNCTION);
    assert_string_equal(text(f, ox_graph_name(f->m, fn)), "Mine");
    assert_string_equal(text(f, ox_graph_doc(f->m, fn)), "about");
    assert_int_equal(ox_graph_metadata(f->m, fn, NULL), 1);
    ox_function_info i = ox_function_get(f->m, fn);
    assert_string_equal(text(f, i.domain), "dom");
    assert_string_equal(text(f, i.overload), "v2");
    assert_true(i.n_attrs == 1 && !strcmp(text(f, i.attrs[0]), "alpha"));
    assert_true(i.n_defaults == 1 && i.defaults[0].u.i == 4);
    assert_true(i.n_opsets == 1 && i.opsets[0].version == 18);
    ox_value in = ox_graph_input(f->m, fn, 0), out = ox_graph_output(f->m, fn, 0);
    assert_int_equal(ox_node_input(f->m, ox_graph_first(f->m, fn), 0).id, in.id);
    assert_int_not_equal(in.id, ox_graph_input(f->m, ox_model_main(f->m), 0).id);
    assert_int_equal(ox_type_get(f->m, ox_value_type(f->m, out)).dtype, OX_FLOAT16);
    assert_true(ox_value_is_declared(f->m, out));
}

static void test_training_sees_main_graph(void **state)
{
    fixture *f = *state;
    const float w = 1;
    pb_model(&f->b);
    pb_node(&f->b, "Relu", "x", "y", NULL);
    pb_weight(&f->b, "w", &w, 1);
    pb_info(&f->b, 11, "x", 1, -1, NULL);
    pb_model_end(&f->b);
    for (int k = 0; k < 2; k++) {
        pb_begin(&f->b, 20);
        pb_begin(&f->b, 2);
        pb_node(&f->b, "Neg", "w", "step", "update");
        pb_node(&f->b, "Neg", "unknown", "other", NULL);
        pb_info(&f->b, 12, "step", 1, -1, NULL);
        pb_end(&f->b);
        pb_entry(&f->b, 4, "w", "step");
        pb_end(&f->b);
    }
    open_it(f);
    assert_int_equal(ox_value_n_uses(f->m, value(f, "w")), 2);
    ox_use u = ox_value_first_use(f->m, value(f, "w")), v = ox_value_next_use(f->m, u);
    ox_graph a = ox_node_graph(f->m, u.node), b = ox_node_graph(f->m, v.node);
    assert_int_equal(ox_graph_get_kind(f->m, a), OX_GRAPH_TRAINING);
    ox_value ua = ox_node_input(f->m, ox_graph_last(f->m, a), 0), ub = ox_node_input(f->m, ox_graph_last(f->m, b), 0);
    assert_int_not_equal(ua.id, ub.id);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_model_fields, setup, teardown),
        cmocka_unit_test_setup_teardown(test_merged_parts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cyclic_graph, setup, teardown),
        cmocka_unit_test_setup_teardown(test_duplicate_and_unknown_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_blocks_see_outer_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attributes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attribute_without_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dims_of_types, setup, teardown),
        cmocka_unit_test_setup_teardown(test_function, setup, teardown),
        cmocka_unit_test_setup_teardown(test_training_sees_main_graph, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
