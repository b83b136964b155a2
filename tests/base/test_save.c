/* The atomic save: whatever fails, and whenever the process is killed, the target is the old file or the new one. */
#include "ox_test.h"

#include "base/file.h"
#include "base/sys.h"
#include "ox_dir.h"

#include <errno.h>
#include <signal.h>
#include <sys/file.h>
#include <sys/wait.h>

enum { LARGE = 700000 };

static char old_bytes[LARGE], new_bytes[LARGE];
static ox__map source;

static int setup(void **state)
{
    if (dir_setup(state) != 0) return -1;
    for (size_t i = 0; i < LARGE; i++) {
        old_bytes[i] = (char)('a' + i % 23);
        new_bytes[i] = (char)('A' + i % 19);
    }
    dir_write("source", new_bytes, LARGE);
    return ox__map_open(&source, dir_path("source"), false, NULL) == OX_OK ? 0 : -1;
}

static int teardown(void **state)
{
    ox__sys_fail_at(0, 0, false);
    ox__alloc_fail_at(0, false);
    ox__map_close(&source);
    return dir_teardown(state);
}

/* All ways of writing: small, larger than the buffer, copies small and large, padding. Makes the bytes of `source`. */
static ox_status save(const char *name, ox_error *err)
{
    ox__save *sv;
    ox_status s = ox__save_open(&sv, dir_path(name), err);
    if (s != OX_OK) return s;
    ox__save_write(sv, new_bytes, 100);
    ox__save_copy(sv, &source, 100, 1000, NULL);
    ox__save_write(sv, new_bytes + 1100, 270000);
    ox__save_copy(sv, &source, 271100, LARGE - 271100 - 7, NULL);
    ox__save_write(sv, new_bytes + LARGE - 7, 7);
    return ox__save_commit(sv, err);
}

static bool holds(const char *name, const char *want, size_t n)
{
    size_t got = 0;
    char *p = dir_read(name, &got);
    bool same = p && got == n && memcmp(p, want, n) == 0;
    free(p);
    return same;
}

static void test_new_file(void **state)
{
    (void)state;
    ox_error err;
    struct stat st;
    mode_t mask = umask(027);
    ox_status s = save("new", &err);
    umask(mask);
    assert_int_equal(s, OX_OK);
    assert_true(holds("new", new_bytes, LARGE));
    assert_int_equal(stat(dir_path("new"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0640);
    assert_int_equal(dir_count(".onnxsh-"), 0);
}

static void test_padding(void **state)
{
    (void)state;
    ox_error err;
    ox__save *sv;
    assert_ok(ox__save_open(&sv, dir_path("padded"), &err), &err);
    ox__save_pad(sv, 64);
    assert_int_equal(ox__save_offset(sv), 0);
    ox__save_write(sv, "abc", 3);
    ox__save_pad(sv, 4096 * 3);
    assert_int_equal(ox__save_offset(sv), 4096 * 3);
    ox__save_pad(sv, 0);
    ox__save_copy(sv, &source, 5, 0, NULL);
    assert_ok(ox__save_commit(sv, &err), &err);
    size_t n;
    char *p = dir_read("padded", &n);
    assert_int_equal(n, 4096 * 3);
    assert_memory_equal(p, "abc\0\0", 5);
    assert_int_equal(p[4096 * 3 - 1], 0);
    free(p);
}

static void test_mode_and_link(void **state)
{
    (void)state;
    ox_error err;
    struct stat st;
    assert_int_equal(mkdir(dir_path("sub"), 0777), 0);
    dir_write("sub/real", old_bytes, 10);
    assert_int_equal(chmod(dir_path("sub/real"), 0604), 0);
    assert_int_equal(symlink("sub/hop", dir_path("link")), 0);
    assert_int_equal(symlink("real", dir_path("sub/hop")), 0);
    assert_ok(save("link", &err), &err);
    assert_true(holds("sub/real", new_bytes, LARGE));
    assert_int_equal(lstat(dir_path("link"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(lstat(dir_path("sub/hop"), &st), 0);
    assert_true(S_ISLNK(st.st_mode));
    assert_int_equal(stat(dir_path("sub/real"), &st), 0);
    assert_int_equal(st.st_mode & 07777, 0604);
    /* a link whose target is not there yet */
    assert_int_equal(symlink("sub/later", dir_path("dangling")), 0);
    assert_ok(save("dangling", &err), &err);
    assert_true(holds("sub/later", new_bytes, LARGE));
}

static void test_refused(void **state)
{
    (void)state;
    ox_error err;
    assert_fails(save("no/such/dir/file", &err), OX_E_IO, "No such file", &err);
    assert_int_equal(mkdir(dir_path("dir"), 0777), 0);
    assert_fails(save("dir", &err), OX_E_IO, "not a regular file", &err);
    assert_fails(save("dir/", &err), OX_E_IO, "names a directory", &err);
    assert_int_equal(symlink("loop", dir_path("loop")), 0);
    assert_fails(save("loop", &err), OX_E_IO, "symbolic link", &err);
    assert_int_equal(mkfifo(dir_path("fifo"), 0666), 0);
    assert_fails(save("fifo", &err), OX_E_IO, "not a regular file", &err);
    dir_write("readonly", old_bytes, 10);
    chmod(dir_path("readonly"), 0444);
    if (geteuid() != 0) assert_fails(save("readonly", &err), OX_E_IO, "Permission denied", &err);
    assert_int_equal(dir_count(".onnxsh-"), 0);
}

static void test_abort(void **state)
{
    (void)state;
    ox_error err;
    ox__save *sv;
    dir_write("target", old_bytes, LARGE);
    assert_ok(ox__save_open(&sv, dir_path("target"), &err), &err);
    assert_int_equal(dir_count(".onnxsh-"), 1);
    ox__save_write(sv, new_bytes, LARGE);
    ox__save_abort(sv);
    ox__save_abort(NULL);
    assert_true(holds("target", old_bytes, LARGE));
    assert_int_equal(dir_count(".onnxsh-"), 0);
}

static void test_bad_span(void **state)
{
    (void)state;
    ox_error err;
    ox__save *sv;
    assert_ok(ox__save_open(&sv, dir_path("target"), &err), &err);
    ox__save_copy(sv, &source, LARGE - 1, 2, NULL);
    ox__save_write(sv, "x", 1); /* does nothing any more */
    assert_int_equal(ox__save_offset(sv), 0);
    assert_fails(ox__save_status(sv, &err), OX_E_FORMAT, "beyond the end", &err);
    assert_fails(ox__save_commit(sv, &err), OX_E_FORMAT, "beyond the end", &err);
    assert_ok(ox__save_open(&sv, dir_path("target"), &err), &err);
    ox__save_copy(sv, &source, UINT64_MAX, 2, NULL);
    assert_fails(ox__save_commit(sv, &err), OX_E_FORMAT, "beyond the end", &err);
    assert_int_equal(dir_count(""), 1);
}

static bool stop(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)ud, (void)what, (void)done, (void)total;
    return false;
}

static void test_interrupted(void **state)
{
    (void)state;
    ox_error err;
    ox__save *sv;
    const ox_task task = {stop, NULL};
    dir_write("target", old_bytes, LARGE);
    assert_ok(ox__save_open(&sv, dir_path("target"), &err), &err);
    ox__save_copy(sv, &source, 0, LARGE, &task);
    assert_fails(ox__save_commit(sv, &err), OX_E_INTERRUPTED, "interrupted", &err);
    assert_true(holds("target", old_bytes, LARGE));
}

/* A source that is swapped, or cut, between its last copy and the rename. */
static void test_source_changes(void **state)
{
    (void)state;
    ox_error err;
    ox__save *sv;
    dir_write("target", old_bytes, LARGE);
    assert_ok(ox__save_open(&sv, dir_path("target"), &err), &err);
    ox__save_copy(sv, &source, 0, LARGE, NULL);
    assert_int_equal(unlink(dir_path("source")), 0);
    assert_fails(ox__save_commit(sv, &err), OX_E_IO, "deleted", &err);
    assert_true(holds("target", old_bytes, LARGE));
    ox__map_close(&source);
    dir_write("source", new_bytes, LARGE);
    assert_ok(ox__map_open(&source, dir_path("source"), false, &err), &err);
    assert_ok(ox__save_open(&sv, dir_path("target"), &err), &err);
    ox__save_copy(sv, &source, 0, 10, NULL);
    assert_int_equal(truncate(dir_path("source"), 5), 0);
    ox__save_copy(sv, &source, LARGE - 50, 50, NULL); /* the page is gone: SIGBUS inside */
    assert_fails(ox__save_commit(sv, &err), OX_E_IO, "became shorter", &err);
    assert_true(holds("target", old_bytes, LARGE));
    assert_int_equal(dir_count(".onnxsh-"), 0);
}

/* The file that is mapped is the one that is replaced. */
static void test_in_place(void **state)
{
    (void)state;
    ox_error err;
    ox__save *sv;
    assert_ok(ox__save_open(&sv, dir_path("source"), &err), &err);
    ox__save_write(sv, "head", 4);
    ox__save_copy(sv, &source, 0, LARGE, NULL);
    assert_ok(ox__save_commit(sv, &err), &err);
    ox__map_replaced(&source);
    assert_ok(ox__map_check(&source, &err), &err);
    assert_memory_equal(source.p, new_bytes, LARGE);
    size_t n;
    char *p = dir_read("source", &n);
    assert_int_equal(n, LARGE + 4);
    assert_memory_equal(p + 4, new_bytes, LARGE);
    free(p);
}

static int no_copy_range_error;
static ssize_t no_copy_range(int in, off_t *offset, int out, size_t n)
{
    (void)in, (void)offset, (void)out, (void)n;
    errno = no_copy_range_error;
    return no_copy_range_error ? -1 : 0;
}

static void test_without_copy_range(void **state)
{
    (void)state;
    ox_error err;
    static const int errors[] = {ENOSYS, EXDEV, EINVAL, EOPNOTSUPP, 0};
    for (size_t i = 0; i < OX__COUNT(errors); i++) {
        no_copy_range_error = errors[i];
        ox__sys.copy_range = no_copy_range;
        ox_status s = save("target", &err);
        ox__sys_fail_at(0, 0, false);
        assert_int_equal(s, OX_OK);
        assert_true(holds("target", new_bytes, LARGE));
    }
}

/* Every call of a save fails in turn, in every way (goal R4). */
static void test_faults(void **state)
{
    (void)state;
    ox_error err;
    static const int ways[] = {EIO, ENOSPC, EDQUOT, EINTR, OX__SYS_SHORT};
    int points = 0;
    for (int by_hand = 0; by_hand < 2; by_hand++) {
        for (size_t w = 0; w < OX__COUNT(ways); w++) {
            for (uint64_t n = 1;; n++, points++) {
                dir_write("target", old_bytes, LARGE);
                chmod(dir_path("target"), 0640);
                ox__sys_fail_at(n, ways[w], false);
                if (by_hand) ox__sys.copy_range = no_copy_range;
                no_copy_range_error = EXDEV;
                ox_status s = save("target", &err);
                uint64_t calls = ox__sys_count();
                ox__sys_fail_at(0, 0, false);
                bool is_new = holds("target", new_bytes, LARGE);
                if (!is_new && !holds("target", old_bytes, LARGE)) fail_msg("call %d: the target is torn", (int)n);
                if (s == OX_OK && !is_new) fail_msg("call %d: success, but not saved", (int)n);
                if (s != OX_OK && (ways[w] == EINTR || ways[w] == OX__SYS_SHORT))
                    fail_msg("call %d: not gone on with: %s", (int)n, err.msg);
                if (s != OX_OK && (err.code != s || !err.msg[0] || !err.file[0]))
                    fail_msg("call %d: no message", (int)n);
                assert_int_equal(dir_count(".onnxsh-"), 0);
                struct stat st;
                assert_int_equal(stat(dir_path("target"), &st), 0);
                assert_int_equal(st.st_mode & 07777, 0640);
                if (calls < n) break; /* it was never reached */
            }
        }
    }
    assert_true(points > 90);
}

/* The disk stays full. */
static void test_persistent_faults(void **state)
{
    (void)state;
    ox_error err;
    for (uint64_t n = 1; n < 12; n++) {
        dir_write("target", old_bytes, LARGE);
        ox__sys_fail_at(n, ENOSPC, true);
        ox_status s = save("target", &err);
        ox__sys_fail_at(0, 0, false);
        if (s == OX_OK) break; /* all but the last close had been done */
        assert_int_equal(s, OX_E_IO);
        assert_true(holds("target", old_bytes, LARGE) || holds("target", new_bytes, LARGE));
        assert_int_equal(dir_count(".onnxsh-"), 0);
    }
    ox__sys_fail_at(3, ENOSPC, false);
    assert_fails(save("target", &err), OX_E_IO, "the disk is full", &err);
}

static void test_out_of_memory(void **state)
{
    (void)state;
    ox_error err;
    dir_write("target", old_bytes, LARGE);
    for (uint64_t n = 1;; n++) {
        ox__alloc_fail_at(n, false);
        ox_status s = save("target", &err);
        ox__alloc_fail_at(0, false);
        if (s == OX_OK) {
            assert_true(n > 4);
            break;
        }
        assert_int_equal(s, OX_E_NOMEM);
        assert_true(holds("target", old_bytes, LARGE));
        assert_int_equal(dir_count(".onnxsh-"), 0);
    }
}

/* SIGKILL at a random moment (goal R5): old or new, never torn; mode kept. */
static void test_kill(void **state)
{
    (void)state;
    unsigned seed = 1, n_old = 0, n_new = 0;
    dir_write("target", old_bytes, LARGE);
    chmod(dir_path("target"), 0640);
    for (int i = 0; i < 100; i++) {
        pid_t pid = fork();
        if (pid == 0) {
            ox_error err;
            for (;;)
                if (save("target", &err) != OX_OK) _exit(1);
        }
        seed = seed * 1103515245 + 12345;
        usleep(500 + (seed >> 16) % 8000);
        kill(pid, SIGKILL);
        int status;
        waitpid(pid, &status, 0);
        assert_true(WIFSIGNALED(status));
        bool is_old = holds("target", old_bytes, LARGE);
        if (!is_old && !holds("target", new_bytes, LARGE)) fail_msg("torn after kill %d", i);
        n_old += is_old, n_new += !is_old;
        struct stat st;
        assert_int_equal(stat(dir_path("target"), &st), 0);
        assert_int_equal(st.st_mode & 07777, 0640);
        if (!is_old) dir_write("target", old_bytes, LARGE);
    }
    ox_error err;
    assert_ok(save("target", &err), &err);
    assert_int_equal(dir_count(".onnxsh-"), 0);
    assert_true(n_old > 0 && n_new > 0);
}

/* ---- what killed saves left ---- */

/* A name that a temporary file may have. */
static const char *const left = ".onnxsh-0123456789abcdef";

static void test_stale(void **state)
{
    (void)state;
    ox_error err;
    dir_write(left, old_bytes, 100);
    assert_ok(save("target", &err), &err);
    assert_int_equal(dir_count(".onnxsh-"), 0);
}

/* Held by its writer, of another name, no regular file, with a second name, of another owner: none of them goes. */
static void test_not_stale(void **state)
{
    (void)state;
    ox_error err;
    static const char *const names[] = {".onnxsh-0123456789abcde", ".onnxsh-0123456789abcdef0",
                                        ".onnxsh-0123456789ABCDEF", ".onnxsh-", ".onnxsh-model.onnx......"};
    for (size_t i = 0; i < OX__COUNT(names); i++) dir_write(names[i], old_bytes, 10);
    dir_write(left, old_bytes, 100);
    int fd = open(dir_path(left), O_RDONLY | O_CLOEXEC);
    assert_true(fd >= 0 && flock(fd, LOCK_EX) == 0);
    assert_int_equal(mkdir(dir_path(".onnxsh-0000000000000001"), 0777), 0);
    assert_int_equal(symlink("source", dir_path(".onnxsh-0000000000000002")), 0);
    assert_int_equal(mkfifo(dir_path(".onnxsh-0000000000000003"), 0666), 0);
    dir_write(".onnxsh-0000000000000004", old_bytes, 10);
    assert_int_equal(link(dir_path(".onnxsh-0000000000000004"), dir_path("second")), 0);
    int before = dir_count(".onnxsh-");
    if (geteuid() == 0) {
        dir_write(".onnxsh-0000000000000005", old_bytes, 10);
        assert_int_equal(chown(dir_path(".onnxsh-0000000000000005"), 1, 1), 0);
        before++;
    }
    assert_ok(save("target", &err), &err);
    assert_int_equal(dir_count(".onnxsh-"), before);
    close(fd);
    assert_ok(save("target", &err), &err);
    assert_int_equal(dir_count(".onnxsh-"), before - 1);
}

/* Two saves in one directory leave each other's temporary files alone. */
static void test_two_saves(void **state)
{
    (void)state;
    ox_error err;
    ox__save *sv;
    assert_ok(ox__save_open(&sv, dir_path("one"), &err), &err);
    ox__save_write(sv, new_bytes, LARGE);
    assert_ok(save("other", &err), &err);
    assert_int_equal(dir_count(".onnxsh-"), 1);
    assert_ok(ox__save_commit(sv, &err), &err);
    assert_true(holds("one", new_bytes, LARGE));
    assert_true(holds("other", new_bytes, LARGE));
    assert_int_equal(dir_count(".onnxsh-"), 0);
}

/* The file that a save has just made is taken away before it is held: it makes another. */
static int takers;
static int take_first(int dir, const char *path, int flags, mode_t mode)
{
    int fd = openat(dir, path, flags, mode);
    if (fd >= 0 && (flags & O_EXCL) && takers++ == 0) unlinkat(dir, path, 0);
    return fd;
}

static void test_taken(void **state)
{
    (void)state;
    ox_error err;
    takers = 0;
    ox__sys.openat = take_first;
    ox_status s = save("target", &err);
    ox__sys_fail_at(0, 0, false);
    assert_ok(s, &err);
    assert_int_equal(takers, 2);
    assert_true(holds("target", new_bytes, LARGE));
    assert_int_equal(dir_count(".onnxsh-"), 0);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_new_file),
        IN_DIR(test_padding),
        IN_DIR(test_mode_and_link),
        IN_DIR(test_refused),
        IN_DIR(test_abort),
        IN_DIR(test_bad_span),
        IN_DIR(test_interrupted),
        IN_DIR(test_source_changes),
        IN_DIR(test_in_place),
        IN_DIR(test_faults),
        IN_DIR(test_without_copy_range),
        IN_DIR(test_persistent_faults),
        IN_DIR(test_out_of_memory),
        IN_DIR(test_kill),
        IN_DIR(test_stale),
        IN_DIR(test_not_stale),
        IN_DIR(test_two_saves),
        IN_DIR(test_taken),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
