/* Styles seed, folded and torch: the text of graphs made here. Dumps that PyTorch wrote are held against style torch in
 * tests/io. */
#include "ox_ir_test.h"
#include "ox_print_test.h"

#include <math.h>

static ox_model *m;
static ox_graph g;
static ox_error err;

static int setup(void **state)
{
    (void)state;
    m = ir_model();
    g = ox_model_main(m);
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

static ox_type floats(int rank, const char *const *dims)
{
    ox_dim d[8];
    for (int i = 0; i < rank; i++) assert_ok(ox_dim_parse(m, dims[i], strlen(dims[i]), &d[i], &err), &err);
    return ox_type_tensor(m, OX_FLOAT, rank, d);
}

static ox_type of(int64_t a, int64_t b)
{
    ox_dim d[2] = {ox_dim_const(m, a), ox_dim_const(m, b)};
    return ox_type_tensor(m, OX_FLOAT, 2, d);
}

static void typed(ox_value v, ox_type t)
{
    assert_ok(ox_value_set_type(m, v, t, &err), &err);
}

static ox_node node(ox_graph in, const char *domain, const char *op, size_t n, const ox_value *ins, const char *out,
                    ox_type t)
{
    ox_node x;
    assert_ok(ox_node_create(m, &x, in, (ox_node){0}, str(domain), str(op), n, ins, out ? 1 : 0, &err), &err);
    if (!out) return x;
    assert_ok(ox_value_set_name(m, ox_node_output(m, x, 0), str(out), &err), &err);
    if (t.id) typed(ox_node_output(m, x, 0), t);
    return x;
}

static ox_value result(ox_node n)
{
    return ox_node_output(m, n, 0);
}

static void attr(ox_node n, ox_attr a, const char *name)
{
    a.name = str(name);
    assert_ok(ox_node_set_attr(m, n, &a, &err), &err);
}

static ox_value constant(const char *name, ox_attr a, ox_type_kind kind)
{
    ox_node n = node(g, "prim", "Constant", 0, NULL, name, ox_type_simple(m, kind));
    attr(n, a, "value");
    return result(n);
}

static ox_value integer(const char *name, int64_t i)
{
    return constant(name, (ox_attr){.kind = OX_ATTR_INT, .u.i = i}, OX_TYPE_INT);
}

static ox_value list(const char *name, size_t n, const ox_value *items)
{
    return result(
        node(g, "prim", "ListConstruct", n, items, name, ox_type_of(m, OX_TYPE_LIST, ox_type_simple(m, OX_TYPE_INT))));
}

static void returns(ox_graph in, ox_value v)
{
    assert_ok(ox_graph_add_output(m, in, SIZE_MAX, v, &err), &err);
}

/* ---- the form of the documentation ---- */

static void test_seed(void **state)
{
    (void)state;
    const char *dims[] = {"10", "3", "2*seq+1", "*"};
    ox_value x = ir_input(m, g, "actual_input_1"), w = ir_initializer(m, g, "learned_0", 1);
    typed(x, floats(4, dims));
    ox_value in[] = {x, w};
    ox_node conv = node(g, "", "Conv", 2, in, "17", floats(4, dims));
    int64_t two[] = {2, 2};
    attr(conv, (ox_attr){.kind = OX_ATTR_INTS, .n = 2, .u.ints = two}, "strides");
    attr(conv, (ox_attr){.kind = OX_ATTR_FLOAT, .u.f = 0.1f}, "alpha");
    ox_scope s;
    assert_ok(ox_scope_add(m, &s, (ox_scope){0}, str("pkg.AlexNet"), (ox_str){0}, &err), &err);
    assert_ok(ox_scope_add(m, &s, s, str("pkg.Sequential"), str("features"), &err), &err);
    assert_ok(ox_node_set_scope(m, conv, s, &err), &err);
    ox_node seq = node(g, "", "SplitToSequence", 1, in, "18", ox_type_of(m, OX_TYPE_SEQUENCE, of(3, 4)));
    node(g, "", "Shape", 1, in, "19", ox_type_tensor(m, OX_INT64, OX_RANK_UNKNOWN, NULL));
    node(g, "", "Size", 1, in, "20", ox_type_tensor(m, OX_BFLOAT16, 0, NULL));
    node(g, "com.microsoft", "Gelu", 1, in, "21", (ox_type){0});
    returns(g, result(conv));
    returns(g, result(seq));
    assert_text(
        print_main(m, OX_STYLE_SEED),
        "graph(%actual_input_1 : Float(10, 3, 2*seq+1, *)\n"
        "      %learned_0 : Float()) {\n"
        "  %17 : Float(10, 3, 2*seq+1, *) = onnx::Conv[strides=[2, 2], alpha=0.1](%actual_input_1, %learned_0), "
        "scope: AlexNet/Sequential[features]\n"
        "  %18 : Float(3, 4)[] = onnx::SplitToSequence(%actual_input_1)\n"
        "  %19 : Long(...) = onnx::Shape(%actual_input_1)\n"
        "  %20 : BFloat16() = onnx::Size(%actual_input_1)\n"
        "  %21 : Tensor = com.microsoft::Gelu(%actual_input_1)\n"
        "  return (%17, %18);\n"
        "}\n");
}

/* A name in a block may shadow one outside; an If prints the branch for true first, whatever the file's order. */
static void test_blocks(void **state)
{
    (void)state;
    ox_value c = ir_input(m, g, "c");
    ox_node branch = node(g, "", "If", 1, &c, "y", (ox_type){0});
    ox_graph no = ir_block(m, branch, "else_branch"), yes = ir_block(m, branch, "then_branch");
    returns(no, result(node(no, "", "Neg", 1, &c, "c", (ox_type){0})));
    ox_value k = ir_initializer(m, yes, "k", 2);
    returns(yes, k);
    ox_graph extra = ir_block(m, branch, "extra");
    ox_value trip = ir_input(m, extra, "i");
    returns(extra, trip);
    returns(g, result(branch));
    assert_text(print_main(m, OX_STYLE_SEED), "graph(%c : Tensor) {\n"
                                              "  %y : Tensor = onnx::If[extra=<Graph>](%c)\n"
                                              "    block0() {\n"
                                              "      %k : Float() = onnx::Constant[value={2}]()\n"
                                              "      -> (%k)\n"
                                              "    }\n"
                                              "    block1() {\n"
                                              "      %c : Tensor = onnx::Neg(%c)\n"
                                              "      -> (%c)\n"
                                              "    }\n"
                                              "    block2(%i : Tensor) {\n"
                                              "      -> (%i)\n"
                                              "    }\n"
                                              "  return (%y);\n"
                                              "}\n");
    assert_text(print_node(m, branch, OX_STYLE_TORCH), "%y = onnx::If(%c)\n"
                                                       "  block0():\n"
                                                       "    %k : Float() = onnx::Constant[value={2}]()\n"
                                                       "    -> (%k)\n"
                                                       "  block1():\n"
                                                       "    %c = onnx::Neg(%c)\n"
                                                       "    -> (%c)\n"
                                                       "  block2(%i):\n"
                                                       "    -> (%i)\n");
}

static void test_functions(void **state)
{
    (void)state;
    ox_graph f;
    ox_value x = ir_input(m, g, "x");
    assert_ok(ox_graph_create(m, &f, OX_GRAPH_FUNCTION, str("gelu"), &err), &err);
    ox_function_info info = {.domain = str("local"), .overload = str("v2")};
    assert_ok(ox_function_set(m, f, &info, &err), &err);
    ox_value a = ir_input(m, f, "a");
    ox_node erf = node(f, "", "Erf", 1, &a, "b", (ox_type){0});
    attr(erf, (ox_attr){.kind = OX_ATTR_FLOAT, .ref = str("slope")}, "alpha");
    returns(f, result(erf));
    ox_node call = node(g, "local", "gelu", 1, &x, "y", (ox_type){0});
    assert_ok(ox_node_set_op(m, call, str("local"), str("gelu"), str("v2"), &err), &err);
    returns(g, result(call));
    const char *text = "graph(%x : Tensor) {\n"
                       "  %y : Tensor = local::gelu.v2(%x)\n"
                       "  return (%y);\n"
                       "}\n"
                       "with local::gelu.v2 = graph(%a : Tensor) {\n"
                       "  %b : Tensor = onnx::Erf[alpha=@slope](%a)\n"
                       "  return (%b);\n"
                       "}\n";
    assert_text(print_main(m, OX_STYLE_SEED), text);
    assert_text(print_graph(m, f, (ox_print_options){.style = OX_STYLE_SEED}), strstr(text, "with"));
}

/* ---- torch ---- */

static void test_torch(void **state)
{
    (void)state;
    int64_t strides[] = {4, 1};
    ox_layout_info info = {.requires_grad = 0, .device = str("cpu"), .n_strides = 2, .strides = strides};
    ox_layout l = ox_layout_add(m, &info);
    ox_value x = ir_input(m, g, "x.1"), y = ir_input(m, g, "/a b, %c) : d");
    typed(x, of(2, 4));
    assert_ok(ox_value_set_layout(m, x, l, &err), &err);
    ox_node relu = node(g, "", "Relu", 1, &x, "2", of(2, 4));
    assert_ok(ox_value_set_layout(m, result(relu), l, &err), &err);
    assert_ok(ox_node_set_name(m, relu, str("/act/Relu"), &err), &err);
    assert_ok(ox_node_set_loc(m, relu, ox_loc_add(m, str("net.py"), 14, 8), &err), &err);
    ox_value both[] = {result(relu), y, {0, 0}};
    ox_node effect = node(g, "prim", "Print", 3, both, NULL, (ox_type){0});
    ox_node python = node(g, "^", "Warp", 1, &x, "3", of(2, 4));
    attr(python, (ox_attr){.kind = OX_ATTR_INT, .u.i = 0}, "inplace");
    attr(python, (ox_attr){.kind = OX_ATTR_RAW, .u.s = str("0.5, na me")}, "args");
    ox_type items[] = {of(2, 4), ox_type_simple(m, OX_TYPE_INT), of(2, 4)};
    ox_type_info tuple = {.kind = OX_TYPE_TUPLE, .n_items = 3, .items = items};
    ox_node pack = node(g, "prim", "TupleConstruct", 2, both, "4", ox_type_add(m, &tuple));
    ox_layout inside[] = {{0}, l};
    ox_layout_info nested = {.requires_grad = -1, .n_strides = -1, .n_items = 2, .items = inside};
    assert_ok(ox_value_set_layout(m, result(pack), ox_layout_add(m, &nested), &err), &err);
    (void)effect;
    returns(g, result(pack));
    assert_text(print_main(m, OX_STYLE_TORCH),
                "graph(%x.1 : Float(2, 4, strides=[4, 1], requires_grad=0, device=cpu),\n"
                "      %/a b, %c) : d : UNKNOWN_TYPE):\n"
                "  %2 : Float(2, 4, strides=[4, 1], requires_grad=0, device=cpu) = "
                "onnx::Relu[onnx_name=\"/act/Relu\"](%x.1) # net.py:14:8\n"
                "   = prim::Print(%2, %/a b, %c) : d, %)\n"
                "  %3 : Float(2, 4) = ^Warp[inplace=0](0.5, na me)(%x.1)\n"
                "  %4 : (Float(2, 4), int, Float(2, 4, strides=[4, 1], requires_grad=0, device=cpu)) = "
                "prim::TupleConstruct(%2, %/a b, %c) : d)\n"
                "  return (%4)\n");
}

static void test_torch_types(void **state)
{
    (void)state;
    ox_layout_info info = {.requires_grad = 1, .undefined = true, .device = str("cuda:0"), .n_strides = -1};
    ox_layout l = ox_layout_add(m, &info);
    ox_str fields[] = {str("Point"), str("a"), str("b")};
    ox_type tensor = ox_type_tensor(m, OX_UNDEFINED, OX_RANK_UNKNOWN, NULL),
            integer_type = ox_type_simple(m, OX_TYPE_INT);
    ox_type pair[] = {tensor, integer_type};
    ox_type_info named = {.kind = OX_TYPE_TUPLE, .n_items = 2, .items = pair, .n_names = 3, .names = fields};
    ox_type_info dict = {
        .kind = OX_TYPE_DICT, .n_items = 2, .items = (ox_type[]){ox_type_simple(m, OX_TYPE_STR), tensor}};
    ox_type_info either = {.kind = OX_TYPE_UNION, .n_items = 2, .items = pair};
    ox_type_info class = {.kind = OX_TYPE_CLASS, .n_names = 1, .names = (ox_str[]){str("__torch__.M")}};
    ox_type_info opaque = {.kind = OX_TYPE_OPAQUE, .n_names = 2, .names = (ox_str[]){str("d"), str("n")}};
    ox_type_info map = {.kind = OX_TYPE_MAP, .dtype = OX_INT64, .n_items = 1, .items = pair};
    ox_type_info sparse = {.kind = OX_TYPE_SPARSE, .dtype = OX_FLOAT, .rank = OX_RANK_UNKNOWN};
    const struct {
        ox_type t;
        ox_layout l;
        const char *torch, *seed;
    } rows[] = {
        {ox_type_tensor(m, OX_FLOAT, OX_RANK_UNKNOWN, NULL), {0}, "FloatTensor", "Float(...)"},
        {ox_type_tensor(m, OX_FLOAT, OX_RANK_UNKNOWN, NULL), l,
         "FloatTensor(requires_grad=1, device=cuda:0)[Undefined]", "Float(...)"},
        {tensor, {0}, "Tensor", "Tensor"},
        {tensor, l, "Tensor(requires_grad=1, device=cuda:0)[Undefined]", "Tensor"},
        {ox_type_tensor(m, OX_INT64, 0, NULL), l, "Long(requires_grad=1, device=cuda:0)[Undefined]", "Long()"},
        {ox_type_tensor(m, OX_INT4, 0, NULL), {0}, "int4()", "int4()"},
        {of(2, -1), {0}, "Float(2, -1)", "Float(2, -1)"},
        {ox_type_of(m, OX_TYPE_OPTIONAL, ox_type_of(m, OX_TYPE_LIST, tensor)), {0}, "Tensor[]?", "Tensor[]?"},
        {ox_type_add(m, &named), {0}, "NamedTuple(a : Tensor, b : int)", "NamedTuple(a : Tensor, b : int)"},
        {ox_type_add(m, &dict), {0}, "Dict(str, Tensor)", "Dict(str, Tensor)"},
        {ox_type_add(m, &either), {0}, "Union(Tensor, int)", "Union(Tensor, int)"},
        {ox_type_add(m, &class), {0}, "__torch__.M", "__torch__.M"},
        {ox_type_add(m, &opaque), {0}, "opaque(d, n)", "opaque(d, n)"},
        {ox_type_add(m, &map), {0}, "Dict(Long(), Tensor)", "Dict(Long(), Tensor)"},
        {ox_type_add(m, &sparse), {0}, "Sparse(FloatTensor)", "Sparse(Float(...))"},
        {ox_type_simple(m, OX_TYPE_NUMBER), {0}, "Scalar", "Scalar"},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        for (int torch = 0; torch < 2; torch++) {
            printed t = {0};
            ox_sink sink = {printed_write, &t};
            ox_print_options opt = {.style = torch ? OX_STYLE_TORCH : OX_STYLE_FOLDED};
            assert_true(rows[i].t.id);
            assert_ok(ox_type_print(m, rows[i].t, rows[i].l, &opt, &sink, &err), &err);
            assert_text(t.p, torch ? rows[i].torch : rows[i].seed);
        }
    }
}

static void test_torch_scopes(void **state)
{
    (void)state;
    /* what each level adds; the form that PyTorch gives the whole */
    static const struct {
        const char *levels[8];
        const char *text;
    } rows[] = {
        {{"m.Net", "", "c.Sequential", "layer1", "n.Block", "0", "n.Conv", "conv1"},
         "m.Net::/c.Sequential::layer1/n.Block::layer1.0/n.Conv::conv1"},
        {{"m.Net", "", "n.Block", "blocks.0", "n.Attn", "attn"}, "m.Net::/n.Block::blocks.0/n.Attn::attn"},
        {{NULL, "", NULL, "layer1", NULL, "0"}, "__module.layer1/__module.layer1.0"},
        {{NULL, ""}, "__module"},
        {{"m.Net", "", "my own scope", ""}, "m.Net::/my own scope"},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        ox_scope s = {0, 0};
        for (int k = 0; k < 8 && rows[i].levels[k + 1]; k += 2)
            assert_ok(ox_scope_add(m, &s, s, ox_str_addz(m, rows[i].levels[k]), str(rows[i].levels[k + 1]), &err),
                      &err);
        ox_node n = node(g, "aten", "relu", 0, NULL, "x", (ox_type){0});
        assert_ok(ox_node_set_scope(m, n, s, &err), &err);
        char want[256];
        snprintf(want, sizeof want, "%%x = aten::relu(), scope: %s", rows[i].text);
        assert_text(print_node(m, n, OX_STYLE_TORCH), want);
        assert_ok(ox_node_delete(m, n, &err), &err);
    }
}

/* ---- values of attributes ---- */

static void test_attributes(void **state)
{
    (void)state;
    double parts[] = {-1, -0.5}, more[] = {1, 0.1, 1e-5};
    int64_t bits[] = {1, 0};
    ox_str words[] = {str("it's"), str("\xc3\xa9\x01\xff\"\n")};
    ox_type kinds[] = {ox_type_simple(m, OX_TYPE_INT), of(1, 2)};
    const struct {
        ox_attr a;
        const char *torch, *seed;
    } rows[] = {
        {{.kind = OX_ATTR_INT, .u.i = INT64_MIN}, "-9223372036854775808", "-9223372036854775808"},
        {{.kind = OX_ATTR_FLOAT, .u.f = 1}, "1.", "1."},
        {{.kind = OX_ATTR_FLOAT, .u.f = -0.0}, "-0.", "-0."},
        {{.kind = OX_ATTR_FLOAT, .u.f = 0.1}, "0.10000000000000001", "0.1"},
        {{.kind = OX_ATTR_FLOAT, .u.f = 0.1f}, "0.10000000149011612", "0.1"},
        {{.kind = OX_ATTR_FLOAT, .u.f = 1e10}, "10000000000", "1e+10"},
        {{.kind = OX_ATTR_FLOAT, .u.f = 1e300}, "1.0000000000000001e+300", "1e+300"},
        {{.kind = OX_ATTR_FLOAT, .u.f = NAN}, "nan", "nan"},
        {{.kind = OX_ATTR_FLOATS, .n = 3, .u.floats = more},
         "[1., 0.10000000000000001, 1.0000000000000001e-05]",
         "[1., 0.1, 1e-05]"},
        {{.kind = OX_ATTR_COMPLEX, .n = 2, .u.floats = parts}, "-1.-0.5j", "-1.-0.5j"},
        {{.kind = OX_ATTR_BOOL, .u.i = 1}, "1", "1"},
        {{.kind = OX_ATTR_BOOLS, .n = 2, .u.ints = bits}, "[True, False]", "[True, False]"},
        {{.kind = OX_ATTR_STRING, .u.s = words[0]}, "\"it\\'s\"", "\"it's\""},
        {{.kind = OX_ATTR_STRINGS, .n = 2, .u.strings = words},
         "[\"it\\'s\", \"\\0)+\\/.)\\001\\00/\\\"\\n\"]",
         "[\"it's\", \"\xc3\xa9\\001\\377\\\"\\n\"]"},
        {{.kind = OX_ATTR_DEVICE, .u.s = str("cuda:0")}, "\"cuda:0\"", "\"cuda:0\""},
        {{.kind = OX_ATTR_RAW, .u.s = str("{\"a\": 1}")}, "{\"a\": 1}", "{\"a\": 1}"},
        {{.kind = OX_ATTR_TYPES, .n = 2, .u.types = kinds}, "[int, Float(1, 2)]", "[int, Float(1, 2)]"},
        {{.kind = OX_ATTR_INTS, .ref = str("k")}, "@k", "@k"},
        {{.kind = OX_ATTR_TENSORS, .lost = true}, "[<Tensors>]", "[<Tensors>]"},
        {{.kind = OX_ATTR_NONE}, "None", "None"},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++)
        for (int torch = 0; torch < 2; torch++) {
            printed t = {0};
            ox_sink sink = {printed_write, &t};
            ox_print_options opt = {.style = torch ? OX_STYLE_TORCH : OX_STYLE_SEED};
            assert_ok(ox_attr_print(m, &rows[i].a, &opt, &sink, &err), &err);
            assert_text(t.p, torch ? rows[i].torch : rows[i].seed);
        }
}

static ox_tensor tensor(ox_dtype dtype, uint32_t rank, const int64_t *dims, const double *v)
{
    uint8_t data[256] = {0};
    uint64_t n = 1, bytes;
    ox_tensor t;
    for (uint32_t i = 0; i < rank; i++) n *= (uint64_t)dims[i];
    for (uint64_t i = 0; i < n; i++) ox_dtype_set_f64(dtype, data, i, v[i]);
    assert_true(ox_dtype_bytes(dtype, n, &bytes));
    assert_ok(ox_tensor_add_raw(m, &t, dtype, rank, dims, data, bytes, &err), &err);
    return t;
}

/* As PyTorch 1.13 prints them. */
static void test_tensors(void **state)
{
    (void)state;
    static const double zeros[16] = {0};
    static const struct {
        ox_dtype dtype;
        uint32_t rank;
        int64_t dims[4];
        double v[10];
        const char *text;
    } rows[] = {
        {OX_INT64, 1, {1}, {9216}, "{9216}"},
        {OX_FLOAT, 0, {0}, {1e20}, "{1e+20}"},
        {OX_FLOAT, 2, {1, 1}, {0.1}, "{0.1}"},
        {OX_INT64, 1, {2}, {2, -1}, " 2 -1 [ CPULongType{2} ]"},
        {OX_FLOAT, 1, {0}, {0}, "[ CPUFloatType{0} ]"},
        {OX_FLOAT, 3, {2, 0, 3}, {0}, "[ CPUFloatType{2,0,3} ]"},
        {OX_FLOAT,
         3,
         {2, 2, 2},
         {0, 1, 2, 3, 4, 5, 6, 7},
         "(1,.,.) =    0  1   2  3  (2,.,.) =    4  5   6  7 [ CPUFloatType{2,2,2} ]"},
        {OX_FLOAT,
         3,
         {2, 2, 2},
         {1.5, 2, 3, 4, 12345, 6, 7, 8},
         "(1,.,.) =    1.5000  2.0000   3.0000  4.0000  (2,.,.) =   1.234e+04      6       7      8 [ "
         "CPUFloatType{2,2,2} ]"},
        {OX_FLOAT,
         2,
         {2, 3},
         {1e-5, 2e-5, 3e-5, 4e-5, 1e-6, 0},
         "1e-05 *  1.0000  2.0000  3.0000   4.0000  0.1000  0.0000 [ CPUFloatType{2,3} ]"},
        {OX_FLOAT, 1, {3}, {1.5, INFINITY, NAN}, " 1.5000     inf     nan [ CPUFloatType{3} ]"},
        {OX_FLOAT, 1, {2}, {1e10, 1}, " 1.0000e+10  1.0000e+00 [ CPUFloatType{2} ]"},
        {OX_FLOAT, 1, {2}, {-5000, 1.5}, "-5000.0000     1.5000 [ CPUFloatType{2} ]"},
        {OX_DOUBLE, 1, {2}, {1e-120, 1}, " 1.0000e-120   1.0000e+00 [ CPUDoubleType{2} ]"},
        {OX_FLOAT, 2, {2, 1}, {-1.25, 100000.5}, "-1.2500e+00  1.0000e+05 [ CPUFloatType{2,1} ]"},
        {OX_FLOAT,
         2,
         {1, 10},
         {0, 1234.5, 2469, 3703.5, 4938, 6172.5, 7407, 8641.5, 9876, 11110.5},
         "Columns 1 to 6     0.0000   1234.5000   2469.0000   3703.5000   4938.0000   6172.5000  Columns 7 to 10  "
         "7407.0000   8641.5000   9876.0000  11110.5000 [ CPUFloatType{1,10} ]"},
        {OX_BOOL, 1, {2}, {1, 0}, " 1  0 [ CPUBoolType{2} ]"},
        {OX_FLOAT16, 1, {2}, {0.5, 0.25}, " 0.5000  0.2500 [ CPUHalfType{2} ]"},
        {OX_FLOAT, 4, {2, 1, 1, 2}, {1, 2, 3, 4}, "(1,1,.,.) =    1  2  (2,1,.,.) =    3  4 [ CPUFloatType{2,1,1,2} ]"},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        printed t = {0};
        ox_sink sink = {printed_write, &t};
        ox_print_options opt = {.style = OX_STYLE_TORCH};
        ox_attr a = {.kind = OX_ATTR_TENSOR, .u.t = tensor(rows[i].dtype, rows[i].rank, rows[i].dims, rows[i].v)};
        assert_ok(ox_attr_print(m, &a, &opt, &sink, &err), &err);
        assert_text(t.p, rows[i].text);
    }
    int64_t eleven = 11;
    printed t = {0};
    ox_sink sink = {printed_write, &t};
    ox_attr a = {.kind = OX_ATTR_TENSOR, .u.t = tensor(OX_FLOAT, 1, &eleven, zeros)};
    assert_ok(ox_attr_print(m, &a, &(ox_print_options){.style = OX_STYLE_TORCH}, &sink, &err), &err);
    assert_text(t.p, "<Tensor>");
    uint64_t big = UINT64_MAX;
    ox_tensor u;
    assert_ok(ox_tensor_add_raw(m, &u, OX_UINT64, 0, NULL, &big, 8, &err), &err);
    a.u.t = u;
    t = (printed){0};
    assert_ok(ox_attr_print(m, &a, &(ox_print_options){.style = OX_STYLE_SEED}, &sink, &err), &err);
    assert_text(t.p, "{18446744073709551615}");
    float complex_[] = {3, 1};
    assert_ok(ox_tensor_add_raw(m, &a.u.t, OX_COMPLEX64, 0, NULL, complex_, 8, &err), &err);
    t = (printed){0};
    assert_ok(ox_attr_print(m, &a, &(ox_print_options){.style = OX_STYLE_TORCH}, &sink, &err), &err);
    assert_text(t.p, "{(3,1)}");
}

/* ---- folding ---- */

static void test_folded(void **state)
{
    (void)state;
    ox_value x = ir_input(m, g, "x"), two = integer("2", 2), none;
    typed(x, of(2, 4));
    none = result(node(g, "prim", "Constant", 0, NULL, "n", ox_type_simple(m, OX_TYPE_NONETYPE)));
    ox_value flag = constant("f", (ox_attr){.kind = OX_ATTR_BOOL, .u.i = 1}, OX_TYPE_BOOL_SCALAR);
    ox_value text = constant("s", (ox_attr){.kind = OX_ATTR_STRING, .u.s = str("none")}, OX_TYPE_STR);
    ox_value twos[] = {two, two}, pair = list("p", 2, twos), mixed[] = {two, x}, some = list("q", 2, mixed);
    ox_value lists[] = {pair, some}, nested = list("r", 2, lists);
    ox_value in[] = {x, pair, pair, nested, none, flag, text};
    ox_node op = node(g, "aten", "odd", 7, in, "y", of(2, 4));
    assert_ok(ox_node_set_loc(m, op, ox_loc_add(m, str("net.py"), 7, 3), &err), &err);
    integer("unused", 5);
    returns(g, two);
    returns(g, result(op));
    assert_text(print_main(m, OX_STYLE_FOLDED), "graph(%x : Float(2, 4)) {\n"
                                                "  %y : Float(2, 4) = aten::odd(%x, [2, 2], [2, 2], [[2, 2], [2, %x]], "
                                                "None, True, \"none\") # net.py:7\n"
                                                "  %unused : int = prim::Constant[value=5]()\n"
                                                "  return (2, %y);\n"
                                                "}\n");
    assert_text(print_node(m, op, OX_STYLE_FOLDED),
                "%y : Float(2, 4) = aten::odd(%x, [2, 2], [2, 2], [[2, 2], [2, %x]], "
                "None, True, \"none\") # net.py:7");
}

/* A list that is appended to is no value; what was lost is no value either. */
static void test_not_folded(void **state)
{
    (void)state;
    ox_value x = ir_input(m, g, "x"), grown = list("l", 0, NULL), add[] = {grown, x};
    node(g, "aten", "append", 2, add, "l2", (ox_type){0});
    ox_tensor_info lost_info = {.dtype = OX_FLOAT, .storage = OX_STORAGE_LOST};
    ox_tensor lost;
    assert_ok(ox_tensor_add(m, &lost, &lost_info, &err), &err);
    ox_value l = constant("c", (ox_attr){.kind = OX_ATTR_TENSOR, .lost = true, .u.t = lost}, OX_TYPE_STR);
    node(g, "aten", "relu", 1, &l, "y", (ox_type){0});
    assert_text(print_main(m, OX_STYLE_FOLDED), "graph(%x : Tensor) {\n"
                                                "  %l : int[] = prim::ListConstruct()\n"
                                                "  %l2 : Tensor = aten::append(%l, %x)\n"
                                                "  %c : str = prim::Constant[value=<Tensor>]()\n"
                                                "  %y : Tensor = aten::relu(%c)\n"
                                                "  return ();\n"
                                                "}\n");
}

/* Lists of lists of lists ..., each used twice: written out, that would be 2^60 elements. */
static void test_fold_is_linear(void **state)
{
    (void)state;
    ox_value two = integer("c", 2), at = two;
    for (int i = 0; i < 60; i++) {
        ox_value twice[] = {at, at};
        char name[16];
        snprintf(name, sizeof name, "l%d", i);
        at = list(name, 2, twice);
    }
    returns(g, at);
    char *text = print_main(m, OX_STYLE_FOLDED);
    size_t n = strlen(text);
    free(text);
    assert_in_range(n, 1000, 20000);
    /* and a chain of lists of one, each used once */
    for (int i = 0; i < 20000; i++) {
        char name[16];
        snprintf(name, sizeof name, "m%d", i);
        at = list(name, 1, &at);
    }
    returns(g, at);
    text = print_main(m, OX_STYLE_FOLDED);
    n = strlen(text);
    free(text);
    assert_in_range(n, 20000, 2000000);
}

static void test_fold_onnx(void **state)
{
    (void)state;
    ox_value x = ir_input(m, g, "x");
    int64_t dims[] = {2, 1};
    double v[] = {2, -1};
    ox_node shape = node(g, "", "Constant", 0, NULL, "s", (ox_type){0}),
            wide = node(g, "", "Constant", 0, NULL, "w", (ox_type){0});
    ox_node one = node(g, "", "Constant", 0, NULL, "o", (ox_type){0});
    attr(shape, (ox_attr){.kind = OX_ATTR_TENSOR, .u.t = tensor(OX_INT64, 1, dims, v)}, "value");
    attr(wide, (ox_attr){.kind = OX_ATTR_TENSOR, .u.t = tensor(OX_FLOAT, 2, dims, v)}, "value");
    attr(one, (ox_attr){.kind = OX_ATTR_FLOAT, .u.f = 1}, "value_float");
    ox_value in[] = {x, result(shape), result(wide), result(one)};
    node(g, "", "Odd", 4, in, "y", (ox_type){0});
    assert_text(print_main(m, OX_STYLE_FOLDED), "graph(%x : Tensor) {\n"
                                                "  %w : Tensor = onnx::Constant[value= 2 -1 [ CPUFloatType{2,1} ]]()\n"
                                                "  %y : Tensor = onnx::Odd(%x, [2, -1], %w, 1.)\n"
                                                "  return ();\n"
                                                "}\n");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_seed),        T(test_blocks),       T(test_functions),      T(test_torch),
        T(test_torch_types), T(test_torch_scopes), T(test_attributes),     T(test_tensors),
        T(test_folded),      T(test_not_folded),   T(test_fold_is_linear), T(test_fold_onnx),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
