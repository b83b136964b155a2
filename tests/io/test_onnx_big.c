/* Files of 2 GiB and more, sparse on the disk: they open without their weights being touched, and what would be too
 * large for others to read is not written into one file. Nothing here writes more than some kilobytes. */
#include "ox_test.h"
#include "ox_pb.h"
#include "ox_dir.h"

#include <onnxsh/io.h>
#include <onnxsh/journal.h>
#include <sys/resource.h>

#define WEIGHT ((uint64_t)1200 << 20)

typedef struct fixture {
    ox_model *m;
    pb b;
    ox_error err;
} fixture;

static int setup(void **state)
{
    *state = calloc(1, sizeof(fixture));
    return *state ? dir_setup(state) : -1;
}

static int teardown(void **state)
{
    fixture *f = *state;
    ox_model_free(f->m);
    pb_free(&f->b);
    free(f);
    return dir_teardown(state);
}

/* The head of an initializer whose payload follows in the file. */
static void put_head(pb *b, const char *name)
{
    pb t = {0};
    pb_int(&t, 1, (int64_t)(WEIGHT / 4)), pb_int(&t, 2, 1), pb_text(&t, 8, name), pb_tag(&t, 9, 2),
        pb_varint(&t, WEIGHT);
    pb_tag(b, 5, 2), pb_varint(b, t.n + WEIGHT), pb_bytes(b, t.p, t.n);
    pb_free(&t);
}

/* Two weights of 1200 MiB, as holes; skips where the disk does not have them. */
static void make_big(fixture *f)
{
    pb front = {0}, heads[2] = {{0}, {0}}, tail = {0};
    put_head(&heads[0], "a");
    put_head(&heads[1], "b");
    pb_node(&tail, "Add", "a", "y", "n");
    pb_text(&tail, 2, "g");
    pb_int(&front, 1, 8), pb_tag(&front, 7, 2);
    pb_varint(&front, heads[0].n + heads[1].n + 2 * WEIGHT + tail.n);
    FILE *out = fopen(dir_path("big.onnx"), "wb");
    assert_non_null(out);
    fwrite(front.p, 1, front.n, out);
    for (int i = 0; i < 2; i++) {
        fwrite(heads[i].p, 1, heads[i].n, out);
        fseek(out, (long)WEIGHT, SEEK_CUR);
        pb_free(&heads[i]);
    }
    fwrite(tail.p, 1, tail.n, out);
    int failed = fclose(out);
    pb_free(&front);
    pb_free(&tail);
    if (failed) skip();
    (void)f;
}

static void test_open_beyond_2_gib(void **state)
{
    fixture *f = *state;
    struct rusage before, after;
    make_big(f);
    getrusage(RUSAGE_SELF, &before);
    assert_ok(ox_open(&f->m, dir_path("big.onnx"), NULL, NULL, NULL, &f->err), &f->err);
    getrusage(RUSAGE_SELF, &after);
    assert_true(after.ru_maxrss - before.ru_maxrss < 32 << 10); /* in KiB */
    ox_graph g = ox_model_main(f->m);
    ox_tensor_info b = ox_tensor_get(f->m, ox_value_tensor(f->m, ox_graph_initializer(f->m, g, 1)));
    assert_true(b.offset > UINT32_MAX / 4 && b.n_bytes == WEIGHT);
    assert_string_equal(ox_str_text(f->m, ox_graph_name(f->m, g), NULL), "g"); /* it stands behind the weights */
    float last = 1;
    assert_ok(
        ox_tensor_read(f->m, ox_value_tensor(f->m, ox_graph_initializer(f->m, g, 1)), WEIGHT - 4, &last, 4, &f->err),
        &f->err);
    assert_true(last == 0);
}

static void test_what_would_be_written(void **state)
{
    fixture *f = *state;
    ox_save_options never = {.external = OX_EXTERNAL_NEVER};
    struct stat st;
    uint64_t size;
    make_big(f);
    assert_int_equal(stat(dir_path("big.onnx"), &st), 0);
    assert_ok(ox_open(&f->m, dir_path("big.onnx"), NULL, NULL, NULL, &f->err), &f->err);
    assert_ok(ox_onnx_size(f->m, NULL, &size, &f->err), &f->err);
    assert_int_equal(size, st.st_size); /* untouched, it is copied as it is */
    ox_node n = ox_graph_first(f->m, ox_model_main(f->m));
    assert_ok(ox_node_set_name(f->m, n, ox_str_addz(f->m, "edited"), &f->err), &f->err);
    assert_ok(ox_onnx_size(f->m, NULL, &size, &f->err), &f->err);
    assert_true(size < 1000); /* edited, its weights go out */
    assert_fails(ox_onnx_size(f->m, &never, &size, &f->err), OX_E_LIMIT, "2 GiB", &f->err);
    assert_fails(ox_save_onnx(f->m, dir_path("out.onnx"), &never, &f->err), OX_E_LIMIT, "2 GiB", &f->err);
    assert_non_null(strstr(f->err.hint, "--external-data"));
    assert_int_equal(dir_count("out"), 0);
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_open_beyond_2_gib, setup, teardown),
        cmocka_unit_test_setup_teardown(test_what_would_be_written, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
