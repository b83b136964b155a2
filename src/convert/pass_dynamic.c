/* Floor 5. Inputs whose dims are symbols. The trace saw one size of them: dims that it recorded for values that depend
 * on such an input hold for that size alone, so they are forgotten here and inferred anew from the symbols. */
#include "convert/forget.h"
#include "convert/pass.h"

/* Input i without the module objects that a script still reads; {0} behind the last. */
static ox_value plain_input(const ox__conv *c, size_t i)
{
    ox_graph g = ox_model_main(c->m);
    for (size_t k = 0; k < ox_graph_n_inputs(c->m, g); k++) {
        ox_value v = ox_graph_input(c->m, g, k);
        if (ox_type_get(c->m, ox_value_type(c->m, v)).kind == OX_TYPE_CLASS) continue;
        if (i-- == 0) return v;
    }
    return (ox_value){0};
}

/* x for x.1: TorchScript puts a number behind names. */
static bool is_base(const char *own, const char *name)
{
    size_t n = strlen(name), len = strlen(own);
    return len > n + 1 && own[n] == '.' && memcmp(own, name, n) == 0 &&
           strspn(own + n + 1, "0123456789") == len - n - 1;
}

/* The only input that is called so but for its number. */
static bool find_base(const ox__conv *c, const char *name, ox_value *out)
{
    ox_graph g = ox_model_main(c->m);
    size_t found = 0;
    for (size_t i = 0; i < ox_graph_n_inputs(c->m, g); i++) {
        ox_value v = ox_graph_input(c->m, g, i);
        if (!is_base(ox_str_text(c->m, ox_value_name(c->m, v), NULL), name)) continue;
        *out = v;
        found++;
    }
    return found == 1;
}

/* The input that --dynamic names, under its new name or that of the file. */
static ox_status find_input(ox__conv *c, const char *name, ox_value *out)
{
    for (size_t i = 0; i < c->opt->n_input_names; i++)
        if (strcmp(c->opt->input_names[i], name) == 0) {
            *out = plain_input(c, i);
            if (out->id) return OX_OK;
        }
    ox__buf b = {0};
    size_t n = 0;
    for (; (*out = plain_input(c, n)).id; n++) {
        const char *own = ox_str_text(c->m, ox_value_name(c->m, *out), NULL);
        if (strcmp(own, name) == 0) {
            ox__buf_free(&b);
            return OX_OK;
        }
        if (n < 8) ox__buf_addf(&b, "%s%s", n ? ", " : "", own);
    }
    if (find_base(c, name, out)) {
        ox__buf_free(&b);
        return OX_OK;
    }
    ox__fail(c->err, OX_E_INVALID, "there is no input '%s' to be dynamic", name);
    if (b.n) ox_error_hint(c->err, "the inputs are %s%s", b.p, n > 8 ? ", ..." : "");
    bool short_of = b.failed;
    ox__buf_free(&b);
    return short_of ? ox__nomem(c->err) : OX_E_INVALID;
}

static ox_status set_symbol(ox__conv *c, const ox_dynamic_axis *d)
{
    ox_value v;
    ox_status s = find_input(c, d->input, &v);
    if (s != OX_OK) return s;
    ox_type_info t = ox_type_get(c->m, ox_value_type(c->m, v));
    int64_t axis = d->axis;
    if (t.kind != OX_TYPE_TENSOR || t.rank < 0)
        return ox__fail(c->err, OX_E_INVALID, "the rank of input '%s' is not known: no dim of it can be named",
                        d->input);
    if (axis < 0) axis += t.rank;
    if (axis < 0 || axis >= t.rank)
        return ox__fail(c->err, OX_E_INVALID, "input '%s' has %d dims, there is no dim %lld", d->input, (int)t.rank,
                        (long long)d->axis);
    ox_dim *dims = ox__alloc((size_t)t.rank * sizeof *dims);
    if (!dims) return ox__nomem(c->err);
    memcpy(dims, t.dims, (size_t)t.rank * sizeof *dims);
    dims[axis] = ox_dim_symbol(c->m, ox__conv_str(c, d->symbol));
    t.dims = dims;
    s = ox_value_set_type(c->m, v, ox_type_add(c->m, &t), c->err);
    ox__free(dims);
    return s;
}

ox_status ox__pass_dynamic(ox__conv *c, uint64_t *changed)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < c->opt->n_dynamic; i++) s = set_symbol(c, &c->opt->dynamic[i]);
    if (s != OX_OK) return s;
    return ox__forget_sizes(c->m, &c->dynamic, changed, c->opt->task, c->err);
}
