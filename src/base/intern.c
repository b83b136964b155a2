/* Floor 0. The intern table: byte strings to small ids. It owns its texts, which never move. */
#include "base/base.h"

typedef struct key {
    const ox__intern *table;
    const char *s;
    size_t n;
} key;

static bool is_text(const ox__intern *t, uint32_t id, const char *s, size_t n)
{
    size_t k;
    const char *text = ox__intern_text(t, id, &k);
    return k == n && memcmp(text, s, n) == 0;
}

static bool equals(const void *ud, uint32_t id)
{
    const key *k = ud;
    return is_text(k->table, id, k->s, k->n);
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

/* The ids 0 (none) and 1 (the empty string) come first. */
static bool begin(ox__intern *t)
{
    if (t->text.n == 0 && !ox__vec_push(&t->text, (const char *)NULL)) return false;
    if (!t->recent && !(t->recent = ox__calloc(OX__INTERN_RECENT, sizeof *t->recent))) return false;
    return append(t, "", 0, ox__hash("", 0)) != 0;
}

/* A name is used soon after it is defined, and the same few operators and attributes come again and again: most
 * strings of a large file are among those met last, which the caches hold, as the index is too large to. */
uint32_t ox__intern_add(ox__intern *t, const char *s, size_t n)
{
    if (n > UINT32_MAX - 8 || (t->text.n < 2 && !begin(t))) return 0;
    if (n == 0) return 1;
    uint64_t hash = ox__hash(s, n);
    uint64_t *met = &t->recent[hash % OX__INTERN_RECENT], tag = hash >> 32 << 32;
    if (*met && (*met ^ tag) <= UINT32_MAX && is_text(t, (uint32_t)*met, s, n)) return (uint32_t)*met;
    key k = {t, s, n};
    uint32_t id = ox__index_find(&t->index, hash, equals, &k);
    if (!id) id = append(t, s, n, hash);
    if (id) *met = tag | id;
    return id;
}

uint32_t ox__intern_find(const ox__intern *t, const char *s, size_t n)
{
    if (n == 0) return 1;
    key k = {t, s, n};
    return ox__index_find(&t->index, ox__hash(s, n), equals, &k);
}

void ox__intern_expect(const ox__intern *t, const char *s, size_t n)
{
    ox__index_expect(&t->index, ox__hash(s, n));
}

bool ox__intern_reserve(ox__intern *t, size_t n)
{
    n += t->text.n;
    return n < UINT32_MAX && ox__vec_reserve(&t->text, n) && ox__index_reserve(&t->index, n);
}

void ox__intern_free(ox__intern *t)
{
    ox__arena_free(&t->arena);
    ox__index_free(&t->index);
    ox__vec_free(&t->text);
    ox__free(t->recent);
    t->recent = NULL;
}
