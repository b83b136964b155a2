/* Floor 5. Module objects of a trace: parameters that it reads from them (prim::GetAttr) become inputs of the graph
 * under the parameter's path; calls of modules (prim::CallMethod) hide what they compute, which is a failure. */
#include "convert/dispatch.h"
#include "convert/fold.h"
#include "convert/literal.h"
#include "rewrite/dead.h"

#include <onnxsh/text.h>

typedef struct lifter {
    ox_model *m;
    size_t n; /* parameters that were read */
    ox__buf path;
    ox_error *err;
} lifter;

static bool is_module(const ox_model *m, ox_value v)
{
    return ox_type_get(m, ox_value_type(m, v)).kind == OX_TYPE_CLASS;
}

enum { MAX_PATH = 64 };
#define HINT_ATTRIBUTE \
    "objects of C++ classes, and modules that make themselves of a state of their own (__setstate__), as quantised " \
    "ones do, hold no attributes in an archive"

bool ox__attribute_path(const ox_model *m, ox_node n, ox__buf *path, ox_value *root)
{
    const char *part[MAX_PATH];
    size_t k = 0;
    while (n.id && (ox_node_is(m, n, "prim", "GetAttr") || (!k && ox_node_is(m, n, "prim", "SetAttr")))) {
        const ox_attr *a = ox_node_attr(m, n, "name");
        if (!a || a->kind != OX_ATTR_STRING || k == MAX_PATH) return false;
        part[k++] = ox_str_text(m, a->u.s, NULL);
        *root = ox_node_input(m, n, 0);
        n = ox_value_node(m, *root);
        if (!n.id && !is_module(m, *root)) return false;
    }
    if (n.id && !ox_node_is(m, n, "prim", "CreateObject")) return false;
    ox__buf_clear(path);
    while (k-- > 0) {
        ox__buf_addz(path, part[k]);
        if (k) ox__buf_addc(path, '.');
    }
    return true;
}

static bool path_of(lifter *w, ox_node n)
{
    ox_value root;
    return ox__attribute_path(w->m, n, &w->path, &root) && !ox_value_node(w->m, root).id;
}

static ox_status lift_one(lifter *w, ox_node n)
{
    ox_model *m = w->m;
    ox_graph g = ox_model_main(m);
    ox_value out = ox_node_output(m, n, 0);
    ox_type_info t = ox_type_get(m, ox_value_type(m, out));
    bool optional = t.kind == OX_TYPE_OPTIONAL && ox_type_get(m, t.items[0]).kind == OX_TYPE_TENSOR;
    if ((t.kind != OX_TYPE_TENSOR && !optional) || !ox_value_n_uses(m, out) || !path_of(w, n)) return OX_OK;
    if (w->path.failed) return ox__nomem(w->err);
    ox_str name = ox_str_add(m, w->path.p, w->path.n);
    ox_value v = ox_graph_find_value(m, g, name);
    ox_status s = OX_OK;
    /* whether an optional is there is known where its data is */
    if (optional && (!v.id || !ox_value_is_initializer(m, v))) return OX_OK;
    if (!v.id || (!ox_value_is_input(m, v) && !ox_value_is_initializer(m, v)))
        s = ox_graph_add_input(m, &v, g, SIZE_MAX, name, ox_value_type(m, out), w->err);
    w->n++;
    return s == OX_OK ? ox_value_replace_uses(m, out, v, w->err) : s;
}

static ox_status lift_graph(lifter *w, ox_graph g)
{
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(w->m, g); s == OX_OK && n.id; n = ox_node_next(w->m, n)) {
        if (ox_node_is(w->m, n, "prim", "GetAttr")) s = lift_one(w, n);
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(w->m, n); i++)
            s = lift_graph(w, ox_node_block(w->m, n, i));
    }
    return s;
}

/* The chains of GetAttr that nobody reads any more, and the module that they began at. */
static ox_status sweep_graph(lifter *w, ox_graph g)
{
    ox_node prev;
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_last(w->m, g); s == OX_OK && n.id; n = prev) {
        prev = ox_node_prev(w->m, n);
        for (size_t i = ox_node_n_blocks(w->m, n); s == OX_OK && i-- > 0;)
            s = sweep_graph(w, ox_node_block(w->m, n, i));
        bool object = ox_node_is(w->m, n, "prim", "GetAttr") || ox_node_is(w->m, n, "prim", "CreateObject");
        if (s == OX_OK && object && ox__node_is_unused(w->m, n)) s = ox_node_delete(w->m, n, w->err);
    }
    return s;
}

ox_status ox__drop_modules(ox_model *m, ox_error *err)
{
    ox_graph g = ox_model_main(m);
    ox_status s = OX_OK;
    for (size_t i = ox_graph_n_inputs(m, g); s == OX_OK && i-- > 0;) {
        ox_value v = ox_graph_input(m, g, i);
        if (is_module(m, v) && !ox_value_n_uses(m, v)) s = ox_graph_remove_input(m, g, i, err);
    }
    return s;
}

ox_status ox_lift_parameters(ox_model *m, size_t *n, ox_error *err)
{
    lifter w = {.m = m, .err = err};
    ox_graph g = ox_model_main(m);
    *n = 0;
    if (ox_model_get_kind(m) == OX_MODEL_ONNX && ox_model_opset(m, "")) return OX_OK;
    ox_status s = lift_graph(&w, g);
    if (s == OX_OK && w.n) s = sweep_graph(&w, g);
    if (s == OX_OK && w.n) s = ox__drop_modules(m, err);
    ox__buf_free(&w.path);
    *n = w.n;
    return s;
}

/* ---- what is left ---- */
typedef struct rest {
    ox__conv *c;
    bool called;
} rest;

/* self.training of a scripted module. */
static ox_status settle_training(ox__conv *c, ox_node n, bool *done)
{
    const ox_attr *a = ox_node_attr(c->m, n, "name");
    *done = a && a->kind == OX_ATTR_STRING && strcmp(ox_str_text(c->m, a->u.s, NULL), "training") == 0;
    if (!*done) return OX_OK;
    ox_arg no = {.kind = OX_ARG_BOOL};
    ox_value v;
    ox_status s = ox__pass_constant(c, n, &no, (ox_type){0}, &v);
    return s == OX_OK ? ox__pass_replace(c, n, 0, v) : s;
}

/* What the file holds for an attribute that is no tensor, as literal.c reads it. */
static const char *noted_text(const ox_model *m, ox_node n, size_t *len)
{
    const ox_pair *rows;
    const char *s = "";
    *len = 0;
    for (size_t i = ox_node_metadata(m, n, &rows); i-- > 0;)
        if (strcmp(ox_str_text(m, rows[i].key, NULL), "value") == 0) s = ox_str_text(m, rows[i].value, len);
    return s;
}

static ox_status settle_value(ox__conv *c, ox_node n, bool *done)
{
    size_t len;
    const char *text = noted_text(c->m, n, &len);
    lifter w = {.m = c->m, .err = c->err};
    ox_value v;
    if (!len || !path_of(&w, n)) {
        ox__buf_free(&w.path);
        return OX_OK;
    }
    ox_type type = ox_value_type(c->m, ox_node_output(c->m, n, 0));
    ox_status s = w.path.failed ? ox__nomem(c->err) : ox__literal_build(c, n, text, len, &w.path, type, &v, done);
    ox__buf_free(&w.path);
    return s == OX_OK && *done ? ox__pass_replace(c, n, 0, v) : s;
}

/* ---- lists of weights, of which a dump says no more ---- */
typedef OX__VEC(ox_value) value_list;

static ox_status replace_by_list(ox__conv *c, ox_node n, const value_list *items)
{
    ox_node made;
    ox_status s = ox_node_create(c->m, &made, ox_node_graph(c->m, n), n, c->s_prim, ox__conv_str(c, "ListConstruct"),
                                 items->n, items->p, 1, c->err);
    if (s != OX_OK) return s;
    ox_value out = ox_node_output(c->m, made, 0);
    s = ox_value_set_type(c->m, out, ox_value_type(c->m, ox_node_output(c->m, n, 0)), c->err);
    if (s == OX_OK) s = ox_node_set_scope(c->m, made, ox_node_scope(c->m, n), c->err);
    return s == OX_OK ? ox__pass_replace(c, n, 0, out) : s;
}

/* The weights PATH.0, PATH.1, ... */
static ox_status weights_of(ox__conv *c, ox_node n, value_list *items)
{
    lifter w = {.m = c->m, .err = c->err};
    ox_graph g = ox_model_main(c->m);
    ox_status s = OX_OK;
    bool found = path_of(&w, n);
    size_t stem = w.path.n;
    while (found && s == OX_OK) {
        w.path.n = stem;
        ox__buf_addf(&w.path, ".%zu", items->n);
        if (w.path.failed) s = ox__nomem(c->err);
        ox_value v = ox_graph_find_value(c->m, g, ox_str_find(c->m, w.path.p, w.path.n));
        found = v.id && ox_value_is_initializer(c->m, v);
        if (found && s == OX_OK && !ox__vec_push(items, v)) s = ox__nomem(c->err);
    }
    ox__buf_free(&w.path);
    return s;
}

static ox_status settle_list(ox__conv *c, ox_node n, bool *done)
{
    value_list items = {0};
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, ox_node_output(c->m, n, 0)));
    ox_type_kind item = t.kind == OX_TYPE_LIST ? ox_type_get(c->m, t.items[0]).kind : OX_TYPE_NONE_KNOWN;
    ox_status s = item == OX_TYPE_TENSOR ? weights_of(c, n, &items) : OX_OK;
    *done = items.n != 0;
    if (s == OX_OK && *done) s = replace_by_list(c, n, &items);
    ox__vec_free(&items);
    return s;
}

/* A list or dict of the module that the graph writes to: it would be another one at the next call. */
static bool is_written(const ox__conv *c, ox_node n)
{
    ox_value v = ox_node_output(c->m, n, 0);
    for (ox_use u = ox_value_first_use(c->m, v); u.node.id; u = ox_value_next_use(c->m, u))
        if (u.index == 0 && !ox_node_is_return(c->m, u.node) && ox__writes_list(c->m, u.node)) return true;
    return false;
}

static ox_status mark_failed(ox__conv *c, ox_node n)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_node_n_outputs(c->m, n); i++)
        s = ox__dispatch_fail_value(c, c->report->rows.n - 1, ox_node_output(c->m, n, i));
    return s;
}

/* Calls of which the code is not in the file, or stands behind the call. */
static ox_status refuse_call(rest *w, ox_node n)
{
    ox__conv *c = w->c;
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, ox_node_input(c->m, n, 0)));
    const char *of = t.n_names ? ox_str_text(c->m, t.names[0], NULL) : "";
    if (strncmp(of, "__torch__.torch.classes.", 24) == 0) {
        ox_status s = ox__report_note(c, OX_FAILURE_REFUSED, n,
                                      "replace the call by operators of PyTorch before the network is saved",
                                      "%s is a class of a C++ library, whose code is not in the file", of + 10);
        return s == OX_OK ? mark_failed(c, n) : s;
    }
    if (w->called) return mark_failed(c, n);
    w->called = true;
    ox_status s;
    if (strncmp(of, "InterfaceType<", 14) == 0)
        s = ox__report_note(c, OX_FAILURE_REFUSED, n,
                            "call the module by its own class, not by an interface: an archive tells which one it is, "
                            "unless the code puts another module in its place",
                            "the graph calls a module through an interface (%s), and which one is not known", of);
    else
        s = ox__report_note(c, OX_FAILURE_REFUSED, n,
                            "of an archive open the graph with all that it calls, which comes first in `open --list "
                            "FILE`; of a printed trace, print(traced.inlined_graph) has it",
                            "the graph calls modules, whose code is not in it");
    return s == OX_OK ? mark_failed(c, n) : s;
}

static ox_status walk(rest *w, ox_graph g)
{
    ox__conv *c = w->c;
    ox_status s = OX_OK;
    ox_node next;
    for (ox_node n = ox_graph_first(c->m, g); s == OX_OK && n.id; n = next) {
        bool done = false;
        next = ox_node_next(c->m, n);
        if (ox__is_prim(c, n, "GetAttr") && !is_module(c->m, ox_node_output(c->m, n, 0)) &&
            !ox__node_is_unused(c->m, n)) {
            bool written = is_written(c, n);
            if (!written) s = settle_training(c, n, &done);
            if (s == OX_OK && !done && !written) s = settle_value(c, n, &done);
            if (s == OX_OK && !done && !written) s = settle_list(c, n, &done);
            if (s == OX_OK && !done)
                s = ox__report_note(c, OX_FAILURE_REFUSED, n, written ? NULL : HINT_ATTRIBUTE,
                                    written ? "the graph writes to a list or dict that is an attribute of a module"
                                            : "it reads an attribute of an object that is not in the file");
            if (s == OX_OK && !done) s = mark_failed(c, n);
        } else if (ox__is_prim(c, n, "CallMethod")) {
            s = refuse_call(w, n);
        }
        for (size_t i = 0; s == OX_OK && !done && i < ox_node_n_blocks(c->m, n); i++)
            s = walk(w, ox_node_block(c->m, n, i));
    }
    return s;
}

/* An optional input that --input does not give is None, as in a call of the module without it. */
static ox_status settle_optional_inputs(ox__conv *c)
{
    ox_graph g = ox_model_main(c->m);
    ox_status s = OX_OK;
    for (size_t i = ox_graph_n_inputs(c->m, g); s == OX_OK && i-- > 0;) {
        ox_value v = ox_graph_input(c->m, g, i), none;
        ox_arg a = {.kind = OX_ARG_NONE};
        ox_node first = ox_graph_first(c->m, g);
        if (ox_type_get(c->m, ox_value_type(c->m, v)).kind != OX_TYPE_OPTIONAL || !first.id) continue;
        const char *name = ox_str_text(c->m, ox_value_name(c->m, v), NULL);
        s = ox__report_note(c, OX_FAILURE_WARNING, (ox_node){0}, "--input NAME=DTYPE[DIMS] makes it an input",
                            "the optional input '%s' is not given: it is None", name);
        if (s == OX_OK) s = ox__pass_constant(c, first, &a, (ox_type){0}, &none);
        if (s == OX_OK) s = ox_value_replace_uses(c->m, v, none, c->err);
        if (s == OX_OK) s = ox_graph_remove_input(c->m, g, i, c->err);
    }
    return s;
}

ox_status ox__pass_modules(ox__conv *c, uint64_t *changed)
{
    rest w = {.c = c};
    size_t n = 0;
    if (!c->trace) return OX_OK;
    ox_status s = ox__objects(c, changed);
    if (s == OX_OK) s = ox_lift_parameters(c->m, &n, c->err);
    *changed += n;
    if (s == OX_OK && !c->trail) s = settle_optional_inputs(c);
    return s == OX_OK ? walk(&w, ox_model_main(c->m)) : s;
}
