/* The pieces of work of test_alloc.c that run Lua: chunks, and conversions, those that end with failures too; and
 * refusals, which must not hide that memory was short. */
#include "workloads.h"

#include "files.h"

#include "base/base.h"

#include <onnxsh/journal.h>
#include <onnxsh/print.h>
#include <onnxsh/script.h>

#include <stdio.h>
#include <unistd.h>

static ox_status host_print(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)ud, (void)s, (void)n, (void)err;
    return OX_OK;
}

static ox_model *host_model(void *ud)
{
    (void)ud;
    return hand.m;
}

static ox_status start_script(ox_script **script, ox_symbolics **symbolics, ox_error *err)
{
    ox_status s = ox_symbolics_create(symbolics, err);
    ox_script_options opt = {.symbolics = *symbolics, .host = {NULL, host_print, host_model, NULL, NULL, NULL}};
    return s == OX_OK ? ox_script_create(script, &opt, err) : s;
}

ox_status run_lua(const workload *w, ox_error *err)
{
    ox_script *script = NULL;
    ox_symbolics *symbolics = NULL;
    ox_status s = start_script(&script, &symbolics, err);
    if (s == OX_OK) s = ox_script_chunk(script, w->arg, strlen(w->arg), "=test", NULL, err);
    ox_script_free(script);
    ox_symbolics_free(symbolics);
    return s;
}

void before_lua_model(const workload *w)
{
    workload model = *w;
    model.arg = "fuzz/corpus/onnx/conv.onnx";
    open_model(&model);
}

bool after_lua_model(const workload *w, ox_status s)
{
    ox_error err;
    bool whole = true;
    if (s == OX_OK && ox_journal_is_open(hand.m)) whole = ox_journal_commit(hand.m, "lua", &err) == OX_OK;
    return after_edit(w, s) && whole;
}

/* ---- conversion ---- */

void before_convert(const workload *w)
{
    open_model(w);
    if (!(w->mode & CONVERT_WEIGHTS)) return;
    char path[4096];
    size_t n;
    ox_error err;
    ox_bind_report r;
    snprintf(path, sizeof path, "%.*s.npz", (int)(strlen(w->arg) - strlen(".txt")), w->arg);
    if (ox_lift_parameters(hand.m, &n, &err) != OX_OK ||
        ox_bind_weights(hand.m, files_test(path), &r, NULL, NULL, &err) != OX_OK ||
        ox_journal_commit(hand.m, "weights", &err) != OX_OK)
        files_stop(path, &err);
}

static uint64_t digest_text(uint64_t h, const char *s)
{
    return ox__hash_mix(h, ox__hash(s, strlen(s)));
}

/* Of what a report says. */
static uint64_t digest_report(const ox_report *r)
{
    uint64_t h = ox__hash_mix(1, ox_report_n(r));
    for (size_t i = 0; i < ox_report_n(r); i++) {
        const ox_failure *f = ox_report_at(r, i);
        h = ox__hash_mix(ox__hash_mix(h, f->kind), f->cause);
        h = ox__hash_mix(ox__hash_mix(h, f->line), f->lua_line);
        h = digest_text(digest_text(digest_text(h, f->op), f->scope), f->file);
        h = digest_text(digest_text(digest_text(h, f->message), f->hint), f->arguments);
        h = digest_text(h, f->lua_file);
    }
    return h;
}

static uint64_t said; /* by the report of the last conversion */

/* Failures are a result as good as a model is. */
ox_status run_convert(const workload *w, ox_error *err)
{
    ox_script *script = NULL;
    ox_symbolics *symbolics = NULL;
    ox_model *out = NULL;
    ox_report *report = NULL;
    ox_convert_options opt = {.opset = w->mode & CONVERT_OPSET,
                              .doc = w->mode & CONVERT_DOC,
                              .unsupported = w->mode & CONVERT_PASS   ? OX_UNSUPPORTED_FALLTHROUGH
                                             : w->mode & CONVERT_ATEN ? OX_UNSUPPORTED_ATEN
                                                                      : OX_UNSUPPORTED_ERROR};
    ox_status s = start_script(&script, &symbolics, err);
    if (s == OX_OK) s = ox_convert(&out, &report, hand.m, symbolics, &opt, err);
    if (s == OX_OK || s == OX_E_CHECK) said = digest_report(report);
    if (s == OX_OK)
        s = ox_save_onnx(out, files_scratch("out.onnx"), NULL, err);
    else if (s == OX_E_CHECK)
        s = OX_OK;
    ox_report_free(report);
    ox_model_free(out);
    ox_script_free(script);
    ox_symbolics_free(symbolics);
    return s;
}

/* A conversion that goes on without some memory must give what it gives with all of it: the first run has that. */
static bool is_the_same(const workload *w, bool there)
{
    static const workload *of;
    static uint64_t first;
    uint64_t h = ox__hash_mix(said, there ? files_digest(files_scratch("out.onnx")) : 0);
    if (of != w) first = h;
    of = w;
    if (h != first) fprintf(stderr, "%s: another result\n", w->name);
    return h == first;
}

bool after_convert(const workload *w, ox_status s)
{
    ox_error err;
    bool there = access(files_scratch("out.onnx"), F_OK) == 0, whole = !files_has_temporary();
    if (s == OX_OK && there) whole = whole && files_digest_model(files_scratch("out.onnx")) != 0;
    whole = whole && (s == OX_OK ? is_the_same(w, there) : !there);
    whole = whole && !ox_journal_is_open(hand.m) && ox_model_status(hand.m, &err) == OX_OK;
    if (!whole) fprintf(stderr, "%s: the trace or the result is not whole\n", w->name);
    close_model(w, s);
    files_empty();
    return whole;
}

/* ---- the types of a trace ---- */
static uint64_t digest_types(const ox_model *m)
{
    uint64_t h = 1;
    char text[512];
    for (uint32_t id = 1; id < ox_model_value_limit(m); id++) {
        ox_type_text(m, ox_value_type(m, ox_model_value_at(m, id)), text, sizeof text);
        h = digest_text(h, text);
    }
    return h;
}

static uint64_t types_of_file;

void before_types(const workload *w)
{
    open_model(w);
    types_of_file = digest_types(hand.m);
}

ox_status run_types(const workload *w, ox_error *err)
{
    (void)w;
    ox_script *script = NULL;
    ox_symbolics *symbolics = NULL;
    ox_typing *typing = NULL;
    ox_status s = start_script(&script, &symbolics, err);
    if (s == OX_OK) s = ox_typing_create(&typing, hand.m, symbolics, err);
    if (s == OX_OK) s = ox_typing_update(typing, NULL, NULL, NULL, NULL, err);
    ox_typing_free(typing);
    ox_script_free(script);
    ox_symbolics_free(symbolics);
    return s;
}

/* All types are there, or those of the file, and nothing else is changed. */
bool after_types(const workload *w, ox_status s)
{
    static const workload *of;
    static uint64_t first;
    ox_error err;
    uint64_t h = digest_types(hand.m);
    if (of != w) first = h;
    of = w;
    bool whole = h == (s == OX_OK ? first : types_of_file) && (s != OX_OK || h != types_of_file);
    whole = whole && !ox_journal_is_open(hand.m) && ox_model_status(hand.m, &err) == OX_OK;
    if (!whole) fprintf(stderr, "types %s: others than with memory, or than those of the file\n", w->arg);
    close_model(w, s);
    return whole;
}

/* ---- refusals ---- */

/* A refusal is right if it has the code that it has with all memory; so it is OX_OK here, and any other code stays. */
static ox_status refused(ox_status s, ox_status wanted, ox_error *err)
{
    if (s == wanted) return OX_OK;
    return s == OX_OK ? ox__fail(err, OX_E_INVALID, "nothing was refused") : s;
}

static ox_status never_called(ox_call *c, size_t n, const ox_arg *args, void *ud, ox_error *err)
{
    (void)c, (void)n, (void)args, (void)ud;
    return ox__fail(err, OX_E_INVALID, "it was called");
}

static ox_status refuse_dynamic(const workload *w, ox_error *err)
{
    (void)w;
    static const ox_dynamic_axis axis = {"nobody", 0, "batch"};
    ox_convert_options opt = {.n_dynamic = 1, .dynamic = &axis};
    ox_symbolics *symbolics = NULL;
    ox_report *report = NULL;
    ox_model *out = NULL;
    ox_status s = ox_symbolics_create(&symbolics, err);
    if (s == OX_OK) s = ox_convert(&out, &report, hand.m, symbolics, &opt, err);
    ox_report_free(report);
    ox_model_free(out);
    ox_symbolics_free(symbolics);
    return refused(s, OX_E_INVALID, err);
}

static ox_status refuse_parameters(ox_error *err)
{
    static const char *const params[] = {"self", "nonsense"};
    ox_symbolic_def def = {.name = "aten::relu", .n_params = 2, .params = params, .fn = never_called};
    ox_symbolics *symbolics = NULL;
    ox_status s = ox_symbolics_create(&symbolics, err);
    if (s == OX_OK) s = ox_symbolics_add(symbolics, &def, err);
    ox_symbolics_free(symbolics);
    return refused(s, OX_E_INVALID, err);
}

static ox_status refuse_file(const char *format, ox_status wanted, ox_error *err)
{
    ox_model *m = NULL;
    ox_open_options opt = {.format = format};
    ox_status s = ox_open(&m, files_test("run.sh"), &opt, NULL, NULL, err);
    ox_model_free(m);
    return refused(s, wanted, err);
}

ox_status run_refusals(const workload *w, ox_error *err)
{
    ox_status s = refuse_file(NULL, OX_E_FORMAT, err);
    if (s == OX_OK) s = refuse_file("nonsense", OX_E_INVALID, err);
    if (s == OX_OK) s = refuse_parameters(err);
    return s == OX_OK ? refuse_dynamic(w, err) : s;
}

static bool count_one(void *ud, const ox_symbolic_def *def)
{
    (void)def;
    ++*(size_t *)ud;
    return true;
}

/* The answer must not depend on memory: it is that of the first run. */
ox_status run_missing(const workload *w, ox_error *err)
{
    static size_t first_missing, first_listed;
    (void)w;
    ox_script *script = NULL;
    ox_symbolics *symbolics = NULL;
    size_t missing = 0, listed = 0;
    ox_status s = start_script(&script, &symbolics, err);
    ox_node n = ox_graph_first(hand.m, ox_model_main(hand.m));
    for (; s == OX_OK && n.id; n = ox_node_next(hand.m, n)) {
        bool yes;
        s = ox_node_is_convertible(&yes, symbolics, hand.m, n, 17, err);
        missing += s == OX_OK && !yes;
    }
    if (s == OX_OK) s = ox_symbolics_each(symbolics, "aten::relu", count_one, &listed, err);
    if (s == OX_OK) s = ox_symbolics_each(symbolics, NULL, count_one, &listed, err);
    ox_script_free(script);
    ox_symbolics_free(symbolics);
    if (s != OX_OK) return s;
    if (!first_listed) first_missing = missing, first_listed = listed;
    if (missing == first_missing && listed == first_listed) return OX_OK;
    return ox__fail(err, OX_E_INVALID, "%zu are missing, %zu listed", missing, listed);
}
