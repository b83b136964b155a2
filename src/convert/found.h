/* Floor 5. The types of a trace's values, as lowering a copy of it tells them. */
#ifndef ONNXSH_CONVERT_FOUND_H
#define ONNXSH_CONVERT_FOUND_H

#include "convert/internal.h"

/* Why nothing is known of a value in a block of which nothing was left. */
#define OX__FOUND_GONE UINT32_MAX

typedef struct ox__found {
    uint32_t n;    /* value ids of the trace */
    ox_type *type; /* by value id, in the trace's own model: of tensors, what was found; {0} = nothing */
    uint32_t *why; /* by value id: 1 + the failure in `report` that it stems from, 0 = none, or OX__FOUND_GONE */
    ox_report *report;
} ox__found;

typedef struct ox__found_how {
    bool no_data; /* as in ox_infer_options */
    bool inner;   /* for a conversion that folds what is known and asks again: the copy does not do the same */
} ox__found_how;

/* Lowers a copy of m, a trace whatever its kind says, as far as it goes. m itself gets nothing but new types in its
 * tables. opt may be NULL; ox__found_free also after a failure. */
ox_status ox__found_make(ox__found *f, ox_model *m, ox_symbolics *r, const ox_convert_options *opt, ox__found_how how,
                         ox_error *err) OX_MUST_USE;
void ox__found_free(ox__found *f);

/* True if the type of some value that a node of the trace makes could be said better: a tensor without dtype or rank.
 */
bool ox__types_missing(const ox_model *m);
bool ox__type_is_open(const ox_model *m, ox_type t);

#endif
