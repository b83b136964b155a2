/* A dim becomes dynamic (src/convert/dynamic.c, rebuild*.c, forget.c): what is rebuilt and how, what is left, what is
 * refused, and that undo takes all back. */
#include "ox_test.h"

#include "base/base.h"

#include <onnxsh/baked.h>
#include <onnxsh/io.h>
#include <onnxsh/journal.h>
#include <onnxsh/print.h>

typedef struct fixture {
    ox_model *m, *other;
    ox_baked *b;
    ox__buf text, before;
    ox_error err;
} fixture;

static int setup(void **state)
{
    static fixture fx;
    memset(&fx, 0, sizeof fx);
    *state = &fx;
    return 0;
}

static void close_all(fixture *fx)
{
    ox_model_free(fx->m);
    ox_model_free(fx->other);
    ox_baked_free(fx->b);
    fx->m = fx->other = NULL;
    fx->b = NULL;
}

static int teardown(void **state)
{
    fixture *fx = *state;
    close_all(fx);
    ox__buf_free(&fx->text);
    ox__buf_free(&fx->before);
    return 0;
}

static ox_status put(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)err;
    ox__buf_add(ud, s, n);
    return OX_OK;
}

static const char *print(fixture *fx, ox__buf *b, ox_style style)
{
    ox_print_options opt = {.style = style, .raw = true};
    ox_sink sink = {put, b};
    ox__buf_clear(b);
    assert_ok(ox_graph_print(fx->m, ox_model_main(fx->m), &opt, &sink, &fx->err), &fx->err);
    return b->p;
}

static void open_both(fixture *fx, const char *here, const char *there)
{
    close_all(fx);
    assert_ok(ox_open_memory(&fx->m, here, strlen(here), "t.txt", NULL, NULL, NULL, &fx->err), &fx->err);
    if (there)
        assert_ok(ox_open_memory(&fx->other, there, strlen(there), "o.txt", NULL, NULL, NULL, &fx->err), &fx->err);
    assert_ok(ox_journal_commit(fx->m, "open", &fx->err), &fx->err);
}

static ox_status make(fixture *fx, bool trust, size_t n, const ox_dynamic_axis *axes)
{
    const ox_model *others[1] = {fx->other};
    ox_dynamic_options opt = {.n_axes = n, .axes = axes, .baked = {fx->other ? 1 : 0, others, NULL}, .trust = trust};
    ox_baked_free(fx->b);
    return ox_dynamic_make(&fx->b, fx->m, &opt, &fx->err);
}

static const ox_dynamic_axis batch = {"x", 0, "batch"};

/* ---- traces ---- */
#define TRACE(b, s, bs) \
    "graph(%x : Float(" #b ", 3, " #s ")):\n" \
    "  %1 : int = prim::Constant[value=" #b "]()\n" \
    "  %2 : int = prim::Constant[value=" #bs "]()\n" \
    "  %3 : int = prim::Constant[value=3]()\n" \
    "  %n : NoneType = prim::Constant()\n" \
    "  %l : int[] = prim::ListConstruct(%2, %3)\n" \
    "  %y : Float(" #bs ", 3) = aten::view(%x, %l)\n" \
    "  %k : int[] = prim::Constant[value=[" #b ", 3]]()\n" \
    "  %z : Float(" #b ", 3) = aten::zeros(%k, %n, %n, %n, %n)\n" \
    "  %t : Long() = prim::Constant[value={" #s "}]()\n" \
    "  %d : Float(" #b ", 3) = aten::div(%z, %t)\n" \
    "  return (%y, %d)\n"

/* Lists, a list in one constant, a tensor; each size is made once; constants that are left over go. */
static void trace(void **st)
{
    fixture *fx = *st;
    const ox_dynamic_axis axes[] = {batch, {"x", -1, "s"}};
    open_both(fx, TRACE(2, 5, 10), TRACE(4, 7, 28));
    ox__buf_addz(&fx->before, "");
    print(fx, &fx->before, OX_STYLE_TORCH);
    assert_ok(make(fx, false, 2, axes), &fx->err);
    assert_string_equal(print(fx, &fx->text, OX_STYLE_TORCH),
                        "graph(%x : Float(batch, 3, s)):\n"
                        "  %1 : int = prim::Constant[value=2]()\n"
                        "  %3 : int = prim::Constant[value=3]()\n"
                        "  %n : NoneType = prim::Constant()\n"
                        "  %number : int = prim::Constant[value=0]()\n"
                        "  %size : int = aten::size(%x, %number)\n"
                        "  %number_1 : int = prim::Constant[value=2]()\n"
                        "  %size_1 : int = aten::size(%x, %number_1)\n"
                        "  %mul : int = aten::mul(%size, %size_1)\n"
                        "  %l : int[] = prim::ListConstruct(%mul, %3)\n"
                        "  %y : Float(*, *) = aten::view(%x, %l)\n"
                        "  %number_3 : int = prim::Constant[value=3]()\n"
                        "  %sizes : int[] = prim::ListConstruct(%size, %number_3)\n"
                        "  %z : Float(*, *) = aten::zeros(%sizes, %n, %n, %n, %n)\n"
                        "  %size_2 : Long() = prim::NumToTensor(%size_1)\n"
                        "  %d : Float(*, *) = aten::div(%z, %size_2)\n"
                        "  return (%y, %d)\n");
    assert_int_equal(ox_baked_n(fx->b), 3);
    for (size_t i = 0; i < 3; i++) assert_true(ox_baked_at(fx->b, i)->rebuilt);
    assert_ok(ox_journal_commit(fx->m, "dynamic", &fx->err), &fx->err);
    assert_ok(ox_journal_undo(fx->m, NULL, &fx->err), &fx->err);
    assert_string_equal(print(fx, &fx->text, OX_STYLE_TORCH), fx->before.p);
}

/* ---- ONNX nodes ---- */
#define ONNX(b, s, bs) \
    "graph(%x : Float(" #b ", 3, " #s ")) {\n" \
    "  %k : Long(2) = onnx::Constant[value= " #bs "  3 [ CPULongType{2} ]]()\n" \
    "  %y : Float(" #bs ", 3) = onnx::Reshape(%x, %k)\n" \
    "  %e : Int() = onnx::Constant[value={" #s "}]()\n" \
    "  %o : Int() = onnx::Constant[value={1}]()\n" \
    "  %z : Int() = onnx::Constant[value={0}]()\n" \
    "  %r : Int(" #s ") = onnx::Range(%z, %e, %o)\n" \
    "  %h : Long(1) = onnx::Constant[value={" #s "}]()\n" \
    "  %c : Float(" #s ") = onnx::ConstantOfShape(%h)\n" \
    "  return (%y, %r, %c);\n" \
    "}\n"

static void onnx(void **st)
{
    fixture *fx = *st;
    const ox_dynamic_axis axes[] = {batch, {"x", 2, "s"}};
    open_both(fx, ONNX(2, 5, 10), ONNX(4, 7, 28));
    assert_ok(make(fx, false, 2, axes), &fx->err);
    print(fx, &fx->text, OX_STYLE_SEED);
    static const char *const lines[] = {
        "%shape_1 : Long(3) = onnx::Shape(%x)",
        "%size_2 : Long(1) = onnx::Mul(%size, %size_1)",
        "%shape : Long(2) = onnx::Concat[axis=0](%size_2, %number_1)",
        "%y : Float(batch*s, 3) = onnx::Reshape(%x, %shape)",
        "%size_4 : Int() = onnx::Cast[to=6](%size_3)",
        "%r : Int(s) = onnx::Range(%z, %size_4, %o)",
        "%c : Float(s) = onnx::ConstantOfShape(%size_1)",
    };
    for (size_t i = 0; i < OX__COUNT(lines); i++)
        if (!strstr(fx->text.p, lines[i])) fail_msg("no\n%s\nin\n%s", lines[i], fx->text.p);
    assert_null(strstr(fx->text.p, "%k : "));
}

/* A tensor that repeats its content is expanded again; one that does not is left. */
#define REPEATED(b, n, content, other) \
    "graph(%x : Float(" #b ", 2)) {\n" \
    "  %k : Float(" #b ", 2) = onnx::Constant[value=" content " [ CPUFloatType{" #b ",2} ]]()\n" \
    "  %t : Float(" #b ", 2) = onnx::Constant[value=" other " [ CPUFloatType{" #b ",2} ]]()\n" \
    "  %n : Float() = onnx::Constant[value={" #n "}]()\n" \
    "  %y : Float(" #b ", 2) = onnx::Add(%x, %k)\n" \
    "  %z : Float(" #b ", 2) = onnx::Add(%y, %t)\n" \
    "  %d : Float(" #b ", 2) = onnx::Div(%z, %n)\n" \
    "  return (%d, %t);\n" \
    "}\n"

static void repeated(void **st)
{
    fixture *fx = *st;
    open_both(fx, REPEATED(2, 2, " 1  7  1  7", " 1  2  3  4"),
              REPEATED(3, 3, " 1  7  1  7  1  7", " 1  2  3  4  5  6"));
    assert_ok(make(fx, false, 1, &batch), &fx->err);
    print(fx, &fx->text, OX_STYLE_SEED);
    static const char *const lines[] = {
        "%content : Float(1, 2) = onnx::Constant[value= 1  7 [ CPUFloatType{1,2} ]]()",
        "%shape : Long(2) = onnx::Concat[axis=0](%size, %number_1)",
        "%expanded : Float(batch, 2) = onnx::Expand(%content, %shape)",
        "%y : Float(batch, 2) = onnx::Add(%x, %expanded)",
        "%size_2 : Float() = onnx::Cast[to=1](%size_1)",
        "%d : Float(2, 2) = onnx::Div(%z, %size_2)",
    };
    for (size_t i = 0; i < OX__COUNT(lines); i++)
        if (!strstr(fx->text.p, lines[i])) fail_msg("no\n%s\nin\n%s", lines[i], fx->text.p);
    assert_int_equal(ox_baked_n(fx->b), 4);
    assert_int_equal(ox_baked_at(fx->b, 0)->state, OX_BAKED_VARIES); /* %t, where it is made and returned */
    assert_true(ox_baked_at(fx->b, 0)->is_result);
    assert_string_equal(ox_baked_at(fx->b, 0)->values, "(2, 2), (3, 2)");
    assert_int_equal(ox_baked_at(fx->b, 2)->state, OX_BAKED_VARIES);
}

/* A tensor that counts is counted again, and expanded where it repeats that. */
#define COUNTS(b, n, bn, one, two) \
    "graph(%x : Float(" #b ", " #n ")) {\n" \
    "  %k : Long(" #n ") = onnx::Constant[value=" one " [ CPULongType{" #n "} ]]()\n" \
    "  %t : Float(" #b ", " #n ") = onnx::Constant[value=" two " [ CPUFloatType{" #b "," #n "} ]]()\n" \
    "  %y : Float(" #b ", " #n ") = onnx::Gather[axis=1](%x, %k)\n" \
    "  %z : Float(" #b ", " #n ") = onnx::Add(%y, %t)\n" \
    "  return (%z);\n" \
    "}\n"

static void counted(void **st)
{
    fixture *fx = *st;
    const ox_dynamic_axis axes[] = {batch, {"x", 1, "n"}};
    open_both(fx, COUNTS(2, 3, 6, " 0  1  2", " 0  1  2  0  1  2"), COUNTS(3, 2, 6, " 0  1", " 0  1  0  1  0  1"));
    assert_ok(make(fx, false, 2, axes), &fx->err);
    print(fx, &fx->text, OX_STYLE_SEED);
    static const char *const lines[] = {
        "%count : Long(n) = onnx::Range(%number, %size, %number_2)",
        "%y : Float(batch, n) = onnx::Gather[axis=1](%x, %count)",
        "%count_1 : Long(n) = onnx::Range(",
        " : Float(n) = onnx::Cast[to=1](%count_1)",
        "%expanded : Float(1, n) = onnx::Reshape(",
        "%expanded_1 : Float(batch, n) = onnx::Expand(%expanded, %shape",
        "%z : Float(batch, n) = onnx::Add(%y, %expanded_1)",
    };
    for (size_t i = 0; i < OX__COUNT(lines); i++)
        if (!strstr(fx->text.p, lines[i])) fail_msg("no\n%s\nin\n%s", lines[i], fx->text.p);
    open_both(fx, COUNTS(2, 3, 6, " 0  1  2", " 0  1  2  0  1  3"), COUNTS(3, 2, 6, " 0  1", " 0  1  0  1  0  1"));
    assert_ok(make(fx, false, 2, axes), &fx->err);
    assert_int_equal(ox_baked_at(fx->b, 1)->state, OX_BAKED_VARIES);
}

/* A tensor of sizes that something is scaled by, whole or as floats. */
#define SCALE(h, w) \
    "graph(%x : Float(1, " #h ", " #w ", 4)) {\n" \
    "  %k : Float(4) = onnx::Constant[value= " #w "  " #h "  " #w "  1 [ CPUFloatType{4} ]]()\n" \
    "  %y : Float(1, " #h ", " #w ", 4) = onnx::Mul(%x, %k)\n" \
    "  return (%y);\n" \
    "}\n"
#define SCALE_TRACE(h, w) \
    "graph(%x : Float(1, " #h ", " #w ", 2)):\n" \
    "  %k : Long(2) = prim::Constant[value= " #w "  " #h " [ CPULongType{2} ]]()\n" \
    "  %y : Float(1, " #h ", " #w ", 2) = aten::mul(%x, %k)\n" \
    "  return (%y)\n"

static void vectors(void **st)
{
    fixture *fx = *st;
    const ox_dynamic_axis axes[] = {{"x", 1, "h"}, {"x", 2, "w"}};
    open_both(fx, SCALE(8, 12), SCALE(10, 18));
    assert_ok(make(fx, false, 2, axes), &fx->err);
    assert_int_equal(ox_baked_n(fx->b), 3);
    for (size_t i = 0; i < 3; i++) assert_true(ox_baked_at(fx->b, i)->rebuilt);
    print(fx, &fx->text, OX_STYLE_SEED);
    assert_non_null(strstr(fx->text.p, "%y : Float(1, h, w, 4) = onnx::Mul(%x, %shape"));
    assert_non_null(strstr(fx->text.p, ": Float(1) = onnx::Cast[to=1](%size"));
    open_both(fx, SCALE_TRACE(8, 12), SCALE_TRACE(10, 18));
    assert_ok(make(fx, false, 2, axes), &fx->err);
    static const char *const lines[] = {
        "%sizes : int[] = prim::ListConstruct(%size, %size_1)",
        "%tensor : Long(*) = aten::tensor(%sizes, %none, %none, %no)",
        "aten::mul(%x, %tensor)",
    };
    print(fx, &fx->text, OX_STYLE_TORCH);
    for (size_t i = 0; i < OX__COUNT(lines); i++)
        if (!strstr(fx->text.p, lines[i])) fail_msg("no\n%s\nin\n%s", lines[i], fx->text.p);
}

/* ---- two forms that fit ---- */
#define SCALED(h, half, twice) \
    "graph(%x : Float(1, 1, " #h ", 6)) {\n" \
    "  %y : Float(1, 1, " #half ", 3) = onnx::MaxPool[kernel_shape=[2, 2], strides=[2, 2]](%x)\n" \
    "  %o : Long(4) = onnx::Constant[value= 0  0  0  0 [ CPULongType{4} ]]()\n" \
    "  %k : Long(4) = onnx::Constant[value= 1  1  " #twice "  6 [ CPULongType{4} ]]()\n" \
    "  %z : Float(1, 1, " #half ", 3) = onnx::Slice(%y, %o, %k)\n" \
    "  return (%z);\n" \
    "}\n"

#define RESIZED(h, half, twice) \
    "graph(%x : Float(1, 1, " #h ", 6)) {\n" \
    "  %y : Float(1, 1, " #half ", 3) = onnx::MaxPool[kernel_shape=[2, 2], strides=[2, 2]](%x)\n" \
    "  %none : NoneType = prim::Constant()\n" \
    "  %k : Long(4) = onnx::Constant[value= 1  1  " #twice "  6 [ CPULongType{4} ]]()\n" \
    "  %z : Float(1, 1, " #twice ", 6) = onnx::Resize(%y, %none, %none, %k)\n" \
    "  return (%z);\n" \
    "}\n"

/* 2 y and x are the same for even sizes, so the nearer one is taken; where one size was odd, the sizes tell. */
static void forms_agree(void **st)
{
    fixture *fx = *st;
    const ox_dynamic_axis h = {"x", 2, "h"};
    open_both(fx, SCALED(8, 4, 8), SCALED(12, 6, 12));
    assert_ok(make(fx, false, 1, &h), &fx->err);
    assert_true(ox_baked_at(fx->b, 0)->rebuilt);
    assert_string_equal(ox_baked_at(fx->b, 0)->form, "2*%y:2");
    assert_string_equal(ox_baked_at(fx->b, 0)->why,
                        "a dim of an input; sizes that are no multiples as these are may take x:2");
    open_both(fx, SCALED(8, 4, 8), SCALED(13, 6, 12));
    assert_ok(make(fx, false, 1, &h), &fx->err);
    assert_string_equal(ox_baked_at(fx->b, 0)->form, "2*%y:2");
    assert_string_equal(ox_baked_at(fx->b, 0)->why, "in proportion to what it reads");
    open_both(fx, RESIZED(8, 4, 8), RESIZED(12, 6, 12)); /* to the size of another */
    assert_ok(make(fx, false, 1, &h), &fx->err);
    assert_string_equal(ox_baked_at(fx->b, 0)->form, "x:2");
    open_both(fx, SCALED(8, 4, 8), SCALED(13, 6, 13));
    assert_ok(make(fx, false, 1, &h), &fx->err);
    assert_string_equal(ox_baked_at(fx->b, 0)->form, "x:2");
}

#define CHANCE(b, h, half, twice) \
    "graph(%x : Float(" #b ", 1, " #h ", 4)) {\n" \
    "  %y : Float(" #b ", 1, " #half ", 2) = onnx::MaxPool[kernel_shape=[2, 2], strides=[2, 2]](%x)\n" \
    "  %o : Float(4) = onnx::Constant[value= 1  1  2  2 [ CPUFloatType{4} ]]()\n" \
    "  %k : Long(2) = onnx::Constant[value= " #twice "  4 [ CPULongType{2} ]]()\n" \
    "  %r : Float(" #twice ", 4) = onnx::ConstantOfShape(%k)\n" \
    "  %e : Float(" #twice ", 4) = onnx::Expand(%y, %k)\n" \
    "  return (%r, %e);\n" \
    "}\n"

/* Sizes that change in proportion: a plain dim of an input, and twice one of what the node reads, differ elsewhere. */
static void forms_disagree(void **st)
{
    fixture *fx = *st;
    const ox_dynamic_axis axes[] = {batch, {"x", 2, "h"}};
    open_both(fx, CHANCE(6, 6, 3, 6), CHANCE(10, 11, 5, 10));
    assert_ok(make(fx, false, 2, axes), &fx->err);
    assert_int_equal(ox_baked_n(fx->b), 2);
    assert_string_equal(ox_baked_at(fx->b, 0)->form, "x:0");
    assert_true(ox_baked_at(fx->b, 0)->rebuilt); /* nothing is near */
    assert_string_equal(ox_baked_at(fx->b, 1)->form, "%y:0");
}

#define RIVAL(b, h, half, twice) \
    "graph(%x : Float(" #b ", 1, " #h ", 4)) {\n" \
    "  %y : Float(" #b ", 1, " #half ", 2) = onnx::MaxPool[kernel_shape=[2, 2], strides=[2, 2]](%x)\n" \
    "  %o : Long(1) = onnx::Constant[value={0}]()\n" \
    "  %a : Long(1) = onnx::Constant[value={2}]()\n" \
    "  %k : Long(1) = onnx::Constant[value={" #twice "}]()\n" \
    "  %z : Float(" #b ", 1, " #half ", 2) = onnx::Slice(%y, %o, %k, %a)\n" \
    "  return (%z);\n" \
    "}\n"

/* A dim in the middle is known by its type only: then the other form is seen to differ. */
static void forms_rival(void **st)
{
    fixture *fx = *st;
    const ox_dynamic_axis axes[] = {batch, {"x", 2, "h"}};
    open_both(fx, RIVAL(4, 8, 4, 8), RIVAL(6, 12, 6, 12));
    assert_ok(make(fx, false, 2, axes), &fx->err);
    assert_int_equal(ox_baked_at(fx->b, 0)->state, OX_BAKED_UNSURE);
    assert_false(ox_baked_at(fx->b, 0)->rebuilt);
    open_both(fx, RIVAL(4, 8, 4, 8), RIVAL(5, 12, 6, 12));
    assert_ok(make(fx, false, 2, axes), &fx->err);
    assert_true(ox_baked_at(fx->b, 0)->rebuilt);
}

/* ---- two dims ---- */
#define CROP(large, small, start, end) \
    "graph(%x : Float(3, " #large "), %y : Float(3, " #small ")) {\n" \
    "  %s : Long(1) = onnx::Constant[value={" #start "}]()\n" \
    "  %e : Long(1) = onnx::Constant[value={" #end "}]()\n" \
    "  %a : Long(1) = onnx::Constant[value={1}]()\n" \
    "  %z : Float(3, " #small ") = onnx::Slice(%x, %s, %e, %a)\n" \
    "  return (%z);\n" \
    "}\n"

static void cropped(void **st)
{
    fixture *fx = *st;
    const ox_dynamic_axis axes[] = {{"x", 1, "large"}, {"y", 1, "small"}};
    ox_model *third = NULL;
    open_both(fx, CROP(20, 13, 3, 16), CROP(33, 22, 5, 27));
    assert_ok(
        ox_open_memory(&third, CROP(45, 26, 9, 35), strlen(CROP(45, 26, 9, 35)), "p.txt", NULL, NULL, NULL, &fx->err),
        &fx->err);
    const ox_model *others[] = {fx->other, third};
    ox_dynamic_options opt = {.n_axes = 2, .axes = axes, .baked = {2, others, NULL}};
    ox_baked_free(fx->b);
    assert_ok(ox_dynamic_make(&fx->b, fx->m, &opt, &fx->err), &fx->err);
    ox_model_free(third);
    static const char *const lines[] = {
        "%size_2 : Long(1) = onnx::Sub(%size, %size_1)",
        "%size_3 : Long(1) = onnx::Div(%size_2, %number",
        " : Long(1) = onnx::Add(%size, %size_1)",
    };
    print(fx, &fx->text, OX_STYLE_SEED);
    for (size_t i = 0; i < OX__COUNT(lines); i++)
        if (!strstr(fx->text.p, lines[i])) fail_msg("no\n%s\nin\n%s", lines[i], fx->text.p);
}

/* ---- what is not proved ---- */
static void left(void **st)
{
    fixture *fx = *st;
    open_both(fx, TRACE(2, 5, 10), NULL);
    assert_ok(make(fx, false, 1, &batch), &fx->err);
    assert_true(ox_baked_n(fx->b) > 0);
    for (size_t i = 0; i < ox_baked_n(fx->b); i++) assert_false(ox_baked_at(fx->b, i)->rebuilt);
    print(fx, &fx->text, OX_STYLE_TORCH);
    assert_non_null(strstr(fx->text.p, "%x : Float(batch, 3, 5)"));
    assert_null(strstr(fx->text.p, "aten::size"));
    open_both(fx, TRACE(2, 5, 10), NULL);
    assert_ok(make(fx, true, 1, &batch), &fx->err); /* trusted */
    assert_non_null(strstr(print(fx, &fx->text, OX_STYLE_TORCH), "= aten::size(%x, "));
}

#define TWO(b, c, n) \
    "graph(%x : Float(" #b "), %y : Float(" #c ")):\n" \
    "  %1 : int = prim::Constant[value=" #n "]()\n" \
    "  %l : int[] = prim::ListConstruct(%1)\n" \
    "  %n : NoneType = prim::Constant()\n" \
    "  %z : Float(" #n ") = aten::zeros(%l, %n, %n, %n, %n)\n" \
    "  return (%x, %y, %z)\n"

/* Dims that change alike need one name; a constant of another dim is none of the matter. */
static void alike(void **st)
{
    fixture *fx = *st;
    const ox_dynamic_axis one[] = {batch, {"y", 0, "batch"}}, two[] = {batch, {"y", 0, "rows"}};
    open_both(fx, TWO(2, 2, 2), TWO(3, 3, 3));
    assert_ok(make(fx, false, 2, two), &fx->err);
    assert_int_equal(ox_baked_at(fx->b, 0)->state, OX_BAKED_UNSURE);
    assert_string_equal(ox_baked_at(fx->b, 0)->why,
                        "x:0, y:0 change alike: name them alike, or take sizes that differ");
    open_both(fx, TWO(2, 2, 2), TWO(3, 3, 3));
    assert_ok(make(fx, false, 1, &batch), &fx->err);
    assert_false(ox_baked_at(fx->b, 0)->rebuilt);
    open_both(fx, TWO(2, 2, 2), TWO(3, 3, 3));
    assert_ok(make(fx, false, 2, one), &fx->err);
    assert_true(ox_baked_at(fx->b, 0)->rebuilt);
    open_both(fx, TWO(2, 5, 5), TWO(3, 7, 7));
    assert_ok(make(fx, false, 1, &batch), &fx->err);
    assert_int_equal(ox_baked_n(fx->b), 0);
}

/* ---- what is refused, and changes nothing ---- */
static void refuses(fixture *fx, size_t n, const ox_dynamic_axis *axes, const char *message)
{
    print(fx, &fx->before, OX_STYLE_TORCH);
    assert_fails(make(fx, false, n, axes), OX_E_INVALID, message, &fx->err);
    assert_null(fx->b);
    assert_string_equal(print(fx, &fx->text, OX_STYLE_TORCH), fx->before.p);
    assert_false(ox_journal_is_open(fx->m));
}

#define REFUSES(message, ...) \
    refuses(fx, sizeof((ox_dynamic_axis[]){__VA_ARGS__}) / sizeof(ox_dynamic_axis), \
            (const ox_dynamic_axis[]){__VA_ARGS__}, (message))

static void refused(void **st)
{
    fixture *fx = *st;
    open_both(fx, TWO(2, 5, 5), TWO(2, 7, 7));
    REFUSES("there is no input 'z'", {"z", 0, "n"});
    assert_fails(make(fx, false, 1, &(ox_dynamic_axis){"z", 0, "n"}), OX_E_INVALID, "", &fx->err);
    assert_string_equal(fx->err.hint, "the inputs are x, y");
    REFUSES("input 'x' has 1 dims, there is no dim 1", {"x", 1, "n"});
    REFUSES("input 'x' has 1 dims, there is no dim -2", {"x", -2, "n"});
    REFUSES("'12' is no name for a dim", {"x", 0, "12"});
    REFUSES("'' is no name for a dim", {"x", 0, ""});
    REFUSES("dim 0 of input 'x' is given twice", {"x", 0, "n"}, {"x", -1, "m"});
    REFUSES("'n' cannot be the name of two dims: one is 2, one is 5", {"x", 0, "n"}, {"y", 0, "n"});
    REFUSES("dim 0 of input 'x' is 2 in all models", {"x", 0, "n"});
    refuses(fx, 0, NULL, "0 dims are to be dynamic");
    open_both(fx, "graph(%x : Float(n), %y : Tensor):\n  return (%x, %y)\n", NULL);
    REFUSES("dim 0 of input 'x' is no number: it is dynamic already", {"x", 0, "n"});
    REFUSES("the dims of input 'y' are not known", {"y", 0, "n"});
}

/* A name that the model has already says that dims are equal, which they cannot be. */
static void clash(void **st)
{
    fixture *fx = *st;
    open_both(fx,
              "graph(%x : Float(2, 3), %y : Float(batch+1, 3)) {\n"
              "  %z : Float(2, 6) = onnx::Concat[axis=1](%x, %y)\n  return (%z);\n}\n",
              NULL);
    print(fx, &fx->before, OX_STYLE_SEED);
    assert_fails(make(fx, false, 1, &batch), OX_E_CHECK, "with these dims, types contradict: ", &fx->err);
    assert_string_equal(print(fx, &fx->text, OX_STYLE_SEED), fx->before.p);
    assert_false(ox_journal_is_open(fx->m));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(trace, setup, teardown),
        cmocka_unit_test_setup_teardown(onnx, setup, teardown),
        cmocka_unit_test_setup_teardown(repeated, setup, teardown),
        cmocka_unit_test_setup_teardown(counted, setup, teardown),
        cmocka_unit_test_setup_teardown(vectors, setup, teardown),
        cmocka_unit_test_setup_teardown(forms_agree, setup, teardown),
        cmocka_unit_test_setup_teardown(forms_disagree, setup, teardown),
        cmocka_unit_test_setup_teardown(forms_rival, setup, teardown),
        cmocka_unit_test_setup_teardown(cropped, setup, teardown),
        cmocka_unit_test_setup_teardown(left, setup, teardown),
        cmocka_unit_test_setup_teardown(alike, setup, teardown),
        cmocka_unit_test_setup_teardown(refused, setup, teardown),
        cmocka_unit_test_setup_teardown(clash, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
