/* Floor 7. From the panes to the grid. */
#include "app/tui/tui.h"

#include "app/debug.h"

#include <onnxsh/journal.h>

#include <stdlib.h>
#include <string.h>

#define RULE "\xe2\x94\x80"
#define BAR "\xe2\x94\x82"

enum { N_DIGITS = 10 }; /* panes that a digit chooses */

/* "- 2 nodes -------- 61 -" */
static void draw_title(ox_tui *t, ox_view *v, int number, bool focus)
{
    char note[128] = "";
    ox_rect r = v->at;
    int room = r.cols - 2;
    ox_grid_line(&t->grid, r.row, r.col, r.cols, OX_ROLE_FRAME, RULE);
    ox_role role = focus ? OX_ROLE_FOCUS : OX_ROLE_TITLE;
    int used = number > N_DIGITS
                   ? ox_grid_putf(&t->grid, r.row, r.col + 1, room, role, " %s ", v->ops->name)
                   : ox_grid_putf(&t->grid, r.row, r.col + 1, room, role, " %d %s ", number, v->ops->name);
    if (v->ops->note) v->ops->note(v, note, sizeof note);
    int n = (int)ox_text_width(note, strlen(note)) + 2;
    if (n > 2 && used + n + 1 <= room)
        ox_grid_putf(&t->grid, r.row, r.col + 1 + room - n, n, OX_ROLE_NOTE, " %s ", note);
}

/* Marks what the search finds in a line, as it stands on the screen. */
static void mark_matches(ox_tui *t, ox_rect line)
{
    char text[4096];
    int at[4096];
    size_t n = 0;
    for (int i = 0; i < line.cols; i++) {
        const ox_cell *c = ox_grid_at(&t->grid, line.row, line.col + i);
        if (!c || c->width == 0 || n + OX_CELL_BYTES > sizeof text) continue;
        for (size_t k = 0; k < (c->n ? c->n : 1u); k++) {
            at[n] = line.col + i;
            text[n++] = c->n ? c->text[k] : ' ';
        }
    }
    for (size_t from = 0, k; (k = ox_needle_find(&t->needle, text + from, n - from)) != SIZE_MAX;) {
        size_t first = from + k, last = first + t->needle.n - 1;
        ox_grid_flag(&t->grid, line.row, at[first], at[last] - at[first] + 1, OX_CELL_MATCH);
        from = last + 1;
    }
}

static void draw_view(ox_tui *t, ox_view *v, int number, bool focus)
{
    ox_rect r = v->at, line = {r.row + 1, r.col, 1, r.cols};
    draw_title(t, v, number, focus);
    if (v->ops->head && r.rows > 1) v->ops->head(v, &t->grid, line);
    if (v->ops->head) line.row++;
    for (size_t i = v->list.top; i < v->list.n && line.row < r.row + r.rows; i++, line.row++) {
        v->ops->draw(v, &t->grid, line, i);
        if (t->needle.n) mark_matches(t, line);
        if (i == v->list.cursor)
            ox_grid_flag(&t->grid, line.row, line.col, line.cols, focus ? OX_CELL_CURSOR : OX_CELL_HERE);
    }
}

/* The line to the left of a pane. */
static void draw_bar(ox_tui *t, const ox_view *v)
{
    for (int i = 0; i < v->at.rows && v->at.col > 0; i++)
        ox_grid_putz(&t->grid, v->at.row + i, v->at.col - 1, 1, OX_ROLE_FRAME, BAR);
}

static void about_model(const ox_tui *t, char *buf, size_t size)
{
    const ox_session *s = t->s;
    if (!s->model) {
        snprintf(buf, size, "nothing is open");
        return;
    }
    char fitted[128];
    ox_side_file(s->path, 40, fitted, sizeof fitted);
    bool trace = ox_model_get_kind(s->model) == OX_MODEL_TRACE;
    size_t n = (size_t)snprintf(buf, size, "%s%s  %s", fitted, ox_model_is_modified(s->model) ? "*" : "",
                                trace ? "trace" : "ONNX");
    if (!trace && n < size)
        n += (size_t)snprintf(buf + n, size - n, " opset %lld", (long long)ox_model_opset(s->model, ""));
    ox_debug_place at;
    char op[64];
    if (!t->stop || n >= size || !ox_debug_at(s, &at)) return;
    ox_node_op_text(s->model, at.node, op, sizeof op);
    snprintf(buf + n, size - n, "  stopped at %s #%u", op, at.node.id);
}

static void draw_status(ox_tui *t)
{
    static const struct {
        const char *key, *what;
    } hints[] = {{"?", "help"}, {"/", "search"}, {":", "command"}, {"Tab", "pane"}, {"q", "quit"}};
    char about[256];
    ox_rect line = {t->grid.rows - 1, 0, 1, t->grid.cols};
    if (t->mode != OX_MODE_PANES) {
        ox_line_draw(&t->line, &t->grid, line, ox_prompt_lead(t));
        if (t->message[0] && line.row > 0) { /* above what is typed */
            ox_grid_line(&t->grid, line.row - 1, 0, line.cols, OX_ROLE_PLAIN, " ");
            ox_grid_putz(&t->grid, line.row - 1, 0, line.cols, t->message_role, t->message);
        }
        return;
    }
    if (t->message[0]) {
        ox_grid_putz(&t->grid, line.row, 0, line.cols, t->message_role, t->message);
        return;
    }
    if (!ox_run_progress(t, about, sizeof about)) about_model(t, about, sizeof about);
    int used = ox_grid_putz(&t->grid, line.row, 0, line.cols, OX_ROLE_NOTE, about), need = 0;
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++)
        need += (int)(strlen(hints[i].key) + strlen(hints[i].what)) + 3;
    int col = line.cols - need + 2;
    if (col < used + 2) return;
    for (size_t i = 0; i < sizeof hints / sizeof *hints; i++) {
        col += ox_grid_putz(&t->grid, line.row, col, line.cols, OX_ROLE_KEY, hints[i].key) + 1;
        col += ox_grid_putz(&t->grid, line.row, col, line.cols, OX_ROLE_NOTE, hints[i].what) + 2;
    }
}

void ox_tui_draw(ox_tui *t)
{
    ox_grid_clear(&t->grid);
    for (int i = 0; i < OX_N_VIEWS; i++) {
        if (t->views[i]->at.rows == 0) continue;
        draw_view(t, t->views[i], i + 1, i == t->focus);
        draw_bar(t, t->views[i]);
    }
    draw_status(t);
}
