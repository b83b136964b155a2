/* Floor 2. ONNX schemas as JSON, for `schema NAME --json`. */
#include "schema/print.h"

static void put_key(ox__buf *b, const char *key, const char *value)
{
    ox__buf_addf(b, "\"%s\":", key);
    ox__schema_put_json(b, value);
}

static void put_flag(ox__buf *b, const char *key, bool v)
{
    if (v) ox__buf_addf(b, ",\"%s\":true", key);
}

/* The types of a set as an array of texts. */
static void put_allowed(ox__buf *b, const ox_type_set *set)
{
    size_t n = ox_type_set_print(set, NULL, 0);
    char *text = ox__alloc(n + 1);
    if (!text) {
        b->failed = true;
        return;
    }
    ox_type_set_print(set, text, n + 1);
    ox__buf_addc(b, '[');
    int depth = 0;
    size_t from = 0;
    for (size_t i = 0; i <= n && n; i++) {
        depth += (text[i] == '(') - (text[i] == ')');
        if (i < n && (text[i] != ',' || depth)) continue; /* map(string, float) has a comma of its own */
        text[i] = '\0';
        if (from) ox__buf_addc(b, ',');
        ox__schema_put_json(b, text + from);
        from = i + 2;
    }
    ox__buf_addc(b, ']');
    ox__free(text);
}

static void put_params(ox__buf *b, const ox_op_schema *s, bool outputs)
{
    static const char *const options[] = {"single", "optional", "variadic"};
    ox_op_info info = ox_op_schema_info(s);
    ox__buf_addf(b, ",\"%s\":[", outputs ? "outputs" : "inputs");
    for (uint32_t i = 0; i < (outputs ? info.n_outputs : info.n_inputs); i++) {
        ox_op_param p = outputs ? ox_op_schema_output(s, i) : ox_op_schema_input(s, i);
        ox__buf_addz(b, i ? ",{" : "{");
        put_key(b, "name", p.name);
        ox__buf_addc(b, ',');
        put_key(b, "type", p.type);
        ox__buf_addf(b, ",\"option\":\"%s\",\"min_arity\":%u", options[p.option], p.min_arity);
        put_flag(b, "homogeneous", p.homogeneous);
        ox__buf_addc(b, '}');
    }
    ox__buf_addc(b, ']');
}

static void put_count(ox__buf *b, const char *key, uint32_t n)
{
    if (n == OX_UNBOUNDED)
        ox__buf_addf(b, ",\"%s\":null", key);
    else
        ox__buf_addf(b, ",\"%s\":%u", key, n);
}

static void put_version(ox__buf *b, const ox_op_schema *s)
{
    ox_op_info info = ox_op_schema_info(s);
    ox__buf_addf(b, "{\"since\":%lld", (long long)info.since);
    if (info.until) ox__buf_addf(b, ",\"until\":%lld", (long long)info.until);
    put_flag(b, "deprecated", info.deprecated);
    put_flag(b, "experimental", info.experimental);
    put_flag(b, "function", info.has_function);
    put_count(b, "min_inputs", info.min_inputs);
    put_count(b, "max_inputs", info.max_inputs);
    put_count(b, "min_outputs", info.min_outputs);
    put_count(b, "max_outputs", info.max_outputs);
    put_params(b, s, false);
    put_params(b, s, true);
    ox__buf_addz(b, ",\"attributes\":[");
    for (uint32_t i = 0; i < info.n_attrs; i++) {
        ox_op_attr a = ox_op_schema_attr(s, i);
        ox__buf_addz(b, i ? ",{" : "{");
        put_key(b, "name", a.name);
        ox__buf_addf(b, ",\"type\":\"%s\"", ox_attr_kind_name(a.kind));
        put_flag(b, "required", a.required);
        if (a.has_default) ox__buf_addz(b, ",\"default\":"), ox__schema_put_default(b, &a);
        ox__buf_addc(b, '}');
    }
    ox__buf_addz(b, "],\"types\":[");
    for (uint32_t i = 0; i < info.n_vars; i++) {
        ox_op_var v = ox_op_schema_var(s, i);
        ox__buf_addz(b, i ? ",{" : "{");
        put_key(b, "name", v.name);
        ox__buf_addz(b, ",\"allowed\":");
        put_allowed(b, &v.types);
        ox__buf_addc(b, '}');
    }
    ox__buf_addz(b, "]}");
}

void ox__schema_json_onnx(ox__buf *b, const ox_op_schema *s, bool alone)
{
    ox_op_info info = ox_op_schema_info(s);
    ox__buf_addc(b, '{');
    put_key(b, "domain", info.domain);
    ox__buf_addc(b, ',');
    put_key(b, "name", info.name);
    ox__buf_addz(b, ",\"versions\":[");
    for (bool first = true; s; s = alone ? NULL : ox_op_schema_older(s), first = false) {
        if (!first) ox__buf_addc(b, ',');
        put_version(b, s);
    }
    ox__buf_addz(b, "]}");
}
