/* Floor 0. Read-only maps of files, and streams read whole. The map owns its descriptor, its path and its bytes. */
#include "base/file.h"

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/mman.h>
#include <unistd.h>

/* A file of this size is weights for the most part: reading ahead of the walk over its structure would be in vain. */
#define LARGE_FILE ((uint64_t)64 << 20)
#define MAX_STREAM ((uint64_t)2 << 30)

static ox_status fail_at_path(ox_error *err, ox_status s, const char *path, const char *what)
{
    ox__fail(err, s, "%s", what);
    ox_error_at_line(err, path, 0, 0);
    return s;
}

static const char *kind_of(mode_t mode)
{
    if (S_ISDIR(mode)) return "this is a directory";
    if (S_ISFIFO(mode)) return "this is a pipe, not a file";
    if (S_ISSOCK(mode)) return "this is a socket";
    if (S_ISBLK(mode)) return "this is a block device";
    return "this is a device, not a file";
}

static ox_status map_regular(ox__map *out, ox_error *err)
{
    out->n = (uint64_t)out->st.st_size;
    if (out->n == 0) return OX_OK;
    void *p = mmap(NULL, out->n, PROT_READ, MAP_PRIVATE, out->fd, 0);
    if (p == MAP_FAILED) return ox__errno(err, "cannot map the file", out->path);
    out->p = p;
    if (out->n >= LARGE_FILE) madvise(p, out->n, MADV_RANDOM);
    return OX_OK;
}

/* Waits until fd has something to read or its writer is gone; the task is asked meanwhile. */
static ox_status wait_for(int fd, const ox_task *task, uint64_t done, ox_error *err)
{
    for (;;) {
        if (task && task->step && !task->step(task->ud, "reading", done, 0))
            return ox__fail(err, OX_E_INTERRUPTED, "interrupted");
        struct pollfd p = {fd, POLLIN, 0};
        int k = poll(&p, 1, 100);
        if (k > 0 || (k < 0 && errno != EINTR)) return OX_OK; /* a descriptor that cannot be polled is just read */
    }
}

static ox_status read_stream(ox__buf *b, int fd, const char *name, uint64_t max, const ox_task *task, ox_error *err)
{
    for (;;) {
        ox_status s = wait_for(fd, task, b->n, err);
        if (s != OX_OK) return s;
        if (b->cap - b->n < 4096 && !ox__buf_reserve(b, OX__MAX(b->n / 2, (size_t)65536))) return ox__nomem(err);
        ssize_t k = ox__sys.read(fd, b->p + b->n, b->cap - b->n - 1);
        if (k < 0 && (errno == EINTR || errno == EAGAIN)) continue;
        if (k < 0) return ox__errno(err, "cannot read", name);
        if (k == 0) return OX_OK;
        b->n += (size_t)k;
        if (b->n > max) {
            ox__fail(err, OX_E_LIMIT, "more than %llu bytes come from this pipe", (unsigned long long)max);
            ox_error_at_line(err, name, 0, 0);
            ox_error_hint(err, "save them to a file and open that");
            return OX_E_LIMIT;
        }
    }
}

ox_status ox__map_read_fd(ox__map *out, int fd, const char *name, uint64_t max, const ox_task *task, ox_error *err)
{
    memset(out, 0, sizeof *out);
    out->owned_memory = true;
    ox__buf b = {0};
    ox_status s = read_stream(&b, fd, name, max, task, err);
    if (s == OX_OK && !(out->path = ox__strndup(name, strlen(name)))) s = ox__nomem(err);
    if (s != OX_OK) {
        ox__buf_free(&b);
        ox__map_close(out);
        return s;
    }
    out->n = b.n;
    if (b.n == 0) {
        ox__buf_free(&b);
        return OX_OK;
    }
    char *tight = ox__realloc(b.p, b.n); /* gives back what doubling had in reserve; not vital */
    out->p = (const uint8_t *)(tight ? tight : b.p);
    return OX_OK;
}

ox_status ox__map_fd(ox__map *out, int fd, const char *path, ox_error *err)
{
    memset(out, 0, sizeof *out);
    out->fd = fd;
    out->path = ox__strndup(path, strlen(path));
    if (!out->path) {
        ox__sys_close(fd);
        return ox__nomem(err);
    }
    ox_status s = OX_OK;
    if (fstat(fd, &out->st) != 0)
        s = ox__errno(err, "cannot look at the file", path);
    else if (!S_ISREG(out->st.st_mode))
        s = fail_at_path(err, OX_E_IO, path, kind_of(out->st.st_mode));
    else
        s = map_regular(out, err);
    if (s != OX_OK) ox__map_close(out);
    return s;
}

static ox_status open_path(ox__map *out, const char *path, bool allow_stream, const ox_task *task, ox_error *err)
{
    memset(out, 0, sizeof *out);
    int fd = ox__sys_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK | O_NOCTTY, 0);
    if (fd < 0) return ox__errno(err, "cannot open", path);
    struct stat st;
    if (allow_stream && fstat(fd, &st) == 0 && (S_ISFIFO(st.st_mode) || S_ISCHR(st.st_mode))) {
        ox_status s = ox__map_read_fd(out, fd, path, MAX_STREAM, task, err);
        ox__sys_close(fd);
        return s;
    }
    return ox__map_fd(out, fd, path, err);
}

ox_status ox__map_open(ox__map *out, const char *path, bool allow_stream, ox_error *err)
{
    return open_path(out, path, allow_stream, NULL, err);
}

ox_status ox__map_open_any(ox__map *out, const char *path, const ox_task *task, ox_error *err)
{
    return open_path(out, path, true, task, err);
}

static bool same_time(const struct timespec *a, const struct timespec *b)
{
    return a->tv_sec == b->tv_sec && a->tv_nsec == b->tv_nsec;
}

ox_status ox__map_check(const ox__map *map, ox_error *err)
{
    struct stat now;
    if (map->owned_memory || !map->path) return OX_OK;
    if (fstat(map->fd, &now) != 0) return ox__errno(err, "cannot look at the file again", map->path);
    const char *what = NULL;
    if (now.st_size != map->st.st_size)
        what = "its size is another";
    else if (!same_time(&now.st_mtim, &map->st.st_mtim))
        what = "it was written to";
    else if (now.st_nlink == 0 && map->st.st_nlink != 0)
        what = "it was deleted or replaced";
    else if (!same_time(&now.st_ctim, &map->st.st_ctim))
        what = "it was touched or its links changed";
    if (!what) return OX_OK;
    ox__fail(err, OX_E_IO, "the file changed since it was opened: %s", what);
    ox_error_at_line(err, map->path, 0, 0);
    ox_error_hint(err, "open it again");
    return OX_E_IO;
}

void ox__map_replaced(ox__map *map)
{
    struct stat now;
    if (map->owned_memory || !map->path || fstat(map->fd, &now) != 0) return;
    if (now.st_size != map->st.st_size || !same_time(&now.st_mtim, &map->st.st_mtim)) return;
    map->st = now;
}

ox_status ox__map_read(const ox__map *map, uint64_t offset, void *dst, size_t n, ox_error *err)
{
    const char *what = "a length goes beyond the end of the file";
    ox_status code = OX_E_FORMAT;
    if (offset <= map->n && n <= map->n - offset) {
        if (map->owned_memory) {
            if (n) memcpy(dst, map->p + offset, n);
            return OX_OK;
        }
        ssize_t k = ox__sys_read_all(map->fd, dst, n, (off_t)offset);
        if (k < 0) return ox__errno(err, "cannot read", map->path);
        if ((size_t)k == n) return OX_OK;
        what = "the file became shorter while it was read";
        code = OX_E_IO;
    }
    ox__fail(err, code, "%s", what);
    ox_error_at_offset(err, map->path, offset);
    return code;
}

void ox__map_close(ox__map *map)
{
    if (map->owned_memory)
        ox__free((void *)(uintptr_t)map->p);
    else if (map->p)
        munmap((void *)(uintptr_t)map->p, map->n);
    if (map->path && !map->owned_memory) ox__sys_close(map->fd);
    ox__free(map->path);
    memset(map, 0, sizeof *map);
}
