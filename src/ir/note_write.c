/* Floor 1. Notes of edits as bytes. What an edit names by an id of the model (a string, a type, a tensor) is defined
 * once, before the first note that needs it, and numbered from 1 by its kind. Numbers are varints. */
#include "ir/note.h"

#include <stdlib.h>

enum { MAX_TENSOR = 64 << 20 }; /* bytes of data; a log is for edits, not for weights */

typedef struct defined {
    uint32_t kind, id;
} defined;

typedef struct writer {
    const ox_model *m;
    ox__buf *out;
    OX__VEC(defined) def;     /* by order; place i of the index is def i - 1 */
    OX__VEC(uint32_t) number; /* of each, within its kind */
    uint32_t count[OX__N_DEFS];
    ox__index index;
    ox_status s; /* the first failure */
    ox_error *err;
} writer;

static void put(ox__buf *b, uint64_t v)
{
    char tmp[10];
    size_t n = 0;
    while (v >= 0x80) {
        tmp[n++] = (char)(v | 0x80);
        v >>= 7;
    }
    tmp[n++] = (char)v;
    ox__buf_add(b, tmp, n);
}

static void put_signed(ox__buf *b, int64_t v)
{
    put(b, (uint64_t)v << 1 ^ (uint64_t)(v >> 63));
}

static void put_double(ox__buf *b, double v)
{
    ox__buf_add(b, &v, sizeof v);
}

/* ---- definitions ---- */
static bool same_def(const void *ud, uint32_t at)
{
    const writer *w = ((const void *const *)ud)[0];
    const defined *d = ((const void *const *)ud)[1];
    return w->def.p[at - 1].kind == d->kind && w->def.p[at - 1].id == d->id;
}

static void define(writer *w, enum ox__note_def kind, uint32_t id, ox__buf *body);

/* The number of a thing, which is defined now if it was not; 0 is none. */
static uint32_t ref(writer *w, enum ox__note_def kind, uint32_t id)
{
    if (!id || w->s != OX_OK) return 0;
    defined d = {kind, id};
    const void *probe[] = {w, &d};
    uint64_t h = ox__hash_mix(kind, id);
    uint32_t at = ox__index_find(&w->index, h, same_def, probe);
    if (at) return w->number.p[at - 1];
    ox__buf body = {0};
    define(w, kind, id, &body);
    if (w->s == OX_OK && (!ox__vec_push(&w->def, d) || !ox__vec_push(&w->number, w->count[kind] + 1) ||
                          !ox__index_add(&w->index, h, (uint32_t)w->def.n) || body.failed))
        w->s = ox__nomem(w->err);
    put(w->out, kind);
    ox__buf_add(w->out, body.p, body.n);
    ox__buf_free(&body);
    return w->s == OX_OK ? ++w->count[kind] : 0;
}

static void put_str(writer *w, ox__buf *b, ox_str s)
{
    put(b, ref(w, OX__DEF_STR, s.id));
}

static void define_dim(writer *w, ox_dim d, ox__buf *b)
{
    const ox_dim *ops;
    int64_t v = 0;
    ox_dim_kind kind = ox_dim_get_kind(w->m, d);
    put(b, kind);
    if (ox_dim_is_const(w->m, d, &v)) put_signed(b, v);
    if (kind == OX_DIM_SYMBOL || kind == OX_DIM_UNKNOWN) put_str(w, b, ox_dim_name(w->m, d));
    if (kind == OX_DIM_UNKNOWN) put(b, ox_dim_origin(w->m, d).id);
    size_t n = ox_dim_operands(w->m, d, &ops);
    put(b, n);
    for (size_t i = 0; i < n; i++) put(b, ref(w, OX__DEF_DIM, ops[i].id));
}

static void define_type(writer *w, ox_type t, ox__buf *b)
{
    ox_type_info i = ox_type_get(w->m, t);
    put(b, i.kind);
    put(b, (uint64_t)i.dtype);
    put(b, (uint64_t)(i.rank + 1));
    for (int32_t k = 0; k < i.rank; k++) put(b, ref(w, OX__DEF_DIM, i.dims[k].id));
    put(b, i.n_items);
    for (uint32_t k = 0; k < i.n_items; k++) put(b, ref(w, OX__DEF_TYPE, i.items[k].id));
    put(b, i.n_names);
    for (uint32_t k = 0; k < i.n_names; k++) put_str(w, b, i.names[k]);
    put_str(w, b, i.denotation);
    put(b, i.dim_denotations != NULL);
    for (int32_t k = 0; i.dim_denotations && k < i.rank; k++) put_str(w, b, i.dim_denotations[k]);
}

static void define_layout(writer *w, ox_layout l, ox__buf *b)
{
    ox_layout_info i = ox_layout_get(w->m, l);
    put(b, (uint64_t)(i.requires_grad + 1));
    put(b, i.undefined);
    put_str(w, b, i.device);
    put(b, (uint64_t)(i.n_strides + 1));
    for (int32_t k = 0; k < i.n_strides; k++) put_signed(b, i.strides[k]);
    put(b, i.n_items);
    for (uint32_t k = 0; k < i.n_items; k++) put(b, ref(w, OX__DEF_LAYOUT, i.items[k].id));
}

static ox_status add_chunk(void *ud, const void *chunk, uint64_t n, uint64_t offset, ox_error *err)
{
    (void)offset;
    ox__buf_add(ud, chunk, n);
    return ((ox__buf *)ud)->failed ? ox__nomem(err) : OX_OK;
}

/* Data in a file that the model had from the start is named by its place; other data is written whole, canonical. */
static void define_data(writer *w, ox_tensor t, const ox_tensor_info *i, ox__buf *b)
{
    const ox__map *map = i->storage == OX_STORAGE_FILE ? ox__model_file(w->m, i->file) : NULL;
    bool placed = map && i->file < w->m->notes->n_files;
    put(b, placed ? OX_STORAGE_FILE : i->storage == OX_STORAGE_FILE ? OX_STORAGE_OWNED : i->storage);
    put(b, placed || i->encoding == OX_ENC_STRINGS ? i->encoding : OX_ENC_RAW);
    if (placed) {
        put(b, i->file);
        put(b, map->n);
        put(b, i->offset);
        put(b, i->n_bytes);
        put(b, i->encoding == OX_ENC_SCALED ? (uint64_t)i->dims[0] : 0);
        for (int64_t k = 0; i->encoding == OX_ENC_SCALED && k < i->dims[0]; k++) put_double(b, i->scales[k]);
    } else if (i->storage == OX_STORAGE_SPARSE) {
        put(b, ref(w, OX__DEF_TENSOR, i->values.id));
        put(b, ref(w, OX__DEF_TENSOR, i->indices.id));
    } else if (i->encoding == OX_ENC_STRINGS && i->storage == OX_STORAGE_OWNED) {
        for (uint64_t k = 0; k < i->n_elements; k++) put_str(w, b, i->strings[k]);
    } else if (i->storage != OX_STORAGE_LOST) {
        uint64_t n = ox_tensor_raw_size(w->m, t);
        put(b, n);
        if (w->s == OX_OK && n > MAX_TENSOR)
            w->s = ox__fail(w->err, OX_E_LIMIT, "a tensor of more than %d MiB is not logged", MAX_TENSOR >> 20);
        if (w->s == OX_OK) w->s = ox_tensor_stream(w->m, t, add_chunk, b, NULL, w->err);
    }
}

static void define_tensor(writer *w, ox_tensor t, ox__buf *b)
{
    ox_tensor_info i = ox_tensor_get(w->m, t);
    put_str(w, b, i.name);
    put_str(w, b, i.doc);
    put(b, (uint64_t)i.dtype);
    put(b, (uint64_t)i.rounded | (uint64_t)i.external << 1 | (uint64_t)i.typed << 2);
    put(b, i.rank);
    for (uint32_t k = 0; k < i.rank; k++) put(b, (uint64_t)i.dims[k]);
    put(b, i.n_metadata);
    for (uint32_t k = 0; k < i.n_metadata; k++) {
        put_str(w, b, i.metadata[k].key);
        put_str(w, b, i.metadata[k].value);
    }
    define_data(w, t, &i, b);
}

/* Calls itself for what is inside, which is as deep as types, dims and layouts are. */
static void define(writer *w, enum ox__note_def kind, uint32_t id, ox__buf *body)
{
    size_t n;
    const char *text;
    ox_loc_info loc;
    switch (kind) {
    case OX__DEF_STR:
        text = ox_str_text(w->m, (ox_str){id}, &n);
        put(body, n);
        ox__buf_add(body, text, n);
        break;
    case OX__DEF_DIM: define_dim(w, (ox_dim){id}, body); break;
    case OX__DEF_TYPE: define_type(w, (ox_type){id}, body); break;
    case OX__DEF_LAYOUT: define_layout(w, (ox_layout){id}, body); break;
    case OX__DEF_LOC:
        loc = ox_loc_get(w->m, (ox_loc){id});
        put_str(w, body, loc.file);
        put(body, loc.line);
        put(body, loc.col);
        break;
    case OX__DEF_TENSOR: define_tensor(w, (ox_tensor){id}, body); break;
    case OX__N_DEFS: break;
    }
}

/* ---- notes ---- */
static void put_list_item(writer *w, ox__buf *b, const ox_attr *a, uint32_t k)
{
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_FLOATS:
    case OX_ATTR_COMPLEX: put_double(b, a->u.floats[k]); break;
    case OX_ATTR_INTS:
    case OX_ATTR_BOOLS: put_signed(b, a->u.ints[k]); break;
    case OX_ATTR_STRINGS: put_str(w, b, a->u.strings[k]); break;
    case OX_ATTR_TENSORS:
    case OX_ATTR_SPARSES: put(b, ref(w, OX__DEF_TENSOR, a->u.tensors[k].id)); break;
    case OX_ATTR_GRAPHS: put(b, a->u.graphs[k].id); break;
    case OX_ATTR_TYPES: put(b, ref(w, OX__DEF_TYPE, a->u.types[k].id)); break;
    default: break;
    }
}

static void put_attr(writer *w, ox__buf *b, const ox_attr *a)
{
    put_str(w, b, a->name);
    put(b, a->kind);
    put(b, (uint64_t)a->rounded | (uint64_t)a->lost << 1);
    put_str(w, b, a->ref);
    put_str(w, b, a->doc);
    put(b, a->n);
    if (a->ref.id) return;
    uint32_t n = ox__attr_n_items(a);
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_FLOAT: put_double(b, a->u.f); break;
    case OX_ATTR_INT:
    case OX_ATTR_BOOL: put_signed(b, a->u.i); break;
    case OX_ATTR_STRING:
    case OX_ATTR_DEVICE:
    case OX_ATTR_RAW: put_str(w, b, a->u.s); break;
    case OX_ATTR_TENSOR:
    case OX_ATTR_SPARSE: put(b, ref(w, OX__DEF_TENSOR, a->u.t.id)); break;
    case OX_ATTR_GRAPH: put(b, a->u.g.id); break;
    case OX_ATTR_TYPE: put(b, ref(w, OX__DEF_TYPE, a->u.type.id)); break;
    case OX_ATTR_NONE: break;
    default:
        put(b, n && a->u.ints);
        for (uint32_t k = 0; a->u.ints && k < n; k++) put_list_item(w, b, a, k);
    }
}

static void put_function(writer *w, ox__buf *b, const ox_function_info *f)
{
    put_str(w, b, f->domain);
    put_str(w, b, f->overload);
    put(b, f->n_attrs);
    for (uint32_t i = 0; i < f->n_attrs; i++) put_str(w, b, f->attrs[i]);
    put(b, f->n_defaults);
    for (uint32_t i = 0; i < f->n_defaults; i++) put_attr(w, b, &f->defaults[i]);
    put(b, f->n_opsets);
    for (uint32_t i = 0; i < f->n_opsets; i++) {
        put_str(w, b, f->opsets[i].domain);
        put_signed(b, f->opsets[i].version);
    }
}

static void put_word(writer *w, ox__buf *b, char type, uint64_t v)
{
    static const char kinds[] = "s.TL@t"; /* in the order of ox__note_def */
    const char *k = strchr(kinds, type);
    if (k)
        put(b, ref(w, (enum ox__note_def)(k - kinds), (uint32_t)v));
    else if (type == 'a')
        put_attr(w, b, (const ox_attr *)(uintptr_t)v);
    else if (type == 'F')
        put_function(w, b, (const ox_function_info *)(uintptr_t)v);
    else if (type == 'i')
        put_signed(b, (int64_t)v);
    else
        put(b, v);
}

static void put_note(writer *w, ox__buf *b, const uint64_t *word)
{
    const char *args = ox__did_args[*word & 0xff];
    size_t n = (size_t)(*word >> 8), at = 1;
    put(b, OX__NOTE_DID + (*word & 0xff));
    for (; *args; args++) {
        if (*args == '=') args++;
        if (*args == '*') break;
        put_word(w, b, *args, word[at++]);
    }
    if (*args != '*') return;
    put(b, n + 1 - at);
    while (at <= n) put(b, word[at++]);
}

static void put_ids(ox__buf *b, const uint32_t *ids, size_t n)
{
    put(b, n);
    uint32_t last = 0;
    for (size_t i = 0; i < n; i++) {
        put_signed(b, (int64_t)ids[i] - last);
        last = ids[i];
    }
}

ox_status ox__notes_write(const ox_model *m, ox__buf *out, ox_error *err)
{
    const ox__notes *x = m->notes;
    writer w = {.m = m, .out = out, .err = err};
    ox__buf note = {0};
    put(out, OX__NOTE_BEGIN);
    if (x->renumbered) {
        put(out, OX__NOTE_RENUMBER);
        put_ids(out, x->old.graphs.p, x->old.graphs.n);
        put_ids(out, x->old.nodes.p, x->old.nodes.n);
        put_ids(out, x->old.values.p, x->old.values.n);
        put_ids(out, x->old.scopes.p, x->old.scopes.n);
    }
    for (size_t i = 0; i < x->closed && w.s == OX_OK; i += 1 + (size_t)(x->w.p[i] >> 8)) {
        ox__buf_clear(&note);
        put_note(&w, &note, &x->w.p[i]);
        ox__buf_add(out, note.p, note.n);
        if (w.s == OX_OK && (note.failed || out->failed)) w.s = ox__nomem(err);
    }
    ox__buf_free(&note);
    ox__vec_free(&w.def);
    ox__vec_free(&w.number);
    ox__index_free(&w.index);
    return w.s;
}
