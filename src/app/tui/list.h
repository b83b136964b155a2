/* Floor 7. A list of lines with a cursor, of which a window is shown: what every pane is. It holds no lines, so its
 * motions cost the same for ten lines and for a million. */
#ifndef ONNXSH_APP_TUI_LIST_H
#define ONNXSH_APP_TUI_LIST_H

#include <stdbool.h>
#include <stddef.h>

typedef struct ox_list {
    size_t n;      /* lines that there are */
    size_t cursor; /* 0 if there are none */
    size_t top;    /* the first that is shown */
    int height;    /* lines of the window, at least 1 */
} ox_list;

/* Sets the number of lines, or the height of the window; cursor and window stay inside. */
void ox_list_set_n(ox_list *l, size_t n);
void ox_list_set_height(ox_list *l, int height);
/* Moves the cursor by lines, scrolling as little as possible. */
void ox_list_move(ox_list *l, ptrdiff_t by);
/* Moves the cursor to a line; one that is far away comes to the middle of the window. */
void ox_list_go(ox_list *l, size_t line);
/* Scrolls the window by lines; the cursor stays on its line, or at the edge. */
void ox_list_scroll(ox_list *l, ptrdiff_t by);
/* Window and cursor by a page, or part of one (height / part). */
void ox_list_page(ox_list *l, int by, int part);
/* Scrolls so that the cursor is in the middle, at the top (-1) or at the bottom (1). */
void ox_list_place(ox_list *l, int where);

#endif
