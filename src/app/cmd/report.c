/* Floor 7. Export reports as text, JSON and SARIF 2.1.0; documents are made in report_doc.c. */
#include "app/cmd/report.h"

#include "app/cmd/report_doc.h"
#include "app/cmd/sarif.h"

#include <onnxsh/graph.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name, *title;
} kinds[] = {
    [OX_FAILURE_MISSING] = {"missing", "there is no symbolic function for the operator"},
    [OX_FAILURE_REFUSED] = {"refused", "the symbolic function does not handle this case"},
    [OX_FAILURE_SCRIPT] = {"script", "an error inside the symbolic function"},
    [OX_FAILURE_CONSTANT] = {"constant", "a constant that the dump does not hold is needed"},
    [OX_FAILURE_VIEW] = {"view", "a write through a view that is read later"},
    [OX_FAILURE_CONSEQUENCE] = {"consequence", "a consequence of another failure"},
    [OX_FAILURE_WARNING] = {"warning", "the export went on"},
};

const char *ox_failure_name(ox_failure_kind k)
{
    return kinds[k].name;
}

/* ---- text ---- */

static void safe(FILE *f, const char *s)
{
    char small[2048];
    ox_text_sanitize(s, strlen(s), small, sizeof small);
    fputs(small, f);
}

static void place(FILE *f, const ox_failure *k)
{
    if (*k->scope) {
        fputs("    at ", f);
        safe(f, k->scope);
        if (*k->file) {
            fputs("  (", f);
            safe(f, k->file);
            fprintf(f, ":%u)", k->line);
        }
        fputc('\n', f);
    } else if (*k->file) {
        fputs("    at ", f);
        safe(f, k->file);
        fprintf(f, ":%u\n", k->line);
    }
}

static bool has_line(const char *text, const char *line, size_t n)
{
    for (; *text; text += strcspn(text, "\n"), text += *text == '\n')
        if (strcspn(text, "\n") == n && memcmp(text, line, n) == 0) return true;
    return false;
}

/* The arguments, one a line; those that another failure's text holds too are left out. */
static void arguments(FILE *f, const char *text, const char *said)
{
    while (*text) {
        size_t n = strcspn(text, "\n");
        char line[1024];
        ox_text_sanitize(text, n, line, sizeof line);
        if (!has_line(said, text, n)) fprintf(f, "      %s\n", line);
        text += n + (text[n] == '\n');
    }
}

static void one(FILE *f, const ox_failure *k)
{
    place(f, k);
    if (*k->lua_file) {
        fputs("    in ", f);
        safe(f, k->lua_file);
        fprintf(f, ":%u\n", k->lua_line);
    }
    arguments(f, k->arguments, "");
}

static void hint(FILE *f, const ox_failure *k)
{
    if (!*k->hint) return;
    fputs("  hint: ", f);
    safe(f, k->hint);
    fputc('\n', f);
}

static bool alike(const ox_failure *a, const ox_failure *b)
{
    return a->kind == b->kind && strcmp(a->op, b->op) == 0 && strcmp(a->message, b->message) == 0;
}

enum { MAX_PLACES = 12 };

/* A failure with all that say the same of the same operator: the first in full, then the other places with the
 * arguments that differ. */
static void group(FILE *f, const ox_report *r, size_t i, const char *prefix)
{
    const ox_failure *first = ox_report_at(r, i);
    size_t n = 0, shown = 0;
    for (size_t k = i; k < ox_report_n(r); k++) n += alike(first, ox_report_at(r, k));
    fputs(prefix, f);
    safe(f, first->op);
    fputs(*first->op ? ": " : "", f);
    safe(f, first->message);
    if (n > 1) fprintf(f, "  (%zu nodes)", n);
    fputc('\n', f);
    one(f, first);
    for (size_t k = i + 1; k < ox_report_n(r) && n > 1; k++) {
        const ox_failure *other = ox_report_at(r, k);
        if (!alike(first, other)) continue;
        if (++shown > MAX_PLACES) continue;
        place(f, other);
        arguments(f, other->arguments, first->arguments);
    }
    if (shown > MAX_PLACES) fprintf(f, "    and %zu more places\n", shown - MAX_PLACES);
    hint(f, first);
}

static bool is_first(const ox_report *r, size_t i)
{
    for (size_t k = 0; k < i; k++)
        if (alike(ox_report_at(r, k), ox_report_at(r, i))) return false;
    return true;
}

void ox_report_print(FILE *f, bool quiet, const ox_export_summary *e)
{
    size_t n = e->report ? ox_report_n(e->report) : 0, consequences = 0;
    for (size_t i = 0; i < n; i++) {
        const ox_failure *k = ox_report_at(e->report, i);
        consequences += k->kind == OX_FAILURE_CONSEQUENCE;
        if (k->kind == OX_FAILURE_CONSEQUENCE || !is_first(e->report, i)) continue;
        if (k->kind == OX_FAILURE_WARNING && quiet) continue;
        group(f, e->report, i, k->kind == OX_FAILURE_WARNING ? "onnxsh: warning: " : "onnxsh: ");
    }
    size_t failures = e->report ? ox_report_n_failures(e->report) : 0;
    if (!e->result) {
        fputs("onnxsh: ", f);
        safe(f, e->source ? e->source : "");
        fprintf(f, ": not exported: %zu failure%s", failures - consequences, failures - consequences == 1 ? "" : "s");
        if (consequences)
            fprintf(f, ", and %zu node%s from them", consequences,
                    consequences == 1 ? " that follows" : "s that follow");
        fputc('\n', f);
    }
}

/* ---- JSON ---- */

void ox_failure_json(ox_json *j, const ox_failure *k)
{
    ox_json_open(j, NULL, '{');
    ox_json_strz(j, "kind", kinds[k->kind].name);
    ox_json_strz(j, "op", k->op);
    ox_json_int(j, "node", k->node.id);
    ox_json_strz(j, "message", k->message);
    ox_json_strz(j, "hint", *k->hint ? k->hint : NULL);
    ox_json_strz(j, "scope", k->scope);
    ox_json_strz(j, "file", *k->file ? k->file : NULL);
    ox_json_int(j, "line", k->line);
    ox_json_strz(j, "arguments", k->arguments);
    ox_json_strz(j, "lua_file", *k->lua_file ? k->lua_file : NULL);
    ox_json_int(j, "lua_line", k->lua_line);
    if (k->cause == SIZE_MAX)
        ox_json_null(j, "cause");
    else
        ox_json_int(j, "cause", (int64_t)k->cause);
    ox_json_close(j, '}');
}

static ox_status collect(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)err;
    return fwrite(s, 1, n, ud) == n ? OX_OK : OX_E_NOMEM;
}

static void json_graph(ox_json *j, const ox_model *m)
{
    char *text = NULL;
    size_t n = 0;
    FILE *f = open_memstream(&text, &n);
    if (!f) return;
    ox_print_options opt = {.style = OX_STYLE_SEED};
    ox_sink sink = {collect, f};
    ox_status st = ox_graph_print(m, ox_model_main(m), &opt, &sink, NULL);
    fclose(f);
    if (st == OX_OK) ox_json_str(j, "graph", text, n);
    free(text);
}

void ox_report_json(ox_json *j, const ox_export_summary *e)
{
    ox_json_open(j, NULL, '{');
    ox_json_bool(j, "exported", e->result != NULL);
    ox_json_strz(j, "source", e->source);
    ox_json_strz(j, "output", e->result ? e->output : NULL);
    ox_json_int(j, "opset", e->opset);
    if (e->result) {
        ox_json_int(j, "ir_version", ox_model_ir_version(e->result));
        ox_json_int(j, "nodes", (int64_t)ox_model_n_nodes(e->result));
    }
    ox_json_open(j, "failures", '[');
    for (size_t i = 0; e->report && i < ox_report_n(e->report); i++) ox_failure_json(j, ox_report_at(e->report, i));
    ox_json_close(j, ']');
    const ox_pass_stat *p;
    size_t n = e->report ? ox_report_passes(e->report, &p) : 0;
    ox_json_open(j, "passes", '[');
    for (size_t i = 0; i < n; i++) {
        ox_json_open(j, NULL, '{');
        ox_json_strz(j, "name", p[i].name);
        ox_json_int(j, "changed", (int64_t)p[i].changed);
        ox_json_int(j, "nodes_after", (int64_t)p[i].n_nodes_after);
        ox_json_close(j, '}');
    }
    ox_json_close(j, ']');
    uint64_t called, repeated;
    ox_report_calls(e->report, &called, &repeated);
    ox_json_int(j, "functions_called", (int64_t)called);
    ox_json_int(j, "functions_repeated", (int64_t)repeated);
    if (e->with_graph && e->result) json_graph(j, e->result);
    ox_json_close(j, '}');
}

/* ---- SARIF: one run, a rule for each kind of failure, a result for each failure with its physical location ---- */

static void sarif(ox_json *j, const ox_export_summary *e)
{
    ox_sarif_begin(j);
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        ox_json_open(j, NULL, '{');
        ox_json_strz(j, "id", kinds[i].name);
        ox_sarif_text(j, "shortDescription", kinds[i].title);
        ox_json_close(j, '}');
    }
    ox_sarif_results(j);
    for (size_t i = 0; e->report && i < ox_report_n(e->report); i++) {
        const ox_failure *k = ox_report_at(e->report, i);
        bool soft = k->kind == OX_FAILURE_WARNING || k->kind == OX_FAILURE_CONSEQUENCE;
        char text[1400];
        snprintf(text, sizeof text, "%s%s%s", k->op, *k->op ? ": " : "", k->message);
        ox_json_open(j, NULL, '{');
        ox_json_strz(j, "ruleId", kinds[k->kind].name);
        ox_json_strz(j, "level", soft ? "warning" : "error");
        ox_sarif_text(j, "message", text);
        ox_json_open(j, "locations", '[');
        ox_json_open(j, NULL, '{');
        if (*k->file) ox_sarif_place(j, k->file, k->line, 0);
        ox_json_open(j, "logicalLocations", '[');
        ox_sarif_logical(j, NULL, k->scope, "module");
        ox_json_close(j, ']');
        ox_json_close(j, '}');
        ox_json_close(j, ']');
        ox_json_close(j, '}');
    }
    ox_sarif_end(j);
}

static const char *ending(const char *path)
{
    const char *dot = strrchr(path, '.');
    return dot ? dot : "";
}

bool ox_report_knows(const char *path)
{
    const char *e = ending(path);
    return strcmp(e, ".md") == 0 || strcmp(e, ".html") == 0 || strcmp(e, ".json") == 0 || strcmp(e, ".sarif") == 0;
}

ox_status ox_report_write(const char *path, const ox_export_summary *e, ox_error *err)
{
    ox_out o = {.f = fopen(path, "w")};
    ox_status st = OX_OK;
    bool html = strcmp(ending(path), ".html") == 0;
    if (o.f && (html || strcmp(ending(path), ".md") == 0)) {
        ox_report_document(o.f, html, e);
    } else if (o.f) {
        ox_json j;
        ox_json_begin(&j, &o);
        if (strcmp(ending(path), ".sarif") == 0)
            sarif(&j, e);
        else
            ox_report_json(&j, e);
        ox_json_end(&j);
    }
    if (!o.f || ferror(o.f) | (fclose(o.f) != 0)) {
        st = ox_error_set(err, OX_E_IO, "cannot write the report: %s", strerror(errno));
        snprintf(err->file, sizeof err->file, "%s", path);
    }
    return st;
}
