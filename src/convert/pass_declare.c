/* Floor 5. Shapes are kept: what the conversion knows of a value between two nodes is declared in the file that is
 * written (value_info), so that whoever opens it sees the shapes without inferring them again. */
#include "convert/pass.h"

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

ox_status ox__pass_declare(ox__conv *c, uint64_t *changed)
{
    if (!c->trace) return OX_OK; /* what its file declared stays declared */
    return walk(c, ox_model_main(c->m), changed);
}
