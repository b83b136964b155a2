/* Floor 7. Going to nodes: there and back, to producers and consumers, to marks and failures; lines and copies of where
 * we are. */
#include "app/tui/tui.h"

#include "app/cmd.h"

#include <stdlib.h>
#include <string.h>

static bool same(ox_node a, ox_node b)
{
    return a.id == b.id && a.gen == b.gen;
}

static void push(ox_trail *t, ox_node n)
{
    if (!n.id || (t->n && same(t->p[t->n - 1], n))) return;
    if (t->n == OX_TRAIL_MAX) memmove(t->p, t->p + 1, --t->n * sizeof *t->p);
    t->p[t->n++] = n;
}

void ox_tui_go(ox_tui *t, ox_node n)
{
    if (!n.id || same(n, t->node)) return;
    push(&t->trails.back, t->node);
    t->trails.forth.n = 0;
    ox_nodes_reveal(t, n);
    ox_tui_set_node(t, n, NULL);
}

void ox_tui_go_beside(ox_tui *t, ox_node n)
{
    if (!n.id || same(n, t->other)) return;
    push(&t->other_trails.back, t->other);
    t->other_trails.forth.n = 0;
    ox_nodes_go(t->views[OX_VIEW_beside], n);
}

/* The newest place of one trail that is still there; where we are goes to the other. */
static void follow_trail(ox_tui *t, ox_trail *from, ox_trail *to, const char *none)
{
    bool beside = t->side == OX_VIEW_beside;
    ox_node here = beside ? t->other : t->node;
    while (from->n) {
        ox_node n = from->p[--from->n];
        if (!ox_node_is_alive(beside ? t->s->beside : t->s->model, n) || same(n, here)) continue;
        push(to, here);
        if (beside) {
            ox_nodes_go(t->views[OX_VIEW_beside], n);
        } else {
            ox_nodes_reveal(t, n);
            ox_tui_set_node(t, n, NULL);
        }
        return;
    }
    ox_tui_say(t, OX_ROLE_NOTE, "%s", none);
}

static ox_trails *trails(ox_tui *t)
{
    return t->side == OX_VIEW_beside ? &t->other_trails : &t->trails;
}

void ox_tui_back(ox_tui *t)
{
    follow_trail(t, &trails(t)->back, &trails(t)->forth, "this is where it began");
}

void ox_tui_forth(ox_tui *t)
{
    follow_trail(t, &trails(t)->forth, &trails(t)->back, "this is the newest place");
}

/* ---- edges ---- */

/* Producers of the inputs of a node, those of the items of a list for the list; constants and weights are none. */
static void add_producers(const ox_model *m, ox_node n, bool in_list, ox_node *first, size_t *count)
{
    for (size_t i = 0, n_in = ox_node_n_inputs(m, n); i < n_in; i++) {
        ox_node p = ox_value_node(m, ox_node_input(m, n, i));
        if (!p.id || ox_node_is_folded(m, p)) continue;
        if (!in_list && ox_node_is(m, p, "prim", "ListConstruct")) {
            add_producers(m, p, true, first, count);
            continue;
        }
        if (!first->id) *first = p;
        ++*count;
    }
}

void ox_tui_up(ox_tui *t)
{
    ox_run_grace(t);
    const ox_spoken k = ox_side_spoken(t);
    ox_node first = {0, 0};
    size_t n = 0;
    if (!k.n.id) return;
    add_producers(k.m, k.n, false, &first, &n);
    if (n > 1) ox_tui_say(t, OX_ROLE_NOTE, "the first of %zu producers; the detail pane lists all", n);
    if (first.id)
        ox_side_go(t, first);
    else
        ox_tui_say(t, OX_ROLE_NOTE, "it takes no more than inputs, weights and constants; the detail pane lists them");
}

void ox_tui_down(ox_tui *t)
{
    ox_run_grace(t);
    const ox_spoken k = ox_side_spoken(t);
    const ox_model *m = k.m;
    ox_node first = {0, 0};
    size_t n = 0;
    if (!k.n.id) return;
    for (size_t i = 0, count = ox_node_n_outputs(m, k.n); i < count; i++) {
        ox_value v = ox_node_output(m, k.n, i);
        n += ox_value_n_uses(m, v);
        for (ox_use u = ox_value_first_use(m, v); u.node.id && !first.id; u = ox_value_next_use(m, u))
            if (!ox_node_is_return(m, u.node)) first = u.node;
    }
    if (first.id && n > 1) ox_tui_say(t, OX_ROLE_NOTE, "the first of %zu uses; the detail pane lists all", n);
    if (first.id)
        ox_side_go(t, first);
    else
        ox_tui_say(t, OX_ROLE_NOTE, n ? "it is an output of the graph" : "no node uses what it makes");
}

/* ---- marks ---- */

void ox_tui_mark(ox_tui *t, uint32_t key)
{
    char name[16];
    if (key < 'a' || key > 'z' || !t->node.id || !ox_side_is_first(t, "marks are")) return;
    t->s->marks[key - 'a'] = t->node;
    ox_tui_say(t, OX_ROLE_NOTE, "marked %s", ox_key_name(key, name));
}

void ox_tui_to_mark(ox_tui *t, uint32_t key)
{
    if (key < 'a' || key > 'z') return;
    ox_node n = t->s->marks[key - 'a'];
    if (t->s->model && ox_node_is_alive(t->s->model, n))
        ox_tui_go(t, n);
    else
        ox_tui_say(t, OX_ROLE_WARNING, "there is no mark %c", (int)key);
}

/* ---- where we are ---- */

void ox_tui_run_at(ox_tui *t, const char *command)
{
    char line[128];
    ox_run_grace(t);
    if (!ox_side_is_first(t, "commands speak")) return;
    if (!t->s->model || !ox_node_is_alive(t->s->model, t->node)) {
        ox_tui_say(t, OX_ROLE_NOTE, "there is no node here");
        return;
    }
    snprintf(line, sizeof line, "%s #%u", command, t->node.id);
    ox_run_line(t, line);
}

void ox_tui_copy(ox_tui *t)
{
    enum { MOST = 4096 };
    ox_view *v = t->views[t->focus];
    char *text = v->ops->copy ? malloc(MOST) : NULL;
    size_t n = text ? v->ops->copy(v, text, MOST) : 0;
    if (!n) {
        free(text);
        ox_tui_say(t, OX_ROLE_NOTE, "there is nothing to copy");
        return;
    }
    char safe[256];
    ox_text_sanitize(text, strlen(text), safe, sizeof safe);
    ox_tui_say(t, OX_ROLE_NOTE, "copied %s", safe);
    free(t->copied);
    t->copied = text;
}

static void to_told_failure(ox_tui *t)
{
    const ox_session *s = t->s;
    if (s->failure == t->failure) return;
    t->failure = s->failure;
    if (!s->report || !s->failure || s->failure > ox_report_n(s->report)) return;
    ox_list_go(&t->views[OX_VIEW_failures]->list, s->failure - 1);
    ox_node n = ox_report_at(s->report, s->failure - 1)->node;
    if (s->model && ox_node_is_alive(s->model, n)) ox_tui_go(t, n);
}

void ox_tui_to_told(ox_tui *t)
{
    const ox_session *s = t->s;
    to_told_failure(t);
    if (s->n_led == t->n_led) return;
    t->n_led = s->n_led;
    if (s->led_beside && s->beside && ox_node_is_alive(s->beside, s->led))
        ox_tui_go_beside(t, s->led);
    else if (!s->led_beside && s->model && ox_node_is_alive(s->model, s->led))
        ox_tui_go(t, s->led);
}

bool ox_tui_to_named(ox_tui *t, const char *text, size_t n, int side)
{
    const ox_session *s = t->s;
    const ox_model *m = side == OX_VIEW_result ? s->result : side == OX_VIEW_beside ? s->beside : s->model;
    char word[256];
    ox_node found;
    for (size_t i = 0; m && i < n; i++) {
        if ((text[i] != '#' && text[i] != '%') || (i && text[i - 1] != ' ' && text[i - 1] != '(')) continue;
        size_t k = 1;
        while (i + k < n && !strchr(" ,()[]", text[i + k])) k++;
        snprintf(word, sizeof word, "%.*s", (int)k, text + i);
        if (k >= sizeof word || ox_select_node(m, word, &found, NULL) != OX_OK) continue;
        if (side == OX_VIEW_beside) {
            ox_tui_go_beside(t, found);
            return true;
        }
        if (side == OX_VIEW_result) found = ox_model_node_at(s->model, ox_node_origin(m, found));
        if (!found.id || !ox_node_is_alive(s->model, found)) continue;
        ox_tui_go(t, found);
        return true;
    }
    return false;
}
