/* Floor 3. Writing protobuf messages: see sink.h. */
#include "io/onnx/sink.h"

/* Below this a copy of the source through the save's buffer beats a system call of its own. Other files are checked for
 * changes at every copy, which ox__save_copy does; of the source the saver does it, before and after. */
enum { SMALL_COPY = 1 << 16 };

static void flush(ox__sink *k)
{
    if (!k->waiting) return;
    if (k->waiting < SMALL_COPY && k->from == k->map)
        ox__save_write(k->save, k->from->p + k->at, (size_t)k->waiting);
    else
        ox__save_copy(k->save, k->from, k->at, k->waiting, k->task);
    k->waiting = 0;
}

void ox__sink_bytes(ox__sink *k, const void *p, size_t n)
{
    k->n += n;
    if (!k->save || !n) return;
    flush(k);
    ox__save_write(k->save, p, n);
}

static unsigned varint_size(uint64_t v)
{
    unsigned n = 1;
    while (v >>= 7) n++;
    return n;
}

void ox__sink_varint(ox__sink *k, uint64_t v)
{
    if (!k->save) {
        k->n += varint_size(v);
        return;
    }
    uint8_t b[10];
    size_t n = 0;
    for (; v >= 0x80; v >>= 7) b[n++] = (uint8_t)(v | 0x80);
    b[n++] = (uint8_t)v;
    ox__sink_bytes(k, b, n);
}

void ox__sink_tag(ox__sink *k, uint32_t field, uint32_t wire)
{
    ox__sink_varint(k, (uint64_t)field << 3 | wire);
}

void ox__sink_int(ox__sink *k, uint32_t field, int64_t v)
{
    ox__sink_tag(k, field, OX__WIRE_VARINT);
    ox__sink_varint(k, (uint64_t)v);
}

void ox__sink_float(ox__sink *k, uint32_t field, float v)
{
    ox__sink_tag(k, field, OX__WIRE_32);
    ox__sink_bytes(k, &v, sizeof v); /* the machine is little endian, which is asserted at build */
}

void ox__sink_text(ox__sink *k, uint32_t field, const void *p, size_t n)
{
    ox__sink_tag(k, field, OX__WIRE_BYTES);
    ox__sink_varint(k, n);
    ox__sink_bytes(k, p, n);
}

ox__open_msg ox__sink_begin(ox__sink *k, uint32_t field)
{
    ox__open_msg o = {0, 0};
    ox__sink_tag(k, field, OX__WIRE_BYTES);
    if (!k->save) {
        o.index = k->sizes.n;
        if (!ox__vec_push(&k->sizes, 0)) k->nomem = true;
    } else {
        o.index = k->next++;
        ox__sink_varint(k, o.index < k->sizes.n ? k->sizes.p[o.index] : 0);
    }
    o.start = k->n;
    return o;
}

void ox__sink_end(ox__sink *k, ox__open_msg o)
{
    uint64_t n = k->n - o.start;
    if (k->nomem) return;
    if (!k->save) {
        k->sizes.p[o.index] = n;
        k->n += varint_size(n);
    } else if (o.index >= k->sizes.n || k->sizes.p[o.index] != n) {
        k->differs = true;
    }
}

void ox__sink_copy_map(ox__sink *k, const ox__map *map, uint64_t at, uint64_t n)
{
    k->n += n;
    if (!k->save || !n) return;
    if (k->waiting && k->from == map && k->at + k->waiting == at) {
        k->waiting += n;
        return;
    }
    flush(k);
    k->from = map;
    k->at = at;
    k->waiting = n;
}

void ox__sink_copy(ox__sink *k, uint64_t at, uint64_t n)
{
    ox__sink_copy_map(k, k->map, at, n);
}

ox_status ox__sink_turn(ox__sink *k, ox__save *save, ox_error *err)
{
    if (k->nomem) return ox__nomem(err);
    if (k->save) {
        flush(k);
        if (k->differs || k->next != k->sizes.n)
            return ox__fail(err, OX_E_IO, "the source file changed while it was copied");
    }
    k->save = save;
    k->n = 0;
    k->next = 0;
    return OX_OK;
}

void ox__sink_free(ox__sink *k)
{
    ox__vec_free(&k->sizes);
}
