/* Floor 5. Which form of dims a constant is. Sizes are vectors, a number for each model; a form fits if it does in all.
 *
 * What stands near is tried first: a dim of what the node reads, a product of neighbouring ones; then dims of inputs
 * that differ (the roots), the newest dim of any value that was the same in all models, multiples and parts, products
 * of roots, sums, floor divisions. Forms of roots alone tell what the constant depends on: where two of equal
 * simplicity fit and the roots differ in more than one way, nothing is proved. */
#include "convert/baked.h"

enum { MAX_CLASSES = 64, MAX_FACTORS = 16, MAX_OWN = 32 };

typedef struct fitter {
    const ox__fit *f;
    size_t n; /* models */
    const int64_t *want;
    size_t n_own;
    ox__point own[MAX_OWN]; /* dims of what the node reads */
    bool own_varies[MAX_OWN];
} fitter;

static bool equal(const fitter *w, const int64_t *p)
{
    return memcmp(p, w->want, w->n * sizeof *p) == 0;
}

static bool adjust(const fitter *w, ox__level how, const int64_t *p, ox__form *form)
{
    return ox__form_adjust(how, w->n, w->want, p, form);
}

static bool product(size_t n, const int64_t *a, const int64_t *b, int64_t *out)
{
    for (size_t k = 0; k < n; k++)
        if (__builtin_mul_overflow(a[k], b[k], &out[k])) return false;
    return true;
}

static bool differs(const int64_t *p, size_t n)
{
    for (size_t k = 1; k < n; k++)
        if (p[k] != p[0]) return true;
    return false;
}

/* ---- forms of roots ---- */

/* The forms of one level, each with the classes in it. */
typedef struct found {
    size_t n;
    ox__form form, second;
    uint64_t classes;
} found;

static void add_found(found *x, const ox__form *form, uint64_t classes)
{
    if (x->n++ == 0) {
        x->form = *form;
        x->classes = classes;
    } else if (x->n == 2) {
        x->second = *form;
    }
}

/* The first root of a class. */
static const ox__point *class_point(const ox__fit *f, size_t cls)
{
    for (size_t i = 0; i < f->roots.n; i++)
        if (f->roots.p[i].cls == cls) return &f->roots.p[i].at;
    return NULL;
}

static void root_sums(const fitter *w, found *x)
{
    size_t n = w->f->n_classes;
    for (size_t i = 0; i < n; i++)
        for (size_t j = i; j < n; j++) {
            ox__form form = {.n = 2, .sum = true, .mul = 1, .div = 1};
            bool fits = true;
            form.at[0] = *class_point(w->f, i);
            form.at[1] = *class_point(w->f, j);
            for (size_t k = 0; k < w->n; k++) fits = fits && form.at[0].size[k] + form.at[1].size[k] == w->want[k];
            if (fits && i != j) add_found(x, &form, UINT64_C(1) << i | UINT64_C(1) << j);
        }
}

/* Of `degree` factors, the last of them in class `from` or behind. */
static void root_products(const fitter *w, ox__level how, uint32_t degree, const ox__form *head, const int64_t *sofar,
                          uint64_t classes, size_t from, found *x)
{
    for (size_t i = from; i < w->f->n_classes && i < MAX_FACTORS; i++) {
        int64_t p[OX__BAKED_MODELS];
        ox__form form = *head;
        form.at[form.n++] = *class_point(w->f, i);
        uint64_t all = classes | UINT64_C(1) << i;
        if (!product(w->n, sofar, form.at[form.n - 1].size, p)) continue;
        if (form.n < degree)
            root_products(w, how, degree, &form, p, all, i, x);
        else if (adjust(w, how, p, &form))
            add_found(x, &form, all);
    }
}

static void find_products(const fitter *w, found *x)
{
    static const int64_t ones[OX__BAKED_MODELS] = {1, 1, 1, 1, 1, 1, 1, 1};
    for (uint32_t degree = 2; degree <= OX__BAKED_TERMS && !x->n; degree++) {
        root_products(w, OX__FIT_EXACT, degree, &(ox__form){0}, ones, 0, 0, x);
        if (!x->n) root_products(w, OX__FIT_SCALED, degree, &(ox__form){0}, ones, 0, 0, x);
    }
}

static void roots_at(const fitter *w, ox__level how, found *x)
{
    *x = (found){0};
    if (how == OX__FIT_PRODUCT) {
        find_products(w, x);
        return;
    }
    for (size_t i = 0; i < w->f->n_classes; i++) {
        ox__form form = {.n = 1, .at[0] = *class_point(w->f, i)};
        if (adjust(w, how, form.at[0].size, &form)) add_found(x, &form, UINT64_C(1) << i);
    }
    if (how == OX__FIT_SHIFTED) {
        found sums = {0};
        root_sums(w, &sums);
        if (sums.n) *x = sums; /* without a number of its own: simpler */
    }
}

/* ---- forms of what the node reads ---- */
static bool own_at(const fitter *w, ox__level how, int32_t item, ox__form *form)
{
    bool any = false;
    for (size_t i = 0; i < w->n_own; i++) {
        ox__form x = {.n = 1, .at[0] = w->own[i]};
        if (!w->own_varies[i] || !adjust(w, how, x.at[0].size, &x)) continue;
        if (!any || (x.at[0].axis == item && form->at[0].axis != item)) *form = x;
        any = true;
    }
    return any;
}

/* A product of neighbouring dims of one value, as flatten makes it. */
static bool own_run(const fitter *w, ox__level how, ox__form *form)
{
    for (size_t i = 0; i < w->n_own; i++) {
        int64_t p[OX__BAKED_MODELS];
        ox__form x = {.n = 1, .at[0] = w->own[i]};
        memcpy(p, w->own[i].size, sizeof p);
        for (size_t j = i + 1; j < w->n_own && x.n < OX__BAKED_TERMS; j++) {
            if (w->own[j].v.id != w->own[i].v.id || w->own[j].axis != w->own[j - 1].axis + 1) break;
            if (!product(w->n, p, w->own[j].size, p)) break;
            x.at[x.n++] = w->own[j];
            if ((w->n == 1 || differs(p, w->n)) && adjust(w, how, p, &x)) {
                *form = x;
                return true;
            }
        }
    }
    return false;
}

/* A product of two that differ, or in proportion to it. */
static bool own_pair(const fitter *w, ox__form *form)
{
    for (size_t i = 0; i < w->n_own; i++)
        for (size_t j = i + 1; j < w->n_own && w->own_varies[i]; j++) {
            int64_t p[OX__BAKED_MODELS];
            ox__form x = {.n = 2, .at = {w->own[i], w->own[j]}};
            if (!w->own_varies[j] || !product(w->n, w->own[i].size, w->own[j].size, p)) continue;
            if (!adjust(w, OX__FIT_EXACT, p, &x) && !adjust(w, OX__FIT_SCALED, p, &x)) continue;
            *form = x;
            return true;
        }
    return false;
}

static bool same_vector(const void *ud, uint32_t id)
{
    const fitter *w = ud;
    return equal(w, w->f->points.p[id - 1].size);
}

static bool newest(const fitter *w, ox__form *form)
{
    uint32_t id = ox__index_find(&w->f->index, ox__hash(w->want, w->n * sizeof *w->want), same_vector, w);
    if (id) *form = (ox__form){.n = 1, .at[0] = w->f->points.p[id - 1], .mul = 1, .div = 1};
    return id != 0;
}

static void add_own(fitter *w, ox_value v)
{
    const ox__aligned *a = w->f->a;
    ox__const c;
    if (!v.id || a->at[0].of[v.id].rank < 1) return;
    ox__const_read(a->at[0].m, v, &c);
    for (int32_t d = 0; c.kind == OX__CONST_NOT && d < a->at[0].of[v.id].rank && w->n_own < MAX_OWN; d++) {
        ox__point *p = &w->own[w->n_own];
        if (!ox__point_of(a, v, d, p)) continue;
        w->own_varies[w->n_own++] = w->n == 1 ? p->size[0] > 1 : differs(p->size, w->n);
    }
}

/* What the node reads; of a Concat that puts a shape together, what the reader of the shape reads too. */
static void find_own(fitter *w, const ox__site *s)
{
    const ox_model *m = w->f->a->at[0].m;
    for (size_t i = 0; i < ox_node_n_inputs(m, s->node); i++)
        if (i != s->input) add_own(w, ox_node_input(m, s->node, i));
    ox_value shape = ox_node_output(m, s->node, 0);
    if (!ox_node_is(m, s->node, "", "Concat") || ox_value_n_uses(m, shape) != 1) return;
    ox_use u = ox_value_first_use(m, shape);
    if (ox_node_is_return(m, u.node) || ox_node_graph(m, u.node).id != ox_node_graph(m, s->node).id) return;
    for (size_t i = 0; ox__input_is_size(m, u.node, u.index) && i < ox_node_n_inputs(m, u.node); i++) {
        ox_node from = ox_value_node(m, ox_node_input(m, u.node, i));
        if (!from.id || (ox_node_graph(m, from).id == ox_node_graph(m, s->node).id && ox_node_before(m, from, s->node)))
            add_own(w, ox_node_input(m, u.node, i));
    }
}

/* ---- the answer ---- */
static const char *const near_why[OX__N_FITS] = {
    [OX__FIT_EXACT] = "a dim of what it reads",          [OX__FIT_SCALED] = "in proportion to what it reads",
    [OX__FIT_SHIFTED] = "a dim of what it reads, moved", [OX__FIT_FLOORED] = "a part of what it reads",
    [OX__FIT_LINE] = "a line through all models",        [OX__FIT_BENT] = "a part of what it reads, moved",
    [OX__FIT_RATIO] = "in a ratio to what it reads",
};
static const char *const root_why[OX__N_FITS] = {
    [OX__FIT_EXACT] = "a dim of an input",
    [OX__FIT_SCALED] = "in proportion to an input",
    [OX__FIT_PRODUCT] = "a product of dims of inputs",
    [OX__FIT_SHIFTED] = "a dim of an input, moved",
    [OX__FIT_FLOORED] = "a part of an input",
    [OX__FIT_LINE] = "a line through all models",
    [OX__FIT_BENT] = "a part of an input, moved",
    [OX__FIT_RATIO] = "in a ratio to an input",
};

/* The simplest level at which forms of roots fit. */
static ox__level find_roots(const fitter *w, found *x)
{
    ox__level how = OX__FIT_EXACT;
    for (; how < OX__N_FITS; how++) {
        roots_at(w, how, x);
        if (x->n) break;
    }
    return how;
}

static void find_pair(const fitter *w, ox__answer *out)
{
    ox__point own[MAX_OWN];
    size_t n = 0;
    for (size_t i = 0; i < w->n_own; i++)
        if (w->own_varies[i]) own[n++] = w->own[i];
    ox__pair_find(w->f, w->want, n, own, out);
}

/* The forms that are no plain dim, the simplest first. */
static void settle(const fitter *w, const ox__site *s, ox__level root, const found *x, ox__answer *out)
{
    bool whole = root == OX__FIT_PRODUCT && x->form.mul == 1 && x->form.div == 1;
    for (ox__level how = OX__FIT_SCALED; how < OX__N_FITS; how++) {
        if (how != OX__FIT_PRODUCT && own_at(w, how, s->item, &out->form)) {
            out->why = near_why[how];
            if (how >= OX__FIT_SHIFTED) find_pair(w, out);
            return;
        }
        if (how == OX__FIT_PRODUCT && !whole && (own_pair(w, &out->form) || own_run(w, OX__FIT_SCALED, &out->form))) {
            out->why = "in proportion to a product of dims of what it reads";
            return;
        }
        if (how == root) {
            out->form = x->form;
            out->depends = out->classes;
            out->why = x->form.sum ? "a sum of dims of inputs" : root_why[how];
            return;
        }
    }
    find_pair(w, out);
    if (!out->form.n) out->state = OX_BAKED_VARIES;
    out->why = out->form.n ? "two dims" : "no simple form of dims fits";
}

/* What it reads is resized: mostly to a size that another value has, where a view can but take its own apart. */
static bool is_resized(const ox_model *m, ox_node n)
{
    ox_use u = ox_node_is(m, n, "", "Concat") ? ox_value_first_use(m, ox_node_output(m, n, 0)) : (ox_use){0};
    if (u.node.id && !ox_node_is_return(m, u.node)) n = u.node;
    return ox_node_is(m, n, "", "Resize") || strncmp(ox_str_text(m, ox_node_op(m, n), NULL), "upsample_", 9) == 0;
}

/* A plain dim, or a product that stands together. */
static bool plain(const fitter *w, const ox__site *s, ox__level root, const found *x, ox__answer *out)
{
    bool exact = root == OX__FIT_EXACT;
    if (own_at(w, OX__FIT_EXACT, s->item, &out->form)) {
        out->why = near_why[OX__FIT_EXACT];
        if (exact) out->other = x->form;
        return true;
    }
    if (exact) {
        out->form = x->form;
        out->why = root_why[OX__FIT_EXACT];
    } else if (newest(w, &out->form)) {
        out->why = "a dim of a value before it";
    } else if (own_run(w, OX__FIT_EXACT, &out->form)) {
        out->why = "a product of dims of what it reads";
        if (x->n == 1) out->other = x->form;
        return true;
    } else {
        return false;
    }
    out->other_first = own_at(w, OX__FIT_SCALED, s->item, &out->other) && exact;
    out->other_first = out->other_first && !is_resized(w->f->a->at[0].m, s->node);
    return true;
}

static void prove(const fitter *w, const ox__site *s, ox__answer *out)
{
    found x;
    ox__level root = find_roots(w, &x);
    bool sure = x.n == 1 || (x.n && w->f->n_classes == 1);
    out->classes = sure ? x.classes : UINT64_MAX;
    out->depends = root == OX__FIT_EXACT ? out->classes : UINT64_MAX; /* sizes may change alike by chance */
    out->state = OX_BAKED_PROVED;
    out->found = true;
    if (plain(w, s, root, &x, out)) return;
    if (x.n > 1 && w->f->n_classes > 1) {
        out->state = OX_BAKED_UNSURE;
        out->form = x.form;
        out->other = x.second;
        out->why = "more than one form fits: sizes that differ otherwise would tell";
        return;
    }
    settle(w, s, root, &x, out);
    if (out->found && sure && x.form.n) out->other = x.form;
}

static bool is_root_size(const fitter *w, int64_t size, uint64_t *classes)
{
    for (size_t i = 0; i < w->f->roots.n; i++)
        if (w->f->roots.p[i].at.size[0] == size) *classes |= UINT64_C(1) << w->f->roots.p[i].cls;
    return *classes != 0;
}

/* One model alone: what the number looks like. */
static void liken(const fitter *w, const ox__site *s, ox__answer *out)
{
    found x;
    uint64_t classes = 0;
    out->found = w->want[0] > 1;
    out->state = OX_BAKED_LIKELY;
    if (!out->found) return;
    bool root = is_root_size(w, w->want[0], &classes);
    out->classes = out->depends = classes;
    if (root && own_at(w, OX__FIT_EXACT, s->item, &out->form)) {
        out->why = near_why[OX__FIT_EXACT];
        return;
    }
    roots_at(w, OX__FIT_EXACT, &x);
    if (x.n) {
        out->form = x.form;
        out->why = root_why[OX__FIT_EXACT];
        if (w->n_own) out->state = OX_BAKED_POSSIBLE;
        return;
    }
    out->state = OX_BAKED_POSSIBLE;
    if (own_run(w, OX__FIT_EXACT, &out->form)) {
        for (uint32_t i = 0; i < out->form.n; i++)
            if (is_root_size(w, out->form.at[i].size[0], &classes)) out->state = OX_BAKED_LIKELY;
        out->classes = out->depends = classes;
        out->why = "a product of dims of what it reads";
        return;
    }
    roots_at(w, OX__FIT_PRODUCT, &x);
    bool whole = x.n && x.form.mul == 1 && x.form.div == 1 && (x.classes & (x.classes - 1));
    if (!whole) roots_at(w, OX__FIT_SCALED, &x);
    out->found = x.n && x.form.mul == 1;
    out->form = x.form;
    out->classes = out->depends = x.classes;
    out->why = whole ? root_why[OX__FIT_PRODUCT] : "a part of a dim of an input";
}

/* Numbers that are negative in all models count from the end: what they are without the sign is looked for. */
static bool without_sign(size_t n, ox__site *s)
{
    for (size_t k = 0; k < n; k++)
        if (s->v[k] >= 0 || s->v[k] == INT64_MIN) return false;
    for (size_t k = 0; k < n; k++) s->v[k] = -s->v[k];
    return true;
}

static void prove_all(fitter *w, const ox__site *given, ox__answer *out)
{
    ox__site s = *given;
    bool negative = without_sign(w->n, &s);
    w->want = s.v;
    prove(w, &s, out);
    out->found = true;
    if (out->state == OX_BAKED_PROVED && w->f->n_classes) ox__rivals(w->f, &s, out);
    out->form.negative = out->other.negative = negative;
    for (uint32_t i = 0; i < out->n_rivals; i++) out->rivals[i].negative = negative;
}

void ox__fit_site(const ox__fit *f, const ox__site *s, ox__answer *out)
{
    fitter w = {.f = f, .n = f->a->n, .want = s->v};
    *out = (ox__answer){.why = ""};
    if (!s->is_number) {
        out->found = true;
        out->state = OX_BAKED_VARIES;
        out->why = s->why;
        return;
    }
    if (s->same) {
        out->found = ox__half_of(f->a, s->v[0], &out->form.at[0]);
        out->form.n = 1;
        out->form.mul = 1;
        out->form.div = 2;
        out->state = OX_BAKED_UNSURE;
        out->classes = UINT64_MAX;
        out->depends = ox__form_classes(f, &out->form);
        out->why = "the same in all, as half of that dim is: sizes further apart would tell";
        return;
    }
    find_own(&w, s);
    if (f->alone)
        liken(&w, s, out);
    else
        prove_all(&w, s, out);
    if (out->state == OX_BAKED_VARIES) out->form.n = 0;
}

/* ---- what is known ---- */
bool ox__point_of(const ox__aligned *a, ox_value v, int32_t axis, ox__point *out)
{
    *out = (ox__point){.v = v, .axis = axis};
    for (size_t k = 0; k < a->n; k++) {
        uint32_t id = k ? a->at[k].twin[v.id] : v.id;
        const ox__sized *s = &a->at[k].of[id];
        if (!id || s->rank <= axis || s->dims[axis] < 0) return false;
        out->size[k] = s->dims[axis];
    }
    return true;
}

static ox_status add_root(ox__fit *f, const ox__point *p, ox_error *err)
{
    ox__root r = {.at = *p, .cls = f->n_classes};
    size_t bytes = f->a->n * sizeof *p->size;
    for (size_t i = 0; i < f->roots.n && r.cls == f->n_classes; i++)
        if (memcmp(f->roots.p[i].at.size, p->size, bytes) == 0) r.cls = f->roots.p[i].cls;
    if (r.cls == MAX_CLASSES) return OX_OK;
    if (r.cls == f->n_classes) f->n_classes++;
    return ox__vec_push(&f->roots, r) ? OX_OK : ox__nomem(err);
}

ox_status ox__fit_open(ox__fit *f, const ox__aligned *a, ox_error *err)
{
    const ox_model *m = a->at[0].m;
    ox_graph g = ox_model_main(m);
    *f = (ox__fit){.a = a, .alone = a->n == 1};
    for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++) {
        ox_value v = ox_graph_input(m, g, i);
        if (ox_value_tensor(m, v).id) continue;
        for (int32_t d = 0; d < a->at[0].of[v.id].rank; d++) {
            ox__point p;
            if (!ox__point_of(a, v, d, &p) || !(f->alone ? p.size[0] > 1 : differs(p.size, a->n))) continue;
            ox_status s = add_root(f, &p, err);
            if (s != OX_OK) return s;
        }
    }
    return OX_OK;
}

typedef struct probe {
    const ox__fit *f;
    const int64_t *size;
} probe;

static bool same_size(const void *ud, uint32_t id)
{
    const probe *p = ud;
    return memcmp(p->f->points.p[id - 1].size, p->size, p->f->a->n * sizeof *p->size) == 0;
}

bool ox__fit_meet(ox__fit *f, ox_value v)
{
    size_t n = f->a->n;
    for (int32_t d = 0; v.id && !f->alone && d < f->a->at[0].of[v.id].rank; d++) {
        ox__point p;
        if (!ox__point_of(f->a, v, d, &p) || !differs(p.size, n)) continue;
        probe q = {f, p.size};
        uint64_t hash = ox__hash(p.size, n * sizeof *p.size);
        uint32_t id = ox__index_find(&f->index, hash, same_size, &q);
        if (id) {
            f->points.p[id - 1] = p;
        } else if (!ox__vec_push(&f->points, p) || !ox__index_add(&f->index, hash, (uint32_t)f->points.n)) {
            return false;
        }
    }
    return true;
}

void ox__fit_free(ox__fit *f)
{
    ox__vec_free(&f->roots);
    ox__vec_free(&f->points);
    ox__index_free(&f->index);
}
