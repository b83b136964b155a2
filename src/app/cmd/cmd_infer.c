/* Floor 7. infer: the types of all values; what contradicts; which dims stay unknown, by reason. */
#include "app/cmd.h"

#include "app/interrupt.h"

#include <onnxsh/journal.h>

#include <stdlib.h>
#include <string.h>

enum { MAX_GROUPS = 20 };

/* Dims that are unknown for one reason at one node; then those of one reason and operator. */
typedef struct group {
    ox_dim dim; /* an example */
    ox_str reason, op;
    uint64_t dims, places;
} group;

typedef struct groups {
    group *p;
    size_t n;
} groups;

static int by_dim(const void *a, const void *b)
{
    uint32_t x = ((const group *)a)->dim.id, y = ((const group *)b)->dim.id;
    return (x > y) - (x < y);
}

static int by_reason(const void *a, const void *b)
{
    const group *x = a, *y = b;
    if (x->reason.id != y->reason.id) return x->reason.id < y->reason.id ? -1 : 1;
    if (x->op.id != y->op.id) return x->op.id < y->op.id ? -1 : 1;
    return by_dim(a, b);
}

static int by_count(const void *a, const void *b)
{
    const group *x = a, *y = b;
    return x->dims != y->dims ? (x->dims > y->dims ? -1 : 1) : by_dim(a, b);
}

/* Neighbours that `cmp` finds alike become one, but for places, of which each dim is one. */
static void unite(groups *g, bool same_dim)
{
    size_t n = 0;
    for (size_t i = 0; i < g->n; i++) {
        group *last = n ? &g->p[n - 1] : NULL;
        if (last && (same_dim ? last->dim.id == g->p[i].dim.id
                              : last->reason.id == g->p[i].reason.id && last->op.id == g->p[i].op.id)) {
            last->dims += g->p[i].dims;
            if (!same_dim) last->places += g->p[i].places;
        } else {
            g->p[n++] = g->p[i];
        }
    }
    g->n = n;
}

static ox_status collect(const ox_model *m, groups *g, ox_error *err)
{
    size_t cap = 0;
    for (uint32_t id = 1; id < ox_model_value_limit(m); id++) {
        ox_value v = ox_model_value_at(m, id);
        if (!v.id || !ox_value_node(m, v).id) continue;
        ox_type_info t = ox_type_get(m, ox_value_type(m, v));
        for (int32_t i = 0; i < t.rank; i++) {
            if (ox_dim_get_kind(m, t.dims[i]) != OX_DIM_UNKNOWN) continue;
            if (g->n == cap) {
                cap = cap ? 2 * cap : 64;
                group *p = realloc(g->p, cap * sizeof *p);
                if (!p) return ox_error_set(err, OX_E_NOMEM, "out of memory");
                g->p = p;
            }
            ox_node at = ox_dim_origin(m, t.dims[i]);
            g->p[g->n++] = (group){t.dims[i], ox_dim_name(m, t.dims[i]), ox_node_op(m, at), 1, 1};
        }
    }
    if (!g->n) return OX_OK;
    qsort(g->p, g->n, sizeof *g->p, by_dim);
    unite(g, true);
    qsort(g->p, g->n, sizeof *g->p, by_reason);
    unite(g, false);
    qsort(g->p, g->n, sizeof *g->p, by_count);
    return OX_OK;
}

/* ---- output ---- */
static const char *const problems[] = {
    [OX_INFER_INPUTS] = "inputs", [OX_INFER_DECLARED] = "declared", [OX_INFER_NO_RULE] = "no-rule"};

static void json_finding(void *ud, const ox_infer_finding *f)
{
    ox_json *j = ((void **)ud)[0];
    ox_session *s = ((void **)ud)[1];
    char label[512];
    ox_json_open(j, NULL, '{');
    ox_json_strz(j, "problem", problems[f->problem]);
    ox_json_strz(j, "message", f->message);
    ox_node_json(j, "node", s->model, f->node);
    if (f->value.id)
        ox_json_str(j, "value", label, ox_value_label(s->model, f->value, label, sizeof label));
    else
        ox_json_null(j, "value");
    ox_json_close(j, '}');
}

static void print_finding(void *ud, const ox_infer_finding *f)
{
    ox_session *s = ((void **)ud)[1];
    ox_out *o = &s->out;
    char text[1024];
    ox_progress_done();
    ox_out_f(o, "%s%s%s: %s\n", ox_out_ink(o, OX_INK_ATTR), problems[f->problem], ox_out_reset(o), f->message);
    const char *name = ox_str_text(s->model, ox_node_name(s->model, f->node), NULL);
    ox_out_f(o, "    #%u ", f->node.id);
    ox_out_name(o, name, strlen(name));
    ox_node_scope_text(s->model, f->node, text, sizeof text);
    if (*text) ox_out_f(o, "  at ");
    ox_out_name(o, text, strlen(text));
    ox_out_f(o, "\n");
}

static void json_summary(ox_json *j, const ox_model *m, const ox_infer_counts *k, const groups *g)
{
    char text[1024];
    ox_json_int(j, "nodes", (int64_t)k->nodes);
    ox_json_int(j, "values", (int64_t)k->values);
    ox_json_int(j, "typed_before", (int64_t)k->typed_before);
    ox_json_int(j, "typed", (int64_t)k->typed);
    ox_json_int(j, "dims", (int64_t)k->dims);
    ox_json_int(j, "unknown_dims", (int64_t)k->unknown_dims);
    ox_json_open(j, "unknown", '[');
    for (size_t i = 0; i < g->n; i++) {
        ox_json_open(j, NULL, '{');
        ox_json_int(j, "dims", (int64_t)g->p[i].dims);
        ox_json_int(j, "places", (int64_t)g->p[i].places);
        ox_json_int(j, "node", ox_dim_origin(m, g->p[i].dim).id);
        ox_json_str(j, "reason", text, ox_dim_reason(m, g->p[i].dim, text, sizeof text));
        ox_json_close(j, '}');
    }
    ox_json_close(j, ']');
}

static void print_summary(ox_session *s, const ox_infer_counts *k, const groups *g)
{
    char text[1024];
    ox_out *o = &s->out;
    ox_out_count(o, k->values, "value", "values");
    ox_out_f(o, ": type and rank of %zu are known, of %zu the file says so\n", k->typed, k->typed_before);
    ox_out_count(o, k->dims, "dim", "dims");
    ox_out_f(o, ", %zu of them unknown", k->unknown_dims);
    if (k->findings) ox_out_f(o, "; %zu contradictions or unknown operators", k->findings);
    ox_out_f(o, "\n");
    for (size_t i = 0; i < g->n && i < MAX_GROUPS; i++) {
        const group *x = &g->p[i];
        size_t n = ox_dim_reason(s->model, x->dim, text, sizeof text);
        ox_out_f(o, "%7llu  %.*s", (unsigned long long)x->dims, (int)n, text);
        if (x->places > 1) ox_out_f(o, "; and %llu places like it", (unsigned long long)x->places - 1);
        ox_out_f(o, "\n");
    }
    if (g->n > MAX_GROUPS) ox_out_f(o, "         and %zu other reasons\n", g->n - MAX_GROUPS);
}

/* ---- --dynamic X:0=batch ---- */
static ox_status bad_dynamic(const char *word, const char *why, ox_error *err)
{
    ox_error_set(err, OX_E_INVALID, "--dynamic %s: %s", word, why);
    ox_error_hint(err, "as in --dynamic x:0=batch");
    return OX_E_INVALID;
}

static ox_value input_named(const ox_model *m, const char *name, size_t n)
{
    ox_graph g = ox_model_main(m);
    for (size_t i = 0; i < ox_graph_n_inputs(m, g); i++) {
        size_t len;
        const char *text = ox_str_text(m, ox_value_name(m, ox_graph_input(m, g, i)), &len);
        if (len == n && memcmp(text, name, n) == 0) return ox_graph_input(m, g, i);
    }
    return (ox_value){0};
}

static ox_status set_dynamic(ox_model *m, const char *word, ox_error *err)
{
    ox_dim dims[64];
    int64_t axis;
    const char *colon = strrchr(word, ':'), *eq = colon ? strchr(colon, '=') : NULL;
    if (!eq || !eq[1] || !ox_text_parse_i64(colon + 1, (size_t)(eq - colon - 1), &axis))
        return bad_dynamic(word, "not of the form NAME:AXIS=SYMBOL", err);
    ox_value v = input_named(m, word, (size_t)(colon - word));
    if (!v.id) return bad_dynamic(word, "the graph has no such input", err);
    ox_type_info t = ox_type_get(m, ox_value_type(m, v));
    if (t.kind != OX_TYPE_TENSOR || t.rank < 0 || t.rank > 64) return bad_dynamic(word, "its rank is not known", err);
    if (axis < 0 || axis >= t.rank) return bad_dynamic(word, "the input has no such axis", err);
    for (int32_t i = 0; i < t.rank; i++) dims[i] = t.dims[i];
    dims[axis] = ox_dim_symbol(m, ox_str_addz(m, eq + 1));
    return ox_value_set_type(m, v, ox_type_tensor(m, t.dtype, t.rank, dims), err);
}

/* Types of an ONNX model follow each edit from now on; those of a trace are found again when they are shown. */
static ox_status run(ox_session *s, const ox_infer_options *opt, ox_infer_fn fn, void *ud, ox_infer_counts *counts,
                     ox_error *err)
{
    ox_inference *inf = NULL;
    if (ox_typing_is_for(s->model)) {
        ox_status st = ox_session_infer(s, opt, fn, ud, err);
        if (st == OX_OK) ox_typing_count(s->typing, counts);
        return st;
    }
    ox_status st = ox_inference_create(&inf, s->model, opt, err);
    if (st == OX_OK) st = ox_inference_update(inf, fn, ud, ox_progress_task(s->g.quiet), err);
    ox_progress_done();
    if (st == OX_OK) ox_inference_count(inf, counts);
    if (st == OX_OK && !s->one_shot)
        ox_session_follow(s, inf);
    else
        ox_inference_free(inf);
    return st;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    const char *dynamic[OX_ARGS_MAX];
    bool clean = !ox_model_is_modified(s->model);
    size_t n_dynamic = ox_args_all(a, "--dynamic", dynamic, OX_ARGS_MAX);
    ox_infer_options opt = {.strict = s->g.strict,
                            .no_data = ox_args_get(a, "--no-data") != NULL,
                            .keep = s->kept || ox_args_get(a, "--declare"),
                            .forget = n_dynamic || ox_args_get(a, "--forget")};
    ox_infer_counts counts = {0};
    groups g = {0};
    ox_json j;
    void *ud[] = {&j, s};
    ox_mark mark = ox_journal_mark(s->model);
    ox_status st = OX_OK;
    for (size_t i = 0; st == OX_OK && i < n_dynamic; i++) st = set_dynamic(s->model, dynamic[i], err);
    if (st != OX_OK) {
        ox_journal_rollback(s->model, mark);
        return st;
    }
    if (s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '{');
        ox_json_open(&j, "findings", '[');
    }
    st = run(s, &opt, s->g.json ? json_finding : print_finding, ud, &counts, err);
    if (s->g.json) ox_json_close(&j, ']');
    if (st == OX_OK) st = collect(s->model, &g, err);
    if (st == OX_OK) {
        if (s->g.json)
            json_summary(&j, s->model, &counts, &g);
        else
            print_summary(s, &counts, &g);
        if (clean && !opt.keep && (!n_dynamic || s->one_shot))
            ox_model_set_saved(s->model); /* no record of the file differs by it */
    }
    if (s->g.json) {
        ox_json_close(&j, '}');
        ox_json_end(&j);
    }
    free(g.p);
    return st;
}

static const ox_opt opts[] = {
    {"--declare", NULL, "save what is found with the model, as value_info; implied by -o and --in-place", OX_HINT_NONE,
     NULL},
    {"--dynamic", "X:0=batch", "dim 0 of input X is the symbol batch (repeatable); implies --forget", OX_HINT_NONE,
     NULL},
    {"--forget", NULL, "ignore the types that the file declares for outputs of nodes", OX_HINT_NONE, NULL},
    {"--no-data", NULL, "do not follow the elements of values through the arithmetic of shapes", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_infer = {
    .name = "infer",
    .usage = "[--declare] [--dynamic X:AXIS=SYMBOL]... [--forget] [--no-data]",
    .summary = "infer types and shapes of all values; say which dims stay unknown, and why",
    .help =
        "Types follow from those of the inputs, which --input overrides (then with --forget), and from the "
        "operators; dims are numbers, "
        "symbols and expressions of them. What contradicts is listed and inference goes on; with --strict the "
        "first contradiction, or operator of which nothing is known, is an error. Each view shows what was found, "
        "`value` and `node` tell why a dim is unknown, and undo takes it back. After `infer` the "
        "types follow each edit of the session. Of a trace, a copy is converted and the types that it has are mapped "
        "back, which every command that shows types does when it is needed, and which is no step to undo.",
    .example = "infer",
    .flags = OX_CMD_MODEL | OX_CMD_GRAPH | OX_CMD_EDITS | OX_CMD_PAGE,
    .opts = opts,
    .exec = exec,
};
