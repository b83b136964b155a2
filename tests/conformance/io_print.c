/* Prints graphs for test_print.py: for each line `STYLE[+full][+raw] PATH` of standard input a line `ok N NOTES` and N
 * bytes of text, or `failed MESSAGE`. A path ending in @K asks for graph K of a file that holds several. */
#include <onnxsh/io.h>
#include <onnxsh/print.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct text {
    char *p;
    size_t n, cap;
} text;

static ox_status keep(void *ud, const char *s, size_t n, ox_error *err)
{
    text *t = ud;
    if (n > t->cap - t->n) {
        size_t cap = 2 * (t->cap + n);
        char *p = realloc(t->p, cap);
        if (!p) return ox_error_set(err, OX_E_NOMEM, "out of memory");
        t->p = p;
        t->cap = cap;
    }
    memcpy(t->p + t->n, s, n);
    t->n += n;
    return OX_OK;
}

static void count(void *ud, const char *note)
{
    (void)note;
    ++*(int *)ud;
}

static ox_status print(const char *words, char *path, text *t, int *notes, ox_error *err)
{
    char style[32];
    ox_model *m = NULL;
    ox_open_options open = {0};
    ox_print_options opt = {
        .full = strstr(words, "+full"), .raw = strstr(words, "+raw"), .note = count, .note_ud = notes};
    ox_sink sink = {keep, t};
    snprintf(style, sizeof style, "%.*s", (int)strcspn(words, "+"), words);
    if (!ox_style_find(style, &opt.style)) return ox_error_set(err, OX_E_INVALID, "no style '%s'", style);
    char *at = strrchr(path, '@');
    if (at) {
        *at = '\0';
        open.graph = atoi(at + 1);
    }
    ox_status s = ox_open(&m, path, &open, NULL, NULL, err);
    if (s == OX_OK) s = ox_graph_print(m, ox_model_main(m), &opt, &sink, err);
    ox_model_free(m);
    return s;
}

int main(void)
{
    static char line[8192];
    text t = {0};
    while (fgets(line, sizeof line, stdin)) {
        ox_error err;
        int notes = 0;
        line[strcspn(line, "\n")] = '\0';
        char *path = strchr(line, ' ');
        if (!path) return 2;
        *path++ = '\0';
        t.n = 0;
        if (print(line, path, &t, &notes, &err) == OX_OK) {
            printf("ok %zu %d\n", t.n, notes);
            if (t.n) fwrite(t.p, 1, t.n, stdout);
        } else {
            printf("failed %s\n", err.msg);
        }
        fflush(stdout);
    }
    free(t.p);
    return 0;
}
