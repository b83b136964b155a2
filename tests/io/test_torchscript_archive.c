/* Files of PyTorch, as its versions wrote them (tests/fixtures/torch, made by make_pt.py), open as their
 * weights; archives of TorchScript as trees, code and debug records. */
#include "ox_test.h"

#include "io/torchscript/rows.h"
#include "ir/ir.h"
#include "ox_dir.h"
#include "ox_torch_test.h"

#include <onnxsh/io.h>

static ox_error err;
static ox_model *m;
static char warned[1024];

static int setup(void **state)
{
    m = NULL;
    warned[0] = '\0';
    return dir_setup(state);
}

static int teardown(void **state)
{
    ox__alloc_fail_at(0, false);
    ox_model_free(m);
    return dir_teardown(state);
}

static void warn(void *ud, const ox_error *w)
{
    (void)ud;
    size_t n = strlen(warned);
    snprintf(warned + n, sizeof warned - n, "%s\n", w->msg);
}

static void open_as(const char *path, ox_model_kind kind)
{
    ox_model_free(m);
    m = NULL;
    assert_ok(ox_open(&m, path, NULL, warn, NULL, &err), &err);
    assert_int_equal(ox_model_get_kind(m), kind);
}

static void open_path(const char *path)
{
    open_as(path, OX_MODEL_ONNX);
}

#define DIMS(...) \
    (uint32_t)(sizeof((int64_t[]){0, ##__VA_ARGS__}) / sizeof(int64_t) - 1), (const int64_t[]) \
    { \
        __VA_ARGS__, 0 \
    }

/* Its elements are those of make_pt.py's `ramp`, of the name `of`. */
static void check_as(const char *name, const char *of, ox_dtype dtype, uint32_t rank, const int64_t *dims)
{
    ox_tensor t;
    ox_tensor_info info = weight(m, name, &t);
    uint8_t bytes[4096];
    assert_int_equal(info.dtype, dtype);
    assert_int_equal(info.rank, rank);
    for (uint32_t i = 0; i < rank; i++) assert_int_equal(info.dims[i], dims[i]);
    assert_true(info.n_bytes <= sizeof bytes);
    assert_ok(ox_tensor_read(m, t, 0, bytes, info.n_bytes, &err), &err);
    for (uint64_t i = 0; i < info.n_elements; i++) {
        double want = (double)((i + strlen(of)) % 7);
        if (dtype == OX_BOOL) want = want != 0;
        if (dtype == OX_FLOAT8E8M0) continue; /* it has powers of two only */
        double got = ox_dtype_get_f64(dtype, bytes, i);
        if (got != want) fail_msg("%s[%u] is %g, not %g", name, (unsigned)i, got, want);
    }
}

static void check(const char *name, ox_dtype dtype, uint32_t rank, const int64_t *dims)
{
    check_as(name, name, dtype, rank, dims);
}

static size_t n_weights(void)
{
    return ox_graph_n_initializers(m, ox_model_main(m));
}

/* ---- state dicts ---- */
static void check_state(void)
{
    check("features.0.weight", OX_FLOAT, 2, (int64_t[]){2, 3});
    check("features.0.bias", OX_FLOAT, 1, (int64_t[]){2});
    check("count", OX_INT64, 0, NULL);
    check("none", OX_FLOAT, 2, (int64_t[]){0, 3});
}

static void test_state(void **state)
{
    (void)state;
    static const char *const names[] = {"state_113", "state_213", "legacy_113", "legacy_213", "protocol4_213"};
    for (size_t i = 0; i < OX__COUNT(names); i++) {
        open_path(fixture(names[i]));
        check_state();
        assert_int_equal(n_weights(), 4);
    }
    open_path(fixture("lone_113"));
    check("lone_113", OX_FLOAT, 1, (int64_t[]){4});
}

/* Views that do not stand in a row, and two tensors on one storage. */
static void test_strided(void **state)
{
    (void)state;
    static const char *const names[] = {"strided_113", "strided_213", "legacy_strided_113", "legacy_strided_213"};
    for (size_t i = 0; i < OX__COUNT(names); i++) {
        open_path(fixture(names[i]));
        check("t", OX_FLOAT, 2, (int64_t[]){2, 3});
        check("step", OX_FLOAT, 1, (int64_t[]){4});
        check("cube", OX_FLOAT, 3, (int64_t[]){2, 3, 4});
        check("last", OX_FLOAT, 4, (int64_t[]){1, 2, 2, 3});
        check("half", OX_FLOAT16, 2, (int64_t[]){3, 4});
        check("byte", OX_UINT8, 2, (int64_t[]){3, 4});
        check("whole", OX_FLOAT, 1, (int64_t[]){6});
        ox_tensor t;
        ox_tensor_info whole = weight(m, "whole", &t), tail = weight(m, "tail", &t), same = weight(m, "same", &t);
        assert_int_equal(tail.file, whole.file);
        assert_int_equal(tail.offset, whole.offset + 8);
        float v[6];
        assert_int_equal(same.n_bytes, sizeof v);
        assert_ok(ox_tensor_read(m, t, 0, v, sizeof v, &err), &err);
        for (size_t k = 0; k < 6; k++) assert_true(v[k] == 2);
    }
}

static void test_dtypes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        ox_dtype dtype;
    } all[] = {
        {"float64", OX_DOUBLE},
        {"float16", OX_FLOAT16},
        {"bfloat16", OX_BFLOAT16},
        {"uint8", OX_UINT8},
        {"int8", OX_INT8},
        {"int16", OX_INT16},
        {"int32", OX_INT32},
        {"int64", OX_INT64},
        {"bool", OX_BOOL},
        {"complex64", OX_COMPLEX64},
        {"complex128", OX_COMPLEX128},
        {"uint16", OX_UINT16},
        {"uint32", OX_UINT32},
        {"uint64", OX_UINT64},
        {"float8_e4m3fn", OX_FLOAT8E4M3FN},
        {"float8_e5m2", OX_FLOAT8E5M2},
        {"float8_e4m3fnuz", OX_FLOAT8E4M3FNUZ},
        {"float8_e5m2fnuz", OX_FLOAT8E5M2FNUZ},
        {"float8_e8m0fnu", OX_FLOAT8E8M0},
    };
    open_path(fixture("dtypes_113"));
    for (size_t i = 0; i < 11; i++) check(all[i].name, all[i].dtype, 1, (int64_t[]){5});
    open_path(fixture("dtypes_213"));
    for (size_t i = 0; i < OX__COUNT(all); i++) check(all[i].name, all[i].dtype, 1, (int64_t[]){5});
    assert_int_equal(n_weights(), OX__COUNT(all));
    assert_non_null(strstr(warned, "'complex32' is left out: its element type"));
    assert_non_null(strstr(warned, "'conj' is left out: it is a conj"));
    assert_non_null(strstr(warned, "'meta' is left out: it was saved without data"));
    for (int v = 0; v < 2; v++) {
        open_path(fixture(v ? "quantised_213" : "quantised_113"));
        check("per_tensor", OX_UINT8, 2, (int64_t[]){2, 3});
        check("per_channel", OX_INT8, 2, (int64_t[]){2, 3});
    }
}

/* What the integers stand for: scales and zero points of channels stay in the file, as weights do. */
static void test_quantised(void **state)
{
    (void)state;
    for (int v = 0; v < 2; v++) {
        ox_tensor t;
        open_path(fixture(v ? "quantised_213" : "quantised_113"));
        assert_int_equal(weight(m, "per_tensor", &t).quant->scales.id, 0);
        const ox_quantization *q = weight(m, "scaled", &t).quant;
        assert_non_null(q);
        assert_string_equal(ox_str_text(m, q->scheme, NULL), "per_tensor_affine");
        assert_false(q->per_channel);
        assert_true(q->scale == 0.5 && q->zero_point == 10);
        q = weight(m, "columns", &t).quant;
        assert_string_equal(ox_str_text(m, q->scheme, NULL), "per_channel_affine");
        assert_true(q->per_channel && q->axis == 1);
        double scales[3];
        int64_t zeros[3];
        assert_int_equal(ox_tensor_get(m, q->scales).dtype, OX_DOUBLE);
        assert_int_equal(ox_tensor_get(m, q->zero_points).n_elements, 3);
        assert_ok(ox_tensor_read(m, q->scales, 0, scales, sizeof scales, &err), &err);
        assert_ok(ox_tensor_read(m, q->zero_points, 0, zeros, sizeof zeros, &err), &err);
        assert_true(scales[0] == 0.5 && scales[1] == 0.25 && scales[2] == 2);
        assert_true(zeros[0] == 1 && zeros[1] == -2 && zeros[2] == 0);
        assert_int_equal(n_weights(), 4);
        ox_tensor_info bad = weight(m, "columns", &t);
        ox_quantization far = *q;
        far.axis = 2;
        bad.quant = &far;
        assert_fails(ox_tensor_add(m, &t, &bad, &err), OX_E_INVALID, "rank 2 has no dim 2", &err);
    }
}

static void test_checkpoint(void **state)
{
    (void)state;
    for (int v = 0; v < 2; v++) {
        open_path(fixture(v ? "checkpoint_213" : "checkpoint_113"));
        check_state();
        check("optimizer.state.0.exp_avg", OX_FLOAT, 2, (int64_t[]){2, 3});
        check("param", OX_FLOAT, 1, (int64_t[]){2});
        assert_int_equal(n_weights(), 6);
    }
}

static void test_repacked(void **state)
{
    (void)state;
    open_path(fixture("big_213"));
    check("f", OX_FLOAT, 2, (int64_t[]){2, 3});
    check("d", OX_DOUBLE, 1, (int64_t[]){3});
    check("b", OX_UINT8, 1, (int64_t[]){3});
    check("c", OX_COMPLEX64, 1, (int64_t[]){2});
    open_path(fixture("deflated_213"));
    check("packed", OX_FLOAT, 2, (int64_t[]){50, 7});
    check("other", OX_FLOAT, 1, (int64_t[]){3});
    assert_non_null(strstr(warned, "'t' is left out: it is not contiguous"));
}

static void test_module(void **state)
{
    (void)state;
    for (int v = 0; v < 2; v++) {
        assert_fails(ox_open(&m, fixture(v ? "module_213" : "module_113"), NULL, NULL, NULL, &err), OX_E_UNSUPPORTED,
                     "torch.nn.modules.activation.ReLU", &err);
        assert_true(err.has_offset);
        assert_non_null(strstr(err.hint, "state_dict"));
    }
}

/* ---- as a source of weights ---- */
static void test_bind(void **state)
{
    (void)state;
    static const char *const names[] = {"state_113", "legacy_213", "checkpoint_213"};
    for (size_t i = 0; i < OX__COUNT(names); i++) {
        ox_model_free(m);
        assert_ok(ox_model_create(&m, OX_MODEL_TRACE, &err), &err);
        ox_value v;
        ox_dim d[2] = {ox_dim_const(m, 2), ox_dim_const(m, 3)};
        assert_ok(ox_graph_add_input(m, &v, ox_model_main(m), SIZE_MAX, ox_str_addz(m, "features.0.weight"),
                                     ox_type_tensor(m, OX_FLOAT, 2, d), &err),
                  &err);
        ox_bind_report report;
        assert_ok(ox_bind_weights(m, fixture(names[i]), &report, NULL, NULL, &err), &err);
        assert_int_equal(report.bound, 1);
        check("features.0.weight", OX_FLOAT, 2, (int64_t[]){2, 3});
    }
}

/* An archive of TorchScript gives its parameters by their path. */
static void test_bind_script(void **state)
{
    (void)state;
    assert_ok(ox_model_create(&m, OX_MODEL_TRACE, &err), &err);
    ox_value v;
    assert_ok(
        ox_graph_add_input(m, &v, ox_model_main(m), SIZE_MAX, ox_str_addz(m, "block.conv.weight"), (ox_type){0}, &err),
        &err);
    ox_bind_report report;
    assert_ok(ox_bind_weights(m, fixture("trace_213"), &report, NULL, NULL, &err), &err);
    assert_int_equal(report.bound, 1);
    assert_int_equal(report.unused, 6);
    check("block.conv.weight", OX_FLOAT, 4, (int64_t[]){2, 1, 3, 3});
}

/* As inputs of a run. */
static void test_data(void **state)
{
    (void)state;
    ox_data_set set = {0};
    assert_ok(ox_data_read(&set, fixture("legacy_113"), OX_TYPE_TENSOR, NULL, &err), &err);
    assert_int_equal(set.n, 4);
    assert_non_null(ox_data_set_find(&set, "count"));
    ox_data_set_clear(&set);
    assert_fails(ox_data_read(&set, fixture("dtypes_213"), OX_TYPE_TENSOR, NULL, &err), OX_E_UNSUPPORTED, "complex32",
                 &err);
    ox_data_set_clear(&set);
}

/* ---- TorchScript ---- */
static ox__map map;
static ox__zip zip;
static ox__archive archive;

static void open_archive(const char *path)
{
    assert_ok(ox__map_open(&map, path, false, &err), &err);
    assert_ok(ox__zip_open(&zip, &map, &err), &err);
    assert_ok(ox__archive_open(&archive, &zip, NULL, &err), &err);
}

static void close_archive(void)
{
    ox__archive_close(&archive);
    ox__zip_close(&zip);
    ox__map_close(&map);
}

static const ox__obj *attribute(const ox__obj *o, const char *a, const char *b)
{
    o = ox__obj_get(o, a);
    if (b) o = ox__obj_get(o, b);
    assert_non_null(o);
    return o;
}

static void test_trace(void **state)
{
    (void)state;
    for (int v = 0; v < 2; v++) {
        const char *path = fixture(v ? "trace_213" : "trace_113");
        open_as(path, OX_MODEL_TRACE);
        check_as("block.conv.weight", "block.conv.weight", OX_FLOAT, 4, (int64_t[]){2, 1, 3, 3});
        check("blocks.1.bias", OX_FLOAT, 1, (int64_t[]){2});
        check("scale", OX_FLOAT, 1, (int64_t[]){2});
        assert_int_equal(n_weights(), 7);
        open_archive(path);
        assert_int_equal(archive.kind, OX__ARCHIVE_SCRIPT);
        assert_int_equal(archive.version, 3);
        const ox__obj *root = archive.data.root, *conv = attribute(root, "block", "conv");
        assert_string_equal(root->object->class_name, "__torch__.net.Net");
        assert_string_equal(conv->object->class_name, "__torch__.torch.nn.modules.conv.Conv2d");
        assert_int_equal(attribute(conv, "weight", NULL)->kind, OX__OBJ_TENSOR);
        assert_int_equal(attribute(conv, "training", NULL)->i, 0);
        assert_int_equal(archive.constants.root->n, 1);
        assert_int_equal(archive.constants.root->items[0]->tensor->sizes[0], 2);
        ox__arrays rows = {0};
        assert_int_equal(archive.constants.root->items[0]->tensor->row, 0);
        assert_ok(ox__archive_constant_rows(&archive, &rows, &err), &err);
        assert_int_equal(rows.rows.n, 1);
        assert_string_equal(rows.rows.p[0].name, "CONSTANTS.c0");
        assert_int_equal(archive.constants.root->items[0]->tensor->row, 1);
        float two[2];
        assert_ok(ox__map_read(&map, rows.rows.p[0].offset, two, sizeof two, &err), &err);
        assert_true(two[0] == 1 && two[1] == 2);
        ox__arrays_close(&rows);
        close_archive();
    }
}

/* What newer versions trace with tells the shapes of the inputs. */
static void test_traced_inputs(void **state)
{
    (void)state;
    open_archive(fixture("trace_213"));
    const ox__obj *forward = ox__obj_get(archive.inputs.root, "forward");
    assert_non_null(forward);
    while (forward->kind == OX__OBJ_LIST || forward->kind == OX__OBJ_TUPLE) forward = forward->items[0];
    assert_int_equal(forward->kind, OX__OBJ_TENSOR);
    assert_int_equal(forward->tensor->rank, 4);
    assert_int_equal(forward->tensor->sizes[3], 5);
    close_archive();
    open_archive(fixture("trace_113"));
    assert_null(archive.inputs.root);
    close_archive();
}

static void test_sources(void **state)
{
    (void)state;
    open_archive(fixture("trace_113"));
    ox__archive_source *src, *again;
    assert_ok(ox__archive_source_of(&archive, "__torch__.net.Net", &src, &err), &err);
    assert_string_equal(src->record, "code/__torch__/net.py");
    assert_non_null(strstr(src->text, "class Net(Module):"));
    assert_int_equal(strlen(src->text), src->n);
    assert_ok(ox__archive_source_of(&archive, "__torch__.net.Block", &again, &err), &err);
    assert_ptr_equal(src, again);
    assert_ok(ox__archive_debug(&archive, src, &err), &err);
    assert_non_null(src->debug.root);
    assert_true(ox__obj_is(src->debug.root->items[0], "FORMAT_WITH_STRING_TABLE"));
    assert_ok(ox__archive_source_of(&archive, "__torch__.torch.classes.quantized.Packed", &src, &err), &err);
    assert_null(src->text);
    assert_ok(ox__archive_debug(&archive, src, &err), &err);
    assert_null(src->debug.root);
    assert_fails(ox__archive_source_of(&archive, "plain", &src, &err), OX_E_FORMAT, "no module", &err);
    assert_true(ox__archive_metadata(&archive) > 0 && ox__archive_metadata(&archive) < map.n);
    close_archive();
}

static void test_script(void **state)
{
    (void)state;
    for (int v = 0; v < 2; v++) {
        open_archive(fixture(v ? "script_213" : "script_113"));
        const ox__obj *root = archive.data.root;
        assert_int_equal(attribute(root, "sizes", NULL)->of, OX__OF_INT);
        assert_int_equal(attribute(root, "sizes", NULL)->items[2]->i, 300);
        assert_int_equal(attribute(root, "rates", NULL)->of, OX__OF_FLOAT);
        assert_int_equal(attribute(root, "flags", NULL)->of, OX__OF_BOOL);
        assert_int_equal(attribute(root, "parts", NULL)->n, 2);
        assert_int_equal(attribute(root, "table", "b")->i, -2);
        assert_true(ox__obj_is(attribute(root, "name", NULL), "caf\xc3\xa9"));
        assert_int_equal(attribute(root, "pair", NULL)->kind, OX__OBJ_TUPLE);
        assert_int_equal(attribute(root, "none", NULL)->kind, OX__OBJ_NONE);
        close_archive();
    }
}

/* Each failure of an allocation is told, and leaves nothing behind. */
static void test_no_memory(void **state)
{
    (void)state;
    static const char *const names[] = {"strided_213", "legacy_113",   "checkpoint_113",
                                        "trace_213",   "deflated_213", "quantised_213"};
    for (size_t i = 0; i < OX__COUNT(names); i++) {
        for (uint64_t at = 1;; at++) {
            ox__alloc_fail_at(at, false);
            ox_status s = ox_open(&m, fixture(names[i]), NULL, NULL, NULL, &err);
            bool over = ox__alloc_count() < at;
            ox__alloc_fail_at(0, false);
            if (s == OX_OK) ox_model_free(m);
            m = NULL;
            if (over) {
                assert_int_equal(s, OX_OK);
                break;
            }
            if (s != OX_OK) assert_int_equal(s, OX_E_NOMEM);
        }
    }
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_state),    T(test_strided),       T(test_dtypes),  T(test_quantised),   T(test_checkpoint),
        T(test_repacked), T(test_module),        T(test_bind),    T(test_bind_script), T(test_data),
        T(test_trace),    T(test_traced_inputs), T(test_sources), T(test_script),      T(test_no_memory),
    };
    return cmocka_run_group_tests_name("torchscript_archive", tests, NULL, NULL);
}
