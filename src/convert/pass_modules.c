/* Floor 5. Module objects of a trace: parameters that it reads from them (prim::GetAttr) are inputs of the graph under
 * the parameter's path; calls of modules (prim::CallMethod) hide what they compute, which is a failure. */
#include "convert/pass.h"

#include "rewrite/dead.h"

typedef struct modules {
    ox__conv *c;
    uint64_t *changed;
    bool called;
    ox__buf path;
} modules;

static bool is_module(const ox_model *m, ox_value v)
{
    return ox_type_get(m, ox_value_type(m, v)).kind == OX_TYPE_CLASS;
}

enum { MAX_PATH = 64 };

/* The dotted path of what a GetAttr reads, in w->path. False if it does not begin at the root module. */
static bool path_of(modules *w, ox_node n)
{
    const ox_model *m = w->c->m;
    const char *part[MAX_PATH];
    size_t k = 0;
    while (n.id && ox__is_prim(w->c, n, "GetAttr")) {
        const ox_attr *a = ox_node_attr(m, n, "name");
        if (!a || a->kind != OX_ATTR_STRING || k == MAX_PATH) return false;
        part[k++] = ox_str_text(m, a->u.s, NULL);
        ox_value from = ox_node_input(m, n, 0);
        n = ox_value_node(m, from);
        if (!n.id && !is_module(m, from)) return false;
    }
    if (n.id && !ox__is_prim(w->c, n, "CreateObject")) return false;
    ox__buf_clear(&w->path);
    while (k-- > 0) {
        ox__buf_addz(&w->path, part[k]);
        if (k) ox__buf_addc(&w->path, '.');
    }
    return !w->path.failed;
}

static ox_status read_parameter(modules *w, ox_node n)
{
    ox__conv *c = w->c;
    ox_value out = ox_node_output(c->m, n, 0);
    if (is_module(c->m, out) || !ox_value_n_uses(c->m, out)) return OX_OK;
    if (!path_of(w, n))
        return ox__report_note(c, OX_FAILURE_REFUSED, n, NULL, "it reads an attribute of an object that is not known");
    ox_str name = ox_str_find(c->m, w->path.p, w->path.n);
    ox_value v = name.id ? ox_graph_find_value(c->m, ox_model_main(c->m), name) : (ox_value){0};
    if (!v.id || (!ox_value_is_input(c->m, v) && !ox_value_is_initializer(c->m, v)))
        return ox__report_note(c, OX_FAILURE_REFUSED, n,
                               "print the graph that the exporter made, which lists the parameters as inputs",
                               "the parameter %s is not an input of the graph", w->path.p);
    ++*w->changed;
    return ox_value_replace_uses(c->m, out, v, c->err);
}

static ox_status walk(modules *w, ox_graph g)
{
    ox__conv *c = w->c;
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(c->m, g); s == OX_OK && n.id; n = ox_node_next(c->m, n)) {
        if (ox__is_prim(c, n, "GetAttr"))
            s = read_parameter(w, n);
        else if (ox__is_prim(c, n, "CallMethod") && !w->called) {
            w->called = true;
            s = ox__report_note(c, OX_FAILURE_REFUSED, n, "dump the inlined graph instead: print(traced.inlined_graph)",
                                "the graph calls modules, whose code is not in the file");
        }
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(c->m, n); i++) s = walk(w, ox_node_block(c->m, n, i));
    }
    return s;
}

ox_status ox__pass_modules(ox__conv *c, uint64_t *changed)
{
    modules w = {.c = c, .changed = changed};
    ox_graph g = ox_model_main(c->m);
    ox_status s = walk(&w, g);
    ox__buf_free(&w.path);
    if (s != OX_OK || !*changed) return s;
    uint64_t dead = 0;
    s = ox__remove_dead(c->m, g, NULL, &dead, c->err); /* the chains of GetAttr */
    for (size_t i = ox_graph_n_inputs(c->m, g); s == OX_OK && i-- > 0;) {
        ox_value v = ox_graph_input(c->m, g, i);
        if (is_module(c->m, v) && !ox_value_n_uses(c->m, v)) s = ox_graph_remove_input(c->m, g, i, c->err);
    }
    return s;
}
