/* Killed while saving: a child saves two models in turn over one file, as fast as it can, and is killed at a random
 * moment. The file is one of the two, whole, with data of its own; mode and symbolic link are kept; the next save
 * removes what killed ones left. usage: test_kill [KILLS]    per scenario */
#include "files.h"

#include "base/base.h"

#include <onnxsh/journal.h>

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

static uint64_t seed = 20;
static unsigned n_kills, n_a, n_b, n_failures;

static uint32_t next(uint32_t below)
{
    seed ^= seed << 13;
    seed ^= seed >> 7;
    seed ^= seed << 17;
    return (uint32_t)((seed >> 32) % below);
}

/* Saves a and b in turn until it is killed. b is a with an edit; both are opened from files of their own. */
static _Noreturn void save_forever(ox_external_mode mode)
{
    ox_model *m[2];
    ox_error err;
    ox_save_options opt = {.external = mode};
    for (int i = 0; i < 2; i++)
        if (ox_open(&m[i], files_scratch(i ? "b.onnx" : "a.onnx"), NULL, NULL, NULL, &err) != OX_OK) _exit(3);
    for (int i = 1;; i = !i)
        if (ox_save_onnx(m[i], files_scratch("l.onnx"), &opt, &err) != OX_OK) {
            fprintf(stderr, "save: %s\n", err.msg);
            _exit(3);
        }
}

/* a.onnx, b.onnx and m.onnx = a behind the link l.onnx. */
static void prepare(ox_external_mode mode, uint64_t model[2])
{
    ox_model *m;
    ox_error err;
    ox_save_options opt = {.external = mode};
    files_empty();
    files_copy(files_test("robust/data/weights.onnx"), files_scratch("a.onnx"));
    if (ox_open(&m, files_scratch("a.onnx"), NULL, NULL, NULL, &err) != OX_OK) files_stop("open", &err);
    if (ox_save_onnx(m, files_scratch("m.onnx"), &opt, &err) != OX_OK) files_stop("save", &err);
    if (files_edit(m, &err) != OX_OK || ox_journal_commit(m, "edit", &err) != OX_OK) files_stop("edit", &err);
    if (ox_save_onnx(m, files_scratch("b.onnx"), NULL, &err) != OX_OK) files_stop("save", &err);
    ox_model_free(m);
    model[0] = files_digest_model(files_scratch("a.onnx"));
    model[1] = files_digest_model(files_scratch("b.onnx"));
    if (chmod(files_scratch("m.onnx"), 0640) != 0 || symlink("m.onnx", files_scratch("l.onnx")) != 0)
        files_stop("chmod", NULL);
}

static void complain(const char *name, unsigned kill_no, const char *what)
{
    fprintf(stderr, "%s, kill %u: %s\n", name, kill_no, what);
    n_failures++;
}

static void look(const char *name, unsigned kill_no, const uint64_t model[2])
{
    struct stat st;
    uint64_t h = files_digest_model(files_scratch("m.onnx"));
    if (h != model[0] && h != model[1]) complain(name, kill_no, h ? "neither of the two models" : "not whole");
    n_a += h == model[0];
    n_b += h == model[1];
    if (lstat(files_scratch("l.onnx"), &st) != 0 || !S_ISLNK(st.st_mode)) complain(name, kill_no, "the link is gone");
    if (stat(files_scratch("m.onnx"), &st) != 0 || (st.st_mode & 07777) != 0640)
        complain(name, kill_no, "another mode");
}

static void run(const char *name, ox_external_mode mode, unsigned kills)
{
    uint64_t model[2];
    prepare(mode, model);
    for (unsigned i = 0; i < kills; i++) {
        int status;
        pid_t pid = fork();
        if (pid < 0) files_stop("fork", NULL);
        if (pid == 0) save_forever(mode);
        struct timespec t = {0, 1000000 + (long)next(30000) * 1000};
        while (nanosleep(&t, &t) != 0 && errno == EINTR) continue;
        kill(pid, SIGKILL);
        if (waitpid(pid, &status, 0) != pid || !WIFSIGNALED(status)) complain(name, i, "the child could not save");
        n_kills++;
        look(name, i, model);
    }
    /* What killed saves left behind does not stop the next one, and the model is saved as ever. */
    ox_model *m = NULL;
    ox_error err;
    ox_save_options opt = {.external = mode};
    ox_status s = ox_open(&m, files_scratch("b.onnx"), NULL, NULL, NULL, &err);
    if (s == OX_OK) s = ox_save_onnx(m, files_scratch("l.onnx"), &opt, &err);
    if (s != OX_OK || files_digest_model(files_scratch("m.onnx")) != model[1])
        complain(name, kills, "no save after it");
    if (files_has_temporary()) complain(name, kills, "a temporary file is left");
    ox_model_free(m);
}

int main(int argc, char **argv)
{
    unsigned kills = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 70;
    files_start(OX_TESTS_DIR);
    run("data inside", OX_EXTERNAL_AUTO, kills);
    run("data outside", OX_EXTERNAL_ALWAYS, kills);
    files_empty();
    printf("%u kills: %u times the one model, %u times the other, %u failures\n", n_kills, n_a, n_b, n_failures);
    return n_failures || !n_kills;
}
