/* Floor 3. Binding weights to a model by name. First everything is matched and held against its type; then the bytes
 * are made ready; then the model is changed, and put back if that fails. */
#include "io/bind.h"

#include "ir/ir.h"

#include <inttypes.h>

#include <onnxsh/io.h>

/* Something of the model that wants the data of an array. */
typedef enum target_kind {
    INPUT,    /* of the main graph */
    LOST,     /* an initializer whose data is not in the file */
    CONSTANT, /* a Constant node whose data is not in the file */
    ATTRIBUTE /* prim::GetAttr of a module */
} target_kind;

typedef struct target {
    target_kind kind;
    ox_value value; /* the input, initializer or output */
    ox_node node;   /* CONSTANT, ATTRIBUTE */
    size_t row;
} target;

typedef struct binding {
    ox_model *m;
    ox__weights w;
    const ox_task *task;
    OX__VEC(target) targets;
    bool *wanted;      /* by row */
    ox_tensor *made;   /* by row: the tensor in m */
    ox_value *holders; /* by row: the initializer that stands for module attributes */
    ox__buf text;
    ox_bind_report report;
    size_t mismatches;
    ox_bind_fn fn;
    void *ud;
} binding;

static void tell(const binding *b, const char *kind, const char *name, const char *detail)
{
    if (b->fn) b->fn(b->ud, kind, name, detail);
}

/* ---- types ---- */
/* "float32[64,3]", "float32[?,3]", "float32" without a rank. */
static void print_type(ox__buf *out, const ox_model *m, const ox_type_info *t)
{
    ox__buf_addz(out, t->dtype ? ox_dtype_name(t->dtype, OX_DTYPE_NUMPY) : "any dtype");
    for (int32_t i = 0; i < t->rank; i++) {
        int64_t v;
        ox__buf_addc(out, i ? ',' : '[');
        if (ox_dim_is_const(m, t->dims[i], &v))
            ox__buf_addf(out, "%" PRId64, v);
        else
            ox__buf_addc(out, '?');
    }
    if (t->rank >= 0) ox__buf_addz(out, t->rank ? "]" : "[]");
}

static void print_row(ox__buf *out, const ox__array *row)
{
    ox__buf_addz(out, ox_dtype_name(row->dtype, OX_DTYPE_NUMPY));
    ox__buf_addc(out, '[');
    for (uint32_t i = 0; i < row->rank; i++) ox__buf_addf(out, "%s%" PRId64, i ? "," : "", row->dims[i]);
    ox__buf_addc(out, ']');
}

static ox_type_info type_of(const ox_model *m, ox_value v)
{
    ox_type_info t = ox_type_get(m, ox_value_type(m, v));
    return t.kind == OX_TYPE_OPTIONAL && t.n_items == 1 ? ox_type_get(m, t.items[0]) : t;
}

static bool takes_tensor(const ox_type_info *t)
{
    return t->kind == OX_TYPE_TENSOR || t->kind == OX_TYPE_NONE_KNOWN;
}

/* True if nothing that is known of the type speaks against the row. */
static bool fits(const ox_model *m, const ox_type_info *t, const ox__array *row)
{
    if (!takes_tensor(t)) return false;
    if (t->kind == OX_TYPE_NONE_KNOWN) return true;
    if (t->dtype && t->dtype != row->dtype) return false;
    if (t->rank == OX_RANK_UNKNOWN) return true;
    if ((uint32_t)t->rank != row->rank) return false;
    for (uint32_t i = 0; i < row->rank; i++) {
        int64_t v;
        if (ox_dim_is_const(m, t->dims[i], &v) && v != row->dims[i]) return false;
    }
    return true;
}

/* True if the type leaves nothing open. */
static bool is_complete(const ox_model *m, const ox_type_info *t)
{
    int64_t v;
    if (t->kind != OX_TYPE_TENSOR || !t->dtype || t->rank < 0) return false;
    for (int32_t i = 0; i < t->rank; i++)
        if (!ox_dim_is_const(m, t->dims[i], &v)) return false;
    return true;
}

/* Gives a value what the tensor knows more than its type. */
static ox_status complete_type(ox_model *m, ox_value v, const ox__array *row, ox_error *err)
{
    enum { MOST = 64 };
    ox_dim dims[MOST];
    ox_type_info old = type_of(m, v);
    if (row->rank > MOST || is_complete(m, &old)) return OX_OK;
    for (uint32_t i = 0; i < row->rank; i++) dims[i] = ox_dim_const(m, row->dims[i]);
    ox_type t = ox_type_tensor(m, row->dtype, (int32_t)row->rank, dims);
    ox_status s = ox_model_status(m, err);
    return s == OX_OK ? ox_value_set_type(m, v, t, err) : s;
}

/* ---- matching ---- */
static ox_status mismatch(binding *b, const char *name, const ox__array *row, const ox_type_info *t, ox_error *err)
{
    ox__buf detail = {0};
    if (row->unusable) {
        ox__buf_addz(&detail, row->unusable);
    } else if (!takes_tensor(t)) {
        ox__buf_addz(&detail, "the model wants no tensor there");
    } else {
        ox__buf_addz(&detail, "the model wants ");
        print_type(&detail, b->m, t);
        ox__buf_addz(&detail, ", the file has ");
        print_row(&detail, row);
    }
    ox_status s = detail.failed ? ox__nomem(err) : OX_OK;
    if (s == OX_OK) {
        tell(b, "mismatch", name, detail.p);
        if (b->mismatches++ == 0) ox__fail(err, OX_E_INVALID, "array '%.200s': %s", name, detail.p);
    }
    ox__buf_free(&detail);
    return s;
}

/* Takes the row for the target if it fits; *found says whether there is a row of that name at all. */
static ox_status match(binding *b, target t, const char *name, size_t n, bool *found, ox_error *err)
{
    const ox__array *row = ox__arrays_find(&b->w.arrays, name, n);
    *found = row != NULL;
    if (!row) return OX_OK;
    t.row = (size_t)(row - b->w.arrays.rows.p);
    ox_type_info type = type_of(b->m, t.value);
    b->wanted[t.row] = true;
    if (row->unusable || !fits(b->m, &type, row)) return mismatch(b, name, row, &type, err);
    return ox__vec_push(&b->targets, t) ? OX_OK : ox__nomem(err);
}

static void missing(binding *b, const char *name, const char *detail)
{
    b->report.missing++;
    tell(b, "missing", name, detail);
}

static bool is_lost(const ox_model *m, ox_tensor t)
{
    return t.id && ox_tensor_get(m, t).storage == OX_STORAGE_LOST;
}

static ox_status match_inputs(binding *b, ox_error *err)
{
    ox_graph g = ox_model_main(b->m);
    bool any = false;
    for (size_t i = 0; i < ox_graph_n_inputs(b->m, g); i++) {
        target t = {.kind = INPUT, .value = ox_graph_input(b->m, g, i)};
        ox_tensor has = ox_value_tensor(b->m, t.value);
        if (has.id && !is_lost(b->m, has)) continue;
        size_t n;
        bool found;
        const char *name = ox_str_text(b->m, ox_value_name(b->m, t.value), &n);
        ox_status s = match(b, t, name, n, &found, err);
        if (s != OX_OK) return s;
        ox_type_info type = type_of(b->m, t.value);
        if (!found && any && takes_tensor(&type)) missing(b, name, "no array has this name");
        any |= found;
    }
    return OX_OK;
}

static ox_status match_initializers(binding *b, ox_error *err)
{
    ox_graph g = ox_model_main(b->m);
    for (size_t i = 0; i < ox_graph_n_initializers(b->m, g); i++) {
        target t = {.kind = LOST, .value = ox_graph_initializer(b->m, g, i)};
        if (!is_lost(b->m, ox_value_tensor(b->m, t.value)) || ox_value_is_input(b->m, t.value)) continue;
        size_t n;
        bool found;
        const char *name = ox_str_text(b->m, ox_value_name(b->m, t.value), &n);
        ox_status s = match(b, t, name, n, &found, err);
        if (s != OX_OK) return s;
        if (!found) missing(b, name, "no array has the name of this constant");
    }
    return OX_OK;
}

/* prim::Constant and onnx::Constant print their data as the attribute "value". */
static ox_status match_constant(binding *b, ox_node node, ox_error *err)
{
    const ox_attr *a = ox_node_attr(b->m, node, "value");
    if (!a || a->kind != OX_ATTR_TENSOR || !(a->lost || is_lost(b->m, a->u.t))) return OX_OK;
    target t = {.kind = CONSTANT, .value = ox_node_output(b->m, node, 0), .node = node};
    size_t n;
    bool found;
    const char *name = ox_str_text(b->m, ox_value_name(b->m, t.value), &n);
    ox_status s = match(b, t, name, n, &found, err);
    if (s == OX_OK && !found) missing(b, name, "no array has the name of this constant");
    return s;
}

/* Writes the path of a prim::GetAttr into b->text: the names from an input of the main graph down to it. False if the
 * chain comes from elsewhere, or is longer than any module tree. */
static bool attribute_path(binding *b, ox_node node)
{
    enum { MOST = OX__MAX_DEPTH };
    const char *parts[MOST];
    size_t sizes[MOST], n = 0;
    while (n < MOST && ox_node_is(b->m, node, "prim", "GetAttr")) {
        const ox_attr *a = ox_node_attr(b->m, node, "name");
        if (!a || a->kind != OX_ATTR_STRING) return false;
        parts[n] = ox_str_text(b->m, a->u.s, &sizes[n]);
        n++;
        ox_value from = ox_node_input(b->m, node, 0);
        if (ox_value_is_input(b->m, from)) {
            if (ox_value_graph(b->m, from).id != ox_model_main(b->m).id) return false;
            ox__buf_clear(&b->text);
            while (n-- > 0) {
                ox__buf_add(&b->text, parts[n], sizes[n]);
                if (n) ox__buf_addc(&b->text, '.');
            }
            return !b->text.failed;
        }
        node = ox_value_node(b->m, from);
    }
    return false;
}

static ox_status match_attribute(binding *b, ox_node node, ox_error *err)
{
    target t = {.kind = ATTRIBUTE, .value = ox_node_output(b->m, node, 0), .node = node};
    ox_type_info type = type_of(b->m, t.value);
    if (type.kind != OX_TYPE_TENSOR) return OX_OK; /* submodules, numbers */
    if (!attribute_path(b, node)) return b->text.failed ? ox__nomem(err) : OX_OK;
    bool found;
    ox_status s = match(b, t, b->text.p, b->text.n, &found, err);
    if (s == OX_OK && !found) missing(b, b->text.p, "no array has the path of this module attribute");
    return s;
}

static ox_status match_nodes(binding *b, ox_error *err)
{
    uint32_t limit = ox_model_node_limit(b->m);
    ox_status s = OX_OK;
    for (uint32_t id = 1; id < limit && s == OX_OK; id++) {
        ox_node node = ox_model_node_at(b->m, id);
        if (!node.id) continue;
        if (ox_node_is(b->m, node, "prim", "Constant") || ox_node_is(b->m, node, "", "Constant"))
            s = match_constant(b, node, err);
        else if (ox_node_is(b->m, node, "prim", "GetAttr"))
            s = match_attribute(b, node, err);
    }
    return s;
}

static ox_status match_all(binding *b, ox_error *err)
{
    ox_status s = match_inputs(b, err);
    if (s == OX_OK) s = match_initializers(b, err);
    if (s == OX_OK) s = match_nodes(b, err);
    if (s != OX_OK || b->mismatches == 0) return s;
    if (b->mismatches > 1) ox_error_hint(err, "%zu arrays do not fit the model", b->mismatches);
    return OX_E_INVALID;
}

/* ---- changing the model ---- */
static ox_status set_constant(binding *b, const target *t, ox_tensor tensor, ox_error *err)
{
    ox_attr a = *ox_node_attr(b->m, t->node, "value");
    a.lost = a.rounded = false;
    a.u.t = tensor;
    return ox_node_set_attr(b->m, t->node, &a, err);
}

/* The attributes of one path, wherever they are taken, become one initializer; the nodes that took them go. */
static ox_status replace_attribute(binding *b, const target *t, ox_tensor tensor, ox_error *err)
{
    ox_graph g = ox_model_main(b->m);
    ox_value *holder = &b->holders[t->row];
    ox_status s = OX_OK;
    if (!holder->id) {
        const ox__array *row = &b->w.arrays.rows.p[t->row];
        ox_str name = ox_str_add(b->m, row->name, row->name_n);
        if (ox_graph_find_value(b->m, g, name).id) name = ox_value_fresh_name(b->m, row->name);
        s = ox_graph_add_initializer(b->m, holder, g, name, tensor, err);
    }
    if (s == OX_OK) s = ox_value_replace_uses(b->m, t->value, *holder, err);
    return s == OX_OK ? ox_node_delete(b->m, t->node, err) : s;
}

static ox_status apply(binding *b, const target *t, ox_error *err)
{
    ox_tensor *tensor = &b->made[t->row];
    ox_status s = tensor->id ? OX_OK : ox__weights_take(&b->w, b->m, t->row, tensor, err);
    if (s != OX_OK) return s;
    switch (t->kind) {
    case INPUT: s = ox_graph_bind_input(b->m, ox_model_main(b->m), t->value, *tensor, false, err); break;
    case LOST: s = ox_value_set_tensor(b->m, t->value, *tensor, err); break;
    case CONSTANT: s = set_constant(b, t, *tensor, err); break;
    case ATTRIBUTE: return replace_attribute(b, t, *tensor, err);
    }
    return s == OX_OK ? complete_type(b->m, t->value, &b->w.arrays.rows.p[t->row], err) : s;
}

static ox_status apply_all(binding *b, ox_error *err)
{
    ox_mark mark = ox_journal_mark(b->m);
    for (size_t i = 0; i < b->targets.n; i++) {
        ox_status s = apply(b, &b->targets.p[i], err);
        if (s == OX_OK) continue;
        ox_journal_rollback(b->m, mark);
        ox_error_context(err, "array '%.200s'", b->w.arrays.rows.p[b->targets.p[i].row].name);
        return s;
    }
    b->report.bound = b->targets.n;
    return OX_OK;
}

static void report_unused(binding *b)
{
    for (size_t i = 0; i < b->w.arrays.rows.n; i++) {
        const ox__array *row = &b->w.arrays.rows.p[i];
        if (b->wanted[i]) continue;
        b->report.unused++;
        tell(b, "unused", row->name, row->unusable ? row->unusable : "nothing in the model has this name");
    }
}

static ox_status bind(binding *b, const char *path, const ox_open_options *opt, ox_error *err)
{
    ox_status s = ox__weights_open(&b->w, path, opt, err);
    if (s != OX_OK) return s;
    size_t n = b->w.arrays.rows.n;
    b->wanted = ox__calloc(n, sizeof *b->wanted);
    b->made = ox__calloc(n, sizeof *b->made);
    b->holders = ox__calloc(n, sizeof *b->holders);
    if (!b->wanted || !b->made || !b->holders) return ox__nomem(err);
    s = match_all(b, err);
    if (s == OX_OK) s = ox__weights_prepare(&b->w, b->wanted, b->task, err);
    if (s == OX_OK) s = apply_all(b, err);
    if (s == OX_OK) report_unused(b);
    if (s != OX_OK && err && !err->file[0]) ox_error_at_line(err, path, 0, 0);
    return s;
}

ox_status ox_bind_weights_with(ox_model *m, const char *path, const ox_open_options *opt, ox_bind_report *report,
                               ox_bind_fn fn, void *ud, ox_error *err)
{
    if (!m || !path) return ox__fail(err, OX_E_INVALID, "no path was given");
    binding b = {.m = m, .task = opt ? opt->task : NULL, .fn = fn, .ud = ud};
    ox_status s = bind(&b, path, opt, err);
    if (report) *report = s == OX_OK ? b.report : (ox_bind_report){0};
    ox__weights_close(&b.w);
    ox__vec_free(&b.targets);
    ox__buf_free(&b.text);
    ox__free(b.wanted);
    ox__free(b.made);
    ox__free(b.holders);
    return s;
}

ox_status ox_bind_weights(ox_model *m, const char *path, ox_bind_report *report, ox_bind_fn fn, void *ud, ox_error *err)
{
    return ox_bind_weights_with(m, path, NULL, report, fn, ud, err);
}
