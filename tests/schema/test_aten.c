/* Look-ups in the table of PyTorch's schemas, and overloads found by the types of a call. */
#include "ox_test.h"

#include <onnxsh/aten.h>

static void finds_overloads_in_order(void **state)
{
    (void)state;
    size_t n;
    const ox_aten_schema *first = ox_aten_find("aten::elu", &n);
    assert_non_null(first);
    assert_int_equal(n, 2);
    ox_aten_info info = ox_aten_get(first);
    assert_string_equal(info.name, "aten::elu");
    assert_string_equal(info.overload, "");
    assert_int_equal(info.n_args, 4);
    assert_true(info.first == 113 && info.last == 213);
    assert_true(ox_aten_get(ox_aten_nth(first, 1)).is_out);
    first = ox_aten_find("aten::add", &n);
    assert_string_equal(ox_aten_get(first).overload, "Tensor");
    assert_string_equal(ox_aten_get(ox_aten_nth(first, 1)).overload, "Scalar");
    assert_null(ox_aten_find("aten::no_such_operator", &n));
    assert_int_equal(n, 0);
    assert_null(ox_aten_find("", &n));
    assert_null(ox_aten_find_n("aten::elu\0x", 11, &n));
    assert_null(ox_aten_find_overload("aten::add", "no_such"));
    assert_null(ox_aten_find_overload("aten::no_such_operator", ""));
}

static void names_are_sorted_and_found(void **state)
{
    (void)state;
    size_t n, total = 0;
    assert_true(ox_aten_count() > 2000);
    for (size_t i = 0; i < ox_aten_count(); i++) {
        if (i) assert_true(strcmp(ox_aten_name(i - 1), ox_aten_name(i)) < 0);
        const ox_aten_schema *first = ox_aten_find(ox_aten_name(i), &n);
        assert_non_null(first);
        assert_string_equal(ox_aten_get(first).name, ox_aten_name(i));
        total += n;
    }
    assert_true(total > 4300);
    assert_null(ox_aten_name(ox_aten_count()));
}

static void reads_arguments(void **state)
{
    (void)state;
    const ox_aten_schema *s = ox_aten_find_overload("aten::elu", "");
    ox_aten_arg a = ox_aten_get_arg(s, 1);
    assert_string_equal(a.name, "alpha");
    assert_int_equal(a.type.kind, OX_ATEN_SCALAR);
    assert_int_equal(a.def.kind, OX_ATEN_CONST_INT);
    assert_true(a.def.i == 1 && !a.kwarg_only && a.inert == OX_ATEN_MATTERS && !a.reason);
    assert_int_equal(ox_aten_get_arg(s, 0).def.kind, OX_ATEN_CONST_ABSENT);
    assert_string_equal(ox_aten_get_arg(s, 9).name, "");
    assert_int_equal(ox_aten_arg_index(s, "input_scale"), 3);
    assert_int_equal(ox_aten_arg_index(s, "input"), 0);
    assert_int_equal(ox_aten_arg_index(s, "beta"), -1);

    s = ox_aten_find_overload("aten::max_pool2d", "");
    a = ox_aten_get_arg(s, 1);
    assert_int_equal(a.type.kind, OX_ATEN_INT);
    assert_int_equal(a.type.wrap[0], OX_ATEN_WRAP_LIST);
    assert_int_equal(a.type.wrap[1], OX_ATEN_WRAP_NONE);
    assert_int_equal(a.type.size, 2);
    a = ox_aten_get_arg(s, 2);
    assert_int_equal(a.def.kind, OX_ATEN_CONST_INTS);
    assert_int_equal(a.def.n, 0);

    s = ox_aten_find_overload("aten::mean", "dim");
    a = ox_aten_get_arg(s, 1);
    assert_int_equal(a.type.wrap[1], OX_ATEN_WRAP_OPTIONAL);
    assert_true(ox_aten_get_arg(s, 3).kwarg_only);
    assert_int_equal(ox_aten_get_arg(s, 3).type.kind, OX_ATEN_DTYPE);

    s = ox_aten_find_overload("aten::gelu", "");
    a = ox_aten_get_arg(s, 1);
    assert_int_equal(a.def.kind, OX_ATEN_CONST_STR);
    assert_int_equal(a.def.n, 4);
    assert_string_equal(a.def.s, "none");
    a = ox_aten_get_arg(ox_aten_find_overload("aten::layer_norm", ""), 4);
    assert_true(a.def.kind == OX_ATEN_CONST_FLOAT && a.def.f == 1e-5);
}

static void marks_inert_arguments(void **state)
{
    (void)state;
    const ox_aten_schema *s = ox_aten_find_overload("aten::batch_norm", "");
    ox_aten_arg a = ox_aten_get_arg(s, (size_t)ox_aten_arg_index(s, "momentum"));
    assert_int_equal(a.inert, OX_ATEN_INERT_EVAL);
    assert_non_null(a.reason);
    assert_int_equal(ox_aten_get_arg(s, (size_t)ox_aten_arg_index(s, "cudnn_enabled")).inert, OX_ATEN_INERT);
    assert_int_equal(ox_aten_get_arg(s, (size_t)ox_aten_arg_index(s, "eps")).inert, OX_ATEN_MATTERS);
    s = ox_aten_find_overload("aten::_convolution", "");
    assert_int_equal(ox_aten_get_arg(s, (size_t)ox_aten_arg_index(s, "allow_tf32")).inert, OX_ATEN_INERT);
    assert_int_equal(ox_aten_get_arg(s, (size_t)ox_aten_arg_index(s, "transposed")).inert, OX_ATEN_MATTERS);
    s = ox_aten_find_overload("aten::is_contiguous", "memory_format");
    assert_int_equal(ox_aten_get_arg(s, 1).inert, OX_ATEN_MATTERS);
    s = ox_aten_find_overload("aten::clone", "");
    assert_int_equal(ox_aten_get_arg(s, 1).inert, OX_ATEN_INERT);
    s = ox_aten_find_overload("aten::dropout", "");
    for (uint32_t i = 0; i < 3; i++) assert_int_equal(ox_aten_get_arg(s, i).inert, OX_ATEN_MATTERS);
}

static void finds_twins(void **state)
{
    (void)state;
    static const char *const twins[][3] = {{"aten::add_", "Tensor", "aten::add"},
                                           {"aten::relu_", "", "aten::relu"},
                                           {"aten::div_", "Tensor_mode", "aten::div"},
                                           {"aten::__ior__", "Scalar", "aten::__or__"}};
    for (size_t i = 0; i < sizeof twins / sizeof *twins; i++) {
        const ox_aten_schema *s = ox_aten_find_overload(twins[i][0], twins[i][1]);
        assert_non_null(s);
        assert_true(ox_aten_get(s).is_inplace);
        const ox_aten_schema *f = ox_aten_functional(s);
        assert_non_null(f);
        assert_string_equal(ox_aten_get(f).name, twins[i][2]);
        assert_string_equal(ox_aten_get(f).overload, twins[i][1]);
        assert_ptr_equal(ox_aten_inplace(f), s);
        assert_null(ox_aten_functional(f));
        assert_null(ox_aten_inplace(s));
    }
    assert_null(ox_aten_inplace(ox_aten_find_overload("aten::matmul", "")));
    assert_null(ox_aten_functional(ox_aten_find_overload("aten::add", "out")));
    assert_null(ox_aten_inplace(ox_aten_find_overload("aten::add", "out")));
}

/* ---- matching: a call in letters: t tensor, i int, f float, b bool, s str, n None, ? unknown, [i] list, (t) optional
 */
static size_t read_types(const char *text, ox_aten_type *types)
{
    static const char letters[] = "tifbscNn?";
    static const uint8_t kinds[] = {OX_ATEN_TENSOR, OX_ATEN_INT,    OX_ATEN_FLOAT, OX_ATEN_BOOL,   OX_ATEN_STR,
                                    OX_ATEN_CLASS,  OX_ATEN_SCALAR, OX_ATEN_NONE,  OX_ATEN_UNKNOWN};
    size_t n = 0;
    for (const char *p = text; *p; p++) {
        ox_aten_type t = {0};
        if (*p == '[' || *p == '(') {
            t.wrap[0] = *p == '[' ? OX_ATEN_WRAP_LIST : OX_ATEN_WRAP_OPTIONAL;
            t.kind = kinds[strchr(letters, p[1]) - letters];
            p += 2;
        } else {
            t.kind = kinds[strchr(letters, *p) - letters];
        }
        types[n++] = t;
    }
    return n;
}

static const char *match(const char *op, const char *call)
{
    ox_aten_type types[32];
    size_t n_args = read_types(call, types), n;
    const ox_aten_schema *first = ox_aten_find(op, &n);
    assert_non_null(first);
    const ox_aten_schema *s = ox_aten_match(first, n, types, NULL, n_args);
    return s ? ox_aten_get(s).overload : "none";
}

static void matches_by_types(void **state)
{
    (void)state;
    assert_string_equal(match("aten::add", "tti"), "Tensor");
    assert_string_equal(match("aten::add", "tii"), "Scalar");
    assert_string_equal(match("aten::add", "tt"), "Tensor");
    assert_string_equal(match("aten::add", "ii"), "int");
    assert_string_equal(match("aten::add", "ff"), "float");
    assert_string_equal(match("aten::add", "if"), "int_float");
    assert_string_equal(match("aten::add", "[t][t]"), "t");
    assert_string_equal(match("aten::add", "ss"), "str");
    assert_string_equal(match("aten::add", "???"), "Tensor");
    assert_string_equal(match("aten::add", "ttiii"), "none");
    assert_string_equal(match("aten::add", "t[i]i"), "none");
    assert_string_equal(match("aten::add", "t"), "none");
    assert_string_equal(match("aten::pow", "ti"), "Tensor_Scalar");
    assert_string_equal(match("aten::pow", "tt"), "Tensor_Tensor");
    assert_string_equal(match("aten::max", "t"), "");
    assert_string_equal(match("aten::max", "tib"), "dim");
    assert_string_equal(match("aten::mean", "tn"), "");
    assert_string_equal(match("aten::mean", "t[i]bn"), "dim");
    assert_string_equal(match("aten::slice", "tiiii"), "Tensor");
    assert_string_equal(match("aten::slice", "tinni"), "Tensor");
    assert_string_equal(match("aten::slice", "[t]iii"), "t");
    assert_string_equal(match("aten::size", "ti"), "int");
    assert_string_equal(match("aten::size", "t"), "");
    assert_string_equal(match("aten::to", "tibbn"), "dtype");
    assert_string_equal(match("aten::to", "ttbbn"), "other");
    assert_string_equal(match("aten::index", "t[t]"), "Tensor");
    assert_string_equal(match("aten::max_pool2d", "t[i][i][i][i]b"), "");
    assert_string_equal(match("aten::max_pool2d", "tiiiib"), "");
    assert_string_equal(match("aten::dropout", "tfb"), "");
    assert_string_equal(match("aten::_convolution", "tt(t)[i][i][i]b[i]ibbbb"), "");
    assert_string_equal(match("aten::_convolution", "ttn[i][i][i]b[i]ibbb"), "deprecated");
    /* These need a conversion: a bool as number, a number as tensor, a list of unknown kind, a missing inert one. */
    assert_string_equal(match("aten::add", "tbi"), "Tensor");
    assert_string_equal(match("aten::view", "tt"), "");
    assert_string_equal(match("aten::batch_norm", "tttttbff"), "");
    assert_string_equal(match("aten::batch_norm", "tttttbf"), "none");
}

static void matches_by_names(void **state)
{
    (void)state;
    size_t n;
    const ox_aten_schema *first = ox_aten_find("aten::elu", &n);
    ox_aten_type types[4];
    read_types("tff", types);
    const char *const good[] = {NULL, "alpha", "scale"};
    assert_ptr_equal(ox_aten_match(first, n, types, good, 3), first);
    const char *const input[] = {"input", "alpha", "scale"};
    assert_ptr_equal(ox_aten_match(first, n, types, input, 3), first);
    const char *const unknown[] = {NULL, "alpha", "beta"};
    assert_null(ox_aten_match(first, n, types, unknown, 3));
    const char *const twice[] = {NULL, "alpha", "self"};
    assert_null(ox_aten_match(first, n, types, twice, 3));
    read_types("tt", types);
    const char *const out[] = {NULL, "out"};
    assert_string_equal(ox_aten_get(ox_aten_match(first, n, types, out, 2)).overload, "out");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finds_overloads_in_order),
        cmocka_unit_test(names_are_sorted_and_found),
        cmocka_unit_test(reads_arguments),
        cmocka_unit_test(marks_inert_arguments),
        cmocka_unit_test(finds_twins),
        cmocka_unit_test(matches_by_types),
        cmocka_unit_test(matches_by_names),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
