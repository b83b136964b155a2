/* Floor 3. Data in messages of their own: TensorProto, SequenceProto, OptionalProto, MapProto, as the test data of
 * models comes. A tensor is read by the reader of models: it is put into a model that holds nothing else. */
#include "io/data.h"

#include "io/onnx/message.h"
#include "ir/data.h"

enum { MAX_DEPTH = 16 };

typedef struct reading {
    const char *path;
    const uint8_t *start;
    ox_error *err;
} reading;

static ox_status bad(const reading *k, const uint8_t *at, const char *what)
{
    ox_status s = ox__fail(k->err, OX_E_FORMAT, "%s", what);
    ox_error_at_offset(k->err, k->path, (uint64_t)(at - k->start));
    return s;
}

static void add_varint(ox__buf *b, uint64_t v)
{
    for (; v >= 0x80; v >>= 7) ox__buf_addc(b, (char)(v | 0x80));
    ox__buf_addc(b, (char)v);
}

static void add_field(ox__buf *b, uint32_t number, const void *p, size_t n)
{
    add_varint(b, (uint64_t)number << 3 | OX__WIRE_BYTES);
    add_varint(b, n);
    ox__buf_add(b, p, n);
}

/* ---- tensors ---- */

/* ModelProto{ir_version, graph{initializer{tensor}}}; the name that goes last is the one that counts. */
static void wrap(ox__buf *out, const ox__reader *r)
{
    ox__buf tensor = {0}, graph = {0};
    ox__buf_add(&tensor, r->p, (size_t)ox__reader_left(r));
    add_field(&tensor, 8, "data", 4);
    add_field(&graph, 5, tensor.p, tensor.n);
    add_varint(out, 1 << 3 | OX__WIRE_VARINT);
    add_varint(out, 10);
    add_field(out, 7, graph.p, graph.n);
    out->failed = out->failed || tensor.failed || graph.failed;
    ox__buf_free(&tensor);
    ox__buf_free(&graph);
}

static ox_status read_tensor(const reading *k, ox__reader r, ox_data **out)
{
    ox__buf b = {0};
    ox_model *m = NULL;
    ox_open_options opt = {.format = "onnx"};
    wrap(&b, &r);
    ox_status s = b.failed ? ox__nomem(k->err) : ox_open_memory(&m, b.p, b.n, k->path, &opt, NULL, NULL, k->err);
    if (s == OX_OK) {
        ox_value v = ox_graph_initializer(m, ox_model_main(m), 0);
        s = ox_data_of_tensor(out, m, ox_value_tensor(m, v), SIZE_MAX / 2, k->err);
        if (s != OX_OK && k->err && !k->err->file[0]) ox_error_at_offset(k->err, k->path, (uint64_t)(r.p - k->start));
    } else if (k->err && k->err->has_offset) {
        ox_error_at_offset(k->err, k->path, (uint64_t)(r.p - k->start)); /* the wrapped model's offsets say nothing */
    }
    ox_model_free(m);
    ox__buf_free(&b);
    return s;
}

/* The name of a TensorProto (field 8), or of one of the others (field 1). */
static void read_name(ox__reader r, uint32_t number, char **name)
{
    ox__field f;
    while (ox__read_field(&r, &f)) {
        if (f.number != number || f.type != OX__WIRE_BYTES) continue;
        ox__free(*name);
        *name = ox__strndup((const char *)f.sub.p, (size_t)ox__reader_left(&f.sub));
    }
}

/* ---- the others ---- */
typedef OX__VEC(ox_data *) items;

static void free_items(items *v)
{
    for (size_t i = 0; i < v->n; i++) ox_data_free(v->p[i]);
    ox__vec_free(v);
}

static ox_status read_any(const reading *k, ox__reader r, int64_t elem, unsigned depth, ox_data **out);

/* SequenceProto: name, elem_type, then a list by kind. */
static ox_status read_sequence(const reading *k, ox__reader r, unsigned depth, ox_data **out)
{
    static const int64_t elem_of[] = {[3] = 1, [4] = 2, [5] = 3, [6] = 4, [7] = 5};
    ox__field f;
    items v = {0};
    ox_status s = OX_OK;
    while (s == OX_OK && ox__read_field(&r, &f)) {
        ox_data *d;
        if (f.number < 3 || f.number > 7 || f.type != OX__WIRE_BYTES) continue;
        s = read_any(k, f.sub, elem_of[f.number], depth, &d);
        if (s == OX_OK && !ox__vec_push(&v, d)) {
            ox_data_free(d);
            s = ox__nomem(k->err);
        }
    }
    if (s == OX_OK) s = ox__reader_status(&r, k->path, k->err);
    if (s == OX_OK) s = ox_data_list(out, OX_DATA_SEQUENCE, OX_UNDEFINED, v.n, v.p, k->err);
    free_items(&v);
    return s;
}

/* OptionalProto: name, elem_type (1 tensor, 2 sparse, 3 sequence, 4 map, 5 optional), then one of five. */
static ox_status read_optional(const reading *k, ox__reader r, unsigned depth, ox_data **out)
{
    ox__field f;
    ox_data *item = NULL;
    ox_status s = OX_OK;
    while (s == OX_OK && ox__read_field(&r, &f)) {
        if (f.number < 3 || f.number > 7 || f.type != OX__WIRE_BYTES) continue;
        ox_data_free(item);
        item = NULL;
        s = read_any(k, f.sub, (int64_t)f.number - 2, depth, &item);
    }
    if (s == OX_OK) s = ox__reader_status(&r, k->path, k->err);
    if (s == OX_OK) s = ox_data_list(out, OX_DATA_OPTIONAL, OX_UNDEFINED, item ? 1 : 0, &item, k->err);
    ox_data_free(item);
    return s;
}

typedef struct map_keys {
    ox_dtype dtype;
    OX__VEC(int64_t) ints;
    OX__VEC(ox_bytes) texts;
} map_keys;

static ox_status read_keys(const reading *k, const ox__field *f, map_keys *keys)
{
    bool ok = true;
    if (f->number == 4 && f->type == OX__WIRE_BYTES) {
        ox_bytes text = {(const char *)f->sub.p, (size_t)ox__reader_left(&f->sub)};
        ok = ox__vec_push(&keys->texts, text);
    } else if (f->number == 3 && f->type == OX__WIRE_VARINT) {
        ok = ox__vec_push(&keys->ints, (int64_t)f->value);
    } else if (f->number == 3 && f->type == OX__WIRE_BYTES) {
        ox__reader r = f->sub;
        while (ok && !r.failed && ox__reader_left(&r)) ok = ox__vec_push(&keys->ints, (int64_t)ox__read_varint(&r));
        if (ok && r.failed) return ox__reader_status(&r, k->path, k->err);
    }
    return ok ? OX_OK : ox__nomem(k->err);
}

/* MapProto: name, key_type, keys or string_keys, values (a SequenceProto of which a tensor of all is read). */
static ox_status read_map(const reading *k, ox__reader r, unsigned depth, ox_data **out)
{
    ox__field f;
    map_keys keys = {.dtype = OX_INT64};
    ox_data *names = NULL, *values = NULL;
    ox_status s = OX_OK;
    const uint8_t *at = r.p;
    while (s == OX_OK && ox__read_field(&r, &f)) {
        if (f.number == 2 && f.type == OX__WIRE_VARINT && ox_dtype_is_valid((int)(f.value & 0xff)))
            keys.dtype = (ox_dtype)(f.value & 0xff);
        if (f.number == 5 && f.type == OX__WIRE_BYTES) {
            ox_data_free(values);
            values = NULL;
            s = read_sequence(k, f.sub, depth, &values);
        }
        if (s == OX_OK) s = read_keys(k, &f, &keys);
    }
    if (s == OX_OK) s = ox__reader_status(&r, k->path, k->err);
    bool one = values && values->kind == OX_DATA_SEQUENCE && values->n == 1;
    if (s == OX_OK && !one) s = bad(k, at, "the values of a map are no single tensor");
    int64_t n = (int64_t)(keys.dtype == OX_STRING ? keys.texts.n : keys.ints.n);
    if (s == OX_OK && keys.dtype == OX_STRING) {
        s = ox_data_strings(&names, 1, &n, keys.texts.p, k->err);
    } else if (s == OX_OK) {
        void *p;
        s = ox_data_tensor(&names, keys.dtype, 1, &n, &p, k->err);
        for (int64_t i = 0; s == OX_OK && i < n; i++) ox_dtype_set_i64(keys.dtype, p, (uint64_t)i, keys.ints.p[i]);
    }
    if (s == OX_OK) s = ox_data_map(out, names, values->items[0], k->err);
    ox_data_free(names);
    ox_data_free(values);
    ox__vec_free(&keys.ints);
    ox__vec_free(&keys.texts);
    return s;
}

static ox_status read_any(const reading *k, ox__reader r, int64_t elem, unsigned depth, ox_data **out)
{
    if (depth == MAX_DEPTH) return bad(k, r.p, "sequences and optionals are nested too deep");
    switch (elem) {
    case 1: return read_tensor(k, r, out);
    case 3: return read_sequence(k, r, depth + 1, out);
    case 4: return read_map(k, r, depth + 1, out);
    case 5: return read_optional(k, r, depth + 1, out);
    default: return bad(k, r.p, "sparse tensors are not read from messages");
    }
}

ox_status ox__data_of_pb(ox_data **out, char **name, const uint8_t *p, uint64_t n, const char *path, ox_type_kind kind,
                         ox_error *err)
{
    reading k = {path, p, err};
    ox__reader r = ox__reader_make(p, p, n);
    int64_t elem = kind == OX_TYPE_SEQUENCE ? 3 : kind == OX_TYPE_MAP ? 4 : kind == OX_TYPE_OPTIONAL ? 5 : 1;
    ox_status s = read_any(&k, r, elem, 0, out);
    if (s == OX_OK) read_name(r, elem == 1 ? 8 : 1, name);
    return s;
}
