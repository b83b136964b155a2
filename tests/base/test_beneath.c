/* The rules for external data, each with openat2 and with the walk that stands in for it on older kernels. */
#include "ox_test.h"

#include "base/file.h"
#include "base/sys.h"
#include "ox_dir.h"

#include <errno.h>

static int no_openat2(int dir, const char *path, int flags)
{
    (void)dir, (void)path, (void)flags;
    errno = ENOSYS;
    return -1;
}

static int (*real_beneath)(int dir, const char *path, int flags);

static int setup(void **state)
{
    if (dir_setup(state) != 0) return -1;
    real_beneath = ox__sys.openat_beneath;
    if (*state) ox__sys.openat_beneath = no_openat2;
    int bad = mkdir(dir_path("model"), 0777) | mkdir(dir_path("model/sub"), 0777) | mkdir(dir_path("outside"), 0777);
    dir_write("model/data.bin", "weights", 7);
    dir_write("model/sub/more.bin", "more", 4);
    dir_write("model/linked.bin", "x", 1);
    dir_write("outside/secret", "secret", 6);
    bad |= symlink("data.bin", dir_path("model/sym.bin")) | symlink("../outside", dir_path("model/symdir"));
    bad |= symlink("/etc/hostname", dir_path("model/abs.bin")) | symlink("sub", dir_path("model/subdir"));
    bad |= link(dir_path("model/linked.bin"), dir_path("outside/again")) | mkfifo(dir_path("model/fifo"), 0666);
    return bad;
}

static int teardown(void **state)
{
    ox__sys.openat_beneath = real_beneath;
    return dir_teardown(state);
}

static ox_status try_open(const char *rel, size_t n, bool follow, char *text, ox_error *err)
{
    char dir[512];
    snprintf(dir, sizeof dir, "%s", dir_path("model"));
    int fd;
    ox_status s = ox__open_beneath(&fd, dir, rel, n, follow, err);
    if (s == OX_OK) {
        ssize_t k = read(fd, text, 15);
        text[k > 0 ? k : 0] = '\0';
        close(fd);
    } else {
        assert_int_equal(fd, -1);
    }
    return s;
}

static void refused(const char *rel, size_t n, ox_status code, const char *why)
{
    ox_error err;
    char text[16];
    assert_fails(try_open(rel, n, false, text, &err), code, why, &err);
}

static void test_opens(void **state)
{
    (void)state;
    ox_error err;
    char text[16];
    assert_ok(try_open("data.bin", 8, false, text, &err), &err);
    assert_string_equal(text, "weights");
    assert_ok(try_open("data.binary", 8, false, text, &err), &err); /* the length counts, not the end of the string */
    assert_ok(try_open("sub/more.bin", 12, false, text, &err), &err);
    assert_string_equal(text, "more");
}

static void test_names(void **state)
{
    (void)state;
    refused("", 0, OX_E_FORMAT, "is empty");
    refused("/etc/passwd", 11, OX_E_FORMAT, "is absolute");
    refused("../outside/secret", 17, OX_E_FORMAT, "a part `..`");
    refused("sub/../data.bin", 15, OX_E_FORMAT, "a part `..`");
    refused("sub/..", 6, OX_E_FORMAT, "a part `..`");
    refused("./data.bin", 10, OX_E_FORMAT, "a part `.`");
    refused("sub//more.bin", 13, OX_E_FORMAT, "an empty part");
    refused("sub/", 4, OX_E_FORMAT, "an empty part");
    refused("data.bin\0.png", 13, OX_E_FORMAT, "NUL byte");
    refused("sub\\more.bin", 12, OX_E_FORMAT, "backslash");
    refused("C:data.bin", 10, OX_E_FORMAT, "drive letter");
    char longest[5000];
    memset(longest, 'a', sizeof longest);
    refused(longest, sizeof longest, OX_E_LIMIT, "5000 bytes");
}

static void test_kinds(void **state)
{
    (void)state;
    refused("missing", 7, OX_E_IO, "No such file");
    refused("sub", 3, OX_E_IO, "not a regular file");
    refused("fifo", 4, OX_E_IO, "not a regular file");
    refused("data.bin/x", 10, OX_E_IO, "Not a directory");
}

static void test_links(void **state)
{
    (void)state;
    refused("sym.bin", 7, OX_E_IO, "symbolic link");
    refused("abs.bin", 7, OX_E_IO, "symbolic link");
    refused("symdir/secret", 13, OX_E_IO, "symbolic link");
    refused("subdir/more.bin", 15, OX_E_IO, "symbolic link");
    refused("linked.bin", 10, OX_E_IO, "hard links");
    refused("linked.bin", 10, OX_E_IO, "--follow-links");
}

static void test_follow_links(void **state)
{
    (void)state;
    ox_error err;
    char text[16];
    assert_ok(try_open("sym.bin", 7, true, text, &err), &err);
    assert_string_equal(text, "weights");
    assert_ok(try_open("symdir/secret", 13, true, text, &err), &err);
    assert_string_equal(text, "secret");
    assert_ok(try_open("linked.bin", 10, true, text, &err), &err);
    assert_fails(try_open("../outside/secret", 17, true, text, &err), OX_E_FORMAT, "a part `..`", &err);
    assert_fails(try_open("fifo", 4, true, text, &err), OX_E_IO, "not a regular file", &err);
}

static void test_no_directory(void **state)
{
    (void)state;
    ox_error err;
    int fd;
    assert_fails(ox__open_beneath(&fd, dir_path("nowhere"), "a", 1, false, &err), OX_E_IO, "No such file", &err);
    assert_int_equal(fd, -1);
}

#define BOTH(f) \
    cmocka_unit_test_setup_teardown(f, setup, teardown), \
    { \
#f "/walk", f, setup, teardown, (void *)1 \
    }

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        BOTH(test_opens), BOTH(test_names),        BOTH(test_kinds),
        BOTH(test_links), BOTH(test_follow_links), BOTH(test_no_directory),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
