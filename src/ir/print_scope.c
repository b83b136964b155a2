/* Floor 1. Scopes in the forms that the styles write. Inside a scope is a path of (class, attribute) pairs; PyTorch
 * prints the classes with their packages and repeats the path of a module at each level, people read the short form. */
#include "ir/print.h"

enum { LEVELS = 128, PATH = 1024 };

/* The levels of s, outermost first; false if it is deeper than anybody's module. */
static bool levels(const ox_model *m, ox_scope s, ox_scope *out, size_t *n)
{
    size_t depth = ox_scope_depth(m, s);
    if (depth > LEVELS) return false;
    *n = depth;
    for (; depth > 0 && s.id; s = ox_scope_parent(m, s)) out[--depth] = s;
    return depth == 0;
}

static bool is_number(const char *p, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (p[i] < '0' || p[i] > '9') return false;
    return n > 0;
}

/* What the exporter prints of a module's path: from the last part on that is no number. */
static size_t short_begin(const char *p, size_t n)
{
    for (size_t end = n;;) {
        size_t begin = end;
        while (begin && p[begin - 1] != '.') begin--;
        if (!begin || !is_number(p + begin, end - begin)) return begin;
        end = begin - 1;
    }
}

typedef struct path {
    char text[PATH];
    size_t n;
    bool cut;
} path;

static void extend(path *x, const char *s, size_t n)
{
    if (x->n + n + 1 >= sizeof x->text) x->cut = true;
    if (x->cut) return;
    if (x->n) x->text[x->n++] = '.';
    memcpy(x->text + x->n, s, n);
    x->n += n;
}

/* `A::/B::features/C::features.0`; a level without an attribute that is not the first is somebody's own word. */
static void exporter(ox__printer *p, const ox_scope *at, size_t n)
{
    path x = {.n = 0};
    for (size_t i = 0; i < n; i++) {
        size_t len;
        const char *attr = ox_str_text(p->m, ox_scope_attr(p->m, at[i]), &len);
        if (i) ox__printc(p, '/');
        ox__print_str(p, ox_scope_class(p->m, at[i]));
        if (!i || len) ox__prints(p, "::");
        if (!len) continue;
        extend(&x, attr, len);
        size_t begin = x.cut ? 0 : short_begin(x.text, x.n);
        if (x.cut)
            ox__print_text(p, attr, len);
        else
            ox__print_text(p, x.text + begin, x.n - begin);
    }
}

/* `__module.features/__module.features.0`: what a tracer that knows no classes writes. */
static void tracer(ox__printer *p, const ox_scope *at, size_t n)
{
    path x = {.n = 0};
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        size_t len;
        const char *attr = ox_str_text(p->m, ox_scope_attr(p->m, at[i]), &len);
        if (!len) continue;
        extend(&x, attr, len);
        ox__prints(p, any ? "/__module." : "__module.");
        any = true;
        if (x.cut)
            ox__print_text(p, attr, len);
        else
            ox__print_text(p, x.text, x.n);
    }
    if (!any) ox__prints(p, "__module");
}

static void for_people(ox__printer *p, ox_scope s)
{
    char small[512], *text = small;
    size_t n = ox_scope_print(p->m, s, small, sizeof small);
    if (n >= sizeof small) {
        text = ox__alloc(n + 1);
        if (!text) {
            ox__print_fail(p, ox__nomem(p->err));
            return;
        }
        ox_scope_print(p->m, s, text, n + 1);
    }
    ox__print_text(p, text, n);
    if (text != small) ox__free(text);
}

void ox__print_scope(ox__printer *p, ox_scope s)
{
    ox_scope at[LEVELS];
    size_t n = 0;
    if (p->style != OX_STYLE_TORCH || !levels(p->m, s, at, &n)) {
        for_people(p, s);
        return;
    }
    bool classes = false;
    for (size_t i = 0; i < n; i++) classes = classes || ox_scope_class(p->m, at[i]).id > 1;
    if (classes)
        exporter(p, at, n);
    else
        tracer(p, at, n);
}
