/* Floor 5. Whether two forms that fit are the same: once the types are inferred, each dim is an expression of symbols,
 * and the forms are computed for sizes that no model had. A symbol takes multiples of what divides its sizes in all
 * models, for a network may take no others: small ones, and more than it was in any model, for windows may leave
 * nothing of small ones. */
#include "convert/baked.h"

enum { TRIES = 24, MOST = 9, MAX_NEST = 32, OTHER_SIZE = 48 };

typedef struct trial {
    const ox_model *m;
    const ox__symbols *s;
    uint32_t number; /* the models first, then sizes that none had */
} trial;

static int64_t size_of(const trial *t, ox_str name)
{
    const char *text = ox_str_text(t->m, name, NULL);
    for (size_t i = 0; i < t->s->n; i++)
        if (strcmp(t->s->name[i], text) == 0) {
            if (t->number < t->s->n_models) return t->s->size[i][t->number];
            uint64_t some = ox__hash_mix(t->number, i); /* any mixture does */
            int64_t most = 0, more = t->s->step[i] * (int64_t)(1 + some % MOST);
            for (size_t k = 0; k < t->s->n_models; k++) most = OX__MAX(most, t->s->size[i][k]);
            return t->number & 1 ? more : most <= INT64_MAX - more ? most + more : more;
        }
    return OTHER_SIZE;
}

static bool join(ox_dim_kind kind, int64_t b, int64_t *v)
{
    switch (kind) {
    case OX_DIM_ADD: return !__builtin_add_overflow(*v, b, v);
    case OX_DIM_MUL: return !__builtin_mul_overflow(*v, b, v);
    case OX_DIM_MAX: *v = OX__MAX(*v, b); return true;
    case OX_DIM_MIN: *v = OX__MIN(*v, b); return true;
    case OX_DIM_FLOORDIV:
        if (b < 1) return false;
        *v = *v / b - (*v % b < 0);
        return true;
    default: return false;
    }
}

static bool dim_value(const trial *t, ox_dim d, int nest, int64_t *v)
{
    const ox_dim *ops;
    ox_dim_kind kind = ox_dim_get_kind(t->m, d);
    if (ox_dim_is_const(t->m, d, v)) return true;
    if (kind == OX_DIM_SYMBOL) {
        *v = size_of(t, ox_dim_name(t->m, d));
        return true;
    }
    size_t n = ox_dim_operands(t->m, d, &ops);
    if (!n || nest == MAX_NEST || !dim_value(t, ops[0], nest + 1, v)) return false;
    for (size_t i = 1; i < n; i++) {
        int64_t b;
        if (!dim_value(t, ops[i], nest + 1, &b) || !join(kind, b, v)) return false;
    }
    return true;
}

/* Behind a constant that is left, types say the traced size: they are not to be believed. */
static bool point_holds(const ox_model *m, const ox__symbols *s, const ox__point *p)
{
    ox_type_info y = ox_type_get(m, ox_value_type(m, p->v));
    if (y.kind != OX_TYPE_TENSOR || p->axis >= y.rank) return false;
    for (uint32_t k = 0; k < s->n_models; k++) {
        trial t = {m, s, k};
        int64_t v;
        if (!dim_value(&t, y.dims[p->axis], 0, &v) || v != p->size[k]) return false;
    }
    return true;
}

static bool form_holds(const ox_model *m, const ox__symbols *s, const ox__form *form)
{
    bool holds = true;
    for (uint32_t i = 0; i < form->n; i++) holds = holds && point_holds(m, s, &form->at[i]);
    return holds;
}

static bool point_value(const trial *t, const ox__point *p, int64_t *v)
{
    ox_type_info y = ox_type_get(t->m, ox_value_type(t->m, p->v));
    return y.kind == OX_TYPE_TENSOR && p->axis < y.rank && dim_value(t, y.dims[p->axis], 0, v) && *v > 0;
}

static bool form_value(const trial *t, const ox__form *form, int64_t *v)
{
    if (!point_value(t, &form->at[0], v)) return false;
    for (uint32_t i = 1; i < form->n; i++) {
        int64_t b;
        if (!point_value(t, &form->at[i], &b)) return false;
        if (!join(form->sum ? OX_DIM_ADD : OX_DIM_MUL, form->minus ? -b : b, v)) return false;
    }
    return join(OX_DIM_MUL, form->mul, v) && join(OX_DIM_ADD, form->bias, v) && join(OX_DIM_FLOORDIV, form->div, v) &&
           join(OX_DIM_ADD, form->add, v) && (!form->negative || join(OX_DIM_MUL, -1, v));
}

ox__agreement ox__forms_agree(const ox_model *m, const ox__form *a, const ox__form *b, const ox__symbols *s)
{
    bool known = false;
    if (!form_holds(m, s, a) || !form_holds(m, s, b)) return OX__AGREE_UNKNOWN;
    for (uint32_t i = 0; i < TRIES; i++) {
        trial t = {m, s, (uint32_t)s->n_models + i};
        int64_t x, y;
        if (!form_value(&t, a, &x) || !form_value(&t, b, &y)) continue;
        if (x != y) return OX__DISAGREE;
        known = true;
    }
    return known ? OX__AGREE : OX__AGREE_UNKNOWN;
}
