/* Files of the robustness tests; see files.h. State: the two directories. */
#include "files.h"

#include "base/base.h"

#include <dirent.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

static const char *tests;
static char scratch[PATH_MAX];
static pid_t owner;

void files_stop(const char *what, const ox_error *err)
{
    fprintf(stderr, "%s: %s\n", what, err ? err->msg : "");
    exit(2);
}

static void remove_scratch(void)
{
    if (owner != getpid()) return;
    files_empty();
    rmdir(scratch);
}

void files_start(const char *tests_dir)
{
    const char *at = getenv("TMPDIR");
    tests = tests_dir;
    snprintf(scratch, sizeof scratch, "%s/onnxsh-robust-XXXXXX", at && *at ? at : P_tmpdir);
    if (!mkdtemp(scratch)) files_stop(scratch, NULL);
    owner = getpid();
    atexit(remove_scratch);
}

const char *files_test(const char *name)
{
    static char path[PATH_MAX];
    snprintf(path, sizeof path, "%s/%s", tests, name);
    return path;
}

const char *files_scratch(const char *name)
{
    static char paths[4][PATH_MAX + 256];
    static int turn;
    char *p = paths[turn = (turn + 1) % 4];
    snprintf(p, sizeof paths[0], "%s/%s", scratch, name);
    return p;
}

size_t files_count(void)
{
    size_t n = 0;
    DIR *d = opendir(scratch);
    for (struct dirent *e; d && (e = readdir(d));) n += e->d_name[0] != '.' || (e->d_name[1] && e->d_name[1] != '.');
    if (d) closedir(d);
    return n;
}

static char *slurp(const char *path, size_t *n)
{
    FILE *f = fopen(path, "rb");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    *n = (size_t)ftell(f);
    rewind(f);
    char *p = malloc(*n + 1);
    if (p && fread(p, 1, *n, f) != *n) *n = 0;
    fclose(f);
    return p;
}

void files_copy(const char *from, const char *to)
{
    size_t n = 0;
    char *p = slurp(from, &n);
    FILE *f = fopen(to, "wb");
    if (!p || !f || fwrite(p, 1, n, f) != n || fclose(f) != 0) files_stop(to, NULL);
    free(p);
}

uint64_t files_digest(const char *path)
{
    size_t n = 0;
    char *p = slurp(path, &n);
    uint64_t h = p ? ox__hash(p, n) : 0;
    free(p);
    return h;
}

static ox_status add_bytes(void *ud, const void *chunk, uint64_t n, uint64_t offset, ox_error *err)
{
    uint64_t *h = ud;
    (void)offset, (void)err;
    *h = ox__hash_mix(*h, ox__hash(chunk, n));
    return OX_OK;
}

/* A number for the structure and every weight of a model, wherever they lie; 0 if something is not whole. */
uint64_t files_digest_model(const char *path)
{
    ox_model *m = NULL;
    ox_error err;
    uint64_t h = 1;
    ox_status s = ox_open(&m, path, NULL, NULL, NULL, &err);
    if (s == OX_OK) {
        ox_graph g = ox_model_main(m);
        h = ox__hash_mix(ox_model_n_nodes(m), ox_model_n_values(m));
        for (size_t i = 0; i < ox_graph_n_initializers(m, g) && s == OX_OK; i++)
            s = ox_tensor_stream(m, ox_value_tensor(m, ox_graph_initializer(m, g, i)), add_bytes, &h, NULL, &err);
    }
    if (s != OX_OK) fprintf(stderr, "%s: %s\n", path, err.msg);
    ox_model_free(m);
    return s == OX_OK ? h : 0;
}

void files_empty(void)
{
    DIR *d = opendir(scratch);
    for (struct dirent *e; d && (e = readdir(d));)
        if (e->d_name[0] != '.' || e->d_name[1]) unlinkat(dirfd(d), e->d_name, 0);
    if (d) closedir(d);
}

bool files_has_temporary(void)
{
    bool found = false;
    DIR *d = opendir(scratch);
    for (struct dirent *e; d && (e = readdir(d));) found = found || strncmp(e->d_name, ".onnxsh-", 8) == 0;
    if (d) closedir(d);
    return found;
}

ox_status files_edit(ox_model *m, ox_error *err)
{
    ox_graph g = ox_model_main(m);
    ox_node n = ox_graph_first(m, g), made;
    ox_value x = ox_graph_input(m, g, 0);
    ox_status s = ox_node_set_name(m, n, ox_str_addz(m, "renamed by the test"), err);
    if (s == OX_OK)
        s = ox_node_create(m, &made, g, (ox_node){0}, ox_str_addz(m, ""), ox_str_addz(m, "Identity"), 1, &x, 1, err);
    ox_attr a = {.name = ox_str_addz(m, "noted"), .kind = OX_ATTR_INT, .u.i = 7};
    if (s == OX_OK) s = ox_node_set_attr(m, made, &a, err);
    if (s == OX_OK) s = ox_graph_add_output(m, g, SIZE_MAX, ox_node_output(m, made, 0), err);
    if (s == OX_OK) s = ox_model_set_metadata(m, ox_str_addz(m, "key"), ox_str_addz(m, "value"), err);
    return s;
}
