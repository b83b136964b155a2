/* Floor 1. Arithmetic of dims. What is exact is simplified, whatever integers the symbols stand for (a divisor is taken
 * not to be zero); nothing is assumed of their sign. */
#include "ir/dim.h"

/* What decides the result before any arithmetic: an operand that is none or unknown. */
static bool settled(const ox_model *m, ox_dim a, ox_dim b, ox_dim *out)
{
    if (!m) {
        *out = (ox_dim){0};
        return true;
    }
    ox_dim_kind ka = ox_dim_get_kind(m, a), kb = ox_dim_get_kind(m, b);
    bool none = ka == OX_DIM_NONE || kb == OX_DIM_NONE;
    if (none)
        *out = (ox_dim){0};
    else if (ka == OX_DIM_UNKNOWN)
        *out = a;
    else if (kb == OX_DIM_UNKNOWN)
        *out = b;
    return none || ka == OX_DIM_UNKNOWN || kb == OX_DIM_UNKNOWN;
}

static ox_dim sum(ox_model *m, ox_dim a, ox_dim b, int64_t sign)
{
    ox_dim out;
    if (settled(m, a, b, &out)) return out;
    int64_t x, y, z;
    if (ox_dim_is_const(m, a, &x) && ox_dim_is_const(m, b, &y) &&
        !(sign > 0 ? __builtin_add_overflow(x, y, &z) : __builtin_sub_overflow(x, y, &z)))
        return ox_dim_const(m, z);
    ox__poly p, q;
    ox__poly_of(m, &p, a);
    ox__poly_of(m, &q, b);
    ox__poly_add(m, &p, &q, sign);
    return ox__poly_dim(m, &p);
}

ox_dim ox_dim_add(ox_model *m, ox_dim a, ox_dim b)
{
    return sum(m, a, b, 1);
}

ox_dim ox_dim_sub(ox_model *m, ox_dim a, ox_dim b)
{
    return sum(m, a, b, -1);
}

ox_dim ox_dim_mul(ox_model *m, ox_dim a, ox_dim b)
{
    ox_dim out;
    int64_t x = 1, y = 1, z;
    bool ca = ox_dim_is_const(m, a, &x), cb = ox_dim_is_const(m, b, &y);
    bool none = ox_dim_get_kind(m, a) == OX_DIM_NONE || ox_dim_get_kind(m, b) == OX_DIM_NONE;
    if (m && !none && ((ca && !x) || (cb && !y))) return ox_dim_const(m, 0); /* even of an unknown */
    if (settled(m, a, b, &out)) return out;
    if (ca && cb && !__builtin_mul_overflow(x, y, &z)) return ox_dim_const(m, z);
    ox__poly p, q, r = {.n = 0};
    ox__poly_of(m, &p, a);
    ox__poly_of(m, &q, b);
    for (uint32_t i = 0; i < p.n; i++)
        for (uint32_t k = 0; k < q.n; k++) {
            ox__mono t;
            if (!ox__mono_mul(m, &t, &p.t[i], &q.t[k])) return ox_dim_unknown(m, "the expression is too large");
            ox__poly_add_term(m, &r, &t, 1);
        }
    return ox__poly_dim(m, &r);
}

/* ---- floor division ---- */
static int64_t floor_div(int64_t a, int64_t b) /* b > 0 */
{
    return a / b - (a % b < 0);
}

static int64_t gcd(int64_t a, int64_t b)
{
    uint64_t x = a < 0 ? 0 - (uint64_t)a : (uint64_t)a, y = b < 0 ? 0 - (uint64_t)b : (uint64_t)b;
    while (y) {
        uint64_t r = x % y;
        x = y;
        y = r;
    }
    return x > INT64_MAX ? 1 : (int64_t)x;
}

/* q + num // den, where nothing can be taken out of the fraction any more. */
static ox_dim with_fraction(ox_model *m, const ox__poly *q, const ox__poly *num, ox_dim den)
{
    ox_dim ops[2] = {ox__poly_dim(m, num), den};
    ox_dim whole = ox__poly_dim(m, q), out;
    if (settled(m, ops[0], ops[1], &out)) return out;
    return ox_dim_add(m, whole, ox__dim_make(m, OX_DIM_FLOORDIV, 2, ops));
}

/* (x//c1 + k) // c is (x + k*c1) // (c1*c) for c1, c > 0. */
static bool unnest(ox_model *m, const ox__poly *r, int64_t c, ox_dim *num, int64_t *den)
{
    if (r->n > 2 || r->t[0].n != 1 || r->t[0].coef != 1 || (r->n == 2 && r->t[1].n)) return false;
    const ox_dim *ops;
    int64_t c1, k = r->n == 2 ? r->t[1].coef : 0;
    if (ox_dim_get_kind(m, r->t[0].atom[0]) != OX_DIM_FLOORDIV) return false;
    ox_dim_operands(m, r->t[0].atom[0], &ops);
    if (!ox_dim_is_const(m, ops[1], &c1) || c1 <= 0) return false;
    if (__builtin_mul_overflow(c1, c, den) || __builtin_mul_overflow(k, c1, &k)) return false;
    *num = ox_dim_add(m, ops[0], ox_dim_const(m, k));
    return true;
}

static ox_dim floordiv_const(ox_model *m, ox__poly *a, int64_t c)
{
    ox__poly q = {.n = 0}, r = {.n = 0};
    if (c == INT64_MIN) return ox_dim_unknown(m, "a number in the expression is too large");
    int64_t sign = c < 0 ? -1 : 1, g;
    c *= sign;
    g = c;
    for (uint32_t i = 0; i < a->n; i++) {
        ox__mono t = a->t[i];
        if (t.coef == INT64_MIN) return ox_dim_unknown(m, "a number in the expression is too large");
        int64_t coef = t.coef * sign;
        t.coef = 1;
        ox__poly_add_term(m, &q, &t, floor_div(coef, c));
        ox__poly_add_term(m, &r, &t, coef - floor_div(coef, c) * c);
        if (t.n) g = gcd(g, coef - floor_div(coef, c) * c);
    }
    if (ox__poly_is_const(&r)) return ox__poly_dim(m, &q); /* 0 <= r < c */
    for (uint32_t i = 0; i < r.n; i++) r.t[i].coef /= g;   /* the constant rounds down, as it may */
    if (!r.t[r.n - 1].coef) r.n--;
    c /= g;
    ox_dim num;
    int64_t den;
    if (unnest(m, &r, c, &num, &den)) {
        ox_dim fraction = ox_dim_floordiv(m, num, ox_dim_const(m, den));
        return ox_dim_add(m, ox__poly_dim(m, &q), fraction);
    }
    return with_fraction(m, &q, &r, ox_dim_const(m, c));
}

/* Takes from every term of a and b what divides them all: a number, and atoms. */
static void cancel(const ox_model *m, ox__poly *a, ox__poly *b)
{
    ox__mono common = a->t[0];
    common.coef = 0;
    for (int side = 0; side < 2; side++) {
        const ox__poly *p = side ? b : a;
        for (uint32_t i = 0; i < p->n; i++) {
            common.coef = gcd(common.coef, p->t[i].coef);
            uint32_t n = 0;
            for (uint32_t k = 0, l = 0; k < common.n && l < p->t[i].n;) {
                int c = ox__dim_cmp(m, common.atom[k], p->t[i].atom[l]);
                if (c == 0) common.atom[n++] = common.atom[k];
                k += c <= 0;
                l += c >= 0;
            }
            if (!p->t[i].n) n = 0;
            common.n = n;
        }
    }
    if (b->t[0].coef < 0) common.coef = -common.coef;
    for (int side = 0; side < 2; side++) {
        ox__poly *p = side ? b : a;
        for (uint32_t i = 0; i < p->n; i++) {
            ox__mono t;
            if (ox__mono_div(m, &t, &p->t[i], &common)) p->t[i] = t;
        }
    }
}

static ox_dim floordiv_poly(ox_model *m, ox__poly *a, ox__poly *b)
{
    ox__poly q;
    if (ox__poly_div(m, &q, a, b)) return ox__poly_dim(m, &q);
    q.n = 0;
    q.failed = NULL;
    if (b->n == 1) { /* what the product divides comes out of the fraction */
        ox__poly r = {.n = 0};
        for (uint32_t i = 0; i < a->n; i++) {
            ox__mono t;
            bool divides = ox__mono_div(m, &t, &a->t[i], &b->t[0]);
            ox__poly_add_term(m, divides ? &q : &r, divides ? &t : &a->t[i], 1);
        }
        *a = r;
    }
    cancel(m, a, b);
    int64_t one = ox__poly_is_const(b) ? ox__poly_const(b) : 0;
    if (one) return ox_dim_add(m, ox__poly_dim(m, &q), floordiv_const(m, a, one));
    return with_fraction(m, &q, a, ox__poly_dim(m, b));
}

ox_dim ox_dim_floordiv(ox_model *m, ox_dim a, ox_dim b)
{
    ox_dim out;
    int64_t c;
    if (settled(m, a, b, &out)) return out;
    bool constant = ox_dim_is_const(m, b, &c);
    if (constant && c == 0) return ox_dim_unknown(m, "a division by zero");
    ox__poly p, q;
    ox__poly_of(m, &p, a);
    if (!p.n) return ox_dim_const(m, 0);
    if (constant) return floordiv_const(m, &p, c);
    ox__poly_of(m, &q, b);
    return floordiv_poly(m, &p, &q);
}

/* ---- max and min ---- */
/* Whether a - b is a constant, and which. */
static bool apart(ox_model *m, ox_dim a, ox_dim b, int64_t *by)
{
    ox__poly p, q;
    ox__poly_of(m, &p, a);
    ox__poly_of(m, &q, b);
    ox__poly_add(m, &p, &q, -1);
    if (p.failed || !ox__poly_is_const(&p)) return false;
    *by = ox__poly_const(&p);
    return true;
}

/* Adds d to the operands unless one of them makes it superfluous, which it may make them, too. */
static bool extreme_add(ox_model *m, ox_dim *ops, size_t *n, ox_dim d, bool max)
{
    for (size_t i = 0; i < *n; i++) {
        int64_t by;
        if (!apart(m, d, ops[i], &by)) continue;
        if (max ? by > 0 : by < 0) {
            memmove(ops + i, ops + i + 1, (--*n - i) * sizeof *ops);
            i--;
            continue;
        }
        return true;
    }
    if (*n == OX_DIM_MAX_TERMS) return false;
    size_t at = *n;
    while (at > 0 && ox__dim_cmp(m, ops[at - 1], d) > 0) at--;
    memmove(ops + at + 1, ops + at, (*n - at) * sizeof *ops);
    ops[at] = d;
    ++*n;
    return true;
}

static ox_dim extreme(ox_model *m, ox_dim a, ox_dim b, ox_dim_kind kind)
{
    ox_dim out, ops[OX_DIM_MAX_TERMS];
    if (settled(m, a, b, &out)) return out;
    size_t n = 0;
    for (int side = 0; side < 2; side++) {
        ox_dim d = side ? b : a;
        const ox_dim *in = &d;
        size_t n_in = ox_dim_get_kind(m, d) == kind ? ox_dim_operands(m, d, &in) : 1;
        for (size_t i = 0; i < n_in; i++)
            if (!extreme_add(m, ops, &n, in[i], kind == OX_DIM_MAX))
                return ox_dim_unknown(m, "the expression has too many terms");
    }
    return n == 1 ? ops[0] : ox__dim_make(m, kind, n, ops);
}

ox_dim ox_dim_max(ox_model *m, ox_dim a, ox_dim b)
{
    return extreme(m, a, b, OX_DIM_MAX);
}

ox_dim ox_dim_min(ox_model *m, ox_dim a, ox_dim b)
{
    return extreme(m, a, b, OX_DIM_MIN);
}

/* ---- substitution: as deep as the expression, which its leaves bound ---- */
ox_dim ox_dim_substitute(ox_model *m, ox_dim d, ox_str name, ox_dim by)
{
    if (!m) return d;
    ox_dim_kind kind = ox_dim_get_kind(m, d);
    if (kind == OX_DIM_SYMBOL) return ox_dim_name(m, d).id == name.id ? by : d;
    const ox_dim *ops;
    size_t n = ox_dim_operands(m, d, &ops);
    if (!n) return d;
    ox_dim out = ox_dim_substitute(m, ops[0], name, by);
    for (size_t i = 1; i < n; i++) {
        ox_dim next = ox_dim_substitute(m, ops[i], name, by);
        switch (kind) {
        case OX_DIM_ADD: out = ox_dim_add(m, out, next); break;
        case OX_DIM_MUL: out = ox_dim_mul(m, out, next); break;
        case OX_DIM_FLOORDIV: out = ox_dim_floordiv(m, out, next); break;
        case OX_DIM_MAX: out = ox_dim_max(m, out, next); break;
        default: out = ox_dim_min(m, out, next); break;
        }
    }
    return out;
}
