/* Files of the robustness tests: a scratch directory, digests of what a file and a model hold, and an edit. */
#ifndef OX_ROBUST_FILES_H
#define OX_ROBUST_FILES_H

#include <onnxsh/io.h>

_Noreturn void files_stop(const char *what, const ox_error *err);

/* Sets the directory of tests, and makes the scratch directory, which goes when the process ends. */
void files_start(const char *tests_dir);
const char *files_test(const char *name);    /* a path below tests/; the last result lives */
const char *files_scratch(const char *name); /* a path in the scratch directory; the last four results live */
void files_empty(void);                      /* empties the scratch directory */
bool files_has_temporary(void);              /* a temporary file of a save is there */
size_t files_count(void);                    /* entries of the scratch directory */
void files_copy(const char *from, const char *to);
uint64_t files_digest(const char *path); /* of the bytes; 0 if there is none */
/* Of the structure and of every weight, wherever it lies; 0, after a line on standard error, if something of it cannot
 * be read. */
uint64_t files_digest_model(const char *path);
/* Renames the first node, adds a node, an output and metadata: records of every level become dirty. */
ox_status files_edit(ox_model *m, ox_error *err);

#endif
