/* Floor 3. Writes a lowered graph into the model: names that nobody else has, types, places in Python, and the scope
 * that the calls through which a node came give it. */
#include "io/torchscript/lower.h"

#include "ir/ir.h"

#include <onnxsh/text.h>
#include <stdio.h>

typedef struct builder {
    ox__ts *t;
    const char *method;
    ox_scope root;
    ox_graph graph;
    OX__VEC(uint32_t) next; /* by id of a name: the number that it has next */
    uint32_t number;        /* of values without a name */
    uint32_t forks;
    OX__VEC(ox_value) in;
    const ox__ts_site *site; /* whose scope this is: */
    ox_scope scope;
    ox__buf text;
} builder;

static bool build_block(builder *b, const ox__ts_block *from);

static bool ok(builder *b, ox_status s)
{
    b->t->s = s;
    return s == OX_OK;
}

/* ---- values ---- */
static bool name_value(builder *b, const ox__ts_value *v)
{
    char text[320];
    ox__ts *t = b->t;
    if (v->name) {
        uint32_t id = ox__intern_add(&t->names, v->name, strlen(v->name));
        while (id && b->next.n <= id)
            if (!ox__vec_push(&b->next, 0)) return ox__ts_nomem(t);
        if (!id) return ox__ts_nomem(t);
        snprintf(text, sizeof text, "%.256s.%u", v->name, ++b->next.p[id]);
    } else {
        snprintf(text, sizeof text, "%u", ++b->number);
    }
    return ok(b, ox_value_set_name(t->m, v->made, ox_str_addz(t->m, text), t->err));
}

static bool add_input(builder *b, ox__ts_value *v)
{
    ox__ts *t = b->t;
    return ok(b, ox_graph_add_input(t->m, &v->made, b->graph, SIZE_MAX, (ox_str){0}, v->type, t->err)) &&
           name_value(b, v);
}

/* ---- attributes ---- */
static bool set_attr(builder *b, ox_node n, const char *name, ox_attr a)
{
    a.name = ox_str_addz(b->t->m, name);
    return ok(b, ox_node_set_attr(b->t->m, n, &a, b->t->err));
}

static bool set_text(builder *b, ox_node n, const char *name, const char *s, size_t len, ox_attr_kind kind)
{
    ox_attr a = {.kind = (uint8_t)kind};
    a.u.s = ox_str_add(b->t->m, s, len);
    return set_attr(b, n, name, a);
}

static void raw_text(ox__buf *out, const ox__obj *o, unsigned depth)
{
    bool tuple = o->kind == OX__OBJ_TUPLE;
    switch ((ox__obj_kind)o->kind) {
    case OX__OBJ_NONE: ox__buf_addz(out, "None"); return;
    case OX__OBJ_BOOL: ox__buf_addz(out, o->i ? "True" : "False"); return;
    case OX__OBJ_INT: ox__buf_addf(out, "%lld", (long long)o->i); return;
    case OX__OBJ_FLOAT: {
        char text[64];
        ox__buf_add(out, text, ox_text_torch_f64(o->f, text, sizeof text));
        return;
    }
    case OX__OBJ_STR:
    case OX__OBJ_DEVICE:
        ox__buf_addc(out, '"');
        ox__buf_add(out, o->s, o->n);
        ox__buf_addc(out, '"');
        return;
    case OX__OBJ_TUPLE:
    case OX__OBJ_LIST:
        if (depth > OX__TS_LIST) return;
        ox__buf_addc(out, tuple ? '(' : '[');
        for (uint32_t i = 0; i < o->n; i++) {
            if (i) ox__buf_addz(out, ", ");
            raw_text(out, o->items[i], depth + 1);
        }
        ox__buf_addz(out, tuple && o->n == 1 ? ",)" : tuple ? ")" : "]");
        return;
    default: ox__buf_addz(out, "<object>"); return;
    }
}

/* A list of numbers as an attribute; false if it is none. */
static bool number_list(builder *b, const ox__obj *o, ox_attr *a)
{
    ox__ts *t = b->t;
    int64_t *ints = ox__ts_alloc(t, (o->n + 1) * sizeof *ints);
    double *floats = ints ? ox__ts_alloc(t, (o->n + 1) * sizeof *floats) : NULL;
    if (!floats || !o->n) {
        *a = (ox_attr){.kind = OX_ATTR_INTS, .u.ints = ints};
        return floats != NULL;
    }
    for (uint32_t i = 0; i < o->n; i++) {
        const ox__obj *e = o->items[i];
        if (e->kind != o->items[0]->kind) return false;
        ints[i] = e->kind == OX__OBJ_INT || e->kind == OX__OBJ_BOOL ? e->i : 0;
        floats[i] = e->kind == OX__OBJ_FLOAT ? e->f : 0;
    }
    *a = (ox_attr){.n = o->n, .kind = OX_ATTR_INTS, .u.ints = ints};
    if (o->items[0]->kind == OX__OBJ_BOOL) a->kind = OX_ATTR_BOOLS;
    if (o->items[0]->kind == OX__OBJ_FLOAT) *a = (ox_attr){.n = o->n, .kind = OX_ATTR_FLOATS, .u.floats = floats};
    return o->items[0]->kind == OX__OBJ_INT || o->items[0]->kind == OX__OBJ_BOOL || o->items[0]->kind == OX__OBJ_FLOAT;
}

static bool constant_attr(builder *b, ox_node n, const ox__obj *o)
{
    ox__ts *t = b->t;
    ox_attr a = {0};
    switch ((ox__obj_kind)o->kind) {
    case OX__OBJ_NONE: return true;
    case OX__OBJ_INT: a = (ox_attr){.kind = OX_ATTR_INT, .u.i = o->i}; break;
    case OX__OBJ_BOOL: a = (ox_attr){.kind = OX_ATTR_BOOL, .u.i = o->i}; break;
    case OX__OBJ_FLOAT: a = (ox_attr){.kind = OX_ATTR_FLOAT, .u.f = o->f}; break;
    case OX__OBJ_COMPLEX: a = (ox_attr){.kind = OX_ATTR_COMPLEX, .n = 2, .u.floats = o->c}; break;
    case OX__OBJ_STR: return set_text(b, n, "value", o->s, o->n, OX_ATTR_STRING);
    case OX__OBJ_DEVICE: return set_text(b, n, "value", o->s, o->n, OX_ATTR_DEVICE);
    case OX__OBJ_GLOBAL: return set_text(b, n, "value", o->s, o->n, OX_ATTR_RAW); /* Color.RED */
    case OX__OBJ_TENSOR:
        a.kind = OX_ATTR_TENSOR;
        if (!ok(b, t->host.tensor(t->host.ud, o->tensor, &a.u.t, t->err))) return false;
        break;
    case OX__OBJ_LIST:
        if (number_list(b, o, &a)) break;
        if (t->s != OX_OK) return false;
        /* fallthrough */
    default:
        ox__buf_clear(&b->text);
        raw_text(&b->text, o, 0);
        if (b->text.failed) return ox__ts_nomem(t);
        return set_text(b, n, "value", b->text.p ? b->text.p : "", b->text.n, OX_ATTR_RAW);
    }
    return set_attr(b, n, "value", a);
}

/* ---- scopes and places ---- */
size_t ox__ts_class_text(const char *qualified, char *text, size_t size)
{
    size_t len = 0;
    for (const char *p = qualified; *p;) {
        size_t n = strcspn(p, ".");
        bool mark = (n == 9 && memcmp(p, "__torch__", 9) == 0) || strncmp(p, "___torch_mangle_", 16) == 0;
        if (!mark && len && len < size) text[len++] = '.';
        size_t room = OX__MIN(n, size - len);
        if (!mark) memcpy(text + len, p, room), len += room;
        p += n + (p[n] == '.');
    }
    return len;
}

static ox_str class_name(builder *b, ox_type type)
{
    char text[1024];
    ox_type_info info = ox_type_get(b->t->m, type);
    const char *p = info.kind == OX_TYPE_CLASS && info.n_names ? ox_str_text(b->t->m, info.names[0], NULL) : "";
    return ox_str_add(b->t->m, text, ox__ts_class_text(p, text, sizeof text));
}

/* The scope below `of`: what the objects on the way are called. Outermost calls come first. */
static bool scope_of(builder *b, const ox__ts_site *s, ox_scope *out)
{
    if (!s) {
        *out = b->root;
        return true;
    }
    if (s == b->site) {
        *out = b->scope;
        return true;
    }
    if (!scope_of(b, s->outer, out)) return false;
    for (uint32_t i = 0; i < s->n_path; i++) {
        ox_str cls = class_name(b, s->classes[i]), attr = ox_str_addz(b->t->m, s->path[i]);
        if (!ok(b, ox_scope_add(b->t->m, out, *out, cls, attr, b->t->err))) return false;
    }
    ox__ts_site *own = (ox__ts_site *)(uintptr_t)s; /* made in the arena; a note on it */
    if (s->method && s->n_path && !own->counted) ox__scope_add_call(b->t->m, *out);
    own->counted = true;
    return true;
}

static void add_line(ox__buf *out, const ox__ts_place *p, const char *in)
{
    ox__buf_add(out, p->file, p->file_n);
    ox__buf_addf(out, "(%u): %s\n", p->line, in);
}

/* The Python stack of a node, innermost first: as the tracer saw it, or from the calls that were inlined. */
static bool set_stack(builder *b, ox_node n, const ox__ts_node *from, const ox__ts_place *place)
{
    ox__ts *t = b->t;
    ox__buf_clear(&b->text);
    ox__ts_trace(from->file, place, &b->text);
    if (!b->text.n && from->site) {
        const ox__ts_site *s = from->site;
        add_line(&b->text, place, s->call->fn->name);
        for (; s; s = s->outer) {
            ox__ts_place call;
            if (ox__ts_place_of(t, s->call->file, s->call->at, &call))
                add_line(&b->text, &call, s->outer ? s->outer->call->fn->name : b->method);
        }
    }
    if (b->text.failed) return ox__ts_nomem(t);
    while (b->text.n && b->text.p[b->text.n - 1] == '\n') b->text.n--;
    if (!b->text.n || t->s != OX_OK) return t->s == OX_OK;
    ox_str key = ox_str_addz(t->m, "python_stack"), value = ox_str_add(t->m, b->text.p, b->text.n);
    return ok(b, ox_node_set_metadata(t->m, n, key, value, t->err));
}

static bool set_place(builder *b, ox_node n, const ox__ts_node *from)
{
    ox__ts *t = b->t;
    ox__ts_place p;
    if (from->kind != OX__TS_CONSTANT && b->root.id) {
        ox_scope scope;
        if (!scope_of(b, from->site, &scope)) return false;
        b->site = from->site;
        b->scope = scope;
        if (!ok(b, ox_node_set_scope(t->m, n, scope, t->err))) return false;
    }
    if (!from->file || !ox__ts_place_of(t, from->file, from->at, &p)) return t->s == OX_OK;
    ox_loc loc = ox_loc_add(t->m, ox_str_add(t->m, p.file, p.file_n), p.line, p.col);
    return ok(b, ox_node_set_loc(t->m, n, loc, t->err)) && (from->kind == OX__TS_CONSTANT || set_stack(b, n, from, &p));
}

/* ---- nodes ---- */
static const char *const prim_ops[OX__TS_N_KINDS] = {
    [OX__TS_CONSTANT] = "Constant",
    [OX__TS_GET_ATTR] = "GetAttr",
    [OX__TS_SET_ATTR] = "SetAttr",
    [OX__TS_CALL_METHOD] = "CallMethod",
    [OX__TS_CALL_FUNCTION] = "CallFunction",
    [OX__TS_IF] = "If",
    [OX__TS_LOOP] = "Loop",
    [OX__TS_FORK] = "fork",
    [OX__TS_LIST_OF] = "ListConstruct",
    [OX__TS_DICT_OF] = "DictConstruct",
    [OX__TS_TUPLE_OF] = "TupleConstruct",
    [OX__TS_UNPACK_LIST] = "ListUnpack",
    [OX__TS_UNPACK_TUPLE] = "TupleUnpack",
    [OX__TS_TUPLE_INDEX] = "TupleIndex",
    [OX__TS_TUPLE_SLICE] = "TupleSlice",
    [OX__TS_UNINITIALIZED] = "Uninitialized",
    [OX__TS_CAST] = "unchecked_cast",
    [OX__TS_IS_INSTANCE] = "isinstance",
    [OX__TS_CREATE] = "CreateObject",
};

static bool note(builder *b, ox_node n, const char *key, const char *value, size_t len)
{
    ox__ts *t = b->t;
    return ok(b, ox_node_set_metadata(t->m, n, ox_str_addz(t->m, key), ox_str_add(t->m, value, len), t->err));
}

/* What the archive holds for an attribute of its modules: numbers, texts, None and lists, tuples and dicts are noted
 * with the node that reads them, since they are no weights. */
static bool note_value(builder *b, ox_node n, const ox__obj *o)
{
    if (!ox__ts_plain_text(&b->text, o)) return !b->text.failed || ox__ts_nomem(b->t);
    return b->text.failed ? ox__ts_nomem(b->t) : note(b, n, "value", b->text.p, b->text.n);
}

/* A tensor that is read from, or anything that is set in, a module of more than one name. */
static bool note_attribute(builder *b, ox_node n, const ox__ts_node *from)
{
    const ox__obj *object = ox__ts_now(from->in[0])->is, *o = ox__obj_get(object, from->name);
    bool get = from->kind == OX__TS_GET_ATTR, shared = false;
    if (get) from->out[0]->is = o;
    if (!note_value(b, n, o)) return false;
    if (get && (!o || o->kind != OX__OBJ_TENSOR)) return true;
    return ox__ts_is_shared(b->t, object, &shared) && (!shared || note(b, n, "shared", "True", 4));
}

static bool attributes(builder *b, ox_node n, const ox__ts_node *from)
{
    bool attribute = from->kind == OX__TS_GET_ATTR || from->kind == OX__TS_SET_ATTR;
    if (attribute && !note_attribute(b, n, from)) return false;
    if (from->kind == OX__TS_CONSTANT && !from->name) return constant_attr(b, n, from->constant);
    if (from->name) return set_text(b, n, "name", from->name, strlen(from->name), OX_ATTR_STRING);
    if (from->kind == OX__TS_TUPLE_SLICE)
        return set_attr(b, n, "beg", (ox_attr){.kind = OX_ATTR_INT, .u.i = from->from}) &&
               set_attr(b, n, "end", (ox_attr){.kind = OX_ATTR_INT, .u.i = from->to});
    if (from->kind == OX__TS_IS_INSTANCE)
        return set_attr(b, n, "types",
                        (ox_attr){.kind = OX_ATTR_TYPES, .n = (uint32_t)from->to, .u.types = from->types});
    return true;
}

/* The body of a fork is a function of the model, which the node names: fork_0, fork_1, ... */
static bool fork_body(builder *b, const ox__ts_node *from, ox_str op)
{
    ox__ts *t = b->t;
    ox_graph g, was = b->graph;
    if (!ok(b, ox_graph_create(t->m, &g, OX_GRAPH_FUNCTION, op, t->err))) return false;
    ox_function_info info = {.domain = ox_str_addz(t->m, "prim")};
    b->graph = g;
    bool fine = build_block(b, from->blocks[0]) && ok(b, ox_function_set(t->m, g, &info, t->err));
    b->graph = was;
    return fine;
}

static bool blocks(builder *b, ox_node n, const ox__ts_node *from)
{
    ox__ts *t = b->t;
    ox_graph *g = ox__ts_alloc(t, (from->n_blocks + 1) * sizeof *g), was = b->graph;
    if (!g || !from->n_blocks) return g != NULL;
    for (uint32_t i = 0; i < from->n_blocks; i++)
        if (!ok(b, ox_graph_create(t->m, &g[i], OX_GRAPH_BLOCK, (ox_str){0}, t->err))) return false;
    if (!set_attr(b, n, "blocks", (ox_attr){.kind = OX_ATTR_GRAPHS, .n = from->n_blocks, .u.graphs = g})) return false;
    for (uint32_t i = 0; i < from->n_blocks; i++) {
        b->graph = g[i];
        if (!build_block(b, from->blocks[i])) return false;
    }
    b->graph = was;
    return true;
}

static bool outputs(builder *b, ox_node n, const ox__ts_node *from)
{
    ox__ts *t = b->t;
    for (uint32_t i = 0; i < from->n_out; i++) {
        ox__ts_value *v = from->out[i];
        v->made = ox_node_output(t->m, n, i);
        if (!name_value(b, v) || !ok(b, ox_value_set_type(t->m, v->made, v->type, t->err))) return false;
    }
    return true;
}

static bool build_node(builder *b, const ox__ts_node *from)
{
    ox__ts *t = b->t;
    char fork[32];
    ox_node n;
    const char *op = from->kind == OX__TS_OP ? from->op : prim_ops[from->kind], *colons = strstr(op, "::");
    ox_str domain = colons ? ox_str_add(t->m, op, (size_t)(colons - op)) : ox_str_addz(t->m, "prim");
    b->in.n = 0;
    for (uint32_t i = 0; i < from->n_in; i++)
        if (!ox__vec_push(&b->in, ox__ts_now(from->in[i])->made)) return ox__ts_nomem(t);
    if (from->kind == OX__TS_FORK) {
        snprintf(fork, sizeof fork, "fork_%u", b->forks++);
        op = fork;
    }
    ox_str name = ox_str_addz(t->m, colons ? colons + 2 : op);
    if (!ok(b, ox_node_create(t->m, &n, b->graph, (ox_node){0}, domain, name, b->in.n, b->in.p, from->n_out, t->err)))
        return false;
    if (!attributes(b, n, from) || !set_place(b, n, from)) return false;
    if (from->kind == OX__TS_FORK) return fork_body(b, from, name) && outputs(b, n, from);
    return blocks(b, n, from) && outputs(b, n, from);
}

static bool build_block(builder *b, const ox__ts_block *from)
{
    ox__ts *t = b->t;
    for (uint32_t i = 0; i < from->n_in; i++)
        if (!add_input(b, from->in[i])) return false;
    for (const ox__ts_node *n = from->first; n; n = n->next)
        if (!build_node(b, n)) return false;
    for (uint32_t i = 0; i < from->n_out; i++)
        if (!ok(b, ox_graph_add_output(t->m, b->graph, SIZE_MAX, ox__ts_now(from->out[i])->made, t->err))) return false;
    return true;
}

bool ox__ts_build(ox__ts *t, ox__ts_block *top, const ox__ts_fn *f)
{
    builder b = {.t = t, .graph = ox_model_main(t->m), .method = f->name};
    ox__ts_settle(top);
    if (top->n_in) top->in[0]->is = t->host.root; /* the method's own object */
    ox_str cls = class_name(&b, f->of->type);
    bool fine = ok(&b, ox_scope_add(t->m, &b.root, (ox_scope){0}, cls, (ox_str){1}, t->err));
    fine = fine && build_block(&b, top) && ok(&b, ox_model_status(t->m, t->err));
    ox__vec_free(&b.next);
    ox__vec_free(&b.in);
    ox__buf_free(&b.text);
    return fine;
}
