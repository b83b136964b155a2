/* Floor 4. Dead code. The depth of blocks is bounded by the model, so the recursion is too. */
#include "rewrite/dead.h"

bool ox__node_is_unused(const ox_model *m, ox_node n)
{
    for (size_t i = 0; i < ox_node_n_outputs(m, n); i++) {
        ox_value v = ox_node_output(m, n, i);
        if (v.id && ox_value_n_uses(m, v)) return false;
    }
    return true;
}

ox_status ox__remove_dead(ox_model *m, ox_graph g, bool (*keep)(const ox_model *m, ox_node n), uint64_t *count,
                          ox_error *err)
{
    ox_node prev;
    for (ox_node n = ox_graph_last(m, g); n.id; n = prev) {
        prev = ox_node_prev(m, n);
        if (ox__node_is_unused(m, n) && !(keep && keep(m, n))) {
            ox_status s = ox_node_delete(m, n, err);
            if (s != OX_OK) return s;
            ++*count;
            continue;
        }
        for (size_t i = 0; i < ox_node_n_blocks(m, n); i++) {
            ox_status s = ox__remove_dead(m, ox_node_block(m, n, i), keep, count, err);
            if (s != OX_OK) return s;
        }
    }
    return OX_OK;
}

ox_status ox__remove_dead_initializers(ox_model *m, uint64_t *count, ox_error *err)
{
    ox_graph g = ox_model_main(m);
    size_t n = ox_graph_n_initializers(m, g), n_dead = 0;
    ox_value *dead = ox__alloc((n + 1) * sizeof *dead);
    if (!dead) return ox__nomem(err);
    for (size_t i = 0; i < n; i++) {
        ox_value v = ox_graph_initializer(m, g, i);
        if (!ox_value_n_uses(m, v) && !ox_value_is_input(m, v)) dead[n_dead++] = v;
    }
    ox_status s = OX_OK;
    for (size_t i = n_dead; s == OX_OK && i-- > 0;) {
        s = ox_graph_remove_initializer(m, g, dead[i], err);
        ++*count;
    }
    ox__free(dead);
    return s;
}
