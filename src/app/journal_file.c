/* Floor 7. Journal files: their names, their heads, their edits. */
#include "app/journal.h"

#include "app/session.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

bool ox_stamp_of(const char *path, ox_stamp *out)
{
    struct stat st;
    *out = (ox_stamp){.size = -1};
    if (stat(path, &st) != 0) return false;
    *out = (ox_stamp){st.st_size, st.st_mtim.tv_sec, st.st_mtim.tv_nsec, st.st_dev, st.st_ino};
    return true;
}

bool ox_stamp_same(const ox_stamp *a, const ox_stamp *b)
{
    return a->size == b->size && a->mtime_s == b->mtime_s && a->mtime_ns == b->mtime_ns;
}

/* FNV-1a: the name of a file has to be the same in every version. */
static uint64_t hash_path(const char *p)
{
    uint64_t h = UINT64_C(14695981039346656037);
    for (; *p; p++) h = (h ^ (unsigned char)*p) * UINT64_C(1099511628211);
    return h;
}

char *ox_journal_place(const char *real, bool make, char *name, size_t size)
{
    if (real) snprintf(name, size, "%016" PRIx64, hash_path(real));
    return ox_xdg_path("state", "journal/", make);
}

ox_status ox_journal_head(const ox_session *s, ox_log *log, ox_error *err)
{
    const ox_journal *j = &s->journal;
    char *text = NULL;
    int n = asprintf(&text,
                     "onnxsh %s\npid %ld\nsize %" PRId64 "\nmtime %" PRId64 " %" PRId64 "\nhash %" PRIx64
                     "\ngraph %d\npath %s",
                     OX_VERSION, (long)getpid(), j->stamp.size, j->stamp.mtime_s, j->stamp.mtime_ns, j->hash, s->graph,
                     j->real ? j->real : "");
    if (n < 0) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    ox_status st = ox_log_append(log, 'H', text, (size_t)n, err);
    free(text);
    return st;
}

/* The number behind "label " and its end, ' ' or a new line; moves behind that. */
static bool number(const char **p, const char *label, int base, uint64_t *out)
{
    size_t n = strlen(label);
    if (strncmp(*p, label, n) != 0) return false;
    char *end;
    errno = 0;
    *out = base == 16 ? strtoull(*p + n, &end, 16) : (uint64_t)strtoll(*p + n, &end, 10);
    if (errno || end == *p + n || (*end != ' ' && *end != '\n')) return false;
    *p = end + 1;
    return true;
}

static bool read_head(ox_leftover *l, const char *p)
{
    uint64_t pid, size, s, ns, hash, graph;
    if (strncmp(p, "onnxsh ", 7) != 0 || !(p = strchr(p, '\n'))) return false;
    p++;
    if (!number(&p, "pid ", 10, &pid) || !number(&p, "size ", 10, &size) || !number(&p, "mtime ", 10, &s) ||
        !number(&p, "", 10, &ns) || !number(&p, "hash ", 16, &hash) || !number(&p, "graph ", 10, &graph) ||
        strncmp(p, "path ", 5) != 0)
        return false;
    l->pid = (long)pid;
    l->stamp.size = (int64_t)size;
    l->stamp.mtime_s = (int64_t)s;
    l->stamp.mtime_ns = (int64_t)ns;
    l->hash = hash;
    l->graph = (int)graph;
    l->model = strdup(p + 5);
    return l->model != NULL;
}

bool ox_leftover_read(ox_leftover *l, const ox_log_data *d)
{
    const ox_log_record *r;
    size_t n = ox_log_records(d, &r);
    l->torn = ox_log_torn(d);
    l->in_use = ox_log_in_use(d);
    if (!n || r[0].kind != 'H' || !read_head(l, r[0].p)) return false;
    for (size_t i = 1; i < n; i++) {
        if (r[i].kind == 'S') l->edits = 0;
        if (r[i].kind == 'E') l->edits++, l->records++;
    }
    return true;
}

char *ox_journal_edits(const ox_log_data *d, size_t *n)
{
    const ox_log_record *r;
    size_t count = ox_log_records(d, &r), all = 0;
    *n = 0;
    for (size_t i = 0; i < count; i++)
        if (r[i].kind == 'E') all += r[i].n;
    char *bytes = malloc(all + 1);
    for (size_t i = 0; bytes && i < count; i++) {
        if (r[i].kind != 'E') continue;
        memcpy(bytes + *n, r[i].p, r[i].n);
        *n += r[i].n;
    }
    return bytes;
}
