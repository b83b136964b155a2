/* Floor 5. Forms of dims: how one vector of sizes (a number for each model) becomes another, and the text of a form. */
#include "convert/baked.h"

#include <stdlib.h>

enum { MAX_FLOOR = 4096, MAX_BENT = 64 };

typedef struct vectors {
    size_t n; /* models */
    const int64_t *want;
} vectors;

static bool scale(const vectors *w, const int64_t *p, ox__form *form)
{
    int64_t mul = p[0] > 0 ? w->want[0] / p[0] : 0, div = w->want[0] > 0 ? p[0] / w->want[0] : 0;
    bool times = mul > 1, part = div > 1;
    for (size_t k = 0; k < w->n; k++) {
        int64_t r;
        if (p[k] < 1 || w->want[k] < 1) return false;
        times = times && !__builtin_mul_overflow(p[k], mul, &r) && r == w->want[k];
        part = part && !__builtin_mul_overflow(w->want[k], div, &r) && r == p[k];
    }
    form->mul = times ? mul : 1;
    form->div = part ? div : 1;
    return times || part;
}

static bool shift(const vectors *w, const int64_t *p, ox__form *form)
{
    form->add = w->want[0] - p[0];
    for (size_t k = 1; k < w->n; k++)
        if (w->want[k] - p[k] != form->add) return false;
    return true;
}

/* The quotients that p, rounded down or up, gives by: a range, empty if there is none. */
static int64_t quotients(const vectors *w, const int64_t *p, bool up, int64_t *first)
{
    int64_t low = 2, high = MAX_FLOOR;
    for (size_t k = 0; k < w->n; k++) {
        int64_t want = w->want[k];
        if (want < (up ? 2 : 1) || p[k] < want) return 0;
        low = OX__MAX(low, up ? (p[k] - 1) / want + 1 : p[k] / (want + 1) + 1);
        high = OX__MIN(high, up ? (p[k] - 1) / (want - 1) : p[k] / want);
    }
    *first = low;
    return high < low ? 0 : high - low + 1;
}

/* One quotient only, rounded down or up. */
static bool divide(const vectors *w, const int64_t *p, ox__form *form)
{
    int64_t down, up, n_down = quotients(w, p, false, &down), n_up = quotients(w, p, true, &up);
    if (n_down + n_up != 1) return false;
    form->div = n_down ? down : up;
    form->bias = n_down ? 0 : up - 1;
    return true;
}

/* A quotient, moved: one only. */
static bool bend(const vectors *w, const int64_t *p, ox__form *form)
{
    size_t n = 0;
    for (int64_t q = 2; q <= MAX_BENT; q++) {
        int64_t add = w->want[0] - p[0] / q;
        bool fits = add != 0 && p[0] >= q;
        for (size_t k = 1; k < w->n && fits; k++) fits = p[k] >= q && w->want[k] - p[k] / q == add;
        if (!fits) continue;
        n++;
        form->div = q;
        form->add = add;
    }
    return n == 1;
}

/* p * mul / div, the two without a common divisor. */
static bool in_ratio(const vectors *w, const int64_t *p, int64_t mul, int64_t div, int64_t bias)
{
    for (size_t k = 0; k < w->n; k++) {
        int64_t r;
        if (p[k] < 1 || __builtin_mul_overflow(p[k], mul, &r) || __builtin_add_overflow(r, bias, &r)) return false;
        if (r / div != w->want[k]) return false;
    }
    return true;
}

static bool have_common(int64_t a, int64_t b)
{
    for (int64_t q = 2; q <= b; q++)
        if (a % q == 0 && b % q == 0) return true;
    return false;
}

static bool three_differ(size_t n, const int64_t *p)
{
    size_t b = 1;
    while (b < n && p[b] == p[0]) b++;
    for (size_t k = b + 1; k < n; k++)
        if (p[k] != p[0] && p[k] != p[b]) return true;
    return false;
}

/* One ratio only; where all divide evenly, it is rounded down. */
static bool ratio(const vectors *w, const int64_t *p, ox__form *form)
{
    enum { MAX_DIV = 8, MAX_TIMES = 4 };
    size_t n = 0;
    if (!three_differ(w->n, p)) return false;
    for (int64_t div = 2; div <= MAX_DIV; div++)
        for (int64_t mul = 2; mul <= MAX_TIMES * div; mul++) {
            if (have_common(mul, div)) continue;
            bool down = in_ratio(w, p, mul, div, 0), up = in_ratio(w, p, mul, div, div - 1);
            if (!down && !up) continue;
            n++;
            form->mul = mul;
            form->div = div;
            form->bias = down ? 0 : div - 1;
        }
    return n == 1;
}

/* A line through all; two points always have one, so three are asked for. */
static bool line(const vectors *w, const int64_t *p, ox__form *form)
{
    size_t a = 0, b = 1;
    while (b < w->n && p[b] == p[a]) b++;
    if (w->n < 3 || b == w->n || (w->want[b] - w->want[a]) % (p[b] - p[a])) return false;
    int64_t mul = (w->want[b] - w->want[a]) / (p[b] - p[a]), r;
    bool three = false;
    if (mul < 1 || __builtin_mul_overflow(mul, p[a], &r)) return false;
    form->mul = mul;
    form->add = w->want[a] - r;
    for (size_t k = 0; k < w->n; k++) {
        if (__builtin_mul_overflow(mul, p[k], &r) || r + form->add != w->want[k]) return false;
        three = three || (p[k] != p[a] && p[k] != p[b]);
    }
    return three;
}

bool ox__form_adjust(ox__level how, size_t n, const int64_t *want, const int64_t *p, ox__form *form)
{
    const vectors v = {n, want}, *w = &v;
    form->mul = form->div = 1;
    form->add = form->bias = 0;
    switch (how) {
    case OX__FIT_EXACT: return memcmp(p, want, n * sizeof *p) == 0;
    case OX__FIT_SCALED: return scale(w, p, form);
    case OX__FIT_SHIFTED: return shift(w, p, form);
    case OX__FIT_FLOORED: return divide(w, p, form);
    case OX__FIT_LINE: return line(w, p, form);
    case OX__FIT_BENT: return bend(w, p, form);
    case OX__FIT_RATIO: return ratio(w, p, form);
    default: return false;
    }
}

/* ---- text ---- */
void ox__form_text(const ox_model *m, const ox__form *form, ox__buf *out)
{
    bool inner = form->sum && (form->div > 1 || form->mul > 1), outer = form->bias != 0;
    bool all = form->negative && (form->n > 1 || form->mul > 1 || form->div > 1 || form->bias || form->add);
    ox__buf_addz(out, all ? "-(" : form->negative ? "-" : "");
    if (outer) ox__buf_addc(out, '(');
    if (form->mul > 1) ox__buf_addf(out, "%lld*", (long long)form->mul);
    if (inner) ox__buf_addc(out, '(');
    for (uint32_t i = 0; i < form->n; i++) {
        const ox__point *p = &form->at[i];
        size_t n;
        const char *name = ox_str_text(m, ox_value_name(m, p->v), &n);
        bool input = ox_value_is_input(m, p->v);
        if (i) ox__buf_addz(out, form->minus ? " - " : form->sum ? " + " : "*");
        ox__buf_addz(out, input ? "" : "%");
        ox__buf_add(out, name, n);
        if (!n) ox__buf_addf(out, "%u", p->v.id);
        ox__buf_addf(out, ":%d", (int)p->axis);
    }
    if (inner) ox__buf_addc(out, ')');
    if (outer) ox__buf_addf(out, " + %lld)", (long long)form->bias);
    if (form->div > 1) ox__buf_addf(out, "//%lld", (long long)form->div);
    if (form->add) ox__buf_addf(out, form->add > 0 ? " + %lld" : " - %lld", llabs((long long)form->add));
    if (all) ox__buf_addc(out, ')');
}
