/* g:op in C: each node is held against its schema at the target opset, numbers get their types, dtypes are promoted. */
#include "convert_test.h"

#define TRACE(in, body) "graph(" in "):\n" body

/* What one call of the function under test does: op, arguments, attributes; the trace's node has inputs a, b. */
typedef struct plan {
    const char *op;
    ox_arg extra[3]; /* behind the node's own tensors */
    size_t n_extra, n_tensors, n_out, n_attrs;
    ox_attr attrs[2];
    const char *names[2];
} plan;

static ox_status follow(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    const plan *p = ud;
    ox_arg in[8];
    ox_attr attrs[2];
    ox_value outs[4];
    size_t k_in = 0;
    for (size_t i = 0; i < n && i < p->n_tensors; i++) in[k_in++] = args[i];
    for (size_t i = 0; i < p->n_extra; i++) in[k_in++] = p->extra[i];
    for (size_t i = 0; i < p->n_attrs; i++) {
        attrs[i] = p->attrs[i];
        attrs[i].name = ox_str_addz(ox_call_model(k), p->names[i]);
    }
    ox_status s = ox_call_op(k, p->op, k_in, in, p->n_attrs, attrs, p->n_out ? p->n_out : 1, outs, err);
    return s == OX_OK ? cv_return1(k, outs[0], err) : s;
}

static const char two[] =
    TRACE("%a : Float(2, 3), %b : Float(2, 3)", "  %y : Tensor = acme::it(%a, %b)\n  return (%y)\n");

static void gives(cv *c, plan p, const char *trace, const char *want)
{
    static plan kept;
    kept = p;
    cv_add(c, "acme::it", "...", follow, &kept);
    cv_gives(c, trace, want);
}

static const ox_failure *fails(cv *c, plan p, const char *trace, const char *message)
{
    static plan kept;
    kept = p;
    cv_add(c, "acme::it", "...", follow, &kept);
    return cv_fails(c, trace, OX_FAILURE_SCRIPT, message);
}

static void test_names_of_operators(void **state)
{
    cv *c = *state;
    gives(c, (plan){.op = "Add", .n_tensors = 2}, two, "onnx::Add(%a, %b)");
    gives(c, (plan){.op = "onnx::Add", .n_tensors = 2}, two, "onnx::Add(%a, %b)");
    gives(c, (plan){.op = "my.domain::Blend", .n_tensors = 2}, two, "my.domain::Blend(%a, %b)");
    const ox_failure *f = fails(c, (plan){.op = "Blend", .n_tensors = 2}, two, "ONNX has no operator 'Blend'");
    assert_non_null(strstr(f->hint, "my.domain::Blend"));
    f = fails(c, (plan){.op = "Gelu", .n_tensors = 1}, two, "Gelu needs opset 20, the target is 17");
    assert_non_null(strstr(f->hint, "--opset 20"));
    fails(c, (plan){.op = "Upsample", .n_tensors = 2}, two, "Upsample is deprecated from opset 10 on");
    fails(c, (plan){.op = "a::", .n_tensors = 2}, two, "is not the name of an operator");
}

static void test_arity(void **state)
{
    cv *c = *state;
    fails(c, (plan){.op = "Relu", .n_tensors = 2}, two, "Relu takes at most 1 input at opset 14 and newer, not 2");
    fails(c, (plan){.op = "Add", .n_tensors = 1}, two, "input 2 (B) of Add is missing");
    fails(c, (plan){.op = "Add", .n_tensors = 2, .n_out = 2}, two, "Add has 1 to 1 outputs, not 2");
    /* absent optional inputs, trailing ones dropped */
    gives(c,
          (plan){.op = "Clip", .n_tensors = 1, .extra = {{.kind = OX_ARG_NONE}, {.kind = OX_ARG_NONE}}, .n_extra = 2},
          two, "onnx::Clip(%a)");
    gives(c,
          (plan){.op = "Clip",
                 .n_tensors = 1,
                 .extra = {{.kind = OX_ARG_NONE}, {.kind = OX_ARG_FLOAT, .f = 6}},
                 .n_extra = 2},
          two, "onnx::Clip(%a, %, %Constant_output_0)");
    fails(c, (plan){.op = "Relu", .extra = {{.kind = OX_ARG_STR, .s = "x", .s_n = 1}}, .n_extra = 1}, two,
          "input 1 is a string");
}

static void test_attributes(void **state)
{
    cv *c = *state;
    gives(c,
          (plan){.op = "LeakyRelu",
                 .n_tensors = 1,
                 .n_attrs = 1,
                 .names = {"alpha"},
                 .attrs = {{.kind = OX_ATTR_FLOAT, .u.f = 0.5}}},
          two, "onnx::LeakyRelu[alpha=0.5](%a)");
    const ox_failure *f = fails(
        c,
        (plan){.op = "LeakyRelu", .n_tensors = 1, .n_attrs = 1, .names = {"beta"}, .attrs = {{.kind = OX_ATTR_FLOAT}}},
        two, "LeakyRelu has no attribute 'beta' at opset 17");
    assert_non_null(strstr(f->hint, "it has alpha"));
    fails(c,
          (plan){.op = "LeakyRelu",
                 .n_tensors = 1,
                 .n_attrs = 1,
                 .names = {"alpha"},
                 .attrs = {{.kind = OX_ATTR_INT, .u.i = 1}}},
          two, "the attribute 'alpha' of LeakyRelu is of type float, not int");
    fails(c,
          (plan){.op = "LeakyRelu",
                 .n_tensors = 1,
                 .n_attrs = 2,
                 .names = {"alpha", "alpha"},
                 .attrs = {{.kind = OX_ATTR_FLOAT}, {.kind = OX_ATTR_FLOAT}}},
          two, "the attribute 'alpha' of LeakyRelu is given twice");
    fails(c, (plan){.op = "Cast", .n_tensors = 1}, two, "the attribute 'to' of Cast is required");
    /* a custom operator takes any */
    gives(
        c,
        (plan){
            .op = "my::Op", .n_tensors = 1, .n_attrs = 1, .names = {"any"}, .attrs = {{.kind = OX_ATTR_INT, .u.i = 3}}},
        two, "my::Op[any=3](%a)");
}

static const ox_arg one = {.kind = OX_ARG_INT, .i = 1}, half = {.kind = OX_ARG_FLOAT, .f = 0.5},
                    yes = {.kind = OX_ARG_BOOL, .i = 1};

static void number(cv *c, const char *op, ox_arg a, const char *trace, const char *want)
{
    gives(c, (plan){.op = op, .n_tensors = 1, .extra = {a}, .n_extra = 1}, trace, want);
}

static void test_numbers(void **state)
{
    cv *c = *state;
    const char *longs = TRACE("%a : Long(2)", "  %y : Tensor = acme::it(%a)\n  return (%y)\n");
    const char *halfs = TRACE("%a : Half(2)", "  %y : Tensor = acme::it(%a)\n  return (%y)\n");
    const char *bools = TRACE("%a : Bool(2)", "  %y : Tensor = acme::it(%a)\n  return (%y)\n");
    const char *unknown =
        TRACE("%x : Float(2)", "  %a : Tensor = acme::odd(%x)\n  %y : Tensor = acme::it(%a)\n  return (%y)\n");
    CV_PLAIN(c, "acme::odd", "x", "my::Odd");
    /* the dtype of the type variable */
    number(c, "Mul", one, two, "%Constant_output_0 : Float() = onnx::Constant[value={1}]");
    number(c, "Mul", half, halfs, "%Constant_output_0 : Half() = onnx::Constant[value={0.5}]");
    number(c, "Mul", one, longs, "%Constant_output_0 : Long() = onnx::Constant[value={1}]");
    /* torch: integers and a float make floats */
    number(c, "Mul", half, longs, "onnx::Cast[to=1](%a)");
    number(c, "Equal", one, bools, "onnx::Cast[to=7](%a)");
    /* nothing is known of the other: int64, or float32 */
    number(c, "Mul", one, unknown, "%Constant_output_0 : Long()");
    number(c, "Mul", half, unknown, "%Constant_output_0 : Float()");
    /* a slot of one dtype only */
    number(c, "Gather", one, two, "%Constant_output_0 : Long()");
    /* an operator that does not promote takes the type as it is, exactly or not at all */
    gives(c, (plan){.op = "Clip", .n_tensors = 1, .extra = {one}, .n_extra = 1}, longs, "%Constant_output_0 : Long()");
    fails(c, (plan){.op = "Clip", .n_tensors = 1, .extra = {half}, .n_extra = 1}, longs, "0.5 is no int64");
    fails(c, (plan){.op = "my::Op", .n_tensors = 1, .extra = {one}, .n_extra = 1}, two,
          "input 2 of my::Op is a number, and no schema gives its dtype");
    gives(c, (plan){.op = "And", .n_tensors = 1, .extra = {yes}, .n_extra = 1}, bools,
          "onnx::And(%a, %Constant_output_0)");
}

static void test_promotion(void **state)
{
    cv *c = *state;
    CV_PLAIN(c, "aten::add", "self other", "Add");
    CV_PLAIN(c, "aten::matmul", "self other", "Concat");
    const char *add = "  %o : int = prim::Constant[value=1]()\n  %y : Tensor = aten::add(%a, %b, %o)\n  return (%y)\n";
    static const struct {
        const char *in, *want;
    } rows[] = {
        {"%a : Float(2), %b : Long(2)", "onnx::Cast[to=1](%b)"},   /* the higher category */
        {"%a : Half(2), %b : Double(2)", "onnx::Cast[to=11](%a)"}, /* the wider */
        {"%a : Half(2), %b : Double()", "onnx::Cast[to=10](%b)"},  /* no dims: only its category counts */
        {"%a : Long(2), %b : Double()", "onnx::Cast[to=11](%a)"},
        {"%a : Bool(2), %b : Int(2)", "onnx::Cast[to=6](%a)"},
        {"%a : Byte(2), %b : Char(2)", "onnx::Cast[to=5](%a)"},
        {"%a : Float(2), %b : int", "onnx::Cast[to=1](%b)"}, /* a number of the trace */
        {"%a : Half(2), %b : float", "onnx::Cast[to=10](%b)"},
        {"%a : Long(2), %b : float", "onnx::Cast[to=1](%a)"},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        char text[512];
        snprintf(text, sizeof text, "graph(%s):\n%s", rows[i].in, add);
        cv_gives(c, text, rows[i].want);
    }
    const ox_pass_stat *stat;
    size_t n = ox_report_passes(c->report, &stat);
    for (size_t i = 0; i < n; i++)
        if (strcmp(stat[i].name, "casts") == 0) assert_int_equal(stat[i].changed, 1);
}

static void test_types(void **state)
{
    cv *c = *state;
    const ox_failure *f = fails(c, (plan){.op = "Sqrt", .n_tensors = 1},
                                TRACE("%a : Long(2)", "  %y : Tensor = acme::it(%a)\n  return (%y)\n"),
                                "input 1 (X) of Sqrt is int64, which it does not take");
    assert_non_null(strstr(f->hint, "tensor(float)"));
    fails(c, (plan){.op = "Conv", .n_tensors = 2},
          TRACE("%a : Float(1, 1, 5), %b : Half(1, 1, 3)", "  %y : Tensor = acme::it(%a, %b)\n  return (%y)\n"),
          "input 2 (W) of Conv is float16, but input 1 (X) is float32");
    /* what inference finds */
    fails(c, (plan){.op = "Add", .n_tensors = 2},
          TRACE("%a : Float(2), %b : Float(3)", "  %y : Tensor = acme::it(%a, %b)\n  return (%y)\n"),
          "dims 2 and 3 cannot be broadcast");
}

typedef struct asked {
    int64_t opset, ml, custom, none;
    bool training, constant, not_constant, seen;
    size_t n_outputs;
    double data;
} asked;

static ox_status ask(ox_call *k, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    asked *w = ud;
    ox_model *m = ox_call_model(k);
    ox_value v;
    ox_tensor t;
    float data = 2.5f;
    (void)n;
    w->seen = ox_node_is(m, ox_call_node(k), "acme", "ask");
    w->opset = ox_call_opset(k, NULL);
    w->ml = ox_call_opset(k, "ai.onnx.ml");
    w->custom = ox_call_opset(k, "my.domain");
    w->none = ox_call_opset(k, "nobody.knows");
    w->training = ox_call_training(k);
    w->n_outputs = ox_call_n_outputs(k);
    w->not_constant = ox_call_value_tensor(k, args[0].v).id == 0;
    ox_status s = ox_tensor_add_raw(m, &t, OX_FLOAT, 0, NULL, &data, sizeof data, err);
    if (s == OX_OK) s = ox_call_constant(k, t, &v, err);
    if (s != OX_OK) return s;
    t = ox_call_value_tensor(k, v);
    w->constant = t.id != 0;
    if (w->constant && ox_tensor_read(m, t, 0, &data, sizeof data, err) == OX_OK) w->data = data;
    ox_arg in[2] = {args[0], {.kind = OX_ARG_VALUE, .v = v}};
    s = ox_call_op(k, "Mul", 2, in, 0, NULL, 1, &v, err);
    return s == OX_OK ? cv_return1(k, v, err) : s;
}

static void test_questions(void **state)
{
    cv *c = *state;
    asked w = {0};
    const char *domains[] = {"my.domain"};
    const int64_t versions[] = {3};
    c->opt.opset = 13;
    c->opt.n_custom_opsets = 1;
    c->opt.custom_domains = domains;
    c->opt.custom_versions = versions;
    cv_add(c, "acme::ask", "x", ask, &w);
    cv_gives(c, TRACE("%a : Float(2)", "  %y : Float(2) = acme::ask(%a)\n  return (%y)\n"),
             "onnx::Mul(%a, %Constant_output_0)");
    assert_true(w.seen && w.constant && w.not_constant);
    assert_false(w.training);
    assert_int_equal(w.opset, 13);
    assert_true(w.ml > 0);
    assert_int_equal(w.custom, 3);
    assert_int_equal(w.none, 0);
    assert_int_equal(w.n_outputs, 1);
    assert_true(w.data == 2.5);
}

#define T(f) cmocka_unit_test_setup_teardown(f, cv_setup, cv_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(test_names_of_operators), T(test_arity), T(test_attributes), T(test_numbers),
        T(test_promotion),          T(test_types), T(test_questions),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
