/* Floor 4. Random inputs. */
#include "ops/eval.h"
#include "runtime/engine.h"

#include <inttypes.h>
#include <stdio.h>

#include <onnxsh/print.h>

static ox_status random_strings(ox_data **out, uint32_t rank, const int64_t *dims, uint64_t n, ox__random *r,
                                ox_error *err)
{
    static const char letters[] = "abcdefghijklmnopqrstuvwxyz";
    ox_bytes *texts = n > SIZE_MAX / 32 ? NULL : ox__alloc((size_t)n * sizeof *texts);
    if (!texts) return ox__nomem(err);
    for (uint64_t i = 0; i < n; i++) texts[i] = (ox_bytes){letters + ox__random_next(r) % 20, 1 + i % 6};
    ox_status s = ox_data_strings(out, rank, dims, texts, err);
    ox__free(texts);
    return s;
}

static void fill(ox_dtype dtype, void *p, uint64_t n, ox__random *r)
{
    if (ox_dtype_is_complex(dtype)) { /* both parts */
        dtype = dtype == OX_COMPLEX64 ? OX_FLOAT : OX_DOUBLE;
        n *= 2;
    }
    for (uint64_t i = 0; i < n; i++) {
        if (ox_dtype_is_float(dtype))
            ox_dtype_set_f64(dtype, p, i, ox__random_normal(r));
        else
            ox_dtype_set_i64(dtype, p, i, (int64_t)(ox__random_next(r) >> 32) % (dtype == OX_BOOL ? 2 : 10));
    }
}

ox_status ox_data_random(ox_data **out, const ox_model *m, ox_value v, uint64_t seed, ox_dim_fn dim, void *ud,
                         ox_error *err)
{
    char label[160];
    ox_type_info t = ox_type_get(m, ox_value_type(m, v));
    size_t len;
    const char *name = ox_str_text(m, ox_value_name(m, v), &len);
    ox__random r = {ox__hash_mix(ox__hash(name, len), seed)};
    ox_value_label(m, v, label, sizeof label);
    if (t.kind != OX_TYPE_TENSOR || !t.dtype || t.rank < 0)
        return ox__fail(err, OX_E_UNSUPPORTED, "input %s: nothing random can be made for it: %s", label,
                        t.kind == OX_TYPE_TENSOR ? "its dtype or rank is not known" : "it is no tensor");
    int64_t *dims = ox__alloc(((size_t)t.rank + 1) * sizeof *dims);
    if (!dims) return ox__nomem(err);
    for (int32_t i = 0; i < t.rank; i++) {
        if (ox_dim_is_const(m, t.dims[i], &dims[i])) continue;
        bool symbol = ox_dim_get_kind(m, t.dims[i]) == OX_DIM_SYMBOL;
        dims[i] = dim ? dim(ud, symbol ? ox_str_text(m, ox_dim_name(m, t.dims[i]), NULL) : "") : 1;
    }
    void *p;
    uint64_t n = 0;
    ox_status s = OX_OK;
    if (!ox__dims_product(dims, (uint32_t)t.rank, &n))
        s = ox__fail(err, OX_E_LIMIT, "input %s: its dims are too large", label);
    else if (t.dtype == OX_STRING)
        s = random_strings(out, (uint32_t)t.rank, dims, n, &r, err);
    else if ((s = ox_data_tensor(out, t.dtype, (uint32_t)t.rank, dims, &p, err)) == OX_OK)
        fill(t.dtype, p, n, &r);
    ox__free(dims);
    return s;
}
