/* Floor 2. Sets of ONNX types: membership of a type of the IR, and their text. */
#include <onnxsh/schema.h>

#include "base/base.h"
#include "schema/onnx_rows.h"

#include <stdio.h>

/* "float" for 1; the table has a name for every element type of the ONNX release that it was made from. */
static const char *dtype_text(int dtype)
{
    return dtype > 0 && dtype < ox__onnx_n.dtype_names ? ox__onnx_text + ox__onnx_dtype_names[dtype] : "?";
}

static ox_tri mask_admits(uint32_t mask, const ox_type_info *tensor)
{
    if (tensor->kind == OX_TYPE_NONE_KNOWN) return mask ? OX_UNKNOWN : OX_NO;
    if (tensor->kind != OX_TYPE_TENSOR) return OX_NO;
    if (tensor->dtype == OX_UNDEFINED) return mask ? OX_UNKNOWN : OX_NO;
    return mask >> tensor->dtype & 1 ? OX_YES : OX_NO;
}

/* Writes map(int64, float) or seq(map(string, float)); false if something in it is not known. */
static bool other_text(char *buf, size_t size, const ox_model *m, ox_type_info t)
{
    bool seq = t.kind == OX_TYPE_SEQUENCE;
    if (seq) t = ox_type_get(m, t.items[0]);
    if (t.kind != OX_TYPE_MAP || t.n_items != 1) return false;
    ox_type_info value = ox_type_get(m, t.items[0]);
    if (value.kind != OX_TYPE_TENSOR || !value.dtype || !t.dtype) return false;
    snprintf(buf, size, "%smap(%s, %s)%s", seq ? "seq(" : "", dtype_text((int)t.dtype), dtype_text((int)value.dtype),
             seq ? ")" : "");
    return true;
}

static ox_tri other_admits(uint32_t mask, const ox_model *m, const ox_type_info *t)
{
    char text[96];
    if (!mask) return OX_NO;
    if (!other_text(text, sizeof text, m, *t)) return OX_UNKNOWN;
    for (int i = 0; i < ox__onnx_n.other_types; i++)
        if (mask >> i & 1 && strcmp(ox__onnx_text + ox__onnx_other_types[i], text) == 0) return OX_YES;
    return OX_NO;
}

ox_tri ox_type_set_admits(const ox_type_set *set, const ox_model *m, ox_type type)
{
    ox_type_info t = ox_type_get(m, type), item = {0}, inner = {0};
    if (t.n_items == 1) item = ox_type_get(m, t.items[0]);
    if (item.n_items == 1) inner = ox_type_get(m, item.items[0]);
    switch (t.kind) {
    case OX_TYPE_NONE_KNOWN: return OX_UNKNOWN;
    case OX_TYPE_TENSOR: return mask_admits(set->tensor, &t);
    case OX_TYPE_SEQUENCE:
        if (item.kind == OX_TYPE_MAP) return other_admits(set->other, m, &t);
        return mask_admits(set->sequence, &item);
    case OX_TYPE_OPTIONAL:
        if (item.kind == OX_TYPE_SEQUENCE) return mask_admits(set->optional_sequence, &inner);
        return mask_admits(set->optional, &item);
    case OX_TYPE_MAP: return other_admits(set->other, m, &t);
    default: return OX_NO;
    }
}

ox_dtype ox_type_set_single(const ox_type_set *set)
{
    uint32_t mask = set->tensor;
    if (!mask || mask & (mask - 1) || set->sequence || set->optional || set->optional_sequence || set->other)
        return OX_UNDEFINED;
    int d = 0;
    while (!(mask >> d & 1)) d++;
    return (ox_dtype)d;
}

size_t ox_type_set_print(const ox_type_set *set, char *buf, size_t size)
{
    static const char *const forms[] = {"tensor(%s)", "seq(tensor(%s))", "optional(tensor(%s))",
                                        "optional(seq(tensor(%s)))"};
    const uint32_t masks[] = {set->tensor, set->sequence, set->optional, set->optional_sequence};
    size_t n = 0;
    if (size) buf[0] = '\0';
#define PUT(...) n += (size_t)snprintf(n < size ? buf + n : NULL, n < size ? size - n : 0, __VA_ARGS__)
    for (size_t f = 0; f < OX__COUNT(forms); f++) {
        for (int d = 1; d < 32; d++) {
            if (!(masks[f] >> d & 1)) continue;
            if (n) PUT(", ");
            PUT(forms[f], dtype_text(d));
        }
    }
    for (int i = 0; i < ox__onnx_n.other_types; i++)
        if (set->other >> i & 1) PUT("%s%s", n ? ", " : "", ox__onnx_text + ox__onnx_other_types[i]);
#undef PUT
    return n;
}
