/* Floor 7. why: all that explains how a node of a trace fares in an export: where it comes from, what its arguments are
 * and where each came from, its schema, what the conversion says of it, which opsets can, which functions there are. */
#include "app/cmd/node_parts.h"

#include <stdlib.h>
#include <string.h>

enum { MAX_NEAR = 5, MAX_NAME = 512, FAR = 4 };

typedef struct why {
    ox_session *s;
    const ox_model *m;
    ox_node n;
    ox_out *o;
    char name[MAX_NAME]; /* "aten::elu", "^Warp" */
    ox_model *result;    /* of the conversion that was tried, NULL if it failed */
    ox_report *report;
} why;

/* ---- where it comes from ---- */

/* One line a level, the outermost first: the class, and the attribute that holds it. */
static void put_scope(const why *w, ox_scope scope, const char *label)
{
    size_t n_class, n_attr;
    ox_scope parent = ox_scope_parent(w->m, scope);
    if (parent.id) put_scope(w, parent, label);
    const char *cls = ox_str_text(w->m, ox_scope_class(w->m, scope), &n_class),
               *attr = ox_str_text(w->m, ox_scope_attr(w->m, scope), &n_attr);
    unsigned depth = ox_scope_depth(w->m, scope);
    ox_node_title(w->o, depth == 1 ? label : "");
    ox_out_f(w->o, "%*s", (int)(2 * (depth - 1)), "");
    const char *dot = memrchr(cls, '.', n_class);
    if (dot) n_class -= (size_t)(dot + 1 - cls), cls = dot + 1;
    ox_out_name(w->o, n_attr ? attr : cls, n_attr ? n_attr : n_class);
    if (n_attr && n_class) {
        ox_out_f(w->o, "  %s", ox_out_ink(w->o, OX_INK_SCOPE));
        ox_out_name(w->o, cls, n_class);
        ox_out_f(w->o, "%s", ox_out_reset(w->o));
    }
    ox_out_f(w->o, "\n");
}

static void put_place(const why *w)
{
    char text[1024];
    ox_value v = ox_node_output(w->m, w->n, 0);
    ox_node_title(w->o, "node");
    ox_node_op_text(w->m, w->n, text, sizeof text);
    ox_out_f(w->o, "%s%s%s  #%u", ox_out_bold(w->o), text, ox_out_reset(w->o), w->n.id);
    if (v.id) {
        ox_out_f(w->o, "  ");
        ox_node_put_value(w->m, v, w->o);
    }
    ox_out_f(w->o, "\n");
    if (ox_node_scope(w->m, w->n).id) put_scope(w, ox_node_scope(w->m, w->n), "scope");
    ox_node_loc_text(w->m, w->n, text, sizeof text);
    if (*text) {
        ox_node_title(w->o, "source");
        ox_out_name(w->o, text, strlen(text));
        ox_out_f(w->o, "\n");
    }
    ox_node_put_stack(w->m, w->n, w->o);
}

/* ---- arguments ---- */

static void put_arguments(const why *w)
{
    char text[512];
    const ox_aten_schema *schema = ox_node_aten_schema(w->m, w->n);
    size_t widest = 4;
    for (size_t i = 0; i < ox_node_n_inputs(w->m, w->n); i++) {
        size_t k = strlen(ox_node_input_name(w->m, w->n, i));
        if (k > widest) widest = k;
    }
    for (size_t i = 0; i < ox_node_n_inputs(w->m, w->n); i++) {
        ox_value v = ox_node_input(w->m, w->n, i);
        ox_node_title(w->o, i ? "" : "arguments");
        ox_out_f(w->o, "%-*s  ", (int)widest, ox_node_input_name(w->m, w->n, i));
        if (!v.id) {
            ox_out_f(w->o, "(absent)\n");
            continue;
        }
        ox_node_put_value(w->m, v, w->o);
        ox_node_put_origin(w->m, v, w->o);
        ox_node from = ox_value_node(w->m, v);
        if (from.id && !ox_node_is(w->m, from, "prim", "Constant")) {
            ox_node_loc_text(w->m, from, text, sizeof text);
            ox_out_f(w->o, " #%u%s", from.id, *text ? "  " : "");
            ox_out_name(w->o, text, strlen(text));
        }
        if (schema && i < ox_aten_get(schema).n_args) {
            ox_aten_arg a = ox_aten_get_arg(schema, i);
            if (a.def.text) ox_out_f(w->o, "  (default %s)", a.def.text);
            if (a.inert == OX_ATEN_INERT) ox_out_f(w->o, "  (does not matter: %s)", a.reason);
        }
        ox_out_f(w->o, "\n");
    }
    if (schema) {
        ox_aten_print(schema, text, sizeof text);
        ox_node_title(w->o, "schema");
        ox_out_f(w->o, "%s\n", text);
    }
}

/* ---- what the conversion says ---- */

static const ox_failure *failure_of(const why *w, size_t *at)
{
    for (*at = 0; w->report && *at < ox_report_n(w->report); (*at)++) {
        const ox_failure *f = ox_report_at(w->report, *at);
        if (f->node.id == w->n.id) return f;
    }
    return NULL;
}

static void put_failure(const why *w, const ox_failure *f)
{
    ox_node_title(w->o, f->kind == OX_FAILURE_WARNING ? "warning" : "failure");
    ox_out_name(w->o, f->message, strlen(f->message));
    ox_out_f(w->o, "\n");
    if (*f->lua_file) {
        ox_node_title(w->o, "");
        ox_out_f(w->o, "in ");
        ox_out_name(w->o, f->lua_file, strlen(f->lua_file));
        ox_out_f(w->o, ":%u\n", f->lua_line);
    }
    if (f->cause != SIZE_MAX) {
        const ox_failure *from = ox_report_at(w->report, f->cause);
        ox_node_title(w->o, "");
        ox_out_f(w->o, "it stems from ");
        ox_out_name(w->o, from->op, strlen(from->op));
        ox_out_f(w->o, " #%u: ", from->node.id);
        ox_out_name(w->o, from->message, strlen(from->message));
        ox_out_f(w->o, "\n");
    }
    if (*f->hint) {
        ox_node_title(w->o, "hint");
        ox_out_name(w->o, f->hint, strlen(f->hint));
        ox_out_f(w->o, "\n");
    }
}

/* The ONNX nodes that the node became. */
static size_t put_result(const why *w)
{
    enum { MAX_SHOWN = 12 };
    size_t n = 0;
    char text[512], label[256];
    for (uint32_t id = 1; w->result && id < ox_model_node_limit(w->result); id++) {
        ox_node k = ox_model_node_at(w->result, id);
        if (!k.id || ox_node_origin(w->result, k) != w->n.id || ox_node_is_return(w->result, k)) continue;
        if (n++ >= MAX_SHOWN) continue;
        ox_value v = ox_node_output(w->result, k, 0);
        ox_node_op_text(w->result, k, text, sizeof text);
        label[0] = '\0';
        if (v.id) ox_value_label(w->result, v, label, sizeof label);
        ox_node_title(w->o, n == 1 ? "became" : "");
        ox_out_f(w->o, "%s %s%s%s\n", text, ox_out_ink(w->o, OX_INK_VALUE), label, ox_out_reset(w->o));
    }
    if (n > MAX_SHOWN) {
        ox_node_title(w->o, "");
        ox_out_f(w->o, "and %zu more\n", n - MAX_SHOWN);
    }
    return n;
}

static void put_verdict(const why *w)
{
    size_t at;
    const ox_failure *f = failure_of(w, &at);
    if (f) put_failure(w, f);
    if (put_result(w) || (f && f->kind != OX_FAILURE_WARNING)) return;
    ox_node_title(w->o, "verdict");
    if (w->result)
        ox_out_f(w->o, "nothing is left of it in the result: it was folded, or nobody reads it\n");
    else
        ox_out_f(w->o, "the export fails at other nodes, not here\n");
}

/* ---- opsets and functions ---- */

/* "9-10 no, 11-26 yes" */
static ox_status put_opsets(const why *w, ox_error *err)
{
    int64_t newest = ox_opset_newest(""), first = OX_OPSET_MIN;
    bool before = false, comma = false;
    ox_node_title(w->o, "opsets");
    for (int64_t v = OX_OPSET_MIN; v <= newest + 1; v++) {
        bool yes = false;
        ox_status st = v <= newest ? ox_node_is_convertible(&yes, w->s->symbolics, w->m, w->n, v, err) : OX_OK;
        if (st != OX_OK) return st;
        if (v == OX_OPSET_MIN) before = yes;
        if (yes == before && v <= newest) continue;
        ox_out_f(w->o, "%s%lld", comma ? ", " : "", (long long)first);
        if (v - 1 > first) ox_out_f(w->o, "-%lld", (long long)(v - 1));
        ox_out_f(w->o, before ? " have a function" : " have none");
        comma = true;
        before = yes;
        first = v;
    }
    ox_out_f(w->o, "\n");
    return OX_OK;
}

typedef struct near {
    const why *w;
    size_t n;
    struct {
        char name[128];
        size_t distance;
    } best[MAX_NEAR];
} near;

static bool on_function(void *ud, const ox_symbolic_def *d)
{
    near *x = ud;
    const why *w = x->w;
    ox_node_title(w->o, x->n++ ? "" : "functions");
    ox_out_name(w->o, d->name, strlen(d->name));
    ox_out_f(w->o, "(");
    for (size_t i = 0; i < d->n_params; i++) {
        ox_out_f(w->o, i ? ", " : "");
        ox_out_name(w->o, d->params[i], strlen(d->params[i]));
    }
    ox_out_f(w->o, "%s)", d->positional ? "..." : "");
    if (d->min_opset) ox_out_f(w->o, " from opset %lld on", (long long)d->min_opset);
    ox_out_f(w->o, ", %s", d->builtin ? "built-in" : "user");
    if (d->file) {
        ox_out_f(w->o, ", ");
        ox_out_name(w->o, d->file, strlen(d->file));
        ox_out_f(w->o, ":%u", d->line);
    }
    ox_out_f(w->o, "\n");
    return true;
}

static bool on_candidate(void *ud, const ox_symbolic_def *d)
{
    near *x = ud;
    size_t far = ox_text_distance(x->w->name, d->name), i;
    if (far > FAR) return true;
    for (i = 0; i < x->n; i++)
        if (strcmp(x->best[i].name, d->name) == 0) return true;
    for (i = x->n; i > 0 && x->best[i - 1].distance > far; i--)
        if (i < MAX_NEAR) x->best[i] = x->best[i - 1];
    if (i >= MAX_NEAR) return true;
    snprintf(x->best[i].name, sizeof x->best[i].name, "%s", d->name);
    x->best[i].distance = far;
    x->n += x->n < MAX_NEAR;
    return true;
}

static ox_status put_functions(const why *w, ox_error *err)
{
    near x = {.w = w};
    ox_status st = ox_symbolics_each(w->s->symbolics, w->name, on_function, &x, err);
    size_t len = strlen(w->name);
    if (st == OX_OK && !x.n && len > 2 && w->name[len - 1] == '_' && w->name[len - 2] != '_') {
        char plain[MAX_NAME]; /* the form in place is converted as the one that returns its result */
        snprintf(plain, sizeof plain, "%.*s", (int)(len - 1), w->name);
        st = ox_symbolics_each(w->s->symbolics, plain, on_function, &x, err);
    }
    if (st != OX_OK || x.n) return st;
    st = ox_script_load_all(w->s->script, err);
    if (st == OX_OK) st = ox_symbolics_each(w->s->symbolics, NULL, on_candidate, &x, err);
    if (st != OX_OK) return st;
    ox_node_title(w->o, "functions");
    ox_out_f(w->o, x.n ? "none; the nearest names are" : "none, and no name is near");
    for (size_t i = 0; i < x.n; i++) {
        ox_out_f(w->o, i ? ", " : " ");
        ox_out_name(w->o, x.best[i].name, strlen(x.best[i].name));
    }
    ox_out_f(w->o, "\n");
    return OX_OK;
}

/* ---- the command ---- */

static void json(why *w, ox_json *j)
{
    char text[1024];
    size_t at;
    const ox_failure *f = failure_of(w, &at);
    const ox_aten_schema *schema = ox_node_aten_schema(w->m, w->n);
    ox_json_open(j, NULL, '{');
    ox_node_json(j, "node", w->m, w->n);
    if (schema) ox_aten_print(schema, text, sizeof text);
    ox_json_strz(j, "schema", schema ? text : NULL);
    ox_json_strz(j, "failure", f && f->kind != OX_FAILURE_WARNING ? f->message : NULL);
    ox_json_strz(j, "hint", f && *f->hint ? f->hint : NULL);
    ox_json_strz(j, "arguments", f ? f->arguments : NULL);
    if (f && f->cause != SIZE_MAX)
        ox_json_int(j, "cause", ox_report_at(w->report, f->cause)->node.id);
    else
        ox_json_null(j, "cause");
    ox_json_open(j, "became", '[');
    for (uint32_t id = 1; w->result && id < ox_model_node_limit(w->result); id++) {
        ox_node k = ox_model_node_at(w->result, id);
        if (k.id && ox_node_origin(w->result, k) == w->n.id && !ox_node_is_return(w->result, k))
            ox_node_json(j, NULL, w->result, k);
    }
    ox_json_close(j, ']');
    ox_json_close(j, '}');
}

static ox_status explain(why *w, ox_json *j, ox_error *err)
{
    char text[MAX_NAME];
    size_t n = ox_node_op_text(w->m, w->n, text, sizeof text);
    const ox_aten_schema *schema = ox_node_aten_schema(w->m, w->n);
    snprintf(w->name, sizeof w->name, "%s", schema ? ox_aten_get(schema).name : n < sizeof text ? text : "");
    if (j) {
        json(w, j);
        return OX_OK;
    }
    put_place(w);
    put_arguments(w);
    put_verdict(w);
    if (ox_node_is(w->m, w->n, "", ox_str_text(w->m, ox_node_op(w->m, w->n), NULL))) return OX_OK;
    ox_status st = put_opsets(w, err);
    return st == OX_OK ? put_functions(w, err) : st;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    ox_node all[OX_ARGS_MAX];
    ox_json j;
    why w = {.s = s, .m = s->model, .o = &s->out};
    int64_t opset;
    ox_status st = ox_target_opset(s, ox_args_get(a, "--opset"), &opset, err);
    for (size_t i = 0; i < a->n && st == OX_OK; i++) st = ox_select_node(s->model, a->pos[i], &all[i], err);
    if (st == OX_OK) ox_lead_to(s, s->model, all[0]);
    if (st == OX_OK) st = ox_try_export(s, opset, &w.result, &w.report, err);
    if (st == OX_OK && s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
    }
    for (size_t i = 0; i < a->n && st == OX_OK; i++) {
        w.n = all[i];
        if (i && !s->g.json) ox_out_f(&s->out, "\n");
        st = explain(&w, s->g.json ? &j : NULL, err);
    }
    if (st == OX_OK && s->g.json) {
        ox_json_close(&j, ']');
        ox_json_end(&j);
    }
    ox_model_free(w.result);
    ox_report_free(w.report);
    return st;
}

static const ox_opt opts[] = {
    {"--opset", "N", "the ONNX opset to aim at", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_why = {
    .name = "why",
    .usage = "[--opset N] NODE...",
    .summary = "explain how a node fares in an export, and why",
    .help =
        "Its modules from the outermost in, its source and the Python calls that led to it; each argument by name "
        "with\n"
        "its value, or what made it and where; the schema that they fit; the failure of the node, or what it becomes;\n"
        "the opsets at which a symbolic function serves it, and those functions, or names that are near. The export "
        "is\n"
        "tried for it, nothing is written.",
    .example = "why #2",
    .flags = OX_CMD_MODEL | OX_CMD_GRAPH | OX_CMD_PAGE | OX_CMD_TYPES,
    .opts = opts,
    .hint = OX_HINT_NODE,
    .min_args = 1,
    .max_args = OX_ARGS_MAX,
    .exec = exec,
};
