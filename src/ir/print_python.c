/* Floor 1. How Python shows what style `printable` takes from it: repr() of strings and bytes, and the text form of a
 * TypeProto. */
#include "ir/print.h"
#include "ir/dim.h"

#include <onnxsh/text.h>

/* ---- repr ---- */

/* One byte inside quotes: as it is, or escaped. */
static void ascii(ox__buf *b, unsigned char c, char quote, bool octal)
{
    if (c == (unsigned char)quote || c == '\\')
        ox__buf_addf(b, "\\%c", c);
    else if (c == '\n' || c == '\r' || c == '\t')
        ox__buf_addz(b, c == '\n' ? "\\n" : c == '\r' ? "\\r" : "\\t");
    else if (c < 0x20 || c >= 0x7f)
        ox__buf_addf(b, octal ? "\\%03o" : "\\x%02x", c);
    else
        ox__buf_addc(b, (char)c);
}

/* A character that Python's repr writes as an escape: controls and formats, which the sanitiser escapes too, and what
 * is for private use or blank without being the blank. */
static bool is_odd(uint32_t c, const char *s, size_t n)
{
    static const uint32_t ranges[][2] = {{0xa0, 0xa0},     {0x1680, 0x1680}, {0x2000, 0x200a},
                                         {0x2028, 0x2029}, {0x202f, 0x202f}, {0x205f, 0x205f},
                                         {0x3000, 0x3000}, {0xe000, 0xf8ff}, {0xf0000, 0x10ffff}};
    char safe[24];
    for (size_t i = 0; i < OX__COUNT(ranges); i++)
        if (c >= ranges[i][0] && c <= ranges[i][1]) return true;
    return ox_text_sanitize(s, n, safe, sizeof safe) != n;
}

static size_t repr_wide(ox__buf *b, const char *s)
{
    unsigned char c = (unsigned char)*s;
    size_t n = c >= 0xf0 ? 4 : c >= 0xe0 ? 3 : 2;
    uint32_t v = c & (0x7fu >> n);
    for (size_t i = 1; i < n; i++) v = v << 6 | ((unsigned char)s[i] & 0x3f);
    if (is_odd(v, s, n))
        ox__buf_addf(b, v < 0x100 ? "\\x%02x" : v < 0x10000 ? "\\u%04x" : "\\U%08x", (unsigned)v);
    else
        ox__buf_add(b, s, n);
    return n;
}

void ox__python_repr(ox__buf *b, const char *s, size_t n)
{
    char q = memchr(s, '\'', n) && !memchr(s, '"', n) ? '"' : '\'';
    ox__buf_addc(b, q);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c >= 0x80)
            i += repr_wide(b, s + i) - 1;
        else
            ascii(b, c, q, false);
    }
    ox__buf_addc(b, q);
}

void ox__python_bytes(ox__buf *b, const char *s, size_t n)
{
    char q = memchr(s, '\'', n) && !memchr(s, '"', n) ? '"' : '\'';
    ox__buf_addf(b, "b%c", q);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        ascii(b, c, q, false);
    }
    ox__buf_addc(b, q);
}

/* ---- types ---- */

static void line(ox__buf *b, int indent, const char *text)
{
    ox__buf_addf(b, "%*s%s\n", indent, "", text);
}

static void quoted_text(ox__buf *b, int indent, const char *key, const char *text, size_t n)
{
    ox__buf_addf(b, "%*s%s: \"", indent, "", key);
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)text[i];
        if (c == '\'') ox__buf_addc(b, '\\'); /* both quotes */
        ascii(b, c, '"', true);
    }
    ox__buf_addz(b, "\"\n");
}

static void quoted_field(const ox_model *m, ox__buf *b, int indent, const char *key, ox_str s)
{
    size_t n;
    const char *text = ox_str_text(m, s, &n);
    quoted_text(b, indent, key, text, n);
}

static void dim_proto(const ox_model *m, ox__buf *b, ox_dim d, int indent)
{
    int64_t v;
    ox__buf text = {0};
    ox_dim_kind kind = ox_dim_get_kind(m, d);
    if (ox_dim_is_const(m, d, &v)) {
        ox__buf_addf(b, "%*sdim_value: %lld\n", indent, "", (long long)v);
    } else if (kind == OX_DIM_SYMBOL) {
        quoted_field(m, b, indent, "dim_param", ox_dim_name(m, d));
    } else if (kind != OX_DIM_UNKNOWN && kind != OX_DIM_NONE) {
        ox__dim_print(m, d, &text);
        if (text.failed)
            b->failed = true;
        else
            quoted_text(b, indent, "dim_param", text.p, text.n);
    }
    ox__buf_free(&text);
}

static void tensor_proto(const ox_model *m, ox__buf *b, const ox_type_info *t, int indent)
{
    ox__buf_addf(b, "%*selem_type: %d\n", indent, "", (int)t->dtype);
    if (t->rank < 0) return;
    line(b, indent, "shape {");
    for (int32_t i = 0; i < t->rank; i++) {
        line(b, indent + 2, "dim {");
        dim_proto(m, b, t->dims[i], indent + 4);
        if (t->dim_denotations && t->dim_denotations[i].id)
            quoted_field(m, b, indent + 4, "denotation", t->dim_denotations[i]);
        line(b, indent + 2, "}");
    }
    line(b, indent, "}");
}

void ox__proto_type(const ox_model *m, ox__buf *b, ox_type id, int indent)
{
    static const char *const heads[OX_N_TYPE_KINDS] = {
        [OX_TYPE_TENSOR] = "tensor_type {",     [OX_TYPE_SPARSE] = "sparse_tensor_type {",
        [OX_TYPE_SEQUENCE] = "sequence_type {", [OX_TYPE_OPTIONAL] = "optional_type {",
        [OX_TYPE_MAP] = "map_type {",           [OX_TYPE_OPAQUE] = "opaque_type {",
    };
    ox_type_info t = ox_type_get(m, id);
    if (!heads[t.kind] || indent > 4 * OX_MAX_TYPE_DEPTH) return;
    line(b, indent, heads[t.kind]);
    if (t.kind == OX_TYPE_TENSOR || t.kind == OX_TYPE_SPARSE) tensor_proto(m, b, &t, indent + 2);
    if (t.kind == OX_TYPE_MAP) ox__buf_addf(b, "%*skey_type: %d\n", indent + 2, "", (int)t.dtype);
    if (t.n_items) {
        line(b, indent + 2, t.kind == OX_TYPE_MAP ? "value_type {" : "elem_type {");
        ox__proto_type(m, b, t.items[0], indent + 4);
        line(b, indent + 2, "}");
    }
    if (t.kind == OX_TYPE_OPAQUE && t.n_names == 2) {
        if (t.names[0].id > 1) quoted_field(m, b, indent + 2, "domain", t.names[0]);
        if (t.names[1].id > 1) quoted_field(m, b, indent + 2, "name", t.names[1]);
    }
    line(b, indent, "}");
    if (t.denotation.id) quoted_field(m, b, indent, "denotation", t.denotation);
}
