/* Floor 1. Names that no value has. How many living values have each name is counted from the first question on, by
 * string id; the counts follow every birth, death and rename, played back ones included. */
#include "ir/parts.h"

#include <inttypes.h>
#include <stdio.h>

/* What is known of a string: how many living values have it as their name, and, where it is the base of fresh names,
 * from which number on to try: all below are taken. */
typedef struct use {
    uint32_t count, next;
} use;

struct ox__fresh {
    OX__VEC(use) by_name; /* by string id */
};

void ox__fresh_free(ox_model *m)
{
    if (!m->fresh) return;
    ox__vec_free(&m->fresh->by_name);
    ox__free(m->fresh);
    m->fresh = NULL;
}

/* Entries for the strings that are newer than the counts. */
static bool extend(ox_model *m)
{
    ox__fresh *f = m->fresh;
    size_t n = m->strings.text.n;
    if (f->by_name.n == n) return true;
    if (!ox__vec_reserve(&f->by_name, n)) return false;
    memset(f->by_name.p + f->by_name.n, 0, (n - f->by_name.n) * sizeof *f->by_name.p);
    f->by_name.n = n;
    return true;
}

/* The name is free again: if it is a base and a number, the search for that base begins no later than there, so that
 * the attempt after a rollback finds the same names. */
static void freed(ox_model *m, uint32_t name)
{
    size_t n, digits = 0;
    const char *s = ox__intern_text(&m->strings, name, &n);
    uint64_t k = 0, unit = 1;
    while (digits < n && digits < 10 && s[n - 1 - digits] >= '0' && s[n - 1 - digits] <= '9') {
        k += (uint64_t)(s[n - 1 - digits] - '0') * unit;
        unit *= 10;
        digits++;
    }
    if (!digits || digits + 2 > n || s[n - 1 - digits] != '_') return;
    uint32_t base = ox__intern_find(&m->strings, s, n - 1 - digits);
    if (base && base < m->fresh->by_name.n && k < m->fresh->by_name.p[base].next)
        m->fresh->by_name.p[base].next = (uint32_t)k;
}

void ox__fresh_note(ox_model *m, uint32_t value, int delta)
{
    const ox__value_row *r = ox__value_row_at(m, value);
    ox__fresh *f = m->fresh;
    if (!f || !(r->flags & OX__ALIVE) || r->name <= 1) return;
    if (r->name >= f->by_name.n && !extend(m)) {
        ox__fresh_free(m); /* counted again when next asked */
        return;
    }
    f->by_name.p[r->name].count += (uint32_t)delta;
    if (!f->by_name.p[r->name].count) freed(m, r->name);
}

static bool count_all(ox_model *m)
{
    if (m->fresh) return true;
    m->fresh = ox__calloc(1, sizeof *m->fresh);
    if (!m->fresh) return false;
    if (!extend(m)) {
        ox__fresh_free(m);
        return false;
    }
    for (uint32_t id = 1; id < m->table[OX__VALUE].n; id++) ox__fresh_note(m, id, 1);
    return m->fresh != NULL;
}

static bool is_taken(const ox_model *m, const char *s, size_t n)
{
    uint32_t id = ox__intern_find(&m->strings, s, n);
    return id == 1 || (id && id < m->fresh->by_name.n && m->fresh->by_name.p[id].count);
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
    uint32_t id = ox__intern_find(&m->strings, base, n); /* is there: a value has it */
    use *h = &m->fresh->by_name.p[id];
    if (!h->next) h->next = 1;
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
