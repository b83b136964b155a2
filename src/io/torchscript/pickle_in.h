/* Floor 3. What the parts of the reader of pickles share: its stack, making nodes, looking names up, calls that are
 * none. All of them fail by ox__pk_fail, which is sticky: the machine stops after the instruction. */
#ifndef ONNXSH_IO_TORCHSCRIPT_PICKLE_IN_H
#define ONNXSH_IO_TORCHSCRIPT_PICKLE_IN_H

#include "io/torchscript/pickle.h"

enum {
    OX__PK_NAME = 1024, /* bytes of a module's or class's name at most */
    OX__PK_RANK = 64,
    /* kinds that never leave the reader: a row of the table of calls (its number is n), the name of a class that data
     * is rebuilt as, the name of a class of storages */
    OX__PK_CALL = 100,
    OX__PK_CLASS,
    OX__PK_STORAGE_CLASS
};

typedef struct ox__unpickler {
    ox__obj_tree *tree;
    ox__reader r;
    const char *file;
    uint64_t base;
    uint64_t at; /* where the instruction at work begins, from r.start */
    bool done;
    ox_status s; /* sticky */
    ox_error *err;
    const ox_task *task;
    size_t most;       /* bytes of memory that may be used, */
    unsigned per_byte; /* and for each byte since `from` */
    const uint8_t *from;
    OX__VEC(ox__obj *) stack;
    OX__VEC(uint32_t) marks; /* heights of the stack */
    OX__VEC(ox__obj *) memo;
    ox__index storages; /* of the tree, by key */
    ox__obj *none, *yes, *no, *small[256];
} ox__unpickler;

/* ---- pickle_make.c ---- */
void ox__pk_fail(ox__unpickler *u, ox_status s, const char *fmt, ...) OX_PRINTF(3, 4);
/* Memory of the tree; NULL when that is out, or more than the pickle may use. */
void *ox__pk_alloc(ox__unpickler *u, size_t n);
ox__obj *ox__pk_new(ox__unpickler *u, int kind);
ox__obj *ox__pk_none(ox__unpickler *u);
ox__obj *ox__pk_bool(ox__unpickler *u, bool v);
ox__obj *ox__pk_int(ox__unpickler *u, int64_t v);
/* STR, BYTES and the like, copied. */
ox__obj *ox__pk_text(ox__unpickler *u, int kind, const void *p, size_t n);
/* A TUPLE, LIST or SET of n items, or a DICT of n pairs. */
ox__obj *ox__pk_container(ox__unpickler *u, int kind, ox__obj *const *items, size_t n);
/* Adds n items (pairs) to a LIST or SET (DICT). */
bool ox__pk_append(ox__unpickler *u, ox__obj *o, ox__obj *const *items, size_t n);
bool ox__pk_push(ox__unpickler *u, ox__obj *o); /* NULL: a failure that was told */
ox__obj *ox__pk_pop(ox__unpickler *u);
ox__obj *ox__pk_top(ox__unpickler *u);
/* Pops the innermost mark: items are what stands above it, which stays on the stack until ox__pk_drop. */
ox__obj **ox__pk_marked(ox__unpickler *u, size_t *n);
void ox__pk_drop(ox__unpickler *u, size_t n);

/* How deep an OBJECT or a container is, and how many nodes a walk of it meets; set by the check. */
typedef struct ox__pk_extent {
    uint64_t walk;
    uint32_t depth;
} ox__pk_extent;
/* Stands before the items of a container; NULL for an empty one and for what holds nothing. */
ox__pk_extent *ox__pk_extent_of(const ox__obj *o);

/* ---- pickle_global.c ---- */
/* The constant, class or call of that name; NULL after a failure. */
ox__obj *ox__pk_global(ox__unpickler *u, const char *module, size_t module_n, const char *name, size_t name_n);
/* What calling fn, one of those, with these arguments stands for. */
ox__obj *ox__pk_call(ox__unpickler *u, const ox__obj *fn, ox__obj *args);
/* An object of a class, without its state; args must be empty. */
ox__obj *ox__pk_object(ox__unpickler *u, const ox__obj *cls, const ox__obj *args);
/* Gives o its state. */
void ox__pk_build(ox__unpickler *u, ox__obj *o, ox__obj *state);

/* ---- pickle_tensor.c ---- */
ox__obj *ox__pk_storage(ox__unpickler *u, const ox__obj *id);
ox__obj *ox__pk_rebuild_tensor(ox__unpickler *u, ox__obj *args);    /* with and without v2 */
ox__obj *ox__pk_rebuild_tensor_v3(ox__unpickler *u, ox__obj *args); /* with a dtype of its own */
ox__obj *ox__pk_rebuild_meta(ox__unpickler *u, ox__obj *args);
ox__obj *ox__pk_rebuild_qtensor(ox__unpickler *u, ox__obj *args);
ox__obj *ox__pk_rebuild_parameter(ox__unpickler *u, ox__obj *args);

/* ---- pickle_numpy.c ---- */
ox__obj *ox__pk_numpy_dtype(ox__unpickler *u, ox__obj *args);
ox__obj *ox__pk_numpy_scalar(ox__unpickler *u, ox__obj *args);
void ox__pk_numpy_order(ox__unpickler *u, const ox__obj *state); /* the state of such a dtype */

/* ---- pickle_check.c ---- */
/* Refuses cycles, too much depth, dicts with a key twice, and what is no data. */
ox_status ox__pk_check(ox__unpickler *u);

#endif
