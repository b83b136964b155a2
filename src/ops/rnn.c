/* Floor 3. Recurrent layers: LSTM, GRU, RNN. */
#include "ops/infer.h"
#include "ops/rnn.h"

static ox_status infer_rnn(ox__inf *c)
{
    ox_dtype dtype = ox__inf_dtype(c, 0);
    bool batch_first = ox__inf_int(c, "layout", 0) != 0;
    int64_t n_dir = ox__inf_string_is(c, "direction", "bidirectional") ? 2 : 1,
            hidden = ox__inf_int(c, "hidden_size", 0);
    ox_dim seq = ox__inf_unknown(c, "the sequence length of an unknown input");
    ox_dim batch = ox__inf_unknown(c, "the batch of an unknown input"), h, d = ox__inf_const(c, n_dir);
    if (ox__inf_ranked(c, 0)) {
        if (c->in[0].rank != 3) return ox__inf_fail(c, "the input has %d dims, 3 are needed", (int)c->in[0].rank);
        seq = c->in[0].dims[batch_first];
        batch = c->in[0].dims[!batch_first];
    }
    if (hidden > 0)
        h = ox__inf_const(c, hidden);
    else
        h = ox__inf_ranked(c, 2) && c->in[2].rank == 3 ? c->in[2].dims[2]
                                                       : ox__inf_unknown(c, "hidden_size is not given");
    ox_dim y_seq[4] = {seq, d, batch, h}, y_batch[4] = {batch, seq, d, h};
    ox_dim s_seq[3] = {d, batch, h}, s_batch[3] = {batch, d, h};
    ox_status s = ox__inf_out(c, 0, dtype, 4, batch_first ? y_batch : y_seq);
    for (size_t o = 1; s == OX_OK && o < c->n_out; o++) s = ox__inf_out(c, o, dtype, 3, batch_first ? s_batch : s_seq);
    return s;
}

static const ox__op_row rows[] = {
    {"GRU", infer_rnn, ox__eval_gru, 0},
    {"LSTM", infer_rnn, ox__eval_lstm, 0},
    {"RNN", infer_rnn, ox__eval_rnn, 0},
};
const ox__op_family ox__ops_rnn = {rows, OX__COUNT(rows), NULL};
