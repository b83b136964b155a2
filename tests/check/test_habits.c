/* The checks of what is legal and wasteful, or stumbled on (families waste, names and runtime but for shapes): each
 * fires, and does not on what is near it. */
#include "world.h"

#define ALL "waste,names,runtime"

static ox_node op(world *w, const char *name, const char *out, size_t n, const ox_value *in)
{
    ox_node node = node_in(w, w->g, "", name, out, n, in);
    assert_ok(ox_node_set_name(w->m, node, str(w, out), &w->err), &w->err);
    return node;
}

static ox_value result(world *w, ox_node n)
{
    return ox_node_output(w->m, n, 0);
}

/* x -> Relu n -> y, with nothing to remark. */
static ox_value tidy(world *w)
{
    ox_value x = input(w, w->g, "x", OX_FLOAT);
    output(w, w->g, result(w, op(w, "Relu", "y", 1, &x)), OX_FLOAT);
    return x;
}

static void attr_text(world *w, ox_node n, const char *name, const char *text)
{
    ox_attr a = {.name = str(w, name), .kind = OX_ATTR_STRING, .u.s = str(w, text)};
    assert_ok(ox_node_set_attr(w->m, n, &a, &w->err), &w->err);
}

static ox_value numbers(world *w, const char *name, ox_dtype dtype, uint32_t rank, const int64_t *dims,
                        const void *data, uint64_t bytes)
{
    ox_tensor t;
    ox_value v;
    assert_ok(ox_tensor_add_raw(w->m, &t, dtype, rank, dims, data, bytes, &w->err), &w->err);
    assert_ok(ox_graph_add_initializer(w->m, &v, w->g, str(w, name), t, &w->err), &w->err);
    return v;
}

static void unused_things(void **state)
{
    world *w = *state;
    ox_value x = tidy(w), both[2] = {x};
    finds(w, ALL, "");
    both[1] = initializer(w, w->g, "w", OX_FLOAT);
    finds(w, ALL, "unused-initializer ");
    says(w, "'w', 8 bytes, is used by nothing");
    assert_int_equal(w->last.value.id, both[1].id);
    output(w, w->g, result(w, op(w, "Add", "z", 2, both)), OX_FLOAT);
    finds(w, ALL, "");
    input(w, w->g, "mask", OX_FLOAT);
    finds(w, ALL, "unused-input ");
    says(w, "input 'mask'");
}

static void an_input_with_a_default_is_no_unused_input(void **state)
{
    world *w = *state;
    tidy(w);
    ox_value v = initializer(w, w->g, "w", OX_FLOAT);
    assert_ok(ox_graph_list_input(w->m, w->g, v, &w->err), &w->err);
    finds(w, ALL, "unused-initializer ");
}

static void dead_nodes(void **state)
{
    world *w = *state;
    ox_value x = tidy(w), a = result(w, op(w, "Relu", "a", 1, &x)), b = result(w, op(w, "Relu", "b", 1, &a));
    finds(w, ALL, "dead-node ");
    says(w, "what Relu node 'b' makes is used by nothing; it and 1 more before it lead nowhere");
    output(w, w->g, b, OX_FLOAT);
    finds(w, ALL, "");
    op(w, "Relu", "c", 1, &a);
    finds(w, ALL, "dead-node ");
    says(w, "what Relu node 'c' makes is used by nothing");
}

/* What a live If captures is alive, and what its branches make for nothing is dead. */
static void dead_nodes_in_blocks(void **state)
{
    world *w = *state;
    ox_value x = tidy(w), cond = input(w, w->g, "c", OX_BOOL), k = result(w, op(w, "Relu", "k", 1, &x));
    ox_node n = op(w, "If", "r", 1, &cond);
    static const char *const names[] = {"then_branch", "else_branch"};
    for (int i = 0; i < 2; i++) {
        ox_attr a = {.name = str(w, names[i]), .kind = OX_ATTR_GRAPH};
        assert_ok(ox_graph_create(w->m, &a.u.g, OX_GRAPH_BLOCK, str(w, names[i]), &w->err), &w->err);
        assert_ok(ox_node_set_attr(w->m, n, &a, &w->err), &w->err);
        ox_node inner = node_in(w, a.u.g, "", "Relu", i ? "e" : "t", 1, &k);
        assert_ok(ox_node_set_name(w->m, inner, str(w, i ? "e" : "t"), &w->err), &w->err);
        output(w, a.u.g, result(w, inner), OX_FLOAT);
        if (i == 0) continue;
        inner = node_in(w, a.u.g, "", "Neg", "idle", 1, &k);
        assert_ok(ox_node_set_name(w->m, inner, str(w, "idle"), &w->err), &w->err);
    }
    output(w, w->g, result(w, n), OX_FLOAT);
    finds(w, ALL, "dead-node ");
    says(w, "Neg node 'idle'");
}

static void functions_and_imports(void **state)
{
    world *w = *state;
    ox_value x = tidy(w), a;
    ox_graph f;
    import(w, "loc", 1);
    finds(w, ALL, "unused-opset ");
    says(w, "opset 1 of 'loc'");
    ox_opset opsets[] = {{str(w, ""), 21}};
    ox_function_info info = {.domain = str(w, "loc"), .n_opsets = 1, .opsets = opsets};
    assert_ok(ox_graph_create(w->m, &f, OX_GRAPH_FUNCTION, str(w, "f"), &w->err), &w->err);
    assert_ok(ox_function_set(w->m, f, &info, &w->err), &w->err);
    assert_ok(ox_graph_add_input(w->m, &a, f, SIZE_MAX, str(w, "a"), (ox_type){0}, &w->err), &w->err);
    ox_node inner = node_in(w, f, "", "Relu", "b", 1, &a);
    assert_ok(ox_node_set_name(w->m, inner, str(w, "inner"), &w->err), &w->err);
    output(w, f, result(w, inner), OX_UNDEFINED);
    finds(w, ALL, "unused-opset unused-function ");
    says(w, "function 'f' is never called");
    ox_node call = node_in(w, w->g, "loc", "f", "r", 1, &x);
    assert_ok(ox_node_set_name(w->m, call, str(w, "call"), &w->err), &w->err);
    output(w, w->g, result(w, call), OX_FLOAT);
    finds(w, ALL, "");
}

static void names(void **state)
{
    world *w = *state;
    ox_value x = tidy(w);
    ox_node n = node_in(w, w->g, "", "Relu", "z", 1, &x);
    output(w, w->g, result(w, n), OX_FLOAT);
    finds(w, ALL, "unnamed-node ");
    says(w, "1 of 2 nodes of 'g' have no name, the first is Relu node");
    assert_ok(ox_node_set_name(w->m, n, str(w, "y"), &w->err), &w->err);
    finds(w, ALL, "node-name-twice ");
    says(w, "Relu node 'y' has the name of the node #");
    assert_ok(ox_node_set_name(w->m, n, str(w, "Y"), &w->err), &w->err);
    finds(w, ALL, "");
}

static ox_node cast(world *w, const char *out, ox_value in, ox_dtype to)
{
    ox_node n = op(w, "Cast", out, 1, &in);
    attr_int(w, n, "to", to);
    return n;
}

static void casts(void **state)
{
    world *w = *state;
    ox_value x = input(w, w->g, "x", OX_FLOAT);
    ox_value h = result(w, cast(w, "h", x, OX_FLOAT16)), f = result(w, cast(w, "f", h, OX_FLOAT));
    output(w, w->g, f, OX_FLOAT);
    finds(w, ALL, "double-cast ");
    says(w, "Cast node 'f' casts 'x' back to FLOAT, from FLOAT16: it was rounded or cut to that type");
    ox_value d = result(w, cast(w, "d", x, OX_DOUBLE));
    output(w, w->g, result(w, cast(w, "g", d, OX_FLOAT)), OX_FLOAT);
    finds(w, ALL, "double-cast double-cast ");
    says(w, "from DOUBLE: it is what it was");
    ox_value i = input(w, w->g, "i", OX_INT64),
             k = result(w, cast(w, "k", i, OX_FLOAT)); /* int64 -> float -> double: not back */
    output(w, w->g, result(w, cast(w, "kk", k, OX_DOUBLE)), OX_DOUBLE);
    finds(w, ALL, "double-cast double-cast ");
}

static void islands(void **state)
{
    world *w = *state;
    ox_value x = input(w, w->g, "x", OX_FLOAT);
    ox_value d = result(w, cast(w, "d", x, OX_DOUBLE)), s = result(w, op(w, "Sqrt", "s", 1, &d));
    ox_value two[] = {s, d}, m = result(w, op(w, "Mul", "m", 2, two));
    output(w, w->g, result(w, cast(w, "f", m, OX_FLOAT)), OX_FLOAT);
    finds(w, ALL, "double-island ");
    says(w, "Cast node 'd' casts 'x' from FLOAT to DOUBLE for 2 nodes, the first Sqrt node 's'");
    output(w, w->g, m, OX_DOUBLE); /* double is wanted: it is returned */
    finds(w, ALL, "");
    ox_value i = input(w, w->g, "i", OX_INT64), e = result(w, cast(w, "e", i, OX_DOUBLE)),
             r = result(w, op(w, "Sqrt", "r", 1, &e)); /* comes from integers */
    output(w, w->g, result(w, cast(w, "rf", r, OX_FLOAT)), OX_FLOAT);
    finds(w, ALL, "");
}

static void indices(void **state)
{
    world *w = *state;
    ox_value in[2] = {tidy(w)};
    static const int64_t far[] = {INT64_C(1) << 32}, end[] = {INT64_MAX}, one = 1;
    in[1] = numbers(w, "far", OX_INT64, 1, &one, far, sizeof far);
    ox_node n = op(w, "Gather", "z", 2, in);
    output(w, w->g, result(w, n), OX_FLOAT);
    finds(w, ALL, "large-index ");
    says(w, "Gather node 'z': input 1 holds 4294967296");
    in[1] = numbers(w, "end", OX_INT64, 1, &one, end, sizeof end);
    assert_ok(ox_node_set_inputs(w->m, n, 2, in, &w->err), &w->err);
    finds(w, "large-index", "");
}

static void blocks_without_types(void **state)
{
    world *w = *state;
    ox_value x = tidy(w), cond = input(w, w->g, "c", OX_BOOL), inner[2];
    ox_node n = op(w, "If", "r", 1, &cond);
    static const char *const branches[] = {"then_branch", "else_branch"};
    for (int i = 0; i < 2; i++) {
        ox_attr a = {.name = str(w, branches[i]), .kind = OX_ATTR_GRAPH};
        assert_ok(ox_graph_create(w->m, &a.u.g, OX_GRAPH_BLOCK, str(w, branches[i]), &w->err), &w->err);
        assert_ok(ox_node_set_attr(w->m, n, &a, &w->err), &w->err);
        inner[i] = relu(w, a.u.g, x, i ? "e" : "t");
        output(w, a.u.g, inner[i], OX_UNDEFINED);
    }
    finds(w, "untyped-block", "untyped-block untyped-block ");
    says(w, "If node 'r': output 0 of its block 'else_branch', 'e', has no type");
    for (int i = 0; i < 2; i++)
        assert_ok(ox_value_set_type(w->m, inner[i], tensor_type(w, OX_FLOAT), &w->err), &w->err);
    finds(w, "untyped-block", "");
}

static void odd_initializers(void **state)
{
    world *w = *state;
    static const int64_t none[] = {2, 0};
    ox_value in[2] = {tidy(w), numbers(w, "e", OX_FLOAT, 2, none, NULL, 0)};
    output(w, w->g, result(w, op(w, "Add", "z", 2, in)), OX_FLOAT);
    finds(w, ALL, "empty-initializer ");
    in[1] = numbers(w, "absent", OX_FLOAT, 1, none + 1, NULL, 0); /* stands for an absent input */
    output(w, w->g, result(w, op(w, "Add", "zz", 2, in)), OX_FLOAT);
    finds(w, ALL, "empty-initializer ");
    output(w, w->g, initializer(w, w->g, "o", OX_FLOAT), OX_UNDEFINED);
    finds(w, ALL, "empty-initializer output-initializer ");
    says(w, "'o' is returned");
}

static void training(void **state)
{
    world *w = *state;
    ox_value x = tidy(w), five[] = {x, x, x, x, x}, in[3] = {x}, v;
    static const uint8_t yes = 1;
    ox_node n = op(w, "Dropout", "d", 1, in);
    output(w, w->g, result(w, n), OX_FLOAT);
    finds(w, ALL, "idle-dropout ");
    in[2] = numbers(w, "mode", OX_BOOL, 0, NULL, &yes, 1);
    assert_ok(ox_node_set_inputs(w->m, n, 3, in, &w->err), &w->err);
    finds(w, ALL, "training-node ");
    says(w, "Dropout node 'd' drops elements at random");
    static const float none = 0;
    in[1] = numbers(w, "ratio", OX_FLOAT, 0, NULL, &none, sizeof none); /* drops nothing, in training too */
    assert_ok(ox_node_set_inputs(w->m, n, 3, in, &w->err), &w->err);
    finds(w, ALL, "idle-dropout ");
    in[1] = (ox_value){0};
    in[2] = input(w, w->g, "training", OX_BOOL); /* who runs it decides */
    assert_ok(ox_node_set_inputs(w->m, n, 3, in, &w->err), &w->err);
    finds(w, "runtime", "");
    n = op(w, "BatchNormalization", "bn", 5, five);
    output(w, w->g, result(w, n), OX_FLOAT);
    finds(w, "runtime", "");
    attr_int(w, n, "training_mode", 1);
    finds(w, "runtime", "training-node ");
    assert_ok(ox_node_remove_attr(w->m, n, "training_mode", &w->err), &w->err);
    import(w, "", 9);
    finds(w, "training-node", "");
    assert_ok(ox_node_add_output(w->m, &v, n, str(w, "mean"), (ox_type){0}, &w->err), &w->err);
    finds(w, "training-node", "training-node ");
}

static void resize(void **state)
{
    world *w = *state;
    ox_dim dims[4];
    for (int i = 0; i < 4; i++) dims[i] = ox_dim_const(w->m, 2);
    ox_value x = tidy(w);
    assert_ok(ox_value_set_type(w->m, x, ox_type_tensor(w->m, OX_FLOAT, 3, dims), &w->err), &w->err);
    ox_node n = op(w, "Resize", "z", 1, &x);
    attr_text(w, n, "mode", "linear");
    finds(w, "resize-mode", "");
    attr_text(w, n, "mode", "cubic");
    finds(w, "resize-mode", "resize-mode ");
    says(w, "cubic interpolation of 3 dims");
    assert_ok(ox_value_set_type(w->m, x, ox_type_tensor(w->m, OX_FLOAT, 4, dims), &w->err), &w->err);
    finds(w, "resize-mode", "");
    attr_int(w, n, "antialias", 1);
    finds(w, "resize-mode", "");
    attr_text(w, n, "mode", "nearest");
    finds(w, "resize-mode", "resize-mode ");
    says(w, "antialias with nearest");
}

static void opset_and_ir(void **state)
{
    world *w = *state;
    tidy(w);
    finds(w, "opset-ir", "");
    assert_ok(ox_model_set_ir_version(w->m, 9, &w->err), &w->err);
    finds(w, "opset-ir", "opset-ir ");
    says(w, "opset 21 came with IR version 10, the model states 9");
}

static void hints(void **state)
{
    (void)state;
    const ox_check_row *rows;
    size_t n = ox_check_rows(&rows), with = 0;
    for (size_t i = 0; i < n; i++) with += rows[i].hint != NULL;
    assert_true(with > 20);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(unused_things),
        CASE(an_input_with_a_default_is_no_unused_input),
        CASE(dead_nodes),
        CASE(dead_nodes_in_blocks),
        CASE(functions_and_imports),
        CASE(names),
        CASE(casts),
        CASE(islands),
        CASE(indices),
        CASE(blocks_without_types),
        CASE(odd_initializers),
        CASE(training),
        CASE(resize),
        CASE(opset_and_ir),
        cmocka_unit_test(hints),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
