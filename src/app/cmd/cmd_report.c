/* Floor 7. report: what the last export had to say, as a file. */
#include "app/cmd.h"
#include "app/cmd/report.h"

#include <string.h>

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    int64_t opset;
    const char *path = a->pos[0];
    ox_model *result = NULL;
    ox_report *report = NULL;
    if (!ox_report_knows(path)) {
        ox_error_set(err, OX_E_INVALID, "report %s: the ending is none of .md, .html, .json, .sarif", path);
        return OX_E_INVALID;
    }
    ox_status st = ox_target_opset(s, NULL, &opset, err);
    if (st != OX_OK) return st;
    ox_export_summary e = {.source = s->path, .output = s->result_path, .opset = opset, .model = s->model};
    if (s->report) {
        e.result = s->result;
        e.report = s->report;
        if (s->report_opset) e.opset = s->report_opset;
    } else {
        st = ox_try_export(s, opset, &result, &report, err);
        e.result = result;
        e.report = report;
    }
    if (st == OX_OK) st = ox_report_write(path, &e, err);
    size_t n = st == OX_OK ? ox_report_n(e.report) : 0;
    if (st == OX_OK && s->g.json) {
        ox_json_said(&s->out, "wrote", path, strlen(path));
    } else if (st == OX_OK) {
        ox_out_f(&s->out, "wrote ");
        ox_out_name(&s->out, path, strlen(path));
        ox_out_f(&s->out, ": ");
        ox_out_count(&s->out, n, "failure or warning", "failures and warnings");
        ox_out_f(&s->out, "\n");
    }
    ox_model_free(result);
    ox_report_free(report);
    return st;
}

const ox_cmd ox_cmd_report = {
    .name = "report",
    .usage = "FILE.md | FILE.html | FILE.json | FILE.sarif",
    .summary = "write all that the last export had to say, ready to attach to a bug",
    .help =
        "What was exported by what, each failure with its scope, source line, Python calls, arguments and schema, how\n"
        "often each operator occurs and fails, what each pass did. Where nothing was exported yet the export is tried.",
    .example = "report OUT.md",
    .flags = OX_CMD_MODEL | OX_CMD_TYPES,
    .hint = OX_HINT_FILE,
    .min_args = 1,
    .max_args = 1,
    .exec = exec,
};
