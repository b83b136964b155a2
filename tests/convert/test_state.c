/* Attributes that a graph sets in its module: --state io. */
#include "convert_test.h"

#define NET(body) "graph(%self : __torch__.Net, %x : Float(2, 3), %n : int):\n" body
#define GET(v, type, name) "  %" v " : " type " = prim::GetAttr[name=\"" name "\"](%self)\n"
#define SET(name, v) "   = prim::SetAttr[name=\"" name "\"](%self, %" v ")\n"
#define ONE "  %one : int = prim::Constant[value=1]()\n"
#define TRUE "  %t : bool = prim::Constant[value=1]()\n"

static ox_status add_numbers(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    return cv_plain(k, n < 2 ? n : 2, args, ud, err);
}

static void common(cv *c)
{
    c->opt.state_io = true;
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    CV_PLAIN(c, "aten::add.int", "a b", "Add");
    cv_add(c, "aten::add.Scalar", "self other alpha", add_numbers, (void *)(uintptr_t) "Add");
    cv_add(c, "aten::add.Tensor", "self other alpha", add_numbers, (void *)(uintptr_t) "Add");
}

static void signature(const cv *c, const char *want)
{
    ox__buf b = {0};
    ox_graph g = ox_model_main(c->out);
    for (size_t i = 0; i < ox_graph_n_inputs(c->out, g); i++)
        ox__buf_addf(&b, "%s ", ox_str_text(c->out, ox_value_name(c->out, ox_graph_input(c->out, g, i)), NULL));
    ox__buf_addz(&b, "->");
    for (size_t i = 0; i < ox_graph_n_outputs(c->out, g); i++)
        ox__buf_addf(&b, " %s", ox_str_text(c->out, ox_value_name(c->out, ox_graph_output(c->out, g, i)), NULL));
    assert_string_equal(b.p, want);
    ox__buf_free(&b);
}

/* What was set last is what is read, in the order of the graph. */
static void test_order(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             NET(GET("k", "int", "k") ONE "  %k1 : int = aten::add(%k, %n)\n" SET("k", "k1")
                     GET("k2", "int", "k") "  %y : Tensor = aten::add(%x, %k2, %one)\n"
                                           "  %k3 : int = aten::add(%k2, %k)\n" SET("k", "k3") "  return (%y)\n"),
             "onnx::Add(%state.k, %n)");
    signature(c, "x n state.k -> y state.k.out");
    cv_warns(c, "the attribute 'k' is the input state.k (int) and the output state.k.out");
    ox_value in = ox_graph_input(c->out, ox_model_main(c->out), 2);
    assert_string_equal(ox_str_text(c->out, ox_value_doc(c->out, in), NULL),
                        "the attribute 'k' of the module before the call");
}

static void test_set_alone(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c, NET("  %y : Tensor = aten::relu(%x)\n" SET("k", "n") "  return (%y)\n"), "onnx::Identity(%n)");
    signature(c, "x n state.k -> y state.k.out");
}

static void test_branch(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             "graph(%self : __torch__.Net, %x : Float(2, 3), %n : int, %c : bool):\n" GET("k", "int", "k")
                 GET("j", "int", "j") ONE "   = prim::If(%c)\n    block0():\n      %k1 : int = aten::add(%k, %n)\n" SET(
                     "k", "k1") "      -> ()\n    block1():\n" SET("j", "k") "      -> ()\n" GET("k2", "int", "k")
                     GET("j2", "int", "j") "  %y : Tensor = aten::add(%x, %k2, %one)\n"
                                           "  %z : Tensor = aten::add(%y, %j2, %one)\n  return (%z)\n",
             "onnx::If");
    signature(c, "x n c state.k state.j -> z state.k.out state.j.out");
    assert_non_null(strstr(c->text.p, "onnx::Add(%x, %"));
}

static void test_loop(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(
        c,
        NET(ONE TRUE "   = prim::Loop(%n, %t)\n    block0(%i : int):\n" GET(
            "k", "int",
            "k") "      %k1 : int = aten::add(%k, %i)\n" SET("k",
                                                             "k1") "      -> (%t)\n" GET("k2", "int",
                                                                                         "k") "  %y : Tensor = "
                                                                                              "aten::add(%x, %k2, "
                                                                                              "%one)\n  return (%y)\n"),
        "onnx::Loop(%n, %");
    signature(c, "x n state.k -> y state.k.out");
    assert_non_null(strstr(c->text.p, "%state.k"));
}

/* The module of a GetAttr is found by its path: two modules are two attributes. */
static void test_paths(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             NET(GET("a", "__torch__.Cell", "a") GET(
                 "b", "__torch__.Cell",
                 "b") "  %ak : int = prim::GetAttr[name=\"k\"](%a)\n  %bk : int = prim::GetAttr[name=\"k\"](%b)\n"
                      "   = prim::SetAttr[name=\"k\"](%a, %bk)\n   = prim::SetAttr[name=\"k\"](%b, %ak)\n"
                      "  %y : Tensor = aten::relu(%x)\n  return (%y)\n"),
             "onnx::Identity(%state.b.k)");
    signature(c, "x n state.a.k state.b.k -> y state.a.k.out state.b.k.out");
}

static void test_refused(void **state)
{
    static const struct {
        const char *trace, *why;
    } cases[] = {
        {NET("  %z : NoneType = prim::Constant()\n" SET("h", "z") "  return (%x)\n"), "may be None"},
        {NET("  %z : str = prim::Constant[value=\"a\"]()\n" SET("h", "z") "  return (%x)\n"),
         "only tensors and numbers can"},
        {NET(SET("h", "n") SET("h", "x") "  return (%x)\n"), "its type changes here"},
        {NET(SET("h", "x") "  return (%x)\n"), "its dtype is not known"},
        {NET("  %o : __torch__.Net = prim::If(%n)\n    block0():\n      -> (%self)\n    block1():\n      -> (%self)\n"
             "   = prim::SetAttr[name=\"k\"](%o, %n)\n  return (%x)\n"),
         "the module keeps state: it sets its attribute 'k'"},
    };
    cv *c = *state;
    common(c);
    for (size_t i = 0; i < OX__COUNT(cases); i++) cv_fails(c, cases[i].trace, OX_FAILURE_REFUSED, cases[i].why);
}

static void test_without(void **state)
{
    cv *c = *state;
    common(c);
    c->opt.state_io = false;
    const ox_failure *f =
        cv_fails(c, NET(SET("k", "n") "  return (%x)\n"), OX_FAILURE_REFUSED, "the module keeps state");
    assert_string_equal(f->hint, "export --state io makes it an input and an output");
}

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cv_setup, cv_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_order), TEST(test_set_alone), TEST(test_branch),  TEST(test_loop),
        TEST(test_paths), TEST(test_refused),   TEST(test_without),
    };
    return cmocka_run_group_tests_name("state", tests, NULL, NULL);
}
