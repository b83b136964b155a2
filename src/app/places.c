/* Floor 7. The XDG places. */
#include "app/session.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

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
