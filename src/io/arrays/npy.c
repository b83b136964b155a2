/* Floor 3. The header of a .npy array: a magic number, a version, and a Python dictionary of three entries, which is
 * read as data by the small grammar below and by nothing else. */
#include "io/arrays/arrays_in.h"

#include <stdio.h>

#include <onnxsh/text.h>

static const char magic[] = "\x93NUMPY";

bool ox__npy_sniff(const uint8_t *p, uint64_t n)
{
    return n >= 10 && memcmp(p, magic, 6) == 0;
}

/* The text of the dictionary, and how far it is read. */
typedef struct cursor {
    const char *p, *end;
} cursor;

static void skip_blanks(cursor *c)
{
    while (c->p < c->end && (*c->p == ' ' || *c->p == '\n' || *c->p == '\t' || *c->p == '\r')) c->p++;
}

static bool take(cursor *c, char what)
{
    skip_blanks(c);
    if (c->p >= c->end || *c->p != what) return false;
    c->p++;
    return true;
}

static bool take_word(cursor *c, const char *word)
{
    size_t n = strlen(word);
    skip_blanks(c);
    if ((size_t)(c->end - c->p) < n || memcmp(c->p, word, n) != 0) return false;
    c->p += n;
    return true;
}

/* 'text' or "text", without escapes: names of keys and types need none. */
static bool take_string(cursor *c, const char **s, size_t *n)
{
    skip_blanks(c);
    if (c->p >= c->end || (*c->p != '\'' && *c->p != '"')) return false;
    char quote = *c->p++;
    *s = c->p;
    while (c->p < c->end && *c->p != quote && *c->p != '\\') c->p++;
    *n = (size_t)(c->p - *s);
    return take(c, quote);
}

/* ( 3, 4L, ) */
static bool take_shape(cursor *c, int64_t *dims, uint32_t *rank)
{
    enum { MOST = 64 }; /* NumPy's own limit */
    *rank = 0;
    if (!take(c, '(')) return false;
    while (!take(c, ')')) {
        skip_blanks(c);
        const char *from = c->p;
        while (c->p < c->end && *c->p >= '0' && *c->p <= '9') c->p++;
        if (*rank == MOST || !ox_text_parse_i64(from, (size_t)(c->p - from), &dims[*rank])) return false;
        (*rank)++;
        take(c, 'L'); /* as Python 2 wrote them */
        if (take(c, ',')) continue;
        return take(c, ')');
    }
    return true;
}

/* NumPy's type strings without the mark of the byte order; of two for one type the first is written. */
static const struct {
    char name[4];
    ox_dtype dtype;
} known[] = {
    {"b1", OX_BOOL},  {"i1", OX_INT8},   {"i2", OX_INT16},     {"i4", OX_INT32},       {"i8", OX_INT64},
    {"u1", OX_UINT8}, {"u2", OX_UINT16}, {"u4", OX_UINT32},    {"u8", OX_UINT64},      {"f2", OX_FLOAT16},
    {"f4", OX_FLOAT}, {"f8", OX_DOUBLE}, {"c8", OX_COMPLEX64}, {"c16", OX_COMPLEX128}, {"?", OX_BOOL},
};

bool ox__npy_descr(ox_dtype dtype, char *buf, size_t size)
{
    for (size_t i = 0; i < OX__COUNT(known); i++) {
        if (known[i].dtype != dtype) continue;
        snprintf(buf, size, "%c%s", ox_dtype_bits(dtype) > 8 ? '<' : '|', known[i].name);
        return true;
    }
    return false;
}

/* Reads a type string such as "<f4". */
static void set_dtype(ox__array *row, const char *s, size_t n)
{
    bool has_order = n && (*s == '<' || *s == '>' || *s == '|' || *s == '=');
    bool big = has_order && *s == '>';
    if (has_order) s++, n--;
    for (size_t i = 0; i < OX__COUNT(known); i++) {
        if (strlen(known[i].name) != n || memcmp(known[i].name, s, n) != 0) continue;
        row->dtype = known[i].dtype;
        row->swapped = big && ox_dtype_bits(row->dtype) > 8;
        return;
    }
    char kind = n ? *s : '\0';
    int64_t width;
    if (kind == 'U' && !big && ox_text_parse_i64(s + 1, n - 1, &width) && width > 0) row->text_width = (uint64_t)width;
    row->unusable = kind == 'O'   ? "its elements are Python objects, which are never unpickled"
                    : kind == 'V' ? "its elements are raw bytes (so NumPy saves bfloat16); use .safetensors"
                    : kind == 'U' || kind == 'S' ? "its elements are strings"
                                                 : "its NumPy type has no counterpart in ONNX";
}

enum { DESCR = 1, ORDER = 2, SHAPE = 4 };

/* Reads the value of a key; false if it is not what the key needs. */
static bool take_value(cursor *c, ox__array *row, int64_t *dims, const char *key, size_t n, unsigned *seen)
{
    unsigned which = n == 5 && memcmp(key, "descr", 5) == 0             ? DESCR
                     : n == 13 && memcmp(key, "fortran_order", 13) == 0 ? ORDER
                     : n == 5 && memcmp(key, "shape", 5) == 0           ? SHAPE
                                                                        : 0;
    if (!which || (*seen & which)) return false;
    *seen |= which;
    if (which == SHAPE) return take_shape(c, dims, &row->rank);
    if (which == ORDER) {
        row->fortran = take_word(c, "True");
        return row->fortran || take_word(c, "False");
    }
    const char *s;
    size_t len;
    if (!take_string(c, &s, &len)) return false;
    set_dtype(row, s, len);
    return true;
}

static bool is_structured(cursor c)
{
    return take_word(&c, "{") && (take_word(&c, "'descr'") || take_word(&c, "\"descr\"")) && take(&c, ':') &&
           take(&c, '[');
}

static bool parse(cursor c, ox__array *row, int64_t *dims)
{
    unsigned seen = 0;
    if (!take(&c, '{')) return false;
    while (!take(&c, '}')) {
        const char *key;
        size_t n;
        if (!take_string(&c, &key, &n) || !take(&c, ':') || !take_value(&c, row, dims, key, n, &seen)) return false;
        if (take(&c, ',')) continue;
        if (!take(&c, '}')) return false;
        break;
    }
    skip_blanks(&c);
    return c.p == c.end && seen == (DESCR | ORDER | SHAPE);
}

/* Fortran order is C order when at most one dim is more than 1. */
static bool order_matters(const ox__array *row)
{
    uint32_t wide = 0;
    for (uint32_t i = 0; i < row->rank; i++) wide += row->dims[i] > 1;
    return wide > 1 && row->n_bytes > 0;
}

static ox_status check_size(ox__array *row, uint64_t total, ox_error *err)
{
    row->n_bytes = total - row->skip;
    if (row->unusable) return OX_OK;
    if (!ox__array_size(row)) return ox__fail(err, OX_E_FORMAT, "the dims of the array are too large");
    if (row->n_bytes != total - row->skip)
        return ox__fail(err, OX_E_FORMAT, "the array's dims make %llu bytes, but %llu are there",
                        (unsigned long long)row->n_bytes, (unsigned long long)(total - row->skip));
    row->fortran = row->fortran && order_matters(row);
    return OX_OK;
}

ox_status ox__npy_header(ox__arrays *a, ox__array *row, const uint8_t *p, size_t n, uint64_t total, ox_error *err)
{
    if (!ox__npy_sniff(p, n)) return ox__fail(err, OX_E_FORMAT, "this is no NumPy array: its magic number is missing");
    unsigned version = p[6];
    if (version < 1 || version > 3)
        return ox__fail(err, OX_E_UNSUPPORTED, "version %u of the .npy format is not known", version);
    uint32_t len = p[8] | (uint32_t)p[9] << 8;
    size_t at = 10;
    if (version > 1) {
        if (n < 12) return ox__fail(err, OX_E_FORMAT, "the header of the array is cut short");
        len |= (uint32_t)p[10] << 16 | (uint32_t)p[11] << 24;
        at = 12;
    }
    if (len > OX__NPY_HEADER - 12) return ox__fail(err, OX_E_LIMIT, "the header of the array has %u bytes", len);
    if (len > n - at) return ox__fail(err, OX_E_FORMAT, "the header of the array is cut short");
    cursor c = {(const char *)p + at, (const char *)p + at + len};
    row->skip = at + len;
    if (is_structured(c)) {
        row->unusable = "its elements are records";
        return OX_OK;
    }
    int64_t dims[64];
    if (!parse(c, row, dims)) return ox__fail(err, OX_E_FORMAT, "the header of the array is not valid");
    row->dims = ox__arena_dup(&a->arena, dims, row->rank * sizeof *dims);
    if (!row->dims) return ox__nomem(err);
    return check_size(row, total, err);
}
