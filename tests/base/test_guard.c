/* The SIGBUS guard: reading a map of a file that was truncated is an error; everything else is as without it. */
#include "ox_test.h"

#include "base/file.h"
#include "ox_dir.h"

#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

enum { SIZE = 1 << 16 };

static ox__map map;

static int setup(void **state)
{
    if (dir_setup(state) != 0) return -1;
    static char bytes[SIZE];
    dir_write("file", bytes, SIZE);
    return ox__map_open(&map, dir_path("file"), false, NULL) == OX_OK ? 0 : -1;
}

static int teardown(void **state)
{
    ox__map_close(&map);
    return dir_teardown(state);
}

static ox_status sum(void *ud, ox_error *err)
{
    unsigned *total = ud;
    (void)err;
    for (uint64_t i = 0; i < map.n; i++) *total += map.p[i];
    return OX_OK;
}

static ox_status refuse(void *ud, ox_error *err)
{
    (void)ud;
    return ox__fail(err, OX_E_FORMAT, "no");
}

static ox_status sum_inside(void *ud, ox_error *err)
{
    ox_error inner;
    assert_fails(ox__guarded(sum, ud, map.path, &inner), OX_E_IO, "became shorter", &inner);
    return sum(ud, err); /* the outer guard is in force again */
}

static void test_passes_through(void **state)
{
    (void)state;
    ox_error err;
    unsigned total = 0;
    assert_ok(ox__guarded(sum, &total, map.path, &err), &err);
    assert_fails(ox__guarded(refuse, NULL, map.path, &err), OX_E_FORMAT, "no", &err);
}

static void test_truncated(void **state)
{
    (void)state;
    ox_error err;
    unsigned total = 0;
    assert_int_equal(truncate(dir_path("file"), 100), 0);
    for (int i = 0; i < 3; i++) { /* the signal must not stay blocked after the first */
        assert_fails(ox__guarded(sum, &total, map.path, &err), OX_E_IO, "became shorter", &err);
        assert_string_equal(err.file, map.path);
    }
    assert_fails(ox__guarded(sum_inside, &total, map.path, &err), OX_E_IO, "became shorter", &err);
    assert_fails(ox__map_check(&map, &err), OX_E_IO, "size", &err);
}

static void exit_3(int sig)
{
    (void)sig;
    _exit(3);
}

/* A SIGBUS that is not ours: sent by a process, or outside of any guard. */
static int child(bool handled, bool sent)
{
    ox_error err;
    unsigned total = 0;
    assert_int_equal(truncate(map.path, SIZE), 0); /* the child before shortened it */
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGBUS, handled ? exit_3 : SIG_DFL); /* in front of the handler that an earlier test installed */
        if (ox__guarded(sum, &total, map.path, &err) != OX_OK) _exit(1);
        if (truncate(map.path, 0) != 0) _exit(1);
        if (sent)
            raise(SIGBUS);
        else
            total += map.p[map.n - 1];
        _exit(total ? 1 : 2);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    return status;
}

static void test_chain(void **state)
{
    (void)state;
    for (int sent = 0; sent < 2; sent++) {
        int status = child(false, sent);
        assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
        status = child(true, sent);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 3);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_chain, setup, teardown),
        cmocka_unit_test_setup_teardown(test_passes_through, setup, teardown),
        cmocka_unit_test_setup_teardown(test_truncated, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
