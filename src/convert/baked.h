/* Floor 5. What the files about baked sizes share: models that are held against each other, the constants in them, the
 * forms that fit. The first model is the one asked about; a vector of sizes has one number for each model. */
#ifndef ONNXSH_CONVERT_BAKED_H
#define ONNXSH_CONVERT_BAKED_H

#include "base/base.h"

#include <onnxsh/baked.h>

enum {
    OX__BAKED_MODELS = OX_BAKED_MAX_OTHERS + 1,
    OX__BAKED_ITEMS = 64, /* a longer tensor is no shape */
    OX__BAKED_TERMS = 3,
    OX__BAKED_RIVALS = 4
};

/* The rows, and all that they hold. */
struct ox_baked {
    ox__arena mem;
    OX__VEC(ox_baked_row) rows;
    size_t n_seen;
};

/* ---- the sizes of a model's values (baked_sizes.c) ---- */
typedef struct ox__sized {
    int32_t rank;        /* < 0: not known */
    const int64_t *dims; /* -1: not known */
} ox__sized;

typedef struct ox__sample {
    const ox_model *m;
    uint32_t n;
    ox__sized *of;  /* by value id */
    uint32_t *twin; /* by value id of the first model: the value here; 0 = none */
} ox__sample;

/* Sizes live in mem. */
ox_status ox__sample_open(ox__sample *s, const ox_model *m, ox__arena *mem, const ox_task *task,
                          ox_error *err) OX_MUST_USE;

/* ---- constants (baked_constant.c) ---- */
typedef enum ox__const_kind {
    OX__CONST_NOT,    /* it is computed */
    OX__CONST_INT,    /* a number of a trace */
    OX__CONST_INTS,   /* a list of them in one attribute */
    OX__CONST_TENSOR, /* integers of rank 0 or 1; floats of rank 1 that are whole */
    OX__CONST_FLOAT,  /* a number too, of a trace or a tensor of rank 0 */
    OX__CONST_BOOL,   /* in f */
    OX__CONST_OTHER   /* weights, strings, nothing, ...: only their dims are compared */
} ox__const_kind;

typedef struct ox__const {
    ox__const_kind kind;
    size_t n; /* ints: INT, INTS, TENSOR */
    int64_t ints[OX__BAKED_ITEMS];
    double f;
    ox_tensor t;   /* of a tensor */
    uint32_t rank; /* of it */
    ox_dtype dtype;
    const int64_t *dims;
} ox__const;

void ox__const_read(const ox_model *m, ox_value v, ox__const *out);
bool ox__node_is_constant(const ox_model *m, ox_node n);
/* Input i of n is where a shape, a size or an end stands. */
bool ox__input_is_size(const ox_model *m, ox_node n, uint32_t i);
/* It is a shape: an element of it is the size of a dim. */
bool ox__input_is_shape(const ox_model *m, ox_node n, uint32_t i);

/* ---- what two models hold (baked_same.c) ---- */
/* Tensors of the same dims. */
ox_status ox__same_content(const ox_model *m, ox_tensor here, const ox_model *o, ox_tensor there, bool *same,
                           ox_error *err) OX_MUST_USE;
/* Attributes of one name; blocks and tensors aside. */
bool ox__same_attr(const ox_model *m, const ox_attr *x, const ox_model *o, const ox_attr *y);

/* A tensor that is the same all along some axes, or counts along one of them; axes 0: none of the two. */
typedef struct ox__repeat {
    uint32_t axes;   /* a bit for each along which its size differs between the models */
    uint32_t counts; /* 1 + the axis along which it is 0, 1, 2, ...; 0 = it repeats its content along all */
} ox__repeat;

/* ---- where constants are read, in all models (baked_align.c) ---- */
typedef struct ox__site {
    ox_node node; /* that reads it; of a list that one node reads, that node */
    uint32_t input;
    int32_t item;   /* -1: the number itself */
    ox_node list;   /* the prim::ListConstruct between the two, or {0} */
    bool is_result; /* the graph returns it: input is the number of the output, node may be {0} */
    ox_str attr;    /* not {0}: this attribute of the node, which no node can compute */
    bool is_number; /* v holds what it is; else it differs in another way */
    bool same;      /* in all models, as half of a dim of an input is that differs by one */
    int64_t v[OX__BAKED_MODELS];
    ox__repeat repeat; /* a tensor made of a size: v is its size along axis `item` */
    const char *text;  /* of what is no number: "0.5, 0.25" */
    const char *why;   /* of it */
    uint32_t next;     /* 1 + the next site of the same node, 0 = none */
} ox__site;

typedef struct ox__aligned {
    size_t n; /* models */
    ox__sample at[OX__BAKED_MODELS];
    OX__VEC(ox__site) sites;
    uint32_t *first; /* by node id of the first model: 1 + its first site */
    size_t n_seen;   /* constants that were looked at */
    ox__arena mem;
    const ox_task *task;
    uint64_t done;
} ox__aligned;

/* ---- tensors that were made of sizes (baked_repeat.c) ---- */
ox_status ox__repeat_find(const ox__aligned *a, const ox__const *c, ox__repeat *out, ox_error *err) OX_MUST_USE;
/* The content that repeats: a tensor of size 1 along the axes. */
ox_status ox__repeat_base(ox_model *m, ox_tensor t, uint32_t axes, ox_tensor *out, ox_error *err) OX_MUST_USE;

ox_status ox__align(ox__aligned *a, const ox_model *m, const ox_baked_options *opt, ox_error *err) OX_MUST_USE;
void ox__aligned_free(ox__aligned *a);

/* ---- forms (baked_fit.c) ---- */
typedef struct ox__point {
    ox_value v;
    int32_t axis;
    int64_t size[OX__BAKED_MODELS];
} ox__point;

/* floor((mul * (the product, sum or difference of dims) + bias) / div) + add */
typedef struct ox__form {
    uint32_t n;      /* 0: none */
    bool sum, minus; /* minus: a sum of two, the second of them taken away */
    bool negative;   /* the whole is, as ends are that count from behind */
    ox__point at[OX__BAKED_TERMS];
    int64_t mul, bias, div, add;
} ox__form;

/* How a vector of sizes becomes another, from simple to less so. */
typedef enum ox__level {
    OX__FIT_EXACT,
    OX__FIT_SCALED,  /* a multiple or a part, without remainder */
    OX__FIT_PRODUCT, /* of several vectors */
    OX__FIT_SHIFTED, /* a number is added; a sum of two */
    OX__FIT_FLOORED, /* a quotient, rounded down or up */
    OX__FIT_LINE,    /* a multiple, moved: three points are asked for */
    OX__FIT_BENT,    /* a quotient, moved */
    OX__FIT_RATIO,   /* a multiple of a quotient, rounded down or up: three points too */
    OX__N_FITS
} ox__level;
/* Sets the numbers of the form; false if p does not become `want` in that way, or in more than one. (baked_form.c) */
bool ox__form_adjust(ox__level how, size_t n, const int64_t *want, const int64_t *p, ox__form *form);

/* A dim of an input that differs between the models; those that differ alike share a class. */
typedef struct ox__root {
    ox__point at;
    size_t cls;
    const char *symbol; /* what it is to be called, NULL = it was not asked for */
} ox__root;

typedef struct ox__fit {
    const ox__aligned *a;
    OX__VEC(ox__root) roots;
    size_t n_classes;          /* roots.p[k].cls < n_classes */
    OX__VEC(ox__point) points; /* dims of values that differ, newest last */
    ox__index index;           /* of the newest point of each vector: 1 + its place */
    bool alone;                /* there is one model: equal is all that can be said */
} ox__fit;

typedef struct ox__answer {
    ox_baked_state state;
    bool found;
    ox__form form;
    uint64_t classes; /* of which it is a form; UINT64_MAX: not known */
    uint64_t depends; /* on which it may depend */
    const char *why;  /* static, or in the arena */
    ox__form other;   /* UNSURE: what fits as well; PROVED: to be held against it once types are known; n may be 0 */
    bool other_first; /* it is nearer: if both are the same, it is the one to take */
    uint32_t n_rivals;
    ox__form rivals[OX__BAKED_RIVALS]; /* PROVED: if one of these is not the same, nothing is proved */
} ox__answer;
/* Classes of dims of inputs that change as those of the form do; 0 if one changes otherwise. (baked_rival.c) */
uint64_t ox__form_classes(const ox__fit *f, const ox__form *form);
/* Sets the rivals of the form, or makes it UNSURE where they cannot be the same. (baked_rival.c) */
void ox__rivals(const ox__fit *f, const ox__site *s, ox__answer *out);

/* A form of two dims, one of them of what the node reads: the answer, if it has none, else a rival. (baked_pair.c) */
void ox__pair_find(const ox__fit *f, const int64_t *want, size_t n_own, const ox__point *own, ox__answer *out);
/* Dim `axis` of v in all models; false if it is not known in some. */
bool ox__point_of(const ox__aligned *a, ox_value v, int32_t axis, ox__point *out);
/* The dim of an input that differs, whose half, rounded down, is that number in all models; false if there is none. */
bool ox__half_of(const ox__aligned *a, int64_t number, ox__point *out);
ox_status ox__fit_open(ox__fit *f, const ox__aligned *a, ox_error *err) OX_MUST_USE;
void ox__fit_free(ox__fit *f);
/* From now on the dims of v may stand in forms. */
bool ox__fit_meet(ox__fit *f, ox_value v);
void ox__fit_site(const ox__fit *f, const ox__site *s, ox__answer *out);
void ox__form_text(const ox_model *m, const ox__form *form, ox__buf *out);

/* ---- the list (baked.c) ---- */
/* Called for each site with its answer, in the order of the nodes that read them. */
typedef ox_status (*ox__baked_fn)(void *ud, ox__fit *f, const ox__site *s, const ox__answer *a, ox_error *err);
ox_status ox__baked_each(ox__fit *f, ox__baked_fn fn, void *ud, ox_error *err) OX_MUST_USE;
/* Tells the form of a row, and another that fits (n may be 0). */
ox_status ox__baked_tell(ox_baked *b, const ox_model *m, size_t row, const ox__form *form, const ox__form *other,
                         ox_error *err) OX_MUST_USE;
ox_status ox__baked_add(ox_baked *b, const ox__fit *f, const ox__site *s, const ox__answer *a,
                        ox_error *err) OX_MUST_USE;

/* ---- two forms (baked_agree.c) ---- */
enum { OX__BAKED_SYMBOLS = 64 };
typedef struct ox__symbols {
    size_t n;
    const char *name[OX__BAKED_SYMBOLS];
    int64_t step[OX__BAKED_SYMBOLS]; /* what divides its sizes in all models */
    size_t n_models;
    int64_t size[OX__BAKED_SYMBOLS][OX__BAKED_MODELS]; /* its size in each */
} ox__symbols;
typedef enum ox__agreement { OX__AGREE_UNKNOWN, OX__AGREE, OX__DISAGREE } ox__agreement;
/* By the types that the values have now. */
ox__agreement ox__forms_agree(const ox_model *m, const ox__form *a, const ox__form *b, const ox__symbols *s);

/* ---- putting a form in the place of a constant (rebuild*.c) ---- */
typedef struct ox__rebuilt ox__rebuilt;
typedef struct ox__rebuild {
    ox_model *m;
    ox__arena *mem;
    ox__index index; /* of the sizes that were made in the main graph */
    OX__VEC(ox__rebuilt) made;
    struct {
        ox_node node, range, expand; /* who reads it, and what it was made of now */
        uint32_t input;
    } tensor; /* that was taken apart last */
    ox_error *err;
} ox__rebuild;
struct ox__rebuilt {
    ox_value of, size;
    int32_t axis;
    uint32_t rank; /* of the size: ONNX has it as one element, or as none */
};

/* True if the constant can be computed where it is read. */
bool ox__rebuild_can(const ox_model *m, const ox__site *s);
/* To be called in the order of the sites. */
ox_status ox__rebuild_site(ox__rebuild *r, const ox__site *s, const ox__form *form) OX_MUST_USE;
void ox__rebuild_free(ox__rebuild *r);
/* The parts, by kind of model. */
ox_status ox__rebuild_trace(ox__rebuild *r, const ox__site *s, const ox__form *form) OX_MUST_USE;
ox_status ox__rebuild_onnx(ox__rebuild *r, const ox__site *s, const ox__form *form) OX_MUST_USE;
/* Of an ONNX model: a Constant, and one of one element, of rank 0 or 1; nodes with an int attribute. */
ox_status ox__rebuild_constant(ox__rebuild *r, ox_node at, ox_tensor t, ox_value *out) OX_MUST_USE;
ox_status ox__rebuild_number(ox__rebuild *r, ox_node at, uint32_t rank, int64_t i, ox_value *out) OX_MUST_USE;
ox_status ox__rebuild_cast(ox__rebuild *r, ox_node at, ox_dtype to, ox_value *v) OX_MUST_USE;
/* Takes a tensor that was made of sizes apart; *shape is where the size along its axis stands now. (rebuild_tensor.c)
 */
ox_status ox__rebuild_tensor(ox__rebuild *r, const ox__site *s, ox__site *shape) OX_MUST_USE;
/* The size of that dim, if it was made in front of `at`; {0} if not. */
ox_value ox__rebuild_known(const ox__rebuild *r, ox_node at, ox_value of, int32_t axis, uint32_t rank);
ox_status ox__rebuild_remember(ox__rebuild *r, ox_value of, int32_t axis, uint32_t rank, ox_value size) OX_MUST_USE;
/* A node of one output before `at`, at its place. */
ox_status ox__rebuild_node(ox__rebuild *r, ox_node at, const char *domain, const char *op, size_t n, const ox_value *in,
                           const char *name, ox_type type, ox_value *out) OX_MUST_USE;
/* Sets an input, and deletes the constant that nobody reads any more. */
ox_status ox__rebuild_set(ox__rebuild *r, ox_node n, size_t i, ox_value v) OX_MUST_USE;

#endif
