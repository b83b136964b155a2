/* Floor 5. Shapes are kept: what the conversion knows of a value between two nodes is declared in the file that is
 * written (value_info), so that whoever opens it sees the shapes without inferring them again. */
#include "convert/pass.h"

#include <onnxsh/print.h>

#include <stdio.h>

/* True if a .onnx file can say it, and it says something: at least the dtype of each tensor. */
static bool is_worth(const ox_model *m, ox_type type)
{
    ox_type_info t = ox_type_get(m, type);
    bool holder = t.kind == OX_TYPE_SEQUENCE || t.kind == OX_TYPE_OPTIONAL;
    for (unsigned depth = 0; holder && t.n_items == 1 && depth < OX_MAX_TYPE_DEPTH; depth++) {
        t = ox_type_get(m, t.items[0]);
        holder = t.kind == OX_TYPE_SEQUENCE || t.kind == OX_TYPE_OPTIONAL;
    }
    return t.kind == OX_TYPE_TENSOR && t.dtype != OX_UNDEFINED;
}

static ox_status walk(ox__conv *c, ox_graph g, uint64_t *changed)
{
    ox_model *m = c->m;
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(m, g); s == OX_OK && n.id; n = ox_node_next(m, n)) {
        s = ox__conv_tick(c, "declare");
        for (size_t i = 0; s == OX_OK && i < ox_node_n_outputs(m, n); i++) {
            ox_value v = ox_node_output(m, n, i);
            if (!v.id || ox_value_is_output(m, v) || ox_value_is_declared(m, v) || !is_worth(m, ox_value_type(m, v)))
                continue;
            s = ox_value_set_declared(m, v, true, c->err);
            ++*changed;
        }
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(m, n); i++) s = walk(c, ox_node_block(m, n, i), changed);
    }
    return s;
}

/* A file that does not say what its inputs hold is no model to anybody. What a custom operator returns is its own
 * matter. */
static ox_status check_inputs(ox__conv *c)
{
    ox_graph g = ox_model_main(c->m);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_inputs(c->m, g); i++) {
        char label[128], hint[256];
        ox_value v = ox_graph_input(c->m, g, i);
        ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
        if (t.kind == OX_TYPE_TENSOR ? t.dtype != OX_UNDEFINED : t.kind != OX_TYPE_NONE_KNOWN) continue;
        ox_value_label(c->m, v, label, sizeof label);
        snprintf(hint, sizeof hint, "state it: --input %s=float32[1,3,224,224], or `input` with the same at the prompt",
                 label + (*label == '%'));
        s = ox__report_note(c, OX_FAILURE_REFUSED, (ox_node){0}, hint, "the dtype of input %zu (%s) is not known",
                            i + 1, label);
    }
    return s;
}

ox_status ox__pass_declare(ox__conv *c, uint64_t *changed)
{
    if (!c->trace) return OX_OK; /* what its file declared stays declared */
    ox_status s = walk(c, ox_model_main(c->m), changed);
    return s == OX_OK ? check_inputs(c) : s;
}
