/* Zip archives by hand: what two places say differently, what overlaps, what claims too much, is refused. */
#include "ox_test.h"

#include "io/zip.h"
#include "ox_dir.h"

#include <zlib.h>

/* One entry as the test wants it written; zero fields are filled in. */
typedef struct item {
    const char *name, *data;
    size_t n; /* of data; 0 = strlen */
    uint16_t method, flags, local_flags, local_method;
    const char *local_name;
    uint32_t crc, local_crc;
    uint32_t packed, size, local_size; /* what the headers claim */
    bool zip64, descriptor;
    uint16_t local_extra; /* bytes of the data that the local header takes for its own */
    uint32_t at;          /* where the directory says that it stands, + 1 */
} item;

static ox__buf out;

static void u16(unsigned v)
{
    ox__buf_addc(&out, (char)v);
    ox__buf_addc(&out, (char)(v >> 8));
}

static void u32(uint64_t v)
{
    u16((unsigned)v & 0xFFFF);
    u16((unsigned)(v >> 16) & 0xFFFF);
}

static void u64(uint64_t v)
{
    u32(v & 0xFFFFFFFF);
    u32(v >> 32);
}

static void local_header(const item *e, uint32_t crc, uint32_t packed, uint32_t size)
{
    const char *name = e->local_name ? e->local_name : e->name;
    ox__buf_add(&out, "PK\3\4", 4);
    u16(20);
    u16(e->local_flags ? e->local_flags - 1u : e->flags);
    u16(e->local_method ? e->local_method - 1u : e->method);
    u32(0);
    u32(e->descriptor ? 0 : e->local_crc ? e->local_crc : crc);
    u32(e->zip64 ? 0xFFFFFFFF : e->descriptor ? 0 : packed);
    u32(e->zip64 ? 0xFFFFFFFF : e->descriptor ? 0 : e->local_size ? e->local_size : size);
    u16((unsigned)strlen(name));
    u16(e->zip64 ? 20 : e->local_extra);
    ox__buf_addz(&out, name);
    if (!e->zip64) return;
    u16(1);
    u16(16);
    u64(e->local_size ? e->local_size : size);
    u64(packed);
}

static void central_header(const item *e, uint32_t crc, uint32_t packed, uint32_t size, uint32_t at)
{
    ox__buf_add(&out, "PK\1\2", 4);
    u32(20);
    u16(e->flags);
    u16(e->method);
    u32(0);
    u32(crc);
    u32(e->zip64 ? 0xFFFFFFFF : packed);
    u32(e->zip64 ? 0xFFFFFFFF : size);
    u16((unsigned)strlen(e->name));
    u16(e->zip64 ? 32 : 0);
    u16(0);
    u16(0);
    u16(0);
    u32(0);
    u32(e->zip64 ? 0xFFFFFFFF : at);
    ox__buf_addz(&out, e->name);
    if (!e->zip64) return;
    u16(0x5455); /* another field first */
    u16(0);
    u16(1);
    u16(24);
    u64(size);
    u64(packed);
    u64(at);
}

/* The end of the archive; each number may be overridden by a test. */
typedef struct tail {
    int entries;          /* 0 = right; else this - 1 */
    int64_t size, offset; /* differences */
    bool zip64;
    int64_t entries64; /* difference */
    const char *comment;
} tail;

static const tail plain_tail;

static void build(const item *items, size_t n, const tail *t)
{
    uint32_t at[8], crc[8], packed[8], size[8];
    ox__buf_clear(&out);
    for (size_t i = 0; i < n; i++) {
        const item *e = &items[i];
        static uint8_t squeezed[1 << 16];
        size_t len = e->n ? e->n : strlen(e->data);
        const uint8_t *data = (const uint8_t *)e->data;
        uLong sum = crc32(0, data, (uInt)len);
        size_t stored = len;
        if (e->method == 8) {
            z_stream z = {.next_in = (Bytef *)(uintptr_t)data, .avail_in = (uInt)len, .next_out = squeezed};
            z.avail_out = sizeof squeezed;
            assert_int_equal(deflateInit2(&z, 9, Z_DEFLATED, -15, 8, Z_DEFAULT_STRATEGY), Z_OK);
            assert_int_equal(deflate(&z, Z_FINISH), Z_STREAM_END);
            stored = z.total_out;
            deflateEnd(&z);
            data = squeezed;
        }
        at[i] = (uint32_t)out.n;
        crc[i] = e->crc ? e->crc : (uint32_t)sum;
        packed[i] = e->packed ? e->packed : (uint32_t)stored;
        size[i] = e->size ? e->size : (uint32_t)len;
        local_header(e, crc[i], packed[i], size[i]);
        ox__buf_add(&out, data, stored);
        if (e->descriptor) ox__buf_add(&out, "PK\7\10............", 16);
    }
    size_t begin = out.n;
    for (size_t i = 0; i < n; i++)
        central_header(&items[i], crc[i], packed[i], size[i], items[i].at ? items[i].at - 1 : at[i]);
    size_t length = out.n - begin, end64 = out.n;
    if (t->zip64) {
        ox__buf_add(&out, "PK\6\6", 4);
        u64(44);
        u32(0x2D002D);
        u64(0);
        u64(n + (uint64_t)t->entries64);
        u64(n + (uint64_t)t->entries64);
        u64(length);
        u64(begin);
        ox__buf_add(&out, "PK\6\7", 4);
        u32(0);
        u64(end64);
        u32(1);
    }
    ox__buf_add(&out, "PK\5\6", 4);
    u32(0);
    unsigned count = t->entries ? (unsigned)t->entries - 1 : (unsigned)n;
    u16(count);
    u16(count);
    u32((uint64_t)((int64_t)length + t->size));
    u32((uint64_t)((int64_t)begin + t->offset));
    u16(t->comment ? (unsigned)strlen(t->comment) : 0);
    if (t->comment) ox__buf_addz(&out, t->comment);
    dir_write("x.zip", out.p, out.n);
}

static ox__map map;
static ox__zip zip;

static int teardown(void **state)
{
    ox__zip_close(&zip);
    ox__map_close(&map);
    ox__buf_free(&out);
    return dir_teardown(state);
}

static ox_status open_zip(ox_error *err)
{
    ox__zip_close(&zip);
    ox__map_close(&map);
    ox_status s = ox__map_open(&map, dir_path("x.zip"), false, err);
    return s == OX_OK ? ox__zip_open(&zip, &map, err) : s;
}

static void opens(const item *items, size_t n, const tail *t)
{
    ox_error err;
    build(items, n, t);
    assert_ok(open_zip(&err), &err);
    assert_int_equal(zip.entries.n, n);
}

/* The entry's content, read in steps, is what the item says. */
static void holds(const char *name, const char *data, size_t n, size_t step)
{
    ox_error err;
    ox__zip_reader r;
    static char got[1 << 17];
    const ox__zip_entry *e = ox__zip_find(&zip, name, strlen(name));
    assert_non_null(e);
    assert_ok(ox__zip_reader_open(&r, &zip, e, &err), &err);
    size_t all = 0, k;
    do {
        ox_status s = ox__zip_read(&r, got + all, step, &k, &err);
        assert_int_equal(s, OX_OK);
        all += k;
    } while (k == step);
    ox__zip_reader_close(&r);
    assert_int_equal(all, n);
    assert_memory_equal(got, data, n);
    assert_ok(ox__zip_check(&zip, e, NULL, &err), &err);
}

static void open_fails(const item *items, size_t n, const tail *t, const char *why)
{
    ox_error err;
    build(items, n, t);
    assert_fails(open_zip(&err), OX_E_FORMAT, why, &err);
    assert_true(err.has_offset);
}

/* It opens; reading its first entry fails. */
static void read_fails(const item *items, size_t n, ox_status code, const char *why)
{
    ox_error err;
    opens(items, n, &plain_tail);
    assert_fails(ox__zip_check(&zip, &zip.entries.p[0], NULL, &err), code, why, &err);
    assert_non_null(strstr(err.msg, "zip entry '"));
    assert_true(err.has_offset);
}

static void test_good(void **state)
{
    (void)state;
    static char zeros[100000];
    const item items[] = {{.name = "a", .data = "hello"},
                          {.name = "dir/b", .data = "hello hello hello", .method = 8},
                          {.name = "big", .data = zeros, .n = sizeof zeros, .method = 8},
                          {.name = "streamed", .data = "later", .flags = 8, .descriptor = true},
                          {.name = "empty", .data = ""},
                          {.name = "empty8", .data = "", .method = 8}};
    const tail ends[] = {{0}, {.comment = "a comment with PK\5\6 in it........................"}, {.zip64 = true}};
    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        opens(items, 6, &ends[i]);
        for (size_t step = 1; step < 100; step += 2) {
            holds("a", "hello", 5, step);
            holds("dir/b", "hello hello hello", 17, step);
            holds("empty8", "", 0, step);
        }
        holds("big", zeros, sizeof zeros, 40000);
        holds("big", zeros, sizeof zeros, 50000);
        holds("streamed", "later", 5, 3);
        holds("empty", "", 0, 3);
        assert_null(ox__zip_find(&zip, "b", 1));
    }
    opens(NULL, 0, &plain_tail);
}

static void test_zip64(void **state)
{
    (void)state;
    const item items[] = {{.name = "a", .data = "hello", .zip64 = true},
                          {.name = "b", .data = "world world world", .method = 8, .zip64 = true}};
    const tail t = {.zip64 = true, .entries = 0xFFFF + 1};
    opens(items, 2, &t);
    holds("a", "hello", 5, 3);
    holds("b", "world world world", 17, 17);
    open_fails(items, 2, &(tail){.zip64 = true, .entries64 = 1}, "disagree");
    open_fails(items, 2, &(tail){.zip64 = true, .offset = 1}, "disagree");
    open_fails(items, 2, &(tail){.zip64 = true, .entries = 0xFFFF + 1, .entries64 = INT64_MAX}, "more entries than");
}

static void test_bad_end(void **state)
{
    (void)state;
    ox_error err;
    const item items[] = {{.name = "a", .data = "hello"}, {.name = "b", .data = "world"}};
    open_fails(items, 2, &(tail){.entries = 2}, "holds more than it counts");
    open_fails(items, 2, &(tail){.entries = 4}, "more entries than");
    open_fails(items, 2, &(tail){.offset = 1}, "beyond its end");
    open_fails(items, 2, &(tail){.offset = -1}, "directory is damaged");
    open_fails(items, 2, &(tail){.size = -1}, "cut short");
    open_fails(items, 2, &(tail){.size = 1}, "beyond its end");
    build(items, 2, &plain_tail);
    dir_write("x.zip", out.p, out.n - 1);
    assert_fails(open_zip(&err), OX_E_FORMAT, "end of the zip archive is missing", &err);
    out.p[out.n - 18] = 1; /* volume 1 */
    dir_write("x.zip", out.p, out.n);
    assert_fails(open_zip(&err), OX_E_FORMAT, "split", &err);
    dir_write("x.zip", "", 0);
    assert_fails(open_zip(&err), OX_E_FORMAT, "end of the zip archive is missing", &err);
}

static void test_bad_directory(void **state)
{
    (void)state;
    ox_error err;
    const item twice[] = {{.name = "a", .data = "1"}, {.name = "b", .data = "2"}, {.name = "a", .data = "3"}};
    open_fails(twice, 3, &plain_tail, "two entries 'a'");
    const item beyond[] = {{.name = "a", .data = "1", .packed = 5000, .size = 5000}};
    open_fails(beyond, 1, &plain_tail, "beyond the zip archive");
    const item overlap[] = {{.name = "a", .data = "0123456789012345678901234567890123456789012345678901234567"},
                            {.name = "b", .data = "x", .at = 11}};
    open_fails(overlap, 2, &plain_tail, "'a' and 'b' of the zip archive overlap");
    const item same[] = {{.name = "a", .data = "1"}, {.name = "b", .data = "2", .at = 1}};
    open_fails(same, 2, &plain_tail, "overlap");
    const item nul[] = {{.name = "aXb", .data = "1"}};
    build(nul, 1, &plain_tail);
    for (size_t i = 0; i < out.n; i++)
        if (out.p[i] == 'X') out.p[i] = '\0';
    dir_write("x.zip", out.p, out.n);
    assert_fails(open_zip(&err), OX_E_FORMAT, "NUL", &err);
    assert_true(err.has_offset);
}

static void test_bad_local(void **state)
{
    (void)state;
    read_fails(&(item){.name = "a", .data = "1", .local_name = "b"}, 1, OX_E_FORMAT, "disagree");
    read_fails(&(item){.name = "a", .data = "1", .local_name = "ab"}, 1, OX_E_FORMAT, "disagree");
    read_fails(&(item){.name = "a", .data = "1", .local_method = 9}, 1, OX_E_FORMAT, "disagree");
    read_fails(&(item){.name = "a", .data = "1", .local_flags = 2}, 1, OX_E_FORMAT, "disagree");
    read_fails(&(item){.name = "a", .data = "1", .local_size = 2}, 1, OX_E_FORMAT, "disagree");
    read_fails(&(item){.name = "a", .data = "1", .local_crc = 2}, 1, OX_E_FORMAT, "disagree");
    read_fails(&(item){.name = "a", .data = "1", .local_size = 2, .zip64 = true}, 1, OX_E_FORMAT, "disagree");
    const item astray[] = {{.name = "a", .data = "01234567890123456789", .at = 2}};
    read_fails(astray, 1, OX_E_FORMAT, "local header is not there");
    const item longer[] = {{.name = "a", .data = "12", .local_extra = 1}, {.name = "b", .data = "3"}};
    read_fails(longer, 2, OX_E_FORMAT, "goes on into what follows it");
    const item much[] = {{.name = "a", .data = "12", .local_extra = 9}, {.name = "b", .data = "3"}};
    read_fails(much, 2, OX_E_FORMAT, "local header is not there");
}

static void test_bad_kind(void **state)
{
    (void)state;
    read_fails(&(item){.name = "a", .data = "1", .flags = 1}, 1, OX_E_UNSUPPORTED, "encrypted");
    read_fails(&(item){.name = "a", .data = "1", .flags = 1 << 13}, 1, OX_E_UNSUPPORTED, "encrypted");
    read_fails(&(item){.name = "a", .data = "1", .method = 12}, 1, OX_E_UNSUPPORTED, "method 12");
    read_fails(&(item){.name = "a", .data = "1", .size = 2}, 1, OX_E_FORMAT, "two sizes differ");
    read_fails(&(item){.name = "a", .data = "1", .method = 8, .size = 1000000000}, 1, OX_E_FORMAT,
               "more than deflate can hold");
}

static void test_bad_data(void **state)
{
    (void)state;
    ox_error err;
    read_fails(&(item){.name = "a", .data = "12345", .crc = 1}, 1, OX_E_FORMAT, "checksum");
    read_fails(&(item){.name = "a", .data = "12345", .method = 8, .crc = 1}, 1, OX_E_FORMAT, "checksum");
    read_fails(&(item){.name = "a", .data = "12345", .method = 8, .size = 6}, 1, OX_E_FORMAT, "less than it states");
    read_fails(&(item){.name = "a", .data = "12345", .method = 8, .size = 4}, 1, OX_E_FORMAT, "more than it states");
    const item text = {.name = "a", .data = "zzzzzzzzz", .method = 8};
    build(&text, 1, &plain_tail);
    out.p[31] = 7; /* the first byte of the stream: a block type that does not exist */
    dir_write("x.zip", out.p, out.n);
    assert_ok(open_zip(&err), &err);
    assert_fails(ox__zip_check(&zip, &zip.entries.p[0], NULL, &err), OX_E_FORMAT, "damaged", &err);
}

/* The stream and the claim about its length differ in the archive itself. */
static void packed_off_by(int difference, const char *why)
{
    ox_error err;
    const item one = {.name = "a", .data = "some words, some more words, some words", .method = 8};
    build(&one, 1, &plain_tail);
    size_t central = 0;
    for (size_t i = 0; i + 4 < out.n; i++)
        if (memcmp(out.p + i, "PK\1\2", 4) == 0) central = i;
    ox__buf whole = {0};
    size_t data = central; /* the entry's bytes end where the directory begins */
    if (difference > 0) {
        ox__buf_add(&whole, out.p, data);
        ox__buf_add(&whole, "!!!!!!!!", (size_t)difference);
        ox__buf_add(&whole, out.p + data, out.n - data);
    } else {
        ox__buf_add(&whole, out.p, data - (size_t)-difference);
        ox__buf_add(&whole, out.p + data, out.n - data);
    }
    whole.p[18] = (char)(whole.p[18] + difference);
    char *directory = whole.p + (ptrdiff_t)central + difference;
    directory[20] = (char)(directory[20] + difference);
    char *end = whole.p + whole.n - 22;
    end[16] = (char)(end[16] + difference);
    dir_write("x.zip", whole.p, whole.n);
    ox__buf_free(&whole);
    assert_ok(open_zip(&err), &err);
    assert_fails(ox__zip_check(&zip, &zip.entries.p[0], NULL, &err), OX_E_FORMAT, why, &err);
}

static void test_packed_length(void **state)
{
    (void)state;
    packed_off_by(3, "damaged");
    packed_off_by(-1, "damaged");
    packed_off_by(-8, "damaged");
}

/* The archive is cut while it is open. */
static void test_truncated_later(void **state)
{
    (void)state;
    ox_error err;
    static char data[40000];
    for (size_t i = 0; i < sizeof data; i++) data[i] = (char)(i * 7919 >> 3);
    const item items[] = {{.name = "a", .data = data, .n = sizeof data}};
    opens(items, 1, &plain_tail);
    assert_int_equal(truncate(dir_path("x.zip"), 20000), 0);
    assert_fails(ox__zip_check(&zip, &zip.entries.p[0], NULL, &err), OX_E_IO, "became shorter", &err);
    assert_int_equal(truncate(dir_path("x.zip"), 0), 0);
    assert_fails(ox__zip_check(&zip, &zip.entries.p[0], NULL, &err), OX_E_IO, "became shorter", &err);
}

#define IN_DIR(f) cmocka_unit_test_setup_teardown(f, dir_setup, teardown)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        IN_DIR(test_good),          IN_DIR(test_zip64),         IN_DIR(test_bad_end),
        IN_DIR(test_bad_directory), IN_DIR(test_bad_local),     IN_DIR(test_bad_kind),
        IN_DIR(test_bad_data),      IN_DIR(test_packed_length), IN_DIR(test_truncated_later),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
