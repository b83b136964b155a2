/* Lines as people type them: with a first line "i", the others are --input specs for a trace; else the input is a line
 * of the prompt, which is split, held against every command's options, and run if it is a command that only looks. */
#include "fuzz.h"

#include "app/cmd.h"

#include <onnxsh/io.h>

#include <stdlib.h>

static const char trace[] =
    "graph(%self : __torch__.Net, %x.1 : Float(2, 3), %n : int, %odd=name : Tensor):\n"
    "  %w : Float(4, 3) = prim::GetAttr[name=\"weight\"](%self)\n"
    "  %2 : int = prim::Constant[value=1](), scope: Net/Sequential[features]/Linear[0] # net.py:12:0\n"
    "  %y : Float(2, 4) = aten::linear(%x.1, %w, %odd=name), scope: Net/Sequential[features]/Linear[0] # net.py:12:0\n"
    "  %z : Tensor = acme::warp(%y, %2, %n), scope: Net/Warp[w]\n"
    "  return (%z)\n";

static ox_session session;

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    ox_error err;
    (void)argc, (void)argv;
    const char *path = fuzz_path("in.txt");
    FILE *f = fopen(path, "w");
    FUZZ_CHECK(f && fputs(trace, f) >= 0 && fclose(f) == 0, "%s", path);
    setenv("HOME", fuzz_dir(), 1);
    setenv("XDG_STATE_HOME", fuzz_dir(), 1);
    setenv("XDG_CONFIG_HOME", fuzz_dir(), 1);
    session.g.quiet = session.g.no_init = true;
    ox_status s = ox_session_init(&session, &err);
    if (s == OX_OK) s = ox_session_open(&session, path, 0, &err);
    FUZZ_CHECK(s == OX_OK, "%s", err.msg);
    return 0;
}

/* Each line is a spec; they are applied together to a trace of their own. */
static void try_specs(const char *text, size_t n)
{
    ox_words specs = {0};
    ox_model *m;
    ox_error err;
    ox_error_clear(&err);
    for (const char *p = text, *end = text + n; p < end && specs.n < 8;) {
        const char *nl = memchr(p, '\n', (size_t)(end - p)), *stop = nl ? nl : end;
        char *spec = strndup(p, (size_t)(stop - p));
        FUZZ_CHECK(spec && ox_words_add(&specs, spec, &err) == OX_OK, "no memory");
        free(spec);
        p = stop + 1;
    }
    ox_status s = ox_open_memory(&m, trace, sizeof trace - 1, "in.txt", NULL, NULL, NULL, &err);
    FUZZ_CHECK(s == OX_OK, "%s", err.msg);
    s = ox_input_apply(m, &specs, &err);
    if (s != OX_OK) fuzz_check_error(&err, s, SIZE_MAX - 1);
    FUZZ_CHECK(s == OX_OK || s == OX_E_INVALID, "%s", err.msg);
    ox_words_free(&specs);
    ox_model_free(m);
}

static void split_and_parse(const char *line)
{
    const ox_cmd *const *rows;
    const char *words[OX_ARGS_MAX];
    char *store = NULL;
    ox_error err;
    ox_args a;
    size_t n, n_rows = ox_commands(&rows), length = 0;
    ox_error_clear(&err);
    ox_status s = ox_line_split(line, &store, words, OX_ARGS_MAX, &n, &err);
    for (size_t i = 0; s == OX_OK && i < n; i++) length += strlen(words[i]);
    FUZZ_CHECK(s != OX_OK || length <= strlen(line), "the words are longer than the line");
    for (size_t i = 0; s == OX_OK && i < n_rows; i++) {
        ox_error_clear(&err);
        ox_status p = ox_args_parse(rows[i], n, words, &a, &err);
        if (p != OX_OK) fuzz_check_error(&err, p, SIZE_MAX - 1);
        FUZZ_CHECK(p != OX_OK || (a.n >= rows[i]->min_args && a.n <= rows[i]->max_args), "%s", rows[i]->name);
    }
    if (s != OX_OK) fuzz_check_error(&err, s, SIZE_MAX - 1);
    free(store);
}

static bool only_looks(const char *line)
{
    static const char *const names[] = {"show",    "tree",  "find",   "ops",       "info", "node", "value",
                                        "weights", "check", "schema", "symbolics", "help", "set",  "version"};
    size_t n = strcspn(line, " \t");
    for (size_t i = 0; i < OX__COUNT(names); i++)
        if (strlen(names[i]) == n && memcmp(names[i], line, n) == 0) return ox_session_is_command(&session, line);
    return false;
}

static void run_line(const char *line)
{
    ox_error err;
    ox_globals g = session.g;
    size_t n;
    FUZZ_CHECK(ox_out_catch(&session.out), "no memory");
    ox_error_clear(&err);
    ox_status s = ox_session_line(&session, line, NULL, &err);
    char *text = ox_out_caught(&session.out, &n);
    if (s != OX_OK) fuzz_check_error(&err, s, SIZE_MAX - 1);
    if (text && !session.out.color) fuzz_check_safe(text, n, line);
    free(text);
    session.g = g;
    session.out.color = session.has_style = false;
    session.opset = OX_OPSET_DEFAULT;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    if (n > 1 && data[0] == 'i' && data[1] == '\n') {
        try_specs((const char *)data + 2, n - 2);
        return 0;
    }
    char *line = strndup((const char *)data, n);
    FUZZ_CHECK(line, "no memory");
    split_and_parse(line);
    if (only_looks(line)) run_line(line);
    free(line);
    return 0;
}
