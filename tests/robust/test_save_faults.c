/* System calls that fail while a model is saved over a file: each call of a save fails in turn with each errno that a
 * disk can give, once and for good, or does half its work. The old file is there byte for byte, or the new one whole;
 * its data file is that of the same model; nothing else is left; mode and symbolic link are kept. */
#include "files.h"

#include "base/base.h"
#include "base/sys.h"

#include <onnxsh/journal.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct scenario {
    const char *name, *model;
    bool outside; /* the old file has its data outside */
    ox_external_mode mode;
    bool edited;
} scenario;

static const scenario scenarios[] = {
    {"unedited, over another model", "fuzz/corpus/onnx/attributes.onnx", false, OX_EXTERNAL_AUTO, false},
    {"edited, in place", "robust/data/weights.onnx", false, OX_EXTERNAL_AUTO, true},
    {"data moved outside", "robust/data/weights.onnx", false, OX_EXTERNAL_ALWAYS, true},
    {"data outside, in place", "robust/data/weights.onnx", true, OX_EXTERNAL_AUTO, true},
    {"data outside, written anew", "robust/data/weights.onnx", true, OX_EXTERNAL_ALWAYS, true},
    {"data taken in", "robust/data/weights.onnx", true, OX_EXTERNAL_NEVER, true},
};

static uint64_t n_points, n_failures;

/* What was there before the save. */
static struct {
    uint64_t bytes, model, data;
    size_t entries;
} old;

static void complain(const scenario *sc, uint64_t n, int error, bool on, const char *what)
{
    fprintf(stderr, "%s: call %llu, errno %d%s: %s\n", sc->name, (unsigned long long)n, error, on ? " for good" : "",
            what);
    n_failures++;
}

/* The file m.onnx with mode 0640 behind the link l.onnx, and the model that goes there. */
static ox_model *prepare(const scenario *sc)
{
    ox_model *m;
    ox_error err;
    const char *path = files_scratch("m.onnx");
    files_empty();
    if (sc->outside) {
        ox_save_options opt = {.external = OX_EXTERNAL_ALWAYS};
        if (ox_open(&m, files_test(sc->model), NULL, NULL, NULL, &err) != OX_OK) files_stop(sc->model, &err);
        if (ox_save_onnx(m, path, &opt, &err) != OX_OK) files_stop("save", &err);
        ox_model_free(m);
    } else {
        files_copy(files_test(sc->edited ? sc->model : "robust/data/weights.onnx"), path);
    }
    if (chmod(path, 0640) != 0 || symlink("m.onnx", files_scratch("l.onnx")) != 0) files_stop("chmod", NULL);
    const char *from = sc->edited ? files_scratch("l.onnx") : files_test(sc->model);
    if (ox_open(&m, from, NULL, NULL, NULL, &err) != OX_OK) files_stop(from, &err);
    if (sc->edited && (files_edit(m, &err) != OX_OK || ox_journal_commit(m, "edit", &err) != OX_OK))
        files_stop("edit", &err);
    old.bytes = files_digest(path);
    old.model = files_digest_model(path);
    old.data = files_digest(files_scratch("m.onnx.data"));
    old.entries = files_count();
    return m;
}

static const char *look(const scenario *sc, ox_status s, const ox_error *err)
{
    struct stat st;
    const char *path = files_scratch("m.onnx");
    bool is_old = files_digest(path) == old.bytes;
    if (files_has_temporary()) return "a temporary file is left";
    if (files_digest_model(path) == 0) return "the model is not whole";
    if (lstat(files_scratch("l.onnx"), &st) != 0 || !S_ISLNK(st.st_mode)) return "the symbolic link is gone";
    if (stat(path, &st) != 0 || (st.st_mode & 07777) != 0640) return "the mode is another one";
    if (s == OX_OK && is_old) return "success, and the file is the old one";
    if (s == OX_OK && files_count() > 3) return "more is left than the model, its data and the link";
    if (s == OX_OK) return NULL;
    if (!is_old) /* the rename is done, and only its confirmation failed */
        return strstr(err->msg, "did not confirm") ? NULL : "an error, and the file is another one";
    if (files_digest_model(path) != old.model) return "the old data is another";
    if (sc->outside && files_digest(files_scratch("l.onnx.data")) && files_count() > old.entries)
        return "the new data is left";
    return files_count() != old.entries ? "something is left" : NULL;
}

/* One save with call n failing; false when there was no such call. */
static bool run_point(const scenario *sc, uint64_t n, int error, bool on)
{
    ox_error err;
    ox_save_options opt = {.external = sc->mode};
    ox_model *m = prepare(sc);
    ox_error_clear(&err);
    ox__sys_fail_at(n, error, on);
    ox_status s = ox_save_onnx(m, files_scratch("l.onnx"), &opt, &err);
    uint64_t made = ox__sys_count();
    ox__sys_fail_at(0, 0, false);
    bool reached = made >= n;
    ox_model_free(m);
    if (s != OX_OK && s != OX_E_IO) complain(sc, n, error, on, err.msg);
    if (s != OX_OK && !reached) complain(sc, n, error, on, "an error though nothing failed");
    if (s != OX_OK && (error == EINTR || error == OX__SYS_SHORT) && !on)
        complain(sc, n, error, on, "not done again after an interruption or half the work");
    const char *why = look(sc, s, &err);
    if (why) complain(sc, n, error, on, why);
    n_points += reached;
    return reached;
}

int main(void)
{
    static const struct {
        int error;
        bool on;
    } faults[] = {{EIO, false},           {EIO, true},           {ENOSPC, false}, {ENOSPC, true},
                  {EDQUOT, false},        {EDQUOT, true},        {EINTR, false},  {EFBIG, false},
                  {OX__SYS_SHORT, false}, {OX__SYS_SHORT, true}, {EACCES, false}, {EROFS, false}};
    files_start(OX_TESTS_DIR);
    for (size_t i = 0; i < OX__COUNT(scenarios); i++) {
        uint64_t before = n_points;
        for (size_t f = 0; f < OX__COUNT(faults); f++)
            for (uint64_t n = 1; run_point(&scenarios[i], n, faults[f].error, faults[f].on); n++) continue;
        printf("%-40s %6llu points\n", scenarios[i].name, (unsigned long long)(n_points - before));
    }
    printf("%llu points, %llu failures\n", (unsigned long long)n_points, (unsigned long long)n_failures);
    return n_failures || n_points < 500;
}
