/* The sanitiser (nothing of a model's bytes may act on a terminal), its inverse, widths, JSON, numbers. */
#include "ox_test.h"

#include <locale.h>
#include <math.h>
#include <onnxsh/text.h>

static const char *clean(const char *s, size_t n)
{
    static char text[512];
    size_t k = ox_text_sanitize(s, n, text, sizeof text);
    assert_int_equal(k, strlen(text));
    return text;
}

static void test_sanitize(void **state)
{
    (void)state;
    static const struct {
        const char *in, *out;
    } cases[] = {
        {"features.0", "features.0"},
        {"a\tb\nc\rd\x1b[31m\x7f", "a\\x09b\\x0ac\\x0dd\\x1b[31m\\x7f"},
        {"\xc2\x9b"
         "31m",
         "\\xc2\\x9b31m"}, /* C1: CSI */
        {"\x9b"
         "31m",
         "\\x9b31m"}, /* the same as a bare byte */
        {"a\xe2\x80\xae"
         "b",
         "a\\xe2\\x80\\xaeb"},                                            /* right-to-left override */
        {"\xe2\x81\xa6x\xe2\x81\xa9", "\\xe2\\x81\\xa6x\\xe2\\x81\\xa9"}, /* isolates */
        {"a\xe2\x80\x8b"
         "b\xef\xbb\xbf",
         "a\\xe2\\x80\\x8bb\\xef\\xbb\\xbf"},                           /* zero-width blank, byte order mark */
        {"\xe2\x80\xa8\xe2\x80\xa9", "\\xe2\\x80\\xa8\\xe2\\x80\\xa9"}, /* line and paragraph separators */
        {"\xf3\xa0\x80\x81", "\\xf3\\xa0\\x80\\x81"},                   /* a tag character */
        {"x\xef\xb8\x8f", "x\\xef\\xb8\\x8f"},                          /* a variation selector */
        {"\xe3\x85\xa4", "\\xe3\\x85\\xa4"},                            /* an invisible letter */
        {"\xff\xfe\x80", "\\xff\\xfe\\x80"},
        {"\xc0\xaf\xe0\x80\xaf", "\\xc0\\xaf\\xe0\\x80\\xaf"}, /* overlong */
        {"\xed\xa0\x80", "\\xed\\xa0\\x80"},                   /* a surrogate */
        {"\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80"},          /* beyond Unicode */
        {"\xe4\xb8", "\\xe4\\xb8"},                            /* cut short */
        {"\xe4\xb8\xad\xc3\xa9 \xf0\x9f\x98\x80", "\xe4\xb8\xad\xc3\xa9 \xf0\x9f\x98\x80"},
        {"e\xcc\x81", "e\xcc\x81"},
        {"C:\\temp\\x", "C:\\temp\\x"},
        {"\\x41 \\x4 \\xg1 \\\\x1F", "\\x5cx41 \\x4 \\xg1 \\\\x5cx1F"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++)
        assert_string_equal(clean(cases[i].in, strlen(cases[i].in)), cases[i].out);
    assert_string_equal(clean("a\0b", 3), "a\\x00b");
    assert_string_equal(clean(NULL, 0), "");
}

/* Whatever goes in, what comes out has no control in it and reads back as it was. */
static void test_round_trip(void **state)
{
    (void)state;
    char in[64], out[512], back[512];
    uint32_t seed = 7;
    static const char *const parts[] = {"\\",   "x", "1",    "\x1b", "\xe2", "\x80",
                                        "\xae", "f", "\xc2", "\x9b", "\n",   "\xf0\x9f"};
    for (int round = 0; round < 20000; round++) {
        size_t n = 0;
        while (n < 40) {
            seed = seed * 1664525 + 1013904223;
            const char *p = parts[(seed >> 16) % (sizeof parts / sizeof *parts)];
            size_t k = strlen(p);
            memcpy(in + n, p, k);
            n += k;
        }
        size_t m = ox_text_sanitize(in, n, out, sizeof out);
        for (size_t i = 0; i < m; i++) assert_true((unsigned char)out[i] >= 0x20 && out[i] != 0x7f);
        size_t k = ox_text_unescape(out, m, back);
        if (k != n || memcmp(back, in, n) != 0) fail_msg("round %d: %s", round, out);
        assert_int_equal(ox_text_sanitize(in, n, NULL, 0), m);
    }
}

static void test_cut(void **state)
{
    (void)state;
    const char in[] = "ab\x1b\xe4\xb8\xad"
                      "c";
    const char whole[] = "ab\\x1b\xe4\xb8\xad"
                         "c";
    static const size_t fits[] = {0, 0, 1, 2, 2, 2, 2, 6, 6, 6, 9, 10, 10};
    for (size_t size = 0; size < sizeof fits / sizeof *fits; size++) {
        char out[20];
        memset(out, 'Z', sizeof out);
        assert_int_equal(ox_text_sanitize(in, sizeof in - 1, out, size), 10);
        assert_int_equal(out[size], 'Z');
        if (size) assert_true(strlen(out) == fits[size] && memcmp(out, whole, fits[size]) == 0);
    }
}

static void test_width(void **state)
{
    (void)state;
    assert_int_equal(ox_text_width("abc", 3), 3);
    assert_int_equal(ox_text_width("\xe4\xb8\xad"
                                   "a",
                                   4),
                     3);
    assert_int_equal(ox_text_width("e\xcc\x81", 3), 1);
    assert_int_equal(ox_text_width("", 0), 0);
    size_t w;
    assert_int_equal(ox_text_next("e\xcc\x81\xcc\x82x", 6, &w), 5); /* with all its marks */
    assert_int_equal(w, 1);
    assert_int_equal(ox_text_next("\xe4\xb8\xad", 3, &w), 3);
    assert_int_equal(w, 2);
    assert_int_equal(ox_text_next("\xcc\x81", 2, &w), 2); /* nothing to combine with */
    assert_int_equal(w, 0);
    assert_int_equal(ox_text_next("\\x1b", 4, &w), 1); /* escapes are characters here */
    assert_int_equal(ox_text_next("\xff\xff", 2, &w), 1);
    assert_int_equal(ox_text_next("", 0, &w), 0);
    assert_int_equal(w, 0);
}

static const char *fit(const char *s, size_t width)
{
    static char out[64];
    size_t n = ox_text_fit(s, strlen(s), width, out, sizeof out);
    assert_int_equal(n, strlen(out));
    assert_true(ox_text_width(out, strlen(out)) <= width);
    return out;
}

static void test_fit(void **state)
{
    (void)state;
    assert_string_equal(fit("features.conv1", 14), "features.conv1");
    assert_string_equal(fit("features.conv1", 9), "feat\xe2\x80\xa6onv1");
    assert_string_equal(fit("features.conv1", 2), "f\xe2\x80\xa6");
    assert_string_equal(fit("features.conv1", 1), "\xe2\x80\xa6");
    assert_string_equal(fit("features.conv1", 0), "");
    assert_string_equal(fit("", 0), "");
    assert_string_equal(fit("\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 5), "\xe4\xb8\xad\xe2\x80\xa6\xe4\xb8\xad");
    assert_string_equal(fit("\xe4\xb8\xad\xe4\xb8\xad\xe4\xb8\xad", 4), "\xe4\xb8\xad\xe2\x80\xa6");
    assert_string_equal(fit("ab\\x1bcd", 7), "ab\xe2\x80\xa6"
                                             "cd"); /* an escape is not cut apart */
    assert_string_equal(fit("e\xcc\x81"
                            "123e\xcc\x81",
                            3),
                        "e\xcc\x81\xe2\x80\xa6"
                        "e\xcc\x81");
    char out[8];
    assert_int_equal(ox_text_fit("features.conv1", 14, 20, out, sizeof out), 7);
    assert_string_equal(out, "fe\xe2\x80\xa6v1");
    assert_int_equal(ox_text_fit("features.conv1", 14, 20, out, 3), 0);
    assert_int_equal(ox_text_fit("features.conv1", 14, 20, out, 0), 0);
}

static void test_json(void **state)
{
    (void)state;
    char out[200];
    ox_text_json("a\"\\\n\t\r\x01\x7f\xff\xc2\x9b\xe2\x80\xae\xc3\xa9\xf3\xa0\x80\x81/", 21, out, sizeof out);
    assert_string_equal(out, "\"a\\\"\\\\\\n\\t\\r\\u0001\\u007f\\ufffd\\u009b\\u202e\xc3\xa9\\udb40\\udc01/\"");
    assert_int_equal(ox_text_json("a\0b", 3, out, sizeof out), 10);
    assert_string_equal(out, "\"a\\u0000b\"");
    assert_int_equal(ox_text_json("", 0, NULL, 0), 2);
    assert_int_equal(ox_text_json("abc\n", 4, out, 6), 7);
    assert_string_equal(out, "\"abc");
}

static const char *f64(double v)
{
    static char text[40];
    size_t n = ox_text_f64(v, text, sizeof text);
    assert_int_equal(n, strlen(text));
    return text;
}

static const char *f32(float v)
{
    static char text[40];
    size_t n = ox_text_f32(v, text, sizeof text);
    assert_int_equal(n, strlen(text));
    return text;
}

static const char *torch(double v)
{
    static char text[40];
    size_t n = ox_text_torch_f64(v, text, sizeof text);
    assert_int_equal(n, strlen(text));
    return text;
}

static void test_numbers(void **state)
{
    (void)state;
    assert_string_equal(f64(0.1), "0.1");
    assert_string_equal(f64(1e-5), "1e-05");
    assert_string_equal(f64(3), "3");
    assert_string_equal(f64(-0.0), "-0");
    assert_string_equal(f64(0.1 + 0.2), "0.30000000000000004");
    assert_string_equal(f64(5e-324), "5e-324");
    assert_string_equal(f64(1.7976931348623157e308), "1.7976931348623157e+308");
    assert_string_equal(f64((double)NAN), "nan");
    assert_string_equal(f64(-(double)NAN), "nan");
    assert_string_equal(f64(-(double)INFINITY), "-inf");
    assert_string_equal(f32(0.1f), "0.1");
    assert_string_equal(f32(16777216.0f), "16777216");
    assert_string_equal(f32(1e-45f), "1e-45");
    assert_string_equal(f32(3.4028235e38f), "3.4028235e+38");
    assert_string_equal(f32(1.0f / 3), "0.33333334");
    assert_string_equal(f32(INFINITY), "inf");
    char text[4];
    assert_int_equal(ox_text_f64(0.125, text, sizeof text), 5);
    assert_string_equal(text, "0.1");
    assert_int_equal(ox_text_f64(0.125, NULL, 0), 5);
}

/* As PyTorch 2.13 prints constants of graphs. */
static void test_torch_numbers(void **state)
{
    (void)state;
    assert_string_equal(torch(1), "1.");
    assert_string_equal(torch(-2), "-2.");
    assert_string_equal(torch(0), "0.");
    assert_string_equal(torch(-0.0), "-0.");
    assert_string_equal(torch(0.1), "0.10000000000000001");
    assert_string_equal(torch(1e-5), "1.0000000000000001e-05");
    assert_string_equal(torch(9999999999.0), "9999999999.");
    assert_string_equal(torch(1e10), "10000000000");
    assert_string_equal(torch(1e20), "1e+20");
    assert_string_equal(torch(0.5), "0.5");
    assert_string_equal(torch(5e-324), "4.9406564584124654e-324");
    assert_string_equal(torch((double)NAN), "nan");
    assert_string_equal(torch((double)INFINITY), "inf");
}

static void test_shortest_reads_back(void **state)
{
    (void)state;
    uint64_t bits = 1;
    char text[40];
    for (int i = 0; i < 20000; i++) {
        bits = bits * 6364136223846793005u + 1442695040888963407u;
        double d, back;
        memcpy(&d, &bits, sizeof d);
        if (isnan(d)) continue;
        size_t n = ox_text_f64(d, text, sizeof text);
        assert_true(ox_text_parse_f64(text, n, &back) && back == d);
        n = ox_text_torch_f64(d, text, sizeof text);
        assert_true(ox_text_parse_f64(text, n, &back) && back == d);
        float f;
        uint32_t low = (uint32_t)(bits >> 20);
        memcpy(&f, &low, sizeof f);
        if (isnan(f)) continue;
        n = ox_text_f32(f, text, sizeof text);
        assert_true(ox_text_parse_f64(text, n, &back) && (float)back == f);
    }
}

static void test_parse_f64(void **state)
{
    (void)state;
    double v;
    static const struct {
        const char *s;
        double v;
    } good[] = {{"1", 1},        {"1.", 1},           {".5", .5},        {"-1e-05", -1e-5},
                {"+2E+3", 2000}, {"1e400", HUGE_VAL}, {"inf", HUGE_VAL}, {"-inf", -HUGE_VAL},
                {"1e-400", 0},   {"00012.50", 12.5}};
    for (size_t i = 0; i < sizeof good / sizeof *good; i++)
        assert_true(ox_text_parse_f64(good[i].s, strlen(good[i].s), &v) && v == good[i].v);
    assert_true(ox_text_parse_f64("-nan", 4, &v) && isnan(v));
    assert_true(ox_text_parse_f64("12345", 3, &v) && v == 123);
    static const char *const bad[] = {"",      ".",    "-",      "1e",       "1e+", "0x10", " 1",  "1 ", "1,5",
                                      "1.2.3", "inff", "nan(1)", "infinity", "e5",  "--1",  "1_0", "1f"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ox_text_parse_f64(bad[i], strlen(bad[i]), &v)) fail_msg("'%s' was taken for a number", bad[i]);
    char longest[4000];
    memset(longest, '1', sizeof longest);
    assert_false(ox_text_parse_f64(longest, sizeof longest, &v));
    assert_true(ox_text_parse_f64(longest, 300, &v) && v > 1e299);
}

static void test_parse_i64(void **state)
{
    (void)state;
    int64_t v;
    assert_true(ox_text_parse_i64("-9223372036854775808", 20, &v) && v == INT64_MIN);
    assert_true(ox_text_parse_i64("9223372036854775807", 19, &v) && v == INT64_MAX);
    assert_true(ox_text_parse_i64("+007", 4, &v) && v == 7);
    assert_true(ox_text_parse_i64("0", 1, &v) && v == 0);
    static const char *const bad[] = {"",   "-",  "+",  "9223372036854775808", "-9223372036854775809", "1.", "0x1",
                                      " 1", "1 ", "--1"};
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++)
        if (ox_text_parse_i64(bad[i], strlen(bad[i]), &v)) fail_msg("'%s' was taken for an integer", bad[i]);
}

/* A program that embeds the library may have set a locale whose point is a comma. */
static void test_locale(void **state)
{
    (void)state;
    static const char *const names[] = {"de_DE.UTF-8", "de_DE.utf8", "fr_FR.UTF-8", "de_DE"};
    bool set = false;
    for (size_t i = 0; i < sizeof names / sizeof *names && !set; i++) set = setlocale(LC_NUMERIC, names[i]) != NULL;
    if (!set) skip();
    double v = 0;
    bool ok = ox_text_parse_f64("0.5", 3, &v);
    char a[40], b[40];
    ox_text_f64(0.1, a, sizeof a);
    ox_text_torch_f64(0.1, b, sizeof b);
    char point = *localeconv()->decimal_point;
    setlocale(LC_NUMERIC, "C");
    assert_int_equal(point, ',');
    assert_true(ok && v == 0.5);
    assert_string_equal(a, "0.1");
    assert_string_equal(b, "0.10000000000000001");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_sanitize),
        cmocka_unit_test(test_round_trip),
        cmocka_unit_test(test_cut),
        cmocka_unit_test(test_width),
        cmocka_unit_test(test_fit),
        cmocka_unit_test(test_json),
        cmocka_unit_test(test_numbers),
        cmocka_unit_test(test_torch_numbers),
        cmocka_unit_test(test_shortest_reads_back),
        cmocka_unit_test(test_parse_f64),
        cmocka_unit_test(test_parse_i64),
        cmocka_unit_test(test_locale),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
