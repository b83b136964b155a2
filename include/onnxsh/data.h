/* Run-time data: what a value holds while a model runs. A tensor with its elements, a sequence, an optional or a map.
 *
 * Data stands beside the models: it owns its bytes, is counted by references, and may pass from one model to another.
 * Once it is shared (handed to anything else) it is not changed any more. Counting is not atomic: the thread that owns
 * the model owns its data; worker threads touch bytes only. */
#ifndef ONNXSH_DATA_H
#define ONNXSH_DATA_H

#include <onnxsh/tensor.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct ox_data ox_data;

typedef enum ox_data_kind {
    OX_DATA_TENSOR = 1,
    OX_DATA_SEQUENCE, /* items */
    OX_DATA_OPTIONAL, /* no item, or one */
    OX_DATA_MAP       /* keys (a tensor of rank 1) and as many items, or one tensor that holds all values */
} ox_data_kind;

/* An element of a string tensor: bytes, possibly invalid UTF-8, not terminated. */
typedef struct ox_bytes {
    const char *p;
    size_t n;
} ox_bytes;

/* The parts, borrowed. */
typedef struct ox_data_info {
    ox_data_kind kind;
    ox_dtype dtype; /* TENSOR: of the elements; SEQUENCE, OPTIONAL: of a tensor inside, UNDEFINED = not stated */
    uint32_t rank;
    const int64_t *dims;
    uint64_t n;       /* TENSOR: elements; SEQUENCE, OPTIONAL, MAP: items */
    uint64_t n_bytes; /* TENSOR: of the canonical form; of STRING, of its ox_bytes alone */
    const void *data; /* TENSOR: canonical elements (dtype.h), never NULL; of STRING an array of ox_bytes */
    ox_data *const *items;
    const ox_data *keys; /* MAP */
} ox_data_info;
OX_API ox_data_info ox_data_get(const ox_data *d);

/* Takes one more reference; returns d. NULL is fine. */
OX_API ox_data *ox_data_ref(ox_data *d);
/* Gives a reference back; the last one frees. NULL is fine. */
OX_API void ox_data_free(ox_data *d);

/* Makes a tensor of zeroes; *bytes (may be NULL) gets its elements, to be filled before it is shared. OX_E_LIMIT when
 * dims are negative or the size overflows. Not for STRING. */
OX_API OX_MUST_USE ox_status ox_data_tensor(ox_data **out, ox_dtype dtype, uint32_t rank, const int64_t *dims,
                                            void **bytes, ox_error *err);
/* Makes a tensor of strings; the texts are copied. */
OX_API OX_MUST_USE ox_status ox_data_strings(ox_data **out, uint32_t rank, const int64_t *dims, const ox_bytes *texts,
                                             ox_error *err);
/* The same elements under other dims of the same product; the bytes are shared. */
OX_API OX_MUST_USE ox_status ox_data_reshaped(ox_data **out, ox_data *d, uint32_t rank, const int64_t *dims,
                                              ox_error *err);
/* A sequence or an optional of n items, which get a reference each. dtype: of the tensors inside, for an empty one. */
OX_API OX_MUST_USE ox_status ox_data_list(ox_data **out, ox_data_kind kind, ox_dtype dtype, size_t n,
                                          ox_data *const *items, ox_error *err);
/* A map: keys is a tensor of rank 1 of an integer type or of strings; values one tensor with an element for each. */
OX_API OX_MUST_USE ox_status ox_data_map(ox_data **out, ox_data *keys, ox_data *values, ox_error *err);
/* Reads a tensor of a model: raw, typed, sparse (made dense), strings. OX_E_NOT_FOUND for lost data. max_bytes: more
 * is OX_E_LIMIT. */
OX_API OX_MUST_USE ox_status ox_data_of_tensor(ox_data **out, const ox_model *m, ox_tensor t, uint64_t max_bytes,
                                               ox_error *err);
/* Adds a tensor's data to a model. */
OX_API OX_MUST_USE ox_status ox_data_to_tensor(ox_model *m, ox_tensor *out, const ox_data *d, ox_error *err);
/* The type that the data has, as one of the model: all dims constant. {0} for a map or when out of memory. */
OX_API ox_type ox_data_type(ox_model *m, const ox_data *d);

#ifdef __cplusplus
}
#endif
#endif
