/* Floor 7. Aligned columns. The first rows are held to decide the widths, the rest streams; a row of a piped table is
 * never cut, so that other programs get whole names. */
#include "app/output.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { HELD_ROWS = 400, GAP = 2, MIN_COLUMN = 8 };

typedef struct cell {
    char *s;
    ox_ink ink;
} cell;

struct ox_table {
    ox_out *o;
    unsigned n_cols;
    const char *titles[OX_TABLE_MAX_COLUMNS];
    bool right[OX_TABLE_MAX_COLUMNS], keep[OX_TABLE_MAX_COLUMNS];
    size_t width[OX_TABLE_MAX_COLUMNS];
    cell *held;
    size_t n_held;
    size_t blanks; /* that stand before the next text of the line */
    unsigned col;  /* of the row being added, while streaming */
    cell row[OX_TABLE_MAX_COLUMNS];
    bool streaming, failed;
};

ox_table *ox_table_new(ox_out *o, const char *const *titles)
{
    ox_table *t = calloc(1, sizeof *t);
    if (!t) return NULL;
    t->o = o;
    for (; titles[t->n_cols] && t->n_cols < OX_TABLE_MAX_COLUMNS; t->n_cols++) {
        const char *title = titles[t->n_cols];
        t->right[t->n_cols] = *title == '>';
        t->keep[t->n_cols] = *title == '!';
        t->titles[t->n_cols] = title + (*title == '>' || *title == '!');
        t->width[t->n_cols] = strlen(t->titles[t->n_cols]);
    }
    t->held = calloc((size_t)HELD_ROWS * t->n_cols, sizeof *t->held);
    t->failed = !t->held;
    return t;
}

static void put_padded(ox_table *t, unsigned c, const char *s, ox_ink ink)
{
    char fitted[1024];
    size_t n = strlen(s), w = ox_text_width(s, n);
    if (t->o->width && w > t->width[c]) {
        n = ox_text_fit(s, n, t->width[c], fitted, sizeof fitted);
        s = fitted;
        w = ox_text_width(s, n);
    }
    size_t pad = w < t->width[c] ? t->width[c] - w : 0;
    if (t->right[c]) t->blanks += pad;
    if (n) { /* blanks wait for the next text, so that no line ends in them */
        ox_out_f(t->o, "%*s", (int)t->blanks, "");
        t->blanks = 0;
        ox_out_f(t->o, "%s", ink == OX_INK_PLAIN ? "" : ox_out_ink(t->o, ink));
        (void)ox_out_write(t->o, s, n, NULL);
        ox_out_f(t->o, "%s", ink == OX_INK_PLAIN ? "" : ox_out_reset(t->o));
    }
    t->blanks += GAP + (t->right[c] ? 0 : pad);
    if (c + 1 == t->n_cols) {
        ox_out_f(t->o, "\n");
        t->blanks = 0;
    }
}

static size_t total_width(const ox_table *t)
{
    size_t total = GAP * (size_t)(t->n_cols - 1);
    for (unsigned c = 0; c < t->n_cols; c++) total += t->width[c];
    return total;
}

/* Cuts the widest column until the row fits the terminal; columns to keep only when the others are narrow. */
static void fit_widths(ox_table *t, bool kept_too, size_t least)
{
    while (total_width(t) > t->o->width) {
        unsigned widest = t->n_cols;
        for (unsigned c = 0; c < t->n_cols; c++)
            if ((kept_too || !t->keep[c]) && (widest == t->n_cols || t->width[c] > t->width[widest])) widest = c;
        if (widest == t->n_cols || t->width[widest] <= least) return;
        t->width[widest]--;
    }
}

static void decide_widths(ox_table *t)
{
    for (size_t r = 0; r < t->n_held; r++)
        for (unsigned c = 0; c < t->n_cols; c++) {
            const char *s = t->held[r * t->n_cols + c].s;
            size_t w = s ? ox_text_width(s, strlen(s)) : 0;
            if (w > t->width[c]) t->width[c] = w;
        }
    if (!t->o->width) return;
    fit_widths(t, false, 2 * MIN_COLUMN);
    fit_widths(t, true, MIN_COLUMN);
    fit_widths(t, true, 3);
}

static void start_stream(ox_table *t)
{
    decide_widths(t);
    t->streaming = true;
    for (unsigned c = 0; c < t->n_cols; c++) {
        char title[64];
        snprintf(title, sizeof title, "%s", t->titles[c]);
        put_padded(t, c, title, OX_INK_COMMENT);
    }
    for (size_t r = 0; r < t->n_held; r++)
        for (unsigned c = 0; c < t->n_cols; c++) {
            cell *k = &t->held[r * t->n_cols + c];
            put_padded(t, c, k->s ? k->s : "", k->ink);
            free(k->s);
            k->s = NULL;
        }
    t->n_held = 0;
}

static void add(ox_table *t, char *s, ox_ink ink)
{
    if (!s || t->failed) {
        t->failed = true;
        free(s);
        return;
    }
    if (t->streaming) {
        put_padded(t, t->col, s, ink);
        free(s);
    } else {
        t->held[t->n_held * t->n_cols + t->col] = (cell){s, ink};
    }
    if (++t->col < t->n_cols) return;
    t->col = 0;
    if (!t->streaming && ++t->n_held == HELD_ROWS) start_stream(t);
}

void ox_table_cell(ox_table *t, const char *s, size_t n, ox_ink ink)
{
    if (!t) return;
    size_t need = ox_text_sanitize(s, n, NULL, 0);
    char *p = malloc(need + 1);
    if (p) ox_text_sanitize(s, n, p, need + 1);
    add(t, p, ink);
}

void ox_table_cellz(ox_table *t, const char *s, ox_ink ink)
{
    ox_table_cell(t, s, strlen(s), ink);
}

void ox_table_cellf(ox_table *t, ox_ink ink, const char *fmt, ...)
{
    char text[512];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    if (t) add(t, strdup(text), ink);
}

ox_status ox_table_end(ox_table *t, ox_error *err)
{
    if (!t) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    while (t->col && !t->failed) ox_table_cellz(t, "", OX_INK_PLAIN);
    if (!t->streaming && t->n_held) start_stream(t);
    bool failed = t->failed;
    if (t->held)
        for (size_t i = 0; i < (size_t)HELD_ROWS * t->n_cols; i++) free(t->held[i].s);
    free(t->held);
    free(t);
    return failed ? ox_error_set(err, OX_E_NOMEM, "out of memory") : OX_OK;
}
