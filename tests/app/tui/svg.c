/* A terminal's cells as SVG: runs of cells that look alike are one text, stretched to their columns, so that every font
 * aligns. Frames follow each other by CSS; who shows no animation shows the first. */
#include "svg.h"

#include <stdbool.h>
#include <string.h>

enum { CELL_W = 8, CELL_H = 17, PAD = 12, BASE = 13 }; /* pixels; BASE: from a row's top to its base line */

static const char *const ink = "#d6deeb", *const paper = "#10141c";

/* The 16 colours that have names; the rest of xterm's 256 is a cube and a ramp of greys. */
static void put_color(FILE *f, int number, const char *own)
{
    static const char *const named[16] = {"#3b4252", "#e06c75", "#98c379", "#e5c07b", "#61afef", "#c678dd",
                                          "#56b6c2", "#c8ccd4", "#7f848e", "#ff7b85", "#b5e08f", "#f5d58f",
                                          "#82c4ff", "#dd94f0", "#70d4e0", "#ffffff"};
    static const int levels[6] = {0, 95, 135, 175, 215, 255};
    int n = number - 16, grey = 8 + 10 * (number - 232);
    if (number < 0)
        fputs(own, f);
    else if (number < 16)
        fputs(named[number], f);
    else if (number < 232)
        fprintf(f, "#%02x%02x%02x", levels[n / 36], levels[n / 6 % 6], levels[n % 6]);
    else
        fprintf(f, "#%02x%02x%02x", grey, grey, grey);
}

static void put_text(FILE *f, const char *s)
{
    for (; *s; s++) {
        if (*s == '<')
            fputs("&lt;", f);
        else if (*s == '&')
            fputs("&amp;", f);
        else
            putc(*s, f);
    }
}

void svg_begin(FILE *f, int rows, int cols, int frames, double seconds)
{
    int w = cols * CELL_W + 2 * PAD, h = (rows + 1) * CELL_H + 3 * PAD;
    fprintf(f,
            "<svg xmlns=\"http://www.w3.org/2000/svg\" xml:space=\"preserve\" viewBox=\"0 0 %d %d\" width=\"%d\" "
            "height=\"%d\">\n",
            w, h, w, h);
    fprintf(f,
            "<style>text{font:13px ui-monospace,Menlo,Consolas,\"DejaVu Sans Mono\",monospace;white-space:pre}"
            ".b{font-weight:bold}.f{visibility:hidden;animation:k %gs steps(1) infinite}.f0{visibility:visible}\n",
            frames * seconds);
    fprintf(f, "@keyframes k{0%%{visibility:visible}%g%%{visibility:hidden}100%%{visibility:hidden}}\n",
            100.0 / frames);
    fprintf(f, "@media (prefers-reduced-motion:reduce){.f{animation:none}}</style>\n");
    fprintf(f, "<rect width=\"%d\" height=\"%d\" rx=\"8\" fill=\"%s\"/>\n", w, h, paper);
}

static bool alike(const terminal_look *a, const terminal_look *b)
{
    return a->fg == b->fg && a->bg == b->bg && a->bold == b->bold && a->reverse == b->reverse;
}

static void put_run(FILE *f, const terminal_look *k, char *text, int row, int col, int n)
{
    int x = PAD + col * CELL_W, y = PAD + row * CELL_H;
    if (k->reverse || k->bg >= 0) {
        fprintf(f, "<rect x=\"%d\" y=\"%d\" width=\"%d\" height=\"%d\" fill=\"", x, y, n * CELL_W, CELL_H);
        put_color(f, k->reverse ? k->fg : k->bg, k->reverse ? ink : paper);
        fputs("\"/>\n", f);
    }
    for (; *text == ' '; text++, n--) x += CELL_W;
    size_t size = strlen(text);
    for (; size && text[size - 1] == ' '; n--) text[--size] = '\0';
    if (!size) return;
    fprintf(f, "<text x=\"%d\" y=\"%d\" textLength=\"%d\" lengthAdjust=\"spacingAndGlyphs\"%s fill=\"", x, y + BASE,
            n * CELL_W, k->bold ? " class=\"b\"" : "");
    put_color(f, k->reverse ? k->bg : k->fg, k->reverse ? paper : ink);
    fputs("\">", f);
    put_text(f, text);
    fputs("</text>\n", f);
}

static void put_row(FILE *f, terminal *t, int row)
{
    char text[4096];
    size_t n = 0;
    int from = 0, col = 0, cols = terminal_cols(t);
    terminal_look look = {0}, first = {0};
    while (col <= cols) {
        bool end = col == cols;
        if (!end) look = terminal_look_at(t, row, col);
        size_t size = strlen(look.text);
        if (end || (col > from && !alike(&look, &first)) || n + size >= sizeof text) {
            text[n] = '\0';
            put_run(f, &first, text, row, from, col - from);
            n = 0;
            from = col;
        }
        if (end) break;
        if (col == from) first = look;
        memcpy(text + n, look.text, size);
        n += size;
        col += look.width;
    }
}

void svg_frame(FILE *f, terminal *t, int frame, double seconds, const char *caption)
{
    int rows = terminal_rows(t);
    fprintf(f, "<g class=\"f%s\" style=\"animation-delay:%gs\">\n", frame ? "" : " f0", frame * seconds);
    for (int row = 0; row < rows; row++) put_row(f, t, row);
    fprintf(f, "<text class=\"b\" x=\"%d\" y=\"%d\" fill=\"#f5d58f\">", PAD, 2 * PAD + rows * CELL_H + BASE);
    put_text(f, caption);
    fputs("</text>\n</g>\n", f);
}

void svg_end(FILE *f)
{
    fputs("</svg>\n", f);
}
