/* Floor 7. The painter: the terminal. The one file that knows curses sends grids to it and reads keys from it; whatever
 * way the process ends, SIGKILL aside, the terminal is as it was. One screen a process. */
#ifndef ONNXSH_APP_TUI_PAINT_H
#define ONNXSH_APP_TUI_PAINT_H

#include "app/tui/theme.h"

typedef enum ox_event_kind {
    OX_EVENT_NONE, /* nothing came in time */
    OX_EVENT_KEY,
    OX_EVENT_CLICK,     /* at row, col */
    OX_EVENT_WHEEL,     /* by lines, at row, col */
    OX_EVENT_RESIZE,    /* ox_paint_size tells */
    OX_EVENT_INTERRUPT, /* Ctrl-C */
    OX_EVENT_CLOSED     /* the terminal is gone */
} ox_event_kind;

typedef struct ox_event {
    ox_event_kind kind;
    uint32_t key;
    int row, col, by;
} ox_event;

/* Takes the terminal over. OX_E_INVALID with a hint when there is none, or it cannot place the cursor. */
ox_status ox_paint_open(const ox_theme *theme, ox_error *err) OX_MUST_USE;
void ox_paint_close(void);
void ox_paint_theme(const ox_theme *theme);
void ox_paint_size(int *rows, int *cols);
/* Sends what differs from what the terminal shows; all of it if anew. */
void ox_paint_show(const ox_grid *g, bool anew);
/* Gives the terminal back for a while, and takes it again. */
void ox_paint_lend(bool away);
/* Puts text into the terminal's clipboard, where the terminal says that it has one. */
void ox_paint_copy(const char *text, size_t n);
/* The next event; waits at most so many milliseconds, -1: until there is one. */
ox_event ox_paint_wait(int ms);

#endif
