/* What the tests of the program behind a terminal share: where the program is, a home of its own, one terminal a test.
 */
#ifndef OX_TESTS_DRIVE_H
#define OX_TESTS_DRIVE_H

#include "ox_test.h"

#include "terminal.h"

extern const char *program, *root; /* the program; the root of the tree */
extern char home[64];              /* a directory of this process, the home of what is started */
extern terminal *t;                /* of the test that runs */

/* Reads until it is so; fails at a deadline that no machine misses. */
#define eventually(so) \
    do { \
        int left_ = 2000; \
        while (!(so) && left_-- > 0) terminal_settle(t, 10); \
        if (!(so)) fail_msg("%s:\n%s", #so, terminal_screen(t)); \
    } while (0)

#define drive_test(name) cmocka_unit_test_setup_teardown(name, drive_setup, drive_teardown)
int drive_setup(void **state);
int drive_teardown(void **state);
/* Makes home, runs main's tests, takes it away again: what main returns. */
int drive_main(const char *name, int (*run)(void));

/* A file of the tree, of the home; the text lives until the eighth call after. */
const char *in_tree(const char *path);
const char *in_home(const char *name);
/* Writes a file of the home; returns its path. */
const char *write_file(const char *name, const char *text);
/* Copies a file of the tree into the home, under the same name; returns its path there. */
const char *copy_file(const char *path);
/* What a file holds; to be freed. */
char *read_file(const char *path);

/* Starts argv[0], which may be NULL for the program, in a terminal of this kind and size. */
void drive_start(const char *term, const char *const *extra, const char *const *argv, int rows, int cols);
/* Sends a line and its Enter. */
void drive_line(const char *line);
/* Runs a line of the prompt in the full screen, and waits for its end. */
void drive_command(const char *line);
/* Waits until the full screen has nothing at work and no line is typed. */
void drive_rests(void);
/* The program ends with that exit status, or by a signal (negative), and the terminal is as it was. */
void assert_leaves(int status);
void assert_restored(void);
/* Fails with the screen if the text does not come. */
void assert_shows(const char *text);
void assert_hides(const char *text);

#endif
