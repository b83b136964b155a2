/* Thousands of random edits, marks, rollbacks, commits, undos and redos: after each way back the model must say what it
 * said there, to the last flag, and its inner bonds must hold throughout. What was recorded meanwhile, played on
 * another model, must make the same of it. */
#include "ox_ir_test.h"

enum { MAX_MARKS = 6, MAX_STEPS = 4000 };

typedef struct world {
    ox_model *m;
    uint64_t seed;
    struct {
        ox_mark mark;
        char *dump;
    } marks[MAX_MARKS];
    size_t n_marks;
    char *steps[MAX_STEPS]; /* dumps: steps[i] after i steps */
    size_t n_steps, at;
    char *saved;
    unsigned done[64], refused;
    ox__buf log; /* what was recorded */
    bool recorded;
} world;

static uint32_t below(world *w, uint32_t n)
{
    w->seed = w->seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return n ? (uint32_t)(w->seed >> 33) % n : 0;
}

static ox_value any_value(world *w)
{
    for (int i = 0; i < 20; i++) {
        ox_value v = ox_model_value_at(w->m, 1 + below(w, ox_model_value_limit(w->m) - 1));
        if (v.id) return v;
    }
    return (ox_value){0, 0};
}

static ox_node any_node(world *w)
{
    for (int i = 0; i < 20; i++) {
        ox_node n = ox_model_node_at(w->m, 1 + below(w, ox_model_node_limit(w->m) - 1));
        if (n.id) return n;
    }
    return (ox_node){0, 0};
}

static ox_graph any_graph(world *w)
{
    for (int i = 0; i < 20; i++) {
        ox_graph g = ox_model_graph_at(w->m, 1 + below(w, ox_model_graph_limit(w->m) - 1));
        if (g.id) return g;
    }
    return ox_model_main(w->m);
}

static ox_str any_name(world *w)
{
    char text[16];
    uint32_t k = below(w, 40);
    if (k == 0) return (ox_str){0};
    snprintf(text, sizeof text, "n%u", k);
    return ir_str(w->m, text);
}

/* One random edit; its status, which may be a refusal. */
static ox_status edit_node(world *w, uint32_t what, ox_error *err)
{
    ox_model *m = w->m;
    ox_node n = any_node(w), made;
    ox_value in[3] = {any_value(w), any_value(w), any_value(w)}, out;
    ox_graph g = any_graph(w);
    ox_attr a = {.name = ir_str(m, below(w, 2) ? "a" : "b"), .kind = OX_ATTR_INT, .u.i = below(w, 5)};
    switch (what) {
    case 0:
    case 1:
    case 2: {
        ox_node before = below(w, 2) ? n : (ox_node){0};
        if (before.id) g = ox_node_graph(m, before);
        return ox_node_create(m, &made, g, before, ir_str(m, "d"), ir_str(m, "Op"), below(w, 4), in, below(w, 3), err);
    }
    case 3: return ox_node_delete(m, n, err);
    case 4: {
        ox_node before = any_node(w);
        return ox_node_move(m, n, below(w, 4) ? before : (ox_node){0}, err);
    }
    case 5: return ox_node_set_input(m, n, below(w, 3), in[0], err);
    case 6: return ox_node_set_inputs(m, n, below(w, 4), in, err);
    case 7: return ox_node_add_output(m, &out, n, any_name(w), (ox_type){0}, err);
    case 8: return ox_node_drop_output(m, n, err);
    case 9: return ox_node_set_attr(m, n, &a, err);
    case 10: return ox_node_remove_attr(m, n, below(w, 2) ? "a" : "body", err);
    case 11: { /* a block, new or one that lost its owner */
        a = (ox_attr){.name = ir_str(m, "body"), .kind = OX_ATTR_GRAPH, .u.g = g};
        if (below(w, 2) && ox_graph_create(m, &a.u.g, OX_GRAPH_BLOCK, any_name(w), err) != OX_OK) return OX_E_INVALID;
        return ox_node_set_attr(m, n, &a, err);
    }
    case 12: return ox_node_set_name(m, n, any_name(w), err);
    case 13: return ox_node_set_op(m, n, ir_str(m, ""), any_name(w), any_name(w), err);
    case 14: return ox_node_set_metadata(m, n, any_name(w), any_name(w), err);
    case 15: return ox_node_set_doc(m, n, any_name(w), err);
    default: return ox_node_set_origin(m, n, below(w, 100), err);
    }
}

static ox_status edit_value(world *w, uint32_t what, ox_error *err)
{
    ox_model *m = w->m;
    ox_value v = any_value(w), out;
    ox_graph g = any_graph(w);
    switch (what) {
    case 0: return ox_value_set_name(m, v, any_name(w), err);
    case 1: return ox_value_set_name(m, v, ox_value_fresh_name(m, "n1"), err);
    case 2: return ox_value_replace_uses(m, v, any_value(w), err);
    case 3: return ox_value_set_type(m, v, ox_type_tensor(m, OX_FLOAT, OX_RANK_UNKNOWN, NULL), err);
    case 4: return ox_value_set_declared(m, v, below(w, 2), err);
    case 5: return ox_value_set_metadata(m, v, any_name(w), any_name(w), err);
    case 6:
        return below(w, 2) ? ox_value_set_doc(m, v, any_name(w), err) : ox_value_set_origin(m, v, below(w, 100), err);
    case 7: return ox_value_set_tensor(m, v, ir_tensor(m, 1), err);
    case 8: return ox_graph_add_input(m, &out, g, below(w, 4), any_name(w), (ox_type){0}, err);
    case 9: return ox_graph_remove_input(m, g, below(w, 4), err);
    case 10: return ox_graph_add_initializer(m, &out, g, any_name(w), ir_tensor(m, 2), err);
    case 11: return ox_graph_remove_initializer(m, ox_value_graph(m, v), v, err);
    case 12: return ox_graph_bind_input(m, ox_value_graph(m, v), v, ir_tensor(m, 3), below(w, 2), err);
    case 13: return ox_graph_list_input(m, ox_value_graph(m, v), v, err);
    case 14: return ox_graph_add_output(m, g, below(w, 4), v, err);
    case 15: return ox_graph_set_output(m, g, below(w, 4), v, err);
    case 16: return ox_graph_remove_output(m, g, below(w, 4), err);
    default: return ox__value_new(m, &out, g, any_name(w), err);
    }
}

static ox_status edit_model(world *w, uint32_t what, ox_error *err)
{
    ox_model *m = w->m;
    ox_graph g = any_graph(w);
    ox_scope s = ox_model_scope_at(m, 1 + below(w, ox_model_scope_limit(m)));
    ox_opset opset = {ir_str(m, "d"), 1};
    ox_function_info f = {.domain = any_name(w), .n_opsets = 1, .opsets = &opset};
    switch (what) {
    case 0: return ox_graph_create(m, &g, below(w, 2) ? OX_GRAPH_FUNCTION : OX_GRAPH_BLOCK, any_name(w), err);
    case 1: return ox_graph_delete(m, g, err);
    case 2: return ox_function_set(m, g, &f, err);
    case 3: return ox_graph_set_name(m, g, any_name(w), err);
    case 4: return ox_graph_set_metadata(m, g, any_name(w), any_name(w), err);
    case 5: return ox_graph_set_doc(m, g, any_name(w), err);
    case 6: return ox_model_set_opset(m, any_name(w), below(w, 3), err);
    case 7: return ox_model_set_metadata(m, any_name(w), any_name(w), err);
    case 8: return ox_model_set_ir_version(m, below(w, 10), err);
    case 9: return ox_model_set_text(m, (ox_model_field)below(w, OX_N_MODEL_FIELDS), any_name(w), err);
    case 10: return ox_scope_add(m, &s, s, any_name(w), any_name(w), err);
    default: return ox_node_set_scope(m, any_node(w), s, err);
    }
}

static void edit(world *w)
{
    ox_error err;
    ox_error_clear(&err);
    uint32_t k = below(w, 10);
    uint32_t what = k < 5 ? below(w, 17) : k < 8 ? below(w, w->recorded ? 17 : 18) : below(w, 12);
    ox_status s = k < 5 ? edit_node(w, what, &err) : k < 8 ? edit_value(w, what, &err) : edit_model(w, what, &err);
    if (s == OX_OK)
        w->done[k < 5 ? what : k < 8 ? 20 + what : 40 + what]++;
    else
        w->refused++;
    assert_true(s == OX_OK || s == OX_E_INVALID || s == OX_E_NOT_FOUND || s == OX_E_LIMIT);
}

/* Ids are the same in every model that was edited alike; generations, and numbers of tensors, are not. */
static char *drop_numbers(char *dump)
{
    char *to = dump;
    for (const char *p = dump; *p;) {
        bool gen = p > dump && *p == '.' && p[-1] >= '0' && p[-1] <= '9';
        bool tensor = p - dump > 7 && *p >= '1' && *p <= '9' && memcmp(p - 7, "tensor ", 7) == 0;
        if (gen || tensor) p += 1 + strspn(p + 1, "0123456789");
        if (tensor) *to++ = 't';
        if (!gen && !tensor) *to++ = *p++;
    }
    *to = '\0';
    return dump;
}

static void assert_dump(char *now, const char *dump)
{
    bool same = strcmp(now, dump) == 0;
    if (!same) {
        size_t i = 0;
        while (now[i] == dump[i]) i++;
        while (i > 0 && now[i - 1] != '\n') i--;
        print_message("now:    %.300s\nbefore: %.300s\n", now + i, dump + i);
    }
    ox__free(now);
    assert_true(same);
}

static void assert_says(const ox_model *m, const char *dump)
{
    assert_dump(ir_dump(m), dump);
}

static void drop_marks(world *w, size_t n)
{
    while (w->n_marks > n) ox__free(w->marks[--w->n_marks].dump);
}

static void commit(world *w)
{
    ox_error err;
    drop_marks(w, 0);
    if (!ox_journal_is_open(w->m) || w->at + 1 == MAX_STEPS) return;
    assert_ok(ox_journal_commit(w->m, "step", &err), &err);
    while (w->n_steps > w->at + 1) ox__free(w->steps[--w->n_steps]);
    w->steps[w->n_steps++] = ir_dump(w->m);
    w->at++;
    assert_int_equal(ox_journal_n_undo(w->m), w->at);
    assert_int_equal(ox_journal_n_redo(w->m), 0);
}

static void move_in_time(world *w)
{
    ox_error err;
    commit(w);
    bool back = below(w, 2);
    if (back ? w->at == 0 : w->at + 1 == w->n_steps) {
        assert_fails(back ? ox_journal_undo(w->m, NULL, &err) : ox_journal_redo(w->m, NULL, &err), OX_E_NOT_FOUND,
                     "nothing", &err);
        return;
    }
    const char *label = NULL;
    assert_ok(back ? ox_journal_undo(w->m, &label, &err) : ox_journal_redo(w->m, &label, &err), &err);
    assert_string_equal(label, "step");
    w->at += back ? (size_t)-1 : 1;
    assert_says(w->m, w->steps[w->at]);
}

static void turn(world *w)
{
    uint32_t k = below(w, 100);
    if (k < 80) {
        edit(w);
    } else if (k < 88) {
        if (w->n_marks == MAX_MARKS) return;
        w->marks[w->n_marks].mark = ox_journal_mark(w->m);
        w->marks[w->n_marks++].dump = ir_dump(w->m);
    } else if (k < 93) {
        if (!w->n_marks) return;
        size_t i = below(w, (uint32_t)w->n_marks);
        ox_journal_rollback(w->m, w->marks[i].mark);
        assert_says(w->m, w->marks[i].dump);
        drop_marks(w, i);
    } else if (k < 95) {
        commit(w);
    } else if (k < 99) {
        move_in_time(w);
    } else {
        ox_model_set_saved(w->m);
        ox__free(w->saved);
        w->saved = ir_dump(w->m);
    }
    if (!ox_model_is_modified(w->m)) assert_says(w->m, w->saved);
}

/* Names are fresh if and only if no value has them. */
static void check_names(world *w)
{
    for (uint32_t k = 1; k < 40; k++) {
        char text[16];
        snprintf(text, sizeof text, "n%u", k);
        ox_str name = ir_str(w->m, text);
        bool taken = false;
        for (uint32_t id = 1; id < ox_model_value_limit(w->m) && !taken; id++)
            taken = ox_value_name(w->m, ox_model_value_at(w->m, id)).id == name.id;
        assert_int_equal(ox_value_fresh_name(w->m, text).id != name.id, taken);
    }
}

static void take(world *w)
{
    ox_error err;
    const char *bytes;
    size_t n;
    assert_ok(ox_journal_take(w->m, &bytes, &n, &err), &err);
    ox__buf_add(&w->log, bytes, n);
}

/* A model whose types have their numbers already. */
static ox_model *new_model(void)
{
    ox_model *m = ir_model();
    ox_type_tensor(m, OX_FLOAT, OX_RANK_UNKNOWN, NULL);
    ox_type_tensor(m, OX_FLOAT, 0, NULL);
    return m;
}

/* The same edits on another model, which then goes the same way back. */
static void play(world *w)
{
    ox_error err;
    size_t done;
    ox_model *m = new_model();
    commit(w);
    take(w);
    assert_ok(ox_journal_play(m, w->log.p, w->log.n, &done, &err), &err);
    ir_check(m);
    char *dump = drop_numbers(ir_dump(w->m));
    assert_dump(drop_numbers(ir_dump(m)), dump);
    ox__free(dump);
    assert_int_equal(ox_journal_n_redo(m), ox_journal_n_redo(w->m));
    for (size_t i = w->at; i-- > 0;) {
        assert_ok(ox_journal_undo(m, NULL, &err), &err);
        assert_dump(drop_numbers(ir_dump(m)), drop_numbers(w->steps[i]));
    }
    assert_fails(ox_journal_undo(m, NULL, &err), OX_E_NOT_FOUND, "nothing", &err);
    ox_model_free(m);
}

static void run(uint64_t seed, unsigned turns, bool recorded)
{
    world *w = test_calloc(1, sizeof *w);
    ox_error err;
    w->m = new_model();
    w->seed = seed;
    w->recorded = recorded;
    if (recorded) assert_ok(ox_journal_record(w->m, &err), &err);
    w->steps[w->n_steps++] = ir_dump(w->m);
    w->saved = ir_dump(w->m);
    for (unsigned i = 0; i < turns; i++) {
        turn(w);
        if (i % 8 == 0) ir_check(w->m);
        if (i % 64 == 0) check_names(w);
        if (recorded && below(w, 10) == 0) take(w);
        if (below(w, 50) == 0) { /* made again in the middle of things */
            ox__names_free(&w->m->value_names);
            ox__names_free(&w->m->node_names);
            ox__names_free(&w->m->scope_names);
        }
    }
    ir_check(w->m);
    if (recorded) play(w);
    unsigned kinds = 0;
    for (size_t i = 0; i < 64; i++) kinds += w->done[i] != 0;
    assert_true(kinds >= 41); /* nearly every edit succeeded at least once */
    drop_marks(w, 0);
    while (w->n_steps) ox__free(w->steps[--w->n_steps]);
    ox__free(w->saved);
    ox__buf_free(&w->log);
    ox_model_free(w->m);
    test_free(w);
}

static void test_small_worlds(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) run(seed * 7919, 1500, false);
}

static void test_played_again(void **state)
{
    (void)state;
    for (uint64_t seed = 1; seed <= 12; seed++) run(seed * 104729, 1500, true);
}

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_small_worlds), cmocka_unit_test(test_played_again)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
