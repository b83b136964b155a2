/* Floor 5. What a module holds beside weights, built where it is read. */
#ifndef ONNXSH_CONVERT_LITERAL_H
#define ONNXSH_CONVERT_LITERAL_H

#include "convert/pass.h"

/* The value of that type that the text stands for, made in front of `before`; path is that of the attribute, for the
 * weights inside it. *ok = false: the text is none of that type. */
ox_status ox__literal_build(ox__conv *c, ox_node before, const char *text, size_t n, ox__buf *path, ox_type type,
                            ox_value *out, bool *ok) OX_MUST_USE;

#endif
