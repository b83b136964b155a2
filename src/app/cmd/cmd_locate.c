/* Floor 7. locate: from a message of ONNX Runtime, TensorRT, onnx or PyTorch to the node that it speaks of. */
#include "app/cmd.h"

#include "app/interrupt.h"

#include <onnxsh/locate.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct places {
    ox_session *s;
    const ox_model *m;
    ox_table *t;
    ox_json *j;
    size_t n, limit;
    ox_locus first;
} places;

/* "ONNX Runtime: a node fails while it runs", or how a word was taken. */
static void how_text(const ox_locus *l, char *buf, size_t size)
{
    if (l->form)
        snprintf(buf, size, "%s (%s: %s)", l->how, l->form->tool, l->form->what);
    else
        snprintf(buf, size, "%s in the text", l->how);
}

static void add_row(places *p, const ox_locus *l)
{
    char text[1024];
    ox_table *t = p->t;
    if (l->node.id) {
        ox_table_cellf(t, OX_INK_PLAIN, "#%u", l->node.id);
        ox_node_op_text(p->m, l->node, text, sizeof text);
        ox_table_cellz(t, text, OX_INK_OP);
    } else {
        ox_table_cellz(t, "", OX_INK_PLAIN);
        ox_table_cellz(t, ox_value_is_initializer(p->m, l->value) ? "(initializer)" : "(input)", OX_INK_COMMENT);
    }
    ox_value v = l->value.id ? l->value : ox_node_output(p->m, l->node, 0);
    size_t len = 0;
    const char *name = l->value.id ? "" : ox_str_text(p->m, ox_node_name(p->m, l->node), &len);
    text[0] = '\0';
    if (!len && v.id) ox_value_label(p->m, v, text, sizeof text);
    if (len)
        ox_table_cell(t, name, len, OX_INK_PLAIN);
    else
        ox_table_cellz(t, text, OX_INK_VALUE);
    text[0] = '\0';
    if (l->node.id) ox_node_scope_text(p->m, l->node, text, sizeof text);
    ox_table_cellz(t, text, OX_INK_SCOPE);
    if (l->node.id)
        ox_table_loc(t, &p->s->out, p->m, l->node);
    else
        ox_table_cellz(t, "", OX_INK_PLAIN);
    how_text(l, text, sizeof text);
    ox_table_cellz(t, text, OX_INK_COMMENT);
}

static void add_json(places *p, const ox_locus *l)
{
    ox_json_open(p->j, NULL, '{');
    ox_json_strz(p->j, "how", l->how);
    ox_json_strz(p->j, "tool", l->form ? l->form->tool : NULL);
    ox_json_strz(p->j, "message", l->form ? l->form->what : NULL);
    if (l->node.id)
        ox_node_json(p->j, "node", p->m, l->node);
    else
        ox_json_null(p->j, "node");
    if (l->value.id)
        ox_value_json(p->j, "value", p->m, l->value);
    else
        ox_json_null(p->j, "value");
    ox_json_close(p->j, '}');
}

static bool on_place(void *ud, const ox_locus *l)
{
    places *p = ud;
    if (p->n++ == 0) p->first = *l;
    if (p->n > p->limit) return false;
    if (p->j)
        add_json(p, l);
    else
        add_row(p, l);
    return true;
}

/* All of a stream, up to what ox_locate looks at. */
static char *read_all(FILE *f, size_t *n)
{
    char *text = malloc(OX_LOCATE_MAX);
    *n = text ? fread(text, 1, OX_LOCATE_MAX, f) : 0;
    return text;
}

static ox_status read_message(const ox_args *a, char **text, size_t *n, ox_error *err)
{
    const char *path = ox_args_get(a, "--file");
    const char *said = a->n ? a->pos[0] : "";
    if (!path && strcmp(said, "-") != 0) {
        *n = strlen(said);
        *text = strdup(said);
        return *text ? OX_OK : ox_error_set(err, OX_E_NOMEM, "out of memory");
    }
    FILE *f = path && strcmp(path, "-") != 0 ? fopen(path, "rb") : stdin;
    if (!f) {
        ox_error_set(err, OX_E_IO, "%s", strerror(errno));
        snprintf(err->file, sizeof err->file, "%s", path);
        return OX_E_IO;
    }
    *text = read_all(f, n);
    ox_status st = *text ? OX_OK : ox_error_set(err, OX_E_NOMEM, "out of memory");
    if (st == OX_OK && ferror(f)) st = ox_error_set(err, OX_E_IO, "cannot read the message: %s", strerror(errno));
    if (f != stdin) fclose(f);
    return st;
}

static ox_status list_forms(ox_session *s, ox_error *err)
{
    static const char *const titles[] = {"TOOL", "MESSAGE", "FOR EXAMPLE", NULL};
    const ox_message_form *rows;
    size_t n = ox_message_forms(&rows);
    ox_table *t = ox_table_new(&s->out, titles);
    for (size_t i = 0; i < n; i++) {
        char line[256];
        snprintf(line, sizeof line, "%.*s", (int)strcspn(rows[i].example, "\n"), rows[i].example);
        ox_table_cellz(t, rows[i].tool, OX_INK_PLAIN);
        ox_table_cellz(t, rows[i].what, OX_INK_PLAIN);
        ox_table_cellz(t, line, OX_INK_COMMENT);
    }
    return ox_table_end(t, err);
}

/* One model's places as a table, or as JSON. */
static ox_status look_in(places *p, const ox_model *m, const char *text, size_t n, ox_error *err)
{
    static const char *const titles[] = {">ID", "!OPERATOR", "!NAME", "SCOPE", "SOURCE", "FOUND BY", NULL};
    p->m = m;
    p->n = 0;
    if (!p->j) p->t = ox_table_new(&p->s->out, titles);
    ox_status st = ox_locate(m, text, n, on_place, p, ox_progress_task(p->s->g.quiet), err);
    ox_progress_done();
    if (p->t) {
        ox_status e = ox_table_end(p->t, st == OX_OK ? err : NULL);
        if (st == OX_OK) st = e;
    }
    p->t = NULL;
    return st;
}

/* Of a node of the result: the node of the trace that it came from. */
static void say_origin(places *p)
{
    char text[512];
    ox_session *s = p->s;
    if (p->j || p->m != s->result || p->n != 1 || !p->first.node.id) return;
    ox_node from = ox_model_node_at(s->model, ox_node_origin(s->result, p->first.node));
    if (!from.id) return;
    ox_node_op_text(s->model, from, text, sizeof text);
    ox_out_f(&s->out, "of the result; it came from %s #%u of the trace\n", text, from.id);
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    int64_t limit = 20;
    char *text = NULL;
    size_t n = 0;
    const char *word = ox_args_get(a, "--limit");
    if (ox_args_get(a, "--forms")) return list_forms(s, err);
    if (!a->n && !ox_args_get(a, "--file")) {
        ox_error_set(err, OX_E_INVALID, "locate: there is no message");
        ox_error_hint(err, "usage: locate %s", ox_cmd_locate.usage);
        return OX_E_INVALID;
    }
    ox_status st = word ? ox_parse_int(word, "--limit", 1, 1000000, &limit, err) : OX_OK;
    if (st == OX_OK) st = read_message(a, &text, &n, err);
    ox_json j;
    places p = {.s = s, .limit = (size_t)limit};
    if (st == OX_OK && s->g.json) {
        p.j = &j;
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
    }
    /* the message may be of the file that was exported */
    if (st == OX_OK && s->result) st = look_in(&p, s->result, text, n, err);
    if (st == OX_OK && p.n) say_origin(&p);
    if (st == OX_OK && !p.n) st = look_in(&p, s->model, text, n, err);
    if (st == OX_OK && p.n) ox_lead_to(s, p.m, p.first.node);
    if (p.j) {
        ox_json_close(&j, ']');
        ox_json_end(&j);
    }
    free(text);
    if (st != OX_OK) return st;
    if (!p.j && p.n > p.limit) ox_out_f(&s->out, "and more: `--limit N` says how many are listed\n");
    if (!p.j && !p.n) ox_out_f(&s->out, "nothing in this model is named by the message\n");
    return OX_OK;
}

static const ox_opt opts[] = {
    {"--file", "FILE", "read the message from a file, - is standard input", OX_HINT_FILE, NULL},
    {"--forms", NULL, "list the forms of messages that are known", OX_HINT_NONE, NULL},
    {"--limit", "N", "list the first N places only (20)", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_locate = {
    .name = "locate",
    .usage = "[--limit N] MESSAGE | --file FILE | --forms",
    .summary = "find the node that an error message speaks of",
    .help = "Messages of ONNX Runtime, onnx, TensorRT and PyTorch are read for names of nodes and values, for the "
            "number of a\n"
            "node (\"node number 267\"), for source lines and for operators; --forms lists what is known. Any other "
            "text is\n"
            "searched for names of this model. After an export the result is looked at first, and the node of the "
            "trace that\n"
            "its node came from is told. `locate -` and --file - read standard input: `trtexec ... 2>&1 | onnxsh "
            "locate m.onnx -`.",
    .example = "locate Non-zero status code returned while running Elu node. Name:'Elu_2' Status Message: no",
    .flags = OX_CMD_MODEL | OX_CMD_GRAPH | OX_CMD_PAGE | OX_CMD_RAW,
    .opts = opts,
    .max_args = 1,
    .exec = exec,
};
