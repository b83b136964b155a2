/* Types of the IR against sets of allowed types, and as arguments of PyTorch's operators; the schema of a node. */
#include "ox_test.h"

#include <onnxsh/graph.h>
#include <onnxsh/schema.h>

static int setup(void **state)
{
    ox_error err;
    ox_model *m = NULL;
    ox_status s = ox_model_create(&m, OX_MODEL_ONNX, &err);
    *state = m;
    return s == OX_OK ? 0 : -1;
}

static int teardown(void **state)
{
    ox_model_free(*state);
    return 0;
}

static ox_type tensor(ox_model *m, ox_dtype dtype)
{
    return ox_type_tensor(m, dtype, OX_RANK_UNKNOWN, NULL);
}

static ox_type map(ox_model *m, ox_dtype key, ox_dtype value)
{
    ox_type item = tensor(m, value);
    ox_type_info info = {.kind = OX_TYPE_MAP, .dtype = key, .n_items = 1, .items = &item};
    return ox_type_add(m, &info);
}

static void sets_admit(void **state)
{
    ox_model *m = *state;
    ox_type_set set = {.tensor = 1u << OX_FLOAT,
                       .sequence = 1u << OX_INT64,
                       .optional = 1u << OX_BOOL,
                       .optional_sequence = 1u << OX_DOUBLE};
    ox_type seq_i64 = ox_type_of(m, OX_TYPE_SEQUENCE, tensor(m, OX_INT64));
    assert_int_equal(ox_type_set_admits(&set, m, tensor(m, OX_FLOAT)), OX_YES);
    assert_int_equal(ox_type_set_admits(&set, m, tensor(m, OX_INT64)), OX_NO);
    assert_int_equal(ox_type_set_admits(&set, m, tensor(m, OX_UNDEFINED)), OX_UNKNOWN);
    assert_int_equal(ox_type_set_admits(&set, m, (ox_type){0}), OX_UNKNOWN);
    assert_int_equal(ox_type_set_admits(&set, m, seq_i64), OX_YES);
    assert_int_equal(ox_type_set_admits(&set, m, ox_type_of(m, OX_TYPE_SEQUENCE, tensor(m, OX_FLOAT))), OX_NO);
    assert_int_equal(ox_type_set_admits(&set, m, ox_type_of(m, OX_TYPE_SEQUENCE, (ox_type){0})), OX_UNKNOWN);
    assert_int_equal(ox_type_set_admits(&set, m, ox_type_of(m, OX_TYPE_OPTIONAL, tensor(m, OX_BOOL))), OX_YES);
    assert_int_equal(ox_type_set_admits(&set, m, ox_type_of(m, OX_TYPE_OPTIONAL, seq_i64)), OX_NO);
    assert_int_equal(ox_type_set_admits(&set, m, map(m, OX_INT64, OX_FLOAT)), OX_NO);
    assert_int_equal(ox_type_set_admits(&set, m, ox_type_simple(m, OX_TYPE_STR)), OX_NO);

    ox_op_param p = ox_op_schema_input(ox_op_schema_find("ai.onnx.ml", "CastMap", 1), 0);
    assert_int_equal(ox_type_set_admits(&p.types, m, map(m, OX_INT64, OX_FLOAT)), OX_YES);
    assert_int_equal(ox_type_set_admits(&p.types, m, map(m, OX_INT64, OX_DOUBLE)), OX_NO);
    assert_int_equal(ox_type_set_admits(&p.types, m, map(m, OX_INT64, OX_UNDEFINED)), OX_UNKNOWN);
    assert_int_equal(ox_type_set_admits(&p.types, m, tensor(m, OX_FLOAT)), OX_NO);
    p = ox_op_schema_output(ox_op_schema_find("ai.onnx.ml", "ZipMap", 1), 0);
    assert_int_equal(ox_type_set_admits(&p.types, m, ox_type_of(m, OX_TYPE_SEQUENCE, map(m, OX_STRING, OX_FLOAT))),
                     OX_YES);
    assert_int_equal(ox_type_set_admits(&p.types, m, ox_type_of(m, OX_TYPE_SEQUENCE, map(m, OX_STRING, OX_INT64))),
                     OX_NO);
}

static void types_as_arguments(void **state)
{
    ox_model *m = *state;
    ox_aten_type t = ox_aten_type_of(m, tensor(m, OX_FLOAT));
    assert_int_equal(t.kind, OX_ATEN_TENSOR);
    assert_int_equal(ox_aten_type_of(m, (ox_type){0}).kind, OX_ATEN_UNKNOWN);
    ox_type list = ox_type_of(m, OX_TYPE_LIST, ox_type_of(m, OX_TYPE_OPTIONAL, tensor(m, OX_FLOAT)));
    t = ox_aten_type_of(m, list);
    assert_true(t.kind == OX_ATEN_TENSOR && t.wrap[0] == OX_ATEN_WRAP_OPTIONAL && t.wrap[1] == OX_ATEN_WRAP_LIST &&
                t.wrap[2] == OX_ATEN_WRAP_NONE);
    size_t n;
    const ox_aten_schema *index = ox_aten_find("aten::index", &n);
    ox_aten_type args[] = {ox_aten_type_of(m, tensor(m, OX_FLOAT)), t};
    assert_string_equal(ox_aten_get(ox_aten_match(index, n, args, NULL, 2)).overload, "Tensor");
    static const ox_type_kind kinds[] = {OX_TYPE_INT,    OX_TYPE_FLOAT_SCALAR, OX_TYPE_BOOL_SCALAR, OX_TYPE_STR,
                                         OX_TYPE_DEVICE, OX_TYPE_NONETYPE,     OX_TYPE_NUMBER};
    static const ox_aten_kind wanted[] = {OX_ATEN_INT,    OX_ATEN_FLOAT, OX_ATEN_BOOL,  OX_ATEN_STR,
                                          OX_ATEN_DEVICE, OX_ATEN_NONE,  OX_ATEN_SCALAR};
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++)
        assert_int_equal(ox_aten_type_of(m, ox_type_simple(m, kinds[i])).kind, wanted[i]);
    ox_type deep = tensor(m, OX_FLOAT);
    for (int i = 0; i < 6; i++) deep = ox_type_of(m, OX_TYPE_LIST, deep);
    assert_int_equal(ox_aten_type_of(m, deep).kind, OX_ATEN_UNKNOWN);
}

static void the_schema_of_a_node(void **state)
{
    ox_model *m = *state;
    ox_error err;
    ox_node n;
    ox_graph g = ox_model_main(m), f;
    assert_ok(ox_node_create(m, &n, g, (ox_node){0}, ox_str_addz(m, ""), ox_str_addz(m, "Conv"), 0, NULL, 1, &err),
              &err);
    assert_null(ox_op_schema_of(m, n));
    assert_ok(ox_model_set_opset(m, ox_str_addz(m, "ai.onnx"), 10, &err), &err);
    assert_int_equal(ox_op_schema_info(ox_op_schema_of(m, n)).since, 1);
    assert_ok(ox_model_set_opset(m, ox_str_addz(m, "ai.onnx"), 0, &err), &err);
    assert_ok(ox_model_set_opset(m, ox_str_addz(m, ""), 11, &err), &err);
    assert_int_equal(ox_op_schema_info(ox_op_schema_of(m, n)).since, 11);
    assert_ok(ox_node_set_op(m, n, ox_str_addz(m, "acme"), ox_str_addz(m, "Conv"), (ox_str){0}, &err), &err);
    assert_null(ox_op_schema_of(m, n));
    assert_ok(ox_graph_create(m, &f, OX_GRAPH_FUNCTION, ox_str_addz(m, "f"), &err), &err);
    ox_opset opset = {ox_str_addz(m, ""), 22};
    ox_function_info info = {.domain = ox_str_addz(m, "loc"), .n_opsets = 1, .opsets = &opset};
    assert_ok(ox_function_set(m, f, &info, &err), &err);
    assert_ok(ox_node_create(m, &n, f, (ox_node){0}, ox_str_addz(m, ""), ox_str_addz(m, "Conv"), 0, NULL, 1, &err),
              &err);
    assert_int_equal(ox_op_schema_info(ox_op_schema_of(m, n)).since, 22);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(sets_admit, setup, teardown),
        cmocka_unit_test_setup_teardown(types_as_arguments, setup, teardown),
        cmocka_unit_test_setup_teardown(the_schema_of_a_node, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
