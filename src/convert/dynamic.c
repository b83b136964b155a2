/* Floor 5. A dim of an input becomes a symbol: which constants depend on it, which of them are proved, and the edit,
 * which is taken back whole if the types that follow contradict. */
#include "convert/baked.h"
#include "convert/forget.h"

#include <onnxsh/journal.h>

#include <stdio.h>
#include <stdlib.h>

enum { MAX_AXES = 64, MAX_ROUNDS = 4 };

typedef struct axis {
    ox_value input;
    int32_t at;
    const char *symbol;
    int64_t size;
} axis;

/* What is to be rebuilt: a site, and its row. */
typedef struct step {
    const ox__site *site;
    ox__form form, other; /* what fits as well, if other.n */
    uint32_t n_rivals;
    ox__form rivals[OX__BAKED_RIVALS];
    bool other_first, dropped;
    bool foreign; /* by the sizes of the inputs it depends on other dims: types decide */
    bool gone;    /* it does */
    size_t row;
} step;

typedef struct maker {
    ox_model *m;
    const ox_dynamic_options *opt;
    axis axes[MAX_AXES];
    size_t n_axes;
    ox__aligned a;
    ox__fit f;
    uint64_t asked, mixed; /* classes */
    ox_baked *b;
    OX__VEC(step) steps;
    ox_error *err;
} maker;

/* ---- the axes ---- */
static bool is_named(const ox_model *m, ox_value v, const char *name, bool base)
{
    size_t n = strlen(name), len;
    const char *own = ox_str_text(m, ox_value_name(m, v), &len);
    if (len < n || memcmp(own, name, n) != 0) return false;
    if (!base) return len == n;
    return len > n + 1 && own[n] == '.' && strspn(own + n + 1, "0123456789") == len - n - 1;
}

/* By its name, or by that without the number which TorchScript puts behind it, if one alone is called so. */
static ox_value input_named(const ox_model *m, const char *name)
{
    ox_graph g = ox_model_main(m);
    ox_value found = {0};
    size_t n = ox_graph_n_inputs(m, g), count = 0;
    for (size_t i = 0; i < n; i++)
        if (is_named(m, ox_graph_input(m, g, i), name, false)) return ox_graph_input(m, g, i);
    for (size_t i = 0; i < n; i++)
        if (is_named(m, ox_graph_input(m, g, i), name, true)) {
            found = ox_graph_input(m, g, i);
            count++;
        }
    return count == 1 ? found : (ox_value){0};
}

static ox_status no_input(maker *w, const char *name)
{
    ox__buf b = {0};
    ox_graph g = ox_model_main(w->m);
    size_t shown = 0;
    for (size_t i = 0; i < ox_graph_n_inputs(w->m, g) && shown < 8; i++) {
        ox_value v = ox_graph_input(w->m, g, i);
        if (ox_value_tensor(w->m, v).id || ox_type_get(w->m, ox_value_type(w->m, v)).kind == OX_TYPE_CLASS) continue;
        ox__buf_addf(&b, "%s%s", shown++ ? ", " : "", ox_str_text(w->m, ox_value_name(w->m, v), NULL));
    }
    ox_status s = b.failed ? ox__nomem(w->err) : ox__fail(w->err, OX_E_INVALID, "there is no input '%s'", name);
    if (s == OX_E_INVALID && b.n) ox_error_hint(w->err, "the inputs are %s", b.p);
    ox__buf_free(&b);
    return s;
}

static ox_status take_axis(maker *w, const ox_dynamic_axis *d)
{
    axis *x = &w->axes[w->n_axes];
    *x = (axis){.input = input_named(w->m, d->input), .symbol = d->symbol};
    if (!x->input.id) return no_input(w, d->input);
    ox_type_info t = ox_type_get(w->m, ox_value_type(w->m, x->input));
    if (t.kind != OX_TYPE_TENSOR || t.rank < 0) {
        ox__fail(w->err, OX_E_INVALID, "the dims of input '%s' are not known", d->input);
        ox_error_hint(w->err, "--input %s=float32[2,3] gives them", d->input);
        return OX_E_INVALID;
    }
    int64_t at = d->axis < 0 ? d->axis + t.rank : d->axis;
    if (at < 0 || at >= t.rank)
        return ox__fail(w->err, OX_E_INVALID, "input '%s' has %d dims, there is no dim %lld", d->input, (int)t.rank,
                        (long long)d->axis);
    x->at = (int32_t)at;
    if (!ox_dim_is_const(w->m, t.dims[at], &x->size))
        return ox__fail(w->err, OX_E_INVALID, "dim %d of input '%s' is no number: it is dynamic already", (int)at,
                        d->input);
    char *end;
    (void)strtoll(d->symbol, &end, 10);
    if (!*d->symbol || !*end) return ox__fail(w->err, OX_E_INVALID, "'%s' is no name for a dim", d->symbol);
    for (size_t i = 0; i < w->n_axes; i++) {
        const axis *y = &w->axes[i];
        bool same = y->input.id == x->input.id && y->at == x->at, named = strcmp(y->symbol, x->symbol) == 0;
        if (same) return ox__fail(w->err, OX_E_INVALID, "dim %d of input '%s' is given twice", (int)at, d->input);
        if (named && y->size != x->size)
            return ox__fail(w->err, OX_E_INVALID, "'%s' cannot be the name of two dims: one is %lld, one is %lld",
                            x->symbol, (long long)y->size, (long long)x->size);
    }
    w->n_axes++;
    return OX_OK;
}

/* A name that other dims have says that they are equal; they must not be numbers then, nor of another kind. */
static ox_status take_axes(maker *w)
{
    const ox_dynamic_options *opt = w->opt;
    ox_status s = OX_OK;
    if (!opt->n_axes || opt->n_axes > MAX_AXES)
        return ox__fail(w->err, OX_E_INVALID, "%zu dims are to be dynamic; 1 to %d can be", opt->n_axes, MAX_AXES);
    for (size_t i = 0; i < opt->n_axes && s == OX_OK; i++) s = take_axis(w, &opt->axes[i]);
    return s;
}

/* ---- which classes of sizes are asked for ---- */
static const char *symbol_of(const maker *w, const ox__point *p)
{
    for (size_t i = 0; i < w->n_axes; i++)
        if (w->axes[i].input.id == p->v.id && w->axes[i].at == p->axis) return w->axes[i].symbol;
    return NULL;
}

/* Dims that are alike in all models can be told apart by nothing: they need one name. */
static void sort_classes(maker *w)
{
    for (size_t i = 0; i < w->f.roots.n; i++) {
        ox__root *r = &w->f.roots.p[i];
        r->symbol = symbol_of(w, &r->at);
        uint64_t bit = UINT64_C(1) << r->cls;
        if (r->symbol) w->asked |= bit;
        for (size_t j = 0; j < i; j++) {
            const ox__root *o = &w->f.roots.p[j];
            if (o->cls != r->cls) continue;
            bool alike = o->symbol && r->symbol ? strcmp(o->symbol, r->symbol) == 0 : o->symbol == r->symbol;
            if (!alike) w->mixed |= bit;
        }
    }
    w->mixed &= w->asked;
}

static ox_status check_varies(maker *w)
{
    for (size_t i = 0; i < w->n_axes && !w->f.alone; i++) {
        const axis *x = &w->axes[i];
        bool found = false;
        for (size_t k = 0; k < w->f.roots.n; k++)
            found = found || (w->f.roots.p[k].at.v.id == x->input.id && w->f.roots.p[k].at.axis == x->at);
        if (found) continue;
        ox__fail(w->err, OX_E_INVALID, "dim %d of input '%s' is %lld in all models: that proves nothing", (int)x->at,
                 ox_str_text(w->m, ox_value_name(w->m, x->input), NULL), (long long)x->size);
        ox_error_hint(w->err, "hold it against one that was traced with another size of it");
        return OX_E_INVALID;
    }
    return OX_OK;
}

/* ---- what becomes of each constant ---- */
static const char *twin_why(maker *w, uint64_t classes)
{
    ox__buf b = {0};
    for (size_t i = 0; i < w->f.roots.n; i++) {
        const ox__root *r = &w->f.roots.p[i];
        ox__form form = {.n = 1, .at[0] = r->at, .mul = 1, .div = 1};
        if (!(w->mixed & classes) || !(w->mixed & classes & UINT64_C(1) << r->cls)) continue;
        if (b.n) ox__buf_addz(&b, ", ");
        ox__form_text(w->m, &form, &b);
    }
    ox__buf_addz(&b, w->f.alone ? " are alike" : " change alike: name them alike, or take sizes that differ");
    const char *p = b.failed ? NULL : ox__arena_dup(&w->b->mem, b.p, b.n + 1);
    ox__buf_free(&b);
    return p;
}

static ox_status decide(void *ud, ox__fit *f, const ox__site *site, const ox__answer *given, ox_error *err)
{
    maker *w = ud;
    ox__answer x = *given;
    bool known = x.state == OX_BAKED_PROVED || x.state == OX_BAKED_UNSURE;
    if (!x.found || (known && !(x.depends & w->asked))) return OX_OK;
    if (f->alone && !(x.depends & w->asked)) return OX_OK;
    bool can = x.form.n && ox__rebuild_can(w->m, site);
    if (x.state == OX_BAKED_PROVED && (x.classes & w->mixed)) {
        x.state = OX_BAKED_UNSURE;
        x.why = twin_why(w, x.classes);
        if (!x.why) return ox__nomem(err);
    } else if (x.form.n && !can) {
        x.why = site->attr.id ? "an attribute: no node can compute it" : "it cannot be computed where it is read";
    }
    ox_status s = ox__baked_add(w->b, f, site, &x, err);
    bool sure = x.state == OX_BAKED_PROVED || (x.state == OX_BAKED_LIKELY && w->opt->trust);
    if (s != OX_OK || !can || !sure) return s;
    step now = {.site = site, .form = x.form, .other = x.other, .other_first = x.other_first, .n_rivals = x.n_rivals};
    memcpy(now.rivals, x.rivals, sizeof now.rivals);
    now.row = w->b->rows.n - 1;
    now.foreign = x.state == OX_BAKED_PROVED && !(x.classes & w->asked);
    return ox__vec_push(&w->steps, now) ? OX_OK : ox__nomem(err);
}

/* ---- the edit ---- */
static ox_status name_dims(maker *w)
{
    ox_status s = OX_OK;
    for (size_t i = 0; i < w->n_axes && s == OX_OK; i++) {
        const axis *x = &w->axes[i];
        ox_type_info t = ox_type_get(w->m, ox_value_type(w->m, x->input));
        ox_dim *dims = ox__alloc((size_t)t.rank * sizeof *dims);
        if (!dims) return ox__nomem(w->err);
        memcpy(dims, t.dims, (size_t)t.rank * sizeof *dims);
        dims[x->at] = ox_dim_symbol(w->m, ox_str_addz(w->m, x->symbol));
        t.dims = dims;
        s = ox_value_set_type(w->m, x->input, ox_type_add(w->m, &t), w->err);
        ox__free(dims);
    }
    return s;
}

typedef struct clashes {
    size_t n;
    char first[400];
} clashes;

static void on_finding(void *ud, const ox_infer_finding *f)
{
    clashes *c = ud;
    if (f->problem == OX_INFER_NO_RULE) return;
    if (!c->n++) snprintf(c->first, sizeof c->first, "%s", f->message);
}

/* The types of all values anew; what contradicts is counted. */
static ox_status find_types(maker *w, clashes *c)
{
    *c = (clashes){0};
    ox_infer_options how = {.forget = true};
    if (!ox_typing_is_for(w->m)) return ox_infer(w->m, NULL, on_finding, c, NULL, w->opt->baked.task, w->err);
    if (!w->opt->typing) return OX_OK;
    ox_convert_options opt = {.task = w->opt->baked.task};
    return ox_typing_update(w->opt->typing, &how, &opt, on_finding, c, w->err);
}

/* What an ONNX file says of its values is said anew, for it is saved. */
static ox_status declare(maker *w, uint32_t n)
{
    ox_status s = OX_OK;
    for (uint32_t id = 1; id < n && s == OX_OK && !ox_typing_is_for(w->m); id++) {
        ox_value v = ox_model_value_at(w->m, id);
        ox_type found = ox_value_type(w->m, v);
        if (v.id && ox_value_given_type(w->m, v).id && found.id != ox_value_given_type(w->m, v).id)
            s = ox_value_set_type(w->m, v, found, w->err);
    }
    return s;
}

static ox_status edit(maker *w, clashes *c)
{
    ox__rebuild r = {.m = w->m, .err = w->err};
    uint32_t n = ox_model_value_limit(w->m);
    ox_status s = name_dims(w);
    for (size_t i = 0; i < w->steps.n && s == OX_OK; i++) {
        const step *x = &w->steps.p[i];
        w->b->rows.p[x->row].rebuilt = !x->dropped;
        if (!x->dropped) s = ox__rebuild_site(&r, x->site, &x->form);
    }
    ox__rebuild_free(&r);
    bool any;
    uint64_t changed = 0;
    if (s == OX_OK) s = ox__forget_sizes(w->m, &any, &changed, w->opt->baked.task, w->err);
    if (s == OX_OK) s = find_types(w, c);
    return s == OX_OK ? declare(w, n) : s;
}

/* ---- forms that fit alike ---- */
static int64_t common(int64_t a, int64_t b)
{
    while (b) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

static void list_symbols(const maker *w, ox__symbols *s)
{
    s->n = 0;
    s->n_models = w->a.n;
    for (size_t i = 0; i < w->f.roots.n && s->n < OX__BAKED_SYMBOLS; i++) {
        const ox__root *r = &w->f.roots.p[i];
        if (!r->symbol) continue;
        s->name[s->n] = r->symbol;
        s->step[s->n] = r->at.size[0];
        memcpy(s->size[s->n], r->at.size, sizeof r->at.size);
        for (size_t k = 1; k < w->a.n; k++) s->step[s->n] = common(s->step[s->n], r->at.size[k]);
        s->n++;
    }
}

/* No dim that is asked for stands in the types that the form is made of. */
static bool is_fixed(const maker *w, const ox__form *form)
{
    int64_t v;
    for (uint32_t i = 0; i < form->n; i++) {
        ox_type_info t = ox_type_get(w->m, ox_value_type(w->m, form->at[i].v));
        if (t.kind != OX_TYPE_TENSOR || form->at[i].axis >= t.rank) return false;
        if (!ox_dim_is_const(w->m, t.dims[form->at[i].axis], &v)) return false;
    }
    return true;
}

static void drop_rows(maker *w)
{
    for (size_t i = w->steps.n; i-- > 0;) { /* rows stand in the order of steps */
        size_t row = w->steps.p[i].row;
        if (!w->steps.p[i].gone) continue;
        memmove(&w->b->rows.p[row], &w->b->rows.p[row + 1], (w->b->rows.n - row - 1) * sizeof *w->b->rows.p);
        w->b->rows.n--;
    }
}

/* The first of the other forms that is not the same at other sizes, or NULL; *agree: the nearer one is. */
static const ox__form *differing(const maker *w, const step *x, const ox__symbols *symbols, bool *agree)
{
    *agree = false;
    if (x->other.n) {
        ox__agreement is = ox__forms_agree(w->m, &x->form, &x->other, symbols);
        if (is == OX__DISAGREE) return &x->other;
        *agree = is == OX__AGREE && x->other_first;
    }
    for (uint32_t i = 0; i < x->n_rivals; i++)
        if (ox__forms_agree(w->m, &x->form, &x->rivals[i], symbols) == OX__DISAGREE) return &x->rivals[i];
    return NULL;
}

/* The first of the other forms that is the same at sizes as the models had, and differs at those that are no multiples
 * of what divides them all. */
static const ox__form *differing_between(const maker *w, const step *x, const ox__symbols *symbols)
{
    ox__symbols every = *symbols;
    for (size_t i = 0; i < every.n; i++) every.step[i] = 1;
    if (x->other.n && ox__forms_agree(w->m, &x->form, &x->other, &every) == OX__DISAGREE) return &x->other;
    for (uint32_t i = 0; i < x->n_rivals; i++)
        if (ox__forms_agree(w->m, &x->form, &x->rivals[i], &every) == OX__DISAGREE) return &x->rivals[i];
    return NULL;
}

/* Says of what is rebuilt that it holds for such sizes alone. */
static ox_status tell_limits(maker *w)
{
    ox__symbols symbols;
    list_symbols(w, &symbols);
    for (size_t i = 0; i < w->steps.n; i++) {
        const step *x = &w->steps.p[i];
        ox_baked_row *r = &w->b->rows.p[x->row];
        const ox__form *other = x->dropped ? NULL : differing_between(w, x, &symbols);
        if (!other) continue;
        ox__buf b = {0};
        ox__buf_addf(&b, "%s; sizes that are no multiples as these are may take ", r->why);
        ox__form_text(w->m, other, &b);
        r->why = b.failed ? NULL : ox__arena_dup(&w->b->mem, b.p, b.n + 1);
        ox__buf_free(&b);
        if (!r->why) return ox__nomem(w->err);
    }
    return OX_OK;
}

/* With the types that the edit gave: where two forms that fit are different, neither is proved; where they are the
 * same, the nearer one is taken. *changed: then the edit is to be made again. */
static ox_status compare_forms(maker *w, bool *changed)
{
    static const ox__form none;
    ox__symbols symbols;
    ox_status s = OX_OK;
    *changed = false;
    list_symbols(w, &symbols);
    for (size_t i = 0; i < w->steps.n && s == OX_OK; i++) {
        step *x = &w->steps.p[i];
        ox_baked_row *r = &w->b->rows.p[x->row];
        bool agree;
        if (x->dropped) continue;
        if (x->foreign && is_fixed(w, &x->form)) x->gone = x->dropped = *changed = true;
        if (x->gone) continue;
        const ox__form *rival = differing(w, x, &symbols, &agree);
        if (rival) {
            r->state = OX_BAKED_UNSURE;
            r->why = "both fit, and differ at other sizes: a further trace would tell";
            x->dropped = *changed = true;
            s = ox__baked_tell(w->b, w->m, x->row, &x->form, rival, w->err);
        } else if (agree) {
            ox__form nearer = x->other;
            x->other = x->form;
            x->form = nearer;
            x->other_first = false;
            *changed = true;
            s = ox__baked_tell(w->b, w->m, x->row, &x->form, &none, w->err);
        }
    }
    return s;
}

/* A constant that is left takes symbols from the values behind it, so that fewer forms can be told apart then. */
static ox_status edit_until_sure(maker *w, ox_mark mark, clashes *c)
{
    bool changed = true;
    ox_status s = OX_OK;
    for (int round = 0; round < MAX_ROUNDS && changed && s == OX_OK; round++) {
        if (round) ox_journal_rollback(w->m, mark);
        s = edit(w, c);
        if (s == OX_OK) s = compare_forms(w, &changed);
    }
    if (s != OX_OK || !changed) return s;
    ox_journal_rollback(w->m, mark);
    return edit(w, c);
}

/* A contradiction that the model had before is none of the edit. */
static ox_status edit_or_not(maker *w)
{
    clashes before, after;
    ox_mark mark = ox_journal_mark(w->m);
    ox_status s = edit_until_sure(w, mark, &after);
    if (s == OX_OK && after.n) {
        ox_journal_rollback(w->m, mark);
        s = find_types(w, &before);
        ox_journal_rollback(w->m, mark);
        if (s == OX_OK && after.n > before.n) {
            ox__fail(w->err, OX_E_CHECK, "with these dims, types contradict: %s", after.first);
            ox_error_hint(w->err, "nothing was changed; `baked` lists the constants that look like sizes");
            return OX_E_CHECK;
        }
        if (s == OX_OK) s = edit(w, &after);
    }
    if (s != OX_OK) ox_journal_rollback(w->m, mark);
    return s;
}

ox_status ox_dynamic_make(ox_baked **out, ox_model *m, const ox_dynamic_options *opt, ox_error *err)
{
    maker *w = ox__calloc(1, sizeof *w);
    *out = NULL;
    if (!w) return ox__nomem(err);
    ox_error local;
    *w = (maker){.m = m, .opt = opt, .b = ox__calloc(1, sizeof *w->b), .err = err ? err : &local};
    ox_status s = w->b ? take_axes(w) : ox__nomem(err);
    if (s == OX_OK) s = ox__align(&w->a, m, &opt->baked, w->err);
    if (s == OX_OK) s = ox__fit_open(&w->f, &w->a, w->err);
    if (s == OX_OK) s = check_varies(w);
    if (s == OX_OK) {
        w->b->n_seen = w->a.n_seen;
        sort_classes(w);
        s = ox__baked_each(&w->f, decide, w, w->err);
    }
    if (s == OX_OK) s = edit_or_not(w);
    if (s == OX_OK) s = tell_limits(w);
    if (s == OX_OK) drop_rows(w);
    ox__fit_free(&w->f);
    ox__aligned_free(&w->a);
    ox__vec_free(&w->steps);
    if (s == OX_OK)
        *out = w->b;
    else
        ox_baked_free(w->b);
    ox__free(w);
    return s;
}
