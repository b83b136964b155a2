/* Floor 5. Rules on lists and tuples whose items are known values: items, slices, sums, and what is left of operators
 * that write to lists (list_writes.c): they return the list behind the write. */
#include "convert/args.h"
#include "convert/fold.h"
#include "convert/fold_number.h"

#include <stdlib.h>

static ox__verdict no_memory(ox__fold *f)
{
    return ox__fold_nomem(f);
}

/* ---- lists whose items are known ---- */
static ox__verdict new_list(ox__fold *f, size_t n, const ox_value *items)
{
    ox_value out = ox_node_output(f->c->m, f->n, ox_node_n_outputs(f->c->m, f->n) - 1);
    f->s = ox__fold_node(f, "prim", "ListConstruct", n, items, ox_value_type(f->c->m, out), &f->value);
    return OX__FOLD_BY;
}

/* The items of a list as values; NULL with f->s, or OX_OK there: they are not all known. */
static ox_value *items_of(ox__fold *f, size_t i, size_t *n)
{
    ox_node list = ox__fold_built(f, ox__fold_input(f, i));
    const ox_arg *a = &f->in[i];
    if (a->kind != OX_ARG_LIST) return NULL;
    *n = a->n;
    ox_value *v = ox__arena_alloc(&f->c->call, (a->n + 1) * sizeof *v);
    if (!v) (void)no_memory(f);
    for (size_t k = 0; v && k < a->n; k++) {
        if (list.id)
            v[k] = ox_node_input(f->c->m, list, k);
        else if ((!ox__is_number_arg(&a->items[k]) && a->items[k].kind != OX_ARG_STR) ||
                 (f->s = ox__pass_constant(f->c, f->n, &a->items[k], (ox_type){0}, &v[k])) != OX_OK)
            return NULL;
    }
    return v;
}

static bool gives_list(const ox__fold *f)
{
    return ox__fold_type(f, ox_node_output(f->c->m, f->n, 0)).kind == OX_TYPE_LIST;
}

static bool index_of(int64_t i, size_t n, size_t *out)
{
    if (i < 0) i += (int64_t)n;
    *out = (size_t)i;
    return i >= 0 && (uint64_t)i < n;
}

ox__verdict ox__rule_len(ox__fold *f)
{
    ox_node dict = ox__fold_dict(f, ox__fold_input(f, 0));
    if (dict.id) return ox__fold_int(f, (int64_t)(ox_node_n_inputs(f->c->m, dict) / 2));
    if (f->in[0].kind == OX_ARG_LIST) return ox__fold_int(f, (int64_t)f->in[0].n);
    if (f->in[0].kind == OX_ARG_STR) return ox__fold_int(f, (int64_t)f->in[0].s_n);
    ox_type_info t = ox__fold_type(f, ox__fold_input(f, 0));
    int64_t v;
    if (t.kind == OX_TYPE_TENSOR && t.rank > 0 && ox_dim_is_const(f->c->m, t.dims[0], &v)) return ox__fold_int(f, v);
    /* the number of dims is known where the sizes are not */
    ox_node from = ox_value_node(f->c->m, ox__fold_input(f, 0));
    if (!from.id || !ox__is_aten(f->c, from, "size") || ox_node_n_inputs(f->c->m, from) != 1) return OX__FOLD_NOT;
    t = ox__fold_type(f, ox_node_input(f->c->m, from, 0));
    return t.kind == OX_TYPE_TENSOR && t.rank >= 0 ? ox__fold_int(f, t.rank) : OX__FOLD_NOT;
}

/* x.size()[i] is x.size(i), so that only that dim is asked for. */
static ox__verdict size_item(ox__fold *f, ox_node size, int64_t i)
{
    ox__conv *c = f->c;
    ox_value args[2] = {ox_node_input(c->m, size, 0)};
    ox_type_info t = ox__fold_type(f, args[0]);
    int64_t v, axis = i < 0 && t.rank > 0 ? i + t.rank : i;
    if (t.kind == OX_TYPE_TENSOR && axis >= 0 && axis < t.rank && ox_dim_is_const(c->m, t.dims[axis], &v))
        return ox__fold_int(f, v);
    ox_arg at = {.kind = OX_ARG_INT, .i = i};
    f->s = ox__pass_constant(c, f->n, &at, (ox_type){0}, &args[1]);
    if (f->s == OX_OK) f->s = ox_node_set_inputs(c->m, f->n, 2, args, c->err);
    if (f->s == OX_OK) f->s = ox_node_set_op(c->m, f->n, c->s_aten, ox__conv_str(c, "size"), (ox_str){0}, c->err);
    return OX__FOLD_NOT;
}

ox__verdict ox__rule_item(ox__fold *f)
{
    if (f->n_in < 2) return OX__FOLD_NOT;
    if (ox__fold_type(f, ox__fold_input(f, 0)).kind == OX_TYPE_DICT) return ox__rule_dict_get(f);
    if (f->in[1].kind != OX_ARG_INT) return OX__FOLD_NOT;
    size_t at;
    if (f->in[0].kind == OX_ARG_STR && index_of(f->in[1].i, f->in[0].s_n, &at))
        return ox__fold_text(f, f->in[0].s + at, 1);
    ox_node list = ox__fold_built(f, ox__fold_input(f, 0)), from = ox_value_node(f->c->m, ox__fold_input(f, 0));
    if (f->in[0].kind != OX_ARG_LIST) {
        bool size = from.id && ox__is_aten(f->c, from, "size") && ox_node_n_inputs(f->c->m, from) == 1;
        return size ? size_item(f, from, f->in[1].i) : OX__FOLD_NOT;
    }
    if (!index_of(f->in[1].i, f->in[0].n, &at)) return OX__FOLD_NOT;
    if (list.id) return ox__fold_to(f, ox_node_input(f->c->m, list, at));
    f->result = f->in[0].items[at];
    return ox__is_number_arg(&f->result) || f->result.kind == OX_ARG_STR ? OX__FOLD_CONST : OX__FOLD_NOT;
}

ox__verdict ox__rule_tuple_index(ox__fold *f)
{
    return ox__fold_built(f, ox__fold_input(f, 0)).id ? ox__rule_item(f) : OX__FOLD_NOT;
}

/* The outputs become those values, and the node goes. */
static ox__verdict replace_all(ox__fold *f, const ox_value *by)
{
    ox_model *m = f->c->m;
    for (size_t i = 0; f->s == OX_OK && i < ox_node_n_outputs(m, f->n); i++)
        f->s = ox__pass_stand_in(f->c, ox_node_output(m, f->n, i), by[i]);
    if (f->s == OX_OK) f->s = ox_node_delete(m, f->n, f->c->err);
    return OX__FOLD_DONE;
}

/* b, t, c = x.size(): each is x.size(i), of which the known ones fold. */
static ox__verdict unpack_size(ox__fold *f, ox_value x)
{
    ox__conv *c = f->c;
    size_t n = ox_node_n_outputs(c->m, f->n);
    ox_type_info t = ox__fold_type(f, x);
    if (t.kind != OX_TYPE_TENSOR || t.rank < 0 || (size_t)t.rank != n) return OX__FOLD_NOT;
    ox_value *v = ox__arena_alloc(&c->call, (n + 1) * sizeof *v), in[2] = {x};
    if (!v) return no_memory(f);
    for (size_t i = 0; f->s == OX_OK && i < n; i++) {
        ox_arg at = {.kind = OX_ARG_INT, .i = (int64_t)i};
        bool known = ox_dim_is_const(c->m, t.dims[i], &at.i);
        f->s = ox__pass_constant(c, f->n, &at, (ox_type){0}, &in[1]);
        v[i] = in[1];
        if (f->s == OX_OK && !known)
            f->s = ox__fold_node(f, "aten", "size", 2, in, ox_type_simple(c->m, OX_TYPE_INT), &v[i]);
    }
    return replace_all(f, v);
}

ox__verdict ox__rule_unpack(ox__fold *f)
{
    size_t n;
    ox_node from = ox_value_node(f->c->m, ox__fold_input(f, 0));
    if (from.id && ox__is_aten(f->c, from, "size") && ox_node_n_inputs(f->c->m, from) == 1)
        return unpack_size(f, ox_node_input(f->c->m, from, 0));
    ox_value *v = items_of(f, 0, &n);
    return v && n == ox_node_n_outputs(f->c->m, f->n) ? replace_all(f, v) : OX__FOLD_NOT;
}

ox__verdict ox__rule_add(ox__fold *f)
{
    size_t a = 0, b = 0;
    if (f->n_in == 2 && f->in[0].kind == OX_ARG_STR && f->in[1].kind == OX_ARG_STR) return ox__rule_text(f);
    if (!gives_list(f)) return ox__rule_number(f);
    if (f->n_in != 2 || f->in[0].kind != OX_ARG_LIST || f->in[1].kind != OX_ARG_LIST) return OX__FOLD_NOT;
    ox_value *x = items_of(f, 0, &a), *y = x ? items_of(f, 1, &b) : NULL;
    ox_value *all = y ? ox__arena_alloc(&f->c->call, (a + b + 1) * sizeof *all) : NULL;
    if (!all) return y ? no_memory(f) : OX__FOLD_NOT;
    memcpy(all, x, a * sizeof *all);
    memcpy(all + a, y, b * sizeof *all);
    return new_list(f, a + b, all);
}

enum { MAX_ITEMS = 1 << 16 }; /* of a list that is multiplied */

ox__verdict ox__rule_mul(ox__fold *f)
{
    if (!gives_list(f)) return ox__rule_number(f);
    size_t list = f->in[0].kind == OX_ARG_LIST ? 0 : 1, n = 0;
    if (f->n_in != 2 || f->in[list].kind != OX_ARG_LIST || f->in[1 - list].kind != OX_ARG_INT) return OX__FOLD_NOT;
    int64_t times = OX__MAX(f->in[1 - list].i, 0);
    ox_value *v = items_of(f, list, &n);
    if (!v || (n && times > (int64_t)(MAX_ITEMS / n))) return OX__FOLD_NOT;
    size_t total = n ? n * (size_t)times : 0;
    ox_value *all = ox__arena_alloc(&f->c->call, (total + 1) * sizeof *all);
    if (!all) return no_memory(f);
    for (size_t k = 0; k < total; k++) all[k] = v[k % n];
    return new_list(f, total, all);
}

/* ---- slices ---- */
static bool bounds(const ox__fold *f, int64_t n, int64_t *from, int64_t *to, int64_t *step)
{
    const ox_arg *a = &f->in[1], *b = &f->in[2], *s = &f->in[3];
    bool known = (a->kind == OX_ARG_INT || a->kind == OX_ARG_NONE) && (b->kind == OX_ARG_INT || b->kind == OX_ARG_NONE);
    *step = s->kind == OX_ARG_INT ? s->i : 1;
    if (!known || *step == 0 || *step == INT64_MIN) return false;
    int64_t low = *step > 0 ? 0 : -1, high = *step > 0 ? n : n - 1;
    *from = a->kind == OX_ARG_INT ? a->i : *step > 0 ? 0 : INT64_MAX;
    *to = b->kind == OX_ARG_INT ? b->i : *step > 0 ? INT64_MAX : -n - 1;
    if (*from < 0) *from = OX__MAX(*from, -n - 1) + n;
    if (*to < 0) *to = OX__MAX(*to, -n - 1) + n;
    *from = OX__MAX(low, OX__MIN(*from, high));
    *to = OX__MAX(low, OX__MIN(*to, high));
    return true;
}

static ox__verdict slice_text(ox__fold *f, int64_t from, int64_t to, int64_t step)
{
    char *p = ox__arena_alloc(&f->c->call, f->in[0].s_n + 1);
    size_t k = 0;
    if (!p) return no_memory(f);
    for (int64_t i = from; step > 0 ? i < to : i > to; i += step) p[k++] = f->in[0].s[i];
    return ox__fold_text(f, p, k);
}

ox__verdict ox__rule_slice(ox__fold *f)
{
    int64_t from, to, step;
    if (f->n_in != 4) return OX__FOLD_NOT;
    bool text = f->in[0].kind == OX_ARG_STR;
    if (!text && (!gives_list(f) || f->in[0].kind != OX_ARG_LIST)) return OX__FOLD_NOT;
    if (!bounds(f, (int64_t)(text ? f->in[0].s_n : f->in[0].n), &from, &to, &step)) return OX__FOLD_NOT;
    if (step > INT32_MAX || step < INT32_MIN) return OX__FOLD_NOT; /* so that no sum below overflows */
    if (text) return slice_text(f, from, to, step);
    size_t k = 0, n;
    ox_value *v = items_of(f, 0, &n), *out = v ? ox__arena_alloc(&f->c->call, (n + 1) * sizeof *out) : NULL;
    if (!out) return v ? no_memory(f) : OX__FOLD_NOT;
    for (int64_t i = from; step > 0 ? i < to : i > to; i += step) out[k++] = v[i];
    return new_list(f, k, out);
}

/* A copy of a list: another one of the same items. */
ox__verdict ox__rule_list(ox__fold *f)
{
    size_t n = 0;
    if (f->in[0].kind == OX_ARG_STR && gives_list(f)) return ox__rule_split_text(f);
    ox_value *v = items_of(f, 0, &n);
    return v ? new_list(f, n, v) : OX__FOLD_NOT;
}

/* ---- the list behind a write ---- */
ox__verdict ox__rule_grow(ox__fold *f)
{
    const char *op = ox__fold_op(f);
    size_t n = 0, more = 1, at;
    ox_value one, *v = items_of(f, 0, &n), *add = &one;
    if (!v) return OX__FOLD_NOT;
    if (!strcmp(op, "clear")) return new_list(f, 0, v);
    at = n;
    if (!strcmp(op, "insert")) {
        if (f->n_in < 3 || f->in[1].kind != OX_ARG_INT) return OX__FOLD_NOT;
        int64_t i = f->in[1].i < 0 ? OX__MAX(f->in[1].i, -(int64_t)n) + (int64_t)n : f->in[1].i;
        at = (size_t)OX__MIN(i, (int64_t)n);
        one = ox__fold_input(f, 2);
    } else if (!strcmp(op, "extend")) {
        add = items_of(f, 1, &more);
        if (!add) return OX__FOLD_NOT;
    } else {
        one = ox__fold_input(f, 1);
    }
    ox_value *all = ox__arena_alloc(&f->c->call, (n + more + 1) * sizeof *all);
    if (!all) return no_memory(f);
    memcpy(all, v, at * sizeof *all);
    memcpy(all + at, add, more * sizeof *all);
    memcpy(all + at + more, v + at, (n - at) * sizeof *all);
    return new_list(f, n + more, all);
}

static void take_out(ox_value *v, size_t *n, size_t at)
{
    memmove(v + at, v + at + 1, (*n - at - 1) * sizeof *v);
    --*n;
}

ox__verdict ox__rule_pop(ox__fold *f)
{
    size_t n = 0, at;
    ox_value *v = items_of(f, 0, &n), by[2];
    if (!v || ox_node_n_outputs(f->c->m, f->n) != 2) return OX__FOLD_NOT;
    int64_t i = f->n_in > 1 ? f->in[1].i : -1;
    if ((f->n_in > 1 && f->in[1].kind != OX_ARG_INT) || !index_of(i, n, &at)) return OX__FOLD_NOT;
    by[0] = v[at];
    take_out(v, &n, at);
    (void)new_list(f, n, v);
    by[1] = f->value;
    return f->s == OX_OK ? replace_all(f, by) : OX__FOLD_DONE;
}

ox__verdict ox__rule_set_item(ox__fold *f)
{
    size_t n = 0, at;
    ox_node dict = ox__fold_dict(f, ox__fold_input(f, 0));
    if (dict.id && f->n_in == 3) return ox__fold_dict_set(f, dict);
    ox_value *v = items_of(f, 0, &n);
    if (!v || f->n_in != 3 || f->in[1].kind != OX_ARG_INT || !index_of(f->in[1].i, n, &at)) return OX__FOLD_NOT;
    v[at] = ox__fold_input(f, 2);
    return new_list(f, n, v);
}

ox__verdict ox__rule_delete(ox__fold *f)
{
    size_t n = 0, at;
    ox_node dict = ox__fold_dict(f, ox__fold_input(f, 0));
    if (dict.id && f->n_in == 2) return ox__fold_dict_delete(f, dict);
    ox_value *v = items_of(f, 0, &n);
    if (!v || f->n_in != 2) return OX__FOLD_NOT;
    if (strcmp(ox__fold_op(f), "remove") == 0) { /* the first that is equal */
        bool known = true;
        for (at = 0; at < n && !ox__fold_equal(&f->in[0].items[at], &f->in[1], &known) && known; at++) continue;
        if (!known || at == n) return OX__FOLD_NOT;
    } else if (f->in[1].kind != OX_ARG_INT || !index_of(f->in[1].i, n, &at)) {
        return OX__FOLD_NOT;
    }
    take_out(v, &n, at);
    return new_list(f, n, v);
}

ox__verdict ox__rule_reverse(ox__fold *f)
{
    size_t n = 0;
    ox_value *v = items_of(f, 0, &n);
    if (!v) return OX__FOLD_NOT;
    for (size_t i = 0; i < n / 2; i++) {
        ox_value x = v[i];
        v[i] = v[n - 1 - i];
        v[n - 1 - i] = x;
    }
    return new_list(f, n, v);
}

/* ---- lists of numbers and strings ---- */
static int order(const void *x, const void *y)
{
    const ox_arg *a = x, *b = y;
    if (a->kind == OX_ARG_STR) {
        int c = memcmp(a->s, b->s, OX__MIN(a->s_n, b->s_n));
        return c ? c : (a->s_n > b->s_n) - (a->s_n < b->s_n);
    }
    if (a->kind == OX_ARG_FLOAT) return (a->f > b->f) - (a->f < b->f);
    return (a->i > b->i) - (a->i < b->i);
}

/* Equal items of one kind cannot be told apart, so that any sort is stable. */
ox__verdict ox__rule_sorted(ox__fold *f)
{
    const ox_arg *a = &f->in[0];
    bool down = f->n_in > 1 && f->in[1].kind == OX_ARG_BOOL && f->in[1].i;
    if (a->kind != OX_ARG_LIST || (f->n_in > 1 && f->in[1].kind != OX_ARG_BOOL)) return OX__FOLD_NOT;
    for (size_t i = 0; i < a->n; i++)
        if ((!ox__is_number_arg(&a->items[i]) && a->items[i].kind != OX_ARG_STR) ||
            a->items[i].kind != a->items[0].kind ||
            (a->items[i].kind == OX_ARG_FLOAT && a->items[i].f != a->items[i].f))
            return OX__FOLD_NOT;
    ox_arg *x = ox__arena_dup(&f->c->call, a->items, a->n * sizeof *x);
    ox_value *v = ox__arena_alloc(&f->c->call, (a->n + 1) * sizeof *v);
    if (!x || !v) return no_memory(f);
    if (a->n) qsort(x, a->n, sizeof *x, order);
    for (size_t i = 0; f->s == OX_OK && i < a->n; i++)
        f->s = ox__pass_constant(f->c, f->n, &x[down ? a->n - 1 - i : i], (ox_type){0}, &v[i]);
    return f->s == OX_OK ? new_list(f, a->n, v) : OX__FOLD_DONE;
}

ox__verdict ox__rule_contains(ox__fold *f)
{
    bool known = true, found = false;
    if (f->n_in != 2) return OX__FOLD_NOT;
    ox_node dict = ox__fold_dict(f, ox__fold_input(f, 0));
    if (dict.id) {
        size_t at = ox__fold_dict_find(f, dict, &f->in[1]);
        return at == SIZE_MAX ? OX__FOLD_NOT : ox__fold_bool(f, at != 0);
    }
    if (f->in[0].kind == OX_ARG_STR) return ox__rule_text(f);
    if (f->in[0].kind != OX_ARG_LIST) return OX__FOLD_NOT;
    for (size_t i = 0; i < f->in[0].n && !found; i++) {
        bool sure = true;
        found = ox__fold_equal(&f->in[0].items[i], &f->in[1], &sure);
        known = known && sure;
    }
    return found || known ? ox__fold_bool(f, found) : OX__FOLD_NOT;
}

ox__verdict ox__rule_index(ox__fold *f)
{
    int64_t count = 0;
    bool all = strcmp(ox__fold_op(f), "count") == 0, known = true;
    if (f->in[0].kind == OX_ARG_STR) return ox__rule_text(f);
    if (f->n_in != 2 || f->in[0].kind != OX_ARG_LIST) return OX__FOLD_NOT;
    for (size_t i = 0; i < f->in[0].n; i++) {
        bool same = ox__fold_equal(&f->in[0].items[i], &f->in[1], &known);
        if (!known) return OX__FOLD_NOT;
        if (same && !all) return ox__fold_int(f, (int64_t)i);
        count += same;
    }
    return all ? ox__fold_int(f, count) : OX__FOLD_NOT;
}

static double number(const ox_arg *a)
{
    return a->kind == OX_ARG_FLOAT ? a->f : (double)a->i;
}

ox__verdict ox__rule_any(ox__fold *f)
{
    bool all = strcmp(ox__fold_op(f), "all") == 0, known = true;
    if (f->n_in != 1 || f->in[0].kind != OX_ARG_LIST) return OX__FOLD_NOT;
    for (size_t i = 0; i < f->in[0].n; i++) {
        const ox_arg *a = &f->in[0].items[i];
        if (!ox__is_number_arg(a))
            known = false;
        else if ((number(a) != 0) != all)
            return ox__fold_bool(f, !all);
    }
    return known ? ox__fold_bool(f, all) : OX__FOLD_NOT;
}

ox__verdict ox__rule_extreme(ox__fold *f)
{
    if (f->n_in != 1) return ox__rule_number(f);
    bool max = strcmp(ox__fold_op(f), "max") == 0;
    const ox_arg *a = &f->in[0], *best = NULL;
    if (a->kind != OX_ARG_LIST || !a->n) return OX__FOLD_NOT;
    for (size_t i = 0; i < a->n; i++) {
        if (!ox__is_number_arg(&a->items[i])) return OX__FOLD_NOT;
        double d = best ? number(&a->items[i]) - number(best) : 0;
        if (!best || (max ? d > 0 : d < 0)) best = &a->items[i];
    }
    f->result = *best;
    return OX__FOLD_CONST;
}

/* sum([1, 2]) */
ox__verdict ox__rule_sum(ox__fold *f)
{
    if (f->n_in != 1 || f->in[0].kind != OX_ARG_LIST) return OX__FOLD_NOT;
    ox_arg total = {.kind = OX_ARG_INT};
    for (size_t i = 0; i < f->in[0].n; i++) {
        ox_arg pair[2] = {total, f->in[0].items[i]};
        if (!ox__is_number_arg(&pair[1]) || !ox__fold_number("add", 2, pair, &total)) return OX__FOLD_NOT;
    }
    f->result = total;
    return OX__FOLD_CONST;
}

/* ---- lists of tensors whose number is known ---- */
static bool size_of(const ox__fold *f, ox_value x, int64_t dim, int64_t *size)
{
    ox_type_info t = ox__fold_type(f, x);
    if (t.kind != OX_TYPE_TENSOR || t.rank < 1) return false;
    if (dim < 0) dim += t.rank;
    return dim >= 0 && dim < t.rank && ox_dim_is_const(f->c->m, t.dims[dim], size);
}

/* How many tensors an operator that splits gives; -1: not known. */
static int64_t parts_of(const ox__fold *f)
{
    const char *op = ox__fold_op(f);
    bool unbind = !strcmp(op, "unbind");
    const ox_arg *by = &f->in[1], *dim = unbind ? by : &f->in[2];
    int64_t size;
    if (dim->kind != OX_ARG_INT) return -1;
    if (!unbind && by->kind == OX_ARG_LIST) return (int64_t)by->n;
    if (!size_of(f, ox__fold_input(f, 0), dim->i, &size)) return -1;
    if (unbind) return size;
    if (by->kind != OX_ARG_INT || by->i < 1) return -1;
    if (!strcmp(op, "tensor_split")) return by->i;
    int64_t each = !strcmp(op, "chunk") ? OX__MAX((size + by->i - 1) / by->i, 1) : by->i;
    return OX__MAX((size + each - 1) / each, 1);
}

/* Read by number, or counted: it is unpacked, and a list of what comes out. */
ox__verdict ox__rule_parts(ox__fold *f)
{
    ox_model *m = f->c->m;
    ox_value list = ox_node_output(m, f->n, 0), built;
    if (!ox_value_n_uses(m, list)) return OX__FOLD_NOT;
    for (ox_use u = ox_value_first_use(m, list); u.node.id; u = ox_value_next_use(m, u))
        if (!ox_node_is_return(m, u.node) && ox__is_prim(f->c, u.node, "ListUnpack")) return OX__FOLD_NOT;
    int64_t n = parts_of(f);
    if (n < 1 || n > 1024) return OX__FOLD_NOT;
    ox_node before = f->n, unpack;
    f->n = ox_node_next(m, f->n);
    f->s = f->n.id ? ox_node_create(m, &unpack, ox_node_graph(m, before), f->n, f->c->s_prim,
                                    ox__conv_str(f->c, "ListUnpack"), 0, NULL, (size_t)n, f->c->err)
                   : OX_OK;
    ox_value *v = ox__arena_alloc(&f->c->call, (size_t)n * sizeof *v);
    if (!v) return ox__fold_nomem(f);
    if (!f->n.id) { /* the last node of its block: nothing stands behind it */
        f->n = before;
        return OX__FOLD_NOT;
    }
    ox_type type = ox_value_type(m, list);
    ox_type_info t = ox_type_get(m, type);
    for (int64_t i = 0; f->s == OX_OK && i < n; i++) {
        v[i] = ox_node_output(m, unpack, (size_t)i);
        if (t.kind == OX_TYPE_LIST) f->s = ox_value_set_type(m, v[i], t.items[0], f->c->err);
    }
    if (f->s == OX_OK) f->s = ox_node_set_origin(m, unpack, ox_node_origin(m, before), f->c->err);
    if (f->s == OX_OK) f->s = ox__fold_node(f, "prim", "ListConstruct", (size_t)n, v, type, &built);
    if (f->s == OX_OK) f->s = ox_value_replace_uses(m, list, built, f->c->err);
    if (f->s == OX_OK) f->s = ox_node_set_inputs(m, unpack, 1, &list, f->c->err);
    return OX__FOLD_DONE;
}
