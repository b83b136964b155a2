/* Floor 3. GraphProto, and the part of FunctionProto that is alike, to graph.
 *
 * Fields come in any order, and nodes come before the initializers and inputs that they use, so a graph is walked four
 * times: counting, so that nothing is allocated for more than the budget allows; inputs and initializers; nodes, in
 * order, each binding the names of its outputs; outputs and value_infos. A name that is used before anything defines
 * it becomes a value that nothing makes; what defines it later adopts it. So cycles and unknown names can be looked
 * at. A name that is defined twice means, from there on, the newer value. */
#include "io/onnx/load.h"

/* Field numbers of what graphs and functions share; 0 = it has none. */
typedef struct layout {
    uint32_t node, name, doc, input, output, info, init, sparse, metadata, annotation;
    bool plain; /* inputs and outputs are names, not ValueInfos */
} layout;

static const layout graph_layout = {.node = OX__GRAPH_NODE,
                                    .name = OX__GRAPH_NAME,
                                    .doc = OX__GRAPH_DOC,
                                    .input = OX__GRAPH_INPUT,
                                    .output = OX__GRAPH_OUTPUT,
                                    .info = OX__GRAPH_INFO,
                                    .init = OX__GRAPH_INIT,
                                    .sparse = OX__GRAPH_SPARSE,
                                    .metadata = OX__GRAPH_METADATA,
                                    .annotation = OX__GRAPH_ANNOTATION};
static const layout func_layout = {.node = OX__FUNC_NODE,
                                   .name = OX__FUNC_NAME,
                                   .doc = OX__FUNC_DOC,
                                   .input = OX__FUNC_INPUT,
                                   .output = OX__FUNC_OUTPUT,
                                   .info = OX__FUNC_INFO,
                                   .metadata = OX__FUNC_METADATA,
                                   .plain = true};

/* What one walk looks at: from its first field on, so many. The rest of the file is not touched again. */
typedef struct stretch {
    ox__fields from;
    uint32_t rec; /* before the first */
    uint64_t n;
} stretch;

enum { VALUES, NODES, OUTPUTS, N_WALKS };

typedef struct reading {
    ox__load *ld;
    const layout *l;
    const ox__msg *msg;
    ox_graph g;
    uint32_t rec;   /* of the graph; its fields' records follow */
    unsigned depth; /* of its message */
    size_t outputs; /* where its outputs begin on ld->ids */
    stretch walk[N_WALKS];
    uint32_t next; /* the value that the next value_info should be of: they go in the order of the values */
} reading;

static bool is_record(const layout *l, const ox__field *f)
{
    uint32_t n = f->number;
    return f->type == OX__WIRE_BYTES && (l->plain ? ox__func_field_is_record(n) : ox__graph_field_is_record(n));
}

static ox__fields fields_of(const reading *rd)
{
    ox__fields it = ox__fields_of(rd->msg);
    it.lets_go = rd->ld->io->mapped;
    return it;
}

/* The walk that a field is for; N_WALKS = none. */
static int walk_of(const layout *l, const ox__field *f)
{
    uint32_t n = f->number;
    if (f->type != OX__WIRE_BYTES) return N_WALKS;
    if (n == l->node) return NODES;
    if (n == l->output || n == l->info || n == l->annotation) return OUTPUTS;
    bool value = n == l->input || n == l->init || n == l->sparse || n == l->name || n == l->doc || n == l->metadata;
    return value ? VALUES : N_WALKS;
}

/* The next field of a walk. */
static bool next_of(const reading *rd, int walk, stretch *at, ox__field *f)
{
    while (at->n && ox__fields_next(&at->from, f)) {
        at->rec += is_record(rd->l, f);
        if (walk_of(rd->l, f) != walk) continue;
        at->n--;
        return true;
    }
    return false;
}

/* ---- names ---- */

static bool remember(ox__load *ld, ox_str name, uint32_t value)
{
    ox__name_change c = {name.id, 0};
    if (name.id >= ld->bound.n) {
        size_t n = OX__MAX((size_t)name.id + 1, ld->m->strings.text.n);
        if (!ox__vec_reserve(&ld->bound, n)) return false;
        memset(ld->bound.p + ld->bound.n, 0, (n - ld->bound.n) * sizeof *ld->bound.p);
        ld->bound.n = n;
    }
    c.before = ld->bound.p[name.id];
    if (!ox__vec_push(&ld->changes, c)) return false;
    ld->bound.p[name.id] = value;
    return true;
}

static void forget(ox__load *ld, size_t mark, size_t loose)
{
    while (ld->changes.n > mark) {
        ox__name_change c = ld->changes.p[--ld->changes.n];
        ld->bound.p[c.name] = c.before;
    }
    while (ld->loose.n > loose) ld->bound.p[ld->loose.p[--ld->loose.n].name] = 0;
}

void ox__load_forget(ox__load *ld)
{
    forget(ld, 0, 0);
}

static uint32_t lookup(const ox__load *ld, ox_str name)
{
    return name.id < ld->bound.n ? ld->bound.p[name.id] : 0;
}

/* The path has at most a handful of numbers, and so has the recursion. */
ox_status ox__load_named(ox__load *ld, ox__reader r, const uint32_t *path, ox_error *err)
{
    ox_status s = OX_OK;
    for (ox__field f; s == OX_OK && ox__read_field(&r, &f);) {
        if (f.number != path[0] || f.type != OX__WIRE_BYTES) continue;
        if (path[1]) {
            s = ox__load_named(ld, f.sub, path + 1, err);
            continue;
        }
        ox__span text = ox__field_span(&f);
        uint32_t v = text.n ? lookup(ld, ox_str_find(ld->m, text.p, text.n)) : 0;
        ox__named n = {ox__reader_offset(&f.sub), v};
        if (v && !ox__vec_push(&ld->io->named, n)) s = ox__nomem(err);
    }
    return s == OX_OK ? ox__load_end(ld, &r, err) : s;
}

/* A use of a name that nothing defines yet belongs to the outermost graph: it may come there, and lasts until then. */
ox_status ox__load_use(ox__load *ld, ox_str name, uint32_t *value, ox_error *err)
{
    if ((*value = lookup(ld, name))) return OX_OK;
    ox_value v;
    ox_status s = ox__load_charge(ld, NULL, 0, OX__COST_VALUE, err);
    if (s == OX_OK) s = ox__value_new(ld->m, &v, ld->outermost, name, err);
    if (s != OX_OK) return s;
    *value = v.id;
    if (name.id <= 1) return OX_OK; /* the empty name means nothing */
    if (!remember(ld, name, v.id)) return ox__nomem(err);
    ox__name_change c = ld->changes.p[--ld->changes.n]; /* not undone with the graph that is being read */
    return ox__vec_push(&ld->loose, c) ? OX_OK : ox__nomem(err);
}

ox_status ox__load_define(ox__load *ld, ox_graph g, ox_str name, uint32_t *value, ox_error *err)
{
    uint32_t known = lookup(ld, name);
    if (known) {
        const ox__value_row *r = ox__value_row_at(ld->m, known);
        if (r->graph == g.id && !r->node && !r->in_item && !r->init_item) {
            *value = known;
            return OX_OK;
        }
    }
    ox_value v;
    ox_status s = ox__value_new(ld->m, &v, g, name, err);
    if (s != OX_OK) return s;
    *value = v.id;
    return name.id <= 1 || remember(ld, name, v.id) ? OX_OK : ox__nomem(err);
}

/* ---- the first walk ---- */

static bool add_record(ox__onnx *io, const uint8_t *at)
{
    return ox__vec_push(&io->rec_at, (uint64_t)(at - io->start)) && ox__vec_push(&io->rec_id, 0);
}

/* Records cost less than what the file may cost in any case, so they are numbered while they are counted. */
static ox_status count(reading *rd, const uint8_t *graph_at, ox_error *err)
{
    ox__load *ld = rd->ld;
    const layout *l = rd->l;
    const uint8_t *at = rd->msg->part.p;
    uint64_t nodes = 0, values = 0, outputs = 0, credit = 0;
    rd->rec = (uint32_t)ld->io->rec_at.n;
    if (!add_record(ld->io, graph_at)) return ox__nomem(err);
    ox__fields it = fields_of(rd);
    ox_status s = OX_OK;
    for (ox__field f; s == OX_OK && ox__fields_next(&it, &f);) {
        uint64_t n = f.type == OX__WIRE_BYTES ? ox__reader_left(&f.sub) + 2 : 2;
        bool init = f.number == l->init || f.number == l->sparse;
        credit += init ? 2 : OX__MIN(n, (uint64_t)OX__NODE_CREDIT);
        int walk = walk_of(l, &f);
        if (walk < N_WALKS && rd->walk[walk].n++ == 0) {
            rd->walk[walk].from = it;
            rd->walk[walk].from.r.p = f.at;
            rd->walk[walk].from.from = NULL;
            rd->walk[walk].rec = (uint32_t)ld->io->rec_at.n - 1;
        }
        if (!is_record(l, &f)) continue;
        s = ox__load_tick(ld, "counting", f.at, err);
        if (ld->io->rec_at.n >= UINT32_MAX)
            return ox__load_fail(ld, at, OX_E_LIMIT, err, "the file has more than 2^32 records");
        if (!add_record(ld->io, f.at)) return ox__nomem(err);
        nodes += f.number == l->node;
        values += f.number == l->node || f.number == l->input || init;
        outputs += f.number == l->output;
    }
    uint64_t records = ld->io->rec_at.n - rd->rec;
    if (s == OX_OK) s = ox__load_end(ld, &it.r, err);
    if (s == OX_OK)
        s = ox__load_charge(ld, at, credit,
                            nodes * OX__COST_NODE + records * OX__COST_RECORD + values * OX__COST_VALUE +
                                outputs * OX__COST_OUTPUT + 512,
                            err);
    if (s == OX_OK && rd->depth <= 2) /* the graph that matters; for blocks the tables grow as they come */
        s = ox__model_reserve(ld->m, (size_t)nodes + 2, (size_t)values + 2, (size_t)(nodes + nodes / 2), (size_t)values,
                              err);
    return s;
}

/* ---- ValueInfo ---- */

typedef struct info {
    ox_str name, doc;
    ox__msg type;
    size_t pairs;
} info;

static ox_status read_info(reading *rd, const ox__field *field, ox_str guess, info *out, ox_error *err)
{
    ox__load *ld = rd->ld;
    ox_status s = OX_OK;
    ox__reader r = field->sub;
    memset(out, 0, sizeof *out);
    out->name.id = 1;
    out->pairs = ld->pairs.n;
    for (ox__field f; s == OX_OK && ox__read_field(&r, &f);) {
        if (f.type != OX__WIRE_BYTES) continue;
        switch (f.number) {
        case 1: out->name = ox__load_str_near(ld, ox__field_span(&f), guess); break;
        case 2:
            if (!ox__msg_merge(&out->type, f.sub, &ld->tmp)) s = ox__nomem(err);
            break;
        case 3: out->doc = ox__load_str(ld, ox__field_span(&f)); break;
        case 4: s = ox__load_pair(ld, &f, err); break;
        default: break;
        }
    }
    return s == OX_OK ? ox__load_end(ld, &r, err) : s;
}

/* Gives the value what the record says, where an earlier record has not said it. */
static ox_status apply_info(reading *rd, uint32_t value, const info *in, ox_error *err)
{
    ox__load *ld = rd->ld;
    ox_model *m = ld->m;
    ox_status s = OX_OK;
    ox_value v = ox__value_handle(m, value);
    if (ox__msg_present(&in->type) && !ox__value_row_at(m, value)->type) {
        ox_type t = {0};
        s = ox__load_type(ld, &in->type, rd->depth + 2, &t, err);
        ox__value_row_at(m, value)->type = t.id;
    }
    const ox__ext *ext = ox__value_row_at(m, value)->ext;
    uint32_t n = (uint32_t)(ld->pairs.n - in->pairs);
    if (s == OX_OK && n && !(ext && ext->metadata)) s = ox__value_set_pairs(m, v, n, ld->pairs.p + in->pairs, err);
    if (s == OX_OK && in->doc.id > 1 && !(ext && ext->doc.id)) s = ox_value_set_doc(m, v, in->doc, err);
    return s;
}

/* ---- the second walk: inputs and initializers ---- */

static ox_status read_input(reading *rd, const ox__field *f, uint32_t rec, ox_error *err)
{
    ox__load *ld = rd->ld;
    info in = {.pairs = ld->pairs.n};
    ox_status s = OX_OK;
    if (rd->l->plain)
        in.name = ox__load_str(ld, ox__field_span(f));
    else
        s = read_info(rd, f, (ox_str){0}, &in, err);
    if (s != OX_OK) return s;
    uint32_t v = lookup(ld, in.name);
    const ox__value_row *r = v ? ox__value_row_at(ld->m, v) : NULL;
    if (!r || r->graph != rd->g.id || r->in_item)
        s = ox__load_define(ld, rd->g, in.name, &v, err); /* else an initializer */
    if (s == OX_OK) s = ox__graph_adopt_input(ld->m, rd->g, ox__value_handle(ld->m, v), err);
    if (s == OX_OK) {
        uint32_t item = ox__value_row_at(ld->m, v)->in_item;
        ox__item_row_at(ld->m, item)->src = rec;
        ld->io->rec_id.p[rec] = item;
        s = apply_info(rd, v, &in, err);
    }
    ld->pairs.n = in.pairs;
    return s;
}

static ox_status type_from_tensor(ox__load *ld, uint32_t value, ox_tensor tensor, ox_error *err)
{
    if (ox__value_row_at(ld->m, value)->type) return OX_OK;
    ox_tensor_info t = ox_tensor_get(ld->m, tensor);
    size_t base = ld->ids.n;
    for (uint32_t i = 0; i < t.rank; i++)
        if (!ox__vec_push(&ld->ids, ox_dim_const(ld->m, t.dims[i]).id)) return ox__nomem(err);
    _Static_assert(sizeof(ox_dim) == sizeof(uint32_t), "dims are ids");
    ox_type_info type = {.kind = t.storage == OX_STORAGE_SPARSE ? OX_TYPE_SPARSE : OX_TYPE_TENSOR, .dtype = t.dtype};
    type.rank = (int32_t)t.rank;
    if (t.rank) type.dims = (const ox_dim *)(const void *)(ld->ids.p + base);
    ox__value_row_at(ld->m, value)->type = ox_type_add(ld->m, &type).id;
    ld->ids.n = base;
    return OX_OK;
}

static ox_status read_initializer(reading *rd, const ox__field *f, uint32_t rec, ox_error *err)
{
    ox__load *ld = rd->ld;
    ox_tensor t;
    ox__msg msg = ox__msg_of(f->sub);
    ox_status s =
        f->number == rd->l->init ? ox__load_tensor(ld, &msg, rec, &t, err) : ox__load_sparse(ld, &msg, rec, &t, err);
    if (s != OX_OK) return s;
    ox_str name = ox_tensor_get(ld->m, t).name;
    uint32_t v = lookup(ld, name);
    const ox__value_row *r = v ? ox__value_row_at(ld->m, v) : NULL;
    if (!r || r->graph != rd->g.id || r->init_item) s = ox__load_define(ld, rd->g, name, &v, err); /* else an input */
    if (s == OX_OK) s = ox__graph_adopt_initializer(ld->m, rd->g, ox__value_handle(ld->m, v), t, err);
    if (s == OX_OK) {
        uint32_t item = ox__value_row_at(ld->m, v)->init_item;
        ox__item_row_at(ld->m, item)->src = rec;
        ld->io->rec_id.p[rec] = item;
    }
    if (!ld->nesting) ox__arena_reset(&ld->lists);
    return s;
}

static ox_status walk_values(reading *rd, ox_error *err)
{
    ox__load *ld = rd->ld;
    const layout *l = rd->l;
    size_t pairs = ld->pairs.n;
    stretch at = rd->walk[VALUES];
    ox_str name = {1}, doc = {0};
    ox_status s = OX_OK;
    for (ox__field f; s == OX_OK && next_of(rd, VALUES, &at, &f);) {
        if ((s = ox__load_tick(ld, "reading", f.at, err)) != OX_OK) break;
        if (f.number == l->input)
            s = read_input(rd, &f, at.rec, err);
        else if (f.number == l->init || f.number == l->sparse)
            s = read_initializer(rd, &f, at.rec, err);
        else if (f.number == l->name)
            name = ox__load_str(ld, ox__field_span(&f));
        else if (f.number == l->doc)
            doc = ox__load_str(ld, ox__field_span(&f));
        else if (f.number == l->metadata)
            s = ox__load_pair(ld, &f, err);
    }
    if (s == OX_OK && ld->pairs.n > pairs)
        s = ox__graph_set_pairs(ld->m, rd->g, (uint32_t)(ld->pairs.n - pairs), ld->pairs.p + pairs, err);
    ld->pairs.n = pairs;
    if (s == OX_OK) s = ox_graph_set_name(ld->m, rd->g, name, err);
    if (s == OX_OK && doc.id > 1) s = ox_graph_set_doc(ld->m, rd->g, doc, err);
    return s;
}

/* ---- the third and the fourth ---- */

static ox_status walk_nodes(reading *rd, ox_error *err)
{
    stretch at = rd->walk[NODES];
    ox_status s = OX_OK;
    ox__field f, next;
    for (bool more = next_of(rd, NODES, &at, &next); more && s == OX_OK;) {
        uint32_t rec = at.rec;
        f = next;
        more = next_of(rd, NODES, &at, &next);
        if (more) ox__load_node_expect(rd->ld, &next);
        s = ox__load_node(rd->ld, rd->g, &f, rec, rd->depth + 1, err);
    }
    return s;
}

static ox_status read_output(reading *rd, const ox__field *f, ox_error *err)
{
    ox__load *ld = rd->ld;
    info in = {.pairs = ld->pairs.n};
    uint32_t v;
    ox_status s = OX_OK;
    if (rd->l->plain)
        in.name = ox__load_str(ld, ox__field_span(f));
    else
        s = read_info(rd, f, (ox_str){0}, &in, err);
    if (s == OX_OK) s = ox__load_use(ld, in.name, &v, err);
    if (s == OX_OK && !ox__vec_push(&ld->ids, v)) s = ox__nomem(err);
    if (s == OX_OK) s = apply_info(rd, v, &in, err);
    ld->pairs.n = in.pairs;
    return s;
}

static ox_status read_value_info(reading *rd, const ox__field *f, uint32_t rec, ox_error *err)
{
    ox__load *ld = rd->ld;
    info in;
    bool more = rd->next && rd->next < ld->m->table[OX__VALUE].n;
    ox_status s = read_info(rd, f, (ox_str){more ? ox__value_row_at(ld->m, rd->next)->name : 0}, &in, err);
    uint32_t v = s == OX_OK ? lookup(ld, in.name) : 0;
    if (v) rd->next = v + 1;
    /* one that names no value of this graph is kept in the file, and that is all */
    if (v && ox__value_row_at(ld->m, v)->graph == rd->g.id) {
        s = apply_info(rd, v, &in, err);
        ox__value_row *r = ox__value_row_at(ld->m, v);
        r->flags |= OX__DECLARED;
        if (!r->src) r->src = rec;
        ld->io->rec_id.p[rec] = v;
    }
    ld->pairs.n = in.pairs;
    return s;
}

static ox_status set_outputs(reading *rd, ox_error *err)
{
    ox__load *ld = rd->ld;
    size_t n = ld->ids.n - rd->outputs;
    ox_value *values = ox__alloc(n * sizeof *values);
    if (!values) return ox__nomem(err);
    for (size_t i = 0; i < n; i++) values[i] = ox__value_handle(ld->m, ld->ids.p[rd->outputs + i]);
    ox_status s = ox__graph_set_outputs(ld->m, rd->g, n, values, err);
    ox__free(values);
    ld->ids.n = rd->outputs;
    if (s != OX_OK) return s;
    uint32_t i = 0;
    stretch at = rd->walk[OUTPUTS];
    for (ox__field f; i < n && next_of(rd, OUTPUTS, &at, &f);) {
        if (f.number != rd->l->output) continue;
        uint32_t item = ox__graph_output_item(ld->m, rd->g.id, i++);
        ox__item_row_at(ld->m, item)->src = at.rec;
        ld->io->rec_id.p[at.rec] = item;
    }
    return OX_OK;
}

/* A quantization annotation: the value, and those that hold its scale and zero point. */
static ox_status read_annotation(reading *rd, const ox__field *f, ox_error *err)
{
    static const uint32_t tensor[] = {1, 0}, parameters[] = {2, 2, 0};
    ox_status s = ox__load_named(rd->ld, f->sub, tensor, err);
    return s == OX_OK ? ox__load_named(rd->ld, f->sub, parameters, err) : s;
}

static ox_status walk_outputs(reading *rd, ox_error *err)
{
    stretch at = rd->walk[OUTPUTS];
    ox_status s = OX_OK;
    rd->outputs = rd->ld->ids.n;
    for (ox__field f; s == OX_OK && next_of(rd, OUTPUTS, &at, &f);) {
        if ((s = ox__load_tick(rd->ld, "reading", f.at, err)) != OX_OK) break;
        if (f.number == rd->l->annotation)
            s = read_annotation(rd, &f, err);
        else if (f.number == rd->l->output)
            s = read_output(rd, &f, err);
        else
            s = read_value_info(rd, &f, at.rec, err);
    }
    return s == OX_OK ? set_outputs(rd, err) : s;
}

/* Initializers that nothing declared take the type of their tensor. */
static ox_status type_initializers(reading *rd, ox_error *err)
{
    ox_status s = OX_OK;
    for (uint32_t i = ox__graph_row_at(rd->ld->m, rd->g.id)->init.first; i && s == OX_OK;) {
        const ox__item_row *item = ox__item_row_at(rd->ld->m, i);
        uint32_t v = item->value, next = item->next;
        s = type_from_tensor(rd->ld, v, (ox_tensor){ox__value_row_at(rd->ld->m, v)->tensor}, err);
        i = next;
    }
    return s;
}

ox_status ox__load_graph(ox__load *ld, ox_graph *out, ox_graph_kind kind, const uint8_t *at, const ox__msg *msg,
                         unsigned depth, ox_error *err)
{
    reading rd = {.ld = ld, .l = kind == OX_GRAPH_FUNCTION ? &func_layout : &graph_layout, .msg = msg, .depth = depth};
    if (depth > OX__MAX_NESTING) return ox__load_fail(ld, at, OX_E_LIMIT, err, "messages nest deeper than 100 levels");
    ox_status s = count(&rd, at, err);
    if (s != OX_OK) return s;
    if (kind == OX_GRAPH_MAIN)
        rd.g = ox_model_main(ld->m);
    else if ((s = ox_graph_create(ld->m, &rd.g, kind, (ox_str){1}, err)) != OX_OK)
        return s;
    *out = rd.g;
    ld->io->rec_id.p[rd.rec] = rd.g.id;
    ox__graph_row_at(ld->m, rd.g.id)->src = rd.rec;
    if (msg->next) {
        ox__merged several = {rd.rec, *msg};
        if (!ox__vec_push(&ld->io->merged, several)) return ox__nomem(err);
    }
    size_t names = ld->changes.n, loose = ld->loose.n;
    if (kind != OX_GRAPH_BLOCK) ld->outermost = rd.g;
    s = walk_values(&rd, err);
    if (s == OX_OK) s = walk_nodes(&rd, err);
    if (s == OX_OK) s = walk_outputs(&rd, err);
    if (s == OX_OK) s = type_initializers(&rd, err);
    if (kind == OX_GRAPH_BLOCK) forget(ld, names, ld->loose.n);
    if (kind == OX_GRAPH_TRAINING) forget(ld, names, loose);
    return s;
}
