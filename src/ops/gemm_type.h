/* Floor 3. The matrix product of one element type, for gemm.c, which defines T, NR (columns of a panel), NAME(x) and
 * KERNEL, DOT (chosen at run time). */
typedef struct NAME(job) {
    const ox__gemm *g;
    int64_t tile, n_tiles; /* columns of a tile of C, tiles of one product */
    int64_t step, n_steps; /* shared: rows of C of one piece, pieces of one product */
    int64_t k0, k1;        /* shared: the part of k that is packed */
    T *packed;             /* shared: all tiles, each in blocks of KC rows */
    T *room;               /* one place for each thread */
    size_t room_size;
    atomic_flag *taken;
    NAME(kernel_fn) kernel;
    NAME(dot_fn) dot;
} NAME(job);

/* A place of this thread: there are as many as threads. */
static T *NAME(enter)(const NAME(job) * j, size_t *at)
{
    for (*at = 0; atomic_flag_test_and_set_explicit(&j->taken[*at], memory_order_acquire);) ++*at;
    return j->room + *at * j->room_size;
}

static void NAME(leave)(const NAME(job) * j, size_t at)
{
    atomic_flag_clear_explicit(&j->taken[at], memory_order_release);
}

static void NAME(pack)(const ox__gemm *g, int64_t k0, int64_t kc, int64_t n0, int64_t nc, T *dst)
{
    if (g->pack) {
        g->pack(g->ud, k0, kc, n0, nc, NR, dst);
        return;
    }
    const T *b = (const T *)g->b + k0 * g->b_row + n0 * g->b_col;
    for (int64_t j = 0; j < nc; j += NR, dst += kc * NR, b += NR * g->b_col) {
        int64_t w = OX__MIN(nc - j, (int64_t)NR);
        if (g->b_col == 1 && w == NR)
            for (int64_t k = 0; k < kc; k++) memcpy(dst + k * NR, b + k * g->b_row, NR * sizeof(T));
        else
            for (int64_t i = 0; i < w; i++)
                for (int64_t k = 0; k < kc; k++) dst[k * NR + i] = b[k * g->b_row + i * g->b_col];
    }
}

/* Rows m0..m1-1 and nc columns of C from one packed block of B. */
static void NAME(multiply)(const NAME(job) * j, const ox__gemm *g, int64_t m0, int64_t m1, int64_t n0, int64_t nc,
                           int64_t k0, int64_t kc, const T *b, T *room)
{
    bool add = g->add || g->bias || k0 > 0;
    for (int64_t i0 = m0; i0 < m1; i0 += MC) {
        int64_t mc = OX__MIN(m1 - i0, (int64_t)MC), lda = g->a_row;
        const T *a = (const T *)g->a + i0 * g->a_row + k0 * g->a_col;
        if (g->a_col != 1) {
            for (int64_t k = 0; k < kc; k++)
                for (int64_t i = 0; i < mc; i++) room[i * kc + k] = a[i * g->a_row + k * g->a_col];
            a = room;
            lda = kc;
        }
        for (int64_t n = 0; n < nc; n += NR)
            for (int64_t i = 0; i < mc; i += MR)
                j->kernel(a + i * lda, lda, b + n * kc, kc, (T *)g->c + (i0 + i) * g->c_row + n0 + n, g->c_row,
                          (T)g->alpha, OX__MIN(mc - i, (int64_t)MR), OX__MIN(nc - n, (int64_t)NR), add);
    }
}

static void NAME(begin)(const ox__gemm *g, int64_t m0, int64_t m1, int64_t n0, int64_t nc)
{
    const T *bias = g->bias;
    for (int64_t i = m0; bias && i < m1; i++) {
        T *c = (T *)g->c + i * g->c_row + n0;
        for (int64_t n = 0; n < nc; n++) c[n] = bias[i];
    }
}

/* A piece is a tile of columns of one product, all its rows. */
static void NAME(tiles)(void *ud, uint64_t from, uint64_t to)
{
    const NAME(job) *j = ud;
    size_t at;
    T *room = NAME(enter)(j, &at), *b = room + MC * KC;
    for (uint64_t i = from; i < to; i++) {
        const ox__gemm *g = &j->g[i / (uint64_t)j->n_tiles];
        int64_t n0 = (int64_t)(i % (uint64_t)j->n_tiles) * j->tile, nc = OX__MIN(g->n - n0, j->tile);
        NAME(begin)(g, 0, g->m, n0, nc);
        for (int64_t k0 = 0; k0 < g->k; k0 += KC) {
            int64_t kc = OX__MIN(g->k - k0, (int64_t)KC);
            NAME(pack)(g, k0, kc, n0, nc, b);
            NAME(multiply)(j, g, 0, g->m, n0, nc, k0, kc, b, room);
        }
    }
    NAME(leave)(j, at);
}

/* Few columns: B is packed by all threads, then each takes some rows. */
static void NAME(pack_pieces)(void *ud, uint64_t from, uint64_t to)
{
    const NAME(job) *j = ud;
    const ox__gemm *g = j->g;
    for (uint64_t i = from; i < to; i++) {
        int64_t block = (int64_t)i / j->n_tiles, n0 = (int64_t)i % j->n_tiles * j->tile;
        int64_t k0 = j->k0 + block * KC, nc = OX__MIN(g->n - n0, j->tile);
        NAME(pack)(g, k0, OX__MIN(j->k1 - k0, (int64_t)KC), n0, nc, j->packed + (int64_t)i * j->tile * KC);
    }
}

static void NAME(row_pieces)(void *ud, uint64_t from, uint64_t to)
{
    const NAME(job) *j = ud;
    const ox__gemm *g = j->g;
    size_t at;
    T *room = NAME(enter)(j, &at);
    for (uint64_t i = from; i < to; i++) {
        int64_t m0 = (int64_t)i % j->n_steps * j->step, m1 = OX__MIN(m0 + j->step, g->m), t = (int64_t)i / j->n_steps;
        int64_t n0 = t * j->tile, nc = OX__MIN(g->n - n0, j->tile);
        if (j->k0 == 0) NAME(begin)(g, m0, m1, n0, nc);
        for (int64_t k0 = j->k0; k0 < j->k1; k0 += KC) NAME(multiply)
        (j, g, m0, m1, n0, nc, k0, OX__MIN(j->k1 - k0, (int64_t)KC),
         j->packed + ((k0 - j->k0) / KC * j->n_tiles + t) * j->tile * KC, room);
    }
    NAME(leave)(j, at);
}

static void NAME(shared)(ox__ev *e, NAME(job) * j, int64_t part)
{
    const ox__gemm *g = j->g;
    for (j->k0 = 0; j->k0 < g->k; j->k0 = j->k1) {
        j->k1 = OX__MIN(j->k0 + part, g->k);
        ox__ev_parallel_long(e, (uint64_t)((j->k1 - j->k0 + KC - 1) / KC * j->n_tiles), 1, NAME(pack_pieces), j);
        ox__ev_parallel_long(e, (uint64_t)(j->n_tiles * j->n_steps), 1, NAME(row_pieces), j);
    }
}

/* Adds up to four rows of B to a row of C. */
static void NAME(add_rows)(T *restrict c, const T *b, int64_t b_row, const T *a, int64_t a_col, int64_t rows, T alpha,
                           int64_t nc)
{
    const T *restrict b0 = b;
    if (rows < 4) {
        for (int64_t r = 0; r < rows; r++, b0 += b_row)
            for (int64_t n = 0; n < nc; n++) c[n] += alpha * a[r * a_col] * b0[n];
        return;
    }
    const T *restrict b1 = b + b_row, *restrict b2 = b + 2 * b_row, *restrict b3 = b + 3 * b_row;
    T v0 = alpha * a[0], v1 = alpha * a[a_col], v2 = alpha * a[2 * a_col], v3 = alpha * a[3 * a_col];
    for (int64_t n = 0; n < nc; n++) c[n] += v0 * b0[n] + v1 * b1[n] + v2 * b2[n] + v3 * b3[n];
}

/* Few rows: B is read once, as it lies. */
static void NAME(columns)(void *ud, uint64_t from, uint64_t to)
{
    const NAME(job) *j = ud;
    const ox__gemm *g = j->g;
    const T *a = g->a, *b = g->b;
    int64_t n0 = (int64_t)from * LINE, n1 = OX__MIN((int64_t)to * LINE, g->n);
    if (g->b_row == 1) {
        for (int64_t n = n0; n < n1; n++)
            for (int64_t i = 0; i < g->m; i++) {
                T *c = (T *)g->c + i * g->c_row + n, was = g->bias ? ((const T *)g->bias)[i] : g->add ? *c : 0;
                *c = was + (T)g->alpha * j->dot(a + i * g->a_row, b + n * g->b_col, g->k);
            }
        return;
    }
    for (int64_t i = 0; i < g->m; i++)
        for (int64_t n = n0; n < n1 && (g->bias || !g->add); n++)
            ((T *)g->c)[i * g->c_row + n] = g->bias ? ((const T *)g->bias)[i] : 0;
    for (; n0 < n1; n0 += LINE) {
        int64_t nc = OX__MIN(n1 - n0, (int64_t)LINE);
        for (int64_t k = 0; k < g->k; k += 4)
            for (int64_t i = 0; i < g->m; i++) NAME(add_rows)
        ((T *)g->c + i * g->c_row + n0, b + k * g->b_row + n0, g->b_row, a + i * g->a_row + k * g->a_col, g->a_col,
         OX__MIN(g->k - k, 4), (T)g->alpha, nc);
    }
}

static ox_status NAME(run)(ox__ev *e, const ox__gemm *g, size_t count, NAME(kernel_fn) kernel, NAME(dot_fn) dot)
{
    NAME(job) j = {.g = g, .kernel = kernel, .dot = dot};
    if (!count || !g->m || !g->n) return OX_OK;
    if (!g->k) {
        for (size_t i = 0; i < count; i++)
            for (int64_t r = 0; r < g->m && !g[i].bias && !g[i].add; r++)
                memset((T *)g[i].c + r * g[i].c_row, 0, (size_t)g->n * sizeof(T));
        for (size_t i = 0; i < count; i++) NAME(begin)(&g[i], 0, g->m, 0, g->n);
        return OX_OK;
    }
    int64_t threads = ox__pool_size(e->pool);
    double work = (double)g->m * (double)g->n * (double)g->k;
    bool small = work * (double)count < SMALL_WORK;
    if (small) threads = 1;
    if (g->m <= FEW && !g->pack && (g->b_col == 1 || (g->b_row == 1 && g->a_col == 1))) {
        for (size_t i = 0; i < count; i++) {
            uint64_t lines = (uint64_t)((g->n + LINE - 1) / LINE);
            j.g = &g[i];
            ox__ev_parallel_long(e, lines, work < SMALL_WORK ? lines : 1, NAME(columns), &j);
        }
        return OX_OK;
    }
    int64_t all = (g->n + NR - 1) / NR * NR, wish = (int64_t)((double)all * (double)count / (double)(4 * threads));
    j.tile = OX__MIN(OX__MIN(OX__MAX(wish / NR * NR, 64), all), (int64_t)OX__GEMM_TILE);
    j.n_tiles = (g->n + j.tile - 1) / j.tile;
    bool shared = threads > 1 && (double)count * (double)j.n_tiles < (double)(4 * threads) && g->m > 4 * MR;
    if (shared) j.tile = OX__MIN(all, (int64_t)OX__GEMM_TILE);
    j.n_tiles = (g->n + j.tile - 1) / j.tile;
    j.room_size = (size_t)(MC * KC + (shared ? 0 : KC * j.tile));
    int64_t part = OX__MIN((g->k + KC - 1) / KC * KC, OX__MAX(PACKED / (j.n_tiles * j.tile), 1) * KC);
    j.step = OX__MAX((g->m + threads * 4 - 1) / (threads * 4) + MR - 1, 2 * MR) / MR * MR;
    j.n_steps = (g->m + j.step - 1) / j.step;
    size_t n_room = (size_t)ox__pool_size(e->pool), n_packed = shared ? (size_t)(part * j.n_tiles * j.tile) : 0;
    atomic_flag *taken = ox__alloc(n_room * sizeof *taken);
    j.room = ox__alloc(n_room * j.room_size * sizeof(T));
    j.packed = ox__alloc(n_packed * sizeof(T));
    j.taken = taken;
    bool ok = taken && j.room && j.packed;
    for (size_t i = 0; ok && i < n_room; i++) atomic_flag_clear(&taken[i]);
    for (size_t i = 0; ok && shared && i < count; i++) {
        j.g = &g[i];
        NAME(shared)(e, &j, part);
    }
    uint64_t pieces = (uint64_t)j.n_tiles * count;
    if (ok && !shared) ox__ev_parallel_long(e, pieces, small ? pieces : 1, NAME(tiles), &j);
    ox__free(taken);
    ox__free(j.room);
    ox__free(j.packed);
    return ok ? OX_OK : ox__nomem(e->err);
}
