/* Floor 4. Casts: there and straight back, and islands of float64 between float32 values. */
#include "check/habits.h"

enum { ISLAND_MAX = 256 };

static ox_dtype target(const ox__check *c, ox_node cast)
{
    int64_t to = ox__known_attr(c, cast, "to", 0);
    return ox_dtype_is_valid((int)to) ? (ox_dtype)to : OX_UNDEFINED;
}

/* Every value of a is one of b. */
static bool widens(ox_dtype a, ox_dtype b)
{
    if (a == b) return true;
    if (a == OX_FLOAT) return b == OX_DOUBLE;
    if (a == OX_FLOAT16 || a == OX_BFLOAT16) return b == OX_FLOAT || b == OX_DOUBLE;
    if (a == OX_INT32) return b == OX_INT64 || b == OX_DOUBLE;
    if (a == OX_BOOL) return ox_dtype_is_integer(b) || ox_dtype_is_float(b);
    if (a == OX_INT8 || a == OX_UINT8)
        return b == OX_INT16 || b == OX_INT32 || b == OX_INT64 || b == OX_FLOAT16 || b == OX_FLOAT || b == OX_DOUBLE;
    return false;
}

static void there_and_back(ox__check *c, ox_node n, ox_node before)
{
    ox_value start = ox_node_input(c->m, before, 0);
    ox_dtype from = ox__known_dtype(c, start), by = target(c, before), to = target(c, n);
    if (!from || from != to || from == by) return;
    ox__check_report(c, OX__CHECK_DOUBLE_CAST, OX__AT_NODE(n), NULL, "%s casts %s back to %s, from %s: %s",
                     ox__check_node_name(c, n), ox__check_name(c, ox_value_name(c->m, start)),
                     ox_dtype_name(to, OX_DTYPE_ONNX), ox_dtype_name(by, OX_DTYPE_ONNX),
                     widens(from, by) ? "it is what it was" : "it was rounded or cut to that type");
}

/* ---- islands: from a Cast to double along all uses, to Casts back ---- */
typedef struct island {
    ox_node node[ISLAND_MAX]; /* that compute in double */
    size_t n;
    bool closed; /* so far every way out is a cast to another float, or a result that is not double */
    bool back;   /* and one of them is a cast to float32 or less */
} island;

/* The output of n is double because its input i is. */
static bool carries(const ox__check *c, ox_node n, size_t i, size_t o)
{
    const ox_op_schema *s = ox__known_schema(c, n);
    ox_op_param in, out;
    return s && ox_op_schema_input_for(s, i, &in) && ox_op_schema_output_for(s, o, &out) && in.var >= 0 &&
           in.var == out.var;
}

static void enter(island *w, ox_node n)
{
    for (size_t i = 0; i < w->n; i++)
        if (w->node[i].id == n.id) return;
    if (w->n == ISLAND_MAX)
        w->closed = false;
    else
        w->node[w->n++] = n;
}

static void follow(ox__check *c, island *w, ox_value v)
{
    for (ox_use u = ox_value_first_use(c->m, v); u.node.id && w->closed; u = ox_value_next_use(c->m, u)) {
        bool known = ox__known_schema(c, u.node) != NULL;
        if (ox_node_is_return(c->m, u.node) || !known) {
            w->closed = false;
        } else if (ox_node_is(c->m, u.node, "", "Cast")) {
            ox_dtype to = target(c, u.node);
            w->back = w->back || to == OX_FLOAT || to == OX_FLOAT16 || to == OX_BFLOAT16;
            w->closed = to != OX_DOUBLE;
        } else {
            enter(w, u.node);
        }
    }
}

static void double_island(ox__check *c, ox_node n)
{
    ox_value start = ox_node_input(c->m, n, 0);
    ox_dtype from = ox__known_dtype(c, start);
    if (from != OX_FLOAT && from != OX_FLOAT16 && from != OX_BFLOAT16) return;
    island w = {.closed = true};
    follow(c, &w, ox_node_output(c->m, n, 0));
    for (size_t k = 0; k < w.n && w.closed; k++)
        for (size_t o = 0; o < ox_node_n_outputs(c->m, w.node[k]) && w.closed; o++) {
            ox_value v = ox_node_output(c->m, w.node[k], o);
            bool is_double = v.id && ox__known_dtype(c, v) == OX_DOUBLE;
            for (size_t i = 0; v.id && !is_double && i < ox_node_n_inputs(c->m, w.node[k]); i++)
                is_double =
                    carries(c, w.node[k], i, o) && ox__known_dtype(c, ox_node_input(c->m, w.node[k], i)) == OX_DOUBLE;
            if (is_double) follow(c, &w, v);
        }
    /* An island of several Casts is one; it is named once, by its first node. */
    if (!w.closed || !w.back || w.n == 0 || !ox__check_once(c, ox__hash_mix('d', w.node[0].id))) return;
    ox__check_report(c, OX__CHECK_DOUBLE_ISLAND, OX__AT_NODE(n), NULL,
                     "%s casts %s from %s to DOUBLE for %zu node%s, the first %s; what comes out is cast back",
                     ox__check_node_name(c, n), ox__check_name(c, ox_value_name(c->m, start)),
                     ox_dtype_name(from, OX_DTYPE_ONNX), w.n, w.n == 1 ? "" : "s", ox__check_node_name(c, w.node[0]));
}

void ox__habit_cast(ox__check *c, ox_node n)
{
    ox_node before = ox_value_node(c->m, ox_node_input(c->m, n, 0));
    if (before.id && ox_node_is(c->m, before, "", "Cast")) there_and_back(c, n, before);
    if (target(c, n) == OX_DOUBLE && c->wanted[OX__CHECK_DOUBLE_ISLAND]) double_island(c, n);
}
