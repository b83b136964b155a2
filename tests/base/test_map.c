/* Maps: what can be mapped, streams, and noticing that a file changed. */
#include "ox_test.h"

#include "base/file.h"
#include "base/sys.h"
#include "ox_dir.h"

#include <errno.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/un.h>

static void test_file(void **state)
{
    (void)state;
    ox_error err;
    ox__map map;
    dir_write("file", "hello", 5);
    assert_ok(ox__map_open(&map, dir_path("file"), false, &err), &err);
    assert_int_equal(map.n, 5);
    assert_memory_equal(map.p, "hello", 5);
    assert_false(map.owned_memory);
    assert_ok(ox__map_check(&map, &err), &err);
    ox__map_close(&map);
    ox__map_close(&map); /* as good as all zero */
    dir_write("empty", "", 0);
    assert_ok(ox__map_open(&map, dir_path("empty"), false, &err), &err);
    assert_int_equal(map.n, 0);
    assert_null(map.p);
    ox__map_close(&map);
}

static void test_refused(void **state)
{
    (void)state;
    ox_error err;
    ox__map map;
    assert_fails(ox__map_open(&map, dir_path("none"), true, &err), OX_E_IO, "cannot open: No such file", &err);
    assert_string_equal(err.file, dir_path("none"));
    assert_fails(ox__map_open(&map, ox_dir, true, &err), OX_E_IO, "directory", &err);
    assert_int_equal(mkfifo(dir_path("fifo"), 0666), 0);
    assert_fails(ox__map_open(&map, dir_path("fifo"), false, &err), OX_E_IO, "pipe", &err);
    assert_fails(ox__map_open(&map, "/dev/null", false, &err), OX_E_IO, "device", &err);
    struct sockaddr_un a = {.sun_family = AF_UNIX};
    snprintf(a.sun_path, sizeof a.sun_path, "%.90s/sock", ox_dir);
    int fd = socket(AF_UNIX, SOCK_STREAM, 0);
    assert_int_equal(bind(fd, (struct sockaddr *)&a, sizeof a), 0);
    close(fd);
    assert_fails(ox__map_open(&map, a.sun_path, true, &err), OX_E_IO, "cannot open", &err);
}

static void *write_slowly(void *ud)
{
    int fd = *(int *)ud;
    char block[1000];
    memset(block, 'x', sizeof block);
    for (int i = 0; i < 200; i++) {
        if (i % 50 == 0) usleep(20000);
        if (write(fd, block, sizeof block) != (ssize_t)sizeof block) break;
    }
    close(fd);
    return NULL;
}

static ox_status read_pipe(ox__map *map, uint64_t max, const ox_task *task, ox_error *err)
{
    int p[2];
    pthread_t t;
    assert_int_equal(pipe(p), 0);
    fcntl(p[0], F_SETFL, O_NONBLOCK);
    assert_int_equal(pthread_create(&t, NULL, write_slowly, &p[1]), 0);
    ox_status s = ox__map_read_fd(map, p[0], "pipe", max, task, err);
    ssize_t k;
    char rest[4096];
    while ((k = read(p[0], rest, sizeof rest)) > 0 || (k < 0 && errno == EAGAIN)) {}
    pthread_join(t, NULL);
    close(p[0]);
    return s;
}

static bool stop(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what, (void)total;
    *(uint64_t *)ud = done;
    return done < 1000;
}

static void test_stream(void **state)
{
    (void)state;
    ox_error err;
    ox__map map;
    assert_ok(read_pipe(&map, 1 << 20, NULL, &err), &err);
    assert_int_equal(map.n, 200000);
    assert_true(map.owned_memory && map.p[199999] == 'x');
    assert_ok(ox__map_check(&map, &err), &err);
    ox__map_close(&map);
    ox__sys_fail_at(1, OX__SYS_SHORT, true);
    ox_status s = read_pipe(&map, 1 << 20, NULL, &err);
    ox__sys_fail_at(0, 0, false);
    assert_int_equal(s, OX_OK);
    assert_int_equal(map.n, 200000);
    ox__map_close(&map);
    assert_fails(read_pipe(&map, 100000, NULL, &err), OX_E_LIMIT, "100000", &err);
    uint64_t seen = 0;
    ox_task task = {stop, &seen};
    assert_fails(read_pipe(&map, 1 << 20, &task, &err), OX_E_INTERRUPTED, "interrupted", &err);
    assert_true(seen >= 1000);
    assert_ok(ox__map_open(&map, "/dev/null", true, &err), &err);
    assert_int_equal(map.n, 0);
    ox__map_close(&map);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    ox_error err;
    ox__map map;
    dir_write("file", "hello", 5);
    ox__alloc_fail_at(1, false);
    ox_status s = ox__map_open(&map, dir_path("file"), false, &err);
    ox__alloc_fail_at(0, false);
    assert_int_equal(s, OX_E_NOMEM);
    for (uint64_t n = 1; n < 5; n++) { /* the buffer grows more often than that */
        ox__alloc_fail_at(n, true);
        s = read_pipe(&map, 1 << 20, NULL, &err);
        ox__alloc_fail_at(0, false);
        assert_int_equal(s, OX_E_NOMEM);
    }
}

static void check_after(const char *what, void (*change)(const char *path))
{
    ox_error err;
    ox__map map;
    dir_write("file", "hello", 5);
    assert_ok(ox__map_open(&map, dir_path("file"), false, &err), &err);
    change(dir_path("file"));
    ox_status s = ox__map_check(&map, &err);
    ox__map_close(&map);
    assert_int_equal(s, OX_E_IO);
    assert_non_null(strstr(err.msg, what));
}

static void grow(const char *path)
{
    assert_int_equal(truncate(path, 6), 0);
}

static void rewrite(const char *path)
{
    int fd = open(path, O_WRONLY);
    usleep(20000); /* a tick of the file system's clock */
    assert_int_equal(write(fd, "HELLO", 5), 5);
    close(fd);
}

/* Rewritten, and the time of it hidden. */
static void forge(const char *path)
{
    struct stat st;
    assert_int_equal(stat(path, &st), 0);
    rewrite(path);
    struct timespec t[2] = {st.st_atim, st.st_mtim};
    assert_int_equal(utimensat(AT_FDCWD, path, t, 0), 0);
}

static void replace(const char *path)
{
    dir_write("other", "hello", 5);
    assert_int_equal(rename(dir_path("other"), path), 0);
}

static void remove_it(const char *path)
{
    assert_int_equal(unlink(path), 0);
}

static void test_check(void **state)
{
    (void)state;
    check_after("size", grow);
    check_after("written", rewrite);
    check_after("touched", forge);
    check_after("replaced", replace);
    check_after("deleted", remove_it);
}

static void test_replaced_by_us(void **state)
{
    (void)state;
    ox_error err;
    ox__map map;
    dir_write("file", "hello", 5);
    assert_ok(ox__map_open(&map, dir_path("file"), false, &err), &err);
    replace(dir_path("file"));
    ox__map_replaced(&map);
    assert_ok(ox__map_check(&map, &err), &err);
    ox__map_close(&map);
    dir_write("file", "hello", 5);
    assert_ok(ox__map_open(&map, dir_path("file"), false, &err), &err);
    rewrite(dir_path("file"));
    ox__map_replaced(&map); /* that was more than losing its name */
    assert_fails(ox__map_check(&map, &err), OX_E_IO, "written", &err);
    ox__map_close(&map);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, dir_setup, dir_teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_file),          IN_DIR(test_refused), IN_DIR(test_stream),
        IN_DIR(test_out_of_memory), IN_DIR(test_check),   IN_DIR(test_replaced_by_us),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
