/* Floor 5. Rules on dicts whose keys are known: prim::DictConstruct(key, value, key, value, ...). */
#include "convert/args.h"
#include "convert/fold.h"

ox_node ox__fold_dict(const ox__fold *f, ox_value v)
{
    ox_node n = ox_value_node(f->c->m, v);
    bool is = n.id && ox__is_prim(f->c, n, "DictConstruct") && !(ox__conv_flags(f->c, v) & OX__V_WRITTEN);
    return is ? n : (ox_node){0};
}

size_t ox__fold_dict_find(ox__fold *f, ox_node dict, const ox_arg *key)
{
    size_t found = 0;
    for (size_t i = 0; i + 1 < ox_node_n_inputs(f->c->m, dict); i += 2) {
        ox_arg k;
        bool known = true;
        f->s = ox__arg_read(f->c, ox_node_input(f->c->m, dict, i), &k, f->c->err);
        if (f->s != OX_OK) return SIZE_MAX;
        if (ox__fold_equal(&k, key, &known)) found = i + 1; /* the last of equal ones counts */
        if (!known) return SIZE_MAX;
    }
    return found;
}

static ox_type item_type(ox__fold *f)
{
    ox_type_info t = ox__fold_type(f, ox_node_output(f->c->m, f->n, 0));
    return t.kind == OX_TYPE_LIST && t.n_items ? t.items[0] : (ox_type){0};
}

ox__verdict ox__rule_dict_parts(ox__fold *f)
{
    ox_model *m = f->c->m;
    const char *op = ox__fold_op(f);
    ox_node dict = ox__fold_dict(f, ox__fold_input(f, 0));
    if (!dict.id) return OX__FOLD_NOT;
    size_t n = ox_node_n_inputs(m, dict) / 2;
    ox_value *v = ox__arena_alloc(&f->c->call, (n + 1) * sizeof *v);
    if (!v) return ox__fold_nomem(f);
    ox_type item = item_type(f);
    for (size_t i = 0; f->s == OX_OK && i < n; i++) {
        ox_value pair[2] = {ox_node_input(m, dict, 2 * i), ox_node_input(m, dict, 2 * i + 1)};
        if (!strcmp(op, "items"))
            f->s = ox__fold_node(f, "prim", "TupleConstruct", 2, pair, item, &v[i]);
        else
            v[i] = pair[!strcmp(op, "values")];
    }
    ox_type list = ox_value_type(m, ox_node_output(m, f->n, 0));
    if (f->s == OX_OK) f->s = ox__fold_node(f, "prim", "ListConstruct", n, v, list, &f->value);
    return OX__FOLD_BY;
}

/* d[key], d.get(key), d.get(key, other) */
ox__verdict ox__rule_dict_get(ox__fold *f)
{
    ox_node dict = ox__fold_dict(f, ox__fold_input(f, 0));
    size_t at = dict.id && f->n_in >= 2 ? ox__fold_dict_find(f, dict, &f->in[1]) : SIZE_MAX;
    if (at == SIZE_MAX) return OX__FOLD_NOT;
    if (at) return ox__fold_to(f, ox_node_input(f->c->m, dict, at));
    if (strcmp(ox__fold_op(f), "get") != 0) return OX__FOLD_NOT; /* it raises KeyError */
    if (f->n_in > 2) return ox__fold_to(f, ox__fold_input(f, 2));
    f->result = (ox_arg){.kind = OX_ARG_NONE};
    return OX__FOLD_CONST;
}

static ox__verdict new_dict(ox__fold *f, size_t n, const ox_value *v)
{
    ox_model *m = f->c->m;
    ox_type type = ox_value_type(m, ox_node_output(m, f->n, ox_node_n_outputs(m, f->n) - 1));
    f->s = ox__fold_node(f, "prim", "DictConstruct", n, v, type, &f->value);
    return OX__FOLD_BY;
}

/* dict(), dict(d), d.copy(), and of pairs. */
ox__verdict ox__rule_dict_new(ox__fold *f)
{
    ox_model *m = f->c->m;
    if (!f->n_in) return new_dict(f, 0, NULL);
    ox_node from = ox__fold_dict(f, ox__fold_input(f, 0)), list = ox__fold_built(f, ox__fold_input(f, 0));
    size_t n = from.id ? ox_node_n_inputs(m, from) : list.id ? 2 * ox_node_n_inputs(m, list) : 0;
    ox_value *v = ox__arena_alloc(&f->c->call, (n + 1) * sizeof *v);
    if (!from.id && !list.id) return ox__rule_list(f);
    if (ox__fold_type(f, ox_node_output(m, f->n, 0)).kind != OX_TYPE_DICT) return ox__rule_list(f);
    if (!v) return ox__fold_nomem(f);
    for (size_t i = 0; i < n; i++) {
        ox_node pair = from.id ? from : ox__fold_built(f, ox_node_input(m, list, i / 2));
        if (!pair.id || (!from.id && ox_node_n_inputs(m, pair) != 2)) return OX__FOLD_NOT;
        v[i] = ox_node_input(m, pair, from.id ? i : i % 2);
    }
    return new_dict(f, n, v);
}

/* The dict with one value changed, or one pair more. */
static ox_value *with(ox__fold *f, ox_node dict, const ox_arg *key, ox_value k, ox_value v, size_t *n)
{
    ox_model *m = f->c->m;
    size_t at = ox__fold_dict_find(f, dict, key);
    *n = ox_node_n_inputs(m, dict);
    ox_value *all = at == SIZE_MAX ? NULL : ox__arena_alloc(&f->c->call, (*n + 2) * sizeof *all);
    if (!all) {
        if (at != SIZE_MAX) (void)ox__fold_nomem(f);
        return NULL;
    }
    for (size_t i = 0; i < *n; i++) all[i] = ox_node_input(m, dict, i);
    if (!at) {
        all[*n] = k;
        at = *n + 1;
        *n += 2;
    }
    all[at] = v;
    return all;
}

ox__verdict ox__fold_dict_set(ox__fold *f, ox_node dict)
{
    size_t n;
    ox_value *v = with(f, dict, &f->in[1], ox__fold_input(f, 1), ox__fold_input(f, 2), &n);
    return v ? new_dict(f, n, v) : f->s == OX_OK ? OX__FOLD_NOT : OX__FOLD_DONE;
}

ox__verdict ox__fold_dict_delete(ox__fold *f, ox_node dict)
{
    ox_model *m = f->c->m;
    size_t at = ox__fold_dict_find(f, dict, &f->in[1]), n = ox_node_n_inputs(m, dict), k = 0;
    if (!at || at == SIZE_MAX) return OX__FOLD_NOT;
    ox_value *v = ox__arena_alloc(&f->c->call, n * sizeof *v);
    if (!v) return ox__fold_nomem(f);
    for (size_t i = 0; i < n; i++)
        if (i + 1 != at && i != at) v[k++] = ox_node_input(m, dict, i);
    return new_dict(f, k, v);
}

/* d.update(e): the pairs of e, one by one. */
ox__verdict ox__rule_dict_update(ox__fold *f)
{
    ox_model *m = f->c->m;
    ox_node to = ox__fold_dict(f, ox__fold_input(f, 0)), from = ox__fold_dict(f, ox__fold_input(f, 1));
    if (!to.id || !from.id) return OX__FOLD_NOT;
    size_t n = ox_node_n_inputs(m, to);
    (void)new_dict(f, 0, NULL);
    ox_node made = f->s == OX_OK ? ox_value_node(m, f->value) : (ox_node){0};
    ox_value *all = ox__arena_alloc(&f->c->call, (n + 1) * sizeof *all);
    if (f->s != OX_OK || !all) return f->s == OX_OK ? ox__fold_nomem(f) : OX__FOLD_DONE;
    for (size_t i = 0; i < n; i++) all[i] = ox_node_input(m, to, i);
    f->s = ox_node_set_inputs(m, made, n, all, f->c->err);
    for (size_t i = 0; f->s == OX_OK && i + 1 < ox_node_n_inputs(m, from); i += 2) {
        ox_arg key;
        f->s = ox__arg_read(f->c, ox_node_input(m, from, i), &key, f->c->err);
        if (f->s != OX_OK) break;
        all = with(f, made, &key, ox_node_input(m, from, i), ox_node_input(m, from, i + 1), &n);
        if (!all) return f->s == OX_OK ? OX__FOLD_NOT : OX__FOLD_DONE;
        f->s = ox_node_set_inputs(m, made, n, all, f->c->err);
    }
    return OX__FOLD_BY;
}

/* d.setdefault(k, v) -> the value, the dict */
ox__verdict ox__rule_dict_default(ox__fold *f)
{
    ox_model *m = f->c->m;
    ox_node dict = ox__fold_dict(f, ox__fold_input(f, 0));
    size_t at = dict.id && f->n_in == 3 ? ox__fold_dict_find(f, dict, &f->in[1]) : SIZE_MAX;
    if (at == SIZE_MAX || ox_node_n_outputs(m, f->n) != 2) return OX__FOLD_NOT;
    ox_value value = at ? ox_node_input(m, dict, at) : ox__fold_input(f, 2);
    if (at)
        f->value = ox__fold_input(f, 0);
    else
        (void)ox__fold_dict_set(f, dict);
    if (f->s == OX_OK) f->s = ox__pass_stand_in(f->c, ox_node_output(m, f->n, 0), value);
    if (f->s == OX_OK) f->s = ox__pass_stand_in(f->c, ox_node_output(m, f->n, 1), f->value);
    if (f->s == OX_OK) f->s = ox_node_delete(m, f->n, f->c->err);
    return OX__FOLD_DONE;
}
