/* Floor 5. Binding: from a trace node to a symbolic function and its arguments. */
#ifndef ONNXSH_CONVERT_BIND_H
#define ONNXSH_CONVERT_BIND_H

#include "convert/args.h"
#include "convert/registry.h"

/* What is known of an operator's name, looked up once. */
struct ox__opcache {
    ox_str domain, op;
    char *name;                    /* "aten::elu", "^Fn" */
    const ox_aten_schema *schemas; /* NULL if the table has none */
    size_t n_schemas;
    const ox__symgroup *group;          /* NULL: no function */
    bool looked_up;                     /* group was asked for */
    bool effects_known, mutates, views; /* what some schema of it does to memory, .out forms aside */
    bool has_out;                       /* some schema of it writes to an argument `out` */
    ox__opcache *next;                  /* another domain with this op */
};

typedef struct ox__binding {
    const ox__opcache *op;
    const ox_aten_schema *schema; /* that the node's arguments fit; NULL: none, or no schema */
    const ox__symbol *symbol;
    const ox__plan *plan; /* NULL: positional */
    int64_t later;        /* the least opset above the target with a function, 0 = none */
    size_t n_args;
    ox_arg *args; /* for the function */
} ox__binding;

/* The cache entry of a node's operator. */
ox_status ox__op_cache(ox__conv *c, ox_node n, const ox__opcache **out, ox_error *err) OX_MUST_USE;
/* Asks the registry for the functions of a cached operator. */
ox_status ox__op_group(ox__conv *c, const ox__opcache *op, ox_error *err) OX_MUST_USE;
/* Finds schema and function; symbol NULL if there is none. */
ox_status ox__bind_find(ox__conv *c, ox_node n, ox__binding *b, ox_error *err) OX_MUST_USE;
/* Binds the arguments. OX_E_UNSUPPORTED with the message: refused. */
ox_status ox__bind_args(ox__conv *c, ox_node n, ox__binding *b, ox_error *err) OX_MUST_USE;
/* The arguments of a node, a line each, for a failure. */
void ox__bind_print(ox__conv *c, ox_node n, const ox_aten_schema *schema, ox__buf *out);
/* The schema that a node's arguments fit, NULL if none or the operator has none. */
ox_status ox__match_schema(ox__conv *c, ox_node n, const ox__opcache *op, const ox_aten_schema **out,
                           ox_error *err) OX_MUST_USE;

#endif
