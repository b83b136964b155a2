/* Floor 7. The failures and warnings of the last export; each leads to its node. */
#include "app/tui/columns.h"
#include "app/tui/tui.h"

#include <stdlib.h>
#include <string.h>

enum { C_MARK, C_OP, C_MESSAGE, C_SCOPE, N_COLUMNS };
static const ox_column columns[N_COLUMNS] = {
    [C_MARK] = {"", 1, 1, 0, false},
    [C_OP] = {"OP", 10, 20, 0, false},
    [C_MESSAGE] = {"MESSAGE", 16, 200, 0, false},
    [C_SCOPE] = {"SCOPE", 10, 20, 1, false},
};

static const ox_report *report(const ox_view *v)
{
    return v->t->s->report;
}

static ox_status create(ox_view **out, ox_tui *t, ox_error *err)
{
    (void)t;
    *out = calloc(1, sizeof **out);
    return *out ? OX_OK : ox_error_set(err, OX_E_NOMEM, "out of memory");
}

static void destroy(ox_view *v)
{
    free(v);
}

static void reset(ox_view *v)
{
    ox_list_set_n(&v->list, report(v) ? ox_report_n(report(v)) : 0);
}

static void head(ox_view *v, ox_grid *g, ox_rect line)
{
    ox_columns c;
    (void)v;
    ox_columns_fit(&c, columns, N_COLUMNS, line.cols);
    ox_columns_head(&c, columns, g, line);
}

static void put(ox_grid *g, ox_rect line, const ox_columns *c, int at, ox_role role, const char *text)
{
    if (c->at[at].width) ox_grid_name(g, line.row, line.col + c->at[at].col, c->at[at].width, role, text, strlen(text));
}

static void draw(ox_view *v, ox_grid *g, ox_rect line, size_t i)
{
    ox_columns c;
    const ox_failure *f = ox_report_at(report(v), i);
    bool warning = f->kind == OX_FAILURE_WARNING, follows = f->kind == OX_FAILURE_CONSEQUENCE;
    ox_columns_fit(&c, columns, N_COLUMNS, line.cols);
    put(g, line, &c, C_MARK, warning ? OX_ROLE_WARNING : OX_ROLE_ERROR, warning ? "w" : follows ? "." : "!");
    put(g, line, &c, C_OP, OX_ROLE_OP, f->op);
    put(g, line, &c, C_MESSAGE, OX_ROLE_PLAIN, f->message);
    put(g, line, &c, C_SCOPE, OX_ROLE_SCOPE, f->scope);
}

static ox_node node_at(const ox_view *v, size_t i)
{
    const ox_model *m = v->t->s->model;
    ox_node n = m && i < v->list.n ? ox_report_at(report(v), i)->node : (ox_node){0, 0};
    return m && ox_node_is_alive(m, n) ? n : (ox_node){0, 0};
}

/* The others speak of its node; what a column cuts stands in the last line. */
static void moved(ox_view *v)
{
    char text[sizeof v->t->message];
    ox_node n = node_at(v, v->list.cursor);
    if (n.id) ox_tui_set_node(v->t, n, v);
    if (!v->list.n) return;
    const ox_failure *f = ox_report_at(report(v), v->list.cursor);
    ox_text_sanitize(f->message, strlen(f->message), text, sizeof text);
    ox_tui_say(v->t, f->kind == OX_FAILURE_WARNING ? OX_ROLE_WARNING : OX_ROLE_ERROR, "%s", text);
}

static bool act(ox_view *v, ox_action a)
{
    if (a != OX_DO_TO_FAILURE) return false;
    ox_node n = node_at(v, v->list.cursor);
    if (n.id) {
        ox_tui_go(v->t, n);
        ox_tui_show(v->t, OX_VIEW_detail);
    } else
        ox_tui_say(v->t, OX_ROLE_NOTE, "no node: it is about the whole graph");
    return true;
}

static void note(ox_view *v, char *buf, size_t size)
{
    size_t n = report(v) ? ox_report_n_failures(report(v)) : 0;
    if (!report(v))
        snprintf(buf, size, "nothing was exported yet: x does");
    else
        snprintf(buf, size, "%zu failure%s, %zu warning%s", n, n == 1 ? "" : "s", v->list.n - n,
                 v->list.n - n == 1 ? "" : "s");
}

static size_t copy(ox_view *v, char *buf, size_t size)
{
    if (!v->list.n) return 0;
    const ox_failure *f = ox_report_at(report(v), v->list.cursor);
    return (size_t)snprintf(buf, size, "%s: %s", f->op, f->message);
}

static bool matches(ox_view *v, size_t i, const ox_needle *k)
{
    const ox_failure *f = ox_report_at(report(v), i);
    const char *texts[] = {f->op, f->message, f->scope};
    for (int j = 0; j < 3; j++)
        if (ox_needle_find(k, texts[j], strlen(texts[j])) != SIZE_MAX) return true;
    return false;
}

const ox_view_ops ox_view_failures = {
    .name = "failures",
    .help = "what failed in the last export, and its warnings: ! a failure, . one that stems from another, w a warning",
    .place = OX_PLACE_BELOW,
    .create = create,
    .destroy = destroy,
    .reset = reset,
    .moved = moved,
    .head = head,
    .draw = draw,
    .act = act,
    .note = note,
    .copy = copy,
    .matches = matches,
};
