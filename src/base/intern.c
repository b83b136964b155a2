/* Floor 0. The intern table: byte strings to small ids. It owns its texts, which never move. */
#include "base/base.h"

typedef struct key {
    const ox__intern *table;
    const char *s;
    size_t n;
} key;

static bool equals(const void *ud, uint32_t id)
{
    const key *k = ud;
    size_t n;
    const char *s = ox__intern_text(k->table, id, &n);
    return n == k->n && memcmp(s, k->s, n) == 0;
}

static uint32_t append(ox__intern *t, const char *s, size_t n, uint64_t hash)
{
    if (t->text.n >= UINT32_MAX || !ox__vec_reserve(&t->text, t->text.n + 1)) return 0;
    char *p = ox__arena_alloc(&t->arena, n + 5);
    if (!p) return 0;
    uint32_t len = (uint32_t)n, id = (uint32_t)t->text.n;
    memcpy(p, &len, 4);
    if (n) memcpy(p + 4, s, n);
    p[n + 4] = '\0';
    if (!ox__index_add(&t->index, hash, id)) return 0; /* the text stays in the arena, unused */
    t->text.p[t->text.n++] = p + 4;
    return id;
}

uint32_t ox__intern_add(ox__intern *t, const char *s, size_t n)
{
    if (n > UINT32_MAX - 8) return 0;
    if (t->text.n < 2) { /* ids 0 (none) and 1 (the empty string) come first */
        if (t->text.n == 0 && !ox__vec_push(&t->text, (const char *)NULL)) return 0;
        if (!append(t, "", 0, ox__hash("", 0))) return 0;
    }
    if (n == 0) return 1;
    uint64_t hash = ox__hash(s, n);
    key k = {t, s, n};
    uint32_t id = ox__index_find(&t->index, hash, equals, &k);
    return id ? id : append(t, s, n, hash);
}

uint32_t ox__intern_find(const ox__intern *t, const char *s, size_t n)
{
    if (n == 0) return 1;
    key k = {t, s, n};
    return ox__index_find(&t->index, ox__hash(s, n), equals, &k);
}

void ox__intern_free(ox__intern *t)
{
    ox__arena_free(&t->arena);
    ox__index_free(&t->index);
    ox__vec_free(&t->text);
}
