/* Floor 3. Moving elements of any type. An element is `item` bytes: those of less than a byte are spread, one to a
 * byte, before they are moved, and packed afterwards; of strings it is the ox_bytes, whose texts are copied at the end.
 */
#ifndef ONNXSH_OPS_MOVE_H
#define ONNXSH_OPS_MOVE_H

#include "ops/eval.h"

/* Room for n dims, at most OX_MAX_RANK of them. NULL with *s set. */
int64_t *ox__mv_dims(ox__ev *e, size_t n, ox_status *s);

/* ox__ev_list, which says apart that memory is short. */
ox_status ox__mv_list(ox__ev *e, const char *attr, size_t i, const int64_t **out, size_t *n, bool *given);

/* ---- where from and where to ---- */

/* The elements of a, spread if need be; *item is the size of one. NULL with e->err set: out of memory. */
const uint8_t *ox__mv_source(ox__ev *e, const ox__dense *a, unsigned *item);

/* An output that is being filled. */
typedef struct ox__dest {
    size_t o;
    ox_dtype dtype;
    uint32_t rank;
    const int64_t *dims; /* the caller's, until the end */
    uint64_t n;
    unsigned item;
    uint8_t *data; /* n elements, cleared */
    void *packed;
} ox__dest;

/* Makes output o of that type and dims. */
ox_status ox__mv_begin(ox__ev *e, ox__dest *d, size_t o, ox_dtype dtype, uint32_t rank, const int64_t *dims);
/* Once d->data is filled. */
ox_status ox__mv_end(ox__ev *e, ox__dest *d);
/* The same for data that is no output: an item of a sequence. *out gets a reference. */
ox_status ox__mv_begin_data(ox__ev *e, ox__dest *d, ox_dtype dtype, uint32_t rank, const int64_t *dims);
ox_status ox__mv_end_data(ox__ev *e, ox__dest *d, ox_data **out);

/* ---- copying ---- */

/* A walk over a source with a step for each dim, of steps 0 and below too; it fills a dense target in order. */
enum { OX__VIEW_MAX = 64 };
typedef struct ox__view {
    uint32_t rank;
    bool empty;
    int64_t from; /* the first element */
    int64_t dims[OX__VIEW_MAX], step[OX__VIEW_MAX];
} ox__view; /* all zero is one element */
/* Adds an inner dim; dims that one step can walk become one. */
void ox__view_dim(ox__view *v, int64_t dim, int64_t step);
void ox__view_copy(ox__ev *e, void *dst, const void *src, unsigned item, const ox__view *v);

/* n rows of so many bytes, each a pitch after the one before. */
void ox__mv_rows(ox__ev *e, void *dst, uint64_t dst_pitch, const void *src, uint64_t src_pitch, uint64_t bytes,
                 uint64_t n);
/* Element i of each axis of the target is element map[axis][i] of the source, or left alone where that is -1. */
ox_status ox__mv_mapped(ox__ev *e, ox__dest *d, const void *src, const int64_t *src_dims, const int64_t *const *map);
/* n copies of one element. */
void ox__mv_fill(void *dst, const void *element, unsigned item, uint64_t n);

/* The elements before and after an axis: products of the dims. */
void ox__mv_around(const int64_t *dims, uint32_t rank, int64_t axis, uint64_t *outer, uint64_t *inner);

#endif
