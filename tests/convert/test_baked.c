/* Sizes that a trace has as numbers, where --dynamic says that a dim is a symbol. */
#include "convert_test.h"

static const ox_dynamic_axis batch = {"x", 0, "batch"}, second = {"x", 1, "batch"};

static ox_status concat(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    (void)ud;
    ox_value v;
    ox_attr axis = cv_int(k, "axis", 0);
    ox_status s = ox_call_op(k, "Concat", n, args, 1, &axis, 1, &v, err);
    return s == OX_OK ? cv_return1(k, v, err) : s;
}

static void common(cv *c)
{
    CV_PLAIN(c, "aten::add", "self other", "Add");
    CV_PLAIN(c, "acme::matmul", "self other", "MatMul");
    cv_add(c, "acme::concat", "self other", concat, NULL);
    CV_PLAIN(c, "acme::expand", "self size", "Expand");
    CV_PLAIN(c, "acme::reshape", "self size", "Reshape");
    c->opt.n_dynamic = 1;
    c->opt.dynamic = &batch;
}

static size_t n_warnings(const cv *c)
{
    size_t n = 0;
    for (size_t i = 0; i < ox_report_n(c->report); i++) n += ox_report_at(c->report, i)->kind == OX_FAILURE_WARNING;
    return n;
}

/* Converts, with a warning that batch must be `size`; 0: with none. */
static void warns(cv *c, const char *trace, int size)
{
    char text[64];
    assert_ok(cv_run(c, trace), &c->err);
    assert_int_equal(n_warnings(c), size ? 1 : 0);
    snprintf(text, sizeof text, "batch can only be %d here", size);
    if (size) assert_non_null(cv_failure(c, OX_FAILURE_WARNING, text));
}

#define TWO(op, x, w) "graph(%x : " x ", %w : " w "):\n  %y : Tensor = " op "(%x, %w)\n  return (%y)\n"

static void test_broadcast(void **state)
{
    cv *c = *state;
    common(c);
    warns(c, TWO("aten::add", "Float(2, 3)", "Float(2, 3)"), 2);
    warns(c, TWO("aten::add", "Float(2, 3)", "Float(5, 1, 3)"), 0);
    warns(c, TWO("aten::add", "Float(2, 3)", "Float(3)"), 0);
    warns(c, TWO("aten::add", "Float(2, 3)", "Float(*, 3)"), 0);
    c->opt.n_dynamic = 0;
    warns(c, TWO("aten::add", "Float(2, 3)", "Float(2, 3)"), 0);
}

static void test_matmul(void **state)
{
    cv *c = *state;
    common(c);
    warns(c, TWO("acme::matmul", "Float(2, 3, 4)", "Float(2, 4, 5)"), 2);
    warns(c, TWO("acme::matmul", "Float(2, 4)", "Float(4, 5)"), 0);
}

static void test_concat(void **state)
{
    cv *c = *state;
    common(c);
    warns(c, TWO("acme::concat", "Float(2, 3)", "Float(7, 3)"), 0);
    c->opt.dynamic = &second;
    warns(c, TWO("acme::concat", "Float(2, 3)", "Float(7, 3)"), 3);
    warns(c, TWO("acme::concat", "Float(2, 1)", "Float(7, 1)"), 1);
}

#define SHAPED(op, x, shape) \
    "graph(%x : " x "):\n  %s : Long(2) = prim::Constant[value= " shape " [ CPULongType{2} ]]()\n" \
    "  %y : Tensor = " op "(%x, %s)\n  return (%y)\n"

static void test_shapes(void **state)
{
    cv *c = *state;
    common(c);
    warns(c, SHAPED("acme::expand", "Float(2, 1)", "2 3"), 2);
    warns(c, SHAPED("acme::expand", "Float(2, 1)", "1 3"), 0);
    warns(c, SHAPED("acme::reshape", "Float(2, 6)", "3 4"), 2);
    warns(c, SHAPED("acme::reshape", "Float(2, 6)", "-1 4"), 0);
    warns(c, SHAPED("acme::reshape", "Float(2, 6)", "0 6"), 0);
}

static void test_states(void **state)
{
    cv *c = *state;
    common(c);
    c->opt.dynamic = &second;
    const char *trace = "graph(%x : Float(5, 2, 4), %w : Float(1, 9, 4), %r : Float(1, 9, 3), %h : Float(1, 2, 3)):\n"
                        "  %n : NoneType = prim::Constant()\n"
                        "  %y : Tensor = acme::gru(%x, %w, %r, %n, %n, %h)\n  return (%y)\n";
    cv_add(c, "acme::gru", "x w r b n h", cv_plain, (void *)(uintptr_t) "GRU");
    warns(c, trace, 2);
}

int main(int argc, char **argv)
{
#define T(f) cmocka_unit_test_setup_teardown(f, cv_setup, cv_teardown)
    const struct CMUnitTest tests[] = {T(test_broadcast), T(test_matmul), T(test_concat), T(test_shapes),
                                       T(test_states)};
#undef T
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
