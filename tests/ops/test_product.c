/* Matrix products and what is made of them: every path of the blocked product against a plain one; MatMul, Gemm, Einsum
 * and Det in odd types and shapes. */
#include "ox_eval_test.h"

#include "ops/gemm.h"

/* Small whole numbers: their sums are exact, so results are compared bit by bit. */
static double entry(int64_t i)
{
    return (double)(i * 7919 % 17 - 8);
}

typedef struct operands {
    void *a, *b, *c, *bias;
    size_t item;
} operands;

static void put(const operands *o, void *p, int64_t i, double v)
{
    if (o->item == 4)
        ((float *)p)[i] = (float)v;
    else
        ((double *)p)[i] = v;
}

static double at(const operands *o, const void *p, int64_t i)
{
    return o->item == 4 ? (double)((const float *)p)[i] : ((const double *)p)[i];
}

static void pack_panels(const void *ud, int64_t k0, int64_t kc, int64_t n0, int64_t nc, int64_t w, void *dst)
{
    const ox__gemm *g = ud;
    const operands o = {.item = g->b_col > 0 ? 4 : 8};
    for (int64_t k = 0; k < kc; k++)
        for (int64_t n = 0; n < nc; n++)
            put(&o, dst, n / w * kc * w + k * w + n % w, at(&o, g->b, (k0 + k) * g->b_row + n0 + n));
}

static void check_product(ox__ev *e, int64_t m, int64_t n, int64_t k, int how, size_t item)
{
    operands o = {calloc((size_t)(m * k), item), calloc((size_t)(k * n), item), calloc((size_t)(m * n), item),
                  calloc((size_t)m, item), item};
    bool ta = how & 1, tb = how & 2, add = how & 4, packed = how & 8;
    for (int64_t i = 0; i < m * k; i++) put(&o, o.a, i, entry(i));
    for (int64_t i = 0; i < k * n; i++) put(&o, o.b, i, entry(i + 3));
    for (int64_t i = 0; i < m * n; i++) put(&o, o.c, i, 5);
    for (int64_t i = 0; i < m; i++) put(&o, o.bias, i, (double)i);
    ox__gemm g = {.m = m, .n = n, .k = k, .alpha = 2, .a = o.a, .a_row = ta ? 1 : k, .a_col = ta ? m : 1};
    g.b = o.b;
    g.b_row = tb ? 1 : n;
    g.b_col = tb ? k : 1;
    g.c = o.c;
    g.c_row = n;
    g.bias = add ? NULL : o.bias;
    g.add = add;
    ox__gemm columns = {.b = o.b, .b_row = n, .b_col = item == 4 ? 1 : -1};
    if (packed) {
        g.pack = pack_panels;
        g.ud = &columns;
    }
    assert_ok(ox__gemm_run(e, item == 4 ? OX_FLOAT : OX_DOUBLE, &g, 1), e->err);
    for (int64_t i = 0; i < m; i += 1 + m / 9)
        for (int64_t j = 0; j < n; j++) {
            double sum = 0;
            for (int64_t p = 0; p < k; p++)
                sum += at(&o, o.a, i * g.a_row + p * g.a_col) *
                       at(&o, o.b, packed ? p * n + j : p * g.b_row + j * g.b_col);
            assert_true(at(&o, o.c, i * n + j) == 2 * sum + (add ? 5 : (double)i));
        }
    free(o.a);
    free(o.b);
    free(o.c);
    free(o.bias);
}

static void test_blocks(void **state)
{
    (void)state;
    static const int64_t sizes[][3] = {{1, 1, 1},    {1, 33, 70},   {2, 1100, 5},   {3, 17, 300},   {5, 16, 257},
                                       {6, 260, 64}, {73, 31, 256}, {100, 40, 513}, {150, 300, 90}, {7, 1500, 33}};
    ox_error err;
    ox__ev e = {.pool = ox__pool_create(2), .err = &err};
    for (size_t i = 0; i < OX__COUNT(sizes); i++)
        for (int how = 0; how < 16; how++) {
            check_product(&e, sizes[i][0], sizes[i][1], sizes[i][2], how, 4);
            check_product(&e, sizes[i][0], sizes[i][1], sizes[i][2], how, 8);
        }
    ox__pool_free(e.pool);
}

static const eval_row products[] = {
    {13, "MatMul(%a, %b)", "float16[1,2]: 1 2 | float16[2,1]: 3 4", "float16[1,1]: 11"},
    {13, "MatMul(%a, %b)", "float32[2]: 1 2 | float32[2]: 3 4", "float32[]: 11"},
    {13, "MatMul(%a, %b)", "float64[2,1,1]: 1 2 | float64[3,1,1,1]: 1 10 100", "float64[3,2,1,1]: 1 2 10 20 100 200"},
    {13, "MatMul(%a, %b)", "int32[1,2]: 2147483647 1 | int32[2,1]: 2 1", "int32[1,1]: -1"},
    {13, "MatMul(%a, %b)", "uint64[1,1]: 3 | uint64[1,2]: 4 5", "uint64[1,2]: 12 15"},
    {13, "MatMul(%a, %b)", "float32[2,0]: | float32[0,2]:", "float32[2,2]: 0 0 0 0"},
    {13, "MatMul(%a, %b)", "float32[2,2]: 1 2 3 4 | float32[3,2]: 0 0 0 0 0 0", "!2 columns by 3 rows"},
    {13, "MatMul(%a, %b)", "float32[]: 1 | float32[1]: 1", "!a scalar"},
    {13, "MatMul(%a, %b)", "float32[1]: 1 | float64[1]: 1", "!different element types"},
    {13, "MatMul(%a, %b)", "float32[4611686018427387904,0]: | float32[0,4]:", "!too large"},
    {13, "Gemm[alpha=2., beta=3., transA=1](%a, %b, %c)", "float32[2,1]: 1 2 | float32[2,2]: 1 2 3 4 | float32[2]: 1 2",
     "float32[1,2]: 17 26"},
    {13, "Gemm[transB=1](%a, %b)", "int64[1,2]: 1 2 | int64[1,2]: 3 4", "int64[1,1]: 11"},
    {13, "Gemm[alpha=0.5](%a, %b)", "int32[1,1]: 1 | int32[1,1]: 3", "!fractional factors"},
    {13, "Gemm(%a, %b, %c)", "float32[1,1]: 1 | float32[1,1]: 3 | float32[2]: 1 1", "!C cannot be broadcast"},
    {13, "Gemm(%a, %b)", "float32[1]: 1 | float32[1,1]: 3", "!inputs of 1 and 2 dims"},
    {10, "MatMulInteger(%a, %b, %c, %d)", "uint8[2,1]: 3 4 | int8[1,2]: 5 -6 | uint8[2]: 1 2 | int8[2]: 1 0",
     "int32[2,2]: 8 -12 8 -12"},
    {10, "MatMulInteger(%a, %b, %c)", "uint8[2,1]: 3 4 | int8[1,2]: 5 -6 | uint8[3]: 1 2 3", "!3 zero points"},
    {22, "Det(%a)", "float64[2,2,2]: 1 2 3 4 0 1 1 0", "float64[2]: -2 -1"},
    {22, "Det(%a)", "float32[0,0]:", "float32[]: 1"},
    {22, "Det(%a)", "float32[1,2]: 1 2", "!no stack of square matrices"},
};

static const eval_row sums[] = {
    {12, "Einsum[equation=\"ii->i\"](%a)", "int32[2,2]: 1 2 3 4", "int32[2]: 1 4"},
    {12, "Einsum[equation=\"ij->\"](%a)", "float32[2,2]: 1 2 3 4", "float32[]: 10"},
    {12, "Einsum[equation=\"ba\"](%a)", "float32[1,2]: 1 2", "float32[2,1]: 1 2"},
    {12, "Einsum[equation=\"...i, ...i -> ...\"](%a, %b)", "float64[2,2]: 1 2 3 4 | float64[1,2]: 10 1",
     "float64[2]: 12 34"},
    {12, "Einsum[equation=\"i,j,k->ki\"](%a, %b, %c)", "int64[2]: 1 2 | int64[2]: 1 1 | int64[1]: 5",
     "int64[1,2]: 10 20"},
    {12, "Einsum[equation=\"i,i->i\"](%a, %b)", "uint8[2]: 200 3 | uint8[2]: 2 4", "uint8[2]: 144 12"},
    {12, "Einsum[equation=\"ij,jk->ik\"](%a, %b)", "float32[1,0]: | float32[0,1]:", "float32[1,1]: 0"},
    {12, "Einsum[equation=\"ij,jk->ik\"](%a, %b)", "float32[1,2]: 1 2 | float32[3,1]: 1 2 3", "!2 and 3 entries"},
    {12, "Einsum[equation=\"i->j\"](%a)", "float32[1]: 1", "!does not fit its terms"},
    {12, "Einsum[equation=\"i->ii\"](%a)", "float32[1]: 1", "!does not fit its terms"},
    {12, "Einsum[equation=\"i,i\"](%a)", "float32[1]: 1", "!not one term for each input"},
    {12, "Einsum[equation=\"i\"](%a)", "float32[1,1]: 1", "!does not fit its input"},
    {12, "Einsum[equation=\"1\"](%a)", "float32[1]: 1", "!holds '1'"},
};

static void test_products(void **state)
{
    (void)state;
    eval_check(products, OX__COUNT(products));
}

static void test_sums(void **state)
{
    (void)state;
    eval_check(sums, OX__COUNT(sums));
}

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_blocks), cmocka_unit_test(test_products),
                                       cmocka_unit_test(test_sums)};
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
