/* Floor 7. All about the node that is spoken of: where it was made, what it takes and from whom, what it makes and for
 * whom. Lines that name another node lead there. Written anew when the node is another one; long lists are cut, so that
 * it costs the same for any node. */
#include "app/tui/lines.h"
#include "app/tui/source.h"
#include "app/tui/tui.h"

#include "app/cmd.h"
#include "app/module.h"

#include <onnxsh/print.h>

#include <stdlib.h>
#include <string.h>

enum { TITLE = 11, MOST = 200, MOST_BECAME = 12, ATTR_MAX = 2000, AROUND = 2 };

typedef struct detail {
    ox_view v;
    ox_lines lines;
    ox_source source;
    bool stale;
    size_t bound, n_bound; /* the lines that lead to the other side */
} detail;

/* ---- pieces ---- */

static void title(ox_lines *l, const char *word)
{
    ox_lines_new(l);
    ox_lines_addf(l, OX_ROLE_NOTE, "%s", word);
    ox_lines_tab(l, TITLE);
}

static void named(ox_lines *l, const char *word, ox_role role, const char *s, size_t n)
{
    if (!n) return;
    title(l, word);
    ox_lines_name(l, role, s, n);
}

static void put_value(ox_lines *l, const ox_model *m, ox_value v)
{
    char text[512];
    ox_value_label(m, v, text, sizeof text);
    ox_lines_addf(l, OX_ROLE_VALUE, "%s", text);
    ox_type_text(m, ox_value_type(m, v), text, sizeof text);
    ox_lines_addf(l, OX_ROLE_TYPE, " : %s", text);
}

typedef struct cut {
    ox_lines *l;
    size_t n;
} cut;

/* Attributes end after so many bytes: a list may hold millions. */
static ox_status put_cut(void *ud, const char *s, size_t n, ox_error *err)
{
    cut *c = ud;
    for (size_t i = 0; i < n; i++) /* what spans lines stands on one here */
        if (s[i] == '\n') n = i;
    if (c->n + n > ATTR_MAX) return ox_error_set(err, OX_E_LIMIT, "cut");
    ox_lines_add(c->l, OX_ROLE_ATTR, s, n);
    c->n += n;
    return OX_OK;
}

static void put_attr(ox_lines *l, const ox_model *m, const ox_attr *a, ox_style style)
{
    cut c = {l, 0};
    ox_print_options opt = {.style = style};
    ox_sink sink = {put_cut, &c};
    if (ox_attr_print(m, a, &opt, &sink, NULL) != OX_OK) ox_lines_addf(l, OX_ROLE_NOTE, "...");
}

static bool is_constant(const ox_model *m, ox_node n)
{
    return ox_node_is(m, n, "prim", "Constant") || ox_node_is(m, n, "", "Constant");
}

/* What a constant holds; of a list that is built from constants, its items. */
static void put_constant(ox_lines *l, const ox_model *m, ox_node n)
{
    if (is_constant(m, n)) {
        const ox_attr *a = ox_node_attr(m, n, "value");
        if (a)
            put_attr(l, m, a, OX_STYLE_TORCH);
        else
            ox_lines_addf(l, OX_ROLE_ATTR, "None");
        return;
    }
    ox_lines_addf(l, OX_ROLE_ATTR, "[");
    size_t count = ox_node_n_inputs(m, n);
    for (size_t i = 0; i < count && i < 16; i++) {
        ox_value v = ox_node_input(m, n, i);
        ox_node from = ox_value_node(m, v);
        char label[256];
        if (i) ox_lines_addf(l, OX_ROLE_ATTR, ", ");
        ox_value_label(m, v, label, sizeof label);
        if (from.id && is_constant(m, from))
            put_constant(l, m, from);
        else
            ox_lines_addf(l, OX_ROLE_VALUE, "%s", label);
    }
    ox_lines_addf(l, OX_ROLE_ATTR, count > 16 ? ", ...]" : "]");
}

static void put_origin(ox_lines *l, const ox_model *m, ox_value v)
{
    char text[512];
    ox_node from = ox_value_node(m, v);
    if (!from.id) {
        bool weight = ox_value_is_initializer(m, v);
        if (weight) ox_lines_link_weight(l, v);
        ox_lines_addf(l, OX_ROLE_NOTE, weight ? "  initializer" : "  input");
        return;
    }
    if (ox_module_path(m, from, text, sizeof text)) {
        ox_value w = ox_module_weight(m, from);
        if (w.id)
            ox_lines_link_weight(l, w);
        else
            ox_lines_link(l, from);
        ox_lines_addf(l, OX_ROLE_NOTE, w.id ? "  weight " : "  module's ");
        ox_lines_name(l, OX_ROLE_ATTR, text, strlen(text));
        return;
    }
    ox_lines_link(l, from);
    if (is_constant(m, from) || ox_node_is(m, from, "prim", "ListConstruct")) {
        ox_lines_addf(l, OX_ROLE_PLAIN, "  = ");
        put_constant(l, m, from);
        return;
    }
    ox_node_op_text(m, from, text, sizeof text);
    ox_lines_addf(l, OX_ROLE_NOTE, "  from ");
    ox_lines_addf(l, OX_ROLE_OP, "%s", text);
    ox_lines_addf(l, OX_ROLE_NOTE, " #%u", from.id);
}

static void more(ox_lines *l, size_t n, const char *what)
{
    title(l, "");
    ox_lines_addf(l, OX_ROLE_NOTE, "and %zu more %s", n, what);
}

/* ---- parts ---- */

static void reads(ox_lines *l, const ox_model *m, ox_node n)
{
    char text[512];
    if (!ox_module_path(m, n, text, sizeof text)) return;
    named(l, "reads", OX_ROLE_ATTR, text, strlen(text));
    ox_lines_link_weight(l, ox_module_weight(m, n));
}

static void inputs(ox_lines *l, const ox_model *m, ox_node n)
{
    size_t count = ox_node_n_inputs(m, n), widest = 0;
    for (size_t i = 0; i < count && i < MOST; i++) {
        size_t k = strlen(ox_node_input_name(m, n, i));
        if (k > widest) widest = k;
    }
    for (size_t i = 0; i < count && i < MOST; i++) {
        ox_value v = ox_node_input(m, n, i);
        title(l, i ? "" : "inputs");
        if (widest) ox_lines_addf(l, OX_ROLE_PLAIN, "%-*s  ", (int)widest, ox_node_input_name(m, n, i));
        if (v.id) {
            put_value(l, m, v);
            put_origin(l, m, v);
        } else {
            ox_lines_addf(l, OX_ROLE_NOTE, "(absent)");
        }
    }
    if (count > MOST) more(l, count - MOST, "inputs");
}

static void attributes(ox_lines *l, const ox_model *m, ox_node n)
{
    const ox_attr *a;
    size_t count = ox_node_attrs(m, n, &a), len;
    for (size_t i = 0; i < count && i < MOST; i++) {
        const char *name = ox_str_text(m, a[i].name, &len);
        title(l, i ? "" : "attributes");
        ox_lines_name(l, OX_ROLE_PLAIN, name, len);
        ox_lines_addf(l, OX_ROLE_NOTE, " = ");
        put_attr(l, m, &a[i], OX_STYLE_SEED);
    }
    if (count > MOST) more(l, count - MOST, "attributes");
}

static void uses(ox_lines *l, const ox_model *m, ox_value v)
{
    char text[512];
    size_t n = ox_value_n_uses(m, v), shown = 0;
    for (ox_use u = ox_value_first_use(m, v); u.node.id && shown < MOST; u = ox_value_next_use(m, u), shown++) {
        title(l, "");
        if (ox_node_is_return(m, u.node)) {
            ox_lines_addf(l, OX_ROLE_NOTE, "  output %u of the graph", u.index);
            continue;
        }
        ox_node_op_text(m, u.node, text, sizeof text);
        ox_lines_addf(l, OX_ROLE_NOTE, "  input %u of ", u.index);
        ox_lines_addf(l, OX_ROLE_OP, "%s", text);
        ox_lines_addf(l, OX_ROLE_NOTE, " #%u", u.node.id);
        ox_lines_link(l, u.node);
    }
    if (n > shown) more(l, n - shown, "uses");
    if (n == 0) {
        title(l, "");
        ox_lines_addf(l, OX_ROLE_NOTE, "  not used");
    }
}

static void reasons(ox_lines *l, const ox_model *m, ox_value v)
{
    char text[512];
    ox_type_info t = ox_type_get(m, ox_value_type(m, v));
    for (int32_t i = 0; i < t.rank && i < 16; i++)
        if (ox_dim_reason(m, t.dims[i], text, sizeof text)) {
            title(l, "");
            ox_lines_addf(l, OX_ROLE_NOTE, "  dim %d is unknown: %s", i, text);
        }
}

static void outputs(ox_lines *l, const ox_model *m, ox_node n)
{
    size_t count = ox_node_n_outputs(m, n);
    for (size_t i = 0; i < count && i < MOST; i++) {
        ox_value v = ox_node_output(m, n, i);
        title(l, i ? "" : "outputs");
        if (!v.id) {
            ox_lines_addf(l, OX_ROLE_NOTE, "(absent)");
            continue;
        }
        put_value(l, m, v);
        reasons(l, m, v);
        uses(l, m, v);
    }
    if (count > MOST) more(l, count - MOST, "outputs");
}

static void blocks(ox_lines *l, const ox_model *m, ox_node n)
{
    size_t count = ox_node_n_blocks(m, n);
    for (size_t i = 0; i < count && i < MOST; i++) {
        ox_graph g = ox_node_block(m, n, i);
        title(l, i ? "" : "blocks");
        size_t n_nodes = ox_graph_n_nodes(m, g);
        ox_lines_addf(l, OX_ROLE_PLAIN, "%zu node%s", n_nodes, n_nodes == 1 ? "" : "s");
        ox_lines_link(l, ox_graph_first(m, g));
    }
}

static void schema(ox_lines *l, const ox_model *m, ox_node n)
{
    char text[2048];
    const ox_op_schema *op = ox_op_schema_of(m, n);
    const ox_aten_schema *aten = op ? NULL : ox_node_aten_schema(m, n);
    if (op) {
        ox_op_info i = ox_op_schema_info(op);
        title(l, "schema");
        ox_lines_addf(l, OX_ROLE_PLAIN, "%s%s%s since opset %lld", i.domain, *i.domain ? "::" : "", i.name,
                      (long long)i.since);
        if (i.until) ox_lines_addf(l, OX_ROLE_PLAIN, " until %lld", (long long)i.until);
        if (i.deprecated) ox_lines_addf(l, OX_ROLE_WARNING, " (deprecated)");
    } else if (aten) {
        title(l, "schema");
        ox_aten_print(aten, text, sizeof text);
        ox_lines_addf(l, OX_ROLE_PLAIN, "%s", text);
    }
}

static void source(detail *d, const ox_model *m, ox_node n)
{
    char text[1024];
    const char *code;
    size_t len;
    ox_lines *l = &d->lines;
    ox_loc_info at = ox_loc_get(m, ox_node_loc(m, n));
    ox_node_loc_text(m, n, text, sizeof text);
    named(l, "source", OX_ROLE_NOTE, text, strlen(text));
    if (!at.file.id || !at.line) return;
    const char *path = ox_str_text(m, at.file, NULL);
    for (uint32_t line = at.line > AROUND ? at.line - AROUND : 1; line <= at.line + AROUND; line++) {
        if (!ox_source_line(&d->source, path, line, &code, &len)) continue;
        title(l, "");
        ox_lines_addf(l, line == at.line ? OX_ROLE_KEY : OX_ROLE_NOTE, "%s %5u  ", line == at.line ? ">" : " ", line);
        while (len) { /* tabs are the only controls that code has */
            size_t k = 0;
            while (k < len && code[k] != '\t') k++;
            ox_lines_name(l, line == at.line ? OX_ROLE_PLAIN : OX_ROLE_NOTE, code, k);
            if (k < len) ox_lines_add(l, OX_ROLE_PLAIN, "    ", 4);
            code += k + (k < len);
            len -= k + (k < len);
        }
    }
}

/* What is kept with the node; the Python calls of an archive stand one below the other. */
static void metadata(ox_lines *l, const ox_model *m, ox_node n)
{
    const ox_pair *rows;
    size_t count = ox_node_metadata(m, n, &rows), len;
    const char *doc = ox_str_text(m, ox_node_doc(m, n), &len);
    named(l, "doc", OX_ROLE_PLAIN, doc, len);
    for (size_t i = 0; i < count && i < MOST; i++) {
        const char *key = ox_str_text(m, rows[i].key, &len);
        title(l, i ? "" : "metadata");
        ox_lines_name(l, OX_ROLE_PLAIN, key, len);
        const char *p = ox_str_text(m, rows[i].value, &len);
        for (bool first = true; len; first = false) {
            size_t k = 0;
            while (k < len && p[k] != '\n') k++;
            if (!first) title(l, "");
            ox_lines_addf(l, OX_ROLE_NOTE, first ? " = " : "   ");
            ox_lines_name(l, OX_ROLE_PLAIN, p, k);
            p += k + (k < len);
            len -= k + (k < len);
        }
    }
}

static void failures(ox_lines *l, const ox_session *s, ox_node n)
{
    for (size_t i = 0, count = s->report ? ox_report_n(s->report) : 0; i < count; i++) {
        const ox_failure *f = ox_report_at(s->report, i);
        if (f->node.id != n.id || f->node.gen != n.gen) continue;
        title(l, f->kind == OX_FAILURE_WARNING ? "warning" : "failure");
        ox_lines_name(l, f->kind == OX_FAILURE_WARNING ? OX_ROLE_WARNING : OX_ROLE_ERROR, f->message,
                      strlen(f->message));
        if (*f->hint) named(l, "hint", OX_ROLE_PLAIN, f->hint, strlen(f->hint));
    }
}

/* How many of the first nodes that it became are constants. */
static uint32_t count_constants(const ox_became *b, const ox_model *m, uint32_t id)
{
    uint32_t n = 0, seen = 0;
    for (uint32_t k = b->first[id]; k && seen < MOST; k = b->next[k], seen++)
        n += ox_node_is_folded(m, ox_model_node_at(m, k));
    return n;
}

/* Each of the nodes that it became, on lines that lead there; constants are counted only, if there are others. */
static void became_nodes(detail *d, uint32_t id)
{
    char text[256], name[256];
    ox_lines *l = &d->lines;
    const ox_became *b = &d->v.t->became;
    const ox_model *m = d->v.t->s->result;
    uint32_t constants = count_constants(b, m, id), shown = 0, seen = 0;
    if (constants == b->count[id]) constants = 0;
    d->bound = l->n;
    for (uint32_t k = b->first[id]; k && shown < MOST_BECAME && seen < MOST; k = b->next[k], seen++) {
        ox_node n = ox_model_node_at(m, k);
        if (constants && ox_node_is_folded(m, n)) continue;
        title(l, shown ? "" : "became");
        ox_node_op_text(m, n, text, sizeof text);
        ox_became_name(m, n, name, sizeof name);
        ox_lines_addf(l, OX_ROLE_OP, "%s", text);
        ox_lines_addf(l, OX_ROLE_NOTE, " #%u %s", k, name);
        ox_lines_link(l, n);
        shown++;
    }
    d->n_bound = l->n - d->bound;
    if (b->count[id] > shown + constants) more(l, b->count[id] - shown - constants, "nodes");
    if (constants) more(l, constants, constants == 1 ? "constant" : "constants");
}

/* Where it has none, the line leads to the last of those that it went into, or to what reads the weight. */
static void became(detail *d, ox_node n)
{
    char text[1024];
    ox_lines *l = &d->lines;
    ox_tui *t = d->v.t;
    if (!t->s->result || !t->became.whole || n.id >= t->became.n) return;
    if (t->became.first[n.id]) {
        became_nodes(d, n.id);
        return;
    }
    ox_became_text(&t->became, t->s->model, t->s->result, n.id, text, sizeof text);
    title(l, "became");
    ox_lines_addf(l, OX_ROLE_NOTE, "%s", text);
    uint32_t home = ox_became_home(&t->became, t->s->model, n.id);
    if (!home) return;
    uint32_t last = t->became.last[home];
    ox_lines_link(l, last ? ox_model_node_at(t->s->result, last) : ox_became_reader(&t->became, t->s->result, home));
    d->bound = l->n - 1;
    d->n_bound = 1;
}

static void came_from(detail *d, const ox_model *m, ox_node n)
{
    char text[512];
    ox_lines *l = &d->lines;
    const ox_model *trace = d->v.t->s->model;
    ox_node from = ox_model_node_at(trace, ox_node_origin(m, n));
    if (!from.id) return;
    ox_node_op_text(trace, from, text, sizeof text);
    title(l, "from");
    ox_lines_addf(l, OX_ROLE_OP, "%s", text);
    ox_lines_addf(l, OX_ROLE_NOTE, "  #%u of the trace", from.id);
    ox_lines_link(l, from);
    d->bound = l->n - 1;
    d->n_bound = 1;
}

static void write_lines(detail *d)
{
    char text[1024];
    size_t len;
    const ox_spoken k = ox_side_spoken(d->v.t);
    const ox_model *m = k.m;
    ox_node n = k.n;
    ox_lines *l = &d->lines;
    ox_lines_clear(l);
    d->v.left = 0;
    d->n_bound = 0;
    if (n.id) {
        title(l, "node");
        ox_node_op_text(m, n, text, sizeof text);
        ox_lines_addf(l, OX_ROLE_OP, "%s", text);
        ox_lines_addf(l, OX_ROLE_NOTE, "  #%u", n.id);
        const char *name = ox_str_text(m, ox_node_name(m, n), &len);
        named(l, "name", OX_ROLE_PLAIN, name, len);
        ox_node_scope_text(m, n, text, sizeof text);
        named(l, "scope", OX_ROLE_SCOPE, text, strlen(text));
        if (k.view == OX_VIEW_nodes) failures(l, d->v.t->s, n);
        reads(l, m, n);
        if (k.view == OX_VIEW_nodes) became(d, n);
        if (k.view == OX_VIEW_result) came_from(d, m, n);
        inputs(l, m, n);
        attributes(l, m, n);
        outputs(l, m, n);
        blocks(l, m, n);
        source(d, m, n);
        schema(l, m, n);
        metadata(l, m, n);
    }
    ox_list_set_n(&d->v.list, l->n);
    ox_list_go(&d->v.list, 0);
}

/* ---- the view ---- */

static ox_status create(ox_view **out, ox_tui *t, ox_error *err)
{
    (void)t;
    detail *d = calloc(1, sizeof *d);
    if (!d) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    *out = &d->v;
    return OX_OK;
}

static void destroy(ox_view *v)
{
    detail *d = (detail *)v;
    ox_lines_free(&d->lines);
    ox_source_free(&d->source);
    free(d);
}

static void mark_stale(ox_view *v)
{
    ((detail *)v)->stale = true;
}

static bool work(ox_view *v)
{
    detail *d = (detail *)v;
    if (d->stale && v->at.rows) {
        d->stale = false;
        write_lines(d);
    }
    return false;
}

static bool act(ox_view *v, ox_action a)
{
    if (a != OX_DO_FOLLOW) return false;
    const detail *d = (detail *)v;
    ox_node n = ox_lines_linked(&d->lines, v->list.cursor);
    ox_value w = ox_lines_linked_weight(&d->lines, v->list.cursor);
    if (n.id && v->list.cursor >= d->bound && v->list.cursor - d->bound < d->n_bound)
        ox_side_cross(v->t, n);
    else if (n.id)
        ox_side_go(v->t, n);
    else if (w.id && v->t->side != OX_VIEW_nodes)
        ox_tui_say(v->t, OX_ROLE_NOTE, "weights are shown of the model on the first side");
    else if (w.id)
        ox_weights_show(v->t, w);
    else
        ox_tui_say(v->t, OX_ROLE_NOTE, "this line leads nowhere");
    return true;
}

static void draw(ox_view *v, ox_grid *g, ox_rect line, size_t i)
{
    ox_lines_draw(&((detail *)v)->lines, i, g, line, v->left);
}

static size_t copy(ox_view *v, char *buf, size_t size)
{
    return ox_lines_copy(&((detail *)v)->lines, v->list.cursor, buf, size);
}

static bool matches(ox_view *v, size_t i, const ox_needle *k)
{
    return ox_lines_match(&((detail *)v)->lines, i, k);
}

const ox_view_ops ox_view_detail = {
    .name = "detail",
    .help = "the node of the cursor: arguments and where they come from, results and who uses them, source, schema",
    .place = OX_PLACE_BELOW,
    .open = true,
    .create = create,
    .destroy = destroy,
    .reset = mark_stale,
    .follow = mark_stale,
    .work = work,
    .draw = draw,
    .act = act,
    .copy = copy,
    .matches = matches,
};
