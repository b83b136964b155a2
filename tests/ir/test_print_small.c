/* What all styles share: labels, short forms, the sanitiser, inks, the scope filter, and how a print ends early. */
#include "ox_ir_test.h"
#include "ox_print_test.h"

static ox_model *m;
static ox_graph g;
static ox_error err;

static int setup(void **state)
{
    (void)state;
    m = ir_model();
    g = ox_model_main(m);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ox__alloc_fail_at(0, false);
    ox_model_free(m);
    return 0;
}

static void test_styles(void **state)
{
    (void)state;
    for (int s = 0; s < OX_N_STYLES; s++) {
        ox_style found;
        assert_true(ox_style_find(ox_style_name((ox_style)s), &found));
        assert_int_equal(found, s);
        assert_true(strlen(ox_style_help((ox_style)s)) > 10);
    }
    ox_style none;
    assert_false(ox_style_find("tabular", &none));
    assert_false(ox_style_find(NULL, &none));
    assert_string_equal(ox_style_name((ox_style)77), "?");
}

static void test_labels(void **state)
{
    (void)state;
    char text[64], want[64];
    ox_value x = ir_input(m, g, "a\x1b[31m\n"), y = ir_input(m, g, "");
    assert_int_equal(ox_value_label(m, x, text, sizeof text), strlen("%a\\x1b[31m\\x0a"));
    assert_string_equal(text, "%a\\x1b[31m\\x0a");
    assert_int_equal(ox_value_label(m, x, text, 4), strlen("%a\\x1b[31m\\x0a"));
    assert_string_equal(text, "%a\\");
    assert_true(ox_value_label(m, x, NULL, 0) > 4);
    ox_value_label(m, y, text, sizeof text);
    snprintf(want, sizeof want, "%%%u", y.id);
    assert_string_equal(text, want);
    /* another value takes that number for its name: the one without a name must not be taken for it */
    ox_value z = ir_input(m, g, want + 1);
    ox_value_label(m, z, text, sizeof text);
    assert_string_equal(text, want);
    ox_value_label(m, y, text, sizeof text);
    strcat(want, "_");
    assert_string_equal(text, want);
    assert_int_equal(ox_value_label(m, (ox_value){0, 0}, text, sizeof text), 1);
    ox_value wide = ir_input(m, g, "\xe4\xb8\xad\xe4\xb8\xad");
    ox_value_label(m, wide, text, 6); /* a cut in the middle of a character takes it away whole */
    assert_string_equal(text, "%\xe4\xb8\xad");
}

static void test_op_text(void **state)
{
    (void)state;
    char text[64];
    ox_node n = ir_node(m, g, "Conv", 0, NULL, "y");
    ox_node_op_text(m, n, text, sizeof text);
    assert_string_equal(text, "onnx::Conv");
    assert_ok(ox_node_set_op(m, n, ir_str(m, "aten"), ir_str(m, "add"), ir_str(m, "Tensor"), &err), &err);
    ox_node_op_text(m, n, text, sizeof text);
    assert_string_equal(text, "aten::add.Tensor");
    assert_ok(ox_node_set_op(m, n, ir_str(m, "^"), ir_str(m, "Warp"), (ox_str){0}, &err), &err);
    ox_node_op_text(m, n, text, sizeof text);
    assert_string_equal(text, "^Warp");
}

static void test_dims(void **state)
{
    (void)state;
    static const char *const texts[] = {"3",        "seq",         "2*seq+1", "seq-1",   "-seq+4",
                                        "(a+b)//2", "max(a, b+1)", "*",       "\"a b\"", "a.b//(2*c)"};
    char text[64];
    for (size_t i = 0; i < OX__COUNT(texts); i++) {
        ox_dim d, again;
        assert_ok(ox_dim_parse(m, texts[i], strlen(texts[i]), &d, &err), &err);
        size_t n = ox_dim_text(m, d, text, sizeof text);
        assert_ok(ox_dim_parse(m, text, n, &again, &err), &err);
        if (strcmp(texts[i], "*") == 0)
            assert_string_equal(text, "*");
        else
            assert_true(ox_dim_equal(m, d, again));
    }
    ox_dim odd = ox_dim_symbol(m, ir_str(m, "a\x1b\xc2\x9b\"")), again;
    size_t n = ox_dim_text(m, odd, text, sizeof text);
    assert_null(strchr(text, 0x1b));
    assert_null(strchr(text, 0x9b));
    assert_ok(ox_dim_parse(m, text, n, &again, &err), &err);
    assert_int_equal(ox_type_text(m, ox_type_tensor(m, OX_FLOAT, 1, &odd), NULL, 0), n + strlen("Float()"));
}

/* Nothing of a model reaches a terminal as a control, in any style; raw text is the model's own bytes. */
static void test_sanitised(void **state)
{
    (void)state;
    static const char bad[] = "\x1b]0;x\x07\xc2\x9b\xe2\x80\xae\xff";
    ox_str s = ir_str(m, bad);
    ox_value x = ir_input(m, g, bad);
    ox_dim d = ox_dim_symbol(m, s);
    ox_type_info opaque = {.kind = OX_TYPE_OPAQUE, .n_names = 2, .names = (ox_str[]){s, s}};
    assert_ok(ox_value_set_type(m, x, ox_type_tensor(m, OX_FLOAT, 1, &d), &err), &err);
    ox_node n = ir_node(m, g, bad, 1, &x, bad);
    assert_ok(ox_node_set_op(m, n, s, s, s, &err), &err);
    assert_ok(ox_node_set_name(m, n, s, &err), &err);
    assert_ok(ox_node_set_loc(m, n, ox_loc_add(m, s, 1, 1), &err), &err);
    assert_ok(ox_value_set_type(m, ox_node_output(m, n, 0), ox_type_add(m, &opaque), &err), &err);
    ox_scope scope;
    assert_ok(ox_scope_add(m, &scope, (ox_scope){0}, s, s, &err), &err);
    assert_ok(ox_node_set_scope(m, n, scope, &err), &err);
    ox_str list[] = {s};
    ox_attr attrs[] = {
        {.name = s, .kind = OX_ATTR_STRING, .u.s = s},
        {.name = ir_str(m, "a"), .kind = OX_ATTR_RAW, .u.s = s},
        {.name = ir_str(m, "b"), .kind = OX_ATTR_STRINGS, .n = 1, .u.strings = list},
        {.name = ir_str(m, "c"), .kind = OX_ATTR_INT, .ref = s},
        {.name = ir_str(m, "d"), .kind = OX_ATTR_TYPE, .u.type = ox_type_tensor(m, OX_FLOAT, 1, &d)},
    };
    for (size_t i = 0; i < OX__COUNT(attrs); i++) assert_ok(ox_node_set_attr(m, n, &attrs[i], &err), &err);
    assert_ok(ox_graph_set_name(m, ir_block(m, n, "e"), s, &err), &err);
    assert_ok(ox_graph_set_name(m, g, s, &err), &err);
    assert_ok(ox_model_set_text(m, OX_MODEL_DOC, s, &err), &err);
    assert_ok(ox_model_set_metadata(m, s, s, &err), &err);
    ox_graph f;
    assert_ok(ox_graph_create(m, &f, OX_GRAPH_FUNCTION, s, &err), &err);
    ox_function_info info = {.domain = s, .overload = s, .n_attrs = 1, .attrs = &s};
    assert_ok(ox_function_set(m, f, &info, &err), &err);
    for (int style = 0; style < OX_N_STYLES; style++) {
        char *text = print_main(m, (ox_style)style);
        const char *found = strpbrk(text, "\x1b\x07\x9b\xff");
        if (!found) found = strstr(text, "\xe2\x80\xae");
        if (found)
            print_error("style %s: %.40s\n", ox_style_name((ox_style)style), found > text + 20 ? found - 20 : text);
        free(text);
        assert_null(found);
    }
    char *text = print_graph(m, g, (ox_print_options){.style = OX_STYLE_SEED, .raw = true});
    bool raw = strstr(text, bad) != NULL;
    free(text);
    assert_true(raw);
}

static void test_inks(void **state)
{
    (void)state;
    static const char *const ink[OX_N_INKS] = {
        [OX_INK_PLAIN] = ">", [OX_INK_OP] = "<o", [OX_INK_VALUE] = "<v", [OX_INK_TYPE] = "<t", [OX_INK_SCOPE] = "<s"};
    ox_value x = ir_input(m, g, "x");
    ox_node n = ir_node(m, g, "Relu", 1, &x, "y");
    ox_scope s;
    assert_ok(ox_scope_add(m, &s, (ox_scope){0}, ir_str(m, "A"), (ox_str){0}, &err), &err);
    assert_ok(ox_node_set_scope(m, n, s, &err), &err);
    printed t = {0};
    ox_sink sink = {printed_write, &t};
    ox_print_options opt = {.style = OX_STYLE_SEED, .ink = ink};
    assert_ok(ox_node_print(m, n, &opt, &sink, &err), &err);
    assert_text(t.p, "<v%y> : <tTensor> = <oonnx::Relu>(<v%x>), scope: <sA>");
}

/* ---- one scope ---- */

static void test_scope_filter(void **state)
{
    (void)state;
    ox_scope net, a, a1, b;
    assert_ok(ox_scope_add(m, &net, (ox_scope){0}, ir_str(m, "Net"), (ox_str){0}, &err), &err);
    assert_ok(ox_scope_add(m, &a, net, ir_str(m, "A"), ir_str(m, "a"), &err), &err);
    assert_ok(ox_scope_add(m, &a1, a, ir_str(m, "B"), ir_str(m, "1"), &err), &err);
    assert_ok(ox_scope_add(m, &b, net, ir_str(m, "B"), ir_str(m, "b"), &err), &err);
    ox_value x = ir_input(m, g, "x");
    ox_node one = ir_node(m, g, "One", 1, &x, "o1"), two = ir_node(m, g, "Two", 1, &x, "o2");
    ox_node branch = ir_node(m, g, "If", 1, &x, "o3"), other = ir_node(m, g, "Other", 1, &x, "o4");
    ox_graph block = ir_block(m, branch, "then_branch");
    ox_node inner = ir_node(m, block, "Inner", 1, &x, "o5"), outer = ir_node(m, block, "Outer", 1, &x, "o6");
    assert_ok(ox_node_set_scope(m, one, a, &err), &err);
    assert_ok(ox_node_set_scope(m, two, b, &err), &err);
    assert_ok(ox_node_set_scope(m, inner, a1, &err), &err);
    assert_ok(ox_node_set_scope(m, outer, b, &err), &err);
    (void)other;
    char *text = print_graph(m, g, (ox_print_options){.style = OX_STYLE_SEED, .scope = a});
    static const char *const in[] = {"graph(%x", "One", "If", "Inner", "return"}, *const out[] = {"Two", "Other",
                                                                                                  "Outer"};
    bool good = true;
    for (size_t i = 0; i < OX__COUNT(in); i++) good = good && strstr(text, in[i]);
    for (size_t i = 0; i < OX__COUNT(out); i++) good = good && !strstr(text, out[i]);
    free(text);
    assert_true(good);
    for (int style = 0; style < OX_N_STYLES; style++) {
        text = print_graph(m, g, (ox_print_options){.style = (ox_style)style, .scope = b});
        good = strstr(text, "Two") && !strstr(text, "One") && !strstr(text, "Inner");
        free(text);
        assert_true(good);
    }
}

/* ---- ends ---- */

static void test_sink_fails(void **state)
{
    (void)state;
    for (int i = 0; i < 9000; i++) ir_node(m, g, "Relu", 0, NULL, NULL);
    for (int style = 0; style < OX_N_STYLES; style++) {
        printed t = {.fail_at = 1000};
        ox_sink sink = {printed_write, &t};
        ox_print_options opt = {.style = (ox_style)style};
        assert_fails(ox_graph_print(m, g, &opt, &sink, &err), OX_E_IO, "disk is full", &err);
        assert_int_equal(t.writes, 1); /* it was told once, and stopped */
        printed_free(&t);
    }
    printed t = {0};
    ox_sink sink = {printed_write, &t};
    ox_print_options opt = {.style = OX_STYLE_SEED};
    assert_ok(ox_graph_print(m, g, &opt, &sink, &err), &err);
    size_t n = t.n, writes = t.writes;
    printed_free(&t);
    assert_true(writes <= n / 60000 + 1); /* large pieces */
}

static bool stop(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what;
    return ++*(int *)ud < 3 && done <= total;
}

static void test_interrupted(void **state)
{
    (void)state;
    for (int i = 0; i < 9000; i++) ir_node(m, g, "Relu", 0, NULL, NULL);
    for (int style = 0; style < OX_N_STYLES; style++) {
        int calls = 0;
        ox_task task = {stop, &calls};
        printed t = {0};
        ox_sink sink = {printed_write, &t};
        ox_print_options opt = {.style = (ox_style)style, .task = &task};
        ox_status s = ox_graph_print(m, g, &opt, &sink, &err);
        printed_free(&t);
        assert_int_equal(s, OX_E_INTERRUPTED);
        assert_int_equal(calls, 3);
    }
}

static void test_wrong_use(void **state)
{
    (void)state;
    printed t = {0};
    ox_sink sink = {printed_write, &t}, nowhere = {0};
    ox_print_options opt = {.style = OX_STYLE_SEED}, odd = {.style = (ox_style)9}, scope = {.scope = {7, 7}};
    ox_node n = ir_node(m, g, "Relu", 0, NULL, NULL);
    assert_fails(ox_graph_print(m, g, &opt, &nowhere, &err), OX_E_INVALID, "somewhere to write", &err);
    assert_fails(ox_graph_print(m, g, &odd, &sink, &err), OX_E_INVALID, "style", &err);
    assert_fails(ox_graph_print(m, g, &scope, &sink, &err), OX_E_INVALID, "no such scope", &err);
    assert_fails(ox_graph_print(m, (ox_graph){99, 1}, &opt, &sink, &err), OX_E_INVALID, "graph does not exist", &err);
    assert_fails(ox_value_print(m, (ox_value){99, 1}, &opt, &sink, &err), OX_E_INVALID, "value does not exist", &err);
    assert_fails(ox_attr_print(m, NULL, &opt, &sink, &err), OX_E_INVALID, "attribute does not exist", &err);
    assert_fails(ox_type_print(m, (ox_type){0}, (ox_layout){0}, NULL, &sink, &err), OX_E_INVALID, "options", &err);
    assert_ok(ox_node_delete(m, n, &err), &err);
    assert_fails(ox_node_print(m, n, &opt, &sink, &err), OX_E_INVALID, "node does not exist", &err);
    assert_int_equal(t.n, 0);
}

/* Every allocation of a print fails in turn: an error each time, and nothing is lost. */
static void test_no_memory(void **state)
{
    (void)state;
    ox_value x = ir_input(m, g, "a\nb");
    ox_dim d = ox_dim_add(m, ox_dim_symbol(m, ir_str(m, "s")), ox_dim_const(m, 1));
    assert_ok(ox_value_set_type(m, x, ox_type_tensor(m, OX_FLOAT, 1, &d), &err), &err);
    ox_node n = ir_node(m, g, "If", 1, &x, "y");
    ox_attr a = {.name = ir_str(m, "s"), .kind = OX_ATTR_STRING, .u.s = ir_str(m, "\x01\x02")};
    assert_ok(ox_node_set_attr(m, n, &a, &err), &err);
    ir_block(m, n, "then_branch");
    ox_scope s;
    assert_ok(ox_scope_add(m, &s, (ox_scope){0}, ir_str(m, "A"), (ox_str){0}, &err), &err);
    assert_ok(ox_node_set_scope(m, n, s, &err), &err);
    for (int style = 0; style < OX_N_STYLES; style++) {
        uint64_t at = 1;
        for (; at < 200; at++) {
            printed t = {0};
            ox_sink sink = {printed_write, &t};
            ox_print_options opt = {.style = (ox_style)style, .scope = s};
            ox__alloc_fail_at(at, false);
            ox_status got = ox_graph_print(m, g, &opt, &sink, &err);
            ox__alloc_fail_at(0, false);
            printed_free(&t);
            if (got == OX_OK) break;
            assert_int_equal(got, OX_E_NOMEM);
        }
        assert_in_range(at, 3, 100);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_styles),      T(test_labels),    T(test_op_text),      T(test_dims),
        T(test_sanitised),   T(test_inks),      T(test_scope_filter), T(test_sink_fails),
        T(test_interrupted), T(test_wrong_use), T(test_no_memory),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
