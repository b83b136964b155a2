/* The query language: every field, the grammar, every mistake with its column, limits. */
#include "ox_ir_test.h"

#include <onnxsh/print.h>
#include <onnxsh/query.h>

static ox_model *m;
static ox_graph g;
static ox_error err;
static ox_query *q;
static char hits[1024];

static ox_str str(const char *s)
{
    return ox_str_addz(m, s);
}

static ox_value typed(ox_value v, ox_dtype dtype, int rank, const char *const *dims)
{
    ox_dim d[8];
    for (int i = 0; i < rank; i++) assert_ok(ox_dim_parse(m, dims[i], strlen(dims[i]), &d[i], &err), &err);
    assert_ok(ox_value_set_type(m, v, ox_type_tensor(m, dtype, rank, d), &err), &err);
    return v;
}

static ox_node named(ox_node n, const char *name)
{
    assert_ok(ox_node_set_name(m, n, str(name), &err), &err);
    return n;
}

static void attr(ox_node n, ox_attr a, const char *name)
{
    a.name = str(name);
    assert_ok(ox_node_set_attr(m, n, &a, &err), &err);
}

/* conv1 -> relu -> conv2 -> if { gemm } -> out; a trace's nodes and a function beside them. */
static int setup(void **state)
{
    (void)state;
    m = ir_model();
    g = ox_model_main(m);
    hits[0] = '\0';
    ox_scope net, features, conv;
    assert_ok(ox_scope_add(m, &net, (ox_scope){0}, str("m.Net"), (ox_str){0}, &err), &err);
    assert_ok(ox_scope_add(m, &features, net, str("n.Sequential"), str("features"), &err), &err);
    assert_ok(ox_scope_add(m, &conv, features, str("n.Conv2d"), str("0"), &err), &err);
    const char *image[] = {"N", "3", "*"}, *wide[] = {"2*seq+1", "64", "7"};
    ox_value x = typed(ir_input(m, g, "input"), OX_FLOAT, 3, image), w = ir_initializer(m, g, "conv1.weight", 0.5f);
    ox_value in[] = {x, w};
    ox_node conv1 = named(ir_node(m, g, "Conv", 2, in, "/features/c1_output_0"), "/features/Conv1");
    ox_value c1 = typed(ox_node_output(m, conv1, 0), OX_FLOAT16, 3, wide);
    int64_t three[] = {3, 3};
    attr(conv1, (ox_attr){.kind = OX_ATTR_INT, .u.i = 2}, "group");
    attr(conv1, (ox_attr){.kind = OX_ATTR_INTS, .n = 2, .u.ints = three}, "kernel_shape");
    attr(conv1, (ox_attr){.kind = OX_ATTR_FLOAT, .u.f = 0.1f}, "alpha");
    attr(conv1, (ox_attr){.kind = OX_ATTR_STRING, .u.s = str("NOT SET")}, "auto_pad");
    assert_ok(ox_node_set_scope(m, conv1, conv, &err), &err);
    assert_ok(ox_node_set_loc(m, conv1, ox_loc_add(m, str("pkg/models.py"), 26, 4), &err), &err);
    ox_node relu = named(ir_node(m, g, "Relu", 1, &c1, "r"), "relu one");
    ox_value r = typed(ox_node_output(m, relu, 0), OX_FLOAT, 0, NULL);
    assert_ok(ox_node_set_scope(m, relu, features, &err), &err);
    ox_node conv2 = named(ir_node(m, g, "Conv", 1, &r, "17"), "conv2");
    ox_value v17 = ox_node_output(m, conv2, 0);
    attr(conv2, (ox_attr){.kind = OX_ATTR_INT, .u.i = 1}, "group");
    ox_node branch = named(ir_node(m, g, "If", 1, &v17, "out"), "if");
    ox_graph block = ir_block(m, branch, "then_branch");
    ox_node gemm = named(ir_node(m, block, "Gemm", 1, &r, "inner"), "gemm");
    assert_ok(ox_graph_add_output(m, block, SIZE_MAX, ox_node_output(m, gemm, 0), &err), &err);
    assert_ok(ox_graph_add_output(m, g, SIZE_MAX, ox_node_output(m, branch, 0), &err), &err);
    ox_node number = named(ir_node(m, g, "Constant", 0, NULL, "two"), "number");
    attr(number, (ox_attr){.kind = OX_ATTR_INT, .u.i = 2}, "value_int");
    ox_value two = ox_node_output(m, number, 0), both[] = {r, two};
    ox_node trace = named(ir_node(m, g, "x", 2, both, NULL), "trace");
    assert_ok(ox_node_set_op(m, trace, str("aten"), str("add_"), str("Tensor"), &err), &err);
    ox_graph f;
    assert_ok(ox_graph_create(m, &f, OX_GRAPH_FUNCTION, str("f"), &err), &err);
    named(ir_node(m, f, "Inside", 0, NULL, "y"), "in function");
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    ox__alloc_fail_at(0, false);
    ox_query_free(q);
    q = NULL;
    ox_model_free(m);
    return 0;
}

static bool hit(void *ud, ox_node n)
{
    (void)ud;
    size_t len = strlen(hits);
    snprintf(hits + len, sizeof hits - len, len ? ", %s" : "%s", ox_str_text(m, ox_node_name(m, n), NULL));
    return true;
}

static void find(const char *text)
{
    ox_query_free(q);
    q = NULL;
    hits[0] = '\0';
    ox_status s = ox_query_parse(&q, m, text, strlen(text), &err);
    if (s != OX_OK) fail_msg("%s: column %u: %s", text, err.col, err.msg);
    assert_ok(ox_query_run(q, m, hit, NULL, NULL, &err), &err);
    /* each node alone must say the same */
    size_t n = 0, same = 0;
    for (const char *p = hits; *p; p++) n += *p == ',';
    n += *hits != '\0';
    for (uint32_t id = 1; id < ox_model_node_limit(m); id++) {
        ox_node at = ox_model_node_at(m, id);
        same += at.id && ox_query_matches(q, m, at);
    }
    if (n != same) fail_msg("%s: %zu nodes, but %zu one by one", text, n, same);
}

#define assert_finds(text, names) \
    do { \
        find(text); \
        if (strcmp(hits, (names)) != 0) fail_msg("%s: found '%s', expected '%s'", (text), hits, (names)); \
    } while (0)

static void test_operators(void **state)
{
    (void)state;
    assert_finds("op:Conv", "/features/Conv1, conv2");
    assert_finds("op:conv", "/features/Conv1, conv2"); /* no capitals: either case */
    assert_finds("op:CONV", "");
    assert_finds("op:onnx::Conv", "/features/Conv1, conv2");
    assert_finds("op:ai.onnx::Conv", "/features/Conv1, conv2");
    assert_finds("op:Con*", "/features/Conv1, conv2, number");
    assert_finds("op:?emm", "gemm");
    assert_finds("op:/^onnx::.e/", "relu one, gemm");
    assert_finds("op:aten::add_", "trace");
    assert_finds("op:aten::add_.Tensor", "trace");
    assert_finds("op:add_.tensor", "trace");
    assert_finds("op:aten::*", "trace");
    assert_finds("aten::add_", "trace");
    assert_finds("op:aten::add_.Scalar", "");
    assert_finds("op:^Warp", "");
    assert_finds("op:Inside", "in function");
}

static void test_scopes_and_sources(void **state)
{
    (void)state;
    assert_finds("scope:features", "/features/Conv1, relu one");
    assert_finds("scope:features.0", "/features/Conv1");
    assert_finds("scope:features/0", "/features/Conv1");
    assert_finds("scope:features/**", "/features/Conv1, relu one");
    assert_finds("scope:features/0/**", "/features/Conv1");
    assert_finds("scope:*eatures/**", "");
    assert_finds("scope:features$", "relu one");
    assert_finds("scope:Net/Sequential[features]", "/features/Conv1, relu one");
    assert_finds("scope:*Conv2d*", "/features/Conv1");
    assert_finds("scope:/0$/", "/features/Conv1");
    assert_finds("scope:nothing", "");
    assert_finds("file:models", "/features/Conv1");
    assert_finds("file:/\\.py$/", "/features/Conv1");
    assert_finds("line:26", "/features/Conv1");
    assert_finds("line:20-30", "/features/Conv1");
    assert_finds("line:models.py:26", "/features/Conv1");
    assert_finds("line:other.py:26", "");
    assert_finds("line:27", "");
}

static void test_types(void **state)
{
    (void)state;
    assert_finds("dtype:float16", "/features/Conv1");
    assert_finds("dtype:Half", "/features/Conv1");
    assert_finds("dtype:FLOAT", "relu one");
    assert_finds("dtype:float*", "/features/Conv1, relu one");
    assert_finds("dtype:int64", "");
    assert_finds("shape:[*,64,..]", "/features/Conv1");
    assert_finds("shape:[2*seq+1, 64, 7]", "/features/Conv1");
    assert_finds("shape:[..,7]", "/features/Conv1");
    assert_finds("shape:[..,64,..]", "/features/Conv1");
    assert_finds("shape:[*,*]", "");
    assert_finds("shape:[?,64,7]", "");
    assert_finds("shape:[..]", "/features/Conv1, relu one");
    assert_finds("shape:[]", "relu one");
}

static void test_values(void **state)
{
    (void)state;
    assert_finds("uses:%17", "if");
    assert_finds("uses:17", "if");
    assert_finds("uses:r", "conv2, gemm, trace");
    assert_finds("def:%17", "conv2");
    assert_finds("%17", "conv2");
    assert_finds("%\"/features/c1_output_0\"", "/features/Conv1");
    assert_finds("%/features/c1_output_0", "/features/Conv1");
    assert_finds("def:*output*", "/features/Conv1");
    assert_finds("in:weight", "/features/Conv1");
    assert_finds("in:*.weight", "/features/Conv1");
    assert_finds("out:/^(out|inner)$/", "if, gemm");
    assert_finds("name:conv", "/features/Conv1, conv2");
    assert_finds("name:Conv", "/features/Conv1");
    assert_finds("name:*conv?", "/features/Conv1, conv2");
    assert_finds("name:/conv[12]$/", "conv2");
    assert_finds("name:/conv[12]$/i", "/features/Conv1, conv2");
    assert_finds("name:/features/Conv1", "/features/Conv1"); /* a slash is no regular expression yet */
    assert_finds("name:\"relu one\"", "relu one");
    assert_finds("name:c1_out", "/features/Conv1"); /* a result's name counts */
    assert_finds("name:\\x66eatures/C", "/features/Conv1");
    char by_number[80], unnamed[64];
    ox_node trace = ox_graph_find_node(m, g, str("trace"));
    ox_value_label(m, ox_node_output(m, trace, 0), unnamed, sizeof unnamed);
    snprintf(by_number, sizeof by_number, "def:%s", unnamed);
    assert_finds(by_number, "trace");
    snprintf(by_number, sizeof by_number, "out:%s", unnamed + 1);
    assert_finds(by_number, "trace");
}

static void test_attributes(void **state)
{
    (void)state;
    assert_finds("attr:group", "/features/Conv1, conv2");
    assert_finds("attr:g*", "/features/Conv1, conv2");
    assert_finds("attr:group>1", "/features/Conv1");
    assert_finds("attr:group>=1", "/features/Conv1, conv2");
    assert_finds("attr:group<2", "conv2");
    assert_finds("attr:group<=0", "");
    assert_finds("attr:group=2", "/features/Conv1");
    assert_finds("attr:group==2", "/features/Conv1");
    assert_finds("attr:group!=2", "conv2");
    assert_finds("attr:group>0.5", "/features/Conv1, conv2");
    assert_finds("attr:alpha=0.1", "/features/Conv1"); /* a float32 is what people write */
    assert_finds("attr:alpha>0.1", "");
    assert_finds("attr:kernel_shape=[3, 3]", "/features/Conv1");
    assert_finds("attr:kernel_shape=[3,3]", "/features/Conv1");
    assert_finds("attr:kernel_shape!=[3,3]", "");
    assert_finds("attr:kernel_shape>1", "");
    assert_finds("attr:auto_pad=\"NOT SET\"", "/features/Conv1");
    assert_finds("attr:auto_pad=NOT*", "/features/Conv1");
    assert_finds("attr:auto_pad=/set$/i", "/features/Conv1");
    assert_finds("attr:auto_pad=not", "");
    assert_finds("const:2", "trace");
    assert_finds("const:*", "/features/Conv1, trace");
    assert_finds("const:0.5", "/features/Conv1");
    assert_finds("const:7", "");
    assert_finds("has:block", "if");
    assert_finds("has:attr op:Conv", "/features/Conv1, conv2");
    assert_finds("has:line", "/features/Conv1");
    assert_finds("has:scope", "/features/Conv1, relu one");
    assert_finds("has:weight", "/features/Conv1");
    assert_finds("has:shape", "relu one");
    assert_finds("has:lost or has:metadata or has:doc or has:function", "");
}

static void test_reach(void **state)
{
    (void)state;
    assert_finds("up(%17)", "/features/Conv1, relu one, conv2");
    assert_finds("up(%17, 1)", "conv2");
    assert_finds("up(%17,2)", "relu one, conv2");
    assert_finds("up(%17,0)", "");
    assert_finds("down(%r,1)", "conv2, gemm, trace");
    assert_finds("down(%r)", "conv2, if, gemm, trace");
    assert_finds("down(%input,1)", "/features/Conv1");
    assert_finds("up(op:If, 0)", "if");
    assert_finds("up(op:If, 1)", "conv2, if, gemm"); /* what its block returns is made inside */
    assert_finds("up(%inner)", "/features/Conv1, relu one, gemm");
    assert_finds("down(op:Gemm)", "if, gemm");
    assert_finds("down(name:conv and op:Conv, 1)", "/features/Conv1, relu one, conv2, if");
    assert_finds("down(up(%17,1),1)", "conv2, if");
    assert_finds("not up(%out) op:Constant", "number");
}

static void test_grammar(void **state)
{
    (void)state;
    assert_finds("op:Conv attr:group>1", "/features/Conv1");
    assert_finds("op:Conv and attr:group>1", "/features/Conv1");
    assert_finds("op:Relu or op:Gemm", "relu one, gemm");
    assert_finds("op:Relu or op:Conv attr:group=1", "relu one, conv2"); /* and binds closer */
    assert_finds("(op:Relu or op:Conv) has:scope", "/features/Conv1, relu one");
    assert_finds("not op:Conv not op:Relu and not (op:If or op:Gemm)", "number, trace, in function");
    assert_finds("not not op:If", "if");
    assert_finds("not(op:Conv) op:If", "if");
    assert_finds("  op:If\t", "if");
    assert_finds("features", "/features/Conv1, relu one"); /* operator, name or scope */
    assert_finds("gemm", "gemm");
    assert_finds("\"relu one\"", "relu one");
    assert_finds("/^r/", "relu one");
    assert_finds("\"and\"", "");
    assert_finds("android or op:If", "if");
    assert_finds("op:Conv or op:Relu or op:If or op:Gemm or op:Constant",
                 "/features/Conv1, relu one, conv2, if, gemm, number");
}

static void test_mistakes(void **state)
{
    (void)state;
    static const struct {
        const char *text, *msg;
        uint32_t col;
        ox_status status;
    } rows[] = {
        {"", "a term is missing", 1, OX_E_INVALID},
        {"op:Conv and", "a term is missing", 12, OX_E_INVALID},
        {"or op:Conv", "a term is missing before", 1, OX_E_INVALID},
        {"op:Conv or or op:If", "a term is missing before", 12, OX_E_INVALID},
        {"op:", "a value is missing", 4, OX_E_INVALID},
        {"not", "a term is missing", 4, OX_E_INVALID},
        {"(op:Conv", "parenthesis that begins here is not closed", 1, OX_E_INVALID},
        {"op:Conv)", "nothing is open", 8, OX_E_INVALID},
        {"op:Conv, op:If", "nothing is open", 8, OX_E_INVALID},
        {"oops:Conv", "no such field", 1, OX_E_INVALID},
        {"op:Conv nam:x", "no such field", 9, OX_E_INVALID},
        {"name:\"abc", "quote that begins here is not closed", 6, OX_E_INVALID},
        {"shape:[1,2", "bracket that begins here is not closed", 7, OX_E_INVALID},
        {"shape:1,2", "is no shape", 7, OX_E_INVALID},
        {"shape:[1,,2]", "is no shape", 7, OX_E_INVALID},
        {"shape:[1,]", "is no shape", 7, OX_E_INVALID},
        {"dtype:floaty", "no element type", 7, OX_E_INVALID},
        {"has:wings", "cannot have 'wings'", 5, OX_E_INVALID},
        {"line:x", "is no line", 6, OX_E_INVALID},
        {"line:5-x", "is no line", 6, OX_E_INVALID},
        {"attr:", "needs the name", 6, OX_E_INVALID},
        {"attr:>1", "needs the name", 6, OX_E_INVALID},
        {"attr:group>", "a value to compare with", 12, OX_E_INVALID},
        {"attr:group>x", "is no number", 12, OX_E_INVALID},
        {"attr:group!1", "comparison is expected", 11, OX_E_INVALID},
        {"uses:%nobody", "no value %nobody", 6, OX_E_NOT_FOUND},
        {"%", "a name is missing", 1, OX_E_INVALID},
        {"up(%17", "parenthesis of this is not closed", 1, OX_E_INVALID},
        {"up(%nobody)", "no value", 4, OX_E_NOT_FOUND},
        {"up(%17, x)", "number of steps", 9, OX_E_INVALID},
        {"up(%17, -1)", "number of steps", 9, OX_E_INVALID},
        {"up(%*, 1)", "one value or a query", 4, OX_E_INVALID},
        {"up()", "a term is missing", 4, OX_E_INVALID},
        {"op:If name:/a(/", "regular expression is wrong", 15, OX_E_INVALID},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        ox_error_clear(&err);
        ox_status s = ox_query_parse(&q, m, rows[i].text, strlen(rows[i].text), &err);
        if (s != rows[i].status || !strstr(err.msg, rows[i].msg) || err.col != rows[i].col)
            fail_msg("'%s': status %d, column %u, %s", rows[i].text, s, err.col, err.msg);
        assert_null(q);
    }
}

/* Every row of the help works as it stands. */
static void test_examples(void **state)
{
    (void)state;
    const ox_query_field *rows;
    size_t n = ox_query_fields(&rows);
    assert_int_equal(ox_query_fields(NULL), n);
    for (size_t i = 0; i < n; i++) {
        assert_true(strlen(rows[i].name) > 0 && strlen(rows[i].usage) > 0 && strlen(rows[i].help) > 0);
        find(rows[i].example);
        if (strcmp(rows[i].name, "const") != 0 && !*hits)
            fail_msg("the example of %s finds nothing here", rows[i].name);
        for (size_t k = 0; k < i; k++) assert_string_not_equal(rows[i].name, rows[k].name);
    }
}

/* ---- limits ---- */

static void test_hard_regex(void **state)
{
    (void)state;
    char name[128];
    memset(name, 'a', sizeof name);
    name[sizeof name - 2] = '!';
    name[sizeof name - 1] = '\0';
    named(ir_node(m, g, "Relu", 0, NULL, NULL), name);
    const char *text = "name:/^(a+)+$/";
    assert_ok(ox_query_parse(&q, m, text, strlen(text), &err), &err);
    assert_fails(ox_query_run(q, m, hit, NULL, NULL, &err), OX_E_LIMIT, "too many steps", &err);
    ox_query *outer = NULL;
    text = "up(name:/^(a+)+$/)"; /* inside, too, and at once */
    assert_fails(ox_query_parse(&outer, m, text, strlen(text), &err), OX_E_LIMIT, "too many steps", &err);
    assert_null(outer);
    /* an ordinary glob of that shape is fast */
    find("name:*a*a*a*a*a*a*a*a*a*a*b");
    assert_string_equal(hits, "");
}

static void test_sizes(void **state)
{
    (void)state;
    static char text[70000];
    memset(text, '(', 200);
    assert_fails(ox_query_parse(&q, m, text, 200, &err), OX_E_INVALID, "nested too deep", &err);
    for (size_t i = 0; i + 4 < sizeof text; i += 4) memcpy(text + i, "not ", 4);
    assert_fails(ox_query_parse(&q, m, text, 4000, &err), OX_E_INVALID, "nested too deep", &err);
    for (size_t i = 0; i + 2 < sizeof text; i += 2) memcpy(text + i, "a ", 2);
    assert_fails(ox_query_parse(&q, m, text, 60000, &err), OX_E_INVALID, "too many terms", &err);
    assert_fails(ox_query_parse(&q, m, text, sizeof text, &err), OX_E_LIMIT, "longer than", &err);
    assert_ok(ox_query_parse(&q, m, text, 1000, &err), &err); /* 500 terms are fine */
    assert_ok(ox_query_run(q, m, hit, NULL, NULL, &err), &err);
    memset(text, 'a', 6000);
    ox_query *none = NULL;
    assert_fails(ox_query_parse(&none, m, text, 6000, &err), OX_E_LIMIT, "a pattern is longer", &err);
}

static bool step(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what;
    (void)done;
    (void)total;
    return --*(int *)ud > 0;
}

static bool first_only(void *ud, ox_node n)
{
    (void)n;
    ++*(int *)ud;
    return false;
}

static void test_ends_early(void **state)
{
    (void)state;
    int calls = 2, found = 0;
    ox_task task = {step, &calls};
    for (int i = 0; i < 20000; i++) ir_node(m, g, "Relu", 0, NULL, NULL);
    assert_ok(ox_query_parse(&q, m, "op:Relu", 7, &err), &err);
    assert_fails(ox_query_run(q, m, hit, NULL, &task, &err), OX_E_INTERRUPTED, "interrupted", &err);
    assert_int_equal(calls, 0);
    assert_ok(ox_query_run(q, m, first_only, &found, NULL, &err), &err);
    assert_int_equal(found, 1);
    assert_false(ox_query_matches(q, m, (ox_node){0, 0}));
    assert_false(ox_query_matches(NULL, m, ox_graph_first(m, g)));
    assert_fails(ox_query_run(q, m, NULL, NULL, NULL, &err), OX_E_INVALID, "somewhere", &err);
    ox_query_free(NULL);
}

/* Names that are no UTF-8 are searched as bytes. */
static void test_bytes(void **state)
{
    (void)state;
    named(ir_node(m, g, "Relu", 0, NULL, NULL), "\xff\xc3\xa9!");
    assert_finds("name:/\xc3\xa9!$/", "\xff\xc3\xa9!");
    assert_finds("name:/^\\xff/", "\xff\xc3\xa9!");
    assert_finds("name:\\xff\xc3\xa9", "\xff\xc3\xa9!");
    assert_finds("name:*\xc3\xa9?", "\xff\xc3\xa9!");
}

static void test_no_memory(void **state)
{
    (void)state;
    const char *text =
        "op:Conv (name:/c[o]n/i or attr:group>1) shape:[1,..] line:a:5 up(op:If \"x\", 2) uses:%17 not features";
    for (uint64_t at = 1;; at++) {
        ox_query *x = NULL;
        ox__alloc_fail_at(at, false);
        ox_status s = ox_query_parse(&x, m, text, strlen(text), &err);
        if (s == OX_OK) s = ox_query_run(x, m, hit, NULL, NULL, &err);
        bool failed = ox__alloc_count() >= at;
        ox__alloc_fail_at(0, false);
        ox_query_free(x);
        if (!failed) {
            assert_int_equal(s, OX_OK);
            assert_in_range(at, 20, 500);
            return;
        }
        /* what is only remembered may be forgotten, and JIT done without */
        if (s != OX_OK) assert_int_equal(s, OX_E_NOMEM);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
        T(test_operators),  T(test_scopes_and_sources),
        T(test_types),      T(test_values),
        T(test_attributes), T(test_reach),
        T(test_grammar),    T(test_mistakes),
        T(test_examples),   T(test_hard_regex),
        T(test_sizes),      T(test_ends_early),
        T(test_bytes),      T(test_no_memory),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
