/* Floor 7. Statistics of a tensor, for `value` and `weights`. */
#ifndef ONNXSH_APP_CMD_STATS_H
#define ONNXSH_APP_CMD_STATS_H

#include "app/session.h"

ox_status ox_stats_of(ox_session *s, const ox_model *m, ox_tensor t, ox_tensor_stats_t *out, ox_error *err) OX_MUST_USE;
/* Members of the open JSON object. */
void ox_stats_json(ox_json *j, const ox_tensor_stats_t *k);
/* Lines and a histogram. */
void ox_stats_print(ox_out *o, const ox_tensor_stats_t *k);
/* The first elements on one line. */
ox_status ox_tensor_preview(ox_out *o, const ox_model *m, ox_tensor t, uint64_t limit, ox_error *err) OX_MUST_USE;

#endif
