/* Jobs: resumed with a budget, cancelled at every step, with errors, with SIGBUS guards on both stacks. */
#include "ox_test.h"

#include "base/base.h"
#include "base/file.h"
#include "ox_dir.h"

#include <onnxsh/job.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/wait.h>

typedef struct work {
    unsigned steps, done; /* how many are to be made, how many were */
    bool cleaned, refused;
    unsigned deep;
    ox_job *self;
} work;

static ox_status count(void *ud, const ox_task *task, ox_error *err)
{
    work *w = ud;
    for (; w->done < w->steps; w->done++) {
        if (task->step(task->ud, "counting", w->done, w->steps)) continue;
        w->cleaned = !task->step(task->ud, "counting", 0, 0); /* asked again, it stays cancelled and does not rest */
        return ox__fail(err, OX_E_INTERRUPTED, "stopped at %u", w->done);
    }
    return w->refused ? ox__fail(err, OX_E_FORMAT, "refused") : OX_OK;
}

static ox_job *job_of(ox_job_fn fn, void *ud)
{
    ox_job *j;
    ox_error err;
    assert_ok(ox_job_create(&j, fn, ud, &err), &err);
    return j;
}

static void test_whole(void **state)
{
    (void)state;
    ox_error err;
    for (int refused = 0; refused < 2; refused++) {
        work w = {.steps = 5, .refused = refused};
        ox_job *j = job_of(count, &w);
        assert_fails(ox_job_status(j, &err), OX_E_INVALID, "not ended", &err);
        assert_int_equal(w.done, 0);
        assert_int_equal(ox_job_resume(j, OX_JOB_NO_BUDGET), OX_JOB_DONE);
        assert_int_equal(w.done, 5);
        assert_int_equal(ox_job_resume(j, 0), OX_JOB_DONE); /* nothing happens */
        if (refused)
            assert_fails(ox_job_status(j, &err), OX_E_FORMAT, "refused", &err);
        else
            assert_ok(ox_job_status(j, &err), &err);
        ox_job_free(j);
    }
    ox_job_free(NULL);
}

static void test_steps(void **state)
{
    (void)state;
    work w = {.steps = 1000};
    ox_job *j = job_of(count, &w);
    const char *what;
    uint64_t done, total;
    ox_job_progress(j, &what, &done, &total);
    assert_string_equal(what, "");
    for (unsigned i = 0; i < 1000; i++) { /* a budget of nothing is one step */
        assert_int_equal(ox_job_resume(j, 0), OX_JOB_MORE);
        assert_int_equal(w.done, i);
        ox_job_progress(j, &what, &done, &total);
        assert_string_equal(what, "counting");
        assert_int_equal(done, i);
        assert_int_equal(total, 1000);
    }
    assert_int_equal(ox_job_resume(j, 0), OX_JOB_DONE);
    assert_int_equal(w.done, 1000);
    ox_job_free(j);
}

static void test_cancel(void **state)
{
    (void)state;
    ox_error err;
    for (unsigned at = 1; at < 6; at++) {
        work w = {.steps = 6};
        ox_job *j = job_of(count, &w);
        for (unsigned i = 0; i < at; i++) assert_int_equal(ox_job_resume(j, 0), OX_JOB_MORE);
        ox_job_cancel(j);
        assert_int_equal(ox_job_resume(j, 0), OX_JOB_DONE);
        assert_true(w.cleaned);
        assert_int_equal(w.done, at - 1);
        assert_fails(ox_job_status(j, &err), OX_E_INTERRUPTED, "stopped at", &err);
        ox_job_free(j);
    }
    work w = {.steps = 6};
    ox_job *j = job_of(count, &w);
    ox_job_cancel(j); /* before it began */
    assert_int_equal(ox_job_resume(j, OX_JOB_NO_BUDGET), OX_JOB_DONE);
    assert_int_equal(w.done, 0);
    assert_false(w.cleaned);
    assert_fails(ox_job_status(j, &err), OX_E_INTERRUPTED, "interrupted", &err);
    ox_job_free(j);
}

static void test_free_cleans_up(void **state)
{
    (void)state;
    work w = {.steps = 6};
    ox_job *j = job_of(count, &w);
    ox_job_free(j);
    assert_false(w.cleaned);
    j = job_of(count, &w);
    assert_int_equal(ox_job_resume(j, 0), OX_JOB_MORE);
    ox_job_free(j);
    assert_true(w.cleaned);
}

/* ---- signals ---- */

static ox_job *volatile signalled;

static void on_signal(int sig)
{
    (void)sig;
    ox_job_cancel(signalled);
}

static ox_status raise_in_work(void *ud, const ox_task *task, ox_error *err)
{
    work *w = ud;
    if (ox_job_resume(w->self, 0) != OX_JOB_MORE) return ox__fail(err, OX_E_INVALID, "resumed itself");
    raise(SIGINT); /* what a Ctrl-C during the work does */
    return count(w, task, err);
}

static void test_signal(void **state)
{
    (void)state;
    ox_error err;
    sigset_t block, now;
    sigemptyset(&block);
    sigaddset(&block, SIGUSR1);
    void (*before)(int) = signal(SIGINT, on_signal);
    work w = {.steps = 6};
    ox_job *j = signalled = w.self = job_of(raise_in_work, &w);
    sigprocmask(SIG_BLOCK, &block, NULL); /* after the job was made: the change of stacks must not undo it */
    assert_int_equal(ox_job_resume(j, OX_JOB_NO_BUDGET), OX_JOB_DONE);
    sigprocmask(SIG_UNBLOCK, &block, &now);
    assert_true(sigismember(&now, SIGUSR1));
    assert_fails(ox_job_status(j, &err), OX_E_INTERRUPTED, "stopped at 0", &err);
    ox_job_free(j);
    signal(SIGINT, before);
}

/* ---- the stack ---- */

static unsigned descend(work *w, const ox_task *task, unsigned depth)
{
    volatile char room[4096];
    room[0] = (char)depth;
    if (depth == 0) return task->step(task->ud, "deep", 0, 0) ? 1 : 0;
    return descend(w, task, depth - 1) + (room[0] == (char)depth);
}

static ox_status deep(void *ud, const ox_task *task, ox_error *err)
{
    work *w = ud;
    (void)err;
    w->done = descend(w, task, w->deep);
    return OX_OK;
}

/* 4 MiB of stack in each of three jobs at once, which end in another order than they began. */
static void test_deep(void **state)
{
    (void)state;
    work w[3] = {{.deep = 1000}, {.deep = 900}, {.deep = 800}};
    ox_job *j[3];
    for (int i = 0; i < 3; i++) j[i] = job_of(deep, &w[i]);
    for (int i = 0; i < 3; i++) assert_int_equal(ox_job_resume(j[i], 0), OX_JOB_MORE);
    for (int i = 0; i < 3; i++) {
        int k = (i + 1) % 3;
        assert_int_equal(ox_job_resume(j[k], 0), OX_JOB_DONE);
        assert_int_equal(w[k].done, w[k].deep + 1);
        ox_job_free(j[k]);
    }
}

/* A job that runs a job. */
static ox_status outer(void *ud, const ox_task *task, ox_error *err)
{
    ox_job *inner;
    ox_status s = ox_job_create(&inner, count, ud, err);
    if (s != OX_OK) return s;
    while (ox_job_resume(inner, 0) == OX_JOB_MORE)
        if (!task->step(task->ud, "outer", 0, 0)) ox_job_cancel(inner);
    s = ox_job_status(inner, err);
    ox_job_free(inner);
    return s;
}

static void test_nested(void **state)
{
    (void)state;
    ox_error err;
    for (unsigned cancel = 0; cancel < 2; cancel++) {
        work w = {.steps = 20};
        unsigned resumes = 0;
        ox_job *j = job_of(outer, &w);
        for (; ox_job_resume(j, 0) == OX_JOB_MORE; resumes++)
            if (cancel && resumes == 9) ox_job_cancel(j);
        assert_int_equal(resumes, cancel ? 10 : 20);
        if (cancel)
            assert_fails(ox_job_status(j, &err), OX_E_INTERRUPTED, "stopped at 9", &err);
        else
            assert_ok(ox_job_status(j, &err), &err);
        ox_job_free(j);
    }
}

/* ---- guards ---- */

enum { SIZE = 1 << 16 };
static ox__map map;
static volatile unsigned total;

static ox_status sum(void *ud, ox_error *err)
{
    const ox_task *task = ud;
    for (uint64_t i = 0; i < map.n; i++) {
        if (task && i == 5000 && !task->step(task->ud, "sum", i, map.n))
            return ox__fail(err, OX_E_INTERRUPTED, "interrupted");
        total += map.p[i];
    }
    return OX_OK;
}

static ox_status guarded_sum(void *ud, const ox_task *task, ox_error *err)
{
    (void)ud;
    return ox__guarded(sum, (void *)(uintptr_t)task, map.path, err);
}

static int setup(void **state)
{
    static char bytes[SIZE];
    if (dir_setup(state) != 0) return -1;
    dir_write("file", bytes, SIZE);
    return ox__map_open(&map, dir_path("file"), false, NULL) == OX_OK ? 0 : -1;
}

static int teardown(void **state)
{
    ox__map_close(&map);
    return dir_teardown(state);
}

/* The work rests inside a guard, the owner runs into the end of the file in one of its own, then the work does. */
static void test_guards(void **state)
{
    (void)state;
    ox_error err;
    ox_job *j[2] = {job_of(guarded_sum, NULL), job_of(guarded_sum, NULL)};
    for (int i = 0; i < 2; i++) assert_int_equal(ox_job_resume(j[i], 0), OX_JOB_MORE);
    assert_int_equal(truncate(map.path, 100), 0);
    assert_fails(ox__guarded(sum, NULL, map.path, &err), OX_E_IO, "became shorter", &err);
    for (int i = 0; i < 2; i++) {
        assert_int_equal(ox_job_resume(j[i], 0), OX_JOB_DONE);
        assert_fails(ox_job_status(j[i], &err), OX_E_IO, "became shorter", &err);
        assert_fails(ox__guarded(sum, NULL, map.path, &err), OX_E_IO, "became shorter", &err);
        ox_job_free(j[i]);
    }
}

/* The guard of resting work is not the owner's: a SIGBUS of the owner outside of any guard ends the process. */
static void test_guard_of_rest(void **state)
{
    (void)state;
    pid_t pid = fork();
    if (pid == 0) {
        signal(SIGBUS, SIG_DFL);
        ox_job *j;
        if (ox_job_create(&j, guarded_sum, NULL, NULL) != OX_OK || ox_job_resume(j, 0) != OX_JOB_MORE) _exit(1);
        if (truncate(map.path, 0) != 0) _exit(1);
        total += map.p[map.n - 1];
        _exit(2);
    }
    int status = 0;
    waitpid(pid, &status, 0);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGBUS);
}

static void test_nomem(void **state)
{
    (void)state;
    ox_error err;
    ox_job *j = (ox_job *)1;
    ox__alloc_fail_at(1, false);
    ox_status s = ox_job_create(&j, count, NULL, &err);
    ox__alloc_fail_at(0, false);
    assert_int_equal(s, OX_E_NOMEM);
    assert_null(j);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_whole),
        cmocka_unit_test(test_steps),
        cmocka_unit_test(test_cancel),
        cmocka_unit_test(test_free_cleans_up),
        cmocka_unit_test(test_signal),
        cmocka_unit_test(test_deep),
        cmocka_unit_test(test_nested),
        cmocka_unit_test(test_nomem),
        cmocka_unit_test_setup_teardown(test_guards, setup, teardown),
        cmocka_unit_test_setup_teardown(test_guard_of_rest, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
