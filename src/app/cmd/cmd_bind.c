/* Floor 7. bind: keys of the full screen. */
#include "app/cmd.h"
#include "app/tui.h"

#include <string.h>

static ox_status list(ox_session *s, ox_error *err)
{
    static const char *const titles[] = {"!KEY", "LINE", NULL};
    ox_json j;
    if (s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '{');
        for (size_t i = 0; i < s->bound.n; i++) ox_json_strz(&j, s->bound.p[i].key, s->bound.p[i].line);
        ox_json_close(&j, '}');
        ox_json_end(&j);
        return OX_OK;
    }
    ox_table *t = ox_table_new(&s->out, titles);
    for (size_t i = 0; i < s->bound.n; i++) {
        ox_table_cellz(t, s->bound.p[i].key, OX_INK_OP);
        ox_table_cellz(t, s->bound.p[i].line, OX_INK_PLAIN);
    }
    return ox_table_end(t, err);
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
    if (*line == '@' && !ox_tui_is_action(line + 1)) {
        ox_error_set(err, OX_E_INVALID, "no key does '%.40s'", line);
        ox_error_hint(err, "such as @page-down; `help keys` names them all");
        return OX_E_INVALID;
    }
    ox_status st = *line ? ox_bounds_put(&s->bound, key, line, err) : OX_OK;
    if (st != OX_OK) return st;
    if (!*line) ox_bounds_remove(&s->bound, key);
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
        "are bound are listed. @ACTION instead of a line is what another key does (`help keys` names the actions): "
        "`bind J\n"
        "@half-down`. In init.lua: command(\"bind W why {}\"), and command(\"set theme light\").",
    .example = "bind W why {}",
    .flags = OX_CMD_RAW,
    .max_args = 1,
    .exec = exec,
};
