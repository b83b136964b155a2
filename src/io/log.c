/* Floor 3. Logs on disk. The file begins with a line that names it and a byte for the version; a record is its length
 * (4 bytes), its kind, a checksum of both, of its place and of its bytes (8 bytes), and the bytes. Little endian. */
#include "base/file.h"
#include "base/sys.h"

#include <onnxsh/log.h>

#include <errno.h>
#include <fcntl.h>
#include <sys/file.h>
#include <unistd.h>

static const char MAGIC[] = "onnxsh log\n\1";
enum { MAGIC_SIZE = sizeof MAGIC - 1, HEAD_SIZE = 4 + 1 + 8, RECORD_MAX = 1 << 30 };
static const uint64_t FILE_MAX = UINT64_C(4) << 30;

struct ox_log {
    char *path;
    int fd;
    uint64_t end;
    bool broken; /* what failed could not be taken off again */
};

static uint64_t checksum(char kind, uint64_t at, const void *p, size_t n)
{
    return ox__hash_mix(ox__hash_mix(ox__hash(p, n), at), (uint64_t)n << 8 | (unsigned char)kind);
}

static ox_status io_error(ox_error *err, const char *what, const char *path)
{
    bool full = errno == ENOSPC || errno == EDQUOT, limit = errno == EFBIG;
    ox_status s = ox__errno(err, what, path);
    if (full) ox_error_hint(err, "the disk is full: free some space");
    if (limit) ox_error_hint(err, "a limit on the size of files holds for this program (ulimit -f)");
    return s;
}

/* ---- writing ---- */
static void sync_directory(const char *path)
{
    char dir[4096];
    const char *slash = strrchr(path, '/');
    size_t n = slash ? (size_t)(slash - path) : 1;
    if (n >= sizeof dir) return;
    memcpy(dir, slash ? path : ".", n);
    dir[n] = '\0';
    int fd = ox__sys_open(AT_FDCWD, n ? dir : "/", O_RDONLY | O_DIRECTORY, 0);
    if (fd < 0) return;
    (void)ox__sys_fsync(fd); /* the records are what counts; some file systems cannot sync a directory */
    (void)ox__sys_close(fd);
}

ox_status ox_log_create(ox_log **out, const char *path, ox_error *err)
{
    *out = NULL;
    ox_log *log = ox__calloc(1, sizeof *log);
    if (!log || !(log->path = ox__strndup(path, strlen(path)))) {
        ox__free(log);
        return ox__nomem(err);
    }
    ox_status s = OX_OK;
    log->fd = ox__sys_open(AT_FDCWD, path, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
    if (log->fd < 0 && errno == EEXIST) {
        s = ox__fail(err, OX_E_INVALID, "the log is there already");
        ox_error_at_line(err, path, 0, 0);
    } else if (log->fd < 0) {
        s = io_error(err, "cannot make a log", path);
    } else if ((flock(log->fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) ||
               !ox__sys_write_all(log->fd, MAGIC, MAGIC_SIZE)) {
        s = io_error(err, "cannot write the log", path);
    }
    if (s != OX_OK) {
        ox_log_close(log, log->fd >= 0);
        return s;
    }
    sync_directory(path);
    log->end = MAGIC_SIZE;
    *out = log;
    return OX_OK;
}

ox_status ox_log_append(ox_log *log, char kind, const void *p, size_t n, ox_error *err)
{
    uint8_t head[HEAD_SIZE];
    uint32_t size = (uint32_t)n;
    if (n > RECORD_MAX) return ox__fail(err, OX_E_LIMIT, "a record of a log holds at most 1 GiB");
    if (log->broken) return ox__fail(err, OX_E_IO, "the log was given up when it could not be written");
    uint64_t sum = checksum(kind, log->end, p, n);
    memcpy(head, &size, 4);
    head[4] = (uint8_t)kind;
    memcpy(head + 5, &sum, 8);
    ox__buf b = {0}; /* one write: a crash between two would leave half a record more often */
    ox__buf_add(&b, head, sizeof head);
    ox__buf_add(&b, p, n);
    ox_status s = b.failed ? ox__nomem(err) : OX_OK;
    if (s == OX_OK && (!ox__sys_write_all(log->fd, b.p, b.n) || ox__sys_fsync(log->fd) != 0)) {
        s = io_error(err, "cannot write the log", log->path);
        log->broken = ox__sys.ftruncate(log->fd, (off_t)log->end) != 0 ||
                      lseek(log->fd, (off_t)log->end, SEEK_SET) != (off_t)log->end;
    }
    ox__buf_free(&b);
    if (s == OX_OK) log->end += HEAD_SIZE + n;
    return s;
}

const char *ox_log_path(const ox_log *log)
{
    return log ? log->path : NULL;
}

void ox_log_close(ox_log *log, bool remove_file)
{
    if (!log) return;
    if (remove_file) unlink(log->path);
    if (log->fd >= 0) (void)ox__sys_close(log->fd);
    ox__free(log->path);
    ox__free(log);
}

/* ---- reading ---- */
struct ox_log_data {
    char *bytes;
    uint64_t n;
    OX__VEC(ox_log_record) rows;
    const char *torn;
    bool in_use;
};

static ox_status read_bytes(ox_log_data *d, int fd, const char *path, ox_error *err)
{
    struct stat st;
    if (fstat(fd, &st) != 0) return io_error(err, "cannot look at the log", path);
    if (!S_ISREG(st.st_mode)) {
        ox_status s = ox__fail(err, OX_E_IO, "a log is a regular file");
        ox_error_at_line(err, path, 0, 0);
        return s;
    }
    if ((uint64_t)st.st_size > FILE_MAX) return ox__fail(err, OX_E_LIMIT, "a log holds at most 4 GiB");
    d->bytes = ox__alloc((size_t)st.st_size + 1);
    if (!d->bytes) return ox__nomem(err);
    ssize_t n = ox__sys_read_all(fd, d->bytes, (size_t)st.st_size, 0);
    if (n < 0) return io_error(err, "cannot read the log", path);
    d->n = (uint64_t)n;
    d->bytes[n] = '\0';
    return OX_OK;
}

static const char *take_record(ox_log_data *d, uint64_t *at, ox_log_record *r)
{
    uint32_t size;
    uint64_t sum;
    if (d->n - *at < HEAD_SIZE) return "the last record is cut off";
    memcpy(&size, d->bytes + *at, 4);
    memcpy(&sum, d->bytes + *at + 5, 8);
    if (size > RECORD_MAX || size > d->n - *at - HEAD_SIZE) return "a record is cut off";
    *r = (ox_log_record){d->bytes[*at + 4], d->bytes + *at + HEAD_SIZE, size};
    if (sum != checksum(r->kind, *at, r->p, size)) return "a record is damaged";
    *at += HEAD_SIZE + (uint64_t)size;
    return NULL;
}

static ox_status take_records(ox_log_data *d, const char *path, ox_error *err)
{
    uint64_t at = MAGIC_SIZE;
    ox_log_record r;
    bool named = d->n >= MAGIC_SIZE && memcmp(d->bytes, MAGIC, MAGIC_SIZE - 1) == 0;
    if (!named || d->bytes[MAGIC_SIZE - 1] != MAGIC[MAGIC_SIZE - 1]) {
        ox_status s = named ? ox__fail(err, OX_E_UNSUPPORTED, "the log is of another version")
                            : ox__fail(err, OX_E_FORMAT, "this is not a log");
        ox_error_at_line(err, path, 0, 0);
        return s;
    }
    while (at < d->n && !d->torn) {
        d->torn = take_record(d, &at, &r);
        if (!d->torn && !ox__vec_push(&d->rows, r)) return ox__nomem(err);
    }
    return OX_OK;
}

/* Records are handed out as text too: the byte behind each is the head of the next, which is not needed any more. */
static void terminate(ox_log_data *d)
{
    for (size_t i = 0; i < d->rows.n; i++) d->bytes[d->rows.p[i].p - d->bytes + (ptrdiff_t)d->rows.p[i].n] = '\0';
}

ox_status ox_log_read(ox_log_data **out, const char *path, ox_error *err)
{
    *out = NULL;
    int fd = ox__sys_open(AT_FDCWD, path, O_RDONLY | O_NONBLOCK, 0);
    if (fd < 0) return io_error(err, "cannot open the log", path);
    ox_log_data *d = ox__calloc(1, sizeof *d);
    ox_status s = d ? read_bytes(d, fd, path, err) : ox__nomem(err);
    if (s == OX_OK) {
        d->in_use = flock(fd, LOCK_SH | LOCK_NB) != 0 && errno == EWOULDBLOCK;
        s = take_records(d, path, err);
    }
    (void)ox__sys_close(fd);
    if (s != OX_OK) {
        ox_log_free(d);
        return s;
    }
    terminate(d);
    *out = d;
    return OX_OK;
}

size_t ox_log_records(const ox_log_data *d, const ox_log_record **rows)
{
    if (rows) *rows = d ? d->rows.p : NULL;
    return d ? d->rows.n : 0;
}

const char *ox_log_torn(const ox_log_data *d)
{
    return d ? d->torn : NULL;
}

bool ox_log_in_use(const ox_log_data *d)
{
    return d && d->in_use;
}

void ox_log_free(ox_log_data *d)
{
    if (!d) return;
    ox__vec_free(&d->rows);
    ox__free(d->bytes);
    ox__free(d);
}
