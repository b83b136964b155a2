/* Floor 7. show: the text of the graph, or of a part of it. */
#include "app/cmd.h"

#include "app/interrupt.h"

#include <stdlib.h>
#include <string.h>

static void on_note(void *ud, const char *text)
{
    ox_error w;
    ox_error_set(&w, OX_OK, "not in this style: %s", text);
    ox_session_warn(ud, &w);
}

/* Traces are folded on a terminal, and as torch prints them when piped, so that they can be opened again. */
static ox_style default_style(const ox_session *s, const ox_model *m)
{
    if (s->has_style) return s->style;
    if (ox_model_get_kind(m) == OX_MODEL_ONNX) return OX_STYLE_SEED;
    return s->out.tty ? OX_STYLE_FOLDED : OX_STYLE_TORCH;
}

static ox_status show_one(ox_session *s, const ox_model *m, const char *word, ox_print_options *opt,
                          const ox_sink *sink, ox_error *err)
{
    ox_node n;
    ox_error scope_err;
    ox_status st =
        word[0] == '%' || word[0] == '#' ? OX_E_NOT_FOUND : ox_select_scope(m, word, &opt->scope, &scope_err);
    if (st == OX_OK) return ox_graph_print(m, ox_model_main(m), opt, sink, err);
    st = ox_select_node(m, word, &n, err);
    if (st == OX_OK) st = ox_node_print(m, n, opt, sink, err);
    if (st == OX_OK && ox_node_n_blocks(m, n) == 0) ox_out_f(&s->out, "\n");
    return st;
}

static ox_status show_json(ox_session *s, const ox_model *m, ox_error *err)
{
    ox_graph g = ox_model_main(m);
    ox_json j;
    (void)err;
    ox_json_begin(&j, &s->out);
    ox_json_open(&j, NULL, '{');
    ox_json_open(&j, "inputs", '[');
    for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++) ox_value_json(&j, NULL, m, ox_graph_input(m, g, i));
    ox_json_close(&j, ']');
    ox_json_open(&j, "initializers", '[');
    for (size_t i = 0; i < ox_graph_n_initializers(m, g); i++)
        ox_value_json(&j, NULL, m, ox_graph_initializer(m, g, i));
    ox_json_close(&j, ']');
    ox_json_open(&j, "nodes", '[');
    for (ox_node n = ox_graph_first(m, g); n.id && !ox_interrupt_pending(); n = ox_node_next(m, n))
        ox_node_json(&j, NULL, m, n);
    ox_json_close(&j, ']');
    ox_json_open(&j, "outputs", '[');
    for (size_t i = 0; i < ox_graph_n_outputs(m, g); i++) ox_value_json(&j, NULL, m, ox_graph_output(m, g, i));
    ox_json_close(&j, ']');
    ox_json_close(&j, '}');
    ox_json_end(&j);
    return ox_interrupt_pending() ? ox_error_set(err, OX_E_INTERRUPTED, "interrupted") : OX_OK;
}

static ox_status show_text(ox_session *s, const ox_model *m, const ox_args *a, ox_print_options *opt, ox_error *err)
{
    ox_sink sink = ox_out_sink(&s->out);
    ox_status st = a->n ? OX_OK : ox_graph_print(m, ox_model_main(m), opt, &sink, err);
    for (size_t i = 0; i < a->n && st == OX_OK; i++) st = show_one(s, m, a->pos[i], opt, &sink, err);
    return st;
}

/* A style or a part asks for text: then the text is the document. */
static ox_status show_text_json(ox_session *s, const ox_model *m, const ox_args *a, ox_print_options *opt,
                                ox_error *err)
{
    size_t n;
    if (!ox_out_catch(&s->out)) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    ox_status st = show_text(s, m, a, opt, err);
    char *text = ox_out_caught(&s->out, &n);
    if (st == OX_OK && !text) st = ox_error_set(err, OX_E_NOMEM, "out of memory");
    if (st == OX_OK) ox_json_said(&s->out, "text", text, n);
    free(text);
    return st;
}

/* Methods of an archive as its code has them, each opened anew from the file. */
static ox_status show_methods(ox_session *s, const ox_args *a, ox_print_options *opt, ox_error *err)
{
    ox_status st = OX_OK;
    for (size_t i = 0; i < (a->n ? a->n : 1) && st == OX_OK; i++) {
        ox_model *m = NULL;
        ox_open_options how = {.method = a->n ? a->pos[i] : "forward", .task = ox_progress_task(s->g.quiet)};
        ox_sink sink = ox_out_sink(&s->out);
        st = ox_open(&m, s->path, &how, NULL, NULL, err);
        ox_progress_done();
        if (st == OX_OK) st = ox_graph_print(m, ox_model_main(m), opt, &sink, err);
        ox_model_free(m);
    }
    return st;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    ox_model *m;
    ox_status st = ox_asked_model(s, a, &m, err);
    if (st != OX_OK) return st;
    if (s->g.json && a->n == 0 && !ox_args_get(a, "--style")) return show_json(s, m, err);
    ox_print_options opt = {.style = default_style(s, m), .note = on_note, .note_ud = s};
    const char *style = ox_args_get(a, "--style");
    if (style) (void)ox_style_find(style, &opt.style); /* the option's words are the styles' names */
    opt.full = ox_args_get(a, "--full") != NULL;
    opt.given = m == s->model && (s->as_given || ox_args_get(a, "--no-infer"));
    if (opt.style == OX_STYLE_ONNX && ox_model_get_kind(m) != OX_MODEL_ONNX) {
        ox_error_set(err, OX_E_INVALID, "style onnx is for ONNX models, and this is a trace");
        ox_error_hint(err, "export it first, then `show --result --style onnx`");
        return OX_E_INVALID;
    }
    opt.task = ox_progress_task(true);
    if (ox_args_get(a, "--no-inline")) {
        opt.ink = ox_out_inks(&s->out);
        return show_methods(s, a, &opt, err);
    }
    if (s->g.json && !s->out.outer) return show_text_json(s, m, a, &opt, err);
    opt.ink = ox_out_inks(&s->out);
    return show_text(s, m, a, &opt, err);
}

static const ox_opt opts[] = {
    {"--style", "STYLE", "seed, folded, torch, onnx or printable", OX_HINT_WORDS, "seed folded torch onnx printable"},
    {"--full", NULL, "style onnx: with the weights and all else that the syntax can say", OX_HINT_NONE, NULL},
    {"--no-infer", NULL, "a trace with the types of its file only", OX_HINT_NONE, NULL},
    {"--no-inline", NULL, "methods of an archive, by name (forward), with the calls that they make", OX_HINT_NONE,
     NULL},
    {"--result", NULL, "the result of the last export instead", OX_HINT_NONE, NULL},
    {"--beside", NULL, "the model beside instead", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_show = {
    .name = "show",
    .usage = "[--style STYLE] [--full] [--no-infer] [--result] [SELECTOR...] | --no-inline [METHOD...]",
    .summary = "print the graph, the nodes of a scope, or a node",
    .help =
        "A SELECTOR is a scope (features.0 and all below it, features.0$ that level alone), a node's name, %value or\n"
        "#id. Styles: seed, the form of the PyTorch documentation of 2018 (default for ONNX); folded, constants and\n"
        "lists inside the operator's line (default for traces on a terminal); torch, what PyTorch itself prints\n"
        "(default for traces when piped); onnx, the ONNX textual syntax; printable, that of printable_graph. Lines "
        "wider\n"
        "than the terminal are cut in the middle, but whole in the pager (arrow keys), in pipes, and after `set cut "
        "off`. Types\nof a trace that its file does not give are inferred from those of its inputs when they are first "
        "shown.\n`show --no-inline features.0.forward` prints a method of an archive as its code has it.",
    .example = "show --style seed",
    .flags = OX_CMD_MODEL | OX_CMD_TYPES | OX_CMD_PAGE | OX_CMD_CUT,
    .opts = opts,
    .hint = OX_HINT_SCOPE,
    .max_args = OX_ARGS_MAX,
    .exec = exec,
};
