/* Floor 5. The registry of symbolic functions, and the plans by which their parameters are bound to schemas. */
#ifndef ONNXSH_CONVERT_REGISTRY_H
#define ONNXSH_CONVERT_REGISTRY_H

#include "base/base.h"

#include <onnxsh/aten.h>
#include <onnxsh/convert.h>

/* How one function takes the arguments of one schema. */
typedef struct ox__plan {
    const ox_aten_schema *schema;
    const int16_t *arg_of; /* n_params: index of the schema's argument */
    size_t n_left;         /* arguments that are not named and matter: they must stand at their default */
    const int16_t *left;
} ox__plan;

typedef struct ox__symbol {
    ox_symbolic_def def;  /* texts owned */
    const char *base;     /* "aten::elu", "^MyFunction" */
    const char *overload; /* NULL: bare */
    ox_aten_schema *own;  /* of def.schema */
    size_t n_plans;       /* one for each schema that it serves; 0: positional */
    ox__plan *plans;
    ox__arena mem;      /* holds texts and plans */
    uint64_t number;    /* no other function of the registry has it, nor gets it later */
    uint32_t fruitless; /* recordings of it that came to nothing, one after the other */
} ox__symbol;

typedef struct ox__symgroup {
    char *name; /* base */
    OX__VEC(ox__symbol *) list;
    bool asked;   /* the loader was called for it */
    bool removed; /* built-in functions of it stay away */
    OX__VEC(char *) removed_overloads;
} ox__symgroup;

/* Makes the plans of a function. OX_E_INVALID, the schemas in the message, when it fits none. */
ox_status ox__plan_make(ox__symbol *s, ox_error *err) OX_MUST_USE;
/* The plan for a schema: its own, or that of another version of the same overload. NULL if there is none. */
const ox__plan *ox__plan_for(const ox__symbol *s, const ox_aten_schema *schema);

/* All functions of a name, loaded if need be; NULL if there are none. */
ox_status ox__symbolics_group(ox_symbolics *r, const char *base, size_t n, const ox__symgroup **out,
                              ox_error *err) OX_MUST_USE;
/* The function that serves best. A function is asked with `serves`; target gives the version of a domain. */
typedef struct ox__choice {
    const char *overload;         /* of the matched schema; NULL = not known */
    const ox_aten_schema *schema; /* matched; NULL: the operator has none */
    int64_t (*target)(const void *ud, const char *domain);
    const void *ud;
} ox__choice;
/* *later (may be NULL) gets the least opset above the target that some function serves, 0 = none. */
const ox__symbol *ox__symbolics_choose(const ox__symgroup *g, const ox__choice *want, int64_t *later);

/* The recipes of the registry's functions; NULL if they must not be used now. */
struct ox__recipes *ox__symbolics_recipes(ox_symbolics *r);

/* Counts what the user registered and removed: equal counts mean the same functions. */
uint64_t ox__symbolics_edits(const ox_symbolics *r);

#endif
