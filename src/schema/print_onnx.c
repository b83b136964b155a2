/* Floor 2. An ONNX operator for people: its parameters in columns, then what each version changed. */
#include "schema/print.h"

#include <onnxsh/text.h>

#include "schema/onnx_rows.h"

typedef struct page {
    ox__buf *b;
    size_t width;
} page;

void ox__schema_put_json(ox__buf *b, const char *s)
{
    size_t n = ox_text_json(s, strlen(s), NULL, 0);
    if (!ox__buf_reserve(b, n + 1)) return;
    ox_text_json(s, strlen(s), b->p + b->n, n + 1);
    b->n += n;
}

void ox__schema_put_default(ox__buf *b, const ox_op_attr *a)
{
    char number[64];
    const char *s = a->s;
    switch (a->kind) {
    case OX_ATTR_INT: ox__buf_addf(b, "%lld", (long long)a->i); break;
    case OX_ATTR_FLOAT:
        ox_text_f32((float)a->f, number, sizeof number);
        ox__buf_addz(b, number);
        break;
    case OX_ATTR_STRING: ox__schema_put_json(b, s); break;
    case OX_ATTR_INTS:
        for (uint32_t i = 0; i < a->n; i++) ox__buf_addf(b, "%s%lld", i ? ", " : "[", (long long)a->ints[i]);
        ox__buf_addz(b, a->n ? "]" : "[]");
        break;
    default:
        for (uint32_t i = 0; i < a->n; i++, s += strlen(s) + 1) {
            ox__buf_addz(b, i ? ", " : "[");
            ox__schema_put_json(b, s);
        }
        ox__buf_addz(b, a->n ? "]" : "[]");
        break;
    }
}

static void put_form(ox__buf *b, const char *open, const char *close, uint32_t mask)
{
    if (!mask) return;
    if (b->n && b->p[b->n - 1] == ')') ox__buf_addz(b, ", ");
    ox__buf_addz(b, open);
    bool first = true;
    for (int d = 1; d < ox__onnx_n.dtype_names; d++) {
        if (!(mask >> d & 1)) continue;
        ox__buf_addf(b, "%s%s", first ? "" : ", ", ox__onnx_text + ox__onnx_dtype_names[d]);
        first = false;
    }
    ox__buf_addz(b, close);
}

void ox__schema_put_types(ox__buf *b, const ox_type_set *set)
{
    put_form(b, "tensor(", ")", set->tensor);
    put_form(b, "seq(tensor(", "))", set->sequence);
    put_form(b, "optional(tensor(", "))", set->optional);
    put_form(b, "optional(seq(tensor(", ")))", set->optional_sequence);
    for (int i = 0; i < ox__onnx_n.other_types; i++) {
        if (!(set->other >> i & 1)) continue;
        if (b->n && b->p[b->n - 1] == ')') ox__buf_addz(b, ", ");
        ox__buf_addz(b, ox__onnx_text + ox__onnx_other_types[i]);
    }
}

/* Adds text broken at blanks, continued in column `indent`; the cursor stands in column `at`. */
static void put_wrapped(page *p, const char *s, size_t at, size_t indent)
{
    while (*s) {
        size_t word = strcspn(s, " ");
        if (at > indent && at + 1 + word > p->width) {
            ox__buf_addf(p->b, "\n%*s", (int)indent, "");
            at = indent;
        } else if (at > indent) {
            ox__buf_addc(p->b, ' ');
            at++;
        }
        ox__buf_add(p->b, s, word);
        at += word;
        s += word;
        while (*s == ' ') s++;
    }
}

static void put_types_wrapped(page *p, const ox_type_set *set, size_t indent)
{
    ox__buf text = {0};
    ox__schema_put_types(&text, set);
    if (text.failed)
        p->b->failed = true;
    else
        put_wrapped(p, text.p ? text.p : "", indent, indent);
    ox__buf_free(&text);
}

static void put_params(page *p, const ox_op_schema *s, bool outputs)
{
    ox_op_info info = ox_op_schema_info(s);
    uint32_t n = outputs ? info.n_outputs : info.n_inputs;
    int w_name = 0, w_type = 0;
    if (n) ox__buf_addz(p->b, outputs ? "outputs\n" : "inputs\n");
    for (uint32_t i = 0; i < n; i++) {
        ox_op_param q = outputs ? ox_op_schema_output(s, i) : ox_op_schema_input(s, i);
        w_name = OX__MAX(w_name, (int)strlen(q.name));
        w_type = OX__MAX(w_type, (int)strlen(q.type));
    }
    for (uint32_t i = 0; i < n; i++) {
        ox_op_param q = outputs ? ox_op_schema_output(s, i) : ox_op_schema_input(s, i);
        if (q.option == OX_PARAM_SINGLE)
            ox__buf_addf(p->b, "  %-*s  %s\n", w_name, q.name, q.type);
        else if (q.option == OX_PARAM_OPTIONAL)
            ox__buf_addf(p->b, "  %-*s  %-*s  optional\n", w_name, q.name, w_type, q.type);
        else
            ox__buf_addf(p->b, "  %-*s  %-*s  %u or more%s\n", w_name, q.name, w_type, q.type, q.min_arity,
                         q.homogeneous ? "" : ", of any types each");
    }
}

static void put_attrs(page *p, const ox_op_schema *s)
{
    ox_op_info info = ox_op_schema_info(s);
    int w_name = 0;
    if (info.n_attrs) ox__buf_addz(p->b, "attributes\n");
    for (uint32_t i = 0; i < info.n_attrs; i++) w_name = OX__MAX(w_name, (int)strlen(ox_op_schema_attr(s, i).name));
    for (uint32_t i = 0; i < info.n_attrs; i++) {
        ox_op_attr a = ox_op_schema_attr(s, i);
        ox__buf_addf(p->b, "  %-*s  %s", w_name, a.name, ox_attr_kind_name(a.kind));
        int pad = 9 - (int)strlen(ox_attr_kind_name(a.kind));
        if (a.has_default) {
            ox__buf_addf(p->b, "%*s= ", pad, "");
            ox__schema_put_default(p->b, &a);
        } else if (a.required) {
            ox__buf_addf(p->b, "%*srequired", pad, "");
        }
        ox__buf_addc(p->b, '\n');
    }
}

static void put_vars(page *p, const ox_op_schema *s)
{
    ox_op_info info = ox_op_schema_info(s);
    int w_name = 0;
    if (info.n_vars) ox__buf_addz(p->b, "types\n");
    for (uint32_t i = 0; i < info.n_vars; i++) w_name = OX__MAX(w_name, (int)strlen(ox_op_schema_var(s, i).name));
    for (uint32_t i = 0; i < info.n_vars; i++) {
        ox_op_var v = ox_op_schema_var(s, i);
        ox__buf_addf(p->b, "  %-*s  ", w_name, v.name);
        put_types_wrapped(p, &v.types, (size_t)w_name + 4);
        ox__buf_addc(p->b, '\n');
    }
}

/* ---- what a version changed ---- */

/* One clause; clauses of a version are joined by semicolons. */
static void clause(ox__buf *b)
{
    if (b->n) ox__buf_addz(b, "; ");
}

static bool find_param(const ox_op_schema *s, bool outputs, const char *name, ox_op_param *out)
{
    ox_op_info info = ox_op_schema_info(s);
    for (uint32_t i = 0; i < (outputs ? info.n_outputs : info.n_inputs); i++) {
        *out = outputs ? ox_op_schema_output(s, i) : ox_op_schema_input(s, i);
        if (strcmp(out->name, name) == 0) return true;
    }
    return false;
}

/* Parameters that `a` has and `b` lacks; with `compare`, also those that are of another kind in b. */
static void diff_params(ox__buf *t, const ox_op_schema *a, const ox_op_schema *b, bool outputs, bool compare)
{
    static const char *const options[] = {"required", "optional", "variadic"};
    ox_op_info info = ox_op_schema_info(a);
    for (uint32_t i = 0; i < (outputs ? info.n_outputs : info.n_inputs); i++) {
        ox_op_param p = outputs ? ox_op_schema_output(a, i) : ox_op_schema_input(a, i), q;
        const char *what = outputs ? "output" : "input";
        if (!find_param(b, outputs, p.name, &q)) {
            clause(t);
            ox__buf_addf(t, "%c %s %s", compare ? '+' : '-', what, p.name);
        } else if (compare && p.option != q.option) {
            clause(t);
            ox__buf_addf(t, "%s %s is %s", what, p.name, options[p.option]);
        }
    }
}

static bool same_default(ox__buf *t, const ox_op_attr *a, const ox_op_attr *b)
{
    ox__buf x = {0}, y = {0};
    if (a->has_default) ox__schema_put_default(&x, a);
    if (b->has_default) ox__schema_put_default(&y, b);
    bool same = x.n == y.n && (x.n == 0 || memcmp(x.p, y.p, x.n) == 0);
    if (x.failed || y.failed) t->failed = true;
    ox__buf_free(&x);
    ox__buf_free(&y);
    return same;
}

static void diff_attrs(ox__buf *t, const ox_op_schema *a, const ox_op_schema *b, bool compare)
{
    uint32_t n = ox_op_schema_info(a).n_attrs;
    for (uint32_t i = 0; i < n; i++) {
        ox_op_attr p = ox_op_schema_attr(a, i), q;
        if (!ox_op_schema_find_attr(b, p.name, strlen(p.name), &q)) {
            clause(t);
            ox__buf_addf(t, "%c attribute %s", compare ? '+' : '-', p.name);
        } else if (compare && p.kind != q.kind) {
            clause(t);
            ox__buf_addf(t, "%s is %s", p.name, ox_attr_kind_name(p.kind));
        } else if (compare && !same_default(t, &p, &q)) {
            clause(t);
            ox__buf_addf(t, "%s = ", p.name);
            if (p.has_default)
                ox__schema_put_default(t, &p);
            else
                ox__buf_addz(t, "no default");
        } else if (compare && p.required != q.required) {
            clause(t);
            ox__buf_addf(t, "%s is %s", p.name, p.required ? "required" : "optional");
        }
    }
}

static ox_type_set minus(const ox_type_set *a, const ox_type_set *b)
{
    return (ox_type_set){a->tensor & ~b->tensor, a->sequence & ~b->sequence, a->optional & ~b->optional,
                         a->optional_sequence & ~b->optional_sequence, a->other & ~b->other};
}

static bool is_empty(const ox_type_set *s)
{
    return !(s->tensor | s->sequence | s->optional | s->optional_sequence | s->other);
}

/* The types that a parameter gained (or, sign '-', lost); once for each type variable. */
static void diff_types(ox__buf *t, const ox_op_schema *a, const ox_op_schema *b, char sign)
{
    ox_op_info info = ox_op_schema_info(a);
    uint32_t done = 0;
    for (uint32_t i = 0; i < info.n_inputs + info.n_outputs; i++) {
        bool outputs = i >= info.n_inputs;
        ox_op_param p = outputs ? ox_op_schema_output(a, i - info.n_inputs) : ox_op_schema_input(a, i), q;
        if (!find_param(b, outputs, p.name, &q) || (p.var >= 0 && done >> p.var & 1)) continue;
        if (p.var >= 0) done |= 1u << p.var;
        ox_type_set gained = minus(&p.types, &q.types);
        if (is_empty(&gained)) continue;
        clause(t);
        ox__buf_addf(t, "%s %c ", p.var >= 0 ? p.type : p.name, sign);
        ox__schema_put_types(t, &gained);
    }
}

static void put_changes(page *p, const ox_op_schema *s)
{
    const ox_op_schema *old = ox_op_schema_older(s);
    ox__buf t = {0};
    if (ox_op_schema_info(s).deprecated) {
        ox__buf_addz(&t, "deprecated");
    } else if (old) {
        diff_params(&t, s, old, false, true);
        diff_params(&t, old, s, false, false);
        diff_params(&t, s, old, true, true);
        diff_params(&t, old, s, true, false);
        diff_attrs(&t, s, old, true);
        diff_attrs(&t, old, s, false);
        diff_types(&t, s, old, '+');
        diff_types(&t, old, s, '-');
    } else {
        ox__buf_addz(&t, "first version");
    }
    ox__buf_addf(p->b, "  %4lld  ", (long long)ox_op_schema_info(s).since);
    if (t.failed) p->b->failed = true;
    put_wrapped(p, t.n ? t.p : "only its meaning or text", 8, 8);
    ox__buf_addc(p->b, '\n');
    ox__buf_free(&t);
}

static void put_title(page *p, const ox_op_schema *s)
{
    ox_op_info info = ox_op_schema_info(s);
    ox__buf_addf(p->b, "%s::%s  since opset %lld", info.domain[0] ? info.domain : "onnx", info.name,
                 (long long)info.since);
    if (info.until) ox__buf_addf(p->b, " to %lld", (long long)info.until);
    if (info.deprecated) ox__buf_addz(p->b, ", deprecated: models from that opset on must not use it");
    if (info.experimental) ox__buf_addz(p->b, ", experimental");
    if (info.has_function) ox__buf_addz(p->b, ", defined by other operators");
    ox__buf_addc(p->b, '\n');
}

void ox__schema_print_onnx(ox__buf *b, const ox_op_schema *s, bool alone, size_t width)
{
    page p = {b, width};
    put_title(&p, s);
    put_params(&p, s, false);
    put_params(&p, s, true);
    put_attrs(&p, s);
    put_vars(&p, s);
    if (alone || !ox_op_schema_older(s)) return;
    ox__buf_addz(b, "versions\n");
    for (; s; s = ox_op_schema_older(s)) put_changes(&p, s);
}
