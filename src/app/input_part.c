/* Floor 7. What --input can name beside the inputs of a graph. Items of inputs that are dicts, lists or tuples, one by
 * one: table.key=float32[2], list.0=int64[3]; each becomes an input of its own, and the dict or list is built of them.
 * Attributes of modules, state.h=float32[1,64], for `export --state io`. */
#include "app/session.h"

#include <onnxsh/graph.h>
#include <onnxsh/text.h>

#include <stdlib.h>
#include <string.h>

size_t ox_input_base(const char *name)
{
    size_t n = strlen(name), end = n;
    while (end > 0 && name[end - 1] >= '0' && name[end - 1] <= '9') end--;
    return end == n || end < 2 || name[end - 1] != '.' ? 0 : end - 1;
}

/* By its name, or by that without the number that TorchScript puts behind: x for x.1. */
static bool is_called(const ox_model *m, ox_value v, const char *want, size_t n, bool exact)
{
    const char *name = ox_str_text(m, ox_value_name(m, v), NULL);
    size_t len = exact ? strlen(name) : ox_input_base(name);
    return len && len == n && memcmp(name, want, n) == 0;
}

static ox_value input_called(const ox_model *m, const char *name, size_t n)
{
    ox_graph g = ox_model_main(m);
    for (int exact = 1; exact >= 0; exact--)
        for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++)
            if (is_called(m, ox_graph_input(m, g, i), name, n, exact)) return ox_graph_input(m, g, i);
    return (ox_value){0};
}

/* The node that an earlier item of the same input made: it stands at the front of the graph. */
static ox_node built_before(const ox_model *m, const char *name, size_t n)
{
    for (ox_node k = ox_graph_first(m, ox_model_main(m)); k.id; k = ox_node_next(m, k)) {
        bool construct = ox_node_is(m, k, "prim", "DictConstruct") || ox_node_is(m, k, "prim", "ListConstruct");
        if (!construct && !ox_node_is(m, k, "prim", "Constant")) break;
        ox_value v = construct ? ox_node_output(m, k, 0) : (ox_value){0};
        if (v.id && (is_called(m, v, name, n, true) || is_called(m, v, name, n, false))) return k;
    }
    return (ox_node){0};
}

static ox_status refuse(ox_error *err, const char *name, const char *why)
{
    return ox_error_set(err, OX_E_INVALID, "--input %s: %s", name, why);
}

/* An empty list or dict in the place of the input. */
static ox_status build(ox_model *m, ox_value input, ox_type_kind kind, ox_node *out, ox_error *err)
{
    ox_graph g = ox_model_main(m);
    const char *op = kind == OX_TYPE_DICT ? "DictConstruct" : "ListConstruct";
    ox_status st =
        ox_node_create(m, out, g, ox_graph_first(m, g), ox_str_addz(m, "prim"), ox_str_addz(m, op), 0, NULL, 1, err);
    if (st != OX_OK) return st;
    ox_value v = ox_node_output(m, *out, 0);
    st = ox_value_set_type(m, v, ox_value_type(m, input), err);
    return st == OX_OK ? ox_value_replace_uses(m, input, v, err) : st;
}

/* A constant of the key in front of the dict. */
static ox_status make_key(ox_model *m, ox_node dict, ox_type_kind kind, const char *text, ox_value *out, ox_error *err)
{
    ox_attr a = {.name = ox_str_addz(m, "value"), .kind = kind == OX_TYPE_INT ? OX_ATTR_INT : OX_ATTR_STRING};
    ox_node c;
    if (kind == OX_TYPE_INT && !ox_text_parse_i64(text, strlen(text), &a.u.i))
        return refuse(err, text, "the keys of the dict are integers");
    if (kind != OX_TYPE_INT) a.u.s = ox_str_addz(m, text);
    ox_status st = ox_node_create(m, &c, ox_model_main(m), dict, ox_str_addz(m, "prim"), ox_str_addz(m, "Constant"), 0,
                                  NULL, 1, err);
    if (st == OX_OK) st = ox_node_set_attr(m, c, &a, err);
    if (st != OX_OK) return st;
    *out = ox_node_output(m, c, 0);
    return ox_value_set_type(m, *out, ox_type_simple(m, kind), err);
}

/* The item as a new input behind those that are there, or in the place of the whole. */
static ox_status add_item(ox_model *m, ox_node list, ox_value whole, const char *name, const char *key, ox_value *out,
                          ox_error *err)
{
    ox_value in[2 * 256];
    ox_graph g = ox_model_main(m);
    ox_type_info t = ox_type_get(m, ox_value_type(m, ox_node_output(m, list, 0)));
    bool dict = t.kind == OX_TYPE_DICT;
    size_t n = ox_node_n_inputs(m, list), n_in = ox_graph_n_inputs(m, g);
    int64_t index;
    if (n + 2 > sizeof in / sizeof in[0]) return refuse(err, name, "there are too many items");
    if (!dict && (!ox_text_parse_i64(key, strlen(key), &index) || index != (int64_t)n))
        return refuse(err, name, "items of a list are numbered from 0, in order");
    for (size_t i = 0; i < n; i++) in[i] = ox_node_input(m, list, i);
    size_t at = whole.id ? ox_value_index(m, whole) : n ? ox_value_index(m, in[n - 1]) + 1 : n_in;
    ox_str called = ox_value_name(m, whole); /* it is gone in a moment */
    ox_status st = ox_graph_add_input(m, out, g, at, ox_value_fresh_name(m, name), t.items[dict], err);
    if (st == OX_OK && whole.id) st = ox_graph_remove_input(m, g, at + 1, err);
    if (st == OX_OK && whole.id) st = ox_value_set_name(m, ox_node_output(m, list, 0), called, err);
    if (st == OX_OK && dict) st = make_key(m, list, ox_type_get(m, t.items[0]).kind, key, &in[n++], err);
    in[n++] = *out;
    return st == OX_OK ? ox_node_set_inputs(m, list, n, in, err) : st;
}

ox_status ox_input_part(ox_model *m, const char *name, ox_value *out, ox_error *err)
{
    *out = (ox_value){0};
    for (const char *dot = strchr(name, '.'); dot; dot = strchr(dot + 1, '.')) {
        size_t n = (size_t)(dot - name);
        ox_value whole = input_called(m, name, n);
        ox_node list = built_before(m, name, n);
        ox_type_kind kind = ox_type_get(m, ox_value_type(m, whole)).kind;
        if (!list.id && !(whole.id && (kind == OX_TYPE_DICT || kind == OX_TYPE_LIST))) continue;
        if (list.id) whole = (ox_value){0};
        ox_status st = list.id ? OX_OK : build(m, whole, kind, &list, err);
        return st == OX_OK ? add_item(m, list, whole, name, dot + 1, out, err) : st;
    }
    return OX_OK;
}

/* ---- attributes ---- */
static bool reads_or_sets(const ox_model *m, ox_node n, const char *name)
{
    if (!ox_node_is(m, n, "prim", "GetAttr") && !ox_node_is(m, n, "prim", "SetAttr")) return false;
    const ox_attr *a = ox_node_attr(m, n, "name");
    return a && a->kind == OX_ATTR_STRING && strcmp(ox_str_text(m, a->u.s, NULL), name) == 0;
}

ox_status ox_input_state(ox_model *m, const char *name, ox_value *out, ox_error *err)
{
    static const char stem[] = "state.";
    *out = (ox_value){0};
    if (strncmp(name, stem, sizeof stem - 1) != 0) return OX_OK;
    const char *path = name + sizeof stem - 1, *last = strrchr(path, '.');
    for (uint32_t id = 1; id < ox_model_node_limit(m); id++) {
        ox_node n = ox_model_node_at(m, id);
        if (!n.id || !reads_or_sets(m, n, last ? last + 1 : path)) continue;
        ox_status st = ox_graph_add_input(m, out, ox_model_main(m), SIZE_MAX, ox_value_fresh_name(m, name),
                                          ox_type_simple(m, OX_TYPE_TENSOR), err);
        if (st != OX_OK) return st;
        return ox_value_set_metadata(m, *out, ox_str_addz(m, "module_state"), ox_str_addz(m, path), err);
    }
    return OX_OK;
}
