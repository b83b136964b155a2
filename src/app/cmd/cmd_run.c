/* Floor 7. run: computes a model on given or random inputs; what comes out goes to a file or is summed up. */
#include "app/cmd.h"
#include "app/cmd/run_expect.h"
#include "app/cmd/run_io.h"

#include "app/interrupt.h"

#include <onnxsh/run.h>

#include <stdlib.h>
#include <string.h>

typedef struct request {
    ox_run_options opt;
    ox_run_inputs in;
    ox_value *fetch;
    ox_data **out;
    size_t n_out;
} request;

static ox_status take_numbers(const ox_args *a, request *r, ox_error *err)
{
    int64_t seed, threads, nodes, mib;
    ox_status st = ox_run_number(a, "--seed", 0, &seed, err);
    if (st == OX_OK) st = ox_run_number(a, "--threads", 0, &threads, err);
    if (st == OX_OK) st = ox_run_number(a, "--max-nodes", 100000000, &nodes, err);
    if (st == OX_OK) st = ox_run_number(a, "--max-memory", 0, &mib, err);
    if (st != OX_OK) return st;
    r->opt.seed = (uint64_t)seed;
    r->opt.threads = threads > 1024 ? 1024 : (unsigned)threads;
    r->opt.max_nodes = (uint64_t)nodes;
    r->opt.max_bytes = (uint64_t)mib > (UINT64_MAX >> 21) ? UINT64_MAX / 2 : (uint64_t)mib << 20;
    return OX_OK;
}

/* --fetch A,B: names that hold a comma are given in an option of their own each. */
static ox_status take_fetch(const ox_model *m, const ox_args *a, request *r, ox_error *err)
{
    const char *words[OX_ARGS_MAX];
    size_t n = ox_args_all(a, "--fetch", words, OX_ARGS_MAX), cap = 0;
    for (size_t i = 0; i < n; i++) {
        cap++;
        for (const char *p = words[i]; *p; p++) cap += *p == ',';
    }
    r->fetch = calloc(cap + 1, sizeof *r->fetch);
    if (!r->fetch) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        ox_error ignored;
        if (ox_select_value(m, words[i], &r->fetch[r->opt.n_fetch], &ignored) == OX_OK) {
            r->opt.n_fetch++;
            continue;
        }
        char *copy = strdup(words[i]), *rest = copy;
        ox_status st = copy ? OX_OK : ox_error_set(err, OX_E_NOMEM, "out of memory");
        for (char *word; st == OX_OK && (word = strsep(&rest, ","));) {
            st = ox_select_value(m, word, &r->fetch[r->opt.n_fetch], err);
            r->opt.n_fetch += st == OX_OK;
        }
        free(copy);
        if (st != OX_OK) return st;
    }
    r->opt.fetch = r->fetch;
    return OX_OK;
}

static ox_status compute(ox_session *s, ox_model *m, const ox_args *a, request *r, ox_error *err)
{
    r->opt.engine = ox_args_get(a, "--engine");
    r->opt.library = ox_args_get(a, "--ort");
    r->opt.task = ox_progress_task(s->g.quiet);
    ox_status st = take_numbers(a, r, err);
    if (st == OX_OK) st = take_fetch(m, a, r, err);
    if (st == OX_OK) st = ox_run_inputs_take(s, m, a, r->opt.seed, true, &r->in, err);
    if (st != OX_OK) return st;
    r->n_out = ox_graph_n_outputs(m, ox_model_main(m)) + r->opt.n_fetch;
    r->out = calloc(r->n_out + 1, sizeof *r->out);
    if (!r->out) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    st = ox_run(m, &r->opt, r->in.n, r->in.data, r->out, err);
    ox_progress_done();
    /* The file is fine; the answer is no. */
    return st == OX_E_UNSUPPORTED ? err->code = OX_E_CHECK : st;
}

/* The results under their names, in the order of the graph; fetched ones after them. */
static ox_status name_results(const ox_model *m, request *r, ox_data_set *set, ox_error *err)
{
    size_t n = ox_graph_n_outputs(m, ox_model_main(m));
    ox_status st = OX_OK;
    for (size_t i = 0; st == OX_OK && i < r->n_out; i++) {
        ox_value v = i < n ? ox_graph_output(m, ox_model_main(m), i) : r->fetch[i - n];
        char label[64];
        const char *name = ox_run_value_name(m, v, label, sizeof label);
        if (r->out[i]) {
            st = ox_data_set_add(set, name, ox_data_ref(r->out[i]), err);
            continue;
        }
        st = ox_error_set(err, OX_E_NOT_FOUND, "%%%s was not made: the block that holds it did not run", name);
    }
    return st;
}

/* What was expected is read before anything is computed: a wrong name is told at once. */
static ox_status read_expected(ox_session *s, const char *path, ox_data_set *want, ox_error *err)
{
    return path ? ox_data_read(want, path, OX_TYPE_TENSOR, ox_progress_task(s->g.quiet), err) : OX_OK;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    request r = {0};
    ox_data_set set = {0}, want = {0};
    ox_expect e;
    ox_model *m = ox_args_get(a, "--result") ? s->result : s->model;
    const char *path = ox_args_get(a, "--outputs"), *expect = ox_args_get(a, "--expect");
    if (!m) return ox_error_set(err, OX_E_INVALID, "there is no result: `export` makes one");
    ox_status st = ox_expect_take(a, &e, err);
    if (st == OX_OK) st = read_expected(s, expect, &want, err);
    if (st == OX_OK) st = compute(s, m, a, &r, err);
    if (st == OX_OK) st = name_results(m, &r, &set, err);
    if (st == OX_OK && path) st = ox_data_write_npz(&set, path, ox_progress_task(s->g.quiet), err);
    ox_progress_done();
    if (st == OX_OK) st = expect ? ox_expect_compare(s, &set, &want, &e, err) : ox_run_summary(s, &set, path, err);
    for (size_t i = 0; r.out && i < r.n_out; i++) ox_data_free(r.out[i]);
    free(r.out);
    free(r.fetch);
    ox_run_inputs_free(&r.in);
    ox_data_set_clear(&set);
    ox_data_set_clear(&want);
    return st;
}

static const ox_opt opts[] = {
    {"--inputs", "[NAME=]FILE", "inputs from .npz, .npy, .safetensors, .pt or .pb (repeatable)", OX_HINT_FILE, NULL},
    {"--random", NULL, "random data for inputs that no file gives", OX_HINT_NONE, NULL},
    {"--dim", "NAME=N", "what a symbolic dim is in random data (repeatable; else 1)", OX_HINT_NONE, NULL},
    {"--seed", "N", "seed of random inputs and operators (0)", OX_HINT_NONE, NULL},
    {"--outputs", "FILE.npz", "write the results there", OX_HINT_FILE, NULL},
    {"--expect", "FILE", "compare the results with these; exit status 1 if they differ", OX_HINT_FILE, NULL},
    {"--rtol", "R", "--expect: tolerance relative to what is expected (0.001)", OX_HINT_NONE, NULL},
    {"--atol", "A", "--expect: tolerance beside it (1e-05)", OX_HINT_NONE, NULL},
    {"--fetch", "%X,%Y", "more values that are wanted (repeatable)", OX_HINT_VALUE, NULL},
    {"--engine", "NAME", "built-in, or ort: ONNX Runtime", OX_HINT_WORDS, "built-in ort"},
    {"--ort", "PATH", "ONNX Runtime's shared library", OX_HINT_FILE, NULL},
    {"--threads", "N", "threads (0: one for each processor)", OX_HINT_NONE, NULL},
    {"--max-nodes", "N", "stop after so many nodes, iterations counted (100000000; 0: never)", OX_HINT_NONE, NULL},
    {"--max-memory", "MIB", "what values may take (0: three quarters of the memory)", OX_HINT_NONE, NULL},
    {"--result", NULL, "the result of the last export", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_run = {
    .name = "run",
    .usage = "[--inputs FILE...] [--random] [--outputs FILE.npz] [OPTIONS]",
    .summary = "compute the model, with the built-in evaluator or ONNX Runtime",
    .help =
        "Inputs are found by name; arrays without a fitting name (.npy, .pb, arr_0 of a .npz) serve the inputs in\n"
        "order. Without --outputs a summary is printed: type, smallest, largest and mean element, the first ones.\n"
        "--fetch adds values from inside the graph. Results of one seed are the same every time. --expect holds the\n"
        "results against the arrays of their names in a file, which may be the one that holds the inputs.",
    .example = "run --random --result",
    .flags = OX_CMD_MODEL | OX_CMD_GRAPH | OX_CMD_PAGE,
    .opts = opts,
    .exec = exec,
};
