/* What checks say of the file behind a model: records of an archive that are not what their checksums say, and a graph
 * that is not understood. */
#include "ox_test.h"

#include "base/base.h"
#include "io/zip.h"
#include "ox_dir.h"
#include "ox_torch_test.h"

#include <onnxsh/check.h>
#include <onnxsh/io.h>

static ox__buf bytes, found;
static ox_error err;

static int setup(void **state)
{
    FILE *f = fopen(fixture("trace_213"), "rb");
    (void)state;
    if (!f) return -1;
    for (int c; (c = getc(f)) != EOF;) ox__buf_addc(&bytes, (char)c);
    fclose(f);
    return bytes.failed;
}

static int teardown(void **state)
{
    (void)state;
    ox__buf_free(&bytes);
    ox__buf_free(&found);
    return 0;
}

static bool gather(void *ud, const ox_finding *f)
{
    (void)ud;
    if (f->severity == OX_SEVERITY_ERROR) ox__buf_addf(&found, "%s: %s\n", f->check->id, f->message);
    return true;
}

/* The errors that the check of an archive of these bytes finds. */
static const char *errors(const char *p, size_t n, const ox_check_options *opt)
{
    ox_model *m;
    ox__buf_clear(&found);
    ox__buf_addz(&found, "");
    assert_ok(ox_open_memory(&m, p, n, "net.pt", NULL, NULL, NULL, &err), &err);
    assert_ok(ox_check_run(m, opt, gather, NULL, NULL, NULL, &err), &err);
    ox_model_free(m);
    return found.n ? found.p : "";
}

/* A changed byte in any record that opening does not read is found, by the name of the record. */
static void test_changed_byte(void **state)
{
    ox__map map;
    ox__zip zip;
    size_t n = 0;
    (void)state;
    assert_string_equal(errors(bytes.p, bytes.n, NULL), "");
    assert_ok(ox__map_open(&map, fixture("trace_213"), false, &err), &err);
    assert_ok(ox__zip_open(&zip, &map, &err), &err);
    for (size_t i = 0; i < zip.entries.n; i++) {
        const ox__zip_entry *e = &zip.entries.p[i];
        uint64_t at;
        char expected[300];
        if (!e->size || (!strstr(e->name, "/data/") && !strstr(e->name, "serialization_id"))) continue;
        assert_ok(ox__zip_locate(&zip, e, &at, &err), &err);
        bytes.p[at + e->size - 1] ^= 4;
        snprintf(expected, sizeof expected,
                 "damaged-record: zip entry '%s': its checksum is wrong: the data is damaged\n", e->name);
        assert_string_equal(errors(bytes.p, bytes.n, NULL), expected);
        ox_check_options skip = {.skip = "damaged-record"};
        assert_string_equal(errors(bytes.p, bytes.n, &skip), "");
        bytes.p[at + e->size - 1] ^= 4;
        n++;
    }
    assert_int_equal(n, 8);
    ox__zip_close(&zip);
    ox__map_close(&map);
}

static bool stop(void *ud, const char *what, uint64_t done, uint64_t total)
{
    (void)ud, (void)done, (void)total;
    return strcmp(what, "checking") != 0;
}

static void test_interrupted(void **state)
{
    ox_model *m;
    ox_task task = {stop, NULL};
    (void)state;
    assert_ok(ox_open_memory(&m, bytes.p, bytes.n, "net.pt", NULL, NULL, NULL, &err), &err);
    assert_fails(ox_check_run(m, NULL, NULL, NULL, NULL, &task, &err), OX_E_INTERRUPTED, "interrupted", &err);
    ox_model_free(m);
}

/* The file changed since it was opened: that is no finding, but an error. */
static void test_changed_file(void **state)
{
    ox_model *m;
    assert_int_equal(dir_setup(state), 0);
    dir_write("net.pt", bytes.p, bytes.n);
    assert_ok(ox_open(&m, dir_path("net.pt"), NULL, NULL, NULL, &err), &err);
    dir_write("net.pt", bytes.p, bytes.n - 1);
    assert_fails(ox_check_run(m, NULL, NULL, NULL, NULL, NULL, &err), OX_E_IO, "changed", &err);
    ox_model_free(m);
    dir_teardown(state);
}

int main(void)
{
#define T(f) cmocka_unit_test_setup_teardown(f, setup, teardown)
    const struct CMUnitTest tests[] = {T(test_changed_byte), T(test_interrupted), T(test_changed_file)};
    return cmocka_run_group_tests_name("records", tests, NULL, NULL);
}
