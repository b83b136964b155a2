/* Floor 3. Arithmetic of two tensors and of many: kernels for the four classes, and what calls them. */
#include "ops/binary.h"

#include <math.h>

/* ---- kernels ---- */
#define PAIR(name, type, out_type, expr) \
    static void name(void *out, const void *pa, const void *pb, int64_t step_a, int64_t step_b, size_t n) \
    { \
        const type *a = pa, *b = pb; \
        out_type *o = out; \
        if (step_a && step_b) { \
            for (size_t i = 0; i < n; i++) { \
                type x = a[i], y = b[i]; \
                o[i] = (out_type)(expr); \
            } \
        } else if (step_a) { \
            type y = *b; \
            for (size_t i = 0; i < n; i++) { \
                type x = a[i]; \
                o[i] = (out_type)(expr); \
            } \
        } else if (step_b) { \
            type x = *a; \
            for (size_t i = 0; i < n; i++) { \
                type y = b[i]; \
                o[i] = (out_type)(expr); \
            } \
        } else { \
            type x = *a, y = *b; \
            out_type v = (out_type)(expr); \
            for (size_t i = 0; i < n; i++) o[i] = v; \
        } \
    }
#define FLOATS(name, expr) PAIR(name##_f32, float, float, expr) PAIR(name##_f64, double, double, expr)
/* Arithmetic whose low bits are the same for both: unsigned, so that it wraps. */
#define WRAPS(name, expr) PAIR(name##_u64, uint64_t, uint64_t, expr)
#define INTS(name, expr) PAIR(name##_i64, int64_t, int64_t, expr) PAIR(name##_u64, uint64_t, uint64_t, expr)

FLOATS(add, x + y)
WRAPS(add, x + y)
FLOATS(sub, x - y)
WRAPS(sub, x - y)
FLOATS(mul, x *y)
WRAPS(mul, x *y)
FLOATS(div, x / y)
FLOATS(max, x > y || x != x ? x : y)
INTS(max, x > y ? x : y)
FLOATS(min, x < y || x != x ? x : y)
INTS(min, x < y ? x : y)
FLOATS(prelu, x < 0 ? x * y : x)
PAIR(prelu_i64, int64_t, int64_t, x < 0 ? (int64_t)((uint64_t)x * (uint64_t)y) : x)
PAIR(prelu_u64, uint64_t, uint64_t, ((void)y, x))
WRAPS(and, x &y)
WRAPS(or, x | y)
WRAPS(xor, x ^ y)

/* Divisors of zero were refused before; -1 is apart because the lowest number has no opposite. */
static int64_t quotient(int64_t x, int64_t y)
{
    return y == -1 ? (int64_t)(0 - (uint64_t)x) : y ? x / y : 0;
}

static int64_t remainder_of(int64_t x, int64_t y)
{
    return y == -1 || !y ? 0 : x % y;
}

static int64_t modulo(int64_t x, int64_t y)
{
    int64_t r = remainder_of(x, y);
    return r && (r < 0) != (y < 0) ? r + y : r;
}

/* As Python has it: the sign is the divisor's, of a zero too. */
static double float_modulo(double x, double y)
{
    double r = fmod(x, y);
    if (r == 0) return copysign(0, y);
    return y != 0 && (r < 0) != (y < 0) ? r + y : r;
}

PAIR(mod_f32, float, float, float_modulo((double)x, (double)y))
PAIR(mod_f64, double, double, float_modulo(x, y))
PAIR(div_i64, int64_t, int64_t, quotient(x, y))
PAIR(div_u64, uint64_t, uint64_t, y ? x / y : 0)
PAIR(mod_i64, int64_t, int64_t, modulo(x, y))
PAIR(mod_u64, uint64_t, uint64_t, y ? x % y : 0)
PAIR(fmod_f32, float, float, fmodf(x, y))
PAIR(fmod_f64, double, double, fmod(x, y))
PAIR(fmod_i64, int64_t, int64_t, remainder_of(x, y))
/* Shifts by as much as the width, or by less than nothing, leave nothing but the sign. */
PAIR(left_u64, uint64_t, uint64_t, y < 64 ? x << y : 0)
PAIR(right_u64, uint64_t, uint64_t, y < 64 ? x >> y : 0)
PAIR(right_i64, int64_t, int64_t, y >= 0 && y < 64 ? x >> y : x >> 63)

#define COMPARES(name, expr) \
    PAIR(name##_f32, float, uint8_t, expr) \
    PAIR(name##_f64, double, uint8_t, expr) \
    PAIR(name##_i64, int64_t, uint8_t, expr) \
    PAIR(name##_u64, uint64_t, uint8_t, expr)
COMPARES(equal, x == y)
COMPARES(less, x < y)
COMPARES(less_equal, x <= y)
COMPARES(greater, x > y)
COMPARES(greater_equal, x >= y)

typedef struct kernel {
    const char *op;
    ox__pair_fn fn[5]; /* by class */
} kernel;

#define EACH(f32, f64, i64, u64) \
    { \
        NULL, f32, f64, i64, u64 \
    }
static const kernel kernels[] = {
    {"Add", EACH(add_f32, add_f64, add_u64, add_u64)},
    {"BitwiseAnd", EACH(NULL, NULL, and_u64, and_u64)},
    {"BitwiseOr", EACH(NULL, NULL, or_u64, or_u64)},
    {"BitwiseXor", EACH(NULL, NULL, xor_u64, xor_u64)},
    {"Div", EACH(div_f32, div_f64, div_i64, div_u64)},
    {"Equal", EACH(equal_f32, equal_f64, equal_i64, equal_u64)},
    {"Greater", EACH(greater_f32, greater_f64, greater_i64, greater_u64)},
    {"GreaterOrEqual", EACH(greater_equal_f32, greater_equal_f64, greater_equal_i64, greater_equal_u64)},
    {"Less", EACH(less_f32, less_f64, less_i64, less_u64)},
    {"LessOrEqual", EACH(less_equal_f32, less_equal_f64, less_equal_i64, less_equal_u64)},
    {"Max", EACH(max_f32, max_f64, max_i64, max_u64)},
    {"Mean", EACH(add_f32, add_f64, NULL, NULL)},
    {"Min", EACH(min_f32, min_f64, min_i64, min_u64)},
    {"Mod", EACH(mod_f32, mod_f64, mod_i64, mod_u64)},
    {"Mul", EACH(mul_f32, mul_f64, mul_u64, mul_u64)},
    {"PRelu", EACH(prelu_f32, prelu_f64, prelu_i64, prelu_u64)},
    {"Sub", EACH(sub_f32, sub_f64, sub_u64, sub_u64)},
    {"Sum", EACH(add_f32, add_f64, add_u64, add_u64)},
    /* by attribute */
    {"fmod", EACH(fmod_f32, fmod_f64, fmod_i64, mod_u64)},
    {"LEFT", EACH(NULL, NULL, left_u64, left_u64)},
    {"RIGHT", EACH(NULL, NULL, right_i64, right_u64)},
};

/* The kernel for that class; NULL when there is none. */
static ox__pair_fn kernel_of(const char *op, ox__class c)
{
    for (size_t i = 0; i < OX__COUNT(kernels); i++)
        if (!strcmp(kernels[i].op, op)) return kernels[i].fn[c];
    return NULL;
}

/* ---- rows ---- */
void ox__pair_rows(void *job, uint64_t at, const uint64_t *pos, const int64_t *step, size_t n)
{
    const ox__pair_job *j = job;
    size_t item = j->c == OX__IN_F32 ? 4 : 8, out_item = j->out_class == OX__IN_NONE  ? 1
                                                         : j->out_class == OX__IN_F32 ? 4
                                                                                      : 8;
    bool plain_a = ox__is_plain(j->a_type) && ox__class_of(j->a_type) == j->c,
         plain_b = ox__is_plain(j->b_type) && ox__class_of(j->b_type) == j->c,
         plain_out =
             j->out_class == OX__IN_NONE || (ox__is_plain(j->out_type) && ox__class_of(j->out_type) == j->out_class);
    bool all = plain_a && plain_b && plain_out;
    for (size_t done = 0, len; done < n; done += len) {
        uint64_t a[OX__BLOCK], b[OX__BLOCK], o[OX__BLOCK];
        uint64_t at_a = pos[0] + done * (uint64_t)step[0], at_b = pos[1] + done * (uint64_t)step[1];
        len = all ? n : OX__MIN(n - done, (size_t)OX__BLOCK);
        if (!plain_a) ox__load(j->c, j->a_type, j->a, at_a, step[0] ? len : 1, a);
        if (!plain_b) ox__load(j->c, j->b_type, j->b, at_b, step[1] ? len : 1, b);
        j->fn(plain_out ? (char *)j->out + (at + done) * out_item : (char *)o,
              plain_a ? (const char *)j->a + at_a * item : (const char *)a,
              plain_b ? (const char *)j->b + at_b * item : (const char *)b, step[0], step[1], len);
        if (!plain_out) ox__store(j->out_class, j->out_type, j->out, at + done, len, o);
    }
}

/* The numbers that arithmetic is defined on; the inputs must be of one type. */
static ox_status same_types(ox__ev *e, size_t n, bool with_bool, ox_dtype *dtype)
{
    ox_status s = ox__ev_need(e, 0, n);
    if (s != OX_OK) return s;
    *dtype = e->in[0].dtype;
    for (size_t i = 1; i < n; i++)
        if (e->in[i].dtype != *dtype)
            return ox__ev_fail(e, "inputs of %s and %s", ox_dtype_name(*dtype, OX_DTYPE_NUMPY),
                               ox_dtype_name(e->in[i].dtype, OX_DTYPE_NUMPY));
    bool known = ox__is_real(*dtype) || (ox_dtype_is_integer(*dtype) && ox_dtype_bits(*dtype) >= 8) ||
                 (with_bool && *dtype == OX_BOOL);
    return known ? OX_OK : ox__ev_unsupported(e, "of %s", ox_dtype_name(*dtype, OX_DTYPE_NUMPY));
}

/* ---- two ---- */
static const char *kernel_name(ox__ev *e, ox_status *s)
{
    const char *op = ox__ev_op(e);
    if (!strcmp(op, "Mod")) {
        if (ox__ev_int(e, "fmod", 0)) return "fmod";
    } else if (!strcmp(op, "BitShift")) {
        const char *direction = ox__ev_string(e, "direction", "", NULL);
        if (!strcmp(direction, "LEFT") || !strcmp(direction, "RIGHT")) return direction;
        *s = ox__ev_fail(e, "direction must be LEFT or RIGHT");
    }
    return op;
}

static ox_status divides(ox__ev *e, ox__class c)
{
    const char *op = ox__ev_op(e);
    if ((strcmp(op, "Div") != 0 && strcmp(op, "Mod") != 0) || c == OX__IN_F32 || c == OX__IN_F64) return OX_OK;
    const ox__dense *b = &e->in[1];
    for (uint64_t i = 0; i < b->n; i++)
        if (ox__ev_i64(b, i) == 0) return ox__ev_fail(e, "division of integers by zero");
    return OX_OK;
}

/* Before opset 7 a slope of one dim is the channels'; the output always has the shape of X. */
static ox_status slope(ox__ev *e, ox__shape *in, int64_t *room)
{
    ox_status s = OX_OK;
    in[0] = (ox__shape){e->in[0].rank, e->in[0].dims};
    in[1] = (ox__shape){e->in[1].rank, e->in[1].dims};
    if (e->opset < 7 && in[1].rank == 1 && in[0].rank > 1 && in[0].rank <= OX__EVAL_RANK) {
        for (uint32_t i = 0; i + 1 < in[0].rank; i++) room[i] = i ? 1 : in[1].dims[0];
        in[1] = (ox__shape){in[0].rank - 1, room};
    }
    if (in[1].rank > in[0].rank) s = ox__ev_fail(e, "the slope has more dims than X");
    for (uint32_t i = 0; s == OX_OK && i < in[1].rank; i++) {
        int64_t x = in[0].dims[in[0].rank - in[1].rank + i];
        if (in[1].dims[i] != 1 && in[1].dims[i] != x) s = ox__ev_fail(e, "the slope does not go into the dims of X");
    }
    return s;
}

static ox_status pair_of(ox__ev *e, ox_dtype dtype, ox__class out_class, ox_dtype out_type)
{
    ox__spread sp;
    ox__shape in[2];
    int64_t room[OX__EVAL_RANK];
    ox__class c = ox__class_of(dtype);
    ox_status s = OX_OK;
    ox__pair_fn fn = kernel_of(kernel_name(e, &s), c);
    if (s == OX_OK && !fn) s = ox__ev_unsupported(e, "of %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    if (s == OX_OK) s = divides(e, c);
    if (s == OX_OK) s = strcmp(ox__ev_op(e), "PRelu") ? ox__ev_operands(e, 2, in, room) : slope(e, in, room);
    if (s == OX_OK) s = ox__ev_spread(e, &sp, 2, in);
    if (s != OX_OK) return s;
    void *out = ox__ev_out(e, 0, out_type, sp.out_rank, sp.out, &s);
    if (!out) return s;
    ox__pair_job j = {fn, c, out_class, dtype, dtype, out_type, e->in[0].data, e->in[1].data, out};
    ox__ev_rows(e, &sp, 1, ox__pair_rows, &j);
    return OX_OK;
}

ox_status ox__eval_arith(ox__ev *e)
{
    ox_dtype dtype;
    ox_status s = same_types(e, 2, false, &dtype);
    return s == OX_OK ? pair_of(e, dtype, ox__class_of(dtype), dtype) : s;
}

static ox_status strings_equal(ox__ev *e);

ox_status ox__eval_compare(ox__ev *e)
{
    ox_dtype dtype;
    if (e->n_in == 2 && e->in[0].dtype == OX_STRING && e->in[1].dtype == OX_STRING && !strcmp(ox__ev_op(e), "Equal"))
        return strings_equal(e);
    ox_status s = same_types(e, 2, true, &dtype);
    return s == OX_OK ? pair_of(e, dtype, OX__IN_NONE, OX_BOOL) : s;
}

static void equal_texts(void *ud, uint64_t at, const uint64_t *pos, const int64_t *step, size_t n)
{
    const ox__pair_job *j = ud;
    for (size_t i = 0; i < n; i++) {
        const ox_bytes *x = (const ox_bytes *)j->a + pos[0] + i * (uint64_t)step[0],
                       *y = (const ox_bytes *)j->b + pos[1] + i * (uint64_t)step[1];
        ((uint8_t *)j->out)[at + i] = x->n == y->n && (!x->n || !memcmp(x->p, y->p, x->n));
    }
}

static ox_status strings_equal(ox__ev *e)
{
    ox__spread sp;
    ox__shape in[2];
    int64_t room[OX__EVAL_RANK];
    ox_status s = ox__ev_operands(e, 2, in, room);
    if (s == OX_OK) s = ox__ev_spread(e, &sp, 2, in);
    if (s != OX_OK) return s;
    ox__pair_job j = {.a = e->in[0].data, .b = e->in[1].data};
    j.out = ox__ev_out(e, 0, OX_BOOL, sp.out_rank, sp.out, &s);
    if (j.out) ox__ev_rows(e, &sp, 8, equal_texts, &j);
    return s;
}

/* ---- any number ---- */
static ox_status shape_of_all(ox__ev *e, ox__spread *all)
{
    ox__shape in[2] = {{0, NULL}, {0, NULL}};
    int64_t dims[OX__EVAL_RANK];
    ox_status s = OX_OK;
    for (size_t i = 0; s == OX_OK && i < e->n_in; i++) {
        in[1] = (ox__shape){e->in[i].rank, e->in[i].dims};
        s = ox__ev_spread(e, all, 2, in);
        if (s != OX_OK) break;
        memcpy(dims, all->out, sizeof dims);
        in[0] = (ox__shape){all->out_rank, dims};
    }
    return s;
}

typedef struct scale_job {
    ox__class c;
    ox_dtype dtype;
    const void *in;
    void *out;
    double by;
    uint64_t n;
} scale_job;

/* The result divided by their number, or put into its own type. */
static void scale(void *ud, uint64_t from, uint64_t to)
{
    const scale_job *j = ud;
    for (uint64_t k = from; k < to; k++) {
        uint64_t at = k * OX__BLOCK;
        size_t n = (size_t)OX__MIN(j->n - at, (uint64_t)OX__BLOCK);
        double d[OX__BLOCK];
        float f[OX__BLOCK];
        if (j->c == OX__IN_F64) {
            for (size_t i = 0; i < n; i++) d[i] = ((const double *)j->in)[at + i] / j->by;
            ox__store_f64(j->dtype, j->out, at, n, d);
        } else {
            for (size_t i = 0; i < n; i++) f[i] = ((const float *)j->in)[at + i] / (float)j->by;
            ox__store_f32(j->dtype, j->out, at, n, f);
        }
    }
}

ox_status ox__eval_variadic(ox__ev *e)
{
    ox_dtype dtype;
    ox__spread sp, all;
    if (!e->n_in) return ox__ev_fail(e, "no inputs");
    ox_status s = same_types(e, e->n_in, false, &dtype);
    if (s == OX_OK) s = shape_of_all(e, &all);
    if (s != OX_OK) return s;
    bool mean = !strcmp(ox__ev_op(e), "Mean");
    ox__class c = ox__class_of(dtype);
    ox__pair_fn fn = kernel_of(ox__ev_op(e), c);
    if (!fn) return ox__ev_unsupported(e, "of %s", ox_dtype_name(dtype, OX_DTYPE_NUMPY));
    if (e->n_in == 1) return ox__ev_out_reshaped(e, 0, 0, e->in[0].rank, e->in[0].dims);
    void *out = ox__ev_out(e, 0, dtype, all.out_rank, all.out, &s), *acc = out;
    if (!out) return s;
    /* Sums of narrow floats are rounded once, at the end. */
    bool apart = c == OX__IN_F32 && dtype != OX_FLOAT && (mean || e->n_in > 2);
    if (apart && !(acc = ox__arena_alloc(e->mem, OX__MAX((size_t)all.n, 1) * sizeof(float)))) return ox__nomem(e->err);
    ox_dtype acc_type = apart ? OX_FLOAT : dtype;
    for (size_t i = 1; i < e->n_in; i++) {
        const ox__dense *a = &e->in[0], *b = &e->in[i];
        ox__shape full = {all.out_rank, all.out}, in[3] = {{a->rank, a->dims}, {b->rank, b->dims}, full};
        if (i > 1) in[0] = full;
        s = ox__ev_spread(e, &sp, 3, in);
        if (s != OX_OK) return s;
        ox__pair_job j = {fn, c, c, i > 1 ? acc_type : dtype, dtype, acc_type, i > 1 ? acc : a->data, b->data, acc};
        ox__ev_rows(e, &sp, 1, ox__pair_rows, &j);
    }
    if (mean || apart) {
        scale_job j = {c, dtype, acc, out, mean ? (double)e->n_in : 1, all.n};
        ox__ev_parallel(e, (all.n + OX__BLOCK - 1) / OX__BLOCK, 64, scale, &j);
    }
    return OX_OK;
}
