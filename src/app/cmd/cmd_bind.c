/* Floor 7. bind: keys of the full screen. */
#include "app/cmd.h"
#include "app/tui.h"

#include <stdlib.h>
#include <string.h>

static ox_status list(ox_session *s, ox_error *err)
{
    static const char *const titles[] = {"!KEY", "LINE", NULL};
    ox_json j;
    if (s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '{');
        for (size_t i = 0; i < s->n_bound; i++) ox_json_strz(&j, s->bound[i].key, s->bound[i].line);
        ox_json_close(&j, '}');
        ox_json_end(&j);
        return OX_OK;
    }
    ox_table *t = ox_table_new(&s->out, titles);
    for (size_t i = 0; i < s->n_bound; i++) {
        ox_table_cellz(t, s->bound[i].key, OX_INK_OP);
        ox_table_cellz(t, s->bound[i].line, OX_INK_PLAIN);
    }
    return ox_table_end(t, err);
}

static ox_bound *find(const ox_session *s, const char *key)
{
    for (size_t i = 0; i < s->n_bound; i++)
        if (strcmp(s->bound[i].key, key) == 0) return &s->bound[i];
    return NULL;
}

static void unbind(ox_session *s, const char *key)
{
    ox_bound *b = find(s, key);
    if (!b) return;
    free(b->key);
    free(b->line);
    *b = s->bound[--s->n_bound];
}

static ox_status bind(ox_session *s, const char *key, const char *line, ox_error *err)
{
    ox_bound b = {strdup(key), strdup(line)};
    ox_bound *p = b.key && b.line ? realloc(s->bound, (s->n_bound + 1) * sizeof *p) : NULL;
    if (p) s->bound = p;
    if (!p) {
        free(b.key);
        free(b.line);
        return ox_error_set(err, OX_E_NOMEM, "out of memory");
    }
    unbind(s, key);
    s->bound[s->n_bound++] = b;
    return OX_OK;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    char key[16];
    if (a->n == 0) return list(s, err);
    const char *word = a->pos[0], *line = word + strcspn(word, " \t");
    size_t n = (size_t)(line - word);
    line += strspn(line, " \t");
    snprintf(key, sizeof key, "%.*s", (int)n, word);
    if (n >= sizeof key || !ox_tui_is_key(key)) {
        ox_error_set(err, OX_E_INVALID, "there is no key '%.40s'", word);
        ox_error_hint(err, "such as W, C-t, F5, PageUp; `?` in the full screen lists those that are in use");
        return OX_E_INVALID;
    }
    if (*line) {
        ox_status st = bind(s, key, line, err);
        if (st != OX_OK) return st;
    } else {
        unbind(s, key);
    }
    const char *help = ox_tui_key_help(key);
    if (s->g.json)
        ox_json_said(&s->out, key, line, strlen(line));
    else if (s->interactive && *line && help)
        ox_out_f(&s->out, "%s was: %s\n", key, help);
    return OX_OK;
}

const ox_cmd ox_cmd_bind = {
    .name = "bind",
    .usage = "[KEY [LINE]]",
    .summary = "bind a key of the full screen to a line of the prompt",
    .help =
        "In LINE, {} stands for the node of the cursor. Without LINE the key means again what it meant; without KEY "
        "all that\n"
        "are bound are listed. In init.lua: command(\"bind W why {}\"), and command(\"set theme light\").",
    .example = "bind W why {}",
    .flags = OX_CMD_RAW,
    .max_args = 1,
    .exec = exec,
};
