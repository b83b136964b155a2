/* Floor 1. Names that no value has. How many living values have each name is counted from the first question on, by
 * string id; the counts follow every birth, death and rename, played back ones included. */
#include "ir/parts.h"

#include <inttypes.h>
#include <stdio.h>

/* Where the search for a name of this base may begin: all numbers below are taken, or were. */
typedef struct hint {
    uint32_t base, next;
} hint;

enum { N_HINTS = 64 };

struct ox__fresh {
    OX__VEC(uint32_t) count; /* by string id */
    hint hints[N_HINTS];
};

void ox__fresh_free(ox_model *m)
{
    if (!m->fresh) return;
    ox__vec_free(&m->fresh->count);
    ox__free(m->fresh);
    m->fresh = NULL;
}

void ox__fresh_note(ox_model *m, uint32_t value, int delta)
{
    const ox__value_row *r = ox__value_row_at(m, value);
    ox__fresh *f = m->fresh;
    if (!f || !(r->flags & OX__ALIVE) || r->name <= 1) return;
    if (r->name >= f->count.n) { /* a string that is newer than the counts */
        if (!ox__vec_reserve(&f->count, m->strings.text.n)) {
            ox__fresh_free(m);
            return;
        }
        memset(f->count.p + f->count.n, 0, (m->strings.text.n - f->count.n) * sizeof *f->count.p);
        f->count.n = m->strings.text.n;
    }
    f->count.p[r->name] += (uint32_t)delta;
    if (delta < 0) memset(f->hints, 0, sizeof f->hints); /* a name became free: the same names again after a rollback */
}

static bool count_all(ox_model *m)
{
    if (m->fresh) return true;
    m->fresh = ox__calloc(1, sizeof *m->fresh);
    if (!m->fresh) return false;
    if (!ox__vec_reserve(&m->fresh->count, m->strings.text.n)) {
        ox__fresh_free(m);
        return false;
    }
    memset(m->fresh->count.p, 0, m->strings.text.n * sizeof(uint32_t));
    m->fresh->count.n = m->strings.text.n;
    for (uint32_t id = 1; id < m->table[OX__VALUE].n; id++) ox__fresh_note(m, id, 1);
    return true;
}

static bool is_taken(const ox_model *m, const char *s, size_t n)
{
    uint32_t id = ox__intern_find(&m->strings, s, n);
    return id == 1 || (id && id < m->fresh->count.n && m->fresh->count.p[id]);
}

ox_str ox_value_fresh_name(ox_model *m, const char *base)
{
    if (!m) return (ox_str){0};
    if (!base || !*base) base = "value";
    size_t n = strlen(base);
    char small[256], *text = n <= sizeof small - 16 ? small : ox__alloc(n + 16);
    ox_str out = {0};
    if (!text || !count_all(m)) goto done;
    memcpy(text, base, n + 1);
    if (!is_taken(m, text, n)) {
        out = ox_str_add(m, text, n);
        goto done;
    }
    uint32_t id = ox__intern_find(&m->strings, base, n);
    hint *h = &m->fresh->hints[id % N_HINTS];
    if (h->base != id) *h = (hint){id, 1};
    for (;; h->next++) {
        size_t len = n + (size_t)snprintf(text + n, 16, "_%" PRIu32, h->next);
        if (is_taken(m, text, len)) continue;
        out = ox_str_add(m, text, len);
        break;
    }
done:
    if (!out.id) ox__model_oom(m);
    if (text != small) ox__free(text);
    return out;
}
