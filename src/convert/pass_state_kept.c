/* Floor 5. --state io: what an attribute is after the call must be what the next call takes for it. A type that does
 * not fit is a failure that names the one which would: that of the second call, as a rule, when the first begins with
 * something empty. */
#include "convert/pass.h"

#include <onnxsh/print.h>

#include <stdio.h>

/* False if no value of type `is` can be given where `want` is asked for. */
static bool can_fit(const ox_model *m, ox_type_info is, ox_type_info want)
{
    int64_t a, b;
    if (is.kind != want.kind) return is.kind == OX_TYPE_NONE_KNOWN || want.kind == OX_TYPE_NONE_KNOWN;
    if (is.kind != OX_TYPE_TENSOR) return true;
    if (is.dtype && want.dtype && is.dtype != want.dtype) return false;
    if (is.rank < 0 || want.rank < 0) return true;
    if (is.rank != want.rank) return false;
    for (int32_t i = 0; i < is.rank; i++)
        if (ox_dim_is_const(m, is.dims[i], &a) && ox_dim_is_const(m, want.dims[i], &b) && a != b) return false;
    return true;
}

/* "--input state.h=float32[2,1,128]" of a type; "" if it is not known wholly. */
static void spec_of(const ox_model *m, const char *name, ox_type_info t, char *out, size_t size)
{
    ox__buf b = {0};
    int64_t d;
    *out = '\0';
    if (t.kind != OX_TYPE_TENSOR || !t.dtype || t.rank < 0) return;
    ox__buf_addf(&b, "--input %s=%s[", name, ox_dtype_name(t.dtype, OX_DTYPE_NUMPY));
    bool known = true;
    for (int32_t i = 0; i < t.rank; i++) {
        known = known && ox_dim_is_const(m, t.dims[i], &d);
        if (known) ox__buf_addf(&b, "%s%lld", i ? "," : "", (long long)d);
    }
    ox__buf_addc(&b, ']');
    if (known && !b.failed) snprintf(out, size, "%s: as it is after this call", b.p);
    ox__buf_free(&b);
}

static ox_status check(ox__conv *c, ox_value in, ox_value out)
{
    char hint[256], is[128], want[128];
    ox_type from = ox_value_type(c->m, in), to = ox_value_type(c->m, out);
    if (can_fit(c->m, ox_type_get(c->m, to), ox_type_get(c->m, from))) return OX_OK;
    const char *name = ox_str_text(c->m, ox_value_name(c->m, in), NULL);
    spec_of(c->m, name, ox_type_get(c->m, to), hint, sizeof hint);
    ox_type_text(c->m, from, want, sizeof want);
    ox_type_text(c->m, to, is, sizeof is);
    return ox__report_note(c, OX_FAILURE_REFUSED, ox_value_node(c->m, out), hint,
                           "%s is %s before the call and %s after it: the next call could not take it", name, want, is);
}

ox_status ox__pass_state_kept(ox__conv *c, uint64_t *changed)
{
    ox_graph g = ox_model_main(c->m);
    size_t n = ox_graph_n_outputs(c->m, g);
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < c->state.n && i < n; i++) {
        const ox__state *row = &c->state.p[c->state.n - 1 - i];
        if (!ox_value_is_alive(c->m, row->input) || !ox_value_is_input(c->m, row->input)) continue;
        s = check(c, row->input, ox_graph_output(c->m, g, n - 1 - i));
        if (s == OX_OK) s = ox_value_set_doc(c->m, row->input, row->doc, c->err);
        ++*changed;
    }
    return s;
}
