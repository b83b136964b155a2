/* Floor 3. One node: attributes with their references, and evaluation on constants, for folding and inference. */
#include "ops/exec.h"
#include "ops/infer.h"

const ox_attr *ox__ev_attr(const ox__ev *e, const char *name, ox_attr_kind kind)
{
    const ox_attr *a = ox_node_attr(e->m, e->node, name);
    if (a && a->ref.id) a = e->frame ? ox__frame_attr(e->frame, a->ref) : NULL;
    return a && a->kind == kind ? a : NULL;
}

static void see(ox__dense *out, const ox_data *d)
{
    *out = (ox__dense){0};
    if (d && d->kind == OX_DATA_TENSOR) *out = (ox__dense){d->dtype, d->rank, d->dims, d->n, d->data};
}

ox_status ox__eval_call(ox__ev *e)
{
    ox_status s = OX_OK;
    ox__dense *in = ox__arena_alloc(e->mem, (e->n_in + 1) * sizeof *in);
    e->out = ox__arena_alloc(e->mem, (e->n_out + 1) * sizeof *e->out);
    if (!in || !e->out) return ox__nomem(e->err);
    for (size_t i = 0; i < e->n_in; i++) see(&in[i], e->arg[i]);
    memset(e->out, 0, (e->n_out + 1) * sizeof *e->out);
    e->in = in;
    s = e->row->eval(e);
    if (e->oom) s = ox__nomem(e->err);
    /* A wanted result that was not made is a hole that would be read later. */
    for (size_t o = 0; s == OX_OK && o < e->n_out; o++)
        if (!e->res[o] && ox__ev_wants(e, o)) s = ox__ev_unsupported(e, "output %zu is not computed here", o);
    return s;
}

/* ---- on constants ---- */
static ox_status read_input(ox__facts *f, ox_value v, ox_data **out, ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    ox_tensor t;
    ox_status s = ox__facts_materialize(f, v, &t, err);
    if (s != OX_OK) return s;
    ox_storage storage = ox_tensor_get(m, t).storage;
    if (!t.id || storage == OX_STORAGE_LOST || storage == OX_STORAGE_SPARSE)
        return ox__fail(err, OX_E_UNSUPPORTED, "an input is not constant");
    return ox_data_of_tensor(out, m, t, SIZE_MAX / 2, err);
}

ox_status ox__eval_node(ox__facts *f, ox_node n, int64_t opset, uint64_t max_bytes, ox_tensor *outs, ox_error *err)
{
    ox_model *m = ox__facts_model(f);
    const ox__op_row *row = ox__facts_op(f, n);
    size_t n_in = ox_node_n_inputs(m, n), n_out = ox_node_n_outputs(m, n);
    if (!row || !row->eval || (row->flags & OX__OP_RANDOM)) return OX_E_UNSUPPORTED;
    ox__arena mem = {0};
    ox_status s = OX_OK;
    ox_data **arg = ox__arena_alloc(&mem, (n_in + 1) * sizeof(ox_data *)),
            **res = ox__arena_alloc(&mem, (n_out + 1) * sizeof(ox_data *));
    if (arg) memset(arg, 0, (n_in + 1) * sizeof(ox_data *));
    if (res) memset(res, 0, (n_out + 1) * sizeof(ox_data *));
    memset(outs, 0, n_out * sizeof *outs);
    if (!arg || !res) OX__TRY(ox__nomem(err));
    for (size_t i = 0; i < n_in; i++) {
        ox_value v = ox_node_input(m, n, i);
        if (v.id) OX__TRY(read_input(f, v, &arg[i], err));
    }
    ox__ev e = {.m = m,
                .node = n,
                .row = row,
                .opset = ox__opset_for(m, n, opset),
                .n_in = n_in,
                .n_out = n_out,
                .arg = arg,
                .res = res,
                .max_bytes = max_bytes,
                .mem = &mem,
                .err = err};
    OX__TRY(ox__eval_call(&e));
    for (size_t i = 0; i < n_out; i++)
        if (res[i] && res[i]->kind == OX_DATA_TENSOR) OX__TRY(ox_data_to_tensor(m, &outs[i], res[i], err));
out:
    for (size_t i = 0; arg && i < n_in; i++) ox_data_free(arg[i]);
    for (size_t i = 0; res && i < n_out; i++) ox_data_free(res[i]);
    ox__arena_free(&mem);
    return s;
}
