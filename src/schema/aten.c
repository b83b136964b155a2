/* Floor 2. PyTorch's schemas: look-ups in the generated table and reading of its rows. Everything is static. */
#include "schema/aten_rows.h"

#include "schema/tables.h"

static const char *text(uint32_t at)
{
    return ox__aten_text + at;
}

const ox_aten_schema *ox_aten_find_n(const char *name, size_t len, size_t *n)
{
    uint32_t mask = ox__aten_n.slots - 1u;
    if (n) *n = 0;
    if (len > 256 || memchr(name, '\0', len)) return NULL;
    for (uint32_t at = ox__table_hash(name, len, 0) & mask; ox__aten_slots[at]; at = (at + 1) & mask) {
        const ox__aten_op *op = &ox__aten_ops[ox__aten_slots[at] - 1];
        const char *have = ox__aten_names + op->name;
        if (strncmp(have, name, len) != 0 || have[len]) continue;
        if (n) *n = op->n;
        return &ox__aten_schemas[op->first];
    }
    return NULL;
}

const ox_aten_schema *ox_aten_find(const char *name, size_t *n)
{
    return ox_aten_find_n(name, strlen(name), n);
}

const ox_aten_schema *ox_aten_nth(const ox_aten_schema *first, size_t i)
{
    return first + i;
}

/* Among the overloads of an operator; the newest stands first. */
static const ox_aten_schema *pick_overload(const ox_aten_schema *first, size_t n, const char *overload)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(text(first[i].overload), overload) == 0) return &first[i];
    return NULL;
}

const ox_aten_schema *ox_aten_find_overload(const char *name, const char *overload)
{
    size_t n;
    const ox_aten_schema *first = ox_aten_find(name, &n);
    return pick_overload(first, n, overload);
}

size_t ox_aten_count(void)
{
    return ox__aten_n.ops;
}

const char *ox_aten_name(size_t i)
{
    return i < ox__aten_n.ops ? ox__aten_names + ox__aten_ops[i].name : NULL;
}

ox_aten_info ox_aten_get(const ox_aten_schema *s)
{
    if (ox__aten_owned_of(s)) return ox__aten_owned_of(s)->info;
    return (ox_aten_info){
        .name = ox__aten_names + ox__aten_ops[s->op].name,
        .overload = text(s->overload),
        .n_args = s->n_args,
        .n_returns = s->n_returns,
        .first = ox__aten_versions[s->first],
        .last = ox__aten_versions[s->last],
        .vararg = s->flags & OX__ATEN_VARARG,
        .varret = s->flags & OX__ATEN_VARRET,
        .is_out = s->flags & OX__ATEN_OUT,
        .is_inplace = s->flags & OX__ATEN_INPLACE,
    };
}

static ox_aten_type read_type(const ox__aten_type *row)
{
    ox_aten_type t = {
        .kind = row->kind,
        .size = row->size,
        .mutates = row->flags & OX__ATEN_MUTATES,
        .aliases = row->flags & OX__ATEN_ALIASES,
        .text = text(row->text),
    };
    for (int i = 0; i < OX_ATEN_MAX_WRAPS; i++) t.wrap[i] = row->wraps >> (2 * i) & 3;
    return t;
}

static ox_aten_const read_const(const ox__aten_const *row)
{
    ox_aten_const c = {.kind = (ox_aten_const_kind)row->kind, .n = row->n};
    if (c.kind == OX_ATEN_CONST_ABSENT) return c;
    c.text = text(row->text);
    switch (c.kind) {
    case OX_ATEN_CONST_BOOL: c.i = row->value; break;
    case OX_ATEN_CONST_INT: c.i = ox__aten_ints[row->value]; break;
    case OX_ATEN_CONST_INTS: c.ints = ox__aten_ints + row->value; break;
    case OX_ATEN_CONST_FLOAT: memcpy(&c.f, &ox__aten_floats[row->value], sizeof c.f); break;
    case OX_ATEN_CONST_STR: c.s = text(row->value); break;
    default: break;
    }
    return c;
}

static ox_aten_arg read_arg(const ox_aten_schema *s, size_t i)
{
    const ox__aten_arg *row = &ox__aten_args[ox__aten_lists[s->args + i]];
    return (ox_aten_arg){
        .name = text(row->name),
        .type = read_type(&ox__aten_types[row->type]),
        .def = read_const(&ox__aten_consts[row->def]),
        .kwarg_only = row->flags & OX__ATEN_KWARG,
        .inert = (ox_aten_inert)(row->flags >> OX__ATEN_INERT_SHIFT),
        .reason = row->reason ? text(ox__aten_reasons[row->reason]) : NULL,
    };
}

ox_aten_arg ox_aten_get_arg(const ox_aten_schema *s, size_t i)
{
    const ox__aten_owned *own = ox__aten_owned_of(s);
    if (i >= s->n_args) return (ox_aten_arg){.name = ""};
    return own ? own->args[i] : read_arg(s, i);
}

ox_aten_arg ox_aten_get_return(const ox_aten_schema *s, size_t i)
{
    const ox__aten_owned *own = ox__aten_owned_of(s);
    if (i >= s->n_returns) return (ox_aten_arg){.name = ""};
    return own ? own->returns[i] : read_arg(s, s->n_args + i);
}

int ox_aten_arg_index(const ox_aten_schema *s, const char *name)
{
    int self = -1;
    for (int i = 0; i < s->n_args; i++) {
        const char *have = ox_aten_get_arg(s, (size_t)i).name;
        if (strcmp(have, name) == 0) return i;
        if (strcmp(have, "self") == 0) self = i;
    }
    return strcmp(name, "input") == 0 ? self : -1;
}

/* add_ <-> add and __iadd__ <-> __add__, behind the `::`. False if the name has no such form or is too long. */
static bool twin_name(char *buf, size_t size, const char *name, bool to_inplace)
{
    const char *base = strstr(name, "::") ? strstr(name, "::") + 2 : name;
    size_t n = strlen(name), at = (size_t)(base - name), len = n - at;
    bool dunder = len > 4 && strncmp(base, "__", 2) == 0 && strcmp(base + len - 2, "__") == 0;
    if (n + 2 > size) return false;
    memcpy(buf, name, n + 1);
    if (dunder && to_inplace) {
        memmove(buf + at + 3, buf + at + 2, len - 1);
        buf[at + 2] = 'i';
    } else if (dunder) {
        memmove(buf + at + 2, buf + at + 3, len - 2);
    } else if (to_inplace) {
        buf[n] = '_';
        buf[n + 1] = '\0';
    } else {
        buf[n - 1] = '\0';
    }
    return true;
}

static const ox_aten_schema *twin(const ox_aten_schema *s, bool to_inplace)
{
    char name[256];
    ox_aten_info info = ox_aten_get(s);
    if (info.is_inplace == to_inplace || info.is_out || !twin_name(name, sizeof name, info.name, to_inplace))
        return NULL;
    const ox_aten_schema *t = ox_aten_find_overload(name, info.overload);
    return t && ox_aten_get(t).is_inplace == to_inplace ? t : NULL;
}

const ox_aten_schema *ox_aten_functional(const ox_aten_schema *s)
{
    return twin(s, false);
}

const ox_aten_schema *ox_aten_inplace(const ox_aten_schema *s)
{
    return twin(s, true);
}
