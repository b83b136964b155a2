/* The reader of source code in TorchScript archives: what PyTorch writes becomes the right tree, anything else an error
 * with its place. Trees are compared as text: kind, texts and children in brackets. */
#include "ox_test.h"

#include "io/torchscript/source.h"

static const char *const kinds[] = {"",      "",       "",      "",      "",      "None",  "True",  "False",
                                    "tuple", "list",   "dict",  "attr",  "call",  "key",   "index", "slice",
                                    "minus", "assign", "expr",  "if",    "for",   "while", "with",  "return",
                                    "pass",  "def",    "param", "class", "suite", "broken"};

static void show(ox__buf *b, const ox__src *e)
{
    if (!e) {
        ox__buf_addc(b, '~');
        return;
    }
    switch (e->kind) {
    case OX__SRC_BROKEN: ox__buf_addz(b, kinds[e->kind]); return;
    case OX__SRC_NAME: ox__buf_add(b, e->s, e->n); return;
    case OX__SRC_STR: ox__buf_addf(b, "\"%s\"", e->s); return;
    case OX__SRC_INT: ox__buf_addf(b, "%lld", (long long)e->i); return;
    case OX__SRC_FLOAT: ox__buf_addf(b, "%.17g!", e->f); return;
    case OX__SRC_COMPLEX: ox__buf_addf(b, "%g,%gj", e->c[0], e->c[1]); return;
    default: break;
    }
    ox__buf_addf(b, "%s%s", kinds[e->kind], e->many ? "*" : "");
    if (!e->n) return;
    ox__buf_addc(b, '(');
    for (uint32_t i = 0; i < e->n; i++) {
        if (i) ox__buf_addc(b, ' ');
        show(b, e->kid[i]);
    }
    ox__buf_addc(b, ')');
}

/* Parses `code` as the body of a function and compares its statements. */
static void body(const char *code, const char *expected)
{
    ox__buf text = {0}, out = {0};
    ox__arena arena = {0};
    ox__src *file;
    bool cut;
    ox_error err;
    ox__buf_addf(&text, "def f(x):\n  %s", code);
    ox__src_text t = {"code.py", text.p, text.n};
    assert_ok(ox__src_parse(&file, &t, &arena, &cut, &err), &err);
    assert_int_equal(file->n, 1);
    const ox__src *suite = file->kid[0]->kid[3];
    for (uint32_t i = 0; i < suite->n; i++) {
        if (i) ox__buf_addz(&out, "; ");
        show(&out, suite->kid[i]);
    }
    assert_string_equal(out.p, expected);
    ox__buf_free(&text);
    ox__buf_free(&out);
    ox__arena_free(&arena);
}

static void refused(const char *code, ox_status status, const char *part, uint32_t line, uint32_t col, bool is_cut)
{
    ox__arena arena = {0};
    ox__src *file;
    bool cut;
    ox_error err;
    ox__src_text t = {"code/__torch__.py", code, strlen(code)};
    assert_fails(ox__src_parse(&file, &t, &arena, &cut, &err), status, part, &err);
    assert_int_equal(cut, is_cut);
    assert_string_equal(err.file, "code/__torch__.py");
    assert_int_equal(err.line, line);
    assert_int_equal(err.col, col);
    ox__arena_free(&arena);
}

static void test_statements(void **state)
{
    (void)state;
    body("y = x\n", "assign(tuple(y) ~ x)");
    body("y = x", "assign(tuple(y) ~ x)");
    body("a, b = x, y\n", "assign(tuple(a b) ~ tuple(x y))");
    body("a, b, = x\n", "assign(tuple*(a b) ~ x)");
    body("a, = x\n", "assign(tuple*(a) ~ x)");
    body("y : Optional[int] = x\n", "assign(tuple(y) index(Optional int) x)");
    body("self.k = x\n", "assign(tuple(attr(self k)) ~ x)");
    body("return x, y\n", "return(tuple(x y))");
    body("return\n", "return(~)");
    body("pass\n", "pass");
    body("if x:\n    pass\n  else:\n    return x\n  y = x\n",
         "if(x suite(pass) suite(return(x))); assign(tuple(y) ~ x)");
    body("for i in range(n):\n    y = i\n", "for(i call(range n) suite(assign(tuple(y) ~ i)))");
    body("while c:\n    c, d = e, f\n", "while(c suite(assign(tuple(c d) ~ tuple(e f))))");
    body("with x as y:\n    pass\n  with z:\n    pass\n", "with(x y suite(pass)); with(z ~ suite(pass))");
    body("def g():\n    return x\n  f = fork(g)\n", "def(g suite ~ suite(return(x))); assign(tuple(f) ~ call(fork g))");
}

static void test_expressions(void **state)
{
    (void)state;
    body("(f).forward((g).forward(x, ), )\n", "expr(call(attr(f forward) call(attr(g forward) x)))");
    body("torch.add(x, y, alpha=2)\n", "expr(call(attr(torch add) x y key(alpha 2)))");
    body("annotate(List[Tensor], [])\n", "expr(call(annotate index(List Tensor) list))");
    body("getattr(self, \"0\")\n", "expr(call(getattr self \"0\"))");
    body("{\"a\": x, \"b\": y}\n", "expr(dict(\"a\" x \"b\" y))");
    body("Dict[str, Tuple[()]]\n", "expr(index(Dict tuple(str index(Tuple tuple))))");
    body("(t)[1:-1]\n", "expr(index(t slice(1 -1)))");
    body("t[:]\n", "expr(index(t slice(~ ~)))");
    body("(x,)\n", "expr(tuple(x))");
    body("[1, 2, ]\n", "expr(list(1 2))");
    body("f(x,\n        y)\n", "expr(call(f x y))");
    body("CONSTANTS.c12\n", "expr(attr(CONSTANTS c12))");
}

static void test_literals(void **state)
{
    (void)state;
    body("[1., .5, 1e-05, 1.0000000000000001e-05]\n",
         "expr(list(1! 0.5! 1.0000000000000001e-05! 1.0000000000000001e-05!))");
    body("[-9223372036854775808, 9223372036854775807, -0]\n", "expr(list(-9223372036854775808 9223372036854775807 0))");
    body("[inf, -inf, nan]\n", "expr(list(inf minus(inf) nan))");
    body("[1.+2.j, -0.-1.j, 3.j, 1.+infj]\n", "expr(list(1,2j -0,-1j 0,3j 1,infj))");
    body("\"a\\n\\\"\\x41\\101\\\\\"\n", "expr(\"a\n\"AA\\\")");
    body("'a'\n", "expr(\"a\")");
    body("[None, True, False]\n", "expr(list(None True False))");
}

static void test_classes(void **state)
{
    static const char code[] = "op_version_set = 1\nimport __torch__.a\n"
                               "class Net(Module):\n  __parameters__ = [\"w\", ]\n  __annotations__ = []\n"
                               "  __annotations__[\"0\"] = Tensor\n  w : Tensor\n  k : Final[int] = 3\n"
                               "  def forward(self: __torch__.Net,\n    x: Tensor,\n    n: int=3) -> Tensor:\n"
                               "    return x\nclass Empty(Interface):\n  def f(self) -> int:\n    pass\n";
    ox__arena arena = {0};
    ox__buf out = {0};
    ox__src *file;
    bool cut;
    ox_error err;
    (void)state;
    ox__src_text t = {"code.py", code, sizeof code - 1};
    assert_ok(ox__src_parse(&file, &t, &arena, &cut, &err), &err);
    show(&out, file);
    assert_string_equal(out.p, "suite(class(Net Module suite(assign(tuple(__parameters__) ~ list(\"w\")) "
                               "assign(tuple(__annotations__) ~ list) "
                               "assign(tuple(index(__annotations__ \"0\")) ~ Tensor) assign(tuple(w) Tensor ~) "
                               "assign(tuple(k) index(Final int) 3) "
                               "def(forward suite(param(self attr(__torch__ Net) ~) param(x Tensor ~) param(n int 3)) "
                               "Tensor suite(return(x))))) "
                               "class(Empty Interface suite(def(f suite(param(self ~ ~)) int suite(pass)))))");
    assert_true(ox__src_is(file->kid[0]->kid[0], "Net"));
    assert_int_equal(file->kid[0]->at, strstr(code, "class Net") - code);
    ox__buf_free(&out);
    ox__arena_free(&arena);
}

/* A function that is not understood stays in the tree with its error, and what stands behind it is read. */
static void broken(const char *code, const char *part, uint32_t line, uint32_t col, bool head)
{
    ox__arena arena = {0};
    ox__buf text = {0};
    ox__src *file;
    bool cut;
    ox_error err;
    ox__buf_addf(&text, "%s\n# a note\n\ndef behind(x):\n  return x\n", code);
    ox__src_text t = {"code/__torch__.py", text.p, text.n};
    assert_ok(ox__src_parse(&file, &t, &arena, &cut, &err), &err);
    assert_int_equal(file->n, 2);
    const ox__src *body = file->kid[0]->kid[3], *behind = file->kid[1];
    assert_int_equal(body->kind, OX__SRC_BROKEN);
    assert_int_equal(body->many, head);
    err = *body->error;
    assert_int_equal(err.code, OX_E_FORMAT);
    if (!strstr(err.msg, part) && !strstr(err.hint, part)) fail_msg("%s", err.msg);
    assert_string_equal(err.file, "code/__torch__.py");
    assert_int_equal(err.line, line);
    assert_int_equal(err.col, col);
    assert_true(ox__src_is(behind->kid[0], "behind"));
    assert_int_equal(behind->kid[3]->kid[0]->kind, OX__SRC_RETURN);
    ox__buf_free(&text);
    ox__arena_free(&arena);
}

static void test_broken(void **state)
{
    (void)state;
    broken("def f(x):\n  return x + y", "the end of the line", 2, 12, true);
    broken("def f(x):\n\treturn x", "a tab", 2, 1, true);
    broken("def f(x):\n  return \"abc", "does not end", 2, 10, true);
    broken("def f(x):\n  return \"a\\q\"", "unknown escape", 2, 12, true);
    broken("def f(x):\n    y = x\n  return y", "like no line above", 3, 3, true);
    broken("def f(x):\n  1 = x\n  y = x", "assigned to", 2, 3, true);
    broken("def f(x):\n  y = 99999999999999999999", "64 bits", 2, 7, true);
    broken("def f(x):\n  y = 9223372036854775808", "64 bits", 2, 7, true);
    broken("def f(x):\n  y = x$\n  if y:\n    return x", "does not have", 2, 8, true);
    broken("def f(x,\n    y @ z):\n  return x", "does not have", 2, 7, false);
    broken("def f(x) -> (int:\n  return (x", "`)`", 1, 17, false);
    broken("def f(x):\n  y = [x,\n    (x", "`)`", 6, 1, true);
}

/* A method too, whose class goes on. */
static void test_broken_method(void **state)
{
    static const char code[] = "class A(Module):\n  w : Tensor\n  def f(self):\n    if x:\n      y := x\n    return 1\n"
                               "  def g(self) -> int:\n    return 2\nclass B(Module):\n  def f(self):\n    x !\n";
    ox__arena arena = {0};
    ox__buf out = {0};
    ox__src *file;
    bool cut;
    ox_error err;
    (void)state;
    ox__src_text t = {"code.py", code, sizeof code - 1};
    assert_ok(ox__src_parse(&file, &t, &arena, &cut, &err), &err);
    show(&out, file);
    assert_string_equal(out.p, "suite(class(A Module suite(assign(tuple(w) Tensor ~) "
                               "def(f suite(param(self ~ ~)) ~ broken) "
                               "def(g suite(param(self ~ ~)) int suite(return(2))))) "
                               "class(B Module suite(def(f suite(param(self ~ ~)) ~ broken))))");
    ox__buf_free(&out);
    ox__arena_free(&arena);
}

static void test_places(void **state)
{
    (void)state;
    refused("x = 1\n", OX_E_FORMAT, "a class or a function", 1, 1, false);
    refused("def f(x):\n  return (x\n", OX_E_FORMAT, "cut or edited", 3, 1, true);
    refused("def f(x) ->", OX_E_FORMAT, "an expression", 1, 12, true);
    refused("class A(B:\n", OX_E_FORMAT, "`)`", 1, 10, false);
    refused("def 1(x):\n", OX_E_FORMAT, "a name", 1, 5, false);
}

/* Depth is bounded in each of the ways in which code can nest. */
static void test_depth(void **state)
{
    ox__buf b = {0};
    (void)state;
    ox__buf_addz(&b, "def f(x):\n  y = ");
    for (int i = 0; i < 200000; i++) ox__buf_addc(&b, '(');
    refused(b.p, OX_E_LIMIT, "nested deeper than 100", 2, 107, false);
    ox__buf_clear(&b);
    ox__buf_addz(&b, "def f(x):\n  y = x");
    for (int i = 0; i < 200000; i++) ox__buf_addz(&b, ".a");
    refused(b.p, OX_E_LIMIT, "more than 100 links", 2, 208, false);
    ox__buf_clear(&b);
    ox__buf_addz(&b, "def f(x):\n");
    for (int i = 1; i < 150; i++) ox__buf_addf(&b, "%*sif x:\n", i, "");
    refused(b.p, OX_E_LIMIT, "nested deeper than 100", 102, 102, false);
    ox__buf_free(&b);
}

/* Each allocation may fail. */
static void test_memory(void **state)
{
    static const char code[] = "class A(Module):\n  def f(self, x: Tensor=\"a\") -> Dict[str, int]:\n"
                               "    if x:\n      a, b, = {\"k\": [1.+2.j, (x)[1:2]]}\n    else:\n      pass\n";
    ox__src_text t = {"code.py", code, sizeof code - 1};
    (void)state;
    for (uint64_t i = 1;; i++) {
        ox__arena arena = {0};
        ox__src *file;
        bool cut;
        ox_error err;
        ox__alloc_fail_at(i, false);
        ox_status s = ox__src_parse(&file, &t, &arena, &cut, &err);
        ox__alloc_fail_at(0, false);
        ox__arena_free(&arena);
        if (s == OX_OK) {
            assert_true(i > 1);
            break;
        }
        assert_int_equal(s, OX_E_NOMEM);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_statements), cmocka_unit_test(test_expressions), cmocka_unit_test(test_literals),
        cmocka_unit_test(test_classes),    cmocka_unit_test(test_places),      cmocka_unit_test(test_depth),
        cmocka_unit_test(test_memory),     cmocka_unit_test(test_broken),      cmocka_unit_test(test_broken_method),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
