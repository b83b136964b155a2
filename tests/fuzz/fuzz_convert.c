/* Conversion of traces, and of .onnx files: the first byte chooses opset and policy, the rest is the file. What comes
 * out is a model that saves, opens again and can be checked; what does not has failures with a message each; the source
 * is as it was. */
#include "fuzz.h"

#include <onnxsh/check.h>
#include <onnxsh/io.h>
#include <onnxsh/journal.h>
#include <onnxsh/script.h>

#include <stdio.h>

static ox_symbolics *symbolics;
static ox_script *script;

static ox_status print_nothing(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)ud, (void)s, (void)n, (void)err;
    return OX_OK;
}

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    ox_error err;
    (void)argc, (void)argv;
    fuzz_dir();
    ox_status s = ox_symbolics_create(&symbolics, &err);
    ox_script_options opt = {.symbolics = symbolics, .host = {.print = print_nothing}};
    if (s == OX_OK) s = ox_script_create(&script, &opt, &err);
    FUZZ_CHECK(s == OX_OK, "%s", err.msg);
    return 0;
}

static void check_report(const ox_report *r, const ox_model *source)
{
    for (size_t i = 0; i < ox_report_n(r); i++) {
        const ox_failure *f = ox_report_at(r, i);
        FUZZ_CHECK(f->message && f->message[0], "failure %zu has no message", i);
        FUZZ_CHECK(!f->node.id || ox_node_is_alive(source, f->node), "failure %zu is about no node of the trace", i);
        FUZZ_CHECK((f->kind == OX_FAILURE_CONSEQUENCE) == (f->cause != SIZE_MAX), "failure %zu: %s", i, f->message);
        FUZZ_CHECK(f->cause == SIZE_MAX || f->cause < ox_report_n(r), "failure %zu has no cause", i);
    }
}

static void check_result(const ox_model *m)
{
    ox_model *again;
    ox_error err;
    ox_error_clear(&err);
    ox_status s = ox_save_onnx(m, fuzz_path("out.onnx"), NULL, &err);
    if (s != OX_OK) { /* lost constants have no data to write */
        fuzz_check_error(&err, s, SIZE_MAX - 1);
        return;
    }
    s = ox_open(&again, fuzz_path("out.onnx"), NULL, NULL, NULL, &err);
    FUZZ_CHECK(s == OX_OK, "the result does not open: %s", err.msg);
    FUZZ_CHECK(ox_model_n_nodes(again) == ox_model_n_nodes(m), "%zu nodes and %zu", ox_model_n_nodes(again),
               ox_model_n_nodes(m));
    s = ox_check_run(again, NULL, NULL, NULL, NULL, NULL, &err);
    FUZZ_CHECK(s == OX_OK, "%s", err.msg);
    ox_model_free(again);
    fuzz_clean();
}

static void on_finding(void *ud, const ox_infer_finding *f)
{
    const ox_model *m = ud;
    FUZZ_CHECK(f->message && f->message[0], "a finding has no message");
    FUZZ_CHECK(ox_node_is_alive(m, f->node), "a finding is about no node: %s", f->message);
}

/* Types are found beside everything else, and can be taken back. */
static void check_types(ox_model *m)
{
    ox_typing *t;
    ox_error err;
    ox_infer_options how = {0};
    ox_error_clear(&err);
    ox_status s = ox_typing_create(&t, m, symbolics, &err);
    if (s == OX_OK) s = ox_typing_update(t, &how, NULL, on_finding, m, &err);
    if (s != OX_OK) fuzz_check_error(&err, s, SIZE_MAX - 1);
    FUZZ_CHECK(!ox_model_is_modified(m) && !ox_journal_is_open(m), "looking at types is no edit");
    ox_typing_reset(t);
    for (uint32_t id = 1; id < ox_model_value_limit(m); id++) {
        ox_value v = ox_model_value_at(m, id);
        FUZZ_CHECK(ox_value_type(m, v).id == ox_value_given_type(m, v).id, "value %u keeps a type", id);
    }
    ox_typing_free(t);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    static const int64_t opsets[] = {9, 11, 13, 17, 18, 21, 0, 10};
    ox_model *m, *out = NULL;
    ox_report *report = NULL;
    ox_error err;
    if (n == 0) return 0;
    uint8_t choice = data[0];
    ox_convert_options opt = {.opset = opsets[choice & 7],
                              .unsupported = (ox_unsupported_policy)((choice >> 3) % 3),
                              .params = choice & 0x40 ? OX_PARAMS_INPUT : OX_PARAMS_AUTO,
                              .no_fold = choice & 0x80};
    ox_error_clear(&err);
    if (ox_open_memory(&m, data + 1, n - 1, fuzz_path("in"), NULL, NULL, NULL, &err) != OX_OK) return 0;
    ox_model_set_saved(m);
    ox_status s = ox_convert(&out, &report, m, symbolics, &opt, &err);
    FUZZ_CHECK(!ox_model_is_modified(m), "the source was changed");
    FUZZ_CHECK(s != OX_OK || out, "success without a model");
    if (s != OX_OK) fuzz_check_error(&err, s, SIZE_MAX - 1);
    if (report) check_report(report, m);
    if (s == OX_OK) check_result(out);
    ox_report_free(report);
    ox_model_free(out);
    check_types(m);
    ox_model_free(m);
    return 0;
}
