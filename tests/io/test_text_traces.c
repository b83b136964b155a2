/* Every dump of tests/traces: what it holds, counted, and that style torch prints it back byte for byte. */
#include "ox_text_test.h"

static tx x;

static int teardown(void **state)
{
    (void)state;
    tx_free(&x);
    return 0;
}

typedef struct trace_row {
    const char *file;
    size_t inputs, nodes, top, scopes; /* nodes of the model, of the main graph; scopes made */
    size_t typed;                      /* values of tensor type with a known shape */
    int warnings;
    bool exact; /* style torch prints the same text */
} trace_row;

static const trace_row rows[] = {
#include "traces.def"
};

static size_t count_typed(void)
{
    size_t n = 0;
    for (uint32_t id = 1; id < ox_model_value_limit(x.m); id++) {
        ox_value v = ox_model_value_at(x.m, id);
        ox_type_info t = ox_type_get(x.m, ox_value_type(x.m, v));
        n += v.id && t.kind == OX_TYPE_TENSOR && t.dtype != OX_UNDEFINED && t.rank >= 0;
    }
    return n;
}

/* The text of the graph in the file, from `graph(` to the end of its last line. */
static ox__span graph_text(void)
{
    ox__text_graphs found = {0};
    assert_ok(ox__text_find(&found, x.data, x.n, "trace.txt", NULL, &x.err), &x.err);
    ox__text_graph g = {0};
    for (size_t i = 0; i < found.rows.n; i++) g = found.rows.p[i];
    ox__vec_free(&found.rows);
    return (ox__span){x.data + g.at, (size_t)(g.end - g.at)};
}

static bool same_text(const char *file, const char *got, ox__span want)
{
    size_t line = 1, i = 0, start = 0;
    for (; i < want.n && got[i] == want.p[i]; i++)
        if (got[i] == '\n') line++, start = i + 1;
    if (i == want.n && !got[i]) return true;
    const char *ge = strchr(got + start, '\n'), *we = memchr(want.p + start, '\n', want.n - start);
    int gn = ge ? (int)(ge - got - (long)start) : (int)strlen(got + start);
    int wn = we ? (int)(we - want.p - (long)start) : (int)(want.n - start);
    print_error("%s, line %zu of the graph:\n  got  %.*s\n  want %.*s\n", file, line, gn, got + start, wn,
                want.p + start);
    return false;
}

static void counts(void **state)
{
    (void)state;
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        const trace_row *r = &rows[i];
        tx_load(&x, r->file);
        assert_ok(tx_open_n(&x, x.data, x.n, 0), &x.err);
        ox_graph g = ox_model_main(x.m);
        trace_row got = {r->file,
                         ox_graph_n_inputs(x.m, g),
                         ox_model_n_nodes(x.m),
                         ox_graph_n_nodes(x.m, g),
                         ox_model_scope_limit(x.m) - 1,
                         count_typed(),
                         x.n_warnings,
                         r->exact};
        if (got.inputs != r->inputs || got.nodes != r->nodes || got.top != r->top || got.scopes != r->scopes ||
            got.typed != r->typed || got.warnings != r->warnings)
            fail_msg("{\"%s\", %zu, %zu, %zu, %zu, %zu, %d, %s},", r->file, got.inputs, got.nodes, got.top, got.scopes,
                     got.typed, got.warnings, got.exact ? "true" : "false");
    }
}

static void printed_back(void **state)
{
    (void)state;
    size_t n = 0, bad = 0;
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        if (!rows[i].exact) continue;
        tx_load(&x, rows[i].file);
        assert_ok(tx_open_n(&x, x.data, x.n, 0), &x.err);
        bad += !same_text(rows[i].file, tx_print(&x, OX_STYLE_TORCH), graph_text());
        n++;
    }
    assert_int_equal(bad, 0);
    assert_true(n >= 30);
}

/* Reading what was printed and printing that gives the same text: in the styles that are read back. */
static void styles_are_stable(void **state)
{
    (void)state;
    static const ox_style styles[] = {OX_STYLE_SEED, OX_STYLE_TORCH};
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        tx_load(&x, rows[i].file);
        for (size_t k = 0; k < OX__COUNT(styles); k++) {
            assert_ok(tx_open_n(&x, x.data, x.n, 0), &x.err);
            size_t nodes = ox_model_n_nodes(x.m), typed = count_typed();
            tx_print(&x, styles[k]);
            ox__buf first = x.text;
            x.text = (ox__buf){0};
            ox_status s = tx_open_n(&x, first.p, first.n, 0);
            if (s == OX_OK) tx_print(&x, styles[k]);
            bool same = s == OX_OK && first.n == x.text.n && memcmp(first.p, x.text.p, first.n) == 0;
            ox__buf_free(&first);
            if (s != OX_OK)
                fail_msg("%s in style %s: line %u: %s", rows[i].file, ox_style_name(styles[k]), x.err.line, x.err.msg);
            if (!same) fail_msg("%s in style %s is not stable", rows[i].file, ox_style_name(styles[k]));
            assert_int_equal(ox_model_n_nodes(x.m), nodes);
            assert_int_equal(count_typed(), typed);
        }
    }
}

static void known_places(void **state)
{
    (void)state;
    char buf[256];
    tx_load(&x, "cnn.verbose.graph.txt");
    assert_ok(tx_open_n(&x, x.data, x.n, 0), &x.err);
    ox_node n = tx_main(&x, 0);
    assert_true(ox_node_is(x.m, n, "", "Conv"));
    assert_string_equal(tx_str(&x, ox_node_name(x.m, n)), "/features/features.0/Conv");
    ox_scope_print(x.m, ox_node_scope(x.m, n), buf, sizeof buf);
    assert_string_equal(buf, "SmallCNN/Sequential[features]/Conv2d[0]");
    assert_int_equal(ox_loc_get(x.m, ox_node_loc(x.m, n)).line, 459);
    assert_int_equal(ox_node_attr(x.m, n, "strides")->u.ints[1], 2);
    tx_load(&x, "eras/smallcnn.v04_aten.graph.txt");
    assert_ok(tx_open_n(&x, x.data, x.n, 0), &x.err);
    for (n = ox_graph_first(x.m, ox_model_main(x.m)); !ox_node_is(x.m, n, "aten", "_convolution");)
        n = ox_node_next(x.m, n);
    assert_int_equal(ox_node_n_inputs(x.m, n), 12);
    const ox_attr *attrs;
    assert_int_equal(ox_node_attrs(x.m, n, &attrs), 0);
}

/* Files without a graph: a named error with a place and a hint. */
static void without_a_graph(void **state)
{
    static const struct {
        const char *file, *what, *hint;
    } cases[] = {
        {"constant_prints.txt", "nodes without their graph", "print(graph)"},
        {"logs/needs_newer_opset.txt", "a log of an export", "verbose=True"},
        {"logs/nonconst_arg_script.txt", "a log of an export", "verbose=True"},
        {"logs/symbolic_value_error.txt", "a log of an export", "verbose=True"},
        {"logs/unsupported_op.txt", "a log of an export", "verbose=True"},
        {"logs/user_symbolic_bad_args.txt", "a log of an export", "verbose=True"},
        {"logs/user_symbolic_bad_attr.txt", "a log of an export", "verbose=True"},
        {"logs/user_symbolic_bad_count.txt", "a log of an export", "verbose=True"},
        {"logs/user_symbolic_bad_none.txt", "a log of an export", "verbose=True"},
        {"logs/user_symbolic_bad_type.txt", "a log of an export", "verbose=True"},
    };
    (void)state;
    for (size_t i = 0; i < OX__COUNT(cases); i++) {
        tx_load(&x, cases[i].file);
        ox_status s = tx_open_n(&x, x.data, x.n, 0);
        if (s != OX_E_FORMAT || !strstr(x.err.msg, cases[i].what) || !strstr(x.err.hint, cases[i].hint) || !x.err.line)
            fail_msg("%s: line %u: %s (%s)", cases[i].file, x.err.line, x.err.msg, x.err.hint);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_teardown(counts, teardown),
        cmocka_unit_test_teardown(printed_back, teardown),
        cmocka_unit_test_teardown(styles_are_stable, teardown),
        cmocka_unit_test_teardown(known_places, teardown),
        cmocka_unit_test_teardown(without_a_graph, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
