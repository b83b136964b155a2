/* Floor 7. Keys, and what they do: keys.def is the one table. Help, hints and dispatch derive from it. */
#ifndef ONNXSH_APP_TUI_KEYS_H
#define ONNXSH_APP_TUI_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A key: a character, a control character (C-a is 1), or one of these. */
enum {
    OX_KEY_NONE = 0,
    OX_KEY_TAB = 9,
    OX_KEY_ENTER = 13,
    OX_KEY_ESC = 27,
    OX_KEY_BACKSPACE = 127,
    OX_KEY_UP = 0x110000,
    OX_KEY_DOWN,
    OX_KEY_LEFT,
    OX_KEY_RIGHT,
    OX_KEY_HOME,
    OX_KEY_END,
    OX_KEY_PAGE_UP,
    OX_KEY_PAGE_DOWN,
    OX_KEY_DELETE,
    OX_KEY_INSERT,
    OX_KEY_BACKTAB,
    OX_KEY_F1,                     /* ... F12 */
    OX_KEY_PASTE = OX_KEY_F1 + 12, /* what follows is text that is pasted */
    OX_KEY_PASTED                  /* its end */
};

/* "j", "C-d", "PageDown", "S-Tab", "Enter", "F1": the name of a key, and back. key_name fills buf of 16 bytes. */
bool ox_key_parse(const char *s, size_t n, uint32_t *key);
const char *ox_key_name(uint32_t key, char *buf);

typedef enum ox_action {
    OX_DO_NOTHING,
#define OX_ACTION(name, keys, view, help, command) OX_DO_##name,
#include "app/tui/keys.def"
#undef OX_ACTION
    OX_N_ACTIONS
} ox_action;

typedef struct ox_action_row {
    const char *name;    /* "PAGE_DOWN" */
    const char *keys;    /* blank-separated names */
    const char *view;    /* the panes that it belongs to, blank-separated; "" = any */
    const char *help;    /* one line, lower case, no full stop */
    const char *command; /* the line of the prompt that it stands for; "" = it only moves, folds or scrolls */
} ox_action_row;
const ox_action_row *ox_action_get(ox_action a);
/* True for a pane that the row is for; "": for those of any. */
bool ox_action_is_of(const ox_action_row *r, const char *view);
/* What a key does in a pane; a pane's own rows come before those of any. */
ox_action ox_action_for(uint32_t key, const char *view);
/* "page-down", as `bind KEY @page-down` has it; OX_DO_NOTHING if there is none. */
ox_action ox_action_named(const char *word);

#endif
