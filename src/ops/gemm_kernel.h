/* Floor 3. The innermost loop of a matrix product, for gemm.c, which defines what it is made of: T, LANES, NAME(x) and
 * TARGET. It multiplies up to 6 rows of A by one panel of B, and holds the sums in 12 vectors. */
typedef T NAME(vec) __attribute__((vector_size(LANES * sizeof(T)), aligned(sizeof(T)), may_alias));

/* rows is a constant where this is inlined. Columns beyond `cols` are computed but not stored. */
static inline TARGET __attribute__((always_inline)) void NAME(sums)(const T *a, int64_t lda, const T *b, int64_t kc,
                                                                    T *c, int64_t ldc, T alpha, int64_t cols, bool add,
                                                                    const int rows)
{
    NAME(vec) s[6][2] = {{{0}}};
    const T *r[6];
    for (int i = 0; i < rows; i++) r[i] = a + i * lda;
    for (int64_t k = 0; k < kc; k++, b += NR) {
        NAME(vec) b0 = *(const NAME(vec) *)b, b1 = *(const NAME(vec) *)(b + LANES);
#pragma GCC unroll 6
        for (int i = 0; i < rows; i++) {
            s[i][0] += b0 * r[i][k];
            s[i][1] += b1 * r[i][k];
        }
    }
    for (int i = 0; i < rows; i++, c += ldc) {
        T sum[2 * LANES];
        if (cols >= 2 * LANES) {
            NAME(vec) *out = (NAME(vec) *)c;
            NAME(vec) *next = (NAME(vec) *)(c + LANES);
            *out = add ? *out + s[i][0] * alpha : s[i][0] * alpha;
            *next = add ? *next + s[i][1] * alpha : s[i][1] * alpha;
            continue;
        }
        memcpy(sum, s[i], sizeof sum);
        for (int64_t j = 0; j < cols; j++) c[j] = add ? c[j] + sum[j] * alpha : sum[j] * alpha;
    }
}

static TARGET void NAME(kernel)(const T *a, int64_t lda, const T *b, int64_t kc, T *c, int64_t ldc, T alpha,
                                int64_t rows, int64_t cols, bool add)
{
    for (int64_t j = 0; j < NR && j < cols; j += 2 * LANES) {
        int64_t left = cols - j;
        switch (rows) {
        case 1: NAME(sums)(a, lda, b + j, kc, c + j, ldc, alpha, left, add, 1); break;
        case 2: NAME(sums)(a, lda, b + j, kc, c + j, ldc, alpha, left, add, 2); break;
        case 3: NAME(sums)(a, lda, b + j, kc, c + j, ldc, alpha, left, add, 3); break;
        case 4: NAME(sums)(a, lda, b + j, kc, c + j, ldc, alpha, left, add, 4); break;
        case 5: NAME(sums)(a, lda, b + j, kc, c + j, ldc, alpha, left, add, 5); break;
        default: NAME(sums)(a, lda, b + j, kc, c + j, ldc, alpha, left, add, 6); break;
        }
    }
}

/* The sum of products of two arrays. */
static TARGET T NAME(dot)(const T *a, const T *b, int64_t n)
{
    NAME(vec) s[4] = {{0}};
    int64_t k = 0;
    for (; k + 4 * LANES <= n; k += 4 * LANES)
#pragma GCC unroll 4
        for (int i = 0; i < 4; i++)
            s[i] += *(const NAME(vec) *)(a + k + i * LANES) * *(const NAME(vec) *)(b + k + i * LANES);
    s[0] += s[1] + s[2] + s[3];
    T sum = 0;
    for (int i = 0; i < LANES; i++) sum += s[0][i];
    for (; k < n; k++) sum += a[k] * b[k];
    return sum;
}
