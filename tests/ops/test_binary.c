/* Operators that broadcast: every kind of row, odd types, the placement of the oldest opsets, refusals. */
#include "ox_case_test.h"

#define A "  %a : Long(2, 3) = onnx::Constant[value= 1 2 3 4 5 6 [ CPULongType{2,3} ]]()\n"
#define B(n, text) EVAL_LONGS("b", n, text)
#define OP(op) EVAL_Y("onnx::" op "(%a, %b)")
#define TYPED(n, op) \
    EVAL_FLOATS("f", 2, "-7 9") EVAL_FLOATS("g", 2, "2 -4") EVAL_CAST("a", n, "f") EVAL_CAST("b", n, "g") OP(op)

static const eval_case arithmetic[] = {
    {17, A B(3, "10 20 30") OP("Add"), "int64[2,3] 11 22 33 14 25 36"},
    {17, A EVAL_LONG("b", "2") OP("Mul"), "int64[2,3] 2 4 6 8 10 12"},
    {17, A "  %b : Long(2, 1) = onnx::Constant[value= 10 20 [ CPULongType{2,1} ]]()\n" OP("Sub"),
     "int64[2,3] -9 -8 -7 -16 -15 -14"},
    {17, "  %a : Long(2, 1) = onnx::Constant[value= 1 2 [ CPULongType{2,1} ]]()\n" B(3, "10 20 30") OP("Mul"),
     "int64[2,3] 10 20 30 20 40 60"},
    {17, A B(2, "1 2") OP("Add"), "!dims 3 and 2 cannot be broadcast"},
    {17, A EVAL_FLOAT("b", "1") OP("Add"), "!inputs of int64 and float32"},
    {17, TYPED(3, "Div"), "int8[2] -3 -2"},
    {17, TYPED(3, "Mod"), "int8[2] 1 -3"},
    {17, TYPED(3, "Mod[fmod=1]"), "int8[2] -1 1"},
    {17, TYPED(1, "Mod[fmod=1]"), "float32[2] -1 1"},
    {28, TYPED(1, "Mod"), "float32[2] 1 -3"},
    {17, TYPED(10, "Div"), "float16[2] -3.5 -2.25"},
    {17, TYPED(16, "Mul"), "bfloat16[2] -14 -36"},
    {17, TYPED(8, "Add"), "!Add: of string"},
    {17, A EVAL_LONG("b", "0") OP("Div"), "!division of integers by zero"},
    {17, EVAL_LONG("a", "-9223372036854775808") EVAL_LONG("b", "-1") OP("Div"), "int64[] -9223372036854775808"},
    {17, EVAL_LONG("a", "9223372036854775807") EVAL_LONG("b", "1") OP("Add"), "int64[] -9223372036854775808"},
    {17, EVAL_LONG("c", "200") EVAL_LONG("d", "100") EVAL_CAST("a", 2, "c") EVAL_CAST("b", 2, "d") OP("Add"),
     "uint8[] 44"},
    {17, EVAL_LONG("c", "-1") EVAL_LONG("d", "2") EVAL_CAST("a", 13, "c") EVAL_CAST("b", 13, "d") OP("Less"),
     "bool[] 0"},
    {11,
     EVAL_LONG("c", "5") EVAL_LONG("d", "70") EVAL_CAST("a", 13, "c") EVAL_CAST("b", 13, "d")
         OP("BitShift[direction=\"LEFT\"]"),
     "uint64[] 0"},
    {28, EVAL_LONG("a", "-5") EVAL_LONG("b", "-1") OP("BitShift[direction=\"RIGHT\"]"), "int64[] -1"},
    {11, A EVAL_LONG("b", "1") OP("BitShift"), "!direction must be LEFT or RIGHT"},
    {18, EVAL_LONG("a", "12") EVAL_LONG("b", "10") OP("BitwiseXor"), "int64[] 6"},
    {18, TYPED(1, "BitwiseAnd"), "!BitwiseAnd: of float32"},
    {16, TYPED(1, "PRelu"), "float32[2] -14 9"},
    {16, EVAL_LONG("a", "3") B(2, "1 2") OP("PRelu"), "!the slope has more dims than X"},
    {6, A B(2, "10 20") OP("PRelu"), "!the slope does not go"},
};

static void test_arithmetic(void **state)
{
    (void)state;
    EVAL_ALL(arithmetic);
}

static const eval_case legacy[] = {
    {6, A B(2, "10 20") OP("Add[axis=0, broadcast=1]"), "int64[2,3] 11 12 13 24 25 26"},
    {6, A B(3, "10 20 30") OP("Add[broadcast=1]"), "int64[2,3] 11 22 33 14 25 36"},
    {6, A B(3, "10 20 30") OP("Add"), "!`broadcast` is not set"},
    {6, A B(3, "10 20 30") OP("Add[axis=0, broadcast=1]"), "!dims 2 and 3 cannot be broadcast"},
    {6, A B(3, "10 20 30") OP("Add[axis=5, broadcast=1]"), "!axis is outside the dims"},
    {6, EVAL_LONG("a", "1") B(3, "10 20 30") OP("Add[broadcast=1]"), "!more dims than the first"},
    {1, A B(2, "2 5") OP("Equal[axis=0, broadcast=1]"), "bool[2,3] 0 1 0 0 1 0"},
};

static void test_legacy(void **state)
{
    (void)state;
    EVAL_ALL(legacy);
}

#define POW(x, n, y, k) \
    EVAL_FLOATS("f", 3, x) EVAL_FLOATS("g", 1, y) EVAL_CAST("a", n, "f") EVAL_CAST("b", k, "g") OP("Pow")

static const eval_case powers[] = {
    {15, POW("-3 0 2", 1, "2", 1), "float32[3] 9 0 4"},    {15, POW("-3 0 2", 1, "3", 7), "float32[3] -27 0 8"},
    {15, POW("4 0 9", 1, "0.5", 1), "float32[3] 2 0 3"},   {15, POW("4 0 0.25", 1, "-0.5", 1), "float32[3] 0.5 inf 2"},
    {15, POW("-3 1 2", 7, "5", 6), "int64[3] -243 1 32"},  {15, POW("-1 1 2", 7, "-3", 6), "int64[3] -1 1 0"},
    {15, POW("4 9 2", 6, "0.5", 1), "int32[3] 2 3 1"},     {15, POW("4 9 2", 11, "0.5", 10), "float64[3] 2 3 1.41421"},
    {15, POW("4 9 2", 10, "2", 16), "float16[3] 16 81 4"}, {15, POW("4 9 2", 8, "2", 1), "!Pow: of string and float32"},
};

static void test_powers(void **state)
{
    (void)state;
    EVAL_ALL(powers);
}

#define THREE \
    EVAL_FLOATS("a", 1, "1") \
    EVAL_FLOATS("b", 2, "0.25 4") "  %c : Float(2, 1) = onnx::Constant[value= 3 -3 [ CPUFloatType{2,1} ]]()\n"

static const eval_case many[] = {
    {13, THREE EVAL_Y("onnx::Sum(%a, %b, %c)"), "float32[2,2] 4.25 8 -1.75 2"},
    {13, THREE EVAL_Y("onnx::Max(%a, %b, %c)"), "float32[2,2] 3 4 1 4"},
    {13, THREE EVAL_Y("onnx::Min(%c, %a, %b)"), "float32[2,2] 0.25 1 -3 -3"},
    {13, THREE EVAL_Y("onnx::Mean(%a, %b)"), "float32[2] 0.625 2.5"},
    {13, THREE EVAL_Y("onnx::Mean(%b)"), "float32[2] 0.25 4"},
    /* one element, then a row: the accumulator is as wide as the whole from the first on */
    {13,
     EVAL_FLOATS("a", 1, "1") EVAL_FLOATS("b", 1, "2") EVAL_FLOATS("c", 4, "1 2 3 4") EVAL_Y("onnx::Sum(%a, %b, %c)"),
     "float32[4] 4 5 6 7"},
    {13, EVAL_FLOATS("f", 3, "1 2048 1") EVAL_CAST("a", 10, "f") EVAL_Y("onnx::Sum(%a, %a, %a)"),
     "float16[3] 3 6144 3"},
    {13, THREE EVAL_LONG("d", "1") EVAL_Y("onnx::Sum(%a, %d)"), "!inputs of float32 and int64"},
    {13, EVAL_LONG("d", "1") EVAL_Y("onnx::Mean(%d, %d)"), "!Mean: of int64"},
    {13, EVAL_LONGS("s", 2, "0 2") "  %e : Tensor = onnx::ConstantOfShape(%s)\n" EVAL_Y("onnx::Sum(%e, %e)"),
     "float32[0,2]"},
};

static void test_many(void **state)
{
    (void)state;
    EVAL_ALL(many);
}

#define BOOLS "  %c : Bool(2) = onnx::Constant[value= 0 1 [ CPUBoolType{2} ]]()\n"
#define TEXTS "  %a : Tensor = onnx::Constant[value_strings=[\"p\", \"q\"]]()\n"

static const eval_case choices[] = {
    {17, BOOLS EVAL_LONGS("a", 1, "1") B(2, "8 9") EVAL_Y("onnx::Where(%c, %a, %b)"), "int64[2] 8 1"},
    {17, BOOLS TEXTS "  %b : Tensor = onnx::Constant[value_string=\"z\"]()\n" EVAL_Y("onnx::Where(%c, %a, %b)"),
     "string[2] z q"},
    {17, BOOLS EVAL_LONG("a", "1") EVAL_FLOAT("b", "1") EVAL_Y("onnx::Where(%c, %a, %b)"),
     "!inputs of int64 and float32"},
    {17, EVAL_LONG("a", "1") EVAL_Y("onnx::Where(%a, %a, %a)"), "!the condition must be bool"},
    {17, BOOLS EVAL_LONG("l", "1") EVAL_CAST("a", 22, "l") EVAL_Y("onnx::Where(%c, %a, %a)"), "!Where: of int4"},
    {19, TEXTS "  %b : Tensor = onnx::Constant[value_string=\"q\"]()\n" OP("Equal"), "bool[2] 0 1"},
    {19, TEXTS EVAL_Y("onnx::Less(%a, %a)"), "!Less: of string"},
    {17, BOOLS EVAL_Y("onnx::Xor(%c, %c)"), "bool[2] 0 0"},
    {17, BOOLS EVAL_LONG("a", "1") EVAL_Y("onnx::And(%c, %a)"), "!the inputs must be bool"},
    {17, BOOLS EVAL_Y("onnx::Equal(%c, %c)"), "bool[2] 1 1"},
};

static void test_choices(void **state)
{
    (void)state;
    EVAL_ALL(choices);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_arithmetic), cmocka_unit_test(test_legacy),  cmocka_unit_test(test_powers),
        cmocka_unit_test(test_many),       cmocka_unit_test(test_choices),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
