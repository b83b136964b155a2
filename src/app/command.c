/* Floor 7. From a line to a command: splitting, options, running. */
#include "app/cmd.h"

#include "app/debug.h"
#include "app/interrupt.h"

#include <onnxsh/journal.h>

#include <stdlib.h>
#include <string.h>

static const ox_cmd *const commands[] = {
#define OX_CMD(name) &ox_cmd_##name,
#include "app/commands.def"
#undef OX_CMD
};

size_t ox_commands(const ox_cmd *const **rows)
{
    *rows = commands;
    return sizeof commands / sizeof *commands;
}

const ox_cmd *ox_command_find(const char *name, size_t n)
{
    for (size_t i = 0; i < sizeof commands / sizeof *commands; i++)
        if (strlen(commands[i]->name) == n && memcmp(commands[i]->name, name, n) == 0) return commands[i];
    return NULL;
}

const char *ox_args_get(const ox_args *a, const char *name)
{
    for (size_t i = a->n_set; i-- > 0;)
        if (strcmp(a->set[i].opt->name, name) == 0) return a->set[i].value;
    return NULL;
}

size_t ox_args_all(const ox_args *a, const char *name, const char **out, size_t max)
{
    size_t n = 0;
    for (size_t i = 0; i < a->n_set && n < max; i++)
        if (strcmp(a->set[i].opt->name, name) == 0) out[n++] = a->set[i].value;
    return n;
}

/* ---- splitting ---- */

/* Copies one word from *pp to *dp; returns false at an unclosed quote. */
static bool take_word(const char **pp, char **dp)
{
    const char *p = *pp;
    char *d = *dp;
    bool quoted = false;
    for (; *p && (quoted || (*p != ' ' && *p != '\t')); p++) {
        if (*p == '"') {
            quoted = !quoted;
        } else {
            if (quoted && *p == '\\' && (p[1] == '"' || p[1] == '\\')) p++;
            *d++ = *p;
        }
    }
    *d++ = '\0';
    *pp = p;
    *dp = d;
    return !quoted;
}

ox_status ox_line_split(const char *line, char **store, const char **words, size_t max, size_t *n, ox_error *err)
{
    *n = 0;
    *store = malloc(2 * strlen(line) + 2);
    if (!*store) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    char *d = *store;
    const char *p = line;
    for (;;) {
        p += strspn(p, " \t");
        if (!*p) return OX_OK;
        if (*n == max) return ox_error_set(err, OX_E_INVALID, "more than %zu words on one line", max);
        words[(*n)++] = d;
        if (!take_word(&p, &d)) return ox_error_set(err, OX_E_INVALID, "a double quote is not closed");
    }
}

/* ---- options ---- */

static const ox_opt *find_opt(const ox_opt *opts, const char *word, size_t n)
{
    for (; opts && opts->name; opts++)
        if (strlen(opts->name) == n && memcmp(opts->name, word, n) == 0) return opts;
    return NULL;
}

static bool is_one_of(const char *words, const char *word)
{
    size_t n = strlen(word);
    for (const char *p = words; n && (p = strstr(p, word)); p += n)
        if ((p == words || p[-1] == ' ') && (p[n] == ' ' || p[n] == '\0')) return true;
    return false;
}

static ox_status usage_error(const ox_cmd *cmd, ox_error *err)
{
    ox_error_hint(err, "usage: %s %s", cmd->name, cmd->usage);
    return OX_E_INVALID;
}

/* One option at words[*i]; advances over its value. */
static ox_status take_option(const ox_cmd *cmd, size_t n, const char *const *words, size_t *i, ox_args *out,
                             ox_error *err)
{
    const char *word = words[*i], *eq = word[0] == '-' && word[1] == '-' ? strchr(word, '=') : NULL;
    size_t len = eq ? (size_t)(eq - word) : strlen(word);
    const ox_opt *opt = find_opt(cmd->opts, word, len);
    if (!opt) {
        ox_error_set(err, OX_E_INVALID, "%s has no option %s", cmd->name, word);
        return usage_error(cmd, err);
    }
    const char *value = "";
    if (opt->value) {
        if (eq)
            value = eq + 1;
        else if (*i + 1 < n)
            value = words[++*i];
        else {
            ox_error_set(err, OX_E_INVALID, "%s: option %s needs a value, %s", cmd->name, opt->name, opt->value);
            return usage_error(cmd, err);
        }
        if (opt->hint == OX_HINT_WORDS && !is_one_of(opt->words, value)) {
            ox_error_set(err, OX_E_INVALID, "%s: %s does not take '%s'", cmd->name, opt->name, value);
            ox_error_hint(err, "one of: %s", opt->words);
            return OX_E_INVALID;
        }
    } else if (eq) {
        ox_error_set(err, OX_E_INVALID, "%s: option %s takes no value", cmd->name, opt->name);
        return usage_error(cmd, err);
    }
    if (out->n_set == OX_ARGS_MAX) return ox_error_set(err, OX_E_INVALID, "more than %d options", OX_ARGS_MAX);
    out->set[out->n_set].opt = opt;
    out->set[out->n_set++].value = value;
    return OX_OK;
}

ox_status ox_args_parse(const ox_cmd *cmd, size_t n, const char *const *words, ox_args *out, ox_error *err)
{
    bool options = true;
    memset(out, 0, sizeof *out);
    for (size_t i = 0; i < n; i++) {
        const char *w = words[i];
        if (options && strcmp(w, "--") == 0) {
            options = false;
        } else if (options && w[0] == '-' && w[1] != '\0' && !(w[1] >= '0' && w[1] <= '9')) {
            ox_status s = take_option(cmd, n, words, &i, out, err);
            if (s != OX_OK) return s;
        } else if (out->n == OX_ARGS_MAX) {
            return ox_error_set(err, OX_E_INVALID, "more than %d arguments", OX_ARGS_MAX);
        } else {
            out->pos[out->n++] = w;
        }
    }
    if (out->n < cmd->min_args || out->n > cmd->max_args) {
        ox_error_set(err, OX_E_INVALID, "%s: %s", cmd->name,
                     out->n < cmd->min_args ? "an argument is missing" : "too many arguments");
        return usage_error(cmd, err);
    }
    return OX_OK;
}

/* ---- running ---- */

ox_status ox_command_run(ox_session *s, const ox_cmd *cmd, const ox_args *a, const char *line, ox_error *err)
{
    ox_model *m;
    bool lists = cmd->flags & OX_CMD_LIST && ox_args_get(a, "--list");
    if (cmd->flags & OX_CMD_MODEL && cmd != &ox_cmd_open && !lists) {
        ox_status st = ox_session_model(s, &m, err);
        if (st == OX_OK && cmd->flags & OX_CMD_GRAPH) st = ox_model_graph_status(m, err);
        if (st != OX_OK) return st;
    }
    bool changes = cmd->flags & OX_CMD_EDITS || cmd == &ox_cmd_open || cmd == &ox_cmd_export;
    if (changes && ox_debug_waits(s, cmd->name, err) != OX_OK) return OX_E_INVALID;
    if (cmd->flags & OX_CMD_PAGE && s->interactive && !s->g.no_pager && !s->g.json) ox_out_page(&s->out);
    if (cmd->flags & OX_CMD_WRAP && !s->g.json) ox_out_fit(&s->out, OX_FIT_WRAP);
    if (cmd->flags & OX_CMD_CUT && !s->whole && !s->g.json) ox_out_fit(&s->out, OX_FIT_CUT);
    ox_interrupt_clear();
    m = s->model;
    ox_mark mark = ox_journal_mark(m);
    bool types = cmd->flags & OX_CMD_TYPES && !ox_args_get(a, "--no-infer");
    ox_status st = types ? ox_session_types(s, err) : OX_OK;
    if (st == OX_OK && cmd->flags & OX_CMD_EDITS) st = ox_journal_ready(s, err);
    if (st == OX_OK) st = cmd->exec(s, a, err);
    if (st == OX_E_NOMEM && m && s->model == m) ox_journal_rollback(m, mark); /* the session goes on as it was */
    if (st == OX_OK && cmd->flags & OX_CMD_EDITS) st = ox_session_commit(s, line, err);
    ox_status e = ox_out_end(&s->out, st == OX_OK ? err : NULL);
    return st != OX_OK ? st : e;
}

/* For OX_CMD_RAW: options first, then the untouched rest as one argument. */
static ox_status parse_raw(const ox_cmd *cmd, const char *rest, char **store, const char **words, ox_args *out,
                           ox_error *err)
{
    size_t n = 0;
    const char *p = rest + strspn(rest, " \t");
    *store = malloc(2 * strlen(rest) + 2);
    if (!*store) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    char *d = *store;
    while (p[0] == '-' && p[1] != '\0' && p[1] != ' ') {
        words[n++] = d;
        if (!take_word(&p, &d)) return ox_error_set(err, OX_E_INVALID, "a double quote is not closed");
        p += strspn(p, " \t");
        if (strcmp(words[n - 1], "--") == 0) {
            n--;
            break;
        }
        const ox_opt *opt = find_opt(cmd->opts, words[n - 1], strlen(words[n - 1]));
        if (opt && opt->value && *p) {
            words[n++] = d;
            if (!take_word(&p, &d)) return ox_error_set(err, OX_E_INVALID, "a double quote is not closed");
            p += strspn(p, " \t");
        }
        if (n + 3 > OX_ARGS_MAX) return ox_error_set(err, OX_E_INVALID, "too many options");
    }
    if (*p) {
        words[n++] = "--";
        words[n++] = p;
    }
    return ox_args_parse(cmd, n, words, out, err);
}

ox_status ox_command_line(ox_session *s, const ox_cmd *cmd, const char *rest, const char *line, ox_error *err)
{
    const char *words[OX_ARGS_MAX];
    char *store = NULL;
    size_t n;
    ox_args a;
    ox_status st;
    if (cmd->flags & OX_CMD_RAW) {
        st = parse_raw(cmd, rest, &store, words, &a, err);
    } else {
        st = ox_line_split(rest, &store, words, OX_ARGS_MAX, &n, err);
        if (st == OX_OK) st = ox_args_parse(cmd, n, words, &a, err);
    }
    if (st == OX_OK) st = ox_command_run(s, cmd, &a, line, err);
    free(store);
    return st;
}
