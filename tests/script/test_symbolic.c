/* Symbolic functions in Lua: how parameters are bound, what arrives, what may be returned, how failures read. The rules
 * are those of the manual of symbolic functions; each has its test. */
#include "fixture.h"

#include "base/base.h"

#include <onnxsh/graph.h>

#include <signal.h>
#include <unistd.h>

#define HEAD "graph(%x : Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu)):\n"
#define AT ", scope: __main__.Net::/torch.nn.modules.activation.ELU::act # net.py:7:0\n"
#define ELU(scale) \
    HEAD "  %a : float = prim::Constant[value=1.5]()\n" \
         "  %s : int = prim::Constant[value=" scale "]()\n" \
         "  %i : int = prim::Constant[value=1]()\n" \
         "  %y : Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu) = aten::elu(%x, %a, %s, %i)" AT \
         "  return (%y)\n"

/* Opens a trace, runs Lua, and converts at an opset; returns the status of the conversion. */
static ox_status convert(fixture *f, const char *trace, const char *lua, int64_t opset)
{
    ox_error err;
    assert_ok(open_trace(f, trace, &err), &err);
    if (lua) assert_ok(run(f, lua, &err), &err);
    ox_error_clear(&err);
    return export_at(f, opset, &err);
}

/* The conversion must succeed; then `expr` over the result must print `want`. */
static void converts(fixture *f, const char *trace, const char *lua, const char *expr, const char *want)
{
    ox_status s = convert(f, trace, lua, 17);
    if (s != OX_OK)
        fail_msg("%s", f->report && ox_report_n(f->report) ? ox_report_at(f->report, 0)->message : "no report");
    assert_prints(f, expr, want);
}

/* The conversion must fail with a first failure of that kind whose message contains part; line 0: not in Lua. */
static const ox_failure *refuses(fixture *f, const char *trace, const char *lua, ox_failure_kind kind, const char *part,
                                 uint32_t line)
{
    assert_int_equal(convert(f, trace, lua, 17), OX_E_CHECK);
    assert_non_null(f->report);
    const ox_failure *r = ox_report_at(f->report, 0);
    if (r->kind != kind || !strstr(r->message, part) || r->lua_line != line)
        fail_msg("kind %d at Lua line %u: '%s', expected kind %d, line %u, '%s'", (int)r->kind, r->lua_line, r->message,
                 (int)kind, line, part);
    if (line) assert_string_equal(r->lua_file, "test");
    return r;
}

#define OPS "local ops = {} for i, n in ipairs(graph:nodes()) do ops[i] = n:op() end return table.concat(ops, ' ')"

/* ---- binding ---- */

static void test_parameters_are_bound_by_name(void **state)
{
    fixture *f = *state;
    converts(f, ELU("1"),
             "symbolic('aten::elu', function(g, self, alpha) return g:op('Elu', self, {alpha_f = alpha}) end)",
             "graph:nodes()[1]:attr('alpha')", "1.5");
    converts(f, ELU("1"),
             "symbolic('aten::elu', function(g, alpha, self) return g:op('Elu', self, {alpha_f = alpha}) end)",
             "graph:nodes()[1]:op()", "onnx::Elu");
    converts(f, ELU("1"),
             "symbolic('aten::elu', function(g, scale, alpha, input) got = scale return g:op('Elu', input) end)",
             "math.type(got), got", "integer\t1");
    converts(
        f,
        HEAD "  %d : int = prim::Constant[value=0]()\n  %s : int = prim::Constant[value=0]()\n"
             "  %e : int = prim::Constant[value=1]()\n  %t : int = prim::Constant[value=1]()\n"
             "  %y : Float(1, 3) = aten::slice(%x, %d, %s, %e, %t)" AT "  return (%y)\n",
        "symbolic('aten::slice', function(g, self, end_, start, dim, step) got = end_ return g:op('Neg', self) end)",
        "got", "1");
}

static void test_an_argument_that_is_not_named(void **state)
{
    fixture *f = *state;
    const char *lua = "symbolic('aten::elu', function(g, self, alpha) return g:op('Elu', self, {alpha_f = alpha}) end)";
    const ox_failure *r = refuses(f, ELU("2"), lua, OX_FAILURE_REFUSED,
                                  "scale=2 is not handled by the symbolic function of aten::elu", 0);
    assert_string_equal(r->op, "aten::elu");
    assert_string_equal(r->scope, "Net/ELU[act]");
    assert_string_equal(r->file, "net.py");
    assert_int_equal(r->line, 7);
    assert_non_null(strstr(r->arguments, "alpha = 1.5"));
    assert_non_null(strstr(r->arguments, "scale = 2"));
    assert_non_null(strstr(r->arguments, "self : Float(2, 3"));
    converts(f, ELU("2"),
             "symbolic('aten::elu', {ignore = {'scale'}}, function(g, self, alpha) return g:op('Elu', self) end)",
             "graph:nodes()[1]:op()", "onnx::Elu");
    /* the built-in function keeps the same rule */
    stop(f);
    ox_error err;
    assert_ok(start(f, &err), &err);
    refuses(f, ELU("2"), NULL, OX_FAILURE_REFUSED, "scale=2 is not handled", 0);
    converts(f, ELU("1"), NULL, "graph:nodes()[1]:attr('alpha')", "1.5");
}

static void test_registering_errors(void **state)
{
    fixture *f = *state;
    assert_raises(f, "\nsymbolic('aten::linear', function(g, nothing) end)", "aten::linear(Tensor input", 2);
    assert_raises(f, "symbolic('aten::linear', function(g, input) end)", "weight", 1); /* has no default */
    assert_raises(f, "symbolic('aten::linear')", "function", 1);
    assert_raises(f, "symbolic('aten::linear', 3)", "function", 1);
    assert_raises(f, "symbolic(3, function(g) end)", "", 1);
    assert_raises(f, "symbolic('aten::linear', {}, function(g) end, 1)", "too many", 1);
    assert_raises(f, "symbolic('a::b', {opsets = 3}, function(g) end)", "unknown option 'opsets'", 1);
    assert_raises(f, "symbolic('a::b', {opset = 'x'}, function(g) end)", "version number", 1);
    assert_raises(f, "symbolic('a::b', {opset = {3}}, function(g) end)", "names no domain", 1);
    assert_raises(f, "symbolic('a::b', {opset = {a = 1, b = 2}}, function(g) end)", "more than one domain", 1);
    assert_raises(f, "symbolic('a::b', {params = 'x'}, function(g, x) end)", "list of names", 1);
    assert_raises(f, "symbolic('a::b', {params = {1}}, function(g, x) end)", "list of names", 1);
    assert_raises(f, "symbolic('a::b', {params = {'x', 'y'}}, function(g, x) end)",
                  "params names 2 arguments, the function takes 1", 1);
    assert_raises(f, "symbolic('a::b', {ignore = {{}}}, function(g, x) end)", "list of names", 1);
    assert_raises(f, "symbolic('a::b', function() end)", "takes no g", 1);
    assert_raises(f, "symbolic('a::b', print)", "written in Lua", 1);
    assert_raises(f, "symbolic('aten::relu', function(g, ...) end)", "has a schema", 1);
    assert_raises(f, "symbolic('a::b', {schema = 'a::b(Tensor x) -> Tensor'}, function(g, ...) end)", "has a schema",
                  1);
    assert_raises(f, "symbolic('a::b', {schema = 'a::b(Tensor'}, function(g, x) end)", "", 1);
    assert_raises(f, "symbolic('a::b', load(string.dump(function(g, x) end, true)))", "without names", 1);
    assert_prints(f, "pcall(symbolic, 'a::b', function() end)", "false\tthe function takes no g");
}

#define ADD(b) \
    HEAD "  %k : int = prim::Constant[value=1]()\n" b \
         "  %y : Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu) = aten::add(%x, %b, %k)" AT \
         "  return (%y)\n"
#define TENSOR_B "  %b : Float(2, 3, strides=[3, 1], requires_grad=0, device=cpu) = aten::relu(%x)" AT
#define SCALAR_B "  %b : int = prim::Constant[value=2]()\n"

static void test_overloads(void **state)
{
    fixture *f = *state;
    const char *lua = "symbolic('aten::add', function(g, self, other, alpha) return g:op('Neg', self) end) "
                      "symbolic('aten::add.Scalar', function(g, self, other) return g:op('Abs', self) end)";
    converts(f, ADD(TENSOR_B), lua, "graph:nodes()[1]:op()", "onnx::Neg"); /* the bare one; relu is not read any more */
    converts(f, ADD(SCALAR_B), lua, "graph:nodes()[1]:op()", "onnx::Abs"); /* an overload's own comes first */
    converts(f, ADD(SCALAR_B), "symbolic('aten::add.Scalar', function(g, self, other) return g:op('Exp', self) end)",
             "graph:nodes()[1]:op()", "onnx::Exp"); /* replaces the user's earlier one */
}

static void test_opsets(void **state)
{
    fixture *f = *state;
    const char *lua = "symbolic('aten::elu', function(g, self, alpha) return g:op('Neg', self) end) "
                      "symbolic('aten::elu', {opset = 12}, function(g, self, alpha) return g:op('Abs', self) end) "
                      "symbolic('aten::elu', {opset = 15}, function(g, self, alpha) return g:op('Exp', self) end)";
    const struct {
        int64_t opset;
        const char *op;
    } rows[] = {{9, "onnx::Neg"},  {11, "onnx::Neg"}, {12, "onnx::Abs"},
                {14, "onnx::Abs"}, {15, "onnx::Exp"}, {17, "onnx::Exp"}};
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        assert_int_equal(convert(f, ELU("1"), lua, rows[i].opset), OX_OK);
        assert_prints(f, "graph:nodes()[1]:op()", rows[i].op);
    }
    /* a user's comes before every built-in, whatever the opset */
    assert_int_equal(convert(f, ADD(SCALAR_B),
                             "symbolic('aten::add', {opset = 9}, function(g, self, other, alpha) return "
                             "g:op('Sign', self) end)",
                             17),
                     OX_OK);
    assert_prints(f, "graph:nodes()[1]:op()", "onnx::Sign");
}

#define WARP "  %m : int = prim::Constant[value=1]()\n  %y : Float(2, 3) = acme::warp(%x, %x, %m)" AT "  return (%y)\n"

static void test_custom_operators(void **state)
{
    fixture *f = *state;
    /* a schema of its own binds by name */
    converts(f, HEAD WARP,
             "symbolic('acme::warp', {schema = 'acme::warp(Tensor x, Tensor grid, int mode=0) -> Tensor'}, "
             "function(g, mode, grid, x) got = mode return g:op('acme.ops::Warp', x, grid, {mode_i = mode}) end)",
             "got, graph:nodes()[1]:op(), graph:nodes()[1]:attr('mode'), model:opset('acme.ops')",
             "1\tacme.ops::Warp\t1\t1");
    refuses(f, HEAD WARP,
            "symbolic('acme::warp', {schema = 'acme::warp(Tensor x, Tensor grid, int mode=0) -> Tensor'}, "
            "function(g, x, grid) return g:op('acme.ops::Warp', x, grid) end)",
            OX_FAILURE_REFUSED, "mode=1 is not handled", 0);
    /* without any schema parameters are positional */
    converts(f, HEAD WARP, "symbolic('acme::warp', function(g, a, b, c) got = c return g:op('acme.ops::Warp', b) end)",
             "got", "1");
    refuses(f, HEAD WARP, "symbolic('acme::warp', function(g, a, b) return g:op('acme.ops::Warp', b) end)",
            OX_FAILURE_REFUSED, "takes 2 arguments, the node has 3", 0);
    converts(f, HEAD WARP,
             "symbolic('acme::warp', function(g, ...) got = select('#', ...) return g:op('acme.ops::Warp', (...)) end)",
             "got", "3");
    /* a Python operator */
    converts(
        f, HEAD "  %y : Float(2, 3) = ^MyFunction(0.5, True)(%x)" AT "  return (%y)\n",
        "symbolic('^MyFunction', {params = {'x', 'alpha', 'flag'}}, function(g, x, alpha, flag) got = {alpha, flag} "
        "return g:op('Neg', x) end)",
        "got", "{0.5, true}");
}

/* ---- what arrives ---- */

static void test_what_arrives(void **state)
{
    fixture *f = *state;
    converts(f,
             HEAD "  %i : int = prim::Constant[value=3]()\n  %d : float = prim::Constant[value=3.]()\n"
                  "  %t : bool = prim::Constant[value=1]()\n  %s : str = prim::Constant[value=\"sum\"]()\n"
                  "  %n : NoneType = prim::Constant()\n  %dev : Device = prim::Constant[value=\"cpu\"]()\n"
                  "  %y : Float(2, 3) = acme::all(%x, %i, %d, %t, %s, %n, %dev)" AT "  return (%y)\n",
             "symbolic('acme::all', function(g, x, i, d, t, s, n, dev) got = {math.type(i), math.type(d), t, s, n == "
             "nil, dev, "
             "tostring(x)} return g:op('Neg', x) end)",
             "got", "{\"integer\", \"float\", true, \"sum\", true, \"cpu\", \"%x : Float(2, 3)\"}");
    /* lists have n, what is not constant is a value, an absent element false */
    converts(f,
             "graph(%x : Float(*, 3, strides=[3, 1], requires_grad=0, device=cpu)):\n"
             "  %k : int = prim::Constant[value=-1]()\n  %z : int = prim::Constant[value=0]()\n"
             "  %v : int = acme::count(%x)" AT "  %l : int[] = prim::ListConstruct(%v, %k)\n"
             "  %y : Float(2, 3) = aten::view(%x, %l)" AT "  return (%y)\n",
             "symbolic('acme::count', function(g, x) return g:op('Size', x) end) "
             "symbolic('aten::view', function(g, self, size) got = {size.n, type(size[1]), size[2]} return g:op('Neg', "
             "self) end)",
             "got", "{2, \"userdata\", -1}");
    converts(f,
             HEAD "  %n : NoneType = prim::Constant()\n  %l : Tensor?[] = prim::ListConstruct(%n, %x)\n"
                  "  %y : Float(2, 3) = aten::index(%x, %l)" AT "  return (%y)\n",
             "symbolic('aten::index', function(g, self, indices) got = {indices.n, indices[1], type(indices[2])} "
             "return g:op('Neg', self) end)",
             "got", "{2, false, \"userdata\"}");
    /* dtypes are names */
    converts(f,
             HEAD "  %t : int = prim::Constant[value=7]()\n  %b : bool = prim::Constant[value=0]()\n"
                  "  %n : NoneType = prim::Constant()\n"
                  "  %y : Double(2, 3) = aten::to(%x, %t, %b, %b, %n)" AT "  return (%y)\n",
             "symbolic('aten::to', function(g, self, dtype) got = dtype return g:op('Cast', self, {to_i = "
             "sym.onnx_dtype(dtype)}) end)",
             "got", "float64");
}

static void test_where_a_function_stands(void **state)
{
    fixture *f = *state;
    converts(f, ELU("1"),
             "symbolic('aten::elu', function(g, self, alpha) got = {g:opset(), g:opset('acme'), g:training(), "
             "g:n_outputs(), "
             "g:node():op(), g:node():scope():path()} return g:op('Elu', self) end)",
             "got", "{17, 0, false, 1, \"aten::elu\", \"act\"}");
    converts(f,
             HEAD "  %c : int = prim::Constant[value=3]()\n  %d : int = prim::Constant[value=1]()\n"
                  "  %l : Tensor[] = aten::chunk(%x, %c, %d)" AT
                  "  %p : Float(2, 1), %q : Float(2, 1), %r : Float(2, 1) = prim::ListUnpack(%l)\n"
                  "  return (%p, %q, %r)\n",
             "symbolic('aten::chunk', function(g, self, chunks, dim) got = g:n_outputs() return {g:op('Split', self, "
             "{axis_i = dim, "
             "outputs = chunks})} end)",
             "got, #graph:outputs()", "3\t3");
    converts(f,
             HEAD "  %c : int = prim::Constant[value=3]()\n  %d : int = prim::Constant[value=1]()\n"
                  "  %l : Tensor[] = aten::chunk(%x, %c, %d)" AT
                  "  %p : Float(2, 1), %q : Float(2, 1), %r : Float(2, 1) = prim::ListUnpack(%l)\n"
                  "  return (%p, %q, %r)\n",
             "symbolic('aten::chunk', function(g, self, chunks, dim) return g:op('Split', self, {axis_i = dim, outputs "
             "= chunks}) end)",
             OPS, "onnx::Split");
}

/* ---- results ---- */

#define MAX2(use) \
    HEAD "  %d : int = prim::Constant[value=1]()\n  %k : bool = prim::Constant[value=0]()\n" \
         "  %v : Float(2), %i : Long(2) = aten::max(%x, %d, %k)" AT "  return (%v" use ")\n"

static void test_results(void **state)
{
    fixture *f = *state;
    const char *nil_result =
        "symbolic('aten::max.dim', function(g, self, dim, keepdim) return g:op('ReduceMax', self, {axes_i = {dim}, "
        "keepdims_i = 0}), nil end)";
    converts(f, MAX2(""), nil_result, OPS, "onnx::ReduceMax");
    refuses(f, MAX2(", %i"), nil_result, OX_FAILURE_REFUSED, "cannot be expressed in ONNX", 0);
    refuses(f, MAX2(""), "symbolic('aten::max.dim', function(g, self, dim, keepdim) return self end)",
            OX_FAILURE_SCRIPT, "returned 1 result, the operator has 2", 0);
    refuses(f, ELU("1"), "symbolic('aten::elu', function(g, self, alpha) g:op('Elu', self) end)", OX_FAILURE_SCRIPT,
            "returned 0 results, the operator has 1", 0);
    refuses(f, ELU("1"), "symbolic('aten::elu', function(g, self, alpha) return self, self end)", OX_FAILURE_SCRIPT,
            "returned 2 results", 0);
    assert_int_equal(convert(f, ELU("1"), "symbolic('aten::elu', function(g, self, alpha) return 3 end)", 17),
                     OX_E_CHECK);
    assert_non_null(strstr(ox_report_at(f->report, 0)->message, "result 1 is a number, not a value"));
    assert_int_equal(convert(f, ELU("1"), "symbolic('aten::elu', function(g, self, alpha) return {{self}} end)", 17),
                     OX_E_CHECK);
    assert_non_null(strstr(ox_report_at(f->report, 0)->message, "table in a table"));
}

/* ---- failures ---- */

static void test_errors_in_functions(void **state)
{
    fixture *f = *state;
    const ox_failure *r =
        refuses(f, ELU("1"), "symbolic('aten::elu', function(g, self, alpha)\n  local x = nil\n  return x.y\nend)",
                OX_FAILURE_SCRIPT, "index", 3);
    assert_string_equal(r->scope, "Net/ELU[act]");
    assert_string_equal(r->op, "aten::elu");
    /* in a helper the line is that of the caller */
    refuses(f, ELU("1"),
            "symbolic('aten::elu', function(g, self, alpha)\n\n  return g:op('Elu', self, {alpha_f = "
            "sym.scalar(self)})\nend)",
            OX_FAILURE_SCRIPT, "a constant expected, got a value that is computed", 3);
    refuses(f, ELU("1"),
            "symbolic('aten::elu', function(g, self, alpha)\n\n  local y = sym.unsqueeze(g, self, {{}}) return y\nend)",
            OX_FAILURE_SCRIPT, "elements for dims", 3);
    /* a tail call to a helper leaves no line behind: then it is that of the function */
    refuses(f, ELU("1"),
            "\nsymbolic('aten::elu', function(g, self, alpha)\n\n  return sym.unsqueeze(g, self, {{}})\nend)",
            OX_FAILURE_SCRIPT, "elements for dims", 2);
    /* and caught errors are no failures */
    converts(f, ELU("1"),
             "symbolic('aten::elu', function(g, self, alpha) got = {pcall(g.op, g, 'Nothing', self)} return "
             "g:op('Elu', self) end)",
             "got[1], got[2]:match('no operator')", "false\tno operator");
}

static void test_unsupported(void **state)
{
    fixture *f = *state;
    const char *why = "ceil_mode with dilation";
    refuses(f, ELU("1"),
            "symbolic('aten::elu', function(g, self, alpha)\n  g:unsupported('ceil_mode with dilation')\n  after = "
            "true end)",
            OX_FAILURE_REFUSED, why, 2);
    assert_prints(f, "after", "nil");
    refuses(f, ELU("1"),
            "symbolic('aten::elu', function(g, self, alpha)\n  pcall(function() g:unsupported('ceil_mode with "
            "dilation') end)\n"
            "  after = true return g:op('Elu', self) end)",
            OX_FAILURE_REFUSED, why, 2);
    assert_prints(f, "after", "nil");
    refuses(
        f, ELU("1"),
        "symbolic('aten::elu', function(g, self, alpha)\n  xpcall(g.unsupported, print, g, 'ceil_mode with dilation')\n"
        "  after = true return g:op('Elu', self) end)",
        OX_FAILURE_REFUSED, why, 2);
    assert_prints(f, "after", "nil");
    refuses(f, ELU("1"),
            "symbolic('aten::elu', function(g, self, alpha)\n local co = coroutine.create(function()\n "
            "g:unsupported('ceil_mode with dilation') end) coroutine.resume(co)\n  after = true return g:op('Elu', "
            "self) end)",
            OX_FAILURE_REFUSED, why, 3);
    assert_prints(f, "after", "nil");
    refuses(f, ELU("1"),
            "symbolic('aten::elu', function(g, self, alpha)\n  local y = sym.is_float(self) and "
            "sym.need_rank(g, self) or 0\n  return sym.equal(g, self, self) and g:unsupported('ceil_mode with "
            "dilation') end)",
            OX_FAILURE_REFUSED, why, 3);
}

static void test_all_failures_are_found(void **state)
{
    fixture *f = *state;
    ox_error err;
    assert_ok(open_trace(f,
                         HEAD "  %a : Float(2, 3) = acme::one(%x)" AT "  %b : Float(2, 3) = acme::two(%x)" AT
                              "  %c : Float(2, 3) = aten::relu(%a)" AT "  %d : Float(2, 3) = aten::mul(%c, %b)" AT
                              "  return (%d)\n",
                         &err),
              &err);
    assert_prints(f,
                  "symbolic('acme::one', function(g, x) g:unsupported('first') end) "
                  "symbolic('acme::two', function(g, x) error('second') end)",
                  "");
    assert_int_equal(export_at(f, 17, &err), OX_E_CHECK);
    assert_int_equal(ox_report_n_failures(f->report), 2);
    assert_string_equal(ox_report_at(f->report, 0)->message, "first");
    assert_string_equal(ox_report_at(f->report, 1)->message, "second");
    assert_int_equal(ox_report_at(f->report, 1)->kind, OX_FAILURE_SCRIPT);
    /* mended one by one */
    assert_prints(f, "symbolic('acme::one', function(g, x) return g:op('Neg', x) end)", "");
    assert_int_equal(export_at(f, 17, &err), OX_E_CHECK);
    assert_int_equal(ox_report_n_failures(f->report), 1);
    assert_prints(f, "symbolic('acme::two', function(g, x) return g:op('Abs', x) end)", "");
    assert_ok(export_at(f, 17, &err), &err);
    assert_prints(f, OPS, "onnx::Neg onnx::Abs onnx::Relu onnx::Mul");
}

static void test_handles_of_a_failed_attempt(void **state)
{
    fixture *f = *state;
    const char *trace =
        HEAD "  %a : Float(2, 3) = acme::one(%x)" AT "  %b : Float(2, 3) = acme::two(%x)" AT "  return (%a, %b)\n";
    assert_int_equal(convert(f, trace,
                             "symbolic('acme::one', function(g, x) kept, kept_g = g:op('Neg', x), g error('no') end)\n"
                             "symbolic('acme::two', function(g, x)\n  new = g:op('Abs', x) same = new == kept\n  "
                             "return g:op('Neg', kept) end)",
                             17),
                     OX_E_CHECK);
    assert_prints(f, "same", "false");
    const ox_failure *r = ox_report_at(f->report, 1);
    assert_non_null(strstr(r->message, "no longer there"));
    assert_int_equal(r->lua_line, 4);
    assert_raises(f, "\nkept_g:op('Neg', 1)", "after the symbolic function", 2);
    assert_raises(f, "kept_g:opset()", "after the symbolic function", 1);
    assert_raises(f, "new:type()", "a model that is closed", 1);
    /* a kept g is refused inside a later call too */
    assert_int_equal(convert(f, trace, "symbolic('acme::two', function(g, x) return kept_g:op('Neg', x) end)", 17),
                     OX_E_CHECK);
    assert_non_null(strstr(ox_report_at(f->report, 1)->message, "after the symbolic function"));
}

static void test_values_of_the_trace(void **state)
{
    fixture *f = *state;
    /* `model` in a function is the model being made; a value of the trace kept from outside is another model's */
    assert_int_equal(convert(f, ELU("1"),
                             "outside = graph:value('x')\nsymbolic('aten::elu', function(g, self, alpha)\n"
                             "  return g:op('Elu', outside) end)",
                             17),
                     OX_E_CHECK);
    assert_non_null(strstr(ox_report_at(f->report, 0)->message, "input 1 belongs to another model"));
    assert_int_equal(ox_report_at(f->report, 0)->lua_line, 3);
    assert_int_equal(convert(f, ELU("1"),
                             "outside = graph:value('x') symbolic('aten::elu', function(g, self, alpha) "
                             "return outside end)",
                             17),
                     OX_E_CHECK);
    assert_non_null(strstr(ox_report_at(f->report, 0)->message, "result 1 belongs to another model"));
    assert_int_equal(
        convert(f, ELU("1"), "symbolic('aten::elu', function(g, self, alpha) command('export 9') end)", 17),
        OX_E_CHECK);
    assert_non_null(strstr(ox_report_at(f->report, 0)->message, "commands cannot run inside"));
}

/* ---- interrupts, garbage, memory ---- */

static ox_script *to_interrupt;

static void on_alarm(int sig)
{
    (void)sig;
    ox_script_interrupt(to_interrupt);
}

static void test_an_interrupt_stops_a_conversion(void **state)
{
    fixture *f = *state;
    static const char *const loops[] = {
        "symbolic('aten::elu', function(g, self, alpha) while true do end end)",
        "symbolic('aten::elu', function(g, self, alpha) while true do pcall(function() while true do end end) end end)",
        "symbolic('aten::elu', function(g, self, alpha) coroutine.wrap(function() while true do end end)() end)",
    };
    struct sigaction act = {.sa_handler = on_alarm}, old;
    for (size_t i = 0; i < OX__COUNT(loops); i++) {
        ox_error err;
        assert_ok(open_trace(f, ELU("1"), &err), &err);
        assert_prints(f, loops[i], "");
        to_interrupt = f->script;
        sigaction(SIGALRM, &act, &old);
        ualarm(20000, 0);
        assert_fails(export_at(f, 17, &err), OX_E_INTERRUPTED, "interrupted", &err);
        sigaction(SIGALRM, &old, NULL);
    }
    assert_int_equal(
        convert(f, ELU("1"), "symbolic('aten::elu', function(g, self, alpha) return g:op('Elu', self) end)", 17),
        OX_OK);
}

static void test_garbage_collected_at_every_step(void **state)
{
    fixture *f = *state;
    ox_error err;
    assert_ok(open_trace(f, ADD(TENSOR_B), &err), &err);
    assert_prints(f,
                  "symbolic('aten::add', function(g, self, other, alpha) local v = g:op('Add', self, other) "
                  "v = sym.unsqueeze(g, v, {0, 1}) return sym.squeeze(g, v, {0, 1}) end)",
                  "");
    assert_prints(f, "debug.sethook(function() collectgarbage() end, '', 1)", "");
    ox_status s = export_at(f, 17, &err);
    assert_prints(f, "debug.sethook()", "");
    assert_int_equal(s, OX_OK);
    assert_prints(f, OPS, "onnx::Relu onnx::Add onnx::Constant onnx::Unsqueeze onnx::Constant onnx::Squeeze");
}

/* The functions outlive their state; calling one then is an error and nothing more. */
static void test_a_closed_state(void **state)
{
    fixture *f = *state;
    ox_error err;
    assert_ok(open_trace(f, ELU("1"), &err), &err);
    assert_prints(f, "symbolic('aten::elu', function(g, self, alpha) return g:op('Elu', self) end)", "");
    ox_script_free(f->script);
    f->script = NULL;
    assert_int_equal(export_at(f, 17, &err), OX_E_CHECK);
    assert_non_null(strstr(ox_report_at(f->report, 0)->message, "was closed"));
}

/* Every allocation of creating a state, registering and converting fails: an error or a report, no leak. */
static void test_out_of_memory(void **state)
{
    (void)state;
    ox_error err;
    bool done = false;
    for (uint64_t n = 1; !done; n += 1 + n / 60) {
        fixture f;
        bool lasting = n % 2 == 0;
        ox__alloc_fail_at(n, lasting);
        ox_error_clear(&err);
        ox_status s = start(&f, &err);
        if (s == OX_OK) s = open_trace(&f, ELU("1"), &err);
        if (s == OX_OK)
            s = run(&f,
                    "symbolic('aten::elu', function(g, self, alpha) local y = g:op('Elu', self, {alpha_f = alpha}) "
                    "return sym.squeeze(g, sym.unsqueeze(g, g:op('Mul', y, 2.0), {0}), {0}) end)",
                    &err);
        if (s == OX_OK) s = export_at(&f, 13, &err);
        bool reached = ox__alloc_count() >= n;
        ox__alloc_fail_at(0, false);
        stop(&f);
        if (!reached)
            assert_int_equal(s, OX_OK);
        else if (lasting)
            assert_int_equal(s, OX_E_NOMEM);
        else
            assert_true(s == OX_OK || s == OX_E_NOMEM || s == OX_E_CHECK);
        done = !reached;
        assert_true(n < 1000000);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_parameters_are_bound_by_name, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_argument_that_is_not_named, setup, teardown),
        cmocka_unit_test_setup_teardown(test_registering_errors, setup, teardown),
        cmocka_unit_test_setup_teardown(test_overloads, setup, teardown),
        cmocka_unit_test_setup_teardown(test_opsets, setup, teardown),
        cmocka_unit_test_setup_teardown(test_custom_operators, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_arrives, setup, teardown),
        cmocka_unit_test_setup_teardown(test_where_a_function_stands, setup, teardown),
        cmocka_unit_test_setup_teardown(test_results, setup, teardown),
        cmocka_unit_test_setup_teardown(test_errors_in_functions, setup, teardown),
        cmocka_unit_test_setup_teardown(test_unsupported, setup, teardown),
        cmocka_unit_test_setup_teardown(test_all_failures_are_found, setup, teardown),
        cmocka_unit_test_setup_teardown(test_handles_of_a_failed_attempt, setup, teardown),
        cmocka_unit_test_setup_teardown(test_values_of_the_trace, setup, teardown),
        cmocka_unit_test_setup_teardown(test_an_interrupt_stops_a_conversion, setup, teardown),
        cmocka_unit_test_setup_teardown(test_garbage_collected_at_every_step, setup, teardown),
        cmocka_unit_test_setup_teardown(test_a_closed_state, setup, teardown),
        cmocka_unit_test(test_out_of_memory),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
