/* Dims: what is simplified to what, text there and back, and a property: whatever integers the symbols stand for, an
 * expression has the value that its operations say. */
#include "ox_ir_test.h"

#include "ir/dim.h"

static ox_error err;

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

static ox_dim parse(ox_model *m, const char *s)
{
    ox_dim d;
    assert_ok(ox_dim_parse(m, s, strlen(s), &d, &err), &err);
    return d;
}

static void print(ox_model *m, ox_dim d, char *text, size_t size)
{
    ox__buf b = {0};
    ox__dim_print(m, d, &b);
    snprintf(text, size, "%s", b.p ? b.p : "");
    ox__buf_free(&b);
}

static void assert_text(ox_model *m, const char *in, const char *want)
{
    char text[256];
    ox_dim d = parse(m, in);
    print(m, d, text, sizeof text);
    assert_string_equal(text, want);
    assert_int_equal(parse(m, text).id, d.id);
}

static void test_simplified(void **state)
{
    static const struct {
        const char *in, *want;
    } rows[] = {
        {"7", "7"},
        {"-7", "-7"},
        {"3*4-2", "10"},
        {"seq", "seq"},
        {"seq + seq + 1", "2*seq+1"},
        {"1+seq*2", "2*seq+1"},
        {"b + a", "a+b"},
        {"a - a", "0"},
        {"a - b", "a-b"},
        {"-a", "-a"},
        {"-2*a*b + 3", "-2*a*b+3"},
        {"b*a*2*c", "2*a*b*c"},
        {"(a+b)*(a-b)", "a*a-b*b"},
        {"0*a", "0"},
        {"1*a", "a"},
        {"4611686018427387904 + 4611686018427387903", "9223372036854775807"},
        {"a//1", "a"},
        {"a//-1", "-a"},
        {"7//2", "3"},
        {"-7//2", "-4"},
        {"0//a", "0"},
        {"(a+b)//2", "(a+b)//2"},
        {"(2*a+4)//2", "a+2"},
        {"(2*a+1)//2", "a"},
        {"(3*a)//2", "a//2+a"},
        {"(a*c)//c", "a"},
        {"(a*c*4)//(2*c)", "2*a"},
        {"(a*c+b)//c", "b//c+a"},
        {"(6*a+4)//4", "(a)//2+a+1"},
        {"(a//2)//3", "a//6"},
        {"(a//2+1)//2", "(a+2)//4"},
        {"(h + 2*3 - 7)//2 + 1", "(h+1)//2"},
        {"a*b//(a*c)", "b//c"},
        {"8*b*(s+1)//(s+1)", "8*b"},
        {"(a+b)*(c+d)//(c+d)", "a+b"},
        {"(2*a+2*b)//(a+b)", "2"},
        {"6*a//(4*b)", "3*a//(2*b)"},
        {"a//(-b)", "-a//b"},
        {"2*(a//3)", "2*(a//3)"},
        {"a//(b//c)", "a//(b//c)"},
        {"a//(b*c)", "a//(b*c)"},
        {"a//(b+1)", "a//(b+1)"},
        {"max(3, 5)", "5"},
        {"min(3, 5, -1)", "-1"},
        {"max(a, a)", "a"},
        {"max(b, a, 3)", "max(a, b, 3)"},
        {"max(max(a, 2), max(b, 7))", "max(a, b, 7)"},
        {"max(a, a+1, a-1)", "a+1"},
        {"min(a, a+1, a-1)", "a-1"},
        {"max(min(a, b), 1)+1", "max(min(a, b), 1)+1"},
        {"max", "max"},
        {"max + min(1, a)", "min(a, 1)+max"},
        {"x.y_2", "x.y_2"},
        {"\"batch-size\" + 1", "\"batch-size\"+1"},
        {"\"2x\\x22\\x0a\"", "\"2x\\x22\\x0a\""},
        {" ( ( a ) ) ", "a"},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        char text[256];
        print(*state, parse(*state, rows[i].in), text, sizeof text);
        ox_dim want = parse(*state, rows[i].want), got = parse(*state, rows[i].in);
        if (want.id != got.id) fail_msg("%s became %s, not %s", rows[i].in, text, rows[i].want);
    }
}

static void test_text(void **state)
{
    ox_model *m = *state;
    assert_text(m, "1+2*seq", "2*seq+1");
    assert_text(m, "(b+a)//2", "(a+b)//2");
    assert_text(m, "max(b,a)", "max(a, b)");
    assert_text(m, "2*(a//3)-1", "2*(a//3)-1");
    assert_text(m, "a*b//c", "a*b//c");
    assert_text(m, "-a", "-a");
    assert_text(m, "-2*a-b-3", "-2*a-b-3");
    assert_text(m, "b-a", "-a+b");
    assert_text(m, "(a+1)//(b+1)", "(a+1)//(b+1)");
    assert_text(m, "(a//b)//c", "(a//b)//c");
    assert_text(m, "(a*2)//(b*3)", "2*a//(3*b)");
    assert_text(m, "a+(-b)//c", "a+(-b)//c");
    assert_text(m, "a+(-5)//c", "a+(-5)//c");
    assert_text(m, "\"a b\"*2", "2*\"a b\"");
    char text[256];
    print(m, (ox_dim){0}, text, sizeof text);
    assert_string_equal(text, "");
    print(m, parse(m, " ? "), text, sizeof text);
    assert_string_equal(text, "*");
}

static void test_refused_text(void **state)
{
    static const struct {
        const char *in, *why;
        uint32_t col;
    } rows[] = {
        {"", "ends too early", 1},         {"a+", "ends too early", 3},
        {"a b", "operator is missing", 3}, {"a**b", "neither a number", 3},
        {"(a", "')' is missing", 3},       {"max(a", "')' is missing", 6},
        {"a)", "operator is missing", 2},  {"99999999999999999999", "too large", 19},
        {"\"abc", "does not end", 5},      {"a/b", "operator is missing", 2},
        {"* + 1", "neither a number", 1},  {"3.5", "operator is missing", 2},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++) {
        ox_dim d = {7};
        assert_fails(ox_dim_parse(*state, rows[i].in, strlen(rows[i].in), &d, &err), OX_E_FORMAT, rows[i].why, &err);
        assert_int_equal(d.id, 7);
        assert_int_equal(err.col, rows[i].col);
    }
    char deep[200];
    memset(deep, '(', sizeof deep);
    ox_dim d;
    assert_fails(ox_dim_parse(*state, deep, sizeof deep, &d, &err), OX_E_FORMAT, "nested too deeply", &err);
    memset(deep, '-', sizeof deep);
    assert_fails(ox_dim_parse(*state, deep, sizeof deep, &d, &err), OX_E_FORMAT, "nested too deeply", &err);
    assert_fails(ox_dim_parse(*state, deep, 5000, &d, &err), OX_E_LIMIT, "too long", &err);
    assert_fails(ox_dim_parse(NULL, "a", 1, &d, &err), OX_E_INVALID, "no text", &err);
}

static void test_unknowns(void **state)
{
    ox_model *m = *state;
    ox_dim u = ox_dim_unknown(m, "nobody said"), v = ox_dim_unknown(m, "other"), none = {0};
    ox_dim a = ox_dim_symbol(m, ir_str(m, "a")), two = ox_dim_const(m, 2);
    assert_int_equal(ox_dim_unknown(m, "nobody said").id, u.id);
    assert_int_not_equal(u.id, v.id);
    assert_string_equal(ir_text(m, ox_dim_name(m, u)), "nobody said");
    assert_false(ox_dim_equal(m, u, u)); /* never known to be equal, and never known to differ */
    assert_false(ox_dim_differ(m, u, v) || ox_dim_differ(m, u, two));
    assert_int_equal(ox_dim_sub(m, u, u).id, u.id);
    assert_int_equal(ox_dim_add(m, a, u).id, u.id);
    assert_int_equal(ox_dim_add(m, u, v).id, u.id);
    assert_int_equal(ox_dim_mul(m, two, u).id, u.id);
    assert_int_equal(ox_dim_mul(m, ox_dim_const(m, 0), u).id, ox_dim_const(m, 0).id);
    assert_int_equal(ox_dim_floordiv(m, u, two).id, u.id);
    assert_int_equal(ox_dim_max(m, a, u).id, u.id);
    assert_int_equal(ox_dim_get_kind(m, ox_dim_floordiv(m, a, ox_dim_const(m, 0))), OX_DIM_UNKNOWN);
    assert_string_equal(ir_text(m, ox_dim_name(m, ox_dim_floordiv(m, a, ox_dim_const(m, 0)))), "a division by zero");
    assert_int_equal(ox_dim_add(m, none, a).id + ox_dim_mul(m, none, ox_dim_const(m, 0)).id + ox_dim_min(m, a, none).id,
                     0);
    assert_int_equal(ox_dim_get_kind(m, none), OX_DIM_NONE);
    assert_int_equal(ox_dim_get_kind(m, (ox_dim){12345}), OX_DIM_NONE);
    assert_false(ox_dim_equal(m, none, none));
}

static void test_questions(void **state)
{
    ox_model *m = *state;
    ox_dim a = ox_dim_symbol(m, ir_str(m, "a")), two = ox_dim_const(m, 2), three = ox_dim_const(m, 3);
    int64_t v;
    assert_true(ox_dim_is_const(m, two, &v) && v == 2);
    assert_true(ox_dim_is_const(m, ox_dim_const(m, -5), &v) && v == -5);
    assert_true(ox_dim_is_const(m, ox_dim_const(m, INT64_MAX), &v) && v == INT64_MAX);
    assert_int_equal(ox_dim_const(m, INT64_MAX).id, ox_dim_const(m, INT64_MAX).id);
    assert_false(ox_dim_is_const(m, a, &v));
    assert_true(ox_dim_equal(m, a, a) && ox_dim_equal(m, two, two));
    assert_true(ox_dim_differ(m, two, three));
    assert_false(ox_dim_differ(m, a, two));
    ox_dim sum = parse(m, "2*a+b+3");
    const ox_dim *ops;
    assert_int_equal(ox_dim_get_kind(m, sum), OX_DIM_ADD);
    assert_int_equal(ox_dim_operands(m, sum, &ops), 3);
    assert_true(ox_dim_equal(m, ops[2], three)); /* the constant stands last, and first in a product */
    assert_int_equal(ox_dim_get_kind(m, ops[0]), OX_DIM_MUL);
    assert_int_equal(ox_dim_operands(m, ops[0], &ops), 2);
    assert_true(ox_dim_equal(m, ops[0], two));
    assert_int_equal(ox_dim_operands(m, two, &ops), 0);
    assert_int_equal(ox_dim_symbol(m, (ox_str){0}).id, 0);
    assert_int_equal(ox_dim_substitute(m, sum, ir_str(m, "a"), parse(m, "(b+1)//2")).id,
                     parse(m, "2*((b+1)//2)+b+3").id);
    assert_int_equal(ox_dim_substitute(m, parse(m, "max(a, b)//a"), ir_str(m, "b"), a).id, ox_dim_const(m, 1).id);
    assert_int_equal(ox_dim_substitute(m, parse(m, "min(a, b)*a"), ir_str(m, "a"), two).id, parse(m, "2*min(b, 2)").id);
    assert_int_equal(ox_dim_substitute(m, sum, ir_str(m, "absent"), two).id, sum.id);
}

static void test_too_large(void **state)
{
    ox_model *m = *state;
    ox_dim sum = ox_dim_const(m, 0), a = ox_dim_symbol(m, ir_str(m, "a"));
    for (int i = 0; i < OX_DIM_MAX_TERMS; i++) {
        char name[8];
        snprintf(name, sizeof name, "s%d", i);
        sum = ox_dim_add(m, sum, ox_dim_symbol(m, ir_str(m, name)));
        assert_int_equal(ox_dim_get_kind(m, sum), i ? OX_DIM_ADD : OX_DIM_SYMBOL);
    }
    assert_string_equal(ir_text(m, ox_dim_name(m, ox_dim_add(m, sum, a))), "the expression has too many terms");
    assert_int_equal(ox_dim_get_kind(m, ox_dim_mul(m, sum, sum)), OX_DIM_UNKNOWN);
    assert_int_equal(ox_dim_get_kind(m, ox_dim_max(m, sum, a)), OX_DIM_UNKNOWN);
    ox_dim power = a;
    for (int i = 0; i < 40; i++) power = ox_dim_mul(m, power, a);
    assert_int_equal(ox_dim_get_kind(m, power), OX_DIM_UNKNOWN);
    ox_dim big = ox_dim_const(m, INT64_MAX);
    assert_int_equal(ox_dim_get_kind(m, ox_dim_add(m, big, big)), OX_DIM_UNKNOWN);
    assert_int_equal(ox_dim_get_kind(m, ox_dim_mul(m, big, ox_dim_mul(m, big, a))), OX_DIM_UNKNOWN);
    assert_int_equal(ox_dim_get_kind(m, ox_dim_floordiv(m, a, ox_dim_const(m, INT64_MIN))), OX_DIM_UNKNOWN);
    ox_dim low = ox_dim_mul(m, ox_dim_const(m, INT64_MIN), a);
    assert_int_equal(ox_dim_get_kind(m, ox_dim_floordiv(m, low, ox_dim_const(m, 3))), OX_DIM_UNKNOWN);
    assert_int_equal(ox_dim_get_kind(m, ox_dim_sub(m, a, low)), OX_DIM_UNKNOWN);
    ox_dim deep = a; /* floor divisions in floor divisions end at the cap as well */
    for (int i = 0; i < 100; i++) deep = ox_dim_floordiv(m, a, ox_dim_add(m, deep, ox_dim_const(m, 1)));
    assert_int_equal(ox_dim_get_kind(m, deep), OX_DIM_UNKNOWN);
}

/* ---- the property ---- */
enum { N_SYMBOLS = 4, N_VALUES = 6 };
static uint64_t seed;

static uint32_t random_below(uint32_t n)
{
    seed = seed * UINT64_C(6364136223846793005) + UINT64_C(1442695040888963407);
    return (uint32_t)(seed >> 33) % n;
}

/* An expression together with its value under some assignments; `ok` is false where it divides by zero. */
typedef struct sample {
    ox_dim d;
    bool ok[N_VALUES];
    int64_t v[N_VALUES];
} sample;

static int64_t floor_div(int64_t a, int64_t b)
{
    int64_t q = a / b;
    return q - ((a % b != 0) && ((a < 0) != (b < 0)));
}

static sample random_sample(ox_model *m, int64_t values[N_VALUES][N_SYMBOLS], int depth)
{
    sample s = {.d = {0}};
    if (depth == 0 || random_below(5) == 0) {
        uint32_t k = random_below(N_SYMBOLS + 3);
        int64_t c = (int64_t)random_below(9) - 2;
        char name[2] = {(char)('a' + k), 0};
        s.d = k < N_SYMBOLS ? ox_dim_symbol(m, ir_str(m, name)) : ox_dim_const(m, c);
        for (int i = 0; i < N_VALUES; i++) {
            s.ok[i] = true;
            s.v[i] = k < N_SYMBOLS ? values[i][k] : c;
        }
        return s;
    }
    uint32_t op = random_below(7);
    sample x = random_sample(m, values, depth - 1), y = random_sample(m, values, depth - 1);
    switch (op) {
    case 0: s.d = ox_dim_add(m, x.d, y.d); break;
    case 1: s.d = ox_dim_sub(m, x.d, y.d); break;
    case 2: s.d = ox_dim_mul(m, x.d, y.d); break;
    case 3: s.d = ox_dim_max(m, x.d, y.d); break;
    case 4: s.d = ox_dim_min(m, x.d, y.d); break;
    default: s.d = ox_dim_floordiv(m, x.d, y.d); break;
    }
    for (int i = 0; i < N_VALUES; i++) {
        int64_t p = x.v[i], q = y.v[i];
        s.ok[i] = x.ok[i] && y.ok[i] && (op < 5 || q != 0);
        if (!s.ok[i]) continue;
        s.v[i] = op == 0   ? p + q
                 : op == 1 ? p - q
                 : op == 2 ? p * q
                 : op == 3 ? OX__MAX(p, q)
                 : op == 4 ? OX__MIN(p, q)
                           : floor_div(p, q);
    }
    return s;
}

/* The value by substituting numbers for all symbols. */
static bool evaluate(ox_model *m, ox_dim d, const int64_t values[N_SYMBOLS], int64_t *out)
{
    for (int k = 0; k < N_SYMBOLS; k++) {
        char name[2] = {(char)('a' + k), 0};
        d = ox_dim_substitute(m, d, ir_str(m, name), ox_dim_const(m, values[k]));
    }
    return ox_dim_is_const(m, d, out);
}

/* The canonical form of what was simplified, said again in another order of operands. */
static void check_commutes(ox_model *m, ox_dim a, ox_dim b)
{
    assert_int_equal(ox_dim_add(m, a, b).id, ox_dim_add(m, b, a).id);
    assert_int_equal(ox_dim_mul(m, a, b).id, ox_dim_mul(m, b, a).id);
    assert_int_equal(ox_dim_max(m, a, b).id, ox_dim_max(m, b, a).id);
    assert_int_equal(ox_dim_min(m, a, b).id, ox_dim_min(m, b, a).id);
}

static void test_property(void **state)
{
    ox_model *m = *state;
    seed = 20240601;
    unsigned compared = 0, unknown = 0;
    for (int round = 0; round < 4000; round++) {
        char text[1024];
        int64_t values[N_VALUES][N_SYMBOLS], got;
        for (int i = 0; i < N_VALUES; i++)
            for (int k = 0; k < N_SYMBOLS; k++) values[i][k] = (int64_t)random_below(23) - (i % 2 ? 0 : 9);
        sample s = random_sample(m, values, 1 + (int)random_below(4));
        if (ox_dim_get_kind(m, s.d) == OX_DIM_UNKNOWN) {
            unknown++;
            continue;
        }
        for (int i = 0; i < N_VALUES; i++) {
            if (!s.ok[i] || !evaluate(m, s.d, values[i], &got)) continue;
            if (got != s.v[i]) {
                print(m, s.d, text, sizeof text);
                fail_msg("%s is %" PRId64 ", not %" PRId64 " (round %d)", text, got, s.v[i], round);
            }
            compared++;
        }
        print(m, s.d, text, sizeof text);
        if (parse(m, text).id != s.d.id) fail_msg("%s does not read back as itself (round %d)", text, round);
        int64_t more[N_VALUES][N_SYMBOLS] = {{0}};
        sample t = random_sample(m, more, 1);
        if (ox_dim_get_kind(m, t.d) != OX_DIM_UNKNOWN) check_commutes(m, s.d, t.d);
    }
    assert_true(compared > 8000);
    assert_true(unknown < 2000);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        T(test_simplified), T(test_text),      T(test_refused_text), T(test_unknowns),
        T(test_questions),  T(test_too_large), T(test_property),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
