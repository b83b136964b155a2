/* Floor 3. Writing a .npz: a zip archive of .npy members, stored, with the fields of zip64 where a member needs them.
 * Sizes and CRCs are known before a member is written, so that nothing is patched afterwards. */
#include "io/arrays/arrays_in.h"
#include "ir/data.h"

#include "base/file.h"

#include <stdio.h>
#include <utf8proc.h>
#include <zlib.h>

#include <onnxsh/io.h>

/* A member: its name, its header, and its elements in the form that NumPy has. */
typedef struct member {
    char *name;
    uint64_t size, at; /* of the content; where its local header stands */
    uint32_t crc;
} member;

typedef struct writer {
    ox__save *save;
    OX__VEC(member) members;
    const ox_task *task;
    ox_error *err;
} writer;

/* ---- elements as NumPy has them ---- */
typedef struct numpy_form {
    char descr[24];
    const void *data;
    uint64_t n_bytes;
    void *made; /* to be freed */
} numpy_form;

/* Elements of less than 8 bits, each as one of a wider type. */
static ox_status widen(const ox_data_info *d, numpy_form *out, ox_error *err)
{
    bool is_float = ox_dtype_is_float(d->dtype), is_signed = d->dtype == OX_INT4 || d->dtype == OX_INT2;
    ox_dtype to = is_float ? OX_FLOAT : is_signed ? OX_INT8 : OX_UINT8;
    if (!ox_dtype_bytes(to, d->n, &out->n_bytes) || !(out->made = ox__alloc((size_t)out->n_bytes)))
        return ox__nomem(err);
    for (uint64_t i = 0; i < d->n; i++) ox_dtype_set_f64(to, out->made, i, ox_dtype_get_f64(d->dtype, d->data, i));
    out->data = out->made;
    ox__npy_descr(to, out->descr, sizeof out->descr);
    return OX_OK;
}

/* The code points of a text into to (NULL: counted only); a byte that is no UTF-8 becomes U+DC80 and up, as Python's
 * surrogateescape has it. */
static uint64_t code_points(const ox_bytes *t, uint32_t *to)
{
    uint64_t n = 0;
    for (size_t i = 0; i < t->n; n++) {
        utf8proc_int32_t c;
        utf8proc_ssize_t used = utf8proc_iterate((const utf8proc_uint8_t *)t->p + i, (utf8proc_ssize_t)(t->n - i), &c);
        if (used <= 0) c = 0xdc00 + (uint8_t)t->p[i];
        if (to) to[n] = (uint32_t)c;
        i += used > 0 ? (size_t)used : 1;
    }
    return n;
}

static ox_status unicode(const ox_data_info *d, numpy_form *out, ox_error *err)
{
    const ox_bytes *texts = d->data;
    uint64_t longest = 1, bytes;
    for (uint64_t i = 0; i < d->n; i++) longest = OX__MAX(longest, code_points(&texts[i], NULL));
    if (__builtin_mul_overflow(d->n, longest * 4, &bytes) || bytes > SIZE_MAX / 2 ||
        !(out->made = ox__calloc(1, (size_t)bytes + 1)))
        return ox__nomem(err);
    for (uint64_t i = 0; i < d->n; i++) code_points(&texts[i], (uint32_t *)out->made + i * longest);
    snprintf(out->descr, sizeof out->descr, "<U%llu", (unsigned long long)longest);
    out->data = out->made;
    out->n_bytes = bytes;
    return OX_OK;
}

static ox_status form_of(const ox_data_info *d, numpy_form *out, ox_error *err)
{
    *out = (numpy_form){.data = d->data, .n_bytes = d->n_bytes};
    if (d->dtype == OX_STRING) return unicode(d, out, err);
    if (ox__npy_descr(d->dtype, out->descr, sizeof out->descr)) return OX_OK;
    unsigned bits = ox_dtype_bits(d->dtype);
    if (bits < 8) return widen(d, out, err);
    snprintf(out->descr, sizeof out->descr, "|V%u", bits / 8); /* bfloat16, floats of 8 bits: raw bytes */
    return OX_OK;
}

static void npy_header(ox__buf *b, const char *descr, uint32_t rank, const int64_t *dims)
{
    ox__buf_add(b, "\x93NUMPY\x01\0\0\0", 10);
    ox__buf_addf(b, "{'descr': '%s', 'fortran_order': False, 'shape': (", descr);
    for (uint32_t i = 0; i < rank; i++)
        ox__buf_addf(b, i || rank > 1 ? "%s%lld" : "%s%lld,", i ? ", " : "", (long long)dims[i]);
    ox__buf_addz(b, "), }");
    while (!b->failed && (b->n + 1) % 64) ox__buf_addc(b, ' ');
    ox__buf_addc(b, '\n');
    if (b->failed) return;
    b->p[8] = (char)((b->n - 10) & 0xff);
    b->p[9] = (char)((b->n - 10) >> 8);
}

/* ---- zip ---- */
static void put(ox__buf *b, uint64_t v, unsigned bytes)
{
    for (unsigned i = 0; i < bytes; i++) ox__buf_addc(b, (char)(v >> 8 * i));
}

enum { LOCAL = 0x04034b50, CENTRAL = 0x02014b50, END = 0x06054b50, END64 = 0x06064b50, LOCATOR = 0x07064b50 };
static const uint32_t most32 = UINT32_MAX;

static bool is_large(const member *k)
{
    return k->size >= most32 || k->at >= most32;
}

/* What a local and a central header share: version to flags, times, CRC, sizes, length of the name. */
static void common_fields(ox__buf *b, const member *k)
{
    put(b, is_large(k) ? 45 : 20, 2);
    put(b, 0x800, 2);                /* the name is UTF-8 */
    put(b, 0, 2);                    /* stored */
    put(b, UINT32_C(0x21) << 16, 4); /* the first day that the format can say */
    put(b, k->crc, 4);
    put(b, is_large(k) ? most32 : k->size, 4);
    put(b, is_large(k) ? most32 : k->size, 4);
    put(b, strlen(k->name), 2);
}

static void local_header(ox__buf *b, const member *k)
{
    put(b, LOCAL, 4);
    common_fields(b, k);
    put(b, is_large(k) ? 20 : 0, 2);
    ox__buf_addz(b, k->name);
    if (!is_large(k)) return;
    put(b, 1, 2);
    put(b, 16, 2);
    put(b, k->size, 8);
    put(b, k->size, 8);
}

static void central_header(ox__buf *b, const member *k)
{
    put(b, CENTRAL, 4);
    put(b, is_large(k) ? 45 : 20, 2);
    common_fields(b, k);
    put(b, is_large(k) ? 28 : 0, 2);
    put(b, 0, 2); /* no comment */
    put(b, 0, 2); /* the first disk */
    put(b, 0, 2);
    put(b, 0, 4); /* no attributes */
    put(b, is_large(k) ? most32 : k->at, 4);
    ox__buf_addz(b, k->name);
    if (!is_large(k)) return;
    put(b, 1, 2);
    put(b, 24, 2);
    put(b, k->size, 8);
    put(b, k->size, 8);
    put(b, k->at, 8);
}

static void end_of_directory(ox__buf *b, uint64_t n, uint64_t at, uint64_t size)
{
    bool large = n >= UINT16_MAX || at >= most32 || size >= most32;
    if (large) {
        put(b, END64, 4);
        put(b, 44, 8);
        put(b, 45, 2);
        put(b, 45, 2);
        put(b, 0, 8); /* disks */
        put(b, n, 8);
        put(b, n, 8);
        put(b, size, 8);
        put(b, at, 8);
        put(b, LOCATOR, 4);
        put(b, 0, 4);
        put(b, at + size, 8);
        put(b, 1, 4);
    }
    put(b, END, 4);
    put(b, 0, 4);
    put(b, large ? UINT16_MAX : n, 2);
    put(b, large ? UINT16_MAX : n, 2);
    put(b, large ? most32 : size, 4);
    put(b, large ? most32 : at, 4);
    put(b, 0, 2);
}

/* ---- members ---- */
enum { STEP = 1 << 20 };

static ox_status write_bytes(writer *w, const uint8_t *p, uint64_t n)
{
    for (uint64_t at = 0; at < n; at += STEP) {
        if (w->task && w->task->step && !w->task->step(w->task->ud, "write", at, n))
            return ox__fail(w->err, OX_E_INTERRUPTED, "interrupted");
        ox__save_write(w->save, p + at, (size_t)OX__MIN(n - at, (uint64_t)STEP));
    }
    return ox__save_status(w->save, w->err);
}

static uint32_t crc_of(uint32_t crc, const uint8_t *p, uint64_t n)
{
    for (uint64_t at = 0; at < n; at += STEP) crc = (uint32_t)crc32(crc, p + at, (uInt)OX__MIN(n - at, (uint64_t)STEP));
    return crc;
}

/* Adds NAME.npy. */
static ox_status write_tensor(writer *w, const char *name, const ox_data *d)
{
    ox_data_info i = ox_data_get(d);
    numpy_form f;
    ox__buf header = {0}, local = {0}, full = {0};
    ox_status s = form_of(&i, &f, w->err);
    if (s != OX_OK) return s;
    npy_header(&header, f.descr, i.rank, i.dims);
    ox__buf_addf(&full, "%s.npy", name);
    if (!header.failed && !full.failed && (full.n > UINT16_MAX || header.n > UINT16_MAX))
        s = ox__fail(w->err, OX_E_LIMIT, "a name or shape is too long for a .npz");
    if (header.failed || full.failed) s = ox__nomem(w->err);
    member k = {.size = header.n + f.n_bytes, .at = ox__save_offset(w->save)};
    if (s == OX_OK) {
        k.name = full.p;
        k.crc = crc_of(crc_of((uint32_t)crc32(0, NULL, 0), (const uint8_t *)header.p, header.n), f.data, f.n_bytes);
        local_header(&local, &k);
        if (local.failed || !ox__vec_push(&w->members, k)) s = ox__nomem(w->err);
    }
    if (s == OX_OK) {
        full.p = NULL; /* the list has it */
        ox__save_write(w->save, local.p, local.n);
        ox__save_write(w->save, header.p, header.n);
        s = write_bytes(w, f.data, f.n_bytes);
    }
    ox__free(f.made);
    ox__buf_free(&full);
    ox__buf_free(&header);
    ox__buf_free(&local);
    return s;
}

static ox_status write_data(writer *w, const char *name, const ox_data *d)
{
    ox_data_info i = ox_data_get(d);
    ox_status s = OX_OK;
    ox__buf b = {0};
    if (i.kind == OX_DATA_TENSOR) return write_tensor(w, name, d);
    if (i.kind == OX_DATA_MAP) {
        ox__buf_addf(&b, "%s.keys", name);
        s = b.failed ? ox__nomem(w->err) : write_tensor(w, b.p, i.keys);
        ox__buf_clear(&b);
        ox__buf_addf(&b, "%s.values", name);
        if (s == OX_OK) s = b.failed ? ox__nomem(w->err) : write_tensor(w, b.p, i.items[0]);
    }
    for (uint64_t k = 0; i.kind != OX_DATA_MAP && s == OX_OK && k < i.n; k++) {
        ox__buf_clear(&b);
        ox__buf_addf(&b, "%s[%llu]", name, (unsigned long long)k);
        s = b.failed ? ox__nomem(w->err) : write_data(w, b.p, i.items[k]);
    }
    ox__buf_free(&b);
    return s;
}

static ox_status write_directory(writer *w)
{
    ox__buf b = {0};
    uint64_t at = ox__save_offset(w->save);
    for (size_t i = 0; i < w->members.n; i++) central_header(&b, &w->members.p[i]);
    end_of_directory(&b, w->members.n, at, b.n);
    ox_status s = b.failed ? ox__nomem(w->err) : OX_OK;
    if (s == OX_OK) ox__save_write(w->save, b.p, b.n);
    ox__buf_free(&b);
    return s;
}

ox_status ox_data_write_npz(const ox_data_set *set, const char *path, const ox_task *task, ox_error *err)
{
    writer w = {.task = task, .err = err};
    ox_status s = ox__save_open(&w.save, path, err);
    if (s != OX_OK) return s;
    for (size_t i = 0; s == OX_OK && i < set->n; i++) s = write_data(&w, set->rows[i].name, set->rows[i].data);
    if (s == OX_OK) s = write_directory(&w);
    for (size_t i = 0; i < w.members.n; i++) ox__free(w.members.p[i].name);
    ox__vec_free(&w.members);
    if (s == OX_OK) return ox__save_commit(w.save, err);
    ox__save_abort(w.save);
    return s;
}
