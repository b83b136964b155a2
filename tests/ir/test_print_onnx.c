/* Styles onnx and printable. Whole corpora are held against the onnx package in tests/conformance/test_print.py. */
#include "ox_ir_test.h"
#include "ox_print_test.h"

#include <math.h>

static ox_model *m;
static ox_graph g;
static ox_error err;
static char notes[2048];

static int setup(void **state)
{
    (void)state;
    m = ir_model();
    g = ox_model_main(m);
    notes[0] = '\0';
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ox_model_free(m);
    return 0;
}

static ox_str str(const char *s)
{
    return ox_str_addz(m, s);
}

static void note(void *ud, const char *text)
{
    (void)ud;
    strncat(notes, text, sizeof notes - strlen(notes) - 1);
    strncat(notes, "\n", sizeof notes - strlen(notes) - 1);
}

static char *onnx_text(bool full, bool raw)
{
    return print_graph(m, g, (ox_print_options){.style = OX_STYLE_ONNX, .full = full, .raw = raw, .note = note});
}

static void attr(ox_node n, ox_attr a, const char *name)
{
    a.name = str(name);
    assert_ok(ox_node_set_attr(m, n, &a, &err), &err);
}

static ox_tensor floats(const char *name, int64_t n)
{
    static const float data[32] = {1, 0.5f, -2};
    ox_tensor t;
    ox_tensor_info info = {.name = str(name),
                           .dtype = OX_FLOAT,
                           .rank = 1,
                           .dims = &n,
                           .storage = OX_STORAGE_OWNED,
                           .n_bytes = 4 * (uint64_t)n,
                           .data = data};
    assert_ok(ox_tensor_add(m, &t, &info, &err), &err);
    return t;
}

static void test_model(void **state)
{
    (void)state;
    assert_ok(ox_model_set_ir_version(m, 8, &err), &err);
    assert_ok(ox_model_set_opset(m, str(""), 17, &err), &err);
    assert_ok(ox_model_set_opset(m, str("a.b"), 1, &err), &err);
    assert_ok(ox_model_set_text(m, OX_MODEL_PRODUCER_NAME, str("q\"q"), &err), &err);
    assert_ok(ox_model_set_text(m, OX_MODEL_DOC, str("two\nlines"), &err), &err);
    assert_ok(ox_model_set_version(m, 3, &err), &err);
    assert_ok(ox_model_set_metadata(m, str("k"), str("v\\"), &err), &err);
    assert_ok(ox_graph_set_name(m, g, str("my graph"), &err), &err);
    ox_dim dims[] = {ox_dim_symbol(m, str("N")), ox_dim_symbol(m, str("a b")), ox_dim_unknown(m, NULL),
                     ox_dim_const(m, 3)};
    ox_value x = ir_input(m, g, "/x:0"), y = ir_input(m, g, "float");
    assert_ok(ox_value_set_type(m, x, ox_type_tensor(m, OX_FLOAT, 4, dims), &err), &err);
    assert_ok(ox_value_set_type(m, y, ox_type_tensor(m, OX_INT64, 0, NULL), &err), &err);
    ox_value in[] = {x, {0, 0}, y};
    ox_node n = ir_node(m, g, "Odd", 3, in, "out");
    assert_ok(ox_node_set_op(m, n, str("a.b"), str("Odd"), str("v2"), &err), &err);
    assert_ok(ox_node_set_name(m, n, str("node 1"), &err), &err);
    ox_type any_rank = ox_type_of(
        m, OX_TYPE_OPTIONAL, ox_type_of(m, OX_TYPE_SEQUENCE, ox_type_tensor(m, OX_FLOAT16, OX_RANK_UNKNOWN, NULL)));
    assert_ok(ox_value_set_type(m, ox_node_output(m, n, 0), any_rank, &err), &err);
    assert_ok(ox_graph_add_output(m, g, SIZE_MAX, ox_node_output(m, n, 0), &err), &err);
    ox_value unnamed = ox_node_output(m, ir_node(m, g, "Relu", 1, &x, NULL), 0);
    assert_ok(ox_value_set_type(m, unnamed, ox_type_tensor(m, OX_FLOAT, 4, dims), &err), &err);
    assert_ok(ox_value_set_declared(m, unnamed, true, &err), &err);
    char want[1024], id[16];
    snprintf(id, sizeof id, "\"%u\"", unnamed.id);
    snprintf(want, sizeof want,
             "<\n"
             "   ir_version: 8,\n"
             "   opset_import: [\"\" : 17, \"a.b\" : 1],\n"
             "   producer_name: \"q\\\"q\",\n"
             "   model_version: 3,\n"
             "   doc_string: \"two\\\\x0alines\",\n"
             "   metadata_props: [\"k\": \"v\\\\\"]\n"
             ">\n"
             "\"my graph\" (float[N,\"a b\",?,3] \"/x:0\", int64 \"float\") => (optional(seq(float16[])) out)\n"
             "   <float[N,\"a b\",?,3] %s>\n"
             "{\n"
             "   [\"node 1\"] out = a.b.Odd:v2 (\"/x:0\", \"\", \"float\")\n"
             "   %s = Relu (\"/x:0\")\n"
             "}\n",
             id, id);
    assert_text(onnx_text(true, false), want);
    char *raw = onnx_text(true, true);
    bool has = strstr(raw, "doc_string: \"two\nlines\"") != NULL;
    free(raw);
    assert_true(has);
    assert_string_equal(notes, "");
}

static void test_attributes(void **state)
{
    (void)state;
    int64_t ints[] = {1, -2};
    double f[] = {0.1f, 1, -INFINITY};
    ox_str s[] = {str("a\"b"), str("")};
    ox_tensor ts[] = {floats("", 1)};
    ox_type t = ox_type_of(m, OX_TYPE_SEQUENCE, ox_type_tensor(m, OX_BOOL, 0, NULL));
    ox_node n = ir_node(m, g, "Odd", 0, NULL, "y");
    attr(n, (ox_attr){.kind = OX_ATTR_INTS, .n = 2, .u.ints = ints}, "i");
    attr(n, (ox_attr){.kind = OX_ATTR_INTS, .n = 0}, "e");
    attr(n, (ox_attr){.kind = OX_ATTR_FLOATS, .n = 3, .u.floats = f}, "f");
    attr(n, (ox_attr){.kind = OX_ATTR_STRINGS, .n = 2, .u.strings = s}, "s");
    attr(n, (ox_attr){.kind = OX_ATTR_TENSOR, .u.t = floats("t1", 3)}, "t");
    attr(n, (ox_attr){.kind = OX_ATTR_TENSOR, .u.t = floats("odd name", 11)}, "big");
    attr(n, (ox_attr){.kind = OX_ATTR_TYPE, .u.type = t}, "ty");
    attr(n, (ox_attr){.kind = OX_ATTR_FLOAT, .ref = str("alpha")}, "r");
    attr(n, (ox_attr){.kind = OX_ATTR_TENSORS, .n = 1, .u.tensors = ts}, "ts");
    attr(n, (ox_attr){.kind = OX_ATTR_INT, .u.i = 1, .doc = str("why")}, "no-word");
    const char *short_text =
        "y = Odd <i: ints = [1, -2], e: ints = [], f: floats = [0.1, 1, -inf], s: strings = [\"a\\\"b\", \"\"], "
        "t: tensor = float[3] t1 {1,0.5,-2}, big: tensor = float[11] {}, ty: type_proto = seq(bool) , r: float = "
        "@alpha, "
        "no_word: int = 1> ()";
    assert_text(print_node(m, n, OX_STYLE_ONNX), short_text);
    free(onnx_text(false, false));
    assert_string_equal(notes,
                        "names of tensors in attributes that are no identifiers\n"
                        "tensors of more than 10 elements: left out (--full writes them)\n"
                        "attributes that are lists of tensors, graphs or types\n"
                        "documentation of graphs, nodes, values and attributes\n"
                        "names of operators, attributes and inner graphs that are no identifiers: changed to ones\n");
    char *full = onnx_text(true, false);
    bool has = strstr(full, "big: tensor = float[11] {1,0.5,-2,0,0,0,0,0,0,0,0}") != NULL;
    free(full);
    assert_true(has);
}

/* Numbers go into the field of a TensorProto that the type has: bits for small floats, bytes for packed elements. */
static void test_data(void **state)
{
    (void)state;
    static const uint8_t bytes[32] = {0x21, 0x43, 0x05, 0x00, 0xff, 0xff, 0xff, 0xff, 1};
    const struct {
        ox_dtype dtype;
        int64_t n;
        const char *text;
    } rows[] = {
        {OX_INT8, 5, "int8[5] {33,67,5,0,-1}"},
        {OX_UINT8, 2, "uint8[2] {33,67}"},
        {OX_INT4, 3, "int4[3] {33,67}"},
        {OX_UINT2, 5, "uint2[5] {33,67}"},
        {OX_FLOAT6E2M3, 3, "float6e2m3[3] {33,12,20}"},
        {OX_FLOAT6E3M2, 4, "float6e3m2[4] {33,12,20,1}"},
        {OX_FLOAT16, 1, "float16[1] {17185}"},
        {OX_BFLOAT16, 3, "bfloat16[3] {17185,5,65535}"},
        {OX_FLOAT8E5M2, 2, "float8e5m2[2] {33,67}"},
        {OX_UINT32, 2, "uint32[2] {344865,4294967295}"},
        {OX_UINT64, 1, "uint64[1] {18446744069414929185}"},
        {OX_INT64, 0, "int64[0] {}"},
        {OX_COMPLEX64, 1, "complex64[1] {4.83259e-40,nan}"},
        {OX_BOOL, 1, "bool[1] {1}"},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        uint64_t size;
        ox_tensor t;
        assert_true(ox_dtype_bytes(rows[i].dtype, (uint64_t)rows[i].n, &size));
        const uint8_t *data = rows[i].dtype == OX_BOOL ? bytes + 8 : bytes;
        assert_ok(ox_tensor_add_raw(m, &t, rows[i].dtype, 1, &rows[i].n, data, size, &err), &err);
        ox_node n = ir_node(m, g, "Constant", 0, NULL, NULL);
        attr(n, (ox_attr){.kind = OX_ATTR_TENSOR, .u.t = t}, "v");
        char *text = print_node(m, n, OX_STYLE_ONNX), *at = strstr(text, "tensor = ");
        char got[128];
        snprintf(got, sizeof got, "%s", at ? at + 9 : text);
        free(text);
        if (strchr(got, '>')) *strchr(got, '>') = '\0';
        assert_string_equal(got, rows[i].text);
    }
}

static void test_blocks_and_functions(void **state)
{
    (void)state;
    ox_value c = ir_input(m, g, "c");
    ox_node branch = ir_node(m, g, "If", 1, &c, "y");
    ox_graph yes = ir_block(m, branch, "then_branch");
    assert_ok(ox_graph_set_name(m, yes, str("nan"), &err), &err); /* would read as a number */
    ox_value k = ir_initializer(m, yes, "k", 2);
    assert_ok(ox_graph_add_output(m, yes, SIZE_MAX, k, &err), &err);
    ox_graph f;
    assert_ok(ox_graph_create(m, &f, OX_GRAPH_FUNCTION, str("f"), &err), &err);
    ox_opset opset = {str(""), 17};
    ox_attr def = {.name = str("beta"), .kind = OX_ATTR_FLOAT, .u.f = 0.5};
    ox_str need = str("alpha");
    ox_function_info info = {.domain = str("d"),
                             .n_attrs = 1,
                             .attrs = &need,
                             .n_defaults = 1,
                             .defaults = &def,
                             .n_opsets = 1,
                             .opsets = &opset};
    assert_ok(ox_function_set(m, f, &info, &err), &err);
    ox_value a = ir_input(m, f, "a");
    assert_ok(ox_value_set_type(m, a, ox_type_tensor(m, OX_FLOAT, 0, NULL), &err), &err);
    assert_ok(ox_value_set_declared(m, a, true, &err), &err);
    ox_value b = ir_apply(m, f, "Relu", a, "b");
    assert_ok(ox_graph_add_output(m, f, SIZE_MAX, b, &err), &err);
    assert_ok(ox_graph_set_name(m, g, str("main"), &err), &err);
    assert_text(onnx_text(true, false), "<\n"
                                        "   ir_version: 0,\n"
                                        "   opset_import: []\n"
                                        ">\n"
                                        "main (c) => () {\n"
                                        "   y = If (c) <then_branch: graph = _nan () => (float k)\n"
                                        "      <float k = {2}>\n"
                                        "   {\n"
                                        "   }>\n"
                                        "}\n"
                                        "<\n"
                                        "   domain: \"d\",\n"
                                        "   opset_import: [\"\" : 17]\n"
                                        ">\n"
                                        "f <alpha, beta: float = 0.5> (float a) => (b) {\n"
                                        "   b = Relu (a)\n"
                                        "}\n");
    assert_string_equal(notes,
                        "names of operators, attributes and inner graphs that are no identifiers: changed to ones\n");
}

static void test_left_out(void **state)
{
    (void)state;
    ox_tensor_info lost = {.dtype = OX_FLOAT, .storage = OX_STORAGE_LOST};
    ox_tensor t;
    ox_value v;
    assert_ok(ox_tensor_add(m, &t, &lost, &err), &err);
    assert_ok(ox_graph_add_initializer(m, &v, g, str("w"), t, &err), &err);
    ox_node n = ir_node(m, g, "Odd-op", 1, &v, "y");
    assert_ok(ox_node_set_metadata(m, n, str("k"), str("v"), &err), &err);
    assert_ok(ox_value_set_type(m, ox_node_output(m, n, 0), ox_type_simple(m, OX_TYPE_INT), &err), &err);
    assert_ok(ox_graph_add_output(m, g, SIZE_MAX, ox_node_output(m, n, 0), &err), &err);
    ox_graph training;
    assert_ok(ox_graph_create(m, &training, OX_GRAPH_TRAINING, str("t"), &err), &err);
    char *text = onnx_text(true, false);
    bool has = strstr(text, "\"\" () => (y)\n   <float w>\n{\n   y = Odd_op (w)\n}") != NULL;
    free(text);
    assert_true(has);
    assert_string_equal(notes,
                        "training information\n"
                        "types that ONNX's syntax has no word for\n"
                        "tensors whose data the model does not have\n"
                        "metadata of graphs, nodes, values and tensors\n"
                        "names of operators, attributes and inner graphs that are no identifiers: changed to ones\n");
}

static void test_printable(void **state)
{
    (void)state;
    assert_ok(ox_graph_set_name(m, g, str("main"), &err), &err);
    ox_dim dims[] = {ox_dim_symbol(m, str("N")), ox_dim_unknown(m, NULL), ox_dim_const(m, 3)};
    ox_value x = ir_input(m, g, "x"), w = ir_initializer(m, g, "w", 1);
    assert_ok(ox_value_set_type(m, x, ox_type_tensor(m, OX_FLOAT, 3, dims), &err), &err);
    ox_value both = ir_initializer(m, g, "both", 1);
    assert_ok(ox_graph_list_input(m, g, both, &err), &err);
    ox_value in[] = {x, w, {0, 0}};
    ox_node n = ir_node(m, g, "If", 3, in, "y");
    ox_graph block = ir_block(m, n, "then_branch");
    assert_ok(ox_graph_set_name(m, block, str("inner\x1b"), &err), &err);
    attr(n, (ox_attr){.kind = OX_ATTR_FLOAT, .u.f = 0.1f}, "b");
    attr(n, (ox_attr){.kind = OX_ATTR_STRING, .u.s = str("it's \xc3\xa9\x01\n\xe2\x80\xae")}, "a");
    assert_ok(ox_graph_add_output(m, g, SIZE_MAX, ox_node_output(m, n, 0), &err), &err);
    assert_text(print_main(m, OX_STYLE_PRINTABLE),
                "graph main (\n"
                "  %x[FLOAT, Nx?x3]\n"
                ") optional inputs with matching initializers (\n"
                "  %both[FLOAT, scalar]\n"
                ") initializers (\n"
                "  %w[FLOAT, scalar]\n"
                ") {\n"
                "  %y = If[a = \"it's \xc3\xa9\\x01\\n\\u202e\", b = 0.100000001490116, "
                "then_branch = <graph inner\\x1b>](%x, %w, %)\n"
                "  return %y\n"
                "}\n"
                "\n"
                "graph inner\\x1b {\n"
                "  return\n"
                "}\n");
}

/* A scalar is shown as the number in its typed field, or not at all. */
static void test_printable_scalars(void **state)
{
    (void)state;
    static const uint8_t bytes[] = {0xce, 0xff};
    const struct {
        ox_dtype dtype;
        const char *text;
    } rows[] = {{OX_INT8, "[-50]"},       {OX_UINT8, "[206]"},      {OX_INT16, "[-50]"},        {OX_FLOAT16, "[65486]"},
                {OX_BFLOAT16, "[65486]"}, {OX_FLOAT8E8M0, "[206]"}, {OX_FLOAT8E4M3FN, "[206]"}, {OX_INT4, "[206]"},
                {OX_UINT2, "[206]"},      {OX_FLOAT6E2M3, "[206]"}};
    for (size_t i = 0; i < 2 * OX__COUNT(rows); i++) {
        ox_dtype dtype = rows[i / 2].dtype;
        ox_tensor t;
        ox_tensor_info info = {.dtype = dtype,
                               .storage = OX_STORAGE_OWNED,
                               .data = bytes,
                               .n_bytes = ox_dtype_bits(dtype) == 16 ? 2 : 1,
                               .typed = i % 2 == 0};
        assert_ok(ox_tensor_add(m, &t, &info, &err), &err);
        ox_node n = ir_node(m, g, "Constant", 0, NULL, NULL);
        attr(n, (ox_attr){.kind = OX_ATTR_TENSOR, .u.t = t}, "v");
        char want[64];
        snprintf(want, sizeof want, "Constant[v = <Scalar Tensor %s>]()", i % 2 ? "[]" : rows[i / 2].text);
        char *text = print_node(m, n, OX_STYLE_PRINTABLE);
        bool has = strstr(text, want) != NULL;
        free(text);
        if (!has) fail_msg("%s: no %s", ox_dtype_name(dtype, OX_DTYPE_ONNX), want);
    }
}

static void test_traces_are_refused(void **state)
{
    (void)state;
    ox_model *trace;
    printed t = {0};
    ox_sink sink = {printed_write, &t};
    ox_print_options opt = {.style = OX_STYLE_ONNX};
    assert_ok(ox_model_create(&trace, OX_MODEL_TRACE, &err), &err);
    ox_status s = ox_graph_print(trace, ox_model_main(trace), &opt, &sink, &err);
    ox_model_free(trace);
    assert_int_equal(s, OX_E_UNSUPPORTED);
    assert_non_null(strstr(err.hint, "export it"));
    assert_int_equal(t.n, 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_model),
        T(test_attributes),
        T(test_data),
        T(test_blocks_and_functions),
        T(test_left_out),
        T(test_printable),
        T(test_printable_scalars),
        T(test_traces_are_refused),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
