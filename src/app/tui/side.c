/* Floor 7. Two sides: the nodes of the model, and beside them those of its result or of another model. The side that
 * has the keys, or had them last, is the one that the details tell of. */
#include "app/tui/tui.h"

#include <string.h>

static bool is_second(int view)
{
    return view == OX_VIEW_result || view == OX_VIEW_beside;
}

/* Panes that tell of either side leave it as it was. */
static int side_of(const ox_tui *t)
{
    bool either = t->focus == OX_VIEW_detail || t->focus == OX_VIEW_log || t->focus == OX_VIEW_help;
    int side = either ? t->side : is_second(t->focus) ? t->focus : OX_VIEW_nodes;
    return is_second(side) && t->at[OX_PLACE_BESIDE] != side ? OX_VIEW_nodes : side;
}

void ox_side_settle(ox_tui *t)
{
    int side = side_of(t);
    if (side == t->side) return;
    t->side = side;
    ox_side_told(t);
}

void ox_side_told(ox_tui *t)
{
    ox_view *detail = t->views[OX_VIEW_detail];
    detail->ops->follow(detail);
}

ox_spoken ox_side_spoken(const ox_tui *t)
{
    ox_spoken k = {t->s->model, t->node, t->side};
    if (t->side == OX_VIEW_beside) k = (ox_spoken){t->s->beside, t->other, t->side};
    if (t->side == OX_VIEW_result) k = (ox_spoken){t->s->result, ox_nodes_at_cursor(t->views[t->side]), t->side};
    if (!k.m || !ox_node_is_alive(k.m, k.n)) k.n = (ox_node){0, 0};
    return k;
}

void ox_side_go(ox_tui *t, ox_node n)
{
    if (t->side == OX_VIEW_nodes)
        ox_tui_go(t, n);
    else if (t->side == OX_VIEW_beside)
        ox_tui_go_beside(t, n);
    else if (n.id)
        ox_nodes_go(t->views[t->side], n);
}

void ox_side_place(ox_tui *t, ox_node n)
{
    if (t->side == OX_VIEW_nodes) ox_tui_set_node(t, n, NULL);
    if (t->side == OX_VIEW_beside) t->other = n;
}

const char *ox_side_option(const ox_tui *t)
{
    return t->side == OX_VIEW_result ? "--result " : t->side == OX_VIEW_beside ? "--beside " : "";
}

void ox_side_cross(ox_tui *t, ox_node n)
{
    bool back = t->side == OX_VIEW_result;
    ox_tui_show(t, back ? OX_VIEW_nodes : OX_VIEW_result);
    if (back)
        ox_tui_go(t, n);
    else
        ox_nodes_go(t->views[OX_VIEW_result], n);
}

void ox_side_show(ox_tui *t)
{
    if (t->at[OX_PLACE_BESIDE] == OX_VIEW_beside)
        ox_tui_hide(t, OX_VIEW_beside);
    else if (t->s->beside)
        ox_tui_show(t, OX_VIEW_beside);
    else
        ox_prompt_begin(t, OX_MODE_COMMAND, "beside ");
}

/* The node that is most like one of the model beside (back), or of the first. */
static ox_node meet(ox_tui *t, bool back, ox_node n, const char **how)
{
    const ox_session *s = t->s;
    return back ? ox_meet(&t->kin, s->model, &t->other_kin, s->beside, n, how)
                : ox_meet(&t->other_kin, s->beside, &t->kin, s->model, n, how);
}

void ox_side_moved(ox_tui *t, bool beside)
{
    const char *how;
    const ox_session *s = t->s;
    ox_node from = beside ? t->other : t->node;
    bool shown = t->at[OX_PLACE_BESIDE] == OX_VIEW_beside;
    if (!t->together || t->taken || !shown || !s->model || !s->beside) return;
    if (!ox_node_is_alive(beside ? s->beside : s->model, from)) return;
    ox_node n = meet(t, beside, from, &how);
    if (!n.id) return;
    t->taken = true;
    if (beside)
        ox_tui_set_node(t, n, NULL);
    else
        ox_nodes_point(t->views[OX_VIEW_beside], n);
    t->taken = false;
}

void ox_side_together(ox_tui *t)
{
    t->together = !t->together;
    ox_tui_say(t, OX_ROLE_NOTE, t->together ? "the cursors of both models move together" : "each model has its cursor");
    ox_side_moved(t, t->side == OX_VIEW_beside);
}

void ox_side_meet(ox_tui *t)
{
    const char *how;
    const ox_session *s = t->s;
    const ox_spoken k = ox_side_spoken(t);
    bool back = k.view == OX_VIEW_beside;
    if (k.view == OX_VIEW_result || !s->beside || !s->model) {
        ox_tui_say(t, OX_ROLE_NOTE,
                   s->beside ? "the result is bound to the nodes" : "no model stands beside: A opens one");
        return;
    }
    if (!k.n.id) return;
    ox_node n = meet(t, back, k.n, &how);
    if (n.id && back)
        ox_tui_go(t, n);
    else if (n.id)
        ox_tui_go_beside(t, n);
    ox_tui_say(t, OX_ROLE_NOTE, n.id ? "found %s" : "nothing on the other side is like it", how);
}

void ox_side_file(const char *path, size_t cols, char *buf, size_t size)
{
    char safe[256];
    const char *base = path ? strrchr(path, '/') : NULL;
    base = base ? base + 1 : path ? path : "";
    size_t n = ox_text_sanitize(base, strlen(base), safe, sizeof safe);
    ox_text_fit(safe, n < sizeof safe ? n : sizeof safe - 1, cols, buf, size);
}

bool ox_side_is_first(ox_tui *t, const char *what)
{
    if (t->side != OX_VIEW_beside) return true;
    ox_tui_say(t, OX_ROLE_NOTE, "%s of the model on the first side: S-Tab goes there", what);
    return false;
}
