/* Run-time data: making, sharing, and the way from tensors of a model and back. */
#include "ox_ir_test.h"

#include "ir/data.h"

static ox_data *tensor(ox_dtype dtype, uint32_t rank, const int64_t *dims, const void *bytes)
{
    ox_error err;
    ox_data *d;
    void *p;
    assert_ok(ox_data_tensor(&d, dtype, rank, dims, &p, &err), &err);
    if (bytes) memcpy(p, bytes, (size_t)ox_data_get(d).n_bytes);
    return d;
}

static void test_tensor(void **state)
{
    (void)state;
    int64_t dims[] = {2, 3};
    ox_data *d = tensor(OX_FLOAT, 2, dims, NULL);
    ox_data_info i = ox_data_get(d);
    assert_int_equal(i.kind, OX_DATA_TENSOR);
    assert_int_equal(i.n, 6);
    assert_int_equal(i.n_bytes, 24);
    for (int k = 0; k < 6; k++) assert_true(((const float *)i.data)[k] == 0);
    assert_ptr_equal(ox_data_ref(d), d);
    ox_data_free(d);
    ox_data_free(d);
    assert_int_equal(ox_data_get(NULL).kind, 0);
    ox_data_free(NULL);
}

static void test_sizes_that_cannot_be(void **state)
{
    (void)state;
    static const int64_t cases[][3] = {{-1, 1, 1}, {INT64_MAX, 2, 1}, {INT64_C(1) << 31, INT64_C(1) << 31, 1 << 4}};
    ox_error err;
    ox_data *d;
    for (size_t i = 0; i < OX__COUNT(cases); i++)
        assert_fails(ox_data_tensor(&d, OX_DOUBLE, 3, cases[i], NULL, &err), OX_E_LIMIT, "memory", &err);
    /* A zero among them: no elements, however large the others are. */
    int64_t empty[] = {INT64_MAX, INT64_MAX, 0};
    d = tensor(OX_DOUBLE, 3, empty, NULL);
    assert_int_equal(ox_data_get(d).n, 0);
    assert_non_null(ox_data_get(d).data);
    ox_data_free(d);
    int64_t one[] = {1};
    assert_fails(ox_data_tensor(&d, OX_STRING, 1, one, NULL, &err), OX_E_LIMIT, "memory", &err);
}

static void test_reshaped_shares(void **state)
{
    (void)state;
    ox_error err;
    int64_t dims[] = {6}, to[] = {3, 2}, wrong[] = {4};
    ox_data *d = tensor(OX_INT32, 1, dims, (const int32_t[]){1, 2, 3, 4, 5, 6}), *r, *again;
    assert_ok(ox_data_reshaped(&r, d, 2, to, &err), &err);
    assert_ok(ox_data_reshaped(&again, r, 1, dims, &err), &err);
    assert_ptr_equal(ox_data_get(r).data, ox_data_get(d).data);
    ox_data_free(d);
    ox_data_free(r);
    assert_int_equal(((const int32_t *)ox_data_get(again).data)[5], 6); /* it holds the bytes */
    assert_fails(ox_data_reshaped(&r, again, 1, wrong, &err), OX_E_INVALID, "dims", &err);
    ox_data_free(again);
}

static void test_lists_and_maps(void **state)
{
    (void)state;
    ox_error err;
    int64_t two[] = {2}, three[] = {3};
    ox_data *a = tensor(OX_FLOAT, 1, two, NULL), *b = tensor(OX_FLOAT, 1, three, NULL), *items[] = {a, b}, *list, *map;
    assert_ok(ox_data_list(&list, OX_DATA_SEQUENCE, OX_UNDEFINED, 2, items, &err), &err);
    assert_int_equal(ox_data_get(list).dtype, OX_FLOAT);
    assert_fails(ox_data_list(&map, OX_DATA_OPTIONAL, OX_UNDEFINED, 2, items, &err), OX_E_INVALID, "optional", &err);
    ox_data *keys = tensor(OX_INT64, 1, two, (const int64_t[]){7, 8});
    assert_ok(ox_data_map(&map, keys, a, &err), &err);
    ox_data_free(a);
    ox_data_free(b);
    ox_data_free(keys);
    assert_int_equal(ox_data_get(ox_data_get(list).items[1]).n, 3);
    assert_int_equal(ox_data_get(ox_data_get(map).keys).n, 2);
    ox_data *bad;
    assert_fails(ox_data_map(&bad, ox_data_get(list).items[1], ox_data_get(list).items[0], &err), OX_E_INVALID, "match",
                 &err);
    ox_model *m = ir_model();
    ox_type_info t = ox_type_get(m, ox_data_type(m, list));
    assert_int_equal(t.kind, OX_TYPE_SEQUENCE);
    assert_int_equal(ox_type_get(m, t.items[0]).rank, OX_RANK_UNKNOWN); /* items of two shapes share the dtype alone */
    ox_model_free(m);
    ox_data_free(list);
    ox_data_free(map);
}

static void test_strings(void **state)
{
    (void)state;
    ox_error err;
    ox_model *m = ir_model();
    ox_bytes texts[] = {{"a\0b", 3}, {"", 0}, {"\xff\xfe", 2}};
    int64_t dims[] = {3};
    ox_data *d, *back;
    ox_tensor t;
    assert_ok(ox_data_strings(&d, 1, dims, texts, &err), &err);
    assert_ok(ox_data_to_tensor(m, &t, d, &err), &err);
    assert_ok(ox_data_of_tensor(&back, m, t, 1000, &err), &err);
    const ox_bytes *got = ox_data_get(back).data;
    for (size_t i = 0; i < 3; i++) {
        assert_int_equal(got[i].n, texts[i].n);
        assert_memory_equal(got[i].p, texts[i].p, texts[i].n);
    }
    ox_data *none;
    assert_fails(ox_data_of_tensor(&none, m, t, 4, &err), OX_E_LIMIT, "allowed", &err);
    ox_data_free(d);
    ox_data_free(back);
    ox_model_free(m);
}

static ox_tensor raw(ox_model *m, ox_dtype dtype, uint32_t rank, const int64_t *dims, const void *p, uint64_t n)
{
    ox_error err;
    ox_tensor t;
    assert_ok(ox_tensor_add_raw(m, &t, dtype, rank, dims, p, n, &err), &err);
    return t;
}

static ox_tensor sparse(ox_model *m, const int64_t *indices, uint32_t index_rank)
{
    static const int64_t dims[] = {2, 3}, two[] = {2}, pairs[] = {2, 2};
    ox_error err;
    ox_tensor t;
    ox_tensor_info info = {.dtype = OX_FLOAT, .rank = 2, .dims = dims, .storage = OX_STORAGE_SPARSE};
    info.values = raw(m, OX_FLOAT, 1, two, (const float[]){5, 6}, 8);
    info.indices = index_rank == 1 ? raw(m, OX_INT64, 1, two, indices, 16) : raw(m, OX_INT64, 2, pairs, indices, 32);
    assert_ok(ox_tensor_add(m, &t, &info, &err), &err);
    return t;
}

static void test_sparse_becomes_dense(void **state)
{
    (void)state;
    ox_error err;
    ox_model *m = ir_model();
    static const float want[] = {0, 5, 0, 0, 0, 6};
    ox_tensor forms[] = {sparse(m, (const int64_t[]){1, 5}, 1), sparse(m, (const int64_t[]){0, 1, 1, 2}, 2)};
    for (size_t i = 0; i < 2; i++) {
        ox_data *d;
        assert_ok(ox_data_of_tensor(&d, m, forms[i], 1000, &err), &err);
        assert_memory_equal(ox_data_get(d).data, want, sizeof want);
        ox_data_free(d);
    }
    ox_data *d;
    assert_fails(ox_data_of_tensor(&d, m, sparse(m, (const int64_t[]){1, 6}, 1), 1000, &err), OX_E_INVALID, "outside",
                 &err);
    ox_model_free(m);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    ox_model *m = ir_model();
    ox_tensor t = sparse(m, (const int64_t[]){1, 5}, 1);
    int64_t dims[] = {2};
    ox_bytes texts[] = {{"ab", 2}, {"c", 1}};
    for (uint64_t at = 1; at < 30; at++) {
        ox_data *d = NULL, *e = NULL, *list = NULL;
        ox_error err;
        ox__alloc_fail_at(at, false);
        ox_status s = ox_data_of_tensor(&d, m, t, 1000, &err);
        ox_status s2 = s == OX_OK ? ox_data_strings(&e, 1, dims, texts, &err) : s;
        ox_status s3 = s2 == OX_OK ? ox_data_list(&list, OX_DATA_SEQUENCE, OX_UNDEFINED, 1, &e, &err) : s2;
        ox__alloc_fail_at(0, false);
        assert_true(s3 == OX_OK || err.code == OX_E_NOMEM);
        ox_data_free(d);
        ox_data_free(e);
        ox_data_free(list);
    }
    ox_model_free(m);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tensor),          cmocka_unit_test(test_sizes_that_cannot_be),
        cmocka_unit_test(test_reshaped_shares), cmocka_unit_test(test_lists_and_maps),
        cmocka_unit_test(test_strings),         cmocka_unit_test(test_sparse_becomes_dense),
        cmocka_unit_test(test_out_of_memory),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
