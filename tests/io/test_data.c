/* Named data: .npz written and read back, messages of test data, what cannot be read. */
#include "ox_test.h"

#include "ir/data.h"
#include "ox_dir.h"

#include <onnxsh/io.h>

static ox_data *tensor(ox_dtype dtype, uint32_t rank, const int64_t *dims, const void *bytes)
{
    ox_error err;
    ox_data *d;
    void *p;
    assert_ok(ox_data_tensor(&d, dtype, rank, dims, &p, &err), &err);
    memcpy(p, bytes, (size_t)ox_data_get(d).n_bytes);
    return d;
}

static void add(ox_data_set *set, const char *name, ox_data *d)
{
    ox_error err;
    assert_ok(ox_data_set_add(set, name, d, &err), &err);
}

static const ox_data *row(const ox_data_set *set, const char *name)
{
    const ox_named_data *r = ox_data_set_find(set, name);
    if (!r) fail_msg("no row %s", name);
    return r->data;
}

static void write_and_read(const ox_data_set *set, ox_data_set *back)
{
    ox_error err;
    const char *path = dir_path("data.npz");
    assert_ok(ox_data_write_npz(set, path, NULL, &err), &err);
    assert_ok(ox_data_read(back, path, OX_TYPE_TENSOR, NULL, &err), &err);
}

static void test_npz_there_and_back(void **state)
{
    (void)state;
    static const ox_dtype plain[] = {OX_FLOAT, OX_DOUBLE, OX_FLOAT16, OX_INT8,   OX_INT16,     OX_INT32,     OX_INT64,
                                     OX_UINT8, OX_UINT16, OX_UINT32,  OX_UINT64, OX_COMPLEX64, OX_COMPLEX128};
    static const uint8_t bytes[96] = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12};
    ox_data_set set = {0}, back = {0};
    int64_t dims[] = {2, 3};
    for (size_t i = 0; i < OX__COUNT(plain); i++)
        add(&set, ox_dtype_name(plain[i], OX_DTYPE_NUMPY), tensor(plain[i], 2, dims, bytes));
    add(&set, "rank 0", tensor(OX_FLOAT, 0, NULL, bytes));
    add(&set, "none", tensor(OX_FLOAT, 2, (const int64_t[]){0, 5}, bytes));
    add(&set, "a/b\xc3\xa9", tensor(OX_BOOL, 1, (const int64_t[]){2}, "\1\0"));
    write_and_read(&set, &back);
    assert_int_equal(back.n, set.n);
    for (size_t i = 0; i < set.n; i++) {
        ox_data_info want = ox_data_get(set.rows[i].data), got = ox_data_get(row(&back, set.rows[i].name));
        assert_int_equal(got.dtype, want.dtype);
        assert_int_equal(got.rank, want.rank);
        if (want.rank) assert_memory_equal(got.dims, want.dims, want.rank * sizeof *want.dims);
        assert_int_equal(got.n_bytes, want.n_bytes);
        assert_memory_equal(got.data, want.data, (size_t)want.n_bytes);
    }
    ox_data_set_clear(&set);
    ox_data_set_clear(&back);
}

static void test_wider_types_and_lists(void **state)
{
    (void)state;
    ox_error err;
    ox_data_set set = {0}, back = {0};
    int64_t three[] = {3}, two[] = {2};
    add(&set, "int4", tensor(OX_INT4, 1, three, "\x8f\x07"));
    add(&set, "float4", tensor(OX_FLOAT4E2M1, 1, two, "\x21"));
    ox_data *keys = tensor(OX_INT64, 1, two, (const int64_t[]){5, 6}), *values = tensor(OX_FLOAT, 1, two, "12345678");
    ox_data *map, *list, *items[2];
    assert_ok(ox_data_map(&map, keys, values, &err), &err);
    items[0] = values, items[1] = map;
    assert_ok(ox_data_list(&list, OX_DATA_SEQUENCE, OX_UNDEFINED, 2, items, &err), &err);
    add(&set, "s", list);
    ox_data_free(keys);
    ox_data_free(values);
    ox_data_free(map);
    write_and_read(&set, &back);
    assert_int_equal(back.n, 5);
    const int8_t *small = ox_data_get(row(&back, "int4")).data;
    assert_int_equal(small[0], -1);
    assert_int_equal(small[1], -8);
    assert_int_equal(small[2], 7);
    const float *f = ox_data_get(row(&back, "float4")).data;
    assert_true(f[0] == 0.5F && f[1] == 1.0F);
    assert_int_equal(ox_data_get(row(&back, "s[1].keys")).n, 2);
    assert_memory_equal(ox_data_get(row(&back, "s[0]")).data, "12345678", 8);
    assert_memory_equal(ox_data_get(row(&back, "s[1].values")).data, "12345678", 8);
    ox_data_set_clear(&set);
    ox_data_set_clear(&back);
}

static void test_strings_there_and_back(void **state)
{
    (void)state;
    ox_error err;
    ox_data_set set = {0}, back = {0};
    static const ox_bytes texts[] = {{"", 0}, {"abc", 3}, {"\xc3\xa9\xe2\x82\xac", 5}, {"\xff\x01", 2}};
    ox_data *d;
    assert_ok(ox_data_strings(&d, 2, (const int64_t[]){2, 2}, texts, &err), &err);
    add(&set, "s", d);
    write_and_read(&set, &back);
    ox_data_info i = ox_data_get(row(&back, "s"));
    assert_int_equal(i.dtype, OX_STRING);
    assert_int_equal(i.rank, 2);
    for (size_t k = 0; k < 4; k++) {
        const ox_bytes *got = (const ox_bytes *)i.data + k;
        assert_int_equal(got->n, texts[k].n);
        assert_memory_equal(got->p, texts[k].p, texts[k].n);
    }
    ox_data_set_clear(&set);
    ox_data_set_clear(&back);
}

/* ---- messages ---- */
static const char *file_of(const char *name, const void *p, size_t n)
{
    const char *path = dir_path(name);
    FILE *f = fopen(path, "wb");
    assert_non_null(f);
    assert_int_equal(fwrite(p, 1, n, f), n);
    fclose(f);
    return path;
}

/* TensorProto: dims 2, FLOAT, raw_data of two floats, name "x". */
#define TENSOR "\x08\x02\x10\x01\x4a\x08\0\0\x80\x3f\0\0\0\x40\x42\x01x"

static void test_messages(void **state)
{
    (void)state;
    ox_error err;
    ox_data_set set = {0};
    static const float want[] = {1, 2};
    assert_ok(ox_data_read(&set, file_of("t.pb", TENSOR, sizeof TENSOR - 1), OX_TYPE_TENSOR, NULL, &err), &err);
    assert_memory_equal(ox_data_get(row(&set, "x")).data, want, sizeof want);
    ox_data_set_clear(&set);
    static const char sequence[] = "\x0a\x01s\x10\x01\x1a\x11" TENSOR "\x1a\x11" TENSOR;
    assert_ok(ox_data_read(&set, file_of("s.pb", sequence, sizeof sequence - 1), OX_TYPE_SEQUENCE, NULL, &err), &err);
    ox_data_info s = ox_data_get(row(&set, "s"));
    assert_int_equal(s.kind, OX_DATA_SEQUENCE);
    assert_int_equal(s.n, 2);
    ox_data_set_clear(&set);
    static const char optional[] = "\x0a\x01o\x10\x01\x1a\x11" TENSOR;
    assert_ok(ox_data_read(&set, file_of("o.pb", optional, sizeof optional - 1), OX_TYPE_OPTIONAL, NULL, &err), &err);
    assert_int_equal(ox_data_get(row(&set, "o")).n, 1);
    ox_data_set_clear(&set);
    static const char map[] = "\x0a\x01m\x10\x07\x18\x05\x18\x06\x2a\x13\x1a\x11" TENSOR;
    assert_ok(ox_data_read(&set, file_of("m.pb", map, sizeof map - 1), OX_TYPE_MAP, NULL, &err), &err);
    assert_int_equal(ox_data_get(ox_data_get(row(&set, "m")).keys).n, 2);
    ox_data_set_clear(&set);
}

static void test_what_cannot_be_read(void **state)
{
    (void)state;
    ox_error err;
    ox_data_set set = {0};
    assert_fails(ox_data_read(&set, file_of("cut.pb", TENSOR, 9), OX_TYPE_TENSOR, NULL, &err), OX_E_FORMAT, "", &err);
    assert_non_null(strstr(err.file, "cut.pb"));
    /* dims say 3, the bytes are those of 2 */
    char longer[sizeof TENSOR];
    memcpy(longer, TENSOR, sizeof TENSOR);
    longer[1] = 3;
    assert_int_not_equal(ox_data_read(&set, file_of("l.pb", longer, sizeof TENSOR - 1), OX_TYPE_TENSOR, NULL, &err),
                         OX_OK);
    assert_fails(ox_data_read(&set, file_of("t.txt", "hello", 5), OX_TYPE_TENSOR, NULL, &err), OX_E_FORMAT, ".npz",
                 &err);
    assert_fails(ox_data_read(&set, dir_path("none.npz"), OX_TYPE_TENSOR, NULL, &err), OX_E_IO, "", &err);
    static const char map[] = "\x0a\x01m\x10\x07\x18\x05";
    assert_fails(ox_data_read(&set, file_of("m.pb", map, sizeof map - 1), OX_TYPE_MAP, NULL, &err), OX_E_FORMAT, "map",
                 &err);
    assert_fails(ox_data_read(&set, file_of("e.pb", "", 0), OX_TYPE_TENSOR, NULL, &err), OX_E_FORMAT, "empty", &err);
    static const char bare[] = "\x08\x02\x42\x01x"; /* dims and a name, no type */
    assert_fails(ox_data_read(&set, file_of("b.pb", bare, sizeof bare - 1), OX_TYPE_TENSOR, NULL, &err), OX_E_FORMAT,
                 "what its elements are", &err);
    assert_non_null(strstr(err.file, "b.pb"));
    static const char keys[] = "\x0a\x01m\x10\x07\x1a\x02\x05\x86"; /* the last key goes on beyond its list */
    assert_fails(ox_data_read(&set, file_of("k.pb", keys, sizeof keys - 1), OX_TYPE_MAP, NULL, &err), OX_E_FORMAT,
                 "inside a number", &err);
    assert_int_equal(err.offset, 8);
    char deep[200];
    size_t n = 0;
    for (int i = 0; i < 40; i++) { /* a sequence in a sequence in ... */
        deep[n++] = 0x2a;
        deep[n++] = (char)(2 * (39 - i));
    }
    assert_fails(ox_data_read(&set, file_of("d.pb", deep, n), OX_TYPE_SEQUENCE, NULL, &err), OX_E_FORMAT, "deep", &err);
    assert_int_equal(set.n, 0);
    ox_data_set_clear(&set);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_npz_there_and_back),     cmocka_unit_test(test_wider_types_and_lists),
        cmocka_unit_test(test_strings_there_and_back), cmocka_unit_test(test_messages),
        cmocka_unit_test(test_what_cannot_be_read),
    };
    return cmocka_run_group_tests(tests, dir_setup, dir_teardown);
}
