/* Every model of the committed fixtures, and of Debian's libonnx-testdata where it is installed: it opens, saves
 * byte-identical, and does so again when each of its nodes was written anew, and after undo. */
#include "ox_test.h"
#include "ox_dir.h"

#include <onnxsh/io.h>
#include <onnxsh/journal.h>

#define TESTDATA "/usr/share/libonnx-testdata"

typedef struct fixture {
    ox_model *m;
    char *before, *after;
    size_t n_before, n_after;
    ox_error err;
} fixture;

static fixture *current; /* nftw hands no pointer of its own to its callback */
static size_t n_files;

static int setup(void **state)
{
    *state = current = calloc(1, sizeof(fixture));
    n_files = 0;
    return *state ? dir_setup(state) : -1;
}

static void clear(fixture *f)
{
    ox_model_free(f->m);
    f->m = NULL;
    free(f->before);
    free(f->after);
    f->before = f->after = NULL;
}

static int teardown(void **state)
{
    clear(*state);
    free(*state);
    return dir_teardown(state);
}

static char *read_all(const char *path, size_t *n)
{
    FILE *in = fopen(path, "rb");
    assert_non_null(in);
    fseek(in, 0, SEEK_END);
    *n = (size_t)ftell(in);
    rewind(in);
    char *p = malloc(*n + 1);
    assert_non_null(p);
    assert_int_equal(fread(p, 1, *n, in), *n);
    fclose(in);
    return p;
}

static void assert_same(fixture *f, const char *path, const char *when)
{
    free(f->after);
    f->after = NULL;
    assert_ok(ox_save_onnx(f->m, dir_path("out.onnx"), NULL, &f->err), &f->err);
    f->after = read_all(dir_path("out.onnx"), &f->n_after);
    if (f->n_after != f->n_before || memcmp(f->before, f->after, f->n_before) != 0)
        fail_msg("%s: differs %s", path, when);
}

static void set_names(fixture *f, ox_str name, bool back)
{
    for (uint32_t i = 1; i < ox_model_node_limit(f->m); i++) {
        ox_node n = ox_model_node_at(f->m, i);
        if (!n.id || ox_node_is_return(f->m, n)) continue;
        ox_str old = ox_node_name(f->m, n);
        assert_ok(ox_node_set_name(f->m, n, name, &f->err), &f->err);
        if (back) assert_ok(ox_node_set_name(f->m, n, old, &f->err), &f->err);
    }
    assert_ok(ox_journal_commit(f->m, "names", &f->err), &f->err);
}

static void check_file(fixture *f, const char *path)
{
    clear(f);
    n_files++;
    assert_ok(ox_open(&f->m, path, NULL, NULL, NULL, &f->err), &f->err);
    f->before = read_all(path, &f->n_before);
    assert_same(f, path, "as it was opened");
    ox_str name = ox_str_addz(f->m, "a name that no node has");
    size_t steps = ox_journal_n_undo(f->m);
    set_names(f, name, false);
    if (ox_journal_n_undo(f->m) > steps) assert_ok(ox_journal_undo(f->m, NULL, &f->err), &f->err);
    assert_same(f, path, "after undo");
    set_names(f, name, true); /* marked as edited, and as it was: each record is written from the model */
    assert_same(f, path, "when all nodes are written anew");
}

static int visit(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    size_t n = strlen(path);
    (void)st, (void)ftw;
    if (kind == FTW_F && n > 5 && !strcmp(path + n - 5, ".onnx")) check_file(current, path);
    return 0;
}

static void test_fixtures(void **state)
{
    (void)state;
    assert_int_equal(nftw(OX_TESTS_DIR "/fixtures/onnx", visit, 16, FTW_PHYS), 0);
    assert_true(n_files >= 9);
}

static void test_debian_testdata(void **state)
{
    (void)state;
    if (access(TESTDATA, R_OK) != 0) {
        print_message("skipped: libonnx-testdata is not installed\n");
        skip();
    }
    assert_int_equal(nftw(TESTDATA, visit, 16, FTW_PHYS), 0);
    assert_true(n_files > 1000);
    print_message("%zu models\n", n_files);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_fixtures, setup, teardown),
        cmocka_unit_test_setup_teardown(test_debian_testdata, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
