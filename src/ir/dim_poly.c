/* Floor 1. Sums of products of dims, the form in which dims are added, multiplied and divided. The order of the terms
 * is lexical in the atoms (more of an earlier atom comes first), which division needs, and which puts the constant
 * last. */
#include "ir/dim.h"

static int cmp_mono(const ox_model *m, const ox__mono *a, const ox__mono *b)
{
    for (uint32_t i = 0; i < a->n && i < b->n; i++) {
        int c = ox__dim_cmp(m, a->atom[i], b->atom[i]);
        if (c) return c; /* an earlier atom: more of it */
    }
    return (a->n < b->n) - (a->n > b->n);
}

static void fail(ox__poly *p, const char *why)
{
    if (!p->failed) p->failed = why;
}

void ox__poly_add_term(const ox_model *m, ox__poly *p, const ox__mono *t, int64_t coef)
{
    int64_t c;
    if (p->failed) return;
    if (__builtin_mul_overflow(t->coef, coef, &c)) {
        fail(p, "a number in the expression is too large");
        return;
    }
    if (!c) return;
    uint32_t i = 0;
    while (i < p->n) {
        int o = cmp_mono(m, &p->t[i], t);
        if (o > 0) break;
        if (o == 0) {
            if (__builtin_add_overflow(p->t[i].coef, c, &p->t[i].coef))
                fail(p, "a number in the expression is too large");
            if (!p->t[i].coef) memmove(&p->t[i], &p->t[i + 1], (--p->n - i) * sizeof *p->t);
            return;
        }
        i++;
    }
    if (p->n == OX_DIM_MAX_TERMS) {
        fail(p, "the expression has too many terms");
        return;
    }
    memmove(&p->t[i + 1], &p->t[i], (p->n++ - i) * sizeof *p->t);
    p->t[i] = *t;
    p->t[i].coef = c;
}

void ox__poly_add(const ox_model *m, ox__poly *p, const ox__poly *q, int64_t coef)
{
    if (q->failed) fail(p, q->failed);
    for (uint32_t i = 0; i < q->n; i++) ox__poly_add_term(m, p, &q->t[i], coef);
}

/* ---- products ---- */
bool ox__mono_mul(const ox_model *m, ox__mono *out, const ox__mono *a, const ox__mono *b)
{
    if (a->n + b->n > OX_DIM_MAX_TERMS || __builtin_mul_overflow(a->coef, b->coef, &out->coef)) return false;
    uint32_t i = 0, k = 0, n = 0;
    while (i < a->n || k < b->n) {
        bool left = k == b->n || (i < a->n && ox__dim_cmp(m, a->atom[i], b->atom[k]) <= 0);
        out->atom[n++] = left ? a->atom[i++] : b->atom[k++];
    }
    out->n = n;
    return true;
}

bool ox__mono_div(const ox_model *m, ox__mono *out, const ox__mono *a, const ox__mono *b)
{
    (void)m;
    if (b->n > a->n || (b->coef == -1 && a->coef == INT64_MIN) || a->coef % b->coef) return false;
    uint32_t k = 0, n = 0;
    for (uint32_t i = 0; i < a->n; i++) {
        if (k < b->n && a->atom[i].id == b->atom[k].id)
            k++;
        else
            out->atom[n++] = a->atom[i];
    }
    out->n = n;
    out->coef = a->coef / b->coef;
    return k == b->n;
}

bool ox__poly_div(const ox_model *m, ox__poly *q, const ox__poly *a, const ox__poly *b)
{
    ox__poly rest = *a;
    q->n = 0;
    q->failed = NULL;
    if (!b->n) return false;
    for (int steps = 0; rest.n && steps < 2 * OX_DIM_MAX_TERMS; steps++) {
        ox__mono t, product;
        if (!ox__mono_div(m, &t, &rest.t[0], &b->t[0])) return false;
        ox__poly_add_term(m, q, &t, 1);
        for (uint32_t i = 0; i < b->n; i++) {
            if (!ox__mono_mul(m, &product, &t, &b->t[i])) return false;
            ox__poly_add_term(m, &rest, &product, -1);
        }
        if (rest.failed || q->failed) return false;
    }
    return rest.n == 0;
}

/* ---- from and to dims ---- */
static ox__mono mono_of(const ox_model *m, ox_dim d)
{
    ox__mono t;
    t.coef = 1;
    t.n = 0;
    if (ox_dim_is_const(m, d, &t.coef)) return t;
    const ox_dim *ops = &d;
    size_t n = ox_dim_get_kind(m, d) == OX_DIM_MUL ? ox_dim_operands(m, d, &ops) : 1;
    for (size_t i = 0; i < n; i++)
        if (!ox_dim_is_const(m, ops[i], &t.coef)) t.atom[t.n++] = ops[i];
    return t;
}

void ox__poly_of(const ox_model *m, ox__poly *p, ox_dim d)
{
    p->n = 0;
    p->failed = NULL;
    const ox_dim *ops = &d;
    size_t n = ox_dim_get_kind(m, d) == OX_DIM_ADD ? ox_dim_operands(m, d, &ops) : 1;
    for (size_t i = 0; i < n; i++) {
        ox__mono t = mono_of(m, ops[i]);
        ox__poly_add_term(m, p, &t, 1);
    }
}

static ox_dim mono_dim(ox_model *m, const ox__mono *t)
{
    ox_dim ops[OX_DIM_MAX_TERMS + 1];
    size_t n = 0;
    if (t->coef != 1 || !t->n) ops[n++] = ox_dim_const(m, t->coef);
    if (n && !ops[0].id) return ops[0];
    memcpy(ops + n, t->atom, t->n * sizeof *ops);
    n += t->n;
    return n == 1 ? ops[0] : ox__dim_make(m, OX_DIM_MUL, n, ops);
}

ox_dim ox__poly_dim(ox_model *m, const ox__poly *p)
{
    if (p->failed) return ox_dim_unknown(m, p->failed);
    if (!p->n) return ox_dim_const(m, 0);
    ox_dim ops[OX_DIM_MAX_TERMS];
    for (uint32_t i = 0; i < p->n; i++) {
        ops[i] = mono_dim(m, &p->t[i]);
        ox_dim_kind k = ox_dim_get_kind(m, ops[i]);
        if (k == OX_DIM_NONE || k == OX_DIM_UNKNOWN) return ops[i];
    }
    return p->n == 1 ? ops[0] : ox__dim_make(m, OX_DIM_ADD, p->n, ops);
}
