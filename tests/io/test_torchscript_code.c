/* Code of TorchScript archives as graphs: what PyTorch's loader makes of it, and the errors with their places. The
 * files of code are given from memory; the suite conformance/test_torchscript.py holds whole archives against PyTorch.
 */
#include "ox_test.h"

#include "io/torchscript/lower.h"

#include <onnxsh/print.h>

static const char *code; /* of the file __torch__ */
static int64_t version = 10;
static ox__obj_object object = {.class_name = "__torch__.Net"};
static ox__obj constants_item = {.kind = OX__OBJ_STR, .s = "k", .n = 1}, *constants_items[] = {&constants_item};
static ox__obj constants = {.kind = OX__OBJ_TUPLE, .n = 1, .items = constants_items};
static const ox__obj root = {.kind = OX__OBJ_OBJECT, .object = &object};

static ox_status code_file(void *ud, const char *qualifier, ox__src_text *text, const ox__obj **debug, ox_error *err)
{
    (void)ud, (void)debug, (void)err;
    if (strcmp(qualifier, "__torch__") == 0) *text = (ox__src_text){"code/__torch__.py", code, strlen(code)};
    return OX_OK;
}

static ox_status lower(ox_model **m, bool calls, ox_error *err)
{
    ox__ts_host host = {.root = &root, .constants = &constants, .version = version, .file = code_file};
    ox_status s = ox_model_create(m, OX_MODEL_TRACE, err);
    return s == OX_OK ? ox__ts_open(*m, &host, calls, NULL, NULL, NULL, err) : s;
}

static ox_status add_text(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)err;
    ox__buf_add(ud, s, n);
    return OX_OK;
}

/* The graph of `source` in PyTorch's form, scopes left out. */
static void graph_is(const char *source, bool calls, const char *expected)
{
    ox_model *m = NULL;
    ox__buf b = {0}, bare = {0};
    ox_error err;
    code = source;
    assert_ok(lower(&m, calls, &err), &err);
    ox_sink sink = {add_text, &b};
    ox_print_options opt = {.style = OX_STYLE_TORCH};
    assert_ok(ox_graph_print(m, ox_model_main(m), &opt, &sink, &err), &err);
    for (const char *p = b.p; *p;) {
        const char *eol = strchr(p, '\n'), *scope = strstr(p, ", scope: ");
        ox__buf_add(&bare, p, (size_t)((scope && scope < eol ? scope : eol) - p));
        ox__buf_addc(&bare, '\n');
        p = eol + 1;
    }
    assert_string_equal(bare.p, expected);
    ox__buf_free(&b);
    ox__buf_free(&bare);
    ox_model_free(m);
}

static void fails(const char *source, ox_status status, const char *part, uint32_t line, uint32_t col)
{
    ox_model *m = NULL;
    ox_error err;
    code = source;
    assert_fails(lower(&m, false, &err), status, part, &err);
    assert_int_equal(err.line, line);
    assert_int_equal(err.col, col);
    ox_model_free(m);
}

#define NET "class Net(Module):\n  __parameters__ = []\n"
#define FORWARD "  def forward(self: __torch__.Net,\n    x: Tensor,\n    n: int=3) -> Tensor:\n"

/* Defaults that the code leaves out are constants; each constant stands once, in front, in PyTorch's order. */
static void test_constants(void **state)
{
    (void)state;
    graph_is(NET FORWARD "    y = torch.add(x, x, alpha=2)\n    z = torch.mean(torch.mul(y, inf), [2, 3])\n"
                         "    return torch.sub(z, 2)\n",
             false,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"
             "  %1 : int = prim::Constant[value=1]()\n  %2 : NoneType = prim::Constant()\n"
             "  %3 : bool = prim::Constant[value=0]()\n  %4 : float = prim::Constant[value=inf]()\n"
             "  %5 : int = prim::Constant[value=2]()\n  %6 : int = prim::Constant[value=3]()\n"
             "  %y.1 : Tensor = aten::add(%x.1, %x.1, %5)\n  %7 : Tensor = aten::mul(%y.1, %4)\n"
             "  %8 : int[] = prim::ListConstruct(%5, %6)\n  %z.1 : Tensor = aten::mean(%7, %8, %3, %2)\n"
             "  %9 : Tensor = aten::sub(%z.1, %5, %1)\n  return (%9)\n");
}

/* What branches and rounds leave in variables are results, in the order of their first uses. */
static void test_control(void **state)
{
    (void)state;
    graph_is(NET FORWARD
             "    if torch.gt(n, 0):\n      a, b, c = x, 1, x\n    else:\n      a, b, c = torch.relu(x), 2, x\n"
             "    return torch.add(torch.mul(c, b), a)\n",
             false,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"
             "  %1 : int = prim::Constant[value=0]()\n  %b.1 : int = prim::Constant[value=1]()\n"
             "  %b.2 : int = prim::Constant[value=2]()\n  %2 : bool = aten::gt(%n.1, %1)\n"
             "  %b.3 : int, %a.2 : Tensor = prim::If(%2)\n    block0():\n      -> (%b.1, %x.1)\n    block1():\n"
             "      %a.1 : Tensor = aten::relu(%x.1)\n      -> (%b.2, %a.1)\n"
             "  %3 : Tensor = aten::mul(%x.1, %b.3)\n  %4 : Tensor = aten::add(%3, %a.2, %b.1)\n  return (%4)\n");
    graph_is(NET FORWARD
             "    y, k = x, n\n    for i in range(n):\n      y0 = torch.add(y, i)\n      y, k = y0, k\n    return y\n",
             false,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"
             "  %1 : int = prim::Constant[value=1]()\n  %2 : bool = prim::Constant[value=1]()\n"
             "  %y.2 : Tensor = prim::Loop(%n.1, %2, %x.1)\n    block0(%i.1 : int, %y.1 : Tensor):\n"
             "      %y0.1 : Tensor = aten::add(%y.1, %i.1, %1)\n      -> (%2, %y0.1)\n  return (%y.2)\n");
    graph_is(
        NET FORWARD "    c = torch.gt(n, 0)\n    k = n\n    while c:\n      k0 = torch.sub(k, 1)\n"
                    "      c, k = torch.gt(k0, 0), k0\n    return torch.mul(x, k)\n",
        false,
        "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"
        "  %1 : int = prim::Constant[value=0]()\n  %2 : int = prim::Constant[value=9223372036854775807]()\n"
        "  %3 : int = prim::Constant[value=1]()\n  %c.1 : bool = aten::gt(%n.1, %1)\n"
        "  %k.2 : int = prim::Loop(%2, %c.1, %n.1)\n    block0(%4 : int, %k.1 : int):\n"
        "      %k0.1 : int = aten::sub(%k.1, %3)\n      %c.2 : bool = aten::gt(%k0.1, %1)\n      -> (%c.2, %k0.1)\n"
        "  %5 : Tensor = aten::mul(%x.1, %k.2)\n  return (%5)\n");
}

#define CALLED \
    NET "  def f(self: __torch__.Net,\n    x: Tensor,\n    flag: bool=False) -> Tensor:\n    if flag:\n" \
        "      y = torch.relu(x)\n    else:\n      y = __torch__.g(x, )\n    return y\n" FORWARD \
        "    return (self).f(x, )\ndef g(x: Tensor,\n    o: Optional[Tensor]=None) -> Tensor:\n" \
        "  if torch.__is__(o, None):\n    y = torch.sigmoid(x)\n  else:\n    y = torch.add(x, unchecked_cast(Tensor, " \
        "o))\n" \
        "  return y\n"

static void test_calls(void **state)
{
    (void)state;
    graph_is(CALLED, true,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"
             "  %1 : bool = prim::Constant[value=0]()\n"
             "  %2 : Tensor = prim::CallMethod[name=\"f\"](%self.1, %x.1, %1)\n  return (%2)\n");
    graph_is(CALLED, false,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"
             "  %1 : bool = prim::Constant[value=0]()\n  %y.3 : Tensor = prim::If(%1)\n    block0():\n"
             "      %y.1 : Tensor = aten::relu(%x.1)\n      -> (%y.1)\n    block1():\n"
             "      %y.2 : Tensor = aten::sigmoid(%x.1)\n      -> (%y.2)\n  return (%y.3)\n");
}

static void test_values(void **state)
{
    (void)state;
    graph_is(NET "  def forward(self: __torch__.Net,\n    d: Dict[str, Tensor]) -> Tuple[Tensor, str]:\n"
                 "    a, b, = (d[CONSTANTS.c0], torch.keys(d))\n    return (a, b[-1])\n",
             false,
             "graph(%self.1 : __torch__.Net,\n      %d.1 : Dict(str, Tensor)):\n"
             "  %1 : str = prim::Constant[value=\"k\"]()\n  %2 : int = prim::Constant[value=-1]()\n"
             "  %a.1 : Tensor = aten::__getitem__(%d.1, %1)\n  %b.1 : str[] = aten::keys(%d.1)\n"
             "  %3 : str = aten::__getitem__(%b.1, %2)\n  %4 : (Tensor, str) = prim::TupleConstruct(%a.1, %3)\n"
             "  return (%4)\n");
    graph_is(NET "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    def __forked_function():\n"
                 "      return torch.relu(x)\n    f = fork(__forked_function)\n    return torch.wait(f)\n",
             false,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor):\n"
             "  %f.1 : Future[Tensor] = prim::fork_0(%x.1)\n  %2 : Tensor = aten::wait(%f.1)\n  return (%2)\n"
             "with prim::fork_0 = graph(%x.2 : Tensor):\n  %1 : Tensor = aten::relu(%x.2)\n  return (%1)\n");
}

/* What is forked is a graph of its own: numbers that it states are handed in, no pass looks inside. */
static void test_forks(void **state)
{
    (void)state;
    graph_is(NET "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    y = torch.relu(x)\n"
                 "    def __forked_function():\n      return torch.sub(torch.add(y, x, alpha=3), torch.mul(2, 3))\n"
                 "    f = fork(__forked_function)\n    return torch.wait(f)\n",
             false,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor):\n"
             "  %1 : int = prim::Constant[value=3]()\n  %2 : int = prim::Constant[value=2]()\n"
             "  %y.1 : Tensor = aten::relu(%x.1)\n  %f.1 : Future[Tensor] = prim::fork_0(%y.1, %x.1, %1, %2)\n"
             "  %9 : Tensor = aten::wait(%f.1)\n  return (%9)\n"
             "with prim::fork_0 = graph(%y.2 : Tensor,\n      %x.2 : Tensor,\n      %3 : int,\n      %4 : int):\n"
             "  %5 : Tensor = aten::add(%y.2, %x.2, %3)\n  %6 : int = aten::mul(%4, %3)\n"
             "  %7 : int = prim::Constant[value=1]()\n  %8 : Tensor = aten::sub(%5, %6, %7)\n  return (%8)\n");
}

/* 1.-2.j is a difference that is computed; 0. and -0. are equal, so the first of them stands for both. */
static void test_numbers(void **state)
{
    (void)state;
    graph_is(NET "  def forward(self: __torch__.Net,\n    x: Tensor) -> Tuple[complex, List[float]]:\n"
                 "    return (1.-2.j, [2., -0., 0.])\n",
             false,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor):\n"
             "  %1 : complex = prim::Constant[value=1.-2.j]()\n  %2 : float = prim::Constant[value=2.]()\n"
             "  %3 : float = prim::Constant[value=-0.]()\n  %4 : float[] = prim::ListConstruct(%2, %3, %3)\n"
             "  %5 : (complex, float[]) = prim::TupleConstruct(%1, %4)\n  return (%5)\n");
}

#define WORKERS \
    NET "  a : __torch__.Worker\n" FORWARD "    a = self.a\n    return (a).work(x, )\n" \
        "class Worker(ModuleInterface):\n  def work(self, x: Tensor) -> Tensor:\n    pass\n" \
        "class Adder(Module):\n  def work(self: __torch__.Adder,\n    x: Tensor) -> Tensor:\n" \
        "    return torch.relu(x)\n"
#define WORKERS_GRAPH "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"

/* A call through an interface is one of the method of the object that the archive holds there. */
static void test_interfaces(void **state)
{
    (void)state;
    static ox__obj_object adder = {.class_name = "__torch__.Adder"};
    static ox__obj key = {.kind = OX__OBJ_STR, .s = "a", .n = 1}, item = {.kind = OX__OBJ_OBJECT, .object = &adder};
    static ox__obj *items[] = {&key, &item}, dict = {.kind = OX__OBJ_DICT, .n = 1, .items = items};
    object.state = &dict;
    graph_is(WORKERS, false,
             WORKERS_GRAPH "  %a.1 : __torch__.Adder = prim::GetAttr[name=\"a\"](%self.1)\n"
                           "  %1 : Tensor = aten::relu(%x.1)\n  return (%1)\n");
    static const char called[] = "  %a.1 : InterfaceType<Worker> = prim::GetAttr[name=\"a\"](%self.1)\n"
                                 "  %1 : Tensor = prim::CallMethod[name=\"work\"](%a.1, %x.1)\n  return (%1)\n";
    char expected[512];
    snprintf(expected, sizeof expected, "%s%s", WORKERS_GRAPH, called);
    graph_is(WORKERS, true, expected);
    adder.class_name = "__torch__.Stranger"; /* whose code is not there */
    graph_is(WORKERS, false, expected);
    adder.class_name = "__torch__.Worker";
    graph_is(WORKERS, false, expected);
    adder.class_name = "__torch__.Adder";
    object.state = NULL;
}

/* A module that holds itself behind an interface would be called without end. */
static void test_interfaces_without_end(void **state)
{
    (void)state;
    static ox__obj_object self = {.class_name = "__torch__.Net"};
    static ox__obj key = {.kind = OX__OBJ_STR, .s = "a", .n = 1}, item = {.kind = OX__OBJ_OBJECT, .object = &self};
    static ox__obj *items[] = {&key, &item}, dict = {.kind = OX__OBJ_DICT, .n = 1, .items = items};
    self.state = object.state = &dict;
    fails(NET "  a : __torch__.Worker\n  def forward(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n"
              "    a = self.a\n    return torch.add((a).forward(x, ), (a).forward(x, ))\n"
              "class Worker(ModuleInterface):\n  def forward(self, x: Tensor) -> Tensor:\n    pass\n",
          OX_E_LIMIT, "forward is called too deep inside others", 7, 23);
    self.state = object.state = NULL;
}

/* Code that may put another module there is left as it is. */
static void test_interfaces_replaced(void **state)
{
    (void)state;
    static ox__obj_object adder = {.class_name = "__torch__.Adder"};
    static ox__obj key = {.kind = OX__OBJ_STR, .s = "a", .n = 1}, item = {.kind = OX__OBJ_OBJECT, .object = &adder};
    static ox__obj key_b = {.kind = OX__OBJ_STR, .s = "b", .n = 1};
    static ox__obj *items[] = {&key, &item, &key_b, &item}, dict = {.kind = OX__OBJ_DICT, .n = 2, .items = items};
    object.state = &dict;
    graph_is(NET "  a : __torch__.Worker\n  b : __torch__.Worker\n" FORWARD
                 "    b = self.b\n    self.a = b\n    a = self.a\n    return (a).work(x, )\n"
                 "class Worker(ModuleInterface):\n  def work(self, x: Tensor) -> Tensor:\n    pass\n"
                 "class Adder(Module):\n  def work(self: __torch__.Adder,\n    x: Tensor) -> Tensor:\n"
                 "    return torch.relu(x)\n",
             false,
             WORKERS_GRAPH "  %b.1 : InterfaceType<Worker> = prim::GetAttr[name=\"b\"](%self.1)\n"
                           "   = prim::SetAttr[name=\"a\"](%self.1, %b.1)\n"
                           "  %a.1 : InterfaceType<Worker> = prim::GetAttr[name=\"a\"](%self.1)\n"
                           "  %1 : Tensor = prim::CallMethod[name=\"work\"](%a.1, %x.1)\n  return (%1)\n");
    object.state = NULL;
}

/* What lies on other machines has its type; what the file does not hold is told. */
static void test_elsewhere(void **state)
{
    (void)state;
    graph_is(NET "  def forward(self: __torch__.Net,\n    x: RRef[Tensor]) -> Tensor:\n"
                 "    return torch.relu(torch.to_here(x))\n",
             false,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : RRef[Tensor]):\n"
             "  %1 : float = prim::Constant[value=60.]()\n  %2 : Tensor = aten::to_here(%x.1, %1)\n"
             "  %3 : Tensor = aten::relu(%2)\n  return (%3)\n");
    fails(NET FORWARD "    w = ops.prim.ConstantMKLDNNTensor()\n    return torch.mul(x, w)\n", OX_E_UNSUPPORTED,
          "a weight stands here that the file does not hold", 6, 9);
}

#define ONES_GRAPH "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"

#define OLDER \
    "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n" \
    "  %real.1 : bool = prim::Constant[value=1]()\n  %1 : str = prim::Constant[value=\"trunc\"]()\n" \
    "  %2 : bool = aten::is_floating_point(%x.1)\n  %real.3 : bool = prim::If(%2)\n    block0():\n" \
    "      -> (%real.1)\n    block1():\n" \
    "      %real.2 : bool = prim::isinstance[types=[float]](%n.1)\n      -> (%real.2)\n" \
    "  %ratio.3 : Tensor = prim::If(%real.3)\n    block0():\n      %ratio.1 : Tensor = aten::div(%x.1, %n.1)\n" \
    "      -> (%ratio.1)\n    block1():\n      %ratio.2 : Tensor = aten::div(%x.1, %n.1, %1)\n" \
    "      -> (%ratio.2)\n  return (%ratio.3)\n"

/* Operators mean what they meant when the archive was written. */
static void test_versions(void **state)
{
    (void)state;
    static const char quotient[] = NET FORWARD "    return torch.div(x, n)\n";
    version = 3;
    graph_is(quotient, false, OLDER);
    graph_is(NET FORWARD "    return torch.add(torch.full([2], 3), torch.linspace(0, 1))\n", false,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"
             "  %1 : float = prim::Constant[value=3.]()\n  %2 : NoneType = prim::Constant()\n"
             "  %3 : int = prim::Constant[value=2]()\n  %4 : int = prim::Constant[value=0]()\n"
             "  %5 : int = prim::Constant[value=1]()\n  %6 : int = prim::Constant[value=100]()\n"
             "  %7 : int[] = prim::ListConstruct(%3)\n  %filled.1 : Tensor = aten::full(%7, %1, %2, %2, %2, %2)\n"
             "  %8 : Tensor = aten::linspace(%4, %5, %6, %2, %2, %2, %2)\n"
             "  %9 : Tensor = aten::add(%filled.1, %8, %5)\n  return (%9)\n");
    version = 0;
    fails(quotient, OX_E_UNSUPPORTED, "aten::div meant something else in older archives", 6, 12);
    version = 4;
    graph_is(quotient, false, ONES_GRAPH "  %1 : Tensor = aten::div(%x.1, %n.1)\n  return (%1)\n");
    version = 8;
    fails(NET FORWARD "    return torch.linspace(0, 1)\n", OX_E_UNSUPPORTED, "no overload of aten::linspace", 6, 12);
    version = 10;
}

#define ONES(by, after) \
    NET "  def f(self: __torch__.Net,\n    x: Tensor) -> Tensor:\n    return " after "(torch.mul(x, " by \
        "))\n" FORWARD "    return (self).f(x, )\n"

/* In functions that are called, a product with an int 1 goes unless its result and what it is made from may both be
 * seen outside, or something is written to. */
static void test_ones(void **state)
{
    (void)state;
    graph_is(ONES("1", "torch.relu"), false, ONES_GRAPH "  %1 : Tensor = aten::relu(%x.1)\n  return (%1)\n");
    graph_is(ONES("1", ""), false,
             ONES_GRAPH "  %1 : int = prim::Constant[value=1]()\n  %2 : Tensor = aten::mul(%x.1, %1)\n"
                        "  return (%2)\n");
    graph_is(ONES("1.", "torch.relu"), false,
             ONES_GRAPH "  %1 : float = prim::Constant[value=1.]()\n  %2 : Tensor = aten::mul(%x.1, %1)\n"
                        "  %3 : Tensor = aten::relu(%2)\n  return (%3)\n");
    graph_is(ONES("1", "torch.relu_"), false,
             ONES_GRAPH "  %1 : int = prim::Constant[value=1]()\n  %2 : Tensor = aten::mul(%x.1, %1)\n"
                        "  %3 : Tensor = aten::relu_(%2)\n  return (%3)\n");
}

/* Members of enums are constants, one for each time that they are named; their parts are operators. */
static void test_enums(void **state)
{
    (void)state;
    graph_is("class Color(Enum):\n  RED = 1\n  GREEN = 2\n" NET FORWARD
             "    c = __torch__.Color.GREEN\n    if torch.eq(c, __torch__.Color.RED):\n      d = c\n    else:\n"
             "      d = __torch__.Color.GREEN\n    k = torch.len((d).name)\n"
             "    return torch.mul(torch.mul(x, (d).value), k)\n",
             false,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"
             "  %d.1 : Enum<__torch__.Color> = prim::Constant[value=__torch__.Color.GREEN]()\n"
             "  %1 : Enum<__torch__.Color> = prim::Constant[value=__torch__.Color.RED]()\n"
             "  %c.1 : Enum<__torch__.Color> = prim::Constant[value=__torch__.Color.GREEN]()\n"
             "  %2 : bool = aten::eq(%c.1, %1)\n  %d.2 : Enum<__torch__.Color> = prim::If(%2)\n    block0():\n"
             "      -> (%c.1)\n    block1():\n      -> (%d.1)\n  %3 : str = prim::EnumName(%d.2)\n"
             "  %k.1 : int = aten::len(%3)\n  %4 : int = prim::EnumValue(%d.2)\n"
             "  %5 : Tensor = aten::mul(%x.1, %4)\n  %6 : Tensor = aten::mul(%5, %k.1)\n  return (%6)\n");
    fails("class Color(Enum):\n  RED = 1\n" NET FORWARD "    return torch.add(x, (__torch__.Color.BLUE).value)\n",
          OX_E_FORMAT, "the enum __torch__.Color has no BLUE", 8, 26);
    fails("class Color(Enum):\n  RED = 1\n" NET FORWARD "    return torch.add(x, (__torch__.Color.RED).size)\n",
          OX_E_FORMAT, "a member of an enum has no size", 8, 26);
}

/* An interface says what a method takes, not what it does: the call stays. A hook is called as a function. */
static void test_classes(void **state)
{
    (void)state;
    graph_is("class Worker(ModuleInterface):\n  def work(self, x: Tensor) -> Tensor:\n    pass\n" NET
             "  w : __torch__.Worker\n" FORWARD "    w = self.w\n    return (w).work(x, )\n",
             false,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"
             "  %w.1 : InterfaceType<Worker> = prim::GetAttr[name=\"w\"](%self.1)\n"
             "  %1 : Tensor = prim::CallMethod[name=\"work\"](%w.1, %x.1)\n  return (%1)\n");
    graph_is(NET FORWARD "    _0 = __torch__.Net.before\n    _1, = _0(self, (x,), )\n    return _1\n"
                         "  def before(self: __torch__.Net,\n    x: Tuple[Tensor]) -> Tuple[Tensor]:\n"
                         "    return (torch.relu((x)[0]),)\n",
             true,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"
             "  %1 : Function = prim::Constant[name=\"before\"]()\n  %2 : (Tensor) = prim::TupleConstruct(%x.1)\n"
             "  %3 : (Tensor) = prim::CallFunction(%1, %self.1, %2)\n  %4 : Tensor = prim::TupleUnpack(%3)\n"
             "  return (%4)\n");
    fails(NET FORWARD "    _0 = __torch__.Net.after\n    return x\n", OX_E_FORMAT, "has no method after", 6, 10);
}

/* What `with` enters has the type that its class says. */
static void test_with(void **state)
{
    (void)state;
    graph_is("class Timer:\n  n : int\n  def __enter__(self: __torch__.Timer) -> int:\n    return 1\n" NET FORWARD
             "    _0 = __torch__.Timer.__new__(__torch__.Timer)\n    with _0 as k:\n      y = torch.mul(x, k)\n"
             "    return y\n",
             false,
             "graph(%self.1 : __torch__.Net,\n      %x.1 : Tensor,\n      %n.1 : int):\n"
             "  %1 : __torch__.Timer = prim::CreateObject()\n  %k.1 : int = prim::Enter(%1)\n"
             "  %y.1 : Tensor = aten::mul(%x.1, %k.1)\n  %2 : Tensor = prim::Exit(%1)\n  return (%y.1)\n");
}

static void test_errors(void **state)
{
    (void)state;
    fails(NET FORWARD "    return y\n", OX_E_FORMAT, "the name y is not defined", 6, 12);
    fails(NET FORWARD "    return torch.relu(x, x)\n", OX_E_UNSUPPORTED, "no overload of aten::relu", 6, 12);
    fails(NET FORWARD "    return (self).g(x, )\n", OX_E_FORMAT, "has no method g", 6, 13);
    fails(NET FORWARD "    return CONSTANTS.c1\n", OX_E_FORMAT, "no constant c1", 6, 22);
    fails(NET FORWARD "    return __torch__.a.b(x, )\n", OX_E_NOT_FOUND, "no code for __torch__.a.b", 6, 12);
    fails(NET FORWARD "    if x:\n      return x\n    else:\n      pass\n    return x\n", OX_E_UNSUPPORTED,
          "a return inside", 7, 7);
    fails(NET FORWARD "    a, b, = n\n    return x\n", OX_E_FORMAT, "cannot be unpacked", 6, 13);
    fails(NET FORWARD "    for i in x:\n      pass\n    return x\n", OX_E_UNSUPPORTED, "other than range(n)", 6, 14);
    fails(NET FORWARD "    return __torch__.f(x, )\ndef f(x: Tensor) -> Tensor:\n  return __torch__.f(x, )\n",
          OX_E_LIMIT, "f calls itself", 7, 1);
}

static void test_other_errors(void **state)
{
    ox_model *m = NULL;
    ox_error err;
    (void)state;
    fails("class Other(Module):\n  __parameters__ = []\n", OX_E_FORMAT, "no code for its class __torch__.Net", 0, 0);
    fails(NET, OX_E_NOT_FOUND, "has no method", 0, 0);
    fails("class Net(Module):\n  a : __torch__.B\n" FORWARD "    return x\nclass B(NamedTuple):\n  b : __torch__.B\n",
          OX_E_FORMAT, "is a part of itself", 7, 1);
    ox__ts_host host = {.root = &constants, .file = code_file};
    assert_ok(ox_model_create(&m, OX_MODEL_TRACE, &err), &err);
    assert_fails(ox__ts_open(m, &host, 0, NULL, NULL, NULL, &err), OX_E_FORMAT, "holds no module", &err);
    ox_model_free(m);
}

static void add_name(void *ud, const char *method)
{
    ox__buf_addf(ud, "%s ", method);
}

/* forward is the first method, the others follow in the order of the code. */
static void test_methods(void **state)
{
    ox_model *m = NULL;
    ox_error err;
    ox__buf names = {0};
    ox__ts_host host = {.root = &root, .constants = &constants, .version = version, .file = code_file};
    (void)state;
    code = CALLED;
    assert_ok(ox__ts_list(&host, add_name, &names, &err), &err);
    assert_string_equal(names.p, "forward f ");
    ox__buf_free(&names);
    assert_ok(ox_model_create(&m, OX_MODEL_TRACE, &err), &err);
    assert_ok(ox__ts_open(m, &host, 3, NULL, NULL, NULL, &err), &err);
    assert_int_equal(ox_graph_n_inputs(m, ox_model_main(m)), 3);
    ox_model_free(m);
    assert_ok(ox_model_create(&m, OX_MODEL_TRACE, &err), &err);
    assert_fails(ox__ts_open(m, &host, 4, NULL, NULL, NULL, &err), OX_E_NOT_FOUND, "fewer methods", &err);
    ox_model_free(m);
}

/* Functions that call each other twice each stand for 2^30 nodes: refused in time. */
static void test_bomb(void **state)
{
    ox__buf b = {0};
    (void)state;
    ox__buf_addz(&b,
                 NET FORWARD "    return __torch__.f30(x, )\ndef f0(x: Tensor) -> Tensor:\n  return torch.relu(x)\n");
    for (int i = 1; i <= 30; i++)
        ox__buf_addf(&b, "def f%d(x: Tensor) -> Tensor:\n  return __torch__.f%d(__torch__.f%d(x, ), )\n", i, i - 1,
                     i - 1);
    fails(b.p, OX_E_LIMIT, "stands for more than", 8, 10);
    ox__buf_free(&b);
}

/* Each allocation may fail. */
static void test_memory(void **state)
{
    (void)state;
    code = CALLED;
    for (uint64_t i = 1;; i++) {
        ox_model *m = NULL;
        ox_error err;
        ox__alloc_fail_at(i, false);
        ox_status s = lower(&m, false, &err);
        ox__alloc_fail_at(0, false);
        ox_model_free(m);
        if (s == OX_OK) {
            assert_true(i > 50);
            break;
        }
        assert_int_equal(s, OX_E_NOMEM);
    }
}

/* What the tracer was given says dtype and sizes of the inputs, no more; the types of the code stand beside. */
static void test_inputs(void **state)
{
    (void)state;
    static const int64_t two_three[] = {2, 3}, seven[] = {7};
    static ox__obj_tensor f23 = {.dtype = OX_FLOAT, .rank = 2, .sizes = two_three},
                          l7 = {.dtype = OX_INT64, .rank = 1, .sizes = seven},
                          q7 = {.dtype = OX_UINT8, .rank = 1, .sizes = seven, .quant = OX__QUANT_TENSOR},
                          odd = {.rank = 1, .sizes = seven};
    static ox__obj none = {.kind = OX__OBJ_NONE}, key = {.kind = OX__OBJ_STR, .s = "k", .n = 1},
                   a = {.kind = OX__OBJ_TENSOR, .tensor = &f23}, b = {.kind = OX__OBJ_TENSOR, .tensor = &l7},
                   q = {.kind = OX__OBJ_TENSOR, .tensor = &q7}, o = {.kind = OX__OBJ_TENSOR, .tensor = &odd},
                   *pair[] = {&a, &b}, *same[] = {&a, &a}, *entries[] = {&key, &b},
                   tuple = {.kind = OX__OBJ_TUPLE, .n = 2, .items = pair},
                   list = {.kind = OX__OBJ_LIST, .n = 2, .items = same},
                   mixed = {.kind = OX__OBJ_LIST, .n = 2, .items = pair}, empty = {.kind = OX__OBJ_LIST},
                   dict = {.kind = OX__OBJ_DICT, .n = 1, .items = entries};
    static const struct {
        const char *type;
        ox__obj *given;
        const char *want;
    } rows[] = {{"Tensor", &a, "Float(2, 3)"},
                {"Tensor", &q, "Tensor"},
                {"Tensor", &o, "Tensor"},
                {"Tensor", &none, "Tensor"},
                {"int", &a, "int"},
                {"Tuple[Tensor, Tensor]", &tuple, "(Float(2, 3), Long(7))"},
                {"Tuple[Tensor, Tensor]", &list, "(Tensor, Tensor)"},
                {"Tuple[Tensor]", &tuple, "(Tensor)"},
                {"List[Tensor]", &list, "Float(2, 3)[]"},
                {"List[Tensor]", &mixed, "Tensor[]"},
                {"List[Tensor]", &empty, "Tensor[]"},
                {"Optional[Tensor]", &a, "Float(2, 3)?"},
                {"Optional[Tensor]", &none, "Tensor?"},
                {"Dict[str, Tensor]", &dict, "Dict(str, Long(7))"}};
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        char source[512], text[256], said[256];
        ox_error err;
        ox_model *m;
        ox__obj *items[] = {rows[i].given}, args = {.kind = OX__OBJ_LIST, .n = 1, .items = items},
                forward = {.kind = OX__OBJ_STR, .s = "forward", .n = 7}, *methods[] = {&forward, &args},
                inputs = {.kind = OX__OBJ_DICT, .n = 1, .items = methods};
        snprintf(source, sizeof source,
                 NET "  def forward(self: __torch__.Net,\n    x: %s) -> NoneType:\n    return None\n", rows[i].type);
        code = source;
        ox__ts_host host = {
            .root = &root, .constants = &constants, .version = version, .inputs = &inputs, .file = code_file};
        assert_ok(ox_model_create(&m, OX_MODEL_TRACE, &err), &err);
        assert_ok(ox__ts_open(m, &host, 0, NULL, NULL, NULL, &err), &err);
        ox_value v = ox_graph_input(m, ox_model_main(m), 1);
        ox_type_text(m, ox_value_type(m, v), text, sizeof text);
        assert_string_equal(text, rows[i].want);
        ox_type_text(m, ox_value_given_type(m, v), said, sizeof said);
        assert_null(strpbrk(said, "2347"));
        ox_model_free(m);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_constants),
        cmocka_unit_test(test_control),
        cmocka_unit_test(test_calls),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_other_errors),
        cmocka_unit_test(test_bomb),
        cmocka_unit_test(test_methods),
        cmocka_unit_test(test_memory),
        cmocka_unit_test(test_inputs),
        cmocka_unit_test(test_enums),
        cmocka_unit_test(test_classes),
        cmocka_unit_test(test_with),
        cmocka_unit_test(test_forks),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_ones),
        cmocka_unit_test(test_versions),
        cmocka_unit_test(test_elsewhere),
        cmocka_unit_test(test_interfaces),
        cmocka_unit_test(test_interfaces_without_end),
        cmocka_unit_test(test_interfaces_replaced),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
