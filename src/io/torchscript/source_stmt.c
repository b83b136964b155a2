/* Floor 3. Statements of the code of an archive, and functions as a whole. Variables become the values that they hold:
 * what both branches of an `if` leave in a variable is a result of the node, what a loop changes is carried by it. */
#include "io/torchscript/lower.h"

#include <stdlib.h>

static const ox__obj none_obj = {.kind = OX__OBJ_NONE};

/* ---- variables ---- */

const ox__ts_meant *ox__ts_find(ox__ts *t, const char *name)
{
    uint32_t id = ox__intern_find(&t->names, name, strlen(name));
    if (!id || id >= t->now.n || !t->now.p[id]) return NULL;
    return &t->vars.p[t->now.p[id] - 1].is;
}

/* `_12` is a name that PyTorch made up to write the code. */
static bool is_made_up(const char *name)
{
    return name[0] == '_' && strspn(name + 1, "0123456789") == strlen(name + 1);
}

bool ox__ts_bind(ox__ts *t, const char *name, const ox__ts_meant *is)
{
    uint32_t id = ox__intern_add(&t->names, name, strlen(name));
    if (!id) return ox__ts_nomem(t);
    while (t->now.n <= id)
        if (!ox__vec_push(&t->now, 0)) return ox__ts_nomem(t);
    if (is->what == OX__TS_VALUE && !is->value->name && !is_made_up(name))
        is->value->name = ox__intern_text(&t->names, id, NULL);
    uint32_t at = t->now.p[id];
    if (at && at - 1 >= t->frame) {
        t->vars.p[at - 1].is = *is;
        return true;
    }
    ox__ts_var var = {.name = id, .before = at, .is = *is};
    if (!ox__vec_push(&t->vars, var)) return ox__ts_nomem(t);
    t->now.p[id] = (uint32_t)t->vars.n;
    return true;
}

void ox__ts_forget(ox__ts *t, size_t first)
{
    while (t->vars.n > first) {
        ox__ts_var *v = &t->vars.p[--t->vars.n];
        t->now.p[v->name] = v->before;
    }
}

static bool bind_value(ox__ts *t, const char *name, ox__ts_value *v)
{
    ox__ts_meant m = {.what = OX__TS_VALUE, .value = v};
    return v && ox__ts_bind(t, name, &m);
}

/* ---- suites that are blocks of a node ---- */
typedef struct inner {
    ox__ts_block *block, *outer;
    size_t frame;
    uint32_t n; /* variables that it bound, by name */
    ox__ts_var *vars;
} inner;

static bool enter(ox__ts *t, inner *x, ox__ts_node *owner)
{
    *x = (inner){.outer = t->block, .frame = t->frame, .block = ox__ts_block_new(t, owner)};
    if (!x->block) return false;
    t->block = x->block;
    t->frame = t->vars.n;
    return true;
}

static int by_name(const void *a, const void *b, void *ud)
{
    const ox__ts *t = ud;
    const ox__ts_var *x = a, *y = b;
    return strcmp(ox__intern_text(&t->names, x->name, NULL), ox__intern_text(&t->names, y->name, NULL));
}

static bool leave(ox__ts *t, inner *x)
{
    x->n = (uint32_t)(t->vars.n - t->frame);
    x->vars = ox__arena_dup(&t->arena, t->vars.p + t->frame, x->n * sizeof *x->vars);
    ox__ts_forget(t, t->frame);
    t->frame = x->frame;
    t->block = x->outer;
    if (!x->vars) return ox__ts_nomem(t);
    qsort_r(x->vars, x->n, sizeof *x->vars, by_name, t);
    return true;
}

/* ---- if ---- */

/* What a variable is at the end of a branch that did not bind it. */
static ox__ts_value *outside(ox__ts *t, uint32_t name)
{
    const ox__ts_meant *m = ox__ts_find(t, ox__intern_text(&t->names, name, NULL));
    return m && m->what == OX__TS_VALUE ? m->value : NULL;
}

static bool join(ox__ts *t, ox__ts_node *n, const inner *x, uint32_t name, ox__ts_value *a, ox__ts_value *b)
{
    if (!a) a = outside(t, name);
    if (!b) b = outside(t, name);
    if (!a || !b) return t->s == OX_OK; /* known in one branch only: nobody can use it */
    ox_type type = ox__ts_unify(t, ox__ts_now(a)->type, ox__ts_now(b)->type);
    if (!type.id) return t->s == OX_OK;
    return ox__ts_block_output(t, x[0].block, a) && ox__ts_block_output(t, x[1].block, b) &&
           ox__ts_add_output(t, n, type) && bind_value(t, ox__intern_text(&t->names, name, NULL), n->out[n->n_out - 1]);
}

static bool join_all(ox__ts *t, ox__ts_node *n, const inner *x)
{
    uint32_t i = 0, j = 0;
    while (i < x[0].n || j < x[1].n) {
        const ox__ts_var *a = i < x[0].n ? &x[0].vars[i] : NULL, *b = j < x[1].n ? &x[1].vars[j] : NULL;
        int order = !a ? 1 : !b ? -1 : by_name(a, b, t);
        const ox__ts_meant *ma = order <= 0 ? &a->is : NULL, *mb = order >= 0 ? &b->is : NULL;
        uint32_t name = order <= 0 ? a->name : b->name;
        i += order <= 0;
        j += order >= 0;
        if ((ma && ma->what != OX__TS_VALUE) || (mb && mb->what != OX__TS_VALUE)) continue;
        if (!join(t, n, x, name, ma ? ma->value : NULL, mb ? mb->value : NULL)) return false;
    }
    return true;
}

static ox__ts_value *condition(ox__ts *t, const ox__src *e)
{
    ox__ts_value *v = ox__ts_value_of(t, e, (ox_type){0});
    if (!v || v->type.id == t->t_bool.id) return v;
    ox__ts_arg arg = {v, NULL};
    ox__ts_node *n = ox__ts_call_op(t, e->at, "aten::Bool", &arg, 1);
    return n ? n->out[0] : NULL;
}

static bool if_statement(ox__ts *t, const ox__src *e)
{
    inner x[2];
    ox__ts_value *c = condition(t, e->kid[0]);
    t->at = e->at;
    ox__ts_node *n = c ? ox__ts_node_new(t, OX__TS_IF, 1, &c, 0) : NULL;
    for (int i = 0; n && i < 2; i++)
        if (!enter(t, &x[i], n) || !ox__ts_suite(t, e->kid[i + 1]) || !leave(t, &x[i])) return false;
    return n && join_all(t, n, x);
}

/* ---- loops ---- */
typedef OX__VEC(uint32_t) name_list;

static bool add_name(ox__ts *t, name_list *names, const ox__src *target)
{
    if (target->kind != OX__SRC_NAME) return true;
    uint32_t id = ox__intern_add(&t->names, target->s, target->n);
    return (id && ox__vec_push(names, id)) || ox__ts_nomem(t);
}

/* The names that are assigned in a suite and the suites inside. */
static bool assigned(ox__ts *t, name_list *names, const ox__src *suite)
{
    for (uint32_t i = 0; i < suite->n; i++) {
        const ox__src *e = suite->kid[i];
        for (uint32_t k = 0; k < e->n && e->kind != OX__SRC_DEF; k++)
            if (e->kid[k] && e->kid[k]->kind == OX__SRC_SUITE && !assigned(t, names, e->kid[k])) return false;
        for (uint32_t k = 0; e->kind == OX__SRC_ASSIGN && k < e->kid[0]->n; k++)
            if (!add_name(t, names, e->kid[0]->kid[k])) return false;
    }
    return true;
}

static int by_text(const void *a, const void *b, void *ud)
{
    const ox__ts *t = ud;
    const uint32_t *x = a, *y = b;
    return strcmp(ox__intern_text(&t->names, *x, NULL), ox__intern_text(&t->names, *y, NULL));
}

/* Keeps those that are variables with values outside, each once, in the order of their texts. */
static bool carried(ox__ts *t, name_list *names, const ox__src *suite)
{
    size_t n = 0;
    if (!assigned(t, names, suite)) return false;
    if (names->n) qsort_r(names->p, names->n, sizeof *names->p, by_text, t);
    for (size_t i = 0; i < names->n; i++) {
        if (n && names->p[n - 1] == names->p[i]) continue;
        if (outside(t, names->p[i])) names->p[n++] = names->p[i];
        if (t->s != OX_OK) return false;
    }
    names->n = n;
    return true;
}

/* The type that a carried variable has in all rounds. */
static ox_type carried_type(ox__ts *t, const char *name, const ox__ts_value *v)
{
    const ox__ts_meant *m = ox__ts_find(t, name);
    return m && m->declared.id ? m->declared : v->type;
}

static bool loop_inputs(ox__ts *t, ox__ts_node *n, ox__ts_block *body, const name_list *names)
{
    for (size_t i = 0; i < names->n; i++) {
        const char *name = ox__intern_text(&t->names, names->p[i], NULL);
        ox__ts_value *v = outside(t, names->p[i]);
        if (!v) return false;
        ox_type type = carried_type(t, name, ox__ts_now(v));
        if (!ox__ts_add_input(t, n, v) || !ox__ts_block_input(t, body, type, name) || !ox__ts_add_output(t, n, type))
            return false;
    }
    return true;
}

static bool loop_body(ox__ts *t, ox__ts_node *n, const ox__src *e, const name_list *names, ox__ts_value *go_on)
{
    inner x;
    const ox__src *suite = e->kid[e->n - 1];
    if (!enter(t, &x, n) || !ox__ts_block_input(t, x.block, t->t_int, NULL) || !loop_inputs(t, n, x.block, names))
        return false;
    if (e->kind == OX__SRC_FOR && !bind_value(t, e->kid[0]->s, x.block->in[0])) return false;
    for (size_t i = 0; i < names->n; i++)
        if (!bind_value(t, ox__intern_text(&t->names, names->p[i], NULL), x.block->in[i + 1])) return false;
    if (!ox__ts_suite(t, suite)) return false;
    if (!go_on && !(go_on = condition(t, e->kid[0]))) return false;
    if (!ox__ts_block_output(t, x.block, go_on)) return false;
    for (size_t i = 0; i < names->n; i++) {
        ox__ts_value *v = outside(t, names->p[i]);
        if (!v || !ox__ts_block_output(t, x.block, v)) return false;
    }
    return leave(t, &x);
}

/* How often at most: n of `range(n)`. */
static ox__ts_value *trips(ox__ts *t, const ox__src *e)
{
    const ox__src *of = e->kid[1];
    if (of->kind == OX__SRC_CALL && of->n == 2 && ox__src_is(of->kid[0], "range"))
        return ox__ts_value_of(t, of->kid[1], (ox_type){0});
    ox__ts_refuse(t, of->at, OX_E_UNSUPPORTED, "a loop over something other than range(n)");
    return NULL;
}

static bool loop(ox__ts *t, const ox__src *e)
{
    name_list names = {0};
    bool is_for = e->kind == OX__SRC_FOR;
    ox__ts_value *in[2];
    in[0] = is_for ? trips(t, e) : ox__ts_literal(t, ox__ts_obj_int(t, INT64_MAX), t->t_int);
    if (!in[0]) return false;
    t->at = e->at;
    in[1] = is_for ? ox__ts_constant(t, ox__ts_obj_bool(t, true), t->t_bool) : condition(t, e->kid[0]);
    t->at = e->at;
    ox__ts_node *n = in[1] ? ox__ts_node_new(t, OX__TS_LOOP, 2, in, 0) : NULL;
    bool ok = n && carried(t, &names, e->kid[e->n - 1]) && loop_body(t, n, e, &names, is_for ? in[1] : NULL);
    for (size_t i = 0; ok && i < names.n; i++)
        ok = bind_value(t, ox__intern_text(&t->names, names.p[i], NULL), n->out[i]);
    ox__vec_free(&names);
    return ok;
}

/* ---- assignment ---- */
static bool set_attr(ox__ts *t, const ox__src *target, ox__ts_value *v)
{
    ox__ts_value *in[2] = {ox__ts_value_of(t, target->kid[0], (ox_type){0}), v};
    t->at = target->at;
    ox__ts_node *n = in[0] && v ? ox__ts_node_new(t, OX__TS_SET_ATTR, 2, in, 0) : NULL;
    if (n) n->name = target->kid[1]->s;
    return n != NULL;
}

static bool store(ox__ts *t, const ox__src *target, const ox__src *from, const ox__ts_meant *m)
{
    ox__ts_meant one = *m;
    if (m->what == OX__TS_VALUES || m->what == OX__TS_NOTHING || target->kind == OX__SRC_ATTR) {
        ox__ts_value *v = ox__ts_as_value(t, from, m);
        if (!v) return false;
        one = (ox__ts_meant){.what = OX__TS_VALUE, .value = v};
    }
    if (target->kind == OX__SRC_NAME) return ox__ts_bind(t, target->s, &one);
    if (target->kind == OX__SRC_ATTR) return set_attr(t, target, one.value);
    return ox__ts_refuse(t, target->at, OX_E_UNSUPPORTED, "an item cannot be assigned to");
}

/* The n values of one that is unpacked. */
static ox__ts_value **unpacked(ox__ts *t, const ox__src *e, const ox__ts_meant *m, uint32_t n)
{
    if (m->what == OX__TS_VALUES && m->node->n_out == n) return m->node->out;
    ox__ts_value *v = ox__ts_as_value(t, e, m);
    if (!v) return NULL;
    if (v->node && v->node->kind == OX__TS_OP && !v->node->schema) { /* of no known schema: it has what is asked for */
        while (v->node->n_out < n)
            if (!ox__ts_add_output(t, v->node, t->t_tensor)) return NULL;
        return v->node->out;
    }
    ox_type_info info = ox__ts_info(t, v->type);
    bool tuple = info.kind == OX_TYPE_TUPLE, list = info.kind == OX_TYPE_LIST;
    if ((!tuple && !list) || (tuple && info.n_items != n)) {
        ox__ts_refuse(t, e->at, OX_E_FORMAT, "this cannot be unpacked into %u values", n);
        return NULL;
    }
    ox__ts_node *made = ox__ts_node_new(t, tuple ? OX__TS_UNPACK_TUPLE : OX__TS_UNPACK_LIST, 1, &v, n);
    for (uint32_t i = 0; made && i < n; i++) made->out[i]->type = info.items[tuple ? i : 0];
    return made ? made->out : NULL;
}

static bool assign_many(ox__ts *t, const ox__src *e)
{
    const ox__src *targets = e->kid[0], *from = e->kid[2];
    ox__ts_meant *m = ox__ts_alloc(t, (targets->n + 1) * sizeof *m);
    if (!m) return false;
    if (from->kind == OX__SRC_TUPLE && from->n == targets->n) {
        for (uint32_t i = 0; i < targets->n; i++)
            if (!ox__ts_expr(t, from->kid[i], (ox_type){0}, &m[i])) return false;
    } else {
        ox__ts_meant all;
        ox__ts_value **v = ox__ts_expr(t, from, (ox_type){0}, &all) ? unpacked(t, from, &all, targets->n) : NULL;
        if (!v) return false;
        for (uint32_t i = 0; i < targets->n; i++) m[i] = (ox__ts_meant){.what = OX__TS_VALUE, .value = v[i]};
    }
    for (uint32_t i = 0; i < targets->n; i++)
        if (!store(t, targets->kid[i], from, &m[i])) return false;
    return true;
}

static bool assign(ox__ts *t, const ox__src *e)
{
    const ox__src *targets = e->kid[0], *from = e->kid[2];
    ox__ts_meant m;
    if (!from) return true; /* a declaration alone */
    if (targets->n > 1 || targets->many) return assign_many(t, e);
    ox_type type = e->kid[1] ? ox__ts_type(t, t->file, e->kid[1]) : (ox_type){0};
    if (t->s != OX_OK || !ox__ts_expr(t, from, type, &m)) return false;
    if (type.id && m.what == OX__TS_VALUE) {
        if (!(m.value = ox__ts_convert(t, m.value, type))) return false;
        m.declared = type;
    }
    return store(t, targets->kid[0], from, &m);
}

/* ---- with, fork ---- */
/* What `with x as y` puts into y. */
static ox_type entered_type(ox__ts *t, const ox__ts_value *v)
{
    ox__ts_class *c = ox__ts_class_of_type(t, v->type);
    ox__ts_fn *enter_fn = c ? ox__ts_method(t, c, "__enter__") : NULL;
    if (t->s != OX_OK || (enter_fn && !ox__ts_signature(t, enter_fn))) return (ox_type){0};
    return enter_fn ? enter_fn->result : t->t_any;
}

static bool with_statement(ox__ts *t, const ox__src *e)
{
    ox__ts_value *v = ox__ts_value_of(t, e->kid[0], (ox_type){0});
    t->at = e->at;
    ox_type type = v ? entered_type(t, v) : (ox_type){0};
    ox__ts_value *entered = type.id ? ox__ts_one(t, OX__TS_OP, 1, &v, type) : NULL;
    if (!entered) return false;
    entered->node->op = "prim::Enter";
    if (e->kid[1] && !bind_value(t, e->kid[1]->s, entered)) return false;
    if (!ox__ts_suite(t, e->kid[2])) return false;
    t->at = e->at;
    ox__ts_value *left = ox__ts_one(t, OX__TS_OP, 1, &v, t->t_tensor); /* PyTorch gives it no type */
    if (left) left->node->op = "prim::Exit";
    return left != NULL;
}

/* `live` marks what is made inside of the function that is forked. */
static void mark_inside(ox__ts_block *b)
{
    for (uint32_t i = 0; i < b->n_in; i++) b->in[i]->live = true;
    for (ox__ts_node *n = b->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->n_out; i++) n->out[i]->live = true;
        for (uint32_t i = 0; i < n->n_blocks; i++) mark_inside(n->blocks[i]);
    }
}

/* Puts inputs of the fork in the place of what a list has from outside of it. */
static bool capture(ox__ts *t, ox__ts_node *fork, ox__ts_value **list, uint32_t n)
{
    ox__ts_block *body = fork->blocks[0];
    for (uint32_t i = 0; i < n; i++) {
        ox__ts_value *v = list[i] = ox__ts_now(list[i]);
        uint32_t k = 0;
        if (v->live) continue;
        while (k < fork->n_in && fork->in[k] != v) k++;
        if (k == fork->n_in) {
            if (!ox__ts_add_input(t, fork, v) || !ox__ts_block_input(t, body, v->type, v->name)) return false;
            body->in[k]->live = true;
        }
        list[i] = body->in[k];
    }
    return true;
}

/* Numbers that the code states are made outside, so they are handed in as well: PyTorch does it so. */
static bool capture_in(ox__ts *t, ox__ts_node *fork, ox__ts_block *b)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        if (!capture(t, fork, n->in, n->n_in)) return false;
        for (uint32_t i = 0; i < n->n_blocks; i++)
            if (n->kind != OX__TS_FORK && !capture_in(t, fork, n->blocks[i])) return false;
    }
    return capture(t, fork, b->out, b->n_out);
}

bool ox__ts_fork(ox__ts *t, const ox__src *def, ox__ts_meant *out)
{
    inner x;
    ox__ts_block *outer = t->forked;
    ox__ts_node *n = ox__ts_node_new(t, OX__TS_FORK, 0, NULL, 1);
    bool returned = t->returned;
    if (!n || !enter(t, &x, n)) return false;
    t->forked = x.block;
    t->returned = false;
    bool ok = ox__ts_suite(t, def->kid[3]) && leave(t, &x);
    t->forked = outer;
    t->returned = returned;
    if (!ok) return false;
    mark_inside(x.block);
    if (!capture_in(t, n, x.block)) return false;
    n->out[0]->type = ox__ts_future(t, x.block->n_out ? ox__ts_now(x.block->out[0])->type : t->t_none);
    *out = (ox__ts_meant){.what = OX__TS_VALUE, .value = n->out[0]};
    return n->out[0]->type.id != 0;
}

/* ---- all statements ---- */
static bool return_statement(ox__ts *t, const ox__src *e)
{
    ox_type want = t->forked ? (ox_type){0} : t->fn->result;
    if (t->block != (t->forked ? t->forked : t->top))
        return ox__ts_refuse(t, e->at, OX_E_UNSUPPORTED, "a return inside of another statement");
    ox__ts_value *v = e->kid[0] ? ox__ts_value_of(t, e->kid[0], want) : ox__ts_constant(t, &none_obj, t->t_none);
    if (v && want.id) v = ox__ts_convert(t, v, want);
    t->returned = true;
    return v && ox__ts_block_output(t, t->block, v);
}

static bool statement(ox__ts *t, const ox__src *e)
{
    ox__ts_meant m;
    t->at = e->at;
    switch ((ox__src_kind)e->kind) {
    case OX__SRC_ASSIGN: return assign(t, e);
    case OX__SRC_EXPR: return ox__ts_expr(t, e->kid[0], (ox_type){0}, &m);
    case OX__SRC_IF: return if_statement(t, e);
    case OX__SRC_FOR:
    case OX__SRC_WHILE: return loop(t, e);
    case OX__SRC_WITH: return with_statement(t, e);
    case OX__SRC_RETURN: return return_statement(t, e);
    case OX__SRC_DEF: m = (ox__ts_meant){.what = OX__TS_CLOSURE, .def = e}; return ox__ts_bind(t, e->kid[0]->s, &m);
    case OX__SRC_PASS: return true;
    default: return ox__ts_refuse(t, e->at, OX_E_FORMAT, "this has no place in a function");
    }
}

bool ox__ts_broken(ox__ts *t, const ox__src *body)
{
    if (body->kind != OX__SRC_BROKEN) return false;
    *t->err = *body->error;
    t->s = body->error->code;
    return true;
}

bool ox__ts_suite(ox__ts *t, const ox__src *suite)
{
    if (ox__ts_broken(t, suite)) return false;
    for (uint32_t i = 0; i < suite->n && !t->returned; i++)
        if (!statement(t, suite->kid[i])) return false;
    return true;
}

static bool parameters(ox__ts *t, ox__ts_fn *f)
{
    for (uint32_t i = 0; i < f->n_params; i++) {
        const char *name = f->def->kid[1]->kid[i]->kid[0]->s;
        if (!bind_value(t, name, ox__ts_block_input(t, t->top, f->params[i], name))) return false;
    }
    return true;
}

bool ox__ts_lower(ox__ts *t, ox__ts_fn *f)
{
    if (f->graph) return true;
    if (!ox__ts_signature(t, f)) return false;
    t->fn = f;
    t->file = f->file;
    t->before = NULL;
    t->forked = NULL;
    t->returned = false;
    t->literals.n = 0;
    t->frame = 0;
    ox__index_clear(&t->literal_index);
    t->block = t->top = ox__ts_block_new(t, NULL);
    bool ok = t->top && parameters(t, f) && ox__ts_suite(t, f->def->kid[3]);
    if (ok && !t->returned) {
        ox__ts_value *none = ox__ts_constant(t, &none_obj, t->t_none);
        ok = none && ox__ts_block_output(t, t->top, none);
    }
    ox__ts_forget(t, 0);
    ox__ts_block *top = t->top;
    ok = ok && ox__ts_upgrade(t, f, top) && ox__ts_tidy(t, top);
    if (ok) f->graph = top;
    t->block = NULL;
    return ok;
}
