/* Floor 1. The tests behind `has:`. */
#include "ir/query_has.h"

static bool has_attr(const ox_model *m, ox_node n)
{
    const ox_attr *rows;
    return ox_node_attrs(m, n, &rows) > 0;
}

static bool has_block(const ox_model *m, ox_node n)
{
    return ox_node_n_blocks(m, n) > 0;
}

static bool has_doc(const ox_model *m, ox_node n)
{
    return ox_node_doc(m, n).id > 1;
}

static bool has_function(const ox_model *m, ox_node n)
{
    return ox_model_n_functions(m) &&
           ox_model_find_function(m, ox_node_domain(m, n), ox_node_op(m, n), ox_node_overload(m, n)).id;
}

static bool has_line(const ox_model *m, ox_node n)
{
    return ox_node_loc(m, n).id != 0;
}

/* Data that the file does not hold, or holds rounded. */
static bool has_lost(const ox_model *m, ox_node n)
{
    const ox_attr *rows;
    size_t count = ox_node_attrs(m, n, &rows);
    for (size_t i = 0; i < count; i++) {
        if (rows[i].lost || rows[i].rounded) return true;
        if (rows[i].kind != OX_ATTR_TENSOR || rows[i].ref.id) continue;
        ox_tensor_info t = ox_tensor_get(m, rows[i].u.t);
        if (t.storage == OX_STORAGE_LOST || t.rounded) return true;
    }
    return false;
}

static bool has_metadata(const ox_model *m, ox_node n)
{
    const ox_pair *rows;
    return ox_node_metadata(m, n, &rows) > 0;
}

static bool has_scope(const ox_model *m, ox_node n)
{
    return ox_node_scope(m, n).id != 0;
}

/* All results have a shape whose dims are all known. */
static bool has_shape(const ox_model *m, ox_node n)
{
    size_t count = ox_node_n_outputs(m, n);
    for (size_t i = 0; i < count; i++) {
        ox_value v = ox_node_output(m, n, i);
        ox_type_info t = ox_type_get(m, ox_value_type(m, v));
        if (!v.id) continue;
        if (t.kind != OX_TYPE_TENSOR || t.rank == OX_RANK_UNKNOWN) return false;
        for (int32_t d = 0; d < t.rank; d++)
            if (ox_dim_get_kind(m, t.dims[d]) != OX_DIM_CONST) return false;
    }
    return count > 0;
}

static bool has_weight(const ox_model *m, ox_node n)
{
    size_t count = ox_node_n_inputs(m, n);
    for (size_t i = 0; i < count; i++)
        if (ox_value_is_initializer(m, ox_node_input(m, n, i))) return true;
    return false;
}

const ox__has_row ox__has_rows[OX__N_HAS] = {
    {"attr", "attributes", has_attr},
    {"block", "blocks of its own, as If and Loop have", has_block},
    {"doc", "documentation", has_doc},
    {"function", "a local function that it calls", has_function},
    {"line", "a source line", has_line},
    {"lost", "a constant that the file lost or rounded", has_lost},
    {"metadata", "metadata", has_metadata},
    {"scope", "a scope", has_scope},
    {"shape", "results whose shapes are all known", has_shape},
    {"weight", "an input that is an initializer", has_weight},
};
