/* Floor 2. PyTorch's overloads of one operator for people: the schema as PyTorch writes it, then what to know of it. */
#include "schema/print.h"

static void put_version(ox__buf *b, uint16_t v)
{
    ox__buf_addf(b, "%d.%d", v / 100, v % 100);
}

static void put_schema(ox__buf *b, const ox_aten_schema *s)
{
    size_t n = ox_aten_print(s, NULL, 0);
    if (!ox__buf_reserve(b, n + 1)) return;
    ox_aten_print(s, b->p + b->n, n + 1);
    b->n += n;
}

static void put_inert(ox__buf *b, const ox_aten_schema *s)
{
    uint32_t n = ox_aten_get(s).n_args;
    int width = 0;
    for (uint32_t i = 0; i < n; i++) {
        ox_aten_arg a = ox_aten_get_arg(s, i);
        if (a.inert) width = OX__MAX(width, (int)strlen(a.name));
    }
    for (uint32_t i = 0; i < n; i++) {
        ox_aten_arg a = ox_aten_get_arg(s, i);
        if (!a.inert) continue;
        ox__buf_addf(b, "    %s %-*s  %s\n", a.inert == OX_ATEN_INERT ? "inert           " : "inert at eval   ", width,
                     a.name, a.reason);
    }
}

static void put_twin(ox__buf *b, const char *what, const ox_aten_schema *twin)
{
    if (!twin) return;
    ox_aten_info info = ox_aten_get(twin);
    ox__buf_addf(b, "    %s %s%s%s\n", what, info.name, info.overload[0] ? "." : "", info.overload);
}

void ox__schema_print_aten(ox__buf *b, const ox_aten_schema *first, size_t n)
{
    for (size_t i = 0; i < n; i++) {
        const ox_aten_schema *s = ox_aten_nth(first, i);
        ox_aten_info info = ox_aten_get(s);
        put_schema(b, s);
        ox__buf_addz(b, "\n    PyTorch          ");
        put_version(b, info.first);
        if (info.last != info.first) ox__buf_addz(b, " to "), put_version(b, info.last);
        ox__buf_addc(b, '\n');
        put_twin(b, "in place of     ", ox_aten_functional(s));
        put_twin(b, "in-place form   ", ox_aten_inplace(s));
        put_inert(b, s);
    }
}

static void put_bool(ox__buf *b, const char *key, bool v)
{
    if (v) ox__buf_addf(b, ",\"%s\":true", key);
}

static void put_args(ox__buf *b, const char *key, const ox_aten_schema *s, bool results)
{
    ox_aten_info info = ox_aten_get(s);
    ox__buf_addf(b, ",\"%s\":[", key);
    for (uint32_t i = 0; i < (results ? info.n_returns : info.n_args); i++) {
        ox_aten_arg a = results ? ox_aten_get_return(s, i) : ox_aten_get_arg(s, i);
        ox__buf_addz(b, i ? ",{\"name\":" : "{\"name\":");
        ox__schema_put_json(b, a.name);
        ox__buf_addz(b, ",\"type\":");
        ox__schema_put_json(b, a.type.text);
        if (a.def.text) ox__buf_addz(b, ",\"default\":"), ox__schema_put_json(b, a.def.text);
        put_bool(b, "keyword_only", a.kwarg_only);
        put_bool(b, "mutates", a.type.mutates);
        if (a.inert) {
            ox__buf_addf(b, ",\"inert\":\"%s\",\"reason\":", a.inert == OX_ATEN_INERT ? "always" : "eval");
            ox__schema_put_json(b, a.reason);
        }
        ox__buf_addc(b, '}');
    }
    ox__buf_addc(b, ']');
}

void ox__schema_json_aten(ox__buf *b, const ox_aten_schema *first, size_t n)
{
    ox__buf_addz(b, "{\"name\":");
    ox__schema_put_json(b, ox_aten_get(first).name);
    ox__buf_addz(b, ",\"overloads\":[");
    for (size_t i = 0; i < n; i++) {
        const ox_aten_schema *s = ox_aten_nth(first, i);
        ox_aten_info info = ox_aten_get(s);
        ox__buf text = {0};
        put_schema(&text, s);
        if (text.failed) b->failed = true;
        ox__buf_addz(b, i ? ",{\"schema\":" : "{\"schema\":");
        ox__schema_put_json(b, text.p ? text.p : "");
        ox__buf_free(&text);
        ox__buf_addz(b, ",\"overload\":");
        ox__schema_put_json(b, info.overload);
        ox__buf_addz(b, ",\"first\":\"");
        put_version(b, info.first);
        ox__buf_addz(b, "\",\"last\":\"");
        put_version(b, info.last);
        ox__buf_addc(b, '"');
        put_bool(b, "out", info.is_out);
        put_bool(b, "inplace", info.is_inplace);
        put_bool(b, "varargs", info.vararg);
        put_bool(b, "varresults", info.varret);
        put_args(b, "args", s, false);
        put_args(b, "results", s, true);
        ox__buf_addc(b, '}');
    }
    ox__buf_addz(b, "]}");
}
