/* Floor 3. What image.c's rows evaluate. */
#ifndef ONNXSH_OPS_IMAGE_H
#define ONNXSH_OPS_IMAGE_H

#include "ops/eval.h"

/* Lengths under keep_aspect_ratio_policy: every axis is scaled by the same factor. Changes size[0..n-1]; *scale gets
 * the factor. */
void ox__resize_keep(const int64_t *from, int64_t *size, size_t n, bool larger, double *scale);

ox_status ox__eval_resize(ox__ev *e);
ox_status ox__eval_upsample(ox__ev *e);
ox_status ox__eval_grid_sample(ox__ev *e);
ox_status ox__eval_affine_grid(ox__ev *e);
ox_status ox__eval_roi_align(ox__ev *e);
ox_status ox__eval_max_roi_pool(ox__ev *e);
ox_status ox__eval_nms(ox__ev *e);

#endif
