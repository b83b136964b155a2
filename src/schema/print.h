/* Floor 2. What the printers of schemas share. They write into a buffer; a failure to grow it is sticky there. */
#ifndef ONNXSH_SCHEMA_PRINT_H
#define ONNXSH_SCHEMA_PRINT_H

#include <onnxsh/schema.h>

#include "base/base.h"

/* The newest of `s` and its older versions in full, then what each version changed; only `s` itself if `alone`. */
void ox__schema_print_onnx(ox__buf *b, const ox_op_schema *s, bool alone, size_t width);
void ox__schema_json_onnx(ox__buf *b, const ox_op_schema *s, bool alone);
/* n overloads from `first`. */
void ox__schema_print_aten(ox__buf *b, const ox_aten_schema *first, size_t n);
void ox__schema_json_aten(ox__buf *b, const ox_aten_schema *first, size_t n);

/* The default of an attribute: 1, 0.5, "NOTSET", [0, 2]; which is JSON too. */
void ox__schema_put_default(ox__buf *b, const ox_op_attr *a);
/* A set of types, forms grouped: tensor(float, double), seq(tensor(float)). */
void ox__schema_put_types(ox__buf *b, const ox_type_set *set);
/* A JSON string literal. */
void ox__schema_put_json(ox__buf *b, const char *s);

#endif
