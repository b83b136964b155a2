/* Floor 7. version. */
#include "app/cmd.h"

#include <onnxsh/schema.h>

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    (void)a;
    (void)err;
    ox_json j;
    if (s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '{');
        ox_json_strz(&j, "version", OX_VERSION);
        ox_json_int(&j, "newest_opset", ox_opset_newest(""));
        ox_json_int(&j, "newest_ir", ox_ir_newest());
        ox_json_close(&j, '}');
        ox_json_end(&j);
        return OX_OK;
    }
    ox_out_f(&s->out, "onnxsh %s (ONNX opsets up to %lld, IR versions up to %lld)\n", OX_VERSION,
             (long long)ox_opset_newest(""), (long long)ox_ir_newest());
    return OX_OK;
}

const ox_cmd ox_cmd_version = {
    .name = "version",
    .usage = "",
    .summary = "print the version",
    .help = "",
    .example = "version",
    .exec = exec,
};
