/* The .onnx reader and writer. What opens is printed in every style, checked and saved: unedited byte for byte, edited
 * so that it opens again, and after undo as it was. */
#include "fuzz.h"

#include "io/onnx/onnx.h"

#include <onnxsh/check.h>
#include <onnxsh/io.h>
#include <onnxsh/journal.h>

#include <stdio.h>
#include <stdlib.h>

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_dir();
    return 0;
}

static char name[4200]; /* of the model, as if it lay in the directory */

static ox_status open_bytes(ox_model **m, const uint8_t *data, size_t n, ox_error *err)
{
    ox_open_options opt = {.format = "onnx"};
    snprintf(name, sizeof name, "%s/in.onnx", fuzz_dir());
    ox_error_clear(err);
    return ox_open_memory(m, data, n, name, &opt, NULL, NULL, err);
}

static void print_all(const ox_model *m)
{
    for (int style = 0; style < OX_N_STYLES; style++) {
        fuzz_text t = {0};
        ox_sink out = fuzz_sink(&t);
        ox_error err;
        ox_error_clear(&err);
        ox_print_options opt = {.style = (ox_style)style, .full = style == OX_STYLE_ONNX};
        ox_status s = ox_graph_print(m, ox_model_main(m), &opt, &out, &err);
        if (s != OX_OK) fuzz_check_error(&err, s, SIZE_MAX - 1);
        if (!t.cut) fuzz_check_safe(t.b.p, t.b.n, ox_style_name((ox_style)style));
        ox__buf_free(&t.b);
    }
}

static bool on_finding(void *ud, const ox_finding *f)
{
    size_t *n = ud;
    fuzz_check_safe(f->message, strlen(f->message), "a finding");
    return ++*n < 1000;
}

static uint8_t *read_back(size_t *n)
{
    FILE *f = fopen(fuzz_path("out.onnx"), "rb");
    FUZZ_CHECK(f, "the saved file is not there");
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    uint8_t *p = malloc(*n + 1);
    FUZZ_CHECK(p && fread(p, 1, *n, f) == *n, "it cannot be read");
    fclose(f);
    return p;
}

/* Saved to another place, such a model takes its data along, and names it anew. */
static bool is_external(const ox_model *m)
{
    const ox__onnx *io = ox__onnx_of(m);
    return io && io->data.n;
}

static bool save(const ox_model *m, ox_error *err)
{
    ox_error_clear(err);
    ox_status s = ox_save_onnx(m, fuzz_path("out.onnx"), NULL, err);
    if (s != OX_OK) fuzz_check_error(err, s, SIZE_MAX - 1);
    return s == OX_OK;
}

static void check_identical(const uint8_t *data, size_t n, const char *when)
{
    size_t k, i = 0;
    uint8_t *p = read_back(&k);
    while (i < n && i < k && p[i] == data[i]) i++;
    FUZZ_CHECK(k == n && i == n, "%s: %zu bytes in, %zu out, the first difference at %zu", when, n, k, i);
    free(p);
}

static void edit_and_undo(ox_model *m, const uint8_t *data, size_t n)
{
    ox_error err;
    ox_model *again;
    ox_node node = ox_graph_first(m, ox_model_main(m));
    if (!node.id) return;
    ox_error_clear(&err);
    ox_status s = ox_node_set_name(m, node, ox_str_addz(m, "a name of the fuzzer"), &err);
    if (s == OX_OK) s = ox_journal_commit(m, "rename", &err);
    FUZZ_CHECK(s == OX_OK, "%s", err.msg);
    FUZZ_CHECK(save(m, &err), "an edited model cannot be saved: %s", err.msg);
    size_t k;
    uint8_t *p = read_back(&k);
    s = open_bytes(&again, p, k, &err);
    FUZZ_CHECK(s == OX_OK, "an edited model cannot be opened again: %s", err.msg);
    FUZZ_CHECK(ox_model_n_nodes(again) == ox_model_n_nodes(m), "%zu nodes", ox_model_n_nodes(again));
    ox_model_free(again);
    free(p);
    s = ox_journal_undo(m, NULL, &err);
    FUZZ_CHECK(s == OX_OK && !ox_model_is_modified(m), "%s", err.msg);
    FUZZ_CHECK(save(m, &err), "%s", err.msg);
    check_identical(data, n, "after undo");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    ox_model *m;
    ox_error err;
    ox_status s = open_bytes(&m, data, n, &err);
    if (s != OX_OK) {
        FUZZ_CHECK(!m, "a model beside an error");
        fuzz_check_error(&err, s, n);
        return 0;
    }
    size_t findings = 0;
    print_all(m);
    ox_check_options full = {.full = true};
    s = ox_check_run(m, &full, on_finding, &findings, NULL, NULL, &err);
    FUZZ_CHECK(s == OX_OK, "%s", err.msg);
    bool external = is_external(m);
    if (save(m, &err) && !external) {
        check_identical(data, n, "unedited");
        edit_and_undo(m, data, n);
    }
    ox_model_free(m);
    fuzz_clean();
    return 0;
}
