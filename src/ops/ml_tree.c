/* Floor 3. ai.onnx.ml: forests are read from their attributes; inference and rows of the tree operators. */
#include "ops/ml_tree.h"

#include <math.h>
#include <stdio.h>
#include <stdlib.h>

/* ---- lists of attributes ---- */
static ox_status need_ints(ox__ev *e, const char *name, size_t n, const int64_t **out)
{
    size_t has;
    *out = ox__ev_ints(e, name, &has);
    return has == n ? OX_OK : ox__ev_fail(e, "%s has %zu elements, not %zu", name, has, n);
}

/* May be absent: then NULL. */
static ox_status may_ints(ox__ev *e, const char *name, size_t n, const int64_t **out)
{
    size_t has;
    *out = ox__ev_ints(e, name, &has);
    if (!has) *out = NULL;
    return !has || has == n ? OX_OK : ox__ev_fail(e, "%s has %zu elements, not %zu", name, has, n);
}

static ox_status need_feature(ox__ev *e, int64_t v, size_t i)
{
    return v >= 0 && v <= UINT32_MAX ? OX_OK : ox__ev_fail(e, "node %zu reads feature %lld", i, (long long)v);
}

static ox_status make_nodes(ox__ev *e, ox__forest *f, size_t n)
{
    if (n > INT32_MAX - 1) return ox__ev_fail(e, "more nodes than are supported");
    f->n_nodes = n;
    f->nodes = ox__arena_alloc(e->mem, (n + 1) * sizeof *f->nodes);
    f->roots = ox__arena_alloc(e->mem, (n + 1) * sizeof *f->roots);
    if (!f->nodes || !f->roots) return ox__nomem(e->err);
    memset(f->nodes, 0, (n + 1) * sizeof *f->nodes);
    return OX_OK;
}

/* ---- versions 1 and 3 ---- */
typedef struct ids {
    const int64_t *tree, *node;
    uint32_t *order; /* positions by (tree, node) */
    size_t n;
} ids;

static int compare(int64_t t1, int64_t n1, int64_t t2, int64_t n2)
{
    return t1 != t2 ? (t1 < t2 ? -1 : 1) : (n1 > n2) - (n1 < n2);
}

/* Sorts positions by a heap: qsort would need the lists in a global variable. */
static void sift(const ids *x, size_t root, size_t n)
{
    uint32_t *o = x->order, v = o[root];
    for (size_t kid = 2 * root + 1; kid < n; root = kid, kid = 2 * root + 1) {
        if (kid + 1 < n && compare(x->tree[o[kid]], x->node[o[kid]], x->tree[o[kid + 1]], x->node[o[kid + 1]]) < 0)
            kid++;
        if (compare(x->tree[v], x->node[v], x->tree[o[kid]], x->node[o[kid]]) >= 0) break;
        o[root] = o[kid];
    }
    o[root] = v;
}

static ox_status sort_ids(ox__ev *e, ids *x)
{
    bool sorted = true;
    x->order = ox__arena_alloc(e->mem, (x->n + 1) * sizeof *x->order);
    if (!x->order) return ox__nomem(e->err);
    for (size_t i = 0; i < x->n; i++) {
        x->order[i] = (uint32_t)i;
        if (i && compare(x->tree[i - 1], x->node[i - 1], x->tree[i], x->node[i]) >= 0) sorted = false;
    }
    if (!sorted) {
        for (size_t i = x->n / 2; i-- > 0;) sift(x, i, x->n);
        for (size_t i = x->n; i-- > 1;) {
            uint32_t t = x->order[0];
            x->order[0] = x->order[i];
            x->order[i] = t;
            sift(x, 0, i);
        }
    }
    for (size_t i = 1; i < x->n; i++) {
        uint32_t a = x->order[i - 1], b = x->order[i];
        if (compare(x->tree[a], x->node[a], x->tree[b], x->node[b]) == 0)
            return ox__ev_fail(e, "node %lld of tree %lld occurs twice", (long long)x->node[a], (long long)x->tree[a]);
    }
    return OX_OK;
}

/* The position of a node, or n. */
static size_t find_id(const ids *x, int64_t tree, int64_t node)
{
    size_t lo = 0, hi = x->n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        int c = compare(x->tree[x->order[mid]], x->node[x->order[mid]], tree, node);
        if (c == 0) return x->order[mid];
        if (c < 0)
            lo = mid + 1;
        else
            hi = mid;
    }
    return x->n;
}

static int mode_of(const char *text)
{
    static const char *const names[] = {"BRANCH_LEQ", "BRANCH_LT", "BRANCH_GTE",
                                        "BRANCH_GT",  "BRANCH_EQ", "BRANCH_NEQ"};
    for (size_t i = 0; i < OX__COUNT(names); i++)
        if (strcmp(text, names[i]) == 0) return (int)i;
    return strcmp(text, "LEAF") == 0 ? -1 : -2;
}

/* A leaf bears the number of its node. */
static ox_status link_child(ox__ev *e, const ids *x, const bool *leaf, size_t i, int64_t id, ox__tree_at *out)
{
    size_t at = find_id(x, x->tree[i], id);
    if (at == x->n)
        return ox__ev_fail(e, "node %lld of tree %lld leads to node %lld, which is missing", (long long)x->node[i],
                           (long long)x->tree[i], (long long)id);
    *out = leaf[at] ? ~(ox__tree_at)at : (ox__tree_at)at;
    return OX_OK;
}

static ox_status read_nodes(ox__ev *e, const ids *x, const bool *leaf, ox__forest *f)
{
    size_t n = x->n, n_values;
    const int64_t *feature, *yes, *no, *missing;
    const double *value;
    ox_status s = need_ints(e, "nodes_featureids", n, &feature);
    if (s == OX_OK) s = need_ints(e, "nodes_truenodeids", n, &yes);
    if (s == OX_OK) s = need_ints(e, "nodes_falsenodeids", n, &no);
    if (s == OX_OK) s = may_ints(e, "nodes_missing_value_tracks_true", n, &missing);
    if (s == OX_OK) s = ox__ml_numbers(e, "nodes_values", &value, &n_values);
    if (s == OX_OK && n_values != n) s = ox__ev_fail(e, "nodes_values has %zu elements, not %zu", n_values, n);
    for (size_t i = 0; s == OX_OK && i < n; i++) {
        ox__tree_node *t = &f->nodes[i];
        if (i == 0 || x->tree[i] != x->tree[i - 1]) f->roots[f->n_roots++] = leaf[i] ? ~(ox__tree_at)i : (ox__tree_at)i;
        if (leaf[i]) {
            t->yes = t->no = ~(ox__tree_at)i;
            continue;
        }
        t->value = value[i];
        t->feature = (uint32_t)feature[i];
        t->missing = missing && missing[i] != 0;
        s = need_feature(e, feature[i], i);
        if (s == OX_OK) s = link_child(e, x, leaf, i, yes[i], &t->yes);
        if (s == OX_OK) s = link_child(e, x, leaf, i, no[i], &t->no);
    }
    return s;
}

/* Sorts the weights by their leaves, by counting. */
static ox_status read_weights(ox__ev *e, const ids *x, const char *part, ox__forest *f)
{
    char name[3][32];
    snprintf(name[0], sizeof name[0], "%s_treeids", part);
    snprintf(name[1], sizeof name[1], "%s_nodeids", part);
    snprintf(name[2], sizeof name[2], "%s_ids", part);
    size_t n;
    const int64_t *target = ox__ev_ints(e, name[2], &n), *tree, *node;
    const double *weight;
    ox_status s = need_ints(e, name[0], n, &tree);
    if (s == OX_OK) s = need_ints(e, name[1], n, &node);
    snprintf(name[0], sizeof name[0], "%s_weights", part);
    if (s == OX_OK) s = ox__ml_numbers(e, name[0], &weight, &f->n_weights);
    if (s != OX_OK) return s;
    if (f->n_weights != n || n >= UINT32_MAX) return ox__ev_fail(e, "%zu weights, but %zu ids", f->n_weights, n);
    uint32_t *leaf = ox__arena_alloc(e->mem, (n + 1) * sizeof *leaf);
    f->leaf_at = ox__arena_alloc(e->mem, (x->n + 2) * sizeof *f->leaf_at);
    f->weights = ox__arena_alloc(e->mem, (n + 1) * sizeof *f->weights);
    if (!leaf || !f->leaf_at || !f->weights) return ox__nomem(e->err);
    f->n_leaves = x->n;
    memset(f->leaf_at, 0, (x->n + 2) * sizeof *f->leaf_at);
    for (size_t i = 0; i < n; i++) {
        size_t at = find_id(x, tree[i], node[i]);
        if (at == x->n || target[i] < 0 || (uint64_t)target[i] >= f->n_targets)
            return ox__ev_fail(e, "weight %zu is of node %lld of tree %lld and target %lld, which are missing", i,
                               (long long)node[i], (long long)tree[i], (long long)target[i]);
        leaf[i] = (uint32_t)at;
        f->leaf_at[at + 2]++;
    }
    for (size_t i = 2; i < x->n + 2; i++) f->leaf_at[i] += f->leaf_at[i - 1];
    for (size_t i = 0; i < n; i++)
        f->weights[f->leaf_at[leaf[i] + 1]++] = (ox__tree_weight){weight[i], (uint64_t)target[i]};
    return OX_OK;
}

ox_status ox__forest_by_ids(ox__ev *e, const char *part, ox__forest *f)
{
    ids x = {0};
    size_t n;
    x.tree = ox__ev_ints(e, "nodes_treeids", &x.n);
    const ox_str *modes = ox__ev_strings(e, "nodes_modes", &n);
    if (!x.n || n != x.n) return ox__ev_fail(e, "%zu nodes, but %zu nodes_modes", x.n, n);
    ox_status s = need_ints(e, "nodes_nodeids", n, &x.node);
    if (s == OX_OK) s = make_nodes(e, f, n);
    if (s == OX_OK) s = sort_ids(e, &x);
    bool *leaf = s == OX_OK ? ox__arena_alloc(e->mem, n) : NULL;
    if (!leaf) return s == OX_OK ? ox__nomem(e->err) : s;
    for (size_t i = 0; s == OX_OK && i < n; i++) {
        int mode = mode_of(ox_str_text(e->m, modes[i], NULL));
        if (mode == -2) s = ox__ev_fail(e, "mode of node %zu is not known", i);
        leaf[i] = mode < 0;
        f->nodes[i].mode = (uint8_t)(mode < 0 ? 0 : mode);
    }
    if (s == OX_OK) s = read_nodes(e, &x, leaf, f);
    if (s == OX_OK) s = read_weights(e, &x, part, f);
    if (s == OX_OK) s = ox__ml_numbers(e, "base_values", &f->base, &f->n_base);
    return s;
}

/* ---- TreeEnsemble ---- */
static ox_status tensor_numbers(ox__ev *e, const char *name, const double **out, size_t *n)
{
    ox_data *d;
    *out = NULL;
    *n = 0;
    ox_status s = ox__ml_tensor(e, name, &d);
    if (s != OX_OK || !d) return s;
    double *v = ox__arena_alloc(e->mem, ((size_t)d->n + 1) * sizeof *v);
    for (uint64_t i = 0; v && i < d->n; i++) v[i] = ox_dtype_get_f64(d->dtype, d->data, i);
    *n = (size_t)d->n;
    *out = v;
    ox_data_free(d);
    return v ? OX_OK : ox__nomem(e->err);
}

static int by_value(const void *a, const void *b)
{
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

/* The members of the sets, in the order of the nodes, each set ended by a NaN. */
static ox_status read_members(ox__ev *e, ox__forest *f)
{
    size_t n, at = 0;
    const double *v;
    ox_status s = tensor_numbers(e, "membership_values", &v, &n);
    if (s != OX_OK) return s;
    if (n >= UINT32_MAX) return ox__ev_fail(e, "more membership_values than are supported");
    f->members = ox__arena_alloc(e->mem, (n + 1) * sizeof *f->members);
    if (!f->members) return ox__nomem(e->err);
    if (n) memcpy(f->members, v, n * sizeof *v);
    for (size_t i = 0; i < f->n_nodes; i++) {
        ox__tree_node *t = &f->nodes[i];
        if (t->mode != OX__TREE_MEMBER) continue;
        if (at >= n) return ox__ev_fail(e, "membership_values end before node %zu", i);
        t->set_at = (uint32_t)at;
        while (at < n && !isnan(f->members[at])) at++;
        t->set_to = (uint32_t)at++;
        qsort(f->members + t->set_at, t->set_to - t->set_at, sizeof(double), by_value);
    }
    return OX_OK;
}

static ox_status place_of(ox__ev *e, const ox__forest *f, int64_t at, bool leaf, ox__tree_at *out)
{
    if (at < 0 || (uint64_t)at >= (leaf ? f->n_leaves : f->n_nodes))
        return ox__ev_fail(e, "%s %lld is missing", leaf ? "leaf" : "node", (long long)at);
    *out = leaf ? ~(ox__tree_at)at : (ox__tree_at)at;
    return OX_OK;
}

static ox_status read_places(ox__ev *e, ox__forest *f)
{
    size_t n = f->n_nodes, n_values, n_modes;
    const int64_t *feature, *yes, *no, *yes_leaf, *no_leaf, *missing,
        *roots = ox__ev_ints(e, "tree_roots", &f->n_roots);
    const double *value, *mode;
    ox_status s = need_ints(e, "nodes_featureids", n, &feature);
    if (s == OX_OK) s = need_ints(e, "nodes_truenodeids", n, &yes);
    if (s == OX_OK) s = need_ints(e, "nodes_falsenodeids", n, &no);
    if (s == OX_OK) s = need_ints(e, "nodes_trueleafs", n, &yes_leaf);
    if (s == OX_OK) s = need_ints(e, "nodes_falseleafs", n, &no_leaf);
    if (s == OX_OK) s = may_ints(e, "nodes_missing_value_tracks_true", n, &missing);
    if (s == OX_OK) s = tensor_numbers(e, "nodes_splits", &value, &n_values);
    if (s == OX_OK) s = tensor_numbers(e, "nodes_modes", &mode, &n_modes);
    if (s == OX_OK && (n_values != n || n_modes != n))
        s = ox__ev_fail(e, "%zu nodes, but %zu nodes_splits and %zu nodes_modes", n, n_values, n_modes);
    for (size_t i = 0; s == OX_OK && i < n; i++) {
        ox__tree_node *t = &f->nodes[i];
        if (!(mode[i] >= 0 && mode[i] <= OX__TREE_MEMBER)) return ox__ev_fail(e, "mode of node %zu is not known", i);
        t->mode = (uint8_t)mode[i];
        t->value = value[i];
        t->feature = (uint32_t)feature[i];
        t->missing = missing && missing[i] != 0;
        s = need_feature(e, feature[i], i);
        if (s == OX_OK) s = place_of(e, f, yes[i], yes_leaf[i] != 0, &t->yes);
        if (s == OX_OK) s = place_of(e, f, no[i], no_leaf[i] != 0, &t->no);
    }
    f->roots = s == OX_OK ? ox__arena_alloc(e->mem, (f->n_roots + 1) * sizeof *f->roots) : NULL;
    if (!f->roots) return s == OX_OK ? ox__nomem(e->err) : s;
    for (size_t i = 0; s == OX_OK && i < f->n_roots; i++) {
        s = place_of(e, f, roots[i], false, &f->roots[i]);
        if (s != OX_OK) return s;
        const ox__tree_node *t = &f->nodes[f->roots[i]];
        if (t->yes < 0 && t->yes == t->no) f->roots[i] = t->yes; /* a tree that is one leaf */
    }
    return s;
}

ox_status ox__forest_by_place(ox__ev *e, ox__forest *f)
{
    size_t n, n_targets;
    const double *weight;
    ox__ev_ints(e, "nodes_featureids", &n);
    const int64_t *target = ox__ev_ints(e, "leaf_targetids", &n_targets);
    ox_status s = tensor_numbers(e, "leaf_weights", &weight, &f->n_weights);
    if (s != OX_OK) return s;
    if (!n || n_targets != f->n_weights || n_targets >= INT32_MAX)
        return ox__ev_fail(e, "%zu nodes, %zu leaf_targetids, %zu leaf_weights", n, n_targets, f->n_weights);
    f->n_leaves = n_targets;
    f->leaf_at = ox__arena_alloc(e->mem, (n_targets + 1) * sizeof *f->leaf_at);
    f->weights = ox__arena_alloc(e->mem, (n_targets + 1) * sizeof *f->weights);
    if (!f->leaf_at || !f->weights) return ox__nomem(e->err);
    for (size_t i = 0; i < n_targets; i++) {
        if (target[i] < 0 || (uint64_t)target[i] >= f->n_targets)
            return ox__ev_fail(e, "leaf %zu is of target %lld, which is missing", i, (long long)target[i]);
        f->leaf_at[i] = (uint32_t)i;
        f->weights[i] = (ox__tree_weight){weight[i], (uint64_t)target[i]};
    }
    f->leaf_at[n_targets] = (uint32_t)n_targets;
    s = make_nodes(e, f, n);
    if (s == OX_OK) s = read_places(e, f);
    return s == OX_OK ? read_members(e, f) : s;
}

/* ---- what evaluation relies on ---- */
/* Takes away nodes that nothing leads to, until none is left: what stays goes in a circle. */
ox_status ox__forest_check(ox__ev *e, const ox__forest *f, uint64_t n_features)
{
    uint32_t *uses = ox__arena_alloc(e->mem, (f->n_nodes + 1) * sizeof *uses);
    ox__tree_at *free_nodes = ox__arena_alloc(e->mem, (f->n_nodes + 1) * sizeof *free_nodes);
    if (!uses || !free_nodes) return ox__nomem(e->err);
    memset(uses, 0, f->n_nodes * sizeof *uses);
    for (size_t i = 0; i < f->n_nodes; i++) {
        const ox__tree_node *t = &f->nodes[i];
        if (t->yes >= 0) uses[t->yes]++;
        if (t->no >= 0) uses[t->no]++;
        if (!(t->yes < 0 && t->yes == t->no) && t->feature >= n_features)
            return ox__ev_fail(e, "node %zu reads feature %u of %llu", i, (unsigned)t->feature,
                               (unsigned long long)n_features);
    }
    size_t n = 0, done = 0;
    for (size_t i = 0; i < f->n_nodes; i++)
        if (!uses[i]) free_nodes[n++] = (ox__tree_at)i;
    for (; done < n; done++) {
        const ox__tree_node *t = &f->nodes[free_nodes[done]];
        if (t->yes >= 0 && --uses[t->yes] == 0) free_nodes[n++] = t->yes;
        if (t->no >= 0 && --uses[t->no] == 0) free_nodes[n++] = t->no;
    }
    return done == f->n_nodes ? OX_OK : ox__ev_fail(e, "the nodes of a tree go in a circle");
}

/* ---- inference ---- */
static ox_status infer_scores(ox__inf *c, size_t o, ox_dtype dtype, int64_t n, const char *why)
{
    ox_dim dims[2], f;
    if (!ox__ml_inf_rows(c, &dims[0], &f)) dims[0] = ox__inf_unknown(c, "how many rows the input has");
    dims[1] = n > 0 ? ox__inf_const(c, n) : ox__inf_unknown(c, why);
    return ox__inf_out(c, o, dtype, 2, dims);
}

static ox_status infer_ensemble(ox__inf *c)
{
    return infer_scores(c, 0, ox__inf_dtype(c, 0), ox__inf_int(c, "n_targets", 0), "n_targets is not stated");
}

static ox_status infer_regressor(ox__inf *c)
{
    return infer_scores(c, 0, OX_FLOAT, ox__inf_int(c, "n_targets", 0), "n_targets is not stated");
}

static ox_status infer_classifier(ox__inf *c)
{
    ox_status s = ox__ml_inf_labels(c, "classlabels_strings");
    size_t n = ox__ml_inf_count(c, "classlabels_strings", OX_ATTR_STRINGS);
    if (!n) n = ox__ml_inf_count(c, "classlabels_int64s", OX_ATTR_INTS);
    return s == OX_OK ? infer_scores(c, 1, OX_FLOAT, (int64_t)n, "how many classes there are") : s;
}

static const ox__op_row rows[] = {
    {"TreeEnsemble", infer_ensemble, ox__eval_tree_ensemble, 0},
    {"TreeEnsembleClassifier", infer_classifier, ox__eval_tree_classifier, 0},
    {"TreeEnsembleRegressor", infer_regressor, ox__eval_tree_regressor, 0},
};
const ox__op_family ox__ops_ml_tree = {rows, OX__COUNT(rows), "ai.onnx.ml"};
