/* Binding: which function serves a node, in which form its arguments arrive, and that none is dropped in silence. */
#include "convert_test.h"

#include <onnxsh/aten.h>

#define ELU(scale) \
    "graph(%x : Float(2, 3)):\n" \
    "  %a : float = prim::Constant[value=0.5]()\n" \
    "  %s : int = prim::Constant[value=" scale "]()\n" \
    "  %i : int = prim::Constant[value=1]()\n" \
    "  %y : Float(2, 3) = aten::elu(%x, %a, %s, %i), scope: Net::/torch.nn.ELU::act # net.py:7:4\n" \
    "  return (%y)\n"

static void test_by_name(void **state)
{
    cv *c = *state;
    cv_add(c, "aten::elu", "self alpha", cv_elu, NULL);
    cv_gives(c, ELU("1"), "%y : Float(2, 3) = onnx::Elu[alpha=0.5](%x), scope: Net/ELU[act]");
    /* the order of the parameters does not matter */
    cv_add(c, "aten::elu", "alpha self", cv_record, c);
    cv_gives(c, ELU("1"), "Identity");
    assert_int_equal(c->n_args, 2);
    assert_int_equal(c->args[0].kind, OX_ARG_FLOAT);
    assert_true(c->args[0].f == 0.5);
    assert_int_equal(c->args[1].kind, OX_ARG_VALUE);
}

static void test_unnamed_argument(void **state)
{
    cv *c = *state;
    cv_add(c, "aten::elu", "self alpha", cv_elu, NULL);
    const ox_failure *f =
        cv_fails(c, ELU("2"), OX_FAILURE_REFUSED, "scale=2 is not handled by the symbolic function of aten::elu");
    assert_string_equal(f->op, "aten::elu");
    assert_string_equal(f->scope, "Net/ELU[act]");
    assert_string_equal(f->file, "net.py");
    assert_int_equal(f->line, 7);
    assert_string_equal(f->arguments, "self : Float(2, 3) = %x\nalpha = 0.5\nscale = 2\ninput_scale = 1");
    assert_non_null(strstr(f->hint, "name scale as a parameter"));
    assert_true(ox_node_is(c->src, f->node, "aten", "elu")); /* a node of the source */
    /* naming it claims to handle it */
    cv_add(c, "aten::elu", "self alpha scale", cv_record, c);
    assert_ok(cv_run(c, ELU("2")), &c->err);
    assert_int_equal(c->args[2].kind, OX_ARG_INT);
    assert_int_equal(c->args[2].i, 2);
}

/* Each argument of aten::embedding in turn: named it arrives, unnamed it must stand at its default. */
static void test_flips(void **state)
{
    cv *c = *state;
    static const char *const names[] = {"padding_idx", "scale_grad_by_freq", "sparse"};
    static const char *const defaults[] = {"-1", "0", "0"}, *const flipped[] = {"3", "1", "1"};
    for (size_t flip = 0; flip < 3; flip++)
        for (size_t named = 0; named < 4; named++) {
            char text[1024], params[128] = "weight indices", message[128];
            const char *v[3];
            for (size_t i = 0; i < 3; i++) v[i] = i == flip ? flipped[i] : defaults[i];
            for (size_t i = 0; i < named && i < 3; i++) {
                strcat(params, " ");
                strcat(params, names[i]);
            }
            snprintf(text, sizeof text,
                     "graph(%%w : Float(9, 4), %%i : Long(2)):\n  %%p : int = prim::Constant[value=%s]()\n"
                     "  %%s : bool = prim::Constant[value=%s]()\n  %%t : bool = prim::Constant[value=%s]()\n"
                     "  %%y : Float(2, 4) = aten::embedding(%%w, %%i, %%p, %%s, %%t)\n  return (%%y)\n",
                     v[0], v[1], v[2]);
            cv_add(c, "aten::embedding", params, cv_record, c);
            ox_aten_arg a = ox_aten_get_arg(ox_aten_find_overload("aten::embedding", ""), 2 + flip);
            if (named > flip || a.inert != OX_ATEN_MATTERS) {
                assert_ok(cv_run(c, text), &c->err);
                continue;
            }
            snprintf(message, sizeof message, "%s=%s is not handled by the symbolic function of aten::embedding",
                     names[flip], flip ? "True" : "3");
            cv_fails(c, text, OX_FAILURE_REFUSED, message);
        }
}

static void test_inert_and_ignored(void **state)
{
    cv *c = *state;
    const char *trace =
        "graph(%x : Float(1, 3, 8), %w : Float(4, 3, 3)):\n"
        "  %n : NoneType = prim::Constant()\n  %one : int = prim::Constant[value=1]()\n"
        "  %l : int[] = prim::ListConstruct(%one)\n  %z : int = prim::Constant[value=0]()\n"
        "  %o : int[] = prim::ListConstruct(%z)\n  %f : bool = prim::Constant[value=0]()\n"
        "  %t : bool = prim::Constant[value=1]()\n"
        "  %y : Float(1, 4, 8) = aten::_convolution(%x, %w, %n, %l, %l, %l, %f, %o, %one, %t, %t, %f, %f)\n"
        "  return (%y)\n";
    /* benchmark, deterministic, cudnn_enabled and allow_tf32 are inert: whatever they are */
    cv_add(c, "aten::_convolution", "input weight bias stride padding dilation transposed output_padding groups",
           cv_record, c);
    assert_ok(cv_run(c, trace), &c->err);
    assert_int_equal(c->args[2].kind, OX_ARG_NONE);
    assert_int_equal(c->args[3].kind, OX_ARG_LIST);
    assert_int_equal(c->args[3].n, 1);
    assert_int_equal(c->args[3].items[0].i, 1);
    assert_int_equal(c->args[6].kind, OX_ARG_BOOL);
    /* an argument without default must be named or ignored knowingly */
    assert_fails(cv_try_add(c, "aten::_convolution", "input weight bias stride padding dilation transposed groups",
                            cv_record, c),
                 OX_E_INVALID, "'output_padding' has no default and is not named", &c->err);
    const char *params[] = {"input", "weight"},
               *ignore[] = {"bias", "stride", "padding", "dilation", "transposed", "output_padding", "groups"};
    ox_symbolic_def d = {.name = "aten::_convolution",
                         .n_params = 2,
                         .params = params,
                         .n_ignore = 7,
                         .ignore = ignore,
                         .fn = cv_record,
                         .ud = c};
    assert_ok(ox_symbolics_add(c->r, &d, &c->err), &c->err);
    assert_ok(cv_run(c, trace), &c->err);
}

static void test_registration_errors(void **state)
{
    cv *c = *state;
    assert_fails(cv_try_add(c, "aten::elu", "self beta", cv_elu, NULL), OX_E_INVALID,
                 "aten::elu has no argument 'beta'", &c->err);
    assert_non_null(
        strstr(c->err.msg, "aten::elu(Tensor self, Scalar alpha=1, Scalar scale=1, Scalar input_scale=1) -> Tensor"));
    assert_fails(cv_try_add(c, "aten::elu", "alpha", cv_elu, NULL), OX_E_INVALID,
                 "'self' has no default and is not named", &c->err);
    assert_fails(cv_try_add(c, "aten::elu", "self self", cv_elu, NULL), OX_E_INVALID, "for the second time", &c->err);
    assert_fails(cv_try_add(c, "aten::elu.nothing", "self", cv_elu, NULL), OX_E_INVALID, "has no overload 'nothing'",
                 &c->err);
    assert_fails(cv_try_add(c, "elu", "self", cv_elu, NULL), OX_E_INVALID, "'elu' is not the name of an operator",
                 &c->err);
    assert_fails(cv_try_add(c, "onnx::Elu", "self", cv_elu, NULL), OX_E_INVALID, "need no symbolic function", &c->err);
    ox_symbolic_def d = {.name = "acme::warp", .schema = "acme::warp(Tensor x", .fn = cv_record, .ud = c};
    assert_fails(ox_symbolics_add(c->r, &d, &c->err), OX_E_FORMAT, "schema of acme::warp", &c->err);
}

static void test_names_of_parameters(void **state)
{
    cv *c = *state;
    /* `input` for self, and a keyword with an underscore */
    cv_add(c, "aten::slice", "input dim start end_ step", cv_record, c);
    assert_ok(
        cv_run(c,
               "graph(%x : Float(4)):\n  %z : int = prim::Constant[value=0]()\n  %e : int = prim::Constant[value=3]()\n"
               "  %o : int = prim::Constant[value=1]()\n  %y : Float(3) = aten::slice(%x, %z, %z, %e, %o)\n  return "
               "(%y)\n"),
        &c->err);
    assert_int_equal(c->args[3].i, 3);
}

static void test_overloads(void **state)
{
    cv *c = *state;
    const char *scalar =
        "graph(%x : Float(2)):\n  %two : int = prim::Constant[value=2]()\n  %one : int = prim::Constant[value=1]()\n"
        "  %y : Float(2) = aten::add(%x, %two, %one)\n  return (%y)\n";
    const char *tensor = "graph(%x : Float(2), %z : Float(2)):\n  %one : int = prim::Constant[value=1]()\n"
                         "  %y : Float(2) = aten::add(%x, %z, %one)\n  return (%y)\n";
    CV_PLAIN(c, "aten::add", "self other", "Add");
    CV_PLAIN(c, "aten::add.Scalar", "self other", "Sub");
    cv_gives(c, tensor, "onnx::Add(%x, %z)");
    cv_gives(c, scalar, "onnx::Sub(%x, ");
    /* alpha is not named: it must be 1 */
    cv_fails(c,
             "graph(%x : Float(2), %z : Float(2)):\n  %two : int = prim::Constant[value=2]()\n"
             "  %y : Float(2) = aten::add(%x, %z, %two)\n  return (%y)\n",
             OX_FAILURE_REFUSED, "alpha=2 is not handled by the symbolic function of aten::add");
}

static ox_symbolic_def builtin(const char *name, int64_t opset, const char *op)
{
    return (ox_symbolic_def){.name = name,
                             .min_opset = opset,
                             .n_params = 0,
                             .positional = true,
                             .builtin = true,
                             .fn = cv_plain,
                             .ud = (void *)(uintptr_t)op};
}

static void test_opsets_and_precedence(void **state)
{
    cv *c = *state;
    const char *trace = "graph(%x : Float(2)):\n  %y : Float(2) = aten::relu(%x)\n  return (%y)\n";
    ox_symbolic_def low = builtin("aten::relu", 9, "Relu"), high = builtin("aten::relu", 12, "Sigmoid"),
                    future = builtin("aten::relu", 20, "Tanh");
    assert_ok(ox_symbolics_add(c->r, &high, &c->err), &c->err);
    assert_ok(ox_symbolics_add(c->r, &low, &c->err), &c->err);
    assert_ok(ox_symbolics_add(c->r, &future, &c->err), &c->err);
    c->opt.opset = 11;
    cv_gives(c, trace, "onnx::Relu");
    c->opt.opset = 17;
    cv_gives(c, trace, "onnx::Sigmoid"); /* the highest that fits */
    ox_symbolic_def user = builtin("aten::relu", 0, "Abs");
    user.builtin = false;
    assert_ok(ox_symbolics_add(c->r, &user, &c->err), &c->err);
    cv_gives(c, trace, "onnx::Abs"); /* a user's comes before every built-in, whatever the opset */
    user.ud = (void *)(uintptr_t) "Neg";
    assert_ok(ox_symbolics_add(c->r, &user, &c->err), &c->err);
    cv_gives(c, trace, "onnx::Neg"); /* and replaces the user's earlier one */
}

static void test_only_later_opsets(void **state)
{
    cv *c = *state;
    ox_symbolic_def future = builtin("aten::grid_sampler", 16, "Relu");
    assert_ok(ox_symbolics_add(c->r, &future, &c->err), &c->err);
    c->opt.opset = 11;
    const ox_failure *f =
        cv_fails(c,
                 "graph(%x : Float(1, 1, 2, 2), %g : Float(1, 2, 2, 2)):\n  %z : int = prim::Constant[value=0]()\n"
                 "  %f : bool = prim::Constant[value=0]()\n"
                 "  %y : Float(1, 1, 2, 2) = aten::grid_sampler(%x, %g, %z, %z, %f)\n  return (%y)\n",
                 OX_FAILURE_MISSING, "no symbolic function of aten::grid_sampler at opset 11");
    assert_non_null(strstr(f->hint, "from opset 16 on"));
}

static void test_removal(void **state)
{
    cv *c = *state;
    ox_symbolic_def d = builtin("aten::elu", 0, "Relu");
    assert_ok(ox_symbolics_add(c->r, &d, &c->err), &c->err);
    assert_ok(ox_symbolics_remove(c->r, "aten::elu", &c->err), &c->err);
    assert_fails(ox_symbolics_remove(c->r, "aten::elu", &c->err), OX_E_NOT_FOUND, "aten::elu", &c->err);
    assert_ok(ox_symbolics_add(c->r, &d, &c->err), &c->err); /* loaded again: it stays away */
    const ox_failure *f =
        cv_fails(c, ELU("1"), OX_FAILURE_MISSING, "there is no symbolic function of aten::elu at opset 17");
    assert_non_null(strstr(f->hint, "symbolic(\"aten::elu\""));
    cv_add(c, "aten::elu", "self alpha", cv_elu, NULL);
    cv_gives(c, ELU("1"), "onnx::Elu");
}

typedef struct loading {
    cv *c;
    int calls;
    char name[64];
} loading;

static ox_status load(void *ud, const char *name, ox_error *err)
{
    loading *l = ud;
    l->calls++;
    snprintf(l->name, sizeof l->name, "%s", name);
    ox_symbolic_def d = builtin("aten::relu", 0, "Relu");
    return strcmp(name, "aten::relu") == 0 ? ox_symbolics_add(l->c->r, &d, err) : OX_OK;
}

static void test_loader(void **state)
{
    cv *c = *state;
    loading l = {c, 0, ""};
    ox_symbolics_set_loader(c->r, load, &l);
    cv_gives(
        c, "graph(%x : Float(2)):\n  %y : Float(2) = aten::relu(%x)\n  %z : Float(2) = aten::relu(%y)\n  return (%z)\n",
        "onnx::Relu");
    assert_int_equal(l.calls, 1); /* on the first look-up of a name only */
    ox_symbolics_set_loader(c->r, NULL, NULL);
}

static bool count_defs(void *ud, const ox_symbolic_def *d)
{
    int *n = ud;
    n[0]++;
    if (n[0] == 1) n[1] = d->builtin;
    return true;
}

static void test_listing(void **state)
{
    cv *c = *state;
    ox_symbolic_def d = builtin("aten::elu", 9, "Relu");
    assert_ok(ox_symbolics_add(c->r, &d, &c->err), &c->err);
    cv_add(c, "aten::elu", "self alpha", cv_elu, NULL);
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    int n[2] = {0, -1};
    assert_ok(ox_symbolics_each(c->r, "aten::elu", count_defs, n, &c->err), &c->err);
    assert_int_equal(n[0], 2);
    assert_int_equal(n[1], 0); /* the user's first */
    n[0] = 0;
    assert_ok(ox_symbolics_each(c->r, NULL, count_defs, n, &c->err), &c->err);
    assert_int_equal(n[0], 3);
    n[0] = 0;
    assert_ok(ox_symbolics_each(c->r, "no operator", count_defs, n, &c->err), &c->err);
    assert_int_equal(n[0], 0);
}

/* ---- forms ---- */
static void test_forms(void **state)
{
    cv *c = *state;
    ox_symbolic_def d = {
        .name = "acme::all",
        .fn = cv_record,
        .ud = c,
        .schema = "acme::all(Tensor x, ScalarType? dtype, Layout? layout, MemoryFormat? format, Device? device, "
                  "int[2] pair, float f, Scalar s) -> Tensor"};
    const char *params[] = {"x", "dtype", "layout", "format", "device", "pair", "f", "s"};
    d.params = params;
    d.n_params = 8;
    assert_ok(ox_symbolics_add(c->r, &d, &c->err), &c->err);
    assert_ok(
        cv_run(c,
               "graph(%x : Float(2)):\n  %d : int = prim::Constant[value=6]()\n  %l : int = prim::Constant[value=0]()\n"
               "  %m : int = prim::Constant[value=2]()\n  %v : Device = prim::Constant[value=\"cuda:0\"]()\n"
               "  %p : int = prim::Constant[value=3]()\n  %f : int = prim::Constant[value=2]()\n"
               "  %s : Float() = prim::Constant[value={1.5}]()\n"
               "  %y : Float(2) = acme::all(%x, %d, %l, %m, %v, %p, %f, %s)\n  return (%y)\n"),
        &c->err);
    assert_int_equal(c->args[1].kind, OX_ARG_DTYPE);
    assert_int_equal(c->args[1].dtype, OX_FLOAT);
    assert_int_equal(c->args[2].kind, OX_ARG_STR);
    assert_string_equal(c->args[2].s, "strided");
    assert_string_equal(c->args[3].s, "channels_last");
    assert_string_equal(c->args[4].s, "cuda:0");
    assert_int_equal(c->args[5].kind, OX_ARG_LIST); /* one int serves as two */
    assert_int_equal(c->args[5].n, 2);
    assert_int_equal(c->args[6].kind, OX_ARG_FLOAT); /* an int where a float is wanted */
    assert_true(c->args[6].f == 2);
    assert_int_equal(c->args[7].kind, OX_ARG_FLOAT); /* a tensor without dims where a number is wanted */
    assert_true(c->args[7].f == 1.5);
}

static void test_own_schema_and_positional(void **state)
{
    cv *c = *state;
    const char *trace = "graph(%x : Float(2), %g : Float(2)):\n  %m : int = prim::Constant[value=1]()\n"
                        "  %y : Float(2) = acme::warp(%x, %g, %m)\n  return (%y)\n";
    cv_add(c, "acme::warp", "a b mode", cv_record, c); /* no schema: by position */
    assert_ok(cv_run(c, trace), &c->err);
    assert_int_equal(c->args[2].i, 1);
    cv_add(c, "acme::warp", "a b", cv_record, c);
    cv_fails(c, trace, OX_FAILURE_REFUSED, "takes 2 arguments, the node has 3");
    const char *params[] = {"grid", "x"};
    ox_symbolic_def d = {.name = "acme::warp",
                         .schema = "acme::warp(Tensor x, Tensor grid, int mode=0) -> Tensor",
                         .params = params,
                         .n_params = 2,
                         .fn = cv_record,
                         .ud = c};
    assert_ok(ox_symbolics_add(c->r, &d, &c->err), &c->err);
    cv_fails(c, trace, OX_FAILURE_REFUSED, "mode=1 is not handled by the symbolic function of acme::warp");
    cv_add(c, "acme::warp", "...", cv_record, c);
    assert_ok(cv_run(c, trace), &c->err);
    assert_int_equal(c->n_args, 3);
}

static void test_python_operator(void **state)
{
    cv *c = *state;
    const char *trace =
        "graph(%x : Float(2)):\n  %y : Float(2) = ^Scale(0.5, True, (1, 2), None, 'a b')(%x)\n  return (%y)\n";
    cv_add(c, "^Scale", "x factor flag pair none word", cv_record, c);
    assert_ok(cv_run(c, trace), &c->err);
    assert_int_equal(c->n_args, 6);
    assert_int_equal(c->args[0].kind, OX_ARG_VALUE);
    assert_true(c->args[1].f == 0.5);
    assert_int_equal(c->args[2].kind, OX_ARG_BOOL);
    assert_int_equal(c->args[3].kind, OX_ARG_LIST);
    assert_int_equal(c->args[3].items[1].i, 2);
    assert_int_equal(c->args[4].kind, OX_ARG_NONE);
    assert_string_equal(c->args[5].s, "a b");
}

static void test_mixed_list(void **state)
{
    cv *c = *state;
    cv_add(c, "aten::view", "self size", cv_record, c);
    CV_PLAIN(c, "acme::count", "x", "Size");
    assert_ok(
        cv_run(c,
               "graph(%x : Float(2, 3)):\n  %n : int = acme::count(%x)\n  %m : int = prim::Constant[value=-1]()\n"
               "  %l : int[] = prim::ListConstruct(%n, %m)\n  %y : Float(6, 1) = aten::view(%x, %l)\n  return (%y)\n"),
        &c->err);
    assert_int_equal(c->args[1].kind, OX_ARG_LIST);
    assert_int_equal(c->args[1].items[0].kind, OX_ARG_INT); /* the size is known: it is a number */
    assert_int_equal(c->args[1].items[0].i, 6);
    assert_int_equal(c->args[1].items[1].i, -1);
    assert_ok(
        cv_run(c,
               "graph(%x : Float(*, 3)):\n  %n : int = acme::count(%x)\n  %m : int = prim::Constant[value=-1]()\n"
               "  %l : int[] = prim::ListConstruct(%n, %m)\n  %y : Float(*, *) = aten::view(%x, %l)\n  return (%y)\n"),
        &c->err);
    assert_int_equal(c->args[1].items[0].kind, OX_ARG_VALUE);
    assert_int_equal(c->args[1].items[1].i, -1);
}

static void test_no_schema_fits(void **state)
{
    cv *c = *state;
    cv_add(c, "aten::elu", "self alpha", cv_elu, NULL);
    cv_fails(c,
             "graph(%x : Float(2)):\n  %s : str = prim::Constant[value=\"a\"]()\n  %y : Float(2) = aten::elu(%x, %s)\n "
             " return (%y)\n",
             OX_FAILURE_REFUSED, "the arguments fit no schema of aten::elu");
}

static bool is_convertible(cv *c, ox_node n, int64_t opset)
{
    bool yes;
    assert_ok(ox_node_is_convertible(&yes, c->r, c->src, n, opset, &c->err), &c->err);
    return yes;
}

static void test_convertible(void **state)
{
    cv *c = *state;
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    ox_symbolic_def d = builtin("aten::elu", 12, "Elu");
    assert_ok(ox_symbolics_add(c->r, &d, &c->err), &c->err);
    const char *trace = "graph(%x : Float(2)):\n  %n : NoneType = prim::Constant()\n  %a : Float(2) = aten::relu(%x)\n "
                        " %b : Float(2) = aten::relu_(%a)\n"
                        "  %e : Float(2) = aten::elu(%b)\n  %f : Float(2) = aten::frob(%e)\n  %g : Float(2) = "
                        "onnx::Relu(%f)\n  return (%g)\n";
    static const char at12[] = "111101";
    assert_ok(ox_open_memory(&c->src, trace, strlen(trace), "t", NULL, NULL, NULL, &c->err), &c->err);
    size_t i = 0;
    for (ox_node n = ox_graph_first(c->src, ox_model_main(c->src)); n.id; n = ox_node_next(c->src, n), i++)
        assert_int_equal(is_convertible(c, n, 12), at12[i] == '1');
    i = 0;
    for (ox_node n = ox_graph_first(c->src, ox_model_main(c->src)); n.id; n = ox_node_next(c->src, n), i++)
        assert_int_equal(is_convertible(c, n, 11), i != 3 && i != 4);
}

#define T(f) cmocka_unit_test_setup_teardown(f, cv_setup, cv_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        T(test_by_name),
        T(test_unnamed_argument),
        T(test_flips),
        T(test_inert_and_ignored),
        T(test_registration_errors),
        T(test_names_of_parameters),
        T(test_overloads),
        T(test_opsets_and_precedence),
        T(test_only_later_opsets),
        T(test_removal),
        T(test_loader),
        T(test_listing),
        T(test_forms),
        T(test_own_schema_and_positional),
        T(test_python_operator),
        T(test_mixed_list),
        T(test_no_schema_fits),
        T(test_convertible),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
