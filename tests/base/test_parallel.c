/* Loops over worker threads: every number once, whatever the pool. */
#include "base/parallel.h"
#include "ox_test.h"

#include <stdatomic.h>

enum { N = 100000 };
static _Atomic unsigned char hits[N];

static void hit(void *ud, uint64_t from, uint64_t to)
{
    (void)ud;
    for (uint64_t i = from; i < to; i++) atomic_fetch_add(&hits[i], 1);
}

static void once_each(ox__pool *p, uint64_t n, uint64_t grain)
{
    memset((void *)hits, 0, sizeof hits);
    ox__parallel(p, n, grain, hit, NULL);
    for (uint64_t i = 0; i < N; i++) assert_int_equal(hits[i], i < n);
}

static void test_every_number_once(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 2, 3, 8, 200};
    for (size_t i = 0; i < OX__COUNT(sizes); i++) {
        ox__pool *p = ox__pool_create(sizes[i]);
        assert_non_null(p);
        once_each(p, N, 1);
        once_each(p, N, 1000);
        once_each(p, 7, 3);
        once_each(p, 0, 1);
        for (int k = 0; k < 50; k++) once_each(p, 500, 10);
        ox__pool_free(p);
    }
    once_each(NULL, N, 1);
}

/* A loop inside a piece runs where it is. */
static void nested(void *ud, uint64_t from, uint64_t to)
{
    for (uint64_t i = from; i < to; i++) ox__parallel(ud, 10, 1, hit, NULL);
}

static void test_loops_do_not_nest(void **state)
{
    (void)state;
    ox__pool *p = ox__pool_create(4);
    memset((void *)hits, 0, sizeof hits);
    ox__parallel(p, 20, 1, nested, p);
    for (uint64_t i = 0; i < 10; i++) assert_int_equal(hits[i], 20);
    ox__pool_free(p);
}

/* Says no when asked for the n-th time. */
static bool few_times(void *ud)
{
    int *left = ud;
    return --*left > 0;
}

static uint64_t n_hits(void)
{
    uint64_t n = 0;
    for (uint64_t i = 0; i < N; i++) n += hits[i];
    return n;
}

static void test_long_loops_stop(void **state)
{
    (void)state;
    static const unsigned sizes[] = {1, 4};
    for (size_t i = 0; i < OX__COUNT(sizes); i++) {
        ox__pool *p = ox__pool_create(sizes[i]);
        int left = N;
        ox__pool_ask(p, few_times, &left);
        memset((void *)hits, 0, sizeof hits);
        ox__parallel_long(p, N, 1, hit, NULL);
        assert_int_equal(n_hits(), N);
        assert_true(left < N || sizes[i] > 1); /* workers may take all the pieces */
        assert_false(ox__pool_stopped(p));
        left = 1;
        if (sizes[i] == 1) {
            memset((void *)hits, 0, sizeof hits);
            ox__parallel_long(p, N, 1, hit, NULL);
            assert_true(ox__pool_stopped(p));
            assert_in_range(n_hits(), 1, N / 8);
            ox__parallel_long(p, N, 1, hit, NULL);
            assert_in_range(n_hits(), 1, N / 8);
        }
        memset((void *)hits, 0, sizeof hits);
        ox__parallel(p, N, 1, hit, NULL); /* short loops are whole */
        assert_int_equal(n_hits(), N);
        ox__pool_free(p);
    }
    memset((void *)hits, 0, sizeof hits);
    ox__parallel_long(NULL, N, 1, hit, NULL);
    assert_int_equal(n_hits(), N);
    assert_false(ox__pool_stopped(NULL));
}

static void test_sizes(void **state)
{
    (void)state;
    assert_int_equal(ox__pool_size(NULL), 1);
    ox__pool *p = ox__pool_create(0);
    assert_true(ox__pool_size(p) >= 1);
    ox__pool_free(p);
    ox__alloc_fail_at(1, false);
    assert_null(ox__pool_create(2));
    ox__alloc_fail_at(0, false);
    ox__pool_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_number_once),
        cmocka_unit_test(test_loops_do_not_nest),
        cmocka_unit_test(test_long_loops_stop),
        cmocka_unit_test(test_sizes),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
