/* Floor 5. The types of a new node's inputs: numbers take the dtype of their type variable, and where torch promotes
 * dtypes before it computes, casts are added. Torch looks at three levels: tensors with dims, tensors without, numbers
 * of the language; a lower level counts only if its category (bool, integer, float, complex) is higher. */
#include "convert/call.h"

enum { MAX_VARS = 16 };

static int category(ox_dtype d)
{
    if (ox_dtype_is_complex(d)) return 3;
    if (ox_dtype_is_float(d)) return 2;
    return ox_dtype_is_integer(d) ? 1 : 0;
}

/* The category of a dtype as a number of the language has it: floats compute as float32 whatever their width. */
static ox_dtype as_number(ox_dtype d)
{
    return ox_dtype_is_float(d) ? OX_FLOAT : d;
}

static ox_dtype arg_dtype(const ox_arg *a)
{
    return a->kind == OX_ARG_FLOAT ? OX_FLOAT : a->kind == OX_ARG_BOOL ? OX_BOOL : OX_INT64;
}

typedef struct input {
    ox_op_param param; /* name NULL: a custom operator */
    bool is_number;    /* an ox_arg number, no value yet */
    ox_dtype dtype;    /* UNDEFINED: not known, or no tensor */
    int level;         /* 0 dims, 1 no dims, 2 number */
} input;

typedef struct typing {
    ox_call *k;
    const char *op;
    size_t n;
    const ox_arg *args;
    ox_value *in;
    input *at;
    ox_dtype var[MAX_VARS];
    ox_error *err;
} typing;

static ox_status look_at(typing *t, const ox_op_schema *schema, size_t i)
{
    ox__conv *c = t->k->c;
    input *x = &t->at[i];
    *x = (input){.level = 2};
    if (schema) (void)ox_op_schema_input_for(schema, i, &x->param);
    t->in[i] = (ox_value){0};
    const ox_arg *a = &t->args[i];
    if (a->kind == OX_ARG_NONE) return OX_OK;
    if (a->kind != OX_ARG_VALUE) {
        x->is_number = true;
        return OX_OK;
    }
    ox_status s = ox__emit_tensor(c, t->k->node, ox_node_graph(c->m, t->k->node), t->k->node, a->v, &t->in[i], t->err);
    if (s != OX_OK) {
        ox_error_context(t->err, "input %zu of %s", i + 1, t->op);
        return s;
    }
    ox_type_info y = ox_type_get(c->m, ox_value_type(c->m, t->in[i]));
    if (y.kind == OX_TYPE_INT)
        x->dtype = OX_INT64;
    else if (y.kind == OX_TYPE_FLOAT_SCALAR)
        x->dtype = OX_FLOAT;
    else if (y.kind == OX_TYPE_BOOL_SCALAR)
        x->dtype = OX_BOOL;
    else if (y.kind == OX_TYPE_TENSOR)
        x->dtype = y.dtype;
    if (!(ox__conv_flags(c, t->in[i]) & OX__V_NUMBER)) x->level = y.kind == OX_TYPE_TENSOR && y.rank == 0 ? 1 : 0;
    return OX_OK;
}

/* The dtype that torch computes in, for the inputs of one type variable. UNDEFINED if some are not known. */
static ox_dtype promoted(const typing *t, int var)
{
    ox_dtype level[3] = {OX_UNDEFINED, OX_UNDEFINED, OX_UNDEFINED};
    bool values = false;
    for (size_t i = 0; i < t->n; i++) {
        const input *x = &t->at[i];
        if (x->param.var != var || t->args[i].kind == OX_ARG_NONE) continue;
        ox_dtype d = x->is_number ? arg_dtype(&t->args[i]) : x->dtype;
        if (!d) return OX_UNDEFINED;
        values = values || !x->is_number;
        level[x->level] = ox__dtype_promote(level[x->level], d);
    }
    ox_dtype out = level[0];
    for (int l = 1; l < 3; l++) {
        if (!level[l]) continue;
        ox_dtype d = l == 2 && out ? as_number(level[l]) : level[l];
        if (!out)
            out = d;
        else if (category(d) > category(out))
            out = d;
    }
    return out;
}

/* The dtype of the first tensor of a type variable; they must agree. */
static ox_status agreed(typing *t, int var, ox_dtype *out)
{
    size_t first = 0;
    *out = OX_UNDEFINED;
    for (size_t i = 0; i < t->n; i++) {
        const input *x = &t->at[i];
        if (x->param.var != var || x->is_number || !x->dtype) continue;
        if (x->param.option == OX_PARAM_VARIADIC && !x->param.homogeneous) continue;
        if (!*out) {
            *out = x->dtype;
            first = i;
        } else if (*out != x->dtype) {
            return ox__fail(t->err, OX_E_INVALID, "input %zu (%s) of %s is %s, but input %zu (%s) is %s", i + 1,
                            x->param.name, t->op, ox_dtype_name(x->dtype, OX_DTYPE_NUMPY), first + 1,
                            t->at[first].param.name, ox_dtype_name(*out, OX_DTYPE_NUMPY));
        }
    }
    return OX_OK;
}

/* Of a number whose slot says nothing else. */
static ox_dtype default_dtype(const ox_arg *a, const ox_type_set *set)
{
    ox_dtype only = ox_type_set_single(set), d = arg_dtype(a);
    if (only) return only;
    if (set->tensor >> d & 1) return d;
    return d == OX_INT64 && set->tensor >> OX_FLOAT & 1 ? OX_FLOAT : d;
}

static ox_status make_number(typing *t, size_t i, ox_dtype dtype)
{
    ox__conv *c = t->k->c;
    ox_tensor x;
    ox_arg a = t->args[i];
    a.rounded = false; /* which was said when the function got it */
    ox_status s = ox__number_tensor(c, &a, dtype, &x, t->err);
    if (s == OX_OK)
        s = ox__emit_constant(c, t->k->node, ox_node_graph(c->m, t->k->node), t->k->node, x, &t->in[i], t->err);
    else
        ox_error_context(t->err, "input %zu of %s", i + 1, t->op);
    uint32_t flag = ox_dtype_is_float(dtype) ? OX__V_FLOAT : dtype == OX_BOOL ? OX__V_BOOL : OX__V_INT;
    if (s == OX_OK) s = ox__conv_set_flags(c, t->in[i], flag, t->err);
    t->at[i].dtype = dtype;
    return s;
}

static ox_status make_cast(typing *t, size_t i, ox_dtype to)
{
    ox__conv *c = t->k->c;
    uint32_t number = ox__conv_flags(c, t->in[i]) & OX__V_NUMBER;
    ox_status s =
        ox__emit_cast(c, t->k->node, ox_node_graph(c->m, t->k->node), t->k->node, t->in[i], to, &t->in[i], t->err);
    if (s == OX_OK && number) s = ox__conv_set_flags(c, t->in[i], number, t->err);
    t->at[i].dtype = to;
    c->n_casts++;
    return s;
}

static ox_status check_type(typing *t, size_t i)
{
    const input *x = &t->at[i];
    ox_model *m = t->k->c->m;
    ox_type type = ox_value_type(m, t->in[i]);
    ox_type_kind kind = ox_type_get(m, type).kind;
    if (kind >= OX_TYPE_INT && kind <= OX_TYPE_NUMBER) return OX_OK; /* a placeholder of a number */
    if (!x->param.name || ox_type_set_admits(&x->param.types, m, type) != OX_NO) return OX_OK;
    char set[256];
    ox_type_set_print(&x->param.types, set, sizeof set);
    ox__fail(t->err, OX_E_INVALID, "input %zu (%s) of %s is %s, which it does not take", i + 1, x->param.name, t->op,
             x->dtype ? ox_dtype_name(x->dtype, OX_DTYPE_NUMPY) : "of another kind");
    ox_error_hint(t->err, "it takes %s", set);
    return OX_E_INVALID;
}

static ox_status finish(typing *t, const ox__op_row *row)
{
    for (size_t i = 0; i < t->n; i++) {
        const input *x = &t->at[i];
        ox_status s = OX_OK;
        if (t->args[i].kind == OX_ARG_NONE) continue;
        int var = x->param.name && x->param.var < MAX_VARS ? x->param.var : -1;
        ox_dtype want = var >= 0 ? t->var[var] : OX_UNDEFINED;
        if (x->is_number && !x->param.name) {
            ox__fail(t->err, OX_E_INVALID, "input %zu of %s is a number, and no schema gives its dtype", i + 1, t->op);
            ox_error_hint(t->err, "make it with sym.tensor");
            return OX_E_INVALID;
        }
        if (x->is_number)
            s = make_number(t, i, want ? want : default_dtype(&t->args[i], &x->param.types));
        else if (want && x->dtype && x->dtype != want && row && (row->flags & OX__OP_PROMOTES))
            s = make_cast(t, i, want);
        if (s == OX_OK) s = check_type(t, i);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

ox_status ox__type_inputs(ox_call *k, const ox_op_schema *schema, const char *op, size_t n, const ox_arg *args,
                          ox_value *in, ox_error *err)
{
    typing t = {.k = k, .op = op, .n = n, .args = args, .in = in, .err = err};
    t.at = ox__arena_alloc(&k->c->call, (n + 1) * sizeof *t.at);
    if (!t.at) return ox__nomem(err);
    for (size_t i = 0; i < n; i++) {
        ox_status s = look_at(&t, schema, i);
        if (s != OX_OK) return s;
    }
    const ox__op_row *row = schema ? ox__facts_op_named(k->c->facts, op) : NULL;
    uint32_t n_vars = schema ? ox_op_schema_info(schema).n_vars : 0;
    for (uint32_t v = 0; v < n_vars && v < MAX_VARS; v++) {
        ox_status s = OX_OK;
        if (row && (row->flags & OX__OP_PROMOTES)) t.var[v] = promoted(&t, (int)v);
        if (!t.var[v] && !(row && (row->flags & OX__OP_PROMOTES))) s = agreed(&t, (int)v, &t.var[v]);
        if (s != OX_OK) return s;
    }
    return finish(&t, row);
}
