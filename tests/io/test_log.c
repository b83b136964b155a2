/* Logs on disk: what was appended is read back, what is torn or damaged ends the reading, failures leave a whole file.
 */
#include "ox_test.h"

#include "base/base.h"
#include "base/sys.h"
#include "ox_dir.h"

#include <onnxsh/log.h>

#include <errno.h>

static ox_error err;
static const char *const texts[] = {"header", "", "a longer record with \0 inside", "last"};
static const size_t sizes[] = {6, 0, 30, 4};

static void write_log(const char *name)
{
    ox_log *log;
    assert_ok(ox_log_create(&log, dir_path(name), &err), &err);
    for (size_t i = 0; i < 4; i++) assert_ok(ox_log_append(log, (char)('A' + i), texts[i], sizes[i], &err), &err);
    assert_string_equal(ox_log_path(log), dir_path(name));
    ox_log_close(log, false);
}

/* Of a file: as many records as were whole. */
static size_t check_prefix(const char *name, const char **torn)
{
    ox_log_data *d;
    const ox_log_record *r;
    assert_ok(ox_log_read(&d, dir_path(name), &err), &err);
    size_t n = ox_log_records(d, &r);
    assert_true(n <= 4);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(r[i].kind, 'A' + i);
        assert_int_equal(r[i].n, sizes[i]);
        assert_memory_equal(r[i].p, texts[i], sizes[i]);
        assert_int_equal(r[i].p[r[i].n], '\0');
    }
    *torn = ox_log_torn(d);
    assert_false(ox_log_in_use(d));
    ox_log_free(d);
    return n;
}

static void test_round_trip(void **state)
{
    (void)state;
    const char *torn;
    struct stat st;
    write_log("a.log");
    assert_int_equal(check_prefix("a.log", &torn), 4);
    assert_null(torn);
    assert_int_equal(stat(dir_path("a.log"), &st), 0);
    assert_int_equal(st.st_mode & 0777, 0600);
    ox_log *log;
    assert_fails(ox_log_create(&log, dir_path("a.log"), &err), OX_E_INVALID, "there already", &err);
    assert_int_equal(check_prefix("a.log", &torn), 4);
}

static void test_any_length_and_any_byte(void **state)
{
    (void)state;
    size_t n = 0, last = 0;
    const char *torn;
    write_log("whole.log");
    char *bytes = dir_read("whole.log", &n);
    for (size_t i = 0; i <= n; i++) {
        dir_write("b.log", bytes, i);
        ox_log_data *d;
        if (i < 12) {
            assert_fails(ox_log_read(&d, dir_path("b.log"), &err), OX_E_FORMAT, "not a log", &err);
            continue;
        }
        size_t have = check_prefix("b.log", &torn);
        assert_true(have >= last);
        assert_true(!torn || strstr(torn, "cut off"));
        last = have;
    }
    assert_int_equal(last, 4);
    for (size_t i = 12; i < n; i++)
        for (int bit = 0; bit < 8; bit++) {
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
            dir_write("b.log", bytes, n);
            assert_true(check_prefix("b.log", &torn) < 4);
            assert_non_null(torn);
            bytes[i] = (char)(bytes[i] ^ 1 << bit);
        }
    bytes[11] = 9;
    dir_write("b.log", bytes, n);
    ox_log_data *d;
    assert_fails(ox_log_read(&d, dir_path("b.log"), &err), OX_E_UNSUPPORTED, "another version", &err);
    free(bytes);
}

static void test_in_use(void **state)
{
    (void)state;
    ox_log *log;
    ox_log_data *d;
    assert_ok(ox_log_create(&log, dir_path("c.log"), &err), &err);
    assert_ok(ox_log_read(&d, dir_path("c.log"), &err), &err);
    assert_true(ox_log_in_use(d));
    assert_int_equal(ox_log_records(d, NULL), 0);
    ox_log_free(d);
    ox_log_close(log, true);
    assert_fails(ox_log_read(&d, dir_path("c.log"), &err), OX_E_IO, "No such file", &err);
    assert_fails(ox_log_read(&d, ox_dir, &err), OX_E_IO, "regular file", &err);
    assert_fails(ox_log_create(&log, dir_path("no/where.log"), &err), OX_E_IO, "cannot make a log", &err);
}

/* Every call fails once: what was acknowledged stays, and it goes on afterwards. */
static void test_faults(void **state)
{
    (void)state;
    static const int how[] = {EIO, ENOSPC, EINTR, OX__SYS_SHORT};
    for (size_t k = 0; k < sizeof how / sizeof *how; k++)
        for (uint64_t n = 1; n < 40; n++) {
            ox_log *log;
            ox_log_data *d;
            const ox_log_record *r;
            size_t acknowledged = 0;
            unlink(dir_path("d.log"));
            ox__sys_fail_at(n, how[k], false);
            ox_status s = ox_log_create(&log, dir_path("d.log"), &err);
            if (s != OX_OK) {
                ox__sys_fail_at(0, 0, false);
                assert_true(s == OX_E_IO);
                assert_int_equal(access(dir_path("d.log"), F_OK), -1);
                continue;
            }
            for (size_t i = 0; i < 4; i++) acknowledged += ox_log_append(log, 'E', texts[i], sizes[i], &err) == OX_OK;
            bool failed = ox__sys_count() >= n && acknowledged < 4;
            ox__sys_fail_at(0, 0, false);
            if (failed && how[k] == ENOSPC) assert_non_null(strstr(err.hint, "disk is full"));
            if (ox_log_append(log, 'E', "again", 5, &err) == OX_OK) acknowledged++;
            ox_log_close(log, false);
            assert_ok(ox_log_read(&d, dir_path("d.log"), &err), &err);
            assert_int_equal(ox_log_records(d, &r), acknowledged);
            assert_null(ox_log_torn(d));
            assert_true(acknowledged >= 4);
            ox_log_free(d);
        }
    unlink(dir_path("d.log"));
}

static void test_memory(void **state)
{
    (void)state;
    for (uint64_t n = 1; n < 60; n++) {
        ox_log *log;
        ox_log_data *d = NULL;
        unlink(dir_path("e.log"));
        ox__alloc_fail_at(n, true);
        ox_status s = ox_log_create(&log, dir_path("e.log"), &err);
        for (size_t i = 0; i < 4 && s == OX_OK; i++) s = ox_log_append(log, 'E', texts[i], sizes[i], &err);
        if (s == OX_OK) s = ox_log_read(&d, dir_path("e.log"), &err);
        ox__alloc_fail_at(0, false);
        assert_true(s == OX_OK || s == OX_E_NOMEM);
        ox_log_free(d);
        ox_log_close(log, true);
    }
}

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_round_trip), cmocka_unit_test(test_any_length_and_any_byte),
        cmocka_unit_test(test_in_use),     cmocka_unit_test(test_faults),
        cmocka_unit_test(test_memory),
    };
    return cmocka_run_group_tests(tests, dir_setup, dir_teardown);
}
