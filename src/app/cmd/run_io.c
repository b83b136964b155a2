/* Floor 7. Inputs of `run` from files and at random; its results for people and for programs. */
#include "app/cmd/run_io.h"

#include "app/interrupt.h"

#include <onnxsh/run.h>

#include <math.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

ox_status ox_run_number(const ox_args *a, const char *name, int64_t def, int64_t *out, ox_error *err)
{
    const char *word = ox_args_get(a, name);
    *out = def;
    return word ? ox_parse_int(word, name, 0, INT64_MAX, out, err) : OX_OK;
}

/* ---- inputs ---- */
static ox_status nomem(ox_error *err)
{
    return ox_error_set(err, OX_E_NOMEM, "out of memory");
}

static const char *input_name(const ox_model *m, size_t i)
{
    return ox_str_text(m, ox_value_name(m, ox_graph_input(m, ox_model_main(m), i)), NULL);
}

static size_t find_input(const ox_model *m, size_t n, const char *name)
{
    for (size_t i = 0; i < n; i++)
        if (strcmp(input_name(m, i), name) == 0) return i;
    return SIZE_MAX;
}

/* The first input that has nothing yet and needs something. */
static size_t next_free(const ox_model *m, const ox_run_inputs *in)
{
    for (size_t i = 0; i < in->n; i++)
        if (!in->data[i] && !ox_value_tensor(m, ox_graph_input(m, ox_model_main(m), i)).id) return i;
    return SIZE_MAX;
}

static ox_type_kind kind_of(const ox_model *m, const ox_run_inputs *in, size_t i)
{
    return i < in->n ? ox_type_get(m, ox_value_type(m, ox_graph_input(m, ox_model_main(m), i))).kind : OX_TYPE_TENSOR;
}

static bool is_output(const ox_model *m, const char *name)
{
    ox_graph g = ox_model_main(m);
    for (size_t i = 0; i < ox_graph_n_outputs(m, g); i++)
        if (strcmp(ox_str_text(m, ox_value_name(m, ox_graph_output(m, g, i)), NULL), name) == 0) return true;
    return false;
}

/* Arrays that NumPy named itself: arr_0, arr_1, ... */
static bool is_nameless(const char *name, bool lone)
{
    return lone || !*name || (strncmp(name, "arr_", 4) == 0 && strspn(name + 4, "0123456789") == strlen(name + 4));
}

static ox_status place(const ox_model *m, ox_run_inputs *in, const char *path, const ox_named_data *row, size_t want,
                       bool lone, ox_error *err)
{
    size_t i = want != SIZE_MAX ? want : find_input(m, in->n, row->name);
    if (i == SIZE_MAX && is_output(m, row->name)) return OX_OK; /* what is expected may stand in the same file */
    if (i == SIZE_MAX && is_nameless(row->name, lone)) i = next_free(m, in);
    if (i == SIZE_MAX) {
        ox_status st = ox_error_set(err, OX_E_INVALID, "`%s` is no input of the model that lacks data", row->name);
        ox_error_at_line(err, path, 0, 0);
        ox_error_hint(err, "`info` lists the inputs; NAME=FILE gives the array of a file to an input");
        return st;
    }
    ox_data_free(in->data[i]);
    in->data[i] = ox_data_ref(row->data);
    return OX_OK;
}

/* NAME=FILE; a word whose NAME is no input may be the path of a file with such a name. */
static ox_status split_word(const ox_model *m, const char *word, size_t n, size_t *want, const char **path,
                            ox_error *err)
{
    const char *eq = strchr(word, '=');
    *want = SIZE_MAX;
    *path = word;
    if (!eq) return OX_OK;
    char *name = strndup(word, (size_t)(eq - word));
    if (!name) return nomem(err);
    *want = find_input(m, n, *name == '%' ? name + 1 : name);
    ox_status st = OX_OK;
    if (*want != SIZE_MAX) {
        *path = eq + 1;
        if (!eq[1]) st = ox_error_set(err, OX_E_INVALID, "--inputs %s: a file is needed after the =", word);
    } else if (access(word, F_OK) != 0) {
        st = ox_error_set(err, OX_E_INVALID, "--inputs: the model has no input `%s`, and no file has the name `%s`",
                          name, word);
        ox_error_hint(err, "`info` lists the inputs");
    }
    free(name);
    return st;
}

static ox_status take_file(ox_session *s, const ox_model *m, const char *word, ox_run_inputs *in, ox_error *err)
{
    const char *path;
    size_t want;
    ox_status st = split_word(m, word, in->n, &want, &path, err);
    if (st != OX_OK) return st;
    ox_data_set set = {0};
    ox_type_kind kind = kind_of(m, in, want != SIZE_MAX ? want : next_free(m, in));
    st = ox_data_read(&set, path, kind, ox_progress_task(s->g.quiet), err);
    if (st == OX_OK && want != SIZE_MAX && set.n != 1)
        st = ox_error_set(err, OX_E_INVALID, "%s holds %zu arrays, one is needed for one input", path, set.n);
    size_t n = strlen(path);
    bool lone = n < 4 || (strcmp(path + n - 4, ".npz") != 0 && set.n == 1);
    for (size_t i = 0; st == OX_OK && i < set.n; i++) st = place(m, in, path, &set.rows[i], want, lone, err);
    ox_data_set_clear(&set);
    return st;
}

/* --dim NAME=N */
typedef struct dims {
    ox_session *s;
    const char *words[OX_ARGS_MAX];
    size_t n;
    char told[512]; /* symbols that were taken for 1, each between blanks */
} dims;

static int64_t dim_value(void *ud, const char *symbol)
{
    dims *d = ud;
    int64_t v = 1;
    for (size_t i = d->n; i-- > 0;) {
        const char *eq = strrchr(d->words[i], '=');
        bool same = eq && strlen(symbol) == (size_t)(eq - d->words[i]) && !strncmp(d->words[i], symbol, strlen(symbol));
        if (same && ox_parse_int(eq + 1, "--dim", 0, INT64_MAX, &v, NULL) == OX_OK) return v;
    }
    char key[130];
    snprintf(key, sizeof key, " %.120s ", *symbol ? symbol : "?");
    if (!strstr(d->told, key) && strlen(d->told) + strlen(key) < sizeof d->told) strcat(d->told, key);
    return 1;
}

static ox_status check_dims(const dims *d, ox_error *err)
{
    for (size_t i = 0; i < d->n; i++) {
        const char *eq = strrchr(d->words[i], '=');
        int64_t v;
        if (!eq) return ox_error_set(err, OX_E_INVALID, "--dim %s: NAME=N is needed", d->words[i]);
        ox_status st = ox_parse_int(eq + 1, "--dim", 0, INT64_MAX, &v, err);
        if (st != OX_OK) return st;
    }
    return OX_OK;
}

static void tell_dims(const dims *d)
{
    if (!*d->told || d->s->g.quiet) return;
    char clean[1024];
    ox_text_sanitize(d->told, strlen(d->told), clean, sizeof clean);
    fprintf(stderr, "onnxsh: dims taken for 1 in random inputs:%s(--dim NAME=N sets one)\n", clean);
}

static ox_status take_random(ox_session *s, const ox_model *m, const ox_args *a, uint64_t seed, ox_run_inputs *in,
                             ox_error *err)
{
    dims d = {.s = s};
    d.n = ox_args_all(a, "--dim", d.words, OX_ARGS_MAX);
    ox_status st = check_dims(&d, err);
    for (size_t i; st == OX_OK && (i = next_free(m, in)) != SIZE_MAX;)
        st = ox_data_random(&in->data[i], m, ox_graph_input(m, ox_model_main(m), i), seed, dim_value, &d, err);
    if (st == OX_OK) tell_dims(&d);
    if (st == OX_E_UNSUPPORTED)
        ox_error_hint(err, "--inputs FILE gives it data: a .pb holds a sequence, an optional or a map");
    return st;
}

ox_status ox_run_inputs_take(ox_session *s, const ox_model *m, const ox_args *a, uint64_t seed, bool all,
                             ox_run_inputs *out, ox_error *err)
{
    const char *files[OX_ARGS_MAX];
    size_t n = ox_args_all(a, "--inputs", files, OX_ARGS_MAX);
    out->n = ox_graph_n_inputs(m, ox_model_main(m));
    out->data = calloc(out->n + 1, sizeof *out->data);
    ox_status st = out->data ? OX_OK : nomem(err);
    for (size_t i = 0; st == OX_OK && i < n; i++) st = take_file(s, m, files[i], out, err);
    if (st == OX_OK && ox_args_get(a, "--random")) st = take_random(s, m, a, seed, out, err);
    size_t missing = st == OX_OK && all ? next_free(m, out) : SIZE_MAX;
    if (missing != SIZE_MAX) {
        st = ox_error_set(err, OX_E_INVALID, "nothing is given for input `%s`", input_name(m, missing));
        ox_error_hint(err, "--inputs FILE gives data, --random makes some");
    }
    return st;
}

void ox_run_inputs_free(ox_run_inputs *in)
{
    for (size_t i = 0; in->data && i < in->n; i++) ox_data_free(in->data[i]);
    free(in->data);
    *in = (ox_run_inputs){0};
}

/* ---- results ---- */
const char *ox_run_value_name(const ox_model *m, ox_value v, char *buf, size_t size)
{
    size_t len;
    const char *name = ox_str_text(m, ox_value_name(m, v), &len);
    if (len) return name;
    ox_value_label(m, v, buf, size);
    return buf;
}

/* Elements shown on a wide terminal, on a narrow one, and none where numbers would be cut. */
enum { PREVIEW = 6, PREVIEW_NARROW = 3, NARROW = 100, VERY_NARROW = 72, JSON_ELEMENTS = 64 };

static void type_text(const ox_data_info *d, char *buf, size_t size)
{
    static const char *const kinds[] = {
        [OX_DATA_SEQUENCE] = "sequence", [OX_DATA_OPTIONAL] = "optional", [OX_DATA_MAP] = "map"};
    if (d->kind != OX_DATA_TENSOR) {
        snprintf(buf, size, "%s of %llu", kinds[d->kind],
                 (unsigned long long)(d->kind == OX_DATA_MAP ? ox_data_get(d->keys).n : d->n));
        return;
    }
    size_t at = (size_t)snprintf(buf, size, "%s[", ox_dtype_name(d->dtype, OX_DTYPE_NUMPY));
    for (uint32_t i = 0; i < d->rank && at < size; i++)
        at += (size_t)snprintf(buf + at, size - at, "%s%lld", i ? "," : "", (long long)d->dims[i]);
    if (at < size) snprintf(buf + at, size - at, "]");
}

typedef struct range {
    double min, max, mean;
    uint64_t n_nan;
} range;

static range range_of(const ox_data_info *d)
{
    range r = {.min = INFINITY, .max = -INFINITY};
    uint64_t n = 0;
    for (uint64_t i = 0; i < d->n; i++) {
        double v = ox_dtype_get_f64(d->dtype, d->data, i);
        if (isnan(v)) {
            r.n_nan++;
            continue;
        }
        r.min = fmin(r.min, v);
        r.max = fmax(r.max, v);
        r.mean += (v - r.mean) / (double)++n;
    }
    if (isnan(r.mean)) r.mean = NAN; /* of both infinities; without the sign that it may have */
    return r;
}

static void element_text(const ox_data_info *d, uint64_t i, char *buf, size_t size)
{
    if (d->dtype == OX_STRING) {
        const ox_bytes *t = (const ox_bytes *)d->data + i;
        snprintf(buf, size, "\"%.*s\"", (int)(t->n > 40 ? 40 : t->n), t->p);
    } else if (d->dtype == OX_BOOL) {
        snprintf(buf, size, "%s", ox_dtype_get_i64(d->dtype, d->data, i) ? "true" : "false");
    } else if (ox_dtype_is_complex(d->dtype)) {
        ox_dtype part = d->dtype == OX_COMPLEX64 ? OX_FLOAT : OX_DOUBLE;
        snprintf(buf, size, "%.4g%+.4gj", ox_dtype_get_f64(part, d->data, 2 * i),
                 ox_dtype_get_f64(part, d->data, 2 * i + 1));
    } else if (ox_dtype_is_integer(d->dtype)) {
        if (d->dtype == OX_UINT64)
            snprintf(buf, size, "%llu", (unsigned long long)((const uint64_t *)d->data)[i]);
        else
            snprintf(buf, size, "%lld", (long long)ox_dtype_get_i64(d->dtype, d->data, i));
    } else {
        double v = ox_dtype_get_f64(d->dtype, d->data, i);
        snprintf(buf, size, "%.6g", isnan(v) ? NAN : v);
    }
}

static void row(ox_table *t, const char *name, const ox_data *data, uint64_t preview)
{
    ox_data_info d = ox_data_get(data);
    char text[512], one[64];
    bool numbers = d.kind == OX_DATA_TENSOR && d.dtype != OX_STRING && !ox_dtype_is_complex(d.dtype) && d.n;
    range r = {0};
    if (numbers) r = range_of(&d);
    bool any = numbers && r.n_nan < d.n;
    ox_table_cellz(t, name, OX_INK_VALUE);
    type_text(&d, text, sizeof text);
    ox_table_cellz(t, text, OX_INK_TYPE);
    double cells[] = {r.min, r.max, r.mean};
    for (size_t i = 0; i < 3; i++) {
        if (any)
            ox_table_cellf(t, OX_INK_PLAIN, "%.5g", cells[i]);
        else
            ox_table_cellz(t, "", OX_INK_PLAIN);
    }
    size_t at = 0;
    text[0] = '\0';
    if (r.n_nan) at = (size_t)snprintf(text, sizeof text, "%llu NaN; ", (unsigned long long)r.n_nan);
    for (uint64_t i = 0; d.kind == OX_DATA_TENSOR && i < d.n && i < preview; i++) {
        element_text(&d, i, one, sizeof one);
        at += (size_t)snprintf(text + at, sizeof text - at, "%s%s", i ? ", " : "", one);
    }
    if (d.kind == OX_DATA_TENSOR && d.n > preview) snprintf(text + at, sizeof text - at, ", ...");
    if (preview) ox_table_cellz(t, text, OX_INK_COMMENT);
    for (uint64_t i = 0; d.kind != OX_DATA_TENSOR && i < d.n; i++) {
        char item[300];
        snprintf(item, sizeof item, d.kind == OX_DATA_MAP ? "%.250s.values" : "%.250s[%llu]", name,
                 (unsigned long long)i);
        row(t, item, d.items[i], preview);
    }
}

static void json_data(ox_json *j, const char *name, const ox_data *data)
{
    ox_data_info d = ox_data_get(data);
    char text[128];
    ox_json_open(j, NULL, '{');
    if (name) ox_json_strz(j, "name", name);
    ox_json_strz(j, "kind",
                 d.kind == OX_DATA_TENSOR     ? "tensor"
                 : d.kind == OX_DATA_SEQUENCE ? "sequence"
                 : d.kind == OX_DATA_OPTIONAL ? "optional"
                                              : "map");
    if (d.kind != OX_DATA_TENSOR) {
        ox_json_open(j, "items", '[');
        if (d.kind == OX_DATA_MAP) json_data(j, "keys", d.keys);
        for (uint64_t i = 0; i < d.n; i++) json_data(j, NULL, d.items[i]);
        ox_json_close(j, ']');
        ox_json_close(j, '}');
        return;
    }
    ox_json_strz(j, "dtype", ox_dtype_name(d.dtype, OX_DTYPE_NUMPY));
    ox_json_open(j, "dims", '[');
    for (uint32_t i = 0; i < d.rank; i++) ox_json_int(j, NULL, d.dims[i]);
    ox_json_close(j, ']');
    if (d.dtype != OX_STRING && !ox_dtype_is_complex(d.dtype) && d.n) {
        range r = range_of(&d);
        ox_json_f64(j, "min", r.min);
        ox_json_f64(j, "max", r.max);
        ox_json_f64(j, "mean", r.mean);
        ox_json_int(j, "nan", (int64_t)r.n_nan);
    }
    if (d.n <= JSON_ELEMENTS) {
        ox_json_open(j, "elements", '[');
        for (uint64_t i = 0; i < d.n; i++) {
            const ox_bytes *t = (const ox_bytes *)d.data + i;
            element_text(&d, i, text, sizeof text);
            if (d.dtype == OX_STRING)
                ox_json_str(j, NULL, t->p, t->n);
            else if (d.dtype == OX_BOOL)
                ox_json_bool(j, NULL, ox_dtype_get_i64(d.dtype, d.data, i) != 0);
            else if (ox_dtype_is_integer(d.dtype) && d.dtype != OX_UINT64)
                ox_json_int(j, NULL, ox_dtype_get_i64(d.dtype, d.data, i));
            else if (ox_dtype_is_float(d.dtype))
                ox_json_f64(j, NULL, ox_dtype_get_f64(d.dtype, d.data, i));
            else
                ox_json_strz(j, NULL, text);
        }
        ox_json_close(j, ']');
    }
    ox_json_close(j, '}');
}

ox_status ox_run_summary(ox_session *s, const ox_data_set *set, const char *path, ox_error *err)
{
    static const char *const titles[] = {"VALUE", "TYPE", ">MIN", ">MAX", ">MEAN", "FIRST", NULL};
    static const char *const few[] = {"VALUE", "TYPE", ">MIN", ">MAX", ">MEAN", NULL};
    if (s->g.json) {
        ox_json j;
        ox_json_begin(&j, &s->out);
        ox_json_open(&j, NULL, '{');
        ox_json_strz(&j, "file", path);
        ox_json_open(&j, "outputs", '[');
        for (size_t i = 0; i < set->n; i++) json_data(&j, set->rows[i].name, set->rows[i].data);
        ox_json_close(&j, ']');
        ox_json_close(&j, '}');
        ox_json_end(&j);
        return OX_OK;
    }
    if (path) {
        if (s->g.quiet) return OX_OK;
        ox_out_f(&s->out, "wrote ");
        ox_out_name(&s->out, path, strlen(path));
        ox_out_f(&s->out, ": ");
        ox_out_count(&s->out, set->n, "value", "values");
        ox_out_f(&s->out, "\n");
        return OX_OK;
    }
    uint64_t preview = !s->out.width || s->out.width >= NARROW ? PREVIEW
                       : s->out.width >= VERY_NARROW           ? PREVIEW_NARROW
                                                               : 0;
    ox_table *t = ox_table_new(&s->out, preview ? titles : few);
    for (size_t i = 0; t && i < set->n; i++) row(t, set->rows[i].name, set->rows[i].data, preview);
    return ox_table_end(t, err);
}
