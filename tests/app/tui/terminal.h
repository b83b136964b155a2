/* A program behind a pseudo-terminal, and a terminal emulator (libvterm) that reads what it writes: tests see the
 * screen that a person would. Every wait has a deadline. */
#ifndef OX_TESTS_TERMINAL_H
#define OX_TESTS_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>

typedef struct terminal terminal;

/* Starts argv[0] with an environment of its own: HOME and all XDG directories are `home`, TERM is `term`; extra (may be
 * NULL) is a NULL-terminated list of NAME=VALUE. NULL on failure. */
terminal *terminal_start(const char *const *argv, const char *home, const char *term, const char *const *extra,
                         int rows, int cols);
/* Kills what still runs. */
void terminal_free(terminal *t);
void terminal_send(terminal *t, const char *bytes);
void terminal_resize(terminal *t, int rows, int cols);
/* Reads until the screen holds `text`, or does not hold it any more; false at the deadline of 20 s. */
bool terminal_shows(terminal *t, const char *text);
bool terminal_hides(terminal *t, const char *text);
/* Reads what comes until nothing has come for so many milliseconds. */
void terminal_settle(terminal *t, int ms);
int terminal_rows(const terminal *t);
int terminal_cols(const terminal *t);
/* A row of the screen as text, without the blanks at its end; lives until the next call. */
const char *terminal_row(terminal *t, int row);
/* All rows. */
const char *terminal_screen(terminal *t);
/* The cell's attributes there. */
bool terminal_reverse(terminal *t, int row, int col);
typedef struct terminal_look {
    char text[32]; /* UTF-8, with what combines; a blank at least */
    int width;     /* columns */
    int fg, bg;    /* as of terminal_color */
    bool bold, reverse;
} terminal_look;
terminal_look terminal_look_at(terminal *t, int row, int col);
/* The number of its colour, or of that behind it; -1: the terminal's own. */
int terminal_color(terminal *t, int row, int col, bool behind);
/* Where text stands first; false: nowhere. */
bool terminal_find(terminal *t, const char *text, int *row, int *col);
/* Whether the other screen is shown, the cursor is seen, the mouse is reported. */
bool terminal_alternate(const terminal *t);
bool terminal_cursor(const terminal *t);
bool terminal_mouse(const terminal *t);
/* What OSC 52 put there last: "c;BASE64". */
const char *terminal_clipboard(const terminal *t);
pid_t terminal_pid(const terminal *t);
/* Waits for the end of the program; its status as of waitpid, or -1 at the deadline. */
int terminal_wait(terminal *t);
/* Whether it has ended already. */
bool terminal_ended(terminal *t);
/* A private mode, by its number: 1 set, 0 reset, -1 never touched. */
int terminal_mode(const terminal *t, int number);
/* What is not as it was before a program took the terminal over: a reason, or NULL if all is. */
const char *terminal_left(const terminal *t);
/* All bytes that came; they live until the next call that reads. */
const char *terminal_output(const terminal *t, size_t *n);
/* Bytes that came in all. */
size_t terminal_bytes(const terminal *t);

#endif
