/* Floor 3. What the files of this folder share among themselves. */
#ifndef ONNXSH_IO_ARRAYS_ARRAYS_IN_H
#define ONNXSH_IO_ARRAYS_ARRAYS_IN_H

#include "io/arrays.h"

/* Bytes of a .npy file or entry that hold its header at most. */
enum { OX__NPY_HEADER = 16 << 10 };

/* The type string of a dtype, as NumPy writes it ("<f4"), into buf; false if NumPy has no such type. */
bool ox__npy_descr(ox_dtype dtype, char *buf, size_t size);
bool ox__npy_sniff(const uint8_t *p, uint64_t n);
/* Reads the header at the beginning of n bytes of a file or entry that has `total` bytes: dtype, dims, skip, ... */
ox_status ox__npy_header(ox__arrays *a, ox__array *row, const uint8_t *p, size_t n, uint64_t total,
                         ox_error *err) OX_MUST_USE;
ox_status ox__npz_read(ox__arrays *a, ox_error *err) OX_MUST_USE;

/* Reading a strided array of the mapped file, from its first element on; all zero but for the row at the start. */
typedef struct ox__gather {
    const ox__array *row;
    uint64_t index[64]; /* of the next element, */
    uint64_t place;     /* and where it stands, in elements */
    const uint8_t *from;
    uint8_t *to;
    size_t n;
} ox__gather;
/* The next n bytes, whole elements. */
ox_status ox__gather_next(ox__gather *g, const ox__map *map, void *to, size_t n, ox_error *err) OX_MUST_USE;

bool ox__safetensors_sniff(const uint8_t *p, uint64_t n);
ox_status ox__safetensors_read(ox__arrays *a, ox_error *err) OX_MUST_USE;

#endif
