/* Floor 5. The key of a recipe: all that a symbolic function sees of its arguments, as bytes. */
#include "convert/recipe.h"

#include <onnxsh/print.h>

enum { MAX_KEY = 4096 }; /* longer ones hardly come twice */

static void put(ox__buf *b, const void *p, size_t n)
{
    ox__buf_add(b, p, n);
}

static void put_number(ox__buf *b, int64_t i)
{
    put(b, &i, sizeof i);
}

/* A text that its buffer holds whole, with its length in front. */
static bool put_text(ox__buf *b, const char *text, size_t n, size_t size)
{
    put_number(b, (int64_t)n);
    put(b, text, OX__MIN(n, size - 1));
    return n < size;
}

static bool put_dim(const ox_model *m, ox_dim d, ox__buf *out)
{
    char text[512];
    int64_t value = -1;
    ox_dim_kind kind = ox_dim_get_kind(m, d);
    if (kind == OX_DIM_CONST && ox_dim_is_const(m, d, &value)) {
        put_number(out, value);
        return true;
    }
    put_number(out, -1);
    if (kind == OX_DIM_UNKNOWN || kind == OX_DIM_NONE) return true;
    size_t n = ox_dim_text(m, d, text, sizeof text);
    return put_text(out, text, n, sizeof text);
}

bool ox__recipe_type(const ox_model *m, ox_type t, ox__buf *out)
{
    char text[512];
    ox_type_info i = ox_type_get(m, t);
    put_number(out, (int64_t)i.kind << 32 | (int64_t)i.dtype);
    if (i.kind != OX_TYPE_TENSOR) {
        size_t n = ox_type_text(m, t, text, sizeof text);
        return put_text(out, text, n, sizeof text);
    }
    put_number(out, i.rank);
    for (int32_t k = 0; k < i.rank; k++)
        if (!put_dim(m, i.dims[k], out)) return false;
    return true;
}

/* A value by its slot, the first time with its type. */
static bool put_value(const ox_model *m, ox_value v, ox__slots *slots, ox__buf *out)
{
    uint32_t i = 0;
    while (i < slots->n && slots->v[i].id != v.id) i++;
    put_number(out, i);
    if (i < slots->n) return true;
    if (i == OX__RECIPE_SLOTS) return false;
    slots->v[slots->n++] = v;
    return ox__recipe_type(m, ox_value_type(m, v), out);
}

static bool put_arg(const ox_model *m, const ox_arg *a, ox__slots *slots, ox__buf *out)
{
    put_number(out, (int64_t)a->kind << 1 | (int64_t)a->rounded);
    switch (a->kind) {
    case OX_ARG_NONE: return true;
    case OX_ARG_VALUE: return put_value(m, a->v, slots, out);
    case OX_ARG_INT:
    case OX_ARG_BOOL: put_number(out, a->i); return true;
    case OX_ARG_FLOAT: put(out, &a->f, sizeof a->f); return true;
    case OX_ARG_DTYPE: put_number(out, a->dtype); return true;
    case OX_ARG_STR: return put_text(out, a->s, a->s_n, MAX_KEY);
    case OX_ARG_LIST: break;
    }
    put_number(out, (int64_t)a->n);
    for (size_t i = 0; i < a->n; i++)
        if (out->n > MAX_KEY || !put_arg(m, &a->items[i], slots, out)) return false;
    return true;
}

bool ox__recipe_key(const ox_call *k, const ox__binding *b, ox__slots *slots, ox__buf *out)
{
    const ox__conv *c = k->c;
    slots->n = 0;
    ox__buf_clear(out);
    put_number(out, (int64_t)b->symbol->number);
    put_number(out, c->opset);
    put_number(out, (int64_t)k->n_outputs);
    for (size_t i = 0; i < ox_node_n_outputs(c->m, k->node); i++)
        if (!ox__recipe_type(c->m, ox_call_traced_type(k, i), out)) return false;
    put_number(out, (int64_t)b->n_args);
    for (size_t i = 0; i < b->n_args; i++)
        if (!put_arg(c->m, &b->args[i], slots, out)) return false;
    return out->n <= MAX_KEY && !out->failed;
}
