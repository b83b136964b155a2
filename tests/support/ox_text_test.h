/* Reading text traces in tests: from memory or from tests/traces, with the warnings collected, and printing them again.
 * Everything hangs on the fixture, which teardown frees. */
#ifndef OX_TEXT_TEST_H
#define OX_TEXT_TEST_H

#include "ox_test.h"

#include "io/text/text.h"

#include <onnxsh/print.h>

#include <stdlib.h>

enum { TX_MAX_WARNINGS = 16 };

typedef struct tx {
    ox_model *m;
    ox_error err;
    ox_error warnings[TX_MAX_WARNINGS];
    int n_warnings;
    char *data; /* the file's bytes */
    size_t n;
    ox__buf text; /* what was printed */
} tx;

static inline void tx_warn(void *ud, const ox_error *w)
{
    tx *x = ud;
    if (x->n_warnings < TX_MAX_WARNINGS) x->warnings[x->n_warnings] = *w;
    x->n_warnings++;
}

static inline void tx_close(tx *x)
{
    ox_model_free(x->m);
    x->m = NULL;
    x->n_warnings = 0;
}

static inline void tx_free(tx *x)
{
    tx_close(x);
    free(x->data);
    ox__buf_free(&x->text);
    memset(x, 0, sizeof *x);
}

static inline ox_status tx_open_n(tx *x, const void *p, size_t n, int graph)
{
    ox_open_options opt = {.graph = graph};
    ox__map map = {.p = p, .n = n, .owned_memory = true, .fd = -1};
    ox__open_args args = {.map = &map, .path = "trace.txt", .opt = &opt, .warn = tx_warn, .ud = x};
    tx_close(x);
    return ox__format_text.open(&x->m, &args, &x->err);
}

static inline ox_status tx_open(tx *x, const char *text)
{
    return tx_open_n(x, text, strlen(text), 0);
}

/* Reads a file below tests/traces into x->data. */
static inline void tx_load(tx *x, const char *name)
{
    char path[512];
    snprintf(path, sizeof path, "%s/traces/%s", OX_TESTS_DIR, name);
    FILE *f = fopen(path, "rb");
    if (!f) fail_msg("cannot open %s", path);
    free(x->data);
    x->data = NULL;
    x->n = 0;
    for (size_t cap = 1 << 16, got = 1; got; x->n += got, cap *= 2) {
        char *grown = realloc(x->data, cap);
        if (!grown) fail_msg("out of memory");
        x->data = grown;
        got = fread(x->data + x->n, 1, cap - x->n, f);
    }
    fclose(f);
}

static inline ox_status tx_write(void *ud, const char *s, size_t n, ox_error *err)
{
    ox__buf *b = ud;
    (void)err;
    ox__buf_add(b, s, n);
    return b->failed ? OX_E_NOMEM : OX_OK;
}

/* The main graph as text, in x->text. */
static inline const char *tx_print(tx *x, ox_style style)
{
    ox_print_options opt = {.style = style, .raw = true};
    ox_sink sink = {tx_write, &x->text};
    ox__buf_clear(&x->text);
    assert_ok(ox_graph_print(x->m, ox_model_main(x->m), &opt, &sink, &x->err), &x->err);
    return x->text.n ? x->text.p : "";
}

/* The i-th node of a graph. */
static inline ox_node tx_node(const tx *x, ox_graph g, size_t i)
{
    ox_node n = ox_graph_first(x->m, g);
    while (i-- && n.id) n = ox_node_next(x->m, n);
    return n;
}

static inline ox_node tx_main(const tx *x, size_t i)
{
    return tx_node(x, ox_model_main(x->m), i);
}

static inline const char *tx_str(const tx *x, ox_str s)
{
    return ox_str_text(x->m, s, NULL);
}

static inline ox_value tx_value(const tx *x, const char *name)
{
    return ox_graph_find_value(x->m, ox_model_main(x->m), ox_str_find(x->m, name, strlen(name)));
}

/* The value of the first node's attribute. */
static inline const ox_attr *tx_attr(const tx *x, const char *name)
{
    const ox_attr *a = ox_node_attr(x->m, tx_main(x, 0), name);
    if (!a) fail_msg("there is no attribute %s", name);
    return a;
}

#endif
