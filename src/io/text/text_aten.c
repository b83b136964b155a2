/* Floor 3. ATen nodes of PyTorch 0.4, whose constant arguments were attributes: `aten::_convolution[stride=[4, 4],
 * ...](%0, %1, %2)`. The operator's schema says where each belongs; what stands here becomes the form of all later
 * versions, with a prim::Constant for each and a prim::ListConstruct around tensors that were passed loose. */
#include "io/text/text.h"

enum { MAX_ARGS = 64 };

/* How the inputs and attributes of a node fit one overload. */
typedef struct fit {
    const ox_aten_schema *schema;
    size_t n_args;
    size_t strange;      /* attributes that are no argument */
    int attr[MAX_ARGS];  /* the attribute for each argument, -1 = none */
    size_t list, n_list; /* the argument that loose tensors fill, SIZE_MAX = none, and their number */
    bool fits, exact;
} fit;

static bool is_list(const ox_aten_type *type)
{
    return type->wrap[0] == OX_ATEN_WRAP_LIST;
}

/* The kind of constant for an argument; OX_ATTR_NONE if it cannot be one. */
static ox_attr_kind const_kind(const ox_aten_type *type)
{
    bool list = is_list(type);
    switch (type->kind) {
    case OX_ATEN_INT:
    case OX_ATEN_DTYPE:
    case OX_ATEN_LAYOUT:
    case OX_ATEN_MEMORY_FORMAT: return list ? OX_ATTR_INTS : OX_ATTR_INT;
    case OX_ATEN_FLOAT: return list ? OX_ATTR_FLOATS : OX_ATTR_FLOAT;
    case OX_ATEN_BOOL: return list ? OX_ATTR_BOOLS : OX_ATTR_BOOL;
    case OX_ATEN_SCALAR: return list ? OX_ATTR_NONE : OX_ATTR_INT; /* a float when its text is one */
    case OX_ATEN_STR: return list ? OX_ATTR_STRINGS : OX_ATTR_STRING;
    default: return OX_ATTR_NONE;
    }
}

static ox_type const_type(ox_model *m, const ox_aten_type *type)
{
    ox_type_kind kind = OX_TYPE_INT;
    if (type->kind == OX_ATEN_FLOAT) kind = OX_TYPE_FLOAT_SCALAR;
    if (type->kind == OX_ATEN_BOOL) kind = OX_TYPE_BOOL_SCALAR;
    if (type->kind == OX_ATEN_SCALAR) kind = OX_TYPE_NUMBER;
    if (type->kind == OX_ATEN_STR) kind = OX_TYPE_STR;
    ox_type one = ox_type_simple(m, kind);
    return is_list(type) ? ox_type_of(m, OX_TYPE_LIST, one) : one;
}

/* Whether the inputs fill the arguments that no attribute does. */
static void fit_inputs(const ox__text *t, fit *f)
{
    size_t n_in = t->refs.n, open = 0, after = 0;
    f->list = SIZE_MAX;
    for (size_t i = 0; i < f->n_args; i++) {
        if (f->attr[i] >= 0) continue;
        ox_aten_arg arg = ox_aten_get_arg(f->schema, i);
        if (arg.type.kind == OX_ATEN_TENSOR && is_list(&arg.type) && f->list == SIZE_MAX) {
            bool loose = open >= n_in || ox_type_get(t->m, ox_value_type(t->m, t->refs.p[open])).kind == OX_TYPE_TENSOR;
            if (loose) f->list = i;
            f->n_list = open;
        } else if (f->list != SIZE_MAX && arg.def.kind == OX_ATEN_CONST_ABSENT) {
            after++;
        }
        open++;
    }
    if (f->list != SIZE_MAX) {
        f->exact = f->fits = n_in >= f->n_list + after;
        f->n_list = f->fits ? n_in - f->n_list - after : 0;
        return;
    }
    f->exact = f->fits = open == n_in;
    if (open <= n_in) return;
    f->fits = true;
    open = 0;
    for (size_t i = 0; i < f->n_args; i++) {
        if (f->attr[i] >= 0 || open++ < n_in) continue;
        ox_aten_arg arg = ox_aten_get_arg(f->schema, i);
        if (arg.def.kind == OX_ATEN_CONST_ABSENT) f->fits = false;
    }
}

static bool try_overload(const ox__text *t, const ox_aten_schema *s, fit *f)
{
    ox_aten_info info = ox_aten_get(s);
    if (info.is_out || info.n_args > MAX_ARGS) return false;
    *f = (fit){.schema = s, .n_args = info.n_args};
    for (size_t i = 0; i < MAX_ARGS; i++) f->attr[i] = -1;
    for (size_t i = 0; i < t->attrs.n; i++) {
        int arg = ox_aten_arg_index(s, ox_str_text(t->m, t->attrs.p[i].name, NULL));
        ox_aten_type type = arg >= 0 ? ox_aten_get_arg(s, (size_t)arg).type : (ox_aten_type){0};
        if (arg >= 0 && f->attr[arg] < 0 && const_kind(&type) != OX_ATTR_NONE)
            f->attr[arg] = (int)i;
        else
            f->strange++;
    }
    fit_inputs(t, f);
    return true;
}

static bool better(const fit *a, const fit *b)
{
    if (a->fits != b->fits) return a->fits;
    if (a->strange != b->strange) return a->strange < b->strange;
    return a->exact && !b->exact;
}

/* ---- the nodes in front ---- */

typedef struct maker {
    ox__text *t;
    ox_graph graph;
    ox_scope scope;
} maker;

/* A prim node in front with one output, called after the operator's output and the argument. */
static ox_status make(const maker *k, const char *op, const char *arg, size_t n_in, const ox_value *in, ox_type type,
                      const ox_attr *a, ox_value *out)
{
    ox__text *t = k->t;
    ox_model *m = t->m;
    ox_node n;
    size_t n_base = 0, n_arg = strlen(arg);
    const char *base = t->outs.n ? ox_str_text(m, t->outs.p[0].name, &n_base) : "";
    if (!ox__vec_reserve(&t->bytes, n_base + n_arg + 1)) return ox__text_nomem(t);
    memcpy(t->bytes.p, base, n_base);
    t->bytes.p[n_base] = '.';
    memcpy(t->bytes.p + n_base + 1, arg, n_arg);
    ox__decl d = {.name = ox_str_add(m, t->bytes.p, n_base + 1 + n_arg), .type = type, .at = t->line};
    ox_str prim = ox_str_addz(m, "prim"), name = ox_str_addz(m, op);
    ox_status s = ox__text_status(t);
    if (s == OX_OK) s = ox_node_create(m, &n, k->graph, (ox_node){0}, prim, name, n_in, in, 1, t->err);
    if (s == OX_OK && a) s = ox_node_set_attr(m, n, a, t->err);
    if (s == OX_OK && k->scope.id) s = ox_node_set_scope(m, n, k->scope, t->err);
    if (s != OX_OK) return s;
    *out = ox_node_output(m, n, 0);
    if ((s = ox_value_set_name(m, *out, d.name, t->err)) != OX_OK ||
        (type.id && (s = ox_value_set_type(m, *out, type, t->err)) != OX_OK))
        return s;
    return t->outs.n ? ox__text_define(t, &d, *out) : OX_OK;
}

static ox_status constant(const maker *k, const ox_aten_arg *arg, ox__span text, ox_value *out)
{
    ox__text *t = k->t;
    ox_attr a = {.name = ox_str_addz(t->m, "value")};
    double number; /* `{0}`: a Scalar was a tensor then */
    if (text.n > 2 && *text.p == '{' && text.p[text.n - 1] == '}' && ox_text_parse_f64(text.p + 1, text.n - 2, &number))
        text = (ox__span){text.p + 1, text.n - 2};
    ox_status s = ox__text_value(t, text, const_kind(&arg->type), (ox_type){0}, &a);
    return s == OX_OK ? make(k, "Constant", arg->name, 0, NULL, const_type(t->m, &arg->type), &a, out) : s;
}

/* A default value as a constant, for an argument in front of one that is given. */
static ox_status default_value(const maker *k, const ox_aten_arg *arg, ox_value *out)
{
    ox__text *t = k->t;
    const ox_aten_const *c = &arg->def;
    if (c->kind == OX_ATEN_CONST_NONE || !c->text)
        return make(k, "Constant", arg->name, 0, NULL, ox_type_simple(t->m, OX_TYPE_NONETYPE), NULL, out);
    ox_attr a = {.name = ox_str_addz(t->m, "value"), .kind = OX_ATTR_INT};
    a.u.i = c->i;
    if (c->kind == OX_ATEN_CONST_BOOL) a.kind = OX_ATTR_BOOL;
    if (c->kind == OX_ATEN_CONST_FLOAT) a.kind = OX_ATTR_FLOAT, a.u.f = c->f;
    if (c->kind == OX_ATEN_CONST_STR) a.kind = OX_ATTR_STRING, a.u.s = ox_str_add(t->m, c->s, c->n);
    if (c->kind == OX_ATEN_CONST_INTS) a.kind = OX_ATTR_INTS, a.n = c->n, a.u.ints = c->ints;
    int64_t same[UINT8_MAX];
    if (c->kind == OX_ATEN_CONST_INT && is_list(&arg->type)) { /* int[2] padding=0: one number serves as all */
        a.kind = OX_ATTR_INTS;
        a.n = OX__MAX(arg->type.size, (uint8_t)1);
        for (uint32_t i = 0; i < a.n; i++) same[i] = c->i;
        a.u.ints = same;
    }
    if (c->kind == OX_ATEN_CONST_OTHER) a.kind = OX_ATTR_RAW, a.u.s = ox_str_addz(t->m, c->text);
    return make(k, "Constant", arg->name, 0, NULL, const_type(t->m, &arg->type), &a, out);
}

/* Reads the attributes that are no arguments as what they look like, and drops the others. */
static ox_status keep_strange(ox__text *t, const fit *f)
{
    size_t kept = 0;
    for (size_t i = 0; i < t->attrs.n; i++) {
        bool used = false;
        for (size_t k = 0; k < f->n_args; k++) used = used || f->attr[k] == (int)i;
        if (used) continue;
        ox_attr a = t->attrs.p[i];
        ox_status s = ox__text_value(t, t->attr_texts.p[i], OX_ATTR_NONE, (ox_type){0}, &a);
        if (s != OX_OK) return s;
        t->attrs.p[kept++] = a;
    }
    t->attrs.n = kept;
    return OX_OK;
}

static ox_status apply(const maker *k, const fit *f)
{
    ox__text *t = k->t;
    ox_value args[MAX_ARGS];
    size_t next = 0, n = 0, last = 0;
    for (size_t i = 0; i < f->n_args; i++)
        if (f->attr[i] >= 0) last = i + 1;
    for (size_t i = 0; i < f->n_args && (i < last || next < t->refs.n || i == f->list); i++) {
        ox_aten_arg arg = ox_aten_get_arg(f->schema, i);
        ox_status made = OX_OK;
        if (f->attr[i] >= 0) {
            made = constant(k, &arg, t->attr_texts.p[f->attr[i]], &args[n]);
        } else if (i == f->list) {
            ox_type type = ox_type_of(t->m, OX_TYPE_LIST, ox_type_tensor(t->m, OX_UNDEFINED, OX_RANK_UNKNOWN, NULL));
            made = make(k, "ListConstruct", arg.name, f->n_list, f->n_list ? t->refs.p + next : NULL, type, NULL,
                        &args[n]);
            next += f->n_list;
        } else if (next < t->refs.n) {
            args[n] = t->refs.p[next++];
        } else {
            made = default_value(k, &arg, &args[n]);
        }
        if (made != OX_OK) return made;
        n++;
    }
    if (f->strange) ox__text_count(t, OX__NOTE_OLD_ATTR, t->line, (size_t)(t->eol - t->line));
    ox_status s = keep_strange(t, f);
    if (s != OX_OK) return s;
    if (!ox__vec_reserve(&t->refs, n)) return ox__text_nomem(t);
    memcpy(t->refs.p, args, n * sizeof *args);
    t->refs.n = n;
    return OX_OK;
}

const ox_aten_schema *ox__text_overloads(ox__span op, size_t *n)
{
    if (op.n > 6 && (memcmp(op.p, "prim::", 6) == 0 || memcmp(op.p, "onnx::", 6) == 0)) return NULL;
    return ox_aten_find_n(op.p, op.n, n);
}

ox_status ox__text_aten(ox__text *t, ox_graph g, ox__span op, ox_scope scope)
{
    size_t n = 0;
    const ox_aten_schema *first = ox__text_overloads(op, &n);
    fit best = {0}, f;
    bool found = false;
    for (size_t i = 0; i < n; i++) {
        if (!try_overload(t, ox_aten_nth(first, i), &f) || (found && !better(&f, &best))) continue;
        best = f;
        found = true;
    }
    if (!found || !best.fits || best.strange == t->attrs.n) {
        ox__text_count(t, OX__NOTE_ATTR_OP, op.p, op.n);
        best.n_args = 0;
        return keep_strange(t, &best);
    }
    maker k = {t, g, scope};
    return apply(&k, &best);
}
