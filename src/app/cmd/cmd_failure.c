/* Floor 7. failure: the failures of the last export, one at a time. */
#include "app/cmd.h"
#include "app/cmd/report.h"

#include <string.h>

static void put_lines(ox_out *o, const char *text)
{
    for (const char *p = text; *p;) {
        size_t n = strcspn(p, "\n");
        ox_out_f(o, "      ");
        ox_out_name(o, p, n);
        ox_out_f(o, "\n");
        p += n + (p[n] == '\n');
    }
}

static void put_field(ox_out *o, const char *before, const char *text, uint32_t line)
{
    if (!*text) return;
    ox_out_f(o, "%s", before);
    ox_out_name(o, text, strlen(text));
    if (line) ox_out_f(o, ":%u", line);
    ox_out_f(o, "\n");
}

static void put(ox_session *s, size_t i)
{
    ox_out *o = &s->out;
    const ox_failure *f = ox_report_at(s->report, i);
    ox_out_f(o, "%zu of %zu  %s%s%s  ", i + 1, ox_report_n(s->report), ox_out_bold(o), ox_failure_name(f->kind),
             ox_out_reset(o));
    ox_out_name(o, f->op, strlen(f->op));
    if (f->node.id) ox_out_f(o, "  #%u", f->node.id);
    ox_out_f(o, "\n  ");
    ox_out_name(o, f->message, strlen(f->message));
    ox_out_f(o, "\n");
    put_field(o, "    at ", f->scope, 0);
    put_field(o, "    source ", f->file, f->line);
    put_field(o, "    in ", f->lua_file, f->lua_line);
    put_lines(o, f->arguments);
    if (f->cause != SIZE_MAX) ox_out_f(o, "    it stems from failure %zu\n", f->cause + 1);
    put_field(o, "  hint: ", f->hint, 0);
}

/* The failure that a word asks for, from 1. */
static ox_status choose(const ox_session *s, const char *word, size_t n, size_t *out, ox_error *err)
{
    int64_t v = 0;
    bool next = strcmp(word, "next") == 0, prev = strcmp(word, "prev") == 0;
    if (next || prev) {
        if (next ? s->failure >= n : s->failure <= 1)
            return ox_error_set(err, OX_E_NOT_FOUND, "this is the %s failure", next ? "last" : "first");
        *out = next ? s->failure + 1 : s->failure - 1;
        return OX_OK;
    }
    ox_status st = ox_parse_int(word, "failure", 1, (int64_t)n, &v, err);
    *out = (size_t)v;
    if (st != OX_OK) ox_error_hint(err, "failure next, failure prev, or a number of `failure`'s list");
    return st;
}

static ox_status list(ox_session *s, ox_error *err)
{
    static const char *const titles[] = {">NUMBER", "KIND", "!OPERATOR", ">NODE", "MESSAGE", "SCOPE", NULL};
    ox_table *t = ox_table_new(&s->out, titles);
    for (size_t i = 0; i < ox_report_n(s->report); i++) {
        const ox_failure *f = ox_report_at(s->report, i);
        ox_table_cellf(t, OX_INK_PLAIN, "%zu", i + 1);
        ox_table_cellz(t, ox_failure_name(f->kind), OX_INK_PLAIN);
        ox_table_cellz(t, f->op, OX_INK_OP);
        if (f->node.id)
            ox_table_cellf(t, OX_INK_PLAIN, "#%u", f->node.id);
        else
            ox_table_cellz(t, "", OX_INK_PLAIN);
        ox_table_cellz(t, f->message, OX_INK_PLAIN);
        ox_table_cellz(t, f->scope, OX_INK_SCOPE);
    }
    return ox_table_end(t, err);
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    ox_status st = OX_OK;
    if (!s->report) {
        ox_model *result;
        st = ox_try_export(s, s->opset, &result, &s->report, err);
        ox_model_free(result);
        if (st != OX_OK) return st;
    }
    size_t n = ox_report_n(s->report), at = 0;
    if (!n && !s->g.json) {
        ox_out_f(&s->out, "the last export had no failures and no warnings\n");
        return OX_OK;
    }
    if (!a->n && !s->g.json) return list(s, err);
    st = a->n ? choose(s, a->pos[0], n, &at, err) : OX_OK;
    if (st != OX_OK) return st;
    if (at) s->failure = at;
    if (!s->g.json) {
        put(s, at - 1);
        return OX_OK;
    }
    ox_json j;
    ox_json_begin(&j, &s->out);
    ox_json_open(&j, NULL, '[');
    for (size_t i = at ? at - 1 : 0; i < (at ? at : n); i++) ox_failure_json(&j, ox_report_at(s->report, i));
    ox_json_close(&j, ']');
    ox_json_end(&j);
    return OX_OK;
}

const ox_cmd ox_cmd_failure = {
    .name = "failure",
    .usage = "[next | prev | N]",
    .summary = "list the failures of the last export, or tell one in full",
    .help =
        "`failure next` and `failure prev` go through them; `why #NODE` explains the node of one. Where nothing was\n"
        "exported yet the export is tried first, and nothing is written.",
    .example = "failure",
    .flags = OX_CMD_MODEL | OX_CMD_PAGE,
    .max_args = 1,
    .exec = exec,
};
