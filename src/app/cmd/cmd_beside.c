/* Floor 7. beside: a second model, to look at beside the one that is open. */
#include "app/cmd.h"

#include <string.h>

static void print_json(ox_session *s, const ox_infer_counts *types)
{
    const ox_model *m = s->beside;
    ox_json j;
    ox_json_begin(&j, &s->out);
    ox_json_open(&j, NULL, '{');
    ox_json_strz(&j, "file", m ? s->beside_path : NULL);
    if (m) {
        ox_json_strz(&j, "kind", ox_model_get_kind(m) == OX_MODEL_ONNX ? "onnx" : "trace");
        ox_json_int(&j, "nodes", (int64_t)ox_model_n_nodes(m));
    }
    if (types) {
        ox_json_int(&j, "values", (int64_t)types->values);
        ox_json_int(&j, "typed", (int64_t)types->typed);
    }
    ox_json_close(&j, '}');
    ox_json_end(&j);
}

static void print_text(ox_session *s, const ox_infer_counts *types)
{
    const ox_model *m = s->beside;
    if (!m) {
        ox_out_f(&s->out, "nothing stands beside the model: beside FILE\n");
        return;
    }
    ox_out_name(&s->out, s->beside_path, strlen(s->beside_path));
    ox_out_f(&s->out, " stands beside: %s, ", ox_model_get_kind(m) == OX_MODEL_ONNX ? "ONNX" : "trace");
    ox_out_count(&s->out, ox_model_n_nodes(m), "node", "nodes");
    if (types) ox_out_f(&s->out, ", types of %zu of %zu known", types->typed, types->values);
    ox_out_f(&s->out, s->full_screen ? "\n" : "; `tui` shows both\n");
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    int64_t graph = 0;
    const char *word = ox_args_get(a, "--graph");
    bool closes = ox_args_get(a, "--close") != NULL;
    if ((closes || word) && closes == (a->n > 0)) {
        ox_error_set(err, OX_E_INVALID, closes ? "beside: --close takes no FILE" : "beside: which FILE?");
        ox_error_hint(err, "usage: beside %s", ox_cmd_beside.usage);
        return OX_E_INVALID;
    }
    ox_status st = word ? ox_parse_int(word, "--graph", 1, 1000000, &graph, err) : OX_OK;
    if (st == OX_OK && (closes || a->n)) st = ox_session_beside(s, closes ? NULL : a->pos[0], (int)graph, err);
    ox_infer_counts types = {0};
    bool infers = ox_args_get(a, "--infer") && s->beside;
    if (st == OX_OK && infers) st = ox_session_infer_beside(s, &types, err);
    if (st != OX_OK || closes) return st;
    if (s->g.json)
        print_json(s, infers ? &types : NULL);
    else
        print_text(s, infers ? &types : NULL);
    return OX_OK;
}

static const ox_opt opts[] = {
    {"--graph", "N", "the N-th graph of a file that holds several", OX_HINT_NONE, NULL},
    {"--infer", NULL, "infer the types that its file does not give", OX_HINT_NONE, NULL},
    {"--close", NULL, "close the second model", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_beside = {
    .name = "beside",
    .usage = "[--graph N] [--infer] [FILE] | --close",
    .summary = "open a second model, to look at beside the first",
    .help =
        "In the full screen its nodes stand beside those of the model, with a cursor of their own; Tab changes\n"
        "sides, and the details, filters and `I` are of the side that has the keys. `A` hides and shows it; `=` takes\n"
        "the other cursor to the node that is most like this one, and `+` does so with each move. Commands work on\n"
        "the first model; `show`, `find`, `node` and `value` take --beside. Without FILE it says what stands beside.\n"
        "To see a trace beside the ONNX that `export` makes of it, bound node to node, press `r` in the full screen:\n"
        "that takes no second file.",
    .example = "beside FILE",
    .opts = opts,
    .hint = OX_HINT_FILE,
    .max_args = 1,
    .exec = exec,
};
