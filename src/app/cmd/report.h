/* Floor 7. What an export has to say, for people and for machines. */
#ifndef ONNXSH_APP_CMD_REPORT_H
#define ONNXSH_APP_CMD_REPORT_H

#include "app/session.h"

typedef struct ox_export_summary {
    const char *source, *output; /* paths; output NULL for a dry run */
    int64_t opset;
    const ox_model *result;  /* NULL when the export was refused */
    const ox_report *report; /* may be NULL */
    bool with_graph;         /* --verbose */
    const ox_model *model;   /* the source; may be NULL */
} ox_export_summary;

/* Failures and warnings on standard error, each operator's together, with place, arguments and hint. */
void ox_report_print(FILE *f, bool quiet, const ox_export_summary *e);
/* The members of one JSON object. */
void ox_report_json(ox_json *j, const ox_export_summary *e);
/* --report FILE: .md, .html, .json or .sarif by its ending. */
ox_status ox_report_write(const char *path, const ox_export_summary *e, ox_error *err) OX_MUST_USE;
/* True if the ending of path is one that ox_report_write knows. */
bool ox_report_knows(const char *path);
/* "missing", "refused", ...: the name of a kind of failure. */
const char *ox_failure_name(ox_failure_kind k);

/* One failure as an object of a list. */
void ox_failure_json(ox_json *j, const ox_failure *k);

#endif
