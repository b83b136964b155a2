/* Floor 3. Classes and functions of an archive by their qualified names. A file is read when the first of its names is
 * asked for; the types of attributes and parameters when they are needed, so that the order of definitions is free. */
#include "io/torchscript/lower.h"

/* ---- tables by the id of a name ---- */
static void *get(const struct ox__ts_defs *d, uint32_t id)
{
    return id < d->p.n ? d->p.p[id] : NULL;
}

static bool put(ox__ts *t, struct ox__ts_defs *d, uint32_t id, void *what)
{
    while (d->p.n <= id)
        if (!ox__vec_push(&d->p, NULL)) return ox__ts_nomem(t);
    d->p.p[id] = what;
    return true;
}

static uint32_t id_of(ox__ts *t, const char *name, size_t n)
{
    uint32_t id = ox__intern_add(&t->names, name, n);
    if (!id) ox__ts_nomem(t);
    return id;
}

/* ---- files ---- */
static bool add_fn(ox__ts *t, const ox__ts_file *file, const ox__src *def, const char *qualified, ox__ts_class *of)
{
    uint32_t id = id_of(t, qualified, strlen(qualified));
    ox__ts_fn *f = id ? ox__ts_alloc(t, sizeof *f) : NULL;
    if (!f) return false;
    f->name = def->kid[0]->s;
    f->file = file;
    f->def = def;
    f->of = of;
    return put(t, &t->fn_of, id, f);
}

static ox__ts_sort sort_of(const ox__src *base)
{
    if (!base) return OX__TS_PLAIN;
    if (ox__src_is(base, "Module")) return OX__TS_MODULE;
    if (ox__src_is(base, "NamedTuple")) return OX__TS_NAMED_TUPLE;
    if (ox__src_is(base, "Enum")) return OX__TS_ENUM;
    return OX__TS_INTERFACE;
}

static bool add_class(ox__ts *t, const ox__ts_file *file, const ox__src *def)
{
    ox__ts_class *c = ox__ts_alloc(t, sizeof *c);
    char *name = c ? ox__ts_text(t, "%s.%s", file->qualifier, def->kid[0]->s) : NULL;
    if (!name) return false;
    c->name = name;
    c->file = file;
    c->def = def;
    c->sort = sort_of(def->kid[1]);
    const ox__src *suite = def->kid[2];
    for (uint32_t i = 0; i < suite->n; i++) {
        const ox__src *e = suite->kid[i];
        if (e->kind != OX__SRC_DEF) continue;
        char *method = ox__ts_text(t, "%s.%s", name, e->kid[0]->s);
        if (!method || !add_fn(t, file, e, method, c)) return false;
    }
    uint32_t id = id_of(t, name, strlen(name));
    return id && put(t, &t->class_of, id, c);
}

static bool add_all(ox__ts *t, const ox__ts_file *file)
{
    for (uint32_t i = 0; i < file->tree->n; i++) {
        const ox__src *e = file->tree->kid[i];
        if (e->kind == OX__SRC_CLASS) {
            if (!add_class(t, file, e)) return false;
        } else if (e->kind == OX__SRC_DEF) {
            char *name = ox__ts_text(t, "%s.%s", file->qualifier, e->kid[0]->s);
            if (!name || !add_fn(t, file, e, name, NULL)) return false;
        }
    }
    return true;
}

/* Reads the file of a qualifier if that was not done yet; there may be none. */
static bool need_file(ox__ts *t, const char *qualifier, size_t n)
{
    uint32_t id = id_of(t, qualifier, n);
    if (!id) return false;
    if (get(&t->file_of, id)) return true;
    ox__ts_file *file = ox__ts_alloc(t, sizeof *file);
    if (!file || !put(t, &t->file_of, id, file)) return false;
    file->qualifier = ox__intern_text(&t->names, id, NULL);
    if (!ox__ts_upgraders(file->qualifier, &file->text))
        t->s = t->host.file(t->host.ud, file->qualifier, &file->text, &file->debug, t->err);
    t->damaged = t->s != OX_OK;
    if (t->s != OX_OK) return false;
    if (!file->text.p) return true;
    ox__src *tree;
    t->s = ox__src_parse(&tree, &file->text, &t->arena, &t->damaged, t->err);
    file->tree = tree;
    return t->s == OX_OK && add_all(t, file);
}

/* The thing of that name in a table, its file read. */
static void *find(ox__ts *t, const struct ox__ts_defs *d, const char *qualified)
{
    const char *dot = strrchr(qualified, '.');
    if (!dot || !need_file(t, qualified, (size_t)(dot - qualified))) return NULL;
    uint32_t id = ox__intern_find(&t->names, qualified, strlen(qualified));
    return id ? get(d, id) : NULL;
}

/* ---- classes ---- */
static bool count_attrs(ox__ts *t, ox__ts_class *c)
{
    const ox__src *suite = c->def->kid[2];
    c->attrs = ox__ts_alloc(t, (suite->n + 1) * sizeof *c->attrs);
    return c->attrs != NULL;
}

/* `name : type`, `__annotations__["0"] = type`, `name : Final[type] = value`. */
static bool read_attr(ox__ts *t, ox__ts_class *c, const ox__src *e)
{
    const ox__src *target = e->kid[0]->kid[0], *type = e->kid[1], *value = e->kid[2];
    ox__ts_attr *a = &c->attrs[c->n_attrs];
    if (target->kind == OX__SRC_INDEX && ox__src_is(target->kid[0], "__annotations__") && value) {
        if (target->kid[1]->kind != OX__SRC_STR)
            return ox__ts_refuse(t, target->at, OX_E_FORMAT, "expected the name of an attribute");
        a->name = target->kid[1]->s;
        type = value;
    } else if (target->kind == OX__SRC_NAME && type) {
        a->name = target->s;
        a->constant = value;
    } else {
        return true; /* __parameters__ and its like */
    }
    a->type = ox__ts_type(t, c->file, type);
    c->n_attrs++;
    return a->type.id != 0;
}

static bool named_tuple(ox__ts *t, ox__ts_class *c)
{
    ox_str *names = ox__ts_alloc(t, (c->n_attrs + 1) * sizeof *names);
    ox_type *items = ox__ts_alloc(t, (c->n_attrs + 1) * sizeof *items);
    if (!names || !items) return false;
    names[0] = ox_str_addz(t->m, c->name);
    for (uint32_t i = 0; i < c->n_attrs; i++) {
        names[i + 1] = ox_str_addz(t->m, c->attrs[i].name);
        items[i] = c->attrs[i].type;
    }
    ox_type_info info = {
        .kind = OX_TYPE_TUPLE, .n_items = c->n_attrs, .items = items, .n_names = c->n_attrs + 1, .names = names};
    c->type = ox_type_add(t->m, &info);
    return c->type.id || ox__ts_nomem(t);
}

static ox__ts_class *class_of_text(const ox__ts *t, ox_type type)
{
    for (size_t i = 0; i < t->texts.n; i++)
        if (t->texts.p[i]->type.id == type.id) return t->texts.p[i];
    return NULL;
}

static bool plain_type(ox__ts *t, ox__ts_class *c)
{
    ox_str name = ox_str_addz(t->m, c->name);
    ox_type_info info = {.kind = OX_TYPE_CLASS, .n_names = 1, .names = &name};
    c->type = ox_type_add(t->m, &info);
    return c->type.id || ox__ts_nomem(t);
}

/* As PyTorch writes it: `Enum<__torch__.a.Color>`, `InterfaceType<Worker>`, the latter without the module, unless
 * another interface has that name already. */
static bool text_type(ox__ts *t, ox__ts_class *c)
{
    const char *dot = strrchr(c->name, '.');
    const char *names[2] = {dot && c->sort == OX__TS_INTERFACE ? dot + 1 : c->name, c->name};
    for (size_t k = 0; k < 2 && !c->type.id; k++) {
        const char *text = ox__ts_text(t, c->sort == OX__TS_ENUM ? "Enum<%s>" : "InterfaceType<%s>", names[k]);
        if (!text) return false;
        ox_str name = ox_str_addz(t->m, text);
        ox_type_info info = {.kind = OX_TYPE_OPAQUE, .n_names = 1, .names = &name};
        ox_type type = ox_type_add(t->m, &info);
        if (!type.id) return ox__ts_nomem(t);
        if (!class_of_text(t, type)) c->type = type;
    }
    return ox__vec_push(&t->texts, c) || ox__ts_nomem(t);
}

static bool complete(ox__ts *t, ox__ts_class *c)
{
    const ox__src *suite = c->def->kid[2];
    if (c->type.id) return true;
    if (c->busy || ++t->depth > OX__TS_CALLS) {
        t->file = c->file;
        return ox__ts_refuse(t, c->def->at, OX_E_FORMAT, "the class %s is a part of itself", c->name);
    }
    c->busy = true;
    bool is_text = c->sort == OX__TS_ENUM || c->sort == OX__TS_INTERFACE;
    bool ok = count_attrs(t, c) && (c->sort == OX__TS_NAMED_TUPLE || (is_text ? text_type(t, c) : plain_type(t, c)));
    for (uint32_t i = 0; ok && i < suite->n; i++)
        if (suite->kid[i]->kind == OX__SRC_ASSIGN && c->sort != OX__TS_ENUM) ok = read_attr(t, c, suite->kid[i]);
    if (ok && c->sort == OX__TS_NAMED_TUPLE) ok = named_tuple(t, c);
    c->busy = false;
    t->depth--;
    return ok;
}

ox__ts_class *ox__ts_class_of(ox__ts *t, const char *qualified)
{
    ox__ts_class *c = find(t, &t->class_of, qualified);
    return c && t->s == OX_OK && complete(t, c) ? c : NULL;
}

ox__ts_class *ox__ts_class_of_type(ox__ts *t, ox_type type)
{
    ox_type_info info = ox__ts_info(t, type);
    bool named = info.kind == OX_TYPE_TUPLE && info.n_names;
    if (info.kind == OX_TYPE_OPAQUE) return class_of_text(t, type);
    if ((info.kind != OX_TYPE_CLASS && !named) || !info.n_names) return NULL;
    return ox__ts_class_of(t, ox_str_text(t->m, info.names[0], NULL));
}

const ox__ts_attr *ox__ts_attr_of(const ox__ts_class *c, const char *name)
{
    for (uint32_t i = 0; i < c->n_attrs; i++)
        if (strcmp(c->attrs[i].name, name) == 0) return &c->attrs[i];
    return NULL;
}

/* The value that a member of an enum has; NULL: it has no such member (or, where name is NULL, none at all). */
const ox__src *ox__ts_enum_value(const ox__ts_class *c, const char *name)
{
    const ox__src *suite = c->def->kid[2];
    for (uint32_t i = 0; i < suite->n; i++) {
        const ox__src *e = suite->kid[i];
        if (e->kind != OX__SRC_ASSIGN || !e->kid[2] || e->kid[0]->n != 1) continue;
        const ox__src *member = e->kid[0]->kid[0];
        if (member->kind == OX__SRC_NAME && (!name || ox__src_is(member, name))) return e->kid[2];
    }
    return NULL;
}

/* ---- functions ---- */
ox__ts_fn *ox__ts_function(ox__ts *t, const char *qualified)
{
    ox__ts_fn *f = find(t, &t->fn_of, qualified);
    return f && !f->of && t->s == OX_OK ? f : NULL;
}

ox__ts_fn *ox__ts_method(ox__ts *t, ox__ts_class *of, const char *name)
{
    char *qualified = ox__ts_text(t, "%s.%s", of->name, name);
    uint32_t id = qualified ? ox__intern_find(&t->names, qualified, strlen(qualified)) : 0;
    return id ? get(&t->fn_of, id) : NULL;
}

bool ox__ts_signature(ox__ts *t, ox__ts_fn *f)
{
    const ox__src *params = f->def->kid[1];
    if (f->params) return true;
    if (!f->def->kid[3]->many && ox__ts_broken(t, f->def->kid[3])) return false;
    ox_type *types = ox__ts_alloc(t, (params->n + 1) * sizeof *types);
    if (!types) return false;
    for (uint32_t i = 0; i < params->n; i++) {
        const ox__src *type = params->kid[i]->kid[1];
        if (i == 0 && f->of)
            types[i] = f->of->type;
        else
            types[i] = type ? ox__ts_type(t, f->file, type) : t->t_tensor;
        if (!types[i].id) return false;
    }
    f->result = f->def->kid[2] ? ox__ts_type(t, f->file, f->def->kid[2]) : t->t_none;
    if (!f->result.id) return false;
    f->n_params = params->n;
    f->params = types;
    return true;
}

const ox__src *ox__ts_default(const ox__ts_fn *f, uint32_t i)
{
    return f->def->kid[1]->kid[i]->kid[2];
}

/* ---- all ---- */
bool ox__ts_start(ox__ts *t)
{
    const struct {
        ox_type *out;
        ox_type_kind kind;
    } simple[] = {
        {&t->t_int, OX_TYPE_INT},       {&t->t_float, OX_TYPE_FLOAT_SCALAR},     {&t->t_bool, OX_TYPE_BOOL_SCALAR},
        {&t->t_number, OX_TYPE_NUMBER}, {&t->t_complex, OX_TYPE_COMPLEX_SCALAR}, {&t->t_str, OX_TYPE_STR},
        {&t->t_none, OX_TYPE_NONETYPE}, {&t->t_device, OX_TYPE_DEVICE},
    };
    for (size_t i = 0; i < OX__COUNT(simple); i++) *simple[i].out = ox_type_simple(t->m, simple[i].kind);
    ox_str any = ox_str_addz(t->m, "Any"), function = ox_str_addz(t->m, "Function");
    ox_type_info info = {.kind = OX_TYPE_OPAQUE, .n_names = 1, .names = &any};
    t->t_any = ox_type_add(t->m, &info);
    info.names = &function;
    t->t_function = ox_type_add(t->m, &info);
    t->t_tensor = ox_type_tensor(t->m, OX_UNDEFINED, OX_RANK_UNKNOWN, NULL);
    t->s = ox_model_status(t->m, t->err);
    return t->s == OX_OK;
}

void ox__ts_stop(ox__ts *t)
{
    ox__arena_free(&t->arena);
    ox__intern_free(&t->names);
    ox__vec_free(&t->files);
    ox__vec_free(&t->file_of.p);
    ox__vec_free(&t->class_of.p);
    ox__vec_free(&t->fn_of.p);
    ox__vec_free(&t->futures);
    ox__vec_free(&t->texts);
    ox__vec_free(&t->vars);
    ox__vec_free(&t->now);
    ox__vec_free(&t->shared);
    ox__vec_free(&t->literals);
    ox__index_free(&t->literal_index);
}
