/* Floor 3. What the files of this folder share among themselves. */
#ifndef ONNXSH_IO_ARRAYS_ARRAYS_IN_H
#define ONNXSH_IO_ARRAYS_ARRAYS_IN_H

#include "io/arrays.h"

/* Bytes of a .npy file or entry that hold its header at most. */
enum { OX__NPY_HEADER = 16 << 10 };

/* Sets n_bytes from dtype and dims; false when that overflows. */
bool ox__array_size(ox__array *row);

bool ox__npy_sniff(const uint8_t *p, uint64_t n);
/* Reads the header at the beginning of n bytes of a file or entry that has `total` bytes: dtype, dims, skip, ... */
ox_status ox__npy_header(ox__arrays *a, ox__array *row, const uint8_t *p, size_t n, uint64_t total,
                         ox_error *err) OX_MUST_USE;
ox_status ox__npz_read(ox__arrays *a, ox_error *err) OX_MUST_USE;

bool ox__safetensors_sniff(const uint8_t *p, uint64_t n);
ox_status ox__safetensors_read(ox__arrays *a, ox_error *err) OX_MUST_USE;

#endif
