/* Attributes and tensors of text traces: what the text says, what it only hints at, and what it has lost. */
#include "ox_text_test.h"

#include <math.h>

static tx x;

static int teardown(void **state)
{
    (void)state;
    tx_free(&x);
    return 0;
}

/* The attribute `value` of `%v : TYPE = OP[value=TEXT]()`. */
static const ox_attr *value_of(const char *type, const char *op, const char *text)
{
    char file[2048];
    snprintf(file, sizeof file, "graph():\n  %%v : %s = %s[value=%s]()\n  return (%%v)\n", type, op, text);
    assert_ok(tx_open(&x, file), &x.err);
    return tx_attr(&x, "value");
}

static const ox_attr *constant(const char *type, const char *text)
{
    return value_of(type, "prim::Constant", text);
}

static void integers(void **state)
{
    (void)state;
    assert_int_equal(constant("int", "-7")->kind, OX_ATTR_INT);
    assert_int_equal(constant("int", "-7")->u.i, -7);
    assert_true(constant("int", "9223372036854775807")->u.i == INT64_MAX);
    assert_true(constant("int", "-9223372036854775808")->u.i == INT64_MIN);
    const ox_attr *a = constant("bool", "1");
    assert_int_equal(a->kind, OX_ATTR_BOOL);
    assert_int_equal(a->u.i, 1);
    assert_int_equal(constant("Scalar", "3")->kind, OX_ATTR_INT);
}

static void floats(void **state)
{
    static const struct {
        const char *text;
        double v;
    } rows[] = {{"1.", 1},
                {"-0.", 0},
                {"1.0000000000000001e-05", 1.0000000000000001e-05},
                {"0.10000000000000001", 0.1},
                {"12345678901", 12345678901.},
                {"1", 1},
                {"inf", INFINITY},
                {"-inf", -INFINITY},
                {"1.0000000000000001e+300", 1e300}};
    (void)state;
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        const ox_attr *a = constant("float", rows[i].text);
        assert_int_equal(a->kind, OX_ATTR_FLOAT);
        assert_true(a->u.f == rows[i].v);
        assert_false(a->rounded);
        assert_int_equal(x.n_warnings, 0);
    }
    assert_true(isnan(constant("float", "nan")->u.f));
    assert_true(signbit(constant("float", "-0.")->u.f));
    assert_int_equal(constant("Scalar", "0.5")->kind, OX_ATTR_FLOAT);
}

static void rounded_floats(void **state)
{
    static const struct {
        const char *text;
        bool rounded;
    } rows[] = {{"0.333333", true},     {"1.41421", true},
                {"0.70711", true},      {"1e-05", false},
                {"0.1", false},         {"0.5", false},
                {"0.03125", false},     {"123456", false},
                {"1.23457e+10", false}, {"0.33333333333333331", false},
                {"-3.14159", true},     {"1.23457e-05", true}};
    (void)state;
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        const ox_attr *a = value_of("Float(1)", "onnx::Elu", rows[i].text);
        if (a->rounded != rows[i].rounded) fail_msg("%s: rounded %d", rows[i].text, a->rounded);
        assert_int_equal(x.n_warnings, rows[i].rounded);
    }
}

static void others(void **state)
{
    (void)state;
    const ox_attr *a = constant("complex", "-1.-0.5j");
    assert_int_equal(a->kind, OX_ATTR_COMPLEX);
    assert_true(a->u.floats[0] == -1 && a->u.floats[1] == -0.5);
    a = constant("complex", "inf+0.j");
    assert_true(isinf(a->u.floats[0]) && a->u.floats[1] == 0);
    a = constant("complex", "1e-05+2.j");
    assert_true(a->u.floats[0] == 1e-05 && a->u.floats[1] == 2);
    assert_int_equal(constant("Device", "\"cuda:0\"")->kind, OX_ATTR_DEVICE);
    a = constant("Dict(str, int)", "{\"a\": 1}");
    assert_int_equal(a->kind, OX_ATTR_RAW);
    assert_string_equal(tx_str(&x, a->u.s), "{\"a\": 1}");
    a = constant("(int, str, NoneType, (float))", "(1, \"x], b=2\", None, (2.,))");
    assert_int_equal(a->kind, OX_ATTR_RAW);
    assert_string_equal(tx_str(&x, a->u.s), "(1, \"x], b=2\", None, (2.,))");
    assert_int_equal(constant("__torch__.A", "object(0x7f00)")->kind, OX_ATTR_RAW);
    assert_int_equal(constant("Enum<__torch__.E>", "__torch__.E.B")->kind, OX_ATTR_RAW);
    assert_int_equal(constant("int[][]", "[[1], [2]]")->kind, OX_ATTR_RAW);
    assert_int_equal(x.n_warnings, 0);
}

static void strings(void **state)
{
    (void)state;
    const ox_attr *a = constant("str", "\"he\\\"llo\\n\\t\\\\ \\0)+\\/.)\\'\\177\\v\\001\"");
    assert_int_equal(a->kind, OX_ATTR_STRING);
    assert_string_equal(tx_str(&x, a->u.s), "he\"llo\n\t\\ \xc3\xa9'\177\v\001");
    size_t n;
    ox_str_text(x.m, constant("str", "\"a\\000b\"")->u.s, &n);
    assert_int_equal(n, 3);
    assert_string_equal(tx_str(&x, constant("str", "\"\"")->u.s), "");
    assert_string_equal(tx_str(&x, constant("str", "\"\\303\\251\"")->u.s), "\xc3\xa9");
}

static void lists(void **state)
{
    (void)state;
    const ox_attr *a = constant("int[]", "[1, -2, 3]");
    assert_int_equal(a->kind, OX_ATTR_INTS);
    assert_int_equal(a->n, 3);
    assert_int_equal(a->u.ints[1], -2);
    a = constant("float[]", "[1, 2.5]");
    assert_int_equal(a->kind, OX_ATTR_FLOATS);
    assert_true(a->u.floats[0] == 1 && a->u.floats[1] == 2.5);
    a = constant("bool[]", "[True, False]");
    assert_int_equal(a->kind, OX_ATTR_BOOLS);
    assert_true(a->u.ints[0] == 1 && a->u.ints[1] == 0);
    a = constant("str[]", "[\"a, b\", \"c\\\"]\"]");
    assert_int_equal(a->kind, OX_ATTR_STRINGS);
    assert_int_equal(a->n, 2);
    assert_string_equal(tx_str(&x, a->u.strings[0]), "a, b");
    assert_string_equal(tx_str(&x, a->u.strings[1]), "c\"]");
    assert_int_equal(constant("float[]", "[]")->kind, OX_ATTR_FLOATS);
    a = constant("int[]", "annotate(List[int], [])");
    assert_int_equal(a->kind, OX_ATTR_INTS);
    assert_int_equal(a->n, 0);
    a = constant("float[]", "[0.333333, 1.41421, 1]");
    assert_true(a->rounded);
    assert_int_equal(x.n_warnings, 1);
}

static void several(void **state)
{
    (void)state;
    assert_ok(tx_open(&x,
                      "graph(%x : int):\n  %v : bool = prim::isinstance[a=1, b=[1, 2], c=\"x, y=2\", d={\"k\": [1]}, "
                      "types=[Tensor, (int, str)], e=0.5](%x)\n  return (%v)\n"),
              &x.err);
    const ox_attr *rows;
    assert_int_equal(ox_node_attrs(x.m, tx_main(&x, 0), &rows), 6);
    assert_string_equal(tx_str(&x, tx_attr(&x, "c")->u.s), "x, y=2");
    assert_int_equal(tx_attr(&x, "types")->kind, OX_ATTR_TYPES);
    assert_int_equal(tx_attr(&x, "types")->n, 2);
    assert_int_equal(tx_attr(&x, "e")->kind, OX_ATTR_FLOAT);
}

/* What the text leaves open the operator's schema tells. */
static void onnx_schemas(void **state)
{
    (void)state;
    assert_ok(tx_open(&x, "graph(%x : Float(1)):\n  %v : Float(1) = onnx::Gemm[alpha=1, beta=2, transB=1](%x, %x)\n"
                          "  %w : Float(1) = onnx::Pad[mode=constant, pads=[0, 0], value=0](%v)\n"
                          "  %u : Float(1) = onnx::Upsample[scales=[1, 2], mode=linear](%w)\n"
                          "  %t : Float(1) = onnx::Dropout[ratio=1, is_test=1](%u)\n  return (%v)\n"),
              &x.err);
    assert_int_equal(tx_attr(&x, "alpha")->kind, OX_ATTR_FLOAT);
    assert_true(tx_attr(&x, "beta")->u.f == 2);
    assert_int_equal(tx_attr(&x, "transB")->kind, OX_ATTR_INT);
    const ox_attr *mode = ox_node_attr(x.m, tx_main(&x, 1), "mode");
    assert_int_equal(mode->kind, OX_ATTR_STRING);
    assert_string_equal(tx_str(&x, mode->u.s), "constant");
    assert_int_equal(ox_node_attr(x.m, tx_main(&x, 1), "value")->kind, OX_ATTR_FLOAT);
    assert_int_equal(ox_node_attr(x.m, tx_main(&x, 1), "pads")->kind, OX_ATTR_INTS);
    assert_int_equal(ox_node_attr(x.m, tx_main(&x, 2), "scales")->kind, OX_ATTR_FLOATS);
    assert_int_equal(ox_node_attr(x.m, tx_main(&x, 3), "ratio")->kind, OX_ATTR_FLOAT);
    assert_int_equal(ox_node_attr(x.m, tx_main(&x, 3), "is_test")->kind, OX_ATTR_INT);
}

/* ---- tensors ---- */

static ox_tensor_info tensor(const char *type, const char *text)
{
    const ox_attr *a = constant(type, text);
    if (a->kind != OX_ATTR_TENSOR) fail_msg("%s is of kind %s", text, ox_attr_kind_name(a->kind));
    return ox_tensor_get(x.m, a->u.t);
}

static double element(const ox_tensor_info *t, uint64_t i)
{
    assert_true(i < t->n_elements);
    return ox_dtype_get_f64(t->dtype, t->data, i);
}

static void one_element(void **state)
{
    (void)state;
    ox_tensor_info t = tensor("Long()", "{9216}");
    assert_int_equal(t.dtype, OX_INT64);
    assert_int_equal(t.rank, 0);
    assert_true(element(&t, 0) == 9216);
    t = tensor("Long(1, 1, strides=[1, 1], requires_grad=0, device=cpu)", "{-3}");
    assert_int_equal(t.rank, 2);
    assert_true(element(&t, 0) == -3);
    t = tensor("Long()", "{9223372036854775807}");
    assert_true(ox_dtype_get_i64(OX_INT64, t.data, 0) == INT64_MAX);
    t = tensor("Bool()", "{1}");
    assert_int_equal(t.dtype, OX_BOOL);
    t = tensor("Float()", "{1e+20}");
    assert_true((float)element(&t, 0) == 1e20f);
    assert_false(t.rounded);
    t = tensor("Float()", "{nan}");
    assert_true(isnan(element(&t, 0)));
    t = tensor("Float()", "{0.123457}");
    assert_true(t.rounded);
    assert_true(tx_attr(&x, "value")->rounded);
    assert_int_equal(x.n_warnings, 1);
    assert_non_null(strstr(x.warnings[0].msg, "rounded"));
    assert_int_equal(x.warnings[0].line, 2);
    t = tensor("ComplexFloat()", "{(3,-1)}");
    assert_int_equal(t.n_bytes, 8);
    float f[2];
    memcpy(f, t.data, sizeof f);
    assert_true(f[0] == 3 && f[1] == -1);
}

static void one_element_of_unknown_type(void **state)
{
    static const char *const types[] = {"Tensor", "Dynamic", "LongTensor", "Tensor(1)", "Long(*)", "Long(2)"};
    (void)state;
    for (size_t i = 0; i < OX__COUNT(types); i++) {
        const ox_attr *a = constant(types[i], "{5}");
        assert_int_equal(a->kind, OX_ATTR_RAW);
        assert_true(a->lost);
        assert_string_equal(tx_str(&x, a->u.s), "{5}");
        assert_int_equal(x.n_warnings, 1);
    }
}

static void shapes_constant(void **state)
{
    (void)state;
    const ox_attr *a = value_of("Float(2, 3)", "onnx::ConstantOfShape", "{0}");
    assert_int_equal(a->kind, OX_ATTR_TENSOR);
    ox_tensor_info t = ox_tensor_get(x.m, a->u.t);
    assert_int_equal(t.dtype, OX_FLOAT);
    assert_int_equal(t.rank, 1);
    assert_int_equal(t.dims[0], 1);
}

static void some_elements(void **state)
{
    (void)state;
    ox_tensor_info t = tensor("Long(10)", " 0  1  2  3  4  5  6  7  8  9 [ CPULongType{10} ]");
    assert_int_equal(t.dtype, OX_INT64);
    for (uint64_t i = 0; i < 10; i++) assert_true(element(&t, i) == (double)i);
    assert_false(t.rounded);
    assert_int_equal(x.n_warnings, 0);
    t = tensor("Tensor", " 2 -1 [ CPULongType{2} ]"); /* the print tells all */
    assert_true(element(&t, 1) == -1);
    t = tensor("Float(0)", "[ CPUFloatType{0} ]");
    assert_int_equal(t.n_elements, 0);
    t = tensor("Float(2, 0, 3)", "[ CPUFloatType{2,0,3} ]");
    assert_int_equal(t.rank, 3);
    t = tensor("Bool(2)", " 1  0 [ CPUBoolType{2} ]");
    assert_true(element(&t, 0) == 1 && element(&t, 1) == 0);
    t = tensor("Float(3)", " 1.5000     inf     nan [ CPUFloatType{3} ]");
    assert_true(element(&t, 0) == 1.5 && isinf(element(&t, 1)) && isnan(element(&t, 2)));
    assert_false(t.rounded);
    t = tensor("Half(2)", " 0.1000  0.2500 [ CUDAHalfType{2} ]");
    assert_int_equal(t.dtype, OX_FLOAT16);
    assert_true(element(&t, 1) == 0.25);
    assert_true(t.rounded);
    t = tensor("Long(2)", " 2  2 [ Variable[CPULongType]{2} ]");
    assert_true(element(&t, 0) == 2);
}

static void scale_factors(void **state)
{
    (void)state;
    ox_tensor_info t =
        tensor("Float(2, 3)", "1e-05 *  1.0000  2.0000  3.0000   4.0000  0.1000  0.0000 [ CPUFloatType{2,3} ]");
    assert_true((float)element(&t, 0) == (float)1e-05);
    assert_true((float)element(&t, 3) == (float)4e-05);
    assert_true(t.rounded);
    t = tensor("Float(2)", " 1.0000e+10  1.0000e+00 [ CPUFloatType{2} ]");
    assert_true((float)element(&t, 0) == 1e10f);
    assert_true(t.rounded);
}

static void matrices(void **state)
{
    (void)state;
    ox_tensor_info t =
        tensor("Float(2, 2, 2)", "(1,.,.) =    0  1   2  3  (2,.,.) =    4  5   6  7 [ CPUFloatType{2,2,2} ]");
    for (uint64_t i = 0; i < 8; i++) assert_true(element(&t, i) == (double)i);
    t = tensor("Float(1, 10)", "Columns 1 to 6     0.0000   1234.5000   2469.0000   3703.5000   4938.0000   6172.5000  "
                               "Columns 7 to 10  7407.0000   8641.5000   9876.0000  11110.5000 [ CPUFloatType{1,10} ]");
    for (uint64_t i = 0; i < 10; i++) assert_true(element(&t, i) == 1234.5 * (double)i);
    t = tensor("Long(2, 3)", "Columns 1 to 2 1 2 4 5 Columns 3 to 3 3 6 [ CPULongType{2,3} ]");
    for (uint64_t i = 0; i < 6; i++) assert_true(element(&t, i) == (double)i + 1);
    t = tensor("Long(1, 2, 1, 2)", "(1,1,.,.) = 0 1 (1,2,.,.) = 2 3 [ CPULongType{1,2,1,2} ]");
    for (uint64_t i = 0; i < 4; i++) assert_true(element(&t, i) == (double)i);
    /* slices are not always printed in the order of memory */
    t = tensor("Long(2, 2, 1, 1)", "(1,1,.,.) = 0 (2,1,.,.) = 2 (1,2,.,.) = 1 (2,2,.,.) = 3 [ CPULongType{2,2,1,1} ]");
    for (uint64_t i = 0; i < 4; i++) assert_true(element(&t, i) == (double)i);
}

static void lost_tensors(void **state)
{
    (void)state;
    ox_tensor_info t = tensor("Long(11)", "<Tensor>");
    assert_int_equal(t.storage, OX_STORAGE_LOST);
    assert_int_equal(t.n_elements, 11);
    assert_true(tx_attr(&x, "value")->lost);
    assert_int_equal(x.n_warnings, 1);
    assert_non_null(strstr(x.warnings[0].hint, "--weights"));
    const ox_attr *a = constant("Float(*)", "<Tensor>");
    assert_int_equal(a->kind, OX_ATTR_TENSOR);
    assert_int_equal(a->u.t.id, 0);
    assert_true(a->lost);
    a = constant("Tensor[]", "[<Tensors>]");
    assert_int_equal(a->kind, OX_ATTR_TENSORS);
    assert_true(a->lost);
}

/* What cannot be read for certain is kept as text, and said to be lost. */
static void odd_tensors(void **state)
{
    static const char *const texts[] = {
        " 1  2 [ CPULongType{3} ]",
        " 1  2  3 [ CPULongType{2} ]",
        " 1  x [ CPULongType{2} ]",
        " 1  3 [ CPUComplexFloatType{2} ]",
        " 1  2 [ CPUWhatType{2} ]",
        "Columns 1 to 9 1 2 [ CPULongType{2} ]",
        "(3,.,.) = 1 2 [ CPULongType{1,1,2} ]",
        "Columns 3 to 1 1 2 [ CPULongType{1,2} ]",
        " 1 1 [ QuantizedCPUQInt8Type{2}, qscheme: per_tensor_affine, scale: 0.5, zero_point: 0 ]",
        " 1 [ CPULongType{1,0} ]",
        " 1 [ CPULongType{-1} ]",
        " 1 [ CPULongType{9999999999,9999999999} ]",
        " 1 [ CPULongType{99999999} ]",
        "1 * [ CPULongType{1} ]",
    };
    (void)state;
    for (size_t i = 0; i < OX__COUNT(texts); i++) {
        const ox_attr *a = constant("Tensor", texts[i]);
        if (a->kind != OX_ATTR_RAW || !a->lost) fail_msg("%s was read", texts[i]);
        assert_string_equal(tx_str(&x, a->u.s), texts[i]);
    }
}

static void warnings_are_summed_up(void **state)
{
    (void)state;
    ox__buf b = {0};
    ox__buf_addz(&b, "graph():\n");
    for (int i = 0; i < 1000; i++) ox__buf_addf(&b, "  %%%d : Float(20) = prim::Constant[value=<Tensor>]()\n", i);
    ox__buf_addz(&b, "  return (%0)\n");
    ox_status s = tx_open_n(&x, b.p, b.n, 0);
    ox__buf_free(&b);
    assert_int_equal(s, OX_OK);
    assert_int_equal(x.n_warnings, 1);
    assert_non_null(strstr(x.warnings[0].msg, "1000 constants"));
    assert_int_equal(x.warnings[0].line, 2);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(integers, teardown),
        cmocka_unit_test_teardown(floats, teardown),
        cmocka_unit_test_teardown(rounded_floats, teardown),
        cmocka_unit_test_teardown(others, teardown),
        cmocka_unit_test_teardown(strings, teardown),
        cmocka_unit_test_teardown(lists, teardown),
        cmocka_unit_test_teardown(several, teardown),
        cmocka_unit_test_teardown(onnx_schemas, teardown),
        cmocka_unit_test_teardown(one_element, teardown),
        cmocka_unit_test_teardown(one_element_of_unknown_type, teardown),
        cmocka_unit_test_teardown(shapes_constant, teardown),
        cmocka_unit_test_teardown(some_elements, teardown),
        cmocka_unit_test_teardown(scale_factors, teardown),
        cmocka_unit_test_teardown(matrices, teardown),
        cmocka_unit_test_teardown(lost_tensors, teardown),
        cmocka_unit_test_teardown(odd_tensors, teardown),
        cmocka_unit_test_teardown(warnings_are_summed_up, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
