/* Floor 7. The themes. `none` says with bold, underline and reverse what the others also say with colours. */
#include "app/tui/theme.h"

#include <string.h>

enum { BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE, OWN = -1 };
#define B OX_LOOK_BOLD
#define D OX_LOOK_DIM
#define U OX_LOOK_UNDERLINE
#define R OX_LOOK_REVERSE

static const ox_theme themes[] = {
    {"dark",
     "for a dark background",
     {
         [OX_ROLE_PLAIN] = {OWN, OWN, 0},
         [OX_ROLE_OP] = {CYAN, OWN, B},
         [OX_ROLE_VALUE] = {GREEN, OWN, 0},
         [OX_ROLE_TYPE] = {YELLOW, OWN, 0},
         [OX_ROLE_ATTR] = {MAGENTA, OWN, 0},
         [OX_ROLE_SCOPE] = {BLUE, OWN, B},
         [OX_ROLE_NOTE] = {OWN, OWN, D},
         [OX_ROLE_FRAME] = {OWN, OWN, D},
         [OX_ROLE_TITLE] = {OWN, OWN, B},
         [OX_ROLE_FOCUS] = {OWN, OWN, B | R},
         [OX_ROLE_KEY] = {YELLOW, OWN, B},
         [OX_ROLE_COMMAND] = {CYAN, OWN, 0},
         [OX_ROLE_ERROR] = {RED, OWN, B},
         [OX_ROLE_WARNING] = {YELLOW, OWN, B},
         [OX_ROLE_GOOD] = {GREEN, OWN, B},
     },
     {OWN, OWN, R},
     {OWN, OWN, U},
     {BLACK, YELLOW, 0}},
    {"light",
     "for a light background",
     {
         [OX_ROLE_PLAIN] = {OWN, OWN, 0},
         [OX_ROLE_OP] = {BLUE, OWN, B},
         [OX_ROLE_VALUE] = {GREEN, OWN, 0},
         [OX_ROLE_TYPE] = {RED, OWN, 0},
         [OX_ROLE_ATTR] = {MAGENTA, OWN, 0},
         [OX_ROLE_SCOPE] = {BLUE, OWN, 0},
         [OX_ROLE_NOTE] = {OWN, OWN, D},
         [OX_ROLE_FRAME] = {OWN, OWN, D},
         [OX_ROLE_TITLE] = {OWN, OWN, B},
         [OX_ROLE_FOCUS] = {OWN, OWN, B | R},
         [OX_ROLE_KEY] = {MAGENTA, OWN, B},
         [OX_ROLE_COMMAND] = {BLUE, OWN, 0},
         [OX_ROLE_ERROR] = {RED, OWN, B},
         [OX_ROLE_WARNING] = {MAGENTA, OWN, B},
         [OX_ROLE_GOOD] = {GREEN, OWN, B},
     },
     {OWN, OWN, R},
     {OWN, OWN, U},
     {BLACK, YELLOW, 0}},
    {"contrast",
     "white on black, few colours, all bold",
     {
         [OX_ROLE_PLAIN] = {WHITE, BLACK, B},
         [OX_ROLE_OP] = {CYAN, BLACK, B},
         [OX_ROLE_VALUE] = {WHITE, BLACK, B},
         [OX_ROLE_TYPE] = {YELLOW, BLACK, B},
         [OX_ROLE_ATTR] = {WHITE, BLACK, B},
         [OX_ROLE_SCOPE] = {WHITE, BLACK, B},
         [OX_ROLE_NOTE] = {WHITE, BLACK, 0},
         [OX_ROLE_FRAME] = {WHITE, BLACK, B},
         [OX_ROLE_TITLE] = {WHITE, BLACK, B | U},
         [OX_ROLE_FOCUS] = {BLACK, WHITE, B},
         [OX_ROLE_KEY] = {YELLOW, BLACK, B},
         [OX_ROLE_COMMAND] = {CYAN, BLACK, B},
         [OX_ROLE_ERROR] = {WHITE, RED, B},
         [OX_ROLE_WARNING] = {BLACK, YELLOW, 0},
         [OX_ROLE_GOOD] = {BLACK, GREEN, 0},
     },
     {BLACK, WHITE, 0},
     {OWN, OWN, U},
     {BLACK, YELLOW, 0}},
    {"none",
     "no colour",
     {
         [OX_ROLE_PLAIN] = {OWN, OWN, 0},
         [OX_ROLE_OP] = {OWN, OWN, B},
         [OX_ROLE_VALUE] = {OWN, OWN, 0},
         [OX_ROLE_TYPE] = {OWN, OWN, 0},
         [OX_ROLE_ATTR] = {OWN, OWN, 0},
         [OX_ROLE_SCOPE] = {OWN, OWN, 0},
         [OX_ROLE_NOTE] = {OWN, OWN, 0},
         [OX_ROLE_FRAME] = {OWN, OWN, 0},
         [OX_ROLE_TITLE] = {OWN, OWN, B},
         [OX_ROLE_FOCUS] = {OWN, OWN, B | R},
         [OX_ROLE_KEY] = {OWN, OWN, B},
         [OX_ROLE_COMMAND] = {OWN, OWN, B},
         [OX_ROLE_ERROR] = {OWN, OWN, B},
         [OX_ROLE_WARNING] = {OWN, OWN, B},
         [OX_ROLE_GOOD] = {OWN, OWN, 0},
     },
     {OWN, OWN, R},
     {OWN, OWN, U},
     {OWN, OWN, B | U}},
};

size_t ox_themes(const ox_theme **rows)
{
    *rows = themes;
    return sizeof themes / sizeof *themes;
}

const ox_theme *ox_theme_find(const char *name)
{
    for (size_t i = 0; i < sizeof themes / sizeof *themes; i++)
        if (strcmp(themes[i].name, name) == 0) return &themes[i];
    return NULL;
}

static void over(ox_look *to, const ox_look *by)
{
    if (by->fg != OWN) to->fg = by->fg;
    if (by->bg != OWN) to->bg = by->bg;
    to->how |= by->how;
}

ox_look ox_theme_look(const ox_theme *t, const ox_cell *c)
{
    ox_look look = t->roles[c->role < OX_N_ROLES ? c->role : OX_ROLE_PLAIN];
    if (c->flags & OX_CELL_HERE) over(&look, &t->here);
    if (c->flags & OX_CELL_CURSOR) over(&look, &t->cursor);
    if (c->flags & OX_CELL_MATCH) over(&look, &t->match);
    return look;
}
