/* Floor 3. Windows that slide over the spatial dims of an input: their attributes while a node is evaluated, and the
 * work on them. */
#ifndef ONNXSH_OPS_WINDOW_H
#define ONNXSH_OPS_WINDOW_H

#include "ops/eval.h"

enum { OX__SPATIAL = 8 }; /* spatial dims that are computed */

typedef struct ox__window {
    uint32_t n;
    int64_t kernel[OX__SPATIAL], stride[OX__SPATIAL], dilation[OX__SPATIAL], head[OX__SPATIAL], tail[OX__SPATIAL];
    int64_t in[OX__SPATIAL], out[OX__SPATIAL];
    int64_t taps, in_size, out_size; /* products of kernel, in, out */
} ox__window;

/* Reads strides, dilations, pads, auto_pad and ceil_mode for n spatial dims; with `slide` out is computed too. Fails
 * for nonsense, and where a size would not fit. */
ox_status ox__window_read(ox__ev *e, ox__window *w, uint32_t n, const int64_t *in, const int64_t *kernel,
                          bool slide) OX_MUST_USE;
/* The products, checked. */
ox_status ox__window_sizes(ox__ev *e, ox__window *w) OX_MUST_USE;
/* The outputs from..to-1 along axis i for which tap k lies inside the input; *at is the place of the first. */
void ox__window_range(const ox__window *w, uint32_t i, int64_t k, int64_t *from, int64_t *to, int64_t *at);
/* The row of the input (all spatial axes but the last) on which a tap of the window at `place` lies; -1: outside. */
int64_t ox__window_row(const ox__window *w, const int64_t *place, const int64_t *tap);
/* What ox__window_range says of the first taps of the last axis, so that it is asked once for many rows. */
enum { OX__REACHES = 16 };
typedef struct ox__reach {
    int64_t from, to, at;
} ox__reach;
void ox__window_reaches(const ox__window *w, ox__reach *table);
static inline ox__reach ox__window_reach(const ox__window *w, const ox__reach *table, int64_t k)
{
    ox__reach r;
    if (k < OX__REACHES) return table[k];
    ox__window_range(w, w->n - 1, k, &r.from, &r.to, &r.at);
    return r;
}
/* Adds one to a row-major index of n dims; false after the last. */
bool ox__index_next(int64_t *index, const int64_t *dims, uint32_t n);

/* A convolution of batch x (group * channels) x in, weights (group * maps) x channels x kernel, in float or double. */
typedef struct ox__conv {
    ox__window w;
    ox_dtype dtype;
    int64_t batch, group, channels, maps;
    const void *x, *weight, *bias; /* bias: group * maps, or NULL */
    void *y;                       /* zeroes at first */
} ox__conv;
ox_status ox__conv_run(ox__ev *e, const ox__conv *c) OX_MUST_USE;

ox_status ox__eval_conv(ox__ev *e);
ox_status ox__eval_conv_transpose(ox__ev *e);
ox_status ox__eval_deform_conv(ox__ev *e);
ox_status ox__eval_col2im(ox__ev *e);
ox_status ox__eval_conv_integer(ox__ev *e);
ox_status ox__eval_qlinear_conv(ox__ev *e);
ox_status ox__eval_average_pool(ox__ev *e);
ox_status ox__eval_max_pool(ox__ev *e);
ox_status ox__eval_lp_pool(ox__ev *e);
ox_status ox__eval_global_average(ox__ev *e);
ox_status ox__eval_global_max(ox__ev *e);
ox_status ox__eval_global_lp(ox__ev *e);
ox_status ox__eval_max_unpool(ox__ev *e);

#endif
