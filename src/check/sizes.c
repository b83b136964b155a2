/* Floor 4. The elements of a shape that nodes compute: constants, dims of other values, and what arithmetic made of
 * them. A query takes a bounded number of steps, and all of them together a bounded number for each node of the model;
 * what is beyond is not known. */
#include "check/habits.h"

enum { MAX_NEST = 24, MAX_STEPS = 256, STEPS_PER_NODE = 32 };

typedef struct query {
    ox__check *c;
    int steps, nest;
} query;

static bool push(ox__sizes *out, ox__size e)
{
    if (out->n == OX__KNOWN_MAX) return false;
    out->at[out->n++] = e;
    return true;
}

static bool push_made(ox__sizes *out, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (!push(out, (ox__size){.kind = OX__SIZE_MADE})) return false;
    return true;
}

static bool is_any(const ox_model *m, ox_node n, const char *domain, const char *const *ops)
{
    for (; *ops; ops++)
        if (ox_node_is(m, n, domain, *ops)) return true;
    return false;
}

static bool append(query *q, ox_value v, ox__sizes *out);

/* So many elements as the declared type has, each unknown. */
static bool from_type(query *q, ox_value v, ox__sizes *out)
{
    ox_type_info t = ox_type_get(q->c->m, ox_value_type(q->c->m, v));
    int64_t n = 1;
    if (t.kind == OX_TYPE_INT) return push_made(out, 1);
    if (t.kind != OX_TYPE_TENSOR || t.rank < 0 || t.rank > 1) return false;
    if (t.rank == 1 && !ox_dim_is_const(q->c->m, t.dims[0], &n)) return false;
    return n >= 0 && n <= OX__KNOWN_MAX && push_made(out, (size_t)n);
}

static bool from_shape(query *q, ox_node n, ox__sizes *out)
{
    ox_value of = ox_node_input(q->c->m, n, 0);
    int32_t rank = ox__known_rank(q->c, of);
    int64_t start = ox__known_attr(q->c, n, "start", 0), end = ox__known_attr(q->c, n, "end", rank);
    if (rank < 0) return false;
    start = start < 0 ? OX__MAX(start + rank, 0) : start;
    end = OX__MIN(end < 0 ? end + rank : end, (int64_t)rank);
    for (int64_t i = start; i < end; i++)
        if (!push(out, (ox__size){.kind = OX__SIZE_OF, .axis = i, .of = of})) return false;
    return true;
}

/* One dim of `of`, by number; a negative one counts from the end. */
static bool push_dim(query *q, ox_value of, int64_t axis, ox__sizes *out)
{
    int32_t rank = ox__known_rank(q->c, of);
    if (axis < 0 && rank >= 0) axis += rank;
    if (axis < 0) return push_made(out, 1);
    return push(out, (ox__size){.kind = OX__SIZE_OF, .axis = axis, .of = of});
}

static bool from_gather(query *q, ox_node n, ox__sizes *out)
{
    const ox_model *m = q->c->m;
    int64_t at[OX__KNOWN_MAX];
    size_t k;
    ox__sizes data = {0};
    ox_value from = ox_node_input(m, n, 0);
    ox_node maker = ox_value_node(m, from);
    if (!ox__known_ints(q->c, ox_node_input(m, n, 1), OX__KNOWN_MAX, at, &k)) return false;
    bool shape = maker.id && ox_node_is(m, maker, "", "Shape") && ox_node_attr(m, maker, "start") == NULL;
    if (!shape && !append(q, from, &data)) return push_made(out, k);
    for (size_t i = 0; i < k; i++) {
        int64_t j = !shape && at[i] < 0 ? at[i] + (int64_t)data.n : at[i];
        if (shape ? !push_dim(q, ox_node_input(m, maker, 0), at[i], out)
                  : !(j >= 0 && j < (int64_t)data.n && push(out, data.at[j])))
            return false;
    }
    return true;
}

static bool from_slice(query *q, ox_node n, ox__sizes *out)
{
    const ox_model *m = q->c->m;
    ox__sizes data = {0};
    int64_t start, end, step = 1;
    size_t k;
    if (!ox__known_ints(q->c, ox_node_input(m, n, 1), 1, &start, &k) || k != 1) return false;
    if (!ox__known_ints(q->c, ox_node_input(m, n, 2), 1, &end, &k) || k != 1) return false;
    if (ox_node_input(m, n, 4).id && (!ox__known_ints(q->c, ox_node_input(m, n, 4), 1, &step, &k) || k != 1))
        return false;
    if (step != 1 || !append(q, ox_node_input(m, n, 0), &data)) return false;
    int64_t len = (int64_t)data.n;
    start = start < 0 ? OX__MAX(start + len, 0) : OX__MIN(start, len);
    end = end < 0 ? end + len : OX__MIN(end, len);
    for (int64_t i = start; i < end; i++)
        if (!push(out, data.at[i])) return false;
    return true;
}

static bool from_list(query *q, ox_node n, ox__sizes *out)
{
    for (size_t i = 0; i < ox_node_n_inputs(q->c->m, n); i++)
        if (!append(q, ox_node_input(q->c->m, n, i), out)) return false;
    return true;
}

/* Arithmetic on elements: constants on both sides are left as made too, for nobody wrote that number. */
static bool from_arithmetic(query *q, ox_node n, ox__sizes *out)
{
    ox__sizes a = {0}, b = {0};
    if (!append(q, ox_node_input(q->c->m, n, 0), &a)) return false;
    if (ox_node_n_inputs(q->c->m, n) > 1 && !append(q, ox_node_input(q->c->m, n, 1), &b)) return false;
    return push_made(out, OX__MAX(a.n, b.n));
}

/* What PyTorch writes for expand(2, -1): Where(shape == -1, 1, shape). The shape's own numbers are in the last input.
 */
static bool from_where(query *q, ox_node n, ox__sizes *out)
{
    size_t had = out->n;
    if (!append(q, ox_node_input(q->c->m, n, 2), out)) return false;
    for (size_t i = had; i < out->n; i++)
        if (out->at[i].kind == OX__SIZE_CONST && out->at[i].value == -1) out->at[i].value = 1;
    return true;
}

static bool from_node(query *q, ox_node n, ox_value v, ox__sizes *out)
{
    static const char *const pass[] = {"Identity", "Cast", "Unsqueeze", "Squeeze", "Reshape", NULL},
                             *const math[] = {"Add", "Sub", "Mul", "Div", "Mod", "Floor", "Ceil", NULL},
                             *const pass_prim[] = {"NumToTensor", NULL},
                             *const pass_aten[] = {"Int", "to", "detach", "IntImplicit", NULL},
                             *const math_aten[] = {"add", "sub", "mul", "floor_divide", "div", "remainder", NULL};
    const ox_model *m = q->c->m;
    if (is_any(m, n, "", pass) || is_any(m, n, "prim", pass_prim) || is_any(m, n, "aten", pass_aten))
        return append(q, ox_node_input(m, n, 0), out);
    if (ox_node_is(m, n, "", "Shape")) return from_shape(q, n, out);
    if (ox_node_is(m, n, "", "Gather")) return from_gather(q, n, out);
    if (ox_node_is(m, n, "", "Slice")) return from_slice(q, n, out);
    if (ox_node_is(m, n, "", "Where")) return from_where(q, n, out);
    if (ox_node_is(m, n, "", "Concat") || ox_node_is(m, n, "prim", "ListConstruct")) return from_list(q, n, out);
    if (ox_node_is(m, n, "aten", "size") && ox_node_n_inputs(m, n) == 2) {
        int64_t axis;
        size_t k;
        if (ox__known_ints(q->c, ox_node_input(m, n, 1), 1, &axis, &k) && k == 1)
            return push_dim(q, ox_node_input(m, n, 0), axis, out);
    }
    if (is_any(m, n, "", math) || is_any(m, n, "aten", math_aten)) return from_arithmetic(q, n, out);
    return from_type(q, v, out);
}

static bool append(query *q, ox_value v, ox__sizes *out)
{
    int64_t ints[OX__KNOWN_MAX];
    size_t n, had = out->n;
    if (!v.id || ++q->steps > MAX_STEPS || q->nest >= MAX_NEST) return false;
    ox_node maker = ox_value_node(q->c->m, v);
    if (ox__known_ints(q->c, v, OX__KNOWN_MAX, ints, &n)) {
        for (size_t i = 0; i < n; i++)
            if (!push(out, (ox__size){.kind = OX__SIZE_CONST, .value = ints[i], .maker = maker})) return false;
        return true;
    }
    if (!maker.id) return from_type(q, v, out);
    q->nest++;
    bool known = from_node(q, maker, v, out);
    q->nest--;
    if (known) return true;
    out->n = had;
    return from_type(q, v, out);
}

bool ox__sizes_of(ox__check *c, ox_value v, ox__sizes *out)
{
    query q = {.c = c};
    out->n = 0;
    if (c->size_steps > MAX_STEPS + STEPS_PER_NODE * (uint64_t)ox_model_n_nodes(c->m)) return false;
    bool known = append(&q, v, out);
    c->size_steps += (uint64_t)q.steps;
    return known;
}
