/* A build-time tool: embeds the Lua files of a directory in the library.
 *
 *   embed LUA_DIR OUT.c OUT.inc FILE...     (FILE is relative to LUA_DIR)
 *
 * OUT.c holds the files and the index from operator names to the family that defines them, which is found by running
 * each family with a `symbolic` that only notes its name. OUT.inc holds the rows of documentation: in a block of `---`
 * lines the first is the usage, the others the text. */
#include <lauxlib.h>
#include <lua.h>
#include <lualib.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

typedef struct file {
    const char *name;
    char *text;
    size_t n;
} file;

typedef struct row {
    char *name;
    int family;
} row;

static row rows[20000];
static size_t n_rows;
static int current;

static void die(const char *what, const char *name)
{
    fprintf(stderr, "embed: %s: %s\n", name, what);
    exit(1);
}

static char *copy(const char *s)
{
    char *p = malloc(strlen(s) + 1);
    if (!p) die("out of memory", s);
    return strcpy(p, s);
}

static char *read_all(const char *dir, const char *name, size_t *n)
{
    char path[4096];
    snprintf(path, sizeof path, "%s/%s", dir, name);
    FILE *f = fopen(path, "rb");
    if (!f) die("cannot be read", path);
    fseek(f, 0, SEEK_END);
    long size = ftell(f);
    rewind(f);
    char *p = malloc((size_t)size + 1);
    if (!p || fread(p, 1, (size_t)size, f) != (size_t)size) die("cannot be read", path);
    p[size] = 0;
    fclose(f);
    *n = (size_t)size;
    return p;
}

static void write_literal(FILE *out, const char *s, size_t n)
{
    fputc('"', out);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c == '\n')
            fputs(i + 1 < n ? "\\n\"\n    \"" : "\\n", out);
        else if (c == '"' || c == '\\')
            fprintf(out, "\\%c", c);
        else if (c < 32 || c > 126 || c == '?')
            fprintf(out, "\\%03o", c);
        else
            fputc(c, out);
    }
    fputc('"', out);
}

/* ---- the index ---- */

static int note_symbolic(lua_State *L)
{
    const char *name = luaL_checkstring(L, 1);
    if (strchr(name, '.')) {
        lua_pushlstring(L, name, strcspn(name, "."));
        name = lua_tostring(L, -1);
    }
    if (n_rows == sizeof rows / sizeof *rows) die("too many symbolic functions", name);
    rows[n_rows].name = copy(name);
    rows[n_rows++].family = current;
    return 0;
}

static void index_family(const file *f)
{
    static const char prelude[] = "local any = setmetatable({}, {}) "
                                  "getmetatable(any).__index = function() return any end "
                                  "getmetatable(any).__call = function() return any end "
                                  "sym = any";
    lua_State *L = luaL_newstate();
    luaL_openlibs(L);
    lua_register(L, "symbolic", note_symbolic);
    if (luaL_dostring(L, prelude) || luaL_loadbuffer(L, f->text, f->n, f->name) || lua_pcall(L, 0, 0, 0))
        die(lua_tostring(L, -1), f->name);
    lua_close(L);
}

static int compare_rows(const void *a, const void *b)
{
    const row *x = a, *y = b;
    int c = strcmp(x->name, y->name);
    return c ? c : x->family - y->family;
}

static void write_index(FILE *out, const file *files)
{
    qsort(rows, n_rows, sizeof *rows, compare_rows);
    fputs("const ox__lua_index_row ox__lua_index[] = {\n", out);
    size_t n = 0;
    for (size_t i = 0; i < n_rows; i++) {
        if (i && strcmp(rows[i].name, rows[i - 1].name) == 0) {
            if (rows[i].family != rows[i - 1].family) die("is defined in two families", rows[i].name);
            continue;
        }
        fprintf(out, "    {\"%s\", %d}, /* %s */\n", rows[i].name, rows[i].family, files[rows[i].family].name);
        n++;
    }
    if (n == 0) fputs("    {\"\", 0},\n", out);
    fprintf(out, "};\nconst size_t ox__lua_n_index = %zu;\n", n);
}

/* ---- the documentation ---- */

/* The line at p without `--- `; NULL if it is no line of documentation. */
static const char *doc_line(const char *p, size_t n, size_t *len)
{
    if (n < 3 || memcmp(p, "---", 3) != 0 || (n > 3 && p[3] != ' ')) return NULL;
    *len = n > 4 ? n - 4 : 0;
    return p + (n > 4 ? 4 : n);
}

static void write_docs(FILE *out, const file *f)
{
    enum { NONE, USAGE, TEXT } at = NONE;
    for (const char *p = f->text; *p;) {
        size_t n = strcspn(p, "\n"), len = 0;
        const char *line = doc_line(p, n, &len);
        if (line && at == NONE) {
            fputs("{", out);
            write_literal(out, line, strcspn(line, "( \n"));
            fputs(", ", out);
            write_literal(out, line, len);
            fputs(", ", out);
            at = USAGE;
        } else if (line) {
            if (at == TEXT) fputs(" \" \" ", out);
            write_literal(out, line, len);
            at = TEXT;
        } else if (at != NONE) {
            if (at == USAGE) fputs("\"\"", out);
            fputs("},\n", out);
            at = NONE;
        }
        p += n + (p[n] == '\n');
    }
    if (at != NONE) die("ends in documentation", f->name);
}

int main(int argc, char **argv)
{
    if (argc < 5) die("LUA_DIR OUT.c OUT.inc FILE...", "usage");
    int n = argc - 4;
    file *files = calloc((size_t)n, sizeof *files);
    FILE *c = fopen(argv[2], "w"), *inc = fopen(argv[3], "w");
    if (!files || !c || !inc) die("cannot be written", argv[2]);
    fputs("/* Made at build time by src/script/gen/embed.c from lua/onnxsh. */\n#include \"script/files.h\"\n\n", c);
    for (int i = 0; i < n; i++) {
        files[i].name = argv[i + 4];
        files[i].text = read_all(argv[1], files[i].name, &files[i].n);
        fprintf(c, "static const char file_%d[] =\n    ", i);
        write_literal(c, files[i].text, files[i].n);
        fputs(";\n\n", c);
        current = i;
        if (strncmp(files[i].name, "symbolic/", 9) == 0) index_family(&files[i]);
        write_docs(inc, &files[i]);
    }
    fputs("const ox__lua_file ox__lua_files[] = {\n", c);
    for (int i = 0; i < n; i++) fprintf(c, "    {\"%s\", file_%d, sizeof file_%d - 1},\n", files[i].name, i, i);
    fprintf(c, "};\nconst size_t ox__lua_n_files = %d;\n\n", n);
    write_index(c, files);
    if (fclose(c) != 0 || fclose(inc) != 0) die("cannot be written", argv[2]);
    return 0;
}
