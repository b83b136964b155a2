/* Schemas as text: every row of the table prints to a text that parses back to the same, and errors have their column.
 */
#include "ox_test.h"

#include "base/base.h"

#include <onnxsh/aten.h>

static void same_const(const ox_aten_const *a, const ox_aten_const *b)
{
    assert_int_equal(a->kind, b->kind);
    if (a->kind == OX_ATEN_CONST_ABSENT) return;
    assert_string_equal(a->text, b->text);
    assert_int_equal(a->n, b->n);
    assert_true(a->i == b->i && memcmp(&a->f, &b->f, sizeof a->f) == 0);
    if (a->kind == OX_ATEN_CONST_STR) assert_memory_equal(a->s, b->s, a->n);
    for (uint32_t i = 0; a->kind == OX_ATEN_CONST_INTS && i < a->n; i++) assert_true(a->ints[i] == b->ints[i]);
}

static void same_arg(const ox_aten_arg *a, const ox_aten_arg *b)
{
    assert_string_equal(a->name, b->name);
    assert_string_equal(a->type.text, b->type.text);
    assert_int_equal(a->type.kind, b->type.kind);
    assert_memory_equal(a->type.wrap, b->type.wrap, sizeof a->type.wrap);
    assert_int_equal(a->type.size, b->type.size);
    assert_int_equal(a->type.mutates, b->type.mutates);
    assert_int_equal(a->type.aliases, b->type.aliases);
    assert_int_equal(a->kwarg_only, b->kwarg_only);
    same_const(&a->def, &b->def);
}

static void same_schema(const ox_aten_schema *a, const ox_aten_schema *b)
{
    ox_aten_info x = ox_aten_get(a), y = ox_aten_get(b);
    assert_string_equal(x.name, y.name);
    assert_string_equal(x.overload, y.overload);
    assert_int_equal(x.n_args, y.n_args);
    assert_int_equal(x.n_returns, y.n_returns);
    assert_true(x.vararg == y.vararg && x.varret == y.varret && x.is_out == y.is_out && x.is_inplace == y.is_inplace);
    for (uint32_t i = 0; i < x.n_args; i++) {
        ox_aten_arg p = ox_aten_get_arg(a, i), q = ox_aten_get_arg(b, i);
        same_arg(&p, &q);
    }
    for (uint32_t i = 0; i < x.n_returns; i++) {
        ox_aten_arg p = ox_aten_get_return(a, i), q = ox_aten_get_return(b, i);
        same_arg(&p, &q);
    }
}

static void every_row_reads_back(void **state)
{
    (void)state;
    ox_error err;
    char text[4096], again[4096];
    for (size_t i = 0; i < ox_aten_count(); i++) {
        size_t n;
        const ox_aten_schema *first = ox_aten_find(ox_aten_name(i), &n);
        for (size_t k = 0; k < n; k++) {
            /* PyTorch itself has one schema with two arguments of one name. */
            if (strcmp(ox_aten_name(i), "static_runtime::clamp_nan_to_num") == 0) continue;
            size_t len = ox_aten_print(ox_aten_nth(first, k), text, sizeof text);
            assert_in_range(len, 5, sizeof text - 1);
            ox_aten_schema *s = NULL;
            assert_ok(ox_aten_parse(&s, text, len, &err), &err);
            same_schema(ox_aten_nth(first, k), s);
            ox_aten_print(s, again, sizeof again);
            assert_string_equal(text, again);
            ox_aten_free(s);
        }
    }
}

static void reads_a_custom_schema(void **state)
{
    (void)state;
    static const char text[] = "acme::warp(Tensor x, Tensor? grid=None, int[2] size=[1, -2], *, str mode=\"a\\\"b\", "
                               "float eps=1e-05, bool fast=True) -> (Tensor y, Tensor[])";
    ox_error err;
    ox_aten_schema *s = NULL;
    assert_ok(ox_aten_parse(&s, text, sizeof text - 1, &err), &err);
    ox_aten_info info = ox_aten_get(s);
    assert_string_equal(info.name, "acme::warp");
    assert_int_equal(info.n_args, 6);
    assert_int_equal(info.n_returns, 2);
    assert_true(info.first == 0 && info.last == 0 && !info.is_out && !info.is_inplace);
    ox_aten_arg a = ox_aten_get_arg(s, 2);
    assert_true(a.def.n == 2 && a.def.ints[1] == -2 && a.type.size == 2);
    a = ox_aten_get_arg(s, 3);
    assert_string_equal(a.def.s, "a\"b");
    assert_true(a.kwarg_only && a.inert == OX_ATEN_MATTERS);
    assert_true(ox_aten_get_arg(s, 4).def.f == 1e-5);
    assert_string_equal(ox_aten_get_return(s, 0).name, "y");
    char again[512];
    ox_aten_print(s, again, sizeof again);
    assert_string_equal(again, text);
    ox_aten_type args[] = {{.kind = OX_ATEN_TENSOR}, {.kind = OX_ATEN_NONE}};
    assert_ptr_equal(ox_aten_match(s, 1, args, NULL, 2), s);
    assert_null(ox_aten_functional(s));
    assert_null(ox_aten_inplace(s));
    ox_aten_free(s);
    ox_aten_free(NULL);
}

static void takes_blanks_and_odd_types(void **state)
{
    (void)state;
    static const char *const texts[] = {
        " acme::warp ( Tensor x , int mode = 0 ) ->  Tensor ",
        "acme::warp() -> ()",
        "acme::warp(Tensor(a!) x) -> Tensor(a!)",
        "acme::warp(Dict(str, Tensor[]) x) -> Tuple(int, int)[]",
        "acme::warp(...) -> ...",
        "acme::warp(Tensor x, ...) -> (Tensor, ...)",
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        ox_error err;
        ox_aten_schema *s = NULL;
        assert_ok(ox_aten_parse(&s, texts[i], strlen(texts[i]), &err), &err);
        ox_aten_free(s);
    }
}

static void refuses_with_the_column(void **state)
{
    (void)state;
    static const struct {
        const char *text, *message;
        uint32_t col;
    } bad[] = {
        {"", "namespace::name", 1},
        {"warp(Tensor x) -> Tensor", "namespace::name", 5},
        {"acme::(Tensor x) -> Tensor", "operator's name", 7},
        {"acme:: warp(Tensor x) -> Tensor", "operator's name", 7},
        {"acme::warp Tensor", "( is missing", 12},
        {"acme::warp(Tensor x", "comma or )", 20},
        {"acme::warp(Tensor) -> Tensor", "argument's name", 18},
        {"acme::warp(Tensor x)", "-> results", 21},
        {"acme::warp(Tensor x) -> ", "a type is missing", 25},
        {"acme::warp(Tensor x, Tensor x) -> Tensor", "stands before", 22},
        {"acme::warp(int x=) -> Tensor", "default is missing", 18},
        {"acme::warp(int[ x) -> Tensor", "bracket is not closed", 15},
        {"acme::warp(int[999] x) -> Tensor", "above 255", 15},
        {"acme::warp(int[][][][][] x) -> Tensor", "nested too deep", 23},
        {"acme::warp(str x=\"abc) -> Tensor", "string is not closed", 18},
        {"acme::warp(int[] x=[1, 2) -> Tensor", "bracket is not closed", 20},
        {"acme::warp(int[] x=[1, y]) -> Tensor", "holds integers", 24},
        {"acme::warp(int[] x=[1 2]) -> Tensor", "a comma or ]", 23},
        {"acme::warp(Tensor(a x", "parenthesis is not closed", 18},
        {"acme::warp(Tensor x, *, int y, *, int z) -> Tensor", "second *", 32},
        {"acme::warp(Tensor x) -> Tensor y z", "should end here", 34},
        {"acme::warp(Dict x) -> Tensor", "a type is missing", 16},
    };
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        ox_error err;
        ox_aten_schema *s = NULL;
        assert_fails(ox_aten_parse(&s, bad[i].text, strlen(bad[i].text), &err), OX_E_FORMAT, bad[i].message, &err);
        assert_null(s);
        if (err.col != bad[i].col) fail_msg("%s: column %u, not %u", bad[i].text, err.col, bad[i].col);
    }
}

static void survives_any_cut_and_flip(void **state)
{
    (void)state;
    static const char text[] = "acme::warp.two(Tensor(a!)[]? x, int[2] size=[1, -2], *, str mode=\"a\\\"b\", "
                               "Dict(str, t) d, float eps=1e-05) -> (Tensor y, Tensor[])";
    static const char bytes[] = "()[]\"\\,=*.? a1:\0\xff";
    ox_error err;
    for (size_t i = 0; i < sizeof text - 1; i++) {
        ox_aten_schema *s = NULL;
        char copy[sizeof text];
        ox_status st = ox_aten_parse(&s, text, i, &err);
        assert_true(st == OX_E_FORMAT && !s);
        for (size_t b = 0; b < sizeof bytes - 1; b++) {
            memcpy(copy, text, sizeof copy);
            copy[i] = bytes[b];
            st = ox_aten_parse(&s, copy, sizeof text - 1, &err);
            assert_int_equal(st == OX_OK, s != NULL);
            ox_aten_free(s);
        }
    }
}

static void bounds_what_it_reads(void **state)
{
    (void)state;
    ox_error err;
    ox_aten_schema *s = NULL;
    static char text[70000];
    memset(text, 'a', sizeof text);
    assert_fails(ox_aten_parse(&s, text, sizeof text, &err), OX_E_LIMIT, "70000 bytes", &err);
    size_t n = (size_t)sprintf(text, "acme::f(");
    for (int i = 0; i < 300; i++) n += (size_t)sprintf(text + n, "%sint x%d", i ? ", " : "", i);
    n += (size_t)sprintf(text + n, ") -> ()");
    assert_fails(ox_aten_parse(&s, text, n, &err), OX_E_FORMAT, "255 arguments", &err);
}

static void reports_every_failed_allocation(void **state)
{
    (void)state;
    static const char text[] = "acme::warp(Tensor x, int[2] size=[1, -2], str mode=\"ab\") -> (Tensor y, Tensor)";
    for (uint64_t n = 1;; n++) {
        ox_error err;
        ox_aten_schema *s = NULL;
        ox__alloc_fail_at(n, false);
        ox_status st = ox_aten_parse(&s, text, sizeof text - 1, &err);
        ox__alloc_fail_at(0, false);
        if (st == OX_OK) {
            assert_true(n > 1); /* an arena makes few allocations of many */
            ox_aten_free(s);
            break;
        }
        assert_int_equal(st, OX_E_NOMEM);
        assert_null(s);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(every_row_reads_back),
        cmocka_unit_test(reads_a_custom_schema),
        cmocka_unit_test(takes_blanks_and_odd_types),
        cmocka_unit_test(refuses_with_the_column),
        cmocka_unit_test(survives_any_cut_and_flip),
        cmocka_unit_test(bounds_what_it_reads),
        cmocka_unit_test(reports_every_failed_allocation),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
