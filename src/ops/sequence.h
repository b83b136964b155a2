/* Floor 3. Operators on sequences and optionals: how they are computed (sequence_eval.c), for their rows (sequence.c).
 */
#ifndef ONNXSH_OPS_SEQUENCE_H
#define ONNXSH_OPS_SEQUENCE_H

#include "ops/infer.h"

ox_status ox__eval_concat_from_sequence(ox__ev *e);
ox_status ox__eval_optional(ox__ev *e);
ox_status ox__eval_optional_get(ox__ev *e);
ox_status ox__eval_optional_has(ox__ev *e);
ox_status ox__eval_sequence_at(ox__ev *e);
ox_status ox__eval_sequence_construct(ox__ev *e);
ox_status ox__eval_sequence_empty(ox__ev *e);
ox_status ox__eval_sequence_erase(ox__ev *e);
ox_status ox__eval_sequence_insert(ox__ev *e);
ox_status ox__eval_sequence_length(ox__ev *e);
ox_status ox__eval_split_to_sequence(ox__ev *e);

#endif
