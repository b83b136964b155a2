/* Floor 1. Folding: in style `folded` a constant, and a list or tuple made in place, is written where it is used and
 * has no line of its own.
 *
 * What folds must not depend on who asks, or a value would go missing, and the text must stay linear in the graph: a
 * list that several nodes use folds only if it is short and flat, and lists nest in each other a few levels deep. */
#include "ir/print.h"

enum {
    SHARED_ITEMS = 16, /* of a list with several uses */
    SHARED_TEXT = 64,  /* bytes of a string, or elements of an attribute, likewise */
    MAX_LEVEL = 3,     /* lists in lists */
    MAX_LOOK = 8,      /* recursion when values are defined after their use */
    NO_FOLD = 0xff     /* in ox__printer.fold; else the level + 1, 0 = not known yet */
};

static bool is_op(const ox_model *m, ox_node n, const char *domain, const char *op)
{
    return ox_node_is(m, n, domain, op);
}

static bool is_list(const ox_model *m, ox_node n)
{
    return is_op(m, n, "prim", "ListConstruct") || is_op(m, n, "prim", "TupleConstruct");
}

/* The attribute that holds a constant: `value`, or one of those of onnx::Constant. NULL if there is none. */
static const ox_attr *constant_attr(const ox_model *m, ox_node n)
{
    const ox_attr *rows;
    size_t count = ox_node_attrs(m, n, &rows);
    for (size_t i = 0; i < count; i++) {
        const char *name = ox_str_text(m, rows[i].name, NULL);
        if (strncmp(name, "value", 5) == 0 && (!name[5] || name[5] == '_')) return &rows[i];
    }
    return NULL;
}

static bool short_attr(const ox_model *m, const ox_attr *a)
{
    size_t n = a->n;
    if (a->kind == OX_ATTR_STRING || a->kind == OX_ATTR_RAW) ox_str_text(m, a->u.s, &n);
    return n <= SHARED_TEXT;
}

/* A tensor reads well inside a line only as a number or a short row of numbers. */
static bool tensor_folds(const ox_model *m, ox_tensor t)
{
    uint64_t data[20];
    ox_tensor_info info = ox_tensor_get(m, t);
    return t.id && info.rank <= 1 && !ox_dtype_is_complex(info.dtype) &&
           ox__small_tensor(m, &info, t, data, sizeof data);
}

static bool attr_folds(const ox_model *m, const ox_attr *a, bool shared)
{
    switch ((ox_attr_kind)a->kind) {
    case OX_ATTR_TENSOR: return !a->lost && !a->ref.id && tensor_folds(m, a->u.t);
    case OX_ATTR_FLOAT:
    case OX_ATTR_INT:
    case OX_ATTR_BOOL:
    case OX_ATTR_COMPLEX:
    case OX_ATTR_DEVICE: return true;
    case OX_ATTR_STRING:
    case OX_ATTR_FLOATS:
    case OX_ATTR_INTS:
    case OX_ATTR_BOOLS:
    case OX_ATTR_STRINGS:
    case OX_ATTR_RAW: return !a->lost && (!shared || short_attr(m, a));
    default: return false;
    }
}

/* A list that somebody changes in place is a thing with a life, not a value to be repeated. */
static bool is_changed(const ox_model *m, ox_value v)
{
    static const char *const changers[] = {"append", "extend",    "insert", "pop",  "clear",
                                           "remove", "_set_item", "Delete", "sort", "reverse"};
    for (ox_use u = ox_value_first_use(m, v); u.node.id; u = ox_value_next_use(m, u)) {
        if (u.index) continue;
        for (size_t i = 0; i < OX__COUNT(changers); i++)
            if (is_op(m, u.node, "aten", changers[i])) return true;
    }
    return false;
}

static uint8_t level_of(ox__printer *p, ox_node n, int look);

static uint8_t list_level(ox__printer *p, ox_node n, bool shared, int look)
{
    size_t count = ox_node_n_inputs(p->m, n);
    uint8_t level = 1;
    if (shared && count > SHARED_ITEMS) return NO_FOLD;
    for (size_t i = 0; i < count; i++) {
        ox_node maker = ox_value_node(p->m, ox_node_input(p->m, n, i));
        uint8_t inner = maker.id ? level_of(p, maker, look + 1) : NO_FOLD;
        if (inner != NO_FOLD && inner - 1 >= level) level = inner; /* inner is a list of level inner - 1 */
    }
    return level > MAX_LEVEL || (shared && level > 1) ? NO_FOLD : (uint8_t)(level + 1);
}

/* NO_FOLD, or 1 for a constant, 2 for a flat list, 3 for a list of flat lists, ... */
static uint8_t level_of(ox__printer *p, ox_node n, int look)
{
    if (p->fold && p->fold[n.id]) return p->fold[n.id];
    uint8_t level = NO_FOLD;
    size_t uses = 0;
    ox_value v = ox_node_output(p->m, n, 0);
    if (v.id && ox_node_n_outputs(p->m, n) == 1) uses = ox_value_n_uses(p->m, v);
    if (uses && look <= MAX_LOOK) {
        if (is_op(p->m, n, "prim", "Constant") || is_op(p->m, n, "", "Constant")) {
            const ox_attr *rows, *a = constant_attr(p->m, n);
            bool none = !ox_node_attrs(p->m, n, &rows) && is_op(p->m, n, "prim", "Constant");
            if (none || (a && attr_folds(p->m, a, uses > 1))) level = 1;
        } else if (is_list(p->m, n) && !is_changed(p->m, v)) {
            level = list_level(p, n, uses > 1, look);
        }
    }
    if (p->fold) p->fold[n.id] = level;
    return level;
}

bool ox__fold_value(ox__printer *p, ox_value v)
{
    ox_node maker = ox_value_node(p->m, v);
    return maker.id && level_of(p, maker, 0) != NO_FOLD;
}

bool ox__fold_hides(ox__printer *p, ox_node n)
{
    return level_of(p, n, 0) != NO_FOLD;
}

/* Lists of constants count, and lists of such. */
static bool is_constant(const ox_model *m, ox_value v, int look)
{
    ox_node n = ox_value_node(m, v);
    const ox_attr *rows;
    if (!n.id) return ox_value_tensor(m, v).id && tensor_folds(m, ox_value_tensor(m, v));
    if (is_op(m, n, "prim", "Constant") || is_op(m, n, "", "Constant")) {
        const ox_attr *a = constant_attr(m, n);
        return a ? attr_folds(m, a, true) : !ox_node_attrs(m, n, &rows);
    }
    size_t count = ox_node_n_inputs(m, n);
    if (look > 1 || count > SHARED_TEXT || !is_list(m, n)) return false;
    for (size_t i = 0; i < count; i++)
        if (!is_constant(m, ox_node_input(m, n, i), look + 1)) return false;
    return true;
}

bool ox__is_constant(const ox_model *m, ox_value v)
{
    return is_constant(m, v, 0);
}

/* ---- text ---- */

static void tensor_item(ox__printer *p, ox_dtype dtype, const void *data, uint64_t i)
{
    if (ox_dtype_is_float(dtype)) {
        ox__print_float(p, ox_dtype_get_f64(dtype, data, i));
    } else if (dtype == OX_BOOL) {
        ox__prints(p, ox_dtype_get_i64(dtype, data, i) ? "True" : "False");
    } else {
        ox__print_i64(p, ox_dtype_get_i64(dtype, data, i));
    }
}

static void tensor(ox__printer *p, ox_tensor t)
{
    uint64_t data[20] = {0};
    ox_tensor_info info = ox_tensor_get(p->m, t);
    if (!ox__small_tensor(p->m, &info, t, data, sizeof data)) { /* it was to be had a moment ago */
        ox__prints(p, "<Tensor>");
        return;
    }
    if (info.rank) ox__printc(p, '[');
    for (uint64_t i = 0; i < info.n_elements; i++) {
        if (i) ox__prints(p, ", ");
        tensor_item(p, info.dtype, data, i);
    }
    if (info.rank) ox__printc(p, ']');
}

static void constant(ox__printer *p, ox_node n)
{
    const ox_attr *a = constant_attr(p->m, n);
    ox__print_ink(p, OX_INK_ATTR);
    if (!a) {
        ox__prints(p, "None");
    } else if (a->kind == OX_ATTR_BOOL) {
        ox__prints(p, a->u.i ? "True" : "False");
    } else if (a->kind == OX_ATTR_TENSOR) {
        tensor(p, a->u.t);
    } else {
        ox__print_attr(p, a);
    }
    ox__print_ink(p, OX_INK_PLAIN);
}

static void folded(ox__printer *p, ox_value v, int depth)
{
    ox_node n = ox_value_node(p->m, v);
    bool tuple = is_op(p->m, n, "prim", "TupleConstruct");
    if (!n.id) { /* an initializer */
        tensor(p, ox_value_tensor(p->m, v));
        return;
    }
    if (!is_list(p->m, n)) {
        constant(p, n);
        return;
    }
    size_t count = ox_node_n_inputs(p->m, n);
    ox__printc(p, tuple ? '(' : '[');
    for (size_t i = 0; i < count; i++) {
        ox_value item = ox_node_input(p->m, n, i);
        if (i) ox__prints(p, ", ");
        if (depth < MAX_LEVEL + 1 && ox__fold_value(p, item))
            folded(p, item, depth + 1);
        else
            ox__print_value(p, item);
    }
    if (tuple && count == 1) ox__printc(p, ',');
    ox__printc(p, tuple ? ')' : ']');
}

void ox__print_folded(ox__printer *p, ox_value v)
{
    folded(p, v, 0);
}
