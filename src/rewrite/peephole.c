/* Floor 4. Peepholes. Each looks at one node and the ones that make its inputs. */
#include "rewrite/peephole.h"

typedef struct peep {
    ox__facts *f;
    ox_model *m;
    uint64_t *count;
    ox_error *err;
} peep;

static bool is_op(const peep *p, ox_node n, const char *op)
{
    return n.id && ox_node_is(p->m, n, "", op);
}

/* The node that makes input i, in the same graph. */
static ox_node maker(const peep *p, ox_node n, size_t i)
{
    ox_node from = ox_value_node(p->m, ox_node_input(p->m, n, i));
    return from.id && ox_node_graph(p->m, from).id == ox_node_graph(p->m, n).id ? from : (ox_node){0};
}

/* Makes the readers of n read v. What a graph returns must be made by a node of that graph, and no value is returned
 * twice; what it knew of its type stays known. */
static ox_status bypass(peep *p, ox_node n, ox_value v)
{
    ox_value out = ox_node_output(p->m, n, 0);
    if (ox_value_is_output(p->m, out)) {
        ox_node from = ox_value_node(p->m, v);
        if (!from.id || ox_node_graph(p->m, from).id != ox_node_graph(p->m, n).id || ox_value_is_output(p->m, v))
            return OX_OK;
    }
    ox_type had = ox_value_type(p->m, v), now = ox__type_merge(p->m, had, ox_value_type(p->m, out), NULL);
    ox_status s = now.id == had.id ? OX_OK : ox_value_set_type(p->m, v, now, p->err);
    if (s == OX_OK) s = ox_value_replace_uses(p->m, out, v, p->err);
    ++*p->count;
    return s == OX_OK ? ox_node_delete(p->m, n, p->err) : s;
}

static ox_status do_identity(peep *p, ox_node n)
{
    return bypass(p, n, ox_node_input(p->m, n, 0));
}

static ox_status do_cast(peep *p, ox_node n)
{
    const ox_attr *to = ox_node_attr(p->m, n, "to");
    ox_type_info t = ox_type_get(p->m, ox_value_type(p->m, ox_node_input(p->m, n, 0)));
    bool same = to && to->kind == OX_ATTR_INT && t.kind == OX_TYPE_TENSOR && t.dtype && to->u.i == t.dtype;
    return same ? bypass(p, n, ox_node_input(p->m, n, 0)) : OX_OK;
}

/* ---- transposes ---- */
enum { MAX_RANK = 16 };

/* The permutation of a Transpose; false if it is not known. */
static bool perm_of(const peep *p, ox_node n, int64_t *perm, uint32_t *rank)
{
    const ox_attr *a = ox_node_attr(p->m, n, "perm");
    if (a) {
        if (a->kind != OX_ATTR_INTS || a->n > MAX_RANK) return false;
        *rank = a->n;
        memcpy(perm, a->u.ints, a->n * sizeof *perm);
        return true;
    }
    ox_type_info t = ox_type_get(p->m, ox_value_type(p->m, ox_node_input(p->m, n, 0)));
    if (t.kind != OX_TYPE_TENSOR || t.rank < 0 || t.rank > MAX_RANK) return false;
    *rank = (uint32_t)t.rank;
    for (uint32_t i = 0; i < *rank; i++) perm[i] = *rank - 1 - i;
    return true;
}

static bool is_identity(const int64_t *perm, uint32_t rank)
{
    for (uint32_t i = 0; i < rank; i++)
        if (perm[i] != i) return false;
    return true;
}

static ox_status do_transpose(peep *p, ox_node n)
{
    int64_t outer[MAX_RANK], inner[MAX_RANK], both[MAX_RANK];
    uint32_t rank, inner_rank;
    if (!perm_of(p, n, outer, &rank)) return OX_OK;
    if (is_identity(outer, rank)) return bypass(p, n, ox_node_input(p->m, n, 0));
    ox_node from = maker(p, n, 0);
    if (!is_op(p, from, "Transpose") || !perm_of(p, from, inner, &inner_rank) || inner_rank != rank) return OX_OK;
    for (uint32_t i = 0; i < rank; i++) {
        if (outer[i] < 0 || outer[i] >= rank) return OX_OK;
        both[i] = inner[outer[i]];
    }
    if (is_identity(both, rank)) return bypass(p, n, ox_node_input(p->m, from, 0));
    ox_attr a = {.name = ox_str_addz(p->m, "perm"), .kind = OX_ATTR_INTS, .n = rank, .u.ints = both};
    ox_status s = ox_node_set_attr(p->m, n, &a, p->err);
    ++*p->count;
    return s == OX_OK ? ox_node_set_input(p->m, n, 0, ox_node_input(p->m, from, 0), p->err) : s;
}

/* Gemm reads its matrices either way round. */
static ox_status do_gemm(peep *p, ox_node n)
{
    static const char *const names[2] = {"transA", "transB"};
    for (size_t i = 0; i < 2; i++) {
        int64_t perm[MAX_RANK];
        uint32_t rank;
        ox_node from = maker(p, n, i);
        if (!is_op(p, from, "Transpose") || !perm_of(p, from, perm, &rank) || rank != 2 || perm[0] != 1) continue;
        const ox_attr *had = ox_node_attr(p->m, n, names[i]);
        ox_attr a = {.name = ox_str_addz(p->m, names[i]),
                     .kind = OX_ATTR_INT,
                     .u.i = !(had && had->kind == OX_ATTR_INT && had->u.i)};
        ox_status s = ox_node_set_attr(p->m, n, &a, p->err);
        if (s == OX_OK) s = ox_node_set_input(p->m, n, i, ox_node_input(p->m, from, 0), p->err);
        if (s != OX_OK) return s;
        ++*p->count;
    }
    return OX_OK;
}

/* ---- shapes ---- */

/* The second of two reshapes decides, unless it copies a dim of the first result. */
static ox_status do_reshape(peep *p, ox_node n)
{
    ox_node from = maker(p, n, 0);
    const int64_t *shape;
    size_t rank;
    bool flat = is_op(p, from, "Reshape") || is_op(p, from, "Flatten") || is_op(p, from, "Squeeze") ||
                is_op(p, from, "Unsqueeze");
    if (!flat || !ox__facts_ints(p->f, ox_node_input(p->m, n, 1), &shape, &rank)) return OX_OK;
    for (size_t i = 0; i < rank; i++)
        if (shape[i] == 0) return OX_OK;
    ++*p->count;
    return ox_node_set_input(p->m, n, 0, ox_node_input(p->m, from, 0), p->err);
}

static ox_status do_concat(peep *p, ox_node n)
{
    return ox_node_n_inputs(p->m, n) == 1 ? bypass(p, n, ox_node_input(p->m, n, 0)) : OX_OK;
}

static const struct {
    const char *op;
    ox_status (*run)(peep *p, ox_node n);
} rows[] = {
    {"Identity", do_identity}, {"Cast", do_cast},       {"Transpose", do_transpose},
    {"Gemm", do_gemm},         {"Reshape", do_reshape}, {"Concat", do_concat},
};

static ox_status walk(peep *p, ox_graph g)
{
    ox_node next;
    for (ox_node n = ox_graph_first(p->m, g); n.id; n = next) {
        next = ox_node_next(p->m, n);
        ox_status s = OX_OK;
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(p->m, n); i++) s = walk(p, ox_node_block(p->m, n, i));
        const char *op = ox_str_text(p->m, ox_node_op(p->m, n), NULL);
        for (size_t i = 0; s == OX_OK && i < OX__COUNT(rows); i++) {
            if (rows[i].op[0] != op[0] || !is_op(p, n, rows[i].op)) continue;
            if (ox_node_n_outputs(p->m, n) == 1 && ox_node_input(p->m, n, 0).id) s = rows[i].run(p, n);
            break;
        }
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

ox_status ox__peephole(ox__facts *f, ox_graph g, uint64_t *count, ox_error *err)
{
    peep p = {f, ox__facts_model(f), count, err};
    return walk(&p, g);
}
