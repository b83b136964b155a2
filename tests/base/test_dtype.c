/* Element types against ml_dtypes' bit patterns (dtypes_golden.h), and the rules of storing integers. */
#include "ox_test.h"

#include <math.h>
#include <onnxsh/dtype.h>

struct golden {
    uint32_t code;
    uint64_t number;
};
#include "dtypes_golden.h"

#define ROWS(t) \
    { \
        t, decode_##t, sizeof decode_##t / sizeof *decode_##t, encode_##t, sizeof encode_##t / sizeof *encode_##t \
    }
static const struct {
    ox_dtype type;
    const struct golden *decode;
    size_t n_decode;
    const struct golden *encode;
    size_t n_encode;
} tables[] = {ROWS(OX_FLOAT16),    ROWS(OX_BFLOAT16),       ROWS(OX_FLOAT8E4M3FN), ROWS(OX_FLOAT8E4M3FNUZ),
              ROWS(OX_FLOAT8E5M2), ROWS(OX_FLOAT8E5M2FNUZ), ROWS(OX_FLOAT4E2M1),   ROWS(OX_FLOAT8E8M0),
              ROWS(OX_FLOAT6E2M3), ROWS(OX_FLOAT6E3M2)};

static double number_of(const struct golden *g)
{
    double d;
    memcpy(&d, &g->number, sizeof d);
    return d;
}

static void test_decode(void **state)
{
    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        for (size_t i = 0; i < tables[t].n_decode; i++) {
            const struct golden *g = &tables[t].decode[i];
            double want = number_of(g), got = ox_dtype_get_f64(tables[t].type, &g->code, 0);
            if (isnan(want) ? !isnan(got) : memcmp(&want, &got, sizeof want) != 0)
                fail_msg("%s 0x%x: got %a, not %a", ox_dtype_name(tables[t].type, OX_DTYPE_ONNX), g->code, got, want);
        }
    }
}

static void test_encode(void **state)
{
    (void)state;
    for (size_t t = 0; t < sizeof tables / sizeof *tables; t++) {
        for (size_t i = 0; i < tables[t].n_encode; i++) {
            const struct golden *g = &tables[t].encode[i];
            uint32_t code = 0;
            ox_dtype_set_f64(tables[t].type, &code, 0, number_of(g));
            if (code != g->code)
                fail_msg("%s %a: got 0x%x, not 0x%x", ox_dtype_name(tables[t].type, OX_DTYPE_ONNX), number_of(g), code,
                         g->code);
        }
    }
}

/* Every finite code reads and stores back as itself. */
static void test_codes_round_trip(void **state)
{
    (void)state;
    for (int t = 1; t < OX_N_DTYPES; t++) {
        unsigned bits = ox_dtype_bits((ox_dtype)t);
        if (bits == 0 || bits > 16) continue;
        for (uint32_t c = 0; c < 1u << bits; c++) {
            uint32_t in = t == OX_BOOL ? c & 1 : c, out = 0;
            double d = ox_dtype_get_f64((ox_dtype)t, &in, 0);
            if (isnan(d)) continue;
            ox_dtype_set_f64((ox_dtype)t, &out, 0, d);
            if (in != out) fail_msg("%s: 0x%x became 0x%x", ox_dtype_name((ox_dtype)t, OX_DTYPE_ONNX), in, out);
        }
    }
}

static void test_nan(void **state)
{
    (void)state;
    for (int t = 1; t < OX_N_DTYPES; t++) {
        if (!ox_dtype_is_float((ox_dtype)t)) continue;
        uint64_t v = 0;
        ox_dtype_set_f64((ox_dtype)t, &v, 0, NAN);
        double got = ox_dtype_get_f64((ox_dtype)t, &v, 0);
        if (ox_dtype_bits((ox_dtype)t) < 8) /* these have no NaN: it is negative zero */
            assert_true(got == 0 && signbit(got));
        else
            assert_true(isnan(got));
        assert_int_equal(ox_dtype_get_i64((ox_dtype)t, &v, 0), 0);
    }
}

/* From the integer there is one rounding, not one to double and another from there. */
static void test_big_integers(void **state)
{
    (void)state;
    uint16_t h = 0;
    float f;
    double d;
    int64_t v = (INT64_C(257) << 54) + 1; /* just above a tie of bfloat16, which a double cannot tell */
    ox_dtype_set_i64(OX_BFLOAT16, &h, 0, v);
    assert_true(ox_dtype_get_f64(OX_BFLOAT16, &h, 0) == 0x1.02p62);
    ox_dtype_set_i64(OX_FLOAT, &f, 0, (INT64_C(1) << 62) + (INT64_C(1) << 38) + 1);
    assert_true(f == 0x1.000002p62f);
    ox_dtype_set_i64(OX_DOUBLE, &d, 0, INT64_MIN);
    assert_true(d == -0x1p63);
    ox_dtype_set_i64(OX_FLOAT16, &h, 0, INT64_MIN);
    assert_int_equal(h, 0xFC00);
}

static int64_t stored(ox_dtype t, double v)
{
    uint64_t cell = 0;
    ox_dtype_set_f64(t, &cell, 0, v);
    return ox_dtype_get_i64(t, &cell, 0);
}

static int64_t stored_i(ox_dtype t, int64_t v)
{
    uint64_t cell = 0;
    ox_dtype_set_i64(t, &cell, 0, v);
    return ox_dtype_get_i64(t, &cell, 0);
}

static void test_clamping(void **state)
{
    (void)state;
    static const struct {
        ox_dtype t;
        int64_t least, most;
    } ranges[] = {
        {OX_INT2, -2, 1},
        {OX_UINT2, 0, 3},
        {OX_INT4, -8, 7},
        {OX_UINT4, 0, 15},
        {OX_INT8, -128, 127},
        {OX_UINT8, 0, 255},
        {OX_INT16, -32768, 32767},
        {OX_UINT16, 0, 65535},
        {OX_INT32, INT32_MIN, INT32_MAX},
        {OX_UINT32, 0, UINT32_MAX},
        {OX_INT64, INT64_MIN, INT64_MAX},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof *ranges; i++) {
        assert_int_equal(stored(ranges[i].t, 1e30), ranges[i].most);
        assert_int_equal(stored(ranges[i].t, -1e30), ranges[i].least);
        assert_int_equal(stored(ranges[i].t, (double)NAN), 0);
        assert_int_equal(stored(ranges[i].t, 1.9), 1);
        assert_int_equal(stored(ranges[i].t, -0.9), 0);
        assert_int_equal(stored_i(ranges[i].t, INT64_MAX), ranges[i].most);
        assert_int_equal(stored_i(ranges[i].t, INT64_MIN), ranges[i].least);
        assert_int_equal(stored_i(ranges[i].t, ranges[i].most), ranges[i].most);
        assert_int_equal(stored_i(ranges[i].t, ranges[i].least), ranges[i].least);
    }
    uint64_t u = 0;
    ox_dtype_set_f64(OX_UINT64, &u, 0, 0x1.8p63);
    assert_true(u == UINT64_C(3) << 62);
    assert_true(ox_dtype_get_f64(OX_UINT64, &u, 0) == 0x1.8p63);
    assert_int_equal(ox_dtype_get_i64(OX_UINT64, &u, 0), INT64_MAX);
    ox_dtype_set_f64(OX_UINT64, &u, 0, 1e300);
    assert_true(u == UINT64_MAX);
    assert_int_equal(stored_i(OX_UINT64, -1), 0);
    assert_int_equal(stored(OX_BOOL, (double)NAN), 1);
    assert_int_equal(stored(OX_BOOL, 0.25), 1);
}

static void test_float32_edges(void **state)
{
    (void)state;
    float f;
    ox_dtype_set_f64(OX_FLOAT, &f, 0, 0x1.fffffefffffffp127);
    assert_true(f == 0x1.fffffep127f);
    ox_dtype_set_f64(OX_FLOAT, &f, 0, 0x1.ffffffp127);
    assert_true(isinf(f));
    ox_dtype_set_f64(OX_FLOAT, &f, 0, -1e300);
    assert_true(isinf(f) && f < 0);
    double c[4] = {0};
    ox_dtype_set_f64(OX_COMPLEX128, c, 1, 2.5);
    assert_true(c[2] == 2.5 && c[3] == 0 && ox_dtype_get_f64(OX_COMPLEX128, c, 1) == 2.5);
    float g[4] = {9, 9, 9, 9};
    ox_dtype_set_i64(OX_COMPLEX64, g, 1, 7);
    assert_true(g[1] == 9 && g[2] == 7 && g[3] == 0);
}

/* Sub-byte elements: the first in the low bits, neighbours left alone, no access beyond the last byte. */
static void test_packing(void **state)
{
    (void)state;
    uint8_t four[2] = {0, 0xF0}, two[1] = {0};
    for (int i = 0; i < 3; i++) ox_dtype_set_i64(OX_INT4, four, (uint64_t)i, i - 2);
    assert_int_equal(four[0], 0xFE);
    assert_int_equal(four[1], 0xF0);
    assert_int_equal(ox_dtype_get_i64(OX_INT4, four, 1), -1);
    assert_int_equal(ox_dtype_get_i64(OX_UINT4, four, 1), 15);
    for (int i = 0; i < 4; i++) ox_dtype_set_i64(OX_UINT2, two, (uint64_t)i, 3 - i);
    assert_int_equal(two[0], 0x1B);
    assert_int_equal(ox_dtype_get_i64(OX_INT2, two, 0), -1);
    assert_true(ox_dtype_get_f64(OX_INT2, two, 1) == -2);
    /* 6 bits: codes 1 to 5 (e2m3 counts in eighths) in 30 bits, of which two elements stand in two bytes each */
    uint8_t six[5] = {0, 0, 0, 0, 0xC0};
    static const uint8_t codes[] = {0x81, 0x30, 0x10, 0xC5, 0xFF};
    for (uint64_t i = 0; i < 5; i++) ox_dtype_set_f64(OX_FLOAT6E2M3, six, i, (double)(i + 1) / 8);
    assert_memory_equal(six, ((const uint8_t[]){0x81, 0x30, 0x10, 0x05, 0xC0}), 5);
    for (uint64_t i = 0; i < 5; i++) assert_true(ox_dtype_get_f64(OX_FLOAT6E2M3, codes, i) == (double)(i + 1) / 8);
    ox_dtype_set_f64(OX_FLOAT6E2M3, six, 1, -7.5);
    ox_dtype_set_f64(OX_FLOAT6E2M3, six, 2, 0);
    assert_true(ox_dtype_get_f64(OX_FLOAT6E2M3, six, 1) == -7.5 && ox_dtype_get_f64(OX_FLOAT6E2M3, six, 2) == 0);
    assert_true(ox_dtype_get_f64(OX_FLOAT6E2M3, six, 0) == 0.125 && ox_dtype_get_f64(OX_FLOAT6E2M3, six, 3) == 0.5);
}

static void test_names(void **state)
{
    (void)state;
    for (int t = 1; t < OX_N_DTYPES; t++)
        for (int style = 0; style < 4; style++) {
            const char *name = ox_dtype_name((ox_dtype)t, (ox_dtype_style)style);
            if (*name) assert_int_equal(ox_dtype_find(name, strlen(name), (ox_dtype_style)style), t);
        }
    assert_string_equal(ox_dtype_name(OX_FLOAT, OX_DTYPE_TORCH), "Float");
    assert_string_equal(ox_dtype_name((ox_dtype)99, OX_DTYPE_ONNX), "?");
    assert_string_equal(ox_dtype_name((ox_dtype)-1, OX_DTYPE_ONNX), "?");
    assert_int_equal(ox_dtype_find("Float", 4, OX_DTYPE_TORCH), OX_UNDEFINED);
    assert_int_equal(ox_dtype_find("", 0, OX_DTYPE_TORCH), OX_UNDEFINED);
    assert_false(ox_dtype_is_valid(0));
    assert_false(ox_dtype_is_valid(29));
    assert_true(ox_dtype_is_valid(28));
}

static void test_sizes(void **state)
{
    (void)state;
    uint64_t n;
    assert_true(ox_dtype_bytes(OX_INT4, 3, &n) && n == 2);
    assert_true(ox_dtype_bytes(OX_UINT2, 5, &n) && n == 2);
    for (uint64_t i = 0; i < 9; i++) assert_true(ox_dtype_bytes(OX_FLOAT6E3M2, i, &n) && n == (6 * i + 7) / 8);
    assert_true(ox_dtype_bytes(OX_FLOAT6E3M2, UINT64_MAX, &n) && n == UINT64_C(3) << 62);
    assert_true(ox_dtype_bytes(OX_INT4, UINT64_MAX, &n) && n == UINT64_C(1) << 63);
    assert_true(ox_dtype_bytes(OX_COMPLEX128, 2, &n) && n == 32);
    assert_false(ox_dtype_bytes(OX_FLOAT, UINT64_MAX / 2, &n));
    assert_false(ox_dtype_bytes(OX_STRING, 1, &n));
    assert_false(ox_dtype_bytes(OX_UNDEFINED, 1, &n));
    assert_int_equal(ox_dtype_bits((ox_dtype)1000), 0);
}

static void test_classes(void **state)
{
    (void)state;
    int n_float = 0, n_int = 0, n_complex = 0;
    for (int t = -1; t <= OX_N_DTYPES; t++) {
        bool f = ox_dtype_is_float((ox_dtype)t), i = ox_dtype_is_integer((ox_dtype)t),
             c = ox_dtype_is_complex((ox_dtype)t);
        assert_true(f + i + c <= 1);
        n_float += f, n_int += i, n_complex += c;
    }
    assert_int_equal(n_float, 12);
    assert_int_equal(n_int, 12);
    assert_int_equal(n_complex, 2);
    assert_false(ox_dtype_is_integer(OX_BOOL));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_decode),        cmocka_unit_test(test_encode),   cmocka_unit_test(test_codes_round_trip),
        cmocka_unit_test(test_nan),           cmocka_unit_test(test_clamping), cmocka_unit_test(test_big_integers),
        cmocka_unit_test(test_float32_edges), cmocka_unit_test(test_packing),  cmocka_unit_test(test_names),
        cmocka_unit_test(test_sizes),         cmocka_unit_test(test_classes),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
