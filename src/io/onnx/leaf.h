/* Floor 3. The small messages, unpacked by protobuf-c. It copies all it reads, recurses without a limit and ends texts
 * at a NUL, so every message is checked by its descriptor first, and its memory is an arena with a cap. */
#ifndef ONNXSH_IO_ONNX_LEAF_H
#define ONNXSH_IO_ONNX_LEAF_H

#include "io/onnx/message.h"

#include <onnx.pb-c.h>

/* Memory of one unpacked message at a time; all zero to begin with. Its owner frees the arena. */
typedef struct ox__leaf {
    ox__arena arena;
    size_t left;
    bool over, nomem; /* why an allocation was refused */
} ox__leaf;

/* Unpacks g, which begins `depth` messages below the model, into leaf (what was there before is gone). file stands in
 * errors, which have the offset. The message lives until the next call. */
ox_status ox__leaf_unpack(ox__leaf *leaf, const ProtobufCMessageDescriptor *type, const ox__msg *g, unsigned depth,
                          const char *file, ProtobufCMessage **out, ox_error *err) OX_MUST_USE;

#endif
