/* Floor 3. Operators with blocks: how they run (control_eval.c), for their rows (control.c). */
#ifndef ONNXSH_OPS_CONTROL_H
#define ONNXSH_OPS_CONTROL_H

#include "ops/infer.h"

ox_status ox__eval_if(ox__ev *e);
ox_status ox__eval_loop(ox__ev *e);
ox_status ox__eval_scan(ox__ev *e);
ox_status ox__eval_sequence_map(ox__ev *e);

#endif
