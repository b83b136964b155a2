/* Floor 7. The log: the lines that were run, typed or by a key, and what they wrote. */
#include "app/tui/lines.h"
#include "app/tui/tui.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

enum { MOST_LINES = 100000 };

typedef struct log_view {
    ox_view v;
    ox_lines lines;
    size_t last; /* the line of the last command */
} log_view;

static log_view *log_of(ox_tui *t)
{
    return (log_view *)t->views[OX_VIEW_log];
}

static void make_room(log_view *l)
{
    if (l->lines.n < MOST_LINES) return;
    ox_lines_clear(&l->lines);
    ox_lines_new(&l->lines);
    ox_lines_addf(&l->lines, OX_ROLE_NOTE, "(what stood here before was dropped)");
}

/* Lines and output hold names that are sanitised already: their escapes stay as they are, all else that could move a
 * cursor is made safe here. */
static void add_output(ox_lines *l, ox_role role, const char *s, size_t n)
{
    while (n) {
        size_t w = 0;
        while (w < n && s[w] != '\t' && s[w] != '\\') w++;
        ox_lines_name(l, role, s, w);
        if (w < n && s[w] == '\t') ox_lines_tab(l, (ox_lines_width(l) / 8 + 1) * 8);
        if (w < n && s[w] == '\\') ox_lines_add(l, role, s + w, 1);
        if (w < n) w++;
        s += w;
        n -= w;
    }
}

void ox_log_command(ox_tui *t, const char *line)
{
    log_view *l = log_of(t);
    make_room(l);
    ox_lines_new(&l->lines);
    ox_lines_addf(&l->lines, OX_ROLE_KEY, "> ");
    add_output(&l->lines, OX_ROLE_COMMAND, line, strlen(line));
    l->last = l->lines.n - 1;
    ox_list_set_n(&l->v.list, l->lines.n);
    ox_list_go(&l->v.list, l->last);
}

void ox_log_text(ox_tui *t, ox_role role, const char *text, size_t n)
{
    log_view *l = log_of(t);
    while (n) {
        const char *end = memchr(text, '\n', n);
        size_t k = end ? (size_t)(end - text) : n;
        make_room(l);
        ox_lines_new(&l->lines);
        add_output(&l->lines, role, text, k);
        n -= end ? k + 1 : k;
        text += end ? k + 1 : k;
    }
    ox_list_set_n(&l->v.list, l->lines.n);
    ox_list_go(&l->v.list, l->last); /* the command on top, and below it as much as the pane holds */
    ox_list_place(&l->v.list, -1);
}

ox_status ox_log_save(ox_tui *t, const char *path, ox_error *err)
{
    const log_view *l = log_of(t);
    FILE *f = fopen(path, "wx");
    bool ok = f != NULL;
    for (size_t i = 0; ok && i < l->lines.n; i++) {
        size_t n;
        const char *s = ox_lines_text(&l->lines, i, &n);
        bool command = n >= 2 && s[0] == '>' && ox_lines_role(&l->lines, i) == OX_ROLE_KEY;
        ok = fprintf(f, "%s%.*s\n", command ? "" : "# ", (int)(command ? n - 2 : n), command ? s + 2 : s) > 0;
    }
    int why = errno;
    if (f && fclose(f) != 0 && ok) {
        why = errno;
        ok = false;
    }
    if (ok) return OX_OK;
    ox_error_set(err, OX_E_IO, "the log cannot be written: %s", strerror(why));
    snprintf(err->file, sizeof err->file, "%s", path);
    return OX_E_IO;
}

const char *ox_log_last(ox_tui *t, size_t *n)
{
    const log_view *l = log_of(t);
    return ox_lines_text(&l->lines, l->lines.n ? l->lines.n - 1 : 0, n);
}

void ox_log_open(ox_tui *t)
{
    log_view *l = log_of(t);
    t->at[OX_PLACE_BOTTOM] = OX_VIEW_log;
    if (ox_tui_is_single(t) && t->focus != OX_VIEW_log) { /* else nobody would see it */
        t->over = t->focus;
        t->focus = OX_VIEW_log;
    }
    ox_tui_layout(t);
    ox_list_go(&l->v.list, l->last);
    ox_list_place(&l->v.list, -1);
}

static ox_status create(ox_view **out, ox_tui *t, ox_error *err)
{
    (void)t;
    log_view *l = calloc(1, sizeof *l);
    if (!l) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    *out = &l->v;
    return OX_OK;
}

static void destroy(ox_view *v)
{
    ox_lines_free(&((log_view *)v)->lines);
    free(v);
}

static void draw(ox_view *v, ox_grid *g, ox_rect line, size_t i)
{
    ox_lines_draw(&((log_view *)v)->lines, i, g, line, v->left);
}

static size_t copy(ox_view *v, char *buf, size_t size)
{
    return ox_lines_copy(&((log_view *)v)->lines, v->list.cursor, buf, size);
}

static bool matches(ox_view *v, size_t i, const ox_needle *k)
{
    return ox_lines_match(&((log_view *)v)->lines, i, k);
}

static void note(ox_view *v, char *buf, size_t size)
{
    if (v->list.n) snprintf(buf, size, "%zu/%zu", v->list.cursor + 1, v->list.n);
}

/* Numbers of nodes are those of the result, or of the model beside, where the command asked for it. */
static int side_named(const ox_lines *l, size_t i)
{
    size_t n = 0;
    const char *s = "";
    for (i++; i-- > 0;) {
        s = ox_lines_text(l, i, &n);
        if (n >= 2 && s[0] == '>' && ox_lines_role(l, i) == OX_ROLE_KEY) break;
    }
    if (memmem(s, n, "--beside", 8)) return OX_VIEW_beside;
    return memmem(s, n, "--result", 8) ? OX_VIEW_result : OX_VIEW_nodes;
}

static void to_named(ox_view *v)
{
    const ox_lines *l = &((log_view *)v)->lines;
    size_t n;
    const char *s = ox_lines_text(l, v->list.cursor, &n);
    if (!ox_tui_to_named(v->t, s, n, side_named(l, v->list.cursor)))
        ox_tui_say(v->t, OX_ROLE_NOTE, "this line names no node");
}

static bool act(ox_view *v, ox_action a)
{
    if (a == OX_DO_NAMED) {
        to_named(v);
        return true;
    }
    if (a != OX_DO_SAVE_LOG) return false;
    ox_prompt_begin(v->t, OX_MODE_LOG, "");
    return true;
}

const ox_view_ops ox_view_log = {
    .name = "log",
    .help = "the lines that were run, typed or by a key, and what they wrote",
    .place = OX_PLACE_BOTTOM,
    .create = create,
    .destroy = destroy,
    .draw = draw,
    .act = act,
    .note = note,
    .copy = copy,
    .matches = matches,
};
