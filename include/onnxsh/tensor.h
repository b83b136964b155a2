/* Tensors: constant data. A tensor is a dtype, dims and a storage: a span of a mapped file (never copied at load), or
 * bytes that the model owns. Tensors are immutable; to change a value's data, give the value another tensor. */
#ifndef ONNXSH_TENSOR_H
#define ONNXSH_TENSOR_H

#include <onnxsh/type.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ox_storage {
    OX_STORAGE_FILE,   /* a span of a mapped file */
    OX_STORAGE_OWNED,  /* bytes owned by the model */
    OX_STORAGE_SPARSE, /* `values` and `indices` are tensors of their own */
    OX_STORAGE_LOST    /* a dump printed `<Tensor>`: the data is not in the file */
} ox_storage;

/* How the stored bytes encode the elements. VARINT and STRINGS are how protobuf stored the typed fields. */
typedef enum ox_encoding {
    OX_ENC_RAW,     /* canonical: little endian, sub-byte elements packed low bits first */
    OX_ENC_VARINT,  /* packed varints: int32_data, int64_data, uint64_data (int32_data holds bit patterns for the
                       6-, 8- and 16-bit floats; for 4-bit types two elements a varint, for 2-bit types four) */
    OX_ENC_STRINGS, /* STRING: elements are `strings` */
    OX_ENC_SCALED   /* FLOAT, raw; each element times the one of `scales` for its first index, in double: weights that
                       took in what followed them are computed as they are read */
} ox_encoding;

/* What the integers of a quantised tensor of PyTorch stand for: scale * (integer - zero point). */
typedef struct ox_quantization {
    ox_str scheme;      /* "per_tensor_affine" */
    bool per_channel;   /* each index of dim `axis` has its own of `scales` and `zero_points`, else: */
    double scale;       /* of all elements */
    int64_t zero_point; /* "" */
    int64_t axis;
    ox_tensor scales, zero_points; /* {0}: they cannot be read */
} ox_quantization;

typedef struct ox_tensor_info {
    ox_str name; /* TensorProto.name; the value's name decides when it is saved as an initializer */
    ox_dtype dtype;
    uint32_t rank;
    const int64_t *dims;
    uint64_t n_elements; /* product of dims; for SPARSE of the dense dims */
    ox_storage storage;
    ox_encoding encoding;
    bool rounded;                 /* read from a dump that printed rounded floats */
    bool external;                /* came from an external data file */
    bool typed;                   /* the file has the elements in a typed field (int64_data, ...), not as raw bytes */
    uint32_t file;                /* FILE: index of the mapped file in the model */
    uint64_t offset, n_bytes;     /* FILE: span; OWNED: n_bytes */
    const void *data;             /* OWNED with RAW or VARINT encoding */
    const ox_str *strings;        /* STRINGS: n_elements of them */
    const double *scales;         /* SCALED: dims[0] of them */
    ox_tensor values, indices;    /* SPARSE */
    const ox_quantization *quant; /* NULL: its elements are numbers as they are */
    ox_str doc;
    uint32_t n_metadata;
    const ox_pair *metadata;
    uint32_t shared; /* of a file of PyTorch: tensors of one number are views of one storage; 0 = not known */
    uint32_t source; /* the record of the file it was read from (io's own), 0 = none */
} ox_tensor_info;

/* Adds a tensor; arrays and OWNED data are copied. n_elements is computed. Fails with OX_E_INVALID when dims are
 * negative or overflow, or the byte count does not fit the dims. */
OX_API OX_MUST_USE ox_status ox_tensor_add(ox_model *m, ox_tensor *out, const ox_tensor_info *info, ox_error *err);
/* Adds a dense tensor of OWNED raw bytes (canonical layout, n_bytes must fit). */
OX_API OX_MUST_USE ox_status ox_tensor_add_raw(ox_model *m, ox_tensor *out, ox_dtype dtype, uint32_t rank,
                                               const int64_t *dims, const void *data, uint64_t n_bytes, ox_error *err);
/* The parts, borrowed. A zeroed info for {0}. */
OX_API ox_tensor_info ox_tensor_get(const ox_model *m, ox_tensor t);
/* Bytes of the canonical form; 0 for STRING, SPARSE, LOST. */
OX_API uint64_t ox_tensor_raw_size(const ox_model *m, ox_tensor t);
/* Copies `n` canonical bytes from `offset` on into dst. This is how weights are read: it checks that the mapped file
 * is unchanged and survives its truncation (OX_E_IO). OX_E_NOT_FOUND for LOST data, OX_E_UNSUPPORTED for STRING/SPARSE.
 */
OX_API OX_MUST_USE ox_status ox_tensor_read(const ox_model *m, ox_tensor t, uint64_t offset, void *dst, uint64_t n,
                                            ox_error *err);
/* Streams the canonical bytes in chunks of at most 1 MiB (a whole number of elements each). fn returns OX_OK to go
 * on. A chunk points into the map where it can: it is valid during the call only, and fn must not keep it, longjmp or
 * allocate from the model. */
typedef ox_status (*ox_chunk_fn)(void *ud, const void *chunk, uint64_t n_bytes, uint64_t offset, ox_error *err);
OX_API OX_MUST_USE ox_status ox_tensor_stream(const ox_model *m, ox_tensor t, ox_chunk_fn fn, void *ud,
                                              const ox_task *task, ox_error *err);

/* Streams the canonical bytes and computes statistics; see ox_tensor_stats. Elements count as doubles. */
enum { OX_HISTOGRAM_BINS = 32 };
typedef struct ox_tensor_stats_t {
    uint64_t n, n_nan, n_inf, n_zero;
    double min, max, mean, std;       /* of the finite elements; NaN when there is none */
    uint64_t bins[OX_HISTOGRAM_BINS]; /* equal widths from min to max, finite elements */
} ox_tensor_stats_t;
OX_API OX_MUST_USE ox_status ox_tensor_stats(const ox_model *m, ox_tensor t, ox_tensor_stats_t *out,
                                             const ox_task *task, ox_error *err);

#ifdef __cplusplus
}
#endif
#endif
