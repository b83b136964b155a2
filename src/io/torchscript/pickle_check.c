/* Floor 3. What holds of a whole tree is checked once it is there: then nobody who walks it has to. */
#include "io/torchscript/pickle_in.h"

enum { NEW, OPEN, CLOSED };

/* A node of the path from the root to where the check is. */
typedef struct frame {
    ox__obj *o;
    uint64_t next; /* of its children */
} frame;

typedef struct checker {
    ox__unpickler *u;
    frame path[OX__OBJ_DEPTH];
    size_t n;
    ox__index keys; /* of the dict at hand */
} checker;

static uint64_t n_children(const ox__obj *o)
{
    if (o->kind == OX__OBJ_OBJECT) return o->object->state != NULL;
    return ox__pk_extent_of(o) ? (uint64_t)o->n * (o->kind == OX__OBJ_DICT ? 2 : 1) : 0;
}

static ox__obj *child(const ox__obj *o, uint64_t i)
{
    return o->kind == OX__OBJ_OBJECT ? o->object->state : o->items[i];
}

static ox__pk_extent extent(const ox__obj *o)
{
    ox__pk_extent one = {1, 1};
    if (o->kind == OX__OBJ_OBJECT) return (ox__pk_extent){o->object->walk, o->object->depth};
    const ox__pk_extent *e = ox__pk_extent_of(o);
    return e ? *e : one;
}

/* ---- keys ---- */
typedef struct key {
    const ox__obj *dict, *o;
} key;

static bool same(const ox__obj *a, const ox__obj *b)
{
    if (a == b) return true;
    if (a->kind != b->kind) return false;
    if (a->kind == OX__OBJ_STR || a->kind == OX__OBJ_BYTES) return a->n == b->n && memcmp(a->s, b->s, a->n) == 0;
    return a->kind == OX__OBJ_INT && a->i == b->i;
}

static bool same_key(const void *ud, uint32_t id)
{
    const key *k = ud;
    return same(k->dict->items[2 * (size_t)(id - 1)], k->o);
}

static uint64_t hash_key(const ox__obj *o)
{
    bool text = o->kind == OX__OBJ_STR || o->kind == OX__OBJ_BYTES;
    return text ? ox__hash(o->s, o->n) : ox__hash_mix(o->kind, o->kind == OX__OBJ_INT ? (uint64_t)o->i : (uintptr_t)o);
}

static void fail_twice(ox__unpickler *u, const ox__obj *o)
{
    if (o->kind == OX__OBJ_STR)
        ox__pk_fail(u, OX_E_FORMAT, "a dict of the pickle has two keys '%.200s'", o->s);
    else
        ox__pk_fail(u, OX_E_FORMAT, "a dict of the pickle has a key twice");
}

static void check_keys(checker *c, const ox__obj *dict)
{
    ox__unpickler *u = c->u;
    enum { FEW = 8 };
    if (c->keys.cap > 1024 && c->keys.cap / 8 > dict->n) /* one large dict must not make each small one slow */
        ox__index_free(&c->keys);
    else if (dict->n > FEW)
        ox__index_clear(&c->keys);
    for (uint32_t i = 0; i < dict->n && u->s == OX_OK; i++) {
        const ox__obj *o = dict->items[2 * (size_t)i];
        bool twice = false;
        if (dict->n <= FEW) {
            for (uint32_t k = 0; k < i && !twice; k++) twice = same(dict->items[2 * (size_t)k], o);
        } else {
            key k = {dict, o};
            uint64_t h = hash_key(o);
            twice = ox__index_find(&c->keys, h, same_key, &k) != 0;
            if (!twice && !ox__index_add(&c->keys, h, i + 1)) u->s = ox__nomem(u->err);
        }
        if (twice) fail_twice(u, o);
    }
}

/* ---- the walk ---- */
/* Enters a node, or takes it as it is if it has no children or was seen. */
static void enter(checker *c, ox__obj *o)
{
    ox__unpickler *u = c->u;
    if (o->kind >= OX__PK_CALL) {
        ox__pk_fail(u, OX_E_UNSUPPORTED, "the pickle has %s where data is expected", o->s);
        return;
    }
    if (o->mark == OPEN) ox__pk_fail(u, OX_E_UNSUPPORTED, "the pickle has something that contains itself");
    if (o->mark != NEW || n_children(o) == 0) return;
    if (o->kind == OX__OBJ_DICT) check_keys(c, o);
    if (c->n == OX__OBJ_DEPTH) ox__pk_fail(u, OX_E_LIMIT, "the pickle is nested deeper than %d levels", OX__OBJ_DEPTH);
    if (u->s != OX_OK) return;
    o->mark = OPEN;
    c->path[c->n++] = (frame){o, 0};
}

/* Leaves a node whose children all have been left. */
static void leave(checker *c, ox__obj *o)
{
    ox__pk_extent sum = {1, 0};
    uint64_t most = OX__OBJ_WALK + OX__OBJ_WALK_BYTE * (uint64_t)(c->u->r.p - c->u->from);
    for (uint64_t i = 0, n = n_children(o); i < n; i++) {
        ox__pk_extent e = extent(child(o, i));
        sum.walk = OX__MIN(sum.walk + e.walk, most + 1);
        sum.depth = OX__MAX(sum.depth, e.depth);
    }
    sum.depth++;
    if (sum.depth > OX__OBJ_DEPTH)
        ox__pk_fail(c->u, OX_E_LIMIT, "the pickle is nested deeper than %d levels", OX__OBJ_DEPTH);
    if (sum.walk > most)
        ox__pk_fail(c->u, OX_E_LIMIT, "the pickle shares parts so that it unfolds to more than %llu values",
                    (unsigned long long)most);
    o->mark = CLOSED;
    c->n--;
    if (o->kind == OX__OBJ_OBJECT) {
        o->object->walk = sum.walk;
        o->object->depth = sum.depth;
    } else {
        *ox__pk_extent_of(o) = sum;
    }
}

ox_status ox__pk_check(ox__unpickler *u)
{
    checker c = {.u = u};
    enter(&c, u->tree->root);
    while (c.n && u->s == OX_OK) {
        frame *f = &c.path[c.n - 1];
        if (f->next < n_children(f->o))
            enter(&c, child(f->o, f->next++));
        else
            leave(&c, f->o);
    }
    ox__index_free(&c.keys);
    return u->s;
}
