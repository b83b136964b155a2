/* Prints for each kind of long work on a file how long it ran between two steps at worst, and where: no work may keep
 * a screen waiting. usage: steps FILE [MS] (a trace or .onnx); each gap of MS milliseconds and more is listed too. The
 * save goes to FILE.steps and is removed. */
#include <onnxsh/check.h>
#include <onnxsh/convert.h>
#include <onnxsh/io.h>
#include <onnxsh/print.h>
#include <onnxsh/query.h>
#include <onnxsh/script.h>
#include <onnxsh/tensor.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

/* Processor time, which other programs do not disturb; what a save waits for the disk is not in it. */
static double now(void)
{
    struct timespec t;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
    return (double)t.tv_sec * 1e3 + (double)t.tv_nsec * 1e-6;
}

/* Work between two steps; `at` is the step before the longest. */
typedef struct gaps {
    double began, last, worst;
    unsigned long steps;
    char at[96], before[96];
} gaps;

static double listed = 1e9;

static void gap_ends(gaps *g, const char *next)
{
    double t = now();
    if (t - g->last >= listed) printf("  %6.2f ms  %s .. %s\n", t - g->last, g->before, next);
    if (t - g->last > g->worst) {
        g->worst = t - g->last;
        snprintf(g->at, sizeof g->at, "%.40s .. %.40s", g->before, next);
    }
    g->last = t;
}

static bool step(void *ud, const char *what, uint64_t done, uint64_t total)
{
    gaps *g = ud;
    char here[96];
    snprintf(here, sizeof here, "%.16s %llu/%llu", what, (unsigned long long)done, (unsigned long long)total);
    gap_ends(g, here);
    memcpy(g->before, here, sizeof here);
    g->steps++;
    g->last = now();
    return true;
}

static gaps g;

static const ox_task *begin(void)
{
    static const ox_task task = {step, &g};
    g = (gaps){.began = now(), .last = now(), .before = "begin"};
    return &task;
}

static void end(const char *work, ox_status s, const ox_error *err)
{
    gap_ends(&g, "end");
    printf("%-8s %8.1f ms  %6lu steps  worst %6.2f ms  %s%s%s\n", work, now() - g.began, g.steps, g.worst, g.at,
           s == OX_OK ? "" : "  FAILED: ", s == OX_OK ? "" : err->msg);
}

static ox_status swallow(void *ud, const char *s, size_t n, ox_error *err)
{
    (void)ud, (void)s, (void)n, (void)err;
    return OX_OK;
}

static bool on_node(void *ud, ox_node n)
{
    (void)ud, (void)n;
    return true;
}

static void find(const ox_model *m, const char *query)
{
    ox_error err;
    ox_query *q = NULL;
    const ox_task *task = begin();
    ox_status s = ox_query_parse(&q, m, query, strlen(query), &err);
    if (s == OX_OK) s = ox_query_run(q, m, on_node, NULL, task, &err);
    ox_query_free(q);
    char name[64];
    snprintf(name, sizeof name, "find %s", query);
    end(name, s, &err);
}

static void save(const ox_model *m, const char *path, const char *name)
{
    ox_error err;
    char out[4096];
    snprintf(out, sizeof out, "%s.steps", path);
    ox_save_options opt = {.task = begin()};
    ox_status s = ox_save_onnx(m, out, &opt, &err);
    end(name, s, &err);
    remove(out);
}

static void convert(const ox_model *m, const char *path)
{
    ox_error err;
    ox_symbolics *symbolics = NULL;
    ox_script *script = NULL;
    ox_model *result = NULL;
    ox_report *report = NULL;
    ox_status s = ox_symbolics_create(&symbolics, &err);
    ox_script_options lua = {.symbolics = symbolics};
    if (s == OX_OK) s = ox_script_create(&script, &lua, &err);
    ox_convert_options opt = {.opset = OX_OPSET_DEFAULT, .task = begin()};
    if (s == OX_OK) s = ox_convert(&result, &report, m, symbolics, &opt, &err);
    end("convert", s, &err);
    if (result) save(result, path, "save 2");
    ox_model_free(result);
    ox_report_free(report);
    ox_script_free(script);
    ox_symbolics_free(symbolics);
}

int main(int argc, char **argv)
{
    ox_error err;
    ox_model *m = NULL;
    if (argc < 2) return 2;
    if (argc > 2) listed = atof(argv[2]);
    ox_open_options opt = {.task = begin()};
    ox_status s = ox_open(&m, argv[1], &opt, NULL, NULL, &err);
    end("open", s, &err);
    if (s != OX_OK) return 1;
    ox_check_options full = {.full = true};
    s = ox_check_run(m, &full, NULL, NULL, NULL, begin(), &err);
    end("check", s, &err);
    find(m, "op:MatMul");
    find(m, "name:/x.*y/");
    find(m, "scope:layer");
    ox_print_options print = {.style = OX_STYLE_SEED, .task = begin()};
    ox_sink sink = {swallow, NULL};
    s = ox_graph_print(m, ox_model_main(m), &print, &sink, &err);
    end("print", s, &err);
    convert(m, argv[1]);
    if (ox_model_get_kind(m) == OX_MODEL_ONNX) save(m, argv[1], "save");
    ox_model_free(m);
    return 0;
}
