/* Floor 7. weights: the initializers, with their statistics when asked. */
#include "app/cmd.h"
#include "app/cmd/quant.h"
#include "app/cmd/stats.h"

#include "app/interrupt.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

typedef struct listing {
    ox_session *s;
    const ox_model *m;
    const char *pattern; /* NULL: all */
    bool stats, docs, quants, shares;
    ox_value *first; /* by number of the storage: the first weight in it, and the first behind that one */
    ox_value *second;
    uint32_t n_storages;
    ox_table *t;
    ox_json *j;
    uint64_t n, bytes;
} listing;

static void shape_text(const ox_tensor_info *k, char *buf, size_t size)
{
    size_t n = (size_t)snprintf(buf, size, "[");
    for (uint32_t i = 0; i < k->rank && n < size; i++)
        n += (size_t)snprintf(buf + n, size - n, "%s%lld", i ? ", " : "", (long long)k->dims[i]);
    if (n < size) snprintf(buf + n, size - n, "]");
}

static bool wanted(const listing *l, const char *name)
{
    if (!l->pattern) return true;
    size_t n = strlen(l->pattern);
    if (fnmatch(l->pattern, name, 0) == 0) return true;
    /* A scope's path selects its parameters: features.0 selects features.0.weight. */
    return strncmp(name, l->pattern, n) == 0 && name[n] == '.';
}

static void stats_cells(listing *l, const ox_tensor_stats_t *stats)
{
    for (int i = 0; !stats && i < 4; i++) ox_table_cellz(l->t, "", OX_INK_PLAIN);
    if (!stats) return;
    ox_table_cellf(l->t, OX_INK_PLAIN, "%.4g", stats->min);
    ox_table_cellf(l->t, OX_INK_PLAIN, "%.4g", stats->max);
    ox_table_cellf(l->t, OX_INK_PLAIN, "%.4g", stats->mean);
    if (stats->n_nan + stats->n_inf)
        ox_table_cellf(l->t, OX_INK_ATTR, "%llu", (unsigned long long)stats->n_nan + stats->n_inf);
    else
        ox_table_cellz(l->t, "", OX_INK_PLAIN);
}

/* Another weight of the same storage: the first in the list; "" if there is none. */
static const char *shares_with(const listing *l, ox_value v, uint32_t storage, size_t *n)
{
    ox_value other = {0};
    if (l->shares && storage) other = l->first[storage].id == v.id ? l->second[storage] : l->first[storage];
    *n = 0;
    return other.id ? ox_str_text(l->m, ox_value_name(l->m, other), n) : "";
}

static ox_status row(listing *l, ox_value v, ox_error *err)
{
    size_t len, n_doc, n_other;
    char shape[256], bytes[32];
    const char *name = ox_str_text(l->m, ox_value_name(l->m, v), &len);
    ox_tensor t = ox_value_tensor(l->m, v);
    ox_tensor_info k = ox_tensor_get(l->m, t);
    const char *doc = ox_str_text(l->m, k.doc, &n_doc);
    const char *other = shares_with(l, v, k.shared, &n_other);
    ox_tensor_stats_t stats;
    bool has = l->stats && k.dtype != OX_STRING && (k.storage == OX_STORAGE_FILE || k.storage == OX_STORAGE_OWNED);
    ox_status st = has ? ox_stats_of(l->s, l->m, t, &stats, err) : OX_OK;
    if (st != OX_OK) {
        ox_error_context(err, "weight %s", name);
        return st;
    }
    l->n++;
    l->bytes += ox_tensor_raw_size(l->m, t);
    shape_text(&k, shape, sizeof shape);
    if (l->j) {
        ox_json_open(l->j, NULL, '{');
        ox_json_str(l->j, "name", name, len);
        ox_json_strz(l->j, "dtype", ox_dtype_name(k.dtype, OX_DTYPE_NUMPY));
        ox_json_open(l->j, "shape", '[');
        for (uint32_t i = 0; i < k.rank; i++) ox_json_int(l->j, NULL, k.dims[i]);
        ox_json_close(l->j, ']');
        ox_json_int(l->j, "bytes", (int64_t)ox_tensor_raw_size(l->m, t));
        ox_json_bool(l->j, "external", k.external);
        if (n_doc) ox_json_str(l->j, "doc", doc, n_doc);
        if (n_other) ox_json_str(l->j, "shares_with", other, n_other);
        if (k.quant) st = ox_quant_json(l->j, l->m, k.quant, false, err);
        if (has) ox_stats_json(l->j, &stats);
        ox_json_close(l->j, '}');
        return st;
    }
    ox_table_cell(l->t, name, len, OX_INK_VALUE);
    ox_table_cellz(l->t, ox_dtype_name(k.dtype, OX_DTYPE_NUMPY), OX_INK_TYPE);
    ox_table_cellz(l->t, shape, OX_INK_PLAIN);
    ox_bytes_text(ox_tensor_raw_size(l->m, t), bytes, sizeof bytes);
    ox_table_cellz(l->t, bytes, OX_INK_PLAIN);
    if (l->stats) stats_cells(l, has ? &stats : NULL);
    if (l->quants) {
        char quant[128];
        ox_quant_text(k.quant, quant, sizeof quant);
        ox_table_cellz(l->t, quant, OX_INK_PLAIN);
    }
    if (l->shares) ox_table_cell(l->t, other, n_other, OX_INK_VALUE);
    if (l->docs) ox_table_cell(l->t, doc, n_doc, OX_INK_PLAIN);
    return OX_OK;
}

static ox_tensor_info tensor_at(const listing *l, size_t i)
{
    return ox_tensor_get(l->m, ox_value_tensor(l->m, ox_graph_initializer(l->m, ox_model_main(l->m), i)));
}

/* Columns that few models need: where a weight comes from, what its integers stand for, whose bytes it has. */
static ox_status look_for_columns(listing *l, ox_error *err)
{
    ox_graph g = ox_model_main(l->m);
    size_t n = ox_graph_n_initializers(l->m, g);
    for (size_t i = 0; i < n; i++) {
        ox_tensor_info t = tensor_at(l, i);
        l->docs |= t.doc.id > 1;
        l->quants |= t.quant != NULL;
        if (t.shared >= l->n_storages) l->n_storages = t.shared + 1;
    }
    if (l->n_storages < 2) return OX_OK;
    l->first = calloc(l->n_storages, sizeof *l->first);
    l->second = calloc(l->n_storages, sizeof *l->second);
    if (!l->first || !l->second) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    for (size_t i = 0; i < n; i++) {
        uint32_t k = tensor_at(l, i).shared;
        ox_value v = ox_graph_initializer(l->m, g, i), *at = l->first[k].id ? l->second : l->first;
        if (k && !at[k].id) at[k] = v;
        l->shares |= k && l->second[k].id;
    }
    return OX_OK;
}

static ox_status list(listing *l, ox_error *err)
{
    ox_graph g = ox_model_main(l->m);
    for (size_t i = 0; i < ox_graph_n_initializers(l->m, g); i++) {
        ox_value v = ox_graph_initializer(l->m, g, i);
        if (!wanted(l, ox_str_text(l->m, ox_value_name(l->m, v), NULL))) continue;
        if (ox_interrupt_pending()) return ox_error_set(err, OX_E_INTERRUPTED, "interrupted");
        ox_status st = row(l, v, err);
        if (st != OX_OK) return st;
    }
    return OX_OK;
}

static ox_status as_json(listing *l, ox_error *err)
{
    ox_json j;
    l->j = &j;
    ox_json_begin(&j, &l->s->out);
    ox_json_open(&j, NULL, '[');
    ox_status st = list(l, err);
    ox_json_close(&j, ']');
    ox_json_end(&j);
    return st;
}

/* Of a frozen module the weights have no names: they stand in its graph. */
static size_t n_constants(const ox_model *m)
{
    size_t n = 0;
    for (ox_node k = ox_graph_first(m, ox_model_main(m)); k.id; k = ox_node_next(m, k)) {
        const ox_attr *a = ox_node_attr(m, k, "value");
        n += a && a->kind == OX_ATTR_TENSOR;
    }
    return n;
}

static void summary(const listing *l)
{
    char bytes[32];
    size_t constants = l->n ? 0 : n_constants(l->m);
    ox_out *o = &l->s->out;
    ox_bytes_text(l->bytes, bytes, sizeof bytes);
    if (l->n) {
        ox_out_count(o, l->n, "weight", "weights");
        ox_out_f(o, ", %s\n", bytes);
    } else if (l->pattern) {
        ox_out_f(o, "no weight is called so\n");
    } else if (constants) {
        ox_out_f(o, "no weight has a name; ");
        ox_out_count(o, constants, "tensor is a constant", "tensors are constants");
        ox_out_f(o, " of the graph, which `show` has\n");
    } else if (ox_model_get_kind(l->m) == OX_MODEL_TRACE) {
        ox_out_f(o, "a dump holds no weights; --weights FILE binds them by name\n");
    } else {
        ox_out_f(o, "the model has no weights\n");
    }
}

static ox_status as_table(listing *l, ox_error *err)
{
    enum { N_PLAIN = 4, N_COLUMNS = 8 };
    static const char *const columns[N_COLUMNS] = {"NAME", "!DTYPE", "!SHAPE", ">BYTES",
                                                   ">MIN", ">MAX",   ">MEAN",  ">NAN/INF"};
    const char *titles[N_COLUMNS + 4] = {NULL};
    size_t n = l->stats ? N_COLUMNS : N_PLAIN;
    memcpy(titles, columns, n * sizeof *columns);
    if (l->quants) titles[n++] = "QUANTISED";
    if (l->shares) titles[n++] = "SHARES WITH";
    if (l->docs) titles[n] = "DOC";
    l->t = ox_table_new(&l->s->out, titles);
    ox_status st = l->t ? list(l, err) : OX_OK;
    ox_status e = ox_table_end(l->t, st == OX_OK ? err : NULL);
    if (st == OX_OK) st = e;
    if (st == OX_OK) summary(l);
    return st;
}

static ox_status exec(ox_session *s, const ox_args *a, ox_error *err)
{
    listing l = {.s = s,
                 .m = ox_args_get(a, "--result") ? s->result : s->model,
                 .pattern = a->n ? a->pos[0] : NULL,
                 .stats = ox_args_get(a, "--stats") != NULL};
    if (!l.m) return ox_error_set(err, OX_E_INVALID, "there is no result: `export` makes one");
    ox_status st = look_for_columns(&l, err);
    if (st == OX_OK) st = s->g.json ? as_json(&l, err) : as_table(&l, err);
    free(l.first);
    free(l.second);
    return st;
}

static const ox_opt opts[] = {
    {"--stats", NULL, "with minimum, maximum, mean and counts of NaN and infinities", OX_HINT_NONE, NULL},
    {"--result", NULL, "those of the result of the last export", OX_HINT_NONE, NULL},
    {NULL, NULL, NULL, OX_HINT_NONE, NULL},
};

const ox_cmd ox_cmd_weights = {
    .name = "weights",
    .usage = "[--stats] [--result] [PATTERN]",
    .summary = "list the weights: dtype, shape, bytes, statistics",
    .help = "PATTERN is a name, with * and ?, or the path of a scope. `value %NAME` shows one with its histogram.",
    .example = "weights --stats",
    .flags = OX_CMD_MODEL | OX_CMD_PAGE,
    .opts = opts,
    .hint = OX_HINT_VALUE,
    .max_args = 1,
    .exec = exec,
};
