/* Floor 7. The debugger: a conversion that stops at breakpoints, in the Lua of symbolic functions, and goes on.
 *
 * The conversion is a job on a stack of its own. At a stop its callback rests there, and the prompt goes on; what needs
 * the Lua state (print, locals) is done by the callback, which is asked for it. */
#ifndef ONNXSH_APP_DEBUG_H
#define ONNXSH_APP_DEBUG_H

#include "app/session.h"

#include <onnxsh/script.h>

typedef struct ox_breakpoint {
    int number;
    char *query;     /* "" = every node */
    char *condition; /* Lua, of the call's arguments; NULL = none */
    unsigned hits;
} ox_breakpoint;

/* What the conversion does until it stops again. */
typedef enum ox_debug_move {
    OX_DEBUG_CONTINUE, /* to a breakpoint */
    OX_DEBUG_NEXT,     /* over: the next line of this function, the next call behind its end */
    OX_DEBUG_STEP      /* into: the next line of any function */
} ox_debug_move;

/* Begins: stops at the first breakpoint, or at the first call if there are none. */
ox_status ox_debug_start(ox_session *s, int64_t opset, ox_error *err) OX_MUST_USE;
/* Goes on; tells where it stopped, or how the conversion ended. */
ox_status ox_debug_move_on(ox_session *s, ox_debug_move move, ox_error *err) OX_MUST_USE;
/* The line that made the last move of a conversion that is stopped, "next"; NULL: it has not moved, or none is. */
const char *ox_debug_again(const ox_session *s);
/* Ends a conversion that is stopped. Without one nothing happens. */
void ox_debug_end(ox_session *s);
/* OX_E_INVALID with a hint while no conversion is stopped. */
ox_status ox_debug_need(ox_session *s, ox_error *err) OX_MUST_USE;
/* OX_E_INVALID with a hint while one is stopped: `what` would take from under it what it stands on. */
ox_status ox_debug_waits(const ox_session *s, const char *what, ox_error *err) OX_MUST_USE;

ox_status ox_debug_where(ox_session *s, ox_error *err) OX_MUST_USE;
ox_status ox_debug_list(ox_session *s, ox_error *err) OX_MUST_USE;
ox_status ox_debug_locals(ox_session *s, ox_error *err) OX_MUST_USE;
ox_status ox_debug_print(ox_session *s, const char *text, ox_error *err) OX_MUST_USE;
ox_status ox_debug_emit(ox_session *s, ox_error *err) OX_MUST_USE;

/* ---- the same for the full screen ---- */
typedef struct ox_debug_place {
    uint64_t number;  /* of the stop, over all conversions */
    ox_node node;     /* of the session's model */
    const char *file; /* the Lua line that is stopped at, or where its function begins; "" = no Lua serves it */
    uint32_t line;
    bool before; /* the function has not begun */
} ox_debug_place;

/* False: no conversion is stopped. */
bool ox_debug_at(const ox_session *s, ox_debug_place *out);
/* A line of a Lua file, embedded or the user's; false if it is not to be had. */
bool ox_debug_source(const ox_session *s, const char *file, uint32_t line, char *buf, size_t size);
ox_status ox_debug_each_local(ox_session *s, ox_script_local_fn fn, void *ud, ox_error *err) OX_MUST_USE;
/* The nodes that the call made so far; returns how many. */
size_t ox_debug_each_made(const ox_session *s, void (*fn)(void *ud, const ox_model *m, ox_node n), void *ud);

/* `aten::view`, `scope:features`, `if rank(self) == 4`, `op:conv2d if dim(input, 1) == 3`. */
ox_status ox_break_add(ox_session *s, const char *text, ox_error *err) OX_MUST_USE;
/* 0: all. */
ox_status ox_break_remove(ox_session *s, int number, ox_error *err) OX_MUST_USE;

#endif
