/* Floor 3. ai.onnx.ml: evaluation of forests. */
#include "ops/ml_tree.h"

#include <math.h>

typedef struct run {
    const ox__forest *f;
    ox__ml_rows x;
    double *score; /* n_targets of each row */
    uint8_t *has;  /* the same: a leaf spoke of it */
    /* classifier */
    const ox__ml_labels *labels;
    bool one_class, all_positive; /* all weights are of one class; none is negative */
    int64_t *pick;
} run;

/* ---- down a tree ---- */
static bool is_member(const double *v, uint32_t lo, uint32_t hi, double x)
{
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (v[mid] == x) return true;
        if (v[mid] < x)
            lo = mid + 1;
        else
            hi = mid;
    }
    return false;
}

static bool goes_yes(const ox__forest *f, const ox__tree_node *t, double x)
{
    if (isnan(x)) return t->missing || t->mode == OX__TREE_NEQ;
    switch ((ox__tree_mode)t->mode) {
    case OX__TREE_LEQ: return x <= t->value;
    case OX__TREE_LT: return x < t->value;
    case OX__TREE_GTE: return x >= t->value;
    case OX__TREE_GT: return x > t->value;
    case OX__TREE_EQ: return x == t->value;
    case OX__TREE_NEQ: return x != t->value;
    case OX__TREE_MEMBER: return is_member(f->members, t->set_at, t->set_to, x);
    }
    return false;
}

static size_t leaf_of(const ox__forest *f, ox__tree_at at, const double *x)
{
    while (at >= 0) {
        const ox__tree_node *t = &f->nodes[at];
        at = goes_yes(f, t, x[t->feature]) ? t->yes : t->no;
    }
    return (size_t)~at;
}

static void add_leaf(const ox__forest *f, size_t leaf, double *score, uint8_t *has)
{
    for (uint32_t k = f->leaf_at[leaf]; k < f->leaf_at[leaf + 1]; k++) {
        const ox__tree_weight *w = &f->weights[k];
        double *s = &score[w->target];
        if (f->sum == OX__TREE_MIN)
            *s = !has[w->target] || w->value < *s ? w->value : *s;
        else if (f->sum == OX__TREE_MAX)
            *s = !has[w->target] || w->value > *s ? w->value : *s;
        else
            *s += w->value;
        has[w->target] = 1;
    }
}

static void add_trees(const run *r, uint64_t row)
{
    const ox__forest *f = r->f;
    for (size_t t = 0; t < f->n_roots; t++)
        add_leaf(f, leaf_of(f, f->roots[t], r->x.x + row * r->x.f), r->score + row * f->n_targets,
                 r->has + row * f->n_targets);
}

/* ---- regression ---- */
static void regress(void *ud, uint64_t from, uint64_t to)
{
    const run *r = ud;
    const ox__forest *f = r->f;
    for (uint64_t row = from; row < to; row++) {
        double *v = r->score + row * f->n_targets;
        add_trees(r, row);
        for (uint64_t k = 0; k < f->n_targets; k++) {
            if (f->sum == OX__TREE_AVERAGE) v[k] /= (double)f->n_roots;
            if (f->n_base == f->n_targets) v[k] += f->base[k];
        }
        ox__ml_post_apply(f->post, v, (size_t)f->n_targets);
    }
}

static ox_status make_scores(ox__ev *e, run *r)
{
    uint64_t n;
    if (__builtin_mul_overflow(r->x.n, r->f->n_targets, &n) || n > SIZE_MAX / 16 || n > e->max_bytes / sizeof(float))
        return ox__fail(e->err, OX_E_LIMIT, "%s: the scores are too many", ox__ev_op(e));
    r->score = ox__arena_alloc(e->mem, ((size_t)n + 2) * sizeof *r->score);
    r->has = ox__arena_alloc(e->mem, (size_t)n + 2);
    if (!r->score || !r->has) return ox__nomem(e->err);
    memset(r->score, 0, ((size_t)n + 2) * sizeof *r->score);
    memset(r->has, 0, (size_t)n + 2);
    return OX_OK;
}

static ox_status give(ox__ev *e, size_t o, ox_dtype dtype, const run *r, uint64_t width)
{
    ox_status s;
    int64_t dims[2] = {(int64_t)r->x.n, (int64_t)width};
    void *out = ox__ev_out(e, o, dtype, 2, dims, &s);
    if (!out) return s;
    for (uint64_t i = 0; dtype == OX_FLOAT && i < r->x.n * width; i++) ((float *)out)[i] = (float)r->score[i];
    for (uint64_t i = 0; dtype != OX_FLOAT && i < r->x.n * width; i++) ox_dtype_set_f64(dtype, out, i, r->score[i]);
    return OX_OK;
}

static ox_status eval_regression(ox__ev *e, ox__forest *f, ox_dtype dtype)
{
    run r = {.f = f};
    ox_status s = ox__ml_rows_of(e, &r.x);
    if (s == OX_OK) s = ox__forest_check(e, f, r.x.f);
    if (s == OX_OK && f->n_base && f->n_base != f->n_targets)
        s = ox__ev_fail(e, "%zu base_values for %llu targets", f->n_base, (unsigned long long)f->n_targets);
    if (s == OX_OK) s = make_scores(e, &r);
    if (s != OX_OK) return s;
    ox__ev_parallel(e, r.x.n, 1 + 1024 / (f->n_roots + 1), regress, &r);
    return give(e, 0, dtype, &r, f->n_targets);
}

static ox_status read_targets(ox__ev *e, ox__forest *f)
{
    int64_t n = ox__ev_int(e, "n_targets", 0);
    f->n_targets = (uint64_t)n;
    return n >= 1 ? OX_OK : ox__ev_fail(e, "n_targets is %lld", (long long)n);
}

ox_status ox__eval_tree_regressor(ox__ev *e)
{
    static const char *const names[] = {"AVERAGE", "SUM", "MIN", "MAX"};
    const char *name = ox__ev_string(e, "aggregate_function", "SUM", NULL);
    ox__forest f = {0};
    size_t k = 0;
    while (k < OX__COUNT(names) && strcmp(name, names[k]) != 0) k++;
    if (k == OX__COUNT(names)) return ox__ev_fail(e, "aggregate_function is none of AVERAGE, SUM, MIN, MAX");
    f.sum = (ox__tree_sum)k;
    ox_status s = read_targets(e, &f);
    if (s == OX_OK) s = ox__ml_post_of(e, &f.post);
    if (s == OX_OK) s = ox__forest_by_ids(e, "target", &f);
    return s == OX_OK ? eval_regression(e, &f, OX_FLOAT) : s;
}

ox_status ox__eval_tree_ensemble(ox__ev *e)
{
    ox__forest f = {0};
    int64_t sum = ox__ev_int(e, "aggregate_function", OX__TREE_SUM),
            post = ox__ev_int(e, "post_transform", OX__ML_NONE);
    ox_status s = read_targets(e, &f);
    if (s != OX_OK) return s;
    if (sum < OX__TREE_AVERAGE || sum > OX__TREE_MAX || post < OX__ML_NONE || post > OX__ML_PROBIT)
        return ox__ev_fail(e, "aggregate_function %lld, post_transform %lld", (long long)sum, (long long)post);
    f.sum = (ox__tree_sum)sum;
    f.post = (ox__ml_post)post;
    s = ox__forest_by_place(e, &f);
    if (s == OX_OK) s = ox__ev_need(e, 0, 1);
    return s == OX_OK ? eval_regression(e, &f, e->in[0].dtype) : s;
}

/* ---- classification ---- */
static void add_base(const ox__forest *f, double *v, uint8_t *has)
{
    for (size_t k = 0; k < f->n_base; k++) {
        v[k] += f->base[k];
        has[k] = 1;
    }
}

/* Weights of one class alone stand for both: of class 0, the other score follows from it; of class 1, the other one is
 * 0. One base value belongs to class 0. */
static int64_t finish_one(const run *r, double *v, bool first)
{
    if (r->f->n_base == 1 && first) v[0] += r->f->base[0];
    int64_t second = v[first ? 0 : 1] > (r->all_positive ? 0.5 : 0);
    if (first)
        ox__ml_post_second(r->f->post, r->all_positive ? OX__ML_COMPLEMENT : OX__ML_OPPOSITE, v);
    else
        ox__ml_post_apply(r->f->post, v, 2);
    return second;
}

static void finish_two(const run *r, uint64_t row)
{
    const ox__forest *f = r->f;
    double *v = r->score + row * 2;
    if (r->one_class && f->n_base < 2) {
        r->pick[row] = finish_one(r, v, !r->has[row * 2 + 1]);
        return;
    }
    for (size_t k = 0; k < f->n_base; k++) v[k] += f->base[k];
    r->pick[row] = v[1] > v[0];
    ox__ml_post_apply(f->post, v, 2);
}

static void finish_many(const run *r, uint64_t row)
{
    const ox__forest *f = r->f;
    double *v = r->score + row * f->n_targets;
    uint8_t *has = r->has + row * f->n_targets;
    int64_t best = -1;
    add_base(f, v, has);
    for (uint64_t k = 0; k < f->n_targets; k++)
        if (has[k] && (best < 0 || v[k] > v[best])) best = (int64_t)k;
    r->pick[row] = OX__MAX(best, 0);
    ox__ml_post_apply(f->post, v, (size_t)f->n_targets);
}

static void classify(void *ud, uint64_t from, uint64_t to)
{
    const run *r = ud;
    for (uint64_t row = from; row < to; row++) {
        add_trees(r, row);
        if (r->f->n_targets == 2)
            finish_two(r, row);
        else
            finish_many(r, row);
    }
}

static ox_status check_classes(ox__ev *e, const ox__forest *f)
{
    bool fits = f->n_base == 0 || f->n_base == f->n_targets || (f->n_targets == 2 && f->n_base == 1);
    if (!fits) return ox__ev_fail(e, "%zu base_values for %llu classes", f->n_base, (unsigned long long)f->n_targets);
    if (f->n_targets < 2) return ox__ev_unsupported(e, "a classifier of one class");
    return OX_OK;
}

ox_status ox__eval_tree_classifier(ox__ev *e)
{
    ox__forest f = {.sum = OX__TREE_SUM};
    ox__ml_labels labels = ox__ml_labels_of(e, "classlabels_int64s", "classlabels_strings");
    run r = {.f = &f, .labels = &labels, .one_class = true, .all_positive = true};
    f.n_targets = labels.n;
    ox_status s = ox__ml_post_of(e, &f.post);
    if (s == OX_OK) s = ox__forest_by_ids(e, "class", &f);
    if (s == OX_OK) s = check_classes(e, &f);
    if (s == OX_OK) s = ox__ml_rows_of(e, &r.x);
    if (s == OX_OK) s = ox__forest_check(e, &f, r.x.f);
    if (s == OX_OK) s = make_scores(e, &r);
    if (s != OX_OK) return s;
    for (size_t i = 0; i < f.n_weights; i++) {
        r.one_class &= f.weights[i].target == f.weights[0].target;
        r.all_positive &= f.weights[i].value >= 0;
    }
    if (r.one_class && f.n_targets == 2 && f.n_base < 2 && f.post == OX__ML_PROBIT)
        return ox__ev_unsupported(e, "PROBIT of one score for two classes");
    r.pick = ox__arena_alloc(e->mem, ((size_t)r.x.n + 1) * sizeof *r.pick);
    if (!r.pick) return ox__nomem(e->err);
    ox__ev_parallel(e, r.x.n, 1 + 1024 / (f.n_roots + 1), classify, &r);
    s = ox__ml_labels_out(e, &labels, r.x.n, r.pick);
    return s == OX_OK ? give(e, 1, OX_FLOAT, &r, f.n_targets) : s;
}
