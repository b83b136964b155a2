/* Floor 7. The command line of the program. Options of the program and options of commands never share a name (a test
 * sees to it), so the program's may stand after the command too. */
#include "app/globals.h"

#include <stdlib.h>
#include <string.h>

const ox_opt ox_global_opts[] = {
    {"-l", "FILE.lua", "load symbolic functions before the file is opened (repeatable)", OX_HINT_FILE, NULL},
    {"-t", NULL, "the full screen instead of the prompt", OX_HINT_NONE, NULL},
    {"-e", "LINE", "run a prompt line, command or Lua, and exit (repeatable, in order)", OX_HINT_NONE, NULL},
    {"-f", "SCRIPT", "run the prompt lines of a file, and exit (repeatable, in order)", OX_HINT_FILE, NULL},
    {"--model", "FILE", "open FILE for a command that takes no FILE of its own", OX_HINT_FILE, NULL},
    {"--input", "SPEC", "[name=]dtype[dims] of an input that the file does not describe (repeatable)", OX_HINT_NONE,
     NULL},
    {"--weights", "FILE", "bind parameters by name from .pt, .npz, .safetensors or .onnx (repeatable)", OX_HINT_FILE,
     NULL},
    {"--follow-links", NULL, "external data through symbolic or hard links", OX_HINT_NONE, NULL},
    {"--json", NULL, "machine output: one JSON document for each command", OX_HINT_NONE, NULL},
    {"--strict", NULL, "warnings that concern correctness are failures", OX_HINT_NONE, NULL},
    {"--color", "WHEN", "auto, always or never", OX_HINT_WORDS, "auto always never"},
    {"--lua-dir", "DIR", "Lua files of onnxsh from DIR instead of those inside the program", OX_HINT_FILE, NULL},
    {"--no-pager", NULL, "do not page long output", OX_HINT_NONE, NULL},
    {"--no-init", NULL, "do not run init.lua", OX_HINT_NONE, NULL},
    {"-q", NULL, "no progress, no warnings", OX_HINT_NONE, NULL},
    {"--version", NULL, "print the version and exit", OX_HINT_NONE, NULL},
    {"--help", NULL, "print help and exit", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

static const ox_opt *find_global(const char *word, size_t n)
{
    for (const ox_opt *o = ox_global_opts; o->name; o++)
        if (strlen(o->name) == n && memcmp(o->name, word, n) == 0) return o;
    return NULL;
}

static ox_status add_line(ox_invocation *v, const char *text, bool script, ox_error *err)
{
    if (v->n_lines == OX_ARGS_MAX) return ox_error_set(err, OX_E_INVALID, "more than %d -e and -f", OX_ARGS_MAX);
    v->lines[v->n_lines].text = text;
    v->lines[v->n_lines++].script = script;
    return OX_OK;
}

static ox_status apply(ox_invocation *v, ox_globals *g, const char *name, const char *value, ox_error *err)
{
    if (strcmp(name, "-l") == 0) return ox_words_add(&g->lua_files, value, err);
    if (strcmp(name, "--input") == 0) return ox_words_add(&g->inputs, value, err);
    if (strcmp(name, "--weights") == 0) return ox_words_add(&g->weights, value, err);
    if (strcmp(name, "-e") == 0) return add_line(v, value, false, err);
    if (strcmp(name, "-f") == 0) return add_line(v, value, true, err);
    if (strcmp(name, "-t") == 0)
        v->full_screen = true;
    else if (strcmp(name, "--model") == 0)
        v->model = value;
    else if (strcmp(name, "--follow-links") == 0)
        g->follow_links = true;
    else if (strcmp(name, "--json") == 0)
        g->json = true;
    else if (strcmp(name, "--strict") == 0)
        g->strict = true;
    else if (strcmp(name, "--no-pager") == 0)
        g->no_pager = true;
    else if (strcmp(name, "--no-init") == 0)
        g->no_init = true;
    else if (strcmp(name, "-q") == 0)
        g->quiet = true;
    else if (strcmp(name, "--version") == 0)
        v->version = true;
    else if (strcmp(name, "--help") == 0)
        v->help = true;
    else if (strcmp(name, "--color") == 0)
        g->color = strcmp(value, "auto") == 0 ? -1 : strcmp(value, "always") == 0;
    else if (strcmp(name, "--lua-dir") == 0) {
        free(g->lua_dir);
        if (!(g->lua_dir = strdup(value))) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    }
    return OX_OK;
}

static ox_status take_global(ox_invocation *v, ox_globals *g, const ox_opt *o, int argc, char **argv, int *i,
                             ox_error *err)
{
    const char *eq = argv[*i][1] == '-' ? strchr(argv[*i], '=') : NULL, *value = "";
    if (o->value && eq)
        value = eq + 1;
    else if (o->value && *i + 1 < argc)
        value = argv[++*i];
    else if (o->value)
        return ox_error_set(err, OX_E_INVALID, "option %s needs a value, %s", o->name, o->value);
    else if (eq)
        return ox_error_set(err, OX_E_INVALID, "option %s takes no value", o->name);
    if (o->hint == OX_HINT_WORDS && strcmp(value, "auto") != 0 && strcmp(value, "always") != 0 &&
        strcmp(value, "never") != 0)
        return ox_error_set(err, OX_E_INVALID, "%s takes %s, not '%s'", o->name, o->words, value);
    return apply(v, g, o->name, value, err);
}

/* In the one-shot form a command that works on a model takes --graph N, as `open` does; one that edits takes -o OUT or
 * --in-place. *taken says whether the word was one of these. */
static ox_status take_target(ox_invocation *v, int argc, char **argv, int *i, bool *taken, ox_error *err)
{
    const char *w = argv[*i], *value = *i + 1 < argc ? argv[*i + 1] : NULL;
    bool edits = v->cmd && v->cmd->flags & OX_CMD_EDITS;
    *taken = true;
    if (v->cmd && v->cmd != &ox_cmd_open && v->cmd->flags & OX_CMD_MODEL && strcmp(w, "--graph") == 0 && value) {
        int64_t graph;
        ox_status st = ox_parse_int(value, "--graph", 1, 1000000, &graph, err);
        v->graph = (int)graph;
        ++*i;
        return st;
    }
    if (edits && strcmp(w, "-o") == 0 && value)
        v->out = argv[++*i];
    else if (edits && strcmp(w, "--in-place") == 0)
        v->in_place = true;
    else
        *taken = false;
    return OX_OK;
}

static const ox_opt *command_opt(const ox_cmd *cmd, const char *word)
{
    for (const ox_opt *o = cmd ? cmd->opts : NULL; o && o->name; o++)
        if (strcmp(o->name, word) == 0) return o;
    return NULL;
}

static ox_status add_rest(ox_invocation *v, const char *word, ox_error *err)
{
    if (v->n_rest == OX_ARGS_MAX) return ox_error_set(err, OX_E_INVALID, "more than %d arguments", OX_ARGS_MAX);
    v->rest[v->n_rest++] = word;
    return OX_OK;
}

/* The first word that is no option is a command or a file; for a command that works on a model the next is its file. */
static ox_status take_word(ox_invocation *v, const char *word, bool may_be_command, ox_error *err)
{
    if (!v->cmd && !v->file && may_be_command && (v->cmd = ox_command_find(word, strlen(word)))) return OX_OK;
    if (!v->cmd) {
        if (v->file) {
            ox_error_set(err, OX_E_INVALID, "'%s' is neither a command nor an option", v->file);
            if (ox_command_find(word, strlen(word)))
                ox_error_hint(err, "the command stands before the file: onnxsh %s FILE", word);
            else
                ox_error_hint(err, "`onnxsh --help` lists the commands; one file can be opened at a time");
            return OX_E_INVALID;
        }
        v->file = word;
        return OX_OK;
    }
    if (v->cmd->flags & OX_CMD_MODEL && !v->file && !v->model) {
        v->file = word;
        return OX_OK;
    }
    return add_rest(v, word, err);
}

/* One word that begins with a dash: an option of the program, of the one-shot form, or of the command. */
static ox_status take_option(ox_invocation *v, ox_globals *g, int argc, char **argv, int *i, ox_error *err)
{
    const char *w = argv[*i], *eq = w[1] == '-' ? strchr(w, '=') : NULL;
    const ox_opt *o = find_global(w, eq ? (size_t)(eq - w) : strlen(w)), *own = command_opt(v->cmd, w);
    bool taken;
    if (o) return take_global(v, g, o, argc, argv, i, err);
    ox_status st = take_target(v, argc, argv, i, &taken, err);
    if (taken || st != OX_OK) return st;
    if (!v->cmd) {
        ox_error_set(err, OX_E_INVALID, "there is no option %s", w);
        ox_error_hint(err, "`onnxsh --help` lists them; options of a command come after its name");
        return OX_E_INVALID;
    }
    st = add_rest(v, w, err);
    /* An option's value is never taken for the file. */
    if (st == OX_OK && own && own->value && *i + 1 < argc) st = add_rest(v, argv[++*i], err);
    return st;
}

ox_status ox_invocation_parse(ox_invocation *v, ox_globals *g, int argc, char **argv, ox_error *err)
{
    bool options = true;
    memset(v, 0, sizeof *v);
    g->color = -1;
    for (int i = 1; i < argc; i++) {
        const char *w = argv[i];
        ox_status st = OX_OK;
        if (options && strcmp(w, "--") == 0) {
            options = false;
            if (v->cmd && (v->file || !(v->cmd->flags & OX_CMD_MODEL))) st = add_rest(v, w, err);
        } else if (!options || w[0] != '-' || w[1] == '\0' || (w[1] >= '0' && w[1] <= '9' && v->cmd)) {
            st = take_word(v, w, options, err);
        } else {
            st = take_option(v, g, argc, argv, &i, err);
        }
        if (st != OX_OK) return st;
    }
    return OX_OK;
}
