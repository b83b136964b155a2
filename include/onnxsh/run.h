/* Running a model: the built-in evaluator, or another engine behind the same interface. */
#ifndef ONNXSH_RUN_H
#define ONNXSH_RUN_H

#include <onnxsh/data.h>
#include <onnxsh/graph.h>

#ifdef __cplusplus
extern "C" {
#endif

/* A row for each engine. */
typedef struct ox_engine_row {
    const char *name; /* "built-in", "ort" */
    const char *help;
} ox_engine_row;
OX_API size_t ox_engines(const ox_engine_row **rows);

typedef struct ox_run_options {
    const char *engine;  /* a row's name; NULL = the first, the built-in evaluator */
    const char *library; /* ort: the path of ONNX Runtime's shared library; NULL = looked for (see ox_run) */
    unsigned threads;    /* 0 = as many as there are processors */
    uint64_t seed;       /* of random operators; the built-in evaluator only */
    uint64_t max_bytes;  /* that values may take at one time; 0 = three quarters of the machine's memory */
    uint64_t max_nodes;  /* nodes that may run in all, iterations of loops counted; 0 = no limit */
    size_t n_fetch;      /* more values that are wanted, of the main graph; of a block, what its last iteration made */
    const ox_value *fetch;
    bool only_fetch; /* compute what the fetched values need and nothing else: out is NULL for the outputs, and inputs
                        that are not needed may lack data; the built-in evaluator only */
    const ox_task *task; /* may be NULL */
} ox_run_options;

/* Runs the main graph of an ONNX model. in has n_in data for its inputs, in order, borrowed; NULL where an initializer
 * is the default. out gets a reference for each of its outputs, then for each fetched value (NULL where nothing made
 * it); nothing when this fails. Inputs are held against the declared types first: OX_E_INVALID names the input.
 * OX_E_UNSUPPORTED: an operator that the engine cannot compute; OX_E_CHECK: inputs of an operator that cannot go
 * together; OX_E_LIMIT: a limit above. Each names the node. The model is not changed.
 *
 * ONNX Runtime is looked for as `library` says, else under $ONNXRUNTIME_LIB, by the system's loader
 * (libonnxruntime.so), in the Python packages of python3 on $PATH and of an active virtual environment, and in
 * node_modules above the current directory. OX_E_NOT_FOUND tells where it was looked for. */
OX_API OX_MUST_USE ox_status ox_run(ox_model *m, const ox_run_options *opt, size_t n_in, ox_data *const *in,
                                    ox_data **out, ox_error *err);

/* What a symbol or an unknown dim stands for while random inputs are made: called with the symbol's name, "" for an
 * unknown one. */
typedef int64_t (*ox_dim_fn)(void *ud, const char *symbol);
/* Makes random data for a value of the model by its type: floats of mean 0 and variance 1, integers of 0 to 9, bools,
 * short strings. The same seed and value give the same data. OX_E_UNSUPPORTED for what is no tensor of known rank. */
OX_API OX_MUST_USE ox_status ox_data_random(ox_data **out, const ox_model *m, ox_value v, uint64_t seed, ox_dim_fn dim,
                                            void *ud, ox_error *err);

#ifdef __cplusplus
}
#endif
#endif
