/* Floor 5. Constants of traces and of ONNX models, as far as they can be sizes. */
#include "convert/baked.h"

#include <onnxsh/aten.h>

#include <stdio.h>

bool ox__node_is_constant(const ox_model *m, ox_node n)
{
    return ox_node_is(m, n, "prim", "Constant") || ox_node_is(m, n, "", "Constant");
}

/* A float of no dims: it may have been computed from a size. */
static bool read_scalar(const ox_model *m, ox_tensor t, const ox_tensor_info *x, ox__const *out)
{
    double d;
    float f;
    if (x->rank || (x->dtype != OX_FLOAT && x->dtype != OX_DOUBLE)) return false;
    bool wide = x->dtype == OX_DOUBLE;
    if (ox_tensor_read(m, t, 0, wide ? (void *)&d : (void *)&f, wide ? 8 : 4, NULL) != OX_OK) return false;
    out->kind = OX__CONST_FLOAT;
    out->f = wide ? d : (double)f;
    return true;
}

/* Whole numbers, as sizes that something is scaled by. */
static void read_floats(const ox_model *m, ox_tensor t, const ox_tensor_info *x, ox__const *out)
{
    float f[OX__BAKED_ITEMS];
    size_t n = (size_t)x->n_elements;
    if (ox_tensor_read(m, t, 0, f, n * sizeof *f, NULL) != OX_OK) return;
    for (size_t i = 0; i < n; i++) {
        if (!(f[i] >= -1e7f && f[i] <= 1e7f) || (float)(int64_t)f[i] != f[i]) return;
        out->ints[i] = (int64_t)f[i];
    }
    out->kind = OX__CONST_TENSOR;
    out->n = n;
}

static void read_tensor(const ox_model *m, ox_tensor t, ox__const *out)
{
    ox_tensor_info x = ox_tensor_get(m, t);
    int64_t wide[OX__BAKED_ITEMS];
    int32_t narrow[OX__BAKED_ITEMS];
    out->kind = OX__CONST_OTHER;
    out->t = t;
    out->rank = x.rank;
    out->dims = x.dims;
    out->dtype = x.dtype;
    bool is_wide = x.dtype == OX_INT64;
    if (read_scalar(m, t, &x, out)) return;
    if (x.dtype == OX_FLOAT && x.rank == 1 && x.n_elements <= OX__BAKED_ITEMS) read_floats(m, t, &x, out);
    if ((!is_wide && x.dtype != OX_INT32) || x.rank > 1 || x.n_elements > OX__BAKED_ITEMS) return;
    size_t n = (size_t)x.n_elements;
    if (ox_tensor_read(m, t, 0, is_wide ? (void *)wide : (void *)narrow, n * (is_wide ? 8 : 4), NULL) != OX_OK) return;
    for (size_t i = 0; i < n; i++) out->ints[i] = is_wide ? wide[i] : narrow[i];
    out->kind = OX__CONST_TENSOR;
    out->n = n;
}

static void read_attr(const ox_model *m, const ox_attr *a, ox__const *out)
{
    out->kind = OX__CONST_OTHER;
    if (!a || a->lost) return;
    if (a->kind == OX_ATTR_TENSOR) {
        read_tensor(m, a->u.t, out);
    } else if (a->kind == OX_ATTR_BOOL) {
        out->kind = OX__CONST_BOOL;
        out->f = (double)a->u.i;
    } else if (a->kind == OX_ATTR_INT) {
        out->kind = OX__CONST_INT;
        out->ints[out->n++] = a->u.i;
    } else if (a->kind == OX_ATTR_FLOAT) {
        out->kind = OX__CONST_FLOAT;
        out->f = a->u.f;
    } else if (a->kind == OX_ATTR_INTS && a->n <= OX__BAKED_ITEMS) {
        out->kind = OX__CONST_INTS;
        for (uint32_t i = 0; i < a->n; i++) out->ints[out->n++] = a->u.ints[i];
    }
}

void ox__const_read(const ox_model *m, ox_value v, ox__const *out)
{
    ox_node n = ox_value_node(m, v);
    ox_tensor t = ox_value_tensor(m, v);
    out->kind = OX__CONST_NOT;
    out->n = 0;
    out->t = (ox_tensor){0};
    out->rank = 0;
    out->dims = NULL;
    out->dtype = OX_UNDEFINED;
    if (t.id) {
        read_tensor(m, t, out);
    } else if (n.id && ox__node_is_constant(m, n)) {
        const ox_attr *rows;
        read_attr(m, ox_node_attrs(m, n, &rows) ? &rows[0] : NULL, out);
    }
}

/* ---- where sizes stand ---- */
static bool word_in(const char *word, const char *list)
{
    size_t n = strlen(word);
    for (const char *p = list; n && (p = strstr(p, word)); p += n)
        if ((p == list || p[-1] == ' ') && (p[n] == ' ' || !p[n])) return true;
    return false;
}

static bool aten_arg(const ox_model *m, ox_node n, uint32_t i, const char *names)
{
    enum { MAX_ARGS = 32 };
    char name[256];
    ox_aten_type types[MAX_ARGS];
    size_t k, n_in = ox_node_n_inputs(m, n);
    const char *domain = ox_str_text(m, ox_node_domain(m, n), NULL), *op = ox_str_text(m, ox_node_op(m, n), NULL);
    if (n_in > MAX_ARGS || (size_t)snprintf(name, sizeof name, "%s::%s", domain, op) >= sizeof name) return false;
    const ox_aten_schema *first = ox_aten_find(name, &k);
    for (size_t a = 0; a < n_in; a++) types[a] = ox_aten_type_of(m, ox_value_type(m, ox_node_input(m, n, a)));
    const ox_aten_schema *s = k ? ox_aten_match(first, k, types, NULL, n_in) : NULL;
    return s && i < ox_aten_get(s).n_args && word_in(ox_aten_get_arg(s, i).name, names);
}

typedef struct place {
    const char *op;
    uint32_t inputs; /* a bit for each */
} place;

static bool onnx_arg(const ox_model *m, ox_node n, uint32_t i, const place *places, size_t count)
{
    for (size_t k = 0; k < count; k++)
        if (ox_node_is(m, n, "", places[k].op)) return i < 32 && places[k].inputs >> i & 1;
    return false;
}

/* The reader of the shape that a Concat puts together. */
static bool shape_reader(const ox_model *m, ox_node n, ox_use *u)
{
    if (!ox_node_is(m, n, "", "Concat")) return false;
    *u = ox_value_first_use(m, ox_node_output(m, n, 0));
    return u->node.id && !ox_node_is(m, u->node, "", "Concat") && !ox_node_is_return(m, u->node);
}

static bool is_onnx(const ox_model *m, ox_node n)
{
    size_t len;
    (void)ox_str_text(m, ox_node_domain(m, n), &len);
    return !len;
}

bool ox__input_is_size(const ox_model *m, ox_node n, uint32_t i)
{
    static const place places[] = {{"Reshape", 2}, {"Expand", 2},       {"Slice", 6}, {"ConstantOfShape", 1},
                                   {"Tile", 2},    {"Resize", 8},       {"Range", 3}, {"OneHot", 2},
                                   {"Split", 2},   {"CenterCropPad", 2}};
    ox_use u;
    if (!is_onnx(m, n))
        return aten_arg(
            m, n, i, "size shape output_size normalized_shape start end length repeats split_size split_sizes steps");
    return onnx_arg(m, n, i, places, OX__COUNT(places)) ||
           (shape_reader(m, n, &u) && ox__input_is_size(m, u.node, u.index));
}

bool ox__input_is_shape(const ox_model *m, ox_node n, uint32_t i)
{
    static const place places[] = {{"Reshape", 2}, {"Expand", 2}, {"ConstantOfShape", 1}, {"Tile", 2}, {"Resize", 8}};
    ox_use u;
    if (!is_onnx(m, n)) return aten_arg(m, n, i, "size shape output_size normalized_shape repeats");
    return onnx_arg(m, n, i, places, OX__COUNT(places)) ||
           (shape_reader(m, n, &u) && ox__input_is_shape(m, u.node, u.index));
}
