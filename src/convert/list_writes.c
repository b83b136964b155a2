/* Floor 5. Lists and dicts that are written to. TorchScript appends to a list in place; here each write becomes an
 * operator that returns the list behind it, and readers further on read that: branches and loops carry it out.
 *
 * What may be one list is one class of values: what a branch returns, what a loop carries, an item of a list of lists.
 * A class with one maker is one list whatever happens, and is rewritten; a list that a branch makes and returns moves
 * to what the branch returns, a maker of its own. Other classes that are written to are left for later: a condition
 * that becomes known may settle them. */
#include "convert/fold.h"
#include "ir/ir.h"

typedef struct class
{
    uint32_t up; /* another value of the class; itself: the one that stands for it */
    uint32_t makers;
    ox_value maker;
    ox_graph home; /* the innermost graph around all values of the class */
    bool written, bad;
    ox_value now; /* while the graph is rewritten: what the list is at this point */
} class;

typedef struct lists {
    ox__conv *c;
    class *of; /* by value id, below limit */
    uint32_t limit;
    OX__VEC(ox_type) written; /* types of lists and dicts that something writes to, each once */
    uint64_t *changed;
} lists;

/* ---- operators that write ---- */
static const struct {
    const char *op, *plain;
    bool returns; /* a result of its own, before the list */
} writers[] = {
    {"append", "append", false},        {"extend", "extend", false},   {"add_", "extend", false},
    {"insert", "insert", false},        {"clear", "clear", false},     {"pop", "pop", true},
    {"remove", "remove", false},        {"reverse", "reverse", false}, {"sort", "sort", false},
    {"_set_item", "_set_item", false},  {"Delete", "Delete", false},   {"update", "update", false},
    {"setdefault", "setdefault", true}, {"popitem", "popitem", true},  {"mul_", "mul", false},
};

static bool holds_list(const ox_model *m, ox_type t, int depth)
{
    ox_type_info x = ox_type_get(m, t);
    if (x.kind == OX_TYPE_LIST || x.kind == OX_TYPE_DICT) return true;
    if ((x.kind != OX_TYPE_TUPLE && x.kind != OX_TYPE_OPTIONAL && x.kind != OX_TYPE_UNION) || depth > 32) return false;
    for (uint32_t i = 0; i < x.n_items; i++)
        if (holds_list(m, x.items[i], depth + 1)) return true;
    return false;
}

static bool is_container(const ox_model *m, ox_value v)
{
    return v.id && holds_list(m, ox_value_type(m, v), 0);
}

static size_t writer_of(const ox_model *m, ox_node n)
{
    const char *op = ox_str_text(m, ox_node_op(m, n), NULL);
    if (!ox_node_n_inputs(m, n)) return SIZE_MAX;
    for (size_t i = 0; i < OX__COUNT(writers); i++)
        if (writers[i].op[0] == op[0] && !strcmp(writers[i].op, op)) {
            ox_type_kind k = ox_type_get(m, ox_value_type(m, ox_node_input(m, n, 0))).kind;
            if (strcmp(ox_str_text(m, ox_node_domain(m, n), NULL), "aten") != 0) return SIZE_MAX;
            return k == OX_TYPE_LIST || k == OX_TYPE_DICT ? i : SIZE_MAX;
        }
    return SIZE_MAX;
}

bool ox__writes_list(const ox_model *m, ox_node n)
{
    return writer_of(m, n) != SIZE_MAX;
}

static bool any_writer(const ox__conv *c, ox_graph g)
{
    for (ox_node n = ox_graph_first(c->m, g); n.id; n = ox_node_next(c->m, n)) {
        if (ox__writes_list(c->m, n)) return true;
        for (size_t i = 0; i < ox_node_n_blocks(c->m, n); i++)
            if (any_writer(c, ox_node_block(c->m, n, i))) return true;
    }
    return false;
}

/* ---- types ---- */

/* Of a list of tensors the one may know their shapes. */
static bool may_be_same(const ox_model *m, ox_type a, ox_type b, int depth)
{
    ox_type_info x = ox_type_get(m, a), y = ox_type_get(m, b);
    bool plain = x.kind == OX_TYPE_LIST || x.kind == OX_TYPE_DICT || x.kind == OX_TYPE_TUPLE;
    if (a.id == b.id || depth > 32) return true;
    if (x.kind != y.kind || !plain || x.n_items != y.n_items) {
        bool open = x.kind == OX_TYPE_OPTIONAL || y.kind == OX_TYPE_OPTIONAL || x.kind == OX_TYPE_UNION ||
                    y.kind == OX_TYPE_UNION || x.kind == OX_TYPE_OPAQUE || y.kind == OX_TYPE_OPAQUE;
        return open || x.kind == y.kind || !x.kind || !y.kind;
    }
    for (uint32_t i = 0; i < x.n_items; i++)
        if (!may_be_same(m, x.items[i], y.items[i], depth + 1)) return false;
    return true;
}

/* Something may write to a list of that type, or to one inside of it. */
static bool may_be_written(const lists *w, ox_type t, int depth)
{
    ox_type_info x = ox_type_get(w->c->m, t);
    bool list = x.kind == OX_TYPE_LIST || x.kind == OX_TYPE_DICT;
    for (size_t i = 0; list && i < w->written.n; i++)
        if (may_be_same(w->c->m, t, w->written.p[i], 0)) return true;
    for (uint32_t i = 0; i < x.n_items; i++)
        if (depth > 32 || may_be_written(w, x.items[i], depth + 1)) return true;
    return false;
}

static ox_status note_written(lists *w, ox_graph g)
{
    const ox_model *m = w->c->m;
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(m, g); s == OX_OK && n.id; n = ox_node_next(m, n)) {
        ox_type t = ox__writes_list(m, n) ? ox_value_type(m, ox_node_input(m, n, 0)) : (ox_type){0};
        bool there = !t.id;
        for (size_t i = 0; !there && i < w->written.n; i++) there = w->written.p[i].id == t.id;
        if (!there && !ox__vec_push(&w->written, t)) return ox__nomem(w->c->err);
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(m, n); i++) s = note_written(w, ox_node_block(m, n, i));
    }
    return s;
}

/* ---- classes ---- */
static class *find(lists *w, ox_value v)
{
    uint32_t id = v.id;
    while (w->of[id].up != id) {
        w->of[id].up = w->of[w->of[id].up].up;
        id = w->of[id].up;
    }
    return &w->of[id];
}

static ox_graph around(const ox_model *m, ox_graph a, ox_graph b)
{
    if (!a.id) return b;
    for (; b.id; b = ox_graph_parent(m, b))
        for (ox_graph x = a; x.id; x = ox_graph_parent(m, x))
            if (x.id == b.id) return x;
    return ox_model_main(m);
}

static void join(lists *w, ox_value a, ox_value b)
{
    class *x = find(w, a), *y = find(w, b);
    if (x == y) return;
    y->up = (uint32_t)(x - w->of);
    x->makers = OX__MIN(x->makers + y->makers, 2u);
    if (!x->maker.id) x->maker = y->maker;
    x->written = x->written || y->written;
    x->bad = x->bad || y->bad;
    x->home = around(w->c->m, x->home, y->home);
}

static void make(lists *w, ox_value v)
{
    class *x = find(w, v);
    x->makers = OX__MIN(x->makers + 1, 2u);
    x->maker = v;
}

/* The list that a branch returns is made in it, and only returned once. */
static bool moves(lists *w, ox_graph block, size_t i)
{
    const ox_model *m = w->c->m;
    ox_value v = ox_graph_output(m, block, i);
    if (!is_container(m, v)) return false;
    class *x = find(w, v);
    if (!x->makers) return true;
    if (!ox__block_holds(w->c, block, x->home)) return false;
    for (size_t k = 0; k < ox_graph_n_outputs(m, block); k++) {
        ox_value u = ox_graph_output(m, block, k);
        if (k != i && is_container(m, u) && find(w, u) == x) return false;
    }
    return true;
}

static void look_at_if(lists *w, ox_node n)
{
    const ox_model *m = w->c->m;
    for (size_t i = 0; i < ox_node_n_outputs(m, n); i++) {
        ox_value out = ox_node_output(m, n, i);
        bool moved = ox_node_n_blocks(m, n) > 0;
        if (!is_container(m, out)) continue;
        for (size_t b = 0; b < ox_node_n_blocks(m, n); b++) moved = moved && moves(w, ox_node_block(m, n, b), i);
        if (moved) make(w, out);
        for (size_t b = 0; !moved && b < ox_node_n_blocks(m, n); b++) {
            ox_value v = ox_graph_output(m, ox_node_block(m, n, b), i);
            if (is_container(m, v)) /* else None: one of several */
                join(w, out, v);
            else
                make(w, out);
        }
    }
}

static void look_at_loop(lists *w, ox_node n)
{
    const ox_model *m = w->c->m;
    ox_graph body = ox_node_block(m, n, 0);
    for (size_t i = 0; i < ox_node_n_outputs(m, n); i++) {
        ox_value all[4] = {ox_node_output(m, n, i), ox_node_input(m, n, i + 2), ox_graph_input(m, body, i + 1),
                           ox_graph_output(m, body, i + 1)};
        if (!is_container(m, all[0])) continue;
        for (int k = 1; k < 4; k++)
            if (is_container(m, all[k]))
                join(w, all[0], all[k]);
            else
                make(w, all[0]);
    }
}

/* Its items are lists, and somebody may write to one. */
static bool items_are_lists(const lists *w, ox_value v)
{
    ox_type_info t = ox_type_get(w->c->m, ox_value_type(w->c->m, v));
    for (uint32_t i = 0; i < t.n_items; i++)
        if (holds_list(w->c->m, t.items[i], 0) && may_be_written(w, t.items[i], 0)) return true;
    return false;
}

static bool writes_any(const lists *w, ox_node n)
{
    if (ox__writes_list(w->c->m, n)) return true;
    for (size_t i = 0; i < ox_node_n_blocks(w->c->m, n); i++)
        if (any_writer(w->c, ox_node_block(w->c->m, n, i))) return true;
    return false;
}

/* What only the caller gets, when nothing is written any more: it holds the lists as they are then, and shares none. */
static bool is_result(const lists *w, ox_node n, int depth)
{
    const ox_model *m = w->c->m;
    const char *op = ox_str_text(m, ox_node_op(m, n), NULL);
    if (!ox__node_in(w->c, n, w->c->s_prim) || ox_node_graph(m, n).id != ox_model_main(m).id || depth > 32 ||
        (strcmp(op, "TupleConstruct") != 0 && strcmp(op, "DictConstruct") != 0 && strcmp(op, "ListConstruct") != 0))
        return false;
    for (ox_use u = ox_value_first_use(m, ox_node_output(m, n, 0)); u.node.id; u = ox_value_next_use(m, u))
        if (!ox_node_is_return(m, u.node) && !is_result(w, u.node, depth + 1)) return false;
    for (ox_node k = ox_node_next(m, n); k.id; k = ox_node_next(m, k))
        if (writes_any(w, k)) return false;
    return true;
}

/* Any other operator: it makes its lists; those whose items are lists share them with its inputs. */
static void look_at_other(lists *w, ox_node n)
{
    static const char *const same[] = {"unchecked_cast", "unchecked_unwrap_optional", "_unwrap_optional"};
    const ox_model *m = w->c->m;
    const char *op = ox_str_text(m, ox_node_op(m, n), NULL);
    bool prim = ox__node_in(w->c, n, w->c->s_prim), alias = false;
    for (size_t i = 0; i < OX__COUNT(same); i++) alias = alias || !strcmp(op, same[i]);
    bool tuple = prim && !strncmp(op, "Tuple", 5), nothing = prim && !strcmp(op, "Uninitialized");
    size_t writer = writer_of(m, n);
    bool result = is_result(w, n, 0);
    if (writer != SIZE_MAX) find(w, ox_node_input(m, n, 0))->written = true;
    for (size_t i = 0; i < ox_node_n_outputs(m, n); i++) {
        ox_value out = ox_node_output(m, n, i);
        if (!is_container(m, out)) continue;
        bool returned = writer != SIZE_MAX && ox_type_get(m, ox_value_type(m, out)).kind ==
                                                  ox_type_get(m, ox_value_type(m, ox_node_input(m, n, 0))).kind;
        if (!alias && !tuple && !nothing && !returned) make(w, out);
        if (prim && !strcmp(op, "GetAttr")) find(w, out)->bad = true;
        for (size_t k = 0; k < ox_node_n_inputs(m, n); k++) {
            ox_value in = ox_node_input(m, n, k);
            if (is_container(m, in) && !result &&
                (alias || tuple || (returned && k == 0) || items_are_lists(w, in) || items_are_lists(w, out)))
                join(w, out, in);
        }
    }
    for (size_t k = 1; writer != SIZE_MAX && k < ox_node_n_inputs(m, n); k++) /* an item that is a list itself */
        if (is_container(m, ox_node_input(m, n, k)) && items_are_lists(w, ox_node_input(m, n, 0)))
            join(w, ox_node_input(m, n, 0), ox_node_input(m, n, k));
}

static void look(lists *w, ox_graph g)
{
    const ox_model *m = w->c->m;
    for (ox_node n = ox_graph_first(m, g); n.id; n = ox_node_next(m, n)) {
        for (size_t i = 0; i < ox_node_n_blocks(m, n); i++) look(w, ox_node_block(m, n, i));
        bool loop = ox__is_prim(w->c, n, "Loop") && ox_node_n_blocks(m, n) == 1 &&
                    ox_graph_n_inputs(m, ox_node_block(m, n, 0)) == ox_node_n_outputs(m, n) + 1 &&
                    ox_graph_n_outputs(m, ox_node_block(m, n, 0)) == ox_node_n_outputs(m, n) + 1;
        if (loop)
            look_at_loop(w, n);
        else if (ox__is_prim(w->c, n, "If"))
            look_at_if(w, n);
        else
            look_at_other(w, n);
    }
}

/* One list for certain, and none of its names outlives the block that it is made in. */
static bool is_one(const lists *w, const class *x)
{
    return x->written && !x->bad && x->makers == 1 && x->home.id == ox_value_graph(w->c->m, x->maker).id;
}

static class *class_of(lists *w, ox_value v)
{
    if (!v.id || v.id >= w->limit || !is_container(w->c->m, v)) return NULL;
    class *x = find(w, v);
    return is_one(w, x) ? x : NULL;
}

/* ---- rewriting ---- */
typedef OX__VEC(class *) class_list;

static ox_value current(lists *w, ox_value v)
{
    class *x = class_of(w, v);
    return x && x->now.id ? x->now : v;
}

static ox_status read_inputs(lists *w, ox_node n)
{
    ox_model *m = w->c->m;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_node_n_inputs(m, n); i++) {
        ox_value v = ox_node_input(m, n, i), now = current(w, v);
        if (now.id != v.id) s = ox_node_set_input(m, n, i, now, w->c->err);
    }
    return s;
}

static ox_status read_outputs(lists *w, ox_graph g)
{
    ox_model *m = w->c->m;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_outputs(m, g); i++) {
        ox_value v = ox_graph_output(m, g, i), now = current(w, v);
        if (now.id != v.id) s = ox_graph_set_output(m, g, i, now, w->c->err);
    }
    return s;
}

/* aten::append(list, item) to prim::append(list, item) -> the list behind it. */
static ox_status rewrite(lists *w, ox_node n, class *x)
{
    ox__conv *c = w->c;
    ox_model *m = c->m;
    size_t k = writer_of(m, n), n_in = ox_node_n_inputs(m, n), n_out = writers[k].returns ? 2 : 1;
    ox_value *in = ox__alloc((n_in + 1) * sizeof *in);
    if (!in) return ox__nomem(c->err);
    for (size_t i = 0; i < n_in; i++) in[i] = ox_node_input(m, n, i);
    ox_node made;
    ox_status s = ox_node_create(m, &made, ox_node_graph(m, n), n, c->s_prim, ox__conv_str(c, writers[k].plain), n_in,
                                 in, n_out, c->err);
    ox__free(in);
    if (s == OX_OK) s = ox_node_set_scope(m, made, ox_node_scope(m, n), c->err);
    if (s == OX_OK) s = ox_node_set_loc(m, made, ox_node_loc(m, n), c->err);
    if (s == OX_OK) s = ox_node_set_origin(m, made, ox_node_origin(m, n), c->err);
    if (s != OX_OK) return s;
    x->now = ox_node_output(m, made, n_out - 1);
    s = ox_value_set_type(m, x->now, ox_value_type(m, ox_node_input(m, n, 0)), c->err);
    for (size_t i = 0; s == OX_OK && i < ox_node_n_outputs(m, n); i++) {
        ox_value was = ox_node_output(m, n, i), is = ox_node_output(m, made, 0);
        if (writers[k].returns) s = ox_value_set_type(m, is, ox_value_type(m, was), c->err);
        if (s == OX_OK) s = ox_value_replace_uses(m, was, writers[k].returns ? is : x->now, c->err);
    }
    ++*w->changed;
    if (s == OX_OK) s = ox_node_delete(m, n, c->err);
    if (s != OX_OK || !ox_value_is_input(m, x->maker) || ox_value_graph(m, x->maker).id != ox_model_main(m).id)
        return s;
    return ox__report_note(c, OX_FAILURE_WARNING, made,
                           "the results are right; the list that the caller gave stays as it was",
                           "it writes to the graph's input %s", ox_str_text(m, ox_value_name(m, x->maker), NULL));
}

static ox_status walk(lists *w, ox_graph g);

/* The lists from outside that a block writes to. */
static ox_status written_in(lists *w, ox_graph g, class_list *out)
{
    const ox_model *m = w->c->m;
    for (ox_node n = ox_graph_first(m, g); n.id; n = ox_node_next(m, n)) {
        class *x = ox__writes_list(m, n) ? class_of(w, ox_node_input(m, n, 0)) : NULL;
        bool there = !x || !x->now.id;
        for (size_t i = 0; !there && i < out->n; i++) there = out->p[i] == x;
        if (!there && !ox__vec_push(out, x)) return ox__nomem(w->c->err);
        for (size_t i = 0; i < ox_node_n_blocks(m, n); i++) {
            ox_status s = written_in(w, ox_node_block(m, n, i), out);
            if (s != OX_OK) return s;
        }
    }
    return OX_OK;
}

static ox_status carry_in(lists *w, ox_node n, const class_list *l)
{
    ox_model *m = w->c->m;
    ox_status s = OX_OK;
    size_t had = ox_node_n_inputs(m, n);
    ox_value *in = ox__alloc((had + l->n) * sizeof *in);
    if (!in) return ox__nomem(w->c->err);
    for (size_t i = 0; i < had; i++) in[i] = ox_node_input(m, n, i);
    for (size_t i = 0; i < l->n; i++) in[had + i] = l->p[i]->now;
    s = ox_node_set_inputs(m, n, had + l->n, in, w->c->err);
    ox__free(in);
    for (size_t i = 0; s == OX_OK && i < l->n; i++)
        s = ox_graph_add_input(m, &l->p[i]->now, ox_node_block(m, n, 0), SIZE_MAX, (ox_str){0},
                               ox_value_type(m, l->p[i]->maker), w->c->err);
    return s;
}

static ox_status walk_blocks(lists *w, ox_node n)
{
    ox_model *m = w->c->m;
    class_list l = {0};
    bool loop = ox__is_prim(w->c, n, "Loop");
    ox_status s = OX_OK;
    for (size_t b = 0; s == OX_OK && b < ox_node_n_blocks(m, n); b++) s = written_in(w, ox_node_block(m, n, b), &l);
    ox_value *had = ox__alloc((l.n + 1) * sizeof *had);
    if (s == OX_OK && !had) s = ox__nomem(w->c->err);
    if (s == OX_OK && loop && l.n) s = carry_in(w, n, &l);
    for (size_t i = 0; s == OX_OK && i < l.n; i++) had[i] = l.p[i]->now;
    for (size_t b = 0; s == OX_OK && b < ox_node_n_blocks(m, n); b++) {
        ox_graph g = ox_node_block(m, n, b);
        for (size_t i = 0; i < l.n; i++) l.p[i]->now = had[i];
        s = walk(w, g);
        for (size_t i = 0; s == OX_OK && i < l.n; i++) s = ox_graph_add_output(m, g, SIZE_MAX, l.p[i]->now, w->c->err);
    }
    for (size_t i = 0; s == OX_OK && i < l.n; i++)
        s = ox_node_add_output(m, &l.p[i]->now, n, (ox_str){0}, ox_value_type(m, l.p[i]->maker), w->c->err);
    ox__free(had);
    ox__vec_free(&l);
    return s;
}

static ox_status walk(lists *w, ox_graph g)
{
    ox_model *m = w->c->m;
    ox_node next;
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(m, g); s == OX_OK && n.id; n = next) {
        next = ox_node_next(m, n);
        class *to = ox__writes_list(m, n) ? class_of(w, ox_node_input(m, n, 0)) : NULL;
        s = read_inputs(w, n);
        if (s == OX_OK && ox_node_n_blocks(m, n)) s = walk_blocks(w, n);
        if (s != OX_OK) return s;
        for (size_t i = 0; i < ox_node_n_outputs(m, n); i++) {
            ox_value v = ox_node_output(m, n, i);
            class *x = class_of(w, v);
            if (x && x->maker.id == v.id) x->now = v;
        }
        if (to) s = rewrite(w, n, to);
    }
    return s == OX_OK ? read_outputs(w, g) : s;
}

static ox_status prepare(lists *w)
{
    ox_model *m = w->c->m;
    w->limit = ox_model_value_limit(m);
    w->of = ox__calloc(w->limit, sizeof *w->of);
    if (!w->of) return ox__nomem(w->c->err);
    for (uint32_t i = 1; i < w->limit; i++) {
        ox_value v = ox_model_value_at(m, i);
        w->of[i].up = i;
        if (v.id && ox_value_is_alive(m, v)) w->of[i].home = ox_value_graph(m, v);
        uint32_t flags = ox__conv_flags(w->c, v);
        if (flags & OX__V_WRITTEN) w->c->values.p[i].flags = flags & ~(uint32_t)OX__V_WRITTEN;
    }
    return OX_OK;
}

static ox_status mark(lists *w)
{
    ox_model *m = w->c->m;
    ox_status s = OX_OK;
    for (uint32_t i = 1; s == OX_OK && i < w->limit; i++) {
        const class *x = find(w, (ox_value){.id = i});
        ox_value v = ox_model_value_at(m, i);
        if (x->written && !is_one(w, x) && v.id && ox_value_is_alive(m, v))
            s = ox__conv_set_flags(w->c, v, OX__V_WRITTEN, w->c->err);
    }
    return s;
}

ox_status ox__list_writes(ox__conv *c, uint64_t *changed)
{
    ox_graph g = ox_model_main(c->m);
    lists w = {.c = c, .changed = changed};
    if (!c->lists_marked && !any_writer(c, g)) return OX_OK;
    ox_status s = prepare(&w);
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_inputs(c->m, g); i++)
        if (is_container(c->m, ox_graph_input(c->m, g, i))) make(&w, ox_graph_input(c->m, g, i));
    if (s == OX_OK) s = note_written(&w, g);
    if (s == OX_OK) look(&w, g);
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_inputs(c->m, g); i++) {
        class *x = class_of(&w, ox_graph_input(c->m, g, i));
        if (x) x->now = ox_graph_input(c->m, g, i);
    }
    if (s == OX_OK) s = mark(&w);
    if (s == OX_OK) s = walk(&w, g);
    c->lists_marked = true;
    ox__vec_free(&w.written);
    ox__free(w.of);
    return s;
}
