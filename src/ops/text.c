/* Floor 3. Operators on strings: StringConcat, StringNormalizer, StringSplit, RegexFullMatch, TfIdfVectorizer; and
 * ImageDecoder, whose input is an encoded stream. What is computed: text_eval.c, regex.c, tfidf.c. */
#include "ops/text.h"

static ox_status infer_string_concat(ox__inf *c)
{
    return ox__inf_broadcast(c, 0, 0, 2, OX_STRING);
}

static ox_status infer_string_normalizer(ox__inf *c)
{
    const char *why = "how many strings StringNormalizer keeps depends on data";
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, OX_STRING, OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank;
    int64_t rows;
    if (rank < 1 || rank > 2) return ox__inf_fail(c, "strings of %d dims, not 1 or 2", (int)rank);
    if (rank == 1) return ox__inf_out_unknown(c, 0, OX_STRING, 1, why);
    if (ox_dim_is_const(c->m, c->in[0].dims[0], &rows) && rows != 1)
        return ox__inf_fail(c, "the first of two dims is %lld and not 1", (long long)rows);
    return ox__inf_out(c, 0, OX_STRING, 2, (ox_dim[]){ox__inf_const(c, 1), ox__inf_unknown(c, why)});
}

static ox_status infer_string_split(ox__inf *c)
{
    ox_status s = ox__inf_out_like(c, 1, 0, OX_INT64);
    if (s != OX_OK || !ox__inf_ranked(c, 0))
        return s != OX_OK ? s : ox__inf_out(c, 0, OX_STRING, OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank;
    ox_dim *dims = ox__inf_dims(c, (size_t)rank + 1);
    if (!dims) return OX_E_NOMEM;
    if (rank) memcpy(dims, c->in[0].dims, (size_t)rank * sizeof *dims);
    dims[rank] = ox__inf_unknown(c, "into how many parts strings are split depends on data");
    return ox__inf_out(c, 0, OX_STRING, rank + 1, dims);
}

static ox_status infer_regex_full_match(ox__inf *c)
{
    return ox__inf_out_like(c, 0, 0, OX_BOOL);
}

static ox_status infer_tfidf_vectorizer(ox__inf *c)
{
    size_t n;
    const int64_t *at = ox__inf_ints(c, "ngram_indexes", &n);
    int64_t max = -1;
    for (size_t i = 0; i < n; i++) max = OX__MAX(max, at[i]);
    if (max < 0 || max == INT64_MAX) return ox__inf_fail(c, "ngram_indexes are absent or out of range");
    if (!ox__inf_ranked(c, 0)) return ox__inf_out(c, 0, OX_FLOAT, OX_RANK_UNKNOWN, NULL);
    int32_t rank = c->in[0].rank;
    if (rank > 2) return ox__inf_fail(c, "an input of %d dims, not 1 or 2", (int)rank);
    ox_dim dims[2] = {ox__inf_const(c, max + 1), {0}};
    if (rank == 2) {
        dims[1] = dims[0];
        dims[0] = c->in[0].dims[0];
    }
    return ox__inf_out(c, 0, OX_FLOAT, OX__MAX(rank, 1), dims);
}

static ox_status infer_image_decoder(ox__inf *c)
{
    ox_dim size = ox__inf_unknown(c, "the size of an image is in its data"), dims[3] = {size, size, {0}};
    dims[2] = ox__inf_const(c, ox__inf_string_is(c, "pixel_format", "Grayscale") ? 1 : 3);
    return ox__inf_out(c, 0, OX_UINT8, 3, dims);
}

static const ox__op_row rows[] = {
    {"ImageDecoder", infer_image_decoder, NULL, 0},
    {"RegexFullMatch", infer_regex_full_match, ox__eval_regex_full_match, 0},
    {"StringConcat", infer_string_concat, ox__eval_string_concat, 0},
    {"StringNormalizer", infer_string_normalizer, ox__eval_string_normalizer, 0},
    {"StringSplit", infer_string_split, ox__eval_string_split, 0},
    {"TfIdfVectorizer", infer_tfidf_vectorizer, ox__eval_tfidf_vectorizer, 0},
};
const ox__op_family ox__ops_text = {rows, OX__COUNT(rows), NULL};
