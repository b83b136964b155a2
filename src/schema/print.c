/* Floor 2. `schema NAME`: finds what a name means, or names alike. */
#include "schema/print.h"

#include <onnxsh/text.h>

enum { MAX_NAME = 200, N_ALIKE = 5 };

/* ---- names alike ---- */
typedef struct alike {
    const char *name;
    size_t distance;
} alike;

static const char *base_name(const char *name)
{
    return strstr(name, "::") ? strstr(name, "::") + 2 : name;
}

static void keep_alike(alike *best, const char *wanted, const char *name)
{
    size_t d = ox_text_distance(wanted, base_name(name));
    if (d > 1 + strlen(wanted) / 4) return;
    for (int i = 0; i < N_ALIKE; i++) {
        if (best[i].name && best[i].distance <= d) continue;
        memmove(best + i + 1, best + i, (size_t)(N_ALIKE - 1 - i) * sizeof *best);
        best[i] = (alike){name, d};
        return;
    }
}

static ox_status not_found(const char *name, ox_error *err)
{
    alike best[N_ALIKE] = {0};
    const char *base = base_name(name);
    for (size_t i = 0; i < ox_op_schema_count(); i++) {
        const ox_op_schema *s = ox_op_schema_at(i);
        if (!ox_op_schema_older(s)) keep_alike(best, base, ox_op_schema_info(s).name);
    }
    for (size_t i = 0; i < ox_aten_count(); i++) keep_alike(best, base, ox_aten_name(i));
    ox_status st = ox__fail(err, OX_E_NOT_FOUND, "no operator of the name '%s' is known", name);
    char text[300] = "";
    for (int i = 0; i < N_ALIKE && best[i].name; i++) {
        size_t n = strlen(text);
        if (n + strlen(best[i].name) + 4 > sizeof text) break;
        if (i) strcat(text, ", ");
        strcat(text, best[i].name);
    }
    if (text[0])
        ox_error_hint(err, "alike: %s", text);
    else
        ox_error_hint(err, "ONNX operators read Conv or ai.onnx.ml::Scaler, PyTorch's aten::elu or aten::elu.out");
    return st;
}

/* ---- look-up ---- */
typedef struct target {
    const ox_op_schema *op;
    const ox_aten_schema *aten;
    size_t n;
} target;

/* "aten::add" or "aten::add.Tensor": all overloads, or those of that name. */
static target find_aten(const char *name)
{
    target t = {0};
    t.aten = ox_aten_find(name, &t.n);
    const char *dot = strrchr(base_name(name), '.');
    if (t.aten || !dot) return t;
    char op[MAX_NAME + 8];
    memcpy(op, name, (size_t)(dot - name));
    op[dot - name] = '\0';
    t.aten = ox_aten_find_overload(op, dot + 1);
    t.n = t.aten ? 1 : 0;
    return t;
}

static target find_target(const char *name, int64_t opset)
{
    static const char *const prefixes[] = {"aten::", "torchvision::", "prim::", "quantized::"};
    target t = {0};
    const char *sep = strstr(name, "::");
    const char *domain = sep ? name : "";
    t.op = ox_op_schema_find_n(domain, sep ? (size_t)(sep - name) : 0, base_name(name), strlen(base_name(name)), opset);
    if (t.op) return t;
    if (sep) return find_aten(name);
    for (int d = 1; ox_opset_domain((size_t)d) && !t.op; d++)
        t.op = ox_op_schema_find(ox_opset_domain((size_t)d), name, opset);
    for (size_t i = 0; i < OX__COUNT(prefixes) && !t.op && !t.aten; i++) {
        char full[MAX_NAME + 32];
        strcpy(full, prefixes[i]);
        strcat(full, name);
        t = find_aten(full);
    }
    return t;
}

ox_status ox_schema_print(const char *name, const ox_schema_print_options *opt, ox_write_fn fn, void *ud, ox_error *err)
{
    static const ox_schema_print_options none = {0};
    if (!opt) opt = &none;
    if (strlen(name) > MAX_NAME)
        return ox__fail(err, OX_E_NOT_FOUND, "no operator has a name of %zu bytes", strlen(name));
    target t = find_target(name, opt->opset);
    if (!t.op && opt->opset && find_target(name, 0).op)
        return ox__fail(err, OX_E_NOT_FOUND, "opset %lld has no operator '%s'", (long long)opt->opset, name);
    if (!t.op && !t.aten) return not_found(name, err);
    ox__buf b = {0};
    bool alone = opt->opset != 0;
    if (t.op && opt->json)
        ox__schema_json_onnx(&b, t.op, alone);
    else if (t.op)
        ox__schema_print_onnx(&b, t.op, alone, opt->width ? opt->width : 100);
    else if (opt->json)
        ox__schema_json_aten(&b, t.aten, t.n);
    else
        ox__schema_print_aten(&b, t.aten, t.n);
    if (opt->json) ox__buf_addc(&b, '\n');
    ox_status s = b.failed ? ox__nomem(err) : OX_OK;
    if (s == OX_OK) fn(ud, b.p, b.n);
    ox__buf_free(&b);
    return s;
}
