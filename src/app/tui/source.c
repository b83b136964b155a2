/* Floor 7. Source files that models name. A name in a model may be anything: only regular files are read, and never
 * waited for. */
#include "app/tui/source.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

enum { LARGEST = 4 << 20 };

void ox_source_free(ox_source *s)
{
    free(s->path);
    free(s->text);
    memset(s, 0, sizeof *s);
}

static bool load(ox_source *s, int fd, const struct stat *st)
{
    free(s->text);
    s->n = 0;
    s->text = malloc((size_t)st->st_size + 1);
    while (s->text && s->n < (size_t)st->st_size) {
        ssize_t k = read(fd, s->text + s->n, (size_t)st->st_size - s->n);
        if (k <= 0) break;
        s->n += (size_t)k;
    }
    s->size = st->st_size;
    s->mtime = st->st_mtime;
    return s->text != NULL;
}

static bool look(ox_source *s, const char *path)
{
    struct stat st;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);
    if (fd < 0) return false;
    bool ok = fstat(fd, &st) == 0 && S_ISREG(st.st_mode) && st.st_size <= LARGEST;
    bool same = ok && s->path && strcmp(s->path, path) == 0 && s->size == st.st_size && s->mtime == st.st_mtime;
    if (ok && !same) {
        free(s->path);
        s->path = strdup(path);
        ok = load(s, fd, &st) && s->path;
    }
    close(fd);
    return ok;
}

bool ox_source_line(ox_source *s, const char *path, uint32_t line, const char **text, size_t *n)
{
    if (!line || !look(s, path)) return false;
    const char *p = s->text, *end = s->text + s->n;
    for (; line > 1 && p < end; line--) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        p = nl ? nl + 1 : end;
    }
    if (p >= end) return false;
    const char *nl = memchr(p, '\n', (size_t)(end - p));
    *text = p;
    *n = (size_t)((nl ? nl : end) - p);
    if (*n && p[*n - 1] == '\r') --*n;
    return true;
}
