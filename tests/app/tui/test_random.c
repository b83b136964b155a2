/* Random keys, clicks, wheels and sizes: nothing crashes, every row stays whole, cursors stay inside, and work ends.
 * The seed is printed; `test_tui_random SEED KEYS` plays it again. */
#include "app/tui/tui.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static uint64_t state;
static int out;

static unsigned pick(unsigned n)
{
    state = state * 6364136223846793005u + 1442695040888963407u;
    return (unsigned)(state >> 33) % n;
}

static const char *const files[] = {
    "examples/custom_op/hardmish_net.txt",
    "tests/screens/hostile.txt",
    "tests/fixtures/onnx/blocks.onnx",
    "tests/fixtures/onnx/functions.onnx",
    "tests/traces/scriptcf.script.graph.txt",
    "tests/fixtures/onnx/every_dtype.onnx",
    "tests/fixtures/onnx/torchscript.onnx",
    "tests/screens/hub.txt",
    "tests/screens/slices.onnx",
    "tests/fixtures/torch/trace_113.pt",
    "no/such/file",
};
/* Lines that a person could type; they edit, fail, open, undo, are long. */
static const char *const lines[] = {
    "undo",
    "redo",
    "info",
    "show",
    "find op:add",
    "node #3",
    "x =",
    "failure next",
    "export --dry-run",
    "infer",
    "open no/file",
    "model:graph():nodes()[1]:set_name('n' .. math.random(9))",
    "tree",
    "set theme contrast",
    "bind W why {}",
    "why #21",
    "value %FLOAT",
    "beside \"" OX_ROOT_DIR "/tests/screens/slices.onnx\"",
    "beside \"" OX_ROOT_DIR "/tests/traces/scriptcf.script.graph.txt\"",
    "beside --close",
    "beside --infer",
    "node --beside #5",
    "find --beside op:add",
    "break op:add",
    "break --delete all",
    "debug export",
    "step",
    "next",
    "continue",
    "debug stop",
    "locals",
    "input float32[b,1,5,5]",
    "locate \"%x.1 and %input.1\"",
};
static const char *const queries[] = {"op:conv",   "scope:layer1", "not op:add", "(",
                                      "nonsense:", "name:/x|y/",   "up(%x,2)",   ""};

static void fail(const char *why)
{
    dprintf(out, "%s\n", why); /* standard output may be caught just now */
    abort();
}

static void check(ox_tui *t)
{
    ox_tui_draw(t);
    for (int r = 0; r < t->grid.rows; r++) {
        int cols = 0;
        for (int c = 0; c < t->grid.cols; c++) cols += ox_grid_at(&t->grid, r, c)->width;
        if (cols != t->grid.cols) fail("a row is not whole");
    }
    for (int i = 0; i < OX_N_VIEWS; i++) {
        const ox_list *l = &t->views[i]->list;
        if (l->n && (l->cursor >= l->n || l->top >= l->n))
            fail("a cursor is outside"); /* an empty list keeps its place */
    }
}

static void settle(ox_tui *t)
{
    for (int i = 0; ox_tui_work(t, 50); i++)
        if (i > 2000) fail("work does not end");
}

static void open_file(ox_tui *t, const char *name)
{
    char path[1024];
    ox_error err;
    snprintf(path, sizeof path, "%s/%s", OX_ROOT_DIR, name);
    if (ox_run_open(t, path, &err) != OX_OK) fail("a file is not begun");
}

static void type(ox_tui *t, const char *text)
{
    for (; *text; text++) ox_tui_key(t, (unsigned char)*text);
    ox_tui_key(t, OX_KEY_ENTER);
}

static void step(ox_tui *t, ox_session *s)
{
    static const uint32_t keys[] = {'j',
                                    'k',
                                    'g',
                                    'G',
                                    ' ',
                                    'b',
                                    'z',
                                    'Z',
                                    'n',
                                    'N',
                                    'c',
                                    'u',
                                    'd',
                                    '[',
                                    ']',
                                    'l',
                                    'h',
                                    'o',
                                    'O',
                                    'w',
                                    'x',
                                    'f',
                                    'F',
                                    'y',
                                    'L',
                                    '1',
                                    '2',
                                    '3',
                                    '4',
                                    '5',
                                    '6',
                                    'm',
                                    '\'',
                                    'a',
                                    OX_KEY_ENTER,
                                    OX_KEY_ESC,
                                    OX_KEY_TAB,
                                    OX_KEY_BACKTAB,
                                    '7',
                                    '8',
                                    '9',
                                    'r',
                                    'd',
                                    OX_KEY_UP,
                                    OX_KEY_PAGE_DOWN,
                                    OX_KEY_END,
                                    'W',
                                    'A',
                                    '=',
                                    '+',
                                    'B',
                                    'D',
                                    's',
                                    'i',
                                    'I',
                                    'X',
                                    '?',
                                    4,
                                    21,
                                    15};
    ox_error err;
    switch (pick(16)) {
    case 0: ox_tui_click(t, (int)pick(60) - 5, (int)pick(160) - 5); break;
    case 1: ox_tui_wheel(t, (int)pick(60), (int)pick(160), (int)pick(9) - 4); break;
    case 2:
        if (ox_tui_resize(t, (int)pick(50) + 1, (int)pick(140) + 1, &err) != OX_OK) fail("no memory");
        break;
    case 3:
        ox_tui_key(t, '/');
        type(t, pick(2) ? "conv" : "zzz");
        break;
    case 4:
        ox_tui_key(t, '&');
        ox_tui_key(t, 'U' & 31);
        type(t, queries[pick(sizeof queries / sizeof *queries)]);
        break;
    case 5:
        if (pick(4)) break;
        ox_tui_key(t, ':');
        type(t, lines[pick(sizeof lines / sizeof *lines)]);
        break;
    case 6:
        if (pick(20)) break;
        settle(t);
        open_file(t, files[pick(sizeof files / sizeof *files)]);
        break;
    default: ox_tui_key(t, keys[pick(sizeof keys / sizeof *keys)]); break;
    }
    if (pick(3)) settle(t);
    s->quit = t->quit = false;
}

int main(int argc, char **argv)
{
    static ox_session s;
    ox_error err;
    ox_tui *t;
    char home[] = "/tmp/onnxsh-random-XXXXXX", command[64];
    unsigned long seed = argc > 1 ? strtoul(argv[1], NULL, 10) : 1, n = argc > 2 ? strtoul(argv[2], NULL, 10) : 3000;
    printf("seed %lu, %lu steps\n", seed, n);
    fflush(stdout);
    out = dup(STDOUT_FILENO);
    if (!mkdtemp(home) || chdir(home) != 0) return 1; /* what the log is saved as stays there */
    setenv("HOME", home, 1);
    setenv("XDG_STATE_HOME", home, 1);
    setenv("XDG_CONFIG_HOME", home, 1);
    state = seed;
    s.g.no_init = true;
    s.interactive = s.full_screen = true;
    if (ox_session_init(&s, &err) != OX_OK || ox_tui_create(&t, &s, 24, 80, &err) != OX_OK) return 1;
    open_file(t, files[0]);
    for (unsigned long i = 0; i < n; i++) {
        step(t, &s);
        check(t);
    }
    ox_tui_free(t);
    ox_session_free(&s);
    snprintf(command, sizeof command, "rm -rf %s", home);
    return system(command) != 0;
}
