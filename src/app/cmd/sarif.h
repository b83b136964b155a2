/* Floor 7. The frame of SARIF 2.1.0 documents: one run of this program, its rules, its results. */
#ifndef ONNXSH_APP_CMD_SARIF_H
#define ONNXSH_APP_CMD_SARIF_H

#include "app/output.h"

/* Opens the document as far as the list of rules. */
void ox_sarif_begin(ox_json *j);
/* Ends the rules, opens the list of results. */
void ox_sarif_results(ox_json *j);
void ox_sarif_end(ox_json *j);
/* key: {"text": text} */
void ox_sarif_text(ox_json *j, const char *key, const char *text);
/* The physicalLocation of a location: a file, with its line if that is not 0, and column (0-based). */
void ox_sarif_place(ox_json *j, const char *file, uint32_t line, uint32_t col);
/* A member of logicalLocations. */
void ox_sarif_logical(ox_json *j, const char *name, const char *full, const char *kind);

#endif
