/* Convolutions and pools, computed: groups, dilations, paddings, element types, empty inputs, what is refused. */
#include "ox_eval_test.h"

static const eval_row convolutions[] = {
    {22, "Conv[pads=[1, 1]](%a, %b, %c)", "float32[1,1,3]: 1 2 3 | float32[1,1,3]: 1 10 100 | float32[1]: 0.5",
     "float32[1,1,3]: 210.5 321.5 32.5"},
    {22, "Conv[strides=[2], dilations=[2]](%a, %b)", "float64[1,1,5]: 1 2 3 4 5 | float64[1,1,2]: 1 -1",
     "float64[1,1,2]: -2 -2"},
    {22, "Conv[group=2](%a, %b)", "float16[1,2,1,1]: 2 3 | float16[4,1,1,1]: 1 2 3 4", "float16[1,4,1,1]: 2 4 9 12"},
    {1, "Conv[auto_pad=\"SAME_LOWER\"](%a, %b)", "float32[1,1,3]: 1 2 3 | float32[1,1,2]: 1 10",
     "float32[1,1,3]: 10 21 32"},
    {22, "Conv[auto_pad=\"SAME_UPPER\"](%a, %b)", "bfloat16[1,1,3]: 1 2 3 | bfloat16[1,1,2]: 1 2",
     "bfloat16[1,1,3]: 5 8 3"},
    {22, "Conv[pads=[0, -1]](%a, %b)", "float32[1,1,3]: 1 2 3 | float32[1,1,1]: 2", "float32[1,1,2]: 2 4"},
    {22, "Conv(%a, %b)", "float32[0,1,3]: | float32[1,1,2]: 1 1", "float32[0,1,2]:"},
    {22, "Conv(%a, %b)", "float32[1,0,3]: | float32[2,0,2]:", "float32[1,2,2]: 0 0 0 0"},
    {22, "Conv(%a, %b)", "float32[1,1,1]: 1 | float32[1,1,2]: 1 1", "!larger than the padded input"},
    {22, "Conv[group=3](%a, %b)", "float32[1,2,1]: 1 1 | float32[2,1,1]: 1 1", "!2 input channels"},
    {22, "Conv[strides=[0]](%a, %b)", "float32[1,1,1]: 1 | float32[1,1,1]: 1", "!strides holds 0"},
    {22, "Conv[dilations=[4611686018427387904]](%a, %b)", "float32[1,1,1]: 1 | float32[1,1,1]: 1", "!dilations holds"},
    {22, "Conv[pads=[2147483647, 2147483647]](%a, %b)", "float32[1,1,1]: 1 | float32[1,1,1]: 1", "!too large"},
    {22, "Conv[pads=[1]](%a, %b)", "float32[1,1,1]: 1 | float32[1,1,1]: 1", "!pads has 1 entries"},
    {22, "Conv[kernel_shape=[2]](%a, %b)", "float32[1,1,2]: 1 1 | float32[1,1,1]: 1", "!not the shape of the weight"},
    {22, "Conv(%a, %b, %c)", "float32[1,1,1]: 1 | float32[1,1,1]: 1 | float32[2]: 1 1", "!a bias of 2 elements"},
    {22, "Conv(%a, %b)", "float32[1,1]: 1 | float32[1,1]: 1", "!an input of 2 dims"},
    {22, "Conv(%a, %b)", "int32[1,1,1]: 1 | int32[1,1,1]: 1", "!element type"},
    {10, "ConvInteger(%a, %b, %c, %d)", "uint8[1,1,3]: 1 2 255 | int8[2,1,2]: 1 1 -1 3 | uint8[]: 1 | int8[2]: 0 1",
     "int32[1,2,2]: 1 255 2 506"},
    {10, "ConvInteger(%a, %b, %c, %d)", "uint8[1,1,1]: 1 | int8[2,1,1]: 1 1 | uint8[]: 1 | int8[3]: 0 1 2",
     "!3 zero points"},
    {22, "ConvTranspose[strides=[2]](%a, %b)", "float32[1,1,2]: 1 2 | float32[1,1,3]: 1 10 100",
     "float32[1,1,5]: 1 10 102 20 200"},
    {22, "ConvTranspose[strides=[2], output_padding=[1], pads=[1, 0]](%a, %b, %c)",
     "float64[1,1,2]: 1 2 | float64[1,1,3]: 1 10 100 | float64[1]: 1", "float64[1,1,5]: 11 103 21 201 1"},
    {1, "ConvTranspose[strides=[2], output_shape=[4]](%a, %b)", "float32[1,1,2]: 1 2 | float32[1,1,3]: 1 10 100",
     "float32[1,1,4]: 10 102 20 200"},
    {22, "ConvTranspose[group=2](%a, %b)", "float32[1,2,1]: 2 3 | float32[2,2,1]: 1 2 3 4", "float32[1,4,1]: 2 4 9 12"},
    {22, "ConvTranspose[group=2](%a, %b)", "float32[1,1,1]: 2 | float32[1,1,1]: 1", "!do not fit together"},
    {22, "ConvTranspose[output_shape=[-4]](%a, %b)", "float32[1,1,1]: 2 | float32[1,1,1]: 1", "!would be -4"},
    {22, "ConvTranspose[output_shape=[99999999999]](%a, %b)", "float32[1,1,1]: 2 | float32[1,1,1]: 1", "!too large"},
    {18, "Col2Im[pads=[0, 1], strides=[1]](%a, %b, %c)", "int8[1,2,3]: 1 2 3 4 5 6 | int64[1]: 3 | int64[1]: 2",
     "int8[1,1,3]: 1 6 8"},
    {18, "Col2Im(%a, %b, %c)", "float32[1,2,3]: 1 2 3 4 5 6 | int64[1]: 3 | int64[1]: 2", "!do not fit image_shape"},
    {18, "Col2Im(%a, %b, %c)", "float32[1,2,3]: 1 2 3 4 5 6 | int64[1]: 3 | int64[1]: 0", "!a kernel of 0"},
};

static const eval_row deformed[] = {
    /* both taps of the kernel are moved half an element down */
    {22, "DeformConv(%a, %b, %c)",
     "float32[1,1,3,1]: 2 4 8 | float32[1,1,2,1]: 1 10 | float32[1,4,2,1]: 0.5 0.5 0 0 0.5 0.5 0 0",
     "float32[1,1,2,1]: 63 46"},
    {22, "DeformConv[offset_group=2](%a, %b, %c)", "float32[1,1,1,1]: 2 | float32[1,1,1,1]: 1 | float32[1,2,1,1]: 0 0",
     "!do not fit"},
    {22, "DeformConv(%a, %b, %c)", "float32[1,1,1,1]: 2 | float32[1,1,1,1]: 1 | float32[1,4,1,1]: 0 0 0 0",
     "!the offsets do not fit"},
    {27, "CausalConvWithState[activation=\"none\"](%a, %b, %c, %d)",
     "float32[1,1,3]: 1 2 3 | float32[1,1,2]: 10 1 | float32[1]: 0.5 | float32[1,1,1]: 7",
     "float32[1,1,3]: 71.5 12.5 23.5 | float32[1,1,1]: 3"},
    {27, "CausalConvWithState[activation=\"relu\"](%a, %b)", "float32[1,1,1]: 1 | float32[1,1,1]: 1",
     "!no activation relu|"},
    {27, "CausalConvWithState(%a, %b)", "float32[1,1,1]: 1 | float32[2,1,1]: 1 1", "!do not fit together|"},
};

static const eval_row pools[] = {
    {22, "MaxPool[kernel_shape=[2], pads=[1, 0]](%a)", "float32[1,1,3]: 1 3 2",
     "float32[1,1,3]: 1 3 3 | int64[1,1,3]: 0 1 1"},
    {22, "MaxPool[kernel_shape=[2], ceil_mode=1, strides=[2]](%a)", "int8[1,1,3]: -4 -3 -5", "int8[1,1,2]: -3 -5"},
    {8, "MaxPool[kernel_shape=[1, 2], storage_order=1](%a)", "float32[1,1,2,2]: 1 2 4 3",
     "float32[1,1,2,1]: 2 4 | int64[1,1,2,1]: 2 1"},
    {22, "MaxPool[kernel_shape=[3], pads=[5, 0]](%a)", "float32[1,1,1]: 1",
     "float32[1,1,4]: -inf -inf -inf 1 | int64[1,1,4]: -1 -1 -1 0"},
    {22, "MaxPool[kernel_shape=[2147483647], pads=[2147483647, 0], strides=[2147483647]](%a)", "float32[1,1,2]: 3 4",
     "float32[1,1,1]: -inf"},
    {22, "MaxPool[kernel_shape=[1, 1]](%a)", "float32[1,1,2]: 3 4", "!2 kernel dims"},
    {22, "MaxPool[kernel_shape=[0]](%a)", "float32[1,1,2]: 3 4", "!a kernel of 0"},
    {22, "MaxPool[kernel_shape=[1]](%a)", "string[1,1,2]: 'a' 'b'", "!element type"},
    {22, "AveragePool[kernel_shape=[2], pads=[1, 0]](%a)", "float32[1,1,2]: 1 3", "float32[1,1,2]: 1 2"},
    {22, "AveragePool[kernel_shape=[2], pads=[1, 0], count_include_pad=1](%a)", "float32[1,1,2]: 1 3",
     "float32[1,1,2]: 0.5 2"},
    {22, "AveragePool[kernel_shape=[2], strides=[2], ceil_mode=1, count_include_pad=1](%a)", "float16[1,1,3]: 1 3 4",
     "float16[1,1,2]: 2 4"},
    {1, "LpPool[kernel_shape=[2], p=1.](%a)", "float32[1,1,2]: 3 -4", "float32[1,1,1]: 7"},
    {22, "LpPool[kernel_shape=[2]](%a)", "float64[1,1,2]: 3 -4", "float64[1,1,1]: 5"},
    {22, "GlobalAveragePool(%a)", "float32[1,2,2]: 1 2 5 7", "float32[1,2,1]: 1.5 6"},
    {22, "GlobalMaxPool(%a)", "float64[1,2,2]: 1 2 5 7", "float64[1,2,1]: 2 7"},
    {22, "GlobalLpPool[p=1](%a)", "float32[1,1,2]: 3 -4", "float32[1,1,1]: 7"},
    {22, "GlobalAveragePool(%a)", "float32[2]: 1 2", "!an input of 1 dims"},
    {22, "MaxUnpool[kernel_shape=[2], strides=[2]](%a, %b)", "float32[1,1,2]: 5 6 | int64[1,1,2]: 1 2",
     "float32[1,1,4]: 0 5 6 0"},
    {22, "MaxUnpool[kernel_shape=[2], strides=[2]](%a, %b, %c)",
     "float32[1,1,2]: 5 6 | int64[1,1,2]: 1 2 | int64[3]: 1 1 5", "float32[1,1,5]: 0 5 6 0 0"},
    {22, "MaxUnpool[kernel_shape=[2], strides=[2]](%a, %b)", "float32[1,1,2]: 5 6 | int64[1,1,2]: 1 4",
     "!index 4 is outside"},
    {22, "MaxUnpool[kernel_shape=[2], strides=[2]](%a, %b, %c)",
     "float32[1,1,2]: 5 6 | int64[1,1,2]: 1 2 | int64[3]: 1 1 3", "!smaller than what was pooled"},
};

static void test_convolutions(void **state)
{
    (void)state;
    eval_check(convolutions, OX__COUNT(convolutions));
}

static void test_deformed(void **state)
{
    (void)state;
    eval_check(deformed, OX__COUNT(deformed));
}

static void test_pools(void **state)
{
    (void)state;
    eval_check(pools, OX__COUNT(pools));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_convolutions), cmocka_unit_test(test_deformed),
                                       cmocka_unit_test(test_pools)};
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
