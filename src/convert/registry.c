/* Floor 5. The registry: groups of functions by the operator's name. It owns copies of all definitions. */
#include "convert/registry.h"

#include "convert/recipe.h"

#include <stdlib.h>

struct ox_symbolics {
    OX__VEC(ox__symgroup *) groups;
    ox__index index; /* by name: number in groups + 1 */
    ox_symbolics_load_fn load;
    void *load_ud;
    ox_symbolics_guard_fn guard;
    void *guard_ud;
    uint64_t edits; /* functions of the user, added or taken away */
    uint64_t numbers;
    ox__recipes recipes;
};

/* ---- groups ---- */
typedef struct name_key {
    const ox_symbolics *r;
    const char *s;
    size_t n;
} name_key;

static bool group_is(const void *ud, uint32_t id)
{
    const name_key *k = ud;
    const char *name = k->r->groups.p[id - 1]->name;
    return strlen(name) == k->n && memcmp(name, k->s, k->n) == 0;
}

static ox__symgroup *find_group(const ox_symbolics *r, const char *s, size_t n)
{
    name_key k = {r, s, n};
    uint32_t id = ox__index_find(&r->index, ox__hash(s, n), group_is, &k);
    return id ? r->groups.p[id - 1] : NULL;
}

static ox__symgroup *get_group(ox_symbolics *r, const char *s, size_t n)
{
    ox__symgroup *g = find_group(r, s, n);
    if (g) return g;
    g = ox__calloc(1, sizeof *g);
    if (!g || !(g->name = ox__strndup(s, n)) || !ox__vec_push(&r->groups, g)) {
        if (g) ox__free(g->name);
        ox__free(g);
        return NULL;
    }
    if (ox__index_add(&r->index, ox__hash(s, n), (uint32_t)r->groups.n)) return g;
    r->groups.n--;
    ox__free(g->name);
    ox__free(g);
    return NULL;
}

static void symbol_free(ox__symbol *s, bool with_ud)
{
    if (!s) return;
    if (with_ud && s->def.free_ud) s->def.free_ud(s->def.ud);
    ox_aten_free(s->own);
    ox__arena_free(&s->mem);
    ox__free(s);
}

ox_status ox_symbolics_create(ox_symbolics **out, ox_error *err)
{
    *out = ox__calloc(1, sizeof **out);
    return *out ? OX_OK : ox__nomem(err);
}

void ox_symbolics_free(ox_symbolics *r)
{
    if (!r) return;
    for (size_t i = 0; i < r->groups.n; i++) {
        ox__symgroup *g = r->groups.p[i];
        for (size_t k = 0; k < g->list.n; k++) symbol_free(g->list.p[k], true);
        for (size_t k = 0; k < g->removed_overloads.n; k++) ox__free(g->removed_overloads.p[k]);
        ox__vec_free(&g->list);
        ox__vec_free(&g->removed_overloads);
        ox__free(g->name);
        ox__free(g);
    }
    ox__recipes_free(&r->recipes);
    ox__vec_free(&r->groups);
    ox__index_free(&r->index);
    ox__free(r);
}

/* ---- names ---- */

/* Splits "aten::add.Tensor" into base and overload (NULL if there is none). */
static ox_status split_name(const char *name, size_t *n_base, const char **overload, ox_error *err)
{
    const char *colons = name ? strstr(name, "::") : NULL;
    *overload = NULL;
    if (name && name[0] == '^' && name[1]) {
        *n_base = strlen(name);
        return OX_OK;
    }
    if (!colons || colons == name || !colons[2]) {
        ox__fail(err, OX_E_INVALID, "'%s' is not the name of an operator", name ? name : "");
        ox_error_hint(err,
                      "a namespace and a name, as in aten::elu or aten::add.Tensor, or ^Name for a Python operator");
        return OX_E_INVALID;
    }
    if (strncmp(name, "onnx::", 6) == 0)
        return ox__fail(err, OX_E_INVALID, "'%s': ONNX operators need no symbolic function", name);
    const char *dot = strchr(colons + 2, '.');
    *n_base = dot ? (size_t)(dot - name) : strlen(name);
    if (dot && dot[1]) *overload = dot + 1;
    return OX_OK;
}

/* ---- adding ---- */
static const char *dup_text(ox__symbol *s, const char *text)
{
    return ox__arena_dup(&s->mem, text, strlen(text) + 1);
}

static ox_status copy_names(ox__symbol *s, const char *const **names, size_t n, ox_error *err)
{
    const char **copy = ox__arena_alloc(&s->mem, (n + 1) * sizeof *copy);
    if (!copy) return ox__nomem(err);
    for (size_t i = 0; i < n; i++)
        if (!(copy[i] = dup_text(s, (*names)[i]))) return ox__nomem(err);
    *names = copy;
    return OX_OK;
}

static ox_status symbol_make(ox__symbol **out, const ox_symbolic_def *def, ox_error *err)
{
    size_t n_base;
    const char *overload;
    ox_status s = split_name(def->name, &n_base, &overload, err);
    if (s != OX_OK) return s;
    ox__symbol *y = ox__calloc(1, sizeof *y);
    if (!y) return ox__nomem(err);
    y->def = *def;
    char *base = ox__arena_alloc(&y->mem, n_base + 1);
    y->def.name = dup_text(y, def->name);
    if (overload) y->overload = dup_text(y, overload);
    if (def->domain) y->def.domain = dup_text(y, def->domain);
    if (def->schema) y->def.schema = dup_text(y, def->schema);
    if (def->file) y->def.file = dup_text(y, def->file);
    if (!base || !y->def.name || (overload && !y->overload) || (def->domain && !y->def.domain) ||
        (def->schema && !y->def.schema) || (def->file && !y->def.file))
        OX__TRY(ox__nomem(err));
    memcpy(base, def->name, n_base);
    base[n_base] = '\0';
    y->base = base;
    OX__TRY(copy_names(y, &y->def.params, def->positional ? 0 : def->n_params, err));
    OX__TRY(copy_names(y, &y->def.ignore, def->n_ignore, err));
    if (def->positional) y->def.n_params = 0;
    if (def->schema) {
        s = ox_aten_parse(&y->own, def->schema, strlen(def->schema), err);
        if (s != OX_OK) ox_error_context(err, "schema of %s", def->name);
        if (s != OX_OK) goto out;
    }
    OX__TRY(ox__plan_make(y, err));
    *out = y;
    return OX_OK;
out:
    symbol_free(y, false);
    return s;
}

static bool same_text(const char *a, const char *b)
{
    return (!a && !b) || (a && b && strcmp(a, b) == 0);
}

static bool stays_away(const ox__symgroup *g, const char *overload)
{
    if (g->removed) return true;
    for (size_t i = 0; overload && i < g->removed_overloads.n; i++)
        if (strcmp(g->removed_overloads.p[i], overload) == 0) return true;
    return false;
}

ox_status ox_symbolics_add(ox_symbolics *r, const ox_symbolic_def *def, ox_error *err)
{
    if (!def->fn) return ox__fail(err, OX_E_INVALID, "%s has no function", def->name ? def->name : "?");
    ox__symbol *y = NULL;
    ox_status s = symbol_make(&y, def, err);
    if (s != OX_OK) return s;
    ox__symgroup *g = get_group(r, y->base, strlen(y->base));
    if (!g || !ox__vec_reserve(&g->list, g->list.n + 1)) {
        symbol_free(y, false);
        return ox__nomem(err);
    }
    r->edits += !y->def.builtin;
    y->number = ++r->numbers;
    if (y->def.builtin && stays_away(g, y->overload)) {
        symbol_free(y, true);
        return OX_OK;
    }
    for (size_t i = 0; i < g->list.n; i++) {
        ox__symbol *old = g->list.p[i];
        if (old->def.builtin != y->def.builtin || old->def.min_opset != y->def.min_opset ||
            !same_text(old->overload, y->overload) || !same_text(old->def.domain, y->def.domain))
            continue;
        symbol_free(old, true);
        g->list.p[i] = y;
        return OX_OK;
    }
    return ox__vec_push(&g->list, y) ? OX_OK : ox__nomem(err);
}

uint64_t ox__symbolics_edits(const ox_symbolics *r)
{
    return r->edits;
}

void ox_symbolics_set_guard(ox_symbolics *r, ox_symbolics_guard_fn fn, void *ud)
{
    r->guard = fn;
    r->guard_ud = ud;
}

ox__recipes *ox__symbolics_recipes(ox_symbolics *r)
{
    return !r->guard || r->guard(r->guard_ud) ? &r->recipes : NULL;
}

/* ---- looking up ---- */
void ox_symbolics_set_loader(ox_symbolics *r, ox_symbolics_load_fn fn, void *ud)
{
    r->load = fn;
    r->load_ud = ud;
}

ox_status ox__symbolics_group(ox_symbolics *r, const char *base, size_t n, const ox__symgroup **out, ox_error *err)
{
    *out = NULL;
    ox__symgroup *g = get_group(r, base, n);
    if (!g) return ox__nomem(err);
    if (!g->asked && r->load) {
        g->asked = true; /* before the call: the loader may look up the same name */
        ox_status s = r->load(r->load_ud, g->name, err);
        if (s != OX_OK) {
            g->asked = false;
            return s;
        }
    }
    if (g->list.n) *out = g;
    return OX_OK;
}

/* 0: does not serve; else the higher the better. */
static int rank_of(const ox__symbol *y, const ox__choice *want)
{
    bool exact = y->overload != NULL;
    if (exact && (!want->overload || strcmp(y->overload, want->overload) != 0) && !y->own) return 0;
    if (want->schema && !y->own && y->n_plans && !ox__plan_for(y, want->schema)) return 0;
    return 1 + (exact ? 1 : 0) + (y->def.builtin ? 0 : 2);
}

const ox__symbol *ox__symbolics_choose(const ox__symgroup *g, const ox__choice *want, int64_t *later)
{
    const ox__symbol *best = NULL;
    int best_rank = 0;
    if (later) *later = 0;
    for (size_t i = 0; g && i < g->list.n; i++) {
        const ox__symbol *y = g->list.p[i];
        int rank = rank_of(y, want);
        if (!rank) continue;
        if (y->def.min_opset > want->target(want->ud, y->def.domain ? y->def.domain : "")) {
            if (later && !y->def.domain && (!*later || y->def.min_opset < *later)) *later = y->def.min_opset;
            continue;
        }
        if (rank < best_rank || (rank == best_rank && y->def.min_opset < best->def.min_opset)) continue;
        best = y;
        best_rank = rank;
    }
    return best;
}

/* ---- removing and listing ---- */
ox_status ox_symbolics_remove(ox_symbolics *r, const char *name, ox_error *err)
{
    size_t n_base;
    const char *overload;
    const ox__symgroup *found;
    ox_status s = split_name(name, &n_base, &overload, err);
    if (s == OX_OK) s = ox__symbolics_group(r, name, n_base, &found, err);
    if (s != OX_OK) return s;
    ox__symgroup *g = find_group(r, name, n_base);
    char *copy = overload ? ox__strndup(overload, strlen(overload)) : NULL;
    if (!g || (overload && (!copy || !ox__vec_push(&g->removed_overloads, copy)))) {
        ox__free(copy);
        return ox__nomem(err);
    }
    r->edits++;
    size_t kept = 0, had = g->list.n;
    for (size_t i = 0; i < had; i++) {
        ox__symbol *y = g->list.p[i];
        if (overload && !same_text(y->overload, overload))
            g->list.p[kept++] = y;
        else
            symbol_free(y, true);
    }
    g->list.n = kept;
    if (kept == had) return ox__fail(err, OX_E_NOT_FOUND, "there is no symbolic function of %s", name);
    if (!overload) g->removed = true;
    return OX_OK;
}

static bool each_in(const ox__symgroup *g, const char *overload, ox_symbolics_fn fn, void *ud)
{
    for (int user = 1; user >= 0; user--)
        for (size_t i = 0; i < g->list.n; i++) {
            const ox__symbol *y = g->list.p[i];
            if (y->def.builtin == (user != 0) || (overload && !same_text(y->overload, overload))) continue;
            if (!fn(ud, &y->def)) return false;
        }
    return true;
}

static int by_name(const void *a, const void *b)
{
    return strcmp((*(ox__symgroup *const *)a)->name, (*(ox__symgroup *const *)b)->name);
}

ox_status ox_symbolics_each(const ox_symbolics *r, const char *name, ox_symbolics_fn fn, void *ud, ox_error *err)
{
    ox_symbolics *w = (ox_symbolics *)r; /* loading a family is no change that a caller can see */
    if (name) {
        size_t n_base;
        const char *overload;
        const ox__symgroup *g;
        if (split_name(name, &n_base, &overload, NULL) != OX_OK) return OX_OK;
        ox_status s = ox__symbolics_group(w, name, n_base, &g, err);
        if (s == OX_OK && g) each_in(g, overload, fn, ud);
        return s;
    }
    size_t n = r->groups.n;
    ox__symgroup **sorted = ox__alloc((n + 1) * sizeof *sorted);
    if (!sorted) return ox__nomem(err);
    if (n) memcpy(sorted, r->groups.p, n * sizeof *sorted);
    qsort(sorted, n, sizeof *sorted, by_name);
    for (size_t i = 0; i < n && each_in(sorted[i], NULL, fn, ud); i++) {}
    ox__free(sorted);
    return OX_OK;
}
