/* Where the elements of a tensor can stand in a .onnx file: raw bytes and typed fields of every type, packed or one
 * by one, strings, sparse tensors; and what makes a tensor wrong. */
#include "ox_test.h"
#include "ox_pb.h"

#include <onnxsh/io.h>

typedef struct fixture {
    ox_model *m;
    pb b;
    ox_error err;
} fixture;

static int setup(void **state)
{
    *state = calloc(1, sizeof(fixture));
    return *state ? 0 : -1;
}

static int teardown(void **state)
{
    fixture *f = *state;
    ox_model_free(f->m);
    pb_free(&f->b);
    free(f);
    return 0;
}

static void start(fixture *f)
{
    ox_model_free(f->m);
    f->m = NULL;
    pb_free(&f->b);
    pb_model(&f->b);
}

/* Opens what stands in f->b and gives initializer 0. */
static ox_tensor opened(fixture *f)
{
    pb_model_end(&f->b);
    assert_ok(ox_open_memory(&f->m, f->b.p, f->b.n, "t.onnx", NULL, NULL, NULL, &f->err), &f->err);
    return ox_value_tensor(f->m, ox_graph_initializer(f->m, ox_model_main(f->m), 0));
}

static void refused(fixture *f, ox_status code, const char *part)
{
    pb_model_end(&f->b);
    assert_fails(ox_open_memory(&f->m, f->b.p, f->b.n, "t.onnx", NULL, NULL, NULL, &f->err), code, part, &f->err);
    assert_true(f->err.has_offset);
    assert_true(f->err.offset < f->b.n);
}

static void head(fixture *f, int dtype, int rank, const int64_t *dims)
{
    start(f);
    pb_begin(&f->b, 5);
    for (int i = 0; i < rank; i++) pb_int(&f->b, 1, dims[i]);
    pb_int(&f->b, 2, dtype);
    pb_text(&f->b, 8, "w");
}

/* Which typed field holds a type, by the format's table: 4 float, 5 int32, 7 int64, 10 double, 11 uint64. */
static uint32_t typed_field(int t)
{
    switch (t) {
    case OX_FLOAT:
    case OX_COMPLEX64: return 4;
    case OX_INT64: return 7;
    case OX_DOUBLE:
    case OX_COMPLEX128: return 10;
    case OX_UINT32:
    case OX_UINT64: return 11;
    default: return 5;
    }
}

/* Writes canonical bytes as typed data: packed, one by one, or in two packed pieces. */
static void put_typed(pb *b, int t, const uint8_t *raw, size_t n, int how)
{
    uint32_t field = typed_field(t);
    bool fixed = field == 4 || field == 10;
    unsigned bits = ox_dtype_bits((ox_dtype)t);
    size_t width = field == 4 ? 4 : field == 10 ? 8 : bits >= 8 ? bits / 8 : 1, count = n / width;
    if (bits == 6) count = n * 8 / 6; /* these are not packed there */
    for (size_t i = 0; i < count; i++) {
        uint64_t v = 0;
        if (bits == 6)
            v = (raw[i * 6 / 8] | (unsigned)raw[i * 6 / 8 + 1] << 8) >> i * 6 % 8 & 63;
        else
            memcpy(&v, raw + i * width, width);
        bool starts = how == 0 ? i == 0 : how == 2 && (i == 0 || i == count / 2);
        if (starts && count) pb_begin(b, field);
        if (how == 1) pb_tag(b, field, fixed ? (field == 4 ? 5 : 1) : 0);
        if (fixed)
            pb_bytes(b, raw + i * width, width);
        else
            pb_varint(b, v);
        bool ends = how == 0 ? i + 1 == count : how == 2 && (i + 1 == count / 2 || i + 1 == count);
        if (ends) pb_end(b);
    }
}

static void test_every_type_everywhere(void **state)
{
    fixture *f = *state;
    const int64_t dims[] = {2, 8};
    uint8_t raw[16 * 16], got[16 * 16];
    for (size_t i = 0; i < sizeof raw; i++) raw[i] = (uint8_t)(i * 37 + 11);
    for (int t = 1; t < OX_N_DTYPES; t++) {
        uint64_t n;
        if (t == OX_STRING) continue;
        assert_true(ox_dtype_bytes((ox_dtype)t, 16, &n));
        for (int how = -1; how < 3; how++) {
            head(f, t, 2, dims);
            if (how < 0)
                pb_data(&f->b, 9, raw, n);
            else
                put_typed(&f->b, t, raw, n, how);
            pb_end(&f->b);
            ox_tensor w = opened(f);
            ox_tensor_info i = ox_tensor_get(f->m, w);
            assert_int_equal(i.dtype, t);
            assert_int_equal(i.n_elements, 16);
            assert_int_equal(i.storage,
                             how < 1 ? OX_STORAGE_FILE : OX_STORAGE_OWNED); /* spans where that is possible */
            assert_int_equal(ox_tensor_raw_size(f->m, w), n);
            memset(got, 0, sizeof got);
            assert_ok(ox_tensor_read(f->m, w, 0, got, n, &f->err), &f->err);
            assert_memory_equal(got, raw, n);
        }
    }
}

static void test_strings(void **state)
{
    fixture *f = *state;
    const int64_t two[] = {2};
    head(f, OX_STRING, 1, two);
    pb_data(&f->b, 6, "a\0b", 3);
    pb_text(&f->b, 6, "");
    pb_end(&f->b);
    ox_tensor_info i = ox_tensor_get(f->m, opened(f));
    size_t n;
    assert_int_equal(i.encoding, OX_ENC_STRINGS);
    ox_str_text(f->m, i.strings[0], &n);
    assert_int_equal(n, 3);
    ox_str_text(f->m, i.strings[1], &n);
    assert_int_equal(n, 0);
    head(f, OX_STRING, 1, two);
    pb_text(&f->b, 6, "only one");
    pb_end(&f->b);
    refused(f, OX_E_FORMAT, "1 strings, but its shape needs 2");
    head(f, OX_STRING, 1, two);
    pb_text(&f->b, 9, "raw");
    pb_end(&f->b);
    refused(f, OX_E_FORMAT, "raw data");
}

/* A span is as long as the shape says: one byte less or more is an error at opening, with the tensor's name. */
static void test_sizes(void **state)
{
    fixture *f = *state;
    const int64_t three[] = {3};
    const uint8_t z[64] = {0};
    for (int more = -1; more <= 1; more += 2) {
        head(f, OX_FLOAT, 1, three);
        pb_data(&f->b, 9, z, (size_t)(12 + more));
        pb_end(&f->b);
        refused(f, OX_E_FORMAT, "tensor 'w'");
        head(f, OX_FLOAT, 1, three);
        pb_data(&f->b, 4, z, (size_t)(12 + 4 * more));
        pb_end(&f->b);
        refused(f, OX_E_FORMAT, "but its shape needs 12");
    }
    head(f, OX_INT64, 1, three);
    pb_data(&f->b, 7, z, 2);
    pb_end(&f->b);
    refused(f, OX_E_FORMAT, "needs 3");
    head(f, OX_INT64, 1, three);
    pb_data(&f->b, 7, z, 40);
    pb_end(&f->b);
    refused(f, OX_E_FORMAT, "needs 3");
    head(f, OX_INT64, 1, three); /* one by one, too many and too few */
    for (int i = 0; i < 4; i++) pb_int(&f->b, 7, i);
    pb_end(&f->b);
    refused(f, OX_E_FORMAT, "needs 3");
    head(f, OX_INT64, 1, three);
    for (int i = 0; i < 2; i++) pb_int(&f->b, 7, i);
    pb_end(&f->b);
    refused(f, OX_E_FORMAT, "needs 24");
}

/* More numbers than fit can hide in a packed field; that is found where they are read. */
static void test_wrong_varints_are_found_on_reading(void **state)
{
    fixture *f = *state;
    const int64_t two[] = {2};
    int64_t got[2];
    head(f, OX_INT64, 1, two);
    pb_data(&f->b, 7, "\x01\x02\x03", 3);
    pb_end(&f->b);
    ox_tensor w = opened(f);
    assert_fails(ox_tensor_read(f->m, w, 0, got, sizeof got, &f->err), OX_E_FORMAT, "more elements", &f->err);
}

static void test_dims(void **state)
{
    fixture *f = *state;
    const int64_t negative[] = {2, -3}, huge[] = {INT64_MAX, 4}, many[] = {(int64_t)1 << 32, (int64_t)1 << 31},
                  empty[] = {INT64_MAX, 0, INT64_MAX};
    head(f, OX_FLOAT, 2, negative);
    pb_end(&f->b);
    refused(f, OX_E_FORMAT, "dimension 1 of a tensor is -3");
    head(f, OX_FLOAT, 2, huge);
    pb_end(&f->b);
    refused(f, OX_E_FORMAT, "more than 2^63 elements");
    head(f, OX_COMPLEX128, 2, many);
    pb_end(&f->b);
    refused(f, OX_E_FORMAT, "more than 2^6");
    head(f, OX_FLOAT, 3, empty);
    pb_end(&f->b);
    assert_int_equal(ox_tensor_get(f->m, opened(f)).n_elements, 0);
    start(f);
    pb_begin(&f->b, 5);
    pb_int(&f->b, 2, OX_FLOAT);
    for (int i = 0; i < 1025; i++) pb_int(&f->b, 1, 1);
    pb_end(&f->b);
    refused(f, OX_E_LIMIT, "1024 dimensions");
    start(f);
    pb_begin(&f->b, 5);
    pb_int(&f->b, 2, OX_UINT8);
    pb_data(&f->b, 1, "\x02\x03", 2); /* packed dims */
    pb_data(&f->b, 9, "abcdef", 6);
    pb_end(&f->b);
    assert_int_equal(ox_tensor_get(f->m, opened(f)).rank, 2);
}

/* A model whose weights were cut out, and a type from the future, can be looked at. */
static void test_without_data(void **state)
{
    fixture *f = *state;
    const int64_t two[] = {2};
    float got[2];
    head(f, OX_FLOAT, 1, two);
    pb_end(&f->b);
    ox_tensor w = opened(f);
    assert_int_equal(ox_tensor_get(f->m, w).storage, OX_STORAGE_LOST);
    assert_fails(ox_tensor_read(f->m, w, 0, got, sizeof got, &f->err), OX_E_NOT_FOUND, "data", &f->err);
    head(f, 99, 1, two);
    pb_data(&f->b, 9, "??", 2);
    pb_end(&f->b);
    assert_int_equal(ox_tensor_get(f->m, opened(f)).storage, OX_STORAGE_LOST);
}

static void test_segments(void **state)
{
    fixture *f = *state;
    head(f, OX_FLOAT, 0, NULL);
    pb_begin(&f->b, 3);
    pb_int(&f->b, 1, 0);
    pb_end(&f->b);
    pb_end(&f->b);
    refused(f, OX_E_UNSUPPORTED, "segments");
}

static void put_sparse(pb *b, uint32_t field, const char *name, int index_type)
{
    const float v[] = {1, 2};
    const int64_t at[] = {0, 5};
    pb_begin(b, field);
    pb_begin(b, 1);
    pb_int(b, 1, 2), pb_int(b, 2, OX_FLOAT), pb_text(b, 8, name), pb_data(b, 9, v, sizeof v);
    pb_end(b);
    pb_begin(b, 2);
    pb_int(b, 1, 2), pb_int(b, 2, index_type), pb_data(b, 9, at, sizeof at);
    pb_end(b);
    pb_int(b, 3, 2);
    pb_int(b, 3, 3);
    pb_end(b);
}

static void test_sparse(void **state)
{
    fixture *f = *state;
    start(f);
    put_sparse(&f->b, 15, "sp", OX_INT64);
    ox_tensor_info i = ox_tensor_get(f->m, opened(f));
    assert_int_equal(i.storage, OX_STORAGE_SPARSE);
    assert_int_equal(i.n_elements, 6);
    assert_int_equal(ox_tensor_get(f->m, i.values).n_elements, 2);
    assert_int_equal(ox_tensor_get(f->m, i.indices).dtype, OX_INT64);
    ox_value v = ox_graph_initializer(f->m, ox_model_main(f->m), 0);
    assert_string_equal(ox_str_text(f->m, ox_value_name(f->m, v), NULL), "sp");
    assert_int_equal(ox_type_get(f->m, ox_value_type(f->m, v)).kind, OX_TYPE_SPARSE);
    start(f);
    put_sparse(&f->b, 15, "sp", OX_UINT64);
    refused(f, OX_E_FORMAT, "int64");
    start(f);
    pb_begin(&f->b, 15);
    pb_end(&f->b);
    refused(f, OX_E_FORMAT, "no values");
}

static void test_documentation_of_tensors(void **state)
{
    fixture *f = *state;
    head(f, OX_UINT8, 0, NULL);
    pb_data(&f->b, 9, "a", 1);
    pb_text(&f->b, 12, "about w");
    pb_entry(&f->b, 16, "k", "v");
    pb_end(&f->b);
    ox_tensor_info i = ox_tensor_get(f->m, opened(f));
    assert_string_equal(ox_str_text(f->m, i.doc, NULL), "about w");
    assert_int_equal(i.n_metadata, 1);
    assert_string_equal(ox_str_text(f->m, i.metadata[0].key, NULL), "k");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_every_type_everywhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strings, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sizes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_wrong_varints_are_found_on_reading, setup, teardown),
        cmocka_unit_test_setup_teardown(test_dims, setup, teardown),
        cmocka_unit_test_setup_teardown(test_without_data, setup, teardown),
        cmocka_unit_test_setup_teardown(test_segments, setup, teardown),
        cmocka_unit_test_setup_teardown(test_sparse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_documentation_of_tensors, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
