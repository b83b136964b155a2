/* Floor 7. Counting nodes and parameters by scope. */
#include "app/tally.h"
#include "app/module.h"

#include <stdlib.h>
#include <string.h>

/* Elements of a value that is a parameter: an initializer. */
static uint64_t n_params(const ox_model *m, ox_value v)
{
    if (!v.id || ox_value_node(m, v).id || !ox_value_is_initializer(m, v)) return 0;
    return ox_tensor_get(m, ox_value_tensor(m, v)).n_elements;
}

static void count(ox_tally *t, ox_node n)
{
    const ox_model *m = t->m;
    ox_tally_row *row = &t->by_scope[ox_node_scope(m, n).id];
    row->nodes++;
    if (!row->first) row->first = n.id;
    for (size_t i = 0; i < ox_node_n_inputs(m, n) + 1; i++) {
        ox_value v = i ? ox_node_input(m, n, i - 1) : ox_module_weight(m, n);
        if (!v.id || t->seen[v.id]) continue;
        row->params += n_params(m, v);
        t->seen[v.id] = true;
    }
}

/* ---- a file whose graph is not understood: weights belong to the module that their name says ---- */
typedef struct path_row {
    char *path;
    uint32_t scope;
} path_row;

static int by_path(const void *a, const void *b)
{
    return strcmp(((const path_row *)a)->path, ((const path_row *)b)->path);
}

static char *path_of(const ox_model *m, ox_scope sc)
{
    size_t n = ox_scope_path(m, sc, NULL, 0);
    char *p = malloc(n + 1);
    if (p) ox_scope_path(m, sc, p, n + 1);
    return p;
}

static uint32_t owner(const path_row *rows, size_t n, char *name)
{
    for (char *dot; (dot = strrchr(name, '.')) != NULL;) {
        *dot = '\0';
        const path_row key = {name, 0}, *row = bsearch(&key, rows, n, sizeof *rows, by_path);
        if (row) return row->scope;
    }
    return 1; /* the outermost */
}

static ox_status count_names(ox_tally *t, ox_error *err)
{
    const ox_model *m = t->m;
    ox_graph g = ox_model_main(m);
    path_row *rows = calloc((size_t)t->n_scopes + 1, sizeof *rows);
    size_t n = 0;
    bool ok = rows != NULL;
    for (uint32_t id = 2; ok && id < t->n_scopes; id++) {
        rows[n] = (path_row){path_of(m, ox_model_scope_at(m, id)), id};
        ok = rows[n].path != NULL;
        n += ok;
    }
    if (ok) qsort(rows, n, sizeof *rows, by_path);
    for (size_t i = 0; ok && t->n_scopes > 1 && i < ox_graph_n_initializers(m, g); i++) {
        ox_value v = ox_graph_initializer(m, g, i);
        char *name = strdup(ox_str_text(m, ox_value_name(m, v), NULL));
        ok = name != NULL;
        if (ok) t->by_scope[owner(rows, n, name)].params += n_params(m, v);
        free(name);
    }
    for (size_t i = 0; i < n; i++) free(rows[i].path);
    free(rows);
    return ok ? OX_OK : ox_error_set(err, OX_E_NOMEM, "out of memory");
}

ox_status ox_tally_begin(ox_tally *t, const ox_model *m, ox_error *err)
{
    memset(t, 0, sizeof *t);
    t->m = m;
    t->n_scopes = ox_model_scope_limit(m);
    t->next = 1;
    t->seen = calloc((size_t)ox_model_value_limit(m) + 1, 1);
    t->by_scope = calloc((size_t)t->n_scopes + 1, sizeof *t->by_scope);
    ox_status s = t->seen && t->by_scope ? OX_OK : ox_error_set(err, OX_E_NOMEM, "out of memory");
    t->unread = s == OX_OK && ox_model_graph_status(m, NULL) != OX_OK;
    if (t->unread) s = count_names(t, err);
    if (s != OX_OK) ox_tally_free(t);
    return s;
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
