/* Floor 7. What several commands print alike. */
#include "app/cmd.h"

#include "app/interrupt.h"

#include <stdlib.h>
#include <string.h>

void ox_bytes_text(uint64_t n, char *buf, size_t size)
{
    static const char *const units[] = {"B", "kB", "MB", "GB", "TB", "PB"};
    double v = (double)n;
    size_t u = 0;
    while (v >= 999.95 && u + 1 < sizeof units / sizeof *units) {
        v /= 1000;
        u++;
    }
    snprintf(buf, size, u ? "%.1f %s" : "%.0f %s", v, units[u]);
}

void ox_out_count(ox_out *o, uint64_t n, const char *one, const char *many)
{
    ox_out_f(o, "%llu %s", (unsigned long long)n, n == 1 ? one : many);
}

void ox_node_scope_text(const ox_model *m, ox_node n, char *buf, size_t size)
{
    if (size) buf[0] = '\0';
    ox_scope s = ox_node_scope(m, n);
    if (s.id) ox_scope_print(m, s, buf, size);
}

void ox_node_loc_text(const ox_model *m, ox_node n, char *buf, size_t size)
{
    ox_loc_info l = ox_loc_get(m, ox_node_loc(m, n));
    if (size) buf[0] = '\0';
    if (l.file.id) snprintf(buf, size, "%s:%u", ox_str_text(m, l.file, NULL), l.line);
}

void ox_table_loc(ox_table *t, const ox_out *o, const ox_model *m, ox_node n)
{
    char text[1024];
    ox_node_loc_text(m, n, text, sizeof text);
    const char *base = o->width ? strrchr(text, '/') : NULL; /* on a terminal the file's own name says enough */
    ox_table_cellz(t, base ? base + 1 : text, OX_INK_COMMENT);
}

ox_status ox_target_opset(const ox_session *s, const char *word, int64_t *out, ox_error *err)
{
    *out = s->opset;
    if (!word && s->model && ox_model_get_kind(s->model) == OX_MODEL_ONNX) {
        *out = ox_model_opset(s->model, "");
        if (!*out) *out = s->opset;
        return OX_OK;
    }
    return word ? ox_parse_int(word, "--opset", 1, 1000, out, err) : OX_OK;
}

ox_status ox_try_export(ox_session *s, int64_t opset, ox_model **result, ox_report **report, ox_error *err)
{
    ox_convert_options opt = {.opset = opset, .task = ox_progress_task(s->g.quiet), .strict = s->g.strict};
    *result = NULL;
    *report = NULL;
    ox_status st = ox_session_script(s, err);
    if (st != OX_OK) return st;
    st = ox_convert(result, report, s->model, s->symbolics, &opt, err);
    ox_progress_done();
    if (st != OX_E_CHECK || !*report) return st;
    ox_error_clear(err); /* the report tells */
    return OX_OK;
}

static void json_name(ox_json *j, const char *key, const ox_model *m, ox_str s)
{
    size_t n;
    const char *text = ox_str_text(m, s, &n);
    ox_json_str(j, key, text, n);
}

/* {"1": "the shape is not a constant: ..."}: why dims are null in "shape"; left out where all are known. */
static void json_reasons(ox_json *j, const ox_model *m, const ox_type_info *t)
{
    char text[1024], axis[16];
    bool any = false;
    for (int32_t i = 0; i < t->rank; i++) {
        size_t n = ox_dim_reason(m, t->dims[i], text, sizeof text);
        if (!n) continue;
        if (!any) ox_json_open(j, "unknown", '{');
        any = true;
        snprintf(axis, sizeof axis, "%d", i);
        ox_json_str(j, axis, text, n);
    }
    if (any) ox_json_close(j, '}');
}

static void json_dims(ox_json *j, const ox_model *m, const ox_type_info *t)
{
    if (t->rank < 0) {
        ox_json_null(j, "shape");
        return;
    }
    ox_json_open(j, "shape", '[');
    for (int32_t i = 0; i < t->rank; i++) {
        int64_t v;
        char text[256];
        if (ox_dim_is_const(m, t->dims[i], &v))
            ox_json_int(j, NULL, v);
        else if (ox_dim_get_kind(m, t->dims[i]) == OX_DIM_UNKNOWN || !t->dims[i].id)
            ox_json_null(j, NULL);
        else if (ox_dim_get_kind(m, t->dims[i]) == OX_DIM_SYMBOL) /* the name itself: text of people quotes odd ones */
            json_name(j, NULL, m, ox_dim_name(m, t->dims[i]));
        else
            ox_json_str(j, NULL, text, ox_dim_text(m, t->dims[i], text, sizeof text));
    }
    ox_json_close(j, ']');
}

void ox_value_json(ox_json *j, const char *key, const ox_model *m, ox_value v)
{
    char type[512];
    ox_type_info t = ox_type_get(m, ox_value_type(m, v));
    ox_json_open(j, key, '{');
    json_name(j, "name", m, ox_value_name(m, v));
    ox_json_int(j, "id", v.id);
    ox_type_text(m, ox_value_type(m, v), type, sizeof type);
    ox_json_strz(j, "type", type);
    if (t.kind == OX_TYPE_TENSOR || t.kind == OX_TYPE_SPARSE) {
        ox_json_strz(j, "dtype", t.dtype ? ox_dtype_name(t.dtype, OX_DTYPE_NUMPY) : NULL);
        json_dims(j, m, &t);
        json_reasons(j, m, &t);
    }
    ox_json_close(j, '}');
}

static void json_values(ox_json *j, const char *key, const ox_model *m, ox_node n, size_t count,
                        ox_value (*get)(const ox_model *, ox_node, size_t))
{
    ox_json_open(j, key, '[');
    for (size_t i = 0; i < count; i++) {
        ox_value v = get(m, n, i);
        if (v.id)
            ox_value_json(j, NULL, m, v);
        else
            ox_json_null(j, NULL);
    }
    ox_json_close(j, ']');
}

/* An attribute's value as the printers write it. */
static ox_status collect(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)err;
    return fwrite(s, 1, n, ud) == n ? OX_OK : OX_E_NOMEM;
}

static void json_attrs(ox_json *j, const ox_model *m, ox_node n)
{
    const ox_attr *a;
    size_t count = ox_node_attrs(m, n, &a);
    ox_print_options opt = {.style = OX_STYLE_SEED};
    ox_json_open(j, "attributes", '[');
    for (size_t i = 0; i < count; i++) {
        char *text = NULL;
        size_t len = 0;
        FILE *f = open_memstream(&text, &len);
        if (!f) break;
        ox_sink sink = {collect, f};
        ox_status st = ox_attr_print(m, &a[i], &opt, &sink, NULL);
        fclose(f);
        if (st == OX_OK) {
            ox_json_open(j, NULL, '{');
            json_name(j, "name", m, a[i].name);
            ox_json_strz(j, "kind", ox_attr_kind_name(a[i].kind));
            ox_json_str(j, "value", text, len);
            ox_json_close(j, '}');
        }
        free(text);
    }
    ox_json_close(j, ']');
}

void ox_node_json(ox_json *j, const char *key, const ox_model *m, ox_node n)
{
    char text[1024];
    ox_loc_info l = ox_loc_get(m, ox_node_loc(m, n));
    ox_json_open(j, key, '{');
    ox_json_int(j, "id", n.id);
    ox_json_str(j, "op", text, ox_node_op_text(m, n, text, sizeof text));
    json_name(j, "name", m, ox_node_name(m, n));
    ox_node_scope_text(m, n, text, sizeof text);
    ox_json_strz(j, "scope", text);
    if (l.file.id) {
        json_name(j, "file", m, l.file);
        ox_json_int(j, "line", l.line);
    } else {
        ox_json_null(j, "file");
        ox_json_null(j, "line");
    }
    if (ox_node_doc(m, n).id > 1) /* 1 is the empty text */
        json_name(j, "doc", m, ox_node_doc(m, n));
    else
        ox_json_null(j, "doc");
    json_values(j, "inputs", m, n, ox_node_n_inputs(m, n), ox_node_input);
    json_values(j, "outputs", m, n, ox_node_n_outputs(m, n), ox_node_output);
    json_attrs(j, m, n);
    ox_json_close(j, '}');
}

void ox_lead_to(ox_session *s, const ox_model *m, ox_node n)
{
    bool beside = m == s->beside;
    if (n.id && m != s->model && !beside) n = ox_model_node_at(s->model, ox_node_origin(m, n));
    if (!n.id) return;
    s->led = n;
    s->led_beside = beside;
    s->n_led++;
}

ox_status ox_asked_model(const ox_session *s, const ox_args *a, ox_model **m, ox_error *err)
{
    bool result = ox_args_get(a, "--result") != NULL, beside = ox_args_get(a, "--beside") != NULL;
    *m = result ? s->result : beside ? s->beside : s->model;
    if (result && beside) return ox_error_set(err, OX_E_INVALID, "--result and --beside are two models: one at a time");
    if (*m) return OX_OK;
    ox_error_set(err, OX_E_INVALID, beside ? "no model stands beside" : "there is no result");
    ox_error_hint(err, beside ? "`beside FILE` opens one" : "`export` makes one");
    return OX_E_INVALID;
}
