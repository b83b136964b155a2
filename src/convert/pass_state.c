/* Floor 5. --state io: attributes that a graph sets in its module, and buffers that it writes to, become inputs and
 * outputs of the graph, so that who calls it keeps the state: "state.h" is what the attribute is before the call,
 * "state.h.out" what it is after it.
 *
 * Each such attribute is a slot. The walk (state_walk.c) puts values where slots are read; a tensor is the same memory
 * under every name, so that writes in place need nothing of their own: the pass "inplace" follows them. What no input
 * can hold (a text, a list, an attribute that is None at times) is a failure at the place that sets it. */
#include "convert/state.h"

#include "convert/memory.h"

#include <onnxsh/print.h>

#include <stdio.h>

enum { MAX_SLOTS = 1024, MAX_TOLD = 1 << 16 };
static const char mark[] = "module_state"; /* the metadata of a value that --input gave for an attribute */

/* ---- slots ---- */
static uint32_t index_of(const ox__keeper *k, ox_str path)
{
    return path.id && path.id < k->of.n ? k->of.p[path.id] : 0;
}

/* Attributes of objects that the graph makes, or got from a branch, are none. */
static bool find_path(ox__keeper *k, ox_node n)
{
    const ox_model *m = k->c->m;
    ox_value root = {0};
    return ox__attribute_path(m, n, &k->path, &root) && !ox_value_node(m, root).id &&
           ox_value_graph(m, root).id == ox_model_main(m).id;
}

ox__slot *ox__slot_of(ox__keeper *k, ox_node n)
{
    if (!find_path(k, n) || k->path.failed) return NULL;
    uint32_t i = index_of(k, ox_str_find(k->c->m, k->path.p, k->path.n));
    return i ? &k->slots.p[i - 1] : NULL;
}

/* The slot of the path that was found last. */
static ox_status add_slot(ox__keeper *k, ox_node n, ox__slot **out)
{
    if (k->path.failed) return ox__nomem(k->c->err);
    ox_str path = ox_str_add(k->c->m, k->path.p, k->path.n);
    uint32_t i = index_of(k, path);
    *out = i ? &k->slots.p[i - 1] : NULL;
    if (i) return OX_OK;
    if (k->slots.n == MAX_SLOTS)
        return ox__fail(k->c->err, OX_E_LIMIT, "the graph sets more than %d attributes of modules", MAX_SLOTS);
    ox__slot s = {.path = path, .set = n, .kind = OX_TYPE_NONE_KNOWN, .before = ""};
    if (!path.id || !ox__vec_push(&k->slots, s)) return ox__nomem(k->c->err);
    if (path.id >= k->of.n) {
        if (!ox__vec_reserve(&k->of, (size_t)path.id + 1)) return ox__nomem(k->c->err);
        memset(k->of.p + k->of.n, 0, (k->of.cap - k->of.n) * sizeof *k->of.p);
        k->of.n = k->of.cap;
    }
    k->of.p[path.id] = (uint32_t)k->slots.n;
    *out = &k->slots.p[k->slots.n - 1];
    return OX_OK;
}

static ox_status refuse(ox__keeper *k, ox__slot *s, ox_node n, const char *hint, const char *why)
{
    if (s->refused) return OX_OK;
    s->refused = true;
    return ox__report_note(k->c, OX_FAILURE_REFUSED, n, hint, "the attribute '%s' cannot become an input: %s",
                           ox_str_text(k->c->m, s->path, NULL), why);
}

static bool is_held(ox_type_kind kind)
{
    return kind == OX_TYPE_TENSOR || kind == OX_TYPE_INT || kind == OX_TYPE_FLOAT_SCALAR || kind == OX_TYPE_BOOL_SCALAR;
}

/* What the loader notes with a node that reads or sets an attribute; NULL if it does not. */
static const char *noted(const ox_model *m, ox_node n, const char *key)
{
    const ox_pair *rows;
    for (size_t i = ox_node_metadata(m, n, &rows); i-- > 0;)
        if (strcmp(ox_str_text(m, rows[i].key, NULL), key) == 0) return ox_str_text(m, rows[i].value, NULL);
    return NULL;
}

static const char two_names[] = "its module is part of others under two names, and would be set under both";

static ox_status look_at_set(ox__keeper *k, ox_node n)
{
    const ox_model *m = k->c->m;
    ox__slot *s;
    if (!find_path(k, n) || ox_node_n_inputs(m, n) != 2) return OX_OK; /* who converts the node refuses it */
    ox_status st = add_slot(k, n, &s);
    if (st != OX_OK) return st;
    ox_type_kind kind = ox_type_get(m, ox_value_type(m, ox_node_input(m, n, 1))).kind;
    if (kind == OX_TYPE_NONETYPE || kind == OX_TYPE_OPTIONAL)
        return refuse(k, s, n, "let it be a tensor from the start", "what it is set to here may be None");
    if (!is_held(kind)) return refuse(k, s, n, NULL, "only tensors and numbers can");
    if (s->kind != OX_TYPE_NONE_KNOWN && s->kind != kind) return refuse(k, s, n, NULL, "its type changes here");
    s->kind = kind;
    if (noted(m, n, "value")) s->before = noted(m, n, "value");
    return noted(m, n, "shared") ? refuse(k, s, n, NULL, two_names) : OX_OK;
}

/* ---- writes in place ---- */
enum { MAX_VIEWS = 64 };

/* Some node writes to v, or to a view of it; not followed through branches and loops. */
static ox_status find_writer(ox__keeper *k, ox_value v, unsigned depth, ox_node *out)
{
    ox__conv *c = k->c;
    ox_status st = OX_OK;
    for (ox_use u = ox_value_first_use(c->m, v); st == OX_OK && !out->id && u.node.id; u = ox_value_next_use(c->m, u)) {
        ox__effect e;
        if (ox_node_is_return(c->m, u.node) || !ox__node_in(c, u.node, c->s_aten)) continue;
        st = ox__effect_of(c, u.node, &e);
        if (st != OX_OK) break;
        if (e.writes >= 0 && (uint32_t)e.writes == u.index) *out = u.node;
        for (size_t i = 0; e.views && depth < MAX_VIEWS && st == OX_OK && i < ox_node_n_outputs(c->m, u.node); i++)
            st = find_writer(k, ox_node_output(c->m, u.node, i), depth + 1, out);
    }
    return st;
}

static ox_status look_at_get(ox__keeper *k, ox_node n)
{
    const ox_model *m = k->c->m;
    ox_type_info t = ox_type_get(m, ox_value_type(m, ox_node_output(m, n, 0)));
    ox__slot *s = ox__slot_of(k, n);
    ox_node writer = {0};
    ox_status st = OX_OK;
    if (!s && t.kind == OX_TYPE_TENSOR && find_path(k, n)) st = find_writer(k, ox_node_output(m, n, 0), 0, &writer);
    if (st == OX_OK && writer.id) st = add_slot(k, writer, &s);
    if (st != OX_OK || !s) return st;
    if (writer.id) s->kind = OX_TYPE_TENSOR;
    if (noted(m, n, "value")) s->before = noted(m, n, "value");
    return writer.id && noted(m, n, "shared") ? refuse(k, s, writer, NULL, two_names) : OX_OK;
}

static ox_status each(ox__keeper *k, ox_graph g, const char *op, ox_status (*fn)(ox__keeper *k, ox_node n))
{
    const ox_model *m = k->c->m;
    ox_status st = OX_OK;
    for (ox_node n = ox_graph_first(m, g); st == OX_OK && n.id; n = ox_node_next(m, n)) {
        st = ox__conv_tick(k->c, "state");
        if (st == OX_OK && ox__is_prim(k->c, n, op)) st = fn(k, n);
        if (st == OX_OK && k->path.failed) st = ox__nomem(k->c->err);
        for (size_t i = 0; st == OX_OK && i < ox_node_n_blocks(m, n); i++) st = each(k, ox_node_block(m, n, i), op, fn);
    }
    return st;
}

/* ---- forks: functions of the model, whose place in the order is not known yet ---- */
static ox_status refuse_in_fork(ox__keeper *k, ox_node n)
{
    const ox_model *m = k->c->m;
    const ox_attr *a = ox_node_attr(m, n, "name");
    const char *name = a && a->kind == OX_ATTR_STRING ? ox_str_text(m, a->u.s, NULL) : "";
    ox_status st = OX_OK;
    for (size_t i = 0; st == OX_OK && i < k->slots.n; i++) {
        const char *path = ox_str_text(m, k->slots.p[i].path, NULL), *dot = strrchr(path, '.');
        if (strcmp(dot ? dot + 1 : path, name) == 0)
            st = refuse(k, &k->slots.p[i], n, NULL, "a fork reads or sets it, and may run at any time");
    }
    return st;
}

static ox_status look_at_forks(ox__keeper *k)
{
    ox_status st = OX_OK;
    for (size_t i = 0; st == OX_OK && i < ox_model_n_functions(k->c->m); i++) {
        ox_graph f = ox_model_function(k->c->m, i);
        st = each(k, f, "GetAttr", refuse_in_fork);
        if (st == OX_OK) st = each(k, f, "SetAttr", refuse_in_fork);
    }
    return st;
}

/* ---- inputs and outputs ---- */

/* What --input gave for attributes: inputs, or constants. Those of no slot go: nothing reads them. */
static ox_status take_given(ox__keeper *k)
{
    ox_model *m = k->c->m;
    const ox_pair *rows;
    ox_status st = OX_OK;
    for (uint32_t id = 1; st == OX_OK && id < ox_model_value_limit(m); id++) {
        ox_value v = ox_model_value_at(m, id);
        ox_str path = {0};
        for (size_t i = v.id ? ox_value_metadata(m, v, &rows) : 0; i-- > 0;)
            if (strcmp(ox_str_text(m, rows[i].key, NULL), mark) == 0) path = rows[i].value;
        if (!path.id) continue;
        if (index_of(k, path))
            k->slots.p[index_of(k, path) - 1].now = v;
        else if (ox_value_is_input(m, v) && !ox_value_n_uses(m, v))
            st = ox_graph_remove_input(m, ox_model_main(m), ox_value_index(m, v), k->c->err);
    }
    return st;
}

static ox_status name_of(ox__keeper *k, const ox__slot *s, const char *end, ox_str *out)
{
    ox__buf_clear(&k->path);
    ox__buf_addf(&k->path, "state.%s%s", ox_str_text(k->c->m, s->path, NULL), end);
    if (k->path.failed) return ox__nomem(k->c->err);
    *out = ox_str_add(k->c->m, k->path.p, k->path.n);
    return out->id ? OX_OK : ox__nomem(k->c->err);
}

static ox_status add_input(ox__keeper *k, ox__slot *s, ox_value weight)
{
    ox__conv *c = k->c;
    ox_str name;
    bool tensor = s->kind == OX_TYPE_TENSOR, none = strcmp(s->before, "None") == 0;
    if (tensor && !weight.id) {
        char hint[192];
        snprintf(hint, sizeof hint, "state it: --input state.%.100s=float32[1,64]", ox_str_text(c->m, s->path, NULL));
        return refuse(k, s, s->set, hint, none ? "it is None before the first call" : "its dtype is not known");
    }
    ox_type type = tensor ? ox_value_type(c->m, weight) : ox_type_simple(c->m, s->kind);
    ox_status st = name_of(k, s, "", &name);
    if (st == OX_OK && ox_graph_find_value(c->m, ox_model_main(c->m), name).id) {
        name = ox_value_fresh_name(c->m, k->path.p);
        if (!name.id) st = ox__nomem(c->err);
    }
    return st == OX_OK ? ox_graph_add_input(c->m, &s->now, ox_model_main(c->m), SIZE_MAX, name, type, c->err) : st;
}

/* What the file holds for a weight, as far as a few words tell. */
static ox_status tell_weight(ox__keeper *k, ox__slot *s, ox_value weight)
{
    ox__conv *c = k->c;
    char text[160] = "what the file holds", type[96];
    ox_tensor t = ox_value_tensor(c->m, weight);
    ox_tensor_stats_t stats = {0};
    ox_error e;
    ox_type_text(c->m, ox_value_type(c->m, weight), type, sizeof type);
    if (ox_tensor_get(c->m, t).n_elements == 0)
        snprintf(text, sizeof text, "%s, which is empty", type);
    else if (ox_tensor_get(c->m, t).n_elements <= MAX_TOLD) {
        ox_status st = ox_tensor_stats(c->m, t, &stats, c->opt->task, &e);
        if (st == OX_E_NOMEM || st == OX_E_INTERRUPTED) return st;
        if (st == OX_OK && stats.n && !stats.n_nan && stats.min == stats.max)
            snprintf(text, sizeof text, "%s, all %g", type, stats.min);
    }
    s->before = ox__arena_dup(&c->mem, text, strlen(text) + 1);
    return s->before ? OX_OK : ox__nomem(c->err);
}

/* A weight whose bytes in the file overlap those of `weight`. */
static ox_str alias_of(const ox_model *m, ox_value weight)
{
    ox_graph g = ox_model_main(m);
    ox_tensor_info t = ox_tensor_get(m, ox_value_tensor(m, weight));
    for (size_t i = 0; t.storage == OX_STORAGE_FILE && i < ox_graph_n_initializers(m, g); i++) {
        ox_value v = ox_graph_initializer(m, g, i);
        ox_tensor_info x = ox_tensor_get(m, ox_value_tensor(m, v));
        bool apart = x.offset >= t.offset + t.n_bytes || t.offset >= x.offset + x.n_bytes;
        if (v.id != weight.id && x.storage == t.storage && x.file == t.file && !apart) return ox_value_name(m, v);
    }
    return (ox_str){0};
}

/* What the attribute is before the call. */
static ox_status give_input(ox__keeper *k, ox__slot *s)
{
    const ox_model *m = k->c->m;
    ox_value weight = ox_graph_find_value(m, ox_model_main(m), s->path);
    ox_status st = OX_OK;
    if (weight.id && !ox_value_is_initializer(m, weight)) weight = (ox_value){0};
    if (weight.id) s->alias = alias_of(m, weight);
    if (weight.id) st = tell_weight(k, s, weight);
    if (st != OX_OK) return st;
    if (!s->now.id) return add_input(k, s, weight);
    ox_type_kind kind = ox_type_get(m, ox_value_type(m, s->now)).kind;
    return kind == s->kind ? OX_OK : refuse(k, s, s->set, NULL, "--input gives it another type than it is set to");
}

static ox_status tell(ox__keeper *k, const ox__slot *s)
{
    ox__conv *c = k->c;
    char type[128];
    const char *path = ox_str_text(c->m, s->path, NULL);
    bool constant = ox_value_node(c->m, s->now).id != 0;
    ox_type_text(c->m, ox_value_type(c->m, s->now), type, sizeof type);
    return ox__report_note(c, OX_FAILURE_WARNING, s->set, "give each call what the one before returned",
                           "state: the attribute '%s' is the %s state.%.200s (%s) and the output state.%.200s.out%s%s",
                           path, constant ? "constant" : "input", path, type, path,
                           *s->before ? "; before the first call it is " : "", s->before);
}

static ox_status give_inputs(ox__keeper *k)
{
    ox_status st = OX_OK;
    for (size_t i = 0; st == OX_OK && i < k->slots.n; i++) {
        ox__slot *s = &k->slots.p[i];
        if (!s->refused) st = give_input(k, s);
        s->input = s->now;
        if (st == OX_OK && !s->refused) st = tell(k, s);
    }
    return st;
}

static ox_status give_outputs(ox__keeper *k)
{
    ox__conv *c = k->c;
    ox_status st = OX_OK;
    for (size_t i = 0; st == OX_OK && i < k->slots.n; i++) {
        ox__slot *s = &k->slots.p[i];
        ox__state row = {.input = s->input, .alias = s->alias};
        if (s->refused) continue;
        st = name_of(k, s, ".out", &row.out_name);
        ox__buf_clear(&k->path);
        ox__buf_addf(&k->path, "the attribute '%s' of the module before the call", ox_str_text(c->m, s->path, NULL));
        if (*s->before) ox__buf_addf(&k->path, "; before the first call it is %s", s->before);
        row.doc = k->path.failed ? (ox_str){0} : ox_str_add(c->m, k->path.p, k->path.n);
        if (st == OX_OK && !row.doc.id) st = ox__nomem(c->err);
        if (st == OX_OK) st = ox_graph_add_output(c->m, ox_model_main(c->m), SIZE_MAX, s->now, c->err);
        if (st == OX_OK && !ox__vec_push(&c->state, row)) st = ox__nomem(c->err);
    }
    return st;
}

/* ---- the passes ---- */
static ox_status keep_state(ox__keeper *k)
{
    ox_graph g = ox_model_main(k->c->m);
    ox_status st = each(k, g, "SetAttr", look_at_set);
    if (st == OX_OK) st = each(k, g, "GetAttr", look_at_get);
    if (st == OX_OK) st = take_given(k);
    if (st == OX_OK && k->slots.n) st = look_at_forks(k);
    if (st == OX_OK) st = give_inputs(k);
    if (st == OX_OK && k->slots.n) st = ox__state_walk(k, g);
    return st == OX_OK ? give_outputs(k) : st;
}

ox_status ox__pass_state(ox__conv *c, uint64_t *changed)
{
    ox__keeper k = {.c = c};
    if (!c->trace || !c->opt->state_io) return OX_OK;
    ox_status s = keep_state(&k);
    *changed = c->state.n;
    ox__vec_free(&k.slots);
    ox__vec_free(&k.of);
    ox__vec_free(&k.log);
    ox__buf_free(&k.path);
    return s;
}
