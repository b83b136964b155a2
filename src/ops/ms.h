/* Floor 3. Operators of com.microsoft: what exporters and ONNX Runtime's own optimizer write. */
#ifndef ONNXSH_OPS_MS_H
#define ONNXSH_OPS_MS_H

#include "ops/infer.h"

/* ---- inference: ms_attention.c ---- */
ox_status ox__ms_attention(ox__inf *c);
ox_status ox__ms_multi_head(ox__inf *c);
ox_status ox__ms_group_query(ox__inf *c);
ox_status ox__ms_packed_attention(ox__inf *c);
ox_status ox__ms_packed_multi_head(ox__inf *c);
ox_status ox__ms_embed_layer_norm(ox__inf *c);
ox_status ox__ms_beam_search(ox__inf *c);
ox_status ox__ms_greedy_search(ox__inf *c);

/* ---- evaluation: ms_eval.c, ms_norm_eval.c ---- */
ox_status ox__ms_eval_gelu(ox__ev *e); /* and with a bias, fast, quick */
ox_status ox__ms_eval_matmul(ox__ev *e);
ox_status ox__ms_eval_nbits(ox__ev *e);
ox_status ox__ms_eval_qlinear(ox__ev *e); /* Add, Mul, Sigmoid, LeakyRelu */
ox_status ox__ms_eval_cdist(ox__ev *e);
ox_status ox__ms_eval_skip_norm(ox__ev *e);
ox_status ox__ms_eval_simplified_norm(ox__ev *e);

#endif
