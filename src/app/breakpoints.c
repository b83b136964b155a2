/* Floor 7. Breakpoints: where a debugged conversion stops. */
#include "app/debug.h"

#include <onnxsh/query.h>

#include <stdlib.h>
#include <string.h>

/* Where "if CONDITION" begins, at the start or behind a blank; NULL if there is none. */
static const char *find_if(const char *text)
{
    for (const char *p = text; (p = strstr(p, "if ")); p += 3)
        if (p == text || p[-1] == ' ') return p;
    return NULL;
}

ox_status ox_break_add(ox_session *s, const char *text, ox_error *err)
{
    const char *cond = find_if(text);
    size_t n = cond ? (size_t)(cond - text) : strlen(text);
    while (n && text[n - 1] == ' ') n--;
    if (n && s->model) { /* a mistake is told now */
        ox_query *q;
        ox_status st = ox_query_parse(&q, s->model, text, n, err);
        if (st != OX_OK) return st;
        ox_query_free(q);
    }
    ox_breakpoint *p = realloc(s->breakpoints, (s->n_breakpoints + 1) * sizeof *p);
    if (p) s->breakpoints = p;
    ox_breakpoint b = {.number = s->last_breakpoint + 1, .query = strndup(text, n)};
    if (cond) b.condition = strdup(cond + 3);
    if (!p || !b.query || (cond && !b.condition)) {
        free(b.query);
        free(b.condition);
        return ox_error_set(err, OX_E_NOMEM, "out of memory");
    }
    p[s->n_breakpoints++] = b;
    s->last_breakpoint++;
    return OX_OK;
}

ox_status ox_break_remove(ox_session *s, int number, ox_error *err)
{
    size_t kept = 0, had = s->n_breakpoints;
    for (size_t i = 0; i < had; i++) {
        ox_breakpoint b = s->breakpoints[i];
        if (number == 0 || b.number == number) {
            free(b.query);
            free(b.condition);
        } else {
            s->breakpoints[kept++] = b;
        }
    }
    s->n_breakpoints = kept;
    if (kept < had || number == 0) return OX_OK;
    ox_error_set(err, OX_E_NOT_FOUND, "there is no breakpoint %d", number);
    ox_error_hint(err, "`break` lists them");
    return OX_E_NOT_FOUND;
}
