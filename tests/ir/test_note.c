/* Edits as bytes: every kind of thing that they name, bytes that are broken, a model that was saved over its file. */
#include "ox_ir_test.h"

#include <math.h>

static ox_error err;

/* A node in the main graph, and something of every table for edits to name. */
static ox_model *start(void)
{
    ox_model *m = ir_model();
    ox_graph g = ox_model_main(m);
    ox_value x = ir_input(m, g, "x");
    ox_node n = ir_node(m, g, "Relu", 1, &x, "y");
    ox_value y = ox_node_output(m, n, 0);
    assert_ok(ox_graph_add_output(m, g, 0, y, &err), &err);
    ir_initializer(m, g, "w", 2);
    assert_ok(ox_journal_commit(m, "start", &err), &err);
    return m;
}

static ox_type rich_type(ox_model *m)
{
    ox_dim n = ox_dim_symbol(m, ir_str(m, "n")), two = ox_dim_const(m, 2);
    ox_dim dims[] = {ox_dim_add(m, ox_dim_mul(m, two, n), ox_dim_const(m, -1)),
                     ox_dim_floordiv(m, n, ox_dim_const(m, 3)),
                     ox_dim_max(m, n, ox_dim_min(m, ox_dim_symbol(m, ir_str(m, "k")), two)),
                     ox_dim_unknown_at(m, "not said", ox_model_node_at(m, 2)),
                     {0}};
    ox_str denoted[] = {ir_str(m, "DATA_BATCH"), {0}, {0}, {0}, {0}};
    ox_type t = ox_type_add(m, &(ox_type_info){.kind = OX_TYPE_TENSOR,
                                               .dtype = OX_FLOAT16,
                                               .rank = 5,
                                               .dims = dims,
                                               .denotation = ir_str(m, "IMAGE"),
                                               .dim_denotations = denoted});
    ox_type items[] = {t, ox_type_of(m, OX_TYPE_LIST, ox_type_simple(m, OX_TYPE_INT))};
    ox_str names[] = {ir_str(m, "Pair"), ir_str(m, "a"), ir_str(m, "b")};
    return ox_type_add(m, &(ox_type_info){.kind = OX_TYPE_TUPLE,
                                          .rank = OX_RANK_UNKNOWN,
                                          .n_items = 2,
                                          .items = items,
                                          .n_names = 3,
                                          .names = names});
}

static ox_tensor strings_tensor(ox_model *m)
{
    ox_tensor t;
    int64_t dims[] = {2};
    ox_str s[] = {ir_str(m, "p\nq"), ir_str(m, "")};
    ox_pair meta = {ir_str(m, "k"), ir_str(m, "v")};
    ox_tensor_info i = {.name = ir_str(m, "words"),
                        .dtype = OX_STRING,
                        .rank = 1,
                        .dims = dims,
                        .storage = OX_STORAGE_OWNED,
                        .encoding = OX_ENC_STRINGS,
                        .strings = s,
                        .n_metadata = 1,
                        .metadata = &meta};
    assert_ok(ox_tensor_add(m, &t, &i, &err), &err);
    return t;
}

static ox_tensor sparse_tensor(ox_model *m)
{
    ox_tensor_info i = {.dtype = OX_FLOAT, .rank = 1, .storage = OX_STORAGE_SPARSE};
    int64_t dims[] = {9}, one[] = {1}, at[] = {4};
    float v = 3;
    ox_tensor t;
    assert_ok(ox_tensor_add_raw(m, &i.values, OX_FLOAT, 1, one, &v, sizeof v, &err), &err);
    assert_ok(ox_tensor_add_raw(m, &i.indices, OX_INT64, 1, one, at, sizeof at, &err), &err);
    i.dims = dims;
    assert_ok(ox_tensor_add(m, &t, &i, &err), &err);
    return t;
}

static void set(ox_model *m, ox_node n, ox_attr a)
{
    char name[16];
    snprintf(name, sizeof name, "a%u", a.kind);
    a.name = ir_str(m, name);
    assert_ok(ox_node_set_attr(m, n, &a, &err), &err);
}

/* An attribute of each kind. */
static void set_attrs(ox_model *m, ox_node n)
{
    static const double floats[] = {0.5, -INFINITY}, complex[] = {1, 2};
    static const int64_t ints[] = {INT64_MIN, 7}, bools[] = {0, 1};
    ox_str strings[] = {ir_str(m, "s"), ir_str(m, "")};
    ox_tensor tensors[] = {ir_tensor(m, 5), strings_tensor(m)}, sparse = sparse_tensor(m);
    ox_type types[] = {rich_type(m), {0}};
    ox_graph g[2];
    for (int i = 0; i < 2; i++) assert_ok(ox_graph_create(m, &g[i], OX_GRAPH_BLOCK, ir_str(m, "b"), &err), &err);
    set(m, n, (ox_attr){.kind = OX_ATTR_FLOAT, .u.f = (double)NAN, .rounded = true, .doc = strings[0]});
    set(m, n, (ox_attr){.kind = OX_ATTR_INT, .u.i = -3});
    set(m, n, (ox_attr){.kind = OX_ATTR_STRING, .u.s = strings[0]});
    set(m, n, (ox_attr){.kind = OX_ATTR_TENSOR, .u.t = tensors[0]});
    set(m, n, (ox_attr){.kind = OX_ATTR_GRAPH, .u.g = g[0]});
    set(m, n, (ox_attr){.kind = OX_ATTR_FLOATS, .n = 2, .u.floats = floats});
    set(m, n, (ox_attr){.kind = OX_ATTR_INTS, .n = 2, .u.ints = ints});
    set(m, n, (ox_attr){.kind = OX_ATTR_STRINGS, .n = 2, .u.strings = strings});
    set(m, n, (ox_attr){.kind = OX_ATTR_TENSORS, .n = 2, .u.tensors = tensors});
    set(m, n, (ox_attr){.kind = OX_ATTR_GRAPHS, .n = 1, .u.graphs = &g[1]});
    set(m, n, (ox_attr){.kind = OX_ATTR_SPARSE, .u.t = sparse});
    set(m, n, (ox_attr){.kind = OX_ATTR_SPARSES, .n = 1, .u.tensors = &sparse});
    set(m, n, (ox_attr){.kind = OX_ATTR_TYPE, .u.type = types[0]});
    set(m, n, (ox_attr){.kind = OX_ATTR_TYPES, .n = 2, .u.types = types});
    set(m, n, (ox_attr){.kind = OX_ATTR_BOOL, .u.i = 1, .ref = strings[0]});
    set(m, n, (ox_attr){.kind = OX_ATTR_BOOLS, .n = 2, .u.ints = bools});
    set(m, n, (ox_attr){.kind = OX_ATTR_COMPLEX, .u.floats = complex});
    set(m, n, (ox_attr){.kind = OX_ATTR_DEVICE, .u.s = strings[0]});
    set(m, n, (ox_attr){.kind = OX_ATTR_RAW, .u.s = strings[0]});
}

/* Two steps that name something of every kind, and an undo. */
static void edit(ox_model *m)
{
    ox_graph g = ox_model_main(m), f;
    ox_node n = ox_graph_first(m, g), made;
    ox_value x = ox_graph_input(m, g, 0), w = ox_graph_initializer(m, g, 0);
    static const int64_t strides[] = {4, OX_STRIDE_UNKNOWN};
    ox_layout inner = ox_layout_add(
        m, &(ox_layout_info){.requires_grad = 1, .device = ir_str(m, "cuda:0"), .n_strides = 2, .strides = strides});
    ox_layout outer = ox_layout_add(
        m, &(ox_layout_info){.requires_grad = -1, .n_strides = -1, .n_items = 1, .items = &inner, .undefined = true});
    ox_scope s;
    set_attrs(m, n);
    assert_ok(ox_value_set_layout(m, x, outer, &err), &err);
    assert_ok(ox_node_set_loc(m, n, ox_loc_add(m, ir_str(m, "net.py"), 12, 3), &err), &err);
    assert_ok(ox_scope_add(m, &s, (ox_scope){0}, ir_str(m, "Net"), ir_str(m, "net"), &err), &err);
    assert_ok(ox_node_set_scope(m, n, s, &err), &err);
    assert_ok(ox_value_set_tensor(m, w, strings_tensor(m), &err), &err);
    assert_ok(ox_value_set_inferred(m, ox_node_output(m, n, 0), rich_type(m), true, &err), &err);
    assert_ok(ox_graph_create(m, &f, OX_GRAPH_FUNCTION, ir_str(m, "f"), &err), &err);
    ox_attr with = {.name = ir_str(m, "alpha"), .kind = OX_ATTR_FLOAT, .u.f = 2};
    ox_str without = ir_str(m, "beta");
    ox_opset opset = {ir_str(m, "d"), 3};
    ox_function_info info = {.domain = ir_str(m, "d"),
                             .overload = ir_str(m, "o"),
                             .n_attrs = 1,
                             .attrs = &without,
                             .n_defaults = 1,
                             .defaults = &with,
                             .n_opsets = 1,
                             .opsets = &opset};
    assert_ok(ox_function_set(m, f, &info, &err), &err);
    assert_ok(ox_journal_commit(m, "all at once", &err), &err);
    assert_ok(ox_node_create(m, &made, g, n, ir_str(m, ""), ir_str(m, "Add"), 2, (ox_value[]){x, w}, 2, &err), &err);
    assert_ok(ox_journal_commit(m, "a node", &err), &err);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
}

/* Of edit(), to be freed. */
static char *edits(size_t *n)
{
    const char *bytes;
    ox_model *m = start();
    assert_ok(ox_journal_record(m, &err), &err);
    edit(m);
    assert_ok(ox_journal_take(m, &bytes, n, &err), &err);
    char *copy = ox__strndup(bytes, *n);
    assert_non_null(copy);
    size_t none;
    assert_ok(ox_journal_take(m, &bytes, &none, &err), &err);
    assert_int_equal(none, 0);
    ox_model_free(m);
    return copy;
}

static void test_all_kinds(void **state)
{
    (void)state;
    size_t n, done;
    char *bytes = edits(&n);
    ox_model *m = start(), *again = start();
    edit(m);
    assert_ok(ox_journal_record(again, &err), &err);
    assert_ok(ox_journal_play(again, bytes, n, &done, &err), &err);
    assert_int_equal(done, 3);
    assert_int_equal(ox_journal_n_undo(again), ox_journal_n_undo(m));
    assert_int_equal(ox_journal_n_redo(again), 1);
    ir_check(again);
    const char *twice; /* what is played is recorded in its turn, and says the same */
    size_t n_twice;
    assert_ok(ox_journal_take(again, &twice, &n_twice, &err), &err);
    assert_int_equal(n_twice, n);
    assert_memory_equal(twice, bytes, n);
    ox__free(bytes);
    ox_model_free(m);
    ox_model_free(again);
}

static void test_other_model(void **state)
{
    (void)state;
    size_t n, done;
    char *bytes = edits(&n);
    ox_model *m = ir_model();
    assert_int_not_equal(ox_journal_play(m, bytes, n, &done, &err), OX_OK);
    assert_int_equal(done, 0);
    assert_int_equal(ox_journal_n_undo(m), 0);
    assert_false(ox_journal_is_open(m));
    ox_model_free(m);
    m = start(); /* one node more: its ids are taken */
    ox_value x = ox_graph_input(m, ox_model_main(m), 0);
    ir_node(m, ox_model_main(m), "Abs", 1, &x, "z");
    assert_fails(ox_journal_play(m, bytes, n, &done, &err), OX_E_FORMAT, "not the one that was edited", &err);
    ir_check(m);
    ox__free(bytes);
    ox_model_free(m);
}

/* Any byte wrong, any length: an error or edits, never a broken model. */
static void test_broken_bytes(void **state)
{
    (void)state;
    static const unsigned char with[] = {0x01, 0x80, 0xff, 0x7f, 0x10};
    size_t n, done;
    char *bytes = edits(&n);
    for (size_t i = 0; i < n; i++) {
        ox_model *m = start();
        if (ox_journal_play(m, bytes, i, &done, &err) == OX_OK)
            assert_int_equal(ox_journal_n_undo(m) + ox_journal_n_redo(m) - 1, done - (done == 3));
        ir_check(m);
        ox_model_free(m);
        for (size_t k = 0; k < sizeof with; k++) {
            char was = bytes[i];
            bytes[i] = (char)(bytes[i] ^ with[k]);
            m = start();
            ox_status s = ox_journal_play(m, bytes, n, &done, &err);
            assert_true(s != OX_E_NOMEM);
            ir_check(m);
            char *dump = ir_dump(m);
            ox__free(dump);
            ox_model_free(m);
            bytes[i] = was;
        }
    }
    ox__free(bytes);
}

/* Ids of before the save are known by their order in the graph. */
static void test_saved_over(void **state)
{
    (void)state;
    const char *bytes;
    size_t n, done;
    uint64_t hash, hash_again;
    ox_model *m = start();
    ox_graph g = ox_model_main(m);
    ox_node first = ox_graph_first(m, g), extra;
    ox_value x = ox_graph_input(m, g, 0), y = ox_node_output(m, first, 0), z;
    extra = ir_node(m, g, "Abs", 1, &x, "z"); /* ids that the file, read anew, does not know */
    assert_ok(ox_node_delete(m, extra, &err), &err);
    extra = ir_node(m, g, "Neg", 1, &x, "z");
    z = ox_node_output(m, extra, 0);
    assert_ok(ox_node_move(m, extra, first, &err), &err);
    assert_ok(ox_journal_commit(m, "before", &err), &err);
    assert_ok(ox_journal_rebase(m, &err), &err);
    assert_ok(ox_model_hash(m, &hash, &err), &err);
    assert_ok(ox_node_set_input(m, first, 0, z, &err), &err);
    ox_node last = ir_node(m, g, "Exp", 1, &y, "e");
    assert_ok(ox_journal_commit(m, "one", &err), &err);
    assert_ok(ox_value_set_name(m, ox_node_output(m, last, 0), ir_str(m, "renamed"), &err), &err);
    assert_ok(ox_node_set_name(m, extra, ir_str(m, "first"), &err), &err);
    assert_ok(ox_journal_commit(m, "two", &err), &err);
    assert_ok(ox_journal_take(m, &bytes, &n, &err), &err);

    ox_model *again = ir_model(); /* as a loader would make it */
    g = ox_model_main(again);
    x = ir_input(again, g, "x");
    extra = ir_node(again, g, "Neg", 1, &x, "z");
    first = ir_node(again, g, "Relu", 1, &x, "y");
    y = ox_node_output(again, first, 0);
    assert_ok(ox_graph_add_output(again, g, 0, y, &err), &err);
    ir_initializer(again, g, "w", 2);
    assert_ok(ox_model_hash(again, &hash_again, &err), &err);
    assert_true(hash == hash_again);
    assert_ok(ox_journal_play(again, bytes, n, &done, &err), &err);
    assert_int_equal(done, 2);
    assert_int_equal(ox_node_input(again, first, 0).id, ox_node_output(again, extra, 0).id);
    assert_string_equal(ox_str_text(again, ox_node_name(again, extra), NULL), "first");
    ox_value e = ox_node_output(again, ox_graph_last(again, g), 0);
    assert_string_equal(ox_str_text(again, ox_value_name(again, e), NULL), "renamed");
    ir_check(again);

    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_ok(ox_journal_undo(m, NULL, &err), &err);
    assert_ok(ox_journal_take(m, &bytes, &n, &err), &err);
    assert_ok(ox_journal_undo(m, NULL, &err), &err); /* what the file holds is taken back */
    assert_fails(ox_journal_take(m, &bytes, &n, &err), OX_E_UNSUPPORTED, "beyond the last save", &err);
    ox_model_free(m);
    ox_model_free(again);
}

static void test_rollback_is_not_noted(void **state)
{
    (void)state;
    const char *bytes;
    size_t n, done;
    ox_model *m = start(), *again = start();
    ox_node node = ox_graph_first(m, ox_model_main(m));
    assert_ok(ox_journal_record(m, &err), &err);
    assert_ok(ox_node_set_name(m, node, ir_str(m, "kept"), &err), &err);
    ox_mark mark = ox_journal_mark(m);
    assert_ok(ox_node_set_name(m, node, ir_str(m, "dropped"), &err), &err);
    ox_journal_rollback(m, mark);
    assert_ok(ox_journal_take(m, &bytes, &n, &err), &err);
    assert_int_equal(n, 0); /* a step that is open is not taken */
    assert_ok(ox_journal_commit(m, "one", &err), &err);
    assert_ok(ox_journal_take(m, &bytes, &n, &err), &err);
    assert_ok(ox_journal_play(again, bytes, n, &done, &err), &err);
    assert_int_equal(done, 1);
    node = ox_graph_first(again, ox_model_main(again));
    assert_string_equal(ox_str_text(again, ox_node_name(again, node), NULL), "kept");
    ox_model_free(m);
    ox_model_free(again);
}

static void test_hash_tells_models_apart(void **state)
{
    (void)state;
    uint64_t a, b;
    ox_model *m = start(), *other = start();
    ox_node n = ox_graph_first(other, ox_model_main(other));
    assert_ok(ox_model_hash(m, &a, &err), &err);
    assert_ok(ox_model_hash(other, &b, &err), &err);
    assert_true(a == b);
    assert_ok(ox_node_set_op(other, n, ir_str(other, ""), ir_str(other, "Abs"), (ox_str){0}, &err), &err);
    assert_ok(ox_model_hash(other, &b, &err), &err);
    assert_false(a == b);
    assert_fails(ox_model_hash(NULL, &a, &err), OX_E_INVALID, "no model", &err);
    assert_fails(ox_journal_record(NULL, &err), OX_E_INVALID, "no model", &err);
    assert_fails(ox_journal_rebase(NULL, &err), OX_E_INVALID, "no model", &err);
    ox_model_free(m);
    ox_model_free(other);
}

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_all_kinds),
        cmocka_unit_test(test_other_model),
        cmocka_unit_test(test_broken_bytes),
        cmocka_unit_test(test_saved_over),
        cmocka_unit_test(test_rollback_is_not_noted),
        cmocka_unit_test(test_hash_tells_models_apart),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
