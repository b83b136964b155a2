/* The story of PyTorch's documentation of 2018 through a terminal: an export fails on an operator without a symbolic
 * function, its user asks why, writes the function in an editor, and exports again; what comes out computes what
 * PyTorch computed. And the debugger on a network: breakpoints on three operators, stepping into the Lua of one.
 *
 * usage: test_story [DIR]; DIR keeps the models that were exported, for other engines to run.
 */
#include "drive.h"

#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static const char *kept;

/* What the user's hands do in the editor: the skeleton's last lines become the mapping. */
static const char editor[] = "#!/bin/sh\n"
                             "sed -i -e 's/^  -- return g:op(\"Elu\", self)/  return g:op(\"Elu\", self, "
                             "{alpha_f = sym.scalar(alpha)})/' -e '/g:unsupported/d' \"$2\"\n";

static void start_story(bool full_screen, const char *edit)
{
    char variable[1200];
    const char *extra[] = {variable, NULL}, *argv[] = {NULL,
                                                       "--no-init",
                                                       "--weights",
                                                       in_tree("examples/elu_2018/elu_net.npz"),
                                                       full_screen ? "-t" : "--",
                                                       in_tree("examples/elu_2018/elu_net.txt"),
                                                       NULL};
    snprintf(variable, sizeof variable, "EDITOR=%s", edit);
    drive_start("xterm-256color", extra, argv, 45, 120);
}

static void use(const char *name)
{
    char command[2500];
    if (!kept) return;
    snprintf(command, sizeof command, "cp %s %s", in_home(name), kept);
    assert_int_equal(system(command), 0);
}

/* Compares the result with what PyTorch computed. */
static const char *comparison(void)
{
    static char line[2500];
    snprintf(line, sizeof line, "run --result --inputs %s --expect %s", in_tree("examples/elu_2018/elu_net_io.npz"),
             in_tree("examples/elu_2018/elu_net_io.npz"));
    return line;
}

static const char export_line[] = "export prompt.onnx --input-names input --output-names output";

static void test_at_the_prompt(void **state)
{
    (void)state;
    char line[1200];
    start_story(false, "true"); /* the editor is left at once: the file is written beside it */
    assert_shows("elu_net.txt>");
    drive_line("symbolics --remove aten::elu");
    drive_line("set watch off");
    drive_line(export_line);
    assert_shows("not exported: 2 failures");
    assert_shows("EluNet/Sequential[features]/ELU[1]");
    assert_shows("no symbolic function of aten::elu");
    drive_line("ops --missing");
    assert_shows("OPERATOR");
    terminal_send(t, "\f");
    drive_line("why %269");
    assert_shows("there is no symbolic function of aten::elu at opset 17");
    assert_shows("the nearest names are aten::celu");
    assert_shows("alpha        %266 : float  = 0.5  (default 1)");
    assert_shows("site-packages/torch/nn/functional.py:1548");
    drive_line("symbolics aten::elu --new --for %269");
    assert_shows("symbolic(\"aten::elu\", function(g, self, alpha, scale, input_scale)");
    assert_shows("here %266 : float  = 0.5");
    drive_line("symbolics aten::elu --edit --to elu.lua");
    assert_shows("elu.lua is loaded");
    terminal_send(t, "\f");
    drive_line(export_line);
    assert_shows("aten::elu is not written yet");
    snprintf(line, sizeof line, "sh %s +1 %s", write_file("editor.sh", editor), in_home("elu.lua"));
    assert_int_equal(system(line), 0);
    drive_line("reload");
    assert_shows("1 file loaded");
    drive_line(export_line);
    assert_shows("wrote prompt.onnx: opset 17");
    terminal_send(t, "\f");
    drive_line(comparison());
    assert_shows("VERDICT");
    assert_shows("output  equal");
    terminal_send(t, "\f");
    drive_line("node --result %/act/Elu_output_0");
    assert_shows("onnx::Elu");
    drive_line("quit");
    assert_leaves(0);
    use("prompt.onnx");
}

static void test_in_the_full_screen(void **state)
{
    (void)state;
    const char *script = write_file("editor.sh", editor);
    assert_int_equal(chmod(script, 0700), 0);
    start_story(true, script);
    assert_shows("6 parameters bound");
    drive_rests();
    drive_command("symbolics --remove aten::elu");
    terminal_send(t, "x");
    assert_shows("2 failures; f goes to the first");
    assert_shows("! aten::elu");
    terminal_send(t, "f");
    assert_shows("1 of 2");
    terminal_send(t, "w");
    assert_shows("> why #24");
    assert_shows("there is no symbolic function of aten::elu at opset 17");
    terminal_send(t, "Z"); /* the log alone: all of it is seen */
    terminal_send(t, "E"); /* the skeleton, in the editor, loaded */
    assert_shows("symbolics.lua is loaded");
    eventually(terminal_alternate(t));
    terminal_send(t, "x");
    assert_shows("the export succeeds");
    drive_rests();
    drive_command("export screen.onnx --input-names input --output-names output");
    terminal_send(t, "6");
    assert_shows("wrote screen.onnx: opset 17");
    drive_command(comparison());
    assert_shows("output  equal");
    terminal_send(t, "w");
    assert_shows("became      onnx::Elu");
    terminal_send(t, "q");
    assert_leaves(0);
    use("screen.onnx");
}

/* ---- the debugger ---- */

/* The steps of a debugging session: a line, and what it must answer. */
typedef struct step {
    const char *line, *answers[4];
} step;

static const step session[] = {
    {"break acme::hard_mish", {"breakpoint 1"}},
    {"break scope:layer2/** if dim(input, 2) == 9", {"breakpoint 2"}}, /* never met: it has eight channels there */
    {"break aten::linear if rank(input) == 2", {"breakpoint 3"}},
    {"break aten::batch_norm if dim(input, 3) == 8", {"breakpoint 4"}},
    {"debug export", {"acme::hard_mish  #27  HardMishNet/Sequential[stem]/HardMish[2]", "before its function"}},
    {"list", {">    5  symbolic(\"acme::hard_mish\", function(g, x)", "     8    return g:op(\"Mul\", x, "}},
    {"print 'high ' .. dim(x, 3), 'rank ' .. rank(x)", {"high 16", "rank 4"}},
    {"step", {"hard_mish.lua:6", ">    6    local shifted = g:op(\"Add\", x, 2.0)"}},
    {"emit", {"nothing yet"}},
    {"next", {">    7    local gate = sym.clip(g, shifted, 0.0, 2.0)"}},
    {"emit", {"onnx::Constant[value={2}]", "onnx::Add(%x.1, %"}},
    {"step", {"in onnxsh/sym.lua:"}},
    {"locals", {"max = 2.0", "min = 0.0"}},
    {"undo", {"waits while a conversion is stopped"}},
    {"break --delete 1", {NULL}},
    {"continue", {"aten::batch_norm  #66  HardMishNet/Block[layer1]/BatchNorm2d[bn1]"}},
    {"where", {"before its function, onnxsh/symbolic/norm.lua"}},
    {"break --delete 4", {NULL}},
    {"continue", {"aten::linear  #206  HardMishNet/Sequential[head]/Linear[2]"}},
    {"break", {"rank(input) == 2"}},
    {"continue", {"the conversion ended: 63 nodes"}},
    {"step", {"no conversion is stopped"}},
    {"show --result head", {"onnx::Gemm"}},
};

static void run_session(bool full_screen)
{
    char clean[2400], *at;
    const char *argv[] = {NULL,
                          "--no-init",
                          "-l",
                          in_tree("examples/custom_op/hard_mish.lua"),
                          full_screen ? "-t" : "--",
                          in_tree("examples/custom_op/hardmish_net.txt"),
                          NULL};
    drive_start("xterm-256color", NULL, argv, 50, 140);
    assert_shows(full_screen ? "txt  trace" : "hardmish_net.txt>");
    for (size_t i = 0; i < sizeof session / sizeof *session; i++) {
        if (full_screen) {
            drive_command(session[i].line);
        } else {
            terminal_send(t, "\f");
            drive_line(session[i].line);
        }
        if (full_screen && i == 0) terminal_send(t, "6Z"); /* the log alone */
        for (size_t k = 0; k < 4 && session[i].answers[k]; k++) {
            snprintf(clean, sizeof clean, "%s", session[i].answers[k]);
            for (char *p = clean; p; p = at ? at + 1 : NULL) { /* lines of an answer */
                at = strchr(p, '\n');
                if (at) *at = '\0';
                assert_shows(p);
            }
        }
    }
    terminal_send(t, full_screen ? "q" : "quit\r");
    assert_leaves(0);
}

static void test_breakpoints_at_the_prompt(void **state)
{
    (void)state;
    run_session(false);
}

static void test_breakpoints_in_the_full_screen(void **state)
{
    (void)state;
    run_session(true);
}

/* A Lua file that another program writes is loaded again before the next line runs. */
static void test_files_are_watched(void **state)
{
    (void)state;
    static const char right[] = "symbolic('acme::hard_mish', function(g, x) return g:op('Relu', x) end)\n",
                      wrong[] = "symbolic('acme::hard_mish', function(g, x) return g:op('Nothing', x) end)\n";
    const char *lua = write_file("watched.lua", right);
    const char *argv[] = {NULL, "--no-init", "-l", lua, "-t", in_tree("examples/custom_op/hardmish_net.txt"), NULL};
    drive_start("xterm-256color", NULL, argv, 40, 120);
    assert_shows("txt  trace");
    terminal_send(t, "x");
    assert_shows("the export succeeds");
    write_file("watched.lua", wrong);
    terminal_send(t, "x");
    assert_shows("1 Lua file loaded again");
    assert_shows("ONNX has no operator 'Nothing'");
    drive_rests();
    terminal_send(t, "q");
    assert_leaves(0);
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        drive_test(test_at_the_prompt),
        drive_test(test_in_the_full_screen),
        drive_test(test_breakpoints_at_the_prompt),
        drive_test(test_breakpoints_in_the_full_screen),
        drive_test(test_files_are_watched),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}

int main(int argc, char **argv)
{
    kept = argc > 1 ? argv[1] : NULL;
    return drive_main("story", run);
}
