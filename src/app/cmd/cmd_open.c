/* Floor 7. open: makes a file, or the result of the last export, the model. */
#include "app/cmd.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_ROWS = 64 };

static ox_status list_graphs(ox_session *s, const char *path, ox_error *err)
{
    static const char *const titles[] = {">N", ">LINE", ">NODES", "TITLE", NULL};
    ox_graph_row rows[MAX_ROWS];
    size_t n;
    ox_status st = ox_list_graphs(path, rows, MAX_ROWS, &n, err);
    if (st != OX_OK) return st;
    ox_json j;
    if (s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
    }
    ox_table *t = s->g.json ? NULL : ox_table_new(&s->out, titles);
    for (size_t i = 0; i < n && i < MAX_ROWS; i++) {
        if (s->g.json) {
            ox_json_open(&j, NULL, '{');
            ox_json_int(&j, "graph", (int64_t)i + 1);
            ox_json_int(&j, "line", (int64_t)rows[i].line);
            ox_json_int(&j, "nodes", (int64_t)rows[i].n_nodes);
            ox_json_strz(&j, "title", rows[i].title);
            ox_json_close(&j, '}');
            continue;
        }
        ox_table_cellf(t, OX_INK_PLAIN, "%zu", i + 1);
        ox_table_cellf(t, OX_INK_PLAIN, "%llu", (unsigned long long)rows[i].line);
        ox_table_cellf(t, OX_INK_PLAIN, "%llu", (unsigned long long)rows[i].n_nodes);
        ox_table_cellz(t, rows[i].title, OX_INK_PLAIN);
    }
    if (s->g.json) {
        ox_json_close(&j, ']');
        ox_json_end(&j);
        return OX_OK;
    }
    st = ox_table_end(t, err);
    if (st == OX_OK && n > MAX_ROWS) ox_out_f(&s->out, "and %zu more\n", n - MAX_ROWS);
    return st;
}

static ox_status run_info(ox_session *s, ox_error *err)
{
    ox_args none = {0};
    return ox_cmd_info.exec(s, &none, err);
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    int64_t graph = 0;
    const char *word = ox_args_get(a, "--graph");
    ox_status st = word ? ox_parse_int(word, "--graph", 1, 1000000, &graph, err) : OX_OK;
    if (st != OX_OK) return st;
    if (ox_args_get(a, "--result")) {
        if (a->n) return ox_error_set(err, OX_E_INVALID, "open: --result takes no FILE");
        st = ox_session_open_result(s, err);
        return st == OX_OK ? run_info(s, err) : st;
    }
    if (a->n == 0) {
        ox_error_set(err, OX_E_INVALID, "open: which FILE?");
        ox_error_hint(err, "usage: open %s", ox_cmd_open.usage);
        return OX_E_INVALID;
    }
    if (ox_args_get(a, "--list")) return list_graphs(s, a->pos[0], err);
    st = ox_session_open(s, a->pos[0], (int)graph, err);
    return st == OX_OK ? run_info(s, err) : st;
}

static const ox_opt opts[] = {
    {"--graph", "N", "the N-th graph of a file that holds several", OX_HINT_NONE, NULL},
    {"--list", NULL, "list the graphs of the file instead", OX_HINT_NONE, NULL},
    {"--result", NULL, "make the result of the last export the model", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_open = {
    .name = "open",
    .usage = "[--graph N] [--list] FILE | --result",
    .summary = "open a trace, a log that holds one, or an .onnx file",
    .help =
        "The format is known by the content. A log with several graphs opens at the one that is most useful, with a\n"
        "warning that says so; --list shows them all, --graph N chooses. `-` is standard input. Weights stay in the\n"
        "file and are read when they are looked at. If opening fails, the model that was open stays.",
    .example = "open --list FILE",
    .flags = OX_CMD_MODEL | OX_CMD_CUT,
    .opts = opts,
    .hint = OX_HINT_FILE,
    .max_args = 1,
    .exec = exec,
};
