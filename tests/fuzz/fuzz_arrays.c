/* Archives of weights: .npy, .npz and .safetensors, by content. Every row of what opens is unpacked, and its bytes must
 * lie inside the file that it names. */
#include "fuzz.h"

#include "io/arrays.h"

int LLVMFuzzerInitialize(int *argc, char ***argv)
{
    (void)argc, (void)argv;
    fuzz_dir();
    return 0;
}

static void prepare(ox__arrays *a, ox_error *err)
{
    bool *wanted = ox__calloc(a->rows.n + 1, sizeof *wanted);
    FUZZ_CHECK(wanted, "no memory");
    for (size_t i = 0; i < a->rows.n; i++) {
        const ox__array *r = &a->rows.p[i];
        FUZZ_CHECK(ox__arrays_find(a, r->name, r->name_n) == r, "row %zu is not found by its name", i);
        wanted[i] = !r->unusable && r->n_bytes <= 1 << 20;
    }
    ox_status s = ox__arrays_prepare(a, wanted, NULL, err);
    if (s != OX_OK) fuzz_check_error(err, s, SIZE_MAX - 1);
    uint64_t sum = 0;
    for (size_t i = 0; i < a->rows.n && s == OX_OK; i++) {
        const ox__array *r = &a->rows.p[i];
        if (!wanted[i]) continue;
        FUZZ_CHECK(r->file < 2, "row %zu is in no file", i);
        const ox__map *map = &a->files[r->file];
        FUZZ_CHECK(r->offset <= map->n && r->n_bytes <= map->n - r->offset, "row %zu lies outside", i);
        for (uint64_t k = 0; k < r->n_bytes; k++) sum += map->p[r->offset + k];
    }
    FUZZ_CHECK(sum != UINT64_MAX, "the bytes were read"); /* keeps the loop */
    ox__free(wanted);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t n)
{
    ox__arrays a;
    ox_error err;
    ox_error_clear(&err);
    if (!ox__arrays_sniff(data, n)) return 0;
    ox__map map = {.owned_memory = true, .n = n, .fd = -1};
    uint8_t *copy = ox__alloc(n);
    map.path = ox__strndup("in.npz", 6);
    if (copy && n) memcpy(copy, data, n);
    map.p = copy;
    FUZZ_CHECK(copy && map.path, "no memory");
    ox_status s = ox__arrays_open(&a, &map, &err);
    if (s == OX_OK)
        prepare(&a, &err);
    else
        fuzz_check_error(&err, s, n);
    ox__arrays_close(&a);
    ox__map_close(&map);
    return 0;
}
