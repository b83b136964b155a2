/* Floor 7. The nodes in graph order, blocks and functions included, constants folded: those of the model, and beside
 * them those of the result of the last export, bound by provenance. The list is made in pieces; drawing it costs the
 * same for any number of nodes. */
#include "app/tui/nodes_line.h"
#include "app/tui/tui.h"

#include <onnxsh/print.h>
#include <onnxsh/query.h>

#include <stdlib.h>
#include <string.h>

enum { PIECE = 512, MEMO = 1024 };

/* An answer of the search for an operator or a scope, which many nodes share. */
typedef struct memo {
    uint64_t key;
    unsigned revision;
    bool hit;
} memo;

typedef struct nodes {
    ox_view v;
    uint32_t *rows;   /* ids of nodes */
    bool result;      /* it lists the result of the last export */
    bool beside;      /* it lists the model beside */
    ox_node aim;      /* of the result: where the cursor shall go; {0}: to what the tui's node became */
    uint32_t *row_of; /* by id of a node: its row + 1; 0 = not listed */
    size_t cap_ids, n_seen;
    ox_node next;      /* to be looked at; {0}: see next_function */
    size_t function;   /* the next function to begin */
    bool done, unfold; /* all were looked at; constants are listed too */
    bool weights;      /* those that nodes were folded into are looked for */
    char query[OX_LINE_MAX];
    ox_query *filter; /* NULL: all are listed */
    bool seek;        /* the cursor goes to the tui's node once that is listed */
    bool apart;       /* another pane went to a node that is not listed: the list that begins anew leaves it so */
    memo ops[MEMO], scopes[MEMO];
} nodes;

static const ox_model *model(const nodes *k)
{
    const ox_session *s = k->v.t->s;
    return k->result ? s->result : k->beside ? s->beside : s->model;
}

/* ---- making the list ---- */

/* A query may ask for constants: it is shown all that it selects. */
static bool is_listed(const nodes *k, const ox_model *m, ox_node n)
{
    return k->filter ? ox_query_matches(k->filter, m, n) : k->unfold || !ox_node_is_folded(m, n);
}

static bool grow(nodes *k, size_t n_ids)
{
    if (n_ids <= k->cap_ids) return true;
    uint32_t *p = realloc(k->row_of, n_ids * sizeof *p);
    if (p) k->row_of = p;
    uint32_t *q = p ? realloc(k->rows, n_ids * sizeof *q) : NULL;
    if (!q) return false;
    k->rows = q;
    k->cap_ids = n_ids;
    return true;
}

static void restart(nodes *k)
{
    const ox_model *m = model(k);
    const ox_model *source = k->v.t->s->model;
    k->v.list.n = 0;
    k->n_seen = k->function = 0;
    k->seek = true;
    k->next = m ? ox_graph_first(m, ox_model_main(m)) : (ox_node){0, 0};
    k->weights = false;
    if (k->result) ox_became_free(&k->v.t->became);
    k->done = !m || !grow(k, ox_model_node_limit(m));
    if (k->result && m && source && !k->done)
        k->done = !ox_became_begin(&k->v.t->became, ox_model_node_limit(source), ox_model_node_limit(m));
    if (!m)
        ox_list_set_n(&k->v.list, 0);
    else if (k->done)
        ox_tui_say(k->v.t, OX_ROLE_ERROR, "out of memory: the nodes cannot be listed");
    else
        memset(k->row_of, 0, k->cap_ids * sizeof *k->row_of);
}

static uint32_t row_of(const nodes *k, uint32_t id)
{
    return id < k->cap_ids ? k->row_of[id] : 0;
}

/* The first row of what the node that is spoken of became, or went into. */
static uint32_t row_of_result(const nodes *k)
{
    ox_tui *t = k->v.t;
    ox_became *b = &t->became;
    uint32_t home = k->done ? ox_became_home(b, t->s->model, t->node.id) : t->node.id, row = 0;
    if (!home || home >= b->n) return 0;
    for (uint32_t id = b->first[home], n = 0; id && !row && n < MEMO; id = b->next[id], n++) row = row_of(k, id);
    return row || b->first[home] ? row : row_of(k, ox_became_reader(b, t->s->result, home).id);
}

static void place_cursor(nodes *k)
{
    ox_tui *t = k->v.t;
    uint32_t row = k->aim.id   ? row_of(k, k->aim.id)
                   : k->result ? row_of_result(k)
                               : row_of(k, k->beside ? t->other.id : t->node.id);
    if (!row) return;
    ox_list_go(&k->v.list, row - 1);
    k->seek = k->apart = false;
    if (t->side == OX_VIEW_result) ox_side_told(t);
}

static bool begin_function(nodes *k)
{
    const ox_model *m = model(k);
    while (!k->next.id && k->function < ox_model_n_functions(m))
        k->next = ox_graph_first(m, ox_model_function(m, k->function++));
    return k->next.id != 0;
}

/* The weights that nodes were folded into are found last; then all is known that the other panes tell. */
static bool weights(nodes *k)
{
    ox_tui *t = k->v.t;
    k->weights = k->result && ox_became_weights(&t->became, model(k));
    if (k->weights || !k->result) return k->weights;
    place_cursor(k);
    t->views[OX_VIEW_detail]->ops->follow(t->views[OX_VIEW_detail]);
    return false;
}

/* The cursor is on a node of the model, or of the one beside. */
static void speak(nodes *k, ox_node n)
{
    if (!k->beside) {
        ox_tui_set_node(k->v.t, n, &k->v);
        return;
    }
    k->v.t->other = n;
    ox_side_told(k->v.t);
    ox_side_moved(k->v.t, true);
}

static bool work(ox_view *v)
{
    nodes *k = (nodes *)v;
    const ox_tui *t = v->t;
    const ox_model *m = model(k);
    if (k->done) return k->weights && weights(k);
    size_t n = v->list.n;
    for (int i = 0; i < PIECE; i++) {
        if (!k->next.id && !begin_function(k)) {
            k->done = k->weights = true;
            break;
        }
        ox_node node = k->next;
        k->next = ox_node_after(m, node);
        k->n_seen++;
        if (k->result) ox_became_add(&v->t->became, m, node);
        if (node.id >= k->cap_ids || n == k->cap_ids || !is_listed(k, m, node)) continue;
        k->rows[n++] = node.id;
        k->row_of[node.id] = (uint32_t)n;
    }
    ox_list_set_n(&v->list, n);
    if (k->seek) place_cursor(k);
    if (k->seek && k->done) { /* it is not listed: another one is spoken of from now on */
        k->seek = false;
        bool stays = k->apart && (k->beside ? t->other.id : t->node.id);
        if (n && !k->result && !stays) speak(k, ox_model_node_at(m, k->rows[v->list.cursor]));
    }
    return !k->done || k->weights;
}

/* ---- the view ---- */

static ox_status create(ox_view **out, ox_tui *t, ox_error *err)
{
    (void)t;
    nodes *k = calloc(1, sizeof *k);
    if (!k) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    k->done = true;
    *out = &k->v;
    return OX_OK;
}

static void destroy(ox_view *v)
{
    nodes *k = (nodes *)v;
    ox_query_free(k->filter);
    free(k->rows);
    free(k->row_of);
    free(k);
}

/* A query names values of the model that it was read against. */
static void reset(ox_view *v)
{
    nodes *k = (nodes *)v;
    ox_query_free(k->filter);
    k->filter = NULL;
    k->aim = (ox_node){0, 0};
    if (k->query[0] && (!model(k) || ox_query_parse(&k->filter, model(k), k->query, strlen(k->query), NULL) != OX_OK))
        k->query[0] = '\0';
    restart(k);
}

static nodes *nodes_of(const ox_tui *t)
{
    return (nodes *)t->views[OX_VIEW_nodes];
}

static void take_filter(nodes *k, ox_query *q, const char *query)
{
    ox_query_free(k->filter);
    k->filter = q;
    snprintf(k->query, sizeof k->query, "%s", query);
    k->v.list.cursor = k->v.list.top = 0;
    k->apart = false;
    restart(k);
}

/* The list that is filtered is that of the side. */
static nodes *side_of(const ox_tui *t)
{
    return (nodes *)t->views[t->side];
}

ox_status ox_nodes_filter(ox_tui *t, const char *query, ox_error *err)
{
    nodes *k = side_of(t);
    ox_query *q = NULL;
    query += strspn(query, " ");
    if (*query && !model(k)) return ox_error_set(err, OX_E_INVALID, "nothing is open");
    ox_status st = *query ? ox_query_parse(&q, model(k), query, strlen(query), err) : OX_OK;
    if (st != OX_OK) return st;
    take_filter(k, q, query);
    return OX_OK;
}

void ox_nodes_unfilter(ox_tui *t)
{
    take_filter(side_of(t), NULL, "");
}

const char *ox_nodes_filtered(const ox_tui *t)
{
    return side_of(t)->query;
}

static void drop_filter(nodes *k)
{
    take_filter(k, NULL, "");
    ox_tui_say(k->v.t, OX_ROLE_NOTE, "the filter is off: it left out this node");
}

void ox_nodes_reveal(ox_tui *t, ox_node n)
{
    nodes *k = nodes_of(t);
    const ox_model *m = model(k);
    if (!m || (n.id < k->cap_ids && k->row_of && k->row_of[n.id])) return;
    if (k->filter && !ox_query_matches(k->filter, m, n)) {
        drop_filter(k);
    }
    if (!k->filter && !k->unfold && ox_node_is_folded(m, n)) {
        k->unfold = true;
        restart(k);
    }
}

static ox_node node_at(const nodes *k, size_t i)
{
    return i < k->v.list.n ? ox_model_node_at(model(k), k->rows[i]) : (ox_node){0, 0};
}

ox_node ox_nodes_at_cursor(const ox_view *v)
{
    const nodes *k = (const nodes *)v;
    return model(k) ? node_at(k, v->list.cursor) : (ox_node){0, 0};
}

/* The node of the trace that one of the result came from; says why it cannot be seen. */
static ox_node came_from(const nodes *k, ox_node n)
{
    char text[512];
    ox_tui *t = k->v.t;
    const ox_model *m = t->s->model;
    ox_node from = ox_model_node_at(m, ox_node_origin(model(k), n));
    if (!from.id) {
        ox_tui_say(t, OX_ROLE_NOTE, "it came from no node of the trace: the conversion made it");
    } else if (!row_of(nodes_of(t), from.id)) {
        ox_node_op_text(m, from, text, sizeof text);
        ox_tui_say(t, OX_ROLE_NOTE, "it came from %s #%u, which is not listed", text, from.id);
    }
    return from;
}

static void moved(ox_view *v)
{
    nodes *k = (nodes *)v;
    k->seek = k->apart = false;
    ox_node n = node_at(k, v->list.cursor);
    k->aim = (ox_node){0, 0};
    if (n.id && k->result) {
        n = came_from(k, n);
        ox_side_told(v->t);
    }
    if (n.id) speak(k, n);
}

void ox_nodes_go(ox_view *v, ox_node n)
{
    nodes *k = (nodes *)v;
    ox_tui *t = v->t;
    uint32_t row = row_of(k, n.id);
    if (row) {
        ox_list_go(&v->list, row - 1);
        moved(v);
        return;
    }
    if (k->filter && !ox_query_matches(k->filter, model(k), n)) drop_filter(k);
    if (!k->filter && !k->unfold && ox_node_is_folded(model(k), n)) {
        k->unfold = true;
        restart(k);
    }
    if (k->beside) {
        t->other = n;
    } else {
        k->aim = n;
        n = ox_model_node_at(t->s->model, ox_node_origin(model(k), n));
        if (n.id) ox_tui_set_node(t, n, v);
    }
    k->seek = !k->done; /* what is not listed yet may come */
    ox_side_told(t);
}

void ox_nodes_point(ox_view *v, ox_node n)
{
    uint32_t row = row_of((nodes *)v, n.id);
    if (!row) return;
    ox_list_go(&v->list, row - 1);
    v->t->other = n;
}

/* What has no node of its own says where it went. */
static void tell(const nodes *k)
{
    char text[512];
    ox_tui *t = k->v.t;
    uint32_t id = t->node.id;
    if (!k->v.at.rows || !model(k) || t->message[0] || id >= t->became.n || t->became.first[id]) return;
    ox_became_text(&t->became, t->s->model, model(k), id, text, sizeof text);
    ox_tui_say(t, OX_ROLE_NOTE, "%s", text);
}

static void follow(ox_view *v)
{
    nodes *k = (nodes *)v;
    k->aim = (ox_node){0, 0};
    k->seek = !k->done; /* what is not listed yet may come */
    k->apart = k->done;
    place_cursor(k);
    if (k->result && k->done && !k->weights) tell(k);
}

static bool act(ox_view *v, ox_action a)
{
    nodes *k = (nodes *)v;
    if (a == OX_DO_INTO) {
        ox_tui_show(v->t, OX_VIEW_detail);
        return true;
    }
    if (a != OX_DO_CONSTANTS) return false;
    k->unfold = !k->unfold;
    restart(k);
    return true;
}

/* Its name, or that of its result, as commands take it. */
static size_t copy(ox_view *v, char *buf, size_t size)
{
    nodes *k = (nodes *)v;
    const ox_model *m = model(k);
    ox_node n = node_at(k, v->list.cursor);
    size_t len;
    if (!n.id) return 0;
    const char *name = ox_str_text(m, ox_node_name(m, n), &len);
    ox_value out = ox_node_output(m, n, 0);
    if (len) return (size_t)snprintf(buf, size, "%s", name);
    return out.id ? ox_value_label(m, out, buf, size) : (size_t)snprintf(buf, size, "#%u", n.id);
}

static void note(ox_view *v, char *buf, size_t size)
{
    nodes *k = (nodes *)v;
    const ox_model *m = model(k);
    uint32_t id = k->v.t->node.id, some = k->result && id < k->v.t->became.n ? k->v.t->became.count[id] : 0;
    if (some > 1) {
        int len = snprintf(buf, size, "= %u  ", some);
        buf += len;
        size -= (size_t)len;
    }
    if (k->beside && m) {
        char file[96];
        ox_side_file(k->v.t->s->beside_path, 24, file, sizeof file);
        int len = snprintf(buf, size, "%s%s  ", k->v.t->together ? "+ " : "", file);
        buf += len;
        size -= (size_t)len;
    }
    if (!m && k->result) snprintf(buf, size, "nothing was exported: x tries");
    if (!m) return;
    if (k->filter) {
        char fitted[96];
        ox_text_fit(k->query, strlen(k->query), 40, fitted, sizeof fitted);
        snprintf(buf, size, "& %s  %zu%s", fitted, v->list.n, k->done ? "" : "...");
    } else if (!k->done)
        snprintf(buf, size, "%zu...", v->list.n);
    else if (v->list.n == k->n_seen)
        snprintf(buf, size, "%zu", v->list.n);
    else
        snprintf(buf, size, "%zu of %zu", v->list.n, k->n_seen);
}

/* ---- drawing ---- */

static void head(ox_view *v, ox_grid *g, ox_rect line)
{
    ox_node_line_head(model((const nodes *)v), g, line);
}

static bool reads(const ox_model *m, ox_node n, uint32_t value)
{
    for (size_t i = 0, count = ox_node_n_inputs(m, n); value && i < count && i < 64; i++)
        if (ox_node_input(m, n, i).id == value) return true;
    return false;
}

/* "=": what the node that is spoken of became, and the node that this came from; "~": what went into the same, or what
 * it went into. */
static const char *bound_sign(const nodes *k, const ox_model *m, ox_node n)
{
    ox_tui *t = k->v.t;
    ox_became *b = &t->became;
    uint32_t id = t->node.id, home;
    if (k->beside || !id || id >= b->n || !t->s->result || !t->views[OX_VIEW_result]->at.rows) return " ";
    if (k->result && ox_node_origin(m, n) == id) return "=";
    if (!(home = ox_became_home(b, t->s->model, id))) return " ";
    if (!k->result) {
        if (ox_became_home(b, m, n.id) != home) return " ";
        return b->first[n.id] ? "=" : "~";
    }
    if (b->first[home]) return home != id && ox_node_origin(m, n) == home ? "~" : " ";
    return reads(m, n, b->weight[home]) ? "~" : " ";
}

static void draw(ox_view *v, ox_grid *g, ox_rect line, size_t i)
{
    nodes *k = (nodes *)v;
    const ox_model *m = model(k);
    const ox_tui *t = v->t;
    ox_node n = node_at(k, i);
    if (!n.id) return;
    bool first = v->ops == &ox_view_nodes, failed = first && t->failed && n.id < t->n_failed && t->failed[n.id];
    const char *stop = first ? ox_stops_mark(t, n) : NULL;
    ox_node_line_draw(m, n, failed ? OX_ROLE_ERROR : OX_ROLE_KEY,
                      stop     ? stop
                      : failed ? "!"
                               : bound_sign(k, m, n),
                      g, line);
}

/* ---- search: operator, name, results, scope ---- */

static memo *recall(memo *table, uint64_t key, unsigned revision, bool *known)
{
    memo *e = &table[(key * 0x9E3779B97F4A7C15u) >> 54];
    *known = e->key == key && e->revision == revision;
    e->key = key;
    e->revision = revision;
    return e;
}

static bool op_matches(nodes *k, const ox_model *m, ox_node n, const ox_needle *needle)
{
    bool known;
    char text[512];
    uint64_t key = (uint64_t)ox_node_domain(m, n).id << 32 | ox_node_op(m, n).id;
    memo *e = recall(k->ops, key, needle->revision, &known);
    if (!known) {
        size_t len = ox_node_op_text(m, n, text, sizeof text);
        e->hit = ox_needle_find(needle, text, len < sizeof text ? len : sizeof text - 1) != SIZE_MAX;
    }
    return e->hit;
}

static bool scope_matches(nodes *k, const ox_model *m, ox_node n, const ox_needle *needle)
{
    bool known;
    char text[1024];
    ox_scope s = ox_node_scope(m, n);
    if (!s.id) return false;
    memo *e = recall(k->scopes, s.id, needle->revision, &known);
    if (!known) {
        size_t len = ox_scope_path(m, s, text, sizeof text);
        e->hit = ox_needle_find(needle, text, len < sizeof text ? len : sizeof text - 1) != SIZE_MAX;
    }
    return e->hit;
}

static bool matches(ox_view *v, size_t i, const ox_needle *needle)
{
    nodes *k = (nodes *)v;
    const ox_model *m = model(k);
    ox_node n = node_at(k, i);
    size_t len;
    if (!n.id) return false;
    const char *name = ox_str_text(m, ox_node_name(m, n), &len);
    if (len && ox_needle_find(needle, name, len) != SIZE_MAX) return true;
    for (size_t o = 0, count = ox_node_n_outputs(m, n); o < count; o++) {
        const char *s = ox_str_text(m, ox_value_name(m, ox_node_output(m, n, o)), &len);
        if (len && ox_needle_find(needle, s, len) != SIZE_MAX) return true;
    }
    return op_matches(k, m, n, needle) || scope_matches(k, m, n, needle);
}

const ox_view_ops ox_view_nodes = {
    .name = "nodes",
    .help = "the nodes in graph order; constants and reads of modules are folded into their users",
    .place = OX_PLACE_MAIN,
    .open = true,
    .create = create,
    .destroy = destroy,
    .reset = reset,
    .work = work,
    .follow = follow,
    .moved = moved,
    .head = head,
    .draw = draw,
    .act = act,
    .note = note,
    .copy = copy,
    .matches = matches,
};

static ox_status create_result(ox_view **out, ox_tui *t, ox_error *err)
{
    ox_status st = create(out, t, err);
    if (st == OX_OK) ((nodes *)*out)->result = true;
    return st;
}

const ox_view_ops ox_view_result = {
    .name = "result",
    .help = "the nodes of the last export; = what the node of the cursor became, ~ what it went into",
    .place = OX_PLACE_BESIDE,
    .create = create_result,
    .destroy = destroy,
    .reset = reset,
    .work = work,
    .follow = follow,
    .moved = moved,
    .head = head,
    .draw = draw,
    .act = act,
    .note = note,
    .copy = copy,
    .matches = matches,
};

static ox_status create_beside(ox_view **out, ox_tui *t, ox_error *err)
{
    ox_status st = create(out, t, err);
    if (st == OX_OK) ((nodes *)*out)->beside = true;
    return st;
}

const ox_view_ops ox_view_beside = {
    .name = "beside",
    .help = "the nodes of another model, with a cursor of their own",
    .place = OX_PLACE_BESIDE,
    .create = create_beside,
    .destroy = destroy,
    .reset = reset,
    .work = work,
    .moved = moved,
    .head = head,
    .draw = draw,
    .act = act,
    .note = note,
    .copy = copy,
    .matches = matches,
};
