/* Sizes that a trace has as numbers: finding the constants that are one, and making a dim of an input dynamic, which
 * rebuilds them from the shapes of values.
 *
 * One model alone shows what a constant looks like. Models of the same network, traced at other sizes, prove it: they
 * are aligned node by node, and a constant that differs between them is a size; where one simple form of dims (a dim, a
 * product, a quotient, a sum with a constant) fits in all of them, it is that form. */
#ifndef ONNXSH_BAKED_H
#define ONNXSH_BAKED_H

#include <onnxsh/convert.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { OX_BAKED_MAX_OTHERS = 7 };

typedef enum ox_baked_state {
    OX_BAKED_PROVED,   /* it differs between the models, and one simple form fits in all */
    OX_BAKED_UNSURE,   /* it differs, and forms fit that are not the same; `why` tells them */
    OX_BAKED_VARIES,   /* it differs, and no form was found */
    OX_BAKED_LIKELY,   /* without other models: it stands where a size does, and is a size of what its node reads */
    OX_BAKED_POSSIBLE, /* without other models: it is equal to a form of the sizes of inputs */
    OX_N_BAKED_STATES
} ox_baked_state;
/* "proved", "unsure", "varies", "likely", "possible". */
OX_API const char *ox_baked_state_name(ox_baked_state s);

/* A constant, where a node reads it. Strings live as long as the list; they are raw: names are those of the model. */
typedef struct ox_baked_row {
    ox_baked_state state;
    ox_node node;
    uint32_t input;
    int32_t item;       /* the element of a list or tensor; -1: the number itself */
    const char *values; /* "2", or "2, 3": in each model */
    const char *form;   /* "x:0", "4*x:0*x:1", "(%y:2 - 1)//2"; "" if none was found */
    const char *why;    /* a short clause */
    bool rebuilt;       /* ox_dynamic_make put the form in its place */
} ox_baked_row;

typedef struct ox_baked ox_baked;
OX_API void ox_baked_free(ox_baked *b);
OX_API size_t ox_baked_n(const ox_baked *b);
OX_API const ox_baked_row *ox_baked_at(const ox_baked *b, size_t i);
/* How many constants were looked at; those that are not listed are no sizes. */
OX_API size_t ox_baked_n_seen(const ox_baked *b);

typedef struct ox_baked_options {
    size_t n_others; /* at most OX_BAKED_MAX_OTHERS: the same network at other sizes */
    const ox_model *const *others;
    const ox_task *task;
} ox_baked_options;

/* Lists the constants. The types of traces are taken as they are: infer them before; those of ONNX models are inferred
 * on copies. OX_E_CHECK, saying where they part, if the models are not the same node by node. */
OX_API OX_MUST_USE ox_status ox_baked_find(ox_baked **out, const ox_model *m, const ox_baked_options *opt,
                                           ox_error *err);

#ifdef __cplusplus
}
#endif
#endif
