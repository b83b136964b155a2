/* Types, layouts, locations: equal ones have one id, and what is out of range is refused. */
#include "ox_ir_test.h"

static int set_up(void **state)
{
    *state = ir_model();
    return 0;
}

static int tear_down(void **state)
{
    ox_model_free(*state);
    return 0;
}

static void test_tensor_types(void **state)
{
    ox_model *m = *state;
    ox_dim dims[] = {ox_dim_const(m, 2), ox_dim_symbol(m, ir_str(m, "n"))};
    ox_type t = ox_type_tensor(m, OX_FLOAT, 2, dims);
    assert_int_equal(ox_type_tensor(m, OX_FLOAT, 2, dims).id, t.id);
    assert_int_not_equal(ox_type_tensor(m, OX_FLOAT, 1, dims).id, t.id);
    assert_int_not_equal(ox_type_tensor(m, OX_INT64, 2, dims).id, t.id);
    ox_type_info i = ox_type_get(m, t);
    assert_int_equal(i.kind, OX_TYPE_TENSOR);
    assert_int_equal(i.rank, 2);
    assert_int_equal(i.dims[1].id, dims[1].id);
    ox_type rank0 = ox_type_tensor(m, OX_FLOAT, 0, NULL), no_rank = ox_type_tensor(m, OX_FLOAT, OX_RANK_UNKNOWN, NULL);
    assert_int_not_equal(rank0.id, no_rank.id);
    assert_int_equal(ox_type_get(m, rank0).rank, 0);
    assert_int_equal(ox_type_get(m, no_rank).rank, OX_RANK_UNKNOWN);
    assert_int_equal(ox_type_tensor(m, OX_FLOAT, OX_MAX_RANK + 1, dims).id, 0);
    assert_int_equal(ox_type_tensor(m, OX_FLOAT, -2, dims).id, 0);
    assert_int_equal(ox_type_tensor(m, OX_FLOAT, 2, NULL).id, 0);
    assert_int_equal(ox_type_tensor(m, (ox_dtype)99, 0, NULL).id, 0);
    assert_int_equal(ox_type_get(m, (ox_type){0}).kind, OX_TYPE_NONE_KNOWN);
    assert_int_equal(ox_type_get(m, (ox_type){0}).rank, OX_RANK_UNKNOWN);
    assert_int_equal(ox_type_get(m, (ox_type){999}).kind, OX_TYPE_NONE_KNOWN);
    assert_int_equal(ox_type_get(NULL, t).kind, OX_TYPE_NONE_KNOWN);
    assert_int_equal(ox_model_status(m, NULL), OX_OK);
}

static void test_denotations(void **state)
{
    ox_model *m = *state;
    ox_dim dims[] = {ox_dim_const(m, 2), ox_dim_const(m, 3)};
    ox_str den[] = {{0}, ir_str(m, "DATA_CHANNEL")}, no[] = {{0}, {0}};
    ox_type_info i = {.kind = OX_TYPE_TENSOR, .dtype = OX_FLOAT, .rank = 2, .dims = dims};
    ox_type plain = ox_type_add(m, &i);
    i.dim_denotations = no; /* says nothing */
    assert_int_equal(ox_type_add(m, &i).id, plain.id);
    i.dim_denotations = den;
    ox_type t = ox_type_add(m, &i);
    assert_int_not_equal(t.id, plain.id);
    assert_int_equal(ox_type_get(m, t).dim_denotations[1].id, den[1].id);
    i.denotation = ir_str(m, "IMAGE");
    assert_int_not_equal(ox_type_add(m, &i).id, t.id);
}

static void test_composed_types(void **state)
{
    ox_model *m = *state;
    ox_type i = ox_type_simple(m, OX_TYPE_INT), l = ox_type_of(m, OX_TYPE_LIST, i),
            o = ox_type_of(m, OX_TYPE_OPTIONAL, l);
    assert_int_equal(ox_type_of(m, OX_TYPE_LIST, i).id, l.id);
    assert_int_equal(ox_type_get(m, o).items[0].id, l.id);
    ox_str names[] = {ir_str(m, "Out"), ir_str(m, "loss"), ir_str(m, "logits")};
    ox_type items[] = {i, l};
    ox_type tuple = ox_type_add(
        m,
        &(ox_type_info){.kind = OX_TYPE_TUPLE, .rank = 3, .n_items = 2, .items = items, .n_names = 3, .names = names});
    ox_type_info got = ox_type_get(m, tuple);
    assert_int_equal(got.rank, OX_RANK_UNKNOWN); /* a tuple has no rank */
    assert_int_equal(got.n_names, 3);
    assert_int_equal(got.names[2].id, names[2].id);
    assert_int_equal(
        ox_type_get(m,
                    ox_type_add(m, &(ox_type_info){.kind = OX_TYPE_MAP, .dtype = OX_STRING, .n_items = 1, .items = &i}))
            .dtype,
        OX_STRING);
    assert_int_equal(ox_type_of(m, OX_TYPE_LIST, (ox_type){99}).id, 0);
    assert_int_equal(ox_type_simple(m, OX_TYPE_NONE_KNOWN).id, 0);
    assert_int_equal(ox_type_simple(m, OX_N_TYPE_KINDS).id, 0);
    ox_type deep = i;
    for (int d = 0; d < OX_MAX_TYPE_DEPTH; d++) {
        deep = ox_type_of(m, OX_TYPE_OPTIONAL, deep);
        assert_int_not_equal(deep.id, 0);
    }
    assert_int_equal(ox_type_of(m, OX_TYPE_OPTIONAL, deep).id, 0);
}

static void test_layouts(void **state)
{
    ox_model *m = *state;
    int64_t strides[] = {4, OX_STRIDE_UNKNOWN};
    ox_layout_info i = {.requires_grad = 0, .device = ir_str(m, "cuda:0"), .n_strides = 2, .strides = strides};
    ox_layout l = ox_layout_add(m, &i);
    assert_int_equal(ox_layout_add(m, &i).id, l.id);
    i.requires_grad = -1;
    assert_int_not_equal(ox_layout_add(m, &i).id, l.id);
    assert_true(ox_layout_get(m, l).strides[1] == OX_STRIDE_UNKNOWN);
    ox_layout items[] = {l, {0}};
    ox_layout_info list = {.requires_grad = -1, .n_strides = -1, .n_items = 2, .items = items};
    ox_layout ll = ox_layout_add(m, &list);
    assert_int_equal(ox_layout_get(m, ll).items[0].id, l.id);
    assert_int_equal(ox_layout_get(m, (ox_layout){0}).n_strides, -1);
    assert_int_equal(ox_layout_get(m, (ox_layout){99}).requires_grad, -1);
    i.strides = NULL;
    assert_int_equal(ox_layout_add(m, &i).id, 0);
}

static void test_locations(void **state)
{
    ox_model *m = *state;
    ox_str f = ir_str(m, "net.py");
    ox_loc l = ox_loc_add(m, f, 12, 4);
    assert_int_equal(ox_loc_add(m, f, 12, 4).id, l.id);
    assert_int_not_equal(ox_loc_add(m, f, 12, 5).id, l.id);
    assert_int_equal(ox_loc_get(m, l).line, 12);
    assert_int_equal(ox_loc_add(m, (ox_str){0}, 0, 0).id, 0);
    assert_int_equal(ox_loc_get(m, (ox_loc){0}).line, 0);
    assert_int_equal(ox_loc_get(m, (ox_loc){77}).file.id, 0);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        T(test_tensor_types), T(test_denotations), T(test_composed_types), T(test_layouts), T(test_locations),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
