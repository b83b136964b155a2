/* A screen of the terminal as SVG: its cells with their colours. */
#ifndef OX_TESTS_SVG_H
#define OX_TESTS_SVG_H

#include "terminal.h"

#include <stdio.h>

/* The beginning of a picture of screens of that size that follow each other, each shown for so many seconds. */
void svg_begin(FILE *f, int rows, int cols, int frames, double seconds);
/* What the terminal shows now, as the next frame, with a line below that says what was done. */
void svg_frame(FILE *f, terminal *t, int frame, double seconds, const char *caption);
void svg_end(FILE *f);

#endif
