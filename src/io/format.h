/* Floor 3. A file format: one row of formats.def names an ox__format defined in its folder. */
#ifndef ONNXSH_IO_FORMAT_H
#define ONNXSH_IO_FORMAT_H

#include "base/file.h"

#include <onnxsh/io.h>

typedef struct ox__open_args {
    ox__map *map;               /* the whole file; the loader may hand it over to the model (then zeroes it) */
    const char *path;           /* for errors, and the directory of external data */
    const ox_open_options *opt; /* never NULL */
    ox_warn_fn warn;            /* may be NULL */
    void *ud;
} ox__open_args;

typedef struct ox__format {
    const char *name;       /* "onnx" */
    const char *extensions; /* ".onnx", for completion and help; space separated */
    const char *help;       /* one line */
    /* How sure it is that these bytes are of its format: 0 no, 1..99 maybe, 100 certain. path's extension may add to
     * it. */
    int (*sniff)(const uint8_t *p, uint64_t n, const char *path);
    ox_status (*open)(ox_model **out, ox__open_args *args, ox_error *err);
    /* NULL: the file holds one graph. */
    ox_status (*list)(ox__open_args *args, ox_graph_row *rows, size_t max, size_t *n, ox_error *err);
    bool methods; /* it knows ox_open_options.method */
} ox__format;

/* What these bytes are, if they are what comes in the place of a model or its weights when something went wrong on the
 * way (a Git LFS pointer, a web page), with the hint; NULL if not. */
const char *ox__stranger(const uint8_t *p, uint64_t n, const char **hint);

#endif
