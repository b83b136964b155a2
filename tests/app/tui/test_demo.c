/* The demo of the README: a short session in the full screen, recorded from the terminal as examples/demo.svg. The test
 * is that the program still shows just that.
 *
 * usage: test_demo [--update]; with --update what is shown now is written to the tree, to be looked at.
 */
#include "drive.h"
#include "svg.h"

#include <stdlib.h>
#include <string.h>

enum { ROWS = 30, COLS = 112, FRAMES = 7 };
static const double seconds = 6;
static bool update;

static FILE *picture;
static char *bytes;
static size_t n_bytes;
static int n_frames;

static void frame(const char *caption)
{
    drive_rests();
    terminal_settle(t, getenv("ONNXSH_SANITIZED") ? 1000 : 150);
    assert_true(n_frames < FRAMES);
    svg_frame(picture, t, n_frames++, seconds, caption);
}

static void session(void)
{
    const char *argv[] = {NULL, "--no-init", "--weights", "hardmish_net.npz", "-t", "hardmish_net.txt", NULL};
    copy_file("examples/custom_op/hardmish_net.txt");
    copy_file("examples/custom_op/hardmish_net.npz");
    copy_file("examples/custom_op/hard_mish.lua");
    drive_start("xterm-256color", NULL, argv, ROWS, COLS);
    assert_shows("bound");
    frame("onnxsh --weights hardmish_net.npz -t hardmish_net.txt     a network as PyTorch traced it");
    terminal_send(t, "x");
    assert_shows("5 failures");
    frame("x     try the export: an operator is not known; the tree and the nodes say where");
    terminal_send(t, "fw"); /* typed ahead: the second speaks of where the first leads */
    assert_shows("> why #27");
    frame("f w     the first failure, and why: modules, source, arguments");
    terminal_send(t, "L");
    drive_command("lua --file hard_mish.lua");
    terminal_send(t, "x");
    assert_shows("the export succeeds");
    terminal_send(t, "r32gjj");
    frame(":lua --file hard_mish.lua, x, r     a function in Lua mends it; the ONNX beside the trace, bound to it");
    terminal_send(t, "r8");
    assert_shows("8 weights");
    terminal_send(t, "\rZ");
    frame("8 Enter Z     a weight: who uses it, statistics, a histogram, its numbers");
    terminal_send(t, "Z29");
    assert_shows("9 graph");
    frame("9     the neighbourhood of a node");
    drive_command("break acme::hard_mish");
    terminal_send(t, "D");
    assert_shows("stop");
    frame(":break acme::hard_mish, D     the export stops there: the Lua, its variables, the nodes made so far");
    terminal_send(t, "q");
}

static void test_demo(void **state)
{
    (void)state;
    const char *path = in_tree("examples/demo.svg");
    picture = open_memstream(&bytes, &n_bytes);
    assert_non_null(picture);
    svg_begin(picture, ROWS, COLS, FRAMES, seconds);
    session();
    svg_end(picture);
    assert_int_equal(fclose(picture), 0);
    assert_int_equal(n_frames, FRAMES);
    if (update) {
        FILE *f = fopen(path, "w");
        assert_true(f && fwrite(bytes, 1, n_bytes, f) == n_bytes && fclose(f) == 0);
    }
    char *kept = read_file(path);
    if (strcmp(kept, bytes) != 0) {
        const char *a = kept, *b = bytes;
        while (*a && *a == *b) a++, b++;
        fail_msg(
            "examples/demo.svg is not what the program shows (test_tui_demo --update renews it):\n%.200s\nnow\n%.200s",
            a, b);
    }
    free(kept);
    free(bytes);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {drive_test(test_demo)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    update = argc > 1 && strcmp(argv[1], "--update") == 0;
    return drive_main("demo", run);
}
