/* Scripts: loops, lists and dicts that are written to, optionals, state of modules. */
#include "convert_test.h"

#define TRACE(params, body) "graph(" params "):\n" body
#define INT(n, v) "  %" n " : int = prim::Constant[value=" v "]()\n"
#define TRUE "  %t : bool = prim::Constant[value=1]()\n"

static void common(cv *c)
{
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    CV_PLAIN(c, "aten::add", "self other", "Add");
    CV_PLAIN(c, "aten::neg", "self", "Neg");
}

#define ROUND "    block0(%i : int, %a : Tensor):\n      %b : Tensor = aten::neg(%a)\n      -> (%t, %b)\n"

static const char counted[] =
    TRACE("%x : Float(2, 3)", INT("n", "3") TRUE "  %y : Tensor = prim::Loop(%n, %t, %x)\n" ROUND "  return (%y)\n");

static void test_unrolled(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c, counted, "onnx::Neg(%x)");
    cv_gives(c, counted, "onnx::Neg(%Neg_1_output_0)");
    c->opt.no_unroll = true;
    cv_gives(c, counted, "onnx::Loop(");
    cv_warns(c, "is not unrolled: it becomes an ONNX Loop");
    c->opt.no_unroll = false;
    c->opt.unroll = 5;
    cv_gives(c, counted, "onnx::Loop(");
}

/* What was appended is there, in the order in which it was. */
static void test_list(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%x : Float(2, 3)",
                   INT("z", "1") "  %l : Tensor[] = prim::ListConstruct(%x)\n  %m : Tensor = aten::neg(%x)\n"
                                 "  %u : Tensor[] = aten::append(%l, %m)\n  %y : Tensor = aten::__getitem__(%l, %z)\n"
                                 "  %o : Tensor = aten::relu(%y)\n  return (%o)\n"),
             "onnx::Relu(%Neg_output_0)");
}

/* Two lists that only the caller gets are two, whatever holds them then; written to after that they are not followed.
 */
static void test_lists_returned(void **state)
{
    cv *c = *state;
    common(c);
#define TWO \
    "  %a : Tensor[] = prim::ListConstruct()\n  %b : Tensor[] = prim::ListConstruct()\n" \
    "  %m : Tensor = aten::neg(%x)\n  %r : Tensor = aten::relu(%x)\n  %u : Tensor[] = aten::append(%a, %m)\n"
#define PAIR "  %t : (Tensor[], Tensor[]) = prim::TupleConstruct(%a, %b)\n"
    cv_gives(c, TRACE("%x : Float(2)", TWO "  %v : Tensor[] = aten::append(%b, %r)\n" PAIR "  return (%t)\n"),
             "return (%m, %r)");
    assert_int_equal(cv_run(c, TRACE("%x : Float(2)", TWO PAIR "  %v : Tensor[] = aten::append(%b, %r)\n"
                                                               "  return (%t)\n")),
                     OX_E_CHECK);
}

#define BOX(name) "  " name " : __torch__.Box = prim::CreateObject()\n   = prim::SetAttr[name=\"at\"](" name ", %x)\n"
#define AT(name, of) "  " name " : Tensor = prim::GetAttr[name=\"at\"](" of ")\n"

/* What is read from an object that the graph makes is what was set last; objects in objects too. */
static void test_objects(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%x : Float(2)",
                   BOX("%b") AT("%u", "%b") "  %v : Tensor = aten::neg(%u)\n"
                                            "   = prim::SetAttr[name=\"at\"](%b, %v)\n" AT(
                                                "%w", "%b") "  %y : Tensor = aten::relu(%w)\n  return (%y)\n"),
             "onnx::Relu(%Neg_output_0)");
    cv_gives(c,
             TRACE("%x : Float(2)",
                   BOX("%b") "  %o : __torch__.Outer = prim::CreateObject()\n   = prim::SetAttr[name=\"box\"](%o, %b)\n"
                             "  %i : __torch__.Box = prim::GetAttr[name=\"box\"](%o)\n" AT(
                                 "%w", "%i") "  %y : Tensor = aten::relu(%w)\n  return (%y)\n"),
             "onnx::Relu(%x)");
    cv_gives(c,
             TRACE("%x : Float(2)", "  %g : __torch__.torch.autograd.grad_mode.no_grad = prim::CreateObject()\n"
                                    "  %e : NoneType = prim::Enter(%g)\n  %y : Tensor = aten::relu(%x)\n"
                                    "  %q : NoneType = prim::Exit(%g)\n  return (%y)\n"),
             "onnx::Relu(%x)");
}

/* One that a branch sets something in is not followed, nor one that goes into a list. */
static void test_objects_unfollowed(void **state)
{
    cv *c = *state;
    common(c);
    assert_int_equal(cv_run(c, TRACE("%x : Float(2), %c : bool",
                                     BOX("%b") "   = prim::If(%c)\n    block0():\n      %v : Tensor = aten::neg(%x)\n"
                                               "       = prim::SetAttr[name=\"at\"](%b, %v)\n      -> ()\n"
                                               "    block1():\n      -> ()\n" AT(
                                                   "%w", "%b") "  %y : Tensor = aten::relu(%w)\n  return (%y)\n")),
                     OX_E_CHECK);
    assert_non_null(cv_failure(c, OX_FAILURE_REFUSED, "is not followed to where it is read"));
    assert_int_equal(
        cv_run(c, TRACE("%x : Float(2)", BOX("%b") "  %l : __torch__.Box[] = prim::ListConstruct(%b)\n" AT(
                                             "%w", "%b") "  %y : Tensor = aten::relu(%w)\n"
                                                         "  %n : int = aten::len(%l)\n  return (%y, %n)\n")),
        OX_E_CHECK);
}

/* Where a declared type leaves open what a value is, the value decides; a tensor without dims may be a number. */
static void test_isinstance(void **state)
{
    cv *c = *state;
    common(c);
#define ASK(type, of) \
    "  %q : bool = prim::isinstance[types=[" type "]](" of ")\n  %y : Tensor = prim::If(%q)\n    block0():\n" \
    "      %r : Tensor = aten::relu(%x)\n      -> (%r)\n    block1():\n      %m : Tensor = aten::neg(%x)\n" \
    "      -> (%m)\n  return (%y)\n"
    cv_gives(c, TRACE("%x : Float(2)", ASK("Tensor", "%x")), "onnx::Relu(%x)");
    cv_gives(c, TRACE("%x : Float(2)", ASK("int[]", "%x")), "onnx::Neg(%x)");
    cv_gives(c, TRACE("%x : Float(2)", INT("i", "3") ASK("int", "%i")), "onnx::Relu(%x)");
    cv_gives(c, TRACE("%x : Float(2)", INT("i", "3") ASK("float, str", "%i")), "onnx::Neg(%x)");
    cv_gives(c, TRACE("%x : Float(2), %n : Float()", ASK("int", "%n")), "onnx::Neg(%x)");
    assert_int_equal(cv_run(c, TRACE("%x : Float(2), %n : Float()", ASK("Tensor", "%n"))), OX_E_CHECK);
}

static void test_constants_taken_apart(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%x : Float(2, 3, 4)",
                   "  %t : (int, int) = prim::Constant[value=(2, 1)]()\n  %i : int, %k : int = prim::TupleUnpack(%t)\n"
                   "  %q : bool = aten::gt(%i, %k)\n  %y : Tensor = prim::If(%q)\n    block0():\n"
                   "      %r : Tensor = aten::relu(%x)\n      -> (%r)\n    block1():\n      -> (%x)\n  return (%y)\n"),
             "onnx::Relu(%x)");
    cv_gives(c,
             TRACE("%x : Float(2, 3, 4)",
                   "  %p : str = prim::Constant[value=\"%d%%%s\"]()\n" INT(
                       "i", "3") "  %k : str = aten::percentFormat(%p, %i, %i)\n"
                                 "  %w : str = prim::Constant[value=\"3%3\"]()\n  %q : bool = aten::eq(%k, %w)\n"
                                 "  %y : Tensor = prim::If(%q)\n    block0():\n      %r : Tensor = aten::relu(%x)\n"
                                 "      -> (%r)\n    block1():\n      -> (%x)\n  return (%y)\n"),
             "onnx::Relu(%x)");
}

/* A list that may be one of two is not followed: nothing of it is believed. */
static void test_either_list(void **state)
{
    cv *c = *state;
    common(c);
    assert_int_equal(
        cv_run(c, TRACE("%x : Float(2, 3), %c : bool",
                        INT("z",
                            "0") "  %a : Tensor[] = prim::ListConstruct(%x)\n  %b : Tensor[] = prim::ListConstruct()\n"
                                 "  %l : Tensor[] = prim::If(%c)\n    block0():\n      -> (%a)\n    block1():\n"
                                 "      -> (%b)\n  %n : Tensor[] = aten::append(%l, %x)\n"
                                 "  %y : Tensor = aten::__getitem__(%a, %z)\n  %u : Tensor = aten::relu(%y)\n"
                                 "  return (%u)\n")),
        OX_E_CHECK);
}

static void test_dict(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%x : Float(2, 3)",
                   "  %k : str = prim::Constant[value=\"a\"]()\n  %d : Dict(str, Tensor) = prim::DictConstruct()\n"
                   "  %m : Tensor = aten::neg(%x)\n   = aten::_set_item(%d, %k, %m)\n"
                   "  %y : Tensor = aten::__getitem__(%d, %k)\n  %o : Tensor = aten::relu(%y)\n  return (%o)\n"),
             "onnx::Relu(%Neg_output_0)");
}

/* A branch that raises leaves the other one; an exception that comes for certain is a failure. */
static void test_raise(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%x : Float(2, 3), %c : bool",
                   "  %m : str = prim::Constant[value=\"no\"]()\n  %y : Tensor = prim::If(%c)\n    block0():\n"
                   "       = prim::RaiseException(%m)\n      %u : Tensor = prim::Uninitialized()\n      -> (%u)\n"
                   "    block1():\n      %r : Tensor = aten::relu(%x)\n      -> (%r)\n  return (%y)\n"),
             "onnx::Relu(%x)");
    cv_warns(c, "a check that raises an exception is left out");
    assert_int_equal(cv_run(c, TRACE("%x : Float(2, 3)",
                                     "  %m : str = prim::Constant[value=\"no\"]()\n   = prim::RaiseException(%m)\n"
                                     "  %y : Tensor = aten::relu(%x)\n  return (%y)\n")),
                     OX_E_CHECK);
    assert_non_null(cv_failure(c, OX_FAILURE_REFUSED, "the model raises an exception: no"));
}

static void test_optional_input(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%x : Float(2, 3), %o : Tensor?",
                   "  %n : NoneType = prim::Constant()\n  %c : bool = aten::__isnot__(%o, %n)\n"
                   "  %y : Tensor = prim::If(%c)\n    block0():\n      %v : Tensor = prim::unchecked_cast(%o)\n"
                   "      -> (%v)\n    block1():\n      %r : Tensor = aten::relu(%x)\n      -> (%r)\n  return (%y)\n"),
             "onnx::Relu(%x)");
    cv_warns(c, "the optional input 'o' is not given: it is None");
}

/* An operator of which an argument may be None stands in a branch for each. */
static void test_maybe_argument(void **state)
{
    cv *c = *state;
    common(c);
    CV_PLAIN(c, "aten::linear", "input weight bias", "Gemm");
    cv_gives(c,
             TRACE("%x : Float(2, 3), %w : Float(3, 4), %b : Float(4), %c : bool",
                   "  %n : NoneType = prim::Constant()\n  %m : Tensor? = prim::If(%c)\n    block0():\n"
                   "      -> (%b)\n    block1():\n      -> (%n)\n  %y : Tensor = aten::linear(%x, %w, %m)\n"
                   "  return (%y)\n"),
             "onnx::Gemm(%x, %w, %b)");
    assert_non_null(strstr(c->text.p, "onnx::Gemm(%x, %w)"));
}

/* Lists of numbers are compared as wholes, which the symbolic function is told by the overload. */
static void test_equal_lists(void **state)
{
    cv *c = *state;
    common(c);
    CV_PLAIN(c, "aten::eq.int_list", "a b", "Equal");
    CV_PLAIN(c, "aten::eq.Tensor", "self other", "And");
    CV_PLAIN(c, "aten::size", "self", "Shape");
    cv_gives(c,
             TRACE("%x : Float(*, 3), %y : Float(*, 3)",
                   "  %a : int[] = aten::size(%x)\n  %b : int[] = aten::size(%y)\n  %c : bool = aten::eq(%a, %b)\n"
                   "  return (%c)\n"),
             "onnx::Equal(%");
}

static void test_state(void **state)
{
    cv *c = *state;
    common(c);
    assert_int_equal(cv_run(c, TRACE("%self : __torch__.Net, %x : Float(2, 3)",
                                     "  %y : Tensor = aten::relu(%x)\n   = prim::SetAttr[name=\"h\"](%self, %y)\n"
                                     "  return (%y)\n")),
                     OX_E_CHECK);
    assert_non_null(cv_failure(c, OX_FAILURE_REFUSED, "the module keeps state: it sets its attribute 'h'"));
}

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cv_setup, cv_teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_unrolled),
        TEST(test_list),
        TEST(test_lists_returned),
        TEST(test_isinstance),
        TEST(test_objects),
        TEST(test_objects_unfollowed),
        TEST(test_constants_taken_apart),
        TEST(test_either_list),
        TEST(test_dict),
        TEST(test_raise),
        TEST(test_optional_input),
        TEST(test_maybe_argument),
        TEST(test_equal_lists),
        TEST(test_state),
    };
    return cmocka_run_group_tests_name("scripts", tests, NULL, NULL);
}
