/* Floor 3. AttributeProto to attribute. A first walk finds the kind and counts, a second one fills the lists, which
 * live in the load's arena until the node has copied them. */
#include "io/onnx/load.h"
#include "io/onnx/fields.h"

/* The kind that each value field stands for; where `type` is missing (IR 1), the field says it. */
static const uint8_t kind_of_field[A_N] = {
    [A_F] = OX_ATTR_FLOAT,         [A_I] = OX_ATTR_INT,          [A_S] = OX_ATTR_STRING,  [A_T] = OX_ATTR_TENSOR,
    [A_G] = OX_ATTR_GRAPH,         [A_FLOATS] = OX_ATTR_FLOATS,  [A_INTS] = OX_ATTR_INTS, [A_STRINGS] = OX_ATTR_STRINGS,
    [A_TENSORS] = OX_ATTR_TENSORS, [A_GRAPHS] = OX_ATTR_GRAPHS,  [A_TP] = OX_ATTR_TYPE,   [A_TYPES] = OX_ATTR_TYPES,
    [A_SPARSE] = OX_ATTR_SPARSE,   [A_SPARSES] = OX_ATTR_SPARSES};

typedef struct scan {
    ox_attr a;
    uint64_t type;
    bool has_type;
    uint32_t number;   /* the value field of the kind */
    uint64_t n[A_N];   /* how many values each list field has */
    ox__msg one;       /* the message of t, g, tp or sparse_tensor, whichever the kind is */
    const uint8_t *at; /* its first occurrence */
    unsigned depth;
    const uint8_t *start; /* of the attribute, for errors */
    uint64_t size;
} scan;

static uint32_t count_values(const ox__field *f)
{
    if (f->number == A_FLOATS && f->type == OX__WIRE_BYTES) return (uint32_t)(ox__reader_left(&f->sub) / 4);
    if (f->number != A_INTS || f->type != OX__WIRE_BYTES) return 1;
    uint32_t n = 0;
    for (const uint8_t *p = f->sub.p; p < f->sub.end; p++) n += *p < 0x80;
    return n;
}

static bool wire_fits(const ox__field *f)
{
    switch (f->number) {
    case A_F: return f->type == OX__WIRE_32;
    case A_FLOATS: return f->type == OX__WIRE_32 || f->type == OX__WIRE_BYTES;
    case A_I:
    case A_TYPE: return f->type == OX__WIRE_VARINT;
    case A_INTS: return f->type == OX__WIRE_VARINT || f->type == OX__WIRE_BYTES;
    default: return f->type == OX__WIRE_BYTES;
    }
}

static float float_of(uint64_t bits)
{
    uint32_t b = (uint32_t)bits;
    float f;
    memcpy(&f, &b, sizeof f);
    return f;
}

static ox_status first_walk(ox__load *ld, scan *c, ox__reader r, ox_error *err)
{
    for (ox__field f; ox__read_field(&r, &f);) {
        if (f.number >= A_N || !wire_fits(&f)) continue;
        ox__span text = ox__field_span(&f);
        switch (f.number) {
        case A_NAME: c->a.name = ox__load_str(ld, text); break;
        case A_DOC: c->a.doc = ox__load_str(ld, text); break;
        case A_REF: c->a.ref = text.n ? ox__load_str(ld, text) : (ox_str){0}; break;
        case A_TYPE:
            c->type = f.value;
            c->has_type = true;
            break;
        default:
            if (kind_of_field[f.number]) c->n[f.number] += count_values(&f);
        }
    }
    ox_status s = ox__load_end(ld, &r, err);
    if (s != OX_OK) return s;
    for (uint32_t i = 1; i < A_N; i++)
        if (kind_of_field[i] && (c->has_type && c->type ? c->type == kind_of_field[i] : c->n[i] != 0)) {
            c->number = i;
            c->a.kind = kind_of_field[i];
            break;
        }
    return OX_OK;
}

/* A message of the attribute becomes a tensor, a graph or a type. */
static ox_status read_message(ox__load *ld, scan *c, const ox__msg *msg, const uint8_t *at, uint32_t *id, ox_error *err)
{
    ox_status s;
    uint32_t rec;
    ox_tensor t = {0};
    ox_graph g = {0, 0};
    ox_type type = {0};
    *id = 0;
    switch (c->number) {
    case A_G:
    case A_GRAPHS:
        s = ox__load_graph(ld, &g, OX_GRAPH_BLOCK, at, msg, c->depth + 1, err);
        *id = g.id;
        return s;
    case A_TP:
    case A_TYPES:
        s = ox__load_type(ld, msg, c->depth + 1, &type, err);
        *id = type.id;
        return s;
    default:
        s = ox__load_record(ld, at, msg, &rec, err);
        if (s != OX_OK) return s;
        s = c->number == A_T || c->number == A_TENSORS ? ox__load_tensor(ld, msg, rec, &t, err)
                                                       : ox__load_sparse(ld, msg, rec, &t, err);
        *id = t.id;
        return s;
    }
}

static ox_status set_scalar(ox__load *ld, scan *c, const ox__field *f, ox_error *err)
{
    switch (c->number) {
    case A_F: c->a.u.f = (double)float_of(f->value); break;
    case A_I: c->a.u.i = (int64_t)f->value; break;
    case A_S: c->a.u.s = ox__load_str(ld, ox__field_span(f)); break;
    default:
        if (!c->at) c->at = f->at;
        if (!ox__msg_merge(&c->one, f->sub, &ld->io->arena)) return ox__nomem(err);
    }
    return OX_OK;
}

static ox_status add_numbers(ox__load *ld, scan *c, const ox__field *f, void *list, ox_error *err)
{
    if (c->number == A_INTS) {
        ox__ints it = ox__ints_of(f);
        for (uint64_t v; c->a.n < c->n[A_INTS] && ox__ints_next(&it, &v);) ((int64_t *)list)[c->a.n++] = (int64_t)v;
        return ox__load_end(ld, &it.r, err);
    }
    if (f->type == OX__WIRE_32) {
        ((double *)list)[c->a.n++] = (double)float_of(f->value);
        return OX_OK;
    }
    ox__reader r = f->sub;
    while (r.p < r.end && c->a.n < c->n[A_FLOATS]) ((double *)list)[c->a.n++] = (double)float_of(ox__read_u32le(&r));
    if (r.p < r.end) ox__reader_fail(&r, "packed floats are not a multiple of 4 bytes long");
    return ox__load_end(ld, &r, err);
}

static ox_status add_element(ox__load *ld, scan *c, const ox__field *f, void *list, ox_error *err)
{
    uint32_t id;
    if (c->number == A_INTS || c->number == A_FLOATS) return add_numbers(ld, c, f, list, err);
    if (c->number == A_STRINGS) {
        ((ox_str *)list)[c->a.n++] = ox__load_str(ld, ox__field_span(f));
        return OX_OK;
    }
    ox__msg msg = ox__msg_of(f->sub);
    ox_status s = read_message(ld, c, &msg, f->at, &id, err);
    if (c->number == A_GRAPHS)
        ((ox_graph *)list)[c->a.n++] = ox__graph_handle(ld->m, id);
    else
        ((uint32_t *)list)[c->a.n++] = id; /* tensors and types are plain ids */
    return s;
}

/* Room for the list of the kind; the largest element is 8 bytes. */
static ox_status make_list(ox__load *ld, scan *c, void **list, ox_error *err)
{
    uint64_t n = c->n[c->number];
    if (n > UINT32_MAX) return ox__load_fail(ld, c->start, OX_E_LIMIT, err, "an attribute has more than 2^32 values");
    /* what the node counted for itself is less than a long list */
    ox_status s = ox__load_charge(ld, c->start, c->size > OX__NODE_CREDIT ? c->size : 0, n * 16, err);
    if (s != OX_OK) return s;
    *list = ox__arena_alloc(&ld->lists, (size_t)n * 8);
    if (!*list) return ox__nomem(err);
    c->a.u.ints = *list;
    return OX_OK;
}

static ox_status second_walk(ox__load *ld, scan *c, ox__reader r, ox_error *err)
{
    void *list = NULL;
    bool is_list = c->a.kind >= OX_ATTR_FLOATS && c->a.kind != OX_ATTR_SPARSE && c->a.kind != OX_ATTR_TYPE;
    ox_status s = is_list ? make_list(ld, c, &list, err) : OX_OK;
    for (ox__field f; s == OX_OK && ox__read_field(&r, &f);)
        if (f.number == c->number && wire_fits(&f))
            s = is_list ? add_element(ld, c, &f, list, err) : set_scalar(ld, c, &f, err);
    if (s != OX_OK || !ox__msg_present(&c->one)) return s;
    uint32_t id;
    s = read_message(ld, c, &c->one, c->at, &id, err);
    if (c->number == A_G)
        c->a.u.g = ox__graph_handle(ld->m, id);
    else
        c->a.u.t.id = id; /* a type stands in the same place */
    return s;
}

ox_status ox__load_attr(ox__load *ld, const ox__field *f, unsigned depth, ox_error *err)
{
    scan c = {.depth = depth, .start = f->at, .size = ox__reader_left(&f->sub)};
    c.a.name.id = 1;
    if (depth > OX__MAX_NESTING)
        return ox__load_fail(ld, f->at, OX_E_LIMIT, err, "messages nest deeper than 100 levels");
    ox_status s = first_walk(ld, &c, f->sub, err);
    if (s == OX_OK && c.a.name.id == 1) s = ox__load_fail(ld, f->at, OX_E_FORMAT, err, "an attribute has no name");
    if (s == OX_OK && c.number) s = second_walk(ld, &c, f->sub, err);
    if (c.a.kind == OX_ATTR_STRING && !c.a.u.s.id) c.a.u.s.id = 1;
    /* one that says it is a tensor or a graph and holds none has no value at all */
    bool needs = c.number == A_T || c.number == A_G || c.number == A_SPARSE;
    if (needs && !ox__msg_present(&c.one) && !c.a.ref.id) c.a.kind = OX_ATTR_NONE;
    if (s == OX_OK && !ox__vec_push(&ld->attrs, c.a)) s = ox__nomem(err);
    return s;
}
