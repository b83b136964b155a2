/* Binding weights by name: what fits is mapped in, what contradicts is refused as a whole, the rest is reported. */
#include "ox_test.h"

#include "base/base.h"
#include "ox_dir.h"

#include <onnxsh/io.h>
#include <onnxsh/journal.h>

static ox_model *m;
static ox_error err;
static char log_text[4096];

static int setup(void **state)
{
    log_text[0] = '\0';
    return dir_setup(state) || ox_model_create(&m, OX_MODEL_TRACE, NULL) != OX_OK;
}

static int teardown(void **state)
{
    ox__alloc_fail_at(0, false);
    ox_model_free(m);
    return dir_teardown(state);
}

static const char *fixture(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/io/arrays/%s", OX_TESTS_DIR, name);
    return path;
}

static void log_line(void *ud, const char *kind, const char *name, const char *detail)
{
    (void)ud;
    size_t n = strlen(log_text);
    snprintf(log_text + n, sizeof log_text - n, "%s %s: %s\n", kind, name, detail);
}

static bool logged(const char *line)
{
    return strstr(log_text, line) != NULL;
}

static ox_type tensor_type(ox_dtype dtype, int32_t rank, const int64_t *dims)
{
    ox_dim d[8];
    for (int32_t i = 0; i < rank; i++) d[i] = dims[i] < 0 ? ox_dim_unknown(m, NULL) : ox_dim_const(m, dims[i]);
    return ox_type_tensor(m, dtype, rank, d);
}

static ox_value add_input(const char *name, ox_type t)
{
    ox_value v;
    assert_ok(ox_graph_add_input(m, &v, ox_model_main(m), SIZE_MAX, ox_str_addz(m, name), t, &err), &err);
    return v;
}

#define DIMS(...) \
    (int32_t)(sizeof((int64_t[]){__VA_ARGS__}) / 8), (const int64_t[]) \
    { \
        __VA_ARGS__ \
    }

/* The value is an initializer with the generator's `ramp` in it. */
static void check_value(ox_value v, ox_dtype dtype, uint64_t n)
{
    assert_true(ox_value_is_alive(m, v));
    ox_tensor t = ox_value_tensor(m, v);
    ox_tensor_info info = ox_tensor_get(m, t);
    assert_int_equal(info.dtype, dtype);
    assert_int_equal(info.n_elements, n);
    char bytes[1024];
    uint64_t size = ox_tensor_raw_size(m, t);
    assert_true(size <= sizeof bytes);
    assert_ok(ox_tensor_read(m, t, 0, bytes, size, &err), &err);
    for (uint64_t i = 0; i < n; i++) assert_true(ox_dtype_get_f64(dtype, bytes, i) == (double)((int64_t)i * 3 - 5));
    assert_true(ox_value_is_initializer(m, v));
    assert_false(ox_value_is_input(m, v));
}

static void test_inputs(void **state)
{
    (void)state;
    static const char *const files[] = {"plain.npz", "packed.npz", "plain.safetensors"};
    for (size_t f = 0; f < 3; f++) {
        ox_model_free(m);
        assert_ok(ox_model_create(&m, OX_MODEL_TRACE, &err), &err);
        log_text[0] = '\0';
        ox_value x = add_input("input.1", tensor_type(OX_FLOAT, DIMS(1, 3)));
        ox_value w = add_input("conv1.weight", tensor_type(OX_FLOAT, DIMS(4, 3, 2)));
        ox_value lacks = add_input("conv1.bias", tensor_type(OX_FLOAT, DIMS(4)));
        ox_value b = add_input("b", (ox_type){0});
        ox_value half = add_input("half", tensor_type(OX_UNDEFINED, DIMS(2, -1)));
        ox_value number = add_input("n", ox_type_simple(m, OX_TYPE_INT));
        ox_bind_report r;
        assert_ok(ox_journal_commit(m, "before", &err), &err);
        assert_ok(ox_bind_weights(m, fixture(files[f]), &r, log_line, NULL, &err), &err);
        check_value(w, OX_FLOAT, 24);
        check_value(b, OX_INT64, 3);
        check_value(half, OX_FLOAT16, 4);
        assert_int_equal(ox_tensor_get(m, ox_value_tensor(m, w)).storage, OX_STORAGE_FILE);
        assert_int_equal(ox_graph_n_inputs(m, ox_model_main(m)), 3);
        assert_true(ox_value_is_input(m, x) && ox_value_is_input(m, lacks) && ox_value_is_input(m, number));
        assert_int_equal(r.bound, 3);
        assert_int_equal(r.missing, 1);
        assert_true(logged("missing conv1.bias: no array"));
        assert_false(logged("input.1")); /* it stands before every parameter */
        assert_int_equal(r.unused, f == 0 ? 6 : 7);
        assert_true(logged("unused flag: nothing in the model"));
        ox_type_info t = ox_type_get(m, ox_value_type(m, half)); /* now the type is whole */
        int64_t d;
        assert_true(t.dtype == OX_FLOAT16 && t.rank == 2 && ox_dim_is_const(m, t.dims[1], &d) && d == 2);
        assert_int_equal(ox_type_get(m, ox_value_type(m, b)).dtype, OX_INT64);
        /* a command like any other: it can be undone */
        assert_ok(ox_journal_commit(m, "bind", &err), &err);
        assert_ok(ox_journal_undo(m, NULL, &err), &err);
        assert_true(ox_value_is_input(m, w) && !ox_value_tensor(m, w).id);
        assert_int_equal(ox_graph_n_inputs(m, ox_model_main(m)), 6);
        assert_ok(ox_journal_redo(m, NULL, &err), &err);
        check_value(w, OX_FLOAT, 24);
    }
}

static void test_mismatches(void **state)
{
    (void)state;
    ox_bind_report r;
    add_input("b", (ox_type){0});
    add_input("conv1.weight", tensor_type(OX_FLOAT, DIMS(4, -1, 3)));
    add_input("half", tensor_type(OX_FLOAT, OX_RANK_UNKNOWN, NULL));
    add_input("flag", tensor_type(OX_BOOL, 0, NULL));
    add_input("scalar", ox_type_simple(m, OX_TYPE_FLOAT_SCALAR));
    assert_ok(ox_journal_commit(m, "before", &err), &err);
    assert_fails(ox_bind_weights(m, fixture("plain.npz"), &r, log_line, NULL, &err), OX_E_INVALID,
                 "array 'conv1.weight'", &err);
    assert_non_null(strstr(err.hint, "4 arrays do not fit"));
    assert_true(logged("mismatch conv1.weight: the model wants float32[4,?,3], the file has float32[4,3,2]"));
    assert_true(logged("mismatch half: the model wants float32, the file has float16[2,2]"));
    assert_true(logged("mismatch flag: the model wants bool[], the file has bool[5]"));
    assert_true(logged("mismatch scalar: the model wants no tensor there"));
    assert_int_equal(r.bound, 0);
    assert_false(ox_journal_is_open(m));
    assert_int_equal(ox_graph_n_inputs(m, ox_model_main(m)), 5);
}

static void test_unusable(void **state)
{
    (void)state;
    add_input("good", (ox_type){0});
    assert_ok(ox_bind_weights(m, fixture("odd.npz"), NULL, log_line, NULL, &err), &err);
    assert_true(logged("unused allow: its elements are Python objects"));
    add_input("void", (ox_type){0});
    assert_fails(ox_bind_weights(m, fixture("odd.npz"), NULL, NULL, NULL, &err), OX_E_INVALID, "bfloat16", &err);
}

static void test_onnx(void **state)
{
    (void)state;
    ox_bind_report r;
    ox_value w = add_input("conv1.weight", (ox_type){0}), b = add_input("b", (ox_type){0}),
             h = add_input("half", (ox_type){0});
    assert_ok(ox_bind_weights(m, fixture("weights.onnx"), &r, log_line, NULL, &err), &err);
    check_value(w, OX_FLOAT, 24);
    check_value(b, OX_INT64, 3);
    check_value(h, OX_FLOAT16, 4);
    assert_true(r.bound == 3 && r.unused == 1);
    assert_true(logged("unused words: its elements are strings"));
    assert_int_equal(ox_tensor_get(m, ox_value_tensor(m, w)).storage, OX_STORAGE_FILE);
}

/* The map belongs to the model now: the source of it is gone, and a change of the file is noticed. */
static void test_file_changes(void **state)
{
    (void)state;
    size_t n;
    char command[1200];
    snprintf(command, sizeof command, "cp '%s' '%s'", fixture("plain.safetensors"), dir_path("w.safetensors"));
    assert_int_equal(system(command), 0);
    ox_value w = add_input("conv1.weight", (ox_type){0});
    assert_ok(ox_bind_weights(m, dir_path("w.safetensors"), NULL, NULL, NULL, &err), &err);
    check_value(w, OX_FLOAT, 24);
    assert_int_equal(truncate(dir_path("w.safetensors"), 100), 0);
    char bytes[96];
    assert_fails(ox_tensor_read(m, ox_value_tensor(m, w), 0, bytes, sizeof bytes, &err), OX_E_IO, "", &err);
    char *rest = dir_read("w.safetensors", &n);
    assert_int_equal(n, 100);
    free(rest);
}

static ox_value add_node(const char *domain, const char *op, ox_value in, const char *name, ox_type t, ox_node *node)
{
    ox_value v;
    assert_ok(ox_node_create(m, node, ox_model_main(m), (ox_node){0}, ox_str_addz(m, domain), ox_str_addz(m, op),
                             in.id ? 1 : 0, &in, 1, &err),
              &err);
    v = ox_node_output(m, *node, 0);
    assert_ok(ox_value_set_name(m, v, ox_str_addz(m, name), &err), &err);
    if (t.id) assert_ok(ox_value_set_type(m, v, t, &err), &err);
    return v;
}

static void test_lost_constants(void **state)
{
    (void)state;
    ox_bind_report r;
    ox_node node[3];
    ox_tensor lost;
    const int64_t dims[] = {3};
    const ox_tensor_info info = {.dtype = OX_INT64, .rank = 1, .dims = dims, .storage = OX_STORAGE_LOST};
    assert_ok(ox_tensor_add(m, &lost, &info, &err), &err);
    static const char *const names[] = {"b", "scalar", "17"};
    for (int i = 0; i < 3; i++) {
        ox_type t = i ? (ox_type){0} : tensor_type(OX_INT64, DIMS(3));
        add_node(i == 1 ? "" : "prim", "Constant", (ox_value){0}, names[i], t, &node[i]);
        ox_attr a = {.name = ox_str_addz(m, "value"), .kind = OX_ATTR_TENSOR, .lost = true};
        if (i == 0) a.u.t = lost;
        assert_ok(ox_node_set_attr(m, node[i], &a, &err), &err);
    }
    assert_ok(ox_bind_weights(m, fixture("plain.npz"), &r, log_line, NULL, &err), &err);
    assert_true(r.bound == 2 && r.missing == 1);
    assert_true(logged("missing 17: no array has the name of this constant"));
    const ox_attr *a = ox_node_attr(m, node[0], "value");
    assert_false(a->lost);
    int64_t got[3];
    assert_ok(ox_tensor_read(m, a->u.t, 0, got, sizeof got, &err), &err);
    assert_true(got[0] == -5 && got[2] == 1);
    a = ox_node_attr(m, node[1], "value");
    assert_int_equal(ox_tensor_get(m, a->u.t).dtype, OX_DOUBLE);
    assert_int_equal(ox_type_get(m, ox_value_type(m, ox_node_output(m, node[1], 0))).dtype, OX_DOUBLE);
    assert_true(ox_node_attr(m, node[2], "value")->lost);
}

static ox_value get_attr(ox_value from, const char *attr, const char *name, ox_type t, ox_node *node)
{
    ox_value v = add_node("prim", "GetAttr", from, name, t, node);
    ox_attr a = {.name = ox_str_addz(m, "name"), .kind = OX_ATTR_STRING};
    a.u.s = ox_str_addz(m, attr);
    assert_ok(ox_node_set_attr(m, *node, &a, &err), &err);
    return v;
}

/* A traced module graph: parameters by their path from %self. */
static void test_module_attributes(void **state)
{
    (void)state;
    ox_bind_report r;
    ox_node node[5], use;
    ox_str cls = ox_str_addz(m, "__torch__.Net");
    ox_type object = ox_type_add(m, &(ox_type_info){.kind = OX_TYPE_CLASS, .n_names = 1, .names = &cls});
    ox_type any = ox_type_tensor(m, OX_UNDEFINED, OX_RANK_UNKNOWN, NULL);
    ox_value self = add_input("self.1", object);
    ox_value conv = get_attr(self, "conv1", "conv1", object, &node[0]);
    ox_value w1 = get_attr(conv, "weight", "weight", any, &node[1]);
    ox_value w2 = get_attr(conv, "weight", "weight.7", any, &node[2]);
    ox_value top = get_attr(self, "b", "b.1", any, &node[3]);
    get_attr(conv, "bias", "bias", any, &node[4]);
    ox_value ins[] = {w1, w2, top};
    assert_ok(ox_node_create(m, &use, ox_model_main(m), (ox_node){0}, ox_str_addz(m, "aten"), ox_str_addz(m, "x"), 3,
                             ins, 1, &err),
              &err);
    assert_ok(ox_bind_weights(m, fixture("plain.npz"), &r, log_line, NULL, &err), &err);
    assert_true(r.bound == 3 && r.missing == 1);
    assert_true(logged("missing conv1.bias: no array has the path"));
    ox_value bound = ox_node_input(m, use, 0);
    check_value(bound, OX_FLOAT, 24);
    assert_string_equal(ox_str_text(m, ox_value_name(m, bound), NULL), "conv1.weight");
    assert_int_equal(ox_node_input(m, use, 1).id, bound.id);
    check_value(ox_node_input(m, use, 2), OX_INT64, 3);
    assert_false(ox_node_is_alive(m, node[1]));
    assert_true(ox_node_is_alive(m, node[4]));
}

static void test_bad_files(void **state)
{
    (void)state;
    add_input("b", (ox_type){0});
    assert_fails(ox_bind_weights(m, dir_path("none.npz"), NULL, NULL, NULL, &err), OX_E_IO, "No such file", &err);
    dir_write("empty", "", 0);
    assert_fails(ox_bind_weights(m, dir_path("empty"), NULL, NULL, NULL, &err), OX_E_FORMAT, "", &err);
    static const char trace[] = "graph(%x : Float(2)):\n  %1 : Float(2) = aten::relu(%x)\n  return (%1)\n";
    dir_write("trace", trace, sizeof trace - 1);
    assert_fails(ox_bind_weights(m, dir_path("trace"), NULL, NULL, NULL, &err), OX_E_UNSUPPORTED, "no weights", &err);
    assert_non_null(strstr(err.hint, ".pt"));
    assert_fails(ox_bind_weights(NULL, "x", NULL, NULL, NULL, &err), OX_E_INVALID, "path", &err);
    /* a damaged member is refused when it is wanted */
    FILE *f = fopen(fixture("plain.npz"), "rb");
    static char bytes[8192];
    size_t n = fread(bytes, 1, sizeof bytes, f);
    fclose(f);
    for (size_t i = 0; i + 8 < n; i++)
        if (memcmp(bytes + i, "\xfb\xff\xff\xff\xff\xff\xff\xff", 8) == 0) bytes[i] ^= 1; /* -5, the first of b */
    dir_write("bad.npz", bytes, n);
    assert_fails(ox_bind_weights(m, dir_path("bad.npz"), NULL, NULL, NULL, &err), OX_E_FORMAT, "checksum", &err);
    assert_int_equal(ox_graph_n_inputs(m, ox_model_main(m)), 1);
}

/* Out of memory anywhere: an error, and the model as it was. */
static void test_out_of_memory(void **state)
{
    (void)state;
    static const char *const files[] = {"packed.npz", "plain.safetensors", "weights.onnx"};
    add_input("conv1.weight", (ox_type){0});
    ox_value b = add_input("b", (ox_type){0});
    for (size_t f = 0; f < 3; f++) {
        assert_ok(ox_journal_commit(m, "before", &err), &err);
        for (uint64_t n = 1;; n++) {
            ox__alloc_fail_at(n, false);
            ox_status s = ox_bind_weights(m, fixture(files[f]), NULL, NULL, NULL, &err);
            ox__alloc_fail_at(0, false);
            if (s == OX_OK) {
                assert_true(n > 8);
                break;
            }
            if (s != OX_E_NOMEM) fail_msg("%s, allocation %d: %s", files[f], (int)n, err.msg);
            assert_false(ox_journal_is_open(m));
            assert_ok(ox_model_status(m, &err), &err);
            assert_int_equal(ox_graph_n_inputs(m, ox_model_main(m)), 2);
        }
        check_value(b, OX_INT64, 3);
        assert_ok(ox_journal_commit(m, "bound", &err), &err);
        assert_ok(ox_journal_undo(m, NULL, &err), &err);
    }
}

#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_inputs),        TEST(test_mismatches),     TEST(test_unusable),          TEST(test_onnx),
        TEST(test_file_changes),  TEST(test_lost_constants), TEST(test_module_attributes), TEST(test_bad_files),
        TEST(test_out_of_memory),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
