/* Look-ups in the table of ONNX operators: versions, parameters, attributes, and the versions of opsets and IR. */
#include "ox_test.h"

#include <onnxsh/schema.h>

static int64_t since(const char *domain, const char *op, int64_t opset)
{
    const ox_op_schema *s = ox_op_schema_find(domain, op, opset);
    return s ? ox_op_schema_info(s).since : -1;
}

static void finds_the_version_of_an_opset(void **state)
{
    (void)state;
    assert_int_equal(since("", "Conv", 1), 1);
    assert_int_equal(since("", "Conv", 10), 1);
    assert_int_equal(since("", "Conv", 11), 11);
    assert_int_equal(since("ai.onnx", "Conv", 17), 11);
    assert_int_equal(since("onnx", "Conv", 22), 22);
    assert_int_equal(since("", "Conv", 1000), 22);
    assert_int_equal(since("", "Conv", 0), 22);
    assert_int_equal(since("", "Gelu", 19), -1);
    assert_int_equal(since("", "Gelu", 20), 20);
    assert_int_equal(since("ai.onnx.ml", "Scaler", 3), 1);
    assert_int_equal(since("ai.onnx.ml", "Conv", 3), -1);
    assert_int_equal(since("com.microsoft", "Gelu", 1), -1);
    assert_int_equal(since("", "", 17), -1);
    assert_int_equal(since("", "Conv", -1), -1);
    assert_null(ox_op_schema_find_n("", 0, "Conv\0x", 6, 17));
    assert_non_null(ox_op_schema_find_n("ai.onnx.mlX", 10, "ScalerX", 6, 1));
}

static void every_schema_is_found_again(void **state)
{
    (void)state;
    size_t n = ox_op_schema_count();
    assert_true(n > 600);
    for (size_t i = 0; i < n; i++) {
        const ox_op_schema *s = ox_op_schema_at(i);
        ox_op_info info = ox_op_schema_info(s);
        assert_ptr_equal(ox_op_schema_find(info.domain, info.name, info.since), s);
        assert_true(info.min_inputs <= info.max_inputs && info.min_outputs <= info.max_outputs);
        assert_true(info.until == OX_NO_VERSION || info.until >= info.since);
        if (ox_op_schema_newer(s)) assert_ptr_equal(ox_op_schema_older(ox_op_schema_newer(s)), s);
        for (uint32_t k = 0; k < info.n_inputs; k++) {
            ox_op_param p = ox_op_schema_input(s, k);
            assert_true(p.var < (int)info.n_vars);
            assert_true(p.types.tensor | p.types.sequence | p.types.optional | p.types.optional_sequence |
                        p.types.other);
            if (p.var >= 0) assert_string_equal(p.type, ox_op_schema_var(s, (size_t)p.var).name);
        }
    }
    assert_null(ox_op_schema_at(n));
    assert_null(ox_op_schema_newer(ox_op_schema_at(n - 1)));
    assert_null(ox_op_schema_older(ox_op_schema_at(0)));
}

static void reads_parameters(void **state)
{
    (void)state;
    const ox_op_schema *conv = ox_op_schema_find("", "Conv", 17);
    ox_op_info info = ox_op_schema_info(conv);
    assert_int_equal(info.n_inputs, 3);
    assert_int_equal(info.min_inputs, 2);
    assert_int_equal(info.max_inputs, 3);
    assert_int_equal(info.until, 21);
    ox_op_param b = ox_op_schema_input(conv, 2);
    assert_string_equal(b.name, "B");
    assert_int_equal(b.option, OX_PARAM_OPTIONAL);
    assert_int_equal(b.var, 0);
    assert_int_equal(b.types.tensor, 1u << OX_FLOAT | 1u << OX_FLOAT16 | 1u << OX_DOUBLE);
    assert_null(ox_op_schema_input(conv, 3).name);

    ox_op_param p;
    assert_false(ox_op_schema_input_for(conv, 3, &p));
    assert_true(ox_op_schema_output_for(conv, 0, &p));
    assert_false(ox_op_schema_output_for(conv, 1, &p));

    const ox_op_schema *concat = ox_op_schema_find("", "Concat", 17);
    assert_int_equal(ox_op_schema_info(concat).max_inputs, OX_UNBOUNDED);
    assert_true(ox_op_schema_input_for(concat, 70000, &p));
    assert_int_equal(p.option, OX_PARAM_VARIADIC);
    assert_true(p.homogeneous);
    assert_int_equal(p.min_arity, 1);
    assert_true(ox_op_schema_output_for(ox_op_schema_find("", "If", 17), 5, &p));
    assert_false(p.homogeneous);

    const ox_op_schema *reshape = ox_op_schema_find("", "Reshape", 17);
    p = ox_op_schema_input(reshape, 1);
    assert_string_equal(p.type, "tensor(int64)");
    assert_int_equal(p.var, -1);
    assert_int_equal(ox_type_set_single(&p.types), OX_INT64);
    p = ox_op_schema_input(reshape, 0);
    assert_int_equal(ox_type_set_single(&p.types), OX_UNDEFINED);
}

static ox_op_attr attr(const char *domain, const char *op, int64_t opset, const char *name)
{
    ox_op_attr a = {0};
    const ox_op_schema *s = ox_op_schema_find(domain, op, opset);
    assert_non_null(s);
    assert_true(ox_op_schema_find_attr(s, name, strlen(name), &a));
    return a;
}

static void reads_attributes(void **state)
{
    (void)state;
    ox_op_attr a = attr("", "Gemm", 13, "alpha");
    assert_int_equal(a.kind, OX_ATTR_FLOAT);
    assert_true(a.has_default && !a.required && a.f == 1.0);
    a = attr("", "BatchNormalization", 15, "epsilon");
    assert_true(a.f == (double)1e-5f);
    a = attr("", "Concat", 13, "axis");
    assert_true(a.required && !a.has_default);
    a = attr("", "Softmax", 13, "axis");
    assert_true(a.has_default && a.i == -1);
    a = attr("", "Conv", 11, "auto_pad");
    assert_string_equal(a.s, "NOTSET");
    a = attr("", "MeanVarianceNormalization", 13, "axes");
    assert_int_equal(a.kind, OX_ATTR_INTS);
    assert_int_equal(a.n, 3);
    assert_true(a.ints[0] == 0 && a.ints[1] == 2 && a.ints[2] == 3);
    a = attr("", "RNN", 14, "activations");
    assert_int_equal(a.n, 2);
    assert_string_equal(a.s, "Tanh");
    assert_string_equal(a.s + 5, "Tanh");
    a = attr("", "If", 13, "then_branch");
    assert_int_equal(a.kind, OX_ATTR_GRAPH);
    assert_false(ox_op_schema_find_attr(ox_op_schema_find("", "Relu", 14), "axis", 4, &a));
    assert_null(ox_op_schema_attr(ox_op_schema_find("", "Relu", 14), 0).name);
}

static void knows_what_is_deprecated(void **state)
{
    (void)state;
    assert_false(ox_op_schema_info(ox_op_schema_find("", "Upsample", 9)).deprecated);
    assert_true(ox_op_schema_info(ox_op_schema_find("", "Upsample", 10)).deprecated);
    assert_true(ox_op_schema_info(ox_op_schema_find("", "Gelu", 20)).has_function);
    assert_false(ox_op_schema_info(ox_op_schema_find("", "Conv", 20)).has_function);
}

static void pairs_opsets_with_ir_versions(void **state)
{
    (void)state;
    static const int pairs[][2] = {{1, 3},  {8, 3},  {9, 4},   {10, 5},  {11, 6},  {12, 7},  {14, 7},  {15, 8}, {18, 8},
                                   {19, 9}, {20, 9}, {21, 10}, {22, 10}, {23, 11}, {24, 12}, {25, 13}, {27, 13}};
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++)
        assert_int_equal(ox_ir_for_opset(pairs[i][0]), pairs[i][1]);
    assert_int_equal(ox_ir_for_opset(100000), ox_ir_newest());
    assert_int_equal(ox_ir_for_domain("ai.onnx.ml", 3), 8);
    assert_int_equal(ox_ir_for_domain("ai.onnx.ml", 1), 3);
    assert_int_equal(ox_ir_for_domain("com.acme", 9), 3);
    assert_int_equal(ox_ir_for_dtype(OX_FLOAT), 3);
    assert_int_equal(ox_ir_for_dtype(OX_BFLOAT16), 3);
    assert_int_equal(ox_ir_for_dtype(OX_FLOAT8E5M2FNUZ), 9);
    assert_int_equal(ox_ir_for_dtype(OX_INT4), 10);
    assert_int_equal(ox_ir_for_dtype(OX_FLOAT4E2M1), 11);
    assert_int_equal(ox_ir_for_dtype(OX_FLOAT8E8M0), 12);
    assert_int_equal(ox_ir_for_dtype(OX_INT2), 13);
    assert_int_equal(ox_ir_for_dtype(OX_FLOAT6E2M3), 14);
    assert_int_equal(ox_ir_for_dtype(OX_FLOAT6E3M2), 14);
    assert_int_equal(ox_ir_for_feature(OX_IR_UNLISTED_INITIALIZERS), 4);
    assert_int_equal(ox_ir_for_feature(OX_IR_FUNCTIONS), 8);
    for (int f = 0; f < OX_N_IR_FEATURES; f++) assert_in_range(ox_ir_for_feature((ox_ir_feature)f), 4, ox_ir_newest());
    assert_true(ox_opset_newest("") >= 27);
    assert_int_equal(ox_opset_newest("ai.onnx"), ox_opset_newest(""));
    assert_int_equal(ox_opset_newest("ai.onnx.ml"), 5);
    assert_int_equal(ox_opset_newest("com.acme"), 0);
    assert_string_equal(ox_opset_domain(0), "");
    assert_null(ox_opset_domain(99));
}

static void prints_sets(void **state)
{
    (void)state;
    char text[256];
    ox_type_set set = {.tensor = 1u << OX_FLOAT | 1u << OX_INT64, .sequence = 1u << OX_FLOAT, .other = 1};
    size_t n = ox_type_set_print(&set, text, sizeof text);
    assert_int_equal(n, strlen(text));
    assert_memory_equal(text, "tensor(float), tensor(int64), seq(tensor(float)), ", 50);
    assert_int_equal(ox_type_set_print(&set, text, 10), n);
    assert_string_equal(text, "tensor(fl");
    assert_int_equal(ox_type_set_print(&set, NULL, 0), n);
    assert_int_equal(ox_type_set_print(&(ox_type_set){0}, text, sizeof text), 0);
    assert_string_equal(text, "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_the_version_of_an_opset),
        cmocka_unit_test(every_schema_is_found_again),
        cmocka_unit_test(reads_parameters),
        cmocka_unit_test(reads_attributes),
        cmocka_unit_test(knows_what_is_deprecated),
        cmocka_unit_test(pairs_opsets_with_ir_versions),
        cmocka_unit_test(prints_sets),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
