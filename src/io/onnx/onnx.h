/* Floor 3. What a model that was read from a .onnx file remembers of it (ox_model.io), so that saving copies what was
 * not changed.
 *
 * A record is a field of the file whose message the IR knows as a thing of its own: a graph, a function, a node, an
 * input, an output, an initializer, a value_info, a tensor of an attribute. Records are numbered from 1; rows of the IR
 * and tensors keep the number as `src`, and rec_at says where the field's tag stands. The records inside a graph or
 * function follow its own, in the order of the file, so that a walk of it can count along. */
#ifndef ONNXSH_IO_ONNX_ONNX_H
#define ONNXSH_IO_ONNX_ONNX_H

#include "io/onnx/message.h"
#include "ir/ir.h"

#include <onnxsh/io.h>

/* Field numbers that several files need. */
enum {
    OX__MODEL_GRAPH = 7,
    OX__MODEL_OPSET = 8,
    OX__MODEL_METADATA = 14,
    OX__MODEL_TRAINING = 20,
    OX__MODEL_FUNCTION = 25,
    OX__GRAPH_NODE = 1,
    OX__GRAPH_NAME = 2,
    OX__GRAPH_INIT = 5,
    OX__GRAPH_DOC = 10,
    OX__GRAPH_INPUT = 11,
    OX__GRAPH_OUTPUT = 12,
    OX__GRAPH_INFO = 13,
    OX__GRAPH_ANNOTATION = 14,
    OX__GRAPH_SPARSE = 15,
    OX__GRAPH_METADATA = 16,
    OX__FUNC_NAME = 1,
    OX__FUNC_INPUT = 4,
    OX__FUNC_OUTPUT = 5,
    OX__FUNC_ATTR = 6,
    OX__FUNC_NODE = 7,
    OX__FUNC_DOC = 8,
    OX__FUNC_OPSET = 9,
    OX__FUNC_DOMAIN = 10,
    OX__FUNC_DEFAULT = 11,
    OX__FUNC_INFO = 12,
    OX__FUNC_OVERLOAD = 13,
    OX__FUNC_METADATA = 14
};

/* A file of external data that tensors name. */
typedef struct ox__data_file {
    ox_str location;
    uint32_t file; /* of the model's files; UINT32_MAX when it could not be opened */
} ox__data_file;

/* A TypeProto of the file and the type that it became: most value_infos of a model are alike. */
typedef struct ox__seen_type {
    uint64_t at;
    uint32_t n;
    ox_type type;
} ox__seen_type;

/* A record that protobuf merges from several fields. */
typedef struct ox__merged {
    uint32_t rec;
    ox__msg msg;
} ox__merged;

/* A text inside a message that the IR does not know (a quantization annotation, a placement on devices, a binding of
 * training) that names a value: it follows when the value is renamed. */
typedef struct ox__named {
    uint64_t at; /* of the text's first byte */
    uint32_t value;
} ox__named;

typedef struct ox__onnx {
    uint32_t file;        /* the source, one of the model's files */
    const uint8_t *start; /* its bytes */
    uint64_t size;
    bool mapped; /* they are a map, not memory of our own */
    OX__VEC(uint64_t) rec_at;
    OX__VEC(uint32_t) rec_id;   /* row of the record: graph, node, item or value; 0 = none */
    OX__VEC(ox__merged) merged; /* by rec */
    OX__VEC(ox__seen_type) types;
    ox__index type_index; /* by the bytes: ids are places in types */
    OX__VEC(ox__data_file) data;
    ox__index data_index;     /* by location: place in data + 1 */
    OX__VEC(ox__named) named; /* by place */
    ox__arena arena;          /* parts of merged messages */
    uint64_t here[2];         /* device and inode of the file as it lies on the disk now: saving replaces it */
} ox__onnx;

static inline ox__onnx *ox__onnx_of(const ox_model *m);
void ox__onnx_free(void *io);
/* The message of record rec; absent for 0. */
ox__msg ox__onnx_record(const ox__onnx *io, uint32_t rec);
/* The same with the field itself: *f has its place and number. */
bool ox__onnx_record_field(const ox__onnx *io, uint32_t rec, ox__field *f);
/* The type that the TypeProto of these bytes of the file became; false if it was never read. */
bool ox__onnx_seen_type(const ox__onnx *io, const uint8_t *p, uint64_t n, ox_type *t);
/* The first entry of `named` at p or behind it. */
size_t ox__onnx_named_from(const ox__onnx *io, const uint8_t *p);
bool ox__onnx_add_type(ox__onnx *io, const uint8_t *p, uint64_t n, ox_type t);

/* Whether a field of a graph (function: the other table) is a record of its own. */
static inline bool ox__graph_field_is_record(uint32_t number)
{
    return number == OX__GRAPH_NODE || number == OX__GRAPH_INIT || number == OX__GRAPH_INPUT ||
           number == OX__GRAPH_OUTPUT || number == OX__GRAPH_INFO || number == OX__GRAPH_SPARSE;
}
static inline bool ox__func_field_is_record(uint32_t number)
{
    return number == OX__FUNC_NODE || number == OX__FUNC_INPUT || number == OX__FUNC_OUTPUT || number == OX__FUNC_INFO;
}

static inline ox__onnx *ox__onnx_of(const ox_model *m)
{
    return m->io_free == ox__onnx_free ? m->io : NULL;
}

#endif
