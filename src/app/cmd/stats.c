/* Floor 7. Statistics of a tensor and a histogram in text, for `value` and `weights`. */
#include "app/cmd/stats.h"

#include "app/interrupt.h"

#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

ox_status ox_stats_of(ox_session *s, const ox_model *m, ox_tensor t, ox_tensor_stats_t *out, ox_error *err)
{
    ox_status st = ox_tensor_stats(m, t, out, ox_progress_task(s->g.quiet), err);
    ox_progress_done();
    return st;
}

void ox_stats_json(ox_json *j, const ox_tensor_stats_t *k)
{
    ox_json_int(j, "n", (int64_t)k->n);
    ox_json_int(j, "nan", (int64_t)k->n_nan);
    ox_json_int(j, "inf", (int64_t)k->n_inf);
    ox_json_int(j, "zero", (int64_t)k->n_zero);
    ox_json_f64(j, "min", k->min);
    ox_json_f64(j, "max", k->max);
    ox_json_f64(j, "mean", k->mean);
    ox_json_f64(j, "std", k->std);
    ox_json_open(j, "bins", '[');
    for (size_t i = 0; i < OX_HISTOGRAM_BINS; i++) ox_json_int(j, NULL, (int64_t)k->bins[i]);
    ox_json_close(j, ']');
}

enum { BAR_COLUMNS = 40, ROWS = 16 };

void ox_stats_print(ox_out *o, const ox_tensor_stats_t *k)
{
    ox_out_f(o, "elements  %" PRIu64 "\nmin       %.6g\nmax       %.6g\nmean      %.6g\nstd       %.6g\n", k->n, k->min,
             k->max, k->mean, k->std);
    ox_out_f(o, "zero      %" PRIu64 "\n", k->n_zero);
    if (k->n_nan || k->n_inf)
        ox_out_f(o, "%sNaN       %" PRIu64 "\ninfinite  %" PRIu64 "%s\n", ox_out_ink(o, OX_INK_ATTR), k->n_nan,
                 k->n_inf, ox_out_reset(o));
    if (!isfinite(k->min) || k->min == k->max) return;
    uint64_t top = 1, rows[ROWS] = {0};
    for (size_t i = 0; i < OX_HISTOGRAM_BINS; i++) rows[i * ROWS / OX_HISTOGRAM_BINS] += k->bins[i];
    for (size_t i = 0; i < ROWS; i++)
        if (rows[i] > top) top = rows[i];
    for (size_t i = 0; i < ROWS; i++) {
        char bar[BAR_COLUMNS + 1];
        size_t n = (size_t)((double)rows[i] / (double)top * BAR_COLUMNS);
        if (n == 0 && rows[i]) n = 1;
        memset(bar, '#', n);
        bar[n] = '\0';
        double low = k->min + (k->max - k->min) * (double)i / ROWS;
        ox_out_f(o, "%12.5g | %-*s %" PRIu64 "\n", low, BAR_COLUMNS, bar, rows[i]);
    }
}

ox_status ox_tensor_preview(ox_out *o, const ox_model *m, ox_tensor t, uint64_t limit, ox_error *err)
{
    ox_tensor_info k = ox_tensor_get(m, t);
    uint64_t n = k.n_elements < limit ? k.n_elements : limit, bytes;
    if (k.encoding == OX_ENC_STRINGS) {
        for (uint64_t i = 0; i < n; i++) {
            size_t len;
            const char *text = ox_str_text(m, k.strings[i], &len);
            ox_out_f(o, i ? ", \"" : "\"");
            ox_out_name(o, text, len);
            ox_out_f(o, "\"");
        }
    } else {
        if (!ox_dtype_bytes(k.dtype, n, &bytes)) return ox_error_set(err, OX_E_UNSUPPORTED, "no elements to print");
        void *p = malloc(bytes + 1);
        if (!p) return ox_error_set(err, OX_E_NOMEM, "out of memory");
        ox_status st = ox_tensor_read(m, t, 0, p, bytes, err);
        for (uint64_t i = 0; st == OX_OK && i < n; i++) {
            char text[64];
            if (ox_dtype_is_float(k.dtype)) {
                double v = ox_dtype_get_f64(k.dtype, p, i);
                if (k.dtype == OX_DOUBLE)
                    ox_text_f64(v, text, sizeof text);
                else
                    ox_text_f32((float)v, text, sizeof text);
            } else {
                snprintf(text, sizeof text, "%" PRId64, ox_dtype_get_i64(k.dtype, p, i));
            }
            ox_out_f(o, "%s%s", i ? ", " : "", text);
        }
        free(p);
        if (st != OX_OK) return st;
    }
    ox_out_f(o, k.n_elements > n ? ", ...\n" : "\n");
    return OX_OK;
}
