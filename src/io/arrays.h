/* Floor 3. Files of named arrays (.npy, .npz, .safetensors, those of PyTorch) seen alike: a list of rows. Opening reads
 * names, types and places only; ox__arrays_prepare makes the bytes of the wanted rows ready, checked, as spans of
 * mapped files. */
#ifndef ONNXSH_IO_ARRAYS_H
#define ONNXSH_IO_ARRAYS_H

#include "io/zip.h"

#include <onnxsh/dtype.h>

struct ox__array;

/* Of a quantised tensor: see ox_quantization. */
typedef struct ox__array_quant {
    const char *scheme;
    bool per_channel;
    double scale;
    int64_t zero_point, axis;
    struct ox__array *scales, *zero_points; /* rows of their own that no list holds; NULL: not in place */
} ox__array_quant;

typedef struct ox__array {
    const char *name; /* raw bytes, terminated */
    size_t name_n;
    const char *unusable; /* why its elements cannot be read (a Python object, ...); NULL = they can */
    ox_dtype dtype;
    uint32_t rank;
    const int64_t *dims;
    uint64_t n_bytes; /* in canonical form */
    uint32_t file;    /* which of `files` holds the canonical bytes; OX__ARRAY_PACKED until it is prepared */
    uint64_t offset;
    /* what preparing needs */
    const ox__zip_entry *entry; /* of a zip archive */
    uint64_t skip;              /* bytes before the elements, in the entry or in the file */
    bool direct;                /* skip counts in the file though there is an entry, which is stored */
    bool swapped;               /* big endian */
    bool fortran;               /* the first index runs fastest */
    const int64_t *strides;     /* where elements do not follow each other: of each dim, in elements; NULL: they do */
    uint64_t text_width;        /* strings of so many code points of 4 bytes each, unusable as weights; 0 = no strings.
                                   n_bytes is what the file has of them */
    const ox__array_quant *quant; /* NULL: none */
    uint32_t storage;             /* rows of one number are views of one storage; 0: not known */
} ox__array;

enum { OX__ARRAY_PACKED = 0xFFFFFFFF };

typedef struct ox__arrays {
    ox__map files[2]; /* the file itself; what was unpacked of it */
    ox__zip zip;
    ox__arena arena;
    OX__VEC(ox__array) rows;
    ox__index names;
} ox__arrays;

/* Sets n_bytes from dtype and dims; false when that overflows. */
bool ox__array_size(ox__array *row);
/* Adds a row; its name is copied. Two rows of one name are OX_E_FORMAT. For readers. */
ox_status ox__arrays_add(ox__arrays *a, const char *name, size_t n, ox__array *row, ox_error *err) OX_MUST_USE;
/* True if these bytes begin like one of the formats here. */
bool ox__arrays_sniff(const uint8_t *p, uint64_t n);
/* Takes *map over (it is zeroed). *a is overwritten; ox__arrays_close frees it, also after a failure. */
ox_status ox__arrays_open(ox__arrays *a, ox__map *map, ox_error *err) OX_MUST_USE;
void ox__arrays_close(ox__arrays *a);
/* The row of that name, or NULL. */
ox__array *ox__arrays_find(ox__arrays *a, const char *name, size_t n);
/* Makes the rows whose wanted[i] is true ready: stored entries are held against their CRC; what is deflated, big
 * endian, strided or in Fortran order is unpacked into a temporary file without a name, which then is files[1]. Once
 * for each ox__arrays. */
ox_status ox__arrays_prepare(ox__arrays *a, const bool *wanted, const ox_task *task, ox_error *err) OX_MUST_USE;
/* The same for all rows that can be used, but nothing that is in place already is read: for opening. */
ox_status ox__arrays_unpack(ox__arrays *a, const ox_task *task, ox_error *err) OX_MUST_USE;

#endif
