/* Floor 3. What torch.save wrote before PyTorch 1.6, and writes when it is told to: a magic number, a version, facts
 * about the machine, the data, the keys of its storages, each of these a pickle; then for each key the number of
 * elements and the elements, little endian. */
#include "io/torchscript/archive.h"
#include "io/torchscript/pickle.h"

#include <inttypes.h>

enum { VERSION = 1001 };

static const uint8_t magic[] = {0x8a, 0x0a, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, '.'};

bool ox__archive_is_legacy(const uint8_t *p, uint64_t n)
{
    return n > 2 + sizeof magic && p[0] == 0x80 && (p[1] == 2 || p[1] == 3) && memcmp(p + 2, magic, sizeof magic) == 0;
}

static ox_status bad(const ox__archive *a, uint64_t at, ox_error *err, const char *what)
{
    ox__fail(err, OX_E_FORMAT, "%s", what);
    ox_error_at_offset(err, a->map->path, at);
    return OX_E_FORMAT;
}

static ox_status read_pickle(ox__archive *a, ox__reader *r, ox__obj_tree *t, const ox_task *task, ox_error *err)
{
    const uint8_t *from = r->p;
    ox_status s = ox__pickle_read(t, r, (size_t)a->spare, OX__ARCHIVE_TIMES, a->map->path, 0, task, err);
    uint64_t allowed = (uint64_t)(r->p - from) * OX__ARCHIVE_TIMES;
    a->spare -= t->arena.total > allowed ? OX__MIN(t->arena.total - allowed, a->spare) : 0;
    return s;
}

/* The three pickles before the data. Which byte order the machine had does not matter: what is written is not. */
static ox_status read_head(ox__archive *a, ox__reader *r, ox_error *err)
{
    for (int i = 0; i < 3; i++) {
        ox__obj_tree t;
        uint64_t at = ox__reader_offset(r);
        ox_status s = read_pickle(a, r, &t, NULL, err);
        if (s == OX_OK && i == 1 && (t.root->kind != OX__OBJ_INT || t.root->i != VERSION))
            s = bad(a, at, err, "the version of this file of torch.save is not known");
        if (s == OX_OK && i == 2 && t.root->kind != OX__OBJ_DICT)
            s = bad(a, at, err, "this file of torch.save is damaged: it does not say what machine wrote it");
        ox__obj_tree_free(&t);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

/* ---- storages ---- */
typedef struct finder {
    const ox__archive *a;
    const char *key;
    ox__index index;
} finder;

static bool same_key(const void *ud, uint32_t id)
{
    const finder *f = ud;
    return strcmp(f->a->data.storages.p[id - 1]->key, f->key) == 0;
}

/* A key that the tensors use as two kinds of storage has but one size here, which fits one of them. */
static ox_status index_storages(ox__archive *a, finder *f, ox_error *err)
{
    for (uint32_t i = 0; i < a->data.storages.n; i++) {
        f->key = a->data.storages.p[i]->key;
        uint64_t h = ox__hash(f->key, strlen(f->key));
        if (ox__index_find(&f->index, h, same_key, f)) {
            ox__fail(err, OX_E_UNSUPPORTED, "storage '%.200s' is used in two ways", f->key);
            ox_error_at_line(err, a->map->path, 0, 0);
            return OX_E_UNSUPPORTED;
        }
        if (!ox__index_add(&f->index, h, i + 1)) return ox__nomem(err);
    }
    return OX_OK;
}

static ox_status place_storage(ox__archive *a, const finder *f, uint64_t *at, ox_error *err)
{
    uint8_t raw[8];
    uint32_t id = ox__index_find(&f->index, ox__hash(f->key, strlen(f->key)), same_key, f);
    if (!id || a->spans.p[id - 1].known)
        return bad(a, *at, err, "the file lists a storage that its data does not use, or twice");
    if (a->map->n - *at < sizeof raw) return bad(a, *at, err, "the file is cut short: a storage is missing");
    ox_status s = ox__map_read(a->map, *at, raw, sizeof raw, err);
    if (s != OX_OK) return s;
    ox__reader r = ox__reader_make(raw, raw, sizeof raw);
    const ox__obj_storage *storage = a->data.storages.p[id - 1];
    uint64_t numel = ox__read_u64le(&r), bytes;
    if (numel != storage->numel) return bad(a, *at, err, "a storage has another size than its tensors say");
    if (__builtin_mul_overflow(numel, ox__archive_unit(storage), &bytes) || bytes > a->map->n - *at - sizeof raw)
        return bad(a, *at, err, "the file is cut short: a storage goes beyond its end");
    a->spans.p[id - 1] = (ox__archive_span){.offset = *at + sizeof raw, .bytes = bytes, .known = true};
    *at += sizeof raw + bytes;
    return OX_OK;
}

static ox_status place_storages(ox__archive *a, const ox__obj *keys, uint64_t at, ox_error *err)
{
    finder f = {.a = a};
    ox_status s = index_storages(a, &f, err);
    if (s == OX_OK && (keys->kind != OX__OBJ_LIST || keys->n != a->data.storages.n))
        s = bad(a, at, err, "the file does not list the storages that its data uses");
    for (uint32_t i = 0; s == OX_OK && i < keys->n; i++) {
        f.key = keys->items[i]->s;
        s = keys->items[i]->kind == OX__OBJ_STR ? place_storage(a, &f, &at, err)
                                                : bad(a, at, err, "the key of a storage is no text");
    }
    if (s == OX_OK && at != a->map->n) s = bad(a, at, err, "something follows the last storage");
    ox__index_free(&f.index);
    return s;
}

ox_status ox__archive_open_legacy(ox__archive *a, const ox__map *map, const ox_task *task, ox_error *err)
{
    memset(a, 0, sizeof *a);
    a->map = map;
    a->kind = OX__ARCHIVE_LEGACY;
    a->prefix = "";
    a->spare = OX__ARCHIVE_SPARE;
    ox__reader r = ox__reader_make(map->p, map->p, map->n);
    ox__obj_tree keys = {0};
    ox_status s = read_head(a, &r, err);
    if (s == OX_OK) s = read_pickle(a, &r, &a->data, task, err);
    if (s == OX_OK) s = read_pickle(a, &r, &keys, task, err);
    size_t n = a->data.storages.n;
    if (s == OX_OK && !ox__vec_reserve(&a->spans, n)) s = ox__nomem(err);
    if (s == OX_OK && n) memset(a->spans.p, 0, n * sizeof *a->spans.p);
    if (s == OX_OK) a->spans.n = n, s = place_storages(a, keys.root, ox__reader_offset(&r), err);
    ox__obj_tree_free(&keys);
    return s;
}
