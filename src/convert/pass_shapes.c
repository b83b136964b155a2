/* Floor 5. Types before conversion: where a trace has branches or loops, and archives have no types inside, conditions
 * and numbers of rounds often hang on sizes. They are found by lowering a copy; then numbers and branches are folded,
 * which may tell more types, so again, as long as it helps. */
#include "convert/found.h"
#include "convert/pass.h"

enum {
    MAX_ROUNDS = 256
}; /* a question may hang on the answer to the one before: a deep network asks one in each layer */

/* Branches and loops, and questions whose answers constant propagation wants to know: of what dtype is it? */
static bool asks_for_types(const ox_model *m)
{
    ox_graph g = ox_model_main(m);
    for (ox_node n = ox_graph_first(m, g); n.id; n = ox_node_next(m, n))
        if (ox_node_n_blocks(m, n) || ox_node_is(m, n, "prim", "dtype")) return true;
    return false;
}

/* What was found becomes the type of the copy's value; *changed counts those that say more now. */
static ox_status lay(ox__conv *c, const ox__found *f, uint64_t *changed)
{
    ox_status s = OX_OK;
    for (uint32_t id = 1; s == OX_OK && id < f->n; id++) {
        ox_value v = ox_model_value_at(c->m, id);
        if (!v.id || !f->type[id].id) continue;
        ox_type had = ox_value_type(c->m, v), t = ox__type_merge(c->m, had, f->type[id], NULL);
        if (t.id == had.id) continue;
        ++*changed;
        s = ox_value_set_type(c->m, v, t, c->err);
    }
    return s;
}

static ox_status find(ox__conv *c, uint64_t *changed)
{
    ox__found f;
    ox_status s = ox__found_make(&f, c->m, c->syms, c->opt, (ox__found_how){.inner = true}, c->err);
    if (s == OX_OK) s = lay(c, &f, changed);
    ox__found_free(&f);
    return s;
}

ox_status ox__pass_shapes(ox__conv *c, uint64_t *changed)
{
    if (!c->trace || c->as_is) return OX_OK;
    for (int i = 0; i < MAX_ROUNDS && asks_for_types(c->m) && ox__types_missing(c->m); i++) {
        uint64_t found = 0, folded = 0;
        ox_status s = find(c, &found);
        if (s == OX_OK && found) s = ox__pass_constants(c, &folded);
        *changed += found;
        if (s != OX_OK || !folded) return s;
    }
    return OX_OK;
}
