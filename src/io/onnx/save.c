/* Floor 3. Saving a model as .onnx: plain copy when nothing differs, else count, data file, write, rename. Nothing of
 * the target changes before the rename. See save.h. */
#include "io/onnx/save.h"

#include <inttypes.h>

enum { TICK = 512 };
/* What protobuf libraries read. */
#define MAX_FILE ((uint64_t)INT32_MAX)

static void free_enc(ox__enc *e)
{
    ox__sink_free(&e->k);
    ox__vec_free(&e->moved);
    ox__free(e->usable);
    ox__free(e->kept);
    ox__free(e->data_name);
    ox__free(e->data_path);
    for (size_t i = 0; i < e->old.n; i++) ox__free(e->old.p[i]);
    ox__vec_free(&e->old);
    for (int i = 0; i < 3; i++) ox__free(e->marks[i]);
}

static ox_status make_marks(ox__enc *e, ox_error *err)
{
    const enum ox__tab tabs[] = {[OX__MARK_NODE] = OX__NODE, [OX__MARK_ITEM] = OX__ITEM, [OX__MARK_GRAPH] = OX__GRAPH};
    for (int i = 0; i < 3; i++)
        if (!(e->marks[i] = ox__calloc(e->m->table[tabs[i]].n / 64 + 1, sizeof(uint64_t)))) return ox__nomem(err);
    return OX_OK;
}

static ox_status check_model(const ox_model *m, ox_error *err)
{
    if (!m) return ox__fail(err, OX_E_INVALID, "no model was given");
    if (ox_model_get_kind(m) == OX_MODEL_ONNX) return ox_model_status(m, err);
    ox__fail(err, OX_E_INVALID, "this is a PyTorch graph, which a .onnx file cannot hold");
    ox_error_hint(err, "convert it: export OUT.onnx");
    return OX_E_INVALID;
}

static ox_status prepare(ox__enc *e, const ox_model *m, const ox_save_options *opt, const char *path, ox_error *err)
{
    static const ox_save_options defaults;
    e->m = m;
    e->opt = opt ? opt : &defaults;
    e->io = ox__onnx_of(m);
    e->k.task = e->opt->task;
    e->k.map = e->io ? ox__model_file(m, e->io->file) : NULL;
    e->force = e->opt->strip_doc;
    ox_status s = e->io ? ox__map_check(e->k.map, err) : OX_OK;
    if (s == OX_OK) s = make_marks(e, err);
    return s == OX_OK ? ox__data_prepare(e, path, err) : s;
}

/* Both runs pass each record of the file, or each row of a model without one. */
bool ox__enc_goes_on(ox__enc *e)
{
    const ox_task *t = e->opt->task;
    if (e->status != OX_OK || !t || !t->step || e->ticks++ % TICK) return e->status == OX_OK;
    uint64_t total =
        2 * (e->io ? (uint64_t)e->io->rec_at.n : (uint64_t)ox_model_node_limit(e->m) + ox_model_value_limit(e->m));
    if (!t->step(t->ud, "saving", e->ticks, OX__MAX(total, e->ticks))) ox__enc_fail(e, OX_E_INTERRUPTED, "interrupted");
    return e->status == OX_OK;
}

/* One run, under the guard. */
static ox_status run(void *ud, ox_error *err)
{
    ox__enc *e = ud;
    ox__enc_model(e);
    if (e->status != OX_OK && err) *err = e->error;
    return e->status;
}

static ox_status guarded_run(ox__enc *e, ox_error *err)
{
    return ox__guarded(run, e, e->k.map ? e->k.map->path : NULL, err);
}

static ox_status count(ox__enc *e, uint64_t *n, ox_error *err)
{
    e->moved.n = 0;
    e->data_n = 0;
    e->k.n = 0;
    e->k.sizes.n = 0;
    if (e->kept && e->io) memset(e->kept, 0, e->io->data.n);
    ox_status s = guarded_run(e, err);
    *n = e->k.n;
    return s == OX_OK && e->k.nomem ? ox__nomem(err) : s;
}

/* Counts; where the file would be larger than what others can read, counts again with the large tensors outside. */
static ox_status plan(ox__enc *e, uint64_t *n, ox_error *err)
{
    ox_status s = count(e, n, err);
    if (s != OX_OK || *n <= MAX_FILE) return s;
    if (e->opt->external == OX_EXTERNAL_AUTO) {
        e->spill = e->force = true;
        s = count(e, n, err);
        if (s != OX_OK || *n <= MAX_FILE) return s;
    }
    ox__fail(err, OX_E_LIMIT, "the file would have %" PRIu64 " bytes; nobody reads .onnx files of 2 GiB and more", *n);
    if (e->opt->external == OX_EXTERNAL_NEVER)
        ox_error_hint(err, "let weights go to a file of their own: --external-data auto");
    return OX_E_LIMIT;
}

static bool is_unchanged(const ox__enc *e)
{
    return e->io && !e->force && !(ox__top(e->m)->flags & ~(uint32_t)OX__ALIVE);
}

static ox_status write_file(ox__enc *e, const char *path, bool copy, ox_error *err)
{
    ox__save *sv;
    ox_status s = ox__save_open(&sv, path, err);
    if (s != OX_OK) return s;
    if (copy) {
        ox__save_copy(sv, e->k.map, 0, e->k.map->n, e->opt->task);
    } else {
        s = ox__sink_turn(&e->k, sv, err);
        if (s == OX_OK) s = guarded_run(e, err);
        if (s == OX_OK) s = ox__sink_turn(&e->k, NULL, err);
        if (s == OX_OK && e->io) s = ox__map_check(e->k.map, err);
    }
    if (s == OX_OK) s = ox__save_status(sv, err);
    if (s == OX_OK) return ox__save_commit(sv, err);
    ox__save_abort(sv);
    return s;
}

/* Which file path leads to; zeros for none. */
static void identify(const char *path, uint64_t id[2])
{
    struct stat st;
    bool there = stat(path, &st) == 0;
    id[0] = there ? (uint64_t)st.st_dev : 0;
    id[1] = there ? (uint64_t)st.st_ino : 0;
}

/* The .onnx file, and around its commit what becomes of data files. */
static ox_status commit_all(ox__enc *e, const char *path, bool copy, ox_error *err)
{
    uint64_t before[2], after[2];
    identify(path, before);
    bool in_place = copy && e->keep_refs; /* then it names what it named */
    ox_status s = in_place ? OX_OK : ox__data_find_old(e, path, err);
    if (s == OX_OK) s = write_file(e, path, copy, err);
    identify(path, after);
    if (s == OX_OK)
        ox__data_sweep(e, path);
    else if (e->moved.n && before[0] == after[0] && before[1] == after[1]) /* else it is there, though not confirmed */
        ox__data_drop(e);
    return s;
}

/* The maps of files that the save replaced or removed are good as they are; the model's place is the new file. */
static void settle(ox__enc *e, const char *path)
{
    for (uint32_t i = 0; i < ox__model_n_files(e->m); i++)
        ox__map_replaced((ox__map *)(uintptr_t)ox__model_file(e->m, i));
    if (e->keep_refs && e->io) identify(path, e->io->here);
}

ox_status ox_save_onnx(const ox_model *m, const char *path, const ox_save_options *opt, ox_error *err)
{
    ox__enc e = {.m = m};
    uint64_t n = 0;
    bool copy = false;
    if (!path || !*path) return ox__fail(err, OX_E_INVALID, "no path was given");
    ox_status s = check_model(m, err);
    if (s != OX_OK) return s;
    s = prepare(&e, m, opt, path, err);
    if (s == OX_OK) {
        copy = is_unchanged(&e);
        if (!copy) s = plan(&e, &n, err);
    }
    if (s == OX_OK && e.moved.n) {
        s = ox__data_write(&e, path, err);
        if (s != OX_OK) ox__data_drop(&e); /* it may be there, though not confirmed by the disk */
    }
    if (s == OX_OK) s = commit_all(&e, path, copy, err);
    if (s == OX_OK) settle(&e, path);
    free_enc(&e);
    return s;
}

ox_status ox_onnx_size(const ox_model *m, const ox_save_options *opt, uint64_t *bytes, ox_error *err)
{
    ox__enc e = {.m = m};
    ox_status s = bytes ? check_model(m, err) : ox__fail(err, OX_E_INVALID, "no place for the size was given");
    if (s != OX_OK) return s;
    s = prepare(&e, m, opt, NULL, err);
    if (s == OX_OK && is_unchanged(&e))
        *bytes = e.k.map->n;
    else if (s == OX_OK)
        s = plan(&e, bytes, err);
    free_enc(&e);
    return s;
}
