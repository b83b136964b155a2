/* Floor 3. Opening: the registry of formats, and who recognises a file by its content. */
#include "io/format.h"

#include <onnxsh/io.h>

#include <strings.h>
#include <unistd.h>

#define OX_FORMAT(name) extern const ox__format ox__format_##name;
#include "io/formats.def"
#undef OX_FORMAT

static const ox__format *const formats[] = {
#define OX_FORMAT(name) &ox__format_##name,
#include "io/formats.def"
#undef OX_FORMAT
};

enum { N_FORMATS = OX__COUNT(formats) };
/* A pipe is read whole: what exceeds this belongs into a file. */
#define MAX_PIPE (UINT64_C(2) << 30)

/* The table is filled with the same words each time that it is asked for. */
size_t ox_formats(const ox_format_row **rows)
{
#define OX_FORMAT(name) {0},
    static ox_format_row table[] = {
#include "io/formats.def"
    };
#undef OX_FORMAT
    for (size_t i = 0; i < N_FORMATS; i++)
        table[i] = (ox_format_row){formats[i]->name, formats[i]->extensions, formats[i]->help};
    *rows = table;
    return N_FORMATS;
}

/* What comes in the place of a model when something went wrong on its way. */
static const struct {
    const char *begin, *what, *hint;
} strangers[] = {
    {"version https://git-lfs.github.com/spec/", "this is a Git LFS pointer, not the file that it stands for",
     "fetch that with `git lfs pull`, or download the file itself"},
    {"<!doctype html", "this is a web page",
     "a download that was answered with a page: a login, or the page about the file"},
    {"<html", "this is a web page", "a download that was answered with a page: a login, or the page about the file"},
};

const char *ox__stranger(const uint8_t *p, uint64_t n, const char **hint)
{
    for (size_t i = 0; i < OX__COUNT(strangers); i++) {
        size_t len = strlen(strangers[i].begin);
        if (n < len || strncasecmp((const char *)p, strangers[i].begin, len) != 0) continue;
        *hint = strangers[i].hint;
        return strangers[i].what;
    }
    return NULL;
}

static ox_status refuse_stranger(const ox__map *map, ox_error *err)
{
    const char *hint = "", *what = map->n ? ox__stranger(map->p, map->n, &hint) : "the file is empty";
    if (!what) return OX_OK;
    ox_status s = ox__fail(err, OX_E_FORMAT, "%s", what);
    ox_error_hint(err, "%s", hint);
    ox_error_at_line(err, map->path, 0, 0);
    return s;
}

typedef struct sniffing {
    const ox__map *map;
    const char *path;
    const ox__format *found;
} sniffing;

static ox_status sniff(void *ud, ox_error *err)
{
    sniffing *sn = ud;
    int best = 0;
    ox_status s = refuse_stranger(sn->map, err);
    if (s != OX_OK) return s;
    for (size_t i = 0; i < N_FORMATS; i++) {
        int sure = formats[i]->sniff(sn->map->p, sn->map->n, sn->path);
        if (sure > best) {
            best = sure;
            sn->found = formats[i];
        }
    }
    return OX_OK;
}

static ox_status fail_unknown(ox_error *err, const char *path, const char *format)
{
    ox__buf names = {0};
    for (size_t i = 0; i < N_FORMATS; i++) ox__buf_addf(&names, "%s%s", i ? ", " : "", formats[i]->name);
    ox_status s = format ? ox__fail(err, OX_E_INVALID, "there is no format '%s'", format)
                         : ox__fail(err, OX_E_FORMAT, "this is in no format that can be opened");
    ox_error_hint(err, "formats: %s", names.p ? names.p : "");
    if (!format) ox_error_at_line(err, path, 0, 0);
    if (names.failed) s = ox__nomem(err);
    ox__buf_free(&names);
    return s;
}

static ox_status find_format(const ox__format **out, const ox__map *map, const char *path, const char *name,
                             ox_error *err)
{
    for (size_t i = 0; name && i < N_FORMATS; i++)
        if (strcmp(formats[i]->name, name) == 0) {
            *out = formats[i];
            return OX_OK;
        }
    if (name) return fail_unknown(err, path, name);
    sniffing sn = {map, path, NULL};
    ox_status s = ox__guarded(sniff, &sn, path, err);
    if (s != OX_OK) return s;
    *out = sn.found;
    return sn.found ? OX_OK : fail_unknown(err, path, NULL);
}

static ox_status open_map(ox_model **out, ox__map *map, const char *path, const ox_open_options *opt, ox_warn_fn warn,
                          void *ud, ox_error *err)
{
    static const ox_open_options none;
    ox__open_args args = {map, path, opt ? opt : &none, warn, ud};
    const ox__format *format;
    *out = NULL;
    ox_status s = find_format(&format, map, path, args.opt->format, err);
    if (s == OX_OK && args.opt->method && !format->methods) {
        s = ox__fail(err, OX_E_NOT_FOUND, "the file holds no code, so no method '%s'", args.opt->method);
        ox_error_hint(err, "archives of torch.jit.save do");
        ox_error_at_line(err, path, 0, 0);
    }
    if (s == OX_OK && args.opt->graph > 1 && !format->list) {
        s = ox__fail(err, OX_E_NOT_FOUND, "the file has one graph, not %d", args.opt->graph);
        ox_error_at_line(err, path, 0, 0);
    }
    return s == OX_OK ? format->open(out, &args, err) : s;
}

static ox_status map_path(ox__map *map, const char **path, const ox_task *task, ox_error *err)
{
    if (strcmp(*path, "-") != 0) return ox__map_open_any(map, *path, task, err);
    *path = "<stdin>";
    return ox__map_read_fd(map, STDIN_FILENO, *path, MAX_PIPE, task, err);
}

ox_status ox_open(ox_model **out, const char *path, const ox_open_options *opt, ox_warn_fn warn, void *ud,
                  ox_error *err)
{
    ox__map map;
    if (!out || !path) return ox__fail(err, OX_E_INVALID, "no path was given");
    *out = NULL;
    ox_status s = map_path(&map, &path, opt ? opt->task : NULL, err);
    if (s != OX_OK) return s;
    s = open_map(out, &map, path, opt, warn, ud, err);
    ox__map_close(&map); /* what the loader did not hand over */
    return s;
}

ox_status ox_open_memory(ox_model **out, const void *data, size_t n, const char *name, const ox_open_options *opt,
                         ox_warn_fn warn, void *ud, ox_error *err)
{
    if (!out || (!data && n)) return ox__fail(err, OX_E_INVALID, "no data was given");
    *out = NULL;
    if (!name) name = "<memory>";
    ox__map map = {.owned_memory = true, .n = n, .fd = -1};
    map.path = ox__strndup(name, strlen(name));
    void *copy = ox__alloc(n);
    map.p = copy;
    if (!map.path || !copy) {
        ox__map_close(&map);
        return ox__nomem(err);
    }
    if (n) memcpy(copy, data, n);
    ox_status s = open_map(out, &map, name, opt, warn, ud, err);
    ox__map_close(&map);
    return s;
}

ox_status ox_list_graphs(const char *path, ox_graph_row *rows, size_t max, size_t *n, ox_error *err)
{
    static const ox_open_options none;
    ox__map map;
    const ox__format *format;
    if (!path || !n) return ox__fail(err, OX_E_INVALID, "no path was given");
    *n = 0;
    ox_status s = map_path(&map, &path, NULL, err);
    if (s != OX_OK) return s;
    ox__open_args args = {&map, path, &none, NULL, NULL};
    s = find_format(&format, &map, path, NULL, err);
    if (s == OX_OK && format->list) {
        s = format->list(&args, rows, max, n, err);
    } else if (s == OX_OK) {
        *n = 1;
        if (rows && max) rows[0] = (ox_graph_row){.title = "graph"};
    }
    ox__map_close(&map);
    return s;
}
