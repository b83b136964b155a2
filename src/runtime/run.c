/* Floor 4. Running a model: inputs are held against their declared types, then the engine gets them. */
#include "runtime/engine.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

#include <onnxsh/print.h>

#define OX_ENGINE(name) extern const ox__engine ox__engine_##name;
#include "runtime/engines.def"
#undef OX_ENGINE

static const ox__engine *const engines[] = {
#define OX_ENGINE(name) &ox__engine_##name,
#include "runtime/engines.def"
#undef OX_ENGINE
};

size_t ox_engines(const ox_engine_row **rows)
{
    static ox_engine_row table[OX__COUNT(engines)];
    for (size_t i = 0; i < OX__COUNT(engines); i++) table[i] = (ox_engine_row){engines[i]->name, engines[i]->help};
    *rows = table;
    return OX__COUNT(engines);
}

static const ox__engine *engine_of(const char *name, ox_error *err)
{
    if (!name) return engines[0];
    for (size_t i = 0; i < OX__COUNT(engines); i++)
        if (strcmp(engines[i]->name, name) == 0) return engines[i];
    ox__fail(err, OX_E_INVALID, "there is no engine `%s`", name);
    return NULL;
}

/* ---- inputs against their types ---- */
typedef struct bound_symbol {
    ox_dim dim;
    int64_t value;
    ox_value from;
} bound_symbol;

typedef struct checking {
    const ox_model *m;
    OX__VEC(bound_symbol) symbols;
    ox_error *err;
} checking;

static ox_status wrong(checking *k, ox_value v, const char *fmt, ...) OX_PRINTF(3, 4);
static ox_status wrong(checking *k, ox_value v, const char *fmt, ...)
{
    char text[400], label[160];
    va_list ap;
    va_start(ap, fmt);
    vsnprintf(text, sizeof text, fmt, ap);
    va_end(ap);
    ox_value_label(k->m, v, label, sizeof label);
    return ox__fail(k->err, OX_E_INVALID, "input %s: %s", label, text);
}

/* One symbol means one number in all inputs. */
static ox_status bind_symbol(checking *k, ox_value v, ox_dim d, int64_t got)
{
    char label[160];
    for (size_t i = 0; i < k->symbols.n; i++) {
        const bound_symbol *b = &k->symbols.p[i];
        if (b->dim.id != d.id) continue;
        if (b->value == got) return OX_OK;
        ox_value_label(k->m, b->from, label, sizeof label);
        return wrong(k, v, "%s is %" PRId64 ", but %" PRId64 " in input %s",
                     ox_str_text(k->m, ox_dim_name(k->m, d), NULL), got, b->value, label);
    }
    bound_symbol b = {d, got, v};
    return ox__vec_push(&k->symbols, b) ? OX_OK : ox__nomem(k->err);
}

static ox_status check_tensor(checking *k, ox_value v, const ox_type_info *t, const ox_data *d)
{
    if (t->dtype && d->dtype != t->dtype) {
        ox_status s = wrong(k, v, "%s is given, %s is needed", ox_dtype_name(d->dtype, OX_DTYPE_NUMPY),
                            ox_dtype_name(t->dtype, OX_DTYPE_NUMPY));
        if (d->dtype == OX_DOUBLE) ox_error_hint(k->err, "NumPy makes float64 unless told: x.astype(numpy.float32)");
        return s;
    }
    if (t->rank < 0) return OX_OK;
    if ((uint32_t)t->rank != d->rank)
        return wrong(k, v, "%u dims are given, %d are needed", (unsigned)d->rank, (int)t->rank);
    for (uint32_t i = 0; i < d->rank; i++) {
        int64_t want;
        if (ox_dim_is_const(k->m, t->dims[i], &want) && want != d->dims[i])
            return wrong(k, v, "dim %u is %" PRId64 ", %" PRId64 " is needed", (unsigned)i, d->dims[i], want);
        if (ox_dim_get_kind(k->m, t->dims[i]) == OX_DIM_SYMBOL) {
            ox_status s = bind_symbol(k, v, t->dims[i], d->dims[i]);
            if (s != OX_OK) return s;
        }
    }
    return OX_OK;
}

static ox_status check_input(checking *k, ox_value v, const ox_data *d)
{
    static const struct {
        ox_type_kind type;
        ox_data_kind data;
    } same[] = {{OX_TYPE_TENSOR, OX_DATA_TENSOR},
                {OX_TYPE_SPARSE, OX_DATA_TENSOR},
                {OX_TYPE_SEQUENCE, OX_DATA_SEQUENCE},
                {OX_TYPE_MAP, OX_DATA_MAP}};
    ox_type_info t = ox_type_get(k->m, ox_value_type(k->m, v));
    if (!d) return ox_value_tensor(k->m, v).id ? OX_OK : wrong(k, v, "nothing is given for it");
    for (size_t i = 0; i < OX__COUNT(same); i++)
        if (t.kind == same[i].type && d->kind != same[i].data)
            return wrong(k, v, "another kind of data is given than its type has");
    return t.kind == OX_TYPE_TENSOR && d->kind == OX_DATA_TENSOR ? check_tensor(k, v, &t, d) : OX_OK;
}

static ox_status check_inputs(const ox_model *m, size_t n_in, ox_data *const *in, bool partial, ox_error *err)
{
    checking k = {.m = m, .err = err};
    ox_graph g = ox_model_main(m);
    ox_status s = OX_OK;
    if (n_in != ox_graph_n_inputs(m, g))
        return ox__fail(err, OX_E_INVALID, "%zu inputs are given to a graph of %zu", n_in, ox_graph_n_inputs(m, g));
    for (size_t i = 0; s == OX_OK && i < n_in; i++)
        if (in[i] || !partial) s = check_input(&k, ox_graph_input(m, g, i), in[i]);
    ox__vec_free(&k.symbols);
    return s;
}

static uint64_t memory_limit(void)
{
    long pages = sysconf(_SC_PHYS_PAGES), size = sysconf(_SC_PAGESIZE);
    return pages > 0 && size > 0 ? (uint64_t)pages / 4 * 3 * (uint64_t)size : UINT64_C(8) << 30;
}

ox_status ox_run(ox_model *m, const ox_run_options *options, size_t n_in, ox_data *const *in, ox_data **out,
                 ox_error *err)
{
    ox_run_options opt = {0};
    if (options) opt = *options;
    if (!opt.max_bytes) opt.max_bytes = memory_limit();
    const ox__engine *engine = engine_of(opt.engine, err);
    if (!engine) return OX_E_INVALID;
    if (ox_model_get_kind(m) != OX_MODEL_ONNX) {
        ox_status s = ox__fail(err, OX_E_INVALID, "only ONNX models run; this is a trace");
        ox_error_hint(err, "`export` makes a model of it; then `run --result`, or run the file that was written");
        return s;
    }
    size_t n = ox_graph_n_outputs(m, ox_model_main(m)) + opt.n_fetch;
    ox_data **res = ox__calloc(n + 1, sizeof(ox_data *));
    if (!res) return ox__nomem(err);
    ox_status s = check_inputs(m, n_in, in, opt.only_fetch, err);
    if (s == OX_OK) s = engine->run(m, &opt, n_in, in, res, err);
    if (s == OX_OK) memcpy(out, res, n * sizeof(ox_data *));
    for (size_t i = 0; s != OX_OK && i < n; i++) ox_data_free(res[i]);
    ox__free(res);
    return s;
}
