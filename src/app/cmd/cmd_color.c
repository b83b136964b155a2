/* Floor 7. color: what text of the full screen looks like. */
#include "app/cmd.h"
#include "app/tui.h"

#include <string.h>

static ox_status list(ox_session *s, ox_error *err)
{
    static const char *const titles[] = {"!ROLE", "!LOOK", "MEANING", NULL};
    const char *word, *help;
    ox_json j;
    if (s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '{');
        for (size_t i = 0; i < s->colors.n; i++) ox_json_strz(&j, s->colors.p[i].key, s->colors.p[i].line);
        ox_json_close(&j, '}');
        ox_json_end(&j);
        return OX_OK;
    }
    ox_table *t = ox_table_new(&s->out, titles);
    for (size_t i = 0; t && ox_tui_role(i, &word, &help); i++) {
        const char *look = ox_bounds_get(&s->colors, word);
        ox_table_cellz(t, word, OX_INK_OP);
        ox_table_cellz(t, look ? look : "of the theme", look ? OX_INK_VALUE : OX_INK_COMMENT);
        ox_table_cellz(t, help, OX_INK_PLAIN);
    }
    return ox_table_end(t, err);
}

static bool is_role(const char *word)
{
    const char *row, *help;
    for (size_t i = 0; ox_tui_role(i, &row, &help); i++)
        if (strcmp(row, word) == 0) return true;
    return false;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    char look[128];
    size_t n = 0;
    if (a->n == 0) return list(s, err);
    if (!is_role(a->pos[0])) {
        ox_error_set(err, OX_E_INVALID, "nothing on the screen is called '%.40s'", a->pos[0]);
        ox_error_hint(err, "`color` lists what has a look");
        return OX_E_INVALID;
    }
    look[0] = '\0';
    for (size_t i = 1; i < a->n && n < sizeof look; i++)
        n += (size_t)snprintf(look + n, sizeof look - n, "%s%s", i > 1 ? " " : "", a->pos[i]);
    if (a->n > 1 && (n >= sizeof look || !ox_tui_is_look(look))) {
        ox_error_set(err, OX_E_INVALID, "'%.80s' is no look", look);
        ox_error_hint(err, "such as `cyan bold`, `black on yellow`, `208 underline`");
        return OX_E_INVALID;
    }
    if (s->g.json) ox_json_said(&s->out, a->pos[0], look, strlen(look));
    if (a->n > 1) return ox_bounds_put(&s->colors, a->pos[0], look, err);
    ox_bounds_remove(&s->colors, a->pos[0]);
    return OX_OK;
}

const ox_cmd ox_cmd_color = {
    .name = "color",
    .usage = "[ROLE [LOOK...]]",
    .summary = "give text of the full screen another look than that of its theme",
    .help =
        "LOOK is a colour, `on` and another one for the background, and how: bold, dim, underline, reverse, plain. A\n"
        "colour is black, red, green, yellow, blue, magenta, cyan, white, one of these behind bright-, default, or a\n"
        "number of the terminal's palette up to 255. Without LOOK the theme's holds again; without ROLE all are "
        "listed.\n"
        "It is what text means that has a look: operators, types, errors. Themes: `set theme`. In init.lua:\n"
        "command(\"color op 208 bold\").",
    .example = "color op cyan bold",
    .hint = OX_HINT_COLOR,
    .max_args = 8,
    .exec = exec,
};
