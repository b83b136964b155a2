/* Floor 3. The format "torch": what torch.save and torch.jit.save write. A file of data opens as its weights: a graph
 * of initializers; one with code as the graph of its method forward, the weights beside it. What PyTorch also writes,
 * or wrote once, is recognised so that it is refused by its name. */
#include "io/format.h"
#include "io/torchscript/code.h"
#include "ir/ir.h"

/* Of a graph that holds nothing but initializers: what all of their types but the newest need. */
enum { IR_VERSION = 10, OPSET = 21 };

static bool at(const uint8_t *p, uint64_t n, uint64_t from, const char *text)
{
    size_t k = strlen(text);
    return n >= k && from <= n - k && memcmp(p + from, text, k) == 0;
}

/* Single files that are of PyTorch but not read. */
static const struct {
    uint64_t from;
    const char *text, *what, *hint;
} others[] = {
    {4, "PTMF", "this is a model for mobile devices (.ptl as flatbuffer), which is not read",
     "save it by torch.jit.save, or _save_for_lite_interpreter without use_flatbuffer"},
    {0, "PYTORCH1", "this is an archive of a preview of PyTorch 1.0, which is not read",
     "load it with that PyTorch and save its state_dict"},
    {257, "ustar", "this is a tar archive; those that PyTorch wrote before 0.1.10 are not read",
     "load it with PyTorch and save it again by torch.save"},
    {0, "\x80\x02", "this is a pickle, but not one that torch.save wrote", "save a state_dict by torch.save"},
    {0, "\x80\x03", "this is a pickle, but not one that torch.save wrote", "save a state_dict by torch.save"},
    {0, "\x80\x04\x95", "this is a pickle, but not one that torch.save wrote", "save a state_dict by torch.save"},
};

static int sniff(const uint8_t *p, uint64_t n, const char *path)
{
    (void)path;
    if (at(p, n, 0, "PK\x03\x04")) return 60;
    if (ox__archive_is_legacy(p, n)) return 100;
    for (size_t i = 0; i < OX__COUNT(others); i++)
        if (at(p, n, others[i].from, others[i].text)) return 50;
    return 0;
}

typedef struct job {
    ox__open_args *args;
    ox__arrays arrays;
    ox__archive archive;
    ox_model *model;
    uint32_t file[2]; /* of the arrays, in the model */
    bool handed[2];
} job;

static bool is_script(const job *j)
{
    return j->archive.kind == OX__ARCHIVE_SCRIPT;
}

/* ---- reading ---- */
static ox_status recognise(void *ud, ox_error *err)
{
    const ox__map *map = ud;
    if (at(map->p, map->n, 0, "PK\x03\x04") || ox__archive_is_legacy(map->p, map->n)) return OX_OK;
    for (size_t i = 0; i < OX__COUNT(others); i++) {
        if (!at(map->p, map->n, others[i].from, others[i].text)) continue;
        ox__fail(err, OX_E_UNSUPPORTED, "%s", others[i].what);
        ox_error_hint(err, "%s", others[i].hint);
        ox_error_at_line(err, map->path, 0, 0);
        return OX_E_UNSUPPORTED;
    }
    ox__fail(err, OX_E_FORMAT, "this is no file of torch.save or torch.jit.save");
    ox_error_at_line(err, map->path, 0, 0);
    return OX_E_FORMAT;
}

static ox_status is_zip(void *ud, ox_error *err)
{
    const ox__map *map = ud;
    (void)err;
    return at(map->p, map->n, 0, "PK\x03\x04") ? OX_OK : OX_E_NOT_FOUND;
}

static ox_status read(job *j, ox_error *err)
{
    const ox__map *map = &j->arrays.files[0];
    const ox_task *task = j->args->opt->task;
    ox_status s = ox__guarded(recognise, &j->arrays.files[0], map->path, err);
    if (s != OX_OK) return s;
    s = ox__guarded(is_zip, &j->arrays.files[0], map->path, err);
    if (s == OX_E_NOT_FOUND) {
        s = ox__archive_open_legacy(&j->archive, map, task, err);
    } else if (s == OX_OK) {
        s = ox__zip_open(&j->arrays.zip, map, err);
        if (s == OX_OK) s = ox__archive_open(&j->archive, &j->arrays.zip, task, err);
    }
    if (s == OX_OK) s = ox__archive_rows(&j->archive, &j->arrays, err);
    if (s == OX_OK && is_script(j)) s = ox__archive_constant_rows(&j->archive, &j->arrays, err);
    return s == OX_OK ? ox__arrays_unpack(&j->arrays, task, err) : s;
}

/* ---- the model ---- */
static void warn_unusable(const job *j, const ox__array *row)
{
    ox_error w;
    if (!j->args->warn) return;
    ox__fail(&w, OX_E_UNSUPPORTED, "'%.200s' is left out: %s", row->name, row->unusable);
    ox_error_at_line(&w, j->args->path, 0, 0);
    j->args->warn(j->args->ud, &w);
}

static ox_status add_tensor(job *j, const ox__array *row, const ox_quantization *quant, ox_tensor *t, ox_error *err)
{
    ox_tensor_info info = {.name = ox_str_add(j->model, row->name ? row->name : "", row->name_n),
                           .dtype = row->dtype,
                           .rank = row->rank,
                           .dims = row->dims,
                           .storage = OX_STORAGE_FILE,
                           .file = j->file[row->file],
                           .offset = row->offset,
                           .n_bytes = row->n_bytes,
                           .quant = quant,
                           .shared = row->storage};
    return ox_tensor_add(j->model, t, &info, err);
}

static ox_status add_quant(job *j, const ox__array_quant *q, ox_quantization *out, ox_error *err)
{
    *out = (ox_quantization){.scheme = ox_str_addz(j->model, q->scheme),
                             .per_channel = q->per_channel,
                             .scale = q->scale,
                             .zero_point = q->zero_point,
                             .axis = q->axis};
    ox_status s = q->scales ? add_tensor(j, q->scales, NULL, &out->scales, err) : OX_OK;
    return s == OX_OK && q->zero_points ? add_tensor(j, q->zero_points, NULL, &out->zero_points, err) : s;
}

static ox_status add_weight(job *j, const ox__array *row, ox_error *err)
{
    ox_model *m = j->model;
    ox_quantization quant;
    ox_tensor t;
    ox_value v;
    ox_status s = row->quant ? add_quant(j, row->quant, &quant, err) : OX_OK;
    if (s == OX_OK) s = add_tensor(j, row, row->quant ? &quant : NULL, &t, err);
    return s == OX_OK ? ox_graph_add_initializer(m, &v, ox_model_main(m), ox_tensor_get(m, t).name, t, err) : s;
}

static ox_status hand_over(job *j, ox_error *err)
{
    ox_status s = OX_OK;
    for (size_t i = 0; i < 2 && s == OX_OK; i++)
        if (j->arrays.files[i].path) s = ox__model_add_file(j->model, &j->arrays.files[i], &j->file[i], err);
    return s;
}

/* Where the code is not understood the model has no graph, but all the rest: whoever wants the graph is told. */
static ox_status lower(job *j, const char *method, ox_error *err)
{
    ox_error why;
    bool unread;
    ox_status s = ox__code_lower(j->model, &j->archive, &j->arrays, j->file, j->args->opt->graph, method, &unread,
                                 j->args->opt->task, &why);
    if (s == OX_OK) return s;
    if (!why.file[0]) ox_error_at_line(&why, j->args->path, 0, 0);
    if (!unread) {
        if (err) *err = why;
        return s;
    }
    if (why.code == OX_E_NOT_FOUND) why.code = OX_E_UNSUPPORTED; /* what is missing is not what was asked for */
    ox_error_context(&why, "the graph cannot be read");
    if (!why.hint[0])
        ox_error_hint(&why,
                      "weights and modules can be looked at; `open --list FILE` lists the methods, `open --graph N "
                      "FILE` opens another one");
    if (j->args->warn) j->args->warn(j->args->ud, &why);
    s = ox__model_set_unread(j->model, &why, err);
    return s == OX_OK ? ox__code_scopes(j->model, &j->archive, err) : s;
}

static ox_status build(job *j, ox_error *err)
{
    size_t n = j->arrays.rows.n;
    const char *method = j->args->opt->method;
    if (method && !is_script(j)) {
        ox_status none = ox__fail(err, OX_E_NOT_FOUND, "the file holds no code, so no method '%s'", method);
        ox_error_hint(err, "archives of torch.jit.save do");
        return none;
    }
    ox_status s = ox__model_reserve(j->model, 0, n, 0, n, err);
    if (s == OX_OK) s = hand_over(j, err);
    if (s == OX_OK && !is_script(j)) s = ox_model_set_ir_version(j->model, IR_VERSION, err);
    if (s == OX_OK && !is_script(j))
        s = ox_graph_set_name(j->model, ox_model_main(j->model), ox_str_addz(j->model, "weights"), err);
    if (s == OX_OK && !is_script(j)) s = ox_model_set_opset(j->model, ox_str_addz(j->model, ""), OPSET, err);
    if (s == OX_OK)
        s = ox_model_set_text(j->model, OX_MODEL_PATH, ox_str_addz(j->model, j->args->path ? j->args->path : ""), err);
    if (s == OX_OK && is_script(j)) {
        /* the model has the map by now */
        j->arrays.zip.map = j->archive.map = ox__model_file(j->model, j->file[0]);
        s = lower(j, method, err);
    }
    for (size_t i = 0; i < n && s == OX_OK; i++) {
        const ox__array *row = &j->arrays.rows.p[i];
        if (row->unusable)
            warn_unusable(j, row);
        else if (strncmp(row->name, "CONSTANTS.", 10) != 0 || !is_script(j))
            s = add_weight(j, row, err);
    }
    return s == OX_OK ? ox_model_status(j->model, err) : s;
}

static ox_status open(ox_model **out, ox__open_args *args, ox_error *err)
{
    job j = {.args = args};
    j.arrays.files[0] = *args->map;
    memset(args->map, 0, sizeof *args->map);
    ox_status s = read(&j, err);
    if (s == OX_OK) s = ox_model_create(&j.model, is_script(&j) ? OX_MODEL_TRACE : OX_MODEL_ONNX, err);
    if (s == OX_OK) {
        ox__journal_pause(j.model);
        s = build(&j, err);
        ox__journal_resume(j.model);
    }
    ox__archive_close(&j.archive);
    ox__arrays_close(&j.arrays);
    if (s == OX_OK)
        *out = j.model;
    else
        ox_model_free(j.model);
    return s;
}

/* An archive with code holds the methods of its module. */
static ox_status list(ox__open_args *args, ox_graph_row *rows, size_t max, size_t *n, ox_error *err)
{
    job j = {.args = args};
    j.arrays.files[0] = *args->map;
    memset(args->map, 0, sizeof *args->map);
    ox_status s = read(&j, err);
    *n = 1;
    if (s == OX_OK && is_script(&j))
        s = ox__code_list(&j.archive, rows, max, n, err);
    else if (s == OX_OK && rows && max)
        rows[0] = (ox_graph_row){.title = "weights"};
    ox__archive_close(&j.archive);
    ox__arrays_close(&j.arrays);
    return s;
}

const ox__format ox__format_torchscript = {
    .name = "torchscript",
    .extensions = ".pt .pth",
    .methods = true,
    .help = "what PyTorch saved: weights of torch.save, TorchScript of torch.jit.save with its graph",
    .sniff = sniff,
    .open = open,
    .list = list,
};
