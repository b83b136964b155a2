/* Floor 7. value: all about one value: its type, who makes and uses it, and what a constant holds. */
#include "app/cmd.h"
#include "app/cmd/quant.h"
#include "app/cmd/run_io.h"
#include "app/cmd/stats.h"

#include "app/interrupt.h"
#include "app/module.h"

#include <onnxsh/run.h>

#include <stdlib.h>
#include <string.h>

/* The tensor of an initializer, or of the Constant that makes the value. */
static ox_tensor constant_of(const ox_model *m, ox_value v)
{
    ox_tensor none = {0};
    if (ox_value_is_initializer(m, v)) return ox_value_tensor(m, v);
    ox_node d = ox_value_node(m, v);
    if (!d.id || !(ox_node_is(m, d, "", "Constant") || ox_node_is(m, d, "prim", "Constant"))) return none;
    const ox_attr *a = ox_node_attr(m, d, "value");
    return a && a->kind == OX_ATTR_TENSOR ? a->u.t : none;
}

static const char *role(const ox_model *m, ox_value v)
{
    if (ox_value_is_initializer(m, v)) return ox_value_is_input(m, v) ? "initializer and input" : "initializer";
    if (ox_value_is_input(m, v)) return "input";
    return ox_value_is_output(m, v) ? "output" : "intermediate";
}

static void print_layout(const ox_model *m, ox_value v, ox_out *o)
{
    ox_layout_info l = ox_layout_get(m, ox_value_layout(m, v));
    if (l.n_strides < 0 && !l.device.id && l.requires_grad < 0) return;
    ox_out_f(o, "layout    ");
    if (l.n_strides >= 0) {
        ox_out_f(o, "strides=[");
        for (int32_t i = 0; i < l.n_strides; i++) {
            if (l.strides[i] == OX_STRIDE_UNKNOWN)
                ox_out_f(o, "%s*", i ? ", " : "");
            else
                ox_out_f(o, "%s%lld", i ? ", " : "", (long long)l.strides[i]);
        }
        ox_out_f(o, "] ");
    }
    if (l.requires_grad >= 0) ox_out_f(o, "requires_grad=%d ", l.requires_grad);
    if (l.device.id) {
        size_t n;
        const char *text = ox_str_text(m, l.device, &n);
        ox_out_f(o, "device=");
        ox_out_name(o, text, n);
    }
    ox_out_f(o, "\n");
}

static void print_uses(const ox_model *m, ox_value v, ox_out *o)
{
    char text[1024];
    for (ox_use u = ox_value_first_use(m, v); u.node.id; u = ox_value_next_use(m, u)) {
        if (ox_node_is_return(m, u.node)) {
            ox_out_f(o, "  output %u of the graph\n", u.index);
            continue;
        }
        ox_node_op_text(m, u.node, text, sizeof text);
        ox_out_f(o, "  input %u of %s #%u\n", u.index, text, u.node.id);
    }
}

/* Code of an archive reads a weight by its path. */
static void print_reads(const ox_model *m, ox_value w, ox_out *o)
{
    char text[512];
    uint32_t id = 1;
    while (ox_value_is_initializer(m, w)) {
        ox_value v = ox_module_next_read(m, w, &id, ox_model_node_limit(m));
        if (!v.id) break;
        ox_value_label(m, v, text, sizeof text);
        ox_out_f(o, "read as   %s by #%u\n", text, ox_value_node(m, v).id);
        print_uses(m, v, o);
    }
}

static void print_place(const ox_model *m, ox_value v, ox_out *o)
{
    char text[1024];
    ox_node d = ox_value_node(m, v);
    ox_out_f(o, "role      %s\n", role(m, v));
    if (d.id) {
        ox_node_op_text(m, d, text, sizeof text);
        ox_out_f(o, "made by   %s #%u, output %u\n", text, d.id, ox_value_index(m, v));
        ox_node_scope_text(m, d, text, sizeof text);
        if (*text) {
            ox_out_f(o, "scope     ");
            ox_out_name(o, text, strlen(text));
            ox_out_f(o, "\n");
        }
    }
    ox_out_f(o, "uses      %zu\n", ox_value_n_uses(m, v));
    print_uses(m, v, o);
    print_reads(m, v, o);
}

/* The other weights of the storage of a weight, told to fn. */
static void each_sharer(const ox_model *m, ox_value v, void (*fn)(void *ud, const char *name, size_t n), void *ud)
{
    ox_graph g = ox_model_main(m);
    uint32_t storage = ox_value_is_initializer(m, v) ? ox_tensor_get(m, ox_value_tensor(m, v)).shared : 0;
    for (size_t i = 0; storage && i < ox_graph_n_initializers(m, g); i++) {
        ox_value w = ox_graph_initializer(m, g, i);
        size_t n;
        const char *name = ox_str_text(m, ox_value_name(m, w), &n);
        if (w.id != v.id && ox_tensor_get(m, ox_value_tensor(m, w)).shared == storage) fn(ud, name, n);
    }
}

static void print_sharer(void *ud, const char *name, size_t n)
{
    ox_out *o = ud;
    ox_out_f(o, "shares    a storage with ");
    ox_out_name(o, name, n);
    ox_out_f(o, "\n");
}

static void json_sharer(void *ud, const char *name, size_t n)
{
    ox_json_str(ud, NULL, name, n);
}

static ox_status print_data(ox_session *s, const ox_model *m, ox_tensor t, ox_error *err)
{
    ox_tensor_info k = ox_tensor_get(m, t);
    ox_out *o = &s->out;
    char bytes[32];
    ox_bytes_text(ox_tensor_raw_size(m, t), bytes, sizeof bytes);
    if (k.storage == OX_STORAGE_LOST) {
        ox_out_f(o, "data      lost: the dump printed <Tensor>; --weights can supply it\n");
        return OX_OK;
    }
    if (k.storage == OX_STORAGE_SPARSE) {
        ox_out_f(o, "data      sparse, %llu values\n", (unsigned long long)ox_tensor_get(m, k.values).n_elements);
        return OX_OK;
    }
    ox_out_f(o, "data      %s%s%s\n", bytes, k.external ? ", in an external file" : "",
             k.rounded ? ", printed rounded by the dump" : "");
    ox_out_f(o, "          ");
    ox_status st = ox_tensor_preview(o, m, t, 8, err);
    if (st == OX_OK) st = ox_quant_print(o, m, k.quant, err);
    size_t n;
    const char *doc = ox_str_text(m, k.doc, &n);
    if (st == OX_OK && n) {
        ox_out_f(o, "doc       ");
        ox_out_name(o, doc, n);
        ox_out_f(o, "\n");
    }
    if (st != OX_OK || k.dtype == OX_STRING || k.n_elements < 2) return st;
    ox_tensor_stats_t stats;
    st = ox_stats_of(s, m, t, &stats, err);
    if (st == OX_OK) ox_stats_print(o, &stats);
    return st;
}

static ox_status print_value(ox_session *s, const ox_model *m, ox_value v, ox_error *err)
{
    char text[1024];
    ox_out *o = &s->out;
    ox_value_label(m, v, text, sizeof text);
    ox_out_f(o, "%s%s%s  (id %u)\n", ox_out_bold(o), text, ox_out_reset(o), v.id);
    ox_type_text(m, ox_value_type(m, v), text, sizeof text);
    ox_out_f(o, "type      %s\n", text);
    ox_type_info t = ox_type_get(m, ox_value_type(m, v));
    for (int32_t i = 0; i < t.rank; i++) {
        if (ox_dim_reason(m, t.dims[i], text, sizeof text)) ox_out_f(o, "dim %-5d unknown: %s\n", i, text);
    }
    if (m == s->model && ox_typing_reason(s->typing, v, text, sizeof text)) ox_out_f(o, "unknown   %s\n", text);
    print_layout(m, v, o);
    print_place(m, v, o);
    each_sharer(m, v, print_sharer, o);
    ox_tensor c = constant_of(m, v);
    return c.id ? print_data(s, m, c, err) : OX_OK;
}

static void json_reads(ox_json *j, const ox_model *m, ox_value w)
{
    uint32_t id = 1;
    bool any = false;
    while (ox_value_is_initializer(m, w)) {
        ox_value v = ox_module_next_read(m, w, &id, ox_model_node_limit(m));
        if (!v.id) break;
        if (!any) ox_json_open(j, "read_as", '[');
        any = true;
        ox_json_open(j, NULL, '{');
        ox_value_json(j, "value", m, v);
        ox_json_int(j, "node", ox_value_node(m, v).id);
        ox_json_close(j, '}');
    }
    if (any) ox_json_close(j, ']');
}

static ox_status json_value(ox_session *s, ox_json *j, const ox_model *m, ox_value v, ox_error *err)
{
    ox_tensor c = constant_of(m, v);
    ox_status st = OX_OK;
    ox_json_open(j, NULL, '{');
    ox_value_json(j, "value", m, v);
    ox_json_strz(j, "role", role(m, v));
    ox_json_int(j, "made_by", ox_value_node(m, v).id);
    ox_json_open(j, "uses", '[');
    for (ox_use u = ox_value_first_use(m, v); u.node.id; u = ox_value_next_use(m, u)) {
        ox_json_open(j, NULL, '{');
        ox_json_int(j, "node", u.node.id);
        ox_json_bool(j, "return", ox_node_is_return(m, u.node));
        ox_json_int(j, "input", u.index);
        ox_json_close(j, '}');
    }
    ox_json_close(j, ']');
    json_reads(j, m, v);
    ox_tensor_info k = ox_tensor_get(m, c);
    if (k.shared) {
        ox_json_open(j, "shares_with", '[');
        each_sharer(m, v, json_sharer, j);
        ox_json_close(j, ']');
    }
    if (k.quant) st = ox_quant_json(j, m, k.quant, true, err);
    if (st == OX_OK && c.id && (k.storage == OX_STORAGE_FILE || k.storage == OX_STORAGE_OWNED) &&
        k.dtype != OX_STRING) {
        ox_tensor_stats_t stats;
        st = ox_stats_of(s, m, c, &stats, err);
        ox_json_open(j, "statistics", '{');
        if (st == OX_OK) ox_stats_json(j, &stats);
        ox_json_close(j, '}');
    }
    ox_json_close(j, '}');
    return st;
}

/* ---- computed ---- */
static ox_status name_computed(const ox_model *m, size_t n, const ox_value *all, ox_data **got, ox_data_set *set,
                               ox_error *err)
{
    ox_status st = OX_OK;
    for (size_t i = 0; st == OX_OK && i < n; i++) {
        char label[64];
        const char *name = ox_run_value_name(m, all[i], label, sizeof label);
        st = got[i] ? ox_data_set_add(set, name, ox_data_ref(got[i]), err)
                    : ox_error_set(err, OX_E_NOT_FOUND, "%s was not made: the block that holds it did not run", name);
    }
    return st;
}

/* Runs what the values need, and sums them up as `run` does. */
static ox_status compute(ox_session *s, ox_model *m, const ox_args *a, const ox_value *all, ox_error *err)
{
    ox_run_inputs in = {0};
    ox_data_set set = {0};
    int64_t seed;
    size_t n_out = ox_graph_n_outputs(m, ox_model_main(m));
    ox_data **out = calloc(n_out + a->n + 1, sizeof *out);
    ox_status st = out ? ox_run_number(a, "--seed", 0, &seed, err) : ox_error_set(err, OX_E_NOMEM, "out of memory");
    if (st == OX_OK) st = ox_run_inputs_take(s, m, a, (uint64_t)seed, false, &in, err);
    ox_run_options opt = {.n_fetch = a->n, .fetch = all, .only_fetch = true, .task = ox_progress_task(s->g.quiet)};
    if (st == OX_OK) opt.seed = (uint64_t)seed, st = ox_run(m, &opt, in.n, in.data, out, err);
    ox_progress_done();
    if (st == OX_E_UNSUPPORTED) st = err->code = OX_E_CHECK; /* the file is fine; the answer is no */
    if (st == OX_OK) st = name_computed(m, a->n, all, out + n_out, &set, err);
    if (st == OX_OK) st = ox_run_summary(s, &set, NULL, err);
    for (size_t i = 0; out && i < n_out + a->n; i++) ox_data_free(out[i]);
    free(out);
    ox_run_inputs_free(&in);
    ox_data_set_clear(&set);
    return st;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    ox_model *m;
    ox_json j;
    ox_value all[OX_ARGS_MAX];
    ox_status st = ox_asked_model(s, a, &m, err);
    for (size_t i = 0; i < a->n && st == OX_OK; i++) st = ox_select_value(m, a->pos[i], &all[i], err);
    if (st != OX_OK) return st; /* before anything is printed */
    if (ox_args_get(a, "--compute")) return compute(s, m, a, all, err);
    if (s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
    }
    for (size_t i = 0; i < a->n && st == OX_OK; i++) {
        ox_value v = all[i];
        if (!s->g.json && i) ox_out_f(&s->out, "\n");
        st = s->g.json ? json_value(s, &j, m, v, err) : print_value(s, m, v, err);
    }
    if (s->g.json) {
        ox_json_close(&j, ']');
        ox_json_end(&j);
    }
    return st;
}

static const ox_opt opts[] = {
    {"--compute", NULL, "run what it needs, and show what it is", OX_HINT_NONE, NULL},
    {"--inputs", "[NAME=]FILE", "--compute: inputs, as for `run` (repeatable)", OX_HINT_FILE, NULL},
    {"--random", NULL, "--compute: random data for inputs that no file gives", OX_HINT_NONE, NULL},
    {"--dim", "NAME=N", "--compute: what a symbolic dim is in random data (repeatable; else 1)", OX_HINT_NONE, NULL},
    {"--seed", "N", "--compute: seed of random inputs and operators (0)", OX_HINT_NONE, NULL},
    {"--result", NULL, "a value of the result of the last export", OX_HINT_NONE, NULL},
    {"--beside", NULL, "a value of the model beside", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_value = {
    .name = "value",
    .usage = "[--compute [--inputs FILE] [--random]] [--result] %VALUE...",
    .summary = "show a value: type, who makes and uses it, what a constant holds",
    .help = "A constant is shown with its first elements, its statistics and a histogram. --compute runs the nodes "
            "that the\n"
            "values need, and no others; a value that hangs on constants alone needs no inputs.",
    .example = "value %input",
    .flags = OX_CMD_MODEL | OX_CMD_TYPES | OX_CMD_PAGE | OX_CMD_CUT,
    .opts = opts,
    .hint = OX_HINT_VALUE,
    .min_args = 1,
    .max_args = OX_ARGS_MAX,
    .exec = exec,
};
