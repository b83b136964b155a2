/* What init.lua says of the full screen, as a terminal emulator shows it: themes, colours, keys, and mistakes. */
#include "ox_test.h"

#include "terminal.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static const char *program;
static char home[64], trace[512], init[128];
static terminal *t;

static int setup(void **state)
{
    (void)state;
    t = NULL;
    unlink(init);
    return 0;
}

static int teardown(void **state)
{
    (void)state;
    terminal_free(t);
    return 0;
}

/* Starts with this init.lua, and waits until the nodes are listed. */
static void start_as(const char *term, const char *const *extra, const char *lua)
{
    FILE *f = fopen(init, "w");
    assert_non_null(f);
    fputs(lua, f);
    fclose(f);
    const char *argv[] = {program, "-t", trace, NULL};
    t = terminal_start(argv, home, term, extra, 24, 140);
    assert_non_null(t);
    assert_true(terminal_shows(t, "_convolution"));
    assert_true(terminal_shows(t, "txt  trace"));
    terminal_settle(t, 100);
}

static void leave(void)
{
    terminal_send(t, "q");
    int status = terminal_wait(t);
    assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 0);
}

/* The colours of the first cell of a text: of the text, or behind it. */
static int color_of(const char *text, bool behind)
{
    int row, col;
    if (!terminal_find(t, text, &row, &col)) fail_msg("'%s' is not there:\n%s", text, terminal_screen(t));
    return terminal_color(t, row, col, behind);
}

#define eventually(so) \
    do { \
        int left_ = 2000; \
        while (!(so) && left_-- > 0) terminal_settle(t, 10); \
        if (!(so)) fail_msg("%s:\n%s", #so, terminal_screen(t)); \
    } while (0)

enum { OWN = -1, RED = 1, YELLOW = 3, BLUE = 4, CYAN = 6, WHITE = 7 };

/* Each theme on the real terminal: the colour of an operator and of a type, of the background, and no colour at all. */
static void test_themes(void **state)
{
    (void)state;
    static const struct {
        const char *name;
        int op, type, back;
    } themes[] = {
        {"dark", CYAN, YELLOW, OWN}, {"light", BLUE, RED, OWN}, {"contrast", CYAN, YELLOW, 0}, {"none", OWN, OWN, OWN}};
    for (size_t i = 0; i < sizeof themes / sizeof *themes; i++) {
        char lua[64];
        snprintf(lua, sizeof lua, "command('set theme %s')\n", themes[i].name);
        start_as("xterm-256color", NULL, lua);
        int row, col;
        assert_true(terminal_find(t, "batch_norm", &row, &col));
        assert_int_equal(terminal_color(t, row, col, false), themes[i].op);
        assert_int_equal(terminal_color(t, row, col, true), themes[i].back);
        assert_true(terminal_find(t, "1,8,8,8", &row, &col));
        assert_int_equal(terminal_color(t, row, col, false), themes[i].type);
        leave();
        terminal_free(t);
        t = NULL;
    }
}

/* What init.lua changes of a theme; changed again while it is shown, and given back. */
static void test_colors(void **state)
{
    (void)state;
    start_as("xterm-256color", NULL,
             "command('color op 208 underline') command('color type red on blue')\n"
             "command('color title bright-green')\n");
    assert_int_equal(color_of("batch_norm", false), 208);
    assert_int_equal(color_of("1,8,8,8", false), RED);
    assert_int_equal(color_of("1,8,8,8", true), BLUE);
    assert_int_equal(color_of("detail", false), 10);
    terminal_send(t, ":color op red\r");
    eventually(color_of("batch_norm", false) == RED);
    terminal_send(t, ":color op\r");
    eventually(color_of("batch_norm", false) == CYAN);
    terminal_send(t, ":set theme none\r"); /* without colours what was changed is without them too */
    eventually(color_of("1,8,8,8", true) == OWN);
    assert_int_equal(color_of("1,8,8,8", false), OWN);
    leave();
}

/* A terminal of eight colours shows the nearest that it has. */
static void test_colors_of_a_poor_terminal(void **state)
{
    (void)state;
    start_as("linux", NULL, "command('color op 208') command('color type bright-red')\n");
    assert_int_equal(color_of("batch_norm", false), OWN);
    assert_int_equal(color_of("1,8,8,8", false), RED);
    leave();
}

static void test_no_color(void **state)
{
    (void)state;
    const char *extra[] = {"NO_COLOR=1", NULL};
    start_as("xterm-256color", extra, "command('color op red')\n");
    assert_int_equal(color_of("batch_norm", false), OWN);
    leave();
}

/* Keys that run lines, and keys that do what others do; the help names them first. */
static void test_keys(void **state)
{
    (void)state;
    start_as("xterm-256color", NULL, "command('bind W node {}') command('bind M @last') command('bind C-t @help')\n");
    terminal_send(t, "M");
    assert_true(terminal_shows(t, "aten::linear"));
    terminal_send(t, "W");
    assert_true(terminal_shows(t, "> node #"));
    terminal_send(t, "\024");
    assert_true(terminal_shows(t, "Yours"));
    assert_true(terminal_shows(t, "M                   last line"));
    assert_true(terminal_shows(t, "W                   node {}"));
    terminal_send(t, "q");
    assert_true(terminal_hides(t, "Yours"));
    leave();
}

/* A mistake keeps nobody from looking at a file: what came before it holds, and the log has its place. */
static void test_a_mistake(void **state)
{
    (void)state;
    start_as("xterm-256color", NULL,
             "command('color op red')\ncommand('color nothing red')\ncommand('color type red')\n");
    assert_int_equal(color_of("batch_norm", false), RED);
    assert_int_equal(color_of("1,8,8,8", false), YELLOW);
    assert_true(terminal_shows(t, "init.lua:2"));
    assert_true(terminal_shows(t, "nothing on the screen is called 'nothing'"));
    leave();
}

int main(void)
{
    char dir[80];
    const char *root = getenv("ONNXSH_ROOT");
    program = getenv("ONNXSH");
    if (!program || !root) {
        fprintf(stderr, "ONNXSH and ONNXSH_ROOT say what is tested\n");
        return 1;
    }
    strcpy(home, "/tmp/onnxsh-config-XXXXXX");
    snprintf(trace, sizeof trace, "%s/examples/custom_op/hardmish_net.txt", root);
    if (!mkdtemp(home)) return 1;
    snprintf(dir, sizeof dir, "%s/onnxsh", home);
    snprintf(init, sizeof init, "%s/init.lua", dir);
    if (mkdir(dir, 0700) != 0) return 1;
#define T(name) cmocka_unit_test_setup_teardown(name, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_themes),   T(test_colors), T(test_colors_of_a_poor_terminal),
        T(test_no_color), T(test_keys),   T(test_a_mistake),
    };
#undef T
    int failed = cmocka_run_group_tests(tests, NULL, NULL);
    snprintf(dir, sizeof dir, "rm -rf %s", home);
    if (system(dir) != 0) fprintf(stderr, "%s is left\n", home);
    return failed;
}
