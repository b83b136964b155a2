/* Types, layouts and scopes of text traces, in the forms of all years. */
#include "ox_text_test.h"

static tx x;

static int teardown(void **state)
{
    (void)state;
    tx_free(&x);
    return 0;
}

/* The type of `%v : TEXT`. */
static ox_type_info type_of(const char *text)
{
    char file[1024];
    snprintf(file, sizeof file, "graph(%%v : %s):\n  return (%%v)\n", text);
    assert_ok(tx_open(&x, file), &x.err);
    return ox_type_get(x.m, ox_value_type(x.m, tx_value(&x, "v")));
}

static ox_layout_info layout(void)
{
    return ox_layout_get(x.m, ox_value_layout(x.m, tx_value(&x, "v")));
}

/* A tensor type as style seed prints it. */
static void assert_tensor(const char *text, const char *printed)
{
    char buf[256];
    ox_type_info t = type_of(text);
    assert_int_equal(t.kind, OX_TYPE_TENSOR);
    ox_type_text(x.m, ox_value_type(x.m, tx_value(&x, "v")), buf, sizeof buf);
    assert_string_equal(buf, printed);
}

static void tensors(void **state)
{
    (void)state;
    assert_tensor("Float(64, 3, 11, 11)", "Float(64, 3, 11, 11)");
    assert_tensor("Long()", "Long()");
    assert_tensor("Long(device=cpu)", "Long()");
    assert_tensor("Double(requires_grad=0, device=cpu)", "Double()");
    assert_tensor("Float(*, 1, strides=[784, 1], requires_grad=0, device=cuda:0)", "Float(*, 1)");
    assert_tensor("Float(1:401408, 32:12544, requires_grad=1, device=cpu)", "Float(1, 32)");
    assert_tensor("Float(10!, 55)", "Float(10, 55)");
    assert_tensor("Float(...)", "Float(...)");
    assert_tensor("FloatTensor", "Float(...)");
    assert_tensor("FloatTensor(requires_grad=0, device=cpu)", "Float(...)");
    assert_tensor("Tensor", "Tensor");
    assert_tensor("Dynamic", "Tensor");
    assert_tensor("Tensor(requires_grad=1)", "Tensor");
    assert_tensor("Tensor(2, *)", "Tensor(2, *)");
    assert_tensor("BFloat16(2*seq+1, batch)", "BFloat16(2*seq+1, batch)");
    assert_tensor("ComplexFloat(3)", "ComplexFloat(3)");
    assert_tensor("Half(0)", "Half(0)");
    assert_tensor("Float(2, 3)[Undefined]", "Float(2, 3)");
    assert_true(layout().undefined);
}

static void ranks(void **state)
{
    (void)state;
    assert_int_equal(type_of("Long()").rank, 0);
    assert_int_equal(type_of("Float(requires_grad=0, device=cpu)").rank, 0);
    assert_int_equal(type_of("Tensor(requires_grad=1)").rank, OX_RANK_UNKNOWN);
    assert_int_equal(type_of("Tensor(*, *)").rank, 2);
    assert_int_equal(type_of("Float(...)").rank, OX_RANK_UNKNOWN);
    assert_int_equal(type_of("Float").rank, OX_RANK_UNKNOWN);
}

static void layouts(void **state)
{
    (void)state;
    type_of("Float(2, 3, strides=[3, *], requires_grad=1, device=cuda:0)");
    assert_int_equal(layout().requires_grad, 1);
    assert_string_equal(tx_str(&x, layout().device), "cuda:0");
    assert_int_equal(layout().n_strides, 2);
    assert_true(layout().strides[0] == 3 && layout().strides[1] == OX_STRIDE_UNKNOWN);
    type_of("Float(1:401408, 32:12544)");
    assert_int_equal(layout().n_strides, 2);
    assert_int_equal(layout().strides[1], 12544);
    assert_int_equal(layout().requires_grad, -1);
    type_of("Float(2, 3)");
    assert_int_equal(ox_value_layout(x.m, tx_value(&x, "v")).id, 0);
}

static void marks_of_2018(void **state)
{
    (void)state;
    type_of("Float(10!, 55, 64!, 3)");
    assert_int_equal(layout().n_strides, 4);
    assert_int_equal(layout().strides[3], 1);
    assert_true(layout().strides[2] == OX_STRIDE_UNKNOWN);
    assert_true(layout().strides[0] == OX_STRIDE_UNKNOWN);
    type_of("Float(10!, 55, 3)");
    assert_int_equal(layout().strides[1], 3);
}

static void symbolic_dims(void **state)
{
    (void)state;
    ox_type_info t = type_of("Float(SS(-2), SS(-2), 3)");
    assert_int_equal(t.rank, 3);
    assert_int_equal(ox_dim_get_kind(x.m, t.dims[0]), OX_DIM_SYMBOL);
    assert_int_equal(t.dims[0].id, t.dims[1].id);
}

static void words(void **state)
{
    static const struct {
        const char *text;
        ox_type_kind kind;
    } rows[] = {
        {"int", OX_TYPE_INT},
        {"float", OX_TYPE_FLOAT_SCALAR},
        {"bool", OX_TYPE_BOOL_SCALAR},
        {"str", OX_TYPE_STR},
        {"string", OX_TYPE_STR},
        {"complex", OX_TYPE_COMPLEX_SCALAR},
        {"Scalar", OX_TYPE_NUMBER},
        {"number", OX_TYPE_NUMBER},
        {"NoneType", OX_TYPE_NONETYPE},
        {"None", OX_TYPE_NONETYPE},
        {"Device", OX_TYPE_DEVICE},
        {"Generator", OX_TYPE_OPAQUE},
        {"AnyTuple", OX_TYPE_OPAQUE},
        {"Future[Tensor]", OX_TYPE_OPAQUE},
        {"RRef[int]", OX_TYPE_OPAQUE},
        {"Future(Tensor)", OX_TYPE_OPAQUE},
        {"Tuple", OX_TYPE_OPAQUE},
        {"Enum<__torch__.E>", OX_TYPE_OPAQUE},
        {"QInt8(2, strides=[1])", OX_TYPE_OPAQUE},
        {"__torch__.a.___torch_mangle_3.B", OX_TYPE_CLASS},
        {"()", OX_TYPE_TUPLE},
        {"(float)", OX_TYPE_TUPLE},
        {"Union(int, NoneType, str)", OX_TYPE_UNION},
        {"Dict(str, Tensor[])", OX_TYPE_DICT},
        {"int[]", OX_TYPE_LIST},
        {"Tensor?", OX_TYPE_OPTIONAL},
        {"int?[]?", OX_TYPE_OPTIONAL},
        {"UNKNOWN_TYPE", OX_TYPE_NONE_KNOWN},
    };
    (void)state;
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        ox_type_info t = type_of(rows[i].text);
        if (t.kind != rows[i].kind) fail_msg("%s is of kind %d", rows[i].text, t.kind);
    }
}

static void nested_types(void **state)
{
    (void)state;
    ox_type_info t = type_of("(Tensor, NamedTuple(a : Tensor, b : int), Dict(str, (int, float)[]), int[][])");
    assert_int_equal(t.n_items, 4);
    ox_type_info named = ox_type_get(x.m, t.items[1]);
    assert_int_equal(named.n_names, 3);
    assert_string_equal(tx_str(&x, named.names[2]), "b");
    ox_type_info dict = ox_type_get(x.m, t.items[2]);
    assert_int_equal(ox_type_get(x.m, dict.items[1]).kind, OX_TYPE_LIST);
    assert_int_equal(ox_type_get(x.m, ox_type_get(x.m, t.items[3]).items[0]).kind, OX_TYPE_LIST);
}

/* Every form reads back from what style torch prints of it. */
static void types_print_back(void **state)
{
    static const char *const rows[] = {
        "Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu)",
        "Long(device=cpu)",
        "Tensor",
        "Tensor?",
        "Tensor(requires_grad=1)",
        "FloatTensor(requires_grad=0, device=cpu)",
        "Float(*, *, strides=[4, 1], device=cpu)",
        "int?[]?",
        "(Tensor, NamedTuple(a : Tensor, b : int), Dict(str, Tensor), str, Tensor[], (int, float))",
        "(Float(1, 4, strides=[4, 1], requires_grad=1, device=cpu), int, Float(2, strides=[1], device=cpu)[])",
        "Future[Tensor]",
        "__torch__.torch.nn.modules.container.___torch_mangle_2.Sequential",
        "Union(int, NoneType, str)",
        "Long(2)[Undefined]",
        "QInt8(2, strides=[1], requires_grad=0, device=cpu)",
        "()",
    };
    (void)state;
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        char file[1024];
        snprintf(file, sizeof file, "graph(%%v : %s):\n  return (%%v)\n", rows[i]);
        type_of(rows[i]);
        assert_string_equal(tx_print(&x, OX_STYLE_TORCH), file);
    }
}

static void deep_types_stay_text(void **state)
{
    (void)state;
    char text[512] = "";
    for (int i = 0; i < 100; i++) strcat(text, "(");
    strcat(text, "int");
    for (int i = 0; i < 100; i++) strcat(text, ")");
    assert_int_equal(type_of(text).kind, OX_TYPE_OPAQUE);
}

/* ---- scopes ---- */

static ox_scope scope_of(const char *text)
{
    char file[1024];
    snprintf(file, sizeof file, "graph(%%x : int):\n  %%1 : int = a::b(%%x), scope: %s # a.py:1:2\n  return (%%1)\n",
             text);
    assert_ok(tx_open(&x, file), &x.err);
    return ox_node_scope(x.m, tx_main(&x, 0));
}

static void assert_scope(const char *text, const char *people, const char *path, const char *torch)
{
    char buf[512];
    ox_scope s = scope_of(text);
    ox_scope_print(x.m, s, buf, sizeof buf);
    assert_string_equal(buf, people);
    ox_scope_path(x.m, s, buf, sizeof buf);
    assert_string_equal(buf, path);
    const char *printed = strstr(tx_print(&x, OX_STYLE_TORCH), "scope: ") + 7;
    assert_int_equal(strncmp(printed, torch, strlen(torch)), 0);
    assert_int_equal(printed[strlen(torch)], ' ');
    assert_int_equal(ox_node_loc(x.m, tx_main(&x, 0)).id != 0, 1);
}

static void scopes_of_2018(void **state)
{
    (void)state;
    assert_scope("AlexNet/Sequential[features]/Conv2d[0]", "AlexNet/Sequential[features]/Conv2d[0]", "features.0",
                 "AlexNet::/Sequential::features/Conv2d::features.0");
    assert_scope("AlexNet", "AlexNet", "", "AlexNet::");
}

static void scopes_of_the_tracer(void **state)
{
    (void)state;
    char buf[128];
    ox_scope s = scope_of("__module.layer1/__module.layer1.0/__module.layer1.0.conv1");
    ox_scope_path(x.m, s, buf, sizeof buf);
    assert_string_equal(buf, "layer1.0.conv1");
    assert_int_equal(ox_scope_class(x.m, s).id, 0);
    assert_int_equal(ox_scope_depth(x.m, s), 4); /* the root is a level too */
    assert_non_null(
        strstr(tx_print(&x, OX_STYLE_TORCH), "scope: __module.layer1/__module.layer1.0/__module.layer1.0.conv1 #"));
    s = scope_of("__module.blocks.0/__module.blocks.0.attn");
    ox_scope_path(x.m, s, buf, sizeof buf);
    assert_string_equal(buf, "blocks.0.attn");
}

static void scopes_of_the_exporter(void **state)
{
    (void)state;
    const char *text = "a.Net::/b.Block::blocks.0/torch.nn.Sequential::mlp/c.GELU::mlp.1";
    assert_scope(text, "Net/Block[blocks.0]/Sequential[mlp]/GELU[1]", "blocks.0.mlp.1", text);
    text = "a.Net::/torch.nn.Sequential::features/c.Conv2d::features.0";
    assert_scope(text, "Net/Sequential[features]/Conv2d[0]", "features.0", text);
    text = "a.Net::/a.Cell::cell/a.Cell::cell";
    assert_scope(text, "Net/Cell[cell]/Cell[cell]", "cell.cell", text);
    text = "a.Net::/b.Seq::s/b.Seq::s.0/b.Seq::s.0.1";
    assert_scope(text, "Net/Seq[s]/Seq[0]/Seq[1]", "s.0.1", text);
    text = "a.f.<locals>.Net::";
    assert_scope(text, "Net", "", text);
}

static void scopes_of_users(void **state)
{
    (void)state;
    char buf[64];
    ox_scope_print(x.m, scope_of("my part/of it"), buf, sizeof buf);
    assert_string_equal(buf, "my part/of it");
}

static void scopes_are_shared(void **state)
{
    (void)state;
    assert_ok(
        tx_open(&x, "graph(%x : int):\n  %1 : int = a::b(%x), scope: N/A[a]/B[b]\n"
                    "  %2 : int = a::b(%x), scope: N/A[a]/B[b]\n  %3 : int = a::b(%x), scope: N/A[a]\n  return (%1)\n"),
        &x.err);
    ox_scope s = ox_node_scope(x.m, tx_main(&x, 0));
    assert_int_equal(s.id, ox_node_scope(x.m, tx_main(&x, 1)).id);
    assert_int_equal(ox_scope_parent(x.m, s).id, ox_node_scope(x.m, tx_main(&x, 2)).id);
    assert_int_equal(ox_model_scope_limit(x.m), 4);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(tensors, teardown),
        cmocka_unit_test_teardown(ranks, teardown),
        cmocka_unit_test_teardown(layouts, teardown),
        cmocka_unit_test_teardown(marks_of_2018, teardown),
        cmocka_unit_test_teardown(symbolic_dims, teardown),
        cmocka_unit_test_teardown(words, teardown),
        cmocka_unit_test_teardown(nested_types, teardown),
        cmocka_unit_test_teardown(types_print_back, teardown),
        cmocka_unit_test_teardown(deep_types_stay_text, teardown),
        cmocka_unit_test_teardown(scopes_of_2018, teardown),
        cmocka_unit_test_teardown(scopes_of_the_tracer, teardown),
        cmocka_unit_test_teardown(scopes_of_the_exporter, teardown),
        cmocka_unit_test_teardown(scopes_of_users, teardown),
        cmocka_unit_test_teardown(scopes_are_shared, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
