/* Floor 3. The format "text": PyTorch graph dumps of all years, inside any log. A file may hold several graphs; the
 * default is the last one that is whole and has nodes (the newest of a log, the inlined one of two that were printed).
 */
#include "io/text/text.h"
#include "ir/ir.h"

#include <sys/mman.h>

/* What a guarded walk of the map works on: all that it owns hangs here and is freed behind the guard. */
typedef struct job {
    ox__open_args *args;
    ox__text_graphs found;
    size_t chosen;
    ox__text text;
    ox_model *model;
} job;

static const char *path_of(const ox__open_args *args)
{
    return args->path ? args->path : "";
}

static const ox_task *task_of(const ox__open_args *args)
{
    return args->opt ? args->opt->task : NULL;
}

static bool has_extension(const char *path)
{
    const char *dot = path ? strrchr(path, '.') : NULL;
    return dot && (!strcmp(dot, ".txt") || !strcmp(dot, ".log") || !strcmp(dot, ".graph"));
}

static int sniff(const uint8_t *p, uint64_t n, const char *path)
{
    if (n == 0) return 1; /* this reader has the words for it */
    const char *s = (const char *)p;
    if (!ox__text_is_text(s, n)) return has_extension(path) ? 1 : 0;
    size_t look = (size_t)OX__MIN(n, (uint64_t)1 << 16);
    if (memmem(s, look, "graph(", 6)) return 90;
    return has_extension(path) ? 30 : 5;
}

/* ---- choosing ---- */

static size_t best_graph(const ox__text_graphs *found)
{
    size_t best = found->rows.n - 1;
    int score = -1;
    for (size_t i = 0; i < found->rows.n; i++) {
        const ox__text_graph *g = &found->rows.p[i];
        int s = (g->whole ? 2 : 0) + (g->n_nodes ? 1 : 0);
        if (s >= score) best = i, score = s;
    }
    return best;
}

static void warn_at(const job *j, uint64_t line, uint32_t col, ox_error *w)
{
    ox_error_at_line(w, path_of(j->args), (uint32_t)OX__MIN(line, (uint64_t)UINT32_MAX), col);
    if (j->args->warn) j->args->warn(j->args->ud, w);
}

static ox_status choose(job *j, ox_error *err)
{
    const ox__text_graphs *found = &j->found;
    size_t n = found->rows.n, want = j->args->opt && j->args->opt->graph > 0 ? (size_t)j->args->opt->graph : 0;
    if (want > n) {
        ox__fail(err, OX_E_NOT_FOUND, "there is no graph %zu: the file holds %zu", want, n);
        ox_error_hint(err, "--graph takes 1 to %zu", n);
        ox_error_at_line(err, path_of(j->args), (uint32_t)OX__MIN(found->rows.p[n - 1].line, (uint64_t)UINT32_MAX), 1);
        return OX_E_NOT_FOUND;
    }
    j->chosen = want ? want - 1 : best_graph(found);
    if (want || n == 1) return OX_OK;
    const ox__text_graph *g = &found->rows.p[j->chosen];
    ox_error w = {0};
    size_t cut = 0;
    for (size_t i = 0; i < n; i++) cut += !found->rows.p[i].whole;
    ox__fail(&w, OX_OK, "the file holds %zu graphs; graph %zu is opened, which begins in line %llu%s", n, j->chosen + 1,
             (unsigned long long)g->line, cut && g->whole ? " (some are cut off)" : "");
    ox_error_hint(&w, "--graph N opens another one");
    warn_at(j, g->line, g->col, &w);
    return OX_OK;
}

/* ---- what was noticed ---- */

static const struct {
    const char *one, *many, *hint;
} note_texts[OX__N_NOTES] = {
    [OX__NOTE_LOST] = {"1 constant is not in the dump: %s", "%llu constants are not in the dump, first: %s",
                       "--weights supplies them from the model's file; exporting without them fails"},
    [OX__NOTE_ROUNDED] = {"1 constant was printed rounded: %s", "%llu constants were printed rounded, first: %s",
                          "--weights supplies exact values; --strict refuses to export rounded ones"},
    [OX__NOTE_NOISE] = {"1 line or line end inside the graph is no part of it and was skipped: %s",
                        "%llu lines or line ends inside the graph are no part of it and were skipped, first: %s", ""},
    [OX__NOTE_OLD_ATTR] =
        {"1 node has attributes that no schema of its operator names; they were kept: %s",
         "%llu nodes have attributes that no schema of their operators names; they were kept, first: %s", ""},
    [OX__NOTE_ATTR_OP] = {"1 node has attributes that could not be mapped to arguments: %s",
                          "%llu nodes have attributes that could not be mapped to arguments, first: %s", ""},
};

static void warn_notes(const job *j)
{
    for (int i = 0; i < OX__N_NOTES; i++) {
        uint64_t n = j->text.notes[i].n;
        if (!n) continue;
        ox_error w = {0};
        if (n == 1)
            ox__fail(&w, OX_OK, note_texts[i].one, j->text.notes[i].first);
        else
            ox__fail(&w, OX_OK, note_texts[i].many, (unsigned long long)n, j->text.notes[i].first);
        if (*note_texts[i].hint) ox_error_hint(&w, "%s", note_texts[i].hint);
        warn_at(j, j->text.notes[i].line, j->text.notes[i].col, &w);
    }
}

/* ---- open and list ---- */

static ox_status find_graphs(void *ud, ox_error *err)
{
    job *j = ud;
    const ox__map *map = j->args->map;
    const char *p = (const char *)map->p;
    /* a map is opened for random access, but this walks it from end to end; advice may be ignored */
    if (map->n && !map->owned_memory) (void)madvise((void *)(uintptr_t)map->p, map->n, MADV_SEQUENTIAL);
    ox_status s = ox__text_find(&j->found, p, map->n, path_of(j->args), task_of(j->args), err);
    if (s == OX_OK && !j->found.rows.n) s = ox__text_explain(p, map->n, &j->found, path_of(j->args), err);
    return s;
}

static ox_status read_graph(void *ud, ox_error *err)
{
    job *j = ud;
    const ox__map *map = j->args->map;
    const ox__text_graph *g = &j->found.rows.p[j->chosen];
    ox__text *t = &j->text;
    t->m = j->model;
    t->file = path_of(j->args);
    t->text = (const char *)map->p;
    t->end = t->text + map->n;
    t->task = task_of(j->args);
    t->err = err;
    if (g->end - g->at > UINT32_MAX) return ox__fail(err, OX_E_LIMIT, "a graph of more than 4 GiB of text");
    size_t n = (size_t)g->n_nodes;
    ox_status s = ox__model_reserve(j->model, n, n, 2 * n, n, err);
    if (s == OX_OK) s = ox__text_read(t, g);
    if (s == OX_OK) {
        ox_str path = ox_str_addz(j->model, t->file);
        s = ox_model_set_text(j->model, OX_MODEL_PATH, path, err);
    }
    return s;
}

static ox_status open_text(ox_model **out, ox__open_args *args, ox_error *err)
{
    job j = {.args = args};
    ox_status s;
    OX__TRY(ox__guarded(find_graphs, &j, path_of(args), err));
    OX__TRY(choose(&j, err));
    OX__TRY(ox_model_create(&j.model, OX_MODEL_TRACE, err));
    ox__journal_pause(j.model);
    OX__TRY(ox__guarded(read_graph, &j, path_of(args), err));
    ox__journal_resume(j.model);
    warn_notes(&j);
    *out = j.model;
    j.model = NULL;
out:
    ox_model_free(j.model);
    ox__text_clear(&j.text);
    ox__vec_free(&j.found.rows);
    return s;
}

static ox_status list_text(ox__open_args *args, ox_graph_row *rows, size_t max, size_t *n, ox_error *err)
{
    job j = {.args = args};
    ox_status s = ox__guarded(find_graphs, &j, path_of(args), err);
    for (size_t i = 0; s == OX_OK && i < j.found.rows.n && i < max; i++) {
        const ox__text_graph *g = &j.found.rows.p[i];
        rows[i] = (ox_graph_row){.line = g->line, .n_nodes = g->n_nodes};
        memcpy(rows[i].title, args->map->p + g->title, OX__MIN(g->title_n, sizeof rows[i].title - 1));
    }
    if (s == OX_OK) *n = j.found.rows.n;
    ox__vec_free(&j.found.rows);
    return s;
}

const ox__format ox__format_text = {
    .name = "text",
    .extensions = ".txt .log .graph",
    .help = "PyTorch graph dumps of all versions, inside any log or exception text",
    .sniff = sniff,
    .open = open_text,
    .list = list_text,
};
