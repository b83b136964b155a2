/* Folding: BatchNormalization into Conv, constants, weights that are only moved; dead code; peepholes. */
#include "ox_test.h"

#include "rewrite/convbn.h"
#include "rewrite/dead.h"
#include "rewrite/fold.h"
#include "rewrite/peephole.h"

#include <onnxsh/io.h>
#include <onnxsh/print.h>

#include <math.h>

typedef struct fixture {
    ox_model *m;
    ox__facts *f;
    ox_error err;
    ox__buf text;
} fixture;

static int setup(void **state)
{
    static fixture fx;
    memset(&fx, 0, sizeof fx);
    *state = &fx;
    return 0;
}

static void drop(fixture *fx)
{
    ox__facts_free(fx->f);
    ox_model_free(fx->m);
    fx->f = NULL;
    fx->m = NULL;
    ox__buf_clear(&fx->text);
}

static int teardown(void **state)
{
    fixture *fx = *state;
    drop(fx);
    ox__buf_free(&fx->text);
    return 0;
}

/* Opens a graph and infers it. Inputs called w... become initializers of 0.5, 1, 1.5, ... */
static void open_graph(fixture *fx, const char *text)
{
    ox_error *e = &fx->err;
    drop(fx);
    assert_ok(ox_open_memory(&fx->m, text, strlen(text), "case", NULL, NULL, NULL, e), e);
    ox_graph g = ox_model_main(fx->m);
    for (size_t i = ox_graph_n_inputs(fx->m, g); i-- > 0;) {
        ox_value v = ox_graph_input(fx->m, g, i);
        ox_type_info t = ox_type_get(fx->m, ox_value_type(fx->m, v));
        int64_t dims[8], n = 1;
        if (ox_str_text(fx->m, ox_value_name(fx->m, v), NULL)[0] != 'w') continue;
        for (int32_t d = 0; d < t.rank; d++) {
            assert_true(ox_dim_is_const(fx->m, t.dims[d], &dims[d]));
            n *= dims[d];
        }
        float *data = ox__alloc((size_t)n * sizeof *data);
        assert_non_null(data);
        for (int64_t k = 0; k < n; k++) data[k] = (float)(k + 1) * 0.5f;
        ox_tensor x;
        ox_status s =
            ox_tensor_add_raw(fx->m, &x, OX_FLOAT, (uint32_t)t.rank, dims, data, (uint64_t)n * sizeof *data, e);
        ox__free(data);
        assert_ok(s, e);
        assert_ok(ox_graph_bind_input(fx->m, g, v, x, false, e), e);
    }
    assert_ok(ox__facts_create(&fx->f, fx->m, e), e);
    ox__infer_options opt = {.opset = 17, .evaluate = true, .blocks = true};
    assert_ok(ox__infer_graph(fx->f, g, &opt, NULL, e), e);
}

static ox_status put(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)err;
    ox__buf_add(ud, s, n);
    return OX_OK;
}

static void shows(fixture *fx, const char *part)
{
    ox_print_options opt = {.style = OX_STYLE_SEED, .raw = true};
    ox_sink sink = {put, &fx->text};
    ox__buf_clear(&fx->text);
    assert_ok(ox_graph_print(fx->m, ox_model_main(fx->m), &opt, &sink, &fx->err), &fx->err);
    if (!strstr(fx->text.p, part)) fail_msg("expected\n%s\nin\n%s", part, fx->text.p);
}

static ox_value value(fixture *fx, const char *name)
{
    return ox_graph_find_value(fx->m, ox_model_main(fx->m), ox_str_addz(fx->m, name));
}

static float element(fixture *fx, const char *name, uint64_t i)
{
    float f;
    assert_ok(ox_tensor_read(fx->m, ox_value_tensor(fx->m, value(fx, name)), i * 4, &f, 4, &fx->err), &fx->err);
    return f;
}

static const char *doc_of(fixture *fx, const char *name)
{
    return ox_str_text(fx->m, ox_tensor_get(fx->m, ox_value_tensor(fx->m, value(fx, name))).doc, NULL);
}

static uint32_t origin_of(fixture *fx, const char *name)
{
    return ox_value_origin(fx->m, value(fx, name));
}

/* ---- BatchNormalization ---- */
#define CONV_BN(tail) \
    "graph(%x : Float(1, 2, 5), %w1.weight : Float(3, 2, 2), %w1.bias : Float(3), %wg : Float(3), %wb : Float(3), " \
    "%wm : Float(3), " \
    "%wv : Float(3)):\n" \
    "  %a : Float(1, 3, 4) = onnx::Conv(%x, %w1.weight, %w1.bias)\n" \
    "  %y : Float(1, 3, 4) = onnx::BatchNormalization[epsilon=0.25](%a, %wg, %wb, %wm, %wv)\n" tail

static void test_batchnorm(void **state)
{
    fixture *fx = *state;
    uint64_t count = 0;
    open_graph(fx, CONV_BN("  return (%y)\n"));
    assert_ok(ox_node_set_origin(fx->m, ox_graph_last(fx->m, ox_model_main(fx->m)), 42, &fx->err), &fx->err);
    assert_ok(ox__fold_batchnorm(fx->f, &count, NULL, &fx->err), &fx->err);
    assert_int_equal(count, 1);
    shows(fx, "  %a : Float(1, 3, 4) = onnx::Conv(%x, %w1.weight, %w1.bias)\n  return (%a)");
    /* channel o: gamma = beta = mean = var = b = (o + 1) / 2 */
    for (uint64_t o = 0; o < 3; o++) {
        double half = (double)(o + 1) * 0.5, k = half / sqrt(half + 0.25);
        for (uint64_t i = 0; i < 4; i++)
            assert_true(fabs(element(fx, "w1.weight", o * 4 + i) - (double)(o * 4 + i + 1) * 0.5 * k) < 1e-6);
        assert_true(fabs(element(fx, "w1.bias", o) - half) < 1e-6);
    }
    assert_string_equal(doc_of(fx, "w1.weight"), "the BatchNormalization of wg is folded in");
    assert_string_equal(doc_of(fx, "w1.bias"), "the BatchNormalization of wg is folded in");
    assert_int_equal(origin_of(fx, "w1.bias"), 42);
    count = 0;
    assert_ok(ox__remove_dead_initializers(fx->m, &count, &fx->err), &fx->err);
    assert_int_equal(count, 4);
}

static void test_batchnorm_without_bias(void **state)
{
    fixture *fx = *state;
    uint64_t count = 0;
    open_graph(
        fx, "graph(%x : Float(1, 2, 5), %w1.weight : Float(3, 2, 2), %wg : Float(3), %wb : Float(3), %wm : Float(3), "
            "%wv : Float(3)):\n"
            "  %a : Float(1, 3, 4) = onnx::Conv(%x, %w1.weight)\n  %c : Float(1, 3, 4) = onnx::Conv(%x, %w1.weight)\n"
            "  %b : Float(1, 3, 4) = onnx::BatchNormalization(%a, %wg, %wb, %wm, %wv)\n"
            "  %y : Float(1, 3, 4) = onnx::Add(%b, %c)\n  return (%y)\n");
    assert_ok(ox__fold_batchnorm(fx->f, &count, NULL, &fx->err), &fx->err);
    assert_int_equal(count, 1);
    /* the weight has another reader: it stays, and a new one is made */
    shows(fx, "%a : Float(1, 3, 4) = onnx::Conv(%x, %w1.weight_1, %w1.bias)");
    shows(fx, "%c : Float(1, 3, 4) = onnx::Conv(%x, %w1.weight)");
}

static void test_batchnorm_that_stays(void **state)
{
    fixture *fx = *state;
    static const char *const cases[] = {
        CONV_BN("  %z : Float(1, 3, 4) = onnx::Add(%a, %y)\n  return (%z)\n"), /* the Conv has another reader */
        "graph(%x : Float(1, 2, 5), %k : Float(3, 2, 2), %wg : Float(3), %wb : Float(3), %wm : Float(3), %wv : "
        "Float(3)):\n" /* unknown */
        "  %a : Float(1, 3, 4) = onnx::Conv(%x, %k)\n"
        "  %y : Float(1, 3, 4) = onnx::BatchNormalization(%a, %wg, %wb, %wm, %wv)\n  return (%y)\n",
        "graph(%x : Float(1, 2, 5), %w1 : Float(3, 2, 2), %wg : Float(3), %wb : Float(3), %wm : Float(3), %wv : "
        "Float(3)):\n" /* training */
        "  %a : Float(1, 3, 4) = onnx::Conv(%x, %w1)\n"
        "  %y : Float(1, 3, 4) = onnx::BatchNormalization[training_mode=1](%a, %wg, %wb, %wm, %wv)\n  return (%y)\n",
    };
    for (size_t i = 0; i < OX__COUNT(cases); i++) {
        uint64_t count = 0;
        open_graph(fx, cases[i]);
        assert_ok(ox__fold_batchnorm(fx->f, &count, NULL, &fx->err), &fx->err);
        assert_int_equal(count, 0);
        shows(fx, "BatchNormalization");
    }
}

/* ---- constants ---- */
static void fold(fixture *fx, uint64_t max_moved)
{
    uint64_t count = 0;
    ox__fold_options opt = {.opset = 17, .max_moved = max_moved, .max_total = max_moved};
    assert_ok(ox__fold_constants(fx->f, ox_model_main(fx->m), &opt, &count, &fx->err), &fx->err);
    assert_ok(ox__remove_dead(fx->m, ox_model_main(fx->m), NULL, &count, &fx->err), &fx->err);
    assert_ok(ox__remove_dead_initializers(fx->m, &count, &fx->err), &fx->err);
}

static void test_weights(void **state)
{
    fixture *fx = *state;
    const char *trace = "graph(%x : Float(2, 3), %w.weight : Float(200, 300)):\n"
                        "  %t : Float(300, 200) = onnx::Transpose[perm=[1, 0]](%w.weight)\n"
                        "  %y : Float(2, 200) = onnx::Foo(%x, %t)\n  return (%y)\n";
    open_graph(fx, trace);
    assert_ok(ox_node_set_origin(fx->m, ox_graph_first(fx->m, ox_model_main(fx->m)), 42, &fx->err), &fx->err);
    fold(fx, 1 << 20);
    assert_int_equal(origin_of(fx, "w.weight^T"), 42);
    shows(fx, "%w.weight^T : Float(300, 200)) {\n  %y : Float(2, 200) = onnx::Foo(%x, %w.weight^T)");
    assert_true(element(fx, "w.weight^T", 1) == 150.5f); /* [0, 1] was [1, 0] */
    assert_string_equal(doc_of(fx, "w.weight^T"), "made of w.weight by Transpose");
    open_graph(fx, trace); /* beyond the budget it stays */
    fold(fx, 1000);
    shows(fx, "onnx::Transpose");
    open_graph(
        fx,
        "graph(%x : Float(2, 3), %wa : Float(2), %wb : Float(3)):\n  %c : Float(5) = onnx::Concat[axis=0](%wa, %wb)\n"
        "  %y : Float(5) = onnx::Foo(%x, %c)\n  return (%y)\n");
    fold(fx, 1000);
    shows(fx, "onnx::Foo(%x, %wa.concat)");
    assert_string_equal(doc_of(fx, "wa.concat"), "made of wa, wb by Concat");
}

/* A weight of several users: the same node on it is computed once; a large one that somebody reads as it is stays one.
 */
static void test_weights_of_several(void **state)
{
    fixture *fx = *state;
#define TWO(a, b, third) \
    "graph(%x : Float(2, 2), %w : Float(" a ", " b ")):\n" \
    "  %s : Float(" b ", " a ") = onnx::Transpose[perm=[1, 0]](%w)\n" \
    "  %t : Float(" b ", " a ") = onnx::Transpose[perm=[1, 0]](%w)\n" \
    "  %y : Float(2, 2) = onnx::Foo(%x, %s, %t" third ")\n  return (%y)\n"
    open_graph(fx, TWO("3", "2", ""));
    fold(fx, 1 << 20);
    shows(fx, "%w^T : Float(2, 3)) {\n  %y : Float(2, 2) = onnx::Foo(%x, %w^T, %w^T)");
    open_graph(fx, TWO("3", "2", ", %w"));
    fold(fx, 1 << 20);
    shows(fx, "onnx::Foo(%x, %w^T, %w^T, %w)");
    open_graph(fx, TWO("512", "512", ""));
    fold(fx, 1 << 24);
    shows(fx, "onnx::Foo(%x, %w^T, %w^T)");
    open_graph(fx, TWO("512", "512", ", %w"));
    fold(fx, 1 << 24);
    shows(fx, "onnx::Foo(%x, %s, %t, %w)");
    open_graph(fx, "graph(%x : Float(2, 2), %w : Float(3, 2, 4)):\n"
                   "  %s : Float(2, 3, 4) = onnx::Transpose[perm=[1, 0, 2]](%w)\n"
                   "  %t : Float(3, 4, 2) = onnx::Transpose[perm=[0, 2, 1]](%w)\n"
                   "  %y : Float(2, 2) = onnx::Foo(%x, %s, %t)\n  return (%y)\n");
    fold(fx, 1 << 20);
    shows(fx, "onnx::Foo(%x, %w.transpose, %w^T)");
}

/* Step by step: the last one names the weights that the first ones read, each once, and so do the operators. */
static void test_where_weights_come_from(void **state)
{
    fixture *fx = *state;
    open_graph(
        fx, "graph(%x : Float(2), %wa : Float(2, 2), %wb : Float(2, 2)):\n"
            "  %a : Float(2, 2) = onnx::Transpose[perm=[1, 0]](%wa)\n"
            "  %b : Float(4, 2) = onnx::Concat[axis=0](%a, %wa)\n  %c : Float(6, 2) = onnx::Concat[axis=0](%b, %wb)\n"
            "  %d : Float(2, 6) = onnx::Transpose[perm=[1, 0]](%c)\n  %y : Float(2) = onnx::Foo(%x, %d, %c)\n"
            "  return (%y)\n");
    fold(fx, 1000);
    assert_string_equal(doc_of(fx, "wa^T.concat.concat^T"), "made of wa, wb by Transpose, Concat");
    assert_string_equal(doc_of(fx, "wa^T.concat.concat"), "made of wa, wb by Transpose, Concat");
}

/* A list that would be too long for a line ends with dots. */
static void test_many_weights_in_one(void **state)
{
    fixture *fx = *state;
    ox__buf text = {0};
    ox__buf_addz(&text, "graph(%x : Float(2)");
    for (int i = 0; i < 100; i++) ox__buf_addf(&text, ", %%w.of.a.rather.long.name.%d : Float(1)", i);
    ox__buf_addz(&text, "):\n  %c : Float(100) = onnx::Concat[axis=0](");
    for (int i = 0; i < 100; i++) ox__buf_addf(&text, "%s%%w.of.a.rather.long.name.%d", i ? ", " : "", i);
    ox__buf_addz(&text, ")\n  %y : Float(2) = onnx::Foo(%x, %c)\n  return (%y)\n");
    open_graph(fx, text.p);
    ox__buf_free(&text);
    fold(fx, 1000);
    const char *doc = doc_of(fx, "w.of.a.rather.long.name.0.concat");
    assert_true(strlen(doc) < 1100);
    assert_non_null(strstr(doc, ", ... by Concat"));
}

static void test_small_constants(void **state)
{
    fixture *fx = *state;
    open_graph(
        fx, "graph(%x : Float(2, 3)):\n  %s : Long(2) = onnx::Shape(%x)\n  %z : Long(1) = onnx::Constant[value={1}]()\n"
            "  %t : Long(1) = onnx::Gather(%s, %z)\n  %y : Float(3) = onnx::Foo(%x, %t)\n  return (%y)\n");
    fold(fx, 0);
    shows(fx, " : Long(1) = onnx::Constant[value={3}]()");
    /* random numbers are no constants */
    open_graph(fx, "graph(%x : Float(2)):\n  %y : Float(2) = onnx::RandomNormal[shape=[2]]()\n  return (%y)\n");
    fold(fx, 0);
    shows(fx, "onnx::RandomNormal");
}

/* ---- peepholes ---- */
static void peep(fixture *fx, const char *body, const char *want)
{
    char text[1024];
    uint64_t count = 0;
    snprintf(text, sizeof text, "graph(%%x : Float(2, 3, 4)):\n%s  return (%%y)\n", body);
    open_graph(fx, text);
    assert_ok(ox__peephole(fx->f, ox_model_main(fx->m), &count, &fx->err), &fx->err);
    assert_ok(ox__remove_dead(fx->m, ox_model_main(fx->m), NULL, &count, &fx->err), &fx->err);
    shows(fx, want);
}

static void test_peepholes(void **state)
{
    fixture *fx = *state;
#define T(out, in, perm) "  %" out " : Tensor = onnx::Transpose[perm=[" perm "]](%" in ")\n"
#define R(out, in) "  %" out " : Tensor = onnx::Relu(%" in ")\n"
    peep(fx, T("a", "x", "1, 2, 0") T("b", "a", "2, 0, 1") R("y", "b"), "onnx::Relu(%x)");
    peep(fx, T("a", "x", "1, 2, 0") T("b", "a", "1, 2, 0") R("y", "b"), "onnx::Transpose[perm=[2, 0, 1]](%x)");
    peep(fx, T("a", "x", "0, 1, 2") R("y", "a"), "onnx::Relu(%x)");
    peep(fx, "  %a : Tensor = onnx::Cast[to=1](%x)\n" R("y", "a"), "onnx::Relu(%x)");
    peep(fx, "  %a : Tensor = onnx::Cast[to=10](%x)\n" R("y", "a"), "onnx::Cast[to=10](%x)");
    peep(fx, "  %a : Tensor = onnx::Concat[axis=0](%x)\n" R("y", "a"), "onnx::Relu(%x)");
    peep(fx,
         "  %s : Long(2) = onnx::Constant[value= 6  4 [ CPULongType{2} ]]()\n  %t : Long(2) = onnx::Constant[value= 2 "
         "-1 [ CPULongType{2} ]]()\n"
         "  %a : Tensor = onnx::Reshape(%x, %s)\n  %y : Tensor = onnx::Reshape(%a, %t)\n",
         "%y : Float(2, 12) = onnx::Reshape(%x, %t)");
    /* 0 copies a dim of the first result */
    peep(fx,
         "  %s : Long(2) = onnx::Constant[value= 6  4 [ CPULongType{2} ]]()\n  %t : Long(2) = onnx::Constant[value= 0 "
         "-1 [ CPULongType{2} ]]()\n"
         "  %a : Tensor = onnx::Reshape(%x, %s)\n  %y : Tensor = onnx::Reshape(%a, %t)\n",
         "onnx::Reshape(%a, %t)");
    /* what the graph returns is made by a node */
    peep(fx, "  %y : Tensor = onnx::Identity(%x)\n", "onnx::Identity(%x)");
    peep(fx, R("a", "x") "  %y : Tensor = onnx::Identity(%a)\n", "return (%a)");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_batchnorm, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batchnorm_without_bias, setup, teardown),
        cmocka_unit_test_setup_teardown(test_batchnorm_that_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_weights, setup, teardown),
        cmocka_unit_test_setup_teardown(test_weights_of_several, setup, teardown),
        cmocka_unit_test_setup_teardown(test_where_weights_come_from, setup, teardown),
        cmocka_unit_test_setup_teardown(test_many_weights_in_one, setup, teardown),
        cmocka_unit_test_setup_teardown(test_small_constants, setup, teardown),
        cmocka_unit_test_setup_teardown(test_peepholes, setup, teardown),
    };
    cmocka_set_test_filter(argc > 1 ? argv[1] : NULL);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
