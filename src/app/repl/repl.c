/* Floor 7. The prompt. Ctrl-C at the prompt drops the line; during work it stops the work and the session goes on. */
#include "app/repl/repl.h"

#include "app/cmd.h"
#include "app/complete.h"
#include "app/debug.h"
#include "app/interrupt.h"
#include "app/repl/fault.h"

#include <onnxsh/journal.h>

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <readline/history.h>
#include <readline/readline.h>

enum { HISTORY_LINES = 5000 };

/* readline's hooks carry no user data: one prompt a process. */
static ox_session *current;
static bool line_dropped;
static bool hung_up; /* the terminal is gone, which is not Ctrl-D */

/* Reads a key; a Ctrl-C ends the line as an empty one. SIGINT is let in only while waiting, so none is missed. */
static int get_key(FILE *f)
{
    sigset_t block, before;
    sigemptyset(&block);
    sigaddset(&block, SIGINT);
    sigprocmask(SIG_BLOCK, &block, &before);
    int result = EOF;
    for (;;) {
        if (rl_pending_signal() != 0) rl_check_signals();
        if (ox_interrupt_pending()) {
            ox_interrupt_clear();
            line_dropped = true;
            rl_replace_line("", 0);
            result = '\n';
            break;
        }
        struct pollfd p = {fileno(f), POLLIN, 0};
        int ready = ppoll(&p, 1, NULL, &before);
        if (ready < 0 && errno == EINTR) {
            /* readline's handler has noted the signal; ours is told now, with the terminal in order. */
            sigprocmask(SIG_SETMASK, &before, NULL);
            if (rl_pending_signal() != 0) rl_check_signals();
            sigprocmask(SIG_BLOCK, &block, NULL);
            continue;
        }
        unsigned char c;
        ssize_t k = ready > 0 ? read(fileno(f), &c, 1) : -1;
        if (k < 0 && errno == EINTR) continue;
        if (k == 1)
            result = c;
        else
            hung_up = true;
        break;
    }
    sigprocmask(SIG_SETMASK, &before, NULL);
    return result;
}

/* ---- completion, readline's side ---- */

typedef struct matches {
    char **p;
    size_t n, cap, next;
} matches;
static matches found;

static void add_match(void *ud, const char *word)
{
    matches *m = ud;
    if (m->n == m->cap) {
        size_t cap = m->cap ? 2 * m->cap : 64;
        char **p = realloc(m->p, cap * sizeof *p);
        if (!p) return;
        m->p = p;
        m->cap = cap;
    }
    char *copy = strdup(word);
    if (copy) m->p[m->n++] = copy;
}

static char *next_match(const char *text, int state)
{
    (void)text;
    if (state == 0) found.next = 0;
    return found.next < found.n ? found.p[found.next++] : NULL; /* readline frees it */
}

static char **complete(const char *text, int start, int end)
{
    found.n = 0;
    ox_complete_line(current, rl_line_buffer, (size_t)start, (size_t)end, add_match, &found);
    rl_attempted_completion_over = !ox_complete_wants_files(current, rl_line_buffer, (size_t)start);
    char **list = found.n ? rl_completion_matches(text, next_match) : NULL;
    /* A term such as op: or an option's = is to be continued, not ended by a blank. */
    if (list && list[0] && *list[0] && strchr(":/=.", list[0][strlen(list[0]) - 1]))
        rl_completion_append_character = '\0';
    return list;
}

/* ---- lines ---- */

static void prompt_text(const ox_session *s, bool more, char *buf, size_t size)
{
    if (more) {
        snprintf(buf, size, ">> ");
        return;
    }
    const char *base = s->path ? strrchr(s->path, '/') : NULL;
    char safe[256], fitted[128];
    base = base ? base + 1 : s->path ? s->path : "onnxsh";
    size_t n = ox_text_sanitize(base, strlen(base), safe, sizeof safe);
    ox_text_fit(safe, n < sizeof safe ? n : sizeof safe - 1, 32, fitted, sizeof fitted);
    bool edited = s->model && ox_model_is_modified(s->model);
    snprintf(buf, size, "%s%s> ", fitted, edited ? "*" : "");
}

static void remember(const char *line)
{
    HIST_ENTRY *last = history_length ? history_get(history_base + history_length - 1) : NULL;
    if (*line && (!last || strcmp(last->line, line) != 0)) add_history(line);
}

/* One complete input: a line, or a Lua chunk of several. NULL at the end of input. */
static char *read_input(ox_session *s, char *before)
{
    char prompt[192];
    prompt_text(s, before != NULL, prompt, sizeof prompt);
    line_dropped = false;
    char *line = readline(prompt);
    if (line_dropped || !before || !line) {
        if (line_dropped) {
            free(before);
            before = NULL;
        }
        if (!line) free(before);
        return line;
    }
    char *joined = NULL;
    if (asprintf(&joined, "%s\n%s", before, line) < 0) joined = NULL;
    free(before);
    free(line);
    return joined;
}

/* Ctrl-D with unsaved edits asks once. */
static bool may_leave(ox_session *s, bool *asked)
{
    if (hung_up || !s->model || !ox_model_is_modified(s->model) || *asked) return true;
    *asked = true;
    fputs("\nonnxsh: the model has unsaved edits; `save FILE` keeps them, Ctrl-D again drops them\n", stderr);
    return false;
}

static void loop(ox_session *s)
{
    char *input = NULL;
    bool incomplete = false, asked = false;
    while (!s->quit) {
        ox_error err;
        ox_error_clear(&err);
        ox_out_resize(&s->out);
        input = read_input(s, incomplete ? input : NULL);
        if (!input) {
            if (may_leave(s, &asked)) break;
            incomplete = false;
            continue;
        }
        bool blank = strspn(input, " \t") == strlen(input);
        const char *again = blank && !line_dropped && !incomplete ? ox_debug_again(s) : NULL;
        if (again) { /* as in other debuggers: an empty line does the same again */
            free(input);
            input = strdup(again);
            if (!input) continue;
        } else if (line_dropped || blank) {
            free(input);
            input = NULL;
            incomplete = false;
            continue;
        }
        ox_session_reload_changed(s);
        ox_watch_prompt(s);
        ox_status st = ox_session_line(s, input, &incomplete, &err);
        ox_progress_done();
        if (incomplete) continue;
        asked = false;
        remember(input);
        rl_reset_screen_size(); /* the full screen may have seen it change */
        for (size_t i = 0; i < s->typed.n; i++) remember(s->typed.p[i]);
        ox_words_free(&s->typed);
        if (st != OX_OK && err.msg[0]) ox_session_report(s, &err);
        free(input);
        input = NULL;
    }
    s->journal.hung_up = hung_up;
    if (!s->quit) fputs("\n", stdout);
}

static void init_readline(ox_session *s)
{
    current = s;
    rl_readline_name = "onnxsh";
    rl_getc_function = get_key;
    rl_attempted_completion_function = complete;
    rl_change_environment = 0; /* LINES and COLUMNS would hold the size of now for editors and the full screen */
    rl_completer_word_break_characters = " \t";
    rl_completer_quote_characters = "\"";
    using_history();
    stifle_history(HISTORY_LINES);
}

/* Without a terminal: a script on standard input. */
static ox_status plain(ox_session *s, ox_error *err)
{
    ox_status st = ox_session_file(s, "-", err);
    if (st != OX_OK && strcmp(err->file, "-") == 0) snprintf(err->file, sizeof err->file, "standard input");
    return st;
}

static ox_status show_opened(ox_session *s, ox_error *err)
{
    ox_args none = {0};
    ox_status st = ox_command_run(s, &ox_cmd_info, &none, "info", err);
    if (st == OX_OK) {
        ox_out_f(&s->out, "\n");
        ox_out_wrap(&s->out, 0, 0, "`help` lists the commands; anything else is Lua.");
    }
    return st == OX_OK ? ox_out_end(&s->out, err) : st;
}

ox_status ox_repl_run(ox_session *s, const char *file, ox_error *err)
{
    bool from_stdin = file && strcmp(file, "-") == 0;
    s->interactive = s->journal.keeps = !from_stdin && isatty(STDIN_FILENO);
    if (s->interactive && file) ox_recover_ask(s, file);
    ox_status st = file ? ox_session_open(s, file, 0, err) : OX_OK;
    if (st != OX_OK) return st;
    if (from_stdin && !freopen("/dev/tty", "r", stdin)) {
        ox_args none = {0};
        return ox_command_run(s, &ox_cmd_info, &none, "info", err); /* nobody is there to type */
    }
    if (!isatty(STDIN_FILENO)) return plain(s, err);
    s->interactive = true;
    char *history = ox_xdg_path("state", "history", true);
    ox_fault_catch();
    init_readline(s);
    if (history) read_history(history);
    if (file) st = show_opened(s, err);
    if (st == OX_OK) loop(s);
    if (history) write_history(history);
    free(history);
    for (size_t i = 0; i < HISTORY_LINES && history_length > 0; i++) {
        HIST_ENTRY *e = remove_history(0);
        if (!e) break;
        free_history_entry(e);
    }
    free(found.p);
    found = (matches){0};
    return st;
}
