/* Out of memory at every allocation of a conversion, once and for good: an error each time, nothing leaked. */
#include "convert_test.h"

static const char trace[] =
    "graph(%x : Float(2, 3), %n : int, %w : Float(2, 3)):\n"
    "  %a : float = prim::Constant[value=0.5]()\n  %one : int = prim::Constant[value=1]()\n"
    "  %d : int = aten::dim(%x), scope: Net::\n  %c : bool = aten::eq(%d, %one)\n"
    "  %e : Float(2, 3) = aten::elu(%x, %a, %one, %one), scope: Net::/m.Act::act # net.py:3:1\n"
    "  %r : Float(2, 3) = aten::relu_(%e), scope: Net::/m.Act::act\n"
    "  %t : bool = prim::Constant[value=1]()\n"
    "  %l : Float(2, 3) = prim::Loop(%n, %t, %e)\n"
    "    block0(%i : int, %k : Float(2, 3)):\n      %s : Float(2, 3) = aten::add(%k, %i, %one)\n      -> (%t, %s)\n"
    "  %g : Float(2, 3) = aten::add(%r, %w, %one)\n"
    "  %p : (Float(2, 3), Float(2, 3)) = prim::TupleConstruct(%l, %g)\n  return (%p)\n";

static void functions(cv *c)
{
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    CV_PLAIN(c, "aten::add", "self other", "Add");
    cv_add(c, "aten::elu", "self alpha", cv_elu, NULL);
}

/* A failed allocation may also do no harm (a memo that is not kept): then the result must be the right one. */
static void fail_all(cv *c, bool persistent, ox_status want)
{
    ox_error err;
    uint64_t n = 0, failed = 0;
    for (bool reached = true; reached;) {
        ox_model *out = NULL;
        ox_report *report = NULL;
        ox_error_clear(&err);
        ox__alloc_fail_at(++n, persistent);
        ox_status s = ox_convert(&out, &report, c->src, c->r, &c->opt, &err);
        reached = ox__alloc_count() >= n;
        ox__alloc_fail_at(0, false);
        failed += s == OX_E_NOMEM;
        if (s == OX_E_NOMEM) {
            assert_null(out);
            assert_null(report);
            assert_true(err.msg[0]);
        } else if (s != want) {
            fail_msg("allocation %llu: %s: %s", (unsigned long long)n, ox_status_text(s), err.msg);
        }
        ox_model_free(out);
        ox_report_free(report);
    }
    assert_true(failed > 20);
}

static void test_convert(void **state)
{
    cv *c = *state;
    functions(c);
    assert_ok(ox_open_memory(&c->src, trace, strlen(trace), "trace", NULL, NULL, NULL, &c->err), &c->err);
    fail_all(c, false, OX_OK);
    fail_all(c, true, OX_OK);
}

static void test_convert_with_failures(void **state)
{
    cv *c = *state;
    cv_add(c, "aten::elu", "self", cv_refuse, (void *)(uintptr_t) "no");
    CV_PLAIN(c, "aten::add", "self other", "Add");
    assert_ok(ox_open_memory(&c->src, trace, strlen(trace), "trace", NULL, NULL, NULL, &c->err), &c->err);
    fail_all(c, false, OX_E_CHECK);
    fail_all(c, true, OX_E_CHECK);
}

static void test_register(void **state)
{
    cv *c = *state;
    ox_status s = OX_E_NOMEM;
    for (uint64_t n = 1; s == OX_E_NOMEM; n++) {
        ox__alloc_fail_at(n, false);
        s = cv_try_add(c, "aten::elu", "self alpha", cv_elu, NULL);
        ox__alloc_fail_at(0, false);
        if (s != OX_OK) assert_int_equal(s, OX_E_NOMEM);
        assert_true(n < 1000);
    }
}

#define T(f) cmocka_unit_test_setup_teardown(f, cv_setup, cv_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {T(test_convert), T(test_convert_with_failures), T(test_register)};
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
