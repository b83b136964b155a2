/* Floor 7. input: states what the file does not describe, in a session that runs already. */
#include "app/cmd.h"

#include <onnxsh/journal.h>

static void print_inputs(ox_session *s, const ox_model *m)
{
    ox_out *o = &s->out;
    ox_graph g = ox_model_main(m);
    char text[1024];
    for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++) {
        ox_value v = ox_graph_input(m, g, i);
        ox_value_label(m, v, text, sizeof text);
        ox_out_f(o, "%s : ", text);
        ox_type_text(m, ox_value_type(m, v), text, sizeof text);
        ox_out_f(o, "%s\n", text);
    }
}

static void put_json(ox_session *s, const ox_model *m)
{
    ox_json j;
    ox_graph g = ox_model_main(m);
    ox_json_begin(&j, &s->out);
    ox_json_open(&j, NULL, '[');
    for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++) ox_value_json(&j, NULL, m, ox_graph_input(m, g, i));
    ox_json_close(&j, ']');
    ox_json_end(&j);
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    ox_words specs = {.n = a->n};
    const char *words[OX_ARGS_MAX];
    for (size_t i = 0; i < a->n; i++) words[i] = a->pos[i];
    specs.p = (char **)words;
    ox_mark mark = ox_journal_mark(s->model);
    ox_status st = a->n ? ox_input_apply(s->model, &specs, err) : OX_OK;
    if (st != OX_OK) ox_journal_rollback(s->model, mark); /* all or none */
    if (st == OX_OK && s->g.json)
        put_json(s, s->model);
    else if (st == OX_OK)
        print_inputs(s, s->model);
    return st;
}

const ox_cmd ox_cmd_input = {
    .name = "input",
    .usage = "[[NAME=]DTYPE[DIMS]...]",
    .summary = "state the dtype and shape of inputs that the file does not describe, or list the inputs",
    .help =
        "What --input states before a file is opened: x=float32[1,3,224,224]; dims may be symbols, or ? for one that "
        "is not known;\nwithout a name the inputs are taken in order. The types of all that follows are inferred "
        "from them.\nItems of a dict or list and attributes of modules are given as `help export` says. `undo` "
        "takes it back.",
    .example = "input input=float32[1,4,8,8]",
    .flags = OX_CMD_MODEL | OX_CMD_EDITS | OX_CMD_CUT,
    .max_args = OX_ARGS_MAX,
    .exec = exec,
};
