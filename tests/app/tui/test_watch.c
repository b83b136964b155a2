/* A watched file through a terminal: it changes under the full screen, which opens it again and keeps what the user
 * made of it: folds, the filter, the lines that the cursors are on. */
#include "drive.h"

#include <stdlib.h>
#include <string.h>

static const char again[] = "the model's file has changed and was opened again";

/* The trace of the example, with another name for one of its values. */
static void rewrite(const char *name)
{
    static const char old[] = "%1022";
    char *text = read_file(in_tree("examples/custom_op/hardmish_net.txt")), *other = NULL;
    size_t size;
    FILE *w = open_memstream(&other, &size);
    assert_non_null(w);
    for (const char *p = text, *at; p; p = at ? at + strlen(old) : NULL) {
        at = strstr(p, old);
        fwrite(p, 1, at ? (size_t)(at - p) : strlen(p), w);
        if (at) fputs(name, w);
    }
    fclose(w);
    write_file("net.txt", other);
    free(other);
    free(text);
}

static void start(void)
{
    rewrite("%1022");
    const char *argv[] = {NULL, "--no-init", "-t", in_home("net.txt"), NULL};
    drive_start("xterm-256color", NULL, argv, 30, 120);
    assert_shows("layer1.gate.2");
    drive_command("watch on");
}

/* The row of a text is the one that the cursor is on. */
static bool is_chosen(const char *text)
{
    int row, col;
    return terminal_find(t, text, &row, &col) && terminal_reverse(t, row, col);
}

static void leave(void)
{
    drive_line(":quit --force");
    assert_leaves(0);
}

static void test_the_place_is_kept(void **state)
{
    (void)state;
    start();
    terminal_send(t, "1G");
    eventually(is_chosen("+ head"));
    terminal_send(t, "o");
    assert_shows("Dropout");
    terminal_send(t, "k");
    eventually(is_chosen("+ layer2"));
    terminal_send(t, "2&op:sigmoid or op:mul\r");
    assert_shows("& op:sigmoid or op:mul");
    assert_hides("aten::batch_norm");
    terminal_send(t, "gj");
    eventually(is_chosen("%1023"));
    rewrite("%sigma");
    assert_shows("%sigma");
    assert_shows(again);
    assert_shows("& op:sigmoid or op:mul");
    assert_shows("Dropout");
    eventually(is_chosen("%1023"));
    assert_shows("+ layer1"); /* its scope, which is folded as it was */
    terminal_send(t, "1G");
    eventually(is_chosen("2       Linear"));
    rewrite("%theta");
    assert_shows("%theta");
    assert_shows("& op:sigmoid or op:mul");
    eventually(is_chosen("2       Linear"));
    leave();
}

static void test_edits_stay(void **state)
{
    (void)state;
    start();
    drive_command("model:graph():find('op:sigmoid')[1]:output():rename('mine')");
    assert_shows("%mine");
    rewrite("%theirs");
    assert_shows("it is not opened again, for there are unsaved edits");
    assert_shows("%mine");
    drive_command("undo");
    assert_shows("%theirs");
    assert_hides("%mine");
    leave();
}

static void test_half_a_file(void **state)
{
    (void)state;
    start();
    char *text = read_file(in_home("net.txt"));
    text[3000] = '\0';
    write_file("net.txt", text);
    free(text);
    assert_shows("has changed and cannot be opened again");
    assert_shows("%1022");
    rewrite("%sigma");
    assert_shows("%sigma");
    leave();
}

static int run(void)
{
    const struct CMUnitTest tests[] = {
        drive_test(test_the_place_is_kept),
        drive_test(test_edits_stay),
        drive_test(test_half_a_file),
    };
    return cmocka_run_group_tests_name("tui_watch", tests, NULL, NULL);
}

int main(void)
{
    return drive_main("watch", run);
}
