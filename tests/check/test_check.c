/* The checks, each against a small model that breaks its rule and nothing else; those of constants in test_data.c. */
#include "world.h"

static void a_good_model_is_quiet(void **state)
{
    world *w = *state;
    ox_check_counts counts = {.errors = 9, .warnings = 9, .notes = 9, .bytes_read = 9};
    plain(w);
    assert_ok(ox_node_set_name(w->m, ox_graph_first(w->m, w->g), str(w, "n"), &w->err), &w->err);
    assert_string_equal(run(w, NULL, &counts), "");
    assert_true(counts.errors == 0 && counts.warnings == 0 && counts.notes == 0 && counts.bytes_read == 0);
}

static void versions(void **state)
{
    world *w = *state;
    plain(w);
    assert_ok(ox_model_set_ir_version(w->m, 99, &w->err), &w->err);
    found(w, "ir-version ");
    assert_ok(ox_model_set_ir_version(w->m, 0, &w->err), &w->err);
    found(w, "ir-version ");
    assert_ok(ox_model_set_ir_version(w->m, 10, &w->err), &w->err);
    import(w, "", 999);
    found(w, "opset-unknown ");
    import(w, "", 0);
    found(w, "opset-missing opset-missing ");
    import(w, "ai.onnx.ml", 3);
    found(w, "opset-missing ");
    says(w, "ai.onnx is not imported");
}

static void newer_types_in_an_old_ir(void **state)
{
    world *w = *state;
    ox_value x = input(w, w->g, "x", OX_INT2);
    output(w, w->g, x, OX_UNDEFINED);
    found(w, "ir-feature ");
    says(w, "INT2: IR version 13");
    assert_ok(ox_model_set_ir_version(w->m, 13, &w->err), &w->err);
    found(w, "");
}

static void names(void **state)
{
    world *w = *state;
    ox_value x = plain(w);
    assert_ok(ox_graph_set_name(w->m, w->g, str(w, ""), &w->err), &w->err);
    found(w, "graph-name ");
    assert_ok(ox_graph_set_name(w->m, w->g, str(w, "g"), &w->err), &w->err);
    ox_value again = relu(w, w->g, x, "y");
    found(w, "duplicate-name ");
    assert_int_equal(w->last.value.id, again.id);
    assert_int_equal(w->last.graph.id, w->g.id);
    says(w, "'y'");
    assert_ok(ox_value_set_name(w->m, again, str(w, "z\x1b[0m"), &w->err), &w->err);
    found(w, "");
    input(w, w->g, "x", OX_FLOAT);
    found(w, "duplicate-name ");
    initializer(w, w->g, "", OX_FLOAT);
    found(w, "duplicate-name value-name ");
}

static void order(void **state)
{
    world *w = *state;
    ox_value x = input(w, w->g, "x", OX_FLOAT), y, q;
    ox_node first = node_in(w, w->g, "", "Relu", "y", 1, &x);
    y = ox_node_output(w->m, first, 0);
    ox_value z = relu(w, w->g, y, "z");
    output(w, w->g, z, OX_FLOAT);
    found(w, "");
    assert_ok(ox_node_move(w->m, first, (ox_node){0}, &w->err), &w->err);
    found(w, "node-order ");
    says(w, "made later or out of sight, by Relu node");
    assert_ok(ox_node_set_input(w->m, first, 0, y, &w->err), &w->err);
    found(w, "node-order node-order ");
    says(w, "its own output");
    assert_ok(ox__value_new(w->m, &q, w->g, str(w, "q"), &w->err), &w->err);
    assert_ok(ox_node_set_input(w->m, first, 0, q, &w->err), &w->err);
    found(w, "node-order undefined-input ");
    says(w, "input 0 of Relu node, 'q', is made by nothing");
    assert_int_equal(w->last.node.id, first.id);
    assert_int_equal(w->last.value.id, q.id);
}

static void outputs(void **state)
{
    world *w = *state;
    ox_value q;
    plain(w);
    assert_ok(ox__value_new(w->m, &q, w->g, str(w, "q"), &w->err), &w->err);
    output(w, w->g, q, OX_FLOAT);
    found(w, "undefined-output ");
    says(w, "output 1, 'q', is made by nothing");
}

static void declared_types(void **state)
{
    world *w = *state;
    ox_value x = plain(w);
    assert_ok(ox_value_set_type(w->m, x, (ox_type){0}, &w->err), &w->err);
    found(w, "missing-type ");
    assert_ok(ox_value_set_type(w->m, x, ox_type_tensor(w->m, OX_FLOAT, OX_RANK_UNKNOWN, NULL), &w->err), &w->err);
    found(w, "missing-type ");
    says(w, "no shape");
    assert_ok(ox_value_set_type(w->m, x, ox_type_tensor(w->m, OX_UNDEFINED, 0, NULL), &w->err), &w->err);
    found(w, "missing-type ");
    says(w, "no element type");
}

static void initializers(void **state)
{
    world *w = *state;
    plain(w);
    ox_value v = initializer(w, w->g, "w", OX_FLOAT);
    found(w, "");
    assert_ok(ox_model_set_ir_version(w->m, 3, &w->err), &w->err);
    import(w, "", 8);
    found(w, "initializer-input ");
    assert_ok(ox_graph_list_input(w->m, w->g, v, &w->err), &w->err);
    found(w, "");
    assert_ok(ox_value_set_type(w->m, v, tensor_type(w, OX_INT64), &w->err), &w->err);
    found(w, "initializer-type ");
    says(w, "declared INT64, its data is FLOAT");
    ox_dim three = ox_dim_const(w->m, 3);
    assert_ok(ox_value_set_type(w->m, v, ox_type_tensor(w->m, OX_FLOAT, 1, &three), &w->err), &w->err);
    found(w, "initializer-type ");
    says(w, "another shape");
    ox_dim any = ox_dim_symbol(w->m, str(w, "n"));
    assert_ok(ox_value_set_type(w->m, v, ox_type_tensor(w->m, OX_FLOAT, 1, &any), &w->err), &w->err);
    found(w, "");
}

/* An If whose branches are the two blocks; returns its node. */
static ox_node add_if(world *w, ox_graph then_g, ox_graph else_g, const char *out)
{
    ox_value c = input(w, w->g, "c", OX_BOOL);
    ox_node n = node_in(w, w->g, "", "If", out, 1, &c);
    ox_attr a = {.name = str(w, "then_branch"), .kind = OX_ATTR_GRAPH, .u.g = then_g};
    ox_attr b = {.name = str(w, "else_branch"), .kind = OX_ATTR_GRAPH, .u.g = else_g};
    assert_ok(ox_node_set_attr(w->m, n, &a, &w->err), &w->err);
    assert_ok(ox_node_set_attr(w->m, n, &b, &w->err), &w->err);
    return n;
}

static ox_graph block(world *w)
{
    ox_graph g;
    assert_ok(ox_graph_create(w->m, &g, OX_GRAPH_BLOCK, str(w, "b"), &w->err), &w->err);
    return g;
}

static void blocks(void **state)
{
    world *w = *state;
    ox_value x = plain(w);
    ox_graph a = block(w), b = block(w);
    ox_node n = add_if(w, a, b, "r");
    ox_value inner = relu(w, a, x, "t");
    output(w, a, inner, OX_UNDEFINED);
    output(w, b, relu(w, b, x, "t"), OX_UNDEFINED); /* the same name in a sister block is fine */
    found(w, "");
    assert_ok(ox_value_set_name(w->m, inner, str(w, "x"), &w->err), &w->err);
    found(w, "duplicate-name ");
    says(w, "graph around too");
    assert_int_equal(w->last.graph.id, a.id);
    assert_ok(ox_value_set_name(w->m, inner, str(w, "r"), &w->err), &w->err);
    found(w, ""); /* the If's own output comes later */
    initializer(w, a, "x", OX_FLOAT);
    found(w, "shadowed-name ");
    assert_int_equal(w->last.severity, OX_SEVERITY_WARNING);
    output(w, b, x, OX_UNDEFINED);
    found(w, "shadowed-name undefined-output ");
    says(w, "outside this graph");
    (void)n;
}

static void values_of_blocks_end_with_them(void **state)
{
    world *w = *state;
    ox_value x = plain(w);
    ox_graph a = block(w), b = block(w);
    add_if(w, a, b, "r");
    ox_value inner = relu(w, a, x, "t");
    output(w, a, inner, OX_UNDEFINED);
    output(w, b, relu(w, b, x, "u"), OX_UNDEFINED);
    ox_node n = node_in(w, w->g, "", "Relu", "late", 1, &x);
    assert_ok(ox_node_set_input(w->m, n, 0, inner, &w->err), &w->err);
    found(w, "node-order ");
}

static void nodes(void **state)
{
    world *w = *state;
    ox_value x = plain(w);
    node_in(w, w->g, "", "Relu", NULL, 0, NULL);
    found(w, "empty-node input-count output-count ");
    ox_node named = node_in(w, w->g, "acme", "Foo", "f", 1, &x);
    assert_ok(ox_node_set_name(w->m, named, str(w, "n1"), &w->err), &w->err);
    found(w, "empty-node input-count output-count opset-missing ");
    says(w, "Foo node 'n1': the domain 'acme' is not imported");
    import(w, "acme", 1);
    node_in(w, w->g, "acme", "Foo", "f2", 1, &x);
    found(w, "empty-node input-count output-count custom-operator ");
    assert_int_equal(w->last.severity, OX_SEVERITY_NOTE);
}

static void operators(void **state)
{
    world *w = *state;
    ox_value x = plain(w);
    ox_node n = node_in(w, w->g, "", "Foo", "f", 1, &x);
    found(w, "unknown-operator ");
    says(w, "ai.onnx has no such operator");
    assert_ok(ox_node_set_op(w->m, n, str(w, ""), str(w, "RMSNormalization"), (ox_str){0}, &w->err), &w->err);
    found(w, "unknown-operator ");
    says(w, "with opset 23, the model imports 21");
    assert_ok(ox_node_set_op(w->m, n, str(w, ""), str(w, "Upsample"), (ox_str){0}, &w->err), &w->err);
    found(w, "deprecated-operator ");
    says(w, "since opset 10");
    assert_ok(ox_node_set_op(w->m, n, str(w, "ai.onnx"), str(w, "Relu"), (ox_str){0}, &w->err), &w->err);
    found(w, "");
}

static void counts_of_values(void **state)
{
    world *w = *state;
    ox_value x = plain(w), three[] = {x, x, x}, absent[] = {x, {0, 0}};
    ox_node n = node_in(w, w->g, "", "Add", "f", 3, three);
    found(w, "input-count ");
    says(w, "3 inputs, the operator 2");
    assert_ok(ox_node_set_inputs(w->m, n, 2, absent, &w->err), &w->err);
    found(w, "missing-input ");
    says(w, "input 1, B");
    assert_ok(ox_node_set_inputs(w->m, n, 2, three, &w->err), &w->err);
    found(w, "");
    n = node_in(w, w->g, "", "Concat", "cc", 0, NULL);
    attr_int(w, n, "axis", 0);
    found(w, "input-count ");
    says(w, "1 or more");
    n = node_in(w, w->g, "", "Clip", "cl", 3, three);
    ox_value v;
    assert_ok(ox_node_add_output(w->m, &v, n, str(w, "cl2"), (ox_type){0}, &w->err), &w->err);
    found(w, "input-count output-count ");
}

static void training_outputs_come_together(void **state)
{
    world *w = *state;
    ox_value x = plain(w), five[] = {x, x, x, x, x}, v;
    ox_node n = node_in(w, w->g, "", "BatchNormalization", "bn", 5, five);
    found(w, "");
    assert_ok(ox_node_add_output(w->m, &v, n, str(w, "bn2"), (ox_type){0}, &w->err), &w->err);
    found(w, "output-count ");
    says(w, "2 outputs, the operator 1 or 3");
    assert_ok(ox_node_add_output(w->m, &v, n, str(w, "bn3"), (ox_type){0}, &w->err), &w->err);
    found(w, "");
}

static void attributes(void **state)
{
    world *w = *state;
    ox_value x = plain(w);
    ox_node n = node_in(w, w->g, "", "Softmax", "s", 1, &x);
    attr_int(w, n, "axis", 0);
    attr_int(w, n, "__own", 0);
    found(w, "");
    attr_int(w, n, "axes", 0);
    found(w, "unknown-attribute ");
    says(w, "no attribute 'axes'");
    assert_ok(ox_node_remove_attr(w->m, n, "axes", &w->err), &w->err);
    ox_attr a = {.name = str(w, "axis"), .kind = OX_ATTR_FLOAT, .u.f = 0.5};
    assert_ok(ox_node_set_attr(w->m, n, &a, &w->err), &w->err);
    found(w, "attribute-type ");
    says(w, "axis is float, the operator wants int");
    a = (ox_attr){.name = str(w, "axis"), .kind = OX_ATTR_INT, .ref = str(w, "ax")};
    assert_ok(ox_node_set_attr(w->m, n, &a, &w->err), &w->err);
    found(w, "attribute-reference ");
    attr_int(w, n, "axis", 0);
    node_in(w, w->g, "", "Concat", "cc", 1, &x);
    found(w, "missing-attribute ");
    ox_attr twice[] = {{.name = str(w, "axis"), .kind = OX_ATTR_INT}, {.name = str(w, "axis"), .kind = OX_ATTR_INT}};
    assert_ok(ox__node_set_attrs(w->m, n, 2, twice, &w->err), &w->err);
    found(w, "duplicate-attribute missing-attribute ");
}

static void types(void **state)
{
    world *w = *state;
    ox_value x = plain(w), s = input(w, w->g, "s", OX_STRING), i = input(w, w->g, "i", OX_INT64);
    node_in(w, w->g, "", "Relu", "r", 1, &s);
    found(w, "type-not-allowed ");
    says(w, "'s' is tensor(string), X of the operator is tensor(float)");
    ox_value pair[] = {x, i};
    node_in(w, w->g, "", "Add", "a", 2, pair);
    found(w, "type-not-allowed type-mismatch ");
    says(w, "'i' is tensor(int64), but 'x' is tensor(float), and both are T");
    ox_check_options structure = {.only = "structure,schema"}, skip_one = {.only = RULES, .skip = "type-mismatch"};
    assert_string_equal(run(w, &structure, NULL), "");
    assert_string_equal(run(w, &skip_one, NULL), "type-not-allowed ");
    ox_value seq = relu(w, w->g, x, "q");
    assert_ok(ox_value_set_type(w->m, seq, ox_type_of(w->m, OX_TYPE_SEQUENCE, tensor_type(w, OX_FLOAT)), &w->err),
              &w->err);
    ox_check_options only = {.only = "type-not-allowed"};
    assert_string_equal(run(w, &only, NULL), "type-not-allowed type-not-allowed ");
    says(w, "seq(tensor(float))");
}

static ox_graph function(world *w, const char *name, const char *calls)
{
    ox_graph f;
    ox_opset opsets[] = {{str(w, ""), 21}, {str(w, "loc"), 1}};
    ox_str attrs[] = {str(w, "ax")};
    ox_function_info info = {.domain = str(w, "loc"), .n_opsets = 2, .opsets = opsets, .n_attrs = 1, .attrs = attrs};
    assert_ok(ox_graph_create(w->m, &f, OX_GRAPH_FUNCTION, str(w, name), &w->err), &w->err);
    assert_ok(ox_function_set(w->m, f, &info, &w->err), &w->err);
    ox_value a;
    assert_ok(ox_graph_add_input(w->m, &a, f, SIZE_MAX, str(w, "a"), (ox_type){0}, &w->err), &w->err);
    ox_node n = node_in(w, f, calls ? "loc" : "", calls ? calls : "Softmax", "b", 1, &a);
    if (!calls) {
        ox_attr axis = {.name = str(w, "axis"), .kind = OX_ATTR_INT, .ref = str(w, "ax")};
        assert_ok(ox_node_set_attr(w->m, n, &axis, &w->err), &w->err);
    }
    output(w, f, ox_node_output(w->m, n, 0), OX_UNDEFINED);
    return f;
}

static void functions(void **state)
{
    world *w = *state;
    ox_value x = plain(w), two[] = {x, x};
    function(w, "f", NULL);
    import(w, "loc", 1);
    node_in(w, w->g, "loc", "f", "r", 1, &x);
    found(w, "");
    node_in(w, w->g, "loc", "f", "r2", 2, two);
    found(w, "function-call ");
    function(w, "g", "h");
    found(w, "function-call custom-operator ");
    function(w, "h", "g");
    found(w, "function-recursion function-call ");
    function(w, "h", NULL);
    found(w, "function-twice function-recursion function-call ");
}

static void function_fields(void **state)
{
    world *w = *state;
    plain(w);
    ox_graph f = function(w, "f", NULL);
    import(w, "loc", 1);
    ox_str attrs[] = {str(w, "ax"), str(w, "ax"), str(w, "")};
    ox_function_info info = ox_function_get(w->m, f);
    info.n_attrs = 3;
    info.attrs = attrs;
    assert_ok(ox_function_set(w->m, f, &info, &w->err), &w->err);
    found(w, "function-fields function-fields ");
    info.n_attrs = 0;
    assert_ok(ox_function_set(w->m, f, &info, &w->err), &w->err);
    found(w, "attribute-reference ");
    assert_ok(ox_model_set_ir_version(w->m, 7, &w->err), &w->err);
    found(w, "ir-feature attribute-reference ");
}

static void a_trace_is_held_against_order_only(void **state)
{
    world *w = *state;
    ox_value x = input(w, w->g, "x", OX_FLOAT), q;
    ox_node n = node_in(w, w->g, "aten", "relu", "y", 1, &x);
    output(w, w->g, ox_node_output(w->m, n, 0), OX_UNDEFINED);
    assert_ok(ox_graph_set_name(w->m, w->g, (ox_str){0}, &w->err), &w->err);
    found(w, "");
    assert_ok(ox__value_new(w->m, &q, w->g, str(w, "q"), &w->err), &w->err);
    assert_ok(ox_node_set_input(w->m, n, 0, q, &w->err), &w->err);
    found(w, "undefined-input ");
}

static void options(void **state)
{
    world *w = *state;
    ox_check_options bad = {.only = "structure,nonsense"};
    ox_value x = plain(w);
    assert_fails(ox_check_run(w->m, &bad, note, w, NULL, NULL, &w->err), OX_E_INVALID, "'nonsense' is no check",
                 &w->err);
    ox_check_options rules = {.only = RULES};
    for (int i = 0; i < 5; i++) relu(w, w->g, x, "same");
    ox_check_counts counts;
    run(w, &rules, &counts);
    assert_true(counts.errors == 4 && counts.warnings == 0);
    w->stop_after = 2;
    assert_string_equal(run(w, &rules, &counts), "duplicate-name duplicate-name ");
    assert_int_equal(counts.errors, 2);
    assert_ok(ox_check_run(w->m, &rules, NULL, NULL, &counts, NULL, &w->err), &w->err);
    assert_int_equal(counts.errors, 4);
}

static bool refuse(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what, (void)total;
    *(uint64_t *)ud = done;
    return false;
}

static void interruption(void **state)
{
    world *w = *state;
    ox_value v = plain(w);
    char name[16];
    for (int i = 0; i < 5000; i++) {
        snprintf(name, sizeof name, "n%d", i);
        v = relu(w, w->g, v, name);
    }
    uint64_t at = 0;
    ox_task task = {refuse, &at};
    assert_fails(ox_check_run(w->m, NULL, note, w, NULL, &task, &w->err), OX_E_INTERRUPTED, "interrupted", &w->err);
    assert_in_range(at, 1, 5000);
}

static void every_failed_allocation_is_reported(void **state)
{
    world *w = *state;
    ox_value x = plain(w), two[] = {x, x};
    function(w, "f", NULL);
    import(w, "loc", 1);
    node_in(w, w->g, "loc", "f", "r2", 2, two);
    node_in(w, w->g, "loc", "custom", "r3", 2, two);
    for (uint64_t n = 1;; n++) {
        ox_check_counts counts;
        ox_check_options full = {.full = true};
        ox__alloc_fail_at(n, false);
        ox_status s = ox_check_run(w->m, &full, NULL, NULL, &counts, NULL, &w->err);
        ox__alloc_fail_at(0, false);
        if (s == OX_OK) {
            assert_true(n > 3 && counts.errors == 2 && counts.warnings == 2);
            break;
        }
        assert_int_equal(s, OX_E_NOMEM);
    }
}

static void rows_are_whole(void **state)
{
    (void)state;
    const ox_check_row *rows;
    size_t n = ox_check_rows(&rows);
    assert_true(n > 30);
    for (size_t i = 0; i < n; i++) {
        assert_true(rows[i].id[0] && rows[i].help[0] && rows[i].help[strlen(rows[i].help) - 1] == '.');
        for (size_t k = 0; k < i; k++) assert_string_not_equal(rows[i].id, rows[k].id);
    }
    assert_string_equal(ox_severity_name(OX_SEVERITY_WARNING), "warning");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(a_good_model_is_quiet),
        CASE(versions),
        CASE(newer_types_in_an_old_ir),
        CASE(names),
        CASE(order),
        CASE(outputs),
        CASE(declared_types),
        CASE(initializers),
        CASE(blocks),
        CASE(values_of_blocks_end_with_them),
        CASE(nodes),
        CASE(operators),
        CASE(counts_of_values),
        CASE(training_outputs_come_together),
        CASE(attributes),
        CASE(types),
        CASE(functions),
        CASE(function_fields),
        CASE(options),
        CASE(interruption),
        CASE(every_failed_allocation_is_reported),
        cmocka_unit_test_setup_teardown(a_trace_is_held_against_order_only, setup_trace, teardown),
        cmocka_unit_test(rows_are_whole),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
