/* Floor 7. Names of keys, and the look-up of what they do. */
#include "app/tui/keys.h"

#include "app/tui.h"

#include <onnxsh/text.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
    const char *name;
    uint32_t key;
} named[] = {
    {"Tab", OX_KEY_TAB},
    {"Enter", OX_KEY_ENTER},
    {"Esc", OX_KEY_ESC},
    {"Backspace", OX_KEY_BACKSPACE},
    {"Space", ' '},
    {"Up", OX_KEY_UP},
    {"Down", OX_KEY_DOWN},
    {"Left", OX_KEY_LEFT},
    {"Right", OX_KEY_RIGHT},
    {"Home", OX_KEY_HOME},
    {"End", OX_KEY_END},
    {"PageUp", OX_KEY_PAGE_UP},
    {"PageDown", OX_KEY_PAGE_DOWN},
    {"Delete", OX_KEY_DELETE},
    {"Insert", OX_KEY_INSERT},
    {"S-Tab", OX_KEY_BACKTAB},
};
enum { N_NAMED = sizeof named / sizeof *named };

/* One character of UTF-8 as a number; 0 if it is not exactly one. */
static uint32_t character(const char *s, size_t n)
{
    const unsigned char *p = (const unsigned char *)s;
    size_t w;
    if (n == 0 || ox_text_next(s, n, &w) != n) return 0;
    if (p[0] < 0x80) return n == 1 ? p[0] : 0;
    size_t k = p[0] >= 0xF0 ? 4 : p[0] >= 0xE0 ? 3 : 2;
    if (n != k) return 0;
    uint32_t c = p[0] & (0xFFu >> (k + 1));
    for (size_t i = 1; i < k; i++) c = c << 6 | (p[i] & 0x3F);
    return c;
}

bool ox_key_parse(const char *s, size_t n, uint32_t *key)
{
    for (size_t i = 0; i < N_NAMED; i++)
        if (strlen(named[i].name) == n && memcmp(named[i].name, s, n) == 0) {
            *key = named[i].key;
            return true;
        }
    if (n == 3 && s[0] == 'C' && s[1] == '-' && s[2] >= '@' && s[2] <= '~') {
        *key = (uint32_t)s[2] & 0x1F;
        return *key != 0;
    }
    if ((n == 2 || n == 3) && s[0] == 'F' && s[1] >= '1' && s[1] <= '9' && (n == 2 || (s[2] >= '0' && s[2] <= '2'))) {
        uint32_t f = (uint32_t)(s[1] - '0') * (n == 3 ? 10 : 1) + (n == 3 ? (uint32_t)(s[2] - '0') : 0);
        *key = OX_KEY_F1 + f - 1;
        return f >= 1 && f <= 12;
    }
    *key = character(s, n);
    return *key > ' ';
}

static size_t put_utf8(uint32_t c, char *p)
{
    if (c < 0x80) {
        p[0] = (char)c;
        return 1;
    }
    size_t k = c < 0x800 ? 2 : c < 0x10000 ? 3 : 4;
    for (size_t i = k; i-- > 1; c >>= 6) p[i] = (char)(0x80 | (c & 0x3F));
    p[0] = (char)((k == 2 ? 0xC0 : k == 3 ? 0xE0 : 0xF0) | c);
    return k;
}

const char *ox_key_name(uint32_t key, char *buf)
{
    for (size_t i = 0; i < N_NAMED; i++)
        if (named[i].key == key) return strcpy(buf, named[i].name);
    if (key >= OX_KEY_F1 && key < OX_KEY_F1 + 12)
        snprintf(buf, 16, "F%u", (unsigned)(key - OX_KEY_F1 + 1));
    else if (key < ' ')
        snprintf(buf, 16, "C-%c", (int)(key | 0x60));
    else if (key < 0x110000)
        buf[put_utf8(key, buf)] = '\0';
    else
        strcpy(buf, "?");
    return buf;
}

static const ox_action_row rows[OX_N_ACTIONS] = {
    [OX_DO_NOTHING] = {"", "", "", "", ""},
#define OX_ACTION(name, keys, view, help, command) [OX_DO_##name] = {#name, keys, view, help, command},
#include "app/tui/keys.def"
#undef OX_ACTION
};

const ox_action_row *ox_action_get(ox_action a)
{
    return &rows[a < OX_N_ACTIONS ? a : OX_DO_NOTHING];
}

static bool has_key(const char *keys, uint32_t key)
{
    while (*keys) {
        size_t n = strcspn(keys, " ");
        uint32_t k;
        if (ox_key_parse(keys, n, &k) && k == key) return true;
        keys += n + strspn(keys + n, " ");
    }
    return false;
}

bool ox_action_is_of(const ox_action_row *r, const char *view)
{
    size_t n = strlen(view);
    for (const char *p = r->view; *p; p += strcspn(p, " "), p += strspn(p, " "))
        if (strncmp(p, view, n) == 0 && (p[n] == ' ' || !p[n])) return true;
    return !*r->view && !n;
}

static void word_of(const ox_action_row *r, char *word)
{
    size_t n = 0;
    for (; r->name[n] && n < OX_ACTION_WORD - 1; n++) word[n] = r->name[n] == '_' ? '-' : (char)(r->name[n] | 0x20);
    word[n] = '\0';
}

ox_action ox_action_named(const char *word)
{
    char name[OX_ACTION_WORD];
    for (ox_action a = OX_DO_NOTHING + 1; a < OX_N_ACTIONS; a++) {
        word_of(&rows[a], name);
        if (strcmp(name, word) == 0) return a;
    }
    return OX_DO_NOTHING;
}

bool ox_tui_is_action(const char *word)
{
    return ox_action_named(word) != OX_DO_NOTHING;
}

bool ox_tui_action(size_t i, char *word, const char **keys, const char **pane, const char **help)
{
    if (i + 1 >= OX_N_ACTIONS) return false;
    const ox_action_row *r = &rows[i + 1];
    word_of(r, word);
    *keys = r->keys;
    *pane = r->view;
    *help = r->help;
    return true;
}

bool ox_tui_is_key(const char *name)
{
    uint32_t key;
    return ox_key_parse(name, strlen(name), &key);
}

const char *ox_tui_key_help(const char *name)
{
    uint32_t key;
    ox_action a = ox_key_parse(name, strlen(name), &key) ? ox_action_for(key, "") : OX_DO_NOTHING;
    return a == OX_DO_NOTHING ? NULL : rows[a].help;
}

ox_action ox_action_for(uint32_t key, const char *view)
{
    ox_action any = OX_DO_NOTHING;
    for (ox_action a = OX_DO_NOTHING + 1; a < OX_N_ACTIONS; a++) {
        bool own = *rows[a].view && ox_action_is_of(&rows[a], view);
        if ((*rows[a].view && !own) || !has_key(rows[a].keys, key)) continue;
        if (own) return a;
        if (any == OX_DO_NOTHING) any = a;
    }
    return any;
}
