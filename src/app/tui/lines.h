/* Floor 7. Lines of text in several roles, kept: what help, details and the log are made of. */
#ifndef ONNXSH_APP_TUI_LINES_H
#define ONNXSH_APP_TUI_LINES_H

#include "app/tui/grid.h"
#include "app/tui/needle.h"

#include <onnxsh/graph.h>

typedef struct ox_line_piece {
    uint32_t at, n; /* in the text */
    uint8_t role;
} ox_line_piece;

typedef struct ox_lines {
    char *text;
    size_t n_text, cap_text;
    ox_line_piece *pieces;
    size_t n_pieces, cap_pieces;
    struct ox_line_row {
        uint32_t piece;  /* its first */
        ox_node link;    /* where Enter leads; {0}: nowhere */
        ox_value weight; /* the same, if that is a weight */
    } * rows;
    size_t n, cap;
} ox_lines;

void ox_lines_free(ox_lines *l);
void ox_lines_clear(ox_lines *l);
/* Begins a line; the others add to the last one. When memory runs out, what does not fit is left away. */
void ox_lines_new(ox_lines *l);
void ox_lines_add(ox_lines *l, ox_role role, const char *s, size_t n); /* sanitised text */
void ox_lines_addf(ox_lines *l, ox_role role, const char *fmt, ...) OX_PRINTF(3, 4);
void ox_lines_name(ox_lines *l, ox_role role, const char *s, size_t n); /* bytes of a model */
void ox_lines_link(ox_lines *l, ox_node n);
ox_node ox_lines_linked(const ox_lines *l, size_t i);
void ox_lines_link_weight(ox_lines *l, ox_value v);
ox_value ox_lines_linked_weight(const ox_lines *l, size_t i);
/* Columns that the last line takes, and blanks up to a column. */
size_t ox_lines_width(const ox_lines *l);
void ox_lines_tab(ox_lines *l, size_t col);
/* Draws line i, from its column `left` on. */
void ox_lines_draw(const ox_lines *l, size_t i, ox_grid *g, ox_rect line, size_t left);
/* The whole text of line i; not terminated. */
const char *ox_lines_text(const ox_lines *l, size_t i, size_t *n);
/* The role that it begins in. */
ox_role ox_lines_role(const ox_lines *l, size_t i);
/* The same, copied and terminated; as snprintf. */
size_t ox_lines_copy(const ox_lines *l, size_t i, char *buf, size_t size);
bool ox_lines_match(const ox_lines *l, size_t i, const ox_needle *k);

#endif
