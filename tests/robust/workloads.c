/* The pieces of work of test_alloc.c, over the whole library: opening, printing, editing, saving, checking, searching,
 * binding; Lua and conversion stand in workloads_lua.c. */
#include "workloads.h"

#include "files.h"

#include "base/base.h"

#include <onnxsh/aten.h>
#include <onnxsh/check.h>
#include <onnxsh/journal.h>
#include <onnxsh/print.h>
#include <onnxsh/query.h>
#include <onnxsh/schema.h>

#include <stdio.h>
#include <stdlib.h>

struct hand hand;

void open_model(const workload *w)
{
    ox_error err;
    if (ox_open(&hand.m, files_test(w->arg), NULL, NULL, NULL, &err) != OX_OK) files_stop(w->arg, &err);
}

bool close_model(const workload *w, ox_status s)
{
    (void)w, (void)s;
    ox_model_free(hand.m);
    hand.m = NULL;
    return true;
}

/* ---- opening ---- */

static ox_status run_open(const workload *w, ox_error *err)
{
    ox_model *m = NULL;
    ox_open_options opt = {.graph = w->mode};
    ox_status s = ox_open(&m, files_test(w->arg), &opt, NULL, NULL, err);
    ox_model_free(m);
    return s;
}

static ox_status run_list(const workload *w, ox_error *err)
{
    ox_graph_row rows[4];
    size_t n;
    return ox_list_graphs(files_test(w->arg), rows, 4, &n, err);
}

/* ---- looking ---- */

static ox_status count(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)s, (void)err;
    *(size_t *)ud += n;
    return OX_OK;
}

static ox_status run_print(const workload *w, ox_error *err)
{
    size_t n = 0;
    ox_sink out = {count, &n};
    ox_print_options opt = {.style = (ox_style)w->mode, .full = true};
    return ox_graph_print(hand.m, ox_model_main(hand.m), &opt, &out, err);
}

static ox_status run_check(const workload *w, ox_error *err)
{
    (void)w;
    ox_check_options full = {.full = true};
    return ox_check_run(hand.m, &full, NULL, NULL, NULL, NULL, err);
}

static bool go_on(void *ud, ox_node n)
{
    (void)n;
    ++*(size_t *)ud;
    return true;
}

static ox_status run_query(const workload *w, ox_error *err)
{
    (void)w;
    static const char *const queries[] = {"op:/conv|relu/ and not scope:features.9", "up(%input,3) or down(%input)",
                                          "shape:[*,64,..] dtype:float32", "(attr:value>0 or name:\"a b\") rank:4"};
    ox_status s = OX_OK;
    for (size_t i = 0; i < OX__COUNT(queries) && s == OX_OK; i++) {
        ox_query *q = NULL;
        size_t n = 0;
        s = ox_query_parse(&q, hand.m, queries[i], strlen(queries[i]), err);
        if (s == OX_E_NOT_FOUND || s == OX_E_INVALID) { /* a value that this model has not, say */
            s = OX_OK;
            continue;
        }
        if (s == OX_OK) s = ox_query_run(q, hand.m, go_on, &n, NULL, err);
        ox_query_free(q);
    }
    ox_node *order = NULL;
    size_t n;
    if (s == OX_OK) s = ox_graph_toposort(hand.m, ox_model_main(hand.m), &order, &n, err);
    ox_query_free_nodes(order);
    return s;
}

static ox_status run_stats(const workload *w, ox_error *err)
{
    ox_status s = OX_OK;
    (void)w;
    for (uint32_t i = 1; i < 20 && s == OX_OK; i++) {
        ox_tensor_stats_t stats;
        s = ox_tensor_stats(hand.m, (ox_tensor){i}, &stats, NULL, err);
        if (s != OX_E_NOMEM) s = OX_OK; /* strings and the like have none */
    }
    return s;
}

static void count_text(void *ud, const char *s, size_t n)
{
    (void)s;
    *(size_t *)ud += n;
}

static ox_status run_schemas(const workload *w, ox_error *err)
{
    static const char text[] = "acme::warp(Tensor x, int[2]? grid=[1, 2], *, str mode=\"a\") -> (Tensor a, Tensor[] b)";
    ox_aten_schema *schema = NULL;
    size_t n = 0;
    (void)w;
    ox_status s = ox_aten_parse(&schema, text, sizeof text - 1, err);
    ox_aten_free(schema);
    if (s == OX_OK) s = ox_schema_print("Conv", NULL, count_text, &n, err);
    if (s == OX_OK) s = ox_schema_print("aten::conv2d", NULL, count_text, &n, err);
    return s;
}

/* ---- editing ---- */

static ox_status run_edit(const workload *w, ox_error *err)
{
    (void)w;
    ox_mark mark = ox_journal_mark(hand.m);
    ox_status s = files_edit(hand.m, err);
    if (s == OX_OK) s = ox_journal_commit(hand.m, "edit", err);
    if (s != OX_OK) {
        ox_journal_rollback(hand.m, mark); /* also where nothing changed but a string was wanted */
        return s;
    }
    s = ox_journal_undo(hand.m, NULL, err);
    if (s == OX_OK) s = ox_journal_redo(hand.m, NULL, err);
    return s;
}

/* Whatever happened, going back to the start of the journal leaves the model as it was opened. */
bool after_edit(const workload *w, ox_status s)
{
    ox_error err;
    bool whole = true;
    ox_error_clear(&err);
    while (ox_journal_n_undo(hand.m) && whole) whole = ox_journal_undo(hand.m, NULL, &err) == OX_OK;
    whole = whole && ox_model_status(hand.m, &err) == OX_OK && !ox_model_is_modified(hand.m);
    if (!whole) fprintf(stderr, "%s: the model is not what it was: %s\n", w->name, err.msg);
    close_model(w, s);
    return whole;
}

static ox_status run_dims(const workload *w, ox_error *err)
{
    static const char text[] = "(2*seq+1)//2 + max(a, b*c) - min(d, 3)*seq";
    ox_model *m = NULL;
    ox_dim d;
    (void)w;
    ox_status s = ox_model_create(&m, OX_MODEL_ONNX, err);
    if (s == OX_OK) s = ox_dim_parse(m, text, sizeof text - 1, &d, err);
    if (s == OX_OK) {
        d = ox_dim_mul(m, d, ox_dim_add(m, d, ox_dim_const(m, -5)));
        d = ox_dim_substitute(m, d, ox_str_addz(m, "seq"), ox_dim_const(m, 7));
        ox_type_tensor(m, OX_FLOAT, 1, &d);
        s = ox_model_status(m, err);
    }
    ox_model_free(m);
    return s;
}

/* ---- saving over a file ---- */

static uint64_t old_digest, old_bytes;
static size_t old_entries;

enum { SAVE_PLAIN, SAVE_EDITED, SAVE_EXTERNAL, SAVE_EXTERNAL_AGAIN, SAVE_INLINE };

/* An old file at the place that is saved to; for the external modes a model with its data beside it. */
static void before_save(const workload *w)
{
    ox_error err;
    open_model(w);
    snprintf(hand.path, sizeof hand.path, "%s", files_scratch("m.onnx"));
    ox_save_options opt = {.external = OX_EXTERNAL_ALWAYS};
    if (w->mode == SAVE_EXTERNAL_AGAIN || w->mode == SAVE_INLINE) {
        if (ox_save_onnx(hand.m, hand.path, &opt, &err) != OX_OK) files_stop("save", &err);
        ox_model_free(hand.m);
        if (ox_open(&hand.m, hand.path, NULL, NULL, NULL, &err) != OX_OK) files_stop("open", &err);
    } else {
        files_copy(files_test("fuzz/corpus/onnx/ifs.onnx"), hand.path);
    }
    old_digest = files_digest_model(hand.path);
    old_bytes = files_digest(hand.path);
    old_entries = files_count();
    if (w->mode != SAVE_PLAIN &&
        (files_edit(hand.m, &err) != OX_OK || ox_journal_commit(hand.m, "edit", &err) != OX_OK))
        files_stop("edit", &err);
}

static ox_status run_save(const workload *w, ox_error *err)
{
    ox_save_options opt = {.external = w->mode == SAVE_EXTERNAL ? OX_EXTERNAL_ALWAYS
                                       : w->mode == SAVE_INLINE ? OX_EXTERNAL_NEVER
                                                                : OX_EXTERNAL_AUTO};
    return ox_save_onnx(hand.m, hand.path, &opt, err);
}

static bool after_save(const workload *w, ox_status s)
{
    bool whole = files_digest_model(hand.path) != 0;
    if (s != OX_OK)
        whole = whole && files_digest(hand.path) == old_bytes && files_digest_model(hand.path) == old_digest;
    if (s != OX_OK && files_count() != old_entries) {
        fprintf(stderr, "%s: something is left\n", w->name);
        whole = false;
    }
    if (s == OX_OK && w->mode != SAVE_PLAIN) whole = whole && files_digest(hand.path) != old_bytes;
    if (files_has_temporary()) {
        fprintf(stderr, "%s: a temporary file is left\n", w->name);
        whole = false;
    }
    if (!whole) fprintf(stderr, "%s: the file is neither the old one nor the new one\n", w->name);
    close_model(w, s);
    files_empty();
    return whole;
}

/* ---- weights ---- */

static void before_bind(const workload *w)
{
    (void)w;
    static const int64_t dims[] = {4, 3, 2};
    ox_error err;
    ox_value v;
    if (ox_model_create(&hand.m, OX_MODEL_TRACE, &err) != OX_OK) files_stop("model", &err);
    ox_dim d[3];
    for (int i = 0; i < 3; i++) d[i] = ox_dim_const(hand.m, dims[i]);
    static const char *const names[] = {"x", "conv1.weight", "b", "half", "flag"};
    for (size_t i = 0; i < OX__COUNT(names); i++)
        if (ox_graph_add_input(hand.m, &v, ox_model_main(hand.m), SIZE_MAX, ox_str_addz(hand.m, names[i]),
                               i == 1 ? ox_type_tensor(hand.m, OX_FLOAT, 3, d) : (ox_type){0}, &err) != OX_OK)
            files_stop("input", &err);
    if (ox_journal_commit(hand.m, "made", &err) != OX_OK) files_stop("commit", &err);
}

static ox_status run_bind(const workload *w, ox_error *err)
{
    ox_bind_report r;
    return ox_bind_weights(hand.m, files_test(w->arg), &r, NULL, NULL, err);
}

static bool after_bind(const workload *w, ox_status s)
{
    size_t n = ox_graph_n_initializers(hand.m, ox_model_main(hand.m));
    bool whole = (s == OX_OK) == (n > 0);
    if (!whole) fprintf(stderr, "%s: %zu weights are bound\n", w->name, n);
    close_model(w, s);
    return whole;
}

static const char lua_values[] = "local t = sym.tensor({1, 2, 3.5}, 'float32', {3})\n"
                                 "local parts = {}\n"
                                 "for i = 1, 50 do parts[#parts + 1] = ('%d %s'):format(i, tostring(t)) end\n"
                                 "print(table.concat(parts, ' '), #t:totable())\n"
                                 "symbolic('acme::f', {schema = 'acme::f(Tensor x, int a=1) -> Tensor'}, function(g, "
                                 "x, a) return g:op('Relu', x) end)\n";
static const char lua_edits[] =
    "local g = model:graph()\n"
    "for i, n in ipairs(g:nodes()) do n:set_name('n' .. i) print(n, n:op(), #n:inputs()) end\n"
    "for _, n in ipairs(g:find('op:Relu')) do print(n:outputs()[1]:type()) end\n";

#define CORPUS "fuzz/corpus/onnx/"
#define TRACES "traces/"
#define OPEN(file) \
    { \
        "open " file, NULL, run_open, NULL, file, 0 \
    }
#define PRINT(file, style) \
    { \
        "print " #style " " file, open_model, run_print, close_model, file, style \
    }
#define CONVERT(file, mode) \
    { \
        "convert " file " " #mode, before_convert, run_convert, after_convert, file, mode \
    }

#define TYPES(file) \
    { \
        "types " file, before_types, run_types, after_types, file, 0 \
    }

const workload workloads[] = {
    OPEN(CORPUS "attributes.onnx"),
    OPEN(CORPUS "tensors.onnx"),
    OPEN(CORPUS "types.onnx"),
    OPEN(CORPUS "functions.onnx"),
    OPEN(CORPUS "scopes.onnx"),
    OPEN(CORPUS "ifs.onnx"),
    OPEN("io/arrays/weights.onnx"),
    OPEN(TRACES "cnn.verbose.graph.txt"),
    OPEN(TRACES "script_kitchen.graph.txt"),
    OPEN(TRACES "torch-2.13/lstm.verbose.txt"),
    OPEN(TRACES "torch-2.13/constants.traced.txt"),
    OPEN(TRACES "eras/e1_2018.txt"),
    {"open a log", NULL, run_open, NULL, TRACES "logs/unsupported_op_verbose.txt", 1},
    {"list a log", NULL, run_list, NULL, TRACES "logs/transformer_fastpath_verbose.txt", 0},
    PRINT(CORPUS "attributes.onnx", OX_STYLE_SEED),
    PRINT(CORPUS "functions.onnx", OX_STYLE_ONNX),
    PRINT(CORPUS "tensors.onnx", OX_STYLE_ONNX),
    PRINT(CORPUS "types.onnx", OX_STYLE_PRINTABLE),
    PRINT(TRACES "script_kitchen.graph.txt", OX_STYLE_TORCH),
    PRINT(TRACES "embattn.aten.graph.txt", OX_STYLE_FOLDED),
    {"check", open_model, run_check, close_model, CORPUS "functions.onnx", 0},
    {"check tensors", open_model, run_check, close_model, CORPUS "tensors.onnx", 0},
    {"check a trace", open_model, run_check, close_model, TRACES "cnn.aten.graph.txt", 0},
    {"query", open_model, run_query, close_model, TRACES "cnn.aten.graph.txt", 0},
    {"statistics", open_model, run_stats, close_model, CORPUS "tensors.onnx", 0},
    {"schemas", NULL, run_schemas, NULL, NULL, 0},
    {"dims", NULL, run_dims, NULL, NULL, 0},
    {"edit, undo, redo", open_model, run_edit, after_edit, CORPUS "conv.onnx", 0},
    {"edit a trace", open_model, run_edit, after_edit, TRACES "cnn.aten.graph.txt", 0},
    {"journal on disk", before_journal, run_journal, after_journal, CORPUS "conv.onnx", 0},
    {"journal of a trace on disk", before_journal, run_journal, after_journal, TRACES "cnn.aten.graph.txt", 0},
    {"a dim of a trace becomes dynamic", before_baked, run_baked, after_baked, NULL, 0},
    {"a dim of an ONNX model becomes dynamic", before_baked, run_baked, after_baked, NULL, 1},
    {"save unedited", before_save, run_save, after_save, CORPUS "attributes.onnx", SAVE_PLAIN},
    {"save edited", before_save, run_save, after_save, CORPUS "attributes.onnx", SAVE_EDITED},
    {"save edited functions", before_save, run_save, after_save, CORPUS "functions.onnx", SAVE_EDITED},
    {"save with data outside", before_save, run_save, after_save, "robust/data/weights.onnx", SAVE_EXTERNAL},
    {"save in place, data outside", before_save, run_save, after_save, "robust/data/weights.onnx", SAVE_EXTERNAL_AGAIN},
    {"save in place, data taken in", before_save, run_save, after_save, "robust/data/weights.onnx", SAVE_INLINE},
    {"bind npz", before_bind, run_bind, after_bind, "io/arrays/plain.npz", 0},
    {"bind deflated npz", before_bind, run_bind, after_bind, "io/arrays/packed.npz", 0},
    {"bind safetensors", before_bind, run_bind, after_bind, "io/arrays/plain.safetensors", 0},
    {"bind onnx", before_bind, run_bind, after_bind, "io/arrays/weights.onnx", 0},
    {"Lua values", NULL, run_lua, NULL, lua_values, 0},
    {"refusals", open_model, run_refusals, close_model, "robust/data/small_net.txt", 0},
    {"which operators are missing", open_model, run_missing, close_model, TRACES "script_kitchen.graph.txt", 0},
    {"Lua edits", before_lua_model, run_lua, after_lua_model, lua_edits, 0},
    CONVERT("robust/data/small_net.txt", 17),
    CONVERT("robust/data/small_net.txt", 9),
    CONVERT("robust/data/constants.txt", 17),
    CONVERT(TRACES "cnn.aten.graph.txt", 21 | CONVERT_DOC),
    CONVERT(TRACES "embattn.verbose.graph.txt", 17),
    CONVERT(TRACES "embattn_fn.verbose.graph.txt", 17),
    CONVERT(TRACES "lstm.aten.graph.txt", 17),
    CONVERT(TRACES "lstm.verbose.graph.txt", 17),
    CONVERT(TRACES "cnn.inlined.graph.txt", 13),
    CONVERT(TRACES "scriptcf.inlined.graph.txt", 17),
    CONVERT(TRACES "scriptcf.verbose.graph.txt", 17),
    CONVERT(TRACES "while_fn.script.graph.txt", 17),
    CONVERT(TRACES "script_kitchen.graph.txt", 17),
    CONVERT(TRACES "script_kitchen.graph.txt", 17 | CONVERT_PASS),
    CONVERT(TRACES "unsup.aten.graph.txt", 17),
    CONVERT(TRACES "unsup.aten.graph.txt", 17 | CONVERT_ATEN),
    TYPES("fixtures/torch/trace_213.pt"),
    TYPES("fixtures/torch/script_213.pt"),
    TYPES(TRACES "scriptcf.inlined.graph.txt"),
    CONVERT("fixtures/torch/script_213.pt", 17),
    CONVERT("fuzz/corpus/convert/control.inlined.txt", 17),
    CONVERT("fuzz/corpus/convert/cnn.frozen.txt", 17),
    CONVERT("../examples/elu_2018/elu_net.txt", 17 | CONVERT_WEIGHTS),
    CONVERT("../examples/custom_op/hardmish_net.txt", 17 | CONVERT_WEIGHTS | CONVERT_PASS),
    CONVERT(CORPUS "functions.onnx", 17),
    CONVERT(CORPUS "loop_scan.onnx", 17),
    CONVERT(CORPUS "types.onnx", 17),
};
const size_t n_workloads = OX__COUNT(workloads);
