/* Floor 5. Tensors that folding made of a size: zeros for a state, a row that was expanded to the batch. They repeat
 * one content along an axis, as often as the size says, and so can be expanded from it again. Those that count along an
 * axis can be counted again. */
#include "convert/baked.h"

enum { MAX_BYTES = 1 << 20, MAX_RANK = 16 };

typedef struct content {
    const ox__const *c;
    uint8_t *bytes;
    size_t width, n; /* of an element, and how many */
} content;

static ox_status load(const ox_model *m, const ox__const *c, content *x, ox_error *err)
{
    uint64_t bytes = ox_tensor_raw_size(m, c->t), n = ox_tensor_get(m, c->t).n_elements;
    *x = (content){.c = c};
    if (!n || !bytes || bytes > MAX_BYTES || bytes % n) return OX_OK; /* not looked at */
    x->bytes = ox__alloc((size_t)bytes);
    if (!x->bytes) return ox__nomem(err);
    x->width = (size_t)(bytes / n);
    x->n = (size_t)n;
    return ox_tensor_read(m, c->t, 0, x->bytes, bytes, err);
}

/* Where the element that stands for number i of a tensor of these dims is, in one of other sizes along the axes. */
static size_t base_of(size_t i, uint32_t rank, const int64_t *dims, const int64_t *there, uint32_t axes)
{
    size_t at = 0, step = 1;
    for (uint32_t d = rank; d-- > 0; i /= (size_t)dims[d]) {
        if (!(axes >> d & 1)) at += i % (size_t)dims[d] * step;
        step *= (size_t)there[d];
    }
    return at;
}

static bool repeats(const content *x, const content *base, uint32_t axes)
{
    for (size_t i = 0; i < x->n; i++) {
        size_t at = base_of(i, x->c->rank, x->c->dims, base->c->dims, axes);
        if (memcmp(x->bytes + i * x->width, base->bytes + at * base->width, x->width) != 0) return false;
    }
    return true;
}

static bool comparable(const ox__aligned *a, const ox__const *c, uint32_t *axes)
{
    *axes = 0;
    for (size_t k = 0; k < a->n; k++) {
        if ((c[k].kind != OX__CONST_OTHER && c[k].kind != OX__CONST_TENSOR) || !c[k].t.id || c[k].rank != c[0].rank ||
            c[k].dtype != c[0].dtype || c[k].rank > MAX_RANK)
            return false;
        for (uint32_t d = 0; d < c[k].rank; d++)
            if (c[k].dims[d] != c[0].dims[d]) *axes |= UINT32_C(1) << d;
    }
    return *axes != 0;
}

/* -1: no count. */
static int64_t element(const content *x, size_t i)
{
    int64_t wide = -1;
    int32_t narrow = -1;
    float f = -1;
    const uint8_t *p = x->bytes + i * x->width;
    switch (x->c->dtype) {
    case OX_INT64: memcpy(&wide, p, sizeof wide); return wide;
    case OX_INT32: memcpy(&narrow, p, sizeof narrow); return narrow;
    case OX_FLOAT:
        memcpy(&f, p, sizeof f);
        return f >= 0 && f < (float)MAX_BYTES && (float)(int64_t)f == f ? (int64_t)f : -1;
    default: return -1;
    }
}

/* 0, 1, 2, ... along axis d, wherever else. */
static bool counts_along(const content *x, uint32_t d)
{
    size_t inner = 1;
    for (uint32_t k = d + 1; k < x->c->rank; k++) inner *= (size_t)x->c->dims[k];
    for (size_t i = 0; i < x->n; i++) {
        if (element(x, i) != (int64_t)(i / inner % (size_t)x->c->dims[d])) return false;
    }
    return true;
}

ox_status ox__repeat_find(const ox__aligned *a, const ox__const *c, ox__repeat *out, ox_error *err)
{
    content base = {0}, x = {0};
    uint32_t axes = 0, counting;
    *out = (ox__repeat){0};
    if (ox_typing_is_for(a->at[0].m) || !comparable(a, c, &axes)) return OX_OK;
    ox_status s = load(a->at[0].m, &c[0], &base, err);
    bool same = true;
    counting = axes;
    for (size_t k = 0; k < a->n && s == OX_OK && (same || counting); k++) {
        s = load(a->at[k].m, &c[k], &x, err);
        bool readable = s == OX_OK && base.bytes && x.bytes && x.width == base.width;
        same = same && readable && repeats(&x, &base, axes);
        for (uint32_t d = 0; d < c[k].rank; d++)
            if (counting >> d & 1 && !(readable && counts_along(&x, d))) counting &= ~(UINT32_C(1) << d);
        ox__free(x.bytes);
        x.bytes = NULL;
    }
    ox__free(base.bytes);
    if (same || counting) out->axes = axes;
    for (uint32_t d = 0; d < c[0].rank && !same && !out->counts; d++)
        if (counting >> d & 1) out->counts = d + 1;
    return s;
}

ox_status ox__repeat_base(ox_model *m, ox_tensor t, uint32_t axes, ox_tensor *out, ox_error *err)
{
    ox_tensor_info info = ox_tensor_get(m, t);
    ox__const c = {.t = t, .rank = info.rank, .dims = info.dims};
    int64_t dims[MAX_RANK];
    content x;
    size_t n = 1;
    for (uint32_t d = 0; d < info.rank && d < MAX_RANK; d++) {
        dims[d] = axes >> d & 1 ? 1 : info.dims[d];
        n *= (size_t)dims[d];
    }
    ox_status s = load(m, &c, &x, err);
    if (s == OX_OK && !x.bytes) s = ox__fail(err, OX_E_INVALID, "the tensor cannot be read");
    for (size_t i = 0; i < n && s == OX_OK; i++) { /* forward: no element is read after its place was written */
        size_t at = base_of(i, info.rank, dims, info.dims, axes);
        memmove(x.bytes + i * x.width, x.bytes + at * x.width, x.width);
    }
    if (s == OX_OK) s = ox_tensor_add_raw(m, out, info.dtype, info.rank, dims, x.bytes, n * x.width, err);
    ox__free(x.bytes);
    return s;
}
