/* The grammar of text traces: one test for each piece. */
#include "ox_text_test.h"

static tx x;

static int teardown(void **state)
{
    (void)state;
    tx_free(&x);
    return 0;
}

#define OPEN(text) assert_ok(tx_open(&x, (text)), &x.err)

static void inputs_with_commas(void **state)
{
    (void)state;
    OPEN("graph(%a : Float(2),\n      %b : Long()):\n  return (%a, %b)\n");
    ox_graph g = ox_model_main(x.m);
    assert_int_equal(ox_graph_n_inputs(x.m, g), 2);
    assert_string_equal(tx_str(&x, ox_value_name(x.m, ox_graph_input(x.m, g, 1))), "b");
    assert_int_equal(ox_graph_n_outputs(x.m, g), 2);
    assert_int_equal(ox_model_get_kind(x.m), OX_MODEL_TRACE);
    assert_int_equal(x.n_warnings, 0);
}

static void inputs_without_commas(void **state)
{
    (void)state;
    OPEN(
        "graph(%1 : Float(64, 3, 11, 11)\n      %2 : Float(64)\n      # a comment\n      %3 : Float(1)) { # the actual "
        "input!\n  return (%3);\n}\n");
    assert_int_equal(ox_graph_n_inputs(x.m, ox_model_main(x.m)), 3);
    assert_int_equal(x.n_warnings, 0);
}

static void inputs_in_one_line(void **state)
{
    (void)state;
    OPEN("graph(%a : int, %b : int[]):\n  return (%b)\n");
    assert_int_equal(ox_graph_n_inputs(x.m, ox_model_main(x.m)), 2);
}

static void no_inputs(void **state)
{
    (void)state;
    OPEN("graph():\n  %0 : int = prim::Constant[value=3]()\n  return (%0)\n");
    assert_int_equal(ox_graph_n_inputs(x.m, ox_model_main(x.m)), 0);
    assert_int_equal(ox_graph_n_nodes(x.m, ox_model_main(x.m)), 1);
}

static void no_types(void **state)
{
    (void)state;
    OPEN("graph(%x.1,\n      %n.1):\n  %c = onnx::Constant[value={3}]()\n  %a, %b = prim::Foo(%c, %x.1)\n  return "
         "(%a)\n");
    assert_int_equal(ox_graph_n_inputs(x.m, ox_model_main(x.m)), 2);
    assert_int_equal(ox_value_type(x.m, tx_value(&x, "x.1")).id, 0);
    assert_int_equal(ox_node_n_outputs(x.m, tx_main(&x, 1)), 2);
}

static void bare_operators(void **state)
{
    (void)state;
    OPEN("graph(%1 : Float(2)) {\n  %2 : UNKNOWN_TYPE = Conv[kernels=[1, 1]](%1), uses = [[%3.i0], [%4.i0, %5.i1]];\n"
         "  %3 : Float(2) = Relu(%2), uses = [], scope: DummyModule;\n  return (%3);\n}\n");
    ox_node n = tx_main(&x, 0);
    assert_true(ox_node_is(x.m, n, "", "Conv"));
    assert_int_equal(ox_value_type(x.m, tx_value(&x, "2")).id, 0);
    char buf[64];
    ox_scope_print(x.m, ox_node_scope(x.m, tx_main(&x, 1)), buf, sizeof buf);
    assert_string_equal(buf, "DummyModule");
    assert_int_equal(x.n_warnings, 0);
}

static void operators_with_domains(void **state)
{
    (void)state;
    OPEN("graph(%x : Tensor):\n  %1 : Tensor = my.domain::Foo(%x)\n  %2 : Tensor = aten::add.Tensor(%x, %1)\n"
         "  %3 : Tensor = local::Block.1(%x)\n  %4 : Tensor = onnx::Relu(%x)\n  return (%3)\n");
    assert_true(ox_node_is(x.m, tx_main(&x, 0), "my.domain", "Foo"));
    assert_true(ox_node_is(x.m, tx_main(&x, 1), "aten", "add"));
    assert_string_equal(tx_str(&x, ox_node_overload(x.m, tx_main(&x, 1))), "Tensor");
    assert_true(ox_node_is(x.m, tx_main(&x, 2), "local", "Block.1"));
    assert_string_equal(tx_str(&x, ox_node_domain(x.m, tx_main(&x, 3))), "");
}

static void node_without_outputs(void **state)
{
    (void)state;
    OPEN("graph(%x : Tensor,\n      %s : str):\n   = prim::RaiseException(%s, %x) # a.py:1:2\n  return (%x)\n");
    assert_int_equal(ox_node_n_outputs(x.m, tx_main(&x, 0)), 0);
    assert_int_equal(ox_node_n_inputs(x.m, tx_main(&x, 0)), 2);
}

static void onnx_names(void **state)
{
    (void)state;
    OPEN("graph(%x : Tensor):\n  %y : Tensor = onnx::Relu[onnx_name=\"/a/Re\\\"lu\"](%x)\n  return (%y)\n");
    assert_string_equal(tx_str(&x, ox_node_name(x.m, tx_main(&x, 0))), "/a/Re\"lu");
    const ox_attr *rows;
    assert_int_equal(ox_node_attrs(x.m, tx_main(&x, 0), &rows), 0);
}

static void absent_inputs(void **state)
{
    (void)state;
    OPEN("graph(%x : Tensor):\n  %y : Tensor = onnx::Clip(%x, %, %x)\n  return (%y)\n");
    assert_int_equal(ox_node_n_inputs(x.m, tx_main(&x, 0)), 3);
    assert_int_equal(ox_node_input(x.m, tx_main(&x, 0), 1).id, 0);
}

/* ---- names ---- */

static void odd_names(void **state)
{
    static const char *const names[] = {
        "w0 odd:name",
        "/features/features.0/Conv_output_0",
        "onnx::Conv_193",
        "a, b",
        "f(x)",
        "a : b",
        "a = b",
        "batch_norm_dead_output-273",
        "x)",
        "\xc3\xa9\xff",
        "\x01\x02",
        "100%",
    };
    (void)state;
    for (size_t i = 0; i < OX__COUNT(names); i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "graph(%%%s : Float(2),\n      %%q : int):\n  %%o %s : int = aten::f(%%q, %%%s, %%q), scope: A\n"
                 "  return (%%o %s, %%%s)\n",
                 names[i], names[i], names[i], names[i], names[i]);
        OPEN(text);
        ox_graph g = ox_model_main(x.m);
        assert_string_equal(tx_str(&x, ox_value_name(x.m, ox_graph_input(x.m, g, 0))), names[i]);
        assert_int_equal(ox_node_n_inputs(x.m, tx_main(&x, 0)), 3);
        assert_int_equal(ox_node_input(x.m, tx_main(&x, 0), 1).id, ox_graph_input(x.m, g, 0).id);
        assert_int_equal(ox_graph_n_outputs(x.m, g), 2);
        assert_int_equal(ox_graph_output(x.m, g, 1).id, ox_graph_input(x.m, g, 0).id);
    }
}

static void the_known_name_ends_a_reference(void **state)
{
    (void)state;
    OPEN("graph(%a : int,\n      %a) : int,\n      %b : int):\n  %c : int = aten::f(%a), %b)\n  return (%c)\n");
    assert_int_equal(ox_node_n_inputs(x.m, tx_main(&x, 0)), 2);
    assert_string_equal(tx_str(&x, ox_value_name(x.m, ox_node_input(x.m, tx_main(&x, 0), 0))), "a)");
}

static void unknown_types_stay_text(void **state)
{
    (void)state;
    OPEN("graph(%a : what is this,\n      %b : Frobnicator<3>):\n  return (%b)\n");
    ox_type_info t = ox_type_get(x.m, ox_value_type(x.m, tx_value(&x, "a")));
    assert_int_equal(t.kind, OX_TYPE_OPAQUE);
    assert_string_equal(tx_str(&x, t.names[0]), "what is this");
}

static void names_are_unique(void **state)
{
    (void)state;
    assert_fails(tx_open(&x, "graph(%a : int):\n  %b : int = aten::f(%a)\n  %b : int = aten::f(%a)\n  return (%b)\n"),
                 OX_E_FORMAT, "%b is defined twice, first in line 2", &x.err);
    assert_int_equal(x.err.line, 3);
    assert_int_equal(x.err.col, 3);
    assert_fails(tx_open(&x, "graph(%a : int,\n  %a : int):\n  return (%a)\n"), OX_E_FORMAT, "defined twice", &x.err);
}

static void names_are_defined_before(void **state)
{
    (void)state;
    assert_fails(tx_open(&x, "graph(%a : int):\n  %b : int = aten::f(%zz)\n  return (%b)\n"), OX_E_FORMAT,
                 "%zz is used but not defined before", &x.err);
    assert_int_equal(x.err.line, 2);
    assert_int_equal(x.err.col, 22);
    assert_true(x.err.hint[0]);
}

static void cycles_are_named(void **state)
{
    (void)state;
    assert_fails(tx_open(&x, "graph(%a : int):\n  %b : int = aten::f(%c)\n  %c : int = aten::f(%b)\n  return (%b)\n"),
                 OX_E_FORMAT, "line 3: a graph cannot have a cycle", &x.err);
}

/* ---- blocks ---- */

static const char nested[] = "graph(%c : bool,\n      %x : Tensor):\n"
                             "  %y : Tensor, %n : int = prim::If(%c)\n"
                             "    block0():\n"
                             "      %z : Tensor = aten::f(%x)\n"
                             "      %w : Tensor = prim::Loop(%z, %c, %x)\n"
                             "        block0(%i : int, %q : Tensor):\n"
                             "          -> (%c, %z)\n"
                             "      -> (%w, %c)\n"
                             "    block1():\n"
                             "      -> (%x, %c)\n"
                             "   = prim::Print()\n"
                             "  return (%y)\n";

static void blocks(void **state)
{
    (void)state;
    OPEN(nested);
    ox_node n = tx_main(&x, 0);
    assert_int_equal(ox_node_n_blocks(x.m, n), 2);
    assert_int_equal(ox_node_attr(x.m, n, "blocks")->kind, OX_ATTR_GRAPHS);
    ox_graph inner = ox_node_block(x.m, n, 0);
    assert_int_equal(ox_graph_n_nodes(x.m, inner), 2);
    ox_node loop = tx_node(&x, inner, 1);
    ox_graph body = ox_node_block(x.m, loop, 0);
    assert_int_equal(ox_graph_n_inputs(x.m, body), 2);
    assert_int_equal(ox_graph_n_outputs(x.m, body), 2);
    assert_int_equal(ox_graph_owner(x.m, body).id, loop.id);
    assert_int_equal(ox_graph_parent(x.m, body).id, inner.id);
    assert_int_equal(ox_graph_output(x.m, body, 1).id, ox_node_output(x.m, tx_node(&x, inner, 0), 0).id);
    assert_string_equal(tx_print(&x, OX_STYLE_TORCH), nested);
}

static void blocks_with_braces(void **state)
{
    (void)state;
    OPEN("graph(%c : Dynamic) {\n  %y : Dynamic = prim::If(%c)\n    block0() {\n      -> (%c)\n    }\n    block1() {\n"
         "      -> (%c)\n    }\n  return (%y);\n}\n");
    assert_int_equal(ox_node_n_blocks(x.m, tx_main(&x, 0)), 2);
    assert_int_equal(x.n_warnings, 0);
}

static void blocks_of_onnx(void **state)
{
    (void)state;
    OPEN("graph(%c : Bool(),\n      %n : Long()):\n  %y : Bool() = onnx::If(%c)\n    block0():\n      -> (%c)\n"
         "    block1():\n      -> (%c)\n  %z : Bool() = onnx::Loop(%n, %c, %c)\n"
         "    block0(%i : Long(), %d : Bool(), %e : Bool()):\n      -> (%d, %e)\n  return (%y)\n");
    assert_int_equal(ox_node_attr(x.m, tx_main(&x, 0), "then_branch")->kind, OX_ATTR_GRAPH);
    assert_non_null(ox_node_attr(x.m, tx_main(&x, 0), "else_branch"));
    assert_non_null(ox_node_attr(x.m, tx_main(&x, 1), "body"));
}

static void inner_names_shadow(void **state)
{
    (void)state;
    OPEN("graph(%c : bool,\n      %x : int):\n  %y : int = prim::If(%c)\n    block0():\n      %x : int = aten::f(%x)\n"
         "      -> (%x)\n    block1():\n      -> (%x)\n  return (%x)\n");
    ox_graph g = ox_model_main(x.m), b0 = ox_node_block(x.m, tx_main(&x, 0), 0);
    ox_value outer = ox_graph_input(x.m, g, 1);
    assert_int_equal(ox_node_input(x.m, tx_node(&x, b0, 0), 0).id, outer.id);
    assert_int_not_equal(ox_graph_output(x.m, b0, 0).id, outer.id);
    assert_int_equal(ox_graph_output(x.m, g, 0).id, outer.id);
}

static void block_errors(void **state)
{
    (void)state;
    assert_fails(tx_open(&x, "graph(%x : int):\n    block0():\n      -> ()\n  return (%x)\n"), OX_E_FORMAT,
                 "a block without a node", &x.err);
    assert_fails(tx_open(&x, "graph(%x : int):\n  -> (%x)\n  return (%x)\n"), OX_E_FORMAT, "none is open", &x.err);
    assert_fails(tx_open(&x, "graph(%x : int):\n  %y : int = prim::If(%x)\n    block0():\n  return (%x)\n"),
                 OX_E_FORMAT, "`return` inside a block", &x.err);
    assert_int_equal(x.err.line, 4);
    assert_fails(
        tx_open(&x, "graph(%x : int):\n  %y : int = prim::If(%x)\n    block0():\n      -> (%z)\n  return (%x)\n"),
        OX_E_FORMAT, "%z is used", &x.err);
    /* what a block defines is not seen outside */
    assert_fails(tx_open(&x,
                         "graph(%x : int):\n  %y : int = prim::If(%x)\n    block0():\n      %i : int = aten::f(%x)\n"
                         "      -> (%i)\n  return (%i)\n"),
                 OX_E_FORMAT, "%i is used", &x.err);
}

/* ---- sections ---- */

static const char sections[] = "graph(%x : Tensor):\n"
                               "  %1 : Future[Tensor] = prim::fork_0(%x)\n"
                               "  %2 : Future[Tensor] = prim::fork_1(%x)\n"
                               "  return (%1, %2)\n"
                               "with prim::fork_0 = graph(%x : Tensor):\n"
                               "  %1 : Future[Tensor] = prim::fork_0(%x)\n"
                               "  return (%1)\n"
                               "with prim::fork_0 = graph(%x : Tensor):\n"
                               "  %1 : Tensor = aten::relu(%x)\n"
                               "  return (%1)\n"
                               "with prim::fork_1 = graph(%x : Tensor):\n"
                               "  return (%x)\n";

static ox_graph called(ox_node n)
{
    return ox_model_find_function(x.m, ox_node_domain(x.m, n), ox_node_op(x.m, n), ox_node_overload(x.m, n));
}

static void sections_are_functions(void **state)
{
    (void)state;
    OPEN(sections);
    assert_int_equal(ox_model_n_functions(x.m), 3);
    ox_graph f0 = called(tx_main(&x, 0)), f1 = called(tx_main(&x, 1)), f00 = called(tx_node(&x, f0, 0));
    assert_int_equal(f0.id, ox_model_function(x.m, 0).id);
    assert_int_equal(f00.id, ox_model_function(x.m, 1).id);
    assert_int_equal(f1.id, ox_model_function(x.m, 2).id);
    assert_int_equal(ox_graph_get_kind(x.m, f00), OX_GRAPH_FUNCTION);
    assert_true(ox_node_is(x.m, tx_node(&x, f00, 0), "aten", "relu"));
    assert_string_equal(tx_print(&x, OX_STYLE_TORCH), sections);
}

static void section_errors(void **state)
{
    (void)state;
    assert_fails(tx_open(&x, "graph(%x : int):\n  return (%x)\nwith prim::fork_0 = graph(%y : int):\n  return (%x)\n"),
                 OX_E_FORMAT, "%x is used", &x.err);
    assert_int_equal(x.err.line, 4);
    assert_fails(tx_open(&x, "graph(%x : int):\n  return (%x)\nwith prim::fork_0 = graph(%y : int):\n"), OX_E_FORMAT,
                 "the text ends inside", &x.err);
}

/* ---- Python operators ---- */

static void python_operators(void **state)
{
    (void)state;
    static const char text[] =
        "graph(%x : Tensor):\n"
        "  %1 : Tensor = ^F[inplace=0, module=\"__main__\", Subgraph=<Graph>](0.5, na )(me, True, (1, 2))(%x)\n"
        "  %2 : Tensor = ^Dropout(0.5, True, False)(%1)\n"
        "  %3 : Tensor = ^SetItem((0, 0))(%2, %1)\n"
        "  %4 : Tensor = ^G()()\n"
        "  return (%3)\n";
    OPEN(text);
    ox_node f = tx_main(&x, 0);
    assert_true(ox_node_is(x.m, f, "^", "F"));
    assert_int_equal(ox_node_attr(x.m, f, "args")->kind, OX_ATTR_RAW);
    assert_string_equal(tx_str(&x, ox_node_attr(x.m, f, "args")->u.s), "0.5, na )(me, True, (1, 2)");
    assert_string_equal(tx_str(&x, ox_node_attr(x.m, f, "module")->u.s), "__main__");
    assert_int_equal(ox_node_n_inputs(x.m, f), 1);
    assert_string_equal(tx_str(&x, ox_node_attr(x.m, tx_main(&x, 2), "args")->u.s), "(0, 0)");
    assert_int_equal(ox_node_n_inputs(x.m, tx_main(&x, 2)), 2);
    assert_int_equal(ox_node_n_inputs(x.m, tx_main(&x, 3)), 0);
    assert_string_equal(tx_print(&x, OX_STYLE_TORCH), text);
}

/* ---- what follows ---- */

static void source_places(void **state)
{
    (void)state;
    OPEN("graph(%x : int):\n  %1 : int = a::b(%x) # C:\\a dir\\x.py:12:3\n  %2 : int = a::b(%x), scope: A # "
         "<string>:1:0\n"
         "  %3 : int = a::b(%x) # just a remark\n  return (%x)\n");
    ox_loc_info l = ox_loc_get(x.m, ox_node_loc(x.m, tx_main(&x, 0)));
    assert_string_equal(tx_str(&x, l.file), "C:\\a dir\\x.py");
    assert_int_equal(l.line, 12);
    assert_int_equal(l.col, 3);
    assert_string_equal(tx_str(&x, ox_loc_get(x.m, ox_node_loc(x.m, tx_main(&x, 1))).file), "<string>");
    assert_int_equal(ox_node_loc(x.m, tx_main(&x, 2)).id, 0);
    assert_int_equal(x.n_warnings, 0);
}

static void silent_lines(void **state)
{
    (void)state;
    OPEN("graph(%x : int) {\n  # a remark\n  -------- stage 1 --------\n\n  %1 : int = a::b(%x)\n  return (%1);\n}\n");
    assert_int_equal(x.n_warnings, 0);
    assert_int_equal(ox_graph_n_nodes(x.m, ox_model_main(x.m)), 1);
}

static void noise_is_counted(void **state)
{
    (void)state;
    OPEN("graph(%x : int):\n  %1 : int = a::b(%x)\nUserWarning: something\n  more of it\n  %2 : int = a::b(%1) junk\n"
         "  return (%2)\n");
    assert_int_equal(x.n_warnings, 1);
    assert_non_null(strstr(x.warnings[0].msg, "3 lines"));
    assert_non_null(strstr(x.warnings[0].msg, "UserWarning"));
    assert_int_equal(x.warnings[0].line, 3);
    assert_int_equal(ox_graph_n_nodes(x.m, ox_model_main(x.m)), 2);
}

static void line_ends(void **state)
{
    (void)state;
    OPEN("graph(%x : int,\r\n      %y : int):\r\n  %1 : int = a::b(%x, %y), scope: A\r\n  return (%1)\r\n");
    assert_int_equal(ox_graph_n_inputs(x.m, ox_model_main(x.m)), 2);
    assert_int_equal(x.n_warnings, 0);
    OPEN("graph(%x : int):\n  return (%x)"); /* no newline at the end */
}

/* ---- lines that cannot be read ---- */

static void broken_lines(void **state)
{
    static const struct {
        const char *line, *what;
        uint32_t col;
    } rows[] = {
        {"  %1 : int = ", "expected an operator", 14},
        {"  %1 : int = aten::relu", "expected an operator", 24},
        {"  %1 : int = aten::relu(%x", "not closed", 25},
        {"  %1 : int = aten::relu(x)", "expected `%name` or `)`", 25},
        {"  %1 : int = aten::relu[a=1(%x)", "does not end", 27},
        {"  %1 : int = aten::relu[a=\"b](%x)", "does not end", 27},
        {"  %1 : int = aten::relu[=1](%x)", "expected `name=value`", 25},
        {"  %1 : int = aten::relu[a=1]", "expected `(`", 29},
        {"  %1 : int = aten::relu[a=1, a=2](%x)", "attribute a is given twice", 30},
        {"  %1 : int", "where the name", 3},
        {"  %", "where the name", 3},
    };
    (void)state;
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        char text[256];
        snprintf(text, sizeof text, "graph(%%x : int):\n%s\n  return (%%x)\n", rows[i].line);
        assert_fails(tx_open(&x, text), OX_E_FORMAT, rows[i].what, &x.err);
        assert_int_equal(x.err.line, 2);
        if (x.err.col != rows[i].col) fail_msg("%s: column %u, expected %u", rows[i].line, x.err.col, rows[i].col);
        assert_string_equal(x.err.file, "trace.txt");
        assert_true(x.err.hint[0]);
        assert_null(x.m);
    }
    assert_fails(tx_open(&x, "graph(%x : int\n  oops\n  return (%x)\n"), OX_E_FORMAT, "in the inputs of the graph",
                 &x.err);
    assert_int_equal(x.err.line, 2);
}

/* The form of the documentation of 2018 reads back as it was. */
static void the_seed(void **state)
{
    static const char text[] =
        "graph(%actual_input_1 : Float(10, 3, 224, 224)\n"
        "      %learned_0 : Float(64, 3, 11, 11)\n"
        "      %n : Long()\n"
        "      %b : Bool(2*seq+1, *, batch)\n"
        "      %r : Float(...)) {\n"
        "  %17 : Float(10, 64, 55, 55) = onnx::Conv[dilations=[1, 1], group=1, kernel_shape=[11, 11], pads=[2, 2, 2, "
        "2], strides=[4, 4]](%actual_input_1, %learned_0), scope: AlexNet/Sequential[features]/Conv2d[0]\n"
        "  %18 : Tensor = onnx::If(%b)\n"
        "    block0() {\n"
        "      -> (%17)\n"
        "    }\n"
        "    block1() {\n"
        "      %19 : Float(3, 4)[] = acme::Warp[x=0.1, y=\"a\"](%17, %, %r)\n"
        "      -> (%19)\n"
        "    }\n"
        "  return (%17);\n"
        "}\n";
    (void)state;
    OPEN(text);
    assert_string_equal(tx_print(&x, OX_STYLE_SEED), text);
    assert_int_equal(x.n_warnings, 0);
}

static void refused_by_the_model(void **state)
{
    (void)state;
    assert_fails(tx_open(&x, "graph(%x : int):\n  %1 : int = prim::(%x)\n  return (%x)\n"), OX_E_FORMAT,
                 "expected an operator", &x.err);
    assert_int_equal(x.err.line, 2);
    assert_int_equal(x.err.col, 14);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(inputs_with_commas, teardown),
        cmocka_unit_test_teardown(inputs_without_commas, teardown),
        cmocka_unit_test_teardown(inputs_in_one_line, teardown),
        cmocka_unit_test_teardown(no_inputs, teardown),
        cmocka_unit_test_teardown(no_types, teardown),
        cmocka_unit_test_teardown(bare_operators, teardown),
        cmocka_unit_test_teardown(operators_with_domains, teardown),
        cmocka_unit_test_teardown(node_without_outputs, teardown),
        cmocka_unit_test_teardown(onnx_names, teardown),
        cmocka_unit_test_teardown(absent_inputs, teardown),
        cmocka_unit_test_teardown(odd_names, teardown),
        cmocka_unit_test_teardown(the_known_name_ends_a_reference, teardown),
        cmocka_unit_test_teardown(unknown_types_stay_text, teardown),
        cmocka_unit_test_teardown(names_are_unique, teardown),
        cmocka_unit_test_teardown(names_are_defined_before, teardown),
        cmocka_unit_test_teardown(cycles_are_named, teardown),
        cmocka_unit_test_teardown(blocks, teardown),
        cmocka_unit_test_teardown(blocks_with_braces, teardown),
        cmocka_unit_test_teardown(blocks_of_onnx, teardown),
        cmocka_unit_test_teardown(inner_names_shadow, teardown),
        cmocka_unit_test_teardown(block_errors, teardown),
        cmocka_unit_test_teardown(sections_are_functions, teardown),
        cmocka_unit_test_teardown(section_errors, teardown),
        cmocka_unit_test_teardown(python_operators, teardown),
        cmocka_unit_test_teardown(source_places, teardown),
        cmocka_unit_test_teardown(silent_lines, teardown),
        cmocka_unit_test_teardown(noise_is_counted, teardown),
        cmocka_unit_test_teardown(line_ends, teardown),
        cmocka_unit_test_teardown(broken_lines, teardown),
        cmocka_unit_test_teardown(the_seed, teardown),
        cmocka_unit_test_teardown(refused_by_the_model, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
