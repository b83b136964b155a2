/* What a module holds beside weights, built from the text that the loader notes. */
#include "convert_test.h"

#define HEAD "graph(%self : __torch__.Net, %x : Float(2, 3)):\n  %v : "
#define GET " = prim::GetAttr[name=\"v\"](%self)\n"
#define NET(type, body) HEAD type GET body

static void common(cv *c)
{
    CV_PLAIN(c, "aten::add", "self other", "Add");
    CV_PLAIN(c, "aten::relu", "self", "Relu");
    cv_add(c, "aten::record", "...", cv_record, c);
}

/* Converts the trace, whose GetAttr nodes have that note. */
static ox_status run(cv *c, const char *trace, const char *note)
{
    cv_close(c);
    ox__buf_clear(&c->text);
    assert_ok(ox_open_memory(&c->src, trace, strlen(trace), "trace", NULL, NULL, NULL, &c->err), &c->err);
    for (uint32_t id = 1; id < ox_model_node_limit(c->src); id++) {
        ox_node n = ox_model_node_at(c->src, id);
        if (!n.id || !ox_node_is(c->src, n, "prim", "GetAttr")) continue;
        assert_ok(ox_node_set_metadata(c->src, n, ox_str_addz(c->src, "value"), ox_str_addz(c->src, note), &c->err),
                  &c->err);
    }
    ox_status s = ox_convert(&c->out, &c->report, c->src, c->r, &c->opt, &c->err);
    if (c->out) {
        ox_print_options po = {.style = OX_STYLE_SEED, .raw = true};
        ox_sink sink = {cv_put, &c->text};
        assert_ok(ox_graph_print(c->out, ox_model_main(c->out), &po, &sink, &c->err), &c->err);
    }
    return s;
}

static void gives(cv *c, const char *trace, const char *note, const char *want)
{
    ox_status s = run(c, trace, note);
    const ox_failure *f = ox_report_at(c->report, 0);
    if (s != OX_OK) fail_msg("%s: %s", note, f ? f->message : c->err.msg);
    if (!strstr(c->text.p, want)) fail_msg("%s: expected\n%s\nin\n%s", note, want, c->text.p);
}

#define INT(n, v) "  %" n " : int = prim::Constant[value=" v "]()\n"
#define STR(n, v) "  %" n " : str = prim::Constant[value=\"" v "\"]()\n"
#define ADD "  %y : Tensor = aten::add(%x, %i)\n  return (%y)\n"
#define LEN "  %i : int = aten::len(%v)\n"
#define ITEM(type, of, key) "  %i : " type " = aten::__getitem__(%" of ", %" key ")\n"

static void test_containers(void **state)
{
    static const struct {
        const char *trace, *note, *want;
    } cases[] = {
        {NET("int[]", INT("k", "1") ITEM("int", "v", "k") ADD), "[4,-5]", "{-5}"},
        {NET("float[]", INT("k", "0") ITEM("float", "v", "k") ADD), "[10000000000,0.5]", "{1e+10}"},
        {NET("Dict(str, int)", STR("k", "b") ITEM("int", "v", "k") ADD), "{\"a\":1,\"b\":7}", "{7}"},
        {NET("Dict(int, float)", INT("k", "-2") ITEM("float", "v", "k") ADD), "{3:1.,-2:2.5}", "{2.5}"},
        {NET("int[][]", INT("k", "1") ITEM("int[]", "v", "k") INT("j", "0") "  %n : int = aten::__getitem__(%i, %j)\n"
                                                                            "  %y : Tensor = aten::add(%x, %n)\n"
                                                                            "  return (%y)\n"),
         "[[1],[6,2],[]]", "{6}"},
        {NET("(int, str)", "  %i : int, %s : str = prim::TupleUnpack(%v)\n" ADD), "(9,\"t\")", "{9}"},
        {NET("int?", "  %i : int = prim::unchecked_cast(%v)\n" ADD), "3", "{3}"},
        {NET("int[]", LEN ADD), "[]", "{0}"},
        {NET("str", LEN ADD), "\"a\\x22\\x0a\"", "{3}"},
    };
    cv *c = *state;
    common(c);
    for (size_t i = 0; i < OX__COUNT(cases); i++) gives(c, cases[i].trace, cases[i].note, cases[i].want);
}

/* A text that is none of the type is as if there were none. */
static void test_bad(void **state)
{
    static const struct {
        const char *type, *note;
    } cases[] = {
        {"int[]", "[1,2"},
        {"int[]", "[1 2]"},
        {"int[]", "{1:2}"},
        {"int[]", "[a]"},
        {"Dict(str, int)", "{\"a\"1}"},
        {"(int, int)", "(1)"},
        {"(int, int)", "(1,2,3)"},
        {"str[]", "[\"a]"},
        {"str[]", "[\"\\x4\"]"},
        {"str[]", "[\"\\n\"]"},
        {"Tensor[]", "[@]"},
        {"int[]", "[1],"},
        {"int", ""},
        {"int[]", "["},
        {"Dict(str, int)", "{"},
        {"int[][]", "[[1],2]x"},
    };
    char trace[512];
    cv *c = *state;
    common(c);
    for (size_t i = 0; i < OX__COUNT(cases); i++) {
        snprintf(trace, sizeof trace, "%s%s%s", HEAD, cases[i].type, GET LEN ADD);
        ox_status s = run(c, trace, cases[i].note);
        if (s != OX_E_CHECK || !cv_failure(c, OX_FAILURE_REFUSED, "an attribute of an object that is not in the file"))
            fail_msg("%s of %s: %s", cases[i].note, cases[i].type, ox_status_text(s));
    }
}

static void test_depth(void **state)
{
    char note[512], type[1024] = "int";
    cv *c = *state;
    common(c);
    memset(note, '[', 100);
    memset(note + 100, ']', 100);
    note[200] = '\0';
    for (int i = 0; i < 100; i++) strcat(type, "[]");
    char trace[2048];
    snprintf(trace, sizeof trace, "%s%s%s", HEAD, type, GET LEN ADD);
    assert_int_not_equal(run(c, trace, note), OX_OK);
}

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
#define TEST(fn) cmocka_unit_test_setup_teardown(fn, cv_setup, cv_teardown)
    const struct CMUnitTest tests[] = {TEST(test_containers), TEST(test_bad), TEST(test_depth)};
    return cmocka_run_group_tests_name("literal", tests, NULL, NULL);
}
