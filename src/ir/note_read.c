/* Floor 1. The parts of notes read back: definitions and attributes. Bytes need not be trusted: counts are held against
 * the bytes that are left, numbers against what was defined, and what the model's own functions do not check is checked
 * here. */
#include "ir/note_read.h"

void ox__player_fail(ox__player *p, const char *what)
{
    if (p->s == OX_OK) p->s = ox__fail(p->err, OX_E_FORMAT, "%s", what);
    ox__reader_fail(&p->r, what);
}

static uint64_t number(ox__player *p)
{
    uint64_t v = ox__read_varint(&p->r);
    if (p->r.failed) ox__player_fail(p, "the edit is cut off");
    return p->r.failed ? 0 : v;
}

static uint32_t small(ox__player *p, uint32_t limit)
{
    uint64_t v = number(p);
    if (v > limit) ox__player_fail(p, "a number is out of range");
    return v > limit ? 0 : (uint32_t)v;
}

int64_t ox__player_signed(ox__player *p)
{
    uint64_t v = number(p);
    return (int64_t)(v >> 1 ^ (~(v & 1) + 1));
}

static double real(ox__player *p)
{
    double v = 0;
    const uint8_t *b = ox__read_bytes(&p->r, sizeof v);
    if (b)
        memcpy(&v, b, sizeof v);
    else
        ox__player_fail(p, "the edit is cut off");
    return v;
}

uint32_t ox__player_count(ox__player *p)
{
    uint64_t n = number(p);
    if (n > ox__reader_left(&p->r) || n > UINT32_MAX / 2) ox__player_fail(p, "a list is longer than the edit");
    return p->r.failed ? 0 : (uint32_t)n;
}

static void *room(ox__player *p, ox__arena *tmp, size_t n, size_t item)
{
    void *a = ox__arena_alloc(tmp, n * item);
    if (a)
        memset(a, 0, n * item);
    else if (p->s == OX_OK)
        p->s = ox__nomem(p->err);
    if (!a) ox__reader_fail(&p->r, "out of memory");
    return a;
}

/* ---- ids ---- */
static bool same_id(const void *ud, uint32_t at)
{
    const void *const *probe = ud;
    return ((const ox__ids *)probe[0])->from.p[at - 1] == *(const uint32_t *)probe[1];
}

uint32_t ox__ids_find(const ox__ids *x, uint32_t from)
{
    const void *probe[] = {x, &from};
    uint32_t at = ox__index_find(&x->index, ox__hash_mix(0, from), same_id, probe);
    return at ? x->to.p[at - 1] : 0;
}

bool ox__ids_add(ox__ids *x, uint32_t from, uint32_t to)
{
    const void *probe[] = {x, &from};
    uint32_t at = ox__index_find(&x->index, ox__hash_mix(0, from), same_id, probe);
    if (at) {
        x->to.p[at - 1] = to;
        return true;
    }
    return ox__vec_push(&x->from, from) && ox__vec_push(&x->to, to) &&
           ox__index_add(&x->index, ox__hash_mix(0, from), (uint32_t)x->from.n);
}

uint32_t ox__player_id(ox__player *p, enum ox__tab tab)
{
    uint64_t v = number(p);
    if (v && v <= UINT32_MAX && p->renumbered) v = ox__ids_find(&p->ids[tab], (uint32_t)v);
    if (v >= p->m->table[tab].n) ox__player_fail(p, "it names what is not in the model");
    return p->r.failed ? 0 : (uint32_t)v;
}

uint32_t ox__player_ref(ox__player *p, enum ox__note_def kind)
{
    uint64_t v = number(p);
    if (!v) return 0;
    if (v >= p->def[kind].n) ox__player_fail(p, "it names what was not defined");
    return p->r.failed ? 0 : p->def[kind].p[v];
}

static ox_str str(ox__player *p)
{
    return (ox_str){ox__player_ref(p, OX__DEF_STR)};
}

/* ---- definitions ---- */
static uint32_t read_str(ox__player *p)
{
    uint32_t n = ox__player_count(p);
    const uint8_t *s = ox__read_bytes(&p->r, n);
    return s ? ox_str_add(p->m, (const char *)s, n).id : 0;
}

static ox_dim combine(ox__player *p, uint32_t kind, ox_dim a, ox_dim b)
{
    switch ((ox_dim_kind)kind) {
    case OX_DIM_ADD: return ox_dim_add(p->m, a, b);
    case OX_DIM_MUL: return ox_dim_mul(p->m, a, b);
    case OX_DIM_FLOORDIV: return ox_dim_floordiv(p->m, a, b);
    case OX_DIM_MAX: return ox_dim_max(p->m, a, b);
    default: return ox_dim_min(p->m, a, b);
    }
}

static uint32_t read_dim(ox__player *p)
{
    uint32_t kind = small(p, OX_DIM_MIN);
    ox_dim d = {0};
    if (kind == OX_DIM_CONST) d = ox_dim_const(p->m, ox__player_signed(p));
    if (kind == OX_DIM_SYMBOL) d = ox_dim_symbol(p->m, str(p));
    if (kind == OX_DIM_UNKNOWN) {
        ox_str why = str(p);
        uint64_t origin = number(p);
        if (p->renumbered) origin = origin <= UINT32_MAX ? ox__ids_find(&p->ids[OX__NODE], (uint32_t)origin) : 0;
        ox_node n = origin < p->m->table[OX__NODE].n ? ox__node_handle(p->m, (uint32_t)origin) : (ox_node){0, 0};
        d = ox_dim_unknown_at(p->m, why.id ? ox_str_text(p->m, why, NULL) : NULL, n);
    }
    uint32_t n = ox__player_count(p);
    if ((kind >= OX_DIM_ADD) != (n >= 2)) ox__player_fail(p, "a dim has a wrong number of operands");
    for (uint32_t i = 0; i < n && !p->r.failed; i++) {
        ox_dim op = {ox__player_ref(p, OX__DEF_DIM)};
        d = i ? combine(p, kind, d, op) : op;
    }
    if (!d.id) ox__player_fail(p, "a dim is not one");
    return d.id;
}

static bool parts_fit(const ox_type_info *i)
{
    switch (i->kind) {
    case OX_TYPE_SEQUENCE:
    case OX_TYPE_OPTIONAL:
    case OX_TYPE_MAP:
    case OX_TYPE_LIST: return i->n_items == 1 && !i->n_names;
    case OX_TYPE_DICT: return i->n_items == 2 && !i->n_names;
    case OX_TYPE_TUPLE: return !i->n_names || i->n_names == i->n_items + 1;
    case OX_TYPE_UNION: return !i->n_names;
    case OX_TYPE_OPAQUE: return !i->n_items && i->n_names >= 1 && i->n_names <= 2;
    case OX_TYPE_CLASS: return !i->n_items && i->n_names == 1;
    default: return !i->n_items && !i->n_names;
    }
}

static uint32_t *refs(ox__player *p, ox__arena *tmp, enum ox__note_def kind, uint32_t n)
{
    uint32_t *a = room(p, tmp, n, sizeof *a);
    for (uint32_t i = 0; a && i < n; i++) a[i] = ox__player_ref(p, kind);
    return a;
}

static uint32_t read_type(ox__player *p)
{
    ox__arena tmp = {0};
    ox_type_info i = {.kind = (ox_type_kind)small(p, OX_N_TYPE_KINDS - 1)};
    i.dtype = (ox_dtype)small(p, 255);
    i.rank = (int32_t)small(p, OX_MAX_RANK + 1) - 1;
    uint32_t n_dims = i.rank > 0 ? (uint32_t)i.rank : 0;
    if (n_dims > ox__reader_left(&p->r)) ox__player_fail(p, "a list is longer than the edit");
    if (p->r.failed) n_dims = 0;
    i.dims = (const ox_dim *)refs(p, &tmp, OX__DEF_DIM, n_dims);
    i.n_items = ox__player_count(p);
    i.items = (const ox_type *)refs(p, &tmp, OX__DEF_TYPE, i.n_items);
    i.n_names = ox__player_count(p);
    i.names = (const ox_str *)refs(p, &tmp, OX__DEF_STR, i.n_names);
    i.denotation = str(p);
    if (number(p)) i.dim_denotations = (const ox_str *)refs(p, &tmp, OX__DEF_STR, n_dims);
    if (!p->r.failed && !parts_fit(&i)) ox__player_fail(p, "a type has wrong parts");
    ox_type t = p->r.failed ? (ox_type){0} : ox_type_add(p->m, &i);
    ox__arena_free(&tmp);
    if (!t.id) ox__player_fail(p, "a type is not one");
    return t.id;
}

/* Layouts lie in one another as types do, and no deeper. */
static uint32_t read_layout(ox__player *p)
{
    ox__arena tmp = {0};
    ox_layout_info i = {.requires_grad = (int8_t)((int)small(p, 2) - 1), .undefined = small(p, 1) != 0};
    i.device = str(p);
    i.n_strides = (int32_t)small(p, OX_MAX_RANK + 1) - 1;
    int64_t *strides = room(p, &tmp, i.n_strides > 0 ? (size_t)i.n_strides : 0, sizeof *strides);
    for (int32_t k = 0; strides && k < i.n_strides; k++) strides[k] = ox__player_signed(p);
    i.strides = strides;
    i.n_items = ox__player_count(p);
    ox_layout *items = room(p, &tmp, i.n_items, sizeof *items);
    unsigned depth = 0;
    for (uint32_t k = 0; items && k < i.n_items && !p->r.failed; k++) {
        uint64_t at = number(p);
        if (at >= p->def[OX__DEF_LAYOUT].n) {
            ox__player_fail(p, "it names what was not defined");
            break;
        }
        items[k].id = p->def[OX__DEF_LAYOUT].p[at];
        if (at) depth = OX__MAX(depth, p->depth.p[at - 1] + 1u);
    }
    i.items = items;
    if (depth > OX_MAX_TYPE_DEPTH) ox__player_fail(p, "a layout is too deep");
    ox_layout l = p->r.failed ? (ox_layout){0} : ox_layout_add(p->m, &i);
    ox__arena_free(&tmp);
    if (!l.id) ox__player_fail(p, "a layout is not one");
    if (!p->r.failed && !ox__vec_push(&p->depth, (uint8_t)depth)) p->s = ox__nomem(p->err);
    return l.id;
}

static void read_place(ox__player *p, ox_tensor_info *i, ox__arena *tmp)
{
    i->file = small(p, UINT32_MAX - 1);
    const ox__map *map = ox__model_file(p->m, i->file);
    if (number(p) != (map ? map->n : 0) || !map) ox__player_fail(p, "a file of weights is not as it was");
    i->offset = number(p);
    i->n_bytes = number(p);
    uint32_t n = ox__player_count(p);
    double *scales = room(p, tmp, n, sizeof *scales);
    for (uint32_t k = 0; scales && k < n; k++) scales[k] = real(p);
    if (i->encoding == OX_ENC_SCALED && (!i->rank || (int64_t)n != i->dims[0]))
        ox__player_fail(p, "a tensor has wrong factors");
    i->scales = scales;
}

static void read_data(ox__player *p, ox_tensor_info *i, ox__arena *tmp)
{
    i->storage = (ox_storage)small(p, OX_STORAGE_LOST);
    i->encoding = (ox_encoding)small(p, OX_ENC_SCALED);
    if (i->storage == OX_STORAGE_FILE) {
        read_place(p, i, tmp);
    } else if (i->storage == OX_STORAGE_SPARSE) {
        i->values.id = ox__player_ref(p, OX__DEF_TENSOR);
        i->indices.id = ox__player_ref(p, OX__DEF_TENSOR);
    } else if (i->storage == OX_STORAGE_OWNED && i->encoding == OX_ENC_STRINGS) {
        uint64_t n = 1;
        for (uint32_t k = 0; k < i->rank; k++)
            if (i->dims[k] < 0 || __builtin_mul_overflow(n, (uint64_t)i->dims[k], &n)) n = UINT64_MAX;
        if (n > ox__reader_left(&p->r)) ox__player_fail(p, "a list is longer than the edit");
        i->strings = (const ox_str *)refs(p, tmp, OX__DEF_STR, p->r.failed ? 0 : (uint32_t)n);
    } else if (i->storage == OX_STORAGE_OWNED && i->encoding == OX_ENC_RAW) {
        i->n_bytes = number(p);
        i->data = ox__read_bytes(&p->r, i->n_bytes);
    } else if (i->storage == OX_STORAGE_OWNED) {
        ox__player_fail(p, "a tensor is stored in no known way");
    }
}

static uint32_t read_tensor(ox__player *p)
{
    ox__arena tmp = {0};
    ox_tensor t = {0};
    ox_tensor_info i = {.name = str(p)};
    i.doc = str(p);
    i.dtype = (ox_dtype)small(p, 255);
    uint32_t flags = small(p, 7);
    i.rounded = flags & 1, i.external = flags & 2, i.typed = flags & 4;
    i.rank = ox__player_count(p);
    int64_t *dims = room(p, &tmp, i.rank, sizeof *dims);
    for (uint32_t k = 0; dims && k < i.rank; k++) dims[k] = (int64_t)number(p);
    i.dims = dims;
    i.n_metadata = ox__player_count(p);
    ox_pair *pairs = room(p, &tmp, i.n_metadata, sizeof *pairs);
    for (uint32_t k = 0; pairs && k < i.n_metadata; k++) {
        pairs[k].key = str(p);
        pairs[k].value = str(p);
    }
    i.metadata = pairs;
    if (!p->r.failed) read_data(p, &i, &tmp);
    if (p->r.failed)
        ox__player_fail(p, "the edit is cut off");
    else if (p->s == OX_OK)
        p->s = ox_tensor_add(p->m, &t, &i, p->err);
    ox__arena_free(&tmp);
    return t.id;
}

static uint32_t read_loc(ox__player *p)
{
    ox_str file = str(p);
    uint32_t line = small(p, UINT32_MAX), col = small(p, UINT32_MAX);
    return ox_loc_add(p->m, file, line, col).id;
}

void ox__player_define(ox__player *p, enum ox__note_def kind)
{
    static uint32_t (*const read[OX__N_DEFS])(ox__player *) = {read_str,    read_dim, read_type,
                                                               read_layout, read_loc, read_tensor};
    uint32_t id = read[kind](p);
    if (p->s == OX_OK && p->m->oom) p->s = ox__nomem(p->err);
    if (p->r.failed && p->s == OX_OK) ox__player_fail(p, "the edit is cut off");
    if (p->s == OX_OK && !ox__vec_push(&p->def[kind], id)) p->s = ox__nomem(p->err);
}

/* ---- attributes ---- */
static void read_items(ox__player *p, ox_attr *a, uint32_t n, ox__arena *tmp)
{
    union {
        int64_t *i;
        double *f;
        ox_graph *g;
    } list;
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_FLOATS:
    case OX_ATTR_COMPLEX:
        list.f = room(p, tmp, n, sizeof *list.f);
        for (uint32_t k = 0; list.f && k < n; k++) list.f[k] = real(p);
        a->u.floats = list.f;
        break;
    case OX_ATTR_INTS:
    case OX_ATTR_BOOLS:
        list.i = room(p, tmp, n, sizeof *list.i);
        for (uint32_t k = 0; list.i && k < n; k++) list.i[k] = ox__player_signed(p);
        a->u.ints = list.i;
        break;
    case OX_ATTR_GRAPHS:
        list.g = room(p, tmp, n, sizeof *list.g);
        for (uint32_t k = 0; list.g && k < n; k++) list.g[k] = ox__graph_handle(p->m, ox__player_id(p, OX__GRAPH));
        a->u.graphs = list.g;
        break;
    case OX_ATTR_STRINGS: a->u.strings = (const ox_str *)refs(p, tmp, OX__DEF_STR, n); break;
    case OX_ATTR_TYPES: a->u.types = (const ox_type *)refs(p, tmp, OX__DEF_TYPE, n); break;
    default: a->u.tensors = (const ox_tensor *)refs(p, tmp, OX__DEF_TENSOR, n); break;
    }
}

static void read_list(ox__player *p, ox_attr *a, ox__arena *tmp)
{
    enum { LOST_MAX = 1 << 20 };
    uint32_t n = a->kind == OX_ATTR_COMPLEX ? 2 : a->n;
    a->u.ints = NULL;
    if (number(p)) {
        if (n > ox__reader_left(&p->r)) ox__player_fail(p, "a list is longer than the edit");
        if (!p->r.failed) read_items(p, a, n, tmp);
    } else if (n && (a->kind != OX_ATTR_TENSORS || !a->lost || n > LOST_MAX)) {
        ox__player_fail(p, "an attribute has no elements");
    }
}

void ox__player_attr(ox__player *p, ox_attr *a, ox__arena *tmp)
{
    *a = (ox_attr){.name = str(p)};
    a->kind = (uint8_t)small(p, 255);
    uint32_t flags = small(p, 3);
    a->rounded = flags & 1;
    a->lost = flags & 2;
    a->ref = str(p);
    a->doc = str(p);
    a->n = small(p, UINT32_MAX);
    if (a->ref.id || p->r.failed) return;
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_NONE: break;
    case OX_ATTR_FLOAT: a->u.f = real(p); break;
    case OX_ATTR_INT:
    case OX_ATTR_BOOL: a->u.i = ox__player_signed(p); break;
    case OX_ATTR_STRING:
    case OX_ATTR_DEVICE:
    case OX_ATTR_RAW: a->u.s = str(p); break;
    case OX_ATTR_TENSOR:
    case OX_ATTR_SPARSE: a->u.t.id = ox__player_ref(p, OX__DEF_TENSOR); break;
    case OX_ATTR_GRAPH: a->u.g = ox__graph_handle(p->m, ox__player_id(p, OX__GRAPH)); break;
    case OX_ATTR_TYPE: a->u.type.id = ox__player_ref(p, OX__DEF_TYPE); break;
    case OX_ATTR_FLOATS:
    case OX_ATTR_INTS:
    case OX_ATTR_STRINGS:
    case OX_ATTR_TENSORS:
    case OX_ATTR_GRAPHS:
    case OX_ATTR_SPARSES:
    case OX_ATTR_TYPES:
    case OX_ATTR_BOOLS:
    case OX_ATTR_COMPLEX: read_list(p, a, tmp); break;
    }
}

void ox__player_function(ox__player *p, ox_function_info *f, ox__arena *tmp)
{
    *f = (ox_function_info){.domain = str(p)};
    f->overload = str(p);
    f->n_attrs = ox__player_count(p);
    f->attrs = (const ox_str *)refs(p, tmp, OX__DEF_STR, f->n_attrs);
    f->n_defaults = ox__player_count(p);
    ox_attr *defaults = room(p, tmp, f->n_defaults, sizeof *defaults);
    for (uint32_t i = 0; defaults && i < f->n_defaults && !p->r.failed; i++) ox__player_attr(p, &defaults[i], tmp);
    f->defaults = defaults;
    f->n_opsets = ox__player_count(p);
    ox_opset *opsets = room(p, tmp, f->n_opsets, sizeof *opsets);
    for (uint32_t i = 0; opsets && i < f->n_opsets; i++) {
        opsets[i].domain = str(p);
        opsets[i].version = ox__player_signed(p);
    }
    f->opsets = opsets;
}
