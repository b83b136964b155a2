/* Floor 3. What lowering asks of an archive: its files of code, their debug records, its constants. */
#include "io/torchscript/code.h"
#include "io/torchscript/lower.h"

#include <stdio.h>

typedef struct host {
    ox_model *m;
    ox__archive *a;
    ox__arrays *arrays;
    const uint32_t *file;
    const ox_task *task;
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
    *text = (ox__src_text){src->record, src->text, src->n};
    *debug = src->debug.root;
    return OX_OK;
}

static ox_status constant(void *ud, const ox__obj_tensor *t, ox_tensor *out, ox_error *err)
{
    host *h = ud;
    const ox__array *row = t->row ? &h->arrays->rows.p[t->row - 1] : NULL;
    if (!row || row->unusable)
        return ox__fail(err, OX_E_UNSUPPORTED, "a constant tensor cannot be read: %s",
                        row ? row->unusable : "it has no bytes of its own");
    ox_tensor_info info = {.dtype = row->dtype,
                           .rank = row->rank,
                           .dims = row->dims,
                           .storage = OX_STORAGE_FILE,
                           .file = h->file[row->file],
                           .offset = row->offset,
                           .n_bytes = row->n_bytes};
    return ox_tensor_add(h->m, out, &info, err);
}

ox_status ox__code_lower(ox_model *m, ox__archive *a, ox__arrays *arrays, const uint32_t *file, int graph,
                         const ox_task *task, ox_error *err)
{
    host h = {m, a, arrays, file, task};
    ox__ts_host asks = {.ud = &h,
                        .root = a->data.root,
                        .constants = a->constants.root,
                        .metadata = ox__archive_metadata(a),
                        .file = code_file,
                        .tensor = constant};
    ox__ts_options opt = {.calls = graph == 2};
    return ox__ts_open(m, &asks, &opt, task, err);
}
