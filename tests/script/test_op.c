/* g:op: its inputs, expansions and attributes, each rule and each error, with the Lua line in the failure. */
#include "fixture.h"

#include "base/base.h"

static const char trace[] = "graph(%x : Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu),\n"
                            "      %i : Long(2, 3, strides=[3, 1], requires_grad=0, device=cpu)):\n"
                            "  %y : Float(*, *) = acme::f(%x, %i), scope: __main__.Net:: # net.py:3:0\n"
                            "  return (%y)\n";

/* The body of function(g, x, i) must convert; then `expr` prints `want`. */
static void gives(fixture *f, const char *body, int64_t opset, const char *expr, const char *want)
{
    char lua[2048];
    ox_error err;
    assert_ok(open_trace(f, trace, &err), &err);
    snprintf(lua, sizeof lua, "symbolic('acme::f', function(g, x, i)\n%s\nend)", body);
    assert_ok(run(f, lua, &err), &err);
    if (export_at(f, opset, &err) != OX_OK)
        fail_msg("%s: %s", body, f->report ? ox_report_at(f->report, 0)->message : err.msg);
    assert_prints(f, expr, want);
}

/* The body must fail; `line` counts from the body's first, which is line 2 of the chunk. */
static void fails_at(fixture *f, const char *body, const char *part, uint32_t line)
{
    char lua[2048];
    ox_error err;
    assert_ok(open_trace(f, trace, &err), &err);
    snprintf(lua, sizeof lua, "symbolic('acme::f', function(g, x, i)\n%s\nend)", body);
    assert_ok(run(f, lua, &err), &err);
    assert_int_equal(export_at(f, 17, &err), OX_E_CHECK);
    const ox_failure *r = ox_report_at(f->report, 0);
    if (!strstr(r->message, part) && !strstr(r->hint, part))
        fail_msg("%s\ngives '%s' (%s), not '%s'", body, r->message, r->hint, part);
    assert_int_equal(r->lua_line, line + 1);
    assert_int_equal(r->kind, OX_FAILURE_SCRIPT);
    assert_string_equal(r->scope, "Net");
}

#define LAST "local n = graph:outputs()[1]:node()"

static void test_inputs(void **state)
{
    fixture *f = *state;
    gives(f, "return g:op('Concat', {x, x}, x, {axis_i = 0})", 17, LAST " return n:inputs().n", "3");
    gives(f, "return g:op('Concat', {x, x, x, n = 2}, {axis_i = 0})", 17, LAST " return n:inputs().n", "2");
    gives(f, "return g:op('Concat', {n = 0}, x, {}, {axis_i = 0})", 17, LAST " return n:inputs().n", "1");
    gives(f, "return g:op('Clip', x, nil, 1.0)", 17, LAST " return n:inputs()[2], n:input(3):tensor():dtype()",
          "false\tfloat32");
    gives(f, "return g:op('Clip', x, false, 1.0)", 17, LAST " return n:inputs()[2]", "false");
    gives(f, "return g:op('Clip', {x, n = 3})", 17, LAST " return n:inputs().n", "1"); /* trailing absent ones go */
    gives(f, "return g:op('Clip', {x, false, n = 3}, nil, false)", 17, LAST " return n:inputs().n", "1");
    gives(f, "return g:op('Add', x, sym.tensor({1, 2, 3}, 'float32'))", 17, LAST " return n:input(2):node():op()",
          "onnx::Constant");
}

static void test_numbers_as_inputs(void **state)
{
    fixture *f = *state;
    const char *second = LAST " local t = n:input(2):tensor() return t:dtype(), t[1], t:rank()";
    gives(f, "return g:op('Add', x, 2)", 17, second, "float32\t2.0\t0"); /* of the other inputs */
    gives(f, "return g:op('Add', i, 2)", 17, second, "int64\t2\t0");
    gives(f, "return g:op('Gather', x, 1)", 17, second, "int64\t1\t0");
    gives(f, "return g:op('Reshape', x, sym.tensor{-1})", 17, LAST " return n:input(2):tensor():dtype()", "int64");
    gives(f, "return g:op('Cast', 2.5, {to_i = 11})", 17, LAST " return n:input(1):tensor():dtype()", "float32");
    gives(f, "return g:op('Where', g:op('Greater', x, 0), x, true)", 17,
          LAST " return n:input(3):tensor():dtype(), n:input(3):tensor()[1]", "float32\t1.0");
    fails_at(f, "\nreturn g:op('acme::F', x, 2)", "sym.tensor", 2);
    fails_at(f, "return g:op('Gather', x, 1.5)", "float32, which it does not take", 1);
}

static void test_attributes(void **state)
{
    fixture *f = *state;
    gives(
        f,
        "return g:op('acme::F', x, {a_f = 1, b_i = 2, c_s = 's', d_t = sym.tensor{1, 2}, e_ty = x:type(), f_g_i = 3})",
        17, LAST " local a = n:attrs() return a.a, a.b, a.c, a.d:totable(), a.e:sizes(), a.f_g",
        "1.0\t2\ts\t{1, 2, n = 2}\t{2, 3, n = 2}\t3");
    gives(f,
          "return g:op('acme::F', x, {a_f = {1, 2.5}, b_i = {n = 0}, c_s = {'s', 't'}, d_t = {sym.tensor(1), "
          "sym.tensor(2)}})",
          17, LAST " local a = n:attrs() return a.a, a.b, a.c, #a.d",
          "{1.0, 2.5, n = 2}\t{n = 0}\t{\"s\", \"t\", n = 2}\t2");
    gives(f, "return g:op('acme::F', x, {d_t = {{1, 2}, {3, 4}}, k_i = true})", 17,
          LAST " return n:attr('d'):sizes(), n:attr('k')", "{2, 2, n = 2}\t1");
    gives(f, "return g:op('acme::F', x, {z_i = 1, a_i = 2, m_i = 3})", 17,
          "tostring("
          "graph:outputs()[1]:node()):match('%[(.-)%]')",
          "a=2, m=3, z=1"); /* always in one order */
    gives(f, "local a, b = g:op('Split', x, {axis_i = 0, outputs = 2, split_i = nil}) return b", 11,
          LAST " return n:outputs().n", "2");
    fails_at(f, "\n\nreturn g:op('Elu', x, {alpha = 1})", "the attribute 'alpha' has no type suffix", 3);
    fails_at(f, "return g:op('Elu', x, {alpha_q = 1})", "no type suffix", 1);
    fails_at(f, "return g:op('Elu', x, {_f = 1})", "no type suffix", 1);
    fails_at(f, "return g:op('Elu', x, {alpha_f = 'x'})", "alpha_f must be a number, got a string", 1);
    fails_at(f, "return g:op('Elu', x, {alpha_f = {1, 'x'}})", "element 2 of alpha_f must be a number", 1);
    fails_at(f, "return g:op('Elu', x, {alpha_f = {n = 2, 1}})", "element 2 of alpha_f must be a number, got nil", 1);
    fails_at(f, "return g:op('Concat', x, {axis_i = 1.5})", "axis_i must be an integer", 1);
    fails_at(f, "return g:op('acme::F', x, {a_s = 1})", "a_s must be a string", 1);
    fails_at(f, "return g:op('acme::F', x, {a_t = 'x'})", "a_t must be a tensor", 1);
    fails_at(f, "return g:op('acme::F', x, {a_g = x})", "a_g must be a graph, got a value", 1);
    fails_at(f, "return g:op('acme::F', x, {a_ty = 1})", "a_ty must be a type", 1);
    fails_at(f, "return g:op('acme::F', x, {[true] = 1})", "an attribute's name must be a string", 1);
    fails_at(f, "return g:op('acme::F', x, {outputs = 0})", "outputs must be", 1);
    fails_at(f, "return g:op('acme::F', x, {outputs = 'x'})", "outputs must be", 1);
}

static void test_tables_that_mix(void **state)
{
    fixture *f = *state;
    fails_at(f, "\nreturn g:op('Concat', {x, x, axis_i = 0})", "mixes inputs with the attribute 'axis_i'", 2);
    fails_at(f, "return g:op('Concat', {n = 1, x, axis_i = 0})", "mixes inputs", 1);
    fails_at(f, "return g:op('Concat', {axis_i = 0}, x)", "must be the last argument", 1);
    fails_at(f, "return g:op('Concat', x, {axis_i = 0}, {axis_i = 0})", "and the only one", 1);
    fails_at(f, "return g:op('Concat', {x, {x}}, {axis_i = 0})", "got a table", 1);
    fails_at(f, "return g:op('Concat', {x, n = -1}, {axis_i = 0})", "not its length", 1);
    fails_at(f, "return g:op('Concat', {x, n = 'x'}, {axis_i = 0})", "not its length", 1);
}

static void test_what_is_no_input(void **state)
{
    fixture *f = *state;
    fails_at(f, "\nreturn g:op('Relu', 'x')", "input 1: a value, a number, a tensor or nil expected, got a string", 2);
    fails_at(f, "return g:op('Relu', print)", "got a function", 1);
    fails_at(f, "return g:op('Relu', g)", "got g", 1);
    fails_at(f, "return g:op('Relu', x:type())", "got a type", 1);
    fails_at(f, "return g:op()", "string expected", 1);
    fails_at(f, "return g.op(x, 'Relu')", "g", 1);
    fails_at(f, "return g:op('Relu\\0x', x)", "NUL", 1);
    fails_at(f, "return g:op('', x)", "not the name", 1);
}

/* The schema at the target opset is looked at right there. */
static void test_schemas(void **state)
{
    fixture *f = *state;
    fails_at(f, "\nreturn g:op('Nothing', x)", "no operator 'Nothing'", 2);
    fails_at(f, "return g:op('Mish', x)", "needs opset 18, the target is 17", 1);
    fails_at(f, "return g:op('Relu', x, x)", "Relu", 1);
    fails_at(f, "return g:op('Add', x)", "Add", 1);
    fails_at(f, "return g:op('Relu', x, {alpha_f = 1})", "alpha", 1);
    fails_at(f, "return g:op('Concat', x)", "axis", 1);
    fails_at(f, "return g:op('Elu', x, {alpha_i = 1})", "alpha", 1);
    fails_at(f, "return g:op('Not', x)", "Not", 1);
    fails_at(f, "return g:op('Squeeze', x, {axes_i = {0}})", "axes", 1); /* an input since opset 13 */
    gives(f, "return g:op('Squeeze', g:op('Unsqueeze', x, {axes_i = {0}}), {axes_i = {0}})", 12, LAST " return n:op()",
          "onnx::Squeeze");
    gives(f, "return g:op('com.acme::Any', x, nil, {what_i = 1})", 17, LAST " return n:op(), model:opset('com.acme')",
          "com.acme::Any\t1");
}

static void test_shapes_are_known_at_once(void **state)
{
    fixture *f = *state;
    gives(f, "seen = g:op('Transpose', x, {perm_i = {1, 0}}):type():sizes() return g:op('Identity', x)", 17, "seen",
          "{3, 2, n = 2}");
    gives(f,
          "local c = g:constant({1, 2}) seen = {c:is_constant(), c:tensor()[2], x:is_constant()} return g:op('Add', i, "
          "g:constant(1))",
          17, "seen", "{true, 2, false}");
}

static void test_constants(void **state)
{
    fixture *f = *state;
    gives(f, "return g:constant({{1, 2}, {3, 4}}, 'float32')", 17,
          LAST " return n:attr('value'):sizes(), n:attr('value'):dtype()", "{2, 2, n = 2}\tfloat32");
    gives(f, "return sym.constant(g, 3, 'int32', {2})", 17, LAST " return n:attr('value'):totable()", "{3, 3, n = 2}");
    gives(f, "return g:constant(sym.tensor(true))", 17, LAST " return n:attr('value')[1]", "true");
    fails_at(f, "\nreturn g:constant()", "value expected", 2);
    fails_at(f, "return g:constant({1}, 'float99')", "no dtype", 1);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_inputs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_numbers_as_inputs, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attributes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_tables_that_mix, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_is_no_input, setup, teardown),
        cmocka_unit_test_setup_teardown(test_schemas, setup, teardown),
        cmocka_unit_test_setup_teardown(test_shapes_are_known_at_once, setup, teardown),
        cmocka_unit_test_setup_teardown(test_constants, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
