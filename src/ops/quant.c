/* Floor 3. Quantization: QuantizeLinear, DequantizeLinear, DynamicQuantizeLinear. */
#include "ops/infer.h"
#include "ops/quant.h"

static ox_status infer_quantize(ox__inf *c)
{
    int64_t d = ox__inf_int(c, "output_dtype", 0);
    ox_dtype zero = ox__inf_dtype(c, 2), dtype = zero ? zero : d > 0 && d < OX_N_DTYPES ? (ox_dtype)d : OX_UINT8;
    return ox__inf_out_like(c, 0, 0, ox__inf_has(c, 2) && !zero ? OX_UNDEFINED : dtype);
}

static ox_status infer_dequantize(ox__inf *c)
{
    ox_dtype scale = ox__inf_dtype(c, 1);
    int64_t d = ox__inf_int(c, "output_dtype", 0);
    if (d > 0 && d < OX_N_DTYPES) scale = (ox_dtype)d;
    return ox__inf_out_like(c, 0, 0, c->opset < 19 ? OX_FLOAT : scale);
}

static ox_status infer_dynamic_quantize(ox__inf *c)
{
    ox_status s = ox__inf_out_like(c, 0, 0, OX_UINT8);
    if (s == OX_OK) s = ox__inf_out(c, 1, OX_FLOAT, 0, NULL);
    return s == OX_OK ? ox__inf_out(c, 2, OX_UINT8, 0, NULL) : s;
}

static const ox__op_row rows[] = {
    {"DequantizeLinear", infer_dequantize, ox__eval_dequantize, 0},
    {"DynamicQuantizeLinear", infer_dynamic_quantize, ox__eval_dynamic_quantize, 0},
    {"QuantizeLinear", infer_quantize, ox__eval_quantize, 0},
};
const ox__op_family ox__ops_quant = {rows, OX__COUNT(rows), NULL};
