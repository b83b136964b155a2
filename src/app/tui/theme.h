/* Floor 7. Themes: what roles look like. */
#ifndef ONNXSH_APP_TUI_THEME_H
#define ONNXSH_APP_TUI_THEME_H

#include "app/tui/grid.h"

enum { OX_LOOK_BOLD = 1, OX_LOOK_DIM = 2, OX_LOOK_UNDERLINE = 4, OX_LOOK_REVERSE = 8 };

/* Colours are numbers: themes keep to those that every terminal with colours has, 0 to 7; -1 is the terminal's own. */
enum { OX_COLOR_OWN = -1, OX_COLOR_MAX = 255 };
typedef struct ox_look {
    int16_t fg, bg;
    uint8_t how;
} ox_look;

typedef struct ox_theme {
    const char *name, *help;
    ox_look roles[OX_N_ROLES];
    ox_look cursor, here, match; /* on top of the role: a colour of -1 leaves that of the role */
} ox_theme;

size_t ox_themes(const ox_theme **rows);
/* NULL if there is none of that name. */
const ox_theme *ox_theme_find(const char *name);
/* How a cell looks. */
ox_look ox_theme_look(const ox_theme *t, const ox_cell *c);
/* "cyan on black bold", "208 underline", "plain": a look in words; false if it is none. */
bool ox_look_parse(ox_look *out, const char *words);
/* Gives a role, or "cursor", "here", "match", another look; false if there is none of that name. Where a theme is
 * without colours, so is the look. */
bool ox_theme_set(ox_theme *t, const char *role, ox_look look);

#endif
