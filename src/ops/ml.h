/* Floor 3. What the operators of ai.onnx.ml share: rows of features, labels, scores and their transforms, look-up by
 * key. Where the specification leaves something open they do as ONNX Runtime does. */
#ifndef ONNXSH_OPS_ML_H
#define ONNXSH_OPS_ML_H

#include "ops/infer.h"

/* ---- rows of features ---- */
/* A batch of n rows of f features; a tensor of rank 1 is one row. Anything but double counts with the precision of
 * float. */
typedef struct ox__ml_rows {
    uint64_t n, f;
    const double *x;
} ox__ml_rows;
ox_status ox__ml_rows_of(ox__ev *e, ox__ml_rows *out);
/* The same dims while inferring; false if the rank of input 0 is not known. */
bool ox__ml_inf_rows(ox__inf *c, ox_dim *n, ox_dim *f);

/* ---- attributes ---- */
/* How many elements a list attribute has; 0 if it is absent. */
size_t ox__ml_inf_count(const ox__inf *c, const char *name, ox_attr_kind kind);
/* A tensor attribute, a reference; *out NULL if it is absent. */
ox_status ox__ml_tensor(ox__ev *e, const char *name, ox_data **out);
/* A list of floats, or the tensor `name`_as_tensor, as doubles; *n 0 if both are absent. */
ox_status ox__ml_numbers(ox__ev *e, const char *name, const double **out, size_t *n);

/* ---- labels ---- */
typedef struct ox__ml_labels {
    const int64_t *ints; /* NULL: they are strings */
    const ox_str *strings;
    size_t n;
} ox__ml_labels;
ox__ml_labels ox__ml_labels_of(const ox__ev *e, const char *ints, const char *strings);
enum { OX__ML_POSITIVE = -1, OX__ML_NEGATIVE = -2 }; /* picks beside the labels: 1 and 0, or their texts */
/* Output 0 is the label that each of n rows picked. */
ox_status ox__ml_labels_out(ox__ev *e, const ox__ml_labels *l, uint64_t n, const int64_t *pick);
ox_status ox__ml_inf_labels(ox__inf *c, const char *strings);

/* ---- scores ---- */
typedef enum ox__ml_post { /* numbered as in TreeEnsemble */
                           OX__ML_NONE,
                           OX__ML_SOFTMAX,
                           OX__ML_LOGISTIC,
                           OX__ML_SOFTMAX_ZERO,
                           OX__ML_PROBIT
} ox__ml_post;
ox_status ox__ml_post_of(ox__ev *e, ox__ml_post *out);
/* Transforms the scores of one row in place. A single score is left as it is but by PROBIT. */
void ox__ml_post_apply(ox__ml_post p, double *v, size_t n);
/* What stands beside the only score s of a row of two classes: nothing, 1 - s, or -s. LOGISTIC makes it of -s always,
 * the softmaxes leave both as they are, PROBIT keeps one score. */
typedef enum ox__ml_second { OX__ML_ALONE, OX__ML_COMPLEMENT, OX__ML_OPPOSITE } ox__ml_second;
/* v has room for two. */
void ox__ml_post_second(ox__ml_post p, ox__ml_second second, double *v);

/* ---- look-up ---- */
typedef struct ox__ml_lookup {
    ox__index index; /* positions in keys, plus 1 */
    ox_bytes *keys;
    size_t n;
} ox__ml_lookup; /* all zero is empty */
/* A key as bytes; numbers are kept in *room. NaNs are one key, and so are the zeroes. */
ox_bytes ox__ml_key_int(int64_t v, uint64_t *room);
ox_bytes ox__ml_key_float(double v, uint64_t *room);
/* Of equal keys the last one is found. The keys live as long as e->mem. */
ox_status ox__ml_lookup_init(ox__ml_lookup *l, ox__ev *e, size_t n);
ox_status ox__ml_lookup_ints(ox__ml_lookup *l, ox__ev *e, const int64_t *v, size_t n);
ox_status ox__ml_lookup_strings(ox__ml_lookup *l, ox__ev *e, const ox_str *v, size_t n);
ox_status ox__ml_lookup_build(ox__ml_lookup *l, ox__ev *e);
/* The position of a key, or l->n. */
size_t ox__ml_lookup_find(const ox__ml_lookup *l, ox_bytes key);
void ox__ml_lookup_free(ox__ml_lookup *l);
/* Element i of a tensor as a key: of a float type cut to an integer if `integer`. */
ox_bytes ox__ml_key_of(const ox__dense *a, uint64_t i, bool integer, uint64_t *room);

#endif
