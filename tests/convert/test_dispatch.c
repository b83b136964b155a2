/* Dispatch: calls, their results, every kind of failure, and that a failed call leaves no trace. */
#include "convert_test.h"

#include <onnxsh/journal.h>

#define TRACE(in, body) "graph(" in "):\n" body
#define INT(n, v) "  %" n " : int = prim::Constant[value=" v "]()\n"

/* ---- failures ---- */
static void test_missing(void **state)
{
    cv *c = *state;
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    const char *trace =
        TRACE("%x : Float(2)",
              "  %a : Float(2) = aten::frob(%x), scope: Net::/a.B::b # n.py:3:1\n  %b : Float(2) = aten::relu(%a)\n"
              "  %y : Float(2) = aten::blip(%b), scope: Net:: # n.py:4:1\n  return (%y)\n");
    /* all at once, independent ones as such */
    const ox_failure *f =
        cv_fails(c, trace, OX_FAILURE_MISSING, "there is no symbolic function of aten::frob at opset 17");
    assert_string_equal(f->scope, "Net/B[b]");
    assert_int_equal(f->line, 3);
    assert_true(f->cause == SIZE_MAX);
    f = cv_failure(c, OX_FAILURE_MISSING, "aten::blip");
    assert_non_null(f);
    assert_true(ox_node_is(c->src, f->node, "aten", "blip"));
    assert_int_equal(ox_report_n_failures(c->report), 2);
    assert_int_equal(c->err.code, OX_E_CHECK);
}

static void test_refused(void **state)
{
    cv *c = *state;
    cv_add(c, "aten::relu", "self", cv_refuse, (void *)(uintptr_t) "ceil_mode with dilation");
    const ox_failure *f = cv_fails(c, TRACE("%x : Float(2)", "  %y : Float(2) = aten::relu(%x)\n  return (%y)\n"),
                                   OX_FAILURE_REFUSED, "ceil_mode with dilation");
    assert_string_equal(f->arguments, "self : Float(2) = %x");
    assert_string_equal(f->op, "aten::relu");
}

static ox_status fail_script(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    (void)k, (void)n, (void)args, (void)ud;
    ox_error_set(err, OX_E_SCRIPT, "attempt to index a nil value");
    ox_error_at_line(err, "mine.lua", 12, 0);
    return OX_E_SCRIPT;
}

static void test_script(void **state)
{
    cv *c = *state;
    cv_add(c, "aten::relu", "self", fail_script, NULL);
    const ox_failure *f = cv_fails(c, TRACE("%x : Float(2)", "  %y : Float(2) = aten::relu(%x)\n  return (%y)\n"),
                                   OX_FAILURE_SCRIPT, "attempt to index");
    assert_string_equal(f->lua_file, "mine.lua");
    assert_int_equal(f->lua_line, 12);
}

/* A function that needs the shape of its input. */
static ox_status need_shape(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    (void)n, (void)ud;
    ox_type_info t = ox_type_get(ox_call_model(k), ox_value_type(ox_call_model(k), args[0].v));
    if (t.kind != OX_TYPE_TENSOR || t.rank < 0) return ox_call_unsupported(k, "the rank is not known", err);
    ox_value v;
    ox_status s = ox_call_op(k, "Relu", 1, args, 0, NULL, 1, &v, err);
    return s == OX_OK ? cv_return1(k, v, err) : s;
}

static void test_placeholders_and_consequences(void **state)
{
    cv *c = *state;
    cv_add(c, "aten::relu", "self", need_shape, NULL);
    /* the placeholder has the traced type: what follows goes on */
    cv_fails(
        c,
        TRACE("%x : Float(2)", "  %a : Float(2) = aten::frob(%x)\n  %y : Float(2) = aten::relu(%a)\n  return (%y)\n"),
        OX_FAILURE_MISSING, "frob");
    assert_int_equal(ox_report_n_failures(c->report), 1);
    /* the trace knows nothing: the next failure stems from it, also through a node that converts */
    CV_PLAIN(c, "aten::sigmoid", "self", "Sigmoid");
    cv_fails(c,
             TRACE("%x : Float(2)", "  %a : Tensor = aten::frob(%x)\n  %b : Tensor = aten::sigmoid(%a)\n  %y : Tensor "
                                    "= aten::relu(%b)\n  return (%y)\n"),
             OX_FAILURE_MISSING, "frob");
    const ox_failure *f = cv_failure(c, OX_FAILURE_CONSEQUENCE, "the rank is not known");
    assert_non_null(f);
    assert_int_equal(f->cause, 0);
    assert_int_equal(ox_report_n_failures(c->report), 2);
    /* through a list */
    cv_add(c, "aten::cat", "tensors dim", cv_refuse, (void *)(uintptr_t) "no cat");
    cv_fails(c,
             TRACE("%x : Float(2)", "  %a : Tensor = aten::frob(%x)\n" INT(
                                        "z", "0") "  %l : Tensor[] = prim::ListConstruct(%x, %a)\n"
                                                  "  %y : Tensor = aten::cat(%l, %z)\n  return (%y)\n"),
             OX_FAILURE_CONSEQUENCE, "no cat");
    /* a case that binding refuses is independent of what came before */
    cv_add(c, "aten::elu", "self alpha", cv_elu, NULL);
    cv_fails(c,
             TRACE("%x : Float(2)", "  %a : Tensor = aten::frob(%x)\n" INT("o", "1")
                                        INT("t", "2") "  %y : Tensor = aten::elu(%a, %o, %t, %o)\n  return (%y)\n"),
             OX_FAILURE_REFUSED, "scale=2");
}

/* ---- rollback ---- */
static ox_status emit_and_fail(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    (void)ud;
    ox_value v = args[0].v;
    for (int i = 0; i < 5; i++) {
        ox_arg a = {.kind = OX_ARG_VALUE, .v = v};
        ox_status s = ox_call_op(k, "Relu", n ? 1 : 0, &a, 0, NULL, 1, &v, err);
        if (s != OX_OK) return s;
    }
    return ox_call_unsupported(k, "after all", err);
}

typedef struct kept {
    ox_value v;
    bool alive_then, dead_now;
} kept;

static ox_status keep_and_fail(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    kept *w = ud;
    ox_model *m = ox_call_model(k);
    if (w->v.id) w->dead_now = !ox_value_is_alive(m, w->v);
    ox_status s = ox_call_op(k, "Relu", n, args, 0, NULL, 1, &w->v, err);
    w->alive_then = ox_value_is_alive(m, w->v);
    return s == OX_OK ? ox_call_unsupported(k, "no", err) : s;
}

static void test_rollback(void **state)
{
    cv *c = *state;
    /* the standing policy makes a result although the function failed: nothing of the failed attempt is in it */
    cv_add(c, "aten::relu", "self", emit_and_fail, NULL);
    cv_fails(c, TRACE("%x : Float(2)", "  %y : Float(2) = aten::relu(%x)\n  return (%y)\n"), OX_FAILURE_REFUSED,
             "after all");
    const ox_pass_stat *rows;
    size_t n = ox_report_passes(c->report, &rows);
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].name, "convert") == 0) assert_int_equal(rows[i].n_nodes_after, 1); /* the trace's own node */
    /* a value of the failed attempt is refused in the next one, not mistaken */
    kept w = {{0}, false, false};
    cv_add(c, "aten::relu", "self", keep_and_fail, &w);
    cv_fails(c,
             TRACE("%x : Float(2)",
                   "  %a : Float(2) = aten::relu(%x)\n  %y : Float(2) = aten::relu(%x)\n  return (%a, %y)\n"),
             OX_FAILURE_REFUSED, "no");
    assert_true(w.alive_then);
    assert_true(w.dead_now);
}

/* ---- results ---- */
static ox_status two_results(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    ox_value v;
    int mode = *(int *)ud;
    ox_status s = ox_call_op(k, "Relu", n, args, 0, NULL, 1, &v, err);
    ox_arg r[3] = {{.kind = OX_ARG_VALUE, .v = v}, {.kind = OX_ARG_NONE}, {.kind = OX_ARG_NONE}};
    if (s != OX_OK || mode == 0) return s; /* a forgotten return */
    return ox_call_return(k, (size_t)mode, r, err);
}

static void test_number_of_results(void **state)
{
    cv *c = *state;
    int mode = 2;
    const char *one_used = TRACE("%x : Float(2)", "  %y : Float(2), %i : Long(2) = acme::pair(%x)\n  return (%y)\n");
    const char *both_used =
        TRACE("%x : Float(2)", "  %y : Float(2), %i : Long(2) = acme::pair(%x)\n  return (%y, %i)\n");
    cv_add(c, "acme::pair", "x", two_results, &mode);
    cv_gives(c, one_used, "%y : Float(2) = onnx::Relu(%x)"); /* an explicit nil is fine while nobody reads it */
    cv_fails(c, both_used, OX_FAILURE_REFUSED,
             "output 2 of acme::pair (%i) cannot be expressed in ONNX, but the graph returns it");
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    cv_fails(
        c,
        TRACE("%x : Float(2)",
              "  %y : Float(2), %i : Float(2) = acme::pair(%x)\n  %z : Float(2) = aten::relu(%i)\n  return (%z)\n"),
        OX_FAILURE_REFUSED, "but aten::relu reads it");
    mode = 1;
    const ox_failure *f = cv_fails(c, one_used, OX_FAILURE_SCRIPT,
                                   "the symbolic function of acme::pair returned 1 result, the operator has 2");
    assert_non_null(strstr(f->hint, "nil for one that ONNX cannot express"));
    mode = 3;
    cv_fails(c, one_used, OX_FAILURE_SCRIPT, "returned 3 results, the operator has 2");
    mode = 0;
    cv_fails(c, one_used, OX_FAILURE_SCRIPT, "the symbolic function of acme::pair returned nothing");
}

static ox_status return_input(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    (void)n, (void)ud;
    return ox_call_return(k, 1, args, err);
}

static ox_status return_number(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    (void)n, (void)args;
    ox_arg a = {.kind = OX_ARG_INT, .i = *(int *)ud};
    return ox_call_return(k, 1, &a, err);
}

static void test_kinds_of_results(void **state)
{
    cv *c = *state;
    int seven = 7;
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    CV_PLAIN(c, "aten::add", "self other", "Add");
    cv_add(c, "aten::dropout", "input p train", return_input, NULL);
    cv_add(c, "acme::seven", "x", return_number, &seven);
    const char *drop =
        TRACE("%x : Float(2)",
              "  %p : float = prim::Constant[value=0.5]()\n  %t : bool = prim::Constant[value=0]()\n"
              "  %d : Float(2) = aten::dropout(%x, %p, %t)\n  %y : Float(2) = aten::relu(%d)\n  return (%y)\n");
    cv_gives(c, drop, "{\n  %y : Float(2) = onnx::Relu(%x)\n");
    /* a number is a constant of the trace to whoever reads it */
    cv_gives(c,
             TRACE("%x : Float(2)", "  %n : int = acme::seven(%x)\n" INT(
                                        "o", "1") "  %y : Float(2) = aten::add(%x, %n, %o)\n  return (%y)\n"),
             "onnx::Constant[value={7}]");
    cv_gives(c, TRACE("%x : Float(2)", "  %n : int = acme::seven(%x)\n  return (%n)\n"),
             "%n : Long() = onnx::Constant[value={7}]");
}

/* ---- types ---- */
static void test_traced_types(void **state)
{
    cv *c = *state;
    CV_PLAIN(c, "acme::blob", "x", "acme::Blob");
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    const ox_convert_options had = c->opt;
    /* what inference cannot know, the trace does */
    cv_gives(c,
             TRACE("%x : Float(2)",
                   "  %a : Float(5, 7) = acme::blob(%x)\n  %y : Float(5, 7) = aten::relu(%a)\n  return (%y)\n"),
             "%y : Float(5, 7) = onnx::Relu(%Blob_output_0)");
    assert_non_null(strstr(c->text.p, "%Blob_output_0 : Float(5, 7) = acme::Blob(%x)"));
    assert_int_equal(ox_model_opset(c->out, "acme"), 1);
    /* a contradiction is a warning, and what the nodes compute stands */
    cv_gives(c, TRACE("%x : Float(2)", "  %y : Float(3) = aten::relu(%x)\n  return (%y)\n"),
             "%y : Float(2) = onnx::Relu");
    cv_warns(c, "the result is Float(2), the trace says Float(3)");
    c->opt = had;
}

static void test_origin(void **state)
{
    cv *c = *state;
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    cv_gives(c,
             TRACE("%x : Float(2)", "  %a : Float(2) = aten::relu(%x) # n.py:1:0\n  %y : Float(2) = aten::relu(%a) # "
                                    "n.py:2:0\n  return (%y)\n"),
             "Relu");
    ox_node n = ox_graph_last(c->out, ox_model_main(c->out)),
            from = ox_model_node_at(c->src, ox_node_origin(c->out, n));
    assert_true(ox_node_is(c->src, from, "aten", "relu"));
    assert_int_equal(ox_loc_get(c->src, ox_node_loc(c->src, from)).line, 2);
    assert_int_equal(ox_loc_get(c->out, ox_node_loc(c->out, n)).line, 2);
    /* the source is as it was, and the result has nothing to undo */
    assert_false(ox_journal_is_open(c->src));
    assert_false(ox_journal_is_open(c->out));
    assert_int_equal(ox_journal_n_undo(c->out), 0);
}

/* ---- constants ---- */
static void test_lost_and_rounded(void **state)
{
    cv *c = *state;
    CV_PLAIN(c, "aten::mul", "self other", "Mul");
    const ox_failure *f = cv_fails(c,
                                   TRACE("%x : Float(20)", "  %w : Float(20) = prim::Constant[value=<Tensor>]()\n  %y "
                                                           ": Float(20) = aten::mul(%x, %w)\n  return (%y)\n"),
                                   OX_FAILURE_CONSTANT, "the data of a constant %w is not in the dump");
    assert_non_null(strstr(f->hint, "--weights"));
    const char *rounded =
        TRACE("%x : Float(2)", "  %w : Float(2) = prim::Constant[value= 0.1235  0.5000 [ CPUFloatType{2} ]]()\n"
                               "  %y : Float(2) = aten::mul(%x, %w)\n  return (%y)\n");
    cv_gives(c, rounded, "onnx::Mul");
    cv_warns(c, "was printed rounded");
    c->opt.strict = true;
    cv_fails(c, rounded, OX_FAILURE_CONSTANT, "was printed rounded");
    /* nobody reads it: nothing is lost */
    c->opt.strict = false;
    cv_gives(c,
             TRACE("%x : Float(20)", "  %w : Float(20) = prim::Constant[value=<Tensor>]()\n  %y : Float(20) = "
                                     "aten::mul(%x, %x)\n  return (%y)\n"),
             "onnx::Mul(%x, %x)");
}

/* ---- policies ---- */
static void test_standing(void **state)
{
    cv *c = *state;
    const char *trace =
        TRACE("%x : Float(2)",
              INT("t", "2") "  %n : NoneType = prim::Constant()\n  %m : str = prim::Constant[value=\"mode\"]()\n"
                            "  %y : Float(2) = aten::frob(%x, %t, %n, %m)\n  return (%y)\n");
    c->opt.unsupported = OX_UNSUPPORTED_FALLTHROUGH;
    cv_gives(c, trace, "%y : Float(2) = aten::frob[arg4=\"mode\"](%x, %Constant_output_0)");
    cv_warns(c, "there is no symbolic function of aten::frob: it stands as aten::frob");
    assert_int_equal(ox_model_opset(c->out, "aten"), 1);
    c->opt.unsupported = OX_UNSUPPORTED_ATEN;
    cv_gives(c, trace,
             "org.pytorch.aten::ATen[operator=\"frob\", overload_name=\"\", arg4=\"mode\"](%x, %Constant_output_0)");
    assert_int_equal(ox_model_opset(c->out, "org.pytorch.aten"), 1);
}

static bool stop_at_3(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what, (void)done, (void)total;
    return ++*(int *)ud < 3;
}

static void test_interrupt(void **state)
{
    cv *c = *state;
    int calls = 0;
    ox_task task = {stop_at_3, &calls};
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    char *text = ox__alloc(600000);
    assert_non_null(text);
    size_t n = (size_t)sprintf(text, "graph(%%0 : Float(2)):\n");
    for (int i = 0; i < 5000; i++) n += (size_t)sprintf(text + n, "  %%%d : Float(2) = aten::relu(%%%d)\n", i + 1, i);
    sprintf(text + n, "  return (%%5000)\n");
    c->opt.task = &task;
    ox_status s = cv_run(c, text);
    ox__free(text);
    assert_int_equal(s, OX_E_INTERRUPTED);
    assert_null(c->out);
    assert_non_null(c->report);
}

#define T(f) cmocka_unit_test_setup_teardown(f, cv_setup, cv_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(test_missing),  T(test_refused),           T(test_script),           T(test_placeholders_and_consequences),
        T(test_rollback), T(test_number_of_results), T(test_kinds_of_results), T(test_traced_types),
        T(test_origin),   T(test_lost_and_rounded),  T(test_standing),         T(test_interrupt),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
