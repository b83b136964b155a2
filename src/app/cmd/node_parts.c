/* Floor 7. What `node` and `why` tell of a node. */
#include "app/cmd/node_parts.h"
#include "app/module.h"

#include <string.h>

void ox_node_title(ox_out *o, const char *text)
{
    ox_out_f(o, "%s%-12s%s", ox_out_ink(o, OX_INK_COMMENT), text, ox_out_reset(o));
}

const ox_aten_schema *ox_node_aten_schema(const ox_model *m, ox_node n)
{
    enum { MAX_ARGS = 64 };
    char name[512];
    size_t len, k = 0, n_in = ox_node_n_inputs(m, n);
    const char *domain = ox_str_text(m, ox_node_domain(m, n), &len), *word = ox_str_text(m, ox_node_op(m, n), NULL);
    if (!len || n_in > MAX_ARGS || (size_t)snprintf(name, sizeof name, "%s::%s", domain, word) >= sizeof name)
        return NULL;
    const ox_aten_schema *first = ox_aten_find(name, &k);
    ox_aten_type types[MAX_ARGS];
    for (size_t a = 0; a < n_in; a++) types[a] = ox_aten_type_of(m, ox_value_type(m, ox_node_input(m, n, a)));
    return k ? ox_aten_match(first, k, types, NULL, n_in) : NULL;
}

const char *ox_node_input_name(const ox_model *m, ox_node n, size_t i)
{
    const ox_op_schema *op = ox_op_schema_of(m, n);
    ox_op_param p;
    if (op) return ox_op_schema_input_for(op, i, &p) ? p.name : "";
    const ox_aten_schema *s = ox_node_aten_schema(m, n);
    return s && i < ox_aten_get(s).n_args ? ox_aten_get_arg(s, i).name : "";
}

void ox_node_put_attr(const ox_model *m, const ox_attr *a, ox_style style, ox_out *o)
{
    ox_print_options opt = {.style = style};
    ox_sink sink = ox_out_sink(o);
    if (ox_attr_print(m, a, &opt, &sink, NULL) != OX_OK) ox_out_f(o, "...");
}

static bool is_constant(const ox_model *m, ox_node d)
{
    return ox_node_is(m, d, "prim", "Constant") || ox_node_is(m, d, "", "Constant");
}

static void put_constant(const ox_model *m, ox_node d, ox_out *o)
{
    const ox_attr *a = ox_node_attr(m, d, "value");
    if (a)
        ox_node_put_attr(m, a, OX_STYLE_TORCH, o);
    else
        ox_out_f(o, "None");
}

enum { MAX_ITEMS = 12 };

static void put_items(const ox_model *m, ox_node list, ox_out *o)
{
    char text[512];
    size_t n = ox_node_n_inputs(m, list);
    ox_out_f(o, "  = [");
    for (size_t i = 0; i < n && i < MAX_ITEMS; i++) {
        ox_value v = ox_node_input(m, list, i);
        ox_node d = ox_value_node(m, v);
        ox_out_f(o, i ? ", " : "");
        ox_value_label(m, v, text, sizeof text);
        if (d.id && is_constant(m, d))
            put_constant(m, d, o);
        else
            ox_out_f(o, "%s", text);
    }
    ox_out_f(o, n > MAX_ITEMS ? ", ...]" : "]");
}

void ox_node_put_origin(const ox_model *m, ox_value v, ox_out *o)
{
    char text[512];
    ox_node d = ox_value_node(m, v);
    if (ox_value_is_initializer(m, v)) {
        ox_out_f(o, "  initializer");
    } else if (!d.id) {
        ox_out_f(o, "  input");
    } else if (is_constant(m, d)) {
        ox_out_f(o, "  = ");
        put_constant(m, d, o);
    } else if (ox_node_is(m, d, "prim", "ListConstruct")) {
        put_items(m, d, o);
    } else if (ox_module_path(m, d, text, sizeof text)) {
        ox_out_f(o, ox_module_weight(m, d).id ? "  weight " : "  module's ");
        ox_out_name(o, text, strlen(text));
    } else {
        ox_node_op_text(m, d, text, sizeof text);
        ox_out_f(o, "  from %s", text);
    }
}

void ox_node_put_value(const ox_model *m, ox_value v, ox_out *o)
{
    char label[512], type[512];
    ox_value_label(m, v, label, sizeof label);
    ox_type_text(m, ox_value_type(m, v), type, sizeof type);
    ox_out_f(o, "%s%s%s : %s%s%s", ox_out_ink(o, OX_INK_VALUE), label, ox_out_reset(o), ox_out_ink(o, OX_INK_TYPE),
             type, ox_out_reset(o));
}

void ox_node_put_stack(const ox_model *m, ox_node n, ox_out *o)
{
    const ox_pair *rows;
    bool first = true;
    for (size_t i = 0, k = ox_node_metadata(m, n, &rows); i < k; i++) {
        if (strcmp(ox_str_text(m, rows[i].key, NULL), "python_stack") != 0) continue;
        for (const char *p = ox_str_text(m, rows[i].value, NULL); *p; first = false) {
            size_t len = strcspn(p, "\n");
            ox_node_title(o, first ? "called from" : "");
            ox_out_name(o, p, len);
            ox_out_f(o, "\n");
            p += len + (p[len] == '\n');
        }
    }
}
