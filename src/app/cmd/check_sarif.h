/* Floor 7. Findings of checks as SARIF: the rules are the rows of the table of checks. */
#ifndef ONNXSH_APP_CMD_CHECK_SARIF_H
#define ONNXSH_APP_CMD_CHECK_SARIF_H

#include "app/output.h"

#include <onnxsh/check.h>

/* Opens the document, with its rules, up to the list of results; ox_sarif_end ends it. */
void ox_check_sarif_begin(ox_json *j);
/* A result. path: the model's file. */
void ox_check_sarif_finding(ox_json *j, const ox_model *m, const char *path, const ox_finding *f);

#endif
