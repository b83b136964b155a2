/* Floor 1. Small tensors as PyTorch 1.13 prints them into a dump: columns of equal width, a common scale factor,
 * matrices one after the other, with every newline turned into a blank. It is a lossy form; the rules are PyTorch's. */
#include "ir/print.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

enum { LINE_SIZE = 80 };

typedef enum notation { GENERAL, FIXED, SCIENTIFIC } notation;

/* How numbers are written at the moment. It goes on from one matrix to the next: a whole-number matrix after one with
 * fractions keeps the precision of 4. */
typedef struct format {
    notation notation;
    int precision;
    int width;
    double scale;
} format;

static void number(ox__printer *p, const format *f, int width, double v)
{
    char text[64];
    static const char *const forms[] = {[GENERAL] = "%*.*g", [FIXED] = "%*.*f", [SCIENTIFIC] = "%*.*e"};
    int n = snprintf(text, sizeof text, forms[f->notation], width, f->precision, v);
    if (n > 0) ox__print(p, text, OX__MIN((size_t)n, sizeof text - 1));
}

static int digits(double v)
{
    return v != 0 ? (int)floor(log10(v)) + 1 : 1;
}

static void choose(format *f, const double *v, size_t n)
{
    bool whole = true;
    double least = 0, most = 0;
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (!isfinite(v[i])) continue;
        double a = fabs(v[i]);
        if (v[i] != ceil(v[i])) whole = false;
        if (!any || a < least) least = a;
        if (!any || v[i] > most) most = a; /* the sign counts here: that is how PyTorch compares */
        any = true;
    }
    int lo = any ? digits(least) : 1, hi = any ? digits(most) : 1;
    f->scale = 1;
    if (whole && hi <= 9) {
        f->width = hi + 1;
        f->notation = GENERAL;
        return;
    }
    f->precision = 4;
    if (whole) {
        f->width = 11;
        f->notation = SCIENTIFIC;
    } else if (hi - lo > 4) {
        f->width = abs(hi) > 99 || abs(lo) > 99 ? 12 : 11;
        f->notation = SCIENTIFIC;
    } else {
        f->width = hi > 5 || hi <= 0 ? 7 : hi + 6;
        if (hi > 5 || hi < 0) f->scale = pow(10, hi - 1);
        f->notation = FIXED;
    }
}

static void scale(ox__printer *p, const format *f)
{
    format g = *f;
    g.notation = GENERAL;
    number(p, &g, 0, f->scale);
    ox__prints(p, " * ");
}

static void columns_head(ox__printer *p, int64_t first, int64_t last, int indent)
{
    if (first) ox__printc(p, ' ');
    ox__prints(p, "Columns ");
    ox__print_i64(p, first + 1);
    ox__prints(p, " to ");
    ox__print_i64(p, last);
    ox__print_indent(p, (size_t)indent);
}

static void matrix(ox__printer *p, format *f, const double *v, int64_t rows, int64_t cols, int indent)
{
    choose(f, v, (size_t)(rows * cols));
    int64_t per_line = (LINE_SIZE - indent) / (f->width + 1);
    ox__print_indent(p, (size_t)indent);
    for (int64_t first = 0; first < cols; first += per_line) {
        int64_t last = OX__MIN(first + per_line, cols);
        if (per_line < cols) columns_head(p, first, last, indent);
        if (f->scale != 1) {
            scale(p, f);
            ox__print_indent(p, (size_t)indent);
        }
        for (int64_t r = 0; r < rows; r++) {
            for (int64_t c = first; c < last; c++) {
                number(p, f, f->width, v[r * cols + c] / f->scale);
                ox__printc(p, ' '); /* between columns, or the newline */
            }
            if (r + 1 < rows) ox__print_indent(p, (size_t)indent + (f->scale != 1));
        }
    }
}

/* Matrices of a tensor of three or more dims: the first dim counts fastest. */
static void matrices(ox__printer *p, uint32_t rank, const int64_t *dims, const double *v)
{
    format f = {.notation = GENERAL, .precision = 6};
    int64_t counter[OX_MAX_RANK] = {0};
    int64_t size = dims[rank - 2] * dims[rank - 1];
    for (bool first = true;; first = false) {
        int64_t at = 0;
        if (!first) ox__printc(p, ' ');
        ox__printc(p, '(');
        for (uint32_t i = 0; i < rank - 2; i++) {
            at = at * dims[i] + counter[i];
            ox__print_i64(p, counter[i] + 1);
            ox__printc(p, ',');
        }
        ox__prints(p, ".,.) =  ");
        matrix(p, &f, v + at * size, dims[rank - 2], dims[rank - 1], 1);
        uint32_t i = 0;
        while (i < rank - 2 && ++counter[i] == dims[i]) counter[i++] = 0;
        if (i == rank - 2) return;
    }
}

void ox__print_torch_array(ox__printer *p, ox_dtype dtype, uint32_t rank, const int64_t *dims, const double *v,
                           bool cuda)
{
    format f = {.notation = GENERAL, .precision = 6};
    int64_t n = 1;
    for (uint32_t i = 0; i < rank; i++) n *= dims[i];
    if (n && rank == 1) {
        choose(&f, v, (size_t)n);
        if (f.scale != 1) scale(p, &f);
        for (int64_t i = 0; i < n; i++) {
            number(p, &f, f.width, v[i] / f.scale);
            ox__printc(p, ' ');
        }
    } else if (n && rank == 2) {
        matrix(p, &f, v, dims[0], dims[1], 0);
    } else if (n && rank > 2) {
        matrices(p, rank, dims, v);
    }
    ox__prints(p, cuda ? "[ CUDA" : "[ CPU");
    ox__prints(p, ox__dtype_text(dtype));
    ox__prints(p, "Type{");
    for (uint32_t i = 0; i < rank; i++) {
        if (i) ox__printc(p, ',');
        ox__print_i64(p, dims[i]);
    }
    ox__prints(p, "} ]");
}
