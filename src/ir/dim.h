/* Floor 1. Dims: their rows, and the sums of products that they are simplified as. */
#ifndef ONNXSH_IR_DIM_H
#define ONNXSH_IR_DIM_H

#include "ir/parts.h"

/* A constant of 0 to 2^30 - 1 is its own id. */
#define OX__DIM_CONST_BIT UINT32_C(0x80000000)
#define OX__DIM_CONST_LIMIT (INT64_C(1) << 30)

typedef struct ox__dim_row {
    uint8_t kind;   /* ox_dim_kind */
    uint8_t leaves; /* constants and symbols in it: at most OX_DIM_MAX_TERMS, which bounds its depth as well */
    uint16_t n_ops;
    uint32_t name; /* symbol; reason of an unknown, 0 = not recorded */
    int64_t value; /* CONST */
    const ox_dim *ops;
} ox__dim_row;

/* The row of a dim that is not a small constant. */
const ox__dim_row *ox__dim_row_of(const ox_model *m, ox_dim d);
/* The dim of these parts, hash-consed as they are; unknown when it has too many leaves. */
ox_dim ox__dim_make(ox_model *m, ox_dim_kind kind, size_t n, const ox_dim *ops);
unsigned ox__dim_leaves(const ox_model *m, ox_dim d);
/* A total order that does not depend on when dims were made: symbols by name, then the others by their parts. */
int ox__dim_cmp(const ox_model *m, ox_dim a, ox_dim b);

/* A sum of products: terms in falling lexical order of their atoms, each once, no coefficient zero. An atom is a dim
 * that is no constant, sum or product. `failed` says that it grew too large or overflowed. */
typedef struct ox__mono {
    int64_t coef;
    uint32_t n;
    ox_dim atom[OX_DIM_MAX_TERMS]; /* in the order of ox__dim_cmp */
} ox__mono;
typedef struct ox__poly {
    uint32_t n;
    const char *failed;
    ox__mono t[OX_DIM_MAX_TERMS];
} ox__poly;

void ox__poly_of(const ox_model *m, ox__poly *p, ox_dim d);
ox_dim ox__poly_dim(ox_model *m, const ox__poly *p);
/* p += coef * t */
void ox__poly_add_term(const ox_model *m, ox__poly *p, const ox__mono *t, int64_t coef);
void ox__poly_add(const ox_model *m, ox__poly *p, const ox__poly *q, int64_t coef);
/* out = a * b */
bool ox__mono_mul(const ox_model *m, ox__mono *out, const ox__mono *a, const ox__mono *b);
/* out = a / b if b divides a (its coefficient too). */
bool ox__mono_div(const ox_model *m, ox__mono *out, const ox__mono *a, const ox__mono *b);
/* q = a / b if b divides a. */
bool ox__poly_div(const ox_model *m, ox__poly *q, const ox__poly *a, const ox__poly *b);
static inline bool ox__poly_is_const(const ox__poly *p)
{
    return p->n == 0 || (p->n == 1 && p->t[0].n == 0);
}
static inline int64_t ox__poly_const(const ox__poly *p)
{
    return p->n ? p->t[p->n - 1].coef : 0;
}

/* ---- dim_text.c ---- */
/* "2*seq+1", "(a+b)//2", "max(a, b)", "*" for an unknown, "" for none. A symbol that is no plain word is quoted. */
void ox__dim_print(const ox_model *m, ox_dim d, ox__buf *out);

#endif
