/* External data: every rule on load with its twin on save. A broken rule of the text is an error at opening; a file
 * that cannot be used leaves its tensors without data, says so once, and is never read. */
#include "ox_test.h"
#include "ox_pb.h"
#include "ox_dir.h"

#include <base/sys.h>
#include <errno.h>
#include <onnxsh/io.h>
#include <onnxsh/journal.h>

enum { N = 512 }; /* floats: 2048 bytes, enough to go out */

typedef struct fixture {
    ox_model *m;
    pb b;
    ox_error err, warning;
    int warnings;
    float w[N];
} fixture;

static int setup(void **state)
{
    fixture *f = *state = calloc(1, sizeof(fixture));
    for (int i = 0; f && i < N; i++) f->w[i] = (float)i;
    return f ? dir_setup(state) : -1;
}

static int teardown(void **state)
{
    fixture *f = *state;
    ox__sys_fail_at(0, 0, false);
    ox_model_free(f->m);
    pb_free(&f->b);
    free(f);
    return dir_teardown(state);
}

typedef struct entry {
    const char *key, *value;
} entry;

static void put_external(pb *b, const char *name, int n, const entry *entries, size_t n_entries)
{
    pb_begin(b, 5);
    pb_int(b, 1, n), pb_int(b, 2, 1), pb_text(b, 8, name);
    for (size_t i = 0; i < n_entries; i++) pb_entry(b, 13, entries[i].key, entries[i].value);
    pb_int(b, 14, 1);
    pb_end(b);
}

static void put_model(fixture *f, const entry *entries, size_t n)
{
    pb_free(&f->b);
    pb_model(&f->b);
    pb_node(&f->b, "Relu", "w", "y", "n");
    put_external(&f->b, "w", N, entries, n);
    pb_model_end(&f->b);
    dir_write("m.onnx", f->b.p, f->b.n);
}

static void on_warning(void *ud, const ox_error *w)
{
    fixture *f = ud;
    f->warnings++;
    f->warning = *w;
}

static ox_status try_open(fixture *f, const char *name, bool follow)
{
    ox_open_options opt = {.follow_links = follow};
    ox_model_free(f->m);
    f->m = NULL;
    f->warnings = 0;
    return ox_open(&f->m, dir_path(name), &opt, on_warning, f, &f->err);
}

static ox_tensor weight(const fixture *f, size_t i)
{
    return ox_value_tensor(f->m, ox_graph_initializer(f->m, ox_model_main(f->m), i));
}

static void assert_data(fixture *f, size_t i)
{
    float got[N];
    assert_ok(ox_tensor_read(f->m, weight(f, i), 0, got, sizeof got, &f->err), &f->err);
    assert_memory_equal(got, f->w, sizeof got);
}

/* ---- on load ---- */

static void test_spans(void **state)
{
    fixture *f = *state;
    const entry whole[] = {{"location", "sub.d/x.bin"}}, part[] = {{"length", "2048"},
                                                                   {"location", "sub.d/x.bin"},
                                                                   {"checksum", "da39"},
                                                                   {"basepath", "/etc"},
                                                                   {"offset", "2048"}};
    assert_int_equal(mkdir(dir_path("sub.d"), 0700), 0);
    float twice[2 * N];
    memcpy(twice, f->w, sizeof f->w);
    memcpy(twice + N, f->w, sizeof f->w);
    dir_write("sub.d/x.bin", f->w, sizeof f->w);
    put_model(f, whole, 1);
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    assert_int_equal(f->warnings, 0);
    assert_data(f, 0);
    ox_tensor_info i = ox_tensor_get(f->m, weight(f, 0));
    assert_true(i.external && i.storage == OX_STORAGE_FILE);
    dir_write("sub.d/x.bin", twice, sizeof twice);
    put_model(f, part, 5);
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    assert_data(f, 0);
}

static void test_forbidden_texts(void **state)
{
    fixture *f = *state;
    const struct {
        entry e[2];
        int n;
        const char *part;
    } bad[] = {
        {{{"location", "../x"}}, 1, "`..`"},
        {{{"location", "a/../../x"}}, 1, "`..`"},
        {{{"location", "/etc/passwd"}}, 1, "absolute"},
        {{{"location", "c:x"}}, 1, "drive"},
        {{{"location", "a\\b"}}, 1, "backslash"},
        {{{"location", ""}}, 1, "empty"},
        {{{"location", "a//b"}}, 1, "empty part"},
        {{{"location", "./x"}}, 1, "`.`"},
        {{{"offset", "0"}}, 1, "no location"},
        {{{"location", "x"}, {"__class__", "x"}}, 2, "unknown key '__class__'"},
        {{{"location", "x"}, {"Location", "x"}}, 2, "unknown key"},
        {{{"location", "x"}, {"location", "y"}}, 2, "twice"},
        {{{"location", "x"}, {"offset", "-1"}}, 2, "not a number"},
        {{{"location", "x"}, {"offset", ""}}, 2, "not a number"},
        {{{"location", "x"}, {"offset", "0x10"}}, 2, "not a number"},
        {{{"location", "x"}, {"length", "1e3"}}, 2, "not a number"},
        {{{"location", "x"}, {"length", "18446744073709551616"}}, 2, "not a number"},
        {{{"location", "x"}, {"length", "2047"}}, 2, "shape needs 2048"},
        {{{"location", "x"}, {"offset", "18446744073709551000"}}, 2, "beyond what a file can hold"},
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        put_model(f, bad[i].e, (size_t)bad[i].n);
        assert_fails(try_open(f, "m.onnx", false), OX_E_FORMAT, bad[i].part, &f->err);
        assert_true(f->err.has_offset && f->err.offset < f->b.n);
        assert_fails(try_open(f, "m.onnx", true), OX_E_FORMAT, bad[i].part, &f->err); /* also when links are followed */
    }
    pb_free(&f->b);
    pb_model(&f->b);
    pb_begin(&f->b, 5), pb_int(&f->b, 1, N), pb_int(&f->b, 2, 1), pb_text(&f->b, 8, "w");
    pb_begin(&f->b, 13), pb_text(&f->b, 1, "location"), pb_data(&f->b, 2, "m.bin\0.onnx", 11), pb_end(&f->b);
    pb_int(&f->b, 14, 1), pb_end(&f->b);
    pb_model_end(&f->b);
    dir_write("m.onnx", f->b.p, f->b.n);
    assert_fails(try_open(f, "m.onnx", false), OX_E_FORMAT, "NUL", &f->err);
}

/* A file that is not there, too short, a link, or no file: the model opens, and says what its tensors lack. */
static void check_no_data(fixture *f, const char *part)
{
    float got;
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    assert_int_equal(f->warnings, 1);
    assert_non_null(strstr(f->warning.msg, "1 tensor has no data"));
    assert_non_null(strstr(f->warning.msg, part));
    assert_fails(ox_tensor_read(f->m, weight(f, 0), 0, &got, 4, &f->err), OX_E_NOT_FOUND, "external data", &f->err);
}

static void test_files_that_cannot_be_used(void **state)
{
    fixture *f = *state;
    const char *pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 2048\n";
    const entry e[] = {{"location", "w.bin"}}, in_dir[] = {{"location", "link/w.bin"}},
                later[] = {{"location", "w.bin"}, {"offset", "1"}};
    put_model(f, e, 1);
    check_no_data(f, "No such file");
    assert_int_equal(mkdir(dir_path("w.bin"), 0700), 0);
    check_no_data(f, "regular file");
    assert_int_equal(rmdir(dir_path("w.bin")), 0);
    assert_int_equal(mkfifo(dir_path("w.bin"), 0600), 0);
    check_no_data(f, "regular file");
    assert_int_equal(unlink(dir_path("w.bin")), 0);
    dir_write("w.bin", f->w, sizeof f->w - 1);
    check_no_data(f, "beyond the end");
    dir_write("w.bin", pointer, strlen(pointer));
    check_no_data(f, "Git LFS pointer");
    assert_non_null(strstr(f->warning.hint, "git lfs pull"));
    dir_write("real.bin", f->w, sizeof f->w);
    assert_int_equal(unlink(dir_path("w.bin")), 0);
    assert_int_equal(symlink("real.bin", dir_path("w.bin")), 0);
    check_no_data(f, "symbolic link");
    assert_non_null(strstr(f->warning.hint, "--follow-links"));
    assert_ok(try_open(f, "m.onnx", true), &f->err);
    assert_data(f, 0);
    assert_int_equal(unlink(dir_path("w.bin")), 0);
    assert_int_equal(link(dir_path("real.bin"), dir_path("w.bin")), 0);
    check_no_data(f, "hard links");
    assert_int_equal(unlink(dir_path("w.bin")), 0);
    dir_write("w.bin", f->w, sizeof f->w);
    put_model(f, later, 2);
    check_no_data(f, "beyond the end");
    assert_int_equal(symlink(".", dir_path("link")), 0);
    put_model(f, in_dir, 1);
    check_no_data(f, "symbolic link");
}

static void test_data_that_changes(void **state)
{
    fixture *f = *state;
    const entry e[] = {{"location", "w.bin"}};
    float got;
    dir_write("w.bin", f->w, sizeof f->w);
    put_model(f, e, 1);
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    assert_int_equal(truncate(dir_path("w.bin"), 100), 0);
    assert_fails(ox_tensor_read(f->m, weight(f, 0), 1000, &got, 4, &f->err), OX_E_IO, "changed", &f->err);
    ox_save_options never = {.external = OX_EXTERNAL_NEVER};
    assert_fails(ox_save_onnx(f->m, dir_path("out.onnx"), &never, &f->err), OX_E_IO, "changed", &f->err);
    assert_int_equal(access(dir_path("out.onnx"), F_OK), -1);
}

/* ---- on save ---- */

/* A model with two weights inside and a small one. */
static void put_inline(fixture *f)
{
    pb_free(&f->b);
    pb_model(&f->b);
    pb_node(&f->b, "Add", "w", "y", "n");
    pb_weight(&f->b, "w", f->w, N);
    pb_weight(&f->b, "small", f->w, 8);
    pb_weight(&f->b, "v", f->w, N);
    pb_model_end(&f->b);
    dir_write("m.onnx", f->b.p, f->b.n);
}

static void save_as(fixture *f, const char *name, ox_external_mode mode)
{
    ox_save_options opt = {.external = mode};
    assert_ok(ox_save_onnx(f->m, dir_path(name), &opt, &f->err), &f->err);
}

static void rename_node(fixture *f, const char *name)
{
    ox_node n = ox_graph_first(f->m, ox_model_main(f->m));
    assert_ok(ox_node_set_name(f->m, n, ox_str_addz(f->m, name), &f->err), &f->err);
    assert_ok(ox_journal_commit(f->m, name, &f->err), &f->err);
}

static void test_always(void **state)
{
    fixture *f = *state;
    put_inline(f);
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    save_as(f, "out.onnx", OX_EXTERNAL_ALWAYS);
    uint64_t size;
    struct stat st;
    ox_save_options always = {.external = OX_EXTERNAL_ALWAYS};
    assert_ok(ox_onnx_size(f->m, &always, &size, &f->err), &f->err);
    assert_int_equal(stat(dir_path("out.onnx"), &st), 0);
    assert_in_range(size, (uint64_t)st.st_size - 16,
                    (uint64_t)st.st_size + 16); /* the name of the data file is another */
    assert_int_equal(stat(dir_path("out.onnx.data"), &st), 0);
    assert_int_equal(st.st_size, 4096 + 2048);
    assert_ok(try_open(f, "out.onnx", false), &f->err);
    assert_data(f, 0);
    assert_data(f, 2);
    assert_false(ox_tensor_get(f->m, weight(f, 1)).external);
    assert_true(ox_tensor_get(f->m, weight(f, 2)).external);
    assert_int_equal(ox_tensor_get(f->m, weight(f, 2)).offset, 4096);
    rename_node(f, "renamed"); /* in place, references stay */
    save_as(f, "out.onnx", OX_EXTERNAL_AUTO);
    assert_int_equal(dir_count("out.onnx"), 2);
    assert_data(f, 2);
    save_as(f, "back.onnx", OX_EXTERNAL_NEVER);
    assert_int_equal(dir_count("back.onnx"), 1);
    assert_ok(try_open(f, "back.onnx", false), &f->err);
    assert_data(f, 0);
    assert_false(ox_tensor_get(f->m, weight(f, 0)).external);
}

/* Under another name the model gets data of its own, so that neither file's next save harms the other. */
static void test_save_elsewhere(void **state)
{
    fixture *f = *state;
    put_inline(f);
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    save_as(f, "a.onnx", OX_EXTERNAL_ALWAYS);
    assert_ok(try_open(f, "a.onnx", false), &f->err);
    save_as(f, "b.onnx", OX_EXTERNAL_AUTO);
    assert_int_equal(unlink(dir_path("a.onnx.data")), 0);
    assert_ok(try_open(f, "b.onnx", false), &f->err);
    assert_data(f, 0);
    assert_data(f, 2);
    assert_ok(try_open(f, "a.onnx", false), &f->err); /* what is missing cannot be taken along, but stay named */
    assert_int_equal(f->warnings, 1);
    assert_fails(ox_save_onnx(f->m, dir_path("c.onnx"), NULL, &f->err), OX_E_NOT_FOUND, "missing", &f->err);
    rename_node(f, "x");
    save_as(f, "a.onnx", OX_EXTERNAL_AUTO);
    assert_int_equal(dir_count("c.onnx"), 0);
}

/* In place: new data takes a name that is free, the old goes after the rename, and names do not pile up. */
static void test_replaced_data_goes(void **state)
{
    fixture *f = *state;
    put_inline(f);
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    save_as(f, "m.onnx", OX_EXTERNAL_ALWAYS);
    assert_int_equal(access(dir_path("m.onnx.data"), F_OK), 0);
    for (int i = 0; i < 4; i++) { /* the model still holds the weights of the file that it was opened from */
        rename_node(f, i % 2 ? "odd" : "even");
        save_as(f, "m.onnx", OX_EXTERNAL_ALWAYS);
        assert_int_equal(dir_count("m.onnx"), 2);
    }
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    assert_data(f, 2);
    save_as(f, "m.onnx", OX_EXTERNAL_NEVER);
    assert_int_equal(dir_count("m.onnx"), 1);
    assert_data(f, 2); /* from the map of the data that is gone */
    rename_node(f, "again");
    save_as(f, "m.onnx", OX_EXTERNAL_AUTO); /* cannot name what is gone */
    assert_int_equal(dir_count("m.onnx"), 2);
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    assert_int_equal(f->warnings, 0);
    assert_data(f, 0);
}

/* Data under a foreign name, and data that only looks like ours, stays. */
static void test_foreign_data_stays(void **state)
{
    fixture *f = *state;
    const entry e[] = {{"location", "shared.bin"}};
    dir_write("shared.bin", f->w, sizeof f->w);
    dir_write("m.onnx.data", "mine", 4);
    put_model(f, e, 1);
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    save_as(f, "m.onnx", OX_EXTERNAL_NEVER);
    assert_int_equal(access(dir_path("shared.bin"), F_OK), 0);
    assert_int_equal(access(dir_path("m.onnx.data"), F_OK), 0);
    put_inline(f);
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    save_as(f, "m.onnx", OX_EXTERNAL_ALWAYS);
    size_t n = 0;
    char *mine = dir_read("m.onnx.data", &n);
    assert_non_null(mine);
    assert_memory_equal(mine, "mine", 4);
    free(mine);
    assert_int_equal(access(dir_path("m.onnx-1.data"), F_OK), 0);
}

/* The save-side twin of the link rules: a link where the data would go is not written through. */
static void test_links_are_not_written_through(void **state)
{
    fixture *f = *state;
    size_t n = 0;
    dir_write("victim", "precious", 8);
    assert_int_equal(symlink("victim", dir_path("m.onnx.data")), 0);
    assert_int_equal(symlink("/nonexistent/dangling", dir_path("m.onnx-1.data")), 0);
    assert_int_equal(link(dir_path("victim"), dir_path("m.onnx-2.data")), 0);
    put_inline(f);
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    save_as(f, "m.onnx", OX_EXTERNAL_ALWAYS);
    char *victim = dir_read("victim", &n);
    assert_non_null(victim);
    assert_true(n == 8 && !memcmp(victim, "precious", 8));
    free(victim);
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    assert_int_equal(f->warnings, 0);
    assert_data(f, 0);
    struct stat st;
    assert_int_equal(lstat(dir_path("m.onnx-3.data"), &st), 0);
    assert_true(S_ISREG(st.st_mode));
}

/* A tensor in an attribute, and the values of a sparse one, go out and come back too. */
static void test_attributes_and_sparse(void **state)
{
    fixture *f = *state;
    pb_model(&f->b);
    pb_begin(&f->b, 1), pb_text(&f->b, 2, "y"), pb_text(&f->b, 4, "Constant"), pb_begin(&f->b, 5),
        pb_text(&f->b, 1, "value");
    pb_begin(&f->b, 5), pb_int(&f->b, 1, N), pb_int(&f->b, 2, 1), pb_data(&f->b, 9, f->w, sizeof f->w), pb_end(&f->b);
    pb_int(&f->b, 20, 4), pb_end(&f->b), pb_end(&f->b);
    pb_begin(&f->b, 15), pb_begin(&f->b, 1), pb_int(&f->b, 1, N), pb_int(&f->b, 2, 1), pb_text(&f->b, 8, "sp");
    pb_data(&f->b, 9, f->w, sizeof f->w), pb_end(&f->b);
    pb_begin(&f->b, 2), pb_int(&f->b, 1, N), pb_int(&f->b, 2, 7); /* indices as varints */
    pb_begin(&f->b, 7);
    for (int i = 0; i < N; i++) pb_varint(&f->b, (uint64_t)i);
    pb_end(&f->b), pb_end(&f->b), pb_int(&f->b, 3, 4 * N), pb_end(&f->b);
    pb_model_end(&f->b);
    dir_write("m.onnx", f->b.p, f->b.n);
    assert_ok(try_open(f, "m.onnx", false), &f->err);
    save_as(f, "out.onnx", OX_EXTERNAL_ALWAYS);
    assert_ok(try_open(f, "out.onnx", false), &f->err);
    ox_tensor t = ox_node_attr(f->m, ox_graph_first(f->m, ox_model_main(f->m)), "value")->u.t;
    assert_true(ox_tensor_get(f->m, t).external);
    float got[N];
    assert_ok(ox_tensor_read(f->m, t, 0, got, sizeof got, &f->err), &f->err);
    assert_memory_equal(got, f->w, sizeof got);
    ox_tensor_info sp = ox_tensor_get(f->m, weight(f, 0));
    assert_true(ox_tensor_get(f->m, sp.values).external && ox_tensor_get(f->m, sp.indices).external);
    int64_t last;
    assert_ok(ox_tensor_read(f->m, sp.indices, (N - 1) * 8, &last, 8, &f->err), &f->err);
    assert_int_equal(last, N - 1);
}

/* Every system call of a save fails in turn: model and data are the old ones or the new ones, and nothing is left over.
 */
static void test_failing_saves_leave_files_whole(void **state)
{
    fixture *f = *state;
    const int errors[] = {EIO, ENOSPC, OX__SYS_SHORT};
    for (size_t k = 0; k < 3; k++) {
        int done = 0;
        for (uint64_t n = 1; n < 400 && !done; n++) {
            ox_save_options always = {.external = OX_EXTERNAL_ALWAYS};
            put_inline(f);
            assert_ok(try_open(f, "m.onnx", false), &f->err);
            save_as(f, "m.onnx", OX_EXTERNAL_ALWAYS);
            rename_node(f, "new name");
            ox__sys_fail_at(n, errors[k], true);
            ox_status s = ox_save_onnx(f->m, dir_path("m.onnx"), &always, &f->err);
            done = ox__sys_count() < n;
            ox__sys_fail_at(0, 0, false);
            if (done) assert_ok(s, &f->err);
            assert_ok(try_open(f, "m.onnx", false), &f->err);
            assert_int_equal(f->warnings, 0);
            assert_data(f, 0);
            assert_data(f, 2);
            assert_int_equal(dir_count(".onnxsh-"), 0);
            assert_in_range(dir_count("m.onnx"), 2,
                            s == OX_OK ? 2 : 3); /* a new data file whose rename was not confirmed */
            ox_model_free(f->m);
            f->m = NULL;
            unlink(dir_path("m.onnx.data"));
            unlink(dir_path("m.onnx-1.data"));
        }
        assert_true(done);
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_spans, setup, teardown),
        cmocka_unit_test_setup_teardown(test_forbidden_texts, setup, teardown),
        cmocka_unit_test_setup_teardown(test_files_that_cannot_be_used, setup, teardown),
        cmocka_unit_test_setup_teardown(test_data_that_changes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_always, setup, teardown),
        cmocka_unit_test_setup_teardown(test_save_elsewhere, setup, teardown),
        cmocka_unit_test_setup_teardown(test_replaced_data_goes, setup, teardown),
        cmocka_unit_test_setup_teardown(test_foreign_data_stays, setup, teardown),
        cmocka_unit_test_setup_teardown(test_links_are_not_written_through, setup, teardown),
        cmocka_unit_test_setup_teardown(test_attributes_and_sparse, setup, teardown),
        cmocka_unit_test_setup_teardown(test_failing_saves_leave_files_whole, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
