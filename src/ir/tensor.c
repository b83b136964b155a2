/* Floor 1. Tensors: the table of constant data. A row is an ox_tensor_info in the model's arena; bytes that the model
 * owns lie there too, bytes of files stay in their maps. Reading stands in tensor_read.c. */
#include "ir/parts.h"

#include <inttypes.h>

struct ox__tensors {
    OX__VEC(const ox_tensor_info *) row; /* by id; 0 unused */
};

static const ox_tensor_info none;

bool ox__tensors_init(ox_model *m)
{
    ox__tensors *t = m->tensors = ox__calloc(1, sizeof *t);
    return t && ox__vec_push(&t->row, &none);
}

void ox__tensors_free(ox_model *m)
{
    if (!m->tensors) return;
    ox__vec_free(&m->tensors->row);
    ox__free(m->tensors);
}

bool ox__tensor_exists(const ox_model *m, ox_tensor t)
{
    return t.id < m->tensors->row.n;
}

/* ---- checks ---- */
static ox_status count_elements(const ox_tensor_info *i, uint64_t *n, ox_error *err)
{
    *n = 1;
    if (i->rank && !i->dims) return ox__fail(err, OX_E_INVALID, "a tensor of rank %" PRIu32 " needs dims", i->rank);
    bool empty = false, over = false;
    for (uint32_t k = 0; k < i->rank; k++) {
        if (i->dims[k] < 0) return ox__fail(err, OX_E_INVALID, "dim %" PRIu32 " is %" PRId64, k, i->dims[k]);
        empty |= i->dims[k] == 0;
        over |= __builtin_mul_overflow(*n, (uint64_t)i->dims[k], n) || *n > INT64_MAX;
    }
    if (empty)
        *n = 0;
    else if (over)
        return ox__fail(err, OX_E_INVALID, "the dims multiply to more than 2^63 elements");
    return OX_OK;
}

/* Entries of a varint encoding: types of 2 and 4 bits stand several in one, complex ones never in varints. */
static uint64_t n_varints(ox_dtype dtype, uint64_t n)
{
    unsigned bits = ox_dtype_bits(dtype), per = bits < 8 ? 8 / bits : 1;
    return n / per + (n % per != 0);
}

static ox_status check_bytes(const ox_tensor_info *i, uint64_t n, ox_error *err)
{
    uint64_t want;
    const char *name = ox_dtype_name(i->dtype, OX_DTYPE_NUMPY);
    if (i->encoding == OX_ENC_VARINT) {
        if (!ox_dtype_bits(i->dtype) || ox_dtype_is_complex(i->dtype) || i->dtype == OX_FLOAT || i->dtype == OX_DOUBLE)
            return ox__fail(err, OX_E_INVALID, "elements of type %s are not stored as varints", name);
        want = n_varints(i->dtype, n);
        if (i->n_bytes < want || i->n_bytes / 10 > want)
            return ox__fail(err, OX_E_INVALID, "%" PRIu64 " bytes cannot hold %" PRIu64 " %s elements", i->n_bytes, n,
                            name);
        return OX_OK;
    }
    if (!ox_dtype_bytes(i->dtype, n, &want))
        return ox__fail(err, OX_E_INVALID, "a tensor of type %s has no raw bytes", name);
    if (i->n_bytes != want)
        return ox__fail(err, OX_E_INVALID, "%" PRIu64 " %s elements take %" PRIu64 " bytes, but there are %" PRIu64, n,
                        name, want, i->n_bytes);
    return OX_OK;
}

static ox_status check_sparse(const ox_model *m, const ox_tensor_info *i, ox_error *err)
{
    const ox_tensor_info v = ox_tensor_get(m, i->values), x = ox_tensor_get(m, i->indices);
    if (!i->values.id || !i->indices.id || v.storage == OX_STORAGE_SPARSE || x.storage == OX_STORAGE_SPARSE)
        return ox__fail(err, OX_E_INVALID, "a sparse tensor needs dense values and indices");
    if (x.dtype != OX_INT64) return ox__fail(err, OX_E_INVALID, "the indices of a sparse tensor are int64");
    if (v.dtype != i->dtype) return ox__fail(err, OX_E_INVALID, "the values of a sparse tensor have its element type");
    return OX_OK;
}

static ox_status check_quant(const ox_model *m, const ox_tensor_info *i, ox_error *err)
{
    const ox_quantization *q = i->quant;
    if (!q) return OX_OK;
    if (q->per_channel && (q->axis < 0 || q->axis >= (int64_t)i->rank))
        return ox__fail(err, OX_E_INVALID, "a tensor of rank %" PRIu32 " has no dim %" PRId64, i->rank, q->axis);
    ox_status s = ox__need_str(m, q->scheme, err);
    if (s == OX_OK && q->scales.id) s = ox__need_tensor(m, q->scales, err);
    if (s == OX_OK && q->zero_points.id) s = ox__need_tensor(m, q->zero_points, err);
    return s;
}

static ox_status check_storage(const ox_model *m, const ox_tensor_info *i, uint64_t n, ox_error *err)
{
    if (i->storage == OX_STORAGE_LOST) return OX_OK;
    if (i->storage == OX_STORAGE_SPARSE) return check_sparse(m, i, err);
    if (i->encoding == OX_ENC_STRINGS) {
        if (i->dtype != OX_STRING || i->storage != OX_STORAGE_OWNED)
            return ox__fail(err, OX_E_INVALID, "only an owned tensor of type string has strings");
        if (n && !i->strings) return ox__fail(err, OX_E_INVALID, "the strings of the tensor are missing");
        for (uint64_t k = 0; k < n; k++) {
            ox_status s = ox__need_str(m, i->strings[k], err);
            if (s != OX_OK) return s;
        }
        return OX_OK;
    }
    if (i->encoding == OX_ENC_SCALED && (i->dtype != OX_FLOAT || !i->rank || (n && !i->scales)))
        return ox__fail(err, OX_E_INVALID, "a tensor that is scaled is of floats, with a factor for each first index");
    if (i->encoding != OX_ENC_RAW && i->encoding != OX_ENC_VARINT && i->encoding != OX_ENC_SCALED)
        return ox__fail(err, OX_E_INVALID, "there is no such encoding of a tensor");
    if (i->storage == OX_STORAGE_FILE) {
        const ox__map *map = ox__model_file(m, i->file);
        if (!map || i->offset > map->n || i->n_bytes > map->n - i->offset)
            return ox__fail(err, OX_E_INVALID, "the data of the tensor is not within its file");
    } else if (i->storage != OX_STORAGE_OWNED || (i->n_bytes && !i->data)) {
        return ox__fail(err, OX_E_INVALID, "the tensor has no data");
    }
    return check_bytes(i, n, err);
}

/* ---- adding ---- */
ox_status ox_tensor_add(ox_model *m, ox_tensor *out, const ox_tensor_info *info, ox_error *err)
{
    if (!m || !out || !info) return ox__fail(err, OX_E_INVALID, "no tensor was given");
    if (m->oom) return ox__nomem(err);
    if (!ox_dtype_is_valid((int)info->dtype) && info->storage != OX_STORAGE_LOST)
        return ox__fail(err, OX_E_INVALID, "%d is not an element type", (int)info->dtype);
    ox_tensor_info i = *info;
    ox_status s = ox__need_str(m, i.name, err);
    if (s == OX_OK) s = ox__need_str(m, i.doc, err);
    if (s == OX_OK) s = count_elements(&i, &i.n_elements, err);
    if (s == OX_OK) s = check_storage(m, &i, i.n_elements, err);
    if (s == OX_OK) s = check_quant(m, &i, err);
    if (s != OX_OK) return s;
    bool owned = i.storage == OX_STORAGE_OWNED, ok = ox__vec_reserve(&m->tensors->row, m->tensors->row.n + 1);
    i.dims = ox__arena_dup(&m->arena, i.dims, i.rank * sizeof *i.dims);
    i.metadata = ox__arena_dup(&m->arena, i.metadata, i.n_metadata * sizeof *i.metadata);
    ok = ok && i.dims && i.metadata;
    bool strings = owned && i.encoding == OX_ENC_STRINGS;
    i.strings = ok && strings ? ox__arena_dup(&m->arena, i.strings, i.n_elements * sizeof *i.strings) : NULL;
    i.data = ok && owned && !strings ? ox__arena_dup(&m->arena, i.data, i.n_bytes) : NULL;
    if (strings || !owned) i.data = NULL;
    ok = ok && (!owned || (strings ? i.strings != NULL : i.data != NULL));
    bool scaled = ok && i.encoding == OX_ENC_SCALED && i.n_elements;
    i.scales = scaled ? ox__arena_dup(&m->arena, i.scales, (size_t)i.dims[0] * sizeof *i.scales) : NULL;
    ok = ok && (!scaled || i.scales);
    if (ok && i.quant) ok = (i.quant = ox__arena_dup(&m->arena, i.quant, sizeof *i.quant)) != NULL;
    const ox_tensor_info *row = ok ? ox__arena_dup(&m->arena, &i, sizeof i) : NULL;
    if (!row || m->tensors->row.n >= UINT32_MAX) return ox__nomem(err);
    m->tensors->row.p[m->tensors->row.n++] = row;
    out->id = (uint32_t)m->tensors->row.n - 1;
    return OX_OK;
}

ox_status ox_tensor_add_raw(ox_model *m, ox_tensor *out, ox_dtype dtype, uint32_t rank, const int64_t *dims,
                            const void *data, uint64_t n_bytes, ox_error *err)
{
    return ox_tensor_add(
        m, out,
        &(ox_tensor_info){
            .dtype = dtype, .rank = rank, .dims = dims, .storage = OX_STORAGE_OWNED, .data = data, .n_bytes = n_bytes},
        err);
}

ox_tensor_info ox_tensor_get(const ox_model *m, ox_tensor t)
{
    return m && t.id && ox__tensor_exists(m, t) ? *m->tensors->row.p[t.id] : none;
}

uint64_t ox_tensor_raw_size(const ox_model *m, ox_tensor t)
{
    ox_tensor_info i = ox_tensor_get(m, t);
    uint64_t bytes;
    bool dense = i.storage == OX_STORAGE_FILE || i.storage == OX_STORAGE_OWNED;
    return t.id && dense && ox_dtype_bytes(i.dtype, i.n_elements, &bytes) ? bytes : 0;
}
