/* Shapes that hold a size of the trace (src/check/baked.c): what is found, and what is near it and is not. */
#include "world.h"

#include <onnxsh/io.h>

#define FIXED(name, n, text) "  %" name " : Long(" #n ") = onnx::Constant[value= " text " [ CPULongType{" #n "} ]]()\n"
#define SHAPE_0 \
    "  %d : Long(3) = onnx::Shape(%x)\n" \
    "  %z : Long() = onnx::Constant[value={0}]()\n" \
    "  %g : Long() = onnx::Gather[axis=0](%d, %z)\n" \
    "  %o : Long(1) = onnx::Constant[value={0}]()\n" \
    "  %n : Long(1) = onnx::Unsqueeze(%g, %o)\n"
/* Float(*, *, 6) that was (1, 4, 6) or longer: strides say the 4 */
#define OPEN "graph(%x : Float(*, *, 6, strides=[24, 6, 1])):\n"
#define RESHAPE "  %y : Float(*, *) = onnx::Reshape(%x, %s), scope: Net:: # net.py:7:0\n  return (%y)\n"

static const struct {
    const char *what, *graph, *ids, *part;
} cases[] = {
    {"no -1 takes the open dim up", "graph(%x : Float(*, 3, 4)):\n" FIXED("s", 2, "2 12") RESHAPE, "baked-shape ",
     "its shape holds the constant 12, made at 'net.py' line 7; dim 0 of 'x' is open, and the shape fits one size of "
     "it"},
    {"-1 takes it up", "graph(%x : Float(*, 3, 4)):\n" FIXED("s", 2, "-1 12") RESHAPE, "", ""},
    {"0 copies it", "graph(%x : Float(*, 3, 4)):\n" FIXED("s", 2, "0 12") RESHAPE, "", ""},
    {"a multiple of what the dim was",
     OPEN SHAPE_0 FIXED("a", 1, "8") FIXED("b", 1, "-1") "  %s : Long(3) = onnx::Concat[axis=0](%n, %a, %b)\n" RESHAPE,
     "baked-shape ",
     "the constant 8, made at 'net.py' line 7, 2 times dim 1 of 'x', which is open and was 4 in the trace"},
    {"a multiple of it, but the -1 carries the dim",
     OPEN SHAPE_0 FIXED("a", 1, "-1")
         FIXED("b", 2, "2 3") "  %s : Long(4) = onnx::Concat[axis=0](%n, %a, %b)\n" RESHAPE,
     "", ""},
    {"heads of a width that the dim happens to divide",
     OPEN SHAPE_0 "  %i : Long() = onnx::Constant[value={1}]()\n  %h : Long() = onnx::Gather[axis=0](%d, %i)\n"
                  "  %m : Long(1) = onnx::Unsqueeze(%h, %o)\n" FIXED(
                      "b", 2, "4 -1") "  %s : Long(4) = onnx::Concat[axis=0](%n, %m, %b)\n" RESHAPE,
     "", ""},
    {"a size that arithmetic made",
     OPEN SHAPE_0 FIXED("a", 1, "2") "  %t : Long(1) = onnx::Mul(%n, %a)\n" FIXED(
         "b", 1, "24") "  %s : Long(2) = onnx::Concat[axis=0](%t, %b)\n" RESHAPE,
     "", ""},
    {"fits multiples", "graph(%x : Float(*, 6)):\n" FIXED("s", 2, "4 -1") RESHAPE, "baked-shape ",
     "the shape fits multiples of 2 only"},
    {"fits all", "graph(%x : Float(*, 8)):\n" FIXED("s", 2, "-1 4") RESHAPE, "", ""},
    {"the batch is taken up elsewhere", "graph(%x : Float(*, 10, 8)):\n" FIXED("s", 3, "1 -1 8") RESHAPE,
     "suspect-shape ", "holds the constant 1, made at 'net.py' line 7; dim 0 of 'x' is open"},
    {"a fixed batch", "graph(%x : Float(2, 3, 4)):\n" FIXED("s", 2, "2 12") RESHAPE, "suspect-shape ",
     "the constant 2, made at 'net.py' line 7, which is dim 0 of 'x': the batch size is fixed"},
    {"a fixed batch with the next dim", "graph(%x : Float(2, 3, 4)):\n" FIXED("s", 2, "6 4") RESHAPE, "suspect-shape ",
     "the constant 6, made at 'net.py' line 7, 3 times dim 0 of 'x'"},
    {"a batch of one", "graph(%x : Float(1, 3, 4)):\n" FIXED("s", 2, "1 12") RESHAPE, "", ""},
    {"not the batch", "graph(%x : Float(2, 3, 4)):\n" FIXED("s", 2, "3 8") RESHAPE, "", ""},
    {"an aten view",
     "graph(%x : Float(2, 3, 4)):\n  %a : int = prim::Constant[value=2]() # net.py:5:0\n"
     "  %b : int = prim::Constant[value=12]()\n  %s : int[] = prim::ListConstruct(%a, %b)\n"
     "  %y : Float(2, 12) = aten::view(%x, %s)\n  return (%y)\n",
     "suspect-shape ", "the constant 2, made at 'net.py' line 5"},
    {"an aten view of a size",
     "graph(%x : Float(2, 3, 4)):\n  %a : int = prim::Constant[value=0]()\n"
     "  %n : int = aten::size(%x, %a)\n  %b : int = prim::Constant[value=12]()\n"
     "  %s : int[] = prim::ListConstruct(%n, %b)\n  %y : Float(2, 12) = aten::view(%x, %s)\n  return (%y)\n",
     "", ""},
    {"expanded to be joined",
     "graph(%x : Float(*, 3, 4),\n      %c : Float(1, 1, 4)):\n" FIXED(
         "s", 3, "2 1 4") "  %e : Float(2, 1, 4) = onnx::Expand(%c, %s)\n  %y : Float(*, 4, 4) = "
                          "onnx::Concat[axis=1](%e, %x)\n  return (%y)\n",
     "baked-shape ", "dim 0 of 'x' is open, and what is made is concatenated with it"},
    {"expanded as PyTorch writes it, to be joined",
     "graph(%x : Float(*, 3, 4),\n      %c : Float(1, 1, 4)):\n" FIXED("s", 3, "2 -1 -1") FIXED("m", 3, "-1 -1 -1")
         FIXED("o", 3, "1 1 1") "  %q : Bool(3) = onnx::Equal(%s, %m)\n  %t : Long(3) = onnx::Where(%q, %o, %s)\n"
                                "  %e : Float(2, 1, 4) = onnx::Expand(%c, %t)\n  %y : Float(*, 4, 4) = "
                                "onnx::Concat[axis=1](%e, %x)\n  return (%y)\n",
     "baked-shape ", "its shape holds the constant 2; dim 0 of 'x' is open, and what is made is concatenated with it"},
    {"expanded to be joined along the same dim",
     "graph(%x : Float(*, 3, 4),\n      %c : Float(1, 1, 4)):\n" FIXED(
         "s", 3, "2 3 4") "  %e : Float(2, 3, 4) = onnx::Expand(%c, %s)\n  %y : Float(*, 3, 4) = "
                          "onnx::Concat[axis=0](%e, %x)\n  return (%y)\n",
     "", ""},
    {"a constant of the batch's size, joined",
     "graph(%x : Float(*, 2, 2)):\n"
     "  %c : Float(2, 1, 2) = onnx::Constant[value= (1,.,.) = 1 1 (2,.,.) = 1 1 [ CPUFloatType{2,1,2} ]]()\n"
     "  %y : Float(*, 3, 2) = onnx::Concat[axis=1](%c, %x)\n  return (%y)\n",
     "baked-shape ", "dim 0 of the constant 'c' is 2, and it is joined with dim 0 of 'x', which is open"},
    {"a constant joined along dim 0",
     "graph(%x : Float(*, 2)):\n" FIXED("c", 2,
                                        "1 1") "  %d : Float(1, 2) = onnx::Unsqueeze[axes=[0]](%c)\n"
                                               "  %y : Float(*, 2) = onnx::Concat[axis=0](%d, %x)\n  return (%y)\n",
     "", ""},
    {"filled to what a dim was",
     OPEN FIXED("s", 2, "1 4") "  %y : Float(1, 4) = onnx::ConstantOfShape(%s)\n  return (%y)\n", "suspect-shape ",
     "which is dim 1 of 'x', which is open and was 4"},
    {"filled to another size",
     OPEN FIXED("s", 2, "1 5") "  %y : Float(1, 5) = onnx::ConstantOfShape(%s)\n  return (%y)\n", "", ""},
    {"sliced to what a dim was",
     OPEN FIXED("b", 1, "0") FIXED("e", 1, "4")
         FIXED("a", 1, "1") "  %y : Float(*, *, 6) = onnx::Slice(%x, %b, %e, %a)\n  return (%y)\n",
     "suspect-shape ", "the constant 4"},
    {"sliced to less",
     OPEN FIXED("b", 1, "0") FIXED("e", 1, "3")
         FIXED("a", 1, "1") "  %y : Float(*, *, 6) = onnx::Slice(%x, %b, %e, %a)\n  return (%y)\n",
     "", ""},
    {"resized with its batch",
     "graph(%x : Float(*, 3, 4, 4)):\n" FIXED(
         "s", 4,
         "1 3 8 8") "  %r : None = prim::Constant()\n"
                    "  %y : Float(*, 3, 8, 8) = onnx::Resize[mode=\"nearest\"](%x, %r, %r, %s)\n  return (%y)\n",
     "baked-shape ", "is resized to it"},
    {"resized without",
     "graph(%x : Float(1, 3, 4, 4)):\n" FIXED(
         "s", 4,
         "1 3 8 8") "  %r : None = prim::Constant()\n"
                    "  %y : Float(1, 3, 8, 8) = onnx::Resize[mode=\"nearest\"](%x, %r, %r, %s)\n  return (%y)\n",
     "", ""},
    {"two dims to compute", "graph(%x : Float(6)):\n" FIXED("s", 2, "-1 -1") RESHAPE, "reshape-dims ",
     "2 dims of its shape are -1"},
    {"a dim below -1", "graph(%x : Float(6)):\n" FIXED("s", 2, "3 -2") RESHAPE, "reshape-dims ",
     "dim 1 of its shape is -2"},
    {"a 0 that copies nothing", "graph(%x : Float(6)):\n" FIXED("s", 2, "6 0") RESHAPE, "reshape-dims ",
     "copies a dim that its data of rank 1 has not"},
    {"a 0 that is none, beside -1",
     "graph(%x : Float(0, 6)):\n" FIXED(
         "s", 2, "0 -1") "  %y : Float(0, 6) = onnx::Reshape[allowzero=1](%x, %s)\n  return (%y)\n",
     "reshape-dims ", "which allowzero=1 takes"},
    {"a 0 that copies, beside -1", "graph(%x : Float(3, 2)):\n" FIXED("s", 2, "0 -1") RESHAPE, "", ""},
};

static void open_text(world *w, const char *text)
{
    ox_model_free(w->m);
    w->m = NULL;
    ox_status s = ox_open_memory(&w->m, text, strlen(text), "case", NULL, NULL, NULL, &w->err);
    if (s != OX_OK) fail_msg("%s: %s\n%s", ox_status_text(s), w->err.msg, text);
    w->g = ox_model_main(w->m);
}

static void shapes(void **state)
{
    world *w = *state;
    for (size_t i = 0; i < OX__COUNT(cases); i++) {
        ox_check_options opt = {.only = "baked-shape,suspect-shape,reshape-dims"};
        open_text(w, cases[i].graph);
        const char *ids = run(w, &opt, NULL);
        if (strcmp(ids, cases[i].ids) != 0)
            fail_msg("%s: found '%s' (%s), expected '%s'", cases[i].what, ids, w->message, cases[i].ids);
        if (!strstr(w->message, cases[i].part))
            fail_msg("%s: '%s' lacks '%s'", cases[i].what, w->message, cases[i].part);
        if (*ids) assert_non_null(w->last.node.id ? w->last.check : NULL);
    }
}

static void the_trace_of_a_model_with_a_baked_size(void **state)
{
    world *w = *state;
    ox_model_free(w->m);
    w->m = NULL;
    assert_ok(ox_open(&w->m, OX_TESTS_DIR "/traces/baked_shape.verbose.graph.txt", NULL, NULL, NULL, &w->err), &w->err);
    assert_string_equal(run(w, NULL, NULL), "baked-shape ");
    says(w,
         "Reshape node '/Reshape': its shape holds the constant 8, made at 'export.py' line 29, 2 times dim 1 of 'x'");
    assert_int_equal(w->last.severity, OX_SEVERITY_WARNING);
    assert_string_equal(ox_str_text(w->m, ox_node_op(w->m, w->last.node), NULL), "Reshape");
}

/* The same in an ONNX model, whose open dim is a symbol; the shape is an initializer. */
static void symbols(void **state)
{
    world *w = *state;
    static const int64_t fixed[] = {2, 12}, two = 2;
    ox_dim dims[] = {ox_dim_symbol(w->m, str(w, "batch")), ox_dim_const(w->m, 3), ox_dim_const(w->m, 4)};
    ox_value x = input(w, w->g, "x", OX_FLOAT), in[2] = {x};
    ox_tensor t;
    assert_ok(ox_value_set_type(w->m, x, ox_type_tensor(w->m, OX_FLOAT, 3, dims), &w->err), &w->err);
    assert_ok(ox_tensor_add_raw(w->m, &t, OX_INT64, 1, &two, fixed, sizeof fixed, &w->err), &w->err);
    assert_ok(ox_graph_add_initializer(w->m, &in[1], w->g, str(w, "s"), t, &w->err), &w->err);
    node_in(w, w->g, "", "Reshape", "y", 2, in);
    finds(w, "baked-shape", "baked-shape ");
    says(w, "its shape holds the constant 12; dim 0 of 'x' is open");
    assert_ok(ox_value_set_type(w->m, x, ox_type_tensor(w->m, OX_FLOAT, OX_RANK_UNKNOWN, NULL), &w->err), &w->err);
    finds(w, "baked-shape", "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(shapes),
        CASE(the_trace_of_a_model_with_a_baked_size),
        CASE(symbols),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
