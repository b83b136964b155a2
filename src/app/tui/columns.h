/* Floor 7. Columns of a line: which of them fit a pane, and how wide each is. */
#ifndef ONNXSH_APP_TUI_COLUMNS_H
#define ONNXSH_APP_TUI_COLUMNS_H

#include "app/tui/grid.h"

enum { OX_COLUMNS_MAX = 8 };

typedef struct ox_column {
    const char *title;
    int min, want; /* columns of the terminal */
    int rank;      /* the highest is the first that a narrow pane leaves out; 0 stays */
    bool right;    /* aligned to the right */
} ox_column;

typedef struct ox_columns {
    int n;
    struct {
        int col, width; /* from the left of the pane; width 0: left out */
    } at[OX_COLUMNS_MAX];
} ox_columns;

/* One blank between two columns; what is left over goes to the last. */
void ox_columns_fit(ox_columns *c, const ox_column *rows, int n, int width);
/* The titles as a line. */
void ox_columns_head(const ox_columns *c, const ox_column *rows, ox_grid *g, ox_rect line);

#endif
