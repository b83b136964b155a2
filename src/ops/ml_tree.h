/* Floor 3. Forests of decision trees in one form, whatever version of the operators they came from. */
#ifndef ONNXSH_OPS_ML_TREE_H
#define ONNXSH_OPS_ML_TREE_H

#include "ops/ml.h"

typedef enum ox__tree_mode { /* numbered as in TreeEnsemble */
                             OX__TREE_LEQ,
                             OX__TREE_LT,
                             OX__TREE_GTE,
                             OX__TREE_GT,
                             OX__TREE_EQ,
                             OX__TREE_NEQ,
                             OX__TREE_MEMBER
} ox__tree_mode;

typedef enum ox__tree_sum { /* numbered as in TreeEnsemble */
                            OX__TREE_AVERAGE,
                            OX__TREE_SUM,
                            OX__TREE_MIN,
                            OX__TREE_MAX
} ox__tree_sum;

/* A place in a tree: a node, or ~leaf. */
typedef int32_t ox__tree_at;

typedef struct ox__tree_node {
    double value;
    uint32_t feature;
    ox__tree_at yes, no;
    uint8_t mode;
    bool missing;            /* NaN goes to `yes` */
    uint32_t set_at, set_to; /* MEMBER: members, sorted */
} ox__tree_node;

typedef struct ox__tree_weight {
    double value;
    uint64_t target;
} ox__tree_weight;

typedef struct ox__forest {
    ox__tree_node *nodes;
    size_t n_nodes;
    uint32_t *leaf_at; /* n_leaves + 1: where the weights of a leaf begin */
    size_t n_leaves;
    ox__tree_weight *weights;
    size_t n_weights;
    double *members;
    ox__tree_at *roots;
    size_t n_roots;
    const double *base; /* NULL if there is none */
    size_t n_base;
    uint64_t n_targets;
    ox__tree_sum sum;
    ox__ml_post post;
} ox__forest;

/* ---- ml_tree.c: from the attributes; what they name exists afterwards, and no path goes in a circle ---- */
/* The form of versions 1 and 3: nodes by tree and id; `part` ("target", "class") names the attributes of weights. */
ox_status ox__forest_by_ids(ox__ev *e, const char *part, ox__forest *f);
/* The form of TreeEnsemble: nodes and leaves by position. */
ox_status ox__forest_by_place(ox__ev *e, ox__forest *f);
/* The same for both: no circles, features below n_features. */
ox_status ox__forest_check(ox__ev *e, const ox__forest *f, uint64_t n_features);

/* ---- ml_tree_eval.c ---- */
ox_status ox__eval_tree_ensemble(ox__ev *e);
ox_status ox__eval_tree_regressor(ox__ev *e);
ox_status ox__eval_tree_classifier(ox__ev *e);

#endif
