/* Floor 3. Recurrent cells of one element type, for rnn_eval.c, which defines T, NAME(x) and the functions of libm. */

static void NAME(activate)(const activation *f, T clip, T *v, int64_t n)
{
    const T a = (T)f->alpha, b = (T)f->beta;
    for (int64_t i = 0; clip > 0 && i < n; i++) v[i] = v[i] > clip ? clip : v[i] < -clip ? -clip : v[i];
    for (int64_t i = 0; i < n; i++) {
        T x = v[i];
        switch (f->kind) {
        case ACT_SIGMOID: v[i] = 1 / (1 + EXP(-x)); break;
        case ACT_TANH: v[i] = TANH(x); break;
        case ACT_RELU: v[i] = x > 0 ? x : 0; break;
        case ACT_AFFINE: v[i] = a * x + b; break;
        case ACT_LEAKY_RELU: v[i] = x >= 0 ? x : a * x; break;
        case ACT_THRESHOLDED_RELU: v[i] = x >= a ? x : 0; break;
        case ACT_SCALED_TANH: v[i] = a * TANH(b * x); break;
        case ACT_HARD_SIGMOID: v[i] = a * x + b < 0 ? 0 : a * x + b > 1 ? 1 : a * x + b; break;
        case ACT_ELU: v[i] = x >= 0 ? x : a * (EXP(x) - 1); break;
        case ACT_SOFTSIGN: v[i] = x / (1 + (x < 0 ? -x : x)); break;
        case ACT_SOFTPLUS: v[i] = x > 30 ? x : LOG1P(EXP(x)); break;
        }
    }
}

/* One item of the batch: g are its gates before activation, h and c its state. */
static void NAME(lstm_cell)(const rnn *r, T *g, T *h, T *c, const T *p)
{
    const int64_t n = r->hidden;
    const T clip = (T)r->clip;
    T *in = g, *out = g + n, *forget = g + 2 * n, *cell = g + 3 * n;
    for (int64_t i = 0; p && i < n; i++) {
        in[i] += p[i] * c[i];
        forget[i] += p[2 * n + i] * c[i];
    }
    NAME(activate)(&r->f[0], clip, in, n);
    if (r->coupled)
        for (int64_t i = 0; i < n; i++) forget[i] = 1 - in[i];
    else
        NAME(activate)(&r->f[0], clip, forget, n);
    NAME(activate)(&r->f[1], clip, cell, n);
    for (int64_t i = 0; i < n; i++) c[i] = forget[i] * c[i] + in[i] * cell[i];
    for (int64_t i = 0; p && i < n; i++) out[i] += p[n + i] * c[i];
    NAME(activate)(&r->f[0], clip, out, n);
    memcpy(h, c, (size_t)n * sizeof(T));
    NAME(activate)(&r->f[2], 0, h, n); /* what goes in is no gate: not clipped */
    for (int64_t i = 0; i < n; i++) h[i] *= out[i];
}

/* C = A * B^T, with or without what C held. */
static ox_status NAME(times)(ox__ev *e, const T *a, int64_t m, int64_t k, int64_t a_row, const T *b, int64_t n, T *c,
                             int64_t c_row, bool add)
{
    ox__gemm g = {.m = m,
                  .n = n,
                  .k = k,
                  .alpha = 1,
                  .a = a,
                  .a_row = a_row,
                  .a_col = 1,
                  .b = b,
                  .b_row = 1,
                  .b_col = k,
                  .c = c,
                  .c_row = c_row,
                  .add = add};
    return GEMM(e, &g, 1);
}

/* The new state of a step into r->next. g: rows of gates of the step, of each item of the batch, holding the input's
 * part; rec: room for the state's part. */
static ox_status NAME(gru_step)(ox__ev *e, const rnn *r, T *g, const T *weight, const T *bias, const T *h, T *rec,
                                T *next)
{
    const int64_t n = r->hidden, w = 3 * n;
    ox_status s = NAME(times)(e, h, r->batch, n, n, weight, r->linear ? w : 2 * n, rec, w, false);
    for (int64_t b = 0; s == OX_OK && b < r->batch; b++) {
        T *gate = g + b * w, *part = rec + b * w;
        for (int64_t i = 0; i < 2 * n; i++) gate[i] += part[i];
        NAME(activate)(&r->f[0], (T)r->clip, gate, 2 * n);
        for (int64_t i = 0; i < n; i++) {
            if (r->linear)
                gate[2 * n + i] += gate[n + i] * (part[2 * n + i] + (bias ? bias[5 * n + i] : 0));
            else
                part[2 * n + i] = gate[n + i] * h[b * n + i];
        }
    }
    if (s == OX_OK && !r->linear)
        s = NAME(times)(e, rec + 2 * n, r->batch, n, w, weight + 2 * n * n, n, g + 2 * n, w, true);
    for (int64_t b = 0; s == OX_OK && b < r->batch; b++) {
        T *gate = g + b * w;
        NAME(activate)(&r->f[1], (T)r->clip, gate + 2 * n, n);
        for (int64_t i = 0; i < n; i++) next[b * n + i] = (1 - gate[i]) * gate[2 * n + i] + gate[i] * h[b * n + i];
    }
    return s;
}

static ox_status NAME(step)(ox__ev *e, const rnn *r, T *g, const T *weight, const T *bias, const T *p, const T *h, T *c,
                            T *rec, T *next)
{
    const int64_t w = r->gates * r->hidden;
    if (r->gates == 3) return NAME(gru_step)(e, r, g, weight, bias, h, rec, next);
    ox_status s = NAME(times)(e, h, r->batch, r->hidden, r->hidden, weight, w, g, w, true);
    for (int64_t b = 0; s == OX_OK && b < r->batch; b++) {
        if (r->gates == 4) {
            NAME(lstm_cell)(r, g + b * w, next + b * r->hidden, c + b * r->hidden, p);
            continue;
        }
        NAME(activate)(&r->f[0], (T)r->clip, g + b * w, w);
        memcpy(next + b * w, g + b * w, (size_t)w * sizeof(T));
    }
    return s;
}

/* What the input gives to all gates of all steps. */
static ox_status NAME(inputs)(ox__ev *e, const rnn *r, const T *weight, const T *bias, T *gates)
{
    const int64_t n = r->hidden, w = r->gates * n, rows = r->steps * r->batch;
    for (int64_t k = 0; bias && k < rows; k++)
        for (int64_t i = 0; i < w; i++)
            gates[k * w + i] = bias[i] + (r->gates == 3 && r->linear && i >= 2 * n ? 0 : bias[w + i]);
    return NAME(times)(e, r->x, rows, r->in, r->in, weight, w, gates, w, bias != NULL);
}

static ox_status NAME(direction)(ox__ev *e, rnn *r, int64_t d, bool reverse)
{
    const int64_t n = r->hidden, w = r->gates * n, state = r->batch * n;
    T *gates = r->room, *g = gates + r->steps * r->batch * w, *rec = g + r->batch * w, *h = rec + r->batch * w,
      *c = h + state, *next = c + state, *was = next + state;
    const T *bias = r->b ? (const T *)r->b + d * 2 * w : NULL, *p = r->p ? (const T *)r->p + d * 3 * n : NULL;
    const T *weight = (const T *)r->r + d * w * n;
    const int64_t at_d = r->batch_first ? n : state, row = r->batch_first ? r->dirs * n : n; /* of one item's state */
    memset(h, 0, 2 * (size_t)state * sizeof(T));
    for (int64_t b = 0; b < r->batch; b++) {
        if (r->h0) memcpy(h + b * n, (const T *)r->h0 + d * at_d + b * row, (size_t)n * sizeof(T));
        if (r->c0) memcpy(c + b * n, (const T *)r->c0 + d * at_d + b * row, (size_t)n * sizeof(T));
    }
    ox_status s = NAME(inputs)(e, r, (const T *)r->w + d * w * r->in, bias, gates);
    for (int64_t k = 0; s == OX_OK && k < r->steps; k++) {
        memcpy(was, c, (size_t)state * sizeof(T));
        for (int64_t b = 0; b < r->batch; b++) {
            int64_t t = place_of(r, k, b, reverse);
            memcpy(g + b * w, gates + (r->batch_first ? b * r->steps + t : t * r->batch + b) * w,
                   (size_t)w * sizeof(T));
        }
        s = NAME(step)(e, r, g, weight, bias, p, h, c, rec, next);
        for (int64_t b = 0; s == OX_OK && b < r->batch; b++) {
            int64_t t = place_of(r, k, b, reverse);
            if (k >= length_of(r, b)) { /* over: the state stays */
                memcpy(c + b * n, was + b * n, (size_t)n * sizeof(T));
                continue;
            }
            memcpy(h + b * n, next + b * n, (size_t)n * sizeof(T));
            int64_t out =
                r->batch_first ? ((b * r->steps + t) * r->dirs + d) * n : ((t * r->dirs + d) * r->batch + b) * n;
            memcpy((T *)r->y + out, h + b * n, (size_t)n * sizeof(T));
        }
    }
    for (int64_t b = 0; s == OX_OK && b < r->batch; b++) {
        memcpy((T *)r->y_h + d * at_d + b * row, h + b * n, (size_t)n * sizeof(T));
        if (r->y_c) memcpy((T *)r->y_c + d * at_d + b * row, c + b * n, (size_t)n * sizeof(T));
    }
    return s;
}
