/* What `schema NAME` prints, and what it answers to names that it does not know. */
#include "ox_test.h"

#include "base/base.h"

#include <onnxsh/schema.h>

static void collect(void *ud, const char *s, size_t n)
{
    ox__buf_add(ud, s, n);
}

static int teardown(void **state)
{
    ox__buf_free(*state);
    ox__free(*state);
    return 0;
}

static int setup(void **state)
{
    *state = ox__calloc(1, sizeof(ox__buf));
    return *state ? 0 : -1;
}

static const char *printed(ox__buf *b, const char *name, ox_schema_print_options opt)
{
    ox_error err;
    ox__buf_clear(b);
    assert_ok(ox_schema_print(name, &opt, collect, b, &err), &err);
    return b->p;
}

static void has(const char *text, const char *part)
{
    if (!strstr(text, part)) fail_msg("'%s' is not in:\n%s", part, text);
}

static void prints_an_operator(void **state)
{
    const char *t = printed(*state, "Softmax", (ox_schema_print_options){0});
    assert_string_equal(t, "onnx::Softmax  since opset 13, defined by other operators\n"
                           "inputs\n"
                           "  input  T\n"
                           "outputs\n"
                           "  output  T\n"
                           "attributes\n"
                           "  axis  int      = -1\n"
                           "types\n"
                           "  T  tensor(float, float16, double, bfloat16)\n"
                           "versions\n"
                           "    13  axis = -1; T + tensor(bfloat16)\n"
                           "    11  only its meaning or text\n"
                           "     1  first version\n");
    t = printed(*state, "Softmax", (ox_schema_print_options){.opset = 12});
    has(t, "onnx::Softmax  since opset 11 to 12\n");
    assert_null(strstr(t, "versions"));
    t = printed(*state, "Upsample", (ox_schema_print_options){0});
    has(t, "deprecated");
    has(t, "+ input scales; - attribute scales");
    t = printed(*state, "Concat", (ox_schema_print_options){0});
    has(t, "  inputs  T  1 or more\n");
    has(t, "  axis  int      required\n");
    t = printed(*state, "If", (ox_schema_print_options){0});
    has(t, "of any types each");
    t = printed(*state, "ai.onnx.ml::Scaler", (ox_schema_print_options){0});
    has(t, "ai.onnx.ml::Scaler  since opset 1\n");
    has(printed(*state, "Scaler", (ox_schema_print_options){0}), "ai.onnx.ml::Scaler");
    has(printed(*state, "onnx::Relu", (ox_schema_print_options){0}), "onnx::Relu");
}

static void wraps_lines(void **state)
{
    const char *t = printed(*state, "Cast", (ox_schema_print_options){.width = 60});
    for (const char *p = t; *p;) {
        size_t n = strcspn(p, "\n");
        assert_in_range(n, 1, 70);
        assert_true(p[n - 1] != ' ');
        p += n + (p[n] == '\n');
    }
}

static void prints_overloads(void **state)
{
    const char *t = printed(*state, "aten::batch_norm", (ox_schema_print_options){0});
    assert_string_equal(t,
                        "aten::batch_norm(Tensor input, Tensor? weight, Tensor? bias, Tensor? running_mean, "
                        "Tensor? running_var, bool training, float momentum, float eps, bool cudnn_enabled) -> Tensor\n"
                        "    PyTorch          1.13 to 2.13\n"
                        "    inert at eval    momentum       it updates running statistics, in training only\n"
                        "    inert            cudnn_enabled  it picks a kernel\n");
    t = printed(*state, "elu", (ox_schema_print_options){0});
    has(t, "aten::elu.out(");
    has(t, "in-place form    aten::elu_\n");
    t = printed(*state, "aten::elu.out", (ox_schema_print_options){0});
    assert_null(strstr(t, "aten::elu(Tensor"));
    has(printed(*state, "aten::add_.Tensor", (ox_schema_print_options){0}), "in place of      aten::add.Tensor\n");
    has(printed(*state, "prim::NumToTensor", (ox_schema_print_options){0}), "prim::NumToTensor");
}

static void prints_json(void **state)
{
    const char *t = printed(*state, "Relu", (ox_schema_print_options){.json = true, .opset = 6});
    assert_string_equal(
        t, "{\"domain\":\"\",\"name\":\"Relu\",\"versions\":[{\"since\":6,\"until\":12,\"min_inputs\":1,"
           "\"max_inputs\":1,\"min_outputs\":1,\"max_outputs\":1,\"inputs\":[{\"name\":\"X\",\"type\":\"T\","
           "\"option\":\"single\",\"min_arity\":1,\"homogeneous\":true}],\"outputs\":[{\"name\":\"Y\","
           "\"type\":\"T\",\"option\":\"single\",\"min_arity\":1,\"homogeneous\":true}],\"attributes\":[],"
           "\"types\":[{\"name\":\"T\",\"allowed\":[\"tensor(float)\",\"tensor(float16)\","
           "\"tensor(double)\"]}]}]}\n");
    t = printed(*state, "aten::relu.out", (ox_schema_print_options){.json = true});
    assert_string_equal(
        t, "{\"name\":\"aten::relu\",\"overloads\":[{\"schema\":\"aten::relu.out(Tensor self, *, Tensor(a!) out) -> "
           "Tensor(a!)\",\"overload\":\"out\",\"first\":\"1.13\",\"last\":\"2.13\",\"out\":true,\"args\":[{\"name\":"
           "\"self\",\"type\":\"Tensor\"},{\"name\":\"out\",\"type\":\"Tensor(a!)\",\"keyword_only\":true,\"mutates\":"
           "true}],\"results\":[{\"name\":\"\",\"type\":\"Tensor(a!)\",\"mutates\":true}]}]}\n");
}

static void refuses_unknown_names(void **state)
{
    ox_error err;
    ox_schema_print_options old = {.opset = 9};
    assert_fails(ox_schema_print("Cnov", NULL, collect, *state, &err), OX_E_NOT_FOUND, "Cnov", &err);
    has(err.hint, "Conv");
    assert_fails(ox_schema_print("aten::convv2d", NULL, collect, *state, &err), OX_E_NOT_FOUND, "convv2d", &err);
    has(err.hint, "aten::conv2d");
    assert_fails(ox_schema_print("zzzzzzzzzzzzzzzzzzz", NULL, collect, *state, &err), OX_E_NOT_FOUND, "Scaler", &err);
    assert_fails(ox_schema_print("Gelu", &old, collect, *state, &err), OX_E_NOT_FOUND, "opset 9", &err);
    assert_fails(ox_schema_print("aten::elu.nope", NULL, collect, *state, &err), OX_E_NOT_FOUND, "elu.nope", &err);
    assert_fails(ox_schema_print("", NULL, collect, *state, &err), OX_E_NOT_FOUND, "no operator", &err);
    char name[400];
    memset(name, 'x', sizeof name - 1);
    name[sizeof name - 1] = '\0';
    assert_fails(ox_schema_print(name, NULL, collect, *state, &err), OX_E_NOT_FOUND, "399 bytes", &err);
    assert_int_equal(((ox__buf *)*state)->n, 0);
}

static void reports_every_failed_allocation(void **state)
{
    static const char *const names[] = {"Cast", "aten::add"};
    for (int k = 0; k < 4; k++) {
        for (uint64_t n = 1;; n++) {
            ox_error err;
            ox_schema_print_options opt = {.json = k & 1};
            ox__buf_clear(*state);
            ox__buf_reserve(*state, 100000);
            ox__alloc_fail_at(n, false);
            ox_status st = ox_schema_print(names[k / 2], &opt, collect, *state, &err);
            ox__alloc_fail_at(0, false);
            if (st == OX_OK) {
                assert_true(n > 1);
                break;
            }
            assert_int_equal(st, OX_E_NOMEM);
            assert_int_equal(((ox__buf *)*state)->n, 0);
        }
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(prints_an_operator, setup, teardown),
        cmocka_unit_test_setup_teardown(wraps_lines, setup, teardown),
        cmocka_unit_test_setup_teardown(prints_overloads, setup, teardown),
        cmocka_unit_test_setup_teardown(prints_json, setup, teardown),
        cmocka_unit_test_setup_teardown(refuses_unknown_names, setup, teardown),
        cmocka_unit_test_setup_teardown(reports_every_failed_allocation, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
