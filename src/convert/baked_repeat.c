/* Floor 5. Tensors that folding made of a size: zeros for a state, a row that was expanded to the batch. They repeat
 * one content along an axis, as often as the size says, and so can be expanded from it again. */
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
        if (c[k].kind != OX__CONST_OTHER || !c[k].t.id || c[k].rank != c[0].rank || c[k].dtype != c[0].dtype ||
            c[k].rank > MAX_RANK)
            return false;
        for (uint32_t d = 0; d < c[k].rank; d++)
            if (c[k].dims[d] != c[0].dims[d]) *axes |= UINT32_C(1) << d;
    }
    return *axes != 0;
}

ox_status ox__repeat_axes(const ox__aligned *a, const ox__const *c, uint32_t *axes, ox_error *err)
{
    content base = {0}, x = {0};
    if (ox_typing_is_for(a->at[0].m) || !comparable(a, c, axes)) {
        *axes = 0;
        return OX_OK;
    }
    ox_status s = load(a->at[0].m, &c[0], &base, err);
    for (size_t k = 0; k < a->n && s == OX_OK && *axes; k++) {
        s = load(a->at[k].m, &c[k], &x, err);
        if (s == OX_OK && (!base.bytes || !x.bytes || x.width != base.width || !repeats(&x, &base, *axes))) *axes = 0;
        ox__free(x.bytes);
        x.bytes = NULL;
    }
    ox__free(base.bytes);
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
