/* Floor 4. A part of a model: a copy, of which all else is taken away. Ids are those of the copy but for `twin`. */
#include <onnxsh/extract.h>

#include "rewrite/clone.h"
#include "rewrite/dead.h"

#include <onnxsh/query.h>

typedef struct part {
    ox_model *m;
    ox_graph g;
    bool *kept;    /* by node */
    bool *chosen;  /* by node: asked for */
    ox_node *twin; /* by node id of the source */
    uint32_t limit;
    OX__VEC(ox_node) todo;
    ox_error *err;
    ox_status s;
} part;

/* What gathers or holds values without computing: it comes along with its reader. */
static bool is_plumbing(const ox_model *m, ox_node n)
{
    static const char *const kinds[] = {"Constant", "ListConstruct", "TupleConstruct", "DictConstruct"};
    if (ox_node_is(m, n, "", "Constant")) return true;
    for (size_t i = 0; i < OX__COUNT(kinds); i++)
        if (ox_node_is(m, n, "prim", kinds[i])) return true;
    return false;
}

static ox_node outermost(const ox_model *m, ox_node n)
{
    for (ox_node owner; (owner = ox_graph_owner(m, ox_node_graph(m, n))).id;) n = owner;
    return n;
}

/* Calls fn for what n reads: its inputs, and what its blocks return, which may come from outside of them. */
static ox_status each_read(part *p, ox_node n, ox_status (*fn)(part *, ox_value))
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_node_n_inputs(p->m, n); i++) s = fn(p, ox_node_input(p->m, n, i));
    for (size_t b = 0; b < ox_node_n_blocks(p->m, n); b++) {
        ox_graph g = ox_node_block(p->m, n, b);
        for (size_t i = 0; s == OX_OK && i < ox_graph_n_outputs(p->m, g); i++) s = fn(p, ox_graph_output(p->m, g, i));
    }
    return s;
}

/* The same for n and all in its blocks. */
typedef struct reads {
    part *p;
    ox_status (*fn)(part *, ox_value);
} reads;

static bool on_inner(void *ud, ox_node n)
{
    reads *r = ud;
    r->p->s = each_read(r->p, n, r->fn);
    return r->p->s == OX_OK;
}

static ox_status each_read_inside(part *p, ox_node n, ox_status (*fn)(part *, ox_value))
{
    reads r = {p, fn};
    p->s = each_read(p, n, fn);
    for (size_t b = 0; p->s == OX_OK && b < ox_node_n_blocks(p->m, n); b++)
        ox_graph_walk(p->m, ox_node_block(p->m, n, b), on_inner, &r);
    return p->s;
}

/* The node of the main graph that makes v and does not come along so far; {0} if there is none. */
static ox_node maker_outside(const part *p, ox_value v)
{
    ox_node from = ox_value_node(p->m, v);
    bool outside = from.id && ox_node_graph(p->m, from).id == p->g.id && !p->kept[from.id];
    return outside ? from : (ox_node){0};
}

/* ---- what comes along ---- */
static ox_status follow(part *p, ox_value v)
{
    ox_node from = maker_outside(p, v);
    if (!from.id || !is_plumbing(p->m, from)) return OX_OK;
    p->kept[from.id] = true;
    return ox__vec_push(&p->todo, from) ? OX_OK : ox__nomem(p->err);
}

static ox_status keep_plumbing(part *p)
{
    ox_status s = OX_OK;
    while (s == OX_OK && p->todo.n) s = each_read_inside(p, p->todo.p[--p->todo.n], follow);
    return s;
}

/* ---- inputs ---- */

/* A new input takes name and type of a value whose maker goes. */
static ox_status make_input(part *p, ox_value v)
{
    ox_value in;
    ox_str name = ox_value_name(p->m, v);
    ox_status s = ox_value_set_name(p->m, v, (ox_str){0}, p->err);
    if (s == OX_OK && !name.id) name = ox_value_fresh_name(p->m, "input");
    if (s == OX_OK) s = ox_graph_add_input(p->m, &in, p->g, SIZE_MAX, name, ox_value_type(p->m, v), p->err);
    if (s == OX_OK) s = ox_value_set_layout(p->m, in, ox_value_layout(p->m, v), p->err);
    return s == OX_OK ? ox_value_replace_uses(p->m, v, in, p->err) : s;
}

static ox_status cut_off(part *p, ox_value v)
{
    return maker_outside(p, v).id ? make_input(p, v) : OX_OK;
}

/* ---- outputs ---- */
static bool is_read(const part *p, ox_value v)
{
    for (ox_use u = ox_value_first_use(p->m, v); u.node.id; u = ox_value_next_use(p->m, u)) {
        ox_node reader = outermost(p->m, u.node);
        if (!ox_node_is_return(p->m, reader) && p->kept[reader.id]) return true;
    }
    return false;
}

static ox_status set_outputs(part *p)
{
    ox_status s = OX_OK;
    while (s == OX_OK && ox_graph_n_outputs(p->m, p->g)) s = ox_graph_remove_output(p->m, p->g, 0, p->err);
    for (ox_node n = ox_graph_first(p->m, p->g); s == OX_OK && n.id; n = ox_node_next(p->m, n)) {
        if (!p->kept[n.id] || (is_plumbing(p->m, n) && !p->chosen[n.id])) continue;
        for (size_t i = 0; s == OX_OK && i < ox_node_n_outputs(p->m, n); i++) {
            ox_value v = ox_node_output(p->m, n, i);
            if (v.id && (p->chosen[n.id] || !is_read(p, v))) s = ox_graph_add_output(p->m, p->g, SIZE_MAX, v, p->err);
        }
    }
    return s;
}

/* ---- the rest goes ---- */
static ox_status delete_rest(part *p)
{
    ox_status s = OX_OK;
    ox_node prev;
    for (ox_node n = ox_graph_last(p->m, p->g); s == OX_OK && n.id; n = prev) {
        prev = ox_node_prev(p->m, n);
        if (!p->kept[n.id]) s = ox_node_delete(p->m, n, p->err);
    }
    for (size_t i = ox_graph_n_inputs(p->m, p->g); s == OX_OK && i-- > 0;)
        if (!ox_value_n_uses(p->m, ox_graph_input(p->m, p->g, i))) s = ox_graph_remove_input(p->m, p->g, i, p->err);
    uint64_t count = 0;
    return s == OX_OK ? ox__remove_dead_initializers(p->m, &count, p->err) : s;
}

static ox_status choose(part *p, size_t n, const ox_node *nodes, uint32_t source_limit)
{
    for (uint32_t id = 1; id < p->limit; id++) {
        ox_node k = ox_model_node_at(p->m, id);
        if (k.id && ox_node_origin(p->m, k) < source_limit) p->twin[ox_node_origin(p->m, k)] = k;
    }
    for (size_t i = 0; i < n; i++) {
        ox_node k = nodes[i].id < source_limit ? p->twin[nodes[i].id] : (ox_node){0};
        if (!k.id) return ox__fail(p->err, OX_E_NOT_FOUND, "there is no node #%u", nodes[i].id);
        k = outermost(p->m, k);
        if (ox_node_graph(p->m, k).id != p->g.id)
            return ox__fail(p->err, OX_E_UNSUPPORTED, "node #%u belongs to a function", nodes[i].id);
        p->kept[k.id] = p->chosen[k.id] = true;
    }
    for (ox_node k = ox_graph_first(p->m, p->g); k.id; k = ox_node_next(p->m, k))
        if (p->chosen[k.id] && !ox__vec_push(&p->todo, k)) return ox__nomem(p->err);
    return keep_plumbing(p);
}

static ox_status cut(part *p)
{
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(p->m, p->g); s == OX_OK && n.id; n = ox_node_next(p->m, n))
        if (p->kept[n.id]) s = each_read_inside(p, n, cut_off);
    if (s == OX_OK) s = set_outputs(p);
    return s == OX_OK ? delete_rest(p) : s;
}

ox_status ox_extract(ox_model **out, const ox_model *source, size_t n, const ox_node *nodes, const ox_task *task,
                     ox_error *err)
{
    part p = {.err = err};
    uint32_t source_limit = ox_model_node_limit(source);
    *out = NULL;
    ox_status s = ox__model_clone(&p.m, source, ox_model_get_kind(source), task, err);
    if (s != OX_OK) return s;
    ox__journal_pause(p.m);
    p.g = ox_model_main(p.m);
    p.limit = ox_model_node_limit(p.m);
    p.kept = ox__calloc(2 * (size_t)p.limit, sizeof *p.kept);
    p.twin = ox__calloc((size_t)source_limit, sizeof *p.twin);
    if (!p.kept || !p.twin) OX__TRY(ox__nomem(err));
    p.chosen = p.kept + p.limit;
    OX__TRY(choose(&p, n, nodes, source_limit));
    OX__TRY(cut(&p));
    ox__journal_resume(p.m);
    ox__journal_forget(p.m);
    *out = p.m;
    p.m = NULL;
out:
    ox_model_free(p.m);
    ox__vec_free(&p.todo);
    ox__free(p.kept);
    ox__free(p.twin);
    return s;
}
