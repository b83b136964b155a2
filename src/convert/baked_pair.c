/* Floor 5. Forms of two dims: how far one goes beyond another, and where it starts if it stands in the middle, as
 * where a larger image is cropped to a smaller one. One of them is a dim of what the node reads, the other any dim
 * before it; so many pairs are there that three models are asked for. */
#include "convert/baked.h"

typedef struct search {
    const ox__fit *f;
    const int64_t *want;
    ox__answer *out;
} search;

static bool same(const search *w, const int64_t *a, const int64_t *b)
{
    return memcmp(a, b, w->f->a->n * sizeof *a) == 0;
}

static bool fits(const search *w, const ox__form *form)
{
    for (size_t k = 0; k < w->f->a->n; k++) {
        int64_t a = form->at[0].size[k], b = form->at[1].size[k], x;
        if (form->minus ? __builtin_sub_overflow(a, b, &x) : __builtin_add_overflow(a, b, &x)) return false;
        if ((form->div > 1 && x < 0) || x / form->div != w->want[k]) return false;
    }
    return true;
}

/* Models of the same sizes count once. */
static bool three_differ(const search *w, const ox__form *form)
{
    size_t n = 0;
    for (size_t k = 0; k < w->f->a->n; k++) {
        bool seen = false;
        for (size_t j = 0; j < k; j++)
            seen = seen || (form->at[0].size[j] == form->at[0].size[k] && form->at[1].size[j] == form->at[1].size[k]);
        n += !seen;
    }
    return n >= 3;
}

static void take(search *w, const ox__form *form)
{
    ox__answer *x = w->out;
    if (!fits(w, form) || !three_differ(w, form)) return;
    if (!x->form.n) {
        x->form = *form;
        return;
    }
    bool again = x->form.n == 2 && same(w, x->form.at[0].size, form->at[0].size) &&
                 same(w, x->form.at[1].size, form->at[1].size);
    if (!again && x->n_rivals < OX__BAKED_RIVALS) x->rivals[x->n_rivals++] = *form;
}

static void pair(search *w, const ox__point *a, const ox__point *b)
{
    ox__form form = {.n = 2, .sum = true, .minus = true, .at = {*a, *b}, .mul = 1, .div = 1};
    if (same(w, a->size, b->size)) return;
    take(w, &form);
    form.div = 2;
    take(w, &form);
    form.minus = false;
    take(w, &form);
    form.div = 1;
    take(w, &form);
    form = (ox__form){.n = 2, .sum = true, .minus = true, .at = {*b, *a}, .mul = 1, .div = 1};
    take(w, &form);
    form.div = 2;
    take(w, &form);
}

void ox__pair_find(const ox__fit *f, const int64_t *want, size_t n_own, const ox__point *own, ox__answer *out)
{
    search w = {f, want, out};
    if (f->a->n < 3) return;
    for (size_t i = 0; i < n_own; i++)
        for (size_t j = i + 1; j < n_own; j++) pair(&w, &own[i], &own[j]);
    for (size_t i = 0; i < n_own; i++) {
        for (size_t k = 0; k < f->roots.n; k++) pair(&w, &own[i], &f->roots.p[k].at);
        for (size_t k = 0; k < f->points.n; k++) pair(&w, &own[i], &f->points.p[k]);
    }
}
