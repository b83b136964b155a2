/* Floor 7. The weights of the model: what each is called, holds and takes, and how often it is used. Lines are read
 * from the model as they are drawn, so the pane costs the same for any number; what has to read the bytes of a weight
 * is a line of the prompt, which works while keys are answered. */
#include "app/tui/columns.h"
#include "app/tui/tui.h"

#include "app/cmd.h"

#include <stdlib.h>
#include <string.h>

enum { C_NAME, C_DTYPE, C_SHAPE, C_BYTES, C_USES, N_COLUMNS };
static const ox_column columns[N_COLUMNS] = {
    [C_NAME] = {"NAME", 16, 48, 0, false},   [C_DTYPE] = {"DTYPE", 7, 8, 2, false},
    [C_SHAPE] = {"SHAPE", 10, 24, 1, false}, [C_BYTES] = {"BYTES", 9, 9, 3, true},
    [C_USES] = {"USES", 5, 5, 4, true},
};

static size_t count(const ox_view *v)
{
    const ox_model *m = v->t->s->model;
    return m ? ox_graph_n_initializers(m, ox_model_main(m)) : 0;
}

/* {0} if a line that is at work took it away. */
static ox_value weight(const ox_view *v, size_t i)
{
    const ox_model *m = v->t->s->model;
    return i < count(v) ? ox_graph_initializer(m, ox_model_main(m), i) : (ox_value){0, 0};
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
    ox_list_set_n(&v->list, count(v));
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
    snprintf(text, sizeof text, "%zu", ox_value_n_uses(m, w));
    put(g, line, &c, C_USES, OX_ROLE_NOTE, text);
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
    if (u.node.id)
        ox_tui_go(v->t, u.node);
    else
        ox_tui_say(v->t, OX_ROLE_NOTE, "no node uses it");
}

static bool act(ox_view *v, ox_action a)
{
    switch (a) {
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
    .head = head,
    .draw = draw,
    .act = act,
    .note = note,
    .copy = copy,
    .matches = matches,
};
