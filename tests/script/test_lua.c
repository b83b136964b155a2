/* Runs tests/lua/test_*.lua: once as they are, and those that are small once more with the garbage collected after
 * every instruction of theirs. A file fails by raising an error. load_test(name) runs another file of that folder. */
#include "fixture.h"

#include <glob.h>

static const char prelude[] = "function load_test(name) return assert(loadfile(test_dir .. name))() end\n";

static void run_file(fixture *f, const char *path, bool stress)
{
    ox_error err;
    char line[4200];
    snprintf(line, sizeof line, "test_dir = '%s/lua/'\n%s", OX_TESTS_DIR, prelude);
    assert_ok(run(f, line, &err), &err);
    if (stress) assert_ok(run(f, "debug.sethook(function() collectgarbage('step') end, '', 3)", &err), &err);
    ox_error_clear(&err);
    if (ox_script_file(f->script, path, &err) != OX_OK) {
        char text[1600];
        ox_error_format(&err, text, sizeof text);
        const ox_failure *r = f->report && ox_report_n(f->report) ? ox_report_at(f->report, 0) : NULL;
        fail_msg("%s\n%s%s:%u %s", text, r ? r->op : "", r ? r->lua_file : "", r ? r->lua_line : 0,
                 r ? r->message : "");
    }
}

static int free_glob(void **state)
{
    globfree(*state);
    free(*state);
    return 0;
}

static int find_files(void **state)
{
    *state = calloc(1, sizeof(glob_t));
    return glob(OX_TESTS_DIR "/lua/test_*.lua", 0, NULL, *state);
}

static fixture current; /* so that a failing file is cleaned up after */

static int clean(void **state)
{
    (void)state;
    stop(&current);
    return 0;
}

static void run_all(const glob_t *found, bool stress)
{
    assert_true(found->gl_pathc >= 2);
    for (size_t i = 0; i < found->gl_pathc; i++) {
        ox_error err;
        assert_ok(start(&current, &err), &err);
        run_file(&current, found->gl_pathv[i], stress);
        stop(&current);
    }
}

static void test_files(void **state)
{
    run_all(*state, false);
}

static void test_files_with_garbage_collected(void **state)
{
    run_all(*state, true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_files, NULL, clean),
        cmocka_unit_test_setup_teardown(test_files_with_garbage_collected, NULL, clean),
    };
    return cmocka_run_group_tests(tests, find_files, free_glob);
}
