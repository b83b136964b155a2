/* Floor 1. Attributes: checking, copying into the model's arena, comparing. */
#include "ir/parts.h"

const char *ox_attr_kind_name(ox_attr_kind kind)
{
    switch (kind) {
    case OX_ATTR_NONE: return "none";
    case OX_ATTR_FLOAT: return "float";
    case OX_ATTR_INT: return "int";
    case OX_ATTR_STRING: return "string";
    case OX_ATTR_TENSOR: return "tensor";
    case OX_ATTR_GRAPH: return "graph";
    case OX_ATTR_FLOATS: return "floats";
    case OX_ATTR_INTS: return "ints";
    case OX_ATTR_STRINGS: return "strings";
    case OX_ATTR_TENSORS: return "tensors";
    case OX_ATTR_GRAPHS: return "graphs";
    case OX_ATTR_SPARSE: return "sparse_tensor";
    case OX_ATTR_SPARSES: return "sparse_tensors";
    case OX_ATTR_TYPE: return "type";
    case OX_ATTR_TYPES: return "types";
    case OX_ATTR_BOOL: return "bool";
    case OX_ATTR_BOOLS: return "bools";
    case OX_ATTR_COMPLEX: return "complex";
    case OX_ATTR_DEVICE: return "device";
    case OX_ATTR_RAW: return "raw";
    }
    return "?";
}

/* Bytes of an element of a list kind, 0 for a kind with one value. */
static size_t item_size(uint8_t kind)
{
    switch ((ox_attr_kind)kind) {
    case OX_ATTR_FLOATS:
    case OX_ATTR_COMPLEX: return sizeof(double);
    case OX_ATTR_INTS:
    case OX_ATTR_BOOLS: return sizeof(int64_t);
    case OX_ATTR_STRINGS: return sizeof(ox_str);
    case OX_ATTR_TENSORS:
    case OX_ATTR_SPARSES: return sizeof(ox_tensor);
    case OX_ATTR_GRAPHS: return sizeof(ox_graph);
    case OX_ATTR_TYPES: return sizeof(ox_type);
    default: return 0;
    }
}

/* How many elements the list of a list kind has. A reference has none; a lost list of tensors may have a NULL list. */
uint32_t ox__attr_n_items(const ox_attr *a)
{
    if (a->ref.id || !item_size(a->kind)) return 0;
    return a->kind == OX_ATTR_COMPLEX ? 2 : a->n;
}

uint32_t ox__attr_n_graphs(const ox_attr *a)
{
    if (a->ref.id) return 0;
    return a->kind == OX_ATTR_GRAPH ? 1 : a->kind == OX_ATTR_GRAPHS ? a->n : 0;
}

ox_graph ox__attr_graph(const ox_attr *a, uint32_t i)
{
    return a->kind == OX_ATTR_GRAPH ? a->u.g : a->u.graphs[i];
}

bool ox__attr_copy(ox_model *m, ox_attr *out, const ox_attr *a)
{
    *out = *a;
    size_t item = item_size(a->kind), n = ox__attr_n_items(a);
    if (!item || a->ref.id) return true;
    const void *list = a->u.ints;
    if (!list || !n) {
        out->u.ints = NULL;
        return true;
    }
    out->u.ints = n <= SIZE_MAX / item ? ox__arena_dup(&m->arena, list, n * item) : NULL;
    return out->u.ints != NULL;
}

static ox_status check_ids(const ox_model *m, const ox_attr *a, ox_error *err)
{
    ox_status s = OX_OK;
    size_t n = ox__attr_n_items(a);
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_STRING:
    case OX_ATTR_DEVICE:
    case OX_ATTR_RAW: return ox__need_str(m, a->u.s, err);
    case OX_ATTR_TENSOR:
    case OX_ATTR_SPARSE: return ox__need_tensor(m, a->u.t, err);
    case OX_ATTR_TYPE: return ox__need_type(m, a->u.type, err);
    case OX_ATTR_GRAPH: return ox__need_graph(m, a->u.g, err);
    case OX_ATTR_STRINGS:
        for (size_t i = 0; i < n && s == OX_OK; i++) s = ox__need_str(m, a->u.strings[i], err);
        return s;
    case OX_ATTR_TENSORS:
    case OX_ATTR_SPARSES:
        for (size_t i = 0; i < n && s == OX_OK; i++) s = ox__need_tensor(m, a->u.tensors[i], err);
        return s;
    case OX_ATTR_TYPES:
        for (size_t i = 0; i < n && s == OX_OK; i++) s = ox__need_type(m, a->u.types[i], err);
        return s;
    case OX_ATTR_GRAPHS:
        for (size_t i = 0; i < n && s == OX_OK; i++) s = ox__need_graph(m, a->u.graphs[i], err);
        return s;
    default: return OX_OK;
    }
}

ox_status ox__attr_check(const ox_model *m, const ox_attr *a, ox_error *err)
{
    if (!a || a->name.id <= 1) return ox__fail(err, OX_E_INVALID, "an attribute needs a name");
    ox_status s = ox__need_str(m, a->name, err);
    if (s == OX_OK) s = ox__need_str(m, a->ref, err);
    if (s == OX_OK) s = ox__need_str(m, a->doc, err);
    if (s != OX_OK) return s;
    const char *name = ox_str_text(m, a->name, NULL);
    if (ox_attr_kind_name((ox_attr_kind)a->kind)[0] == '?')
        return ox__fail(err, OX_E_INVALID, "attribute '%s' is of no known kind (%u)", name, a->kind);
    if (a->ref.id) return OX_OK;
    if (ox__attr_n_items(a) && !a->u.ints) {
        if (a->lost) return OX_OK;
        return ox__fail(err, OX_E_INVALID, "attribute '%s' says %zu elements and has none", name,
                        (size_t)ox__attr_n_items(a));
    }
    s = check_ids(m, a, err);
    if (s != OX_OK) ox_error_context(err, "attribute '%s'", name);
    return s;
}

bool ox_attr_equal(const ox_attr *a, const ox_attr *b)
{
    if (!a || !b) return a == b;
    if (a->name.id != b->name.id || a->kind != b->kind || a->rounded != b->rounded || a->lost != b->lost ||
        a->ref.id != b->ref.id || a->doc.id != b->doc.id)
        return false;
    if (a->ref.id) return true;
    size_t item = item_size(a->kind), n = ox__attr_n_items(a);
    if (item) {
        if (n != ox__attr_n_items(b) || !a->u.ints != !b->u.ints) return false;
        return !a->u.ints || !n || memcmp(a->u.ints, b->u.ints, n * item) == 0;
    }
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_FLOAT: return a->u.i == b->u.i; /* by its bits, so that NaN equals itself */
    case OX_ATTR_INT:
    case OX_ATTR_BOOL: return a->u.i == b->u.i;
    case OX_ATTR_STRING:
    case OX_ATTR_DEVICE:
    case OX_ATTR_RAW: return a->u.s.id == b->u.s.id;
    case OX_ATTR_TENSOR:
    case OX_ATTR_SPARSE: return a->u.t.id == b->u.t.id;
    case OX_ATTR_GRAPH: return a->u.g.id == b->u.g.id && a->u.g.gen == b->u.g.gen;
    case OX_ATTR_TYPE: return a->u.type.id == b->u.type.id;
    default: return true;
    }
}
