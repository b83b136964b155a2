/* Floor 7. What the integers of a quantised tensor stand for, for `value` and `weights`. */
#ifndef ONNXSH_APP_CMD_QUANT_H
#define ONNXSH_APP_CMD_QUANT_H

#include "app/session.h"

/* In few words: "0.5*(q-10)", "each of dim 0"; "" where it is not quantised. */
void ox_quant_text(const ox_quantization *q, char *buf, size_t size);
/* Lines: the scheme, and the first scales and zero points. */
ox_status ox_quant_print(ox_out *o, const ox_model *m, const ox_quantization *q, ox_error *err) OX_MUST_USE;
/* The member "quantization" of the open JSON object, null without one; `all`: scales and zero points in full. */
ox_status ox_quant_json(ox_json *j, const ox_model *m, const ox_quantization *q, bool all, ox_error *err) OX_MUST_USE;

#endif
