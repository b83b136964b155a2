/* Floor 7. help: everything is derived from the tables of commands, options, Lua functions and formats. */
#include "app/cmd.h"
#include "app/tui.h"

#include <onnxsh/query.h>

#include <stdlib.h>
#include <string.h>

/* Of a text that is padded to at least n columns. */
static unsigned width_of(const char *text, size_t n)
{
    size_t k = strlen(text);
    return (unsigned)(k > n ? k : n);
}

static void print_options(ox_out *o, const ox_opt *opts)
{
    for (; opts && opts->name; opts++) {
        char text[64];
        snprintf(text, sizeof text, "%s%s%s", opts->name, opts->value ? " " : "", opts->value ? opts->value : "");
        ox_out_f(o, "  %s%-26s%s ", ox_out_ink(o, OX_INK_ATTR), text, ox_out_reset(o));
        ox_out_wrap(o, 3 + width_of(text, 26), 29, opts->help);
    }
}

static void print_command(ox_out *o, const ox_cmd *c)
{
    ox_out_f(o, "%s%s%s%s%s\n  %s\n", ox_out_bold(o), c->name, ox_out_reset(o), *c->usage ? " " : "", c->usage,
             c->summary);
    if (*c->help) {
        ox_out_f(o, "\n");
        ox_out_wrap(o, 0, 0, c->help);
    }
    if (c->opts && c->opts->name) {
        ox_out_f(o, "\n");
        print_options(o, c->opts);
    }
    ox_out_f(o, "\n  example: %s\n", c->example);
    if (c->flags & OX_CMD_EDITS) ox_out_f(o, "  on the command line a change needs -o OUT or --in-place\n");
}

static void print_commands(ox_session *s)
{
    const ox_cmd *const *rows;
    size_t n = ox_commands(&rows);
    for (size_t i = 0; i < n; i++) {
        ox_out_f(&s->out, "  %s%-10s%s ", ox_out_ink(&s->out, OX_INK_OP), rows[i]->name, ox_out_reset(&s->out));
        ox_out_wrap(&s->out, 13, 13, rows[i]->summary);
    }
    for (size_t i = 0; i < s->n_lua_commands; i++) {
        ox_out_f(&s->out, "  ");
        ox_out_name(&s->out, s->lua_commands[i].name, strlen(s->lua_commands[i].name));
        ox_out_f(&s->out, "  ");
        ox_out_name(&s->out, s->lua_commands[i].help, strlen(s->lua_commands[i].help));
        ox_out_f(&s->out, "  (Lua)\n");
    }
}

static void print_formats(ox_out *o)
{
    const ox_format_row *rows;
    size_t n = ox_formats(&rows);
    for (size_t i = 0; i < n; i++) {
        ox_out_f(o, "  %-12s %-16s ", rows[i].name, rows[i].extensions);
        ox_out_wrap(o, 32, 32, rows[i].help);
    }
}

static void print_overview(ox_session *s)
{
    ox_out *o = &s->out;
    ox_out_f(o, "onnxsh [OPTIONS] [FILE]                    an interactive session\n"
                "onnxsh [OPTIONS] COMMAND [FILE] [ARGS...]  one command, then exit\n"
                "onnxsh -e 'LINE' [-e ...] [FILE]           prompt lines in order; -f SCRIPT reads them\n\n");
    ox_out_f(o, "%sOptions%s\n", ox_out_bold(o), ox_out_reset(o));
    print_options(o, ox_global_opts);
    ox_out_f(o, "\n%sCommands%s (`help COMMAND` tells more)\n", ox_out_bold(o), ox_out_reset(o));
    print_commands(s);
    ox_out_f(o, "\n%sFormats%s\n", ox_out_bold(o), ox_out_reset(o));
    print_formats(o);
    ox_out_f(o, "\n");
    ox_out_wrap(
        o, 0, 0,
        "A line that begins with a command's name is a command; anything else is Lua. `:word` forces a command,\n"
        "`= expression` forces Lua. Topics: help find, help lua, help g:op, help keys, help --all.");
    ox_out_wrap(o, 0, 0,
                "Exit status: 0 done, 1 the answer is no, 2 wrong usage, 3 a file is unreadable or not valid, 4 a Lua\n"
                "error, 130 interrupted.");
}

static void print_lua(ox_out *o)
{
    const ox_script_doc *rows;
    size_t n = ox_script_docs(&rows);
    for (size_t i = 0; i < n; i++) {
        ox_out_f(o, "  %s%-40s%s ", ox_out_ink(o, OX_INK_OP), rows[i].usage, ox_out_reset(o));
        ox_out_wrap(o, 3 + width_of(rows[i].usage, 40), 8, rows[i].doc);
    }
}

static bool print_lua_topic(ox_out *o, const char *topic)
{
    const ox_script_doc *rows;
    size_t n = ox_script_docs(&rows);
    bool any = false;
    for (size_t i = 0; i < n; i++) {
        if (strcmp(rows[i].name, topic) != 0) continue;
        ox_out_f(o, "%s%s%s\n  ", ox_out_bold(o), rows[i].usage, ox_out_reset(o));
        ox_out_wrap(o, 2, 2, rows[i].doc);
        any = true;
    }
    return any;
}

static void print_passes(ox_out *o)
{
    const ox_pass_stat *rows;
    size_t n = ox_passes(&rows);
    for (size_t i = 0; i < n; i++) {
        ox_out_f(o, "  %2zu %-24s ", i + 1, rows[i].name);
        ox_out_wrap(o, 30, 30, rows[i].help);
    }
}

static void print_all(ox_session *s)
{
    const ox_cmd *const *rows;
    size_t n = ox_commands(&rows);
    print_overview(s);
    for (size_t i = 0; i < n; i++) {
        ox_out_f(&s->out, "\n");
        print_command(&s->out, rows[i]);
    }
    ox_out_f(&s->out, "\nThe passes of a conversion\n");
    print_passes(&s->out);
    ox_out_f(&s->out, "\nLua\n");
    print_lua(&s->out);
}

/* The manual page, in man(7) macros. */
static void man_text(ox_out *o, const char *text)
{
    for (; *text; text++) {
        if (*text == '-')
            ox_out_f(o, "\\-");
        else if (*text == '\\')
            ox_out_f(o, "\\e");
        else
            ox_out_f(o, "%c", *text);
    }
}

static void man_options(ox_out *o, const ox_opt *opts)
{
    for (; opts && opts->name; opts++) {
        ox_out_f(o, ".TP\n.B ");
        man_text(o, opts->name);
        if (opts->value) {
            ox_out_f(o, " ");
            man_text(o, opts->value);
        }
        ox_out_f(o, "\n");
        man_text(o, opts->help);
        ox_out_f(o, "\n");
    }
}

static void print_man(ox_session *s)
{
    const ox_cmd *const *rows;
    ox_out *o = &s->out;
    size_t n = ox_commands(&rows);
    ox_out_f(o, ".TH ONNXSH 1 \"\" \"onnxsh %s\"\n.SH NAME\nonnxsh \\- the torch.onnx exporter, interactive\n",
             OX_VERSION);
    ox_out_f(o, ".SH SYNOPSIS\n.B onnxsh\n[OPTIONS] [FILE]\n.br\n.B onnxsh\n[OPTIONS] COMMAND [FILE] [ARGS...]\n"
                ".br\n.B onnxsh\n\\-e LINE [\\-e ...] [FILE]\n.SH OPTIONS\n");
    man_options(o, ox_global_opts);
    ox_out_f(o, ".SH COMMANDS\n");
    for (size_t i = 0; i < n; i++) {
        ox_out_f(o, ".SS ");
        man_text(o, rows[i]->name);
        ox_out_f(o, " ");
        man_text(o, rows[i]->usage);
        ox_out_f(o, "\n");
        man_text(o, rows[i]->summary);
        ox_out_f(o, ".\n");
        if (*rows[i]->help) {
            man_text(o, rows[i]->help);
            ox_out_f(o, "\n");
        }
        man_options(o, rows[i]->opts);
    }
    ox_out_f(
        o, ".SH EXIT STATUS\n0 done, 1 the answer is no, 2 wrong usage, 3 a file is unreadable or not valid, 4 a Lua\n"
           "error, 130 interrupted.\n");
}

static void print_json(ox_session *s, const char *only)
{
    const ox_cmd *const *rows;
    size_t n = ox_commands(&rows);
    ox_json j;
    ox_json_begin(&j, &s->out);
    ox_json_open(&j, NULL, '[');
    for (size_t i = 0; i < n; i++) {
        if (only && strcmp(only, rows[i]->name) != 0) continue;
        ox_json_open(&j, NULL, '{');
        ox_json_strz(&j, "name", rows[i]->name);
        ox_json_strz(&j, "usage", rows[i]->usage);
        ox_json_strz(&j, "summary", rows[i]->summary);
        ox_json_strz(&j, "help", rows[i]->help);
        ox_json_strz(&j, "example", rows[i]->example);
        ox_json_bool(&j, "model", rows[i]->flags & OX_CMD_MODEL);
        ox_json_open(&j, "options", '[');
        for (const ox_opt *o = rows[i]->opts; o && o->name; o++) {
            ox_json_open(&j, NULL, '{');
            ox_json_strz(&j, "name", o->name);
            ox_json_strz(&j, "value", o->value);
            ox_json_strz(&j, "help", o->help);
            ox_json_close(&j, '}');
        }
        ox_json_close(&j, ']');
        ox_json_close(&j, '}');
    }
    ox_json_close(&j, ']');
    ox_json_end(&j);
}

static ox_status print_keys(ox_session *s, ox_error *err)
{
    static const char *const titles[] = {"!KEYS", "!PANE", "!ACTION", "MEANING", NULL};
    char word[OX_ACTION_WORD];
    const char *keys, *pane, *help;
    ox_table *t = ox_table_new(&s->out, titles);
    for (size_t i = 0; t && ox_tui_action(i, word, &keys, &pane, &help); i++) {
        ox_table_cellz(t, keys, OX_INK_OP);
        ox_table_cellz(t, *pane ? pane : "any", OX_INK_COMMENT);
        ox_table_cellz(t, word, OX_INK_VALUE);
        ox_table_cellz(t, help, OX_INK_PLAIN);
    }
    return ox_table_end(t, err);
}

static ox_status topic(ox_session *s, const char *word, ox_error *err)
{
    const ox_cmd *c = ox_command_find(word, strlen(word));
    if (c) {
        print_command(&s->out, c);
        if (c == &ox_cmd_export) {
            ox_out_f(&s->out, "\n  passes:\n");
            print_passes(&s->out);
        }
        if (c == &ox_cmd_lua) {
            ox_out_f(&s->out, "\n");
            print_lua(&s->out);
        }
        return OX_OK;
    }
    for (size_t i = 0; i < s->n_lua_commands; i++) {
        if (strcmp(s->lua_commands[i].name, word) != 0) continue;
        ox_out_name(&s->out, word, strlen(word));
        ox_out_f(&s->out, " ");
        ox_out_name(&s->out, s->lua_commands[i].usage, strlen(s->lua_commands[i].usage));
        ox_out_f(&s->out, "\n  ");
        ox_out_name(&s->out, s->lua_commands[i].help, strlen(s->lua_commands[i].help));
        ox_out_f(&s->out, "\n");
        return OX_OK;
    }
    if (print_lua_topic(&s->out, word)) return OX_OK;
    if (strcmp(word, "formats") == 0) {
        print_formats(&s->out);
        return OX_OK;
    }
    if (strcmp(word, "keys") == 0) return print_keys(s, err);
    ox_error_set(err, OX_E_NOT_FOUND, "there is no help on '%s'", word);
    ox_error_hint(err, "`help` lists the commands, `help lua` the functions");
    return OX_E_NOT_FOUND;
}

/* Topics that are no command: their text. */
static ox_status topic_json(ox_session *s, const char *word, ox_error *err)
{
    size_t n;
    if (!ox_out_catch(&s->out)) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    ox_status st = topic(s, word, err);
    char *text = ox_out_caught(&s->out, &n);
    if (st == OX_OK && !text) st = ox_error_set(err, OX_E_NOMEM, "out of memory");
    if (st == OX_OK) ox_json_said(&s->out, "text", text, n);
    free(text);
    return st;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    if (s->g.json && !s->out.outer) {
        if (a->n && !ox_command_find(a->pos[0], strlen(a->pos[0]))) return topic_json(s, a->pos[0], err);
        print_json(s, a->n ? a->pos[0] : NULL);
    } else if (ox_args_get(a, "--man"))
        print_man(s);
    else if (ox_args_get(a, "--all"))
        print_all(s);
    else if (a->n)
        return topic(s, a->pos[0], err);
    else if (s->interactive)
        print_commands(s);
    else
        print_overview(s);
    return OX_OK;
}

static const ox_opt opts[] = {
    {"--all", NULL, "everything", OX_HINT_NONE, NULL},
    {"--man", NULL, "the manual page, for man(1)", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_help = {
    .name = "help",
    .usage = "[--all] [--man] [TOPIC]",
    .summary = "list the commands, or explain one, or a Lua function",
    .help = "",
    .example = "help show",
    .flags = OX_CMD_PAGE,
    .opts = opts,
    .hint = OX_HINT_COMMAND,
    .max_args = 1,
    .exec = exec,
};
