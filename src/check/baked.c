/* Floor 4. Shapes that hold a number of the trace: a constant in Reshape, Expand, Slice, ... that stands where the size
 * of an open dim would, and fits one size of it only.
 *
 * What is held against what: the elements of the shape that nodes compute (sizes.c), and the dims of the data. A dim of
 * the data is open if it is no number; what it was in the trace shows in the strides that a trace prints. A dim is
 * stood for by an element that was taken from a dim like it, by a 0 that copies it, or by the -1. Where an element was
 * computed in a way that is not followed, nothing is said. */
#include "check/habits.h"

#include <stdio.h>

enum { MAX_RANK = 16 };

/* ---- dims ---- */

static ox_dim dim_at(const ox__check *c, ox_value v, int64_t axis)
{
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
    bool there = t.kind == OX_TYPE_TENSOR && axis >= 0 && axis < t.rank;
    return there ? t.dims[axis] : (ox_dim){0};
}

static bool is_open(const ox__check *c, ox_value v, int64_t axis)
{
    ox_dim_kind k = ox_dim_get_kind(c->m, dim_at(c, v, axis));
    return k != OX_DIM_NONE && k != OX_DIM_CONST;
}

/* What a dim was in the trace: its number, or the quotient of two strides of a contiguous tensor. 0: not known. */
static int64_t traced(const ox__check *c, ox_value v, int64_t axis)
{
    int64_t size;
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
    ox_layout_info l = ox_layout_get(c->m, ox_value_layout(c->m, v));
    if (ox_dim_is_const(c->m, dim_at(c, v, axis), &size)) return size;
    if (axis < 1 || t.kind != OX_TYPE_TENSOR || l.n_strides != t.rank || axis >= t.rank) return 0;
    int64_t outer = l.strides[axis - 1], inner = l.strides[axis];
    return outer > 0 && inner > 0 && outer % inner == 0 ? outer / inner : 0;
}

static bool alike(const ox__check *c, ox_value u, int64_t a, ox_value v, int64_t b)
{
    if (u.id == v.id && a == b) return true;
    if (ox_dim_equal(c->m, dim_at(c, u, a), dim_at(c, v, b))) return true;
    if (!is_open(c, u, a) || !is_open(c, v, b)) return false;
    int64_t x = traced(c, u, a), y = traced(c, v, b);
    return x && y ? x == y : a == 0 && b == 0;
}

/* Element i of a Reshape's shape carries dim `axis` of its data. */
static bool stands_for(const ox__check *c, const ox__size *e, size_t i, ox_value data, int64_t axis, bool copies)
{
    if (e->kind == OX__SIZE_CONST) return copies && e->value == 0 && (int64_t)i == axis;
    if (e->kind == OX__SIZE_MADE) return true;
    return ox__known_rank(c, e->of) < 0 || alike(c, e->of, e->axis, data, axis);
}

/* The input of the model that the dim comes from, by what is known; else the value itself. */
static ox_value origin(const ox__check *c, ox_value v, int64_t axis, int64_t *at)
{
    ox_graph g = ox_model_main(c->m);
    *at = axis;
    if (ox_value_is_input(c->m, v)) return v;
    for (size_t i = 0; i < ox_graph_n_inputs(c->m, g) && i < 64; i++) {
        ox_value x = ox_graph_input(c->m, g, i);
        int32_t rank = ox__known_rank(c, x);
        for (int64_t a = 0; a < rank && a < MAX_RANK; a++)
            if (is_open(c, x, a) && alike(c, x, a, v, axis)) {
                *at = a;
                return x;
            }
    }
    return v;
}

/* ---- sentences ---- */

enum { PLACE_SIZE = 240 };

/* ", made at 'net.py' line 12": the constant's own place, else that of the node. */
static void put_place(ox__check *c, const ox__size *e, ox_node n, char *out)
{
    ox_loc_info at = ox_loc_get(c->m, ox_node_loc(c->m, e->maker));
    if (!at.line) at = ox_loc_get(c->m, ox_node_loc(c->m, n));
    out[0] = '\0';
    if (at.line) snprintf(out, PLACE_SIZE, ", made at %s line %u", ox__check_name(c, at.file), at.line);
}

static void put_times(int64_t value, int64_t size, char *out, size_t room)
{
    if (value == size)
        snprintf(out, room, "which is");
    else
        snprintf(out, room, "%lld times", (long long)(value / size));
}

/* The constant e is (a multiple of) what dim `axis` of v was in the trace. */
static void report_traced(ox__check *c, ox__check_id id, ox_node n, const ox__size *e, ox_value v, int64_t axis)
{
    char place[PLACE_SIZE], times[32];
    int64_t size = traced(c, v, axis), at;
    ox_value x = origin(c, v, axis, &at);
    put_place(c, e, n, place);
    put_times(e->value, size, times, sizeof times);
    ox__check_report(
        c, id, OX__AT_NODE(n), NULL,
        "%s: its shape holds the constant %lld%s, %s dim %lld of %s, which is open and was %lld in the trace",
        ox__check_node_name(c, n), (long long)e->value, place, times, (long long)at,
        ox__check_name(c, ox_value_name(c->m, x)), (long long)size);
}

static void report_fits(ox__check *c, ox__check_id id, ox_node n, const ox__size *e, ox_value v, int64_t axis,
                        const char *how, int64_t factor)
{
    char place[PLACE_SIZE], only[48] = "";
    int64_t at;
    ox_value x = origin(c, v, axis, &at);
    put_place(c, e, n, place);
    if (factor) snprintf(only, sizeof only, " of %lld only", (long long)factor);
    ox__check_report(c, id, OX__AT_NODE(n), NULL,
                     "%s: its shape holds the constant %lld%s; dim %lld of %s is open, and %s%s",
                     ox__check_node_name(c, n), (long long)e->value, place, (long long)at,
                     ox__check_name(c, ox_value_name(c->m, x)), how, only);
}

/* ---- Reshape ---- */

static void report_dims(ox__check *c, ox_node n, const ox__sizes *s, bool copies, int32_t rank)
{
    size_t free = 0;
    bool zero = false;
    for (size_t i = 0; i < s->n; i++) {
        if (s->at[i].kind != OX__SIZE_CONST) continue;
        int64_t v = s->at[i].value;
        free += v == -1;
        zero = zero || v == 0;
        if (v < -1)
            ox__check_report(c, OX__CHECK_RESHAPE_DIMS, OX__AT_NODE(n), NULL, "%s: dim %zu of its shape is %lld",
                             ox__check_node_name(c, n), i, (long long)v);
        if (v == 0 && copies && rank >= 0 && i >= (size_t)rank)
            ox__check_report(c, OX__CHECK_RESHAPE_DIMS, OX__AT_NODE(n), NULL,
                             "%s: dim %zu of its shape, 0, copies a dim that its data of rank %d has not",
                             ox__check_node_name(c, n), i, (int)rank);
    }
    if (free > 1)
        ox__check_report(c, OX__CHECK_RESHAPE_DIMS, OX__AT_NODE(n), NULL,
                         "%s: %zu dims of its shape are -1; one can be computed", ox__check_node_name(c, n), free);
    if (free && zero && !copies)
        ox__check_report(c, OX__CHECK_RESHAPE_DIMS, OX__AT_NODE(n), NULL,
                         "%s: its shape has 0, which allowzero=1 takes as no elements, beside a -1",
                         ox__check_node_name(c, n));
}

typedef struct ledger {
    int64_t open[MAX_RANK]; /* axes of the data that are open and that no element stands for */
    size_t n_open;
    int64_t rest;  /* product of the other sizes of the data that no element stands for */
    int64_t fixed; /* product of the constants of the shape */
    bool free;     /* there is a -1 */
} ledger;

/* False: nothing can be said. */
static bool balance(const ox__check *c, ox_value data, int32_t rank, const ox__sizes *s, bool copies, ledger *out)
{
    *out = (ledger){.rest = 1, .fixed = 1};
    if (rank < 1 || rank > MAX_RANK) return false;
    for (int32_t a = 0; a < rank; a++) {
        bool stood = false;
        for (size_t i = 0; i < s->n && !stood; i++) stood = stands_for(c, &s->at[i], i, data, a, copies);
        if (stood) continue;
        int64_t size = traced(c, data, a);
        if (is_open(c, data, a))
            out->open[out->n_open++] = a;
        else if (size <= 0 || __builtin_mul_overflow(out->rest, size, &out->rest))
            return false;
    }
    for (size_t i = 0; i < s->n; i++) {
        if (s->at[i].kind != OX__SIZE_CONST) continue;
        out->free = out->free || s->at[i].value == -1;
        if (s->at[i].value > 0 && __builtin_mul_overflow(out->fixed, s->at[i].value, &out->fixed)) return false;
    }
    return out->n_open != 0;
}

/* The constant to blame: a multiple of `size`, if that is known; else the largest. */
static const ox__size *blame(const ox__sizes *s, int64_t size)
{
    const ox__size *best = NULL;
    for (size_t i = 0; i < s->n; i++) {
        const ox__size *e = &s->at[i];
        if (e->kind != OX__SIZE_CONST || e->value < 1) continue;
        if (size > 1 && e->value % size == 0) return e;
        if (!best || e->value > best->value) best = e;
    }
    return best;
}

static int64_t common(int64_t a, int64_t b)
{
    while (b) {
        int64_t r = a % b;
        a = b;
        b = r;
    }
    return a;
}

/* Nothing takes up what an open dim may be. */
static void reshape_without_free(ox__check *c, ox_node n, ox_value data, const ox__sizes *s, const ledger *l)
{
    for (size_t k = 0; k < l->n_open; k++) {
        int64_t size = traced(c, data, l->open[k]);
        const ox__size *e = blame(s, size);
        if (!e) return;
        if (size > 1 && e->value % size == 0) {
            report_traced(c, OX__CHECK_BAKED_SHAPE, n, e, data, l->open[k]);
            return;
        }
    }
    const ox__size *e = blame(s, 0);
    if (e) report_fits(c, OX__CHECK_BAKED_SHAPE, n, e, data, l->open[0], "the shape fits one size of it", 0);
}

/* One open dim, and a -1 that may carry it: it does if it comes out as a multiple of the dim. */
static void reshape_one_open(ox__check *c, ox_node n, ox_value data, const ox__sizes *s, const ledger *l)
{
    int64_t axis = l->open[0], size = traced(c, data, axis), total;
    int64_t factor = l->fixed / common(l->fixed, l->rest);
    const ox__size *e = blame(s, size);
    if (factor == 1) { /* the -1 comes out as the dim, times a number */
        if (axis == 0 && s->n > 1 && s->at[0].kind == OX__SIZE_CONST && s->at[0].value > 0)
            report_fits(c, OX__CHECK_SUSPECT_SHAPE, n, &s->at[0], data, axis, "the -1 takes it up elsewhere", 0);
        return;
    }
    if (size > 1 && !__builtin_mul_overflow(l->rest, size, &total) && e && e->value % size == 0)
        report_traced(c, OX__CHECK_BAKED_SHAPE, n, e, data, axis);
    else if (e)
        report_fits(c, OX__CHECK_BAKED_SHAPE, n, e, data, axis, "the shape fits multiples", factor);
}

/* Model-wide: reshapes that repeat the batch size of a model whose inputs have fixed sizes. */
static void count_batch(ox__check *c, ox_node n, ox_value data, const ox__sizes *s)
{
    ox_graph g = ox_model_main(c->m);
    int64_t batch = traced(c, data, 0), product = batch, first = s->n ? s->at[0].value : 0;
    int32_t rank = ox__known_rank(c, data);
    if (rank < 2 || is_open(c, data, 0) || batch < 2 || ox__known_tensor(c, data).id) return;
    for (size_t i = 0; i < s->n; i++)
        if (s->at[i].kind != OX__SIZE_CONST) return;
    bool holds = s->n > 0 && first == batch;
    for (int32_t a = 1; a < rank && s->n > 1 && !holds; a++) {
        if (__builtin_mul_overflow(product, traced(c, data, a), &product)) return;
        holds = first == product && first > batch && a + 1 < rank;
    }
    for (size_t i = 0; holds && i < ox_graph_n_inputs(c->m, g) && i < 64; i++) {
        ox_value x = ox_graph_input(c->m, g, i);
        if (is_open(c, x, 0) || traced(c, x, 0) != batch) continue;
        if (c->baked->n_fixed++) return;
        c->baked->node = n;
        c->baked->input = x;
        c->baked->value = first;
        c->baked->maker = s->at[0].maker;
        return;
    }
}

void ox__habit_baked_begin(ox__check *c, struct ox__baked *b)
{
    ox_graph g = ox_model_main(c->m);
    *b = (struct ox__baked){0};
    c->baked = b;
    for (size_t i = 0; i < ox_graph_n_inputs(c->m, g) && b->n_open < OX__BAKED_OPEN; i++) {
        ox_value x = ox_graph_input(c->m, g, i);
        for (int64_t a = 1; a < ox__known_rank(c, x) && a < MAX_RANK && b->n_open < OX__BAKED_OPEN; a++) {
            int64_t size = is_open(c, x, a) ? traced(c, x, a) : 0;
            if (size < 2) continue;
            b->open[b->n_open].input = x;
            b->open[b->n_open].axis = a;
            b->open[b->n_open++].size = size;
        }
    }
}

void ox__habit_baked_end(ox__check *c)
{
    char place[PLACE_SIZE], more[48] = "", times[32];
    if (!c->baked->n_fixed || c->stopped) return;
    ox__size e = {.kind = OX__SIZE_CONST, .value = c->baked->value, .maker = c->baked->maker};
    int64_t batch = traced(c, c->baked->input, 0);
    put_place(c, &e, c->baked->node, place);
    put_times(e.value, batch, times, sizeof times);
    if (c->baked->n_fixed > 1) snprintf(more, sizeof more, ", as in %zu more", c->baked->n_fixed - 1);
    ox__check_report(c, OX__CHECK_SUSPECT_SHAPE, OX__AT_NODE(c->baked->node), NULL,
                     "%s: its shape holds the constant %lld%s, %s dim 0 of %s%s: the batch size is fixed",
                     ox__check_node_name(c, c->baked->node), (long long)e.value, place, times,
                     ox__check_name(c, ox_value_name(c->m, c->baked->input)), more);
}

void ox__habit_reshape(ox__check *c, ox_node n)
{
    ox_value data = ox_node_input(c->m, n, 0);
    int32_t rank = ox__known_rank(c, data);
    bool copies = c->onnx || ox_node_is(c->m, n, "", "Reshape");
    copies = copies && ox__known_attr(c, n, "allowzero", 0) == 0;
    ox__sizes s;
    ledger l;
    if (!ox__check_wants_any(c, OX__CHECK_RESHAPE_DIMS, OX__CHECK_SUSPECT_SHAPE)) return;
    if (!ox__sizes_of(c, ox_node_input(c->m, n, 1), &s)) return;
    report_dims(c, n, &s, copies, rank);
    if (!balance(c, data, rank, &s, copies, &l)) {
        count_batch(c, n, data, &s);
        return;
    }
    if (!l.free)
        reshape_without_free(c, n, data, &s, &l);
    else if (l.n_open == 1)
        reshape_one_open(c, n, data, &s, &l);
    else if (l.open[0] == 0 && s.n > 1 && s.at[0].kind == OX__SIZE_CONST && s.at[0].value > 0)
        report_fits(c, OX__CHECK_SUSPECT_SHAPE, n, &s.at[0], data, 0, "the -1 takes it up elsewhere", 0);
}

/* ---- Expand, ConstantOfShape, Slice, Resize ---- */

/* A constant above 1 that is just what an open dim of an input was in the trace. */
static void equals_open(ox__check *c, ox_node n, const ox__size *e)
{
    for (size_t i = 0; e->kind == OX__SIZE_CONST && i < c->baked->n_open; i++) {
        if (c->baked->open[i].size != e->value) continue;
        report_traced(c, OX__CHECK_SUSPECT_SHAPE, n, e, c->baked->open[i].input, c->baked->open[i].axis);
        return;
    }
}

/* The Concat that joins v, whose dim 0 is a constant, along another axis with a value whose dim 0 is open. */
static ox_value joined_with(const ox__check *c, ox_value v)
{
    for (ox_use u = ox_value_first_use(c->m, v); u.node.id; u = ox_value_next_use(c->m, u)) {
        if (!ox_node_is(c->m, u.node, "", "Concat") || ox__known_attr(c, u.node, "axis", 0) == 0) continue;
        for (size_t i = 0; i < ox_node_n_inputs(c->m, u.node); i++) {
            ox_value other = ox_node_input(c->m, u.node, i);
            int32_t rank = ox__known_rank(c, other);
            if (is_open(c, other, 0) && ox__known_attr(c, u.node, "axis", 0) != -rank) return other;
        }
    }
    return (ox_value){0};
}

/* A constant that was expanded before the trace was written: joined, along another axis, with an open dim 0. */
void ox__habit_concat(ox__check *c, ox_node n)
{
    int64_t axis = ox__known_attr(c, n, "axis", 0);
    size_t n_in = ox_node_n_inputs(c->m, n), fixed = n_in, open = n_in;
    if (!c->wanted[OX__CHECK_BAKED_SHAPE] || axis == 0) return;
    for (size_t i = 0; i < n_in && (fixed == n_in || open == n_in); i++) {
        ox_value v = ox_node_input(c->m, n, i);
        ox_tensor_info t = ox_tensor_get(c->m, ox__known_tensor(c, v));
        if (t.rank > 1 && axis != -(int64_t)t.rank && fixed == n_in) fixed = i;
        if (is_open(c, v, 0) && open == n_in) open = i;
    }
    if (fixed == n_in || open == n_in) return;
    ox_value constant = ox_node_input(c->m, n, fixed), other = ox_node_input(c->m, n, open);
    int64_t at;
    ox_value x = origin(c, other, 0, &at);
    ox__check_report(c, OX__CHECK_BAKED_SHAPE, (ox__place_of){.node = n, .value = constant}, NULL,
                     "%s: dim 0 of the constant %s is %lld, and it is joined with dim %lld of %s, which is open",
                     ox__check_node_name(c, n), ox__check_name(c, ox_value_name(c->m, constant)),
                     (long long)ox_tensor_get(c->m, ox__known_tensor(c, constant)).dims[0], (long long)at,
                     ox__check_name(c, ox_value_name(c->m, x)));
}

void ox__habit_expand(ox__check *c, ox_node n)
{
    bool sized = ox_node_is(c->m, n, "", "ConstantOfShape");
    ox__sizes s;
    if (!ox__check_wants_any(c, OX__CHECK_BAKED_SHAPE, OX__CHECK_SUSPECT_SHAPE)) return;
    if (!ox__sizes_of(c, ox_node_input(c->m, n, sized ? 0 : 1), &s) || !s.n) return;
    bool fixed = s.at[0].kind == OX__SIZE_CONST && s.at[0].value > 0;
    bool open = !sized && is_open(c, ox_node_input(c->m, n, 0), 0);
    ox_value other = fixed && !open ? joined_with(c, ox_node_output(c->m, n, 0)) : (ox_value){0};
    if (other.id) {
        report_fits(c, OX__CHECK_BAKED_SHAPE, n, &s.at[0], other, 0, "what is made is concatenated with it", 0);
        return;
    }
    for (size_t i = 0; i < s.n && !c->stopped; i++) equals_open(c, n, &s.at[i]);
}

void ox__habit_slice(ox__check *c, ox_node n)
{
    ox_value data = ox_node_input(c->m, n, 0);
    int64_t ends[OX__KNOWN_MAX], axes[OX__KNOWN_MAX];
    size_t n_ends, n_axes = 0;
    if (!c->wanted[OX__CHECK_SUSPECT_SHAPE]) return;
    if (!ox__known_ints(c, ox_node_input(c->m, n, 2), OX__KNOWN_MAX, ends, &n_ends)) return;
    bool all = !ox_node_input(c->m, n, 3).id;
    if (!all && !ox__known_ints(c, ox_node_input(c->m, n, 3), OX__KNOWN_MAX, axes, &n_axes)) return;
    for (size_t i = 0; i < n_ends && (all || i < n_axes); i++) {
        int64_t axis = all ? (int64_t)i : axes[i] < 0 ? axes[i] + ox__known_rank(c, data) : axes[i];
        if (ends[i] < 2 || !is_open(c, data, axis) || traced(c, data, axis) != ends[i]) continue;
        ox__size e = {
            .kind = OX__SIZE_CONST, .value = ends[i], .maker = ox_value_node(c->m, ox_node_input(c->m, n, 2))};
        report_traced(c, OX__CHECK_SUSPECT_SHAPE, n, &e, data, axis);
    }
}

void ox__habit_resize_sizes(ox__check *c, ox_node n)
{
    ox_value data = ox_node_input(c->m, n, 0), sizes = ox_node_input(c->m, n, 3);
    ox__sizes s;
    if (!c->wanted[OX__CHECK_BAKED_SHAPE] || !sizes.id || ox_node_attr(c->m, n, "axes")) return;
    if (!is_open(c, data, 0) || !ox__sizes_of(c, sizes, &s) || !s.n || s.at[0].kind != OX__SIZE_CONST) return;
    report_fits(c, OX__CHECK_BAKED_SHAPE, n, &s.at[0], data, 0, "is resized to it", 0);
}
