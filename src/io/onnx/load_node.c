/* Floor 3. NodeProto to node. Inputs are bound to the values that their names mean at this place of the graph; the
 * blocks among the attributes are read before the outputs get their names, so that they see what was there before. */
#include "io/onnx/load.h"

#include <stdio.h>

enum {
    N_INPUT = 1,
    N_OUTPUT = 2,
    N_NAME = 3,
    N_OP = 4,
    N_ATTR = 5,
    N_DOC = 6,
    N_DOMAIN = 7,
    N_OVERLOAD = 8,
    N_METADATA = 9,
    N_DEVICES = 10
};

typedef struct fields {
    ox_str name, op, domain, overload, doc;
    bool has_devices;
    size_t ins, outs, attrs, pairs; /* where they begin on the stacks of the load */
} fields;

static ox_status read_field(ox__load *ld, fields *n, const ox__field *f, unsigned depth, ox_error *err)
{
    ox_status s = OX_OK;
    uint32_t v = 0;
    if (f->type != OX__WIRE_BYTES) return OX_OK;
    ox__span text = ox__field_span(f);
    switch (f->number) {
    case N_INPUT:
        if (text.n) s = ox__load_use(ld, ox__load_str(ld, text), &v, err);
        if (s == OX_OK && !ox__vec_push(&ld->ids, v)) s = ox__nomem(err);
        break;
    case N_OUTPUT:
        if (!ox__vec_push(&ld->outs, ox__load_str(ld, text))) s = ox__nomem(err);
        break;
    case N_NAME: n->name = ox__load_str(ld, text); break;
    case N_OP: n->op = ox__load_str(ld, text); break;
    case N_ATTR: s = ox__load_attr(ld, f, depth + 1, err); break;
    case N_DOC: n->doc = ox__load_str(ld, text); break;
    case N_DOMAIN:
        n->domain = text.n == 7 && memcmp(text.p, "ai.onnx", 7) == 0 ? (ox_str){1} : ox__load_str(ld, text);
        break;
    case N_OVERLOAD: n->overload = ox__load_str(ld, text); break;
    case N_METADATA: s = ox__load_pair(ld, f, err); break;
    case N_DEVICES: n->has_devices = true; break;
    default: break;
    }
    return s;
}

/* Placements name values, the node's own outputs among them. */
static ox_status note_devices(ox__load *ld, ox__reader r, ox_error *err)
{
    static const uint32_t tensors[] = {N_DEVICES, 2, 1, 0};
    return ox__load_named(ld, r, tensors, err);
}

static ox_status add_node(ox__load *ld, ox_graph g, const fields *n, const uint8_t *at, uint32_t *id, ox_error *err)
{
    size_t n_in = ld->ids.n - n->ins, n_out = ld->outs.n - n->outs;
    uint64_t cost = n_in * OX__COST_USE + n_out * OX__COST_NAME + (ld->attrs.n - n->attrs) * (sizeof(ox_attr) + 16) +
                    (ld->pairs.n - n->pairs) * sizeof(ox_pair) + (n_out > 1 ? (n_out - 1) * OX__COST_VALUE : 0);
    ox_status s = ox__load_charge(ld, at, 0, cost, err);
    for (size_t i = 0; i < n_out && s == OX_OK; i++) {
        ox_str name = ld->outs.p[n->outs + i];
        uint32_t v = 0;
        if (name.id > 1) s = ox__load_define(ld, g, name, &v, err);
        if (s == OX_OK && !ox__vec_push(&ld->ids, v)) s = ox__nomem(err);
    }
    if (s != OX_OK) return s;
    ox__node_spec spec = {.graph = g.id, .domain = n->domain, .op = n->op, .name = n->name};
    spec.n_in = (uint32_t)n_in;
    spec.in = n_in ? ld->ids.p + n->ins : NULL;
    spec.n_out = (uint32_t)n_out;
    spec.out = n_out ? ld->ids.p + n->ins + n_in : NULL;
    return ox__node_add(ld->m, id, &spec, err);
}

/* What most nodes do not have. */
static ox_status add_rest(ox__load *ld, ox_node node, const fields *n, ox_error *err)
{
    ox_model *m = ld->m;
    ox_status s = OX_OK;
    uint32_t n_attrs = (uint32_t)(ld->attrs.n - n->attrs), n_pairs = (uint32_t)(ld->pairs.n - n->pairs);
    if (n_attrs) s = ox__node_set_attrs(m, node, n_attrs, ld->attrs.p + n->attrs, err);
    if (s == OX_OK && n->overload.id > 1) s = ox_node_set_op(m, node, n->domain, n->op, n->overload, err);
    if (s == OX_OK && n->doc.id > 1) s = ox_node_set_doc(m, node, n->doc, err);
    if (s == OX_OK && n_pairs) s = ox__node_set_pairs(m, node, n_pairs, ld->pairs.p + n->pairs, err);
    return s == OX_OK ? ox__load_scope(ld, node, err) : s;
}

ox_status ox__load_node(ox__load *ld, ox_graph g, const ox__field *f, uint32_t rec, unsigned depth, ox_error *err)
{
    fields n = {.ins = ld->ids.n, .outs = ld->outs.n, .attrs = ld->attrs.n, .pairs = ld->pairs.n};
    n.domain.id = n.op.id = n.name.id = 1;
    if (depth > OX__MAX_NESTING)
        return ox__load_fail(ld, f->at, OX_E_LIMIT, err, "messages nest deeper than 100 levels");
    ox_status s = ox__load_tick(ld, "reading", f->at, err);
    ld->nesting++;
    ox__reader r = f->sub;
    for (ox__field sub; s == OX_OK && ox__read_field(&r, &sub);) s = read_field(ld, &n, &sub, depth, err);
    if (s == OX_OK) s = ox__load_end(ld, &r, err);
    uint32_t id = 0;
    if (s == OX_OK) s = add_node(ld, g, &n, f->at, &id, err);
    if (s == OX_OK) {
        ox__node_row_at(ld->m, id)->src = rec;
        ld->io->rec_id.p[rec] = id;
        s = add_rest(ld, ox__node_handle(ld->m, id), &n, err);
        if (s == OX_OK && n.has_devices) s = note_devices(ld, f->sub, err);
    }
    if (s != OX_OK && err && !err->node[0] && n.name.id > 1)
        snprintf(err->node, sizeof err->node, "%s", ox_str_text(ld->m, n.name, NULL));
    ld->ids.n = n.ins;
    ld->outs.n = n.outs;
    ld->attrs.n = n.attrs;
    ld->pairs.n = n.pairs;
    if (--ld->nesting == 0)
        ox__arena_reset(&ld->lists); /* a node of an outermost graph: nobody above needs its lists */
    return s;
}

void ox__load_node_expect(const ox__load *ld, const ox__field *f)
{
    ox__reader r = f->sub;
    for (ox__field sub; ox__read_field(&r, &sub) && sub.number <= N_NAME;) {
        ox__span text = ox__field_span(&sub);
        if (sub.number != N_INPUT && text.n) ox__intern_expect(&ld->m->strings, text.p, text.n);
    }
}
