/* Floor 7. Slices of tensors. */
#include "app/tui/slice.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

bool ox_slice_begin(ox_slice *s, uint32_t rank, const int64_t *dims)
{
    memset(s, 0, sizeof *s);
    s->row = s->col = -1;
    if (rank > OX_SLICE_RANK) return false;
    s->rank = rank;
    for (uint32_t i = 0; i < rank; i++) s->dims[i] = dims[i];
    s->col = (int)rank - 1;
    s->row = rank > 1 ? (int)rank - 2 : -1;
    return true;
}

int64_t ox_slice_rows(const ox_slice *s)
{
    return s->row < 0 ? 1 : s->dims[s->row];
}

int64_t ox_slice_cols(const ox_slice *s)
{
    return s->col < 0 ? 1 : s->dims[s->col];
}

static int64_t index_of(const ox_slice *s, int dim, int64_t row, int64_t col)
{
    return dim == s->row ? row : dim == s->col ? col : s->at[dim];
}

/* The product of all dims is a count of elements that the tensor has, so this stays below it. */
uint64_t ox_slice_element(const ox_slice *s, int64_t row, int64_t col)
{
    uint64_t n = 0;
    for (int i = 0; i < (int)s->rank; i++) n = n * (uint64_t)s->dims[i] + (uint64_t)index_of(s, i, row, col);
    return n;
}

bool ox_slice_is_dense(const ox_slice *s)
{
    for (int i = s->col + 1; i < (int)s->rank; i++)
        if (s->dims[i] != 1) return false;
    return true;
}

/* ---- in words ---- */

static ox_status put_index(ox_slice *s, uint32_t dim, const char *p, size_t n, ox_error *err)
{
    char *end;
    long long v = strtoll(p, &end, 10);
    if (n == 0 || end != p + n)
        return ox_error_set(err, OX_E_INVALID, "'%.*s' is no index: a number, or : for a whole dim", (int)n, p);
    int64_t dim_size = s->dims[dim], i = v < 0 ? v + dim_size : v;
    if (i < 0 || i >= dim_size)
        return ox_error_set(err, OX_E_INVALID, "index %lld of dim %u, which has %lld", v, dim, (long long)dim_size);
    s->at[dim] = i;
    return OX_OK;
}

/* Notes which dims are whole; more than two cannot be shown. */
static ox_status put_whole(ox_slice *s, const bool *whole, ox_error *err)
{
    int found[2] = {-1, -1}, n = 0;
    for (int i = 0; i < (int)s->rank; i++) {
        if (!whole[i]) continue;
        if (n == 2) return ox_error_set(err, OX_E_INVALID, "three whole dims: a table has rows and columns only");
        found[n++] = i;
    }
    bool same = n == 2 && s->row == found[1] && s->col == found[0]; /* a transposed table stays so */
    s->row = n < 2 ? -1 : same ? found[1] : found[0];
    s->col = n == 0 ? -1 : n == 1 || same ? found[0] : found[1];
    return OX_OK;
}

ox_status ox_slice_parse(ox_slice *out, const char *text, ox_error *err)
{
    ox_slice s = *out;
    bool whole[OX_SLICE_RANK] = {false};
    uint32_t dim = 0;
    for (uint32_t i = 0; i < s.rank; i++) whole[i] = (int)i == s.row || (int)i == s.col;
    text += strspn(text, " [");
    for (const char *p = text; *p; dim++) {
        size_t n = strcspn(p, ",]"), word = n;
        while (word && p[word - 1] == ' ') word--;
        if (dim == s.rank) return ox_error_set(err, OX_E_INVALID, "more indices than the %u dims", s.rank);
        whole[dim] = word == 1 && *p == ':';
        ox_status st = whole[dim] ? OX_OK : put_index(&s, dim, p, word, err);
        if (st != OX_OK) return st;
        p += n;
        p += *p == ',';
        p += strspn(p, " ]");
    }
    ox_status st = put_whole(&s, whole, err);
    if (st == OX_OK) *out = s;
    return st;
}

size_t ox_slice_text(const ox_slice *s, char *buf, size_t size)
{
    size_t n = 0;
    if (size) *buf = '\0';
    for (int i = 0; i < (int)s->rank; i++) {
        char *at = n < size ? buf + n : NULL;
        size_t room = n < size ? size - n : 0;
        if (i == s->row || i == s->col)
            n += (size_t)snprintf(at, room, i ? ",:" : ":");
        else
            n += (size_t)snprintf(at, room, i ? ",%lld" : "%lld", (long long)s->at[i]);
    }
    return n;
}

/* ---- moving ---- */

bool ox_slice_step(ox_slice *s, int by)
{
    for (int i = (int)s->rank; i-- > 0;) {
        if (i == s->row || i == s->col) continue;
        int64_t to = s->at[i] + by;
        if (to >= 0 && to < s->dims[i]) {
            s->at[i] = to;
            for (int j = i + 1; j < (int)s->rank; j++)
                if (j != s->row && j != s->col) s->at[j] = by > 0 ? 0 : s->dims[j] - 1;
            return true;
        }
    }
    return false;
}

void ox_slice_transpose(ox_slice *s)
{
    int row = s->row;
    s->row = s->col;
    s->col = row;
}
