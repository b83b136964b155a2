/* Floor 3. The machine of pickles: instructions in a table, each a few lines on the stack. */
#include "io/torchscript/pickle_in.h"

#include "base/file.h"

enum { STEP = 4096 /* instructions between two questions whether to go on */ };

static const uint8_t *bytes(ox__unpickler *u, uint64_t n)
{
    const uint8_t *p = ox__read_bytes(&u->r, n);
    if (!p) ox__pk_fail(u, OX_E_FORMAT, "the pickle is cut short");
    return p;
}

static uint64_t number(ox__unpickler *u, unsigned n)
{
    uint64_t v = 0;
    const uint8_t *p = bytes(u, n);
    for (unsigned i = n; p && i-- > 0;) v = v << 8 | p[i];
    return v;
}

/* ---- plain values ---- */
static void op_none(ox__unpickler *u)
{
    ox__pk_push(u, ox__pk_none(u));
}

static void op_true(ox__unpickler *u)
{
    ox__pk_push(u, ox__pk_bool(u, true));
}

static void op_false(ox__unpickler *u)
{
    ox__pk_push(u, ox__pk_bool(u, false));
}

static void op_int1(ox__unpickler *u)
{
    ox__pk_push(u, ox__pk_int(u, (int64_t)number(u, 1)));
}

static void op_int2(ox__unpickler *u)
{
    ox__pk_push(u, ox__pk_int(u, (int64_t)number(u, 2)));
}

static void op_int4(ox__unpickler *u)
{
    ox__pk_push(u, ox__pk_int(u, (int32_t)(uint32_t)number(u, 4)));
}

/* Little endian two's complement of any length. */
static void push_long(ox__unpickler *u, uint64_t n)
{
    const uint8_t *p = bytes(u, n);
    if (!p) return;
    while (n > 8 && p[n - 1] == (p[n - 2] & 0x80 ? 0xFF : 0)) n--; /* the sign again */
    if (n > 8) {
        ox__pk_push(u, ox__pk_text(u, OX__OBJ_BIGINT, p, (size_t)n));
        return;
    }
    uint64_t v = n && p[n - 1] & 0x80 ? UINT64_MAX : 0;
    for (uint64_t i = n; i-- > 0;) v = v << 8 | p[i];
    ox__pk_push(u, ox__pk_int(u, (int64_t)v));
}

static void op_long1(ox__unpickler *u)
{
    push_long(u, number(u, 1));
}

static void op_float(ox__unpickler *u)
{
    const uint8_t *p = bytes(u, 8);
    ox__obj *o = p ? ox__pk_new(u, OX__OBJ_FLOAT) : NULL;
    if (!o) return;
    uint64_t v = 0;
    for (unsigned i = 0; i < 8; i++) v = v << 8 | p[i]; /* big endian, unlike all else */
    memcpy(&o->f, &v, sizeof v);
    ox__pk_push(u, o);
}

static void push_text(ox__unpickler *u, int kind, unsigned length_bytes)
{
    uint64_t n = number(u, length_bytes);
    const uint8_t *p = u->s == OX_OK ? bytes(u, n) : NULL;
    if (p) ox__pk_push(u, ox__pk_text(u, kind, p, (size_t)n));
}

static void op_str1(ox__unpickler *u)
{
    push_text(u, OX__OBJ_STR, 1);
}

static void op_str4(ox__unpickler *u)
{
    push_text(u, OX__OBJ_STR, 4);
}

static void op_str8(ox__unpickler *u)
{
    push_text(u, OX__OBJ_STR, 8);
}

static void op_bytes1(ox__unpickler *u)
{
    push_text(u, OX__OBJ_BYTES, 1);
}

static void op_bytes4(ox__unpickler *u)
{
    push_text(u, OX__OBJ_BYTES, 4);
}

static void op_bytes8(ox__unpickler *u)
{
    push_text(u, OX__OBJ_BYTES, 8);
}

/* ---- the stack and the memo ---- */
static void op_mark(ox__unpickler *u)
{
    if (!ox__vec_push(&u->marks, (uint32_t)u->stack.n)) u->s = ox__nomem(u->err);
}

static void op_pop(ox__unpickler *u)
{
    (void)ox__pk_pop(u);
}

static void op_pop_mark(ox__unpickler *u)
{
    size_t n;
    (void)ox__pk_marked(u, &n);
    ox__pk_drop(u, n);
}

static void op_dup(ox__unpickler *u)
{
    ox__pk_push(u, ox__pk_top(u));
}

/* A place in the memo takes more than one byte to make: it is no larger than the pickle. */
static void put(ox__unpickler *u, uint64_t i)
{
    ox__obj *o = ox__pk_top(u);
    if (!o) return;
    if (i > (uint64_t)(u->r.end - u->r.start)) {
        ox__pk_fail(u, OX_E_FORMAT, "the pickle is damaged: it numbers something %llu", (unsigned long long)i);
        return;
    }
    if (i >= u->memo.n) {
        if (!ox__vec_reserve(&u->memo, (size_t)i + 1)) {
            u->s = ox__nomem(u->err);
            return;
        }
        memset(u->memo.p + u->memo.n, 0, ((size_t)i + 1 - u->memo.n) * sizeof *u->memo.p);
        u->memo.n = (size_t)i + 1;
    }
    u->memo.p[i] = o;
}

static void get(ox__unpickler *u, uint64_t i)
{
    if (u->s == OX_OK && (i >= u->memo.n || !u->memo.p[i]))
        ox__pk_fail(u, OX_E_FORMAT, "the pickle is damaged: it refers to number %llu, which it has not made",
                    (unsigned long long)i);
    if (u->s == OX_OK) ox__pk_push(u, u->memo.p[i]);
}

static void op_put1(ox__unpickler *u)
{
    put(u, number(u, 1));
}

static void op_put4(ox__unpickler *u)
{
    put(u, number(u, 4));
}

static void op_memoize(ox__unpickler *u)
{
    put(u, u->memo.n);
}

static void op_get1(ox__unpickler *u)
{
    get(u, number(u, 1));
}

static void op_get4(ox__unpickler *u)
{
    get(u, number(u, 4));
}

/* ---- containers ---- */
static void collect(ox__unpickler *u, int kind)
{
    size_t n, per = kind == OX__OBJ_DICT ? 2 : 1;
    ox__obj **items = ox__pk_marked(u, &n);
    if (n % per) ox__pk_fail(u, OX_E_FORMAT, "the pickle is damaged: a dict has a key without a value");
    if (u->s != OX_OK) return;
    ox__obj *o = ox__pk_container(u, kind, items, n / per);
    ox__pk_drop(u, n);
    ox__pk_push(u, o);
}

static void op_tuple(ox__unpickler *u)
{
    collect(u, OX__OBJ_TUPLE);
}

static void op_list(ox__unpickler *u)
{
    collect(u, OX__OBJ_LIST);
}

static void op_dict(ox__unpickler *u)
{
    collect(u, OX__OBJ_DICT);
}

static void op_frozenset(ox__unpickler *u)
{
    collect(u, OX__OBJ_SET);
}

static void push_empty(ox__unpickler *u, int kind)
{
    ox__pk_push(u, ox__pk_new(u, kind));
}

static void op_empty_tuple(ox__unpickler *u)
{
    push_empty(u, OX__OBJ_TUPLE);
}

static void op_empty_list(ox__unpickler *u)
{
    push_empty(u, OX__OBJ_LIST);
}

static void op_empty_dict(ox__unpickler *u)
{
    push_empty(u, OX__OBJ_DICT);
}

static void op_empty_set(ox__unpickler *u)
{
    push_empty(u, OX__OBJ_SET);
}

static void short_tuple(ox__unpickler *u, size_t n)
{
    ox__obj *items[3] = {NULL};
    for (size_t i = n; i-- > 0;) items[i] = ox__pk_pop(u);
    if (u->s == OX_OK) ox__pk_push(u, ox__pk_container(u, OX__OBJ_TUPLE, items, n));
}

static void op_tuple1(ox__unpickler *u)
{
    short_tuple(u, 1);
}

static void op_tuple2(ox__unpickler *u)
{
    short_tuple(u, 2);
}

static void op_tuple3(ox__unpickler *u)
{
    short_tuple(u, 3);
}

/* Adds to the container below the items, which must be of the kind that the instruction is for. */
static void add(ox__unpickler *u, int kind, ox__obj **items, size_t n)
{
    size_t per = kind == OX__OBJ_DICT ? 2 : 1;
    if (n % per) ox__pk_fail(u, OX_E_FORMAT, "the pickle is damaged: a dict has a key without a value");
    if (u->s != OX_OK) return;
    ox__pk_drop(u, n);
    ox__obj *o = ox__pk_top(u);
    if (o && o->kind != kind)
        ox__pk_fail(u, OX_E_FORMAT, "the pickle adds items to what is no %s",
                    kind == OX__OBJ_DICT   ? "dict"
                    : kind == OX__OBJ_LIST ? "list"
                                           : "set");
    if (u->s == OX_OK) ox__pk_append(u, o, items, n / per);
}

static void add_marked(ox__unpickler *u, int kind)
{
    size_t n;
    ox__obj **items = ox__pk_marked(u, &n);
    add(u, kind, items, n);
}

static void add_fixed(ox__unpickler *u, int kind, size_t n)
{
    size_t floor = u->marks.n ? u->marks.p[u->marks.n - 1] : 0;
    if (u->stack.n - floor < n)
        (void)ox__pk_fail(u, OX_E_FORMAT, "the pickle is damaged: it takes more from its stack than it put there");
    else
        add(u, kind, u->stack.p + u->stack.n - n, n);
}

static void op_append(ox__unpickler *u)
{
    add_fixed(u, OX__OBJ_LIST, 1);
}

static void op_appends(ox__unpickler *u)
{
    add_marked(u, OX__OBJ_LIST);
}

static void op_additems(ox__unpickler *u)
{
    add_marked(u, OX__OBJ_SET);
}

static void op_setitem(ox__unpickler *u)
{
    add_fixed(u, OX__OBJ_DICT, 2);
}

static void op_setitems(ox__unpickler *u)
{
    add_marked(u, OX__OBJ_DICT);
}

/* ---- names, and what looks like calls ---- */
/* A line; its length in *n. */
static const char *line(ox__unpickler *u, size_t *n)
{
    uint64_t left = ox__reader_left(&u->r);
    const char *p = (const char *)u->r.p;
    const char *end = left ? memchr(p, '\n', (size_t)OX__MIN(left, (uint64_t)OX__PK_NAME + 1)) : NULL;
    if (!end) {
        ox__pk_fail(u, OX_E_FORMAT,
                    left > OX__PK_NAME ? "a name in the pickle is too long" : "the pickle is cut short");
        return NULL;
    }
    *n = (size_t)(end - p);
    (void)ox__read_bytes(&u->r, *n + 1);
    return p;
}

static void op_global(ox__unpickler *u)
{
    size_t module_n, name_n;
    const char *module = line(u, &module_n), *name = module ? line(u, &name_n) : NULL;
    if (name) ox__pk_push(u, ox__pk_global(u, module, module_n, name, name_n));
}

static void op_stack_global(ox__unpickler *u)
{
    const ox__obj *name = ox__pk_pop(u), *module = ox__pk_pop(u);
    if (u->s != OX_OK) return;
    if (name->kind != OX__OBJ_STR || module->kind != OX__OBJ_STR || name->n > OX__PK_NAME || module->n > OX__PK_NAME)
        ox__pk_fail(u, OX_E_FORMAT, "the pickle is damaged: a name is expected");
    else
        ox__pk_push(u, ox__pk_global(u, module->s, module->n, name->s, name->n));
}

static void op_reduce(ox__unpickler *u)
{
    ox__obj *args = ox__pk_pop(u), *fn = ox__pk_pop(u);
    if (u->s == OX_OK) ox__pk_push(u, ox__pk_call(u, fn, args));
}

static void op_newobj(ox__unpickler *u)
{
    ox__obj *args = ox__pk_pop(u), *cls = ox__pk_pop(u);
    if (u->s == OX_OK) ox__pk_push(u, ox__pk_object(u, cls, args));
}

static void op_build(ox__unpickler *u)
{
    ox__obj *state = ox__pk_pop(u), *o = ox__pk_top(u);
    if (u->s == OX_OK) ox__pk_build(u, o, state);
}

static void op_persid(ox__unpickler *u)
{
    ox__obj *id = ox__pk_pop(u);
    if (u->s == OX_OK) ox__pk_push(u, ox__pk_storage(u, id));
}

static void op_proto(ox__unpickler *u)
{
    uint64_t v = number(u, 1);
    if (u->s == OX_OK && (v < 2 || v > 5)) ox__pk_fail(u, OX_E_UNSUPPORTED, "the pickle has protocol %u", (unsigned)v);
}

static void op_frame(ox__unpickler *u)
{
    (void)number(u, 8); /* a hint for readers of streams */
}

static void op_stop(ox__unpickler *u)
{
    u->tree->root = ox__pk_pop(u);
    if (u->s == OX_OK && (u->stack.n || u->marks.n))
        ox__pk_fail(u, OX_E_FORMAT, "the pickle is damaged: it ends with something left on its stack");
    u->done = true;
}

static void (*const instructions[256])(ox__unpickler *) = {
    [0x80] = op_proto,        ['.'] = op_stop,       [0x95] = op_frame,  ['N'] = op_none,        [0x88] = op_true,
    [0x89] = op_false,        ['K'] = op_int1,       ['M'] = op_int2,    ['J'] = op_int4,        [0x8a] = op_long1,
    ['G'] = op_float,         ['X'] = op_str4,       [0x8c] = op_str1,   [0x8d] = op_str8,       ['U'] = op_str1,
    ['T'] = op_str4,          ['C'] = op_bytes1,     ['B'] = op_bytes4,  [0x8e] = op_bytes8,     ['('] = op_mark,
    ['0'] = op_pop,           ['1'] = op_pop_mark,   ['2'] = op_dup,     ['q'] = op_put1,        ['r'] = op_put4,
    [0x94] = op_memoize,      ['h'] = op_get1,       ['j'] = op_get4,    [')'] = op_empty_tuple, [']'] = op_empty_list,
    ['}'] = op_empty_dict,    [0x8f] = op_empty_set, ['t'] = op_tuple,   ['l'] = op_list,        ['d'] = op_dict,
    [0x91] = op_frozenset,    [0x85] = op_tuple1,    [0x86] = op_tuple2, [0x87] = op_tuple3,     ['a'] = op_append,
    ['e'] = op_appends,       [0x90] = op_additems,  ['s'] = op_setitem, ['u'] = op_setitems,    ['c'] = op_global,
    [0x93] = op_stack_global, ['R'] = op_reduce,     [0x81] = op_newobj, ['b'] = op_build,       ['Q'] = op_persid,
};

/* Instructions of the pickle module that have a name but no place in data of PyTorch. */
static const char *refused_name(uint8_t op)
{
    switch (op) {
    case 'i': return "INST";
    case 'o': return "OBJ";
    case 'P': return "PERSID";
    case 0x82:
    case 0x83:
    case 0x84: return "EXT";
    case 0x92: return "NEWOBJ_EX";
    case 0x96: return "BYTEARRAY8";
    case 0x97: return "NEXT_BUFFER";
    default: return NULL;
    }
}

static void step(ox__unpickler *u)
{
    u->at = ox__reader_offset(&u->r);
    const uint8_t *op = bytes(u, 1);
    if (!op) return;
    if (instructions[*op]) {
        instructions[*op](u);
        return;
    }
    const char *name = refused_name(*op);
    ox__pk_fail(u, name ? OX_E_UNSUPPORTED : OX_E_FORMAT,
                "the pickle has the instruction %s (0x%02x), which is not read", name ? name : "", *op);
}

static ox_status run(void *ud, ox_error *err)
{
    ox__unpickler *u = ud;
    (void)err;
    for (uint64_t n = 1; u->s == OX_OK && !u->done; n++) {
        step(u);
        if (n % STEP) continue;
        uint64_t all = (uint64_t)(u->r.end - u->r.start), at = ox__reader_offset(&u->r);
        if (u->task && u->task->step && !u->task->step(u->task->ud, "reading", at, all))
            u->s = ox__fail(u->err, OX_E_INTERRUPTED, "interrupted");
    }
    return u->s;
}

ox_status ox__pickle_read(ox__obj_tree *t, ox__reader *r, size_t most, unsigned per_byte, const char *file,
                          uint64_t base, const ox_task *task, ox_error *err)
{
    memset(t, 0, sizeof *t);
    ox_error mine;
    ox__unpickler u = {.tree = t, .r = *r, .file = file, .base = base, .task = task};
    u.err = err ? err : &mine;
    u.most = most;
    u.per_byte = per_byte;
    u.from = r->p;
    ox_status s = ox__guarded(run, &u, file, u.err);
    if (s == OX_OK) s = ox__pk_check(&u);
    ox__vec_free(&u.stack);
    ox__vec_free(&u.marks);
    ox__vec_free(&u.memo);
    ox__index_free(&u.storages);
    *r = u.r;
    return s;
}
