/* Floor 0. Temporary files that killed saves left behind: every save removes those of its directory. A save holds a
 * lock on its temporary file until the file has its name, and the system gives up the locks of a process that ends: a
 * temporary file whose lock is free has no writer any more. Where there are no locks nothing is removed. */
#include "base/file.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

#define PREFIX ".onnxsh-"

static bool is_temporary(const char *name)
{
    const char *digits = name + strlen(PREFIX);
    return strncmp(name, PREFIX, strlen(PREFIX)) == 0 && strspn(digits, "0123456789abcdef") == 16 && !digits[16];
}

bool ox__temporary_hold(int fd)
{
    struct stat st;
    if (flock(fd, LOCK_EX | LOCK_NB) != 0 && errno == EWOULDBLOCK) return false;
    return fstat(fd, &st) != 0 || st.st_nlink > 0;
}

/* A regular file of ours with this one name. Between the look and the removal it cannot become another one: its name is
 * random, and whoever makes such a file asks for one that is not there. */
static void remove_if_stale(int dir, const char *name)
{
    struct stat st;
    int fd = openat(dir, name, O_WRONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC);
    if (fd < 0) return;
    if (fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_uid == geteuid() && st.st_nlink == 1 &&
        flock(fd, LOCK_EX | LOCK_NB) == 0)
        unlinkat(dir, name, 0);
    close(fd);
}

void ox__temporary_sweep(int dir)
{
    int fd = openat(dir, ".", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    DIR *d = fd < 0 ? NULL : fdopendir(fd);
    if (!d && fd >= 0) close(fd);
    for (struct dirent *e; d && (e = readdir(d));)
        if (is_temporary(e->d_name)) remove_if_stale(dir, e->d_name);
    if (d) closedir(d);
}
