/* Floor 7. What `run` and commands like it share: taking inputs from options, summing results up. */
#ifndef ONNXSH_APP_CMD_RUN_IO_H
#define ONNXSH_APP_CMD_RUN_IO_H

#include "app/cmd.h"

#include <onnxsh/data.h>

/* One for each input of the main graph; NULL where nothing was given. */
typedef struct ox_run_inputs {
    size_t n;
    ox_data **data;
} ox_run_inputs;

/* The value of an option that is a whole number from 0 on, or def where it is not given. */
ox_status ox_run_number(const ox_args *a, const char *name, int64_t def, int64_t *out, ox_error *err) OX_MUST_USE;
/* By --inputs, --random and --dim. Symbols that random data took for 1 are told on standard error. all: an input that
 * has nothing afterwards is an error. */
ox_status ox_run_inputs_take(ox_session *s, const ox_model *m, const ox_args *a, uint64_t seed, bool all,
                             ox_run_inputs *out, ox_error *err) OX_MUST_USE;
void ox_run_inputs_free(ox_run_inputs *in);
/* The name under which a value's data goes to files and programs: its own, "%17" for one without. */
const char *ox_run_value_name(const ox_model *m, ox_value v, char *buf, size_t size);
/* A table of named data, or JSON; path: where they were written, NULL = nowhere. */
ox_status ox_run_summary(ox_session *s, const ox_data_set *set, const char *path, ox_error *err) OX_MUST_USE;

#endif
