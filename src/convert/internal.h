/* Floor 5. What the files of this folder share: one conversion, what it knows of values, and its parts. */
#ifndef ONNXSH_CONVERT_INTERNAL_H
#define ONNXSH_CONVERT_INTERNAL_H

#include "ops/infer.h"

#include <onnxsh/convert.h>
#include <onnxsh/journal.h>
#include <onnxsh/schema.h>

/* ---- what conversion knows of a value beside its type ---- */
enum {
    OX__V_INT = 1,   /* a number of the trace (or a number given to an operator): it does not take part in type */
    OX__V_FLOAT = 2, /* promotion as a tensor of its dtype would */
    OX__V_BOOL = 4,
    OX__V_NUMBER = OX__V_INT | OX__V_FLOAT | OX__V_BOOL,
    OX__V_UNFOLLOWED = 16, /* it is changed in place by something that no pass followed */
    OX__V_FAILED = 8,      /* stems from the failure of that index */
    OX__V_WRITTEN = 32,    /* a list or dict that some node writes to, in place */
    OX__V_TOLD = 64        /* the number of a round: that its loop stays was told */
};

typedef struct ox__vinfo {
    uint32_t gen;
    uint32_t flags;
    size_t failure;
} ox__vinfo;

/* An attribute of a module that is an input and an output of the graph: its output is one of the last ones. */
typedef struct ox__state {
    ox_value input;
    ox_str out_name;
    ox_str doc;   /* of the input: what it is before the first call */
    ox_str alias; /* a weight that has the same memory in the file, {0} = none */
} ox__state;

typedef struct ox__opcache ox__opcache;
typedef struct ox__trail ox__trail;
typedef struct ox__recipes ox__recipes;

typedef struct ox__conv {
    ox_model *m; /* the copy that becomes the result */
    const ox_model *src;
    ox_symbolics *syms;
    const ox_convert_options *opt;
    int64_t opset; /* of ai.onnx */
    ox__facts *facts;
    ox__infer_options inf;
    ox_report *report;
    OX__VEC(ox__vinfo) values;  /* by value id */
    OX__VEC(ox__opcache *) ops; /* by id of the operator's string, and domain */
    ox__arena mem;              /* as long as the conversion */
    ox__arena call;             /* of the node under way */
    bool dynamic;               /* some input has a dim that is no constant */
    bool trace;                 /* the source is one, not an ONNX model */
    OX__VEC(ox_value) twins;    /* by value id: its copy, while a block is copied */
    OX__VEC(uint32_t) marks;    /* by value id: the last search that met it */
    uint32_t search;
    bool lists_marked;    /* some value is, or was, marked as written to */
    size_t unrolled;      /* nodes that the rounds of loops were copied to */
    bool as_is;           /* the source is of ONNX operators alone */
    ox__trail *trail;     /* only the types are wanted: nothing that is read by nobody goes; else NULL */
    bool inner;           /* for the types of a conversion that is under way */
    size_t depth;         /* of blocks under way */
    ox__recipes *recipes; /* what functions did before; NULL: each is called */
    ox__buf key;          /* of the call under way */
    uint64_t n_casts;
    uint64_t done;      /* nodes of the pass under way */
    size_t n_out_names; /* of the main graph, as the trace calls them */
    ox_str *out_names;
    OX__VEC(ox__state) state; /* --state io; in the order of their outputs */
    ox_str s_prim, s_aten, s_onnx, s_value;
    ox_error *err;
} ox__conv;

/* A conversion of src (whose kind c->trace tells): the copy and what it needs. ox__conv_close frees all but the report,
 * also after a failure. */
ox_status ox__conv_open(ox__conv *c) OX_MUST_USE;
void ox__conv_close(ox__conv *c);
ox__vinfo *ox__conv_info(ox__conv *c, ox_value v); /* NULL when out of memory or dead */
uint32_t ox__conv_flags(const ox__conv *c, ox_value v);
ox_status ox__conv_set_flags(ox__conv *c, ox_value v, uint32_t flags, ox_error *err) OX_MUST_USE; /* added */
/* A search through values: begin, then the first meeting with each is told from later ones. */
void ox__search_begin(ox__conv *c);
ox_status ox__search_meet(ox__conv *c, ox_value v, bool *first, ox_error *err) OX_MUST_USE;
bool ox__search_met(const ox__conv *c, ox_value v);
ox_str ox__conv_str(ox__conv *c, const char *text);
/* The target version of a domain: of ai.onnx, of --custom-opset, or what the model imports; 0 if none. */
int64_t ox__conv_opset(const ox__conv *c, const char *domain);
/* Asks the task whether to go on; to be called for each node that a pass looks at. */
ox_status ox__conv_tick(ox__conv *c, const char *what) OX_MUST_USE;
bool ox__node_in(const ox__conv *c, ox_node n, ox_str domain);

/* ---- report.c ---- */
struct ox_report {
    ox__arena mem;
    OX__VEC(ox_failure) rows;
    size_t n_failures;
    OX__VEC(ox_pass_stat) passes;
    uint64_t n_called, n_repeated; /* calls of symbolic functions */
};
ox_report *ox__report_create(void);
/* Adds a row about a node of the copy ({0}: the whole graph). Texts are copied; hint, arguments and err may be NULL.
 * The place in a Lua file is taken from err. */
typedef struct ox__finding {
    ox_failure_kind kind;
    ox_node node;
    const char *message, *hint, *arguments;
    const ox_error *err;
    size_t cause; /* SIZE_MAX = none */
} ox__finding;
ox_status ox__report_add(ox__conv *c, const ox__finding *f) OX_MUST_USE;
/* A row without arguments: printf. */
ox_status ox__report_note(ox__conv *c, ox_failure_kind kind, ox_node n, const char *hint, const char *fmt, ...)
    OX_PRINTF(5, 6) OX_MUST_USE;
/* A failure if the graph of the source could not be read. */
ox_status ox__report_unread(ox__conv *c) OX_MUST_USE;

#endif
