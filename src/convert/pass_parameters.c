/* Floor 5. Parameters: what --params says of weights, and the names of inputs. */
#include "convert/pass.h"

/* --params input: the weights stay outside; the graph takes them behind its other inputs. */
static ox_status as_input(ox__conv *c, ox_value weight)
{
    ox_graph g = ox_model_main(c->m);
    ox_value made;
    ox_status s = OX_OK;
    if (ox_value_is_input(c->m, weight)) /* it is listed among the inputs already: it goes to the others */
        for (size_t i = ox_graph_n_inputs(c->m, g); s == OX_OK && i-- > 0;)
            if (ox_graph_input(c->m, g, i).id == weight.id) s = ox_graph_remove_input(c->m, g, i, c->err);
    if (s == OX_OK)
        s = ox_graph_add_input(c->m, &made, g, SIZE_MAX, ox_value_name(c->m, weight), ox_value_type(c->m, weight),
                               c->err);
    if (s == OX_OK) s = ox_value_set_layout(c->m, made, ox_value_layout(c->m, weight), c->err);
    if (s == OX_OK) s = ox_value_replace_uses(c->m, weight, made, c->err);
    return s == OX_OK ? ox_graph_remove_initializer(c->m, g, weight, c->err) : s;
}

static ox_status as_inputs(ox__conv *c, uint64_t *changed)
{
    ox_graph g = ox_model_main(c->m);
    size_t n = ox_graph_n_initializers(c->m, g);
    ox_value *v = ox__alloc((n + 1) * sizeof *v);
    if (!v) return ox__nomem(c->err);
    for (size_t i = 0; i < n; i++) v[i] = ox_graph_initializer(c->m, g, i);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < n; i++, ++*changed) s = as_input(c, v[i]);
    ox__free(v);
    return s;
}

/* --params initializer: every parameter must have its data. The trace tells parameters by requires_grad alone. */
static ox_status check_bound(ox__conv *c)
{
    ox_graph g = ox_model_main(c->m);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_inputs(c->m, g); i++) {
        ox_value v = ox_graph_input(c->m, g, i);
        if (ox_value_tensor(c->m, v).id || ox_layout_get(c->m, ox_value_layout(c->m, v)).requires_grad != 1) continue;
        s = ox__report_note(c, OX_FAILURE_CONSTANT, (ox_node){0}, "give the file with its weights: --weights FILE",
                            "the data of parameter %s is not known: it cannot become an initializer",
                            ox_str_text(c->m, ox_value_name(c->m, v), NULL));
    }
    return s;
}

ox_status ox__pass_parameters(ox__conv *c, uint64_t *changed)
{
    if (c->opt->params == OX_PARAMS_INPUT) return as_inputs(c, changed);
    return c->opt->params == OX_PARAMS_INITIALIZER ? check_bound(c) : OX_OK;
}
