/* Floor 1. Terms of a query held against a node. Each distinct string is tried once in a run: names repeat, and where
 * they do not, the memory is a byte each. */
#include "ir/query.h"
#include "ir/print.h"
#include "ir/query_has.h"

#include <onnxsh/text.h>

enum { NO = 1, YES = 2, TEXT = 512 };

/* ---- remembering ---- */

static uint8_t *memo_at(ox__memo_bytes *x, uint32_t id)
{
    if (id >= x->n) {
        size_t need = OX__MAX((size_t)id + 1, x->n + x->n / 2 + 1024);
        uint8_t *p = ox__realloc(x->p, need);
        if (!p) return NULL; /* then nothing is remembered, no more */
        memset(p + x->n, 0, need - x->n);
        x->p = p;
        x->n = need;
    }
    return &x->p[id];
}

static bool matches(ox__query_run *r, const ox__pattern *x, const char *s, size_t n)
{
    int found = ox__pattern_matches(x, s, n);
    if (found < 0) r->too_hard = true;
    return found > 0;
}

static bool string_matches(ox__query_run *r, uint32_t term, ox_str s)
{
    const ox__pattern *x = &r->q->terms.p[term].pattern;
    uint8_t *seen = r->remembers && term < OX__MEMO_TERMS ? memo_at(&r->strings[term], s.id) : NULL;
    size_t n;
    if (seen && *seen) return *seen == YES;
    const char *text = ox_str_text(r->m, s, &n);
    bool found = matches(r, x, text, n);
    if (seen) *seen = found ? YES : NO;
    return found;
}

/* ---- names ---- */

static bool value_matches(ox__query_run *r, uint32_t term, ox_value v)
{
    ox_str name = ox_value_name(r->m, v);
    char label[80];
    if (!v.id) return false;
    if (name.id > 1) return string_matches(r, term, name);
    size_t n = ox_value_label(r->m, v, label, sizeof label); /* "%17" */
    return matches(r, &r->q->terms.p[term].pattern, label + 1, OX__MIN(n, sizeof label) - 1);
}

static bool any_value(ox__query_run *r, uint32_t term, ox_node n, bool inputs)
{
    size_t count = inputs ? ox_node_n_inputs(r->m, n) : ox_node_n_outputs(r->m, n);
    for (size_t i = 0; i < count; i++)
        if (value_matches(r, term, inputs ? ox_node_input(r->m, n, i) : ox_node_output(r->m, n, i))) return true;
    return false;
}

static bool name_matches(ox__query_run *r, uint32_t term, ox_node n)
{
    ox_str name = ox_node_name(r->m, n);
    return (name.id > 1 && string_matches(r, term, name)) || any_value(r, term, n, false);
}

/* A value by its exact name, or by its number when it has none; a glob is a pattern on names. */
static bool same_value(ox__query_run *r, uint32_t term, ox_node n, bool inputs)
{
    const ox__term *t = &r->q->terms.p[term];
    if (!t->name.id && !t->value) return any_value(r, term, n, inputs);
    size_t count = inputs ? ox_node_n_inputs(r->m, n) : ox_node_n_outputs(r->m, n);
    for (size_t i = 0; i < count; i++) {
        ox_value v = inputs ? ox_node_input(r->m, n, i) : ox_node_output(r->m, n, i);
        if (v.id && (t->name.id ? ox_value_name(r->m, v).id == t->name.id : v.id == t->value)) return true;
    }
    return false;
}

/* ---- operators ---- */

static bool op_answer(ox__query_run *r, const ox__term *t, ox_node n)
{
    char text[TEXT];
    size_t len;
    const char *s = ox_str_text(r->m, ox_node_domain(r->m, n), &len);
    if (t->has_key && !matches(r, &t->key, s, len)) return false;
    s = ox_str_text(r->m, ox_node_op(r->m, n), &len);
    if (matches(r, &t->pattern, s, len)) return true;
    len = ox_node_op_text(r->m, n, text, sizeof text);
    len = OX__MIN(len, sizeof text - 1);
    if (t->pattern.kind == OX__REGEX) return matches(r, &t->pattern, text, len); /* sees onnx::Conv */
    if (ox_node_overload(r->m, n).id <= 1) return false;
    const char *colons = memmem(text, len, "::", 2); /* add.Tensor */
    size_t skip = colons ? (size_t)(colons + 2 - text) : 0;
    return matches(r, &t->pattern, text + skip, len - skip);
}

static bool op_matches(ox__query_run *r, uint32_t term, ox_node n)
{
    const ox__term *t = &r->q->terms.p[term];
    ox__op_seen key = {ox_node_domain(r->m, n).id, ox_node_op(r->m, n).id, ox_node_overload(r->m, n).id, 0};
    if (!r->remembers || term >= OX__MEMO_TERMS) return op_answer(r, t, n);
    ox__op_seen *seen = &r->ops[term][(key.op * 31 + key.domain * 7 + key.overload) % OX__OP_CACHE];
    if (!seen->answer || seen->domain != key.domain || seen->op != key.op || seen->overload != key.overload) {
        *seen = key;
        seen->answer = op_answer(r, t, n) ? YES : NO;
    }
    return seen->answer == YES;
}

/* ---- scopes and sources ---- */

static bool scope_answer(ox__query_run *r, const ox__term *t, ox_scope s)
{
    char text[TEXT];
    if (t->pattern.kind == OX__EXACT) return ox_scope_matches(r->m, s, t->pattern.text);
    size_t n = ox_scope_print(r->m, s, text, sizeof text);
    if (matches(r, &t->pattern, text, OX__MIN(n, sizeof text - 1))) return true;
    n = ox_scope_path(r->m, s, text, sizeof text);
    return matches(r, &t->pattern, text, OX__MIN(n, sizeof text - 1));
}

static bool scope_matches(ox__query_run *r, uint32_t term, ox_node n)
{
    ox_scope s = ox_node_scope(r->m, n);
    uint8_t *seen = NULL;
    if (!s.id) return false;
    if (r->remembers && term < OX__MEMO_TERMS) seen = memo_at(&r->scopes[term], s.id);
    if (seen && *seen) return *seen == YES;
    bool found = scope_answer(r, &r->q->terms.p[term], s);
    if (seen) *seen = found ? YES : NO;
    return found;
}

static bool line_matches(ox__query_run *r, const ox__term *t, ox_node n)
{
    ox_loc l = ox_node_loc(r->m, n);
    if (!l.id) return false;
    ox_loc_info info = ox_loc_get(r->m, l);
    size_t len;
    const char *file = ox_str_text(r->m, info.file, &len);
    return info.line >= t->first && info.line <= t->last && (!t->has_key || matches(r, &t->key, file, len));
}

static bool file_matches(ox__query_run *r, uint32_t term, ox_node n)
{
    ox_loc l = ox_node_loc(r->m, n);
    return l.id && string_matches(r, term, ox_loc_get(r->m, l).file);
}

/* ---- types ---- */

/* The element type of a tensor, or of the tensors in a list. */
static ox_dtype dtype_of(const ox_model *m, ox_type id)
{
    ox_type_info t = ox_type_get(m, id);
    for (int depth = 0; depth < OX_MAX_TYPE_DEPTH && t.n_items == 1; depth++) t = ox_type_get(m, t.items[0]);
    return t.kind == OX_TYPE_TENSOR || t.kind == OX_TYPE_SPARSE ? t.dtype : OX_UNDEFINED;
}

static bool dim_fits(const ox_model *m, const ox__term *t, const ox__shape_item *item, ox_dim d)
{
    char text[TEXT];
    ox_dim_kind kind = ox_dim_get_kind(m, d);
    if (item->kind == OX__SHAPE_ANY) return true;
    if (kind == OX_DIM_UNKNOWN || kind == OX_DIM_NONE) return item->kind == OX__SHAPE_UNKNOWN;
    if (item->kind != OX__SHAPE_TEXT) return false;
    size_t n = OX__MIN(ox_dim_text(m, d, text, sizeof text), sizeof text - 1), k = 0;
    const char *wanted = t->pattern.text + item->at;
    for (size_t i = 0; i < n; i++) {
        if (text[i] == ' ') continue;
        if (k == item->n || wanted[k] != text[i]) return false;
        k++;
    }
    return k == item->n;
}

/* As a glob: `..` is its *, so going back to the last one is enough. */
static bool shape_fits(const ox_model *m, const ox__term *t, const ox_type_info *type)
{
    size_t i = 0, k = 0, star = SIZE_MAX, mark = 0, n = (size_t)type->rank, items = t->shape.n;
    if (type->rank == OX_RANK_UNKNOWN) return items == 1 && t->shape.p[0].kind == OX__SHAPE_REST;
    while (i < n) {
        if (k < items && t->shape.p[k].kind == OX__SHAPE_REST) {
            star = k++;
            mark = i;
        } else if (k < items && dim_fits(m, t, &t->shape.p[k], type->dims[i])) {
            i++;
            k++;
        } else if (star != SIZE_MAX) {
            k = star + 1;
            i = ++mark;
        } else {
            return false;
        }
    }
    while (k < items && t->shape.p[k].kind == OX__SHAPE_REST) k++;
    return k == items;
}

static bool type_matches(const ox_model *m, const ox__term *t, ox_node n)
{
    size_t count = ox_node_n_outputs(m, n);
    for (size_t i = 0; i < count; i++) {
        ox_type id = ox_value_type(m, ox_node_output(m, n, i));
        ox_type_info type = ox_type_get(m, id);
        if (t->field == OX__F_DTYPE && (t->mask >> dtype_of(m, id) & 1)) return true;
        if (t->field == OX__F_SHAPE && type.kind == OX_TYPE_TENSOR && shape_fits(m, t, &type)) return true;
    }
    return false;
}

/* ---- attributes and constants ---- */

typedef struct short_text {
    char p[TEXT];
    size_t n;
} short_text;

static ox_status short_write(void *ud, const char *s, size_t n, ox_error *err)
{
    short_text *b = ud;
    if (n >= sizeof b->p - b->n) return ox__fail(err, OX_E_LIMIT, "too long to compare");
    memcpy(b->p + b->n, s, n);
    b->n += n;
    return OX_OK;
}

typedef void (*print_fn)(ox__printer *p, const void *what);

/* What `print` writes, without blanks and without quotes around it; false if that is long. */
static bool short_form(const ox_model *m, print_fn print, const void *what, short_text *b)
{
    static const ox_print_options opt = {.style = OX_STYLE_FOLDED, .raw = true};
    ox_sink sink = {short_write, b};
    ox__printer p;
    b->n = 0;
    if (ox__printer_open(&p, m, &opt, &sink, false, NULL) == OX_OK) print(&p, what);
    if (ox__printer_close(&p) != OX_OK) return false;
    size_t n = 0;
    bool list = b->n && b->p[0] == '[';
    for (size_t i = 0; i < b->n; i++)
        if (!list || b->p[i] != ' ') b->p[n++] = b->p[i];
    b->n = n;
    return true;
}

static void print_attr(ox__printer *p, const void *what)
{
    ox__print_attr(p, what);
}

static void print_constant(ox__printer *p, const void *what)
{
    ox__print_folded(p, *(const ox_value *)what);
}

static bool text_equals(ox__query_run *r, const ox__term *t, const short_text *b)
{
    if (matches(r, &t->pattern, b->p, b->n)) return true;
    return b->n >= 2 && b->p[0] == '"' && matches(r, &t->pattern, b->p + 1, b->n - 2);
}

static int compare_i64(int64_t a, int64_t b)
{
    return a < b ? -1 : a > b;
}

static bool holds(ox__compare c, int order)
{
    switch (c) {
    case OX__EQ: return order == 0;
    case OX__NE: return order != 0;
    case OX__LT: return order < 0;
    case OX__LE: return order <= 0;
    case OX__GT: return order > 0;
    case OX__GE: return order >= 0;
    case OX__HAS: break;
    }
    return true;
}

/* A number that an attribute is: exact for integers. */
static bool number_of(const ox_model *m, const ox_attr *a, bool *is_int, int64_t *i, double *f)
{
    uint64_t data[2] = {0};
    *is_int = a->kind == OX_ATTR_INT || a->kind == OX_ATTR_BOOL;
    if (*is_int) *i = a->u.i, *f = (double)a->u.i;
    if (a->kind == OX_ATTR_FLOAT) *f = a->u.f;
    if (*is_int || a->kind == OX_ATTR_FLOAT) return true;
    if (a->kind != OX_ATTR_TENSOR) return false;
    ox_tensor_info t = ox_tensor_get(m, a->u.t);
    uint64_t n = ox_tensor_raw_size(m, a->u.t);
    if (t.n_elements != 1 || !n || n > 8 || ox_dtype_is_complex(t.dtype) || t.storage == OX_STORAGE_LOST ||
        ox_tensor_read(m, a->u.t, 0, data, n, NULL) != OX_OK)
        return false;
    *is_int = !ox_dtype_is_float(t.dtype);
    *f = ox_dtype_get_f64(t.dtype, data, 0);
    *i = *is_int ? ox_dtype_get_i64(t.dtype, data, 0) : 0;
    return true;
}

static bool attr_compares(ox__query_run *r, const ox__term *t, const ox_attr *a)
{
    bool is_int;
    int64_t i = 0;
    double f = 0;
    short_text b;
    if (t->compare == OX__HAS) return true;
    if (a->ref.id) return false;
    if (t->is_float && number_of(r->m, a, &is_int, &i, &f)) {
        if (is_int && t->is_int) return holds(t->compare, compare_i64(i, t->i));
        /* 0.1 as a float32 attribute is what a person means by 0.1 */
        bool equal = f == t->f || (float)f == (float)t->f;
        if (t->compare == OX__NE) return !equal;
        return !(f != f) && holds(t->compare, equal ? 0 : f < t->f ? -1 : 1);
    }
    if (t->compare != OX__EQ && t->compare != OX__NE) return false;
    bool equal;
    if (a->kind == OX_ATTR_STRING || a->kind == OX_ATTR_RAW || a->kind == OX_ATTR_DEVICE) {
        size_t n;
        const char *s = ox_str_text(r->m, a->u.s, &n);
        equal = matches(r, &t->pattern, s, n);
    } else {
        equal = short_form(r->m, print_attr, a, &b) && text_equals(r, t, &b);
    }
    return equal == (t->compare == OX__EQ);
}

static bool attr_matches(ox__query_run *r, const ox__term *t, ox_node n)
{
    const ox_attr *rows;
    size_t count = ox_node_attrs(r->m, n, &rows);
    for (size_t i = 0; i < count; i++) {
        size_t len;
        const char *name = ox_str_text(r->m, rows[i].name, &len);
        if (matches(r, &t->key, name, len) && attr_compares(r, t, &rows[i])) return true;
    }
    return false;
}

/* An input that is a constant, or a list of them, of that value; small initializers are constants too. */
static bool const_matches(ox__query_run *r, const ox__term *t, ox_node n)
{
    size_t count = ox_node_n_inputs(r->m, n);
    for (size_t i = 0; i < count; i++) {
        ox_value v = ox_node_input(r->m, n, i);
        short_text b;
        if (v.id && ox__is_constant(r->m, v) && short_form(r->m, print_constant, &v, &b) && text_equals(r, t, &b))
            return true;
    }
    return false;
}

/* ---- any term ---- */

/* A word alone: part of an operator, of a name or of a scope. */
static bool text_matches(ox__query_run *r, uint32_t term, ox_node n)
{
    return op_matches(r, term, n) || name_matches(r, term, n) || scope_matches(r, term, n);
}

bool ox__term_matches(ox__query_run *r, uint32_t term, ox_node n)
{
    const ox__term *t = &r->q->terms.p[term];
    switch (t->field) {
    case OX__F_OP: return op_matches(r, term, n);
    case OX__F_SCOPE: return scope_matches(r, term, n);
    case OX__F_DTYPE:
    case OX__F_SHAPE: return type_matches(r->m, t, n);
    case OX__F_NAME: return name_matches(r, term, n);
    case OX__F_USES: return same_value(r, term, n, true);
    case OX__F_DEF: return same_value(r, term, n, false);
    case OX__F_IN: return any_value(r, term, n, true);
    case OX__F_OUT: return any_value(r, term, n, false);
    case OX__F_ATTR: return attr_matches(r, t, n);
    case OX__F_CONST: return const_matches(r, t, n);
    case OX__F_FILE: return file_matches(r, term, n);
    case OX__F_LINE: return line_matches(r, t, n);
    case OX__F_TEXT: return text_matches(r, term, n);
    case OX__F_SET: return n.id < t->set_n && (t->set[n.id / 8] >> n.id % 8 & 1);
    case OX__F_HAS:
        for (size_t i = 0; i < OX__N_HAS; i++)
            if (t->mask >> i & 1) return ox__has_rows[i].test(r->m, n);
        return false;
    }
    return false;
}

bool ox__query_eval(ox__query_run *r, ox_node n)
{
    bool yes = true;
    for (size_t i = 0; i < r->q->code.n; i++) {
        const ox__query_insn *x = &r->q->code.p[i];
        switch (x->code) {
        case OX__CODE_TERM: yes = ox__term_matches(r, x->arg, n); break;
        case OX__CODE_NOT: yes = !yes; break;
        case OX__CODE_IF_FALSE:
            if (!yes) i = x->arg - 1;
            break;
        case OX__CODE_IF_TRUE:
            if (yes) i = x->arg - 1;
            break;
        }
    }
    return yes;
}

void ox__query_run_free(ox__query_run *r)
{
    for (size_t i = 0; i < OX__MEMO_TERMS; i++) {
        ox__free(r->strings[i].p);
        ox__free(r->scopes[i].p);
    }
}
