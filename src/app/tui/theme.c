/* Floor 7. The themes. `none` says with bold, underline and reverse what the others also say with colours. */
#include "app/tui/theme.h"

#include "app/tui.h"

#include <string.h>

enum { BLACK, RED, GREEN, YELLOW, BLUE, MAGENTA, CYAN, WHITE, OWN = OX_COLOR_OWN };
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

/* ---- looks in words ---- */

static const char *const color_names[] = {"black", "red", "green", "yellow", "blue", "magenta", "cyan", "white"};
static const struct {
    const char *word;
    uint8_t how;
} hows[] = {{"bold", B}, {"dim", D}, {"underline", U}, {"reverse", R}, {"plain", 0}};

static bool same_word(const char *word, const char *s, size_t n)
{
    return strlen(word) == n && memcmp(word, s, n) == 0;
}

/* A name, "bright-" before one, "default", or a number of the terminal's palette. */
static bool color_parse(const char *s, size_t n, int16_t *out)
{
    int v = 0;
    size_t digits = 0, bright = n > 7 && memcmp(s, "bright-", 7) == 0 ? 7 : 0;
    for (; digits < n && digits < 3 && s[digits] >= '0' && s[digits] <= '9'; digits++) v = 10 * v + (s[digits] - '0');
    *out = (int16_t)v;
    if (n && digits == n) return v <= OX_COLOR_MAX;
    *out = OX_COLOR_OWN;
    if (same_word("default", s, n)) return true;
    for (int16_t i = 0; i < 8; i++)
        if (same_word(color_names[i], s + bright, n - bright)) {
            *out = bright ? i + 8 : i;
            return true;
        }
    return false;
}

static bool how_parse(const char *s, size_t n, uint8_t *how)
{
    for (size_t i = 0; i < sizeof hows / sizeof *hows; i++)
        if (same_word(hows[i].word, s, n)) {
            *how |= hows[i].how;
            return true;
        }
    return false;
}

bool ox_look_parse(ox_look *out, const char *words)
{
    bool behind = false, fg = false, bg = false, any = false;
    *out = (ox_look){OX_COLOR_OWN, OX_COLOR_OWN, 0};
    for (const char *p = words + strspn(words, " \t"); *p; any = true) {
        size_t n = strcspn(p, " \t");
        if (behind) {
            if (bg || !color_parse(p, n, &out->bg)) return false;
            bg = true;
            behind = false;
        } else if (same_word("on", p, n)) {
            behind = true;
        } else if (!how_parse(p, n, &out->how)) {
            if (fg || !color_parse(p, n, &out->fg)) return false;
            fg = true;
        }
        p += n;
        p += strspn(p, " \t");
    }
    return any && !behind;
}

/* ---- what has a look ---- */

static const struct {
    const char *word, *help;
} role_rows[] = {
#define OX_ROLE(name, word, help) {word, help},
#include "app/tui/roles.def"
#undef OX_ROLE
    {"cursor", "the line of the cursor"},
    {"here", "the same in the other panes"},
    {"match", "what a search finds"},
};
enum { N_ROLE_ROWS = sizeof role_rows / sizeof *role_rows };

bool ox_theme_set(ox_theme *t, const char *role, ox_look look)
{
    ox_look *const others[] = {&t->cursor, &t->here, &t->match};
    for (size_t i = 0; i < N_ROLE_ROWS; i++) {
        if (strcmp(role_rows[i].word, role) != 0) continue;
        if (strcmp(t->name, "none") == 0) look.fg = look.bg = OX_COLOR_OWN;
        *(i < OX_N_ROLES ? &t->roles[i] : others[i - OX_N_ROLES]) = look;
        return true;
    }
    return false;
}

bool ox_tui_role(size_t i, const char **word, const char **help)
{
    if (i >= N_ROLE_ROWS) return false;
    *word = role_rows[i].word;
    *help = role_rows[i].help;
    return true;
}

bool ox_tui_is_look(const char *words)
{
    ox_look look;
    return ox_look_parse(&look, words);
}
