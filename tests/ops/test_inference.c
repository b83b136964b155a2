/* Inference of whole models: findings, reasons with their places, local functions, and what edits, undo and rollback
 * make of it. */
#include "ox_test.h"

#include "base/base.h"

#include <onnxsh/infer.h>
#include <onnxsh/io.h>
#include <onnxsh/journal.h>
#include <onnxsh/print.h>

typedef struct fixture {
    ox_model *m;
    ox_inference *inf;
    ox_infer_options opt;
    char found[4096]; /* messages, a line each */
    size_t n_found;
    ox_error err;
} fixture;

static int setup(void **state)
{
    static fixture fx;
    memset(&fx, 0, sizeof fx);
    *state = &fx;
    return 0;
}

static int teardown(void **state)
{
    fixture *fx = *state;
    ox_inference_free(fx->inf);
    ox_model_free(fx->m);
    return 0;
}

static void on_finding(void *ud, const ox_infer_finding *f)
{
    fixture *fx = ud;
    size_t n = strlen(fx->found);
    snprintf(fx->found + n, sizeof fx->found - n, "%d %s\n", (int)f->problem, f->message);
    fx->n_found++;
}

static void open_text(fixture *fx, const char *text)
{
    assert_ok(ox_open_memory(&fx->m, text, strlen(text), "case", NULL, NULL, NULL, &fx->err), &fx->err);
    assert_ok(ox_journal_commit(fx->m, "open", &fx->err), &fx->err);
}

static ox_status update(fixture *fx)
{
    fx->found[0] = '\0';
    fx->n_found = 0;
    if (!fx->inf) assert_ok(ox_inference_create(&fx->inf, fx->m, &fx->opt, &fx->err), &fx->err);
    return ox_inference_update(fx->inf, on_finding, fx, NULL, &fx->err);
}

/* Updates, and counts the nodes that were looked at. */
static size_t looked(fixture *fx)
{
    ox_infer_counts k;
    assert_ok(update(fx), &fx->err);
    ox_inference_count(fx->inf, &k);
    return k.nodes;
}

static ox_value value(fixture *fx, const char *name)
{
    ox_value v = ox_graph_find_value(fx->m, ox_model_main(fx->m), ox_str_addz(fx->m, name));
    assert_int_not_equal(v.id, 0);
    return v;
}

static ox_node node(fixture *fx, const char *made)
{
    return ox_value_node(fx->m, value(fx, made));
}

static void check_type(fixture *fx, const char *name, const char *want)
{
    char got[256];
    ox_type_text(fx->m, ox_value_type(fx->m, value(fx, name)), got, sizeof got);
    assert_string_equal(got, want);
}

static void check_reason(fixture *fx, const char *name, int dim, const char *want)
{
    char got[1024];
    ox_type_info t = ox_type_get(fx->m, ox_value_type(fx->m, value(fx, name)));
    assert_true(dim < t.rank);
    ox_dim_reason(fx->m, t.dims[dim], got, sizeof got);
    assert_string_equal(got, want);
}

/* Input i of the node that makes `made` becomes another value. */
static void set_input(fixture *fx, const char *made, size_t i, const char *by)
{
    assert_ok(ox_node_set_input(fx->m, node(fx, made), i, value(fx, by), &fx->err), &fx->err);
}

/* ---- findings ---- */
static const char *const broken = "graph(%x : Float(2, 3), %z : Float(4, 5)):\n"
                                  "  %a : Tensor = onnx::Add(%x, %z)\n"
                                  "  %b : Float(7, 3) = onnx::Relu(%x)\n"
                                  "  %c : Tensor = acme::Warp(%x)\n"
                                  "  %d : Float(2, 2) = acme::Warp(%x)\n"
                                  "  %y : Tensor = onnx::Relu(%b)\n"
                                  "  return (%y)\n";

static void test_lenient_goes_on(void **state)
{
    fixture *fx = *state;
    open_text(fx, broken);
    assert_ok(update(fx), &fx->err);
    assert_string_equal(fx->found,
                        "0 onnx::Add: dims 2 and 4 cannot be broadcast\n"
                        "1 onnx::Relu: %b is declared as Float(7, 3), which it cannot be\n"
                        "2 acme::Warp: nothing is known of this operator, and the model does not say what it makes\n");
    check_type(fx, "b", "Float(2, 3)");
    check_type(fx, "d", "Float(2, 2)");
    check_type(fx, "y", "Float(2, 3)");
    ox_infer_counts k;
    ox_inference_count(fx->inf, &k);
    assert_int_equal(k.findings, 3);
    assert_int_equal(k.values, 5);
    assert_int_equal(k.typed_before, 2);
    assert_int_equal(k.typed, 3);
}

static void test_strict_is_an_error_with_its_place(void **state)
{
    fixture *fx = *state;
    fx->opt.strict = true;
    open_text(fx, broken);
    assert_fails(update(fx), OX_E_CHECK, "dims 2 and 4", &fx->err);
    assert_string_equal(fx->err.node, "onnx::Add #2");
    assert_false(ox_journal_is_open(fx->m));
    check_type(fx, "y", "Tensor");
}

static void test_a_result_keeps_its_declared_type(void **state)
{
    fixture *fx = *state;
    open_text(fx, "graph(%x : Float(2, N)):\n  %y : Float(3, 5) = onnx::Relu(%x)\n  return (%y)\n");
    assert_ok(update(fx), &fx->err);
    assert_int_equal(fx->n_found, 1);
    check_type(fx, "y", "Float(3, 5)");
}

static void test_expressions_clash(void **state)
{
    fixture *fx = *state;
    open_text(fx, "graph(%x : Float(N), %z : Float(2)):\n"
                  "  %a : Float(N+1) = onnx::Concat[axis=0](%x, %z)\n"
                  "  %b : Float(M) = onnx::Concat[axis=0](%x, %z)\n"
                  "  %y : Tensor = onnx::Relu(%a)\n  return (%y)\n");
    assert_ok(update(fx), &fx->err);
    assert_int_equal(fx->n_found, 1);
    check_type(fx, "a", "Float(N+2)");
    check_type(fx, "b", "Float(N+2)");
}

static void test_forget(void **state)
{
    fixture *fx = *state;
    fx->opt.forget = true;
    open_text(fx, "graph(%x : Float(N)):\n  %a : Float(3) = onnx::Relu(%x)\n  %b : Float(4) = acme::Warp(%a)\n"
                  "  %y : Float(5) = onnx::Relu(%a)\n  return (%y)\n");
    assert_ok(update(fx), &fx->err);
    assert_int_equal(fx->n_found, 0);
    check_type(fx, "a", "Float(N)");
    check_type(fx, "b", "Float(4)"); /* nothing else is known */
    check_type(fx, "y", "Float(N)");
}

/* ---- reasons ---- */
static void test_reasons_name_their_source(void **state)
{
    fixture *fx = *state;
    open_text(fx, "graph(%x : Float(N, 3), %c : Bool(2, 2), %s : Long(3), %u : Float(*)):\n"
                  "  %nz : Tensor = onnx::NonZero(%c), scope: Net::/Head::head # net.py:12:0\n"
                  "  %k : Tensor = onnx::Shape(%nz)\n"
                  "  %e : Tensor = onnx::Expand(%x, %s)\n"
                  "  %r : Tensor = onnx::Relu(%u)\n"
                  "  %y : Tensor = onnx::Relu(%nz)\n  return (%y)\n");
    assert_ok(update(fx), &fx->err);
    check_reason(fx, "y", 1,
                 "how many elements are not zero depends on data: onnx::NonZero #2 at Net/Head[head] (net.py:12)");
    check_reason(fx, "y", 0, "");
    check_reason(fx, "r", 0, "nothing says what it is");
    char text[1024];
    ox_type_info t = ox_type_get(fx->m, ox_value_type(fx->m, value(fx, "e")));
    assert_int_equal(t.rank, 3);
    ox_dim_reason(fx->m, t.dims[0], text, sizeof text);
    if (!strstr(text, "onnx::Expand #4, whose input 2 (shape) comes from the input %s")) fail_msg("%s", text);
    /* The label is that of now; a node that is gone has none. */
    assert_ok(ox_node_set_name(fx->m, node(fx, "nz"), ox_str_addz(fx->m, "where"), &fx->err), &fx->err);
    check_reason(fx, "y", 1,
                 "how many elements are not zero depends on data: onnx::NonZero 'where' at Net/Head[head] (net.py:12)");
    char cut[12];
    t = ox_type_get(fx->m, ox_value_type(fx->m, value(fx, "nz")));
    assert_int_equal(ox_dim_reason(fx->m, t.dims[1], cut, sizeof cut), 11);
}

/* ---- edits ---- */
static const char *const chain = "graph(%x : Float(2, 6), %z : Float(4, 3)):\n"
                                 "  %s : Long(2) = onnx::Constant[value= 3  4 [ CPULongType{2} ]]()\n"
                                 "  %t : Long(2) = onnx::Constant[value= 6 -1 [ CPULongType{2} ]]()\n"
                                 "  %k : Tensor = onnx::Shape(%z)\n"
                                 "  %a : Tensor = onnx::Relu(%x)\n"
                                 "  %b : Tensor = onnx::Reshape(%a, %s)\n"
                                 "  %c : Tensor = onnx::Relu(%b)\n"
                                 "  %d : Tensor = onnx::Flatten[axis=0](%c)\n"
                                 "  %y : Tensor = onnx::Relu(%d)\n  return (%y)\n";

static void test_only_what_depends_is_looked_at(void **state)
{
    fixture *fx = *state;
    open_text(fx, chain);
    assert_int_equal(looked(fx), 8);
    check_type(fx, "c", "Float(3, 4)");
    assert_ok(ox_journal_commit(fx->m, "infer", &fx->err), &fx->err);
    assert_int_equal(looked(fx), 0);
    set_input(fx, "b", 1, "t");
    assert_int_equal(looked(fx), 3); /* %d is (1, 12) as before: %y is not asked */
    check_type(fx, "c", "Float(6, 2)");
    set_input(fx, "b", 1, "k");
    assert_int_equal(looked(fx), 3); /* known through Shape */
    check_type(fx, "c", "Float(4, 3)");
    assert_ok(ox_node_set_name(fx->m, node(fx, "a"), ox_str_addz(fx->m, "name"), &fx->err), &fx->err);
    assert_int_equal(looked(fx), 0); /* names mean nothing */
    assert_ok(ox_journal_commit(fx->m, "edit", &fx->err), &fx->err);
    assert_ok(ox_journal_undo(fx->m, NULL, &fx->err), &fx->err);
    check_type(fx, "c", "Float(3, 4)"); /* undone with the edit */
    assert_ok(ox_journal_redo(fx->m, NULL, &fx->err), &fx->err);
    check_type(fx, "c", "Float(4, 3)");
    assert_ok(ox_journal_undo(fx->m, NULL, &fx->err), &fx->err);
    /* What was known of values is that of this state again. */
    set_input(fx, "d", 0, "a");
    assert_true(looked(fx) > 0);
    check_type(fx, "c", "Float(3, 4)");
    check_type(fx, "y", "Float(1, 12)");
}

static void test_types_of_inputs_and_less_than_before(void **state)
{
    fixture *fx = *state;
    open_text(fx, chain);
    assert_int_equal(looked(fx), 8);
    ox_dim dims[2] = {ox_dim_symbol(fx->m, ox_str_addz(fx->m, "n")), ox_dim_const(fx->m, 5)};
    set_input(fx, "b", 0, "z");
    set_input(fx, "b", 1, "k");
    assert_ok(ox_value_set_type(fx->m, value(fx, "z"), ox_type_tensor(fx->m, OX_FLOAT, 2, dims), &fx->err), &fx->err);
    assert_int_equal(looked(fx), 5);
    check_type(fx, "c", "Float(n, 5)");
    check_type(fx, "y", "Float(1, 5*n)");
    ox_type unranked = ox_type_tensor(fx->m, OX_FLOAT, OX_RANK_UNKNOWN, NULL);
    assert_ok(ox_value_set_type(fx->m, value(fx, "z"), unranked, &fx->err), &fx->err);
    assert_ok(update(fx), &fx->err);
    check_type(fx, "c", "Float(...)"); /* nothing of the earlier result stays */
}

static void test_new_nodes_and_rollback(void **state)
{
    fixture *fx = *state;
    open_text(fx, chain);
    assert_int_equal(looked(fx), 8);
    ox_mark mark = ox_journal_mark(fx->m);
    ox_value in[1] = {value(fx, "z")};
    ox_node made;
    ox_graph g = ox_model_main(fx->m);
    assert_ok(ox_node_create(fx->m, &made, g, node(fx, "d"), ox_str_addz(fx->m, ""), ox_str_addz(fx->m, "Transpose"), 1,
                             in, 1, &fx->err),
              &fx->err);
    assert_ok(ox_node_set_input(fx->m, node(fx, "d"), 0, ox_node_output(fx->m, made, 0), &fx->err), &fx->err);
    assert_int_equal(looked(fx), 2);
    check_type(fx, "y", "Float(1, 12)");
    assert_ok(ox_node_set_input(fx->m, made, 0, value(fx, "x"), &fx->err), &fx->err);
    assert_int_equal(looked(fx), 2);
    ox_journal_rollback(fx->m, mark);
    assert_true(looked(fx) > 0);
    check_type(fx, "y", "Float(1, 12)");
    check_type(fx, "c", "Float(3, 4)");
}

static void test_no_data(void **state)
{
    fixture *fx = *state;
    fx->opt.no_data = true;
    open_text(fx, chain);
    assert_ok(update(fx), &fx->err);
    check_type(fx, "c", "Float(3, 4)");
    set_input(fx, "b", 1, "k");
    assert_ok(update(fx), &fx->err);
    check_type(fx, "c", "Float(*, *)");
}

static void test_given_types_stay(void **state)
{
    fixture *fx = *state;
    open_text(fx, "graph(%x : Float(2, 3)):\n  %a : Float(*, 3) = onnx::Relu(%x)\n"
                  "  %y : Tensor = onnx::Relu(%a)\n  return (%y)\n");
    assert_ok(update(fx), &fx->err);
    char text[64];
    check_type(fx, "a", "Float(2, 3)");
    ox_type_text(fx->m, ox_value_given_type(fx->m, value(fx, "a")), text, sizeof text);
    assert_string_equal(text, "Float(*, 3)");
    assert_false(ox_value_is_declared(fx->m, value(fx, "y")));
    assert_ok(ox_infer(fx->m, &(ox_infer_options){.keep = true}, NULL, NULL, NULL, NULL, &fx->err), &fx->err);
    assert_true(ox_value_is_declared(fx->m, value(fx, "y")));
}

/* ---- blocks and functions ---- */
static void test_an_edit_inside_a_block(void **state)
{
    fixture *fx = *state;
    open_text(fx, "graph(%c : Bool(), %x : Float(2, 3), %z : Float(5)):\n"
                  "  %i : Tensor = onnx::If(%c)\n"
                  "    block0():\n      %a : Tensor = onnx::Relu(%x)\n      -> (%a)\n"
                  "    block1():\n      %b : Tensor = onnx::Relu(%x)\n      -> (%b)\n"
                  "  %y : Tensor = onnx::Relu(%i)\n  return (%y)\n");
    assert_int_equal(looked(fx), 2);
    check_type(fx, "y", "Float(2, 3)");
    for (size_t k = 0; k < 2; k++) {
        ox_node inner = ox_graph_first(fx->m, ox_node_block(fx->m, node(fx, "i"), k));
        assert_ok(ox_node_set_input(fx->m, inner, 0, value(fx, "z"), &fx->err), &fx->err);
        assert_int_equal(looked(fx), 2);
        check_type(fx, "y", k ? "Float(5)" : "Float(...)");
    }
}

/* acme::Twice(x) = y of {Concat(x, x) along the attribute axis}; deeper calls of it as said. */
static ox_graph add_function(fixture *fx, const char *name, const char *inner)
{
    ox_model *m = fx->m;
    ox_graph g;
    ox_value x;
    ox_node n;
    ox_str acme = ox_str_addz(m, "acme"), axis = ox_str_addz(m, "axis");
    ox_opset opsets[2] = {{ox_str_addz(m, ""), 13}, {acme, 1}};
    ox_function_info info = {.domain = acme, .n_attrs = 1, .attrs = &axis, .n_opsets = 2, .opsets = opsets};
    assert_ok(ox_graph_create(m, &g, OX_GRAPH_FUNCTION, ox_str_addz(m, name), &fx->err), &fx->err);
    assert_ok(ox_function_set(m, g, &info, &fx->err), &fx->err);
    assert_ok(ox_graph_add_input(m, &x, g, SIZE_MAX, ox_str_addz(m, "x"), (ox_type){0}, &fx->err), &fx->err);
    ox_value in[2] = {x, x};
    ox_attr a = {.name = axis, .kind = OX_ATTR_INT, .ref = axis};
    assert_ok(ox_node_create(m, &n, g, (ox_node){0}, ox_str_addz(m, inner ? "acme" : ""),
                             ox_str_addz(m, inner ? inner : "Concat"), inner ? 1 : 2, in, 1, &fx->err),
              &fx->err);
    assert_ok(ox_node_set_attr(m, n, &a, &fx->err), &fx->err);
    assert_ok(ox_graph_add_output(m, g, SIZE_MAX, ox_node_output(m, n, 0), &fx->err), &fx->err);
    return g;
}

static const char *const calls = "graph(%x : Float(2, N), %z : Half(4)):\n"
                                 "  %a : Tensor = acme::Twice[axis=0](%x)\n"
                                 "  %b : Tensor = acme::Twice[axis=1](%x)\n"
                                 "  %c : Tensor = acme::Twice[axis=0](%z)\n"
                                 "  %d : Tensor = acme::Outer[axis=1](%a)\n"
                                 "  %y : Tensor = onnx::Relu(%c)\n  return (%y)\n";

static void test_functions(void **state)
{
    fixture *fx = *state;
    open_text(fx, calls);
    ox_graph twice = add_function(fx, "Twice", NULL);
    (void)add_function(fx, "Outer", "Twice");
    assert_ok(update(fx), &fx->err);
    assert_string_equal(fx->found, "");
    check_type(fx, "a", "Float(4, N)");
    check_type(fx, "b", "Float(2, 2*N)");
    check_type(fx, "y", "Half(8)");
    check_type(fx, "d", "Float(4, 2*N)");
    assert_int_equal(ox_value_type(fx->m, ox_graph_input(fx->m, twice, 0)).id, 0); /* calls differ */
    /* A change of the body reaches every call. */
    ox_node body = ox_graph_first(fx->m, twice);
    assert_ok(ox_node_remove_attr(fx->m, body, "axis", &fx->err), &fx->err);
    assert_ok(ox_node_set_op(fx->m, body, ox_str_addz(fx->m, ""), ox_str_addz(fx->m, "Add"), (ox_str){0}, &fx->err),
              &fx->err);
    assert_ok(update(fx), &fx->err);
    check_type(fx, "b", "Float(2, N)");
    check_type(fx, "d", "Float(2, N)");
}

static void test_functions_that_call_themselves(void **state)
{
    fixture *fx = *state;
    open_text(fx, calls);
    (void)add_function(fx, "Twice", "Outer");
    (void)add_function(fx, "Outer", "Twice");
    assert_ok(update(fx), &fx->err);
    assert_non_null(strstr(fx->found, "the function Twice calls itself"));
    check_type(fx, "a", "Tensor");
}

static void test_a_call_that_does_not_fit(void **state)
{
    fixture *fx = *state;
    open_text(fx, "graph(%x : Float(2)):\n  %y : Tensor = acme::Twice[axis=0](%x, %x)\n  return (%y)\n");
    (void)add_function(fx, "Twice", NULL);
    assert_ok(update(fx), &fx->err);
    assert_non_null(strstr(fx->found, "with 2 inputs and 1 outputs"));
}

/* Functions that call the next one twice, each time with another type: the work is bounded. */
static void test_work_in_functions_is_bounded(void **state)
{
    fixture *fx = *state;
    enum { DEPTH = 30 };
    char name[16], next[16];
    open_text(fx, "graph(%x : Float(2)):\n  %y : Tensor = acme::F0[axis=0](%x)\n  return (%y)\n");
    for (int i = 0; i < DEPTH; i++) {
        snprintf(name, sizeof name, "F%d", i);
        snprintf(next, sizeof next, "F%d", i + 1);
        ox_graph g = add_function(fx, name, i + 1 < DEPTH ? next : NULL);
        ox_node call = ox_graph_first(fx->m, g);
        ox_value twice[2] = {ox_graph_input(fx->m, g, 0), ox_graph_input(fx->m, g, 0)};
        ox_attr axis = {.name = ox_str_addz(fx->m, "axis"), .kind = OX_ATTR_INT, .u.i = 0};
        ox_node concat, other;
        assert_ok(ox_node_create(fx->m, &concat, g, call, ox_str_addz(fx->m, ""), ox_str_addz(fx->m, "Concat"), 2,
                                 twice, 1, &fx->err),
                  &fx->err);
        assert_ok(ox_node_set_attr(fx->m, concat, &axis, &fx->err), &fx->err);
        ox_value in[1] = {ox_node_output(fx->m, concat, 0)};
        assert_ok(ox_node_create(fx->m, &other, g, call, ox_node_domain(fx->m, call), ox_node_op(fx->m, call), 1, in, 1,
                                 &fx->err),
                  &fx->err);
        assert_ok(ox_node_set_attr(fx->m, other, &axis, &fx->err), &fx->err);
    }
    assert_ok(update(fx), &fx->err);
    assert_int_equal(fx->n_found, 0); /* one signature is looked at once: 2^DEPTH calls, few types */
}

/* Whichever allocation fails, the model stays as it was and the next update is whole. */
static void test_out_of_memory(void **state)
{
    fixture *fx = *state;
    open_text(fx, calls);
    (void)add_function(fx, "Twice", NULL);
    (void)add_function(fx, "Outer", "Twice");
    assert_ok(ox_journal_commit(fx->m, "functions", &fx->err), &fx->err);
    for (uint64_t n = 1;; n++) {
        ox__alloc_fail_at(n, false);
        ox_status s = ox_infer(fx->m, NULL, NULL, NULL, NULL, NULL, &fx->err);
        bool whole = ox__alloc_count() < n;
        ox__alloc_fail_at(0, false);
        if (s == OX_OK) { /* what failed, if anything did, could be done without */
            check_type(fx, "d", "Float(4, 2*N)");
            check_type(fx, "y", "Half(8)");
            if (whole) break;
            assert_ok(ox_journal_undo(fx->m, NULL, &fx->err), &fx->err);
        } else {
            assert_int_equal(s, OX_E_NOMEM);
            assert_false(ox_journal_is_open(fx->m));
        }
        check_type(fx, "y", "Tensor");
    }
}

/* An inference may outlive its model. */
static void test_freed_after_the_model(void **state)
{
    fixture *fx = *state;
    open_text(fx, chain);
    assert_ok(update(fx), &fx->err);
    ox_model_free(fx->m);
    fx->m = NULL;
}

static bool refuse(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)ud, (void)what, (void)done, (void)total;
    return false;
}

static void test_interrupted(void **state)
{
    fixture *fx = *state;
    open_text(fx, chain);
    ox_task task = {refuse, NULL};
    assert_fails(ox_infer(fx->m, NULL, NULL, NULL, NULL, &task, &fx->err), OX_E_INTERRUPTED, "interrupted", &fx->err);
    assert_fails(ox_infer(NULL, NULL, NULL, NULL, NULL, NULL, &fx->err), OX_E_INVALID, "no model", &fx->err);
    check_type(fx, "y", "Tensor");
}

int main(int argc, char **argv)
{
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_lenient_goes_on),
        T(test_strict_is_an_error_with_its_place),
        T(test_a_result_keeps_its_declared_type),
        T(test_expressions_clash),
        T(test_forget),
        T(test_reasons_name_their_source),
        T(test_only_what_depends_is_looked_at),
        T(test_types_of_inputs_and_less_than_before),
        T(test_new_nodes_and_rollback),
        T(test_no_data),
        T(test_given_types_stay),
        T(test_an_edit_inside_a_block),
        T(test_functions),
        T(test_functions_that_call_themselves),
        T(test_a_call_that_does_not_fit),
        T(test_work_in_functions_is_bounded),
        T(test_out_of_memory),
        T(test_freed_after_the_model),
        T(test_interrupted),
    };
#undef T
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
