/* Floor 1. Reading tensors: as a span, or streamed in chunks, always in canonical bytes. What lies in a mapped file is
 * read under a guard, after a check that the file is what was opened, chunk by chunk: a file that is cut meanwhile is
 * an error and no crash. */
#include "ir/parts.h"

#include <inttypes.h>

enum { CHUNK = 1 << 20 };

/* A tensor being streamed from `at` on. */
typedef struct stream {
    ox_tensor_info info;
    const ox__map *map;     /* NULL: owned bytes */
    const uint8_t *p, *end; /* what is not read yet of a varint encoding; of a raw one all */
    uint64_t size;          /* canonical bytes */
    uint64_t most;          /* of them in a chunk: whole elements, also of types of 6 bits, of which 4 take 3 bytes */
    uint8_t *buffer;        /* for what is decoded: of `most` bytes, aligned for any element */
    /* the chunk at hand */
    uint64_t offset, n;
    const void *chunk;
    ox_chunk_fn fn;
    void *ud;
} stream;

static ox_status refuse(const ox_tensor_info *i, ox_error *err)
{
    if (i->storage == OX_STORAGE_LOST && i->external) {
        ox_status s = ox__fail(err, OX_E_NOT_FOUND,
                               "the external data of the tensor could not be used when the model was opened");
        ox_error_hint(err, "put the data file beside the model and open it again");
        return s;
    }
    if (i->storage == OX_STORAGE_LOST) {
        ox_status s = ox__fail(err, OX_E_NOT_FOUND, "the data of the tensor was not in the file that was opened");
        ox_error_hint(err, "bind the weights from another file (--weights)");
        return s;
    }
    return ox__fail(err, OX_E_UNSUPPORTED, "a %s tensor has no raw bytes",
                    i->storage == OX_STORAGE_SPARSE ? "sparse" : ox_dtype_name(i->dtype, OX_DTYPE_NUMPY));
}

static ox_status begin(const ox_model *m, ox_tensor t, stream *x, ox_error *err)
{
    memset(x, 0, sizeof *x);
    if (!m || !t.id || !ox__tensor_exists(m, t)) return ox__fail(err, OX_E_INVALID, "no tensor was given");
    x->info = ox_tensor_get(m, t);
    bool dense = x->info.storage == OX_STORAGE_FILE || x->info.storage == OX_STORAGE_OWNED;
    if (!dense || x->info.encoding == OX_ENC_STRINGS) return refuse(&x->info, err);
    x->size = ox_tensor_raw_size(m, t);
    x->most = OX__MIN(x->size, ox_dtype_bits(x->info.dtype) == 6 ? (uint64_t)CHUNK / 3 * 3 : (uint64_t)CHUNK);
    if (x->info.storage == OX_STORAGE_FILE) {
        x->map = ox__model_file(m, x->info.file);
        x->p = x->map->p + x->info.offset;
    } else {
        x->p = x->info.data;
    }
    x->end = x->p + x->info.n_bytes;
    return OX_OK;
}

/* ---- varints ---- */
/* Decodes the entries of one chunk. The elements are cut to their width: negative numbers are stored sign-extended. An
 * entry is an element, of the types of 2 and 4 bits a byte of them. */
static ox_status decode(stream *x, uint64_t n_bytes, ox_error *err)
{
    unsigned bits = ox_dtype_bits(x->info.dtype), width = OX__MAX(bits / 8, 1u);
    uint64_t n = n_bytes / width;
    if (bits == 6) {
        n = OX__MIN(n_bytes * 8 / 6, x->info.n_elements - x->offset / 3 * 4);
        memset(x->buffer, 0, n_bytes);
    }
    const uint8_t *p = x->p, *end = x->end;
    for (uint64_t i = 0; i < n; i++) {
        uint64_t v = 0;
        unsigned shift = 0;
        do {
            if (p == end || shift > 63)
                return ox__fail(err, OX_E_FORMAT, "the tensor holds fewer elements than its dims say");
            v |= (uint64_t)(*p & 0x7f) << shift;
            shift += 7;
        } while (*p++ & 0x80);
        if (bits != 6)
            memcpy(x->buffer + i * width, &v, width);
        else if (v < 64)
            ox__bits_set(x->buffer, i, 6, (uint32_t)v);
        else
            return ox__fail(err, OX_E_FORMAT, "the tensor holds %" PRIu64 " where a number has 6 bits", v);
    }
    x->p = p;
    if (x->offset + n_bytes == x->size && p != end)
        return ox__fail(err, OX_E_FORMAT, "the tensor holds more elements than its dims say");
    return OX_OK;
}

/* ---- factors ---- */
static void scale(const ox_tensor_info *t, uint64_t first, float *out, uint64_t n)
{
    uint64_t per = t->n_elements / (uint64_t)t->dims[0], end = first + n;
    for (uint64_t i = first, stop; i < end; i = stop) {
        double k = t->scales[i / per];
        stop = OX__MIN(end, (i / per + 1) * per);
        for (float *p = out + (i - first), *last = out + (stop - first); p < last; p++) *p = (float)((double)*p * k);
    }
}

/* The bytes of a file are read, not mapped: each is looked at once, and none stays in memory. */
static ox_status scaled_chunk(stream *x, ox_error *err)
{
    if (x->map) {
        ox_status s = ox__map_check(x->map, err);
        if (s == OX_OK) s = ox__map_read(x->map, x->info.offset + x->offset, x->buffer, (size_t)x->n, err);
        if (s != OX_OK) return s;
    } else {
        memcpy(x->buffer, x->p + x->offset, x->n);
    }
    float *elements = (float *)(void *)x->buffer;
    scale(&x->info, x->offset / sizeof *elements, elements, x->n / sizeof *elements);
    return x->fn(x->ud, x->buffer, x->n, x->offset, err);
}

/* Under the guard: prepares the chunk and hands it out. */
static ox_status one_chunk(void *ud, ox_error *err)
{
    stream *x = ud;
    if (x->info.encoding == OX_ENC_VARINT) {
        ox_status s = decode(x, x->n, err);
        if (s != OX_OK) return s;
        x->chunk = x->buffer;
    } else {
        x->chunk = x->p + x->offset;
    }
    return x->fn(x->ud, x->chunk, x->n, x->offset, err);
}

static ox_status guarded_chunk(stream *x, ox_error *err)
{
    if (x->info.encoding == OX_ENC_SCALED) return scaled_chunk(x, err);
    if (!x->map) return one_chunk(x, err);
    ox_status s = ox__map_check(x->map, err);
    return s == OX_OK ? ox__guarded(one_chunk, x, x->map->path, err) : s;
}

static ox_status run(stream *x, const ox_task *task, ox_error *err)
{
    ox_status s = OX_OK;
    for (; x->offset < x->size && s == OX_OK; x->offset += x->n) {
        x->n = OX__MIN(x->size - x->offset, x->most);
        if (task && task->step && !task->step(task->ud, "reading the tensor", x->offset, x->size))
            return ox__fail(err, OX_E_INTERRUPTED, "interrupted");
        s = guarded_chunk(x, err);
    }
    return s;
}

ox_status ox_tensor_stream(const ox_model *m, ox_tensor t, ox_chunk_fn fn, void *ud, const ox_task *task, ox_error *err)
{
    stream x;
    if (!fn) return ox__fail(err, OX_E_INVALID, "nobody takes the chunks");
    ox_status s = begin(m, t, &x, err);
    if (s != OX_OK) return s;
    x.fn = fn;
    x.ud = ud;
    bool decoded = x.info.encoding == OX_ENC_VARINT || x.info.encoding == OX_ENC_SCALED;
    if (decoded && x.size && !(x.buffer = ox__alloc(x.most))) return ox__nomem(err);
    s = run(&x, task, err);
    ox__free(x.buffer);
    return s;
}

/* ---- a span ---- */
typedef struct span {
    uint64_t from, n;
    uint8_t *dst;
    const uint8_t *src;
} span;

static ox_status copy_overlap(void *ud, const void *chunk, uint64_t n, uint64_t offset, ox_error *err)
{
    (void)err;
    span *x = ud;
    uint64_t lo = OX__MAX(offset, x->from), hi = OX__MIN(offset + n, x->from + x->n);
    if (lo < hi) memcpy(x->dst + (lo - x->from), (const uint8_t *)chunk + (lo - offset), hi - lo);
    return OX_OK;
}

static ox_status copy_span(void *ud, ox_error *err)
{
    (void)err;
    const span *x = ud;
    if (x->n) memcpy(x->dst, x->src, x->n);
    return OX_OK;
}

enum { PART = 48 * 256 }; /* bytes of whole elements of any type */

/* Varints are decoded from the beginning: where an element stands cannot be known otherwise. Reading takes no memory,
 * so that "it cannot be read" is never for want of it. */
static ox_status read_decoded(stream *x, span *k, ox_error *err)
{
    if (x->info.encoding == OX_ENC_SCALED) x->offset = k->from / 48 * 48;
    x->fn = copy_overlap;
    x->ud = k;
    uint64_t need = k->from + k->n;
    ox_status s = OX_OK;
    for (; x->offset < need && s == OX_OK; x->offset += x->n) {
        uint64_t whole = (need - x->offset + 47) / 48 * 48;
        x->n = OX__MIN(OX__MIN(x->size - x->offset, whole), (uint64_t)PART);
        s = guarded_chunk(x, err);
    }
    return s;
}

ox_status ox_tensor_read(const ox_model *m, ox_tensor t, uint64_t offset, void *dst, uint64_t n, ox_error *err)
{
    _Alignas(8) uint8_t part[PART];
    stream x;
    ox_status s = begin(m, t, &x, err);
    if (s != OX_OK) return s;
    x.buffer = part;
    if (offset > x.size || n > x.size - offset || (n && !dst))
        return ox__fail(err, OX_E_INVALID, "bytes %" PRIu64 " to %" PRIu64 " of a tensor that has %" PRIu64, offset,
                        offset + n, x.size);
    span k = {offset, n, dst, NULL};
    if (!n) return OX_OK;
    if (x.info.encoding != OX_ENC_RAW) return read_decoded(&x, &k, err);
    k.src = x.p + offset;
    if (!x.map) return copy_span(&k, err);
    s = ox__map_check(x.map, err);
    return s == OX_OK ? ox__guarded(copy_span, &k, x.map->path, err) : s;
}
