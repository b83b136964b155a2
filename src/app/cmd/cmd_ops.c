/* Floor 7. ops: which operators there are, how often, and which have no symbolic function. */
#include "app/cmd.h"

#include <stdlib.h>
#include <string.h>

typedef struct entry {
    uint32_t domain, op, overload;
    ox_node node;
} entry;

typedef struct group {
    size_t first, n;
    bool missing;
} group;

typedef struct ops {
    ox_session *s;
    ox_model *m;
    entry *e;
    size_t n;
    group *g;
    size_t n_groups;
    int64_t opset;
} ops;

static int by_op(const void *pa, const void *pb)
{
    const entry *a = pa, *b = pb;
    if (a->domain != b->domain) return a->domain < b->domain ? -1 : 1;
    if (a->op != b->op) return a->op < b->op ? -1 : 1;
    if (a->overload != b->overload) return a->overload < b->overload ? -1 : 1;
    return a->node.id < b->node.id ? -1 : a->node.id > b->node.id;
}

static int by_count(const void *pa, const void *pb)
{
    const group *a = pa, *b = pb;
    if (a->n != b->n) return a->n > b->n ? -1 : 1;
    return a->first < b->first ? -1 : a->first > b->first;
}

static ox_status collect(ops *o, ox_error *err)
{
    uint32_t limit = ox_model_node_limit(o->m);
    o->e = calloc((size_t)limit + 1, sizeof *o->e);
    o->g = calloc((size_t)limit + 1, sizeof *o->g);
    if (!o->e || !o->g) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    for (uint32_t id = 1; id < limit; id++) {
        ox_node n = ox_model_node_at(o->m, id);
        if (!n.id || ox_node_is_return(o->m, n)) continue;
        entry e = {ox_node_domain(o->m, n).id, ox_node_op(o->m, n).id, ox_node_overload(o->m, n).id, n};
        o->e[o->n++] = e;
    }
    qsort(o->e, o->n, sizeof *o->e, by_op);
    for (size_t i = 0; i < o->n; i++) {
        const entry *a = &o->e[i], *b = i ? a - 1 : NULL;
        if (!b || a->domain != b->domain || a->op != b->op || a->overload != b->overload)
            o->g[o->n_groups++] = (group){i, 0, false};
        o->g[o->n_groups - 1].n++;
    }
    /* Whether a symbolic function serves a node may depend on its arguments: one node without it marks the group. */
    for (size_t k = 0; k < o->n_groups; k++)
        for (size_t i = 0; i < o->g[k].n && !o->g[k].missing; i++) {
            bool yes;
            ox_node n = o->e[o->g[k].first + i].node;
            ox_status s = ox_node_is_convertible(&yes, o->s->symbolics, o->m, n, o->opset, err);
            if (s != OX_OK) return s;
            o->g[k].missing = !yes;
        }
    qsort(o->g, o->n_groups, sizeof *o->g, by_count);
    return OX_OK;
}

static void json_group(ox_json *j, const ops *o, const group *g, bool places)
{
    char text[1024];
    const ox_model *m = o->m;
    ox_json_open(j, NULL, '{');
    ox_json_str(j, "op", text, ox_node_op_text(m, o->e[g->first].node, text, sizeof text));
    ox_json_int(j, "count", (int64_t)g->n);
    ox_json_bool(j, "missing", g->missing);
    if (places) {
        ox_json_open(j, "places", '[');
        for (size_t i = 0; i < g->n; i++) {
            ox_node n = o->e[g->first + i].node;
            ox_loc_info l = ox_loc_get(m, ox_node_loc(m, n));
            size_t len;
            const char *file = ox_str_text(m, l.file, &len);
            ox_json_open(j, NULL, '{');
            ox_json_int(j, "node", n.id);
            ox_node_scope_text(m, n, text, sizeof text);
            ox_json_strz(j, "scope", text);
            if (len)
                ox_json_str(j, "file", file, len);
            else
                ox_json_null(j, "file");
            ox_json_int(j, "line", l.line);
            ox_json_close(j, '}');
        }
        ox_json_close(j, ']');
    }
    ox_json_close(j, '}');
}

static void print_json(ops *o, bool missing)
{
    ox_json j;
    ox_json_begin(&j, &o->s->out);
    ox_json_open(&j, NULL, '[');
    for (size_t k = 0; k < o->n_groups; k++)
        if (!missing || o->g[k].missing) json_group(&j, o, &o->g[k], missing);
    ox_json_close(&j, ']');
    ox_json_end(&j);
}

static ox_status print_all(ops *o, ox_error *err)
{
    static const char *const titles[] = {">COUNT", "OPERATOR", "STATE", NULL};
    ox_table *t = ox_table_new(&o->s->out, titles);
    for (size_t k = 0; t && k < o->n_groups; k++) {
        char text[512];
        const group *g = &o->g[k];
        ox_node n = o->e[g->first].node;
        ox_node_op_text(o->m, n, text, sizeof text);
        ox_table_cellf(t, OX_INK_PLAIN, "%zu", g->n);
        ox_table_cellz(t, text, OX_INK_OP);
        ox_table_cellz(t, g->missing ? "no symbolic function" : "", OX_INK_ATTR);
    }
    return ox_table_end(t, err);
}

/* One line for each place: that is what one goes through with an editor. */
static ox_status print_missing(ops *o, ox_error *err)
{
    static const char *const titles[] = {"!OPERATOR", ">COUNT", "VALUE", "SCOPE", "!SOURCE", NULL};
    ox_table *t = NULL;
    size_t n_ops = 0, n_nodes = 0;
    for (size_t k = 0; k < o->n_groups; k++) {
        const group *g = &o->g[k];
        if (!g->missing) continue;
        if (!t && !(t = ox_table_new(&o->s->out, titles))) return ox_error_set(err, OX_E_NOMEM, "out of memory");
        n_ops++;
        n_nodes += g->n;
        for (size_t i = 0; i < g->n; i++) {
            char text[1024];
            ox_node n = o->e[g->first + i].node;
            ox_value v = ox_node_output(o->m, n, 0);
            text[0] = '\0';
            if (i == 0) ox_node_op_text(o->m, n, text, sizeof text);
            ox_table_cellz(t, text, OX_INK_OP);
            if (i == 0)
                ox_table_cellf(t, OX_INK_PLAIN, "%zu", g->n);
            else
                ox_table_cellz(t, "", OX_INK_PLAIN);
            text[0] = '\0';
            if (v.id) ox_value_label(o->m, v, text, sizeof text);
            ox_table_cellz(t, text, OX_INK_VALUE);
            ox_node_scope_text(o->m, n, text, sizeof text);
            ox_table_cellz(t, text, OX_INK_SCOPE);
            ox_table_loc(t, &o->s->out, o->m, n);
        }
    }
    ox_status st = t ? ox_table_end(t, err) : OX_OK;
    if (st != OX_OK) return st;
    if (!n_ops) {
        ox_out_f(&o->s->out, "every operator has a symbolic function at opset %lld\n", (long long)o->opset);
        return OX_OK;
    }
    ox_out_count(&o->s->out, n_ops, "operator", "operators");
    ox_out_f(&o->s->out, " without a symbolic function at opset %lld, in ", (long long)o->opset);
    ox_out_count(&o->s->out, n_nodes, "node", "nodes");
    ox_out_f(&o->s->out, "\n");
    return OX_OK;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    ops o = {.s = s, .m = s->model};
    bool missing = ox_args_get(a, "--missing") != NULL;
    ox_status st = ox_target_opset(s, ox_args_get(a, "--opset"), &o.opset, err);
    /* The built-in functions are Lua's: without its state there would be none. */
    if (st == OX_OK) st = ox_session_script(s, err);
    if (st == OX_OK) st = collect(&o, err);
    if (st == OX_OK && s->g.json)
        print_json(&o, missing);
    else if (st == OX_OK)
        st = missing ? print_missing(&o, err) : print_all(&o, err);
    free(o.e);
    free(o.g);
    return st;
}

static const ox_opt opts[] = {
    {"--missing", NULL, "those without a symbolic function, with every place", OX_HINT_NONE, NULL},
    {"--opset", "N", "the ONNX opset to aim at", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_ops = {
    .name = "ops",
    .usage = "[--missing] [--opset N]",
    .summary = "count the operators; --missing: which have no symbolic function, and where",
    .help = "An operator of an ONNX model is missing if no schema, function or custom domain of the model knows it.",
    .example = "ops --missing",
    .flags = OX_CMD_MODEL | OX_CMD_GRAPH | OX_CMD_PAGE,
    .opts = opts,
    .exec = exec,
};
