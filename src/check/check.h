/* Floor 4. What the families of checks share: the state of one run, and how a finding is reported. */
#ifndef ONNXSH_CHECK_CHECK_H
#define ONNXSH_CHECK_CHECK_H

#include <onnxsh/check.h>
#include <onnxsh/schema.h>

#include "base/base.h"

typedef enum ox__check_id {
#define OX_CHECK(constant, id, family, severity, help, hint) OX__CHECK_##constant,
#include "check/checks.def"
#undef OX_CHECK
    OX__N_CHECKS
} ox__check_id;

enum { OX__CHECK_NAMES = 6, OX__CHECK_NAME_SIZE = 200 };

/* A name that became visible, to be taken back at the end of its graph. */
typedef struct ox__visible {
    uint32_t str, hidden; /* the name; the value that it meant before, 0 = none */
    uint32_t value;
} ox__visible;

typedef struct ox__check {
    const ox_model *m;
    ox_model *own; /* the same, for inference */
    ox_finding_fn fn;
    void *ud;
    const ox_task *task;
    ox_error *err;
    ox_status status; /* not OX_OK: the run ends */
    bool stopped;     /* fn said so, or status */
    bool onnx;        /* the model is ONNX: all checks apply */
    bool wanted[OX__N_CHECKS];
    bool full;           /* inference is wanted */
    uint64_t read_limit; /* bytes of weights */
    ox_check_counts counts;
    uint64_t done, total; /* nodes, for the task */

    /* structure: names in sight while a graph is walked */
    uint32_t *by_name; /* string id -> value id */
    size_t n_names;
    uint8_t *made; /* by value id: its maker was passed, or it is an input or initializer in sight */
    OX__VEC(ox__visible) visible;

    /* the root graph (main or function) of the node being looked at, and its imports */
    ox_graph root;
    const ox_opset *opsets;
    size_t n_opsets;
    uint64_t ir_reported; /* bit v: a feature of IR version v was reported */
    ox__index seen;       /* what is reported once: hashes, kept in `once` */
    OX__VEC(uint64_t) once;

    uint64_t size_steps;     /* sizes.c: taken in all, so that a run stays linear */
    struct ox__baked *baked; /* baked.c: what it knows of the inputs, what it has counted */

    char message[1024];
    char names[OX__CHECK_NAMES][OX__CHECK_NAME_SIZE]; /* of ox__check_name, in turn */
    unsigned next_name;
} ox__check;

typedef struct ox__place_of {
    ox_graph graph;
    ox_node node;
    ox_value value;
} ox__place_of;

/* Reports a finding. Texts put into the message must be safe to print (ox__check_name). */
void ox__check_report(ox__check *c, ox__check_id id, ox__place_of at, const char *hint, const char *fmt, ...)
    OX_PRINTF(5, 6);
#define OX__AT_NODE(n) ((ox__place_of){.node = (n)})
#define OX__AT_VALUE(v) ((ox__place_of){.value = (v)})
#define OX__AT_GRAPH(g) ((ox__place_of){.graph = (g)})
/* A name in quotes, sanitised, cut; lives until OX__CHECK_NAMES - 1 further calls. */
const char *ox__check_name(ox__check *c, ox_str s);
/* "Conv node 'c1'", as a message calls it. Same life. */
const char *ox__check_node_name(ox__check *c, ox_node n);
/* "tensor(float)", "seq(tensor(int64))", ... Same life. */
const char *ox__check_type_name(ox__check *c, ox_type t);
/* True the first time that it is asked with this key: for what would be found again at every node. */
bool ox__check_once(ox__check *c, uint64_t key);
bool ox__check_wants_any(const ox__check *c, ox__check_id first, ox__check_id last); /* of a run of rows */
/* One more node was looked at: asks the task now and then. */
void ox__check_step(ox__check *c);
/* Records a failure of the run itself (out of memory, interrupted). */
void ox__check_fail(ox__check *c, ox_status s);
/* Something that IR version `ir` added is used. */
void ox__check_ir(ox__check *c, int64_t ir, ox__place_of at, const char *what);

/* ---- families ---- */
void ox__check_model(ox__check *c);     /* version.c: fields of the model, imports, IR version */
void ox__check_graphs(ox__check *c);    /* walk.c: main graph and functions, calling those below */
void ox__check_functions(ox__check *c); /* function.c */
/* function.c: `n` calls function f. */
void ox__check_call(ox__check *c, ox_node n, ox_graph f);
/* schema.c: a node against its operator, types.c included. */
void ox__check_node(ox__check *c, ox_node n);
/* types.c */
void ox__check_types(ox__check *c, ox_node n, const ox_op_schema *s);
void ox__check_initializer_type(ox__check *c, ox_value v);
void ox__check_infer(ox__check *c);   /* infer.c: infers; the model keeps what was found until the run ends */
void ox__check_habits(ox__check *c);  /* habits.c: what is legal, and wasteful or stumbled on */
void ox__check_weights(ox__check *c); /* weights.c: what shows in the bytes only */
void ox__check_read(ox__check *c);    /* records.c: that the graph of the file was understood */
void ox__check_records(ox__check *c); /* records.c: checksums of archives */
/* data.c: a tensor of a value or of a node's attribute. */
void ox__check_tensor(ox__check *c, ox_tensor t, ox__place_of at);

#endif
