/* Floor 7. save: writes the current model as it is: ONNX as .onnx, a trace as text. */
#include "app/cmd.h"

#include "app/interrupt.h"

#include <onnxsh/journal.h>

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

/* ---- text, atomically ---- */

static ox_status file_write(void *ud, const char *s, size_t n, ox_error *err)
{
    if (fwrite(s, 1, n, ud) == n) return OX_OK;
    return ox_error_set(err, OX_E_IO, "cannot write: %s", strerror(errno));
}

static ox_status io_error(ox_error *err, const char *what, const char *path)
{
    ox_error_set(err, OX_E_IO, "%s: %s", what, strerror(errno));
    snprintf(err->file, sizeof err->file, "%s", path);
    return OX_E_IO;
}

/* A temporary file beside the target, with the target's mode if there is one. */
static FILE *open_beside(const char *target, char **tmp)
{
    struct stat st;
    mode_t mask = umask(0);
    umask(mask);
    mode_t mode = stat(target, &st) == 0 ? st.st_mode & 07777 : 0666 & ~mask;
    if (asprintf(tmp, "%s.XXXXXX", target) < 0) return NULL;
    int fd = mkostemp(*tmp, O_CLOEXEC);
    FILE *f = fd >= 0 ? fdopen(fd, "w") : NULL;
    if (f && fchmod(fd, mode) == 0) return f;
    if (f)
        fclose(f);
    else if (fd >= 0)
        close(fd);
    if (fd >= 0) unlink(*tmp);
    free(*tmp);
    *tmp = NULL;
    return NULL;
}

ox_status ox_trace_save(const ox_model *m, const char *path, bool given, ox_error *err)
{
    char real[PATH_MAX], *tmp;
    const char *target = realpath(path, real) ? real : path; /* a symbolic link stays one */
    FILE *f = open_beside(target, &tmp);
    if (!f) return io_error(err, "cannot create a file beside it", path);
    ox_print_options opt = {.style = OX_STYLE_TORCH, .raw = true, .given = given, .task = ox_progress_task(true)};
    ox_sink sink = {file_write, f};
    ox_status st = ox_graph_print(m, ox_model_main(m), &opt, &sink, err);
    if (st == OX_OK && (fflush(f) != 0 || fsync(fileno(f)) != 0)) st = io_error(err, "cannot write", path);
    if (fclose(f) != 0 && st == OX_OK) st = io_error(err, "cannot write", path);
    if (st == OX_OK && rename(tmp, target) != 0) st = io_error(err, "cannot rename over it", path);
    if (st != OX_OK) unlink(tmp);
    free(tmp);
    return st;
}

static bool ends_with(const char *s, const char *end)
{
    size_t n = strlen(s), k = strlen(end);
    return n >= k && strcmp(s + n - k, end) == 0;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    ox_model *m = s->model;
    const char *path = a->n ? a->pos[0] : s->path, *word = ox_args_get(a, "--external-data");
    bool onnx = ox_model_get_kind(m) == OX_MODEL_ONNX;
    if (!path || strcmp(path, "-") == 0)
        return ox_error_set(err, OX_E_INVALID, "save: which FILE? the model came from standard input");
    if (!onnx && ends_with(path, ".onnx")) {
        ox_error_set(err, OX_E_INVALID, "a trace is saved as text, not as %s", path);
        ox_error_hint(err, "`export %s` converts it", path);
        return OX_E_INVALID;
    }
    ox_save_options opt = {.task = ox_progress_task(s->g.quiet)};
    if (word) opt.external = *word == 'n' ? OX_EXTERNAL_NEVER : word[1] == 'l' ? OX_EXTERNAL_ALWAYS : OX_EXTERNAL_AUTO;
    ox_status st = ox_args_get(a, "--force") ? OX_OK : ox_journal_may_save(s, path, err);
    if (st != OX_OK) return st;
    st = onnx ? ox_save_onnx(m, path, &opt, err) : ox_trace_save(m, path, s->as_given, err);
    ox_progress_done();
    if (st != OX_OK) return st;
    ox_model_set_saved(m);
    ox_journal_saved(s, path);
    if (s->g.json) {
        ox_json_said(&s->out, "saved", path, strlen(path));
    } else if (s->interactive) {
        ox_out_f(&s->out, "saved ");
        ox_out_name(&s->out, path, strlen(path));
        ox_out_f(&s->out, "\n");
    }
    return OX_OK;
}

static const ox_opt opts[] = {
    {"--external-data", "WHEN", "weights in a file beside it: auto, always or never", OX_HINT_WORDS,
     "auto always never"},
    {"--force", NULL, "also over a file that has changed since it was opened", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_save = {
    .name = "save",
    .usage = "[--external-data WHEN] [--force] [FILE]",
    .summary = "write the current model as it is",
    .help = "An ONNX model is written as .onnx: what was not edited stays byte for byte. A trace is written as the "
            "text that\n"
            "torch prints. Without FILE it goes where it came from. The old file stays whole until the new one is.",
    .example = "save OUT.txt",
    .flags = OX_CMD_MODEL | OX_CMD_GRAPH | OX_CMD_TYPES,
    .opts = opts,
    .hint = OX_HINT_FILE,
    .max_args = 1,
    .exec = exec,
};
