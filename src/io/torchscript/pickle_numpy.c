/* Floor 3. Numbers of NumPy, which checkpoints hold among others ("best": 0.93): an element type, and its bytes. */
#include "io/torchscript/pickle_in.h"

static ox__obj *bad(ox__unpickler *u)
{
    ox__pk_fail(u, OX_E_UNSUPPORTED, "the pickle has a number of NumPy that is not known");
    return NULL;
}

/* ("f8", align, copy): the type as NumPy writes it; its byte order comes as a state. */
ox__obj *ox__pk_numpy_dtype(ox__unpickler *u, ox__obj *args)
{
    if (args->n < 1 || args->n > 3 || args->items[0]->kind != OX__OBJ_STR) return bad(u);
    return ox__pk_text(u, OX__OBJ_DTYPE, args->items[0]->s, args->items[0]->n);
}

/* (version, "<", ...): "<" or, where there is no order, "|". */
void ox__pk_numpy_order(ox__unpickler *u, const ox__obj *state)
{
    bool fine = state->kind == OX__OBJ_TUPLE && state->n >= 2 &&
                (ox__obj_is(state->items[1], "<") || ox__obj_is(state->items[1], "|"));
    if (!fine) (void)bad(u);
}

static ox_dtype dtype_of(const ox__obj *o)
{
    static const struct {
        const char *name;
        ox_dtype dtype;
    } known[] = {
        {"f8", OX_DOUBLE}, {"f4", OX_FLOAT},  {"f2", OX_FLOAT16}, {"i8", OX_INT64},  {"i4", OX_INT32}, {"i2", OX_INT16},
        {"i1", OX_INT8},   {"u8", OX_UINT64}, {"u4", OX_UINT32},  {"u2", OX_UINT16}, {"u1", OX_UINT8}, {"b1", OX_BOOL},
    };
    for (size_t i = 0; i < OX__COUNT(known); i++)
        if (strlen(known[i].name) == o->n && memcmp(known[i].name, o->s, o->n) == 0) return known[i].dtype;
    return OX_UNDEFINED;
}

/* (dtype, bytes) */
ox__obj *ox__pk_numpy_scalar(ox__unpickler *u, ox__obj *args)
{
    if (args->n != 2 || args->items[0]->kind != OX__OBJ_DTYPE || args->items[1]->kind != OX__OBJ_BYTES) return bad(u);
    ox_dtype dtype = dtype_of(args->items[0]);
    const ox__obj *raw = args->items[1];
    if (dtype == OX_UNDEFINED || raw->n != ox_dtype_bits(dtype) / 8) return bad(u);
    if (dtype == OX_BOOL) return ox__pk_bool(u, raw->s[0] != 0);
    if (!ox_dtype_is_float(dtype)) return ox__pk_int(u, ox_dtype_get_i64(dtype, raw->s, 0));
    ox__obj *o = ox__pk_new(u, OX__OBJ_FLOAT);
    if (o) o->f = ox_dtype_get_f64(dtype, raw->s, 0);
    return o;
}
