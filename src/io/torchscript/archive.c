/* Floor 3. Archives of PyTorch: which of its kinds a zip is, and its records. Nothing is ever unpacked to a name of the
 * archive; names that lead elsewhere are refused all the same, for they are a sign of what the file is for. */
#include "io/torchscript/archive.h"

#include "io/torchscript/pickle.h"

#include <inttypes.h>
#include <stdio.h>

static ox_status refuse(const ox__archive *a, ox_error *err, ox_status s, const char *what, const char *hint)
{
    ox__fail(err, s, "%s", what);
    ox_error_at_line(err, a->map->path, 0, 0);
    if (hint) ox_error_hint(err, "%s", hint);
    return s;
}

/* ---- names ---- */
static bool ends_with(const ox__zip_entry *e, const char *end)
{
    size_t n = strlen(end);
    return e->name_n >= n && memcmp(e->name + e->name_n - n, end, n) == 0;
}

/* "root/NAME": the record of that name at the top of an archive. */
static bool is_record(const ox__zip_entry *e, const char *name)
{
    size_t n = strlen(name);
    return e->name_n > n && ends_with(e, name) && e->name[e->name_n - n - 1] == '/' &&
           !memchr(e->name, '/', e->name_n - n - 1);
}

static const ox__zip_entry *find_record(const ox__zip *zip, const char *name, size_t from)
{
    for (size_t i = from; i < zip->entries.n; i++)
        if (is_record(&zip->entries.p[i], name)) return &zip->entries.p[i];
    return NULL;
}

/* What is of PyTorch, but not read here. */
static const struct {
    const char *record, *what, *hint;
} others[] = {
    {"archive_format", "this is a program of torch.export (.pt2), which is not read yet",
     "save a trace of the model by torch.jit.save, or its state_dict by torch.save"},
    {"serialized_exported_program.json", "this is a program of torch.export (.pt2), which is not read yet",
     "save a trace of the model by torch.jit.save, or its state_dict by torch.save"},
    {"model.json", "this is a TorchScript archive of PyTorch 1.0 to 1.3, which is not read",
     "load it with a newer PyTorch and save it again by torch.jit.save"},
};

static const char *top_names[] = {"serialized_exported_program.json", "archive_format"};

bool ox__archive_is(const ox__zip *zip)
{
    if (find_record(zip, "data.pkl", 0)) return true;
    for (size_t i = 0; i < OX__COUNT(others); i++)
        if (find_record(zip, others[i].record, 0)) return true;
    for (size_t i = 0; i < OX__COUNT(top_names); i++) /* older ones have no folder around them */
        if (ox__zip_find(zip, top_names[i], strlen(top_names[i]))) return true;
    return false;
}

static ox_status refuse_other(const ox__archive *a, ox_error *err)
{
    for (size_t i = 0; i < OX__COUNT(others); i++)
        if (find_record(a->zip, others[i].record, 0) ||
            ox__zip_find(a->zip, others[i].record, strlen(others[i].record)))
            return refuse(a, err, OX_E_UNSUPPORTED, others[i].what, others[i].hint);
    return refuse(a, err, OX_E_UNSUPPORTED, "this zip archive is none that PyTorch writes: it has no data.pkl",
                  "arrays of NumPy (.npz) are bound to a model by --weights");
}

static bool leads_away(const ox__zip_entry *e)
{
    const char *p = e->name, *end = e->name + e->name_n;
    if (*p == '/' || memchr(p, '\\', e->name_n) || (e->name_n > 1 && p[1] == ':')) return true;
    while (p < end) {
        const char *slash = memchr(p, '/', (size_t)(end - p)), *to = slash ? slash : end;
        if (to - p == 2 && p[0] == '.' && p[1] == '.') return true;
        p = to + 1;
    }
    return false;
}

static ox_status check_names(const ox__archive *a, ox_error *err)
{
    for (size_t i = 0; i < a->zip->entries.n; i++) {
        const ox__zip_entry *e = &a->zip->entries.p[i];
        if (!leads_away(e)) continue;
        ox__fail(err, OX_E_FORMAT, "record '%.200s' of the archive has a name that leads out of it", e->name);
        ox_error_at_offset(err, a->map->path, e->header);
        return OX_E_FORMAT;
    }
    return OX_OK;
}

static ox_status find_prefix(ox__archive *a, ox_error *err)
{
    const ox__zip_entry *e = find_record(a->zip, "data.pkl", 0);
    if (!e) return refuse_other(a, err);
    if (find_record(a->zip, "data.pkl", (size_t)(e - a->zip->entries.p) + 1))
        return refuse(a, err, OX_E_FORMAT, "the archive has two records data.pkl", NULL);
    a->prefix = e->name;
    a->prefix_n = e->name_n - strlen("data.pkl");
    return OX_OK;
}

const ox__zip_entry *ox__archive_find(const ox__archive *a, const char *name)
{
    char full[1024];
    size_t n = strlen(name);
    if (!a->zip || n > sizeof full || a->prefix_n > sizeof full - n) return NULL;
    memcpy(full, a->prefix, a->prefix_n);
    memcpy(full + a->prefix_n, name, n);
    return ox__zip_find(a->zip, full, a->prefix_n + n);
}

/* ---- content ---- */
ox_status ox__archive_text(ox__archive *a, const ox__zip_entry *e, const char **text, size_t *n, ox_error *err)
{
    *text = NULL;
    *n = 0;
    uint64_t allowed = OX__MIN(e->packed, UINT64_MAX / 32) * OX__ARCHIVE_TIMES;
    if (e->size > allowed && e->size - allowed > a->spare) {
        ox__fail(err, OX_E_LIMIT, "record '%.200s' unpacks to %" PRIu64 " bytes", e->name, e->size);
        ox_error_at_offset(err, a->map->path, e->header);
        return OX_E_LIMIT;
    }
    a->spare -= e->size > allowed ? e->size - allowed : 0;
    ox__zip_reader r;
    ox_status s = ox__zip_reader_open(&r, a->zip, e, err);
    char *p = s == OX_OK ? ox__arena_alloc(&a->arena, (size_t)e->size + 1) : NULL;
    if (s == OX_OK && !p) s = ox__nomem(err);
    if (s == OX_OK) s = ox__zip_read(&r, p, (size_t)e->size, n, err);
    ox__zip_reader_close(&r);
    if (s != OX_OK) return s;
    p[*n] = '\0';
    *text = p;
    return OX_OK;
}

/* Where errors in a record are placed: in the file if it is stored, else in the record. */
static ox_status place_of(const ox__archive *a, const ox__zip_entry *e, ox__buf *name, uint64_t *base, ox_error *err)
{
    *base = 0;
    if (e->method == 0) return ox__zip_locate(a->zip, e, base, err);
    ox__buf_addf(name, "%s (%.200s)", a->map->path, e->name);
    return name->failed ? ox__nomem(err) : OX_OK;
}

ox_status ox__archive_pickle(ox__archive *a, const ox__zip_entry *e, ox__obj_tree *t, const ox_task *task,
                             ox_error *err)
{
    const char *text;
    size_t n;
    uint64_t base;
    ox__buf name = {0};
    memset(t, 0, sizeof *t);
    ox_status s = ox__archive_text(a, e, &text, &n, err);
    if (s == OX_OK) s = place_of(a, e, &name, &base, err);
    if (s == OX_OK) {
        uint64_t allowed = OX__MIN(e->packed, UINT64_MAX / 32) * OX__ARCHIVE_TIMES;
        ox__reader r = ox__reader_make(text, text, n);
        s = ox__pickle_read(t, &r, (size_t)OX__MIN(allowed + a->spare, (uint64_t)SIZE_MAX), 0,
                            name.p ? name.p : a->map->path, base, task, err);
        if (s == OX_OK && ox__reader_left(&r)) {
            s = ox__fail(err, OX_E_FORMAT, "something follows the pickle");
            ox_error_at_offset(err, name.p ? name.p : a->map->path, base + ox__reader_offset(&r));
        }
        a->spare -= t->arena.total > allowed ? OX__MIN(t->arena.total - allowed, a->spare) : 0;
    }
    ox__buf_free(&name);
    if (s != OX_OK) ox_error_context(err, "record '%.200s'", e->name);
    return s;
}

/* ---- opening ---- */
/* The few bytes of a record that is one word; false if it is not there, or longer. */
static ox_status read_word(ox__archive *a, const char *name, char *word, size_t room, ox_error *err)
{
    const ox__zip_entry *e = ox__archive_find(a, name);
    *word = '\0';
    if (!e || e->size >= room) return OX_OK;
    const char *text;
    size_t n;
    ox_status s = ox__archive_text(a, e, &text, &n, err);
    if (s == OX_OK) memcpy(word, text, n + 1);
    return s;
}

static ox_status read_version(ox__archive *a, ox_error *err)
{
    char word[16];
    ox_status s = read_word(a, "version", word, sizeof word, err);
    if (s == OX_OK && !*word) s = read_word(a, ".data/version", word, sizeof word, err);
    for (const char *p = word; s == OX_OK && *p >= '0' && *p <= '9'; p++) a->version = a->version * 10 + (*p - '0');
    return s;
}

static ox_status read_byte_order(ox__archive *a, ox_error *err)
{
    char word[16];
    ox_status s = read_word(a, "byteorder", word, sizeof word, err);
    if (s != OX_OK || !*word || strcmp(word, "little") == 0) return s;
    a->big_endian = strcmp(word, "big") == 0;
    return a->big_endian ? OX_OK : refuse(a, err, OX_E_FORMAT, "the byte order of the archive is not known", NULL);
}

static ox_status read_optional(ox__archive *a, const char *name, ox__obj_tree *t, const ox_task *task, ox_error *err)
{
    const ox__zip_entry *e = ox__archive_find(a, name);
    return e ? ox__archive_pickle(a, e, t, task, err) : OX_OK;
}

static ox_status check_roots(const ox__archive *a, ox_error *err)
{
    if (a->kind != OX__ARCHIVE_SCRIPT) return OX_OK;
    if (a->data.root->kind != OX__OBJ_OBJECT)
        return refuse(a, err, OX_E_FORMAT, "data.pkl of the TorchScript archive holds no module", NULL);
    if (a->constants.root->kind != OX__OBJ_TUPLE)
        return refuse(a, err, OX_E_FORMAT, "constants.pkl of the TorchScript archive holds no constants", NULL);
    return OX_OK;
}

ox_status ox__archive_open(ox__archive *a, const ox__zip *zip, const ox_task *task, ox_error *err)
{
    memset(a, 0, sizeof *a);
    a->zip = zip;
    a->map = zip->map;
    a->spare = OX__ARCHIVE_SPARE;
    ox_status s = check_names(a, err);
    if (s == OX_OK) s = find_prefix(a, err);
    if (s == OX_OK) s = read_version(a, err);
    if (s == OX_OK) s = read_byte_order(a, err);
    if (s == OX_OK) s = ox__archive_pickle(a, ox__archive_find(a, "data.pkl"), &a->data, task, err);
    if (s == OX_OK) s = read_optional(a, "constants.pkl", &a->constants, task, err);
    if (s != OX_OK) return s;
    if (a->constants.root) a->kind = OX__ARCHIVE_SCRIPT;
    if (a->kind == OX__ARCHIVE_SCRIPT) s = read_optional(a, "traced_inputs.pkl", &a->inputs, task, err);
    return s == OX_OK ? check_roots(a, err) : s;
}

void ox__archive_close(ox__archive *a)
{
    for (size_t i = 0; i < a->sources.n; i++) ox__obj_tree_free(&a->sources.p[i]->debug);
    ox__vec_free(&a->sources);
    ox__vec_free(&a->spans);
    ox__obj_tree_free(&a->data);
    ox__obj_tree_free(&a->constants);
    ox__obj_tree_free(&a->inputs);
    ox__arena_free(&a->arena);
}

/* ---- storages ---- */
/* "PREFIX/data/12", "PREFIX/constants/0": below a folder that has nothing else. */
static bool holds_storage(const ox__archive *a, const ox__zip_entry *e)
{
    static const char *const folders[] = {"data/", "constants/", "traced_inputs/", "tensors/"};
    for (size_t i = 0; i < OX__COUNT(folders); i++) {
        size_t n = strlen(folders[i]);
        if (e->name_n > a->prefix_n + n && memcmp(e->name + a->prefix_n, folders[i], n) == 0) return true;
    }
    return false;
}

uint64_t ox__archive_metadata(const ox__archive *a)
{
    uint64_t n = 0;
    for (size_t i = 0; a->zip && i < a->zip->entries.n; i++)
        if (!holds_storage(a, &a->zip->entries.p[i])) n += a->zip->entries.p[i].packed;
    return n;
}

uint64_t ox__archive_unit(const ox__obj_storage *storage)
{
    if (strcmp(storage->type, "ComplexHalf") == 0) return 4;
    return storage->dtype == OX_UNDEFINED ? 1 : ox_dtype_bits(storage->dtype) / 8;
}

static ox_status find_bytes(const ox__archive *a, const char *folder, const ox__obj_storage *storage,
                            ox__archive_span *span, ox_error *err)
{
    char name[1200];
    uint64_t need;
    bool cut = (size_t)snprintf(name, sizeof name, "%s/%s", folder, storage->key) >= sizeof name;
    span->entry = cut ? NULL : ox__archive_find(a, name);
    if (!span->entry && storage->numel == 0) return OX_OK;
    if (!span->entry) {
        ox__fail(err, OX_E_FORMAT, "record '%.200s' is missing from the archive", name);
        ox_error_at_line(err, a->map->path, 0, 0);
        return OX_E_FORMAT;
    }
    span->bytes = span->entry->size;
    if (__builtin_mul_overflow(storage->numel, ox__archive_unit(storage), &need) || need > span->bytes) {
        ox__fail(err, OX_E_FORMAT, "storage '%.200s' has %" PRIu64 " bytes, too few for its %" PRIu64 " elements",
                 span->entry->name, span->bytes, storage->numel);
        ox_error_at_offset(err, a->map->path, span->entry->header);
        return OX_E_FORMAT;
    }
    return ox__zip_locate(a->zip, span->entry, &span->offset, err);
}

ox_status ox__archive_place(ox__archive *a, const char *folder, const ox__obj_storage *storage, ox__archive_span *span,
                            ox_error *err)
{
    bool data = storage->id < a->data.storages.n && a->data.storages.p[storage->id] == storage;
    *span = (ox__archive_span){0};
    if (data && storage->id < a->spans.n && a->spans.p[storage->id].known) {
        *span = a->spans.p[storage->id];
        return OX_OK;
    }
    ox_status s = find_bytes(a, folder, storage, span, err);
    if (s != OX_OK || !data) return s;
    span->known = true;
    size_t n = a->data.storages.n;
    if (!ox__vec_reserve(&a->spans, n)) return ox__nomem(err);
    if (a->spans.n < n) memset(a->spans.p + a->spans.n, 0, (n - a->spans.n) * sizeof *a->spans.p), a->spans.n = n;
    a->spans.p[storage->id] = *span;
    return OX_OK;
}
