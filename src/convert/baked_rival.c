/* Floor 5. What else fits: sizes that change in proportion, or by the same number, make a constant a form of more than
 * one dim of the inputs. A form that is simpler is taken only where that is no chance: a dim that stands in a shape
 * where it stood in the value that is brought to that shape. Else the two are held against each other at other sizes,
 * and neither is proved if they differ. */
#include "convert/baked.h"

typedef struct search {
    const ox__fit *f;
    const ox__site *s;
    bool exact;   /* the form is a plain dim */
    bool shape;   /* it stands in a shape, where few numbers stand that are moved or rounded */
    bool natural; /* and where the dim stood */
    ox__answer *out;
} search;

static bool same_form(const ox__form *a, const ox__form *b)
{
    return a->n == 1 && b->n == 1 && a->at[0].v.id == b->at[0].v.id && a->at[0].axis == b->at[0].axis &&
           a->mul == b->mul && a->bias == b->bias && a->div == b->div && a->add == b->add;
}

static void add(search *w, const ox__form *form)
{
    ox__answer *x = w->out;
    if (!same_form(form, &x->form) && x->n_rivals < OX__BAKED_RIVALS) x->rivals[x->n_rivals++] = *form;
}

/* A half, moved a little. */
static bool halved(const search *w, const int64_t *p, ox__form *form)
{
    enum { MOVED = 4 };
    int64_t moved = w->s->v[0] - p[0] / 2;
    if (moved < -MOVED || moved > MOVED || ((w->exact || w->shape) && moved)) return false;
    for (size_t k = 0; k < w->f->a->n; k++)
        if (p[k] < 2 || w->s->v[k] - p[k] / 2 != moved) return false;
    form->div = 2;
    form->add = moved;
    return true;
}

static void of_root(search *w, const ox__point *p)
{
    ox__form form = {.n = 1, .at[0] = *p, .mul = 1, .div = 1};
    size_t n = w->f->a->n;
    int64_t near = w->exact ? 1 : 2;
    bool fits = ox__form_adjust(OX__FIT_EXACT, n, w->s->v, p->size, &form) ||
                ox__form_adjust(OX__FIT_SCALED, n, w->s->v, p->size, &form);
    if (!fits && !w->natural && !(w->shape && w->exact)) {
        fits = ox__form_adjust(OX__FIT_SHIFTED, n, w->s->v, p->size, &form) && form.add >= -near && form.add <= near;
        if (!fits) form.add = 0;
        fits = fits || halved(w, p->size, &form);
    }
    if (fits) add(w, &form);
}

uint64_t ox__form_classes(const ox__fit *f, const ox__form *form)
{
    uint64_t classes = 0;
    for (uint32_t i = 0; i < form->n; i++) {
        uint64_t found = 0;
        for (size_t k = 0; k < f->roots.n && !found; k++)
            if (memcmp(f->roots.p[k].at.size, form->at[i].size, f->a->n * sizeof *form->at[i].size) == 0)
                found = UINT64_C(1) << f->roots.p[k].cls;
        if (!found) return 0;
        classes |= found;
    }
    return classes;
}

static bool is_natural(const ox__fit *f, const ox__site *s, const ox__form *form)
{
    const ox_model *m = f->a->at[0].m;
    if (form->n != 1 || form->at[0].axis != s->item) return false;
    for (size_t i = 0; i < ox_node_n_inputs(m, s->node); i++)
        if (ox_node_input(m, s->node, i).id == form->at[0].v.id) return true;
    return false;
}

void ox__rivals(const ox__fit *f, const ox__site *s, ox__answer *out)
{
    const ox__form *form = &out->form;
    bool plain = form->n == 1 && form->mul == 1 && form->div == 1 && !form->add && !form->bias;
    bool shape = !s->attr.id && ox__input_is_shape(f->a->at[0].m, s->node, s->input);
    search w = {f, s, plain, shape, shape && is_natural(f, s, form), out};
    uint64_t seen = 0, here = ox__form_classes(f, form);
    if (plain && w.natural) return;
    for (size_t i = 0; i < f->roots.n; i++) {
        uint64_t bit = UINT64_C(1) << f->roots.p[i].cls;
        if (!(seen & bit)) of_root(&w, &f->roots.p[i].at);
        seen |= bit;
    }
    if (!here) return; /* types tell whether they are the same */
    for (uint32_t i = 0; i < out->n_rivals; i++) {
        uint64_t there = ox__form_classes(f, &out->rivals[i]);
        if (here == there || !there) continue;
        out->state = OX_BAKED_UNSURE;
        out->other = out->rivals[i];
        out->classes = UINT64_MAX;
        out->depends = here | there;
        out->why = "more than one form fits: sizes that differ otherwise would tell";
        return;
    }
}

bool ox__half_of(const ox__aligned *a, int64_t number, ox__point *out)
{
    const ox_model *m = a->at[0].m;
    ox_graph g = ox_model_main(m);
    if (number < 2) return false;
    for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++) {
        ox_value v = ox_graph_input(m, g, i);
        if (ox_value_tensor(m, v).id) continue;
        for (int32_t d = 0; d < a->at[0].of[v.id].rank; d++) {
            bool half = ox__point_of(a, v, d, out), differs = false;
            for (size_t k = 0; k < a->n && half; k++) {
                half = out->size[k] / 2 == number;
                differs = differs || out->size[k] != out->size[0];
            }
            if (half && differs) return true;
        }
    }
    return false;
}
