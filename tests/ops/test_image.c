/* Resizing, sampling and regions of images, computed: versions, element types, borders, what is refused. */
#include "ox_eval_test.h"

static const eval_row resized[] = {
    {19, "Resize(%a, %, %b)", "string[1,2]: 'a' 'b' | float32[2]: 1 2", "string[1,4]: 'a' 'a' 'b' 'b'"},
    {19, "Resize[nearest_mode=\"floor\", coordinate_transformation_mode=\"asymmetric\"](%a, %, %b)",
     "int8[4]: 1 2 3 4 | float32[1]: 0.5", "int8[2]: 1 3"},
    {10, "Resize(%a, %b)", "float32[4]: 1 2 3 4 | float32[1]: 0.6", "float32[2]: 1 3"},
    {19, "Resize[mode=\"linear\"](%a, %, %, %b)", "uint8[2]: 0 255 | int64[1]: 4", "uint8[4]: 0 64 191 255"},
    {19, "Resize[mode=\"linear\", coordinate_transformation_mode=\"align_corners\"](%a, %, %, %b)",
     "float64[3]: 0 1 2 | int64[1]: 5", "float64[5]: 0 0.5 1 1.5 2"},
    {19, "Resize[mode=\"linear\", antialias=1](%a, %, %, %b)", "float32[4]: 1 2 3 4 | int64[1]: 2",
     "float32[2]: 1.625 3.375"},
    {19, "Resize[mode=\"cubic\", coordinate_transformation_mode=\"asymmetric\"](%a, %, %b)",
     "float32[4]: 0 1 2 3 | float32[1]: 2", "float32[8]: 0 0.40625 1 1.5 2 2.59375 3 3.09375"},
    {19, "Resize[axes=[1], keep_aspect_ratio_policy=\"not_larger\"](%a, %, %, %b)", "float32[1,2]: 1 2 | int64[1]: 4",
     "float32[1,4]: 1 1 2 2"},
    {19, "Resize[coordinate_transformation_mode=\"tf_crop_and_resize\", extrapolation_value=9.](%a, %b, %, %c)",
     "float16[3]: 1 2 3 | float32[2]: 0.5 1.5 | int64[1]: 3", "float16[3]: 2 3 9"},
    {13, "Resize[coordinate_transformation_mode=\"tf_half_pixel_for_nn\"](%a, %, %, %b)",
     "float32[4]: 1 2 3 4 | int64[1]: 2", "float32[2]: 2 4"},
    {19, "Resize(%a, %, %, %b)", "float32[2]: 1 2 | int64[1]: 0", "float32[0]:"},
    {19, "Resize(%a, %, %, %b)", "float32[0]: | int64[1]: 2", "!for a dim of 0"},
    {19, "Resize(%a, %, %, %b)", "float32[2]: 1 2 | int64[1]: 4611686018427387904", "!too large"},
    {19, "Resize(%a, %, %b)", "float32[2]: 1 2 | float32[1]: -1", "!a scale of -1"},
    {19, "Resize(%a, %, %b)", "float32[2]: 1 2 | float32[2]: 1 1", "!2 scales or sizes for 1 axes"},
    {19, "Resize(%a)", "float32[2]: 1 2", "!neither scales nor sizes"},
    {19, "Resize[mode=\"area\"](%a, %, %b)", "float32[2]: 1 2 | float32[1]: 1", "!no mode area"},
    {19, "Resize[nearest_mode=\"up\"](%a, %, %b)", "float32[2]: 1 2 | float32[1]: 1", "!no half_pixel or up"},
    {19, "Resize[mode=\"linear\"](%a, %, %b)", "string[1]: 'a' | float32[1]: 1", "!element type"},
    {9, "Upsample(%a, %b)", "int32[2]: 1 2 | float32[1]: 2", "int32[4]: 1 1 2 2"},
    {7, "Upsample[mode=\"linear\", scales=[2.]](%a)", "float32[2]: 0 1", "float32[4]: 0 0.5 1 1"},
    {1, "Upsample[height_scale=1., width_scale=2.](%a)", "float32[1,1,1,2]: 1 2", "float32[1,1,1,4]: 1 1 2 2"},
    {9, "Upsample(%a, %b)", "int32[2]: 1 2 | float32[2]: 2 2", "!2 scales for 1 dims"},
};

static const eval_row samples[] = {
    {22, "GridSample[align_corners=1](%a, %b)", "float32[1,1,3]: 1 2 4 | float32[1,2,1]: 0.5 2", "float32[1,1,2]: 3 0"},
    {22, "GridSample[align_corners=1, padding_mode=\"border\"](%a, %b)",
     "float64[1,1,3]: 1 2 4 | float32[1,2,1]: -5 1e30", "float64[1,1,2]: 1 4"},
    {22, "GridSample[align_corners=1, mode=\"nearest\", padding_mode=\"reflection\"](%a, %b)",
     "int16[1,1,3]: 1 2 4 | float32[1,2,1]: 2 nan", "int16[1,1,2]: 2 1"},
    {16, "GridSample[mode=\"bicubic\", align_corners=1](%a, %b)", "float32[1,1,1,3]: 1 2 4 | float32[1,1,1,2]: 0 0",
     "float32[1,1,1,1]: 2"},
    {22, "GridSample(%a, %b)", "float32[1,1,3]: 1 2 4 | float32[1,1,2]: 0 0", "!do not fit together"},
    {22, "GridSample(%a, %b)", "int8[1,1,3]: 1 2 4 | float32[1,1,1]: 0", "!element type"},
    {22, "GridSample[mode=\"area\"](%a, %b)", "float32[1,1,3]: 1 2 4 | float32[1,1,1]: 0", "!no mode area"},
    {20, "AffineGrid(%a, %b)", "float32[1,2,3]: 2 0 1 0 1 0 | int64[4]: 1 1 1 2", "float32[1,1,2,2]: 0 0 2 0"},
    {20, "AffineGrid[align_corners=1](%a, %b)", "float64[1,2,3]: 1 0 0 0 1 0 | int64[4]: 1 1 1 2",
     "float64[1,1,2,2]: -1 -1 1 -1"},
    {20, "AffineGrid(%a, %b)", "float32[1,2,3]: 2 0 1 0 1 0 | int64[3]: 1 1 1", "!4 or 5 entries"},
    {20, "AffineGrid(%a, %b)", "float32[1,2,3]: 2 0 1 0 1 0 | int64[5]: 1 1 1 1 1", "!theta does not fit"},
};

static const eval_row regions[] = {
    {16, "RoiAlign[coordinate_transformation_mode=\"output_half_pixel\"](%a, %b, %c)",
     "float32[1,1,2,2]: 1 2 3 4 | float32[1,4]: 0 0 1 1 | int64[1]: 0", "float32[1,1,1,1]: 2.5"},
    {10, "RoiAlign[mode=\"max\", sampling_ratio=1](%a, %b, %c)",
     "float32[1,1,2,2]: 1 2 3 4 | float32[1,4]: 0 0 1 1 | int64[1]: 0", "float32[1,1,1,1]: 1"},
    {16, "RoiAlign(%a, %b, %c)", "float32[1,1,2,2]: 1 2 3 4 | float32[1,4]: 0 0 1 1 | int64[1]: 1",
     "!is of item 1 of 1"},
    {16, "RoiAlign(%a, %b, %c)", "float32[1,1,2,2]: 1 2 3 4 | float32[1,4]: 0 0 1e9 1 | int64[1]: 0", "!samples"},
    {16, "RoiAlign[sampling_ratio=99999](%a, %b, %c)",
     "float32[1,1,2,2]: 1 2 3 4 | float32[1,4]: 0 0 1 1 | int64[1]: 0", "!samples"},
    {16, "RoiAlign[output_height=0](%a, %b, %c)", "float32[1,1,2,2]: 1 2 3 4 | float32[1,4]: 0 0 1 1 | int64[1]: 0",
     "!do not fit together"},
    {22, "MaxRoiPool[pooled_shape=[1, 2]](%a, %b)", "float32[1,1,2,2]: 1 2 3 4 | float32[1,5]: 0 0 0 1 0",
     "float32[1,1,1,2]: 1 2"},
    {22, "MaxRoiPool[pooled_shape=[1, 1]](%a, %b)", "float32[1,1,2,2]: 1 2 3 4 | float32[1,5]: 0 8 8 9 9",
     "float32[1,1,1,1]: 0"},
    {22, "MaxRoiPool[pooled_shape=[1, 1]](%a, %b)", "float32[1,1,2,2]: 1 2 3 4 | float32[1,5]: 1 0 0 1 1",
     "!is of item 1 of 1"},
    {11, "NonMaxSuppression(%a, %b, %c, %d)",
     "float32[1,3,4]: 0 0 1 1 0 0 1 0.9 5 5 6 6 | float32[1,1,3]: 0.5 0.6 0.1 | int64[1]: 3 | float32[1]: 0.5",
     "int64[2,3]: 0 0 1 0 0 2"},
    {11, "NonMaxSuppression(%a, %b)", "float32[1,1,4]: 0 0 1 1 | float32[1,1,1]: 0.5", "int64[0,3]:"},
    {11, "NonMaxSuppression(%a, %b, %c)", "float32[1,2,4]: 0 0 1 1 2 2 3 3 | float32[1,1,2]: nan 0.5 | int64[1]: 9",
     "int64[1,3]: 0 0 1"},
    {11, "NonMaxSuppression(%a, %b)", "float32[1,1,4]: 0 0 1 1 | float32[1,1,2]: 0.5 1", "!do not fit together"},
};

static void test_resized(void **state)
{
    (void)state;
    eval_check(resized, OX__COUNT(resized));
}

static void test_samples(void **state)
{
    (void)state;
    eval_check(samples, OX__COUNT(samples));
}

static void test_regions(void **state)
{
    (void)state;
    eval_check(regions, OX__COUNT(regions));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_resized), cmocka_unit_test(test_samples),
                                       cmocka_unit_test(test_regions)};
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
