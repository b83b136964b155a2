/* Files of PyTorch as a hostile hand makes them, byte by byte: each is refused with a reason. */
#include "ox_test.h"

#include "base/base.h"
#include "ox_dir.h"
#include "ox_torch_test.h"

#include <onnxsh/io.h>

#include <zlib.h>

static ox_error err;
static ox_model *m;

static int setup(void **state)
{
    m = NULL;
    return dir_setup(state);
}

static int teardown(void **state)
{
    ox__alloc_fail_at(0, false);
    ox_model_free(m);
    return dir_teardown(state);
}

/* ---- archives by hand ---- */
static ox__buf out;

static void le(uint64_t v, int n)
{
    for (int i = 0; i < n; i++) ox__buf_addc(&out, (char)(v >> 8 * i));
}

/* A record; `lie` is added to the sizes that both headers state. */
typedef struct record {
    const char *name, *data;
    size_t n;
    bool deflated;
    int lie;
    uint32_t at; /* where the directory says that it begins, + 1; 0 = right */
} record;

static void headers(const record *r, bool central, uint32_t crc, size_t packed, uint32_t at)
{
    size_t size = r->n + (size_t)r->lie;
    ox__buf_add(&out, central ? "PK\1\2\24\0" : "PK\3\4", central ? 6 : 4);
    le(20, 2);
    le(0, 2);
    le(r->deflated ? 8 : 0, 2);
    le(0, 4);
    le(crc, 4);
    le(r->deflated ? packed : packed + (size_t)r->lie, 4);
    le(size, 4);
    le(strlen(r->name), 2);
    le(0, central ? 8 : 2);
    if (central) le(0, 4), le(r->at ? r->at - 1 : at, 4);
    ox__buf_addz(&out, r->name);
}

static void build(const record *records, size_t n)
{
    static uint8_t squeezed[1 << 20];
    uint32_t at[16], crc[16];
    size_t packed[16];
    ox__buf_clear(&out);
    for (size_t i = 0; i < n; i++) {
        const record *r = &records[i];
        const uint8_t *data = (const uint8_t *)r->data;
        crc[i] = (uint32_t)crc32_z(crc32(0, NULL, 0), data, r->n);
        packed[i] = r->n;
        if (r->deflated) {
            z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)r->n, .next_out = squeezed};
            z.avail_out = sizeof squeezed;
            assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
            assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
            packed[i] = z.total_out;
            deflateEnd(&z);
            data = squeezed;
        }
        at[i] = (uint32_t)out.n;
        headers(r, false, crc[i], packed[i], 0);
        ox__buf_add(&out, data, packed[i]);
    }
    size_t begin = out.n;
    for (size_t i = 0; i < n; i++) headers(&records[i], true, crc[i], packed[i], at[i]);
    size_t length = out.n - begin;
    ox__buf_addz(&out, "PK\5\6");
    le(0, 4);
    le(n, 2);
    le(n, 2);
    le(length, 4);
    le(begin, 4);
    le(0, 2);
    assert_false(out.failed);
}

static ox_status open_bytes(void)
{
    ox_model_free(m);
    m = NULL;
    return ox_open_memory(&m, out.p, out.n, "x.pt", NULL, NULL, NULL, &err);
}

#define TENSOR(numel, offset, sizes, strides) \
    "\x80\x02}X\x01\x00\x00\x00wctorch._utils\n_rebuild_tensor_v2\n((X\x07\x00\x00\x00storagectorch\nFloatStorage\n" \
    "X\x01\x00\x00\x00" \
    "0X\x03\x00\x00\x00" \
    "cpuK" numel "tQK" offset "(" sizes "t(" strides "t\x89NtRs."
#define RECORD(name, data) \
    { \
        name, data, sizeof(data) - 1, false, 0, 0 \
    }
#define PLAIN TENSOR("\x04", "\x00", "K\x04", "K\x01")
#define BYTES "0123456789abcdef"
#define BUILD(...) build((const record[]){__VA_ARGS__}, sizeof((const record[]){__VA_ARGS__}) / sizeof(record))

static void test_by_hand(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", PLAIN), RECORD("a/data/0", BYTES), RECORD("a/version", "3\n"));
    assert_ok(open_bytes(), &err);
    ox_tensor t;
    assert_int_equal(weight(m, "w", &t).n_bytes, 16);
    uint8_t got[16];
    assert_ok(ox_tensor_read(m, t, 0, got, 16, &err), &err);
    assert_memory_equal(got, BYTES, 16);
}

static void test_path_traversal(void **state)
{
    (void)state;
    static const char *const names[] = {"a/../../etc/passwd", "/etc/passwd", "../x", "a/..", "c:/x", "a\\..\\x"};
    for (size_t i = 0; i < OX__COUNT(names); i++) {
        BUILD(RECORD("a/data.pkl", PLAIN), RECORD("a/data/0", BYTES), {names[i], "x", 1, false, 0, 0});
        assert_fails(open_bytes(), OX_E_FORMAT, "leads out of it", &err);
    }
    BUILD(RECORD("a/data.pkl", PLAIN), RECORD("a/data/0", BYTES), RECORD("a/..x/y..", "x"));
    assert_ok(open_bytes(), &err);
}

/* A storage's key cannot lead anywhere but to a record: what is not there is missing. */
static void test_storage_keys(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", PLAIN), RECORD("a/data/1", BYTES));
    assert_fails(open_bytes(), OX_E_FORMAT, "'data/0' is missing", &err);
    BUILD(RECORD("a/data.pkl", TENSOR("\x00", "\x00", "K\x00", "K\x01")));
    assert_ok(open_bytes(), &err);
    assert_int_equal(ox_graph_n_initializers(m, ox_model_main(m)), 1);
}

static void test_truncated(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", PLAIN), RECORD("a/data/0", BYTES), RECORD("a/version", "3\n"));
    size_t n = out.n;
    for (size_t i = 0; i < n; i++) {
        out.n = i;
        assert_int_not_equal(open_bytes(), OX_OK);
        assert_true(err.msg[0]);
    }
}

static void test_truncated_legacy(void **state)
{
    (void)state;
    FILE *f = fopen(fixture("legacy_113"), "rb");
    assert_non_null(f);
    ox__buf_clear(&out);
    for (int c; (c = getc(f)) != EOF;) ox__buf_addc(&out, (char)c);
    fclose(f);
    size_t n = out.n;
    assert_ok(open_bytes(), &err);
    for (size_t i = 0; i < n; i++) {
        out.n = i;
        assert_int_not_equal(open_bytes(), OX_OK);
        assert_true(err.msg[0]);
    }
    out.n = n;
    ox__buf_addc(&out, 'x');
    assert_fails(open_bytes(), OX_E_FORMAT, "follows the last storage", &err);
}

static void test_lying_sizes(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", PLAIN), {"a/data/0", BYTES, 16, false, 4, 0});
    assert_int_not_equal(open_bytes(), OX_OK);
    BUILD({"a/data.pkl", PLAIN, sizeof PLAIN - 1, true, 100, 0}, RECORD("a/data/0", BYTES));
    assert_fails(open_bytes(), OX_E_FORMAT, "less than it states", &err);
    BUILD({"a/data.pkl", PLAIN, sizeof PLAIN - 1, true, -5, 0}, RECORD("a/data/0", BYTES));
    assert_fails(open_bytes(), OX_E_FORMAT, "more than it states", &err);
}

static void test_overlapping(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", PLAIN), {"a/data/0", BYTES, 16, false, 0, 6});
    assert_fails(open_bytes(), OX_E_FORMAT, "overlap", &err);
}

static void test_duplicates(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", PLAIN), RECORD("a/data/0", BYTES), RECORD("a/data/0", BYTES));
    assert_fails(open_bytes(), OX_E_FORMAT, "two entries", &err);
    BUILD(RECORD("a/data.pkl", PLAIN), RECORD("a/data/0", BYTES), RECORD("b/data.pkl", PLAIN));
    assert_fails(open_bytes(), OX_E_FORMAT, "two records data.pkl", &err);
}

/* A hundred megabytes of blanks in a hundred kilobytes. */
static void test_deflate_bomb(void **state)
{
    (void)state;
    size_t n = (size_t)100 << 20;
    char *blanks = malloc(n);
    assert_non_null(blanks);
    memset(blanks, 'N', n);
    BUILD({"a/data.pkl", blanks, n, true, 0, 0}, RECORD("a/data/0", BYTES));
    free(blanks);
    assert_true(out.n < 200000);
    assert_fails(open_bytes(), OX_E_LIMIT, "unpacks to", &err);
}

static void test_reduce(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", "\x80\x02"
                               "cposix\nsystem\nX\x0b\x00\x00\x00touch owned\x85R."));
    assert_fails(open_bytes(), OX_E_UNSUPPORTED, "posix.system", &err);
    assert_int_equal(access("owned", F_OK), -1);
    BUILD(RECORD("a/data.pkl", "\x80\x02"
                               "cnumpy.core.multiarray\n_reconstruct\n)R."));
    assert_fails(open_bytes(), OX_E_UNSUPPORTED, "numpy.core.multiarray._reconstruct", &err);
}

static void test_cycle(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", "\x80\x02}q\x00X\x01\x00\x00\x00"
                               "ah\x00s."));
    assert_fails(open_bytes(), OX_E_UNSUPPORTED, "contains itself", &err);
}

static void test_small_storage(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", TENSOR("\x04", "\x01", "K\x04", "K\x01")), RECORD("a/data/0", BYTES));
    assert_fails(open_bytes(), OX_E_FORMAT, "beyond its storage", &err);
    BUILD(RECORD("a/data.pkl", TENSOR("\x04", "\x00", "K\x02K\x02", "K\x03K\x01")), RECORD("a/data/0", BYTES));
    assert_fails(open_bytes(), OX_E_FORMAT, "beyond its storage", &err);
    BUILD(RECORD("a/data.pkl", TENSOR("\x05", "\x00", "K\x04", "K\x01")), RECORD("a/data/0", BYTES));
    assert_fails(open_bytes(), OX_E_FORMAT, "too few", &err);
    BUILD(RECORD("a/data.pkl", TENSOR("\x04", "\x00", "K\x02K\x02", "J\xff\xff\xff\x7fK\x01")),
          RECORD("a/data/0", BYTES));
    assert_fails(open_bytes(), OX_E_FORMAT, "beyond its storage", &err);
    BUILD(RECORD("a/data.pkl", TENSOR("\x04", "\x00", "K\x02K\x02", "\x8a\x08\xff\xff\xff\xff\xff\xff\xff\x7fK\x01")),
          RECORD("a/data/0", BYTES));
    assert_fails(open_bytes(), OX_E_FORMAT, "beyond its storage", &err);
}

/* Four floats that claim to be a terabyte. */
static void test_expanded(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", TENSOR("\x04", "\x00", "J\x00\x00\x00\x40K\xffK\x04", "K\x00K\x00K\x01")),
          RECORD("a/data/0", BYTES));
    assert_fails(open_bytes(), OX_E_LIMIT, "16 GiB", &err);
    BUILD(RECORD("a/data.pkl", TENSOR("\x04", "\x00", "J\x00\x00\x00\x04K\x0fK\x04", "K\x00K\x00K\x01")),
          RECORD("a/data/0", BYTES));
    assert_fails(open_bytes(), OX_E_LIMIT, "repeats its elements", &err);
}

/* One long key above a thousand tensors would make a name of gigabytes. */
static void test_long_names(void **state)
{
    (void)state;
    ox__buf p = {0};
    enum { KEY = 1 << 20, TENSORS = 200 };
    ox__buf_addz(&p, "\x80\x02}X");
    ox__buf_add(&p, "\x00\x00\x10\x00", 4);
    for (int i = 0; i < KEY; i++) ox__buf_addc(&p, 'k');
    static const char tensor[] = TENSOR("\x04", "\x00", "K\x04", "K\x01");
    ox__buf_addz(&p, "](");
    size_t skip = 2 + 1 + 6; /* to the first instruction of the tensor, without the end */
    for (int i = 0; i < TENSORS; i++) ox__buf_add(&p, tensor + skip, sizeof tensor - 1 - skip - 2);
    ox__buf_addz(&p, "es.");
    const record records[] = {{"a/data.pkl", p.p, p.n, false, 0, 0}, RECORD("a/data/0", BYTES)};
    build(records, 2);
    ox__buf_free(&p);
    assert_fails(open_bytes(), OX_E_LIMIT, "names of the weights", &err);
}

static void test_damaged(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", PLAIN), RECORD("a/data/0", BYTES));
    char *at = memmem(out.p, out.n, "_rebuild", 8);
    assert_non_null(at);
    at[1] = 'R';
    assert_fails(open_bytes(), OX_E_FORMAT, "checksum", &err);
    BUILD(RECORD("a/data.pkl", PLAIN "N."), RECORD("a/data/0", BYTES));
    assert_fails(open_bytes(), OX_E_FORMAT, "follows the pickle", &err);
    BUILD(RECORD("a/data.pkl", PLAIN), RECORD("a/data/0", BYTES), RECORD("a/byteorder", "middle"));
    assert_fails(open_bytes(), OX_E_FORMAT, "byte order", &err);
    BUILD(RECORD("a/data.pkl", PLAIN), RECORD("a/constants.pkl", "\x80\x02)."));
    assert_fails(open_bytes(), OX_E_FORMAT, "no module", &err);
    BUILD(RECORD("a/data.pkl", "\x80\x02"
                               "c__torch__\nC\n)\x81}b."),
          RECORD("a/constants.pkl", "\x80\x02N."));
    assert_fails(open_bytes(), OX_E_FORMAT, "no constants", &err);
}

static void keep_warning(void *ud, const ox_error *w)
{
    *(ox_error *)ud = *w;
}

#define MODULE \
    "\x80\x02" \
    "c__torch__\nC\n)\x81}X\x01\x00\x00\x00sc__torch__.a\nS\n)\x81}bsb."
#define CODE(body) "class C(Module):\n  s : __torch__.a.S\n  def forward(self: __torch__.C) -> int:\n    " body "\n"

/* Code that is not understood: the archive opens without a graph, with the reason; its modules are scopes. */
static void test_not_understood(void **state)
{
    (void)state;
    ox_error w, why;
    BUILD(RECORD("a/data.pkl", MODULE), RECORD("a/constants.pkl", "\x80\x02)."),
          RECORD("a/code/__torch__.py", CODE("return 1 + 1")), RECORD("a/code/__torch__/a.py", "class S(Module):\n"));
    assert_ok(ox_open_memory(&m, out.p, out.n, "x.pt", NULL, keep_warning, &w, &err), &err);
    assert_int_equal(ox_model_graph_status(m, &why), OX_E_FORMAT);
    assert_string_equal(why.msg, w.msg);
    assert_string_equal(why.msg, "the graph cannot be read: expected an imaginary number");
    assert_string_equal(why.file, "x.pt (code/__torch__.py)");
    assert_int_equal(why.line, 4);
    assert_int_equal(ox_model_scope_limit(m), 3);
    ox_scope root = ox_model_scope_at(m, 1), s = ox_model_scope_at(m, 2);
    assert_string_equal(ox_str_text(m, ox_scope_class(m, root), NULL), "C");
    assert_string_equal(ox_str_text(m, ox_scope_class(m, s), NULL), "a.S");
    assert_string_equal(ox_str_text(m, ox_scope_attr(m, s), NULL), "s");
    BUILD(RECORD("a/data.pkl", MODULE), RECORD("a/constants.pkl", "\x80\x02)."));
    assert_ok(open_bytes(), &err);
    assert_int_equal(ox_model_graph_status(m, NULL), OX_E_FORMAT);
    BUILD(RECORD("a/data.pkl", MODULE), RECORD("a/constants.pkl", "\x80\x02)."),
          RECORD("a/code/__torch__.py", CODE("return 1")), RECORD("a/code/__torch__/a.py", "class S(Module):\n"));
    assert_ok(open_bytes(), &err);
    assert_ok(ox_model_graph_status(m, &err), &err);
}

/* Cut, damaged or without bounds is another thing: no archive that code of a newer PyTorch explains. */
static void test_damaged_code(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", MODULE), RECORD("a/constants.pkl", "\x80\x02)."),
          RECORD("a/code/__torch__.py", CODE("return (1")));
    assert_fails(open_bytes(), OX_E_FORMAT, "expected", &err);
    BUILD(RECORD("a/data.pkl", MODULE), RECORD("a/constants.pkl", "\x80\x02)."),
          RECORD("a/code/__torch__.py", CODE("return 1")));
    char *at = memmem(out.p, out.n, "return 1", 8);
    at[7] = '2';
    assert_fails(open_bytes(), OX_E_FORMAT, "checksum", &err);
    BUILD(RECORD("a/data.pkl", MODULE), RECORD("a/constants.pkl", "\x80\x02)."),
          RECORD("a/code/__torch__.py", CODE("return (self).forward()")),
          RECORD("a/code/__torch__/a.py", "class S(Module):\n"));
    assert_fails(open_bytes(), OX_E_LIMIT, "calls itself", &err);
}

static void test_not_understood_memory(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", MODULE), RECORD("a/constants.pkl", "\x80\x02)."),
          RECORD("a/code/__torch__.py", CODE("return 1 + 1")), RECORD("a/code/__torch__/a.py", "class S(Module):\n"));
    for (uint64_t at = 1;; at++) {
        ox__alloc_fail_at(at, false);
        ox_status s = open_bytes();
        bool over = ox__alloc_count() < at;
        ox__alloc_fail_at(0, false);
        if (s != OX_OK) assert_int_equal(s, OX_E_NOMEM); /* what only saves time is done without */
        if (s == OX_OK) assert_int_equal(ox_model_graph_status(m, NULL), OX_E_FORMAT);
        if (over) break;
    }
}

/* A weight whose bytes were changed is found when it is bound, which reads it. */
static void test_damaged_weight(void **state)
{
    (void)state;
    BUILD(RECORD("a/data.pkl", PLAIN), RECORD("a/data/0", BYTES));
    char *at = memmem(out.p, out.n, BYTES, 16);
    at[3] = 'X';
    dir_write("x.pt", out.p, out.n);
    assert_ok(ox_model_create(&m, OX_MODEL_TRACE, &err), &err);
    ox_value v;
    assert_ok(ox_graph_add_input(m, &v, ox_model_main(m), SIZE_MAX, ox_str_addz(m, "w"), (ox_type){0}, &err), &err);
    assert_fails(ox_bind_weights(m, dir_path("x.pt"), NULL, NULL, NULL, &err), OX_E_FORMAT, "checksum", &err);
}

/* What PyTorch wrote elsewhere or earlier is told by its name. */
static void test_others(void **state)
{
    (void)state;
    BUILD(RECORD("a/model.json", "{}"), RECORD("a/tensors/0", BYTES));
    assert_fails(open_bytes(), OX_E_UNSUPPORTED, "1.0 to 1.3", &err);
    assert_string_not_equal(err.hint, "");
    BUILD(RECORD("a/archive_format", "pt2"), RECORD("a/models/model.json", "{}"));
    assert_fails(open_bytes(), OX_E_UNSUPPORTED, "torch.export", &err);
    BUILD(RECORD("serialized_exported_program.json", "{}"));
    assert_fails(open_bytes(), OX_E_UNSUPPORTED, "torch.export", &err);
    BUILD(RECORD("word/document.xml", "<>"));
    assert_fails(open_bytes(), OX_E_UNSUPPORTED, "none that PyTorch writes", &err);
    assert_non_null(strstr(err.hint, "--weights"));
    static const struct {
        const char *begin;
        size_t n;
        const char *part;
    } files[] = {
        {"\x18\x00\x00\x00PTMF\x00\x00", 10, "mobile"},
        {"PYTORCH1\x01\x00\x00\x00", 12, "preview"},
        {"\x80\x02K\x01.", 5, "not one that torch.save wrote"},
        {"\x80\x04\x95\x00\x00\x00\x00", 7, "not one that torch.save wrote"},
    };
    for (size_t i = 0; i < OX__COUNT(files); i++) {
        ox__buf_clear(&out);
        ox__buf_add(&out, files[i].begin, files[i].n);
        assert_fails(open_bytes(), OX_E_UNSUPPORTED, files[i].part, &err);
        assert_string_not_equal(err.hint, "");
    }
    char tar[512] = "sys_info";
    memcpy(tar + 257, "ustar", 5);
    ox__buf_clear(&out);
    ox__buf_add(&out, tar, sizeof tar);
    assert_fails(open_bytes(), OX_E_UNSUPPORTED, "tar archive", &err);
}

static int free_out(void **state)
{
    (void)state;
    ox__buf_free(&out);
    return 0;
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {
        T(test_by_hand),
        T(test_path_traversal),
        T(test_storage_keys),
        T(test_truncated),
        T(test_truncated_legacy),
        T(test_lying_sizes),
        T(test_overlapping),
        T(test_duplicates),
        T(test_deflate_bomb),
        T(test_reduce),
        T(test_cycle),
        T(test_small_storage),
        T(test_expanded),
        T(test_long_names),
        T(test_damaged),
        T(test_damaged_weight),
        T(test_not_understood),
        T(test_damaged_code),
        T(test_not_understood_memory),
        T(test_others),
    };
    return cmocka_run_group_tests_name("torchscript_hostile", tests, NULL, free_out);
}
