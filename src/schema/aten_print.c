/* Floor 2. A schema as PyTorch writes it. */
#include <onnxsh/aten.h>

#include "base/base.h"

#include <stdio.h>

typedef struct sink {
    char *buf;
    size_t size, n;
} sink;

static void put(sink *k, const char *s)
{
    size_t len = strlen(s);
    for (size_t i = 0; i < len && k->n + i + 1 < k->size; i++) k->buf[k->n + i] = s[i];
    k->n += len;
}

static void put_arg(sink *k, const ox_aten_arg *a)
{
    put(k, a->type.text);
    if (a->name[0]) put(k, " "), put(k, a->name);
    if (a->def.text) put(k, "="), put(k, a->def.text);
}

size_t ox_aten_print(const ox_aten_schema *s, char *buf, size_t size)
{
    sink k = {buf, size, 0};
    ox_aten_info info = ox_aten_get(s);
    bool kwarg = false;
    put(&k, info.name);
    if (info.overload[0]) put(&k, "."), put(&k, info.overload);
    put(&k, "(");
    for (uint32_t i = 0; i < info.n_args; i++) {
        ox_aten_arg a = ox_aten_get_arg(s, i);
        if (i) put(&k, ", ");
        if (a.kwarg_only && !kwarg) put(&k, "*, ");
        kwarg = a.kwarg_only;
        put_arg(&k, &a);
    }
    if (info.vararg) put(&k, info.n_args ? ", ..." : "...");
    put(&k, ") -> ");
    /* One result stands bare, unless its type begins with a parenthesis itself. */
    bool bare = info.n_returns + info.varret == 1 && (info.varret || ox_aten_get_return(s, 0).type.text[0] != '(');
    if (!bare) put(&k, "(");
    for (uint32_t i = 0; i < info.n_returns; i++) {
        ox_aten_arg a = ox_aten_get_return(s, i);
        if (i) put(&k, ", ");
        put_arg(&k, &a);
    }
    if (info.varret) put(&k, info.n_returns ? ", ..." : "...");
    if (!bare) put(&k, ")");
    if (size) buf[OX__MIN(k.n, size - 1)] = '\0';
    return k.n;
}
