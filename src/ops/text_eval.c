/* Floor 3. Computing StringConcat, StringNormalizer and StringSplit. Texts are made in one buffer; parts of inputs are
 * pointed at where they lie. */
#include "ops/move.h"
#include "ops/text.h"

#include <inttypes.h>

static ox_status need_strings(ox__ev *e, size_t n)
{
    ox_status s = ox__ev_need(e, 0, n);
    for (size_t i = 0; s == OX_OK && i < n; i++)
        if (e->in[i].dtype != OX_STRING) s = ox__ev_fail(e, "input %zu holds no strings", i);
    return s;
}

/* ---- StringConcat ---- */

/* The broadcast of both inputs, and how each is walked. */
static ox_status broadcast(ox__ev *e, int64_t *dims, uint32_t rank, ox__view view[2])
{
    ox_status s = OX_OK;
    for (size_t k = 0; k < 2; k++) {
        const ox__dense *a = &e->in[k], *b = &e->in[1 - k];
        int64_t *strides = ox__mv_dims(e, a->rank, &s);
        if (!strides) return s;
        ox__ev_strides(a->dims, a->rank, strides);
        for (uint32_t i = 0; i < rank; i++) {
            int64_t x = i < rank - a->rank ? 1 : a->dims[i - (rank - a->rank)],
                    y = i < rank - b->rank ? 1 : b->dims[i - (rank - b->rank)];
            if (x != y && x != 1 && y != 1)
                return ox__ev_fail(e, "dims %" PRId64 " and %" PRId64 " cannot be broadcast", x, y);
            dims[i] = x == 1 ? y : x;
            ox__view_dim(&view[k], dims[i], x != 1 ? strides[i - (rank - a->rank)] : 0);
        }
    }
    return OX_OK;
}

ox_status ox__eval_string_concat(ox__ev *e)
{
    ox_status s = need_strings(e, 2);
    if (s != OX_OK) return s;
    uint32_t rank = OX__MAX(e->in[0].rank, e->in[1].rank);
    int64_t *dims = ox__mv_dims(e, rank, &s);
    ox__view view[2] = {0};
    ox__dest d;
    if (dims) s = broadcast(e, dims, rank, view);
    if (s == OX_OK) s = ox__mv_begin(e, &d, 0, OX_STRING, rank, dims);
    if (s != OX_OK) return s;
    ox_bytes *out = (void *)d.data, *tail = ox__arena_alloc(e->mem, ((size_t)d.n + 1) * sizeof *tail);
    if (!tail) return ox__nomem(e->err);
    if (d.n) {
        ox__view_copy(e, out, e->in[0].data, sizeof *out, &view[0]);
        ox__view_copy(e, tail, e->in[1].data, sizeof *tail, &view[1]);
    }
    uint64_t total = 0;
    for (uint64_t i = 0; i < d.n; i++) {
        size_t n = out[i].n + tail[i].n;
        total += n;
        if (total > e->max_bytes) return ox__fail(e->err, OX_E_LIMIT, "StringConcat: the strings are too large");
        char *text = ox__arena_alloc(e->mem, n + 1);
        if (!text) return ox__nomem(e->err);
        if (out[i].n) memcpy(text, out[i].p, out[i].n);
        if (tail[i].n) memcpy(text + out[i].n, tail[i].p, tail[i].n);
        out[i] = (ox_bytes){text, n};
    }
    return ox__mv_end(e, &d);
}

/* ---- StringNormalizer ---- */
typedef enum casing { CASE_KEEP, CASE_LOWER, CASE_UPPER } casing;

/* A text in the given case; it lives in e->mem. */
static ox_status cased(ox__ev *e, ox_bytes t, casing how, ox_bytes *out)
{
    *out = t;
    if (how == CASE_KEEP || !t.n) return OX_OK;
    ox__buf b = {0};
    ox__buf_add_cased(&b, t.p, t.n, how == CASE_UPPER);
    void *p = b.failed ? NULL : ox__arena_dup(e->mem, b.p, b.n);
    if (p) *out = (ox_bytes){p, b.n};
    ox__buf_free(&b);
    return p ? OX_OK : ox__nomem(e->err);
}

static bool is_in(ox_bytes t, const ox_bytes *words, size_t n)
{
    for (size_t i = 0; i < n; i++)
        if (words[i].n == t.n && (!t.n || memcmp(words[i].p, t.p, t.n) == 0)) return true;
    return false;
}

static ox_status stop_words(ox__ev *e, casing how, ox_bytes **out, size_t *n)
{
    const ox_str *given = ox__ev_strings(e, "stopwords", n);
    ox_bytes *words = ox__arena_alloc(e->mem, (*n + 1) * sizeof *words);
    ox_status s = words ? OX_OK : ox__nomem(e->err);
    for (size_t i = 0; s == OX_OK && i < *n; i++) {
        ox_bytes w;
        w.p = ox_str_text(e->m, given[i], &w.n);
        s = cased(e, w, how, &words[i]);
    }
    *out = words;
    return s;
}

/* What is left is cased; a comparison that ignores case is one of texts in that case, or in lower case. */
ox_status ox__eval_string_normalizer(ox__ev *e)
{
    ox_status s = need_strings(e, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    if (a->rank < 1 || a->rank > 2 || (a->rank == 2 && a->dims[0] != 1))
        return ox__ev_fail(e, "the dims are neither [C] nor [1, C]");
    casing change = CASE_KEEP;
    if (ox__ev_string_is(e, "case_change_action", "NONE", "LOWER"))
        change = CASE_LOWER;
    else if (ox__ev_string_is(e, "case_change_action", "NONE", "UPPER"))
        change = CASE_UPPER;
    else if (!ox__ev_string_is(e, "case_change_action", "NONE", "NONE"))
        return ox__ev_fail(e, "case_change_action is none of NONE, LOWER, UPPER");
    casing compare = ox__ev_int(e, "is_case_sensitive", 0) ? CASE_KEEP : change == CASE_KEEP ? CASE_LOWER : change;
    ox_bytes *stop, *left = ox__arena_alloc(e->mem, ((size_t)a->n + 1) * sizeof *left);
    size_t n_stop, n = 0;
    if (!left) return ox__nomem(e->err);
    s = stop_words(e, compare, &stop, &n_stop);
    for (uint64_t i = 0; s == OX_OK && i < a->n; i++) {
        ox_bytes t = ((const ox_bytes *)a->data)[i], key = t;
        if (n_stop) s = cased(e, t, compare, &key);
        if (s != OX_OK || is_in(key, stop, n_stop)) continue;
        s = cased(e, t, change, &left[n++]);
    }
    if (s != OX_OK) return s;
    if (!n) left[n++] = (ox_bytes){"", 0}; /* nothing is left: one empty string */
    int64_t dims[2] = {a->rank == 2 ? 1 : (int64_t)n, (int64_t)n};
    return ox__ev_out_strings(e, 0, a->rank, dims, left);
}

/* ---- StringSplit ---- */
typedef struct parts {
    ox_bytes delimiter; /* n 0: runs of white space */
    uint64_t max;       /* splits */
} parts;

static bool is_space(char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r');
}

/* The first place of the delimiter from p on; end if there is none. */
static const char *find(const char *p, const char *end, ox_bytes what)
{
    for (; (size_t)(end - p) >= what.n; p++) {
        p = memchr(p, what.p[0], (size_t)(end - p) - what.n + 1);
        if (!p) return end;
        if (memcmp(p, what.p, what.n) == 0) return p;
    }
    return end;
}

/* Calls for each part of t by writing it to out (may be NULL); returns how many there are. */
static uint64_t split(const parts *k, ox_bytes t, ox_bytes *out)
{
    const char *p = t.n ? t.p : "", *end = p + t.n;
    uint64_t n = 0;
    bool blanks = k->delimiter.n == 0;
    while (blanks && end > p && is_space(end[-1])) end--;
    for (;;) {
        while (blanks && p < end && is_space(*p)) p++;
        if (blanks && p == end) return n;
        const char *stop = end;
        if (n < k->max && blanks)
            for (stop = p; stop < end && !is_space(*stop);) stop++;
        else if (n < k->max)
            stop = find(p, end, k->delimiter);
        if (out) out[n] = (ox_bytes){p, (size_t)(stop - p)};
        n++;
        if (stop == end) return n;
        p = stop + (blanks ? 1 : k->delimiter.n);
    }
}

ox_status ox__eval_string_split(ox__ev *e)
{
    ox_status s = need_strings(e, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    const ox_bytes *texts = a->data;
    parts k;
    int64_t most = 0, limit = ox__ev_int(e, "maxsplit", -1), *dims = ox__mv_dims(e, a->rank + 1, &s);
    k.delimiter.p = ox__ev_string(e, "delimiter", "", &k.delimiter.n);
    k.max = limit < 0 ? UINT64_MAX : (uint64_t)limit;
    int64_t *counts = dims ? ox__ev_out(e, 1, OX_INT64, a->rank, a->dims, &s) : NULL;
    if (!counts) return s;
    for (uint64_t i = 0; i < a->n; i++) {
        counts[i] = (int64_t)split(&k, texts[i], NULL);
        most = OX__MAX(most, counts[i]);
    }
    if (a->rank) memcpy(dims, a->dims, a->rank * sizeof *dims);
    dims[a->rank] = most;
    ox__dest d;
    s = ox__mv_begin(e, &d, 0, OX_STRING, a->rank + 1, dims);
    if (s != OX_OK) return s;
    for (uint64_t i = 0; i < a->n; i++) split(&k, texts[i], (ox_bytes *)(void *)d.data + i * (uint64_t)most);
    return ox__mv_end(e, &d);
}
