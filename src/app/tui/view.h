/* Floor 7. What a pane is: a list of lines that a view makes. A view reads the session and draws into the lines that it
 * is given; it never touches the terminal, and what takes long it does in small pieces. views.def has one row each. */
#ifndef ONNXSH_APP_TUI_VIEW_H
#define ONNXSH_APP_TUI_VIEW_H

#include "app/tui/grid.h"
#include "app/tui/keys.h"
#include "app/tui/list.h"
#include "app/tui/needle.h"

typedef struct ox_tui ox_tui;
typedef struct ox_view ox_view;

/* Where a view stands. Views of one place take turns there. */
typedef enum ox_place {
    OX_PLACE_LEFT,
    OX_PLACE_MAIN,
    OX_PLACE_BESIDE, /* to the right of the main one, or under it where there is no room */
    OX_PLACE_BELOW,  /* under the main one */
    OX_PLACE_BOTTOM, /* over the whole width */
    OX_PLACE_WHOLE,  /* instead of all others */
    OX_N_PLACES
} ox_place;

typedef struct ox_view_ops {
    const char *name; /* "nodes" */
    const char *help; /* one line */
    ox_place place;
    bool open; /* shown from the start */
    ox_status (*create)(ox_view **out, ox_tui *t, ox_error *err);
    void (*destroy)(ox_view *v);
    /* The model is another one or was changed: begin anew, and find the place again. May be NULL, as all below. */
    void (*reset)(ox_view *v);
    /* One piece of what is left to do, less than a millisecond; false when nothing is. */
    bool (*work)(ox_view *v);
    /* The same for what can wait until nothing else is left, the search included. */
    bool (*idle)(ox_view *v);
    /* A line of the prompt is about to run, which may change the model: what holds on to it lets go. */
    void (*rest)(ox_view *v);
    /* The node that all panes speak of is another one (ox_tui.node). */
    void (*follow)(ox_view *v);
    /* The user has moved the cursor. */
    void (*moved)(ox_view *v);
    /* A line of titles above the list; NULL: none. */
    void (*head)(ox_view *v, ox_grid *g, ox_rect line);
    /* Line i of the list. */
    void (*draw)(ox_view *v, ox_grid *g, ox_rect line, size_t i);
    /* An action of its own, or one that it knows better than everybody; false: not mine. */
    bool (*act)(ox_view *v, ox_action a);
    /* What stands behind the name of the pane: a count. */
    void (*note)(ox_view *v, char *buf, size_t size);
    /* What `y` copies: bytes as they are; as snprintf. NULL: nothing. */
    size_t (*copy)(ox_view *v, char *buf, size_t size);
    /* ---- search: items are numbered from 0 in their order, lines that are folded away included ---- */
    size_t (*n_items)(ox_view *v); /* NULL: items are lines, and all four are needed or none */
    size_t (*item)(ox_view *v);    /* that of the cursor */
    bool (*matches)(ox_view *v, size_t item, const ox_needle *needle);
    void (*go)(ox_view *v, size_t item);
} ox_view_ops;

struct ox_view {
    const ox_view_ops *ops;
    ox_tui *t;
    ox_list list;
    size_t left; /* columns that are scrolled out of sight, for views that scroll sideways */
    ox_rect at;  /* the pane with its title line; no rows: not shown */
};

enum {
#define OX_VIEW(name) OX_VIEW_##name,
#include "app/tui/views.def"
#undef OX_VIEW
    OX_N_VIEWS
};
#define OX_VIEW(name) extern const ox_view_ops ox_view_##name;
#include "app/tui/views.def"
#undef OX_VIEW

#endif
