/* Floor 5. Whether what two models of one network hold is the same: the contents of tensors, the attributes of nodes.
 */
#include "convert/baked.h"

#include <math.h>

/* ---- contents ---- */
enum { CHUNK = 1 << 16 };

/* What is not there, and strings, are taken to be the same. */
ox_status ox__same_content(const ox_model *m, ox_tensor here, const ox_model *o, ox_tensor there, bool *same,
                           ox_error *err)
{
    uint64_t n = ox_tensor_raw_size(m, here);
    *same = true;
    if (ox_tensor_get(m, here).dtype != ox_tensor_get(o, there).dtype || !n || n != ox_tensor_raw_size(o, there))
        return OX_OK;
    uint8_t *a = ox__alloc(2 * (size_t)CHUNK);
    if (!a) return ox__nomem(err);
    ox_status s = OX_OK;
    for (uint64_t at = 0; at < n && *same && s == OX_OK; at += CHUNK) {
        uint64_t some = OX__MIN(n - at, (uint64_t)CHUNK);
        s = ox_tensor_read(m, here, at, a, some, err);
        if (s == OX_OK) s = ox_tensor_read(o, there, at, a + CHUNK, some, err);
        *same = s != OX_OK || memcmp(a, a + CHUNK, (size_t)some) == 0;
    }
    ox__free(a);
    return s;
}

/* ---- attributes ---- */
static bool same_text(const ox_model *m, ox_str here, const ox_model *o, ox_str there)
{
    size_t n, len;
    const char *a = ox_str_text(m, here, &n), *b = ox_str_text(o, there, &len);
    return n == len && memcmp(a, b, n) == 0;
}

static bool same_float(double a, double b)
{
    return a == b || (isnan(a) && isnan(b));
}

bool ox__same_attr(const ox_model *m, const ox_attr *x, const ox_model *o, const ox_attr *y)
{
    bool same = true;
    if (x->lost || y->lost || x->ref.id || y->ref.id) return true;
    if (x->kind != y->kind || x->n != y->n) return false;
    switch (x->kind) {
    case OX_ATTR_INT:
    case OX_ATTR_BOOL: return x->u.i == y->u.i;
    case OX_ATTR_FLOAT: return same_float(x->u.f, y->u.f);
    case OX_ATTR_STRING: return same_text(m, x->u.s, o, y->u.s);
    case OX_ATTR_BOOLS:
    case OX_ATTR_INTS: return !x->n || memcmp(x->u.ints, y->u.ints, x->n * sizeof *x->u.ints) == 0;
    case OX_ATTR_FLOATS:
        for (uint32_t i = 0; i < x->n && same; i++) same = same_float(x->u.floats[i], y->u.floats[i]);
        return same;
    case OX_ATTR_STRINGS:
        for (uint32_t i = 0; i < x->n && same; i++) same = same_text(m, x->u.strings[i], o, y->u.strings[i]);
        return same;
    default: return true; /* blocks are walked; tensors are looked at by their contents */
    }
}
