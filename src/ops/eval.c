/* Floor 3. Evaluation of one node on constants: reads the inputs into a scratch arena, calls the row's function, adds
 * the results to the model as tensors. */
#include "ops/infer.h"

bool ox__ev_has(const ox__ev *e, size_t i)
{
    return i < e->n_in && e->in[i].data != NULL;
}

void *ox__ev_out(ox__ev *e, size_t o, ox_dtype dtype, uint32_t rank, const int64_t *dims, ox_status *s)
{
    uint64_t n = 1, bytes;
    *s = OX_E_UNSUPPORTED;
    if (o >= e->n_out) return NULL;
    for (uint32_t i = 0; i < rank; i++)
        if (dims[i] < 0 || __builtin_mul_overflow(n, (uint64_t)dims[i], &n)) return NULL;
    if (!ox_dtype_bytes(dtype, n, &bytes) || bytes > e->max_bytes) return NULL;
    int64_t *kept = ox__arena_dup(e->mem, dims, rank * sizeof *dims);
    void *data = kept ? ox__arena_alloc(e->mem, OX__MAX((size_t)bytes, 1)) : NULL;
    if (!data) {
        *s = ox__nomem(e->err);
        return NULL;
    }
    memset(data, 0, (size_t)bytes);
    e->out[o] = (ox__dense){dtype, rank, kept, n, data};
    *s = OX_OK;
    return data;
}

static const ox_attr *attr_of(const ox__ev *e, const char *name, ox_attr_kind kind)
{
    const ox_attr *a = ox_node_attr(e->m, e->node, name);
    return a && a->kind == kind && !a->ref.id ? a : NULL;
}

int64_t ox__ev_int(const ox__ev *e, const char *name, int64_t def)
{
    const ox_attr *a = attr_of(e, name, OX_ATTR_INT);
    return a ? a->u.i : def;
}

double ox__ev_float(const ox__ev *e, const char *name, double def)
{
    const ox_attr *a = attr_of(e, name, OX_ATTR_FLOAT);
    return a ? a->u.f : def;
}

const int64_t *ox__ev_ints(const ox__ev *e, const char *name, size_t *n)
{
    const ox_attr *a = attr_of(e, name, OX_ATTR_INTS);
    *n = a ? a->n : 0;
    return a ? a->u.ints : NULL;
}

bool ox__ev_list(const ox__ev *e, const char *attr, size_t i, const int64_t **out, size_t *n)
{
    const ox_attr *a = attr ? attr_of(e, attr, OX_ATTR_INTS) : NULL;
    if (a) {
        *out = a->u.ints;
        *n = a->n;
        return true;
    }
    *n = 0;
    *out = NULL;
    if (!ox__ev_has(e, i)) return false;
    const ox__dense *in = &e->in[i];
    int64_t *v = ox__arena_alloc(e->mem, OX__MAX((size_t)in->n, 1) * sizeof *v);
    if (!v) return false;
    for (uint64_t k = 0; k < in->n; k++) v[k] = ox__ev_i64(in, k);
    *out = v;
    *n = (size_t)in->n;
    return true;
}

int64_t ox__ev_i64(const ox__dense *a, uint64_t i)
{
    return ox_dtype_get_i64(a->dtype, a->data, i);
}

double ox__ev_f64(const ox__dense *a, uint64_t i)
{
    return ox_dtype_get_f64(a->dtype, a->data, i);
}

unsigned ox__ev_item(ox_dtype dtype)
{
    unsigned bits = ox_dtype_bits(dtype);
    return bits % 8 == 0 ? bits / 8 : 0;
}

void ox__ev_strides(const int64_t *dims, uint32_t rank, int64_t *strides)
{
    int64_t n = 1;
    for (uint32_t i = rank; i-- > 0;) {
        strides[i] = n;
        n *= OX__MAX(dims[i], 1);
    }
}

/* ---- one node ---- */
static ox_status read_input(ox__facts *f, ox_value v, ox__arena *mem, ox__dense *out, ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    ox_tensor t;
    ox_status s = ox__facts_materialize(f, v, &t, err);
    if (s != OX_OK) return s;
    if (!t.id) return OX_E_UNSUPPORTED;
    ox_tensor_info info = ox_tensor_get(m, t);
    uint64_t bytes;
    if (info.storage == OX_STORAGE_SPARSE || info.storage == OX_STORAGE_LOST) return OX_E_UNSUPPORTED;
    if (!ox_dtype_bytes(info.dtype, info.n_elements, &bytes) || bytes > SIZE_MAX / 2) return OX_E_UNSUPPORTED;
    void *data = ox__arena_alloc(mem, OX__MAX((size_t)bytes, 1));
    if (!data) return ox__nomem(err);
    s = ox_tensor_read(m, t, 0, data, bytes, err);
    *out = (ox__dense){info.dtype, info.rank, info.dims, info.n_elements, data};
    return s;
}

ox_status ox__eval_node(ox__facts *f, ox_node n, int64_t opset, uint64_t max_bytes, ox_tensor *outs, ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    const ox__op_row *row = ox__facts_op(f, n);
    size_t n_in = ox_node_n_inputs(m, n), n_out = ox_node_n_outputs(m, n);
    if (!row || !row->eval || (row->flags & OX__OP_RANDOM)) return OX_E_UNSUPPORTED;
    ox__arena mem = {0};
    ox_status s = OX_OK;
    ox__dense *in = ox__arena_alloc(&mem, (n_in + 1) * sizeof *in),
              *out = ox__arena_alloc(&mem, (n_out + 1) * sizeof *out);
    if (!in || !out) OX__TRY(ox__nomem(err));
    memset(in, 0, n_in * sizeof *in);
    memset(out, 0, n_out * sizeof *out);
    memset(outs, 0, n_out * sizeof *outs);
    for (size_t i = 0; i < n_in; i++) {
        ox_value v = ox_node_input(m, n, i);
        if (v.id) OX__TRY(read_input(f, v, &mem, &in[i], err));
    }
    ox__ev e = {.m = m,
                .node = n,
                .opset = opset,
                .n_in = n_in,
                .n_out = n_out,
                .in = in,
                .out = out,
                .max_bytes = max_bytes,
                .mem = &mem,
                .err = err};
    OX__TRY(row->eval(&e));
    for (size_t i = 0; i < n_out; i++) {
        uint64_t bytes;
        if (!out[i].data || !ox_dtype_bytes(out[i].dtype, out[i].n, &bytes)) continue;
        OX__TRY(ox_tensor_add_raw(m, &outs[i], out[i].dtype, out[i].rank, out[i].dims, out[i].data, bytes, err));
    }
out:
    ox__arena_free(&mem);
    return s;
}
