/* Inference: the types of values, from those of the inputs and from what the operators mean.
 *
 * The model holds what was found, journalled like every change: each view shows it, and undo takes it back. It stands
 * beside the types that the file gave (ox_value_given_type), so that inferring again after an edit begins from those.
 * Nothing is guessed: a dim is an expression of known ones, or unknown for a reason, which ox_dim_reason tells with
 * the place that it comes from. */
#ifndef ONNXSH_INFER_H
#define ONNXSH_INFER_H

#include <onnxsh/graph.h>
#include <onnxsh/type.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum ox_infer_problem {
    OX_INFER_INPUTS,   /* the inputs of a node cannot go together */
    OX_INFER_DECLARED, /* a type that the file gives contradicts what was found */
    OX_INFER_NO_RULE   /* nothing is known of the operator, and the file gives no type */
} ox_infer_problem;

typedef struct ox_infer_finding {
    ox_infer_problem problem;
    ox_node node;
    ox_value value;      /* DECLARED: the value concerned */
    const char *message; /* safe to print; valid during the call */
} ox_infer_finding;

/* Called for each finding, in the order of the graph. It must not change the model. */
typedef void (*ox_infer_fn)(void *ud, const ox_infer_finding *f);

typedef struct ox_infer_options {
    bool strict;  /* the first finding is an error (OX_E_CHECK with its place), and the model stays as it was */
    bool no_data; /* the elements of values are not followed through the arithmetic of shapes */
    bool keep;    /* what is found is saved with the model, as value_info */
    bool forget;  /* types that the file gives to what nodes make do not count where others are found: for inputs that
                     were given other types than those of the file */
} ox_infer_options;

typedef struct ox_infer_counts {
    size_t nodes;        /* that were looked at in this run */
    size_t findings;     /* of this run */
    size_t values;       /* that nodes make, but for those inside of local functions */
    size_t typed_before; /* of them, whose element type and rank the file gives */
    size_t typed;        /* whose element type and rank are known */
    size_t dims;         /* of typed tensors */
    size_t unknown_dims;
} ox_infer_counts;

/* Infers all of a model once; of a trace, its ONNX nodes. opt, fn, counts and task may be NULL. */
OX_API OX_MUST_USE ox_status ox_infer(ox_model *m, const ox_infer_options *opt, ox_infer_fn fn, void *ud,
                                      ox_infer_counts *counts, const ox_task *task, ox_error *err);

/* Inference that stays: after the first update, each one looks only at what was changed since, by edits, undo or
 * redo, and at what depends on it. An update is part of the open step of the journal, as an edit is, so it is not for
 * right after an undo, whose redo it would drop: undo has brought the types back that belonged to that state.
 * It may outlive its model, and is then good for nothing but being freed. */
typedef struct ox_inference ox_inference;
OX_API OX_MUST_USE ox_status ox_inference_create(ox_inference **out, ox_model *m, const ox_infer_options *opt,
                                                 ox_error *err);
OX_API OX_MUST_USE ox_status ox_inference_update(ox_inference *inf, ox_infer_fn fn, void *ud, const ox_task *task,
                                                 ox_error *err);
/* Of the last update; walks over all values. */
OX_API void ox_inference_count(const ox_inference *inf, ox_infer_counts *out);
OX_API void ox_inference_free(ox_inference *inf);

/* Why a dim is unknown: "the shape is not a constant: Reshape 'r' at Net/Head[head], whose input 2 (shape) comes from
 * NonZero 'nz'". "" for a dim that is known, or if no reason is recorded. The text is cut to size, terminated and safe
 * to print; returns its length. The names are those that the nodes have now. */
OX_API size_t ox_dim_reason(const ox_model *m, ox_dim d, char *buf, size_t size);

#ifdef __cplusplus
}
#endif
#endif
