/* Floor 7. tree: the scopes, with how many nodes and parameters each holds. */
#include "app/cmd.h"
#include "app/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct tree {
    ox_session *s;
    const ox_model *m;
    ox_tally tally;
    ox_table *t;
    ox_json *j;
    uint32_t max_depth;
    bool calls; /* the file tells how often modules are called */
} tree;

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
    const ox_tally_row *k = &t->tally.by_scope[sc.id];
    ox_scope_path(t->m, sc, path, sizeof path);
    if (t->j) {
        ox_json_open(t->j, NULL, '{');
        ox_json_strz(t->j, "path", path);
        ox_json_strz(t->j, "class", cls);
        ox_json_int(t->j, "depth", depth);
        ox_json_int(t->j, "nodes", (int64_t)k->nodes);
        ox_json_int(t->j, "parameters", (int64_t)k->params);
        if (t->calls) ox_json_int(t->j, "calls", ox_scope_calls(t->m, sc));
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
    if (t->calls && ox_scope_calls(t->m, sc))
        ox_table_cellf(t->t, OX_INK_PLAIN, "%u", ox_scope_calls(t->m, sc));
    else if (t->calls)
        ox_table_cellz(t->t, "", OX_INK_PLAIN);
}

static bool tells_calls(const ox_model *m)
{
    for (uint32_t id = 1; id < ox_model_scope_limit(m); id++)
        if (ox_scope_calls(m, ox_model_scope_at(m, id))) return true;
    return false;
}

/* In depth-first order, without recursion: scopes nest as deep as a file says. */
static void walk(tree *t, ox_scope root)
{
    uint32_t base = root.id ? ox_scope_depth(t->m, root) - 1 : 0;
    ox_scope sc = root.id ? root : ox_scope_first_child(t->m, (ox_scope){0, 0});
    while (sc.id) {
        uint32_t depth = ox_scope_depth(t->m, sc) - base;
        if (t->tally.by_scope[sc.id].nodes || t->tally.unread)
            row(t, sc, depth); /* an emptied scope of a converted graph is no news */
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
    static const char *const titles[] = {"SCOPE", "CLASS", ">NODES", ">PARAMETERS", NULL}, *const with_calls[] = {
                                                                                               "SCOPE",  "CLASS",
                                                                                               ">NODES", ">PARAMETERS",
                                                                                               ">CALLS", NULL};
    int64_t depth = 1000;
    ox_scope root = {0, 0};
    const char *word = ox_args_get(a, "--depth");
    ox_status st = word ? ox_parse_int(word, "--depth", 1, 1000, &depth, err) : OX_OK;
    if (st == OX_OK && a->n) st = ox_select_scope(s->model, a->pos[0], &root, err);
    if (st != OX_OK) return st;
    ox_json j;
    tree t = {.s = s, .m = s->model, .max_depth = (uint32_t)depth, .calls = tells_calls(s->model)};
    st = ox_tally_begin(&t.tally, t.m, err);
    if (st == OX_OK) ox_tally_work(&t.tally, UINT32_MAX);
    if (st == OX_OK && s->g.json) {
        t.j = &j;
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
        walk(&t, root);
        ox_json_close(&j, ']');
        ox_json_end(&j);
    } else if (st == OX_OK) {
        t.t = ox_table_new(&s->out, t.calls ? with_calls : titles);
        if (t.t) walk(&t, root);
        st = ox_table_end(t.t, err);
        if (st == OX_OK && t.tally.by_scope[0].nodes && !root.id) {
            ox_out_count(&s->out, t.tally.by_scope[0].nodes, "node", "nodes");
            ox_out_f(&s->out, " without a scope\n");
        }
    }
    ox_tally_free(&t.tally);
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
    .help = "Counts include all below. A weight that several scopes use counts where it is used first. For an archive "
            "with code\n"
            "CALLS says how often each module is called in one run.",
    .example = "tree --depth 2",
    .flags = OX_CMD_MODEL | OX_CMD_PAGE,
    .opts = opts,
    .hint = OX_HINT_SCOPE,
    .max_args = 1,
    .exec = exec,
};
