/* Floor 7. Quantised tensors: their scheme, scales and zero points. */
#include "app/cmd/quant.h"

#include "app/cmd/stats.h"

#include <onnxsh/dtype.h>
#include <onnxsh/text.h>

#include <stdio.h>

enum { SHOWN = 8 };

void ox_quant_text(const ox_quantization *q, char *buf, size_t size)
{
    char scale[64];
    buf[0] = '\0';
    if (!q) return;
    ox_text_f64(q->scale, scale, sizeof scale);
    if (q->per_channel)
        snprintf(buf, size, "each of dim %lld", (long long)q->axis);
    else if (q->zero_point < 0)
        snprintf(buf, size, "%s*(q+%lld)", scale, -(long long)q->zero_point);
    else
        snprintf(buf, size, "%s*(q-%lld)", scale, (long long)q->zero_point);
}

static ox_status print_part(ox_out *o, const ox_model *m, const char *title, ox_tensor t, ox_error *err)
{
    ox_out_f(o, "  %s  ", title);
    if (t.id) return ox_tensor_preview(o, m, t, SHOWN, err);
    ox_out_f(o, "not to be read: their record is compressed, or of the other byte order\n");
    return OX_OK;
}

ox_status ox_quant_print(ox_out *o, const ox_model *m, const ox_quantization *q, ox_error *err)
{
    char text[128];
    if (!q) return OX_OK;
    ox_quant_text(q, text, sizeof text);
    ox_out_f(o, "quantised %s: ", ox_str_text(m, q->scheme, NULL));
    if (!q->per_channel) {
        ox_out_f(o, "element q stands for %s\n", text);
        return OX_OK;
    }
    ox_out_f(o, "element q stands for scale*(q-zero point), %s its own\n", text);
    ox_status st = print_part(o, m, "scales     ", q->scales, err);
    return st == OX_OK ? print_part(o, m, "zero points", q->zero_points, err) : st;
}

/* ---- as JSON ---- */
typedef struct writer {
    ox_json *j;
    ox_dtype dtype;
} writer;

static ox_status write_chunk(void *ud, const void *chunk, uint64_t n_bytes, uint64_t offset, ox_error *err)
{
    writer *w = ud;
    uint64_t n = n_bytes / (ox_dtype_bits(w->dtype) / 8);
    (void)offset, (void)err;
    for (uint64_t i = 0; i < n; i++) {
        if (ox_dtype_is_float(w->dtype))
            ox_json_f64(w->j, NULL, ox_dtype_get_f64(w->dtype, chunk, i));
        else
            ox_json_int(w->j, NULL, ox_dtype_get_i64(w->dtype, chunk, i));
    }
    return OX_OK;
}

static ox_status json_part(ox_json *j, const char *key, const ox_model *m, ox_tensor t, ox_error *err)
{
    writer w = {j, ox_tensor_get(m, t).dtype};
    if (!t.id) {
        ox_json_null(j, key);
        return OX_OK;
    }
    ox_json_open(j, key, '[');
    ox_status st = ox_tensor_stream(m, t, write_chunk, &w, NULL, err);
    ox_json_close(j, ']');
    return st;
}

ox_status ox_quant_json(ox_json *j, const ox_model *m, const ox_quantization *q, bool all, ox_error *err)
{
    ox_status st = OX_OK;
    if (!q) {
        ox_json_null(j, "quantization");
        return OX_OK;
    }
    ox_json_open(j, "quantization", '{');
    ox_json_strz(j, "scheme", ox_str_text(m, q->scheme, NULL));
    if (q->per_channel) {
        ox_json_int(j, "axis", q->axis);
        if (all) st = json_part(j, "scales", m, q->scales, err);
        if (all && st == OX_OK) st = json_part(j, "zero_points", m, q->zero_points, err);
    } else {
        ox_json_f64(j, "scale", q->scale);
        ox_json_int(j, "zero_point", q->zero_point);
    }
    ox_json_close(j, '}');
    return st;
}
