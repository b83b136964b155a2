/* Floor 3. Tensors in dumps: `{9216}` for one element, PyTorch's tensor print for 0 and 2 to 10 elements, `<Tensor>`
 * for data that is not in the dump. Dtype and shape come from the print or from the type of the constant's value; where
 * neither tells them the text is kept and marked lost, since a guess would change what the graph computes. */
#include "io/text/text.h"

#include <math.h>

typedef struct tensor_text {
    ox_dtype dtype;
    uint32_t rank;
    int64_t dims[OX_MAX_RANK];
    uint64_t n; /* elements */
} tensor_text;

static bool is_text(ox__span s, const char *text)
{
    return s.n == strlen(text) && memcmp(s.p, text, s.n) == 0;
}

static ox_status keep_text(ox__text *t, ox__span text, ox_attr *a)
{
    a->kind = OX_ATTR_RAW;
    a->lost = true;
    a->u.s = ox_str_add(t->m, text.p, text.n);
    ox__text_count(t, OX__NOTE_LOST, text.p, text.n);
    return OX_OK;
}

/* Shape and dtype of a value's type, when all is known. */
static bool shape_of(const ox__text *t, ox_type type, tensor_text *x)
{
    ox_type_info info = ox_type_get(t->m, type);
    if (info.kind != OX_TYPE_TENSOR || info.dtype == OX_UNDEFINED || info.rank < 0) return false;
    x->dtype = info.dtype;
    x->rank = (uint32_t)info.rank;
    x->n = 1;
    for (uint32_t i = 0; i < x->rank; i++)
        if (!ox_dim_is_const(t->m, info.dims[i], &x->dims[i]) || x->dims[i] < 0 ||
            __builtin_mul_overflow(x->n, (uint64_t)x->dims[i], &x->n))
            return false;
    return true;
}

static ox_status add(ox__text *t, const tensor_text *x, const void *data, uint64_t n_bytes, bool rounded, ox_attr *a)
{
    ox_tensor_info info = {.dtype = x->dtype, .rank = x->rank, .dims = x->dims};
    info.storage = data ? OX_STORAGE_OWNED : OX_STORAGE_LOST;
    info.encoding = OX_ENC_RAW;
    info.rounded = rounded;
    info.data = data;
    info.n_bytes = n_bytes;
    a->kind = OX_ATTR_TENSOR;
    a->rounded = rounded;
    return ox_tensor_add(t->m, &a->u.t, &info, t->err);
}

static ox_status lost(ox__text *t, ox__span text, ox_type type, ox_attr *a)
{
    tensor_text x;
    a->kind = OX_ATTR_TENSOR;
    a->lost = true;
    ox__text_count(t, OX__NOTE_LOST, text.p, text.n);
    if (!shape_of(t, type, &x)) return OX_OK;
    ox_status s = add(t, &x, NULL, 0, false, a);
    a->lost = true;
    return s;
}

/* ---- one element ---- */

/* `(3,1)` or `2` into a complex element. */
static bool complex_element(ox_dtype dtype, ox__span text, void *out, bool *rounded)
{
    double re, im = 0;
    if (text.n > 2 && *text.p == '(' && text.p[text.n - 1] == ')') {
        text = (ox__span){text.p + 1, text.n - 2};
        const char *comma = memchr(text.p, ',', text.n);
        if (!comma) return false;
        ox__span rest = {comma + 1, (size_t)(text.p + text.n - comma - 1)};
        text.n = (size_t)(comma - text.p);
        if (!ox_text_parse_f64(rest.p, rest.n, &im)) return false;
        *rounded = ox__text_is_rounded(rest);
    }
    if (!ox_text_parse_f64(text.p, text.n, &re)) return false;
    *rounded = *rounded || ox__text_is_rounded(text);
    float f[2] = {(float)re, (float)im};
    double d[2] = {re, im};
    if (dtype == OX_COMPLEX64)
        memcpy(out, f, sizeof f);
    else
        memcpy(out, d, sizeof d);
    return true;
}

/* Stores an integer where the element type is one and the text too. */
static bool element(ox_dtype dtype, ox__span text, void *out, uint64_t i, bool *fraction)
{
    int64_t v;
    double f;
    bool whole = ox_text_parse_i64(text.p, text.n, &v);
    if (whole && !ox_dtype_is_float(dtype)) {
        ox_dtype_set_i64(dtype, out, i, v);
        return true;
    }
    if (!ox_text_parse_f64(text.p, text.n, &f)) return false;
    *fraction = !whole;
    ox_dtype_set_f64(dtype, out, i, f);
    return true;
}

static ox_status scalar(ox__text *t, ox__span text, ox_type type, ox_attr *a)
{
    tensor_text x;
    char bytes[16] = {0};
    uint64_t n_bytes;
    bool rounded = false, fraction = false, ok;
    ox__span number = {text.p + 1, text.n - 2};
    if (!shape_of(t, type, &x) || x.n != 1 || !ox_dtype_bytes(x.dtype, 1, &n_bytes)) return keep_text(t, text, a);
    if (ox_dtype_is_complex(x.dtype))
        ok = complex_element(x.dtype, number, bytes, &rounded);
    else
        ok = element(x.dtype, number, bytes, 0, &fraction);
    if (!ok) return keep_text(t, text, a);
    if (ox_dtype_is_float(x.dtype)) rounded = ox__text_is_rounded(number);
    if (rounded) ox__text_count(t, OX__NOTE_ROUNDED, number.p, number.n);
    return add(t, &x, bytes, n_bytes, rounded, a);
}

/* ---- the print of 0 and 2 to 10 elements ---- */

/* The `[ CPULongType{2} ]` at the end; NULL if there is none. */
static const char *tail_of(ox__span text)
{
    if (text.n < 8 || text.p[text.n - 1] != ']') return NULL;
    size_t n = text.n;
    for (int i = 0; i < 4; i++) {
        const char *p = memrchr(text.p, '[', n);
        if (!p) return NULL;
        n = (size_t)(p - text.p);
        size_t rest = text.n - n;
        if (p[1] != ' ') continue;
        bool named = memmem(p, rest, "Type", 4) || memmem(p, rest, "Tensor", 6);
        return named && memchr(p, '{', rest) ? p : NULL;
    }
    return NULL;
}

bool ox__text_is_pretty(ox__span text)
{
    return tail_of(text) != NULL;
}

/* "CPULongType", "Variable[CUDAFloatType]": the longest end that is an element type's name. */
static ox_dtype dtype_of(ox__span word)
{
    const char *open = memchr(word.p, '[', word.n), *end = word.p + word.n;
    if (open) word.p = open + 1;
    while (end > word.p && end[-1] == ']') end--;
    size_t n = (size_t)(end - word.p), cut = 0;
    if (n > 4 && memcmp(end - 4, "Type", 4) == 0) cut = 4;
    if (n > 6 && memcmp(end - 6, "Tensor", 6) == 0) cut = 6;
    end -= cut;
    /* a quantized tensor prints neither its integers nor exactly its values */
    if (memmem(word.p, (size_t)(end - word.p), "Quantized", 9)) return OX_UNDEFINED;
    for (const char *p = word.p; p < end; p++) {
        ox_dtype d = ox_dtype_find(p, (size_t)(end - p), OX_DTYPE_TORCH);
        if (d != OX_UNDEFINED) return d;
    }
    return OX_UNDEFINED;
}

/* Reads `[ CPULongType{2,3} ]`. */
static bool read_tail(const char *tail, const char *end, tensor_text *x)
{
    const char *open = memchr(tail, '{', (size_t)(end - tail)),
               *close = open ? memchr(open, '}', (size_t)(end - open)) : NULL;
    if (!close) return false;
    x->dtype = dtype_of((ox__span){tail + 2, (size_t)(open - tail - 2)});
    x->rank = 0;
    x->n = 1;
    for (const char *p = open + 1; p < close;) {
        const char *e = memchr(p, ',', (size_t)(close - p));
        if (!e) e = close;
        if (x->rank == OX_MAX_RANK || !ox_text_parse_i64(p, (size_t)(e - p), &x->dims[x->rank]) ||
            x->dims[x->rank] < 0 || __builtin_mul_overflow(x->n, (uint64_t)x->dims[x->rank], &x->n))
            return false;
        x->rank++;
        p = e < close ? e + 1 : e;
    }
    return x->dtype != OX_UNDEFINED && !ox_dtype_is_complex(x->dtype); /* of complex ones only real parts are printed */
}

/* Where the next element goes: the print shows matrices, each in blocks of columns. */
typedef struct place {
    uint64_t base;         /* of the matrix */
    uint64_t cols, c0, c1; /* of the matrix; of the block of columns */
    uint64_t k;            /* elements read in the block */
    double scale;
} place;

static bool next_word(const char **p, const char *end, ox__span *out)
{
    while (*p < end && **p == ' ') ++*p;
    const char *b = *p;
    while (*p < end && **p != ' ') ++*p;
    *out = (ox__span){b, (size_t)(*p - b)};
    return out->n != 0;
}

/* "(2,1,.,.)": which matrix follows. */
static bool read_slice(const tensor_text *x, ox__span word, place *at)
{
    const char *p = word.p + 1, *end = word.p + word.n;
    uint64_t index = 0, size = 1;
    for (uint32_t i = 0; i + 2 < x->rank; i++) {
        const char *e = memchr(p, ',', (size_t)(end - p));
        int64_t v;
        if (!e || !ox_text_parse_i64(p, (size_t)(e - p), &v) || v < 1 || v > x->dims[i]) return false;
        index = index * (uint64_t)x->dims[i] + (uint64_t)(v - 1);
        p = e + 1;
    }
    for (uint32_t i = x->rank >= 2 ? x->rank - 2 : 0; i < x->rank; i++) size *= (uint64_t)x->dims[i];
    at->base = index * size;
    at->c0 = at->k = 0;
    at->c1 = at->cols;
    at->scale = 1;
    return true;
}

/* "Columns 1 to 6", its first word read. */
static bool read_columns(const char **p, const char *end, place *at)
{
    ox__span a, to, b;
    int64_t first, last;
    if (!next_word(p, end, &a) || !next_word(p, end, &to) || !next_word(p, end, &b) || !is_text(to, "to") ||
        !ox_text_parse_i64(a.p, a.n, &first) || !ox_text_parse_i64(b.p, b.n, &last) || first < 1 || last < first ||
        (uint64_t)last > at->cols)
        return false;
    at->c0 = (uint64_t)first - 1;
    at->c1 = (uint64_t)last;
    at->k = 0;
    at->scale = 1;
    return true;
}

/* A decimal with digits behind the point may have been cut there; what fits four binary digits was not. */
static bool was_cut(ox__span word, double v)
{
    if (!memchr(word.p, '.', word.n)) return false;
    return memchr(word.p, 'e', word.n) || v * 16 != floor(v * 16);
}

static bool read_elements(const char *p, const char *end, const tensor_text *x, void *data, bool *rounded)
{
    uint64_t cols = x->rank >= 2 ? (uint64_t)x->dims[x->rank - 1] : 1, done = 0;
    place at = {.cols = cols, .c1 = cols, .scale = 1};
    ox__span word;
    while (next_word(&p, end, &word)) {
        if (is_text(word, "Columns")) {
            if (!read_columns(&p, end, &at)) return false;
            continue;
        }
        if (*word.p == '(') {
            ox__span equals;
            if (!read_slice(x, word, &at) || !next_word(&p, end, &equals) || !is_text(equals, "=")) return false;
            continue;
        }
        const char *behind = p;
        ox__span star;
        double f;
        if (next_word(&behind, end, &star) && is_text(star, "*")) {
            if (!ox_text_parse_f64(word.p, word.n, &at.scale)) return false;
            p = behind;
            continue;
        }
        uint64_t width = at.c1 - at.c0;
        if (!width) return false;
        uint64_t i = at.base + at.k / width * at.cols + at.c0 + at.k % width;
        bool fraction;
        if (i >= x->n || !ox_text_parse_f64(word.p, word.n, &f)) return false;
        if (at.scale != 1)
            ox_dtype_set_f64(x->dtype, data, i, f * at.scale);
        else if (!element(x->dtype, word, data, i, &fraction))
            return false;
        *rounded = *rounded || at.scale != 1 || was_cut(word, f);
        at.k++;
        done++;
    }
    return done == x->n;
}

static ox_status pretty(ox__text *t, ox__span text, ox_attr *a)
{
    tensor_text x;
    const char *tail = tail_of(text), *end = text.p + text.n;
    uint64_t n_bytes;
    if (!read_tail(tail, end, &x) || x.n > text.n || !ox_dtype_bytes(x.dtype, x.n, &n_bytes))
        return keep_text(t, text, a);
    void *data = ox__arena_alloc(&t->scratch, (size_t)n_bytes + 1);
    if (!data) return ox__text_nomem(t);
    memset(data, 0, (size_t)n_bytes + 1);
    bool rounded = false;
    if (!read_elements(text.p, tail, &x, data, &rounded)) return keep_text(t, text, a);
    if (rounded) ox__text_count(t, OX__NOTE_ROUNDED, text.p, text.n);
    return add(t, &x, data, n_bytes, rounded, a);
}

ox_status ox__text_tensor(ox__text *t, ox__span text, ox_type type, ox_attr *a)
{
    if (is_text(text, "<Tensor>")) return lost(t, text, type, a);
    return ox__text_is_pretty(text) ? pretty(t, text, a) : scalar(t, text, type, a);
}
