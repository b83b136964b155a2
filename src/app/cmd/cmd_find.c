/* Floor 7. find: nodes by a query. */
#include "app/cmd.h"

#include "app/interrupt.h"

#include <onnxsh/query.h>

#include <string.h>

typedef struct found {
    ox_session *s;
    const ox_model *m;
    ox_table *t;
    ox_json *j;
    uint64_t n, limit;
    bool count_only;
} found;

static void add_row(found *f, ox_node n)
{
    char text[1024], label[512];
    const ox_model *m = f->m;
    ox_value v = ox_node_output(m, n, 0);
    ox_table_cellf(f->t, OX_INK_PLAIN, "#%u", n.id);
    ox_node_op_text(m, n, text, sizeof text);
    ox_table_cellz(f->t, text, OX_INK_OP);
    size_t len;
    const char *name = ox_str_text(m, ox_node_name(m, n), &len);
    label[0] = '\0';
    if (v.id) ox_value_label(m, v, label, sizeof label);
    if (len)
        ox_table_cell(f->t, name, len, OX_INK_PLAIN);
    else
        ox_table_cellz(f->t, label, OX_INK_VALUE);
    text[0] = '\0';
    if (v.id) ox_type_text(m, ox_value_type(m, v), text, sizeof text);
    ox_table_cellz(f->t, text, OX_INK_TYPE);
    ox_node_scope_text(m, n, text, sizeof text);
    ox_table_cellz(f->t, text, OX_INK_SCOPE);
    ox_table_loc(f->t, &f->s->out, m, n);
}

static bool on_node(void *ud, ox_node n)
{
    found *f = ud;
    f->n++;
    if (f->count_only || f->n > f->limit) return true;
    if (f->j)
        ox_node_json(f->j, NULL, f->m, n);
    else
        add_row(f, n);
    return !f->s->out.closed;
}

/* What a query of nothing selects. */
static void every_node(found *f)
{
    ox_graph_walk(f->m, ox_model_main(f->m), on_node, f);
    for (size_t i = 0; i < ox_model_n_functions(f->m); i++) ox_graph_walk(f->m, ox_model_function(f->m, i), on_node, f);
}

static ox_status list_fields(ox_session *s, ox_error *err)
{
    static const char *const titles[] = {"TERM", "MEANING", "EXAMPLE", NULL};
    const ox_query_field *rows;
    size_t n = ox_query_fields(&rows);
    ox_table *t = ox_table_new(&s->out, titles);
    for (size_t i = 0; i < n; i++) {
        ox_table_cellz(t, rows[i].usage, OX_INK_OP);
        ox_table_cellz(t, rows[i].help, OX_INK_PLAIN);
        ox_table_cellz(t, rows[i].example, OX_INK_COMMENT);
    }
    return ox_table_end(t, err);
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    static const char *const titles[] = {">ID", "!OPERATOR", "!NAME", "TYPE", "SCOPE", "SOURCE", NULL};
    if (ox_args_get(a, "--terms")) return list_fields(s, err);
    const char *text = a->n ? a->pos[0] : "";
    const char *limit = ox_args_get(a, "--limit");
    int64_t max = INT64_MAX;
    ox_model *m;
    ox_status st = ox_asked_model(s, a, &m, err);
    if (st == OX_OK && limit) st = ox_parse_int(limit, "--limit", 0, INT64_MAX, &max, err);
    if (st != OX_OK) return st;
    ox_query *q = NULL;
    bool all = strspn(text, " \t") == strlen(text);
    if (!all) st = ox_query_parse(&q, m, text, strlen(text), err);
    if (st != OX_OK) {
        if (err->col && err->col <= strlen(text)) ox_error_context(err, "find, at '%.60s'", text + err->col - 1);
        if (!err->hint[0]) ox_error_hint(err, "`find --terms` lists what a query is made of");
        return st;
    }
    ox_json j;
    found f = {s, m, NULL, NULL, 0, (uint64_t)max, ox_args_get(a, "--count") != NULL};
    if (s->g.json && !f.count_only) {
        f.j = &j;
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
    } else if (!f.count_only) {
        f.t = ox_table_new(&s->out, titles);
    }
    if (all)
        every_node(&f);
    else
        st = ox_query_run(q, m, on_node, &f, ox_progress_task(s->g.quiet), err);
    ox_progress_done();
    ox_query_free(q);
    if (f.j) {
        ox_json_close(&j, ']');
        ox_json_end(&j);
    }
    if (f.t) {
        ox_status e = ox_table_end(f.t, st == OX_OK ? err : NULL);
        if (st == OX_OK) st = e;
    }
    if (f.count_only || (s->interactive && !f.j))
        ox_out_f(&s->out, f.count_only ? "%llu\n" : "%llu found\n", (unsigned long long)f.n);
    return st;
}

static const ox_opt opts[] = {
    {"--count", NULL, "print how many there are instead", OX_HINT_NONE, NULL},
    {"--limit", "N", "print the first N only", OX_HINT_NONE, NULL},
    {"--result", NULL, "of the result of the last export", OX_HINT_NONE, NULL},
    {"--beside", NULL, "of the model beside", OX_HINT_NONE, NULL},
    {"--terms", NULL, "list what a query is made of", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_find = {
    .name = "find",
    .usage = "[--count] [--limit N] [--result | --beside] QUERY | --terms",
    .summary = "list the nodes that a query selects",
    .help =
        "Terms side by side must all hold; `and`, `or`, `not` and parentheses combine them, \"double quotes\" take\n"
        "blanks, /slashes/ a regular expression. A bare word is looked for in names. Graph order; blocks included.\n"
        "An empty query selects every node. `find --terms` lists the terms.",
    .example = "find op:conv2d or op:Conv",
    .flags = OX_CMD_MODEL | OX_CMD_GRAPH | OX_CMD_TYPES | OX_CMD_PAGE | OX_CMD_RAW,
    .opts = opts,
    .hint = OX_HINT_QUERY,
    .max_args = 1,
    .exec = exec,
};
