/* Floor 3. Computing TfIdfVectorizer. The n-grams of the pool are a tree: a node is found by its parent and a token.
 * Tokens are numbers; strings get theirs from an intern table. */
#include "ops/text.h"

#include <inttypes.h>

typedef struct gram {
    uint32_t parent; /* 0: none */
    int64_t token;
    int64_t id; /* of the n-gram that ends here, -1 if none does */
} gram;

typedef struct vectorizer {
    ox__ev *e;
    OX__VEC(gram) grams; /* by id - 1 */
    ox__index index;
    ox__intern strings;
    const int64_t *numbers; /* the pool: one of the two */
    const ox_str *words;
    size_t n_pool;
    int64_t min, max, skips, n_out; /* n_out: length of a row */
    const int64_t *places;          /* of the n-grams in a row of the result */
    size_t n_places;
} vectorizer;

typedef struct wanted {
    const vectorizer *v;
    uint32_t parent;
    int64_t token;
} wanted;

static bool gram_is(const void *ud, uint32_t id)
{
    const wanted *w = ud;
    const gram *g = &w->v->grams.p[id - 1];
    return g->parent == w->parent && g->token == w->token;
}

static uint64_t hash_of(uint32_t parent, int64_t token)
{
    return ox__hash_mix(ox__hash(&token, sizeof token), parent);
}

static uint32_t child(const vectorizer *v, uint32_t parent, int64_t token)
{
    wanted w = {v, parent, token};
    return ox__index_find(&v->index, hash_of(parent, token), gram_is, &w);
}

/* The child, made if need be; 0 when out of memory. */
static uint32_t add_child(vectorizer *v, uint32_t parent, int64_t token)
{
    uint32_t id = child(v, parent, token);
    gram g = {parent, token, -1};
    if (id) return id;
    if (v->grams.n >= UINT32_MAX - 1 || !ox__vec_push(&v->grams, g)) return 0;
    return ox__index_add(&v->index, hash_of(parent, token), (uint32_t)v->grams.n) ? (uint32_t)v->grams.n : 0;
}

static ox_status add_gram(vectorizer *v, size_t from, size_t n, int64_t id)
{
    uint32_t at = 0;
    for (size_t i = from; i < from + n; i++) {
        int64_t token = v->numbers ? v->numbers[i] : 0;
        if (v->words) {
            size_t len;
            const char *text = ox_str_text(v->e->m, v->words[i], &len);
            token = ox__intern_add(&v->strings, text, len);
            if (!token) return ox__nomem(v->e->err);
        }
        at = add_child(v, at, token);
        if (!at) return ox__nomem(v->e->err);
    }
    v->grams.p[at - 1].id = id;
    return OX_OK;
}

/* ngram_counts says where in the pool the 1-grams, the 2-grams, ... begin. */
static ox_status read_pool(vectorizer *v)
{
    ox__ev *e = v->e;
    size_t n_counts;
    const int64_t *counts = ox__ev_ints(e, "ngram_counts", &n_counts);
    int64_t id = 0;
    ox_status s = OX_OK;
    for (size_t k = 0; s == OX_OK && k < n_counts; k++) {
        int64_t from = counts[k], to = k + 1 < n_counts ? counts[k + 1] : (int64_t)v->n_pool, size = (int64_t)k + 1;
        if (from < 0 || to < from || to > (int64_t)v->n_pool || (to - from) % size)
            return ox__ev_fail(e, "the %" PRId64 "-grams do not fit the pool", size);
        int64_t n = (to - from) / size;
        if (n > (int64_t)v->n_places - id) return ox__ev_fail(e, "there are more n-grams than ngram_indexes");
        for (int64_t i = 0; s == OX_OK && size >= v->min && size <= v->max && i < n; i++)
            s = add_gram(v, (size_t)(from + i * size), (size_t)size, id + i);
        id += n;
    }
    return s;
}

static ox_status read_attributes(vectorizer *v)
{
    ox__ev *e = v->e;
    size_t n_words, n_numbers;
    v->words = ox__ev_strings(e, "pool_strings", &n_words);
    v->numbers = ox__ev_ints(e, "pool_int64s", &n_numbers);
    v->n_pool = v->words ? n_words : n_numbers;
    if (!v->words == !v->numbers) return ox__ev_fail(e, "there must be one pool, of strings or of integers");
    if (v->words ? e->in[0].dtype != OX_STRING : !ox_dtype_is_integer(e->in[0].dtype))
        return ox__ev_fail(e, "the input is not of the pool's type");
    v->min = ox__ev_int(e, "min_gram_length", 0);
    v->max = ox__ev_int(e, "max_gram_length", 0);
    v->skips = ox__ev_int(e, "max_skip_count", 0);
    if (v->min < 1 || v->max < v->min || v->skips < 0 || v->skips == INT64_MAX)
        return ox__ev_fail(e, "n-grams from %" PRId64 " to %" PRId64 ", %" PRId64 " skips", v->min, v->max, v->skips);
    v->places = ox__ev_ints(e, "ngram_indexes", &v->n_places);
    for (size_t i = 0; i < v->n_places; i++) {
        if (v->places[i] < 0 || v->places[i] == INT64_MAX) return ox__ev_fail(e, "an n-gram at %" PRId64, v->places[i]);
        v->n_out = OX__MAX(v->n_out, v->places[i] + 1);
    }
    return v->n_out ? OX_OK : ox__ev_fail(e, "ngram_indexes are absent");
}

/* Counts the n-grams of a row of tokens (-1 = in no n-gram of strings). Single tokens count once, whatever is skipped.
 */
static void count_row(const vectorizer *v, const int64_t *row, const bool *known, int64_t n, float *out)
{
    int64_t least = v->min, span;
    for (int64_t step = 1; step <= v->skips + 1; step++) {
        if (__builtin_mul_overflow(step, least - 1, &span) || span >= n) break;
        for (int64_t start = 0; start < n - span; start++) {
            uint32_t at = 0;
            for (int64_t i = start, size = 1; i < n && known[i] && size <= v->max; size++, i += step) {
                at = child(v, at, row[i]);
                if (!at) break;
                int64_t id = v->grams.p[at - 1].id;
                if (id >= 0 && size >= least) out[v->places[id]]++;
                if (step >= n - i) break;
            }
        }
        if (least == 1 && ++least > v->max) break;
    }
}

/* Each n-gram has a weight; *out has them by place, NULL: all are 1. */
static ox_status weights_of(const vectorizer *v, float **out)
{
    size_t n;
    const double *weights = ox__ev_floats(v->e, "weights", &n);
    *out = NULL;
    if (!weights) return OX_OK;
    if (n != v->n_places) return ox__ev_fail(v->e, "%zu weights for %zu n-grams", n, v->n_places);
    *out = ox__arena_alloc(v->e->mem, (size_t)v->n_out * sizeof **out);
    if (!*out) return ox__nomem(v->e->err);
    for (int64_t i = 0; i < v->n_out; i++) (*out)[i] = 1;
    for (size_t i = 0; i < n; i++) (*out)[v->places[i]] = (float)weights[i];
    return OX_OK;
}

static ox_status weigh(const vectorizer *v, float *out, uint64_t rows)
{
    ox__ev *e = v->e;
    float *weights;
    bool idf = ox__ev_string_is(e, "mode", "", "IDF");
    if (ox__ev_string_is(e, "mode", "", "TF")) return OX_OK;
    if (!idf && !ox__ev_string_is(e, "mode", "", "TFIDF")) return ox__ev_fail(e, "the mode is none of TF, IDF, TFIDF");
    ox_status s = weights_of(v, &weights);
    for (uint64_t r = 0; s == OX_OK && r < rows; r++, out += v->n_out)
        for (int64_t i = 0; i < v->n_out; i++) {
            if (idf && out[i] > 1) out[i] = 1;
            if (weights && out[i] > 0) out[i] *= weights[i];
        }
    return s;
}

static ox_status vectorize(vectorizer *v, float *out, uint64_t rows)
{
    const ox__dense *a = &v->e->in[0];
    int64_t *tokens = ox__arena_alloc(v->e->mem, ((size_t)a->n + 1) * sizeof *tokens);
    bool *known = ox__arena_alloc(v->e->mem, (size_t)a->n + 1);
    if (!tokens || !known) return ox__nomem(v->e->err);
    for (uint64_t i = 0; i < a->n; i++) {
        known[i] = true;
        if (v->numbers) {
            tokens[i] = ox__ev_i64(a, i);
        } else {
            const ox_bytes *t = (const ox_bytes *)a->data + i;
            tokens[i] = ox__intern_find(&v->strings, t->n ? t->p : "", t->n);
            known[i] = tokens[i] != 0;
        }
    }
    uint64_t n = a->n / rows;
    for (uint64_t r = 0; r < rows; r++)
        count_row(v, tokens + r * n, known + r * n, (int64_t)n, out + r * (uint64_t)v->n_out);
    return weigh(v, out, rows);
}

ox_status ox__eval_tfidf_vectorizer(ox__ev *e)
{
    vectorizer v = {.e = e};
    ox_status s = ox__ev_need(e, 0, 1);
    if (s != OX_OK) return s;
    const ox__dense *a = &e->in[0];
    if (a->rank > 2 || (a->rank == 2 && !a->dims[0])) return ox__ev_fail(e, "the dims are neither [C] nor [N, C]");
    OX__TRY(read_attributes(&v));
    OX__TRY(read_pool(&v));
    int64_t rows = a->rank == 2 ? a->dims[0] : 1, dims[2] = {rows, v.n_out};
    float *out = ox__ev_out(e, 0, OX_FLOAT, a->rank == 2 ? 2 : 1, a->rank == 2 ? dims : dims + 1, &s);
    if (out) s = vectorize(&v, out, (uint64_t)rows);
out:
    ox__vec_free(&v.grams);
    ox__index_free(&v.index);
    ox__intern_free(&v.strings);
    return s;
}
