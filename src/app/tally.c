/* Floor 7. Counting nodes and parameters by scope. */
#include "app/tally.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Elements of a value that is a parameter: an initializer. */
static uint64_t n_params(const ox_model *m, ox_value v)
{
    if (!v.id || ox_value_node(m, v).id || !ox_value_is_initializer(m, v)) return 0;
    return ox_tensor_get(m, ox_value_tensor(m, v)).n_elements;
}

/* The weight that a node of an archive's code reads from the module of its scope; {0}: none. */
static ox_value weight_read(const ox_model *m, ox_node n)
{
    char path[1024];
    const ox_attr *a = ox_node_is(m, n, "prim", "GetAttr") ? ox_node_attr(m, n, "name") : NULL;
    size_t len = ox_scope_path(m, ox_node_scope(m, n), path, sizeof path);
    if (!a || a->kind != OX_ATTR_STRING || len >= sizeof path) return (ox_value){0};
    int more = snprintf(path + len, sizeof path - len, "%s%s", len ? "." : "", ox_str_text(m, a->u.s, NULL));
    if (more < 0 || len + (size_t)more >= sizeof path) return (ox_value){0};
    return ox_graph_find_value(m, ox_model_main(m), ox_str_find(m, path, len + (size_t)more));
}

ox_status ox_tally_begin(ox_tally *t, const ox_model *m, ox_error *err)
{
    memset(t, 0, sizeof *t);
    t->m = m;
    t->n_scopes = ox_model_scope_limit(m);
    t->next = 1;
    t->seen = calloc((size_t)ox_model_value_limit(m) + 1, 1);
    t->by_scope = calloc((size_t)t->n_scopes + 1, sizeof *t->by_scope);
    if (t->seen && t->by_scope) return OX_OK;
    ox_tally_free(t);
    return ox_error_set(err, OX_E_NOMEM, "out of memory");
}

static void count(ox_tally *t, ox_node n)
{
    const ox_model *m = t->m;
    ox_tally_row *row = &t->by_scope[ox_node_scope(m, n).id];
    row->nodes++;
    if (!row->first) row->first = n.id;
    for (size_t i = 0; i < ox_node_n_inputs(m, n) + 1; i++) {
        ox_value v = i ? ox_node_input(m, n, i - 1) : weight_read(m, n);
        if (!v.id || t->seen[v.id]) continue;
        row->params += n_params(m, v);
        t->seen[v.id] = true;
    }
}

/* Children have higher ids than their parents: one sweep from the end sums all levels. */
static void sum(ox_tally *t)
{
    for (uint32_t id = t->n_scopes; id-- > 1;) {
        const ox_tally_row *row = &t->by_scope[id];
        ox_scope p = ox_scope_parent(t->m, ox_model_scope_at(t->m, id));
        if (!p.id) continue;
        ox_tally_row *up = &t->by_scope[p.id];
        up->nodes += row->nodes;
        up->params += row->params;
        if (row->first && (!up->first || row->first < up->first)) up->first = row->first;
    }
}

bool ox_tally_work(ox_tally *t, uint32_t n)
{
    uint32_t limit = ox_model_node_limit(t->m);
    for (; !t->done && n && t->next < limit; n--, t->next++) {
        ox_node k = ox_model_node_at(t->m, t->next);
        if (k.id && !ox_node_is_return(t->m, k)) count(t, k);
    }
    if (!t->done && t->next >= limit) {
        sum(t);
        t->done = true;
    }
    return t->done;
}

void ox_tally_free(ox_tally *t)
{
    free(t->by_scope);
    free(t->seen);
    memset(t, 0, sizeof *t);
}
