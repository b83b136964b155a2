/* Floor 1. Values of attributes as seed, folded and torch print them. torch's form follows PyTorch to the byte; the
 * other two are for people and write floats as short as they can be. */
#include "ir/print.h"

#include <onnxsh/text.h>

#include <math.h>
#include <stdio.h>

enum { SHOWN_ELEMENTS = 10 }; /* of a tensor: PyTorch's limit */

/* A float stays a float to the eye: 1 is written `1.`. */
static void point(ox__printer *p, const char *text, size_t n)
{
    ox__print(p, text, n);
    for (size_t i = 0; i < n; i++)
        if (text[i] != '-' && (text[i] < '0' || text[i] > '9')) return;
    ox__printc(p, '.');
}

void ox__print_float(ox__printer *p, double v)
{
    char text[64];
    size_t n;
    if (p->style == OX_STYLE_TORCH) {
        n = ox_text_torch_f64(v, text, sizeof text);
        ox__print(p, text, n);
        return;
    }
    /* what is a float32, as an ONNX attribute is, needs no more digits than one has */
    n = (double)(float)v == v ? ox_text_f32((float)v, text, sizeof text) : ox_text_f64(v, text, sizeof text);
    point(p, text, n);
}

static void complex_number(ox__printer *p, double re, double im)
{
    ox__print_float(p, re);
    ox__printc(p, im >= 0 ? '+' : '-');
    ox__print_float(p, fabs(im));
    ox__printc(p, 'j');
}

/* ---- tensors ---- */

static void general(ox__printer *p, double v)
{
    char text[32];
    int n = snprintf(text, sizeof text, "%g", v);
    if (n > 0) ox__print(p, text, (size_t)n);
}

static void scalar(ox__printer *p, const ox_tensor_info *t, const void *data)
{
    char text[64];
    ox__printc(p, '{');
    if (ox_dtype_is_complex(t->dtype)) {
        ox_dtype part = t->dtype == OX_COMPLEX64 ? OX_FLOAT : OX_DOUBLE;
        ox__printc(p, '(');
        general(p, ox_dtype_get_f64(part, data, 0));
        ox__printc(p, ',');
        general(p, ox_dtype_get_f64(part, data, 1));
        ox__printc(p, ')');
    } else if (!ox_dtype_is_float(t->dtype)) {
        if (t->dtype == OX_UINT64 && ox_dtype_get_i64(t->dtype, data, 0) == INT64_MAX) {
            uint64_t u; /* beyond int64: exact from the bytes */
            memcpy(&u, data, sizeof u);
            ox__print(p, text, (size_t)snprintf(text, sizeof text, "%llu", (unsigned long long)u));
        } else {
            ox__print_i64(p, ox_dtype_get_i64(t->dtype, data, 0));
        }
    } else if (p->style == OX_STYLE_TORCH) {
        general(p, ox_dtype_get_f64(t->dtype, data, 0));
    } else {
        double v = ox_dtype_get_f64(t->dtype, data, 0);
        size_t n = t->dtype == OX_DOUBLE ? ox_text_f64(v, text, sizeof text) : ox_text_f32((float)v, text, sizeof text);
        ox__print(p, text, n);
    }
    ox__printc(p, '}');
}

bool ox__small_tensor(const ox_model *m, const ox_tensor_info *info, ox_tensor t, uint64_t *data, size_t size)
{
    uint64_t bytes = ox_tensor_raw_size(m, t);
    if (info->storage == OX_STORAGE_LOST || info->storage == OX_STORAGE_SPARSE || info->encoding == OX_ENC_STRINGS ||
        info->n_elements > SHOWN_ELEMENTS || bytes > size)
        return false;
    ox_error why;
    ox_error_clear(&why);
    /* what cannot be read (a file that changed) is shown as data that is not there: a listing goes on */
    return !bytes || ox_tensor_read(m, t, 0, data, bytes, &why) == OX_OK;
}

void ox__print_tensor(ox__printer *p, ox_tensor t)
{
    uint64_t data[2 * SHOWN_ELEMENTS] = {0};
    double v[SHOWN_ELEMENTS] = {0};
    ox_tensor_info info = ox_tensor_get(p->m, t);
    if (!t.id || !ox__small_tensor(p->m, &info, t, data, sizeof data)) {
        ox__prints(p, info.storage == OX_STORAGE_SPARSE && t.id ? "<Sparse Tensor>" : "<Tensor>");
        return;
    }
    if (info.n_elements == 1) {
        scalar(p, &info, data);
        return;
    }
    for (uint64_t i = 0; i < info.n_elements; i++) v[i] = ox_dtype_get_f64(info.dtype, data, i);
    ox__print_torch_array(p, info.dtype, info.rank, info.dims, v, p->cuda);
}

/* ---- all kinds ---- */

static void quoted(ox__printer *p, ox_str s)
{
    size_t n;
    const char *text = ox_str_text(p->m, s, &n);
    ox__print_quoted(p, text, n);
}

static void element(ox__printer *p, const ox_attr *a, uint32_t i)
{
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_FLOATS: ox__print_float(p, a->u.floats[i]); break;
    case OX_ATTR_INTS: ox__print_i64(p, a->u.ints[i]); break;
    case OX_ATTR_BOOLS: ox__prints(p, a->u.ints[i] ? "True" : "False"); break;
    case OX_ATTR_STRINGS: quoted(p, a->u.strings[i]); break;
    case OX_ATTR_TYPES: ox__print_type(p, a->u.types[i], (ox_layout){0}); break;
    default: break;
    }
}

static void list(ox__printer *p, const ox_attr *a)
{
    ox__printc(p, '[');
    for (uint32_t i = 0; i < a->n; i++) {
        if (i) ox__prints(p, ", ");
        element(p, a, i);
    }
    ox__printc(p, ']');
}

void ox__print_attr(ox__printer *p, const ox_attr *a)
{
    if (a->ref.id) {
        ox__printc(p, '@');
        ox__print_str(p, a->ref);
        return;
    }
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_NONE: ox__prints(p, "None"); break;
    case OX_ATTR_FLOAT: ox__print_float(p, a->u.f); break;
    case OX_ATTR_INT: ox__print_i64(p, a->u.i); break;
    case OX_ATTR_BOOL: ox__printc(p, a->u.i ? '1' : '0'); break; /* torch tells bool from int by the type alone */
    case OX_ATTR_STRING:
    case OX_ATTR_DEVICE: quoted(p, a->u.s); break;
    case OX_ATTR_COMPLEX: complex_number(p, a->u.floats[0], a->u.floats[1]); break;
    case OX_ATTR_RAW: ox__print_str(p, a->u.s); break;
    case OX_ATTR_TENSOR: ox__print_tensor(p, a->u.t); break;
    case OX_ATTR_SPARSE: ox__prints(p, "<Sparse Tensor>"); break;
    case OX_ATTR_GRAPH: ox__prints(p, "<Graph>"); break;
    case OX_ATTR_TYPE: ox__print_type(p, a->u.type, (ox_layout){0}); break;
    case OX_ATTR_TENSORS:
    case OX_ATTR_SPARSES: ox__prints(p, "[<Tensors>]"); break;
    case OX_ATTR_GRAPHS: ox__prints(p, "[<Graphs>]"); break;
    case OX_ATTR_FLOATS:
    case OX_ATTR_INTS:
    case OX_ATTR_BOOLS:
    case OX_ATTR_STRINGS:
    case OX_ATTR_TYPES: list(p, a); break;
    }
}
