/* Floor 5. Sizes that the trace baked in. With --dynamic a dim is a symbol; where it must equal a number all the same
 * (zeros of the traced batch that are added, a view of so many rows), the export holds for that size alone: a warning
 * at the node says so. */
#include "convert/pass.h"

#include <onnxsh/print.h>

typedef struct shape {
    int32_t rank; /* < 0: not known */
    const ox_dim *dims;
} shape;

static shape shape_of(const ox__conv *c, ox_value v)
{
    ox_type_info t = ox_type_get(c->m, v.id ? ox_value_type(c->m, v) : (ox_type){0});
    return (shape){v.id && t.kind == OX_TYPE_TENSOR ? t.rank : -1, t.dims};
}

static bool is_symbolic(const ox__conv *c, ox_dim d)
{
    ox_dim_kind k = ox_dim_get_kind(c->m, d);
    return k != OX_DIM_CONST && k != OX_DIM_UNKNOWN;
}

static ox_status report(ox__conv *c, ox_node n, ox_dim d, int64_t size, uint64_t *found)
{
    char text[256];
    ox_dim_text(c->m, d, text, sizeof text);
    ++*found;
    return ox__report_note(c, OX_FAILURE_WARNING, n, "make it depend on the input's size in the model",
                           "%s can only be %lld here: the trace has the size as a number", text, (long long)size);
}

/* Two dims that have to be equal; where they broadcast, one of 1 says nothing. */
static ox_status meet(ox__conv *c, ox_node n, ox_dim a, ox_dim b, bool broadcast, uint64_t *found)
{
    int64_t v;
    if (is_symbolic(c, b)) {
        ox_dim t = a;
        a = b;
        b = t;
    }
    if (!is_symbolic(c, a) || !ox_dim_is_const(c->m, b, &v) || (broadcast && v == 1)) return OX_OK;
    return report(c, n, a, v, found);
}

/* ---- what operators ask of their inputs ---- */

/* All inputs broadcast against the first that has as many dims. */
static ox_status of_broadcast(ox__conv *c, ox_node n, size_t skip, uint64_t *found)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_node_n_inputs(c->m, n); i++)
        for (size_t j = i + 1; s == OX_OK && j < ox_node_n_inputs(c->m, n); j++) {
            shape a = shape_of(c, ox_node_input(c->m, n, i)), b = shape_of(c, ox_node_input(c->m, n, j));
            for (int32_t k = (int32_t)skip + 1; s == OX_OK && k <= a.rank && k <= b.rank; k++)
                s = meet(c, n, a.dims[a.rank - k], b.dims[b.rank - k], true, found);
        }
    return s;
}

static ox_status of_concat(ox__conv *c, ox_node n, uint64_t *found)
{
    const ox_attr *at = ox_node_attr(c->m, n, "axis");
    shape a = shape_of(c, ox_node_input(c->m, n, 0));
    int64_t axis = at && at->kind == OX_ATTR_INT ? at->u.i : 0;
    if (axis < 0) axis += a.rank;
    ox_status s = OX_OK;
    for (size_t i = 1; s == OX_OK && i < ox_node_n_inputs(c->m, n); i++) {
        shape b = shape_of(c, ox_node_input(c->m, n, i));
        for (int32_t d = 0; s == OX_OK && d < a.rank && d < b.rank; d++)
            if (d != axis) s = meet(c, n, a.dims[d], b.dims[d], false, found);
    }
    return s;
}

static ox_status of_expand(ox__conv *c, ox_node n, uint64_t *found)
{
    shape a = shape_of(c, ox_node_input(c->m, n, 0)), b = shape_of(c, ox_node_output(c->m, n, 0));
    ox_status s = OX_OK;
    for (int32_t k = 1; s == OX_OK && k <= a.rank && k <= b.rank; k++)
        s = meet(c, n, a.dims[a.rank - k], b.dims[b.rank - k], true, found);
    return s;
}

/* A shape of numbers only has one number of elements. The dim that is a symbol alone can be told. */
static ox_status of_reshape(ox__conv *c, ox_node n, uint64_t *found)
{
    shape a = shape_of(c, ox_node_input(c->m, n, 0)), b = shape_of(c, ox_node_output(c->m, n, 0));
    int64_t have = 1, want = 1, v;
    ox_dim free = {0};
    if (a.rank < 0 || b.rank < 0) return OX_OK;
    for (int32_t d = 0; d < b.rank; d++)
        if (!ox_dim_is_const(c->m, b.dims[d], &v) || __builtin_mul_overflow(want, v, &want)) return OX_OK;
    for (int32_t d = 0; d < a.rank; d++)
        if (!ox_dim_is_const(c->m, a.dims[d], &v)) {
            if (free.id || !is_symbolic(c, a.dims[d])) return OX_OK;
            free = a.dims[d];
        } else if (__builtin_mul_overflow(have, v, &have)) {
            return OX_OK;
        }
    return free.id && have > 0 ? report(c, n, free, want / have, found) : OX_OK;
}

/* The batch of a sequence, and those of the states that it begins with. */
static ox_status of_recurrent(ox__conv *c, ox_node n, uint64_t *found)
{
    shape x = shape_of(c, ox_node_input(c->m, n, 0));
    ox_status s = OX_OK;
    for (size_t i = 5; s == OX_OK && i < 7 && i < ox_node_n_inputs(c->m, n); i++) {
        shape h = shape_of(c, ox_node_input(c->m, n, i));
        if (x.rank == 3 && h.rank == 3) s = meet(c, n, x.dims[1], h.dims[1], false, found);
    }
    return s;
}

static bool one_of(const char *op, const char *list)
{
    size_t n = strlen(op);
    for (const char *p = list; (p = strstr(p, op)); p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n])) return true;
    return false;
}

static ox_status look_at(ox__conv *c, ox_node n, uint64_t *found)
{
    static const char broadcast[] = "Add Sub Mul Div Pow Mod Where And Or Xor Equal Less LessOrEqual Greater "
                                    "GreaterOrEqual Min Max Sum Mean PRelu";
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), NULL);
    size_t len;
    ox_str_text(c->m, ox_node_domain(c->m, n), &len);
    if (len) return OX_OK;
    if (one_of(op, broadcast)) return of_broadcast(c, n, 0, found);
    if (one_of(op, "MatMul")) return of_broadcast(c, n, 2, found);
    if (one_of(op, "Concat")) return of_concat(c, n, found);
    if (one_of(op, "Expand")) return of_expand(c, n, found);
    if (one_of(op, "Reshape")) return of_reshape(c, n, found);
    return one_of(op, "LSTM GRU RNN") ? of_recurrent(c, n, found) : OX_OK;
}

static ox_status walk(ox__conv *c, ox_graph g, uint64_t *found)
{
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(c->m, g); s == OX_OK && n.id; n = ox_node_next(c->m, n)) {
        s = ox__conv_tick(c, "baked");
        if (s == OX_OK) s = look_at(c, n, found);
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(c->m, n); i++)
            s = walk(c, ox_node_block(c->m, n, i), found);
    }
    return s;
}

ox_status ox__pass_baked(ox__conv *c, uint64_t *changed)
{
    return c->dynamic && ox_model_get_kind(c->src) == OX_MODEL_TRACE ? walk(c, ox_model_main(c->m), changed) : OX_OK;
}
