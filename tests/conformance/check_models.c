/* Opens and checks the models whose paths stand on standard input, one a line, for test_check.py. Prints for each:
 * path, TAB, "refused" or "opened", TAB, "id:severity" of each finding by commas, TAB, the first error's message. With
 * the word "full" as argument the checks infer too. */
#include <onnxsh/check.h>
#include <onnxsh/io.h>

#include <stdio.h>
#include <string.h>

typedef struct line {
    size_t n;
    char first[512];
} line;

static bool put(void *ud, const ox_finding *f)
{
    line *l = ud;
    printf("%s%s:%s", l->n++ ? "," : "", f->check->id, ox_severity_name(f->severity));
    if (!l->first[0] && f->severity == OX_SEVERITY_ERROR) snprintf(l->first, sizeof l->first, "%s", f->message);
    return l->n < 1000;
}

int main(int argc, char **argv)
{
    ox_check_options full = {.full = argc > 1 && strcmp(argv[1], "full") == 0};
    char path[4096];
    while (fgets(path, sizeof path, stdin)) {
        path[strcspn(path, "\n")] = '\0';
        ox_error err;
        ox_model *m = NULL;
        line l = {0};
        ox_open_options opt = {.format = "onnx"};
        if (ox_open(&m, path, &opt, NULL, NULL, &err) != OX_OK) {
            printf("%s\trefused\t\t%s\n", path, err.msg);
            continue;
        }
        printf("%s\topened\t", path);
        if (ox_check_run(m, &full, put, &l, NULL, NULL, &err) != OX_OK) {
            fprintf(stderr, "%s: %s\n", path, err.msg);
            return 1;
        }
        printf("\t%s\n", l.first);
        ox_model_free(m);
    }
    return 0;
}
