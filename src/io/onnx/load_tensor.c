/* Floor 3. TensorProto to tensor. Payloads stay where they are: raw bytes and packed numbers become spans of the map.
 * Only numbers that are not packed, or come in several pieces, are decoded into bytes of our own. */
#include "io/onnx/load.h"
#include "io/onnx/tensor.h"

/* What a first walk learns. */
typedef struct parts {
    int64_t type;
    bool external, has_segment, has_raw;
    ox__reader raw;
    uint32_t n_fields[OX__T_N]; /* of the typed data fields */
    ox__reader packed[OX__T_N]; /* the last packed occurrence */
    bool loose[OX__T_N];        /* some occurrence is a single number */
    uint64_t payload;
    ox__span name, doc;
    ox__place place;
    size_t dims, pairs; /* where they begin on the stacks of the load */
    size_t n_strings;
} parts;

static ox_status add_dims(ox__load *ld, parts *t, const ox__field *f, ox_error *err)
{
    ox__ints it = ox__ints_of(f);
    for (uint64_t v; ox__ints_next(&it, &v);) {
        if (ld->dims.n - t->dims == OX_MAX_RANK)
            return ox__load_fail(ld, f->at, OX_E_LIMIT, err, "a tensor has more than %d dimensions", OX_MAX_RANK);
        if ((int64_t)v < 0)
            return ox__load_fail(ld, f->at, OX_E_FORMAT, err, "dimension %zu of a tensor is %lld", ld->dims.n - t->dims,
                                 (long long)v);
        if (!ox__vec_push(&ld->dims, (int64_t)v)) return ox__nomem(err);
    }
    return ox__load_end(ld, &it.r, err);
}

static void add_data(parts *t, const ox__field *f)
{
    if (t->n_fields[f->number] < UINT32_MAX) t->n_fields[f->number]++;
    if (f->type == OX__WIRE_BYTES) {
        t->packed[f->number] = f->sub;
        t->payload += ox__reader_left(&f->sub);
    } else {
        t->loose[f->number] = true;
    }
}

static ox_status scan_field(ox__load *ld, parts *t, const ox__field *f, ox_error *err)
{
    bool bytes = f->type == OX__WIRE_BYTES, varint = f->type == OX__WIRE_VARINT;
    switch (f->number) {
    case OX__T_DIMS: return bytes || varint ? add_dims(ld, t, f, err) : OX_OK;
    case OX__T_TYPE:
        if (varint) t->type = (int64_t)f->value;
        break;
    case OX__T_SEGMENT: t->has_segment = true; break;
    case OX__T_FLOATS:
        if (bytes || f->type == OX__WIRE_32) add_data(t, f);
        break;
    case OX__T_DOUBLES:
        if (bytes || f->type == OX__WIRE_64) add_data(t, f);
        break;
    case OX__T_INT32S:
    case OX__T_INT64S:
    case OX__T_UINT64S:
        if (bytes || varint) add_data(t, f);
        break;
    case OX__T_STRINGS: t->n_strings += bytes; break;
    case OX__T_RAW:
        if (!bytes) break;
        t->raw = f->sub;
        t->has_raw = true;
        t->payload += ox__reader_left(&f->sub);
        break;
    case OX__T_NAME:
        if (bytes) t->name = ox__field_span(f);
        break;
    case OX__T_DOC:
        if (bytes) t->doc = ox__field_span(f);
        break;
    case OX__T_EXTERNAL: return bytes ? ox__load_place(ld, f, &t->place, err) : OX_OK;
    case OX__T_LOCATION:
        if (varint) t->external = f->value == 1;
        break;
    case OX__T_METADATA: return bytes ? ox__load_pair(ld, f, err) : OX_OK;
    default: break;
    }
    return OX_OK;
}

static ox_status count_elements(ox__load *ld, const ox__msg *g, const ox_tensor_info *info, uint64_t *n, ox_error *err)
{
    *n = 1;
    for (uint32_t i = 0; i < info->rank; i++)
        if (info->dims[i] == 0) return *n = 0, OX_OK;
    for (uint32_t i = 0; i < info->rank; i++) {
        if (*n > (uint64_t)INT64_MAX / (uint64_t)info->dims[i])
            return ox__load_fail(ld, g->part.p, OX_E_FORMAT, err,
                                 "the dimensions of a tensor give more than 2^63 elements");
        *n *= (uint64_t)info->dims[i];
    }
    return OX_OK;
}

static ox_status wrong_size(ox__load *ld, const void *at, uint64_t is, uint64_t needed, const char *unit, ox_error *err)
{
    return ox__load_fail(ld, at, OX_E_FORMAT, err, "a tensor has %llu %s, but its shape needs %llu",
                         (unsigned long long)is, unit, (unsigned long long)needed);
}

static void set_span(ox__load *ld, ox_tensor_info *info, ox_encoding encoding, ox__reader r)
{
    info->storage = OX_STORAGE_FILE;
    info->encoding = encoding;
    info->file = ld->io->file;
    info->offset = ox__reader_offset(&r);
    info->n_bytes = ox__reader_left(&r);
}

/* Decodes the numbers of `field` one by one into canonical bytes. An entry is `width` bytes wide there. Of a type of 6
 * bits an entry is one element, and the bytes are packed varints, which such small numbers are as they stand. */
static ox_status decode(ox__load *ld, const ox__msg *g, uint32_t field, ox_tensor_info *info, uint64_t n_entries,
                        uint32_t width, ox_error *err)
{
    uint64_t done = 0, total = n_entries * width;
    bool six = ox_dtype_bits(info->dtype) == 6;
    if (total / 16 > ox__msg_size(g)) return wrong_size(ld, g->part.p, ox__msg_size(g), n_entries, "bytes", err);
    ox_status s = ox__load_charge(ld, g->part.p, ox__msg_size(g), 2 * total, err);
    if (s != OX_OK) return s;
    uint8_t *out = ox__arena_alloc(&ld->lists, (size_t)total);
    if (!out) return ox__nomem(err);
    ox__fields it = ox__fields_of(g);
    for (ox__field f; ox__fields_next(&it, &f);) {
        if (f.number != field) continue;
        if (field == OX__T_FLOATS || field == OX__T_DOUBLES) {
            const void *p = f.type == OX__WIRE_BYTES ? (const void *)f.sub.p : (const void *)&f.value;
            uint64_t n = f.type == OX__WIRE_BYTES ? ox__reader_left(&f.sub) : field == OX__T_FLOATS ? 4u : 8u;
            if (n > total - done) return wrong_size(ld, f.at, done + n, total, "bytes", err);
            memcpy(out + done, p, (size_t)n);
            done += n;
            continue;
        }
        ox__ints ints = ox__ints_of(&f);
        for (uint64_t v; ox__ints_next(&ints, &v); done += width) {
            if (done == total) return wrong_size(ld, f.at, n_entries + 1, n_entries, "numbers", err);
            if (six && v > 63)
                return ox__load_fail(ld, f.at, OX_E_FORMAT, err, "a tensor holds %llu where a number has 6 bits",
                                     (unsigned long long)v);
            memcpy(out + done, &v, width);
        }
        if (ints.r.failed) return ox__load_end(ld, &ints.r, err);
    }
    if (done != total) return wrong_size(ld, g->part.p, done, total, "bytes", err);
    info->storage = OX_STORAGE_OWNED;
    info->encoding = six ? OX_ENC_VARINT : OX_ENC_RAW;
    info->data = out;
    info->n_bytes = total;
    return OX_OK;
}

/* Data in one of the typed number fields. */
static ox_status typed_data(ox__load *ld, const ox__msg *g, const parts *t, ox_tensor_info *info, uint64_t n_bytes,
                            ox_error *err)
{
    uint32_t field = ox__tensor_field(info->dtype);
    bool fixed = field == OX__T_FLOATS || field == OX__T_DOUBLES;
    /* a varint holds one element, of the types of 2 and 4 bits one byte of them */
    uint32_t width = field == OX__T_INT32S || field == OX__T_UINT64S || field == OX__T_INT64S
                         ? OX__MAX(ox_dtype_bits(info->dtype) / 8, 1u)
                         : 1;
    uint64_t n_entries = ox_dtype_bits(info->dtype) == 6 ? info->n_elements : n_bytes / width;
    info->typed = true;
    if (t->n_fields[field] != 1 || t->loose[field]) return decode(ld, g, field, info, n_entries, width, err);
    ox__reader r = t->packed[field];
    uint64_t n = ox__reader_left(&r);
    if (fixed && n != n_bytes) return wrong_size(ld, r.p, n, n_bytes, "bytes", err);
    if (!fixed && (n < n_entries || n / 10 > n_entries))
        return wrong_size(ld, r.p, n, n_entries, "bytes of numbers", err);
    set_span(ld, info, fixed ? OX_ENC_RAW : OX_ENC_VARINT, r);
    return OX_OK;
}

static ox_status string_data(ox__load *ld, const ox__msg *g, const parts *t, ox_tensor_info *info, ox_error *err)
{
    if (t->has_raw) return ox__load_fail(ld, g->part.p, OX_E_FORMAT, err, "a tensor of strings has raw data");
    if (t->n_strings != info->n_elements)
        return wrong_size(ld, g->part.p, t->n_strings, info->n_elements, "strings", err);
    ox_status s = ox__load_charge(ld, g->part.p, 0, t->n_strings * (OX__COST_NAME + 2 * sizeof(ox_str)), err);
    if (s != OX_OK) return s;
    ox_str *strs = ox__arena_alloc(&ld->lists, t->n_strings * sizeof *strs);
    if (!strs) return ox__nomem(err);
    size_t n = 0;
    ox__fields it = ox__fields_of(g);
    for (ox__field f; ox__fields_next(&it, &f);)
        if (f.number == OX__T_STRINGS && f.type == OX__WIRE_BYTES) strs[n++] = ox__load_str(ld, ox__field_span(&f));
    info->storage = OX_STORAGE_OWNED;
    info->encoding = OX_ENC_STRINGS;
    info->strings = strs;
    return OX_OK;
}

static ox_status external_data(ox__load *ld, const parts *t, ox_tensor_info *info, uint64_t n_bytes, ox_error *err)
{
    if (info->dtype == OX_STRING)
        return ox__load_fail(ld, t->place.at, OX_E_FORMAT, err, "a tensor of strings has external data");
    uint32_t file;
    ox_status s = ox__load_data(ld, &t->place, n_bytes, &file, err);
    info->external = true;
    info->storage = file == UINT32_MAX ? OX_STORAGE_LOST : OX_STORAGE_FILE;
    info->file = file;
    info->offset = t->place.offset;
    info->n_bytes = n_bytes;
    return s;
}

/* Where the data is. A type that is newer than we are, and a tensor that simply has no data, are kept as lost. */
static ox_status find_storage(ox__load *ld, const ox__msg *g, parts *t, ox_tensor_info *info, ox_error *err)
{
    uint64_t n_bytes = 0, n = 0;
    info->storage = OX_STORAGE_LOST;
    ox_status s = count_elements(ld, g, info, &n, err);
    if (s != OX_OK || info->dtype == OX_UNDEFINED) return s;
    info->n_elements = n;
    if (info->dtype != OX_STRING && !ox_dtype_bytes(info->dtype, n, &n_bytes))
        return ox__load_fail(ld, g->part.p, OX_E_FORMAT, err, "the dimensions of a tensor give more than 2^64 bytes");
    if (t->external) return external_data(ld, t, info, n_bytes, err);
    if (info->dtype == OX_STRING) return t->n_strings || t->has_raw || !n ? string_data(ld, g, t, info, err) : OX_OK;
    if (t->has_raw && (ox__reader_left(&t->raw) || !t->n_fields[ox__tensor_field(info->dtype)])) {
        uint64_t is = ox__reader_left(&t->raw);
        if (is == 0 && n) return OX_OK;
        if (is != n_bytes) return wrong_size(ld, t->raw.p, is, n_bytes, "bytes", err);
        set_span(ld, info, OX_ENC_RAW, t->raw);
        return OX_OK;
    }
    if (t->n_fields[ox__tensor_field(info->dtype)]) return typed_data(ld, g, t, info, n_bytes, err);
    if (n == 0) info->storage = OX_STORAGE_OWNED, info->data = "";
    return OX_OK;
}

/* What the model refuses is wrong in the file, not with the user. */
static ox_status add_to_model(ox__load *ld, const ox__msg *g, const ox_tensor_info *info, ox_tensor *out, ox_error *err)
{
    ox_status s = ox_tensor_add(ld->m, out, info, err);
    if (s != OX_E_INVALID) return s;
    if (err) err->code = OX_E_FORMAT;
    ox_error_at_offset(err, ld->path, ox__reader_offset(&g->part));
    return OX_E_FORMAT;
}

static ox_status add_tensor(ox__load *ld, const ox__msg *g, parts *t, uint32_t rec, ox_tensor *out, ox_error *err)
{
    ox_tensor_info info = {.source = rec};
    if (t->has_segment)
        return ox__load_fail(ld, g->part.p, OX_E_UNSUPPORTED, err, "a tensor comes in segments, which nobody writes");
    info.dtype = t->type > 0 && t->type < OX_N_DTYPES ? (ox_dtype)t->type : OX_UNDEFINED;
    info.name = t->name.p ? ox__load_str(ld, t->name) : (ox_str){0};
    info.doc = t->doc.p ? ox__load_str(ld, t->doc) : (ox_str){0};
    info.rank = (uint32_t)(ld->dims.n - t->dims);
    info.dims = info.rank ? ld->dims.p + t->dims : NULL;
    ox_status s = ox__load_charge(ld, g->part.p, ox__msg_size(g) - OX__MIN(t->payload, ox__msg_size(g)),
                                  OX__COST_RECORD + 2 * OX__COST_VALUE, err);
    if (s == OX_OK) s = find_storage(ld, g, t, &info, err);
    info.n_metadata = (uint32_t)(ld->pairs.n - t->pairs);
    info.metadata = info.n_metadata ? ld->pairs.p + t->pairs : NULL;
    if (s == OX_OK) s = add_to_model(ld, g, &info, out, err);
    if (s != OX_OK && t->name.n)
        ox_error_context(err, "tensor '%.*s'", (int)OX__MIN(t->name.n, (size_t)160), t->name.p);
    return s;
}

ox_status ox__load_tensor(ox__load *ld, const ox__msg *g, uint32_t rec, ox_tensor *out, ox_error *err)
{
    parts t = {.dims = ld->dims.n, .pairs = ld->pairs.n};
    ox_status s = OX_OK;
    ox__fields it = ox__fields_of(g);
    for (ox__field f; s == OX_OK && ox__fields_next(&it, &f);) s = scan_field(ld, &t, &f, err);
    if (s == OX_OK) s = ox__load_end(ld, &it.r, err);
    if (s == OX_OK) s = add_tensor(ld, g, &t, rec, out, err);
    ld->dims.n = t.dims;
    ld->pairs.n = t.pairs;
    return s;
}

ox_status ox__load_sparse(ox__load *ld, const ox__msg *g, uint32_t rec, ox_tensor *out, ox_error *err)
{
    ox__msg sub[2] = {{{0}, NULL, NULL}, {{0}, NULL, NULL}}; /* values, indices */
    const uint8_t *at[2] = {NULL, NULL};
    parts t = {.dims = ld->dims.n, .pairs = ld->pairs.n};
    ox_tensor_info info = {.source = rec, .storage = OX_STORAGE_SPARSE};
    ox_status s = OX_OK;
    ox__fields it = ox__fields_of(g);
    for (ox__field f; s == OX_OK && ox__fields_next(&it, &f);) {
        if ((f.number == 1 || f.number == 2) && f.type == OX__WIRE_BYTES) {
            if (!at[f.number - 1]) at[f.number - 1] = f.at;
            if (!ox__msg_merge(&sub[f.number - 1], f.sub, &ld->io->arena)) s = ox__nomem(err);
        } else if (f.number == 3 && (f.type == OX__WIRE_VARINT || f.type == OX__WIRE_BYTES)) {
            s = add_dims(ld, &t, &f, err);
        }
    }
    if (s == OX_OK) s = ox__load_end(ld, &it.r, err);
    ox_tensor part[2] = {{0}, {0}};
    for (int i = 0; i < 2 && s == OX_OK; i++) {
        uint32_t sub_rec;
        if (!at[i])
            return ox__load_fail(ld, g->part.p, OX_E_FORMAT, err, "a sparse tensor has no %s",
                                 i ? "indices" : "values");
        if ((s = ox__load_record(ld, at[i], &sub[i], &sub_rec, err)) == OX_OK)
            s = ox__load_tensor(ld, &sub[i], sub_rec, &part[i], err);
    }
    if (s == OX_OK) {
        ox_tensor_info values = ox_tensor_get(ld->m, part[0]);
        info.values = part[0];
        info.indices = part[1];
        info.name = values.name;
        info.dtype = values.dtype;
        info.rank = (uint32_t)(ld->dims.n - t.dims);
        info.dims = info.rank ? ld->dims.p + t.dims : NULL;
        s = count_elements(ld, g, &info, &info.n_elements, err);
        if (s == OX_OK) s = add_to_model(ld, g, &info, out, err);
    }
    ld->dims.n = t.dims;
    return s;
}
