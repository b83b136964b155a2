/* Floor 3. Graph to GraphProto and FunctionProto. The lists of a graph (nodes, inputs, outputs, initializers) are
 * merged with their source: at each record of the file stand those that come before it now, then it itself, unless it
 * is gone or was written already. So whatever was not moved keeps its place among the other fields. */
#include "io/onnx/save.h"

typedef struct graph_state {
    uint32_t id;
    const ox__graph_row *row;
    bool function;
    uint32_t rec;  /* of the source record that is next */
    uint32_t node; /* cursors: the node, item or output to be written next */
    uint32_t in, init, sparse;
    uint32_t out;
    size_t next_pair, next_opset, next_default;
} graph_state;

/* ---- ValueInfo ---- */

typedef struct info_state {
    uint32_t value;
    size_t next_pair;
} info_state;

static void info_field(ox__enc *e, void *ud, const ox__at *at)
{
    info_state *s = ud;
    const ox__value_row *r = ox__value_row_at(e->m, s->value);
    const ox__ext *ext = r->ext;
    char buf[48];
    size_t n;
    ox_type t;
    const char *name;
    switch (at->number) {
    case 1:
        name = ox__enc_value_name(e, s->value, buf, &n);
        if (at->first && (at->f || n)) ox__sink_text(&e->k, 1, name, n);
        break;
    case 2:
        if (at->f && at->last && at->first && e->io &&
            ox__onnx_seen_type(e->io, at->f->sub.p, ox__reader_left(&at->f->sub), &t) && t.id == r->type)
            ox__at_copy(e, at);
        else if (at->first && r->type)
            ox__enc_type(e, 2, (ox_type){r->type});
        break;
    case 3: ox__at_text(e, at, ext ? ext->doc : (ox_str){0}); break;
    default:
        ox__at_pairs(e, at, ext && ext->metadata ? ext->metadata->p : NULL, ext && ext->metadata ? ext->metadata->n : 0,
                     &s->next_pair);
    }
}

static void write_info(ox__enc *e, uint32_t number, uint32_t value, uint32_t rec, bool dirty)
{
    static const uint32_t known[] = {OX__KNOWN_BYTES(1), OX__KNOWN_BYTES(2), OX__KNOWN_BYTES(3), OX__KNOWN_BYTES(4)};
    if (rec && e->io && !dirty) {
        ox__enc_copy_record(e, rec, number);
        return;
    }
    ox__msg src = {0};
    if (e->io) src = ox__onnx_record(e->io, rec);
    info_state s = {.value = value};
    ox__open_msg o = ox__sink_begin(&e->k, number);
    ox__splice(e, &src, known, OX__COUNT(known), info_field, &s);
    ox__sink_end(&e->k, o);
}

/* ---- lists ---- */

/* An input or output: a ValueInfo, in functions its name alone. */
static void write_port(ox__enc *e, const graph_state *s, uint32_t number, uint32_t item)
{
    const ox__item_row *r = ox__item_row_at(e->m, item);
    char buf[48];
    size_t n;
    if (!s->function) {
        write_info(e, number, r->value, r->src, r->flags & OX__DIRTY);
    } else {
        const char *name = ox__enc_value_name(e, r->value, buf, &n);
        ox__sink_text(&e->k, number, name, n);
    }
}

static void write_initializer(ox__enc *e, uint32_t number, uint32_t item)
{
    const ox__item_row *r = ox__item_row_at(e->m, item);
    char buf[48];
    size_t n;
    const char *name = ox__enc_value_name(e, r->value, buf, &n);
    ox__enc_tensor(e, number, (ox_tensor){ox__value_row_at(e->m, r->value)->tensor}, name, n);
}

static bool is_sparse(const ox__enc *e, uint32_t item)
{
    const ox__value_row *v = ox__value_row_at(e->m, ox__item_row_at(e->m, item)->value);
    return ox_tensor_get(e->m, (ox_tensor){v->tensor}).storage == OX_STORAGE_SPARSE;
}

enum list { NODES, INPUTS, OUTPUTS, INITS, SPARSES };

/* The next id that the list still has to write, and 0 at its end. */
static uint32_t peek(ox__enc *e, graph_state *s, enum list l)
{
    uint32_t *init = l == INITS ? &s->init : &s->sparse;
    switch (l) {
    case NODES: return s->node;
    case INPUTS: return s->in;
    case OUTPUTS:
        return s->out < ox__node_row_at(e->m, s->row->ret)->in_n ? ox__graph_output_item(e->m, s->id, s->out) : 0;
    default:
        while (*init && is_sparse(e, *init) != (l == SPARSES)) *init = ox__item_row_at(e->m, *init)->next;
        return *init;
    }
}

static void advance(ox__enc *e, graph_state *s, enum list l)
{
    switch (l) {
    case NODES: s->node = ox__node_row_at(e->m, s->node)->next; break;
    case INPUTS: s->in = ox__item_row_at(e->m, s->in)->next; break;
    case OUTPUTS: s->out++; break;
    case INITS: s->init = ox__item_row_at(e->m, s->init)->next; break;
    case SPARSES: s->sparse = ox__item_row_at(e->m, s->sparse)->next; break;
    }
}

static void mark_list(ox__enc *e, graph_state *s, enum list l, int set)
{
    graph_state walk = *s;
    for (uint32_t id; (id = peek(e, &walk, l)); advance(e, &walk, l)) ox__mark(e, set, id);
}

static void write_one(ox__enc *e, graph_state *s, enum list l, uint32_t number, uint32_t id)
{
    if (l == NODES)
        ox__enc_node(e, number, id);
    else if (l == INPUTS || l == OUTPUTS)
        write_port(e, s, number, id);
    else
        write_initializer(e, number, id);
}

static void list_field(ox__enc *e, graph_state *s, enum list l, const ox__at *at)
{
    int set = l == NODES ? OX__MARK_NODE : OX__MARK_ITEM;
    uint32_t stop = 0, id;
    if (at->first) mark_list(e, s, l, set);
    if (at->f) {
        stop = e->io->rec_id.p[s->rec++];
        if (!stop || !ox__marked(e, set, stop)) stop = 0; /* gone, or written at its new place */
    }
    if (!stop && !at->last) return;
    while (ox__enc_goes_on(e) && (id = peek(e, s, l))) {
        advance(e, s, l);
        ox__unmark(e, set, id);
        write_one(e, s, l, at->number, id);
        if (id == stop && !at->last) return;
    }
}

/* ---- value_info ---- */

static bool has_new_info(const ox__enc *e, uint32_t value)
{
    const ox__value_row *r = ox__value_row_at(e->m, value);
    return (r->flags & OX__DECLARED) && (!r->src || !e->io);
}

static void new_infos(ox__enc *e, const graph_state *s, uint32_t number)
{
    const ox_model *m = e->m;
    for (int k = 0; k < 2; k++)
        for (uint32_t i = k ? s->row->init.first : s->row->in.first; i; i = ox__item_row_at(m, i)->next) {
            uint32_t v = ox__item_row_at(m, i)->value;
            bool again = k && ox__value_row_at(m, v)->in_item;
            if (!again && has_new_info(e, v)) write_info(e, number, v, 0, true);
        }
    for (uint32_t n = s->row->first; n && ox__enc_goes_on(e); n = ox__node_row_at(m, n)->next) {
        const ox__node_row *r = ox__node_row_at(m, n);
        for (uint32_t i = 0; i < r->out_n; i++) {
            uint32_t v = ox__id_at(m, r->out_first + i);
            if (v && has_new_info(e, v)) write_info(e, number, v, 0, true);
        }
    }
}

static void info_list_field(ox__enc *e, graph_state *s, const ox__at *at)
{
    if (!ox__enc_goes_on(e)) return;
    if (at->f) {
        uint32_t rec = s->rec++, v = e->io->rec_id.p[rec];
        const ox__value_row *r = v ? ox__value_row_at(e->m, v) : NULL;
        bool declared = r && (r->flags & OX__ALIVE) && (r->flags & OX__DECLARED);
        if (!v || (declared && !(r->flags & OX__DIRTY)))
            ox__at_copy(e, at);
        else if (declared && r->src == rec) /* a second one of the same value says what is no longer so */
            write_info(e, at->number, v, rec, true);
    }
    if (at->last) new_infos(e, s, at->number);
}

/* ---- the fields ---- */

static void names_field(ox__enc *e, const graph_state *s, const ox__at *at)
{
    const ox_function_info *f = s->row->ext ? s->row->ext->function : NULL;
    for (uint32_t i = 0; at->first && f && i < f->n_attrs; i++) {
        size_t n;
        const char *p = ox_str_text(e->m, f->attrs[i], &n);
        ox__sink_text(&e->k, at->number, p, n);
    }
}

/* What both kinds of graph have under different numbers; false if it is none of these. */
static bool own_field(ox__enc *e, graph_state *s, const ox__at *at, uint32_t name, uint32_t doc, uint32_t metadata)
{
    const ox__ext *ext = s->row->ext;
    uint32_t flag = at->number == name ? OX__DIRTY_NAME : at->number == doc ? OX__DIRTY_DOC : OX__DIRTY_META;
    if (at->number != name && at->number != doc && at->number != metadata) return false;
    if (at->f && !(s->row->flags & flag))
        ox__at_copy(e, at);
    else if (at->number == name)
        ox__at_text(e, at, (ox_str){s->row->name});
    else if (at->number == doc)
        ox__at_text(e, at, ext ? ext->doc : (ox_str){0});
    else
        ox__at_pairs(e, at, ext && ext->metadata ? ext->metadata->p : NULL, ext && ext->metadata ? ext->metadata->n : 0,
                     &s->next_pair);
    return true;
}

static void graph_field(ox__enc *e, void *ud, const ox__at *at)
{
    graph_state *s = ud;
    if (own_field(e, s, at, OX__GRAPH_NAME, OX__GRAPH_DOC, OX__GRAPH_METADATA)) return;
    switch (at->number) {
    case OX__GRAPH_NODE: list_field(e, s, NODES, at); break;
    case OX__GRAPH_INIT: list_field(e, s, INITS, at); break;
    case OX__GRAPH_INPUT: list_field(e, s, INPUTS, at); break;
    case OX__GRAPH_OUTPUT: list_field(e, s, OUTPUTS, at); break;
    case OX__GRAPH_SPARSE: list_field(e, s, SPARSES, at); break;
    default: info_list_field(e, s, at);
    }
}

static void function_field(ox__enc *e, void *ud, const ox__at *at)
{
    static const ox_function_info none;
    graph_state *s = ud;
    const ox_function_info *f = s->row->ext && s->row->ext->function ? s->row->ext->function : &none;
    bool clean = !(s->row->flags & OX__DIRTY_FUNC);
    if (own_field(e, s, at, OX__FUNC_NAME, OX__FUNC_DOC, OX__FUNC_METADATA)) return;
    switch (at->number) {
    case OX__FUNC_NODE: list_field(e, s, NODES, at); return;
    case OX__FUNC_INPUT: list_field(e, s, INPUTS, at); return;
    case OX__FUNC_OUTPUT: list_field(e, s, OUTPUTS, at); return;
    case OX__FUNC_INFO: info_list_field(e, s, at); return;
    case OX__FUNC_DEFAULT: ox__at_attrs(e, at, f->defaults, f->n_defaults, &s->next_default, clean); return;
    default: break;
    }
    if (at->f && clean) {
        ox__at_copy(e, at);
        return;
    }
    switch (at->number) {
    case OX__FUNC_ATTR: names_field(e, s, at); break;
    case OX__FUNC_OPSET: ox__at_opsets(e, at, f->opsets, f->n_opsets, &s->next_opset); break;
    case OX__FUNC_DOMAIN: ox__at_text(e, at, f->domain); break;
    default: ox__at_text(e, at, f->overload);
    }
}

void ox__enc_graph(ox__enc *e, uint32_t number, uint32_t graph)
{
    static const uint32_t of_graph[] = {
        OX__KNOWN_BYTES(OX__GRAPH_NODE), OX__KNOWN_BYTES(OX__GRAPH_NAME),   OX__KNOWN_BYTES(OX__GRAPH_INIT),
        OX__KNOWN_BYTES(OX__GRAPH_DOC),  OX__KNOWN_BYTES(OX__GRAPH_INPUT),  OX__KNOWN_BYTES(OX__GRAPH_OUTPUT),
        OX__KNOWN_BYTES(OX__GRAPH_INFO), OX__KNOWN_BYTES(OX__GRAPH_SPARSE), OX__KNOWN_BYTES(OX__GRAPH_METADATA)};
    static const uint32_t of_func[] = {
        OX__KNOWN_BYTES(OX__FUNC_NAME),  OX__KNOWN_BYTES(OX__FUNC_INPUT),    OX__KNOWN_BYTES(OX__FUNC_OUTPUT),
        OX__KNOWN_BYTES(OX__FUNC_ATTR),  OX__KNOWN_BYTES(OX__FUNC_NODE),     OX__KNOWN_BYTES(OX__FUNC_DOC),
        OX__KNOWN_BYTES(OX__FUNC_OPSET), OX__KNOWN_BYTES(OX__FUNC_DOMAIN),   OX__KNOWN_BYTES(OX__FUNC_DEFAULT),
        OX__KNOWN_BYTES(OX__FUNC_INFO),  OX__KNOWN_BYTES(OX__FUNC_OVERLOAD), OX__KNOWN_BYTES(OX__FUNC_METADATA)};
    const ox__graph_row *r = ox__graph_row_at(e->m, graph);
    const uint32_t dirty =
        OX__BELOW | OX__DIRTY | OX__DIRTY_NAME | OX__DIRTY_DOC | OX__DIRTY_META | OX__DIRTY_LISTS | OX__DIRTY_FUNC;
    ox__msg src = {0};
    if (e->io) src = ox__onnx_record(e->io, r->src);
    if (ox__msg_present(&src) && !src.next && !e->force && !(r->flags & dirty)) {
        ox__enc_copy_record(e, r->src, number);
        return;
    }
    graph_state s = {.id = graph, .row = r, .function = r->kind == OX_GRAPH_FUNCTION, .rec = r->src + 1};
    s.node = r->first;
    s.in = r->in.first;
    s.init = s.sparse = r->init.first;
    ox__open_msg o = ox__sink_begin(&e->k, number);
    if (s.function)
        ox__splice(e, &src, of_func, OX__COUNT(of_func), function_field, &s);
    else
        ox__splice(e, &src, of_graph, OX__COUNT(of_graph), graph_field, &s);
    ox__sink_end(&e->k, o);
}
