/* The checks of constants (src/check/data.c), each against a small model that breaks its rule and nothing else. */
#include "world.h"

static void sparse(void **state)
{
    world *w = *state;
    ox_value x = plain(w);
    static const int64_t good[] = {1, 3}, bad[] = {3, 1}, far[] = {1, 9};
    static const int64_t *const rows[] = {good, bad, far};
    for (int i = 0; i < 3; i++) {
        ox_tensor indices, t;
        int64_t two = 2, dims[] = {2, 4};
        assert_ok(ox_tensor_add_raw(w->m, &indices, OX_INT64, 1, &two, rows[i], 16, &w->err), &w->err);
        ox_tensor_info info = {.dtype = OX_FLOAT,
                               .rank = 2,
                               .dims = dims,
                               .storage = OX_STORAGE_SPARSE,
                               .values = tensor(w, OX_FLOAT, 2),
                               .indices = indices};
        assert_ok(ox_tensor_add(w->m, &t, &info, &w->err), &w->err);
        ox_attr a = {.name = str(w, "sparse_value"), .kind = OX_ATTR_SPARSE, .u.t = t};
        ox_node n = node_in(w, w->g, "", "Constant", i == 0 ? "k0" : i == 1 ? "k1" : "k2", 0, NULL);
        assert_ok(ox_node_set_attr(w->m, n, &a, &w->err), &w->err);
        found(w, i == 0 ? "" : i == 1 ? "sparse-tensor " : "sparse-tensor sparse-tensor ");
    }
    (void)x;
}

static void lost_data(void **state)
{
    world *w = *state;
    plain(w);
    int64_t dims[] = {2};
    ox_tensor t;
    ox_value v;
    ox_tensor_info info = {.dtype = OX_FLOAT, .rank = 1, .dims = dims, .storage = OX_STORAGE_LOST};
    assert_ok(ox_tensor_add(w->m, &t, &info, &w->err), &w->err);
    assert_ok(ox_graph_add_initializer(w->m, &v, w->g, str(w, "w"), t, &w->err), &w->err);
    found(w, "missing-data ");
    assert_non_null(w->last.hint);
}

static void numbers_kept_as_varints_are_counted(void **state)
{
    world *w = *state;
    plain(w);
    static const uint8_t data[] = {1, 2, 0x83, 0x01, 4};
    int64_t dims[] = {4};
    ox_tensor t;
    ox_value v;
    ox_tensor_info info = {.dtype = OX_INT64,
                           .rank = 1,
                           .dims = dims,
                           .storage = OX_STORAGE_OWNED,
                           .encoding = OX_ENC_VARINT,
                           .data = data,
                           .n_bytes = sizeof data};
    assert_ok(ox_tensor_add(w->m, &t, &info, &w->err), &w->err);
    assert_ok(ox_graph_add_initializer(w->m, &v, w->g, str(w, "w"), t, &w->err), &w->err);
    found(w, "");
    dims[0] = 5;
    assert_ok(ox_tensor_add(w->m, &t, &info, &w->err), &w->err);
    assert_ok(ox_graph_add_initializer(w->m, &v, w->g, str(w, "few"), t, &w->err), &w->err);
    found(w, "tensor-size ");
    says(w, "'few': the tensor holds fewer elements");
    dims[0] = 0;
    assert_ok(ox_tensor_add(w->m, &t, &info, &w->err), &w->err);
    assert_ok(ox_graph_add_initializer(w->m, &v, w->g, str(w, "none"), t, &w->err), &w->err);
    found(w, "tensor-size tensor-size ");
    says(w, "'none' has data");
}

static void padding_of_six_bits_is_zero(void **state)
{
    world *w = *state;
    plain(w);
    assert_ok(ox_model_set_ir_version(w->m, 14, &w->err), &w->err);
    static const uint8_t data[] = {0xff, 0xff, 0x03, 0x04}; /* three elements, then one bit too many */
    int64_t dims[] = {3};
    ox_tensor t;
    ox_value v;
    assert_ok(ox_tensor_add_raw(w->m, &t, OX_FLOAT6E3M2, 1, dims, data, 3, &w->err), &w->err);
    assert_ok(ox_graph_add_initializer(w->m, &v, w->g, str(w, "w"), t, &w->err), &w->err);
    found(w, "");
    assert_ok(ox_tensor_add_raw(w->m, &t, OX_FLOAT6E3M2, 1, dims, data + 1, 3, &w->err), &w->err);
    assert_ok(ox_graph_add_initializer(w->m, &v, w->g, str(w, "odd"), t, &w->err), &w->err);
    found(w, "tensor-size ");
    says(w, "'odd': the bits after its last element are not zero");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        CASE(sparse),
        CASE(lost_data),
        CASE(numbers_kept_as_varints_are_counted),
        CASE(padding_of_six_bits_is_zero),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
