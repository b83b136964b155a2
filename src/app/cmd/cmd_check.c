/* Floor 7. check: findings, each with its place; errors make the exit status 1. */
#include "app/cmd.h"

#include "app/cmd/check_sarif.h"
#include "app/cmd/sarif.h"
#include "app/interrupt.h"

#include <onnxsh/check.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

typedef struct listing {
    ox_session *s;
    const ox_model *m;
    const char *path; /* of the model */
    bool text;
    ox_json *j;
    ox_out *sarif_out; /* NULL: no SARIF */
    ox_out file;       /* of --sarif FILE */
    ox_json sarif;
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
    if (l->sarif_out) ox_check_sarif_finding(&l->sarif, l->m, l->path, f);
    if (l->j) json_finding(l->j, l->m, f);
    if (!l->text) return !o->closed;
    ox_out_f(o, "%s%s%s: ", ox_out_ink(o, inks[f->severity]), ox_severity_name(f->severity), ox_out_reset(o));
    ox_out_f(o, "%s  %s[%s]%s\n", f->message, ox_out_ink(o, OX_INK_COMMENT), f->check->id, ox_out_reset(o));
    print_place(l, f);
    if (f->hint) ox_out_f(o, "    hint: %s\n", f->hint);
    return !o->closed;
}

static void list_json(ox_session *s, const ox_check_row *rows, size_t n)
{
    ox_json j;
    ox_json_begin(&j, &s->out);
    ox_json_open(&j, NULL, '[');
    for (size_t i = 0; i < n; i++) {
        ox_json_open(&j, NULL, '{');
        ox_json_strz(&j, "id", rows[i].id);
        ox_json_strz(&j, "family", rows[i].family);
        ox_json_strz(&j, "severity", ox_severity_name(rows[i].severity));
        ox_json_strz(&j, "help", rows[i].help);
        ox_json_strz(&j, "hint", rows[i].hint);
        ox_json_close(&j, '}');
    }
    ox_json_close(&j, ']');
    ox_json_end(&j);
}

/* For a terminal: by families, the sentences wrapped beside the ids. */
static void list_families(ox_out *o, const ox_check_row *rows, size_t n)
{
    enum { ID = 22, SEVERITY = 9, INDENT = ID + SEVERITY };
    for (size_t i = 0; i < n; i++) {
        bool first = i == 0 || strcmp(rows[i].family, rows[i - 1].family) != 0;
        if (first) ox_out_f(o, "%s%s%s%s\n", i ? "\n" : "", ox_out_bold(o), rows[i].family, ox_out_reset(o));
        ox_out_f(o, "  %s%-*s%s", ox_out_ink(o, OX_INK_OP), ID - 2, rows[i].id, ox_out_reset(o));
        ox_out_f(o, "%s%-*s%s", ox_out_ink(o, inks[rows[i].severity]), SEVERITY, ox_severity_name(rows[i].severity),
                 ox_out_reset(o));
        ox_out_wrap(o, INDENT, INDENT, rows[i].help);
    }
}

static ox_status list_checks(ox_session *s, ox_error *err)
{
    static const char *const titles[] = {"CHECK", "FAMILY", "SEVERITY", "MEANING", NULL};
    const ox_check_row *rows;
    size_t n = ox_check_rows(&rows);
    if (s->g.json || s->out.width) {
        if (s->g.json)
            list_json(s, rows, n);
        else
            list_families(&s->out, rows, n);
        return OX_OK;
    }
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

/* What the bytes of weights were asked, where that matters: some were left out. */
static void unread(ox_session *s, const ox_check_counts *k)
{
    char read[32], left[32];
    if (!k->bytes_unread) return;
    ox_bytes_text(k->bytes_read, read, sizeof read);
    ox_bytes_text(k->bytes_unread, left, sizeof left);
    ox_out_f(&s->out, "weights: looked into %s, %s were not read (--all-weights reads them)\n", read, left);
}

static ox_status open_sarif(listing *l, const char *path, ox_error *err)
{
    ox_session *s = l->s;
    if (strcmp(path, "-") == 0) {
        l->sarif_out = &s->out;
    } else if (!(l->file.f = fopen(path, "w"))) {
        ox_status st = ox_error_set(err, OX_E_IO, "cannot write: %s", strerror(errno));
        snprintf(err->file, sizeof err->file, "%s", path);
        return st;
    } else {
        l->sarif_out = &l->file;
    }
    ox_json_begin(&l->sarif, l->sarif_out);
    ox_check_sarif_begin(&l->sarif);
    return OX_OK;
}

/* A document that is not whole is not left behind. */
static ox_status close_sarif(listing *l, const char *path, ox_status st, ox_error *err)
{
    ox_sarif_end(&l->sarif);
    ox_json_end(&l->sarif);
    if (!l->file.f) return st;
    bool failed = ferror(l->file.f) != 0;
    failed = fclose(l->file.f) != 0 || failed;
    if (failed && st == OX_OK) {
        st = ox_error_set(err, OX_E_IO, "cannot write: %s", strerror(errno));
        snprintf(err->file, sizeof err->file, "%s", path);
    }
    if (st != OX_OK) remove(path);
    return st;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    if (ox_args_get(a, "--list")) return list_checks(s, err);
    ox_check_options opt = {.only = ox_args_get(a, "--only"),
                            .skip = ox_args_get(a, "--skip"),
                            .full = ox_args_get(a, "--full") != NULL,
                            .read_limit = ox_args_get(a, "--all-weights") ? UINT64_MAX : 0};
    bool result = ox_args_get(a, "--result") != NULL;
    ox_model *m = result ? s->result : s->model;
    listing l = {.s = s, .m = m, .path = result ? s->result_path : s->path};
    const char *sarif = ox_args_get(a, "--sarif");
    bool text = !sarif || strcmp(sarif, "-") != 0;
    ox_check_counts counts = {0};
    ox_json j;
    if (!l.m) return ox_error_set(err, OX_E_INVALID, "there is no result: `export` makes one");
    if (s->g.json && !text)
        return ox_error_set(err, OX_E_INVALID, "--json and --sarif - both want standard output: give one a file");
    ox_status st = sarif ? open_sarif(&l, sarif, err) : OX_OK;
    if (st != OX_OK) return st;
    if (s->g.json) {
        l.j = &j;
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
    }
    l.text = text && !l.j;
    st = ox_check_run(m, &opt, on_finding, &l, &counts, ox_progress_task(s->g.quiet), err);
    ox_progress_done();
    if (sarif) st = close_sarif(&l, sarif, st, err);
    if (l.j) {
        ox_json_close(&j, ']');
        ox_json_end(&j);
    } else if (st == OX_OK && l.text) {
        unread(s, &counts);
        summary(s, &counts);
    }
    bool bad = counts.errors || (s->g.strict && counts.warnings);
    return st == OX_OK && bad ? OX_E_CHECK : st;
}

static const ox_opt opts[] = {
    {"--full", NULL, "infer types and shapes too, and report what does not go together", OX_HINT_NONE, NULL},
    {"--all-weights", NULL, "look for NaN and doubles in all weights, not in the first 64 MiB", OX_HINT_NONE, NULL},
    {"--only", "CHECKS", "these checks or families only, by commas", OX_HINT_NONE, NULL},
    {"--skip", "CHECKS", "without these checks or families", OX_HINT_NONE, NULL},
    {"--sarif", "FILE", "write the findings as SARIF 2.1.0 too; - is standard output, alone", OX_HINT_FILE, NULL},
    {"--list", NULL, "list the checks", OX_HINT_NONE, NULL},
    {"--result", NULL, "the result of the last export", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_check = {
    .name = "check",
    .usage = "[--full] [--all-weights] [--only CHECKS] [--skip CHECKS] [--sarif FILE] [--list] [--result]",
    .summary = "check a model against ONNX's rules and for what runtimes stumble on",
    .help =
        "Errors make the exit status 1: the model breaks a rule of ONNX. Warnings and notes are of models that are\n"
        "legal; with --strict a warning counts as an error. `check --list` lists the checks with their families.\n"
        "Without --full nothing is inferred: only types that the file declares are looked at. NaN, infinities and\n"
        "doubled weights show in the bytes: 64 MiB of them are read, smallest first, and what was left is said.",
    .example = "check --list",
    .flags = OX_CMD_MODEL | OX_CMD_PAGE | OX_CMD_LIST,
    .opts = opts,
    .exec = exec,
};
