/* Floor 7. schema: what is known of an operator. */
#include "app/cmd.h"

#include <onnxsh/schema.h>

static void write_out(void *ud, const char *s, size_t n)
{
    (void)ox_out_write(ud, s, n, NULL);
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    int64_t opset = 0;
    const char *word = ox_args_get(a, "--opset");
    ox_status st = word ? ox_parse_int(word, "--opset", 1, 1000, &opset, err) : OX_OK;
    ox_schema_print_options opt = {.opset = opset, .json = s->g.json, .width = s->out.width};
    for (size_t i = 0; i < a->n && st == OX_OK; i++) {
        if (i && !s->g.json) ox_out_f(&s->out, "\n");
        st = ox_schema_print(a->pos[i], &opt, write_out, &s->out, err);
    }
    return st;
}

static const ox_opt opts[] = {
    {"--opset", "N", "ONNX: the version that serves this opset only", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_schema = {
    .name = "schema",
    .usage = "[--opset N] NAME...",
    .summary = "print what is known of an operator: arguments, types, defaults, versions",
    .help = "NAME is Conv, ai.onnx.ml::Scaler, aten::elu or aten::elu.out; a bare name is looked for among the ONNX\n"
            "operators, then among PyTorch's. Arguments marked inert cannot change what an ONNX graph computes.",
    .example = "schema aten::elu",
    .flags = OX_CMD_PAGE | OX_CMD_WRAP,
    .opts = opts,
    .hint = OX_HINT_OP,
    .min_args = 1,
    .max_args = OX_ARGS_MAX,
    .exec = exec,
};
