/* Types of a trace: what conversion of a copy tells, mapped back; that nothing else changes by it. */
#include "convert_test.h"

#include <onnxsh/infer.h>
#include <onnxsh/journal.h>

/* ---- one trace under ox_typing ---- */
typedef struct ty {
    cv *c;
    ox_typing *t;
    int findings;
    char said[1024]; /* the last finding */
    ox_infer_problem problem;
} ty;

static ty T;

static void on_finding(void *ud, const ox_infer_finding *f)
{
    ty *t = ud;
    t->findings++;
    t->problem = f->problem;
    snprintf(t->said, sizeof t->said, "%s", f->message);
}

static int setup(void **state)
{
    memset(&T, 0, sizeof T);
    if (cv_setup(state) != 0) return -1;
    T.c = *state;
    return 0;
}

static int teardown(void **state)
{
    ox_typing_free(T.t);
    return cv_teardown(state);
}

static void common(cv *c)
{
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    CV_PLAIN(c, "aten::add", "self other", "Add");
    CV_PLAIN(c, "aten::mul", "self other", "Mul");
    CV_PLAIN(c, "aten::t", "self", "Transpose");
    CV_PLAIN(c, "aten::nonzero", "self", "NonZero");
}

static void open_trace(const char *trace)
{
    cv *c = T.c;
    ox_typing_free(T.t);
    T.t = NULL;
    cv_close(c);
    assert_ok(ox_open_memory(&c->src, trace, strlen(trace), "trace", NULL, NULL, NULL, &c->err), &c->err);
    ox_model_set_saved(c->src);
    assert_ok(ox_typing_create(&T.t, c->src, c->r, &c->err), &c->err);
}

static ox_status update(const ox_infer_options *how)
{
    T.findings = 0;
    ox_error_clear(&T.c->err);
    return ox_typing_update(T.t, how, NULL, on_finding, &T, &T.c->err);
}

/* The value of that name anywhere in the model. */
static ox_value value(const char *name)
{
    for (uint32_t id = 1; id < ox_model_value_limit(T.c->src); id++) {
        ox_value v = ox_model_value_at(T.c->src, id);
        if (v.id && strcmp(ox_str_text(T.c->src, ox_value_name(T.c->src, v), NULL), name) == 0) return v;
    }
    fail_msg("there is no value %s", name);
    return (ox_value){0};
}

static void type_is(const char *name, const char *want)
{
    char text[256];
    ox_type_text(T.c->src, ox_value_type(T.c->src, value(name)), text, sizeof text);
    assert_string_equal(text, want);
}

static void types(const char *trace)
{
    open_trace(trace);
    assert_ok(update(NULL), &T.c->err);
}

#define INT(n, v) "  %" n " : int = prim::Constant[value=" v "]()\n"

static void test_values(void **state)
{
    cv *c = *state;
    common(c);
    types("graph(%x : Float(2, 3), %w : Double(3, 2)):\n" INT(
        "o",
        "1") "  %a : Tensor = aten::t(%x)\n  %b : Tensor = aten::add(%a, %w, %o)\n  %i : Tensor = aten::nonzero(%b)\n"
             "  %unread : Tensor = aten::relu(%a)\n  return (%b, %i)\n");
    type_is("a", "Float(3, 2)");
    type_is("b", "Double(3, 2)");
    type_is("i", "Long(2, *)");
    type_is("unread", "Float(3, 2)");
    /* an unknown dim has its reason, at a node of the trace */
    char why[256];
    ox_type_info t = ox_type_get(c->src, ox_value_type(c->src, value("i")));
    ox_dim_reason(c->src, t.dims[1], why, sizeof why);
    assert_non_null(strstr(why, "depends on data: aten::nonzero #"));
}

/* No step, no edit, the file's own type beside; once, until something changes. */
static void test_beside(void **state)
{
    cv *c = *state;
    common(c);
    cv_add(c, "acme::count", "x", cv_record, c);
    types("graph(%x : Float(2, 3)):\n  %y : Tensor = acme::count(%x)\n  return (%y)\n");
    type_is("y", "Float(2, 3)");
    assert_int_equal(c->calls, 1);
    assert_false(ox_model_is_modified(c->src));
    assert_false(ox_journal_is_open(c->src));
    assert_int_equal(ox_journal_n_undo(c->src), 0);
    assert_false(ox_typing_has_work(T.t));
    assert_ok(update(NULL), &c->err);
    assert_int_equal(c->calls, 1);
    char text[64];
    ox_type_text(c->src, ox_value_given_type(c->src, value("y")), text, sizeof text);
    assert_string_equal(text, "Tensor");
    /* an edit, and its undo */
    ox_dim d[1] = {ox_dim_const(c->src, 7)};
    assert_ok(ox_value_set_type(c->src, value("x"), ox_type_tensor(c->src, OX_DOUBLE, 1, d), &c->err), &c->err);
    assert_ok(ox_journal_commit(c->src, "edit", &c->err), &c->err);
    assert_true(ox_typing_has_work(T.t));
    assert_ok(update(NULL), &c->err);
    type_is("y", "Double(7)");
    assert_ok(ox_journal_undo(c->src, NULL, &c->err), &c->err);
    assert_ok(update(NULL), &c->err);
    type_is("y", "Float(2, 3)");
    assert_int_equal(ox_journal_n_redo(c->src), 1);
    assert_ok(ox_journal_redo(c->src, NULL, &c->err), &c->err);
    assert_ok(update(NULL), &c->err);
    type_is("y", "Double(7)");
    /* a function of the user counts as a change too */
    cv_add(c, "acme::count", "x", cv_plain, (void *)(uintptr_t) "NonZero");
    assert_ok(update(NULL), &c->err);
    type_is("y", "Long(1, *)");
    ox_typing_reset(T.t);
    type_is("y", "Tensor");
    assert_true(ox_typing_has_work(T.t));
}

/* A value that an edit typed, inferred again, goes back to what it was. */
static void test_edited_value(void **state)
{
    cv *c = *state;
    common(c);
    types("graph(%x : Float(2, 3)):\n  %y : Tensor = aten::relu(%x)\n  return (%y)\n");
    assert_ok(ox_value_set_type(c->src, value("y"), ox_type_tensor(c->src, OX_FLOAT, OX_RANK_UNKNOWN, NULL), &c->err),
              &c->err);
    assert_ok(ox_journal_commit(c->src, "edit", &c->err), &c->err);
    assert_ok(update(NULL), &c->err);
    type_is("y", "Float(2, 3)");
    assert_ok(ox_journal_undo(c->src, NULL, &c->err), &c->err);
    char text[64];
    ox_type_text(c->src, ox_value_given_type(c->src, value("y")), text, sizeof text);
    assert_string_equal(text, "Tensor");
    assert_ok(update(NULL), &c->err);
    type_is("y", "Float(2, 3)");
}

static void test_nothing_to_do(void **state)
{
    cv *c = *state;
    cv_add(c, "acme::count", "x", cv_record, c);
    types("graph(%x : Float(2, 3)):\n  %y : Float(2, 3) = acme::count(%x)\n  return (%y)\n");
    assert_int_equal(c->calls, 0);
    assert_false(ox_typing_has_work(T.t));
    types("graph(%x : Float(2, 3)):\n  %y : Tensor = onnx::Relu(%x)\n  return (%y)\n");
    assert_false(ox_typing_is_for(c->src));
    type_is("y", "Tensor");
}

static void test_failures(void **state)
{
    cv *c = *state;
    common(c);
    cv_add(c, "acme::no", "x", cv_refuse, (void *)(uintptr_t) "not today");
    open_trace("graph(%x : Float(2, 3)):\n  %a : Tensor = acme::no(%x)\n  %b : Tensor = aten::relu(%a)\n"
               "  %k : Float(5, 4) = acme::no(%x)\n  %d : Tensor = aten::relu(%k)\n  return (%b, %d)\n");
    assert_ok(update(&(ox_infer_options){0}), &c->err);
    assert_int_equal(T.findings, 1);
    assert_int_equal(T.problem, OX_INFER_NO_RULE);
    assert_string_equal(T.said, "acme::no: not today");
    type_is("a", "Tensor");
    type_is("b", "Tensor");
    type_is("d", "Float(5, 4)"); /* what the file says of a failed node counts */
    char why[256];
    assert_true(ox_typing_reason(T.t, value("b"), why, sizeof why) > 0);
    assert_non_null(strstr(why, "not today: acme::no #"));
    assert_int_equal(ox_typing_reason(T.t, value("d"), why, sizeof why), 0);
    ox_infer_counts k;
    ox_typing_count(T.t, &k);
    assert_int_equal(k.values, 4);
    assert_int_equal(k.typed, 2);
    assert_int_equal(k.typed_before, 1);
    /* strict: an error with its place, and nothing was laid */
    open_trace(
        "graph(%x : Float(2, 3)):\n  %b : Tensor = aten::relu(%x)\n  %a : Tensor = acme::no(%x)\n  return (%b)\n");
    assert_fails(update(&(ox_infer_options){.strict = true}), OX_E_CHECK, "not today", &c->err);
    type_is("b", "Tensor");
}

/* Where the file says something else, it is right, and a finding tells. */
static void test_clash(void **state)
{
    cv *c = *state;
    common(c);
    open_trace("graph(%x : Float(2, 3)):\n  %a : Float(7, 3) = aten::relu(%x)\n  %b : Tensor = aten::relu(%a)\n"
               "  return (%b)\n");
    assert_ok(update(NULL), &c->err);
    assert_int_equal(T.findings, 1);
    assert_int_equal(T.problem, OX_INFER_DECLARED);
    assert_string_equal(T.said, "aten::relu: %a is Float(7, 3) in the file, but would be Float(2, 3)");
    type_is("a", "Float(7, 3)");
    /* inputs that were given other types than those of the file: what it says of results does not count */
    assert_ok(update(&(ox_infer_options){.forget = true}), &c->err);
    assert_int_equal(T.findings, 0);
    type_is("a", "Float(2, 3)");
}

static void test_keep(void **state)
{
    cv *c = *state;
    common(c);
    open_trace("graph(%x : Float(2, 3)):\n  %a : Tensor = aten::relu(%x)\n  return (%a)\n");
    assert_ok(update(&(ox_infer_options){.keep = true}), &c->err);
    assert_ok(ox_journal_commit(c->src, "infer", &c->err), &c->err);
    assert_int_equal(ox_journal_n_undo(c->src), 1);
    type_is("a", "Float(2, 3)");
    assert_ok(ox_journal_undo(c->src, NULL, &c->err), &c->err);
    type_is("a", "Tensor");
}

static ox_status first_item(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    (void)ud;
    if (n != 2 || args[0].kind != OX_ARG_LIST || !args[0].n) return ox_call_unsupported(k, "no items", err);
    ox_value v;
    ox_status s = ox_call_op(k, "Identity", 1, &args[0].items[0], 0, NULL, 1, &v, err);
    return s == OX_OK ? cv_return1(k, v, err) : s;
}

/* A list that grows is not what its maker gave it, nor is an attribute that is set what the file holds. */
static void test_unfollowed(void **state)
{
    cv *c = *state;
    common(c);
    cv_add(c, "aten::cat", "tensors dim", first_item, NULL);
    types("graph(%x : Float(2, 3)):\n" INT(
        "o", "1") "  %l : Tensor[] = prim::ListConstruct(%x)\n"
                  "  %n : Tensor[] = aten::append(%l, %x)\n  %y : Tensor = aten::cat(%l, %o)\n"
                  "  %k : Tensor[] = prim::ListConstruct(%x)\n  %z : Tensor = aten::cat(%k, %o)\n  return (%y, %z)\n");
    type_is("y", "Float(2, 3)"); /* one list for certain */
    type_is("z", "Float(2, 3)");
    types("graph(%x : Float(2, 3), %c : bool):\n" INT(
        "o", "1") "  %a : Tensor[] = prim::ListConstruct(%x)\n  %b : Tensor[] = prim::ListConstruct()\n"
                  "  %l : Tensor[] = prim::If(%c)\n    block0():\n      -> (%a)\n    block1():\n      -> (%b)\n"
                  "  %n : Tensor[] = aten::append(%l, %x)\n  %y : Tensor = aten::cat(%a, %o)\n  return (%y)\n");
    type_is("y", "Tensor");
    types("graph(%self : __torch__.Net, %x : Float(2, 3), %h : Float(4), %i : Float(4)):\n"
          "   = prim::SetAttr[name=\"h\"](%self, %x)\n  %y : Tensor = aten::relu(%h)\n  %z : Tensor = aten::relu(%i)\n"
          "  return (%y, %z)\n");
    type_is("y", "Tensor");
    type_is("z", "Float(4)");
}

/* What passes fold away stands for what it was. */
static void test_folded(void **state)
{
    cv *c = *state;
    common(c);
    types("graph(%x : Float(2, 3), %p : (Float(4), Long())):\n" INT("z", "0") INT(
        "n", "5") "  %u : Tensor, %v : Tensor = prim::TupleUnpack(%p)\n"
                  "  %s : int = aten::size(%x, %z)\n  %t : Tensor = prim::NumToTensor(%s)\n"
                  "  %f : float = prim::Constant[value=0.5]()\n  %g : Tensor = prim::NumToTensor(%f)\n"
                  "  %c : bool = prim::Constant[value=1]()\n"
                  "  %r : Tensor = prim::If(%c)\n    block0():\n      %in : Tensor = aten::relu(%x)\n      -> (%in)\n"
                  "    block1():\n      %other : Tensor = aten::relu(%u)\n      -> (%other)\n"
                  "  %y : Tensor = aten::relu_(%r)\n  %after : Tensor = aten::t(%r)\n"
                  "  %q : (Tensor, int) = prim::TupleConstruct(%after, %s)\n"
                  "  %w : (Tensor, (Tensor, int)) = prim::TupleConstruct(%y, %q)\n  return (%w, %t, %v, %g)\n");
    type_is("u", "Float(4)");
    type_is("v", "Long()");
    type_is("t", "Long()");
    type_is("g", "Double()");
    type_is("in", "Float(2, 3)");
    type_is("r", "Float(2, 3)");
    type_is("y", "Float(2, 3)");
    type_is("after", "Float(3, 2)");
    type_is("other", "Tensor");
    char why[256];
    assert_true(ox_typing_reason(T.t, value("other"), why, sizeof why) > 0);
    assert_non_null(strstr(why, "never computed"));
    type_is("w", "(Float(2, 3), (Float(3, 2), int))");
}

static void test_blocks(void **state)
{
    cv *c = *state;
    common(c);
    types("graph(%x : Float(2, 3), %c : bool, %n : int):\n  %true : bool = prim::Constant[value=1]()\n"
          "  %r : Tensor = prim::If(%c)\n    block0():\n      %a : Tensor = aten::relu(%x)\n      -> (%a)\n"
          "    block1():\n      %b : Tensor = aten::t(%x)\n      -> (%b)\n"
          "  %k : Tensor = prim::Loop(%n, %true, %x)\n    block0(%i : int, %carried : Tensor):\n"
          "      %m : Tensor = aten::relu(%carried)\n      -> (%true, %m)\n"
          "  %q : Tensor = prim::Loop(%n, %true, %x)\n    block0(%j : int, %turned : Tensor):\n"
          "      %o : Tensor = aten::t(%turned)\n      -> (%true, %o)\n  return (%r, %k, %q)\n");
    type_is("a", "Float(2, 3)");
    type_is("b", "Float(3, 2)");
    type_is("r", "Float(*, *)");
    type_is("carried", "Float(2, 3)");
    type_is("m", "Float(2, 3)");
    type_is("k", "Float(2, 3)");
    type_is("turned", "Float(*, *)"); /* of another shape in each round */
}

static ox_status concat(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    (void)n, (void)ud;
    ox_value v;
    ox_attr axis = cv_int(k, "axis", args[1].i);
    ox_status s = ox_call_op(k, "Concat", 1, &args[0], 1, &axis, 1, &v, err);
    return s == OX_OK ? cv_return1(k, v, err) : s;
}

/* A value of a loop that is unrolled has what all rounds have in common. */
static void test_rounds(void **state)
{
    cv *c = *state;
    common(c);
    cv_add(c, "aten::cat", "tensors dim", concat, NULL);
    types("graph(%x : Float(2, 3)):\n" INT("z", "0")
              INT("n", "3") "  %true : bool = prim::Constant[value=1]()\n  %y : Tensor = prim::Loop(%n, %true, %x)\n"
                            "    block0(%i : int, %k : Tensor):\n      %a : Tensor = aten::relu(%x)\n"
                            "      %l : Tensor[] = prim::ListConstruct(%k, %a)\n      %m : Tensor = aten::cat(%l, %z)\n"
                            "      -> (%true, %m)\n  return (%y)\n");
    type_is("y", "Float(8, 3)");
    type_is("a", "Float(2, 3)");
    type_is("m", "Float(*, 3)");
    char why[256];
    ox_type_info t = ox_type_get(c->src, ox_value_type(c->src, value("m")));
    ox_dim_reason(c->src, t.dims[0], why, sizeof why);
    assert_non_null(strstr(why, "differs from one copy of the node to another: aten::cat #"));
}

/* Sizes of symbolic dims and what is computed from them. */
static void test_symbols(void **state)
{
    cv *c = *state;
    common(c);
    types("graph(%x : Float(batch, 3), %w : Float(1, 3)):\n" INT(
        "o", "1") "  %a : Tensor = aten::add(%x, %w, %o)\n  %b : Tensor = aten::t(%a)\n  return (%b)\n");
    type_is("a", "Float(batch, 3)");
    type_is("b", "Float(3, batch)");
    /* a condition on the size that is known folds, though another is not */
    const char *sizes = "graph(%x : Float(batch, 3)):\n" INT(
        "o", "1") "  %s : int[] = aten::size(%x)\n"
                  "  %n : int, %k : int = prim::ListUnpack(%s)\n  %c : bool = aten::gt(%k, %o)\n"
                  "  %r : Tensor = prim::If(%c)\n    block0():\n      %p : Tensor = aten::t(%x)\n      -> (%p)\n"
                  "    block1():\n      -> (%x)\n  return (%r)\n";
    types(sizes);
    type_is("r", "Float(3, batch)");
    cv_gives(c, sizes, "%r : Float(3, batch) = onnx::Transpose(%x)");
}

/* ---- the pass ---- */
static void test_pass(void **state)
{
    cv *c = *state;
    common(c);
    /* the condition hangs on the shape of a value whose type the trace does not tell */
    const char *trace = "graph(%x : Float(2, 3)):\n" INT("z", "0") INT("two", "2")
        INT("three",
            "3") "  %a : Tensor = aten::t(%x)\n  %s : int = aten::size(%a, %z)\n  %c : bool = aten::eq(%s, %three)\n"
                 "  %r : Tensor = prim::If(%c)\n    block0():\n      %p : Tensor = aten::t(%a)\n"
                 "      %q : int = aten::size(%p, %z)\n      %d : bool = aten::eq(%q, %two)\n"
                 "      %e : Tensor = prim::If(%d)\n        block0():\n          %f : Tensor = aten::relu(%p)\n        "
                 "  -> (%f)\n"
                 "        block1():\n          %g : Tensor = aten::mul(%p, %p)\n          -> (%g)\n      -> (%e)\n"
                 "    block1():\n      %b : Tensor = aten::mul(%a, %a)\n      -> (%b)\n"
                 "  %nz : Tensor = aten::nonzero(%x)\n  return (%r, %nz)\n";
    cv_gives(c, trace, "%r : Float(2, 3) = onnx::Relu(%x)");
    assert_null(strstr(c->text.p, "onnx::If"));
    assert_null(strstr(c->text.p, "onnx::Mul"));
    const ox_pass_stat *rows;
    size_t n = ox_report_passes(c->report, &rows);
    for (size_t i = 0; i < n; i++)
        if (strcmp(rows[i].name, "shapes") == 0) assert_true(rows[i].changed >= 2);
    types(trace);
    type_is("f", "Float(2, 3)");
    type_is("r", "Float(2, 3)");
    char why[256]; /* the place is not lost on the way through several copies */
    ox_dim_reason(c->src, ox_type_get(c->src, ox_value_type(c->src, value("nz"))).dims[1], why, sizeof why);
    assert_non_null(strstr(why, "aten::nonzero #"));
    type_is("g", "Tensor");
    /* without blocks one conversion is enough */
    cv_add(c, "acme::count", "x", cv_record, c);
    cv_gives(c, "graph(%x : Float(2, 3)):\n  %y : Tensor = acme::count(%x)\n  return (%y)\n", "Float(2, 3)");
    assert_int_equal(c->calls, 1);
}

/* ---- what can go wrong ---- */
static bool stop(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what, (void)done, (void)total;
    return --*(int *)ud > 0;
}

static void test_interrupted(void **state)
{
    cv *c = *state;
    common(c);
    open_trace("graph(%x : Float(2, 3)):\n  %y : Tensor = aten::relu(%x)\n  return (%y)\n");
    for (int at = 1;; at++) {
        int left = at;
        ox_task task = {stop, &left};
        ox_convert_options opt = {.task = &task};
        ox_status s = ox_typing_update(T.t, NULL, &opt, NULL, NULL, &c->err);
        if (s == OX_OK) {
            assert_true(at > 1);
            break;
        }
        assert_int_equal(s, OX_E_INTERRUPTED);
        type_is("y", "Tensor");
        assert_true(ox_typing_has_work(T.t));
    }
    type_is("y", "Float(2, 3)");
}

static void test_no_memory(void **state)
{
    cv *c = *state;
    common(c);
    for (uint64_t at = 1;; at++) {
        open_trace("graph(%x : Float(batch, 3), %c : bool):\n  %y : Tensor = aten::relu_(%x)\n"
                   "  %i : Tensor = aten::nonzero(%y)\n  %r : Tensor = prim::If(%c)\n    block0():\n"
                   "      %a : Tensor = aten::t(%y)\n      -> (%a)\n    block1():\n      -> (%y)\n"
                   "  %n : Tensor = acme::missing(%x)\n  return (%r, %i, %n)\n");
        ox__alloc_fail_at(at, false);
        ox_status s = ox_typing_update(T.t, NULL, NULL, on_finding, &T, &c->err);
        bool over = ox__alloc_count() < at;
        ox__alloc_fail_at(0, false);
        if (over) {
            assert_ok(s, &c->err);
            break;
        }
        if (s == OX_OK) continue; /* done without */
        assert_int_equal(s, OX_E_NOMEM);
        type_is("y", "Tensor");
        assert_ok(ox_model_status(c->src, &c->err), &c->err);
    }
    type_is("i", "Long(2, *)");
}

static void test_refused(void **state)
{
    cv *c = *state;
    ox_typing *t;
    assert_fails(ox_typing_create(&t, NULL, c->r, &c->err), OX_E_INVALID, "no model", &c->err);
    assert_fails(ox_typing_update(NULL, NULL, NULL, NULL, NULL, &c->err), OX_E_INVALID, "no typing", &c->err);
    ox_typing_free(NULL);
    ox_typing_reset(NULL);
    assert_false(ox_typing_is_for(NULL));
    assert_false(ox_typing_has_work(NULL));
    /* it may outlive its model */
    common(c);
    types("graph(%x : Float(2, 3)):\n  %y : Tensor = aten::relu(%x)\n  return (%y)\n");
    cv_close(c);
    assert_false(ox_typing_has_work(T.t));
    ox_typing_reset(T.t);
}

int main(void)
{
#define TEST(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        TEST(test_values),    TEST(test_beside),  TEST(test_edited_value), TEST(test_nothing_to_do),
        TEST(test_failures),  TEST(test_clash),   TEST(test_keep),         TEST(test_folded),
        TEST(test_blocks),    TEST(test_symbols), TEST(test_pass),         TEST(test_interrupted),
        TEST(test_no_memory), TEST(test_refused), TEST(test_rounds),       TEST(test_unfollowed),
    };
    return cmocka_run_group_tests_name("typing", tests, NULL, NULL);
}
