/* Floor 7. symbolics: the registered symbolic functions, the source of one, and taking one away. */
#include "app/cmd.h"
#include "app/cmd/symbolic_new.h"
#include "app/debug.h"

#include <stdlib.h>
#include <string.h>

typedef struct listing {
    ox_session *s;
    ox_table *t;
    ox_json *j;
    uint64_t n;
} listing;

static bool on_def(void *ud, const ox_symbolic_def *d)
{
    listing *l = ud;
    char params[512];
    size_t k = 0;
    params[0] = '\0';
    for (size_t i = 0; i < d->n_params && k < sizeof params; i++)
        k += (size_t)snprintf(params + k, sizeof params - k, "%s%s", i ? ", " : "", d->params[i]);
    if (d->positional) snprintf(params, sizeof params, "...");
    l->n++;
    if (l->j) {
        ox_json_open(l->j, NULL, '{');
        ox_json_strz(l->j, "name", d->name);
        ox_json_int(l->j, "opset", d->min_opset);
        ox_json_bool(l->j, "builtin", d->builtin);
        ox_json_strz(l->j, "parameters", params);
        ox_json_strz(l->j, "file", d->file);
        ox_json_int(l->j, "line", d->line);
        ox_json_close(l->j, '}');
        return true;
    }
    ox_table_cellz(l->t, d->name, OX_INK_OP);
    if (d->min_opset)
        ox_table_cellf(l->t, OX_INK_PLAIN, "%lld", (long long)d->min_opset);
    else
        ox_table_cellz(l->t, "", OX_INK_PLAIN);
    ox_table_cellz(l->t, d->builtin ? "built-in" : "user", OX_INK_PLAIN);
    ox_table_cellz(l->t, params, OX_INK_ATTR);
    ox_table_cellf(l->t, OX_INK_COMMENT, "%s:%u", d->file ? d->file : "C", d->line);
    return true;
}

static ox_status list(ox_session *s, const char *name, ox_error *err)
{
    static const char *const titles[] = {"OPERATOR", ">OPSET", "BY", "PARAMETERS", "SOURCE", NULL};
    ox_json j;
    listing l = {.s = s};
    if (s->g.json) {
        l.j = &j;
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
        ox_status st = ox_symbolics_each(s->symbolics, name, on_def, &l, err);
        ox_json_close(&j, ']');
        ox_json_end(&j);
        return st;
    }
    l.t = ox_table_new(&s->out, titles);
    ox_status st = l.t ? ox_symbolics_each(s->symbolics, name, on_def, &l, err) : OX_OK;
    ox_status ended = ox_table_end(l.t, st == OX_OK ? err : NULL);
    if (st == OX_OK) st = ended;
    if (st == OX_OK && s->interactive) {
        ox_out_count(&s->out, l.n, "function", "functions");
        ox_out_f(&s->out, "\n");
    }
    return st;
}

static ox_status source(ox_session *s, const char *name, int64_t opset, ox_error *err)
{
    char *text, where[512];
    ox_status st = ox_script_source(s->script, name, opset, &text, where, sizeof where, err);
    if (st != OX_OK) return st;
    ox_json j;
    if (s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '{');
        ox_json_strz(&j, "name", name);
        ox_json_strz(&j, "where", where);
        ox_json_strz(&j, "source", text);
        ox_json_close(&j, '}');
        ox_json_end(&j);
    } else {
        ox_out_f(&s->out, "%s-- %s%s\n", ox_out_ink(&s->out, OX_INK_COMMENT), where, ox_out_reset(&s->out));
        ox_status e = ox_out_write(&s->out, text, strlen(text), err);
        if (*text && text[strlen(text) - 1] != '\n') ox_out_f(&s->out, "\n");
        st = e;
    }
    ox_script_free_text(text);
    return st;
}

/* --new prints a skeleton, --edit opens the editor. */
static ox_status begin(ox_session *s, const ox_args *a, ox_error *err)
{
    ox_node at = {0};
    char *text;
    const char *node = ox_args_get(a, "--for");
    if (!a->n) {
        ox_error_set(err, OX_E_INVALID, "symbolics: which operator?");
        ox_error_hint(err, "usage: symbolics --new NAME, as in symbolics --new aten::elu");
        return OX_E_INVALID;
    }
    if (node && !s->model) return ox_error_set(err, OX_E_INVALID, "--for %s: no model is open", node);
    ox_status st = node ? ox_select_node(s->model, node, &at, err) : OX_OK;
    if (st != OX_OK) return st;
    if (ox_args_get(a, "--edit")) return ox_symbolic_edit(s, a->pos[0], at, ox_args_get(a, "--to"), err);
    st = ox_symbolic_skeleton(s, a->pos[0], at, &text, err);
    if (st != OX_OK) return st;
    if (s->g.json)
        ox_json_said(&s->out, "source", text, strlen(text));
    else
        st = ox_out_write(&s->out, text, strlen(text), err);
    free(text);
    return st;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    int64_t opset;
    if (ox_args_get(a, "--new") || ox_args_get(a, "--edit")) return begin(s, a, err);
    ox_status st = ox_target_opset(s, ox_args_get(a, "--opset"), &opset, err);
    if (st == OX_OK) st = ox_session_script(s, err);
    if (st != OX_OK) return st;
    const char *removed = ox_args_get(a, "--remove");
    if (removed) {
        st = ox_debug_waits(s, "symbolics --remove", err);
        if (st == OX_OK) st = ox_symbolics_remove(s->symbolics, removed, err);
        if (st == OX_OK && s->g.json) ox_json_said(&s->out, "removed", removed, strlen(removed));
        return st;
    }
    if (a->n) return source(s, a->pos[0], opset, err);
    st = ox_script_load_all(s->script, err);
    return st == OX_OK ? list(s, NULL, err) : st;
}

static const ox_opt opts[] = {
    {"--opset", "N", "the function that serves this opset", OX_HINT_NONE, NULL},
    {"--new", NULL, "print a skeleton: the schema's parameters, and what one call gives them", OX_HINT_NONE, NULL},
    {"--edit", NULL, "open the editor at the function, then load its file", OX_HINT_NONE, NULL},
    {"--for", "NODE", "the call that the skeleton shows (the first of the operator)", OX_HINT_NODE, NULL},
    {"--to", "FILE.lua", "where --edit puts a function that is not the user's yet", OX_HINT_FILE, NULL},
    {"--remove", "NAME", "take the functions of that operator away, for this session", OX_HINT_OP, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_symbolics = {
    .name = "symbolics",
    .usage = "[--opset N] [--new | --edit] [--for NODE] [--to FILE.lua] [--remove NAME] [NAME]",
    .summary = "list the symbolic functions, or print the source of one",
    .help = "NAME is aten::elu, aten::add.Tensor or ^MyFunction. A function of the user's comes before every built-in "
            "one.\n"
            "--edit opens $VISUAL or $EDITOR at the user's function of that name. Where there is none, a copy of the "
            "built-in\n"
            "one, or a skeleton, is put at the end of --to FILE first (the last file of -l, else symbolics.lua in the "
            "user's\n"
            "data directory).",
    .example = "symbolics aten::elu",
    .flags = OX_CMD_PAGE,
    .opts = opts,
    .hint = OX_HINT_OP,
    .max_args = 1,
    .exec = exec,
};
