/* Floor 4. An engine: one row of engines.def names an ox__engine. */
#ifndef ONNXSH_RUNTIME_ENGINE_H
#define ONNXSH_RUNTIME_ENGINE_H

#include "ir/data.h"

#include <onnxsh/run.h>

typedef struct ox__engine {
    const char *name, *help;
    /* As ox_run, after the inputs were checked; out is all NULL, and is cleared by the caller after a failure. */
    ox_status (*run)(ox_model *m, const ox_run_options *opt, size_t n_in, ox_data *const *in, ox_data **out,
                     ox_error *err);
} ox__engine;

#endif
