/* Floor 3. The tree of plain data that a pickle of PyTorch gives: numbers, texts, containers, objects by the name of
 * their class, tensors that point into storages. It lives in the arena of its ox__obj_tree. Nodes can be shared (one
 * list met twice is one node), never cyclic; no path down is longer than OX__OBJ_DEPTH, and walking every path visits
 * at most OX__OBJ_WALK nodes and OX__OBJ_WALK_BYTE more for each byte of the pickle: a walk may recurse, and need not
 * remember where it was. */
#ifndef ONNXSH_IO_TORCHSCRIPT_OBJECT_H
#define ONNXSH_IO_TORCHSCRIPT_OBJECT_H

#include "base/base.h"

#include <onnxsh/dtype.h>

enum { OX__OBJ_DEPTH = 200, OX__OBJ_WALK = 1 << 20, OX__OBJ_WALK_BYTE = 4 };

typedef enum ox__obj_kind {
    OX__OBJ_NONE,
    OX__OBJ_BOOL,    /* i: 0 or 1 */
    OX__OBJ_INT,     /* i */
    OX__OBJ_BIGINT,  /* bytes, n: little endian two's complement, beyond 64 bits */
    OX__OBJ_FLOAT,   /* f */
    OX__OBJ_COMPLEX, /* c: real and imaginary part */
    OX__OBJ_STR,     /* s, n: UTF-8 as a rule, terminated; NUL may occur */
    OX__OBJ_BYTES,   /* s, n */
    OX__OBJ_TUPLE,   /* items, n (torch.Size too) */
    OX__OBJ_LIST,    /* items, n; `of` says what TorchScript stated about its elements */
    OX__OBJ_SET,     /* items, n */
    OX__OBJ_DICT,    /* items: n keys, each followed by its value; an OrderedDict too; no text or number twice */
    OX__OBJ_OBJECT,  /* object */
    OX__OBJ_TENSOR,  /* tensor */
    OX__OBJ_STORAGE, /* storage: one that stands alone; those of tensors are seen through them */
    OX__OBJ_DTYPE,   /* s, n: "float32", as torch names it */
    OX__OBJ_DEVICE,  /* s, n: "cpu", "cuda:0" */
    OX__OBJ_GLOBAL   /* s, n: another constant of torch by its name: "strided", "channels_last", "per_tensor_affine" */
} ox__obj_kind;

/* What a list of TorchScript is known to hold (build_intlist, ...). */
typedef enum ox__obj_of { OX__OF_ANY, OX__OF_INT, OX__OF_FLOAT, OX__OF_BOOL, OX__OF_TENSOR } ox__obj_of;

typedef struct ox__obj ox__obj;
typedef struct ox__obj_object ox__obj_object;
typedef struct ox__obj_tensor ox__obj_tensor;
typedef struct ox__obj_storage ox__obj_storage;

struct ox__obj {
    uint8_t kind; /* an ox__obj_kind */
    uint8_t of;   /* an ox__obj_of */
    uint8_t mark; /* the reader's own */
    uint8_t room; /* the reader's own */
    uint32_t n;
    union {
        int64_t i;
        double f;
        const double *c;
        const char *s;
        ox__obj **items;
        ox__obj_object *object;
        ox__obj_tensor *tensor;
        ox__obj_storage *storage;
    };
};

struct ox__obj_object {
    const char *class_name; /* "__torch__.torch.nn.modules.conv.Conv2d", as the pickle states it, terminated */
    /* What it was given: as a rule a DICT of its attributes in the order of the class; whatever its __setstate__ takes
     * if the class has one (often a TUPLE); the value of a member of an enum; NULL: nothing. */
    ox__obj *state;
    uint32_t id; /* counts the objects of the tree from 0: for side tables */
    uint32_t depth;
    uint64_t walk; /* the reader's own, as depth */
};

/* The bytes that tensors point into; a record `data/KEY` of the archive, named by key. */
struct ox__obj_storage {
    const char *key; /* terminated */
    const char *device;
    ox_dtype dtype;   /* of its class; UNDEFINED for an untyped one, and for what has no counterpart here */
    const char *type; /* "Float", "QUInt8", "Untyped", ... */
    uint64_t numel;   /* elements; bytes of an untyped one */
    uint32_t id;      /* its place in the tree's storages: equal ids mean the same bytes */
};

typedef enum ox__obj_quant { OX__QUANT_NONE, OX__QUANT_TENSOR, OX__QUANT_CHANNEL } ox__obj_quant;

struct ox__obj_tensor {
    const ox__obj_storage *storage; /* NULL: without data (sparse ones are refused; "meta" tensors) */
    ox_dtype dtype;   /* of the stored elements: UINT8 for quint8; UNDEFINED: it has no counterpart, see type */
    const char *type; /* "Float", "QUInt8", ... */
    uint32_t rank;
    const int64_t *sizes;   /* not negative; their product fits 63 bits */
    const int64_t *strides; /* in elements, not negative */
    int64_t offset;         /* in elements, into the storage. Whether all lies inside it is checked by who reads it */
    bool requires_grad, parameter;
    bool conj, neg; /* the bytes still want conjugation, negation */
    ox__obj_quant quant;
    double scale;                      /* of OX__QUANT_TENSOR */
    int64_t zero_point;                /* "" */
    const ox__obj_tensor *scales;      /* of OX__QUANT_CHANNEL */
    const ox__obj_tensor *zero_points; /* "" */
    int64_t axis;                      /* "" */
    uint32_t row;                      /* 1 + its place among the rows of ox__archive_rows; 0: it has none */
};

typedef struct ox__obj_tree {
    ox__arena arena;
    ox__obj *root; /* borrowed from the arena, as all below */
    OX__VEC(ox__obj_storage *) storages;
    uint32_t n_objects;
} ox__obj_tree; /* all zero is empty */

void ox__obj_tree_free(ox__obj_tree *t);

/* The attribute of an OBJECT, or the value of a DICT, of that name; NULL if there is none (or o is NULL, or neither).
 */
ox__obj *ox__obj_get(const ox__obj *o, const char *name);
/* True if o is a STR of that text. */
bool ox__obj_is(const ox__obj *o, const char *text);

#endif
