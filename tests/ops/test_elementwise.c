/* Functions of one number, casts, and what goes along an axis: odd types, limits, refusals. The node tests of onnx hold
 * the values. */
#include "ox_case_test.h"

#define X EVAL_FLOATS("x", 3, "-1.5 0 2.5")
#define UNARY(op) X EVAL_Y("onnx::" op "(%x)")
#define OF_TYPE(n, op) EVAL_FLOATS("f", 3, "-2 0 3") EVAL_CAST("x", n, "f") EVAL_Y("onnx::" op "(%x)")

static const eval_case functions[] = {
    {17, UNARY("Relu"), "float32[3] 0 0 2.5"},
    {17, UNARY("Round"), "float32[3] -2 0 2"},
    {17, OF_TYPE(11, "Exp"), "float64[3] 0.135335 1 20.0855"},
    {17, OF_TYPE(10, "Sigmoid"), "float16[3] 0.119202 0.5 0.952637"},
    {17, OF_TYPE(16, "Sigmoid"), "bfloat16[3] 0.119141 0.5 0.953125"},
    {17, OF_TYPE(3, "Abs"), "int8[3] 2 0 3"},
    {17, OF_TYPE(7, "Neg"), "int64[3] 2 0 -3"},
    {17, OF_TYPE(7, "Sign"), "int64[3] -1 0 1"},
    {17, OF_TYPE(7, "Exp"), "!Exp: of int64"},
    {17, OF_TYPE(9, "Not"), "bool[3] 0 1 0"},
    {17, OF_TYPE(1, "Not"), "!Not: of float32"},
    {18, OF_TYPE(3, "BitwiseNot"), "int8[3] 1 -1 -4"},
    {18, EVAL_LONG("l", "-128") EVAL_CAST("x", 3, "l") EVAL_Y("onnx::Abs(%x)"), "int8[] -128"},
    {17, EVAL_FLOATS("x", 4, "-200 -100 88 100") EVAL_Y("onnx::Exp(%x)"), "float32[4] 0 3.78351e-44 1.65164e+38 inf"},
    {17, EVAL_FLOATS("x", 4, "-20 -0.001 0.5 20") EVAL_Y("onnx::Tanh(%x)"), "float32[4] -1 -0.001 0.462117 1"},
    {20, X EVAL_Y("onnx::Gelu[approximate=\"tanh\"](%x)"), "float32[3] -0.100428 0 2.48492"},
    {20, X EVAL_Y("onnx::Gelu[approximate=\"fast\"](%x)"), "!approximate must be none or tanh"},
    {17, X EVAL_Y("onnx::LeakyRelu[alpha=0.5](%x)"), "float32[3] -0.75 0 2.5"},
    {5, EVAL_FLOATS("x", 1, "1") EVAL_Y("onnx::Selu(%x)"), "float32[1] 1.0507"},
    {9, OF_TYPE(7, "Shrink[bias=1., lambd=1.]"), "int64[3] -1 0 2"},
    {17, EVAL_LONGS("s", 2, "0 3") "  %x : Tensor = onnx::ConstantOfShape(%s)\n" EVAL_Y("onnx::Relu(%x)"),
     "float32[0,3]"},
    {17, UNARY("IsNaN"), "bool[3] 0 0 0"},
    {20, EVAL_LONGS("l", 2, "1 2") EVAL_Y("onnx::IsInf(%l)"), "!IsInf: of int64"},
    {6, X EVAL_Y("onnx::Clip[max=1., min=-1.](%x)"), "float32[3] -1 0 1"},
    {13, X EVAL_FLOAT("a", "-1") EVAL_Y("onnx::Clip(%x, %a)"), "float32[3] -1 0 2.5"},
    {13, X EVAL_LONG("a", "-1") EVAL_Y("onnx::Clip(%x, %a)"), "!a bound must be one number of the input's type"},
    {13, EVAL_LONGS("x", 2, "-9 9") EVAL_LONG("a", "-1") EVAL_LONG("b", "4") EVAL_Y("onnx::Clip(%x, %a, %b)"),
     "int64[2] -1 4"},
    {28, X EVAL_FLOATS("z", 2, "1 2") EVAL_Y("onnx::SwiGLU(%x, %z)"), "!of one shape and type"},
};

static void test_functions(void **state)
{
    (void)state;
    EVAL_ALL(functions);
}

#define CAST(from, n) from EVAL_Y("onnx::Cast[to=" #n "](%x)")
#define STRINGS(n, ...) "  %x : Tensor = onnx::Constant[value_strings=[" __VA_ARGS__ "]]()\n"

static const eval_case casts[] = {
    {28, CAST(X, 7), "int64[3] -1 0 2"},
    {28, CAST(X, 9), "bool[3] 1 0 1"},
    {28, CAST(X, 3), "int8[3] -1 0 2"},
    {28, CAST(EVAL_LONGS("x", 3, "200 -129 256"), 3), "int8[3] -56 127 0"},
    {28, CAST(EVAL_LONGS("x", 3, "9 -9 3"), 22), "int4[3] -7 7 3"},
    {28, CAST(EVAL_LONGS("x", 3, "5 -1 1"), 25), "uint2[3] 1 3 1"},
    {28, CAST(EVAL_FLOATS("x", 3, "1000 -1000 0.3"), 17), "float8_e4m3fn[3] 448 -448 0.3125"},
    {28, EVAL_FLOATS("x", 2, "1000 1") EVAL_Y("onnx::Cast[saturate=0, to=17](%x)"), "float8_e4m3fn[2] nan 1"},
    {28, CAST(EVAL_FLOATS("x", 3, "1.5 0 3"), 24), "float8_e8m0[3] 2 5.87747e-39 4"},
    {28, EVAL_FLOATS("x", 3, "1.5 1.4 3") EVAL_Y("onnx::Cast[round_mode=\"down\", to=24](%x)"), "float8_e8m0[3] 1 1 2"},
    {28, EVAL_FLOATS("x", 3, "1.5 1.4 3") EVAL_Y("onnx::Cast[round_mode=\"nearest\", to=24](%x)"),
     "float8_e8m0[3] 2 1 4"},
    {28, EVAL_FLOATS("x", 2, "0 3") EVAL_Y("onnx::Cast[saturate=0, round_mode=\"nearest\", to=24](%x)"),
     "float8_e8m0[2] nan 4"},
    {28, X EVAL_Y("onnx::Cast[round_mode=\"odd\", to=24](%x)"), "!round_mode must be"},
    {28, CAST(EVAL_FLOATS("x", 2, "70000 1"), 10), "float16[2] inf 1"},
    {28, CAST(EVAL_FLOATS("x", 5, "0.1 -2 1e20 0.00001 16777216"), 8), "string[5] 0.1 -2.0 1e+20 1e-05 16777216.0"},
    {28, CAST(EVAL_LONGS("x", 2, "-7 12"), 8), "string[2] -7 12"},
    {28, CAST(EVAL_LONGS("l", 2, "0 1") EVAL_CAST("x", 9, "l"), 8), "string[2] False True"},
    {28, CAST(STRINGS(3, "\"1e2\", \"-inf\", \"NaN\""), 1), "float32[3] 100 -inf nan"},
    {28, CAST(STRINGS(2, "\"18446744073709551615\", \"100.5\""), 7), "int64[2] -1 100"},
    {28, CAST(STRINGS(2, "\"1\", \"one\""), 1), "!\"one\" is no number"},
    {28, CAST(STRINGS(1, "\"0x10\""), 7), "!is no number"},
    {28, CAST(STRINGS(2, "\"a\", \"b\""), 8), "string[2] a b"},
    {28, CAST(X, 14), "!of float32 to complex64"},
    {28, CAST(X, 99), "!`to` is no element type"},
    {5, X EVAL_Y("onnx::Cast[to=\"INT32\"](%x)"), "int32[3] -1 0 2"},
    {17, X EVAL_LONG("l", "0") EVAL_Y("onnx::CastLike(%x, %l)"), "int64[3] -1 0 2"},
    {26, EVAL_FLOAT("x", "1") EVAL_Y("onnx::BitCast[to=6](%x)"), "int32[] 1065353216"},
    {26, EVAL_FLOAT("x", "1") EVAL_Y("onnx::BitCast[to=7](%x)"), "!of one width"},
};

static void test_casts(void **state)
{
    (void)state;
    EVAL_ALL(casts);
}

#define GRID "  %l : Long(2, 3) = onnx::Constant[value= 1 2 3 4 5 6 [ CPULongType{2,3} ]]()\n"

static const eval_case along[] = {
    {14, GRID EVAL_LONG("a", "-1") EVAL_Y("onnx::CumSum(%l, %a)"), "int64[2,3] 1 3 6 4 9 15"},
    {14, GRID EVAL_LONG("a", "0") EVAL_Y("onnx::CumSum[exclusive=1, reverse=1](%l, %a)"), "int64[2,3] 4 5 6 0 0 0"},
    {14, GRID EVAL_LONG("a", "2") EVAL_Y("onnx::CumSum(%l, %a)"), "!axis 2 is outside the 2 dims"},
    {14, GRID EVAL_LONGS("a", 2, "0 1") EVAL_Y("onnx::CumSum(%l, %a)"), "!axis must be one integer"},
    {26, GRID EVAL_LONG("a", "1") EVAL_Y("onnx::CumProd[exclusive=1](%l, %a)"), "int64[2,3] 1 1 2 1 4 20"},
    {14, GRID EVAL_Y("onnx::Trilu(%l)"), "int64[2,3] 1 2 3 0 5 6"},
    {14, GRID EVAL_LONG("k", "9223372036854775807") EVAL_Y("onnx::Trilu(%l, %k)"), "int64[2,3] 0 0 0 0 0 0"},
    {14, GRID EVAL_LONG("k", "-9223372036854775808") EVAL_Y("onnx::Trilu[upper=0](%l, %k)"), "int64[2,3] 0 0 0 0 0 0"},
    {14, EVAL_LONGS("x", 2, "1 2") EVAL_Y("onnx::Trilu(%x)"), "!at least 2 dims"},
    {10, GRID EVAL_LONGS("n", 2, "3 2") EVAL_Y("onnx::ReverseSequence[batch_axis=0, time_axis=1](%l, %n)"),
     "int64[2,3] 3 2 1 5 4 6"},
    {10, GRID EVAL_LONGS("n", 2, "4 2") EVAL_Y("onnx::ReverseSequence[batch_axis=0, time_axis=1](%l, %n)"),
     "!a length of 4 of 3 steps"},
    {10, GRID EVAL_LONGS("n", 3, "1 1 1") EVAL_Y("onnx::ReverseSequence[batch_axis=0, time_axis=1](%l, %n)"),
     "!a length for each of the batch"},
    {10, GRID EVAL_LONGS("n", 2, "1 1") EVAL_Y("onnx::ReverseSequence[batch_axis=1, time_axis=1](%l, %n)"),
     "!the axes must be 0 and 1"},
    {13, X EVAL_Y("onnx::Dropout(%x)"), "float32[3] -1.5 0 2.5"},
    {13, X EVAL_FLOAT("r", "1") EVAL_CAST("t", 9, "r") EVAL_Y("onnx::Dropout(%x, %r, %t)"), "!ratio must be in [0, 1)"},
    {13, X EVAL_FLOATS("r", 2, "0 0") EVAL_Y("onnx::Dropout(%x, %r)"), "!input 1 must be one element"},
};

static void test_along(void **state)
{
    (void)state;
    EVAL_ALL(along);
}

/* Ten thousand ones, half of which are dropped and the rest doubled; one seed, one choice. */
#define ONES \
    EVAL_LONGS("s", 1, "10000") \
    "  %o : Tensor = onnx::ConstantOfShape(%s)\n  %z : Tensor = onnx::Exp(%o)\n" EVAL_FLOAT("r", "0.5") \
        EVAL_CAST("t", 9, "r")

static const eval_case dropout[] = {
    {13,
     ONES "  %a : Tensor = onnx::Dropout[seed=3](%z, %r, %t)\n  %b : Tensor = onnx::Dropout[seed=3](%z, %r, %t)\n"
          "  %d : Tensor = onnx::Sub(%a, %b)\n" EVAL_Y("onnx::ReduceL1[keepdims=0](%d)"),
     "float32[] 0"},
    {13,
     ONES "  %a : Tensor = onnx::Dropout(%z, %r, %t)\n  %b : Tensor = onnx::ReduceMean[keepdims=0](%a)\n" EVAL_FLOAT(
         "ten", "10") "  %c : Tensor = onnx::Mul(%b, %ten)\n" EVAL_Y("onnx::Round(%c)"),
     "float32[] 10"},
    {13, ONES "  %a : Tensor = onnx::Dropout(%z, %r, %t)\n" EVAL_Y("onnx::ReduceMax[keepdims=0](%a)"), "float32[] 2"},
};

static void test_dropout(void **state)
{
    (void)state;
    EVAL_ALL(dropout);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_functions),
        cmocka_unit_test(test_casts),
        cmocka_unit_test(test_along),
        cmocka_unit_test(test_dropout),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
