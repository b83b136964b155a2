/* Floor 7. Where a debugged export is stopped: the Lua around the line, the variables in sight, the nodes that the call
 * made so far. Read anew at each stop, while the conversion rests. */
#include "app/tui/lines.h"
#include "app/tui/tui.h"

#include "app/debug.h"

#include <onnxsh/print.h>

#include <stdlib.h>
#include <string.h>

enum { LEAST = 5, LINES = 24, MOST = 60, WIDEST = 400 };

typedef struct stop {
    ox_view v;
    ox_lines lines;
    bool stale;
    int rows; /* of the pane that they were written for */
} stop;

/* Half of the pane, so that variables are seen too. */
static void put_code(ox_lines *l, const ox_session *s, const ox_debug_place *at, int rows, size_t *here)
{
    char text[512];
    uint32_t n = rows / 2 < LEAST ? LEAST : rows / 2 > LINES ? LINES : (uint32_t)rows / 2, above = n / 2;
    uint32_t first = at->before ? at->line : at->line > above ? at->line - above : 1;
    for (uint32_t i = first; at->line && i < first + n; i++) {
        if (!ox_debug_source(s, at->file, i, text, sizeof text)) continue;
        bool now = i == at->line;
        ox_lines_new(l);
        ox_lines_addf(l, now ? OX_ROLE_KEY : OX_ROLE_NOTE, "%s%5u  ", now ? ">" : " ", i);
        ox_lines_name(l, now ? OX_ROLE_PLAIN : OX_ROLE_NOTE, text, strlen(text));
        if (now) *here = l->n - 1;
    }
}

static void put_local(void *ud, const char *name, const char *value)
{
    ox_lines *l = ud;
    ox_lines_new(l);
    ox_lines_name(l, OX_ROLE_VALUE, name, strlen(name));
    ox_lines_addf(l, OX_ROLE_NOTE, " = ");
    ox_lines_name(l, OX_ROLE_ATTR, value, strnlen(value, WIDEST));
}

/* Several lines would not stand on one. */
static ox_status put_text(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)err;
    ox_lines_name(ud, OX_ROLE_PLAIN, s, n < WIDEST ? n : WIDEST);
    return OX_OK;
}

typedef struct making {
    ox_lines *lines;
    size_t n;
} making;

static void put_made(void *ud, const ox_model *m, ox_node n)
{
    making *k = ud;
    if (k->n++ >= MOST) return;
    ox_print_options opt = {.style = OX_STYLE_SEED};
    ox_sink sink = {put_text, k->lines};
    ox_lines_new(k->lines);
    if (ox_node_print(m, n, &opt, &sink, NULL) != OX_OK) ox_lines_addf(k->lines, OX_ROLE_NOTE, "...");
}

static void title(ox_lines *l, const char *word)
{
    ox_lines_new(l);
    ox_lines_addf(l, OX_ROLE_TITLE, "%s", word);
}

static void write_lines(stop *k)
{
    ox_session *s = k->v.t->s;
    ox_lines *l = &k->lines;
    ox_debug_place at;
    ox_error err;
    size_t here = 0;
    ox_lines_clear(l);
    if (ox_debug_at(s, &at)) {
        put_code(l, s, &at, k->v.at.rows, &here);
        if (!*at.file) title(l, "no symbolic function serves this node");
        title(l, "variables");
        ox_error_clear(&err);
        if (ox_debug_each_local(s, put_local, l, &err) != OX_OK) put_local(l, "error", err.msg);
        making made = {l, 0};
        title(l, "made so far");
        if (!ox_debug_each_made(s, put_made, &made)) {
            ox_lines_new(l);
            ox_lines_addf(l, OX_ROLE_NOTE, "nothing yet");
        }
        if (made.n > MOST) {
            ox_lines_new(l);
            ox_lines_addf(l, OX_ROLE_NOTE, "and %zu more", made.n - MOST);
        }
    }
    ox_list_set_n(&k->v.list, l->n);
    ox_list_go(&k->v.list, here);
}

/* ---- the view ---- */

static ox_status create(ox_view **out, ox_tui *t, ox_error *err)
{
    (void)t;
    stop *k = calloc(1, sizeof *k);
    if (!k) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    *out = &k->v;
    return OX_OK;
}

static void destroy(ox_view *v)
{
    ox_lines_free(&((stop *)v)->lines);
    free(v);
}

static void reset(ox_view *v)
{
    ((stop *)v)->stale = true;
}

static bool work(ox_view *v)
{
    stop *k = (stop *)v;
    if ((k->stale || k->rows != v->at.rows) && v->at.rows) {
        k->stale = false;
        k->rows = v->at.rows;
        write_lines(k);
    }
    return false;
}

static bool act(ox_view *v, ox_action a)
{
    const char *again = ox_debug_again(v->t->s);
    switch (a) {
    case OX_DO_STEP: ox_run_line(v->t, "step"); return true;
    case OX_DO_NEXT: ox_run_line(v->t, "next"); return true;
    case OX_DO_CONTINUE: ox_run_line(v->t, "continue"); return true;
    case OX_DO_STOP: ox_run_line(v->t, "debug stop"); return true;
    case OX_DO_AGAIN: ox_run_line(v->t, again ? again : "next"); return true;
    case OX_DO_PRINT: ox_prompt_begin(v->t, OX_MODE_COMMAND, "print "); return true;
    default: return false;
    }
}

static void draw(ox_view *v, ox_grid *g, ox_rect line, size_t i)
{
    ox_lines_draw(&((stop *)v)->lines, i, g, line, v->left);
}

/* "aten::elu #24, activation.lua:25" */
static void note(ox_view *v, char *buf, size_t size)
{
    ox_debug_place at;
    char op[64], file[64];
    if (!ox_debug_at(v->t->s, &at)) {
        snprintf(buf, size, "no conversion is stopped: D begins one");
        return;
    }
    ox_node_op_text(v->t->s->model, at.node, op, sizeof op);
    const char *base = strrchr(at.file, '/');
    base = base ? base + 1 : at.file;
    ox_text_sanitize(base, strnlen(base, sizeof file / 4 - 1), file, sizeof file);
    int n = snprintf(buf, size, "%s%s #%u", at.before ? "before " : "", op, at.node.id);
    if (*file && n > 0 && (size_t)n < size) snprintf(buf + n, size - (size_t)n, ", %s:%u", file, at.line);
}

static size_t copy(ox_view *v, char *buf, size_t size)
{
    return ox_lines_copy(&((stop *)v)->lines, v->list.cursor, buf, size);
}

static bool matches(ox_view *v, size_t i, const ox_needle *k)
{
    return ox_lines_match(&((stop *)v)->lines, i, k);
}

const ox_view_ops ox_view_stop = {
    .name = "stop",
    .help =
        "where a debugged export is stopped: the Lua of the symbolic function, its variables, the nodes made so far",
    .place = OX_PLACE_BELOW,
    .create = create,
    .destroy = destroy,
    .reset = reset,
    .work = work,
    .draw = draw,
    .act = act,
    .note = note,
    .copy = copy,
    .matches = matches,
};
