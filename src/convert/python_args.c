/* Floor 5. A reader of Python literals: numbers, True, False, None, strings, tuples and lists. Nothing is evaluated. */
#include "convert/python_args.h"

#include <onnxsh/text.h>

enum { MAX_DEPTH = 32 };

typedef struct reader {
    ox__arena *mem;
    const char *p, *end;
    ox_error *err;
} reader;

static void blanks(reader *r)
{
    while (r->p < r->end && (*r->p == ' ' || *r->p == '\t' || *r->p == '\n')) r->p++;
}

static ox_status bad(reader *r)
{
    return ox__fail(r->err, OX_E_UNSUPPORTED, "the arguments of the Python operator cannot be read");
}

static ox_status read_items(reader *r, char close, int depth, ox_arg *out);

static ox_status read_string(reader *r, ox_arg *out)
{
    char quote = *r->p++;
    char *s = ox__arena_alloc(r->mem, (size_t)(r->end - r->p) + 1);
    if (!s) return ox__nomem(r->err);
    size_t n = 0;
    while (r->p < r->end && *r->p != quote) {
        if (*r->p == '\\' && r->p + 1 < r->end) r->p++;
        s[n++] = *r->p++;
    }
    if (r->p == r->end) return bad(r);
    r->p++;
    s[n] = '\0';
    *out = (ox_arg){.kind = OX_ARG_STR, .s = s, .s_n = n};
    return OX_OK;
}

/* A word up to a comma or closing bracket, brackets inside it balanced: torch.float32, Fn(1, 2). */
static ox_status read_word(reader *r, ox_arg *out)
{
    const char *from = r->p;
    int open = 0;
    for (; r->p < r->end; r->p++) {
        if (strchr("([{", *r->p) && *r->p)
            open++;
        else if (strchr(")]}", *r->p) && *r->p && open-- == 0)
            break;
        else if (*r->p == ',' && open == 0)
            break;
    }
    size_t n = (size_t)(r->p - from);
    while (n && from[n - 1] == ' ') n--;
    if (!n) return bad(r);
    int64_t i;
    double f;
    *out = (ox_arg){.kind = OX_ARG_STR, .s = from, .s_n = n};
    if (n == 4 && !memcmp(from, "None", 4))
        *out = (ox_arg){.kind = OX_ARG_NONE};
    else if (n == 4 && !memcmp(from, "True", 4))
        *out = (ox_arg){.kind = OX_ARG_BOOL, .i = 1};
    else if (n == 5 && !memcmp(from, "False", 5))
        *out = (ox_arg){.kind = OX_ARG_BOOL, .i = 0};
    else if (ox_text_parse_i64(from, n, &i))
        *out = (ox_arg){.kind = OX_ARG_INT, .i = i};
    else if (ox_text_parse_f64(from, n, &f))
        *out = (ox_arg){.kind = OX_ARG_FLOAT, .f = f};
    else {
        char *s = ox__arena_alloc(r->mem, n + 1);
        if (!s) return ox__nomem(r->err);
        memcpy(s, from, n);
        s[n] = '\0';
        out->s = s;
    }
    return OX_OK;
}

static ox_status read_one(reader *r, int depth, ox_arg *out)
{
    blanks(r);
    if (r->p == r->end || depth > MAX_DEPTH) return bad(r);
    if (*r->p == '\'' || *r->p == '"') return read_string(r, out);
    if (*r->p == '(' || *r->p == '[') {
        char close = *r->p++ == '(' ? ')' : ']';
        return read_items(r, close, depth + 1, out);
    }
    return read_word(r, out);
}

/* Items up to `close`, which is taken; 0: up to the end. */
static ox_status read_items(reader *r, char close, int depth, ox_arg *out)
{
    OX__VEC(ox_arg) items = {0};
    ox_status s = OX_OK;
    for (;;) {
        blanks(r);
        if (r->p == r->end || (close && *r->p == close)) break;
        ox_arg one;
        OX__TRY(read_one(r, depth, &one));
        if (!ox__vec_push(&items, one)) OX__TRY(ox__nomem(r->err));
        blanks(r);
        if (r->p < r->end && *r->p == ',')
            r->p++;
        else if (r->p < r->end && !(close && *r->p == close))
            OX__TRY(bad(r));
    }
    if (close && r->p == r->end) OX__TRY(bad(r));
    if (close) r->p++;
    ox_arg *copy = ox__arena_dup(r->mem, items.p, items.n * sizeof *copy);
    if (!copy) OX__TRY(ox__nomem(r->err));
    *out = (ox_arg){.kind = OX_ARG_LIST, .n = items.n, .items = copy};
out:
    ox__vec_free(&items);
    return s;
}

ox_status ox__python_args(ox__arena *mem, const char *text, size_t n, ox_arg *out, ox_error *err)
{
    reader r = {mem, text, text + n, err};
    return read_items(&r, 0, 0, out);
}
