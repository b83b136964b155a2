/* Slices of tensors as tables. */
#include "ox_test.h"

#include "app/tui/slice.h"

static ox_error err;

static void choose(ox_slice *s, const char *text, const char *written)
{
    char buf[256];
    ox_error_clear(&err);
    assert_ok(ox_slice_parse(s, text, &err), &err);
    size_t n = ox_slice_text(s, buf, sizeof buf);
    assert_true(n == strlen(buf));
    assert_string_equal(buf, written);
}

static void refused(ox_slice *s, const char *text, const char *why)
{
    char before[256], after[256];
    ox_slice_text(s, before, sizeof before);
    assert_int_equal(ox_slice_parse(s, text, &err), OX_E_INVALID);
    if (!strstr(err.msg, why)) fail_msg("'%s' and not '%s'", err.msg, why);
    ox_slice_text(s, after, sizeof after);
    assert_string_equal(before, after);
}

static void test_in_words(void **state)
{
    (void)state;
    static const int64_t dims[] = {2, 3, 4, 5};
    ox_slice s;
    char buf[4];
    assert_true(ox_slice_begin(&s, 4, dims));
    choose(&s, "", "0,0,:,:");
    choose(&s, "1", "1,0,:,:");
    choose(&s, "[1, 2, :, : ]", "1,2,:,:");
    choose(&s, ":,-1,:,-2", ":,2,:,3");
    choose(&s, "1,1,1", "1,1,1,3");
    choose(&s, "1,:,1,1", "1,:,1,1");
    refused(&s, ":,:,:,0", "three whole dims");
    refused(&s, "2", "index 2 of dim 0");
    refused(&s, "-3", "index -3 of dim 0");
    refused(&s, "0,0,0,0,0", "more indices");
    refused(&s, "x", "'x' is no index");
    refused(&s, "0,,1", "'' is no index");
    refused(&s, "1 2", "is no index");
    refused(&s, "99999999999999999999", "index");
    assert_int_equal(ox_slice_text(&s, buf, sizeof buf), 7);
    assert_string_equal(buf, "1,:");
}

/* Every element stands where it belongs, whatever is rows and columns. */
static void test_elements(void **state)
{
    (void)state;
    static const int64_t dims[] = {2, 3, 4};
    static const char *const all[] = {"1,:,:", ":,1,:", ":,:,2", ":,1,3", "1,2,3"};
    ox_slice s;
    for (size_t k = 0; k < sizeof all / sizeof *all; k++) {
        assert_true(ox_slice_begin(&s, 3, dims));
        choose(&s, all[k], all[k]);
        for (int turned = 0; turned < 2; turned++, ox_slice_transpose(&s))
            for (int64_t r = 0; r < ox_slice_rows(&s); r++)
                for (int64_t c = 0; c < ox_slice_cols(&s); c++) {
                    int64_t at[3];
                    for (int i = 0; i < 3; i++) at[i] = i == s.row ? r : i == s.col ? c : s.at[i];
                    assert_int_equal(ox_slice_element(&s, r, c), (at[0] * 3 + at[1]) * 4 + at[2]);
                }
        assert_int_equal(ox_slice_is_dense(&s), s.col == 2 || s.col < 0 ? s.col == 2 : false);
    }
    choose(&s, ":,1,:", ":,1,:");
    assert_true(ox_slice_is_dense(&s));
    ox_slice_transpose(&s);
    assert_int_equal(ox_slice_rows(&s), 4);
    choose(&s, ":,0,:", ":,0,:"); /* it stays turned */
    assert_int_equal(ox_slice_rows(&s), 4);
}

static void test_steps(void **state)
{
    (void)state;
    static const int64_t dims[] = {2, 3, 4, 5};
    ox_slice s;
    assert_true(ox_slice_begin(&s, 4, dims));
    int n = 1;
    while (ox_slice_step(&s, 1)) n++;
    assert_int_equal(n, 6);
    choose(&s, "", "1,2,:,:");
    while (ox_slice_step(&s, -1)) n--;
    assert_int_equal(n, 1);
    choose(&s, "", "0,0,:,:");
}

static void test_odd_ranks(void **state)
{
    (void)state;
    ox_slice s;
    int64_t many[OX_SLICE_RANK + 1] = {0};
    for (int i = 0; i <= OX_SLICE_RANK; i++) many[i] = 1;
    assert_true(ox_slice_begin(&s, 0, NULL));
    assert_true(ox_slice_rows(&s) == 1 && ox_slice_cols(&s) == 1 && ox_slice_element(&s, 0, 0) == 0);
    choose(&s, "", "");
    assert_false(ox_slice_step(&s, 1));
    many[0] = 7;
    assert_true(ox_slice_begin(&s, 1, many));
    assert_true(ox_slice_rows(&s) == 1 && ox_slice_cols(&s) == 7);
    assert_true(ox_slice_begin(&s, OX_SLICE_RANK, many));
    assert_false(ox_slice_begin(&s, OX_SLICE_RANK + 1, many));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_in_words),
        cmocka_unit_test(test_elements),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_odd_ranks),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
