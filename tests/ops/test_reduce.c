/* Reductions over any axes and types, of nothing too; places of extremes; losses. */
#include "ox_case_test.h"

#define CUBE "  %x : Float(2, 3, 2) = onnx::Constant[value= 1 2 3 4 5 6 7 8 9 10 11 12 [ CPUFloatType{2,3,2} ]]()\n"
#define AXES(n, text) EVAL_LONGS("a", n, text)
#define EMPTY(type) \
    EVAL_LONGS("s", 2, "2 0") \
    "  %e : Tensor = onnx::ConstantOfShape(%s)\n" EVAL_CAST("x", type, "e") AXES(1, "1") EVAL_LONGS("b", 1, "0")
#define OF(type, text) EVAL_FLOATS("f", 4, text) EVAL_CAST("x", type, "f")
#define ALL(op) EVAL_Y("onnx::" op "[keepdims=0](%x)")

static const eval_case reductions[] = {
    {18, CUBE ALL("ReduceSum"), "float32[] 78"},
    {18, CUBE AXES(1, "1") EVAL_Y("onnx::ReduceSum(%x, %a)"), "float32[2,1,2] 9 12 27 30"},
    {18, CUBE AXES(2, "0 -1") EVAL_Y("onnx::ReduceMean[keepdims=0](%x, %a)"), "float32[3] 4.5 6.5 8.5"},
    {11, CUBE EVAL_Y("onnx::ReduceMax[axes=[0, 1], keepdims=0](%x)"), "float32[2] 11 12"},
    {18, CUBE AXES(1, "3") EVAL_Y("onnx::ReduceSum(%x, %a)"), "!axis 3 is outside the 3 dims"},
    {18, OF(1, "1 -2 3 -4") ALL("ReduceL1"), "float32[] 10"},
    {18, OF(1, "1 -2 2 4") ALL("ReduceL2"), "float32[] 5"},
    {18, OF(1, "1 -2 2 4") ALL("ReduceSumSquare"), "float32[] 25"},
    {18, OF(1, "1000 1000 -inf 1000") ALL("ReduceLogSumExp"), "float32[] 1001.1"},
    {18, OF(1, "1 inf 1 inf") ALL("ReduceLogSumExp"), "float32[] inf"},
    {18, OF(1, "-inf -inf -inf -inf") ALL("ReduceLogSumExp"), "float32[] -inf"},
    {18, OF(1, "1 nan 3 4") ALL("ReduceMin"), "float32[] nan"},
    {18, OF(10, "2048 1 1 1") ALL("ReduceSum"), "float16[] 2052"},
    {18, OF(3, "100 100 -3 1") ALL("ReduceSum"), "int8[] -58"},
    {18, OF(7, "-7 1 -2 1") ALL("ReduceMean"), "int64[] -1"},
    {18, OF(6, "1 -2 2 4") ALL("ReduceL2"), "int32[] 5"},
    {18, OF(13, "1 2 3 4") ALL("ReduceMax"), "uint64[] 4"},
    {18, OF(6, "2 -3 1 4") ALL("ReduceProd"), "int32[] -24"},
    {20, OF(9, "0 1 1 1") ALL("ReduceMin"), "bool[] 0"},
    {18, OF(9, "0 1 1 1") ALL("ReduceSum"), "!of bool"},
    {18, EMPTY(1) EVAL_Y("onnx::ReduceSum(%x, %a)"), "float32[2,1] 0 0"},
    {18, EMPTY(1) EVAL_Y("onnx::ReduceMax(%x, %a)"), "float32[2,1] -inf -inf"},
    {18, EMPTY(3) EVAL_Y("onnx::ReduceMax(%x, %a)"), "int8[2,1] -128 -128"},
    {18, EMPTY(2) EVAL_Y("onnx::ReduceMin(%x, %a)"), "uint8[2,1] 255 255"},
    {18, EMPTY(1) EVAL_Y("onnx::ReduceMean(%x, %a)"), "float32[2,1] nan nan"},
    {18, EMPTY(1) EVAL_Y("onnx::ReduceSum(%x, %b)"), "float32[1,0]"},
    {18, OF(1, "1 -2 2 4") EVAL_Y("onnx::ReduceSumSquare[noop_with_empty_axes=1](%x)"), "float32[4] 1 4 4 16"},
    {18, EVAL_FLOAT("x", "3") ALL("ReduceProd"), "float32[] 3"},
};

static void test_reductions(void **state)
{
    (void)state;
    EVAL_ALL(reductions);
}

static const eval_case places[] = {
    {13, CUBE EVAL_Y("onnx::ArgMax[axis=1, keepdims=0](%x)"), "int64[2,2] 2 2 2 2"},
    {13, OF(7, "3 9 9 1") EVAL_Y("onnx::ArgMax(%x)"), "int64[1] 1"},
    {13, OF(7, "3 9 9 1") EVAL_Y("onnx::ArgMax[select_last_index=1](%x)"), "int64[1] 2"},
    {13, OF(10, "3 1 1 9") EVAL_Y("onnx::ArgMin[select_last_index=1, keepdims=0](%x)"), "int64[] 2"},
    {13, OF(1, "3 nan 9 nan") EVAL_Y("onnx::ArgMax(%x)"), "int64[1] 1"},
    {13, OF(1, "3 nan 9 nan") EVAL_Y("onnx::ArgMin[select_last_index=1](%x)"), "int64[1] 3"},
    {13, OF(13, "3 1 9 0") EVAL_Y("onnx::ArgMin(%x)"), "int64[1] 3"},
    {13, EMPTY(1) EVAL_Y("onnx::ArgMax[axis=1](%x)"), "!nothing to choose from"},
    {13, CUBE EVAL_Y("onnx::ArgMax[axis=3](%x)"), "!axis 3 is outside"},
};

static void test_places(void **state)
{
    (void)state;
    EVAL_ALL(places);
}

#define SCORES \
    "  %x : Float(2, 3) = onnx::Constant[value= -1 -2 -3 -4 -5 -6 [ CPUFloatType{2,3} ]]()\n" EVAL_LONGS( \
        "t", 2, "0 2") EVAL_FLOATS("w", 3, "1 1 3")
#define NLL(attrs, in) EVAL_Y("onnx::NegativeLogLikelihoodLoss" attrs "(" in ")")

static const eval_case losses[] = {
    {13, SCORES NLL("", "%x, %t"), "float32[] 3.5"},
    {13, SCORES NLL("[reduction=\"sum\"]", "%x, %t, %w"), "float32[] 19"},
    {13, SCORES NLL("", "%x, %t, %w"), "float32[] 4.75"},
    {13, SCORES NLL("[reduction=\"none\"]", "%x, %t"), "float32[2] 1 6"},
    {13, SCORES NLL("[ignore_index=2]", "%x, %t"), "float32[] 1"},
    {13, SCORES NLL("[reduction=\"most\"]", "%x, %t"), "!reduction must be"},
    {13, SCORES EVAL_LONGS("u", 2, "0 3") NLL("", "%x, %u"), "!label 3 of 3 classes"},
    {13, SCORES EVAL_LONGS("u", 2, "0 -1") NLL("[ignore_index=-1]", "%x, %u"), "float32[] 1"},
    {13, SCORES EVAL_LONGS("u", 3, "0 1 2") NLL("", "%x, %u"), "!the labels must be integers"},
    {13, SCORES EVAL_FLOATS("v", 2, "1 1") NLL("", "%x, %t, %v"), "!a weight for each class"},
    {13, SCORES EVAL_Y("onnx::SoftmaxCrossEntropyLoss[reduction=\"none\"](%x, %t)"), "float32[2] 0.407606 2.40761"},
};

static void test_losses(void **state)
{
    (void)state;
    EVAL_ALL(losses);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reductions),
        cmocka_unit_test(test_places),
        cmocka_unit_test(test_losses),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
