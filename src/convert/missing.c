/* Floor 5. Which nodes of a trace would find a symbolic function: what `ops --missing` asks, without converting. */
#include "convert/pass.h"
#include "convert/registry.h"

/* What passes and the converter itself do away with. */
static const char *const handled[] = {
    "prim::Constant",
    "prim::ListConstruct",
    "prim::ListUnpack",
    "prim::TupleConstruct",
    "prim::TupleUnpack",
    "prim::TupleIndex",
    "prim::DictConstruct",
    "prim::GetAttr",
    "prim::CreateObject",
    "prim::If",
    "prim::Loop",
    "prim::NumToTensor",
    "prim::TensorToNum",
    "prim::Print",
    "prim::RaiseException",
    "prim::unchecked_cast",
    "prim::unchecked_unwrap_optional",
    "prim::data",
    "prim::device",
    "prim::layout",
    "prim::dtype",
    "prim::ConstantChunk",
    "prim::ConstantSplit",
    "aten::Int",
    "aten::IntImplicit",
    "aten::Float",
    "aten::FloatImplicit",
    "aten::Bool",
    "aten::ScalarImplicit",
    "aten::item",
    "aten::warn",
    "aten::__is__",
    "aten::__isnot__",
    "aten::_unwrap_optional",
};

typedef struct target {
    int64_t opset;
} target;

static int64_t version_of(const void *ud, const char *domain)
{
    const target *t = ud;
    return *domain ? INT64_MAX : t->opset;
}

static ox_status serves(bool *yes, ox_symbolics *r, const char *name, int64_t opset, ox_error *err)
{
    const ox__symgroup *g;
    ox_status s = ox__symbolics_group(r, name, strlen(name), &g, err);
    target t = {opset};
    for (size_t i = 0; s == OX_OK && g && i < g->list.n; i++) {
        const ox__symbol *y = g->list.p[i];
        if (y->def.min_opset <= version_of(&t, y->def.domain ? y->def.domain : "")) *yes = true;
    }
    return s;
}

/* "aten::add" in name, which has room for size bytes; its length, 0 if that is too little. */
static size_t full_name(const ox_model *m, ox_node n, char *name, size_t size)
{
    size_t n_domain, n_op;
    const char *domain = ox_str_text(m, ox_node_domain(m, n), &n_domain), *op = ox_str_text(m, ox_node_op(m, n), &n_op);
    if (n_domain + n_op + 4 > size) return 0;
    bool python = strcmp(domain, "^") == 0;
    memcpy(name, domain, n_domain);
    memcpy(name + n_domain, python ? "" : "::", python ? 0 : 2);
    size_t len = n_domain + (python ? 0 : 2);
    memcpy(name + len, op, n_op + 1);
    return len + n_op;
}

ox_status ox_node_is_convertible(bool *yes, ox_symbolics *r, const ox_model *m, ox_node n, int64_t opset, ox_error *err)
{
    char name[512];
    *yes = false;
    const char *domain = ox_str_text(m, ox_node_domain(m, n), NULL), *op = ox_str_text(m, ox_node_op(m, n), NULL);
    bool trace =
        !strcmp(domain, "aten") || !strcmp(domain, "prim") || !strcmp(domain, "^") || !strcmp(domain, "quantized");
    *yes = !*domain || (!trace && ox_model_get_kind(m) == OX_MODEL_ONNX);
    size_t len = full_name(m, n, name, sizeof name);
    if (*yes || !len) return OX_OK;
    if (!opset) opset = OX_OPSET_DEFAULT;
    for (size_t i = 0; i < OX__COUNT(handled); i++)
        if (strcmp(handled[i], name) == 0) *yes = true;
    /* arithmetic on numbers and lists goes away where it is constant, as in a trace it is */
    ox_type_kind out = ox_type_get(m, ox_value_type(m, ox_node_output(m, n, 0))).kind;
    if (out != OX_TYPE_TENSOR && out != OX_TYPE_NONE_KNOWN && ox__constants_fold(domain, op)) *yes = true;
    ox_status s = *yes ? OX_OK : serves(yes, r, name, opset, err);
    if (s != OX_OK || *yes || name[len - 1] != '_' || !strcmp(name + len - 2, "__")) return s;
    name[len - 1] = '\0'; /* the form in place */
    return serves(yes, r, name, opset, err);
}
