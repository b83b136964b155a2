/* Floor 7. The prompt: readline, history, completion. Only this folder includes readline. */
#ifndef ONNXSH_APP_REPL_REPL_H
#define ONNXSH_APP_REPL_REPL_H

#include "app/session.h"

/* Opens file (NULL: none; "-": standard input, after which the terminal is read) and reads lines until EOF or `quit`.
 * Without a terminal, lines are read plainly and the first that fails ends the session with its status. */
ox_status ox_repl_run(ox_session *s, const char *file, ox_error *err) OX_MUST_USE;

/* ---- completion (complete.c) ---- */
/* Calls fn for each completion of the word that begins at `start` in line; words come in any order, unique. */
typedef void (*ox_complete_fn)(void *ud, const char *word);
void ox_complete_line(ox_session *s, const char *line, size_t start, size_t end, ox_complete_fn fn, void *ud);
/* True if file names complete this word, too. */
bool ox_complete_wants_files(ox_session *s, const char *line, size_t start);

#endif
