/* Graphs inside logs: found, listed, chosen; prefixes of log lines; files without any. */
#include "ox_text_test.h"

static tx x;

static int teardown(void **state)
{
    (void)state;
    tx_free(&x);
    return 0;
}

#define OPEN(text) assert_ok(tx_open(&x, (text)), &x.err)
#define ONE "graph(%a : int):\n  %b : int = aten::f(%a)\n  return (%b)\n"

static void found_in(const char *before, const char *after)
{
    char text[2048];
    snprintf(text, sizeof text, "%s%s%s", before, ONE, after);
    OPEN(text);
    assert_int_equal(ox_graph_n_nodes(x.m, ox_model_main(x.m)), 1);
    assert_int_equal(x.n_warnings, 0);
}

static void between_other_lines(void **state)
{
    (void)state;
    found_in("Exported graph: ", "\n");
    found_in("Torch IR graph at exception: ", "\nTraceback (most recent call last):\n  File \"x.py\", line 3\n");
    found_in("Graph we tried to export:\n", "");
    found_in("warning: x\n\n    graph = _optimize_graph(\n            ^^^^\nmodel.graph(%nothing)\n_to_graph(%no)\n",
             "more\n}\n");
    found_in("module __torch__.M {\n  methods {\n    method forward {\n      ", "    }\n  }\n}\n");
}

static void numbers_of_lines(void **state)
{
    (void)state;
    assert_fails(tx_open(&x, "a\nb\n\nlog: graph(%a : int):\n  %b : int = aten::f(%c)\n  return (%b)\n"), OX_E_FORMAT,
                 "%c is used", &x.err);
    assert_int_equal(x.err.line, 5);
    assert_fails(tx_open(&x, "log: graph(%a : int, ?):\n  return (%b)\n"), OX_E_FORMAT, "in the inputs", &x.err);
    assert_int_equal(x.err.line, 1);
    assert_int_equal(x.err.col, 22);
}

/* Each line of a log may have something in front: quotes, container names, times. */
static void prefixed_lines(void **state)
{
    static const char *const logs[] = {
        "E       graph(%a : int,\nE             %b : int):\nE         %c : int = aten::f(%a)\nE         return "
        "(%c)\nE\n",
        "> graph(%a : int,\n>       %b : int):\n>   %c : int = aten::f(%a)\n>   return (%c)\n> \n",
        "2022-08-23T17:36:43.1234567Z Exported graph: graph(%a : int,\n2022-08-23T17:36:43.1234599Z       %b : int):\n"
        "2022-08-23T17:36:44.0000001Z   %c : int = aten::f(%a)\n2022-08-23T17:36:44.0000001Z   return (%c)\n",
        "app_1  | graph(%a : int,\napp_1  |       %b : int):\napp_1  |   %c : int = aten::f(%a)\napp_1  |   return "
        "(%c)\n",
    };
    (void)state;
    for (size_t i = 0; i < OX__COUNT(logs); i++) {
        OPEN(logs[i]);
        assert_int_equal(ox_graph_n_inputs(x.m, ox_model_main(x.m)), 2);
        assert_int_equal(ox_graph_n_nodes(x.m, ox_model_main(x.m)), 1);
        assert_int_equal(x.n_warnings, 0);
    }
}

static const char three[] = "Exported graph: graph(%a : int):\n  %b : int = aten::f(%a)\n  return (%b)\n\n"
                            "Now another one:\ngraph(%c : int,\n      %d : int):\n  %e : int = aten::g(%c)\n"
                            "  %f : int = aten::h(%e)\n  return (%f)\nlog\n"
                            "cut off: graph(%g : int):\n  %h : int = aten::i(%g)\n";

static ox_status list(const char *text, ox_graph_row *rows, size_t max, size_t *n)
{
    ox_open_options opt = {.graph = 0};
    ox__map map = {.p = (const uint8_t *)text, .n = strlen(text), .owned_memory = true, .fd = -1};
    ox__open_args args = {.map = &map, .path = "trace.txt", .opt = &opt};
    return ox__format_text.list(&args, rows, max, n, &x.err);
}

static void several_are_listed(void **state)
{
    (void)state;
    ox_graph_row rows[3];
    size_t n = 0;
    assert_ok(list(three, rows, 3, &n), &x.err);
    assert_int_equal(n, 3);
    assert_string_equal(rows[0].title, "Exported graph");
    assert_string_equal(rows[1].title, "Now another one");
    assert_string_equal(rows[2].title, "cut off");
    assert_int_equal(rows[1].line, 6);
    assert_int_equal(rows[1].n_nodes, 2);
    assert_int_equal(rows[2].n_nodes, 1);
    n = 0;
    assert_ok(list(three, rows, 1, &n), &x.err);
    assert_int_equal(n, 3);
    assert_fails(list("nothing\n", rows, 3, &n), OX_E_FORMAT, "no graph was found", &x.err);
}

static void the_last_whole_one_is_the_default(void **state)
{
    (void)state;
    OPEN(three);
    assert_int_equal(ox_graph_n_inputs(x.m, ox_model_main(x.m)), 2);
    assert_int_equal(x.n_warnings, 1);
    assert_non_null(strstr(x.warnings[0].msg, "3 graphs; graph 2 is opened, which begins in line 6"));
    assert_non_null(strstr(x.warnings[0].msg, "cut off"));
    assert_non_null(strstr(x.warnings[0].hint, "--graph"));
    assert_int_equal(x.warnings[0].line, 6);
    OPEN(ONE "graph(%x : int):\n  return (%x)\n"); /* one without nodes says less */
    assert_int_equal(ox_graph_n_nodes(x.m, ox_model_main(x.m)), 1);
}

static void any_can_be_chosen(void **state)
{
    (void)state;
    assert_ok(tx_open_n(&x, three, strlen(three), 1), &x.err);
    assert_int_equal(ox_graph_n_inputs(x.m, ox_model_main(x.m)), 1);
    assert_int_equal(x.n_warnings, 0);
    assert_fails(tx_open_n(&x, three, strlen(three), 3), OX_E_FORMAT, "the text ends inside the graph", &x.err);
    assert_int_equal(x.err.line, 13);
    assert_fails(tx_open_n(&x, three, strlen(three), 4), OX_E_NOT_FOUND, "there is no graph 4", &x.err);
}

static void cut_off_graphs(void **state)
{
    static const char *const texts[] = {
        "graph(%a : int):\n  %b : int = aten::f(%a)\n",
        "graph(%a : int,\n      %b : int,\n",
        "graph(%a : int",
        "graph(",
        "graph(%a : int):\n  %b : int = prim::If(%a)\n    block0():\n",
        "graph(%a : int):\n  %b : int = aten::f(%a)\nTraceback (most recent call last):\n  File x\n",
    };
    (void)state;
    for (size_t i = 0; i < OX__COUNT(texts); i++) {
        assert_fails(tx_open(&x, texts[i]), OX_E_FORMAT, "the text ends inside", &x.err);
        assert_non_null(strstr(x.err.hint, "cut off"));
        assert_true(x.err.line);
    }
    /* one that is cut off by the next */
    OPEN("graph(%a : int):\n  %b : int = aten::f(%a)\nlog: " ONE);
    assert_int_equal(x.n_warnings, 1);
    OPEN("graph(%a : int,\nlog: " ONE);
    assert_int_equal(x.n_warnings, 1);
}

static void other_texts(void **state)
{
    static const struct {
        const char *text, *what, *hint;
        uint32_t line;
    } rows[] = {
        {"", "the file is empty", "verbose=True", 1},
        {"hello\nworld\n", "no graph was found", "verbose=True", 1},
        {"x\ngraph():\n    %x : [num_users=1] = placeholder[target=x]\n    return add\n", "torch.fx", "trace", 2},
        {"graph():\n    %x : [#users=1] = placeholder[target=x]\n    return add\n", "torch.fx", "trace", 1},
        {"ExportedProgram:\n    class GraphModule(torch.nn.Module):\n", "ExportedProgram", "trace", 1},
        {"class GraphModule(torch.nn.Module):\n    def forward(self, x: \"f32[s0, 3]\"):\n", "GraphModule", "trace", 1},
        {"graph torch_jit (\n  %x[FLOAT, 1x3]\n) {\n", "printable_graph", ".onnx file", 2},
        {"a\n%\"squeeze\"<FLOAT,[3,128]> = ::If(%\"cond_0\")\n", "onnxscript", ".onnx file", 2},
        {"import torch.onnx\n", "a log of an export", "verbose=True", 1},
        {"  %0 : int = prim::Constant[value=1]()\n", "nodes without their graph", "print(graph)", 1},
    };
    (void)state;
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        ox_status s = tx_open(&x, rows[i].text);
        if (s != OX_E_FORMAT || !strstr(x.err.msg, rows[i].what) || !strstr(x.err.hint, rows[i].hint) ||
            x.err.line != rows[i].line || x.err.col != 1)
            fail_msg("%s: %u:%u: %s (%s)", rows[i].text, x.err.line, x.err.col, x.err.msg, x.err.hint);
    }
}

static void binary_files(void **state)
{
    (void)state;
    char bytes[4096];
    for (size_t i = 0; i < sizeof bytes; i++) bytes[i] = (char)(i * 7919 % 251);
    assert_fails(tx_open_n(&x, bytes, sizeof bytes, 0), OX_E_FORMAT, "neither a text", &x.err);
    assert_int_equal(ox__format_text.sniff((const uint8_t *)bytes, sizeof bytes, "model.bin"), 0);
}

static void sniffing(void **state)
{
    (void)state;
    int graph = ox__format_text.sniff((const uint8_t *)ONE, sizeof ONE - 1, "x");
    int text = ox__format_text.sniff((const uint8_t *)"hello", 5, "x");
    int log = ox__format_text.sniff((const uint8_t *)"hello", 5, "x.log");
    assert_true(graph > log && log > text && text > 0);
    assert_true(ox__format_text.sniff(NULL, 0, "x") > 0);
}

static bool stop(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what;
    assert_true(done <= total);
    return ++*(int *)ud < 3;
}

static void interrupted(void **state)
{
    (void)state;
    int calls = 0;
    ox_task task = {stop, &calls};
    ox_open_options opt = {.task = &task};
    ox__buf b = {0};
    ox__buf_addz(&b, "graph(%x : int):\n");
    for (int i = 0; i < 300000; i++) ox__buf_addf(&b, "  %%%d : int = aten::f(%%x)\n", i);
    ox__buf_addz(&b, "  return (%0)\n");
    ox__map map = {.p = (const uint8_t *)b.p, .n = b.n, .owned_memory = true, .fd = -1};
    ox__open_args args = {.map = &map, .path = "trace.txt", .opt = &opt};
    ox_status s = ox__format_text.open(&x.m, &args, &x.err);
    ox__buf_free(&b);
    assert_int_equal(s, OX_E_INTERRUPTED);
    assert_int_equal(calls, 3);
    assert_null(x.m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(between_other_lines, teardown),
        cmocka_unit_test_teardown(numbers_of_lines, teardown),
        cmocka_unit_test_teardown(prefixed_lines, teardown),
        cmocka_unit_test_teardown(several_are_listed, teardown),
        cmocka_unit_test_teardown(the_last_whole_one_is_the_default, teardown),
        cmocka_unit_test_teardown(any_can_be_chosen, teardown),
        cmocka_unit_test_teardown(cut_off_graphs, teardown),
        cmocka_unit_test_teardown(other_texts, teardown),
        cmocka_unit_test_teardown(binary_files, teardown),
        cmocka_unit_test_teardown(sniffing, teardown),
        cmocka_unit_test_teardown(interrupted, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
