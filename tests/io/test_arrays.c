/* Readers of arrays: files as NumPy and safetensors write them (tests/io/arrays, made by gen_arrays.py), and broken
 * ones. */
#include "ox_test.h"

#include "io/arrays.h"
#include "ox_dir.h"

#include <signal.h>
#include <sys/resource.h>

static ox_status open_path(ox__arrays *a, const char *path, ox_error *err)
{
    ox__map map;
    memset(a, 0, sizeof *a);
    ox_status s = ox__map_open(&map, path, false, err);
    return s == OX_OK ? ox__arrays_open(a, &map, err) : s;
}

static const char *fixture(const char *name)
{
    static char path[512];
    snprintf(path, sizeof path, "%s/io/arrays/%s", OX_TESTS_DIR, name);
    return path;
}

static void open_fixture(ox__arrays *a, const char *name)
{
    ox_error err;
    assert_ok(open_path(a, fixture(name), &err), &err);
}

static bool wanted[64];

static void prepare_all(ox__arrays *a)
{
    ox_error err;
    for (size_t i = 0; i < a->rows.n; i++) wanted[i] = !a->rows.p[i].unusable;
    assert_ok(ox__arrays_prepare(a, wanted, NULL, &err), &err);
}

/* The row holds what the generator's `ramp` (or `saw`) makes. */
static void check_row(ox__arrays *a, const char *name, ox_dtype dtype, uint32_t rank, const int64_t *dims, bool saw)
{
    ox__array *row = ox__arrays_find(a, name, strlen(name));
    assert_non_null(row);
    assert_int_equal(row->dtype, dtype);
    assert_int_equal(row->rank, rank);
    uint64_t n = 1, bytes;
    for (uint32_t i = 0; i < rank; i++) {
        assert_int_equal(row->dims[i], dims[i]);
        n *= (uint64_t)dims[i];
    }
    assert_true(ox_dtype_bytes(dtype, n, &bytes));
    assert_int_equal(row->n_bytes, bytes);
    assert_true(row->file < 2);
    const ox__map *map = &a->files[row->file];
    assert_true(row->offset <= map->n && bytes <= map->n - row->offset);
    for (uint64_t i = 0; i < n; i++) {
        int64_t v = (int64_t)i * 3 - 5;
        double want = saw ? (double)(i % 7) : dtype == OX_BOOL ? (double)(v & 1) : (double)v;
        double got = ox_dtype_get_f64(dtype, map->p + row->offset, i);
        if (dtype == OX_UINT16) want = (double)(uint16_t)v;
        if (want != got) fail_msg("%s[%d]: %g, not %g", name, (int)i, got, want);
    }
}

#define DIMS(...) \
    (uint32_t)(sizeof((int64_t[]){__VA_ARGS__}) / 8), (const int64_t[]) \
    { \
        __VA_ARGS__ \
    }

static void check_plain(ox__arrays *a)
{
    check_row(a, "conv1.weight", OX_FLOAT, DIMS(4, 3, 2), false);
    check_row(a, "b", OX_INT64, DIMS(3), false);
    check_row(a, "scalar", OX_DOUBLE, 0, NULL, false);
    check_row(a, "empty", OX_FLOAT, DIMS(0, 4), false);
    check_row(a, "flag", OX_BOOL, DIMS(5), false);
    check_row(a, "half", OX_FLOAT16, DIMS(2, 2), false);
    check_row(a, "complex", OX_COMPLEX64, DIMS(3), false);
    check_row(a, "byte", OX_INT8, DIMS(7), false);
}

static void test_npz(void **state)
{
    (void)state;
    ox__arrays a;
    open_fixture(&a, "plain.npz");
    assert_int_equal(a.rows.n, 9);
    prepare_all(&a);
    assert_null(a.files[1].path); /* all of it is mapped in place */
    check_plain(&a);
    check_row(&a, "caf\xc3\xa9", OX_UINT16, DIMS(2), false);
    assert_null(ox__arrays_find(&a, "b.npy", 5));
    assert_null(ox__arrays_find(&a, "", 0));
    ox__arrays_close(&a);
}

static void test_npz_packed(void **state)
{
    (void)state;
    ox__arrays a;
    open_fixture(&a, "packed.npz");
    prepare_all(&a);
    check_plain(&a);
    check_row(&a, "large", OX_FLOAT, DIMS(300, 1000), true);
    ox__arrays_close(&a);
    /* only what is wanted is unpacked */
    ox_error err;
    open_fixture(&a, "packed.npz");
    memset(wanted, 0, sizeof wanted);
    assert_ok(ox__arrays_prepare(&a, wanted, NULL, &err), &err);
    assert_null(a.files[1].path);
    ox__arrays_close(&a);
    open_fixture(&a, "packed.npz");
    wanted[ox__arrays_find(&a, "b", 1) - a.rows.p] = true;
    assert_ok(ox__arrays_prepare(&a, wanted, NULL, &err), &err);
    assert_int_equal(a.files[1].n, 24);
    check_row(&a, "b", OX_INT64, DIMS(3), false);
    assert_int_equal(ox__arrays_find(&a, "large", 5)->file, OX__ARRAY_PACKED);
    ox__arrays_close(&a);
}

static void test_npz_turned(void **state)
{
    (void)state;
    static const char *const names[] = {"turned.npz", "turned_stored.npz"};
    for (int i = 0; i < 2; i++) {
        ox__arrays a;
        open_fixture(&a, names[i]);
        assert_true(ox__arrays_find(&a, "f2", 2)->fortran);
        assert_false(ox__arrays_find(&a, "row", 3)->fortran); /* one row: both orders are the same */
        prepare_all(&a);
        check_row(&a, "f2", OX_FLOAT, DIMS(3, 5), false);
        check_row(&a, "f3", OX_INT16, DIMS(2, 3, 4), false);
        check_row(&a, "row", OX_FLOAT, DIMS(1, 6), false);
        check_row(&a, "big4", OX_FLOAT, DIMS(2, 3), false);
        check_row(&a, "big8", OX_INT64, DIMS(3), false);
        check_row(&a, "bigc", OX_COMPLEX64, DIMS(3), false);
        check_row(&a, "both", OX_DOUBLE, DIMS(3, 4), false);
        check_row(&a, "same", OX_FLOAT, DIMS(2, 2), false);
        if (i == 0) check_row(&a, "wide", OX_FLOAT, DIMS(257, 300), true);
        ox__arrays_close(&a);
    }
}

static void test_npz_odd(void **state)
{
    (void)state;
    static const struct {
        const char *name, *why;
    } odd[] = {{"allow", "Python objects"}, {"text", "strings"},        {"bytes", "strings"},
               {"record", "records"},       {"time", "no counterpart"}, {"void", "bfloat16"},
               {"long", "no counterpart"},  {"readme.txt", "no .npy"}};
    ox_error err;
    ox__arrays a;
    open_fixture(&a, "odd.npz");
    for (size_t i = 0; i < sizeof odd / sizeof *odd; i++) {
        const ox__array *row = ox__arrays_find(&a, odd[i].name, strlen(odd[i].name));
        assert_non_null(row);
        if (!row->unusable || !strstr(row->unusable, odd[i].why)) fail_msg("%s: %s", odd[i].name, row->unusable);
    }
    prepare_all(&a);
    check_row(&a, "good", OX_FLOAT, DIMS(2), false);
    wanted[ox__arrays_find(&a, "allow", 5) - a.rows.p] = true;
    assert_fails(ox__arrays_prepare(&a, wanted, NULL, &err), OX_E_UNSUPPORTED, "array 'allow': its elements", &err);
    ox__arrays_close(&a);
}

static void test_npy(void **state)
{
    (void)state;
    ox__arrays a;
    open_fixture(&a, "lone.npy");
    prepare_all(&a);
    check_row(&a, "lone", OX_FLOAT, DIMS(2, 3), false);
    ox__arrays_close(&a);
    open_fixture(&a, "lone_big.npy");
    prepare_all(&a);
    check_row(&a, "lone_big", OX_FLOAT, DIMS(2, 3), false);
    ox__arrays_close(&a);
    open_fixture(&a, "version2.npy");
    prepare_all(&a);
    check_row(&a, "version2", OX_DOUBLE, DIMS(4), false);
    ox__arrays_close(&a);
}

static void test_safetensors(void **state)
{
    (void)state;
    ox__arrays a;
    open_fixture(&a, "plain.safetensors");
    prepare_all(&a);
    check_plain(&a);
    check_row(&a, "bf16", OX_BFLOAT16, DIMS(4), false);
    check_row(&a, "f8", OX_FLOAT8E4M3FN, DIMS(4), false);
    assert_int_equal(a.rows.n, 10);
    ox__arrays_close(&a);
}

static void test_torch(void **state)
{
    (void)state;
    ox__arrays a;
    open_fixture(&a, "state.pt");
    prepare_all(&a);
    ox__array *row = ox__arrays_find(&a, "w", 1);
    assert_non_null(row);
    assert_int_equal(row->dtype, OX_FLOAT);
    assert_int_equal(row->n_bytes, 8);
    assert_int_equal(row->file, 0);
    ox__arrays_close(&a);
}

/* ---- .npy headers by hand ---- */
static void npy(const char *header, size_t data, ox_status code, const char *why)
{
    char bytes[512] = "\x93NUMPY\x01\x00";
    size_t n = strlen(header);
    bytes[8] = (char)n;
    bytes[9] = (char)(n >> 8);
    memcpy(bytes + 10, header, n);
    dir_write("x.npy", bytes, 10 + n + data);
    ox_error err;
    ox__arrays a;
    ox_status s = open_path(&a, dir_path("x.npy"), &err);
    ox__arrays_close(&a);
    if (code == OX_OK)
        assert_ok(s, &err);
    else
        assert_true(s == code && strstr(err.msg, why) && err.file[0]);
}

static void test_npy_headers(void **state)
{
    (void)state;
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,), }  \n", 8, OX_OK, "");
    npy("{\"shape\":(2L,3L),\"fortran_order\":True,\"descr\":\"|u1\"}", 6, OX_OK, "");
    npy("{'descr': '?', 'fortran_order': False, 'shape': ()}", 1, OX_OK, "");
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (0, 9223372036854775807, 9)}", 0, OX_OK, "");
    static const char *const bad[] = {
        "",
        "{",
        "{}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,)} x",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (-2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (9223372036854775808,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,,)}",
        "{'descr': '<f4', 'fortran_order': false, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (2,), 'more': 1}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4 , 'fortran_order': False, 'shape': (2,)}",
        "{'descr': __import__('os'), 'fortran_order': False, 'shape': (2,)}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': 2}",
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) npy(bad[i], 8, OX_E_FORMAT, "header of the array");
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 7, OX_E_FORMAT, "make 8 bytes, but 7");
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (2,)}", 9, OX_E_FORMAT, "make 8 bytes, but 9");
    npy("{'descr': '<f4', 'fortran_order': False, 'shape': (4611686018427387904, 2)}", 8, OX_E_FORMAT, "too large");
    char deep[400] = "{'descr': '<f4', 'fortran_order': False, 'shape': (";
    for (int i = 0; i < 65; i++) strcat(deep, "1,");
    strcat(deep, ")}");
    npy(deep, 4, OX_E_FORMAT, "header of the array");
    ox_error err;
    ox__arrays a;
    dir_write("x.npy", "\x93NUMPY\x09\x00\x02\x00{}", 12);
    assert_fails(open_path(&a, dir_path("x.npy"), &err), OX_E_UNSUPPORTED, "version 9", &err);
    ox__arrays_close(&a);
    dir_write("x.npy", "\x93NUMPY\x02\x00\xff\xff\xff\xff{}", 14);
    assert_fails(open_path(&a, dir_path("x.npy"), &err), OX_E_LIMIT, "4294967295 bytes", &err);
    ox__arrays_close(&a);
    dir_write("x.npy", "\x93NUMPY\x01\x00\xff\x00{}", 12);
    assert_fails(open_path(&a, dir_path("x.npy"), &err), OX_E_FORMAT, "cut short", &err);
    ox__arrays_close(&a);
}

/* ---- .safetensors by hand ---- */
static void tensors(const char *json, size_t data, ox_status code, const char *why)
{
    static char bytes[4096];
    memset(bytes, 0, sizeof bytes);
    size_t n = strlen(json);
    bytes[0] = (char)n;
    bytes[1] = (char)(n >> 8);
    memcpy(bytes + 8, json, n);
    dir_write("x.safetensors", bytes, 8 + n + data);
    ox_error err;
    ox__arrays a;
    ox_status s = open_path(&a, dir_path("x.safetensors"), &err);
    ox__arrays_close(&a);
    if (code == OX_OK)
        assert_ok(s, &err);
    else if (s != code || !strstr(err.msg, why) || !err.file[0])
        fail_msg("%s: %s: %s", json, ox_status_text(s), err.msg);
}

static void test_safetensors_by_hand(void **state)
{
    (void)state;
    tensors("{}", 0, OX_OK, "");
    tensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}   ", 8, OX_OK, "");
    tensors("{\"a\":{\"dtype\":\"F4\",\"shape\":[3],\"data_offsets\":[0,2]}}", 2, OX_OK, "");
    tensors("{\"a\":{\"dtype\":\"Q7\",\"shape\":[3],\"data_offsets\":[0,2]}}", 2, OX_OK, "");
    tensors("{ \"a\" : {\"dtype\":\"U8\",\"shape\":[],\"data_offsets\":[0,1]} , \"z\":{\"dtype\":\"U8\",\"shape\":[0],"
            "\"data_offsets\":[1,1]},\"b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[1,2]}}",
            2, OX_OK, "");
    tensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8]}}", 7, OX_E_FORMAT,
            "array 'a': its data goes beyond");
    tensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[8,0]}}", 8, OX_E_FORMAT,
            "not two offsets in order");
    tensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[-8,0]}}", 8, OX_E_FORMAT,
            "not two offsets in order");
    tensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,8,9]}}", 8, OX_E_FORMAT,
            "not two offsets in order");
    tensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,9223372036854775807]}}", 8, OX_E_FORMAT,
            "beyond the end");
    tensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2],\"data_offsets\":[0,4]}}", 8, OX_E_FORMAT, "disagree");
    tensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[4611686018427387904,4],\"data_offsets\":[0,0]}}", 8, OX_E_FORMAT,
            "too large");
    tensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[-2],\"data_offsets\":[0,8]}}", 8, OX_E_FORMAT, "not a list of dims");
    tensors("{\"a\":{\"dtype\":\"F32\",\"shape\":[2.0],\"data_offsets\":[0,8]}}", 8, OX_E_FORMAT, "not a list of dims");
    tensors("{\"a\":{\"dtype\":\"F32\",\"data_offsets\":[0,8]}}", 8, OX_E_FORMAT, "not a list of dims");
    tensors("{\"a\":{\"shape\":[2],\"data_offsets\":[0,8]}}", 8, OX_E_FORMAT, "no dtype");
    tensors("{\"a\":{\"dtype\":\"U8\",\"shape\":[2],\"data_offsets\":[0,2]},\"b\":{\"dtype\":\"U8\",\"shape\":[2],"
            "\"data_offsets\":[1,3]}}",
            3, OX_E_FORMAT, "'a' and 'b' overlap");
    tensors("{\"a\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]},\"a\":{\"dtype\":\"U8\",\"shape\":[1],"
            "\"data_offsets\":[1,2]}}",
            2, OX_E_FORMAT, "two arrays 'a'");
    tensors("{\"a\":{\"dtype\":\"U8\",\"dtype\":\"I8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, OX_E_FORMAT,
            "not valid JSON");
    tensors("{\"a\":7}", 0, OX_E_FORMAT, "an object is expected");
    tensors("{\"a\" {}}", 0, OX_E_FORMAT, "':' is expected");
    tensors("{\"a\":{}", 0, OX_E_FORMAT, "");
    tensors("{7:{}}", 0, OX_E_FORMAT, "a name is expected");
    tensors("{\"__metadata__\":{\"a\":\"b\"}} x", 0, OX_E_FORMAT, "something follows");
    tensors(
        "{\"a\":{\"dtype\":\"U8\",\"shape\":[[[[[[[[[[[[[[[[[[[[[[[1]]]]]]]]]]]]]]]]]]]]]]],\"data_offsets\":[0,1]}}",
        1, OX_E_FORMAT, "an object is expected");
    tensors("{\"a\\u0000b\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, OX_E_FORMAT,
            "not valid JSON");
    tensors("{\"a\xff\":{\"dtype\":\"U8\",\"shape\":[1],\"data_offsets\":[0,1]}}", 1, OX_E_FORMAT, "not valid JSON");
}

static void test_safetensors_lengths(void **state)
{
    (void)state;
    ox_error err;
    ox__arrays a;
    dir_write("x", "\xff\xff\xff\xff\xff\xff\xff\xff{}", 10);
    assert_fails(open_path(&a, dir_path("x"), &err), OX_E_LIMIT, "18446744073709551615 bytes", &err);
    ox__arrays_close(&a);
    dir_write("x", "\x09\0\0\0\0\0\0\0{}", 10);
    assert_fails(open_path(&a, dir_path("x"), &err), OX_E_FORMAT, "9 bytes", &err);
    ox__arrays_close(&a);
    dir_write("x", "\x02\0\0", 3);
    assert_fails(open_path(&a, dir_path("x"), &err), OX_E_FORMAT, "beyond the end", &err);
    ox__arrays_close(&a);
    /* one array's text of more than a megabyte */
    size_t n = 3 << 20;
    char *big = calloc(1, n + 8);
    uint64_t len = n;
    memcpy(big, &len, 8);
    memset(big + 8, ' ', n);
    memcpy(big + 8, "{\"a\":{", 6);
    memcpy(big + 8 + n - 2, "}}", 2);
    dir_write("x", big, n + 8);
    free(big);
    assert_fails(open_path(&a, dir_path("x"), &err), OX_E_LIMIT, "more than 1 MiB", &err);
    ox__arrays_close(&a);
    assert_false(ox__arrays_sniff((const uint8_t *)"", 0));
    assert_false(ox__arrays_sniff((const uint8_t *)"\x08\x07\x12\x07pytorch\x1a", 12));
}

/* A file that is cut anywhere is an error, or opens and then fails to prepare; and no read leaves it (ASan watches). */
static void test_truncated(void **state)
{
    (void)state;
    static const char *const names[] = {"plain.npz", "packed.npz", "plain.safetensors", "lone_big.npy"};
    for (size_t f = 0; f < sizeof names / sizeof *names; f++) {
        static char bytes[16384];
        FILE *in = fopen(fixture(names[f]), "rb");
        size_t n = fread(bytes, 1, sizeof bytes, in);
        fclose(in);
        assert_true(n < sizeof bytes);
        for (size_t cut = 0; cut < n; cut += 1 + n / 300) {
            ox_error err;
            ox__arrays a;
            dir_write("cut", bytes, cut);
            ox_error_clear(&err);
            ox_status s = open_path(&a, dir_path("cut"), &err);
            ox__arrays_close(&a);
            if (s == OX_OK || !err.msg[0] || !err.file[0]) fail_msg("%s cut at %d", names[f], (int)cut);
        }
    }
}

/* Each byte changed: an error, or a file that opens and is read without harm. */
static void test_flipped(void **state)
{
    (void)state;
    static const char *const names[] = {"plain.npz", "turned_stored.npz", "plain.safetensors", "lone_big.npy"};
    for (size_t f = 0; f < sizeof names / sizeof *names; f++) {
        static char bytes[16384];
        FILE *in = fopen(fixture(names[f]), "rb");
        size_t n = fread(bytes, 1, sizeof bytes, in);
        fclose(in);
        for (size_t i = 0; i < n; i += 1 + n / 700) {
            ox_error err;
            ox__arrays a;
            bytes[i] = (char)(bytes[i] ^ (1 << i % 8));
            dir_write("flip", bytes, n);
            bytes[i] = (char)(bytes[i] ^ (1 << i % 8));
            ox_error_clear(&err);
            ox_status s = open_path(&a, dir_path("flip"), &err);
            if (s == OX_OK && a.rows.n <= 64) {
                for (size_t k = 0; k < a.rows.n; k++) wanted[k] = !a.rows.p[k].unusable;
                s = ox__arrays_prepare(&a, wanted, NULL, &err);
            }
            ox__arrays_close(&a);
            if (s != OX_OK && !err.msg[0]) fail_msg("%s changed at %d: no message", names[f], (int)i);
        }
    }
}

static void test_out_of_memory(void **state)
{
    (void)state;
    static const char *const names[] = {"packed.npz", "turned.npz", "plain.safetensors", "lone.npy"};
    for (size_t f = 0; f < sizeof names / sizeof *names; f++) {
        for (uint64_t n = 1;; n++) {
            ox_error err;
            ox__arrays a;
            ox__alloc_fail_at(n, false);
            ox_status s = open_path(&a, fixture(names[f]), &err);
            for (size_t i = 0; i < a.rows.n; i++) wanted[i] = true;
            if (s == OX_OK) s = ox__arrays_prepare(&a, wanted, NULL, &err);
            ox__arrays_close(&a);
            ox__alloc_fail_at(0, false);
            if (s == OX_OK) {
                assert_true(n > 5);
                break;
            }
            if (s != OX_E_NOMEM) fail_msg("%s, allocation %d: %s", names[f], (int)n, err.msg);
        }
    }
}

static bool stop(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what, (void)done, (void)total;
    return (*(int *)ud)-- > 0;
}

static void test_interrupted(void **state)
{
    (void)state;
    static const char *const names[] = {"packed.npz", "plain.npz", "turned.npz"};
    for (size_t f = 0; f < sizeof names / sizeof *names; f++) {
        ox_error err;
        ox__arrays a;
        int steps = 2;
        const ox_task task = {stop, &steps};
        open_fixture(&a, names[f]);
        for (size_t i = 0; i < a.rows.n; i++) wanted[i] = true;
        assert_fails(ox__arrays_prepare(&a, wanted, &task, &err), OX_E_INTERRUPTED, "interrupted", &err);
        ox__arrays_close(&a);
    }
}

/* No room for what is unpacked. */
static void test_no_temporary_file(void **state)
{
    (void)state;
    ox_error err;
    ox__arrays a;
    open_fixture(&a, "packed.npz");
    for (size_t i = 0; i < a.rows.n; i++) wanted[i] = true;
    setenv("TMPDIR", "/proc/none", 1);
    ox_status s = ox__arrays_prepare(&a, wanted, NULL, &err);
    unsetenv("TMPDIR");
    ox__arrays_close(&a);
    assert_int_equal(s, OX_E_IO);
    assert_non_null(strstr(err.hint, "TMPDIR"));
    struct rlimit old, small = {1000, RLIM_INFINITY};
    getrlimit(RLIMIT_FSIZE, &old);
    small.rlim_max = old.rlim_max;
    signal(SIGXFSZ, SIG_IGN);
    open_fixture(&a, "turned.npz");
    for (size_t i = 0; i < a.rows.n; i++) wanted[i] = true;
    setrlimit(RLIMIT_FSIZE, &small);
    s = ox__arrays_prepare(&a, wanted, NULL, &err);
    setrlimit(RLIMIT_FSIZE, &old);
    ox__arrays_close(&a);
    assert_int_equal(s, OX_E_IO);
    assert_non_null(strstr(err.msg, "temporary file"));
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, dir_setup, dir_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_npz),
        cmocka_unit_test(test_npz_packed),
        cmocka_unit_test(test_npz_turned),
        cmocka_unit_test(test_npz_odd),
        cmocka_unit_test(test_npy),
        cmocka_unit_test(test_safetensors),
        cmocka_unit_test(test_torch),
        IN_DIR(test_npy_headers),
        IN_DIR(test_safetensors_by_hand),
        IN_DIR(test_safetensors_lengths),
        IN_DIR(test_truncated),
        IN_DIR(test_flipped),
        cmocka_unit_test(test_out_of_memory),
        cmocka_unit_test(test_interrupted),
        cmocka_unit_test(test_no_temporary_file),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
