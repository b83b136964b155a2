/* What the fuzz targets share: a directory, a sink, and what every error must be. */
#include "fuzz.h"

#include "base/sys.h"
#include "ox_safe.h"

#include <dirent.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char dir[PATH_MAX];
static pid_t owner; /* libFuzzer may fork */

void fuzz_stop(const char *file, int line, const char *what, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    fprintf(stderr, "%s:%d: does not hold: %s: ", file, line, what);
    vfprintf(stderr, fmt, ap);
    fprintf(stderr, "\n");
    va_end(ap);
    abort();
}

static int no_sync(int fd)
{
    (void)fd;
    return 0;
}

static void remove_dir(void)
{
    if (owner != getpid()) return;
    fuzz_clean();
    unlink(fuzz_path("w.bin"));
    rmdir(dir);
}

const char *fuzz_dir(void)
{
    if (dir[0]) return dir;
    const char *at = getenv("TMPDIR");
    if (!at || !*at) at = access("/dev/shm", W_OK) == 0 ? "/dev/shm" : P_tmpdir;
    snprintf(dir, sizeof dir, "%s/onnxsh-fuzz-XXXXXX", at);
    if (!mkdtemp(dir)) {
        perror(dir);
        exit(1);
    }
    owner = getpid();
    atexit(remove_dir);
    ox__sys.fsync = no_sync;
    char w[64];
    memset(w, 0x3f, sizeof w);
    int fd = open(fuzz_path("w.bin"), O_WRONLY | O_CREAT | O_EXCL, 0644);
    if (fd < 0 || write(fd, w, sizeof w) != sizeof w || close(fd) != 0) exit(1);
    return dir;
}

const char *fuzz_path(const char *name)
{
    static char paths[2][PATH_MAX + 256];
    static int turn;
    char *p = paths[turn = !turn];
    snprintf(p, sizeof paths[0], "%s/%s", fuzz_dir(), name);
    return p;
}

void fuzz_clean(void)
{
    DIR *d = opendir(fuzz_dir());
    for (struct dirent *e; d && (e = readdir(d));)
        if (strcmp(e->d_name, "w.bin") != 0) unlinkat(dirfd(d), e->d_name, 0);
    if (d) closedir(d);
}

static ox_status gather(void *ud, const char *s, size_t n, ox_error *err)
{
    fuzz_text *t = ud;
    (void)err;
    if (t->b.n + n > 16 << 20)
        t->cut = true;
    else
        ox__buf_add(&t->b, s, n);
    return OX_OK;
}

ox_sink fuzz_sink(fuzz_text *t)
{
    return (ox_sink){gather, t};
}

void fuzz_check_safe(const char *s, size_t n, const char *of)
{
    size_t at = safe_text(s, n);
    if (at == n) return;
    size_t from = at > 40 ? at - 40 : 0;
    FUZZ_CHECK(at == n, "byte 0x%02x at %zu of %s, after '%.*s'", (unsigned char)s[at], at, of, (int)(at - from),
               s + from);
}

void fuzz_check_error(const ox_error *err, ox_status s, size_t n)
{
    char text[2048];
    size_t len = ox_error_format(err, text, sizeof text);
    fuzz_check_safe(text, len, "an error");
    FUZZ_CHECK(err->code == s, "%s", text);
    FUZZ_CHECK(err->msg[0], "%s", ox_status_text(s));
    FUZZ_CHECK(!err->has_offset || err->offset <= n, "%s", text);
    FUZZ_CHECK(err->line <= n + 1, "%s", text);
    FUZZ_CHECK(s != OX_E_NOMEM, "%s", text);
}
