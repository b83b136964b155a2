/* Floor 5. Calling a symbolic function, or repeating what it did: see recipe.h. */
#include "convert/recipe.h"

#include "ir/ir.h"

enum {
    MAX_BYTES = 32 << 20, /* of all recipes; beyond that they are forgotten before the next conversion */
    MAX_FRUITLESS = 16    /* recordings of a function that came to nothing, until it is just called */
};

void ox__recipes_free(ox__recipes *r)
{
    ox__arena_free(&r->mem);
    ox__index_free(&r->index);
    ox__vec_free(&r->list);
    r->bytes = 0;
}

void ox__recipes_begin(ox__conv *c)
{
    ox__recipes *r = c->syms ? ox__symbolics_recipes(c->syms) : NULL;
    if (!r) return;
    if (!r->users && r->bytes > MAX_BYTES) ox__recipes_free(r);
    r->users++;
    c->recipes = r;
}

void ox__recipes_end(ox__conv *c)
{
    if (c->recipes) c->recipes->users--;
    ox__buf_free(&c->key);
}

/* ---- finding ---- */
typedef struct wanted {
    const ox__recipes *r;
    const ox__buf *key;
    uint64_t hash;
} wanted;

static bool is_wanted(const void *ud, uint32_t id)
{
    const wanted *w = ud;
    const ox__recipe *x = w->r->list.p[id - 1];
    return x->hash == w->hash && x->key.n == w->key->n && memcmp(x->key.p, w->key->p, x->key.n) == 0;
}

static const ox__recipe *find(const ox__recipes *r, const ox__buf *key, uint64_t hash)
{
    wanted w = {r, key, hash};
    uint32_t id = ox__index_find(&r->index, hash, is_wanted, &w);
    return id ? r->list.p[id - 1] : NULL;
}

/* ---- repeating ---- */
typedef struct repeating {
    ox_call *k;
    ox__slots *slots;
    ox_error *err;
} repeating;

static ox_arg *give_args(repeating *w, size_t n, const ox_arg *args)
{
    ox__arena *mem = &w->k->c->call;
    ox_arg *copy = ox__arena_dup(mem, args, n * sizeof *args);
    for (size_t i = 0; copy && i < n; i++) {
        if (copy[i].kind == OX_ARG_VALUE) copy[i].v = w->slots->v[copy[i].v.id - 1];
        if (copy[i].kind == OX_ARG_LIST && !(copy[i].items = give_args(w, copy[i].n, copy[i].items))) return NULL;
    }
    return copy;
}

static ox_status give_attr(repeating *w, const ox__deed_attr *from, ox_attr *out)
{
    ox__conv *c = w->k->c;
    *out = from->a;
    out->name = ox__conv_str(c, from->name);
    if (from->a.kind == OX_ATTR_TENSOR) return ox_tensor_add(c->m, &out->u.t, from->tensor, w->err);
    if (from->a.kind == OX_ATTR_STRING) out->u.s = ox_str_add(c->m, from->texts->p, from->texts->n);
    if (from->a.kind != OX_ATTR_STRINGS) return OX_OK;
    ox_str *strings = ox__arena_alloc(&c->call, ((size_t)out->n + 1) * sizeof *strings);
    if (!strings) return ox__nomem(w->err);
    for (uint32_t i = 0; i < out->n; i++) strings[i] = ox_str_add(c->m, from->texts[i].p, from->texts[i].n);
    out->u.strings = strings;
    return OX_OK;
}

static ox_status repeat_op(repeating *w, const ox__deed *s)
{
    ox__arena *mem = &w->k->c->call;
    ox_arg *in = give_args(w, s->n_args, s->args);
    ox_attr *attrs = ox__arena_alloc(mem, ((size_t)s->n_attrs + 1) * sizeof *attrs);
    if (!in || !attrs) return ox__nomem(w->err);
    for (uint32_t i = 0; i < s->n_attrs; i++) {
        ox_status st = give_attr(w, &s->attrs[i], &attrs[i]);
        if (st != OX_OK) return st;
    }
    ox_value *outs = w->slots->v + w->slots->n;
    w->slots->n += s->n_out;
    return ox_call_op(w->k, s->op, s->n_args, in, s->n_attrs, attrs, s->n_out, outs, w->err);
}

static ox_status repeat_constant(repeating *w, const ox__deed *s)
{
    ox_tensor t;
    ox_status st = ox_tensor_add(w->k->c->m, &t, s->tensor, w->err);
    return st == OX_OK ? ox_call_constant(w->k, t, &w->slots->v[w->slots->n++], w->err) : st;
}

static bool same_type(repeating *w, const ox__deed *s)
{
    const ox_model *m = w->k->c->m;
    ox__buf *b = &w->k->c->key;
    ox__buf_clear(b);
    return ox__recipe_type(m, ox_value_type(m, w->slots->v[s->slot - 1]), b) && !b->failed && b->n == s->type.n &&
           memcmp(b->p, s->type.p, b->n) == 0;
}

static ox_status repeat_return(repeating *w, const ox__deed *s)
{
    ox_arg *results = give_args(w, s->n_args, s->args);
    return results ? ox_call_return(w->k, s->n_args, results, w->err) : ox__nomem(w->err);
}

/* False: the recipe does not hold here, or a step failed with *st. */
static bool repeat(repeating *w, const ox__recipe *r, ox_status *st)
{
    *st = OX_OK;
    for (const ox__deed *s = r->first; s; s = s->next) {
        switch (s->kind) {
        case OX__DEED_OP: *st = repeat_op(w, s); break;
        case OX__DEED_CONSTANT: *st = repeat_constant(w, s); break;
        case OX__DEED_RETURN: *st = repeat_return(w, s); break;
        case OX__DEED_TYPE:
            if (!same_type(w, s)) return false;
            break;
        case OX__DEED_NO_TENSOR:
            if (ox_call_value_tensor(w->k, w->slots->v[s->slot - 1]).id) return false;
            break;
        }
        if (*st != OX_OK) return false;
    }
    return true;
}

/* ---- calling ---- */
static ox_status call(ox_call *k, const ox__binding *b, ox_error *err)
{
    k->c->report->n_called++;
    return b->symbol->def.fn(k, b->n_args, b->args, b->symbol->def.ud, err);
}

/* What was recorded becomes a recipe; the key is still in c->key. */
static void learn(ox__conv *c, const ox__recording *rec)
{
    ox__recipes *r = rec->to;
    ox__recipe x = {.hash = ox__hash(c->key.p, c->key.n), .key = {NULL, c->key.n}, .first = rec->first};
    if (find(r, &c->key, x.hash) || !ox__vec_reserve(&r->list, r->list.n + 1)) return;
    x.key.p = ox__arena_dup(&r->mem, c->key.p, x.key.n);
    const ox__recipe *made = x.key.p ? ox__arena_dup(&r->mem, &x, sizeof x) : NULL;
    if (!made || !ox__index_add(&r->index, x.hash, (uint32_t)r->list.n + 1)) return;
    r->list.p[r->list.n++] = made;
    r->bytes += sizeof x + x.key.n;
}

static ox_status call_and_learn(ox_call *k, const ox__binding *b, const ox__slots *slots, ox_error *err)
{
    ox__conv *c = k->c;
    ox__recording rec = {.to = c->recipes, .slots = *slots, .n_given = slots->n};
    ox__symbol *symbol = (ox__symbol *)b->symbol; /* ours: the const is for those who only read it */
    k->rec = &rec;
    ox_status s = call(k, b, err);
    k->rec = NULL;
    symbol->fruitless = rec.failed ? symbol->fruitless + 1 : 0;
    if (s == OX_OK && k->returned && !rec.failed) learn(c, &rec);
    return s;
}

ox_status ox__recipe_call(ox_call *k, const ox__binding *b, ox_mark mark, ox_error *err)
{
    ox__conv *c = k->c;
    ox__slots slots;
    if (!c->recipes || !b->symbol->def.repeats || b->symbol->fruitless >= MAX_FRUITLESS ||
        !ox__recipe_key(k, b, &slots, &c->key))
        return call(k, b, err);
    const ox__recipe *r = find(c->recipes, &c->key, ox__hash(c->key.p, c->key.n));
    if (!r) return call_and_learn(k, b, &slots, err);
    repeating w = {k, &slots, err};
    uint64_t casts = c->n_casts;
    ox_status s;
    if (repeat(&w, r, &s)) {
        c->report->n_repeated++;
        return OX_OK;
    }
    if (s == OX_E_NOMEM || s == OX_E_INTERRUPTED || s == OX_E_IO) return s;
    ox_journal_rollback(c->m, mark);
    c->n_casts = casts;
    k->returned = false;
    ox_error_clear(err);
    return call(k, b, err);
}
