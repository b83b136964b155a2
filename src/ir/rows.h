/* Floor 1. The rows of a model's tables, as they lie in memory.
 *
 * A row is fixed-size words: ids of strings, types and dims, links to other rows (0 = none), ranges in other tables,
 * and pointers to immutable arrays in the model's arena. Nothing in a row is changed but by ox__put (ir.h), which
 * records it in the journal; the words marked "derived" are outside the journal and can be made again from the others.
 * Row 0 of each table is unused, but for the scopes, where it is the parent of the roots. */
#ifndef ONNXSH_IR_ROWS_H
#define ONNXSH_IR_ROWS_H

#include <onnxsh/graph.h>

enum ox__tab {
    OX__TOP, /* one row: the fields of the model itself */
    OX__NODE,
    OX__VALUE,
    OX__GRAPH,
    OX__SCOPE,
    OX__USE,  /* an input of a node; a node's inputs are neighbours */
    OX__ITEM, /* a graph's input, output or initializer: one record of the file each */
    OX__ID,   /* lists of ids: outputs of nodes, outputs of graphs, functions */
    OX__N_TABLES
};

/* Flags of rows. The first four tables after OX__TOP begin with {gen, flags}. */
enum {
    OX__ALIVE = 1u << 0,
    OX__DIRTY = 1u << 1,    /* its own record differs from the file's (value: its value_info) */
    OX__BELOW = 1u << 2,    /* node, graph, top: a record inside is dirty; then so is every owner up to the top */
    OX__RETURN = 1u << 3,   /* node: the hidden one whose inputs are a graph's outputs */
    OX__DECLARED = 1u << 4, /* value: has a value_info */
    OX__INFERRED = 1u << 5, /* value: inference has said more than `given` */
    /* graph: which of its own fields differ */
    OX__DIRTY_NAME = 1u << 5,
    OX__DIRTY_DOC = 1u << 6,
    OX__DIRTY_META = 1u << 7,
    OX__DIRTY_LISTS = 1u << 8, /* a record was added, removed or moved */
    OX__DIRTY_FUNC = 1u << 9,  /* what ox_function_set changes */
    /* top */
    OX__DIRTY_IR_VERSION = 1u << 10,
    OX__DIRTY_VERSION = 1u << 11,
    OX__DIRTY_OPSETS = 1u << 12,
    OX__DIRTY_FUNCTIONS = 1u << 13, /* one was added or removed */
    OX__DIRTY_TEXT = 1u << 16       /* shifted by the ox_model_field */
};

/* Immutable arrays; a change makes a new one. */
typedef struct ox__attrs {
    uint32_t n, n_blocks; /* blocks: graphs named by all attributes */
    ox_attr a[];
} ox__attrs;
typedef struct ox__pairs {
    uint32_t n;
    ox_pair p[];
} ox__pairs;
typedef struct ox__opsets {
    uint32_t n;
    ox_opset o[];
} ox__opsets;
/* What few nodes, values and graphs have. Immutable too. */
typedef struct ox__ext {
    ox_str doc;
    ox_str overload;                  /* node */
    const ox__pairs *metadata;        /* NULL = none */
    const ox_function_info *function; /* graph of kind OX_GRAPH_FUNCTION; NULL = all empty */
    uint32_t origin;                  /* initializer: the node of another model that computed it */
} ox__ext;

typedef struct ox__top_row {
    uint32_t flags;
    uint32_t fn_first, fn_n, fn_cap; /* functions: a range of OX__ID */
    int64_t ir_version, version;
    const ox__opsets *opsets;
    const ox__pairs *metadata;
    uint32_t text[OX_N_MODEL_FIELDS];
} ox__top_row;

typedef struct ox__node_row {
    uint32_t gen, flags;
    uint32_t domain, op, name;  /* strings */
    uint32_t graph, prev, next; /* neighbours in the graph's order; none for a return node */
    uint32_t in_first, in_n;    /* range of OX__USE */
    uint32_t out_first, out_n;  /* range of OX__ID: value ids, 0 = an absent output */
    uint32_t scope, loc, origin;
    uint32_t src;           /* io's: the record it was read from, 0 = none */
    uint64_t order;         /* grows along the graph; 0 in a stale graph (order.c) */
    const ox__attrs *attrs; /* NULL = none */
    const ox__ext *ext;     /* NULL = all empty */
} ox__node_row;

typedef struct ox__value_row {
    uint32_t gen, flags;
    uint32_t name, type, layout, tensor;
    uint32_t graph;
    uint32_t node, index; /* the node that makes it and its output number; for an input: derived position */
    uint32_t use_first, use_last, use_n;
    uint32_t in_item, init_item; /* its OX__ITEM rows as graph input and as initializer, 0 = it is not one */
    uint32_t src;                /* io's: its value_info */
    uint32_t given;              /* its type before inference; `type` unless OX__INFERRED */
    const ox__ext *ext;
} ox__value_row;

typedef struct ox__list {
    uint32_t first, last, n; /* of OX__ITEM, linked */
} ox__list;

typedef struct ox__list_cache ox__list_cache;

typedef struct ox__graph_row {
    uint32_t gen, flags;
    uint32_t kind, name;
    uint32_t owner;  /* the node whose attribute names it */
    uint32_t height; /* how many levels of blocks were ever below */
    uint32_t first, last, n_nodes;
    uint32_t ret;       /* the return node */
    uint32_t out_items; /* range of OX__ID, as long as the return node's inputs: OX__ITEM ids */
    ox__list in, init;
    uint32_t src;         /* io's */
    uint32_t order_epoch; /* derived: of the nodes' order */
    const ox__ext *ext;
    ox__list_cache *cache; /* derived: positions of inputs and initializers; owned */
} ox__graph_row;

typedef struct ox__scope_row {
    uint32_t gen, flags;
    uint32_t parent, cls, attr;
    uint32_t first_child, last_child, next;
    uint32_t depth;
    uint32_t calls; /* as far as a loader counted them */
} ox__scope_row;

typedef struct ox__use_row {
    uint32_t value; /* 0 = absent, or a freed place */
    uint32_t node;
    uint32_t prev, next; /* among the uses of the value */
} ox__use_row;

typedef struct ox__item_row {
    uint32_t value;
    uint32_t prev, next; /* among the inputs or initializers of the graph; unused for outputs */
    uint32_t src;        /* io's */
    uint32_t flags;      /* OX__DIRTY */
} ox__item_row;

_Static_assert(sizeof(ox__node_row) == 88, "a node is 88 bytes: P6 counts on it");
_Static_assert(sizeof(ox__value_row) == 72, "a value is 72 bytes");

#endif
