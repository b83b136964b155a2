/* Floor 7. Where results go: standard output, or a pager. Colour, width and JSON are decided here and nowhere else. */
#ifndef ONNXSH_APP_OUTPUT_H
#define ONNXSH_APP_OUTPUT_H

#include <onnxsh/print.h>
#include <onnxsh/text.h>

#include <stdio.h>

/* What becomes of lines that are wider than the terminal. */
typedef enum ox_fit {
    OX_FIT_NONE,
    OX_FIT_CUT, /* their middle is left out; a pager gets them whole, for it scrolls sideways */
    OX_FIT_WRAP /* broken at blanks */
} ox_fit;

typedef struct ox_out {
    FILE *f;     /* standard output or the pipe to the pager */
    FILE *pager; /* not NULL while a pager runs */
    bool tty;    /* the results are seen on a terminal */
    bool color;
    unsigned width;  /* columns of the terminal; 0 = do not truncate (piped) */
    unsigned height; /* rows; 0 = unknown */
    /* Output is held back until it exceeds a screen, which starts the pager; see ox_out_page. */
    bool paging;
    char *held;
    size_t n_held, cap_held, lines_held;
    ox_fit fit;
    char *line; /* the line under way, while lines are fitted */
    size_t n_line, cap_line;
    bool closed; /* the reader went away: drop the rest quietly */
    FILE *outer; /* where output goes after a capture */
    char *caught;
    size_t n_caught;
} ox_out;

void ox_out_init(ox_out *o, int color);
/* Looks up the size of the terminal again (after SIGWINCH). */
void ox_out_resize(ox_out *o);
/* From here on, output that exceeds a screen goes through $PAGER (less -FRXS), until ox_out_end. */
void ox_out_page(ox_out *o);
/* From here on, lines that are wider than the terminal are fitted, until ox_out_end; what is piped is left alone. */
void ox_out_fit(ox_out *o, ox_fit fit);
/* Flushes; waits for the pager. Returns OX_E_IO if standard output failed. */
ox_status ox_out_end(ox_out *o, ox_error *err) OX_MUST_USE;

/* Until ox_out_caught, output is kept instead of written; captures do not nest. Returns false when out of memory. */
bool ox_out_catch(ox_out *o);
/* The text that was kept; the caller frees it. NULL when out of memory. */
char *ox_out_caught(ox_out *o, size_t *n);

ox_status ox_out_write(ox_out *o, const char *s, size_t n, ox_error *err);
/* ---- fit.c: fits what is written, and the line under way at its end; hands it on to ox_out_pass ---- */
ox_status ox_out_fit_write(ox_out *o, const char *s, size_t n, ox_error *err);
ox_status ox_out_fit_end(ox_out *o, ox_error *err);
ox_status ox_out_pass(ox_out *o, const char *s, size_t n, ox_error *err);

/* Formatted text that holds no model data but sanitised one. */
void ox_out_f(ox_out *o, const char *fmt, ...) OX_PRINTF(2, 3);
/* Words of help, wrapped to the terminal: `at` columns of the line are taken, further lines are indented. A newline in
 * the text is a blank where lines are wrapped, and a newline where they are not (piped). Ends the line. */
void ox_out_wrap(ox_out *o, unsigned at, unsigned indent, const char *text);
/* Model data: sanitised. */
void ox_out_name(ox_out *o, const char *s, size_t n);
/* Escape sequences to switch to an ink, and back; "" without colour. */
const char *ox_out_ink(const ox_out *o, ox_ink ink);
const char *ox_out_bold(const ox_out *o);
const char *ox_out_reset(const ox_out *o);
/* The inks for ox_print_options, NULL without colour. */
const char *const *ox_out_inks(const ox_out *o);
/* A sink for printers. */
ox_sink ox_out_sink(ox_out *o);

/* ---- aligned columns ---- */
enum { OX_TABLE_MAX_COLUMNS = 12 };
typedef struct ox_table ox_table;
/* Titles (NULL-terminated array); a title that begins with '>' makes its column right-aligned, one with '!' is
 * cut only when the others are narrow. Widths are decided from
 * the first few hundred rows; what does not fit the terminal is cut in the middle, the widest column first. */
ox_table *ox_table_new(ox_out *o, const char *const *titles);
/* Adds the next cell of the row: model data, sanitised. The row ends with its last column. Ink colours it. */
void ox_table_cell(ox_table *t, const char *s, size_t n, ox_ink ink);
void ox_table_cellz(ox_table *t, const char *s, ox_ink ink);
void ox_table_cellf(ox_table *t, ox_ink ink, const char *fmt, ...) OX_PRINTF(3, 4);
/* Prints what is left and frees. Returns OX_E_NOMEM if rows were lost. */
ox_status ox_table_end(ox_table *t, ox_error *err) OX_MUST_USE;

/* ---- JSON: one document, written as it is made ---- */
typedef struct ox_json {
    ox_out *o;
    unsigned depth;
    bool first[32];
} ox_json;
void ox_json_begin(ox_json *j, ox_out *o);
void ox_json_end(ox_json *j); /* ends the line */
/* key is NULL inside a list. */
void ox_json_open(ox_json *j, const char *key, char bracket); /* '{' or '[' */
void ox_json_close(ox_json *j, char bracket);                 /* '}' or ']' */
void ox_json_str(ox_json *j, const char *key, const char *s, size_t n);
void ox_json_strz(ox_json *j, const char *key, const char *s); /* NULL writes null */
void ox_json_int(ox_json *j, const char *key, int64_t v);
void ox_json_f64(ox_json *j, const char *key, double v); /* NaN and infinities as strings */
void ox_json_bool(ox_json *j, const char *key, bool v);
void ox_json_null(ox_json *j, const char *key);
/* The whole document {key: text}, for commands that have little to say; a NULL key gives {}. */
void ox_json_said(ox_out *o, const char *key, const char *text, size_t n);

#endif
