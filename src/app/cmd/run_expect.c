/* Floor 7. run --expect: what came out against what should have, element by element. */
#include "app/cmd/run_expect.h"

#include <math.h>
#include <string.h>

ox_status ox_expect_take(const ox_args *a, ox_expect *out, ox_error *err)
{
    static const char *const names[] = {"--rtol", "--atol"};
    *out = (ox_expect){1e-3, 1e-5};
    double *where[] = {&out->rtol, &out->atol};
    for (size_t i = 0; i < 2; i++) {
        const char *word = ox_args_get(a, names[i]);
        if (word && (!ox_text_parse_f64(word, strlen(word), where[i]) || !(*where[i] >= 0)))
            return ox_error_set(err, OX_E_INVALID, "%s %s: a number that is not negative is needed", names[i], word);
    }
    return OX_OK;
}

/* ---- two tensors ---- */
typedef struct outcome {
    const char *why; /* NULL: compared element by element */
    uint64_t n, n_off, worst;
    double most; /* the largest |got - want|; NaN against a number is infinite */
} outcome;

static double part(const ox_data_info *d, uint64_t i)
{
    if (!ox_dtype_is_complex(d->dtype)) return ox_dtype_get_f64(d->dtype, d->data, i);
    return ox_dtype_get_f64(d->dtype == OX_COMPLEX64 ? OX_FLOAT : OX_DOUBLE, d->data, i);
}

static void compare_element(const ox_expect *e, const ox_data_info *got, const ox_data_info *want, uint64_t i,
                            outcome *o)
{
    bool good;
    double off = 0;
    if (got->dtype == OX_STRING) {
        const ox_bytes *g = (const ox_bytes *)got->data + i, *w = (const ox_bytes *)want->data + i;
        good = g->n == w->n && memcmp(g->p, w->p, g->n) == 0;
        off = good ? 0 : INFINITY;
    } else {
        double g = part(got, i), w = part(want, i);
        bool same = g == w || (isnan(g) && isnan(w));
        off = same ? 0 : isnan(g - w) ? INFINITY : fabs(g - w);
        good = same || (isfinite(w) && off <= e->atol + e->rtol * fabs(w)); /* nothing is near infinity */
    }
    o->n_off += !good;
    if (off > o->most) {
        o->most = off;
        o->worst = i;
    }
}

static outcome compare(const ox_expect *e, const ox_data_info *got, const ox_data_info *want)
{
    outcome o = {0};
    if (!want->kind)
        o.why = "nothing is expected under this name";
    else if (got->kind != OX_DATA_TENSOR || want->kind != OX_DATA_TENSOR)
        o.why = "only tensors are compared";
    else if (got->rank != want->rank ||
             (got->rank && memcmp(got->dims, want->dims, got->rank * sizeof *got->dims) != 0))
        o.why = "the dims differ";
    else if ((got->dtype == OX_STRING) != (want->dtype == OX_STRING) ||
             ox_dtype_is_complex(got->dtype) != ox_dtype_is_complex(want->dtype))
        o.why = "the dtypes differ";
    if (o.why) return o;
    o.n = got->n * (ox_dtype_is_complex(got->dtype) ? 2 : 1);
    for (uint64_t i = 0; i < o.n; i++) compare_element(e, got, want, i, &o);
    return o;
}

/* The row of that name, else the next one that no result is called by. */
static const ox_data *expected(const ox_data_set *want, const ox_data_set *got, const char *name, size_t *next)
{
    const ox_named_data *row = ox_data_set_find(want, name);
    if (row) return row->data;
    while (*next < want->n && ox_data_set_find(got, want->rows[*next].name)) ++*next;
    return *next < want->n ? want->rows[(*next)++].data : NULL;
}

static bool is_good(const outcome *o)
{
    return !o->why && !o->n_off;
}

static void print_row(ox_table *t, const char *name, const outcome *o)
{
    ox_table_cellz(t, name, OX_INK_VALUE);
    ox_table_cellz(t, is_good(o) ? "equal" : o->why ? o->why : "differs", is_good(o) ? OX_INK_PLAIN : OX_INK_ATTR);
    if (o->why) {
        for (int i = 0; i < 3; i++) ox_table_cellz(t, "", OX_INK_PLAIN);
        return;
    }
    ox_table_cellf(t, OX_INK_PLAIN, "%llu", (unsigned long long)o->n);
    ox_table_cellf(t, OX_INK_PLAIN, "%llu", (unsigned long long)o->n_off);
    ox_table_cellf(t, OX_INK_PLAIN, "%.3g", o->most);
}

static void json_row(ox_json *j, const char *name, const outcome *o)
{
    ox_json_open(j, NULL, '{');
    ox_json_strz(j, "name", name);
    ox_json_bool(j, "equal", is_good(o));
    ox_json_strz(j, "why", o->why);
    ox_json_int(j, "elements", (int64_t)o->n);
    ox_json_int(j, "beyond", (int64_t)o->n_off);
    ox_json_f64(j, "most", o->most);
    ox_json_int(j, "at", (int64_t)o->worst);
    ox_json_close(j, '}');
}

ox_status ox_expect_compare(ox_session *s, const ox_data_set *got, const ox_data_set *want, const ox_expect *e,
                            ox_error *err)
{
    static const char *const titles[] = {"VALUE", "VERDICT", ">ELEMENTS", ">BEYOND", ">MOST", NULL};
    if (!want->n || !got->n) return ox_error_set(err, OX_E_INVALID, "there is nothing to compare");
    ox_json j;
    ox_table *t = NULL;
    size_t next = 0;
    bool good = true;
    if (s->g.json) {
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '[');
    } else if (!(t = ox_table_new(&s->out, titles))) {
        return ox_error_set(err, OX_E_NOMEM, "out of memory");
    }
    for (size_t i = 0; i < got->n; i++) {
        ox_data_info g = ox_data_get(got->rows[i].data), w = ox_data_get(expected(want, got, got->rows[i].name, &next));
        outcome o = compare(e, &g, &w);
        good = good && is_good(&o);
        if (t)
            print_row(t, got->rows[i].name, &o);
        else
            json_row(&j, got->rows[i].name, &o);
    }
    ox_status st = OX_OK;
    if (t) {
        st = ox_table_end(t, err);
    } else {
        ox_json_close(&j, ']');
        ox_json_end(&j);
    }
    return st == OX_OK && !good ? OX_E_CHECK : st;
}
