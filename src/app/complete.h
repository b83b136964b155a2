/* Floor 7. Completion of prompt lines, for whoever reads them. */
#ifndef ONNXSH_APP_COMPLETE_H
#define ONNXSH_APP_COMPLETE_H

#include "app/session.h"

/* Calls fn for each completion of the word that begins at `start` in line; words come in any order, unique. */
typedef void (*ox_complete_fn)(void *ud, const char *word);
void ox_complete_line(ox_session *s, const char *line, size_t start, size_t end, ox_complete_fn fn, void *ud);
/* True if file names complete this word, too. */
bool ox_complete_wants_files(ox_session *s, const char *line, size_t start);

#endif
