/* Floor 3. Where the code of an archive comes from: its .debug_pkl holds, by byte of the code, the piece of Python that
 * it was compiled from; for traced code that is the Python stack at the time, one frame a line. Records that are not as
 * they should be say nothing.
 *
 *   ("FORMAT_WITH_STRING_TABLE", (texts...), ((offset, ((numbers of texts, of the file name, line), from, to),
 * tag)...)) of before PyTorch 1.10: ((offset, ((text, file name, line), from, to), ...)...) */
#include "io/torchscript/lower.h"

static const ox__obj *item(const ox__obj *o, uint32_t i)
{
    return o && (o->kind == OX__OBJ_TUPLE || o->kind == OX__OBJ_LIST) && i < o->n ? o->items[i] : NULL;
}

static int64_t number(const ox__obj *o)
{
    return o && o->kind == OX__OBJ_INT ? o->i : -1;
}

/* The texts, or NULL where they stand in the records themselves. */
static const ox__obj *table(const ox__ts_file *file)
{
    return ox__obj_is(item(file->debug, 0), "FORMAT_WITH_STRING_TABLE") ? item(file->debug, 1) : NULL;
}

static const ox__obj *records(const ox__ts_file *file)
{
    const ox__obj *o = table(file) ? item(file->debug, 2) : file->debug;
    return o && o->kind == OX__OBJ_TUPLE ? o : NULL;
}

/* A text that a record names: by number, or itself. */
static const ox__obj *text_of(const ox__ts_file *file, const ox__obj *o)
{
    int64_t i = number(o);
    if (i >= 0 && i <= UINT32_MAX) o = item(table(file), (uint32_t)i);
    return o && o->kind == OX__OBJ_STR ? o : NULL;
}

/* The last record that begins at or before a byte; UINT32_MAX if there is none. */
static uint32_t record_at(const ox__obj *all, uint32_t at)
{
    uint32_t lo = 0, hi = all->n;
    while (lo < hi) {
        uint32_t mid = lo + (hi - lo) / 2;
        if (number(item(all->items[mid], 0)) <= (int64_t)at)
            lo = mid + 1;
        else
            hi = mid;
    }
    return lo - 1;
}

/* Calls fn for each piece of a record's text, until it says false. */
static void pieces(const ox__ts_file *file, const ox__obj *record, bool (*fn)(void *ud, const char *s, size_t n),
                   void *ud)
{
    const ox__obj *of = item(item(item(record, 1), 0), 0);
    bool many = of && (of->kind == OX__OBJ_LIST || of->kind == OX__OBJ_TUPLE);
    for (uint32_t i = 0; i < (many ? of->n : 1); i++) {
        const ox__obj *s = text_of(file, many ? of->items[i] : of);
        if (s && !fn(ud, s->s, s->n)) return;
    }
}

typedef struct count {
    int64_t left; /* bytes up to the place */
    uint32_t line, col;
} count;

static bool count_lines(void *ud, const char *s, size_t n)
{
    count *c = ud;
    for (size_t i = 0; i < n && c->left; i++, c->left--) {
        c->col++;
        if (s[i] == '\n') c->line++, c->col = 0;
    }
    return c->left != 0;
}

bool ox__ts_place_of(ox__ts *t, const ox__ts_file *file, uint32_t at, ox__ts_place *out)
{
    const ox__obj *all = records(file);
    uint32_t k = all && at != UINT32_MAX ? record_at(all, at) : UINT32_MAX;
    if (k == UINT32_MAX) return false;
    out->record = all->items[k];
    const ox__obj *range = item(out->record, 1), *source = item(range, 0), *name = text_of(file, item(source, 1));
    int64_t line = number(item(source, 2)), start = number(item(range, 1));
    if (!name || !name->n || line < 0 || line > INT32_MAX || start < 0) return false;
    ox__ts_file *notes = (ox__ts_file *)(uintptr_t)file; /* files are made by names, in the arena */
    if (!notes->places && !(notes->places = ox__ts_alloc(t, all->n * sizeof *notes->places))) return false;
    if (!file->places[k]) {
        count c = {.left = start};
        pieces(file, out->record, count_lines, &c);
        notes->places[k] = (uint64_t)c.line << 32 | (c.col + 1);
    }
    out->file = name->s;
    out->file_n = name->n;
    out->line = (uint32_t)line + (uint32_t)(file->places[k] >> 32);
    out->col = (uint32_t)file->places[k] - 1;
    return true;
}

/* "/a/net.py(14): forward" is a frame; a line of code is not. */
static bool is_frame(const char *s, size_t n)
{
    const char *open = memrchr(s, '(', n), *end = s + n, *p = open ? open + 1 : end;
    if (!open || open == s) return false;
    while (p < end && *p >= '0' && *p <= '9') p++;
    return p > open + 1 && end - p > 2 && memcmp(p, "): ", 3) == 0;
}

static bool add_frame(void *ud, const char *s, size_t n)
{
    ox__buf *out = ud;
    size_t line = n && s[n - 1] == '\n' ? n - 1 : n;
    if (!is_frame(s, line)) return n == 0;
    ox__buf_add(out, s, line);
    ox__buf_addc(out, '\n');
    return true;
}

void ox__ts_trace(const ox__ts_file *file, const ox__ts_place *place, ox__buf *out)
{
    pieces(file, place->record, add_frame, out);
}
