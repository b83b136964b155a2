/* Floor 5. Effects of operators on memory: writes, views, and forms without the write. */
#include "convert/memory.h"

#include "convert/pass.h"

static bool one_of(const char *op, const char *const *names, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(op, names[i]) == 0) return true;
    return false;
}

/* What the schemas of an operator do, asked once. */
static void learn(ox__opcache *k)
{
    k->effects_known = true;
    for (size_t i = 0; i < k->n_schemas; i++) {
        const ox_aten_schema *s = ox_aten_nth(k->schemas, i);
        ox_aten_info info = ox_aten_get(s);
        k->has_out = k->has_out || info.is_out;
        if (info.is_out) continue;
        for (uint32_t a = 0; a < info.n_args; a++) k->mutates = k->mutates || ox_aten_get_arg(s, a).type.mutates;
        for (uint32_t r = 0; r < info.n_returns; r++) k->views = k->views || ox_aten_get_return(s, r).type.aliases;
    }
}

static bool takes_tensor(const ox_aten_schema *s, uint32_t arg)
{
    ox_aten_type t = ox_aten_get_arg(s, arg).type;
    return t.kind == OX_ATEN_TENSOR;
}

bool ox__writes_out(const ox_model *m, ox_node n)
{
    size_t n_in = ox_node_n_inputs(m, n), count, len;
    char name[160] = "aten::";
    if (n_in < 2 || strcmp(ox_str_text(m, ox_node_domain(m, n), NULL), "aten") != 0) return false;
    ox_type_kind kind = ox_type_get(m, ox_value_type(m, ox_node_input(m, n, n_in - 1))).kind;
    const char *op = ox_str_text(m, ox_node_op(m, n), &len);
    if (kind != OX_TYPE_TENSOR || len >= sizeof name - 6) return false;
    memcpy(name + 6, op, len + 1);
    const ox_aten_schema *all = ox_aten_find(name, &count);
    bool found = false;
    for (size_t i = 0; all && i < count; i++) {
        const ox_aten_schema *s = ox_aten_nth(all, i);
        ox_aten_info info = ox_aten_get(s);
        bool fits = info.n_args >= n_in && takes_tensor(s, (uint32_t)n_in - 1);
        if (fits && !info.is_out) return false; /* an argument like others */
        found = found || (fits && info.n_args == n_in && info.n_returns == 1);
    }
    return found;
}

static bool false_at(const ox__conv *c, ox_node n, size_t i)
{
    ox_node from = ox_value_node(c->m, ox_node_input(c->m, n, i));
    const ox_attr *a = from.id && ox__is_prim(c, from, "Constant") ? ox_node_attr(c->m, from, "value") : NULL;
    return a && (a->kind == OX_ATTR_BOOL || a->kind == OX_ATTR_INT) && a->u.i == 0;
}

static const char *const splits[] = {"chunk",        "split",        "split_with_sizes", "unbind",
                                     "unsafe_chunk", "unsafe_split", "tensor_split"};

static void prim_effect(ox__conv *c, ox_node n, const char *op, ox__effect *e)
{
    static const char *const views[] = {"ListConstruct", "TupleConstruct", "ListUnpack",   "TupleUnpack",
                                        "TupleIndex",    "ConstantChunk",  "ConstantSplit"};
    static const char *const same[] = {"unchecked_cast", "unchecked_unwrap_optional", "data"};
    e->views = one_of(op, views, OX__COUNT(views));
    e->same = one_of(op, same, OX__COUNT(same));
    e->parts = !strcmp(op, "ConstantChunk") || !strcmp(op, "ConstantSplit");
    ox_node from = !strcmp(op, "ListUnpack") ? ox_value_node(c->m, ox_node_input(c->m, n, 0)) : (ox_node){0};
    if (from.id && ox__node_in(c, from, c->s_aten))
        e->parts = one_of(ox_str_text(c->m, ox_node_op(c->m, from), NULL), splits, OX__COUNT(splits));
}

ox_status ox__effect_of(ox__conv *c, ox_node n, ox__effect *e)
{
    static const char *const nothing[] = {"detach", "alias", "lift", "lift_fresh", "resolve_conj", "resolve_neg"};
    static const char *const dropouts[] = {"dropout", "feature_dropout", "alpha_dropout", "feature_alpha_dropout"};
    *e = (ox__effect){.writes = -1};
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), NULL);
    if (ox__node_in(c, n, c->s_prim)) prim_effect(c, n, op, e);
    if (!ox__node_in(c, n, c->s_aten)) return OX_OK;
    const ox__opcache *cached;
    ox_status s = ox__op_cache(c, n, &cached, c->err);
    if (s != OX_OK) return s;
    if (!cached->effects_known) learn((ox__opcache *)cached);
    if (!cached->schemas) { /* not in the table: the underscore is all that is known */
        size_t len = strlen(op);
        if (len > 1 && op[len - 1] == '_' && op[0] != '_') e->writes = 0;
        return OX_OK;
    }
    e->same =
        one_of(op, nothing, OX__COUNT(nothing)) || (one_of(op, dropouts, OX__COUNT(dropouts)) && false_at(c, n, 2));
    e->views = cached->views && !cached->mutates;
    if (cached->has_out && ox__writes_out(c->m, n)) {
        e->writes = (int)ox_node_n_inputs(c->m, n) - 1;
        return OX_OK;
    }
    if (!cached->mutates) return OX_OK;
    const ox_aten_schema *schema;
    ox__arena_reset(&c->call);
    s = ox__match_schema(c, n, cached, &schema, c->err);
    if (s != OX_OK) return s;
    if (!schema) schema = cached->schemas;
    ox_aten_info info = ox_aten_get(schema);
    for (uint32_t i = 0; i < info.n_args && e->writes < 0; i++)
        if (ox_aten_get_arg(schema, i).type.mutates && i < ox_node_n_inputs(c->m, n)) e->writes = (int)i;
    /* lists and dicts that grow are no memory of tensors; no function of theirs is known either */
    ox_value to = e->writes >= 0 ? ox_node_input(c->m, n, (size_t)e->writes) : (ox_value){0};
    ox_type_kind kind = ox_type_get(c->m, ox_value_type(c->m, to)).kind;
    if (kind == OX_TYPE_LIST || kind == OX_TYPE_DICT) e->writes = -1;
    for (uint32_t i = 0; e->writes < 0 && i < info.n_returns; i++)
        e->views = e->views || ox_aten_get_return(schema, i).type.aliases;
    return OX_OK;
}

/* The name without the write, from the schema's twin or by the underscore; NULL if there is none. */
static ox_status plain_name(ox__conv *c, ox_node n, const ox__opcache *cached, char *name, size_t size, bool *found)
{
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), NULL), *plain = NULL;
    const ox_aten_schema *schema = NULL, *twin = NULL;
    ox__arena_reset(&c->call);
    ox_status s = ox__match_schema(c, n, cached, &schema, c->err);
    if (s != OX_OK) return s;
    if (schema) twin = ox_aten_functional(schema);
    if (twin && strncmp(ox_aten_get(twin).name, "aten::", 6) == 0) plain = ox_aten_get(twin).name + 6;
    size_t len = strlen(plain ? plain : op);
    if (!plain && len > 1 && op[len - 1] == '_' && strncmp(op, "__", 2) != 0) {
        plain = op;
        len--;
    }
    *found = plain && len < size;
    if (!*found) return OX_OK;
    memcpy(name, plain, len);
    name[len] = '\0';
    return OX_OK;
}

static ox_status drop_last_input(ox__conv *c, ox_node n)
{
    size_t n_in = ox_node_n_inputs(c->m, n) - 1;
    ox_value *in = ox__alloc((n_in + 1) * sizeof *in);
    if (!in) return ox__nomem(c->err);
    for (size_t i = 0; i < n_in; i++) in[i] = ox_node_input(c->m, n, i);
    ox_status s = ox_node_set_inputs(c->m, n, n_in, in, c->err);
    ox__free(in);
    return s == OX_OK ? ox_node_set_op(c->m, n, c->s_aten, ox_node_op(c->m, n), (ox_str){0}, c->err) : s;
}

ox_status ox__effect_strip(ox__conv *c, ox_node n)
{
    char full[280] = "aten::";
    const ox__opcache *cached;
    const ox__symgroup *plain = NULL;
    bool found = false;
    if (ox__writes_out(c->m, n)) return drop_last_input(c, n);
    ox_status s = ox__op_cache(c, n, &cached, c->err);
    if (s == OX_OK) s = plain_name(c, n, cached, full + 6, sizeof full - 6, &found);
    if (s != OX_OK || !found) return s;
    /* a function of the user's for the form in place alone is as good */
    s = ox__op_group(c, cached, c->err);
    if (s == OX_OK && cached->group) s = ox__symbolics_group(c->syms, full, strlen(full), &plain, c->err);
    if (s != OX_OK || (cached->group && !plain)) return s;
    return ox_node_set_op(c->m, n, c->s_aten, ox__conv_str(c, full + 6), ox_node_overload(c->m, n), c->err);
}
