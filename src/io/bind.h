/* Floor 3. Where weights are bound from: a file of arrays, or the initializers of an ONNX model, as rows of ox__arrays.
 */
#ifndef ONNXSH_IO_BIND_H
#define ONNXSH_IO_BIND_H

#include "io/arrays.h"

#include <onnxsh/io.h>

typedef struct ox__weights {
    ox__arrays arrays;
    ox_model *model;            /* of an .onnx, owned: rows are its initializers */
    OX__VEC(ox_tensor) tensors; /* of each row then */
    uint32_t *files;            /* what index each file of the source has in the target, + 1; 0 = not handed over */
} ox__weights;

/* *w is overwritten; ox__weights_close frees it, also after a failure. */
ox_status ox__weights_open(ox__weights *w, const char *path, const ox_open_options *opt, ox_error *err) OX_MUST_USE;
void ox__weights_close(ox__weights *w);
/* Makes the rows whose wanted[i] is true ready for ox__weights_take. */
ox_status ox__weights_prepare(ox__weights *w, const bool *wanted, const ox_task *task, ox_error *err) OX_MUST_USE;
/* Adds row i as a tensor of m, which takes over the mapped files that it needs. */
ox_status ox__weights_take(ox__weights *w, ox_model *m, size_t i, ox_tensor *out, ox_error *err) OX_MUST_USE;

#endif
