/* Scopes and source lines from what exporters leave in .onnx files; a name that follows no rule gives none. */
#include "ox_test.h"
#include "ox_pb.h"
#include "ox_dir.h"

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
    return *state ? dir_setup(state) : -1;
}

static int teardown(void **state)
{
    fixture *f = *state;
    ox_model_free(f->m);
    pb_free(&f->b);
    free(f);
    return dir_teardown(state);
}

static void put_named(fixture *f, const char *op, const char *name)
{
    pb_begin(&f->b, 1), pb_text(&f->b, 3, name), pb_text(&f->b, 4, op), pb_end(&f->b);
}

static void open_it(fixture *f)
{
    pb_model_end(&f->b);
    assert_ok(ox_open_memory(&f->m, f->b.p, f->b.n, "m.onnx", NULL, NULL, NULL, &f->err), &f->err);
    assert_false(ox_model_is_modified(f->m));
}

static ox_node nth(const fixture *f, int i)
{
    ox_node n = ox_graph_first(f->m, ox_model_main(f->m));
    while (i-- > 0) n = ox_node_next(f->m, n);
    return n;
}

static void assert_path(const fixture *f, int i, const char *path)
{
    char buf[256] = "";
    ox_scope s = ox_node_scope(f->m, nth(f, i));
    if (!path) {
        assert_int_equal(s.id, 0);
        return;
    }
    assert_int_not_equal(s.id, 0);
    ox_scope_path(f->m, s, buf, sizeof buf);
    assert_string_equal(buf, path);
}

static void assert_class(const fixture *f, ox_scope s, const char *cls)
{
    assert_string_equal(ox_str_text(f->m, ox_scope_class(f->m, s), NULL), cls);
}

static void test_names(void **state)
{
    fixture *f = *state;
    const struct {
        const char *op, *name, *path;
    } rows[] = {
        {"Conv", "/features/features.0/Conv", "features.0"},
        {"Conv", "/features/features.0/Conv_12", "features.0"},
        {"Relu", "/Relu", ""},
        {"Add", "/layer1/layer1.0/conv1/Add", "layer1.0.conv1"},
        {"Add", "/net/backbone/layer1/layer1.0/Add",
         "net.backbone.layer1.0"}, /* the path is shortened to its last name */
        {"Add", "/encoder/layer.0/attention/self/query/Add", "encoder.layer.0.attention.self.query"},
        {"Conv", "/features/features.0/Relu", NULL}, /* another operator's */
        {"Conv", "/features/features.0/Conv_x", NULL},
        {"Conv", "features/Conv", NULL},
        {"Conv", "Conv_0", NULL},
        {"Conv", "//Conv", NULL},
        {"Conv", "/a//Conv", NULL},
        {"Conv", "", NULL},
        {"", "/", NULL},
    };
    pb_model(&f->b);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) put_named(f, rows[i].op, rows[i].name);
    open_it(f);
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) assert_path(f, (int)i, rows[i].path);
    assert_int_equal(ox_node_scope(f->m, nth(f, 0)).id, ox_node_scope(f->m, nth(f, 1)).id);
    assert_true(ox_scope_matches(f->m, ox_node_scope(f->m, nth(f, 0)), "features"));
    assert_int_equal(ox_scope_depth(f->m, ox_node_scope(f->m, nth(f, 0))), 3);
}

static void test_too_many_levels(void **state)
{
    fixture *f = *state;
    char name[1000] = "";
    for (int i = 0; i < 200; i++) strcat(name, "/a");
    strcat(name, "/Conv");
    pb_model(&f->b);
    put_named(f, "Conv", name);
    open_it(f);
    assert_path(f, 0, NULL);
}

static void put_meta(fixture *f, const char *names, const char *classes, const char *space)
{
    pb_begin(&f->b, 1), pb_text(&f->b, 4, "Conv");
    if (names) pb_entry(&f->b, 9, "pkg.torch.onnx.name_scopes", names);
    if (classes) pb_entry(&f->b, 9, "pkg.torch.onnx.class_hierarchy", classes);
    if (space) pb_entry(&f->b, 9, "namespace", space);
    pb_end(&f->b);
}

static void test_metadata(void **state)
{
    fixture *f = *state;
    pb_model(&f->b);
    put_meta(f, "['', 'net', 'net.0', 'conv']",
             "['__main__.Net', 'torch.nn.Sequential', \"torch.nn.Conv2d\", 'aten.conv2d']", NULL);
    put_meta(f, "['', 'it\\'s', 'x']", "['A', 'B\\x41', 'C']", NULL);
    put_meta(f, NULL, NULL, ": __main__.Net/net: torch.nn.Sequential/net.0: torch.nn.Conv2d/conv: aten.conv2d");
    put_meta(f, "['', 'a', 'b']", "['A']", ": Other/q: Q/n: t"); /* lists of different length: the namespace counts */
    put_meta(f, "['', 'a'", "['A', 'B']", NULL);
    put_meta(f, "['x']", "['X']", NULL); /* the node alone */
    put_meta(f, NULL, NULL, "no colon here");
    put_meta(f, "['', 'net', 'net.0', 'other']", "['__main__.Net', 'torch.nn.Sequential', 'torch.nn.Conv2d', 'x']",
             NULL);
    open_it(f);
    assert_path(f, 0, "net.0");
    ox_scope s = ox_node_scope(f->m, nth(f, 0));
    assert_class(f, s, "torch.nn.Conv2d");
    assert_class(f, ox_scope_parent(f->m, s), "torch.nn.Sequential");
    assert_class(f, ox_scope_parent(f->m, ox_scope_parent(f->m, s)), "__main__.Net");
    assert_int_equal(ox_scope_depth(f->m, s), 3);
    assert_path(f, 1, "it's");
    assert_class(f, ox_node_scope(f->m, nth(f, 1)), "BA");
    assert_int_equal(ox_node_scope(f->m, nth(f, 2)).id, s.id);
    assert_path(f, 3, "q");
    assert_path(f, 4, NULL);
    assert_path(f, 5, NULL);
    assert_path(f, 6, NULL);
    assert_int_equal(ox_node_scope(f->m, nth(f, 7)).id, s.id);
}

static void assert_loc(const fixture *f, int i, const char *file, uint32_t line)
{
    ox_loc_info l = ox_loc_get(f->m, ox_node_loc(f->m, nth(f, i)));
    assert_int_equal(l.line, line);
    if (file) assert_string_equal(ox_str_text(f->m, l.file, NULL), file);
}

static void test_source_lines(void **state)
{
    fixture *f = *state;
    const char *docs[] = {"/a b/conv.py(459): _conv_forward\nmodel.py(3): forward\n", "no stack", "x.py(): f",
                          "x.py(99999999999): f", "x(1).py(12): f"};
    const char *stacks[] = {"File \"m.py\", line 96, in forward\n    code\n  File \"conv.py\", line 7, in forward\n",
                            "File \"m.py\"", "File \"m.py\", line x"};
    pb_model(&f->b);
    for (size_t i = 0; i < 5; i++)
        pb_begin(&f->b, 1), pb_text(&f->b, 4, "A"), pb_text(&f->b, 6, docs[i]), pb_end(&f->b);
    for (size_t i = 0; i < 3; i++) {
        pb_begin(&f->b, 1), pb_text(&f->b, 4, "A");
        pb_entry(&f->b, 9, "pkg.torch.onnx.stack_trace", stacks[i]), pb_end(&f->b);
    }
    open_it(f);
    assert_loc(f, 0, "/a b/conv.py", 459);
    assert_loc(f, 1, NULL, 0);
    assert_loc(f, 2, NULL, 0);
    assert_loc(f, 3, NULL, 0);
    assert_loc(f, 4, "x(1).py", 12);
    assert_loc(f, 5, "conv.py", 7);
    assert_loc(f, 6, NULL, 0);
    assert_loc(f, 7, NULL, 0);
}

/* Real files: torch 1.13 and the exporter of torch 2. */
static void test_fixtures(void **state)
{
    fixture *f = *state;
    char text[256];
    assert_ok(ox_open(&f->m, OX_TESTS_DIR "/fixtures/onnx/torchscript.onnx", NULL, NULL, NULL, &f->err), &f->err);
    assert_path(f, 0, "features.0");
    assert_loc(f, 0, "conv.py", 459);
    ox_model_free(f->m);
    f->m = NULL;
    assert_ok(ox_open(&f->m, OX_TESTS_DIR "/fixtures/onnx/dynamo.onnx", NULL, NULL, NULL, &f->err), &f->err);
    assert_path(f, 0, "features.0");
    ox_scope_print(f->m, ox_node_scope(f->m, nth(f, 0)), text, sizeof text);
    assert_string_equal(text, "Net/Sequential[features]/Conv2d[0]");
    assert_loc(f, 0, "conv.py", 565);
    size_t scoped = 0, n = ox_graph_n_nodes(f->m, ox_model_main(f->m));
    for (size_t i = 0; i < n; i++) scoped += ox_node_scope(f->m, nth(f, (int)i)).id != 0;
    assert_int_equal(scoped, n);
    assert_false(ox_model_is_modified(f->m));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_names, setup, teardown),
        cmocka_unit_test_setup_teardown(test_too_many_levels, setup, teardown),
        cmocka_unit_test_setup_teardown(test_metadata, setup, teardown),
        cmocka_unit_test_setup_teardown(test_source_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(test_fixtures, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
