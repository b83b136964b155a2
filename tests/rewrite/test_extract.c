/* Parts of models (src/rewrite/extract.c): what comes along, what becomes an input, what is refused. */
#include "ox_test.h"

#include "base/base.h"

#include <onnxsh/extract.h>
#include <onnxsh/io.h>
#include <onnxsh/print.h>
#include <onnxsh/query.h>

#include <stdlib.h>

static const char trace[] = "graph(%x : Float(2, 3),\n"
                            "      %w : Float(3)):\n"
                            "  %1 : int = prim::Constant[value=1]()\n"
                            "  %2 : int = aten::size(%x, %1)\n"
                            "  %l : int[] = prim::ListConstruct(%1, %2)\n"
                            "  %a : Float(2, 3) = aten::relu(%x) # net.py:1:0\n"
                            "  %b : Float(1, 3) = aten::view(%a, %l)\n"
                            "  %c : Float(1, 3) = aten::mul(%b, %w)\n"
                            "  %t : bool = prim::Constant[value=1]()\n"
                            "  %d : Float(1, 3) = prim::If(%t)\n"
                            "    block0():\n"
                            "      %e : Float(1, 3) = aten::add(%c, %b, %1)\n"
                            "      -> (%e)\n"
                            "    block1():\n"
                            "      -> (%a)\n"
                            "  %f : Float(1, 3) = aten::relu(%d)\n"
                            "  return (%f, %a)\n";

typedef struct fixture {
    ox_model *m, *part;
    ox__buf text;
    ox_error err;
} fixture;

static int setup(void **state)
{
    static fixture fx;
    memset(&fx, 0, sizeof fx);
    *state = &fx;
    return ox_open_memory(&fx.m, trace, sizeof trace - 1, "t.txt", NULL, NULL, NULL, &fx.err) == OX_OK ? 0 : -1;
}

static int teardown(void **state)
{
    fixture *fx = *state;
    ox_model_free(fx->m);
    ox_model_free(fx->part);
    ox__buf_free(&fx->text);
    return 0;
}

static ox_status put(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)err;
    ox__buf_add(ud, s, n);
    return OX_OK;
}

static const char *print(fixture *fx, const ox_model *m)
{
    ox_print_options opt = {.style = OX_STYLE_TORCH, .raw = true};
    ox_sink sink = {put, &fx->text};
    ox__buf_clear(&fx->text);
    assert_ok(ox_graph_print(m, ox_model_main(m), &opt, &sink, &fx->err), &fx->err);
    return fx->text.p;
}

static ox_node maker(fixture *fx, const char *name)
{
    for (uint32_t id = 1; id < ox_model_value_limit(fx->m); id++) {
        ox_value v = ox_model_value_at(fx->m, id);
        if (v.id && strcmp(ox_str_text(fx->m, ox_value_name(fx->m, v), NULL), name) == 0)
            return ox_value_node(fx->m, v);
    }
    fail_msg("no value %%%s", name);
    return (ox_node){0};
}

static const char *cut(fixture *fx, const char *a, const char *b)
{
    ox_node n[2] = {maker(fx, a), b ? maker(fx, b) : (ox_node){0}};
    ox_model_free(fx->part);
    assert_ok(ox_extract(&fx->part, fx->m, b ? 2 : 1, n, NULL, &fx->err), &fx->err);
    return print(fx, fx->part);
}

static void one_node(void **state)
{
    assert_string_equal(cut(*state, "a", NULL), "graph(%x : Float(2, 3)):\n"
                                                "  %a : Float(2, 3) = aten::relu(%x) # net.py:1:0\n"
                                                "  return (%a)\n");
}

/* The list and its constant come along; the size in it is computed, so it is an input. */
static void lists(void **state)
{
    assert_string_equal(cut(*state, "b", NULL), "graph(%2 : int,\n"
                                                "      %a : Float(2, 3)):\n"
                                                "  %1 : int = prim::Constant[value=1]()\n"
                                                "  %l : int[] = prim::ListConstruct(%1, %2)\n"
                                                "  %b : Float(1, 3) = aten::view(%a, %l)\n"
                                                "  return (%b)\n");
}

static void two_nodes(void **state)
{
    assert_string_equal(cut(*state, "c", "f"), "graph(%w : Float(3),\n"
                                               "      %b : Float(1, 3),\n"
                                               "      %d : Float(1, 3)):\n"
                                               "  %c : Float(1, 3) = aten::mul(%b, %w)\n"
                                               "  %f : Float(1, 3) = aten::relu(%d)\n"
                                               "  return (%c, %f)\n");
}

/* A node in a block stands for the node around it, with what its blocks take from outside. */
static void blocks(void **state)
{
    assert_string_equal(cut(*state, "e", NULL), "graph(%a : Float(2, 3),\n"
                                                "      %c : Float(1, 3),\n"
                                                "      %b : Float(1, 3)):\n"
                                                "  %1 : int = prim::Constant[value=1]()\n"
                                                "  %t : bool = prim::Constant[value=1]()\n"
                                                "  %d : Float(1, 3) = prim::If(%t)\n"
                                                "    block0():\n"
                                                "      %e : Float(1, 3) = aten::add(%c, %b, %1)\n"
                                                "      -> (%e)\n"
                                                "    block1():\n"
                                                "      -> (%a)\n"
                                                "  return (%d)\n");
}

static void source_is_left_alone(void **state)
{
    fixture *fx = *state;
    char *before = strdup(print(fx, fx->m));
    cut(fx, "b", "f");
    assert_string_equal(before, print(fx, fx->m));
    free(before);
}

static void unknown_node(void **state)
{
    fixture *fx = *state;
    ox_node n = {60000, 1};
    assert_int_equal(ox_extract(&fx->part, fx->m, 1, &n, NULL, &fx->err), OX_E_NOT_FOUND);
    assert_null(fx->part);
    assert_non_null(strstr(fx->err.msg, "#60000"));
}

/* Lists in lists as deep as a file may say. */
static void deep_lists(void **state)
{
    fixture *fx = *state;
    enum { DEEP = 20000 };
    ox__buf b = {0};
    ox__buf_addz(&b, "graph(%x : Float(2)):\n  %v0 : int = prim::Constant[value=1]()\n");
    for (int i = 1; i <= DEEP; i++) ox__buf_addf(&b, "  %%v%d : int[] = prim::ListConstruct(%%v%d)\n", i, i - 1);
    ox__buf_addf(&b, "  %%y : Float(2) = aten::view(%%x, %%v%d)\n  return (%%y)\n", DEEP);
    assert_false(b.failed);
    ox_model_free(fx->m);
    fx->m = NULL;
    assert_ok(ox_open_memory(&fx->m, b.p, b.n, "deep.txt", NULL, NULL, NULL, &fx->err), &fx->err);
    ox__buf_free(&b);
    cut(fx, "y", NULL);
    assert_int_equal(ox_model_n_nodes(fx->part), DEEP + 2);
}

#define CASE(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {
        CASE(one_node),     CASE(lists),     CASE(two_nodes), CASE(blocks), CASE(source_is_left_alone),
        CASE(unknown_node), CASE(deep_lists)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
