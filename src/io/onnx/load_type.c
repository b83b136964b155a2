/* Floor 3. TypeProto to type. A model has few different types and many value_infos: each is unpacked once and found
 * again by its bytes. */
#include "io/onnx/load.h"

/* What the conversion of one unpacked type needs; `what` is set when it cannot be represented. */
typedef struct convert {
    ox__load *ld;
    const char *what;
} convert;

static ox_str text(convert *c, const char *s)
{
    return ox_str_addz(c->ld->m, s);
}

/* A dim_param that is written as an expression is one: exporters name sums so ("past + 1"). A mere hyphen is part of a
 * name, and what does not parse is a name too. */
static ox_dim dim_of_param(convert *c, const char *s)
{
    ox_model *m = c->ld->m;
    size_t n = strlen(s);
    ox_dim d;
    if (n == 0) return ox_dim_unknown(m, NULL);
    if (strpbrk(s, "+*/(") && ox_dim_parse(m, s, n, &d, NULL) == OX_OK) return d;
    return ox_dim_symbol(m, ox_str_add(m, s, n));
}

static ox_dim dim_of(convert *c, const Onnx__TensorShapeProto__Dimension *d)
{
    switch (d->value_case) {
    case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_VALUE:
        return d->dim_value < 0 ? ox_dim_unknown(c->ld->m, "the file has a negative size")
                                : ox_dim_const(c->ld->m, d->dim_value);
    case ONNX__TENSOR_SHAPE_PROTO__DIMENSION__VALUE_DIM_PARAM: return dim_of_param(c, d->dim_param);
    default: return ox_dim_unknown(c->ld->m, NULL);
    }
}

static void set_shape(convert *c, ox_type_info *info, bool has_elem, int32_t elem, const Onnx__TensorShapeProto *shape)
{
    info->dtype = has_elem && ox_dtype_is_valid(elem) ? (ox_dtype)elem : OX_UNDEFINED;
    info->rank = OX_RANK_UNKNOWN;
    if (!shape) return;
    if (shape->n_dim > OX_MAX_RANK) {
        c->what = "a shape has more than 1024 dimensions";
        return;
    }
    ox_dim *dims = ox__arena_alloc(&c->ld->leaf.arena, shape->n_dim * sizeof *dims);
    ox_str *names = ox__arena_alloc(&c->ld->leaf.arena, shape->n_dim * sizeof *names);
    if (!dims || !names) {
        c->ld->leaf.nomem = true;
        return;
    }
    bool named = false;
    for (size_t i = 0; i < shape->n_dim; i++) {
        dims[i] = dim_of(c, shape->dim[i]);
        names[i] = text(c, shape->dim[i]->denotation);
        named = named || names[i].id;
    }
    info->rank = (int32_t)shape->n_dim;
    info->dims = dims;
    info->dim_denotations = named ? names : NULL;
}

static ox_type type_of(convert *c, const Onnx__TypeProto *t); /* recursion is capped: leaf.c checked the depth */

static void set_item(convert *c, ox_type_info *info, ox_type_kind kind, const Onnx__TypeProto *t, ox_type *item)
{
    info->kind = kind;
    if (t) *item = type_of(c, t);
    info->n_items = 1;
    info->items = item;
}

static ox_type type_of(convert *c, const Onnx__TypeProto *t)
{
    ox_type_info info = {.rank = OX_RANK_UNKNOWN};
    ox_type item = {0};
    ox_str names[2];
    info.denotation = text(c, t->denotation);
    switch (t->value_case) {
    case ONNX__TYPE_PROTO__VALUE_TENSOR_TYPE:
        info.kind = OX_TYPE_TENSOR;
        set_shape(c, &info, t->tensor_type->has_elem_type, t->tensor_type->elem_type, t->tensor_type->shape);
        break;
    case ONNX__TYPE_PROTO__VALUE_SPARSE_TENSOR_TYPE:
        info.kind = OX_TYPE_SPARSE;
        set_shape(c, &info, t->sparse_tensor_type->has_elem_type, t->sparse_tensor_type->elem_type,
                  t->sparse_tensor_type->shape);
        break;
    case ONNX__TYPE_PROTO__VALUE_SEQUENCE_TYPE:
        set_item(c, &info, OX_TYPE_SEQUENCE, t->sequence_type->elem_type, &item);
        break;
    case ONNX__TYPE_PROTO__VALUE_OPTIONAL_TYPE:
        set_item(c, &info, OX_TYPE_OPTIONAL, t->optional_type->elem_type, &item);
        break;
    case ONNX__TYPE_PROTO__VALUE_MAP_TYPE:
        set_item(c, &info, OX_TYPE_MAP, t->map_type->value_type, &item);
        info.dtype = t->map_type->has_key_type && ox_dtype_is_valid(t->map_type->key_type)
                         ? (ox_dtype)t->map_type->key_type
                         : OX_UNDEFINED;
        break;
    case ONNX__TYPE_PROTO__VALUE_OPAQUE_TYPE:
        info.kind = OX_TYPE_OPAQUE;
        names[0] = text(c, t->opaque_type->domain ? t->opaque_type->domain : "");
        names[1] = text(c, t->opaque_type->name ? t->opaque_type->name : "");
        info.n_names = 2;
        info.names = names;
        break;
    default: return item; /* nothing said: {0} */
    }
    return ox_type_add(c->ld->m, &info);
}

ox_status ox__load_type(ox__load *ld, const ox__msg *g, unsigned depth, ox_type *out, ox_error *err)
{
    uint64_t n = ox__msg_size(g);
    if (!g->next && ox__onnx_seen_type(ld->io, g->part.p, n, out)) return OX_OK;
    ProtobufCMessage *pb;
    ox_status s = ox__leaf_unpack(&ld->leaf, &onnx__type_proto__descriptor, g, depth, ld->path, &pb, err);
    if (s != OX_OK) return s;
    convert c = {ld, NULL};
    *out = type_of(&c, (const Onnx__TypeProto *)pb);
    if (c.what) return ox__load_fail(ld, g->part.p, OX_E_LIMIT, err, "%s", c.what);
    if (ld->leaf.nomem) return ox__nomem(err);
    if (!g->next && !ox__onnx_add_type(ld->io, g->part.p, n, *out)) return ox__nomem(err);
    return ox_model_status(ld->m, err);
}
