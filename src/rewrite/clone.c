/* Floor 4. Copies a model into a new one. Ids of strings, dims, types and so on are translated by tables that fill on
 * demand; values are made before the nodes that make or use them, so that any order of nodes is copied as it is. The
 * journal of the copy is paused meanwhile. */
#include "rewrite/clone.h"

#include "rewrite/translate.h"

#include <unistd.h>

typedef struct cloner {
    ox__translate t;
    const ox_model *src;
    ox_model *dst;
    uint32_t *value; /* by source id: id in the copy */
    uint32_t *graph;
    const ox_task *task;
    uint64_t done;
    ox_error *err;
} cloner;

static ox_status clone_graph(cloner *c, ox_graph from, ox_graph to);

/* ---- files ---- */
static ox_status clone_files(cloner *c)
{
    for (uint32_t i = 0; i < ox__model_n_files(c->src); i++) {
        const ox__map *from = ox__model_file(c->src, i);
        ox__map map = {0};
        uint32_t index;
        ox_status s;
        if (from->owned_memory) {
            uint8_t *copy = ox__alloc(OX__MAX((size_t)from->n, 1));
            char *path = ox__strndup(from->path, strlen(from->path));
            if (!copy || !path) {
                ox__free(copy);
                ox__free(path);
                return ox__nomem(c->err);
            }
            if (from->n) memcpy(copy, from->p, (size_t)from->n);
            map = (ox__map){.path = path, .fd = -1, .p = copy, .n = from->n, .owned_memory = true};
        } else {
            s = ox__map_check(from, c->err);
            if (s != OX_OK) return s;
            int fd = dup(from->fd);
            if (fd < 0) return ox__errno(c->err, "cannot map again", from->path);
            s = ox__map_fd(&map, fd, from->path, c->err);
            if (s != OX_OK) return s;
        }
        s = ox__model_add_file(c->dst, &map, &index, c->err);
        if (s != OX_OK) {
            ox__map_close(&map);
            return s;
        }
        if (index != i) return ox__fail(c->err, OX_E_INVALID, "files of a copy are numbered differently");
    }
    return OX_OK;
}

/* ---- values ---- */
static ox_value twin(const cloner *c, uint32_t id)
{
    return ox__value_handle(c->dst, id);
}

/* The copy of a value, made on first sight; 0 for none. */
static ox_status clone_value(cloner *c, ox_value v, uint32_t *out)
{
    *out = v.id ? c->value[v.id] : 0;
    if (*out || !v.id) return OX_OK;
    const ox__value_row *r = ox__value_row_at(c->src, v.id);
    ox_value made;
    ox_graph g = ox__graph_handle(c->dst, c->graph[r->graph]);
    ox_status s = ox__value_new(c->dst, &made, g, ox__translate_str(&c->t, (ox_str){r->name}), c->err);
    if (s != OX_OK) return s;
    *out = c->value[v.id] = made.id;
    /* what was inferred of a trace is found again: the copy does not depend on whether somebody looked */
    bool inferred = r->flags & OX__INFERRED && r->node && c->src->kind == OX_MODEL_TRACE;
    uint32_t type = ox__translate_type(&c->t, (ox_type){inferred ? r->given : r->type}).id;
    uint32_t layout = ox__translate_layout(&c->t, (ox_layout){r->layout}).id;
    ox__value_row *w = ox__value_row_at(c->dst, made.id);
    w->type = type;
    w->layout = layout;
    w->flags |= r->flags & OX__DECLARED;
    const ox_pair *pairs;
    size_t n = ox_value_metadata(c->src, v, &pairs);
    ox_str doc = ox_value_doc(c->src, v);
    if (doc.id) s = ox_value_set_doc(c->dst, made, ox__translate_str(&c->t, doc), c->err);
    if (s == OX_OK && n) {
        const ox_pair *copy = ox__translate_pairs(&c->t, n, pairs);
        s = copy ? ox__value_set_pairs(c->dst, made, (uint32_t)n, copy, c->err) : ox__nomem(c->err);
    }
    return s;
}

/* ---- nodes ---- */

/* Blocks are made, named by the attribute and filled once the node stands. */
static ox_status clone_attrs(cloner *c, ox_node from, ox_node to)
{
    const ox_attr *rows;
    size_t n = ox_node_attrs(c->src, from, &rows);
    if (!n) return OX_OK;
    ox_attr *copy = ox__arena_alloc(&c->t.mem, n * sizeof *copy);
    if (!copy) return ox__nomem(c->err);
    for (size_t i = 0; i < n; i++) {
        ox_status s = ox__translate_attr(&c->t, &copy[i], &rows[i], c->err);
        if (s != OX_OK) return s;
        size_t k = rows[i].kind == OX_ATTR_GRAPH ? 1 : rows[i].kind == OX_ATTR_GRAPHS ? rows[i].n : 0;
        if (!k) continue;
        const ox_graph *blocks = rows[i].kind == OX_ATTR_GRAPH ? &rows[i].u.g : rows[i].u.graphs;
        ox_graph *made = ox__arena_alloc(&c->t.mem, k * sizeof *made);
        if (!made) return ox__nomem(c->err);
        for (size_t j = 0; j < k; j++) {
            ox_str name = ox__translate_str(&c->t, ox_graph_name(c->src, blocks[j]));
            s = ox_graph_create(c->dst, &made[j], OX_GRAPH_BLOCK, name, c->err);
            if (s != OX_OK) return s;
            c->graph[blocks[j].id] = made[j].id;
        }
        if (rows[i].kind == OX_ATTR_GRAPH)
            copy[i].u.g = made[0];
        else
            copy[i].u.graphs = made;
    }
    ox_status s = ox__node_set_attrs(c->dst, to, (uint32_t)n, copy, c->err);
    for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(c->src, from); i++)
        s = clone_graph(c, ox_node_block(c->src, from, i), ox_node_block(c->dst, to, i));
    return s;
}

static ox_status clone_extras(cloner *c, ox_node from, ox_node to)
{
    ox_status s = OX_OK;
    const ox_pair *pairs;
    size_t n = ox_node_metadata(c->src, from, &pairs);
    ox_str overload = ox_node_overload(c->src, from), doc = ox_node_doc(c->src, from);
    if (overload.id)
        s = ox_node_set_op(c->dst, to, ox_node_domain(c->dst, to), ox_node_op(c->dst, to),
                           ox__translate_str(&c->t, overload), c->err);
    if (s == OX_OK && doc.id) s = ox_node_set_doc(c->dst, to, ox__translate_str(&c->t, doc), c->err);
    if (s == OX_OK && n) {
        const ox_pair *copy = ox__translate_pairs(&c->t, n, pairs);
        s = copy ? ox__node_set_pairs(c->dst, to, (uint32_t)n, copy, c->err) : ox__nomem(c->err);
    }
    return s;
}

static ox_status clone_node(cloner *c, ox_node n, ox_graph to)
{
    const ox__node_row *r = ox__node_row_at(c->src, n.id);
    ox__arena_reset(&c->t.mem);
    uint32_t *ids = ox__arena_alloc(&c->t.mem, ((size_t)r->in_n + r->out_n + 1) * sizeof *ids), id;
    if (!ids) return ox__nomem(c->err);
    ox_status s;
    for (uint32_t i = 0; i < r->in_n; i++) {
        s = clone_value(c, ox_node_input(c->src, n, i), &ids[i]);
        if (s != OX_OK) return s;
    }
    for (uint32_t i = 0; i < r->out_n; i++) {
        s = clone_value(c, ox_node_output(c->src, n, i), &ids[r->in_n + i]);
        if (s != OX_OK) return s;
    }
    ox__node_spec spec = {.graph = to.id,
                          .domain = ox__translate_str(&c->t, (ox_str){r->domain}),
                          .op = ox__translate_str(&c->t, (ox_str){r->op}),
                          .name = ox__translate_str(&c->t, (ox_str){r->name}),
                          .n_in = r->in_n,
                          .n_out = r->out_n,
                          .in = ids,
                          .out = ids + r->in_n};
    s = ox__node_add(c->dst, &id, &spec, c->err);
    if (s != OX_OK) return s;
    ox_scope scope;
    s = ox__translate_scope(&c->t, ox_node_scope(c->src, n), &scope, c->err);
    if (s != OX_OK) return s;
    uint32_t loc = ox__translate_loc(&c->t, (ox_loc){r->loc}).id;
    ox__node_row *w = ox__node_row_at(c->dst, id);
    w->scope = scope.id;
    w->loc = loc;
    w->origin = n.id;
    ox_node made = ox__node_handle(c->dst, id);
    if (r->ext) s = clone_extras(c, n, made);
    return s == OX_OK ? clone_attrs(c, n, made) : s;
}

/* ---- graphs ---- */
static ox_status tick(cloner *c)
{
    if (!c->task || !c->task->step || (c->done++ & 511) != 0 ||
        c->task->step(c->task->ud, "copy", c->done, ox_model_n_nodes(c->src)))
        return OX_OK;
    return ox__fail(c->err, OX_E_INTERRUPTED, "interrupted");
}

static ox_status clone_lists(cloner *c, ox_graph from, ox_graph to)
{
    uint32_t id;
    for (size_t i = 0, n = ox_graph_n_inputs(c->src, from); i < n; i++) {
        ox_status s = clone_value(c, ox_graph_input(c->src, from, i), &id);
        if (s == OX_OK) s = ox__graph_adopt_input(c->dst, to, twin(c, id), c->err);
        if (s != OX_OK) return s;
    }
    for (size_t i = 0, n = ox_graph_n_initializers(c->src, from); i < n; i++) {
        ox_value v = ox_graph_initializer(c->src, from, i);
        ox_status s = tick(c);
        if (s == OX_OK) s = clone_value(c, v, &id);
        ox_tensor t = {0};
        if (s == OX_OK) s = ox__translate_tensor(&c->t, ox_value_tensor(c->src, v), &t, c->err);
        if (s != OX_OK) return s;
        s = ox_value_is_input(c->src, v) ? ox_graph_bind_input(c->dst, to, twin(c, id), t, true, c->err)
                                         : ox__graph_adopt_initializer(c->dst, to, twin(c, id), t, c->err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

static ox_status clone_outputs(cloner *c, ox_graph from, ox_graph to)
{
    size_t n = ox_graph_n_outputs(c->src, from);
    ox_value *v = ox__alloc((n + 1) * sizeof *v);
    ox_status s = v ? OX_OK : ox__nomem(c->err);
    for (size_t i = 0; s == OX_OK && i < n; i++) {
        uint32_t id;
        s = clone_value(c, ox_graph_output(c->src, from, i), &id);
        v[i] = twin(c, id);
    }
    if (s == OX_OK) s = ox__graph_set_outputs(c->dst, to, n, v, c->err);
    ox__free(v);
    return s;
}

static ox_status clone_graph(cloner *c, ox_graph from, ox_graph to)
{
    c->graph[from.id] = to.id;
    ox_status s = ox_graph_set_name(c->dst, to, ox__translate_str(&c->t, ox_graph_name(c->src, from)), c->err);
    if (s == OX_OK) s = ox_graph_set_doc(c->dst, to, ox__translate_str(&c->t, ox_graph_doc(c->src, from)), c->err);
    const ox_pair *pairs;
    size_t n = ox_graph_metadata(c->src, from, &pairs);
    if (s == OX_OK && n) {
        const ox_pair *copy = ox__translate_pairs(&c->t, n, pairs);
        s = copy ? ox__graph_set_pairs(c->dst, to, (uint32_t)n, copy, c->err) : ox__nomem(c->err);
    }
    if (s == OX_OK) s = clone_lists(c, from, to);
    for (ox_node k = ox_graph_first(c->src, from); s == OX_OK && k.id; k = ox_node_next(c->src, k)) {
        s = tick(c);
        if (s == OX_OK) s = clone_node(c, k, to);
    }
    return s == OX_OK ? clone_outputs(c, from, to) : s;
}

static ox_status clone_functions(cloner *c)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_model_n_functions(c->src); i++) {
        ox_graph from = ox_model_function(c->src, i), to;
        ox_function_info info = ox_function_get(c->src, from);
        ox__arena_reset(&c->t.mem);
        s = ox__translate_function(&c->t, &info, c->err);
        if (s != OX_OK) return s;
        s = ox_graph_create(c->dst, &to, OX_GRAPH_FUNCTION, ox__translate_str(&c->t, ox_graph_name(c->src, from)),
                            c->err);
        if (s == OX_OK) s = ox_function_set(c->dst, to, &info, c->err);
        if (s == OX_OK) s = clone_graph(c, from, to);
    }
    return s;
}

/* Lists as they are, in one piece: a hostile file has hundreds of thousands, and versions that are none. */
static ox_status clone_opsets(cloner *c)
{
    const ox_opset *from;
    size_t n = ox_model_opsets(c->src, &from);
    ox_opset *to = ox__alloc((n + 1) * sizeof *to);
    if (!to) return ox__nomem(c->err);
    for (size_t i = 0; i < n; i++) to[i] = (ox_opset){ox__translate_str(&c->t, from[i].domain), from[i].version};
    ox_status s = ox__model_set_opsets(c->dst, (uint32_t)n, to, c->err);
    ox__free(to);
    return s;
}

static ox_status clone_metadata(cloner *c)
{
    const ox_pair *from;
    size_t n = ox_model_metadata(c->src, &from);
    ox_pair *to = ox__alloc((n + 1) * sizeof *to);
    if (!to) return ox__nomem(c->err);
    for (size_t i = 0; i < n; i++)
        to[i] = (ox_pair){ox__translate_str(&c->t, from[i].key), ox__translate_str(&c->t, from[i].value)};
    ox_status s = ox__model_set_pairs(c->dst, (uint32_t)n, to, c->err);
    ox__free(to);
    return s;
}

static ox_status clone_fields(cloner *c)
{
    ox_status s = ox_model_set_ir_version(c->dst, ox_model_ir_version(c->src), c->err);
    if (s == OX_OK) s = ox_model_set_version(c->dst, ox_model_version(c->src), c->err);
    for (int f = 0; s == OX_OK && f < OX_N_MODEL_FIELDS; f++)
        s = ox_model_set_text(c->dst, (ox_model_field)f,
                              ox__translate_str(&c->t, ox_model_text(c->src, (ox_model_field)f)), c->err);
    if (s == OX_OK) s = clone_opsets(c);
    return s == OX_OK ? clone_metadata(c) : s;
}

ox_status ox__model_clone(ox_model **out, const ox_model *source, ox_model_kind kind, const ox_task *task,
                          ox_error *err)
{
    cloner c = {.src = source, .task = task, .err = err};
    ox_status s = ox_model_create(&c.dst, kind, err);
    if (s != OX_OK) return s;
    ox__journal_pause(c.dst);
    ox__translate_init(&c.t, source, c.dst);
    c.value = ox__calloc(ox_model_value_limit(source), sizeof *c.value);
    c.graph = ox__calloc(source->table[OX__GRAPH].n, sizeof *c.graph);
    if (!c.value || !c.graph) OX__TRY(ox__nomem(err));
    OX__TRY(ox__model_reserve(c.dst, ox_model_node_limit(source), ox_model_value_limit(source),
                              source->table[OX__USE].n, source->strings.text.n, err));
    OX__TRY(clone_files(&c));
    OX__TRY(clone_fields(&c));
    OX__TRY(clone_graph(&c, ox_model_main(source), ox_model_main(c.dst)));
    OX__TRY(clone_functions(&c));
    OX__TRY(c.t.failed ? ox__nomem(err) : ox_model_status(c.dst, err));
    ox__journal_resume(c.dst);
    *out = c.dst;
    c.dst = NULL;
out:
    ox__translate_free(&c.t);
    ox__free(c.value);
    ox__free(c.graph);
    ox_model_free(c.dst);
    return s;
}
