/* Floor 6. The source of symbolic functions; see source.c. */
#ifndef ONNXSH_SCRIPT_SOURCE_H
#define ONNXSH_SCRIPT_SOURCE_H

#include "script/symbolic.h"

/* The search for the function that serves a name at an opset (0: the newest). */
typedef struct ox__lua_served {
    const char *name;
    int64_t opset;
    const ox__lua_fn *best; /* found */
    bool in_c, exact, builtin;
    int64_t min_opset;
} ox__lua_served;
/* OX_E_NOT_FOUND if none serves it or it is written in C. */
ox_status ox__lua_find_served(ox_script *s, ox__lua_served *q, ox_error *err);
/* Pushes the text of a function and its place "file:line". */
void ox__lua_push_source(lua_State *L, const ox__lua_fn *f);

#endif
