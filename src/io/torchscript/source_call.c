/* Floor 3. Calls in the code of an archive: operators, functions and methods, and the words of the language that look
 * like calls. */
#include "io/torchscript/lower.h"

static bool is_value(ox__ts_meant *out, ox__ts_value *v)
{
    *out = (ox__ts_meant){.what = OX__TS_VALUE, .value = v};
    return v != NULL;
}

/* ---- arguments ---- */
static ox__ts_arg *arguments(ox__ts *t, const ox__src *e)
{
    ox__ts_arg *args = ox__ts_alloc(t, (e->n + 1) * sizeof *args);
    for (uint32_t i = 1; args && i < e->n; i++) {
        const ox__src *a = e->kid[i];
        bool key = a->kind == OX__SRC_KEYWORD;
        args[i - 1].key = key ? a->kid[0]->s : NULL;
        args[i - 1].value = ox__ts_value_of(t, key ? a->kid[1] : a, (ox_type){0});
        if (!args[i - 1].value) return NULL;
    }
    return args;
}

/* Argument number k of a word of the language. */
static const ox__src *word_arg(ox__ts *t, const ox__src *e, uint32_t k, uint32_t n)
{
    if (e->n == n + 1 && e->kid[k + 1]->kind != OX__SRC_KEYWORD) return e->kid[k + 1];
    ox__ts_refuse(t, e->at, OX_E_FORMAT, "this takes %u arguments", n);
    return NULL;
}

/* ---- operators ---- */
static bool results(ox__ts_node *n, ox__ts_meant *out)
{
    *out = (ox__ts_meant){.what = OX__TS_NOTHING, .node = n};
    if (n->n_out == 1) return is_value(out, n->out[0]);
    if (n->n_out) out->what = OX__TS_VALUES;
    return true;
}

/* An operator that no table knows, of a library of the user: its inputs are what is written, its result is a tensor as
 * far as anybody can tell. */
static bool unknown_op(ox__ts *t, const ox__src *e, const char *op, const ox__ts_arg *args, size_t n, ox__ts_meant *out)
{
    ox__ts_node *node = NULL;
    ox__ts_value **in = ox__ts_alloc(t, (n + 1) * sizeof(ox__ts_value *));
    for (size_t i = 0; in && i < n; i++) {
        if (args[i].key)
            return ox__ts_refuse(t, e->kid[i + 1]->at, OX_E_UNSUPPORTED,
                                 "%s is not known, so its argument %s has no place", op, args[i].key);
        in[i] = args[i].value;
    }
    t->at = e->at;
    if (in) node = ox__ts_node_new(t, OX__TS_OP, n, in, 1);
    if (!node) return false;
    node->op = op;
    node->out[0]->type = t->t_tensor;
    return is_value(out, node->out[0]);
}

static bool call_op(ox__ts *t, const ox__src *e, const char *op, ox__ts_meant *out)
{
    if (strcmp(op, "prim::ConstantMKLDNNTensor") == 0) {
        ox__ts_refuse(t, e->at, OX_E_UNSUPPORTED, "a weight stands here that the file does not hold");
        ox_error_hint(t->err, "torch.jit.optimize_for_inference made the module so: save it before that");
        return false;
    }
    ox__ts_arg *args = arguments(t, e);
    if (!args) return false;
    ox__ts_node *n = ox__ts_call_op(t, e->at, op, args, e->n - 1);
    if (n) return results(n, out);
    return t->s == OX_OK && unknown_op(t, e, op, args, e->n - 1, out);
}

/* ---- functions and methods ---- */

/* Fills in[] from number `first` on with the arguments for f's parameters. */
static bool bind(ox__ts *t, const ox__src *e, ox__ts_fn *f, const ox__ts_arg *args, uint32_t first, ox__ts_value **in)
{
    uint32_t n = e->n - 1;
    for (uint32_t i = 0; i < n; i++) {
        uint32_t at = first + i;
        if (args[i].key)
            for (at = first; at < f->n_params; at++)
                if (ox__src_is(f->def->kid[1]->kid[at]->kid[0], args[i].key)) break;
        if (at >= f->n_params || in[at])
            return ox__ts_refuse(t, e->kid[i + 1]->at, OX_E_FORMAT, "%s has no parameter for this argument", f->name);
        in[at] = args[i].value;
    }
    for (uint32_t i = first; i < f->n_params; i++) {
        const ox__src *def = ox__ts_default(f, i);
        if (!in[i] && !def) return ox__ts_refuse(t, e->at, OX_E_FORMAT, "%s wants more arguments", f->name);
        in[i] = in[i] ? ox__ts_convert(t, in[i], f->params[i]) : ox__ts_default_value(t, f->file, def);
        if (!in[i]) return false;
    }
    return true;
}

static bool call_function(ox__ts *t, const ox__src *e, ox__ts_fn *f, ox__ts_meant *out)
{
    ox__ts_arg *args = arguments(t, e);
    if (!args || !ox__ts_signature(t, f)) return false;
    ox__ts_value **in = ox__ts_alloc(t, (f->n_params + 1) * sizeof(ox__ts_value *));
    if (!in || !bind(t, e, f, args, 0, in)) return false;
    t->at = e->at;
    ox__ts_value *fn = ox__ts_one(t, OX__TS_CONSTANT, 0, NULL, t->t_function);
    if (!fn) return false;
    fn->node->name = f->name;
    fn->node->fn = f;
    ox__ts_node *n = ox__ts_node_new(t, OX__TS_CALL_FUNCTION, 1, &fn, 1);
    for (uint32_t i = 0; n && i < f->n_params; i++)
        if (!ox__ts_add_input(t, n, in[i])) return false;
    if (!n) return false;
    n->fn = f;
    n->out[0]->type = f->result;
    return is_value(out, n->out[0]);
}

/* A method that only C++ has. */
static bool call_stranger(ox__ts *t, const ox__src *e, const ox__ts_meant *m, ox__ts_meant *out)
{
    ox__ts_arg *args = arguments(t, e);
    ox__ts_value *self = m->value;
    t->at = e->at;
    ox__ts_node *n = args ? ox__ts_node_new(t, OX__TS_CALL_METHOD, 1, &self, 1) : NULL;
    for (uint32_t i = 0; n && i + 1 < e->n; i++)
        if (!ox__ts_add_input(t, n, args[i].value)) return false;
    if (!n) return false;
    n->name = m->text;
    n->out[0]->type = t->t_any;
    return is_value(out, n->out[0]);
}

static bool to_list(ox__ts *t, const ox__src *e, const ox__ts_meant *m, ox_type want, ox__ts_meant *out)
{
    int64_t dims = 0, kind = -1;
    ox_type_info info = ox__ts_info(t, want);
    while (info.kind == OX_TYPE_LIST) info = ox__ts_info(t, info.items[0]), dims++;
    if (info.kind == OX_TYPE_INT) kind = 0;
    if (info.kind == OX_TYPE_FLOAT_SCALAR) kind = 1;
    if (info.kind == OX_TYPE_BOOL_SCALAR) kind = 2;
    if (info.kind == OX_TYPE_COMPLEX_SCALAR) kind = 3;
    if (kind < 0)
        return ox__ts_refuse(t, e->at, OX_E_FORMAT, "tolist() needs a type around it: annotate(List[int], ...)");
    ox__ts_value *in[3] = {m->value, ox__ts_constant(t, ox__ts_obj_int(t, dims), t->t_int), NULL};
    in[2] = in[1] ? ox__ts_constant(t, ox__ts_obj_int(t, kind), t->t_int) : NULL;
    t->at = e->at;
    ox__ts_value *v = in[2] ? ox__ts_one(t, OX__TS_OP, 3, in, want) : NULL;
    if (v) v->node->op = "prim::tolist";
    return is_value(out, v);
}

static bool call_method(ox__ts *t, const ox__src *e, const ox__ts_meant *m, ox_type want, ox__ts_meant *out)
{
    if (!m->value) { /* of a class: __new__ */
        t->at = e->at;
        return is_value(out, ox__ts_one(t, OX__TS_CREATE, 0, NULL, m->cls->type));
    }
    if (!m->cls && strcmp(m->text, "tolist") == 0) return to_list(t, e, m, want, out);
    ox__ts_fn *f = m->cls ? ox__ts_method(t, m->cls, m->text) : NULL;
    if (t->s != OX_OK) return false;
    if (!f && m->cls && m->cls->sort != OX__TS_INTERFACE)
        return ox__ts_refuse(t, e->at, OX_E_FORMAT, "the class %s has no method %s", m->cls->name, m->text);
    if (!f) return call_stranger(t, e, m, out);
    ox__ts_arg *args = arguments(t, e);
    if (!args || !ox__ts_signature(t, f)) return false;
    ox__ts_value **in = ox__ts_alloc(t, (f->n_params + 1) * sizeof(ox__ts_value *));
    if (!in) return false;
    if (!f->n_params) return ox__ts_refuse(t, e->at, OX_E_FORMAT, "the method %s takes no object", m->text);
    in[0] = m->value;
    if (!bind(t, e, f, args, 1, in)) return false;
    t->at = e->at;
    ox__ts_node *n = ox__ts_node_new(t, OX__TS_CALL_METHOD, f->n_params, in, 1);
    if (!n) return false;
    n->name = f->name;
    if (m->cls->sort != OX__TS_INTERFACE) n->fn = f; /* what an interface has is a signature: it cannot be inlined */
    n->out[0]->type = f->result;
    return is_value(out, n->out[0]);
}

static bool construct(ox__ts *t, const ox__src *e, const ox__ts_class *c, ox__ts_meant *out)
{
    ox__ts_arg *args = arguments(t, e);
    if (!args) return false;
    if (c->sort != OX__TS_NAMED_TUPLE || e->n - 1 != c->n_attrs)
        return ox__ts_refuse(t, e->at, OX_E_FORMAT, "%s cannot be made of these arguments", c->name);
    ox__ts_value **in = ox__ts_alloc(t, (c->n_attrs + 1) * sizeof(ox__ts_value *));
    for (uint32_t i = 0; in && i < c->n_attrs; i++) in[i] = ox__ts_convert(t, args[i].value, c->attrs[i].type);
    if (!in || t->s != OX_OK) return false;
    t->at = e->at;
    return is_value(out, ox__ts_one(t, OX__TS_TUPLE_OF, c->n_attrs, in, c->type));
}

/* ---- words ---- */
static bool annotate(ox__ts *t, const ox__src *e, ox__ts_meant *out)
{
    const ox__src *type = word_arg(t, e, 0, 2);
    ox_type want = type ? ox__ts_type(t, t->file, type) : (ox_type){0};
    ox__ts_value *v = want.id ? ox__ts_value_of(t, e->kid[2], want) : NULL;
    return v && is_value(out, ox__ts_convert(t, v, want));
}

static bool unchecked_cast(ox__ts *t, const ox__src *e, ox__ts_meant *out)
{
    const ox__src *type = word_arg(t, e, 0, 2);
    ox_type want = type ? ox__ts_type(t, t->file, type) : (ox_type){0};
    ox__ts_value *v = want.id ? ox__ts_value_of(t, e->kid[2], (ox_type){0}) : NULL;
    if (!v) return false;
    t->at = e->at;
    bool again = v->node && v->node->kind == OX__TS_CAST && v->type.id == want.id;
    return is_value(out, again ? v : ox__ts_one(t, OX__TS_CAST, 1, &v, want));
}

static bool uninitialized(ox__ts *t, const ox__src *e, ox__ts_meant *out)
{
    const ox__src *type = word_arg(t, e, 0, 1);
    ox_type want = type ? ox__ts_type(t, t->file, type) : (ox_type){0};
    t->at = e->at;
    return want.id && is_value(out, ox__ts_one(t, OX__TS_UNINITIALIZED, 0, NULL, want));
}

static bool get_attribute(ox__ts *t, const ox__src *e, ox__ts_meant *out)
{
    const ox__src *of = word_arg(t, e, 0, 2);
    if (!of) return false;
    ox__src name = *e->kid[2];
    if (name.kind != OX__SRC_STR) return ox__ts_refuse(t, name.at, OX_E_FORMAT, "expected the name of an attribute");
    name.kind = OX__SRC_NAME;
    ox__src *kids[2] = {e->kid[1], &name};
    ox__src attr = {.kind = OX__SRC_ATTR, .at = e->at, .n = 2, .kid = kids};
    return ox__ts_expr(t, &attr, (ox_type){0}, out);
}

static bool is_instance(ox__ts *t, const ox__src *e, ox__ts_meant *out)
{
    const ox__src *of = word_arg(t, e, 0, 2), *type = of ? e->kid[2] : NULL;
    ox__ts_value *v = of ? ox__ts_value_of(t, of, (ox_type){0}) : NULL;
    if (!v) return false;
    uint32_t n = type->kind == OX__SRC_TUPLE ? type->n : 1;
    ox_type *types = ox__ts_alloc(t, (n + 1) * sizeof *types);
    bool always = false;
    for (uint32_t i = 0; types && i < n; i++) {
        types[i] = ox__ts_type(t, t->file, type->kind == OX__SRC_TUPLE ? type->kid[i] : type);
        if (!types[i].id) return false;
        always |= ox__ts_is_subtype(t, v->type, types[i]);
    }
    if (!types) return false;
    ox_type_kind k = ox__ts_info(t, v->type).kind;
    bool open =
        k == OX_TYPE_OPTIONAL || k == OX_TYPE_UNION || k == OX_TYPE_OPAQUE || k == OX_TYPE_CLASS || k == OX_TYPE_NUMBER;
    t->at = e->at;
    if (always || !open) return is_value(out, ox__ts_constant(t, ox__ts_obj_bool(t, always), t->t_bool));
    ox__ts_value *made = ox__ts_one(t, OX__TS_IS_INSTANCE, 1, &v, t->t_bool);
    if (!made) return false;
    made->node->types = types;
    made->node->to = n;
    return is_value(out, made);
}

static bool fork_call(ox__ts *t, const ox__src *e, ox__ts_meant *out)
{
    const ox__src *arg = word_arg(t, e, 0, 1);
    ox__ts_meant what;
    if (!arg || !ox__ts_expr(t, arg, (ox_type){0}, &what)) return false;
    if (what.what != OX__TS_CLOSURE) return ox__ts_refuse(t, arg->at, OX_E_FORMAT, "expected a function to fork");
    t->at = e->at;
    return ox__ts_fork(t, what.def, out);
}

static bool print_call(ox__ts *t, const ox__src *e, ox__ts_meant *out)
{
    ox__ts_arg *args = arguments(t, e);
    t->at = e->at;
    ox__ts_node *n = args ? ox__ts_node_new(t, OX__TS_OP, 0, NULL, 0) : NULL;
    for (uint32_t i = 0; n && i + 1 < e->n; i++)
        if (!ox__ts_add_input(t, n, args[i].value)) return false;
    if (!n) return false;
    n->op = "prim::Print";
    return results(n, out);
}

/* int(x), ...: nothing where x is one already. */
static bool number_call(ox__ts *t, const ox__src *e, const char *word, ox__ts_meant *out)
{
    const struct {
        const char *word, *op;
        ox_type type;
    } casts[] = {{"int", "aten::Int", t->t_int},
                 {"float", "aten::Float", t->t_float},
                 {"bool", "aten::Bool", t->t_bool},
                 {"complex", "aten::Complex", t->t_complex},
                 {"str", "aten::str", t->t_str}};
    size_t k = 0;
    while (k < OX__COUNT(casts) && strcmp(casts[k].word, word) != 0) k++;
    if (k == OX__COUNT(casts)) return ox__ts_refuse(t, e->at, OX_E_FORMAT, "%s() has no place here", word);
    if (e->n != 2) return call_op(t, e, casts[k].op, out);
    ox__ts_arg arg = {ox__ts_value_of(t, e->kid[1], (ox_type){0}), NULL};
    if (!arg.value) return false;
    if (ox__ts_is_subtype(t, arg.value->type, casts[k].type)) return is_value(out, arg.value);
    ox__ts_node *n = ox__ts_call_op(t, e->at, casts[k].op, &arg, 1);
    return n && results(n, out);
}

static bool call_word(ox__ts *t, const ox__src *e, const char *word, ox__ts_meant *out)
{
    static const struct {
        const char *word;
        bool (*call)(ox__ts *t, const ox__src *e, ox__ts_meant *out);
    } words[] = {
        {"annotate", annotate},     {"unchecked_cast", unchecked_cast}, {"uninitialized", uninitialized},
        {"getattr", get_attribute}, {"isinstance", is_instance},        {"fork", fork_call},
        {"print", print_call},
    };
    for (size_t i = 0; i < OX__COUNT(words); i++)
        if (strcmp(words[i].word, word) == 0) return words[i].call(t, e, out);
    return number_call(t, e, word, out);
}

bool ox__ts_call(ox__ts *t, const ox__src *e, ox_type want, ox__ts_meant *out)
{
    ox__ts_meant m;
    if (!ox__ts_expr(t, e->kid[0], (ox_type){0}, &m)) return false;
    switch (m.what) {
    case OX__TS_BUILTIN: return strstr(m.text, "::") ? call_op(t, e, m.text, out) : call_word(t, e, m.text, out);
    case OX__TS_FUNCTION: return call_function(t, e, m.fn, out);
    case OX__TS_METHOD: return call_method(t, e, &m, want, out);
    case OX__TS_CLASS: return construct(t, e, m.cls, out);
    case OX__TS_NAMESPACE: return ox__ts_refuse(t, e->at, OX_E_NOT_FOUND, "the archive has no code for %s", m.text);
    default: return ox__ts_refuse(t, e->at, OX_E_FORMAT, "this cannot be called");
    }
}
