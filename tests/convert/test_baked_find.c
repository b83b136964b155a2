/* Finding constants that are sizes (src/convert/baked*.c): the forms that fit, what is ambiguous, where models part. */
#include "ox_test.h"

#include "base/base.h"

#include <onnxsh/baked.h>
#include <onnxsh/io.h>

enum { MOST = 3 };

typedef struct fixture {
    ox_model *m[MOST];
    ox_baked *b;
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
    for (size_t i = 0; i < MOST; i++) ox_model_free(fx->m[i]);
    ox_baked_free(fx->b);
    memset(fx->m, 0, sizeof fx->m);
    fx->b = NULL;
}

static int teardown(void **state)
{
    close_all(*state);
    return 0;
}

static void open_text(fixture *fx, size_t i, const char *text)
{
    assert_ok(ox_open_memory(&fx->m[i], text, strlen(text), i ? "other.txt" : "t.txt", NULL, NULL, NULL, &fx->err),
              &fx->err);
}

static ox_status find(fixture *fx, size_t n)
{
    const ox_model *others[MOST] = {fx->m[1], fx->m[2]};
    ox_baked_options opt = {n - 1, others, NULL};
    ox_baked_free(fx->b);
    return ox_baked_find(&fx->b, fx->m[0], &opt, &fx->err);
}

/* ---- one number that zeros is given, in a graph of two dims ---- */
typedef struct sizes {
    int d0, d1, number;
} sizes;

static const ox_baked_row *zeros(fixture *fx, size_t n, const sizes *s)
{
    close_all(fx);
    for (size_t i = 0; i < n; i++) {
        char text[512];
        snprintf(text, sizeof text,
                 "graph(%%x : Float(%d, %d)):\n"
                 "  %%1 : int = prim::Constant[value=%d]()\n"
                 "  %%l : int[] = prim::ListConstruct(%%1)\n"
                 "  %%n : NoneType = prim::Constant()\n"
                 "  %%z : Float(%d) = aten::zeros(%%l, %%n, %%n, %%n, %%n)\n"
                 "  return (%%x, %%z)\n",
                 s[i].d0, s[i].d1, s[i].number, s[i].number);
        open_text(fx, i, text);
    }
    assert_ok(find(fx, n), &fx->err);
    return ox_baked_at(fx->b, 0);
}

static void gives(fixture *fx, size_t n, const sizes *s, ox_baked_state state, const char *form)
{
    const ox_baked_row *r = zeros(fx, n, s);
    if (!r) {
        fail_msg("nothing found for %s", form);
        return;
    }
    assert_string_equal(r->form, form);
    assert_string_equal(ox_baked_state_name(r->state), ox_baked_state_name(state));
    assert_int_equal(r->input, 0);
    assert_int_equal(r->item, 0);
    assert_int_equal(ox_baked_n(fx->b), 1);
}

#define GIVES(n, state, form, ...) gives(*st, (n), (const sizes[]){__VA_ARGS__}, (state), (form))

static void forms(void **st)
{
    GIVES(2, OX_BAKED_PROVED, "x:0", {2, 7, 2}, {3, 7, 3});
    GIVES(2, OX_BAKED_PROVED, "x:1", {2, 7, 7}, {3, 9, 9});
    GIVES(2, OX_BAKED_PROVED, "4*x:0", {2, 7, 8}, {3, 7, 12});
    GIVES(2, OX_BAKED_PROVED, "x:1//4", {2, 8, 2}, {2, 12, 3});
    GIVES(2, OX_BAKED_PROVED, "x:0*x:1", {2, 7, 14}, {3, 9, 27});
    GIVES(2, OX_BAKED_PROVED, "3*x:0*x:1", {2, 7, 42}, {3, 9, 81});
    GIVES(2, OX_BAKED_PROVED, "x:0*x:1//2", {2, 7, 7}, {4, 9, 18});
    GIVES(2, OX_BAKED_PROVED, "x:1*x:1", {2, 7, 49}, {2, 9, 81});
    GIVES(2, OX_BAKED_PROVED, "x:1 + 5", {2, 7, 12}, {2, 9, 14});
    GIVES(2, OX_BAKED_PROVED, "x:1 - 1", {2, 7, 6}, {2, 9, 8});
    GIVES(2, OX_BAKED_PROVED, "x:0 + x:1", {2, 7, 9}, {3, 11, 14});
    GIVES(2, OX_BAKED_PROVED, "x:1//3", {2, 71, 23}, {2, 100, 33});
    GIVES(2, OX_BAKED_PROVED, "(x:1 + 1)//2", {2, 10, 5}, {2, 15, 8});
}

/* A line needs a third point. */
static void lines(void **st)
{
    GIVES(2, OX_BAKED_VARIES, "", {2, 7, 13}, {2, 9, 17});
    GIVES(3, OX_BAKED_PROVED, "2*x:1 - 1", {2, 7, 13}, {2, 9, 17}, {2, 12, 23});
    GIVES(3, OX_BAKED_VARIES, "", {2, 7, 13}, {2, 9, 17}, {2, 12, 24});
    GIVES(3, OX_BAKED_VARIES, "", {2, 7, 13}, {2, 9, 17}, {2, 9, 17});
    GIVES(2, OX_BAKED_VARIES, "", {2, 10, 6}, {2, 15, 8}); /* x:1//2 + 1 and x:1//3 + 3 fit */
    GIVES(3, OX_BAKED_PROVED, "x:1//2 + 1", {2, 10, 6}, {2, 15, 8}, {2, 22, 12});
}

/* A ratio needs one too, and no other that fits. */
static void ratios(void **st)
{
    GIVES(2, OX_BAKED_VARIES, "", {2, 7, 10}, {2, 9, 13});
    GIVES(3, OX_BAKED_PROVED, "3*x:1//2", {2, 7, 10}, {2, 9, 13}, {2, 40, 60});
    GIVES(3, OX_BAKED_PROVED, "(2*x:1 + 2)//3", {2, 7, 5}, {2, 16, 11}, {2, 40, 27});
    GIVES(3, OX_BAKED_VARIES, "", {2, 7, 5}, {2, 16, 11}, {2, 29, 20}); /* 5*x:1//7 fits as well */
}

static void not_proved(void **st)
{
    GIVES(2, OX_BAKED_UNSURE, "4*x:0 or 2*x:1", {2, 4, 8}, {3, 6, 12});
    GIVES(3, OX_BAKED_PROVED, "4*x:0", {2, 4, 8}, {3, 6, 12}, {5, 6, 20});
    GIVES(2, OX_BAKED_VARIES, "", {2, 7, 100}, {3, 7, 1000});
    GIVES(2, OX_BAKED_VARIES, "", {2, 7, -1}, {3, 7, 3});
    GIVES(2, OX_BAKED_PROVED, "-x:0", {2, 7, -2}, {3, 7, -3});
    GIVES(2, OX_BAKED_PROVED, "-(x:1//4)", {2, 8, -2}, {2, 12, -3});
    GIVES(2, OX_BAKED_PROVED, "-(x:1 - 1)", {2, 7, -6}, {2, 9, -8});
    GIVES(2, OX_BAKED_VARIES, "", {2, 7, 0}, {3, 7, 3});
    GIVES(2, OX_BAKED_VARIES, "", {2, 7, 2147483647}, {3, 7, 1});
}

/* Sizes that change in proportion: a plain dim is not taken for sure. A dim that stands where it stood is. */
static void rivals(void **st)
{
    fixture *fx = *st;
    GIVES(2, OX_BAKED_UNSURE, "x:1 or 2*x:0", {2, 4, 4}, {3, 6, 6});
    GIVES(3, OX_BAKED_PROVED, "x:1", {2, 4, 4}, {3, 6, 6}, {5, 7, 7});
    GIVES(2, OX_BAKED_UNSURE, "2*x:0 or x:1 - 1", {2, 5, 4}, {3, 7, 6});
    GIVES(2, OX_BAKED_PROVED, "x:0", {2, 5, 2}, {3, 7, 3}); /* x:1//2, in a shape */
    static const char net[] = "graph(%%x : Float(%d, %d)):\n"
                              "  %%b : int = prim::Constant[value=%d]()\n"
                              "  %%one : int = prim::Constant[value=1]()\n"
                              "  %%e : int = prim::Constant[value=%d]()\n"
                              "  %%l : int[] = prim::ListConstruct(%%b, %%one)\n"
                              "  %%y : Float(%d, %d) = aten::expand(%%x, %%l, %%one)\n"
                              "  %%z : Tensor = aten::slice(%%y, %%one, %%one, %%e, %%one)\n"
                              "  return (%%z)\n";
    for (int second = 7; second < 12; second += 2) { /* a half of 7 is 3 too; one less than 7 is 6; 11 tells */
        close_all(fx);
        for (size_t i = 0; i < 2; i++) {
            char text[1024];
            int b = i ? 3 : 2, n = i ? second : 5;
            snprintf(text, sizeof text, net, b, n, b, 2 * b, b, n);
            open_text(fx, i, text);
        }
        assert_ok(find(fx, 2), &fx->err);
        assert_int_equal(ox_baked_n(fx->b), 2);
        assert_int_equal(ox_baked_at(fx->b, 0)->state, OX_BAKED_PROVED);
        assert_int_equal(ox_baked_at(fx->b, 1)->state, second == 11 ? OX_BAKED_PROVED : OX_BAKED_UNSURE);
    }
}

/* Nothing differs where sizes are next to each other. */
static void halves(void **st)
{
    GIVES(2, OX_BAKED_UNSURE, "x:1//2", {2, 14, 7}, {3, 15, 7});
    assert_null(zeros(*st, 2, (const sizes[]){{2, 14, 7}, {3, 16, 7}}));
    assert_null(zeros(*st, 2, (const sizes[]){{2, 14, 7}, {3, 14, 7}}));
    assert_null(zeros(*st, 2, (const sizes[]){{2, 9, 1}, {3, 9, 1}}));
}

/* ---- two dims: the middle of one that is as long as the other ---- */
typedef struct crop {
    int large, small, start, end;
} crop;

static const ox_baked_row *cropped(fixture *fx, size_t n, const crop *c, size_t row)
{
    close_all(fx);
    for (size_t i = 0; i < n; i++) {
        char text[1024];
        snprintf(text, sizeof text,
                 "graph(%%x : Float(3, %d), %%y : Float(3, %d)):\n"
                 "  %%one : int = prim::Constant[value=1]()\n"
                 "  %%a : int = prim::Constant[value=%d]()\n"
                 "  %%e : int = prim::Constant[value=%d]()\n"
                 "  %%z : Tensor = aten::slice(%%x, %%one, %%a, %%e, %%one)\n"
                 "  return (%%z, %%y)\n",
                 c[i].large, c[i].small, c[i].start, c[i].end);
        open_text(fx, i, text);
    }
    assert_ok(find(fx, n), &fx->err);
    return ox_baked_at(fx->b, row);
}

static void pairs(void **st)
{
    static const crop middle[] = {{20, 13, 3, 16}, {33, 22, 5, 27}, {45, 26, 9, 35}},
                      less[] = {{20, 13, 7, 33}, {33, 22, 11, 55}, {45, 26, 19, 71}},
                      twice[] = {{20, 13, 3, 16}, {33, 22, 5, 27}, {33, 22, 5, 27}};
    assert_string_equal(cropped(*st, 3, middle, 0)->form, "(x:1 - y:1)//2");
    assert_string_equal(cropped(*st, 3, middle, 1)->form, "(x:1 + y:1)//2");
    assert_int_equal(cropped(*st, 3, middle, 1)->state, OX_BAKED_PROVED);
    assert_string_equal(cropped(*st, 3, less, 0)->form, "x:1 - y:1");
    assert_string_equal(cropped(*st, 3, less, 1)->form, "x:1 + y:1");
    assert_int_equal(cropped(*st, 2, middle, 0)->state, OX_BAKED_VARIES);
    assert_int_equal(cropped(*st, 3, twice, 0)->state, OX_BAKED_VARIES);
}

/* Two dims that change alike: one form, which says so. */
static void alike(void **st)
{
    GIVES(2, OX_BAKED_PROVED, "x:0", {4, 4, 4}, {6, 6, 6});
    assert_string_equal(ox_baked_at(((fixture *)*st)->b, 0)->why, "a dim of an input; equal in each: x:1");
}

static void cleared(void **st)
{
    fixture *fx = *st;
    assert_null(zeros(fx, 2, (const sizes[]){{2, 7, 7}, {3, 7, 7}}));
    assert_int_equal(ox_baked_n_seen(fx->b), 5);
}

static void one_alone(void **st)
{
    GIVES(1, OX_BAKED_LIKELY, "x:0", {2, 7, 2});
    GIVES(1, OX_BAKED_POSSIBLE, "x:0*x:1", {2, 7, 14});
    GIVES(1, OX_BAKED_POSSIBLE, "x:1//2", {3, 8, 4});
    assert_null(zeros(*st, 1, &(sizes){2, 7, 5}));
    assert_null(zeros(*st, 1, &(sizes){1, 7, 1})); /* a 1 may be anything */
    assert_null(zeros(*st, 1, &(sizes){2, 7, 28}));
}

/* ---- what a node reads comes first ---- */
static const char net[] = "graph(%%x : Float(%d, 3, %d)):\n"
                          "  %%b : int = prim::Constant[value=%d]()\n"
                          "  %%s : int = prim::Constant[value=%d]()\n"
                          "  %%bs : int = prim::Constant[value=%d]()\n"
                          "  %%two : int = prim::Constant[value=2]()\n"
                          "  %%f : float = prim::Constant[value=%d.5]()\n"
                          "  %%y : Float(%d, %d, 3) = aten::transpose(%%x, %%two, %%two)\n"
                          "  %%l : int[] = prim::ListConstruct(%%bs, %%two)\n"
                          "  %%v : Float(%d, 3) = aten::view(%%y, %%l)\n"
                          "  %%p : int[] = prim::ListConstruct(%%b, %%s)\n"
                          "  %%q : int[] = prim::ListConstruct(%%s)\n"
                          "  %%e : Float(%d, %d) = acme::make(%%p, %%q, %%f)\n"
                          "  return (%%v, %%q)\n";

static void open_net(fixture *fx, size_t i, int b, int s)
{
    char text[2048];
    snprintf(text, sizeof text, net, b, s, b, s, b * s, b, b, s, b * s, b, s);
    open_text(fx, i, text);
}

static void is_row(fixture *fx, size_t i, uint32_t input, int32_t item, const char *values, const char *form)
{
    const ox_baked_row *r = ox_baked_at(fx->b, i);
    assert_non_null(r);
    assert_int_equal(r->input, input);
    assert_int_equal(r->item, item);
    assert_string_equal(r->values, values);
    assert_string_equal(r->form, form);
}

static void near_first(void **st)
{
    fixture *fx = *st;
    open_net(fx, 0, 2, 5);
    open_net(fx, 1, 3, 9);
    assert_ok(find(fx, 2), &fx->err);
    is_row(fx, 0, 1, 0, "10, 27", "%y:0*%y:1");
    is_row(fx, 1, 0, -1, "5, 9", "x:2"); /* in a list that the graph returns: where it is made */
    is_row(fx, 2, 0, 0, "2, 3", "x:0");
    is_row(fx, 3, 0, 1, "5, 9", "x:2");
    is_row(fx, 4, 2, -1, "2.5, 3.5", "");
    assert_int_equal(ox_baked_at(fx->b, 4)->state, OX_BAKED_VARIES);
    assert_int_equal(ox_baked_n(fx->b), 5);
    close_all(fx);
    open_net(fx, 0, 2, 5);
    open_net(fx, 1, 2, 5);
    assert_ok(find(fx, 2), &fx->err);
    assert_int_equal(ox_baked_n(fx->b), 0);
}

/* ---- what is no size by itself: contents, attributes ---- */
#define HELD(b, h, weight, kernel, mode) \
    "graph(%x : Float(" #b ", 1, " #h ", 4)) {\n" \
    "  %w : Float(2, 2) = onnx::Constant[value= " weight " [ CPUFloatType{2,2} ]]()\n" \
    "  %y : Float(" #b ", 1, 2, 2) = onnx::AveragePool[auto_pad=\"" mode "\", kernel_shape=[" #kernel \
    ", 2], strides=[" #kernel ", 2]](%x)\n" \
    "  %z : Float(" #b ", 1, 2, 2) = onnx::Mul(%y, %w)\n" \
    "  return (%z, %w);\n" \
    "}\n"

static void is_held(fixture *fx, size_t i, const char *attr, ox_baked_state state, const char *values, const char *form)
{
    const ox_baked_row *r = ox_baked_at(fx->b, i);
    assert_non_null(r);
    assert_string_equal(ox_str_text(fx->m[0], r->attr, NULL), attr);
    assert_int_equal(r->state, state);
    assert_string_equal(r->values, values);
    assert_string_equal(r->form, form);
}

static void held(void **st)
{
    fixture *fx = *st;
    open_text(fx, 0, HELD(2, 8, "0.5  1  1  1", 4, "VALID"));
    open_text(fx, 1, HELD(2, 14, "0.5  1  1  1", 7, "VALID"));
    assert_ok(find(fx, 2), &fx->err);
    is_held(fx, 0, "kernel_shape", OX_BAKED_PROVED, "4, 7", "x:2//2");
    is_held(fx, 1, "strides", OX_BAKED_PROVED, "4, 7", "x:2//2");
    assert_int_equal(ox_baked_n(fx->b), 2);
    close_all(fx);
    open_text(fx, 0, HELD(2, 8, "0.5  1  1  1", 4, "VALID"));
    open_text(fx, 1, HELD(2, 8, "0.5  1  1  2", 4, "SAME_UPPER"));
    assert_ok(find(fx, 2), &fx->err);
    for (size_t i = 0; i < 3; i += 2) { /* where it is made and returned, and where it is read */
        is_held(fx, i, "", OX_BAKED_VARIES, "(2, 2), (2, 2)", "");
        assert_string_equal(ox_baked_at(fx->b, i)->why, "its content differs");
    }
    assert_true(ox_baked_at(fx->b, 0)->is_result);
    is_held(fx, 1, "auto_pad", OX_BAKED_VARIES, "\"VALID\", \"SAME_UPPER\"", "");
    assert_int_equal(ox_baked_n(fx->b), 3);
    close_all(fx);
    open_text(fx, 0, HELD(2, 8, "0.5  1  1  1", 4, "VALID"));
    open_text(fx, 1, HELD(2, 8, "0.5  1  1  1", 4, "VALID"));
    assert_ok(find(fx, 2), &fx->err);
    assert_int_equal(ox_baked_n(fx->b), 0);
}

/* ---- where they part ---- */
static void parts(fixture *fx, const char *here, const char *there, const char *message)
{
    close_all(fx);
    open_text(fx, 0, here);
    open_text(fx, 1, there);
    assert_fails(find(fx, 2), OX_E_CHECK, message, &fx->err);
    assert_null(fx->b);
}

#define HEAD "graph(%x : Float(2, 3)):\n  %a : Float(2, 3) = aten::relu(%x), scope: Net/A[a] # net.py:3:0\n"

static void parting(void **st)
{
    fixture *fx = *st;
    static const char base[] = HEAD "  %b : Float(2, 3) = aten::tanh(%a)\n  return (%b)\n";
    parts(fx, base, HEAD "  %b : Float(2, 3) = aten::sigmoid(%a)\n  return (%b)\n",
          "the models part after 1 nodes: aten::tanh here, aten::sigmoid in other.txt");
    parts(fx, base, HEAD "  return (%a)\n", "after 1 nodes: aten::tanh here, nothing more in other.txt");
    parts(fx, base, HEAD "  %b : Float(2, 3) = aten::tanh(%x)\n  return (%b)\n", "in other.txt: another input");
    parts(fx, base, HEAD "  %b : Float(2, 3) = aten::tanh(%a, %x)\n  return (%b)\n", "another number of inputs");
    parts(fx, base, HEAD "  %b : Float(2, 3), %c : Tensor = aten::tanh(%a)\n  return (%b)\n",
          "another number of outputs");
    parts(fx, base, "graph(%x : Float(2, 3), %w : Float(2)):\n  %a : Tensor = aten::relu(%x)\n  return (%x)\n",
          "other inputs of the graph");
    parts(fx, base, "graph(%x : Float(2, 3)):\n  %a : Float(2, 3) = aten::relu(%x), scope: Net/B[b]\n  return (%a)\n",
          "part after 0 nodes: aten::relu at Net/A[a] (net.py:3) here, aten::relu at Net/B[b] in other.txt: another "
          "scope");
    parts(fx, "graph(%x : Float(2, 3)) {\n  %a : Float(2, 3) = onnx::Elu[alpha=2.](%x)\n  return (%a);\n}\n",
          "graph(%x : Float(2, 3)) {\n  %a : Float(2, 3) = onnx::Elu(%x)\n  return (%a);\n}\n",
          "an attribute that only one has");
    parts(fx, "graph(%x : Float(2, 3)) {\n  %a : Float(2, 3) = onnx::Relu(%x)\n  return (%a);\n}\n",
          "graph(%x : Float(2, 3)):\n  %a : Float(2, 3) = aten::relu(%x)\n  return (%a)\n",
          "other.txt is a trace, the model an ONNX model");
}

static void too_many(void **st)
{
    fixture *fx = *st;
    ox_baked_options opt = {OX_BAKED_MAX_OTHERS + 1, NULL, NULL};
    open_text(fx, 0, HEAD "  return (%a)\n");
    assert_fails(ox_baked_find(&fx->b, fx->m[0], &opt, &fx->err), OX_E_LIMIT, "8 models to be held against", &fx->err);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(forms, setup, teardown),
        cmocka_unit_test_setup_teardown(lines, setup, teardown),
        cmocka_unit_test_setup_teardown(ratios, setup, teardown),
        cmocka_unit_test_setup_teardown(halves, setup, teardown),
        cmocka_unit_test_setup_teardown(pairs, setup, teardown),
        cmocka_unit_test_setup_teardown(not_proved, setup, teardown),
        cmocka_unit_test_setup_teardown(rivals, setup, teardown),
        cmocka_unit_test_setup_teardown(alike, setup, teardown),
        cmocka_unit_test_setup_teardown(cleared, setup, teardown),
        cmocka_unit_test_setup_teardown(one_alone, setup, teardown),
        cmocka_unit_test_setup_teardown(near_first, setup, teardown),
        cmocka_unit_test_setup_teardown(held, setup, teardown),
        cmocka_unit_test_setup_teardown(parting, setup, teardown),
        cmocka_unit_test_setup_teardown(too_many, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
