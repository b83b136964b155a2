/* Floor 1. What onnx.helper.printable_graph prints: names after %, element types and `x` between dims, attributes in
 * alphabetical order of their text, the graphs inside attributes after the graph they belong to. */
#include "ir/print.h"
#include "ir/parts.h"

#include <onnxsh/text.h>

#include <stdio.h>
#include <stdlib.h>

enum { STRING_SHOWN = 64 }; /* characters of a string attribute */

/* ---- types ---- */

static void element_type(ox__buf *b, ox_dtype t)
{
    ox__buf_addz(b, ox_dtype_name(t, OX_DTYPE_ONNX));
}

static void add_str(const ox_model *m, ox__buf *b, ox_str s)
{
    size_t n;
    const char *text = ox_str_text(m, s, &n);
    ox__buf_add(b, text, n);
}

static void add_dim(const ox_model *m, ox__buf *b, ox_dim d)
{
    char text[512];
    switch (ox_dim_get_kind(m, d)) {
    case OX_DIM_NONE:
    case OX_DIM_UNKNOWN: ox__buf_addc(b, '?'); break;
    case OX_DIM_SYMBOL: add_str(m, b, ox_dim_name(m, d)); break;
    default:
        ox_dim_text(m, d, text, sizeof text);
        ox__buf_addz(b, text);
        break;
    }
}

static void add_type(const ox_model *m, ox__buf *b, ox_type id)
{
    static const char *const unknown[OX_N_TYPE_KINDS] = {
        [OX_TYPE_SPARSE] = "sparse_tensor_type", [OX_TYPE_SEQUENCE] = "sequence_type",
        [OX_TYPE_OPTIONAL] = "optional_type",    [OX_TYPE_MAP] = "map_type",
        [OX_TYPE_OPAQUE] = "opaque_type",
    };
    ox_type_info t = ox_type_get(m, id);
    if (unknown[t.kind]) {
        ox__buf_addf(b, "Unknown type %s", unknown[t.kind]);
        return;
    }
    if (t.kind != OX_TYPE_TENSOR) return;
    element_type(b, t.dtype);
    if (t.rank == 0) ox__buf_addz(b, ", scalar");
    for (int32_t i = 0; i < t.rank; i++) {
        ox__buf_addz(b, i ? "x" : ", ");
        add_dim(m, b, t.dims[i]);
    }
}

/* A name, as it may be shown. */
static void add_safe(const ox__printer *p, ox__buf *b, ox_str id)
{
    size_t n, len;
    const char *s = ox_str_text(p->m, id, &n);
    if (p->opt->raw || ox__text_is_plain(s, n) || (len = ox_text_sanitize(s, n, NULL, 0)) == n) {
        ox__buf_add(b, s, n);
        return;
    }
    if (!ox__buf_reserve(b, len + 1)) return; /* remembered in b */
    ox_text_sanitize(s, n, b->p + b->n, len + 1);
    b->n += len;
}

/* ---- attributes: each is a text of its own, since they are sorted ---- */

/* Characters of UTF-8 at most `max`; what is not UTF-8 is dropped, as Python's decoder is told to. */
static void decode(const char *s, size_t n, ox__buf *out, size_t *chars)
{
    *chars = 0;
    for (size_t i = 0; i < n;) {
        unsigned char c = (unsigned char)s[i];
        size_t len = c < 0x80                ? 1
                     : c >= 0xc2 && c < 0xe0 ? 2
                     : c >= 0xe0 && c < 0xf0 ? 3
                     : c >= 0xf0 && c < 0xf5 ? 4
                                             : 0;
        bool good = len && len <= n - i;
        for (size_t k = 1; good && k < len; k++) good = ((unsigned char)s[i + k] & 0xc0) == 0x80;
        if (good) {
            ox__buf_add(out, s + i, len);
            ++*chars;
        }
        i += good ? len : 1;
    }
}

static void string(const ox_model *m, ox__buf *b, ox_str id)
{
    size_t n, chars;
    const char *s = ox_str_text(m, id, &n);
    ox__buf text = {0};
    decode(s, n, &text, &chars);
    if (chars > STRING_SHOWN - 1) {
        size_t cut = 0;
        for (size_t i = 0; i < STRING_SHOWN; i++) /* the bytes of so many characters */
            for (cut++; cut < text.n && ((unsigned char)text.p[cut] & 0xc0) == 0x80;) cut++;
        text.n = cut;
        ox__buf_addf(&text, "...<+len=%zu>", chars - STRING_SHOWN);
    }
    ox__python_repr(b, text.p ? text.p : "", text.n);
    if (text.failed) b->failed = true;
    ox__buf_free(&text);
}

/* The typed field of a scalar; empty when the data are raw bytes, which is how Python sees it. */
static void scalar(const ox_model *m, ox__buf *b, ox_tensor t)
{
    ox_tensor_info info = ox_tensor_get(m, t);
    uint64_t data[2] = {0};
    char text[64];
    ox__buf_addz(b, "<Scalar Tensor [");
    if (info.encoding == OX_ENC_STRINGS && info.n_elements) {
        size_t n;
        const char *s = ox_str_text(m, info.strings[0], &n);
        ox__python_bytes(b, s, n);
    } else if (info.typed && ox_tensor_raw_size(m, t) <= sizeof data &&
               ox_tensor_read(m, t, 0, data, ox_tensor_raw_size(m, t), NULL) == OX_OK) {
        bool real = info.dtype == OX_FLOAT || info.dtype == OX_DOUBLE;
        ox_dtype as = info.dtype; /* the field holds bit patterns of small floats, and bytes of packed numbers */
        if (as == OX_FLOAT16 || as == OX_BFLOAT16) as = OX_UINT16;
        if (ox_dtype_bits(as) <= 8 && as != OX_INT8 && as != OX_BOOL) as = OX_UINT8;
        if (real) {
            ox_text_f64(ox_dtype_get_f64(info.dtype, data, 0), text, sizeof text);
            ox__buf_addz(b, text);
            if (!strpbrk(text, ".ein")) ox__buf_addz(b, ".0");
        } else {
            ox__buf_addf(b, "%lld", (long long)ox_dtype_get_i64(as, data, 0));
        }
    }
    ox__buf_addz(b, "]>");
}

static void number(ox__buf *b, double v)
{
    ox__buf_addf(b, "%.15g", v);
}

static void list(const ox_model *m, ox__buf *b, const ox_attr *a)
{
    ox__buf_addc(b, '[');
    for (uint32_t i = 0; i < a->n; i++) {
        if (i) ox__buf_addz(b, ", ");
        if (a->kind == OX_ATTR_FLOATS) number(b, a->u.floats[i]);
        if (a->kind == OX_ATTR_INTS || a->kind == OX_ATTR_BOOLS) ox__buf_addf(b, "%lld", (long long)a->u.ints[i]);
        if (a->kind == OX_ATTR_STRINGS) string(m, b, a->u.strings[i]);
    }
    ox__buf_addc(b, ']');
}

/* Lists that are joined by blanks, brackets included. */
static void long_list(const ox__printer *p, ox__buf *b, const ox_attr *a)
{
    ox__buf_addc(b, '[');
    for (uint32_t i = 0; i < a->n; i++) {
        if (a->kind == OX_ATTR_GRAPHS) {
            ox__buf_addz(b, " <graph ");
            add_safe(p, b, ox_graph_name(p->m, a->u.graphs[i]));
        } else {
            ox__buf_addz(b, " <Type Proto ");
            ox__proto_type(p->m, b, a->u.types[i], 0);
        }
        ox__buf_addz(b, i + 1 < a->n ? ">," : ">");
    }
    ox__buf_addz(b, " ]");
}

static void attr_value(const ox__printer *p, ox__buf *b, const ox_attr *a)
{
    const ox_model *m = p->m;
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_FLOAT: number(b, a->u.f); return;
    case OX_ATTR_INT:
    case OX_ATTR_BOOL: ox__buf_addf(b, "%lld", (long long)a->u.i); return;
    case OX_ATTR_STRING:
    case OX_ATTR_DEVICE: string(m, b, a->u.s); return;
    case OX_ATTR_RAW: add_safe(p, b, a->u.s); return;
    case OX_ATTR_TENSOR:
        if (ox_tensor_get(m, a->u.t).rank)
            ox__buf_addz(b, "<Tensor>");
        else
            scalar(m, b, a->u.t);
        return;
    case OX_ATTR_GRAPH:
        ox__buf_addz(b, "<graph ");
        add_safe(p, b, ox_graph_name(m, a->u.g));
        ox__buf_addc(b, '>');
        return;
    case OX_ATTR_TYPE:
        ox__buf_addz(b, "<Type Proto ");
        ox__proto_type(m, b, a->u.type, 0);
        ox__buf_addc(b, '>');
        return;
    case OX_ATTR_SPARSE: ox__buf_addz(b, "<Sparse Tensor>"); return;
    default: break;
    }
    if (!a->n || a->kind == OX_ATTR_NONE || a->kind == OX_ATTR_COMPLEX)
        ox__buf_addz(b, "<Unknown>");
    else if (a->kind == OX_ATTR_TENSORS || a->kind == OX_ATTR_SPARSES)
        ox__buf_addz(b, a->kind == OX_ATTR_TENSORS ? "[<Tensor>, ...]" : "[<Sparse Tensor>, ...]");
    else if (a->kind == OX_ATTR_GRAPHS || a->kind == OX_ATTR_TYPES)
        long_list(p, b, a);
    else
        list(m, b, a);
}

static int compare_texts(const void *a, const void *b)
{
    const ox__buf *x = a, *y = b;
    int c = memcmp(x->p, y->p, OX__MIN(x->n, y->n));
    return c ? c : x->n < y->n ? -1 : x->n > y->n;
}

static void attributes(ox__printer *p, ox_node n)
{
    const ox_attr *rows;
    size_t count = ox_node_attrs(p->m, n, &rows);
    if (!count) return;
    ox__buf *texts = ox__calloc(count, sizeof *texts);
    bool failed = !texts;
    for (size_t i = 0; i < count && !failed; i++) {
        add_safe(p, &texts[i], rows[i].name);
        ox__buf_addz(&texts[i], " = ");
        if (rows[i].ref.id)
            ox__buf_addz(&texts[i], "<Unknown>");
        else
            attr_value(p, &texts[i], &rows[i]);
        failed = texts[i].failed;
    }
    if (failed) {
        ox__print_fail(p, ox__nomem(p->err));
    } else {
        qsort(texts, count, sizeof *texts, compare_texts);
        ox__printc(p, '[');
        ox__print_ink(p, OX_INK_ATTR);
        for (size_t i = 0; i < count; i++) {
            if (i) ox__prints(p, ", ");
            ox__print(p, texts[i].p, texts[i].n);
        }
        ox__print_ink(p, OX_INK_PLAIN);
        ox__printc(p, ']');
    }
    for (size_t i = 0; texts && i < count; i++) ox__buf_free(&texts[i]);
    ox__free(texts);
}

/* ---- nodes and graphs ---- */

static void statement(ox__printer *p, ox_node n)
{
    size_t n_out = ox_node_n_outputs(p->m, n), n_in = ox_node_n_inputs(p->m, n);
    for (size_t i = 0; i < n_out; i++) {
        if (i) ox__prints(p, ", ");
        ox__print_value(p, ox_node_output(p->m, n, i));
    }
    if (n_out) ox__prints(p, " = ");
    ox__print_ink(p, OX_INK_OP);
    ox__print_str(p, ox_node_op(p->m, n));
    ox__print_ink(p, OX_INK_PLAIN);
    attributes(p, n);
    ox__printc(p, '(');
    for (size_t i = 0; i < n_in; i++) {
        if (i) ox__prints(p, ", ");
        ox__print_value(p, ox_node_input(p->m, n, i));
    }
    ox__printc(p, ')');
}

static void value_lines(ox__printer *p, ox_graph g, bool optional)
{
    size_t n = ox_graph_n_inputs(p->m, g);
    ox__buf type = {0};
    for (size_t i = 0; i < n; i++) {
        ox_value v = ox_graph_input(p->m, g, i);
        if (ox_value_is_initializer(p->m, v) != optional) continue;
        ox__buf_clear(&type);
        add_type(p->m, &type, ox_value_type(p->m, v));
        if (type.failed) ox__print_fail(p, ox__nomem(p->err));
        ox__prints(p, "  ");
        ox__print_value(p, v);
        ox__printc(p, '[');
        ox__print_ink(p, OX_INK_TYPE);
        ox__print_text(p, type.p ? type.p : "", type.n);
        ox__print_ink(p, OX_INK_PLAIN);
        ox__prints(p, "]\n");
    }
    ox__buf_free(&type);
}

static void initializer_lines(ox__printer *p, ox_graph g)
{
    size_t n = ox_graph_n_initializers(p->m, g);
    for (size_t i = 0; i < n; i++) {
        ox_value v = ox_graph_initializer(p->m, g, i);
        ox_tensor_info t = ox_tensor_get(p->m, ox_value_tensor(p->m, v));
        if (ox_value_is_input(p->m, v) || t.storage == OX_STORAGE_SPARSE) continue;
        ox__prints(p, "  ");
        ox__print_value(p, v);
        ox__printc(p, '[');
        ox__print_ink(p, OX_INK_TYPE);
        ox__prints(p, ox_dtype_name(t.dtype, OX_DTYPE_ONNX));
        if (!t.rank) ox__prints(p, ", scalar");
        for (uint32_t d = 0; d < t.rank; d++) {
            ox__prints(p, d ? "x" : ", ");
            ox__print_i64(p, t.dims[d]);
        }
        ox__print_ink(p, OX_INK_PLAIN);
        ox__prints(p, "]\n");
    }
}

/* The head says more the more kinds of inputs there are; without inputs it says nothing of initializers. */
static void header(ox__printer *p, ox_graph g)
{
    size_t n_in = ox_graph_n_inputs(p->m, g), n_init = 0, both = 0;
    ox__prints(p, "graph ");
    ox__print_str(p, ox_graph_name(p->m, g));
    for (size_t i = 0; i < ox_graph_n_initializers(p->m, g); i++) {
        ox_value v = ox_graph_initializer(p->m, g, i);
        if (ox_tensor_get(p->m, ox_value_tensor(p->m, v)).storage == OX_STORAGE_SPARSE) continue;
        n_init++;
        both += ox_value_is_input(p->m, v);
    }
    if (n_in) {
        bool line = n_in > both;
        ox__prints(p, " (");
        if (line) ox__printc(p, '\n');
        value_lines(p, g, false);
        ox__prints(p, line ? ")" : " )");
        if (both) {
            ox__prints(p, " optional inputs with matching initializers (\n");
            value_lines(p, g, true);
            ox__printc(p, ')');
        }
        if (both < n_init) {
            ox__prints(p, " initializers (\n");
            initializer_lines(p, g);
            ox__printc(p, ')');
        }
    }
    ox__prints(p, " {\n");
}

static void one_graph(ox__printer *p, ox_graph g);

static void graphs_inside(ox__printer *p, ox_graph g)
{
    for (ox_node n = ox_graph_first(p->m, g); n.id && p->s == OX_OK; n = ox_node_next(p->m, n)) {
        const ox_attr *rows;
        size_t count = ox_node_n_blocks(p->m, n) ? ox_node_attrs(p->m, n, &rows) : 0;
        if (!ox__print_keeps(p, n)) continue;
        for (size_t i = 0; i < count; i++)
            for (uint32_t k = 0; k < ox__attr_n_graphs(&rows[i]); k++) {
                ox__prints(p, "\n\n");
                one_graph(p, ox__attr_graph(&rows[i], k));
            }
    }
}

static void one_graph(ox__printer *p, ox_graph g)
{
    size_t n_out = ox_graph_n_outputs(p->m, g);
    if (++p->depth > OX__MAX_DEPTH + 1) { /* the IR makes none deeper */
        ox__print_fail(p, ox__fail(p->err, OX_E_LIMIT, "blocks are nested deeper than %d", OX__MAX_DEPTH));
        return;
    }
    header(p, g);
    for (ox_node n = ox_graph_first(p->m, g); n.id && p->s == OX_OK; n = ox_node_next(p->m, n)) {
        if (!ox__print_keeps(p, n)) continue;
        if (!ox__print_goes_on(p)) break;
        ox__prints(p, "  ");
        statement(p, n);
        ox__printc(p, '\n');
    }
    ox__prints(p, "  return");
    for (size_t i = 0; i < n_out; i++) {
        ox__prints(p, i ? ", " : " ");
        ox__print_value(p, ox_graph_output(p->m, g, i));
    }
    ox__prints(p, "\n}");
    graphs_inside(p, g);
    p->depth--;
}

void ox__print_graph_printable(ox__printer *p, ox_graph g)
{
    one_graph(p, g);
    ox__printc(p, '\n');
}

void ox__print_node_printable(ox__printer *p, ox_node n)
{
    statement(p, n);
}
