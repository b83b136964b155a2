/* Floor 3. The table of facts: one entry for each value id, filled on demand from initializers and Constant nodes and
 * by inference. It owns its arrays in an arena; tensors belong to the model. */
#include "ops/facts.h"

#include "ir/ir.h"
#include "ops/exec.h"
#include "ops/infer_call.h"
#include "ops/rows.h"

typedef enum fact_kind {
    FACT_EMPTY,   /* not looked at yet */
    FACT_NOTHING, /* looked at: the value is no constant by itself */
    FACT_VEC,
    FACT_TENSOR
} fact_kind;

typedef struct fact {
    uint32_t gen;
    uint8_t kind;
    bool scalar;
    bool vec_tried; /* TENSOR: dims were looked for; `dims` is NULL if there are none */
    uint32_t n;
    const ox_dim *dims;
    ox_tensor tensor;
} fact;

/* Room is taken for all values at once, and cleared for so many as they come. */
enum { MAX_DEPTH = 100, STRIDE = 4096 };

struct ox__facts {
    ox_model *m;
    OX__VEC(fact) by_value;
    ox__arena arena;
    ox__rows rows;
    ox__arena scratch[MAX_DEPTH];
    size_t depth;
    const ox__frame *frame;
    ox__calls calls;
    ox_error error;
    bool oom; /* something is not known for want of memory */
};

const ox__op_row *ox__facts_op_named(const ox__facts *f, const char *op)
{
    return ox__rows_named(&f->rows, "", op);
}

const ox__op_row *ox__facts_op(ox__facts *f, ox_node n)
{
    return ox__rows_of(&f->rows, f->m, n, &f->oom);
}

/* ---- the table ---- */
ox_status ox__facts_create(ox__facts **out, ox_model *m, ox_error *err)
{
    ox__facts *f = ox__calloc(1, sizeof *f);
    if (!f) return ox__nomem(err);
    f->m = m;
    ox_error_clear(&f->error);
    ox_status s = ox__rows_init(&f->rows, err);
    if (s != OX_OK) {
        ox__facts_free(f);
        return s;
    }
    *out = f;
    return OX_OK;
}

void ox__facts_free(ox__facts *f)
{
    if (!f) return;
    ox__vec_free(&f->by_value);
    ox__rows_free(&f->rows);
    ox__calls_free(&f->calls);
    ox__arena_free(&f->arena);
    for (size_t i = 0; i < MAX_DEPTH; i++) ox__arena_free(&f->scratch[i]);
    ox__free(f);
}

ox_model *ox__facts_model(const ox__facts *f)
{
    return f->m;
}

const ox__frame *ox__facts_frame(const ox__facts *f)
{
    return f->frame;
}

void ox__facts_set_frame(ox__facts *f, const ox__frame *frame)
{
    f->frame = frame;
}

ox__calls *ox__facts_calls(ox__facts *f)
{
    return &f->calls;
}

ox_error *ox__facts_error(ox__facts *f)
{
    return &f->error;
}

ox_status ox__facts_status(const ox__facts *f, ox_error *err)
{
    return f->oom ? ox__nomem(err) : ox_model_status(f->m, err);
}

ox__arena *ox__facts_enter(ox__facts *f)
{
    return f->depth < MAX_DEPTH ? &f->scratch[f->depth++] : NULL;
}

void ox__facts_leave(ox__facts *f)
{
    ox__arena_reset(&f->scratch[--f->depth]);
}

/* The entry of a live value, NULL when out of memory or dead. */
static fact *entry(ox__facts *f, ox_value v)
{
    if (v.id == 0) return NULL;
    if (v.id >= f->by_value.n) {
        if (!ox_value_is_alive(f->m, v)) return NULL;
        size_t had = f->by_value.n, want = (size_t)v.id + STRIDE;
        if (!ox__vec_reserve(&f->by_value, OX__MAX(want, (size_t)ox_model_value_limit(f->m)))) {
            f->oom = true;
            return NULL;
        }
        f->by_value.n = want;
        memset(f->by_value.p + had, 0, (want - had) * sizeof *f->by_value.p);
    }
    fact *e = &f->by_value.p[v.id];
    if (e->gen != v.gen) {
        memset(e, 0, sizeof *e);
        e->gen = v.gen;
    }
    return e;
}

static ox_tensor add_number(ox_model *m, ox_dtype dtype, uint32_t rank, int64_t n, const void *data, size_t item)
{
    ox_tensor t = {0};
    int64_t dims[1] = {n};
    ox_status s = ox_tensor_add_raw(m, &t, dtype, rank, dims, data, (uint64_t)n * item, NULL);
    if (s == OX_E_NOMEM) ox__model_oom(m);
    return s == OX_OK ? t : (ox_tensor){0};
}

static ox_tensor add_floats(ox_model *m, uint32_t rank, size_t n, const double *v)
{
    float one, *many = n == 1 ? &one : ox__alloc(n * sizeof *many);
    if (!many) {
        ox__model_oom(m);
        return (ox_tensor){0};
    }
    for (size_t i = 0; i < n; i++) many[i] = (float)v[i];
    ox_tensor t = add_number(m, OX_FLOAT, rank, (int64_t)n, many, sizeof *many);
    if (many != &one) ox__free(many);
    return t;
}

static ox_tensor add_strings(ox_model *m, uint32_t rank, size_t n, const ox_str *strings)
{
    int64_t dims[1] = {(int64_t)n};
    ox_tensor_info info = {.dtype = OX_STRING,
                           .rank = rank,
                           .dims = dims,
                           .storage = OX_STORAGE_OWNED,
                           .encoding = OX_ENC_STRINGS,
                           .strings = strings};
    ox_tensor t = {0};
    ox_status s = ox_tensor_add(m, &t, &info, NULL);
    if (s == OX_E_NOMEM) ox__model_oom(m);
    return s == OX_OK ? t : (ox_tensor){0};
}

static ox_tensor attr_tensor(ox_model *m, const ox_attr *a, const char *name)
{
    static const struct {
        const char *name;
        ox_attr_kind kind;
    } typed[] = {
        {"value", OX_ATTR_TENSOR},          {"value_int", OX_ATTR_INT},       {"value_ints", OX_ATTR_INTS},
        {"value_float", OX_ATTR_FLOAT},     {"value_floats", OX_ATTR_FLOATS}, {"value_string", OX_ATTR_STRING},
        {"value_strings", OX_ATTR_STRINGS},
    };
    for (size_t i = 0; i < OX__COUNT(typed); i++) {
        if (strcmp(name, typed[i].name) != 0 || a->kind != typed[i].kind) continue;
        switch (typed[i].kind) {
        case OX_ATTR_TENSOR: return a->u.t;
        case OX_ATTR_INT: return add_number(m, OX_INT64, 0, 1, &a->u.i, sizeof a->u.i);
        case OX_ATTR_INTS: return add_number(m, OX_INT64, 1, a->n, a->u.ints, sizeof *a->u.ints);
        case OX_ATTR_FLOAT: return add_floats(m, 0, 1, &a->u.f);
        case OX_ATTR_FLOATS: return add_floats(m, 1, a->n, a->u.floats);
        case OX_ATTR_STRING: return add_strings(m, 0, 1, &a->u.s);
        default: return add_strings(m, 1, a->n, a->u.strings);
        }
    }
    return (ox_tensor){0};
}

static ox_tensor constant_in(ox_model *m, ox_node n, const ox__frame *frame)
{
    if (!ox_node_is(m, n, "", "Constant")) return (ox_tensor){0};
    const ox_attr *rows;
    size_t n_rows = ox_node_attrs(m, n, &rows);
    for (size_t i = 0; i < n_rows; i++) {
        const ox_attr *a = !rows[i].ref.id ? &rows[i] : frame ? ox__frame_attr(frame, rows[i].ref) : NULL;
        if (!a || a->lost) continue;
        ox_tensor t = attr_tensor(m, a, ox_str_text(m, rows[i].name, NULL));
        if (t.id && ox_tensor_get(m, t).storage != OX_STORAGE_LOST) return t;
    }
    return (ox_tensor){0};
}

ox_tensor ox__constant_tensor(ox_model *m, ox_node n)
{
    return constant_in(m, n, NULL);
}

/* Looks at what makes a value, once. */
static fact *look(ox__facts *f, ox_value v)
{
    fact *e = entry(f, v);
    if (!e || e->kind != FACT_EMPTY) return e;
    ox_tensor t = ox_value_tensor(f->m, v);
    bool default_only = ox_value_is_input(f->m, v) && ox_model_ir_version(f->m) >= 4; /* IR 3 lists all of them */
    if (t.id && (default_only || ox_tensor_get(f->m, t).storage == OX_STORAGE_LOST)) t = (ox_tensor){0};
    ox_node n = ox_value_node(f->m, v);
    if (!t.id && n.id) {
        t = constant_in(f->m, n, f->frame);
        e = entry(f, v);
    }
    e->kind = t.id ? FACT_TENSOR : FACT_NOTHING;
    e->tensor = t;
    return e;
}

/* Reads a small integer tensor of rank 0 or 1 as dims. */
static void read_vec(ox__facts *f, fact *e)
{
    e->vec_tried = true;
    ox_tensor_info t = ox_tensor_get(f->m, e->tensor);
    if (t.rank > 1 || t.n_elements > OX__FACT_MAX_DIMS || !(ox_dtype_is_integer(t.dtype) || t.dtype == OX_BOOL)) return;
    uint8_t bytes[OX__FACT_MAX_DIMS * 8];
    if (ox_dtype_bits(t.dtype) > 64) return;
    ox_status s = ox_tensor_read(f->m, e->tensor, 0, bytes, ox_tensor_raw_size(f->m, e->tensor), NULL);
    if (s == OX_E_NOMEM) f->oom = true;
    if (s != OX_OK) return;
    ox_dim *dims = ox__arena_alloc(&f->arena, (size_t)OX__MAX(t.n_elements, 1) * sizeof *dims);
    if (!dims) f->oom = true;
    for (uint64_t i = 0; dims && i < t.n_elements; i++)
        dims[i] = ox_dim_const(f->m, ox_dtype_get_i64(t.dtype, bytes, i));
    e->dims = dims;
    e->n = (uint32_t)t.n_elements;
    e->scalar = t.rank == 0;
}

bool ox__facts_vec(ox__facts *f, ox_value v, ox__vec_fact *out)
{
    fact *e = look(f, v);
    if (!e) return false;
    if (e->kind == FACT_TENSOR && !e->vec_tried) read_vec(f, e);
    if ((e->kind != FACT_VEC && e->kind != FACT_TENSOR) || !e->dims) return false;
    *out = (ox__vec_fact){e->dims, e->n, e->scalar};
    return true;
}

bool ox__facts_ints(ox__facts *f, ox_value v, const int64_t **out, size_t *n)
{
    ox__vec_fact vec;
    if (!ox__facts_vec(f, v, &vec)) return false;
    int64_t *ints = ox__arena_alloc(&f->arena, OX__MAX(vec.n, 1) * sizeof *ints);
    if (!ints) f->oom = true;
    if (!ints) return false;
    for (size_t i = 0; i < vec.n; i++)
        if (!ox_dim_is_const(f->m, vec.dims[i], &ints[i])) return false;
    *out = ints;
    *n = vec.n;
    return true;
}

ox_tensor ox__facts_tensor(ox__facts *f, ox_value v)
{
    fact *e = look(f, v);
    return e && e->kind == FACT_TENSOR ? e->tensor : (ox_tensor){0};
}

ox_status ox__facts_materialize(ox__facts *f, ox_value v, ox_tensor *out, ox_error *err)
{
    *out = ox__facts_tensor(f, v);
    if (out->id) return OX_OK;
    ox__vec_fact vec;
    if (!ox__facts_vec(f, v, &vec)) return OX_OK;
    uint64_t data[OX__FACT_MAX_DIMS];
    ox_type_info type = ox_type_get(f->m, ox_value_type(f->m, v));
    ox_dtype dtype = type.kind == OX_TYPE_TENSOR && type.dtype ? type.dtype : OX_INT64;
    uint64_t bytes;
    if (vec.n > OX__FACT_MAX_DIMS || !ox_dtype_bytes(dtype, vec.n, &bytes) || bytes > sizeof data) return OX_OK;
    memset(data, 0, sizeof data);
    for (size_t i = 0; i < vec.n; i++) {
        int64_t x;
        if (!ox_dim_is_const(f->m, vec.dims[i], &x)) return OX_OK;
        ox_dtype_set_i64(dtype, data, i, x);
    }
    int64_t dims[1] = {(int64_t)vec.n};
    ox_status s = ox_tensor_add_raw(f->m, out, dtype, vec.scalar ? 0 : 1, dims, data, bytes, err);
    return s == OX_OK ? ox__facts_set_tensor(f, v, *out, err) : s;
}

ox_status ox__facts_set_vec(ox__facts *f, ox_value v, const ox_dim *dims, size_t n, bool scalar, ox_error *err)
{
    if (v.id == 0 || n > OX__FACT_MAX_DIMS) return OX_OK;
    fact *e = entry(f, v);
    ox_dim *copy = ox__arena_dup(&f->arena, dims, n * sizeof *dims);
    if (!e || !copy) return ox__nomem(err);
    if (e->kind == FACT_TENSOR) return OX_OK; /* it knows more */
    e->kind = FACT_VEC;
    e->dims = copy;
    e->n = (uint32_t)n;
    e->scalar = scalar;
    return OX_OK;
}

ox_status ox__facts_set_tensor(ox__facts *f, ox_value v, ox_tensor t, ox_error *err)
{
    if (v.id == 0) return OX_OK;
    fact *e = entry(f, v);
    if (!e) return ox__nomem(err);
    e->kind = FACT_TENSOR;
    e->tensor = t;
    e->vec_tried = false;
    e->dims = NULL;
    return OX_OK;
}

/* ---- what is known changes ---- */
void ox__facts_forget(ox__facts *f, ox_value v, ox__fact_was *was)
{
    fact *e = v.id && v.id < f->by_value.n ? &f->by_value.p[v.id] : NULL;
    if (was) *was = (ox__fact_was){0};
    if (!e || e->gen != v.gen) return;
    if (was && e->kind == FACT_VEC) *was = (ox__fact_was){true, e->scalar, e->n, e->dims, {0}};
    if (was && e->kind == FACT_TENSOR) *was = (ox__fact_was){true, false, 0, NULL, e->tensor};
    memset(e, 0, sizeof *e);
    e->gen = v.gen;
}

static bool same_bytes(const ox_model *m, ox_tensor a, ox_tensor b)
{
    if (a.id == b.id) return true;
    ox_tensor_info x = ox_tensor_get(m, a), y = ox_tensor_get(m, b);
    uint64_t n = ox_tensor_raw_size(m, a);
    if (x.dtype != y.dtype || x.rank != y.rank || n != ox_tensor_raw_size(m, b) || n > OX__FACT_MAX_BYTES ||
        x.dtype == OX_STRING || memcmp(x.dims, y.dims, x.rank * sizeof *x.dims) != 0)
        return false;
    char *p = ox__alloc(2 * (size_t)n + 1);
    bool same = p && ox_tensor_read(m, a, 0, p, n, NULL) == OX_OK && ox_tensor_read(m, b, 0, p + n, n, NULL) == OX_OK &&
                memcmp(p, p + n, (size_t)n) == 0;
    ox__free(p);
    return same;
}

bool ox__facts_differ(ox__facts *f, ox_value v, const ox__fact_was *was)
{
    ox_tensor t = ox__facts_tensor(f, v);
    ox__vec_fact vec = {0};
    if (t.id || was->tensor.id) return !t.id || !was->tensor.id || !same_bytes(f->m, t, was->tensor);
    bool known = ox__facts_vec(f, v, &vec);
    if (!known || !was->known) return known != was->known;
    return vec.n != was->n || vec.scalar != was->scalar || memcmp(vec.dims, was->dims, vec.n * sizeof *vec.dims) != 0;
}

void ox__facts_forget_graph(ox__facts *f, ox_graph g)
{
    for (size_t i = 0; i < ox_graph_n_inputs(f->m, g); i++) ox__facts_forget(f, ox_graph_input(f->m, g, i), NULL);
    for (ox_node n = ox_graph_first(f->m, g); n.id; n = ox_node_next(f->m, n)) {
        for (size_t i = 0; i < ox_node_n_outputs(f->m, n); i++) ox__facts_forget(f, ox_node_output(f->m, n, i), NULL);
        for (size_t i = 0; i < ox_node_n_blocks(f->m, n); i++) ox__facts_forget_graph(f, ox_node_block(f->m, n, i));
    }
}
