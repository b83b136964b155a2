/* Floor 3. The source of weights that are bound to a model. It owns its maps until a model takes one over. */
#include "io/bind.h"

#include "ir/ir.h"

#include <fcntl.h>

/* ---- an ONNX model as rows ---- */
static ox_status add_initializer(ox__weights *w, ox_value v, ox_error *err)
{
    ox_tensor t = ox_value_tensor(w->model, v);
    ox_tensor_info info = ox_tensor_get(w->model, t);
    ox__array row = {.dtype = info.dtype, .rank = info.rank, .dims = info.dims};
    if (info.storage == OX_STORAGE_SPARSE)
        row.unusable = "it is sparse";
    else if (info.storage == OX_STORAGE_LOST)
        row.unusable = "its data is not in the file";
    else if (info.encoding == OX_ENC_STRINGS)
        row.unusable = "its elements are strings";
    size_t n;
    const char *name = ox_str_text(w->model, ox_value_name(w->model, v), &n);
    if (!ox__vec_push(&w->tensors, t)) return ox__nomem(err);
    return ox__arrays_add(&w->arrays, name, n, &row, err);
}

static ox_status open_model(ox__weights *w, const char *path, const ox_open_options *opt, ox_error *err)
{
    ox_open_options o = {0};
    if (opt) o.follow_links = opt->follow_links, o.task = opt->task;
    ox_status s = ox_open(&w->model, path, &o, NULL, NULL, err);
    if (s != OX_OK) return s;
    if (ox_model_get_kind(w->model) != OX_MODEL_ONNX) {
        ox__fail(err, OX_E_UNSUPPORTED, "this file holds no weights");
        ox_error_at_line(err, path, 0, 0);
        ox_error_hint(err, "weights are taken from .pt, .npz, .npy, .safetensors and .onnx files");
        return OX_E_UNSUPPORTED;
    }
    ox_graph g = ox_model_main(w->model);
    size_t n = ox_graph_n_initializers(w->model, g);
    for (size_t i = 0; i < n && s == OX_OK; i++) s = add_initializer(w, ox_graph_initializer(w->model, g, i), err);
    return s;
}

static ox_status sniff(void *ud, ox_error *err)
{
    const ox__map *map = ud;
    (void)err;
    return ox__arrays_sniff(map->p, map->n) ? OX_OK : OX_E_NOT_FOUND;
}

ox_status ox__weights_open(ox__weights *w, const char *path, const ox_open_options *opt, ox_error *err)
{
    memset(w, 0, sizeof *w);
    ox__map map;
    ox_status s = ox__map_open(&map, path, false, err);
    if (s != OX_OK) return s;
    s = ox__guarded(sniff, &map, path, err);
    if (s == OX_OK)
        s = ox__arrays_open(&w->arrays, &map, err);
    else if (s == OX_E_NOT_FOUND)
        s = open_model(w, path, opt, err);
    ox__map_close(&map);
    size_t n = w->model ? ox__model_n_files(w->model) : OX__COUNT(w->arrays.files);
    if (s == OX_OK && !(w->files = ox__calloc(n, sizeof *w->files))) s = ox__nomem(err);
    return s;
}

void ox__weights_close(ox__weights *w)
{
    ox__arrays_close(&w->arrays);
    ox_model_free(w->model);
    ox__vec_free(&w->tensors);
    ox__free(w->files);
    memset(w, 0, sizeof *w);
}

ox_status ox__weights_prepare(ox__weights *w, const bool *wanted, const ox_task *task, ox_error *err)
{
    return w->model ? OX_OK : ox__arrays_prepare(&w->arrays, wanted, task, err);
}

/* ---- handing over ---- */
/* The source model keeps its map, so that the target gets one of its own of the same open file. */
static ox_status second_map(ox__map *out, const ox__map *map, ox_error *err)
{
    int fd = fcntl(map->fd, F_DUPFD_CLOEXEC, 0);
    if (fd < 0) return ox__errno(err, "cannot keep the file open", map->path);
    ox_status s = ox__map_fd(out, fd, map->path, err);
    if (s != OX_OK) return s;
    s = ox__map_check(map, err); /* else the new map's idea of "unchanged" is not that of the rows */
    if (s != OX_OK) ox__map_close(out);
    return s;
}

/* The index that a file of the source has in m. */
static ox_status hand_over(ox__weights *w, ox_model *m, uint32_t file, uint32_t *index, ox_error *err)
{
    if (!w->files[file]) {
        ox__map copy, *map = &copy;
        ox_status s = OX_OK;
        if (w->model)
            s = second_map(&copy, ox__model_file(w->model, file), err);
        else
            map = &w->arrays.files[file];
        if (s != OX_OK) return s;
        s = ox__model_add_file(m, map, index, err);
        if (s != OX_OK && w->model) ox__map_close(map);
        if (s != OX_OK) return s;
        w->files[file] = *index + 1;
    }
    *index = w->files[file] - 1;
    return OX_OK;
}

ox_status ox__weights_take(ox__weights *w, ox_model *m, size_t i, ox_tensor *out, ox_error *err)
{
    const ox__array *row = &w->arrays.rows.p[i];
    ox_tensor_info info = {.dtype = row->dtype, .rank = row->rank, .dims = row->dims};
    if (w->model) {
        ox_tensor_info from = ox_tensor_get(w->model, w->tensors.p[i]);
        info.encoding = from.encoding;
        info.storage = from.storage;
        info.file = from.file;
        info.offset = from.offset;
        info.n_bytes = from.n_bytes;
        info.data = from.data;
        info.scales = from.scales;
    } else {
        info.storage = OX_STORAGE_FILE;
        info.file = row->file;
        info.offset = row->offset;
        info.n_bytes = row->n_bytes;
    }
    if (info.storage == OX_STORAGE_FILE && w->model && ox__model_file(w->model, info.file)->owned_memory) {
        info.storage = OX_STORAGE_OWNED;
        info.data = ox__model_file(w->model, info.file)->p + info.offset;
    }
    if (info.storage == OX_STORAGE_FILE) {
        ox_status s = hand_over(w, m, info.file, &info.file, err);
        if (s != OX_OK) return s;
    }
    return ox_tensor_add(m, out, &info, err);
}
