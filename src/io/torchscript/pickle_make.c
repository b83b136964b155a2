/* Floor 3. The reader of pickles: its memory, nodes and stack. */
#include "io/torchscript/pickle_in.h"

#include <stdio.h>

void ox__pk_fail(ox__unpickler *u, ox_status s, const char *fmt, ...)
{
    char text[sizeof u->err->msg];
    if (u->s != OX_OK) return;
    va_list args;
    va_start(args, fmt);
    vsnprintf(text, sizeof text, fmt, args);
    va_end(args);
    u->s = ox__fail(u->err, s, "%s", text);
    ox_error_at_offset(u->err, u->file, u->base + u->at);
}

static bool may_use(ox__unpickler *u, size_t more)
{
    size_t used =
        u->tree->arena.total + (u->stack.cap + u->memo.cap) * sizeof(ox__obj *) + u->marks.cap * sizeof(uint32_t);
    size_t most = u->most + (size_t)(u->r.p - u->from) * u->per_byte;
    if (used <= most && more <= most - used) return true;
    ox__pk_fail(u, OX_E_LIMIT, "the pickle unfolds to more than %zu MiB", most >> 20);
    return false;
}

void *ox__pk_alloc(ox__unpickler *u, size_t n)
{
    if (u->s != OX_OK || !may_use(u, n)) return NULL;
    void *p = ox__arena_alloc(&u->tree->arena, n);
    if (!p) u->s = ox__nomem(u->err);
    return p;
}

/* ---- nodes ---- */
ox__obj *ox__pk_new(ox__unpickler *u, int kind)
{
    ox__obj *o = ox__pk_alloc(u, sizeof *o);
    if (!o) return NULL;
    memset(o, 0, sizeof *o);
    o->kind = (uint8_t)kind;
    return o;
}

/* The few values that come over and over are made once. */
ox__obj *ox__pk_none(ox__unpickler *u)
{
    if (!u->none) u->none = ox__pk_new(u, OX__OBJ_NONE);
    return u->none;
}

ox__obj *ox__pk_bool(ox__unpickler *u, bool v)
{
    ox__obj **o = v ? &u->yes : &u->no;
    if (!*o && (*o = ox__pk_new(u, OX__OBJ_BOOL))) (*o)->i = v;
    return *o;
}

ox__obj *ox__pk_int(ox__unpickler *u, int64_t v)
{
    bool small = v >= 0 && v < (int64_t)OX__COUNT(u->small);
    if (small && u->small[v]) return u->small[v];
    ox__obj *o = ox__pk_new(u, OX__OBJ_INT);
    if (!o) return NULL;
    o->i = v;
    if (small) u->small[v] = o;
    return o;
}

ox__obj *ox__pk_text(ox__unpickler *u, int kind, const void *p, size_t n)
{
    if (n > UINT32_MAX) ox__pk_fail(u, OX_E_LIMIT, "a text of the pickle has %zu bytes", n);
    ox__obj *o = ox__pk_new(u, kind);
    char *copy = o ? ox__pk_alloc(u, n + 1) : NULL;
    if (!copy) return NULL;
    if (n) memcpy(copy, p, n);
    copy[n] = '\0';
    o->s = copy;
    o->n = (uint32_t)n;
    return o;
}

/* ---- containers ---- */
ox__pk_extent *ox__pk_extent_of(const ox__obj *o)
{
    bool holds = o->kind >= OX__OBJ_TUPLE && o->kind <= OX__OBJ_DICT && o->n;
    return holds ? (ox__pk_extent *)(void *)o->items - 1 : NULL;
}

static ox__obj **new_items(ox__unpickler *u, size_t slots)
{
    ox__pk_extent *e = ox__pk_alloc(u, sizeof *e + slots * sizeof(ox__obj *));
    if (!e) return NULL;
    memset(e, 0, sizeof *e);
    return (ox__obj **)(void *)(e + 1);
}

/* `room` 0: the items fill their memory; else it has 2^room slots. */
static bool make_room(ox__unpickler *u, ox__obj *o, size_t used, size_t more)
{
    size_t need = used + more;
    if (o->room && need <= (size_t)1 << o->room) return true;
    uint8_t room = 0;
    if (used) /* it grows a second time: it may go on */
        for (room = 3; (size_t)1 << room < need;) room++;
    ox__obj **fresh = new_items(u, room ? (size_t)1 << room : need);
    if (!fresh) return false;
    if (used) memcpy(fresh, o->items, used * sizeof *fresh);
    o->items = fresh;
    o->room = room;
    return true;
}

bool ox__pk_append(ox__unpickler *u, ox__obj *o, ox__obj *const *items, size_t n)
{
    size_t per = o->kind == OX__OBJ_DICT ? 2 : 1, used = o->n * per;
    if (n == 0) return true;
    if (n > UINT32_MAX - o->n) ox__pk_fail(u, OX_E_LIMIT, "a container of the pickle has too many items");
    if (u->s != OX_OK || !make_room(u, o, used, n * per)) return false;
    memcpy(o->items + used, items, n * per * sizeof *items);
    o->n += (uint32_t)n;
    return true;
}

ox__obj *ox__pk_container(ox__unpickler *u, int kind, ox__obj *const *items, size_t n)
{
    ox__obj *o = ox__pk_new(u, kind);
    return o && ox__pk_append(u, o, items, n) ? o : NULL;
}

/* ---- the stack ---- */
bool ox__pk_push(ox__unpickler *u, ox__obj *o)
{
    if (!o || u->s != OX_OK) return false;
    if (u->stack.n == u->stack.cap && !may_use(u, u->stack.cap / 2 * sizeof o)) return false;
    if (ox__vec_push(&u->stack, o)) return true;
    u->s = ox__nomem(u->err);
    return false;
}

static size_t floor_of(const ox__unpickler *u)
{
    return u->marks.n ? u->marks.p[u->marks.n - 1] : 0;
}

ox__obj *ox__pk_top(ox__unpickler *u)
{
    if (u->stack.n > floor_of(u)) return u->stack.p[u->stack.n - 1];
    ox__pk_fail(u, OX_E_FORMAT, "the pickle is damaged: it takes more from its stack than it put there");
    return NULL;
}

ox__obj *ox__pk_pop(ox__unpickler *u)
{
    ox__obj *o = ox__pk_top(u);
    if (o) u->stack.n--;
    return o;
}

ox__obj **ox__pk_marked(ox__unpickler *u, size_t *n)
{
    *n = 0;
    if (!u->marks.n) {
        ox__pk_fail(u, OX_E_FORMAT, "the pickle is damaged: it ends a list that it did not begin");
        return NULL;
    }
    size_t from = u->marks.p[--u->marks.n];
    *n = u->stack.n - from;
    return *n ? u->stack.p + from : u->stack.p;
}

void ox__pk_drop(ox__unpickler *u, size_t n)
{
    u->stack.n -= n;
}
