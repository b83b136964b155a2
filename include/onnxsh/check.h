/* Checks: what is wrong with a model, as findings. A finding names the row of the table of checks that made it, a
 * severity, the place and a sentence; nothing is changed and one finding does not hide the next.
 *
 * An error means that the model breaks a rule of ONNX, and that other tools refuse it or may read it differently; a
 * warning, that it is legal and probably not meant; a note is a remark. A trace is held against the rules of structure
 * only, those that are not ONNX's own. */
#ifndef ONNXSH_CHECK_H
#define ONNXSH_CHECK_H

#include <onnxsh/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ox_severity { OX_SEVERITY_NOTE, OX_SEVERITY_WARNING, OX_SEVERITY_ERROR } ox_severity;
/* "note", "warning", "error"; static. */
OX_API const char *ox_severity_name(ox_severity s);

/* A row of the table of checks (checks.def). */
typedef struct ox_check_row {
    const char *id;     /* "undefined-input" */
    const char *family; /* "structure", "schema", "types", "data" */
    ox_severity severity;
    const char *help; /* one sentence */
} ox_check_row;
OX_API size_t ox_check_rows(const ox_check_row **rows);

typedef struct ox_finding {
    const ox_check_row *check;
    ox_severity severity; /* the row's */
    /* The place: each may be {0}. graph is that of the node or value, or the one concerned. */
    ox_graph graph;
    ox_node node;
    ox_value value;
    const char *message; /* safe to print; valid during the call */
    const char *hint;    /* what to do, NULL = none; static */
} ox_finding;

/* Called for each finding, in the order of the graph; false ends the check (which still returns OX_OK). It must not
 * change the model. */
typedef bool (*ox_finding_fn)(void *ud, const ox_finding *f);

typedef struct ox_check_options {
    const char *only; /* ids and families that are wanted, by commas; NULL = all */
    const char *skip; /* ids and families that are not; NULL = none */
} ox_check_options;

typedef struct ox_check_counts {
    size_t errors, warnings, notes;
} ox_check_counts;

/* Runs the checks. opt, fn, counts and task may be NULL. OX_E_INVALID names a word of `only` or `skip` that is neither
 * an id nor a family; otherwise the status tells whether the check could run, not what it found. */
OX_API OX_MUST_USE ox_status ox_check_run(const ox_model *m, const ox_check_options *opt, ox_finding_fn fn, void *ud,
                                          ox_check_counts *counts, const ox_task *task, ox_error *err);

#ifdef __cplusplus
}
#endif
#endif
