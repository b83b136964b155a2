/* Floor 3. Types as the code of an archive writes them (`Optional[Dict[str, Tensor]]`), and how they relate. */
#include "io/torchscript/lower.h"

#include <onnxsh/print.h>
#include <stdio.h>

static const struct {
    const char *word;
    ox_type_kind kind;
} words[] = {
    {"int", OX_TYPE_INT},           {"float", OX_TYPE_FLOAT_SCALAR},     {"bool", OX_TYPE_BOOL_SCALAR},
    {"str", OX_TYPE_STR},           {"complex", OX_TYPE_COMPLEX_SCALAR}, {"number", OX_TYPE_NUMBER},
    {"NoneType", OX_TYPE_NONETYPE}, {"Device", OX_TYPE_DEVICE},
};

ox_type_info ox__ts_info(const ox__ts *t, ox_type type)
{
    return ox_type_get(t->m, type);
}

/* A type that was made; out of memory when it was not. */
static ox_type made(ox__ts *t, ox_type type)
{
    if (!type.id) ox__ts_nomem(t);
    return type;
}

ox_type ox__ts_list_of(ox__ts *t, ox_type item)
{
    return made(t, ox_type_of(t->m, OX_TYPE_LIST, item));
}

ox_type ox__ts_optional(ox__ts *t, ox_type item)
{
    ox_type_kind k = ox__ts_info(t, item).kind;
    return k == OX_TYPE_OPTIONAL || k == OX_TYPE_NONETYPE ? item : made(t, ox_type_of(t->m, OX_TYPE_OPTIONAL, item));
}

ox_type ox__ts_tuple(ox__ts *t, size_t n, const ox_type *items)
{
    ox_type_info info = {.kind = OX_TYPE_TUPLE, .n_items = (uint32_t)n, .items = items};
    return made(t, ox_type_add(t->m, &info));
}

static ox_type opaque(ox__ts *t, const char *text)
{
    ox_str name = ox_str_addz(t->m, text);
    ox_type_info info = {.kind = OX_TYPE_OPAQUE, .n_names = 1, .names = &name};
    return made(t, ox_type_add(t->m, &info));
}

/* The IR keeps `Future[T]` as its text; what T is stands in a list beside. */
static ox_type wrapped(ox__ts *t, const char *word, ox_type item)
{
    char of[400], text[440];
    ox_type_text(t->m, item, of, sizeof of);
    snprintf(text, sizeof text, "%s[%s]", word, of);
    ox_type type = opaque(t, text);
    if (!type.id || ox__ts_future_item(t, type).id) return type;
    if (!ox__vec_push(&t->futures, ((ox__ts_item){type, item}))) {
        ox__ts_nomem(t);
        return (ox_type){0};
    }
    return type;
}

ox_type ox__ts_future(ox__ts *t, ox_type item)
{
    return wrapped(t, "Future", item);
}

ox_type ox__ts_future_item(const ox__ts *t, ox_type future)
{
    for (size_t i = 0; i < t->futures.n; i++)
        if (t->futures.p[i].type.id == future.id) return t->futures.p[i].item;
    return (ox_type){0};
}

/* ---- reading ---- */

/* "__torch__.a.b" of a chain of attributes; NULL if it is none. */
static char *dotted(ox__ts *t, const ox__src *e)
{
    if (e->kind == OX__SRC_NAME) return ox__ts_text(t, "%s", e->s);
    if (e->kind != OX__SRC_ATTR) return NULL;
    char *of = dotted(t, e->kid[0]);
    return of ? ox__ts_text(t, "%s.%s", of, e->kid[1]->s) : NULL;
}

static ox_type class_type(ox__ts *t, const ox__src *e)
{
    char *name = dotted(t, e);
    if (!name) {
        if (t->s == OX_OK) ox__ts_refuse(t, e->at, OX_E_FORMAT, "expected a type");
        return (ox_type){0};
    }
    if (strncmp(name, "__torch__", 9) != 0) return opaque(t, name);
    ox__ts_class *c = ox__ts_class_of(t, name);
    if (t->s != OX_OK) return (ox_type){0};
    if (c) return c->type;
    ox_str s = ox_str_addz(t->m, name);
    ox_type_info info = {.kind = OX_TYPE_CLASS, .n_names = 1, .names = &s};
    return made(t, ox_type_add(t->m, &info));
}

static ox_type name_type(ox__ts *t, const ox__src *e)
{
    if (ox__src_is(e, "Tensor")) return t->t_tensor;
    for (size_t i = 0; i < OX__COUNT(words); i++)
        if (ox__src_is(e, words[i].word)) return made(t, ox_type_simple(t->m, words[i].kind));
    return opaque(t, e->s);
}

static ox_type many(ox__ts *t, const ox__ts_file *file, const ox__src *e, ox_type_kind kind)
{
    uint32_t n = e->kind == OX__SRC_TUPLE ? e->n : 1;
    ox_type *items = ox__ts_alloc(t, (n + 1) * sizeof *items);
    ox_type_info info = {.kind = kind, .n_items = n, .items = items};
    if (!items) return (ox_type){0};
    for (uint32_t i = 0; i < n; i++) {
        items[i] = ox__ts_type(t, file, e->kind == OX__SRC_TUPLE ? e->kid[i] : e);
        if (!items[i].id) return (ox_type){0};
    }
    return made(t, ox_type_add(t->m, &info));
}

static ox_type generic(ox__ts *t, const ox__ts_file *file, const ox__src *e)
{
    const ox__src *of = e->kid[0], *inner = e->kid[1];
    if (ox__src_is(of, "Tuple")) return many(t, file, inner, OX_TYPE_TUPLE);
    if (ox__src_is(of, "Union")) return many(t, file, inner, OX_TYPE_UNION);
    if (ox__src_is(of, "Dict") && inner->kind == OX__SRC_TUPLE && inner->n == 2)
        return many(t, file, inner, OX_TYPE_DICT);
    if (of->kind != OX__SRC_NAME || inner->kind == OX__SRC_SLICE) {
        ox__ts_refuse(t, e->at, OX_E_FORMAT, "expected a type");
        return (ox_type){0};
    }
    ox_type item = ox__ts_type(t, file, inner);
    if (!item.id) return item;
    if (ox__src_is(of, "Final")) return item;
    if (ox__src_is(of, "List")) return ox__ts_list_of(t, item);
    if (ox__src_is(of, "Optional")) return ox__ts_optional(t, item);
    if (ox__src_is(of, "Future") || ox__src_is(of, "Await")) return ox__ts_future(t, item);
    if (ox__src_is(of, "RRef")) return wrapped(t, "RRef", item);
    char *text = ox__ts_text(t, "%s[...]", of->s);
    return text ? opaque(t, text) : (ox_type){0};
}

ox_type ox__ts_type(ox__ts *t, const ox__ts_file *file, const ox__src *e)
{
    const ox__ts_file *was = t->file;
    ox_type type = {0};
    t->file = file;
    if (e->kind == OX__SRC_NONE)
        type = t->t_none;
    else if (e->kind == OX__SRC_NAME)
        type = name_type(t, e);
    else if (e->kind == OX__SRC_INDEX)
        type = generic(t, file, e);
    else
        type = class_type(t, e);
    t->file = was;
    return type;
}

/* ---- relations ---- */
static bool subtype(const ox__ts *t, ox_type a, ox_type b, unsigned depth)
{
    if (a.id == b.id || b.id == t->t_any.id) return true;
    if (depth > OX__TS_LIST) return false;
    ox_type_info x = ox__ts_info(t, a), y = ox__ts_info(t, b);
    if (y.kind == OX_TYPE_OPTIONAL) {
        if (x.kind == OX_TYPE_NONETYPE) return true;
        return subtype(t, x.kind == OX_TYPE_OPTIONAL ? x.items[0] : a, y.items[0], depth + 1);
    }
    if (x.kind == OX_TYPE_UNION) {
        bool all = x.n_items > 0;
        for (uint32_t i = 0; all && i < x.n_items; i++) all = subtype(t, x.items[i], b, depth + 1);
        return all;
    }
    if (y.kind == OX_TYPE_NUMBER)
        return x.kind == OX_TYPE_INT || x.kind == OX_TYPE_FLOAT_SCALAR || x.kind == OX_TYPE_COMPLEX_SCALAR;
    if (y.kind == OX_TYPE_UNION) {
        for (uint32_t i = 0; i < y.n_items; i++)
            if (subtype(t, a, y.items[i], depth + 1)) return true;
        return false;
    }
    if (x.kind == OX_TYPE_TENSOR && y.kind == OX_TYPE_TENSOR) return true;
    if (x.kind != OX_TYPE_TUPLE || y.kind != OX_TYPE_TUPLE || x.n_items != y.n_items) return false;
    for (uint32_t i = 0; i < x.n_items; i++)
        if (!subtype(t, x.items[i], y.items[i], depth + 1)) return false;
    return true;
}

bool ox__ts_is_subtype(const ox__ts *t, ox_type a, ox_type b)
{
    return subtype(t, a, b, 0);
}

static ox_type unify(ox__ts *t, ox_type a, ox_type b, unsigned depth)
{
    if (ox__ts_is_subtype(t, a, b)) return b;
    if (ox__ts_is_subtype(t, b, a)) return a;
    ox_type_info x = ox__ts_info(t, a), y = ox__ts_info(t, b);
    if (x.kind == OX_TYPE_NONETYPE) return ox__ts_optional(t, b);
    if (y.kind == OX_TYPE_NONETYPE) return ox__ts_optional(t, a);
    if (depth > OX__TS_LIST) return (ox_type){0};
    if (x.kind == OX_TYPE_OPTIONAL || y.kind == OX_TYPE_OPTIONAL) {
        ox_type item = unify(t, x.kind == OX_TYPE_OPTIONAL ? x.items[0] : a,
                             y.kind == OX_TYPE_OPTIONAL ? y.items[0] : b, depth + 1);
        return item.id ? ox__ts_optional(t, item) : item;
    }
    if (x.kind != OX_TYPE_TUPLE || y.kind != OX_TYPE_TUPLE || x.n_items != y.n_items) return (ox_type){0};
    ox_type *items = ox__ts_alloc(t, (x.n_items + 1) * sizeof *items);
    for (uint32_t i = 0; items && i < x.n_items; i++) {
        items[i] = unify(t, x.items[i], y.items[i], depth + 1);
        if (!items[i].id) return (ox_type){0};
    }
    return items ? ox__ts_tuple(t, x.n_items, items) : (ox_type){0};
}

ox_type ox__ts_unify(ox__ts *t, ox_type a, ox_type b)
{
    return unify(t, a, b, 0);
}

ox_type ox__ts_type_of_obj(ox__ts *t, const ox__obj *o)
{
    switch ((ox__obj_kind)o->kind) {
    case OX__OBJ_NONE: return t->t_none;
    case OX__OBJ_BOOL: return t->t_bool;
    case OX__OBJ_INT: return t->t_int;
    case OX__OBJ_FLOAT: return t->t_float;
    case OX__OBJ_COMPLEX: return t->t_complex;
    case OX__OBJ_STR: return t->t_str;
    case OX__OBJ_DEVICE: return t->t_device;
    case OX__OBJ_TENSOR: return t->t_tensor;
    case OX__OBJ_LIST: {
        if (o->of == OX__OF_INT) return ox__ts_list_of(t, t->t_int);
        if (o->of == OX__OF_FLOAT) return ox__ts_list_of(t, t->t_float);
        if (o->of == OX__OF_BOOL) return ox__ts_list_of(t, t->t_bool);
        if (o->of == OX__OF_TENSOR || !o->n) return ox__ts_list_of(t, t->t_tensor);
        ox_type item = ox__ts_type_of_obj(t, o->items[0]);
        return item.id ? ox__ts_list_of(t, item) : item;
    }
    case OX__OBJ_TUPLE: {
        ox_type *items = ox__ts_alloc(t, (o->n + 1) * sizeof *items);
        for (uint32_t i = 0; items && i < o->n; i++) {
            items[i] = ox__ts_type_of_obj(t, o->items[i]);
            if (!items[i].id) return items[i];
        }
        return items ? ox__ts_tuple(t, o->n, items) : (ox_type){0};
    }
    case OX__OBJ_OBJECT: {
        ox__ts_class *c = ox__ts_class_of(t, o->object->class_name);
        if (c) return c->type;
        return t->s == OX_OK ? t->t_any : (ox_type){0};
    }
    default: return t->t_any;
    }
}
