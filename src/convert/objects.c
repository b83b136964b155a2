/* Floor 5. Objects that a graph makes for itself: what it sets in them is what it reads from them. Only objects that go
 * nowhere else are followed: into no list, out of no branch, into no call; and what is set is set in the graph that
 * made the object, so that there is one order of things. Where a branch or a loop is unrolled first, this is tried
 * again. */
#include "convert/fold.h"
#include "rewrite/dead.h"

typedef struct slot {
    ox_str name;
    ox_value now;  /* {0}: not set yet */
    uint32_t next; /* of the same object; index + 1 */
} slot;

typedef struct objects {
    ox__conv *c;
    uint32_t *of; /* by value id: 0: no such object; 1: one of which nothing is set; index of its first slot + 2 */
    uint32_t limit;
    OX__VEC(slot) slots;
    uint64_t *changed;
} objects;

static ox_str name_of(const ox_model *m, ox_node n)
{
    const ox_attr *a = ox_node_attr(m, n, "name");
    return a && a->kind == OX_ATTR_STRING ? a->u.s : (ox_str){0};
}

/* True if nobody but readers and writers of its attributes has the object. */
static bool stays(const ox_model *m, ox_value object, ox_graph home)
{
    for (ox_use u = ox_value_first_use(m, object); u.node.id; u = ox_value_next_use(m, u)) {
        if (ox_node_is_return(m, u.node) || u.index != 0) return false;
        bool get = ox_node_is(m, u.node, "prim", "GetAttr"), set = ox_node_is(m, u.node, "prim", "SetAttr");
        if (!get && !(set && ox_node_graph(m, u.node).id == home.id)) return false;
        if (!name_of(m, u.node).id) return false;
    }
    return true;
}

static slot *slot_of(objects *w, ox_value object, ox_str name)
{
    for (uint32_t i = w->of[object.id]; i > 1; i = w->slots.p[i - 2].next)
        if (w->slots.p[i - 2].name.id == name.id) return &w->slots.p[i - 2];
    return NULL;
}

static bool is_followed(const objects *w, ox_value v)
{
    return v.id && v.id < w->limit && w->of[v.id];
}

static ox_status set(objects *w, ox_node n)
{
    ox_model *m = w->c->m;
    ox_value object = ox_node_input(m, n, 0);
    ox_str name = name_of(m, n);
    slot *s = slot_of(w, object, name);
    if (s) {
        s->now = ox_node_input(m, n, 1);
        return OX_OK;
    }
    slot made = {.name = name, .now = ox_node_input(m, n, 1), .next = w->of[object.id]};
    if (!ox__vec_push(&w->slots, made)) return ox__nomem(w->c->err);
    w->of[object.id] = (uint32_t)w->slots.n + 1;
    return OX_OK;
}

static ox_status get(objects *w, ox_node n)
{
    ox_model *m = w->c->m;
    const slot *s = slot_of(w, ox_node_input(m, n, 0), name_of(m, n));
    if (!s) return OX_OK; /* it is read before it is set: PyTorch fails there too */
    ++*w->changed;
    ox_status st = ox_value_replace_uses(m, ox_node_output(m, n, 0), s->now, w->c->err);
    return st == OX_OK ? ox_node_delete(m, n, w->c->err) : st;
}

static ox_status walk(objects *w, ox_graph g)
{
    ox_model *m = w->c->m;
    ox_status s = OX_OK;
    ox_node next;
    for (ox_node n = ox_graph_first(m, g); s == OX_OK && n.id; n = next) {
        next = ox_node_next(m, n);
        ox_value of = ox_node_n_inputs(m, n) ? ox_node_input(m, n, 0) : (ox_value){0};
        if (ox__is_prim(w->c, n, "CreateObject") && ox_node_n_outputs(m, n) == 1) {
            ox_value object = ox_node_output(m, n, 0);
            if (object.id < w->limit && stays(m, object, g)) w->of[object.id] = 1;
        } else if (is_followed(w, of) && ox__is_prim(w->c, n, "SetAttr") && ox_node_n_inputs(m, n) == 2) {
            s = set(w, n);
        } else if (is_followed(w, of) && ox__is_prim(w->c, n, "GetAttr")) {
            s = get(w, n);
        }
        for (size_t i = 0; s == OX_OK && ox_node_is_alive(m, n) && i < ox_node_n_blocks(m, n); i++)
            s = walk(w, ox_node_block(m, n, i));
    }
    return s;
}

static bool is_read(const ox_model *m, ox_value object)
{
    for (ox_use u = ox_value_first_use(m, object); u.node.id; u = ox_value_next_use(m, u))
        if (!ox_node_is(m, u.node, "prim", "SetAttr")) return true;
    return false;
}

/* What is set in an object that nobody reads any more goes, and the object. */
static ox_status sweep(objects *w, ox_graph g)
{
    ox_model *m = w->c->m;
    ox_status s = OX_OK;
    ox_node prev;
    for (ox_node n = ox_graph_last(m, g); s == OX_OK && n.id; n = prev) {
        prev = ox_node_prev(m, n);
        for (size_t i = ox_node_n_blocks(m, n); s == OX_OK && i-- > 0;) s = sweep(w, ox_node_block(m, n, i));
        ox_value of = ox_node_n_inputs(m, n) ? ox_node_input(m, n, 0) : (ox_value){0};
        bool set = s == OX_OK && is_followed(w, of) && ox__is_prim(w->c, n, "SetAttr");
        bool made = s == OX_OK && ox__is_prim(w->c, n, "CreateObject") && ox__node_is_unused(m, n);
        if ((!set || is_read(m, of)) && !made) continue;
        ++*w->changed;
        s = ox_node_delete(m, n, w->c->err);
    }
    return s;
}

/* with torch.no_grad(): and its like change nothing that ONNX knows of. */
static ox_status drop_modes(objects *w, ox_graph g)
{
    static const char library[] = "__torch__.torch.autograd.";
    ox_model *m = w->c->m;
    ox_status s = OX_OK;
    ox_node next;
    for (ox_node n = ox_graph_first(m, g); s == OX_OK && n.id; n = next) {
        next = ox_node_next(m, n);
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(m, n); i++) s = drop_modes(w, ox_node_block(m, n, i));
        bool with = ox__is_prim(w->c, n, "Enter") || ox__is_prim(w->c, n, "Exit");
        if (s != OX_OK || !with || ox_node_n_inputs(m, n) != 1 || !ox__node_is_unused(m, n)) continue;
        ox_type_info t = ox_type_get(m, ox_value_type(m, ox_node_input(m, n, 0)));
        if (t.kind != OX_TYPE_CLASS || !t.n_names ||
            strncmp(ox_str_text(m, t.names[0], NULL), library, sizeof library - 1) != 0)
            continue;
        ++*w->changed;
        s = ox_node_delete(m, n, w->c->err);
    }
    return s;
}

static bool any_object(const ox_model *m, ox_graph g)
{
    for (ox_node n = ox_graph_first(m, g); n.id; n = ox_node_next(m, n)) {
        if (ox_node_is(m, n, "prim", "CreateObject")) return true;
        for (size_t i = 0; i < ox_node_n_blocks(m, n); i++)
            if (any_object(m, ox_node_block(m, n, i))) return true;
    }
    return false;
}

ox_status ox__objects(ox__conv *c, uint64_t *changed)
{
    ox_graph g = ox_model_main(c->m);
    uint64_t before = *changed - 1;
    ox_status s = OX_OK;
    while (s == OX_OK && before != *changed && any_object(c->m, g)) { /* an object may be held by another one */
        objects w = {.c = c, .changed = changed, .limit = ox_model_value_limit(c->m)};
        before = *changed;
        w.of = ox__calloc(w.limit, sizeof *w.of);
        s = w.of ? drop_modes(&w, g) : ox__nomem(c->err);
        if (s == OX_OK) s = walk(&w, g);
        if (s == OX_OK) s = sweep(&w, g);
        ox__free(w.of);
        ox__vec_free(&w.slots);
    }
    return s;
}
