/* The reader of text traces: every graph of a log opens or has an error with its line; what opens is printed in every
 * style and checked; what is printed as torch prints it reads back, and prints the same again. */
#include "fuzz.h"

#include "io/format.h"

#include <onnxsh/check.h>

extern const ox__format ox__format_text;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    return 0;
}

static size_t n_input;

static void on_warning(void *ud, const ox_error *w)
{
    char text[2048];
    (void)ud;
    fuzz_check_safe(text, ox_error_format(w, text, sizeof text), "a warning");
    FUZZ_CHECK(w->line <= n_input + 1, "%s", text);
}

static bool print_style(const ox_model *m, ox_style style, bool raw, fuzz_text *t)
{
    ox_sink out = fuzz_sink(t);
    ox_error err;
    ox_error_clear(&err);
    ox_print_options opt = {.style = style, .raw = raw};
    ox_status s = ox_graph_print(m, ox_model_main(m), &opt, &out, &err);
    if (s != OX_OK) fuzz_check_error(&err, s, SIZE_MAX - 1);
    if (!raw && !t->cut) fuzz_check_safe(t->b.p, t->b.n, ox_style_name(style));
    return s == OX_OK && !t->cut;
}

/* Reads back what was printed; NULL if it was too long to be kept. */
static ox_model *read_back(const ox_model *m, fuzz_text *t)
{
    ox_model *again;
    ox_error err;
    ox_open_options opt = {.format = "text"};
    ox_error_clear(&err);
    if (!print_style(m, OX_STYLE_TORCH, true, t)) return NULL;
    ox_status s = ox_open_memory(&again, t->b.p, t->b.n, "again.txt", &opt, NULL, NULL, &err);
    FUZZ_CHECK(s == OX_OK, "what was printed does not read back: %s\n%.*s", err.msg, (int)t->b.n, t->b.p);
    FUZZ_CHECK(ox_model_n_nodes(again) == ox_model_n_nodes(m), "%zu nodes and %zu:\n%.*s", ox_model_n_nodes(m),
               ox_model_n_nodes(again), (int)t->b.n, t->b.p);
    return again;
}

/* Scopes and comments that no trace has may be understood otherwise when read back; then all must stand still. */
static void print_and_read_back(const ox_model *m)
{
    fuzz_text t[3] = {0};
    ox_model *second = read_back(m, &t[0]), *third = second ? read_back(second, &t[1]) : NULL;
    if (third && print_style(third, OX_STYLE_TORCH, true, &t[2]))
        FUZZ_CHECK(t[1].b.n == t[2].b.n && memcmp(t[1].b.p, t[2].b.p, t[1].b.n) == 0,
                   "it reads back as another graph:\n%.*s\n%.*s", (int)t[1].b.n, t[1].b.p, (int)t[2].b.n, t[2].b.p);
    ox_model_free(second);
    ox_model_free(third);
    for (size_t i = 0; i < OX__COUNT(t); i++) ox__buf_free(&t[i].b);
}

static bool on_finding(void *ud, const ox_finding *f)
{
    size_t *n = ud;
    fuzz_check_safe(f->message, strlen(f->message), "a finding");
    return ++*n < 1000;
}

static void open_graph(const uint8_t *data, size_t n, int graph)
{
    ox_model *m;
    ox_error err;
    ox_open_options opt = {.format = "text", .graph = graph};
    ox_error_clear(&err);
    ox_status s = ox_open_memory(&m, data, n, "in.txt", &opt, on_warning, NULL, &err);
    if (s != OX_OK) {
        FUZZ_CHECK(!m, "a model beside an error");
        fuzz_check_error(&err, s, n);
        return;
    }
    size_t findings = 0;
    for (int style = 0; style < OX_N_STYLES; style++) {
        fuzz_text t = {0};
        print_style(m, (ox_style)style, false, &t);
        ox__buf_free(&t.b);
    }
    print_and_read_back(m);
    ox_check_options full = {.full = true};
    s = ox_check_run(m, &full, on_finding, &findings, NULL, NULL, &err);
    FUZZ_CHECK(s == OX_OK, "%s", err.msg);
    ox_model_free(m);
}

static size_t list(const uint8_t *data, size_t n)
{
    static const ox_open_options none;
    ox_graph_row rows[4];
    size_t k = 0;
    ox_error err;
    ox__map map = {.owned_memory = true, .n = n, .p = data, .fd = -1, .path = (char[]){"in.txt"}};
    ox__open_args args = {&map, map.path, &none, NULL, NULL};
    ox_error_clear(&err);
    ox_status s = ox__format_text.list(&args, rows, OX__COUNT(rows), &k, &err);
    if (s != OX_OK) fuzz_check_error(&err, s, n);
    return s == OX_OK ? k : 0;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    n_input = n;
    size_t k = list(data, n);
    open_graph(data, n, 0);
    for (size_t i = 0; i < k && i < 3; i++) open_graph(data, n, (int)i + 1);
    return 0;
}
