/* Floor 3. The small messages, unpacked by protobuf-c: see leaf.h. */
#include "io/onnx/leaf.h"

/* protobuf-c needs some 40 bytes for a 2-byte message; a larger ratio than this is not for looking at. */
enum { LEAF_BASE = 16 << 20, LEAF_RATIO = 8 };

static bool wire_fits(const ProtobufCFieldDescriptor *fd, uint32_t wire)
{
    switch (fd->type) {
    case PROTOBUF_C_TYPE_STRING:
    case PROTOBUF_C_TYPE_BYTES:
    case PROTOBUF_C_TYPE_MESSAGE: return wire == OX__WIRE_BYTES;
    case PROTOBUF_C_TYPE_FLOAT:
    case PROTOBUF_C_TYPE_FIXED32:
    case PROTOBUF_C_TYPE_SFIXED32: return wire == OX__WIRE_32;
    case PROTOBUF_C_TYPE_DOUBLE:
    case PROTOBUF_C_TYPE_FIXED64:
    case PROTOBUF_C_TYPE_SFIXED64: return wire == OX__WIRE_64;
    default: return wire == OX__WIRE_VARINT || (wire == OX__WIRE_BYTES && fd->label == PROTOBUF_C_LABEL_REPEATED);
    }
}

/* Walks r as protobuf-c will. The recursion is capped by OX__MAX_NESTING. The failure ends up in *bad. */
static bool check(ox__reader r, const ProtobufCMessageDescriptor *type, unsigned depth, ox__reader *bad)
{
    ox__field f;
    if (depth > OX__MAX_NESTING) ox__reader_fail(&r, "messages nest deeper than 100 levels");
    while (ox__read_field(&r, &f)) {
        const ProtobufCFieldDescriptor *fd = protobuf_c_message_descriptor_get_field(type, f.number);
        if (!fd) continue;
        if (!wire_fits(fd, f.type)) {
            r.p = f.at;
            ox__reader_fail(&r, "a field has another wire type than the format gives it");
        } else if (fd->type == PROTOBUF_C_TYPE_STRING && memchr(f.sub.p, 0, (size_t)ox__reader_left(&f.sub))) {
            r.p = f.sub.p;
            ox__reader_fail(&r, "a text of a type or an operator set has a NUL byte");
        } else if (fd->type == PROTOBUF_C_TYPE_MESSAGE && !check(f.sub, fd->descriptor, depth + 1, bad)) {
            return false;
        }
    }
    if (r.failed) *bad = r;
    return !r.failed;
}

static void *leaf_alloc(void *ud, size_t n)
{
    ox__leaf *leaf = ud;
    if (n > leaf->left) {
        leaf->over = true;
        return NULL;
    }
    leaf->left -= n;
    void *p = ox__arena_alloc(&leaf->arena, n);
    if (!p) leaf->nomem = true;
    return p;
}

static void leaf_free(void *ud, void *p)
{
    (void)ud;
    (void)p; /* the arena goes as a whole */
}

/* The bytes of a message in parts, one behind the other. */
static const uint8_t *joined(ox__leaf *leaf, const ox__msg *g)
{
    if (!g->next) return g->part.p;
    uint8_t *all = leaf_alloc(leaf, (size_t)ox__msg_size(g)), *p = all;
    for (const ox__msg *part = g; all && part; part = part->next) {
        size_t n = (size_t)ox__reader_left(&part->part);
        memcpy(p, part->part.p, n);
        p += n;
    }
    return all;
}

ox_status ox__leaf_unpack(ox__leaf *leaf, const ProtobufCMessageDescriptor *type, const ox__msg *g, unsigned depth,
                          const char *file, ProtobufCMessage **out, ox_error *err)
{
    ox__reader bad = g->part;
    for (const ox__msg *part = g; part; part = part->next)
        if (!check(part->part, type, depth, &bad)) return ox__reader_status(&bad, file, err);
    uint64_t n = ox__msg_size(g);
    ox__arena_reset(&leaf->arena);
    leaf->left = LEAF_BASE + LEAF_RATIO * (size_t)n;
    leaf->over = leaf->nomem = false;
    ProtobufCAllocator allocator = {leaf_alloc, leaf_free, leaf};
    const uint8_t *p = joined(leaf, g);
    *out = p ? protobuf_c_message_unpack(type, &allocator, (size_t)n, p) : NULL;
    if (*out) return OX_OK;
    if (leaf->nomem) return ox__nomem(err);
    ox_status s = leaf->over ? ox__fail(err, OX_E_LIMIT, "a %s of %llu bytes is too large to be unpacked",
                                        type->short_name, (unsigned long long)n)
                             : ox__fail(err, OX_E_FORMAT, "a %s is not valid", type->short_name);
    ox_error_at_offset(err, file, ox__reader_offset(&g->part));
    return s;
}
