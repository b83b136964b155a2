/* Floor 3. Files of torch.save and torch.jit.save as arrays: what their trees hold of tensors, named by the path to
 * each. */
#ifndef ONNXSH_IO_TORCH_H
#define ONNXSH_IO_TORCH_H

#include "io/arrays.h"

/* True if the bytes begin like what torch.save wrote before it wrote zip archives. */
bool ox__torch_is_legacy(const uint8_t *p, uint64_t n);
/* True if the open zip is one of PyTorch, whether it can be read or not. */
bool ox__torch_is_archive(const ox__zip *zip);
/* Adds the rows of a file, whose map is a->files[0], and whose zip is open unless it is a legacy one. */
ox_status ox__torch_read(ox__arrays *a, bool legacy, ox_error *err) OX_MUST_USE;

#endif
