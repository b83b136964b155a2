/* Floor 4. Constants: that their data is there and makes sense. Raw data is not read: opening has held its size against
 * the dims. Read are numbers that the file keeps as varints, whose count shows then only, the last byte
 * of 6-bit numbers, and indices of sparse tensors. */
#include "check/check.h"

static const char *tensor_name(ox__check *c, const ox_tensor_info *t, ox__place_of at)
{
    ox_str name = at.value.id ? ox_value_name(c->m, at.value) : t->name;
    return ox__check_name(c, name);
}

static ox_status take_nothing(void *ud, const void *chunk, uint64_t n_bytes, uint64_t offset, ox_error *err)
{
    (void)ud, (void)chunk, (void)n_bytes, (void)offset, (void)err;
    return OX_OK;
}

/* Reads a tensor through fn. Data that contradicts its dims is a finding; what else fails ends the run. */
static bool stream(ox__check *c, ox_tensor t, ox_chunk_fn fn, void *ud, const char *name, ox__place_of at)
{
    ox_error err;
    ox_status s = ox_tensor_stream(c->m, t, fn, ud, c->task, &err);
    if (s == OX_E_FORMAT)
        ox__check_report(c, OX__CHECK_TENSOR_SIZE, at, NULL, "%s: %.200s", name, err.msg);
    else if (s != OX_OK && c->err)
        *c->err = err;
    if (s != OX_OK && s != OX_E_FORMAT) ox__check_fail(c, s);
    return s == OX_OK;
}

/* ---- sparse: indices ascend and lie within the dims ---- */
typedef struct indices {
    const ox_tensor_info *sparse;
    uint64_t last; /* flat index of the row before, 1 + */
    uint32_t rank; /* numbers in a row: 1 for flat indices */
    uint32_t col;
    uint64_t flat;
    bool bad;
} indices;

static ox_status take_indices(void *ud, const void *chunk, uint64_t n_bytes, uint64_t offset, ox_error *err)
{
    indices *x = ud;
    (void)offset, (void)err;
    for (uint64_t i = 0; i < n_bytes / 8 && !x->bad; i++) {
        int64_t v = ox_dtype_get_i64(OX_INT64, chunk, i);
        int64_t limit = x->rank == 1 && x->sparse->rank != 1 ? (int64_t)x->sparse->n_elements : x->sparse->dims[x->col];
        if (v < 0 || v >= limit) x->bad = true;
        x->flat = x->flat * (uint64_t)OX__MAX(limit, 1) + (uint64_t)v;
        if (++x->col < x->rank) continue;
        if (x->flat < x->last) x->bad = true;
        x->last = x->flat + 1;
        x->flat = x->col = 0;
    }
    return OX_OK;
}

static void check_sparse(ox__check *c, const ox_tensor_info *t, ox__place_of at)
{
    ox_tensor_info values = ox_tensor_get(c->m, t->values), rows = ox_tensor_get(c->m, t->indices);
    const char *name = tensor_name(c, t, at), *wrong = NULL;
    uint64_t n = values.n_elements;
    bool flat = rows.rank == 1, table = rows.rank == 2 && (uint64_t)rows.dims[1] == t->rank;
    if (values.rank != 1)
        wrong = "its values are not one list";
    else if (rows.dtype != OX_INT64)
        wrong = "its indices are not INT64";
    else if (t->rank == 0 || (!flat && !table) || (uint64_t)rows.dims[0] != n)
        wrong = "its indices do not fit its values and dims";
    if (!wrong && c->wanted[OX__CHECK_SPARSE_TENSOR] && n && rows.storage != OX_STORAGE_LOST) {
        indices x = {.sparse = t, .rank = flat ? 1 : t->rank};
        if (stream(c, t->indices, take_indices, &x, name, at) && x.bad)
            wrong = "its indices do not ascend, or leave the dims";
    }
    if (wrong) ox__check_report(c, OX__CHECK_SPARSE_TENSOR, at, NULL, "sparse tensor %s: %s", name, wrong);
    ox__check_tensor(c, t->values, at);
}

/* Of 6-bit elements the bits after the last are zero; readers that take the bytes as a number rely on it. */
static void check_padding(ox__check *c, ox_tensor tensor, const ox_tensor_info *t, ox__place_of at)
{
    ox_error err;
    uint8_t last = 0;
    ox_error_clear(&err);
    ox_status s = ox_tensor_read(c->m, tensor, t->n_bytes - 1, &last, 1, &err);
    if (s != OX_OK && c->err) *c->err = err;
    if (s != OX_OK)
        ox__check_fail(c, s);
    else if (last >> (t->n_elements * 6 % 8))
        ox__check_report(c, OX__CHECK_TENSOR_SIZE, at, NULL, "%s: the bits after its last element are not zero",
                         tensor_name(c, t, at));
}

static void check_size(ox__check *c, ox_tensor tensor, const ox_tensor_info *t, ox__place_of at)
{
    bool stored = t->storage == OX_STORAGE_FILE || t->storage == OX_STORAGE_OWNED;
    if (stored && t->n_elements == 0 && t->n_bytes)
        ox__check_report(c, OX__CHECK_TENSOR_SIZE, at, NULL, "%s has data, and no elements by its dims",
                         tensor_name(c, t, at));
    else if (stored && t->encoding == OX_ENC_VARINT && c->wanted[OX__CHECK_TENSOR_SIZE])
        stream(c, tensor, take_nothing, NULL, tensor_name(c, t, at), at);
    else if (stored && ox_dtype_bits(t->dtype) == 6 && t->n_elements % 4 && c->wanted[OX__CHECK_TENSOR_SIZE])
        check_padding(c, tensor, t, at);
}

void ox__check_tensor(ox__check *c, ox_tensor tensor, ox__place_of at)
{
    ox_tensor_info t = ox_tensor_get(c->m, tensor);
    if (!tensor.id || c->stopped) return;
    if (t.storage == OX_STORAGE_SPARSE && c->onnx) {
        check_sparse(c, &t, at);
        return;
    }
    if (c->onnx && !ox_dtype_is_valid((int)t.dtype)) {
        ox__check_report(c, OX__CHECK_TENSOR_TYPE, at, NULL, "the element type of %s is not one of ONNX's",
                         tensor_name(c, &t, at));
        return;
    }
    if (c->onnx) ox__check_ir(c, ox_ir_for_dtype((int)t.dtype), at, ox_dtype_name(t.dtype, OX_DTYPE_ONNX));
    if (t.storage == OX_STORAGE_LOST)
        ox__check_report(c, OX__CHECK_MISSING_DATA, at,
                         t.external
                             ? "is the external file beside the model? links are followed with --follow-links only"
                             : "bind it with --weights",
                         "the data of %s is missing", tensor_name(c, &t, at));
    check_size(c, tensor, &t, at);
}
