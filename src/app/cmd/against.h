/* Floor 7. What `baked` and `dynamic` share: the models to be held against, and the table of what was found. */
#ifndef ONNXSH_APP_CMD_AGAINST_H
#define ONNXSH_APP_CMD_AGAINST_H

#include "app/cmd.h"

#include <onnxsh/baked.h>

typedef struct ox_against {
    size_t n;
    ox_model *m[OX_BAKED_MAX_OTHERS];
} ox_against;

/* Opens those that --against names, as the session opens files, with the inputs of --against-input; types of traces are
 * inferred, those of the open model too. ox_against_free also after a failure. */
ox_status ox_against_open(ox_session *s, const ox_args *a, ox_against *out, ox_error *err) OX_MUST_USE;
void ox_against_free(ox_against *x);

/* A row as cells, of a table with these titles, and as JSON. */
#define OX_BAKED_TITLES ">ID", "!OPERATOR", "!ARGUMENT", "VALUE", "!IS", "", "WHY", "SCOPE", "SOURCE"
void ox_baked_cells(ox_table *t, ox_session *s, const ox_baked_row *r);
void ox_baked_json(ox_json *j, const ox_session *s, const ox_baked_row *r);

#define OX_AGAINST_OPTS \
    {"--against", "FILE", "the same network, traced or exported at other sizes (repeatable)", OX_HINT_FILE, NULL}, \
    { \
        "--against-input", "SPEC", "an input of the file before it, as --input (repeatable)", OX_HINT_NONE, NULL \
    }

#endif
