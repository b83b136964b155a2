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

static bool serves(ox_symbolics *r, const char *name, int64_t opset)
{
    const ox__symgroup *g;
    if (ox__symbolics_group(r, name, strlen(name), &g, NULL) != OX_OK || !g) return false;
    target t = {opset};
    for (size_t i = 0; i < g->list.n; i++) {
        const ox__symbol *y = g->list.p[i];
        if (y->def.min_opset <= version_of(&t, y->def.domain ? y->def.domain : "")) return true;
    }
    return false;
}

bool ox_node_is_convertible(ox_symbolics *r, const ox_model *m, ox_node n, int64_t opset)
{
    char name[512];
    size_t n_domain, n_op;
    const char *domain = ox_str_text(m, ox_node_domain(m, n), &n_domain), *op = ox_str_text(m, ox_node_op(m, n), &n_op);
    bool trace =
        !strcmp(domain, "aten") || !strcmp(domain, "prim") || !strcmp(domain, "^") || !strcmp(domain, "quantized");
    if (!n_domain) return true;
    if (n_domain + n_op + 4 > sizeof name) return false;
    bool python = strcmp(domain, "^") == 0;
    memcpy(name, domain, n_domain);
    memcpy(name + n_domain, python ? "" : "::", python ? 0 : 2);
    size_t len = n_domain + (python ? 0 : 2);
    memcpy(name + len, op, n_op + 1);
    len += n_op;
    if (!opset) opset = OX_OPSET_DEFAULT;
    if (!trace && ox_model_get_kind(m) == OX_MODEL_ONNX) return true;
    for (size_t i = 0; i < OX__COUNT(handled); i++)
        if (strcmp(handled[i], name) == 0) return true;
    if (serves(r, name, opset)) return true;
    /* arithmetic on numbers and lists goes away where it is constant, as in a trace it is */
    ox_type_kind out = ox_type_get(m, ox_value_type(m, ox_node_output(m, n, 0))).kind;
    if (out != OX_TYPE_TENSOR && out != OX_TYPE_NONE_KNOWN && ox__constants_fold(domain, op)) return true;
    if (name[len - 1] != '_' || !strcmp(name + len - 2, "__")) return false;
    name[len - 1] = '\0'; /* the form in place */
    return serves(r, name, opset);
}
