/* Journals: bytes played on a trace ('e' first), and files of records ('f' first), whose edits are played. Whatever
 * they say, the model that is left prints, and goes back to what it was. */
#include "fuzz.h"

#include <onnxsh/io.h>
#include <onnxsh/journal.h>
#include <onnxsh/log.h>

#include <stdio.h>
#include <unistd.h>

static const char trace[] = "graph(%x : Float(2, 3),\n"
                            "      %w : Float(3, 3)):\n"
                            "  %y : Float(2, 3) = aten::mm(%x, %w), scope: Net/Linear[fc] # net.py:3:0\n"
                            "  %z : Float(2, 3) = aten::relu(%y), scope: Net/ReLU[act]\n"
                            "  return (%z)\n";

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

static void print(const ox_model *m)
{
    ox_error err;
    fuzz_text text = {0};
    ox_sink sink = fuzz_sink(&text);
    ox_print_options opt = {.style = OX_STYLE_TORCH};
    ox_status s = ox_graph_print(m, ox_model_main(m), &opt, &sink, &err);
    FUZZ_CHECK(s == OX_OK || s == OX_E_LIMIT || s == OX_E_NOMEM, "%s", err.msg);
    ox__buf_free(&text.b);
}

static void play(const char *bytes, size_t n)
{
    ox_model *m;
    ox_error err;
    size_t done;
    ox_error_clear(&err);
    ox_status s = ox_open_memory(&m, trace, sizeof trace - 1, "trace.txt", NULL, NULL, NULL, &err);
    if (s == OX_OK) s = ox_journal_record(m, &err);
    FUZZ_CHECK(s == OX_OK, "%s", err.msg);
    size_t before = ox_model_n_nodes(m);
    s = ox_journal_play(m, bytes, n, &done, &err);
    if (s != OX_OK) fuzz_check_error(&err, s, n);
    FUZZ_CHECK(!ox_journal_is_open(m), "a step was left open");
    print(m);
    const char *again;
    size_t n_again;
    s = ox_journal_take(m, &again, &n_again, &err);
    FUZZ_CHECK(s == OX_OK || s == OX_E_NOMEM || s == OX_E_UNSUPPORTED || s == OX_E_LIMIT, "%s", err.msg);
    while (ox_journal_n_undo(m)) {
        s = ox_journal_undo(m, NULL, &err);
        FUZZ_CHECK(s == OX_OK, "%s", err.msg);
    }
    FUZZ_CHECK(ox_model_n_nodes(m) == before, "undone, it has %zu nodes", ox_model_n_nodes(m));
    print(m);
    ox_model_free(m);
}

static void play_file(const uint8_t *data, size_t n)
{
    ox_log_data *d;
    const ox_log_record *r;
    ox_error err;
    const char *path = fuzz_path("journal");
    FILE *f = fopen(path, "wb");
    FUZZ_CHECK(f && (n == 0 || fwrite(data, 1, n, f) == n) && fclose(f) == 0, "cannot write %s", path);
    ox_error_clear(&err);
    ox_status s = ox_log_read(&d, path, &err);
    if (s != OX_OK) fuzz_check_error(&err, s, n);
    for (size_t i = 0, count = s == OX_OK ? ox_log_records(d, &r) : 0; i < count; i++)
        if (r[i].kind == 'E') play(r[i].p, r[i].n);
    if (s == OX_OK) ox_log_free(d);
    unlink(path);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n && data[0] == 'f')
        play_file(data + 1, n - 1);
    else if (n)
        play((const char *)data + 1, n - 1);
    return 0;
}
