/* Floor 5. The loop over the trace: binds each node, calls its function between a mark and a rollback, applies the
 * results, gathers failures. A failed node stays where it is; its outputs are the placeholders. */
#include "convert/dispatch.h"

#include "convert/fold.h"
#include "convert/pass.h"
#include "convert/recipe.h"
#include "convert/trail.h"
#include "ir/ir.h"

bool ox__is_fatal(const ox__conv *c, ox_status *s)
{
    if (ox__facts_status(c->facts, NULL) != OX_OK || ox_model_status(c->m, NULL) != OX_OK) *s = OX_E_NOMEM;
    return *s == OX_E_NOMEM || *s == OX_E_INTERRUPTED || *s == OX_E_IO;
}

/* ---- failures ---- */
static size_t cause_of(const ox__conv *c, ox_value v)
{
    return ox__conv_flags(c, v) & OX__V_FAILED ? c->values.p[v.id].failure : SIZE_MAX;
}

size_t ox__dispatch_cause(const ox__conv *c, ox_node n)
{
    for (size_t i = 0; i < ox_node_n_inputs(c->m, n); i++) {
        size_t cause = cause_of(c, ox_node_input(c->m, n, i));
        if (cause != SIZE_MAX) return cause;
    }
    return SIZE_MAX;
}

static bool wholly_known(const ox_model *m, ox_type type)
{
    ox_type_info t = ox_type_get(m, type);
    if (t.kind != OX_TYPE_TENSOR || !t.dtype || t.rank < 0) return false;
    for (int32_t i = 0; i < t.rank; i++)
        if (ox_dim_get_kind(m, t.dims[i]) == OX_DIM_UNKNOWN) return false;
    return true;
}

ox_status ox__dispatch_fail_value(ox__conv *c, size_t failure, ox_value v)
{
    ox__vinfo *x = ox__conv_info(c, v);
    if (!x) return v.id ? ox__nomem(c->err) : OX_OK;
    x->flags |= OX__V_FAILED;
    x->failure = failure;
    return OX_OK;
}

ox_status ox__dispatch_taint(ox__conv *c, size_t failure, ox_value v)
{
    if (failure == SIZE_MAX || !v.id || wholly_known(c->m, ox_value_type(c->m, v))) return OX_OK;
    return ox__dispatch_fail_value(c, failure, v);
}

ox_status ox__dispatch_failed(ox__conv *c, ox_node n, ox_failure_kind kind, const ox_error *why,
                              const ox_aten_schema *schema)
{
    ox__buf args = {0};
    ox__bind_print(c, n, schema, &args);
    ox__finding f = {.kind = kind,
                     .node = n,
                     .message = why->msg,
                     .hint = why->hint,
                     .arguments = args.p,
                     .err = why,
                     .cause = kind == OX_FAILURE_CONSEQUENCE ? ox__dispatch_cause(c, n) : SIZE_MAX};
    ox_status s = args.failed ? ox__nomem(c->err) : ox__report_add(c, &f);
    ox__buf_free(&args);
    /* what stems from a consequence stems from its cause */
    size_t at = f.cause != SIZE_MAX ? f.cause : c->report->rows.n - 1;
    for (size_t i = 0; s == OX_OK && i < ox_node_n_outputs(c->m, n); i++)
        s = ox__dispatch_fail_value(c, at, ox_node_output(c->m, n, i));
    return s;
}

/* How such a function begins: with the names that the operator's schema has for its arguments. */
static ox_status hint_to_write(const char *op, const ox_aten_schema *schema, ox_error *e)
{
    ox__buf params = {0};
    for (size_t i = 0; schema && i < ox_aten_get(schema).n_args; i++) {
        ox_aten_arg arg = ox_aten_get_arg(schema, i);
        if (arg.inert == OX_ATEN_MATTERS) ox__buf_addf(&params, "%s%s", params.n ? ", " : "", arg.name);
    }
    bool usable = params.n && params.n < 128, short_of = params.failed;
    ox_error_hint(e, "write one in Lua, symbolic(\"%s\", function(g, %s) ... end): at the prompt, or in a file for -l",
                  op, usable ? params.p : "...");
    ox__buf_free(&params);
    return short_of ? ox__nomem(e) : OX_OK;
}

/* Operators on weights that PyTorch packed and rounded: what they compute depends on its kernels. */
static bool is_quantised(const char *op)
{
    static const char *const starts[] = {"quantized::", "aten::quantize", "aten::dequantize", "aten::fake_quantize"};
    for (size_t i = 0; i < OX__COUNT(starts); i++)
        if (strncmp(op, starts[i], strlen(starts[i])) == 0) return true;
    return false;
}

static bool is_remote(const char *op)
{
    return strcmp(op, "aten::to_here") == 0 || strcmp(op, "aten::local_value") == 0;
}

/* No function serves the node. */
static ox_status missing(ox__conv *c, ox_node n, const ox__binding *b)
{
    if (c->opt->unsupported != OX_UNSUPPORTED_ERROR) {
        ox_error e;
        ox_error_clear(&e);
        ox_mark mark = ox_journal_mark(c->m);
        ox_status s = ox__convert_standing(c, n, b->schema, &e);
        if (s == OX_OK || ox__is_fatal(c, &s)) {
            if (s != OX_OK && c->err) *c->err = e;
            return s;
        }
        ox_journal_rollback(c->m, mark);
        return ox__dispatch_failed(c, n, OX_FAILURE_MISSING, &e, b->schema);
    }
    ox_error e;
    ox__fail(&e, OX_E_UNSUPPORTED, "there is no symbolic function of %s at opset %lld", b->op->name,
             (long long)c->opset);
    if (ox__writes_list(c->m, n)) {
        ox__fail(&e, OX_E_UNSUPPORTED, "a list is written to that may be one of several, or an item of another list");
        ox_error_hint(&e, "keep lists that are written to out of other lists, or make a tensor of them first");
    } else if (b->later)
        ox_error_hint(&e, "there is one from opset %lld on: export with --opset %lld", (long long)b->later,
                      (long long)b->later);
    else if (b->op->group && b->schema && *ox_aten_get(b->schema).overload)
        ox_error_hint(&e, "the functions of that name do not serve its overload '%s'", ox_aten_get(b->schema).overload);
    else if (b->op->group)
        ox_error_hint(&e, "the functions of that name do not serve these arguments");
    else if (is_remote(b->op->name))
        ox_error_hint(&e, "an RRef is a value of another process: hand the value itself to the network");
    else if (is_quantised(b->op->name))
        ox_error_hint(&e, "export the network as it was before PyTorch quantised it, then quantise the ONNX model");
    else if (hint_to_write(b->op->name, b->schema, &e) != OX_OK)
        return ox__nomem(c->err);
    return ox__dispatch_failed(c, n, OX_FAILURE_MISSING, &e, b->schema);
}

/* ---- one call ---- */
static ox_failure_kind kind_of(ox_status s)
{
    return s == OX_E_UNSUPPORTED ? OX_FAILURE_REFUSED : OX_FAILURE_SCRIPT;
}

static ox_status watched(ox__conv *c, ox_node n, const ox__binding *b, ox_call *call)
{
    const ox_convert_watch *w = c->opt->watch;
    if (!w) return OX_OK;
    ox_call_site site = {
        .node = ox_model_node_at(c->src, ox_node_origin(c->m, n)), .made = c->m, .at = n, .call = call};
    if (call) {
        site.def = &b->symbol->def;
        site.n = b->n_args;
        site.args = b->args;
    }
    return w->before(w->ud, &site, c->err);
}

static ox_status call_function(ox__conv *c, ox_node n, const ox__binding *b)
{
    ox_error e;
    ox_error_clear(&e);
    size_t cause = ox__dispatch_cause(c, n);
    ox_node unpack = ox__unpack_of(c, n);
    ox_call k = {.c = c, .node = n, .n_outputs = unpack.id ? ox_node_n_outputs(c->m, unpack) : 1};
    uint64_t casts = c->n_casts;
    ox_mark mark = ox_journal_mark(c->m);
    ox_status s = watched(c, n, b, &k);
    if (s != OX_OK) return s;
    s = c->opt->watch ? b->symbol->def.fn(&k, b->n_args, b->args, b->symbol->def.ud, &e)
                      : ox__recipe_call(&k, b, mark, &e);
    if (s == OX_OK && !k.returned && ox_node_n_outputs(c->m, n) == 0) k.returned = true;
    if (s == OX_OK && !k.returned)
        s = ox__fail(&e, OX_E_INVALID, "the symbolic function of %s returned nothing", b->op->name);
    if (s == OX_OK) s = ox__results_apply(&k, unpack, &e);
    if (s == OX_OK) return OX_OK;
    if (ox__is_fatal(c, &s)) {
        if (c->err) *c->err = e;
        return s;
    }
    ox_journal_rollback(c->m, mark);
    c->n_casts = casts;
    if (!e.msg[0]) ox__fail(&e, s, "%s", ox_status_text(s));
    return ox__dispatch_failed(c, n, cause == SIZE_MAX ? kind_of(s) : OX_FAILURE_CONSEQUENCE, &e, b->schema);
}

static ox_status note_rounded(ox__conv *c, ox_node n, const ox__binding *b)
{
    for (size_t i = 0; i < b->n_args; i++)
        if (b->args[i].kind == OX_ARG_FLOAT && b->args[i].rounded)
            return ox__report_note(c, c->opt->strict ? OX_FAILURE_CONSTANT : OX_FAILURE_WARNING, n,
                                   "the dump printed it rounded; weights of the file that it came from would be exact",
                                   "the constant %g given to %s may be rounded", b->args[i].f, b->op->name);
    return OX_OK;
}

static ox_status convert_call(ox__conv *c, ox_node n)
{
    ox__binding b;
    ox_status s = ox__bind_find(c, n, &b, c->err);
    if (s != OX_OK) return s;
    if (!b.symbol) {
        s = watched(c, n, &b, NULL);
        return s == OX_OK ? missing(c, n, &b) : s;
    }
    ox_error e;
    ox_error_clear(&e);
    s = ox__bind_args(c, n, &b, &e);
    if (ox__is_fatal(c, &s)) {
        if (c->err) *c->err = e;
        return s;
    }
    if (s != OX_OK) return ox__dispatch_failed(c, n, OX_FAILURE_REFUSED, &e, b.schema);
    s = note_rounded(c, n, &b);
    return s == OX_OK ? call_function(c, n, &b) : s;
}

/* ---- nodes that need no function ---- */

/* None is an absent input to the ONNX nodes of a dump. */
static ox_status convert_none(ox__conv *c, ox_value none)
{
    for (ox_use u = ox_value_first_use(c->m, none), next; u.node.id; u = next) {
        next = ox_value_next_use(c->m, u);
        if (ox_node_is_return(c->m, u.node) || !ox__node_in(c, u.node, c->s_onnx)) continue;
        ox_status s = ox_node_set_input(c->m, u.node, u.index, (ox_value){0}, c->err);
        if (s != OX_OK) return s;
    }
    return OX_OK;
}

/* A tensor constant of the trace is an ONNX Constant under another name. */
static ox_status convert_constant(ox__conv *c, ox_node n)
{
    const ox_attr *a = ox_node_attr(c->m, n, "value");
    if (!a) return convert_none(c, ox_node_output(c->m, n, 0));
    if (a->kind != OX_ATTR_TENSOR) return OX_OK;
    ox_status s = ox_node_set_op(c->m, n, c->s_onnx, ox__conv_str(c, "Constant"), (ox_str){0}, c->err);
    return s == OX_OK ? ox__infer_node(c->facts, n, &c->inf, NULL, c->err) : s;
}

/* A list that is taken apart: its items where they are known, else the items of a sequence. */
static ox_status convert_unpack(ox__conv *c, ox_node n)
{
    ox_value list = ox_node_input(c->m, n, 0);
    ox_node from = ox_value_node(c->m, list);
    size_t n_out = ox_node_n_outputs(c->m, n);
    bool known = from.id &&
                 (ox_node_is(c->m, from, "prim", "ListConstruct") || ox_node_is(c->m, from, "prim", "TupleConstruct"));
    ox_error e;
    if (known && ox_node_n_inputs(c->m, from) != n_out) {
        ox__fail(&e, OX_E_UNSUPPORTED, "%zu items are unpacked from a list of %zu", n_out,
                 ox_node_n_inputs(c->m, from));
        return ox__dispatch_failed(c, n, OX_FAILURE_REFUSED, &e, NULL);
    }
    size_t cause = ox__dispatch_cause(c, n);
    bool sequence = ox_type_get(c->m, ox_value_type(c->m, list)).kind == OX_TYPE_SEQUENCE;
    if (!known && !sequence) {
        if (cause == SIZE_MAX) {
            ox__fail(&e, OX_E_UNSUPPORTED, "the list that is unpacked is not known");
            return ox__dispatch_failed(c, n, OX_FAILURE_REFUSED, &e, NULL);
        }
        ox_status s = OX_OK; /* the maker of the list failed, which is enough */
        for (size_t i = 0; s == OX_OK && i < n_out; i++)
            s = ox__dispatch_fail_value(c, cause, ox_node_output(c->m, n, i));
        return s;
    }
    for (size_t i = 0; i < n_out; i++) {
        ox_value out = ox_node_output(c->m, n, i), by = known ? ox_node_input(c->m, from, i) : list;
        ox_status s = OX_OK;
        if (!known) {
            int64_t at = (int64_t)i;
            ox_tensor t;
            ox_value in[2] = {list};
            s = ox_tensor_add_raw(c->m, &t, OX_INT64, 0, NULL, &at, sizeof at, c->err);
            if (s == OX_OK) s = ox__emit_constant(c, n, ox_node_graph(c->m, n), n, t, &in[1], c->err);
            if (s == OX_OK) s = ox__emit_one(c, n, "SequenceAt", 2, in, NULL, &by, c->err);
        }
        if (s == OX_OK) s = ox__results_replace(c, n, out, by, c->err);
        if (s != OX_OK) return s;
    }
    return ox_node_delete(c->m, n, c->err);
}

/* Lists carry the failures of their items. */
static ox_status pass_cause(ox__conv *c, ox_node n)
{
    size_t cause = ox__dispatch_cause(c, n);
    ox_status s = OX_OK;
    for (size_t i = 0; cause != SIZE_MAX && s == OX_OK && i < ox_node_n_outputs(c->m, n); i++)
        s = ox__dispatch_fail_value(c, cause, ox_node_output(c->m, n, i));
    return s;
}

/* The value is what the attribute holds in the file: the weight of that name, or the list of weights NAME.0, NAME.1 ...
 */
static ox_status sets_what_was(ox__conv *c, ox_node n, bool *same)
{
    ox__buf path = {0};
    ox_value root, v = ox_node_input(c->m, n, 1);
    ox_node list = ox_value_node(c->m, v);
    size_t n_items = list.id ? ox_node_n_inputs(c->m, list) : 0, stem, i = 0;
    *same = ox__attribute_path(c->m, n, &path, &root) && !ox_value_node(c->m, root).id;
    stem = path.n;
    if (*same && !list.id) {
        *same = ox_value_name(c->m, v).id && ox_value_name(c->m, v).id == ox_str_find(c->m, path.p, path.n).id;
    } else if (*same) {
        *same = n_items && ox_node_is(c->m, list, "prim", "ListConstruct");
        for (; *same && i <= n_items; i++) {
            path.n = stem;
            ox__buf_addf(&path, ".%zu", i);
            if (path.failed) break;
            ox_str name = ox_str_find(c->m, path.p, path.n);
            ox_value weight = ox_graph_find_value(c->m, ox_model_main(c->m), name);
            *same = i == n_items ? !weight.id : weight.id && weight.id == ox_node_input(c->m, list, i).id;
        }
    }
    bool failed = path.failed;
    ox__buf_free(&path);
    return failed ? ox__nomem(c->err) : OX_OK;
}

/* A module that remembers something from call to call. */
static ox_status refuse_state(ox__conv *c, ox_node n)
{
    const ox_attr *a = ox_node_attr(c->m, n, "name");
    ox_error e;
    ox_node made = ox_value_node(c->m, ox_node_input(c->m, n, 0));
    bool same;
    ox_status s = sets_what_was(c, n, &same);
    if (s != OX_OK || same) return s;
    if (made.id && ox_node_is(c->m, made, "prim", "CreateObject")) {
        ox__fail(&e, OX_E_UNSUPPORTED, "an object that the graph makes is not followed to where it is read");
        ox_error_hint(&e,
                      "keep it out of lists and branches, set its attributes where it is made, or use a NamedTuple");
        return ox__dispatch_failed(c, n, OX_FAILURE_REFUSED, &e, NULL);
    }
    ox__fail(&e, OX_E_UNSUPPORTED, "the module keeps state: it sets its attribute '%s', which the next call would read",
             a && a->kind == OX_ATTR_STRING ? ox_str_text(c->m, a->u.s, NULL) : "");
    ox_error_hint(&e, c->opt->state_io ? "let forward take the state as an argument and return the new one"
                                       : "export --state io makes it an input and an output");
    return ox__dispatch_failed(c, n, OX_FAILURE_REFUSED, &e, NULL);
}

static ox_status convert_prim(ox__conv *c, ox_node n, bool *done)
{
    const char *op = ox_str_text(c->m, ox_node_op(c->m, n), NULL);
    *done = true;
    if (!strcmp(op, "Constant")) return convert_constant(c, n);
    if (!strcmp(op, "ListConstruct") || !strcmp(op, "TupleConstruct")) return pass_cause(c, n);
    if (!strcmp(op, "SetAttr")) return refuse_state(c, n);
    if (!strcmp(op, "Uninitialized")) return OX_OK; /* who returns it makes something of its type */
    if (!strcmp(op, "ListUnpack")) return convert_unpack(c, n);
    if (!strcmp(op, "GetAttr") || !strcmp(op, "CallMethod") || !strcmp(op, "CreateObject")) return pass_cause(c, n);
    if (!strcmp(op, "TupleUnpack") && ox__dispatch_cause(c, n) != SIZE_MAX) return pass_cause(c, n);
    *done = false;
    return OX_OK;
}

static ox_status convert_onnx(ox__conv *c, ox_node n)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(c->m, n); i++)
        s = ox__dispatch_graph(c, ox_node_block(c->m, n, i));
    ox_error e;
    ox_error_clear(&e);
    if (s == OX_OK) s = ox__check_onnx(c, n, &e);
    if (s == OX_OK) s = ox__infer_node(c->facts, n, &c->inf, NULL, &e);
    if (s == OX_OK || ox__is_fatal(c, &s)) {
        if (s != OX_OK && e.msg[0] && c->err) *c->err = e;
        return s;
    }
    return ox__dispatch_failed(c, n, OX_FAILURE_REFUSED, &e, NULL);
}

/* A node of a custom domain in an ONNX model, or in the dump of one. */
static ox_status pass_custom(ox__conv *c, ox_node n)
{
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < ox_node_n_blocks(c->m, n); i++)
        s = ox__dispatch_graph(c, ox_node_block(c->m, n, i));
    return s;
}

/* Of a copy that is lowered for its types. */
static ox_status fail_unfollowed(ox__conv *c, ox_node n)
{
    ox_error e;
    ox_error_clear(&e);
    ox__fail(&e, OX_E_UNSUPPORTED, "it reads a list or an attribute that is changed in place, which is not followed");
    return ox__dispatch_failed(c, n, OX_FAILURE_REFUSED, &e, NULL);
}

static ox_status convert_node(ox__conv *c, ox_node n)
{
    bool done = false;
    ox_error e;
    ox_error_clear(&e);
    ox__arena_reset(&c->call);
    if (c->trail && ox__reads_unfollowed(c, n)) return fail_unfollowed(c, n);
    if (ox__node_in(c, n, c->s_onnx)) return convert_onnx(c, n);
    ox_status s = OX_OK;
    if (c->as_is && !ox__node_in(c, n, c->s_prim)) return pass_custom(c, n);
    if (ox__node_in(c, n, c->s_prim)) s = convert_prim(c, n, &done);
    if (s != OX_OK || done) return s;
    ox_mark mark = ox_journal_mark(c->m);
    s = ox__convert_number(c, n, &done, &e);
    if (s == OX_OK && !done) s = ox__convert_control(c, n, &done, &e);
    if (s == OX_OK) return done ? OX_OK : convert_call(c, n);
    if (ox__is_fatal(c, &s)) {
        if (c->err) *c->err = e;
        return s;
    }
    ox_journal_rollback(c->m, mark);
    bool stems = ox__dispatch_cause(c, n) != SIZE_MAX;
    return ox__dispatch_failed(c, n, stems ? OX_FAILURE_CONSEQUENCE : OX_FAILURE_REFUSED, &e, NULL);
}

ox_status ox__dispatch_graph(ox__conv *c, ox_graph g)
{
    ox_node next;
    c->depth++;
    for (ox_node n = ox_graph_first(c->m, g); n.id; n = next) {
        ox_status s = ox__conv_tick(c, "convert");
        if (s != OX_OK) return s;
        if (c->depth == 1) ox__journal_forget(c->m); /* nothing goes back beyond the node under way */
        /* the node that takes a list apart goes together with the one that makes it */
        next = ox_node_next(c->m, n);
        ox_node unpack = ox__unpack_of(c, n), after = next;
        if (unpack.id && unpack.id == next.id) after = ox_node_next(c->m, next);
        s = convert_node(c, n);
        if (s != OX_OK || ox__is_fatal(c, &s)) return s;
        if (next.id && !ox_node_is_alive(c->m, next)) next = after;
    }
    c->depth--;
    return OX_OK;
}
