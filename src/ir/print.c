/* Floor 1. The printers' public side: the table of styles, and the calls that open a printer for a graph, a node or a
 * smaller thing. */
#include "ir/print.h"

#include <onnxsh/query.h>

typedef struct style_row {
    const char *name, *help;
    void (*graph)(ox__printer *p, ox_graph g);
    void (*node)(ox__printer *p, ox_node n);
} style_row;

static const style_row styles[OX_N_STYLES] = {
    [OX_STYLE_SEED] = {"seed", "the form of the PyTorch documentation of 2018: types, shapes and scopes",
                       ox__print_graph_text, ox__print_node_text},
    [OX_STYLE_FOLDED] = {"folded", "for people: constants and lists stand in the line of the operator that uses them",
                         ox__print_graph_text, ox__print_node_text},
    [OX_STYLE_TORCH] = {"torch",
                        "what torch 1.13 and 2.x print, with strides, devices and source lines; reads back exactly",
                        ox__print_graph_text, ox__print_node_text},
    [OX_STYLE_ONNX] = {"onnx", "the ONNX textual syntax, which onnx.parser reads; with --full all that it can say",
                       ox__print_graph_onnx, ox__print_node_onnx},
    [OX_STYLE_PRINTABLE] = {"printable", "what onnx.helper.printable_graph prints", ox__print_graph_printable,
                            ox__print_node_printable},
};

static bool is_style(ox_style s)
{
    return (unsigned)s < OX_N_STYLES;
}

const char *ox_style_name(ox_style s)
{
    return is_style(s) ? styles[s].name : "?";
}

const char *ox_style_help(ox_style s)
{
    return is_style(s) ? styles[s].help : "";
}

bool ox_style_find(const char *name, ox_style *out)
{
    for (int s = 0; name && s < OX_N_STYLES; s++) {
        if (strcmp(styles[s].name, name) != 0) continue;
        *out = (ox_style)s;
        return true;
    }
    return false;
}

/* ---- nodes of one scope ---- */

typedef struct keeper {
    ox__printer *p;
    uint8_t *inside; /* by scope id: 1 = in the scope that is asked for, 2 = not, 0 = not known yet */
} keeper;

static bool scope_inside(keeper *k, ox_scope s)
{
    const ox_model *m = k->p->m;
    ox_scope at = s;
    while (at.id && !k->inside[at.id] && at.id != k->p->opt->scope.id) at = ox_scope_parent(m, at);
    uint8_t found = !at.id ? 2 : at.id == k->p->opt->scope.id ? 1 : k->inside[at.id];
    for (; s.id && s.id != at.id; s = ox_scope_parent(m, s)) k->inside[s.id] = found;
    return found == 1;
}

/* A node of the scope is kept, and with it the nodes whose blocks it stands in. */
static bool keep_node(void *ud, ox_node n)
{
    keeper *k = ud;
    ox_scope s = ox_node_scope(k->p->m, n);
    if (!s.id || !scope_inside(k, s)) return true;
    while (n.id && !k->p->keep[n.id]) {
        k->p->keep[n.id] = 1;
        n = ox_graph_owner(k->p->m, ox_node_graph(k->p->m, n));
    }
    return true;
}

static ox_status choose_nodes(ox__printer *p, ox_graph g)
{
    keeper k = {p, NULL};
    if (!p->opt->scope.id) return OX_OK;
    p->keep = ox__calloc(ox_model_node_limit(p->m), 1);
    k.inside = ox__calloc(ox_model_scope_limit(p->m), 1);
    if (!p->keep || !k.inside) {
        ox__free(k.inside);
        return ox__nomem(p->err);
    }
    ox_graph_walk(p->m, g, keep_node, &k);
    size_t n = ox_graph_get_kind(p->m, g) == OX_GRAPH_MAIN ? ox_model_n_functions(p->m) : 0;
    for (size_t i = 0; i < n; i++) ox_graph_walk(p->m, ox_model_function(p->m, i), keep_node, &k);
    ox__free(k.inside);
    return OX_OK;
}

/* ---- calls ---- */

static ox_status check(const ox_model *m, const ox_print_options *opt, const ox_sink *out, bool alive, const char *what,
                       ox_error *err)
{
    if (!m || !opt || !out || !out->write || !is_style(opt->style))
        return ox__fail(err, OX_E_INVALID, "a printer needs a model, a style and somewhere to write");
    if (!alive) return ox__fail(err, OX_E_INVALID, "%s does not exist any more", what);
    if (opt->scope.id && !ox_scope_depth(m, opt->scope)) return ox__fail(err, OX_E_INVALID, "no such scope");
    if (opt->style == OX_STYLE_ONNX && ox_model_get_kind(m) != OX_MODEL_ONNX) {
        ox_status s = ox__fail(err, OX_E_UNSUPPORTED, "style onnx prints ONNX models, and this is a trace");
        ox_error_hint(err, "export it first, or use style torch, folded or seed");
        return s;
    }
    return OX_OK;
}

ox_status ox_graph_print(const ox_model *m, ox_graph g, const ox_print_options *opt, const ox_sink *out, ox_error *err)
{
    ox__printer p;
    ox_status s = check(m, opt, out, m && ox_graph_is_alive(m, g), "the graph", err);
    if (s == OX_OK && ox_graph_get_kind(m, g) == OX_GRAPH_MAIN) s = ox_model_graph_status(m, err);
    if (s != OX_OK) return s;
    s = ox__printer_open(&p, m, opt, out, true, err);
    if (s == OX_OK) s = choose_nodes(&p, g);
    if (s == OX_OK && opt->style == OX_STYLE_FOLDED && !(p.fold = ox__calloc(ox_model_node_limit(m), 1)))
        s = ox__nomem(err);
    if (s == OX_OK)
        styles[opt->style].graph(&p, g);
    else
        ox__print_fail(&p, s);
    return ox__printer_close(&p);
}

ox_status ox_node_print(const ox_model *m, ox_node n, const ox_print_options *opt, const ox_sink *out, ox_error *err)
{
    ox__printer p;
    ox_status s = check(m, opt, out, m && ox_node_is_alive(m, n) && !ox_node_is_return(m, n), "the node", err);
    if (s != OX_OK) return s;
    ox_print_options whole = *opt; /* a node that is asked for is printed, blocks and all */
    whole.scope = (ox_scope){0, 0};
    s = ox__printer_open(&p, m, &whole, out, ox_node_n_blocks(m, n) > 0, err);
    if (s == OX_OK) styles[opt->style].node(&p, n);
    return ox__printer_close(&p);
}

/* The small things have two forms: that of seed and folded, and torch's. */
static ox_status open_small(ox__printer *p, ox_print_options *own, const ox_model *m, const ox_print_options *opt,
                            const ox_sink *out, bool alive, const char *what, ox_error *err)
{
    if (!opt) return ox__fail(err, OX_E_INVALID, "a printer needs options");
    *own = *opt;
    if (own->style != OX_STYLE_TORCH) own->style = OX_STYLE_SEED;
    ox_status s = check(m, own, out, alive, what, err);
    return s == OX_OK ? ox__printer_open(p, m, own, out, false, err) : s;
}

ox_status ox_value_print(const ox_model *m, ox_value v, const ox_print_options *opt, const ox_sink *out, ox_error *err)
{
    ox__printer p;
    ox_print_options own;
    ox_status s = open_small(&p, &own, m, opt, out, m && ox_value_is_alive(m, v), "the value", err);
    if (s != OX_OK) return s;
    ox__print_declared(&p, v);
    return ox__printer_close(&p);
}

ox_status ox_type_print(const ox_model *m, ox_type t, ox_layout l, const ox_print_options *opt, const ox_sink *out,
                        ox_error *err)
{
    ox__printer p;
    ox_print_options own;
    ox_status s = open_small(&p, &own, m, opt, out, true, "the type", err);
    if (s != OX_OK) return s;
    ox__print_ink(&p, OX_INK_TYPE);
    ox__print_type(&p, t, l);
    ox__print_ink(&p, OX_INK_PLAIN);
    return ox__printer_close(&p);
}

ox_status ox_attr_print(const ox_model *m, const ox_attr *a, const ox_print_options *opt, const ox_sink *out,
                        ox_error *err)
{
    ox__printer p;
    ox_print_options own;
    ox_status s = open_small(&p, &own, m, opt, out, a != NULL, "the attribute", err);
    if (s != OX_OK) return s;
    ox__print_ink(&p, OX_INK_ATTR);
    ox__print_attr(&p, a);
    ox__print_ink(&p, OX_INK_PLAIN);
    return ox__printer_close(&p);
}
