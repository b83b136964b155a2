/* Floor 3. Inference of one node and of a graph: gathers the inputs, calls the operator's row, merges what it found
 * with what the outputs' types said before. */
#include "ir/ir.h"
#include "ops/infer.h"

#include <onnxsh/schema.h>

/* ---- merging ---- */
static ox_dim merge_dim(ox_model *m, ox_dim a, ox_dim b, bool *clash)
{
    ox_dim_kind ka = ox_dim_get_kind(m, a), kb = ox_dim_get_kind(m, b);
    if (ka == OX_DIM_NONE || ka == OX_DIM_UNKNOWN) return kb == OX_DIM_NONE ? a : b;
    if (kb == OX_DIM_NONE || kb == OX_DIM_UNKNOWN) return a;
    if (ox_dim_differ(m, a, b)) *clash = true;
    return ka != OX_DIM_CONST && kb == OX_DIM_CONST ? b : a;
}

static ox_type merge_tensor(ox_model *m, ox_type a, const ox_type_info *ia, const ox_type_info *ib, bool *clash)
{
    ox_type_info out = *ia;
    if (!out.dtype)
        out.dtype = ib->dtype;
    else if (ib->dtype && ib->dtype != out.dtype)
        *clash = true;
    if (!out.denotation.id) out.denotation = ib->denotation;
    ox_dim small[8], *dims = small;
    if (ia->rank == OX_RANK_UNKNOWN) {
        out.rank = ib->rank;
        out.dims = ib->dims;
        out.dim_denotations = ib->dim_denotations;
    } else if (ib->rank == ia->rank) {
        if (ia->rank > 8 && !(dims = ox__alloc((size_t)ia->rank * sizeof *dims))) {
            ox__model_oom(m);
            return (ox_type){0};
        }
        for (int32_t i = 0; i < ia->rank; i++) dims[i] = merge_dim(m, ia->dims[i], ib->dims[i], clash);
        out.dims = dims;
    } else if (ib->rank != OX_RANK_UNKNOWN) {
        *clash = true;
    }
    bool same = out.dtype == ia->dtype && out.rank == ia->rank && out.denotation.id == ia->denotation.id &&
                (out.rank <= 0 || out.dims == ia->dims || !memcmp(out.dims, ia->dims, (size_t)out.rank * sizeof *dims));
    ox_type t = same ? a : ox_type_add(m, &out);
    if (dims != small) ox__free(dims);
    return t;
}

ox_type ox__type_merge(ox_model *m, ox_type a, ox_type b, bool *clash)
{
    bool ignored;
    if (!clash) clash = &ignored;
    if (a.id == b.id || b.id == 0) return a;
    if (a.id == 0) return b;
    ox_type_info ia = ox_type_get(m, a), ib = ox_type_get(m, b);
    if (ia.kind == OX_TYPE_NONE_KNOWN) return b;
    if (ib.kind == OX_TYPE_NONE_KNOWN) return a;
    if (ia.kind != ib.kind) {
        *clash = true;
        return a;
    }
    if (ia.kind == OX_TYPE_TENSOR || ia.kind == OX_TYPE_SPARSE) return merge_tensor(m, a, &ia, &ib, clash);
    if ((ia.kind == OX_TYPE_SEQUENCE || ia.kind == OX_TYPE_OPTIONAL) && ia.n_items == 1 && ib.n_items == 1) {
        ox_type item = ox__type_merge(m, ia.items[0], ib.items[0], clash);
        return item.id == ia.items[0].id ? a : ox_type_of(m, ia.kind, item);
    }
    return a;
}

ox_type ox__type_join(ox_model *m, ox_type a, ox_type b, const char *reason)
{
    if (a.id == b.id || a.id == 0 || b.id == 0) return a.id == b.id ? a : (ox_type){0};
    ox_type_info ia = ox_type_get(m, a), ib = ox_type_get(m, b);
    if (ia.kind != ib.kind) return (ox_type){0};
    if (ia.kind == OX_TYPE_SEQUENCE || ia.kind == OX_TYPE_OPTIONAL)
        return ox_type_of(m, ia.kind, ox__type_join(m, ia.items[0], ib.items[0], reason));
    if (ia.kind != OX_TYPE_TENSOR) return (ox_type){0};
    ox_type_info out = {
        .kind = OX_TYPE_TENSOR, .dtype = ia.dtype == ib.dtype ? ia.dtype : OX_UNDEFINED, .rank = OX_RANK_UNKNOWN};
    if (ia.rank < 0 || ia.rank != ib.rank) return ox_type_add(m, &out);
    ox_dim *dims = ox__alloc(((size_t)ia.rank + 1) * sizeof *dims);
    if (!dims) {
        ox__model_oom(m);
        return (ox_type){0};
    }
    for (int32_t i = 0; i < ia.rank; i++)
        dims[i] = ox_dim_equal(m, ia.dims[i], ib.dims[i]) ? ia.dims[i] : ox_dim_unknown(m, reason);
    out.rank = ia.rank;
    out.dims = dims;
    ox_type t = ox_type_add(m, &out);
    ox__free(dims);
    return t;
}

static int category(ox_dtype d)
{
    if (ox_dtype_is_complex(d)) return 3;
    if (ox_dtype_is_float(d)) return 2;
    return ox_dtype_is_integer(d) ? 1 : 0;
}

static bool is_unsigned(ox_dtype d)
{
    return d == OX_UINT8 || d == OX_UINT16 || d == OX_UINT32 || d == OX_UINT64;
}

ox_dtype ox__dtype_promote(ox_dtype a, ox_dtype b)
{
    if (a == b || !b) return a;
    if (!a) return b;
    int ca = category(a), cb = category(b);
    if (ca != cb) return ca > cb ? a : b;
    unsigned wa = ox_dtype_bits(a), wb = ox_dtype_bits(b);
    if (ca == 2 && wa == wb) return OX_FLOAT; /* float16 and bfloat16 */
    if (ca == 1 && is_unsigned(a) != is_unsigned(b)) {
        unsigned wu = is_unsigned(a) ? wa : wb, ws = is_unsigned(a) ? wb : wa;
        if (ws > wu) return is_unsigned(a) ? b : a;
        return wu == 8 ? OX_INT16 : wu == 16 ? OX_INT32 : OX_INT64;
    }
    return wa >= wb ? a : b;
}

/* ---- one node ---- */
static ox_status store(ox__inf *c, size_t *clash)
{
    for (size_t i = 0; i < c->n_out; i++) {
        ox_value v = ox_node_output(c->m, c->node, i);
        if (!v.id || !c->out[i].id) continue;
        bool differs = false;
        ox_type had = ox_value_type(c->m, v), now = ox__type_merge(c->m, c->out[i], had, &differs);
        if (differs && clash && !*clash) *clash = i + 1;
        if (now.id == had.id) continue;
        ox_status s = ox_value_set_type(c->m, v, now, c->err);
        if (s != OX_OK) return s;
    }
    return ox__facts_status(c->facts, c->err);
}

/* Results of constants, where they are small. */
static ox_status evaluate(ox__facts *f, ox_node n, const ox__op_row *row, int64_t opset, ox_error *err)
{
    ox_model *m = f ? ox__facts_model(f) : NULL;
    size_t n_in = ox_node_n_inputs(m, n), n_out = ox_node_n_outputs(m, n);
    if (!row->eval || n_in == 0 || n_out > 16 || (row->flags & OX__OP_RANDOM)) return OX_OK;
    for (size_t i = 0; i < n_in; i++) {
        ox_value v = ox_node_input(m, n, i);
        if (!v.id) continue;
        ox_tensor t;
        ox_status s = ox__facts_materialize(f, v, &t, err);
        if (s != OX_OK) return s;
        if (!t.id || ox_tensor_raw_size(m, t) > OX__FACT_MAX_BYTES) return OX_OK;
    }
    ox_tensor outs[16] = {{0}};
    ox_status s = ox__eval_node(f, n, opset, OX__FACT_MAX_BYTES, outs, err);
    if (ox__eval_declined(s)) return OX_OK;
    for (size_t i = 0; s == OX_OK && i < n_out; i++)
        if (outs[i].id) s = ox__facts_set_tensor(f, ox_node_output(m, n, i), outs[i], err);
    return s;
}

int64_t ox__opset_for(const ox_model *m, ox_node n, int64_t opset)
{
    size_t len;
    ox_str_text(m, ox_node_domain(m, n), &len);
    return len ? ox_node_opset(m, n) : opset;
}

ox_status ox__infer_node(ox__facts *f, ox_node n, const ox__infer_options *opt, size_t *clash, ox_error *err)
{
    if (clash) *clash = 0;
    const ox__op_row *row = ox__facts_op(f, n);
    if (!row) return OX_OK;
    ox__arena *mem = ox__facts_enter(f);
    if (!mem) return ox__fail(err, OX_E_LIMIT, "blocks are nested deeper than 100");
    ox_model *m = ox__facts_model(f);
    ox__inf c = {.facts = f,
                 .m = m,
                 .node = n,
                 .opset = ox__opset_for(m, n, opt->opset),
                 .n_in = ox_node_n_inputs(m, n),
                 .n_out = ox_node_n_outputs(m, n),
                 .mem = mem,
                 .opt = opt,
                 .err = err};
    ox_status s = OX_OK;
    ox_type_info *in = ox__arena_alloc(mem, (c.n_in + 1) * sizeof *in);
    c.out = ox__arena_alloc(mem, (c.n_out + 1) * sizeof *c.out);
    if (!in || !c.out) OX__TRY(ox__nomem(err));
    memset(c.out, 0, c.n_out * sizeof *c.out);
    for (size_t i = 0; i < c.n_in; i++) in[i] = ox_type_get(m, ox_value_type(m, ox_node_input(m, n, i)));
    c.in = in;
    if (row->infer) OX__TRY(row->infer(&c));
    OX__TRY(store(&c, clash));
    if (opt->evaluate) OX__TRY(evaluate(f, n, row, opt->opset, err));
out:
    ox__facts_leave(f);
    return s;
}

/* ---- a graph ---- */
ox_status ox__infer_graph(ox__facts *f, ox_graph g, const ox__infer_options *opt, const ox_task *task, ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    uint64_t done = 0;
    for (ox_node n = ox_graph_first(m, g); n.id; n = ox_node_next(m, n)) {
        if (task && task->step && (done++ & 1023) == 0 && !task->step(task->ud, "infer", done, ox_graph_n_nodes(m, g)))
            return ox__fail(err, OX_E_INTERRUPTED, "interrupted");
        ox_status s = ox__infer_node(f, n, opt, NULL, err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}
