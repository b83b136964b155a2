/* Every row of the table of keys through a terminal, as each kind of terminal sends it: all keys of a row do the same,
 * what a row stands for as a line of the prompt is in the log, and nothing that is pressed in any pane ends the program
 * but q. */
#include "drive.h"

#include <curses.h>
#include <stdlib.h>
#include <string.h>
#include <term.h>

static const struct row {
    const char *name, *keys, *view, *command;
} rows[] = {
#define OX_ACTION(name, keys, view, help, command) {#name, keys, view, command},
#include "../../../src/app/tui/keys.def"
#undef OX_ACTION
};
enum { N_ROWS = sizeof rows / sizeof *rows };

static const char *const terms[] = {"xterm-256color", "tmux-256color", "linux"};

/* Under a sanitizer one kind has to do: what differs is curses. */
static size_t n_terms(void)
{
    return getenv("ONNXSH_SANITIZED") ? 1 : sizeof terms / sizeof *terms;
}

/* What the keys with a name send there, as terminfo has it. */
static const char *sent(const char *name, size_t n)
{
    static const char *const capabilities[][2] = {
        {"Down", "kcud1"}, {"Up", "kcuu1"},   {"Left", "kcub1"},   {"Right", "kcuf1"}, {"Home", "khome"},
        {"End", "kend"},   {"PageUp", "kpp"}, {"PageDown", "knp"}, {"S-Tab", "kcbt"},  {"F1", "kf1"},
    };
    static const char *const plain[][2] = {{"Tab", "\t"}, {"Enter", "\r"}, {"Esc", "\033"}, {"Space", " "}};
    static char one[8];
    for (size_t i = 0; i < sizeof capabilities / sizeof *capabilities; i++) {
        if (strlen(capabilities[i][0]) != n || strncmp(capabilities[i][0], name, n) != 0) continue;
        const char *s = tigetstr(capabilities[i][1]);
        assert_true(s && s != (char *)-1);
        return s;
    }
    for (size_t i = 0; i < sizeof plain / sizeof *plain; i++)
        if (strlen(plain[i][0]) == n && strncmp(plain[i][0], name, n) == 0) return plain[i][1];
    if (n == 3 && name[0] == 'C' && name[1] == '-') {
        snprintf(one, sizeof one, "%c", name[2] & 0x1f);
        return one;
    }
    if (n != 1) fail_msg("what does the key %.*s send?", (int)n, name);
    snprintf(one, sizeof one, "%c", *name);
    return one;
}

static void know(const char *term)
{
    int error;
    if (cur_term) del_curterm(cur_term);
    if (setupterm(term, 1, &error) != OK) fail_msg("terminfo does not know %s", term);
}

/* Sends keys one by one, each when the one before it has been answered. */
static void press(const char *keys)
{
    for (; *keys; keys++) {
        char key[2] = {*keys, '\0'};
        terminal_send(t, key);
        terminal_settle(t, getenv("ONNXSH_SANITIZED") ? 150 : 40);
        drive_rests();
    }
}

/* What opens the pane of a row, with something in it. */
static const char *way_to(const char *view)
{
    static const char *const ways[][2] = {
        {"", "2jjj"},      {"nodes", "2jjj"}, {"tree", "1jj"},  {"detail", "2jjj3jjj"}, {"failures", "x4j"},
        {"weights", "8j"}, {"tensor", "8\r"}, {"graph", "2j9"}, {"log", "i6"},          {"stop", "D"},
    };
    size_t n = strcspn(view, " ");
    for (size_t i = 0; i < sizeof ways / sizeof *ways; i++)
        if (strlen(ways[i][0]) == n && strncmp(ways[i][0], view, n) == 0) return ways[i][1];
    fail_msg("no way to the pane %s is known here", view);
    return "";
}

static void begin(const char *term, const char *view)
{
    const char *extra[] = {"EDITOR=true", NULL},
               *argv[] = {NULL, "--no-init",        "--weights", "hardmish_net.npz", "-l", "hard_mish.lua",
                          "-t", "hardmish_net.txt", NULL};
    copy_file("examples/custom_op/hardmish_net.npz");
    copy_file("examples/custom_op/hard_mish.lua"); /* keys write to it */
    copy_file("examples/custom_op/hardmish_net.txt");
    drive_start(term, extra, argv, 40, 130);
    assert_shows("_convolution");
    drive_rests();
    press(way_to(view));
    if (strcmp(view, "stop") == 0) assert_shows("stopped at");
}

static void alike(const char *term, const struct row *r)
{
    char first[32768] = "";
    const char *key = r->keys;
    for (size_t n; *key; key += n + strspn(key + n, " ")) {
        n = strcspn(key, " ");
        begin(term, r->view);
        terminal_send(t, sent(key, n));
        terminal_settle(t, getenv("ONNXSH_SANITIZED") ? 300 : 80);
        const char *screen = terminal_screen(t);
        if (key == r->keys)
            snprintf(first, sizeof first, "%s", screen);
        else if (strcmp(first, screen) != 0)
            fail_msg("%s: %s: %.*s does something else than the first key\n%s\n%s", term, r->name, (int)n, key, first,
                     screen);
    }
}

static void test_keys_of_a_row_do_the_same(void **state)
{
    (void)state;
    for (size_t k = 0; k < n_terms(); k++) {
        know(terms[k]);
        for (size_t i = 0; i < N_ROWS; i++)
            if (strchr(rows[i].keys, ' ') && strcmp(rows[i].name, "VIEW") != 0) alike(terms[k], &rows[i]);
    }
}

/* The words of a line that stand in the table; those in capitals stand for something. */
static void fixed_words(const char *command, char *out, size_t size)
{
    size_t n = 0;
    snprintf(out, size, "> ");
    for (const char *p = command; *p && !(*p >= 'A' && *p <= 'Z'); p++) n++;
    while (n && strchr(" %:", command[n - 1])) n--;
    snprintf(out + 2, size - 2, "%.*s", (int)n, command);
}

static void test_what_acts_is_in_the_log(void **state)
{
    (void)state;
    int n = 0;
    know(terms[0]);
    for (size_t i = 0; i < N_ROWS; i++) {
        const struct row *r = &rows[i];
        char line[1200], words[128];
        if (!*r->command) continue;
        begin(terms[0], r->view);
        if (strstr(r->name, "FAILURE")) press("x");
        terminal_send(t, sent(r->keys, strcspn(r->keys, " ")));
        snprintf(line, sizeof line, "%s\r",
                 strcmp(r->name, "FILTER") == 0  ? "op:add"
                 : strcmp(r->name, "PRINT") == 0 ? "x"
                                                 : in_tree("examples/elu_2018/elu_net.txt"));
        if (strstr("FILTER PRINT BESIDE", r->name)) terminal_send(t, line);
        drive_rests();
        terminal_send(t, "6");
        fixed_words(r->command, words, sizeof words);
        if (!terminal_shows(t, words)) fail_msg("%s is not logged as '%s':\n%s", r->name, words, terminal_screen(t));
        n++;
    }
    printf("%d keys that act are lines of the log\n", n);
    assert_true(n > 15);
}

/* Every key in every pane, at two sizes, one after the other in one session. */
static void press_all(const char *term, int height, int width)
{
    begin(term, "");
    terminal_resize(t, height, width);
    for (const char *pane = "1234567890D"; *pane; pane++)
        for (size_t i = 0; i < N_ROWS; i++) {
            char way[2] = {*pane, '\0'};
            const char *keys = rows[i].keys;
            if (strcmp(rows[i].name, "QUIT") == 0 || strcmp(rows[i].name, "VIEW") == 0) continue;
            for (size_t n; *keys; keys += n + strspn(keys + n, " ")) {
                n = strcspn(keys, " ");
                terminal_send(t, way);
                terminal_send(t, sent(keys, n));
                terminal_settle(t, 2);
                terminal_send(t, "\033");
                terminal_settle(t, 2);
            }
        }
    terminal_settle(t, 1000); /* what was typed ahead */
    terminal_resize(t, 40, 130);
    for (int left = 100; left-- && !terminal_ended(t);) { /* what is open is left first; edits are asked about once */
        terminal_send(t, "\033");
        terminal_settle(t, 40);
        terminal_send(t, "qqq");
        terminal_settle(t, 40);
    }
    assert_leaves(0);
}

static void test_every_key_in_every_pane(void **state)
{
    (void)state;
    static const int sizes[][2] = {{24, 80}, {5, 20}};
    for (size_t k = 0; k < n_terms(); k++) {
        know(terms[k]);
        for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) press_all(terms[k], sizes[i][0], sizes[i][1]);
    }
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        drive_test(test_keys_of_a_row_do_the_same),
        drive_test(test_what_acts_is_in_the_log),
        drive_test(test_every_key_in_every_pane),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    int status = drive_main("keys", run);
    if (cur_term) del_curterm(cur_term);
    return status;
}
