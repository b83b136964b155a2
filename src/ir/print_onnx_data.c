/* Floor 1. Words, types and data of the ONNX textual syntax. */
#include "ir/print_onnx.h"

#include <onnxsh/text.h>

#include <stdio.h>

enum { SHOWN_ELEMENTS = 10 }; /* of a tensor without --full */

void ox__onnx_note_it(ox__printer *p, ox__onnx_note note)
{
    static const char *const texts[OX__N_ONNX_NOTES] = {
        [OX__ONNX_DOC] = "documentation of graphs, nodes, values and attributes",
        [OX__ONNX_METADATA] = "metadata of graphs, nodes, values and tensors",
        [OX__ONNX_WORD] = "names of operators, attributes and inner graphs that are no identifiers: changed to ones",
        [OX__ONNX_TENSOR_NAME] = "names of tensors in attributes that are no identifiers",
        [OX__ONNX_ATTR] = "attributes that are lists of tensors, graphs or types",
        [OX__ONNX_SPARSE] = "the data of sparse tensors",
        [OX__ONNX_TYPE] = "types that ONNX's syntax has no word for",
        [OX__ONNX_DENOTATION] = "denotations of types and dims",
        [OX__ONNX_WEIGHTS] = "tensors of more than 10 elements: left out (--full writes them)",
        [OX__ONNX_TRAINING] = "training information",
        [OX__ONNX_LOST] = "tensors whose data the model does not have",
    };
    ox__print_note(p, note, texts[note]);
}

/* ---- words ---- */

static bool is_letter(char c)
{
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_';
}

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

bool ox__onnx_is_word(const char *s, size_t n)
{
    if (!n || !is_letter(*s)) return false;
    for (size_t i = 1; i < n; i++)
        if (!is_letter(s[i]) && !is_digit(s[i])) return false;
    return true;
}

static bool is_one_of(const char *s, size_t n, const char *const *words, size_t count)
{
    for (size_t i = 0; i < count; i++)
        if (strlen(words[i]) == n && memcmp(words[i], s, n) == 0) return true;
    return false;
}

/* Where a type may stand in front of a name, a name that looks like one must be quoted. */
static bool is_type_word(const char *s, size_t n)
{
    static const char *const words[] = {"seq", "map", "optional", "sparse_tensor", "opaque"};
    return is_one_of(s, n, words, OX__COUNT(words)) || ox_dtype_find(s, n, OX_DTYPE_TEXT) != OX_UNDEFINED;
}

static bool is_number_word(const char *s, size_t n)
{
    char low[9];
    static const char *const words[] = {"inf", "infinity", "nan"};
    if (n >= sizeof low) return false;
    for (size_t i = 0; i < n; i++) low[i] = (char)(s[i] >= 'A' && s[i] <= 'Z' ? s[i] + 32 : s[i]);
    return is_one_of(low, n, words, OX__COUNT(words));
}

void ox__onnx_word(ox__printer *p, const char *s, size_t n, bool reserved)
{
    bool bad = !ox__onnx_is_word(s, n);
    bool taken = reserved && (is_type_word(s, n) || is_number_word(s, n));
    if (bad || taken) ox__onnx_note_it(p, OX__ONNX_WORD);
    if (taken || !n || !is_letter(*s)) ox__printc(p, '_');
    for (size_t i = 0; i < n; i++) ox__printc(p, is_letter(s[i]) || is_digit(s[i]) ? s[i] : '_');
}

static void escaped(ox__printer *p, const char *s, size_t n)
{
    for (size_t i = 0, from = 0; i <= n; i++) {
        if (i < n && s[i] != '"' && s[i] != '\\') continue;
        ox__print(p, s + from, i - from);
        if (i == n) return;
        ox__printc(p, '\\');
        from = i;
    }
}

void ox__onnx_quoted(ox__printer *p, const char *s, size_t n)
{
    ox__printc(p, '"');
    size_t len = p->opt->raw || ox__text_is_plain(s, n) ? n : ox_text_sanitize(s, n, NULL, 0);
    if (len == n) { /* the sanitiser only ever lengthens */
        escaped(p, s, n);
    } else {
        ox__buf_clear(&p->scratch);
        if (ox__buf_reserve(&p->scratch, len + 1)) {
            ox_text_sanitize(s, n, p->scratch.p, len + 1);
            escaped(p, p->scratch.p, len);
        } else {
            ox__print_fail(p, ox__nomem(p->err));
        }
    }
    ox__printc(p, '"');
}

void ox__onnx_quoted_str(ox__printer *p, ox_str s)
{
    size_t n;
    const char *text = ox_str_text(p->m, s, &n);
    ox__onnx_quoted(p, text, n);
}

void ox__onnx_id(ox__printer *p, ox_str s)
{
    size_t n;
    const char *text = ox_str_text(p->m, s, &n);
    if (ox__onnx_is_word(text, n) && !is_type_word(text, n))
        ox__print(p, text, n);
    else
        ox__onnx_quoted(p, text, n);
}

void ox__onnx_value(ox__printer *p, ox_value v)
{
    ox_str name = ox_value_name(p->m, v);
    ox__print_ink(p, OX_INK_VALUE);
    if (!v.id) {
        ox__prints(p, "\"\"");
    } else if (name.id > 1) {
        ox__onnx_id(p, name);
    } else {
        ox__printc(p, '"');
        ox__print_label(p, v);
        ox__printc(p, '"');
    }
    ox__print_ink(p, OX_INK_PLAIN);
}

/* ---- types ---- */

static bool is_dotted(const ox_model *m, ox_str s)
{
    size_t n;
    const char *p = ox_str_text(m, s, &n), *end = p + n;
    for (;;) {
        const char *dot = memchr(p, '.', (size_t)(end - p)), *e = dot ? dot : end;
        if (!ox__onnx_is_word(p, (size_t)(e - p))) return false;
        if (!dot) return true;
        p = dot + 1;
    }
}

static bool can_type(const ox_model *m, ox_type id, int depth)
{
    ox_type_info t = ox_type_get(m, id);
    switch (t.kind) {
    case OX_TYPE_TENSOR:
    case OX_TYPE_SPARSE: return ox_dtype_is_valid(t.dtype);
    case OX_TYPE_SEQUENCE:
    case OX_TYPE_OPTIONAL: return t.n_items == 1 && depth < OX_MAX_TYPE_DEPTH && can_type(m, t.items[0], depth + 1);
    case OX_TYPE_MAP:
        return t.n_items == 1 && ox_dtype_is_valid(t.dtype) && depth < OX_MAX_TYPE_DEPTH &&
               can_type(m, t.items[0], depth + 1);
    case OX_TYPE_OPAQUE:
        return t.n_names == 2 && (t.names[0].id <= 1 || is_dotted(m, t.names[0])) && is_dotted(m, t.names[1]) &&
               (t.names[0].id <= 1 || !strchr(ox_str_text(m, t.names[1], NULL), '.'));
    default: return false;
    }
}

bool ox__onnx_can_type(const ox_model *m, ox_type t)
{
    return can_type(m, t, 0);
}

static void dim(ox__printer *p, ox_dim d)
{
    size_t n;
    switch (ox_dim_get_kind(p->m, d)) {
    case OX_DIM_NONE:
    case OX_DIM_UNKNOWN: ox__printc(p, '?'); break;
    case OX_DIM_CONST: ox__print_dim(p, d); break;
    case OX_DIM_SYMBOL: {
        const char *s = ox_str_text(p->m, ox_dim_name(p->m, d), &n);
        if (ox__onnx_is_word(s, n))
            ox__print(p, s, n);
        else
            ox__onnx_quoted(p, s, n);
        break;
    }
    default: { /* an expression is a parameter's text to ONNX */
        char small[256];
        n = ox_dim_text(p->m, d, small, sizeof small);
        if (n < sizeof small)
            ox__onnx_quoted(p, small, n);
        else
            ox__printc(p, '?');
        break;
    }
    }
}

static void tensor_type(ox__printer *p, const ox_type_info *t)
{
    ox__prints(p, ox_dtype_name(t->dtype, OX_DTYPE_TEXT));
    if (!t->rank) return; /* without brackets it is a scalar, with empty ones the rank is not known */
    ox__printc(p, '[');
    for (int32_t i = 0; i < t->rank; i++) {
        if (i) ox__printc(p, ',');
        dim(p, t->dims[i]);
    }
    ox__printc(p, ']');
}

static void type_text(ox__printer *p, ox_type id)
{
    ox_type_info t = ox_type_get(p->m, id);
    if (t.denotation.id > 1 || t.dim_denotations) ox__onnx_note_it(p, OX__ONNX_DENOTATION);
    switch (t.kind) {
    case OX_TYPE_TENSOR: tensor_type(p, &t); break;
    case OX_TYPE_SPARSE:
        ox__prints(p, "sparse_tensor(");
        tensor_type(p, &t);
        ox__printc(p, ')');
        break;
    case OX_TYPE_SEQUENCE:
    case OX_TYPE_OPTIONAL:
    case OX_TYPE_MAP:
        ox__prints(p, t.kind == OX_TYPE_SEQUENCE ? "seq(" : t.kind == OX_TYPE_OPTIONAL ? "optional(" : "map(");
        if (t.kind == OX_TYPE_MAP) {
            ox__prints(p, ox_dtype_name(t.dtype, OX_DTYPE_TEXT));
            ox__prints(p, ", ");
        }
        type_text(p, t.items[0]);
        ox__printc(p, ')');
        break;
    default:
        ox__prints(p, "opaque(");
        if (t.names[0].id > 1) {
            ox__print_str(p, t.names[0]);
            ox__printc(p, ',');
        }
        ox__print_str(p, t.names[1]);
        ox__printc(p, ')');
        break;
    }
}

bool ox__onnx_type(ox__printer *p, ox_type t)
{
    if (!ox__onnx_can_type(p->m, t)) {
        if (t.id) ox__onnx_note_it(p, OX__ONNX_TYPE);
        return false;
    }
    ox__print_ink(p, OX_INK_TYPE);
    type_text(p, t);
    ox__print_ink(p, OX_INK_PLAIN);
    ox__printc(p, ' ');
    return true;
}

/* ---- data ---- */

void ox__onnx_tensor_type(ox__printer *p, const ox_tensor_info *t)
{
    ox__print_ink(p, OX_INK_TYPE);
    ox__prints(p, ox_dtype_name(t->dtype, OX_DTYPE_TEXT));
    if (t->rank) {
        ox__printc(p, '[');
        for (uint32_t i = 0; i < t->rank; i++) {
            if (i) ox__printc(p, ',');
            ox__print_i64(p, t->dims[i]);
        }
        ox__printc(p, ']');
    }
    ox__print_ink(p, OX_INK_PLAIN);
}

bool ox__onnx_has_data(ox__printer *p, ox_tensor t)
{
    ox_tensor_info info = ox_tensor_get(p->m, t);
    if (!t.id || !ox_dtype_is_valid(info.dtype)) return false;
    if (info.n_metadata) ox__onnx_note_it(p, OX__ONNX_METADATA);
    if (info.doc.id > 1) ox__onnx_note_it(p, OX__ONNX_DOC);
    if (info.storage == OX_STORAGE_SPARSE) {
        ox__onnx_note_it(p, OX__ONNX_SPARSE);
        return false;
    }
    if (info.storage == OX_STORAGE_LOST) {
        ox__onnx_note_it(p, OX__ONNX_LOST);
        return false;
    }
    if (p->opt->full || info.n_elements <= SHOWN_ELEMENTS) return true;
    ox__onnx_note_it(p, OX__ONNX_WEIGHTS);
    return false;
}

void ox__onnx_float(ox__printer *p, double v)
{
    char text[64];
    ox__print(p, text, ox_text_f32((float)v, text, sizeof text));
}

typedef struct numbers {
    ox__printer *p;
    ox_dtype dtype; /* what the bytes are read as */
    unsigned bits;
    uint64_t left; /* numbers that are not seen yet: the last byte of a packed type may hold padding */
    bool any;
} numbers;

static void one_number(ox__printer *p, ox_dtype dtype, const void *data, uint64_t i)
{
    char text[64];
    size_t n;
    uint64_t u;
    switch (dtype) {
    case OX_FLOAT: n = ox_text_f32((float)ox_dtype_get_f64(dtype, data, i), text, sizeof text); break;
    case OX_DOUBLE: n = ox_text_f64(ox_dtype_get_f64(dtype, data, i), text, sizeof text); break;
    case OX_UINT64:
        memcpy(&u, (const char *)data + 8 * i, 8);
        n = (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)u);
        break;
    default: ox__print_i64(p, ox_dtype_get_i64(dtype, data, i)); return;
    }
    ox__print(p, text, n);
}

static ox_status chunk(void *ud, const void *data, uint64_t n, uint64_t offset, ox_error *err)
{
    numbers *x = ud;
    (void)offset;
    (void)err;
    uint64_t count = OX__MIN(n * 8 / x->bits, x->left);
    x->left -= count;
    for (uint64_t i = 0; i < count && x->p->s == OX_OK; i++) {
        if (x->any) ox__printc(x->p, ',');
        x->any = true;
        if (x->bits == 6)
            ox__print_i64(x->p, ox__bits_get(data, i, 6));
        else
            one_number(x->p, x->dtype, data, i);
    }
    return x->p->s;
}

/* The parser puts integers into the field that the type has in a TensorProto: bit patterns for the small floats, whole
 * bytes for types of 2 and 4 bits; a complex number is two. */
static ox_dtype as_numbers(ox_dtype t)
{
    switch (t) {
    case OX_COMPLEX64: return OX_FLOAT;
    case OX_COMPLEX128: return OX_DOUBLE;
    case OX_FLOAT16:
    case OX_BFLOAT16: return OX_UINT16;
    default: return ox_dtype_bits(t) <= 8 && t != OX_INT8 && t != OX_BOOL ? OX_UINT8 : t;
    }
}

void ox__onnx_tensor_data(ox__printer *p, ox_tensor t)
{
    ox_tensor_info info = ox_tensor_get(p->m, t);
    ox__printc(p, '{');
    if (info.encoding == OX_ENC_STRINGS) {
        for (uint64_t i = 0; i < info.n_elements && p->s == OX_OK; i++) {
            if (i) ox__printc(p, ',');
            ox__onnx_quoted_str(p, info.strings[i]);
        }
    } else {
        numbers x = {.p = p, .dtype = as_numbers(info.dtype), .left = UINT64_MAX};
        x.bits = ox_dtype_bits(x.dtype);
        if (ox_dtype_bits(info.dtype) == 6) x.bits = 6, x.left = info.n_elements;
        ox_status s = info.n_elements ? ox_tensor_stream(p->m, t, chunk, &x, p->opt->task, p->err) : OX_OK;
        if (s != OX_OK) ox__print_fail(p, s);
    }
    ox__printc(p, '}');
}
