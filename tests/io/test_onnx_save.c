/* Saving: what was not touched is copied, what was is written anew among its unknown fields, and undo brings the bytes
 * back. Each edit is held against the saved file, opened again: both models print the same. */
#include "ox_test.h"
#include "ox_pb.h"
#include "ox_dir.h"

#include <onnxsh/io.h>
#include <onnxsh/journal.h>
#include <onnxsh/print.h>

typedef struct fixture {
    ox_model *m, *again;
    pb b;
    char *saved, *text[2];
    size_t saved_n;
    ox_error err;
} fixture;

static int setup(void **state)
{
    *state = calloc(1, sizeof(fixture));
    return *state ? dir_setup(state) : -1;
}

static void clear(fixture *f)
{
    ox_model_free(f->m);
    ox_model_free(f->again);
    f->m = f->again = NULL;
    pb_free(&f->b);
    free(f->saved);
    free(f->text[0]);
    free(f->text[1]);
    f->saved = f->text[0] = f->text[1] = NULL;
}

static int teardown(void **state)
{
    clear(*state);
    free(*state);
    return dir_teardown(state);
}

/* ---- the model: a field that nobody knows in every message ---- */

static void unknown(pb *b)
{
    pb_text(b, 99, "unknown");
}

static void put_block(pb *b, const char *name, const char *reads, const char *makes)
{
    pb_begin(b, 5), pb_text(b, 1, name), pb_begin(b, 6);
    pb_node(b, "Neg", reads, makes, "inner"), pb_text(b, 2, name);
    pb_info(b, 12, makes, 1, -1, NULL);
    unknown(b), pb_end(b), pb_int(b, 20, 5), unknown(b), pb_end(b);
}

static void put_graph(pb *b)
{
    const int64_t dims[] = {2, 3}, scalar[] = {0};
    const float w[] = {1, 2, 3, 4, 5, 6};
    pb_begin(b, 1);
    pb_text(b, 1, "x"), pb_text(b, 1, "w"), pb_text(b, 1, ""), pb_text(b, 2, "a"), pb_text(b, 3, "first"),
        pb_text(b, 4, "Odd");
    pb_begin(b, 5), pb_text(b, 1, "alpha"), pb_float(b, 2, 0.5f), pb_int(b, 20, 1), unknown(b), pb_end(b);
    pb_begin(b, 5), pb_text(b, 1, "t"), pb_begin(b, 5), pb_int(b, 1, 1), pb_int(b, 2, 1), pb_data(b, 9, w, 4),
        unknown(b);
    pb_end(b), pb_int(b, 20, 4), pb_end(b);
    pb_begin(b, 5), pb_text(b, 1, "ints"), pb_data(b, 8, "\x01\x02", 2), pb_int(b, 20, 7), pb_end(b); /* packed */
    pb_text(b, 6, "node doc"), pb_text(b, 7, "ai.onnx");
    pb_entry(b, 9, "k1", "v1"), pb_entry(b, 9, "k2", "v2");
    pb_begin(b, 10), pb_text(b, 1, "conf"), pb_begin(b, 2), pb_text(b, 1, "a"), pb_end(b), pb_end(b); /* a placement */
    unknown(b), pb_end(b);
    pb_node(b, "Relu", "a", "b", "second");
    pb_begin(b, 1), pb_text(b, 1, "c"), pb_text(b, 2, "d"), pb_text(b, 3, "iff"), pb_text(b, 4, "If");
    put_block(b, "then_branch", "b", "t1"), put_block(b, "else_branch", "w", "e1");
    unknown(b), pb_end(b);
    pb_node(b, "Neg", "d", "y", "last");
    pb_text(b, 2, "graph name");
    pb_begin(b, 5), pb_int(b, 1, 2), pb_int(b, 1, 3), pb_int(b, 2, 1), pb_text(b, 8, "w"), pb_data(b, 9, w, 24),
        unknown(b);
    pb_end(b);
    pb_text(b, 10, "graph doc");
    pb_begin(b, 11), pb_text(b, 1, "x"), pb_begin(b, 2), pb_begin(b, 1), pb_int(b, 1, 1), unknown(b), pb_end(b),
        unknown(b);
    pb_end(b), pb_text(b, 3, "input doc"), pb_entry(b, 4, "ik", "iv"), unknown(b), pb_end(b);
    pb_info(b, 11, "c", 9, 0, scalar);
    pb_info(b, 12, "y", 1, 2, dims);
    pb_info(b, 13, "a", 1, 2, dims), pb_info(b, 13, "nobody", 1, 2, dims), pb_info(b, 13, "b", 1, 2, dims);
    pb_begin(b, 14), pb_text(b, 1, "a"), pb_entry(b, 2, "SCALE_TENSOR", "w"), pb_end(b);
    pb_entry(b, 16, "gk", "gv");
}

static void put_function(pb *b, const char *name)
{
    pb_begin(b, 25), pb_text(b, 1, name), pb_text(b, 4, "in"), pb_text(b, 5, "out"), pb_text(b, 6, "req");
    pb_begin(b, 7), pb_text(b, 1, "in"), pb_text(b, 2, "out"), pb_text(b, 4, "Elu");
    pb_begin(b, 5), pb_text(b, 1, "alpha"), pb_int(b, 20, 1), pb_text(b, 21, "opt"), pb_end(b), pb_end(b);
    pb_opset(b, 9, "", 17), pb_text(b, 10, "dom");
    pb_begin(b, 11), pb_text(b, 1, "opt"), pb_float(b, 2, 1), pb_int(b, 20, 1), unknown(b), pb_end(b);
    unknown(b), pb_end(b);
}

static void put_model(pb *b)
{
    pb_int(b, 1, 8), pb_text(b, 2, "maker"), unknown(b);
    pb_begin(b, 7), put_graph(b), unknown(b), pb_end(b);
    pb_opset(b, 8, "ai.onnx", 17), pb_opset(b, 8, "dom", 1);
    pb_entry(b, 14, "mk", "mv");
    pb_begin(b, 20), pb_begin(b, 2), pb_node(b, "Neg", "w", "step", "train"), pb_end(b), pb_entry(b, 4, "w", "step"),
        pb_end(b);
    put_function(b, "F"), put_function(b, "G");
    pb_begin(b, 26), pb_text(b, 1, "conf"), pb_end(b);
}

/* ---- saving and comparing ---- */

static ox_status to_text(void *ud, const char *s, size_t n, ox_error *err)
{
    char **text = ud;
    size_t had = *text ? strlen(*text) : 0;
    (void)err;
    *text = realloc(*text, had + n + 1);
    assert_non_null(*text);
    memcpy(*text + had, s, n);
    (*text)[had + n] = '\0';
    return OX_OK;
}

static void print(fixture *f, const ox_model *m, char **text)
{
    ox_sink sink = {to_text, text};
    ox_print_options opt = {.style = OX_STYLE_SEED};
    free(*text);
    *text = NULL;
    assert_ok(ox_graph_print(m, ox_model_main(m), &opt, &sink, &f->err), &f->err);
}

static void save(fixture *f)
{
    free(f->saved);
    assert_ok(ox_save_onnx(f->m, dir_path("out.onnx"), NULL, &f->err), &f->err);
    f->saved = dir_read("out.onnx", &f->saved_n);
    assert_non_null(f->saved);
}

static void assert_saved_as_read(fixture *f)
{
    save(f);
    assert_int_equal(f->saved_n, f->b.n);
    assert_memory_equal(f->saved, f->b.p, f->b.n);
}

static size_t count(const char *p, size_t n, const char *what)
{
    size_t k = strlen(what), found = 0;
    for (size_t i = 0; i + k <= n; i++) found += memcmp(p + i, what, k) == 0;
    return found;
}

/* Saves the edited model; opened again it is the same, and no unknown field is lost but in what was deleted. Undone,
 * the bytes are back. */
static void open_saved(fixture *f)
{
    ox_model_free(f->again);
    f->again = NULL;
    assert_ok(ox_open(&f->again, dir_path("out.onnx"), NULL, NULL, NULL, &f->err), &f->err);
}

/* Saves the edited model; opened again it is the same, and no unknown field is lost but in what was deleted. Undone,
 * the bytes are back. */
static void check_edit(fixture *f, int unknown_lost)
{
    uint64_t size;
    assert_ok(ox_journal_commit(f->m, "edit", &f->err), &f->err);
    save(f);
    assert_true(f->saved_n != f->b.n || memcmp(f->saved, f->b.p, f->b.n) != 0);
    assert_ok(ox_onnx_size(f->m, NULL, &size, &f->err), &f->err);
    assert_int_equal(size, f->saved_n);
    assert_int_equal(count(f->saved, f->saved_n, "unknown") + (size_t)unknown_lost,
                     count((const char *)f->b.p, f->b.n, "unknown"));
    open_saved(f);
    print(f, f->m, &f->text[0]);
    print(f, f->again, &f->text[1]);
    assert_string_equal(f->text[0], f->text[1]);
    assert_ok(ox_journal_undo(f->m, NULL, &f->err), &f->err);
    assert_saved_as_read(f);
}

static void open_model(fixture *f)
{
    clear(f);
    put_model(&f->b);
    assert_ok(ox_open_memory(&f->m, f->b.p, f->b.n, "m.onnx", NULL, NULL, NULL, &f->err), &f->err);
}

static ox_graph top(const fixture *f)
{
    return ox_model_main(f->m);
}

static ox_node node(const fixture *f, const char *name)
{
    ox_node n = ox_graph_find_node(f->m, top(f), ox_str_find(f->m, name, strlen(name)));
    assert_true(ox_node_is_alive(f->m, n));
    return n;
}

static ox_value value(const fixture *f, const char *name)
{
    ox_value v = ox_graph_find_value(f->m, top(f), ox_str_find(f->m, name, strlen(name)));
    assert_true(ox_value_is_alive(f->m, v));
    return v;
}

static ox_str str(fixture *f, const char *s)
{
    return ox_str_addz(f->m, s);
}

/* ---- the tests ---- */

static void test_unedited(void **state)
{
    fixture *f = *state;
    open_model(f);
    assert_saved_as_read(f);
    dir_write("in.onnx", f->b.p, f->b.n); /* and over the file that it came from */
    ox_model_free(f->m);
    assert_ok(ox_open(&f->m, dir_path("in.onnx"), NULL, NULL, NULL, &f->err), &f->err);
    for (int i = 0; i < 2; i++) {
        assert_ok(ox_save_onnx(f->m, dir_path("in.onnx"), NULL, &f->err), &f->err);
        free(f->saved);
        f->saved = dir_read("in.onnx", &f->saved_n);
        assert_memory_equal(f->saved, f->b.p, f->b.n);
    }
}

/* One name changed: what stands before its node and behind it is as it was, but for the graph's length. */
static void test_one_rename_changes_one_record(void **state)
{
    fixture *f = *state;
    open_model(f);
    assert_ok(ox_node_set_name(f->m, node(f, "second"), str(f, "Second"), &f->err), &f->err); /* as long */
    assert_ok(ox_journal_commit(f->m, "edit", &f->err), &f->err);
    save(f);
    assert_int_equal(f->saved_n, f->b.n);
    size_t differ = 0;
    for (size_t i = 0; i < f->b.n; i++) differ += f->saved[i] != (char)f->b.p[i];
    assert_int_equal(differ, 1);
    assert_ok(ox_node_set_name(f->m, node(f, "Second"), str(f, "a longer name"), &f->err), &f->err);
    save(f);
    size_t more = strlen("a longer name") - strlen("second"), head = 0, tail = 0;
    assert_int_equal(f->saved_n, f->b.n + more);
    while (f->saved[head] == (char)f->b.p[head]) head++;
    while (f->saved[f->saved_n - 1 - tail] == (char)f->b.p[f->b.n - 1 - tail]) tail++;
    const char *at = memmem(f->saved, f->saved_n, "a longer name", more);
    assert_true(f->saved + f->saved_n - tail >= at + more);
    assert_true(head < 40); /* the graph's length is the first to differ */
}

static void test_edits_of_nodes(void **state)
{
    fixture *f = *state;
    open_model(f);
    ox_node n = node(f, "first");
    assert_ok(ox_node_set_name(f->m, n, str(f, "other"), &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_node_set_op(f->m, n, str(f, "my.dom"), str(f, "Op"), str(f, "ov"), &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_node_set_doc(f->m, n, str(f, ""), &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_node_set_metadata(f->m, n, str(f, "k1"), str(f, "new"), &f->err), &f->err);
    assert_ok(ox_node_set_metadata(f->m, n, str(f, "k3"), str(f, "v3"), &f->err), &f->err);
    assert_ok(ox_node_set_metadata(f->m, n, str(f, "k2"), (ox_str){0}, &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_node_set_input(f->m, n, 2, value(f, "c"), &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_node_set_inputs(f->m, n, 0, NULL, &f->err), &f->err);
    check_edit(f, 0);
    ox_attr a = {.name = str(f, "alpha"), .kind = OX_ATTR_INT, .u.i = 7}; /* another kind */
    assert_ok(ox_node_set_attr(f->m, n, &a, &f->err), &f->err);
    check_edit(f, 0);
    a = (ox_attr){.name = str(f, "fs"), .kind = OX_ATTR_FLOATS, .n = 2, .u.floats = (const double[]){1, -2.5}};
    assert_ok(ox_node_set_attr(f->m, n, &a, &f->err), &f->err);
    a = (ox_attr){.name = str(f, "ss"), .kind = OX_ATTR_STRINGS, .n = 1, .u.strings = (const ox_str[]){a.name}};
    assert_ok(ox_node_set_attr(f->m, n, &a, &f->err), &f->err);
    a = (ox_attr){.name = str(f, "ints"), .kind = OX_ATTR_INTS, .n = 2, .u.ints = (const int64_t[]){300, -1}};
    assert_ok(ox_node_set_attr(f->m, n, &a, &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_node_remove_attr(f->m, n, "alpha", &f->err), &f->err);
    check_edit(f, 1);
    assert_ok(ox_node_remove_attr(f->m, n, "t", &f->err), &f->err);
    check_edit(f, 1);
}

static void test_edits_of_order(void **state)
{
    fixture *f = *state;
    ox_node made, last;
    open_model(f);
    last = node(f, "last");
    assert_ok(ox_node_move(f->m, last, node(f, "first"), &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_node_move(f->m, node(f, "first"), (ox_node){0, 0}, &f->err), &f->err);
    check_edit(f, 0);
    ox_value x = value(f, "x");
    assert_ok(ox_node_create(f->m, &made, top(f), node(f, "second"), str(f, ""), str(f, "Abs"), 1, &x, 1, &f->err),
              &f->err);
    assert_ok(ox_value_set_name(f->m, ox_node_output(f->m, made, 0), str(f, "fresh"), &f->err), &f->err);
    assert_ok(ox_node_set_input(f->m, last, 0, ox_node_output(f->m, made, 0), &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_value_replace_uses(f->m, value(f, "b"), value(f, "a"), &f->err), &f->err);
    assert_ok(ox_node_delete(f->m, node(f, "second"), &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_node_create(f->m, &made, top(f), (ox_node){0, 0}, str(f, ""), str(f, "Abs"), 1, &x, 1, &f->err),
              &f->err);
    assert_ok(ox_graph_add_output(f->m, top(f), 0, ox_node_output(f->m, made, 0), &f->err), &f->err); /* has no name */
    assert_ok(ox_journal_commit(f->m, "edit", &f->err), &f->err);
    save(f);
    open_saved(f);
    ox_value out = ox_graph_output(f->again, ox_model_main(f->again), 0);
    assert_true(ox_node_is(f->again, ox_value_node(f->again, out), "", "Abs"));
}

static void test_edits_of_values(void **state)
{
    fixture *f = *state;
    ox_value v;
    ox_tensor t;
    const int64_t two[] = {2};
    const float data[] = {8, 9};
    open_model(f);
    assert_ok(ox_value_set_name(f->m, value(f, "w"), str(f, "weight"), &f->err), &f->err); /* in blocks, too */
    check_edit(f, 0);
    assert_int_equal(count(f->saved, f->saved_n, "weight"), 0);
    assert_ok(ox_value_set_name(f->m, value(f, "x"), str(f, "input"), &f->err), &f->err);
    assert_ok(ox_value_set_name(f->m, value(f, "y"), str(f, "result"), &f->err), &f->err);
    assert_ok(ox_value_set_name(f->m, value(f, "a"), str(f, "declared"), &f->err), &f->err);
    check_edit(f, 0);
    ox_dim dims[] = {ox_dim_symbol(f->m, str(f, "n")),
                     ox_dim_add(f->m, ox_dim_symbol(f->m, str(f, "n")), ox_dim_const(f->m, 1))};
    assert_ok(ox_value_set_type(f->m, value(f, "x"), ox_type_tensor(f->m, OX_FLOAT16, 2, dims), &f->err), &f->err);
    check_edit(f, 2); /* those in the type that is no more */
    assert_ok(ox_value_set_type(f->m, value(f, "d"), ox_type_tensor(f->m, OX_FLOAT, OX_RANK_UNKNOWN, NULL), &f->err),
              &f->err);
    assert_ok(ox_value_set_declared(f->m, value(f, "d"), true, &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_value_set_declared(f->m, value(f, "a"), false, &f->err), &f->err);
    assert_ok(ox_value_set_type(f->m, value(f, "a"), (ox_type){0}, &f->err), &f->err); /* which nothing says any more */
    assert_ok(ox_value_set_doc(f->m, value(f, "b"), str(f, "about b"), &f->err), &f->err);
    assert_ok(ox_value_set_metadata(f->m, value(f, "b"), str(f, "k"), str(f, "v"), &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_tensor_add_raw(f->m, &t, OX_FLOAT, 1, two, data, sizeof data, &f->err), &f->err);
    ox_type pair = ox_type_tensor(f->m, OX_FLOAT, 1, (const ox_dim[]){ox_dim_const(f->m, 2)});
    assert_ok(ox_value_set_tensor(f->m, value(f, "w"), t, &f->err), &f->err);
    assert_ok(ox_value_set_type(f->m, value(f, "w"), pair, &f->err), &f->err);
    check_edit(f, 1);
    assert_ok(ox_graph_add_initializer(f->m, &v, top(f), str(f, "more"), t, &f->err), &f->err);
    assert_ok(ox_graph_add_input(f->m, &v, top(f), 0, str(f, "in0"), (ox_type){0}, &f->err), &f->err);
    assert_ok(ox_graph_add_output(f->m, top(f), 0, value(f, "b"), &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_value_set_type(f->m, value(f, "x"), pair, &f->err), &f->err);
    assert_ok(ox_graph_bind_input(f->m, top(f), value(f, "x"), t, false, &f->err), &f->err);
    check_edit(f, 3); /* the input's record is gone */
}

static void test_edits_of_blocks_and_functions(void **state)
{
    fixture *f = *state;
    ox_graph g;
    open_model(f);
    ox_graph block = ox_node_block(f->m, node(f, "iff"), 1);
    assert_ok(ox_node_set_name(f->m, ox_graph_first(f->m, block), str(f, "renamed"), &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_graph_set_name(f->m, block, str(f, "block name"), &f->err), &f->err);
    assert_ok(ox_graph_set_doc(f->m, top(f), str(f, "new doc"), &f->err), &f->err);
    assert_ok(ox_graph_set_metadata(f->m, top(f), str(f, "gk"), str(f, "changed"), &f->err), &f->err);
    check_edit(f, 0);
    ox_value made = ox_graph_output(f->m, block, 0);
    assert_ok(ox_graph_remove_output(f->m, block, 0, &f->err), &f->err);
    assert_ok(ox_value_set_declared(f->m, made, true, &f->err), &f->err); /* so that its type is said elsewhere */
    check_edit(f, 0);
    ox_graph fn = ox_model_function(f->m, 1);
    assert_ok(ox_node_set_name(f->m, ox_graph_first(f->m, fn), str(f, "renamed"), &f->err), &f->err);
    assert_ok(ox_value_set_name(f->m, ox_graph_input(f->m, fn, 0), str(f, "argument"), &f->err), &f->err);
    check_edit(f, 0);
    ox_function_info info = ox_function_get(f->m, fn);
    ox_opset opsets[] = {{str(f, ""), 18}, {str(f, "extra"), 2}};
    ox_str attrs[] = {str(f, "req"), str(f, "req2")};
    info.n_opsets = info.n_attrs = 2;
    info.opsets = opsets;
    info.attrs = attrs;
    info.overload = str(f, "ov");
    assert_ok(ox_function_set(f->m, fn, &info, &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_graph_delete(f->m, ox_model_function(f->m, 0), &f->err), &f->err);
    check_edit(f, 2);
    assert_ok(ox_graph_create(f->m, &g, OX_GRAPH_FUNCTION, str(f, "H"), &f->err), &f->err);
    assert_ok(ox_function_set(f->m, g, &(ox_function_info){.domain = str(f, "dom")}, &f->err), &f->err);
    check_edit(f, 0);
}

static void test_edits_of_the_model(void **state)
{
    fixture *f = *state;
    open_model(f);
    assert_ok(ox_model_set_ir_version(f->m, 9, &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_model_set_text(f->m, OX_MODEL_DOC, str(f, "doc"), &f->err), &f->err);
    assert_ok(ox_model_set_text(f->m, OX_MODEL_PRODUCER_NAME, str(f, "me"), &f->err), &f->err);
    assert_ok(ox_model_set_version(f->m, 3, &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_model_set_opset(f->m, str(f, ""), 18, &f->err), &f->err);
    assert_ok(ox_model_set_opset(f->m, str(f, "third"), 3, &f->err), &f->err);
    check_edit(f, 0);
    assert_ok(ox_model_set_metadata(f->m, str(f, "mk"), (ox_str){0}, &f->err), &f->err);
    assert_ok(ox_model_set_metadata(f->m, str(f, "new"), str(f, "v"), &f->err), &f->err);
    assert_ok(ox_journal_commit(f->m, "edit", &f->err), &f->err);
    save(f);
    open_saved(f);
    const ox_pair *p;
    assert_int_equal(ox_model_metadata(f->again, &p), 1);
    assert_string_equal(ox_str_text(f->again, p[0].key, NULL), "new");
    assert_int_equal(ox_model_opset(f->again, ""), 17);
}

static void test_edit_of_training_graph(void **state)
{
    fixture *f = *state;
    open_model(f);
    ox_use u = ox_value_first_use(f->m, value(f, "w"));
    while (u.node.id && ox_graph_get_kind(f->m, ox_node_graph(f->m, u.node)) != OX_GRAPH_TRAINING)
        u = ox_value_next_use(f->m, u);
    assert_int_not_equal(u.node.id, 0);
    assert_ok(ox_node_set_name(f->m, u.node, str(f, "trained"), &f->err), &f->err);
    check_edit(f, 0);
}

/* Values are also named in quantization annotations, placements on devices and training bindings. */
static void test_names_in_messages_of_others(void **state)
{
    fixture *f = *state;
    open_model(f);
    assert_ok(ox_value_set_name(f->m, value(f, "w"), str(f, "weight"), &f->err), &f->err);
    assert_ok(ox_value_set_name(f->m, value(f, "a"), str(f, "first_out"), &f->err), &f->err);
    save(f);
    size_t k = count(f->saved, f->saved_n, "weight"), j = count(f->saved, f->saved_n, "first_out");
    assert_int_equal(k, 6); /* an input, a block, the training graph; the initializer; annotation; binding */
    assert_int_equal(j, 5); /* output, input, value_info; annotation; placement */
    assert_int_equal(count(f->saved, f->saved_n, "unknown"), count((const char *)f->b.p, f->b.n, "unknown"));
}

static void test_strip_doc(void **state)
{
    fixture *f = *state;
    open_model(f);
    ox_save_options opt = {.strip_doc = true};
    assert_ok(ox_save_onnx(f->m, dir_path("out.onnx"), &opt, &f->err), &f->err);
    f->saved = dir_read("out.onnx", &f->saved_n);
    assert_int_equal(count(f->saved, f->saved_n, "node doc"), 0);
    assert_int_equal(count(f->saved, f->saved_n, "graph doc"), 1);
    assert_int_equal(f->saved_n, f->b.n - strlen("node doc") - 2);
}

/* A graph in two parts has no single place: once edited it is written as one. */
static void test_edit_of_merged_graph(void **state)
{
    fixture *f = *state;
    pb_begin(&f->b, 7), pb_node(&f->b, "Relu", "x", "y", "one"), unknown(&f->b), pb_end(&f->b);
    pb_opset(&f->b, 8, "", 17);
    pb_begin(&f->b, 7), pb_node(&f->b, "Neg", "y", "z", "two"), unknown(&f->b), pb_end(&f->b);
    assert_ok(ox_open_memory(&f->m, f->b.p, f->b.n, "m.onnx", NULL, NULL, NULL, &f->err), &f->err);
    assert_saved_as_read(f);
    assert_ok(ox_node_set_name(f->m, node(f, "two"), str(f, "TWO"), &f->err), &f->err);
    check_edit(f, 0);
}

static void test_model_from_nothing(void **state)
{
    fixture *f = *state;
    ox_value x, w, y;
    ox_node n;
    ox_tensor t;
    const int64_t two[] = {2};
    const float data[] = {1, 2};
    ox_tensor_info strings = {
        .dtype = OX_STRING, .rank = 1, .dims = two, .storage = OX_STORAGE_OWNED, .encoding = OX_ENC_STRINGS};
    assert_ok(ox_model_create(&f->m, OX_MODEL_ONNX, &f->err), &f->err);
    strings.strings = (const ox_str[]){str(f, "a"), str(f, "")};
    assert_ok(ox_model_set_ir_version(f->m, 8, &f->err), &f->err);
    assert_ok(ox_model_set_opset(f->m, str(f, ""), 17, &f->err), &f->err);
    assert_ok(ox_graph_set_name(f->m, top(f), str(f, "g"), &f->err), &f->err);
    ox_type type = ox_type_tensor(f->m, OX_FLOAT, 1, (const ox_dim[]){ox_dim_const(f->m, 2)});
    assert_ok(ox_graph_add_input(f->m, &x, top(f), SIZE_MAX, str(f, "x"), type, &f->err), &f->err);
    assert_ok(ox_tensor_add_raw(f->m, &t, OX_FLOAT, 1, two, data, sizeof data, &f->err), &f->err);
    assert_ok(ox_graph_add_initializer(f->m, &w, top(f), str(f, "w"), t, &f->err), &f->err);
    assert_ok(ox_node_create(f->m, &n, top(f), (ox_node){0, 0}, str(f, ""), str(f, "Add"), 2, (const ox_value[]){x, w},
                             1, &f->err),
              &f->err);
    ox_attr a = {.name = str(f, "g"), .kind = OX_ATTR_GRAPH},
            b = {.name = str(f, "t"), .kind = OX_ATTR_TENSOR, .u.t = t};
    assert_ok(ox_graph_create(f->m, &a.u.g, OX_GRAPH_BLOCK, str(f, "block"), &f->err), &f->err);
    assert_ok(ox_node_set_attr(f->m, n, &a, &f->err), &f->err);
    assert_ok(ox_node_set_attr(f->m, n, &b, &f->err), &f->err);
    b.name = str(f, "s");
    assert_ok(ox_tensor_add(f->m, &b.u.t, &strings, &f->err), &f->err);
    assert_ok(ox_node_set_attr(f->m, n, &b, &f->err), &f->err);
    ox_attr ty = {.name = str(f, "ty"), .kind = OX_ATTR_TYPE, .u.type = ox_type_of(f->m, OX_TYPE_OPTIONAL, type)};
    assert_ok(ox_node_set_attr(f->m, n, &ty, &f->err), &f->err);
    y = ox_node_output(f->m, n, 0);
    assert_ok(ox_value_set_type(f->m, y, type, &f->err), &f->err);
    assert_ok(ox_graph_add_output(f->m, top(f), SIZE_MAX, y, &f->err), &f->err);
    save(f);
    open_saved(f);
    ox_graph g = ox_model_main(f->again);
    ox_node m = ox_graph_first(f->again, g);
    assert_int_equal(ox_model_ir_version(f->again), 8);
    assert_int_equal(ox_node_attrs(f->again, m, NULL), 4);
    assert_int_equal(ox_node_input(f->again, m, 1).id, ox_graph_initializer(f->again, g, 0).id);
    assert_int_equal(ox_graph_output(f->again, g, 0).id, ox_node_output(f->again, m, 0).id);
    ox_tensor_info i = ox_tensor_get(f->again, ox_node_attr(f->again, m, "s")->u.t);
    assert_true(i.n_elements == 2 && !strcmp(ox_str_text(f->again, i.strings[0], NULL), "a"));
    ox_type_info tt = ox_type_get(f->again, ox_node_attr(f->again, m, "ty")->u.type);
    assert_int_equal(tt.kind, OX_TYPE_OPTIONAL);
}

/* Weights that are computed as they are read, in the model and beside it. */
static void test_scaled_weights(void **state)
{
    fixture *f = *state;
    static float data[1000];
    const int64_t dims[] = {2, 500};
    const double scales[] = {3, 0.25};
    ox_tensor t;
    ox_tensor_info i = {.dtype = OX_FLOAT,
                        .rank = 2,
                        .dims = dims,
                        .storage = OX_STORAGE_OWNED,
                        .encoding = OX_ENC_SCALED,
                        .data = data,
                        .n_bytes = sizeof data,
                        .scales = scales};
    for (int k = 0; k < 1000; k++) data[k] = (float)k;
    for (int external = 0; external < 2; external++) {
        ox_value w;
        ox_save_options opt = {.external = external ? OX_EXTERNAL_ALWAYS : OX_EXTERNAL_NEVER};
        assert_ok(ox_model_create(&f->m, OX_MODEL_ONNX, &f->err), &f->err);
        assert_ok(ox_model_set_ir_version(f->m, 8, &f->err), &f->err);
        assert_ok(ox_model_set_opset(f->m, str(f, ""), 17, &f->err), &f->err);
        assert_ok(ox_tensor_add(f->m, &t, &i, &f->err), &f->err);
        assert_ok(ox_graph_add_initializer(f->m, &w, top(f), str(f, "w"), t, &f->err), &f->err);
        assert_ok(ox_save_onnx(f->m, dir_path("out.onnx"), &opt, &f->err), &f->err);
        open_saved(f);
        float got[1000];
        ox_tensor back = ox_value_tensor(f->again, ox_graph_initializer(f->again, ox_model_main(f->again), 0));
        assert_int_equal(ox_tensor_get(f->again, back).external, external);
        assert_ok(ox_tensor_read(f->again, back, 0, got, sizeof got, &f->err), &f->err);
        for (int k = 0; k < 1000; k++) assert_true(got[k] == (float)(k * scales[k / 500]));
        ox_model_free(f->m);
        ox_model_free(f->again);
        f->m = f->again = NULL;
    }
}

static void test_what_cannot_be_saved(void **state)
{
    fixture *f = *state;
    uint64_t size;
    ox_value v;
    assert_ok(ox_model_create(&f->m, OX_MODEL_TRACE, &f->err), &f->err);
    assert_fails(ox_save_onnx(f->m, dir_path("out.onnx"), NULL, &f->err), OX_E_INVALID, "export", &f->err);
    assert_fails(ox_onnx_size(f->m, NULL, &size, &f->err), OX_E_INVALID, "export", &f->err);
    ox_model_free(f->m);
    assert_ok(ox_model_create(&f->m, OX_MODEL_ONNX, &f->err), &f->err);
    assert_fails(ox_save_onnx(f->m, dir_path("no/such/dir/out.onnx"), NULL, &f->err), OX_E_IO, "", &f->err);
    assert_fails(ox_save_onnx(f->m, "", NULL, &f->err), OX_E_INVALID, "path", &f->err);
    ox_type t = ox_type_simple(f->m, OX_TYPE_INT);
    assert_ok(ox_graph_add_input(f->m, &v, top(f), SIZE_MAX, str(f, "x"), t, &f->err), &f->err);
    assert_fails(ox_save_onnx(f->m, dir_path("out.onnx"), NULL, &f->err), OX_E_INVALID, "PyTorch type", &f->err);
    assert_int_equal(dir_count(""), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_unedited, setup, teardown),
        cmocka_unit_test_setup_teardown(test_one_rename_changes_one_record, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edits_of_nodes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edits_of_order, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edits_of_values, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edits_of_blocks_and_functions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edits_of_the_model, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edit_of_training_graph, setup, teardown),
        cmocka_unit_test_setup_teardown(test_names_in_messages_of_others, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strip_doc, setup, teardown),
        cmocka_unit_test_setup_teardown(test_edit_of_merged_graph, setup, teardown),
        cmocka_unit_test_setup_teardown(test_model_from_nothing, setup, teardown),
        cmocka_unit_test_setup_teardown(test_scaled_weights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_cannot_be_saved, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
