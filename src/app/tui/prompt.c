/* Floor 7. The line at the bottom: a search as it is typed, or a line of the prompt with its history and completion. */
#include "app/tui/tui.h"

#include "app/complete.h"

#include <glob.h>
#include <stdlib.h>
#include <string.h>

enum { HISTORY_LINES = 5000 };

static ox_typed *typed_for(ox_tui *t)
{
    if (t->mode == OX_MODE_COMMAND) return &t->commands;
    if (t->mode == OX_MODE_SLICE) return &t->slices;
    return t->mode == OX_MODE_FILTER ? &t->filters : t->mode == OX_MODE_LOG ? &t->files : &t->searches;
}

void ox_prompt_begin(ox_tui *t, ox_mode mode, const char *text)
{
    t->mode = mode;
    t->before = ox_side_spoken(t).n;
    ox_line_begin(&t->line, text, typed_for(t));
}

const char *ox_prompt_lead(const ox_tui *t)
{
    switch (t->mode) {
    case OX_MODE_COMMAND: return ":";
    case OX_MODE_FILTER: return "&";
    case OX_MODE_LOG: return "save the log as ";
    case OX_MODE_SLICE: return "slice ";
    case OX_MODE_MARK: return "mark with the letter ";
    case OX_MODE_TO_MARK: return "to the mark ";
    default: return "/";
    }
}

/* ---- completion ---- */

typedef struct words {
    char **p;
    size_t n, cap;
} words;

static void add_word(void *ud, const char *word)
{
    words *w = ud;
    if (w->n == w->cap) {
        size_t cap = w->cap ? 2 * w->cap : 64;
        char **p = realloc(w->p, cap * sizeof *p);
        if (!p) return;
        w->p = p;
        w->cap = cap;
    }
    char *copy = strdup(word);
    if (copy) w->p[w->n++] = copy;
}

static void free_words(words *w)
{
    for (size_t i = 0; i < w->n; i++) free(w->p[i]);
    free(w->p);
}

static int by_text(const void *a, const void *b)
{
    return strcmp(*(char *const *)a, *(char *const *)b);
}

/* Bytes that all have in front; no character is cut in two. */
static size_t common(const words *w)
{
    size_t k = 0;
    const char *first = w->p[0], *last = w->p[w->n - 1]; /* sorted: the two that differ most */
    while (first[k] && first[k] == last[k]) k++;
    while (k && ((unsigned char)first[k] & 0xC0) == 0x80) k--;
    return k;
}

static void list_words(ox_tui *t, const words *w)
{
    char list[sizeof t->message] = "";
    for (size_t i = 0, n = 0; i < w->n && n < sizeof list; i++)
        n += (size_t)snprintf(list + n, sizeof list - n, "%s%s", i ? "  " : "", w->p[i]);
    ox_tui_say(t, OX_ROLE_NOTE, "%s", list);
}

/* File names that go on from what was typed; a folder ends with its slash. */
static void add_files(words *w, const char *start)
{
    glob_t g;
    char pattern[OX_LINE_MAX + 2];
    if (strpbrk(start, "*?[\\")) return;
    snprintf(pattern, sizeof pattern, "%s*", start);
    if (glob(pattern, GLOB_MARK | GLOB_TILDE, NULL, &g) != 0) return;
    for (size_t i = 0; i < g.gl_pathc; i++) {
        char safe[OX_LINE_MAX];
        size_t n = strlen(g.gl_pathv[i]);
        if (n < sizeof safe && ox_text_sanitize(g.gl_pathv[i], n, safe, sizeof safe) == n) add_word(w, safe);
    }
    globfree(&g);
}

static void complete(ox_tui *t)
{
    ox_line *l = &t->line;
    size_t start = l->at;
    while (start && l->text[start - 1] != ' ' && l->text[start - 1] != '\t') start--;
    if (t->run) { /* it may be using Lua */
        ox_tui_say(t, OX_ROLE_NOTE, "completion waits for the line that is at work");
        return;
    }
    words w = {NULL, 0, 0};
    char word[OX_LINE_MAX];
    snprintf(word, sizeof word, "%.*s", (int)(l->at - start), l->text + start);
    ox_complete_line(t->s, l->text, start, l->at, add_word, &w);
    if (ox_complete_wants_files(t->s, l->text, start)) add_files(&w, word);
    if (w.n) {
        qsort(w.p, w.n, sizeof *w.p, by_text);
        size_t n = common(&w);
        snprintf(word, sizeof word, "%.*s", (int)n, w.p[0]);
        if (n >= l->at - start) ox_line_replace(l, start, word);
        if (w.n == 1 && n && !strchr(":/=.", w.p[0][n - 1])) ox_line_replace(l, l->at, " ");
        if (w.n > 1) list_words(t, &w);
    }
    free_words(&w);
}

/* ---- keys ---- */

/* While a query is typed, what cannot be read yet leaves the list as it is. */
static void filter_typed(ox_tui *t)
{
    ox_error err;
    ox_error_clear(&err);
    ox_side_place(t, t->before); /* the cursor stays there as long as that is listed */
    if (ox_nodes_filter(t, t->line.text, &err) != OX_OK) {
        char safe[sizeof t->message];
        ox_text_sanitize(err.msg, strlen(err.msg), safe, sizeof safe);
        ox_tui_say(t, OX_ROLE_WARNING, "%s", safe);
    }
}

void ox_tui_filter(ox_tui *t, const char *query)
{
    char line[OX_LINE_MAX + 16];
    ox_error err;
    ox_error_clear(&err);
    if (ox_nodes_filter(t, query, &err) != OX_OK) {
        ox_error_format(&err, t->message, sizeof t->message);
        t->message[strcspn(t->message, "\n")] = '\0';
        t->message_role = OX_ROLE_ERROR;
        return;
    }
    snprintf(line, sizeof line, "find %s%s", ox_side_option(t), query);
    if (*query) ox_log_command(t, line);
}

static void save_log(ox_tui *t)
{
    ox_error err;
    ox_error_clear(&err);
    if (!t->line.n) return;
    ox_status st = ox_log_save(t, t->line.text, &err);
    if (st == OX_OK) {
        ox_tui_say(t, OX_ROLE_GOOD, "saved; `onnxsh -f` runs it");
        return;
    }
    char text[1024];
    ox_error_format(&err, text, sizeof text);
    ox_tui_say(t, OX_ROLE_ERROR, "%.500s", text);
}

static void choose_slice(ox_tui *t)
{
    ox_error err;
    ox_error_clear(&err);
    if (ox_tensor_choose(t, t->line.text, &err) != OX_OK) ox_tui_say(t, OX_ROLE_ERROR, "%s", err.msg);
}

static void done(ox_tui *t)
{
    ox_mode mode = t->mode;
    ox_typed_add(typed_for(t), t->line.text);
    t->mode = OX_MODE_PANES;
    if (mode == OX_MODE_COMMAND) ox_run_line(t, t->line.text);
    if (mode == OX_MODE_FILTER) ox_tui_filter(t, t->line.text);
    if (mode == OX_MODE_LOG) save_log(t);
    if (mode == OX_MODE_SLICE) choose_slice(t);
}

static void left(ox_tui *t)
{
    if (t->mode == OX_MODE_SEARCH) { /* back to where it began */
        t->line.text[t->line.n = 0] = '\0';
        ox_search_typed(t);
    }
    if (t->mode == OX_MODE_FILTER) {
        ox_side_place(t, t->before);
        ox_nodes_unfilter(t);
    }
    t->mode = OX_MODE_PANES;
}

void ox_prompt_key(ox_tui *t, uint32_t key)
{
    if (t->mode == OX_MODE_MARK || t->mode == OX_MODE_TO_MARK) {
        bool set = t->mode == OX_MODE_MARK;
        t->mode = OX_MODE_PANES;
        if (set)
            ox_tui_mark(t, key);
        else
            ox_tui_to_mark(t, key);
        return;
    }
    if (key == OX_KEY_TAB && t->mode == OX_MODE_COMMAND) {
        complete(t);
        return;
    }
    switch (ox_line_key(&t->line, key)) {
    case OX_LINE_CHANGED:
        if (t->mode == OX_MODE_SEARCH) ox_search_typed(t);
        if (t->mode == OX_MODE_FILTER) filter_typed(t);
        break;
    case OX_LINE_DONE: done(t); break;
    case OX_LINE_LEFT: left(t); break;
    case OX_LINE_SAME:
    case OX_LINE_OTHER: break;
    }
}

/* ---- the history, which the prompt has too ---- */

void ox_prompt_load(ox_tui *t)
{
    char *path = ox_xdg_path("state", "history", false), *line = NULL;
    FILE *f = path ? fopen(path, "r") : NULL;
    size_t cap = 0;
    for (ssize_t n; f && t->commands.n < HISTORY_LINES && (n = getline(&line, &cap, f)) > 0;) {
        if (line[n - 1] == '\n') line[--n] = '\0';
        if (n < OX_LINE_MAX && ox_text_sanitize(line, (size_t)n, NULL, 0) == (size_t)n)
            ox_typed_add(&t->commands, line);
    }
    t->n_loaded = t->commands.n;
    free(line);
    if (f) fclose(f);
    free(path);
}

void ox_prompt_save(ox_tui *t)
{
    for (size_t i = t->n_loaded; !t->alone && i < t->commands.n; i++) /* the prompt around us writes them */
        if (ox_words_add(&t->s->typed, t->commands.p[i], NULL) != OX_OK) return;
    if (!t->alone || t->n_loaded == t->commands.n) return;
    char *path = ox_xdg_path("state", "history", true);
    FILE *f = path ? fopen(path, "a") : NULL;
    for (size_t i = t->n_loaded; f && i < t->commands.n; i++) fprintf(f, "%s\n", t->commands.p[i]);
    if (f) fclose(f);
    free(path);
}
