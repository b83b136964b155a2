/* Floor 7. A slice of a tensor as a table: which indices stand still, and which dims are its rows and columns. */
#ifndef ONNXSH_APP_TUI_SLICE_H
#define ONNXSH_APP_TUI_SLICE_H

#include <onnxsh/error.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { OX_SLICE_RANK = 32 };

typedef struct ox_slice {
    uint32_t rank;
    int64_t dims[OX_SLICE_RANK], at[OX_SLICE_RANK];
    int row, col; /* dims that are shown whole; -1: none, which is one row or one column */
} ox_slice;

/* The first slice: its last two dims. False if the rank is beyond OX_SLICE_RANK. */
bool ox_slice_begin(ox_slice *s, uint32_t rank, const int64_t *dims);
int64_t ox_slice_rows(const ox_slice *s);
int64_t ox_slice_cols(const ox_slice *s);
/* The element there, counted through the whole tensor. */
uint64_t ox_slice_element(const ox_slice *s, int64_t row, int64_t col);
/* True if the elements of a row stand side by side. */
bool ox_slice_is_dense(const ox_slice *s);
/* "0,3,:,:": numbers stand still, at most two colons are rows and columns. What is left away at the end stays as it is.
 */
ox_status ox_slice_parse(ox_slice *s, const char *text, ox_error *err) OX_MUST_USE;
/* The same, written; as snprintf. */
size_t ox_slice_text(const ox_slice *s, char *buf, size_t size);
/* The next (1) or previous (-1) slice, the last index first; false at the end. */
bool ox_slice_step(ox_slice *s, int by);
void ox_slice_transpose(ox_slice *s);

#endif
