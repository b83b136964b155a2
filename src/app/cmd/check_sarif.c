/* Floor 7. One SARIF result for each finding: in the file and line of source that made the node where that is known,
 * else in the model's file; and where it is in the model: graph, scope, node or value. */
#include "app/cmd/check_sarif.h"

#include "app/cmd.h"
#include "app/cmd/sarif.h"

#include <string.h>

static const char *const levels[] = {
    [OX_SEVERITY_NOTE] = "note", [OX_SEVERITY_WARNING] = "warning", [OX_SEVERITY_ERROR] = "error"};

void ox_check_sarif_begin(ox_json *j)
{
    const ox_check_row *rows;
    size_t n = ox_check_rows(&rows);
    ox_sarif_begin(j);
    for (size_t i = 0; i < n; i++) {
        ox_json_open(j, NULL, '{');
        ox_json_strz(j, "id", rows[i].id);
        ox_sarif_text(j, "shortDescription", rows[i].help);
        if (rows[i].hint) ox_sarif_text(j, "help", rows[i].hint);
        ox_json_open(j, "defaultConfiguration", '{');
        ox_json_strz(j, "level", levels[rows[i].severity]);
        ox_json_close(j, '}');
        ox_json_open(j, "properties", '{');
        ox_json_open(j, "tags", '[');
        ox_json_strz(j, NULL, rows[i].family);
        ox_json_close(j, ']');
        ox_json_close(j, '}');
        ox_json_close(j, '}');
    }
    ox_sarif_results(j);
}

static void physical(ox_json *j, const ox_model *m, const char *path, const ox_finding *f)
{
    ox_loc_info at = ox_loc_get(m, ox_node_loc(m, f->node));
    size_t n;
    const char *file = ox_str_text(m, at.file, &n);
    if (n)
        ox_sarif_place(j, file, at.line, at.col);
    else
        ox_sarif_place(j, path && strcmp(path, "-") != 0 ? path : "stdin", 0, 0);
}

/* Graph, scope, and the node or else the value; each name in full holds the ones before. */
static void logical(ox_json *j, const ox_model *m, const ox_finding *f)
{
    char full[2048], part[1024], op[512];
    size_t n, len;
    snprintf(full, sizeof full, "%s", ox_str_text(m, ox_graph_name(m, f->graph), &n));
    if (n) ox_sarif_logical(j, full, full, "namespace");
    len = strlen(full);
    bool node = f->node.id && !ox_node_is_return(m, f->node);
    if (node) ox_node_scope_text(m, f->node, part, sizeof part);
    if (node && *part) {
        snprintf(full + len, sizeof full - len, "%s%s", len ? "::" : "", part);
        len = strlen(full);
        ox_sarif_logical(j, part, full, "module");
    }
    if (node) {
        ox_node_op_text(m, f->node, op, sizeof op);
        const char *name = ox_str_text(m, ox_node_name(m, f->node), &n);
        if (n)
            snprintf(part, sizeof part, "%s", name);
        else
            snprintf(part, sizeof part, "%s #%u", op, f->node.id);
    } else if (f->value.id) {
        ox_value_label(m, f->value, part, sizeof part);
    } else {
        return;
    }
    snprintf(full + len, sizeof full - len, "%s%s", len ? "::" : "", part);
    ox_sarif_logical(j, part, full, node ? "member" : "variable");
}

void ox_check_sarif_finding(ox_json *j, const ox_model *m, const char *path, const ox_finding *f)
{
    const ox_check_row *rows;
    ox_check_rows(&rows);
    ox_json_open(j, NULL, '{');
    ox_json_strz(j, "ruleId", f->check->id);
    ox_json_int(j, "ruleIndex", f->check - rows);
    ox_json_strz(j, "level", levels[f->severity]);
    ox_sarif_text(j, "message", f->message);
    ox_json_open(j, "locations", '[');
    ox_json_open(j, NULL, '{');
    physical(j, m, path, f);
    ox_json_open(j, "logicalLocations", '[');
    logical(j, m, f);
    ox_json_close(j, ']');
    ox_json_close(j, '}');
    ox_json_close(j, ']');
    if (f->hint) {
        ox_json_open(j, "properties", '{');
        ox_json_strz(j, "hint", f->hint);
        ox_json_close(j, '}');
    }
    ox_json_close(j, '}');
}
