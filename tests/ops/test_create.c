/* Tensors made from sizes and rules: limits, types, distributions; the optimizers. */
#include "ox_case_test.h"

#define RANGE(a, b, d) EVAL_LONG("a", a) EVAL_LONG("b", b) EVAL_LONG("d", d) EVAL_Y("onnx::Range(%a, %b, %d)")
#define FRANGE(a, b, d) EVAL_FLOAT("a", a) EVAL_FLOAT("b", b) EVAL_FLOAT("d", d) EVAL_Y("onnx::Range(%a, %b, %d)")
#define MEL(bands, length, high) \
    EVAL_LONG("n", bands) \
    EVAL_LONG("d", length) \
    EVAL_LONG("r", "8000") \
    EVAL_FLOAT("l", "0") EVAL_FLOAT("h", high) EVAL_Y("onnx::MelWeightMatrix(%n, %d, %r, %l, %h)")

static const eval_case fills[] = {
    {11, RANGE("3", "9", "4"), "int64[2] 3 7"},
    {11, RANGE("9", "3", "-3"), "int64[2] 9 6"},
    {11, RANGE("1", "1", "5"), "int64[0]"},
    {11, RANGE("1", "2", "0"), "!delta is 0"},
    {11, RANGE("-9223372036854775808", "9223372036854775807", "9223372036854775807"),
     "int64[3] -9223372036854775808 -1 9223372036854775806"},
    {11, RANGE("0", "9223372036854775807", "1"), "!too large"},
    {11, FRANGE("1", "2", "0.25"), "float32[4] 1 1.25 1.5 1.75"},
    {11, FRANGE("1", "2", "0"), "!no length"},
    {11, FRANGE("1", "nan", "1"), "!no length"},
    {11, EVAL_LONG("a", "1") EVAL_FLOAT("b", "2") EVAL_Y("onnx::Range(%a, %b, %a)"), "!scalars of one type"},
    {9, EVAL_LONGS("s", 2, "2 2") EVAL_Y("onnx::ConstantOfShape(%s)"), "float32[2,2] 0 0 0 0"},
    {9, EVAL_LONGS("s", 2, "2 -2") EVAL_Y("onnx::ConstantOfShape(%s)"), "!too large"},
    {9, EVAL_LONGS("s", 2, "4611686018427387904 4") EVAL_Y("onnx::ConstantOfShape(%s)"), "!too large"},
    {9, EVAL_FLOATS("s", 1, "2") EVAL_Y("onnx::ConstantOfShape(%s)"), "!a list of integers"},
    {9,
     "  %x : Float(2, 3) = onnx::Constant[value= 1 2 3 4 5 6 [ CPUFloatType{2,3} ]]()\n" EVAL_Y(
         "onnx::EyeLike[dtype=6, k=1](%x)"),
     "int32[2,3] 0 1 0 0 0 1"},
    {9,
     "  %x : Float(2, 3) = onnx::Constant[value= 1 2 3 4 5 6 [ CPUFloatType{2,3} ]]()\n" EVAL_Y(
         "onnx::EyeLike[k=9223372036854775807](%x)"),
     "float32[2,3] 0 0 0 0 0 0"},
    {9, EVAL_FLOATS("x", 1, "2") EVAL_Y("onnx::EyeLike(%x)"), "!2 dims"},
    {17, EVAL_LONG("n", "4") EVAL_Y("onnx::HannWindow(%n)"), "float32[4] 0 0.5 1 0.5"},
    {17, EVAL_LONG("n", "3") EVAL_Y("onnx::HannWindow[output_datatype=11, periodic=0](%n)"),
     "float64[3] 0 1 1.49976e-32"},
    {17, EVAL_LONG("n", "1") EVAL_Y("onnx::HammingWindow[periodic=0](%n)"), "float32[1] 1"},
    {17, EVAL_LONG("n", "2") EVAL_Y("onnx::BlackmanWindow[output_datatype=7](%n)"), "int64[2] 0 1"},
    {17, EVAL_LONG("n", "-1") EVAL_Y("onnx::HannWindow(%n)"), "!size is -1"},
    {17, EVAL_LONG("n", "2") EVAL_Y("onnx::HannWindow[output_datatype=8](%n)"), "!of string"},
    {17, MEL("2", "8", "4000"), "float32[5,2] 1 0 0 1 0 0 0 0 0 0"},
    {17, MEL("2", "8", "20000"), "!band 1 is beyond the spectrogram"},
    {17, MEL("-2", "8", "4000"), "!make no bands"},
    {17, MEL("2", "9223372036854775806", "4000"), "!too large"},
};

static void test_fills(void **state)
{
    (void)state;
    EVAL_ALL(fills);
}

#define MANY EVAL_LONGS("s", 1, "20000") "  %x : Tensor = onnx::ConstantOfShape(%s)\n"
#define MEAN_OF(op) \
    "  %a : Tensor = " op "\n  %b : Tensor = onnx::ReduceMean[keepdims=0](%a)\n" EVAL_Y("onnx::Round(%b)")
#define SQUARE_OF(op) \
    "  %a : Tensor = " op \
    "\n  %q : Tensor = onnx::Mul(%a, %a)\n  %b : Tensor = onnx::ReduceMean[keepdims=0](%q)\n" EVAL_Y( \
        "onnx::Round(%b)")
#define SAME(op) "  %a : Tensor = " op "\n  %b : Tensor = " op "\n" EVAL_Y("onnx::Equal(%a, %b)")

static const eval_case randoms[] = {
    {17, MEAN_OF("onnx::RandomNormal[mean=50., scale=2., shape=[100, 200]]()"), "float32[] 50"},
    {17, SQUARE_OF("onnx::RandomNormal[scale=2., seed=1., shape=[300, 300]]()"), "float32[] 4"},
    {17, MEAN_OF("onnx::RandomUniform[dtype=11, high=30., low=10., shape=[20000]]()"), "float64[] 20"},
    {17,
     MANY "  %a : Tensor = onnx::RandomUniformLike[high=3., low=2.](%x)\n"
          "  %b : Tensor = onnx::Floor(%a)\n" EVAL_Y("onnx::ReduceMax[keepdims=0](%b)"),
     "float32[] 2"},
    {17, SAME("onnx::RandomUniform[dtype=10, seed=5., shape=[2]]()"), "bool[2] 1 1"},
    {17, SAME("onnx::RandomNormal[shape=[2]]()"), "bool[2] 0 0"},
    {17, "  %a : Tensor = onnx::RandomNormal[shape=[4611686018427387904]]()\n" EVAL_Y("onnx::Relu(%a)"), "!too large"},
    {17, "  %a : Tensor = onnx::RandomNormal[shape=[-1]]()\n" EVAL_Y("onnx::Relu(%a)"), "!too large"},
    {17, EVAL_Y("onnx::RandomNormal[dtype=7, shape=[1]]()"), "!of int64"},
    {17, EVAL_Y("onnx::RandomNormal()"), "!`shape` is missing"},
    {17, EVAL_FLOATS("x", 3, "0 1 1") EVAL_Y("onnx::Bernoulli[dtype=7](%x)"), "int64[3] 0 1 1"},
    {17, EVAL_FLOATS("x", 1, "1.5") EVAL_Y("onnx::Bernoulli(%x)"), "!is no probability"},
    {17,
     "  %x : Float(1, 3) = onnx::Constant[value= -1000 0 -1000 [ CPUFloatType{1,3} ]]()\n" EVAL_Y(
         "onnx::Multinomial[sample_size=4](%x)"),
     "int32[1,4] 1 1 1 1"},
    {17, EVAL_FLOATS("x", 1, "1") EVAL_Y("onnx::Multinomial(%x)"), "!rank 2"},
};

static void test_randoms(void **state)
{
    (void)state;
    EVAL_ALL(randoms);
}

#define T "ai.onnx.preview.training"
#define STATE \
    EVAL_FLOAT("r", "0.5") \
    EVAL_LONG("t", "0") EVAL_FLOATS("x", 2, "1 2") EVAL_FLOATS("g", 2, "1 -1") EVAL_FLOATS("h", 2, "0 0")

static const eval_case optimizers[] = {
    {17, STATE EVAL_Y(T "::Momentum[alpha=0.5, beta=1., mode=\"standard\", norm_coefficient=0.](%r, %t, %x, %g, %h)"),
     "float32[2] 0.5 2.5"},
    {17, STATE EVAL_Y(T "::Momentum[alpha=0.5, beta=1., mode=\"nesterov\", norm_coefficient=0.](%r, %t, %x, %g, %h)"),
     "float32[2] 0.25 2.75"},
    {17, STATE EVAL_Y(T "::Momentum[mode=\"other\"](%r, %t, %x, %g, %h)"), "!mode must be"},
    {17, STATE EVAL_Y(T "::Adagrad[epsilon=0.](%r, %t, %x, %g, %h)"), "float32[2] 0.5 2.5"},
    {17, STATE EVAL_Y(T "::Adam[alpha=0., beta=0., epsilon=0.](%r, %t, %x, %g, %h, %h)"), "float32[2] 0.5 2.5"},
    {17, STATE EVAL_Y(T "::Adam(%r, %t, %x, %g, %h)"), "!5 inputs cannot be R, T and groups of 4"},
    {17, STATE EVAL_FLOATS("k", 1, "1") EVAL_Y(T "::Adagrad(%r, %t, %x, %k, %h)"), "!differ in type or shape"},
    {17, STATE EVAL_Y(T "::Gradient[xs=[\"x\"], y=\"y\"](%x)"), "!derivatives"},
};

static void test_optimizers(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof optimizers / sizeof *optimizers; i++) eval_case_check(&optimizers[i], T);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_fills),
        cmocka_unit_test(test_randoms),
        cmocka_unit_test(test_optimizers),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
