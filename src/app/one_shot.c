/* Floor 7. One command from the command line: FILE is opened, the command runs, what it changed is written. */
#include "app/globals.h"

#include <onnxsh/journal.h>

#include <stdlib.h>
#include <string.h>

/* Saves what a one-shot command changed; without a target the change would be lost, which is wrong usage. */
static ox_status keep_edits(ox_session *s, const ox_invocation *v, ox_error *err)
{
    const char *path = v->out ? v->out : v->in_place ? s->path : NULL;
    if (!s->model || !(ox_model_is_modified(s->model) || v->out)) return OX_OK;
    if (!path) {
        ox_error_set(err, OX_E_INVALID, "the model was changed and the change would be lost");
        ox_error_hint(err, "give -o OUT, or --in-place");
        return OX_E_INVALID;
    }
    const char *words[] = {path};
    ox_args a;
    ox_status st = ox_args_parse(&ox_cmd_save, 1, words, &a, err);
    if (st == OX_OK) st = ox_command_run(s, &ox_cmd_save, &a, "save", err);
    return st;
}

static const ox_opt *own_option(const ox_cmd *cmd, const char *word)
{
    for (const ox_opt *o = cmd->opts; o && o->name; o++)
        if (strcmp(o->name, word) == 0) return o;
    return NULL;
}

/* For OX_CMD_RAW: options stay words, wherever they stand; the rest becomes one text, as it would stand on a line. */
static ox_status join_raw(const ox_invocation *v, const char **words, size_t *n, char **joined, ox_error *err)
{
    size_t len = 1, left;
    bool options = true;
    *n = 0;
    for (size_t i = 0; i < v->n_rest; i++) len += strlen(v->rest[i]) + 1;
    char *text = *joined = calloc(1, len);
    if (!text) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    left = len;
    for (size_t i = 0; i < v->n_rest; i++) {
        const ox_opt *o = options ? own_option(v->cmd, v->rest[i]) : NULL;
        if (options && strcmp(v->rest[i], "--") == 0) {
            options = false;
        } else if (o) {
            words[(*n)++] = v->rest[i];
            if (o->value && i + 1 < v->n_rest) words[(*n)++] = v->rest[++i];
        } else {
            size_t k = (size_t)snprintf(text, left, "%s%s", text > *joined ? " " : "", v->rest[i]);
            text += k;
            left -= k;
        }
    }
    if (text > *joined) {
        words[(*n)++] = "--";
        words[(*n)++] = *joined;
    }
    return OX_OK;
}

static ox_status parse(const ox_invocation *v, ox_args *a, char **joined, ox_error *err)
{
    const char *words[OX_ARGS_MAX + 2];
    size_t n;
    if (!(v->cmd->flags & OX_CMD_RAW)) return ox_args_parse(v->cmd, v->n_rest, v->rest, a, err);
    ox_status st = join_raw(v, words, &n, joined, err);
    return st == OX_OK ? ox_args_parse(v->cmd, n, words, a, err) : st;
}

static bool lists(const ox_invocation *v)
{
    for (size_t i = 0; v->cmd->flags & OX_CMD_LIST && i < v->n_rest; i++)
        if (strcmp(v->rest[i], "--list") == 0) return true;
    return false;
}

ox_status ox_one_shot(ox_session *s, const ox_invocation *v, ox_error *err)
{
    const ox_cmd *cmd = v->cmd;
    const char *file = v->model ? v->model : v->file;
    ox_args a;
    char *joined = NULL;
    s->one_shot = true;
    s->kept = v->out || v->in_place;
    if (cmd->flags & OX_CMD_MODEL && !file && !lists(v)) {
        ox_error_set(err, OX_E_INVALID, "%s: no FILE is given", cmd->name);
        ox_error_hint(err, "usage: onnxsh %s FILE %s", cmd->name, cmd->usage);
        return OX_E_INVALID;
    }
    ox_status st = parse(v, &a, &joined, err);
    if (st == OX_OK && s->g.lua_files.n) st = ox_session_script(s, err);
    if (st == OX_OK && cmd == &ox_cmd_open)
        a.pos[a.n++] = file;
    else if (st == OX_OK && file)
        st = ox_session_open(s, file, v->graph, err);
    if (st == OX_OK) st = ox_command_run(s, cmd, &a, cmd->name, err);
    if (st == OX_OK && cmd->flags & OX_CMD_EDITS) st = keep_edits(s, v, err);
    free(joined);
    return st;
}
