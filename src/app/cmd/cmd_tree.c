/* Floor 7. tree: the scopes, with how many nodes and parameters each holds. */
#include "app/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct tally {
    uint64_t nodes, params; /* with all below */
} tally;

typedef struct tree {
    ox_session *s;
    const ox_model *m;
    tally *by_scope;
    uint64_t no_scope;
    ox_table *t;
    ox_json *j;
    uint32_t max_depth;
} tree;

/* Elements of a value that is a parameter: an initializer, or an input of known shape that a deeper scope uses. */
static uint64_t n_params(const ox_model *m, ox_value v)
{
    if (!v.id || ox_value_node(m, v).id || !ox_value_is_initializer(m, v)) return 0;
    return ox_tensor_get(m, ox_value_tensor(m, v)).n_elements;
}

/* The weight that a node of an archive's code reads from the module of its scope; {0}: none. */
static ox_value weight_read(const ox_model *m, ox_node n)
{
    char path[1024];
    const ox_attr *a = ox_node_is(m, n, "prim", "GetAttr") ? ox_node_attr(m, n, "name") : NULL;
    size_t len = ox_scope_path(m, ox_node_scope(m, n), path, sizeof path);
    if (!a || a->kind != OX_ATTR_STRING || len >= sizeof path) return (ox_value){0};
    int more = snprintf(path + len, sizeof path - len, "%s%s", len ? "." : "", ox_str_text(m, a->u.s, NULL));
    if (more < 0 || len + (size_t)more >= sizeof path) return (ox_value){0};
    return ox_graph_find_value(m, ox_model_main(m), ox_str_find(m, path, len + (size_t)more));
}

static ox_status count(tree *t, ox_error *err)
{
    const ox_model *m = t->m;
    uint32_t limit = ox_model_scope_limit(m);
    bool *seen = calloc(ox_model_value_limit(m) + 1, 1);
    t->by_scope = calloc((size_t)limit + 1, sizeof *t->by_scope);
    if (!t->by_scope || !seen) {
        free(seen);
        return ox_error_set(err, OX_E_NOMEM, "out of memory");
    }
    for (uint32_t id = 1; id < ox_model_node_limit(m); id++) {
        ox_node n = ox_model_node_at(m, id);
        if (!n.id || ox_node_is_return(m, n)) continue;
        uint32_t sc = ox_node_scope(m, n).id;
        if (!sc) t->no_scope++;
        t->by_scope[sc].nodes++;
        for (size_t i = 0; i < ox_node_n_inputs(m, n) + 1; i++) {
            ox_value v = i ? ox_node_input(m, n, i - 1) : weight_read(m, n);
            if (!v.id || seen[v.id]) continue; /* a shared weight counts where it is used first */
            t->by_scope[sc].params += n_params(m, v);
            seen[v.id] = true;
        }
    }
    /* Children have higher ids than their parents: one sweep from the end sums all levels. */
    for (uint32_t id = limit; id-- > 1;) {
        ox_scope p = ox_scope_parent(m, ox_model_scope_at(m, id));
        if (!p.id) continue;
        t->by_scope[p.id].nodes += t->by_scope[id].nodes;
        t->by_scope[p.id].params += t->by_scope[id].params;
    }
    free(seen);
    return OX_OK;
}

static const char *short_class(const char *cls)
{
    const char *dot = strrchr(cls, '.');
    return dot ? dot + 1 : cls;
}

static void row(tree *t, ox_scope sc, uint32_t depth)
{
    char path[1024];
    size_t len;
    const char *attr = ox_str_text(t->m, ox_scope_attr(t->m, sc), &len);
    const char *cls = short_class(ox_str_text(t->m, ox_scope_class(t->m, sc), NULL));
    const tally *k = &t->by_scope[sc.id];
    ox_scope_path(t->m, sc, path, sizeof path);
    if (t->j) {
        ox_json_open(t->j, NULL, '{');
        ox_json_strz(t->j, "path", path);
        ox_json_strz(t->j, "class", cls);
        ox_json_int(t->j, "depth", depth);
        ox_json_int(t->j, "nodes", (int64_t)k->nodes);
        ox_json_int(t->j, "parameters", (int64_t)k->params);
        ox_json_close(t->j, '}');
        return;
    }
    char text[1200], safe[1024];
    ox_text_sanitize(len ? attr : cls, len ? len : strlen(cls), safe, sizeof safe);
    snprintf(text, sizeof text, "%*s%s", (int)(2 * (depth - 1)), "", safe);
    ox_table_cellf(t->t, OX_INK_SCOPE, "%s", text);
    ox_table_cellz(t->t, len ? cls : "", OX_INK_PLAIN);
    ox_table_cellf(t->t, OX_INK_PLAIN, "%llu", (unsigned long long)k->nodes);
    if (k->params)
        ox_table_cellf(t->t, OX_INK_PLAIN, "%llu", (unsigned long long)k->params);
    else
        ox_table_cellz(t->t, "", OX_INK_PLAIN);
}

/* In depth-first order, without recursion: scopes nest as deep as a file says. */
static void walk(tree *t, ox_scope root)
{
    uint32_t base = root.id ? ox_scope_depth(t->m, root) - 1 : 0;
    ox_scope sc = root.id ? root : ox_scope_first_child(t->m, (ox_scope){0, 0});
    while (sc.id) {
        uint32_t depth = ox_scope_depth(t->m, sc) - base;
        if (t->by_scope[sc.id].nodes) row(t, sc, depth); /* an emptied scope of a converted graph is no news */
        ox_scope next = depth < t->max_depth ? ox_scope_first_child(t->m, sc) : (ox_scope){0, 0};
        while (!next.id && sc.id && sc.id != root.id) {
            next = ox_scope_next(t->m, sc);
            if (!next.id) sc = ox_scope_parent(t->m, sc);
        }
        sc = next;
    }
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    static const char *const titles[] = {"SCOPE", "CLASS", ">NODES", ">PARAMETERS", NULL};
    int64_t depth = 1000;
    ox_scope root = {0, 0};
    const char *word = ox_args_get(a, "--depth");
    ox_status st = word ? ox_parse_int(word, "--depth", 1, 1000, &depth, err) : OX_OK;
    if (st == OX_OK && a->n) st = ox_select_scope(s->model, a->pos[0], &root, err);
    if (st != OX_OK) return st;
    ox_json j;
    tree t = {.s = s, .m = s->model, .max_depth = (uint32_t)depth};
    st = count(&t, err);
    if (st == OX_OK && s->g.json) {
        t.j = &j;
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
        walk(&t, root);
        ox_json_close(&j, ']');
        ox_json_end(&j);
    } else if (st == OX_OK) {
        t.t = ox_table_new(&s->out, titles);
        if (t.t) walk(&t, root);
        st = ox_table_end(t.t, err);
        if (st == OX_OK && t.no_scope && !root.id) {
            ox_out_count(&s->out, t.no_scope, "node", "nodes");
            ox_out_f(&s->out, " without a scope\n");
        }
    }
    free(t.by_scope);
    return st;
}

static const ox_opt opts[] = {
    {"--depth", "N", "N levels only", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_tree = {
    .name = "tree",
    .usage = "[--depth N] [SCOPE]",
    .summary = "print the tree of scopes with their nodes and parameters",
    .help = "Counts include all below. A weight that several scopes use counts where it is used first.",
    .example = "tree --depth 2",
    .flags = OX_CMD_MODEL | OX_CMD_PAGE,
    .opts = opts,
    .hint = OX_HINT_SCOPE,
    .max_args = 1,
    .exec = exec,
};
