/* Floor 7. Help: made from the table of keys. */
#include "app/tui/lines.h"
#include "app/tui/tui.h"

#include <stdlib.h>
#include <string.h>

typedef struct help {
    ox_view v;
    ox_lines lines;
    uint64_t revision; /* of the keys that the user bound, when it was written */
} help;

/* What init.lua and `bind` made of keys. */
static void bound_keys(ox_lines *l, const ox_bounds *b)
{
    if (!b->n) return;
    ox_lines_new(l);
    ox_lines_addf(l, OX_ROLE_TITLE, "Yours");
    for (size_t i = 0; i < b->n; i++) {
        const char *line = b->p[i].line;
        ox_action a = *line == '@' ? ox_action_named(line + 1) : OX_DO_NOTHING;
        ox_lines_new(l);
        ox_lines_addf(l, OX_ROLE_KEY, "  %s", b->p[i].key);
        ox_lines_tab(l, 22);
        if (a != OX_DO_NOTHING)
            ox_lines_addf(l, OX_ROLE_PLAIN, "%s", ox_action_get(a)->help);
        else
            ox_lines_name(l, OX_ROLE_COMMAND, line, strlen(line));
    }
    ox_lines_new(l);
}

static void keys_of(ox_lines *l, const char *view)
{
    for (ox_action a = OX_DO_NOTHING + 1; a < OX_N_ACTIONS; a++) {
        const ox_action_row *r = ox_action_get(a);
        if (!ox_action_is_of(r, view)) continue;
        ox_lines_new(l);
        ox_lines_addf(l, OX_ROLE_KEY, "  %s", r->keys);
        ox_lines_tab(l, 22);
        ox_lines_addf(l, OX_ROLE_PLAIN, "%s", r->help);
        if (*r->command) ox_lines_addf(l, OX_ROLE_COMMAND, "  :%s", r->command);
    }
}

static bool has_own(const char *view)
{
    for (ox_action a = OX_DO_NOTHING + 1; a < OX_N_ACTIONS; a++)
        if (ox_action_is_of(ox_action_get(a), view)) return true;
    return false;
}

static void write_lines(help *h, const ox_tui *t)
{
    static const ox_view_ops *const views[] = {
#define OX_VIEW(name) &ox_view_##name,
#include "app/tui/views.def"
#undef OX_VIEW
    };
    ox_lines_clear(&h->lines);
    bound_keys(&h->lines, &t->s->bound);
    h->revision = t->s->bound.revision;
    ox_lines_new(&h->lines);
    ox_lines_addf(&h->lines, OX_ROLE_TITLE, "In every pane");
    keys_of(&h->lines, "");
    ox_lines_new(&h->lines);
    ox_lines_addf(&h->lines, OX_ROLE_KEY, "  mouse");
    ox_lines_tab(&h->lines, 22);
    ox_lines_addf(&h->lines, OX_ROLE_PLAIN,
                  "a click moves the cursor, again it is Enter (in the tree it folds); the wheel scrolls");
    ox_lines_new(&h->lines);
    ox_lines_addf(&h->lines, OX_ROLE_KEY, "  paste");
    ox_lines_tab(&h->lines, 22);
    ox_lines_addf(&h->lines, OX_ROLE_PLAIN, "a message that is pasted is looked for in the model");
    ox_lines_addf(&h->lines, OX_ROLE_COMMAND, "  :locate MESSAGE");
    for (size_t i = 0; i < sizeof views / sizeof *views; i++) {
        ox_lines_new(&h->lines);
        ox_lines_new(&h->lines);
        ox_lines_addf(&h->lines, OX_ROLE_TITLE, "%s", views[i]->name);
        ox_lines_addf(&h->lines, OX_ROLE_PLAIN, ": %s", views[i]->help);
        if (has_own(views[i]->name)) keys_of(&h->lines, views[i]->name);
    }
    ox_list_set_n(&h->v.list, h->lines.n);
}

static ox_status create(ox_view **out, ox_tui *t, ox_error *err)
{
    help *h = calloc(1, sizeof *h);
    if (!h) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    write_lines(h, t);
    *out = &h->v;
    return OX_OK;
}

static bool work(ox_view *v)
{
    help *h = (help *)v;
    if (v->at.rows && h->revision != v->t->s->bound.revision) write_lines(h, v->t);
    return false;
}

static void destroy(ox_view *v)
{
    ox_lines_free(&((help *)v)->lines);
    free(v);
}

static void draw(ox_view *v, ox_grid *g, ox_rect line, size_t i)
{
    ox_lines_draw(&((help *)v)->lines, i, g, line, v->left);
}

static bool matches(ox_view *v, size_t i, const ox_needle *k)
{
    return ox_lines_match(&((help *)v)->lines, i, k);
}

const ox_view_ops ox_view_help = {
    .name = "help",
    .help = "the keys; q or Esc leaves it",
    .place = OX_PLACE_WHOLE,
    .create = create,
    .destroy = destroy,
    .work = work,
    .draw = draw,
    .matches = matches,
};
