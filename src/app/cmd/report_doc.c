/* Floor 7. The report of an export as Markdown or HTML, ready to be attached to a bug. */
#include "app/cmd/report_doc.h"

#include "app/cmd/doc.h"
#include "app/cmd/node_parts.h"

#include <stdlib.h>
#include <string.h>

typedef struct writer {
    ox_doc d;
    const ox_export_summary *e;
    const ox_model *m; /* the source */
} writer;

static const char *text_of(const ox_model *m, ox_str s)
{
    return ox_str_text(m, s, NULL);
}

static void value_item(writer *w, const char *name, ox_value v)
{
    char label[512], type[512];
    ox_value_label(w->m, v, label, sizeof label);
    ox_type_text(w->m, ox_value_type(w->m, v), type, sizeof type);
    ox_doc_itemf(&w->d, name, "%s : %s", label, type);
}

enum { MAX_VALUES = 32 };

static void about(writer *w)
{
    const ox_export_summary *e = w->e;
    const char *producer = w->m ? text_of(w->m, ox_model_text(w->m, OX_MODEL_PRODUCER_NAME)) : "",
               *version = w->m ? text_of(w->m, ox_model_text(w->m, OX_MODEL_PRODUCER_VERSION)) : "";
    ox_doc_item(&w->d, "source", e->source ? e->source : "");
    if (w->m) {
        ox_graph g = ox_model_main(w->m);
        bool onnx = ox_model_get_kind(w->m) == OX_MODEL_ONNX;
        ox_doc_itemf(&w->d, "kind", "%s, %zu nodes", onnx ? "ONNX model" : "PyTorch trace", ox_model_n_nodes(w->m));
        if (*producer || *version) ox_doc_itemf(&w->d, "made by", "%s %s", producer, version);
        for (size_t i = 0; i < ox_graph_n_inputs(w->m, g) && i < MAX_VALUES; i++)
            value_item(w, "input", ox_graph_input(w->m, g, i));
        for (size_t i = 0; i < ox_graph_n_outputs(w->m, g) && i < MAX_VALUES; i++)
            value_item(w, "output", ox_graph_output(w->m, g, i));
    }
    ox_doc_item(&w->d, "exported by", "onnxsh " OX_VERSION);
    ox_doc_itemf(&w->d, "opset", "%lld", (long long)e->opset);
    size_t failures = e->report ? ox_report_n_failures(e->report) : 0;
    if (e->result)
        ox_doc_itemf(&w->d, "result", "exported%s%s, %zu nodes", e->output ? " to " : "", e->output ? e->output : "",
                     ox_model_n_nodes(e->result));
    else
        ox_doc_itemf(&w->d, "result", "refused: %zu failure%s", failures, failures == 1 ? "" : "s");
}

static void failure_table(writer *w)
{
    static const char *const titles[] = {"#", "kind", "operator", "message", "scope", "source", NULL};
    size_t n = ox_report_n(w->e->report);
    ox_doc_table(&w->d, titles);
    for (size_t i = 0; i < n; i++) {
        const ox_failure *k = ox_report_at(w->e->report, i);
        ox_doc_cellf(&w->d, "%zu", i + 1);
        ox_doc_cell(&w->d, ox_failure_name(k->kind));
        ox_doc_cell(&w->d, k->op);
        ox_doc_cell(&w->d, k->message);
        ox_doc_cell(&w->d, k->scope);
        if (*k->file)
            ox_doc_cellf(&w->d, "%s:%u", k->file, k->line);
        else
            ox_doc_cell(&w->d, "");
    }
    ox_doc_table_end(&w->d);
}

/* The Python calls that led to a node, NULL if nothing tells. */
static const char *python_stack(const writer *w, ox_node n)
{
    const ox_pair *rows;
    size_t k = w->m && ox_node_is_alive(w->m, n) ? ox_node_metadata(w->m, n, &rows) : 0;
    for (size_t i = 0; i < k; i++)
        if (strcmp(text_of(w->m, rows[i].key), "python_stack") == 0) return text_of(w->m, rows[i].value);
    return NULL;
}

static void failure_in_full(writer *w, size_t i)
{
    char title[64], schema[1024];
    const ox_failure *k = ox_report_at(w->e->report, i);
    snprintf(title, sizeof title, "%zu: %.40s", i + 1, k->op);
    ox_doc_heading(&w->d, title);
    ox_doc_text(&w->d, k->message);
    if (k->node.id) ox_doc_itemf(&w->d, "node", "#%u", k->node.id);
    if (*k->scope) ox_doc_item(&w->d, "scope", k->scope);
    if (*k->file) ox_doc_itemf(&w->d, "source", "%s:%u", k->file, k->line);
    if (*k->lua_file) ox_doc_itemf(&w->d, "symbolic function", "%s:%u", k->lua_file, k->lua_line);
    if (k->cause != SIZE_MAX) ox_doc_itemf(&w->d, "stems from", "failure %zu", k->cause + 1);
    const ox_aten_schema *s = w->m && ox_node_is_alive(w->m, k->node) ? ox_node_aten_schema(w->m, k->node) : NULL;
    if (s) {
        ox_aten_print(s, schema, sizeof schema);
        ox_doc_item(&w->d, "schema", schema);
    }
    if (*k->hint) ox_doc_item(&w->d, "hint", k->hint);
    if (*k->arguments) ox_doc_code(&w->d, k->arguments);
    const char *stack = python_stack(w, k->node);
    if (stack) {
        ox_doc_text(&w->d, "Called from");
        ox_doc_code(&w->d, stack);
    }
}

/* ---- operators ---- */
typedef struct op_row {
    char name[96];
    size_t n, failed;
} op_row;

static int by_name(const void *a, const void *b)
{
    return strcmp(((const op_row *)a)->name, ((const op_row *)b)->name);
}

static int by_failed(const void *a, const void *b)
{
    const op_row *x = a, *y = b;
    if (x->failed != y->failed) return x->failed > y->failed ? -1 : 1;
    if (x->n != y->n) return x->n > y->n ? -1 : 1;
    return strcmp(x->name, y->name);
}

static size_t merge(op_row *rows, size_t n)
{
    size_t out = 0;
    qsort(rows, n, sizeof *rows, by_name);
    for (size_t i = 0; i < n; i++) {
        if (out && strcmp(rows[out - 1].name, rows[i].name) == 0) {
            rows[out - 1].n += rows[i].n;
            rows[out - 1].failed += rows[i].failed;
        } else {
            rows[out++] = rows[i];
        }
    }
    qsort(rows, out, sizeof *rows, by_failed);
    return out;
}

static void operators(writer *w)
{
    static const char *const titles[] = {"operator", "nodes", "failures", NULL};
    size_t n = 0, n_failed = w->e->report ? ox_report_n(w->e->report) : 0;
    op_row *rows = w->m ? calloc(ox_model_n_nodes(w->m) + n_failed + 1, sizeof *rows) : NULL;
    if (!rows) return;
    for (uint32_t id = 1; id < ox_model_node_limit(w->m); id++) {
        ox_node k = ox_model_node_at(w->m, id);
        if (!k.id || ox_node_is_return(w->m, k) || n >= ox_model_n_nodes(w->m)) continue;
        ox_node_op_text(w->m, k, rows[n].name, sizeof rows[n].name);
        rows[n++].n = 1;
    }
    for (size_t i = 0; i < n_failed; i++) {
        const ox_failure *f = ox_report_at(w->e->report, i);
        if (f->kind == OX_FAILURE_WARNING || !f->node.id || !ox_node_is_alive(w->m, f->node)) continue;
        ox_node_op_text(w->m, f->node, rows[n].name, sizeof rows[n].name);
        rows[n++].failed = 1;
    }
    n = merge(rows, n);
    ox_doc_heading(&w->d, "Operators");
    ox_doc_table(&w->d, titles);
    for (size_t i = 0; i < n; i++) {
        ox_doc_cell(&w->d, rows[i].name);
        ox_doc_cellf(&w->d, "%zu", rows[i].n);
        if (rows[i].failed)
            ox_doc_cellf(&w->d, "%zu", rows[i].failed);
        else
            ox_doc_cell(&w->d, "");
    }
    ox_doc_table_end(&w->d);
    free(rows);
}

static void passes(writer *w)
{
    static const char *const titles[] = {"pass", "what it does", "changed", "nodes after", NULL};
    const ox_pass_stat *p;
    size_t n = w->e->report ? ox_report_passes(w->e->report, &p) : 0;
    if (!n) return;
    ox_doc_heading(&w->d, "Passes");
    ox_doc_table(&w->d, titles);
    for (size_t i = 0; i < n; i++) {
        ox_doc_cell(&w->d, p[i].name);
        ox_doc_cell(&w->d, p[i].help);
        ox_doc_cellf(&w->d, "%llu", (unsigned long long)p[i].changed);
        ox_doc_cellf(&w->d, "%llu", (unsigned long long)p[i].n_nodes_after);
    }
    ox_doc_table_end(&w->d);
}

enum { MAX_IN_FULL = 200 };

void ox_report_document(FILE *f, bool html, const ox_export_summary *e)
{
    writer w = {.e = e, .m = e->model};
    size_t n = e->report ? ox_report_n(e->report) : 0, full = 0;
    ox_doc_begin(&w.d, f, html, "Export report");
    about(&w);
    ox_doc_heading(&w.d, "Failures and warnings");
    if (n)
        failure_table(&w);
    else
        ox_doc_text(&w.d, "No failures and no warnings.");
    for (size_t i = 0; i < n && full < MAX_IN_FULL; i++) {
        if (ox_report_at(e->report, i)->kind == OX_FAILURE_CONSEQUENCE) continue; /* its cause is told */
        failure_in_full(&w, i);
        full++;
    }
    operators(&w);
    passes(&w);
    ox_doc_end(&w.d);
}
