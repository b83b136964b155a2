/* Floor 3. The tensors of an archive as rows of ox__arrays. */
#ifndef ONNXSH_IO_TORCHSCRIPT_ROWS_H
#define ONNXSH_IO_TORCHSCRIPT_ROWS_H

#include "io/arrays.h"
#include "io/torchscript/archive.h"

/* Adds every tensor of data.pkl, named by the path to it: "layer1.0.conv1.weight". Of a checkpoint that holds its
 * weights in one of several dicts ({"epoch": 3, "state_dict": {...}, ...}), the name of that dict is left out. Tensors
 * that share a storage stay spans of the same bytes. */
ox_status ox__archive_rows(ox__archive *a, ox__arrays *arrays, ox_error *err) OX_MUST_USE;
/* Adds the tensors of constants.pkl as CONSTANTS.c0, ..., those inside of a constant as CONSTANTS.c1.0. */
ox_status ox__archive_constant_rows(ox__archive *a, ox__arrays *arrays, ox_error *err) OX_MUST_USE;

#endif
