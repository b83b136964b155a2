/* Floor 3. What lowering asks of an archive: its files of code, their debug records, its constants. */
#include "io/torchscript/code.h"
#include "io/torchscript/lower.h"

#include <stdio.h>

typedef struct host {
    ox_model *m;
    ox__archive *a;
    ox__arrays *arrays;
    const uint32_t *file;
} host;

static ox_status code_file(void *ud, const char *qualifier, ox__src_text *text, const ox__obj **debug, ox_error *err)
{
    host *h = ud;
    ox__archive_source *src;
    ox__buf name = {0};
    ox__buf_addf(&name, "%s.x", qualifier); /* any name inside it */
    ox_status s = name.failed ? ox__nomem(err) : ox__archive_source_of(h->a, name.p, &src, err);
    ox__buf_free(&name);
    if (s == OX_OK && src->text) s = ox__archive_debug(h->a, src, err);
    if (s != OX_OK || !src->text) return s;
    *text = (ox__src_text){src->place, src->text, src->n};
    *debug = src->debug.root;
    return OX_OK;
}

static ox_status constant(void *ud, const ox__obj_tensor *t, ox_tensor *out, ox_error *err)
{
    host *h = ud;
    const ox__array *row = t->row ? &h->arrays->rows.p[t->row - 1] : NULL;
    if (!row || row->unusable) {
        ox_tensor_info lost = {
            .dtype = t->dtype, .rank = t->rank, .dims = t->sizes, .storage = OX_STORAGE_LOST, .n_bytes = 0};
        return ox_tensor_add(h->m, out, &lost, err);
    }
    ox_tensor_info info = {.dtype = row->dtype,
                           .rank = row->rank,
                           .dims = row->dims,
                           .storage = OX_STORAGE_FILE,
                           .file = h->file[row->file],
                           .offset = row->offset,
                           .n_bytes = row->n_bytes};
    return ox_tensor_add(h->m, out, &info, err);
}

static ox__ts_host asks_of(host *h)
{
    return (ox__ts_host){.ud = h,
                         .root = h->a->data.root,
                         .constants = h->a->constants.root,
                         .inputs = h->a->inputs.root,
                         .version = h->a->version,
                         .metadata = ox__archive_metadata(h->a),
                         .file = code_file,
                         .tensor = constant};
}

ox_status ox__code_lower(ox_model *m, ox__archive *a, ox__arrays *arrays, const uint32_t *file, int graph,
                         const char *method, bool *unread, const ox_task *task, ox_error *err)
{
    host h = {m, a, arrays, file};
    ox__ts_host asks = asks_of(&h);
    return ox__ts_open(m, &asks, graph > 0 ? (uint32_t)graph - 1 : 0, method, unread, task, err);
}

/* ---- scopes of what has no graph ---- */
static ox_str class_of(ox_model *m, const ox__obj *o)
{
    char name[1024];
    return ox_str_add(m, name, ox__ts_class_text(o->object->class_name, name, sizeof name));
}

static ox_status add_scopes(ox_model *m, const ox__obj *o, ox_scope at, ox_error *err)
{
    const ox__obj *state = o->object->state;
    ox_status s = OX_OK;
    for (uint32_t i = 0; state && state->kind == OX__OBJ_DICT && i < state->n && s == OX_OK; i++) {
        const ox__obj *key = state->items[2 * (size_t)i], *value = state->items[2 * (size_t)i + 1];
        ox_scope inner;
        if (key->kind != OX__OBJ_STR || value->kind != OX__OBJ_OBJECT) continue;
        s = ox_scope_add(m, &inner, at, class_of(m, value), ox_str_add(m, key->s, key->n), err);
        if (s == OX_OK) s = add_scopes(m, value, inner, err);
    }
    return s;
}

ox_status ox__code_scopes(ox_model *m, const ox__archive *a, ox_error *err)
{
    ox_scope root;
    ox_status s = ox_scope_add(m, &root, (ox_scope){0}, class_of(m, a->data.root), (ox_str){1}, err);
    return s == OX_OK ? add_scopes(m, a->data.root, root, err) : s;
}

typedef struct listing {
    ox_graph_row *rows;
    size_t max, n;
} listing;

static void list_method(void *ud, const char *method)
{
    listing *l = ud;
    for (int alone = 0; alone < 2; alone++, l->n++) {
        if (!l->rows || l->n >= l->max) continue;
        l->rows[l->n] = (ox_graph_row){.line = 0};
        snprintf(l->rows[l->n].title, sizeof l->rows[l->n].title, "%.100s, %s", method,
                 alone ? "calls as calls" : "with all that it calls");
    }
}

ox_status ox__code_list(ox__archive *a, ox_graph_row *rows, size_t max, size_t *n, ox_error *err)
{
    host h = {.a = a};
    ox__ts_host asks = asks_of(&h);
    listing l = {rows, max, 0};
    ox_status s = ox__ts_list(&asks, list_method, &l, err);
    *n = l.n;
    return s;
}
