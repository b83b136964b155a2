/* Floor 7. dynamic: a dim of an input becomes a symbol, and the constants that depend on it are computed. */
#include "app/cmd/against.h"

#include "app/interrupt.h"

#include <stdlib.h>
#include <string.h>

typedef struct request {
    ox_dynamic_axis axes[OX_ARGS_MAX];
    char *names[OX_ARGS_MAX];
    ox_dynamic_options opt;
} request;

/* x:0=batch, split at the last colon. */
static ox_status take(request *r, const char *word, ox_error *err)
{
    ox_dynamic_axis *d = &r->axes[r->opt.n_axes];
    char *p = strdup(word), *colon = p ? strrchr(p, ':') : NULL, *eq = colon ? strchr(colon, '=') : NULL;
    if (!p) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    r->names[r->opt.n_axes++] = p;
    if (!eq || colon == p || !ox_text_parse_i64(colon + 1, (size_t)(eq - colon - 1), &d->axis)) {
        ox_error_set(err, OX_E_INVALID, "'%s' is not of the form INPUT:DIM=NAME", word);
        ox_error_hint(err, "as in dynamic x:0=batch");
        return OX_E_INVALID;
    }
    *colon = *eq = '\0';
    d->input = p;
    d->symbol = eq + 1;
    return OX_OK;
}

/* ---- what was done ---- */
typedef struct counts {
    size_t rebuilt, likely, left;
} counts;

static counts count(const ox_baked *b)
{
    counts c = {0};
    for (size_t i = 0; i < ox_baked_n(b); i++) {
        const ox_baked_row *r = ox_baked_at(b, i);
        c.rebuilt += r->rebuilt;
        c.left += !r->rebuilt;
        c.likely += !r->rebuilt && (r->state == OX_BAKED_LIKELY || r->state == OX_BAKED_POSSIBLE);
    }
    return c;
}

static ox_status print(ox_session *s, const request *r, const ox_baked *b, ox_error *err)
{
    static const char *const titles[] = {OX_BAKED_TITLES, NULL};
    counts c = count(b);
    ox_out *o = &s->out;
    ox_table *t = ox_baked_n(b) ? ox_table_new(o, titles) : NULL;
    for (size_t i = 0; i < ox_baked_n(b); i++) ox_baked_cells(t, s, ox_baked_at(b, i));
    ox_status st = t ? ox_table_end(t, err) : OX_OK;
    if (st != OX_OK) return st;
    for (size_t i = 0; i < r->opt.n_axes; i++) {
        ox_out_f(o, i ? ", " : "");
        ox_out_name(o, r->axes[i].input, strlen(r->axes[i].input));
        ox_out_f(o, ":%lld is ", (long long)r->axes[i].axis);
        ox_out_name(o, r->axes[i].symbol, strlen(r->axes[i].symbol));
    }
    ox_out_f(o, ": ");
    ox_out_count(o, c.rebuilt, "constant", "constants");
    ox_out_f(o, " rebuilt from sizes\n");
    if (c.likely)
        ox_out_f(o,
                 "left: %zu that only look like it; --against another trace proves them, --trust takes those that "
                 "are likely\n",
                 c.likely);
    if (c.left > c.likely)
        ox_out_f(o, "left: %zu that are not proved; what reads them is right at the traced sizes alone\n",
                 c.left - c.likely);
    return OX_OK;
}

static void put_json(ox_session *s, const ox_baked *b)
{
    ox_json j;
    counts c = count(b);
    ox_json_begin(&j, &s->out);
    ox_json_open(&j, NULL, '{');
    ox_json_int(&j, "rebuilt", (int64_t)c.rebuilt);
    ox_json_int(&j, "left", (int64_t)c.left);
    ox_json_open(&j, "baked", '[');
    for (size_t i = 0; i < ox_baked_n(b); i++) ox_baked_json(&j, s, ox_baked_at(b, i));
    ox_json_close(&j, ']');
    ox_json_close(&j, '}');
    ox_json_end(&j);
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    request r = {.opt = {.trust = ox_args_get(a, "--trust") != NULL}};
    ox_against x = {0};
    ox_baked *b = NULL;
    ox_status st = OX_OK;
    for (size_t i = 0; i < a->n && st == OX_OK; i++) st = take(&r, a->pos[i], err);
    if (st == OX_OK) st = ox_against_open(s, a, &x, err);
    r.opt.axes = r.axes;
    r.opt.baked = (ox_baked_options){x.n, (const ox_model *const *)x.m, ox_progress_task(s->g.quiet)};
    r.opt.typing = s->as_given ? NULL : s->typing;
    if (st == OX_OK) st = ox_dynamic_make(&b, s->model, &r.opt, err);
    ox_progress_done();
    if (st == OX_OK && s->g.json)
        put_json(s, b);
    else if (st == OX_OK)
        st = print(s, &r, b, err);
    ox_baked_free(b);
    ox_against_free(&x);
    for (size_t i = 0; i < r.opt.n_axes; i++) free(r.names[i]);
    return st;
}

static const ox_opt opts[] = {
    OX_AGAINST_OPTS,
    {"--trust", NULL, "rebuild what is likely too, though nothing proves it", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_dynamic = {
    .name = "dynamic",
    .usage = "INPUT:DIM=NAME... [--against FILE]... [--trust]",
    .summary = "make dims of inputs dynamic, and compute the constants that depend on them",
    .help =
        "The dim becomes the symbol NAME, and every constant that is proved to depend on it (see `baked`) is computed\n"
        "from sizes: in a trace by aten::size, in an ONNX model by Shape and Gather. What only looks like it is left "
        "and\n"
        "listed; --trust takes those that are likely. Dims of inputs that change together in the other models need\n"
        "one name: dynamic x:1=batch h:1=batch. The types that follow are inferred; if they contradict, nothing is\n"
        "changed. `export` then makes a model that takes any size of the dim; `undo` takes all back.",
    .example = "dynamic input:0=batch",
    .flags = OX_CMD_MODEL | OX_CMD_EDITS | OX_CMD_PAGE | OX_CMD_CUT,
    .opts = opts,
    .min_args = 1,
    .max_args = OX_ARGS_MAX,
    .exec = exec,
};
