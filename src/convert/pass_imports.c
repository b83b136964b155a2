/* Floor 5. What the result says of itself: opset imports of the domains that it uses, the lowest IR version that holds
 * what is in it, source lines if they are wanted, initializers as inputs if they are. */
#include "convert/pass.h"

#include <onnxsh/print.h>

typedef struct imports {
    ox__conv *c;
    OX__VEC(ox_str) domains;
    int64_t ir;
    uint64_t *changed;
} imports;

static void need_dtype(imports *w, ox_dtype d)
{
    w->ir = OX__MAX(w->ir, d ? ox_ir_for_dtype(d) : 0);
}

static void need_type(imports *w, ox_type type, int depth)
{
    ox_type_info t = ox_type_get(w->c->m, type);
    need_dtype(w, t.dtype);
    if (t.kind == OX_TYPE_OPTIONAL || t.kind == OX_TYPE_SPARSE)
        w->ir = OX__MAX(w->ir, ox_ir_for_feature(OX_IR_FUNCTIONS));
    for (uint32_t i = 0; depth < OX_MAX_TYPE_DEPTH && i < t.n_items; i++) need_type(w, t.items[i], depth + 1);
}

static ox_status use_domain(imports *w, ox_str domain)
{
    for (size_t i = 0; i < w->domains.n; i++)
        if (w->domains.p[i].id == domain.id) return OX_OK;
    return ox__vec_push(&w->domains, domain) ? OX_OK : ox__nomem(w->c->err);
}

/* "file:line" of the trace as doc_string, for --doc. */
static ox_status document(imports *w, ox_node n)
{
    ox_model *m = w->c->m;
    ox_loc_info loc = ox_loc_get(m, ox_node_loc(m, n));
    size_t had;
    ox_str_text(m, ox_node_doc(m, n), &had);
    if (!w->c->opt->doc || !loc.line || had) return OX_OK;
    ox__buf b = {0};
    ox__buf_addf(&b, "%s(%u)", ox_str_text(m, loc.file, NULL), loc.line);
    ox_status s = b.failed ? ox__nomem(w->c->err) : ox_node_set_doc(m, n, ox_str_add(m, b.p, b.n), w->c->err);
    ox__buf_free(&b);
    return s;
}

static ox_status walk(imports *w, ox_graph g)
{
    ox_model *m = w->c->m;
    ox_status s = OX_OK;
    for (ox_node n = ox_graph_first(m, g); s == OX_OK && n.id; n = ox_node_next(m, n)) {
        if (ox__node_in(w->c, n, w->c->s_prim) ||
            (ox__node_in(w->c, n, w->c->s_aten) && w->c->opt->unsupported == OX_UNSUPPORTED_ERROR)) {
            char op[128];
            ox_node_op_text(m, n, op, sizeof op);
            s = ox__report_note(w->c, OX_FAILURE_REFUSED, n, NULL, "%s has no form in ONNX here", op);
            continue;
        }
        s = use_domain(w, ox_node_domain(m, n));
        if (s == OX_OK) s = document(w, n);
        const ox_attr *attrs;
        size_t k = ox_node_attrs(m, n, &attrs);
        for (size_t i = 0; i < k; i++) {
            if (attrs[i].kind == OX_ATTR_TENSOR) need_dtype(w, ox_tensor_get(m, attrs[i].u.t).dtype);
            if (attrs[i].kind == OX_ATTR_TYPE) w->ir = OX__MAX(w->ir, ox_ir_for_feature(OX_IR_FUNCTIONS));
        }
        for (size_t i = 0; i < ox_node_n_outputs(m, n); i++) need_type(w, ox_value_type(m, ox_node_output(m, n, i)), 0);
        if (ox_node_metadata(m, n, NULL)) w->ir = OX__MAX(w->ir, ox_ir_for_feature(OX_IR_METADATA));
        if (ox_node_overload(m, n).id) w->ir = OX__MAX(w->ir, ox_ir_for_feature(OX_IR_OVERLOADS));
        for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(m, n); i++) s = walk(w, ox_node_block(m, n, i));
    }
    return s;
}

static ox_status interface(imports *w)
{
    ox__conv *c = w->c;
    ox_graph g = ox_model_main(c->m);
    ox_status s = OX_OK;
    for (size_t i = 0; i < ox_graph_n_inputs(c->m, g); i++)
        need_type(w, ox_value_type(c->m, ox_graph_input(c->m, g, i)), 0);
    for (size_t i = 0; s == OX_OK && i < ox_graph_n_initializers(c->m, g); i++) {
        ox_value v = ox_graph_initializer(c->m, g, i);
        need_dtype(w, ox_tensor_get(c->m, ox_value_tensor(c->m, v)).dtype);
        if (!ox_value_is_input(c->m, v) && c->opt->keep_initializers_as_inputs)
            s = ox_graph_list_input(c->m, g, v, c->err);
        else if (!ox_value_is_input(c->m, v))
            w->ir = OX__MAX(w->ir, ox_ir_for_feature(OX_IR_UNLISTED_INITIALIZERS));
    }
    return s;
}

static ox_status set_opsets(imports *w)
{
    ox__conv *c = w->c;
    ox_model *m = c->m;
    ox_status s = ox_model_set_opset(m, c->s_onnx, c->opset, c->err);
    for (size_t i = 0; s == OX_OK && i < w->domains.n; i++) {
        size_t n;
        const char *domain = ox_str_text(m, w->domains.p[i], &n);
        if (!n) continue;
        int64_t version = ox__conv_opset(c, domain);
        s = ox_model_set_opset(m, w->domains.p[i], version ? version : 1, c->err);
        if (ox_opset_newest(domain)) w->ir = OX__MAX(w->ir, ox_ir_for_domain(domain, version));
        ++*w->changed;
    }
    for (size_t i = 0; s == OX_OK && i < c->opt->n_custom_opsets; i++)
        s = ox_model_set_opset(m, ox__conv_str(c, c->opt->custom_domains[i]), c->opt->custom_versions[i], c->err);
    return s;
}

ox_status ox__pass_imports(ox__conv *c, uint64_t *changed)
{
    imports w = {.c = c, .ir = ox_ir_for_opset(c->opset), .changed = changed};
    size_t len;
    ox_status s = walk(&w, ox_model_main(c->m));
    for (size_t i = 0; s == OX_OK && i < ox_model_n_functions(c->m); i++) {
        w.ir = OX__MAX(w.ir, ox_ir_for_feature(OX_IR_FUNCTIONS));
        s = walk(&w, ox_model_function(c->m, i));
    }
    if (s == OX_OK) s = interface(&w);
    if (s == OX_OK) s = set_opsets(&w);
    if (s == OX_OK) s = ox_model_set_ir_version(c->m, w.ir, c->err);
    ox_str_text(c->m, ox_model_text(c->m, OX_MODEL_PRODUCER_NAME), &len);
    if (s == OX_OK && !len) s = ox_model_set_text(c->m, OX_MODEL_PRODUCER_NAME, ox__conv_str(c, "onnxsh"), c->err);
    ox_str_text(c->m, ox_graph_name(c->m, ox_model_main(c->m)), &len);
    if (s == OX_OK && !len) s = ox_graph_set_name(c->m, ox_model_main(c->m), ox__conv_str(c, "main_graph"), c->err);
    ox__vec_free(&w.domains);
    return s;
}
