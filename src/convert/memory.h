/* Floor 5. What operators of a trace do to memory, as their schemas say. */
#ifndef ONNXSH_CONVERT_MEMORY_H
#define ONNXSH_CONVERT_MEMORY_H

#include "convert/bind.h"

typedef struct ox__effect {
    int writes; /* index of the input that is written to, -1 = none */
    bool views; /* outputs share memory with inputs */
    bool same;  /* the output is the first input itself */
    bool parts; /* the outputs do not overlap: chunk, split, unbind */
} ox__effect;

/* A form that writes to its last argument, `out`. */
bool ox__writes_out(const ox_model *m, ox_node n);
ox_status ox__effect_of(ox__conv *c, ox_node n, ox__effect *e) OX_MUST_USE;
/* The form of an operator that returns what it would write: add for add_. */
ox_status ox__effect_strip(ox__conv *c, ox_node n) OX_MUST_USE;

#endif
