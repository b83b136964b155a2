/* Floor 7. The prompt: readline, history, completion. Only this folder includes readline. */
#ifndef ONNXSH_APP_REPL_REPL_H
#define ONNXSH_APP_REPL_REPL_H

#include "app/session.h"

/* Opens file (NULL: none; "-": standard input, after which the terminal is read) and reads lines until EOF or `quit`.
 * Without a terminal, lines are read plainly and the first that fails ends the session with its status. */
ox_status ox_repl_run(ox_session *s, const char *file, ox_error *err) OX_MUST_USE;

#endif
