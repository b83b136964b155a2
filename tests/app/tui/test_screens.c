/* Screens: tests/screens/NAME.screen says what is opened, which keys come, and what the grid then shows, without a
 * terminal.
 *
 *   # a comment
 *   open FILE          relative to the root of the tree
 *   weights FILE       bound to what is opened
 *   size ROWSxCOLS
 *   keys j j /conv Enter       words that name a key, or text that is typed
 *   screen             then the rows, each behind two columns: > the cursor's line, - that of another pane; ends at
 * `end`
 *
 * usage: test_screens [--update] [NAME...]; --update writes what is shown into the files, to be read before it is kept.
 */
#include "app/cmd.h"
#include "app/tui/tui.h"

#include <onnxsh/job.h>

#include <dirent.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

typedef struct run {
    const char *name;
    ox_session s;
    ox_tui *t;
    int rows, cols, line;
    char *file; /* to be opened */
    bool failed;
} run;

static void complain(run *r, const char *what, const char *detail)
{
    printf("%s:%d: %s%s%s\n", r->name, r->line, what, *detail ? ": " : "", detail);
    r->failed = true;
}

static void settle(run *r)
{
    while (ox_tui_work(r->t, 1000)) continue;
}

/* The panes are made when they are needed first, once file and size are known. */
static bool ready(run *r)
{
    ox_error err;
    ox_error_clear(&err);
    if (r->t) return true;
    ox_status st = ox_tui_create(&r->t, &r->s, r->rows, r->cols, &err);
    if (st == OX_OK && r->file) st = ox_run_open(r->t, r->file, &err);
    if (st == OX_OK) settle(r);
    if (st == OX_OK && r->t->open_status != OX_OK) {
        st = r->t->open_status;
        err = r->t->open_error;
    }
    if (st != OX_OK) complain(r, "cannot begin", err.msg);
    return st == OX_OK;
}

static void type(run *r, const char *word)
{
    uint32_t key;
    size_t w, n = strlen(word);
    if (ox_key_parse(word, n, &key)) {
        ox_tui_key(r->t, key);
        settle(r);
        return;
    }
    for (size_t i = 0; i < n;) {
        size_t k = ox_text_next(word + i, n - i, &w);
        if (ox_key_parse(word + i, k, &key)) ox_tui_key(r->t, key);
        settle(r);
        i += k;
    }
}

static char *screen_text(run *r)
{
    char *text = NULL, row[4096];
    size_t size;
    FILE *f = open_memstream(&text, &size);
    if (!f) abort();
    ox_tui_draw(r->t);
    for (int i = 0; i < r->t->grid.rows; i++) {
        unsigned flags = 0;
        for (int c = 0; c < r->t->grid.cols; c++) flags |= ox_grid_at(&r->t->grid, i, c)->flags;
        ox_grid_row_text(&r->t->grid, i, row, sizeof row);
        int n = (int)strlen(row), lead = flags & OX_CELL_CURSOR ? '>' : ' ', other = flags & OX_CELL_HERE ? '-' : ' ';
        if (n == 0 && lead == ' ' && other == ' ')
            fprintf(f, "\n");
        else
            fprintf(f, "%c%c%s\n", lead, other, row);
    }
    fclose(f);
    return text;
}

static void check_screen(run *r, const char *expected, FILE *update)
{
    char *shown = screen_text(r);
    if (update)
        fputs(shown, update);
    else if (strcmp(shown, expected) != 0) {
        complain(r, "the screen differs", "");
        printf("expected:\n%sshown:\n%s", expected, shown);
    }
    free(shown);
}

static void directive(run *r, char *line)
{
    char *rest = strchr(line, ' ');
    if (rest) *rest++ = '\0';
    if (!rest) {
        complain(r, "a directive without words", line);
    } else if (strcmp(line, "open") == 0) {
        r->file = strdup(rest);
    } else if (strcmp(line, "weights") == 0) {
        ox_error err;
        if (ox_words_add(&r->s.g.weights, rest, &err) != OX_OK) complain(r, "no memory", "");
    } else if (strcmp(line, "size") == 0) {
        ox_error err;
        if (sscanf(rest, "%dx%d", &r->rows, &r->cols) != 2) complain(r, "no size", rest);
        if (r->t && ox_tui_resize(r->t, r->rows, r->cols, &err) != OX_OK) complain(r, "cannot resize", "");
        if (r->t) settle(r);
    } else if (strcmp(line, "keys") == 0) {
        if (!ready(r)) return;
        for (char *word = strtok(rest, " "); word; word = strtok(NULL, " ")) type(r, word);
    } else {
        complain(r, "no such directive", line);
    }
}

static void play(run *r, FILE *f, FILE *update)
{
    char *line = NULL;
    size_t cap = 0;
    for (ssize_t n; !r->failed && (n = getline(&line, &cap, f)) > 0;) {
        r->line++;
        if (update) fputs(line, update);
        if (line[n - 1] == '\n') line[--n] = '\0';
        if (n == 0 || line[0] == '#') continue;
        if (strcmp(line, "screen") != 0) {
            directive(r, line);
            continue;
        }
        char *expected = NULL;
        size_t size;
        FILE *text = open_memstream(&expected, &size);
        int at = r->line;
        while (text && (n = getline(&line, &cap, f)) > 0 && strcmp(line, "end\n") != 0) {
            fputs(line, text);
            r->line++;
        }
        r->line++;
        if (!text || fclose(text) != 0) abort();
        int last = r->line;
        r->line = at;
        if (ready(r)) check_screen(r, expected, update);
        r->line = last;
        if (update) fputs("end\n", update);
        free(expected);
    }
    free(line);
}

static bool run_file(const char *path, const char *name, bool update)
{
    static run r;
    ox_error err;
    char *text = NULL;
    size_t size = 0;
    memset(&r, 0, sizeof r);
    r.name = name;
    r.rows = 24;
    r.cols = 80;
    r.s.g.no_init = true;
    r.s.g.color = 0;
    FILE *f = fopen(path, "r"), *w = update ? open_memstream(&text, &size) : NULL;
    if (!f || ox_session_init(&r.s, &err) != OX_OK) {
        printf("%s: cannot be read\n", path);
        return false;
    }
    r.s.interactive = r.s.full_screen = true;
    play(&r, f, w);
    fclose(f);
    ox_tui_free(r.t);
    ox_session_free(&r.s);
    free(r.file);
    if (w) {
        fclose(w);
        f = r.failed ? NULL : fopen(path, "w");
        if (f) fwrite(text, 1, size, f);
        if (f) fclose(f);
        free(text);
    }
    return !r.failed;
}

static bool chosen(int argc, char **argv, const char *name)
{
    bool any = false;
    for (int i = 1; i < argc; i++) {
        if (argv[i][0] == '-') continue;
        any = true;
        if (strncmp(argv[i], name, strlen(argv[i])) == 0) return true;
    }
    return !any;
}

static ox_status nothing(void *ud, const ox_task *task, ox_error *err)
{
    (void)ud, (void)task, (void)err;
    return OX_OK;
}

/* The address sanitizer complains of the first job of a process: here, and not on a screen. */
static bool first_job(void)
{
    ox_job *j;
    if (ox_job_create(&j, nothing, NULL, NULL) != OX_OK) return false;
    ox_job_resume(j, OX_JOB_NO_BUDGET);
    ox_job_free(j);
    return true;
}

int main(int argc, char **argv)
{
    bool update = argc > 1 && strcmp(argv[1], "--update") == 0;
    int n = 0, failed = 0;
    struct dirent **entries;
    char home[] = "/tmp/onnxsh-screens-XXXXXX";
    if (!mkdtemp(home) || chdir(OX_ROOT_DIR) != 0 || !first_job()) return 1;
    setenv("HOME", home, 1);
    setenv("XDG_STATE_HOME", home, 1);
    setenv("XDG_CONFIG_HOME", home, 1);
    int count = scandir("tests/screens", &entries, NULL, alphasort);
    for (int i = 0; i < count; i++) {
        const char *name = entries[i]->d_name, *dot = strrchr(name, '.');
        if (dot && strcmp(dot, ".screen") == 0 && chosen(argc, argv, name)) {
            char path[512];
            snprintf(path, sizeof path, "tests/screens/%s", name);
            n++;
            failed += !run_file(path, name, update);
        }
        free(entries[i]);
    }
    free(entries);
    char command[64];
    snprintf(command, sizeof command, "rm -rf %s", home);
    if (system(command) != 0) printf("%s is left\n", home);
    printf("%d screens, %d failed\n", n, failed);
    return failed || n == 0;
}
