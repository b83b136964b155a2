/* Floor 5. The conversion: checks the options, copies the source, runs the passes, hands over the result and the
 * report. */
#include "convert/dispatch.h"
#include "convert/pass.h"
#include "convert/recipe.h"

#include "ir/ir.h"
#include "rewrite/clone.h"

/* ---- options ---- */
static ox_status check_opset(int64_t opset, ox_error *err)
{
    int64_t newest = ox_opset_newest("");
    if (opset >= OX_OPSET_MIN && opset <= newest) return OX_OK;
    if (opset > newest)
        ox__fail(err, OX_E_INVALID, "opset %lld is not known: the newest is %lld", (long long)opset, (long long)newest);
    else if (opset == 7 || opset == 8)
        ox__fail(err, OX_E_INVALID, "opset %lld is not written yet: the lowest is %d", (long long)opset, OX_OPSET_MIN);
    else
        ox__fail(err, OX_E_INVALID, "opset %lld cannot be written: the lowest is %d", (long long)opset, OX_OPSET_MIN);
    ox_error_hint(err, "--opset %d to %lld; the default is %d", OX_OPSET_MIN, (long long)newest, OX_OPSET_DEFAULT);
    return OX_E_INVALID;
}

static ox_status check_options(const ox_convert_options *o, int64_t opset, ox_error *err)
{
    for (size_t i = 0; i < o->n_custom_opsets; i++) {
        const char *d = o->custom_domains[i];
        if (!*d || !strcmp(d, "onnx") || !strcmp(d, "ai.onnx"))
            return ox__fail(err, OX_E_INVALID, "the opset of ai.onnx is set with --opset");
        if (o->custom_versions[i] < 1)
            return ox__fail(err, OX_E_INVALID, "version %lld of the domain %s", (long long)o->custom_versions[i], d);
    }
    return check_opset(opset, err);
}

/* ---- the run ---- */

/* A node that must be converted: an operator of PyTorch, or a custom one that has a symbolic function. */
static ox_status must_convert(ox__conv *c, ox_node n, bool *must)
{
    const ox__opcache *op;
    bool plumbing =
        ox__is_prim(c, n, "Constant") || ox__is_prim(c, n, "ListConstruct") || ox__is_prim(c, n, "TupleConstruct");
    bool python = strcmp(ox_str_text(c->m, ox_node_domain(c->m, n), NULL), "^") == 0;
    *must = !plumbing && (ox__node_in(c, n, c->s_prim) || ox__node_in(c, n, c->s_aten) || python);
    if (plumbing || *must || ox__node_in(c, n, c->s_onnx)) return OX_OK;
    ox_status s = ox__op_cache(c, n, &op, c->err);
    if (s == OX_OK) s = ox__op_group(c, op, c->err);
    *must = s == OX_OK && op->group;
    return s;
}

/* Counts the nodes of a trace that are ONNX operators, until one must be converted. */
static ox_status count_onnx(ox__conv *c, ox_graph g, size_t *n_onnx, bool *must)
{
    for (ox_node n = ox_graph_first(c->m, g); n.id; n = ox_node_next(c->m, n)) {
        ox_status s = must_convert(c, n, must);
        *n_onnx += ox__node_in(c, n, c->s_onnx);
        for (size_t i = 0; s == OX_OK && !*must && i < ox_node_n_blocks(c->m, n); i++)
            s = count_onnx(c, ox_node_block(c->m, n, i), n_onnx, must);
        if (s != OX_OK || *must) return s;
    }
    return OX_OK;
}

/* An ONNX model, or a dump of one, passes as it is. */
static ox_status find_as_is(ox__conv *c)
{
    size_t n = 0;
    bool must = false;
    c->as_is = !c->trace;
    if (c->as_is) return OX_OK;
    ox_status s = count_onnx(c, ox_model_main(c->m), &n, &must);
    c->as_is = !must && n > 0;
    return s;
}

ox_status ox__conv_open(ox__conv *c)
{
    ox_status s = ox__model_clone(&c->m, c->src, OX_MODEL_ONNX, c->opt->task, c->err);
    if (s != OX_OK) return s;
    ox__journal_pause(c->m);
    c->s_prim = ox__conv_str(c, "prim");
    c->s_aten = ox__conv_str(c, "aten");
    c->s_onnx = ox__conv_str(c, "");
    c->s_value = ox__conv_str(c, "value");
    c->inf = (ox__infer_options){.opset = c->opset, .lenient = true, .evaluate = true};
    s = find_as_is(c);
    if (s == OX_OK) ox__recipes_begin(c);
    return s == OX_OK ? ox__facts_create(&c->facts, c->m, c->err) : s;
}

void ox__conv_close(ox__conv *c)
{
    ox__recipes_end(c);
    ox__facts_free(c->facts);
    ox__vec_free(&c->values);
    ox__vec_free(&c->ops);
    ox__vec_free(&c->twins);
    ox__vec_free(&c->marks);
    ox__vec_free(&c->state);
    ox__arena_free(&c->mem);
    ox__arena_free(&c->call);
    ox_model_free(c->m);
}

ox_status ox_convert(ox_model **out, ox_report **report, const ox_model *source, ox_symbolics *symbolics,
                     const ox_convert_options *opt, ox_error *err)
{
    static const ox_convert_options defaults = {0};
    ox_error local;
    *out = NULL;
    *report = ox__report_create();
    if (!*report) return ox__nomem(err);
    if (!opt) opt = &defaults;
    if (!err) err = &local;
    ox_error_clear(err);
    ox__conv c = {.src = source, .syms = symbolics, .opt = opt, .report = *report, .err = err};
    c.opset = opt->opset ? opt->opset : OX_OPSET_DEFAULT;
    ox_status s = check_options(opt, c.opset, err);
    c.trace = ox_model_get_kind(source) == OX_MODEL_TRACE;
    if (s == OX_OK) s = ox__report_unread(&c);
    if (s == OX_OK && !c.report->n_failures) s = ox__conv_open(&c);
    if (s == OX_OK && !c.report->n_failures) s = ox__passes_run(&c);
    if (s == OX_OK && c.report->n_failures)
        s = ox__fail(err, OX_E_CHECK, "%zu failure%s", c.report->n_failures, c.report->n_failures == 1 ? "" : "s");
    if (s == OX_OK) {
        ox__journal_resume(c.m);
        ox__journal_forget(c.m);
        *out = c.m;
        c.m = NULL;
    }
    ox__conv_close(&c);
    if (s == OX_E_NOMEM) {
        (void)ox__nomem(err);
        ox_report_free(*report);
        *report = NULL;
    }
    return s;
}
