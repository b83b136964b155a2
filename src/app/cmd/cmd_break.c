/* Floor 7. break: where a debugged conversion stops. */
#include "app/cmd.h"
#include "app/debug.h"

#include <string.h>

static ox_status list(ox_session *s, ox_error *err)
{
    static const char *const titles[] = {">NUMBER", "NODES", "CONDITION", ">HITS", NULL};
    if (s->g.json) {
        ox_json j;
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
        for (size_t i = 0; i < s->n_breakpoints; i++) {
            ox_json_open(&j, NULL, '{');
            ox_json_int(&j, "number", s->breakpoints[i].number);
            ox_json_strz(&j, "query", s->breakpoints[i].query);
            ox_json_strz(&j, "condition", s->breakpoints[i].condition);
            ox_json_int(&j, "hits", s->breakpoints[i].hits);
            ox_json_close(&j, '}');
        }
        ox_json_close(&j, ']');
        ox_json_end(&j);
        return OX_OK;
    }
    if (!s->n_breakpoints) {
        ox_out_f(&s->out, "there are no breakpoints\n");
        return OX_OK;
    }
    ox_table *t = ox_table_new(&s->out, titles);
    for (size_t i = 0; i < s->n_breakpoints; i++) {
        const ox_breakpoint *b = &s->breakpoints[i];
        ox_table_cellf(t, OX_INK_PLAIN, "%d", b->number);
        ox_table_cellz(t, *b->query ? b->query : "(all)", OX_INK_OP);
        ox_table_cellz(t, b->condition ? b->condition : "", OX_INK_ATTR);
        ox_table_cellf(t, OX_INK_PLAIN, "%u", b->hits);
    }
    return ox_table_end(t, err);
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    const char *gone = ox_args_get(a, "--delete");
    int64_t number = 0;
    if (gone) {
        ox_status st = strcmp(gone, "all") == 0 ? OX_OK : ox_parse_int(gone, "--delete", 1, INT32_MAX, &number, err);
        return st == OX_OK ? ox_break_remove(s, (int)number, err) : st;
    }
    if (!a->n) return list(s, err);
    ox_status st = ox_break_add(s, a->pos[0], err);
    if (st == OX_OK && !s->g.json) ox_out_f(&s->out, "breakpoint %d\n", s->last_breakpoint);
    return st;
}

static const ox_opt opts[] = {
    {"--delete", "N", "take a breakpoint away, or all", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_break = {
    .name = "break",
    .usage = "[QUERY] [if CONDITION] | --delete N",
    .summary = "stop a debugged conversion at nodes, or list where it stops",
    .help = "QUERY is one of `find`: aten::view, scope:features, op:conv2d. CONDITION is Lua that sees the arguments "
            "of the\n"
            "call by name, and rank(x), dtype(x), sizes(x), dim(x, i): `break if rank(self) == 4`. `debug` begins the\n"
            "conversion.",
    .example = "break aten::elu",
    .flags = OX_CMD_MODEL | OX_CMD_GRAPH | OX_CMD_RAW,
    .opts = opts,
    .hint = OX_HINT_QUERY,
    .max_args = 1,
    .exec = exec,
};
