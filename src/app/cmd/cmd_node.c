/* Floor 7. node: all about one node: where it stands, its arguments by name, what uses its results. */
#include "app/cmd/node_parts.h"

#include <stdlib.h>
#include <string.h>

static void print_inputs(const ox_model *m, ox_node n, ox_out *o)
{
    for (size_t i = 0; i < ox_node_n_inputs(m, n); i++) {
        ox_value v = ox_node_input(m, n, i);
        ox_node_title(o, i == 0 ? "inputs" : "");
        ox_out_f(o, "%-14s ", ox_node_input_name(m, n, i));
        if (v.id) {
            ox_node_put_value(m, v, o);
            ox_node_put_origin(m, v, o);
        } else {
            ox_out_f(o, "(absent)");
        }
        ox_out_f(o, "\n");
    }
}

static void print_attrs(const ox_model *m, ox_node n, ox_out *o)
{
    const ox_attr *a;
    size_t count = ox_node_attrs(m, n, &a);
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *name = ox_str_text(m, a[i].name, &len);
        ox_node_title(o, i == 0 ? "attributes" : "");
        ox_out_name(o, name, len);
        ox_out_f(o, " = ");
        ox_node_put_attr(m, &a[i], OX_STYLE_SEED, o);
        ox_out_f(o, "  (%s)\n", ox_attr_kind_name(a[i].kind));
    }
}

enum { MAX_USES = 8 };

static void print_uses(const ox_model *m, ox_value v, ox_out *o)
{
    size_t shown = 0, n = ox_value_n_uses(m, v);
    for (ox_use u = ox_value_first_use(m, v); u.node.id && shown < MAX_USES; u = ox_value_next_use(m, u), shown++) {
        char text[512];
        ox_node_title(o, "");
        if (ox_node_is_return(m, u.node)) {
            ox_out_f(o, "  output %u of the graph\n", u.index);
            continue;
        }
        ox_node_op_text(m, u.node, text, sizeof text);
        ox_out_f(o, "  input %u of %s #%u\n", u.index, text, u.node.id);
    }
    if (n > shown) {
        ox_node_title(o, "");
        ox_out_f(o, "  and %zu more uses\n", n - shown);
    }
    if (n == 0) {
        ox_node_title(o, "");
        ox_out_f(o, "  not used\n");
    }
}

static void print_reasons(const ox_model *m, ox_value v, ox_out *o)
{
    char text[1024];
    ox_type_info t = ox_type_get(m, ox_value_type(m, v));
    for (int32_t i = 0; i < t.rank; i++)
        if (ox_dim_reason(m, t.dims[i], text, sizeof text)) {
            ox_node_title(o, "");
            ox_out_f(o, "  dim %d is unknown: %s\n", i, text);
        }
}

static void print_node(const ox_model *m, ox_node n, ox_out *o)
{
    char text[1024];
    size_t len;
    ox_node_op_text(m, n, text, sizeof text);
    ox_node_title(o, "node");
    ox_out_f(o, "%s%s%s  #%u\n", ox_out_bold(o), text, ox_out_reset(o), n.id);
    const char *name = ox_str_text(m, ox_node_name(m, n), &len);
    if (len) {
        ox_node_title(o, "name");
        ox_out_name(o, name, len);
        ox_out_f(o, "\n");
    }
    if (ox_node_scope(m, n).id) {
        ox_node_scope_text(m, n, text, sizeof text);
        ox_node_title(o, "scope");
        ox_out_name(o, text, strlen(text));
        ox_out_f(o, "\n");
    }
    ox_node_loc_text(m, n, text, sizeof text);
    if (*text) {
        ox_node_title(o, "source");
        ox_out_name(o, text, strlen(text));
        ox_out_f(o, "\n");
    }
    ox_node_put_stack(m, n, o);
    const char *doc = ox_str_text(m, ox_node_doc(m, n), &len);
    if (len) {
        ox_node_title(o, "doc");
        ox_out_name(o, doc, len);
        ox_out_f(o, "\n");
    }
    print_inputs(m, n, o);
    print_attrs(m, n, o);
    for (size_t i = 0; i < ox_node_n_outputs(m, n); i++) {
        ox_value v = ox_node_output(m, n, i);
        ox_node_title(o, i == 0 ? "outputs" : "");
        if (v.id)
            ox_node_put_value(m, v, o);
        else
            ox_out_f(o, "(absent)");
        ox_out_f(o, "\n");
        if (v.id) print_reasons(m, v, o);
        if (v.id) print_uses(m, v, o);
    }
    for (size_t i = 0; i < ox_node_n_blocks(m, n); i++) {
        ox_node_title(o, i == 0 ? "blocks" : "");
        ox_out_count(o, ox_graph_n_nodes(m, ox_node_block(m, n, i)), "node", "nodes");
        ox_out_f(o, "\n");
    }
}

/* What the last export made of a trace node, and the other way round. */
static void print_provenance(ox_session *s, const ox_model *m, ox_node n, ox_out *o)
{
    char text[512];
    if (m == s->result && s->model) {
        ox_node from = ox_model_node_at(s->model, ox_node_origin(m, n));
        if (!from.id) return;
        ox_node_op_text(s->model, from, text, sizeof text);
        ox_node_title(o, "from");
        ox_out_f(o, "%s #%u of the trace\n", text, from.id);
    } else if (m == s->model && s->result) {
        bool first = true;
        for (uint32_t id = 1; id < ox_model_node_limit(s->result); id++) {
            ox_node k = ox_model_node_at(s->result, id);
            if (!k.id || ox_node_origin(s->result, k) != n.id || ox_node_is_return(s->result, k)) continue;
            ox_node_op_text(s->result, k, text, sizeof text);
            ox_node_title(o, first ? "became" : "");
            ox_out_f(o, "%s #%u of the result\n", text, k.id);
            first = false;
        }
    }
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    ox_model *m;
    ox_json j;
    ox_node all[OX_ARGS_MAX];
    ox_status st = ox_asked_model(s, a, &m, err);
    for (size_t i = 0; i < a->n && st == OX_OK; i++) st = ox_select_node(m, a->pos[i], &all[i], err);
    if (st != OX_OK) return st; /* before anything is printed */
    ox_lead_to(s, m, all[0]);
    if (s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
    }
    for (size_t i = 0; i < a->n; i++) {
        ox_node n = all[i];
        if (s->g.json) {
            ox_node_json(&j, NULL, m, n);
        } else {
            if (i) ox_out_f(&s->out, "\n");
            print_node(m, n, &s->out);
            print_provenance(s, m, n, &s->out);
        }
    }
    if (s->g.json) {
        ox_json_close(&j, ']');
        ox_json_end(&j);
    }
    return st;
}

static const ox_opt opts[] = {
    {"--result", NULL, "a node of the result of the last export", OX_HINT_NONE, NULL},
    {"--beside", NULL, "a node of the model beside", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_node = {
    .name = "node",
    .usage = "[--result] NODE...",
    .summary = "show a node: scope, source line, arguments by name, uses",
    .help = "NODE is a node's name, %value that it makes, or #id. Of a TorchScript archive the Python calls that led "
            "to the\n"
            "node are listed as well, innermost first.",
    .example = "node #2",
    .flags = OX_CMD_MODEL | OX_CMD_GRAPH | OX_CMD_TYPES | OX_CMD_PAGE | OX_CMD_CUT,
    .opts = opts,
    .hint = OX_HINT_NODE,
    .min_args = 1,
    .max_args = OX_ARGS_MAX,
    .exec = exec,
};
