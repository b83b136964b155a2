/* The checks that read weights (src/check/weights.c): NaN, infinities, doubles, and how much they may read. */
#include "world.h"

#define READ "nan-weight,infinite-weight,doubled-initializer"

static ox_value weight(world *w, const char *name, ox_dtype dtype, int64_t n, const void *data)
{
    ox_tensor t;
    ox_value v;
    uint64_t bytes;
    assert_true(ox_dtype_bytes(dtype, (uint64_t)n, &bytes));
    assert_ok(ox_tensor_add_raw(w->m, &t, dtype, 1, &n, data, bytes, &w->err), &w->err);
    assert_ok(ox_graph_add_initializer(w->m, &v, w->g, str(w, name), t, &w->err), &w->err);
    return v;
}

static void numbers(void **state)
{
    world *w = *state;
    static const float nan_f[] = {1, __builtin_nanf(""), -__builtin_nanf("")},
                       inf_f[] = {1, -__builtin_inff(), 3.4e38f};
    static const double nan_d[] = {__builtin_nan(""), 1e308}, inf_d[] = {__builtin_inf(), 5e-324};
    static const uint16_t nan_h[] = {0x7e00, 0x7bff}, inf_h[] = {0xfc00, 0x0001}, nan_b[] = {0xff81, 0x7f7f},
                          inf_b[] = {0x7f80, 0};
    static const int64_t whole[] = {INT64_MAX, -1};
    static const struct {
        ox_dtype dtype;
        int64_t n;
        const void *data;
        const char *ids, *part;
    } rows[] = {
        {OX_FLOAT, 3, nan_f, "nan-weight ", "2 of 3 elements of 'w' are NaN"},
        {OX_FLOAT, 3, inf_f, "infinite-weight ", "1 of 3 elements of 'w' are infinite"},
        {OX_DOUBLE, 2, nan_d, "nan-weight ", "1 of 2"},
        {OX_DOUBLE, 2, inf_d, "infinite-weight ", "1 of 2"},
        {OX_FLOAT16, 2, nan_h, "nan-weight ", "1 of 2"},
        {OX_FLOAT16, 2, inf_h, "infinite-weight ", "1 of 2"},
        {OX_BFLOAT16, 2, nan_b, "nan-weight ", "1 of 2"},
        {OX_BFLOAT16, 2, inf_b, "infinite-weight ", "1 of 2"},
        {OX_INT64, 2, whole, "", ""},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        ox_mark mark = ox_journal_mark(w->m);
        weight(w, "w", rows[i].dtype, rows[i].n, rows[i].data);
        finds(w, READ, rows[i].ids);
        says(w, rows[i].part);
        ox_journal_rollback(w->m, mark);
    }
}

enum { N = 400 }; /* float32: 1600 bytes */

static void doubles(void **state)
{
    world *w = *state;
    static float one[N], two[N];
    for (int i = 0; i < N; i++) one[i] = (float)i, two[i] = (float)i;
    two[N - 1] = 0;
    weight(w, "a", OX_FLOAT, N, one);
    weight(w, "b", OX_FLOAT, N, two);
    weight(w, "c", OX_INT32, N, one); /* the same bytes, another type */
    weight(w, "small", OX_FLOAT, 4, one);
    weight(w, "small2", OX_FLOAT, 4, one); /* not worth a remark */
    finds(w, READ, "");
    ox_value d = weight(w, "d", OX_FLOAT, N, one);
    finds(w, READ, "doubled-initializer ");
    says(w, "'d' holds the same 1600 bytes as 'a'");
    assert_int_equal(w->last.value.id, d.id);
    weight(w, "e", OX_FLOAT, N, one);
    finds(w, READ, "doubled-initializer doubled-initializer ");
    says(w, "'e' holds the same 1600 bytes as 'a'");
}

static void what_may_be_read_is_kept_and_said(void **state)
{
    world *w = *state;
    static float big[N];
    static const float nan_f = __builtin_nanf("");
    big[7] = nan_f;
    weight(w, "big", OX_FLOAT, N, big);
    weight(w, "small", OX_FLOAT, 1, &nan_f);
    ox_check_options opt = {.only = READ, .read_limit = 100};
    ox_check_counts counts;
    assert_string_equal(run(w, &opt, &counts), "nan-weight ");
    says(w, "'small'");
    assert_true(counts.bytes_read == 4 && counts.bytes_unread == N * 4);
    opt.read_limit = 0;
    assert_string_equal(run(w, &opt, &counts), "nan-weight nan-weight ");
    assert_true(counts.bytes_read == 4 + N * 4 && counts.bytes_unread == 0);
    opt.only = RULES;
    opt.skip = READ;
    assert_string_equal(run(w, &opt, &counts), "");
    assert_true(counts.bytes_read == 0 && counts.bytes_unread == 0);
}

static bool refuse(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)ud, (void)what, (void)done, (void)total;
    return false;
}

static void reading_stops_when_asked(void **state)
{
    world *w = *state;
    static const int64_t n = 1 << 20;
    float *data = calloc((size_t)n, sizeof *data);
    assert_non_null(data);
    weight(w, "w", OX_FLOAT, n, data);
    free(data);
    ox_task task = {refuse, NULL};
    ox_check_options opt = {.only = READ};
    assert_fails(ox_check_run(w->m, &opt, note, w, NULL, &task, &w->err), OX_E_INTERRUPTED, "interrupted", &w->err);
}

static void out_of_memory(void **state)
{
    world *w = *state;
    static float one[N];
    weight(w, "a", OX_FLOAT, N, one);
    weight(w, "b", OX_FLOAT, N, one);
    ox_check_options opt = {.only = READ};
    for (uint64_t n = 1;; n++) {
        ox_check_counts counts;
        ox__alloc_fail_at(n, false);
        ox_status s = ox_check_run(w->m, &opt, NULL, NULL, &counts, NULL, &w->err);
        ox__alloc_fail_at(0, false);
        if (s == OX_OK) {
            assert_true(n > 3 && counts.notes == 1);
            break;
        }
        assert_int_equal(s, OX_E_NOMEM);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(numbers),       CASE(doubles), CASE(what_may_be_read_is_kept_and_said), CASE(reading_stops_when_asked),
        CASE(out_of_memory),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
