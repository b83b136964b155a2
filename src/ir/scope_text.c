/* Floor 1. The text of scopes, and choosing scopes by text. One form inside, whatever the file wrote:
 * "AlexNet/Sequential[features]/Conv2d[0]". A scope whose class is not known is its attribute in brackets alone, so
 * that the text reads back as it was. */
#include "ir/parts.h"

/* A buffer that counts what did not fit, as snprintf does. */
typedef struct writer {
    char *p;
    size_t size, n;
} writer;

static void put(writer *w, const char *s, size_t n)
{
    if (w->n < w->size) memcpy(w->p + w->n, s, OX__MIN(n, w->size - w->n));
    w->n += n;
}

static size_t finish(writer *w)
{
    if (w->size) w->p[OX__MIN(w->n, w->size - 1)] = '\0';
    return w->n;
}

/* From the root to s; the depth is at most OX__MAX_DEPTH. */
static uint32_t path_of(const ox_model *m, ox_scope s, uint32_t path[OX__MAX_DEPTH])
{
    uint32_t n = ox_scope_depth(m, s), i = n;
    for (uint32_t id = n ? s.id : 0; i > 0; id = ox__scope_row_at(m, id)->parent) path[--i] = id;
    return n;
}

size_t ox_scope_print(const ox_model *m, ox_scope s, char *buf, size_t size)
{
    uint32_t path[OX__MAX_DEPTH], depth = path_of(m, s, path);
    writer w = {buf, size, 0};
    for (uint32_t i = 0; i < depth; i++) {
        const ox__scope_row *r = ox__scope_row_at(m, path[i]);
        size_t n;
        const char *cls = ox_str_text(m, (ox_str){r->cls}, &n);
        for (const char *dot; (dot = memchr(cls, '.', n)) != NULL;) {
            n -= (size_t)(dot + 1 - cls);
            cls = dot + 1;
        }
        if (i) put(&w, "/", 1);
        put(&w, cls, n);
        const char *attr = ox_str_text(m, (ox_str){r->attr}, &n);
        if (!r->attr) continue;
        put(&w, "[", 1);
        put(&w, attr, n);
        put(&w, "]", 1);
    }
    return finish(&w);
}

size_t ox_scope_path(const ox_model *m, ox_scope s, char *buf, size_t size)
{
    uint32_t path[OX__MAX_DEPTH], depth = path_of(m, s, path);
    writer w = {buf, size, 0};
    for (uint32_t i = 0; i < depth; i++) {
        size_t n;
        const char *attr = ox_str_text(m, (ox_str){ox__scope_row_at(m, path[i])->attr}, &n);
        if (!n) continue;
        if (w.n) put(&w, ".", 1);
        put(&w, attr, n);
    }
    return finish(&w);
}

/* sel against the path or the printed form of one scope, `/` as good as `.` in a path. */
static bool is_at(const ox_model *m, ox_scope s, const char *sel, size_t n)
{
    char text[4096];
    size_t len = ox_scope_path(m, s, text, sizeof text);
    if (len == n && len < sizeof text) {
        size_t i = 0;
        while (i < n && (sel[i] == text[i] || (sel[i] == '/' && text[i] == '.'))) i++;
        if (i == n) return true;
    }
    len = ox_scope_print(m, s, text, sizeof text);
    return len == n && len < sizeof text && memcmp(text, sel, n) == 0;
}

bool ox_scope_matches(const ox_model *m, ox_scope s, const char *sel)
{
    if (!ox__scope_get(m, s) || !sel) return false;
    size_t n = strlen(sel);
    bool level = n && sel[n - 1] == '$';
    if (level) n--;
    if (n && sel[n - 1] == '/') n--;
    /* The highest scope that sel names: those below without an attribute have the same path, but are deeper. */
    ox_scope top = {0, 0};
    for (ox_scope a = s; a.id; a = ox_scope_parent(m, a))
        if (is_at(m, a, sel, n)) top = a;
    return level ? top.id == s.id : top.id != 0;
}
