/* Floor 3. Node to NodeProto, attribute to AttributeProto. A node that is only the owner of a block that was edited is
 * walked for that block; nothing else of it is written anew. */
#include "io/onnx/save.h"
#include "io/onnx/fields.h"

enum {
    N_INPUT = 1,
    N_OUTPUT = 2,
    N_NAME = 3,
    N_OP = 4,
    N_ATTR = 5,
    N_DOC = 6,
    N_DOMAIN = 7,
    N_OVERLOAD = 8,
    N_METADATA = 9
};

/* ---- attributes ---- */

/* The value field of each kind. */
static uint32_t field_of_kind(uint8_t kind)
{
    static const uint8_t fields[] = {
        [OX_ATTR_FLOAT] = A_F,       [OX_ATTR_INT] = A_I,           [OX_ATTR_STRING] = A_S,
        [OX_ATTR_TENSOR] = A_T,      [OX_ATTR_GRAPH] = A_G,         [OX_ATTR_FLOATS] = A_FLOATS,
        [OX_ATTR_INTS] = A_INTS,     [OX_ATTR_STRINGS] = A_STRINGS, [OX_ATTR_TENSORS] = A_TENSORS,
        [OX_ATTR_GRAPHS] = A_GRAPHS, [OX_ATTR_SPARSE] = A_SPARSE,   [OX_ATTR_SPARSES] = A_SPARSES,
        [OX_ATTR_TYPE] = A_TP,       [OX_ATTR_TYPES] = A_TYPES};
    return kind < OX__COUNT(fields) ? fields[kind] : 0;
}

static void write_numbers(ox__enc *e, const ox__at *at, const ox_attr *a)
{
    bool packed = at->f && at->f->type == OX__WIRE_BYTES;
    ox__open_msg o = {0, 0};
    if (packed && a->n) o = ox__sink_begin(&e->k, at->number);
    for (uint32_t i = 0; i < a->n; i++) {
        float f = a->kind == OX_ATTR_FLOATS ? (float)a->u.floats[i] : 0;
        if (a->kind == OX_ATTR_INTS && packed)
            ox__sink_varint(&e->k, (uint64_t)a->u.ints[i]);
        else if (a->kind == OX_ATTR_INTS)
            ox__sink_int(&e->k, at->number, a->u.ints[i]);
        else if (packed)
            ox__sink_bytes(&e->k, &f, sizeof f);
        else
            ox__sink_float(&e->k, at->number, f);
    }
    if (packed && a->n) ox__sink_end(&e->k, o);
}

static void write_string(ox__enc *e, uint32_t number, ox_str s)
{
    size_t n;
    const char *p = ox_str_text(e->m, s, &n);
    ox__sink_text(&e->k, number, p, n);
}

/* The value, once. A scalar that is zero and that the source did not have either stays away. */
static void write_value(ox__enc *e, const ox__at *at, const ox_attr *a)
{
    bool say = at->f || at->fresh;
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_FLOAT:
        if (say || a->u.f != 0) ox__sink_float(&e->k, A_F, (float)a->u.f);
        break;
    case OX_ATTR_INT:
        if (say || a->u.i) ox__sink_int(&e->k, A_I, a->u.i);
        break;
    case OX_ATTR_STRING:
        if (say || a->u.s.id > 1) write_string(e, A_S, a->u.s);
        break;
    case OX_ATTR_FLOATS:
    case OX_ATTR_INTS: write_numbers(e, at, a); break;
    case OX_ATTR_STRINGS:
        for (uint32_t i = 0; i < a->n; i++) write_string(e, A_STRINGS, a->u.strings[i]);
        break;
    case OX_ATTR_TENSOR:
    case OX_ATTR_SPARSE: ox__enc_tensor(e, at->number, a->u.t, NULL, 0); break;
    case OX_ATTR_TENSORS:
    case OX_ATTR_SPARSES:
        for (uint32_t i = 0; i < a->n; i++) ox__enc_tensor(e, at->number, a->u.tensors[i], NULL, 0);
        break;
    case OX_ATTR_GRAPH: ox__enc_graph(e, A_G, a->u.g.id); break;
    case OX_ATTR_GRAPHS:
        for (uint32_t i = 0; i < a->n; i++) ox__enc_graph(e, A_GRAPHS, a->u.graphs[i].id);
        break;
    case OX_ATTR_TYPE:
        if (say || a->u.type.id) ox__enc_type(e, A_TP, a->u.type);
        break;
    case OX_ATTR_TYPES:
        for (uint32_t i = 0; i < a->n; i++) ox__enc_type(e, A_TYPES, a->u.types[i]);
        break;
    default: break;
    }
}

/* The type that the source had is better copied: it may hold what the IR does not know. */
static bool copy_type(ox__enc *e, const ox__at *at, const ox_attr *a)
{
    ox_type t;
    return at->f && at->first && at->last && a->kind == OX_ATTR_TYPE && e->io &&
           ox__onnx_seen_type(e->io, at->f->sub.p, ox__reader_left(&at->f->sub), &t) && t.id == a->u.type.id;
}

static void attr_field(ox__enc *e, void *ud, const ox__at *at)
{
    const ox_attr *a = ud;
    switch (at->number) {
    case A_NAME: ox__at_text(e, at, a->name); return;
    case A_DOC: ox__at_text(e, at, a->doc); return;
    case A_REF: ox__at_text(e, at, a->ref); return;
    case A_TYPE: /* files of IR 1 have none */
        if (a->kind == OX_ATTR_NONE)
            ox__at_copy(e, at);
        else if (at->first && (at->f || at->fresh))
            ox__sink_int(&e->k, A_TYPE, a->kind);
        return;
    default: break;
    }
    if (a->kind == OX_ATTR_NONE || a->ref.id) {
        ox__at_copy(e, at); /* nothing of ours: as it was */
    } else if (field_of_kind(a->kind) == at->number) {
        if (copy_type(e, at, a))
            ox__at_copy(e, at);
        else if (at->first)
            write_value(e, at, a);
    }
}

void ox__enc_attr(ox__enc *e, uint32_t number, const ox_attr *a, const ox__msg *src)
{
    static const uint32_t known[] = {OX__KNOWN_BYTES(A_NAME),
                                     OX__KNOWN(A_F, OX__W_FLOAT),
                                     OX__KNOWN(A_I, OX__W_VARINT),
                                     OX__KNOWN_BYTES(A_S),
                                     OX__KNOWN_BYTES(A_T),
                                     OX__KNOWN_BYTES(A_G),
                                     OX__KNOWN(A_FLOATS, OX__W_FLOATS),
                                     OX__KNOWN(A_INTS, OX__W_INTS),
                                     OX__KNOWN_BYTES(A_STRINGS),
                                     OX__KNOWN_BYTES(A_TENSORS),
                                     OX__KNOWN_BYTES(A_GRAPHS),
                                     OX__KNOWN_BYTES(A_DOC),
                                     OX__KNOWN_BYTES(A_TP),
                                     OX__KNOWN_BYTES(A_TYPES),
                                     OX__KNOWN(A_TYPE, OX__W_VARINT),
                                     OX__KNOWN_BYTES(A_REF),
                                     OX__KNOWN_BYTES(A_SPARSE),
                                     OX__KNOWN_BYTES(A_SPARSES)};
    if (a->kind > OX_ATTR_TYPES || a->lost) {
        ox__enc_fail(e, OX_E_INVALID, "attribute '%s' is of kind %s%s, which .onnx files cannot say",
                     ox_str_text(e->m, a->name, NULL), ox_attr_kind_name((ox_attr_kind)a->kind),
                     a->lost ? ", lost" : "");
        return;
    }
    ox__open_msg o = ox__sink_begin(&e->k, number);
    ox__splice(e, src, known, OX__COUNT(known), attr_field, (void *)(uintptr_t)a);
    ox__sink_end(&e->k, o);
}

/* Whether something inside the attribute may be dirty, or is to move. */
static bool has_inside(const ox__enc *e, const ox_attr *a)
{
    if (a->kind == OX_ATTR_GRAPH || a->kind == OX_ATTR_GRAPHS) return true;
    return e->force && (a->kind == OX_ATTR_TENSOR || a->kind == OX_ATTR_TENSORS || a->kind == OX_ATTR_SPARSE ||
                        a->kind == OX_ATTR_SPARSES);
}

static bool name_is(const ox__enc *e, const ox_attr *a, ox__span s)
{
    size_t n;
    const char *p = ox_str_text(e->m, a->name, &n);
    return n == s.n && memcmp(p, s.p, n) == 0;
}

void ox__at_attrs(ox__enc *e, const ox__at *at, const ox_attr *a, size_t n, size_t *next, bool clean)
{
    static const ox__msg none;
    if (at->f && *next < n) {
        ox__span name = {"", 0};
        ox__reader r = at->f->sub;
        for (ox__field f; ox__read_field(&r, &f);)
            if (f.number == A_NAME && f.type == OX__WIRE_BYTES) name = ox__field_span(&f);
        const ox_attr *own = &a[*next];
        if (name_is(e, own, name)) {
            ox__msg src = ox__msg_of(at->f->sub);
            if (clean && !has_inside(e, own))
                ox__at_copy(e, at);
            else
                ox__enc_attr(e, at->number, own, &src);
            ++*next;
        } /* else it was removed */
    }
    for (; at->last && *next < n; ++*next) ox__enc_attr(e, at->number, &a[*next], &none);
}

/* ---- nodes ---- */

typedef struct node_state {
    const ox__node_row *row;
    bool dirty;
    size_t next_attr, next_pair;
} node_state;

static void write_names(ox__enc *e, const ox__at *at, const ox__node_row *r)
{
    char buf[48];
    uint32_t n = at->number == N_INPUT ? r->in_n : r->out_n;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t v =
            at->number == N_INPUT ? ox__use_row_at(e->m, r->in_first + i)->value : ox__id_at(e->m, r->out_first + i);
        size_t len;
        const char *name = ox__enc_value_name(e, v, buf, &len);
        ox__sink_text(&e->k, at->number, name, len);
    }
}

/* "ai.onnx" and "" are one domain: what the file wrote stays. */
static void write_domain(ox__enc *e, const ox__at *at, uint32_t domain)
{
    if (at->f && domain <= 1 && ox__reader_left(&at->f->sub) == 7 && memcmp(at->f->sub.p, "ai.onnx", 7) == 0)
        ox__at_copy(e, at);
    else
        ox__at_text(e, at, (ox_str){domain});
}

static void node_field(ox__enc *e, void *ud, const ox__at *at)
{
    node_state *s = ud;
    const ox__node_row *r = s->row;
    const ox__ext *ext = r->ext;
    bool strip = at->number == N_DOC && e->opt->strip_doc;
    if (strip) return;
    if (!s->dirty && at->number != N_ATTR) {
        ox__at_copy(e, at);
        return;
    }
    switch (at->number) {
    case N_INPUT:
    case N_OUTPUT:
        if (at->first) write_names(e, at, r);
        break;
    case N_NAME: ox__at_text(e, at, (ox_str){r->name}); break;
    case N_OP: ox__at_text(e, at, (ox_str){r->op}); break;
    case N_ATTR:
        ox__at_attrs(e, at, r->attrs ? r->attrs->a : NULL, r->attrs ? r->attrs->n : 0, &s->next_attr, !s->dirty);
        break;
    case N_DOC: ox__at_text(e, at, ext ? ext->doc : (ox_str){0}); break;
    case N_DOMAIN: write_domain(e, at, r->domain); break;
    case N_OVERLOAD: ox__at_text(e, at, ext ? ext->overload : (ox_str){0}); break;
    default:
        ox__at_pairs(e, at, ext && ext->metadata ? ext->metadata->p : NULL, ext && ext->metadata ? ext->metadata->n : 0,
                     &s->next_pair);
    }
}

static bool is_clean(const ox__enc *e, const ox__node_row *r)
{
    if (!r->src || (r->flags & (OX__DIRTY | OX__BELOW))) return false;
    if (!e->force) return true;
    if (e->opt->strip_doc && r->ext && r->ext->doc.id > 1) return false;
    for (uint32_t i = 0; r->attrs && i < r->attrs->n; i++)
        if (has_inside(e, &r->attrs->a[i])) return false;
    return true;
}

void ox__enc_node(ox__enc *e, uint32_t number, uint32_t node)
{
    static const uint32_t known[] = {
        OX__KNOWN_BYTES(N_INPUT),  OX__KNOWN_BYTES(N_OUTPUT),   OX__KNOWN_BYTES(N_NAME),
        OX__KNOWN_BYTES(N_OP),     OX__KNOWN_BYTES(N_ATTR),     OX__KNOWN_BYTES(N_DOC),
        OX__KNOWN_BYTES(N_DOMAIN), OX__KNOWN_BYTES(N_OVERLOAD), OX__KNOWN_BYTES(N_METADATA)};
    const ox__node_row *r = ox__node_row_at(e->m, node);
    if (e->io && is_clean(e, r)) {
        ox__enc_copy_record(e, r->src, number);
        return;
    }
    ox__msg src = {0};
    if (e->io) src = ox__onnx_record(e->io, r->src);
    node_state s = {.row = r, .dirty = !ox__msg_present(&src) || (r->flags & OX__DIRTY)};
    ox__open_msg o = ox__sink_begin(&e->k, number);
    ox__splice(e, &src, known, OX__COUNT(known), node_field, &s);
    ox__sink_end(&e->k, o);
    if (e->status != OX_OK && !e->error.node[0]) {
        size_t n;
        const char *name = ox_str_text(e->m, (ox_str){r->name}, &n);
        memcpy(e->error.node, name, OX__MIN(n, sizeof e->error.node - 1));
    }
}
