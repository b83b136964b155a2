/* Floor 7. The log of edits on disk, and the XDG places. One synced append per acknowledged line: a crash loses nothing
 * that the prompt has answered. The file is a script for -f. */
#include "app/session.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

struct ox_edit_log {
    char *path;
    int fd;
};

static bool make_dirs(char *path)
{
    for (char *p = path + 1; (p = strchr(p, '/')); p++) {
        *p = '\0';
        int r = mkdir(path, 0700);
        *p = '/';
        if (r != 0 && errno != EEXIST) return false;
    }
    return true;
}

char *ox_xdg_path(const char *what, const char *leaf, bool make)
{
    static const char *const rows[][3] = {
        {"config", "XDG_CONFIG_HOME", ".config"},
        {"state", "XDG_STATE_HOME", ".local/state"},
        {"data", "XDG_DATA_HOME", ".local/share"},
    };
    size_t k = 0;
    while (k < 2 && strcmp(rows[k][0], what) != 0) k++;
    const char *base = getenv(rows[k][1]), *home = getenv("HOME");
    char *path = NULL;
    int n = -1;
    if (base && *base == '/')
        n = asprintf(&path, "%s/onnxsh/%s", base, leaf);
    else if (home && *home)
        n = asprintf(&path, "%s/%s/onnxsh/%s", home, rows[k][2], leaf);
    if (n < 0) return NULL;
    if (make && !make_dirs(path)) {
        free(path);
        return NULL;
    }
    return path;
}

/* The log's name tells the model file apart by device, inode, size and time: an edited file is another model. */
static char *log_path(const char *model_path, bool make)
{
    struct stat st;
    if (strcmp(model_path, "-") == 0 || stat(model_path, &st) != 0) return NULL;
    char leaf[160];
    snprintf(leaf, sizeof leaf, "journal/%llx-%llx-%llx-%llx.onnxsh", (unsigned long long)st.st_dev,
             (unsigned long long)st.st_ino, (unsigned long long)st.st_size,
             (unsigned long long)st.st_mtim.tv_sec * 1000000000u + (unsigned long long)st.st_mtim.tv_nsec);
    return ox_xdg_path("state", leaf, make);
}

char *ox_edit_log_left(const char *model_path)
{
    char *path = log_path(model_path, false);
    if (path && access(path, R_OK) != 0) {
        free(path);
        path = NULL;
    }
    return path;
}

static bool write_all(int fd, const char *s, size_t n)
{
    while (n) {
        ssize_t k = write(fd, s, n);
        if (k < 0 && errno == EINTR) continue;
        if (k <= 0) return false;
        s += k;
        n -= (size_t)k;
    }
    return true;
}

/* A log of its own for this session: one that an earlier session left is not written to. */
static int create_log(char *path, char **own)
{
    for (int i = 1; i < 100; i++) {
        if ((i == 1 ? asprintf(own, "%s", path) : asprintf(own, "%s.%d", path, i)) < 0) return -1;
        int fd = open(*own, O_WRONLY | O_CREAT | O_EXCL | O_APPEND | O_CLOEXEC, 0600);
        if (fd >= 0 || errno != EEXIST) return fd;
        free(*own);
        *own = NULL;
    }
    return -1;
}

static ox_status start_log(ox_edit_log **log, char *path, ox_error *err)
{
    ox_edit_log *l = calloc(1, sizeof *l);
    if (!l) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    l->fd = create_log(path, &l->path);
    if (l->fd >= 0) {
        *log = l;
        return OX_OK;
    }
    ox_error_set(err, OX_E_IO, "cannot log the edit to %s: %s", path, strerror(errno));
    free(l->path);
    free(l);
    return OX_E_IO;
}

ox_status ox_edit_log_append(ox_edit_log **log, const char *model_path, const char *line, ox_error *err)
{
    if (!*log) {
        char *path = log_path(model_path, true);
        if (!path) return OX_OK; /* standard input, or no home: there is nothing to come back to */
        ox_status st = start_log(log, path, err);
        free(path);
        if (st != OX_OK) return st;
    }
    if (!write_all((*log)->fd, line, strlen(line)) || !write_all((*log)->fd, "\n", 1) || fdatasync((*log)->fd) != 0)
        return ox_error_set(err, OX_E_IO, "cannot log the edit to %s: %s", (*log)->path, strerror(errno));
    return OX_OK;
}

void ox_edit_log_close(ox_edit_log *log, bool remove_file)
{
    if (!log) return;
    close(log->fd);
    if (remove_file) unlink(log->path);
    free(log->path);
    free(log);
}
