/* Floor 7. The full screen, as the rest of the program sees it. */
#ifndef ONNXSH_APP_TUI_H
#define ONNXSH_APP_TUI_H

#include "app/session.h"

/* Takes the terminal over until the user leaves. Opens `file` first (NULL: what is open already), while the screen is
 * there, and `other` to stand beside it (NULL: none). Refused, with a hint, where there is no terminal or it cannot
 * place the cursor. */
ox_status ox_tui_run(ox_session *s, const char *file, const char *other, ox_error *err) OX_MUST_USE;

/* What `set theme` takes; auto is dark, or none where colour is off. */
#define OX_TUI_THEMES "auto dark light contrast none"
/* What `color` gives a look: row i of its table, false beyond the last. */
bool ox_tui_role(size_t i, const char **word, const char **help);
bool ox_tui_is_look(const char *words);
#define OX_TUI_LOOKS "black red green yellow blue magenta cyan white default on bold dim underline reverse plain"
enum { OX_ACTION_WORD = 24 };
/* What keys do, in the order of the help: the word that `bind KEY @WORD` takes into a buffer of OX_ACTION_WORD, keys,
 * pane ("" = any) and help of row i; false beyond the last. */
bool ox_tui_action(size_t i, char *word, const char **keys, const char **pane, const char **help);
bool ox_tui_is_action(const char *word);
/* True if a key has that name: "j", "C-d", "F5". */
bool ox_tui_is_key(const char *name);
/* What a key does when nothing is bound to it, for people; NULL: nothing. */
const char *ox_tui_key_help(const char *name);

#endif
