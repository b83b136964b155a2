/* Shape, layout and padding, computed: the older versions, odd element types, empty tensors, what is refused. */
#include "ox_eval_test.h"

static const eval_row shapes[] = {
    {21, "Shape[end=-1, start=-9](%a)", "float32[2,3]: 0 0 0 0 0 0", "int64[1]: 2"},
    {21, "Size(%a)", "string[2]: 'a' ''", "int64[]: 2"},
    {1, "Reshape[shape=[3, -1]](%a)", "float32[2,3]: 1 2 3 4 5 6", "float32[3,2]: 1 2 3 4 5 6"},
    {21, "Reshape(%a, %b)", "int4[2,2]: -8 1 2 7 | int64[1]: -1", "int4[4]: -8 1 2 7"},
    {21, "Reshape(%a, %b)", "float32[0,3]: | int64[2]: 0 -1", "!do not fill"},
    {21, "Reshape[allowzero=1](%a, %b)", "float32[0,3]: | int64[2]: 7 0", "float32[7,0]:"},
    {21, "Reshape(%a, %b)", "float32[2]: 1 2 | int64[2]: -1 -1", "!more than one -1"},
    {21, "Reshape(%a, %b)", "float32[2]: 1 2 | int64[2]: 0 0", "!copies a dim"},
    {21, "Reshape(%a, %b)", "float32[2]: 1 2 | int64[2]: 4611686018427387904 4", "!no shape"},
    {21, "Reshape(%a, %b)", "float32[2]: 1 2 | int64[1]: 3", "!cannot be reshaped"},
    {21, "Flatten[axis=0](%a)", "float32[]: 3", "float32[1,1]: 3"},
    {21, "Flatten[axis=3](%a)", "float32[2,1]: 3 4", "!axis 3 of 2 dims"},
    {11, "Squeeze[axes=[0, -1]](%a)", "bool[1,2,1]: 0 1", "bool[2]: 0 1"},
    {21, "Squeeze(%a)", "complex64[1,1]: 1 2", "complex64[]: 1 2"},
    {21, "Squeeze(%a, %b)", "float32[2]: 1 2 | int64[1]: 0", "!dim 0 is 2"},
    {11, "Unsqueeze[axes=[0, 2]](%a)", "int8[2]: 1 2", "int8[1,2,1]: 1 2"},
    {21, "Unsqueeze(%a, %b)", "int8[2]: 1 2 | int64[2]: 0 -3", "!given twice"},
    {21, "Unsqueeze(%a, %b)", "int8[2]: 1 2 | int64[1]: 2", "!outside"},
    {21, "Expand(%a, %b)", "int4[2,1]: -1 2 | int64[3]: 2 1 3", "int4[2,2,3]: -1 -1 -1 2 2 2 -1 -1 -1 2 2 2"},
    {21, "Expand(%a, %b)", "string[1]: 'ab' | int64[1]: 2", "string[2]: 'ab' 'ab'"},
    {21, "Expand(%a, %b)", "float32[2]: 1 2 | int64[1]: 3", "!cannot be broadcast"},
    {21, "Expand(%a, %b)", "float32[1]: 1 | int64[1]: 4611686018427387904", "!too large"},
    {21, "Expand(%a, %b)", "string[1]: '0123456789012345678901234567890123456789' | int64[1]: 40000", "!too large"},
    {21, "Expand(%a, %b)", "float32[1]: 1 | int64[1]: -1", "!too large"},
    {21, "Tile(%a, %b)", "float16[2]: 1 2 | int64[1]: 2", "float16[4]: 1 2 1 2"},
    {21, "Tile(%a, %b)", "string[1,2]: 'a' 'b' | int64[2]: 2 1", "string[2,2]: 'a' 'b' 'a' 'b'"},
    {1, "Tile(%a, %b, %c)", "float32[1,2]: 1 2 | float32[]: 2 | float32[]: 1", "float32[1,4]: 1 2 1 2"},
    {21, "Tile(%a, %b)", "float32[2]: 1 2 | int64[1]: -1", "!-1 repeats"},
    {21, "Tile(%a, %b)", "float32[2]: 1 2 | int64[2]: 1 1", "!2 repeats for 1 dims"},
};

static const eval_row layouts[] = {
    {21, "Transpose(%a)", "int4[2,3]: 1 2 3 4 5 -6", "int4[3,2]: 1 4 2 5 3 -6"},
    {21, "Transpose[perm=[1, 0]](%a)", "complex128[1,2]: 1 2 3 4", "complex128[2,1]: 1 2 3 4"},
    {21, "Transpose[perm=[0, 0]](%a)", "float32[1,1]: 1", "!no permutation"},
    {21, "Transpose[perm=[0]](%a)", "float32[1,1]: 1", "!perm has 1 entries"},
    {21, "Transpose(%a)", "float32[]: 1", "float32[]: 1"},
    {21, "Concat[axis=-1](%a, %b)", "uint4[2,1]: 1 2 | uint4[2,2]: 3 4 5 6", "uint4[2,3]: 1 3 4 2 5 6"},
    {1, "Concat(%a, %b)", "float32[1,1]: 1 | float32[1,1]: 2", "float32[1,2]: 1 2"},
    {21, "Concat[axis=0](%a, %b)", "string[1]: 'a' | string[0]:", "string[1]: 'a'"},
    {21, "Concat[axis=0](%a, %b)", "float32[1]: 1 | float64[1]: 1", "!differs in type"},
    {21, "Concat[axis=0](%a, %b)", "float32[1,2]: 1 2 | float32[1,1]: 1", "!differs in dim 1"},
    {21, "Concat[axis=0](%a)", "float32[]: 1", "!axis 0 is outside"},
    {21, "Split[num_outputs=2](%a)", "int4[3]: 1 2 3", "int4[2]: 1 2 | int4[1]: 3"},
    {13, "Split(%a)", "float32[3]: 1 2 3", "!equal parts|"},
    {2, "Split[split=[1, 2]](%a)", "float32[3]: 1 2 3", "float32[1]: 1 | float32[2]: 2 3"},
    {21, "Split[axis=1](%a, %b)", "string[1,2]: 'a' 'b' | int64[2]: 0 2", "string[1,0]: | string[1,2]: 'a' 'b'"},
    {21, "Split(%a, %b)", "float32[2]: 1 2 | int64[2]: 3 -1", "!a part of -1|"},
    {21, "Split(%a, %b)", "float32[2]: 1 2 | int64[2]: 1 2", "!sum up to 3|"},
    {9, "Slice[axes=[1], ends=[9], starts=[1]](%a)", "float32[1,3]: 1 2 3", "float32[1,2]: 2 3"},
    {21, "Slice(%a, %b, %c, %d, %e)", "uint4[4]: 1 2 3 4 | int64[1]: -1 | int64[1]: -9 | int64[1]: 0 | int64[1]: -2",
     "uint4[2]: 4 2"},
    {21, "Slice(%a, %b, %c, %d)",
     "float32[4,4]: 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 0 | int64[2]: 3 3 | int64[2]: 4 4 | int64[2]: 0 -2", "!given twice"},
    {21, "Slice(%a, %b, %c, %d, %e)", "float32[1]: 1 | int64[1]: 0 | int64[1]: 1 | int64[1]: 0 | int64[1]: 0",
     "!a step of 0"},
    {21, "Slice(%a, %b, %c, %d)", "float32[1]: 1 | int64[1]: 0 | int64[2]: 1 1 | int64[1]: 0", "!differ in length"},
    {21, "Slice(%a, %b, %c, %d, %e)", "int8[2]: 1 2 | int64[1]: -6 | int64[1]: -8 | int64[1]: 0 | int64[1]: -3",
     "int8[1]: 1"},
    {21, "Slice(%a, %b, %c, %d, %e)", "int8[0]: | int64[1]: -6 | int64[1]: -8 | int64[1]: 0 | int64[1]: -1",
     "int8[0]:"},
    {21, "DepthToSpace[blocksize=2, mode=\"CRD\"](%a)", "int8[1,4,1,1]: 1 2 3 4", "int8[1,1,2,2]: 1 2 3 4"},
    {21, "DepthToSpace[blocksize=2](%a)", "int8[1,3,1,1]: 1 2 3", "!no blocks of 2"},
    {21, "DepthToSpace[blocksize=0](%a)", "int8[1,1,1,1]: 1", "!positive blocksize"},
    {21, "SpaceToDepth[blocksize=2](%a)", "string[1,1,2,2]: 'a' 'b' 'c' 'd'", "string[1,4,1,1]: 'a' 'b' 'c' 'd'"},
    {21, "SpaceToDepth[blocksize=2](%a)", "int8[1,1,3,2]: 1 2 3 4 5 6", "!no whole number of blocks"},
};

static const eval_row pads[] = {
    {1, "Pad[paddings=[1, 0], value=2.](%a)", "float32[1]: 1", "float32[2]: 2 1"},
    {2, "Pad[mode=\"edge\", pads=[1, 1]](%a)", "float32[2]: 1 2", "float32[4]: 1 1 2 2"},
    {25, "Pad(%a, %b, %c)", "int4[2]: 1 2 | int64[2]: 1 1 | int4[]: -3", "int4[4]: -3 1 2 -3"},
    {25, "Pad(%a, %b, %c)", "string[1]: 'a' | int64[2]: 1 1 | string[]: 'z'", "string[3]: 'z' 'a' 'z'"},
    {25, "Pad(%a, %b)", "string[1]: 'a' | int64[2]: 0 1", "string[2]: 'a' ''"},
    {25, "Pad(%a, %b)", "float32[3]: 1 2 3 | int64[2]: -1 1", "float32[3]: 2 3 0"},
    {25, "Pad[mode=\"reflect\"](%a, %b)", "float32[3]: 1 2 3 | int64[2]: 4 3", "float32[10]: 1 2 3 2 1 2 3 2 1 2"},
    {25, "Pad[mode=\"reflect\"](%a, %b)", "float32[1]: 5 | int64[2]: 1 1", "float32[3]: 5 5 5"},
    {25, "Pad[mode=\"wrap\"](%a, %b)", "float32[2]: 1 2 | int64[2]: 3 2", "float32[7]: 2 1 2 1 2 1 2"},
    {25, "Pad[mode=\"edge\"](%a, %b)", "float32[3]: 1 2 3 | int64[2]: -1 2", "float32[4]: 2 3 3 3"},
    {25, "Pad[mode=\"edge\"](%a, %b)", "float32[0]: | int64[2]: 1 0", "!nothing to pad with"},
    {25, "Pad(%a, %b)", "float32[0]: | int64[2]: 1 1", "float32[2]: 0 0"},
    {25, "Pad(%a, %b)", "float32[1]: 1 | int64[2]: -2 0", "!would be negative"},
    {25, "Pad(%a, %b)", "float32[1]: 1 | int64[2]: 4611686018427387904 0", "!pads of"},
    {25, "Pad(%a, %b)", "float32[1]: 1 | int64[1]: 0", "!1 pads for 1 axes"},
    {25, "Pad[mode=\"mirror\"](%a, %b)", "float32[1]: 1 | int64[2]: 0 0", "!the mode is none of"},
    {25, "Pad(%a, %b, %c)", "float32[1]: 1 | int64[2]: 0 1 | int64[]: 1", "!not one element of the input's type"},
    {25, "Pad(%a, %b, %c, %d)", "int8[1,2]: 1 2 | int64[2]: 1 0 | int8[]: 7 | int64[1]: -1", "int8[1,3]: 7 1 2"},
    {25, "Pad(%a, %b, %c, %d)", "int8[1,2]: 1 2 | int64[4]: 0 0 0 0 | int8[]: 7 | int64[2]: 1 -1", "!given twice"},
    {18, "CenterCropPad(%a, %b)", "complex64[3]: 1 1 2 2 3 3 | int64[1]: 2", "complex64[2]: 1 1 2 2"},
    {18, "CenterCropPad(%a, %b)", "string[1]: 'a' | int64[1]: 4", "string[4]: '' 'a' '' ''"},
    {18, "CenterCropPad[axes=[-1]](%a, %b)", "int8[2,2]: 1 2 3 4 | int32[1]: 1", "int8[2,1]: 1 3"},
    {18, "CenterCropPad(%a, %b)", "int8[2]: 1 2 | int64[2]: 1 1", "!a shape of 2 dims"},
};

static void test_shapes(void **state)
{
    (void)state;
    eval_check(shapes, OX__COUNT(shapes));
}

static void test_layouts(void **state)
{
    (void)state;
    eval_check(layouts, OX__COUNT(layouts));
}

static void test_pads(void **state)
{
    (void)state;
    eval_check(pads, OX__COUNT(pads));
}

/* Large enough for tiles and threads: each element is where its indices say. */
static void test_large(void **state)
{
    (void)state;
    ox_error err;
    static const char text[] =
        "graph(%a : Tensor):\n  %y : Tensor = onnx::Transpose[perm=[1, 2, 0]](%a)\n  return (%y)\n";
    ox_model *m;
    ox_data *a, *y;
    float *p;
    void *bytes;
    const int64_t dims[3] = {70, 50, 90};
    assert_ok(ox_open_memory(&m, text, strlen(text), "case", NULL, NULL, NULL, &err), &err);
    assert_ok(ox_data_tensor(&a, OX_FLOAT, 3, dims, &bytes, &err), &err);
    p = bytes;
    for (int64_t i = 0; i < 70 * 50 * 90; i++) p[i] = (float)i;
    ox__exec_options opt = {.threads = 2};
    assert_ok(ox__exec_run(m, &opt, 1, &a, 1, &y, &err), &err);
    const float *q = ox_data_get(y).data;
    for (int64_t i = 0; i < 50; i++)
        for (int64_t j = 0; j < 90; j++)
            for (int64_t k = 0; k < 70; k++) assert_true(*q++ == (float)((k * 50 + i) * 90 + j));
    ox_data_free(a);
    ox_data_free(y);
    ox_model_free(m);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_shapes), cmocka_unit_test(test_layouts),
                                       cmocka_unit_test(test_pads), cmocka_unit_test(test_large)};
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
