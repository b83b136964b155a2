/* Floor 4. What the two halves of ox_locate share: the text's mentions, and the places in the model that they lead to.
 */
#ifndef ONNXSH_CHECK_LOCATE_H
#define ONNXSH_CHECK_LOCATE_H

#include "base/base.h"
#include "base/regex.h"

#include <onnxsh/locate.h>

/* What one match of a form, or one word, speaks of; what it leaves out is 0, an empty span, or -1. */
typedef struct ox__mention {
    const ox_message_form *form; /* NULL: a word */
    ox_str node, value;
    ox__span op, file, at;
    int64_t index, line;
} ox__mention;

typedef enum ox__rank { OX__RANK_NAMED, OX__RANK_SOURCE, OX__RANK_WORD, OX__RANK_OP } ox__rank;

typedef struct ox__hit {
    ox__rank rank;
    ox_locus locus;
} ox__hit;

typedef struct ox__locate {
    const ox_model *m;
    const char *text;
    size_t n;
    const ox_task *task;
    OX__VEC(ox__mention) mentions;
    OX__VEC(ox__hit) hits;
    uint64_t *told; /* a bit for each node */
    ox_error *err;
} ox__locate;

/* Turns the mentions into hits. */
ox_status ox__locate_resolve(ox__locate *l);

#endif
