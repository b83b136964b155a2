/* Floor 3. Expressions of the code of an archive: what they mean, and the nodes that compute it, in the order in which
 * PyTorch's compiler makes them. */
#include "io/torchscript/lower.h"

#include <math.h>

static const ox__obj none_obj = {.kind = OX__OBJ_NONE};

static bool is_value(ox__ts_meant *out, ox__ts_value *v)
{
    *out = (ox__ts_meant){.what = OX__TS_VALUE, .value = v};
    return v != NULL;
}

/* ---- literals ---- */
static const ox__obj *static_items(ox__ts *t, const ox__src *e, ox__obj_kind kind)
{
    ox__obj *o = ox__ts_alloc(t, sizeof *o);
    ox__obj **items = o ? ox__ts_alloc(t, (e->n + 1) * sizeof *items) : NULL;
    if (!items) return NULL;
    *o = (ox__obj){.kind = (uint8_t)kind, .n = e->n, .items = items};
    for (uint32_t i = 0; i < e->n; i++) {
        const ox__obj *item = ox__ts_static(t, e->kid[i]);
        if (!item) return NULL;
        items[i] = ox__arena_dup(&t->arena, item, sizeof *item);
        if (!items[i]) {
            ox__ts_nomem(t);
            return NULL;
        }
    }
    return o;
}

static const ox__obj *named_number(ox__ts *t, const ox__src *name, double sign)
{
    if (ox__src_is(name, "inf")) return ox__ts_obj_float(t, sign * (double)INFINITY);
    if (ox__src_is(name, "nan")) return ox__ts_obj_float(t, (double)NAN);
    return NULL;
}

static const ox__obj *table_entry(ox__ts *t, const ox__src *name)
{
    uint64_t k = 0;
    const ox__obj *table = t->host.constants;
    bool number = name->n > 1 && name->n < 12 && name->s[0] == 'c';
    for (uint32_t i = 1; number && i < name->n; i++) {
        number = name->s[i] >= '0' && name->s[i] <= '9';
        k = k * 10 + (uint64_t)(name->s[i] - '0');
    }
    if (number && table && table->kind == OX__OBJ_TUPLE && k < table->n) return table->items[k];
    ox__ts_refuse(t, name->at, OX_E_FORMAT, "the archive has no constant %s", name->s);
    return NULL;
}

const ox__obj *ox__ts_static(ox__ts *t, const ox__src *e)
{
    const ox__obj *o = NULL;
    switch ((ox__src_kind)e->kind) {
    case OX__SRC_NONE: return &none_obj;
    case OX__SRC_TRUE: return ox__ts_obj_bool(t, true);
    case OX__SRC_FALSE: return ox__ts_obj_bool(t, false);
    case OX__SRC_INT: return ox__ts_obj_int(t, e->i);
    case OX__SRC_FLOAT: return ox__ts_obj_float(t, e->f);
    case OX__SRC_STR: return ox__ts_obj_str(t, e->s, e->n, OX__OBJ_STR);
    case OX__SRC_TUPLE: return static_items(t, e, OX__OBJ_TUPLE);
    case OX__SRC_LIST: return static_items(t, e, OX__OBJ_LIST);
    case OX__SRC_NAME: o = named_number(t, e, 1); break;
    case OX__SRC_MINUS: o = named_number(t, e->kid[0], -1); break;
    case OX__SRC_COMPLEX: {
        ox__obj *c = ox__ts_alloc(t, sizeof *c);
        if (c) *c = (ox__obj){.kind = OX__OBJ_COMPLEX, .c = e->c};
        return c;
    }
    case OX__SRC_ATTR:
        if (ox__src_is(e->kid[0], "CONSTANTS")) return table_entry(t, e->kid[1]);
        break;
    default: break;
    }
    if (!o && t->s == OX_OK) ox__ts_refuse(t, e->at, OX_E_UNSUPPORTED, "this constant is of no known form");
    return o;
}

ox__ts_value *ox__ts_default_value(ox__ts *t, const ox__ts_file *file, const ox__src *e)
{
    const ox__ts_file *was = t->file;
    t->file = file;
    const ox__obj *o = ox__ts_static(t, e);
    t->file = was;
    ox_type type = o ? ox__ts_type_of_obj(t, o) : (ox_type){0};
    return type.id ? ox__ts_constant(t, o, type) : NULL;
}

/* `1.+2.j` is a sum to PyTorch, which it computes: its parts are numbers that the function states. */
static bool complex_literal(ox__ts *t, const ox__src *e, ox__ts_meant *out)
{
    const double im[2] = {0, fabs(e->c[1])};
    ox__obj *part = ox__ts_alloc(t, sizeof *part), *c = ox__ts_alloc(t, sizeof *c);
    if (!part || !c || !ox__ts_literal(t, ox__ts_obj_float(t, e->c[0]), t->t_float)) return false;
    const double *kept = ox__arena_dup(&t->arena, im, sizeof im);
    if (!kept) return ox__ts_nomem(t);
    *part = (ox__obj){.kind = OX__OBJ_COMPLEX, .c = kept};
    *c = (ox__obj){.kind = OX__OBJ_COMPLEX, .c = e->c};
    return ox__ts_literal(t, part, t->t_complex) && is_value(out, ox__ts_constant(t, c, t->t_complex));
}

/* Numbers are shared by a function, other literals are not. */
static bool literal(ox__ts *t, const ox__src *e, ox__ts_meant *out)
{
    if (e->kind == OX__SRC_COMPLEX) return complex_literal(t, e, out);
    const ox__obj *o = ox__ts_static(t, e);
    ox_type type = o ? ox__ts_type_of_obj(t, o) : (ox_type){0};
    if (!type.id) return false;
    bool shared = e->kind == OX__SRC_INT || e->kind == OX__SRC_FLOAT;
    return is_value(out, shared ? ox__ts_literal(t, o, type) : ox__ts_constant(t, o, type));
}

/* ---- names ---- */
static bool named(ox__ts *t, const ox__src *e, ox__ts_meant *out)
{
    static const char *const words[] = {"annotate", "unchecked_cast", "uninitialized", "fork", "getattr", "isinstance",
                                        "int",      "float",          "bool",          "str",  "complex", "print",
                                        "range"};
    const ox__ts_meant *var = ox__ts_find(t, e->s);
    if (t->s != OX_OK) return false;
    if (var) {
        *out = *var;
        return true;
    }
    *out = (ox__ts_meant){.what = OX__TS_NAMESPACE};
    if (ox__src_is(e, "torch") || ox__src_is(e, "__torch__")) {
        out->text = ox__src_is(e, "torch") ? "aten" : "__torch__";
        return true;
    }
    out->what = ox__src_is(e, "ops") ? OX__TS_OPS : OX__TS_CONSTANTS;
    if (out->what == OX__TS_OPS || ox__src_is(e, "CONSTANTS")) return true;
    const ox__obj *number = named_number(t, e, 1);
    if (number) return is_value(out, ox__ts_constant(t, number, t->t_float));
    out->what = OX__TS_BUILTIN;
    out->text = e->s;
    for (size_t i = 0; i < OX__COUNT(words); i++)
        if (ox__src_is(e, words[i])) return true;
    size_t n;
    out->text = ox__ts_text(t, "aten::%s", e->s);
    if (!out->text) return false;
    if (ox_aten_find(out->text, &n)) return true;
    return ox__ts_refuse(t, e->at, OX_E_FORMAT, "the name %s is not defined", e->s);
}

static bool in_namespace(ox__ts *t, const ox__src *e, const char *space, ox__ts_meant *out)
{
    const char *name = e->kid[1]->s;
    if (strncmp(space, "__torch__", 9) != 0) {
        *out = (ox__ts_meant){.what = OX__TS_BUILTIN, .text = ox__ts_text(t, "%s::%s", space, name)};
        return out->text != NULL;
    }
    *out = (ox__ts_meant){.what = OX__TS_NAMESPACE, .text = ox__ts_text(t, "%s.%s", space, name)};
    if (!out->text) return false;
    if ((out->cls = ox__ts_class_of(t, out->text)))
        out->what = OX__TS_CLASS;
    else if (t->s == OX_OK && (out->fn = ox__ts_function(t, out->text)))
        out->what = OX__TS_FUNCTION;
    return t->s == OX_OK;
}

/* ---- attributes ---- */

/* PyTorch calls a value that it read from attribute "0" `_0`. */
static const char *value_name(ox__ts *t, const char *attr)
{
    return *attr >= '0' && *attr <= '9' ? ox__ts_text(t, "_%s", attr) : attr;
}

static bool get_attr(ox__ts *t, const ox__src *e, ox__ts_value *of, const ox__ts_attr *a, ox__ts_meant *out)
{
    if (a->constant)
        return is_value(out, ox__ts_default_value(t, ox__ts_class_of_type(t, of->type)->file, a->constant));
    t->at = e->at;
    ox__ts_value *v = ox__ts_one(t, OX__TS_GET_ATTR, 1, &of, a->type);
    if (!v) return false;
    v->node->name = a->name;
    v->name = value_name(t, a->name);
    return v->name && is_value(out, v);
}

static bool tuple_index(ox__ts *t, const ox__src *e, ox__ts_value *v, int64_t i, ox__ts_meant *out)
{
    ox_type_info info = ox__ts_info(t, v->type);
    if (i < 0) i += info.n_items;
    if (i < 0 || i >= info.n_items)
        return ox__ts_refuse(t, e->at, OX_E_FORMAT, "a tuple of %u items has none at %lld", info.n_items, (long long)i);
    ox__ts_value *in[2] = {v, ox__ts_literal(t, ox__ts_obj_int(t, i), t->t_int)};
    t->at = e->at;
    return in[1] && is_value(out, ox__ts_one(t, OX__TS_TUPLE_INDEX, 2, in, info.items[i]));
}

/* `Color.RED`; `color.value`, `color.name`. */
static bool enumerator(ox__ts *t, const ox__src *e, const ox__ts_class *c, const char *name, ox__ts_meant *out)
{
    if (!ox__ts_enum_value(c, name))
        return ox__ts_refuse(t, e->at, OX_E_FORMAT, "the enum %s has no %s", c->name, name);
    const char *text = ox__ts_text(t, "%s.%s", c->name, name);
    const ox__obj *o = text ? ox__ts_obj_str(t, text, strlen(text), OX__OBJ_GLOBAL) : NULL;
    t->at = e->at;
    return o && is_value(out, ox__ts_constant(t, o, c->type));
}

static bool part_of_enumerator(ox__ts *t, const ox__src *e, ox__ts_value *v, const ox__ts_class *c, const char *name,
                               ox__ts_meant *out)
{
    bool value = strcmp(name, "value") == 0;
    if (!value && strcmp(name, "name") != 0)
        return ox__ts_refuse(t, e->at, OX_E_FORMAT, "a member of an enum has no %s", name);
    const ox__src *first = ox__ts_enum_value(c, NULL);
    if (!first) return ox__ts_refuse(t, e->at, OX_E_FORMAT, "the enum %s is empty", c->name);
    const ox__obj *o = value ? ox__ts_static(t, first) : NULL;
    ox_type type = o ? ox__ts_type_of_obj(t, o) : t->t_str;
    t->at = e->at;
    ox__ts_value *made = t->s == OX_OK && type.id ? ox__ts_one(t, OX__TS_OP, 1, &v, type) : NULL;
    if (made) made->node->op = value ? "prim::EnumValue" : "prim::EnumName";
    return is_value(out, made);
}

/* A class is made by `C.__new__(C)`; a hook is called as a function: `C.hook(object, ...)`. */
static bool of_class(ox__ts *t, const ox__src *e, ox__ts_class *c, const char *name, ox__ts_meant *out)
{
    if (c->sort == OX__TS_ENUM) return enumerator(t, e, c, name, out);
    *out = (ox__ts_meant){.what = OX__TS_METHOD, .text = name, .cls = c};
    if (strcmp(name, "__new__") == 0) return true;
    *out = (ox__ts_meant){.what = OX__TS_FUNCTION, .fn = ox__ts_method(t, c, name)};
    return out->fn ||
           (t->s == OX_OK && ox__ts_refuse(t, e->at, OX_E_FORMAT, "the class %s has no method %s", c->name, name));
}

static bool attr_of_value(ox__ts *t, const ox__src *e, ox__ts_value *v, const char *name, ox__ts_meant *out)
{
    ox_type_info info = ox__ts_info(t, v->type);
    ox__ts_class *c = ox__ts_class_of_type(t, v->type);
    if (t->s != OX_OK) return false;
    if (info.kind == OX_TYPE_TUPLE && info.n_names)
        for (uint32_t i = 0; i < info.n_items; i++)
            if (strcmp(ox_str_text(t->m, info.names[i + 1], NULL), name) == 0) return tuple_index(t, e, v, i, out);
    if (c && c->sort == OX__TS_ENUM) return part_of_enumerator(t, e, v, c, name, out);
    const ox__ts_attr *a = c ? ox__ts_attr_of(c, name) : NULL;
    if (a) return get_attr(t, e, v, a, out);
    *out = (ox__ts_meant){.what = OX__TS_METHOD, .value = v, .text = name, .cls = c};
    return true;
}

static bool attribute(ox__ts *t, const ox__src *e, ox__ts_meant *out)
{
    ox__ts_meant of;
    if (!ox__ts_expr(t, e->kid[0], (ox_type){0}, &of)) return false;
    const char *name = e->kid[1]->s;
    switch (of.what) {
    case OX__TS_NAMESPACE: return in_namespace(t, e, of.text, out);
    case OX__TS_OPS: *out = (ox__ts_meant){.what = OX__TS_NAMESPACE, .text = name}; return true;
    case OX__TS_CONSTANTS: {
        const ox__obj *o = table_entry(t, e->kid[1]);
        ox_type type = o ? ox__ts_type_of_obj(t, o) : (ox_type){0};
        t->at = e->at;
        return type.id && is_value(out, ox__ts_constant(t, o, type));
    }
    case OX__TS_CLASS: return of_class(t, e, of.cls, name, out);
    default: break;
    }
    ox__ts_value *v = ox__ts_as_value(t, e, &of);
    return v && attr_of_value(t, e, v, name, out);
}

/* ---- containers ---- */
static ox__ts_value **values(ox__ts *t, const ox__src *e, const ox_type *want, size_t every)
{
    ox__ts_value **in = ox__ts_alloc(t, (e->n + 1) * sizeof(ox__ts_value *));
    for (uint32_t i = 0; in && i < e->n; i++) {
        in[i] = ox__ts_value_of(t, e->kid[i], want ? want[i % every] : (ox_type){0});
        if (!in[i]) return NULL;
    }
    return in;
}

static bool tuple(ox__ts *t, const ox__src *e, ox_type want, ox__ts_meant *out)
{
    ox_type_info info = ox__ts_info(t, want);
    bool known = info.kind == OX_TYPE_TUPLE && info.n_items == e->n && e->n;
    ox__ts_value **in = values(t, e, known ? info.items : NULL, e->n);
    ox_type *types = in ? ox__ts_alloc(t, (e->n + 1) * sizeof *types) : NULL;
    if (!types) return false;
    for (uint32_t i = 0; i < e->n; i++) types[i] = ox__ts_now(in[i])->type;
    ox_type type = ox__ts_tuple(t, e->n, types);
    t->at = e->at;
    return type.id && is_value(out, ox__ts_one(t, OX__TS_TUPLE_OF, e->n, in, type));
}

/* The type of the items of a list or dict: what they have in common, unless it is asked for. */
static ox_type common(ox__ts *t, const ox__src *e, ox__ts_value **in, uint32_t first, uint32_t every)
{
    ox_type type = t->t_tensor;
    for (uint32_t i = first; i < e->n; i += every) {
        ox_type one = ox__ts_now(in[i])->type;
        type = i == first ? one : ox__ts_unify(t, type, one);
        if (type.id) continue;
        if (t->s == OX_OK) ox__ts_refuse(t, e->kid[i]->at, OX_E_FORMAT, "the items of this differ in type");
        break;
    }
    return type;
}

static bool list(ox__ts *t, const ox__src *e, ox_type want, ox__ts_meant *out)
{
    ox_type_info info = ox__ts_info(t, want);
    if (info.kind == OX_TYPE_OPTIONAL) info = ox__ts_info(t, want = info.items[0]);
    bool known = info.kind == OX_TYPE_LIST;
    ox__ts_value **in = values(t, e, known ? info.items : NULL, 1);
    if (!in) return false;
    ox_type item = known ? info.items[0] : common(t, e, in, 0, 1);
    ox_type type = item.id ? ox__ts_list_of(t, item) : item;
    t->at = e->at;
    return type.id && is_value(out, ox__ts_one(t, OX__TS_LIST_OF, e->n, in, type));
}

static bool dict(ox__ts *t, const ox__src *e, ox_type want, ox__ts_meant *out)
{
    ox_type_info info = ox__ts_info(t, want);
    bool known = info.kind == OX_TYPE_DICT;
    ox__ts_value **in = values(t, e, known ? info.items : NULL, 2);
    if (!in) return false;
    ox_type type = want;
    if (!known) {
        ox_type items[2] = {e->n ? common(t, e, in, 0, 2) : t->t_str, e->n ? common(t, e, in, 1, 2) : t->t_tensor};
        ox_type_info d = {.kind = OX_TYPE_DICT, .n_items = 2, .items = items};
        if (!items[0].id || !items[1].id) return false;
        type = ox_type_add(t->m, &d);
        if (!type.id) return ox__ts_nomem(t);
    }
    t->at = e->at;
    return is_value(out, ox__ts_one(t, OX__TS_DICT_OF, e->n, in, type));
}

/* ---- indices ---- */
static bool tuple_slice(ox__ts *t, const ox__src *e, ox__ts_value *v, ox__ts_meant *out)
{
    const ox__src *slice = e->kid[1];
    ox_type_info info = ox__ts_info(t, v->type);
    int64_t bound[2] = {0, info.n_items};
    for (int i = 0; i < 2; i++) {
        const ox__src *b = slice->kid[i];
        if (b && b->kind != OX__SRC_INT) return ox__ts_refuse(t, b->at, OX_E_FORMAT, "expected a number");
        if (b) bound[i] = b->i < 0 ? b->i + info.n_items : b->i;
    }
    if (info.kind != OX_TYPE_TUPLE || bound[0] < 0 || bound[1] > info.n_items || bound[0] > bound[1])
        return ox__ts_refuse(t, e->at, OX_E_FORMAT, "this is no slice of a tuple");
    ox_type type = ox__ts_tuple(t, (size_t)(bound[1] - bound[0]), info.items + bound[0]);
    ox__ts_value *made = type.id ? ox__ts_one(t, OX__TS_TUPLE_SLICE, 1, &v, type) : NULL;
    if (!made) return false;
    made->node->from = bound[0];
    made->node->to = bound[1];
    return is_value(out, made);
}

static bool index_of(ox__ts *t, const ox__src *e, ox__ts_meant *out)
{
    ox__ts_value *v = ox__ts_value_of(t, e->kid[0], (ox_type){0});
    if (!v) return false;
    if (e->kid[1]->kind == OX__SRC_SLICE) return tuple_slice(t, e, v, out);
    if (ox__ts_info(t, v->type).kind == OX_TYPE_TUPLE && e->kid[1]->kind == OX__SRC_INT)
        return tuple_index(t, e, v, e->kid[1]->i, out);
    ox__ts_arg args[2] = {{v, NULL}, {ox__ts_value_of(t, e->kid[1], (ox_type){0}), NULL}};
    ox__ts_node *n = args[1].value ? ox__ts_call_op(t, e->at, "aten::__getitem__", args, 2) : NULL;
    return n && is_value(out, n->out[0]);
}

/* ---- all ---- */
bool ox__ts_expr(ox__ts *t, const ox__src *e, ox_type want, ox__ts_meant *out)
{
    t->at = e->at;
    switch ((ox__src_kind)e->kind) {
    case OX__SRC_NAME: return named(t, e, out);
    case OX__SRC_ATTR: return attribute(t, e, out);
    case OX__SRC_CALL: return ox__ts_call(t, e, want, out);
    case OX__SRC_INDEX: return index_of(t, e, out);
    case OX__SRC_TUPLE: return tuple(t, e, want, out);
    case OX__SRC_LIST: return list(t, e, want, out);
    case OX__SRC_DICT: return dict(t, e, want, out);
    default: return literal(t, e, out);
    }
}

ox__ts_value *ox__ts_as_value(ox__ts *t, const ox__src *e, const ox__ts_meant *m)
{
    if (m->what == OX__TS_VALUE) return ox__ts_now(m->value);
    if (m->what == OX__TS_VALUES) {
        ox_type *types = ox__ts_alloc(t, (m->node->n_out + 1) * sizeof *types);
        for (uint32_t i = 0; types && i < m->node->n_out; i++) types[i] = m->node->out[i]->type;
        ox_type type = types ? ox__ts_tuple(t, m->node->n_out, types) : (ox_type){0};
        return type.id ? ox__ts_one(t, OX__TS_TUPLE_OF, m->node->n_out, m->node->out, type) : NULL;
    }
    if (m->what == OX__TS_NOTHING) return ox__ts_constant(t, &none_obj, t->t_none);
    if (m->what == OX__TS_METHOD && m->value)
        ox__ts_refuse(t, e->at, OX_E_UNSUPPORTED, "the attribute %s of this object is not known", m->text);
    else
        ox__ts_refuse(t, e->at, OX_E_FORMAT, "a value is needed here");
    return NULL;
}

ox__ts_value *ox__ts_value_of(ox__ts *t, const ox__src *e, ox_type want)
{
    ox__ts_meant m;
    return ox__ts_expr(t, e, want, &m) ? ox__ts_as_value(t, e, &m) : NULL;
}
