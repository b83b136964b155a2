/* Floor 3. The graph that the code of an archive is lowered to: nodes, values, blocks, constants. All is in the arena
 * of the ox__ts; nothing is freed alone. */
#include "io/torchscript/lower.h"

#include <stdio.h>

bool ox__ts_nomem(ox__ts *t)
{
    t->s = ox__nomem(t->err);
    return false;
}

bool ox__ts_refuse(ox__ts *t, uint32_t at, ox_status code, const char *fmt, ...)
{
    char msg[sizeof t->err->msg];
    va_list ap;
    /* A type or name that memory was too short for looks like one that does not fit. */
    if (t->s == OX_E_NOMEM || ox_model_status(t->m, NULL) != OX_OK) return ox__ts_nomem(t);
    va_start(ap, fmt);
    vsnprintf(msg, sizeof msg, fmt, ap);
    va_end(ap);
    if (t->file)
        t->s = ox__src_fail(&t->file->text, at, t->err, code, "%s", msg);
    else
        t->s = ox__fail(t->err, code, "%s", msg);
    return false;
}

void *ox__ts_alloc(ox__ts *t, size_t n)
{
    void *p = ox__arena_alloc(&t->arena, n ? n : 1);
    if (p)
        memset(p, 0, n);
    else
        ox__ts_nomem(t);
    return p;
}

char *ox__ts_text(ox__ts *t, const char *fmt, ...)
{
    va_list ap;
    va_start(ap, fmt);
    int n = vsnprintf(NULL, 0, fmt, ap);
    va_end(ap);
    char *p = ox__ts_alloc(t, n < 0 ? 1 : (size_t)n + 1);
    if (!p || n < 0) return p;
    va_start(ap, fmt);
    vsnprintf(p, (size_t)n + 1, fmt, ap);
    va_end(ap);
    return p;
}

/* ---- blocks and values ---- */
static ox__ts_value *value_new(ox__ts *t, ox__ts_node *node, ox_type type, const char *name)
{
    ox__ts_value *v = ox__ts_alloc(t, sizeof *v);
    if (!v) return NULL;
    v->node = node;
    v->type = type;
    v->name = name;
    return v;
}

/* Adds v to an array in the arena, whose room doubles. */
static bool append(ox__ts *t, ox__ts_value ***p, uint32_t *n, ox__ts_value *v)
{
    if ((*n & (*n - 1)) == 0) { /* its room is the power of two that holds it */
        ox__ts_value **more = ox__arena_alloc(&t->arena, (size_t)(*n ? 2 * *n : 1) * sizeof *more);
        if (!more) return ox__ts_nomem(t);
        if (*n) memcpy(more, *p, *n * sizeof *more);
        *p = more;
    }
    (*p)[(*n)++] = v;
    return true;
}

ox__ts_block *ox__ts_block_new(ox__ts *t, ox__ts_node *owner)
{
    ox__ts_block *b = ox__ts_alloc(t, sizeof *b);
    if (!b) return NULL;
    b->owner = owner;
    if (!owner) return b;
    ox__ts_block **more = ox__ts_alloc(t, (owner->n_blocks + 1) * sizeof *more);
    if (!more) return NULL;
    if (owner->n_blocks) memcpy(more, owner->blocks, owner->n_blocks * sizeof(ox__ts_block *));
    more[owner->n_blocks++] = b;
    owner->blocks = more;
    return b;
}

ox__ts_value *ox__ts_block_input(ox__ts *t, ox__ts_block *b, ox_type type, const char *name)
{
    ox__ts_value *v = value_new(t, NULL, type, name);
    return v && append(t, &b->in, &b->n_in, v) ? v : NULL;
}

bool ox__ts_block_output(ox__ts *t, ox__ts_block *b, ox__ts_value *v)
{
    return append(t, &b->out, &b->n_out, v);
}

ox__ts_value *ox__ts_now(ox__ts_value *v)
{
    ox__ts_value *end = v;
    while (end->by) end = end->by;
    while (v->by) { /* the way is shortened, so that chains are walked once */
        ox__ts_value *next = v->by;
        v->by = end;
        v = next;
    }
    return end;
}

void ox__ts_replace(ox__ts_value *v, ox__ts_value *by)
{
    v = ox__ts_now(v);
    by = ox__ts_now(by);
    if (v != by) v->by = by;
}

/* ---- nodes ---- */
void ox__ts_link(ox__ts_block *b, ox__ts_node *n, ox__ts_node *before)
{
    n->owner = b;
    n->next = before;
    n->prev = before ? before->prev : b->last;
    *(n->prev ? &n->prev->next : &b->first) = n;
    *(before ? &before->prev : &b->last) = n;
}

void ox__ts_unlink(ox__ts_node *n)
{
    ox__ts_block *b = n->owner;
    *(n->prev ? &n->prev->next : &b->first) = n->next;
    *(n->next ? &n->next->prev : &b->last) = n->prev;
    n->owner = NULL;
    n->prev = n->next = NULL;
}

bool ox__ts_add_output(ox__ts *t, ox__ts_node *n, ox_type type)
{
    ox__ts_value *v = value_new(t, n, type, NULL);
    return v && append(t, &n->out, &n->n_out, v);
}

bool ox__ts_add_input(ox__ts *t, ox__ts_node *n, ox__ts_value *v)
{
    return append(t, &n->in, &n->n_in, v);
}

static bool step(ox__ts *t)
{
    if (++t->ticks % 512 || !t->task || t->task->step(t->task->ud, "reading", t->n_nodes, 0)) return true;
    t->s = ox__fail(t->err, OX_E_INTERRUPTED, "interrupted while reading the code");
    return false;
}

ox__ts_node *ox__ts_node_new(ox__ts *t, ox__ts_kind kind, size_t n_in, ox__ts_value *const *in, size_t n_out)
{
    if (++t->n_nodes > t->max_nodes) {
        ox__ts_refuse(t, t->at, OX_E_LIMIT, "the code stands for more than %llu nodes",
                      (unsigned long long)t->max_nodes);
        ox_error_hint(t->err, "functions that call each other many times over; --no-inline shows one of them");
        return NULL;
    }
    if (!step(t)) return NULL;
    ox__ts_node *n = ox__ts_alloc(t, sizeof *n);
    if (!n) return NULL;
    n->kind = (uint8_t)kind;
    n->file = t->file;
    n->at = t->at;
    for (size_t i = 0; i < n_in; i++)
        if (!append(t, &n->in, &n->n_in, in[i])) return NULL;
    for (size_t i = 0; i < n_out; i++)
        if (!ox__ts_add_output(t, n, (ox_type){0})) return NULL;
    if (t->block) ox__ts_link(t->block, n, t->before);
    return n;
}

ox__ts_value *ox__ts_one(ox__ts *t, ox__ts_kind kind, size_t n_in, ox__ts_value *const *in, ox_type type)
{
    ox__ts_node *n = ox__ts_node_new(t, kind, n_in, in, 1);
    if (!n) return NULL;
    n->out[0]->type = type;
    return n->out[0];
}

/* ---- constants ---- */
static ox__obj *obj(ox__ts *t, ox__obj_kind kind)
{
    ox__obj *o = ox__ts_alloc(t, sizeof *o);
    if (o) o->kind = (uint8_t)kind;
    return o;
}

const ox__obj *ox__ts_obj_int(ox__ts *t, int64_t i)
{
    ox__obj *o = obj(t, OX__OBJ_INT);
    if (o) o->i = i;
    return o;
}

const ox__obj *ox__ts_obj_float(ox__ts *t, double f)
{
    ox__obj *o = obj(t, OX__OBJ_FLOAT);
    if (o) o->f = f;
    return o;
}

const ox__obj *ox__ts_obj_bool(ox__ts *t, bool b)
{
    ox__obj *o = obj(t, OX__OBJ_BOOL);
    if (o) o->i = b;
    return o;
}

const ox__obj *ox__ts_obj_str(ox__ts *t, const char *s, size_t n, ox__obj_kind kind)
{
    ox__obj *o = obj(t, kind);
    char *copy = o ? ox__ts_alloc(t, n + 1) : NULL;
    if (!copy) return NULL;
    if (n) memcpy(copy, s, n);
    o->s = copy;
    o->n = (uint32_t)n;
    return o;
}

ox__ts_value *ox__ts_constant(ox__ts *t, const ox__obj *o, ox_type type)
{
    if (!o) return NULL;
    ox__ts_value *v = ox__ts_one(t, OX__TS_CONSTANT, 0, NULL, type);
    if (v) v->node->constant = o;
    return v;
}

const ox__obj *ox__ts_known(ox__ts_value *v)
{
    v = ox__ts_now(v);
    return v->node && v->node->kind == OX__TS_CONSTANT && !v->node->name ? v->node->constant : NULL;
}

/* 0. and -0. are two constants, a NaN is itself. */
static bool same_bits(double a, double b)
{
    uint64_t x, y;
    memcpy(&x, &a, sizeof x);
    memcpy(&y, &b, sizeof y);
    return x == y;
}

static bool same_obj(const ox__obj *a, const ox__obj *b, unsigned depth)
{
    if (a == b) return true;
    if (!a || !b || a->kind != b->kind || a->n != b->n || depth > OX__OBJ_DEPTH) return false;
    switch ((ox__obj_kind)a->kind) {
    case OX__OBJ_NONE: return true;
    case OX__OBJ_BOOL:
    case OX__OBJ_INT: return a->i == b->i;
    case OX__OBJ_FLOAT: return same_bits(a->f, b->f);
    case OX__OBJ_COMPLEX: return same_bits(a->c[0], b->c[0]) && same_bits(a->c[1], b->c[1]);
    case OX__OBJ_STR:
    case OX__OBJ_DEVICE:
    case OX__OBJ_DTYPE:
    case OX__OBJ_GLOBAL: return memcmp(a->s, b->s, a->n) == 0;
    case OX__OBJ_TUPLE:
    case OX__OBJ_LIST:
        for (uint32_t i = 0; i < a->n; i++)
            if (!same_obj(a->items[i], b->items[i], depth + 1)) return false;
        return true;
    default: return false;
    }
}

bool ox__ts_same_constant(const ox__ts_node *a, const ox__ts_node *b)
{
    if (a->out[0]->type.id != b->out[0]->type.id || !a->name != !b->name) return false;
    if (a->name) return a->fn == b->fn;
    return a->constant->kind != OX__OBJ_GLOBAL && same_obj(a->constant, b->constant, 0); /* members of enums are not */
}

/* The same for 0. and -0. */
static uint64_t hash_f64(double f)
{
    double key = f == 0 ? 0 : f;
    return ox__hash(&key, sizeof key);
}

uint64_t ox__ts_constant_hash(const ox__ts_node *n)
{
    const ox__obj *o = n->constant;
    uint64_t h = n->out[0]->type.id;
    if (n->name) return ox__hash_mix(h, ox__hash(n->name, strlen(n->name)));
    h = ox__hash_mix(h, (uint64_t)o->kind << 32 | o->n);
    switch ((ox__obj_kind)o->kind) {
    case OX__OBJ_BOOL:
    case OX__OBJ_INT: return ox__hash_mix(h, (uint64_t)o->i);
    case OX__OBJ_FLOAT: return ox__hash_mix(h, hash_f64(o->f));
    case OX__OBJ_GLOBAL:
    case OX__OBJ_STR: return ox__hash_mix(h, ox__hash(o->s, o->n));
    default: return h;
    }
}

/* PyTorch looks numbers up by what they are equal to: of 0. and -0. in one function the first stands for both. */
typedef struct wanted {
    const ox__ts *t;
    const ox__ts_node *node;
} wanted;

static bool is_wanted(const void *ud, uint32_t id)
{
    const wanted *w = ud;
    const ox__ts_node *n = w->t->literals.p[id - 1];
    const ox__obj *a = n->constant, *b = w->node->constant;
    if (a->kind == OX__OBJ_FLOAT && b->kind == OX__OBJ_FLOAT && a->f == b->f) return true;
    return ox__ts_same_constant(n, w->node);
}

ox__ts_value *ox__ts_literal(ox__ts *t, const ox__obj *o, ox_type type)
{
    if (!o) return NULL;
    ox__ts_value like = {.type = type}, *out = &like;
    ox__ts_node probe = {.kind = OX__TS_CONSTANT, .n_out = 1, .out = &out, .constant = o};
    uint64_t hash = ox__ts_constant_hash(&probe);
    wanted w = {t, &probe};
    uint32_t id = ox__index_find(&t->literal_index, hash, is_wanted, &w);
    if (id) return t->literals.p[id - 1]->out[0];
    ox__ts_block *block = t->block;
    ox__ts_node *before = t->before;
    t->block = t->top;
    t->before = t->top->first;
    ox__ts_value *v = ox__ts_constant(t, o, type);
    t->block = block;
    /* a place of insertion that was the block's end stays so: the literal went to the front */
    t->before = before;
    if (!v) return NULL;
    if (!ox__vec_push(&t->literals, v->node) || !ox__index_add(&t->literal_index, hash, (uint32_t)t->literals.n)) {
        ox__ts_nomem(t);
        return NULL;
    }
    return v;
}
