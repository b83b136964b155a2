/* Opening, checking, converting and saving as jobs: in steps they end as a direct call does, and cancelled at any of
 * them they leave things as they were. */
#include "ox_test.h"
#include "ox_dir.h"

#include <onnxsh/check.h>
#include <onnxsh/convert.h>
#include <onnxsh/io.h>
#include <onnxsh/job.h>
#include <onnxsh/print.h>
#include <onnxsh/query.h>
#include <onnxsh/script.h>

enum { NODES = 6000 };

typedef struct world {
    ox_symbolics *symbolics;
    ox_script *script;
    const char *path; /* to open, or to save to */
    ox_model *source, *out;
    ox_report *report;
    size_t count;
    const ox_task *none;
} world;

static char *trace;
static size_t trace_n;

static int setup(void **state)
{
    world *w = calloc(1, sizeof *w);
    FILE *f = open_memstream(&trace, &trace_n);
    if (!w || !f || dir_setup(state) != 0) return -1;
    fprintf(f, "graph(%%v0 : Float(2, 3)):\n");
    for (int i = 0; i < NODES; i++)
        fprintf(f, "  %%v%d : Float(2, 3) = aten::%s(%%v%d), scope: Net::/torch.nn.Layer::layers.%d # net.py:%d:0\n",
                i + 1, i % 2 ? "relu" : "sigmoid", i, i / 10, i);
    fprintf(f, "  return (%%v%d)\n", NODES);
    fclose(f);
    dir_write("trace.txt", trace, trace_n);
    *state = w;
    ox_error err;
    assert_ok(ox_symbolics_create(&w->symbolics, &err), &err);
    ox_script_options opt = {.symbolics = w->symbolics};
    assert_ok(ox_script_create(&w->script, &opt, &err), &err);
    return 0;
}

static void drop(world *w)
{
    ox_model_free(w->out);
    ox_report_free(w->report);
    w->out = NULL;
    w->report = NULL;
}

static int teardown(void **state)
{
    world *w = *state;
    drop(w);
    ox_model_free(w->source);
    ox_script_free(w->script);
    ox_symbolics_free(w->symbolics);
    free(w);
    free(trace);
    return dir_teardown(state);
}

/* ---- the kinds of work ---- */

static ox_status work_open(void *ud, const ox_task *task, ox_error *err)
{
    world *w = ud;
    ox_open_options opt = {.task = task};
    return ox_open(&w->out, w->path, &opt, NULL, NULL, err);
}

static ox_status work_convert(void *ud, const ox_task *task, ox_error *err)
{
    world *w = ud;
    ox_convert_options opt = {.task = task};
    return ox_convert(&w->out, &w->report, w->source, w->symbolics, &opt, err);
}

static ox_status work_save(void *ud, const ox_task *task, ox_error *err)
{
    world *w = ud;
    ox_save_options opt = {.task = task};
    return ox_save_onnx(w->source, w->path, &opt, err);
}

static ox_status work_check(void *ud, const ox_task *task, ox_error *err)
{
    world *w = ud;
    ox_check_counts n;
    ox_status s = ox_check_run(w->source, NULL, NULL, NULL, &n, task, err);
    w->count = n.errors + n.warnings + n.notes;
    return s;
}

static bool count_node(void *ud, ox_node n)
{
    (void)n;
    ((world *)ud)->count++;
    return true;
}

static ox_status work_find(void *ud, const ox_task *task, ox_error *err)
{
    world *w = ud;
    ox_query *q;
    ox_status s = ox_query_parse(&q, w->source, "op:relu or op:Relu", 18, err);
    if (s != OX_OK) return s;
    w->count = 0;
    s = ox_query_run(q, w->source, count_node, w, task, err);
    ox_query_free(q);
    return s;
}

/* ---- running them ---- */

static ox_status add_text(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)err;
    return fwrite(s, 1, n, ud) == n ? OX_OK : OX_E_IO;
}

/* The model as text, to be freed. */
static char *text_of(const ox_model *m)
{
    char *text;
    size_t n;
    ox_error err;
    FILE *f = open_memstream(&text, &n);
    ox_print_options opt = {.style = OX_STYLE_SEED};
    ox_sink sink = {add_text, f};
    assert_ok(ox_graph_print(m, ox_model_main(m), &opt, &sink, &err), &err);
    fclose(f);
    return text;
}

/* Runs work in the smallest steps. Between two of them the source is read. */
static size_t in_steps(world *w, ox_job_fn fn)
{
    ox_error err;
    ox_job *j;
    size_t n = 1;
    assert_ok(ox_job_create(&j, fn, w, &err), &err);
    for (; ox_job_resume(j, 0) == OX_JOB_MORE; n++)
        if (w->source) assert_true(ox_model_n_nodes(w->source) >= NODES);
    assert_ok(ox_job_status(j, &err), &err);
    ox_job_free(j);
    return n;
}

static void cancelled_at(world *w, ox_job_fn fn, size_t at)
{
    ox_error err;
    ox_job *j;
    assert_ok(ox_job_create(&j, fn, w, &err), &err);
    for (size_t i = 0; i < at; i++) assert_int_equal(ox_job_resume(j, 0), OX_JOB_MORE);
    ox_job_cancel(j);
    assert_int_equal(ox_job_resume(j, 0), OX_JOB_DONE);
    assert_fails(ox_job_status(j, &err), OX_E_INTERRUPTED, "interrupted", &err);
    ox_job_free(j);
    assert_null(w->out);
    drop(w);
}

/* In steps the work makes the same model as at once; cancelled before each of its steps it makes none. */
static void makes_the_same(world *w, ox_job_fn fn)
{
    ox_error err;
    assert_ok(fn(w, w->none, &err), &err);
    char *whole = text_of(w->out), *before = w->source ? text_of(w->source) : NULL;
    drop(w);
    size_t n = in_steps(w, fn);
    assert_true(n > 3);
    char *stepped = text_of(w->out);
    assert_string_equal(stepped, whole);
    drop(w);
    for (size_t at = 0; at < n; at++) cancelled_at(w, fn, at);
    if (before) {
        char *after = text_of(w->source);
        assert_string_equal(after, before);
        free(after);
    }
    free(whole);
    free(stepped);
    free(before);
}

/* Opens as the source. */
static void take(world *w, const char *path)
{
    ox_error err;
    ox_model_free(w->source);
    w->source = NULL;
    assert_ok(ox_open(&w->source, path, NULL, NULL, NULL, &err), &err);
}

static void convert_source(world *w)
{
    ox_error err;
    take(w, dir_path("trace.txt"));
    assert_ok(work_convert(w, NULL, &err), &err);
    ox_model_free(w->source);
    w->source = w->out;
    w->out = NULL;
}

static void test_open(void **state)
{
    world *w = *state;
    ox_error err;
    w->path = dir_path("trace.txt");
    makes_the_same(w, work_open);
    convert_source(w);
    w->path = "m.onnx";
    char path[512];
    snprintf(path, sizeof path, "%s", dir_path("m.onnx"));
    w->path = path;
    assert_ok(work_save(w, NULL, &err), &err);
    ox_model_free(w->source);
    w->source = NULL;
    makes_the_same(w, work_open);
}

static void test_convert(void **state)
{
    world *w = *state;
    take(w, dir_path("trace.txt"));
    makes_the_same(w, work_convert);
}

static void test_save(void **state)
{
    world *w = *state;
    ox_error err;
    size_t n_whole, n_stepped, n;
    convert_source(w);
    char path[512];
    w->path = path;
    snprintf(path, sizeof path, "%s", dir_path("whole.onnx"));
    assert_ok(work_save(w, NULL, &err), &err);
    snprintf(path, sizeof path, "%s", dir_path("stepped.onnx"));
    n = in_steps(w, work_save);
    assert_true(n > 3);
    char *whole = dir_read("whole.onnx", &n_whole), *stepped = dir_read("stepped.onnx", &n_stepped);
    assert_int_equal(n_stepped, n_whole);
    assert_memory_equal(stepped, whole, n_whole);
    dir_write("old.onnx", "old", 3);
    snprintf(path, sizeof path, "%s", dir_path("old.onnx"));
    for (size_t at = 0; at < n; at++) {
        cancelled_at(w, work_save, at);
        size_t n_old;
        char *old = dir_read("old.onnx", &n_old);
        assert_int_equal(n_old, 3);
        assert_memory_equal(old, "old", 3);
        free(old);
        assert_int_equal(dir_count(".onnxsh-"), 0);
    }
    free(whole);
    free(stepped);
}

static void test_look(void **state)
{
    world *w = *state;
    ox_error err;
    const ox_job_fn look[] = {work_check, work_find};
    for (int onnx = 0; onnx < 2; onnx++) {
        if (onnx)
            convert_source(w);
        else
            take(w, dir_path("trace.txt"));
        for (size_t i = 0; i < sizeof look / sizeof *look; i++) {
            assert_ok(look[i](w, NULL, &err), &err);
            size_t count = w->count, n = in_steps(w, look[i]);
            assert_true(n > 3);
            assert_int_equal(w->count, count);
            for (size_t at = 0; at < n; at++) cancelled_at(w, look[i], at);
        }
    }
    assert_int_equal(w->count < NODES, 1); /* cancelled early */
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(test_open, setup, teardown),
        cmocka_unit_test_setup_teardown(test_convert, setup, teardown),
        cmocka_unit_test_setup_teardown(test_save, setup, teardown),
        cmocka_unit_test_setup_teardown(test_look, setup, teardown),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
