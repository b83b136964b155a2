/* Floor 7. The cell grid: what a screen shows, without a terminal. Views draw here and nowhere else; paint.c sends it
 * to the terminal, and tests compare it as text. */
#ifndef ONNXSH_APP_TUI_GRID_H
#define ONNXSH_APP_TUI_GRID_H

#include <onnxsh/text.h>

/* What a piece of text means; themes (theme.c) say how that looks. */
typedef enum ox_role {
#define OX_ROLE(name, word, help) OX_ROLE_##name,
#include "app/tui/roles.def"
#undef OX_ROLE
    OX_N_ROLES
} ox_role;

enum {
    OX_CELL_CURSOR = 1, /* the line of the cursor in the pane that has the keys */
    OX_CELL_HERE = 2,   /* the same in another pane */
    OX_CELL_MATCH = 4   /* found by the search */
};

/* A character with its marks. The right half of a wide one has width 0. */
enum { OX_CELL_BYTES = 20 };
typedef struct ox_cell {
    char text[OX_CELL_BYTES]; /* UTF-8, not terminated; n = 0 is a blank */
    uint8_t n, width, role, flags;
} ox_cell;

typedef struct ox_rect {
    int row, col, rows, cols;
} ox_rect;

typedef struct ox_grid {
    int rows, cols;
    ox_cell *cells;
    int cursor_row, cursor_col; /* where the terminal's own cursor stands; -1: hidden */
} ox_grid;

/* Sets the size and empties the grid; false, and the grid as it was, when out of memory. */
bool ox_grid_resize(ox_grid *g, int rows, int cols) OX_MUST_USE;
void ox_grid_free(ox_grid *g);
void ox_grid_clear(ox_grid *g);
const ox_cell *ox_grid_at(const ox_grid *g, int row, int col);

/* Writes sanitised text into at most `width` columns; what does not fit is left away, what lies outside the grid too.
 * Returns the columns that were written. */
int ox_grid_put(ox_grid *g, int row, int col, int width, ox_role role, const char *s, size_t n);
int ox_grid_putz(ox_grid *g, int row, int col, int width, ox_role role, const char *s);
int ox_grid_putf(ox_grid *g, int row, int col, int width, ox_role role, const char *fmt, ...) OX_PRINTF(6, 7);
/* The same for bytes of a model: sanitised here, and fitted by leaving out their middle. */
int ox_grid_name(ox_grid *g, int row, int col, int width, ox_role role, const char *s, size_t n);
/* The same for text that is sanitised already. */
int ox_grid_fit(ox_grid *g, int row, int col, int width, ox_role role, const char *s, size_t n);
/* Fills a line with one character. */
void ox_grid_line(ox_grid *g, int row, int col, int width, ox_role role, const char *ch);
/* Adds flags to what stands in a line. */
void ox_grid_flag(ox_grid *g, int row, int col, int width, unsigned flags);

/* A row as text, without the blanks at its end; as snprintf. */
size_t ox_grid_row_text(const ox_grid *g, int row, char *buf, size_t size);

#endif
