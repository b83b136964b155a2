/* Floor 7. The weight that is spoken of: what it is, who uses it, which others share its bytes, its statistics and a
 * histogram, and a slice of it as a table. The table reads what is shown and no more; summing up waits for all else. */
#include "app/tui/lines.h"
#include "app/tui/slice.h"
#include "app/tui/sum.h"
#include "app/tui/tui.h"

#include "app/cmd.h"
#include "app/module.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

enum { TITLE = 9, USES = 8, SHARES = 8, READS = 4, PIECE = 1024, BARS = 16, BAR_MAX = 60, CELL = 12, CELL_MAX = 64 };

typedef struct tensor {
    ox_view v;
    ox_value value; /* what is shown */
    ox_tensor data;
    ox_slice slice;
    bool table; /* there is one */
    ox_lines lines;
    int width; /* of the pane that they were written for */
    bool stale;
    ox_sum sum;
    size_t share_at; /* the next weight to be compared */
    size_t n_shares;
    ox_value shares[SHARES];
    uint32_t read_at; /* the next node to be looked at, and what stands for it in the code of an archive */
    size_t n_reads;
    ox_value reads[READS];
} tensor;

static const ox_model *model(const tensor *k)
{
    return k->v.t->s->model;
}

static ox_tensor_info info(const tensor *k)
{
    return ox_tensor_get(model(k), k->data);
}

/* It is still what it was: a line that is at work may have taken it away. */
static bool there(const tensor *k)
{
    return model(k) && k->data.id && ox_value_is_alive(model(k), k->value) &&
           ox_value_tensor(model(k), k->value).id == k->data.id;
}

/* ---- reading elements ---- */

/* Elements from number `first` on, at buf, and which of those is the first. */
static bool read_elements(const tensor *k, uint64_t first, uint64_t n, uint8_t *buf, uint64_t *skip)
{
    ox_dtype d = info(k).dtype;
    uint64_t bits = ox_dtype_bits(d), from = first / 8 * bits, bytes; /* eight elements begin at a byte */
    *skip = first % 8;
    if (!ox_dtype_bytes(d, *skip + n, &bytes)) return false;
    if (!k->sum.bytes) return ox_tensor_read(model(k), k->data, from, buf, bytes, NULL) == OX_OK;
    memcpy(buf, k->sum.bytes + from, bytes);
    return true;
}

/* A number as a cell has it, or in full; what is said of it is its role. */
static ox_role number_text(ox_dtype d, const void *buf, uint64_t i, bool full, char *text, size_t size)
{
    if (ox_dtype_is_complex(d)) {
        ox_dtype part = d == OX_COMPLEX64 ? OX_FLOAT : OX_DOUBLE;
        snprintf(text, size, full ? "%.17g%+.17gi" : "%.3g%+.3gi", ox_dtype_get_f64(part, buf, 2 * i),
                 ox_dtype_get_f64(part, buf, 2 * i + 1));
        return OX_ROLE_PLAIN;
    }
    if (!ox_dtype_is_float(d)) {
        int64_t v = ox_dtype_get_i64(d, buf, i);
        if (d == OX_UINT64)
            snprintf(text, size, "%" PRIu64, (uint64_t)v);
        else
            snprintf(text, size, "%" PRId64, v);
        return v ? OX_ROLE_PLAIN : OX_ROLE_NOTE;
    }
    double v = ox_dtype_get_f64(d, buf, i);
    if (full && d == OX_DOUBLE)
        ox_text_f64(v, text, size);
    else if (full)
        ox_text_f32((float)v, text, size);
    else
        snprintf(text, size, "%.5g", v);
    return isfinite(v) ? v != 0 ? OX_ROLE_PLAIN : OX_ROLE_NOTE : OX_ROLE_ERROR;
}

/* One cell of the table. */
static ox_role cell_text(const tensor *k, int64_t row, int64_t col, bool full, char *text, size_t size)
{
    uint8_t buf[16 * 16];
    uint64_t e = ox_slice_element(&k->slice, row, col), skip;
    ox_tensor_info i = info(k);
    if (i.encoding == OX_ENC_STRINGS) {
        size_t n;
        const char *s = ox_str_text(model(k), i.strings[e], &n);
        ox_text_sanitize(s, n < size / 4 ? n : size / 4, text, size);
        return OX_ROLE_PLAIN;
    }
    if (!read_elements(k, e, 1, buf, &skip)) {
        snprintf(text, size, "?");
        return OX_ROLE_ERROR;
    }
    return number_text(i.dtype, buf, skip, full, text, size);
}

/* ---- what is said of it ---- */

static void title(ox_lines *l, const char *word)
{
    ox_lines_new(l);
    ox_lines_addf(l, OX_ROLE_NOTE, "%s", word);
    ox_lines_tab(l, TITLE);
}

static void put_name(tensor *k, ox_role role, ox_value v)
{
    size_t n;
    const char *name = ox_str_text(model(k), ox_value_name(model(k), v), &n);
    ox_lines_name(&k->lines, role, name, n);
}

static void put_kind(tensor *k)
{
    ox_lines *l = &k->lines;
    ox_tensor_info i = info(k);
    char bytes[32];
    title(l, "type");
    ox_lines_addf(l, OX_ROLE_TYPE, "%s [", ox_dtype_name(i.dtype, OX_DTYPE_NUMPY));
    for (uint32_t d = 0; d < i.rank && d < 16; d++)
        ox_lines_addf(l, OX_ROLE_TYPE, d ? ", %" PRId64 : "%" PRId64, i.dims[d]);
    ox_lines_addf(l, OX_ROLE_TYPE, i.rank > 16 ? ", ...]" : "]");
    ox_bytes_text(ox_tensor_raw_size(model(k), k->data), bytes, sizeof bytes);
    title(l, "data");
    if (i.storage == OX_STORAGE_LOST)
        ox_lines_addf(l, OX_ROLE_WARNING, "lost: the dump printed <Tensor>; --weights can supply it");
    else if (i.storage == OX_STORAGE_SPARSE)
        ox_lines_addf(l, OX_ROLE_PLAIN, "sparse, %" PRIu64 " values", ox_tensor_get(model(k), i.values).n_elements);
    else
        ox_lines_addf(l, OX_ROLE_PLAIN, "%" PRIu64 " elements, %s%s%s", i.n_elements, bytes,
                      i.external ? ", in an external file" : "", i.rounded ? ", printed rounded by the dump" : "");
}

static size_t put_uses_of(tensor *k, ox_value v, size_t shown)
{
    const ox_model *m = model(k);
    char text[512];
    for (ox_use u = ox_value_first_use(m, v); u.node.id && shown < USES; u = ox_value_next_use(m, u), shown++) {
        title(&k->lines, shown ? "" : "used by");
        if (ox_node_is_return(m, u.node)) {
            ox_lines_addf(&k->lines, OX_ROLE_NOTE, "output %u of the graph", u.index);
            continue;
        }
        ox_node_op_text(m, u.node, text, sizeof text);
        ox_lines_addf(&k->lines, OX_ROLE_OP, "%s", text);
        ox_lines_addf(&k->lines, OX_ROLE_NOTE, " #%u, input %u", u.node.id, u.index);
        ox_lines_link(&k->lines, u.node);
    }
    return shown;
}

static void put_uses(tensor *k)
{
    size_t n = ox_value_n_uses(model(k), k->value), shown = put_uses_of(k, k->value, 0);
    for (size_t i = 0; i < k->n_reads && i < READS; i++) {
        n += ox_value_n_uses(model(k), k->reads[i]);
        shown = put_uses_of(k, k->reads[i], shown);
    }
    if (n == 0) title(&k->lines, "used by"), ox_lines_addf(&k->lines, OX_ROLE_NOTE, "nobody");
    if (n > shown) title(&k->lines, ""), ox_lines_addf(&k->lines, OX_ROLE_NOTE, "and %zu more", n - shown);
}

static void put_shares(tensor *k)
{
    for (size_t i = 0; i < k->n_shares && i < SHARES; i++) {
        title(&k->lines, i ? "" : "shares");
        if (i == 0) ox_lines_addf(&k->lines, OX_ROLE_NOTE, "bytes with ");
        put_name(k, OX_ROLE_VALUE, k->shares[i]);
    }
    if (k->n_shares > SHARES)
        title(&k->lines, ""), ox_lines_addf(&k->lines, OX_ROLE_NOTE, "and %zu more", k->n_shares - SHARES);
}

static void put_histogram(tensor *k)
{
    const ox_tensor_stats_t *s = &k->sum.stats;
    uint64_t rows[BARS] = {0}, top = 1;
    if (!isfinite(s->min) || s->min == s->max) return;
    int most = k->v.at.cols - 26 > BAR_MAX ? BAR_MAX : k->v.at.cols - 26;
    for (size_t i = 0; i < OX_HISTOGRAM_BINS; i++) rows[i * BARS / OX_HISTOGRAM_BINS] += s->bins[i];
    for (size_t i = 0; i < BARS; i++)
        if (rows[i] > top) top = rows[i];
    for (size_t i = 0; i < BARS; i++) {
        char bar[BAR_MAX + 1] = "";
        int n = most > 0 ? (int)((double)rows[i] / (double)top * most) : 0;
        if (n == 0 && rows[i] && most > 0) n = 1;
        memset(bar, '#', (size_t)n);
        ox_lines_new(&k->lines);
        ox_lines_addf(&k->lines, OX_ROLE_NOTE, "%12.5g  ", s->min + (s->max - s->min) * (double)i / BARS);
        ox_lines_addf(&k->lines, OX_ROLE_GOOD, "%.*s", n, bar);
        ox_lines_addf(&k->lines, OX_ROLE_NOTE, "%s%" PRIu64, n ? " " : "", rows[i]);
    }
}

static void put_statistics(tensor *k)
{
    ox_lines *l = &k->lines;
    const ox_tensor_stats_t *s = &k->sum.stats;
    ox_tensor_info i = info(k);
    char text[sizeof k->sum.error.msg];
    if (!ox_sum_can(&i)) return;
    title(l, "values");
    if (k->sum.state == OX_SUM_FAILED) {
        ox_text_sanitize(k->sum.error.msg, strlen(k->sum.error.msg), text, sizeof text);
        ox_lines_addf(l, OX_ROLE_ERROR, "%s", text);
    } else if (k->sum.state != OX_SUM_DONE) {
        ox_lines_addf(l, OX_ROLE_NOTE, "...");
    } else {
        ox_lines_addf(l, OX_ROLE_PLAIN, "min %.6g  max %.6g", s->min, s->max);
        title(l, "");
        ox_lines_addf(l, OX_ROLE_PLAIN, "mean %.6g  std %.6g  zero %" PRIu64, s->mean, s->std, s->n_zero);
        if (s->n_nan || s->n_inf)
            title(l, ""), ox_lines_addf(l, OX_ROLE_ERROR, "NaN %" PRIu64 "  infinite %" PRIu64, s->n_nan, s->n_inf);
        put_histogram(k);
    }
}

static void write_lines(tensor *k)
{
    ox_lines_clear(&k->lines);
    k->width = k->v.at.cols;
    k->stale = false;
    if (!there(k)) {
        ox_list_set_n(&k->v.list, 0);
        return;
    }
    title(&k->lines, "weight");
    put_name(k, OX_ROLE_VALUE, k->value);
    put_kind(k);
    put_uses(k);
    put_shares(k);
    put_statistics(k);
    if (k->table) ox_lines_new(&k->lines);
    ox_list_set_n(&k->v.list, k->lines.n + (k->table ? 1 + (size_t)ox_slice_rows(&k->slice) : 0));
}

/* ---- another weight, and what is found out of it ---- */

static void take(tensor *k, ox_value v)
{
    ox_sum_stop(&k->sum, false);
    const ox_model *m = model(k);
    k->value = v;
    k->data = m && ox_value_is_alive(m, v) ? ox_value_tensor(m, v) : (ox_tensor){0};
    k->n_shares = k->share_at = k->n_reads = 0;
    k->read_at = 1;
    k->v.left = 0;
    k->table = false;
    if (there(k)) {
        ox_tensor_info i = info(k);
        k->table =
            i.storage != OX_STORAGE_LOST && i.storage != OX_STORAGE_SPARSE && ox_slice_begin(&k->slice, i.rank, i.dims);
    }
    ox_list_go(&k->v.list, 0);
    k->stale = true;
}

static void reset(ox_view *v)
{
    tensor *k = (tensor *)v;
    take(k, k->value);
}

static bool share(const ox_tensor_info *a, const ox_tensor_info *b)
{
    if (a->storage != b->storage || !a->n_bytes || !b->n_bytes) return false;
    if (a->storage == OX_STORAGE_OWNED) return a->data && a->data == b->data;
    return a->storage == OX_STORAGE_FILE && a->file == b->file && a->offset < b->offset + b->n_bytes &&
           b->offset < a->offset + a->n_bytes;
}

/* Compares the next weights; true until all are. */
static bool look_for_shares(tensor *k)
{
    const ox_model *m = model(k);
    ox_tensor_info mine = info(k);
    size_t n = ox_weights_n(k->v.t), before = k->n_shares;
    for (int i = 0; i < PIECE && k->share_at < n; i++) {
        ox_value v = ox_weights_at(k->v.t, k->share_at++);
        ox_tensor_info other = ox_tensor_get(m, ox_value_tensor(m, v));
        if (v.id == k->value.id || !v.id || !share(&mine, &other)) continue;
        if (k->n_shares < SHARES) k->shares[k->n_shares] = v;
        k->n_shares++;
    }
    if (k->n_shares != before) k->stale = true;
    return k->share_at < n;
}

/* Looks at the next nodes; true until all were. */
static bool look_for_reads(tensor *k)
{
    const ox_model *m = model(k);
    uint32_t limit = ox_model_node_limit(m), end = limit - k->read_at > PIECE ? k->read_at + PIECE : limit;
    while (k->read_at < end) {
        ox_value v = ox_module_next_read(m, k->value, &k->read_at, end);
        if (!v.id) break;
        if (k->n_reads < READS) k->reads[k->n_reads] = v;
        k->n_reads++;
        k->stale = true;
    }
    return k->read_at < limit;
}

static bool work(ox_view *v)
{
    tensor *k = (tensor *)v;
    ox_value now = v->t->weight;
    if (now.id != k->value.id || now.gen != k->value.gen) take(k, now);
    if (v->at.rows && (k->stale || k->width != v->at.cols)) write_lines(k);
    return false;
}

static bool idle(ox_view *v)
{
    tensor *k = (tensor *)v;
    if (!v->at.rows || !there(k)) return false;
    bool more = look_for_reads(k) || look_for_shares(k);
    ox_tensor_info i = info(k);
    if (!more && ox_sum_can(&i) && (k->sum.state == OX_SUM_NONE || k->sum.state == OX_SUM_AT_WORK)) {
        more = ox_sum_work(&k->sum, model(k), k->data);
        if (!more) k->stale = true;
    }
    return more || k->stale;
}

static void rest(ox_view *v)
{
    ox_sum_stop(&((tensor *)v)->sum, true);
}

/* ---- the table on the screen ---- */

static int digits(int64_t v)
{
    return snprintf(NULL, 0, "%" PRId64, v);
}

static int gutter(const tensor *k)
{
    int64_t rows = ox_slice_rows(&k->slice);
    return digits(rows > 0 ? rows - 1 : 0) + 2;
}

static int n_cells(const tensor *k, int cols)
{
    int n = (cols - gutter(k)) / CELL;
    return n < 1 ? 1 : n > CELL_MAX ? CELL_MAX : n;
}

static void draw_columns(const tensor *k, ox_grid *g, ox_rect line)
{
    int64_t cols = ox_slice_cols(&k->slice);
    for (int i = 0; i < n_cells(k, line.cols) && (int64_t)k->v.left + i < cols; i++)
        ox_grid_putf(g, line.row, line.col + gutter(k) + i * CELL, CELL, OX_ROLE_TITLE, "%*lld", CELL - 1,
                     (long long)k->v.left + i);
}

static void draw_cell(ox_grid *g, ox_rect line, int col, ox_role role, const char *text)
{
    int n = (int)ox_text_width(text, strlen(text)), pad = n < CELL - 1 ? CELL - 1 - n : 0;
    ox_grid_fit(g, line.row, line.col + col + pad, CELL - 1 - pad, role, text, strlen(text));
}

static void draw_row(const tensor *k, ox_grid *g, ox_rect line, int64_t row)
{
    uint8_t buf[(CELL_MAX + 8) * 16];
    char text[256];
    ox_tensor_info i = info(k);
    int64_t cols = ox_slice_cols(&k->slice);
    int n = n_cells(k, line.cols), at = gutter(k);
    uint64_t skip = 0;
    if ((int64_t)k->v.left >= cols) return;
    if ((int64_t)n > cols - (int64_t)k->v.left) n = (int)(cols - (int64_t)k->v.left);
    ox_grid_putf(g, line.row, line.col, at, OX_ROLE_NOTE, "%*lld", at - 2, (long long)row);
    if (i.encoding != OX_ENC_RAW && i.encoding != OX_ENC_STRINGS && !k->sum.bytes) {
        ox_grid_putz(g, line.row, line.col + at, line.cols - at, OX_ROLE_NOTE,
                     k->sum.state == OX_SUM_DONE ? "too large to be decoded for a table" : "...");
        return;
    }
    bool dense = i.encoding != OX_ENC_STRINGS && ox_slice_is_dense(&k->slice) &&
                 read_elements(k, ox_slice_element(&k->slice, row, (int64_t)k->v.left), (uint64_t)n, buf, &skip);
    for (int c = 0; c < n; c++) {
        ox_role role = dense ? number_text(i.dtype, buf, skip + (uint64_t)c, false, text, sizeof text)
                             : cell_text(k, row, (int64_t)k->v.left + c, false, text, sizeof text);
        draw_cell(g, line, at + c * CELL, role, text);
    }
}

static void head(ox_view *v, ox_grid *g, ox_rect line)
{
    tensor *k = (tensor *)v;
    char text[512];
    if (!there(k)) return;
    if (k->table && v->list.top > k->lines.n) {
        draw_columns(k, g, line);
        return;
    }
    ox_slice_text(&k->slice, text, sizeof text);
    if (k->table) ox_grid_putf(g, line.row, line.col, line.cols, OX_ROLE_TITLE, "slice [%s]", text);
}

static void draw(ox_view *v, ox_grid *g, ox_rect line, size_t i)
{
    tensor *k = (tensor *)v;
    if (!there(k)) return;
    if (i < k->lines.n)
        ox_lines_draw(&k->lines, i, g, line, 0);
    else if (i == k->lines.n)
        draw_columns(k, g, line);
    else
        draw_row(k, g, line, (int64_t)(i - k->lines.n - 1));
}

static void note(ox_view *v, char *buf, size_t size)
{
    tensor *k = (tensor *)v;
    char text[96];
    if (k->sum.state == OX_SUM_AT_WORK)
        snprintf(buf, size, "summing up %u%%", ox_sum_percent(&k->sum));
    else if (k->table && v->list.cursor > k->lines.n && ox_slice_text(&k->slice, text, sizeof text) < sizeof text)
        snprintf(buf, size, "[%s] %zu/%lld", text, v->list.cursor - k->lines.n, (long long)ox_slice_rows(&k->slice));
}

/* ---- keys ---- */

static void to_table(tensor *k)
{
    size_t row = k->v.list.cursor > k->lines.n ? k->v.list.cursor : k->lines.n + 1;
    write_lines(k);
    ox_list_go(&k->v.list, row + (size_t)k->v.list.height / 2); /* so that some of it is seen */
    ox_list_go(&k->v.list, row);
}

ox_status ox_tensor_choose(ox_tui *t, const char *text, ox_error *err)
{
    tensor *k = (tensor *)t->views[OX_VIEW_tensor];
    if (!there(k) || !k->table) return ox_error_set(err, OX_E_INVALID, "there is no table");
    ox_status st = ox_slice_parse(&k->slice, text, err);
    if (st != OX_OK) return st;
    k->v.left = 0;
    to_table(k);
    return OX_OK;
}

static void sideways(tensor *k, int by)
{
    size_t cols = (size_t)ox_slice_cols(&k->slice), step = (size_t)n_cells(k, k->v.at.cols) / 2 + 1;
    if (by < 0)
        k->v.left = k->v.left > step ? k->v.left - step : 0;
    else if (k->v.left + step < cols)
        k->v.left += step;
}

static void choose(tensor *k)
{
    char text[512];
    if (ox_slice_text(&k->slice, text, sizeof text) < sizeof text) ox_prompt_begin(k->v.t, OX_MODE_SLICE, text);
}

static void follow_line(tensor *k)
{
    ox_node n = k->v.list.cursor < k->lines.n ? ox_lines_linked(&k->lines, k->v.list.cursor) : (ox_node){0, 0};
    if (n.id)
        ox_tui_go(k->v.t, n);
    else
        ox_tui_say(k->v.t, OX_ROLE_NOTE, "this line leads nowhere");
}

static bool act(ox_view *v, ox_action a)
{
    tensor *k = (tensor *)v;
    bool table = there(k) && k->table;
    switch (a) {
    case OX_DO_TO_USER: follow_line(k); return true;
    case OX_DO_CANCEL:
        if (v->t->needle.n || v->t->run || v->t->zoom) return false;
        ox_tui_hide(v->t, OX_VIEW_tensor);
        return true;
    case OX_DO_RIGHT:
    case OX_DO_LEFT:
        if (table) sideways(k, a == OX_DO_RIGHT ? 1 : -1);
        return true;
    case OX_DO_SLICE:
        if (table) choose(k);
        return true;
    case OX_DO_NEXT_SLICE:
    case OX_DO_PREV_SLICE:
        if (!table) return true;
        if (ox_slice_step(&k->slice, a == OX_DO_NEXT_SLICE ? 1 : -1))
            to_table(k);
        else
            ox_tui_say(v->t, OX_ROLE_NOTE,
                       a == OX_DO_NEXT_SLICE ? "this is the last slice" : "this is the first slice");
        return true;
    case OX_DO_TRANSPOSE:
        if (table) ox_slice_transpose(&k->slice), k->v.left = 0, to_table(k);
        return true;
    default: return false;
    }
}

/* A row in full, as a spreadsheet takes it: what is shown of it. */
static size_t copy(ox_view *v, char *buf, size_t size)
{
    tensor *k = (tensor *)v;
    size_t n = 0, i = v->list.cursor;
    char text[256];
    if (!there(k) || i == k->lines.n) return 0;
    if (i < k->lines.n) return ox_lines_copy(&k->lines, i, buf, size);
    int64_t cols = ox_slice_cols(&k->slice);
    for (int c = 0; c < n_cells(k, v->at.cols) && (int64_t)v->left + c < cols && n < size; c++) {
        cell_text(k, (int64_t)(i - k->lines.n - 1), (int64_t)v->left + c, true, text, sizeof text);
        n += (size_t)snprintf(buf + n, size - n, c ? "\t%s" : "%s", text);
    }
    return n;
}

static bool matches(ox_view *v, size_t i, const ox_needle *needle)
{
    tensor *k = (tensor *)v;
    return i < k->lines.n && ox_lines_match(&k->lines, i, needle);
}

/* ---- the view ---- */

static ox_status create(ox_view **out, ox_tui *t, ox_error *err)
{
    (void)t;
    tensor *k = calloc(1, sizeof *k);
    if (!k) return ox_error_set(err, OX_E_NOMEM, "out of memory");
    *out = &k->v;
    return OX_OK;
}

static void destroy(ox_view *v)
{
    tensor *k = (tensor *)v;
    ox_sum_stop(&k->sum, false);
    ox_lines_free(&k->lines);
    free(k);
}

const ox_view_ops ox_view_tensor = {
    .name = "tensor",
    .help = "the weight of the cursor: who uses it and shares its bytes, statistics, histogram, a slice as a table; "
            "Esc closes it",
    .place = OX_PLACE_BESIDE,
    .create = create,
    .destroy = destroy,
    .reset = reset,
    .work = work,
    .idle = idle,
    .rest = rest,
    .head = head,
    .draw = draw,
    .act = act,
    .note = note,
    .copy = copy,
    .matches = matches,
};
