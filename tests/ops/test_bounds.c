/* What is certain of dims as sizes; lengths of slices, counted for every small size. */
#include "ox_test.h"

#include "base/base.h"
#include "ops/bounds.h"
#include "ops/layout.h"

#include <onnxsh/print.h>

static ox_model *m;
static ox_error err;

static int setup(void **state)
{
    (void)state;
    return ox_model_create(&m, OX_MODEL_ONNX, &err) == OX_OK ? 0 : -1;
}

static int teardown(void **state)
{
    (void)state;
    ox_model_free(m);
    return 0;
}

static ox_dim dim(const char *text)
{
    ox_dim d = {0};
    assert_ok(ox_dim_parse(m, text, strlen(text), &d, &err), &err);
    return d;
}

static void test_sizes(void **state)
{
    (void)state;
    static const char *const sizes[] = {"0", "3", "n", "2*n+k", "n//2", "min(n, k)", "max(n-1, 0)", "n*k+1"};
    static const char *const others[] = {"-1", "n-1", "n-k", "*", "min(n, k-1)", "(n-1)//2", "-2*n"};
    for (size_t i = 0; i < OX__COUNT(sizes); i++) assert_true(ox__dim_is_size(m, dim(sizes[i])));
    for (size_t i = 0; i < OX__COUNT(others); i++) assert_false(ox__dim_is_size(m, dim(others[i])));
    assert_true(ox__dim_at_most(m, dim("n//2"), dim("n")));
    assert_true(ox__dim_at_most(m, dim("n-1"), dim("n")));
    assert_true(ox__dim_at_most(m, dim("min(n, k)"), dim("k")));
    assert_true(ox__dim_at_most(m, dim("n"), dim("2*n")));
    assert_false(ox__dim_at_most(m, dim("k"), dim("n")));
    assert_false(ox__dim_at_most(m, dim("n"), dim("n//2")));
    assert_false(ox__dim_at_most(m, dim("(n-1)//2"), dim("n-1"))); /* -1 is more than -2 */
}

/* The length of a slice of n, with n put in, is what the range of numbers has. */
static void test_every_slice(void **state)
{
    (void)state;
    static const int64_t bounds[] = {0, 1, 2, 3, 5, -1, -2, -3, -5, INT64_MAX, INT32_MAX, INT64_MIN, -INT32_MAX};
    ox_str n = ox_str_addz(m, "n");
    for (size_t i = 0; i < OX__COUNT(bounds); i++)
        for (size_t k = 0; k < OX__COUNT(bounds); k++)
            for (int64_t step = 1; step < 4; step++) {
                ox_dim d = ox__dim_slice(m, dim("n"), ox_dim_const(m, bounds[i]), ox_dim_const(m, bounds[k]), step,
                                         (ox_node){0});
                for (int64_t size = 0; size < 7; size++) {
                    int64_t first, want, got = -1;
                    assert_true(ox__slice_range(size, bounds[i], bounds[k], step, &first, &want));
                    ox_dim is = ox_dim_substitute(m, d, n, ox_dim_const(m, size));
                    if (!ox_dim_is_const(m, is, &got) || got != want)
                        fail_msg("%lld:%lld:%lld of %lld: %lld, not %lld", (long long)bounds[i], (long long)bounds[k],
                                 (long long)step, (long long)size, (long long)got, (long long)want);
                }
            }
}

static void slice_is(const char *size, const char *start, const char *end, int64_t step, const char *want)
{
    char text[128];
    ox_dim_text(m, ox__dim_slice(m, dim(size), dim(start), dim(end), step, (ox_node){0}), text, sizeof text);
    assert_string_equal(text, want);
}

static void test_symbols(void **state)
{
    (void)state;
    slice_is("n", "1", "-1", 1, "max(n-2, 0)");
    slice_is("n+2", "1", "-1", 1, "n");
    slice_is("n", "0", "n//2", 1, "n//2");
    slice_is("n", "0", "k", 1, "min(k, n)");
    slice_is("n+k", "n", "9223372036854775807", 1, "k");
    slice_is("2*n", "n", "2*n", 1, "n");
    slice_is("n", "-9223372036854775807", "9223372036854775807", 1, "n");
    slice_is("n", "-1", "-9223372036854775807", -1, "n");
    slice_is("2*n", "0", "9223372036854775807", 2, "n");
    slice_is("n", "k-1", "k", 1, "*"); /* k may be none */
    slice_is("n", "1", "k-1", 1, "*");
    slice_is("n", "3", "0", -1, "*");
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_sizes), T(test_every_slice), T(test_symbols)};
    return cmocka_run_group_tests_name("bounds", tests, NULL, NULL);
}
