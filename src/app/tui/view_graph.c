/* Floor 7. The neighbourhood of the node that is spoken of: what it takes and what takes from it, some hops far, one
 * node a line, ordered in layers; lanes of box characters lead from each node to those that use it. Never more than a
 * fixed number of nodes and edges is looked at, so it costs the same in any graph. */
#include "app/tui/lines.h"
#include "app/tui/tui.h"

#include <stdlib.h>
#include <string.h>

#define UP_RIGHT "\xe2\x94\x94"
#define UP_LEFT "\xe2\x94\x98"
#define TEE_RIGHT "\xe2\x94\x9c"
#define TEE_LEFT "\xe2\x94\xa4"
#define RULE "\xe2\x94\x80"
#define CENTRE "\xe2\x97\x86"
#define NODE "\xe2\x97\x8f"
#define TEE_UP "\xe2\x94\xb4"
#define CROSS "\xe2\x94\xbc"
#define BAR "\xe2\x94\x82"

enum { MOST = 60, MOST_UP = 30, HOPS = 4, LOOK = 64, DEPTH = 16, N_LANES = MOST };

typedef struct spot {
    ox_node node;
    int hops;       /* from the centre */
    unsigned layer; /* below all that it takes from */
    unsigned n_users;
} spot;

typedef struct graph {
    ox_view v;
    ox_lines lines;
    bool stale, cut;
    size_t n;
    spot spots[MOST];
    bool feeds[MOST][MOST]; /* [producer][user] */
    int lanes[N_LANES];     /* the producer that a lane comes from; -1: free */
    unsigned left[N_LANES]; /* users that it has yet to reach */
} graph;

/* ---- which nodes ---- */

static int index_of(const graph *k, ox_node n)
{
    for (size_t i = 0; i < k->n; i++)
        if (k->spots[i].node.id == n.id) return (int)i;
    return -1;
}

static void add(graph *k, ox_node n, int hops, size_t most)
{
    if (!n.id || index_of(k, n) >= 0 || ox_node_is_folded(k->v.t->s->model, n)) return;
    if (k->n < most)
        k->spots[k->n++] = (spot){.node = n, .hops = hops};
    else
        k->cut = true;
}

/* What a node takes from: the makers of its inputs, and of values from outside that its blocks use. */
typedef struct taken {
    ox_node p[2 * LOOK];
    size_t n;
    bool cut;
} taken;

static void take(taken *t, const ox_model *m, ox_value v, ox_graph from)
{
    ox_node p = ox_value_node(m, v);
    if (!p.id || (from.id && ox_node_graph(m, p).id != from.id)) return;
    for (size_t i = 0; i < t->n; i++)
        if (t->p[i].id == p.id) return;
    if (t->n < 2 * LOOK)
        t->p[t->n++] = p;
    else
        t->cut = true;
}

static bool is_inside(const ox_model *m, ox_node n, ox_node owner)
{
    ox_node o = ox_graph_owner(m, ox_node_graph(m, n));
    for (int depth = 0; o.id && o.id != owner.id && depth < DEPTH; depth++) o = ox_graph_owner(m, ox_node_graph(m, o));
    return o.id == owner.id;
}

static void take_by_blocks(taken *t, const ox_model *m, ox_node n)
{
    ox_graph around = ox_node_graph(m, n);
    size_t seen = 0;
    ox_node k = {0, 0};
    for (size_t b = ox_node_n_blocks(m, n); b-- > 0;) {
        ox_graph g = ox_node_block(m, n, b);
        for (size_t i = 0; i < ox_graph_n_outputs(m, g) && i < LOOK; i++) take(t, m, ox_graph_output(m, g, i), around);
        if (ox_graph_first(m, g).id) k = ox_graph_first(m, g);
    }
    for (; k.id && seen < LOOK && is_inside(m, k, n); k = ox_node_after(m, k), seen++)
        for (size_t i = 0; i < ox_node_n_inputs(m, k) && i < LOOK; i++) take(t, m, ox_node_input(m, k, i), around);
    t->cut |= seen == LOOK;
}

static void take_all(taken *t, const ox_model *m, ox_node n)
{
    size_t count = ox_node_n_inputs(m, n);
    t->n = 0;
    t->cut = count > LOOK;
    for (size_t i = 0; i < count && i < LOOK; i++) take(t, m, ox_node_input(m, n, i), (ox_graph){0, 0});
    take_by_blocks(t, m, n);
}

static void add_producers(graph *k, const ox_model *m, spot s)
{
    taken t;
    take_all(&t, m, s.node);
    k->cut |= t.cut;
    for (size_t i = 0; i < t.n; i++) add(k, t.p[i], s.hops - 1, MOST_UP);
}

static void add_users(graph *k, const ox_model *m, spot s)
{
    size_t count = ox_node_n_outputs(m, s.node), looked = 0;
    for (size_t i = 0; i < count && looked < LOOK; i++, looked++) {
        ox_value v = ox_node_output(m, s.node, i);
        for (ox_use u = ox_value_first_use(m, v); u.node.id && looked < LOOK; u = ox_value_next_use(m, u), looked++)
            if (!ox_node_is_return(m, u.node)) add(k, u.node, s.hops + 1, MOST);
    }
    if (looked >= LOOK) k->cut = true;
}

static void collect(graph *k, const ox_model *m)
{
    k->n = 0;
    k->cut = false;
    k->spots[k->n++] = (spot){.node = k->v.t->node};
    for (size_t i = 0; i < k->n; i++)
        if (k->spots[i].hops > -HOPS) add_producers(k, m, k->spots[i]);
    size_t up = k->n;
    add_users(k, m, k->spots[0]);
    for (size_t i = up; i < k->n; i++)
        if (k->spots[i].hops < HOPS) add_users(k, m, k->spots[i]);
}

/* ---- layers ---- */

static int by_layer(const void *a, const void *b)
{
    const spot *x = a, *y = b;
    if (x->layer != y->layer) return x->layer < y->layer ? -1 : 1;
    return x->node.id < y->node.id ? -1 : x->node.id > y->node.id;
}

static void connect(graph *k, const ox_model *m)
{
    memset(k->feeds, 0, sizeof k->feeds);
    for (size_t j = 0; j < k->n; j++) {
        taken t;
        take_all(&t, m, k->spots[j].node);
        for (size_t i = 0; i < t.n; i++) {
            int p = index_of(k, t.p[i]);
            if (p >= 0) k->feeds[p][j] = true;
        }
    }
}

/* As many rounds as the longest path has nodes settle it. */
static void set_layers(graph *k)
{
    bool more = true;
    for (size_t round = 0; round < k->n && more; round++) {
        more = false;
        for (size_t i = 0; i < k->n; i++)
            for (size_t j = 0; j < k->n; j++)
                if (k->feeds[i][j] && k->spots[j].layer <= k->spots[i].layer) {
                    k->spots[j].layer = k->spots[i].layer + 1;
                    more = true;
                }
    }
    qsort(k->spots, k->n, sizeof *k->spots, by_layer);
}

/* ---- lines ---- */

static bool enters(const graph *k, size_t lane, size_t j)
{
    return k->lanes[lane] >= 0 && k->feeds[k->lanes[lane]][j];
}

/* The lane of a node: one that ends in it, else a free one. There are as many lanes as nodes. */
static size_t lane_for(const graph *k, size_t j)
{
    size_t lane = 0;
    for (size_t i = 0; i < N_LANES; i++)
        if (enters(k, i, j) && k->left[i] == 1) return i;
    while (lane + 1 < N_LANES && k->lanes[lane] >= 0) lane++;
    return lane;
}

/* Where a lane meets the line to the node: at an end of that line, or between. */
static const char *joint(bool ends, bool first, bool last)
{
    if (first) return ends ? UP_RIGHT : TEE_RIGHT;
    if (last) return ends ? UP_LEFT : TEE_LEFT;
    return ends ? TEE_UP : CROSS;
}

static void put_lanes(graph *k, size_t j, bool centre)
{
    size_t at = lane_for(k, j), first = at, last = at, end = at;
    for (size_t i = 0; i < N_LANES; i++) {
        if (k->lanes[i] >= 0 && i > end) end = i;
        if (!enters(k, i, j)) continue;
        if (i < first) first = i;
        if (i > last) last = i;
    }
    for (size_t i = 0; i <= end; i++) {
        const char *gap = i >= first && i < last ? RULE : " ", *sign = gap;
        if (i == last) sign = " ";
        if (i == at)
            sign = centre ? CENTRE : NODE;
        else if (enters(k, i, j))
            sign = joint(k->left[i] == 1, i == first, i == last);
        else if (k->lanes[i] >= 0)
            sign = BAR; /* the line passes behind it */
        ox_lines_addf(&k->lines, i == at ? OX_ROLE_KEY : OX_ROLE_FRAME, "%s", sign);
        ox_lines_addf(&k->lines, OX_ROLE_FRAME, "%s", gap);
    }
    for (size_t i = 0; i < N_LANES; i++)
        if (enters(k, i, j) && --k->left[i] == 0) k->lanes[i] = -1;
    if (k->spots[j].n_users) {
        k->lanes[at] = (int)j;
        k->left[at] = k->spots[j].n_users;
    }
}

static void put_node(graph *k, const ox_model *m, size_t j)
{
    char text[512];
    ox_node n = k->spots[j].node;
    ox_lines *l = &k->lines;
    ox_lines_new(l);
    put_lanes(k, j, n.id == k->v.t->node.id);
    ox_node_op_text(m, n, text, sizeof text);
    ox_lines_addf(l, OX_ROLE_OP, "%s", text);
    ox_lines_addf(l, OX_ROLE_NOTE, " #%u", n.id);
    ox_value out = ox_node_n_outputs(m, n) ? ox_node_output(m, n, 0) : (ox_value){0, 0};
    if (out.id) {
        ox_value_label(m, out, text, sizeof text);
        ox_lines_addf(l, OX_ROLE_VALUE, "  %s", text);
        ox_type_text(m, ox_value_type(m, out), text, sizeof text);
        ox_lines_addf(l, OX_ROLE_TYPE, " : %s", text);
    }
    ox_lines_link(l, n);
}

static void write_lines(graph *k)
{
    const ox_model *m = k->v.t->s->model;
    size_t centre = 0;
    ox_lines_clear(&k->lines);
    k->n = 0;
    k->v.left = 0;
    if (m && ox_node_is_alive(m, k->v.t->node)) {
        collect(k, m);
        connect(k, m);
        set_layers(k);
        connect(k, m); /* by their new places */
    }
    for (size_t i = 0; i < N_LANES; i++) k->lanes[i] = -1;
    for (size_t i = 0; i < k->n; i++)
        for (size_t j = 0; j < k->n; j++) k->spots[i].n_users += k->feeds[i][j];
    for (size_t i = 0; i < k->n; i++) {
        put_node(k, m, i);
        if (k->spots[i].node.id == k->v.t->node.id) centre = i;
    }
    ox_list_set_n(&k->v.list, k->lines.n);
    ox_list_go(&k->v.list, centre);
    ox_list_place(&k->v.list, 0);
}

/* ---- the view ---- */

static ox_status create(ox_view **out, ox_tui *t, ox_error *err)
{
    (void)t;
    graph *k = calloc(1, sizeof *k);
    if (!k) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    *out = &k->v;
    return OX_OK;
}

static void destroy(ox_view *v)
{
    ox_lines_free(&((graph *)v)->lines);
    free(v);
}

static void mark_stale(ox_view *v)
{
    ((graph *)v)->stale = true;
}

static bool work(ox_view *v)
{
    graph *k = (graph *)v;
    if (k->stale && v->at.rows) {
        k->stale = false;
        write_lines(k);
    }
    return false;
}

/* The nearest line that an edge leads to. */
static void follow_edge(graph *k, bool down)
{
    size_t at = k->v.list.cursor;
    for (size_t i = 1; i < k->n && at < k->n; i++) {
        size_t to = down ? at + i : at - i; /* wraps to what is no line */
        if (to >= k->n || !(down ? k->feeds[at][to] : k->feeds[to][at])) continue;
        ox_list_go(&k->v.list, to);
        return;
    }
    ox_tui_say(k->v.t, OX_ROLE_NOTE, "no edge leads there from this node; Enter makes it the centre");
}

static bool act(ox_view *v, ox_action a)
{
    graph *k = (graph *)v;
    switch (a) {
    case OX_DO_EDGE_UP: follow_edge(k, false); return true;
    case OX_DO_EDGE_DOWN: follow_edge(k, true); return true;
    case OX_DO_RECENTRE: ox_tui_go(v->t, ox_lines_linked(&k->lines, v->list.cursor)); return true;
    default: return false;
    }
}

static void draw(ox_view *v, ox_grid *g, ox_rect line, size_t i)
{
    ox_lines_draw(&((graph *)v)->lines, i, g, line, v->left);
}

static void note(ox_view *v, char *buf, size_t size)
{
    graph *k = (graph *)v;
    snprintf(buf, size, "%zu nodes%s", k->n, k->cut ? ", cut" : "");
}

static size_t copy(ox_view *v, char *buf, size_t size)
{
    return ox_lines_copy(&((graph *)v)->lines, v->list.cursor, buf, size);
}

static bool matches(ox_view *v, size_t i, const ox_needle *k)
{
    return ox_lines_match(&((graph *)v)->lines, i, k);
}

const ox_view_ops ox_view_graph = {
    .name = "graph",
    .help =
        "the nodes around that of the cursor, in layers, with their edges: four hops up and down, and 60 nodes at most",
    .place = OX_PLACE_BELOW,
    .create = create,
    .destroy = destroy,
    .reset = mark_stale,
    .follow = mark_stale,
    .work = work,
    .draw = draw,
    .act = act,
    .note = note,
    .copy = copy,
    .matches = matches,
};
