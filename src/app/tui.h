/* Floor 7. The full screen, as the rest of the program sees it. */
#ifndef ONNXSH_APP_TUI_H
#define ONNXSH_APP_TUI_H

#include "app/session.h"

/* Takes the terminal over until the user leaves. Opens `file` first (NULL: what is open already), while the screen is
 * there. Refused, with a hint, where there is no terminal or it cannot place the cursor. */
ox_status ox_tui_run(ox_session *s, const char *file, ox_error *err) OX_MUST_USE;

/* What `set theme` takes; auto is dark, or none where colour is off. */
#define OX_TUI_THEMES "auto dark light contrast none"
/* True if a key has that name: "j", "C-d", "F5". */
bool ox_tui_is_key(const char *name);
/* What a key does when nothing is bound to it, for people; NULL: nothing. */
const char *ox_tui_key_help(const char *name);

#endif
