/* Floor 0. Temporary files without a name: what is inflated goes there, not onto the heap, and it is gone with its last
 * descriptor whatever happens to the process. */
#include "base/file.h"

#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <unistd.h>

/* For file systems without O_TMPFILE: a file of a random name that loses it at once. */
static int open_named(const char *dir)
{
    ox__buf path = {0};
    int fd = -1;
    for (int i = 0; i < 16 && fd < 0; i++) {
        uint64_t r = 0;
        if (getrandom(&r, sizeof r, GRND_NONBLOCK) != sizeof r) r = (uint64_t)getpid() << 32 | (unsigned)i;
        ox__buf_clear(&path);
        ox__buf_addf(&path, "%s/onnxsh-%016" PRIx64, dir, r);
        if (path.failed) {
            errno = ENOMEM;
            break;
        }
        fd = ox__sys_open(AT_FDCWD, path.p, O_RDWR | O_CREAT | O_EXCL | O_NOFOLLOW, 0600);
        if (fd >= 0)
            unlink(path.p);
        else if (errno != EEXIST)
            break;
    }
    int e = errno;
    ox__buf_free(&path);
    errno = e;
    return fd;
}

ox_status ox__temp_open(int *fd, ox_error *err)
{
    const char *dir = secure_getenv("TMPDIR");
    if (!dir || !*dir) dir = P_tmpdir;
    *fd = ox__sys_open(AT_FDCWD, dir, O_RDWR | O_TMPFILE | O_EXCL, 0600);
    if (*fd < 0 && (errno == EOPNOTSUPP || errno == EISDIR || errno == EINVAL)) *fd = open_named(dir);
    if (*fd >= 0) return OX_OK;
    ox_status s = ox__errno(err, "cannot make a temporary file", dir);
    ox_error_hint(err, "TMPDIR says where they go");
    return s;
}
