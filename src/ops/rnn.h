/* Floor 3. What rnn.c's rows evaluate. */
#ifndef ONNXSH_OPS_RNN_H
#define ONNXSH_OPS_RNN_H

#include "ops/eval.h"

ox_status ox__eval_rnn(ox__ev *e);
ox_status ox__eval_gru(ox__ev *e);
ox_status ox__eval_lstm(ox__ev *e);

#endif
