/* Floor 1. The model: making and freeing it, its strings, files and fields. */
#include "ir/note.h"
#include "ir/watch.h"

#include <inttypes.h>

_Static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__ && sizeof(void *) == 8, "64-bit little-endian machines");

static _Atomic uint64_t n_models; /* made in this process: the source of serials */

static bool init_tables(ox_model *m)
{
    static const uint32_t item[OX__N_TABLES] = {
        [OX__TOP] = sizeof(ox__top_row),     [OX__NODE] = sizeof(ox__node_row),   [OX__VALUE] = sizeof(ox__value_row),
        [OX__GRAPH] = sizeof(ox__graph_row), [OX__SCOPE] = sizeof(ox__scope_row), [OX__USE] = sizeof(ox__use_row),
        [OX__ITEM] = sizeof(ox__item_row),   [OX__ID] = sizeof(uint32_t)};
    for (int t = 0; t < OX__N_TABLES; t++) {
        m->table[t].item = item[t];
        if (ox__reserve(m, (enum ox__tab)t, 1, NULL) != OX_OK) return false;
        ox__rows_add(m, (enum ox__tab)t, 1);
    }
    return true;
}

ox_status ox_model_create(ox_model **out, ox_model_kind kind, ox_error *err)
{
    if (!out) return ox__fail(err, OX_E_INVALID, "nowhere to put the model");
    *out = NULL;
    ox_model *m = ox__calloc(1, sizeof *m);
    if (!m) return ox__nomem(err);
    m->kind = kind;
    m->serial = ++n_models;
    m->gen0 = (uint32_t)(ox__hash_mix(0, (uint64_t)(uintptr_t)m) >> 33) | 1;
    m->journal.serial = 1;
    m->journal.saved_known = true;
    ox__journal_pause(m);
    if (!init_tables(m) || ox__intern_add(&m->strings, "", 0) != 1 || !ox__dims_init(m) || !ox__types_init(m) ||
        !ox__tensors_init(m) || ox__reserve(m, OX__NODE, 1, NULL) != OX_OK ||
        ox__reserve(m, OX__GRAPH, 1, NULL) != OX_OK) {
        ox_model_free(m);
        return ox__nomem(err);
    }
    ox__graph_add(m, OX_GRAPH_MAIN, (ox_str){0});
    ox__journal_resume(m);
    *out = m;
    return OX_OK;
}

uint64_t ox_model_serial(const ox_model *m)
{
    return m ? m->serial : 0;
}

void ox_model_free(ox_model *m)
{
    if (!m) return;
    ox__watch_end(m);
    ox__notes_free(m);
    if (m->io_free) m->io_free(m->io);
    for (uint32_t g = 1; g < m->table[OX__GRAPH].n; g++) ox__list_cache_free(ox__graph_row_at(m, g));
    for (int t = 0; t < OX__N_TABLES; t++) ox__free(m->table[t].p);
    for (size_t i = 0; i < m->journal.steps.n; i++) ox__free(m->journal.steps.p[i].label);
    ox__vec_free(&m->journal.steps);
    ox__free(m->journal.words);
    ox__names_free(&m->value_names);
    ox__names_free(&m->node_names);
    ox__names_free(&m->function_names);
    ox__names_free(&m->scope_names);
    ox__fresh_free(m);
    ox__dims_free(m);
    ox__types_free(m);
    ox__tensors_free(m);
    for (size_t i = 0; i < m->files.n; i++) ox__map_close(&m->files.p[i]);
    ox__vec_free(&m->files);
    ox__intern_free(&m->strings);
    ox__arena_free(&m->arena);
    ox__free(m);
}

ox_status ox_model_status(const ox_model *m, ox_error *err)
{
    if (!m) return ox__fail(err, OX_E_INVALID, "no model was given");
    return m->oom ? ox__nomem(err) : OX_OK;
}

ox_status ox_model_graph_status(const ox_model *m, ox_error *err)
{
    if (!m || !m->unread) return OX_OK;
    if (err) *err = *m->unread;
    return m->unread->code;
}

ox_status ox__model_set_unread(ox_model *m, const ox_error *why, ox_error *err)
{
    m->unread = ox__arena_dup(&m->arena, why, sizeof *why);
    return m->unread ? OX_OK : ox__nomem(err);
}

/* ---- files ---- */
ox_status ox__model_add_file(ox_model *m, ox__map *map, uint32_t *index, ox_error *err)
{
    if (m->files.n >= UINT32_MAX) return ox__fail(err, OX_E_LIMIT, "too many files");
    if (!ox__vec_reserve(&m->files, m->files.n + 1)) return ox__nomem(err);
    *index = (uint32_t)m->files.n;
    m->files.p[m->files.n++] = *map;
    memset(map, 0, sizeof *map);
    map->fd = -1;
    return OX_OK;
}

const ox__map *ox__model_file(const ox_model *m, uint32_t index)
{
    return m && index < m->files.n ? &m->files.p[index] : NULL;
}

uint32_t ox__model_n_files(const ox_model *m)
{
    return (uint32_t)m->files.n;
}

/* ---- strings ---- */
ox_str ox_str_add(ox_model *m, const char *s, size_t n)
{
    if (!m) return (ox_str){0};
    uint32_t id = ox__intern_add(&m->strings, s, n);
    if (!id) ox__model_oom(m);
    return (ox_str){id};
}

ox_str ox_str_addz(ox_model *m, const char *s)
{
    return s ? ox_str_add(m, s, strlen(s)) : (ox_str){0};
}

ox_str ox_str_find(const ox_model *m, const char *s, size_t n)
{
    return (ox_str){m ? ox__intern_find(&m->strings, s, n) : 0};
}

const char *ox_str_text(const ox_model *m, ox_str s, size_t *n)
{
    if (m) return ox__intern_text(&m->strings, s.id, n);
    if (n) *n = 0;
    return "";
}

/* ---- fields ---- */
ox_model_kind ox_model_get_kind(const ox_model *m)
{
    return m ? m->kind : OX_MODEL_ONNX;
}

ox_graph ox_model_main(const ox_model *m)
{
    return m ? ox__graph_handle(m, 1) : (ox_graph){0, 0};
}

int64_t ox_model_ir_version(const ox_model *m)
{
    return m ? ox__top(m)->ir_version : 0;
}

int64_t ox_model_version(const ox_model *m)
{
    return m ? ox__top(m)->version : 0;
}

static ox_status edit_top(ox_model *m, ox_error *err)
{
    return m ? ox__edit(m, 4, err) : ox__fail(err, OX_E_INVALID, "no model was given");
}

ox_status ox_model_set_ir_version(ox_model *m, int64_t v, ox_error *err)
{
    ox_status s = edit_top(m, err);
    if (s != OX_OK || ox__top(m)->ir_version == v) return s;
    ox__put_top(m, ir_version, (uint64_t)v);
    ox__touch_top(m, OX__DIRTY_IR_VERSION);
    OX__NOTE(m, model_set_ir_version, (uint64_t)v);
    return OX_OK;
}

ox_status ox_model_set_version(ox_model *m, int64_t v, ox_error *err)
{
    ox_status s = edit_top(m, err);
    if (s != OX_OK || ox__top(m)->version == v) return s;
    ox__put_top(m, version, (uint64_t)v);
    ox__touch_top(m, OX__DIRTY_VERSION);
    OX__NOTE(m, model_set_version, (uint64_t)v);
    return OX_OK;
}

ox_str ox_model_text(const ox_model *m, ox_model_field f)
{
    return (ox_str){m && (unsigned)f < OX_N_MODEL_FIELDS ? ox__top(m)->text[f] : 0};
}

ox_status ox_model_set_text(ox_model *m, ox_model_field f, ox_str str, ox_error *err)
{
    ox_status s = edit_top(m, err);
    if (s == OX_OK) s = ox__need_str(m, str, err);
    if (s != OX_OK) return s;
    if ((unsigned)f >= OX_N_MODEL_FIELDS) return ox__fail(err, OX_E_INVALID, "there is no such field of a model");
    if (ox__top(m)->text[f] == str.id) return OX_OK;
    ox__put(m, OX__TOP, 0, (uint32_t)(offsetof(ox__top_row, text) + (size_t)f * 4), 4, str.id);
    if (f != OX_MODEL_PATH) ox__touch_top(m, (uint32_t)OX__DIRTY_TEXT << f);
    OX__NOTE(m, model_set_text, f, str.id);
    return OX_OK;
}

/* ---- opsets ---- */
size_t ox_model_opsets(const ox_model *m, const ox_opset **rows)
{
    const ox__opsets *o = m ? ox__top(m)->opsets : NULL;
    if (rows) *rows = o ? o->o : NULL;
    return o ? o->n : 0;
}

static bool is_onnx(const char *domain)
{
    return !domain || !*domain || strcmp(domain, "ai.onnx") == 0;
}

int64_t ox_model_opset(const ox_model *m, const char *domain)
{
    const ox_opset *o;
    size_t n = ox_model_opsets(m, &o);
    for (size_t i = 0; i < n; i++) {
        const char *own = ox_str_text(m, o[i].domain, NULL);
        if (is_onnx(domain) ? is_onnx(own) : strcmp(own, domain) == 0) return o[i].version;
    }
    return 0;
}

static ox_status put_opsets(ox_model *m, uint32_t n, const ox_opset *rows, ox_error *err)
{
    const ox__opsets *o = ox__opsets_copy(m, n, rows);
    if (!o) return ox__nomem(err);
    ox__put_top(m, opsets, OX__PTR(n ? o : NULL));
    ox__touch_top(m, OX__DIRTY_OPSETS);
    return OX_OK;
}

ox_status ox_model_set_opset(ox_model *m, ox_str domain, int64_t version, ox_error *err)
{
    ox_status s = edit_top(m, err);
    if (s == OX_OK) s = ox__need_str(m, domain, err);
    if (s != OX_OK) return s;
    if (version < 0) return ox__fail(err, OX_E_INVALID, "an opset version cannot be %" PRId64, version);
    const char *text = ox_str_text(m, domain, NULL);
    const ox_opset *old;
    size_t n = ox_model_opsets(m, &old), at = 0;
    while (at < n) {
        const char *own = ox_str_text(m, old[at].domain, NULL);
        if (is_onnx(text) ? is_onnx(own) : strcmp(own, text) == 0) break;
        at++;
    }
    if (at < n ? old[at].version == version : version == 0) return OX_OK;
    ox_opset *rows = ox__alloc((n + 1) * sizeof *rows);
    if (!rows) return ox__nomem(err);
    if (n) memcpy(rows, old, n * sizeof *rows);
    if (at < n && version) {
        rows[at].version = version;
    } else if (at < n) {
        memmove(rows + at, rows + at + 1, (n - at - 1) * sizeof *rows);
        n--;
    } else {
        rows[n++] = (ox_opset){domain.id ? domain : (ox_str){1}, version};
    }
    s = put_opsets(m, (uint32_t)n, rows, err);
    ox__free(rows);
    if (s == OX_OK) OX__NOTE(m, model_set_opset, domain.id, (uint64_t)version);
    return s;
}

ox_status ox__model_set_opsets(ox_model *m, uint32_t count, const ox_opset *opsets, ox_error *err)
{
    ox_status s = edit_top(m, err);
    return s == OX_OK ? put_opsets(m, count, opsets, err) : s;
}

/* ---- metadata ---- */
size_t ox_model_metadata(const ox_model *m, const ox_pair **rows)
{
    const ox__pairs *p = m ? ox__top(m)->metadata : NULL;
    if (rows) *rows = p ? p->p : NULL;
    return p ? p->n : 0;
}

ox_status ox_model_set_metadata(ox_model *m, ox_str key, ox_str value, ox_error *err)
{
    ox_status s = edit_top(m, err);
    if (s == OX_OK) s = ox__need_str(m, key, err);
    if (s == OX_OK) s = ox__need_str(m, value, err);
    if (s != OX_OK) return s;
    bool failed = false;
    const ox__pairs *old = ox__top(m)->metadata, *p = ox__pairs_with(m, old, key, value, &failed);
    if (failed) return ox__nomem(err);
    if (p == old) return OX_OK;
    ox__put_top(m, metadata, OX__PTR(p));
    ox__touch_top(m, OX__DIRTY_META);
    OX__NOTE(m, model_set_metadata, key.id, value.id);
    return OX_OK;
}

ox_status ox__model_set_pairs(ox_model *m, uint32_t count, const ox_pair *pairs, ox_error *err)
{
    ox_status s = edit_top(m, err);
    if (s != OX_OK) return s;
    const ox__pairs *p = count ? ox__pairs_copy(m, count, pairs) : NULL;
    if (count && !p) return ox__nomem(err);
    ox__put_top(m, metadata, OX__PTR(p));
    ox__touch_top(m, OX__DIRTY_META);
    return OX_OK;
}

/* ---- tables, seen from outside ---- */
size_t ox_model_n_nodes(const ox_model *m)
{
    return m ? m->live[OX__NODE] : 0;
}

size_t ox_model_n_values(const ox_model *m)
{
    return m ? m->live[OX__VALUE] : 0;
}

uint32_t ox_model_node_limit(const ox_model *m)
{
    return m ? m->table[OX__NODE].n : 0;
}

uint32_t ox_model_value_limit(const ox_model *m)
{
    return m ? m->table[OX__VALUE].n : 0;
}

uint32_t ox_model_graph_limit(const ox_model *m)
{
    return m ? m->table[OX__GRAPH].n : 0;
}

ox_node ox_model_node_at(const ox_model *m, uint32_t id)
{
    if (!m || !id || id >= m->table[OX__NODE].n) return (ox_node){0, 0};
    uint32_t flags = ox__node_row_at(m, id)->flags;
    return ox__node_handle(m, (flags & (OX__ALIVE | OX__RETURN)) == OX__ALIVE ? id : 0);
}

ox_value ox_model_value_at(const ox_model *m, uint32_t id)
{
    if (!m || !id || id >= m->table[OX__VALUE].n) return (ox_value){0, 0};
    return ox__value_handle(m, ox__value_row_at(m, id)->flags & OX__ALIVE ? id : 0);
}

ox_graph ox_model_graph_at(const ox_model *m, uint32_t id)
{
    if (!m || !id || id >= m->table[OX__GRAPH].n) return (ox_graph){0, 0};
    return ox__graph_handle(m, ox__graph_row_at(m, id)->flags & OX__ALIVE ? id : 0);
}
