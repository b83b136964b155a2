/* Error values: places, context, cutting, and what people see of them. */
#include "ox_test.h"

#include "base/base.h"

#include <errno.h>

static const char *shown(const ox_error *err)
{
    static char text[4096];
    size_t n = ox_error_format(err, text, sizeof text);
    assert_int_equal(n, strlen(text));
    return text;
}

static void test_places(void **state)
{
    (void)state;
    ox_error err;
    assert_int_equal(ox_error_set(&err, OX_E_FORMAT, "dim %d is %d", 3, -7), OX_E_FORMAT);
    assert_int_equal(err.code, OX_E_FORMAT);
    assert_string_equal(shown(&err), "dim 3 is -7");
    ox_error_at_line(&err, "a.txt", 4, 9);
    assert_string_equal(shown(&err), "a.txt:4:9: dim 3 is -7");
    ox_error_at_line(&err, "a.txt", 4, 0);
    assert_string_equal(shown(&err), "a.txt:4: dim 3 is -7");
    ox_error_at_offset(&err, "m.onnx", 0x1f);
    assert_string_equal(shown(&err), "m.onnx@0x1f: dim 3 is -7");
    ox_error_at_line(&err, "a.txt", 0, 0);
    assert_string_equal(shown(&err), "a.txt: dim 3 is -7");
    ox_error_hint(&err, "use %s", "--graph 2");
    ox_error_context(&err, "node '%s'", "conv1");
    assert_string_equal(shown(&err), "a.txt: node 'conv1': dim 3 is -7\n  hint: use --graph 2");
    ox_error_set(&err, OX_E_IO, "again: %s", err.msg); /* what is formatted may stand in the error itself */
    assert_string_equal(shown(&err), "again: node 'conv1': dim 3 is -7");
    ox_error_clear(&err);
    assert_int_equal(err.code, OX_OK);
    assert_string_equal(shown(&err), "ok");
}

static void test_null(void **state)
{
    (void)state;
    assert_int_equal(ox_error_set(NULL, OX_E_LIMIT, "%d", 1), OX_E_LIMIT);
    ox_error_context(NULL, "x");
    ox_error_hint(NULL, "x");
    ox_error_at_line(NULL, "x", 1, 1);
    ox_error_at_offset(NULL, "x", 1);
    ox_error_clear(NULL);
    assert_int_equal(ox__nomem(NULL), OX_E_NOMEM);
}

/* Texts that are too long end in an ellipsis, and not in half a character. */
static void test_cut(void **state)
{
    (void)state;
    ox_error err;
    char longest[2000];
    for (size_t shift = 0; shift < 3; shift++) {
        memset(longest, 'x', shift);
        for (size_t i = shift; i + 3 < sizeof longest; i += 3) memcpy(longest + i, "\xe4\xb8\xad", 4);
        ox_error_set(&err, OX_E_FORMAT, "%s", longest);
        ox_error_hint(&err, "%s", longest);
        ox_error_at_line(&err, longest, 1, 1);
        const char *texts[] = {err.msg, err.hint, err.file};
        const size_t sizes[] = {sizeof err.msg, sizeof err.hint, sizeof err.file};
        for (int i = 0; i < 3; i++) {
            size_t n = strlen(texts[i]);
            assert_true(n < sizes[i] && n > sizes[i] - 8);
            assert_string_equal(texts[i] + n - 3, "\xe2\x80\xa6");
            assert_memory_equal(texts[i] + n - 6, "\xe4\xb8\xad", 3);
        }
        ox_error_context(&err, "%s", "in front");
        assert_memory_equal(err.msg, "in front: ", 10);
        assert_string_equal(err.msg + strlen(err.msg) - 3, "\xe2\x80\xa6");
        ox_error_context(&err, "%s", longest);
        assert_true(strlen(err.msg) < sizeof err.msg);
    }
}

static void test_hostile_text(void **state)
{
    (void)state;
    ox_error err;
    ox_error_set(&err, OX_E_FORMAT, "name '%s'", "a\x1b[2J\n");
    ox_error_at_line(&err, "dir\r/\xff", 1, 1);
    assert_string_equal(shown(&err), "dir\\x0d/\\xff:1:1: name 'a\\x1b[2J\\x0a'");
}

static void test_format_fits(void **state)
{
    (void)state;
    ox_error err;
    ox_error_set(&err, OX_E_FORMAT, "bad\x01thing");
    ox_error_at_line(&err, "file", 12, 3);
    ox_error_hint(&err, "try again");
    char whole[200], part[200];
    size_t n = ox_error_format(&err, whole, sizeof whole);
    for (size_t size = 0; size <= n + 1; size++) {
        memset(part, 'Z', sizeof part);
        size_t k = ox_error_format(&err, part, size);
        assert_true(size == 0 ? k == 0 : k < size && part[k] == '\0' && strlen(part) == k);
        assert_int_equal(part[size], 'Z');
    }
    assert_string_equal(part, whole);
}

static void test_statuses(void **state)
{
    (void)state;
    assert_int_equal(ox_status_exit(OX_OK), 0);
    assert_int_equal(ox_status_exit(OX_E_CHECK), 1);
    assert_int_equal(ox_status_exit(OX_E_INVALID), 2);
    assert_int_equal(ox_status_exit(OX_E_INTERRUPTED), 130);
    assert_int_equal(ox_status_exit((ox_status)99), 3);
    assert_string_equal(ox_status_text(OX_E_NOMEM), "out of memory");
    assert_string_equal(ox_status_text((ox_status)-1), "unknown status");
}

static void test_errno(void **state)
{
    (void)state;
    ox_error err;
    errno = ENOENT;
    assert_int_equal(ox__errno(&err, "cannot open", "x.onnx"), OX_E_IO);
    assert_string_equal(shown(&err), "x.onnx: cannot open: No such file or directory");
    errno = ENOMEM;
    assert_int_equal(ox__errno(&err, "cannot open", NULL), OX_E_NOMEM);
    assert_string_equal(err.file, "");
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_places),       cmocka_unit_test(test_null),     cmocka_unit_test(test_cut),
        cmocka_unit_test(test_hostile_text), cmocka_unit_test(test_statuses), cmocka_unit_test(test_format_fits),
        cmocka_unit_test(test_errno),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
