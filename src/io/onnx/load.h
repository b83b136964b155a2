/* Floor 3. Reading a .onnx file: the state of one load, and the parts of the loader. Every part takes messages whose
 * bounds are known, fails with the byte offset of what is wrong, and leaves what it made to the model. */
#ifndef ONNXSH_IO_ONNX_LOAD_H
#define ONNXSH_IO_ONNX_LOAD_H

#include "io/format.h"
#include "io/onnx/leaf.h"
#include "io/onnx/onnx.h"

/* What rows cost at most, for the budget: a little more than the tables of the IR take. */
enum {
    OX__COST_NODE = 112,
    OX__COST_VALUE = 96,
    OX__COST_RECORD = 16,
    OX__COST_USE = 20,
    OX__COST_NAME = 32,
    OX__COST_OUTPUT = 64
};

/* A large node, with weights, lists or graphs in it, counts for so much of its size; the walk of what is inside counts
 * that. */
enum { OX__NODE_CREDIT = 4096 };

typedef struct ox__name_change {
    uint32_t name, before; /* a string, and what `bound` said of it outside */
} ox__name_change;

typedef struct ox__load {
    ox_model *m;
    ox__onnx *io;
    const ox__open_args *args;
    const char *path;
    char *dir;     /* of path; owned */
    ox__arena tmp; /* lives as long as the load */
    ox__leaf leaf;
    uint64_t credit, cost;            /* bytes of metadata seen; bytes of memory they took: see ox__load_charge */
    uint64_t ticks;                   /* for progress */
    OX__VEC(uint32_t) bound;          /* by string id: the value that this name means here */
    OX__VEC(ox__name_change) changes; /* of the graphs being read: taken back at the end of each */
    OX__VEC(ox__name_change) loose;   /* names used before, or without, being defined: of the outermost graph */
    ox_graph outermost;
    uint32_t nesting;      /* nodes that are being read */
    ox__arena lists;       /* arrays of attributes, until their node has copied them */
    OX__VEC(uint32_t) ids; /* scratch stacks */
    OX__VEC(ox_str) outs;
    OX__VEC(ox_attr) attrs;
    OX__VEC(ox_pair) pairs;
    OX__VEC(int64_t) dims;
    OX__VEC(ox_opset) opsets;
    struct ox__scopes *scopes; /* scope.c */
    size_t n_no_data;          /* tensors whose external file is not there */
    ox_error no_data;          /* why the first of them has none */
} ox__load;

/* ---- load.c ---- */
/* Fails with the offset of `at`, a place in the file. */
ox_status ox__load_fail(ox__load *ld, const void *at, ox_status code, ox_error *err, const char *fmt, ...)
    OX_PRINTF(5, 6);
/* Counts bytes of the file that are no payload, and memory that is about to be taken for them; OX_E_LIMIT when memory
 * would exceed what DESIGN 6 grants: 64 MiB and 16 bytes for each. */
ox_status ox__load_charge(ox__load *ld, const void *at, uint64_t credit, uint64_t cost, ox_error *err) OX_MUST_USE;
/* The end of a walk: OX_OK, or what stopped it. */
ox_status ox__load_end(ox__load *ld, const ox__reader *r, ox_error *err) OX_MUST_USE;
ox_str ox__load_str(ox__load *ld, ox__span s); /* {0} when out of memory, which the model remembers */
/* The same; looks first whether the string is `guess`, {0} for none. */
ox_str ox__load_str_near(ox__load *ld, ox__span s, ox_str guess);
/* Adds a record for the field at `at`, with the parts of its message if there are several. */
ox_status ox__load_record(ox__load *ld, const uint8_t *at, const ox__msg *msg, uint32_t *rec,
                          ox_error *err) OX_MUST_USE;
/* Reports progress now and then; to be called for each record. */
ox_status ox__load_tick(ox__load *ld, const char *what, const void *at, ox_error *err) OX_MUST_USE;
/* A StringStringEntry, whose texts may hold NULs. */
ox_status ox__load_entry(ox__load *ld, ox__reader r, ox__span *key, ox__span *value, ox_error *err) OX_MUST_USE;
/* The same, interned and pushed on ld->pairs. */
ox_status ox__load_pair(ox__load *ld, const ox__field *f, ox_error *err) OX_MUST_USE;
/* An OperatorSetId. */
ox_status ox__load_opset(ox__load *ld, const ox__field *f, unsigned depth, ox_opset *out, ox_error *err) OX_MUST_USE;

/* ---- load_type.c ---- */
ox_status ox__load_type(ox__load *ld, const ox__msg *g, unsigned depth, ox_type *out, ox_error *err) OX_MUST_USE;

/* ---- load_tensor.c; rec is the tensor's record ---- */
ox_status ox__load_tensor(ox__load *ld, const ox__msg *g, uint32_t rec, ox_tensor *out, ox_error *err) OX_MUST_USE;
ox_status ox__load_sparse(ox__load *ld, const ox__msg *g, uint32_t rec, ox_tensor *out, ox_error *err) OX_MUST_USE;

/* ---- load_data.c: external data ---- */
typedef struct ox__place {
    ox_str location;
    uint64_t offset, length;
    bool has_offset, has_length;
    const uint8_t *at; /* of the first entry, for errors */
} ox__place;
/* Takes one entry of external_data; refuses keys and numbers that are not allowed. */
ox_status ox__load_place(ox__load *ld, const ox__field *f, ox__place *place, ox_error *err) OX_MUST_USE;
/* Finds the file of a place and the span of n bytes in it. A file that cannot be used is no failure: *file is then
 * UINT32_MAX, and the load will say so once. */
ox_status ox__load_data(ox__load *ld, const ox__place *place, uint64_t n, uint32_t *file, ox_error *err) OX_MUST_USE;

/* ---- load_graph.c ---- */
/* Makes a graph from the message whose field stands at `at`, `depth` messages below the file, with all inside. Of a
 * function it reads what a graph has as well. */
ox_status ox__load_graph(ox__load *ld, ox_graph *out, ox_graph_kind kind, const uint8_t *at, const ox__msg *msg,
                         unsigned depth, ox_error *err) OX_MUST_USE;
/* The value that a name means here, made if nothing defined it yet. */
ox_status ox__load_use(ox__load *ld, ox_str name, uint32_t *value, ox_error *err) OX_MUST_USE;
/* A value that graph g now defines under this name, for the caller to adopt. */
ox_status ox__load_define(ox__load *ld, ox_graph g, ox_str name, uint32_t *value, ox_error *err) OX_MUST_USE;
/* Notes the texts of a message that name values, for the time when these are renamed. `path` are the field numbers that
 * lead to such a text, ended by 0: every one of the last number is one. */
ox_status ox__load_named(ox__load *ld, ox__reader r, const uint32_t *path, ox_error *err) OX_MUST_USE;
/* Forgets the names of the outermost graph. Those of the main graph are kept until then: training graphs use them. */
void ox__load_forget(ox__load *ld);

/* ---- load_func.c ---- */
/* A local function: its graph, then what a graph does not have. */
ox_status ox__load_function(ox__load *ld, const ox__field *f, ox_error *err) OX_MUST_USE;
/* A TrainingInfo: its graphs. */
ox_status ox__load_training(ox__load *ld, const ox__field *f, ox_error *err) OX_MUST_USE;

/* ---- load_node.c, load_attr.c ---- */
ox_status ox__load_node(ox__load *ld, ox_graph g, const ox__field *f, uint32_t rec, unsigned depth,
                        ox_error *err) OX_MUST_USE;
/* A node that is read next: the places of the names that it is likely to define are fetched meanwhile. */
void ox__load_node_expect(const ox__load *ld, const ox__field *f);
/* Pushes the attribute on ld->attrs. */
ox_status ox__load_attr(ox__load *ld, const ox__field *f, unsigned depth, ox_error *err) OX_MUST_USE;

/* ---- scope.c: scopes and source locations from names, metadata and documentation ---- */
bool ox__scopes_init(ox__load *ld);
void ox__scopes_free(ox__load *ld);
/* Derives what a node's row does not have yet. */
ox_status ox__load_scope(ox__load *ld, ox_node n, ox_error *err) OX_MUST_USE;

#endif
