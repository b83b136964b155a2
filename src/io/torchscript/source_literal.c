/* Floor 3. Plain data of an archive as one text, from which it can be built again: what a module holds beside weights.
 * None, True, 3, 1.5, "text" with \xHH for what is not plain ASCII, [..], (..), {key: value}; a tensor is `@`, for it
 * is a weight whose name tells its place. */
#include "io/torchscript/lower.h"

#include <onnxsh/text.h>

enum { MAX_TEXT = 64 << 10 };

static void add_text(ox__buf *out, const char *s, size_t n)
{
    ox__buf_addc(out, '"');
    for (size_t i = 0; i < n; i++) {
        unsigned char c = (unsigned char)s[i];
        if (c < 0x20 || c >= 0x7f || c == '"' || c == '\\')
            ox__buf_addf(out, "\\x%02x", c);
        else
            ox__buf_addc(out, (char)c);
    }
    ox__buf_addc(out, '"');
}

static bool add(ox__buf *out, const ox__obj *o, unsigned depth);

static bool add_items(ox__buf *out, const ox__obj *o, const char *brackets, unsigned depth)
{
    bool dict = o->kind == OX__OBJ_DICT;
    ox__buf_addc(out, brackets[0]);
    for (size_t i = 0; i < o->n; i++) {
        if (i) ox__buf_addc(out, ',');
        if (dict && !add(out, o->items[2 * i], depth + 1)) return false;
        if (dict) ox__buf_addc(out, ':');
        if (!add(out, o->items[dict ? 2 * i + 1 : i], depth + 1)) return false;
    }
    ox__buf_addc(out, brackets[1]);
    return true;
}

static bool add(ox__buf *out, const ox__obj *o, unsigned depth)
{
    char number[64];
    if (depth > OX__TS_LIST || out->n > MAX_TEXT) return false;
    switch ((ox__obj_kind)o->kind) {
    case OX__OBJ_NONE: ox__buf_addz(out, "None"); return true;
    case OX__OBJ_BOOL: ox__buf_addz(out, o->i ? "True" : "False"); return true;
    case OX__OBJ_INT: ox__buf_addf(out, "%lld", (long long)o->i); return true;
    case OX__OBJ_FLOAT: ox__buf_add(out, number, ox_text_torch_f64(o->f, number, sizeof number)); return true;
    case OX__OBJ_STR: add_text(out, o->s, o->n); return out->n <= MAX_TEXT;
    case OX__OBJ_TENSOR: ox__buf_addc(out, '@'); return true;
    case OX__OBJ_LIST: return add_items(out, o, "[]", depth);
    case OX__OBJ_TUPLE: return add_items(out, o, "()", depth);
    case OX__OBJ_DICT: return add_items(out, o, "{}", depth);
    default: return false;
    }
}

bool ox__ts_plain_text(ox__buf *out, const ox__obj *o)
{
    ox__buf_clear(out);
    return o && o->kind != OX__OBJ_TENSOR && add(out, o, 0);
}
