/* Floor 7. The report of an export as a document. */
#ifndef ONNXSH_APP_CMD_REPORT_DOC_H
#define ONNXSH_APP_CMD_REPORT_DOC_H

#include "app/cmd/report.h"

/* Everything that somebody who was not there needs: what was exported by what, each failure with its place, Python
 * calls, arguments and schema, the operators, the passes. */
void ox_report_document(FILE *f, bool html, const ox_export_summary *e);

#endif
