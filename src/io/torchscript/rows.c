/* Floor 3. The tensors of an archive as rows: their names, and where their bytes stand. */
#include "io/torchscript/rows.h"

#include "io/torch.h"

#include <inttypes.h>

typedef struct walk {
    ox__archive *archive;
    ox__arrays *arrays;
    const char *folder;   /* of the storages: "data", "constants" */
    const ox__obj *inner; /* the dict whose own name is left out; NULL: none */
    ox__buf path;
    uint64_t names; /* bytes of names that may still be made */
} walk;

/* ---- one tensor ---- */
static const char *unusable(const ox__obj_tensor *t)
{
    if (!t->storage) return "it was saved without data";
    if (t->dtype == OX_UNDEFINED) return "its element type has no counterpart in ONNX";
    if (t->conj || t->neg) return "it is a conjugated or negated view";
    return NULL;
}

static bool is_contiguous(const ox__obj_tensor *t)
{
    int64_t want = 1;
    for (uint32_t i = t->rank; i-- > 0;) {
        if (t->sizes[i] == 1) continue;
        if (t->strides[i] != want) return false;
        want *= t->sizes[i];
    }
    return true;
}

/* Elements from the first to the last that the tensor has; false on overflow. */
static bool reach(const ox__obj_tensor *t, uint64_t *n)
{
    int64_t last = 0, step;
    for (uint32_t i = 0; i < t->rank; i++) {
        if (__builtin_mul_overflow(t->sizes[i] - 1, t->strides[i], &step)) return false;
        if (__builtin_add_overflow(last, step, &last)) return false;
    }
    *n = (uint64_t)last + 1;
    return true;
}

static ox_status fail_beyond(const walk *w, ox_error *err)
{
    ox__fail(err, OX_E_FORMAT, "it reaches beyond its storage");
    ox_error_at_line(err, w->archive->map->path, 0, 0);
    return OX_E_FORMAT;
}

/* The bytes of a tensor with elements. */
static ox_status place(walk *w, const ox__obj_tensor *t, ox__array *row, ox_error *err)
{
    ox__archive_span span;
    uint64_t n, unit = ox_dtype_bits(t->dtype) / 8, skip, size, whole;
    ox_status s = ox__archive_place(w->archive, w->folder, t->storage, &span, err);
    if (s != OX_OK) return s;
    bool over = __builtin_mul_overflow(t->storage->numel, ox__archive_unit(t->storage), &whole);
    if (over || !reach(t, &n) || __builtin_mul_overflow((uint64_t)t->offset, unit, &skip) ||
        __builtin_mul_overflow(n, unit, &size) || skip > whole || size > whole - skip)
        return fail_beyond(w, err);
    row->entry = span.entry;
    row->direct = !span.entry || span.entry->method == 0;
    row->skip = row->direct ? span.offset + skip : skip;
    row->swapped = w->archive->big_endian && unit > 1;
    if (!is_contiguous(t)) {
        row->strides = ox__arena_dup(&w->arrays->arena, t->strides, t->rank * sizeof *t->strides);
        if (!row->strides) return ox__nomem(err);
        if (!row->direct) row->unusable = "it is not contiguous, in a record that is compressed";
    } else if (row->direct && !row->swapped) {
        row->file = 0;
        row->offset = row->skip;
    }
    return OX_OK;
}

/* Scales and zero points are looked at where they stand; those that would have to be unpacked are left out. */
static ox_status add_part(walk *w, const ox__obj_tensor *t, ox__array **out, ox_error *err)
{
    ox__array row = {.dtype = t->dtype, .rank = t->rank, .file = OX__ARRAY_PACKED, .unusable = unusable(t)};
    row.dims = ox__arena_dup(&w->arrays->arena, t->sizes, t->rank * sizeof *t->sizes);
    if (!row.dims) return ox__nomem(err);
    if (row.unusable || t->rank != 1) return OX_OK;
    if (!ox__array_size(&row)) return fail_beyond(w, err);
    ox_status s = row.n_bytes ? place(w, t, &row, err) : OX_OK;
    if (s != OX_OK || row.file == OX__ARRAY_PACKED) return s;
    *out = ox__arena_dup(&w->arrays->arena, &row, sizeof row);
    return *out ? OX_OK : ox__nomem(err);
}

static ox_status add_quant(walk *w, const ox__obj_tensor *t, const ox__array_quant **out, ox_error *err)
{
    ox__array_quant q = {.scheme = t->quant == OX__QUANT_TENSOR ? "per_tensor_affine" : "per_channel_affine",
                         .per_channel = t->quant == OX__QUANT_CHANNEL,
                         .scale = t->scale,
                         .zero_point = t->zero_point,
                         .axis = t->axis};
    ox_status s = q.per_channel ? add_part(w, t->scales, &q.scales, err) : OX_OK;
    if (s == OX_OK && q.per_channel) s = add_part(w, t->zero_points, &q.zero_points, err);
    if (s != OX_OK) return s;
    *out = ox__arena_dup(&w->arrays->arena, &q, sizeof q);
    return *out ? OX_OK : ox__nomem(err);
}

static ox_status add_tensor(walk *w, ox__obj_tensor *t, ox_error *err)
{
    ox__array row = {.dtype = t->dtype, .rank = t->rank, .file = OX__ARRAY_PACKED, .unusable = unusable(t)};
    if (t->storage && strcmp(w->folder, "data") == 0) row.storage = t->storage->id + 1;
    if (w->path.failed) return ox__nomem(err);
    if (w->path.n > w->names) return ox__fail(err, OX_E_LIMIT, "the names of the weights are too long");
    w->names -= w->path.n;
    row.dims = ox__arena_dup(&w->arrays->arena, t->sizes, t->rank * sizeof *t->sizes);
    if (!row.dims) return ox__nomem(err);
    ox_status s = OX_OK;
    if (!row.unusable && !ox__array_size(&row)) s = fail_beyond(w, err);
    if (!row.unusable && s == OX_OK && row.n_bytes)
        s = place(w, t, &row, err);
    else if (s == OX_OK && !row.unusable)
        row.file = 0;
    if (s == OX_OK && t->quant != OX__QUANT_NONE) s = add_quant(w, t, &row.quant, err);
    if (s != OX_OK) {
        ox_error_context(err, "tensor '%.*s'", (int)OX__MIN(w->path.n, (size_t)200), w->path.p ? w->path.p : "");
        return s;
    }
    s = ox__arrays_add(w->arrays, w->path.p ? w->path.p : "", w->path.n, &row, err);
    if (s == OX_OK) t->row = (uint32_t)w->arrays->rows.n;
    return s;
}

/* ---- the tree ---- */
static ox_status visit(walk *w, const ox__obj *o, ox_error *err);

/* Below the name that `key` or, if that is NULL, the number i is. */
static ox_status visit_child(walk *w, const ox__obj *o, const ox__obj *key, int64_t i, ox_error *err)
{
    size_t n = w->path.n;
    if (o->kind < OX__OBJ_TUPLE || o->kind > OX__OBJ_TENSOR) return OX_OK;
    if (o != w->inner || o->kind == OX__OBJ_TENSOR) {
        if (n) ox__buf_addc(&w->path, '.');
        if (key)
            ox__buf_add(&w->path, key->s, key->n);
        else
            ox__buf_addf(&w->path, "%" PRId64, i);
    }
    ox_status s = w->path.failed ? ox__nomem(err) : visit(w, o, err);
    w->path.n = n;
    return s;
}

static ox_status visit_dict(walk *w, const ox__obj *o, ox_error *err)
{
    ox_status s = OX_OK;
    for (uint32_t i = 0; i < o->n && s == OX_OK; i++) {
        const ox__obj *key = o->items[2 * (size_t)i], *value = o->items[2 * (size_t)i + 1];
        if (key->kind == OX__OBJ_STR || key->kind == OX__OBJ_INT)
            s = visit_child(w, value, key->kind == OX__OBJ_STR ? key : NULL, key->i, err);
    }
    return s;
}

static ox_status visit(walk *w, const ox__obj *o, ox_error *err)
{
    ox_status s = OX_OK;
    if (o->kind == OX__OBJ_TENSOR) return add_tensor(w, o->tensor, err);
    if (o->kind == OX__OBJ_DICT) return visit_dict(w, o, err);
    if (o->kind == OX__OBJ_OBJECT) return o->object->state ? visit(w, o->object->state, err) : OX_OK;
    if (o->kind != OX__OBJ_LIST && o->kind != OX__OBJ_TUPLE) return OX_OK;
    for (uint32_t i = 0; i < o->n && s == OX_OK; i++) s = visit_child(w, o->items[i], NULL, i, err);
    return s;
}

/* ---- checkpoints ---- */
static bool has_tensors(const ox__obj *o)
{
    if (o->kind != OX__OBJ_DICT) return false;
    for (uint32_t i = 0; i < o->n; i++)
        if (o->items[2 * (size_t)i]->kind == OX__OBJ_STR && o->items[2 * (size_t)i + 1]->kind == OX__OBJ_TENSOR)
            return true;
    return false;
}

/* The dict that a checkpoint keeps its weights in: one of the usual names, or the only one with tensors. */
static const ox__obj *inner_dict(const ox__obj *root)
{
    static const char *const usual[] = {"state_dict", "model_state_dict", "model", "module",
                                        "net",        "weights",          "params"};
    const ox__obj *only = NULL;
    uint32_t n = 0;
    if (root->kind != OX__OBJ_DICT) return NULL;
    for (size_t i = 0; i < OX__COUNT(usual); i++) {
        const ox__obj *o = ox__obj_get(root, usual[i]);
        if (o && has_tensors(o)) return o;
    }
    if (has_tensors(root)) return NULL;
    for (uint32_t i = 0; i < root->n; i++)
        if (has_tensors(root->items[2 * (size_t)i + 1])) only = root->items[2 * (size_t)i + 1], n++;
    return n == 1 ? only : NULL;
}

/* A lone tensor is named after its file. */
static void name_of_file(ox__buf *b, const char *path)
{
    const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path, *dot = strrchr(name, '.');
    ox__buf_add(b, name, dot && dot > name ? (size_t)(dot - name) : strlen(name));
}

static walk walk_of(ox__archive *a, ox__arrays *arrays, const char *folder)
{
    return (walk){.archive = a,
                  .arrays = arrays,
                  .folder = folder,
                  .names =
                      OX__ARCHIVE_SPARE / 2 + 4 * (uint64_t)OX__MAX(a->data.arena.total, a->constants.arena.total)};
}

ox_status ox__archive_rows(ox__archive *a, ox__arrays *arrays, ox_error *err)
{
    walk w = walk_of(a, arrays, "data");
    const ox__obj *root = a->data.root;
    w.inner = inner_dict(root);
    if (root->kind == OX__OBJ_TENSOR) name_of_file(&w.path, a->map->path);
    ox_status s = visit(&w, root, err);
    ox__buf_free(&w.path);
    return s;
}

ox_status ox__archive_constant_rows(ox__archive *a, ox__arrays *arrays, ox_error *err)
{
    walk w = walk_of(a, arrays, "constants");
    ox_status s = OX_OK;
    for (uint32_t i = 0; a->constants.root && i < a->constants.root->n && s == OX_OK; i++) {
        const ox__obj *o = a->constants.root->items[i];
        ox__buf_clear(&w.path);
        ox__buf_addf(&w.path, "CONSTANTS.c%u", (unsigned)i);
        s = visit(&w, o, err);
    }
    ox__buf_free(&w.path);
    return s;
}

/* ---- for ox__arrays ---- */
bool ox__torch_is_legacy(const uint8_t *p, uint64_t n)
{
    return ox__archive_is_legacy(p, n);
}

bool ox__torch_is_archive(const ox__zip *zip)
{
    return ox__archive_is(zip);
}

ox_status ox__torch_read(ox__arrays *a, bool legacy, ox_error *err)
{
    ox__archive archive;
    ox_status s = legacy ? ox__archive_open_legacy(&archive, &a->files[0], NULL, err)
                         : ox__archive_open(&archive, &a->zip, NULL, err);
    if (s == OX_OK) s = ox__archive_rows(&archive, a, err);
    ox__archive_close(&archive);
    return s;
}
