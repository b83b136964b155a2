/* Floor 2. Which overload a call means: by the count and the types of its arguments. Nothing is owned. */
#include <onnxsh/aten.h>

#include "base/base.h"

static ox_aten_kind kind_of(const ox_type_info *t)
{
    switch (t->kind) {
    case OX_TYPE_NONE_KNOWN: return OX_ATEN_UNKNOWN;
    case OX_TYPE_TENSOR:
    case OX_TYPE_SPARSE: return OX_ATEN_TENSOR;
    case OX_TYPE_INT: return OX_ATEN_INT;
    case OX_TYPE_FLOAT_SCALAR: return OX_ATEN_FLOAT;
    case OX_TYPE_BOOL_SCALAR: return OX_ATEN_BOOL;
    case OX_TYPE_COMPLEX_SCALAR: return OX_ATEN_COMPLEX;
    case OX_TYPE_NUMBER: return OX_ATEN_SCALAR;
    case OX_TYPE_STR: return OX_ATEN_STR;
    case OX_TYPE_DEVICE: return OX_ATEN_DEVICE;
    case OX_TYPE_NONETYPE: return OX_ATEN_NONE;
    case OX_TYPE_CLASS: return OX_ATEN_CLASS;
    default: return OX_ATEN_OTHER;
    }
}

ox_aten_type ox_aten_type_of(const ox_model *m, ox_type t)
{
    ox_aten_type out = {.kind = OX_ATEN_UNKNOWN};
    ox_type_info info = ox_type_get(m, t);
    uint8_t outside_in[OX_ATEN_MAX_WRAPS];
    size_t n = 0;
    while ((info.kind == OX_TYPE_LIST || info.kind == OX_TYPE_SEQUENCE || info.kind == OX_TYPE_OPTIONAL) &&
           info.n_items == 1) {
        if (n == OX_ATEN_MAX_WRAPS) return out;
        outside_in[n++] = info.kind == OX_TYPE_OPTIONAL ? OX_ATEN_WRAP_OPTIONAL : OX_ATEN_WRAP_LIST;
        info = ox_type_get(m, info.items[0]);
    }
    out.kind = (uint8_t)kind_of(&info);
    for (size_t i = 0; i < n; i++) out.wrap[i] = outside_in[n - 1 - i];
    return out;
}

static int depth_of(const ox_aten_type *t)
{
    int n = 0;
    while (n < OX_ATEN_MAX_WRAPS && t->wrap[n]) n++;
    return n;
}

static bool is_number(int kind)
{
    return kind >= OX_ATEN_INT && kind <= OX_ATEN_SCALAR;
}

/* Whether an actual kind may stand for a formal one, lists and optionals aside. */
static bool kind_fits(int formal, int actual, bool exact)
{
    if (formal == actual || formal == OX_ATEN_ANY || formal == OX_ATEN_UNKNOWN || actual == OX_ATEN_UNKNOWN)
        return true;
    switch (formal) {
    case OX_ATEN_SCALAR:
        if (actual == OX_ATEN_INT || actual == OX_ATEN_FLOAT || actual == OX_ATEN_COMPLEX) return true;
        break;
    case OX_ATEN_DTYPE:
    case OX_ATEN_LAYOUT:
    case OX_ATEN_MEMORY_FORMAT:
        if (actual == OX_ATEN_INT) return true;
        break;
    case OX_ATEN_GENERATOR:
    case OX_ATEN_STORAGE:
    case OX_ATEN_OTHER:
    case OX_ATEN_CLASS:
        if (actual == OX_ATEN_OTHER || actual == OX_ATEN_CLASS) return true;
        break;
    default: break;
    }
    if (exact) return false;
    if (formal == OX_ATEN_TENSOR) return is_number(actual) || actual == OX_ATEN_NONE;
    if (is_number(formal)) return is_number(actual) || actual == OX_ATEN_TENSOR;
    return formal == OX_ATEN_DEVICE && actual == OX_ATEN_STR;
}

bool ox_aten_type_fits(const ox_aten_type *formal, const ox_aten_type *actual, bool exact)
{
    int nf = depth_of(formal), na = depth_of(actual);
    bool sized = formal->size != 0;
    for (;;) {
        if (na == 0 && actual->kind == OX_ATEN_UNKNOWN) return true;
        if (nf == 0 && formal->kind == OX_ATEN_ANY) return true;
        int f = nf ? formal->wrap[nf - 1] : OX_ATEN_WRAP_NONE, a = na ? actual->wrap[na - 1] : OX_ATEN_WRAP_NONE;
        if (f == OX_ATEN_WRAP_OPTIONAL) {
            if (na == 0 && actual->kind == OX_ATEN_NONE) return true;
            nf--;
            if (a == OX_ATEN_WRAP_OPTIONAL) na--;
        } else if (a == OX_ATEN_WRAP_OPTIONAL) {
            if (exact) return false;
            na--;
        } else if (f == OX_ATEN_WRAP_LIST && a == OX_ATEN_WRAP_LIST) {
            nf--, na--;
            sized = false;
        } else if (f == OX_ATEN_WRAP_LIST) {
            /* Dumps of 2018 have lists of type Dynamic, which reads as a tensor. */
            if (!exact && na == 0 && actual->kind == OX_ATEN_TENSOR) return true;
            if (!sized) return false;
            nf--;
            sized = false;
        } else if (a == OX_ATEN_WRAP_LIST) {
            return false;
        } else {
            return kind_fits(formal->kind, actual->kind, exact);
        }
    }
}

/* Arguments that no actual one filled must have a default; without `exact`, inert ones may be missing too. */
static bool rest_is_fine(const ox_aten_schema *s, const uint64_t *filled, uint32_t n, bool exact)
{
    for (uint32_t i = 0; i < n; i++) {
        if (filled[i / 64] >> (i % 64) & 1) continue;
        ox_aten_arg a = ox_aten_get_arg(s, i);
        if (a.def.kind == OX_ATEN_CONST_ABSENT && (exact || a.inert == OX_ATEN_MATTERS)) return false;
    }
    return true;
}

static bool schema_fits(const ox_aten_schema *s, const ox_aten_type *args, const char *const *names, size_t n_args,
                        bool exact)
{
    ox_aten_info info = ox_aten_get(s);
    uint64_t filled[4] = {0};
    bool wants_out = !info.is_out;
    if (n_args > info.n_args && !info.vararg) return false;
    for (size_t i = 0; i < n_args; i++) {
        int at = names && names[i] ? ox_aten_arg_index(s, names[i]) : (int)OX__MIN(i, info.n_args);
        if (at < 0) return false;
        if ((uint32_t)at >= info.n_args) continue; /* one of the `...` */
        ox_aten_arg formal = ox_aten_get_arg(s, (size_t)at);
        if (filled[at / 64] >> (at % 64) & 1 || !ox_aten_type_fits(&formal.type, &args[i], exact)) return false;
        filled[at / 64] |= (uint64_t)1 << (at % 64);
        if (names && names[i] && formal.kwarg_only && formal.type.mutates) wants_out = true;
    }
    return wants_out && rest_is_fine(s, filled, info.n_args, exact);
}

const ox_aten_schema *ox_aten_match(const ox_aten_schema *first, size_t n, const ox_aten_type *args,
                                    const char *const *names, size_t n_args)
{
    for (int exact = 1; exact >= 0; exact--)
        for (size_t i = 0; i < n; i++)
            if (schema_fits(ox_aten_nth(first, i), args, names, n_args, exact)) return ox_aten_nth(first, i);
    return NULL;
}
