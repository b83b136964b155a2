/* The passes, each on a small trace: what stands in the result. */
#include "convert_test.h"

static void common(cv *c)
{
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    CV_PLAIN(c, "aten::sigmoid", "self", "Sigmoid");
    CV_PLAIN(c, "aten::add", "self other", "Add");
    CV_PLAIN(c, "aten::mul", "self other", "Mul");
    CV_PLAIN(c, "aten::t", "self", "Transpose");
}

#define TRACE(in, body) "graph(" in "):\n" body
#define INT(n, v) "  %" n " : int = prim::Constant[value=" v "]()\n"

/* ---- constants ---- */
static void gives_list(cv *c, const char *trace, size_t n, const int64_t *want)
{
    cv_add(c, "acme::take", "x list", cv_record, c);
    ox_status s = cv_run(c, trace);
    if (s != OX_OK) fail_msg("%s", c->err.msg);
    assert_int_equal(c->args[1].kind, OX_ARG_LIST);
    assert_int_equal(c->args[1].n, n);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(c->args[1].items[i].kind, OX_ARG_INT);
        assert_int_equal(c->args[1].items[i].i, want[i]);
    }
}

#define TAKE(list) "  %y : Float(2) = acme::take(%x, " list ")\n  return (%y)\n"

static void test_constants(void **state)
{
    cv *c = *state;
    /* sizes, NumToTensor and back, arithmetic as in Python */
    gives_list(c,
               TRACE("%x : Float(7, 3)",
                     INT("z", "0") INT("o", "1")
                         INT("m", "-2") "  %n : int = aten::size(%x, %z)\n  %t : Long() = prim::NumToTensor(%n)\n  %i "
                                        ": int = aten::Int(%t)\n"
                                        "  %h : int = aten::floordiv(%i, %m)\n  %r : int = aten::remainder(%i, %m)\n"
                                        "  %k : int = aten::size(%x, %o)\n  %q : int = aten::mul(%k, %i)\n"
                                        "  %l : int[] = prim::ListConstruct(%i, %h, %r, %q)\n" TAKE("%l")),
               4, (int64_t[]){7, -4, -1, 21});
    /* lists: item, length, slice, sum */
    gives_list(
        c,
        TRACE("%x : Float(7, 3, 5)",
              INT("z", "0") INT("o", "1")
                  INT("n",
                      "9") "  %s : int[] = aten::size(%x)\n  %i : int = aten::__getitem__(%s, %o)\n  %e : int = "
                           "aten::len(%s)\n"
                           "  %u : NoneType = prim::Constant()\n  %t : int[] = aten::slice(%s, %o, %u, %o)\n"
                           "  %a : int[] = prim::ListConstruct(%i, %e)\n  %l : int[] = aten::add(%a, %t)\n" TAKE("%l")),
        4, (int64_t[]){3, 3, 3, 5});
    /* what tensors are: rank, number of elements, dtype */
    gives_list(c,
               TRACE("%x : Half(7, 3)",
                     "  %d : int = aten::dim(%x)\n  %n : int = aten::numel(%x)\n  %t : int = prim::dtype(%x)\n"
                     "  %l : int[] = prim::ListConstruct(%d, %n, %t)\n" TAKE("%l")),
               3, (int64_t[]){2, 21, 5});
}

static void test_constant_conditions(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%x : Float(2)", INT("o", "1") "  %d : int = aten::dim(%x)\n  %c : bool = aten::eq(%d, %o)\n"
                                                  "  %y : Float(2) = prim::If(%c)\n"
                                                  "    block0():\n      %a : Float(2) = aten::relu(%x)\n      -> (%a)\n"
                                                  "    block1():\n      %e : str = prim::Constant[value=\"no\"]()\n    "
                                                  "  %u : NoneType = prim::Constant()\n"
                                                  "      = prim::RaiseException(%e, %u)\n      -> (%x)\n"
                                                  "  return (%y)\n"),
             "%y : Float(2) = onnx::Relu(%x)\n");
    cv_gives(c,
             TRACE("%x : Float(2)", "  %u : NoneType = prim::Constant()\n  %c : bool = aten::__isnot__(%x, %u)\n  %k : "
                                    "bool = aten::__not__(%c)\n"
                                    "  %y : Float(2) = prim::If(%k)\n"
                                    "    block0():\n      %a : Float(2) = aten::relu(%x)\n      -> (%a)\n"
                                    "    block1():\n      %b : Float(2) = aten::sigmoid(%x)\n      -> (%b)\n"
                                    "  return (%y)\n"),
             "onnx::Sigmoid(%x)\n");
}

/* A dim that is dynamic is no constant: its size stays a question to the graph. */
static void test_dynamic(void **state)
{
    cv *c = *state;
    common(c);
    cv_add(c, "aten::size", "self dim", cv_record, c);
    const char *trace = TRACE(
        "%x : Float(2, 3)",
        "  %r : Float(2, 3) = aten::relu(%x)\n" INT("z", "0") INT(
            "o",
            "1") "  %n : int = aten::size(%r, %z)\n  %k : int = aten::size(%x, %o)\n"
                 "  %l : int[] = prim::ListConstruct(%n, %k)\n  %y : Float(2) = acme::take(%x, %l)\n  return (%y)\n");
    cv_add(c, "acme::take", "x list", cv_record, c);
    assert_ok(cv_run(c, trace), &c->err);
    assert_int_equal(c->args[1].items[0].kind, OX_ARG_INT);
    const ox_dynamic_axis axis = {"x", 0, "batch"};
    c->opt.n_dynamic = 1;
    c->opt.dynamic = &axis;
    assert_ok(cv_run(c, trace), &c->err);
    assert_int_equal(c->args[1].items[0].kind, OX_ARG_VALUE);
    assert_int_equal(c->args[1].items[1].kind, OX_ARG_INT);
    assert_int_equal(c->args[1].items[1].i, 3);
    cv_gives(c, TRACE("%x : Float(2, 3)", "  %y : Float(2, 3) = aten::relu(%x)\n  return (%y)\n"),
             "%y : Float(batch, 3) = onnx::Relu(%x)");
    const ox_dynamic_axis wrong = {"z", 0, "batch"}, beyond = {"x", 2, "batch"};
    c->opt.dynamic = &wrong;
    assert_int_equal(cv_run(c, trace), OX_E_INVALID);
    assert_string_equal(c->err.msg, "there is no input 'z' to be dynamic");
    c->opt.dynamic = &beyond;
    assert_int_equal(cv_run(c, trace), OX_E_INVALID);
    assert_string_equal(c->err.msg, "input 'x' has 2 dims, there is no dim 2");
}

/* ---- tuples ---- */
static void test_tuple_outputs(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%x : Float(2)",
                   "  %a : Float(2) = aten::relu(%x)\n  %b : Float(2) = aten::sigmoid(%x)\n"
                   "  %l : Float(2)[] = prim::ListConstruct(%b, %a)\n  %u : NoneType = prim::Constant()\n"
                   "  %t : (Float(2), Float(2)[], NoneType) = prim::TupleConstruct(%a, %l, %u)\n  return (%t)\n"),
             "  %a : Float(2) = onnx::Relu(%x)\n  %b : Float(2) = onnx::Sigmoid(%x)\n  %a_1 : Float(2) = "
             "onnx::Identity(%a)\n"
             "  return (%a, %b, %a_1);\n");
    cv_warns(c, "output 4 of the graph is None and is left out");
}

static void test_tuple_inputs(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%p : (Float(2), Float(2))", "  %a : Float(2), %b : Float(2) = prim::TupleUnpack(%p)\n" INT(
                                                    "o", "1") "  %i : Float(2) = prim::TupleIndex(%p, %o)\n  %s : "
                                                              "Float(2) = aten::add(%a, %i, %o)\n  return (%s)\n"),
             "graph(%p.0 : Float(2)\n      %p.1 : Float(2)) {\n  %s : Float(2) = onnx::Add(%p.0, %p.1)\n");
}

/* Its parts are inputs before dims are named: each can have one. */
static void test_dynamic_part_of_a_tuple(void **state)
{
    cv *c = *state;
    common(c);
    const ox_dynamic_axis axis = {"p.1", 0, "batch"}, whole = {"p", 0, "batch"};
    const char *trace =
        TRACE("%p : (Float(2), Float(2, 3))", "  %a : Float(2), %b : Float(2, 3) = prim::TupleUnpack(%p)\n"
                                              "  %y : Float(2, 3) = aten::relu(%b)\n  return (%y)\n");
    c->opt.n_dynamic = 1;
    c->opt.dynamic = &axis;
    cv_gives(c, trace, "%y : Float(batch, 3) = onnx::Relu(%p.1)");
    c->opt.dynamic = &whole;
    assert_int_equal(cv_run(c, trace), OX_E_INVALID);
    assert_string_equal(c->err.msg, "there is no input 'p' to be dynamic");
}

/* A module object that is still read is no input that has a name. */
static void test_dynamic_beside_a_module(void **state)
{
    cv *c = *state;
    common(c);
    const ox_dynamic_axis axis = {"x", 0, "batch"};
    const char *names[] = {"x"};
    c->opt.n_dynamic = 1;
    c->opt.dynamic = &axis;
    c->opt.input_names = names;
    c->opt.n_input_names = 1;
    cv_gives(c,
             TRACE("%self : __torch__.Net,\n      %in : Float(2, 3)",
                   "  %t : bool = prim::GetAttr[name=\"training\"](%self)\n"
                   "  %y : Float(2, 3) = aten::relu(%in)\n  return (%y)\n"),
             "%y : Float(batch, 3) = onnx::Relu(%x)");
}

static void test_tuples_in_branches(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%c : Bool(), %x : Float(2)",
                   "  %k : bool = aten::Bool(%c)\n  %t : (Float(2), Float(2)) = prim::If(%k)\n"
                   "    block0():\n      %a : Float(2) = aten::relu(%x)\n      %p : (Float(2), Float(2)) = "
                   "prim::TupleConstruct(%a, %x)\n      -> (%p)\n"
                   "    block1():\n      %b : Float(2) = aten::sigmoid(%x)\n      %q : (Float(2), Float(2)) = "
                   "prim::TupleConstruct(%x, %b)\n      -> (%q)\n"
                   "  %u : Float(2), %v : Float(2) = prim::TupleUnpack(%t)\n" INT(
                       "o", "1") "  %y : Float(2) = aten::add(%u, %v, %o)\n  return (%y)\n"),
             "onnx::If(%c)");
    assert_non_null(strstr(c->text.p, "onnx::Identity(%x)"));
    assert_null(strstr(c->text.p, "Tuple"));
}

/* ---- writes ---- */
static void test_inplace(void **state)
{
    cv *c = *state;
    common(c);
    /* later readers of what was written read the result */
    cv_gives(c,
             TRACE("%x : Float(2)", "  %a : Float(2) = aten::sigmoid(%x)\n  %b : Float(2) = aten::relu_(%a)\n" INT(
                                        "o", "1") "  %y : Float(2) = aten::add(%a, %b, %o)\n  return (%y)\n"),
             "%y : Float(2) = onnx::Add(%Relu_output_0, %Relu_output_0)\n");
    /* earlier ones what it was */
    cv_gives(
        c,
        TRACE("%x : Float(2)",
              "  %a : Float(2) = aten::sigmoid(%x)\n" INT(
                  "o",
                  "1") "  %s : Float(2) = aten::mul(%a, %a)\n"
                       "  %b : Float(2) = aten::relu_(%a)\n  %y : Float(2) = aten::add(%s, %a, %o)\n  return (%y)\n"),
        "onnx::Mul(%Sigmoid_output_0, %Sigmoid_output_0)");
    assert_non_null(strstr(c->text.p, "onnx::Add(%Mul_output_0, %Relu_output_0)"));
    /* what the graph returns */
    cv_gives(c,
             TRACE("%x : Float(2)",
                   "  %a : Float(2) = aten::sigmoid(%x)\n  %b : Float(2) = aten::relu_(%a)\n  return (%a)\n"),
             "%b : Float(2) = onnx::Relu(%Sigmoid_output_0)\n  return (%b);");
}

/* Whether `to` copies is not known, so what is written cannot be followed through it. */
#define MAYBE(out, in) "  %" out " : Float(4) = aten::to(%" in ", %z)\n"

static void test_view_writes(void **state)
{
    cv *c = *state;
    common(c);
    const ox_failure *f = cv_fails(
        c,
        TRACE("%x : Float(4)", "  %a : Float(4) = aten::sigmoid(%x)\n" INT("z", "0")
                                   MAYBE("v", "a") "  %w : Float(4) = aten::relu_(%a) # net.py:5:0\n"
                                                   "  %y : Float(4) = aten::relu(%v) # net.py:9:0\n  return (%y)\n"),
        OX_FAILURE_VIEW, "aten::relu_ writes to memory that aten::relu at net.py:9 reads later");
    assert_string_equal(f->file, "net.py");
    assert_int_equal(f->line, 5);
    /* a sibling */
    cv_fails(c,
             TRACE("%x : Float(4)",
                   "  %a : Float(4) = aten::sigmoid(%x)\n" INT("z", "0") MAYBE("u", "a")
                       MAYBE("v", "a") "  %w : Float(4) = aten::relu_(%u)\n  %y : Float(4) = aten::relu(%v)\n"
                                       "  return (%y)\n"),
             OX_FAILURE_VIEW, "the write would be lost");
    /* the base, which the graph returns */
    cv_fails(c,
             TRACE("%x : Float(4)", "  %a : Float(4) = aten::sigmoid(%x)\n" INT("z", "0")
                                        MAYBE("u", "a") "  %w : Float(4) = aten::relu_(%u)\n  return (%a)\n"),
             OX_FAILURE_VIEW, "the graph's return reads later");
}

/* Written back by the inverse of the view, and views made anew where they are read: here t is an Abs, to be seen. */
#define TURNED(out, in) "  %" out " : Float(2, 2) = aten::t(%" in ")\n"
#define OF_X(lines) TRACE("%x : Float(2, 2)", "  %a : Float(2, 2) = aten::sigmoid(%x)\n" lines)

static void test_written_back(void **state)
{
    cv *c = *state;
    common(c);
    CV_PLAIN(c, "aten::t", "self", "Abs");
    cv_gives(c,
             OF_X(TURNED("u", "a") TURNED("v", "a") "  %w : Float(2, 2) = aten::relu_(%u)\n"
                                                    "  %y : Float(2, 2) = aten::relu(%v)\n  return (%y)\n"),
             "  %Relu_output_0 : Float(2, 2) = onnx::Relu(%Abs_output_0)\n"
             "  %Abs_1_output_0 : Float(2, 2) = onnx::Abs(%Relu_output_0)\n"
             "  %Abs_2_output_0 : Float(2, 2) = onnx::Abs(%Abs_1_output_0)\n"
             "  %y : Float(2, 2) = onnx::Relu(%Abs_2_output_0)\n");
    /* through two views */
    cv_gives(c, OF_X(TURNED("u", "a") TURNED("v", "u") "  %w : Float(2, 2) = aten::relu_(%v)\n  return (%a)\n"),
             "  %Abs_2_output_0 : Float(2, 2) = onnx::Abs(%Relu_output_0)\n"
             "  %Abs_3_output_0 : Float(2, 2) = onnx::Abs(%Abs_2_output_0)\n");
    /* nobody reads the base: nothing is written back */
    cv_gives(c, OF_X(TURNED("u", "a") "  %y : Float(2, 2) = aten::relu_(%u)\n  return (%y)\n"),
             "  %y : Float(2, 2) = onnx::Relu(%Abs_output_0)\n");
    assert_null(strstr(c->text.p, "Abs_1"));
}

static void test_view_writes_that_hold(void **state)
{
    cv *c = *state;
    common(c);
    CV_PLAIN(c, "aten::view", "...", "Identity");
    CV_PLAIN(c, "aten::detach", "self", "Identity");
    /* nobody reads the base afterwards */
    cv_gives(c,
             TRACE("%x : Float(4)",
                   "  %a : Float(4) = aten::sigmoid(%x)\n  %d : Float(4) = aten::detach(%a)\n"
                   "  %w : Float(4) = aten::relu_(%d)\n  %y : Float(4) = aten::sigmoid(%a)\n  return (%y)\n"),
             "%y : Float(4) = onnx::Sigmoid(%Relu_output_0)"); /* detach is the same value */
    /* parts that do not overlap */
    cv_add(c, "aten::chunk", "self chunks dim", cv_refuse, (void *)(uintptr_t) "chunk");
    cv_fails(c,
             TRACE("%x : Float(4)",
                   "  %a : Float(4) = aten::sigmoid(%x)\n" INT("t", "2")
                       INT("z", "0") "  %l : Tensor[] = aten::chunk(%a, %t, %z)\n  %u : Float(2), %v : Float(2) = "
                                     "prim::ListUnpack(%l)\n"
                                     "  %w : Float(2) = aten::relu_(%u)\n" INT(
                                         "o", "1") "  %y : Float(2) = aten::add(%w, %v, %o)\n  return (%y)\n"),
             OX_FAILURE_REFUSED, "chunk");
    assert_null(cv_failure(c, OX_FAILURE_VIEW, ""));
}

static void test_writes_in_blocks(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%k : Bool(), %x : Float(2)",
                   "  %c : bool = aten::Bool(%k)\n  %a : Float(2) = aten::sigmoid(%x)\n   = prim::If(%c)\n"
                   "    block0():\n      %b : Float(2) = aten::relu_(%a)\n      -> ()\n    block1():\n      -> ()\n"
                   "  %y : Float(2) = aten::relu(%a)\n  return (%y)\n"),
             "  %y : Float(2) = onnx::Relu(%If_output_0)\n");
    /* a result of a branch may be the value from outside: what is written to it is seen there, and that cannot be said
     */
    cv_fails(c,
             TRACE("%k : Bool(), %x : Float(2)",
                   "  %c : bool = aten::Bool(%k)\n  %a : Float(2) = aten::sigmoid(%x)\n  %b : Float(2) = prim::If(%c)\n"
                   "    block0():\n      %d : Float(2) = aten::relu(%a)\n      -> (%d)\n    block1():\n      -> (%a)\n"
                   "  %e : Float(2) = aten::relu_(%b)\n  %y : Float(2) = aten::relu(%a)\n  return (%y)\n"),
             OX_FAILURE_VIEW, "the write would be lost");
    /* a loop carries what its rounds write to */
    cv_gives(
        c,
        TRACE("%n : int, %x : Float(2)",
              "  %t : bool = prim::Constant[value=1]()\n  %a : Float(2) = aten::sigmoid(%x)\n   = prim::Loop(%n, %t)\n"
              "    block0(%i : int):\n      %b : Float(2) = aten::relu_(%a)\n      -> (%t)\n"
              "  %y : Float(2) = aten::relu(%a)\n  return (%y)\n"),
        "onnx::Loop(%n, %Constant_output_0, %Sigmoid_output_0)");
    assert_non_null(strstr(c->text.p, "onnx::Relu(%Loop_output_0)"));
    /* the other branch, and a branch that reads its own write, are fine */
    cv_gives(c,
             TRACE("%k : Bool(), %x : Float(2)",
                   "  %c : bool = aten::Bool(%k)\n  %a : Float(2) = aten::sigmoid(%x)\n  %y : Float(2) = prim::If(%c)\n"
                   "    block0():\n      %b : Float(2) = aten::relu_(%a)\n      %d : Float(2) = aten::sigmoid(%a)\n    "
                   "  -> (%d)\n"
                   "    block1():\n      %e : Float(2) = aten::sigmoid(%a)\n      -> (%e)\n"
                   "  return (%y)\n"),
             "onnx::If(%k)");
}

/* Names that are apart in one round and the same memory in the next. */
static void test_writes_to_carried(void **state)
{
    cv *c = *state;
    common(c);
    cv_fails(c,
             TRACE("%n : int, %x : Float(2), %y : Float(2)",
                   "  %t : bool = prim::Constant[value=1]()\n"
                   "  %a : Float(2) = aten::sigmoid(%x)\n  %b : Float(2) = aten::sigmoid(%y)\n"
                   "  %u : Float(2), %v : Float(2) = prim::Loop(%n, %t, %a, %b)\n"
                   "    block0(%i : int, %p : Float(2), %q : Float(2)):\n      %w : Float(2) = aten::relu_(%p)\n"
                   "      %s : Float(2) = aten::sigmoid(%q)\n      -> (%t, %s, %s)\n  return (%u, %v)\n"),
             OX_FAILURE_VIEW, "has another name in the next round of the loop");
    /* what the first round was given is read again behind the loop */
    cv_fails(c,
             TRACE("%n : int, %x : Float(2)",
                   "  %t : bool = prim::Constant[value=1]()\n  %a : Float(2) = aten::sigmoid(%x)\n"
                   "  %u : Float(2) = prim::Loop(%n, %t, %a)\n    block0(%i : int, %p : Float(2)):\n"
                   "      %w : Float(2) = aten::relu_(%p)\n      %s : Float(2) = aten::sigmoid(%p)\n      -> (%t, %s)\n"
                   "  return (%u, %a)\n"),
             OX_FAILURE_VIEW, "the write would be lost");
}

static void test_other_writers(void **state)
{
    cv *c = *state;
    common(c);
    /* an argument `out`, which nobody reads as a result */
    cv_gives(c,
             TRACE("%x : Float(2)", "  %a : Float(2) = aten::sigmoid(%x)\n" INT(
                                        "o", "1") "  %r : Float(2) = aten::add(%x, %x, %o, %a)\n  return (%a)\n"),
             "onnx::Add(%x, %x)");
    assert_null(strstr(c->text.p, "Sigmoid"));
    /* a view of what is turned in place */
    cv_fails(c,
             TRACE("%x : Float(2, 3)", "  %a : Float(2, 3) = aten::sigmoid(%x)\n" INT(
                                           "z", "0") "  %v : Float(3) = aten::select(%a, %z, %z)\n"
                                                     "  %b : Float(3, 2) = aten::t_(%a)\n  return (%b, %v)\n"),
             OX_FAILURE_VIEW, "aten::t_ writes to memory that the graph's return reads later");
}

/* Reading in a block what was written before it, through an older name, is no write of the block's. */
static void test_reads_in_blocks(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(
        c,
        TRACE("%k : Bool(), %x : Float(2)",
              "  %c : bool = aten::Bool(%k)\n  %a : Float(2) = aten::sigmoid(%x)\n  %b : Float(2) = aten::relu_(%a)\n"
              "  %d : Float(2) = aten::sigmoid_(%a)\n  %y : Float(2) = prim::If(%c)\n"
              "    block0():\n      %e : Float(2) = aten::relu(%a)\n      -> (%e)\n"
              "    block1():\n      %f : Float(2) = aten::sigmoid(%b)\n      -> (%f)\n"
              "  %z : Float(2) = aten::mul(%a, %y)\n  return (%z)\n"),
        "onnx::Mul(%Sigmoid_1_output_0, %If_output_0)");
}

static void test_write_to_input(void **state)
{
    cv *c = *state;
    common(c);
    const char *trace = TRACE(
        "%x : Float(2)", "  %a : Float(2) = aten::relu_(%x)\n  %y : Float(2) = aten::sigmoid(%x)\n  return (%y)\n");
    cv_gives(c, trace, "%y : Float(2) = onnx::Sigmoid(%Relu_output_0)");
    cv_warns(c, "it writes to the graph's input x");
    c->opt.strict = true;
    cv_fails(c, trace, OX_FAILURE_VIEW, "it writes to the graph's input x");
}

/* ---- lists ---- */
static ox_status split2(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    ox_value v[4];
    size_t parts = ox_call_n_outputs(k);
    (void)n;
    ox_attr a = cv_int(k, "axis", 0);
    ox_status s = ox_call_op(k, "Split", 1, args, 1, &a, parts, v, err);
    ox_arg items[4];
    for (size_t i = 0; i < parts; i++) items[i] = (ox_arg){.kind = OX_ARG_VALUE, .v = v[i]};
    ox_arg list = {.kind = OX_ARG_LIST, .n = parts, .items = items};
    if (s != OX_OK) return s;
    return ud ? ox_call_return(k, 1, &list, err) : ox_call_return(k, parts, items, err);
}

static void test_lists(void **state)
{
    cv *c = *state;
    common(c);
    const char *trace = TRACE(
        "%x : Float(4)", INT("t", "2") INT("z", "0") "  %l : Tensor[] = aten::chunk(%x, %t, %z)\n"
                                                     "  %u : Float(2), %v : Float(2) = prim::ListUnpack(%l)\n  %w : "
                                                     "Tensor = aten::__getitem__(%l, %z)\n" INT(
                                                         "o", "1") "  %s : Float(2) = aten::add(%v, %w, %o)\n  %y : "
                                                                   "Float(2) = aten::add(%u, %s, %o)\n  return (%y)\n");
    for (int list = 0; list < 2; list++) {
        cv_add(c, "aten::chunk", "self chunks dim", split2, list ? c : NULL);
        cv_gives(c, trace, "%Split_output_0 : Float(2), %Split_output_1 : Float(2) = onnx::Split[axis=0](%x)");
        assert_non_null(strstr(c->text.p, "onnx::Add(%Split_output_1, %Split_output_0)"));
    }
    /* the form with attributes */
    cv_gives(c,
             TRACE("%x : Float(4)", "  %u : Float(2), %v : Float(2) = prim::ConstantChunk[chunks=2, dim=0](%x)\n" INT(
                                        "o", "1") "  %y : Float(2) = aten::add(%u, %v, %o)\n  return (%y)\n"),
             "onnx::Split[axis=0](%x)");
}

/* ---- modules ---- */
static void test_parameters_of_modules(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%self.1 : __torch__.Net, %x : Float(2)",
                   "  %fc : __torch__.Linear = prim::GetAttr[name=\"fc\"](%self.1)\n  %w : Float(2) = "
                   "prim::GetAttr[name=\"weight\"](%fc)\n" INT(
                       "o", "1") "  %y : Float(2) = aten::add(%x, %w, %o)\n  return (%y)\n"),
             "graph(%x : Float(2)\n      %fc.weight : Float(2)) {\n  %y : Float(2) = onnx::Add(%x, %fc.weight)");
    const ox_failure *f =
        cv_fails(c,
                 TRACE("%self.1 : __torch__.Net, %x : Float(2)",
                       "  %fc : __torch__.Linear = prim::GetAttr[name=\"fc\"](%self.1)\n"
                       "  %y : Tensor = prim::CallMethod[name=\"forward\"](%fc, %x)\n  return (%y)\n"),
                 OX_FAILURE_REFUSED, "the graph calls modules, whose code is not in it");
    assert_non_null(strstr(f->hint, "inlined_graph"));
    f = cv_fails(c,
                 TRACE("%self.1 : __torch__.Net, %x : Float(2)",
                       "  %w : InterfaceType<Worker> = prim::GetAttr[name=\"worker\"](%self.1)\n"
                       "  %y : Tensor = prim::CallMethod[name=\"forward\"](%w, %x)\n  return (%y)\n"),
                 OX_FAILURE_REFUSED, "through an interface (InterfaceType<Worker>)");
    assert_non_null(strstr(f->hint, "by its own class"));
    f = cv_fails(c,
                 TRACE("%self.1 : __torch__.Net, %x : Float(2)",
                       "  %w : __torch__.torch.classes.lib.Stack = prim::GetAttr[name=\"stack\"](%self.1)\n"
                       "  %y : Tensor = prim::CallMethod[name=\"pop\"](%w)\n  return (%y)\n"),
                 OX_FAILURE_REFUSED, "torch.classes.lib.Stack is a class of a C++ library");
    assert_non_null(strstr(f->hint, "operators of PyTorch"));
    assert_int_equal(ox_report_n_failures(c->report), 1);
}

/* What cannot be written as ONNX at all is told with what to do instead. */
static void test_hints(void **state)
{
    cv *c = *state;
    common(c);
    const ox_failure *f = cv_fails(c, TRACE("%x : Float(2)", "  %y : Tensor = aten::dequantize(%x)\n  return (%y)\n"),
                                   OX_FAILURE_MISSING, "there is no symbolic function of aten::dequantize");
    assert_non_null(strstr(f->hint, "before PyTorch quantised it"));
    f = cv_fails(c,
                 TRACE("%x : Float(2), %r : RRef[Tensor]", "  %s : float = prim::Constant[value=60.]()\n"
                                                           "  %y : Tensor = aten::to_here(%r, %s)\n  return (%y)\n"),
                 OX_FAILURE_MISSING, "there is no symbolic function of aten::to_here");
    assert_non_null(strstr(f->hint, "another process"));
}

static void test_border(void **state)
{
    cv *c = *state;
    common(c);
    const ox_failure *f = cv_fails(c, TRACE("%x : Tensor", "  %y : Tensor = aten::relu(%x)\n  return (%y)\n"),
                                   OX_FAILURE_REFUSED, "the dtype of input 1 (%x) is not known");
    assert_non_null(strstr(f->hint, "--input x=float32"));
    cv_gives(c, TRACE("%x : Float(*, *)", "  %y : Tensor = aten::relu(%x)\n  return (%y)\n"), "onnx::Relu");
}

/* ---- after conversion ---- */
static void test_control_flow(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%n : int, %x : Float(2)", "  %t : bool = prim::Constant[value=1]()\n" INT(
                                                  "o", "1") "  %y : Tensor = prim::Loop(%n, %t, %x)\n"
                                                            "    block0(%i : int, %a : Tensor):\n      %s : Tensor = "
                                                            "aten::add(%a, %i, %o)\n      -> (%t, %s)\n"
                                                            "  return (%y)\n"),
             "%y : Float(2) = onnx::Loop(%n, %Constant_output_0, %x)");
    assert_non_null(strstr(c->text.p, "block0(%i : Long(), %cond : Bool(), %a : Float(2))"));
    assert_non_null(strstr(c->text.p, "onnx::Cast[to=1](%i)")); /* an int does not make a float tensor an int one */
}

static void test_loop_that_grows(void **state)
{
    cv *c = *state;
    common(c);
    CV_PLAIN(c, "acme::grow", "x", "NonZero");
    cv_gives(c,
             TRACE("%n : int, %x : Long(2, 3)",
                   "  %t : bool = prim::Constant[value=1]()\n  %y : Tensor = prim::Loop(%n, %t, %x)\n"
                   "    block0(%i : int, %a : Tensor):\n      %s : Tensor = acme::grow(%a)\n      -> (%t, %s)\n"
                   "  return (%y)\n"),
             "%a : Long(2, *)");
}

static void test_peepholes(void **state)
{
    cv *c = *state;
    common(c);
    CV_PLAIN(c, "acme::gemm", "a b", "Gemm");
    CV_PLAIN(c, "acme::same", "a", "Identity");
    cv_gives(c,
             TRACE("%x : Float(2, 3)", "  %a : Float(3, 2) = aten::t(%x)\n  %b : Float(2, 3) = aten::t(%a)\n"
                                       "  %y : Float(2, 3) = aten::relu(%b)\n  return (%y)\n"),
             "{\n  %y : Float(2, 3) = onnx::Relu(%x)\n");
    cv_gives(c,
             TRACE("%x : Float(2, 3), %w : Float(4, 3)",
                   "  %a : Float(3, 4) = aten::t(%w)\n  %y : Float(2, 4) = acme::gemm(%x, %a)\n  return (%y)\n"),
             "{\n  %y : Float(2, 4) = onnx::Gemm[transB=1](%x, %w)\n");
    cv_gives(
        c,
        TRACE("%x : Float(2)", "  %a : Float(2) = acme::same(%x)\n  %y : Float(2) = aten::relu(%a)\n  return (%y)\n"),
        "{\n  %y : Float(2) = onnx::Relu(%x)\n");
    /* what the graph returns is made by a node of it */
    cv_gives(c, TRACE("%x : Float(2)", "  %y : Float(2) = acme::same(%x)\n  return (%y)\n"),
             "%y : Float(2) = onnx::Identity(%x)");
}

static void test_fold(void **state)
{
    cv *c = *state;
    common(c);
    CV_PLAIN(c, "acme::shape", "a", "Shape");
    const char *trace = TRACE(
        "%x : Float(2, 3)",
        "  %s : Long(2) = acme::shape(%x)\n" INT("o", "1") "  %y : Long(2) = aten::add(%s, %o, %o)\n  return (%y)\n");
    cv_gives(c, trace, "{\n  %y : Long(2) = onnx::Constant[value= 3  4 [ CPULongType{2} ]]()\n");
    c->opt.no_fold = true;
    cv_gives(c, trace, "onnx::Add(%Shape_output_0, %Constant_output_0)");
}

static void test_stats(void **state)
{
    cv *c = *state;
    common(c);
    cv_gives(c,
             TRACE("%x : Float(2)",
                   "  %a : Float(2) = aten::sigmoid(%x)\n  %y : Float(2) = aten::relu_(%a)\n  return (%y)\n"),
             "Relu");
    const ox_pass_stat *rows, *all;
    size_t n = ox_report_passes(c->report, &rows), k = ox_passes(&all);
    assert_int_equal(n, k);
    bool seen = false;
    for (size_t i = 0; i < n; i++) {
        assert_string_equal(rows[i].name, all[i].name);
        assert_true(rows[i].help[0]);
        seen = seen || (strcmp(rows[i].name, "inplace") == 0 && rows[i].changed == 1);
    }
    assert_true(seen);
}

#define T(f) cmocka_unit_test_setup_teardown(f, cv_setup, cv_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(test_constants),
        T(test_constant_conditions),
        T(test_dynamic),
        T(test_tuple_outputs),
        T(test_tuple_inputs),
        T(test_dynamic_part_of_a_tuple),
        T(test_dynamic_beside_a_module),
        T(test_tuples_in_branches),
        T(test_inplace),
        T(test_view_writes),
        T(test_written_back),
        T(test_view_writes_that_hold),
        T(test_writes_in_blocks),
        T(test_writes_to_carried),
        T(test_other_writers),
        T(test_reads_in_blocks),
        T(test_write_to_input),
        T(test_lists),
        T(test_parameters_of_modules),
        T(test_border),
        T(test_hints),
        T(test_control_flow),
        T(test_loop_that_grows),
        T(test_peepholes),
        T(test_fold),
        T(test_stats),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
