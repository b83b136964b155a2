/* Floor 7. The debugger: a conversion that stops at breakpoints, in the Lua of symbolic functions, and goes on.
 *
 * The conversion is a job on a stack of its own. At a stop its callback rests there, and the prompt goes on; what needs
 * the Lua state (print, locals) is done by the callback, which is asked for it. */
#ifndef ONNXSH_APP_DEBUG_H
#define ONNXSH_APP_DEBUG_H

#include "app/session.h"

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
/* Ends a conversion that is stopped. Without one nothing happens. */
void ox_debug_end(ox_session *s);
/* OX_E_INVALID with a hint while no conversion is stopped. */
ox_status ox_debug_need(ox_session *s, ox_error *err) OX_MUST_USE;

ox_status ox_debug_where(ox_session *s, ox_error *err) OX_MUST_USE;
ox_status ox_debug_list(ox_session *s, ox_error *err) OX_MUST_USE;
ox_status ox_debug_locals(ox_session *s, ox_error *err) OX_MUST_USE;
ox_status ox_debug_print(ox_session *s, const char *text, ox_error *err) OX_MUST_USE;
ox_status ox_debug_emit(ox_session *s, ox_error *err) OX_MUST_USE;

/* `aten::view`, `scope:features`, `if rank(self) == 4`, `op:conv2d if dim(input, 1) == 3`. */
ox_status ox_break_add(ox_session *s, const char *text, ox_error *err) OX_MUST_USE;
/* 0: all. */
ox_status ox_break_remove(ox_session *s, int number, ox_error *err) OX_MUST_USE;

#endif
