/* Bounded readers: good values, and every way in which bytes can be bad. */
#include "ox_test.h"

#include "base/wire.h"

static uint64_t varint(const char *bytes, size_t n, const char **failed)
{
    ox__reader r = ox__reader_make(bytes, bytes, n);
    uint64_t v = ox__read_varint(&r);
    if (failed) *failed = r.failed;
    if (!r.failed) assert_int_equal(ox__reader_left(&r), 0);
    return v;
}

static void test_varint(void **state)
{
    (void)state;
    const char *bad;
    assert_true(varint("\x00", 1, &bad) == 0 && !bad);
    assert_true(varint("\x7f", 1, &bad) == 127 && !bad);
    assert_true(varint("\x80\x01", 2, &bad) == 128 && !bad);
    assert_true(varint("\x81\x80\x00", 3, &bad) == 1 && !bad); /* longer than need be is allowed */
    assert_true(varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 10, &bad) == UINT64_MAX && !bad);
    assert_true(varint("", 0, &bad) == 0 && bad);
    assert_true(varint("\x80", 1, &bad) == 0 && bad);
    assert_true(varint("\xff\xff\xff\xff\xff\xff\xff\xff\xff\x02", 10, &bad) == 0 && bad);
    assert_true(varint("\x80\x80\x80\x80\x80\x80\x80\x80\x80\x80\x00", 11, &bad) == 0 && bad);
}

static void test_fixed(void **state)
{
    (void)state;
    ox_error err;
    const char bytes[] = "\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a\x0b\x0c\x0d\x0e\x0f";
    ox__reader r = ox__reader_make(bytes, bytes + 1, 14);
    assert_int_equal(ox__read_u16le(&r), 0x0302);
    assert_int_equal(ox__read_u32le(&r), 0x07060504);
    assert_true(ox__read_u64le(&r) == UINT64_C(0x0f0e0d0c0b0a0908));
    assert_ok(ox__reader_status(&r, "f", &err), &err);
    assert_non_null(ox__read_bytes(&r, 0));
    assert_int_equal(ox__read_u32le(&r), 0);
    assert_fails(ox__reader_status(&r, "f", &err), OX_E_FORMAT, "beyond the end", &err);
    assert_true(err.has_offset && err.offset == 15);
    assert_string_equal(err.file, "f");
}

/* The first failure stays, and everything after it gives nothing. */
static void test_sticky(void **state)
{
    (void)state;
    ox_error err;
    const char bytes[8] = {1, 2, 3, 4, 5, 6, 7, 8};
    ox__field f;
    ox__reader r = ox__reader_make(bytes, bytes, sizeof bytes);
    assert_non_null(ox__read_bytes(&r, 2));
    assert_null(ox__read_bytes(&r, UINT64_MAX));
    ox__reader_fail(&r, "another");
    assert_int_equal(ox__read_varint(&r), 0);
    assert_int_equal(ox__read_u16le(&r), 0);
    assert_null(ox__read_bytes(&r, 0));
    assert_false(ox__read_field(&r, &f));
    assert_fails(ox__reader_status(&r, "f", &err), OX_E_FORMAT, "beyond the end", &err);
    assert_int_equal(err.offset, 2);
}

static void test_fields(void **state)
{
    (void)state;
    const char bytes[] = "\x08\x96\x01"                         /* 1: 150 */
                         "\x12\x03"                             /* 2: three bytes */
                         "abc\x1d\x01\x00\x00\x80"              /* 3: fixed 32 */
                         "\x21\x01\x02\x03\x04\x05\x06\x07\x08" /* 4: fixed 64 */
                         "\xfa\xff\xff\xff\x0f\x00";            /* the highest number: empty */
    ox__reader r = ox__reader_make(bytes, bytes, sizeof bytes - 1);
    ox__field f;
    assert_true(ox__read_field(&r, &f) && f.number == 1 && f.type == 0 && f.value == 150);
    assert_true(ox__read_field(&r, &f) && f.number == 2 && f.type == 2 && ox__reader_left(&f.sub) == 3);
    assert_memory_equal(f.sub.p, "abc", 3);
    assert_int_equal(ox__reader_offset(&f.sub), 5);
    assert_ptr_equal(f.at, bytes + 3);
    assert_true(ox__read_field(&r, &f) && f.number == 3 && f.value == 0x80000001);
    assert_true(ox__read_field(&r, &f) && f.number == 4 && f.value == UINT64_C(0x0807060504030201));
    assert_true(ox__read_field(&r, &f) && f.number == (1u << 29) - 1 && ox__reader_left(&f.sub) == 0);
    assert_false(ox__read_field(&r, &f));
    assert_null(r.failed);
}

static void bad_field(const char *bytes, size_t n, const char *why, uint64_t at)
{
    ox_error err;
    ox__field f;
    ox__reader r = ox__reader_make(bytes, bytes, n);
    assert_false(ox__read_field(&r, &f));
    assert_fails(ox__reader_status(&r, "f", &err), OX_E_FORMAT, why, &err);
    assert_int_equal(err.offset, at);
}

static void test_bad_fields(void **state)
{
    (void)state;
    bad_field("\x00\x01", 2, "field number", 0);
    bad_field("\x07", 1, "field number", 0);
    bad_field("\x80\x80\x80\x80\x10\x00", 6, "field number", 0); /* 2^29 */
    bad_field("\x0b", 1, "wire type", 0);
    bad_field("\x0c", 1, "wire type", 0);
    bad_field("\x0e", 1, "wire type", 0);
    bad_field("\x0f", 1, "wire type", 0);
    bad_field("\x0a\x03"
              "ab",
              4, "beyond the end", 2);
    bad_field("\x0a\xff\xff\xff\xff\xff\xff\xff\xff\xff\x01", 11, "beyond the end", 11);
    bad_field("\x0d\x01\x02\x03", 4, "beyond the end", 1);
    bad_field("\x09\x01\x02\x03\x04\x05\x06\x07", 8, "beyond the end", 1);
    bad_field("\x08", 1, "ends inside a number", 1);
    bad_field("\x88", 1, "ends inside a number", 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_varint), cmocka_unit_test(test_fixed),      cmocka_unit_test(test_sticky),
        cmocka_unit_test(test_fields), cmocka_unit_test(test_bad_fields),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
