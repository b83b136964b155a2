/* Floor 3. Operators on numbers, truths and texts, computed as TorchScript computes them. */
#include "io/torchscript/lower.h"

#include <math.h>

static const char *op_name(const ox__ts_node *n)
{
    const char *colons = strstr(n->op, "::");
    return colons ? colons + 2 : n->op;
}

static bool is_number(const ox__obj *o)
{
    return o->kind == OX__OBJ_INT || o->kind == OX__OBJ_FLOAT || o->kind == OX__OBJ_BOOL;
}

static double as_double(const ox__obj *o)
{
    return o->kind == OX__OBJ_FLOAT ? o->f : (double)o->i;
}

/* ---- comparisons ---- */
static const ox__obj *compare(ox__ts *t, const char *op, const ox__obj *a, const ox__obj *b)
{
    static const char *const ops[] = {"eq", "ne", "lt", "le", "gt", "ge"};
    int k = 0, order;
    while (k < 6 && strcmp(ops[k], op) != 0) k++;
    if (k == 6) return NULL;
    if (a->kind == OX__OBJ_STR && b->kind == OX__OBJ_STR) {
        order = memcmp(a->s, b->s, OX__MIN(a->n, b->n));
        if (!order) order = a->n < b->n ? -1 : a->n > b->n;
    } else if (is_number(a) && is_number(b)) {
        double x = as_double(a), y = as_double(b);
        bool whole = a->kind != OX__OBJ_FLOAT && b->kind != OX__OBJ_FLOAT;
        if (isnan(x) || isnan(y)) return ox__ts_obj_bool(t, k == 1);
        order = whole ? (a->i < b->i ? -1 : a->i > b->i) : x < y ? -1 : x > y;
    } else {
        return NULL;
    }
    const bool truth[] = {order == 0, order != 0, order<0, order <= 0, order> 0, order >= 0};
    return ox__ts_obj_bool(t, truth[k]);
}

static const ox__obj *identity(ox__ts *t, const char *op, const ox__obj *a, const ox__obj *b)
{
    bool is = strcmp(op, "__is__") == 0;
    if (!is && strcmp(op, "__isnot__") != 0) return NULL;
    bool none = a->kind == OX__OBJ_NONE, other = b->kind == OX__OBJ_NONE;
    if (!none && !other) return NULL;
    return ox__ts_obj_bool(t, (none && other) == is);
}

static const ox__obj *truths(ox__ts *t, const char *op, const ox__obj *a, const ox__obj *b)
{
    if (a->kind != OX__OBJ_BOOL || b->kind != OX__OBJ_BOOL) return NULL;
    if (strcmp(op, "__and__") == 0) return ox__ts_obj_bool(t, a->i && b->i);
    if (strcmp(op, "__or__") == 0) return ox__ts_obj_bool(t, a->i || b->i);
    if (strcmp(op, "__xor__") == 0) return ox__ts_obj_bool(t, a->i != b->i);
    return NULL;
}

/* ---- arithmetic ---- */
static const ox__obj *whole(ox__ts *t, const char *op, int64_t a, int64_t b)
{
    int64_t r;
    if (strcmp(op, "add") == 0) return __builtin_add_overflow(a, b, &r) ? NULL : ox__ts_obj_int(t, r);
    if (strcmp(op, "sub") == 0) return __builtin_sub_overflow(a, b, &r) ? NULL : ox__ts_obj_int(t, r);
    if (strcmp(op, "mul") == 0) return __builtin_mul_overflow(a, b, &r) ? NULL : ox__ts_obj_int(t, r);
    if (strcmp(op, "min") == 0) return ox__ts_obj_int(t, OX__MIN(a, b));
    if (strcmp(op, "max") == 0) return ox__ts_obj_int(t, OX__MAX(a, b));
    if (!b || (a == INT64_MIN && b == -1)) return NULL;
    if (strcmp(op, "div") == 0) return ox__ts_obj_float(t, (double)a / (double)b);
    r = a % b;
    bool wrap = r && (r < 0) != (b < 0);
    if (strcmp(op, "remainder") == 0) return ox__ts_obj_int(t, wrap ? r + b : r);
    if (strcmp(op, "floordiv") == 0) return ox__ts_obj_int(t, a / b - wrap);
    return NULL;
}

static const ox__obj *real(ox__ts *t, const char *op, double a, double b)
{
    if (strcmp(op, "add") == 0) return ox__ts_obj_float(t, a + b);
    if (strcmp(op, "sub") == 0) return ox__ts_obj_float(t, a - b);
    if (strcmp(op, "mul") == 0) return ox__ts_obj_float(t, a * b);
    if (strcmp(op, "div") == 0 && b != 0) return ox__ts_obj_float(t, a / b);
    return NULL;
}

static const ox__obj *binary(ox__ts *t, const char *op, const ox__obj *a, const ox__obj *b)
{
    const ox__obj *o = compare(t, op, a, b);
    if (!o) o = identity(t, op, a, b);
    if (!o) o = truths(t, op, a, b);
    if (o || !is_number(a) || !is_number(b) || a->kind == OX__OBJ_BOOL || b->kind == OX__OBJ_BOOL) return o;
    if (a->kind == OX__OBJ_INT && b->kind == OX__OBJ_INT) return whole(t, op, a->i, b->i);
    return real(t, op, as_double(a), as_double(b));
}

static const ox__obj *unary(ox__ts *t, const char *op, const ox__obj *a)
{
    if (strcmp(op, "__not__") == 0 && a->kind == OX__OBJ_BOOL) return ox__ts_obj_bool(t, !a->i);
    if (strcmp(op, "device") == 0 && a->kind == OX__OBJ_STR) return ox__ts_obj_str(t, a->s, a->n, OX__OBJ_DEVICE);
    if (strcmp(op, "len") == 0 && a->kind == OX__OBJ_STR) return ox__ts_obj_int(t, a->n);
    if (!is_number(a)) return NULL;
    double v = as_double(a);
    if (strcmp(op, "Bool") == 0) return ox__ts_obj_bool(t, v != 0);
    if (strcmp(op, "Float") == 0) return ox__ts_obj_float(t, v);
    if (strcmp(op, "neg") == 0 && a->kind == OX__OBJ_FLOAT) return ox__ts_obj_float(t, -v);
    if (strcmp(op, "neg") == 0 && a->kind == OX__OBJ_INT && a->i != INT64_MIN) return ox__ts_obj_int(t, -a->i);
    if (strcmp(op, "Int") == 0 && a->kind != OX__OBJ_FLOAT) return ox__ts_obj_int(t, a->i);
    if (a->kind != OX__OBJ_FLOAT || !(fabs(v) < 9e18)) return NULL;
    if (strcmp(op, "Int") == 0) return ox__ts_obj_int(t, (int64_t)v);
    if (strcmp(op, "floor") == 0) return ox__ts_obj_int(t, (int64_t)floor(v));
    if (strcmp(op, "ceil") == 0) return ox__ts_obj_int(t, (int64_t)ceil(v));
    return NULL;
}

const ox__obj *ox__ts_compute(ox__ts *t, const ox__ts_node *n, const ox__obj *const *in)
{
    if (n->n_in == 1) return unary(t, op_name(n), in[0]);
    return n->n_in == 2 ? binary(t, op_name(n), in[0], in[1]) : NULL;
}
