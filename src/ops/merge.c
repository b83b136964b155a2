/* Floor 3. What two types say together, what holds of both, and how dtypes promote. */
#include "ir/ir.h"
#include "ops/infer.h"

static ox_dim merge_dim(ox_model *m, ox_dim a, ox_dim b, bool *clash)
{
    ox_dim_kind ka = ox_dim_get_kind(m, a), kb = ox_dim_get_kind(m, b);
    if (ka == OX_DIM_UNKNOWN && kb == OX_DIM_UNKNOWN && ox_dim_origin(m, a).id) return a; /* it knows its place */
    if (ka == OX_DIM_NONE || ka == OX_DIM_UNKNOWN) return kb == OX_DIM_NONE ? a : b;
    if (kb == OX_DIM_NONE || kb == OX_DIM_UNKNOWN) return a;
    if (ox_dim_differ(m, a, b)) *clash = true;
    return ka != OX_DIM_CONST && kb == OX_DIM_CONST ? b : a;
}

static ox_type merge_tensor(ox_model *m, ox_type a, const ox_type_info *ia, const ox_type_info *ib, bool *clash)
{
    ox_type_info out = *ia;
    if (!out.dtype)
        out.dtype = ib->dtype;
    else if (ib->dtype && ib->dtype != out.dtype)
        *clash = true;
    if (!out.denotation.id) out.denotation = ib->denotation;
    ox_dim small[8], *dims = small;
    if (ia->rank == OX_RANK_UNKNOWN) {
        out.rank = ib->rank;
        out.dims = ib->dims;
        out.dim_denotations = ib->dim_denotations;
    } else if (ib->rank == ia->rank) {
        if (ia->rank > 8 && !(dims = ox__alloc((size_t)ia->rank * sizeof *dims))) {
            ox__model_oom(m);
            return (ox_type){0};
        }
        for (int32_t i = 0; i < ia->rank; i++) dims[i] = merge_dim(m, ia->dims[i], ib->dims[i], clash);
        out.dims = dims;
    } else if (ib->rank != OX_RANK_UNKNOWN) {
        *clash = true;
    }
    bool same = out.dtype == ia->dtype && out.rank == ia->rank && out.denotation.id == ia->denotation.id &&
                (out.rank <= 0 || out.dims == ia->dims || !memcmp(out.dims, ia->dims, (size_t)out.rank * sizeof *dims));
    ox_type t = same ? a : ox_type_add(m, &out);
    if (dims != small) ox__free(dims);
    return t;
}

ox_type ox__type_merge(ox_model *m, ox_type a, ox_type b, bool *clash)
{
    bool ignored;
    if (!clash) clash = &ignored;
    if (a.id == b.id || b.id == 0) return a;
    if (a.id == 0) return b;
    ox_type_info ia = ox_type_get(m, a), ib = ox_type_get(m, b);
    if (ia.kind == OX_TYPE_NONE_KNOWN) return b;
    if (ib.kind == OX_TYPE_NONE_KNOWN) return a;
    if (ia.kind != ib.kind) {
        *clash = true;
        return a;
    }
    if (ia.kind == OX_TYPE_TENSOR || ia.kind == OX_TYPE_SPARSE) return merge_tensor(m, a, &ia, &ib, clash);
    if ((ia.kind == OX_TYPE_SEQUENCE || ia.kind == OX_TYPE_OPTIONAL) && ia.n_items == 1 && ib.n_items == 1) {
        ox_type item = ox__type_merge(m, ia.items[0], ib.items[0], clash);
        return item.id == ia.items[0].id ? a : ox_type_of(m, ia.kind, item);
    }
    return a;
}

static ox_dim join_dim(ox_model *m, ox_dim a, ox_dim b, const char *reason, ox_node at)
{
    if (ox_dim_equal(m, a, b) || ox_dim_get_kind(m, a) == OX_DIM_UNKNOWN) return a;
    return ox_dim_get_kind(m, b) == OX_DIM_UNKNOWN ? b : ox_dim_unknown_at(m, reason, at);
}

ox_type ox__type_join(ox_model *m, ox_type a, ox_type b, const char *reason, ox_node at)
{
    if (a.id == b.id || a.id == 0 || b.id == 0) return a.id == b.id ? a : (ox_type){0};
    ox_type_info ia = ox_type_get(m, a), ib = ox_type_get(m, b);
    if (ia.kind != ib.kind) return (ox_type){0};
    if (ia.kind == OX_TYPE_SEQUENCE || ia.kind == OX_TYPE_OPTIONAL)
        return ox_type_of(m, ia.kind, ox__type_join(m, ia.items[0], ib.items[0], reason, at));
    if (ia.kind != OX_TYPE_TENSOR) return (ox_type){0};
    ox_type_info out = {
        .kind = OX_TYPE_TENSOR, .dtype = ia.dtype == ib.dtype ? ia.dtype : OX_UNDEFINED, .rank = OX_RANK_UNKNOWN};
    if (ia.rank < 0 || ia.rank != ib.rank) return ox_type_add(m, &out);
    ox_dim *dims = ox__alloc(((size_t)ia.rank + 1) * sizeof *dims);
    if (!dims) {
        ox__model_oom(m);
        return (ox_type){0};
    }
    for (int32_t i = 0; i < ia.rank; i++) dims[i] = join_dim(m, ia.dims[i], ib.dims[i], reason, at);
    out.rank = ia.rank;
    out.dims = dims;
    ox_type t = ox_type_add(m, &out);
    ox__free(dims);
    return t;
}

static int category(ox_dtype d)
{
    if (ox_dtype_is_complex(d)) return 3;
    if (ox_dtype_is_float(d)) return 2;
    return ox_dtype_is_integer(d) ? 1 : 0;
}

static bool is_unsigned(ox_dtype d)
{
    return d == OX_UINT8 || d == OX_UINT16 || d == OX_UINT32 || d == OX_UINT64;
}

ox_dtype ox__dtype_promote(ox_dtype a, ox_dtype b)
{
    if (a == b || !b) return a;
    if (!a) return b;
    int ca = category(a), cb = category(b);
    if (ca != cb) return ca > cb ? a : b;
    unsigned wa = ox_dtype_bits(a), wb = ox_dtype_bits(b);
    if (ca == 2 && wa == wb) return OX_FLOAT; /* float16 and bfloat16 */
    if (ca == 1 && is_unsigned(a) != is_unsigned(b)) {
        unsigned wu = is_unsigned(a) ? wa : wb, ws = is_unsigned(a) ? wb : wa;
        if (ws > wu) return is_unsigned(a) ? b : a;
        return wu == 8 ? OX_INT16 : wu == 16 ? OX_INT32 : OX_INT64;
    }
    return wa >= wb ? a : b;
}
