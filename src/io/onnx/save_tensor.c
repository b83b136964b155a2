/* Floor 3. Tensor to TensorProto and SparseTensorProto. A tensor never changes, so one that was read is copied from its
 * record, but for its name, which is its value's, and for data that moves. Data is streamed: from the source, from the
 * map of another file, or from memory. */
#include "io/onnx/save.h"
#include "io/onnx/tensor.h"

#include <stdio.h>

typedef struct writing {
    ox_tensor tensor;
    ox_tensor_info info;
    const char *name; /* NULL: its own */
    size_t name_n;
    ox__fate fate;
    uint64_t n_bytes; /* of the canonical form */
    size_t next;      /* metadata */
} writing;

static void write_external(ox__enc *e, const writing *w)
{
    const char *keys[] = {"location", "offset", "length"};
    char number[24];
    uint64_t offset = ox__enc_place(e, w->tensor, w->n_bytes);
    for (unsigned i = 0; i < 3; i++) {
        const char *value = e->data_name;
        if (i) {
            snprintf(number, sizeof number, "%llu", (unsigned long long)(i == 1 ? offset : w->n_bytes));
            value = number;
        }
        ox__open_msg o = ox__sink_begin(&e->k, OX__T_EXTERNAL);
        ox__sink_text(&e->k, 1, keys[i], strlen(keys[i]));
        ox__sink_text(&e->k, 2, value, strlen(value));
        ox__sink_end(&e->k, o);
    }
}

static void write_strings(ox__enc *e, const ox_tensor_info *t)
{
    for (uint64_t i = 0; i < t->n_elements; i++) {
        size_t n;
        const char *p = ox_str_text(e->m, t->strings[i], &n);
        ox__sink_text(&e->k, OX__T_STRINGS, p, n);
    }
}

static ox_status sink_chunk(void *ud, const void *chunk, uint64_t n, uint64_t offset, ox_error *err)
{
    (void)offset;
    ox__sink *k = ud;
    ox__sink_bytes(k, chunk, (size_t)n);
    return ox__save_status(k->save, err);
}

/* What is computed as it is read; the first run counts only. */
static void write_computed(ox__enc *e, const writing *w)
{
    ox_error err;
    const ox__map *map = w->info.storage == OX_STORAGE_FILE ? ox__model_file(e->m, w->info.file) : NULL;
    if (!e->k.save) {
        e->k.n += w->info.n_bytes;
        return;
    }
    if (map) ox__save_copy(e->k.save, map, w->info.offset, 0, NULL); /* so that it is checked once more in the end */
    if (ox_tensor_stream(e->m, w->tensor, sink_chunk, &e->k, e->opt->task, &err) != OX_OK)
        ox__enc_fail(e, err.code, "%s", err.msg);
}

/* The data as one field: raw bytes, or the varints as they are stored. */
static void write_data(ox__enc *e, const writing *w, uint32_t number)
{
    const ox_tensor_info *t = &w->info;
    ox__sink_tag(&e->k, number, OX__WIRE_BYTES);
    ox__sink_varint(&e->k, t->n_bytes);
    if (t->encoding == OX_ENC_SCALED) {
        write_computed(e, w);
        return;
    }
    if (t->storage == OX_STORAGE_OWNED) {
        ox__sink_bytes(&e->k, t->data, (size_t)t->n_bytes);
        return;
    }
    const ox__map *map = ox__model_file(e->m, t->file);
    if (map)
        ox__sink_copy_map(&e->k, map, t->offset, t->n_bytes);
    else
        ox__enc_fail(e, OX_E_IO, "the file of a tensor is gone");
}

/* Whether the data stands in the field of this number. */
static bool data_goes_here(const writing *w, uint32_t number)
{
    if (w->fate != OX__FATE_INLINE) return false;
    if (w->info.encoding == OX_ENC_RAW || w->info.encoding == OX_ENC_SCALED) return number == OX__T_RAW;
    return number == ox__tensor_field(w->info.dtype);
}

static void data_field(ox__enc *e, const writing *w, const ox__at *at)
{
    if (w->fate == OX__FATE_SOURCE) {
        ox__at_copy(e, at);
    } else if (at->first && data_goes_here(w, at->number)) {
        if (w->info.encoding == OX_ENC_STRINGS)
            write_strings(e, &w->info);
        else
            write_data(e, w, at->number);
    } else if (at->first && w->fate == OX__FATE_MOVE) {
        if (at->number == OX__T_EXTERNAL) write_external(e, w);
        if (at->number == OX__T_LOCATION) ox__sink_int(&e->k, OX__T_LOCATION, 1);
    }
}

static void field(ox__enc *e, void *ud, const ox__at *at)
{
    writing *w = ud;
    switch (at->number) {
    case OX__T_DIMS:
        if (!at->fresh) ox__at_copy(e, at);
        for (uint32_t i = 0; at->fresh && i < w->info.rank; i++) ox__sink_int(&e->k, OX__T_DIMS, w->info.dims[i]);
        break;
    case OX__T_TYPE:
        if (!at->fresh)
            ox__at_copy(e, at);
        else
            ox__sink_int(&e->k, OX__T_TYPE, w->info.dtype);
        break;
    case OX__T_NAME:
        if (!w->name)
            ox__at_text(e, at, w->info.name);
        else if (at->first && (at->f || w->name_n))
            ox__sink_text(&e->k, OX__T_NAME, w->name, w->name_n);
        break;
    case OX__T_DOC:
        if (!at->fresh)
            ox__at_copy(e, at);
        else
            ox__at_text(e, at, w->info.doc);
        break;
    case OX__T_METADATA:
        if (!at->fresh)
            ox__at_copy(e, at);
        else
            ox__at_pairs(e, at, w->info.metadata, w->info.n_metadata, &w->next);
        break;
    default: data_field(e, w, at);
    }
}

static void sparse_field(ox__enc *e, void *ud, const ox__at *at)
{
    writing *w = ud;
    if (at->number == 3) {
        if (!at->fresh) ox__at_copy(e, at);
        for (uint32_t i = 0; at->fresh && i < w->info.rank; i++) ox__sink_int(&e->k, 3, w->info.dims[i]);
    } else if (at->first) {
        bool values = at->number == 1; /* the name of a sparse tensor is theirs */
        ox__enc_tensor(e, at->number, values ? w->info.values : w->info.indices, values ? w->name : NULL, w->name_n);
    }
}

static bool same_name(const ox__enc *e, const writing *w)
{
    size_t n;
    const char *own = ox_str_text(e->m, w->info.name, &n);
    return !w->name || (n == w->name_n && memcmp(own, w->name, n) == 0);
}

void ox__enc_tensor(ox__enc *e, uint32_t number, ox_tensor t, const char *name, size_t n)
{
    static const uint32_t known[] = {OX__KNOWN(OX__T_DIMS, OX__W_ANY),
                                     OX__KNOWN(OX__T_TYPE, OX__W_ANY),
                                     OX__KNOWN(OX__T_FLOATS, OX__W_FLOATS),
                                     OX__KNOWN(OX__T_INT32S, OX__W_INTS),
                                     OX__KNOWN_BYTES(OX__T_STRINGS),
                                     OX__KNOWN(OX__T_INT64S, OX__W_INTS),
                                     OX__KNOWN_BYTES(OX__T_NAME),
                                     OX__KNOWN_BYTES(OX__T_RAW),
                                     OX__KNOWN(OX__T_DOUBLES, OX__W_DOUBLES),
                                     OX__KNOWN(OX__T_UINT64S, OX__W_INTS),
                                     OX__KNOWN_BYTES(OX__T_DOC),
                                     OX__KNOWN_BYTES(OX__T_EXTERNAL),
                                     OX__KNOWN(OX__T_LOCATION, OX__W_VARINT),
                                     OX__KNOWN_BYTES(OX__T_METADATA)};
    static const uint32_t sparse[] = {OX__KNOWN_BYTES(1), OX__KNOWN_BYTES(2), OX__KNOWN(3, OX__W_ANY)};
    writing w = {.tensor = t, .info = ox_tensor_get(e->m, t), .name = name, .name_n = n};
    bool is_sparse = w.info.storage == OX_STORAGE_SPARSE;
    ox__msg src = {0};
    if (e->io) src = ox__onnx_record(e->io, w.info.source);
    w.fate = is_sparse ? OX__FATE_SOURCE : ox__enc_fate(e, &w.info);
    if (e->status != OX_OK) return;
    if (ox__msg_present(&src) && !src.next && same_name(e, &w) && w.fate == OX__FATE_SOURCE &&
        !(is_sparse && e->force)) {
        ox__enc_copy_record(e, w.info.source, number);
        return;
    }
    if (!is_sparse && !ox_dtype_bytes(w.info.dtype, w.info.n_elements, &w.n_bytes)) w.n_bytes = 0;
    ox__open_msg o = ox__sink_begin(&e->k, number);
    if (is_sparse)
        ox__splice(e, &src, sparse, OX__COUNT(sparse), sparse_field, &w);
    else
        ox__splice(e, &src, known, OX__COUNT(known), field, &w);
    ox__sink_end(&e->k, o);
}
