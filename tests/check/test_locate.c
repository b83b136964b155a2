/* From messages to places (src/check/locate.c): every form by its example, words, what is ranked before what, limits.
 */
#include "world.h"

#include <onnxsh/locate.h>

/* #0 Conv_0: x, w -> y; #1 aten::elu: y -> e, made at net/model.py:12; #2 ^Warp; #3 Relu, twice named 'last relu'. */
static int build(void **state)
{
    if (setup(state) != 0) return -1;
    world *w = *state;
    ox_value in[2] = {input(w, w->g, "x", OX_FLOAT), initializer(w, w->g, "w", OX_FLOAT)};
    ox_node conv = node_in(w, w->g, "", "Conv", "y", 2, in);
    ox_value y = ox_node_output(w->m, conv, 0);
    ox_node elu = node_in(w, w->g, "aten", "elu", "features.1.out", 1, &y);
    ox_node warp = node_in(w, w->g, "^", "Warp", "z", 1, &y);
    ox_node last = node_in(w, w->g, "", "Relu", "out", 1, &y);
    ox_loc loc = ox_loc_add(w->m, str(w, "net/model.py"), 12, 0);
    (void)warp;
    if (ox_node_set_name(w->m, conv, str(w, "Conv_0"), &w->err) != OX_OK) return -1;
    if (ox_node_set_name(w->m, last, str(w, "last relu"), &w->err) != OX_OK) return -1;
    return ox_node_set_loc(w->m, elu, loc, &w->err) == OX_OK ? 0 : -1;
}

typedef struct seen {
    world *w;
    ox_locus first;
    size_t n, stop_after;
    char ops[256]; /* "onnx::Conv " of each, "(x) " of a value that no node makes */
} seen;

static bool on_place(void *ud, const ox_locus *l)
{
    seen *s = ud;
    char op[64];
    size_t len = strlen(s->ops);
    if (s->n++ == 0) s->first = *l;
    if (l->node.id)
        snprintf(op, sizeof op, "%s", ox_str_text(s->w->m, ox_node_op(s->w->m, l->node), NULL));
    else
        snprintf(op, sizeof op, "(%s)", ox_str_text(s->w->m, ox_value_name(s->w->m, l->value), NULL));
    snprintf(s->ops + len, sizeof s->ops - len, "%s ", op);
    return s->n != s->stop_after;
}

static seen locate(world *w, const char *text)
{
    seen s = {.w = w};
    assert_ok(ox_locate(w->m, text, strlen(text), on_place, &s, NULL, &w->err), &w->err);
    return s;
}

/* The example of each form leads to the Conv, the elu, the Warp or the input, by that form and nothing else. */
static void every_form(void **state)
{
    world *w = *state;
    const ox_message_form *rows;
    size_t n = ox_message_forms(&rows);
    assert_true(n > 30);
    for (size_t i = 0; i < n; i++) {
        seen s = locate(w, rows[i].example);
        if (!s.n) fail_msg("nothing is found by the example of '%s: %s'", rows[i].tool, rows[i].what);
        if (s.first.form != &rows[i])
            fail_msg("the example of '%s: %s' is found by '%s'", rows[i].tool, rows[i].what,
                     s.first.form ? s.first.form->what : "a word");
        if (strchr(rows[i].groups, 'f')) assert_true(strncmp(s.ops, "elu ", 4) == 0);
    }
}

static const struct {
    const char *what, *text, *ops, *how;
} cases[] = {
    {"by name", "while running Relu node. Name:'last relu' Status", "Relu ", "node name"},
    {"by name, the operator is another", "while running Conv node. Name:'last relu' Status", "Relu ", "node name"},
    {"a name that is gone leaves the operator", "while running Relu node. Name:'Relu_17_fused' Status", "Relu ",
     "operator"},
    {"number and operator", "While parsing node number 3 [Relu -> \"591\"]:", "Relu ", "number in the file"},
    {"the number of another operator is not believed", "While parsing node number 1 [Relu -> \"591\"]:", "Relu ",
     "operator"},
    {"a number beyond the end", "While parsing node number 99 [Gemm -> \"591\"]:", "", NULL},
    {"the output of a number", "While parsing node number 99 [Relu -> \"out\"]:", "Relu ", "value"},
    {"a quoted word", "cannot allocate 'last relu' now", "Relu ", "node name"},
    {"a word that looks like a name", "trouble with features.1.out.", "elu ", "value"},
    {"%x is a value", "at %x of the trace", "(x) ", "value"},
    {"prose is no name", "an x or a y or z", "", NULL},
    {"what is surer comes first", "'y' is bad, see while running Relu node. Name:'last relu' it", "Relu Conv ",
     "node name"},
    {"each node once", "Name: Conv_0 OpType: Conv and Conv_0 and 'y' and 'Conv_0'", "Conv ", "node name"},
    {"an initializer", "value 'w' has", "(w) ", "value"},
    {"by source", "File \"/srv/net/model.py\", line 12, in forward", "elu ", "source line"},
    {"another line", "File \"/srv/net/model.py\", line 13, in forward", "", NULL},
    {"another file of the name", "File \"/srv/other/model.py\", line 12, in forward", "", NULL},
    {"in place", "Exporting the operator 'aten::elu_' to ONNX opset version 9", "elu ", "operator"},
    {"another domain", "Exporting the operator 'quantized::elu' to ONNX opset version 9", "", NULL},
    {"nothing", "", "", NULL},
    {"escaped as we print it", "Node(last\\x20relu) with schema(::Relu:6) has", "Relu ", "node name"},
};

static void each_case(void **state)
{
    world *w = *state;
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        seen s = locate(w, cases[i].text);
        if (strcmp(s.ops, cases[i].ops) != 0) fail_msg("%s: found '%s'", cases[i].what, s.ops);
        if (cases[i].how) assert_string_equal(s.first.how, cases[i].how);
    }
}

static void stops(void **state)
{
    world *w = *state;
    seen s = {.w = w, .stop_after = 1};
    const char *text = "'y' and 'out' and 'z'";
    assert_ok(ox_locate(w->m, text, strlen(text), on_place, &s, NULL, &w->err), &w->err);
    assert_int_equal(s.n, 1);
}

static bool never(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)ud, (void)what, (void)done, (void)total;
    return false;
}

static void interrupted(void **state)
{
    world *w = *state;
    ox_task task = {never, NULL};
    ox_value v = {0};
    for (int i = 0; i < 5000; i++) v = relu(w, w->g, i ? v : input(w, w->g, "chain", OX_FLOAT), NULL);
    seen s = {.w = w};
    assert_int_equal(ox_locate(w->m, "'y'", 3, on_place, &s, &task, &w->err), OX_E_INTERRUPTED);
    assert_int_equal(s.n, 0);
}

/* A log of the same error a hundred thousand times, and bytes that are no text. */
static void long_and_odd(void **state)
{
    world *w = *state;
    static const char line[] = "while running Relu node. Name:'last relu' Status\n\xff\0'y";
    size_t n = 100000 * (sizeof line - 1);
    char *text = malloc(n);
    assert_non_null(text);
    for (size_t i = 0; i < n; i += sizeof line - 1) memcpy(text + i, line, sizeof line - 1);
    seen s = {.w = w};
    assert_ok(ox_locate(w->m, text, n, on_place, &s, NULL, &w->err), &w->err);
    assert_string_equal(s.ops, "Relu ");
    free(text);
}

#define HERE(f) cmocka_unit_test_setup_teardown(f, build, teardown)

int main(void)
{
    const struct CMUnitTest tests[] = {HERE(every_form), HERE(each_case), HERE(stops), HERE(interrupted),
                                       HERE(long_and_odd)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
