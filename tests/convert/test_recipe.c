/* Recipes: which calls of a symbolic function are repeated, and that the nodes are those of a call. */
#include "convert_test.h"

#define TWICE(first, second) \
    "graph(%x : Float(2, 3), %y : " first ", %z : " second "):\n" \
    "  %a : Tensor = aten::relu(%y)\n  %b : Tensor = aten::relu(%z)\n  return (%a, %b)\n"

/* What a function asks beside its arguments. */
typedef struct asks {
    bool node, opset, looks, tensor, late, made_type, fails_first, stranger;
    int times; /* it was called */
} asks;

/* Add(Elu(x), c), with an attribute of each kind that a recipe holds on a node of a custom domain after it. */
static ox_status emit(ox_call *k, ox_value x, ox_value *out, ox_error *err)
{
    ox_model *m = ox_call_model(k);
    static const int64_t ints[] = {3, 1, 2};
    static const double floats[] = {0.5, 2};
    const float data[] = {1, 2, 3};
    const int64_t dims[] = {3};
    ox_str strings[] = {ox_str_addz(m, "p"), ox_str_addz(m, "")};
    ox_tensor t;
    ox_status s = ox_tensor_add_raw(m, &t, OX_FLOAT, 1, dims, data, sizeof data, err);
    ox_attr alpha = cv_float(k, "alpha", 0.25);
    ox_arg in[2] = {{.kind = OX_ARG_VALUE, .v = x}, {.kind = OX_ARG_VALUE}};
    ox_value v = {0};
    if (s == OX_OK) s = ox_call_op(k, "Elu", 1, in, 1, &alpha, 1, &v, err);
    in[0].v = v;
    if (s == OX_OK) s = ox_call_constant(k, t, &in[1].v, err);
    if (s == OX_OK) s = ox_call_op(k, "Add", 2, in, 0, NULL, 1, &v, err);
    in[0].v = v;
    ox_attr attrs[] = {{.name = ox_str_addz(m, "i"), .kind = OX_ATTR_INT, .u.i = -4},
                       {.name = ox_str_addz(m, "is"), .kind = OX_ATTR_INTS, .n = 3, .u.ints = ints},
                       {.name = ox_str_addz(m, "fs"), .kind = OX_ATTR_FLOATS, .n = 2, .u.floats = floats},
                       {.name = ox_str_addz(m, "s"), .kind = OX_ATTR_STRING, .u.s = ox_str_addz(m, "text")},
                       {.name = ox_str_addz(m, "ss"), .kind = OX_ATTR_STRINGS, .n = 2, .u.strings = strings},
                       {.name = ox_str_addz(m, "t"), .kind = OX_ATTR_TENSOR, .u.t = t}};
    ox_arg list[2] = {{.kind = OX_ARG_VALUE, .v = v}, {.kind = OX_ARG_VALUE, .v = x}};
    ox_arg both = {.kind = OX_ARG_LIST, .n = 2, .items = list};
    if (s == OX_OK) s = ox_call_op(k, "my::Op", 1, &both, 6, attrs, 1, out, err);
    return s;
}

static ox_status asking(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    asks *a = ud;
    ox_value v, none;
    (void)n;
    a->times++;
    if (a->node) (void)ox_call_node(k);
    if (a->opset && ox_call_opset(k, "") != 17) return ox_call_unsupported(k, "another opset", err);
    if (a->opset && a->node) (void)ox_call_opset(k, "my");
    if (a->looks) ox_call_looks(k);
    if (a->tensor && ox_call_value_tensor(k, args[0].v).id) return ox_call_unsupported(k, "it is constant", err);
    if (a->fails_first && ox_call_op(k, "NoSuch", 1, args, 0, NULL, 1, &none, NULL) == OX_OK) return OX_E_INVALID;
    ox_arg stranger = {.kind = OX_ARG_VALUE, .v = ox_graph_input(ox_call_model(k), ox_model_main(ox_call_model(k)), 0)};
    if (a->stranger && ox_call_op(k, "Neg", 1, &stranger, 0, NULL, 1, &none, err) != OX_OK) return err->code;
    ox_status s = emit(k, args[0].v, &v, err);
    ox_arg made = {.kind = OX_ARG_VALUE, .v = v};
    if (s == OX_OK && a->late && ox_call_value_tensor(k, args[0].v).id)
        s = ox_call_op(k, "Neg", 1, &made, 0, NULL, 1, &v, err);
    if (s == OX_OK && a->made_type) ox_call_looks_at_type(k, v);
    return s == OX_OK ? cv_return1(k, v, err) : s;
}

static void add(cv *c, asks *a, bool repeats)
{
    static const char *const params[] = {"self"};
    ox_symbolic_def d = {
        .name = "aten::relu", .fn = asking, .ud = a, .params = params, .n_params = 1, .repeats = repeats};
    assert_ok(ox_symbolics_add(c->r, &d, &c->err), &c->err);
}

/* How often the function is called in a conversion, which the report counts too. */
static int calls(cv *c, asks *a, const char *trace)
{
    uint64_t called, repeated;
    a->times = 0;
    assert_ok(cv_run(c, trace), &c->err);
    ox_report_calls(c->report, &called, &repeated);
    assert_int_equal(called, a->times);
    assert_int_equal(called + repeated, 2);
    return a->times;
}

static void test_repeated(void **state)
{
    cv *c = *state;
    asks a = {0};
    const char *trace = TWICE("Float(2, 3)", "Float(2, 3)");
    char first[8192];
    add(c, &a, false);
    assert_int_equal(calls(c, &a, trace), 2);
    snprintf(first, sizeof first, "%s", c->text.p);
    assert_non_null(strstr(first, "my::Op"));
    add(c, &a, true);
    assert_int_equal(calls(c, &a, trace), 1);
    assert_string_equal(c->text.p, first);
    assert_int_equal(calls(c, &a, trace), 0); /* from the conversion before */
    assert_string_equal(c->text.p, first);
    add(c, &a, true); /* another function, though it looks the same */
    assert_int_equal(calls(c, &a, trace), 1);
    c->opt.opset = 16;
    assert_int_equal(calls(c, &a, trace), 1);
    c->opt.opset = 0;
    assert_int_equal(calls(c, &a, trace), 0);
}

static void test_keys(void **state)
{
    cv *c = *state;
    asks a = {0};
    add(c, &a, true);
    assert_int_equal(calls(c, &a, TWICE("Float(2, 3)", "Float(4, 3)")), 2);
    assert_int_equal(calls(c, &a, TWICE("Float(4, 3)", "Float(*, 3)")), 1);
    assert_int_equal(calls(c, &a, TWICE("Float(1, 3)", "Double(1, 3)")), 2);
    assert_int_equal(calls(c, &a, TWICE("Float(5, 1, 3)", "Float(5, 3)")), 2);
}

/* What a function asks its call for is followed, or makes it one that is called each time. */
static void test_asks(void **state)
{
    cv *c = *state;
    static const struct {
        asks a;
        int calls;
    } rows[] = {
        {{.opset = true}, 1}, {{.tensor = true}, 1},      {{.made_type = true}, 1}, {{.node = true}, 2},
        {{.looks = true}, 2}, {{.fails_first = true}, 2}, {{.stranger = true}, 2},  {{.node = true, .opset = true}, 2},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        asks a = rows[i].a;
        add(c, &a, true);
        assert_int_equal(calls(c, &a, TWICE("Float(2, 3)", "Float(2, 3)")), rows[i].calls);
    }
}

static bool never(void *ud)
{
    (void)ud;
    return false;
}

static void test_guard(void **state)
{
    cv *c = *state;
    asks a = {0};
    const char *trace = TWICE("Float(2, 3)", "Float(2, 3)");
    add(c, &a, true);
    assert_int_equal(calls(c, &a, trace), 1);
    ox_symbolics_set_guard(c->r, never, NULL);
    assert_int_equal(calls(c, &a, trace), 2);
    ox_symbolics_set_guard(c->r, NULL, NULL);
    assert_int_equal(calls(c, &a, trace), 0);
}

/* A constant where there was none: what was repeated so far is undone, and the function is called. */
static void test_does_not_hold(void **state)
{
    cv *c = *state;
    asks a = {.late = true};
    const char *constant = "graph(%x : Float(2, 3)):\n  %k : Float() = prim::Constant[value={1.5}]()\n"
                           "  %a : Tensor = aten::relu(%k)\n  %b : Tensor = aten::relu(%k)\n  return (%a, %b)\n";
    char want[8192];
    add(c, &a, false);
    assert_int_equal(calls(c, &a, constant), 2);
    snprintf(want, sizeof want, "%s", c->text.p);
    assert_non_null(strstr(want, "Neg"));
    add(c, &a, true);
    assert_int_equal(calls(c, &a, TWICE("Float()", "Float()")), 1);
    assert_int_equal(calls(c, &a, constant), 2);
    assert_string_equal(c->text.p, want);
    assert_int_equal(calls(c, &a, TWICE("Float()", "Float()")), 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, cv_setup, cv_teardown)

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        T(test_repeated), T(test_keys), T(test_asks), T(test_guard), T(test_does_not_hold),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
