/* Floor 3. What a model remembers of its .onnx file: see onnx.h. The model owns it. */
#include "io/onnx/onnx.h"

void ox__onnx_free(void *p)
{
    ox__onnx *io = p;
    if (!io) return;
    ox__vec_free(&io->rec_at);
    ox__vec_free(&io->rec_id);
    ox__vec_free(&io->merged);
    ox__vec_free(&io->types);
    ox__index_free(&io->type_index);
    ox__vec_free(&io->named);
    ox__vec_free(&io->data);
    ox__index_free(&io->data_index);
    ox__arena_free(&io->arena);
    ox__free(io);
}

bool ox__onnx_record_field(const ox__onnx *io, uint32_t rec, ox__field *f)
{
    if (!rec || rec >= io->rec_at.n) return false;
    uint64_t at = io->rec_at.p[rec];
    ox__reader r = ox__reader_make(io->start, io->start + at, io->size - at);
    return ox__read_field(&r, f) && f->type == OX__WIRE_BYTES;
}

ox__msg ox__onnx_record(const ox__onnx *io, uint32_t rec)
{
    ox__msg none = {0};
    for (size_t lo = 0, hi = io->merged.n; lo < hi;) {
        size_t mid = lo + (hi - lo) / 2;
        if (io->merged.p[mid].rec == rec) return io->merged.p[mid].msg;
        if (io->merged.p[mid].rec < rec)
            lo = mid + 1;
        else
            hi = mid;
    }
    ox__field f;
    return ox__onnx_record_field(io, rec, &f) ? ox__msg_of(f.sub) : none;
}

size_t ox__onnx_named_from(const ox__onnx *io, const uint8_t *p)
{
    uint64_t at = (uint64_t)(p - io->start);
    size_t lo = 0, hi = io->named.n;
    while (lo < hi) {
        size_t mid = lo + (hi - lo) / 2;
        if (io->named.p[mid].at < at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo;
}

typedef struct type_key {
    const ox__onnx *io;
    const uint8_t *p;
    uint64_t n;
} type_key;

static bool same_bytes(const void *ud, uint32_t id)
{
    const type_key *k = ud;
    const ox__seen_type *t = &k->io->types.p[id];
    return t->n == k->n && memcmp(k->io->start + t->at, k->p, t->n) == 0;
}

bool ox__onnx_seen_type(const ox__onnx *io, const uint8_t *p, uint64_t n, ox_type *t)
{
    type_key k = {io, p, n};
    uint32_t id = ox__index_find(&io->type_index, ox__hash(p, (size_t)n), same_bytes, &k);
    if (id) *t = io->types.p[id].type;
    return id != 0;
}

bool ox__onnx_add_type(ox__onnx *io, const uint8_t *p, uint64_t n, ox_type t)
{
    ox__seen_type none = {0}, seen = {(uint64_t)(p - io->start), (uint32_t)n, t};
    if (n > UINT32_MAX || p < io->start || p + n > io->start + io->size) return true;
    if (!io->types.n && !ox__vec_push(&io->types, none)) return false;
    return ox__vec_push(&io->types, seen) &&
           ox__index_add(&io->type_index, ox__hash(p, (size_t)n), (uint32_t)io->types.n - 1);
}
