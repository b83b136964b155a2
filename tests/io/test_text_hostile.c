/* Files that mean harm: each gets a clear error or is read, in time and memory that grow with its size. */
#include "ox_text_test.h"

#include <unistd.h>

static tx x;
static ox__buf b;

static int setup(void **state)
{
    (void)state;
    alarm(300); /* something quadratic would never end */
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    alarm(0);
    tx_free(&x);
    ox__buf_free(&b);
    return 0;
}

static ox_status open_buffer(void)
{
    assert_false(b.failed);
    return tx_open_n(&x, b.p, b.n, 0);
}

static void repeat(const char *text, size_t times)
{
    size_t n = strlen(text);
    assert_true(ox__buf_reserve(&b, n * times));
    for (size_t i = 0; i < times; i++) ox__buf_add(&b, text, n);
}

enum { MB = 1 << 20 };

/* ---- one long line ---- */

static void line_of_100_mb_of_noise(void **state)
{
    (void)state;
    repeat("graph(x ", 100 * MB / 8);
    assert_fails(open_buffer(), OX_E_FORMAT, "no graph was found", &x.err);
}

static void line_of_100_mb_in_a_string(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%x : int):\n  %s : str = prim::Constant[value=\"");
    repeat("\\n[,a=", 100 * MB / 6);
    ox__buf_addz(&b, "\"]()\n  return (%s)\n");
    assert_ok(open_buffer(), &x.err);
    size_t n;
    ox_str_text(x.m, tx_attr(&x, "value")->u.s, &n);
    assert_int_equal(n, 100 * MB / 6 * 5);
}

static void line_of_many_references(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%x : int):\n  %s : int[] = prim::ListConstruct(%x");
    repeat(", %x", 2 * MB);
    ox__buf_addz(&b, ")\n  return (%s)\n");
    assert_ok(open_buffer(), &x.err);
    assert_int_equal(ox_node_n_inputs(x.m, tx_main(&x, 0)), 2 * MB + 1);
}

static void line_of_many_integers(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%x : int):\n  %s : int[] = prim::Constant[value=[1");
    repeat(",1", 8 * MB);
    ox__buf_addz(&b, "]]()\n  return (%s)\n");
    assert_ok(open_buffer(), &x.err);
    assert_int_equal(tx_attr(&x, "value")->n, 8 * MB + 1);
}

static void line_of_many_attributes(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%x : int):\n  %s : int = a::b[k=1");
    for (int i = 0; i < MB; i++) ox__buf_addf(&b, ", k%d=1", i);
    ox__buf_addz(&b, "]()\n  return (%s)\n");
    assert_fails(open_buffer(), OX_E_LIMIT, "a node with more than 256 attributes", &x.err);
}

static void line_of_many_inputs(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%x : int");
    for (int i = 0; i < MB / 4; i++) ox__buf_addf(&b, ", %%%d : int", i);
    ox__buf_addz(&b, "):\n  return (%x)\n");
    assert_ok(open_buffer(), &x.err);
    assert_int_equal(ox_graph_n_inputs(x.m, ox_model_main(x.m)), MB / 4 + 1);
}

static void line_that_never_declares(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%x : int):\n  %a");
    repeat(" : b", MB);
    ox__buf_addz(&b, "\n  return (%x)\n");
    assert_fails(open_buffer(), OX_E_FORMAT, "where the name", &x.err);
}

static void long_names_with_brackets(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%");
    repeat("),", 256 * 1024);
    ox__buf_addz(&b, " : int):\n  %y : int = aten::f(");
    repeat("%a), %a), ", 64 * 1024);
    ox__buf_addz(&b, ")\n  return (%y)\n");
    assert_fails(open_buffer(), OX_E_FORMAT, "%a is used", &x.err);
}

static void long_scope_and_place(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%x : int):\n  %y : int = aten::f(%x), scope: ");
    repeat("A::b/", MB);
    ox__buf_addz(&b, " # ");
    repeat("x:1", MB);
    ox__buf_addz(&b, "\n  return (%y)\n");
    assert_ok(open_buffer(), &x.err);
    assert_int_equal(ox_scope_depth(x.m, ox_node_scope(x.m, tx_main(&x, 0))), 1);
}

/* ---- brackets and blocks ---- */

static void unclosed_brackets(void **state)
{
    static const char *const heads[] = {
        "graph(%x : ", "graph(%x : int):\n  %y : ", "graph(%x : int):\n  %y : int = prim::Constant[value=",
        "graph(%x : int):\n  %y : int = ^F", "graph(%x : int):\n  %y : int = aten::f"};
    (void)state;
    for (size_t i = 0; i < OX__COUNT(heads); i++) {
        for (const char *c = "([{"; *c; c++) {
            char one[2] = {*c, 0};
            ox__buf_clear(&b);
            ox__buf_addz(&b, heads[i]);
            repeat(one, MB);
            ox__buf_addz(&b, "\n  return (%x)\n");
            ox_status s = open_buffer();
            if (s != OX_E_FORMAT || !x.err.line) fail_msg("%s%c...: %s", heads[i], *c, s ? x.err.msg : "was read");
        }
    }
}

static void nested_blocks(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%c : bool):\n");
    for (int i = 0; i < 10000; i++) ox__buf_addf(&b, "  %%%d : bool = prim::If(%%c)\n    block0():\n", i);
    repeat("      -> (%c)\n", 10000);
    ox__buf_addz(&b, "  return (%c)\n");
    assert_fails(open_buffer(), OX_E_LIMIT, "nested deeper than", &x.err);
    assert_int_equal(x.err.line, 2 * 99 + 3); /* the 100th block */
}

static void blocks_as_deep_as_allowed(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%c : bool):\n");
    for (int i = 0; i < 99; i++) ox__buf_addf(&b, "  %%%d : bool = prim::If(%%c)\n    block0():\n", i);
    repeat("      -> (%c)\n", 99);
    ox__buf_addz(&b, "  return (%c)\n");
    assert_ok(open_buffer(), &x.err);
    assert_int_equal(ox_model_n_nodes(x.m), 99);
}

static void many_blocks_of_one_node(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%c : bool):\n  %x : bool = prim::If(%c)\n");
    repeat("    block0():\n      -> (%c)\n", 100000);
    ox__buf_addz(&b, "  return (%c)\n");
    assert_fails(open_buffer(), OX_E_LIMIT, "a node with more than", &x.err);
}

static void nested_types(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%x : ");
    repeat("Dict(int, ", 100000);
    ox__buf_addz(&b, "int");
    repeat(")", 100000);
    ox__buf_addz(&b, "):\n  return (%x)\n");
    assert_ok(open_buffer(), &x.err);
    /* down to the depth that a model allows it is read, what is deeper is kept as text */
    assert_int_equal(ox_type_get(x.m, ox_value_type(x.m, tx_value(&x, "x"))).kind, OX_TYPE_DICT);
}

static void stacked_suffixes(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%x : int");
    repeat("[]", 100000);
    ox__buf_addz(&b, "):\n  return (%x)\n");
    assert_ok(open_buffer(), &x.err);
}

static void tensors_of_high_rank(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%x : Float(1");
    repeat(", 1", 100000);
    ox__buf_addz(&b, ")):\n  return (%x)\n");
    assert_ok(open_buffer(), &x.err);
    assert_int_equal(ox_type_get(x.m, ox_value_type(x.m, tx_value(&x, "x"))).kind, OX_TYPE_OPAQUE);
}

static void many_sections(void **state)
{
    (void)state;
    enum { N = 20000 };
    ox__buf_addz(&b, "graph(%x : int):\n");
    for (int i = 0; i < N; i++) ox__buf_addf(&b, "  %%%d : int = prim::fork_%d(%%x)\n", i, i);
    ox__buf_addz(&b, "  return (%x)\n");
    for (int i = 0; i < N; i++) ox__buf_addf(&b, "with prim::fork_%d = graph(%%x : int):\n  return (%%x)\n", i);
    assert_ok(open_buffer(), &x.err);
    assert_int_equal(ox_model_n_functions(x.m), N);
}

static void nested_sections(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%x : int):\n  %1 : int = prim::fork_0(%x)\n  return (%x)\n");
    repeat("with prim::fork_0 = graph(%x : int):\n  %1 : int = prim::fork_0(%x)\n  return (%x)\n", 200);
    assert_fails(open_buffer(), OX_E_LIMIT, "sections are nested deeper than", &x.err);
}

static void many_graphs(void **state)
{
    (void)state;
    repeat("graph(%\n", MB);
    assert_fails(open_buffer(), OX_E_FORMAT, "the text ends inside", &x.err);
}

static void many_sharing_a_name(void **state)
{
    (void)state;
    ox__buf_addz(&b, "graph(%c : bool):\n");
    for (int i = 0; i < 50000; i++)
        ox__buf_addf(
            &b, "  %%%d : bool = prim::If(%%c)\n    block0():\n      %%s : bool = aten::f(%%c)\n      -> (%%s)\n", i);
    ox__buf_addz(&b, "  return (%c)\n");
    assert_ok(open_buffer(), &x.err);
    assert_int_equal(ox_model_n_nodes(x.m), 100000);
}

/* ---- bytes ---- */

static void odd_bytes_in_names(void **state)
{
    (void)state;
    static const char text[] = "graph(%\x1b[31m\a\x7f : int,\n      %\xff\xfe\xc0 : int,\n      %a\0b : int):\n"
                               "  %\t\v : int = aten::f(%\x1b[31m\a\x7f, %\xff\xfe\xc0, %a\0b), scope: A\0B\n"
                               "  return (%\t\v)\n";
    assert_ok(tx_open_n(&x, text, sizeof text - 1, 0), &x.err);
    size_t n;
    const char *name = ox_str_text(x.m, ox_value_name(x.m, ox_graph_input(x.m, ox_model_main(x.m), 2)), &n);
    assert_int_equal(n, 3);
    assert_memory_equal(name, "a\0b", 3);
    assert_int_equal(ox_node_n_inputs(x.m, tx_main(&x, 0)), 3);
    /* an error that quotes such a name is safe to print */
    static const char bad[] = "graph(%x : int):\n  %y : int = aten::f(%\x1b[31m\a)\n  return (%y)\n";
    assert_int_equal(tx_open_n(&x, bad, sizeof bad - 1, 0), OX_E_FORMAT);
    char line[1600];
    ox_error_format(&x.err, line, sizeof line);
    assert_null(strchr(line, '\x1b'));
}

static void nul_bytes_everywhere(void **state)
{
    (void)state;
    static const char text[] =
        "graph(%x : Float(2, 3),\n      %y : int?):\n  %z : (int, str) = aten::f[a=1, b=\"c\"](%x, %y), "
        "scope: A/B[c] # d:1:2\n    block0():\n      -> (%x)\n  return (%z)\n";
    char copy[sizeof text];
    assert_ok(tx_open_n(&x, text, sizeof text - 1, 0), &x.err);
    for (size_t i = 0; i < sizeof text - 1; i++) {
        memcpy(copy, text, sizeof text);
        copy[i] = 0;
        if (tx_open_n(&x, copy, sizeof text - 1, 0) != OX_OK) assert_true(x.err.line && x.err.hint[0]);
    }
}

/* Every prefix and every single changed byte of a dump that has everything: read or refused, never more. */
static void cut_and_changed_dumps(void **state)
{
    static const char *const files[] = {"torch-2.13/control.script.txt", "eras/e1_2018.txt", "eras/e0_2017.txt",
                                        "scriptcf.verbose.graph.txt"};
    (void)state;
    for (size_t k = 0; k < OX__COUNT(files); k++) {
        tx_load(&x, files[k]);
        for (size_t n = 0; n < x.n; n++) {
            char *part = malloc(n + 1); /* of its own size: reading beyond it is seen */
            assert_non_null(part);
            memcpy(part, x.data, n);
            ox_status s = tx_open_n(&x, part, n, 0);
            free(part);
            if (s != OX_OK && (!x.err.line || !x.err.hint[0])) fail_msg("%s cut at %zu: %s", files[k], n, x.err.msg);
        }
        static const char odd[] = "\n)%([]\" \0{,:=";
        for (size_t i = 0; i < x.n; i++) {
            char was = x.data[i];
            x.data[i] = odd[i % (sizeof odd - 1)];
            if (tx_open_n(&x, x.data, x.n, 0) != OX_OK && (!x.err.line || !x.err.hint[0]))
                fail_msg("%s changed at %zu: %s", files[k], i, x.err.msg);
            x.data[i] = was;
        }
    }
}

/* The n-th allocation fails, for every n: an error or the whole graph each time, and nothing leaks. */
static void out_of_memory(void **state)
{
    (void)state;
    tx_load(&x, "torch-2.13/control.script.txt");
    static const char more[] =
        "\nlog: graph(%0 : Float(2)) {\n  %1 : (Float(2, strides=[1]), int) = prim::Constant[value=[1., "
        "2.5], s=[\"a\"], c=1.+2.j, t= 1  2 [ CPULongType{2} ], u={3}]()\n"
        "  %2 : Float(2) = aten::threshold[threshold={0}, value={0}, x=1](%0), scope: A/B[b] # f:1:2\n"
        "  %3 : Float(2) = aten::stack[dim=0](%0, %2)\n  return (%2);\n}\n";
    for (int k = 0; k < 2; k++) {
        const char *p = k ? more : x.data;
        size_t n = k ? sizeof more - 1 : x.n;
        assert_ok(tx_open_n(&x, p, n, 0), &x.err);
        size_t nodes = ox_model_n_nodes(x.m);
        for (uint64_t i = 1;; i++) {
            ox__alloc_fail_at(i, false);
            ox_status s = tx_open_n(&x, p, n, 0);
            bool all_done = ox__alloc_count() < i;
            ox__alloc_fail_at(0, false);
            if (all_done) {
                assert_int_equal(s, OX_OK);
                assert_true(i > 50);
                break;
            }
            /* an index of the model that cannot be made costs time only: then all must be there */
            if (s == OX_OK && ox_model_n_nodes(x.m) == nodes) continue;
            if (s != OX_E_NOMEM) fail_msg("allocation %lu: %s: %s", (unsigned long)i, ox_status_text(s), x.err.msg);
            assert_null(x.m);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(line_of_100_mb_of_noise, setup, teardown),
        cmocka_unit_test_setup_teardown(line_of_100_mb_in_a_string, setup, teardown),
        cmocka_unit_test_setup_teardown(line_of_many_references, setup, teardown),
        cmocka_unit_test_setup_teardown(line_of_many_integers, setup, teardown),
        cmocka_unit_test_setup_teardown(line_of_many_attributes, setup, teardown),
        cmocka_unit_test_setup_teardown(line_of_many_inputs, setup, teardown),
        cmocka_unit_test_setup_teardown(line_that_never_declares, setup, teardown),
        cmocka_unit_test_setup_teardown(long_names_with_brackets, setup, teardown),
        cmocka_unit_test_setup_teardown(long_scope_and_place, setup, teardown),
        cmocka_unit_test_setup_teardown(unclosed_brackets, setup, teardown),
        cmocka_unit_test_setup_teardown(nested_blocks, setup, teardown),
        cmocka_unit_test_setup_teardown(blocks_as_deep_as_allowed, setup, teardown),
        cmocka_unit_test_setup_teardown(many_blocks_of_one_node, setup, teardown),
        cmocka_unit_test_setup_teardown(nested_types, setup, teardown),
        cmocka_unit_test_setup_teardown(stacked_suffixes, setup, teardown),
        cmocka_unit_test_setup_teardown(tensors_of_high_rank, setup, teardown),
        cmocka_unit_test_setup_teardown(many_sections, setup, teardown),
        cmocka_unit_test_setup_teardown(nested_sections, setup, teardown),
        cmocka_unit_test_setup_teardown(many_graphs, setup, teardown),
        cmocka_unit_test_setup_teardown(many_sharing_a_name, setup, teardown),
        cmocka_unit_test_setup_teardown(odd_bytes_in_names, setup, teardown),
        cmocka_unit_test_setup_teardown(nul_bytes_everywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(cut_and_changed_dumps, setup, teardown),
        cmocka_unit_test_setup_teardown(out_of_memory, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
