/* Floor 7. check: findings, each with its place; errors make the exit status 1. */
#include "app/cmd.h"

#include "app/interrupt.h"

#include <onnxsh/check.h>

#include <stdlib.h>
#include <string.h>

typedef struct listing {
    ox_session *s;
    const ox_model *m;
    ox_json *j;
    uint64_t n;
} listing;

static const ox_ink inks[] = {
    [OX_SEVERITY_NOTE] = OX_INK_COMMENT, [OX_SEVERITY_WARNING] = OX_INK_TYPE, [OX_SEVERITY_ERROR] = OX_INK_ATTR};

static void json_finding(ox_json *j, const ox_model *m, const ox_finding *f)
{
    char text[1024];
    ox_json_open(j, NULL, '{');
    ox_json_strz(j, "check", f->check->id);
    ox_json_strz(j, "severity", ox_severity_name(f->severity));
    ox_json_strz(j, "message", f->message);
    ox_json_strz(j, "hint", f->hint);
    if (f->node.id) {
        ox_node_json(j, "node", m, f->node);
    } else {
        ox_json_null(j, "node");
    }
    if (f->value.id)
        ox_json_str(j, "value", text, ox_value_label(m, f->value, text, sizeof text));
    else
        ox_json_null(j, "value");
    ox_json_close(j, '}');
}

static void print_place(listing *l, const ox_finding *f)
{
    char op[512], scope[1024], loc[512];
    size_t len;
    if (!f->node.id || ox_node_is_return(l->m, f->node)) return;
    ox_node_op_text(l->m, f->node, op, sizeof op);
    ox_out_f(&l->s->out, "    %s #%u", op, f->node.id);
    const char *name = ox_str_text(l->m, ox_node_name(l->m, f->node), &len);
    if (len) {
        ox_out_f(&l->s->out, " ");
        ox_out_name(&l->s->out, name, len);
    }
    ox_node_scope_text(l->m, f->node, scope, sizeof scope);
    if (*scope) {
        ox_out_f(&l->s->out, "  at ");
        ox_out_name(&l->s->out, scope, strlen(scope));
    }
    ox_node_loc_text(l->m, f->node, loc, sizeof loc);
    if (*loc) {
        ox_out_f(&l->s->out, "  (");
        ox_out_name(&l->s->out, loc, strlen(loc));
        ox_out_f(&l->s->out, ")");
    }
    ox_out_f(&l->s->out, "\n");
}

static bool on_finding(void *ud, const ox_finding *f)
{
    listing *l = ud;
    ox_out *o = &l->s->out;
    l->n++;
    if (l->j) {
        json_finding(l->j, l->m, f);
        return true;
    }
    ox_out_f(o, "%s%s%s: ", ox_out_ink(o, inks[f->severity]), ox_severity_name(f->severity), ox_out_reset(o));
    ox_out_f(o, "%s  %s[%s]%s\n", f->message, ox_out_ink(o, OX_INK_COMMENT), f->check->id, ox_out_reset(o));
    print_place(l, f);
    if (f->hint) ox_out_f(o, "    hint: %s\n", f->hint);
    return !o->closed;
}

static ox_status list_checks(ox_session *s, ox_error *err)
{
    static const char *const titles[] = {"CHECK", "FAMILY", "SEVERITY", "MEANING", NULL};
    const ox_check_row *rows;
    size_t n = ox_check_rows(&rows);
    ox_table *t = ox_table_new(&s->out, titles);
    for (size_t i = 0; t && i < n; i++) {
        ox_table_cellz(t, rows[i].id, OX_INK_OP);
        ox_table_cellz(t, rows[i].family, OX_INK_PLAIN);
        ox_table_cellz(t, ox_severity_name(rows[i].severity), inks[rows[i].severity]);
        ox_table_cellz(t, rows[i].help, OX_INK_PLAIN);
    }
    return ox_table_end(t, err);
}

static void summary(ox_session *s, const ox_check_counts *k)
{
    ox_out_count(&s->out, k->errors, "error", "errors");
    ox_out_f(&s->out, ", ");
    ox_out_count(&s->out, k->warnings, "warning", "warnings");
    if (k->notes) {
        ox_out_f(&s->out, ", ");
        ox_out_count(&s->out, k->notes, "note", "notes");
    }
    ox_out_f(&s->out, "\n");
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    if (ox_args_get(a, "--list")) return list_checks(s, err);
    ox_check_options opt = {.only = ox_args_get(a, "--only"), .skip = ox_args_get(a, "--skip")};
    listing l = {.s = s, .m = ox_args_get(a, "--result") ? s->result : s->model};
    ox_check_counts counts = {0};
    ox_json j;
    if (!l.m) return ox_error_set(err, OX_E_INVALID, "there is no result: `export` makes one");
    if (s->g.json) {
        l.j = &j;
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
    }
    ox_status st = ox_check_run(l.m, &opt, on_finding, &l, &counts, ox_progress_task(s->g.quiet), err);
    ox_progress_done();
    if (l.j) {
        ox_json_close(&j, ']');
        ox_json_end(&j);
    } else if (st == OX_OK) {
        summary(s, &counts);
    }
    bool bad = counts.errors || (s->g.strict && counts.warnings);
    return st == OX_OK && bad ? OX_E_CHECK : st;
}

static const ox_opt opts[] = {
    {"--only", "CHECKS", "these checks or families only, by commas", OX_HINT_NONE, NULL},
    {"--skip", "CHECKS", "without these checks or families", OX_HINT_NONE, NULL},
    {"--list", NULL, "list the checks", OX_HINT_NONE, NULL},
    {"--result", NULL, "the result of the last export", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_check = {
    .name = "check",
    .usage = "[--only CHECKS] [--skip CHECKS] [--list] [--result]",
    .summary = "check structure, schemas, types, data; exit status 1 if there are errors",
    .help = "With --strict a warning counts as an error. `check --list` lists the checks with their families.",
    .example = "check --list",
    .flags = OX_CMD_MODEL | OX_CMD_PAGE,
    .opts = opts,
    .exec = exec,
};
