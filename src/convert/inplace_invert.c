/* Floor 5. Views backwards: what the viewed value is once the view holds something else. */
#include "convert/args.h"
#include "convert/inplace.h"

/* How a view is undone. */
typedef enum undo {
    NO,     /* it cannot be, but is a view */
    SLICE,  /* slice_scatter with the same bounds */
    SELECT, /* select_scatter */
    NARROW, /* slice_scatter of start, start + length */
    DIAGONAL,
    AGAIN,   /* the same operator with the same arguments */
    PERMUTE, /* by the inverse permutation */
    MOVE,    /* movedim with source and destination exchanged */
    RESHAPE, /* to the shape of what it is a view of */
    PART,    /* a part of a split: slice_scatter behind the parts before it */
    UNBOUND, /* select_scatter of the part's number */
    SAME     /* the value itself */
} undo;

static const struct view {
    const char *op;
    undo by;
    bool if_dense; /* a copy, not a view, unless the memory of its input has no gaps */
} views[] = {
    {"slice", SLICE, false},       {"select", SELECT, false},     {"narrow", NARROW, false},
    {"diagonal", DIAGONAL, false}, {"transpose", AGAIN, false},   {"swapaxes", AGAIN, false},
    {"swapdims", AGAIN, false},    {"t", AGAIN, false},           {"numpy_T", AGAIN, false},
    {"mT", AGAIN, false},          {"permute", PERMUTE, false},   {"movedim", MOVE, false},
    {"moveaxis", MOVE, false},     {"squeeze", RESHAPE, false},   {"unsqueeze", RESHAPE, false},
    {"view", RESHAPE, false},      {"view_as", RESHAPE, false},   {"unflatten", RESHAPE, false},
    {"reshape", RESHAPE, true},    {"reshape_as", RESHAPE, true}, {"flatten", RESHAPE, true},
    {"ravel", RESHAPE, true},      {"contiguous", SAME, true},    {"alias", SAME, false},
    {"detach", SAME, false},       {"split", PART, false},        {"split_with_sizes", PART, false},
    {"chunk", PART, false},        {"unbind", UNBOUND, false},    {"expand", NO, false},
    {"expand_as", NO, false},      {"unfold", NO, false},
};

static const struct view *find(const ox__conv *c, ox_node n)
{
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), NULL);
    if (!ox__node_in(c, n, c->s_aten)) return NULL;
    for (size_t i = 0; i < OX__COUNT(views); i++)
        if (strcmp(op, views[i].op) == 0) return &views[i];
    return NULL;
}

/* Operators whose result lies in memory as their inputs do, and those that the writes before became. */
static bool keeps_order(const ox__conv *c, ox_node n)
{
    static const char *const names[] = {
        "clone", "zeros_like", "ones_like", "full_like",     "empty_like",     "add",
        "sub",   "mul",        "div",       "relu",          "sigmoid",        "tanh",
        "exp",   "neg",        "abs",       "sqrt",          "rsub",           "fill",
        "zero",  "copy",       "pow",       "slice_scatter", "select_scatter", "diagonal_scatter"};
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), NULL);
    for (size_t i = 0; ox__node_in(c, n, c->s_aten) && i < OX__COUNT(names); i++)
        if (strcmp(op, names[i]) == 0) return true;
    return false;
}

enum { MAX_DENSE = 8 }; /* operators that are looked through */

/* The memory of v has no gaps and lies in order: what the graph takes, and what these operators make anew. */
static bool is_dense(const ox__conv *c, ox_value v, int depth)
{
    static const char *const makers[] = {
        "zeros",  "ones",          "full",      "empty",        "new_zeros", "new_ones", "new_full",
        "arange", "rand",          "randn",     "linear",       "matmul",    "mm",       "bmm",
        "addmm",  "cat",           "stack",     "embedding",    "conv1d",    "conv2d",   "_convolution",
        "tensor", "scalar_tensor", "new_empty", "index_select", "repeat"};
    ox_node n = ox_value_node(c->m, v);
    if (!n.id) return true;
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), NULL);
    if (ox__is_prim(c, n, "Constant")) return true;
    for (size_t i = 0; ox__node_in(c, n, c->s_aten) && i < OX__COUNT(makers); i++)
        if (strcmp(op, makers[i]) == 0) return true;
    if (keeps_order(c, n)) {
        for (size_t i = 0; depth < MAX_DENSE && i < ox_node_n_inputs(c->m, n); i++) {
            ox_value of = ox_node_input(c->m, n, i);
            ox_type_kind kind = ox_type_get(c->m, ox_value_type(c->m, of)).kind;
            if (kind == OX_TYPE_TENSOR && !is_dense(c, of, depth + 1)) return false;
        }
        return depth < MAX_DENSE;
    }
    const struct view *x = find(c, n);
    return depth < MAX_DENSE && x && (x->by == RESHAPE || x->by == SAME) &&
           is_dense(c, ox_node_input(c->m, n, 0), depth + 1);
}

bool ox__view_is_certain(const ox__conv *c, ox_node n)
{
    const struct view *x = find(c, n);
    return x && (!x->if_dense || is_dense(c, ox_node_input(c->m, n, 0), 0));
}

/* ---- nodes ---- */
ox_status ox__wplace_node(ox__conv *c, const ox__wplace *at, ox_str domain, const char *op, size_t n_in,
                          const ox_value *in, ox_type type, ox_value *out)
{
    ox_node n;
    ox_status s = ox_node_create(c->m, &n, at->g, at->before, domain, ox__conv_str(c, op), n_in, in, 1, c->err);
    if (s == OX_OK) s = ox_node_set_scope(c->m, n, ox_node_scope(c->m, at->at), c->err);
    if (s == OX_OK) s = ox_node_set_loc(c->m, n, ox_node_loc(c->m, at->at), c->err);
    if (s == OX_OK) s = ox_node_set_origin(c->m, n, ox_node_origin(c->m, at->at), c->err);
    *out = s == OX_OK ? ox_node_output(c->m, n, 0) : (ox_value){0};
    return s == OX_OK && type.id ? ox_value_set_type(c->m, *out, type, c->err) : s;
}

static ox_status make(ox__conv *c, const ox__wplace *at, const char *op, size_t n_in, const ox_value *in, ox_value *out)
{
    return ox__wplace_node(c, at, c->s_aten, op, n_in, in, (ox_type){0}, out);
}

static ox_status make_int(ox__conv *c, const ox__wplace *at, int64_t i, ox_value *out)
{
    ox_attr a = {.name = c->s_value, .kind = OX_ATTR_INT, .u.i = i};
    ox_status s = ox__wplace_node(c, at, c->s_prim, "Constant", 0, NULL, ox_type_simple(c->m, OX_TYPE_INT), out);
    return s == OX_OK ? ox_node_set_attr(c->m, ox_value_node(c->m, *out), &a, c->err) : s;
}

/* A constant input as an argument; false if it is none. */
static bool constant(ox__conv *c, ox_node n, size_t i, ox_arg *out)
{
    ox_error e;
    ox_value v = ox_node_input(c->m, n, i);
    return v.id && ox__arg_read(c, v, out, &e) == OX_OK && out->kind != OX_ARG_VALUE;
}

static bool constant_int(ox__conv *c, ox_node n, size_t i, int64_t *out)
{
    ox_arg a;
    bool is = constant(c, n, i, &a) && a.kind == OX_ARG_INT;
    if (is) *out = a.i;
    return is;
}

/* ---- each kind ---- */
static ox_status put_bounds(ox__conv *c, const ox__wplace *at, const ox__whop *h, ox_value src, ox_value dim,
                            ox_value start, ox_value end, ox_value *out)
{
    ox_value one;
    ox_status s = make_int(c, at, 1, &one);
    ox_value in[] = {h->fresh, src, dim, start, end, one};
    return s == OX_OK ? make(c, at, "slice_scatter", 6, in, out) : s;
}

/* A start that is computed may be negative: the remainder by the size is what it counts from the front. */
static ox_status put_narrow(ox__conv *c, const ox__wplace *at, const ox__whop *h, ox_value src, ox_value *out)
{
    ox_type i = ox_type_simple(c->m, OX_TYPE_INT);
    ox_value dim = ox_node_input(c->m, h->view, 1), start = ox_node_input(c->m, h->view, 2),
             length = ox_node_input(c->m, h->view, 3), size, end;
    int64_t from, count;
    ox_status s;
    if (constant_int(c, h->view, 2, &from) && constant_int(c, h->view, 3, &count)) {
        s = make_int(c, at, from < 0 && from + count == 0 ? INT64_MAX : from + count, &end);
        return s == OX_OK ? put_bounds(c, at, h, src, dim, start, end, out) : s;
    }
    s = ox__wplace_node(c, at, c->s_aten, "size", 2, (ox_value[]){h->fresh, dim}, i, &size);
    if (s == OX_OK) s = ox__wplace_node(c, at, c->s_aten, "remainder", 2, (ox_value[]){start, size}, i, &start);
    if (s == OX_OK) s = ox__wplace_node(c, at, c->s_aten, "add", 2, (ox_value[]){start, length}, i, &end);
    return s == OX_OK ? put_bounds(c, at, h, src, dim, start, end, out) : s;
}

/* permute, with dims that are known. */
static ox_status put_permute(ox__conv *c, const ox__wplace *at, const ox__whop *h, ox_value src, ox_value *out)
{
    enum { MAX_RANK = 16 };
    ox_arg a;
    ox_value back[MAX_RANK], in[2] = {src};
    int64_t perm[MAX_RANK];
    if (!constant(c, h->view, 1, &a) || a.kind != OX_ARG_LIST || a.n > MAX_RANK) return OX_OK;
    for (size_t i = 0; i < a.n; i++) perm[i] = -1;
    for (size_t i = 0; i < a.n; i++) {
        int64_t d = a.items[i].kind == OX_ARG_INT ? a.items[i].i : -1;
        if (d < 0) d += (int64_t)a.n;
        if (d < 0 || d >= (int64_t)a.n) return OX_OK;
        perm[d] = (int64_t)i;
    }
    ox_status s = OX_OK;
    size_t n = a.n;
    for (size_t i = 0; s == OX_OK && i < n; i++) s = make_int(c, at, perm[i], &back[i]);
    ox_type ints = ox_type_of(c->m, OX_TYPE_LIST, ox_type_simple(c->m, OX_TYPE_INT));
    if (s == OX_OK) s = ox__wplace_node(c, at, c->s_prim, "ListConstruct", n, back, ints, &in[1]);
    return s == OX_OK ? make(c, at, "permute", 2, in, out) : s;
}

/* Where part number h->part of a split along `dim` begins and ends; false if it is not known. */
static bool part_bounds(ox__conv *c, const ox__whop *h, int64_t *start, int64_t *end)
{
    ox_arg a;
    int64_t dim = 0;
    const char *op = ox_str_text(c->m, ox_node_op(c->m, h->view), NULL);
    if (!constant(c, h->view, 1, &a)) return false;
    if (ox_node_n_inputs(c->m, h->view) > 2 && !constant_int(c, h->view, 2, &dim)) return false;
    if (a.kind == OX_ARG_LIST) {
        *start = 0;
        for (size_t i = 0; i <= h->part; i++) {
            if (i >= a.n || a.items[i].kind != OX_ARG_INT) return false;
            if (i < h->part) *start += a.items[i].i;
            *end = *start + a.items[i].i;
        }
        return true;
    }
    if (a.kind != OX_ARG_INT || a.i < 1) return false;
    int64_t size = a.i;
    if (strcmp(op, "chunk") == 0) {
        ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, h->fresh));
        int64_t total;
        if (t.kind != OX_TYPE_TENSOR || t.rank < 1) return false;
        if (dim < 0) dim += t.rank;
        if (dim < 0 || dim >= t.rank || !ox_dim_is_const(c->m, t.dims[dim], &total)) return false;
        size = (total + a.i - 1) / a.i;
    }
    return !__builtin_mul_overflow(size, (int64_t)h->part, start) && !__builtin_add_overflow(*start, size, end);
}

static ox_status put_part(ox__conv *c, const ox__wplace *at, const ox__whop *h, ox_value src, ox_value *out)
{
    int64_t start, end;
    ox_value dim = ox_node_input(c->m, h->view, 2), from = {0}, to = {0};
    if (!part_bounds(c, h, &start, &end)) return OX_OK;
    ox_status s = dim.id ? OX_OK : make_int(c, at, 0, &dim);
    if (s == OX_OK) s = make_int(c, at, start, &from);
    if (s == OX_OK) s = make_int(c, at, end, &to);
    return s == OX_OK ? put_bounds(c, at, h, src, dim, from, to, out) : s;
}

static ox_status put_unbound(ox__conv *c, const ox__wplace *at, const ox__whop *h, ox_value src, ox_value *out)
{
    ox_value dim = ox_node_input(c->m, h->view, 1), number = {0};
    ox_status s = dim.id ? OX_OK : make_int(c, at, 0, &dim);
    if (s == OX_OK) s = make_int(c, at, (int64_t)h->part, &number);
    ox_value in[] = {h->fresh, src, dim, number};
    return s == OX_OK ? make(c, at, "select_scatter", 4, in, out) : s;
}

ox_status ox__view_put(ox__conv *c, const ox__wplace *at, const ox__whop *h, ox_value src, ox_value *out)
{
    const struct view *x = find(c, h->view);
    ox_value in[8] = {h->fresh, src};
    size_t n = ox_node_n_inputs(c->m, h->view);
    *out = (ox_value){0};
    if (!x || n == 0 || n > 6) return OX_OK;
    for (size_t i = 1; i < n; i++) in[i + 1] = ox_node_input(c->m, h->view, i);
    switch (x->by) {
    case NO: return OX_OK;
    case SAME: *out = src; return OX_OK;
    case SLICE: return make(c, at, "slice_scatter", n + 1, in, out);
    case SELECT: return make(c, at, "select_scatter", n + 1, in, out);
    case DIAGONAL: return make(c, at, "diagonal_scatter", n + 1, in, out);
    case AGAIN: return make(c, at, ox_str_text(c->m, ox_node_op(c->m, h->view), NULL), n, in + 1, out);
    case MOVE: {
        ox_value back[] = {src, in[3], in[2]};
        return make(c, at, "movedim", 3, back, out);
    }
    case RESHAPE: {
        ox_value back[] = {src, h->fresh};
        return make(c, at, "reshape_as", 2, back, out);
    }
    case NARROW: return put_narrow(c, at, h, src, out);
    case PERMUTE: return put_permute(c, at, h, src, out);
    case PART: return put_part(c, at, h, src, out);
    case UNBOUND: return put_unbound(c, at, h, src, out);
    }
    return OX_OK;
}
