/* Floor 7. Words that the user bound to texts: keys to lines, roles to looks. */
#include "app/session.h"

#include <stdlib.h>
#include <string.h>

static ox_bound *find(const ox_bounds *b, const char *key)
{
    for (size_t i = 0; i < b->n; i++)
        if (strcmp(b->p[i].key, key) == 0) return &b->p[i];
    return NULL;
}

const char *ox_bounds_get(const ox_bounds *b, const char *key)
{
    const ox_bound *found = find(b, key);
    return found ? found->line : NULL;
}

void ox_bounds_remove(ox_bounds *b, const char *key)
{
    ox_bound *found = find(b, key);
    if (!found) return;
    free(found->key);
    free(found->line);
    size_t after = (size_t)(b->p + b->n - (found + 1));
    memmove(found, found + 1, after * sizeof *found);
    b->n--;
    b->revision++;
}

ox_status ox_bounds_put(ox_bounds *b, const char *key, const char *line, ox_error *err)
{
    ox_bound new = {strdup(key), strdup(line)};
    ox_bound *p = new.key &&new.line ? realloc(b->p, (b->n + 1) * sizeof *p) : NULL;
    if (p) b->p = p;
    if (!p) {
        free(new.key);
        free(new.line);
        return ox_error_set(err, OX_E_NOMEM, "out of memory");
    }
    ox_bounds_remove(b, key);
    b->p[b->n++] = new;
    b->revision++;
    return OX_OK;
}

void ox_bounds_free(ox_bounds *b)
{
    for (size_t i = 0; i < b->n; i++) {
        free(b->p[i].key);
        free(b->p[i].line);
    }
    free(b->p);
    memset(b, 0, sizeof *b);
}
