/* Floor 7. The weights of the model: what each is called, holds and takes, and how often it is used. Lines are read
 * from the model as they are drawn, so the pane costs the same for any number; the bytes of a weight are the affair of
 * the pane beside it (view_tensor.c). */
#include "app/tui/columns.h"
#include "app/tui/tui.h"

#include "app/cmd.h"
#include "app/module.h"

#include <stdlib.h>
#include <string.h>

enum { PIECE = 256 };

/* What code of an archive makes of a weight: there it is read by its path. */
typedef struct reads {
    uint32_t uses, first; /* how often what was read is used, and by whom first */
} reads;

typedef struct weights {
    ox_view v;
    uint32_t *inner; /* ids of those of inner graphs */
    size_t n_inner, cap_inner;
    uint32_t graph; /* the next graph to be looked at */
    bool done;
    reads *reads;           /* by value; NULL: nothing is read */
    uint32_t n_reads, node; /* the next node to be looked at */
} weights;

enum { C_NAME, C_DTYPE, C_SHAPE, C_BYTES, C_USES, C_IN, N_COLUMNS };
static const ox_column columns[N_COLUMNS] = {
    [C_NAME] = {"NAME", 16, 48, 0, false},   [C_DTYPE] = {"DTYPE", 7, 8, 2, false},
    [C_SHAPE] = {"SHAPE", 10, 24, 1, false}, [C_BYTES] = {"BYTES", 9, 9, 3, true},
    [C_USES] = {"USES", 5, 5, 4, true},      [C_IN] = {"BLOCK", 8, 16, 5, false},
};

/* ---- making the list: the main graph has its own, inner graphs are looked through in pieces ---- */

static size_t n_main(const ox_model *m)
{
    return m ? ox_graph_n_initializers(m, ox_model_main(m)) : 0;
}

static size_t count(const ox_view *v)
{
    return n_main(v->t->s->model) + ((const weights *)v)->n_inner;
}

/* {0} if a line that is at work took it away. */
static ox_value weight(const ox_view *v, size_t i)
{
    const weights *k = (const weights *)v;
    const ox_model *m = v->t->s->model;
    size_t n = n_main(m);
    if (i < n) return ox_graph_initializer(m, ox_model_main(m), i);
    ox_value w = m && i - n < k->n_inner ? ox_model_value_at(m, k->inner[i - n]) : (ox_value){0, 0};
    return w.id && ox_value_is_initializer(m, w) ? w : (ox_value){0, 0};
}

static ox_status create(ox_view **out, ox_tui *t, ox_error *err)
{
    (void)t;
    weights *k = calloc(1, sizeof *k);
    if (!k) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    *out = &k->v;
    return OX_OK;
}

static void destroy(ox_view *v)
{
    free(((weights *)v)->inner);
    free(((weights *)v)->reads);
    free(v);
}

static void speak_of(ox_view *v)
{
    ox_value w = weight(v, v->list.cursor);
    if (w.id) v->t->weight = w;
}

static void reset(ox_view *v)
{
    weights *k = (weights *)v;
    k->n_inner = 0;
    k->n_reads = 0;
    k->node = 1;
    free(k->reads);
    k->reads = NULL;
    k->graph = 1;
    k->done = v->t->s->model == NULL;
    ox_list_set_n(&v->list, count(v));
    speak_of(v);
}

/* Without memory for more the list ends there. */
static bool add_graph(weights *k, const ox_model *m, ox_graph g)
{
    size_t n = ox_graph_n_initializers(m, g);
    if (k->n_inner + n > k->cap_inner) {
        size_t cap = 2 * (k->n_inner + n);
        uint32_t *p = realloc(k->inner, cap * sizeof *p);
        if (!p) return false;
        k->inner = p;
        k->cap_inner = cap;
    }
    for (size_t i = 0; i < n; i++) k->inner[k->n_inner++] = ox_graph_initializer(m, g, i).id;
    return true;
}

/* Without memory for them there are none. */
static void add_read(weights *k, const ox_model *m, ox_node n)
{
    ox_value w = ox_module_weight(m, n), v = ox_node_output(m, n, 0);
    if (!w.id || !v.id) return;
    if (!k->reads && (k->reads = calloc(ox_model_value_limit(m), sizeof *k->reads)) != NULL)
        k->n_reads = ox_model_value_limit(m);
    if (w.id >= k->n_reads) return;
    reads *r = &k->reads[w.id];
    ox_use u = ox_value_first_use(m, v);
    if (!r->first && !ox_node_is_return(m, u.node)) r->first = u.node.id;
    r->uses += (uint32_t)ox_value_n_uses(m, v);
}

/* True until all nodes were looked at. */
static bool look_for_reads(weights *k, const ox_model *m)
{
    uint32_t limit = ox_model_node_limit(m), end = limit - k->node > PIECE ? k->node + PIECE : limit;
    for (; k->node < end; k->node++) {
        ox_node n = ox_model_node_at(m, k->node);
        if (n.id) add_read(k, m, n);
    }
    return k->node < limit;
}

static size_t n_uses(const weights *k, const ox_model *m, ox_value w)
{
    return ox_value_n_uses(m, w) + (w.id < k->n_reads ? k->reads[w.id].uses : 0);
}

static bool work(ox_view *v)
{
    weights *k = (weights *)v;
    const ox_model *m = v->t->s->model;
    if (k->done) return false;
    uint32_t limit = ox_model_graph_limit(m), end = limit - k->graph > PIECE ? k->graph + PIECE : limit;
    for (; k->graph < end; k->graph++) {
        ox_graph g = ox_model_graph_at(m, k->graph);
        bool inner = g.id && g.id != ox_model_main(m).id;
        if (inner && !add_graph(k, m, g)) end = limit = k->graph;
    }
    bool more = look_for_reads(k, m);
    k->done = k->graph >= limit && !more;
    ox_list_set_n(&v->list, count(v));
    if (k->done && !v->t->weight.id) speak_of(v);
    return !k->done;
}

size_t ox_weights_n(const ox_tui *t)
{
    return count(t->views[OX_VIEW_weights]);
}

ox_value ox_weights_at(const ox_tui *t, size_t i)
{
    return weight(t->views[OX_VIEW_weights], i);
}

void ox_weights_show(ox_tui *t, ox_value w)
{
    ox_view *v = t->views[OX_VIEW_weights];
    for (size_t i = 0, n = count(v); i < n; i++)
        if (weight(v, i).id == w.id) ox_list_go(&v->list, i);
    t->weight = w;
    ox_tui_show(t, OX_VIEW_tensor);
}

/* ---- lines ---- */

static void head(ox_view *v, ox_grid *g, ox_rect line)
{
    ox_columns c;
    (void)v;
    ox_columns_fit(&c, columns, N_COLUMNS, line.cols);
    ox_columns_head(&c, columns, g, line);
}

static void put(ox_grid *g, ox_rect line, const ox_columns *c, int at, ox_role role, const char *text)
{
    int w = c->at[at].width, n = (int)strlen(text), pad = columns[at].right && n < w ? w - n : 0;
    if (w) ox_grid_fit(g, line.row, line.col + c->at[at].col + pad, w - pad, role, text, strlen(text));
}

static void shape_text(const ox_tensor_info *k, char *buf, size_t size)
{
    size_t n = 0;
    buf[0] = '\0';
    for (uint32_t i = 0; i < k->rank && n < size; i++)
        n += (size_t)snprintf(buf + n, size - n, "%s%lld", i ? "," : "", (long long)k->dims[i]);
    if (k->rank == 0) snprintf(buf, size, "scalar");
}

/* The node whose block it belongs to; nothing for the main graph. */
static void where(const ox_model *m, ox_value w, char *buf, size_t size)
{
    char op[64];
    ox_node owner = ox_graph_owner(m, ox_value_graph(m, w));
    buf[0] = '\0';
    if (!owner.id) return;
    ox_node_op_text(m, owner, op, sizeof op);
    snprintf(buf, size, "#%u %s", owner.id, op);
}

static void draw(ox_view *v, ox_grid *g, ox_rect line, size_t i)
{
    const ox_model *m = v->t->s->model;
    ox_value w = weight(v, i);
    char text[256];
    size_t n;
    ox_columns c;
    if (!w.id) return;
    ox_tensor t = ox_value_tensor(m, w);
    ox_tensor_info k = ox_tensor_get(m, t);
    const char *name = ox_str_text(m, ox_value_name(m, w), &n);
    ox_columns_fit(&c, columns, N_COLUMNS, line.cols);
    ox_grid_name(g, line.row, line.col + c.at[C_NAME].col, c.at[C_NAME].width, OX_ROLE_VALUE, name, n);
    put(g, line, &c, C_DTYPE, OX_ROLE_TYPE, ox_dtype_name(k.dtype, OX_DTYPE_NUMPY));
    shape_text(&k, text, sizeof text);
    put(g, line, &c, C_SHAPE, OX_ROLE_TYPE, text);
    ox_bytes_text(ox_tensor_raw_size(m, t), text, sizeof text);
    put(g, line, &c, C_BYTES, OX_ROLE_PLAIN, text);
    snprintf(text, sizeof text, "%zu", n_uses((const weights *)v, m, w));
    put(g, line, &c, C_USES, OX_ROLE_NOTE, text);
    where(m, w, text, sizeof text);
    put(g, line, &c, C_IN, OX_ROLE_NOTE, text);
}

static void note(ox_view *v, char *buf, size_t size)
{
    const ox_model *m = v->t->s->model;
    if (m && !count(v) && ox_model_get_kind(m) == OX_MODEL_TRACE)
        snprintf(buf, size, "none: --weights FILE binds them by name");
    else
        snprintf(buf, size, "%zu", v->list.n);
}

/* ---- keys ---- */

static size_t copy(ox_view *v, char *buf, size_t size)
{
    ox_value w = weight(v, v->list.cursor);
    size_t n;
    if (!w.id) return 0;
    const char *name = ox_str_text(v->t->s->model, ox_value_name(v->t->s->model, w), &n);
    return (size_t)snprintf(buf, size, "%.*s", (int)n, name);
}

/* The name as a word of the prompt; false if it cannot be typed. */
static bool as_word(const char *name, size_t n, char *buf, size_t size)
{
    char safe[OX_LINE_MAX / 2], back[sizeof safe];
    size_t len = ox_text_sanitize(name, n, safe, sizeof safe), k = 0;
    if (len >= sizeof safe || ox_text_unescape(safe, len, back) != n || memcmp(back, name, n) != 0) return false;
    bool quote = len != strcspn(safe, " \t\"'\\|;#<>(){}");
    k += (size_t)snprintf(buf, size, quote ? "\"%%" : "%%");
    for (size_t i = 0; i < len && k + 4 < size; i++) {
        if (quote && (safe[i] == '"' || safe[i] == '\\')) buf[k++] = '\\';
        buf[k++] = safe[i];
    }
    snprintf(buf + k, size - k, quote ? "\"" : "");
    return k + 4 < size;
}

static void show(ox_view *v)
{
    const ox_model *m = v->t->s->model;
    ox_value w = weight(v, v->list.cursor);
    char word[OX_LINE_MAX - 16], line[OX_LINE_MAX];
    size_t n;
    if (!w.id) {
        ox_tui_say(v->t, OX_ROLE_NOTE, "there is no weight here");
        return;
    }
    const char *name = ox_str_text(m, ox_value_name(m, w), &n);
    if (!as_word(name, n, word, sizeof word)) {
        ox_tui_say(v->t, OX_ROLE_WARNING, "the name of this weight cannot be written on a line");
        return;
    }
    snprintf(line, sizeof line, "value %s", word);
    ox_run_line(v->t, line);
}

static void to_user(ox_view *v)
{
    const ox_model *m = v->t->s->model;
    ox_value w = weight(v, v->list.cursor);
    ox_use u = w.id ? ox_value_first_use(m, w) : (ox_use){0};
    while (u.node.id && ox_node_is_return(m, u.node)) u = ox_value_next_use(m, u);
    const weights *k = (const weights *)v;
    if (!u.node.id && w.id && w.id < k->n_reads) u.node = ox_model_node_at(m, k->reads[w.id].first);
    if (u.node.id)
        ox_tui_go(v->t, u.node);
    else
        ox_tui_say(v->t, OX_ROLE_NOTE, "no node uses it");
}

static bool act(ox_view *v, ox_action a)
{
    switch (a) {
    case OX_DO_OPEN_WEIGHT:
        if (count(v)) ox_tui_show(v->t, OX_VIEW_tensor);
        return true;
    case OX_DO_SHOW_WEIGHT: show(v); return true;
    case OX_DO_CONSUMER: to_user(v); return true;
    default: return false;
    }
}

static bool matches(ox_view *v, size_t i, const ox_needle *k)
{
    ox_value w = weight(v, i);
    size_t n;
    if (!w.id) return false;
    const char *name = ox_str_text(v->t->s->model, ox_value_name(v->t->s->model, w), &n);
    return ox_needle_find(k, name, n) != SIZE_MAX;
}

const ox_view_ops ox_view_weights = {
    .name = "weights",
    .help = "the weights: dtype, shape, bytes, and how often each is used; d goes to the first node that uses it",
    .place = OX_PLACE_BELOW,
    .create = create,
    .destroy = destroy,
    .reset = reset,
    .work = work,
    .moved = speak_of,
    .head = head,
    .draw = draw,
    .act = act,
    .note = note,
    .copy = copy,
    .matches = matches,
};
