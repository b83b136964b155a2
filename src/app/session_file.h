/* Floor 7. Session files: what a session has made, to go on with another day. Records as in journals: the edits, the
 * Lua files and chunks that defined something, breakpoints, keys and settings as lines of the prompt, marks, the file
 * beside. */
#ifndef ONNXSH_APP_SESSION_FILE_H
#define ONNXSH_APP_SESSION_FILE_H

#include "app/session.h"

/* Writes it; a file that is there must be one of these. */
ox_status ox_session_store(ox_session *s, const char *path, ox_error *err) OX_MUST_USE;
/* Opens its model, unless that is open, and does all of it again. Its Lua is run: it is the user's own. */
ox_status ox_session_fetch(ox_session *s, const char *path, ox_error *err) OX_MUST_USE;
/* Where that of the model goes when none is named, to be freed; NULL: it has no place. */
char *ox_session_default(const ox_session *s, bool make);
/* A chunk of Lua of the prompt was run and edited nothing: kept if it defined something. */
ox_status ox_session_keep_chunk(ox_session *s, const char *text, ox_error *err) OX_MUST_USE;

#endif
