/* Floor 7. info: what was opened, on one screen. */
#include "app/cmd.h"

#include <onnxsh/journal.h>

#include <string.h>

typedef struct totals {
    size_t params;
    uint64_t bytes, elements, unknown, lost, external, quantised, per_channel;
} totals;

static totals sum(const ox_model *m)
{
    totals k = {0};
    for (uint32_t id = 1; id < ox_model_value_limit(m); id++) {
        ox_value v = ox_model_value_at(m, id);
        if (!v.id) continue;
        if (ox_value_is_initializer(m, v)) {
            ox_tensor_info t = ox_tensor_get(m, ox_value_tensor(m, v));
            k.params++;
            k.elements += t.n_elements;
            k.bytes += ox_tensor_raw_size(m, ox_value_tensor(m, v));
            k.external += t.external;
            k.quantised += t.quant != NULL;
            k.per_channel += t.quant && t.quant->per_channel;
        }
        ox_type_info t = ox_type_get(m, ox_value_type(m, v));
        k.unknown += t.kind == OX_TYPE_NONE_KNOWN || (t.kind == OX_TYPE_TENSOR && (t.rank < 0 || !t.dtype));
    }
    return k;
}

static void line(ox_out *o, const char *title)
{
    ox_out_f(o, "%s%-12s%s", ox_out_ink(o, OX_INK_COMMENT), title, ox_out_reset(o));
}

static void text_line(ox_session *s, const ox_model *m, const char *title, ox_str text)
{
    size_t n;
    const char *p = ox_str_text(m, text, &n);
    if (!n) return;
    line(&s->out, title);
    ox_out_name(&s->out, p, n);
    ox_out_f(&s->out, "\n");
}

enum { MAX_VALUES = 12 };

static void values(ox_session *s, const ox_model *m, const char *title, size_t n,
                   ox_value (*get)(const ox_model *, ox_graph, size_t))
{
    for (size_t i = 0; i < n && i < MAX_VALUES; i++) {
        char label[512], type[512];
        ox_value v = get(m, ox_model_main(m), i);
        line(&s->out, i == 0 ? title : "");
        ox_value_label(m, v, label, sizeof label);
        ox_type_text(m, ox_value_type(m, v), type, sizeof type);
        ox_out_f(&s->out, "%s : %s\n", label, type);
    }
    if (n > MAX_VALUES) {
        line(&s->out, "");
        ox_out_f(&s->out, "and %zu more\n", n - MAX_VALUES);
    }
}

static void opsets(ox_session *s, const ox_model *m)
{
    const ox_opset *rows;
    size_t n = ox_model_opsets(m, &rows);
    if (!n) return;
    line(&s->out, "opsets");
    for (size_t i = 0; i < n; i++) {
        size_t len;
        const char *domain = ox_str_text(m, rows[i].domain, &len);
        if (i) ox_out_f(&s->out, ", ");
        ox_out_name(&s->out, len ? domain : "ai.onnx", len ? len : 7);
        ox_out_f(&s->out, " %lld", (long long)rows[i].version);
    }
    ox_out_f(&s->out, "\n");
}

/* Where the types of a trace's inputs come from; NULL: the file states them, as dumps do. */
static const char *source_of_types(const ox_session *s, const ox_model *m)
{
    ox_graph g = ox_model_main(m);
    bool traced = false, open = false;
    for (size_t i = 0; i < ox_graph_n_inputs(m, g) && ox_model_get_kind(m) == OX_MODEL_TRACE; i++) {
        ox_value v = ox_graph_input(m, g, i);
        ox_type_info t = ox_type_get(m, ox_value_type(m, v));
        traced |= ox_value_type(m, v).id != ox_value_given_type(m, v).id;
        open |= t.kind == OX_TYPE_TENSOR && (t.rank < 0 || !t.dtype);
    }
    if (traced) return s->g.inputs.n ? "--input and traced_inputs.pkl" : "traced_inputs.pkl";
    return open ? "unknown" : s->g.inputs.n ? "--input" : NULL;
}

static void shapes(ox_session *s, const ox_model *m)
{
    const char *source = source_of_types(s, m);
    if (!source) return;
    line(&s->out, "shapes");
    if (strcmp(source, "unknown") == 0)
        ox_out_f(&s->out, "not known: give those of the inputs, `input x=float32[1,3,224,224]`\n");
    else
        ox_out_f(&s->out, "of the inputs: %s\n", source);
}

static void print_text(ox_session *s, const ox_model *m)
{
    totals k = sum(m);
    char bytes[32];
    ox_out *o = &s->out;
    ox_graph g = ox_model_main(m);
    bool onnx = ox_model_get_kind(m) == OX_MODEL_ONNX;
    line(o, "file");
    ox_out_name(o, s->path ? s->path : "", s->path ? strlen(s->path) : 0);
    ox_out_f(o, "%s\n", ox_model_is_modified(m) ? " (modified)" : "");
    line(o, "kind");
    if (onnx)
        ox_out_f(o, "ONNX model, IR version %lld\n", (long long)ox_model_ir_version(m));
    else
        ox_out_f(o, "PyTorch trace\n");
    text_line(s, m, "producer", ox_model_text(m, OX_MODEL_PRODUCER_NAME));
    text_line(s, m, "version", ox_model_text(m, OX_MODEL_PRODUCER_VERSION));
    opsets(s, m);
    text_line(s, m, "graph", ox_graph_name(m, g));
    line(o, "nodes");
    ox_out_f(o, "%zu", ox_model_n_nodes(m));
    if (ox_model_n_functions(m)) ox_out_f(o, ", functions %zu", ox_model_n_functions(m));
    ox_out_f(o, ", scopes %u\n", ox_model_scope_limit(m) ? ox_model_scope_limit(m) - 1 : 0);
    if (k.params) {
        ox_bytes_text(k.bytes, bytes, sizeof bytes);
        line(o, "weights");
        ox_out_f(o, "%zu, %llu elements, %s", k.params, (unsigned long long)k.elements, bytes);
        if (k.external) ox_out_f(o, ", %llu in external files", (unsigned long long)k.external);
        ox_out_f(o, "\n");
    }
    if (k.quantised) {
        line(o, "quantised");
        ox_out_count(o, k.quantised, "weight", "weights");
        ox_out_f(o, ": %llu per tensor, %llu per channel\n", (unsigned long long)(k.quantised - k.per_channel),
                 (unsigned long long)k.per_channel);
    }
    if (k.unknown) {
        line(o, "unknown");
        ox_out_f(o, "%llu values of unknown dtype or rank\n", (unsigned long long)k.unknown);
    }
    shapes(s, m);
    values(s, m, "inputs", ox_graph_n_inputs(m, g), ox_graph_input);
    values(s, m, "outputs", ox_graph_n_outputs(m, g), ox_graph_output);
}

static void json_text(ox_json *j, const char *key, const ox_model *m, ox_str text)
{
    size_t n;
    const char *p = ox_str_text(m, text, &n);
    ox_json_str(j, key, p, n);
}

static void print_json(ox_session *s, const ox_model *m)
{
    totals k = sum(m);
    ox_json j;
    ox_graph g = ox_model_main(m);
    const ox_opset *rows;
    const ox_pair *meta;
    size_t n = ox_model_opsets(m, &rows), n_meta = ox_model_metadata(m, &meta);
    ox_json_begin(&j, &s->out);
    ox_json_open(&j, NULL, '{');
    ox_json_strz(&j, "file", s->path);
    ox_json_strz(&j, "kind", ox_model_get_kind(m) == OX_MODEL_ONNX ? "onnx" : "trace");
    ox_json_bool(&j, "modified", ox_model_is_modified(m));
    ox_json_int(&j, "ir_version", ox_model_ir_version(m));
    json_text(&j, "producer", m, ox_model_text(m, OX_MODEL_PRODUCER_NAME));
    json_text(&j, "producer_version", m, ox_model_text(m, OX_MODEL_PRODUCER_VERSION));
    ox_json_open(&j, "opsets", '[');
    for (size_t i = 0; i < n; i++) {
        ox_json_open(&j, NULL, '{');
        json_text(&j, "domain", m, rows[i].domain);
        ox_json_int(&j, "version", rows[i].version);
        ox_json_close(&j, '}');
    }
    ox_json_close(&j, ']');
    ox_json_open(&j, "metadata", '[');
    for (size_t i = 0; i < n_meta; i++) {
        ox_json_open(&j, NULL, '{');
        json_text(&j, "key", m, meta[i].key);
        json_text(&j, "value", m, meta[i].value);
        ox_json_close(&j, '}');
    }
    ox_json_close(&j, ']');
    json_text(&j, "graph", m, ox_graph_name(m, g));
    ox_json_int(&j, "nodes", (int64_t)ox_model_n_nodes(m));
    ox_json_int(&j, "functions", (int64_t)ox_model_n_functions(m));
    ox_json_int(&j, "scopes", ox_model_scope_limit(m) ? ox_model_scope_limit(m) - 1 : 0);
    ox_json_int(&j, "weights", (int64_t)k.params);
    ox_json_int(&j, "weight_elements", (int64_t)k.elements);
    ox_json_int(&j, "weight_bytes", (int64_t)k.bytes);
    ox_json_int(&j, "weights_quantised", (int64_t)k.quantised);
    ox_json_int(&j, "values_unknown", (int64_t)k.unknown);
    ox_json_strz(&j, "input_types", source_of_types(s, m));
    ox_json_open(&j, "inputs", '[');
    for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++) ox_value_json(&j, NULL, m, ox_graph_input(m, g, i));
    ox_json_close(&j, ']');
    ox_json_open(&j, "outputs", '[');
    for (size_t i = 0; i < ox_graph_n_outputs(m, g); i++) ox_value_json(&j, NULL, m, ox_graph_output(m, g, i));
    ox_json_close(&j, ']');
    ox_json_close(&j, '}');
    ox_json_end(&j);
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    (void)a;
    ox_model *m;
    ox_status st = ox_session_model(s, &m, err);
    if (st != OX_OK) return st;
    if (s->g.json)
        print_json(s, m);
    else
        print_text(s, m);
    return OX_OK;
}

const ox_cmd ox_cmd_info = {
    .name = "info",
    .usage = "",
    .summary = "say what is open: kind, versions, inputs, outputs, weights",
    .help = "",
    .example = "info",
    .flags = OX_CMD_MODEL | OX_CMD_PAGE | OX_CMD_CUT,
    .exec = exec,
};
