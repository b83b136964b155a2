/* For the tests of the printers: text into memory, in one call. */
#ifndef OX_PRINT_TEST_H
#define OX_PRINT_TEST_H

#include "ox_test.h"

#include <onnxsh/print.h>

#include <stdlib.h>

/* A sink that keeps all; may be told to fail after so many bytes. */
typedef struct printed {
    char *p;
    size_t n, cap, writes;
    size_t fail_at; /* 0 = never */
} printed;

static inline ox_status printed_write(void *ud, const char *s, size_t n, ox_error *err)
{
    printed *t = ud;
    t->writes++;
    if (t->fail_at && t->n + n > t->fail_at) return ox_error_set(err, OX_E_IO, "the disk is full");
    if (t->n + n + 1 > t->cap) {
        t->cap = 2 * (t->n + n + 1);
        t->p = realloc(t->p, t->cap);
        if (!t->p) abort();
    }
    memcpy(t->p + t->n, s, n);
    t->n += n;
    t->p[t->n] = '\0';
    return OX_OK;
}

static inline const char *printed_text(const printed *t)
{
    return t->p ? t->p : "";
}

static inline void printed_free(printed *t)
{
    free(t->p);
    *t = (printed){0};
}

/* A graph in a style, to be freed. */
static inline char *print_graph(const ox_model *m, ox_graph g, ox_print_options opt)
{
    ox_error err;
    printed t = {0};
    ox_sink sink = {printed_write, &t};
    assert_ok(ox_graph_print(m, g, &opt, &sink, &err), &err);
    return t.p ? t.p : calloc(1, 1);
}

static inline char *print_main(const ox_model *m, ox_style style)
{
    return print_graph(m, ox_model_main(m), (ox_print_options){.style = style});
}

static inline char *print_node(const ox_model *m, ox_node n, ox_style style)
{
    ox_error err;
    printed t = {0};
    ox_sink sink = {printed_write, &t};
    ox_print_options opt = {.style = style};
    assert_ok(ox_node_print(m, n, &opt, &sink, &err), &err);
    return t.p ? t.p : calloc(1, 1);
}

/* Takes `got` over. */
#define assert_text(got, want) \
    do { \
        char *text_ = (got); \
        bool same_ = strcmp(text_, (want)) == 0; \
        if (!same_) print_error("got:\n%s\nexpected:\n%s\n", text_, (want)); \
        free(text_); \
        assert_true(same_); \
    } while (0)

#endif
