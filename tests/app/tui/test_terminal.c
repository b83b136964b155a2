/* The full screen through a pseudo-terminal: what a terminal emulator shows of the real output, and what is left of the
 * terminal afterwards. */
#include "drive.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

static char trace[512];

static void start_with(const char *term, const char *const *extra, const char *const *argv, int rows, int cols)
{
    drive_start(term, extra, argv, rows, cols);
}

static void start(const char *term)
{
    const char *argv[] = {program, "--no-init", "-t", trace, NULL};
    start_with(term, NULL, argv, 24, 80);
}

static int cursor_row(void)
{
    for (int row = 1; row < 23; row++)
        if (terminal_reverse(t, row, 27)) return row;
    return -1;
}

static void moves_searches_and_leaves(const char *term)
{
    start(term);
    assert_true(terminal_shows(t, "_convolution"));
    assert_true(terminal_shows(t, "txt  trace"));
    eventually(cursor_row() > 0);
    int first = cursor_row();
    terminal_send(t, "jjjj");
    eventually(cursor_row() == first + 4);
    terminal_send(t, "\033OA"); /* the arrow, in both forms that terminals send */
    eventually(cursor_row() == first + 3);
    terminal_send(t, "\033[A");
    eventually(cursor_row() == first + 2);
    terminal_send(t, "/layer2.conv2");
    assert_true(terminal_shows(t, "/layer2.conv2"));
    eventually(strstr(terminal_row(t, cursor_row()), "layer2.conv2"));
    terminal_send(t, "\r");
    assert_true(terminal_shows(t, "txt  trace"));
    terminal_send(t, "?");
    assert_true(terminal_shows(t, "In every pane"));
    terminal_send(t, "q");
    assert_true(terminal_hides(t, "In every pane"));
    terminal_send(t, "q");
    assert_leaves(0);
}

static void test_xterm(void **state)
{
    (void)state;
    moves_searches_and_leaves("xterm-256color");
}

static void test_tmux(void **state)
{
    (void)state;
    moves_searches_and_leaves("tmux-256color");
}

static void test_linux(void **state)
{
    (void)state;
    moves_searches_and_leaves("linux");
}

/* No colour, and characters of the box that ASCII can stand for. */
static void test_plain_locale_without_colour(void **state)
{
    (void)state;
    const char *argv[] = {program, "--no-init", "-t", trace, NULL}, *extra[] = {"NO_COLOR=1", "LC_ALL=C", NULL};
    start_with("xterm", extra, argv, 24, 80);
    assert_true(terminal_shows(t, "- 1 tree ---"));
    terminal_send(t, "q");
    assert_leaves(0);
}

static void test_refused_where_the_cursor_cannot_be_placed(void **state)
{
    (void)state;
    static const char *const terms[] = {"dumb", "no-such-terminal"};
    for (int i = 0; i < 2; i++) {
        start(terms[i]);
        int status = terminal_wait(t);
        assert_true(WIFEXITED(status) && WEXITSTATUS(status) == 2);
        assert_true(terminal_shows(t, "the full screen needs a terminal"));
        assert_true(terminal_shows(t, "hint: the prompt needs none of it"));
        assert_restored();
    }
    const char *argv[] = {program, "--no-init", trace, NULL}; /* the prompt works there */
    start_with("dumb", NULL, argv, 24, 80);
    assert_true(terminal_shows(t, "hardmish_net.txt>"));
    terminal_send(t, "quit\n");
    assert_leaves(0);
}

static void test_a_file_that_cannot_be_opened(void **state)
{
    (void)state;
    const char *argv[] = {program, "--no-init", "-t", "no-such-file", NULL};
    start_with("xterm", NULL, argv, 24, 80);
    assert_leaves(3);
    assert_true(terminal_shows(t, "no-such-file"));
}

static void test_every_size(void **state)
{
    (void)state;
    static const int sizes[][2] = {{24, 80}, {5, 20}, {1, 1}, {2, 3}, {50, 200}, {3, 200}, {50, 5}, {24, 80}};
    start("xterm-256color");
    assert_true(terminal_shows(t, "_convolution"));
    for (size_t i = 0; i < sizeof sizes / sizeof *sizes; i++) {
        terminal_resize(t, sizes[i][0], sizes[i][1]);
        terminal_settle(t, 100);
        terminal_send(t, "jGg?\033");
        terminal_settle(t, 100);
    }
    assert_true(terminal_shows(t, "txt  trace"));
    assert_true(terminal_shows(t, "_convolution"));
    terminal_send(t, "q");
    assert_leaves(0);
}

/* Terminals move what they show when they get smaller, each in its way: all of it is written again. */
static void test_smaller(void **state)
{
    (void)state;
    start("tmux-256color");
    assert_true(terminal_shows(t, "_convolution"));
    terminal_settle(t, 100);
    for (int rows = 23; rows > 19; rows--) {
        size_t before = terminal_bytes(t), seen = 0;
        terminal_resize(t, rows, 80);
        terminal_settle(t, 200);
        for (const char *p = terminal_screen(t); *p; p++) seen += *p > ' ';
        assert_true(seen > 500);
        assert_true(terminal_bytes(t) - before >= seen);
    }
    terminal_send(t, "q");
    assert_leaves(0);
}

static void test_mouse(void **state)
{
    (void)state;
    start("xterm-256color");
    assert_true(terminal_shows(t, "_convolution"));
    eventually(terminal_mouse(t));
    terminal_send(t, "\033[<0;45;7M\033[<0;45;7m"); /* SGR reports: row 7 from 1 */
    eventually(cursor_row() == 6);
    terminal_send(t, "\033[<0;45;7M\033[<0;45;7m"); /* again: Enter, which goes to the details below */
    eventually(cursor_row() > 8);
    terminal_send(t, "\033[<0;45;7M\033[<0;45;7m");
    eventually(cursor_row() == 6);
    char first[256];
    snprintf(first, sizeof first, "%s", terminal_row(t, 2));
    terminal_send(t, "\033[<65;45;7M"); /* the wheel */
    eventually(strcmp(terminal_row(t, 2), first) != 0);
    terminal_send(t, "q");
    assert_leaves(0);
}

/* Text of several lines that is pasted is no keys: it is looked for in the model; in a line that is typed it goes on.
 */
static void test_paste(void **state)
{
    (void)state;
    start("xterm-256color");
    assert_true(terminal_shows(t, "txt  trace"));
    eventually(terminal_mode(t, 2004) == 1);
    terminal_send(t, "\033[200~q\r\nwhile running %input.3: \033[31mqqq\n\033[201~");
    assert_true(terminal_shows(t, ":locate q  while running %input.3: [31mqqq"));
    terminal_send(t, "\r");
    assert_true(terminal_shows(t, "FOUND BY"));
    terminal_send(t, ":print(\033[200~'one\n'\033[201~)\r");
    assert_true(terminal_shows(t, "> print('one ')"));
    terminal_send(t, "q");
    assert_leaves(0);
}

static void test_commands_and_completion(void **state)
{
    (void)state;
    start("xterm-256color");
    assert_true(terminal_shows(t, "txt  trace"));
    terminal_send(t, ":vers\t");
    assert_true(terminal_shows(t, ":version"));
    terminal_send(t, "\r");
    assert_true(terminal_shows(t, "onnxsh 0."));
    terminal_send(t, ":print('a\\27[31mb') io.write('direct')\r"); /* whatever writes, and whatever it writes */
    assert_true(terminal_shows(t, "a\\x1b[31mb"));
    terminal_send(t, ":node %no_such\r");
    assert_true(terminal_shows(t, "no value %no_such"));
    terminal_send(t, ":tui\r");
    assert_true(terminal_shows(t, "this is the full screen"));
    terminal_send(t, ":while true do end\r"); /* Ctrl-C stops it */
    terminal_settle(t, 300);                  /* not before it has begun */
    terminal_send(t, "\003");
    assert_true(terminal_shows(t, "interrupted"));
    terminal_send(t, ":model:graph():nodes()[1]:set_name('renamed')\r");
    assert_true(terminal_shows(t, "hardmish_net.txt*"));
    terminal_send(t, "q");
    assert_true(terminal_shows(t, "unsaved edits"));
    terminal_send(t, ":quit\r");
    assert_true(terminal_shows(t, "unsaved edits"));
    terminal_send(t, "q");
    terminal_send(t, "q");
    assert_leaves(0);
}

/* The editor has the terminal for as long as it runs; what y copies goes to the terminal's clipboard. */
static void test_editor_and_clipboard(void **state)
{
    (void)state;
    char path[256], source[256], config[256];
    snprintf(source, sizeof source, "%s/net.py", home);
    snprintf(path, sizeof path, "%s/t.txt", home);
    snprintf(config, sizeof config, "%s/onnxsh", home);
    FILE *f = fopen(source, "w");
    assert_non_null(f);
    fprintf(f, "import torch\n\ty = torch.relu(x)\n");
    fclose(f);
    f = fopen(path, "w");
    assert_non_null(f);
    fprintf(f, "graph(%%x : Float(2)):\n  %%y : Float(2) = aten::relu(%%x) # %s:2:4\n  return (%%y)\n", source);
    fclose(f);
    assert_true(mkdir(config, 0700) == 0 || errno == EEXIST); /* the history made it */
    strcat(config, "/init.lua");
    f = fopen(config, "w");
    assert_non_null(f);
    fprintf(f, "command('bind W node {}') command('set theme light')\n");
    fclose(f);
    const char *argv[] = {program, "-t", path, NULL},
               *extra[] = {"EDITOR=sh -c 'printf \"the editor has it\"; sleep 1'", NULL};
    start_with("xterm-256color", extra, argv, 40, 80);
    assert_true(terminal_shows(t, "txt  trace"));
    assert_true(terminal_shows(t, ">     2      y = torch.relu(x)")); /* the source, in the details */
    terminal_settle(t, 100);
    terminal_send(t, "e");
    assert_true(terminal_shows(t, "the editor has it"));
    assert_false(terminal_alternate(t));
    assert_true(terminal_shows(t, "txt  trace"));
    eventually(terminal_alternate(t));
    terminal_send(t, "y");
    assert_true(terminal_shows(t, "copied %y"));
    eventually(strcmp(terminal_clipboard(t), "c;JXk=") == 0);
    terminal_send(t, "W"); /* bound by init.lua */
    assert_true(terminal_shows(t, "> node #"));
    terminal_send(t, "q");
    assert_leaves(0);
    unlink(config);
}

/* The log is a script: run again it makes the same edit. Keys stand in it as the lines that they are. */
static void test_log_replays(void **state)
{
    (void)state;
    char path[256], *text = NULL;
    size_t size = 0;
    start("xterm-256color");
    assert_true(terminal_shows(t, "txt  trace"));
    terminal_send(t, ":model:graph():nodes()[1]:set_name('renamed')\r");
    assert_true(terminal_shows(t, "txt*  trace"));
    terminal_send(t, "&op:add\r");
    assert_true(terminal_shows(t, "& op:add  2"));
    terminal_send(t, "x");
    assert_true(terminal_shows(t, "5 failures"));
    terminal_send(t, ":find --count name:renamed\r");
    eventually(strcmp(terminal_row(t, 23), "1") == 0);
    terminal_send(t, "6sedits.onnxsh\r");
    assert_true(terminal_shows(t, "saved; `onnxsh -f` runs it"));
    terminal_send(t, "sedits.onnxsh\r"); /* never over what is there */
    assert_true(terminal_shows(t, "cannot be written"));
    terminal_send(t, "qq");
    assert_leaves(0);
    snprintf(path, sizeof path, "%s/edits.onnxsh", home);
    FILE *f = fopen(path, "r"), *w = open_memstream(&text, &size);
    assert_true(f && w);
    for (int c; (c = getc(f)) != EOF;) putc(c, w);
    fclose(f);
    fclose(w);
    assert_non_null(strstr(text, "model:graph():nodes()[1]:set_name('renamed')\nfind op:add\nexport --dry-run\n# "));
    free(text);
    f = fopen(path, "r"); /* all but the export, which fails and would end it */
    snprintf(path, sizeof path, "%s/again.onnxsh", home);
    w = fopen(path, "w");
    char line[1024];
    while (fgets(line, sizeof line, f))
        if (strncmp(line, "export", 6) != 0) fputs(line, w);
    fclose(f);
    fclose(w);
    const char *argv[] = {program, "--no-init", "-f", path, trace, NULL};
    start_with("xterm-256color", NULL, argv, 24, 80);
    assert_leaves(0);
    int last = 23;
    while (last > 0 && !*terminal_row(t, last)) last--;
    assert_string_equal(terminal_row(t, last), "1"); /* the edit was made again */
}

static void test_from_the_prompt_and_back(void **state)
{
    (void)state;
    const char *argv[] = {program, "--no-init", trace, NULL};
    start_with("xterm-256color", NULL, argv, 24, 80);
    assert_true(terminal_shows(t, "hardmish_net.txt>"));
    terminal_resize(t, 30, 100);
    terminal_send(t, "tui\r");
    assert_true(terminal_shows(t, "txt  trace"));
    eventually(strstr(terminal_row(t, 29), "q quit"));
    terminal_resize(t, 36, 110); /* readline was here, and says nothing of the size any more */
    eventually(strstr(terminal_row(t, 35), "q quit"));
    terminal_send(t, ":version\r");
    assert_true(terminal_shows(t, "onnxsh 0."));
    terminal_send(t, "q");
    assert_true(terminal_shows(t, "hardmish_net.txt>"));
    assert_false(terminal_alternate(t));
    terminal_send(t, "\033[A"); /* the line that was typed there is in the history here */
    assert_true(terminal_shows(t, "hardmish_net.txt> version"));
    terminal_send(t, "\025quit\r");
    assert_leaves(0);
}

static const int signals[] = {SIGTERM, SIGHUP, SIGQUIT, SIGSEGV, SIGABRT, SIGBUS, SIGFPE, SIGILL};
enum { N_SIGNALS = sizeof signals / sizeof *signals };

static void ends_by(int sig)
{
    kill(terminal_pid(t), sig);
    int status = terminal_wait(t);
    if (!getenv("ONNXSH_SANITIZED")) { /* a sanitizer ends the process in its own way */
        assert_true(WIFSIGNALED(status));
        assert_int_equal(WTERMSIG(status), sig);
    }
    assert_restored();
}

static void test_signals_restore_the_terminal(void **state)
{
    (void)state;
    for (size_t i = 0; i < N_SIGNALS; i++) {
        start("xterm-256color");
        assert_true(terminal_shows(t, "txt  trace"));
        eventually(terminal_alternate(t));
        ends_by(signals[i]);
    }
}

/* At the prompt readline has the terminal; while a line is at work, or an export is stopped, nobody changes it. */
static void test_signals_at_the_prompt(void **state)
{
    (void)state;
    static const char *const before[] = {"", "debug\r", "while true do end\r"};
    const char *argv[] = {program, "--no-init", trace, NULL};
    for (size_t k = 0; k < sizeof before / sizeof *before; k++)
        for (size_t i = 0; i < N_SIGNALS; i++) {
            start_with("xterm-256color", NULL, argv, 24, 80);
            assert_true(terminal_shows(t, "hardmish_net.txt>"));
            terminal_send(t, before[k]);
            if (k == 1) assert_true(terminal_shows(t, "before its function"));
            terminal_settle(t, 50);
            ends_by(signals[i]);
        }
}

/* An export that is stopped in the full screen, and one that Lua keeps at work. */
static void test_signals_while_it_works(void **state)
{
    (void)state;
    static const char *const before[] = {"D", ":while true do end\r"};
    for (size_t k = 0; k < sizeof before / sizeof *before; k++)
        for (size_t i = 0; i < N_SIGNALS; i++) {
            start("xterm-256color");
            assert_true(terminal_shows(t, "txt  trace"));
            terminal_send(t, before[k]);
            if (k == 0) assert_true(terminal_shows(t, "stopped at"));
            terminal_settle(t, 50);
            ends_by(signals[i]);
        }
}

/* Ctrl-C stops a long export, and the full screen goes on. */
static void test_interrupt_of_an_export(void **state)
{
    (void)state;
    enum { NODES = 150000 };
    const char *path = in_home("long.txt"), *argv[] = {program, "--no-init", "-t", path, NULL};
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    fputs("graph(%v0 : Float(2, 3)):\n", f);
    for (int i = 0; i < NODES; i++) fprintf(f, "  %%v%d : Float(2, 3) = aten::relu(%%v%d)\n", i + 1, i);
    fprintf(f, "  return (%%v%d)\n", NODES);
    assert_int_equal(fclose(f), 0);
    start_with("xterm-256color", NULL, argv, 24, 80);
    assert_true(terminal_shows(t, "txt  trace"));
    terminal_settle(t, 300);
    drive_rests();
    terminal_send(t, "x");
    eventually(strchr(terminal_row(t, 23), '%')); /* it tells how far it is */
    terminal_send(t, "\003");
    assert_true(terminal_shows(t, "interrupted"));
    terminal_send(t, "2G");
    assert_true(terminal_shows(t, "%v150000"));
    terminal_send(t, "q");
    assert_leaves(0);
}

/* Ctrl-Z under a shell: its screen is back, with the terminal in order; fg paints ours again, in the size of now. */
static void test_stop_and_continue(void **state)
{
    (void)state;
    const char *argv[] = {"/bin/bash", "--norc", "--noprofile", "-i", NULL}, *extra[] = {"PS1=shell> ", NULL};
    char line[1200];
    start_with("xterm-256color", extra, argv, 24, 80);
    assert_true(terminal_shows(t, "shell>"));
    snprintf(line, sizeof line, "%s --no-init -t %s\r", program, trace);
    terminal_send(t, line);
    assert_true(terminal_shows(t, "txt  trace"));
    for (int i = 0; i < 2; i++) {
        terminal_settle(t, 50);
        terminal_send(t, "\032");
        assert_true(terminal_shows(t, "Stopped"));
        eventually(!terminal_alternate(t) && !terminal_mouse(t) && terminal_cursor(t));
        terminal_resize(t, 30 + i, 100);
        terminal_send(t, "clear; fg\r");
        assert_true(terminal_shows(t, "txt  trace"));
        eventually(terminal_alternate(t) && terminal_mouse(t));
        eventually(strstr(terminal_row(t, 29 + i), "q quit"));
    }
    terminal_send(t, "q");
    assert_true(terminal_shows(t, "shell>"));
    terminal_send(t, "exit\r");
    assert_leaves(0);
}

static void test_hostile_names_draw_harmlessly(void **state)
{
    (void)state;
    char path[512];
    snprintf(path, sizeof path, "%s/tests/screens/hostile.txt", root);
    const char *argv[] = {program, "--no-init", "-t", path, NULL};
    start_with("xterm-256color", NULL, argv, 24, 80);
    assert_true(terminal_shows(t, "\\x1b"));
    assert_true(terminal_shows(t, "txt  trace"));
    terminal_send(t, "jjjj?q");
    terminal_settle(t, 100);
    terminal_send(t, "q");
    assert_leaves(0);
}

/* Moving on one side moves the other; Tab changes sides, and the details with them. */
static void test_a_trace_beside_its_result(void **state)
{
    (void)state;
    char lua[512];
    snprintf(lua, sizeof lua, "%s/examples/custom_op/hard_mish.lua", root);
    const char *argv[] = {program, "--no-init", "-l", lua, "-t", trace, NULL};
    start_with("xterm-256color", NULL, argv, 24, 80);
    assert_true(terminal_shows(t, "_convolution"));
    terminal_send(t, "x");
    assert_true(terminal_shows(t, "the export succeeds"));
    terminal_send(t, "r23");
    assert_true(terminal_shows(t, "became     onnx::Conv"));
    terminal_send(t, "2jj");
    assert_true(terminal_shows(t, "became     onnx::Add"));
    assert_true(terminal_shows(t, "= onnx::Clip"));
    terminal_send(t, "\tG");
    assert_true(terminal_shows(t, "node       onnx::Gemm"));
    assert_true(terminal_shows(t, "= aten::linear"));
    terminal_resize(t, 5, 20);
    assert_true(terminal_shows(t, "5 result"));
    terminal_resize(t, 24, 80);
    terminal_send(t, "r");
    assert_true(terminal_hides(t, "5 result"));
    terminal_send(t, "q");
    assert_leaves(0);
}

/* Two models named on the command line: the second one is opened by a line of the log. */
static void test_two_models(void **state)
{
    (void)state;
    char other[512];
    snprintf(other, sizeof other, "%s/tests/screens/slices.onnx", root);
    const char *argv[] = {program, "--no-init", "tui", trace, other, NULL};
    start_with("xterm-256color", NULL, argv, 24, 80);
    assert_true(terminal_shows(t, "slices.onnx  5"));
    assert_true(terminal_shows(t, "_convolution"));
    terminal_send(t, "\tG");
    assert_true(terminal_shows(t, "node       onnx::Slice"));
    terminal_send(t, "\033[Z");
    assert_true(terminal_shows(t, "node       aten::_convolution"));
    terminal_send(t, "L");
    assert_true(terminal_shows(t, "beside \""));
    terminal_send(t, ":beside --close\r");
    assert_true(terminal_hides(t, "slices.onnx  5"));
    terminal_send(t, "q");
    assert_leaves(0);
}

static int run(void)
{
    snprintf(trace, sizeof trace, "%s/examples/custom_op/hardmish_net.txt", root);
    const struct CMUnitTest tests[] = {
        drive_test(test_xterm),
        drive_test(test_tmux),
        drive_test(test_linux),
        drive_test(test_plain_locale_without_colour),
        drive_test(test_refused_where_the_cursor_cannot_be_placed),
        drive_test(test_a_file_that_cannot_be_opened),
        drive_test(test_every_size),
        drive_test(test_smaller),
        drive_test(test_mouse),
        drive_test(test_paste),
        drive_test(test_commands_and_completion),
        drive_test(test_editor_and_clipboard),
        drive_test(test_log_replays),
        drive_test(test_from_the_prompt_and_back),
        drive_test(test_signals_restore_the_terminal),
        drive_test(test_signals_at_the_prompt),
        drive_test(test_signals_while_it_works),
        drive_test(test_interrupt_of_an_export),
        drive_test(test_stop_and_continue),
        drive_test(test_hostile_names_draw_harmlessly),
        drive_test(test_a_trace_beside_its_result),
        drive_test(test_two_models),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(void)
{
    return drive_main("terminal", run);
}
