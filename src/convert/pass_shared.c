/* Floor 5. Weights under several names: tied parameters, and lists that a script keeps beside its parameters. Tensors
 * that are the same bytes of one file become one initializer, under the name that comes first: parameters do. */
#include "convert/pass.h"

static bool same_bytes(const ox_model *m, ox_value a, ox_value b)
{
    ox_tensor t = ox_value_tensor(m, a), u = ox_value_tensor(m, b);
    if (t.id == u.id) return true;
    ox_tensor_info x = ox_tensor_get(m, t), y = ox_tensor_get(m, u);
    return x.storage == OX_STORAGE_FILE && y.storage == OX_STORAGE_FILE && x.encoding == OX_ENC_RAW &&
           y.encoding == OX_ENC_RAW && x.n_bytes && x.file == y.file && x.offset == y.offset &&
           x.n_bytes == y.n_bytes && x.dtype == y.dtype && x.rank == y.rank &&
           (x.rank == 0 || memcmp(x.dims, y.dims, x.rank * sizeof *x.dims) == 0);
}

static uint64_t hash_of(const ox_model *m, ox_value v)
{
    ox_tensor_info t = ox_tensor_get(m, ox_value_tensor(m, v));
    if (t.storage != OX_STORAGE_FILE) return ox__hash_mix(1, ox_value_tensor(m, v).id);
    return ox__hash_mix(ox__hash_mix(t.file, t.offset), t.n_bytes);
}

/* Gives the uses of v to the one that is in the table already, or enters it. */
static ox_status enter(ox__conv *c, ox_value *table, size_t mask, ox_value v, bool *dropped)
{
    size_t at = (size_t)hash_of(c->m, v) & mask;
    *dropped = false;
    while (table[at].id && !same_bytes(c->m, table[at], v)) at = (at + 1) & mask;
    if (!table[at].id) {
        table[at] = v;
        return OX_OK;
    }
    *dropped = true;
    ox_status s = ox_value_replace_uses(c->m, v, table[at], c->err);
    return s == OX_OK ? ox_graph_remove_initializer(c->m, ox_model_main(c->m), v, c->err) : s;
}

ox_status ox__pass_shared(ox__conv *c, uint64_t *changed)
{
    ox_graph g = ox_model_main(c->m);
    size_t n = ox_graph_n_initializers(c->m, g), size = 8;
    if (ox_model_get_kind(c->src) != OX_MODEL_TRACE || n < 2) return OX_OK;
    while (size < 2 * n) size *= 2;
    ox_value *table = ox__calloc(size, sizeof *table);
    if (!table) return ox__nomem(c->err);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_initializers(c->m, g);) {
        ox_value v = ox_graph_initializer(c->m, g, i);
        bool dropped = false;
        s = ox__conv_tick(c, "shared");
        if (s == OX_OK && ox_value_tensor(c->m, v).id && !ox_value_is_input(c->m, v))
            s = enter(c, table, size - 1, v, &dropped);
        if (dropped)
            ++*changed;
        else
            i++;
    }
    ox__free(table);
    return s;
}
