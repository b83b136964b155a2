/* Floor 7. export: converts the model and writes ONNX. The result is kept beside the model, bound by provenance. */
#include "app/cmd.h"
#include "app/cmd/report.h"

#include "app/interrupt.h"

#include <onnxsh/schema.h>

#include <stdlib.h>
#include <string.h>

enum { MAX_NAMES = 1024, MAX_DYNAMIC = OX_ARGS_MAX };

/* The options of one export; texts are cut in place in `store`. */
typedef struct request {
    ox_convert_options c;
    ox_save_options save;
    const char *inputs[MAX_NAMES], *outputs[MAX_NAMES];
    ox_dynamic_axis dynamic[MAX_DYNAMIC];
    const char *domains[MAX_DYNAMIC];
    int64_t versions[MAX_DYNAMIC];
    ox_words store;
    bool verbose, dry_run;
    const char *report;
} request;

/* An own copy of a word, which the caller may cut up. */
static ox_status copy(request *r, const char *word, char **out, ox_error *err)
{
    ox_status st = ox_words_add(&r->store, word, err);
    *out = st == OX_OK ? r->store.p[r->store.n - 1] : NULL;
    return st;
}

static ox_status take_names(request *r, const char *word, const char *what, const char **names, size_t *n,
                            ox_error *err)
{
    char *p;
    if (!word) return OX_OK;
    ox_status st = copy(r, word, &p, err);
    while (st == OX_OK && p) {
        char *comma = strchr(p, ',');
        if (comma) *comma = '\0';
        if (*n == MAX_NAMES) return ox_error_set(err, OX_E_INVALID, "%s: more than %d names", what, MAX_NAMES);
        if (!*p) return ox_error_set(err, OX_E_INVALID, "%s: a name is empty", what);
        names[(*n)++] = p;
        p = comma ? comma + 1 : NULL;
    }
    return st;
}

/* x:0=batch, split at the last colon, for names may hold colons. */
static ox_status take_dynamic(request *r, const char *word, ox_error *err)
{
    char *p, *colon, *eq;
    ox_dynamic_axis *d = &r->dynamic[r->c.n_dynamic];
    ox_status st = copy(r, word, &p, err);
    if (st != OX_OK) return st;
    colon = strrchr(p, ':');
    eq = colon ? strchr(colon, '=') : NULL;
    if (eq) *eq = *colon = '\0';
    if (!eq || !eq[1] || !*p || !ox_text_parse_i64(colon + 1, strlen(colon + 1), &d->axis)) {
        ox_error_set(err, OX_E_INVALID, "--dynamic %s: not of the form NAME:AXIS=SYMBOL", word);
        ox_error_hint(err, "as in --dynamic x:0=batch");
        return OX_E_INVALID;
    }
    d->input = p;
    d->symbol = eq + 1;
    r->c.n_dynamic++;
    return OX_OK;
}

static ox_status take_custom(request *r, const char *word, ox_error *err)
{
    char *p;
    ox_status st = copy(r, word, &p, err);
    if (st != OX_OK) return st;
    char *eq = strrchr(p, '=');
    if (!eq || eq == p)
        return ox_error_set(err, OX_E_INVALID, "--custom-opset %s: not of the form DOMAIN=VERSION", word);
    *eq = '\0';
    size_t k = r->c.n_custom_opsets++;
    r->domains[k] = p;
    return ox_parse_int(eq + 1, "--custom-opset", 1, INT32_MAX, &r->versions[k], err);
}

/* What torch.onnx could write and this version cannot yet is refused by name. */
static ox_status refuse(const ox_args *a, ox_error *err)
{
    const char *training = ox_args_get(a, "--training");
    if (ox_args_get(a, "--modules-as-functions"))
        return ox_error_set(err, OX_E_INVALID, "--modules-as-functions is not supported by this version");
    if (training && strcmp(training, "eval") != 0)
        return ox_error_set(err, OX_E_INVALID, "--training %s is not supported by this version: eval only", training);
    return OX_OK;
}

/* Opsets outside what can be written, each by its name. */
static ox_status check_opset(int64_t opset, ox_error *err)
{
    int64_t newest = ox_opset_newest("");
    if (opset == 7 || opset == 8)
        ox_error_set(err, OX_E_INVALID, "opset %lld has no symbolic functions in this version", (long long)opset);
    else if (opset < OX_OPSET_MIN)
        ox_error_set(err, OX_E_INVALID, "opset %lld cannot be written", (long long)opset);
    else if (opset > newest)
        ox_error_set(err, OX_E_INVALID, "opset %lld is not released: the newest is %lld", (long long)opset,
                     (long long)newest);
    else
        return OX_OK;
    ox_error_hint(err, "--opset takes %d to %lld", OX_OPSET_MIN, (long long)newest);
    return OX_E_INVALID;
}

static ox_status take_options(ox_session *s, const ox_args *a, request *r, ox_error *err)
{
    const char *all[MAX_DYNAMIC], *word;
    ox_status st = refuse(a, err);
    if (st == OX_OK) st = ox_target_opset(s, ox_args_get(a, "--opset"), &r->c.opset, err);
    if (st == OX_OK) st = check_opset(r->c.opset, err);
    if (st == OX_OK)
        st = take_names(r, ox_args_get(a, "--input-names"), "--input-names", r->inputs, &r->c.n_input_names, err);
    if (st == OX_OK)
        st = take_names(r, ox_args_get(a, "--output-names"), "--output-names", r->outputs, &r->c.n_output_names, err);
    size_t n = ox_args_all(a, "--dynamic", all, MAX_DYNAMIC);
    for (size_t i = 0; i < n && st == OX_OK; i++) st = take_dynamic(r, all[i], err);
    n = ox_args_all(a, "--custom-opset", all, MAX_DYNAMIC);
    for (size_t i = 0; i < n && st == OX_OK; i++) st = take_custom(r, all[i], err);
    if (st != OX_OK) return st;
    r->c.input_names = r->inputs;
    r->c.output_names = r->outputs;
    r->c.dynamic = r->dynamic;
    r->c.custom_domains = r->domains;
    r->c.custom_versions = r->versions;
    if ((word = ox_args_get(a, "--params")))
        r->c.params = strcmp(word, "input") == 0 ? OX_PARAMS_INPUT : OX_PARAMS_INITIALIZER;
    r->c.keep_initializers_as_inputs = ox_args_get(a, "--keep-initializers-as-inputs") != NULL;
    r->c.no_fold = ox_args_get(a, "--no-fold") != NULL;
    r->c.doc = ox_args_get(a, "--doc") != NULL;
    if ((word = ox_args_get(a, "--unroll"))) {
        int64_t nodes;
        st = ox_parse_int(word, "--unroll", 0, 1 << 24, &nodes, err);
        if (st != OX_OK) return st;
        r->c.unroll = (size_t)nodes;
        r->c.no_unroll = nodes == 0;
    }
    r->c.strict = s->g.strict;
    word = ox_args_get(a, "--state");
    r->c.state_io = word && *word == 'i';
    if ((word = ox_args_get(a, "--unsupported")))
        r->c.unsupported = *word == 'f'   ? OX_UNSUPPORTED_FALLTHROUGH
                           : *word == 'a' ? OX_UNSUPPORTED_ATEN
                                          : OX_UNSUPPORTED_ERROR;
    if ((word = ox_args_get(a, "--external-data")))
        r->save.external = *word == 'n' ? OX_EXTERNAL_NEVER : word[1] == 'l' ? OX_EXTERNAL_ALWAYS : OX_EXTERNAL_AUTO;
    r->verbose = ox_args_get(a, "--verbose") != NULL;
    r->dry_run = ox_args_get(a, "--dry-run") != NULL;
    r->report = ox_args_get(a, "--report");
    if (r->report && !ox_report_knows(r->report))
        return ox_error_set(err, OX_E_INVALID, "--report %s: the ending is none of .md, .html, .json, .sarif",
                            r->report);
    return OX_OK;
}

static ox_status print_graph(ox_session *s, const ox_model *m, ox_error *err)
{
    ox_print_options opt = {.style = OX_STYLE_SEED, .ink = ox_out_inks(&s->out)};
    ox_sink sink = ox_out_sink(&s->out);
    return ox_graph_print(m, ox_model_main(m), &opt, &sink, err);
}

static ox_status tell(ox_session *s, const request *r, const ox_export_summary *e, ox_error *err)
{
    ox_status st = OX_OK;
    if (s->g.json) {
        ox_json j;
        ox_json_begin(&j, &s->out);
        ox_report_json(&j, e);
        ox_json_end(&j);
    } else {
        fflush(s->out.f);
        ox_report_print(stderr, s->g.quiet, e);
        if (e->result && r->verbose) st = print_graph(s, e->result, err);
        if (e->result && st == OX_OK && !s->g.quiet) {
            ox_out_f(&s->out, r->dry_run ? "would write " : "wrote ");
            if (e->output)
                ox_out_name(&s->out, e->output, strlen(e->output));
            else
                ox_out_f(&s->out, "a model");
            ox_out_f(&s->out, ": opset %lld, IR version %lld, ", (long long)e->opset,
                     (long long)ox_model_ir_version(e->result));
            ox_out_count(&s->out, ox_model_n_nodes(e->result), "node", "nodes");
            ox_out_f(&s->out, ", ");
            ox_out_count(&s->out, ox_graph_n_initializers(e->result, ox_model_main(e->result)), "weight", "weights");
            ox_out_f(&s->out, "\n");
            if (r->verbose) {
                uint64_t called, repeated;
                ox_report_calls(e->report, &called, &repeated);
                ox_out_f(&s->out, "%llu symbolic functions called, %llu calls repeated from earlier ones\n",
                         (unsigned long long)called, (unsigned long long)repeated);
            }
        }
    }
    if (st == OX_OK && r->report) st = ox_report_write(r->report, e, err);
    return st;
}

/* The result of this export takes the place of the last one's. */
static void keep_result(ox_session *s, ox_model *result, ox_report *report, const char *path, int64_t opset)
{
    ox_report_free(s->report);
    ox_model_free(s->result);
    free(s->result_path);
    s->report = report;
    s->failure = 0;
    s->report_opset = opset;
    s->result = result;
    s->result_path = path && result ? strdup(path) : NULL;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    request *r = calloc(1, sizeof *r);
    if (!r) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    const char *path = a->n ? a->pos[0] : NULL;
    ox_model *result = NULL;
    ox_report *report = NULL;
    ox_status st = take_options(s, a, r, err);
    if (st == OX_OK && !path && !r->dry_run) {
        st = ox_error_set(err, OX_E_INVALID, "export: where to? no OUT.onnx is given");
        ox_error_hint(err, "usage: export OUT.onnx; --dry-run writes nothing");
    }
    if (st == OX_OK) st = ox_session_script(s, err);
    if (st == OX_OK) {
        r->c.task = r->save.task = ox_progress_task(s->g.quiet);
        st = ox_convert(&result, &report, s->model, s->symbolics, &r->c, err);
        ox_progress_done();
    }
    bool ended = st == OX_OK || st == OX_E_CHECK;
    if (!ended) { /* what was stopped in the middle says nothing of the whole */
        ox_report_free(report);
        ox_model_free(result);
    } else if (report) {
        ox_export_summary e = {s->path, path, r->c.opset, result, report, r->verbose, s->model};
        ox_status saved = OX_OK;
        if (result && !r->dry_run) saved = ox_save_onnx(result, path, &r->save, err);
        ox_progress_done();
        if (saved == OX_OK) saved = tell(s, r, &e, err);
        keep_result(s, result, report, path, r->c.opset);
        if (saved != OX_OK)
            st = saved;
        else if (st == OX_E_CHECK)
            ox_error_clear(err); /* all has been said */
    }
    ox_words_free(&r->store);
    free(r);
    return st;
}

static const ox_opt opts[] = {
    {"--opset", "N", "ONNX opset, 9 to the newest (default: set opset, 17; of an ONNX model: its own)", OX_HINT_NONE,
     NULL},
    {"--input-names", "A,B", "names of the inputs, then of the parameters with --params input", OX_HINT_NONE, NULL},
    {"--output-names", "A,B", "names of the outputs", OX_HINT_NONE, NULL},
    {"--dynamic", "X:0=batch", "dim 0 of input X is the symbol batch (repeatable)", OX_HINT_NONE, NULL},
    {"--params", "WHERE", "parameters as initializer (where weights are known) or input", OX_HINT_WORDS,
     "initializer input"},
    {"--keep-initializers-as-inputs", NULL, "list initializers as inputs too", OX_HINT_NONE, NULL},
    {"--no-fold", NULL, "do not fold constants", OX_HINT_NONE, NULL},
    {"--training", "MODE", "eval, train or preserve; eval only in this version", OX_HINT_WORDS, "eval train preserve"},
    {"--unsupported", "POLICY", "error; fallthrough or aten let such nodes stand, with a warning each", OX_HINT_WORDS,
     "error fallthrough aten"},
    {"--unroll", "N", "nodes that the rounds of loops may be copied to (32768); 0: loops stay loops", OX_HINT_NONE,
     NULL},
    {"--state", "HOW",
     "attributes that the module sets: error, or io: they are inputs state.NAME and outputs state.NAME.out",
     OX_HINT_WORDS, "error io"},
    {"--custom-opset", "DOMAIN=V", "version of a custom domain (repeatable)", OX_HINT_NONE, NULL},
    {"--modules-as-functions", NULL, "refused by this version", OX_HINT_NONE, NULL},
    {"--external-data", "WHEN", "weights in a file beside it: auto, always or never", OX_HINT_WORDS,
     "auto always never"},
    {"--doc", NULL, "keep source lines as doc strings", OX_HINT_NONE, NULL},
    {"--verbose", NULL, "print the final graph", OX_HINT_NONE, NULL},
    {"--report", "FILE", "write all failures and warnings as .md, .html, .json or .sarif", OX_HINT_FILE, NULL},
    {"--dry-run", NULL, "convert, and write nothing", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_export = {
    .name = "export",
    .usage = "[OPTIONS] OUT.onnx",
    .summary = "convert to ONNX and write it",
    .help =
        "Every operator is converted by its symbolic function, the user's before the built-in one. All failures are\n"
        "reported at once, each with its scope, source line and arguments, and the exit status is 1. The current "
        "model\n"
        "stays; the result is kept beside it: `show --result`, `node --result`, `open --result`.\n\n"
        "Of a script, branches whose condition is known are chosen and loops whose rounds are known are unrolled; "
        "what\n"
        "depends on data becomes If, Loop and sequences. An optional input is None unless --input gives it; items of "
        "an\n"
        "input that is a dict or list are given one by one: --input table.key=float32[2,3].\n\n"
        "A module that sets its attributes keeps state from call to call, which a model cannot: that is a failure, or\n"
        "with --state io each such attribute is an input, state.NAME, and an output, state.NAME.out, for the caller "
        "to\n"
        "pass on. Its type is that of the file, or --input state.NAME=float32[2,1,128]; it must be the same after the "
        "call.",
    .example = "export --dry-run --unsupported fallthrough",
    .flags = OX_CMD_MODEL,
    .opts = opts,
    .hint = OX_HINT_FILE,
    .max_args = 1,
    .exec = exec,
};
