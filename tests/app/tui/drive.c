/* The shared part of drive.h. */
#include "drive.h"

#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

const char *program, *root;
char home[64];
terminal *t;

int drive_setup(void **state)
{
    (void)state;
    t = NULL;
    return 0;
}

int drive_teardown(void **state)
{
    (void)state;
    terminal_free(t);
    t = NULL;
    return 0;
}

int drive_main(const char *name, int (*run)(void))
{
    char command[96];
    program = getenv("ONNXSH");
    root = getenv("ONNXSH_ROOT");
    if (!program || !root) {
        fprintf(stderr, "ONNXSH and ONNXSH_ROOT say what is tested\n");
        return 1;
    }
    snprintf(home, sizeof home, "/tmp/onnxsh-%s-XXXXXX", name);
    if (!mkdtemp(home)) return 1;
    int failed = run();
    if (failed && getenv("ONNXSH_SANITIZED")) {
        snprintf(command, sizeof command, "cat %s/sanitizer.* >&2", home);
        if (system(command) != 0) fprintf(stderr, "the sanitizer said nothing\n");
    }
    snprintf(command, sizeof command, "rm -rf %s", home);
    if (system(command) != 0) fprintf(stderr, "%s is left\n", home);
    return failed != 0;
}

static const char *join(const char *dir, const char *name)
{
    static char paths[8][1024];
    static int next;
    char *p = paths[next++ % 8];
    snprintf(p, sizeof paths[0], "%s/%s", dir, name);
    return p;
}

const char *in_tree(const char *path)
{
    return join(root, path);
}

const char *in_home(const char *name)
{
    return join(home, name);
}

const char *write_file(const char *name, const char *text)
{
    const char *path = in_home(name);
    FILE *f = fopen(path, "w");
    assert_non_null(f);
    assert_int_equal(fwrite(text, 1, strlen(text), f), strlen(text));
    assert_int_equal(fclose(f), 0);
    return path;
}

const char *copy_file(const char *path)
{
    const char *base = strrchr(path, '/');
    const char *from = in_tree(path), *to = in_home(base ? base + 1 : path);
    char command[2200];
    snprintf(command, sizeof command, "cp %s %s", from, to);
    assert_int_equal(system(command), 0);
    return to;
}

char *read_file(const char *path)
{
    char *text = NULL;
    size_t size;
    FILE *f = fopen(path, "r"), *w = open_memstream(&text, &size);
    if (!f || !w) fail_msg("%s cannot be read", path);
    for (int c; (c = getc(f)) != EOF;) putc(c, w);
    fclose(f);
    fclose(w);
    return text;
}

void drive_start(const char *term, const char *const *extra, const char *const *argv, int rows, int cols)
{
    const char *words[32] = {argv[0] ? argv[0] : program};
    for (int i = 1; i < 31 && argv[i]; i++) words[i] = argv[i];
    terminal_free(t);
    t = terminal_start(words, home, term, extra, rows, cols);
    assert_non_null(t);
}

void drive_line(const char *line)
{
    terminal_send(t, line);
    terminal_send(t, "\r");
}

/* The bottom line says what is at work beside the hints, or what came of it in their place. */
static bool rests(void)
{
    const char *row = terminal_row(t, terminal_rows(t) - 1);
    if (!*row || strchr(":/&", *row)) return false;
    return !strstr(row, "q quit") || strstr(row, "  trace") || strstr(row, "  ONNX");
}

void drive_rests(void)
{
    eventually(rests());
}

static bool is_typed(const char *line)
{
    enum { TAIL = 20 }; /* of a long line the end is seen */
    size_t n = strlen(line);
    const char *row = terminal_row(t, terminal_rows(t) - 1);
    return *row == ':' && strstr(row, line + (n > TAIL ? n - TAIL : 0));
}

void drive_command(const char *line)
{
    terminal_send(t, ":");
    terminal_send(t, line);
    eventually(is_typed(line));
    terminal_send(t, "\r");
    drive_rests();
}

void assert_restored(void)
{
    const char *left = terminal_left(t);
    if (left) fail_msg("%s:\n%s", left, terminal_screen(t));
}

void assert_leaves(int status)
{
    int got = terminal_wait(t);
    if (got == -1) fail_msg("the program did not end:\n%s", terminal_screen(t));
    int code = WIFEXITED(got) ? WEXITSTATUS(got) : -WTERMSIG(got);
    bool sanitized = status < 0 && getenv("ONNXSH_SANITIZED"); /* which ends the process in its own way */
    if (code != status && !sanitized) fail_msg("ended with %d, not %d:\n%s", code, status, terminal_screen(t));
    assert_restored();
}

void assert_shows(const char *text)
{
    if (!terminal_shows(t, text)) fail_msg("'%s' did not appear", text);
}

void assert_hides(const char *text)
{
    if (!terminal_hides(t, text)) fail_msg("'%s' did not go", text);
}
