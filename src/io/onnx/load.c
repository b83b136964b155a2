/* Floor 3. Opening a .onnx file: the model's own fields, the budget, the names of the format. The whole walk runs under
 * the SIGBUS guard with the journal paused; what is not handed to the model lives in one ox__load, freed here. */
#include "io/onnx/load.h"

#include <stdio.h>
#include <stdlib.h>

enum { M_IR_VERSION = 1, M_PRODUCER = 2, M_PRODUCER_VERSION = 3, M_DOMAIN = 4, M_VERSION = 5, M_DOC = 6 };
/* The file itself is mapped, and tables grow by half: so much of the 64 MiB and the 16 bytes is left for rows. */
enum { BUDGET_BASE = 52 << 20, BUDGET_RATIO = 14, TICK = 512 };

ox_status ox__load_fail(ox__load *ld, const void *at, ox_status code, ox_error *err, const char *fmt, ...)
{
    va_list ap;
    char text[512];
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ox__fail(err, code, "%s", text);
    ox_error_at_offset(err, ld->path, at ? (uint64_t)((const uint8_t *)at - ld->io->start) : 0);
    return code;
}

ox_status ox__load_charge(ox__load *ld, const void *at, uint64_t credit, uint64_t cost, ox_error *err)
{
    ld->credit += credit;
    ld->cost += cost;
    if (ld->cost <= BUDGET_BASE + BUDGET_RATIO * ld->credit) return OX_OK;
    ox_status s = ox__load_fail(ld, at, OX_E_LIMIT, err,
                                "the model would take more memory than 64 MiB and 16 bytes for each of its bytes");
    ox_error_hint(err, "its records are almost empty, which no exporter writes");
    return s;
}

ox_status ox__load_end(ox__load *ld, const ox__reader *r, ox_error *err)
{
    return r->failed ? ox__reader_status(r, ld->path, err) : OX_OK;
}

ox_str ox__load_str(ox__load *ld, ox__span s)
{
    return ox_str_add(ld->m, s.p, s.n);
}

ox_str ox__load_str_near(ox__load *ld, ox__span s, ox_str guess)
{
    size_t n;
    const char *text = ox_str_text(ld->m, guess, &n);
    return guess.id && n == s.n && memcmp(text, s.p, n) == 0 ? guess : ox__load_str(ld, s);
}

ox_status ox__load_record(ox__load *ld, const uint8_t *at, const ox__msg *msg, uint32_t *rec, ox_error *err)
{
    ox__onnx *io = ld->io;
    *rec = (uint32_t)io->rec_at.n;
    ox__merged several = {*rec, *msg};
    if (io->rec_at.n >= UINT32_MAX || !ox__vec_push(&io->rec_at, (uint64_t)(at - io->start)) ||
        !ox__vec_push(&io->rec_id, 0) || (msg->next && !ox__vec_push(&io->merged, several)))
        return ox__nomem(err);
    return OX_OK;
}

ox_status ox__load_tick(ox__load *ld, const char *what, const void *at, ox_error *err)
{
    const ox_task *task = ld->args->opt->task;
    if (++ld->ticks % TICK || !task || !task->step) return OX_OK;
    if (task->step(task->ud, what, (uint64_t)((const uint8_t *)at - ld->io->start), ld->io->size)) return OX_OK;
    return ox__fail(err, OX_E_INTERRUPTED, "interrupted");
}

ox_status ox__load_entry(ox__load *ld, ox__reader r, ox__span *key, ox__span *value, ox_error *err)
{
    key->p = value->p = "";
    key->n = value->n = 0;
    for (ox__field f; ox__read_field(&r, &f);)
        if (f.type == OX__WIRE_BYTES && f.number <= 2) *(f.number == 1 ? key : value) = ox__field_span(&f);
    return ox__load_end(ld, &r, err);
}

ox_status ox__load_pair(ox__load *ld, const ox__field *f, ox_error *err)
{
    ox__span key, value;
    if (f->type != OX__WIRE_BYTES) return OX_OK;
    ox_status s = ox__load_entry(ld, f->sub, &key, &value, err);
    if (s != OX_OK) return s;
    ox_pair p = {ox__load_str(ld, key), ox__load_str(ld, value)};
    return ox__vec_push(&ld->pairs, p) ? OX_OK : ox__nomem(err);
}

ox_status ox__load_opset(ox__load *ld, const ox__field *f, unsigned depth, ox_opset *out, ox_error *err)
{
    ProtobufCMessage *pb;
    ox__msg msg = ox__msg_of(f->sub);
    ox_status s = ox__leaf_unpack(&ld->leaf, &onnx__operator_set_id_proto__descriptor, &msg, depth, ld->path, &pb, err);
    if (s != OX_OK) return s;
    const Onnx__OperatorSetIdProto *o = (const Onnx__OperatorSetIdProto *)pb;
    bool own = !o->domain || !strcmp(o->domain, "ai.onnx");
    out->domain = own ? (ox_str){1} : ox_str_addz(ld->m, o->domain);
    out->version = o->has_version ? o->version : 0;
    return OX_OK;
}

/* ---- the model ---- */

typedef struct top {
    ox__msg graph;
    const uint8_t *graph_at;
    bool functions, training;
} top;

static const ox_model_field text_fields[] = {[M_PRODUCER] = OX_MODEL_PRODUCER_NAME,
                                             [M_PRODUCER_VERSION] = OX_MODEL_PRODUCER_VERSION,
                                             [M_DOMAIN] = OX_MODEL_DOMAIN,
                                             [M_DOC] = OX_MODEL_DOC};

static ox_status read_top_field(ox__load *ld, top *t, const ox__field *f, ox_error *err)
{
    ox_model *m = ld->m;
    ox_opset o;
    bool bytes = f->type == OX__WIRE_BYTES;
    ox_status s = OX_OK;
    switch (f->number) {
    case M_IR_VERSION:
        if (f->type == OX__WIRE_VARINT) s = ox_model_set_ir_version(m, (int64_t)f->value, err);
        break;
    case M_VERSION:
        if (f->type == OX__WIRE_VARINT) s = ox_model_set_version(m, (int64_t)f->value, err);
        break;
    case M_PRODUCER:
    case M_PRODUCER_VERSION:
    case M_DOMAIN:
    case M_DOC:
        if (bytes) s = ox_model_set_text(m, text_fields[f->number], ox__load_str(ld, ox__field_span(f)), err);
        break;
    case OX__MODEL_GRAPH:
        if (!bytes) break;
        if (!t->graph_at) t->graph_at = f->at;
        if (!ox__msg_merge(&t->graph, f->sub, &ld->io->arena)) s = ox__nomem(err);
        break;
    case OX__MODEL_OPSET:
        if (!bytes) break;
        s = ox__load_opset(ld, f, 2, &o, err);
        if (s == OX_OK && !ox__vec_push(&ld->opsets, o)) s = ox__nomem(err);
        break;
    case OX__MODEL_METADATA: s = ox__load_pair(ld, f, err); break;
    case OX__MODEL_TRAINING: t->training = true; break;
    case OX__MODEL_FUNCTION: t->functions = true; break;
    default: break;
    }
    return s;
}

/* The field at `at` could not be read. Where that is because the file ends first, says how much of it is not there; a
 * length that no .onnx file can have is not taken for one. */
static ox_status fail_at_top(ox__load *ld, const ox__reader *failed, const uint8_t *at, ox_error *err)
{
    ox__reader r = ox__reader_make(ld->io->start, at, (uint64_t)(failed->end - at));
    uint64_t tag = ox__read_varint(&r), left;
    uint64_t wire = tag & 7, n = wire == OX__WIRE_BYTES || wire == OX__WIRE_VARINT ? ox__read_varint(&r) : 0;
    left = ox__reader_left(&r);
    const char *what = tag >> 3 == OX__MODEL_GRAPH ? "graph" : tag >> 3 == OX__MODEL_FUNCTION ? "function" : "field";
    if (r.failed && (left == 0 || (left < 10 && r.end[-1] >= 0x80))) {
        ox_status s = ox__load_fail(ld, at, OX_E_FORMAT, err, "the file is cut: it ends inside a number");
        ox_error_hint(err, "copy or download it again");
        return s;
    }
    if (r.failed || wire != OX__WIRE_BYTES || n <= left || n > INT32_MAX)
        return ox__reader_status(failed, ld->path, err);
    ox_status s = ox__load_fail(ld, at, OX_E_FORMAT, err, "the file is cut: %llu byte%s missing",
                                (unsigned long long)(n - left), n - left == 1 ? " is" : "s are");
    ox_error_hint(err,
                  "the %s that begins there has %llu bytes, of which %llu are here: copy or download the file again",
                  what, (unsigned long long)n, (unsigned long long)left);
    return s;
}

static ox_status read_top(ox__load *ld, top *t, ox_error *err)
{
    ox__reader r = ox__reader_make(ld->io->start, ld->io->start, ld->io->size);
    ox_status s = OX_OK;
    const uint8_t *at = r.p;
    for (ox__field f; s == OX_OK && ox__read_field(&r, &f); at = r.p) {
        if (f.number != OX__MODEL_GRAPH) s = ox__load_charge(ld, f.at, ox__reader_left(&f.sub) + 2, 64, err);
        if (s == OX_OK) s = read_top_field(ld, t, &f, err);
    }
    if (s == OX_OK && r.failed) s = fail_at_top(ld, &r, at, err);
    if (s == OX_OK && !t->graph_at) {
        s = ox__load_fail(ld, NULL, OX_E_FORMAT, err, "there is no graph in this file");
        ox_error_hint(err, "an .onnx file that was cut short, or another protobuf file");
    }
    if (s == OX_OK && ld->opsets.n) s = ox__model_set_opsets(ld->m, (uint32_t)ld->opsets.n, ld->opsets.p, err);
    if (s == OX_OK && ld->pairs.n) s = ox__model_set_pairs(ld->m, (uint32_t)ld->pairs.n, ld->pairs.p, err);
    ld->opsets.n = ld->pairs.n = 0;
    return s;
}

/* Every field of one number, handed to fn. */
static ox_status each(ox__load *ld, uint32_t number, ox_status (*fn)(ox__load *, const ox__field *, ox_error *),
                      ox_error *err)
{
    ox__reader r = ox__reader_make(ld->io->start, ld->io->start, ld->io->size);
    ox_status s = OX_OK;
    for (ox__field f; s == OX_OK && ox__read_field(&r, &f);)
        if (f.number == number && f.type == OX__WIRE_BYTES) s = fn(ld, &f, err);
    return s;
}

static int by_place(const void *a, const void *b)
{
    uint64_t x = ((const ox__named *)a)->at, y = ((const ox__named *)b)->at;
    return x < y ? -1 : x > y;
}

/* Functions first, since their names are their own; training graphs last, since they may use values of the main one. */
static ox_status read_model(void *ud, ox_error *err)
{
    ox__load *ld = ud;
    top t = {.graph_at = NULL};
    ox_graph main_graph;
    ox_status s = read_top(ld, &t, err);
    if (s == OX_OK && t.functions) s = each(ld, OX__MODEL_FUNCTION, ox__load_function, err);
    if (s == OX_OK) s = ox__load_graph(ld, &main_graph, OX_GRAPH_MAIN, t.graph_at, &t.graph, 2, err);
    if (s == OX_OK && t.training) s = each(ld, OX__MODEL_TRAINING, ox__load_training, err);
    if (s == OX_OK && ld->io->named.n) qsort(ld->io->named.p, ld->io->named.n, sizeof *ld->io->named.p, by_place);
    return s == OX_OK ? ox_model_status(ld->m, err) : s;
}

/* ---- the load ---- */

static void free_load(ox__load *ld)
{
    ox__arena_free(&ld->tmp);
    ox__arena_free(&ld->lists);
    ox__arena_free(&ld->leaf.arena);
    ox__vec_free(&ld->bound);
    ox__vec_free(&ld->changes);
    ox__vec_free(&ld->loose);
    ox__vec_free(&ld->ids);
    ox__vec_free(&ld->outs);
    ox__vec_free(&ld->attrs);
    ox__vec_free(&ld->pairs);
    ox__vec_free(&ld->dims);
    ox__vec_free(&ld->opsets);
    ox__scopes_free(ld);
    ox__free(ld->dir);
}

/* Hands the map to a new model and gives that its io part. */
static ox_status prepare(ox__load *ld, ox_error *err)
{
    const char *slash = strrchr(ld->path, '/');
    ld->dir = ox__strndup(ld->path, slash ? (size_t)(slash - ld->path) + 1 : 0);
    if (!ld->dir) return ox__nomem(err);
    ox_status s = ox_model_create(&ld->m, OX_MODEL_ONNX, err);
    if (s != OX_OK) return s;
    ox__onnx *io = ld->io = ox__calloc(1, sizeof *io);
    if (!io) return ox__nomem(err);
    ld->m->io = io;
    ld->m->io_free = ox__onnx_free;
    io->start = ld->args->map->p;
    io->size = ld->args->map->n;
    io->mapped = !ld->args->map->owned_memory;
    io->here[0] = (uint64_t)ld->args->map->st.st_dev;
    io->here[1] = (uint64_t)ld->args->map->st.st_ino; /* zeros for what came through a pipe: no file is that */
    s = ox__model_add_file(ld->m, ld->args->map, &io->file, err);
    if (s != OX_OK) return s;
    if (!ox__vec_push(&io->rec_at, 0) || !ox__vec_push(&io->rec_id, 0) || !ox__scopes_init(ld)) return ox__nomem(err);
    return OX_OK;
}

static void warn_no_data(const ox__load *ld)
{
    if (!ld->n_no_data || !ld->args->warn) return;
    ox_error w = ld->no_data;
    ox_error_context(&w, "%zu tensor%s ha%s no data", ld->n_no_data, ld->n_no_data == 1 ? "" : "s",
                     ld->n_no_data == 1 ? "s" : "ve");
    ld->args->warn(ld->args->ud, &w);
}

static ox_status open_onnx(ox_model **out, ox__open_args *args, ox_error *err)
{
    ox__load ld = {.args = args, .path = args->path};
    ox_status s = prepare(&ld, err);
    if (s == OX_OK) {
        ox__journal_pause(ld.m);
        s = ox__guarded(read_model, &ld, ld.path, err);
        if (s == OX_OK) s = ox_model_set_text(ld.m, OX_MODEL_PATH, ox_str_addz(ld.m, ld.path), err);
        ox__journal_resume(ld.m);
        /* a string that could not be kept looks like a missing one to whoever asks for it next */
        if (s != OX_OK && ox_model_status(ld.m, NULL) != OX_OK) s = ox__nomem(err);
    }
    if (s == OX_OK) {
        warn_no_data(&ld);
        *out = ld.m;
        ld.m = NULL;
    }
    ox_model_free(ld.m);
    free_load(&ld);
    return s;
}

/* Field numbers and wire types of a model; the length of the graph may be wrong, so that the walk says where. */
static int sniff_onnx(const uint8_t *p, uint64_t n, const char *path)
{
    size_t len = path ? strlen(path) : 0;
    int named = len > 5 && strcmp(path + len - 5, ".onnx") == 0 ? 30 : 0;
    ox__reader r = ox__reader_make(p, p, n);
    int score = 0;
    for (ox__field f; score < 60 && ox__read_field(&r, &f);) {
        bool number = f.number == M_IR_VERSION || f.number == M_VERSION;
        bool known = f.number <= 8 || f.number == 14 || f.number == 20 || f.number == 25 || f.number == 26;
        if (!known || f.type != (number ? (uint32_t)OX__WIRE_VARINT : (uint32_t)OX__WIRE_BYTES)) return named;
        score += f.number == OX__MODEL_GRAPH || (f.number == M_IR_VERSION && f.value < 1000) ? 60 : 15;
    }
    return score + named;
}

const ox__format ox__format_onnx = {
    .name = "onnx",
    .extensions = ".onnx",
    .help = "ONNX models, IR version 3 to the newest",
    .sniff = sniff_onnx,
    .open = open_onnx,
};
