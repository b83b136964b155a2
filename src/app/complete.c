/* Floor 7. Completion: which words may stand here. It knows nothing of readline. */
#include "app/complete.h"

#include "app/cmd.h"
#include "app/settings.h"
#include "app/tui.h"

#include <onnxsh/aten.h>
#include <onnxsh/query.h>
#include <onnxsh/schema.h>

#include <stdlib.h>
#include <string.h>

enum { MAX_WORD = 1024, MAX_NAMES = 2000 };

typedef struct ask {
    ox_session *s;
    const char *word; /* what has been typed of it */
    size_t n;
    const char *lead; /* stands before each completion: "scope:" */
    size_t n_lead;
    ox_complete_fn fn;
    void *ud;
    size_t given;
} ask;

/* Offers a word if it continues what was typed; names with blanks come in quotes. */
static void offer(ask *a, const char *s, size_t n)
{
    char text[MAX_WORD];
    if (n < a->n || memcmp(s, a->word, a->n) != 0 || a->n_lead + n + 3 > sizeof text || a->given >= MAX_NAMES) return;
    bool quote = memchr(s, ' ', n) != NULL;
    int k = snprintf(text, sizeof text, "%.*s%s%.*s%s", (int)a->n_lead, a->lead, quote ? "\"" : "", (int)n, s,
                     quote ? "\"" : "");
    if (k < 0 || (size_t)k >= sizeof text) return;
    a->given++;
    a->fn(a->ud, text);
}

static void offer_name(ask *a, const char *prefix, const char *s, size_t n)
{
    char raw[MAX_WORD], text[MAX_WORD];
    size_t k = strlen(prefix);
    if (k + n >= sizeof raw) return;
    memcpy(raw, prefix, k);
    memcpy(raw + k, s, n);
    size_t len = ox_text_sanitize(raw, k + n, text, sizeof text);
    if (len < sizeof text) offer(a, text, len);
}

static void offer_words(ask *a, const char *words)
{
    while (words && *words) {
        size_t n = strcspn(words, " ");
        offer(a, words, n);
        words += n + strspn(words + n, " ");
    }
}

static void offer_commands(ask *a)
{
    const ox_cmd *const *rows;
    size_t n = ox_commands(&rows);
    for (size_t i = 0; i < n; i++) offer(a, rows[i]->name, strlen(rows[i]->name));
    for (size_t i = 0; i < a->s->n_lua_commands; i++)
        offer(a, a->s->lua_commands[i].name, strlen(a->s->lua_commands[i].name));
}

static void offer_values(ask *a, const char *prefix)
{
    const ox_model *m = a->s->model;
    for (uint32_t id = 1; m && id < ox_model_value_limit(m) && a->given < MAX_NAMES; id++) {
        ox_value v = ox_model_value_at(m, id);
        size_t n;
        const char *name = v.id ? ox_str_text(m, ox_value_name(m, v), &n) : NULL;
        if (name && n) offer_name(a, prefix, name, n);
    }
}

static void offer_nodes(ask *a)
{
    const ox_model *m = a->s->model;
    for (uint32_t id = 1; m && id < ox_model_node_limit(m) && a->given < MAX_NAMES; id++) {
        ox_node v = ox_model_node_at(m, id);
        size_t n;
        const char *name = v.id ? ox_str_text(m, ox_node_name(m, v), &n) : NULL;
        if (name && n) offer_name(a, "", name, n);
    }
    if (a->n && a->word[0] == '%') offer_values(a, "%");
}

static void offer_scopes(ask *a)
{
    const ox_model *m = a->s->model;
    for (uint32_t id = 1; m && id < ox_model_scope_limit(m); id++) {
        char path[MAX_WORD];
        ox_scope sc = ox_model_scope_at(m, id);
        size_t n = sc.id ? ox_scope_path(m, sc, path, sizeof path) : 0;
        if (n && n < sizeof path) offer_name(a, "", path, n);
    }
}

static void offer_ops(ask *a)
{
    const char *last = "";
    for (size_t i = 0; i < ox_op_schema_count(); i++) { /* versions of one operator stand side by side */
        ox_op_info info = ox_op_schema_info(ox_op_schema_at(i));
        char text[256];
        if (strcmp(info.name, last) == 0) continue;
        last = info.name;
        int n = snprintf(text, sizeof text, "%s%s%s", info.domain, *info.domain ? "::" : "", info.name);
        if (n > 0 && (size_t)n < sizeof text) offer(a, text, (size_t)n);
    }
    for (size_t i = 0; i < ox_aten_count(); i++) offer(a, ox_aten_name(i), strlen(ox_aten_name(i)));
}

/* Operators that the model has, bare and qualified, for op: of a query. */
static void offer_model_ops(ask *a)
{
    const ox_model *m = a->s->model;
    uint32_t last = 0;
    for (uint32_t id = 1; m && id < ox_model_node_limit(m) && a->given < MAX_NAMES; id++) {
        ox_node n = ox_model_node_at(m, id);
        size_t len;
        if (!n.id || ox_node_is_return(m, n) || ox_node_op(m, n).id == last) continue;
        last = ox_node_op(m, n).id;
        const char *op = ox_str_text(m, ox_node_op(m, n), &len);
        offer_name(a, "", op, len);
    }
}

static void offer_query(ask *a)
{
    const char *colon = memchr(a->word, ':', a->n);
    if (!colon) {
        const ox_query_field *rows;
        size_t n = ox_query_fields(&rows);
        for (size_t i = 0; i < n; i++) {
            char text[128];
            int k = snprintf(text, sizeof text, "%s:", rows[i].name);
            if (k > 0 && (size_t)k < sizeof text) offer(a, text, (size_t)k);
        }
        offer_words(a, "and or not");
        return;
    }
    size_t field = (size_t)(colon - a->word);
    ask b = *a;
    b.lead = a->word;
    b.n_lead = field + 1;
    b.word = colon + 1;
    b.n = a->n - field - 1;
#define IS(name) (field == sizeof name - 1 && memcmp(a->word, name, field) == 0)
    if (IS("scope"))
        offer_scopes(&b);
    else if (IS("op"))
        offer_model_ops(&b);
    else if (IS("uses") || IS("in") || IS("out") || IS("def"))
        offer_values(&b, "%");
    else if (IS("name"))
        offer_nodes(&b);
    else if (IS("dtype")) {
        for (int d = 1; d < OX_N_DTYPES; d++) {
            const char *name = ox_dtype_name((ox_dtype)d, OX_DTYPE_NUMPY);
            offer(&b, name, strlen(name));
        }
    }
#undef IS
    a->given = b.given;
}

static void offer_settings(ask *a, const char *line, size_t start)
{
    const ox_setting *rows;
    size_t n = ox_settings(&rows);
    char *store = NULL, *head = strndup(line, start);
    const char *words[OX_ARGS_MAX];
    size_t k = 0;
    bool ok = head && ox_line_split(head, &store, words, OX_ARGS_MAX, &k, NULL) == OX_OK;
    for (size_t i = 0; ok && i < n; i++) {
        if (k <= 1)
            offer(a, rows[i].name, strlen(rows[i].name));
        else if (k == 2 && strcmp(words[1], rows[i].name) == 0)
            offer_words(a, rows[i].words);
    }
    free(store);
    free(head);
}

static void offer_colors(ask *a, const char *line, size_t start)
{
    const char *word, *help;
    size_t n = strspn(line, " \t:");
    n += strcspn(line + n, " \t");
    bool first = n + strspn(line + n, " \t") >= start;
    if (!first) offer_words(a, OX_TUI_LOOKS);
    for (size_t i = 0; first && ox_tui_role(i, &word, &help); i++) offer(a, word, strlen(word));
}

static void offer_hint(ask *a, ox_hint hint, const char *words, const char *line, size_t start)
{
    switch (hint) {
    case OX_HINT_VALUE:
        if (a->n == 0 || a->word[0] == '%')
            offer_values(a, "%");
        else
            offer_values(a, "");
        break;
    case OX_HINT_NODE: offer_nodes(a); break;
    case OX_HINT_SCOPE: offer_scopes(a); break;
    case OX_HINT_OP: offer_ops(a); break;
    case OX_HINT_COMMAND: offer_commands(a); break;
    case OX_HINT_QUERY: offer_query(a); break;
    case OX_HINT_SETTING: offer_settings(a, line, start); break;
    case OX_HINT_COLOR: offer_colors(a, line, start); break;
    case OX_HINT_WORDS: offer_words(a, words); break;
    case OX_HINT_FILE:
    case OX_HINT_NONE: break;
    }
}

/* The command of a line, if its name is whole and stands before `start`. */
static const ox_cmd *command_of(const char *line, size_t start)
{
    size_t lead = strspn(line, " \t");
    if (line[lead] == ':') lead++;
    size_t n = strcspn(line + lead, " \t");
    return lead + n < start ? ox_command_find(line + lead, n) : NULL;
}

/* The option before the word that waits for its value. */
static const ox_opt *pending_option(const ox_cmd *cmd, const char *line, size_t start)
{
    size_t end = start;
    while (end && (line[end - 1] == ' ' || line[end - 1] == '\t')) end--;
    size_t from = end;
    while (from && line[from - 1] != ' ' && line[from - 1] != '\t') from--;
    for (const ox_opt *o = cmd->opts; o && o->name; o++)
        if (o->value && strlen(o->name) == end - from && memcmp(o->name, line + from, end - from) == 0) return o;
    return NULL;
}

static void lua_word(void *ud, const char *word)
{
    ask *a = ud;
    char text[MAX_WORD];
    int k = snprintf(text, sizeof text, "%.*s%s", (int)a->n_lead, a->lead, word);
    if (k > 0 && (size_t)k < sizeof text) a->fn(a->ud, text);
}

/* Lua is completed from its last name on; what stands before it in the word is kept. */
static void complete_lua(ask *a)
{
    size_t from = a->n;
    while (from && (strchr("._:", a->word[from - 1]) || (a->word[from - 1] >= '0' && a->word[from - 1] <= '9') ||
                    ((a->word[from - 1] | 32) >= 'a' && (a->word[from - 1] | 32) <= 'z')))
        from--;
    ask b = *a;
    b.lead = a->word;
    b.n_lead = from;
    if (ox_session_script(a->s, NULL) == OX_OK)
        ox_script_complete(a->s->script, a->word + from, a->n - from, lua_word, &b);
}

void ox_complete_line(ox_session *s, const char *line, size_t start, size_t end, ox_complete_fn fn, void *ud)
{
    ask a = {.s = s, .word = line + start, .n = end - start, .lead = "", .fn = fn, .ud = ud};
    const ox_cmd *cmd = command_of(line, start);
    if (!cmd) {
        bool first = strspn(line, " \t") == start;
        if (first) offer_commands(&a);
        if (a.n) complete_lua(&a);
        return;
    }
    const ox_opt *opt = pending_option(cmd, line, start);
    if (opt) {
        offer_hint(&a, opt->hint, opt->words, line, start);
        return;
    }
    if (a.n && a.word[0] == '-') {
        for (const ox_opt *o = cmd->opts; o && o->name; o++) offer(&a, o->name, strlen(o->name));
        return;
    }
    offer_hint(&a, cmd->hint, NULL, line, start);
    if (cmd == &ox_cmd_show || cmd == &ox_cmd_weights) offer_nodes(&a);
}

bool ox_complete_wants_files(ox_session *s, const char *line, size_t start)
{
    (void)s;
    const ox_cmd *cmd = command_of(line, start);
    if (!cmd) return false;
    const ox_opt *opt = pending_option(cmd, line, start);
    return opt ? opt->hint == OX_HINT_FILE : cmd->hint == OX_HINT_FILE;
}
