/* Floor 1. Types, dims and value names as text, in the seed's form and in torch's, which differ in what stands beside
 * the dims: the seed says nothing of strides and devices, and writes an unknown rank as Float(...). */
#include "ir/print.h"
#include "ir/dim.h"

#include <onnxsh/text.h>

#include <stdio.h>

/* ---- dims ---- */

/* What a dim's text escapes itself stays; the rest is a model's bytes. */
static void dim_bytes(ox__printer *p, const char *s, size_t n)
{
    for (const char *end = s + n; s < end;) {
        const char *back = memchr(s, '\\', (size_t)(end - s)), *e = back ? back : end;
        size_t escape = back ? OX__MIN((size_t)(end - back), (size_t)4) : 0;
        ox__print_text(p, s, (size_t)(e - s));
        ox__print(p, e, escape);
        s = e + escape;
    }
}

void ox__print_dim(ox__printer *p, ox_dim d)
{
    int64_t v;
    ox__buf text = {0};
    if (ox_dim_is_const(p->m, d, &v)) {
        ox__print_i64(p, v);
        return;
    }
    if (ox_dim_get_kind(p->m, d) <= OX_DIM_NONE || ox_dim_get_kind(p->m, d) == OX_DIM_UNKNOWN) {
        ox__printc(p, '*');
        return;
    }
    ox__dim_print(p->m, d, &text);
    if (text.failed)
        ox__print_fail(p, ox__nomem(p->err));
    else
        dim_bytes(p, text.p, text.n);
    ox__buf_free(&text);
}

/* ---- types ---- */

const char *ox__dtype_text(ox_dtype t)
{
    const char *name = ox_dtype_name(t, OX_DTYPE_TORCH);
    return *name ? name : ox_dtype_name(t, OX_DTYPE_NUMPY);
}

/* The layouts of the tensors inside a type, as the text comes to them. */
typedef struct layouts {
    ox_layout own;
    const ox_layout *items;
    uint32_t n, next;
} layouts;

static ox_layout_info next_layout(ox__printer *p, layouts *l)
{
    ox_layout id = l->own;
    if (l->n) {
        id = l->next < l->n ? l->items[l->next] : (ox_layout){0};
        l->next++;
    }
    if (id.id) return ox_layout_get(p->m, id);
    return (ox_layout_info){.requires_grad = -1, .n_strides = -1};
}

static void strides(ox__printer *p, const ox_layout_info *l)
{
    ox__prints(p, ", strides=[");
    for (int32_t i = 0; i < l->n_strides; i++) {
        if (i) ox__prints(p, ", ");
        if (l->strides[i] == OX_STRIDE_UNKNOWN)
            ox__printc(p, '*');
        else
            ox__print_i64(p, l->strides[i]);
    }
    ox__printc(p, ']');
}

static void torch_tensor(ox__printer *p, const ox_type_info *t, const ox_layout_info *l)
{
    int items = 0;
    bool open = t->rank != OX_RANK_UNKNOWN;
    if (!t->dtype || !open) ox__prints(p, "Tensor");
    if (open) {
        ox__printc(p, '(');
        for (; items < t->rank; items++) {
            if (items) ox__prints(p, ", ");
            ox__print_dim(p, t->dims[items]);
        }
        if (l->n_strides > 0 && items) strides(p, l);
    }
    if (l->requires_grad >= 0) {
        ox__prints(p, items++ ? ", requires_grad=" : open ? "requires_grad=" : "(requires_grad=");
        ox__printc(p, l->requires_grad ? '1' : '0');
    }
    if (l->device.id) {
        ox__prints(p, items++ ? ", device=" : open ? "device=" : "(device=");
        ox__print_str(p, l->device);
    }
    if (open || items) ox__printc(p, ')');
    if (l->undefined) ox__prints(p, "[Undefined]");
}

static void tensor(ox__printer *p, const ox_type_info *t, layouts *lay)
{
    ox_layout_info l = next_layout(p, lay);
    if (t->dtype) ox__prints(p, ox__dtype_text(t->dtype));
    if (p->style == OX_STYLE_TORCH) {
        torch_tensor(p, t, &l);
        return;
    }
    if (!t->dtype) ox__prints(p, "Tensor");
    if (t->rank == OX_RANK_UNKNOWN) {
        if (t->dtype) ox__prints(p, "(...)");
        return;
    }
    ox__printc(p, '(');
    for (int32_t i = 0; i < t->rank; i++) {
        if (i) ox__prints(p, ", ");
        ox__print_dim(p, t->dims[i]);
    }
    ox__printc(p, ')');
}

static void type_text(ox__printer *p, ox_type t, layouts *l, int depth);

static void type_list(ox__printer *p, const ox_type_info *t, const ox_str *names, layouts *l, int depth)
{
    for (uint32_t i = 0; i < t->n_items; i++) {
        if (i) ox__prints(p, ", ");
        if (names) {
            ox__print_str(p, names[i]);
            ox__prints(p, " : ");
        }
        type_text(p, t->items[i], l, depth);
    }
    ox__printc(p, ')');
}

static void named_type(ox__printer *p, const ox_type_info *t)
{
    if (t->kind == OX_TYPE_OPAQUE && t->n_names > 1) ox__prints(p, "opaque(");
    for (uint32_t i = 0; i < t->n_names; i++) {
        if (i) ox__prints(p, ", ");
        ox__print_str(p, t->names[i]);
    }
    if (t->kind == OX_TYPE_OPAQUE && t->n_names > 1) ox__printc(p, ')');
    if (!t->n_names) ox__prints(p, "Any");
}

static const char *const words[OX_N_TYPE_KINDS] = {
    [OX_TYPE_NONE_KNOWN] = "Tensor",
    [OX_TYPE_INT] = "int",
    [OX_TYPE_FLOAT_SCALAR] = "float",
    [OX_TYPE_BOOL_SCALAR] = "bool",
    [OX_TYPE_COMPLEX_SCALAR] = "complex",
    [OX_TYPE_NUMBER] = "Scalar",
    [OX_TYPE_STR] = "str",
    [OX_TYPE_DEVICE] = "Device",
    [OX_TYPE_NONETYPE] = "NoneType",
};

/* depth is bounded: types deeper than OX_MAX_TYPE_DEPTH are never made. */
static void type_text(ox__printer *p, ox_type id, layouts *l, int depth)
{
    ox_type_info t = ox_type_get(p->m, id);
    if (depth > OX_MAX_TYPE_DEPTH) return;
    if (words[t.kind]) {
        ox__prints(p, words[t.kind]);
        return;
    }
    switch (t.kind) {
    case OX_TYPE_TENSOR: tensor(p, &t, l); break;
    case OX_TYPE_SPARSE:
        ox__prints(p, "Sparse(");
        tensor(p, &t, l);
        ox__printc(p, ')');
        break;
    case OX_TYPE_LIST:
    case OX_TYPE_SEQUENCE:
    case OX_TYPE_OPTIONAL:
        if (t.n_items) type_text(p, t.items[0], l, depth + 1);
        ox__prints(p, t.kind == OX_TYPE_OPTIONAL ? "?" : "[]");
        break;
    case OX_TYPE_MAP:
        ox__prints(p, "Dict(");
        ox__prints(p, ox__dtype_text(t.dtype));
        ox__prints(p, "(), ");
        type_list(p, &t, NULL, l, depth + 1);
        break;
    case OX_TYPE_TUPLE: {
        bool named = t.n_names == t.n_items + 1;
        ox__prints(p, named ? "NamedTuple(" : "(");
        type_list(p, &t, named ? t.names + 1 : NULL, l, depth + 1);
        break;
    }
    case OX_TYPE_DICT:
    case OX_TYPE_UNION:
        ox__prints(p, t.kind == OX_TYPE_DICT ? "Dict(" : "Union(");
        type_list(p, &t, NULL, l, depth + 1);
        break;
    default: named_type(p, &t); break;
    }
}

void ox__print_type(ox__printer *p, ox_type t, ox_layout l)
{
    layouts lay = {.own = l};
    if (l.id) {
        ox_layout_info info = ox_layout_get(p->m, l);
        lay.items = info.items;
        lay.n = info.n_items;
    }
    type_text(p, t, &lay, 0);
}

/* ---- values ---- */

/* A value without a name goes by its number. If some name of the model is that number, blanks are told apart by
 * underscores behind it. */
void ox__print_label(ox__printer *p, ox_value v)
{
    ox_str name = ox_value_name(p->m, v);
    if (!v.id) return;
    if (name.id > 1) {
        ox__print_str(p, name);
        return;
    }
    char text[64];
    int n = snprintf(text, sizeof text, "%u", (unsigned)v.id);
    while (n < (int)sizeof text - 1 && ox_str_find(p->m, text, (size_t)n).id) text[n++] = '_';
    ox__print(p, text, (size_t)n);
}

void ox__print_value(ox__printer *p, ox_value v)
{
    ox__print_ink(p, OX_INK_VALUE);
    ox__printc(p, '%');
    ox__print_label(p, v);
    ox__print_ink(p, OX_INK_PLAIN);
}

/* Whether a reader can tell where the name ends by the type behind it only. */
static bool ends_by_its_type(ox__printer *p, ox_value v)
{
    size_t n;
    const char *name = ox_str_text(p->m, ox_value_name(p->m, v), &n);
    return memchr(name, ' ', n) || memchr(name, ',', n) || memchr(name, ')', n);
}

void ox__print_declared(ox__printer *p, ox_value v)
{
    ox_type t = p->opt->given ? ox_value_given_type(p->m, v) : ox_value_type(p->m, v);
    ox__print_value(p, v);
    if (!t.id && p->style == OX_STYLE_TORCH) { /* torch prints nothing at its lowest verbosity, never a guess */
        if (ends_by_its_type(p, v)) ox__prints(p, " : UNKNOWN_TYPE");
        return;
    }
    ox__prints(p, " : ");
    ox__print_ink(p, OX_INK_TYPE);
    ox__print_type(p, t, ox_value_layout(p->m, v));
    ox__print_ink(p, OX_INK_PLAIN);
}

void ox__print_op(ox__printer *p, ox_node n, bool overload)
{
    size_t len;
    const char *domain = ox_str_text(p->m, ox_node_domain(p->m, n), &len);
    ox_str over = overload ? ox_node_overload(p->m, n) : (ox_str){0};
    if (len == 1 && *domain == '^') {
        ox__printc(p, '^');
    } else {
        if (len)
            ox__print_text(p, domain, len);
        else
            ox__prints(p, "onnx");
        ox__prints(p, "::");
    }
    ox__print_str(p, ox_node_op(p->m, n));
    if (over.id > 1) {
        ox__printc(p, '.');
        ox__print_str(p, over);
    }
}

/* ---- short forms ---- */

typedef struct bounded {
    char *buf;
    size_t size, n; /* n: the whole length */
} bounded;

static ox_status bounded_write(void *ud, const char *s, size_t n, ox_error *err)
{
    bounded *b = ud;
    (void)err;
    if (b->n < b->size) memcpy(b->buf + b->n, s, OX__MIN(n, b->size - b->n));
    b->n += n;
    return OX_OK;
}

/* Terminates, and takes back a character that was cut in the middle. */
static size_t bounded_end(bounded *b)
{
    if (!b->size) return b->n;
    size_t end = OX__MIN(b->n, b->size - 1);
    if (b->n >= b->size)
        while (end && ((unsigned char)b->buf[end] & 0xc0) == 0x80) end--;
    b->buf[end] = '\0';
    return b->n;
}

static const ox_print_options short_form = {.style = OX_STYLE_SEED};

#define SHORT(call) \
    do { \
        bounded b = {buf, size, 0}; \
        ox_sink sink = {bounded_write, &b}; \
        ox__printer p; \
        if (ox__printer_open(&p, m, &short_form, &sink, false, NULL) == OX_OK) call; \
        if (ox__printer_close(&p) != OX_OK) b.n = 0; \
        return bounded_end(&b); \
    } while (0)

size_t ox_type_text(const ox_model *m, ox_type t, char *buf, size_t size)
{
    SHORT(ox__print_type(&p, t, (ox_layout){0}));
}

size_t ox_dim_text(const ox_model *m, ox_dim d, char *buf, size_t size)
{
    SHORT(ox__print_dim(&p, d));
}

size_t ox_value_label(const ox_model *m, ox_value v, char *buf, size_t size)
{
    SHORT(ox__print_value(&p, v));
}

size_t ox_node_op_text(const ox_model *m, ox_node n, char *buf, size_t size)
{
    SHORT(ox__print_op(&p, n, true));
}
