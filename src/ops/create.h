/* Floor 3. What the rows of create.c compute with: constants and ranges stand beside the rows, random numbers in
 * random_eval.c, windows in window_eval.c. */
#ifndef ONNXSH_OPS_CREATE_H
#define ONNXSH_OPS_CREATE_H

#include "ops/blocks.h"

ox_status ox__eval_random_normal(ox__ev *e);
ox_status ox__eval_random_uniform(ox__ev *e);
ox_status ox__eval_bernoulli(ox__ev *e);
ox_status ox__eval_multinomial(ox__ev *e);

ox_status ox__eval_constant_of_shape(ox__ev *e);
ox_status ox__eval_eye_like(ox__ev *e);
ox_status ox__eval_range(ox__ev *e);
ox_status ox__eval_window(ox__ev *e);
ox_status ox__eval_mel_weights(ox__ev *e);

#endif
