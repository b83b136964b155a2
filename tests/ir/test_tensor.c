/* Tensors: what is accepted, reading of raw and varint storage, files that change, statistics against a plain count. */
#include "ox_ir_test.h"

#include <fcntl.h>
#include <math.h>
#include <stdlib.h>
#include <unistd.h>

static ox_error err;

static int set_up(void **state)
{
    *state = ir_model();
    return 0;
}

static int tear_down(void **state)
{
    ox_model_free(*state);
    return 0;
}

/* A model file of these bytes, mapped; the path is kept for tests that change the file. */
static char path[64];
static uint32_t add_file(ox_model *m, const void *data, size_t n)
{
    strcpy(path, "ox_test_tensor_XXXXXX");
    int fd = mkstemp(path);
    assert_true(fd >= 0);
    assert_int_equal(write(fd, data, n), (ssize_t)n);
    close(fd);
    ox__map map;
    uint32_t index;
    assert_ok(ox__map_open(&map, path, false, &err), &err);
    assert_ok(ox__model_add_file(m, &map, &index, &err), &err);
    assert_null(map.p);
    assert_ptr_not_equal(ox__model_file(m, index), NULL);
    return index;
}

static void test_refused(void **state)
{
    ox_model *m = *state;
    int64_t dims[] = {2, 3}, negative[] = {2, -1}, huge[] = {INT64_MAX, 4}, huge_empty[] = {INT64_MAX, 4, 0};
    float data[6] = {0};
    ox_tensor t;
    ox_str s = ir_str(m, "s");
    const struct {
        ox_tensor_info i;
        const char *why;
    } rows[] = {
        {{.dtype = OX_FLOAT, .rank = 2, .dims = negative, .storage = OX_STORAGE_OWNED, .data = data, .n_bytes = 24},
         "dim 1 is -1"},
        {{.dtype = OX_FLOAT, .rank = 2, .dims = huge, .storage = OX_STORAGE_OWNED, .data = data, .n_bytes = 24},
         "more than 2^63"},
        {{.dtype = OX_FLOAT, .rank = 2, .storage = OX_STORAGE_OWNED, .data = data, .n_bytes = 24}, "needs dims"},
        {{.dtype = OX_FLOAT, .rank = 2, .dims = dims, .storage = OX_STORAGE_OWNED, .data = data, .n_bytes = 20},
         "take 24 bytes, but there are 20"},
        {{.dtype = OX_FLOAT, .rank = 2, .dims = dims, .storage = OX_STORAGE_OWNED, .n_bytes = 24}, "no data"},
        {{.dtype = (ox_dtype)77, .rank = 2, .dims = dims, .storage = OX_STORAGE_OWNED, .data = data, .n_bytes = 24},
         "77 is not an element type"},
        {{.dtype = OX_STRING, .rank = 2, .dims = dims, .storage = OX_STORAGE_OWNED, .data = data, .n_bytes = 24},
         "no raw bytes"},
        {{.dtype = OX_STRING, .rank = 2, .dims = dims, .storage = OX_STORAGE_OWNED, .encoding = OX_ENC_STRINGS},
         "strings of the tensor"},
        {{.dtype = OX_FLOAT, .storage = OX_STORAGE_OWNED, .encoding = OX_ENC_STRINGS, .strings = &s},
         "only an owned tensor of type string"},
        {{.dtype = OX_FLOAT, .rank = 2, .dims = dims, .storage = OX_STORAGE_FILE, .n_bytes = 24}, "within its file"},
        {{.dtype = OX_FLOAT,
          .rank = 2,
          .dims = dims,
          .storage = OX_STORAGE_OWNED,
          .encoding = OX_ENC_VARINT,
          .data = data,
          .n_bytes = 24},
         "not stored as varints"},
        {{.dtype = OX_INT64,
          .rank = 2,
          .dims = dims,
          .storage = OX_STORAGE_OWNED,
          .encoding = OX_ENC_VARINT,
          .data = data,
          .n_bytes = 5},
         "cannot hold 6"},
        {{.dtype = OX_INT64, .storage = OX_STORAGE_OWNED, .encoding = OX_ENC_VARINT, .data = data, .n_bytes = 24},
         "cannot hold 1"},
        {{.dtype = OX_FLOAT, .storage = OX_STORAGE_OWNED, .encoding = (ox_encoding)9, .data = data, .n_bytes = 4},
         "no such encoding"},
        {{.dtype = OX_FLOAT, .storage = OX_STORAGE_SPARSE}, "dense values"},
        {{.dtype = OX_FLOAT, .storage = OX_STORAGE_OWNED, .encoding = OX_ENC_SCALED, .data = data, .n_bytes = 4},
         "a factor for each first index"},
    };
    for (size_t i = 0; i < OX__COUNT(rows); i++)
        assert_fails(ox_tensor_add(m, &t, &rows[i].i, &err), OX_E_INVALID, rows[i].why, &err);
    /* An empty tensor may have any other dim. */
    assert_ok(ox_tensor_add_raw(m, &t, OX_FLOAT, 3, huge_empty, NULL, 0, &err), &err);
    assert_int_equal(ox_tensor_get(m, t).n_elements, 0);
    assert_int_equal(ox_tensor_get(m, (ox_tensor){0}).dtype + ox_tensor_get(m, (ox_tensor){99}).dtype, 0);
    assert_int_equal(ox_tensor_raw_size(m, (ox_tensor){99}), 0);
}

static void test_owned(void **state)
{
    ox_model *m = *state;
    int64_t dims[] = {2, 2};
    float data[] = {1, 2, 3, 4}, got[2];
    ox_pair meta = {ir_str(m, "k"), ir_str(m, "v")};
    ox_tensor t;
    ox_tensor_info i = {.name = ir_str(m, "w"),
                        .dtype = OX_FLOAT,
                        .rank = 2,
                        .dims = dims,
                        .storage = OX_STORAGE_OWNED,
                        .data = data,
                        .n_bytes = sizeof data,
                        .n_metadata = 1,
                        .metadata = &meta,
                        .source = 7};
    assert_ok(ox_tensor_add(m, &t, &i, &err), &err);
    data[1] = 9;
    dims[0] = 9; /* both were copied */
    assert_ok(ox_tensor_read(m, t, 4, got, 8, &err), &err);
    assert_true(got[0] == 2 && got[1] == 3);
    ox_tensor_info back = ox_tensor_get(m, t);
    assert_int_equal(back.dims[0], 2);
    assert_int_equal(back.n_elements, 4);
    assert_int_equal(back.source, 7);
    assert_int_equal(back.metadata[0].value.id, meta.value.id);
    assert_int_equal(ox_tensor_raw_size(m, t), 16);
    assert_ok(ox_tensor_read(m, t, 16, NULL, 0, &err), &err);
    assert_fails(ox_tensor_read(m, t, 12, got, 8, &err), OX_E_INVALID, "bytes 12 to 20 of a tensor that has 16", &err);
    assert_fails(ox_tensor_read(m, t, UINT64_MAX, got, 8, &err), OX_E_INVALID, "of a tensor that has 16", &err);
    assert_fails(ox_tensor_read(m, (ox_tensor){0}, 0, got, 8, &err), OX_E_INVALID, "no tensor", &err);
}

static void test_not_readable(void **state)
{
    ox_model *m = *state;
    ox_tensor lost, text, sparse, values, indices;
    char byte;
    int64_t one[] = {1}, index = 3, hundred[] = {100};
    float v = 2;
    ox_str s[] = {ir_str(m, "a")};
    assert_ok(ox_tensor_add(
                  m, &lost,
                  &(ox_tensor_info){.dtype = OX_FLOAT, .rank = 1, .dims = hundred, .storage = OX_STORAGE_LOST}, &err),
              &err);
    assert_ok(ox_tensor_add(m, &text,
                            &(ox_tensor_info){.dtype = OX_STRING,
                                              .rank = 1,
                                              .dims = one,
                                              .storage = OX_STORAGE_OWNED,
                                              .encoding = OX_ENC_STRINGS,
                                              .strings = s},
                            &err),
              &err);
    assert_ok(ox_tensor_add_raw(m, &values, OX_FLOAT, 1, one, &v, 4, &err), &err);
    assert_ok(ox_tensor_add_raw(m, &indices, OX_INT64, 1, one, &index, 8, &err), &err);
    ox_tensor_info i = {.dtype = OX_FLOAT,
                        .rank = 1,
                        .dims = hundred,
                        .storage = OX_STORAGE_SPARSE,
                        .values = values,
                        .indices = indices};
    assert_ok(ox_tensor_add(m, &sparse, &i, &err), &err);
    i.indices = values;
    assert_fails(ox_tensor_add(m, &sparse, &i, &err), OX_E_INVALID, "indices of a sparse tensor are int64", &err);
    assert_fails(ox_tensor_read(m, lost, 0, &byte, 1, &err), OX_E_NOT_FOUND, "--weights", &err);
    assert_fails(ox_tensor_read(m, text, 0, &byte, 1, &err), OX_E_UNSUPPORTED, "string", &err);
    assert_fails(ox_tensor_read(m, sparse, 0, &byte, 1, &err), OX_E_UNSUPPORTED, "sparse", &err);
    assert_int_equal(ox_tensor_raw_size(m, lost) + ox_tensor_raw_size(m, text) + ox_tensor_raw_size(m, sparse), 0);
    assert_int_equal(ox_tensor_get(m, text).strings[0].id, s[0].id);
}

/* ---- varints ---- */
static size_t put_varint(uint8_t *p, uint64_t v)
{
    size_t n = 0;
    do p[n++] = (uint8_t)((v & 0x7f) | (v > 0x7f ? 0x80 : 0));
    while (v >>= 7);
    return n;
}

static void check_varints(ox_model *m, ox_dtype dtype, size_t n, const int64_t *stored, const void *want, size_t want_n)
{
    uint8_t bytes[256], got[64];
    size_t len = 0;
    for (size_t i = 0; i < n; i++) len += put_varint(bytes + len, (uint64_t)stored[i]);
    int64_t dims[] = {ox_dtype_bits(dtype) == 6 ? (int64_t)n : (int64_t)(want_n * 8 / ox_dtype_bits(dtype))};
    ox_tensor t;
    ox_tensor_info i = {.dtype = dtype,
                        .rank = 1,
                        .dims = dims,
                        .storage = OX_STORAGE_OWNED,
                        .encoding = OX_ENC_VARINT,
                        .data = bytes,
                        .n_bytes = len};
    assert_ok(ox_tensor_add(m, &t, &i, &err), &err);
    assert_int_equal(ox_tensor_raw_size(m, t), want_n);
    assert_ok(ox_tensor_read(m, t, 0, got, want_n, &err), &err);
    assert_memory_equal(got, want, want_n);
    for (size_t k = 0; k < want_n; k++) {
        assert_ok(ox_tensor_read(m, t, k, got, 1, &err), &err);
        assert_int_equal(got[0], ((const uint8_t *)want)[k]);
    }
    if (len > n) { /* an entry cut short, and one more than there should be */
        i.n_bytes = len - 1;
        assert_ok(ox_tensor_add(m, &t, &i, &err), &err);
        assert_fails(ox_tensor_read(m, t, 0, got, want_n, &err), OX_E_FORMAT, "fewer elements", &err);
    }
    bytes[len] = 1;
    i.n_bytes = len + 1;
    assert_ok(ox_tensor_add(m, &t, &i, &err), &err);
    assert_fails(ox_tensor_read(m, t, 0, got, want_n, &err), OX_E_FORMAT, "more elements", &err);
}

static void test_varints(void **state)
{
    ox_model *m = *state;
    const int64_t mixed[] = {-1, 0, 127, 128, INT64_MIN, INT64_MAX};
    check_varints(m, OX_INT64, 6, mixed, mixed, sizeof mixed);
    check_varints(m, OX_INT32, 3, (const int64_t[]){-1, 7, 1 << 30}, (const int32_t[]){-1, 7, 1 << 30}, 12);
    check_varints(m, OX_UINT32, 2, (const int64_t[]){4294967295, 1}, (const uint32_t[]){4294967295u, 1}, 8);
    check_varints(m, OX_INT16, 2, (const int64_t[]){-2, 300}, (const int16_t[]){-2, 300}, 4);
    check_varints(m, OX_FLOAT16, 2, (const int64_t[]){0x3c00, 0xc000}, (const uint16_t[]){0x3c00, 0xc000}, 4);
    check_varints(m, OX_INT8, 3, (const int64_t[]){-128, 127, 0}, (const int8_t[]){-128, 127, 0}, 3);
    check_varints(m, OX_BOOL, 2, (const int64_t[]){1, 0}, (const uint8_t[]){1, 0}, 2);
    check_varints(m, OX_UINT4, 2, (const int64_t[]){0x21, 0x43}, (const uint8_t[]){0x21, 0x43}, 2);
    check_varints(m, OX_INT2, 1, (const int64_t[]){0xe4}, (const uint8_t[]){0xe4}, 1);
    /* 6 bits: one element an entry, packed when read */
    check_varints(m, OX_FLOAT6E2M3, 5, (const int64_t[]){1, 2, 3, 4, 5}, (const uint8_t[]){0x81, 0x30, 0x10, 5}, 4);
    check_varints(m, OX_FLOAT6E3M2, 2, (const int64_t[]){63, 63}, (const uint8_t[]){0xff, 0x0f}, 2);
    check_varints(m, OX_FLOAT6E3M2, 3, (const int64_t[]){0, 0, 63}, (const uint8_t[]){0, 0xf0, 3}, 3);
    int64_t one = 1;
    uint8_t got;
    ox_tensor t;
    ox_tensor_info wide = {.dtype = OX_FLOAT6E3M2,
                           .rank = 1,
                           .dims = &one,
                           .storage = OX_STORAGE_OWNED,
                           .encoding = OX_ENC_VARINT,
                           .data = "\x40",
                           .n_bytes = 1};
    assert_ok(ox_tensor_add(m, &t, &wide, &err), &err);
    assert_fails(ox_tensor_read(m, t, 0, &got, 1, &err), OX_E_FORMAT, "64 where a number has 6 bits", &err);
}

static ox_status add_up(void *ud, const void *chunk, uint64_t n, uint64_t offset, ox_error *e)
{
    (void)offset, (void)e;
    for (uint64_t i = 0; i < n / 4; i++) *(double *)ud += (double)((const float *)chunk)[i];
    return OX_OK;
}

static void test_scaled(void **state)
{
    ox_model *m = *state;
    enum { ROWS = 3, PER = 5001 }; /* more than is read at once */
    static float data[ROWS * PER], got[ROWS * PER];
    const int64_t dims[] = {ROWS, PER}, none[] = {0, PER};
    const double scales[] = {2, 0.5, -1};
    for (int i = 0; i < ROWS * PER; i++) data[i] = (float)(i % 1000);
    ox_tensor t;
    ox_tensor_info i = {.dtype = OX_FLOAT,
                        .rank = 2,
                        .dims = dims,
                        .storage = OX_STORAGE_OWNED,
                        .encoding = OX_ENC_SCALED,
                        .data = data,
                        .n_bytes = sizeof data,
                        .scales = scales};
    assert_ok(ox_tensor_add(m, &t, &i, &err), &err);
    assert_int_equal(ox_tensor_raw_size(m, t), sizeof data);
    assert_ok(ox_tensor_read(m, t, 0, got, sizeof got, &err), &err);
    double sum = 0, want = 0;
    for (int k = 0; k < ROWS * PER; k++) {
        assert_true(got[k] == (float)((double)data[k] * scales[k / PER]));
        want += (double)got[k];
    }
    assert_ok(ox_tensor_stream(m, t, add_up, &sum, NULL, &err), &err);
    assert_true(sum == want);
    /* from anywhere on, also within an element */
    for (uint64_t at = 4 * PER - 6; at < 4 * PER + 6; at++) {
        assert_ok(ox_tensor_read(m, t, at, got, 7, &err), &err);
        float around[4];
        for (int k = 0; k < 4; k++) around[k] = data[at / 4 + k] * (float)scales[(at / 4 + k) / PER];
        assert_memory_equal(got, (uint8_t *)around + at % 4, 7);
    }
    i.dims = none;
    i.n_bytes = 0;
    assert_ok(ox_tensor_add(m, &t, &i, &err), &err);
    assert_ok(ox_tensor_stream(m, t, add_up, &sum, NULL, &err), &err);
}

typedef struct pieces {
    uint8_t *to;
    uint64_t n, chunks, stop_at;
} pieces;

static ox_status take(void *ud, const void *chunk, uint64_t n, uint64_t offset, ox_error *e)
{
    pieces *p = ud;
    assert_int_equal(offset, p->n);
    assert_true(n <= 1 << 20);
    assert_int_equal(n % 8, 0);
    memcpy(p->to + offset, chunk, n);
    p->n += n;
    p->chunks++;
    return p->stop_at && p->chunks == p->stop_at ? ox_error_set(e, OX_E_CHECK, "enough") : OX_OK;
}

static void test_stream(void **state)
{
    ox_model *m = *state;
    enum { N = 300000 };
    int64_t dims[] = {N}, *data = test_malloc(N * sizeof *data);
    uint8_t *bytes = test_malloc(N * 10), *got = test_malloc(N * 8);
    size_t len = 0;
    for (int i = 0; i < N; i++) {
        data[i] = (int64_t)i * i * (i % 2 ? -1 : 1);
        len += put_varint(bytes + len, (uint64_t)data[i]);
    }
    ox_tensor raw, packed;
    assert_ok(ox_tensor_add_raw(m, &raw, OX_INT64, 1, dims, data, N * 8, &err), &err);
    ox_tensor_info i = {.dtype = OX_INT64,
                        .rank = 1,
                        .dims = dims,
                        .storage = OX_STORAGE_OWNED,
                        .encoding = OX_ENC_VARINT,
                        .data = bytes,
                        .n_bytes = len};
    assert_ok(ox_tensor_add(m, &packed, &i, &err), &err);
    for (int k = 0; k < 2; k++) {
        pieces p = {.to = got};
        assert_ok(ox_tensor_stream(m, k ? packed : raw, take, &p, NULL, &err), &err);
        assert_int_equal(p.n, N * 8);
        assert_int_equal(p.chunks, 3);
        assert_memory_equal(got, data, N * 8);
        p = (pieces){.to = got, .stop_at = 2};
        assert_fails(ox_tensor_stream(m, k ? packed : raw, take, &p, NULL, &err), OX_E_CHECK, "enough", &err);
        assert_ok(ox_tensor_read(m, k ? packed : raw, (1 << 20) - 4, got, 8, &err), &err); /* across two chunks */
        assert_memory_equal(got, (uint8_t *)data + (1 << 20) - 4, 8);
    }
    assert_fails(ox_tensor_stream(m, raw, NULL, NULL, NULL, &err), OX_E_INVALID, "nobody", &err);
    test_free(data);
    test_free(bytes);
    test_free(got);
}

static ox_status take_six(void *ud, const void *chunk, uint64_t n, uint64_t offset, ox_error *e)
{
    pieces *p = ud;
    (void)e;
    assert_int_equal(offset, p->n);
    assert_int_equal(offset % 3, 0); /* an element begins the chunk's first byte */
    assert_true(n <= 1 << 20);
    memcpy(p->to + offset, chunk, n);
    p->n += n;
    p->chunks++;
    return OX_OK;
}

/* Four elements of 6 bits take three bytes: chunks end there, raw and decoded ones alike. */
static void test_stream_of_six_bits(void **state)
{
    ox_model *m = *state;
    enum { N = 1500001, BYTES = (N * 6 + 7) / 8 };
    int64_t dims[] = {N};
    uint8_t *codes = test_malloc(N), *want = test_calloc(BYTES, 1), *got = test_malloc(BYTES);
    for (uint32_t i = 0; i < N; i++) {
        codes[i] = (uint8_t)(i * 2654435761u >> 26);
        for (uint32_t b = 0; b < 6; b++) want[(i * 6 + b) / 8] |= (uint8_t)((codes[i] >> b & 1) << (i * 6 + b) % 8);
    }
    ox_tensor raw, packed;
    assert_ok(ox_tensor_add_raw(m, &raw, OX_FLOAT6E2M3, 1, dims, want, BYTES, &err), &err);
    ox_tensor_info i = {.dtype = OX_FLOAT6E2M3,
                        .rank = 1,
                        .dims = dims,
                        .storage = OX_STORAGE_OWNED,
                        .encoding = OX_ENC_VARINT,
                        .data = codes,
                        .n_bytes = N};
    assert_ok(ox_tensor_add(m, &packed, &i, &err), &err);
    for (int k = 0; k < 2; k++) {
        pieces p = {.to = got};
        assert_ok(ox_tensor_stream(m, k ? packed : raw, take_six, &p, NULL, &err), &err);
        assert_int_equal(p.n, BYTES);
        assert_int_equal(p.chunks, 2);
        assert_memory_equal(got, want, BYTES);
        assert_ok(ox_tensor_read(m, k ? packed : raw, (1 << 20) - 7, got, 19, &err), &err); /* across two chunks */
        assert_memory_equal(got, want + (1 << 20) - 7, 19);
    }
    test_free(codes);
    test_free(want);
    test_free(got);
}

static bool never(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)what;
    (void)total;
    return done < *(uint64_t *)ud;
}

static void test_interrupted(void **state)
{
    ox_model *m = *state;
    int64_t dims[] = {1 << 19};
    void *data = test_calloc(1 << 19, 4);
    ox_tensor t;
    assert_ok(ox_tensor_add_raw(m, &t, OX_FLOAT, 1, dims, data, 4 << 19, &err), &err);
    test_free(data);
    uint64_t stop = 1 << 20;
    ox_tensor_stats_t stats;
    assert_fails(ox_tensor_stats(m, t, &stats, &(ox_task){never, &stop}, &err), OX_E_INTERRUPTED, "interrupted", &err);
}

static void test_file(void **state)
{
    ox_model *m = *state;
    enum { N = 4096 };
    uint8_t data[N], got[N];
    for (int i = 0; i < N; i++) data[i] = (uint8_t)(i * 7);
    uint32_t file = add_file(m, data, N);
    int64_t dims[] = {N - 3};
    ox_tensor_info i = {.dtype = OX_UINT8,
                        .rank = 1,
                        .dims = dims,
                        .storage = OX_STORAGE_FILE,
                        .file = file,
                        .offset = 3,
                        .n_bytes = N - 3};
    ox_tensor t;
    assert_ok(ox_tensor_add(m, &t, &i, &err), &err);
    i.offset = 4;
    assert_fails(ox_tensor_add(m, &t, &i, &err), OX_E_INVALID, "within its file", &err);
    i.offset = UINT64_MAX;
    assert_fails(ox_tensor_add(m, &t, &i, &err), OX_E_INVALID, "within its file", &err);
    i.file = 5;
    assert_fails(ox_tensor_add(m, &t, &i, &err), OX_E_INVALID, "within its file", &err);
    assert_ok(ox_tensor_read(m, t, 10, got, 100, &err), &err);
    assert_memory_equal(got, data + 13, 100);
    assert_int_equal(truncate(path, 10), 0);
    assert_int_equal(ox_tensor_read(m, t, 10, got, 100, &err), OX_E_IO);
    ox_tensor_stats_t stats;
    assert_int_equal(ox_tensor_stats(m, t, &stats, NULL, &err), OX_E_IO);
    unlink(path);
    assert_null(ox__model_file(m, 9));
}

/* ---- statistics ---- */
/* The same by the plainest means. */
static void plain_stats(ox_dtype dtype, const void *data, uint64_t n, ox_tensor_stats_t *o)
{
    *o = (ox_tensor_stats_t){.n = n, .min = INFINITY, .max = -INFINITY};
    long double sum = 0, square = 0;
    uint64_t finite = 0;
    for (uint64_t i = 0; i < n; i++) {
        double v = ox_dtype_get_f64(dtype, data, i);
        o->n_zero += v == 0;
        o->n_nan += isnan(v) != 0;
        o->n_inf += isinf(v) != 0;
        if (!isfinite(v)) continue;
        finite++;
        sum += v;
        o->min = fmin(o->min, v);
        o->max = fmax(o->max, v);
    }
    o->mean = finite ? (double)(sum / finite) : NAN;
    for (uint64_t i = 0; i < n; i++) {
        double v = ox_dtype_get_f64(dtype, data, i);
        if (!isfinite(v)) continue;
        square += ((long double)v - sum / finite) * ((long double)v - sum / finite);
        double width = o->max - o->min;
        long double b = width > 0 ? (v - o->min) * (OX_HISTOGRAM_BINS / width) : 0;
        if (isinf(width)) b = ((long double)v - o->min) / ((long double)o->max - o->min) * OX_HISTOGRAM_BINS;
        o->bins[b < OX_HISTOGRAM_BINS ? (int)b : OX_HISTOGRAM_BINS - 1]++;
    }
    o->std = finite ? (double)sqrtl(square / finite) : NAN;
}

static bool close_to(double a, double b, double scale)
{
    return (isnan(a) && isnan(b)) || fabs(a - b) <= 1e-9 * (fabs(scale) + fabs(b)) + 1e-300;
}

static void check_stats(ox_model *m, ox_dtype dtype, const void *data, uint64_t n)
{
    int64_t dims[] = {(int64_t)n};
    uint64_t bytes;
    ox_tensor t;
    ox_tensor_stats_t got, want;
    assert_true(ox_dtype_bytes(dtype, n, &bytes));
    assert_ok(ox_tensor_add_raw(m, &t, dtype, 1, dims, data, bytes, &err), &err);
    assert_ok(ox_tensor_stats(m, t, &got, NULL, &err), &err);
    plain_stats(dtype, data, n, &want);
    assert_int_equal(got.n, want.n);
    assert_int_equal(got.n_nan, want.n_nan);
    assert_int_equal(got.n_inf, want.n_inf);
    assert_int_equal(got.n_zero, want.n_zero);
    uint64_t all = 0;
    for (int b = 0; b < OX_HISTOGRAM_BINS; b++) {
        assert_int_equal(got.bins[b], want.bins[b]);
        all += got.bins[b];
    }
    assert_int_equal(all, n - got.n_nan - got.n_inf);
    if (!all) {
        assert_true(isnan(got.min) && isnan(got.max) && isnan(got.mean) && isnan(got.std));
        return;
    }
    assert_true(got.min == want.min && got.max == want.max);
    assert_true(close_to(got.mean, want.mean, want.std));
    assert_true(close_to(got.std, want.std, want.std));
}

static void test_stats_of_all_types(void **state)
{
    ox_model *m = *state;
    enum { BYTES = (1 << 20) + (1 << 14) }; /* two chunks */
    uint8_t *data = test_malloc(BYTES);
    uint64_t r = 99;
    for (int i = 0; i < BYTES; i++) data[i] = (uint8_t)((r = r * UINT64_C(6364136223846793005) + 1) >> 56);
    for (int d = OX_FLOAT; d < OX_N_DTYPES; d++) {
        unsigned bits = ox_dtype_bits((ox_dtype)d);
        if (!bits) continue;
        uint64_t n = (uint64_t)BYTES * 8 / bits;
        for (uint64_t cut = 0; cut < 4; cut++)
            check_stats(m, (ox_dtype)d, data + (bits >= 8 ? cut * (bits / 8) : 0), cut ? 1000 - cut : n - 8);
    }
    test_free(data);
}

static void test_stats_of_float32(void **state)
{
    ox_model *m = *state;
    enum { N = 10007 };
    static float x[N];
    for (int i = 0; i < N; i++) x[i] = 1e6f + (float)(i % 13); /* a mean far from zero, a small deviation */
    check_stats(m, OX_FLOAT, x, N);
    x[5] = NAN;
    x[4000] = INFINITY;
    x[9999] = -INFINITY;
    x[77] = -0.0f;
    check_stats(m, OX_FLOAT, x, N);
    for (int i = 0; i < N; i++) x[i] = 3.25f;
    check_stats(m, OX_FLOAT, x, N);
    for (int i = 0; i < N; i++) x[i] = i % 2 ? NAN : INFINITY;
    check_stats(m, OX_FLOAT, x, N);
    for (int i = 0; i < N; i++) x[i] = (float)(i - 5000) * 6e34f; /* wider than a float32 holds */
    check_stats(m, OX_FLOAT, x, N);
    for (int i = 0; i < N; i++) x[i] = (float)i * 1e-45f;
    check_stats(m, OX_FLOAT, x, N);
    check_stats(m, OX_FLOAT, x, 1);
    check_stats(m, OX_FLOAT, x, 0);
}

static void test_stats_of_extreme_doubles(void **state)
{
    ox_model *m = *state;
    double x[] = {-1.7e308, 0, 1.7e308, 1e308};
    ox_tensor t;
    ox_tensor_stats_t s;
    int64_t dims[] = {4};
    assert_ok(ox_tensor_add_raw(m, &t, OX_DOUBLE, 1, dims, x, sizeof x, &err), &err);
    assert_ok(ox_tensor_stats(m, t, &s, NULL, &err), &err);
    assert_int_equal(s.bins[0], 1);
    assert_int_equal(s.bins[16], 1);
    assert_int_equal(s.bins[25], 1);
    assert_int_equal(s.bins[31], 1);
    for (int i = 0; i < 4; i++) x[i] = (double)i * 5e-324;
    assert_ok(ox_tensor_add_raw(m, &t, OX_DOUBLE, 1, dims, x, sizeof x, &err), &err);
    assert_ok(ox_tensor_stats(m, t, &s, NULL, &err), &err);
    assert_int_equal(s.bins[0], 1);
    assert_int_equal(s.bins[31], 1);
    assert_int_equal(s.bins[0] + s.bins[10] + s.bins[21] + s.bins[31], 4);
    assert_fails(ox_tensor_stats(m, (ox_tensor){0}, &s, NULL, &err), OX_E_INVALID, "no tensor", &err);
    assert_fails(ox_tensor_stats(NULL, t, &s, NULL, &err), OX_E_INVALID, "no model", &err);
}

#define T(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)

int main(int argc, char **argv)
{
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    const struct CMUnitTest tests[] = {
        T(test_refused),
        T(test_owned),
        T(test_not_readable),
        T(test_varints),
        T(test_scaled),
        T(test_stream),
        T(test_file),
        T(test_stream_of_six_bits),
        T(test_interrupted),
        T(test_stats_of_all_types),
        T(test_stats_of_float32),
        T(test_stats_of_extreme_doubles),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
