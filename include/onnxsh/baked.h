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
    ox_str attr;        /* not {0}: it is this attribute of the node, not an input */
    bool is_result;     /* the graph returns it as output `input`; node is the one that holds it, {0}: a weight */
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

/* ---- a dim that becomes dynamic ---- */
typedef struct ox_dynamic_options {
    size_t n_axes; /* input, axis (negative ones count from the end), symbol */
    const ox_dynamic_axis *axes;
    ox_baked_options baked;
    bool trust;        /* what is only likely is rebuilt too */
    ox_typing *typing; /* of a trace: its types are found anew; NULL: they are not */
} ox_dynamic_options;

/* Dims of inputs become symbols, and every constant that is proved to depend on them is computed from the sizes of
 * values: in a trace by aten::size and arithmetic, in an ONNX model by Shape and Gather. Types that the file gives are
 * forgotten where they may differ, and inferred again. *out lists the constants that depend on those dims, or may:
 * those rebuilt and those left. A failure leaves the model as it was; OX_E_CHECK: values of the new sizes contradict.
 */
OX_API OX_MUST_USE ox_status ox_dynamic_make(ox_baked **out, ox_model *m, const ox_dynamic_options *opt, ox_error *err);

#ifdef __cplusplus
}
#endif
#endif
