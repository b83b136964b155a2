/* A scratch directory for tests that need files: made in setup, removed with all in it in teardown. */
#ifndef OX_DIR_H
#define OX_DIR_H

#include <dirent.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

static char ox_dir[256]; /* its path */

static inline int dir_remove_one(const char *path, const struct stat *st, int kind, struct FTW *ftw)
{
    (void)st, (void)kind, (void)ftw;
    return remove(path);
}

static inline int dir_setup(void **state)
{
    (void)state;
    const char *at = getenv("TMPDIR");
    snprintf(ox_dir, sizeof ox_dir, "%s/onnxsh-test-XXXXXX", at && *at ? at : P_tmpdir);
    return mkdtemp(ox_dir) ? 0 : -1;
}

static inline int dir_teardown(void **state)
{
    (void)state;
    return nftw(ox_dir, dir_remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

/* The path of a name in the directory; the last four results live. */
static inline const char *dir_path(const char *name)
{
    static char paths[4][512];
    static int turn;
    char *p = paths[turn = (turn + 1) % 4];
    snprintf(p, sizeof paths[0], "%s/%s", ox_dir, name);
    return p;
}

static inline void dir_write(const char *name, const void *p, size_t n)
{
    FILE *f = fopen(dir_path(name), "wb");
    if (!f || (n && fwrite(p, 1, n, f) != n) || fclose(f) != 0) {
        perror(name);
        abort();
    }
}

/* The bytes of a file, to be freed, and their count; NULL if it is not there. */
static inline char *dir_read(const char *name, size_t *n)
{
    FILE *f = fopen(dir_path(name), "rb");
    if (!f) return NULL;
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *p = malloc((size_t)size + 1);
    if (p) {
        *n = fread(p, 1, (size_t)size, f);
        p[*n] = '\0';
    }
    fclose(f);
    return p;
}

/* How many entries the directory has whose name begins so. */
static inline int dir_count(const char *prefix)
{
    int n = 0;
    DIR *d = opendir(ox_dir);
    for (struct dirent *e; d && (e = readdir(d));) {
        size_t k = 0;
        while (prefix[k] && e->d_name[k] == prefix[k]) k++;
        if (!prefix[k] && !(e->d_name[0] == '.' && (!e->d_name[1] || e->d_name[1] == '.'))) n++;
    }
    if (d) closedir(d);
    return n;
}

#endif
