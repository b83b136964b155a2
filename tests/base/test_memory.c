/* Allocation that fails on request, arenas, buffers, vectors, the index and the intern table. */
#include "ox_test.h"

#include "base/base.h"

#include <stdlib.h>

static int reset(void **state)
{
    (void)state;
    ox__alloc_fail_at(0, false);
    return 0;
}

static void test_alloc(void **state)
{
    (void)state;
    ox__alloc_fail_at(2, false);
    void *a = ox__alloc(0), *b = ox__alloc(1), *c = ox__calloc(2, 3);
    assert_int_equal(ox__alloc_count(), 3);
    assert_true(a && !b && c);
    assert_memory_equal(c, "\0\0\0\0\0\0", 6);
    ox__alloc_fail_at(1, true);
    assert_null(ox__realloc(a, 10));
    assert_null(ox__strndup("x", 1));
    ox__alloc_fail_at(0, false);
    ox__free(a);
    ox__free(c);
    ox__free(NULL);
    assert_null(ox__alloc(SIZE_MAX));
    assert_null(ox__calloc(SIZE_MAX / 2, 3));
    assert_null(ox__strndup("", SIZE_MAX));
    char *s = ox__strndup("a\0b", 3);
    assert_memory_equal(s, "a\0b", 4);
    ox__free(s);
}

static void test_arena(void **state)
{
    (void)state;
    ox__arena a = {0};
    static const size_t sizes[] = {1, 0, 7, 8, 9, 100, 5000, 3, 300000, 24, 4096, 4000};
    char *p[OX__COUNT(sizes)];
    for (int round = 0; round < 3; round++) {
        for (size_t i = 0; i < OX__COUNT(sizes); i++) {
            p[i] = ox__arena_alloc(&a, sizes[i]);
            assert_non_null(p[i]);
            assert_int_equal((uintptr_t)p[i] % 8, 0);
            memset(p[i], (int)i, sizes[i]);
        }
        for (size_t i = 0; i < OX__COUNT(sizes); i++)
            for (size_t k = 0; k < sizes[i]; k++) assert_int_equal(p[i][k], (int)i);
        assert_true(a.total >= 313000);
        ox__arena_reset(&a);
        assert_true(a.total < 313000);
    }
    assert_memory_equal(ox__arena_dup(&a, "abc", 3), "abc", 3);
    assert_non_null(ox__arena_dup(&a, NULL, 0));
    assert_null(ox__arena_alloc(&a, SIZE_MAX));
    assert_null(ox__arena_alloc(&a, SIZE_MAX - 20));
    ox__alloc_fail_at(1, true);
    assert_null(ox__arena_alloc(&a, 1 << 20));
    assert_null(ox__arena_dup(&a, &a, 1 << 20));
    ox__alloc_fail_at(0, false);
    ox__arena_free(&a);
    assert_int_equal(a.total, 0);
    ox__arena_reset(&a);
    ox__arena_free(&a);
}

static void test_buf(void **state)
{
    (void)state;
    ox__buf b = {0};
    for (int i = 0; i < 100; i++) {
        ox__buf_addz(&b, "ab");
        ox__buf_addc(&b, 'c');
        ox__buf_addf(&b, "%d,%s;", i, "d");
        ox__buf_add(&b, NULL, 0);
    }
    assert_int_equal(b.n, 790);
    assert_int_equal(strlen(b.p), b.n);
    assert_string_equal(b.p + 774, "abc98,d;abc99,d;");
    ox__buf_clear(&b);
    assert_string_equal(b.p, "");
    char longest[3000];
    memset(longest, 'x', sizeof longest - 1);
    longest[sizeof longest - 1] = '\0';
    ox__buf_addf(&b, "%s", longest); /* longer than what is reserved at first */
    assert_string_equal(b.p, longest);
    assert_false(b.failed);
    ox__buf_free(&b);
    assert_false(ox__buf_reserve(&b, SIZE_MAX));
    assert_true(b.failed);
    ox__buf_free(&b);
}

static void test_buf_sticky(void **state)
{
    (void)state;
    for (uint64_t n = 1; n <= 3; n++) {
        ox__buf b = {0};
        ox__alloc_fail_at(n, false);
        ox__buf_addz(&b, "first");
        ox__buf_addf(&b, "%100s", "second");
        ox__buf_addf(&b, "%200s", "third");
        ox__alloc_fail_at(0, false);
        assert_true(b.failed);
        size_t fit = b.n;
        ox__buf_addz(&b, "more"); /* does nothing, though there would be memory again */
        assert_int_equal(b.n, fit);
        if (b.p) assert_int_equal(strlen(b.p), fit);
        ox__buf_clear(&b);
        ox__buf_addz(&b, "usable");
        assert_string_equal(b.p, "usable");
        ox__buf_free(&b);
    }
}

static void test_vec(void **state)
{
    (void)state;
    OX__VEC(uint64_t) v = {0};
    for (uint64_t i = 0; i < 1000; i++) assert_true(ox__vec_push(&v, i * i));
    for (uint64_t i = 0; i < 1000; i++) assert_true(v.p[i] == i * i);
    assert_true(ox__vec_reserve(&v, 5));
    assert_false(ox__vec_reserve(&v, SIZE_MAX / 4));
    ox__alloc_fail_at(1, false);
    assert_false(ox__vec_reserve(&v, 100000));
    ox__alloc_fail_at(0, false);
    assert_true(v.n == 1000 && v.p[999] == 999 * 999);
    ox__vec_free(&v);
    assert_null(v.p);
}

static bool is_same(const void *ud, uint32_t id)
{
    return *(const uint32_t *)ud == id;
}

/* Hashes that a poor caller might give: small numbers, and all the same. */
static void test_index(void **state)
{
    (void)state;
    for (int way = 0; way < 3; way++) {
        ox__index x = {0};
        uint32_t many = way == 2 ? 500 : 20000, none = many + 1;
        for (int round = 0; round < 2; round++) {
            for (uint32_t id = 1; id <= many; id++) {
                uint64_t hash = way == 0 ? ox__hash(&id, 4) : way == 1 ? id : 7;
                assert_int_equal(ox__index_find(&x, hash, is_same, &id), 0);
                assert_true(ox__index_add(&x, hash, id));
            }
            for (uint32_t id = 1; id <= many; id++) {
                uint64_t hash = way == 0 ? ox__hash(&id, 4) : way == 1 ? id : 7;
                assert_int_equal(ox__index_find(&x, hash, is_same, &id), id);
            }
            assert_int_equal(ox__index_find(&x, 7, is_same, &none), 0);
            assert_int_equal(x.n, many);
            ox__index_clear(&x);
        }
        ox__index_free(&x);
    }
}

static void test_index_out_of_memory(void **state)
{
    (void)state;
    ox__index x = {0};
    ox__alloc_fail_at(1, false);
    assert_false(ox__index_add(&x, 1, 1));
    ox__alloc_fail_at(0, false);
    uint32_t id = 1;
    while (x.n < 48) assert_true(ox__index_add(&x, ox__hash_mix(1, id), id)), id++;
    ox__alloc_fail_at(1, true);
    assert_false(ox__index_add(&x, 1, id));
    ox__alloc_fail_at(0, false);
    for (uint32_t i = 1; i < id; i++) assert_int_equal(ox__index_find(&x, ox__hash_mix(1, i), is_same, &i), i);
    ox__index_free(&x);
}

static void test_hash(void **state)
{
    (void)state;
    assert_true(ox__hash("abc", 3) == UINT64_C(0x78AF5F94892F3950)); /* XXH3: keys of files depend on it */
    assert_true(ox__hash(NULL, 0) == ox__hash("", 0));
    assert_true(ox__hash_mix(1, 2) != ox__hash_mix(2, 1));
    assert_true(ox__hash_mix(0, 0) != 0);
}

static void test_intern(void **state)
{
    (void)state;
    ox__intern t = {0};
    size_t n = 9;
    assert_int_equal(ox__intern_find(&t, "x", 1), 0);
    assert_int_equal(ox__intern_find(&t, "", 0), 1);
    assert_string_equal(ox__intern_text(&t, 1, &n), "");
    assert_int_equal(n, 0);
    assert_int_equal(ox__intern_add(&t, NULL, 0), 1);
    char name[32];
    for (int round = 0; round < 2; round++) {
        for (uint32_t i = 0; i < 30000; i++) {
            int k = snprintf(name, sizeof name, "layer.%u", (unsigned)i);
            assert_int_equal(ox__intern_add(&t, name, (size_t)k), i + 2);
        }
    }
    uint32_t nul = ox__intern_add(&t, "a\0b", 3), plain = ox__intern_add(&t, "a", 1);
    assert_true(nul != plain);
    assert_memory_equal(ox__intern_text(&t, nul, &n), "a\0b", 4);
    assert_int_equal(n, 3);
    assert_string_equal(ox__intern_text(&t, 1001, &n), "layer.999");
    assert_int_equal(ox__intern_find(&t, "layer.999", 9), 1001);
    assert_int_equal(ox__intern_find(&t, "layer.999", 8), 101);
    assert_string_equal(ox__intern_text(&t, 0, NULL), "");
    assert_string_equal(ox__intern_text(&t, UINT32_MAX, NULL), "");
    assert_int_equal(ox__intern_add(&t, "", (size_t)UINT32_MAX + 1), 0);
    ox__intern_free(&t);
}

/* More strings than are kept as recent, with room made for them, and again in another order. */
static void test_intern_reserved(void **state)
{
    (void)state;
    enum { N = 3 * OX__INTERN_RECENT };
    ox__intern t = {0};
    assert_true(ox__intern_reserve(&t, N + 1));
    const uint64_t *cells = t.index.cell;
    char name[32];
    for (uint32_t i = 0; i < N; i++) {
        int k = snprintf(name, sizeof name, "v%u", i);
        assert_int_equal(ox__intern_add(&t, name, (size_t)k), i + 2);
    }
    assert_ptr_equal(t.index.cell, cells);
    for (uint32_t i = N; i-- > 0;) {
        int k = snprintf(name, sizeof name, "v%u", i);
        assert_int_equal(ox__intern_add(&t, name, (size_t)k), i + 2);
    }
    assert_false(ox__intern_reserve(&t, UINT32_MAX));
    ox__intern_free(&t);
}

static void test_intern_out_of_memory(void **state)
{
    (void)state;
    char name[32];
    for (uint64_t at = 1;; at++) {
        ox__intern t = {0};
        bool failed = false;
        ox__alloc_fail_at(at, false);
        for (int i = 0; i < 500; i++) {
            int k = snprintf(name, sizeof name, "n%d", i);
            uint32_t id = ox__intern_add(&t, name, (size_t)k);
            if (!id) {
                failed = true;
                id = ox__intern_add(&t, name, (size_t)k);
            }
            assert_int_equal(id, i + 2);
        }
        ox__alloc_fail_at(0, false);
        assert_int_equal(ox__intern_find(&t, "n499", 4), 501);
        ox__intern_free(&t);
        if (!failed) {
            assert_true(at > 5);
            break;
        }
    }
}

#define TEST(f) cmocka_unit_test_teardown(f, reset)

int main(int argc, char **argv)
{
    const struct CMUnitTest tests[] = {
        TEST(test_alloc),
        TEST(test_arena),
        TEST(test_buf),
        TEST(test_vec),
        TEST(test_index),
        TEST(test_index_out_of_memory),
        TEST(test_hash),
        TEST(test_intern),
        TEST(test_intern_reserved),
        TEST(test_intern_out_of_memory),
        TEST(test_buf_sticky),
    };
    if (argc > 1) cmocka_set_test_filter(argv[1]);
    return cmocka_run_group_tests(tests, NULL, NULL);
}
