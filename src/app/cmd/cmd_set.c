/* Floor 7. set: the settings of the session. */
#include "app/cmd.h"

#include "app/settings.h"
#include "app/tui.h"

#include <string.h>

static ox_status set_flag(bool *flag, const char *word, const char *name, ox_error *err)
{
    if (strcmp(word, "on") == 0)
        *flag = true;
    else if (strcmp(word, "off") == 0)
        *flag = false;
    else
        return ox_error_set(err, OX_E_INVALID, "set %s: on or off, not '%s'", name, word);
    return OX_OK;
}

static ox_status put_style(ox_session *s, const char *word, ox_error *err)
{
    if (strcmp(word, "auto") == 0) {
        s->has_style = false;
        return OX_OK;
    }
    s->has_style = ox_style_find(word, &s->style);
    return s->has_style ? OX_OK : ox_error_set(err, OX_E_INVALID, "set style: there is no style '%s'", word);
}

static void get_style(const ox_session *s, char *buf, size_t size)
{
    snprintf(buf, size, "%s", s->has_style ? ox_style_name(s->style) : "auto");
}

static ox_status put_opset(ox_session *s, const char *word, ox_error *err)
{
    return ox_parse_int(word, "set opset", 1, 1000, &s->opset, err);
}

static void get_opset(const ox_session *s, char *buf, size_t size)
{
    snprintf(buf, size, "%lld", (long long)s->opset);
}

static ox_status put_color(ox_session *s, const char *word, ox_error *err)
{
    bool on = s->out.color;
    ox_status st = set_flag(&on, word, "color", err);
    s->out.color = on;
    return st;
}

static void get_color(const ox_session *s, char *buf, size_t size)
{
    snprintf(buf, size, "%s", s->out.color ? "on" : "off");
}

#define FLAG(name, field, negated) \
    static ox_status put_##name(ox_session *s, const char *word, ox_error *err) \
    { \
        bool on = s->field != (negated); \
        ox_status st = set_flag(&on, word, #name, err); \
        s->field = on != (negated); \
        return st; \
    } \
    static void get_##name(const ox_session *s, char *buf, size_t size) \
    { \
        snprintf(buf, size, "%s", s->field != (negated) ? "on" : "off"); \
    }
FLAG(pager, g.no_pager, true)
FLAG(cut, whole, true)
FLAG(strict, g.strict, false)
FLAG(quiet, g.quiet, false)
FLAG(json, g.json, false)
FLAG(watch, unwatched, true)
#undef FLAG

static ox_status put_infer(ox_session *s, const char *word, ox_error *err)
{
    bool on = !s->as_given;
    ox_status st = set_flag(&on, word, "infer", err);
    s->as_given = !on;
    if (s->as_given) ox_typing_reset(s->typing);
    return st;
}

static ox_status put_theme(ox_session *s, const char *word, ox_error *err)
{
    static const char *const themes[] = {"dark", "light", "contrast", "none"};
    bool automatic = strcmp(word, "auto") == 0;
    if (automatic) s->theme = NULL;
    for (size_t i = 0; i < sizeof themes / sizeof *themes; i++)
        if (strcmp(themes[i], word) == 0) {
            s->theme = themes[i];
            return OX_OK;
        }
    return automatic ? OX_OK : ox_error_set(err, OX_E_INVALID, "set theme: one of " OX_TUI_THEMES);
}

static void get_theme(const ox_session *s, char *buf, size_t size)
{
    snprintf(buf, size, "%s", s->theme ? s->theme : "auto");
}

static void get_infer(const ox_session *s, char *buf, size_t size)
{
    snprintf(buf, size, "%s", s->as_given ? "off" : "on");
}

static const ox_setting rows[] = {
    {"style", "auto seed folded torch onnx printable", "style of show", put_style, get_style},
    {"opset", "", "ONNX opset that export, ops and symbolics aim at", put_opset, get_opset},
    {"color", "on off", "colour", put_color, get_color},
    {"theme", OX_TUI_THEMES, "colours of the full screen", put_theme, get_theme},
    {"pager", "on off", "page long output", put_pager, get_pager},
    {"cut", "on off", "cut lines that are wider than the terminal", put_cut, get_cut},
    {"strict", "on off", "warnings that concern correctness are failures", put_strict, get_strict},
    {"quiet", "on off", "no progress, no warnings", put_quiet, get_quiet},
    {"infer", "on off", "types of a trace are inferred when they are shown", put_infer, get_infer},
    {"json", "on off", "machine output", put_json, get_json},
    {"watch", "on off", "load Lua files again that change on disk", put_watch, get_watch},
};

size_t ox_settings(const ox_setting **out)
{
    *out = rows;
    return sizeof rows / sizeof *rows;
}

static ox_status list(ox_session *s, ox_error *err)
{
    static const char *const titles[] = {"!SETTING", "!VALUE", "MEANING", NULL};
    ox_table *t = ox_table_new(&s->out, titles);
    char value[64];
    for (size_t i = 0; t && i < sizeof rows / sizeof *rows; i++) {
        rows[i].get(s, value, sizeof value);
        ox_table_cellz(t, rows[i].name, OX_INK_OP);
        ox_table_cellz(t, value, OX_INK_PLAIN);
        ox_table_cellz(t, rows[i].help, OX_INK_COMMENT);
    }
    return ox_table_end(t, err);
}

static ox_status list_json(ox_session *s)
{
    ox_json j;
    char value[64];
    ox_json_begin(&j, &s->out);
    ox_json_open(&j, NULL, '{');
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        rows[i].get(s, value, sizeof value);
        ox_json_strz(&j, rows[i].name, value);
    }
    ox_json_close(&j, '}');
    ox_json_end(&j);
    return OX_OK;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    if (a->n == 0) return s->g.json ? list_json(s) : list(s, err);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        char value[64];
        if (strcmp(rows[i].name, a->pos[0]) != 0) continue;
        ox_status st = a->n == 2 ? rows[i].put(s, a->pos[1], err) : OX_OK;
        if (st != OX_OK) return st;
        rows[i].get(s, value, sizeof value);
        if (s->g.json)
            ox_json_said(&s->out, rows[i].name, value, strlen(value));
        else if (a->n == 1)
            ox_out_f(&s->out, "%s\n", value);
        return OX_OK;
    }
    ox_error_set(err, OX_E_INVALID, "there is no setting '%s'", a->pos[0]);
    ox_error_hint(err, "`set` lists them");
    return OX_E_INVALID;
}

const ox_cmd ox_cmd_set = {
    .name = "set",
    .usage = "[SETTING [VALUE]]",
    .summary = "list the settings, print one, or change it",
    .help = "cut: on a terminal show, node, value, info and open leave out the middle of lines that are wider; the "
            "pager has\n"
            "them whole and scrolls sideways (arrow keys, in less), and so has a pipe or a file. Off: the terminal "
            "wraps them.",
    .example = "set opset 13",
    .hint = OX_HINT_SETTING,
    .max_args = 2,
    .exec = exec,
};
