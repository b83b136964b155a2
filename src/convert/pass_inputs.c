/* Floor 5. Tuples that the graph takes: ONNX has none, it takes their parts, each under the name of its place. */
#include "convert/pass.h"

enum { MAX_PARTS = 1024 }; /* each is added to a list that is copied for it */

/* The tuple is built from its parts again, for the pass "tuples" to take apart where it is read. */
static ox_status build_again(ox__conv *c, ox_value tuple, size_t n, const ox_value *parts)
{
    ox_node made;
    ox_graph g = ox_model_main(c->m);
    ox_status s = ox_node_create(c->m, &made, g, ox_graph_first(c->m, g), c->s_prim, ox__conv_str(c, "TupleConstruct"),
                                 n, parts, 1, c->err);
    if (s == OX_OK) s = ox_value_set_type(c->m, ox_node_output(c->m, made, 0), ox_value_type(c->m, tuple), c->err);
    return s == OX_OK ? ox_value_replace_uses(c->m, tuple, ox_node_output(c->m, made, 0), c->err) : s;
}

static ox_status take_input_apart(ox__conv *c, size_t i, uint64_t *changed)
{
    ox_graph g = ox_model_main(c->m);
    ox_value v = ox_graph_input(c->m, g, i);
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
    ox_value *parts = ox__alloc(((size_t)t.n_items + 1) * sizeof *parts);
    if (!parts) return ox__nomem(c->err);
    const char *name = ox_str_text(c->m, ox_value_name(c->m, v), NULL);
    ox_status s = OX_OK;
    for (uint32_t k = 0; s == OX_OK && k < t.n_items; k++) {
        ox__buf b = {0};
        ox__buf_addf(&b, "%s.%u", name, k);
        s = b.failed
                ? ox__nomem(c->err)
                : ox_graph_add_input(c->m, &parts[k], g, i + 1 + k, ox_value_fresh_name(c->m, b.p), t.items[k], c->err);
        ox__buf_free(&b);
    }
    if (s == OX_OK) s = build_again(c, v, t.n_items, parts);
    if (s == OX_OK) s = ox_graph_remove_input(c->m, g, i, c->err);
    ox__free(parts);
    ++*changed;
    return s;
}

ox_status ox__pass_inputs(ox__conv *c, uint64_t *changed)
{
    ox_graph g = ox_model_main(c->m);
    if (ox_model_get_kind(c->src) != OX_MODEL_TRACE) return OX_OK;
    ox_status s = OX_OK;
    size_t taken = 0;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_inputs(c->m, g);) {
        ox_value v = ox_graph_input(c->m, g, i);
        ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
        if (t.kind != OX_TYPE_TUPLE || taken + t.n_items >= MAX_PARTS) {
            i++;
            continue;
        }
        taken += t.n_items + 1;
        s = take_input_apart(c, i, changed);
    }
    return s;
}
