/* .onnx files that mean harm, or were cut: each gets a named error with a byte offset, in little memory; none is a
 * crash or a hang. The whole runs under the sanitizers. */
#include "ox_test.h"
#include "ox_pb.h"
#include "ox_dir.h"

#include <base/base.h>
#include <onnxsh/io.h>
#include <pthread.h>
#include <time.h>

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
    ox__alloc_fail_at(0, false);
    ox_model_free(f->m);
    pb_free(&f->b);
    free(f);
    return dir_teardown(state);
}

static ox_status try_open(fixture *f)
{
    ox_model_free(f->m);
    f->m = NULL;
    ox_open_options opt = {.format = "onnx"};
    return ox_open_memory(&f->m, f->b.p, f->b.n, "evil.onnx", &opt, NULL, NULL, &f->err);
}

static void refuse(fixture *f, ox_status code, const char *part)
{
    assert_fails(try_open(f), code, part, &f->err);
    assert_null(f->m);
    assert_true(f->err.has_offset);
    assert_true(f->err.offset <= f->b.n);
    assert_string_equal(f->err.file, "evil.onnx");
}

/* A graph inside an attribute of a node inside a graph, so many times. */
static void nest_graphs(pb *b, int levels)
{
    for (int i = 0; i < levels; i++) {
        pb_begin(b, 1);
        pb_text(b, 4, "If");
        pb_begin(b, 5);
        pb_text(b, 1, "then_branch");
        pb_begin(b, 6);
    }
    for (int i = 0; i < levels * 3; i++) pb_end(b);
}

/* The same, too deep for the writer's stack: the lengths are made up, and each level's is right. */
static void nest_deep(pb *b, int levels, const uint32_t *fields, int n_fields)
{
    size_t *sizes = malloc((size_t)levels * sizeof *sizes), inner = 0;
    assert_non_null(sizes);
    for (int i = levels; i-- > 0;) {
        size_t len = 1;
        for (size_t v = inner; v >= 0x80; v >>= 7) len++;
        sizes[i] = inner;
        inner += 1 + len;
    }
    for (int i = 0; i < levels; i++) {
        pb_tag(b, fields[i % n_fields], 2);
        pb_varint(b, sizes[i]);
    }
    free(sizes);
}

static void test_nested_message_bomb(void **state)
{
    fixture *f = *state;
    const uint32_t graphs[] = {1, 5, 6}, sequences[] = {4, 1};
    pb bomb = {0};
    nest_deep(&bomb, 30000, graphs, 3); /* 10,000 graphs */
    pb_data(&f->b, 7, bomb.p, bomb.n);
    pb_free(&bomb);
    assert_int_equal(try_open(f), OX_E_FORMAT); /* its attributes have no names either */
    pb_free(&f->b);
    pb_model(&f->b);
    nest_graphs(&f->b, 33); /* 2 + 33 * 3 messages: one more than 100 */
    pb_model_end(&f->b);
    refuse(f, OX_E_LIMIT, "deeper than 100");
    pb_free(&f->b);
    pb_model(&f->b);
    nest_graphs(&f->b, 32);
    pb_model_end(&f->b);
    assert_ok(try_open(f), &f->err);
    pb_free(&f->b);
    nest_deep(&bomb, 20000, sequences, 2);
    pb_model(&f->b);
    pb_begin(&f->b, 13);
    pb_text(&f->b, 1, "x");
    pb_data(&f->b, 2, bomb.p, bomb.n);
    pb_end(&f->b);
    pb_node(&f->b, "Relu", NULL, "x", NULL);
    pb_model_end(&f->b);
    pb_free(&bomb);
    refuse(f, OX_E_FORMAT, "deeper than 100");
}

/* The deepest graph that is allowed opens on a small stack. */
static void *open_on_thread(void *ud)
{
    fixture *f = ud;
    f->m = NULL;
    return (void *)(intptr_t)ox_open_memory(&f->m, f->b.p, f->b.n, "deep.onnx", NULL, NULL, NULL, &f->err);
}

static void test_small_stack(void **state)
{
    fixture *f = *state;
    pthread_attr_t attr;
    pthread_t t;
    void *result = NULL;
    pb_model(&f->b);
    nest_graphs(&f->b, 32);
    pb_model_end(&f->b);
    assert_int_equal(pthread_attr_init(&attr), 0);
#if defined(__SANITIZE_ADDRESS__)
    size_t stack = 1 << 20; /* frames are larger there */
#else
    size_t stack = 256 << 10;
#endif
    assert_int_equal(pthread_attr_setstacksize(&attr, stack), 0);
    assert_int_equal(pthread_create(&t, &attr, open_on_thread, f), 0);
    assert_int_equal(pthread_join(t, &result), 0);
    pthread_attr_destroy(&attr);
    assert_int_equal((intptr_t)result, OX_OK);
}

/* Memory that is asked for is counted by the failure hook's counter only in number, so the verdict itself is tested: a
 * limit, found before anything was allocated for the nodes. */
static void test_five_million_empty_nodes(void **state)
{
    fixture *f = *state;
    size_t n = 5000000;
    pb_tag(&f->b, 7, 2);
    pb_varint(&f->b, n * 2);
    uint8_t *nodes = malloc(n * 2);
    assert_non_null(nodes);
    for (size_t i = 0; i < n; i++) nodes[2 * i] = 0x0a, nodes[2 * i + 1] = 0;
    pb_bytes(&f->b, nodes, n * 2);
    free(nodes);
    pb_opset(&f->b, 8, "", 17);
    ox__alloc_fail_at(1 << 30, false); /* starts the counter */
    clock_t before = clock();
    refuse(f, OX_E_LIMIT, "64 MiB");
    assert_true(clock() - before < 20 * CLOCKS_PER_SEC);
    assert_true(ox__alloc_count() < 1000);
    assert_non_null(strstr(f->err.hint, "almost empty"));
}

/* As many empty records of every other kind: an error or a model, both in bounds. */
static void test_many_empty_records(void **state)
{
    fixture *f = *state;
    const uint32_t inside[] = {1, 2, 5, 10, 11, 12, 13, 14, 15, 16};
    for (size_t k = 0; k < sizeof inside / sizeof inside[0]; k++) {
        pb_free(&f->b);
        pb_begin(&f->b, 7);
        for (int i = 0; i < 300000; i++) pb_data(&f->b, inside[k], "", 0);
        pb_end(&f->b);
        ox_status s = try_open(f);
        assert_true(s == OX_OK || s == OX_E_LIMIT || s == OX_E_FORMAT);
    }
}

/* One node with long lists is no bomb: trees of scikit-learn look like this. */
static void test_long_lists_open(void **state)
{
    fixture *f = *state;
    const size_t n = 3000000;
    uint8_t *ints = malloc(n * 2);
    assert_non_null(ints);
    for (size_t i = 0; i < n; i++) ints[2 * i] = 8 << 3, ints[2 * i + 1] = (uint8_t)(i & 0x7F);
    pb list = {0}, node = {0}, graph = {0};
    pb_text(&list, 1, "nodes_falsenodeids");
    pb_bytes(&list, ints, n * 2);
    pb_int(&list, 20, 7);
    pb_text(&node, 4, "TreeEnsembleRegressor");
    pb_data(&node, 5, list.p, list.n);
    pb_data(&graph, 1, node.p, node.n);
    pb_data(&f->b, 7, graph.p, graph.n);
    pb_free(&list), pb_free(&node), pb_free(&graph);
    free(ints);
    assert_ok(try_open(f), &f->err);
    const ox_attr *a = ox_node_attr(f->m, ox_graph_first(f->m, ox_model_main(f->m)), "nodes_falsenodeids");
    assert_true(a && a->n == n && a->u.ints[200] == (200 & 0x7F));
}

static void test_lengths_beyond_the_file(void **state)
{
    fixture *f = *state;
    pb_int(&f->b, 1, 8);
    pb_tag(&f->b, 7, 2);
    pb_varint(&f->b, 1000);
    refuse(f, OX_E_FORMAT, "the file is cut: 1000 bytes are missing");
    assert_int_equal(f->err.offset, 2);
    assert_non_null(strstr(f->err.hint, "the graph that begins there has 1000 bytes, of which 0 are here"));
    pb_free(&f->b);
    pb_int(&f->b, 1, 8);
    pb_tag(&f->b, 7, 2);
    pb_varint(&f->b, (uint64_t)1 << 40); /* no file was cut here: the length itself is wrong */
    refuse(f, OX_E_FORMAT, "beyond the end");
    assert_int_equal(f->err.offset, 9);
    pb_free(&f->b);
    pb_int(&f->b, 1, 8);
    pb_begin(&f->b, 7);
    pb_begin(&f->b, 1);
    pb_tag(&f->b, 4, 2);
    pb_varint(&f->b, UINT64_MAX); /* fits nowhere, and must not wrap around */
    pb_end(&f->b);
    pb_text(&f->b, 2, "name");
    pb_end(&f->b);
    refuse(f, OX_E_FORMAT, "beyond the end");
    pb_free(&f->b);
    pb_begin(&f->b, 7);
    pb_begin(&f->b, 1);
    pb_tag(&f->b, 4, 2);
    pb_varint(&f->b, 3); /* beyond its parent, though not beyond the file */
    pb_end(&f->b);
    pb_text(&f->b, 2, "name");
    pb_end(&f->b);
    refuse(f, OX_E_FORMAT, "beyond the end");
}

static void test_bad_tags(void **state)
{
    fixture *f = *state;
    const struct {
        const char *bytes;
        size_t n;
        const char *part;
    } bad[] = {
        {"\x3b\x3c", 2, "wire type"},    /* a group */
        {"\x00\x00", 2, "field number"}, /* field 0 */
        {"\x3f", 1, "wire type"},        /* wire type 7 */
        {"\x08\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 13, "64 bits"},
        {"\x08\x80", 2, "inside a number"},
        {"\xff\xff\xff\xff\xff\xff\x01\x01", 8, "field number"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        pb_free(&f->b);
        pb_int(&f->b, 1, 8);
        pb_bytes(&f->b, bad[i].bytes, bad[i].n);
        refuse(f, OX_E_FORMAT, bad[i].part);
        assert_true(f->err.offset >= 2);
    }
}

static void test_no_graph(void **state)
{
    fixture *f = *state;
    pb_int(&f->b, 1, 8);
    pb_opset(&f->b, 8, "", 17);
    refuse(f, OX_E_FORMAT, "no graph");
}

static void test_nul_in_type(void **state)
{
    fixture *f = *state;
    pb_model(&f->b);
    pb_begin(&f->b, 11), pb_text(&f->b, 1, "x"), pb_begin(&f->b, 2), pb_begin(&f->b, 1), pb_begin(&f->b, 2);
    pb_begin(&f->b, 1), pb_data(&f->b, 2, "a\0b", 3), pb_end(&f->b); /* protobuf-c would read "a" */
    pb_end(&f->b), pb_end(&f->b), pb_end(&f->b), pb_end(&f->b);
    pb_model_end(&f->b);
    refuse(f, OX_E_FORMAT, "NUL");
}

static void test_huge_shape(void **state)
{
    fixture *f = *state;
    pb_model(&f->b);
    pb_begin(&f->b, 11), pb_text(&f->b, 1, "x"), pb_begin(&f->b, 2), pb_begin(&f->b, 1), pb_begin(&f->b, 2);
    for (int i = 0; i < 1025; i++) pb_data(&f->b, 1, "", 0);
    pb_end(&f->b), pb_end(&f->b), pb_end(&f->b), pb_end(&f->b);
    pb_model_end(&f->b);
    refuse(f, OX_E_LIMIT, "1024 dimensions");
    pb_free(&f->b);
    pb_model(&f->b);
    pb_begin(&f->b, 11), pb_text(&f->b, 1, "x"), pb_begin(&f->b, 2), pb_begin(&f->b, 1), pb_begin(&f->b, 2);
    for (int i = 0; i < 2000000; i++) pb_data(&f->b, 1, "", 0);
    pb_end(&f->b), pb_end(&f->b), pb_end(&f->b), pb_end(&f->b);
    pb_model_end(&f->b);
    refuse(f, OX_E_LIMIT, "too large to be unpacked");
}

/* ---- every way to cut or to change a small model ---- */

static void small_model(pb *b)
{
    const int64_t dims[] = {2, 3};
    const float w[] = {1, 2, 3, 4, 5, 6};
    pb_int(b, 1, 8);
    pb_begin(b, 7);
    pb_begin(b, 1);
    pb_text(b, 1, "x");
    pb_text(b, 1, "w");
    pb_text(b, 2, "y");
    pb_text(b, 3, "/a/a.0/Add");
    pb_text(b, 4, "Add");
    pb_begin(b, 5), pb_text(b, 1, "ints"), pb_int(b, 8, 300), pb_data(b, 8, "\x01\x02", 2), pb_int(b, 20, 7), pb_end(b);
    pb_entry(b, 9, "pkg.torch.onnx.name_scopes", "['', 'a', 'n']");
    pb_entry(b, 9, "pkg.torch.onnx.class_hierarchy", "['M', \"A\", 'aten.add']");
    pb_end(b);
    pb_text(b, 2, "g");
    pb_weight(b, "w", w, 6);
    pb_begin(b, 5), pb_int(b, 1, 2), pb_int(b, 2, 7), pb_data(b, 7, "\x81\x01\x02", 3), pb_text(b, 8, "v"), pb_end(b);
    pb_begin(b, 5), pb_int(b, 1, 1), pb_int(b, 2, 1), pb_text(b, 8, "e"), pb_entry(b, 13, "location", "x.bin");
    pb_entry(b, 13, "offset", "4"), pb_entry(b, 13, "length", "4"), pb_int(b, 14, 1), pb_end(b);
    pb_info(b, 11, "x", 1, 2, dims);
    pb_info(b, 12, "y", 1, 2, dims);
    pb_info(b, 13, "y", 1, 2, dims);
    pb_end(b);
    pb_opset(b, 8, "", 17);
    pb_begin(b, 25), pb_text(b, 1, "F"), pb_text(b, 4, "i"), pb_text(b, 5, "o"), pb_text(b, 10, "d"), pb_end(b);
}

static void test_cut_at_every_byte(void **state)
{
    fixture *f = *state;
    pb whole = {0};
    small_model(&whole);
    size_t opened = 0, cut = 0;
    for (size_t n = 1; n < whole.n; n++) {
        pb_free(&f->b);
        pb_bytes(&f->b, whole.p, n);
        ox_status s = try_open(f);
        opened += s == OX_OK;
        if (s != OX_OK) {
            assert_int_equal(s, OX_E_FORMAT);
            assert_true(f->err.offset <= n);
            assert_true(f->err.hint[0] != 0);
            cut += strstr(f->err.msg, "the file is cut") != NULL;
        }
    }
    assert_int_equal(cut, whole.n - 1 - 2 - 1); /* behind the IR version nothing is missing but the graph */
    pb_free(&whole);
    assert_int_equal(opened, 2); /* behind the graph, and behind the opset import: what is left is a model */
}

static void test_every_byte_changed(void **state)
{
    fixture *f = *state;
    const uint8_t with[] = {0x00, 0xFF, 0x80, 0x01};
    pb whole = {0};
    small_model(&whole);
    for (size_t i = 0; i < whole.n; i++)
        for (size_t k = 0; k < sizeof with; k++) {
            pb_free(&f->b);
            pb_bytes(&f->b, whole.p, whole.n);
            f->b.p[i] = with[k];
            ox_status s = try_open(f);
            assert_true(s == OX_OK || s == OX_E_FORMAT || s == OX_E_LIMIT || s == OX_E_UNSUPPORTED);
            if (s == OX_OK) s = ox_save_onnx(f->m, dir_path("out.onnx"), NULL, &f->err);
            assert_true(s != OX_E_NOMEM && s != OX_E_IO && s != OX_E_INVALID);
        }
    pb_free(&whole);
}

/* ---- files that change ---- */

static void test_truncated_while_open(void **state)
{
    fixture *f = *state;
    static float w[4096];
    pb_model(&f->b);
    pb_node(&f->b, "Relu", "x", "y", "n");
    pb_weight(&f->b, "w", w, 4096);
    pb_model_end(&f->b);
    dir_write("m.onnx", f->b.p, f->b.n);
    assert_ok(ox_open(&f->m, dir_path("m.onnx"), NULL, NULL, NULL, &f->err), &f->err);
    ox_tensor t = ox_value_tensor(f->m, ox_graph_initializer(f->m, ox_model_main(f->m), 0));
    assert_int_equal(truncate(dir_path("m.onnx"), 10), 0);
    float got;
    assert_fails(ox_tensor_read(f->m, t, 16000, &got, 4, &f->err), OX_E_IO, "changed", &f->err);
    assert_fails(ox_save_onnx(f->m, dir_path("out.onnx"), NULL, &f->err), OX_E_IO, "changed", &f->err);
    assert_int_equal(access(dir_path("out.onnx"), F_OK), -1);
    assert_int_equal(dir_count(".onnxsh-"), 0);
}

static bool stop_at_once(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what, (void)done, (void)total;
    ++*(int *)ud;
    return false;
}

static void test_interrupted(void **state)
{
    fixture *f = *state;
    int calls = 0;
    ox_task task = {stop_at_once, &calls};
    ox_open_options opt = {.task = &task};
    pb_model(&f->b);
    for (int i = 0; i < 5000; i++) pb_node(&f->b, "Relu", "x", NULL, NULL);
    pb_model_end(&f->b);
    assert_fails(ox_open_memory(&f->m, f->b.p, f->b.n, "m.onnx", &opt, NULL, NULL, &f->err), OX_E_INTERRUPTED,
                 "interrupted", &f->err);
    assert_int_equal(calls, 1);
    assert_null(f->m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_nested_message_bomb, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_stack, setup, teardown),
        cmocka_unit_test_setup_teardown(test_five_million_empty_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_empty_records, setup, teardown),
        cmocka_unit_test_setup_teardown(test_long_lists_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_lengths_beyond_the_file, setup, teardown),
        cmocka_unit_test_setup_teardown(test_bad_tags, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_graph, setup, teardown),
        cmocka_unit_test_setup_teardown(test_nul_in_type, setup, teardown),
        cmocka_unit_test_setup_teardown(test_huge_shape, setup, teardown),
        cmocka_unit_test_setup_teardown(test_cut_at_every_byte, setup, teardown),
        cmocka_unit_test_setup_teardown(test_every_byte_changed, setup, teardown),
        cmocka_unit_test_setup_teardown(test_truncated_while_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_interrupted, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
