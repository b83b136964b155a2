/* Floor 1. The two files of the ONNX textual syntax: structure in print_onnx.c, words, types and data in
 * print_onnx_data.c. */
#ifndef ONNXSH_IR_PRINT_ONNX_H
#define ONNXSH_IR_PRINT_ONNX_H

#include "ir/print.h"

/* What the syntax cannot say; each is told once. */
typedef enum ox__onnx_note {
    OX__ONNX_DOC,
    OX__ONNX_METADATA,
    OX__ONNX_WORD,
    OX__ONNX_TENSOR_NAME,
    OX__ONNX_ATTR,
    OX__ONNX_SPARSE,
    OX__ONNX_TYPE,
    OX__ONNX_DENOTATION,
    OX__ONNX_WEIGHTS,
    OX__ONNX_LOST,
    OX__ONNX_TRAINING,
    OX__N_ONNX_NOTES
} ox__onnx_note;
void ox__onnx_note_it(ox__printer *p, ox__onnx_note note);

bool ox__onnx_is_word(const char *s, size_t n); /* an identifier of the grammar */
/* Where the grammar takes an identifier only: s made into one (and noted) if it is none. `reserved`: words that begin
 * a type or a number must not stand here either. */
void ox__onnx_word(ox__printer *p, const char *s, size_t n, bool reserved);
void ox__onnx_quoted(ox__printer *p, const char *s, size_t n);
void ox__onnx_quoted_str(ox__printer *p, ox_str s);
void ox__onnx_id(ox__printer *p, ox_str s); /* bare, or quoted where that is needed */
void ox__onnx_value(ox__printer *p, ox_value v);

void ox__onnx_float(ox__printer *p, double v);

/* The type and a blank; nothing, and false, if the syntax has no such type. */
bool ox__onnx_type(ox__printer *p, ox_type t);
bool ox__onnx_can_type(const ox_model *m, ox_type t);

/* `float[2]`, and whether data follows: ` {1, 2}`. */
void ox__onnx_tensor_type(ox__printer *p, const ox_tensor_info *t);
void ox__onnx_tensor_data(ox__printer *p, ox_tensor t);
/* Whether the data of t are written: the weights of a short print are not. */
bool ox__onnx_has_data(ox__printer *p, ox_tensor t);

#endif
