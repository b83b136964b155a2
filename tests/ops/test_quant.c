/* Quantization: granularities, types, and what does not go together. */
#include "ox_case_test.h"

#define X "  %x : Float(2, 3) = onnx::Constant[value= -1 0.5 1.5 300 2.5 -300 [ CPUFloatType{2,3} ]]()\n"
#define ONE EVAL_FLOAT("s", "1")
#define THREE EVAL_FLOATS("s", 3, "1 0.5 2")
#define GRID(n, m, text) \
    "  %s : Float(" #n ", " #m ") = onnx::Constant[value= " text " [ CPUFloatType{" #n "," #m "} ]]()\n"
#define ZERO(type, v) EVAL_LONG("l", v) EVAL_CAST("z", type, "l")
#define Q(attrs, in) EVAL_Y("onnx::QuantizeLinear" attrs "(" in ")")
#define D(attrs, in) EVAL_Y("onnx::DequantizeLinear" attrs "(" in ")")
#define BYTES "  %k : Long(2, 3) = onnx::Constant[value= 1 2 3 4 5 6 [ CPULongType{2,3} ]]()\n" EVAL_CAST("x", 2, "k")

static const eval_case quantize[] = {
    {13, X ONE Q("", "%x, %s"), "uint8[2,3] 0 0 2 255 2 0"},
    {13, X ONE ZERO(3, "1") Q("", "%x, %s, %z"), "int8[2,3] 0 1 3 127 3 -128"},
    {13, X THREE Q("", "%x, %s"), "uint8[2,3] 0 1 1 255 5 0"},
    {13, X EVAL_FLOATS("s", 2, "1 100") Q("[axis=-2]", "%x, %s"), "uint8[2,3] 0 0 2 3 0 0"},
    {13, X EVAL_FLOATS("s", 2, "1 2") Q("", "%x, %s"), "!2 scales for 3 indices of axis 1"},
    {13, X THREE Q("[axis=2]", "%x, %s"), "!axis 2 is outside"},
    {13, X ONE ZERO(7, "1") Q("", "%x, %s, %z"), "!to int64"},
    {13, X THREE ZERO(2, "1") Q("", "%x, %s, %z"), "!differ in shape"},
    {13, EVAL_LONG("x", "1") ONE Q("", "%x, %s"), "!of int64"},
    {21, X ONE Q("[output_dtype=22]", "%x, %s"), "int4[2,3] -1 0 2 7 2 -8"},
    {25, X ONE Q("[output_dtype=26]", "%x, %s"), "int2[2,3] -1 0 1 1 1 -2"},
    {21, X ONE Q("[output_dtype=4]", "%x, %s"), "uint16[2,3] 0 0 2 300 2 0"},
    {21, X ONE Q("[output_dtype=17]", "%x, %s"), "float8_e4m3fn[2,3] -1 0.5 1.5 288 2.5 -288"},
    {23, X ONE Q("[output_dtype=23]", "%x, %s"), "float4_e2m1[2,3] -1 0.5 1.5 6 2 -6"},
    {21, X ONE ZERO(2, "1") Q("[output_dtype=3]", "%x, %s, %z"), "!output_dtype is not the zero point's type"},
    {21, X GRID(2, 2, "1 2 100 4") Q("[axis=1, block_size=2]", "%x, %s"), "uint8[2,3] 0 0 1 3 0 0"},
    {21, X GRID(1, 3, "1 2 3") Q("[axis=0, block_size=2]", "%x, %s"), "uint8[2,3] 0 0 0 255 1 0"},
    {21, X GRID(1, 3, "1 2 3") Q("[axis=1, block_size=2]", "%x, %s"), "!not those of blocks of 2 along axis 1"},
    {21, X ONE Q("[block_size=-1]", "%x, %s"), "!block_size is out of range"},
};

static void test_quantize(void **state)
{
    (void)state;
    EVAL_ALL(quantize);
}

static const eval_case dequantize[] = {
    {13, BYTES EVAL_FLOAT("s", "0.5") D("", "%x, %s"), "float32[2,3] 0.5 1 1.5 2 2.5 3"},
    {13, BYTES EVAL_FLOAT("s", "0.5") ZERO(2, "4") D("", "%x, %s, %z"), "float32[2,3] -1.5 -1 -0.5 0 0.5 1"},
    {13, BYTES THREE D("", "%x, %s"), "float32[2,3] 1 1 6 4 2.5 12"},
    {13, BYTES ONE ZERO(3, "4") D("", "%x, %s, %z"), "!not of the input's type"},
    {19, BYTES EVAL_FLOAT("t", "0.5") EVAL_CAST("s", 10, "t") D("", "%x, %s"), "float16[2,3] 0.5 1 1.5 2 2.5 3"},
    {23, BYTES ONE D("[output_dtype=16]", "%x, %s"), "bfloat16[2,3] 1 2 3 4 5 6"},
    {24, BYTES EVAL_FLOAT("t", "2") EVAL_CAST("s", 24, "t") D("", "%x, %s"), "!the result would be float8_e8m0"},
    {24, BYTES EVAL_FLOAT("t", "2") EVAL_CAST("s", 24, "t") D("[output_dtype=1]", "%x, %s"),
     "float32[2,3] 2 4 6 8 10 12"},
    {21, BYTES GRID(2, 2, "1 2 3 4") D("[axis=1, block_size=2]", "%x, %s"), "float32[2,3] 1 2 6 12 15 24"},
    {13, EVAL_LONG("x", "1") ONE D("", "%x, %s"), "!of int64"},
};

static void test_dequantize(void **state)
{
    (void)state;
    EVAL_ALL(dequantize);
}

static const eval_case dynamic[] = {
    {11, EVAL_FLOATS("x", 3, "-1 0 4.1") EVAL_Y("onnx::DynamicQuantizeLinear(%x)"), "uint8[3] 0 50 255"},
    {11, EVAL_FLOATS("x", 3, "0 0 0") EVAL_Y("onnx::DynamicQuantizeLinear(%x)"), "uint8[3] 0 0 0"},
    {11, EVAL_LONG("x", "0") EVAL_Y("onnx::DynamicQuantizeLinear(%x)"), "!of int64"},
};

static void test_dynamic(void **state)
{
    (void)state;
    EVAL_ALL(dynamic);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_quantize),
        cmocka_unit_test(test_dequantize),
        cmocka_unit_test(test_dynamic),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
