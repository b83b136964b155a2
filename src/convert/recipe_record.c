/* Floor 5. Recording a call of a symbolic function. What a recipe cannot hold, or memory does not suffice for, ends the
 * recording and nothing else. */
#include "convert/recipe.h"

enum { MAX_BYTES = 4096 }; /* of a tensor */

static void *keep(ox__recording *r, const void *p, size_t n)
{
    void *copy = ox__arena_dup(&r->to->mem, p, n);
    r->to->bytes += n;
    r->failed |= !copy;
    return copy;
}

void ox__record_fails(ox_call *k)
{
    if (k->rec) k->rec->failed = true;
}

static bool open(const ox_call *k)
{
    return k->rec && !k->rec->failed;
}

static void add(ox__recording *r, const ox__deed *step)
{
    ox__deed *s = r->failed ? NULL : keep(r, step, sizeof *step);
    if (!s) return;
    if (r->last)
        r->last->next = s;
    else
        r->first = s;
    r->last = s;
}

/* 1 + the slot of a value; 0, and the end of the recording, if it is none of the call. */
static uint32_t slot_of(ox__recording *r, ox_value v)
{
    for (uint32_t i = 0; i < r->slots.n; i++)
        if (r->slots.v[i].id == v.id) return i + 1;
    r->failed = true;
    return 0;
}

static void add_slot(ox__recording *r, ox_value v)
{
    if (r->slots.n == OX__RECIPE_SLOTS)
        r->failed = true;
    else
        r->slots.v[r->slots.n++] = v;
}

/* ---- copies ---- */
static const ox_arg *keep_args(ox__recording *r, size_t n, const ox_arg *args)
{
    ox_arg *copy = keep(r, args, n * sizeof *args);
    for (size_t i = 0; i < n && !r->failed; i++) {
        ox_arg *a = &copy[i];
        a->v = a->kind == OX_ARG_VALUE ? (ox_value){slot_of(r, a->v), 0} : (ox_value){0};
        if (a->kind == OX_ARG_STR) a->s = keep(r, a->s, a->s_n);
        if (a->kind == OX_ARG_LIST) a->items = keep_args(r, a->n, a->items);
    }
    return copy;
}

static const ox_tensor_info *keep_tensor(ox__recording *r, const ox_model *m, ox_tensor t)
{
    ox_tensor_info i = ox_tensor_get(m, t);
    bool plain = i.storage == OX_STORAGE_OWNED && i.encoding == OX_ENC_RAW && i.n_bytes <= MAX_BYTES && !i.name.id &&
                 !i.doc.id && !i.n_metadata && !i.source;
    r->failed |= !plain;
    if (r->failed) return NULL;
    i.dims = keep(r, i.dims, i.rank * sizeof *i.dims);
    i.data = keep(r, i.data, (size_t)i.n_bytes);
    return keep(r, &i, sizeof i);
}

static ox__text keep_text(ox__recording *r, const ox_model *m, ox_str s)
{
    ox__text t;
    t.p = ox_str_text(m, s, &t.n);
    t.p = keep(r, t.p, t.n + 1);
    return t;
}

static const ox__text *keep_texts(ox__recording *r, const ox_model *m, size_t n, const ox_str *s)
{
    ox__text *texts = ox__arena_alloc(&r->to->mem, (n + 1) * sizeof *texts);
    r->failed |= !texts;
    for (size_t i = 0; i < n && !r->failed; i++) texts[i] = keep_text(r, m, s[i]);
    return texts;
}

static void keep_attr(ox__recording *r, const ox_model *m, const ox_attr *a, ox__deed_attr *out)
{
    *out = (ox__deed_attr){.name = keep_text(r, m, a->name).p, .a = *a};
    r->failed |= a->ref.id || a->doc.id || a->lost;
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_INT:
    case OX_ATTR_FLOAT: break;
    case OX_ATTR_INTS: out->a.u.ints = keep(r, a->u.ints, a->n * sizeof *a->u.ints); break;
    case OX_ATTR_FLOATS: out->a.u.floats = keep(r, a->u.floats, a->n * sizeof *a->u.floats); break;
    case OX_ATTR_STRING: out->texts = keep_texts(r, m, 1, &a->u.s); break;
    case OX_ATTR_STRINGS: out->texts = keep_texts(r, m, a->n, a->u.strings); break;
    case OX_ATTR_TENSOR: out->tensor = keep_tensor(r, m, a->u.t); break;
    default: r->failed = true;
    }
}

/* ---- what call.c tells ---- */
void ox__record_op(ox_call *k, const char *op, size_t n_in, const ox_arg *in, size_t n_attrs, const ox_attr *attrs,
                   size_t n_out, const ox_value *outs)
{
    ox__recording *r = k->rec;
    if (!open(k)) return;
    ox__deed_attr *copies = ox__arena_alloc(&r->to->mem, (n_attrs + 1) * sizeof *copies);
    r->to->bytes += n_attrs * sizeof *copies;
    r->failed |= !copies || n_in > UINT16_MAX || n_attrs > UINT16_MAX || n_out > OX__RECIPE_SLOTS;
    for (size_t i = 0; i < n_attrs && !r->failed; i++) keep_attr(r, k->c->m, &attrs[i], &copies[i]);
    if (r->failed) return;
    ox__deed s = {.kind = OX__DEED_OP,
                  .n_args = (uint32_t)n_in,
                  .n_attrs = (uint32_t)n_attrs,
                  .n_out = (uint32_t)n_out,
                  .op = keep(r, op, strlen(op) + 1),
                  .args = keep_args(r, n_in, in),
                  .attrs = copies};
    add(r, &s);
    for (size_t i = 0; i < n_out && !r->failed; i++) add_slot(r, outs[i]);
}

void ox__record_constant(ox_call *k, ox_tensor t, ox_value out)
{
    if (!open(k)) return;
    ox__deed s = {.kind = OX__DEED_CONSTANT, .tensor = keep_tensor(k->rec, k->c->m, t)};
    add(k->rec, &s);
    add_slot(k->rec, out);
}

void ox__record_return(ox_call *k)
{
    if (!open(k)) return;
    ox__deed s = {.kind = OX__DEED_RETURN, .n_args = (uint32_t)k->n_results};
    s.args = keep_args(k->rec, k->n_results, k->results);
    add(k->rec, &s);
}

void ox__record_no_tensor(ox_call *k, ox_value v)
{
    if (!open(k)) return;
    ox__deed s = {.kind = OX__DEED_NO_TENSOR, .slot = slot_of(k->rec, v)};
    add(k->rec, &s);
}

void ox__record_type(ox_call *k, ox_value v)
{
    if (!open(k)) return;
    ox__deed s = {.kind = OX__DEED_TYPE, .slot = slot_of(k->rec, v)};
    ox__buf b = {0};
    if (k->rec->failed || s.slot <= k->rec->n_given) return;
    if (!ox__recipe_type(k->c->m, ox_value_type(k->c->m, v), &b) || b.failed) k->rec->failed = true;
    if (!k->rec->failed) s.type = (ox__text){keep(k->rec, b.p, b.n), b.n};
    ox__buf_free(&b);
    add(k->rec, &s);
}
