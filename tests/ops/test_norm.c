/* Normalizations and softmaxes, computed: the older versions, training, element types, empty inputs, what is refused.
 */
#include "ox_eval_test.h"

static const eval_row batches[] = {
    {15, "BatchNormalization[epsilon=0.](%a, %b, %c, %d, %e)",
     "float32[1,2,1]: 1 2 | float32[2]: 2 3 | float32[2]: 10 20 | float32[2]: 0 1 | float32[2]: 4 1",
     "float32[1,2,1]: 11 23"},
    {15, "BatchNormalization[epsilon=0., momentum=0.5, training_mode=1](%a, %b, %c, %d, %e)",
     "float32[2,1]: 1 3 | float32[1]: 1 | float32[1]: 0 | float64[1]: 4 | float64[1]: 9",
     "float32[2,1]: -1 1 | float64[1]: 3 | float64[1]: 5"},
    {7, "BatchNormalization[epsilon=0., spatial=0](%a, %b, %c, %d, %e)",
     "float32[1,1,2]: 1 2 | float32[2]: 1 1 | float32[2]: 0 0 | float32[2]: 1 1 | float32[2]: 1 1",
     "float32[1,1,2]: 0 1"},
    {6, "BatchNormalization[epsilon=0., is_test=1](%a, %b, %c, %d, %e)",
     "float64[1,1]: 3 | float64[1]: 1 | float64[1]: 0 | float64[1]: 1 | float64[1]: 4", "float64[1,1]: 1"},
    {15, "BatchNormalization(%a, %b, %c, %d, %e)",
     "float32[1,2]: 1 2 | float32[1]: 1 | float32[1]: 0 | float32[1]: 1 | float32[1]: 1",
     "!2 channels, but input 1 has 1"},
    {15, "BatchNormalization(%a, %b, %c, %d, %e)",
     "float32[]: 1 | float32[1]: 1 | float32[1]: 0 | float32[1]: 1 | float32[1]: 1", "!a scalar"},
    {22, "InstanceNormalization[epsilon=0.](%a, %b, %c)",
     "float32[1,2,2]: 1 3 5 5.5 | float32[2]: 1 2 | float32[2]: 0 1", "float32[1,2,2]: -1 1 -1 3"},
    {18, "GroupNormalization[epsilon=0., num_groups=1](%a, %b, %c)",
     "float32[1,2]: 1 3 | float32[1]: 2 | float32[1]: 1", "float32[1,2]: -1 3"},
    {21, "GroupNormalization[epsilon=0., num_groups=1](%a, %b, %c)",
     "float16[1,2]: 1 3 | float16[2]: 2 3 | float16[2]: 1 0", "float16[1,2]: -1 3"},
    {21, "GroupNormalization[num_groups=3](%a, %b, %c)", "float32[1,2]: 1 3 | float32[2]: 2 3 | float32[2]: 1 0",
     "!3 groups do not fit"},
    {17, "LayerNormalization[epsilon=0.](%a, %b, %c)", "float32[2,2]: 1 3 10 14 | float32[2]: 1 2 | float32[2]: 0 1",
     "float32[2,2]: -1 3 -1 3 | float32[2,1]: 2 12 | float32[2,1]: 1 0.5"},
    {17, "LayerNormalization[epsilon=0.](%a, %b, %c)", "float64[2,2]: 1 3 10 14 | float64[2,1]: 1 2 | float64[1]: 1",
     "float64[2,2]: 0 2 -1 3"},
    {17, "LayerNormalization(%a, %b)", "float32[2,2]: 1 3 10 14 | float32[3]: 1 2 3", "!cannot be broadcast"},
    {17, "LayerNormalization[axis=2](%a, %b)", "float32[2,2]: 1 3 10 14 | float32[2]: 1 2", "!axis 2 is outside"},
    {17, "LayerNormalization[stash_type=7](%a, %b)", "float32[2]: 1 3 | float32[2]: 1 2", "!stash_type is 7"},
    {23, "RMSNormalization[epsilon=0.](%a, %b)", "float32[1,2]: 3 4 | float32[]: 1", "float32[1,2]: 0.848528 1.13137"},
    {13, "LRN[alpha=2., beta=1., size=2](%a)", "float32[1,2,1]: 1 2", "float32[1,2,1]: 0.166667 0.4"},
    {13, "LRN[size=0](%a)", "float32[1,2,1]: 1 2", "!a size of 0"},
    {22, "LpNormalization[p=1](%a)", "float32[2,2]: 1 3 0 0", "float32[2,2]: 0.25 0.75 0 0"},
    {22, "LpNormalization[axis=0](%a)", "float64[2,1]: 3 4", "float64[2,1]: 0.6 0.8"},
    {22, "LpNormalization[p=3](%a)", "float64[2,1]: 3 4", "!p is 3"},
    {13, "MeanVarianceNormalization[axes=[-1]](%a)", "float32[2,2]: 1 3 10 14", "float32[2,2]: -1 1 -1 1"},
    {13, "MeanVarianceNormalization(%a)", "float32[2]: 1 3", "!axis 2 is outside"},
};

static const eval_row softmaxes[] = {
    {13, "Softmax(%a)", "float32[2]: 0 0", "float32[2]: 0.5 0.5"},
    {13, "Softmax[axis=0](%a)", "float64[2,2]: 0 1 0 1", "float64[2,2]: 0.5 0.5 0.5 0.5"},
    {11, "Softmax[axis=0](%a)", "float32[2,2]: 1 1 1 1", "float32[2,2]: 0.25 0.25 0.25 0.25"},
    {11, "Softmax[axis=2](%a)", "float32[1,2]: 1 5", "float32[1,2]: 1 1"},
    {13, "Softmax(%a)", "float32[]: 3", "float32[]: 1"},
    {13, "Softmax(%a)", "float32[2,0]:", "float32[2,0]:"},
    {13, "Softmax[axis=2](%a)", "float32[1,2]: 1 5", "!axis 2 is outside"},
    {13, "Softmax(%a)", "int32[1]: 1", "!element type"},
    {13, "LogSoftmax(%a)", "float16[2]: 1000 1000", "float16[2]: -0.693359 -0.693359"},
    {13, "Hardmax[axis=0](%a)", "float32[2,2]: 1 2 1 3", "float32[2,2]: 1 0 0 1"},
    {1, "Hardmax(%a)", "float32[1,2,2]: 1 2 4 3", "float32[1,2,2]: 0 0 1 0"},
};

static void test_batches(void **state)
{
    (void)state;
    eval_check(batches, OX__COUNT(batches));
}

static void test_softmaxes(void **state)
{
    (void)state;
    eval_check(softmaxes, OX__COUNT(softmaxes));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_batches), cmocka_unit_test(test_softmaxes)};
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
