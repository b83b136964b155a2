/* Floor 3. External data on save. New data goes to one file beside the model, `<model's file name>.data`, or the first
 * of
 * `<name>-1.data`, `-2`, ... that nothing has, so that no file is written over or through a link; tensors begin at
 * multiples of 4096. References that the source had are kept only when the model is saved in place, because another
 * file's data may go when that file is saved again. Data of the replaced model that bears our name goes last. */
#include "io/onnx/save.h"

#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

/* Smaller tensors stay in the file: shapes and axes among them, which readers want to see without the data. */
enum { SMALLEST = 1024, ALIGN = 4096, MAX_NAMES = 1000 };

static size_t dir_length(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* The path of a location beside `path`; the caller frees it. NULL when out of memory. */
static char *beside(const char *path, const char *location)
{
    ox__buf b = {0};
    ox__buf_add(&b, path, dir_length(path));
    ox__buf_addz(&b, location);
    if (!b.failed) return b.p;
    ox__buf_free(&b);
    return NULL;
}

static char *numbered(const char *path, unsigned i)
{
    ox__buf b = {0};
    ox__buf_addz(&b, path + dir_length(path));
    if (i) ox__buf_addf(&b, "-%u", i);
    ox__buf_addz(&b, ".data");
    if (!b.failed) return b.p;
    ox__buf_free(&b);
    return NULL;
}

static bool exists(const char *path, const char *location, bool *nomem)
{
    struct stat st;
    char *p = beside(path, location);
    bool there = p && lstat(p, &st) == 0;
    if (!p) *nomem = true;
    ox__free(p);
    return there;
}

static ox_status find_name(ox__enc *e, const char *path, ox_error *err)
{
    bool nomem = false;
    for (unsigned i = 0; i < MAX_NAMES; i++) {
        char *name = numbered(path, i);
        if (name && !exists(path, name, &nomem) && !nomem) {
            e->data_name = name;
            return OX_OK;
        }
        ox__free(name);
        if (!name || nomem) return ox__nomem(err);
    }
    return ox__fail(err, OX_E_IO, "no name is free for the data file of this model");
}

/* Whether the file that a map holds still lies at a location beside path. */
static bool still_there(const ox__enc *e, const char *path, const ox__data_file *d, bool *nomem)
{
    struct stat st;
    const ox__map *map = ox__model_file(e->m, d->file);
    char *p = beside(path, ox_str_text(e->m, d->location, NULL));
    if (!p) *nomem = true;
    bool same = p && map && stat(p, &st) == 0 && st.st_dev == map->st.st_dev && st.st_ino == map->st.st_ino;
    ox__free(p);
    return same;
}

ox_status ox__data_prepare(ox__enc *e, const char *path, ox_error *err)
{
    struct stat st;
    size_t n = e->io ? e->io->data.n : 0;
    e->usable = ox__calloc(n + 1, 1);
    e->kept = ox__calloc(n + 1, 1);
    if (!e->usable || !e->kept) return ox__nomem(err);
    e->keep_refs = !path || (e->io && stat(path, &st) == 0 && (uint64_t)st.st_ino == e->io->here[1] &&
                             (uint64_t)st.st_dev == e->io->here[0] && e->io->here[1]);
    bool all = true, nomem = false;
    for (size_t i = 0; i < n; i++) { /* one that was missing at opening is named as before */
        const ox__data_file *d = &e->io->data.p[i];
        e->usable[i] = e->keep_refs && (!path || d->file == UINT32_MAX || still_there(e, path, d, &nomem));
        all = all && e->usable[i];
    }
    if (nomem) return ox__nomem(err);
    e->force =
        e->force || !all || (n && e->opt->external == OX_EXTERNAL_NEVER) || e->opt->external == OX_EXTERNAL_ALWAYS;
    return find_name(e, path ? path : "model.onnx", err);
}

/* The entry of io->data that a tensor's record names; n if there is none. */
static size_t data_of(const ox__enc *e, const ox_tensor_info *info)
{
    size_t i = 0, n = e->io->data.n;
    if (info->storage == OX_STORAGE_FILE)
        while (i < n && e->io->data.p[i].file != info->file) i++;
    else /* lost at opening: whichever could not be opened or was too short, the reference is as good as it was */
        return n;
    return i;
}

static ox__fate fate_of_external(ox__enc *e, const ox_tensor_info *info)
{
    size_t i = data_of(e, info), n = e->io->data.n;
    bool keep = i < n ? e->usable[i] : e->keep_refs;
    if (info->storage == OX_STORAGE_LOST && !(keep && e->opt->external != OX_EXTERNAL_NEVER)) {
        ox__enc_fail(e, OX_E_NOT_FOUND, "the external data of tensor '%.200s' is missing: it cannot be taken along",
                     ox_str_text(e->m, info->name, NULL));
        return OX__FATE_SOURCE;
    }
    if (e->opt->external == OX_EXTERNAL_NEVER) return OX__FATE_INLINE;
    if (!keep) return OX__FATE_MOVE;
    if (i < n) e->kept[i] = 1;
    return OX__FATE_SOURCE;
}

ox__fate ox__enc_fate(ox__enc *e, const ox_tensor_info *info)
{
    bool source = e->io && info->source;
    uint64_t n;
    if (source && info->external) return fate_of_external(e, info);
    if (info->storage == OX_STORAGE_LOST && !source) {
        ox__enc_fail(e, OX_E_NOT_FOUND, "tensor '%.200s' has no data", ox_str_text(e->m, info->name, NULL));
        return OX__FATE_INLINE;
    }
    bool out = e->spill || e->opt->external == OX_EXTERNAL_ALWAYS;
    if (out && info->storage != OX_STORAGE_LOST && ox_dtype_bytes(info->dtype, info->n_elements, &n) && n >= SMALLEST)
        return OX__FATE_MOVE;
    return source ? OX__FATE_SOURCE : OX__FATE_INLINE;
}

uint64_t ox__enc_place(ox__enc *e, ox_tensor t, uint64_t n)
{
    if (e->k.save) return e->next_moved < e->moved.n ? e->moved.p[e->next_moved++].offset : 0;
    ox__moved m = {t, (e->data_n + ALIGN - 1) / ALIGN * ALIGN, n};
    e->data_n = m.offset + n;
    if (!ox__vec_push(&e->moved, m)) e->k.nomem = true;
    return m.offset;
}

static ox_status write_chunk(void *ud, const void *chunk, uint64_t n, uint64_t offset, ox_error *err)
{
    (void)offset;
    ox__save_write(ud, chunk, (size_t)n);
    return ox__save_status(ud, err);
}

ox_status ox__data_write(ox__enc *e, const char *path, ox_error *err)
{
    ox__save *sv = NULL;
    e->data_path = beside(path, e->data_name);
    ox_status s = e->data_path ? ox__check_relative(e->data_name, strlen(e->data_name), err) : ox__nomem(err);
    if (s == OX_OK) s = ox__save_open(&sv, e->data_path, err);
    for (size_t i = 0; i < e->moved.n && s == OX_OK; i++) {
        const ox__moved *m = &e->moved.p[i];
        ox_tensor_info info = ox_tensor_get(e->m, m->tensor);
        ox__save_pad(sv, ALIGN);
        bool raw = info.encoding == OX_ENC_RAW;
        if (info.storage == OX_STORAGE_FILE)
            ox__save_copy(sv, ox__model_file(e->m, info.file), info.offset, raw ? info.n_bytes : 0, e->opt->task);
        if (info.storage != OX_STORAGE_FILE || !raw)
            s = ox_tensor_stream(e->m, m->tensor, write_chunk, sv, e->opt->task, err);
        if (s == OX_OK) s = ox__save_status(sv, err);
    }
    if (s == OX_OK) {
        s = ox__save_commit(sv, err);
        sv = NULL;
    }
    ox__save_abort(sv);
    return s;
}

void ox__data_drop(ox__enc *e)
{
    if (e->data_path) unlink(e->data_path);
}

/* ---- what the model that is replaced leaves behind ---- */

/* "<model's file name>.data" or "<model's file name>-<number>.data". */
static bool bears_our_name(const char *path, const char *location)
{
    const char *base = path + dir_length(path);
    size_t n = strlen(base);
    if (strncmp(location, base, n) != 0) return false;
    const char *p = location + n;
    if (*p == '-' && p[1] >= '1' && p[1] <= '9') p += 1 + strspn(p + 1, "0123456789");
    return strcmp(p, ".data") == 0;
}

/* A file that bears such a name lies there, or may: the first name was not free for this save. */
static ox_status has_data(const ox__enc *e, const char *path, bool *any, ox_error *err)
{
    bool nomem = false;
    *any = false;
    for (unsigned i = 0; !*any && !nomem && i < 4; i++) {
        char *name = numbered(path, i);
        *any = name && ((i == 0 && strcmp(e->data_name, name) != 0) || exists(path, name, &nomem));
        if (!name) nomem = true;
        ox__free(name);
    }
    return nomem ? ox__nomem(err) : OX_OK;
}

/* The model at path is read once more, for the names of its data. */
ox_status ox__data_find_old(ox__enc *e, const char *path, ox_error *err)
{
    bool any;
    ox_model *old = NULL;
    ox_open_options opt = {.format = "onnx"};
    ox_status s = has_data(e, path, &any, err);
    if (s != OX_OK || !any) return s;
    s = ox_open(&old, path, &opt, NULL, NULL, NULL);
    if (s != OX_OK) return s == OX_E_NOMEM ? ox__nomem(err) : OX_OK; /* what is no model names nothing */
    const ox__onnx *io = ox__onnx_of(old);
    for (size_t i = 0; s == OX_OK && io && i < io->data.n; i++) {
        const char *location = ox_str_text(old, io->data.p[i].location, NULL);
        if (!bears_our_name(path, location)) continue;
        char *p = beside(path, location);
        if (p && ox__vec_push(&e->old, p)) continue;
        ox__free(p);
        s = ox__nomem(err);
    }
    ox_model_free(old);
    return s;
}

static bool named_still(const ox__enc *e, const char *location)
{
    for (size_t i = 0; e->io && i < e->io->data.n; i++)
        if (e->kept[i] && strcmp(ox_str_text(e->m, e->io->data.p[i].location, NULL), location) == 0) return true;
    return e->moved.n && strcmp(location, e->data_name) == 0;
}

void ox__data_sweep(ox__enc *e, const char *path)
{
    for (size_t i = 0; i < e->old.n; i++)
        if (!named_still(e, e->old.p[i] + dir_length(path))) unlink(e->old.p[i]);
}
