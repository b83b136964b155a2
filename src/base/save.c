/* Floor 0. The atomic save: a temporary file beside the target, synced and renamed over it. Until the rename the old
 * file is untouched; after it the new one is whole. The ox__save owns its descriptors and the temporary file. */
#include "base/file.h"

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <limits.h>
#include <stdio.h>
#include <sys/random.h>
#include <unistd.h>

enum { BUFFER = 256 << 10, COPY_STEP = 1 << 20, PUSH_STEP = 8 << 20, MAX_LINKS = 40 };

typedef struct source {
    const ox__map *map; /* borrowed */
} source;

struct ox__save {
    int dir, fd;   /* -1 = none */
    int hold;      /* the lock of the temporary file from when fd is closed until it has its name; -1 = none */
    char *shown;   /* the path as given, for errors */
    char *target;  /* where it leads, symbolic links followed */
    char *base;    /* its last part */
    char temp[32]; /* name of the temporary file in dir; "" = there is none */
    bool exists;
    struct stat st; /* of the old file, if it exists */
    char *buf;
    size_t n;         /* bytes in buf */
    uint64_t written; /* bytes taken, those in buf included */
    uint64_t pushed;  /* of these, the disk was asked to begin with so many */
    ox_status status; /* the first failure, and what it says */
    ox_error error;
    OX__VEC(source) sources; /* maps that were copied from: checked once more before the rename */
};

static ox_status io_error(ox_error *err, const char *what, const char *path)
{
    int e = errno;
    ox_status s = ox__errno(err, what, path);
    if (e == ENOSPC || e == EDQUOT)
        ox_error_hint(err, "%s",
                      e == ENOSPC ? "the disk is full: free some space and try again" : "your disk quota is used up");
    return s;
}

/* Follows path as far as it is a symbolic link, the last target need not exist. NULL with errno. */
static char *follow(const char *path)
{
    char *at = ox__strndup(path, strlen(path));
    for (int i = 0; at && i < MAX_LINKS; i++) {
        char link[PATH_MAX];
        ssize_t n = readlink(at, link, sizeof link);
        if (n < 0) return at; /* no link, or not there */
        if ((size_t)n == sizeof link) break;
        char *slash = strrchr(at, '/');
        size_t keep = link[0] == '/' || !slash ? 0 : (size_t)(slash + 1 - at);
        char *next = ox__alloc(keep + (size_t)n + 1);
        if (next) {
            memcpy(next, at, keep);
            memcpy(next + keep, link, (size_t)n);
            next[keep + (size_t)n] = '\0';
        }
        ox__free(at);
        at = next;
    }
    errno = at ? ELOOP : ENOMEM;
    ox__free(at);
    return NULL;
}

static ox_status open_dir(ox__save *sv, ox_error *err)
{
    char *slash = strrchr(sv->target, '/');
    sv->base = slash ? slash + 1 : sv->target;
    if (!*sv->base) {
        ox_status s = ox__fail(err, OX_E_IO, "this names a directory, not a file");
        ox_error_at_line(err, sv->shown, 0, 0);
        return s;
    }
    char first = *sv->base; /* the directory is what stands before the last part */
    if (slash) *sv->base = '\0';
    sv->dir = ox__sys_open(AT_FDCWD, slash ? sv->target : ".", O_RDONLY | O_DIRECTORY, 0);
    *sv->base = first;
    return sv->dir < 0 ? io_error(err, "cannot open the directory to save in", sv->shown) : OX_OK;
}

static ox_status check_target(ox__save *sv, ox_error *err)
{
    sv->exists = fstatat(sv->dir, sv->base, &sv->st, 0) == 0;
    if (!sv->exists) return OX_OK;
    if (!S_ISREG(sv->st.st_mode)) {
        ox__fail(err, OX_E_IO, "cannot save here: this is not a regular file");
        ox_error_at_line(err, sv->shown, 0, 0);
        return OX_E_IO;
    }
    if (faccessat(sv->dir, sv->base, W_OK, AT_EACCESS) != 0)
        return io_error(err, "cannot save over this file", sv->shown);
    return OX_OK;
}

static ox_status open_temp(ox__save *sv, ox_error *err)
{
    for (int i = 0; i < 16; i++) {
        uint64_t r = 0;
        if (getrandom(&r, sizeof r, GRND_NONBLOCK) != sizeof r) r = (uint64_t)getpid() << 32 | (unsigned)i;
        char name[sizeof sv->temp];
        snprintf(name, sizeof name, ".onnxsh-%016" PRIx64, r);
        sv->fd = ox__sys_open(sv->dir, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, sv->exists ? 0600 : 0666);
        if (sv->fd >= 0) {
            memcpy(sv->temp, name, sizeof name);
            if (ox__temporary_hold(sv->fd)) return OX_OK;
            ox__sys_close(sv->fd);
            unlinkat(sv->dir, name, 0);
            sv->fd = -1;
            sv->temp[0] = '\0';
            errno = EEXIST;
        }
        if (errno != EEXIST) break;
    }
    return io_error(err, "cannot make a file in the directory to save in", sv->shown);
}

ox_status ox__save_open(ox__save **out, const char *path, ox_error *err)
{
    *out = NULL;
    ox__save *sv = ox__calloc(1, sizeof *sv);
    if (!sv) return ox__nomem(err);
    sv->dir = sv->fd = sv->hold = -1;
    ox_status s = OX_OK;
    if (!(sv->buf = ox__alloc(BUFFER)) || !(sv->shown = ox__strndup(path, strlen(path))))
        s = ox__nomem(err);
    else if (!(sv->target = follow(path)))
        s = io_error(err, "cannot follow the symbolic link", path);
    if (s == OX_OK) s = open_dir(sv, err);
    if (s == OX_OK) s = check_target(sv, err);
    if (s == OX_OK) ox__temporary_sweep(sv->dir);
    if (s == OX_OK) s = open_temp(sv, err);
    if (s == OX_OK)
        *out = sv;
    else
        ox__save_abort(sv);
    return s;
}

/* Keeps the first failure; errno says what the system had against it. */
static void fail_write(ox__save *sv)
{
    if (sv->status == OX_OK) sv->status = io_error(&sv->error, "cannot write", sv->shown);
}

/* The sync at the end waits for the disk; what it can write meanwhile need not be waited for. Only a wish: whether it
 * is granted does not matter. */
static void push_on(ox__save *sv)
{
    uint64_t out = sv->written - sv->n;
    if (sv->status != OX_OK || out - sv->pushed < PUSH_STEP) return;
    (void)sync_file_range(sv->fd, (off_t)sv->pushed, (off_t)(out - sv->pushed), SYNC_FILE_RANGE_WRITE);
    sv->pushed = out;
}

static void flush(ox__save *sv)
{
    if (sv->status != OX_OK || sv->n == 0) return;
    if (!ox__sys_write_all(sv->fd, sv->buf, sv->n)) fail_write(sv);
    sv->n = 0;
    push_on(sv);
}

void ox__save_write(ox__save *sv, const void *p, size_t n)
{
    if (sv->status != OX_OK) return;
    if (n > BUFFER - sv->n) flush(sv);
    sv->written += n;
    if (n >= BUFFER) {
        if (sv->status == OX_OK && !ox__sys_write_all(sv->fd, p, n)) fail_write(sv);
        push_on(sv);
    } else if (n) {
        memcpy(sv->buf + sv->n, p, n);
        sv->n += n;
    }
}

void ox__save_pad(ox__save *sv, uint64_t to_multiple)
{
    static const char zeros[4096];
    uint64_t left = to_multiple ? (to_multiple - sv->written % to_multiple) % to_multiple : 0;
    while (left) {
        size_t k = (size_t)OX__MIN(left, (uint64_t)sizeof zeros);
        ox__save_write(sv, zeros, k);
        left -= k;
        if (sv->status != OX_OK) return;
    }
}

/* Copies up to COPY_STEP bytes inside the kernel; false if it must be done by hand, or failed (sv->status). */
static bool copy_in_kernel(ox__save *sv, const ox__map *map, uint64_t offset, uint64_t n, uint64_t *done)
{
    off_t from = (off_t)offset;
    ssize_t k;
    do k = ox__sys.copy_range(map->fd, &from, sv->fd, (size_t)OX__MIN(n, (uint64_t)COPY_STEP));
    while (k < 0 && errno == EINTR);
    if (k > 0) {
        *done = (uint64_t)k;
        sv->written += (uint64_t)k;
        push_on(sv);
        return true;
    }
    if (k < 0 && (errno == EIO || errno == ENOSPC || errno == EDQUOT || errno == EFBIG || errno == ENOMEM))
        fail_write(sv);
    return false; /* not between these file systems, or the file is shorter: reading will tell */
}

static void became_shorter(ox__save *sv, const ox__map *map)
{
    sv->status = ox__fail(&sv->error, OX_E_IO, "the file became shorter while it was read");
    ox_error_at_line(&sv->error, map->path, 0, 0);
}

static void copy_by_hand(ox__save *sv, const ox__map *map, uint64_t offset, uint64_t n, uint64_t *done)
{
    flush(sv);
    if (sv->status != OX_OK) return;
    size_t want = (size_t)OX__MIN(n, (uint64_t)BUFFER);
    ssize_t k = ox__sys_read_all(map->fd, sv->buf, want, (off_t)offset);
    if (k < 0) {
        sv->status = io_error(&sv->error, "cannot read", map->path);
    } else if ((size_t)k < want) {
        became_shorter(sv, map);
    } else {
        sv->n = want;
        sv->written += want;
        *done = want;
    }
}

/* A large span, in steps between which the task is asked. */
static void copy_large(ox__save *sv, const ox__map *map, uint64_t offset, uint64_t n, const ox_task *task)
{
    bool in_kernel = !map->owned_memory;
    flush(sv);
    for (uint64_t done = 0, k = 0; sv->status == OX_OK && done < n; done += k, k = 0) {
        if (task && task->step && !task->step(task->ud, "saving", done, n)) {
            sv->status = ox__fail(&sv->error, OX_E_INTERRUPTED, "interrupted");
            return;
        }
        if (map->owned_memory) {
            k = OX__MIN(n - done, (uint64_t)COPY_STEP);
            ox__save_write(sv, map->p + offset + done, (size_t)k);
            continue;
        }
        if (in_kernel) in_kernel = copy_in_kernel(sv, map, offset + done, n - done, &k);
        if (!in_kernel && sv->status == OX_OK) copy_by_hand(sv, map, offset + done, n - done, &k);
    }
}

typedef struct piece {
    ox__save *sv;
    const uint8_t *p;
    size_t n;
} piece;

static ox_status write_piece(void *ud, ox_error *err)
{
    piece *c = ud;
    (void)err;
    memcpy(c->sv->buf + c->sv->n, c->p, c->n);
    return OX_OK;
}

/* A small span gathers in the buffer without any system call. */
static void copy_small(ox__save *sv, const ox__map *map, uint64_t offset, uint64_t n)
{
    if (n > BUFFER - sv->n) flush(sv);
    if (sv->status != OX_OK || n == 0) return;
    piece c = {sv, map->p + offset, (size_t)n};
    sv->status = ox__guarded(write_piece, &c, map->path, &sv->error);
    if (sv->status != OX_OK) return;
    sv->n += (size_t)n;
    sv->written += n;
}

/* Remembers a map for the check before the rename; true if it is a new one. */
static bool note_source(ox__save *sv, const ox__map *map)
{
    for (size_t i = sv->sources.n; i-- > 0;)
        if (sv->sources.p[i].map == map) return false;
    if (!ox__vec_push(&sv->sources, (source){map})) sv->status = ox__nomem(&sv->error);
    return true;
}

void ox__save_copy(ox__save *sv, const ox__map *map, uint64_t offset, uint64_t n, const ox_task *task)
{
    if (sv->status != OX_OK) return;
    if (offset > map->n || n > map->n - offset) {
        sv->status =
            ox__fail(&sv->error, OX_E_FORMAT, "a span of %" PRIu64 " bytes goes beyond the end of the file", n);
        ox_error_at_offset(&sv->error, map->path, offset);
        return;
    }
    bool check = note_source(sv, map) || n >= BUFFER;
    if (check && sv->status == OX_OK) sv->status = ox__map_check(map, &sv->error);
    if (sv->status != OX_OK) return;
    if (n < BUFFER)
        copy_small(sv, map, offset, n);
    else
        copy_large(sv, map, offset, n, task);
}

uint64_t ox__save_offset(const ox__save *sv)
{
    return sv->written;
}

ox_status ox__save_status(const ox__save *sv, ox_error *err)
{
    if (sv->status != OX_OK && err) *err = sv->error;
    return sv->status;
}

/* The mode of the old file; its owner too where the system lets us, else without set-id bits. */
static bool take_over_mode(ox__save *sv)
{
    if (!sv->exists) return true;
    mode_t mode = sv->st.st_mode & 07777;
    if ((sv->st.st_uid != geteuid() || sv->st.st_gid != getegid()) && fchown(sv->fd, sv->st.st_uid, sv->st.st_gid) != 0)
        mode &= 0777;
    return fchmod(sv->fd, mode) == 0;
}

static ox_status finish(ox__save *sv, ox_error *err)
{
    flush(sv);
    for (size_t i = 0; i < sv->sources.n && sv->status == OX_OK; i++)
        sv->status = ox__map_check(sv->sources.p[i].map, &sv->error);
    if (sv->status != OX_OK) return ox__save_status(sv, err);
    if (!take_over_mode(sv)) return io_error(err, "cannot set the mode of the new file", sv->shown);
    if (ox__sys_fsync(sv->fd) != 0) return io_error(err, "cannot bring the data to the disk", sv->shown);
    int fd = sv->fd;
    sv->fd = -1;
    sv->hold = fcntl(fd, F_DUPFD_CLOEXEC, 0);
    if (ox__sys_close(fd) != 0) return io_error(err, "cannot close the new file", sv->shown);
    int r;
    do r = ox__sys.renameat(sv->dir, sv->temp, sv->dir, sv->base);
    while (r < 0 && errno == EINTR);
    if (r < 0) return io_error(err, "cannot put the new file in place", sv->shown);
    sv->temp[0] = '\0';
    if (ox__sys_fsync(sv->dir) != 0 && errno != EINVAL && errno != ENOTSUP) {
        return io_error(err, "the file is saved, but the disk did not confirm it", sv->shown);
    }
    return OX_OK;
}

ox_status ox__save_commit(ox__save *sv, ox_error *err)
{
    ox_status s = finish(sv, err);
    ox__save_abort(sv);
    return s;
}

void ox__save_abort(ox__save *sv)
{
    if (!sv) return;
    if (sv->fd >= 0) ox__sys_close(sv->fd);
    if (sv->temp[0]) unlinkat(sv->dir, sv->temp, 0);
    if (sv->hold >= 0) close(sv->hold);
    if (sv->dir >= 0) ox__sys_close(sv->dir);
    ox__vec_free(&sv->sources);
    ox__free(sv->target);
    ox__free(sv->shown);
    ox__free(sv->buf);
    ox__free(sv);
}
