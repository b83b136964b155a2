/* Floor 3. Evaluation of Einsum: operands are contracted two by two, each contraction a stack of matrix products. */
#include "ops/gemm.h"
#include "ops/linalg.h"
#include "ops/wide.h"

enum { LETTERS = 52, LABELS = 64 }; /* letters, then the dims of the ellipsis counted from the right */

/* An operand as its labels see it. Labels are bits. */
typedef struct operand {
    uint64_t labels;
    int64_t stride[LABELS]; /* in elements; the strides of a repeated letter are added up: the diagonal */
    const void *p;
} operand;

typedef struct einsum {
    ox_dtype in;          /* OX_FLOAT, OX_DOUBLE, or OX_UINT64 for all integers */
    int64_t size[LABELS]; /* 0: not met */
    int64_t n_batch;      /* dims of the ellipsis */
    uint8_t out[LABELS];  /* labels of the result in order */
    size_t n_out;
    bool has_dots;
} einsum;

static int label_of(char ch)
{
    if (ch >= 'a' && ch <= 'z') return ch - 'a';
    return ch >= 'A' && ch <= 'Z' ? ch - 'A' + 26 : -1;
}

static size_t item_of(const einsum *s)
{
    return s->in == OX_FLOAT ? 4 : 8;
}

/* ---- reading ---- */
static ox_status add_dim(ox__ev *e, einsum *s, operand *a, int label, int64_t size, int64_t stride)
{
    int64_t *had = &s->size[label];
    if (*had == 0 || *had == 1)
        *had = size ? size : -1; /* -1: none */
    else if (size != 1 && size != OX__MAX(*had, 0))
        return ox__ev_fail(e, "one index has %lld and %lld entries", (long long)OX__MAX(*had, 0), (long long)size);
    a->labels |= UINT64_C(1) << label;
    a->stride[label] += size == 1 ? 0 : stride;
    return OX_OK;
}

/* The term of one input, which begins at *p; leaves *p behind it. */
static ox_status read_term(ox__ev *e, einsum *s, operand *a, const ox__dense *x, const char **p, const char *end)
{
    int64_t strides[LABELS], letters = 0, at = 0;
    const char *stop = *p;
    if (x->rank > LABELS - LETTERS) return ox__ev_unsupported(e, "%u dims", (unsigned)x->rank);
    while (stop < end && *stop != ',') letters += label_of(*stop++) >= 0;
    ox__ev_strides(x->dims, x->rank, strides);
    for (const char *c = *p; c < stop; c++) {
        int label = label_of(*c);
        ox_status st = OX_OK;
        if (*c == '.') {
            int64_t n = (int64_t)x->rank - letters;
            if (c + 2 >= stop || c[1] != '.' || c[2] != '.' || n < 0)
                return ox__ev_fail(e, "a term does not fit its input of %u dims", (unsigned)x->rank);
            s->n_batch = OX__MAX(s->n_batch, n);
            for (int64_t i = n - 1; st == OX_OK && i >= 0; i--, at++)
                st = add_dim(e, s, a, LETTERS + (int)i, x->dims[at], strides[at]);
            c += 2;
            s->has_dots = true;
        } else if (label >= 0) {
            if (at >= x->rank) return ox__ev_fail(e, "a term does not fit its input of %u dims", (unsigned)x->rank);
            st = add_dim(e, s, a, label, x->dims[at], strides[at]);
            at++;
        } else if (*c != ' ') {
            return ox__ev_fail(e, "the equation holds '%c'", *c);
        }
        if (st != OX_OK) return st;
    }
    if (at != x->rank) return ox__ev_fail(e, "a term does not fit its input of %u dims", (unsigned)x->rank);
    *p = stop;
    return OX_OK;
}

static bool put_dots(einsum *s)
{
    if (s->n_out + (size_t)s->n_batch > LABELS) return false;
    for (int64_t i = s->n_batch - 1; i >= 0; i--) s->out[s->n_out++] = (uint8_t)(LETTERS + i);
    return true;
}

/* The result as it is written, or the dots and every letter that stands once, in order (capitals first). */
static ox_status read_result(ox__ev *e, einsum *s, const char *text, const char *arrow, const char *end)
{
    uint64_t seen = 0;
    if (!arrow) {
        int used[LETTERS] = {0};
        for (const char *c = text; c < end; c++)
            if (label_of(*c) >= 0) used[label_of(*c)]++;
        (void)put_dots(s);
        for (int pass = 26; pass >= 0; pass -= 26)
            for (int i = pass; i < pass + 26; i++)
                if (used[i] == 1) s->out[s->n_out++] = (uint8_t)i;
        return OX_OK;
    }
    for (const char *c = arrow + 2; c < end; c++) {
        int label = label_of(*c);
        bool dots = end - c >= 3 && c[0] == '.' && c[1] == '.' && c[2] == '.';
        if (*c == ' ') continue;
        if (dots ? !put_dots(s) : label < 0 || !s->size[label] || seen >> label & 1)
            return ox__ev_fail(e, "the result of the equation does not fit its terms");
        if (dots) {
            c += 2;
            continue;
        }
        seen |= UINT64_C(1) << label;
        s->out[s->n_out++] = (uint8_t)label;
    }
    return OX_OK;
}

/* ---- moving ---- */
#define GATHER(name, type) \
    static void name(type *to, const type *from, uint32_t n, const int64_t *dims, const int64_t *src, \
                     const int64_t *dst) \
    { \
        int64_t place[LABELS] = {0}; \
        const int64_t len = n ? dims[n - 1] : 1, a = n ? src[n - 1] : 0, b = n ? dst[n - 1] : 0; \
        for (;;) { \
            for (int64_t i = 0; i < len; i++) to[i * b] += from[i * a]; \
            uint32_t d = n ? n - 1 : 0; \
            while (d-- > 0) { \
                from += src[d]; \
                to += dst[d]; \
                if (++place[d] < dims[d]) break; \
                from -= src[d] * dims[d]; \
                to -= dst[d] * dims[d]; \
                place[d] = 0; \
            } \
            if (d == UINT32_MAX) return; \
        } \
    }
GATHER(gather_f32, float)
GATHER(gather_f64, double)
GATHER(gather_u64, uint64_t)

/* Elements of a, dense in the order of n labels, the others summed; into `to`, or (NULL) into scratch memory unless
 * they lie so already. */
static ox_status gather(ox__ev *e, const einsum *s, const operand *a, const uint8_t *order, size_t n, void *to,
                        const void **out)
{
    int64_t dims[LABELS], src[LABELS], dst[LABELS], step = 1;
    uint64_t in_order = 0, total;
    uint32_t k = 0;
    bool dense = true;
    for (size_t i = 0; i < n; i++) {
        in_order |= UINT64_C(1) << order[i];
        dims[k] = OX__MAX(s->size[order[i]], 0);
        src[k++] = a->stride[order[i]];
    }
    if (!ox__dims_product(dims, k, &total) || total > e->max_bytes / item_of(s) || total > SIZE_MAX / 16)
        return ox__fail(e->err, OX_E_LIMIT, "%s: what is multiplied is too large to be computed here", ox__ev_op(e));
    for (uint32_t i = k; i-- > 0;) {
        dst[i] = step;
        if (dims[i] > 1 && src[i] != step) dense = false;
        step *= OX__MAX(dims[i], 1);
    }
    for (int label = 0; label < LABELS; label++)
        if ((a->labels & ~in_order) >> label & 1) {
            dims[k] = OX__MAX(s->size[label], 0);
            src[k] = a->stride[label];
            if (dims[k] != 1) dense = false;
            dst[k++] = 0;
        }
    if (dense && !to) {
        *out = a->p;
        return OX_OK;
    }
    if (!to) to = ox__arena_alloc(e->mem, ((size_t)total + 1) * item_of(s));
    if (!to) return ox__nomem(e->err);
    *out = to;
    memset(to, 0, (size_t)total * item_of(s));
    for (uint32_t i = 0; i < k; i++)
        if (dims[i] == 0) return OX_OK;
    if (s->in == OX_FLOAT)
        gather_f32(to, a->p, k, dims, src, dst);
    else if (s->in == OX_DOUBLE)
        gather_f64(to, a->p, k, dims, src, dst);
    else
        gather_u64(to, a->p, k, dims, src, dst);
    return OX_OK;
}

/* ---- multiplying ---- */
static size_t add_labels(uint64_t set, uint8_t *order, size_t n)
{
    for (int label = 0; label < LABELS; label++)
        if (set >> label & 1) order[n++] = (uint8_t)label;
    return n;
}

/* The entries of labels from..to-1 of an order; false when they are too many. */
static bool entries(const einsum *s, const uint8_t *order, size_t from, size_t to, int64_t *out)
{
    *out = 1;
    for (size_t i = from; i < to; i++)
        if (__builtin_mul_overflow(*out, OX__MAX(s->size[order[i]], 0), out)) return false;
    return true;
}

/* a becomes the product of a and b, with the labels that are kept. */
static ox_status contract(ox__ev *e, const einsum *s, operand *a, const operand *b, uint64_t keep)
{
    uint64_t both = a->labels & b->labels, n;
    uint8_t oa[LABELS], ob[LABELS], oc[LABELS];
    size_t nb = add_labels(both & keep, oa, 0), na = add_labels(a->labels & ~b->labels & keep, oa, nb),
           ka = add_labels(both & ~keep, oa, na), kb, mb, nc;
    (void)add_labels(both & keep, ob, 0);
    kb = add_labels(both & ~keep, ob, nb);
    mb = add_labels(b->labels & ~a->labels & keep, ob, kb);
    (void)add_labels(both & keep, oc, 0);
    nc = add_labels(a->labels & ~b->labels & keep, oc, nb);
    nc = add_labels(b->labels & ~a->labels & keep, oc, nc);
    int64_t batch, rows, inner, cols, all[3];
    const void *pa, *pb;
    ox_status st = gather(e, s, a, oa, ka, NULL, &pa);
    if (st == OX_OK) st = gather(e, s, b, ob, mb, NULL, &pb);
    if (st != OX_OK) return st;
    if (!entries(s, oa, 0, nb, &batch) || !entries(s, oa, nb, na, &rows) || !entries(s, oa, na, ka, &inner) ||
        !entries(s, ob, kb, mb, &cols))
        return ox__ev_fail(e, "the result is too large");
    memcpy(all, (int64_t[]){batch, rows, cols}, sizeof all);
    if (!ox__dims_product(all, 3, &n) || n > e->max_bytes / item_of(s) || n > SIZE_MAX / 256)
        return ox__fail(e->err, OX_E_LIMIT, "%s: what is multiplied is too large to be computed here", ox__ev_op(e));
    char *c = ox__arena_alloc(e->mem, ((size_t)n + 1) * item_of(s));
    ox__gemm *g = ox__arena_alloc(e->mem, (n ? (size_t)batch + 1 : 1) * sizeof *g);
    if (!c || !g) return ox__nomem(e->err);
    for (int64_t i = 0; n && i < batch; i++)
        g[i] = (ox__gemm){.m = rows,
                          .n = cols,
                          .k = inner,
                          .alpha = 1,
                          .a = (const char *)pa + (size_t)(i * rows * inner) * item_of(s),
                          .a_row = inner,
                          .a_col = 1,
                          .b = (const char *)pb + (size_t)(i * inner * cols) * item_of(s),
                          .b_row = cols,
                          .b_col = 1,
                          .c = c + (size_t)(i * rows * cols) * item_of(s),
                          .c_row = cols};
    if (n && s->in == OX_UINT64)
        ox__gemm_int(e, 8, g, (size_t)batch);
    else if (n)
        st = ox__gemm_run(e, s->in, g, (size_t)batch);
    *a = (operand){.p = c};
    for (int64_t step = 1; nc-- > 0; step *= OX__MAX(s->size[oc[nc]], 1)) {
        a->labels |= UINT64_C(1) << oc[nc];
        a->stride[oc[nc]] = step;
    }
    return st;
}

static ox_status read_inputs(ox__ev *e, einsum *s, operand *a)
{
    size_t n;
    const char *text = ox__ev_string(e, "equation", NULL, &n), *p = text;
    if (!text) return ox__ev_fail(e, "the equation is missing");
    const char *arrow = strstr(text, "->"), *end = text + n, *left = arrow ? arrow : end;
    ox_status st = OX_OK;
    for (size_t i = 0; st == OX_OK && i < e->n_in; i++) {
        const ox__dense *x = &e->in[i];
        if (x->dtype != e->in[0].dtype) return ox__ev_fail(e, "the inputs are of different element types");
        a[i] = (operand){.p = s->in == OX_UINT64 ? (const void *)ox__ev_int64s_of(e, x) : ox__wide_of(e, x, s->in)};
        if (!a[i].p) return OX_E_NOMEM;
        st = read_term(e, s, &a[i], x, &p, left);
        if (st != OX_OK) return st;
        if ((p < left) != (i + 1 < e->n_in)) return ox__ev_fail(e, "the equation has not one term for each input");
        p++;
    }
    return st == OX_OK ? read_result(e, s, text, arrow, arrow ? end : left) : st;
}

ox_status ox__eval_einsum(ox__ev *e)
{
    einsum s = {0};
    uint64_t keep = 0;
    int64_t dims[LABELS];
    if (!e->n_in) return ox__ev_fail(e, "there is no input");
    ox_status st = ox__ev_need(e, 0, e->n_in);
    if (st != OX_OK) return st;
    ox_dtype dtype = e->in[0].dtype;
    s.in = ox__wide_type(dtype);
    if (!s.in && ox_dtype_is_integer(dtype) && ox_dtype_bits(dtype) >= 8) s.in = OX_UINT64;
    if (!s.in) return ox__ev_unsupported(e, "this element type");
    operand *a = e->n_in > SIZE_MAX / sizeof *a ? NULL : ox__arena_alloc(e->mem, e->n_in * sizeof *a);
    if (!a) return ox__nomem(e->err);
    st = read_inputs(e, &s, a);
    if (st != OX_OK) return st;
    for (size_t i = 0; i < s.n_out; i++) {
        keep |= UINT64_C(1) << s.out[i];
        dims[i] = OX__MAX(s.size[s.out[i]], 0);
    }
    for (size_t i = 1; st == OX_OK && i < e->n_in; i++) {
        uint64_t later = keep;
        for (size_t k = i + 1; k < e->n_in; k++) later |= a[k].labels;
        st = contract(e, &s, &a[0], &a[i], later);
    }
    if (st != OX_OK) return st;
    const void *ignored;
    if (s.in != OX_UINT64) {
        ox__wide y;
        st = ox__wide_out(e, &y, 0, dtype, s.in, (uint32_t)s.n_out, dims);
        if (st == OX_OK) st = gather(e, &s, &a[0], s.out, s.n_out, y.p, &ignored);
        if (st == OX_OK) ox__wide_store(e, &y);
        return st;
    }
    uint64_t n;
    void *y = ox__ev_out(e, 0, dtype, (uint32_t)s.n_out, dims, &st);
    if (!y || !ox__dims_product(dims, (uint32_t)s.n_out, &n)) return st;
    uint64_t *sums = ox__arena_alloc(e->mem, ((size_t)n + 1) * sizeof *sums);
    if (!sums) return ox__nomem(e->err);
    st = gather(e, &s, &a[0], s.out, s.n_out, sums, &ignored);
    unsigned item = ox__ev_item(dtype);
    for (uint64_t i = 0; st == OX_OK && i < n; i++) memcpy((char *)y + i * item, &sums[i], item);
    return st;
}
