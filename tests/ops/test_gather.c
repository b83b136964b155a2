/* Picking and placing elements, computed: odd element types, empty tensors, ties and NaN, what is refused. */
#include "ox_eval_test.h"

static const eval_row gathers[] = {
    {21, "Gather[axis=-1](%a, %b)", "int4[2,3]: 1 2 3 4 5 6 | int32[2]: -1 0", "int4[2,2]: 3 1 6 4"},
    {21, "Gather(%a, %b)", "string[2]: 'a' 'b' | int64[]: 1", "string[]: 'b'"},
    {21, "Gather(%a, %b)", "float32[0,2]: | int64[0]:", "float32[0,2]:"},
    {21, "Gather(%a, %b)", "float32[2]: 1 2 | int64[1]: 2", "!index 2 of 2"},
    {21, "Gather(%a, %b)", "float32[2]: 1 2 | int64[1]: -3", "!index -3 of 2"},
    {21, "Gather(%a, %b)", "float32[2]: 1 2 | float32[1]: 0", "!no integers"},
    {21, "Gather(%a, %b)", "float32[]: 2 | int64[1]: 0", "!axis 0 is outside"},
    {21, "GatherElements[axis=1](%a, %b)", "uint4[2,2]: 1 2 3 4 | int64[2,1]: -1 0", "uint4[2,1]: 2 3"},
    {21, "GatherElements(%a, %b)", "float32[1,1]: 1 | int64[1,2]: 0 0", "!dim 1 of the indices is larger"},
    {21, "GatherElements(%a, %b)", "float32[1]: 1 | int64[1,1]: 0", "!indices of 2 dims"},
    {21, "GatherND(%a, %b)", "string[2,2]: 'a' 'b' 'c' 'd' | int64[1,2]: -1 0", "string[1]: 'c'"},
    {21, "GatherND[batch_dims=1](%a, %b)", "int8[2,2]: 1 2 3 4 | int64[2,1]: 1 0", "int8[2]: 2 3"},
    {21, "GatherND[batch_dims=1](%a, %b)", "int8[2,2]: 1 2 3 4 | int64[1,1]: 1", "!batch dim 0 differs"},
    {21, "GatherND(%a, %b)", "int8[2]: 1 2 | int64[1,2]: 0 0", "!indices of 2 entries for 1 dims"},
    {21, "GatherND(%a, %b)", "int8[2]: 1 2 | int64[1]: 5", "!index 5 of 2"},
    {21, "Compress[axis=0](%a, %b)", "int4[2,2]: 1 2 3 4 | bool[2]: 0 1", "int4[1,2]: 3 4"},
    {21, "Compress(%a, %b)", "string[2]: 'a' 'b' | bool[1]: 1", "string[1]: 'a'"},
    {21, "Compress(%a, %b)", "float32[2]: 1 2 | bool[3]: 0 0 1", "float32[0]:"},
    {21, "Compress(%a, %b)", "float32[2]: 1 2 | int64[1]: 1", "!no vector of bools"},
    {21, "NonZero(%a)", "float32[2,2]: 0 -0 nan 1", "int64[2,2]: 1 1 0 1"},
    {21, "NonZero(%a)", "complex64[2]: 0 0 0 1", "int64[1,1]: 1"},
    {21, "NonZero(%a)", "string[2]: '' 'a'", "int64[1,1]: 1"},
    {21, "NonZero(%a)", "float16[]: 1", "int64[0,1]:"},
    {21, "OneHot(%a, %b, %c)", "int64[3]: 0 -1 3 | int64[]: 2 | string[2]: 'n' 'y'",
     "string[3,2]: 'y' 'n' 'n' 'y' 'n' 'n'"},
    {21, "OneHot[axis=0](%a, %b, %c)", "float32[2]: 0 1 | float32[1]: 2 | int8[2]: -1 1", "int8[2,2]: 1 -1 -1 1"},
    {21, "OneHot(%a, %b, %c)", "int64[1]: 0 | int64[]: 0 | int8[2]: 0 1", "int8[1,0]:"},
    {21, "OneHot(%a, %b, %c)", "int64[1]: 0 | int64[]: -1 | int8[2]: 0 1", "!a depth of -1"},
    {21, "OneHot(%a, %b, %c)", "int64[1]: 0 | int64[]: 4611686018427387904 | int8[2]: 0 1", "!too large"},
    {21, "OneHot(%a, %b, %c)", "int64[1]: 0 | int64[]: 1 | int8[1]: 0", "!no pair"},
};

static const eval_row scatters[] = {
    {9, "Scatter[axis=1](%a, %b, %c)", "float32[1,3]: 1 2 3 | int64[1,1]: 2 | float32[1,1]: 9", "float32[1,3]: 1 2 9"},
    {21, "ScatterElements(%a, %b, %c)", "string[2]: 'a' 'b' | int64[1]: -1 | string[1]: 'z'", "string[2]: 'a' 'z'"},
    {21, "ScatterElements[reduction=\"add\"](%a, %b, %c)", "uint8[1]: 200 | int64[2]: 0 0 | uint8[2]: 50 10",
     "uint8[1]: 4"},
    {21, "ScatterElements[reduction=\"mul\"](%a, %b, %c)", "int16[1]: 300 | int64[1]: 0 | int16[1]: 300",
     "int16[1]: 24464"},
    {21, "ScatterElements[reduction=\"max\"](%a, %b, %c)", "float16[2]: 1 -1 | int64[2]: 0 1 | float16[2]: 0.5 2",
     "float16[2]: 1 2"},
    {21, "ScatterElements[reduction=\"min\"](%a, %b, %c)", "bfloat16[1]: 1 | int64[1]: 0 | bfloat16[1]: 0.5",
     "bfloat16[1]: 0.5"},
    {21, "ScatterElements[reduction=\"add\"](%a, %b, %c)", "bool[1]: 0 | int64[1]: 0 | bool[1]: 1", "bool[1]: 1"},
    {21, "ScatterElements[reduction=\"add\"](%a, %b, %c)", "string[1]: 'a' | int64[1]: 0 | string[1]: 'b'",
     "!reduction add of elements"},
    {21, "ScatterElements[reduction=\"sub\"](%a, %b, %c)", "int8[1]: 1 | int64[1]: 0 | int8[1]: 1",
     "!the reduction is none of"},
    {21, "ScatterElements(%a, %b, %c)", "int8[1]: 1 | int64[1]: 1 | int8[1]: 1", "!index 1 of 1"},
    {21, "ScatterElements(%a, %b, %c)", "int8[2]: 1 1 | int64[1]: 1 | int8[2]: 1 1", "!differ from the indices"},
    {21, "ScatterElements(%a, %b, %c)", "int8[1]: 1 | int64[1]: 0 | int32[1]: 1", "!differ from the data in type"},
    {21, "ScatterND(%a, %b, %c)", "int4[2,2]: 1 2 3 4 | int64[1,1]: -1 | int4[1,2]: 7 -8", "int4[2,2]: 1 2 7 -8"},
    {21, "ScatterND[reduction=\"add\"](%a, %b, %c)", "int64[2]: 1 2 | int64[2,1]: 1 1 | int64[2]: 3 4",
     "int64[2]: 1 9"},
    {21, "ScatterND(%a, %b, %c)", "int8[2]: 1 2 | int64[1,2]: 0 0 | int8[1]: 1", "!do not fit data of 1 dims"},
    {21, "ScatterND(%a, %b, %c)", "int8[2]: 1 2 | int64[1,1]: 0 | int8[2]: 1 1", "!the dims of the updates"},
    {21, "ScatterND(%a, %b, %c)", "int8[2]: 1 2 | int64[1,1]: 2 | int8[1]: 1", "!index 2 of 2"},
    {24, "TensorScatter[axis=1, mode=\"circular\"](%a, %b, %c)", "int8[1,3]: 1 2 3 | int8[1,2]: 8 9 | int64[1]: 5",
     "int8[1,3]: 9 2 8"},
    {24, "TensorScatter[axis=1](%a, %b)", "string[1,2]: 'a' 'b' | string[1,1]: 'z'", "string[1,2]: 'z' 'b'"},
    {24, "TensorScatter[axis=1](%a, %b, %c)", "int8[1,2]: 1 2 | int8[1,2]: 1 1 | int64[1]: 1", "!2 elements at 1"},
    {24, "TensorScatter[axis=0](%a, %b)", "int8[1,2]: 1 2 | int8[1,2]: 1 1", "!that of the batch"},
    {24, "TensorScatter[axis=1](%a, %b)", "int8[1,2]: 1 2 | int8[1,3]: 1 1 1", "!dim 1 of the update"},
};

static const eval_row selections[] = {
    {21, "TopK(%a, %b)", "float32[4]: 1 3 nan 3 | int64[1]: 3", "float32[3]: nan 3 3 | int64[3]: 2 1 3"},
    {21, "TopK[largest=0](%a, %b)", "float32[3]: 0 -0 1 | int64[1]: 2", "float32[2]: 0 -0 | int64[2]: 0 1"},
    {21, "TopK[axis=0](%a, %b)", "int8[3,1]: -5 7 2 | int64[1]: 1", "int8[1,1]: 7 | int64[1,1]: 1"},
    {21, "TopK(%a, %b)", "uint64[2]: 1 9223372036854775808 | int64[1]: 1", "uint64[1]: 9.22337e+18 | int64[1]: 1"},
    {1, "TopK[k=1](%a)", "float16[2]: 1 2", "float16[1]: 2 | int64[1]: 1"},
    {21, "TopK(%a, %b)", "float32[2]: 1 2 | int64[1]: 0", "float32[0]: | int64[0]:"},
    {21, "TopK(%a, %b)", "float32[2]: 1 2 | int64[1]: 3", "!k = 3 of 2|"},
    {21, "TopK(%a, %b)", "string[1]: 'a' | int64[1]: 1", "!have no order|"},
    {21, "Unique(%a)", "string[4]: 'b' 'a' 'b' ''",
     "string[3]: '' 'a' 'b' | int64[3]: 3 1 0 | int64[4]: 2 1 2 0 | int64[3]: 1 1 2"},
    {21, "Unique[sorted=0](%a)", "float32[5]: 2 nan 1 2 nan",
     "float32[3]: 2 nan 1 | int64[3]: 0 1 2 | int64[5]: 0 1 2 0 1 | int64[3]: 2 2 1"},
    {21, "Unique[axis=1](%a)", "int8[2,3]: 3 1 3 4 2 4",
     "int8[2,2]: 1 3 2 4 | int64[2]: 1 0 | int64[3]: 1 0 1 | int64[2]: 1 2"},
    {21, "Unique(%a)", "complex64[2]: 1 2 1 1", "complex64[2]: 1 1 1 2 | int64[2]: 1 0"},
    {21, "Unique(%a)", "int32[0]:", "int32[0]:"},
    {21, "Unique[axis=0](%a)", "int32[3,0]:", "int32[1,0]:"},
    {21, "Unique[axis=2](%a)", "int32[1]: 1", "!outside"},
};

static void test_gathers(void **state)
{
    (void)state;
    eval_check(gathers, OX__COUNT(gathers));
}

static void test_scatters(void **state)
{
    (void)state;
    eval_check(scatters, OX__COUNT(scatters));
}

static void test_selections(void **state)
{
    (void)state;
    eval_check(selections, OX__COUNT(selections));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_gathers), cmocka_unit_test(test_scatters),
                                       cmocka_unit_test(test_selections)};
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
