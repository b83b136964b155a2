/* Floor 7. repro: a part of a model as a model of its own, to be attached to a bug or taken apart. */
#include "app/cmd.h"

#include "app/interrupt.h"

#include <onnxsh/extract.h>
#include <onnxsh/io.h>

#include <stdlib.h>
#include <string.h>

/* The first failure of a report that is about a node, not a consequence of another. */
static const ox_failure *first_failure(const ox_report *r, ox_node n)
{
    for (size_t i = 0; r && i < ox_report_n(r); i++) {
        const ox_failure *f = ox_report_at(r, i);
        bool real = f->kind != OX_FAILURE_WARNING && f->kind != OX_FAILURE_CONSEQUENCE;
        if (real && (!n.id || f->node.id == n.id)) return f;
    }
    return NULL;
}

/* Whether the part fails as the node does in the whole. */
static ox_status compare(ox_session *s, ox_model *part, ox_node n, ox_error *err)
{
    ox_model *result = NULL, *whole = s->model;
    ox_report *before = NULL, *after = NULL;
    ox_status st = ox_try_export(s, s->opset, &result, &before, err);
    ox_model_free(result);
    s->model = part;
    if (st == OX_OK) st = ox_try_export(s, s->opset, &result, &after, err);
    s->model = whole;
    if (st == OX_OK) ox_model_free(result);
    const ox_failure *a = first_failure(before, n), *b = first_failure(after, (ox_node){0});
    if (st == OX_OK && a && b && strcmp(a->op, b->op) == 0 && strcmp(a->message, b->message) == 0)
        ox_out_f(&s->out, "it fails alike: ");
    else if (st == OX_OK && a && b)
        ox_out_f(&s->out, "it fails in another way: ");
    else if (st == OX_OK && b)
        ox_out_f(&s->out, "it fails, though the whole does not fail there: ");
    else if (st == OX_OK)
        ox_out_f(&s->out,
                 a ? "it converts: the failure depends on what is around\n" : "it converts, as the node does\n");
    if (st == OX_OK && b) {
        ox_out_name(&s->out, b->message, strlen(b->message));
        ox_out_f(&s->out, "\n");
    }
    ox_report_free(before);
    ox_report_free(after);
    return st;
}

static ox_status print(ox_session *s, const ox_model *m, ox_error *err)
{
    bool onnx = ox_model_get_kind(m) == OX_MODEL_ONNX;
    ox_print_options opt = {.style = onnx ? OX_STYLE_SEED : OX_STYLE_TORCH, .ink = ox_out_inks(&s->out)};
    ox_sink sink = ox_out_sink(&s->out);
    return ox_graph_print(m, ox_model_main(m), &opt, &sink, err);
}

static ox_status write_part(ox_session *s, ox_model *part, const char *path, ox_node n, ox_error *err)
{
    ox_save_options save = {.task = ox_progress_task(s->g.quiet)};
    bool onnx = ox_model_get_kind(part) == OX_MODEL_ONNX;
    ox_status st = onnx ? ox_save_onnx(part, path, &save, err) : ox_trace_save(part, path, false, err);
    ox_progress_done();
    if (st != OX_OK) return st;
    if (s->g.json) {
        ox_json_said(&s->out, "wrote", path, strlen(path));
        return OX_OK;
    }
    ox_out_f(&s->out, "wrote ");
    ox_out_name(&s->out, path, strlen(path));
    ox_out_f(&s->out, ": ");
    ox_out_count(&s->out, ox_model_n_nodes(part), "node", "nodes");
    ox_out_f(&s->out, ", ");
    ox_out_count(&s->out, ox_graph_n_inputs(part, ox_model_main(part)), "input", "inputs");
    ox_out_f(&s->out, "\n");
    return onnx ? OX_OK : compare(s, part, n, err);
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    ox_node all[OX_ARGS_MAX];
    ox_model *part = NULL;
    const char *to = ox_args_get(a, "--to");
    ox_status st = OX_OK;
    for (size_t i = 0; i < a->n && st == OX_OK; i++) st = ox_select_node(s->model, a->pos[i], &all[i], err);
    if (st == OX_OK) st = ox_extract(&part, s->model, a->n, all, ox_progress_task(s->g.quiet), err);
    ox_progress_done();
    if (st == OX_OK) st = to ? write_part(s, part, to, all[0], err) : print(s, part, err);
    ox_model_free(part);
    return st;
}

static const ox_opt opts[] = {
    {"--to", "FILE", "write it there: a trace as text, an ONNX model as .onnx", OX_HINT_FILE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_repro = {
    .name = "repro",
    .usage = "[--to FILE] NODE...",
    .summary = "cut nodes out as a minimal model of their own",
    .help =
        "The nodes with the constants and lists that they read; all else that they read becomes an input of the same\n"
        "name and type, their results are the outputs. A trace that is written is tried: whether it fails as the node\n"
        "does in the whole is told.",
    .example = "repro #2",
    .flags = OX_CMD_MODEL | OX_CMD_PAGE | OX_CMD_TYPES,
    .opts = opts,
    .hint = OX_HINT_NODE,
    .min_args = 1,
    .max_args = OX_ARGS_MAX,
    .exec = exec,
};
