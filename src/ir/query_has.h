/* Floor 1. What `has:` asks of a node: a row each, so that the words, their help and their meaning stand together. */
#ifndef ONNXSH_IR_QUERY_HAS_H
#define ONNXSH_IR_QUERY_HAS_H

#include "ir/ir.h"

enum { OX__N_HAS = 10 };
typedef struct ox__has_row {
    const char *name, *help;
    bool (*test)(const ox_model *m, ox_node n);
} ox__has_row;
extern const ox__has_row ox__has_rows[OX__N_HAS];

#endif
