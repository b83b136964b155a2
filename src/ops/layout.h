/* Floor 3. Operators that move whole elements: how they are computed (layout_eval.c, pad_eval.c), for their rows
 * (layout.c). */
#ifndef ONNXSH_OPS_LAYOUT_H
#define ONNXSH_OPS_LAYOUT_H

#include "ops/infer.h"

ox_status ox__eval_center_crop_pad(ox__ev *e);
ox_status ox__eval_concat(ox__ev *e);
ox_status ox__eval_depth_to_space(ox__ev *e);
ox_status ox__eval_pad(ox__ev *e);
ox_status ox__eval_slice(ox__ev *e);
ox_status ox__eval_space_to_depth(ox__ev *e);
ox_status ox__eval_split(ox__ev *e);
ox_status ox__eval_transpose(ox__ev *e);

/* The resolved range of one axis of length d: first index and count. false: not defined. */
bool ox__slice_range(int64_t d, int64_t start, int64_t end, int64_t step, int64_t *first, int64_t *count);

#endif
