/* The registry: formats are known by their content, whatever the name says; files that are none are refused. */
#include "ox_test.h"
#include "ox_pb.h"
#include "ox_dir.h"

#include <onnxsh/io.h>

typedef struct fixture {
    ox_model *m;
    pb b;
    ox_error err;
    int in; /* the standard input of before */
} fixture;

static const char dump[] = "graph(%x : Float(2)):\n  %y : Float(2) = onnx::Relu(%x)\n  return (%y)\n";

static int setup(void **state)
{
    fixture *f = *state = calloc(1, sizeof(fixture));
    if (f) f->in = dup(STDIN_FILENO);
    return f ? dir_setup(state) : -1;
}

static int teardown(void **state)
{
    fixture *f = *state;
    dup2(f->in, STDIN_FILENO);
    close(f->in);
    ox_model_free(f->m);
    pb_free(&f->b);
    free(f);
    return dir_teardown(state);
}

static ox_status try_open(fixture *f, const char *path, const ox_open_options *opt)
{
    ox_model_free(f->m);
    f->m = NULL;
    return ox_open(&f->m, path, opt, NULL, NULL, &f->err);
}

static void put_small(fixture *f)
{
    pb_model(&f->b);
    pb_node(&f->b, "Relu", "x", "y", NULL);
    pb_model_end(&f->b);
}

static void test_by_content(void **state)
{
    fixture *f = *state;
    put_small(f);
    dir_write("model.txt", f->b.p, f->b.n); /* names lie */
    dir_write("dump.onnx", dump, strlen(dump));
    assert_ok(try_open(f, dir_path("model.txt"), NULL), &f->err);
    assert_int_equal(ox_model_get_kind(f->m), OX_MODEL_ONNX);
    assert_string_equal(ox_str_text(f->m, ox_model_text(f->m, OX_MODEL_PATH), NULL), dir_path("model.txt"));
    assert_ok(try_open(f, dir_path("dump.onnx"), NULL), &f->err);
    assert_int_equal(ox_model_get_kind(f->m), OX_MODEL_TRACE);
}

static void test_by_format(void **state)
{
    fixture *f = *state;
    ox_open_options onnx = {.format = "onnx"}, text = {.format = "text"}, other = {.format = "tflite"};
    put_small(f);
    dir_write("m.onnx", f->b.p, f->b.n);
    assert_ok(try_open(f, dir_path("m.onnx"), &onnx), &f->err);
    assert_int_not_equal(try_open(f, dir_path("m.onnx"), &text), OX_OK);
    assert_fails(try_open(f, dir_path("m.onnx"), &other), OX_E_INVALID, "tflite", &f->err);
    assert_non_null(strstr(f->err.hint, "onnx"));
    dir_write("dump.txt", dump, strlen(dump));
    assert_fails(try_open(f, dir_path("dump.txt"), &onnx), OX_E_FORMAT, "", &f->err);
}

static void test_graph_number(void **state)
{
    fixture *f = *state;
    ox_open_options one = {.graph = 1}, two = {.graph = 2};
    ox_graph_row row;
    size_t n;
    put_small(f);
    dir_write("m.onnx", f->b.p, f->b.n);
    assert_ok(try_open(f, dir_path("m.onnx"), &one), &f->err);
    assert_fails(try_open(f, dir_path("m.onnx"), &two), OX_E_NOT_FOUND, "one graph", &f->err);
    assert_ok(ox_list_graphs(dir_path("m.onnx"), &row, 1, &n, &f->err), &f->err);
    assert_int_equal(n, 1);
    dir_write("two.txt", dump, strlen(dump));
    FILE *more = fopen(dir_path("two.txt"), "ab");
    assert_non_null(more);
    fputs(dump, more);
    fclose(more);
    assert_ok(ox_list_graphs(dir_path("two.txt"), NULL, 0, &n, &f->err), &f->err);
    assert_int_equal(n, 2);
    assert_fails(ox_list_graphs(dir_path("none"), NULL, 0, &n, &f->err), OX_E_IO, "No such file", &f->err);
}

static void test_no_format(void **state)
{
    fixture *f = *state;
    const uint8_t noise[] = {0x89, 'P', 'N', 'G', 0x0d, 0x0a, 0x1a, 0x0a, 0, 0, 0};
    dir_write("a.png", noise, sizeof noise);
    assert_fails(try_open(f, dir_path("a.png"), NULL), OX_E_FORMAT, "no format", &f->err);
    assert_string_equal(f->err.file, dir_path("a.png"));
    dir_write("cut.onnx", noise, sizeof noise); /* by its name it should be one */
    assert_fails(try_open(f, dir_path("cut.onnx"), NULL), OX_E_FORMAT, "", &f->err);
    assert_true(f->err.has_offset);
    dir_write("empty.onnx", "", 0);
    assert_fails(try_open(f, dir_path("empty.onnx"), NULL), OX_E_FORMAT, "the file is empty", &f->err);
    assert_fails(try_open(f, dir_path("none.onnx"), NULL), OX_E_IO, "No such file", &f->err);
    assert_fails(try_open(f, ox_dir, NULL), OX_E_IO, "directory", &f->err);
    assert_fails(try_open(f, NULL, NULL), OX_E_INVALID, "path", &f->err);
    assert_fails(ox_open_memory(&f->m, NULL, 3, "x", NULL, NULL, NULL, &f->err), OX_E_INVALID, "data", &f->err);
}

/* What a checkout without LFS, or a download from a page that wants a login, leaves in the place of a model. */
static void test_strangers(void **state)
{
    fixture *f = *state;
    static const char pointer[] =
        "version https://git-lfs.github.com/spec/v1\n"
        "oid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 12345\n";
    static const char page[] = "<!DOCTYPE html>\n<html><body>Sign in</body></html>\n";
    static const char *const names[] = {"m.onnx", "m.txt", "m.npz"};
    put_small(f);
    dir_write("good.onnx", f->b.p, f->b.n);
    for (size_t i = 0; i < sizeof names / sizeof *names; i++) {
        dir_write(names[i], pointer, sizeof pointer - 1);
        assert_fails(try_open(f, dir_path(names[i]), NULL), OX_E_FORMAT, "Git LFS pointer", &f->err);
        assert_string_equal(f->err.file, dir_path(names[i]));
        assert_non_null(strstr(f->err.hint, "git lfs pull"));
        assert_ok(try_open(f, dir_path("good.onnx"), NULL), &f->err);
        assert_fails(ox_bind_weights(f->m, dir_path(names[i]), NULL, NULL, NULL, &f->err), OX_E_FORMAT,
                     "Git LFS pointer", &f->err);
        dir_write(names[i], page, sizeof page - 1);
        assert_fails(try_open(f, dir_path(names[i]), NULL), OX_E_FORMAT, "web page", &f->err);
        assert_true(f->err.hint[0] != 0);
    }
    dir_write("short.onnx", pointer, 20); /* cut short, it is no pointer */
    assert_fails(try_open(f, dir_path("short.onnx"), NULL), OX_E_FORMAT, "", &f->err);
    assert_null(strstr(f->err.msg, "LFS"));
}

static void test_standard_input(void **state)
{
    fixture *f = *state;
    int ends[2];
    put_small(f);
    assert_int_equal(pipe(ends), 0);
    assert_int_equal(write(ends[1], f->b.p, f->b.n), (ssize_t)f->b.n);
    close(ends[1]);
    assert_int_equal(dup2(ends[0], STDIN_FILENO), STDIN_FILENO);
    close(ends[0]);
    assert_ok(try_open(f, "-", NULL), &f->err);
    assert_int_equal(ox_model_n_nodes(f->m), 1);
    assert_ok(ox_save_onnx(f->m, dir_path("out.onnx"), NULL, &f->err), &f->err); /* from memory, byte by byte */
    size_t n;
    char *p = dir_read("out.onnx", &n);
    assert_non_null(p);
    assert_int_equal(n, f->b.n);
    assert_memory_equal(p, f->b.p, n);
    free(p);
}

static void test_formats(void **state)
{
    (void)state;
    const ox_format_row *rows;
    size_t n = ox_formats(&rows);
    assert_true(n >= 2);
    assert_string_equal(rows[0].name, "onnx");
    for (size_t i = 0; i < n; i++) {
        assert_true(rows[i].name && *rows[i].name);
        assert_true(rows[i].help && *rows[i].help);
        assert_true(rows[i].extensions && rows[i].extensions[0] == '.');
    }
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_by_content, setup, teardown),
        cmocka_unit_test_setup_teardown(test_by_format, setup, teardown),
        cmocka_unit_test_setup_teardown(test_graph_number, setup, teardown),
        cmocka_unit_test_setup_teardown(test_no_format, setup, teardown),
        cmocka_unit_test_setup_teardown(test_strangers, setup, teardown),
        cmocka_unit_test_setup_teardown(test_standard_input, setup, teardown),
        cmocka_unit_test(test_formats),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
