/* Floor 0. Opening files strictly beneath a directory: the rules for external data. What a model names is never
 * trusted; each refusal names its rule. */
#include "base/file.h"

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <unistd.h>

enum { MAX_RELATIVE = 4095 };

static const char follow_hint[] = "if you trust where it leads, use --follow-links";

static ox_status refuse(ox_error *err, const char *why)
{
    return ox__fail(err, OX_E_FORMAT, "the path of external data %s", why);
}

static bool is_letter(char c)
{
    return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z');
}

ox_status ox__check_relative(const char *rel, size_t n, ox_error *err)
{
    if (n == 0) return refuse(err, "is empty");
    if (n > MAX_RELATIVE) return ox__fail(err, OX_E_LIMIT, "the path of external data has %zu bytes", n);
    if (memchr(rel, '\0', n)) return refuse(err, "contains a NUL byte");
    if (memchr(rel, '\\', n)) return refuse(err, "contains a backslash");
    if (rel[0] == '/') return refuse(err, "is absolute");
    if (n >= 2 && rel[1] == ':' && is_letter(rel[0])) return refuse(err, "begins with a drive letter");
    for (size_t i = 0, end; i <= n; i = end + 1) {
        const char *slash = memchr(rel + i, '/', n - i);
        end = slash ? (size_t)(slash - rel) : n;
        if (end == i) return refuse(err, "has an empty part");
        if (end - i == 1 && rel[i] == '.') return refuse(err, "has a part `.`");
        if (end - i == 2 && rel[i] == '.' && rel[i + 1] == '.') return refuse(err, "has a part `..`");
    }
    return OX_OK;
}

/* Component by component, for kernels without openat2. Changes path, and puts it back. */
static int walk_beneath(int dir, char *path)
{
    int at = dir, fd;
    for (char *part = path, *slash; (slash = strchr(part, '/')); part = slash + 1) {
        *slash = '\0';
        fd = ox__sys_open(at, part, O_PATH | O_DIRECTORY | O_NOFOLLOW, 0);
        if (fd < 0 && errno == ENOTDIR) { /* what O_NOFOLLOW says of a link to a directory */
            struct stat st;
            errno = fstatat(at, part, &st, AT_SYMLINK_NOFOLLOW) == 0 && S_ISLNK(st.st_mode) ? ELOOP : ENOTDIR;
        }
        *slash = '/';
        int e = errno;
        if (at != dir) ox__sys_close(at);
        errno = e;
        if (fd < 0) return -1;
        at = fd;
    }
    fd = ox__sys_open(at, strrchr(path, '/') ? strrchr(path, '/') + 1 : path,
                      O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY, 0);
    int e = errno;
    if (at != dir) ox__sys_close(at);
    errno = e;
    return fd;
}

static int open_path(int dir, char *path, bool follow_links)
{
    const int flags = O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC;
    if (follow_links) return ox__sys_open(dir, path, flags, 0);
    int fd, tries = 0;
    do fd = ox__sys.openat_beneath(dir, path, flags);
    while (fd < 0 && (errno == EINTR || (errno == EAGAIN && ++tries < 8)));
    if (fd < 0 && (errno == ENOSYS || errno == EPERM || errno == EAGAIN || errno == E2BIG))
        fd = walk_beneath(dir, path);
    return fd;
}

/* What the opened thing must be: a regular file with one name. */
static ox_status check_opened(int fd, bool follow_links, ox_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return ox__errno(err, "cannot look at the file", NULL);
    if (!S_ISREG(st.st_mode)) return ox__fail(err, OX_E_IO, "external data is not a regular file");
    if (st.st_nlink > 1 && !follow_links) {
        ox__fail(err, OX_E_IO, "external data has %llu hard links: the file may belong elsewhere",
                 (unsigned long long)st.st_nlink);
        ox_error_hint(err, "%s", follow_hint);
        return OX_E_IO;
    }
    return OX_OK;
}

static ox_status open_in(int *out, int dir, char *path, bool follow_links, ox_error *err)
{
    int fd = open_path(dir, path, follow_links);
    if (fd < 0 && errno == ELOOP && !follow_links) {
        ox__fail(err, OX_E_IO, "external data lies behind a symbolic link");
        ox_error_hint(err, "%s", follow_hint);
        return OX_E_IO;
    }
    if (fd < 0 && errno == EXDEV) return refuse(err, "leads out of the model's directory");
    if (fd < 0 && errno == ENXIO) return ox__fail(err, OX_E_IO, "external data is not a regular file");
    if (fd < 0) return ox__errno(err, "cannot open external data", NULL);
    ox_status s = check_opened(fd, follow_links, err);
    if (s == OX_OK)
        *out = fd;
    else
        ox__sys_close(fd);
    return s;
}

ox_status ox__open_beneath(int *fd, const char *dir, const char *rel, size_t n, bool follow_links, ox_error *err)
{
    *fd = -1;
    if (!*dir) dir = ".";
    ox_status s = ox__check_relative(rel, n, err);
    if (s != OX_OK) { /* what is shown of the path ends at a NUL */
        ox_error_context(err, "'%.*s'", (int)OX__MIN(n, (size_t)200), rel);
        return s;
    }
    char *path = ox__strndup(rel, n);
    if (!path) return ox__nomem(err);
    int at = ox__sys_open(AT_FDCWD, dir, O_PATH | O_DIRECTORY, 0);
    if (at < 0) {
        s = ox__errno(err, "cannot open the directory of the model", dir);
    } else {
        s = open_in(fd, at, path, follow_links, err);
        ox__sys_close(at);
        if (s != OX_OK) {
            ox__buf place = {0};
            ox__buf_addf(&place, "%s/%s", dir, path);
            ox_error_at_line(err, place.p ? place.p : path, 0, 0);
            ox__buf_free(&place);
        }
    }
    ox__free(path);
    return s;
}
