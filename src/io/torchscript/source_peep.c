/* Floor 3. The small simplifications that PyTorch makes in a function whose calls were inlined: questions for None that
 * the types answer, casts and unwrapping of what is no optional, numbers that were tensors in between, lists that are
 * read where they were made, sums of constants. */
#include "io/torchscript/lower.h"

typedef struct peep {
    ox__ts *t;
    bool changed;
} peep;

static bool is_op(const ox__ts_node *n, const char *op)
{
    return n && n->kind == OX__TS_OP && strcmp(n->op, op) == 0;
}

/* What is forked is a graph of its own, which is left alone. */
static uint32_t n_inner(const ox__ts_node *n)
{
    return n->kind == OX__TS_FORK ? 0 : n->n_blocks;
}

static ox__ts_value *constant_before(peep *p, ox__ts_node *n, const ox__obj *o, ox_type type)
{
    ox__ts *t = p->t;
    t->block = n->owner;
    t->before = n;
    t->file = n->file;
    t->at = n->at;
    ox__ts_value *v = o ? ox__ts_constant(t, o, type) : NULL;
    if (v) v->node->site = n->site;
    return v;
}

static bool replace(peep *p, ox__ts_value *v, ox__ts_value *by)
{
    if (!by) return false;
    ox__ts_replace(v, by);
    p->changed = true;
    return true;
}

/* ---- numbers that were tensors in between ---- */
static void number_again(peep *p, ox__ts_node *n)
{
    static const char *const ops[] = {"aten::Float", "aten::Int", "aten::FloatImplicit", "aten::IntImplicit",
                                      "aten::ScalarImplicit"};
    for (size_t i = 0; i < OX__COUNT(ops); i++) {
        if (!is_op(n, ops[i])) continue;
        const ox__ts_node *from = ox__ts_now(n->in[0])->node;
        if (is_op(from, "prim::NumToTensor")) replace(p, n->out[0], from->in[0]);
        return;
    }
}

static void numbers(peep *p, ox__ts_block *b)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        for (uint32_t i = 0; i < n_inner(n); i++) numbers(p, n->blocks[i]);
        number_again(p, n);
    }
}

/* ---- lists ---- */

/* `live` marks lists that somebody may change. */
static void mark_changed(ox__ts_block *b)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        for (uint32_t i = 0; i < n->n_blocks; i++) mark_changed(n->blocks[i]);
        if (n->kind == OX__TS_CALL_METHOD || n->kind == OX__TS_CALL_FUNCTION || n->kind == OX__TS_SET_ATTR)
            for (uint32_t i = 0; i < n->n_in; i++) n->in[i]->live = true;
        if (n->kind != OX__TS_OP) continue;
        ox_aten_info info = n->schema ? ox_aten_get(n->schema) : (ox_aten_info){0};
        for (uint32_t i = 0; i < n->n_in; i++)
            if (!n->schema || (i < info.n_args && ox_aten_get_arg(n->schema, i).type.mutates)) n->in[i]->live = true;
    }
}

static const ox__ts_node *fresh_list(const ox__ts_value *v)
{
    return v->node && v->node->kind == OX__TS_LIST_OF && !v->live ? v->node : NULL;
}

static bool joined(peep *p, ox__ts_node *n, const ox__ts_node *a, const ox__ts_node *b)
{
    ox__ts *t = p->t;
    t->block = n->owner;
    t->before = n;
    ox__ts_value *v = ox__ts_one(t, OX__TS_LIST_OF, a->n_in, a->in, n->out[0]->type);
    for (uint32_t i = 0; v && i < b->n_in; i++)
        if (!ox__ts_add_input(t, v->node, b->in[i])) return false;
    if (v) v->node->site = n->site;
    return replace(p, n->out[0], v);
}

static bool list_item(peep *p, ox__ts_node *n, const ox__ts_node *list)
{
    const ox__obj *k = ox__ts_known(n->in[1]);
    if (!k || k->kind != OX__OBJ_INT) return true;
    int64_t i = k->i < 0 ? k->i + list->n_in : k->i;
    return i < 0 || i >= list->n_in || replace(p, n->out[0], list->in[i]);
}

static bool list_use(peep *p, ox__ts_node *n)
{
    const ox__ts_node *list = n->n_in ? fresh_list(ox__ts_now(n->in[0])) : NULL;
    if (!list) return true;
    if (is_op(n, "aten::len"))
        return replace(p, n->out[0], constant_before(p, n, ox__ts_obj_int(p->t, list->n_in), p->t->t_int));
    if (is_op(n, "aten::__getitem__")) return list_item(p, n, list);
    if (n->kind == OX__TS_UNPACK_LIST && n->n_out == list->n_in)
        for (uint32_t i = 0; i < n->n_out; i++) replace(p, n->out[i], list->in[i]);
    const ox__ts_node *other = is_op(n, "aten::add") && n->n_in == 2 ? fresh_list(ox__ts_now(n->in[1])) : NULL;
    return !other || joined(p, n, list, other);
}

static bool lists(peep *p, ox__ts_block *b)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        for (uint32_t i = 0; i < n_inner(n); i++)
            if (!lists(p, n->blocks[i])) return false;
        if (!list_use(p, n)) return false;
    }
    return true;
}

/* ---- dicts ---- */

/* Where the value of a key stands among the inputs of a dict; 0 if it is not there, or keys are not known. */
static uint32_t dict_place(const ox__ts_node *dict, const ox__ts_node *key)
{
    uint32_t at = 0;
    for (uint32_t i = 0; i < dict->n_in; i += 2) {
        if (!ox__ts_known(dict->in[i])) return 0;
        if (ox__ts_same_constant(ox__ts_now(dict->in[i])->node, key)) at = i + 1;
    }
    return at;
}

/* The number of its keys; -1 if they are not known, or one comes twice. */
static int64_t dict_size(const ox__ts_node *dict)
{
    for (uint32_t i = 0; i < dict->n_in; i += 2)
        if (!ox__ts_known(dict->in[i]) || dict_place(dict, ox__ts_now(dict->in[i])->node) != i + 1) return -1;
    return dict->n_in / 2;
}

static bool dict_use(peep *p, ox__ts_node *n)
{
    enum { MOST = 256 }; /* keys are compared with each other */
    const ox__ts_value *v = n->n_in ? ox__ts_now(n->in[0]) : NULL;
    const ox__ts_node *dict = v && v->node && v->node->kind == OX__TS_DICT_OF && !v->live ? v->node : NULL;
    if (!dict || dict->n_in > MOST) return true;
    if (is_op(n, "aten::len")) {
        int64_t size = dict_size(dict);
        return size < 0 || replace(p, n->out[0], constant_before(p, n, ox__ts_obj_int(p->t, size), p->t->t_int));
    }
    if (!is_op(n, "aten::__getitem__") || !ox__ts_known(n->in[1])) return true;
    uint32_t at = dict_place(dict, ox__ts_now(n->in[1])->node);
    return !at || replace(p, n->out[0], dict->in[at]);
}

static bool dicts(peep *p, ox__ts_block *b)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        for (uint32_t i = 0; i < n_inner(n); i++)
            if (!dicts(p, n->blocks[i])) return false;
        if (!dict_use(p, n)) return false;
    }
    return true;
}

/* ---- tensors ---- */

/* A convolution leaves the rank that it wants. */
static bool rank_of(peep *p, ox__ts_node *n)
{
    static const char *const ops[] = {"aten::conv1d", "aten::conv2d", "aten::conv3d"};
    const ox__ts_node *from = ox__ts_now(n->in[0])->node;
    for (int i = 0; i < 3; i++)
        if (is_op(from, ops[i]))
            return replace(p, n->out[0], constant_before(p, n, ox__ts_obj_int(p->t, i + 3), p->t->t_int));
    return true;
}

static bool ranks(peep *p, ox__ts_block *b)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        for (uint32_t i = 0; i < n_inner(n); i++)
            if (!ranks(p, n->blocks[i])) return false;
        if (is_op(n, "aten::dim") && !rank_of(p, n)) return false;
    }
    return true;
}

/* The list of a cat that nobody else reads; NULL if it is not so simple. */
static ox__ts_node *cat_list(const ox__ts_node *n)
{
    ox__ts_node *list = is_op(n, "aten::cat") ? n->in[0]->node : NULL;
    return list && list->kind == OX__TS_LIST_OF && list->out[0]->uses == 1 ? list : NULL;
}

static bool same_dim(const ox__ts_node *a, const ox__ts_node *b)
{
    const ox__obj *x = ox__ts_known(a->in[1]), *y = ox__ts_known(b->in[1]);
    return x && y && x->kind == OX__OBJ_INT && y->kind == OX__OBJ_INT && x->i == y->i;
}

/* cat([cat([a, b], 1), c], 1) is cat([a, b, c], 1). */
static bool join_cats(peep *p, ox__ts_block *b)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        for (uint32_t i = 0; i < n_inner(n); i++)
            if (!join_cats(p, n->blocks[i])) return false;
        ox__ts_node *list = cat_list(n);
        for (uint32_t i = 0; list && i < list->n_in; i++) {
            ox__ts_node *inner = list->in[i]->node, *of = inner ? cat_list(inner) : NULL;
            if (!of || inner->out[0]->uses != 1 || inner->owner != b || !same_dim(n, inner)) continue;
            ox__ts_node *whole = ox__ts_alloc(p->t, sizeof *whole);
            if (!whole) return false;
            for (uint32_t k = 0; k < list->n_in; k++)
                for (uint32_t q = 0; q < (k == i ? of->n_in : 1); q++)
                    if (!ox__ts_add_input(p->t, whole, k == i ? of->in[q] : list->in[k])) return false;
            list->in = whole->in;
            list->n_in = whole->n_in;
            p->changed = true;
            break;
        }
    }
    return true;
}

/* ---- None ---- */
static bool must_be_none(const ox__ts *t, ox__ts_value *v)
{
    const ox__obj *o = ox__ts_known(v);
    return (o && o->kind == OX__OBJ_NONE) || ox__ts_info(t, v->type).kind == OX_TYPE_NONETYPE;
}

static bool must_not_be_none(const ox__ts *t, ox__ts_value *v)
{
    ox_type_kind k = ox__ts_info(t, v->type).kind;
    return k != OX_TYPE_NONETYPE && k != OX_TYPE_OPTIONAL && k != OX_TYPE_UNION && v->type.id != t->t_any.id;
}

static bool question(peep *p, ox__ts_node *n)
{
    for (int i = 0; i < 2; i++) {
        ox__ts_value *a = ox__ts_now(n->in[i]), *b = ox__ts_now(n->in[1 - i]);
        if (!must_be_none(p->t, a) || !must_not_be_none(p->t, b)) continue;
        const ox__obj *o = ox__ts_obj_bool(p->t, is_op(n, "aten::__isnot__"));
        if (!replace(p, n->out[0], constant_before(p, n, o, p->t->t_bool))) return false;
    }
    return true;
}

static bool none_outputs(peep *p, ox__ts_node *n)
{
    static const ox__obj none = {.kind = OX__OBJ_NONE};
    for (uint32_t i = 0; i < n->n_out; i++)
        if (ox__ts_info(p->t, n->out[i]->type).kind == OX_TYPE_NONETYPE &&
            !replace(p, n->out[i], constant_before(p, n, &none, p->t->t_none)))
            return false;
    return true;
}

/* ---- if ---- */
static bool truth(ox__ts_value *v, bool unknown)
{
    const ox__obj *o = ox__ts_known(v);
    return o && o->kind == OX__OBJ_BOOL ? o->i != 0 : unknown;
}

static void if_outputs(peep *p, ox__ts_node *n)
{
    ox__ts *t = p->t;
    for (uint32_t i = 0; i < n->n_out; i++) {
        ox__ts_value *a = ox__ts_now(n->blocks[0]->out[i]), *b = ox__ts_now(n->blocks[1]->out[i]);
        if (n->out[i]->type.id == t->t_bool.id && truth(a, false) && !truth(b, true)) replace(p, n->out[i], n->in[0]);
        bool optional = ox__ts_info(t, n->out[i]->type).kind == OX_TYPE_OPTIONAL;
        if (!optional || ox__ts_info(t, a->type).kind == OX_TYPE_OPTIONAL ||
            ox__ts_info(t, b->type).kind == OX_TYPE_OPTIONAL)
            continue;
        ox_type type = ox__ts_unify(t, a->type, b->type);
        if (!type.id) continue;
        p->changed = true;
        n->out[i]->type = type;
    }
}

/* ---- arithmetic ---- */

/* The constant of a sum or product of ints, as its second operand. */
static const ox__obj *operand(const ox__ts *t, ox__ts_node *n)
{
    if (n->n_in != 2 || ox__ts_now(n->in[0])->type.id != t->t_int.id || ox__ts_now(n->in[1])->type.id != t->t_int.id)
        return NULL;
    const ox__obj *first = ox__ts_known(n->in[0]);
    if (first && (is_op(n, "aten::mul") || is_op(n, "aten::add"))) {
        ox__ts_value *v = n->in[0];
        n->in[0] = n->in[1];
        n->in[1] = v;
    }
    const ox__obj *o = ox__ts_known(n->in[1]);
    return o && o->kind == OX__OBJ_INT ? o : NULL;
}

static bool sum(peep *p, ox__ts_node *n)
{
    const ox__obj *c = operand(p->t, n);
    if (!c) return true;
    if (!c->i) return replace(p, n->out[0], n->in[0]);
    ox__ts_node *from = ox__ts_now(n->in[0])->node;
    if (!is_op(from, "aten::add") && !is_op(from, "aten::sub")) return true;
    const ox__obj *d = operand(p->t, from);
    int64_t both;
    bool same = d && strcmp(from->op, n->op) == 0;
    if (!d || (same ? __builtin_add_overflow(c->i, d->i, &both) : __builtin_sub_overflow(c->i, d->i, &both)))
        return true;
    if (!both) return replace(p, n->out[0], from->in[0]);
    ox__ts_value *v = constant_before(p, n, ox__ts_obj_int(p->t, both), p->t->t_int);
    if (!v) return false;
    n->in[0] = from->in[0];
    n->in[1] = v;
    p->changed = true;
    return true;
}

static bool is_plain(const ox__ts *t, ox_type type)
{
    ox_type_info info = ox__ts_info(t, type);
    if (info.kind == OX_TYPE_LIST) info = ox__ts_info(t, info.items[0]);
    return info.kind == OX_TYPE_BOOL_SCALAR || info.kind == OX_TYPE_INT || info.kind == OX_TYPE_FLOAT_SCALAR ||
           info.kind == OX_TYPE_NONETYPE;
}

static bool operators(peep *p, ox__ts_node *n)
{
    ox__ts *t = p->t;
    if (is_op(n, "aten::__is__") || is_op(n, "aten::__isnot__")) return question(p, n);
    if (is_op(n, "aten::_unwrap_optional") || is_op(n, "prim::unchecked_unwrap_optional"))
        return !must_not_be_none(t, ox__ts_now(n->in[0])) || replace(p, n->out[0], n->in[0]);
    if ((is_op(n, "aten::Int") || is_op(n, "aten::ceil")) && n->n_in == 1)
        return ox__ts_now(n->in[0])->type.id != t->t_int.id || replace(p, n->out[0], n->in[0]);
    if ((is_op(n, "aten::eq") || is_op(n, "aten::ne")) && n->n_in == 2) {
        if (ox__ts_now(n->in[0]) != ox__ts_now(n->in[1]) || !is_plain(t, ox__ts_now(n->in[0])->type)) return true;
        return replace(p, n->out[0], constant_before(p, n, ox__ts_obj_bool(t, is_op(n, "aten::eq")), t->t_bool));
    }
    if (is_op(n, "aten::mul") || is_op(n, "aten::floordiv") || is_op(n, "aten::div")) {
        const ox__obj *c = operand(t, n);
        return !c || c->i != 1 || replace(p, n->out[0], n->in[0]);
    }
    return (!is_op(n, "aten::add") && !is_op(n, "aten::sub")) || sum(p, n);
}

static bool others(peep *p, ox__ts_block *b)
{
    for (ox__ts_node *n = b->first; n; n = n->next) {
        for (uint32_t i = 0; i < n_inner(n); i++)
            if (!others(p, n->blocks[i])) return false;
        if (n->kind == OX__TS_CONSTANT) continue;
        if (!none_outputs(p, n)) return false;
        if (n->kind == OX__TS_IF) if_outputs(p, n);
        if (n->kind == OX__TS_CAST && ox__ts_is_subtype(p->t, ox__ts_now(n->in[0])->type, n->out[0]->type))
            replace(p, n->out[0], n->in[0]);
        if (n->kind == OX__TS_OP && !operators(p, n)) return false;
    }
    return true;
}

bool ox__ts_peep(ox__ts *t, ox__ts_block *top)
{
    peep p = {.t = t};
    ox__ts_settle(top);
    numbers(&p, top);
    ox__ts_settle(top);
    mark_changed(top);
    if (!lists(&p, top) || !dicts(&p, top) || !ranks(&p, top)) return false;
    p.changed = ox__ts_ones(t, top) || p.changed;
    if (!others(&p, top)) return false;
    ox__ts_settle(top);
    if (!join_cats(&p, top)) return false;
    if (p.changed) ox__ts_sweep(top);
    return true;
}
