/* Floor 5. What a module holds beside weights, built where it is read: the text that the loader notes with a GetAttr
 * (io/torchscript/source_literal.c says its form) becomes constants, lists, tuples and dicts of the trace. */
#include "convert/literal.h"

#include <onnxsh/text.h>

enum { MAX_DEPTH = 64 };

typedef struct reader {
    ox__conv *c;
    ox_node before;
    const char *p, *end;
    ox__buf *path; /* of what is read, for the names of weights */
    bool ok;
} reader;

typedef OX__VEC(ox_value) value_list;

static ox_status read_value(reader *r, ox_type type, unsigned depth, ox_value *out);

static ox_status fail(reader *r)
{
    r->ok = false;
    return OX_OK;
}

static bool take(reader *r, const char *word)
{
    size_t n = strlen(word);
    if ((size_t)(r->end - r->p) < n || memcmp(r->p, word, n) != 0) return false;
    r->p += n;
    return true;
}

/* ---- leaves ---- */
static ox_status constant(reader *r, const ox_arg *a, ox_value *out)
{
    return ox__pass_constant(r->c, r->before, a, (ox_type){0}, out);
}

static unsigned hex(char c)
{
    return c >= '0' && c <= '9' ? (unsigned)(c - '0') : c >= 'a' && c <= 'f' ? (unsigned)(c - 'a' + 10) : 16;
}

static ox_status read_text(reader *r, ox_arg *a)
{
    char *text = ox__arena_alloc(&r->c->mem, (size_t)(r->end - r->p) + 1);
    size_t n = 0;
    if (!text) return ox__nomem(r->c->err);
    for (r->p++; r->p < r->end && *r->p != '"'; r->p++) {
        text[n++] = *r->p;
        if (*r->p != '\\') continue;
        if (r->end - r->p < 4 || r->p[1] != 'x' || hex(r->p[2]) > 15 || hex(r->p[3]) > 15) return fail(r);
        text[n - 1] = (char)(hex(r->p[2]) << 4 | hex(r->p[3]));
        r->p += 3;
    }
    text[n] = '\0';
    *a = (ox_arg){.kind = OX_ARG_STR, .s = text, .s_n = n};
    return take(r, "\"") ? OX_OK : fail(r);
}

static ox_status read_number(reader *r, ox_type_kind kind, ox_arg *a)
{
    const char *from = r->p;
    while (r->p < r->end && !strchr(",:]})", *r->p)) r->p++;
    size_t n = (size_t)(r->p - from);
    a->kind = OX_ARG_INT;
    if (kind != OX_TYPE_FLOAT_SCALAR && ox_text_parse_i64(from, n, &a->i)) return OX_OK;
    a->kind = OX_ARG_FLOAT;
    return ox_text_parse_f64(from, n, &a->f) ? OX_OK : fail(r);
}

static ox_status read_weight(reader *r, ox_value *out)
{
    ox_graph g = ox_model_main(r->c->m);
    *out = ox_graph_find_value(r->c->m, g, ox_str_find(r->c->m, r->path->p, r->path->n));
    return out->id && ox_value_is_initializer(r->c->m, *out) ? OX_OK : fail(r);
}

/* ---- containers ---- */
static void enter(reader *r, const ox_arg *key, size_t i)
{
    if (!key)
        ox__buf_addf(r->path, ".%zu", i);
    else if (key->kind == OX_ARG_STR)
        ox__buf_addf(r->path, ".%.*s", (int)OX__MIN(key->s_n, (size_t)INT32_MAX), key->s);
    else
        ox__buf_addf(r->path, ".%lld", (long long)key->i);
}

static ox_status read_key(reader *r, ox_type_kind kind, ox_arg *key, value_list *items)
{
    ox_value v = {0};
    *key = (ox_arg){.kind = OX_ARG_NONE};
    ox_status s = r->p < r->end && *r->p == '"' ? read_text(r, key) : read_number(r, kind, key);
    if (s == OX_OK && r->ok && !take(r, ":")) s = fail(r);
    if (s == OX_OK && r->ok) s = constant(r, key, &v);
    return s == OX_OK && r->ok && !ox__vec_push(items, v) ? ox__nomem(r->c->err) : s;
}

static ox_status read_items(reader *r, ox_type_info t, char end, unsigned depth, value_list *items)
{
    bool dict = t.kind == OX_TYPE_DICT, tuple = t.kind == OX_TYPE_TUPLE;
    size_t stem = r->path->n;
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && r->ok && r->p < r->end && *r->p != end; i++) {
        ox_arg key;
        ox_value v = {0};
        if (i && !take(r, ",")) return fail(r);
        if (tuple && i >= t.n_items) return fail(r);
        if (dict) s = read_key(r, ox_type_get(r->c->m, t.items[0]).kind, &key, items);
        if (s != OX_OK || !r->ok) break;
        enter(r, dict ? &key : NULL, i);
        s = r->path->failed ? ox__nomem(r->c->err) : read_value(r, t.items[dict ? 1 : tuple ? i : 0], depth + 1, &v);
        r->path->n = stem;
        if (s == OX_OK && r->ok && !ox__vec_push(items, v)) s = ox__nomem(r->c->err);
    }
    if (s != OX_OK || !r->ok) return s;
    bool whole = r->p < r->end && *r->p == end && (!tuple || items->n == t.n_items);
    r->p += whole;
    return whole ? OX_OK : fail(r);
}

static ox_status read_container(reader *r, ox_type type, const char *op, char end, unsigned depth, ox_value *out)
{
    ox__conv *c = r->c;
    value_list items = {0};
    ox_node made;
    r->p++;
    ox_status s = read_items(r, ox_type_get(c->m, type), end, depth, &items);
    if (s == OX_OK && r->ok) {
        s = ox_node_create(c->m, &made, ox_node_graph(c->m, r->before), r->before, c->s_prim, ox__conv_str(c, op),
                           items.n, items.p, 1, c->err);
        if (s == OX_OK) s = ox_node_set_scope(c->m, made, ox_node_scope(c->m, r->before), c->err);
        if (s == OX_OK) s = ox_node_set_loc(c->m, made, ox_node_loc(c->m, r->before), c->err);
        if (s == OX_OK) s = ox_node_set_origin(c->m, made, ox_node_origin(c->m, r->before), c->err);
        if (s == OX_OK) s = ox_value_set_type(c->m, *out = ox_node_output(c->m, made, 0), type, c->err);
    }
    ox__vec_free(&items);
    return s;
}

static ox_status read_value(reader *r, ox_type type, unsigned depth, ox_value *out)
{
    ox_type_info t = ox_type_get(r->c->m, type);
    ox_arg a = {.kind = OX_ARG_NONE};
    ox_status s = OX_OK;
    if (depth > MAX_DEPTH || r->p >= r->end) return fail(r);
    if (take(r, "None")) return constant(r, &a, out);
    for (unsigned i = 0; t.kind == OX_TYPE_OPTIONAL && t.n_items && i < MAX_DEPTH; i++)
        t = ox_type_get(r->c->m, type = t.items[0]);
    if (*r->p == '@') {
        r->p++;
        return read_weight(r, out);
    }
    if (*r->p == '[' && t.kind == OX_TYPE_LIST) return read_container(r, type, "ListConstruct", ']', depth, out);
    if (*r->p == '(' && t.kind == OX_TYPE_TUPLE) return read_container(r, type, "TupleConstruct", ')', depth, out);
    if (*r->p == '{' && t.kind == OX_TYPE_DICT) return read_container(r, type, "DictConstruct", '}', depth, out);
    if (take(r, "True"))
        a = (ox_arg){.kind = OX_ARG_BOOL, .i = 1};
    else if (take(r, "False"))
        a = (ox_arg){.kind = OX_ARG_BOOL};
    else if (*r->p == '"')
        s = read_text(r, &a);
    else
        s = read_number(r, t.kind, &a);
    return s == OX_OK && r->ok ? constant(r, &a, out) : s;
}

ox_status ox__literal_build(ox__conv *c, ox_node before, const char *text, size_t n, ox__buf *path, ox_type type,
                            ox_value *out, bool *ok)
{
    reader r = {.c = c, .before = before, .p = text, .end = text + n, .path = path, .ok = true};
    ox_status s = read_value(&r, type, 0, out);
    *ok = s == OX_OK && r.ok && r.p == r.end;
    return s;
}
