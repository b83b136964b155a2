/* Floor 7. Summing a tensor up while keys are answered: its statistics, and a copy of it where its bytes do not stand
 * in the file as they are. It rests between pieces, so whoever changes the model stops it first. */
#ifndef ONNXSH_APP_TUI_SUM_H
#define ONNXSH_APP_TUI_SUM_H

#include <onnxsh/job.h>
#include <onnxsh/tensor.h>

typedef enum ox_sum_state { OX_SUM_NONE, OX_SUM_AT_WORK, OX_SUM_DONE, OX_SUM_FAILED } ox_sum_state;

typedef struct ox_sum {
    ox_sum_state state;
    ox_job *job;
    const ox_model *m;
    ox_tensor t;
    ox_tensor_stats_t stats; /* DONE */
    uint8_t *bytes;          /* DONE: the canonical bytes of a tensor that is encoded in another way; else NULL */
    ox_error error;          /* FAILED */
} ox_sum;

/* True for what has numbers that can be summed up. */
bool ox_sum_can(const ox_tensor_info *k);
/* Works for about a millisecond; true until it is done or has failed. */
bool ox_sum_work(ox_sum *s, const ox_model *m, ox_tensor t);
/* Stops it, and forgets what it found; what is done stays if keep. */
void ox_sum_stop(ox_sum *s, bool keep);
/* How much is done, of 100. */
unsigned ox_sum_percent(const ox_sum *s);

#endif
