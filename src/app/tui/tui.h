/* Floor 7. The full screen: its state, and what its files share. It knows no terminal: keys come in, a grid comes out;
 * loop.c and paint.c join it to one, tests to text. */
#ifndef ONNXSH_APP_TUI_TUI_H
#define ONNXSH_APP_TUI_TUI_H

#include "app/tui/became.h"
#include "app/tui/line.h"
#include "app/tui/meet.h"
#include "app/tui/view.h"

#include "app/session.h"

typedef enum ox_mode {
    OX_MODE_PANES,
    OX_MODE_SEARCH,  /* the text of a search is being typed */
    OX_MODE_COMMAND, /* a line of the prompt */
    OX_MODE_FILTER,  /* a query */
    OX_MODE_LOG,     /* the file that gets the log */
    OX_MODE_SLICE,   /* indices of a tensor */
    OX_MODE_MARK,    /* the letter of a mark */
    OX_MODE_TO_MARK
} ox_mode;

/* A node of one of the models, and the view that lists it. */
typedef struct ox_spoken {
    const ox_model *m;
    ox_node n;
    int view;
} ox_spoken;

/* A search on its way. */
typedef struct ox_search {
    ox_view *view; /* NULL: none */
    size_t from;   /* the item where it began */
    size_t next;   /* the next item to look at */
    size_t left;   /* items not looked at */
    int by;        /* 1 or -1 */
} ox_search;

/* Nodes that were left, the newest last. */
enum { OX_TRAIL_MAX = 200 };
typedef struct ox_trail {
    ox_node p[OX_TRAIL_MAX];
    size_t n;
} ox_trail;
typedef struct ox_trails {
    ox_trail back, forth;
} ox_trails;

struct ox_tui {
    ox_session *s;
    ox_grid grid;
    ox_view *views[OX_N_VIEWS];
    int at[OX_N_PLACES]; /* which view stands in a place; -1: none */
    int focus;           /* the view that has the keys */
    bool zoom;
    int over; /* the view that the log of a line that was run stands instead of, where one pane has the screen; -1 */
    ox_node node;    /* what all panes speak of */
    ox_value weight; /* the same of those of weights */
    ox_node other;   /* the one of the cursor in the model beside */
    int side;        /* the list that the details tell of: nodes, result or beside */
    ox_trails trails, other_trails;
    bool together; /* a move takes the cursor of the other model along */
    bool taken;    /* it is being taken along */
    ox_kin kin, other_kin;
    ox_became became; /* the nodes of the model in the result */
    /* What the panes were made from. */
    const ox_report *report;
    uint64_t serial, result, beside;
    size_t n_undo, n_redo;
    ox_mode mode;
    ox_line line;
    ox_node before; /* of the filter that is being typed */
    ox_typed searches, commands, filters, files, slices;
    char *then;            /* a line to be run once the file is open; NULL: none */
    size_t n_loaded;       /* commands of earlier sessions */
    struct ox_run *run;    /* the line that is at work; NULL: none */
    ox_status open_status; /* how the last ox_run_open ended */
    ox_error open_error;
    ox_needle needle; /* n = 0: no search */
    ox_search search;
    char message[512]; /* sanitised; shown until the next key */
    ox_role message_role;
    char *copied;    /* to be sent to the terminal's clipboard; NULL: nothing */
    uint8_t *failed; /* by node of the model: 1 if the last export failed there; NULL: nowhere */
    uint32_t n_failed;
    size_t failure;           /* the one that `failure` told last */
    uint64_t n_led;           /* nodes that lines spoke of, and that were gone to */
    uint64_t stop;            /* the stop of a debugged export that was shown last; 0: none is shown */
    struct ox_query **breaks; /* what breakpoints select, each may be NULL; without their conditions */
    size_t n_breaks;
    int last_break; /* what they were made from */
    bool pasting;   /* text comes, no keys */
    bool quit;
    bool alone;  /* leaving ends the program */
    bool warned; /* of unsaved edits, by the key before */
    bool redraw; /* the terminal's screen cannot be trusted */
};

/* ---- tui.c ---- */
/* Panes for what the session has open, on a screen of that size. */
ox_status ox_tui_create(ox_tui **out, ox_session *s, int rows, int cols, ox_error *err) OX_MUST_USE;
void ox_tui_free(ox_tui *t);
ox_status ox_tui_resize(ox_tui *t, int rows, int cols, ox_error *err) OX_MUST_USE;
void ox_tui_key(ox_tui *t, uint32_t key);
void ox_tui_click(ox_tui *t, int row, int col);
void ox_tui_wheel(ox_tui *t, int row, int col, int lines);
/* Begins the panes anew if the session's model is not what they show. */
void ox_tui_sync(ox_tui *t);
/* Does what is left to do for about that long; false when nothing is left. */
bool ox_tui_work(ox_tui *t, unsigned ms);
void ox_tui_say(ox_tui *t, ox_role role, const char *fmt, ...) OX_PRINTF(3, 4);
/* Speaks of another node from now on; from is the view that said so, which is not told. */
void ox_tui_set_node(ox_tui *t, ox_node n, const ox_view *from);
/* Shows a view in its place and gives it the keys; takes it away again. */
void ox_tui_show(ox_tui *t, int view);
/* Shows it and leaves the keys where they are. */
void ox_tui_put(ox_tui *t, int view);
void ox_tui_hide(ox_tui *t, int view);

/* ---- place.c ---- */
/* Goes to a node, wherever it is listed, and remembers the one that was left. */
void ox_tui_go(ox_tui *t, ox_node n);
/* The same in the model beside. */
void ox_tui_go_beside(ox_tui *t, ox_node n);
void ox_tui_back(ox_tui *t);
void ox_tui_forth(ox_tui *t);
/* To the first producer of an input; the first user of a result. */
void ox_tui_up(ox_tui *t);
void ox_tui_down(ox_tui *t);
void ox_tui_mark(ox_tui *t, uint32_t key);
void ox_tui_to_mark(ox_tui *t, uint32_t key);

/* Runs a line that speaks of the node: "why" becomes "why #17". */
void ox_tui_run_at(ox_tui *t, const char *command);
/* Keeps what the line of the cursor names for the clipboard. */
void ox_tui_copy(ox_tui *t);
/* What a line told last is where we are: a failure, a node. */
void ox_tui_to_told(ox_tui *t);
/* To the first node that a text names, "#17" or "%x", of the model of a side (the view that lists it); of the result:
 * to what that came from. False: it names none. */
bool ox_tui_to_named(ox_tui *t, const char *text, size_t n, int side);

/* ---- stops.c ---- */
/* A line was run: breakpoints may be others, a debugged export may have stopped or ended. */
void ox_stops_sync(ox_tui *t);
void ox_stops_free(ox_tui *t);
/* It has stopped, and the panes do not know yet. */
bool ox_stops_new(const ox_tui *t);
/* ">" where it is stopped, "o" where a breakpoint is, else NULL. */
const char *ox_stops_mark(const ox_tui *t, ox_node n);
/* A breakpoint at the node that is spoken of, or none there. */
void ox_stops_toggle(ox_tui *t);

/* ---- side.c ---- */
/* Finds the side that is spoken of; to be called when panes or keys have another place. */
void ox_side_settle(ox_tui *t);
/* The details tell of another node, though ox_tui.node may be the same. */
void ox_side_told(ox_tui *t);
/* The node that the details tell of; {0}: none. */
ox_spoken ox_side_spoken(const ox_tui *t);
/* Goes to a node of that side. */
void ox_side_go(ox_tui *t, ox_node n);
/* The cursor of the side shall stand there once its list is made anew. */
void ox_side_place(ox_tui *t, ox_node n);
/* "--result ", "--beside " or "": how a command is told of the side. */
const char *ox_side_option(const ox_tui *t);
/* From a node of the trace to one that it became, or back: to the other side. */
void ox_side_cross(ox_tui *t, ox_node n);
/* Shows the model beside or hides it; if there is none, asks for one. */
void ox_side_show(ox_tui *t);
/* The cursor of the other model goes to what is most like the node that is spoken of. */
void ox_side_meet(ox_tui *t);
/* That with each move, or no more. */
void ox_side_together(ox_tui *t);
/* The cursor has moved: on the model beside, or on the first. */
void ox_side_moved(ox_tui *t, bool beside);
/* The name of a file without its folders, in at most so many columns. */
void ox_side_file(const char *path, size_t cols, char *buf, size_t size);
/* False, and says so, where the model beside is spoken of: what marks and commands are for is the other one. */
bool ox_side_is_first(ox_tui *t, const char *what);

/* ---- walk.c ---- */
/* The node after n: into its blocks, else beside it, else after what owns its block; {0} at the end of the graph. */
ox_node ox_node_after(const ox_model *m, ox_node n);
/* Constants, lists made of constants alone, what an archive's code reads from its modules: an operator's own line can
 * say it. */
bool ox_node_is_folded(const ox_model *m, ox_node n);

/* ---- view_nodes.c ---- */
/* Lists what a query selects, "" all nodes, on the side that is spoken of. A query that cannot be read changes nothing
 * and fills err. */
ox_status ox_nodes_filter(ox_tui *t, const char *query, ox_error *err) OX_MUST_USE;
void ox_nodes_unfilter(ox_tui *t);
/* The query in force, "" = none. */
const char *ox_nodes_filtered(const ox_tui *t);
/* Unfolds constants or drops the filter, if the node is not listed because of them. */
void ox_nodes_reveal(ox_tui *t, ox_node n);

/* The node of the cursor in a list of nodes; {0}: none. */
ox_node ox_nodes_at_cursor(const ox_view *v);
/* Moves the cursor of the result, or of the model beside, to a node. */
void ox_nodes_go(ox_view *v, ox_node n);
/* The same, if it is listed. */
void ox_nodes_point(ox_view *v, ox_node n);

/* ---- view_weights.c ---- */
/* The weights in the order of their pane, those of inner graphs last; more may come while the list is made. */
size_t ox_weights_n(const ox_tui *t);
/* {0} beyond the last, or if it is gone. */
ox_value ox_weights_at(const ox_tui *t, size_t i);
/* Shows a weight: its line, and all about it beside the nodes. */
void ox_weights_show(ox_tui *t, ox_value v);

/* ---- view_tensor.c ---- */
/* The slice that is shown as a table, as ox_slice_parse reads it. */
ox_status ox_tensor_choose(ox_tui *t, const char *text, ox_error *err) OX_MUST_USE;

/* ---- layout.c ---- */
/* Gives each view its part of the screen. */
void ox_tui_layout(ox_tui *t);
/* One pane has the screen: it is zoomed, or there is no room for two. */
bool ox_tui_is_single(const ox_tui *t);
/* The view after (1) or before (-1) this one among those that are shown. */
int ox_tui_next_shown(const ox_tui *t, int view, int by);

/* ---- draw.c ---- */
void ox_tui_draw(ox_tui *t);

/* ---- prompt.c: the line at the bottom ---- */
void ox_prompt_begin(ox_tui *t, ox_mode mode, const char *text);
void ox_prompt_key(ox_tui *t, uint32_t key);
const char *ox_prompt_lead(const ox_tui *t);
/* Lines of earlier sessions, and back. */
void ox_prompt_load(ox_tui *t);
void ox_prompt_save(ox_tui *t);

/* Filters the nodes as a query says, and logs that. */
void ox_tui_filter(ox_tui *t, const char *query);

/* ---- run.c: lines of the prompt ---- */
/* Keys may be typed ahead of a short line: before a key that speaks of the cursor's node, the line may still move it.
 */
void ox_run_grace(ox_tui *t);
/* Logs a line and runs it; refused with a message while another is at work. */
void ox_run_line(ox_tui *t, const char *line);
ox_status ox_run_open(ox_tui *t, const char *path, ox_error *err) OX_MUST_USE;
/* Keeps a line of a command and a file, to be run once what is opened is there; runs it. */
ox_status ox_run_later(ox_tui *t, const char *command, const char *file, ox_error *err) OX_MUST_USE;
void ox_run_then(ox_tui *t);
/* Begins to infer the types of a trace, if they are wanted and not known; any line that is run stops that. */
void ox_run_types(ox_tui *t);
/* Lets it work for about that long; false when nothing is at work any more. */
bool ox_run_work(ox_tui *t, unsigned ms);
/* Opens the model's file again if it is watched and has changed. */
void ox_run_watch(ox_tui *t);
void ox_run_cancel(ox_tui *t);
/* Another program has the terminal for a while. */
void ox_run_lend(ox_tui *t, bool away);
/* Stops it and waits for that. */
void ox_run_end(ox_tui *t);
/* What it is doing; false: nothing is at work. */
bool ox_run_progress(const ox_tui *t, char *buf, size_t size);

/* ---- view_log.c ---- */
void ox_log_command(ox_tui *t, const char *line);
/* Output: lines of text; what could move a cursor is made safe. */
void ox_log_text(ox_tui *t, ox_role role, const char *text, size_t n);
/* Shows the log from the last command on. */
void ox_log_open(ox_tui *t);
/* Writes it as a script: lines that were run, and their output as comments. The file must not be there yet. */
ox_status ox_log_save(ox_tui *t, const char *path, ox_error *err) OX_MUST_USE;
/* Its last line, not terminated. */
const char *ox_log_last(ox_tui *t, size_t *n);

/* ---- search.c ---- */
/* The search begins at the cursor; its text is typed from now on. */
void ox_search_begin(ox_tui *t);
/* The text changed: looks again from where the search began. */
void ox_search_typed(ox_tui *t);
/* To the next (1) or previous (-1) place. */
void ox_search_again(ox_tui *t, int by);
bool ox_search_work(ox_tui *t);

#endif
