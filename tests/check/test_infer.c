/* The checks by inference (src/check/infer.c): what does not go together, what is at odds with a declaration, types
 * that only inference knows; and that the model is as it was afterwards. */
#include "world.h"

#include <onnxsh/io.h>

#define FULL "inference,types"

static ox_type shaped(world *w, ox_dtype dtype, int rank, const int64_t *sizes)
{
    ox_dim dims[8];
    for (int i = 0; i < rank; i++) dims[i] = ox_dim_const(w->m, sizes[i]);
    return ox_type_tensor(w->m, dtype, rank, dims);
}

static void set_type(world *w, ox_value v, ox_type t)
{
    assert_ok(ox_value_set_type(w->m, v, t, &w->err), &w->err);
}

static ox_value made(world *w, const char *op, const char *out, size_t n, const ox_value *in)
{
    return ox_node_output(w->m, node_in(w, w->g, "", op, out, n, in), 0);
}

static void inputs_that_do_not_go_together(void **state)
{
    world *w = *state;
    static const int64_t a_dims[] = {2, 3}, b_dims[] = {4, 5}, c_dims[] = {3, 5};
    ox_value in[2] = {input(w, w->g, "a", OX_FLOAT), input(w, w->g, "b", OX_FLOAT)};
    set_type(w, in[0], shaped(w, OX_FLOAT, 2, a_dims));
    set_type(w, in[1], shaped(w, OX_FLOAT, 2, b_dims));
    ox_value y = made(w, "MatMul", "y", 2, in);
    ox_node maker = ox_value_node(w->m, y);
    output(w, w->g, made(w, "Relu", "z", 1, &y), OX_UNDEFINED);
    finds(w, FULL, "inference-failed "); /* and the Relu after it says nothing */
    says(w, "MatMul node");
    assert_int_equal(w->last.node.id, maker.id);
    assert_int_equal(w->last.severity, OX_SEVERITY_ERROR);
    set_type(w, in[1], shaped(w, OX_FLOAT, 2, c_dims));
    finds(w, FULL, "");
    assert_string_equal(run(w, &(ox_check_options){.skip = "names,waste,missing-type"}, NULL), ""); /* not asked for */
}

static void declarations_at_odds(void **state)
{
    world *w = *state;
    static const int64_t two[] = {2}, three[] = {3};
    ox_value x = input(w, w->g, "x", OX_FLOAT), y = made(w, "Relu", "y", 1, &x);
    output(w, w->g, y, OX_FLOAT);
    finds(w, FULL, "");
    set_type(w, y, shaped(w, OX_FLOAT, 1, three));
    finds(w, FULL, "inference-clash ");
    assert_int_equal(w->last.value.id, y.id);
    says(w, "'y'");
    ox_type kept = shaped(w, OX_FLOAT, 1, three);
    assert_int_equal(ox_value_type(w->m, y).id, kept.id); /* as it was declared */
    ox_dim symbol = ox_dim_symbol(w->m, str(w, "n"));
    set_type(w, y, ox_type_tensor(w->m, OX_FLOAT, 1, &symbol));
    finds(w, FULL, "");
    set_type(w, y, shaped(w, OX_INT64, 1, two));
    finds(w, "inference", "inference-clash ");
}

static void types_that_only_inference_knows(void **state)
{
    world *w = *state;
    ox_value x = input(w, w->g, "x", OX_FLOAT), n = made(w, "IsNaN", "n", 1, &x);
    output(w, w->g, made(w, "Sqrt", "y", 1, &n), OX_UNDEFINED);
    finds(w, "types", "");
    finds(w, FULL, "type-not-allowed type-not-allowed "); /* and Sqrt makes bool of it */
    says(w, "'y' is tensor(bool)");
}

static void blocks_are_looked_into(void **state)
{
    world *w = *state;
    static const int64_t two[] = {2}, three[] = {3};
    ox_value cond = input(w, w->g, "c", OX_BOOL),
             in[2] = {input(w, w->g, "x", OX_FLOAT), input(w, w->g, "y", OX_FLOAT)};
    set_type(w, cond, ox_type_tensor(w->m, OX_BOOL, 0, NULL));
    set_type(w, in[0], shaped(w, OX_FLOAT, 1, two));
    set_type(w, in[1], shaped(w, OX_FLOAT, 1, three));
    ox_node n = node_in(w, w->g, "", "If", "r", 1, &cond), inner = {0, 0};
    static const char *const names[] = {"then_branch", "else_branch"};
    for (int i = 0; i < 2; i++) {
        ox_attr a = {.name = str(w, names[i]), .kind = OX_ATTR_GRAPH};
        assert_ok(ox_graph_create(w->m, &a.u.g, OX_GRAPH_BLOCK, str(w, names[i]), &w->err), &w->err);
        assert_ok(ox_node_set_attr(w->m, n, &a, &w->err), &w->err);
        inner = node_in(w, a.u.g, "", i ? "Add" : "Relu", i ? "e" : "t", i ? 2 : 1, in);
        output(w, a.u.g, ox_node_output(w->m, inner, 0), OX_UNDEFINED);
    }
    output(w, w->g, ox_node_output(w->m, n, 0), OX_UNDEFINED);
    finds(w, "inference", "inference-failed ");
    assert_int_equal(w->last.node.id, inner.id);
    says(w, "Add node");
}

static void habits_see_what_is_inferred(void **state)
{
    world *w = *state;
    static const int64_t fixed[] = {2, 12}, two = 2;
    ox_dim dims[] = {ox_dim_symbol(w->m, str(w, "batch")), ox_dim_const(w->m, 3), ox_dim_const(w->m, 4)};
    ox_value x = input(w, w->g, "x", OX_FLOAT), in[2];
    ox_tensor t;
    set_type(w, x, ox_type_tensor(w->m, OX_FLOAT, 3, dims));
    in[0] = made(w, "Relu", "r", 1, &x);
    assert_ok(ox_tensor_add_raw(w->m, &t, OX_INT64, 1, &two, fixed, sizeof fixed, &w->err), &w->err);
    assert_ok(ox_graph_add_initializer(w->m, &in[1], w->g, str(w, "s"), t, &w->err), &w->err);
    output(w, w->g, made(w, "Reshape", "y", 2, in), OX_UNDEFINED);
    finds(w, "baked-shape", "");
    finds(w, "inference,baked-shape", "baked-shape ");
    says(w, "dim 0 of 'x' is open");
}

static void the_model_is_as_it_was(void **state)
{
    world *w = *state;
    ox_value x = input(w, w->g, "x", OX_FLOAT), y = made(w, "Relu", "y", 1, &x);
    output(w, w->g, made(w, "Neg", "z", 1, &y), OX_FLOAT);
    assert_ok(ox_journal_commit(w->m, "built", &w->err), &w->err);
    set_type(w, x, tensor_type(w, OX_DOUBLE));
    assert_ok(ox_journal_commit(w->m, "retyped", &w->err), &w->err);
    assert_ok(ox_journal_undo(w->m, NULL, &w->err), &w->err);
    ox_model_set_saved(w->m);
    finds(w, FULL, "");
    assert_int_equal(ox_value_type(w->m, y).id, 0);
    assert_false(ox_model_is_modified(w->m));
    assert_false(ox_journal_is_open(w->m));
    assert_int_equal(ox_journal_n_redo(w->m), 1); /* what was undone can be redone still */
    assert_ok(ox_journal_redo(w->m, NULL, &w->err), &w->err);
    assert_int_equal(ox_type_get(w->m, ox_value_type(w->m, x)).dtype, OX_DOUBLE);
}

/* In a trace, types that its own ONNX nodes cannot make. */
static void a_trace_at_odds_with_itself(void **state)
{
    world *w = *state;
    static const char *const form =
        "graph(%%x : Float(2, 3)):\n  %%y : Float(2, %d) = onnx::Relu(%%x) # net.py:3:0\n  return (%%y)\n";
    for (int last = 3; last < 5; last++) {
        char text[200];
        snprintf(text, sizeof text, form, last);
        ox_model_free(w->m);
        w->m = NULL;
        assert_ok(ox_open_memory(&w->m, text, strlen(text), "case", NULL, NULL, NULL, &w->err), &w->err);
        finds(w, "inference", last == 3 ? "" : "inference-clash ");
    }
    says(w, "Relu node makes 'y', which is declared as");
}

static bool refuse(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what, (void)done, (void)total;
    return --*(int *)ud > 0;
}

static void interrupted(void **state)
{
    world *w = *state;
    ox_value v = input(w, w->g, "x", OX_FLOAT);
    char name[16];
    for (int i = 0; i < 3000; i++) {
        snprintf(name, sizeof name, "n%d", i);
        v = made(w, "Relu", name, 1, &v);
    }
    for (int i = 1; i < 12; i++) { /* in the walk, in inference, in the walk after it */
        int left = i;
        ox_task task = {refuse, &left};
        ox_check_options opt = {.only = FULL};
        assert_fails(ox_check_run(w->m, &opt, NULL, NULL, NULL, &task, &w->err), OX_E_INTERRUPTED, "interrupted",
                     &w->err);
        assert_int_equal(ox_value_type(w->m, v).id, 0);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(inputs_that_do_not_go_together),  CASE(declarations_at_odds),
        CASE(types_that_only_inference_knows), CASE(blocks_are_looked_into),
        CASE(habits_see_what_is_inferred),     CASE(the_model_is_as_it_was),
        CASE(a_trace_at_odds_with_itself),     CASE(interrupted),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
