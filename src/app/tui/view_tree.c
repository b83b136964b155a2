/* Floor 7. The tree of scopes: what is folded, how many nodes and parameters each holds, where failures are. Counting
 * goes on in pieces; folding costs what is seen afterwards, not what the model holds. */
#include "app/tally.h"
#include "app/tui/columns.h"
#include "app/tui/tui.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 2048, OPEN_DEPTH = 2, MAX_INDENT = 12, NEAR = 256 };

/* A scope in depth-first order. */
typedef struct item {
    uint32_t id, end; /* end: the item after all below it */
    uint32_t depth, parent;
    uint32_t failures;
    uint64_t path; /* a hash of its name and those around it: the same in a file read anew */
    bool open;
} item;

/* A scope that is not folded as it is at first. */
typedef struct fold_kept {
    uint64_t path;
    bool open;
} fold_kept;

typedef struct tree {
    ox_view v;
    ox_tally tally;
    bool counting, walking;
    item *items;
    uint32_t n, cap;
    uint32_t *item_of;     /* by scope: its item + 1, 0 = none */
    uint32_t *rows;        /* items that are shown */
    uint32_t *row_of_item; /* row + 1, 0 = folded away */
    uint32_t cap_scopes;
    fold_kept *kept; /* by path */
    size_t n_kept;
    ox_scope at;   /* where the walk is */
    uint32_t last; /* the item before it */
} tree;

enum { C_NAME, C_CLASS, C_NODES, C_PARAMS, N_COLUMNS };
static const ox_column columns[N_COLUMNS] = {
    [C_NAME] = {"SCOPE", 10, 28, 0, false},
    [C_CLASS] = {"CLASS", 8, 16, 3, false},
    [C_NODES] = {"NODES", 5, 6, 1, true},
    [C_PARAMS] = {"PARAMS", 6, 7, 2, true},
};

static const ox_model *model(const tree *k)
{
    return k->v.t->s->model;
}

/* ---- making the tree ---- */

static bool make_room(tree *k, uint32_t n_scopes)
{
    if (n_scopes <= k->cap_scopes) return true;
    item *items = realloc(k->items, n_scopes * sizeof *items);
    if (items) k->items = items;
    uint32_t *of = realloc(k->item_of, n_scopes * sizeof *of);
    if (of) k->item_of = of;
    uint32_t *rows = realloc(k->rows, n_scopes * sizeof *rows);
    if (rows) k->rows = rows;
    uint32_t *row_of = realloc(k->row_of_item, n_scopes * sizeof *row_of);
    if (row_of) k->row_of_item = row_of;
    if (!items || !of || !rows || !row_of) return false;
    k->cap_scopes = n_scopes;
    return true;
}

static int by_path(const void *a, const void *b)
{
    uint64_t x = ((const fold_kept *)a)->path, y = ((const fold_kept *)b)->path;
    return (x > y) - (x < y);
}

/* What the user folded and unfolded stays so when the tree begins anew. Without memory it is as at first. */
static void keep_folds(tree *k)
{
    if (!k->n || k->walking) return; /* half a tree says nothing of the other half */
    fold_kept *kept = malloc(k->n * sizeof *kept);
    free(k->kept);
    k->kept = kept;
    k->n_kept = 0;
    for (uint32_t i = 0; kept && i < k->n; i++)
        if (k->items[i].open != (k->items[i].depth < OPEN_DEPTH))
            kept[k->n_kept++] = (fold_kept){k->items[i].path, k->items[i].open};
    if (k->n_kept) qsort(kept, k->n_kept, sizeof *kept, by_path);
}

static bool is_open(const tree *k, uint64_t path, uint32_t depth)
{
    const fold_kept key = {path, false};
    const fold_kept *found = k->n_kept ? bsearch(&key, k->kept, k->n_kept, sizeof key, by_path) : NULL;
    return found ? found->open : depth < OPEN_DEPTH;
}

static uint64_t hash_text(uint64_t h, const char *s)
{
    for (; *s; s++) h = (h ^ (unsigned char)*s) * UINT64_C(1099511628211);
    return (h ^ 0xff) * UINT64_C(1099511628211); /* the end counts too */
}

static void reset(ox_view *v)
{
    tree *k = (tree *)v;
    keep_folds(k);
    const ox_model *m = model(k);
    ox_error err;
    ox_tally_free(&k->tally);
    k->n = 0;
    k->counting = k->walking = false;
    ox_list_set_n(&v->list, 0);
    if (!m) return;
    uint32_t n = ox_model_scope_limit(m) + 1;
    if (!make_room(k, n) || ox_tally_begin(&k->tally, m, &err) != OX_OK) {
        ox_tui_say(v->t, OX_ROLE_ERROR, "out of memory: the scopes cannot be counted");
        return;
    }
    memset(k->item_of, 0, n * sizeof *k->item_of);
    k->at = ox_scope_first_child(m, (ox_scope){0, 0});
    k->last = UINT32_MAX;
    k->counting = k->walking = true;
}

static void add_item(tree *k, ox_scope s)
{
    const ox_model *m = model(k);
    uint32_t i = k->n++, depth = ox_scope_depth(m, s), parent = ox_scope_parent(m, s).id;
    uint64_t path =
        parent && k->item_of[parent] ? k->items[k->item_of[parent] - 1].path : UINT64_C(14695981039346656037);
    path = hash_text(path, ox_str_text(m, ox_scope_class(m, s), NULL));
    path = hash_text(path, ox_str_text(m, ox_scope_attr(m, s), NULL));
    k->items[i] =
        (item){s.id, i + 1, depth, parent ? k->item_of[parent] - 1 : UINT32_MAX, 0, path, is_open(k, path, depth)};
    k->item_of[s.id] = i + 1;
}

/* The next scope in depth-first order that holds nodes; those that hold none are passed over with all below, but where
 * the graph is not understood. */
static void walk(tree *k, int steps)
{
    const ox_model *m = model(k);
    for (; k->at.id && steps > 0; steps--) {
        bool some = (k->tally.by_scope[k->at.id].nodes > 0 || k->tally.unread) && k->n + 1 < k->cap_scopes;
        if (some) add_item(k, k->at);
        ox_scope next = some ? ox_scope_first_child(m, k->at) : (ox_scope){0, 0};
        while (!next.id && k->at.id) {
            next = ox_scope_next(m, k->at);
            if (!next.id) k->at = ox_scope_parent(m, k->at);
        }
        k->at = next;
    }
    k->walking = k->at.id != 0;
}

static void close_ranges(tree *k)
{
    for (uint32_t i = k->n; i-- > 0;) {
        uint32_t p = k->items[i].parent;
        if (p != UINT32_MAX && k->items[p].end < k->items[i].end) k->items[p].end = k->items[i].end;
    }
}

static void count_failures(tree *k)
{
    const ox_report *r = k->v.t->s->report;
    const ox_model *m = model(k);
    for (size_t f = 0, n = r ? ox_report_n(r) : 0; f < n; f++) {
        const ox_failure *x = ox_report_at(r, f);
        if (x->kind == OX_FAILURE_WARNING || !ox_node_is_alive(m, x->node)) continue;
        uint32_t s = ox_node_scope(m, x->node).id, i = s ? k->item_of[s] : 0;
        for (i = i ? i - 1 : UINT32_MAX; i != UINT32_MAX; i = k->items[i].parent) k->items[i].failures++;
    }
}

static void show_rows(tree *k)
{
    uint32_t n = 0;
    if (k->n) memset(k->row_of_item, 0, k->n * sizeof *k->row_of_item);
    for (uint32_t i = 0; i < k->n; i = k->items[i].open ? i + 1 : k->items[i].end) {
        k->rows[n++] = i;
        k->row_of_item[i] = n;
    }
    ox_list_set_n(&k->v.list, n);
}

/* The cursor goes to the scope of the node that is spoken of, or what it is folded into. */
static void follow(ox_view *v)
{
    tree *k = (tree *)v;
    const ox_model *m = model(k);
    if (!m || !k->n || k->walking || !ox_node_is_alive(m, v->t->node)) return;
    uint32_t s = ox_node_scope(m, v->t->node).id, i = s ? k->item_of[s] : 0;
    for (i = i ? i - 1 : UINT32_MAX; i != UINT32_MAX && !k->row_of_item[i];) i = k->items[i].parent;
    if (i != UINT32_MAX) ox_list_go(&v->list, k->row_of_item[i] - 1);
}

static bool work(ox_view *v)
{
    tree *k = (tree *)v;
    if (k->counting) {
        k->counting = !ox_tally_work(&k->tally, PIECE);
    } else if (k->walking) {
        walk(k, PIECE);
        if (!k->walking) {
            close_ranges(k);
            count_failures(k);
            show_rows(k);
            follow(v);
        }
    }
    return k->counting || k->walking;
}

/* ---- the view ---- */

static ox_status create(ox_view **out, ox_tui *t, ox_error *err)
{
    (void)t;
    tree *k = calloc(1, sizeof *k);
    if (!k) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    *out = &k->v;
    return OX_OK;
}

static void destroy(ox_view *v)
{
    tree *k = (tree *)v;
    ox_tally_free(&k->tally);
    free(k->items);
    free(k->item_of);
    free(k->rows);
    free(k->row_of_item);
    free(k->kept);
    free(k);
}

static item *current(tree *k)
{
    return k->v.list.n ? &k->items[k->rows[k->v.list.cursor]] : NULL;
}

/* The first node of a scope that is more than a constant, if it is not far from the very first. */
static ox_node first_node(const tree *k, const item *i)
{
    const ox_model *m = model(k);
    uint32_t first = k->tally.by_scope[i->id].first, at = (uint32_t)(i - k->items);
    for (uint32_t id = first; id < first + NEAR && id < ox_model_node_limit(m); id++) {
        ox_node n = ox_model_node_at(m, id);
        uint32_t of = n.id ? k->item_of[ox_node_scope(m, n).id] : 0;
        if (of > at && of <= i->end && !ox_node_is_folded(m, n)) return n;
    }
    return ox_model_node_at(m, first);
}

/* The others speak of its first node. */
static void moved(ox_view *v)
{
    tree *k = (tree *)v;
    const item *i = current(k);
    ox_node n = i ? first_node(k, i) : (ox_node){0, 0};
    if (n.id) ox_tui_set_node(v->t, n, v);
}

static void fold(tree *k, bool open)
{
    item *i = current(k);
    if (!i) return;
    bool leaf = i->end == k->rows[k->v.list.cursor] + 1;
    if (!leaf && i->open != open) {
        i->open = open;
        show_rows(k);
    } else if (!open && i->parent != UINT32_MAX) { /* folded already: what it stands in */
        ox_list_go(&k->v.list, k->row_of_item[i->parent] - 1);
        moved(&k->v);
    }
}

static void fold_all(tree *k)
{
    const item *i = current(k);
    uint32_t at = i ? k->rows[k->v.list.cursor] : 0;
    bool open = false;
    for (uint32_t j = 0; j < k->n && !open; j++) open = !k->items[j].open && k->items[j].end > j + 1;
    for (uint32_t j = 0; j < k->n; j++) k->items[j].open = open || k->items[j].depth < OPEN_DEPTH;
    show_rows(k);
    while (i && !k->row_of_item[at]) at = k->items[at].parent;
    if (i) ox_list_go(&k->v.list, k->row_of_item[at] - 1);
}

/* The nodes of this scope alone, which is what `find scope:...` lists. */
static void enter(tree *k)
{
    char path[512], query[600];
    const item *i = current(k);
    if (!i) return;
    ox_scope s = ox_model_scope_at(model(k), i->id);
    size_t n = ox_scope_path(model(k), s, path, sizeof path);
    if (n == 0) n = ox_scope_print(model(k), s, path, sizeof path);
    if (n >= sizeof path || strpbrk(path, "\"\\\n")) {
        ox_tui_say(k->v.t, OX_ROLE_WARNING, "the name of this scope cannot be written in a query");
        return;
    }
    bool quote = strpbrk(path, " ()/") != NULL;
    snprintf(query, sizeof query, quote ? "scope:\"%s\"" : "scope:%s", path);
    ox_tui_filter(k->v.t, query);
}

static bool act(ox_view *v, ox_action a)
{
    tree *k = (tree *)v;
    switch (a) {
    case OX_DO_UNFOLD: fold(k, true); return true;
    case OX_DO_FOLD: fold(k, false); return true;
    case OX_DO_TOGGLE:
        if (current(k)) fold(k, !current(k)->open);
        return true;
    case OX_DO_FOLD_ALL: fold_all(k); return true;
    case OX_DO_SCOPE_NODES: enter(k); return true;
    default: return false;
    }
}

static size_t copy(ox_view *v, char *buf, size_t size)
{
    tree *k = (tree *)v;
    const item *i = current(k);
    ox_scope s = i ? ox_model_scope_at(model(k), i->id) : (ox_scope){0, 0};
    size_t n = i ? ox_scope_path(model(k), s, buf, size) : 0;
    return i && n == 0 ? ox_scope_print(model(k), s, buf, size) : n;
}

static void note(ox_view *v, char *buf, size_t size)
{
    tree *k = (tree *)v;
    if (k->counting || k->walking)
        snprintf(buf, size, "...");
    else if (k->n)
        snprintf(buf, size, "%u", k->n);
}

/* ---- drawing ---- */

static void head(ox_view *v, ox_grid *g, ox_rect line)
{
    ox_columns c;
    (void)v;
    ox_columns_fit(&c, columns, N_COLUMNS, line.cols);
    ox_columns_head(&c, columns, g, line);
}

/* "1234", "61.1M" */
static void put_number(ox_grid *g, ox_rect line, const ox_columns *c, int at, uint64_t v)
{
    static const char units[] = " kMGTP";
    char text[32];
    double d = (double)v;
    int u = 0;
    while (d >= 999.95 && u < 5) d /= 1000, u++;
    int n = u ? snprintf(text, sizeof text, "%.1f%c", d, units[u]) : snprintf(text, sizeof text, "%.0f", d);
    int w = c->at[at].width;
    if (w >= n) ox_grid_putz(g, line.row, line.col + c->at[at].col + w - n, n, OX_ROLE_NOTE, text);
}

static void draw(ox_view *v, ox_grid *g, ox_rect line, size_t row)
{
    tree *k = (tree *)v;
    const ox_model *m = model(k);
    const item *i = &k->items[k->rows[row]];
    ox_scope s = ox_model_scope_at(m, i->id);
    ox_columns c;
    size_t n_attr, n_cls;
    ox_columns_fit(&c, columns, N_COLUMNS, line.cols);
    const char *attr = ox_str_text(m, ox_scope_attr(m, s), &n_attr),
               *cls = ox_str_text(m, ox_scope_class(m, s), &n_cls);
    const char *dot = memrchr(cls, '.', n_cls);
    if (dot) {
        n_cls -= (size_t)(dot + 1 - cls);
        cls = dot + 1;
    }
    int indent = (int)(i->depth - 1 > MAX_INDENT ? MAX_INDENT : i->depth - 1), w = c.at[C_NAME].width;
    int col = line.col + indent;
    bool leaf = i->end == k->rows[row] + 1;
    ox_grid_putz(g, line.row, col, 1, OX_ROLE_FRAME, leaf ? " " : i->open ? "-" : "+");
    col += ox_grid_putz(g, line.row, col + 1, 1, OX_ROLE_ERROR, i->failures ? "!" : "") + 2 - (i->failures != 0);
    ox_grid_name(g, line.row, col, line.col + w - col, OX_ROLE_SCOPE, n_attr ? attr : cls, n_attr ? n_attr : n_cls);
    if (n_attr) ox_grid_name(g, line.row, line.col + c.at[C_CLASS].col, c.at[C_CLASS].width, OX_ROLE_PLAIN, cls, n_cls);
    put_number(g, line, &c, C_NODES, k->tally.by_scope[i->id].nodes);
    if (k->tally.by_scope[i->id].params) put_number(g, line, &c, C_PARAMS, k->tally.by_scope[i->id].params);
}

/* ---- search: all scopes, folded ones too ---- */

static size_t n_items(ox_view *v)
{
    tree *k = (tree *)v;
    return k->walking || k->counting ? 0 : k->n;
}

static size_t item_at(ox_view *v)
{
    tree *k = (tree *)v;
    return v->list.n ? k->rows[v->list.cursor] : 0;
}

static bool matches(ox_view *v, size_t i, const ox_needle *needle)
{
    tree *k = (tree *)v;
    const ox_model *m = model(k);
    ox_scope s = ox_model_scope_at(m, k->items[i].id);
    size_t n;
    const char *text = ox_str_text(m, ox_scope_attr(m, s), &n);
    if (ox_needle_find(needle, text, n) != SIZE_MAX) return true;
    text = ox_str_text(m, ox_scope_class(m, s), &n);
    return ox_needle_find(needle, text, n) != SIZE_MAX;
}

static void go(ox_view *v, size_t i)
{
    tree *k = (tree *)v;
    bool folded = !k->row_of_item[i];
    for (uint32_t p = k->items[i].parent; p != UINT32_MAX; p = k->items[p].parent) k->items[p].open = true;
    if (folded) show_rows(k);
    ox_list_go(&v->list, k->row_of_item[i] - 1);
}

const ox_view_ops ox_view_tree = {
    .name = "tree",
    .help = "the scopes with their nodes and parameters; ! marks those with failures of the last export",
    .place = OX_PLACE_LEFT,
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
    .n_items = n_items,
    .item = item_at,
    .matches = matches,
    .go = go,
};
