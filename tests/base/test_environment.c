/* ONNXSH_FAIL_ALLOC and ONNXSH_FAIL_SYS: failures of whole programs, selected from outside. The test runs itself. */
#include "ox_test.h"

#include "base/base.h"
#include "base/sys.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

static const char *self;

/* Writes one letter for each of four allocations and four openings: + done, - refused; then the last errno. */
static int child(void)
{
    int last = 0;
    for (int i = 0; i < 4; i++) {
        void *p = ox__alloc(1);
        putchar(p ? '+' : '-');
        ox__free(p);
    }
    for (int i = 0; i < 4; i++) {
        int fd = ox__sys.openat(AT_FDCWD, "/dev/null", O_RDONLY, 0);
        if (fd < 0) last = errno;
        putchar(fd < 0 ? '-' : '+');
        if (fd >= 0) close(fd);
    }
    printf(" %d", last);
    return 0;
}

static void expect(const char *alloc, const char *sys, const char *want)
{
    setenv("ONNXSH_FAIL_ALLOC", alloc, 1);
    setenv("ONNXSH_FAIL_SYS", sys, 1);
    char command[1024], got[64] = "";
    snprintf(command, sizeof command, "'%s' child", self);
    FILE *f = popen(command, "r");
    unsetenv("ONNXSH_FAIL_ALLOC");
    unsetenv("ONNXSH_FAIL_SYS");
    assert_non_null(f);
    char *line = fgets(got, sizeof got, f);
    assert_int_equal(pclose(f), 0);
    assert_non_null(line);
    assert_string_equal(got, want);
}

static void test_environment(void **state)
{
    (void)state;
    char text[64];
    expect("", "", "++++++++ 0");
    expect("2", "", "+-++++++ 0");
    expect("3+", "", "++--++++ 0");
    snprintf(text, sizeof text, "+++++-++ %d", EIO);
    expect("0", "2", text);
    snprintf(text, sizeof text, "++++++-- %d", ENOSPC);
    expect("", "3:ENOSPC+", text);
    snprintf(text, sizeof text, "++++---- %d", EACCES);
    char number[16];
    snprintf(number, sizeof number, "1:%d+", EACCES);
    expect("", number, text);
    expect("", "1:SHORT+", "++++++++ 0");
}

int main(int argc, char **argv)
{
    self = argv[0];
    if (argc > 1 && strcmp(argv[1], "child") == 0) return child();
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_environment)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
