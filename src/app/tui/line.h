/* Floor 7. The line at the bottom that is typed: a command, a search, a filter. */
#ifndef ONNXSH_APP_TUI_LINE_H
#define ONNXSH_APP_TUI_LINE_H

#include "app/tui/grid.h"
#include "app/tui/keys.h"

enum { OX_LINE_MAX = 1024 };

/* Lines typed before, oldest first. */
typedef struct ox_typed {
    char **p;
    size_t n;
} ox_typed;
/* Adds a copy unless it is the last one again; what does not fit in memory is forgotten. */
void ox_typed_add(ox_typed *h, const char *line);
void ox_typed_free(ox_typed *h);

typedef struct ox_line {
    char text[OX_LINE_MAX]; /* UTF-8, terminated */
    size_t n, at;           /* its length, and where the cursor is */
    const ox_typed *typed;  /* NULL: none */
    size_t back;            /* how far back in it we are; 0 = the line itself */
    char own[OX_LINE_MAX];  /* the line itself, while another is shown */
} ox_line;

typedef enum ox_line_result {
    OX_LINE_SAME,    /* nothing but the cursor changed */
    OX_LINE_CHANGED, /* the text changed */
    OX_LINE_DONE,
    OX_LINE_LEFT, /* given up: Esc, or Backspace in an empty line */
    OX_LINE_OTHER /* not a key of the editor */
} ox_line_result;

void ox_line_begin(ox_line *l, const char *text, const ox_typed *typed);
ox_line_result ox_line_key(ox_line *l, uint32_t key);
/* Replaces the bytes from `start` to the cursor. */
void ox_line_replace(ox_line *l, size_t start, const char *by);
/* Draws it behind a lead such as ":", and places the terminal's cursor. */
void ox_line_draw(const ox_line *l, ox_grid *g, ox_rect line, const char *lead);

#endif
