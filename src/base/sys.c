/* Floor 0. The real system calls, and the failing ones that stand in for them in tests. */
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int real_openat(int dir, const char *path, int flags, mode_t mode)
{
    return openat(dir, path, flags, mode);
}

static int real_beneath(int dir, const char *path, int flags)
{
    struct open_how how = {.flags = (uint64_t)flags,
                           .resolve = RESOLVE_BENEATH | RESOLVE_NO_SYMLINKS | RESOLVE_NO_MAGICLINKS};
    return (int)syscall(SYS_openat2, dir, path, &how, sizeof how);
}

static ssize_t real_copy(int in, off_t *offset, int out, size_t n)
{
    return copy_file_range(in, offset, out, NULL, n, 0);
}

#define REAL \
    { \
        real_openat, real_beneath, read, pread, write, real_copy, fsync, ftruncate, renameat, close \
    }
static const ox__sys_table real = REAL;
ox__sys_table ox__sys = REAL;

/* ---- failing on request ---- */
static _Atomic uint64_t n_calls, fail_at;
static _Atomic int fail_error;
static _Atomic bool fail_on;

/* True if this call is to fail; then errno is set, unless it is to be short. */
static bool due(void)
{
    uint64_t i = atomic_fetch_add(&n_calls, 1) + 1, at = atomic_load(&fail_at);
    if (i != at && !(i > at && atomic_load(&fail_on))) return false;
    int e = atomic_load(&fail_error);
    if (e != OX__SYS_SHORT) errno = e;
    return true;
}

static bool is_short(void)
{
    return atomic_load(&fail_error) == OX__SYS_SHORT;
}

/* n, or what a failing call does of it: half, or nothing (0). */
static size_t share(size_t n)
{
    if (!due()) return n;
    return is_short() ? (n + 1) / 2 : 0;
}

static int failing_openat(int dir, const char *path, int flags, mode_t mode)
{
    return due() && !is_short() ? -1 : real.openat(dir, path, flags, mode);
}

static int failing_beneath(int dir, const char *path, int flags)
{
    return due() && !is_short() ? -1 : real.openat_beneath(dir, path, flags);
}

static ssize_t failing_read(int fd, void *p, size_t n)
{
    size_t k = share(n);
    return k || !n ? real.read(fd, p, k) : -1;
}

static ssize_t failing_pread(int fd, void *p, size_t n, off_t offset)
{
    size_t k = share(n);
    return k || !n ? real.pread(fd, p, k, offset) : -1;
}

static ssize_t failing_write(int fd, const void *p, size_t n)
{
    size_t k = share(n);
    return k || !n ? real.write(fd, p, k) : -1;
}

static ssize_t failing_copy(int in, off_t *offset, int out, size_t n)
{
    size_t k = share(n);
    return k || !n ? real.copy_range(in, offset, out, k) : -1;
}

static int failing_fsync(int fd)
{
    return due() && !is_short() ? -1 : real.fsync(fd);
}

static int failing_ftruncate(int fd, off_t n)
{
    return due() && !is_short() ? -1 : real.ftruncate(fd, n);
}

static int failing_renameat(int from_dir, const char *from, int to_dir, const char *to)
{
    return due() && !is_short() ? -1 : real.renameat(from_dir, from, to_dir, to);
}

static int failing_close(int fd)
{
    bool fails = due() && !is_short();
    int e = errno, r = real.close(fd);
    if (!fails) return r;
    errno = e;
    return -1;
}

void ox__sys_fail_at(uint64_t n, int error, bool persistent)
{
    static const ox__sys_table failing = {failing_openat,   failing_beneath, failing_read,  failing_pread,
                                          failing_write,    failing_copy,    failing_fsync, failing_ftruncate,
                                          failing_renameat, failing_close};
    if (n) atomic_store(&n_calls, 0);
    atomic_store(&fail_at, n);
    atomic_store(&fail_error, error);
    atomic_store(&fail_on, persistent);
    ox__sys = n ? failing : real;
}

uint64_t ox__sys_count(void)
{
    return atomic_load(&n_calls);
}

static int error_of(const char *name, size_t n)
{
    static const struct {
        const char *name;
        int error;
    } known[] = {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EDQUOT", EDQUOT}, {"EINTR", EINTR}, {"SHORT", OX__SYS_SHORT}};
    for (size_t i = 0; i < OX__COUNT(known); i++)
        if (strlen(known[i].name) == n && memcmp(known[i].name, name, n) == 0) return known[i].error;
    long e = strtol(name, NULL, 10);
    return e > 0 && e < 4096 ? (int)e : EIO;
}

__attribute__((constructor)) static void read_environment(void)
{
    const char *s = secure_getenv("ONNXSH_FAIL_SYS");
    if (!s || !*s) return;
    char *end;
    unsigned long long n = strtoull(s, &end, 10);
    size_t plus = strcspn(end, "+");
    ox__sys_fail_at(n, *end == ':' ? error_of(end + 1, plus - 1) : EIO, end[plus] == '+');
}

/* ---- going on after EINTR and short counts ---- */
int ox__sys_open(int dir, const char *path, int flags, mode_t mode)
{
    int fd;
    do fd = ox__sys.openat(dir, path, flags | O_CLOEXEC, mode);
    while (fd < 0 && errno == EINTR);
    return fd;
}

bool ox__sys_write_all(int fd, const void *p, size_t n)
{
    const char *c = p;
    while (n) {
        ssize_t k = ox__sys.write(fd, c, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) {
            if (k == 0) errno = EIO;
            return false;
        }
        c += k;
        n -= (size_t)k;
    }
    return true;
}

ssize_t ox__sys_read_all(int fd, void *p, size_t n, off_t offset)
{
    size_t got = 0;
    while (got < n) {
        ssize_t k = ox__sys.pread(fd, (char *)p + got, n - got, offset + (off_t)got);
        if (k < 0 && errno == EINTR) continue;
        if (k < 0) return -1;
        if (k == 0) break;
        got += (size_t)k;
    }
    return (ssize_t)got;
}

int ox__sys_fsync(int fd)
{
    int r;
    do r = ox__sys.fsync(fd);
    while (r < 0 && errno == EINTR);
    return r;
}

int ox__sys_close(int fd)
{
    int r = ox__sys.close(fd);
    return r < 0 && errno == EINTR ? 0 : r;
}
