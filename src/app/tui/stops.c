/* Floor 7. A debugged export in the full screen: where breakpoints are, and the way to where it stops. */
#include "app/tui/tui.h"

#include "app/debug.h"

#include <onnxsh/query.h>

#include <stdlib.h>
#include <string.h>

void ox_stops_free(ox_tui *t)
{
    for (size_t i = 0; i < t->n_breaks; i++) ox_query_free(t->breaks[i]);
    free(t->breaks);
    t->breaks = NULL;
    t->n_breaks = 0;
}

/* Without memory, or where a query fits the model no more, a breakpoint has no marks. */
static void read_breaks(ox_tui *t)
{
    const ox_session *s = t->s;
    ox_stops_free(t);
    if (!s->model || !s->n_breakpoints) return;
    t->breaks = calloc(s->n_breakpoints, sizeof *t->breaks);
    if (!t->breaks) return;
    t->n_breaks = s->n_breakpoints;
    for (size_t i = 0; i < t->n_breaks; i++) {
        const char *q = s->breakpoints[i].query;
        if (*q && ox_query_parse(&t->breaks[i], s->model, q, strlen(q), NULL) != OX_OK) t->breaks[i] = NULL;
    }
}

bool ox_stops_new(const ox_tui *t)
{
    ox_debug_place at;
    return ox_debug_at(t->s, &at) && at.number != t->stop;
}

void ox_stops_sync(ox_tui *t)
{
    ox_debug_place at;
    read_breaks(t);
    if (!ox_debug_at(t->s, &at)) {
        bool there = t->stop && t->at[OX_PLACE_BELOW] == OX_VIEW_stop;
        if (there) ox_tui_hide(t, OX_VIEW_stop), ox_tui_put(t, OX_VIEW_detail);
        t->stop = 0;
    } else if (at.number != t->stop) {
        bool first = !t->stop;
        t->stop = at.number;
        if (first) {
            ox_tui_put(t, OX_VIEW_stop);
            if (!t->zoom || t->focus != OX_VIEW_log) ox_tui_show(t, OX_VIEW_stop); /* who reads the log goes on */
        }
        if (ox_node_is_alive(t->s->model, at.node)) ox_tui_go(t, at.node);
    }
    if (t->views[OX_VIEW_stop]->ops->reset) t->views[OX_VIEW_stop]->ops->reset(t->views[OX_VIEW_stop]);
}

const char *ox_stops_mark(const ox_tui *t, ox_node n)
{
    ox_debug_place at;
    if (t->stop && ox_debug_at(t->s, &at) && at.node.id == n.id) return ">";
    for (size_t i = 0; i < t->n_breaks; i++)
        if (t->breaks[i] && ox_query_matches(t->breaks[i], t->s->model, n)) return "o";
    return NULL;
}

void ox_stops_toggle(ox_tui *t)
{
    char label[256], line[300];
    const ox_session *s = t->s;
    ox_value out = {0, 0};
    ox_run_grace(t);
    if (!ox_side_is_first(t, "breakpoints are")) return;
    if (s->model && ox_node_is_alive(s->model, t->node) && ox_node_n_outputs(s->model, t->node))
        out = ox_node_output(s->model, t->node, 0);
    if (!out.id || ox_value_label(s->model, out, label, sizeof label) >= sizeof label ||
        strpbrk(label, " \"\\()#/*?,")) {
        ox_tui_say(t, OX_ROLE_NOTE, "`break QUERY` sets a breakpoint here: what this node makes has no name for it");
        return;
    }
    snprintf(line, sizeof line, "break %s", label);
    for (size_t i = 0; i < s->n_breakpoints; i++)
        if (strcmp(s->breakpoints[i].query, label) == 0 && !s->breakpoints[i].condition)
            snprintf(line, sizeof line, "break --delete %d", s->breakpoints[i].number);
    ox_run_line(t, line);
}
