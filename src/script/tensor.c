/* Floor 6. Tensors in Lua: those of a model are read where they lie; those made in Lua hold their bytes in their
 * userdata and are added to a model when an operator takes them. */
#include "script/tensor.h"

#include <inttypes.h>

enum { MAX_RANK = 64, CHUNK = 4096 };

/* ---- reading ---- */

static ox__lua_tensor *check_tensor(lua_State *L, int idx, const ox_model **m)
{
    ox__lua_tensor *t = ox__lua_test(L, idx, OX__LUA_TENSOR);
    luaL_argexpected(L, t, idx, "tensor");
    *m = t->serial ? ox__lua_model_of(ox__lua_script(L), t->serial) : NULL;
    if (t->serial && !*m) ox__lua_fail(L, NULL, "a tensor of a model that is closed");
    return t;
}

/* What both kinds have in common. */
typedef struct view {
    ox_dtype dtype;
    uint32_t rank;
    const int64_t *dims;
    uint64_t n;
    const unsigned char *own; /* bytes of a made tensor */
    const ox_str *strings;    /* of a model's STRING tensor */
} view;

static view view_of(const ox_model *m, const ox__lua_tensor *t)
{
    if (!t->serial) {
        const unsigned char *bytes = (const unsigned char *)(t->dims + t->rank);
        return (view){t->dtype, t->rank, t->dims, t->n, bytes, NULL};
    }
    ox_tensor_info info = ox_tensor_get(m, t->t);
    return (view){info.dtype, info.rank, info.dims, info.n_elements, NULL, info.strings};
}

static void push_element(lua_State *L, ox_dtype dtype, const void *data, uint64_t i)
{
    if (ox_dtype_is_complex(dtype)) {
        ox_dtype part = dtype == OX_COMPLEX64 ? OX_FLOAT : OX_DOUBLE;
        lua_createtable(L, 2, 0);
        for (int k = 0; k < 2; k++) {
            lua_pushnumber(L, ox_dtype_get_f64(part, data, 2 * i + (uint64_t)k));
            lua_rawseti(L, -2, k + 1);
        }
    } else if (dtype == OX_BOOL) {
        lua_pushboolean(L, ox_dtype_get_i64(dtype, data, i) != 0);
    } else if (ox_dtype_is_integer(dtype)) {
        lua_pushinteger(L, ox_dtype_get_i64(dtype, data, i));
    } else {
        lua_pushnumber(L, ox_dtype_get_f64(dtype, data, i));
    }
}

/* Pushes elements [first, first + n) of a model's tensor into the table at the top, or (n 1, table false) one. */
static void push_range(lua_State *L, const ox_model *m, ox__lua_tensor *t, const view *v, uint64_t first, uint64_t n,
                       bool into_table)
{
    unsigned char chunk[CHUNK];
    unsigned bits = ox_dtype_bits(v->dtype);
    uint64_t step = CHUNK * 8u / bits;
    ox_error err;
    ox_error_clear(&err);
    for (uint64_t at = first; at < first + n;) {
        uint64_t begin = bits < 8 ? at / 8 * 8 : at; /* where an element begins a byte, whatever the width */
        uint64_t k = OX__MIN(step - (at - begin), first + n - at);
        const void *data = chunk;
        uint64_t base = begin;
        if (v->own) {
            data = v->own;
            base = 0;
        } else if (ox_tensor_read(m, t->t, begin * bits / 8, chunk, ((at - begin + k) * bits + 7) / 8, &err) != OX_OK) {
            ox__lua_raise(L, &err);
        }
        for (uint64_t i = 0; i < k; i++) {
            push_element(L, v->dtype, data, at + i - base);
            if (into_table) lua_rawseti(L, -2, (lua_Integer)(at + i + 1));
        }
        at += k;
    }
}

static void push_string(lua_State *L, const ox_model *m, const view *v, uint64_t i)
{
    if (v->strings) {
        ox__lua_push_str(L, m, v->strings[i]);
        return;
    }
    lua_getiuservalue(L, 1, 1);
    lua_rawgeti(L, -1, (lua_Integer)i + 1);
    lua_remove(L, -2);
}

static int tensor_index(lua_State *L)
{
    if (lua_type(L, 2) != LUA_TNUMBER) {
        lua_pushvalue(L, 2);
        lua_rawget(L, lua_upvalueindex(1));
        return 1;
    }
    const ox_model *m = NULL;
    ox__lua_tensor *t = check_tensor(L, 1, &m);
    view v = view_of(m, t);
    lua_Integer i = luaL_checkinteger(L, 2);
    if (i < 1 || (uint64_t)i > v.n) {
        lua_pushnil(L);
    } else if (v.dtype == OX_STRING) {
        push_string(L, m, &v, (uint64_t)i - 1);
    } else {
        push_range(L, m, t, &v, (uint64_t)i - 1, 1, false);
    }
    return 1;
}

static int tensor_len(lua_State *L)
{
    const ox_model *m = NULL;
    const ox__lua_tensor *t = check_tensor(L, 1, &m);
    lua_pushinteger(L, (lua_Integer)view_of(m, t).n);
    return 1;
}

int ox__lua_tensor_totable(lua_State *L)
{
    const ox_model *m = NULL;
    ox__lua_tensor *t = check_tensor(L, 1, &m);
    view v = view_of(m, t);
    lua_createtable(L, v.n < INT32_MAX / 16 ? (int)v.n : 0, 1);
    if (v.dtype == OX_STRING) {
        for (uint64_t i = 0; i < v.n; i++) {
            push_string(L, m, &v, i);
            lua_rawseti(L, -2, (lua_Integer)i + 1);
        }
    } else {
        push_range(L, m, t, &v, 0, v.n, true);
    }
    lua_pushinteger(L, (lua_Integer)v.n);
    lua_setfield(L, -2, "n");
    return 1;
}

int ox__lua_tensor_dtype(lua_State *L)
{
    const ox_model *m = NULL;
    const ox__lua_tensor *t = check_tensor(L, 1, &m);
    lua_pushstring(L, ox_dtype_name(view_of(m, t).dtype, OX_DTYPE_NUMPY));
    return 1;
}

int ox__lua_tensor_rank(lua_State *L)
{
    const ox_model *m = NULL;
    const ox__lua_tensor *t = check_tensor(L, 1, &m);
    lua_pushinteger(L, (lua_Integer)view_of(m, t).rank);
    return 1;
}

int ox__lua_tensor_sizes(lua_State *L)
{
    const ox_model *m = NULL;
    const ox__lua_tensor *t = check_tensor(L, 1, &m);
    view v = view_of(m, t);
    lua_createtable(L, (int)v.rank, 1);
    for (uint32_t i = 0; i < v.rank; i++) {
        lua_pushinteger(L, v.dims[i]);
        lua_rawseti(L, -2, (lua_Integer)i + 1);
    }
    lua_pushinteger(L, (lua_Integer)v.rank);
    lua_setfield(L, -2, "n");
    return 1;
}

static int tensor_tostring(lua_State *L)
{
    const ox__lua_tensor *t = ox__lua_test(L, 1, OX__LUA_TENSOR);
    luaL_argexpected(L, t, 1, "tensor");
    const ox_model *m = t->serial ? ox__lua_model_of(ox__lua_script(L), t->serial) : NULL;
    if (t->serial && !m) {
        lua_pushliteral(L, "(closed model's tensor)");
        return 1;
    }
    view v = view_of(m, t);
    luaL_Buffer b;
    luaL_buffinit(L, &b);
    luaL_addstring(&b, ox_dtype_name(v.dtype, OX_DTYPE_NUMPY));
    for (uint32_t i = 0; i < v.rank; i++) {
        lua_pushfstring(L, "%s%I", i ? ", " : "[", (LUAI_UACINT)v.dims[i]);
        luaL_addvalue(&b);
    }
    luaL_addstring(&b, v.rank ? "]" : "[]");
    luaL_pushresult(&b);
    return 1;
}

void ox__lua_push_tensor(lua_State *L, const ox_model *m, ox_tensor t)
{
    if (!t.id) {
        lua_pushnil(L);
        return;
    }
    ox__lua_tensor *u = lua_newuserdatauv(L, sizeof *u, 0);
    memset(u, 0, sizeof *u);
    u->serial = ox_model_serial(m);
    u->t = t;
    ox__lua_push_meta(L, OX__LUA_TENSOR);
    lua_setmetatable(L, -2);
}

/* ---- making ---- */

/* What a walk over nested tables finds. */
typedef struct shape {
    int rank; /* by nesting */
    int64_t dims[MAX_RANK];
    uint64_t n;
    bool has_float, has_int, has_bool, has_string;
} shape;

/* The dims by the first elements; the walk then holds all others against them. */
static void infer_shape(lua_State *L, int idx, shape *s)
{
    lua_pushvalue(L, idx);
    while (lua_type(L, -1) == LUA_TTABLE) {
        if (s->rank == MAX_RANK) ox__lua_fail(L, NULL, "tables nested more than %d deep", MAX_RANK);
        size_t n = ox__lua_list_n(L, -1);
        s->dims[s->rank++] = (int64_t)n;
        if (n == 0) break;
        lua_rawgeti(L, -1, 1);
        lua_remove(L, -2);
    }
    lua_pop(L, 1);
}

/* Where the walk puts its elements: nowhere in the first round, into a tensor in the second. */
typedef struct store {
    ox_dtype dtype;
    unsigned char *data;
    int strings; /* index of the table of a STRING tensor */
} store;

static void store_element(lua_State *L, const store *to, uint64_t i)
{
    if (to->dtype == OX_STRING) {
        if (lua_type(L, -1) != LUA_TSTRING) ox__lua_fail(L, NULL, "element %" PRIu64 " is no string", i + 1);
        lua_pushvalue(L, -1);
        lua_rawseti(L, to->strings, (lua_Integer)i + 1);
        return;
    }
    bool whole = ox_dtype_is_integer(to->dtype) || to->dtype == OX_BOOL;
    if (lua_type(L, -1) == LUA_TBOOLEAN) {
        ox_dtype_set_i64(to->dtype, to->data, i, lua_toboolean(L, -1));
    } else if (whole) {
        int exact = 0;
        lua_Integer v = lua_tointegerx(L, -1, &exact);
        if (exact) ox_dtype_set_i64(to->dtype, to->data, i, v);
        if (!exact || lua_type(L, -1) != LUA_TNUMBER || ox_dtype_get_i64(to->dtype, to->data, i) != v)
            ox__lua_fail(L, NULL, "element %" PRIu64 " (%s) does not fit %s", i + 1, luaL_tolstring(L, -1, NULL),
                         ox_dtype_name(to->dtype, OX_DTYPE_NUMPY));
    } else {
        if (lua_type(L, -1) != LUA_TNUMBER) ox__lua_fail(L, NULL, "element %" PRIu64 " is no number", i + 1);
        ox_dtype_set_f64(to->dtype, to->data, i, lua_tonumber(L, -1));
    }
}

static void note_element(lua_State *L, shape *s)
{
    switch (lua_type(L, -1)) {
    case LUA_TNUMBER: *(lua_isinteger(L, -1) ? &s->has_int : &s->has_float) = true; break;
    case LUA_TBOOLEAN: s->has_bool = true; break;
    case LUA_TSTRING: s->has_string = true; break;
    default:
        ox__lua_fail(L, "numbers, booleans, strings and tables of them make tensors", "%s cannot be in a tensor",
                     ox__lua_what(L, -1));
    }
}

/* Visits the elements of what is at the top. Depth is at most MAX_RANK. */
static void walk(lua_State *L, shape *s, int depth, const store *to, uint64_t *i)
{
    if (depth == s->rank) {
        if (to)
            store_element(L, to, *i);
        else
            note_element(L, s);
        ++*i;
        return;
    }
    luaL_checkstack(L, 4, NULL);
    if (lua_type(L, -1) != LUA_TTABLE || (int64_t)ox__lua_list_n(L, -1) != s->dims[depth])
        ox__lua_fail(L, NULL, "rows of different length at element %" PRIu64, *i + 1);
    for (int64_t k = 1; k <= s->dims[depth]; k++) {
        lua_rawgeti(L, -1, k);
        walk(L, s, depth + 1, to, i);
        lua_pop(L, 1);
    }
}

/* Takes the dims from the table at idx; *n gets their product. */
static void read_dims(lua_State *L, int idx, shape *s, uint64_t *n)
{
    luaL_checktype(L, idx, LUA_TTABLE);
    size_t rank = ox__lua_list_n(L, idx);
    if (rank > MAX_RANK) ox__lua_fail(L, NULL, "a rank of %zu is beyond %d", rank, MAX_RANK);
    s->rank = (int)rank;
    *n = 1;
    for (size_t i = 0; i < rank; i++) {
        lua_rawgeti(L, idx, (lua_Integer)i + 1);
        int ok = 0;
        int64_t d = lua_tointegerx(L, -1, &ok);
        lua_pop(L, 1);
        if (!ok || d < 0 || __builtin_mul_overflow(*n, (uint64_t)d, n))
            ox__lua_fail(L, NULL, "dim %zu is no size, or too large", i + 1);
        s->dims[i] = d;
    }
}

static ox__lua_tensor *new_tensor(lua_State *L, ox_dtype dtype, const shape *s, uint64_t n)
{
    uint64_t n_bytes = 0;
    if (dtype != OX_STRING && !ox_dtype_bytes(dtype, n, &n_bytes))
        ox__lua_fail(L, NULL, "a tensor of %s cannot be made here", ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    if (n_bytes > SIZE_MAX / 2) ox__lua_fail(L, NULL, "%" PRIu64 " elements are too many", n);
    size_t head = sizeof(ox__lua_tensor) + (size_t)s->rank * sizeof(int64_t);
    ox__lua_tensor *t = lua_newuserdatauv(L, head + (size_t)n_bytes, 1);
    memset(t, 0, head + (size_t)n_bytes);
    t->dtype = dtype;
    t->rank = (uint32_t)s->rank;
    t->n = n;
    t->n_bytes = n_bytes;
    memcpy(t->dims, s->dims, (size_t)s->rank * sizeof(int64_t));
    ox__lua_push_meta(L, OX__LUA_TENSOR);
    lua_setmetatable(L, -2);
    return t;
}

static ox_dtype dtype_of_data(const shape *s)
{
    if (s->has_string) return OX_STRING;
    if (s->has_float) return OX_FLOAT;
    if (s->has_int) return OX_INT64;
    return s->has_bool ? OX_BOOL : OX_FLOAT;
}

void ox__lua_make_tensor(lua_State *L, int idx, ox_dtype dtype, int dims)
{
    idx = lua_absindex(L, idx);
    shape s = {0};
    uint64_t count = 0, n = 1;
    infer_shape(L, idx, &s);
    lua_pushvalue(L, idx);
    walk(L, &s, 0, NULL, &count);
    if (dtype == OX_UNDEFINED) dtype = dtype_of_data(&s);
    shape out = s;
    n = count;
    if (dims) read_dims(L, dims, &out, &n);
    bool fill = s.rank == 0 && n != 1;
    if (n != count && !fill) ox__lua_fail(L, NULL, "%" PRIu64 " elements for dims that hold %" PRIu64, count, n);
    ox__lua_tensor *t = new_tensor(L, dtype, &out, n);
    store to = {dtype, (unsigned char *)(t->dims + t->rank), 0};
    if (dtype == OX_STRING) {
        lua_newtable(L);
        lua_pushvalue(L, -1);
        lua_setiuservalue(L, -3, 1);
        to.strings = lua_gettop(L);
    }
    lua_pushvalue(L, idx);
    uint64_t i = 0;
    if (n > 0) {
        do walk(L, &s, 0, &to, &i);
        while (fill && i < n);
    }
    lua_pop(L, dtype == OX_STRING ? 2 : 1);
    lua_remove(L, -2);
}

ox_dtype ox__lua_check_dtype(lua_State *L, int idx)
{
    size_t n = 0;
    const char *name = luaL_checklstring(L, idx, &n);
    ox_dtype d = ox_dtype_find(name, n, OX_DTYPE_NUMPY);
    if (d == OX_UNDEFINED) ox__lua_fail(L, "as in NumPy: float32, int64, bool, ...", "'%s' is no dtype", name);
    return d;
}

int ox__lua_sym_tensor(lua_State *L)
{
    luaL_checkany(L, 1);
    ox_dtype dtype = lua_isnoneornil(L, 2) ? OX_UNDEFINED : ox__lua_check_dtype(L, 2);
    bool has_dims = !lua_isnoneornil(L, 3);
    lua_settop(L, 3);
    if (ox__lua_test(L, 1, OX__LUA_TENSOR)) {
        lua_pushcfunction(L, ox__lua_tensor_totable);
        lua_pushvalue(L, 1);
        lua_call(L, 1, 1);
        if (dtype == OX_UNDEFINED) {
            const ox_model *m = NULL;
            const ox__lua_tensor *t = check_tensor(L, 1, &m);
            dtype = view_of(m, t).dtype;
        }
        if (!has_dims) {
            lua_pushcfunction(L, ox__lua_tensor_sizes);
            lua_pushvalue(L, 1);
            lua_call(L, 1, 1);
            lua_replace(L, 3);
            has_dims = true;
        }
        lua_replace(L, 1);
    }
    ox__lua_make_tensor(L, 1, dtype, has_dims ? 3 : 0);
    return 1;
}

/* ---- into a model ---- */

static ox_status add_strings(lua_State *L, int idx, ox_model *m, const ox__lua_tensor *t, ox_tensor *out, ox_error *err)
{
    ox_str *strings = lua_newuserdatauv(L, (size_t)(t->n + 1) * sizeof *strings, 0);
    lua_getiuservalue(L, idx, 1);
    for (uint64_t i = 0; i < t->n; i++) {
        size_t n = 0;
        lua_rawgeti(L, -1, (lua_Integer)i + 1);
        const char *p = lua_tolstring(L, -1, &n);
        strings[i] = ox_str_add(m, p ? p : "", n);
        lua_pop(L, 1);
    }
    ox_tensor_info info = {.dtype = OX_STRING,
                           .rank = t->rank,
                           .dims = t->dims,
                           .storage = OX_STORAGE_OWNED,
                           .encoding = OX_ENC_STRINGS,
                           .strings = strings};
    ox_status st = ox_tensor_add(m, out, &info, err);
    lua_pop(L, 2);
    return st;
}

ox_tensor ox__lua_tensor_in(lua_State *L, int idx, ox_model *m)
{
    ox_tensor out = {0};
    ox_error err;
    ox_error_clear(&err);
    idx = lua_absindex(L, idx);
    const ox__lua_tensor *t = ox__lua_test(L, idx, OX__LUA_TENSOR);
    if (!t) {
        ox__lua_make_tensor(L, idx, OX_UNDEFINED, 0);
        out = ox__lua_tensor_in(L, -1, m);
        lua_pop(L, 1);
        return out;
    }
    if (t->serial) {
        if (t->serial != ox_model_serial(m))
            ox__lua_fail(L, "sym.tensor(t) copies it", "the tensor belongs to another model");
        return t->t;
    }
    ox_status st = t->dtype == OX_STRING
                       ? add_strings(L, idx, m, t, &out, &err)
                       : ox_tensor_add_raw(m, &out, t->dtype, t->rank, t->dims, t->dims + t->rank, t->n_bytes, &err);
    if (st != OX_OK) ox__lua_raise(L, &err);
    return out;
}

void ox__lua_open_tensor(ox_script *s, lua_State *L)
{
    (void)s;
    ox__lua_push_meta(L, OX__LUA_TENSOR);
    lua_getfield(L, -1, "__index");
    lua_pushcclosure(L, tensor_index, 1);
    lua_setfield(L, -2, "__index");
    lua_pushcfunction(L, tensor_len);
    lua_setfield(L, -2, "__len");
    lua_pushcfunction(L, tensor_tostring);
    lua_setfield(L, -2, "__tostring");
    lua_pop(L, 1);
}
