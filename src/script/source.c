/* Floor 6. The source of symbolic functions, and completion. */
#include "script/source.h"

#include <stdio.h>

/* ---- which function serves a name ---- */

/* Those of a user come first whatever the opset, then the highest opset that fits; an overload's own before a bare one.
 */
static bool better(const ox__lua_served *q, const ox_symbolic_def *a)
{
    if (a->min_opset > q->opset && q->opset > 0 && !a->domain) return false;
    if (!q->best) return true;
    bool a_exact = strcmp(a->name, q->name) == 0;
    if (a_exact != q->exact) return a_exact;
    if (a->builtin != q->builtin) return !a->builtin;
    return a->min_opset >= q->min_opset;
}

static bool consider(void *ud, const ox_symbolic_def *def)
{
    ox__lua_served *q = ud;
    if (!better(q, def)) return true;
    q->in_c = def->fn != ox__lua_call_symbolic;
    q->best = def->ud;
    q->exact = strcmp(def->name, q->name) == 0;
    q->builtin = def->builtin;
    q->min_opset = def->min_opset;
    return true;
}

ox_status ox__lua_find_served(ox_script *s, ox__lua_served *q, ox_error *err)
{
    char base[128];
    ox_status st = ox__lua_load_family(s, q->name, err);
    if (st != OX_OK) return st;
    st = ox_symbolics_each(s->symbolics, q->name, consider, q, err);
    const char *colon = strstr(q->name, "::"), *dot = colon ? strchr(colon, '.') : NULL;
    if (st == OX_OK && !q->best && dot && (size_t)(dot - q->name) < sizeof base) {
        snprintf(base, sizeof base, "%.*s", (int)(dot - q->name), q->name);
        st = ox_symbolics_each(s->symbolics, base, consider, q, err);
    }
    if (st != OX_OK) return st;
    if (!q->best || q->in_c)
        return ox__fail(err, OX_E_NOT_FOUND,
                        q->in_c ? "the function of %s is written in C" : "no symbolic function of %s", q->name);
    return OX_OK;
}

/* ---- its lines ---- */

/* Pushes lines first..last of text. */
static void push_lines(lua_State *L, const char *text, size_t n, int first, int last)
{
    const char *p = text, *end = text + n;
    for (int line = 1; line < first && p < end; line++) {
        const char *nl = memchr(p, '\n', (size_t)(end - p));
        p = nl ? nl + 1 : end;
    }
    const char *q = p;
    for (int line = first; line <= last && q < end; line++) {
        const char *nl = memchr(q, '\n', (size_t)(end - q));
        q = nl ? nl + 1 : end;
    }
    lua_pushlstring(L, p, (size_t)(q - p));
}

/* Pushes the text of a file; false if it cannot be read. The FILE is closed before anything raises: it is read into a
 * userdata. */
static bool push_file(lua_State *L, const char *path)
{
    enum { MAX = 16 << 20 };
    FILE *f = fopen(path, "rb");
    if (!f) return false;
    long size = fseek(f, 0, SEEK_END) == 0 ? ftell(f) : -1;
    fclose(f);
    if (size < 0 || size > MAX) return false;
    char *p = lua_newuserdatauv(L, (size_t)size + 1, 0);
    f = fopen(path, "rb");
    size_t n = f ? fread(p, 1, (size_t)size, f) : 0;
    if (f) fclose(f);
    lua_pushlstring(L, p, n);
    lua_remove(L, -2);
    return true;
}

void ox__lua_push_source(lua_State *L, const ox__lua_fn *f)
{
    lua_Debug ar;
    size_t n = 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, f->ref);
    lua_getinfo(L, ">S", &ar);
    const char *name = ar.source[0] == '@' || ar.source[0] == '=' ? ar.source + 1 : ar.short_src;
    const ox__lua_file *file = ar.source[0] == '=' ? ox__lua_embedded(f->script, name) : NULL;
    if (file) {
        push_lines(L, file->text, file->n, ar.linedefined, ar.lastlinedefined);
    } else if (ar.source[0] == '@' && push_file(L, name)) {
        const char *text = lua_tolstring(L, -1, &n);
        push_lines(L, text, n, ar.linedefined, ar.lastlinedefined);
        lua_remove(L, -2);
    } else {
        lua_pushliteral(L, "(typed at the prompt)\n");
    }
    lua_pushfstring(L, "%s:%d", name, ar.linedefined);
}

/* ---- the public function ---- */

typedef struct sourcing {
    const ox__lua_fn *fn;
    char **text;
    char *where;
    size_t where_size;
    bool *alone;
} sourcing;

static int source_protected(lua_State *L)
{
    const sourcing *c = lua_touserdata(L, 1);
    size_t n = 0;
    ox__lua_push_source(L, c->fn);
    const char *text = lua_tolstring(L, -2, &n);
    *c->text = ox__strndup(text, n);
    if (c->where_size) snprintf(c->where, c->where_size, "%s", lua_tostring(L, -1));
    return 0;
}

ox_status ox_script_source(ox_script *s, const char *name, int64_t opset, char **text, char *where, size_t where_size,
                           ox_error *err)
{
    *text = NULL;
    ox__lua_served q = {.name = name, .opset = opset};
    ox_status st = ox__lua_find_served(s, &q, err);
    if (st != OX_OK) return st;
    sourcing c = {.fn = q.best, .text = text, .where = where, .where_size = where_size};
    st = ox__lua_protect(s, source_protected, &c, err);
    return st == OX_OK && !*text ? ox__nomem(err) : st;
}

/* Whether those lines are a statement that means the same in another file: it uses no local of its own. */
static int alone_protected(lua_State *L)
{
    const sourcing *c = lua_touserdata(L, 1);
    size_t n = 0;
    ox__lua_push_source(L, c->fn);
    *c->alone = strncmp(lua_tolstring(L, -2, &n), "symbolic(", 9) == 0;
    lua_rawgeti(L, LUA_REGISTRYINDEX, c->fn->ref);
    for (int i = 1; *c->alone; i++) {
        const char *name = lua_getupvalue(L, -1, i);
        if (!name) break;
        lua_pop(L, 1);
        *c->alone = strcmp(name, "_ENV") == 0 || strcmp(name, "sym") == 0;
    }
    return 0;
}

ox_status ox_script_source_is_alone(ox_script *s, const char *name, int64_t opset, bool *alone, ox_error *err)
{
    *alone = false;
    ox__lua_served q = {.name = name, .opset = opset};
    ox_status st = ox__lua_find_served(s, &q, err);
    if (st != OX_OK) return st;
    sourcing c = {.fn = q.best, .alone = alone};
    return ox__lua_protect(s, alone_protected, &c, err);
}

void ox_script_free_text(char *text)
{
    ox__free(text);
}

/* ---- completion ---- */

typedef struct completing {
    const char *text;
    size_t n;
    void (*fn)(void *ud, const char *word);
    void *ud;
} completing;

static bool is_word(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '_';
}

/* Offers head .. key for the string keys of the table at the top that begin with the part typed. */
static void offer_keys(lua_State *L, const completing *c, const char *head, size_t n_head, const char *part)
{
    if (lua_type(L, -1) != LUA_TTABLE) return;
    for (lua_pushnil(L); lua_next(L, -2); lua_pop(L, 1)) {
        if (lua_type(L, -2) != LUA_TSTRING) continue;
        const char *key = lua_tostring(L, -2);
        if (strncmp(key, part, strlen(part)) != 0 || strncmp(key, "__", 2) == 0) continue;
        const char *word = lua_pushfstring(L, "%s%s", lua_pushlstring(L, head, n_head), key);
        c->fn(c->ud, word);
        lua_pop(L, 2);
    }
}

/* Replaces the table or handle at the top by what may follow its `.` or `:`. */
static void push_members(lua_State *L)
{
    if (lua_type(L, -1) == LUA_TTABLE) return;
    if (luaL_getmetafield(L, -1, "__index") == LUA_TNIL) lua_pushnil(L);
    if (lua_type(L, -1) == LUA_TFUNCTION) lua_pushnil(L);
}

/* Pushes the value of the dotted path [p, end), whose parts are looked up without calling anything; nil if there is
 * none. */
static void push_path(lua_State *L, const char *p, const char *end)
{
    lua_pushglobaltable(L);
    while (p < end && lua_type(L, -1) == LUA_TTABLE) {
        const char *q = p;
        while (q < end && is_word(*q)) q++;
        lua_pushlstring(L, p, (size_t)(q - p));
        bool global = p != end && lua_rawlen(L, -2) == 0 && lua_getmetatable(L, -2);
        if (global) {
            lua_pop(L, 1);
            lua_gettable(L, -2);
        } else {
            lua_rawget(L, -2);
        }
        lua_remove(L, -2);
        p = q + 1;
    }
}

/* The methods that the documentation gives a variable of that name ("g", "node", "value"): what its value is, nobody
 * knows before the code runs. */
static void offer_docs(const completing *c, const char *head, size_t n_head, const char *part)
{
    const ox_script_doc *rows = NULL;
    size_t n = ox_script_docs(&rows);
    char word[128];
    for (size_t i = 0; i < n; i++) {
        if (strncmp(rows[i].name, head, n_head) != 0 || strncmp(rows[i].name + n_head, part, strlen(part)) != 0)
            continue;
        snprintf(word, sizeof word, "%s", rows[i].name);
        c->fn(c->ud, word);
    }
}

static int complete_protected(lua_State *L)
{
    const completing *c = lua_touserdata(L, 1);
    size_t begin = c->n;
    while (begin > 0 && (is_word(c->text[begin - 1]) || c->text[begin - 1] == '.' || c->text[begin - 1] == ':'))
        begin--;
    const char *word = lua_pushlstring(L, c->text + begin, c->n - begin);
    size_t n = c->n - begin, head = n;
    while (head > 0 && is_word(word[head - 1])) head--;
    if (head == 0) {
        lua_pushglobaltable(L);
        offer_keys(L, c, word, 0, word);
        offer_docs(c, word, 0, word);
        return 0;
    }
    push_path(L, word, word + head - 1);
    push_members(L);
    if (lua_type(L, -1) == LUA_TTABLE)
        offer_keys(L, c, word, head, word + head);
    else
        offer_docs(c, word, head, word + head);
    return 0;
}

void ox_script_complete(ox_script *s, const char *text, size_t n, void (*fn)(void *ud, const char *word), void *ud)
{
    completing c = {text, n, fn, ud};
    ox_error err;
    ox_error_clear(&err);
    if (ox__lua_protect(s, complete_protected, &c, &err) != OX_OK) return; /* no completion is no failure */
}
