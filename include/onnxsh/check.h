/* Checks: what is wrong with a model, as findings. A finding names the row of the table of checks that made it, a
 * severity, the place and a sentence; nothing is changed and one finding does not hide the next.
 *
 * An error means that the model breaks a rule of ONNX, and that other tools refuse it or may read it differently; a
 * warning, that it is legal and probably not meant, or that some runtime stumbles on it; a note is a remark. A trace is
 * held against the rules of structure that are not ONNX's own, and its shapes and the nodes of ONNX in it are looked at
 * as those of a model; inference holds its types against what those nodes make. */
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
    const char *family; /* "structure", "schema", "types", "data", "inference", "waste", "names", "runtime" */
    ox_severity severity;
    const char *help; /* one sentence: what holds when the check is quiet */
    const char *hint; /* what to do of a finding that has no hint of its own; NULL = none */
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
    bool full;        /* the family "inference" too; `only` may name it as well */
    /* Bytes of weights that the checks may read which look into them; 0 = OX_CHECK_READ_LIMIT, UINT64_MAX = all. */
    uint64_t read_limit;
} ox_check_options;
#define OX_CHECK_READ_LIMIT (UINT64_C(64) << 20)

typedef struct ox_check_counts {
    size_t errors, warnings, notes;
    uint64_t bytes_read, bytes_unread; /* of weights: looked into, and left out because of read_limit */
} ox_check_counts;

/* Runs the checks. opt, fn, counts and task may be NULL. OX_E_INVALID names a word of `only` or `skip` that is neither
 * an id nor a family; otherwise the status tells whether the check could run, not what it found. Inference sets types
 * of the model while it runs and takes all back by the journal before the end; nothing else changes it. */
OX_API OX_MUST_USE ox_status ox_check_run(ox_model *m, const ox_check_options *opt, ox_finding_fn fn, void *ud,
                                          ox_check_counts *counts, const ox_task *task, ox_error *err);

#ifdef __cplusplus
}
#endif
#endif
