/* Floor 3. Writing protobuf messages in two runs of the same code: the first counts, and notes the length of every
 * message that is opened; the second writes, with those lengths in front. So nothing is ever held, however large. */
#ifndef ONNXSH_IO_ONNX_SINK_H
#define ONNXSH_IO_ONNX_SINK_H

#include "base/file.h"
#include "io/onnx/message.h"

typedef struct ox__sink {
    ox__save *save;     /* NULL: the counting run */
    const ox__map *map; /* the source file, for copies */
    const ox_task *task;
    uint64_t n;              /* bytes so far */
    OX__VEC(uint64_t) sizes; /* of the opened messages, in order */
    size_t next;             /* writing: the next of them */
    const ox__map *from;     /* a copy that waits for its neighbour */
    uint64_t at, waiting;
    bool nomem;
    bool differs; /* the second run wrote other lengths than the first counted */
} ox__sink;

/* What ox__sink_begin remembers for ox__sink_end. */
typedef struct ox__open_msg {
    size_t index;
    uint64_t start;
} ox__open_msg;

void ox__sink_bytes(ox__sink *k, const void *p, size_t n);
void ox__sink_varint(ox__sink *k, uint64_t v);
void ox__sink_tag(ox__sink *k, uint32_t field, uint32_t wire);
void ox__sink_int(ox__sink *k, uint32_t field, int64_t v);
void ox__sink_float(ox__sink *k, uint32_t field, float v);
void ox__sink_text(ox__sink *k, uint32_t field, const void *p, size_t n);
ox__open_msg ox__sink_begin(ox__sink *k, uint32_t field);
void ox__sink_end(ox__sink *k, ox__open_msg o);
/* Copies a range of the source file, or of another map. */
void ox__sink_copy(ox__sink *k, uint64_t at, uint64_t n);
void ox__sink_copy_map(ox__sink *k, const ox__map *map, uint64_t at, uint64_t n);
/* Copies a whole field, its tag included, that ends where `end` points. */
static inline void ox__sink_field(ox__sink *k, const ox__field *f, const uint8_t *end)
{
    ox__sink_copy(k, (uint64_t)(f->at - k->map->p), (uint64_t)(end - f->at));
}
/* Ends the counting run (save given) or the writing run (NULL): OX_E_NOMEM, or OX_E_IO when the runs differ, which
 * only a file that changes meanwhile can cause. */
ox_status ox__sink_turn(ox__sink *k, ox__save *save, ox_error *err) OX_MUST_USE;
void ox__sink_free(ox__sink *k);

#endif
