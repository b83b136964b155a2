/* Floor 3. Finds the graphs in a file, before one of them is read. */
#ifndef ONNXSH_IO_TEXT_TEXT_FIND_H
#define ONNXSH_IO_TEXT_TEXT_FIND_H

#include "base/base.h"

typedef struct ox__text_graph {
    uint64_t at;        /* of "graph(" */
    uint64_t end;       /* behind its last line */
    uint64_t line;      /* 1-based */
    uint64_t last_line; /* the last line that belongs to it */
    uint64_t title;     /* where its title stands */
    uint32_t title_n;
    uint32_t prefix_n; /* what a log put before every line: so many bytes from the start of the line of `at` */
    uint32_t col;      /* 1-based */
    uint64_t n_nodes;
    bool whole; /* its `return` is there */
} ox__text_graph;

typedef struct ox__text_graphs {
    OX__VEC(ox__text_graph) rows;
    uint64_t fx_line; /* the first `graph():` of torch.fx, 0 = none */
} ox__text_graphs;
ox_status ox__text_find(ox__text_graphs *out, const char *p, uint64_t n, const char *path, const ox_task *task,
                        ox_error *err) OX_MUST_USE;
/* The error for a file without a graph: what it seems to be, and what to do. */
ox_status ox__text_explain(const char *p, uint64_t n, const ox__text_graphs *found, const char *path,
                           ox_error *err) OX_MUST_USE;
/* Whether bytes look like text at all. */
bool ox__text_is_text(const char *p, uint64_t n);
/* Length of `line` (n bytes) that matches the log's prefix, digits matching any digit; 0 if it does not. */
size_t ox__text_prefix(const char *prefix, size_t prefix_n, const char *line, size_t n);

#endif
