/* Floor 2. The rows of the generated table of PyTorch schemas (tables/aten_table.c, written by gen_aten.py), and the
 * schema that ox_aten_parse makes. Texts are offsets into ox__aten_text, names of operators into ox__aten_names; the
 * lists of arguments (then results) are runs of ox__aten_lists, which holds row numbers of ox__aten_args. */
#ifndef ONNXSH_SCHEMA_ATEN_ROWS_H
#define ONNXSH_SCHEMA_ATEN_ROWS_H

#include <onnxsh/aten.h>

#include "base/base.h"

enum { OX__ATEN_VARARG = 1, OX__ATEN_VARRET = 2, OX__ATEN_OUT = 4, OX__ATEN_INPLACE = 8, OX__ATEN_OWNED = 16 };
enum { OX__ATEN_MUTATES = 1, OX__ATEN_ALIASES = 2 };
enum { OX__ATEN_KWARG = 1, OX__ATEN_INERT_SHIFT = 1 };

struct ox_aten_schema {
    uint16_t op; /* row of ox__aten_ops */
    uint16_t overload;
    uint16_t args; /* run */
    uint8_t n_args, n_returns;
    uint8_t flags;
    uint8_t first, last; /* rows of ox__aten_versions */
};

typedef struct ox__aten_op {
    uint32_t name;
    uint16_t first; /* schemas first..first+n-1 */
    uint8_t n;
} ox__aten_op;
typedef struct ox__aten_arg {
    uint16_t name;
    uint8_t type, def, flags, reason;
} ox__aten_arg;
typedef struct ox__aten_type {
    uint16_t text;
    uint8_t kind, wraps, size, flags; /* wraps: two bits each, the innermost lowest */
} ox__aten_type;
typedef struct ox__aten_const {
    uint16_t text;
    uint8_t kind, n;
    uint16_t value; /* BOOL: itself; INT, INTS: at ox__aten_ints; FLOAT: at ox__aten_floats; STR: a text */
} ox__aten_const;
typedef struct ox__aten_sizes {
    uint16_t ops, schemas, slots;
} ox__aten_sizes;

extern const char ox__aten_text[];
extern const char ox__aten_names[];
extern const ox__aten_op ox__aten_ops[]; /* sorted by name */
extern const ox_aten_schema ox__aten_schemas[];
extern const ox__aten_arg ox__aten_args[];
extern const ox__aten_type ox__aten_types[];
extern const ox__aten_const ox__aten_consts[];
extern const uint16_t ox__aten_reasons[];
extern const uint16_t ox__aten_lists[];
extern const int64_t ox__aten_ints[];
extern const uint64_t ox__aten_floats[]; /* bits of doubles */
extern const uint16_t ox__aten_slots[];  /* op row + 1, 0 = empty */
extern const uint16_t ox__aten_versions[];
extern const ox__aten_sizes ox__aten_n;

/* A schema given by the user: `row` has OX__ATEN_OWNED set and is what the caller holds. */
typedef struct ox__aten_owned {
    ox_aten_schema row;
    ox__arena arena; /* of all texts and arrays */
    ox_aten_info info;
    ox_aten_arg *args, *returns;
} ox__aten_owned;

static inline const ox__aten_owned *ox__aten_owned_of(const ox_aten_schema *s)
{
    return s->flags & OX__ATEN_OWNED ? (const ox__aten_owned *)(const void *)s : NULL;
}

#endif
