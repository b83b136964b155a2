/* Floor 7. baked: constants that are sizes of the inputs of the trace. */
#include "app/cmd/against.h"

#include "app/interrupt.h"

static ox_status print(ox_session *s, const ox_baked *b, const ox_against *x, ox_error *err)
{
    static const char *const titles[] = {OX_BAKED_TITLES, NULL};
    size_t n = ox_baked_n(b);
    ox_table *t = n ? ox_table_new(&s->out, titles) : NULL;
    for (size_t i = 0; i < n; i++) ox_baked_cells(t, s, ox_baked_at(b, i));
    ox_status st = n ? ox_table_end(t, err) : OX_OK;
    if (st != OX_OK) return st;
    ox_out_count(&s->out, ox_baked_n_seen(b), "constant", "constants");
    if (x->n)
        ox_out_f(&s->out, ", %zu of them differ%s between the models\n", n, n == 1 ? "s" : "");
    else
        ox_out_f(&s->out, ", %zu of them look%s like a size; --against a trace of other sizes proves it\n", n,
                 n == 1 ? "s" : "");
    return OX_OK;
}

static void put_json(ox_session *s, const ox_baked *b)
{
    ox_json j;
    ox_json_begin(&j, &s->out);
    ox_json_open(&j, NULL, '{');
    ox_json_int(&j, "constants", (int64_t)ox_baked_n_seen(b));
    ox_json_open(&j, "baked", '[');
    for (size_t i = 0; i < ox_baked_n(b); i++) ox_baked_json(&j, s, ox_baked_at(b, i));
    ox_json_close(&j, ']');
    ox_json_close(&j, '}');
    ox_json_end(&j);
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    ox_against x;
    ox_baked *b = NULL;
    ox_status st = ox_against_open(s, a, &x, err);
    ox_baked_options opt = {x.n, (const ox_model *const *)x.m, ox_progress_task(s->g.quiet)};
    if (st == OX_OK) st = ox_baked_find(&b, s->model, &opt, err);
    ox_progress_done();
    if (st == OX_OK && s->g.json)
        put_json(s, b);
    else if (st == OX_OK)
        st = print(s, b, &x, err);
    ox_baked_free(b);
    ox_against_free(&x);
    return st;
}

static const ox_opt opts[] = {
    OX_AGAINST_OPTS,
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_baked = {
    .name = "baked",
    .usage = "[--against FILE]... [--against-input SPEC]...",
    .summary = "list constants that are sizes of the trace's inputs",
    .help =
        "Tracing writes a size that Python computed with as a number. Alone, a model shows which constants look like\n"
        "one: those where a shape, a size or an end stands, equal to a dim (`x:0`), a product or a part of dims. With\n"
        "--against the models are aligned node by node; constants that are the same in all are no sizes, those that\n"
        "differ are proved to be the one simple form of dims that fits in all (`4*x:0`, `%y:2//2`), or listed as\n"
        "varying; where forms of several dims fit, that is said. `dynamic` puts the forms in their place. Trace with\n"
        "a batch other than 1, and with sizes that change each in its own way: 2 and 5, then 3 and 11.",
    .example = "baked",
    .flags = OX_CMD_MODEL | OX_CMD_PAGE | OX_CMD_CUT,
    .opts = opts,
    .exec = exec,
};
